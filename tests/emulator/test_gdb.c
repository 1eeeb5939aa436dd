/* SPDX-License-Identifier: MPL-2.0 */
/* The client of the debug stub, against answers that lie ready on the other end. */
#include "tests/emulator/gdb.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/suite.h"

static struct gdb gdb;
static int stub; /* the other end */
static GError *error;

static void setup(void)
{
  int ends[2];
  ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  gdb_init(&gdb, ends[0]);
  stub = ends[1];
}

static void teardown(void)
{
  gdb_deinit(&gdb);
  (void)close(stub);
  g_clear_error(&error);
}

/* What the stub will have sent, as it is. */
static void say(const char *bytes)
{
  ck_assert_int_eq(write(stub, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
}

/* The same, as a packet. */
static void answer(const char *text)
{
  unsigned sum = 0;
  for (const char *c = text; *c != '\0'; c++)
    sum += (unsigned char)*c;
  g_autofree char *packet = g_strdup_printf("$%s#%02x", text, sum & 0xff);
  say(packet);
}

/* What the client has sent since the last call. */
static void expect_sent(const char *wanted)
{
  char text[4096];
  ssize_t size = recv(stub, text, sizeof(text) - 1, MSG_DONTWAIT);
  text[size > 0 ? size : 0] = '\0';
  ck_assert_str_eq(text, wanted);
}

static void expect_error(bool good, GFileError code)
{
  ck_assert(!good);
  ck_assert(g_error_matches(error, G_FILE_ERROR, (int)code));
}

/* ---- Answers ---- */

START_TEST(a_command_is_framed_and_its_answer_acknowledged)
{
  say("+");
  answer("T05thread:01;");
  g_autofree char *text = gdb_ask(&gdb, "?", NULL, &error);
  ck_assert_str_eq(text, "T05thread:01;");
  expect_sent("$?#3f+");
}
END_TEST

START_TEST(output_in_pieces_is_put_together)
{
  say("+");
  answer("O6f6e");
  answer("O650d0a");
  answer("O");
  answer("O74776f0a");
  answer("OK");
  g_autofree char *text = gdb_monitor(&gdb, "a b", &error);
  ck_assert_str_eq(text, "one\ntwo\n");
  expect_sent("$qRcmd,612062#54+++++");
}
END_TEST

START_TEST(an_escaped_byte_is_what_it_stands_for)
{
  say("+");
  answer("a}\x03"
         "b}\x04}]"); /* '#', '$', '}' */
  g_autofree char *text = gdb_ask(&gdb, "?", NULL, &error);
  ck_assert_str_eq(text, "a#b$}");
}
END_TEST

/* Whatever the pieces are in which the bytes arrive. */
START_TEST(an_answer_may_arrive_byte_by_byte)
{
  static const char bytes[] = "+$O61#b6$O62#b7$OK#9a";
  int type = SOCK_SEQPACKET; /* one piece for each write */
  int ends[2];
  teardown();
  ck_assert_int_eq(socketpair(AF_UNIX, type, 0, ends), 0);
  gdb_init(&gdb, ends[0]);
  stub = ends[1];
  for (const char *c = bytes; *c != '\0'; c++)
    ck_assert_int_eq(write(stub, c, 1), 1);
  g_autofree char *text = gdb_monitor(&gdb, "", &error);
  ck_assert_str_eq(text, "ab");
}
END_TEST

/* Thousands of packets, for which thousands of signs are due that nobody reads. */
START_TEST(a_long_output_arrives_whole)
{
  g_autoptr(GString) wanted = g_string_new(NULL);
  GString *wire = g_string_new("+");
  for (unsigned i = 0; i < 5000; i++) {
    g_autofree char *line = g_strdup_printf("%04u", i);
    g_autofree char *packet =
        g_strdup_printf("O3%c3%c3%c3%c0a", line[0], line[1], line[2], line[3]);
    unsigned sum = 0;
    for (const char *c = packet; *c != '\0'; c++)
      sum += (unsigned char)*c;
    g_string_append_printf(wanted, "%s\n", line);
    g_string_append_printf(wire, "$%s#%02x", packet, sum & 0xff);
  }
  g_string_append(wire, "$OK#9a");
  g_autofree char *bytes = g_string_free(wire, FALSE);
  say(bytes);
  g_autofree char *text = gdb_monitor(&gdb, "info tlb", &error);
  ck_assert_str_eq(text, wanted->str);
}
END_TEST

START_TEST(a_register_is_sent_lowest_byte_first)
{
  uint64_t value = 0;
  say("+");
  answer("OK");
  ck_assert(gdb_write_register(&gdb, 29, UINT64_C(0x123456789abc), &error));
  expect_sent("$P1d=bc9a785634120000#e5+");
  say("+");
  answer("bc9a785634120000");
  ck_assert(gdb_read_register(&gdb, 29, &value, &error));
  ck_assert_uint_eq(value, UINT64_C(0x123456789abc));
}
END_TEST

START_TEST(memory_is_written_byte_by_byte)
{
  static const uint8_t bytes[] = {0, 0xff, 0x10};
  say("+");
  answer("OK");
  ck_assert(gdb_write_memory(&gdb, UINT64_C(0xffff800000001000), bytes, 3, &error));
  expect_sent("$Mffff800000001000,3:00ff10#54+");
}
END_TEST

START_TEST(memory_is_read_byte_by_byte)
{
  static const uint8_t wanted[] = {0, 0xff, 0x10};
  uint8_t bytes[3];
  say("+");
  answer("00ff10");
  ck_assert(gdb_read_memory(&gdb, UINT64_C(0x1000), bytes, 3, &error));
  ck_assert_mem_eq(bytes, wanted, 3);
  expect_sent("$m1000,3#8d+");
}
END_TEST

START_TEST(memory_that_does_not_come_whole_is_an_error)
{
  static const char *const answers[] = {"00ff", "00ff1", "00ff1000", "00fxff", "E14"};
  uint8_t bytes[3] = {7, 7, 7};
  say("+");
  answer(answers[_i]);
  expect_error(gdb_read_memory(&gdb, 0, bytes, 3, &error), G_FILE_ERROR_IO);
  ck_assert_int_eq(bytes[0], 7);
}
END_TEST

/* ---- Damage ---- */

START_TEST(a_damaged_answer_is_asked_for_again)
{
  say("+$OK#9b$OL#9b");
  g_autofree char *text = gdb_ask(&gdb, "?", NULL, &error);
  ck_assert_ptr_null(text); /* "OL" is output, and no hexadecimal */
  expect_error(false, G_FILE_ERROR_INVAL);
  expect_sent("$?#3f-+");
}
END_TEST

START_TEST(answers_that_are_always_damaged_end_in_an_error)
{
  say("+$OK#00$OK#zz$OK#9x$OK#9a");
  expect_error(gdb_do(&gdb, "?", NULL, &error), G_FILE_ERROR_INVAL);
  expect_sent("$?#3f---");
}
END_TEST

START_TEST(a_command_that_got_damaged_is_sent_again)
{
  say("--+$OK#9a");
  ck_assert(gdb_do(&gdb, "?", NULL, &error));
  expect_sent("$?#3f$?#3f$?#3f+");
}
END_TEST

START_TEST(a_stub_that_never_understands_ends_in_an_error)
{
  say("---+$OK#9a");
  expect_error(gdb_do(&gdb, "?", NULL, &error), G_FILE_ERROR_INVAL);
}
END_TEST

START_TEST(an_answer_that_is_no_sense_is_an_error)
{
  static const char *const answers[] = {"O6", "Oxy", "O6x", "a}", "0*\"", "O61}"};
  say("+");
  answer(answers[_i]);
  expect_error(gdb_do(&gdb, "?", NULL, &error), G_FILE_ERROR_INVAL);
}
END_TEST

START_TEST(an_error_of_the_stub_is_an_error)
{
  static const char *const answers[] = {"E01", ""};
  uint64_t value = 7;
  say("+");
  answer(answers[_i]);
  expect_error(gdb_do(&gdb, "?", NULL, &error), G_FILE_ERROR_IO);
  g_clear_error(&error);
  say("+");
  answer(answers[_i]);
  expect_error(gdb_read_register(&gdb, 29, &value, &error), G_FILE_ERROR_IO);
  ck_assert_uint_eq(value, 7);
}
END_TEST

/* ---- Nobody there ---- */

START_TEST(a_stub_that_goes_away_is_an_error)
{
  static const char *const said[] = {"", "+", "+$OK", "+$OK#9"};
  say(said[_i]);
  ck_assert_int_eq(shutdown(stub, SHUT_WR), 0);
  expect_error(gdb_do(&gdb, "?", NULL, &error), G_FILE_ERROR_PIPE);
}
END_TEST

START_TEST(a_connection_that_is_closed_is_no_signal)
{
  (void)close(stub);
  stub = -1;
  expect_error(gdb_do(&gdb, "?", NULL, &error), G_FILE_ERROR_PIPE);
}
END_TEST

START_TEST(a_silent_stub_is_an_error)
{
  static const char *const said[] = {"", "+", "+$OK"};
  gdb.timeout_ms = 1;
  say(said[_i]);
  expect_error(gdb_do(&gdb, "?", NULL, &error), G_FILE_ERROR_AGAIN);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("gdb");
  TCase *tc = tcase_create("gdb");

  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, a_command_is_framed_and_its_answer_acknowledged);
  tcase_add_test(tc, output_in_pieces_is_put_together);
  tcase_add_test(tc, an_escaped_byte_is_what_it_stands_for);
  tcase_add_test(tc, an_answer_may_arrive_byte_by_byte);
  tcase_add_test(tc, a_long_output_arrives_whole);
  tcase_add_test(tc, a_register_is_sent_lowest_byte_first);
  tcase_add_test(tc, memory_is_written_byte_by_byte);
  tcase_add_test(tc, memory_is_read_byte_by_byte);
  tcase_add_loop_test(tc, memory_that_does_not_come_whole_is_an_error, 0, 5);
  tcase_add_test(tc, a_damaged_answer_is_asked_for_again);
  tcase_add_test(tc, answers_that_are_always_damaged_end_in_an_error);
  tcase_add_test(tc, a_command_that_got_damaged_is_sent_again);
  tcase_add_test(tc, a_stub_that_never_understands_ends_in_an_error);
  tcase_add_loop_test(tc, an_answer_that_is_no_sense_is_an_error, 0, 6);
  tcase_add_loop_test(tc, an_error_of_the_stub_is_an_error, 0, 2);
  tcase_add_loop_test(tc, a_stub_that_goes_away_is_an_error, 0, 4);
  tcase_add_test(tc, a_connection_that_is_closed_is_no_signal);
  tcase_add_loop_test(tc, a_silent_stub_is_an_error, 0, 3);
  suite_add_tcase(suite, tc);
  return suite;
}
