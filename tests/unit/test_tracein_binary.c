/* SPDX-License-Identifier: MPL-2.0 */
/* Our own recordings: round trips, checksums, and what a killed program leaves. */
#include "sim/rng.h"
#include "sim/tracein/reader.h"
#include "tests/unit/trace_support.h"

#define HEAD   32u
#define EVENTS 40000u /* several blocks */

/* Events with everything that can make an encoding long. */
static struct sim_trace_event *make_events(unsigned count)
{
  struct sim_trace_event *events = g_new0(struct sim_trace_event, count);
  struct sim_rng rng;

  sim_rng_init(&rng, 7, "events");
  for (unsigned i = 0; i < count; i++) {
    struct sim_trace_event *event = &events[i];
    event->time_us = i % 50 == 0 ? sim_rng_next(&rng) : events[i - 1].time_us + i % 3;
    event->kind = (uint8_t)sim_rng_below(&rng, SIM_TRACE_KINDS);
    event->cpu = (uint16_t)sim_rng_below(&rng, i % 100 == 0 ? SIM_TRACE_CPUS_MAX : 4);
    if (event->kind == SIM_TRACE_OTHER)
      continue;
    event->order = (uint8_t)sim_rng_below(&rng, SIM_TRACE_ORDER_MAX + 1);
    event->pfn = (uint32_t)sim_rng_below(&rng, SIM_TRACE_PFN_END - (1u << event->order) + 1);
  }
  return events;
}

static char *recording(unsigned count, struct sim_trace_event **ret_events)
{
  char *path = trace_path("recording");
  *ret_events = make_events(count);
  trace_write(path, "binary", 3, *ret_events, count);
  return path;
}

START_TEST(what_was_written_is_read)
{
  struct sim_tracein_info info;
  g_autofree struct sim_trace_event *wanted = NULL;
  g_autofree char *path = recording(EVENTS, &wanted);
  g_autoptr(GArray) events = trace_read(path, NULL, &info);

  trace_expect_equal(events, wanted, EVENTS);
  ck_assert_str_eq(info.format, "binary");
  ck_assert_uint_eq(info.cpus, 3);
  ck_assert(!info.unfinished);
  ck_assert_uint_eq(info.cut, 0);
}
END_TEST

START_TEST(a_recording_of_nothing_is_whole)
{
  struct sim_tracein_info info;
  g_autofree struct sim_trace_event *wanted = NULL;
  g_autofree char *path = recording(0, &wanted);
  g_autoptr(GArray) events = trace_read(path, NULL, &info);

  ck_assert_uint_eq(events->len, 0);
  ck_assert(!info.unfinished);
}
END_TEST

START_TEST(the_layout_is_the_documented_one)
{
  /* docs/trace-format.md has the same bytes. */
  static const uint8_t wanted[] = {
      'F',  'R',  'A',  'M',  'E', 'T', 'R', 'C', 1, 0, 0, 0, 0,    0,    0,    0, /* head */
      2,    0,    0,    0,    0,   0,   0,   0,   0, 0, 0, 0, 0x75, 0x3f, 0x74, 0x6d, 'B',
      'L',  'K',  '1',  8,    0,   0,   0,   2,   0, 0, 0, 0, 0,    0,    0, /* block of two events
                                                                              */
      0x88, 0x13, 0,    0,    0,   0,   0,   0,   0, 0, 0, 0, 0x9b, 0x70, 0xcb, 0xbc, 0x08,
      0x00, 0x80, 0x02,       /* alloc of order 1 of frame 128 */
      0x81, 0x14, 0x01, 0x01, /* 10 us later, free by CPU 1 of frame 127 */
      'B',  'L',  'K',  '1',  0,   0,   0,   0,   0, 0, 0, 0, 1,    0,    0,    0, /* end of two
                                                                                      events */
      2,    0,    0,    0,    0,   0,   0,   0,   0, 0, 0, 0, 0x6b, 0xd1, 0x4b, 0x38,
  };
  const struct sim_trace_event events[] = {
      {5000, 128, 0, 1, SIM_TRACE_ALLOC},
      {5010, 127, 1, 0, SIM_TRACE_FREE},
  };
  g_autofree char *path = trace_path("recording");
  g_autofree char *bytes = NULL;
  gsize size;

  trace_write(path, "binary", 2, events, 2);
  trace_load(path, &bytes, &size);
  ck_assert_uint_eq(size, sizeof(wanted));
  ck_assert_mem_eq(bytes, wanted, sizeof(wanted));
}
END_TEST

/* RFC 3720, B.4. */
START_TEST(the_checksum_is_that_of_the_standard)
{
  uint8_t bytes[32] = {0};

  ck_assert_uint_eq(sim_tracein_crc(0, bytes, sizeof(bytes)), 0x8a9136aa);
  for (unsigned i = 0; i < sizeof(bytes); i++)
    bytes[i] = (uint8_t)i;
  ck_assert_uint_eq(sim_tracein_crc(0, bytes, sizeof(bytes)), 0x46dd794e);
  uint32_t first = sim_tracein_crc(0, bytes, 13);
  ck_assert_uint_eq(sim_tracein_crc(first, bytes + 13, 19), 0x46dd794e);
}
END_TEST

/* Cut at every byte: always the events of the whole blocks, and never an error. */
START_TEST(a_killed_recording_is_read_up_to_its_last_whole_block)
{
  g_autofree struct sim_trace_event *wanted = NULL;
  g_autofree char *path = recording(EVENTS, &wanted);
  g_autofree char *bytes = NULL;
  gsize size, first_end;

  trace_load(path, &bytes, &size);
  first_end = HEAD + 32 + sim_tracein_u32((const uint8_t *)bytes + HEAD + 4);
  guint first = sim_tracein_u32((const uint8_t *)bytes + HEAD + 8);
  ck_assert_uint_lt(first, EVENTS);
  const struct {
    gsize size;
    guint events;
    uint64_t cut;
  } cuts[] = {
      {HEAD, 0, 0},
      {HEAD + 1, 0, 1},
      {HEAD + 32, 0, 32},
      {first_end - 1, 0, first_end - 1 - HEAD},
      {first_end, first, 0},
      {first_end + 31, first, 31},
      {first_end + 33, first, 33},
      {size - 32, EVENTS, 0},
      {size - 1, EVENTS, 31},
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(cuts); i++) {
    struct sim_tracein_info info;
    g_autofree char *cut = trace_file(bytes, cuts[i].size);
    g_autoptr(GArray) events = trace_read(cut, NULL, &info);
    trace_expect_equal(events, wanted, cuts[i].events);
    ck_assert(info.unfinished);
    ck_assert_uint_eq(info.cut, cuts[i].cut);
  }
}
END_TEST

START_TEST(no_changed_bit_goes_unseen)
{
  g_autofree struct sim_trace_event *wanted = NULL;
  g_autofree char *path = recording(100, &wanted);
  g_autofree char *bytes = NULL;
  gsize size;

  trace_load(path, &bytes, &size);
  for (gsize i = 0; i < size; i++) {
    bytes[i] ^= (char)(1 << (i % 8));
    g_autofree char *changed = trace_file(bytes, size);
    bytes[i] ^= (char)(1 << (i % 8));
    g_autoptr(GError) error = NULL;
    g_autoptr(sim_tracein) in = sim_tracein_open(changed, "binary", &error);
    g_autoptr(GArray) events = in != NULL ? trace_collect(in, &error) : NULL;
    /* A length that grew reaches behind the end of the file: that looks cut. */
    bool cut = events != NULL && sim_tracein_info(in)->unfinished;
    ck_assert_msg(events == NULL || cut, "byte %u", (unsigned)i);
    ck_assert_msg(events != NULL || strstr(error->message, ":byte ") != NULL, "%s",
                  error != NULL ? error->message : "");
  }
}
END_TEST

START_TEST(blocks_before_a_damaged_one_come_first)
{
  g_autofree struct sim_trace_event *wanted = NULL;
  g_autofree char *path = recording(EVENTS, &wanted);
  g_autofree char *bytes = NULL;
  g_autoptr(GError) error = NULL;
  const struct sim_trace_event *events = NULL;
  gsize size;

  trace_load(path, &bytes, &size);
  guint first = sim_tracein_u32((const uint8_t *)bytes + HEAD + 8);
  gsize second = HEAD + 32 + sim_tracein_u32((const uint8_t *)bytes + HEAD + 4);
  bytes[second + 40] ^= 1;
  g_autofree char *damaged = trace_file(bytes, size);
  g_autoptr(sim_tracein) in = sim_tracein_open(damaged, NULL, &error);
  ck_assert_ptr_nonnull(in);
  ck_assert_int_eq(sim_tracein_next(in, &events, &error), first);
  ck_assert_int_eq(sim_tracein_next(in, &events, &error), -1);
  g_autofree char *place =
      g_strdup_printf(":byte %u: error: block 2: the checksum does not agree", (unsigned)second);
  g_autofree char *remedy = g_strdup_printf("--until %u or less", first);
  trace_expect_has(error->message, place);
  trace_expect_has(error->message, remedy);
}
END_TEST

START_TEST(a_block_that_is_missing_is_missed)
{
  g_autofree struct sim_trace_event *wanted = NULL;
  g_autofree char *path = recording(EVENTS, &wanted);
  g_autofree char *bytes = NULL;
  gsize size;

  trace_load(path, &bytes, &size);
  gsize second = HEAD + 32 + sim_tracein_u32((const uint8_t *)bytes + HEAD + 4);
  memmove(bytes + HEAD, bytes + second, size - second);
  g_autofree char *without = trace_file(bytes, size - (second - HEAD));
  g_autofree char *message = trace_mistake(without, NULL);
  trace_expect_has(message, ":byte 32: error: block 1: it has another number");
}
END_TEST

START_TEST(an_end_that_counts_otherwise_is_a_mistake)
{
  g_autofree struct sim_trace_event *wanted = NULL;
  g_autofree char *path = recording(100, &wanted);
  g_autofree char *bytes = NULL;
  gsize size;

  trace_load(path, &bytes, &size);
  uint8_t *end = (uint8_t *)bytes + size - 32;
  end[16] ^= 1; /* the number of events, and the checksum that goes with it */
  sim_tracein_put_u32(end + 28, sim_tracein_crc(0, end, 28));
  g_autofree char *changed = trace_file(bytes, size);
  g_autofree char *message = trace_mistake(changed, NULL);
  trace_expect_has(message, "error: block 2: the end names another number of events");
}
END_TEST

START_TEST(another_version_says_so)
{
  uint8_t head[HEAD] = "FRAMETRC\x02";
  g_autofree char *path = trace_file(head, sizeof(head));
  g_autofree char *message = trace_mistake(path, NULL);
  trace_expect_has(message, ":byte 8: error: a recording of version 2; this program knows");
}
END_TEST

START_TEST(a_file_without_the_magic_is_no_recording)
{
  g_autofree char *path = trace_file("FRAMETRX and so on, and on, and on", 32);
  g_autofree char *message = trace_mistake(path, "binary");
  trace_expect_has(message, ":byte 0: error: this is no recording of framesim");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("tracein_binary");
  TCase *tcase = tcase_create("all");

  tcase_set_timeout(tcase, 20); /* a file for each changed bit */

  tcase_add_checked_fixture(tcase, trace_setup, trace_teardown);
  tcase_add_test(tcase, what_was_written_is_read);
  tcase_add_test(tcase, a_recording_of_nothing_is_whole);
  tcase_add_test(tcase, the_layout_is_the_documented_one);
  tcase_add_test(tcase, the_checksum_is_that_of_the_standard);
  tcase_add_test(tcase, a_killed_recording_is_read_up_to_its_last_whole_block);
  tcase_add_test(tcase, no_changed_bit_goes_unseen);
  tcase_add_test(tcase, blocks_before_a_damaged_one_come_first);
  tcase_add_test(tcase, a_block_that_is_missing_is_missed);
  tcase_add_test(tcase, an_end_that_counts_otherwise_is_a_mistake);
  tcase_add_test(tcase, another_version_says_so);
  tcase_add_test(tcase, a_file_without_the_magic_is_no_recording);
  suite_add_tcase(suite, tcase);
  return suite;
}
