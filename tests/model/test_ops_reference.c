/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Our answers to operation sequences, line by line beside those of the real kernel code
 * (release semantics, buddy allocator, one CPU): addresses, errors, counts, free bytes and
 * the state of every frame at the end.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/model/ops_replay.h"
#include "tests/suite.h"

static char *load(const char *name, const char *suffix)
{
  const char *data = g_getenv("FM_TEST_DATA");
  g_autofree char *file = g_strconcat(name, suffix, NULL);
  g_autofree char *path = g_build_filename(data != NULL ? data : "tests/data", "ops", file, NULL);
  g_autoptr(GError) error = NULL;
  char *text = NULL;
  ck_assert_msg(g_file_get_contents(path, &text, NULL, &error), "%s",
                error != NULL ? error->message : "");
  return text;
}

START_TEST(test_the_answers_are_those_of_the_real_kernel)
{
  g_autofree char *name = g_strdup_printf("r%d", _i);
  g_autofree char *script = load(name, ".in");
  g_autofree char *reference = load(name, ".out");
  g_autofree char *ours = ops_replay(script);
  g_auto(GStrv) expected = g_strsplit(reference, "\n", -1);
  g_auto(GStrv) found = g_strsplit(ours, "\n", -1);
  guint at = 0;

  for (guint i = 0; expected[i] != NULL; i++) {
    if (expected[i][0] == '#')
      continue;
    ck_assert_msg(found[at] != NULL && strcmp(expected[i], found[at]) == 0,
                  "%s.out:%u: the kernel: '%s', ours: '%s'", name, i + 1, expected[i],
                  found[at] != NULL ? found[at] : "(nothing)");
    at++;
  }
  ck_assert_msg(found[at] == NULL, "ours goes on: '%s'", found[at]);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("ops_reference");
  TCase *tcase = tcase_create("core");
  tcase_set_timeout(tcase, 60);
  tcase_add_loop_test(tcase, test_the_answers_are_those_of_the_real_kernel, 1, 9);
  suite_add_tcase(suite, tcase);
  return suite;
}
