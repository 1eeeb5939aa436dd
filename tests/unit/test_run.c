/* SPDX-License-Identifier: MPL-2.0 */
/* The life of a run: its verdict, its steps, and in which order it tells them. */
#include <string.h>

#include "tests/unit/run_support.h"

#define MACHINE "machine { ram 8M  kernel 2M 1M  cpus 2  allocator none }\nboot\n"

static const struct {
  const char *body;
  enum sim_verdict verdict;
} verdicts[] = {
    {"", SIM_VERDICT_HELD},
    {"boot", SIM_VERDICT_HELD},
    {MACHINE "get @1400", SIM_VERDICT_VIOLATED},
    {MACHINE "claim @1400", SIM_VERDICT_VIOLATED},
    {"claim @1400", SIM_VERDICT_UNUSABLE},
    {MACHINE "expect refcount @1400 == 1\ndrop f\nrepeat 0 { claim @1 -> f }",
     SIM_VERDICT_UNUSABLE},
    {"machine { ram 4M }\nboot", SIM_VERDICT_NO_BOOT},
    {"machine { map \"/nowhere/at/all\" }", SIM_VERDICT_INPUT},
    {MACHINE "claim @1400 -> f\npoke f ref_count = 0x7fffffffffffffff\nget f -> g",
     SIM_VERDICT_VIOLATED},
    {MACHINE "claim @1400 -> f\npoke f ref_count = 0x7fffffffffffffff\n"
             "thread A { get f -> g }\nthread B { get f -> h }",
     SIM_VERDICT_VIOLATED},
};

START_TEST(test_a_run_ends_in_its_verdict)
{
  struct run *run = run_body(verdicts[_i].body);

  ck_assert_msg(run->verdict == verdicts[_i].verdict, "verdict %d of: %s", run->verdict,
                verdicts[_i].body);
  run_free(run);
}
END_TEST

START_TEST(test_a_step_is_one_executed_command)
{
  struct run *run =
      run_body("title \"t\"\nparam N = 3\n" MACHINE "repeat N { claim @1400 -> f; drop f }\n"
               "expect error Unused { get @1400 }\nexpect 1 == 1");

  run_must_hold(run);
  ck_assert_uint_eq(run->summary.steps, 1 + 6 + 1);
  ck_assert_uint_eq(run->summary.expectations, 2);
  ck_assert_str_eq(run->summary.title, "t");
  run_free(run);
}
END_TEST

START_TEST(test_what_a_step_says_follows_its_line)
{
  struct run *run = run_body(MACHINE "show handles\nshow digest");

  ck_assert_str_eq(run_nth(run, SIM_TEXT_STEP, 1), "   2  show handles");
  ck_assert_str_eq(run_nth(run, SIM_TEXT_OUTPUT, 1), "      0 live handles");
  ck_assert_ptr_nonnull(strstr(run_nth(run, SIM_TEXT_OUTPUT, 2), "digest"));
  for (guint i = 0; i + 1 < run->texts->len; i += 2) {
    ck_assert_int_eq(g_array_index(run->texts, struct run_text, i).kind, SIM_TEXT_STEP);
    ck_assert_int_eq(g_array_index(run->texts, struct run_text, i + 1).kind, SIM_TEXT_OUTPUT);
  }
  run_free(run);
}
END_TEST

START_TEST(test_a_note_is_no_step)
{
  struct run *run = run_body(MACHINE "note \"first\"");

  ck_assert_ptr_null(run_nth(run, SIM_TEXT_STEP, 1));
  ck_assert_str_eq(run_nth(run, SIM_TEXT_OUTPUT, 1), "first");
  run_free(run);
}
END_TEST

/* ---- Where a run stops ---- */

#define FOUR_STEPS MACHINE "claim @1400 -> f\nclone f -> g\ndrop f, g"

START_TEST(test_until_stops_behind_each_step)
{
  struct run *run = run_load(FOUR_STEPS);
  run->options.until_step = (uint64_t)_i;
  run_execute(run);

  run_must_hold(run);
  ck_assert_uint_eq(run->summary.steps, (uint64_t)_i);
  ck_assert(run->summary.stopped_early);
  ck_assert_ptr_nonnull(sim_run_machine(run->run));
  run_free(run);
}
END_TEST

START_TEST(test_until_stops_inside_of_an_expectation)
{
  struct run *run = run_load(MACHINE "expect error Unused { claim @1400 -> f; drop f; get @1400 }");
  run->options.until_step = 2;
  run_execute(run);

  run_must_hold(run);
  ck_assert_uint_eq(run->summary.steps, 2);
  run_free(run);
}
END_TEST

START_TEST(test_until_a_point_leaves_the_slot_there)
{
  struct run *run = run_load(FOUR_STEPS);
  struct fm_slot_view view;
  run->options.until_step = 4;
  run->options.until_point = "drop.fence";
  run_execute(run);

  run_must_hold(run);
  ck_assert(run->summary.stopped_early);
  ck_assert_str_eq(run->summary.build, "instrumented");
  fm_slot_view(run->run->kernel, fm_slot_at(fm_paddr_of(1400 * 4096)), &view);
  ck_assert_int_eq(view.state, FM_STATE_BUSY);
  run_free(run);
}
END_TEST

START_TEST(test_an_interrupted_run_says_so)
{
  static const volatile sig_atomic_t yes = 1;
  struct run *run = run_load(FOUR_STEPS);
  run->options.interrupted = &yes;
  run_execute(run);

  ck_assert_int_eq(run->verdict, SIM_VERDICT_INTERRUPTED);
  ck_assert_uint_eq(run->summary.steps, 0);
  ck_assert_ptr_null(sim_run_machine(run->run));
  run_free(run);
}
END_TEST

/* What cuts a run short is the finding; the handles that it could not drop are not. */
static const char *const cuts[] = {
    MACHINE "claim @1400 -> f\nget @1401\ndrop f",
    MACHINE "claim @1400 -> f\nthread A { get @1401 }\ndrop f",
    MACHINE "claim @1400 -> f\nrepeat 3 { get @1401 }\ndrop f",
    MACHINE "claim @1400 -> f\nexpect error Unused { claim @1401 -> g }\ndrop f",
};

START_TEST(test_a_run_that_was_cut_short_leaks_nothing)
{
  struct run *run = run_body(cuts[_i]);

  ck_assert_int_eq(run->verdict, SIM_VERDICT_VIOLATED);
  ck_assert_uint_eq(run->summary.findings, 1);
  run_must_say(run, 0, "FAILED");
  run_free(run);
}
END_TEST

START_TEST(test_a_thread_that_fails_ends_the_run)
{
  struct run *run = run_body(MACHINE "thread A { get @1400 }\nthread B { note \"no\" }\n"
                                     "note \"no\"");

  ck_assert_int_eq(run->verdict, SIM_VERDICT_VIOLATED);
  ck_assert_uint_eq(run->summary.steps, 2);
  run_free(run);
}
END_TEST

START_TEST(test_the_twentieth_finding_is_the_last)
{
  struct run *run = run_body(MACHINE "repeat 30 { expect 1 == 2 }\nnote \"no\"");

  ck_assert_int_eq(run->verdict, SIM_VERDICT_VIOLATED);
  ck_assert_uint_eq(run->summary.findings, 20);
  ck_assert_uint_eq(run->summary.expectations, 20);
  ck_assert_uint_eq(run->summary.steps, 1);
  run_free(run);
}
END_TEST

/* ---- Builds, seeds, schedules ---- */

START_TEST(test_the_hooks_are_used_when_they_are_needed)
{
  static const struct {
    const char *body;
    enum sim_build build;
    bool points;
    const char *expected;
  } cases[] = {
      {"boot", SIM_BUILD_AUTO, false, "native"},
      {"boot", SIM_BUILD_NATIVE, false, "native"},
      {"boot", SIM_BUILD_INSTRUMENTED, false, "instrumented"},
      {"boot", SIM_BUILD_AUTO, true, "instrumented"},
      {"boot\nrepeat 0 { thread A { note \"a\" } }", SIM_BUILD_AUTO, false, "instrumented"},
      {"note \"a\"", SIM_BUILD_INSTRUMENTED, false, "none"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct run *run = run_load(cases[i].body);
    run->options.build = cases[i].build;
    run->options.points = cases[i].points;
    run_execute(run);
    ck_assert_str_eq(run->summary.build, cases[i].expected);
    run_free(run);
  }
}
END_TEST

static char *digest_with_seed(const char *body, uint64_t seed)
{
  struct run *run = run_load(body);
  run->options.seed = seed;
  run->options.seed_given = true;
  run_execute(run);
  run_must_hold(run);
  ck_assert_uint_eq(run->summary.seed, seed);
  char *digest = sim_machine_digest(sim_run_machine(run->run));
  run_free(run);
  return digest;
}

START_TEST(test_the_seed_decides_a_random_workload)
{
  static const char body[] = "machine { ram 32M }\nboot\npool p\n"
                             "repeat 300 { choose { 6: alloc -> p  5: drop any p } }\n"
                             "check\nend expecting leak p";
  g_autofree char *first = digest_with_seed(body, (uint64_t)_i);
  g_autofree char *again = digest_with_seed(body, (uint64_t)_i);
  g_autofree char *other = digest_with_seed(body, (uint64_t)_i + 1);

  ck_assert_str_eq(first, again);
  ck_assert_str_ne(first, other);
}
END_TEST

/* Every place at which `drop` of the last reference can be overtaken by `get`. */
START_TEST(test_get_beside_drop_sees_each_state_in_its_turn)
{
  static const char *const cases[][2] = {
      {"B:get.cas A:* B:*", "Ok"},         {"A:drop.dec B:* A:*", "Busy"},
      {"A:drop.fence B:* A:*", "Busy"},    {"A:drop.meta B:* A:*", "Busy"},
      {"A:drop.unused B:* A:*", "Unused"}, {"A:* B:*", "Unused"},
      {"B:get.load A:* B:*", "Unused"},    {"B:get.load A:drop.dec B:* A:*", "Busy"},
  };
  g_autofree char *body =
      g_strdup_printf(MACHINE "claim @1400 -> f\nthread A cpu 0 { drop f }\n"
                              "thread B cpu 1 { get @1400 -> g or answer }\nschedule %s\n"
                              "expect answer == %s\nend expecting leak g",
                      cases[_i][0], cases[_i][1]);
  struct run *run = run_body(body);

  run_must_hold(run);
  run_free(run);
}
END_TEST

static void add_stops(TCase *tcase)
{
  tcase_add_loop_test(tcase, test_until_stops_behind_each_step, 1, 5);
  tcase_add_test(tcase, test_until_stops_inside_of_an_expectation);
  tcase_add_test(tcase, test_until_a_point_leaves_the_slot_there);
  tcase_add_test(tcase, test_an_interrupted_run_says_so);
  tcase_add_loop_test(tcase, test_a_run_that_was_cut_short_leaks_nothing, 0, G_N_ELEMENTS(cuts));
  tcase_add_test(tcase, test_a_thread_that_fails_ends_the_run);
  tcase_add_test(tcase, test_the_twentieth_finding_is_the_last);
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("run");
  TCase *core = tcase_create("core");
  TCase *stops = tcase_create("stops");
  TCase *order = tcase_create("order");

  tcase_add_loop_test(core, test_a_run_ends_in_its_verdict, 0, G_N_ELEMENTS(verdicts));
  tcase_add_test(core, test_a_step_is_one_executed_command);
  tcase_add_test(core, test_what_a_step_says_follows_its_line);
  tcase_add_test(core, test_a_note_is_no_step);
  add_stops(stops);
  tcase_add_test(order, test_the_hooks_are_used_when_they_are_needed);
  tcase_add_loop_test(order, test_the_seed_decides_a_random_workload, 0, 3);
  tcase_add_loop_test(order, test_get_beside_drop_sees_each_state_in_its_turn, 0, 8);
  suite_add_tcase(suite, core);
  suite_add_tcase(suite, stops);
  suite_add_tcase(suite, order);
  return suite;
}
