/* SPDX-License-Identifier: MPL-2.0 */
/* The inputs that are kept for fuzzing, each fed to its reader: what was found once stays
 * found.  A finding aborts the test; the line above it says which promise is broken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "tests/fuzz/fuzz.h"
#include "tests/suite.h"

#define CORPUS "tests/fuzz/corpus"

enum { CORPUS_MAX = 300 * 1024 }; /* bytes, all of it */

static char *source_file(const char *name)
{
  const char *root = getenv("FM_TEST_SOURCE");

  return g_build_filename(root != NULL ? root : ".", name, NULL);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is in a folder of the tree, in the order of the names. */
static GPtrArray *names_in(const char *folder)
{
  g_autofree char *path = source_file(folder);
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  const char *name;

  ck_assert_msg(dir != NULL, "%s", error != NULL ? error->message : "");
  while ((name = g_dir_read_name(dir)) != NULL)
    g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, by_name);
  return names;
}

static char *read_input(const char *folder, const char *name, gsize *ret_size)
{
  g_autofree char *inside = g_build_filename(folder, name, NULL);
  g_autofree char *path = source_file(inside);
  g_autoptr(GError) error = NULL;
  char *bytes = NULL;

  ck_assert_msg(g_file_get_contents(path, &bytes, ret_size, &error), "%s",
                error != NULL ? error->message : "");
  return bytes;
}

/* The last name on standard error is that of the input that ended the test. */
static enum fuzz_answer feed_input(const char *target, const char *folder, const char *name)
{
  gsize size;
  g_autofree char *bytes = read_input(folder, name, &size);

  (void)fprintf(stderr, "%s/%s\n", folder, name);
  return fuzz_find(target)(target, (const uint8_t *)bytes, size);
}

START_TEST(what_is_kept_for_a_target_holds)
{
  g_autofree const char **targets = fuzz_targets();
  g_autofree char *folder = g_build_filename(CORPUS, targets[_i], NULL);
  g_autoptr(GPtrArray) names = names_in(folder);
  guint answers[FUZZ_PASSED + 1] = {0};

  for (guint i = 0; i < names->len; i++)
    answers[feed_input(targets[_i], folder, g_ptr_array_index(names, i))]++;
  /* A corpus with nothing to read, or without a mistake, would be none.  What is not fed is
   * only there for the lines that decide so. */
  ck_assert_uint_gt(answers[FUZZ_TAKEN], 0);
  ck_assert_uint_gt(answers[FUZZ_REFUSED], 0);
}
END_TEST

START_TEST(nothing_is_kept_for_targets_that_do_not_exist)
{
  g_autoptr(GPtrArray) names = names_in(CORPUS);

  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    ck_assert_msg(fuzz_find(name) != NULL, "%s/%s: no such target", CORPUS, name);
  }
}
END_TEST

START_TEST(all_that_is_kept_is_small)
{
  g_autofree const char **targets = fuzz_targets();
  gsize sum = 0, size;

  for (guint i = 0; targets[i] != NULL; i++) {
    g_autofree char *folder = g_build_filename(CORPUS, targets[i], NULL);
    g_autoptr(GPtrArray) names = names_in(folder);
    for (guint k = 0; k < names->len; k++) {
      g_autofree char *bytes = read_input(folder, g_ptr_array_index(names, k), &size);
      sum += size;
    }
  }
  ck_assert_uint_le(sum, CORPUS_MAX);
}
END_TEST

START_TEST(each_target_is_built)
{
  g_autofree const char **targets = fuzz_targets();
  g_autofree char *path = source_file("tests/fuzz/meson.build");
  g_autofree char *text = NULL;

  ck_assert(g_file_get_contents(path, &text, NULL, NULL));
  for (guint i = 0; targets[i] != NULL; i++) {
    g_autofree char *row = g_strdup_printf("\n  '%s',\n", targets[i]);
    ck_assert_msg(strstr(text, row) != NULL, "%s: no row for '%s'", path, targets[i]);
  }
}
END_TEST

Suite *fm_test_suite(void)
{
  g_autofree const char **targets = fuzz_targets();
  Suite *suite = suite_create("corpus");
  TCase *tc = tcase_create("corpus");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, what_is_kept_for_a_target_holds, 0, (int)g_strv_length((char **)targets));
  tcase_add_test(tc, nothing_is_kept_for_targets_that_do_not_exist);
  tcase_add_test(tc, all_that_is_kept_is_small);
  tcase_add_test(tc, each_target_is_built);
  suite_add_tcase(suite, tc);
  return suite;
}
