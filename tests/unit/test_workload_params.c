/* SPDX-License-Identifier: MPL-2.0 */
/* Parameters of workloads: which kind has which, ranges, and what is said of mistakes. */
#include "sim/workload/workload.h"
#include "tests/suite.h"

static const struct {
  const char *kind;
  const char *text;
  const char *message;
} mistakes[] = {
    {"stacks", "dept=3", "workload stacks has no parameter 'dept'; did you mean 'depth'?"},
    {"fork-storm", "orders=0:1",
     "workload fork-storm has no parameter 'orders'; there are: ops, cpus, remote, live, pages, "
     "writes, stream"},
    {"churn", "ops", "a parameter is key=value, not 'ops'"},
    {"churn", "ops=0", "'ops' is 1 to 18446744073709551615, not 0"},
    {"churn", "remote=101", "'remote' is 0 to 100, not 101"},
    {"churn", "cpus=65", "'cpus' is 1 to 64, not 65"},
    {"bulk", "frees=revers", "'frees' cannot be 'revers'"},
    {"churn", "orders=0", "'orders' wants order:weight, as in 0:8,9:1, not '0'"},
    {"churn", "orders=0:1,,1:1", "'orders' wants order:weight, as in 0:8,9:1, not '0:1,,1:1'"},
    {"churn", "orders=16:1", "orders are 0 to 15, with weights from 0 to 4294967295: not 16:1"},
    {"churn", "orders=0:4G",
     "orders are 0 to 15, with weights from 0 to 4294967295: not "
     "0:4294967296"},
    {"churn", "orders=1:1,1:2", "order 1 is given twice"},
};

START_TEST(a_mistake_is_told_with_what_may_be_meant)
{
  g_autoptr(GError) error = NULL;
  struct sim_workload_spec spec;
  ck_assert(sim_workload_spec_init(&spec, mistakes[_i].kind, NULL));
  ck_assert(!sim_workload_set_text(&spec, mistakes[_i].text, &error));
  ck_assert_str_eq(error->message, mistakes[_i].message);
  sim_workload_spec_clear(&spec);
}
END_TEST

START_TEST(an_unknown_kind_is_told_with_the_nearest)
{
  g_autoptr(GError) error = NULL;
  struct sim_workload_spec spec;
  ck_assert(!sim_workload_spec_init(&spec, "fork_storm", &error));
  ck_assert_str_eq(error->message, "unknown workload 'fork_storm'; did you mean 'fork-storm'?");
  ck_assert_ptr_null(sim_workload_keys("fork_storm"));
}
END_TEST

START_TEST(a_parameter_has_the_value_that_was_given)
{
  struct sim_workload_spec spec;
  ck_assert(sim_workload_spec_init(&spec, "bulk", NULL));
  ck_assert(sim_workload_set_text(&spec, "ops=4K", NULL));
  ck_assert(sim_workload_set_text(&spec, "frees=forward", NULL));
  ck_assert(sim_workload_set_text(&spec, "stream=mine", NULL));
  ck_assert(sim_workload_set_text(&spec, "orders=2:3,15:7", NULL));
  ck_assert_uint_eq(spec.numbers[SIM_WORKLOAD_OPS], 4096);
  ck_assert_int_eq(spec.frees, SIM_WORKLOAD_FORWARD);
  ck_assert_str_eq(spec.stream, "mine");
  for (guint order = 0; order < SIM_WORKLOAD_ORDERS; order++)
    ck_assert_uint_eq(spec.weights[order], order == 2 ? 3 : order == 15 ? 7 : 0);
  ck_assert_str_eq(sim_workload_spec_kind(&spec), "bulk");
  sim_workload_spec_clear(&spec);
}
END_TEST

START_TEST(orders_given_later_take_the_place_of_all_before)
{
  struct sim_workload_spec spec;
  ck_assert(sim_workload_spec_init(&spec, "churn", NULL));
  ck_assert(sim_workload_set_text(&spec, "orders=2:3", NULL));
  ck_assert(sim_workload_set_text(&spec, "orders=4:1", NULL));
  ck_assert_uint_eq(spec.weights[2], 0);
  ck_assert_uint_eq(spec.weights[4], 1);
  sim_workload_spec_clear(&spec);
}
END_TEST

START_TEST(weights_that_are_all_zero_choose_nothing)
{
  g_autoptr(GError) error = NULL;
  struct sim_workload_spec spec;
  ck_assert(sim_workload_spec_init(&spec, "churn", NULL));
  ck_assert(sim_workload_spec_check(&spec, NULL));
  ck_assert(sim_workload_set_text(&spec, "orders=0:0", NULL));
  ck_assert(!sim_workload_spec_check(&spec, &error));
  ck_assert_str_eq(error->message, "all weights of 'orders' are 0: nothing can be chosen");
  sim_workload_spec_clear(&spec);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("workload_params");
  TCase *tests = tcase_create("parameters");

  tcase_add_loop_test(tests, a_mistake_is_told_with_what_may_be_meant, 0, G_N_ELEMENTS(mistakes));
  tcase_add_test(tests, an_unknown_kind_is_told_with_the_nearest);
  tcase_add_test(tests, a_parameter_has_the_value_that_was_given);
  tcase_add_test(tests, orders_given_later_take_the_place_of_all_before);
  tcase_add_test(tests, weights_that_are_all_zero_choose_nothing);
  suite_add_tcase(suite, tests);
  return suite;
}
