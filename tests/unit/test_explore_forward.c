/* SPDX-License-Identifier: MPL-2.0 */
/* Searches that leave something out: bounded, random, limited. */
#include "tests/unit/explore_litmus.h"

static void options_of(struct sim_explore_options *options, const char *program)
{
  sim_explore_options_init(options);
  litmus_parse(program);
}

/* With more preemptions than there are accesses nothing is left out. */
START_TEST(a_generous_bound_leaves_nothing_out)
{
  static const char *const programs[] = {"Wx1 Ry | Wy1 Rx", "Ux Ux | Ux", "Wx1 Wy2 | Wy1 Wx2",
                                         "Wx1 Wy1r | Uy | Rya Rx", "Cx01 Cx12 | Cx02 | Rx Rx"};
  for (unsigned i = 0; i < G_N_ELEMENTS(programs); i++)
    for (int model = 0; model < SIM_EXPLORE_MODELS; model++) {
      struct sim_explore_options options;
      struct sim_explore_result all;
      struct sim_explore_result bounded;
      options_of(&options, programs[i]);
      options.model = (enum sim_explore_model)model;
      litmus_run(&options, &all);
      litmus_clear(&all);
      options.bounded = true;
      options.preemptions = 16;
      litmus_run(&options, &bounded);
      ck_assert_int_eq(bounded.verdict, SIM_EXPLORE_HELD);
      ck_assert_msg(bounded.complete == all.complete, "%s by %s: %u and %u", programs[i],
                    sim_explore_model_name(options.model), (unsigned)all.complete,
                    (unsigned)bounded.complete);
      litmus_clear(&bounded);
    }
}
END_TEST

/* Without one, each thread runs to its end: with sc there are two ways. */
START_TEST(no_preemption_is_one_thread_after_the_other)
{
  struct sim_explore_options options;
  struct sim_explore_result result;
  options_of(&options, "Wx1 Ry Wx2 | Wy1 Rx Wy2");
  options.model = SIM_EXPLORE_SC;
  options.bounded = true;
  litmus_run(&options, &result);
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_LIMIT);
  ck_assert_str_eq(result.limit, "preemptions");
  ck_assert_uint_eq(result.complete, 2);
  litmus_clear(&result);
}
END_TEST

START_TEST(a_random_search_is_the_same_for_the_same_seed)
{
  uint64_t complete[3];
  for (int i = 0; i < 3; i++) {
    struct sim_explore_options options;
    struct sim_explore_result result;
    options_of(&options, "Ux Ux Uy | Ux Uy Uy | Uy Ux Ux | Ry Rx Ry");
    options.random = true;
    options.executions = 200;
    options.seed = i == 2 ? 1 : 0;
    litmus_run(&options, &result);
    ck_assert_int_eq(result.verdict, SIM_EXPLORE_LIMIT);
    ck_assert_uint_eq(result.runs, 200);
    ck_assert_uint_eq(result.complete + result.redundant, 200);
    ck_assert_uint_eq(g_hash_table_size(litmus.outcomes) != 0, true);
    complete[i] = g_hash_table_size(litmus.outcomes) * 1000 + result.complete;
    litmus_clear(&result);
  }
  ck_assert_uint_eq(complete[0], complete[1]);
  ck_assert_uint_ne(complete[0], complete[2]);
}
END_TEST

/* And finds what weak memory allows. */
START_TEST(a_random_search_reads_old_values)
{
  struct sim_explore_options options;
  struct sim_explore_result result;
  options_of(&options, "Wx1 Wy1 | Ry Rx");
  options.random = true;
  options.executions = 200;
  litmus_run(&options, &result);
  ck_assert(g_hash_table_contains(litmus.outcomes, "10;110"));
  litmus_clear(&result);
}
END_TEST

START_TEST(a_limit_is_no_verification)
{
  struct sim_explore_options options;
  struct sim_explore_result result;
  options_of(&options, "Ux Ux Ux | Ux Ux Ux | Ux Ux Ux");
  options.executions = 10;
  litmus_run(&options, &result);
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_LIMIT);
  ck_assert_str_eq(result.limit, "executions");
  ck_assert_uint_eq(result.complete, 10);
  litmus_clear(&result);

  options.executions = 0;
  options.steps = 8;
  litmus_run(&options, &result);
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_LIMIT);
  ck_assert_str_eq(result.limit, "steps");
  ck_assert_uint_eq(result.complete, 0);
  litmus_clear(&result);
}
END_TEST

START_TEST(an_interrupt_ends_the_search)
{
  struct sim_explore_options options;
  struct sim_explore_result result;
  volatile sig_atomic_t interrupt = 1;
  options_of(&options, "Ux Ux Ux | Ux Ux Ux | Ux Ux Ux");
  options.interrupt = &interrupt;
  litmus_run(&options, &result);
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_LIMIT);
  ck_assert_str_eq(result.limit, "interrupt");
  ck_assert_uint_eq(result.runs, 1);
  litmus_clear(&result);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("explore_forward");
  TCase *tcase = tcase_create("forward");
  tcase_add_test(tcase, a_generous_bound_leaves_nothing_out);
  tcase_add_test(tcase, no_preemption_is_one_thread_after_the_other);
  tcase_add_test(tcase, a_random_search_is_the_same_for_the_same_seed);
  tcase_add_test(tcase, a_random_search_reads_old_values);
  tcase_add_test(tcase, a_limit_is_no_verification);
  tcase_add_test(tcase, an_interrupt_ends_the_search);
  suite_add_tcase(suite, tcase);
  return suite;
}
