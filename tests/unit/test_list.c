/* SPDX-License-Identifier: MPL-2.0 */
/* Lists of unique frames: order, ids, ownership. */
#include <fm/list.h>

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

static void draw_id(void *data)
{
  (void)data;
  (void)fm_list_id(test_kernel(), &list);
}

START_TEST(running_out_of_ids_ends_the_machine)
{
  test_kernel()->next_list_id = INT64_MAX;
  test_expect_panic(draw_id, NULL, "the ids of frame lists are exhausted");
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
  tcase_add_test(tc, running_out_of_ids_ends_the_machine);
  suite_add_tcase(suite, tc);
  return suite;
}
