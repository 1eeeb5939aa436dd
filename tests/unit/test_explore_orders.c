/* SPDX-License-Identifier: MPL-2.0 */
/* The nine orderings that the slots need: each, if it is weakened, is found by a small program;
 * and with one order of all accesses none of that shows. */
#include "tests/unit/explore_support.h"

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

static const struct {
  enum fm_site site;
  const char *threads[3];
} rows[] = {
    {FM_SITE_CLAIM_CAS, {"+read,drop", "claim"}},
    {FM_SITE_CLAIM_PUBLISH, {"claim", "get,read"}},
    {FM_SITE_GET_CAS, {"claim", "get,read"}},
    {FM_SITE_DROP_DEC, {"+read,drop", "+unique,write,drop"}},
    {FM_SITE_DROP_FENCE, {"+read,drop", "+drop,claim"}},
    {FM_SITE_DROP_UNUSED, {"+read,drop", "claim"}},
    {FM_SITE_DROP_UNUSED, {"+unique,write,drop", "claim"}},
    {FM_SITE_UNIQUE_PUBLISH, {"+unique,write,share", "get,read"}},
    {FM_SITE_UNIQUE_CAS, {"+read,drop", "+unique,write,drop"}},
};

static enum sim_explore_verdict verdict_of(int row, enum sim_explore_model model, bool weaken)
{
  struct sim_explore_program program = cast_program();
  struct sim_explore_options options;
  struct sim_explore_result result;
  sim_explore_options_init(&options);
  options.model = model;
  if (weaken)
    options.order[rows[row].site] = FM_ORDER_RELAXED + 1;
  ck_assert(sim_explore_run(&program, &options, &result, NULL));
  enum sim_explore_verdict verdict = result.verdict;
  if (result.first != NULL)
    ck_assert_int_eq(result.first->finding.kind, SIM_EXPLORE_RACE);
  sim_explore_result_clear(&result);
  return verdict;
}

START_TEST(a_weakened_order_is_found)
{
  for (int i = 0; i < 3 && rows[_i].threads[i] != NULL; i++)
    cast_add(rows[_i].threads[i]);
  cast_open();
  ck_assert_int_eq(verdict_of(_i, SIM_EXPLORE_C11, false), SIM_EXPLORE_HELD);
  ck_assert_int_eq(verdict_of(_i, SIM_EXPLORE_C11, true), SIM_EXPLORE_VIOLATED);
  ck_assert_int_eq(verdict_of(_i, SIM_EXPLORE_SC, true), SIM_EXPLORE_HELD);
  ck_assert_int_eq(verdict_of(_i, SIM_EXPLORE_TSO, true), SIM_EXPLORE_HELD);
}
END_TEST

/* Without the fence at all it is the same as with a relaxed one. */
START_TEST(a_fence_that_is_missing_is_found)
{
  cast_add("+read,drop");
  cast_add("+drop,claim");
  cast_open();
  struct sim_explore_program program = cast_program();
  struct sim_explore_options options;
  struct sim_explore_result result;
  sim_explore_options_init(&options);
  options.no_fence[FM_SITE_DROP_FENCE] = true;
  ck_assert(sim_explore_run(&program, &options, &result, NULL));
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_VIOLATED);
  ck_assert_int_eq(result.first->finding.kind, SIM_EXPLORE_RACE);
  sim_explore_result_clear(&result);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("explore_orders");
  TCase *tcase = tcase_create("orders");
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_add_loop_test(tcase, a_weakened_order_is_found, 0, G_N_ELEMENTS(rows));
  tcase_add_test(tcase, a_fence_that_is_missing_is_found);
  suite_add_tcase(suite, tcase);
  return suite;
}
