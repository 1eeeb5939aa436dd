/* SPDX-License-Identifier: MPL-2.0 */
/* The history of a run: stops, and the way back, against runs that stop there by themselves. */
#include "tests/unit/history_support.h"

/* Scripts of every kind: plain, loops, threads with and without a schedule, chance,
 * processes, panics, several machines, findings. */
static const char *const scripts[] = {
    "tests/script/01-sharing.fms",
    "tests/script/12-for-and-repeat.fms",
    "tests/script/18-panic-and-boot.fms",
    "tests/script/20-busy-in-drop.fms",
    "tests/script/23-get-retries.fms",
    "tests/script/25-threads-without-schedule.fms",
    "tests/script/33-panic-in-thread.fms",
    "tests/script/46-a-panic-ends-all-cpus.fms",
    "tests/script/53-choose-weights.fms",
    "tests/script/54-random-thread.fms",
    "tests/script/57-segments.fms",
    "tests/script/66-lists.fms",
    "tests/script/78-machines-one-after-another.fms",
    "tests/script/100-copy-on-write.fms",
    "tests/script/103-processes.fms",
    "tests/script/107-threads-of-one-process.fms",
};

static sim_script *load(const char *path)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  sim_script *script = sim_script_load(path, sim_run_verbs(), sim_run_queries, errors, NULL);
  ck_assert_msg(script != NULL, "%s", path);
  return script;
}

static char *digest_of(const sim_machine *machine)
{
  return machine != NULL ? sim_machine_digest(machine) : g_strdup("no machine");
}

/* The digest where `framesim run --until STEP` stops. */
static char *fresh_digest(const sim_script *script, uint64_t step)
{
  const struct sim_run_options options = {.until_step = step, .build = SIM_BUILD_INSTRUMENTED};
  g_autoptr(sim_run) run = sim_run_new(script, &options);
  (void)sim_run_execute(run);
  return digest_of(sim_run_machine(run));
}

static uint64_t count_steps(const sim_script *script)
{
  const struct sim_run_options options = {.build = SIM_BUILD_INSTRUMENTED};
  struct sim_run_summary summary;
  g_autoptr(sim_run) run = sim_run_new(script, &options);
  (void)sim_run_execute(run);
  sim_run_summary(run, &summary);
  return summary.steps;
}

/* Which step was the nth to come to its end, and the digest then. */
struct stop {
  uint64_t step;
  char *digest;
};

static void stop_clear(gpointer data)
{
  g_free(((struct stop *)data)->digest);
}

/* Forward through the whole script; each stop is where a fresh run stops. */
static GArray *walk(sim_history *history)
{
  GArray *stops = g_array_new(FALSE, FALSE, sizeof(struct stop));
  g_array_set_clear_func(stops, stop_clear);
  const struct sim_history_place *place = sim_history_place(history);
  for (sim_history_step(history, 1); place->stop == SIM_STOP_STEP; sim_history_step(history, 1)) {
    struct stop stop = {place->step, digest_of(sim_history_machine(history))};
    g_array_append_val(stops, stop);
    ck_assert_uint_eq(place->done, stops->len);
  }
  ck_assert_int_eq(place->stop, SIM_STOP_END);
  return stops;
}

static void must_be_at(sim_history *history, const GArray *stops, uint64_t done)
{
  const struct sim_history_place *place = sim_history_place(history);
  g_autofree char *digest = digest_of(sim_history_machine(history));
  ck_assert_uint_eq(place->done, done);
  ck_assert_int_eq(place->stop, done == 0 ? SIM_STOP_START : SIM_STOP_STEP);
  if (done == 0) {
    ck_assert_str_eq(digest, "no machine");
    return;
  }
  const struct stop *stop = &g_array_index(stops, struct stop, done - 1);
  ck_assert_uint_eq(place->step, stop->step);
  ck_assert_str_eq(digest, stop->digest);
}

START_TEST(test_each_step_forward_is_where_a_fresh_run_stops)
{
  g_autoptr(sim_script) script = load(scripts[_i]);
  GArray *stops;
  {
    const struct sim_run_options options = {0};
    g_autoptr(sim_history) history = sim_history_new(script, &options);
    stops = walk(history);
  }
  ck_assert_uint_gt(stops->len, 0);
  for (guint i = 0; i < stops->len; i++) {
    const struct stop *stop = &g_array_index(stops, struct stop, i);
    g_autofree char *fresh = fresh_digest(script, stop->step);
    ck_assert_msg(strcmp(fresh, stop->digest) == 0, "%s: step %d", scripts[_i], (int)stop->step);
  }
  ck_assert_uint_eq(count_steps(script), stops->len);
  g_array_unref(stops);
}
END_TEST

/* One back from every stop, and forward again; then from the end back to each. */
START_TEST(test_back_is_exact_from_everywhere)
{
  g_autoptr(sim_script) script = load(scripts[_i]);
  const struct sim_run_options options = {0};
  g_autoptr(sim_history) history = sim_history_new(script, &options);
  GArray *stops = walk(history);

  for (guint done = stops->len; done > 0; done--) {
    sim_history_back(history, 1);
    must_be_at(history, stops, done - 1);
  }
  for (guint done = 1; done <= stops->len; done++) {
    sim_history_step(history, done);
    must_be_at(history, stops, done);
    sim_history_back(history, done);
    must_be_at(history, stops, 0);
  }
  g_array_unref(stops);
}
END_TEST

/* ---- Within a step ---- */

START_TEST(test_until_stops_right_after_a_point)
{
  struct session s = begin(RACE);

  ck_assert(sim_history_until(s.history, 3, FM_SITE_DROP_DEC));
  ck_assert_int_eq(s.place->stop, SIM_STOP_POINT);
  ck_assert_uint_eq(s.place->step, 3);
  ck_assert_int_eq(s.place->site, FM_SITE_DROP_DEC);
  ck_assert_str_eq(s.place->thread, "A");
  ck_assert(sim_history_look(s.history, "print state @1400"));
  ck_assert_uint_eq(heard(&s, SIM_TEXT_OUTPUT, "      busy"), 1);
  ck_assert(sim_history_look(s.history, "print refcount @1400"));
  ck_assert_uint_eq(heard(&s, SIM_TEXT_OUTPUT, "      0"), 1);
  end(&s);
}
END_TEST

START_TEST(test_steps_under_way_are_known)
{
  struct session s = begin(RACE);
  sim_history_until(s.history, 4, FM_SITE_GET_LOAD);

  const GArray *steps = sim_history_under_way(s.history);
  ck_assert_uint_eq(steps->len, 2);
  const struct sim_history_step *a = &g_array_index(steps, struct sim_history_step, 0);
  const struct sim_history_step *b = &g_array_index(steps, struct sim_history_step, 1);
  ck_assert_str_eq(a->thread, "A");
  ck_assert_int_eq(a->site, FM_SITE_DROP_DEC);
  ck_assert_uint_eq(b->step, 4);
  ck_assert_int_eq(b->site, FM_SITE_GET_LOAD);
  end(&s);
}
END_TEST

START_TEST(test_back_from_within_a_step_is_the_end_of_the_one_before)
{
  struct session s = begin(RACE);
  sim_history_until(s.history, 3, FM_SITE_DROP_DEC);
  sim_history_back(s.history, 1);

  ck_assert_int_eq(s.place->stop, SIM_STOP_STEP);
  ck_assert_uint_eq(s.place->step, 2);
  sim_history_until(s.history, 3, FM_SITE_DROP_FENCE);
  ck_assert_uint_eq(s.place->done, 3); /* B has ended meanwhile */
  sim_history_back(s.history, 1);
  ck_assert_uint_eq(s.place->step, 4);
  end(&s);
}
END_TEST

START_TEST(test_a_step_that_ends_without_the_point_stops_there)
{
  struct session s = begin(RACE);

  ck_assert(sim_history_until(s.history, 4, FM_SITE_GET_CAS));
  ck_assert_int_eq(s.place->stop, SIM_STOP_STEP);
  ck_assert_uint_eq(s.place->step, 4);
  end(&s);
}
END_TEST

START_TEST(test_until_what_is_over_does_nothing)
{
  struct session s = begin(RACE);
  sim_history_until(s.history, 4, FM_SITE_COUNT);

  ck_assert_uint_eq(s.place->step, 4);
  ck_assert(!sim_history_until(s.history, 4, FM_SITE_COUNT));
  ck_assert(!sim_history_until(s.history, 2, FM_SITE_COUNT));
  ck_assert(sim_history_until(s.history, 3, FM_SITE_COUNT)); /* A still is in the middle */
  ck_assert_uint_eq(s.place->step, 3);
  end(&s);
}
END_TEST

START_TEST(test_a_step_of_the_main_program_goes_on_from_its_point)
{
  struct session s = begin(MACHINE "claim @1400 -> f\ndrop f");

  ck_assert(sim_history_until(s.history, 2, FM_SITE_CLAIM_CAS));
  ck_assert(sim_history_until(s.history, 2, FM_SITE_CLAIM_PUBLISH));
  ck_assert_int_eq(s.place->stop, SIM_STOP_POINT);
  ck_assert_int_eq(s.place->site, FM_SITE_CLAIM_PUBLISH);
  end(&s);
}
END_TEST

START_TEST(test_a_panic_behind_a_point_ends_the_kernel_only)
{
  struct session s = begin(MACHINE "claim @1400 -> f\npoke f ref_count = 0x7fffffffffffffff\n"
                                   "expect panic \"\" { get f -> g }");

  ck_assert(sim_history_until(s.history, 4, FM_SITE_GET_LOAD));
  ck_assert_int_eq(s.place->stop, SIM_STOP_POINT);
  sim_history_go(s.history);
  ck_assert_int_eq(s.place->verdict, SIM_VERDICT_HELD);
  end(&s);
}
END_TEST

/* Scripts that nobody waits for. */
static const char *const endless[] = {
    "repeat 1000000000000 { claim @1400 -> f; drop f }",
    "thread A { repeat 1000000000000 { claim @1400 -> f; drop f } }",
    "repeat 1000000000000 { thread A { claim @1400 -> f; drop f }; thread B { show handles } }",
};

START_TEST(test_a_run_that_never_ends_can_be_left)
{
  g_autofree char *body = g_strconcat(MACHINE, endless[_i], NULL);
  struct session s = begin(body);

  sim_history_step(s.history, 1000);
  sim_history_back(s.history, 1);
  ck_assert_uint_eq(s.place->done, 999);
  sim_history_until(s.history, s.place->step + 2, FM_SITE_CLAIM_CAS);
  sim_history_back(s.history, 2000);
  ck_assert_int_eq(s.place->stop, SIM_STOP_START);
  end(&s);
}
END_TEST

START_TEST(test_a_run_goes_on_as_if_it_had_not_been_stopped)
{
  struct session s = begin(RACE);
  struct run *plain;
  while (s.place->stop != SIM_STOP_END) {
    sim_history_until(s.history, s.place->done + 1, FM_SITE_DROP_META);
    (void)sim_history_look(s.history, "show handles");
    sim_history_step(s.history, 1);
  }
  g_autofree char *digest = sim_machine_digest(sim_history_machine(s.history));
  enum sim_verdict verdict = s.place->verdict;
  end(&s);
  plain = run_body(RACE);
  g_autofree char *expected = sim_machine_digest(sim_run_machine(plain->run));
  ck_assert_str_eq(digest, expected);
  ck_assert_int_eq(verdict, plain->verdict);
  run_free(plain);
}
END_TEST

/* ---- What is told ---- */

START_TEST(test_a_step_is_told_once_forward_and_not_on_the_way_back)
{
  struct session s = begin(MACHINE "claim @1400 -> f\ndrop f");
  sim_history_step(s.history, 3);
  sim_history_back(s.history, 2);
  ck_assert_uint_eq(heard(&s, SIM_TEXT_STEP, "boot"), 1);
  ck_assert_uint_eq(heard(&s, SIM_TEXT_STEP, "claim"), 1);
  sim_history_step(s.history, 1);
  ck_assert_uint_eq(heard(&s, SIM_TEXT_STEP, "claim"), 2);
  end(&s);
}
END_TEST

START_TEST(test_the_end_has_the_verdict_of_the_run)
{
  struct session s = begin(MACHINE "claim @1400 -> f");
  sim_history_go(s.history);

  ck_assert_int_eq(s.place->stop, SIM_STOP_END);
  ck_assert_int_eq(s.place->verdict, SIM_VERDICT_VIOLATED);
  ck_assert_uint_eq(heard(&s, SIM_TEXT_MESSAGE, "LEAK"), 1);
  sim_history_step(s.history, 1);
  ck_assert_int_eq(s.place->stop, SIM_STOP_END);
  sim_history_back(s.history, 1);
  ck_assert_int_eq(s.place->stop, SIM_STOP_STEP);
  ck_assert_uint_eq(s.place->step, 1);
  end(&s);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("history");
  TCase *tcase = tcase_create("history");
  tcase_set_timeout(tcase, 60);
  tcase_add_loop_test(tcase, test_each_step_forward_is_where_a_fresh_run_stops, 0,
                      G_N_ELEMENTS(scripts));
  tcase_add_loop_test(tcase, test_back_is_exact_from_everywhere, 0, G_N_ELEMENTS(scripts));
  tcase_add_test(tcase, test_until_stops_right_after_a_point);
  tcase_add_test(tcase, test_steps_under_way_are_known);
  tcase_add_test(tcase, test_back_from_within_a_step_is_the_end_of_the_one_before);
  tcase_add_test(tcase, test_a_step_that_ends_without_the_point_stops_there);
  tcase_add_test(tcase, test_until_what_is_over_does_nothing);
  tcase_add_test(tcase, test_a_step_of_the_main_program_goes_on_from_its_point);
  tcase_add_test(tcase, test_a_panic_behind_a_point_ends_the_kernel_only);
  tcase_add_loop_test(tcase, test_a_run_that_never_ends_can_be_left, 0, G_N_ELEMENTS(endless));
  tcase_add_test(tcase, test_a_run_goes_on_as_if_it_had_not_been_stopped);
  tcase_add_test(tcase, test_a_step_is_told_once_forward_and_not_on_the_way_back);
  tcase_add_test(tcase, test_the_end_has_the_verdict_of_the_run);
  suite_add_tcase(suite, tcase);
  return suite;
}
