/* SPDX-License-Identifier: MPL-2.0 */
/* Cursors: places in a list, the ghost between its ends, and what is done there. */
#include <fm/cursor.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/support.h"

enum { FRAMES = 24, STEPS = 4000 };

#define SEED     41ull
#define FRAME(n) (TEST_FRAME + (n)*FM_PAGE_SIZE)
#define NONE     UINT64_MAX

/* What stands behind the link. */
struct linked {
  struct fm_link_meta link;
  uint64_t number;
};

static const struct fm_meta_type linked_type = {
    .name = "linked", .size = sizeof(struct linked), .align = 8};

static struct fm_list list;
static const struct fm_ops *ops;
static fm_meta_id type;

static void setup(void)
{
  test_setup_without_allocator();
  list = (struct fm_list){0};
  type = test_register(&linked_type);
}

static struct fm_unique frame(unsigned n)
{
  const struct linked meta = {.number = 100 + n};
  return test_claim_unique(FRAME(n), type, &meta);
}

static void push(unsigned first, unsigned count)
{
  for (unsigned i = first; i < first + count; i++)
    ops->list_push_back(test_kernel(), &list, frame(i));
}

/* The number of the frame, NONE for the ghost. */
static uint64_t at(struct fm_cursor cursor)
{
  if (cursor.at.slot == NULL)
    return NONE;
  return (fm_unique_paddr(cursor.at).raw - TEST_FRAME) / FM_PAGE_SIZE;
}

static uint64_t link_to(unsigned n)
{
  return fm_frame_to_meta(fm_paddr_of(FRAME(n))).raw;
}

/* What is wrong with the list if it should hold these frames: read off the memory, not by the
 * list's own functions.  NULL: nothing. */
static const char *fault_of_list(const unsigned *numbers, unsigned count)
{
  uint64_t in_list[FRAMES] = {0};

  if (list.size != count)
    return "size";
  if (list.front != (count != 0 ? link_to(numbers[0]) : 0) ||
      list.back != (count != 0 ? link_to(numbers[count - 1]) : 0))
    return "an end";
  for (unsigned i = 0; i < count; i++) {
    const struct linked *meta = (const void *)test_slot(FRAME(numbers[i]))->storage;
    if (meta->link.prev != (i != 0 ? link_to(numbers[i - 1]) : 0))
      return "a link to the front";
    if (meta->link.next != (i != count - 1 ? link_to(numbers[i + 1]) : 0))
      return "a link to the back";
    if (meta->number != 100 + numbers[i])
      return "what is behind a link";
    in_list[numbers[i]] = list.id;
  }
  if (count != 0 && list.id == 0)
    return "the id";
  for (unsigned i = 0; i < FRAMES; i++)
    if (test_slot(FRAME(i))->in_list != in_list[i])
      return "the id in a slot";
  return NULL;
}

static void expect_list(const unsigned *numbers, unsigned count)
{
  const char *fault = fault_of_list(numbers, count);
  ck_assert_msg(fault == NULL, "%s is wrong", fault);
  ck_assert_uint_eq(test_take_findings(NULL), 0);
}

/* ---- Places ---- */

START_TEST(cursors_start_at_the_ends)
{
  ops = test_use_build(_i);
  ck_assert_uint_eq(at(ops->cursor_front(&list)), NONE);
  ck_assert_uint_eq(at(ops->cursor_back(&list)), NONE);
  push(0, 1);
  ck_assert_uint_eq(at(ops->cursor_front(&list)), 0);
  ck_assert_uint_eq(at(ops->cursor_back(&list)), 0);
  push(1, 2);
  ck_assert_uint_eq(at(ops->cursor_front(&list)), 0);
  ck_assert_uint_eq(at(ops->cursor_back(&list)), 2);
  ck_assert_ptr_eq(ops->cursor_back(&list).list, &list);
}
END_TEST

START_TEST(a_cursor_goes_round_over_the_ghost)
{
  static const uint64_t round[] = {0, 1, 2, NONE, 0, 1, 2, NONE, 0};
  ops = test_use_build(_i);
  push(0, 3);
  struct fm_cursor cursor = ops->cursor_front(&list);

  for (unsigned i = 0; i < G_N_ELEMENTS(round); i++) {
    ck_assert_uint_eq(at(cursor), round[i]);
    if (i + 1 < G_N_ELEMENTS(round))
      ops->cursor_next(&cursor);
  }
  for (unsigned i = G_N_ELEMENTS(round); i-- > 0;) {
    ck_assert_uint_eq(at(cursor), round[i]);
    ops->cursor_prev(&cursor);
  }
  expect_list((const unsigned[]){0, 1, 2}, 3);
}
END_TEST

START_TEST(in_an_empty_list_there_is_only_the_ghost)
{
  ops = test_use_build(_i);
  struct fm_cursor cursor = ops->cursor_front(&list);
  struct fm_unique got = {test_slot(TEST_FRAME)};

  ops->cursor_next(&cursor);
  ck_assert_uint_eq(at(cursor), NONE);
  ops->cursor_prev(&cursor);
  ck_assert_uint_eq(at(cursor), NONE);
  ck_assert(!ops->cursor_take(&cursor, &got));
  ck_assert_ptr_eq(got.slot, test_slot(TEST_FRAME));
  ck_assert_uint_eq(list.id, 0);
}
END_TEST

START_TEST(the_ghost_gives_no_frame)
{
  ops = test_use_build(_i);
  push(0, 2);
  struct fm_cursor cursor = ops->cursor_back(&list);
  struct fm_unique got = {NULL};

  ops->cursor_next(&cursor);
  ck_assert_ptr_null(fm_cursor_meta(&cursor));
  ck_assert(!ops->cursor_take(&cursor, &got));
  ck_assert_ptr_null(got.slot);
  ck_assert_uint_eq(at(cursor), NONE);
  expect_list((const unsigned[]){0, 1}, 2);
}
END_TEST

START_TEST(a_cursor_shows_what_is_behind_the_link)
{
  ops = test_use_build(_i);
  push(0, 3);
  struct fm_cursor cursor = ops->cursor_front(&list);

  ops->cursor_next(&cursor);
  uint64_t *number = fm_cursor_meta(&cursor);
  ck_assert_ptr_eq(number, &((struct linked *)(void *)test_slot(FRAME(1))->storage)->number);
  ck_assert_uint_eq(*number, 101);
}
END_TEST

START_TEST(a_cursor_is_set_only_at_frames_of_its_list)
{
  struct fm_list other = {0};
  struct fm_cursor cursor = {NULL, {NULL}};
  ops = test_use_build(_i);
  push(0, 3);
  ops->list_push_back(test_kernel(), &other, frame(7));
  (void)frame(8);                                /* unique, in no list */
  (void)test_claim(FRAME(9), test_anon(), NULL); /* shared */
  static const uint64_t not_here[] = {FRAME(7),     FRAME(8), FRAME(9), FRAME(10),
                                      FRAME(1) + 8, TEST_RAM, NONE};

  for (unsigned i = 0; i < G_N_ELEMENTS(not_here); i++)
    ck_assert(!ops->cursor_at(test_kernel(), &list, fm_paddr_of(not_here[i]), &cursor));
  ck_assert_ptr_null(cursor.list);
  for (unsigned i = 0; i < 3; i++) {
    ck_assert(ops->cursor_at(test_kernel(), &list, fm_paddr_of(FRAME(i)), &cursor));
    ck_assert_uint_eq(at(cursor), i);
    ck_assert_ptr_eq(cursor.list, &list);
  }
  ck_assert(!ops->cursor_at(test_kernel(), &other, fm_paddr_of(FRAME(1)), &cursor));
  ck_assert(ops->cursor_at(test_kernel(), &other, fm_paddr_of(FRAME(7)), &cursor));
}
END_TEST

START_TEST(a_frame_that_was_taken_out_is_not_found_again)
{
  struct fm_cursor cursor;
  struct fm_unique got = {NULL};
  ops = test_use_build(_i);
  push(0, 3);
  ck_assert(ops->cursor_at(test_kernel(), &list, fm_paddr_of(FRAME(1)), &cursor));
  ck_assert(ops->cursor_take(&cursor, &got));
  ck_assert(!ops->cursor_at(test_kernel(), &list, fm_paddr_of(FRAME(1)), &cursor));
  ck_assert(!ops->list_contains(test_kernel(), &list, fm_paddr_of(FRAME(1))));
}
END_TEST

/* ---- Taking out and putting in ---- */

START_TEST(taking_out_moves_on_to_the_next)
{
  struct fm_cursor cursor;
  struct fm_unique got = {NULL};
  ops = test_use_build(_i);
  push(0, 4);

  ck_assert(ops->cursor_at(test_kernel(), &list, fm_paddr_of(FRAME(1)), &cursor));
  ck_assert(ops->cursor_take(&cursor, &got));
  ck_assert_uint_eq(fm_unique_paddr(got).raw, FRAME(1));
  ck_assert_uint_eq(got.slot->ref_count, FM_COUNT_UNIQUE);
  ck_assert_uint_eq(at(cursor), 2);
  expect_list((const unsigned[]){0, 2, 3}, 3);

  ops->cursor_next(&cursor);
  ck_assert(ops->cursor_take(&cursor, &got));
  ck_assert_uint_eq(fm_unique_paddr(got).raw, FRAME(3));
  ck_assert_uint_eq(at(cursor), NONE); /* it was the last: then comes the ghost */
  expect_list((const unsigned[]){0, 2}, 2);

  ops->cursor_next(&cursor);
  ck_assert(ops->cursor_take(&cursor, &got));
  ck_assert(ops->cursor_take(&cursor, &got));
  ck_assert_uint_eq(fm_unique_paddr(got).raw, FRAME(2));
  ck_assert(!ops->cursor_take(&cursor, &got));
  expect_list(NULL, 0);
}
END_TEST

START_TEST(a_frame_is_put_before_the_cursor_which_stays)
{
  ops = test_use_build(_i);
  push(0, 2);
  struct fm_cursor cursor = ops->cursor_front(&list);

  ops->cursor_insert_before(test_kernel(), &cursor, frame(5));
  ck_assert_uint_eq(at(cursor), 0);
  expect_list((const unsigned[]){5, 0, 1}, 3);
  ops->cursor_next(&cursor);
  ops->cursor_insert_before(test_kernel(), &cursor, frame(6));
  ck_assert_uint_eq(at(cursor), 1);
  expect_list((const unsigned[]){5, 0, 6, 1}, 4);
}
END_TEST

START_TEST(at_the_ghost_a_frame_is_put_to_the_end)
{
  ops = test_use_build(_i);
  struct fm_cursor cursor = ops->cursor_front(&list);

  for (unsigned i = 0; i < 3; i++) {
    ops->cursor_insert_before(test_kernel(), &cursor, frame(i));
    ck_assert_uint_eq(at(cursor), NONE);
  }
  expect_list((const unsigned[]){0, 1, 2}, 3);
}
END_TEST

/* ---- Against a plain array ---- */

static struct {
  struct sim_rng rng;
  unsigned numbers[FRAMES]; /* front to back */
  unsigned count;
  unsigned place; /* of the cursor; count: the ghost */
  struct fm_cursor cursor;
} model;

static void model_insert(unsigned place, unsigned number)
{
  memmove(&model.numbers[place + 1], &model.numbers[place],
          (model.count - place) * sizeof(model.numbers[0]));
  model.numbers[place] = number;
  model.count++;
}

static void model_remove(unsigned place)
{
  model.count--;
  memmove(&model.numbers[place], &model.numbers[place + 1],
          (model.count - place) * sizeof(model.numbers[0]));
}

static bool model_has(unsigned number)
{
  for (unsigned i = 0; i < model.count; i++)
    if (model.numbers[i] == number)
      return true;
  return false;
}

static void step_in(unsigned number)
{
  if (model_has(number))
    return;
  switch (sim_rng_below(&model.rng, 4)) {
  case 0:
    ops->list_push_front(test_kernel(), &list, frame(number));
    model_insert(0, number);
    model.place++;
    break;
  case 1:
    ops->list_push_back(test_kernel(), &list, frame(number));
    model.place += model.place == model.count; /* the ghost stays behind the end */
    model_insert(model.count, number);
    break;
  default:
    ops->cursor_insert_before(test_kernel(), &model.cursor, frame(number));
    model_insert(model.place, number);
    model.place++;
  }
}

static bool step_take(void)
{
  struct fm_unique got = {NULL};
  if (model.place == model.count)
    return !ops->cursor_take(&model.cursor, &got) && got.slot == NULL;
  unsigned number = model.numbers[model.place];
  if (!ops->cursor_take(&model.cursor, &got) || fm_unique_paddr(got).raw != FRAME(number))
    return false;
  model_remove(model.place);
  ops->unique_reset(test_kernel(), got);
  return true;
}

/* An end is popped, and the cursor set anew to an end. */
static bool step_pop(bool front)
{
  struct fm_unique got = {NULL};
  bool popped = (front ? ops->list_pop_front : ops->list_pop_back)(&list, &got);
  if (popped != (model.count != 0))
    return false;
  if (popped) {
    unsigned place = front ? 0 : model.count - 1;
    if (fm_unique_paddr(got).raw != FRAME(model.numbers[place]))
      return false;
    model_remove(place);
    ops->unique_reset(test_kernel(), got);
  }
  model.cursor = front ? ops->cursor_back(&list) : ops->cursor_front(&list);
  model.place = front && model.count != 0 ? model.count - 1 : 0;
  return true;
}

static bool step_at(unsigned number)
{
  struct fm_cursor cursor;
  bool found = ops->cursor_at(test_kernel(), &list, fm_paddr_of(FRAME(number)), &cursor);
  if (found != model_has(number))
    return false;
  for (unsigned i = 0; found && i < model.count; i++)
    if (model.numbers[i] == number)
      model.place = i;
  model.cursor = found ? cursor : model.cursor;
  return true;
}

static bool one_step(bool filling)
{
  unsigned number = (unsigned)sim_rng_below(&model.rng, FRAMES);
  uint64_t dice = sim_rng_below(&model.rng, 10);

  if (dice < (filling ? 4 : 1)) {
    step_in(number);
    return true;
  }
  if (dice < 5)
    return filling ? step_at(number) : step_take();
  switch (dice) {
  case 5:
    return step_pop(sim_rng_below(&model.rng, 2) != 0);
  case 6:
    return step_at(number);
  case 7:
    return step_take();
  case 8:
    ops->cursor_prev(&model.cursor);
    model.place = model.place == 0 ? model.count : model.place - 1;
    return true;
  default:
    ops->cursor_next(&model.cursor);
    model.place = model.place == model.count ? 0 : model.place + 1;
    return true;
  }
}

START_TEST(every_step_is_that_of_a_plain_array)
{
  unsigned fullest = 0, emptied = 0;
  ops = test_use_build(_i);
  sim_rng_init(&model.rng, SEED, "cursor");
  model.count = model.place = 0;
  model.cursor = ops->cursor_front(&list);

  for (unsigned step = 0; step < STEPS; step++) {
    bool answered = one_step(step / 100 % 2 == 0);
    const char *fault = fault_of_list(model.numbers, model.count);
    uint64_t place = model.place == model.count ? NONE : model.numbers[model.place];
    if (!answered || fault != NULL || at(model.cursor) != place)
      ck_abort_msg("seed %llu, step %u: wrong: %s", SEED, step,
                   fault != NULL ? fault
                   : answered    ? "the cursor's place"
                                 : "an answer");
    fullest = MAX(fullest, model.count);
    emptied += model.count == 0;
  }
  ck_assert_uint_gt(fullest, FRAMES / 2);
  ck_assert_uint_gt(emptied, 0);
  ck_assert_uint_eq(test_take_findings(NULL), 0);
  test_expect_sound();
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("cursor");
  TCase *tc = tcase_create("cursor");

  tcase_set_timeout(tc, 20);
  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_loop_test(tc, cursors_start_at_the_ends, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_cursor_goes_round_over_the_ghost, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, in_an_empty_list_there_is_only_the_ghost, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, the_ghost_gives_no_frame, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_cursor_shows_what_is_behind_the_link, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_cursor_is_set_only_at_frames_of_its_list, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_frame_that_was_taken_out_is_not_found_again, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, taking_out_moves_on_to_the_next, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_frame_is_put_before_the_cursor_which_stays, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, at_the_ghost_a_frame_is_put_to_the_end, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, every_step_is_that_of_a_plain_array, 0, TEST_BUILDS);
  suite_add_tcase(suite, tc);
  return suite;
}
