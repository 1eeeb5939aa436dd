/* SPDX-License-Identifier: MPL-2.0 */
/* Address spaces: what a range maps, who owns the frames, and what goes when. */
#include <string.h>

#include "tests/space_support.h"

static const uint32_t flags_rw = FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_USER;

START_TEST(a_mapped_page_owns_its_frame)
{
  fm_paddr frame = map_new(VA);
  struct fm_pt_item item = query(VA);
  ck_assert_int_eq(item.kind, FM_PT_TRACKED);
  ck_assert_uint_eq(item.level, 1);
  ck_assert_uint_eq(item.va, VA);
  ck_assert_uint_eq(item.paddr.raw, frame.raw);
  ck_assert_uint_eq(item.prop.flags, flags_rw);
  ck_assert_uint_eq(entry_at(VA, 1).raw, frame.raw | UINT64_C(0x8000000000000087));
  ck_assert_uint_eq(test_slot(frame.raw)->ref_count, 1);
  ck_assert_int_eq(query(VA + PAGE).kind, FM_PT_NOTHING);
  ck_assert_uint_eq(unmap(VA, VA + PAGE), 1);
  ck_assert_int_eq(query(VA).kind, FM_PT_NOTHING);
  ck_assert_uint_eq(query(VA).level, 1); /* the empty tables stay */
}
END_TEST

/* ---- Arguments ---- */

START_TEST(a_range_that_is_none_or_lies_outside_is_refused)
{
  static const uint64_t ranges[][2] = {
      {VA, VA},
      {VA + PAGE, VA},
      {VA + 1, VA + PAGE},
      {VA, VA + PAGE + 8},
      {FM_USER_END, FM_USER_END + PAGE},
      {FM_USER_END - PAGE, FM_USER_END + PAGE},
      {FM_LINEAR_BASE, FM_LINEAR_BASE + PAGE},
      {0, FM_LINEAR_BASE},
      {UINT64_MAX - PAGE + 1, 0},
      {0, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
    struct fm_pt_cursor cursor;
    struct fm_pt_cursor before;
    memset(&cursor, 0x5a, sizeof(cursor));
    before = cursor;
    ck_assert_int_eq(ops->pt_lock(test_kernel(), space, ranges[i][0], ranges[i][1], &cursor),
                     FM_PT_INVALID_ARGS);
    ck_assert_mem_eq(&cursor, &before, sizeof(cursor));
  }
  expect_good_tree(); /* nothing stays locked */
}
END_TEST

START_TEST(a_page_that_does_not_fit_is_refused)
{
  static const struct {
    uint64_t offset; /* of the cursor from VA; the range has 4 MiB */
    uint64_t paddr;
    uint32_t level;
  } rows[] = {
      {0, 0, 0},
      {0, 0, 4},
      {0, 0, 5},
      {0, 0, UINT32_MAX},
      {0, 0, 3},
      {PAGE, 0, 2},
      {HUGE_2 + PAGE, 0, 2},
      {2 * HUGE_2, 0, 1},
      {2 * HUGE_2, 0, 2},
      {0, PAGE, 2},
      {0, 8, 1},
      {0, UINT64_C(1) << 52, 1},
      {0, UINT64_C(1) << 63, 1},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct fm_pt_cursor cursor = lock(VA, VA + 2 * HUGE_2);
    struct fm_pt_item old = {.va = 77};
    ops->pt_move(&cursor, VA + rows[i].offset);
    ck_assert_int_eq(
        ops->pt_map(&cursor, fm_paddr_of(rows[i].paddr), rows[i].level, user_page(), false, &old),
        FM_PT_INVALID_ARGS);
    ck_assert_uint_eq(cursor.va, VA + rows[i].offset);
    ck_assert_uint_eq(old.va, 77);
    ops->pt_unlock(&cursor);
  }
  /* Aligned, but there is less than the page left of the range. */
  struct fm_pt_cursor cursor = lock(VA, VA + HUGE_2 - PAGE);
  ck_assert_int_eq(ops->pt_map(&cursor, fm_paddr_of(0), 2, user_page(), false, NULL),
                   FM_PT_INVALID_ARGS);
  ops->pt_unlock(&cursor);
  ck_assert_uint_eq(node_at(VA, 4)->nr_children, 0); /* no table was made */
}
END_TEST

START_TEST(an_end_outside_of_what_is_left_of_the_range_is_refused)
{
  static const uint64_t ends[] = {0, VA, VA + PAGE + 1, VA + 5 * PAGE, UINT64_MAX};
  (void)map_new(VA + PAGE);
  struct fm_pt_cursor cursor = lock(VA, VA + 4 * PAGE);
  struct fm_pt_item item = {.va = 77};
  ops->pt_move(&cursor, VA + PAGE);
  for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
    ck_assert_int_eq(ops->pt_take(&cursor, ends[i], &item), FM_PT_INVALID_ARGS);
    ck_assert_int_eq(ops->pt_protect(&cursor, ends[i], FM_PAGE_WRITE, 0, &item),
                     FM_PT_INVALID_ARGS);
    ck_assert_uint_eq(item.va, 77);
    ck_assert_uint_eq(cursor.va, VA + PAGE);
  }
  /* The end may be where the cursor is: then there is nothing before it. */
  ck_assert_int_eq(ops->pt_take(&cursor, VA + PAGE, &item), FM_PT_OK);
  ck_assert_int_eq(item.kind, FM_PT_NOTHING);
  ck_assert_int_eq(ops->pt_protect(&cursor, VA + PAGE, FM_PAGE_WRITE, 0, &item), FM_PT_OK);
  ck_assert_int_eq(item.kind, FM_PT_NOTHING);
  ops->pt_unlock(&cursor);
  ck_assert_uint_eq(query(VA + PAGE).prop.flags, flags_rw);
}
END_TEST

START_TEST(the_answers_have_names)
{
  ck_assert_str_eq(fm_pt_error_name(FM_PT_OK), "Ok");
  ck_assert_str_eq(fm_pt_error_name(FM_PT_INVALID_ARGS), "InvalidArgs");
  ck_assert_str_eq(fm_pt_error_name(FM_PT_NO_MEMORY), "NoMemory");
  ck_assert_str_eq(fm_pt_error_name(FM_PT_MAPPED), "Mapped");
}
END_TEST

/* ---- Edges, and moving ---- */

START_TEST(a_space_reaches_from_address_0_to_the_last_user_page)
{
  (void)map_new(0);
  (void)map_new(FM_USER_END - PAGE);
  ck_assert_int_eq(query(0).kind, FM_PT_TRACKED);
  ck_assert_int_eq(query(FM_USER_END - PAGE).kind, FM_PT_TRACKED);
  ck_assert_uint_eq(node_at(0, 4)->nr_children, 2);

  struct fm_pt_cursor cursor = lock(0, FM_USER_END);
  struct fm_pt_item item;
  ops->pt_move(&cursor, FM_USER_END - PAGE);
  ops->pt_query(&cursor, &item);
  ck_assert_int_eq(item.kind, FM_PT_TRACKED);
  ops->pt_unlock(&cursor);
  expect_good_tree();
  ck_assert_uint_eq(unmap(0, FM_USER_END), 2); /* two whole tables of level 3 */
  ck_assert_uint_eq(node_at(0, 4)->nr_children, 0);
}
END_TEST

START_TEST(at_the_end_of_a_range_there_is_nothing)
{
  (void)map_new(VA + HUGE_2 - PAGE);
  (void)map_new(VA + HUGE_2); /* behind the range, in another table */
  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock(VA, VA + HUGE_2);
  ops->pt_move(&cursor, VA + HUGE_2);
  ops->pt_query(&cursor, &item);
  ck_assert_int_eq(item.kind, FM_PT_NOTHING);
  ck_assert_uint_eq(item.va, VA + HUGE_2);
  ops->pt_unlock(&cursor);

  /* The same where the range ends with its node: there the index begins anew. */
  (void)map_new(VA);
  cursor = lock(VA + HUGE_2 - PAGE, VA + HUGE_2);
  ops->pt_move(&cursor, VA + HUGE_2);
  ops->pt_query(&cursor, &item);
  ck_assert_int_eq(item.kind, FM_PT_NOTHING);
  ops->pt_unlock(&cursor);
}
END_TEST

/* The path that the cursor keeps must fit every address that it moves to. */
START_TEST(a_cursor_may_move_anywhere_in_its_range)
{
  static const uint64_t at[] = {
      0,      PAGE,       HUGE_2 - PAGE, HUGE_2, HUGE_2 + PAGE,  HUGE_3 - PAGE,
      HUGE_3, 2 * HUGE_3, HUGE_4 - PAGE, HUGE_4, HUGE_4 + HUGE_3};
  enum { PLACES = G_N_ELEMENTS(at) };
  fm_paddr frames[PLACES];
  for (size_t i = 0; i < PLACES; i++)
    frames[i] = map_new(at[i]);
  struct fm_pt_cursor cursor = lock(0, 2 * HUGE_4);
  for (size_t from = 0; from < PLACES; from++)
    for (size_t to = 0; to < PLACES; to++) {
      struct fm_pt_item item;
      ops->pt_move(&cursor, at[from]);
      ops->pt_query(&cursor, &item);
      ck_assert_uint_eq(item.paddr.raw, frames[from].raw);
      ops->pt_move(&cursor, at[to]);
      ops->pt_query(&cursor, &item);
      ck_assert_uint_eq(item.paddr.raw, frames[to].raw);
      ck_assert_uint_eq(item.va, at[to]);
    }
  ops->pt_unlock(&cursor);
  expect_good_tree();
}
END_TEST

START_TEST(operations_move_on_through_the_range)
{
  struct fm_pt_cursor cursor = lock(VA, VA + 4 * PAGE);
  fm_paddr frames[4];
  struct fm_pt_item item;
  for (unsigned i = 0; i < 4; i++) {
    ck_assert_uint_eq(cursor.va, VA + i * PAGE);
    frames[i] = new_frame();
    ck_assert_int_eq(ops->pt_map(&cursor, frames[i], 1, user_page(), true, NULL), FM_PT_OK);
  }
  ck_assert_uint_eq(cursor.va, VA + 4 * PAGE);
  ops->pt_move(&cursor, VA + PAGE);
  for (unsigned i = 1; i < 3; i++) {
    ck_assert_int_eq(ops->pt_take(&cursor, VA + 3 * PAGE, &item), FM_PT_OK);
    ck_assert_int_eq(item.kind, FM_PT_TRACKED);
    ck_assert_uint_eq(item.va, VA + i * PAGE);
    ck_assert_uint_eq(item.paddr.raw, frames[i].raw);
    ops->pt_drop_taken(test_kernel(), &item);
  }
  ck_assert_int_eq(ops->pt_take(&cursor, VA + 3 * PAGE, &item), FM_PT_OK);
  ck_assert_int_eq(item.kind, FM_PT_NOTHING); /* not the page at that end */
  ops->pt_unlock(&cursor);
  ck_assert_int_eq(query(VA).kind, FM_PT_TRACKED);
  ck_assert_int_eq(query(VA + 3 * PAGE).kind, FM_PT_TRACKED);
  ck_assert_uint_eq(node_at(VA, 1)->nr_children, 2);
}
END_TEST

START_TEST(mapping_goes_on_from_table_to_table)
{
  enum { COUNT = 1030 };
  uint64_t first = VA - 3 * PAGE; /* across tables of levels 1 and 2 */
  struct fm_pt_cursor cursor = lock(first, first + COUNT * PAGE);
  for (unsigned i = 0; i < COUNT; i++)
    ck_assert_int_eq(ops->pt_map(&cursor, fm_paddr_of(i * PAGE), 1, user_page(), false, NULL),
                     FM_PT_OK);
  ck_assert_uint_eq(cursor.va, first + COUNT * PAGE);
  ck_assert_int_eq(ops->pt_map(&cursor, fm_paddr_of(0), 1, user_page(), false, NULL),
                   FM_PT_INVALID_ARGS);
  ops->pt_unlock(&cursor);
  for (unsigned i = 0; i < COUNT; i++)
    ck_assert_uint_eq(query(first + i * PAGE).paddr.raw, i * PAGE);
  ck_assert_uint_eq(node_at(VA, 1)->nr_children, 512);
  expect_good_tree();
}
END_TEST

/* ---- Replacing ---- */

START_TEST(a_page_that_is_there_is_not_mapped_over)
{
  fm_paddr first = map_new(VA);
  fm_paddr second = new_frame();
  struct fm_pt_cursor cursor = lock(VA, VA + PAGE);
  struct fm_pt_item old = {.va = 77};
  ck_assert_int_eq(ops->pt_map(&cursor, second, 1, user_page(), true, NULL), FM_PT_MAPPED);
  ck_assert_uint_eq(cursor.va, VA);
  ck_assert_int_eq(ops->pt_map(&cursor, second, 1, user_page(), true, &old), FM_PT_OK);
  ops->pt_unlock(&cursor);
  ck_assert_int_eq(old.kind, FM_PT_TRACKED);
  ck_assert_uint_eq(old.va, VA);
  ck_assert_uint_eq(old.paddr.raw, first.raw);
  ck_assert_uint_eq(test_slot(first.raw)->ref_count, 1); /* the caller's now */
  ops->pt_drop_taken(test_kernel(), &old);
  ck_assert_uint_eq(node_at(VA, 1)->nr_children, 1);
}
END_TEST

START_TEST(what_is_replaced_may_be_nothing)
{
  (void)map_new(VA);
  fm_paddr frame = new_frame();
  struct fm_pt_cursor cursor = lock(VA + PAGE, VA + 2 * PAGE);
  struct fm_pt_item old = {.kind = FM_PT_TABLE};
  ck_assert_int_eq(ops->pt_map(&cursor, frame, 1, user_page(), true, &old), FM_PT_OK);
  ops->pt_unlock(&cursor);
  ck_assert_int_eq(old.kind, FM_PT_NOTHING);
  ck_assert_uint_eq(node_at(VA, 1)->nr_children, 2);
}
END_TEST

START_TEST(only_a_page_of_the_same_size_is_replaced)
{
  struct fm_pt_item old = {.va = 77};
  (void)map_new(VA);
  ck_assert_int_eq(map(VA + HUGE_2, fm_paddr_of(HUGE_2), 2, false), FM_PT_OK);
  struct fm_pt_cursor cursor = lock(VA, VA + 2 * HUGE_2);
  ck_assert_int_eq(ops->pt_map(&cursor, fm_paddr_of(0), 2, user_page(), false, &old), FM_PT_MAPPED);
  ops->pt_move(&cursor, VA + HUGE_2 + PAGE);
  ck_assert_int_eq(ops->pt_map(&cursor, fm_paddr_of(0), 1, user_page(), false, &old), FM_PT_MAPPED);
  ck_assert_uint_eq(old.va, 77);
  ops->pt_move(&cursor, VA + HUGE_2);
  ck_assert_int_eq(ops->pt_map(&cursor, fm_paddr_of(0), 2, user_page(), false, &old), FM_PT_OK);
  ck_assert_int_eq(old.kind, FM_PT_UNTRACKED);
  ck_assert_uint_eq(old.paddr.raw, HUGE_2);
  ops->pt_unlock(&cursor);
}
END_TEST

/* ---- Protecting ---- */

START_TEST(flags_are_changed_and_the_rest_stays)
{
  fm_paddr frame = new_frame();
  struct fm_page_prop prop = {flags_rw | FM_PAGE_ACCESSED | FM_PAGE_DIRTY, FM_CACHE_UNCACHEABLE};
  struct fm_pt_cursor cursor = lock(VA, VA + PAGE);
  ck_assert_int_eq(ops->pt_map(&cursor, frame, 1, prop, true, NULL), FM_PT_OK);
  ops->pt_unlock(&cursor);
  struct fm_pt_item item =
      protect(VA, VA + PAGE, FM_PAGE_WRITE | FM_PAGE_DIRTY, FM_PAGE_EXEC | FM_PAGE_GLOBAL);
  struct fm_pt_item now = query(VA);
  ck_assert_uint_eq(item.prop.flags,
                    FM_PAGE_READ | FM_PAGE_USER | FM_PAGE_ACCESSED | FM_PAGE_EXEC | FM_PAGE_GLOBAL);
  ck_assert_uint_eq(now.prop.flags, item.prop.flags);
  ck_assert_uint_eq(now.prop.cache, FM_CACHE_UNCACHEABLE);
  ck_assert_int_eq(now.kind, FM_PT_TRACKED);
  ck_assert_uint_eq(now.paddr.raw, frame.raw);
  /* What is both cleared and set is set. */
  ck_assert((protect(VA, VA + PAGE, FM_PAGE_WRITE, FM_PAGE_WRITE).prop.flags & FM_PAGE_WRITE) != 0);
}
END_TEST

START_TEST(protecting_goes_from_page_to_page_and_takes_no_table)
{
  (void)map_new(VA + PAGE);
  (void)map_new(VA + HUGE_2);
  struct fm_pt_cursor cursor = lock(VA, VA + 2 * HUGE_2);
  struct fm_pt_item item;
  ck_assert_int_eq(ops->pt_protect(&cursor, cursor.end, FM_PAGE_WRITE, 0, &item), FM_PT_OK);
  ck_assert_uint_eq(item.va, VA + PAGE);
  ck_assert_uint_eq(cursor.va, VA + 2 * PAGE);
  ck_assert_int_eq(ops->pt_protect(&cursor, cursor.end, FM_PAGE_WRITE, 0, &item), FM_PT_OK);
  ck_assert_uint_eq(item.va, VA + HUGE_2);
  ck_assert_int_eq(ops->pt_protect(&cursor, cursor.end, FM_PAGE_WRITE, 0, &item), FM_PT_OK);
  ck_assert_int_eq(item.kind, FM_PT_NOTHING);
  ck_assert_uint_eq(cursor.va, cursor.end);
  ops->pt_unlock(&cursor);
  ck_assert_uint_eq(node_at(VA, 2)->nr_children, 2);
  expect_good_tree();
}
END_TEST

/* A page that may not even be read still has its frame: bit 7 says that it is a page. */
START_TEST(a_page_without_its_present_bit_still_owns_its_frame)
{
  fm_paddr frame = map_new(VA);
  fm_paddr dropped = map_new(VA + PAGE); /* by the end of the space */
  (void)protect(VA, VA + PAGE, FM_PAGE_READ, 0);
  (void)protect(VA + PAGE, VA + 2 * PAGE, FM_PAGE_READ, 0);
  ck_assert_uint_eq(entry_at(VA, 1).raw & 0x81, 0x80);
  ck_assert_int_eq(query(VA).kind, FM_PT_TRACKED);
  ck_assert_uint_eq(test_slot(frame.raw)->ref_count, 1);
  ck_assert_uint_eq(node_at(VA, 1)->nr_children, 2);
  ck_assert_int_eq(map(VA, frame, 1, true), FM_PT_MAPPED);
  ck_assert_uint_eq(unmap(VA, VA + PAGE), 1);
  ck_assert(ops->is_free(test_kernel(), frame));
  ck_assert(!ops->is_free(test_kernel(), dropped));
  ops->space_drop(test_kernel(), space);
  space.root.slot = NULL;
  ck_assert(ops->is_free(test_kernel(), dropped));
}
END_TEST

/* ---- Untracked ---- */

START_TEST(an_untracked_page_owns_nothing)
{
  fm_paddr frame = new_frame();
  ck_assert_int_eq(map(VA, frame, 1, false), FM_PT_OK);
  ck_assert_int_eq(map(VA + PAGE, frame, 1, false), FM_PT_OK);
  ck_assert_int_eq(map(VA + HUGE_2, fm_paddr_of(HUGE_2), 2, false), FM_PT_OK);
  ck_assert_int_eq(query(VA).kind, FM_PT_UNTRACKED);
  ck_assert_uint_eq(entry_at(VA, 1).raw >> 52 & 1, 1); /* of a user's table */
  (void)protect(VA, VA + PAGE, FM_PAGE_WRITE, 0);
  ck_assert_int_eq(query(VA).kind, FM_PT_UNTRACKED);
  ck_assert_uint_eq(unmap(VA, VA + PAGE), 1);
  ck_assert_uint_eq(test_slot(frame.raw)->ref_count, 1);
  ops->space_drop(test_kernel(), space); /* with the second one */
  space.root.slot = NULL;
  ck_assert_uint_eq(test_slot(frame.raw)->ref_count, 1);
  ops->frame_drop(test_kernel(), ops->frame_from_raw(frame));
}
END_TEST

/* ---- Tables ---- */

START_TEST(a_range_that_covers_a_table_takes_it)
{
  fm_paddr frame = map_new(VA);
  (void)map_new(VA + 5 * PAGE);
  fm_paddr table = table_at(VA, 1);
  ck_assert_uint_eq(query(VA + PAGE).level, 1);

  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock(VA, VA + HUGE_2);
  ck_assert_int_eq(ops->pt_take(&cursor, VA + HUGE_2, &item), FM_PT_OK);
  ck_assert_int_eq(item.kind, FM_PT_TABLE); /* with all that is in it */
  ck_assert_uint_eq(item.level, 2);
  ck_assert_uint_eq(item.va, VA);
  ck_assert_uint_eq(item.paddr.raw, table.raw);
  ck_assert_uint_eq(cursor.va, VA + HUGE_2);
  ops->pt_unlock(&cursor);
  /* Until it is dropped all of it is there: other processors may still use it. */
  ck_assert_uint_eq(fm_node_meta(table)->stray, 1);
  ck_assert_uint_eq(test_slot(frame.raw)->ref_count, 1);
  ops->pt_drop_taken(test_kernel(), &item);
  ck_assert(ops->is_free(test_kernel(), table));
  ck_assert(ops->is_free(test_kernel(), frame));
  ck_assert_uint_eq(query(VA).level, 2);
}
END_TEST

START_TEST(an_empty_table_stays_until_a_range_covers_it)
{
  (void)map_new(VA);
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  ck_assert_uint_eq(unmap(VA, VA + PAGE), 1);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes + PAGE);
  ck_assert_uint_eq(unmap(VA, VA + HUGE_2 - PAGE), 0);
  ck_assert_uint_eq(unmap(VA + PAGE, VA + HUGE_2 + PAGE), 0);
  ck_assert_uint_eq(node_at(VA, 1)->nr_children, 0);
  /* It is in the way of a huge page, too. */
  ck_assert_int_eq(map(VA, fm_paddr_of(0), 2, false), FM_PT_MAPPED);
  ck_assert_uint_eq(unmap(VA, VA + HUGE_2), 1);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes + 2 * PAGE);
  ck_assert_int_eq(map(VA, fm_paddr_of(0), 2, false), FM_PT_OK);
}
END_TEST

START_TEST(a_taken_table_takes_the_tables_below_it)
{
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  for (unsigned i = 0; i < 8; i++)
    (void)map_new(VA + i * 3 * HUGE_2);
  fm_paddr below = table_at(VA, 1);
  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock(VA - PAGE, VA + HUGE_3 + PAGE);
  ck_assert_int_eq(ops->pt_take(&cursor, cursor.end, &item), FM_PT_OK);
  ck_assert_uint_eq(item.level, 3);
  ck_assert_uint_eq(fm_node_meta(below)->stray, 1);
  ck_assert_uint_eq(fm_node_meta(below)->lock, 0);
  ops->pt_unlock(&cursor);
  ops->pt_drop_taken(test_kernel(), &item);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes - PAGE); /* the table of level 3 */
  expect_good_tree();
}
END_TEST

START_TEST(a_dropped_space_takes_its_tree_down)
{
  for (unsigned i = 0; i < 100; i++)
    (void)map_new(VA + i * UINT64_C(0x1000000000) + i * HUGE_2);
  expect_good_tree();
  ops->space_drop(test_kernel(), space);
  space.root.slot = NULL;
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_before);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("space");
  TCase *tc = tcase_create("space");
  tcase_add_checked_fixture(tc, space_setup, space_teardown);
  tcase_add_test(tc, a_mapped_page_owns_its_frame);
  tcase_add_test(tc, a_range_that_is_none_or_lies_outside_is_refused);
  tcase_add_test(tc, a_page_that_does_not_fit_is_refused);
  tcase_add_test(tc, an_end_outside_of_what_is_left_of_the_range_is_refused);
  tcase_add_test(tc, the_answers_have_names);
  tcase_add_test(tc, a_space_reaches_from_address_0_to_the_last_user_page);
  tcase_add_test(tc, at_the_end_of_a_range_there_is_nothing);
  tcase_add_test(tc, a_cursor_may_move_anywhere_in_its_range);
  tcase_add_test(tc, operations_move_on_through_the_range);
  tcase_add_test(tc, mapping_goes_on_from_table_to_table);
  tcase_add_test(tc, a_page_that_is_there_is_not_mapped_over);
  tcase_add_test(tc, what_is_replaced_may_be_nothing);
  tcase_add_test(tc, only_a_page_of_the_same_size_is_replaced);
  tcase_add_test(tc, flags_are_changed_and_the_rest_stays);
  tcase_add_test(tc, protecting_goes_from_page_to_page_and_takes_no_table);
  tcase_add_test(tc, a_page_without_its_present_bit_still_owns_its_frame);
  tcase_add_test(tc, an_untracked_page_owns_nothing);
  tcase_add_test(tc, a_range_that_covers_a_table_takes_it);
  tcase_add_test(tc, an_empty_table_stays_until_a_range_covers_it);
  tcase_add_test(tc, a_taken_table_takes_the_tables_below_it);
  tcase_add_test(tc, a_dropped_space_takes_its_tree_down);
  suite_add_tcase(suite, tc);
  return suite;
}
