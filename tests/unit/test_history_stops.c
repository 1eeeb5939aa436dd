/* SPDX-License-Identifier: MPL-2.0 */
/* What else stops a run: breakpoints and interruptions; and what can be asked there. */
#include "tests/unit/history_support.h"

/* ---- Breakpoints ---- */

START_TEST(test_breakpoints_stop_at_steps_points_and_frames)
{
  struct session s = begin(RACE);
  ck_assert_uint_eq(sim_history_break_step(s.history, 1), 1);
  ck_assert_uint_eq(sim_history_break_point(s.history, FM_SITE_GET_LOAD), 2);
  ck_assert_uint_eq(sim_history_break_frame(s.history, fm_paddr_of(1400 * 4096)), 3);

  sim_history_go(s.history);
  ck_assert_uint_eq(s.place->breakpoint, 1);
  sim_history_go(s.history);
  ck_assert_uint_eq(s.place->breakpoint, 3);
  ck_assert_int_eq(s.place->site, FM_SITE_CLAIM_CAS);
  ck_assert_str_eq(s.place->before, "unused");
  ck_assert_str_eq(s.place->after, "busy");
  sim_history_go(s.history);
  ck_assert_str_eq(s.place->after, "shared 1, anon");
  sim_history_go(s.history);
  ck_assert_int_eq(s.place->site, FM_SITE_DROP_DEC);
  sim_history_go(s.history);
  ck_assert_uint_eq(s.place->breakpoint, 2);
  ck_assert_str_eq(s.place->after, "");
  ck_assert(sim_history_delete(s.history, 3));
  ck_assert(!sim_history_delete(s.history, 3));
  sim_history_go(s.history);
  ck_assert_int_eq(s.place->stop, SIM_STOP_END);
  ck_assert_uint_eq(s.place->breakpoint, 0);
  end(&s);
}
END_TEST

START_TEST(test_a_steps_breakpoint_is_its_end)
{
  struct session s = begin(RACE);
  sim_history_break_step(s.history, 3);
  sim_history_go(s.history);

  ck_assert_int_eq(s.place->stop, SIM_STOP_STEP);
  ck_assert_int_eq(s.place->site, FM_SITE_COUNT);
  ck_assert_uint_eq(s.place->done, 4); /* B was faster */
  end(&s);
}
END_TEST

START_TEST(test_a_frames_breakpoint_begins_anew_with_the_run)
{
  struct session s = begin(RACE);
  sim_history_break_frame(s.history, fm_paddr_of(1400 * 4096));
  sim_history_go(s.history);
  sim_history_go(s.history);
  ck_assert_str_eq(s.place->after, "shared 1, anon");
  sim_history_back(s.history, 99);
  sim_history_step(s.history, 1);
  ck_assert_uint_eq(s.place->breakpoint, 0);
  sim_history_go(s.history);
  ck_assert_str_eq(s.place->before, "unused");
  end(&s);
}
END_TEST

START_TEST(test_the_way_back_passes_breakpoints)
{
  struct session s = begin(RACE);
  sim_history_break_point(s.history, FM_SITE_CLAIM_CAS);
  sim_history_go(s.history);
  sim_history_go(s.history);
  sim_history_back(s.history, 1);

  ck_assert_int_eq(s.place->stop, SIM_STOP_STEP);
  ck_assert_uint_eq(s.place->breakpoint, 0);
  end(&s);
}
END_TEST

/* ---- Looking ---- */

START_TEST(test_a_mistake_in_a_look_is_none_of_the_script)
{
  struct session s = begin(MACHINE "claim @1400 -> f\ndrop f");
  sim_history_step(s.history, 2);

  ck_assert(!sim_history_look(s.history, "show list f"));
  ck_assert(!sim_history_look(s.history, "print nosuch(f)"));
  ck_assert(!sim_history_look(s.history, "claim @1401"));
  ck_assert(!sim_history_look(s.history, ""));
  ck_assert_uint_eq(heard(&s, SIM_TEXT_MESSAGE, "prompt:1:"), 3);
  sim_history_go(s.history);
  ck_assert_int_eq(s.place->verdict, SIM_VERDICT_HELD);
  end(&s);
}
END_TEST

START_TEST(test_names_are_those_that_are_bound_by_now)
{
  struct session s = begin(MACHINE "pool p\nfor i in 0..2 { claim @1400 + i -> a[i] }\n"
                                   "claim @1500 -> b\nend expecting leak a, b");
  sim_history_step(s.history, 3);
  g_auto(GStrv) names = sim_history_names(s.history);
  g_autofree char *joined = g_strjoinv(" ", names);

  ck_assert_str_eq(joined, "a i p");
  ck_assert(sim_history_look(s.history, "print i"));
  ck_assert_uint_eq(heard(&s, SIM_TEXT_OUTPUT, "      0"), 1);
  end(&s);
}
END_TEST

/* ---- Interruption ---- */

static volatile sig_atomic_t interrupted;

START_TEST(test_an_interruption_stops_and_can_be_left)
{
  struct run *run = run_load(MACHINE "repeat 3 { note \"x\" }\nclaim @1400 -> f\ndrop f");
  run->options.interrupted = &interrupted;
  sim_history *history = sim_history_new(run->script, &run->options);
  const struct sim_history_place *place = sim_history_place(history);

  sim_history_step(history, 1);
  interrupted = 1;
  sim_history_go(history);
  ck_assert_int_eq(place->stop, SIM_STOP_INTERRUPTED);
  ck_assert_uint_eq(place->done, 1);
  interrupted = 0;
  sim_history_go(history);
  ck_assert_int_eq(place->stop, SIM_STOP_END);
  ck_assert_int_eq(place->verdict, SIM_VERDICT_HELD);
  interrupted = 1;
  ck_assert_ptr_null(sim_history_why(history, fm_paddr_of(1400 * 4096)));
  interrupted = 0;
  sim_history_free(history);
  run_free(run);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("history_stops");
  TCase *tcase = tcase_create("history_stops");
  tcase_add_test(tcase, test_breakpoints_stop_at_steps_points_and_frames);
  tcase_add_test(tcase, test_a_steps_breakpoint_is_its_end);
  tcase_add_test(tcase, test_a_frames_breakpoint_begins_anew_with_the_run);
  tcase_add_test(tcase, test_the_way_back_passes_breakpoints);
  tcase_add_test(tcase, test_a_mistake_in_a_look_is_none_of_the_script);
  tcase_add_test(tcase, test_names_are_those_that_are_bound_by_now);
  tcase_add_test(tcase, test_an_interruption_stops_and_can_be_left);
  suite_add_tcase(suite, tcase);
  return suite;
}
