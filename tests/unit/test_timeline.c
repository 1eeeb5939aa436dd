/* SPDX-License-Identifier: MPL-2.0 */
/* The timeline of a run: rules that every viewer relies on, and what the events say. */
#include "tests/unit/timeline_support.h"

static const struct {
  const char *path;
  bool arrows;
} scripts[] = {
    {"tests/script/01-sharing.fms", false},
    {"tests/script/23-get-retries.fms", true},
    {"tests/script/26-schedule-point-never-reached.fms", false},
    {"tests/script/30-schedule-stuck-on-lock.fms", true},
    {"tests/script/46-a-panic-ends-all-cpus.fms", true},
    {"tests/script/50-random.fms", false},
    {"tests/script/54-random-thread.fms", false},
    {"tests/script/69-two-cpus.fms", true},
    {"tests/script/78-machines-one-after-another.fms", false},
    {"tests/script/107-threads-of-one-process.fms", true},
    {"docs/examples/cow.fms", false},
};

START_TEST(test_every_timeline_keeps_the_rules)
{
  struct trace *trace = trace_file(scripts[_i].path);

  times_are_unique(trace);
  threads_are_in_order(trace);
  arrows_are_whole(trace);
  ck_assert_uint_gt(count(trace, 'B'), 0);
  ck_assert_msg((count(trace, 's') != 0) == scripts[_i].arrows, "%s: %u arrows", scripts[_i].path,
                count(trace, 's'));
  trace_free(trace);
}
END_TEST

START_TEST(test_the_same_run_gives_the_same_bytes)
{
  struct trace *one = trace_file("tests/script/54-random-thread.fms");
  struct trace *two = trace_file("tests/script/54-random-thread.fms");

  ck_assert_str_eq(one->text->str, two->text->str);
  trace_free(one);
  trace_free(two);
}
END_TEST

/* ---- What the events say ---- */

START_TEST(test_a_step_says_where_it_stands_and_what_came_of_it)
{
  struct trace *trace = trace_body(MACHINE "claim @1400 -> f\n"
                                           "expect error InUse { claim @1400 }\ndrop f");

  JsonObject *claim = nth(trace, 'B', 1);
  ck_assert_str_eq(name_of(claim), "claim");
  ck_assert_str_eq(arg_of(claim, "place"), "test.fms:4:1");
  ck_assert_str_eq(arg_of(claim, "text"), "claim @1400 -> f");
  ck_assert_str_eq(arg_of(nth(trace, 'E', 1), "result"), "Ok");
  JsonObject *args = json_object_get_object_member(nth(trace, 'E', 1), "args");
  JsonArray *changes = json_object_get_array_member(args, "changes");
  ck_assert_uint_eq(json_array_get_length(changes), 1);
  ck_assert_str_eq(json_array_get_string_element(changes, 0),
                   "frame 0x578000: unused -> shared 1, anon");
  ck_assert_str_eq(arg_of(nth(trace, 'E', 2), "result"), "InUse");
  trace_free(trace);
}
END_TEST

START_TEST(test_a_point_says_what_was_seen_and_written)
{
  struct trace *trace = trace_body(MACHINE "claim @1400 -> f\ndrop f");

  JsonObject *cas = nth(trace, 'X', 0);
  ck_assert_str_eq(name_of(cas), "claim.cas");
  ck_assert_str_eq(arg_of(cas, "order"), "acquire");
  ck_assert_str_eq(arg_of(cas, "seen"), "unused");
  ck_assert_str_eq(arg_of(cas, "written"), "busy");
  ck_assert_str_eq(arg_of(cas, "frame"), "0x578000");
  ck_assert_str_eq(arg_of(nth(trace, 'X', 1), "written"), "");
  trace_free(trace);
}
END_TEST

#define RACE "thread A cpu 0 { drop f }\nthread B cpu 1 { get @1400 -> g or e }\n"

START_TEST(test_an_arrow_leads_from_the_write_to_who_saw_it)
{
  struct trace *trace = trace_body(MACHINE "claim @1400 -> f\n" RACE "schedule A:drop.dec B:* A:*");

  ck_assert_uint_eq(count(trace, 's'), 1);
  ck_assert_str_eq(name_of(nth(trace, 's', 0)), "drop.dec (release) to get.load (relaxed)");
  ck_assert_int_eq(cpu_of(nth(trace, 's', 0)), 0);
  ck_assert_int_eq(cpu_of(nth(trace, 'f', 0)), 1);
  ck_assert_str_eq(json_object_get_string_member(nth(trace, 'f', 0), "bp"), "e");
  trace_free(trace);
}
END_TEST

START_TEST(test_free_frames_are_counted)
{
  struct trace *trace = trace_body("machine { ram 8M  kernel 2M 1M  allocator bitmap }\nboot\n"
                                   "alloc frames 3 -> s\nshow handles\ndrop s");
  gint64 frames[3];

  ck_assert_uint_eq(count(trace, 'C'), 3);
  for (guint i = 0; i < 3; i++) {
    JsonObject *args = json_object_get_object_member(nth(trace, 'C', i), "args");
    frames[i] = json_object_get_int_member(args, "frames");
  }
  ck_assert_int_eq(frames[1], frames[0] - 3);
  ck_assert_int_eq(frames[2], frames[0]);
  trace_free(trace);
}
END_TEST

START_TEST(test_a_step_that_is_broken_off_is_closed)
{
  struct run *run = run_load(MACHINE "claim @1400 -> f\n" RACE "schedule A:drop.dec B:* A:*");
  run->options.until_step = 4;
  run->options.until_point = "get.load";
  struct trace *trace = trace_run(run->script, run->options, 0);

  threads_are_in_order(trace);
  ck_assert_uint_eq(count(trace, 'E'), 4);
  ck_assert_str_eq(arg_of(nth(trace, 'E', 2), "result"), "stopped");
  ck_assert_str_eq(arg_of(nth(trace, 'E', 3), "result"), "stopped");
  trace_free(trace);
  run_free(run);
}
END_TEST

START_TEST(test_a_name_that_is_no_utf8_is_json_all_the_same)
{
  struct trace trace = {.text = g_string_new(NULL)};
  struct run *run = run_load(MACHINE);
  g_autoptr(sim_timeline) timeline = sim_timeline_new("\xff.fms", collect, &trace);
  run->options.watchers = sim_timeline_watcher(timeline);
  run_execute(run);

  ck_assert(sim_timeline_end(timeline, run->run));
  ck_assert(g_utf8_validate(trace.text->str, -1, NULL));
  parse(&trace);
  g_object_unref(trace.parser);
  g_string_free(trace.text, TRUE);
  run_free(run);
}
END_TEST

START_TEST(test_after_a_failed_write_nothing_more_is_written)
{
  struct run *run = run_load(MACHINE "claim @1400 -> f\ndrop f");
  struct trace *trace = trace_run(run->script, run->options, (guint)_i);

  ck_assert(!trace->good);
  ck_assert_uint_eq(trace->pieces, (guint)_i);
  trace_free(trace);
  run_free(run);
}
END_TEST

START_TEST(test_a_run_without_a_step_is_a_timeline_too)
{
  struct trace *trace = trace_body("");

  ck_assert_uint_eq(json_array_get_length(trace->events), 0);
  trace_free(trace);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("timeline");
  TCase *tcase = tcase_create("timeline");
  tcase_add_loop_test(tcase, test_every_timeline_keeps_the_rules, 0, G_N_ELEMENTS(scripts));
  tcase_add_test(tcase, test_the_same_run_gives_the_same_bytes);
  tcase_add_test(tcase, test_a_step_says_where_it_stands_and_what_came_of_it);
  tcase_add_test(tcase, test_a_point_says_what_was_seen_and_written);
  tcase_add_test(tcase, test_an_arrow_leads_from_the_write_to_who_saw_it);
  tcase_add_test(tcase, test_free_frames_are_counted);
  tcase_add_test(tcase, test_a_step_that_is_broken_off_is_closed);
  tcase_add_test(tcase, test_a_name_that_is_no_utf8_is_json_all_the_same);
  tcase_add_loop_test(tcase, test_after_a_failed_write_nothing_more_is_written, 1, 9);
  tcase_add_test(tcase, test_a_run_without_a_step_is_a_timeline_too);
  suite_add_tcase(suite, tcase);
  return suite;
}
