/* SPDX-License-Identifier: MPL-2.0 */
/* How much the lint says; what it finds is in tests/script. */
#include "sim/script/run.h"
#include "tests/suite.h"

enum { MISTAKES = SIM_SCRIPT_ERRORS + 10 };

/* One mistake a line, as often as it is repeated. */
static const char *const mistakes[] = {
    "expect error Unused { }", /* cannot fail */
    "end",                     /* all but the last are followed by something */
    "claim 0x2345000 as nothing",
};

/* The messages about `times` lines of a kind. */
static GPtrArray *lint_lines(const char *line, guint times)
{
  GPtrArray *errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GString) text = g_string_new("framesim 1\n");

  for (guint i = 0; i < times; i++)
    g_string_append_printf(text, "%s\n", line);
  g_autoptr(sim_source) source = sim_source_new("test.fms", text->str, text->len);
  g_autoptr(sim_script) script = sim_script_parse(source, sim_run_verbs(), sim_run_queries, errors);
  ck_assert_ptr_nonnull(script);
  ck_assert(!sim_run_lint(script, NULL, errors));
  return errors;
}

START_TEST(many_mistakes_are_cut_like_those_of_the_parser)
{
  g_autoptr(GPtrArray) errors = lint_lines(mistakes[_i], MISTAKES);

  ck_assert_uint_eq(errors->len, SIM_SCRIPT_ERRORS + 1);
  ck_assert_str_ne(g_ptr_array_index(errors, SIM_SCRIPT_ERRORS - 1), "too many errors\n");
  ck_assert_str_eq(g_ptr_array_index(errors, SIM_SCRIPT_ERRORS), "too many errors\n");
}
END_TEST

START_TEST(as_many_as_may_be_are_all_told)
{
  g_autoptr(GPtrArray) errors = lint_lines(mistakes[0], SIM_SCRIPT_ERRORS);

  ck_assert_uint_eq(errors->len, SIM_SCRIPT_ERRORS);
  ck_assert_str_ne(g_ptr_array_index(errors, SIM_SCRIPT_ERRORS - 1), "too many errors\n");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("lint");
  TCase *tc = tcase_create("lint");

  tcase_add_loop_test(tc, many_mistakes_are_cut_like_those_of_the_parser, 0,
                      G_N_ELEMENTS(mistakes));
  tcase_add_test(tc, as_many_as_may_be_are_all_told);
  suite_add_tcase(suite, tc);
  return suite;
}
