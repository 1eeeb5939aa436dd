/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one main() of all unit tests: each test file supplies fm_test_suite().
 *
 * Output is TAP on standard output, and nothing else goes there.  With FM_TEST_NOFORK=1
 * (sanitizers, debuggers) everything runs in one process.  Tests that expect a signal or
 * an exit stand in a test case with the tag "death", which CK_EXCLUDE_TAGS=death leaves out.
 *
 * Tests that need what not every machine has are reported as skipped where it is missing; with
 * FM_TEST_NOSKIP=1, where everything has to be run, as failed.
 */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/suite.h"

static bool is_set(const char *name)
{
  const char *value = getenv(name);
  return value != NULL && strcmp(value, "1") == 0;
}

/* In place of the tests. */
static int report_missing(const char *missing)
{
  if (is_set("FM_TEST_NOSKIP")) {
    (void)printf("1..1\nnot ok 1 - nothing may be skipped here: %s\n", missing);
    (void)fprintf(stderr, "nothing may be skipped here: %s\n", missing);
    return EXIT_FAILURE;
  }
  (void)printf("1..1\nok 1 # SKIP %s\n", missing);
  return EXIT_SUCCESS;
}

int main(void)
{
  const char *missing = fm_test_missing != NULL ? fm_test_missing() : NULL;
  if (missing != NULL)
    return report_missing(missing);

  SRunner *runner = srunner_create(fm_test_suite());

  srunner_set_tap(runner, "-");
  if (is_set("FM_TEST_NOFORK"))
    srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_SILENT);

  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
