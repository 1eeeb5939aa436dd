/* SPDX-License-Identifier: MPL-2.0 */
/* Huge pages: mapped, cut where a part is changed, and put together again. */
#include "tests/space_support.h"

/* 512 frames side by side, at a multiple of 2 MiB; one reference each. */
static fm_paddr new_huge(void)
{
  struct fm_segment segment;
  ck_assert_int_eq(ops->segment_alloc(test_kernel(), &(struct fm_alloc_options){0}, 512, &segment),
                   FM_ALLOC_OK);
  return segment.range.start;
}

static void expect_counts(fm_paddr start, uint64_t frames, uint64_t count)
{
  for (uint64_t i = 0; i < frames; i++)
    if (test_slot(start.raw + i * PAGE)->ref_count != count)
      ck_abort_msg("frame %llu has count %llu", (unsigned long long)i,
                   (unsigned long long)test_slot(start.raw + i * PAGE)->ref_count);
}

static void expect_free(fm_paddr start, uint64_t frames)
{
  for (uint64_t i = 0; i < frames; i++)
    if (!ops->is_free(test_kernel(), fm_paddr_add(start, i * PAGE)))
      ck_abort_msg("frame %llu is not free", (unsigned long long)i);
}

/* What is mapped from `va` on goes to `paddr` and so on, with pages of this level. */
static void expect_pages(uint64_t va, uint64_t end, uint64_t paddr, uint32_t level)
{
  uint64_t size = fm_pt_page_size(level);
  struct fm_pt_cursor cursor = lock(va, end);
  for (; va < end; va += size, paddr += size) {
    struct fm_pt_item item;
    ops->pt_move(&cursor, va);
    ops->pt_query(&cursor, &item);
    if (item.level != level || item.paddr.raw != paddr || item.va != va)
      ck_abort_msg("0x%llx: level %u, 0x%llx at 0x%llx", (unsigned long long)va, item.level,
                   (unsigned long long)item.paddr.raw, (unsigned long long)item.va);
  }
  ops->pt_unlock(&cursor);
}

START_TEST(a_huge_page_owns_a_reference_on_each_of_its_frames)
{
  fm_paddr start = new_huge();
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  ck_assert_int_eq(map(VA, start, 2, true), FM_PT_OK);
  ck_assert_uint_eq(entry_at(VA, 2).raw, start.raw | UINT64_C(0x8000000000000087));
  struct fm_pt_item item = query(VA + 7 * PAGE);
  ck_assert_int_eq(item.kind, FM_PT_TRACKED);
  ck_assert_uint_eq(item.level, 2);
  ck_assert_uint_eq(item.va, VA);
  ck_assert_uint_eq(item.paddr.raw, start.raw);
  expect_counts(start, 512, 1);
  ck_assert_uint_eq(unmap(VA, VA + HUGE_2), 1);
  expect_free(start, 512);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes + 512 * PAGE - 2 * PAGE);
}
END_TEST

START_TEST(a_dropped_table_drops_all_frames_of_a_huge_page)
{
  fm_paddr start = new_huge();
  ck_assert_int_eq(map(VA, start, 2, true), FM_PT_OK);
  (void)protect(VA, VA + HUGE_2, FM_PAGE_READ, 0); /* still a page */
  ops->space_drop(test_kernel(), space);
  space.root.slot = NULL;
  expect_free(start, 512);
}
END_TEST

START_TEST(a_huge_page_is_split_where_a_part_is_taken)
{
  fm_paddr start = new_huge();
  struct fm_pt_item item;
  ck_assert_int_eq(map(VA, start, 2, true), FM_PT_OK);

  fm_paddr hole = fm_paddr_add(start, 7 * PAGE);
  struct fm_slot *slot = NULL;
  ck_assert_int_eq(ops->get(test_kernel(), hole, &slot), FM_GET_OK); /* outlives the page */
  ck_assert_uint_eq(unmap(VA + 7 * PAGE, VA + 8 * PAGE), 1);
  ck_assert_int_eq(query(VA + 7 * PAGE).kind, FM_PT_NOTHING);
  expect_pages(VA, VA + 7 * PAGE, start.raw, 1);
  expect_pages(VA + 8 * PAGE, VA + HUGE_2, hole.raw + PAGE, 1);
  expect_counts(start, 512, 1);
  ck_assert_uint_eq(node_at(VA, 1)->nr_children, 511);
  ck_assert_uint_eq(node_at(VA, 2)->nr_children, 1);
  expect_good_tree();

  /* Put back, the pages are as good as one huge page. */
  struct fm_pt_cursor cursor = lock(VA, VA + HUGE_2);
  ck_assert(!ops->pt_merge(&cursor, 2, &item));
  ops->pt_unlock(&cursor);
  ck_assert_int_eq(map(VA + 7 * PAGE, hole, 1, true), FM_PT_OK);
  cursor = lock(VA, VA + HUGE_2);
  ck_assert(ops->pt_merge(&cursor, 2, &item));
  ck_assert_uint_eq(cursor.va, VA);
  ops->pt_unlock(&cursor);
  ck_assert_int_eq(item.kind, FM_PT_TABLE);
  ops->pt_drop_taken(test_kernel(), &item);
  ck_assert_uint_eq(query(VA).level, 2);
  expect_counts(start, 512, 1);
  expect_good_tree();
}
END_TEST

START_TEST(taking_cuts_a_huge_page_at_both_ends)
{
  fm_paddr start = new_huge();
  ck_assert_int_eq(map(VA, start, 2, true), FM_PT_OK);
  ck_assert_int_eq(map(VA + HUGE_2, fm_paddr_of(0), 2, false), FM_PT_OK);
  ck_assert_uint_eq(unmap(VA + 3 * PAGE, VA + HUGE_2 + 5 * PAGE), 509 + 5);
  expect_pages(VA, VA + 3 * PAGE, start.raw, 1);
  expect_counts(start, 3, 1);
  expect_free(fm_paddr_add(start, 3 * PAGE), 509);
  ck_assert_int_eq(query(VA + HUGE_2 + 4 * PAGE).kind, FM_PT_NOTHING);
  expect_pages(VA + HUGE_2 + 5 * PAGE, VA + 2 * HUGE_2, 5 * PAGE, 1);
  ck_assert_int_eq(query(VA + HUGE_2 + 5 * PAGE).kind, FM_PT_UNTRACKED);
  ck_assert_uint_eq(node_at(VA, 1)->nr_children, 3);
  ck_assert_uint_eq(node_at(VA + HUGE_2, 1)->nr_children, 507);
  expect_good_tree();
}
END_TEST

START_TEST(protecting_cuts_a_huge_page_and_keeps_all_of_it)
{
  fm_paddr start = new_huge();
  ck_assert_int_eq(map(VA, start, 2, true), FM_PT_OK);
  struct fm_pt_item item = protect(VA + 4 * PAGE, VA + 5 * PAGE, FM_PAGE_WRITE, FM_PAGE_EXEC);
  ck_assert_uint_eq(item.level, 1);
  ck_assert_uint_eq(item.va, VA + 4 * PAGE);
  expect_pages(VA, VA + HUGE_2, start.raw, 1);
  expect_counts(start, 512, 1);
  for (unsigned i = 0; i < 512; i++)
    ck_assert_uint_eq(query(VA + i * PAGE).prop.flags,
                      i == 4 ? FM_PAGE_READ | FM_PAGE_USER | FM_PAGE_EXEC : user_page().flags);
  expect_good_tree();
}
END_TEST

START_TEST(a_huge_page_that_is_covered_stays_whole)
{
  ck_assert_int_eq(map(VA, fm_paddr_of(HUGE_2), 2, false), FM_PT_OK);
  ck_assert_uint_eq(protect(VA - PAGE, VA + HUGE_2 + PAGE, FM_PAGE_WRITE, 0).level, 2);
  ck_assert_uint_eq(query(VA).level, 2);
  ck_assert_uint_eq(query(VA).prop.flags, FM_PAGE_READ | FM_PAGE_USER);
}
END_TEST

/* The cache policy, bit 52, and what the processor noted go over to all pages. */
START_TEST(small_pages_are_what_the_huge_one_was)
{
  struct fm_page_prop prop = {FM_PAGE_READ | FM_PAGE_ACCESSED | FM_PAGE_DIRTY | FM_PAGE_GLOBAL,
                              FM_CACHE_WRITE_COMBINING};
  struct fm_pt_cursor cursor = lock(VA, VA + HUGE_2);
  ck_assert_int_eq(ops->pt_map(&cursor, fm_paddr_of(HUGE_2), 2, prop, false, NULL), FM_PT_OK);
  ops->pt_unlock(&cursor);
  uint64_t huge = entry_at(VA, 2).raw;
  (void)protect(VA, VA + PAGE, 0, FM_PAGE_WRITE);
  ck_assert_uint_eq(entry_at(VA, 2).raw, table_at(VA, 1).raw | 7);
  for (unsigned i = 1; i < 512; i++)
    ck_assert_uint_eq(entry_at(VA + i * PAGE, 1).raw, huge + i * PAGE);
}
END_TEST

/* ---- 1 GiB ---- */

START_TEST(a_page_of_1_gib_is_cut_down_to_the_sizes_that_are_needed)
{
  ck_assert_int_eq(map(VA, fm_paddr_of(4 * GIB), 3, false), FM_PT_OK);
  ck_assert_uint_eq(entry_at(VA, 3).raw, 4 * GIB | UINT64_C(0x8010000000000087));
  ck_assert_uint_eq(query(VA + 123 * PAGE).level, 3);

  /* A part of 2 MiB needs no pages of 4 KiB. */
  ck_assert_uint_eq(unmap(VA + 2 * HUGE_2, VA + 3 * HUGE_2), 1);
  expect_pages(VA, VA + 2 * HUGE_2, 4 * GIB, 2);
  expect_pages(VA + 3 * HUGE_2, VA + HUGE_3, 4 * GIB + 3 * HUGE_2, 2);

  (void)protect(VA + PAGE, VA + 2 * PAGE, FM_PAGE_WRITE, 0);
  expect_pages(VA, VA + HUGE_2, 4 * GIB, 1);
  expect_pages(VA + HUGE_2, VA + 2 * HUGE_2, 4 * GIB + HUGE_2, 2);
  expect_good_tree();
}
END_TEST

START_TEST(a_page_of_1_gib_is_cut_at_both_ends)
{
  ck_assert_int_eq(map(VA, fm_paddr_of(4 * GIB), 3, false), FM_PT_OK);
  /* 511 pages of 4 KiB, 510 of 2 MiB, 511 of 4 KiB. */
  ck_assert_uint_eq(unmap(VA + PAGE, VA + HUGE_3 - PAGE), 511 + 510 + 511);
  expect_pages(VA, VA + PAGE, 4 * GIB, 1);
  expect_pages(VA + HUGE_3 - PAGE, VA + HUGE_3, 5 * GIB - PAGE, 1);
  ck_assert_uint_eq(node_at(VA, 2)->nr_children, 2);
  expect_good_tree();
}
END_TEST

START_TEST(merging_goes_up_level_by_level)
{
  struct fm_pt_item item;
  ck_assert_int_eq(map(VA, fm_paddr_of(4 * GIB), 3, false), FM_PT_OK);
  (void)protect(VA + PAGE, VA + 2 * PAGE, 0, 0);
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  struct fm_pt_cursor cursor = lock(VA, VA + HUGE_3);
  ck_assert(!ops->pt_merge(&cursor, 3, &item)); /* there is a table in it */
  ck_assert(ops->pt_merge(&cursor, 2, &item));
  ops->pt_drop_taken(test_kernel(), &item);
  ck_assert(ops->pt_merge(&cursor, 3, &item));
  ops->pt_unlock(&cursor);
  ops->pt_drop_taken(test_kernel(), &item);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes + 2 * PAGE);
  ck_assert_uint_eq(entry_at(VA, 3).raw, 4 * GIB | UINT64_C(0x8010000000000087));
  expect_good_tree();
}
END_TEST

/* ---- What is not merged ---- */

static bool merge(uint64_t start, uint64_t end, uint64_t at, uint32_t level)
{
  struct fm_pt_item item = {.va = 77};
  struct fm_pt_cursor cursor = lock(start, end);
  ops->pt_move(&cursor, at);
  bool done = ops->pt_merge(&cursor, level, &item);
  ck_assert_uint_eq(cursor.va, at);
  ops->pt_unlock(&cursor);
  if (done)
    ops->pt_drop_taken(test_kernel(), &item);
  else
    ck_assert_uint_eq(item.va, 77);
  expect_good_tree();
  return done;
}

/* One entry differs by one bit: only accessed and dirty do not matter, and are kept. */
START_TEST(pages_that_differ_in_anything_else_are_not_merged)
{
  static const unsigned places[] = {0, 1, 255, 511};
  for (unsigned bit = 0; bit < 64; bit++)
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
      bool noted = bit == 5 || bit == 6;
      ck_assert_int_eq(map(VA, fm_paddr_of(HUGE_2), 2, false), FM_PT_OK);
      uint64_t huge = entry_at(VA, 2).raw;
      (void)protect(VA, VA + PAGE, 0, 0);
      entries_of(table_at(VA, 1))[places[i]].raw ^= UINT64_C(1) << bit;
      ck_assert_msg(merge(VA, VA + HUGE_2, VA, 2) == noted, "bit %u of entry %u", bit, places[i]);
      if (noted)
        ck_assert_uint_eq(entry_at(VA, 2).raw, huge | UINT64_C(1) << bit);
      else /* the tree is to be good at its end */
        entries_of(table_at(VA, 1))[places[i]].raw ^= UINT64_C(1) << bit;
      (void)unmap(VA, VA + HUGE_2);
    }
}
END_TEST

START_TEST(frames_that_do_not_begin_at_a_multiple_are_not_merged)
{
  struct fm_pt_cursor cursor = lock(VA, VA + HUGE_2);
  for (unsigned i = 0; i < 512; i++)
    ck_assert_int_eq(
        ops->pt_map(&cursor, fm_paddr_of(HUGE_2 + (i + 1) * PAGE), 1, user_page(), false, NULL),
        FM_PT_OK);
  ops->pt_unlock(&cursor);
  ck_assert(!merge(VA, VA + HUGE_2, VA, 2));
}
END_TEST

START_TEST(only_a_whole_table_in_the_range_is_merged)
{
  ck_assert_int_eq(map(VA, fm_paddr_of(HUGE_2), 2, false), FM_PT_OK);
  ck_assert(!merge(VA, VA + HUGE_2, VA, 2));                       /* it is one page */
  ck_assert(!merge(VA + HUGE_2, VA + 2 * HUGE_2, VA + HUGE_2, 2)); /* nothing is there */
  (void)protect(VA, VA + PAGE, 0, 0);
  ck_assert(!merge(VA, VA + HUGE_2, VA, 0));
  ck_assert(!merge(VA, VA + HUGE_2, VA, 1));
  ck_assert(!merge(VA, VA + HUGE_2, VA, 3));
  ck_assert(!merge(VA - HUGE_3, VA + 4 * HUGE_4, VA, 4));
  ck_assert(!merge(VA, VA + HUGE_2, VA + PAGE, 2));
  ck_assert(!merge(VA, VA + HUGE_2, VA + HUGE_2, 2)); /* the end of the range */
  ck_assert(!merge(VA + PAGE, VA + HUGE_2 + PAGE, VA + PAGE, 2));
  ck_assert(!merge(VA - PAGE, VA + HUGE_2 - PAGE, VA, 2));
  ck_assert_uint_eq(query(VA).level, 1);
  ck_assert(merge(VA - PAGE, VA + HUGE_2 + PAGE, VA, 2));
  ck_assert_uint_eq(query(VA).level, 2);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("space_huge");
  TCase *tc = tcase_create("huge");
  tcase_add_checked_fixture(tc, space_setup, space_teardown);
  tcase_add_test(tc, a_huge_page_owns_a_reference_on_each_of_its_frames);
  tcase_add_test(tc, a_dropped_table_drops_all_frames_of_a_huge_page);
  tcase_add_test(tc, a_huge_page_is_split_where_a_part_is_taken);
  tcase_add_test(tc, taking_cuts_a_huge_page_at_both_ends);
  tcase_add_test(tc, protecting_cuts_a_huge_page_and_keeps_all_of_it);
  tcase_add_test(tc, a_huge_page_that_is_covered_stays_whole);
  tcase_add_test(tc, small_pages_are_what_the_huge_one_was);
  tcase_add_test(tc, a_page_of_1_gib_is_cut_down_to_the_sizes_that_are_needed);
  tcase_add_test(tc, a_page_of_1_gib_is_cut_at_both_ends);
  tcase_add_test(tc, merging_goes_up_level_by_level);
  tcase_add_test(tc, pages_that_differ_in_anything_else_are_not_merged);
  tcase_add_test(tc, frames_that_do_not_begin_at_a_multiple_are_not_merged);
  tcase_add_test(tc, only_a_whole_table_in_the_range_is_merged);
  suite_add_tcase(suite, tc);
  return suite;
}
