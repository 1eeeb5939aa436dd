/* SPDX-License-Identifier: MPL-2.0 */
/* Random numbers: the published sequence, streams, and even ranges. */
#include <string.h>

#include "sim/rng.h"
#include "tests/suite.h"

START_TEST(the_generator_is_xoshiro256_starstar)
{
  /* The first numbers from state 1, 2, 3, 4, as other implementations publish them. */
  static const uint64_t published[] = {
      UINT64_C(11520),
      UINT64_C(0),
      UINT64_C(1509978240),
      UINT64_C(1215971899390074240),
      UINT64_C(1216172134540287360),
      UINT64_C(607988272756665600),
      UINT64_C(16172922978634559625),
      UINT64_C(8476171486693032832),
      UINT64_C(10595114339597558777),
      UINT64_C(2904607092377533576),
  };
  struct sim_rng rng = {{1, 2, 3, 4}};

  for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
    ck_assert_uint_eq(sim_rng_next(&rng), published[i]);
}
END_TEST

START_TEST(the_state_is_seeded_by_splitmix64)
{
  /* FNV-1a of "" is the basis itself, so this seed makes the state of seed 0. */
  static const uint64_t published[] = {
      UINT64_C(0xe220a8397b1dcdaf),
      UINT64_C(0x6e789e6aa1b965f4),
      UINT64_C(0x06c45d188009454f),
      UINT64_C(0xf88bb8a8724c81ec),
  };
  struct sim_rng rng;

  sim_rng_init(&rng, UINT64_C(0xcbf29ce484222325), "");
  ck_assert_mem_eq(rng.state, published, sizeof(published));
}
END_TEST

START_TEST(seed_and_name_decide_the_sequence)
{
  struct sim_rng first, same, other_name, other_seed;

  sim_rng_init(&first, 7, "choose");
  sim_rng_init(&same, 7, "choose");
  sim_rng_init(&other_name, 7, "chooses");
  sim_rng_init(&other_seed, 8, "choose");
  for (int i = 0; i < 100; i++) {
    uint64_t value = sim_rng_next(&first);
    ck_assert_uint_eq(sim_rng_next(&same), value);
    ck_assert_uint_ne(sim_rng_next(&other_name), value);
    ck_assert_uint_ne(sim_rng_next(&other_seed), value);
  }
}
END_TEST

START_TEST(a_range_is_kept_and_filled)
{
  static const uint64_t limits[] = {1, 2, 3, 7, 10, 64};
  struct sim_rng rng;

  sim_rng_init(&rng, 0, "range");
  for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
    unsigned counts[64] = {0};
    for (unsigned n = 0; n < limits[i] * 1000; n++) {
      uint64_t value = sim_rng_below(&rng, limits[i]);
      ck_assert_uint_lt(value, limits[i]);
      counts[value]++;
    }
    /* 1000 expected, deviation about 32: six of them never happen by chance. */
    for (uint64_t value = 0; value < limits[i]; value++)
      ck_assert(counts[value] > 800 && counts[value] < 1200);
  }
}
END_TEST

START_TEST(a_range_that_does_not_divide_2_to_the_64_is_even)
{
  /* Of 3 * 2^62 numbers, plain remainders would make the lower third twice as likely. */
  const uint64_t third = UINT64_C(1) << 62;
  unsigned counts[3] = {0};
  struct sim_rng rng;

  sim_rng_init(&rng, 0, "large range");
  for (unsigned n = 0; n < 3000; n++)
    counts[sim_rng_below(&rng, 3 * third) / third]++;
  for (unsigned i = 0; i < 3; i++)
    ck_assert(counts[i] > 850 && counts[i] < 1150);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("rng");
  TCase *tc = tcase_create("rng");

  tcase_add_test(tc, the_generator_is_xoshiro256_starstar);
  tcase_add_test(tc, the_state_is_seeded_by_splitmix64);
  tcase_add_test(tc, seed_and_name_decide_the_sequence);
  tcase_add_test(tc, a_range_is_kept_and_filled);
  tcase_add_test(tc, a_range_that_does_not_divide_2_to_the_64_is_even);
  suite_add_tcase(suite, tc);
  return suite;
}
