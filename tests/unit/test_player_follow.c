/* SPDX-License-Identifier: MPL-2.0 */
/* A run as a film: its moments, and that the slots in it are those in RAM. */
#include <inttypes.h>

#include "tests/unit/player_support.h"

struct shown {
  struct run *run;
  sim_player *player;
  sim_follow *follow;
  struct film *film;
};

static void hear(enum sim_text_kind kind, const char *text, void *data)
{
  struct shown *shown = data;
  run_sink(kind, text, shown->run);
  sim_follow_text(shown->follow, kind, text);
}

static struct shown *show(const char *body)
{
  struct shown *shown = g_new0(struct shown, 1);
  shown->run = run_load(body);
  shown->player = sim_player_new("run", "test.fms");
  shown->follow = sim_follow_new(shown->player);
  shown->run->options.watchers = sim_follow_watcher(shown->follow);
  shown->run->options.sink = hear;
  shown->run->options.sink_data = shown;
  run_execute(shown->run);
  sim_follow_end(shown->follow, shown->run->run, shown->run->verdict);
  shown->film = film_read(shown->player);
  return shown;
}

static void done(struct shown *shown)
{
  film_free(shown->film);
  sim_follow_free(shown->follow);
  sim_player_free(shown->player);
  run_free(shown->run);
  g_free(shown);
}

#define MACHINE "machine { ram 8M  kernel 2M 1M  cpus 2  allocator none }\nboot\n"
#define BUDDY   "machine { ram 64M  cpus 2 }\nboot\n"

/* The state of a frame's slot after that moment. */
static void slot_is(const struct shown *shown, guint n, const char *frame, const char *begin)
{
  g_autofree char *row = film_row(shown->film, n, "slot", frame);
  ck_assert_msg(g_str_has_prefix(row, begin), "slot of %s after moment %u: %s, not %s", frame, n,
                row, begin);
}

START_TEST(test_a_slot_is_known_before_and_after_each_step)
{
  struct shown *shown = show(MACHINE "claim @1400 -> f\nclone f -> g\ndrop f\ndrop g");
  const char *frame = "0x578000";
  slot_is(shown, 0, frame, "[\"unused\",0,");
  slot_is(shown, 1, frame, "[\"shared\",1,\"anon\",\"0x1\"");
  slot_is(shown, 2, frame, "[\"shared\",2,");
  slot_is(shown, 3, frame, "[\"shared\",1,");
  slot_is(shown, 4, frame, "[\"unused\",0,");
  slot_is(shown, 1, "0x579000", "[\"unused\",0,");
  ck_assert_uint_eq(film_count(shown->film, "strips"), 1);
  ck_assert_str_eq(film_text(shown->film, 5, "text"), "The end: held, 5 steps, 0 findings");
  done(shown);
}
END_TEST

START_TEST(test_points_of_threads_are_moments)
{
  struct shown *shown = show(MACHINE "claim @1400 -> f\n"
                                     "thread A cpu 0 { drop f }\n"
                                     "thread B cpu 1 { get @1400 -> g or answer }\n"
                                     "schedule A:drop.dec B:* A:*\n"
                                     "expect answer == Busy");
  guint dec = film_find(shown->film, 3, "drop.dec");
  slot_is(shown, dec - 1, "0x578000", "[\"shared\",1,");
  slot_is(shown, dec, "0x578000", "[\"busy\",");
  ck_assert_str_eq(film_text(shown->film, dec, "thread"), "A");
  ck_assert_str_eq(film_text(shown->film, dec, "seen"), "1");
  ck_assert_str_eq(film_text(shown->film, dec, "written"), "busy");
  ck_assert_str_eq(film_text(shown->film, dec, "frame"), "0x578000");
  guint load = film_find(shown->film, 4, "get.load");
  ck_assert_uint_eq(load, dec + 1);
  ck_assert_int_eq(json_object_get_int_member(film_moment(shown->film, load), "cpu"), 1);
  ck_assert_str_eq(film_text(shown->film, film_find(shown->film, 4, NULL), "result"), "Busy");
  guint end = film_find(shown->film, 3, NULL);
  slot_is(shown, end, "0x578000", "[\"unused\",");
  ck_assert_int_eq(json_object_get_int_member(film_moment(shown->film, end), "expected"), 1);
  done(shown);
}
END_TEST

START_TEST(test_steps_of_the_main_program_are_one_moment_each)
{
  struct shown *shown = show(MACHINE "claim @1400 -> f\ndrop f");
  ck_assert_uint_eq(film_length(shown->film), 4);
  JsonArray *points = json_object_get_array_member(film_moment(shown->film, 1), "points");
  ck_assert_str_eq(json_array_get_string_element(points, 0), "claim.cas");
  done(shown);
}
END_TEST

/* Every row of the strip at the end, against the slot in RAM. */
static void strip_is_true(const struct shown *shown)
{
  const sim_run *run = shown->run->run;
  JsonObject *end = json_object_get_object_member(shown->film->root, "end");
  JsonObject *slots = json_object_get_object_member(end, "slot");
  g_autoptr(GList) keys = json_object_get_members(slots);
  ck_assert_ptr_nonnull(keys);
  for (const GList *key = keys; key != NULL; key = key->next) {
    uint64_t address = g_ascii_strtoull(key->data, NULL, 16);
    const struct fm_slot *slot = fm_slot_at(fm_paddr_of(address));
    g_autofree char *count = g_strdup_printf("0x%" PRIx64, slot->ref_count);
    JsonArray *row = json_object_get_array_member(slots, key->data);
    ck_assert_uint_lt(address, run->kernel->max_paddr);
    ck_assert_msg(strcmp(json_array_get_string_element(row, 3), count) == 0,
                  "slot of %s: %s in the film, %s in RAM", (const char *)key->data,
                  json_array_get_string_element(row, 3), count);
    ck_assert_uint_eq((uint64_t)json_array_get_int_element(row, 5), slot->in_list);
  }
}

START_TEST(test_the_strip_at_the_end_is_what_is_in_ram)
{
  static const char *const bodies[] = {
      MACHINE "claim @1400 -> f\nclaim @1402 unique as link -> u\nend expecting leak f, u",
      BUDDY
      "pool p\nrepeat 300 { choose { 3: alloc -> p  1: alloc frames 4 -> p  2: drop any p } }\n"
      "end expecting leak p",
      BUDDY "process p\nmap p at 0x1000\nwrite p at 0x1000 1\nfork p -> q\nwrite q at 0x1000 2\n"
            "end expecting leak p, q",
      MACHINE "claim @1400 -> f\npoke f ref_count = 7\nend expecting leak f",
  };
  struct shown *shown = show(bodies[_i]);
  run_must_hold(shown->run);
  strip_is_true(shown);
  done(shown);
}
END_TEST

START_TEST(test_a_second_machine_begins_anew)
{
  struct shown *shown = show(MACHINE "claim @1400 -> f\n" MACHINE "claim @1401 -> g\ndrop g");
  guint boot = film_find(shown->film, 3, NULL);
  slot_is(shown, boot - 1, "0x578000", "[\"shared\",1,");
  slot_is(shown, boot, "0x578000", "[\"unused\",");
  slot_is(shown, boot + 1, "0x579000", "[\"shared\",1,");
  slot_is(shown, 0, "0x579000", "[\"unused\",");
  done(shown);
}
END_TEST

START_TEST(test_page_tables_and_translations_come_and_go)
{
  struct shown *shown = show("machine { ram 64M }\nboot\nprocess p\nmap p at 0x1000\n"
                             "write p at 0x1000 1\nexit p");
  const char *page = "p 000000001000 9";
  guint wrote = film_find(shown->film, 4, NULL);
  g_autofree char *before = film_row(shown->film, wrote - 1, "table", page);
  g_autofree char *with = film_row(shown->film, wrote, "table", page);
  g_autofree char *after = film_row(shown->film, wrote + 1, "table", page);
  ck_assert_str_eq(before, "");
  ck_assert_msg(g_str_has_prefix(with, "[\"p\",0,\"0x1000\",\"page\",\"0x"), "%s", with);
  ck_assert_ptr_nonnull(strstr(with, "\"urw-ad\""));
  ck_assert_str_eq(after, "");
  done(shown);
}
END_TEST

START_TEST(test_holders_are_those_of_the_script)
{
  struct shown *shown = show(MACHINE "pool p\nfor i in 0..3 { claim @(1400 + i) -> p }\n"
                                     "drop any p\nend expecting leak p");
  guint holders = 0;
  JsonObject *end = json_object_get_object_member(shown->film->root, "end");
  holders = json_object_get_size(json_object_get_object_member(end, "holder"));
  ck_assert_uint_eq(holders, 2);
  g_autofree char *count =
      film_row(shown->film, film_length(shown->film) - 1, "count", "live handles");
  ck_assert_str_eq(count, "[2]");
  done(shown);
}
END_TEST

START_TEST(test_findings_stand_where_they_were_made)
{
  struct shown *shown = show(MACHINE "claim @1400 -> f\nexpect refcount f == 2\ndrop f");
  ck_assert_uint_eq(film_count(shown->film, "findings"), 1);
  guint n = film_find(shown->film, 2, NULL) + 1;
  ck_assert_str_eq(film_text(shown->film, n, "kind"), "finding");
  JsonObject *moment = film_moment(shown->film, n);
  JsonArray *commands = json_object_get_array_member(shown->film->root, "commands");
  JsonArray *at =
      json_array_get_array_element(commands, (guint)json_object_get_int_member(moment, "at"));
  ck_assert_int_eq(json_array_get_int_element(at, 1), 5);
  ck_assert_int_eq(json_object_get_int_member(moment, "found"), 1);
  ck_assert_str_eq(json_object_get_string_member(shown->film->root, "verdict"), "violated");
  done(shown);
}
END_TEST

START_TEST(test_what_is_said_belongs_to_its_step)
{
  struct shown *shown = show(MACHINE "claim @1400 -> f\nnote \"hello\"\nshow frame f\ndrop f");
  JsonArray *said = json_object_get_array_member(film_moment(shown->film, 1), "said");
  ck_assert_ptr_nonnull(strstr(json_array_get_string_element(said, 0), "hello"));
  done(shown);
}
END_TEST

START_TEST(test_a_question_stands_at_its_step_and_keeps_its_answer_back)
{
  struct shown *shown =
      show(MACHINE "claim @1400 -> f\nclone f -> g\n"
                   "ask \"How many hold it?\" answer refcount f because \"both\"\n"
                   "drop f\ndrop g\nask \"Free?\" answer state @1400 == unused");
  ck_assert_uint_eq(film_count(shown->film, "questions"), 2);
  ck_assert_int_eq(json_object_get_int_member(film_moment(shown->film, 2), "asked"), 1);
  ck_assert_int_eq(json_object_get_int_member(film_moment(shown->film, 4), "asked"), 2);
  g_autofree char *json = sim_player_to_json(shown->player);
  ck_assert_ptr_nonnull(strstr(json, "{\"text\":\"How many hold it?\",\"answer\":\"2\","
                                     "\"because\":\"both\"}"));
  ck_assert_ptr_null(strstr(json, "answer: 2"));
  done(shown);
}
END_TEST

START_TEST(test_the_same_run_gives_the_same_document)
{
  const char *body = BUDDY "pool p\nrepeat 200 { choose { 3: alloc -> p  2: drop any p } }\n"
                           "thread A cpu 0 { drop any p }\nthread B cpu 1 { alloc -> b }\n"
                           "end expecting leak p, b";
  struct shown *one = show(body);
  g_autofree char *first = sim_player_to_json(one->player);
  done(one);
  struct shown *two = show(body);
  g_autofree char *second = sim_player_to_json(two->player);
  done(two);
  ck_assert_str_eq(first, second);
}
END_TEST

START_TEST(test_frames_beyond_the_strip_are_counted)
{
  struct shown *shown = show(MACHINE "for i in 0..130 { claim @(768 + i * 9) -> a[i] }\n"
                                     "end expecting leak a");
  ck_assert_uint_le(film_count(shown->film, "strips"), SIM_PLAYER_STRIPS);
  ck_assert_uint_eq(film_count(shown->film, "left_out"), 0);
  done(shown);
  shown = show("machine { ram 64M  kernel 2M 1M  allocator none }\nboot\n"
               "for i in 0..140 { claim @(2048 + i * 16) -> a[i] }\nend expecting leak a");
  ck_assert_uint_eq(film_count(shown->film, "strips"), SIM_PLAYER_STRIPS);
  JsonArray *left = json_object_get_array_member(shown->film->root, "left_out");
  ck_assert_ptr_nonnull(strstr(json_array_get_string_element(left, 0), "slots of 12 frames"));
  done(shown);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("player_follow");
  TCase *tcase = tcase_create("follow");
  tcase_add_test(tcase, test_a_slot_is_known_before_and_after_each_step);
  tcase_add_test(tcase, test_points_of_threads_are_moments);
  tcase_add_test(tcase, test_steps_of_the_main_program_are_one_moment_each);
  tcase_add_loop_test(tcase, test_the_strip_at_the_end_is_what_is_in_ram, 0, 4);
  tcase_add_test(tcase, test_a_second_machine_begins_anew);
  tcase_add_test(tcase, test_page_tables_and_translations_come_and_go);
  tcase_add_test(tcase, test_holders_are_those_of_the_script);
  tcase_add_test(tcase, test_findings_stand_where_they_were_made);
  tcase_add_test(tcase, test_what_is_said_belongs_to_its_step);
  tcase_add_test(tcase, test_a_question_stands_at_its_step_and_keeps_its_answer_back);
  tcase_add_test(tcase, test_the_same_run_gives_the_same_document);
  tcase_add_test(tcase, test_frames_beyond_the_strip_are_counted);
  tcase_set_timeout(tcase, 30);
  suite_add_tcase(suite, tcase);
  return suite;
}
