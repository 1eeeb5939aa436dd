/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one main() of all unit tests: each test file supplies fm_test_suite().
 *
 * Output is TAP on standard output, and nothing else goes there.  With FM_TEST_NOFORK=1
 * (sanitizers, debuggers) everything runs in one process.  Tests that expect a signal or
 * an exit stand in a test case with the tag "death", which CK_EXCLUDE_TAGS=death leaves out.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/suite.h"

int main(void)
{
  const char *nofork = getenv("FM_TEST_NOFORK");
  SRunner *runner = srunner_create(fm_test_suite());

  srunner_set_tap(runner, "-");
  if (nofork != NULL && strcmp(nofork, "1") == 0)
    srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_SILENT);

  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
