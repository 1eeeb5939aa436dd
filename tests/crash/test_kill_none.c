/* SPDX-License-Identifier: MPL-2.0 */
/* Death in the middle of operations on frames by address, which nobody allocates. */
#include "tests/crash/kill.h"
#include "tests/suite.h"

#define WORK                                                                                       \
  "boot\n"                                                                                         \
  "claim 0x500000 as anon -> f\n"                                                                  \
  "clone f -> g\n"                                                                                 \
  "drop f\n"                                                                                       \
  "claim 0x501000 unique as link meta 5 -> u\n"                                                    \
  "segment 0x510000..0x516000 as typed -> s\n"                                                     \
  "split s at 16K -> t\n"                                                                          \
  "segment 0x520000..0x528000 as anon -> w or busy\n"                                              \
  "claim 0x533000 -> in_the_way\n"                                                                 \
  "expect error InUse { segment 0x530000..0x538000 as anon -> x }\n"                               \
  "list l\n"                                                                                       \
  "for i in 0..5 { claim 0x540000 + i * 4K unique as link -> n; push l n }\n"                      \
  "pop l back -> n\n"                                                                              \
  "repurpose n as anon\n"                                                                          \
  "reset n\n"                                                                                      \
  "next s -> first\n"                                                                              \
  "segment from first -> one\n"                                                                    \
  "drop w\n"                                                                                       \
  "repurpose u as typed\n"                                                                         \
  "shared u\n"                                                                                     \
  "drop u\n"                                                                                       \
  "drop l\n"

START_TEST(a_death_without_an_allocator_is_repaired)
{
  kill_all("none", WORK, KILLS(200));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("kill_none");
  TCase *tcase = tcase_create("kill");
  tcase_set_timeout(tcase, KILL_TIMEOUT);
  tcase_add_test(tcase, a_death_without_an_allocator_is_repaired);
  suite_add_tcase(suite, tcase);
  return suite;
}
