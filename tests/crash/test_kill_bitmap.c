/* SPDX-License-Identifier: MPL-2.0 */
/* Death in the middle of operations, with allocator bitmap. */
#include "tests/crash/kill.h"
#include "tests/crash/work.h"
#include "tests/suite.h"

START_TEST(a_death_with_the_bitmap_allocator_is_repaired)
{
  kill_all("bitmap", WORK, KILLS(300));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("kill_bitmap");
  TCase *tcase = tcase_create("kill");
  tcase_set_timeout(tcase, KILL_TIMEOUT);
  tcase_add_test(tcase, a_death_with_the_bitmap_allocator_is_repaired);
  suite_add_tcase(suite, tcase);
  return suite;
}
