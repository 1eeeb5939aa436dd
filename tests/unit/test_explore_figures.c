/* SPDX-License-Identifier: MPL-2.0 */
/* Numbers of executions of small programs on one slot, which an independent model checker for
 * RC11 has, too. */
#include <stdio.h>

#include "tests/unit/explore_support.h"

/* The thread sanitizer makes each fiber anew for each execution, which takes it milliseconds. */
enum { DROPPERS = FM_UNDER_TSAN ? 5 : 7 };

static void setup(void)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.cpus = 2;
  config.sim.allocator = FM_ALLOCATOR_NONE;
  test_machine_boot_with(&config);
}

static void teardown(void)
{
  cast_clear();
  test_teardown();
}

struct figure {
  const char *threads[3];
  uint32_t retries;
  uint64_t complete;
  uint64_t blocked;
};

static const struct figure figures[] = {
    {{"claim", "get,read"}, 0, 3, 0},
    {{"claim,drop", "get,drop"}, 0, 6, 1},
    {{"+read,drop", "+read,drop"}, 0, 2, 0},
    {{"+drop", "+drop,claim"}, 0, 4, 0},
    {{"+drop", "claim"}, 0, 3, 0},
    {{"claim,drop", "claim,drop"}, 0, 8, 0},
    {{"+drop", "get,drop", "claim,drop"}, 0, 23, 4},
    {{"+read,drop", "+unique,write,drop"}, 0, 3, 0},
    {{"claim,drop", "get,drop"}, 9, 9, 0},
    {{"+drop", "get,drop", "claim,drop"}, 9, 62, 0},
};

START_TEST(a_program_has_as_many_executions_as_elsewhere)
{
  const struct figure *figure = &figures[_i];
  for (int i = 0; i < 3 && figure->threads[i] != NULL; i++)
    cast_add(figure->threads[i]);
  cast_open();
  cast.seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  struct sim_explore_program program = cast_program();
  struct sim_explore_options options;
  struct sim_explore_result result;
  sim_explore_options_init(&options);
  options.retries = figure->retries;
  ck_assert(sim_explore_run(&program, &options, &result, NULL));
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_HELD);
  ck_assert_uint_eq(result.complete, figure->complete);
  ck_assert_uint_eq(result.distinct, figure->complete);
  ck_assert_uint_eq(result.blocked, figure->blocked);
  ck_assert_uint_eq(cast.again, 0);
  sim_explore_result_clear(&result);
}
END_TEST

/* The order of the decrements, and nothing else. */
START_TEST(droppers_have_as_many_executions_as_permutations)
{
  static const uint64_t factorials[] = {1, 1, 2, 6, 24, 120, 720, 5040};
  if (FM_UNDER_TSAN)
    printf("# under the thread sanitizer up to %d droppers only\n", DROPPERS);
  for (uint32_t n = 2; n <= DROPPERS; n++) {
    cast_clear();
    for (uint32_t i = 0; i < n; i++)
      cast_add("+drop");
    cast_open();
    cast.seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    struct sim_explore_program program = cast_program();
    struct sim_explore_options options;
    struct sim_explore_result result;
    sim_explore_options_init(&options);
    ck_assert(sim_explore_run(&program, &options, &result, NULL));
    ck_assert_int_eq(result.verdict, SIM_EXPLORE_HELD);
    ck_assert_uint_eq(result.complete, factorials[n]);
    ck_assert_uint_eq(cast.again, 0);
    sim_explore_result_clear(&result);
    teardown();
    setup();
  }
}
END_TEST

/* With the compare-exchange as relaxed as the kernel has it. */
START_TEST(a_relaxed_unique_conversion_is_a_race)
{
  cast_add("+read,drop");
  cast_add("+unique,write,drop");
  cast_open();
  struct sim_explore_program program = cast_program();
  struct sim_explore_options options;
  struct sim_explore_result result;
  sim_explore_options_init(&options);
  options.all = true;
  options.order[FM_SITE_UNIQUE_CAS] = FM_ORDER_RELAXED + 1;
  ck_assert(sim_explore_run(&program, &options, &result, NULL));
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_VIOLATED);
  ck_assert_uint_eq(result.findings, 1);
  ck_assert_uint_eq(result.complete, 2);
  const sim_execution *first = result.first;
  ck_assert_int_eq(first->finding.kind, SIM_EXPLORE_RACE);
  ck_assert_int_ge(first->finding.first, 0);
  ck_assert_int_ge(first->finding.second, 0);
  ck_assert_int_eq(first->events[first->finding.first].site, FM_SITE_IO_READ);
  ck_assert_int_eq(first->events[first->finding.second].site, FM_SITE_IO_WRITE);
  sim_explore_result_clear(&result);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("explore_figures");
  TCase *tcase = tcase_create("figures");
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_add_loop_test(tcase, a_program_has_as_many_executions_as_elsewhere, 0,
                      G_N_ELEMENTS(figures));
  tcase_add_test(tcase, droppers_have_as_many_executions_as_permutations);
  tcase_add_test(tcase, a_relaxed_unique_conversion_is_a_race);
  suite_add_tcase(suite, tcase);
  return suite;
}
