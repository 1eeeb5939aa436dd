/* SPDX-License-Identifier: MPL-2.0 */
/* The early allocator: which ranges it takes, how it bumps, and what it leaves. */
#include <fm/boot.h>
#include <string.h>

#include "tests/support.h"

static struct fm_regions regions;
static struct fm_early early;

static void setup(void)
{
  memset(&regions, 0, sizeof(regions));
}

static void add(uint64_t start, uint64_t end, enum fm_region_type type)
{
  regions.at[regions.count++] =
      (struct fm_region){.base = start, .size = end - start, .type = type};
}

static void expect_ranges(uint64_t low, uint64_t low_end, uint64_t high, uint64_t high_end)
{
  fm_early_init(&early, &regions);
  ck_assert_uint_eq(early.low.start, low);
  ck_assert_uint_eq(early.low.next, low);
  ck_assert_uint_eq(early.low.end, low_end);
  ck_assert_uint_eq(early.high.start, high);
  ck_assert_uint_eq(early.high.next, high);
  ck_assert_uint_eq(early.high.end, high_end);
}

/* ---- Which ranges ---- */

START_TEST(without_usable_memory_both_ranges_are_empty)
{
  add(0, GIB, FM_REGION_RECLAIMABLE);
  add(GIB, 8 * GIB, FM_REGION_RESERVED);
  expect_ranges(0, 0, 0, 0);
}
END_TEST

START_TEST(the_largest_usable_part_on_each_side_is_taken)
{
  add(0, MIB, FM_REGION_USABLE);
  add(2 * MIB, GIB, FM_REGION_USABLE);
  add(GIB, 3 * GIB, FM_REGION_RESERVED);
  add(3 * GIB, 3 * GIB + MIB, FM_REGION_USABLE);
  add(5 * GIB, 6 * GIB, FM_REGION_USABLE);
  add(7 * GIB, 9 * GIB, FM_REGION_USABLE);
  add(10 * GIB, 11 * GIB, FM_REGION_USABLE);
  expect_ranges(2 * MIB, GIB, 7 * GIB, 9 * GIB);
}
END_TEST

START_TEST(the_first_of_equals_wins)
{
  add(MIB, 2 * MIB, FM_REGION_USABLE);
  add(3 * MIB, 4 * MIB, FM_REGION_USABLE);
  add(5 * GIB, 6 * GIB, FM_REGION_USABLE);
  add(7 * GIB, 8 * GIB, FM_REGION_USABLE);
  expect_ranges(MIB, 2 * MIB, 5 * GIB, 6 * GIB);
}
END_TEST

START_TEST(a_region_across_4_gib_gives_a_part_to_each_range)
{
  add(3 * GIB, 6 * GIB, FM_REGION_USABLE);
  expect_ranges(3 * GIB, 4 * GIB, 4 * GIB, 6 * GIB);
}
END_TEST

START_TEST(a_part_counts_with_its_own_size_only)
{
  /* 3.5 GiB of it lie above: below it is smaller than the first. */
  add(0, GIB, FM_REGION_USABLE);
  add(4 * GIB - GIB / 2, 7 * GIB, FM_REGION_USABLE);
  add(8 * GIB, 10 * GIB, FM_REGION_USABLE);
  expect_ranges(0, GIB, 4 * GIB, 7 * GIB);
}
END_TEST

START_TEST(a_region_that_ends_at_4_gib_has_nothing_above)
{
  add(GIB, 4 * GIB, FM_REGION_USABLE);
  expect_ranges(GIB, 4 * GIB, 0, 0);
  regions.count = 0;
  add(4 * GIB, 5 * GIB, FM_REGION_USABLE);
  expect_ranges(0, 0, 4 * GIB, 5 * GIB);
}
END_TEST

/* ---- Allocation ---- */

static void expect_alloc(uint64_t size, uint64_t align, uint64_t wanted)
{
  fm_paddr got;
  ck_assert(fm_early_alloc(&early, size, align, &got));
  ck_assert_uint_eq(got.raw, wanted);
}

static void expect_no_room(uint64_t size, uint64_t align)
{
  struct fm_early before = early;
  fm_paddr got = fm_paddr_of(1234);
  ck_assert(!fm_early_alloc(&early, size, align, &got));
  ck_assert_uint_eq(got.raw, 1234);
  ck_assert_mem_eq(&before, &early, sizeof(early));
}

START_TEST(sizes_round_up_to_pages)
{
  add(MIB, 2 * MIB, FM_REGION_USABLE);
  fm_early_init(&early, &regions);
  expect_alloc(1, 4096, MIB);
  expect_alloc(4096, 4096, MIB + 0x1000);
  expect_alloc(4097, 4096, MIB + 0x2000);
  expect_alloc(1, 4096, MIB + 0x4000);
}
END_TEST

START_TEST(addresses_are_aligned_up)
{
  add(MIB + 0x1000, 8 * MIB, FM_REGION_USABLE);
  fm_early_init(&early, &regions);
  expect_alloc(4096, 2 * MIB, 2 * MIB);
  expect_alloc(4096, 0x4000, 2 * MIB + 0x4000);
  expect_alloc(4096, 4096, 2 * MIB + 0x5000);
}
END_TEST

START_TEST(the_low_range_is_tried_first)
{
  add(MIB, MIB + 0x3000, FM_REGION_USABLE);
  add(4 * GIB, 4 * GIB + 0x4000, FM_REGION_USABLE);
  fm_early_init(&early, &regions);
  expect_alloc(0x2000, 4096, MIB);
  expect_alloc(0x2000, 4096, 4 * GIB);
  expect_alloc(0x1000, 4096, MIB + 0x2000);
  expect_alloc(0x2000, 4096, 4 * GIB + 0x2000);
  expect_no_room(1, 4096);
}
END_TEST

START_TEST(what_does_not_fit_changes_nothing)
{
  add(MIB, MIB + 0x3000, FM_REGION_USABLE);
  fm_early_init(&early, &regions);
  expect_no_room(0x3001, 4096);
  expect_no_room(0x1000, 2 * MIB);
  expect_no_room(UINT64_MAX, 4096);
  expect_no_room(UINT64_MAX - 0xfff, 4096);
  expect_no_room(0x1000, UINT64_C(1) << 63);
  expect_alloc(0x3000, 4096, MIB);
}
END_TEST

/* ---- What is left ---- */

static void expect_free(const struct fm_kernel *kernel, const struct fm_range *wanted, size_t count)
{
  struct fm_free_cursor cursor = {0};
  struct fm_range got;

  for (size_t i = 0; i < count; i++) {
    ck_assert(fm_boot_next_free(kernel, &cursor, &got));
    ck_assert_uint_eq(got.start.raw, wanted[i].start.raw);
    ck_assert_uint_eq(got.end.raw, wanted[i].end.raw);
  }
  ck_assert(!fm_boot_next_free(kernel, &cursor, &got));
  ck_assert(!fm_boot_next_free(kernel, &cursor, &got));
}

START_TEST(what_early_memory_leaves_is_free_in_ascending_order)
{
  struct fm_kernel *kernel = g_new0(struct fm_kernel, 1);
  const struct fm_range wanted[] = {
      {{0}, {MIB}},
      {{3 * MIB}, {GIB}},
      {{3 * GIB}, {4 * GIB}},
      {{4 * GIB + 0x5000}, {6 * GIB}},
  };
  add(0, MIB, FM_REGION_USABLE);
  add(MIB, 2 * MIB, FM_REGION_RESERVED);
  add(2 * MIB, GIB, FM_REGION_USABLE);
  add(GIB, 3 * GIB, FM_REGION_UNKNOWN);
  add(3 * GIB, 6 * GIB, FM_REGION_USABLE);
  kernel->regions = regions;
  kernel->early.low = (struct fm_early_range){2 * MIB, 3 * MIB, GIB};
  kernel->early.high = (struct fm_early_range){4 * GIB, 4 * GIB + 0x5000, 6 * GIB};
  expect_free(kernel, wanted, G_N_ELEMENTS(wanted));
  g_free(kernel);
}
END_TEST

START_TEST(a_range_that_is_used_up_leaves_nothing)
{
  struct fm_kernel *kernel = g_new0(struct fm_kernel, 1);

  add(MIB, 2 * MIB, FM_REGION_USABLE);
  kernel->regions = regions;
  kernel->early.low = (struct fm_early_range){MIB, 2 * MIB, 2 * MIB};
  expect_free(kernel, NULL, 0);
  g_free(kernel);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("early");
  TCase *tc = tcase_create("early");

  tcase_add_checked_fixture(tc, setup, NULL);
  tcase_add_test(tc, without_usable_memory_both_ranges_are_empty);
  tcase_add_test(tc, the_largest_usable_part_on_each_side_is_taken);
  tcase_add_test(tc, the_first_of_equals_wins);
  tcase_add_test(tc, a_region_across_4_gib_gives_a_part_to_each_range);
  tcase_add_test(tc, a_part_counts_with_its_own_size_only);
  tcase_add_test(tc, a_region_that_ends_at_4_gib_has_nothing_above);
  tcase_add_test(tc, sizes_round_up_to_pages);
  tcase_add_test(tc, addresses_are_aligned_up);
  tcase_add_test(tc, the_low_range_is_tried_first);
  tcase_add_test(tc, what_does_not_fit_changes_nothing);
  tcase_add_test(tc, what_early_memory_leaves_is_free_in_ascending_order);
  tcase_add_test(tc, a_range_that_is_used_up_leaves_nothing);
  suite_add_tcase(suite, tc);
  return suite;
}
