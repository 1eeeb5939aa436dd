/* SPDX-License-Identifier: MPL-2.0 */
/* Values of expressions, up to the ends of 64 bits. */
#include <string.h>

#include "tests/unit/run_support.h"

#define MACHINE "machine { ram 8M  kernel 2M 1M  allocator none }\nboot\n"

static const struct {
  const char *expr;
  uint64_t value;
} numbers[] = {
    {"0", 0},
    {"18446744073709551615", UINT64_MAX},
    {"0xfffffffffffffffe + 1", UINT64_MAX},
    {"1 - 1", 0},
    {"0xffffffffffffffff - 0xffffffffffffffff", 0},
    {"0xffffffff * 0x100000001", UINT64_MAX},
    {"0xffffffffffffffff / 0xffffffffffffffff", 1},
    {"0xffffffffffffffff % 16", 15},
    {"7 / 2", 3},
    {"2 + 3 * 4", 14},
    {"(2 + 3) * 4", 20},
    {"10 - 3 - 2", 5},
    {"64K", 65536},
    {"1T", UINT64_C(1) << 40},
    {"@0", 0},
    {"@0xfffffffffffff", 0xfffffffffffff000},
    {"@3 + 1", 12289},
};

START_TEST(test_a_number_comes_out_exactly)
{
  g_autofree char *body = g_strdup_printf("param X = %s", numbers[_i].expr);
  struct run *run = run_body(body);
  const struct sim_binding *binding = g_hash_table_lookup(run->run->names, "X");

  run_must_hold(run);
  ck_assert_ptr_nonnull(binding);
  ck_assert_int_eq(binding->kind, SIM_BINDING_VALUE);
  ck_assert_int_eq(binding->value.kind, SIM_VALUE_NUMBER);
  ck_assert_uint_eq(binding->value.number, numbers[_i].value);
  run_free(run);
}
END_TEST

static const char *const overflows[][2] = {
    {"0xffffffffffffffff + 1", "the sum passes 2^64"},
    {"0 - 1", "the difference is below 0"},
    {"0x100000000 * 0x100000000", "the product passes 2^64"},
    {"1 / 0", "division by 0"},
    {"1 % 0", "division by 0"},
    {"1 / (1 - 1)", "division by 0"},
    {"@0x10000000000000", "the address of this frame passes 2^64"},
};

START_TEST(test_a_number_that_does_not_fit_is_an_error)
{
  g_autofree char *body = g_strdup_printf("param X = %s", overflows[_i][0]);
  struct run *run = run_body(body);

  ck_assert_int_eq(run->verdict, SIM_VERDICT_UNUSABLE);
  run_must_say(run, 0, overflows[_i][1]);
  ck_assert_ptr_null(g_hash_table_lookup(run->run->names, "X"));
  run_free(run);
}
END_TEST

static const struct {
  const char *condition;
  bool held;
} conditions[] = {
    {"1 == 1", true},
    {"1 != 1", false},
    {"0 < 0xffffffffffffffff", true},
    {"0xffffffffffffffff < 0", false},
    {"2 < 2", false},
    {"2 <= 2", true},
    {"3 <= 2", false},
    {"2 >= 2", true},
    {"2 > 2", false},
    {"not 1 == 2", true},
    {"1 == 1 and 1 == 2", false},
    {"1 == 2 or 1 == 1", true},
    {"1 == 1 or 1 == 1 and 1 == 2", true},
    {"(1 == 1 or 1 == 1) and 1 == 2", false},
    /* The second side is not looked at when the first decides. */
    {"1 == 1 or 1 / 0 == 1", true},
    {"not (1 == 2 and 1 / 0 == 1)", true},
    {"refcount f == 1", true},
    {"state f == shared", true},
    {"type f == anon", true},
    {"type @1500 == none", true},
    {"in_list f == 0", true},
    {"holders f == 1", true},
    {"paddr f == @1400", true},
    {"paddr(f) + 4K == @1401", true},
    {"state @1401 == unused", true},
    {"free == 0", true},
};

START_TEST(test_a_condition_is_judged)
{
  g_autofree char *body =
      g_strdup_printf(MACHINE "claim @1400 -> f\nexpect %s\ndrop f", conditions[_i].condition);
  struct run *run = run_body(body);

  ck_assert_int_eq(run->verdict, conditions[_i].held ? SIM_VERDICT_HELD : SIM_VERDICT_VIOLATED);
  ck_assert_uint_eq(run->summary.findings, conditions[_i].held ? 0 : 1);
  ck_assert_uint_eq(run->summary.expectations, 1);
  run_free(run);
}
END_TEST

static const char *const misuses[][2] = {
    {"f == f", "cannot compare handle f with handle f"},
    {"shared < unique", "words can only be compared with == and !="},
    {"1 == shared", "cannot compare 1 with shared"},
    {"refcount(8M) == 1", "has no slot"},
    {"refcount(@1400 + 1) == 1", "has no slot"},
    {"refcount(0xffffffffffffffff) == 1", "has no slot"},
    {"f + 1 == 1", "expected a number, not handle f"},
};

START_TEST(test_a_misused_value_is_an_error)
{
  g_autofree char *body =
      g_strdup_printf(MACHINE "claim @1400 -> f\nexpect %s\ndrop f", misuses[_i][0]);
  struct run *run = run_body(body);

  ck_assert_int_eq(run->verdict, SIM_VERDICT_UNUSABLE);
  run_must_say(run, 0, misuses[_i][1]);
  run_must_say(run, 0, "test.fms:5:");
  run_free(run);
}
END_TEST

START_TEST(test_a_value_is_written_as_people_read_it)
{
  struct sim_value small = {.kind = SIM_VALUE_NUMBER, .number = 4095};
  struct sim_value large = {.kind = SIM_VALUE_NUMBER, .number = 4096};
  struct sim_value word = {.kind = SIM_VALUE_WORD, .text = "busy"};
  struct sim_value string = {.kind = SIM_VALUE_STRING, .text = "a b"};
  g_autofree char *first = sim_value_to_string(&small);
  g_autofree char *second = sim_value_to_string(&large);
  g_autofree char *third = sim_value_to_string(&word);
  g_autofree char *fourth = sim_value_to_string(&string);

  ck_assert_str_eq(first, "4095");
  ck_assert_str_eq(second, "0x1000");
  ck_assert_str_eq(third, "busy");
  ck_assert_str_eq(fourth, "\"a b\"");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("value");
  TCase *core = tcase_create("core");

  tcase_add_loop_test(core, test_a_number_comes_out_exactly, 0, G_N_ELEMENTS(numbers));
  tcase_add_loop_test(core, test_a_number_that_does_not_fit_is_an_error, 0,
                      G_N_ELEMENTS(overflows));
  tcase_add_loop_test(core, test_a_condition_is_judged, 0, G_N_ELEMENTS(conditions));
  tcase_add_loop_test(core, test_a_misused_value_is_an_error, 0, G_N_ELEMENTS(misuses));
  tcase_add_test(core, test_a_value_is_written_as_people_read_it);
  suite_add_tcase(suite, core);
  return suite;
}
