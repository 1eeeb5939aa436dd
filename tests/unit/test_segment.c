/* SPDX-License-Identifier: MPL-2.0 */
/* Segments: references on every frame of a range, and arguments that lie. */
#include <fm/frame_alloc.h>

#include "tests/support.h"

static struct fm_range frames(uint64_t first, uint64_t count)
{
  uint64_t start = TEST_FRAME + first * FM_PAGE_SIZE;
  return fm_range_of(start, start + count * FM_PAGE_SIZE);
}

static struct fm_segment claim(uint64_t first, uint64_t count)
{
  struct fm_segment segment;
  ck_assert_int_eq(fm_segment_from_unused(test_kernel(), frames(first, count), test_anon(), NULL,
                                          NULL, &segment),
                   FM_GET_OK);
  return segment;
}

static void expect_counts(uint64_t first, uint64_t count, uint64_t ref_count)
{
  for (uint64_t i = first; i < first + count; i++)
    ck_assert_uint_eq(test_slot(TEST_FRAME + i * FM_PAGE_SIZE)->ref_count, ref_count);
}

static enum fm_get_error claim_range(uint64_t start, uint64_t end)
{
  struct fm_segment segment;
  return fm_segment_from_unused(test_kernel(), fm_range_of(start, end), test_anon(), NULL, NULL,
                                &segment);
}

START_TEST(bad_ranges_are_answered_before_anything_changes)
{
  ck_assert_int_eq(claim_range(TEST_FRAME + 1, TEST_FRAME + FM_PAGE_SIZE), FM_GET_NOT_ALIGNED);
  ck_assert_int_eq(claim_range(TEST_FRAME, TEST_FRAME + 1), FM_GET_NOT_ALIGNED);
  ck_assert_int_eq(claim_range(TEST_FRAME, TEST_RAM + FM_PAGE_SIZE), FM_GET_OUT_OF_BOUND);
  expect_counts(0, 4, FM_COUNT_UNUSED);
  /* The last frame of memory is fine. */
  ck_assert_int_eq(claim_range(TEST_RAM - FM_PAGE_SIZE, TEST_RAM), FM_GET_OK);
}
END_TEST

static void claim_nothing(void *data)
{
  (void)data;
  (void)claim_range(TEST_FRAME, TEST_FRAME);
}

START_TEST(a_segment_of_no_frames_ends_the_machine)
{
  test_expect_panic(claim_nothing, NULL, "a segment of no frames");
}
END_TEST

START_TEST(a_segment_that_fails_midway_leaves_nothing_behind)
{
  struct fm_frame taken = test_claim(TEST_FRAME + 3 * FM_PAGE_SIZE, test_anon(), NULL);
  uint64_t given_back = fm_kernel_cpu(test_kernel(), 0)->dealloc_ignored;
  ck_assert_int_eq(claim_range(TEST_FRAME, TEST_FRAME + 6 * FM_PAGE_SIZE), FM_GET_IN_USE);
  expect_counts(0, 3, FM_COUNT_UNUSED);
  expect_counts(3, 1, 1);
  expect_counts(4, 2, FM_COUNT_UNUSED);
  /* The allocator never gave the frames out, so it hears nothing of them. */
  ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), 0)->dealloc_ignored, given_back);
  fm_frame_drop(test_kernel(), taken);
}
END_TEST

START_TEST(clones_and_slices_take_references_of_their_own)
{
  struct fm_segment whole = claim(0, 6);
  struct fm_segment clone = fm_segment_clone(whole);
  struct fm_segment slice;
  ck_assert(fm_segment_slice(whole, 2 * FM_PAGE_SIZE, 4 * FM_PAGE_SIZE, &slice));
  expect_counts(0, 2, 2);
  expect_counts(2, 2, 3);
  fm_segment_drop(test_kernel(), whole);
  fm_segment_drop(test_kernel(), clone);
  /* The slice keeps its frames alive. */
  expect_counts(0, 2, FM_COUNT_UNUSED);
  expect_counts(2, 2, 1);
  fm_segment_drop(test_kernel(), slice);
  expect_counts(2, 2, FM_COUNT_UNUSED);
}
END_TEST

static const struct {
  uint64_t start, end;
} bad_slices[] = {
    {1, FM_PAGE_SIZE},
    {0, 7 * FM_PAGE_SIZE},
    {2 * FM_PAGE_SIZE, FM_PAGE_SIZE},
    /* Added to the segment's start, these would wrap to an address below it. */
    {UINT64_MAX - FM_PAGE_MASK, FM_PAGE_SIZE},
    {UINT64_MAX - FM_PAGE_MASK, UINT64_MAX - FM_PAGE_MASK},
};

START_TEST(slices_past_the_segment_are_refused)
{
  struct fm_segment whole = claim(0, 6);
  struct fm_segment slice;
  ck_assert(!fm_segment_slice(whole, bad_slices[_i].start, bad_slices[_i].end, &slice));
  expect_counts(0, 6, 1);
}
END_TEST

START_TEST(a_split_moves_the_references)
{
  struct fm_segment whole = claim(0, 4);
  struct fm_segment first;
  struct fm_segment second;
  ck_assert(!fm_segment_split(whole, 0, &first, &second));
  ck_assert(!fm_segment_split(whole, 4 * FM_PAGE_SIZE, &first, &second));
  ck_assert(!fm_segment_split(whole, 1, &first, &second));
  ck_assert(fm_segment_split(whole, FM_PAGE_SIZE, &first, &second));
  expect_counts(0, 4, 1);
  fm_segment_drop(test_kernel(), second);
  expect_counts(0, 1, 1);
  expect_counts(1, 3, FM_COUNT_UNUSED);
  fm_segment_drop(test_kernel(), first);
}
END_TEST

START_TEST(iteration_hands_the_frames_out_front_to_back)
{
  struct fm_segment segment = claim(0, 3);
  struct fm_frame frame = {NULL};
  for (uint64_t i = 0; i < 3; i++) {
    ck_assert(fm_segment_next(&segment, &frame));
    ck_assert_uint_eq(fm_frame_paddr(frame).raw, TEST_FRAME + i * FM_PAGE_SIZE);
    fm_frame_drop(test_kernel(), frame);
  }
  ck_assert(!fm_segment_next(&segment, &frame));
  ck_assert_uint_eq(fm_segment_size(segment), 0);
}
END_TEST

START_TEST(allocation_checks_how_many_frames_are_asked_for)
{
  struct fm_segment segment;
  const struct fm_alloc_options options = {0};
  ck_assert_int_eq(fm_segment_alloc(test_kernel(), &options, 0, &segment), FM_ALLOC_INVALID_ARGS);
  ck_assert_int_eq(fm_segment_alloc(test_kernel(), &options, UINT64_MAX / 2, &segment),
                   FM_ALLOC_NO_MEMORY);
  ck_assert_int_eq(fm_segment_alloc(test_kernel(), &options, 5, &segment), FM_ALLOC_NO_MEMORY);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("segment");
  TCase *tc = tcase_create("segment");
  tcase_add_checked_fixture(tc, test_setup_without_allocator, test_teardown);
  tcase_add_test(tc, bad_ranges_are_answered_before_anything_changes);
  tcase_add_test(tc, a_segment_of_no_frames_ends_the_machine);
  tcase_add_test(tc, a_segment_that_fails_midway_leaves_nothing_behind);
  tcase_add_test(tc, clones_and_slices_take_references_of_their_own);
  tcase_add_loop_test(tc, slices_past_the_segment_are_refused, 0, G_N_ELEMENTS(bad_slices));
  tcase_add_test(tc, a_split_moves_the_references);
  tcase_add_test(tc, iteration_hands_the_frames_out_front_to_back);
  tcase_add_test(tc, allocation_checks_how_many_frames_are_asked_for);
  suite_add_tcase(suite, tc);
  return suite;
}
