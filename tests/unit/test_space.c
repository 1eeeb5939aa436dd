/* SPDX-License-Identifier: MPL-2.0 */
/* Address spaces: what a range maps, who owns the frames, and what goes when. */
#include <fm/space.h>

#include "tests/support.h"

#define VA     UINT64_C(0x40000000) /* 1 GiB: the first entry of tables of levels 1 and 2 */
#define HUGE_2 (UINT64_C(2) * MIB)

static const struct fm_ops *ops;
static struct fm_space space;
static uint64_t free_before;

static void setup(void)
{
  test_machine_boot(FM_ALLOCATOR_BUDDY);
  ops = test_use_build(0);
  free_before = ops->free_bytes(test_kernel());
  ck_assert_int_eq(ops->space_new(test_kernel(), &space), FM_PT_OK);
}

/* Everything that a test mapped is gone with its space. */
static void teardown(void)
{
  if (space.root.slot != NULL)
    ops->space_drop(test_kernel(), space);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_before);
  test_expect_sound();
  test_teardown();
}

static struct fm_pt_cursor lock(uint64_t start, uint64_t end)
{
  struct fm_pt_cursor cursor;
  ck_assert_int_eq(ops->pt_lock(test_kernel(), space, start, end, &cursor), FM_PT_OK);
  return cursor;
}

static struct fm_page_prop user_page(void)
{
  return fm_page_prop_of(FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_USER);
}

static fm_paddr new_frame(void)
{
  struct fm_frame frame = {NULL};
  ck_assert_int_eq(ops->frame_alloc(test_kernel(), &(struct fm_alloc_options){0}, &frame),
                   FM_ALLOC_OK);
  return ops->frame_into_raw(frame);
}

static fm_paddr map_new(uint64_t va)
{
  struct fm_pt_cursor cursor = lock(va, va + FM_PAGE_SIZE);
  fm_paddr frame = new_frame();
  ck_assert_int_eq(ops->pt_map(&cursor, frame, 1, user_page(), true, NULL), FM_PT_OK);
  ops->pt_unlock(&cursor);
  return frame;
}

static struct fm_pt_item query(uint64_t va)
{
  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock(va, va + FM_PAGE_SIZE);
  ops->pt_query(&cursor, &item);
  ops->pt_unlock(&cursor);
  return item;
}

/* Takes everything out of a range and drops it; returns how many items there were. */
static unsigned unmap(uint64_t start, uint64_t end)
{
  struct fm_pt_cursor cursor = lock(start, end);
  struct fm_pt_item items[64];
  unsigned count = 0;
  for (;;) {
    ck_assert_int_eq(ops->pt_take(&cursor, end, &items[count]), FM_PT_OK);
    if (items[count].kind == FM_PT_NOTHING)
      break;
    count++;
  }
  ops->pt_unlock(&cursor);
  for (unsigned i = 0; i < count; i++)
    ops->pt_drop_taken(test_kernel(), &items[i]);
  return count;
}

START_TEST(a_mapped_page_owns_its_frame)
{
  fm_paddr frame = map_new(VA);
  struct fm_pt_item item = query(VA);
  ck_assert_int_eq(item.kind, FM_PT_TRACKED);
  ck_assert_uint_eq(item.level, 1);
  ck_assert_uint_eq(item.paddr.raw, frame.raw);
  ck_assert_uint_eq(item.prop.flags, FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_USER);
  ck_assert_uint_eq(test_slot(frame.raw)->ref_count, 1);
  ck_assert_int_eq(query(VA + FM_PAGE_SIZE).kind, FM_PT_NOTHING);
  ck_assert_uint_eq(unmap(VA, VA + FM_PAGE_SIZE), 1);
  ck_assert_int_eq(query(VA).kind, FM_PT_NOTHING);
  ck_assert_uint_eq(query(VA).level, 1); /* the empty tables stay */
}
END_TEST

START_TEST(a_range_that_covers_a_table_takes_it)
{
  (void)map_new(VA);
  (void)map_new(VA + 5 * FM_PAGE_SIZE);
  ck_assert_uint_eq(query(VA + FM_PAGE_SIZE).level, 1);
  ck_assert_uint_eq(unmap(VA, VA + HUGE_2), 1); /* the table, with all that is in it */
  ck_assert_uint_eq(query(VA).level, 2);
}
END_TEST

START_TEST(a_dropped_space_takes_its_tree_down)
{
  for (unsigned i = 0; i < 100; i++)
    (void)map_new(VA + i * UINT64_C(0x1000000000) + i * HUGE_2);
}
END_TEST

START_TEST(a_page_that_is_there_is_not_mapped_over)
{
  fm_paddr first = map_new(VA);
  fm_paddr second = new_frame();
  struct fm_pt_cursor cursor = lock(VA, VA + FM_PAGE_SIZE);
  struct fm_pt_item old;
  ck_assert_int_eq(ops->pt_map(&cursor, second, 1, user_page(), true, NULL), FM_PT_MAPPED);
  ck_assert_int_eq(ops->pt_map(&cursor, second, 1, user_page(), true, &old), FM_PT_OK);
  ops->pt_unlock(&cursor);
  ck_assert_int_eq(old.kind, FM_PT_TRACKED);
  ck_assert_uint_eq(old.paddr.raw, first.raw);
  ops->pt_drop_taken(test_kernel(), &old);
}
END_TEST

START_TEST(a_huge_page_is_split_where_a_part_is_taken)
{
  struct fm_segment segment;
  struct fm_pt_item item;
  ck_assert_int_eq(ops->segment_alloc(test_kernel(), &(struct fm_alloc_options){0}, 512, &segment),
                   FM_ALLOC_OK);
  struct fm_pt_cursor cursor = lock(VA, VA + HUGE_2);
  ck_assert_int_eq(ops->pt_map(&cursor, segment.range.start, 2, user_page(), true, NULL), FM_PT_OK);
  ops->pt_unlock(&cursor);
  ck_assert_uint_eq(query(VA + 7 * FM_PAGE_SIZE).level, 2);

  fm_paddr hole = fm_paddr_add(segment.range.start, 7 * FM_PAGE_SIZE);
  struct fm_slot *slot = NULL;
  ck_assert_int_eq(ops->get(test_kernel(), hole, &slot), FM_GET_OK); /* outlives the page */
  ck_assert_uint_eq(unmap(VA + 7 * FM_PAGE_SIZE, VA + 8 * FM_PAGE_SIZE), 1);
  ck_assert_int_eq(query(VA + 7 * FM_PAGE_SIZE).kind, FM_PT_NOTHING);
  ck_assert_uint_eq(query(VA + 8 * FM_PAGE_SIZE).paddr.raw, hole.raw + FM_PAGE_SIZE);

  /* Put back, the pages are as good as one huge page. */
  cursor = lock(VA, VA + HUGE_2);
  ck_assert(!ops->pt_merge(&cursor, 2, &item));
  ops->pt_unlock(&cursor);
  cursor = lock(VA + 7 * FM_PAGE_SIZE, VA + 8 * FM_PAGE_SIZE);
  ck_assert_int_eq(ops->pt_map(&cursor, hole, 1, user_page(), true, NULL), FM_PT_OK);
  ops->pt_unlock(&cursor);
  cursor = lock(VA, VA + HUGE_2);
  ck_assert(ops->pt_merge(&cursor, 2, &item));
  ops->pt_unlock(&cursor);
  ops->pt_drop_taken(test_kernel(), &item);
  ck_assert_uint_eq(query(VA).level, 2);
  ck_assert_uint_eq(test_slot(hole.raw)->ref_count, 1);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("space");
  TCase *tc = tcase_create("space");
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, a_mapped_page_owns_its_frame);
  tcase_add_test(tc, a_range_that_covers_a_table_takes_it);
  tcase_add_test(tc, a_dropped_space_takes_its_tree_down);
  tcase_add_test(tc, a_page_that_is_there_is_not_mapped_over);
  tcase_add_test(tc, a_huge_page_is_split_where_a_part_is_taken);
  suite_add_tcase(suite, tc);
  return suite;
}
