/* SPDX-License-Identifier: MPL-2.0 */
/* Untyped frames and segments: whose bytes are handed out, and whose are not. */
#include <fm/frame_alloc.h>
#include <fm/untyped.h>

#include "tests/support.h"

static const struct fm_meta_type untyped_type = {
    .name = "bytes", .size = 8, .align = 8, .flags = FM_META_UNTYPED};
static void destroy(struct fm_kernel *kernel, void *meta)
{
  (void)kernel;
  (void)meta;
}

static const struct fm_meta_type typed_type = {
    .name = "mine", .size = 8, .align = 8, .flags = FM_META_DESTROY, .destroy = destroy};

static struct fm_segment claim_segment(const struct fm_ops *ops, uint64_t start, uint64_t frames,
                                       fm_meta_id type)
{
  struct fm_segment segment;
  ck_assert_int_eq(ops->segment_from_unused(test_kernel(),
                                            fm_range_of(start, start + frames * FM_PAGE_SIZE), type,
                                            NULL, NULL, &segment),
                   FM_GET_OK);
  return segment;
}

/* ---- Which types ---- */

START_TEST(only_untyped_types_hand_out_their_frames)
{
  const struct fm_ops *ops = test_use_build(_i);
  const fm_meta_id types[] = {
      test_anon(),
      test_register(&untyped_type),
      test_register(&typed_type),
      fm_meta_empty(FM_META_TYPED),
      fm_meta_empty(FM_META_EARLY),
      fm_meta_empty(FM_META_KERNEL),
      FM_META_ID(FM_META_LINK, struct fm_link_meta),
      FM_META_ID(FM_META_PAGE_TABLE, struct fm_page_table_meta),
  };
  const uint8_t meta[FM_META_MAX_SIZE] = {0};

  for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
    uint64_t at = TEST_FRAME + i * FM_PAGE_SIZE;
    struct fm_frame frame = test_claim(at, types[i], meta);
    struct fm_segment segment = fm_segment_from_frame(frame);
    struct fm_untyped got = {NULL};
    struct fm_untyped_segment gots = {{{1}, {2}}};

    ck_assert(ops->frame_untyped(frame, &got) == (i < 2));
    ck_assert_ptr_eq(got.slot, i < 2 ? frame.slot : NULL);
    ck_assert(ops->segment_untyped(segment, &gots) == (i < 2));
    ck_assert_uint_eq(gots.range.start.raw, i < 2 ? at : 1);
    ck_assert_uint_eq(gots.range.end.raw, i < 2 ? at + FM_PAGE_SIZE : 2);
    ck_assert_uint_eq(ops->frame_count(frame), 1);
  }
}
END_TEST

START_TEST(what_the_machine_took_for_itself_is_not_handed_out)
{
  const struct fm_ops *ops = test_use_build(_i);
  const uint64_t taken[] = {TEST_IMAGE, test_kernel()->meta_start};

  for (unsigned i = 0; i < G_N_ELEMENTS(taken); i++) {
    struct fm_frame frame = {NULL};
    struct fm_untyped got = {NULL};
    ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(taken[i]), &frame.slot), FM_GET_OK);
    ck_assert(!ops->frame_untyped(frame, &got));
    ck_assert_ptr_null(got.slot);
    ops->frame_drop(test_kernel(), frame);
  }
}
END_TEST

START_TEST(a_handle_is_of_the_type_of_its_frame_and_of_no_other)
{
  const struct fm_ops *ops = test_use_build(_i);
  fm_meta_id type = test_register(&typed_type);
  uint64_t meta = 7;
  struct fm_frame frame = test_claim(TEST_FRAME, type, &meta);
  struct fm_segment segment = claim_segment(ops, TEST_FRAME + FM_PAGE_SIZE, 3, test_anon());

  for (uint32_t number = 0; number < test_kernel()->nr_vtables; number++) {
    ck_assert(ops->frame_has_type(test_kernel(), frame, number) == (number == type.number));
    ck_assert(ops->segment_has_type(test_kernel(), segment, number) == (number == FM_META_ANON));
  }
  ck_assert_ptr_eq(fm_frame_meta(frame), frame.slot->storage);
  ck_assert_ptr_eq(fm_segment_vtable(segment), fm_kernel_vtable(test_kernel(), FM_META_ANON));
}
END_TEST

/* ---- Conversions ---- */

START_TEST(conversions_keep_the_count_both_ways)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_segment segment = claim_segment(ops, TEST_FRAME, 3, test_anon());
  struct fm_segment clone = ops->segment_clone(segment);
  struct fm_untyped_segment untyped = {0};
  struct fm_untyped one = {NULL};

  ck_assert(ops->segment_untyped(segment, &untyped));
  struct fm_segment back = fm_untyped_segment(untyped);
  ck_assert_uint_eq(back.range.start.raw, TEST_FRAME);
  ck_assert_uint_eq(fm_segment_size(back), 3 * FM_PAGE_SIZE);
  ck_assert(ops->frame_untyped(ops->frame_from_raw(fm_paddr_of(TEST_FRAME)), &one));
  ck_assert_ptr_eq(fm_untyped_frame(one).slot, test_slot(TEST_FRAME));
  for (unsigned i = 0; i < 3; i++)
    ck_assert_uint_eq(test_slot(TEST_FRAME + i * FM_PAGE_SIZE)->ref_count, 2);
  (void)clone;
}
END_TEST

START_TEST(all_bytes_and_no_others_are_handed_out)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_segment segment = claim_segment(ops, TEST_FRAME, 3, test_anon());
  struct fm_untyped_segment untyped = {0};
  struct fm_untyped one = {NULL};

  ck_assert(ops->segment_untyped(segment, &untyped));
  struct fm_reader reader = fm_untyped_segment_reader(untyped);
  struct fm_writer writer = fm_untyped_segment_writer(untyped);
  ck_assert_uint_eq(reader.at.raw, TEST_FRAME);
  ck_assert_uint_eq(reader.left, 3 * FM_PAGE_SIZE);
  ck_assert_uint_eq(writer.at.raw, TEST_FRAME);
  ck_assert_uint_eq(writer.left, 3 * FM_PAGE_SIZE);

  uint64_t second = TEST_FRAME + FM_PAGE_SIZE;
  ck_assert(ops->frame_untyped(ops->frame_from_raw(fm_paddr_of(second)), &one));
  reader = fm_untyped_reader(one);
  writer = fm_untyped_writer(one);
  ck_assert_uint_eq(reader.at.raw, second);
  ck_assert_uint_eq(reader.left, FM_PAGE_SIZE);
  ck_assert_uint_eq(writer.at.raw, second);
  ck_assert_uint_eq(writer.left, FM_PAGE_SIZE);
}
END_TEST

START_TEST(what_one_holder_writes_another_reads)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_segment segment = claim_segment(ops, TEST_FRAME, 2, test_anon());
  struct fm_untyped_segment untyped = {0};
  struct fm_untyped one = {NULL};
  char got[8] = {0};

  ck_assert(ops->segment_untyped(segment, &untyped));
  ck_assert(ops->frame_untyped(ops->frame_from_raw(fm_paddr_of(TEST_FRAME + FM_PAGE_SIZE)), &one));
  struct fm_writer writer = fm_untyped_segment_writer(untyped);
  ck_assert(fm_writer_skip(&writer, FM_PAGE_SIZE + 17));
  ck_assert(ops->writer_write(&writer, "framed", 7, 1));
  struct fm_reader reader = fm_untyped_reader(one);
  ck_assert(fm_reader_skip(&reader, 17));
  ck_assert(ops->reader_read(&reader, got, 7, 1));
  ck_assert_str_eq(got, "framed");
}
END_TEST

/* ---- Empty segments ---- */

static void expect_of_no_type(const struct fm_ops *ops, struct fm_segment empty)
{
  struct fm_untyped_segment got = {{{1}, {2}}};

  ck_assert_uint_eq(fm_segment_size(empty), 0);
  ck_assert(!ops->segment_untyped(empty, &got));
  ck_assert_uint_eq(got.range.start.raw, 1);
  ck_assert_uint_eq(got.range.end.raw, 2);
  ck_assert_ptr_null(fm_segment_vtable(empty));
  for (uint32_t number = 0; number < test_kernel()->nr_vtables; number++)
    ck_assert(!ops->segment_has_type(test_kernel(), empty, number));
}

/* The slot behind the last one is not there: a look at it would be a fault. */
START_TEST(an_empty_slice_at_the_end_of_memory_is_of_no_type)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_segment whole = claim_segment(ops, TEST_RAM - 2 * FM_PAGE_SIZE, 2, test_anon());
  struct fm_segment empty;

  ck_assert(ops->segment_slice(whole, 2 * FM_PAGE_SIZE, 2 * FM_PAGE_SIZE, &empty));
  ck_assert_uint_eq(empty.range.start.raw, TEST_RAM);
  expect_of_no_type(ops, empty);
  ops->segment_drop(test_kernel(), empty);
  ck_assert_uint_eq(test_slot(TEST_RAM - FM_PAGE_SIZE)->ref_count, 1);
}
END_TEST

START_TEST(an_empty_slice_does_not_follow_what_becomes_of_its_frame)
{
  const struct fm_ops *ops = test_use_build(_i);
  fm_meta_id typed = test_register(&typed_type);
  uint64_t meta = 3;
  struct fm_segment whole = claim_segment(ops, TEST_FRAME, 2, test_anon());
  struct fm_segment empty;

  ck_assert(ops->segment_slice(whole, 0, 0, &empty));
  expect_of_no_type(ops, empty); /* although the frame at its start is untyped */
  ops->segment_drop(test_kernel(), whole);
  expect_of_no_type(ops, empty);

  struct fm_unique unique = test_claim_unique(TEST_FRAME, typed, &meta);
  expect_of_no_type(ops, empty);
  ops->unique_repurpose(test_kernel(), unique, test_anon(), NULL);
  expect_of_no_type(ops, empty);
  /* An address that leads nowhere: a look at the record would be a fault. */
  unique.slot->vtable_ptr = 0;
  expect_of_no_type(ops, empty);
  ops->segment_drop(test_kernel(), empty);
  ck_assert_uint_eq(unique.slot->ref_count, FM_COUNT_UNIQUE);
}
END_TEST

START_TEST(a_segment_that_was_used_up_is_of_no_type)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_segment segment = claim_segment(ops, TEST_RAM - FM_PAGE_SIZE, 1, test_anon());
  struct fm_frame frame = {NULL};

  ck_assert(ops->segment_next(&segment, &frame));
  expect_of_no_type(ops, segment);
  struct fm_segment clone = ops->segment_clone(segment);
  expect_of_no_type(ops, clone);
  ck_assert_uint_eq(ops->frame_count(frame), 1);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("untyped");
  TCase *tc = tcase_create("untyped");

  tcase_add_checked_fixture(tc, test_setup_without_allocator, test_teardown);
  tcase_add_loop_test(tc, only_untyped_types_hand_out_their_frames, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, what_the_machine_took_for_itself_is_not_handed_out, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_handle_is_of_the_type_of_its_frame_and_of_no_other, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, conversions_keep_the_count_both_ways, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, all_bytes_and_no_others_are_handed_out, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, what_one_holder_writes_another_reads, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, an_empty_slice_at_the_end_of_memory_is_of_no_type, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, an_empty_slice_does_not_follow_what_becomes_of_its_frame, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_segment_that_was_used_up_is_of_no_type, 0, TEST_BUILDS);
  suite_add_tcase(suite, tc);
  return suite;
}
