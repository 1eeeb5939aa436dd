/* SPDX-License-Identifier: MPL-2.0 */
/* What every mistake in a script is told, and what is refused as too much. */
#include <string.h>

#include "tests/suite.h"
#include "tests/unit/script_support.h"

/* The whole of the only message, but without its echo of the line. */
static void check_error(const char *body, const char *expected)
{
  struct script_parsed parsed = script_parse_body(body);
  g_auto(GStrv) lines = NULL;
  g_autofree char *short_message = NULL;
  const char *hint;

  ck_assert_msg(parsed.errors->len == 1, "%u messages, the last: %s", parsed.errors->len,
                parsed.errors->len > 0 ? script_message(&parsed, parsed.errors->len - 1) : "");
  lines = g_strsplit(script_message(&parsed, 0), "\n", -1);
  hint = lines[2] + strlen("      | ");
  hint += strspn(hint, " ^~");
  short_message = g_strdup_printf("%s%s%s", lines[0] + strlen("t.fms:"), *hint ? " / " : "", hint);
  ck_assert_str_eq(short_message, expected);
  script_done(&parsed);
}

/* ---- Mistakes ---- */

static const char *const error_cases[][2] = {
    {"clam 8", "2:1: error: unknown command 'clam' / did you mean 'claim'?"},
    {"xyzzy", "2:1: error: unknown command 'xyzzy'"},
    {"-> f", "2:1: error: expected a command, not '->'"},
    {"claim", "2:6: error: expected an address after 'claim' / "
              "for example: claim 0x2345000 as anon -> f"},
    {"claim as anon", "2:7: error: expected an address after 'claim' / "
                      "for example: claim 0x2345000 as anon -> f"},
    {"claim 8 az anon", "2:9: error: unexpected 'az' after '8' / did you mean 'as'?"},
    {"claim 8 as", "2:11: error: expected a type after 'as' / "
                   "for example: claim 0x2345000 as anon -> f"},
    {"claim 8 unique unique", "2:16: error: unexpected 'unique' after 'unique' / "
                              "for example: claim 0x2345000 as anon -> f"},
    {"boot now", "2:6: error: unexpected 'now' after 'boot' / 'boot' takes no arguments"},
    {"alloc frames = 3", "2:14: error: expected a number after 'frames' / "
                         "an option is written 'key value', and equality '=='"},
    {"drop 8", "2:6: error: expected a handle after 'drop' / for example: drop f"},
    {"alloc ->", "2:9: error: expected a name after '->' / "
                 "usage: alloc [frames NUMBER] [as TYPE] [BIND]"},
    {"alloc -> not", "2:10: error: 'not' is an operator and cannot be a name"},
    {"alloc -> state", "2:10: error: 'state' asks for a property and cannot be a name"},
    {"protect 8 acess rw", "2:11: error: expected 'access' after '8' / did you mean 'access'?"},
    {"protect 8 access rx",
     "2:18: error: expected 'rw' or 'ro' or 'none' after 'access' / did you mean 'rw'?"},
    {"print (1", "2:9: error: expected ')' after '1' / usage: print EXPR_LIST"},
    {"print 1,", "2:9: error: expected a value after ',' / usage: print EXPR_LIST"},
    {"print 1 < 2 < 3",
     "2:13: error: comparisons cannot be chained / join two comparisons with 'and'"},
    {"print 12z", "2:7: error: this is not a number / "
                  "numbers are 123 or 0x7b, with K, M, G or T for 2^10, 2^20, 2^30 or 2^40"},
    {"print 1 && 2", "2:9: error: there is no operator '&' / write 'and'"},
    {"title \"x", "2:7: error: this string is not closed on its line / add a '\"'"},
    {"framesim 1", "2:1: error: 'framesim' can only be the first command of a file"},
    {"}", "2:1: error: this '}' closes nothing"},
    {"repeat 2 {\n boot", "2:10: error: this '{' is never closed"},
    {"repeat 1 { repeat 2 { boot }", "2:10: error: this '{' is never closed"},
    {"repeat { boot }", "2:8: error: expected a number after 'repeat' / "
                        "for example: repeat 500 { alloc -> p }"},
    {"for i on 0..3 { boot }", "2:7: error: expected 'in' after 'i' / did you mean 'in'?"},
    {"for i in 3 { boot }", "2:12: error: expected '..' after '3' / "
                            "for example: for i in 0..32 by 2 { drop a[i] }"},
    {"choose { }", "2:8: error: there is nothing to choose from / "
                   "choose { 6: alloc -> p   5: drop any p }"},
    {"choose { boot }", "2:15: error: expected ':' after 'boot' / "
                        "for example: choose { 6: alloc -> p   5: drop any p }"},
    {"choose { 3: bot }", "2:13: error: unknown command 'bot' / did you mean 'boot'?"},
    {"machine { ram 1 cpu 2 }", "2:17: error: unknown key 'cpu' / did you mean 'cpus'?"},
    {"machine { ram cpus 2 }", "2:15: error: expected a number after 'ram' / "
                               "for example: ram 64M"},
    {"machine { ram=1 }", "2:14: error: expected a number after 'ram' / "
                          "an option is written 'key value', and equality '=='"},
    {"machine { ram 1; ram 2 }", "2:18: error: 'ram' is given twice"},
    {"expect eror X { boot }", "2:8: error: 'eror' is no property / did you mean 'error'?"},
    {"pool f; expect refcont f == 1",
     "2:16: error: 'refcont' is no property / did you mean 'refcount'?"},
    {"pool f; expect refcount f", "2:26: error: expected a comparison such as '== 1' after 'f' / "
                                  "for example: expect refcount f == 2"},
    {"thread A { }\nschedule A", "3:11: error: expected ':' after 'A' / "
                                 "for example: schedule A:drop.dec B:get.load A:* B:*"},
    {"thread Left { }\nschedule Leftt:*", "3:10: error: there is no thread 'Leftt' / "
                                          "did you mean 'Left'?"},
    {"alloc -> lead; drop leda", "2:21: error: nothing binds the name 'leda' / "
                                 "did you mean 'lead'?"},
    {"drop f", "2:6: error: nothing binds the name 'f' / "
               "'-> f' would bind it; so do pool, param and for"},
    {"alloc -> a[i]", "2:12: error: nothing binds the name 'i' / "
                      "'-> i' would bind it; so do pool, param and for"},
    {"expect refcount f == 1", "2:17: error: nothing binds the name 'f' / "
                               "'-> f' would bind it; so do pool, param and for"},
    {"param half = 2; claim half-page", "2:28: error: nothing binds the name 'page' / "
                                        "'-> page' would bind it; so do pool, param and for"},
    {"pool p; drop p, p", "2:15: error: unexpected ',' after 'p' / for example: drop f"},
    {"alloc -> a ro err", "2:12: error: unexpected 'ro' after 'a' / did you mean 'or'?"},
    {"print a[1]", "2:7: error: nothing binds the name 'a' / "
                   "'-> a' would bind it; so do pool, param and for"},
    {"param bad = 1; print bad- memory", "2:27: error: nothing binds the name 'memory' / "
                                         "'-> memory' would bind it; so do pool, param and for"},
    {"param bad = 1; print bad -memory", "2:27: error: nothing binds the name 'memory' / "
                                         "'-> memory' would bind it; so do pool, param and for"},
    {"param b = 1; param c = 1; claim x-b-c", "2:33: error: nothing binds the name 'x' / "
                                              "'-> x' would bind it; so do pool, param and for"},
    {"include x", "2:9: error: expected a file name in quotes after 'include' / "
                  "for example: include \"common.fms\""},
    {"include \"/nonexistent/x\"",
     "2:9: error: cannot read '/nonexistent/x': No such file or directory"},
    {"include \"/dev/zero\"", "2:9: error: cannot read '/dev/zero': it is not a plain file"},
};

START_TEST(test_a_mistake_is_named_at_its_place)
{
  check_error(error_cases[_i][0], error_cases[_i][1]);
}
END_TEST

START_TEST(test_a_script_must_begin_with_its_version)
{
  static const char *const cases[][2] = {
      {"", "t.fms:1:1: error: a script starts with its language version\n"},
      {"# x\n\nboot", "t.fms:3:1: error: a script starts with its language version\n"},
      {"framesim 2\nwhatever", "t.fms:1:10: error: unknown language version 2\n"},
      {"framesim", "t.fms:1:9: error: expected a number after 'framesim'\n"},
      {"framesim one", "t.fms:1:10: error: the version must be a plain number\n"},
  };
  struct script_parsed parsed = script_parse_bytes(cases[_i][0], strlen(cases[_i][0]));

  ck_assert_uint_eq(parsed.errors->len, 1);
  ck_assert_msg(g_str_has_prefix(script_message(&parsed, 0), cases[_i][1]), "%s",
                script_message(&parsed, 0));
  script_done(&parsed);
}
END_TEST

START_TEST(test_parsing_goes_on_after_an_error_and_hidden_names_are_not_missed)
{
  struct script_parsed parsed = script_parse_body("clam 8 -> f\n"
                                                  "foor i in 0..3 {\n  alloc -> a[i] }\n"
                                                  "drop f; drop a[i]\n"
                                                  "repeat 2 { bot; boot } }\n"
                                                  "check now\n");

  ck_assert_uint_eq(parsed.errors->len, 5);
  ck_assert(g_str_has_prefix(script_message(&parsed, 0), "t.fms:2:1: "));
  ck_assert(g_str_has_prefix(script_message(&parsed, 1), "t.fms:3:1: "));
  ck_assert(g_str_has_prefix(script_message(&parsed, 2), "t.fms:6:12: "));
  ck_assert(g_str_has_prefix(script_message(&parsed, 3), "t.fms:6:24: "));
  ck_assert(g_str_has_prefix(script_message(&parsed, 4), "t.fms:7:7: "));
  script_done(&parsed);
}
END_TEST

START_TEST(test_a_brace_left_open_in_an_unreadable_command_is_told_too)
{
  struct script_parsed parsed = script_parse_body("atomic {\nbogus { boot }\n xyzzy {");

  ck_assert_uint_eq(parsed.errors->len, 3);
  ck_assert(g_str_has_prefix(script_message(&parsed, 0), "t.fms:3:1: error: unknown command"));
  ck_assert(g_str_has_prefix(script_message(&parsed, 1), "t.fms:4:2: error: unknown command"));
  ck_assert(g_str_has_prefix(script_message(&parsed, 2), "t.fms:4:8: error: this '{' is never"));
  script_done(&parsed);
}
END_TEST

START_TEST(test_only_twenty_errors_are_told)
{
  static const char *const bad[] = {"xyzzy\n", "drop f\n", "schedule A:*\n"};
  g_autofree char *twenty = script_times(bad[_i], 20), *more = script_times(bad[_i], 500);
  struct script_parsed some = script_parse_body(twenty), many = script_parse_body(more);

  ck_assert_uint_eq(some.errors->len, SIM_SCRIPT_ERRORS);
  ck_assert_uint_eq(many.errors->len, SIM_SCRIPT_ERRORS + 1);
  ck_assert_str_eq(script_message(&many, SIM_SCRIPT_ERRORS), "too many errors\n");
  script_done(&some);
  script_done(&many);
}
END_TEST

/* ---- Limits ---- */

/* A script that nests `depth` levels deep in some way. */
static char *nested(guint depth, guint how)
{
  static const char *const parts[][3] = {
      {"atomic { ", "boot", " }"}, {"(", "1", ")"},   {"-", "1", ""},
      {"not ", "1", ""},           {"f(", "1", ")"},  {"choose { 1: ", "boot", " }"},
      {"state ", "1", ""},         {"1 + ", "1", ""},
  };
  gboolean command = how == 0 || how == 5;
  g_autofree char *open = script_times(parts[how][0], depth),
                  *close = script_times(parts[how][2], depth);

  return g_strconcat(command ? "" : "print ", open, parts[how][1], close, NULL);
}

START_TEST(test_nesting_is_limited)
{
  g_autofree char *shallow = nested(SIM_SCRIPT_DEPTH - 2, (guint)_i);
  g_autofree char *deep = nested(SIM_SCRIPT_DEPTH + 1, (guint)_i);
  g_autofree char *deepest = nested(100000, (guint)_i);
  struct script_parsed fine = script_parse_body(shallow), refused = script_parse_body(deep),
                       also = script_parse_body(deepest);

  ck_assert_msg(fine.script != NULL, "%s", fine.script ? "" : script_message(&fine, 0));
  ck_assert_ptr_nonnull(
      strstr(script_message(&refused, 0), _i == 7 ? "too many operators" : "nested"));
  ck_assert_uint_eq(also.errors->len, 1);
  script_done(&fine);
  script_done(&refused);
  script_done(&also);
}
END_TEST

START_TEST(test_a_script_larger_than_the_limit_is_refused)
{
  g_autofree char *blanks = g_strnfill(SIM_SCRIPT_BYTES, ' ');
  struct script_parsed parsed = script_parse_body(blanks);

  ck_assert_uint_eq(parsed.errors->len, 1);
  ck_assert_ptr_nonnull(strstr(script_message(&parsed, 0), "larger than 8 MiB"));
  script_done(&parsed);
}
END_TEST

static TCase *mistake_cases(void)
{
  TCase *tcase = tcase_create("errors");

  tcase_add_loop_test(tcase, test_a_mistake_is_named_at_its_place, 0, G_N_ELEMENTS(error_cases));
  tcase_add_loop_test(tcase, test_a_script_must_begin_with_its_version, 0, 5);
  tcase_add_test(tcase, test_parsing_goes_on_after_an_error_and_hidden_names_are_not_missed);
  tcase_add_test(tcase, test_a_brace_left_open_in_an_unreadable_command_is_told_too);
  tcase_add_loop_test(tcase, test_only_twenty_errors_are_told, 0, 3);
  tcase_add_loop_test(tcase, test_nesting_is_limited, 0, 8);
  tcase_add_test(tcase, test_a_script_larger_than_the_limit_is_refused);
  return tcase;
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("parse_errors");

  suite_add_tcase(suite, mistake_cases());
  return suite;
}
