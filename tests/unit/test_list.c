/* SPDX-License-Identifier: MPL-2.0 */
/* Lists of unique frames: order, ids, ownership. */
#include <fm/cursor.h>

#include "tests/support.h"

#define FRAME(n) (TEST_FRAME + (n)*FM_PAGE_SIZE)

static struct fm_list list;

static fm_meta_id link_type(void)
{
  return fm_meta_id_of(FM_META_LINK, sizeof(struct fm_link_meta));
}

static struct fm_unique frame(unsigned n)
{
  const struct fm_link_meta link = {0};
  return test_claim_unique(FRAME(n), link_type(), &link);
}

static void setup(void)
{
  test_setup_without_allocator();
  list = (struct fm_list){0};
}

/* The frames front to back, and the same seen from the other end. */
static void expect_list(const unsigned *numbers, unsigned count)
{
  ck_assert_uint_eq(fm_list_size(&list), count);
  struct fm_unique at = fm_list_front(&list);
  for (unsigned i = 0; i < count; i++, at = fm_list_next(at)) {
    ck_assert_uint_eq(fm_unique_paddr(at).raw, FRAME(numbers[i]));
    ck_assert_uint_eq(at.slot->in_list, list.id);
  }
  ck_assert_ptr_null(at.slot);
  at = fm_list_back(&list);
  for (unsigned i = count; i-- > 0; at = fm_list_prev(at))
    ck_assert_uint_eq(fm_unique_paddr(at).raw, FRAME(numbers[i]));
  ck_assert_ptr_null(at.slot);
}

START_TEST(frames_stand_where_they_were_pushed)
{
  fm_list_push_back(test_kernel(), &list, frame(1));
  fm_list_push_back(test_kernel(), &list, frame(2));
  fm_list_push_front(test_kernel(), &list, frame(0));
  expect_list((const unsigned[]){0, 1, 2}, 3);
}
END_TEST

START_TEST(insertion_goes_before_the_frame_or_to_the_end)
{
  struct fm_unique last = frame(9);
  fm_list_push_back(test_kernel(), &list, last);
  fm_list_insert_before(test_kernel(), &list, last, frame(5));
  fm_list_insert_before(test_kernel(), &list, fm_list_front(&list), frame(1));
  fm_list_insert_before(test_kernel(), &list, (struct fm_unique){NULL}, frame(12));
  expect_list((const unsigned[]){1, 5, 9, 12}, 4);
}
END_TEST

START_TEST(a_frame_is_taken_out_at_any_place)
{
  struct fm_unique frames[5];
  for (unsigned i = 0; i < 5; i++) {
    frames[i] = frame(i);
    fm_list_push_back(test_kernel(), &list, frames[i]);
  }
  fm_list_remove(&list, frames[2]);
  expect_list((const unsigned[]){0, 1, 3, 4}, 4);
  fm_list_remove(&list, frames[0]);
  fm_list_remove(&list, frames[4]);
  expect_list((const unsigned[]){1, 3}, 2);
  ck_assert_uint_eq(frames[2].slot->in_list, 0);
}
END_TEST

START_TEST(popping_gives_the_frames_back_and_draws_no_id)
{
  struct fm_unique got = {NULL};
  ck_assert(!fm_list_pop_front(&list, &got));
  ck_assert(!fm_list_pop_back(&list, &got));
  ck_assert_uint_eq(list.id, 0);

  for (unsigned i = 0; i < 3; i++)
    fm_list_push_back(test_kernel(), &list, frame(i));
  ck_assert(fm_list_pop_front(&list, &got));
  ck_assert_uint_eq(fm_unique_paddr(got).raw, FRAME(0));
  ck_assert(fm_list_pop_back(&list, &got));
  ck_assert_uint_eq(fm_unique_paddr(got).raw, FRAME(2));
  ck_assert_uint_eq(got.slot->in_list, 0);
  expect_list((const unsigned[]){1}, 1);
}
END_TEST

START_TEST(membership_is_told_for_any_address)
{
  struct fm_list other = {0};
  ck_assert(!fm_list_contains(test_kernel(), &list, fm_paddr_of(1)));
  ck_assert(!fm_list_contains(test_kernel(), &list, fm_paddr_of(TEST_RAM)));
  ck_assert_uint_eq(list.id, 0); /* no slot was looked at, so no id was drawn */
  ck_assert(!fm_list_contains(test_kernel(), &list, fm_paddr_of(FRAME(0))));
  ck_assert_uint_ne(list.id, 0);

  fm_list_push_back(test_kernel(), &list, frame(0));
  fm_list_push_back(test_kernel(), &other, frame(1));
  ck_assert(fm_list_contains(test_kernel(), &list, fm_paddr_of(FRAME(0))));
  ck_assert(!fm_list_contains(test_kernel(), &list, fm_paddr_of(FRAME(1))));
  ck_assert_uint_ne(list.id, other.id);
}
END_TEST

START_TEST(dropping_a_list_frees_its_frames)
{
  for (unsigned i = 0; i < 4; i++)
    fm_list_push_back(test_kernel(), &list, frame(i));
  fm_list_drop(test_kernel(), &list);
  expect_list(NULL, 0);
  for (unsigned i = 0; i < 4; i++) {
    ck_assert_uint_eq(test_slot(FRAME(i))->ref_count, FM_COUNT_UNUSED);
    ck_assert_uint_eq(test_slot(FRAME(i))->in_list, 0);
  }
}
END_TEST

static struct fm_unique spare;

static void run_push(void *data)
{
  const struct fm_ops *ops = data;
  ops->list_push_front(test_kernel(), &list, spare);
}

START_TEST(running_out_of_ids_ends_the_machine)
{
  struct fm_list last = {0};
  const struct fm_ops *ops = test_use_build(_i);
  spare = frame(0);
  test_kernel()->next_list_id = (UINT64_C(1) << 63) - 2;
  ops->list_push_front(test_kernel(), &last, frame(1));
  ck_assert_uint_eq(test_slot(FRAME(1))->in_list, (UINT64_C(1) << 63) - 2);
  test_expect_panic(run_push, (void *)(uintptr_t)ops, "the ids of frame lists are exhausted");
  ck_assert_uint_eq(spare.slot->in_list, 0);
  ck_assert_uint_eq(list.id, 0);
}
END_TEST

START_TEST(an_id_is_drawn_when_it_is_first_needed)
{
  struct fm_list lists[4] = {{0}};
  struct fm_unique got = {NULL};
  struct fm_cursor cursor;
  const struct fm_ops *ops = test_use_build(_i);
  const uint64_t *next = &test_kernel()->next_list_id;
  uint64_t id = *next;

  ck_assert(!ops->list_pop_front(&lists[0], &got) && !ops->list_pop_back(&lists[0], &got));
  cursor = ops->cursor_front(&lists[0]);
  ck_assert(!ops->cursor_take(&cursor, &got));
  ck_assert(!ops->list_contains(test_kernel(), &lists[0], fm_paddr_of(FRAME(0) + 1)));
  ck_assert(!ops->cursor_at(test_kernel(), &lists[0], fm_paddr_of(TEST_RAM), &cursor));
  ops->list_drop(test_kernel(), &lists[0]);
  ck_assert_uint_eq(lists[0].id, 0);
  ck_assert_uint_eq(*next, id);

  ck_assert(!ops->list_contains(test_kernel(), &lists[1], fm_paddr_of(FRAME(0))));
  ck_assert(!ops->cursor_at(test_kernel(), &lists[2], fm_paddr_of(FRAME(0)), &cursor));
  ops->list_push_back(test_kernel(), &lists[3], frame(0));
  for (unsigned i = 1; i < 4; i++)
    ck_assert_uint_eq(lists[i].id, id + i - 1);
  ck_assert_uint_eq(test_slot(FRAME(0))->in_list, id + 2);
  ck_assert(ops->list_pop_back(&lists[3], &got));
  ops->list_push_back(test_kernel(), &lists[3], got); /* it has it for life */
  ck_assert_uint_eq(got.slot->in_list, id + 2);
  ck_assert_uint_eq(*next, id + 3);
}
END_TEST

START_TEST(the_order_holds_under_insertion_at_a_cursor)
{
  const struct fm_ops *ops = test_use_build(_i);
  for (unsigned i = 0; i < 3; i++)
    ops->list_push_back(test_kernel(), &list, frame(i));
  struct fm_cursor cursor = ops->cursor_front(&list);
  for (unsigned i = 3; i < 6; i++) { /* before 1, before 2, and at the ghost */
    ops->cursor_next(&cursor);
    ops->cursor_insert_before(test_kernel(), &cursor, frame(i));
  }
  expect_list((const unsigned[]){0, 3, 1, 4, 2, 5}, 6);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("list");
  TCase *tc = tcase_create("list");
  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_test(tc, frames_stand_where_they_were_pushed);
  tcase_add_test(tc, insertion_goes_before_the_frame_or_to_the_end);
  tcase_add_test(tc, a_frame_is_taken_out_at_any_place);
  tcase_add_test(tc, popping_gives_the_frames_back_and_draws_no_id);
  tcase_add_test(tc, membership_is_told_for_any_address);
  tcase_add_test(tc, dropping_a_list_frees_its_frames);
  tcase_add_loop_test(tc, running_out_of_ids_ends_the_machine, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, an_id_is_drawn_when_it_is_first_needed, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, the_order_holds_under_insertion_at_a_cursor, 0, TEST_BUILDS);
  suite_add_tcase(suite, tc);
  return suite;
}
