/* SPDX-License-Identifier: MPL-2.0 */
/* Shared handles: counts, raw handles, the order of the last drop, frames on demand. */
#include <fm/frame.h>
#include <string.h>

#include "tests/support.h"

/* ---- A type that writes down what happens to it ---- */

enum event { ON_DROP, DESTROY };

static struct {
  enum event events[8];
  unsigned count;
  uint64_t counts[8]; /* ref_count at that moment */
  bool was_free[8];   /* whether the allocator had the frame at that moment */
  struct fm_reader reader;
  uint64_t meta;
} seen;

static void note(enum event event, const void *meta)
{
  const struct fm_slot *slot = (const struct fm_slot *)meta; /* storage comes first */

  ck_assert_uint_lt(seen.count, G_N_ELEMENTS(seen.events));
  seen.events[seen.count] = event;
  seen.counts[seen.count] = slot->ref_count;
  seen.was_free[seen.count] =
      sim_machine_ops(test_machine)->is_free(test_kernel(), fm_slot_paddr(slot));
  seen.count++;
}

static void on_drop(struct fm_kernel *kernel, void *meta, struct fm_reader *reader)
{
  ck_assert_ptr_eq(kernel, test_kernel());
  memcpy(&seen.meta, meta, sizeof(seen.meta));
  seen.reader = *reader;
  note(ON_DROP, meta);
}

static void destroy(struct fm_kernel *kernel, void *meta)
{
  ck_assert_ptr_eq(kernel, test_kernel());
  note(DESTROY, meta);
}

static const struct fm_meta_type noting = {
    .name = "noting",
    .size = 8,
    .align = 8,
    .flags = FM_META_ON_DROP | FM_META_DESTROY,
    .on_drop = on_drop,
    .destroy = destroy,
};

static void setup(void)
{
  memset(&seen, 0, sizeof(seen));
  test_setup();
}

static const struct fm_alloc_options dirty = {.dirty = true};

/* A frame that the allocator gave away, so that it may come back to it. */
static struct fm_frame alloc(const struct fm_ops *ops, fm_meta_id type, const void *meta)
{
  struct fm_frame frame = {NULL};
  const struct fm_alloc_options options = {.type = type, .meta = meta};
  ck_assert_int_eq(ops->frame_alloc(test_kernel(), &options, &frame), FM_ALLOC_OK);
  return frame;
}

/* ---- Counts ---- */

START_TEST(clone_and_drop_count_references)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = alloc(ops, test_anon(), NULL);

  ck_assert_uint_eq(ops->frame_count(frame), 1);
  for (unsigned i = 2; i <= 10; i++) {
    ck_assert_ptr_eq(ops->frame_clone(frame).slot, frame.slot);
    ck_assert_uint_eq(ops->frame_count(frame), i);
  }
  for (unsigned i = 9; i >= 1; i--) {
    ops->frame_drop(test_kernel(), frame);
    ck_assert_uint_eq(ops->frame_count(frame), i);
  }
  ops->frame_drop(test_kernel(), frame);
  ck_assert_uint_eq(frame.slot->ref_count, FM_COUNT_UNUSED);
}
END_TEST

START_TEST(raw_handles_keep_their_reference)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = alloc(ops, test_anon(), NULL);
  struct fm_frame clone = ops->frame_clone(frame);
  fm_paddr paddr = ops->frame_into_raw(clone);

  ck_assert_uint_eq(paddr.raw, fm_frame_paddr(frame).raw);
  ck_assert_uint_eq(ops->frame_count(frame), 2);
  struct fm_frame back = ops->frame_from_raw(paddr);
  ck_assert_ptr_eq(back.slot, frame.slot);
  ck_assert_uint_eq(ops->frame_count(back), 2);
}
END_TEST

START_TEST(a_borrowed_handle_has_no_reference)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = alloc(ops, test_anon(), NULL);
  struct fm_slot before = *frame.slot;
  struct fm_frame_ref ref = fm_frame_borrow(frame);

  ck_assert_ptr_eq(fm_frame_ref_look(ref).slot, frame.slot);
  ck_assert_uint_eq(ops->frame_count(fm_frame_ref_look(ref)), 1);
  ck_assert_mem_eq(frame.slot, &before, sizeof(before));
  ops->frame_drop(test_kernel(), frame);
  ck_assert_uint_eq(frame.slot->ref_count, FM_COUNT_UNUSED);
}
END_TEST

START_TEST(a_clone_of_a_borrowed_handle_is_a_reference_of_its_own)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = alloc(ops, test_anon(), NULL);
  struct fm_frame own = ops->frame_ref_clone(fm_frame_borrow(frame));

  ck_assert_ptr_eq(own.slot, frame.slot);
  ck_assert_uint_eq(ops->frame_count(own), 2);
  ops->frame_drop(test_kernel(), frame);
  ck_assert_uint_eq(ops->frame_count(own), 1);
  ops->frame_drop(test_kernel(), own);
  ck_assert_uint_eq(frame.slot->ref_count, FM_COUNT_UNUSED);
}
END_TEST

START_TEST(a_reference_left_behind_can_be_borrowed)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = alloc(ops, test_anon(), NULL);
  fm_paddr paddr = ops->frame_into_raw(frame);
  struct fm_frame_ref ref = fm_frame_borrow_raw(paddr);

  ck_assert_ptr_eq(fm_frame_ref_look(ref).slot, frame.slot);
  ck_assert_uint_eq(frame.slot->ref_count, 1);
  struct fm_frame own = ops->frame_ref_clone(ref);
  ck_assert_uint_eq(frame.slot->ref_count, 2);
  ops->frame_drop(test_kernel(), own);
  ck_assert_uint_eq(frame.slot->ref_count, 1);
}
END_TEST

START_TEST(a_handle_knows_the_type_of_its_frame)
{
  struct fm_page_table_meta meta = {.level = 3};
  struct fm_frame frame =
      test_claim(TEST_FRAME, FM_META_ID(FM_META_PAGE_TABLE, struct fm_page_table_meta), &meta);

  ck_assert_str_eq(fm_frame_vtable(frame)->name, "page-table");
  ck_assert_uint_eq(fm_frame_vtable(frame)->number, FM_META_PAGE_TABLE);
}
END_TEST

/* ---- The last drop ---- */

START_TEST(the_last_drop_runs_on_drop_then_destroy_once_while_busy)
{
  const struct fm_ops *ops = test_use_build(_i);
  uint64_t meta = UINT64_C(0x1234567890abcdef);
  struct fm_frame frame = alloc(ops, test_register(&noting), &meta);
  struct fm_frame clone = ops->frame_clone(frame);
  uint64_t free_bytes = ops->free_bytes(test_kernel());

  ops->frame_drop(test_kernel(), clone);
  ck_assert_uint_eq(seen.count, 0);
  ops->frame_drop(test_kernel(), frame);

  ck_assert_uint_eq(seen.count, 2);
  ck_assert_int_eq(seen.events[0], ON_DROP);
  ck_assert_int_eq(seen.events[1], DESTROY);
  for (unsigned i = 0; i < 2; i++) {
    ck_assert_uint_eq(seen.counts[i], FM_COUNT_BUSY);
    ck_assert(!seen.was_free[i]);
  }
  ck_assert_uint_eq(seen.meta, meta);
  ck_assert_uint_eq(frame.slot->ref_count, FM_COUNT_UNUSED);
  ck_assert(ops->is_free(test_kernel(), fm_frame_paddr(frame)));
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes + FM_PAGE_SIZE);
}
END_TEST

START_TEST(on_drop_gets_a_reader_over_the_whole_frame)
{
  const struct fm_ops *ops = test_use_build(_i);
  uint64_t meta = 0;
  struct fm_frame frame = alloc(ops, test_register(&noting), &meta);

  ops->frame_drop(test_kernel(), frame);
  ck_assert_uint_eq(seen.reader.at.raw, fm_frame_paddr(frame).raw);
  ck_assert_uint_eq(seen.reader.left, FM_PAGE_SIZE);
}
END_TEST

/* ---- Debug assertions ---- */

/* What a drop or clone of a frame that nobody holds leaves behind, by build. */
static void check_findings(int build, const char *text)
{
  g_autofree char *first = NULL;
  unsigned count = test_take_findings(&first);

  ck_assert_uint_eq(count, build == 0 ? 0 : 1);
  if (build != 0)
    ck_assert_str_eq(first, text);
}

START_TEST(drop_of_a_busy_frame_is_a_finding_where_assertions_are_on)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = alloc(ops, test_anon(), NULL);

  frame.slot->ref_count = FM_COUNT_BUSY;
  ops->frame_drop(test_kernel(), frame);
  ck_assert_uint_eq(frame.slot->ref_count, UINT64_MAX);
  g_autofree char *text = g_strdup_printf("drop of a frame that nobody holds (frame 0x%x)",
                                          (unsigned)fm_frame_paddr(frame).raw);
  check_findings(_i, text);
}
END_TEST

START_TEST(drop_of_an_unused_frame_is_a_finding_where_assertions_are_on)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = {test_slot(TEST_FRAME)};

  ops->frame_drop(test_kernel(), frame);
  ck_assert_uint_eq(frame.slot->ref_count, FM_COUNT_UNIQUE);
  check_findings(_i, "drop of a frame that nobody holds (frame 0x500000)");
}
END_TEST

START_TEST(clone_of_a_busy_frame_is_a_finding_where_assertions_are_on)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = {test_slot(TEST_FRAME)};

  frame.slot->ref_count = FM_COUNT_BUSY;
  (void)ops->frame_clone(frame);
  ck_assert_uint_eq(frame.slot->ref_count, 1);
  check_findings(_i, "clone of a frame that nobody holds (frame 0x500000)");
}
END_TEST

/* ---- Frames on demand ---- */

START_TEST(frame_alloc_zeroes_only_what_it_is_told_to)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = alloc(ops, test_anon(), NULL);
  fm_paddr paddr = fm_frame_paddr(frame);
  uint8_t *bytes = fm_linear(paddr, FM_PAGE_SIZE);

  memset(bytes, 0x77, FM_PAGE_SIZE);
  ops->frame_drop(test_kernel(), frame);
  ck_assert_int_eq(ops->frame_alloc(test_kernel(), &dirty, &frame), FM_ALLOC_OK);
  ck_assert_uint_eq(fm_frame_paddr(frame).raw, paddr.raw); /* first fit */
  ck_assert_uint_eq(bytes[0], 0x77);
  ck_assert_uint_eq(bytes[FM_PAGE_SIZE - 1], 0x77);

  ops->frame_drop(test_kernel(), frame);
  bytes[FM_PAGE_SIZE] = 0x66;
  frame = alloc(ops, test_anon(), NULL);
  for (unsigned i = 0; i < FM_PAGE_SIZE; i++)
    ck_assert_uint_eq(bytes[i], 0);
  ck_assert_uint_eq(bytes[FM_PAGE_SIZE], 0x66);
}
END_TEST

START_TEST(frame_alloc_says_when_there_is_no_memory)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = {NULL};
  unsigned frames = 0;

  while (ops->frame_alloc(test_kernel(), &dirty, &frame) == FM_ALLOC_OK)
    frames++;
  ck_assert_uint_gt(frames, 1000);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), 0);
  frame.slot = NULL;
  ck_assert_str_eq(fm_alloc_error_name(ops->frame_alloc(test_kernel(), &dirty, &frame)),
                   "NoMemory");
  ck_assert_ptr_null(frame.slot);
  test_expect_sound();
}
END_TEST

static void run_alloc(void *data)
{
  struct fm_frame frame;
  (void)data;
  (void)sim_machine_ops(test_machine)
      ->frame_alloc(test_kernel(), &(struct fm_alloc_options){0}, &frame);
}

START_TEST(an_allocator_that_hands_out_a_claimed_frame_ends_the_machine)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = alloc(ops, test_anon(), NULL);
  fm_paddr paddr = fm_frame_paddr(frame);

  ops->frame_drop(test_kernel(), frame);
  (void)test_claim(paddr.raw, test_anon(), NULL);
  test_expect_panic(run_alloc, NULL, "the allocator handed out a frame that is in use");
  ck_assert_uint_eq(frame.slot->ref_count, 1);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("frame");
  TCase *tc = tcase_create("frame");

  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_loop_test(tc, clone_and_drop_count_references, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, raw_handles_keep_their_reference, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_borrowed_handle_has_no_reference, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_clone_of_a_borrowed_handle_is_a_reference_of_its_own, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_reference_left_behind_can_be_borrowed, 0, TEST_BUILDS);
  tcase_add_test(tc, a_handle_knows_the_type_of_its_frame);
  tcase_add_loop_test(tc, the_last_drop_runs_on_drop_then_destroy_once_while_busy, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, on_drop_gets_a_reader_over_the_whole_frame, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, drop_of_a_busy_frame_is_a_finding_where_assertions_are_on, 0,
                      TEST_BUILDS);
  tcase_add_loop_test(tc, drop_of_an_unused_frame_is_a_finding_where_assertions_are_on, 0,
                      TEST_BUILDS);
  tcase_add_loop_test(tc, clone_of_a_busy_frame_is_a_finding_where_assertions_are_on, 0,
                      TEST_BUILDS);
  tcase_add_loop_test(tc, frame_alloc_zeroes_only_what_it_is_told_to, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, frame_alloc_says_when_there_is_no_memory, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, an_allocator_that_hands_out_a_claimed_frame_ends_the_machine, 0,
                      TEST_BUILDS);
  suite_add_tcase(suite, tc);
  return suite;
}
