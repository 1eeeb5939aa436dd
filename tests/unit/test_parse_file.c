/* SPDX-License-Identifier: MPL-2.0 */
/* Scripts in files, and files that include each other. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/error.h"
#include "tests/suite.h"
#include "tests/unit/script_support.h"

/* ---- Files ---- */

static char *folder;

static void make_folder(void)
{
  folder = g_dir_make_tmp("fm-test-parse-XXXXXX", NULL);
  ck_assert_ptr_nonnull(folder);
}

static char *path_of(const char *name)
{
  return g_build_filename(folder, name, NULL);
}

static void remove_folder(void)
{
  GDir *dir = g_dir_open(folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *path = path_of(name);
    unlink(path);
  }
  g_dir_close(dir);
  rmdir(folder);
  g_clear_pointer(&folder, g_free);
}

static void put(const char *name, const char *text)
{
  g_autofree char *path = path_of(name);

  ck_assert(g_file_set_contents(path, text, -1, NULL));
}

/* Loads a file of the folder; a script is freed by the caller, errors are compared by
 * what they contain. */
static sim_script *load(const char *name, const char *expected_error)
{
  g_autofree char *path = path_of(name);
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GError) error = NULL;
  sim_script *script = sim_script_load(path, test_verbs, test_queries, errors, &error);

  ck_assert_int_eq(script == NULL, error != NULL);
  if (expected_error == NULL) {
    ck_assert_msg(script != NULL, "%s", error == NULL ? "" : error->message);
    return script;
  }
  ck_assert_ptr_null(script);
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_USAGE));
  ck_assert_uint_eq(errors->len, 1);
  ck_assert_msg(strstr(g_ptr_array_index(errors, 0), expected_error) != NULL, "%s",
                (char *)g_ptr_array_index(errors, 0));
  return NULL;
}

START_TEST(test_included_commands_stand_in_place_of_the_include)
{
  put("a.fms", "framesim 1\npool p\nrepeat 2 { include \"b.fms\" }\n"
               "choose { 1: include \"c.fms\" 2: check }");
  put("b.fms", "framesim 1\ndrop p; include \"c.fms\"");
  put("c.fms", "boot");
  g_autoptr(sim_script) script = load("a.fms", NULL);
  g_autoptr(GString) tree = g_string_new(NULL);

  script_dump_block(tree, script->body);
  ck_assert_str_eq(tree->str, "{pool NAME=p; repeat NUMBER=2 BLOCK={drop HANDLE=p; boot}; "
                              "choose CHOICES=1:{boot}2:{check}}");
}
END_TEST

START_TEST(test_a_place_in_an_included_file_names_that_file)
{
  put("a.fms", "framesim 1\ninclude \"b.fms\"; pool q");
  put("b.fms", "\n  pool p");
  g_autoptr(sim_script) script = load("a.fms", NULL);
  g_autofree char *inner = sim_place_to_string(script->body->first->place);
  g_autofree char *outer = sim_place_to_string(script->body->first->next->place);

  ck_assert_msg(g_str_has_suffix(inner, "/b.fms:2:3"), "%s", inner);
  ck_assert_msg(g_str_has_suffix(outer, "/a.fms:2:18"), "%s", outer);
}
END_TEST

START_TEST(test_an_error_in_an_included_file_is_told_once_with_its_place)
{
  put("a.fms", "framesim 1\ninclude \"b.fms\"\nboot");
  put("b.fms", "boot\nclam 8");
  ck_assert_ptr_null(load("a.fms", "/b.fms:2:1: error: unknown command 'clam'"));
}
END_TEST

START_TEST(test_a_brace_cannot_be_closed_by_another_file)
{
  put("a.fms", "framesim 1\nrepeat 2 { include \"b.fms\"\nboot }");
  put("b.fms", "boot }");
  ck_assert_ptr_null(load("a.fms", "/b.fms:1:6: error: this '}' closes nothing"));
}
END_TEST

START_TEST(test_a_file_that_includes_itself_is_refused_with_the_chain)
{
  g_autofree char *chain = NULL;

  put("a.fms", "framesim 1\ninclude \"b.fms\"");
  put("b.fms", "include \"./a.fms\"");
  chain = g_strdup_printf("b.fms:1:9: error: this file includes itself: "
                          "%s/a.fms -> %s/b.fms -> %s/./a.fms\n",
                          folder, folder, folder);
  ck_assert_ptr_null(load("a.fms", chain));
}
END_TEST

START_TEST(test_includes_are_limited_in_depth_and_number)
{
  put("0.fms", "framesim 1\ninclude \"1.fms\"");
  for (guint i = 1; i <= SIM_SCRIPT_INCLUDE_DEPTH + 1; i++) {
    g_autofree char *name = g_strdup_printf("%u.fms", i);
    g_autofree char *text = g_strdup_printf("include \"%u.fms\"", i + 1);
    put(name, i == SIM_SCRIPT_INCLUDE_DEPTH + 1 ? "boot" : text);
  }
  ck_assert_ptr_null(load("0.fms", "/16.fms:1:9: error: files include each other more than 16"));
  put("16.fms", "boot");
  sim_script_free(load("0.fms", NULL));

  g_autofree char *many = script_times("include \"16.fms\"\n", SIM_SCRIPT_INCLUDES + 1);
  g_autofree char *text = g_strconcat("framesim 1\n", many, NULL);
  put("0.fms", text);
  ck_assert_ptr_null(load("0.fms", "0.fms:258:9: error: more than 256 files are included"));
}
END_TEST

START_TEST(test_a_script_and_its_includes_are_limited_together)
{
  g_autofree char *blanks = g_strnfill(SIM_SCRIPT_BYTES / 2, ' ');

  put("blanks.fms", blanks);
  put("a.fms", "framesim 1\ninclude \"blanks.fms\"");
  sim_script_free(load("a.fms", NULL));
  put("a.fms", "framesim 1\ninclude \"blanks.fms\"\ninclude \"blanks.fms\"");
  ck_assert_ptr_null(load("a.fms", "/a.fms:3:9: error: '"));
}
END_TEST

START_TEST(test_a_missing_script_is_an_input_error)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GError) error = NULL;

  ck_assert_ptr_null(
      sim_script_load("/nonexistent/a.fms", test_verbs, test_queries, errors, &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
  ck_assert_uint_eq(errors->len, 0);
}
END_TEST

static TCase *file_cases(void)
{
  TCase *tcase = tcase_create("files");

  tcase_add_checked_fixture(tcase, make_folder, remove_folder);
  tcase_add_test(tcase, test_included_commands_stand_in_place_of_the_include);
  tcase_add_test(tcase, test_a_place_in_an_included_file_names_that_file);
  tcase_add_test(tcase, test_an_error_in_an_included_file_is_told_once_with_its_place);
  tcase_add_test(tcase, test_a_brace_cannot_be_closed_by_another_file);
  tcase_add_test(tcase, test_a_file_that_includes_itself_is_refused_with_the_chain);
  tcase_add_test(tcase, test_includes_are_limited_in_depth_and_number);
  tcase_add_test(tcase, test_a_script_and_its_includes_are_limited_together);
  tcase_add_test(tcase, test_a_missing_script_is_an_input_error);
  return tcase;
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("parse_file");

  suite_add_tcase(suite, file_cases());
  return suite;
}
