/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What handles and the default allocator promise together, one test for each fact.
 *
 * One CPU, allocator buddy.  A single frame that is dropped goes to the CPU's cache, which
 * gives back the latest first: so the addresses of later allocations show in which order
 * frames came back.
 */
#include <fm/frame_alloc.h>
#include <fm/list.h>
#include <string.h>

#include "tests/support.h"

#define PAGES(n) ((n)*FM_PAGE_SIZE)

static const struct fm_ops *ops;

/* ---- A link type that writes down whose metadata is dropped ---- */

static struct {
  uint64_t frames[8];
  enum fm_get_error get, claim, claim_unique; /* of the frame itself, in on_drop */
  unsigned count;
} dropped;

static void on_drop(struct fm_kernel *kernel, void *meta, struct fm_reader *reader)
{
  struct fm_slot *slot;
  (void)meta;
  ck_assert_uint_lt(dropped.count, G_N_ELEMENTS(dropped.frames));
  dropped.frames[dropped.count++] = reader->at.raw;
  dropped.get = ops->get(kernel, reader->at, &slot);
  dropped.claim = ops->claim(kernel, reader->at, test_anon(), NULL, false, &slot);
  dropped.claim_unique = ops->claim(kernel, reader->at, test_anon(), NULL, true, &slot);
}

static const struct fm_meta_type noting = {
    .name = "noting", .size = 24, .align = 8, .flags = FM_META_ON_DROP, .on_drop = on_drop};

static fm_meta_id noting_id;

static void setup(void)
{
  memset(&dropped, 0, sizeof(dropped));
  test_machine_boot(FM_ALLOCATOR_BUDDY);
  noting_id = test_register(&noting);
}

static struct fm_frame alloc(fm_meta_id type)
{
  const struct fm_alloc_options options = {.type = type};
  struct fm_frame frame = {NULL};
  ck_assert_int_eq(ops->frame_alloc(test_kernel(), &options, &frame), FM_ALLOC_OK);
  return frame;
}

static struct fm_unique alloc_unique(fm_meta_id type)
{
  struct fm_unique unique = {NULL};
  ck_assert(ops->unique_from_frame(alloc(type), &unique));
  return unique;
}

static struct fm_segment alloc_segment(uint64_t frames)
{
  const struct fm_alloc_options options = {0};
  struct fm_segment segment = {0};
  ck_assert_int_eq(ops->segment_alloc(test_kernel(), &options, frames, &segment), FM_ALLOC_OK);
  return segment;
}

static uint64_t next_address(void)
{
  return fm_frame_paddr(alloc(test_anon())).raw;
}

static void expect_counts(struct fm_range range, uint64_t count)
{
  for (uint64_t at = range.start.raw; at < range.end.raw; at += FM_PAGE_SIZE)
    ck_assert_uint_eq(test_slot(at)->ref_count, count);
}

static void expect_free(struct fm_range range, bool is_free)
{
  for (fm_paddr at = range.start; at.raw < range.end.raw; at.raw += FM_PAGE_SIZE)
    ck_assert(ops->is_free(test_kernel(), at) == is_free);
}

/* ---- The order in which frames come back ---- */

START_TEST(a_dropped_frame_is_handed_out_again_first)
{
  ops = test_use_build(_i);
  struct fm_frame frames[3];
  for (unsigned i = 0; i < 3; i++)
    frames[i] = alloc(test_anon());
  ops->frame_drop(test_kernel(), frames[1]);
  ck_assert_uint_eq(next_address(), fm_frame_paddr(frames[1]).raw);
  ops->unique_drop(test_kernel(), fm_unique_from_raw(fm_frame_paddr(frames[0])));
  ck_assert_uint_eq(next_address(), fm_frame_paddr(frames[0]).raw);
}
END_TEST

START_TEST(single_frames_come_eight_at_a_time_from_one_piece)
{
  ops = test_use_build(_i);
  uint64_t first = next_address();
  for (unsigned i = 7; i >= 1; i--)
    ck_assert_uint_eq(next_address(), first + PAGES(i));
  ck_assert_uint_ne(next_address(), first);
}
END_TEST

START_TEST(a_dropped_segment_comes_back_frame_by_frame_ascending)
{
  ops = test_use_build(_i);
  struct fm_segment segment = alloc_segment(5);
  expect_free(segment.range, false);
  ops->segment_drop(test_kernel(), segment);
  expect_free(segment.range, true);
  for (unsigned i = 5; i-- > 0;)
    ck_assert_uint_eq(next_address(), segment.range.start.raw + PAGES(i));
}
END_TEST

START_TEST(even_a_segment_of_two_comes_back_as_two_frames)
{
  ops = test_use_build(_i);
  struct fm_segment segment = alloc_segment(2);
  ops->segment_drop(test_kernel(), segment);
  ck_assert_uint_eq(next_address(), segment.range.start.raw + PAGES(1));
  ck_assert_uint_ne(alloc_segment(2).range.start.raw, segment.range.start.raw);
  ck_assert_uint_eq(next_address(), segment.range.start.raw);
}
END_TEST

START_TEST(a_dropped_list_comes_back_front_to_back)
{
  struct fm_list list = {0};
  uint64_t addresses[4];
  ops = test_use_build(_i);
  for (unsigned i = 0; i < 4; i++) {
    struct fm_unique unique = alloc_unique(noting_id);
    addresses[i] = fm_unique_paddr(unique).raw;
    ops->list_push_back(test_kernel(), &list, unique);
  }
  ops->list_drop(test_kernel(), &list);
  ck_assert_uint_eq(dropped.count, 4);
  for (unsigned i = 0; i < 4; i++)
    ck_assert_uint_eq(dropped.frames[i], addresses[i]);
  for (unsigned i = 4; i-- > 0;)
    ck_assert_uint_eq(next_address(), addresses[i]);
}
END_TEST

START_TEST(only_what_was_asked_for_counts_as_taken)
{
  ops = test_use_build(_i);
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  struct fm_segment segment = alloc_segment(5); /* out of a chunk of 8 */
  uint64_t end = segment.range.end.raw;
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes - PAGES(5));
  ck_assert_uint_eq(segment.range.start.raw % PAGES(8), 0);
  expect_free(fm_range_of(end, end + PAGES(3)), true);
  (void)next_address(); /* those that wait in the cache are free too */
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes - PAGES(6));
}
END_TEST

/* ---- Other pieces ---- */

START_TEST(pieces_of_any_size_grow_together_again)
{
  static const uint64_t cuts[] = {5, 8, 11};
  fm_paddr start, again;
  ops = test_use_build(_i);
  for (unsigned i = 0; i < G_N_ELEMENTS(cuts); i++) {
    uint64_t front = PAGES(cuts[i]), rest = PAGES(16) - front;
    ck_assert(ops->alloc(test_kernel(), PAGES(16), FM_PAGE_SIZE, &start));
    if (i % 2 == 0)
      ops->dealloc(test_kernel(), fm_paddr_add(start, front), rest);
    ops->dealloc(test_kernel(), start, front);
    if (i % 2 != 0)
      ops->dealloc(test_kernel(), fm_paddr_add(start, front), rest);
    ck_assert(ops->alloc(test_kernel(), PAGES(16), FM_PAGE_SIZE, &again));
    ck_assert_uint_eq(again.raw, start.raw);
    ops->dealloc(test_kernel(), again, PAGES(16));
  }
  test_expect_sound();
}
END_TEST

/* The cache has room for 12 frames; the 13th makes it give back the latest 8 and the new one. */
START_TEST(single_frames_grow_together_when_the_cache_gives_them_back)
{
  struct fm_frame others[13];
  struct fm_segment first, second;
  ops = test_use_build(_i);
  for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
    others[i] = alloc(test_anon()); /* of twice 8, so 3 are left in the cache */
  struct fm_segment whole = alloc_segment(8);
  ops->frame_drop(test_kernel(), others[0]);

  ck_assert(ops->segment_split(whole, PAGES(3), &first, &second));
  ops->segment_drop(test_kernel(), first);
  ops->segment_drop(test_kernel(), second);
  expect_free(whole.range, true);
  ck_assert_uint_ne(alloc_segment(8).range.start.raw, whole.range.start.raw); /* in the cache */
  ops->frame_drop(test_kernel(), others[1]);
  ck_assert_uint_eq(alloc_segment(8).range.start.raw, whole.range.start.raw);
  test_expect_sound();
}
END_TEST

START_TEST(a_refused_allocation_balances_the_pools_all_the_same)
{
  fm_paddr start = fm_paddr_of(1);
  ops = test_use_build(_i);
  const struct fm_buddy_local *local = &fm_kernel_cpu(test_kernel(), 0)->buddy;
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  ck_assert_uint_eq(local->size, 0);
  ck_assert(!ops->alloc(test_kernel(), TEST_RAM, FM_PAGE_SIZE, &start));
  ck_assert_uint_eq(start.raw, 1);
  ck_assert_uint_gt(local->size, 0);
  ck_assert_uint_eq(local->size + test_kernel()->buddy.size, free_bytes);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes);
}
END_TEST

/* ---- Handles ---- */

START_TEST(a_slice_keeps_its_frames_when_the_segment_goes)
{
  ops = test_use_build(_i);
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  struct fm_segment segment = alloc_segment(6), slice;
  uint64_t start = segment.range.start.raw;
  ck_assert(ops->segment_slice(segment, PAGES(2), PAGES(4), &slice));
  ops->segment_drop(test_kernel(), segment);
  expect_free(fm_range_of(start, start + PAGES(2)), true);
  expect_free(slice.range, false);
  expect_counts(slice.range, 1);
  expect_free(fm_range_of(start + PAGES(4), start + PAGES(6)), true);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes - PAGES(2));
  ops->segment_drop(test_kernel(), slice);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes);
}
END_TEST

START_TEST(a_frame_got_by_address_outlives_its_segment)
{
  struct fm_frame frame = {NULL};
  ops = test_use_build(_i);
  struct fm_segment segment = alloc_segment(3);
  ck_assert_int_eq(
      ops->get(test_kernel(), fm_paddr_add(segment.range.start, PAGES(1)), &frame.slot), FM_GET_OK);
  ops->segment_drop(test_kernel(), segment);
  ck_assert_uint_eq(ops->frame_count(frame), 1);
  ck_assert(!ops->is_free(test_kernel(), fm_frame_paddr(frame)));
  ops->frame_drop(test_kernel(), frame);
  ck_assert_uint_eq(next_address(), fm_frame_paddr(frame).raw);
}
END_TEST

START_TEST(clones_count_on_every_frame_and_splits_on_none)
{
  struct fm_segment first, second;
  ops = test_use_build(_i);
  struct fm_segment segment = alloc_segment(6);
  struct fm_segment clone = ops->segment_clone(segment);
  ck_assert_mem_eq(&clone, &segment, sizeof(clone));
  expect_counts(segment.range, 2);
  ck_assert(ops->segment_split(clone, PAGES(2), &first, &second));
  expect_counts(segment.range, 2);
  ops->segment_drop(test_kernel(), second);
  expect_counts(first.range, 2);
  expect_counts(second.range, 1);
}
END_TEST

START_TEST(a_segment_used_up_drops_nothing)
{
  struct fm_frame frames[3];
  ops = test_use_build(_i);
  struct fm_segment segment = alloc_segment(3);
  struct fm_range range = segment.range;
  g_autofree char *before = sim_machine_digest(test_machine);
  for (unsigned i = 0; i < 3; i++) {
    ck_assert(ops->segment_next(&segment, &frames[i]));
    ck_assert_uint_eq(fm_segment_size(segment), PAGES(2 - i));
  }
  ck_assert(!ops->segment_next(&segment, &frames[0]));
  ops->segment_drop(test_kernel(), segment);
  expect_counts(range, 1);
  g_autofree char *after = sim_machine_digest(test_machine);
  ck_assert_str_eq(after, before);
}
END_TEST

START_TEST(raw_handles_change_no_count)
{
  ops = test_use_build(_i);
  struct fm_segment segment = alloc_segment(3);
  struct fm_range raw = fm_segment_into_raw(segment);
  expect_counts(raw, 1);
  segment = fm_segment_from_raw(raw);
  expect_counts(segment.range, 1);

  struct fm_frame frame = alloc(test_anon());
  fm_paddr paddr = ops->frame_into_raw(frame);
  ck_assert_uint_eq(frame.slot->ref_count, 1);
  ck_assert_ptr_eq(ops->frame_from_raw(paddr).slot, frame.slot);
  ck_assert_uint_eq(frame.slot->ref_count, 1);

  struct fm_unique unique = alloc_unique(test_anon());
  paddr = ops->unique_into_raw(unique);
  ck_assert_ptr_eq(ops->unique_from_raw(paddr).slot, unique.slot);
  ck_assert_uint_eq(unique.slot->ref_count, FM_COUNT_UNIQUE);
}
END_TEST

START_TEST(a_frame_becomes_a_segment_of_one_without_a_count)
{
  ops = test_use_build(_i);
  struct fm_frame frame = alloc(test_anon());
  struct fm_segment segment = fm_segment_from_frame(frame);
  ck_assert_uint_eq(segment.range.start.raw, fm_frame_paddr(frame).raw);
  ck_assert_uint_eq(fm_segment_size(segment), FM_PAGE_SIZE);
  ck_assert_uint_eq(ops->frame_count(frame), 1);
  ops->segment_drop(test_kernel(), segment);
  ck_assert_uint_eq(next_address(), fm_frame_paddr(frame).raw);
}
END_TEST

START_TEST(unique_and_shared_and_back_keeps_the_metadata)
{
  ops = test_use_build(_i);
  struct fm_unique unique = alloc_unique(noting_id);
  struct fm_unique again = {NULL};
  memset(fm_unique_meta(unique), 0x5c, noting.size);
  struct fm_slot before = *unique.slot;
  struct fm_frame frame = ops->unique_share(unique);
  ck_assert_uint_eq(ops->frame_count(frame), 1);
  ck_assert(ops->unique_from_frame(frame, &again));
  ck_assert_mem_eq(again.slot, &before, sizeof(before));
  ck_assert_uint_eq(dropped.count, 0);
}
END_TEST

START_TEST(repurposing_keeps_the_address_and_the_owner)
{
  ops = test_use_build(_i);
  struct fm_unique unique = alloc_unique(noting_id);
  fm_paddr paddr = fm_unique_paddr(unique);
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  ops->unique_repurpose(test_kernel(), unique, test_anon(), NULL);
  ck_assert_uint_eq(dropped.count, 1);
  ck_assert_uint_eq(dropped.frames[0], paddr.raw);
  ck_assert_int_eq(dropped.get, FM_GET_UNIQUE);
  ck_assert_uint_eq(fm_unique_paddr(unique).raw, paddr.raw);
  ck_assert_uint_eq(unique.slot->ref_count, FM_COUNT_UNIQUE);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes);
  ck_assert(!ops->is_free(test_kernel(), paddr));
  ops->unique_drop(test_kernel(), unique);
  ck_assert_uint_eq(dropped.count, 1); /* the new metadata has no on_drop */
}
END_TEST

START_TEST(reset_tells_the_allocator_nothing)
{
  ops = test_use_build(_i);
  struct fm_unique unique = alloc_unique(noting_id);
  fm_paddr paddr = fm_unique_paddr(unique);
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  ops->unique_reset(test_kernel(), unique);
  ck_assert_uint_eq(dropped.count, 1);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes);
  ck_assert_uint_eq(test_slot(paddr.raw)->ref_count, FM_COUNT_UNUSED);
  ck_assert(!ops->is_free(test_kernel(), paddr));
  (void)test_claim(paddr.raw, test_anon(), NULL); /* the address is still ours to claim */
}
END_TEST

/* ---- Answers ---- */

static void expect_answers(fm_paddr paddr, enum fm_get_error get, enum fm_get_error claim)
{
  struct fm_slot before = *test_slot(paddr.raw);
  struct fm_slot *slot = NULL;
  ck_assert_str_eq(fm_get_error_name(ops->get(test_kernel(), paddr, &slot)),
                   fm_get_error_name(get));
  for (unsigned unique = 0; unique < 2; unique++)
    ck_assert_str_eq(
        fm_get_error_name(ops->claim(test_kernel(), paddr, test_anon(), NULL, unique != 0, &slot)),
        fm_get_error_name(claim));
  ck_assert_ptr_null(slot);
  ck_assert_mem_eq(test_slot(paddr.raw), &before, sizeof(before));
}

START_TEST(a_unique_frame_cannot_be_had_by_its_address)
{
  ops = test_use_build(_i);
  expect_answers(fm_unique_paddr(alloc_unique(noting_id)), FM_GET_UNIQUE, FM_GET_UNIQUE);
}
END_TEST

START_TEST(a_frame_under_destruction_is_busy)
{
  ops = test_use_build(_i);
  ops->frame_drop(test_kernel(), alloc(noting_id));
  ck_assert_int_eq(dropped.get, FM_GET_BUSY);
  ck_assert_int_eq(dropped.claim, FM_GET_BUSY);
  ck_assert_int_eq(dropped.claim_unique, FM_GET_BUSY);
  ops->unique_drop(test_kernel(), alloc_unique(noting_id));
  ck_assert_uint_eq(dropped.count, 2);
  ck_assert_int_eq(dropped.get, FM_GET_BUSY);
}
END_TEST

START_TEST(the_head_of_a_free_chunk_is_the_allocators_own)
{
  unsigned heads = 0;
  ops = test_use_build(_i);
  for (unsigned order = 0; order < FM_GLOBAL_ORDERS; order++) {
    const struct fm_list *list = &test_kernel()->buddy.lists[order];
    if (list->size == 0)
      continue;
    fm_paddr head = fm_meta_to_frame(fm_kaddr_of(list->front));
    heads++;
    expect_answers(head, FM_GET_UNIQUE, FM_GET_UNIQUE);
    ck_assert(ops->is_free(test_kernel(), head));
    /* The others are unused, as if nobody knew of them. */
    for (uint64_t i = 1; i < UINT64_C(1) << order; i++)
      ck_assert_uint_eq(test_slot(head.raw + PAGES(i))->ref_count, FM_COUNT_UNUSED);
  }
  ck_assert_uint_gt(heads, 1);
}
END_TEST

static void run_alloc(void *data)
{
  struct fm_frame frame;
  (void)ops->frame_alloc(test_kernel(), data, &frame);
}

START_TEST(a_free_frame_claimed_by_its_address_is_handed_out_all_the_same)
{
  struct fm_alloc_options options = {0};
  ops = test_use_build(_i);
  uint64_t first = next_address();
  (void)test_claim(first + PAGES(7), test_anon(), NULL); /* the next one in the cache */
  ck_assert(ops->is_free(test_kernel(), fm_paddr_of(first + PAGES(7))));
  test_expect_panic(run_alloc, &options, "the allocator handed out a frame that is in use");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("facts");
  TCase *tc = tcase_create("facts");

  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_loop_test(tc, a_dropped_frame_is_handed_out_again_first, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, single_frames_come_eight_at_a_time_from_one_piece, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_dropped_segment_comes_back_frame_by_frame_ascending, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, even_a_segment_of_two_comes_back_as_two_frames, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_dropped_list_comes_back_front_to_back, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, only_what_was_asked_for_counts_as_taken, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, pieces_of_any_size_grow_together_again, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, single_frames_grow_together_when_the_cache_gives_them_back, 0,
                      TEST_BUILDS);
  tcase_add_loop_test(tc, a_refused_allocation_balances_the_pools_all_the_same, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_slice_keeps_its_frames_when_the_segment_goes, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_frame_got_by_address_outlives_its_segment, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, clones_count_on_every_frame_and_splits_on_none, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_segment_used_up_drops_nothing, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, raw_handles_change_no_count, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_frame_becomes_a_segment_of_one_without_a_count, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, unique_and_shared_and_back_keeps_the_metadata, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, repurposing_keeps_the_address_and_the_owner, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, reset_tells_the_allocator_nothing, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_unique_frame_cannot_be_had_by_its_address, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_frame_under_destruction_is_busy, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, the_head_of_a_free_chunk_is_the_allocators_own, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_free_frame_claimed_by_its_address_is_handed_out_all_the_same, 0,
                      TEST_BUILDS);
  suite_add_tcase(suite, tc);
  return suite;
}
