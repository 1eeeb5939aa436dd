/* SPDX-License-Identifier: MPL-2.0 */
/* Allocators "bitmap" and "none": first fit, alignment, and who keeps what. */
#include <fm/alloc.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "tests/support.h"

#define FIRST (3 * MIB + 0x40000) /* behind the slots and the tables for them */

static const struct fm_ops *ops;

/* Takes all memory below FIRST, so that the numbers in the tests are simple. */
static void setup_from_first(int build)
{
  fm_paddr paddr;

  ops = test_use_build(build);
  for (uint64_t at = 0; at < FIRST; at += FM_PAGE_SIZE) {
    if (!ops->is_free(test_kernel(), fm_paddr_of(at)))
      continue;
    ck_assert(ops->alloc(test_kernel(), FM_PAGE_SIZE, FM_PAGE_SIZE, &paddr));
    ck_assert_uint_eq(paddr.raw, at);
  }
}

static void expect_alloc(uint64_t size, uint64_t align, uint64_t wanted)
{
  fm_paddr got;
  uint64_t before = ops->free_bytes(test_kernel());

  ck_assert(ops->alloc(test_kernel(), size, align, &got));
  ck_assert_uint_eq(got.raw, wanted);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), before - size);
  for (uint64_t at = wanted; at < wanted + size; at += FM_PAGE_SIZE)
    ck_assert(!ops->is_free(test_kernel(), fm_paddr_of(at)));
}

static void expect_none(uint64_t size, uint64_t align)
{
  fm_paddr got = fm_paddr_of(77);
  uint64_t before = ops->free_bytes(test_kernel());

  ck_assert(!ops->alloc(test_kernel(), size, align, &got));
  ck_assert_uint_eq(got.raw, 77);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), before);
}

static void dealloc(uint64_t start, uint64_t size)
{
  uint64_t before = ops->free_bytes(test_kernel());
  ops->dealloc(test_kernel(), fm_paddr_of(start), size);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), before + size);
  for (uint64_t at = start; at < start + size; at += FM_PAGE_SIZE)
    ck_assert(ops->is_free(test_kernel(), fm_paddr_of(at)));
}

START_TEST(the_first_frames_that_fit_are_given)
{
  setup_from_first(_i);
  expect_alloc(0x1000, 0x1000, FIRST);
  expect_alloc(0x3000, 0x1000, FIRST + 0x1000);
  expect_alloc(0x1000, 0x1000, FIRST + 0x4000);
  dealloc(FIRST + 0x1000, 0x3000);
  expect_alloc(0x4000, 0x1000, FIRST + 0x5000); /* the hole is too small */
  expect_alloc(0x2000, 0x1000, FIRST + 0x1000);
  expect_alloc(0x1000, 0x1000, FIRST + 0x3000);
  expect_alloc(0x1000, 0x1000, FIRST + 0x9000);
}
END_TEST

START_TEST(frames_may_come_back_in_other_pieces)
{
  setup_from_first(_i);
  expect_alloc(0x8000, 0x1000, FIRST);
  dealloc(FIRST + 0x6000, 0x1000);
  dealloc(FIRST + 0x5000, 0x1000);
  dealloc(FIRST, 0x2000);
  expect_alloc(0x3000, 0x1000, FIRST + 0x8000);
  expect_alloc(0x2000, 0x1000, FIRST);
  expect_alloc(0x2000, 0x1000, FIRST + 0x5000);
}
END_TEST

START_TEST(alignment_is_that_of_the_address)
{
  setup_from_first(_i);
  expect_alloc(0x1000, 0x1000, FIRST);
  expect_alloc(0x1000, 0x8000, FIRST + 0x8000);
  expect_alloc(0x1000, 0x1000, FIRST + 0x1000);
  expect_alloc(0x100000, 0x100000, 4 * MIB);
  expect_alloc(0x1000, 2 * MIB, 6 * MIB);
  expect_none(0x1000, 2 * MIB);
  expect_none(0x1000, UINT64_C(1) << 40);
}
END_TEST

START_TEST(runs_cross_words_of_the_bitmap)
{
  setup_from_first(_i);
  expect_alloc(61 * 0x1000, 0x1000, FIRST);
  expect_alloc(130 * 0x1000, 0x1000, FIRST + 61 * 0x1000);
  expect_alloc(64 * 0x1000, 64 * 0x1000, 4 * MIB);
  dealloc(FIRST + 61 * 0x1000, 130 * 0x1000);
  expect_alloc(130 * 0x1000, 0x1000, FIRST + 61 * 0x1000);
}
END_TEST

START_TEST(all_memory_can_be_given_and_taken_back)
{
  unsigned frames = 0;
  fm_paddr paddr, last = {0};

  ops = test_use_build(_i);
  uint64_t before = ops->free_bytes(test_kernel());
  while (ops->alloc(test_kernel(), 0x1000, 0x1000, &paddr)) {
    ck_assert(frames == 0 || paddr.raw > last.raw);
    last = paddr;
    frames++;
  }
  ck_assert_uint_eq(frames, before / 0x1000);
  ck_assert_uint_eq(last.raw, TEST_RAM - 0x1000);
  expect_none(0x1000, 0x1000);
  dealloc(TEST_RAM - 0x1000, 0x1000);
  dealloc(FIRST, 0x1000);
  expect_none(0x2000, 0x1000);
  expect_alloc(0x1000, 0x1000, FIRST);
  expect_alloc(0x1000, 0x1000, TEST_RAM - 0x1000);
}
END_TEST

START_TEST(more_than_there_is_in_one_piece_is_not_given)
{
  setup_from_first(_i);
  expect_none(TEST_RAM, 0x1000);
  expect_none(TEST_RAM - FIRST + 0x1000, 0x1000);
  expect_none(UINT64_C(1) << 62, 0x1000);
  expect_alloc(TEST_RAM - FIRST, 0x1000, FIRST);
}
END_TEST

START_TEST(memory_that_does_not_exist_is_not_free)
{
  ops = test_use_build(_i);
  ck_assert(ops->is_free(test_kernel(), fm_paddr_of(TEST_RAM - 0x1000)));
  ck_assert(!ops->is_free(test_kernel(), fm_paddr_of(TEST_RAM)));
  ck_assert(!ops->is_free(test_kernel(), fm_paddr_of(UINT64_C(1) << 45)));
  ck_assert(!ops->is_free(test_kernel(), fm_paddr_of(TEST_IMAGE)));
}
END_TEST

/* ---- A bitmap that does not fit the image ---- */

START_TEST(bits_without_room_in_the_image_take_early_frames)
{
  /* 34 GiB of address space need 1088 KiB of bits; the image has less than 1 MiB. */
  struct test_config config;
  g_autoptr(sim_bootmap) map = sim_bootmap_new_ram(TEST_RAM);
  static const struct fm_region regions[] = {
      {.base = 0, .size = 64 * MIB, .type = FM_REGION_USABLE},
      {.base = 64 * MIB, .size = 8 * GIB - 64 * MIB, .type = FM_REGION_RESERVED},
      {.base = 8 * GIB, .size = 2 * GIB, .type = FM_REGION_USABLE},
      {.base = 34 * GIB - MIB, .size = MIB, .type = FM_REGION_USABLE},
  };
  g_array_set_size(map->regions, 0);
  g_array_append_vals(map->regions, regions, G_N_ELEMENTS(regions));
  test_config_init(&config);
  config.map = map;
  test_machine_boot_with(&config);

  const struct fm_bitmap *bitmap = &test_kernel()->bitmap;
  ops = test_use_build(0);
  ck_assert_uint_eq(bitmap->nr_bits, 34 * GIB / 4096);
  ck_assert_uint_eq(bitmap->own_size, 34 * GIB / 4096 / 8);
  /* The first free range with room for 1088 KiB: 0x9000 to the image, at 2 MiB. */
  ck_assert_uint_eq(bitmap->own_start, 0x9000);
  ck_assert_uint_eq(bitmap->words, FM_LINEAR_BASE + 0x9000);
  struct fm_slot_view view;
  fm_slot_view(test_kernel(), test_slot(0x9000), &view);
  ck_assert_str_eq(view.vtable->name, "early");
  ck_assert(!ops->is_free(test_kernel(), fm_paddr_of(0x9000)));
  ck_assert(!ops->is_free(test_kernel(), fm_paddr_of(0x9000 + bitmap->own_size - 0x1000)));
  ck_assert(ops->is_free(test_kernel(), fm_paddr_of(0x9000 + bitmap->own_size)));
  struct fm_range early = fm_early_allocated(&test_kernel()->early.low); /* slots, tables */
  struct fm_range high = fm_early_allocated(&test_kernel()->early.high);
  uint64_t lost =
      0x1000 + TEST_IMAGE_SIZE + bitmap->own_size + fm_range_size(early) + fm_range_size(high);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), 65 * MIB + 2 * GIB - lost);
  expect_alloc(0x8000, 0x1000, 0);
  expect_alloc(0x1000, 0x1000, 0x9000 + bitmap->own_size);
}
END_TEST

/* ---- Allocator none ---- */

START_TEST(allocator_none_gives_nothing_and_counts_what_comes_back)
{
  fm_paddr paddr;
  struct fm_frame frame;

  test_machine_boot(FM_ALLOCATOR_NONE);
  ops = test_use_build(_i);
  ck_assert_str_eq(fm_allocator_name(FM_ALLOCATOR_NONE), "none");
  ck_assert(!ops->alloc(test_kernel(), 0x1000, 0x1000, &paddr));
  ck_assert_int_eq(ops->frame_alloc(test_kernel(), &(struct fm_alloc_options){0}, &frame),
                   FM_ALLOC_NO_MEMORY);
  ck_assert(!ops->is_free(test_kernel(), fm_paddr_of(TEST_FRAME)));
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), 0);

  ops->frame_drop(test_kernel(), test_claim(TEST_FRAME, test_anon(), NULL));
  ops->dealloc(test_kernel(), fm_paddr_of(TEST_FRAME), 0x3000);
  ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), 0)->dealloc_ignored, 4);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), 0);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("alloc bitmap");
  TCase *tc = tcase_create("first fit");
  TCase *others = tcase_create("own machines");

  tcase_add_checked_fixture(tc, test_setup, test_teardown);
  tcase_add_loop_test(tc, the_first_frames_that_fit_are_given, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, frames_may_come_back_in_other_pieces, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, alignment_is_that_of_the_address, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, runs_cross_words_of_the_bitmap, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, all_memory_can_be_given_and_taken_back, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, more_than_there_is_in_one_piece_is_not_given, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, memory_that_does_not_exist_is_not_free, 0, TEST_BUILDS);
  suite_add_tcase(suite, tc);

  tcase_set_timeout(others, 60);
  tcase_add_checked_fixture(others, NULL, test_teardown);
  tcase_add_test(others, bits_without_room_in_the_image_take_early_frames);
  tcase_add_loop_test(others, allocator_none_gives_nothing_and_counts_what_comes_back, 0,
                      TEST_BUILDS);
  suite_add_tcase(suite, others);
  return suite;
}
