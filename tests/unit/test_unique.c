/* SPDX-License-Identifier: MPL-2.0 */
/* Handles with one owner: conversions, repurposing, and the two ways to end. */
#include <fm/unique.h>
#include <string.h>

#include "tests/support.h"

/* Two types that write down at which count, and with which vtable, they are dropped. */
static struct {
  unsigned drops;
  uint64_t count;
  uint64_t vtable_ptr;
  uint64_t meta;
} seen;

static void on_drop(struct fm_kernel *kernel, void *meta, struct fm_reader *reader)
{
  const struct fm_slot *slot = (const struct fm_slot *)meta;
  (void)kernel;
  (void)reader;
  seen.drops++;
  seen.count = slot->ref_count;
  seen.vtable_ptr = slot->vtable_ptr;
  memcpy(&seen.meta, slot->storage, sizeof(seen.meta));
}

static const struct fm_meta_type first_type = {
    .name = "first", .size = 8, .align = 8, .flags = FM_META_ON_DROP, .on_drop = on_drop};
static const struct fm_meta_type second_type = {
    .name = "second", .size = 16, .align = 8, .flags = FM_META_ON_DROP, .on_drop = on_drop};

static void setup(void)
{
  memset(&seen, 0, sizeof(seen));
  test_setup();
}

static fm_paddr alloc(const struct fm_ops *ops)
{
  fm_paddr paddr;
  ck_assert(ops->alloc(test_kernel(), FM_PAGE_SIZE, FM_PAGE_SIZE, &paddr));
  return paddr;
}

static uint64_t vtable_of(fm_meta_id type)
{
  return test_kernel()->vtables + type.number * sizeof(struct fm_vtable);
}

START_TEST(sharing_a_unique_frame_makes_one_reference)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_unique unique = test_claim_unique(TEST_FRAME, test_anon(), NULL);
  struct fm_slot *got = NULL;

  ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(TEST_FRAME), &got), FM_GET_UNIQUE);
  struct fm_frame frame = ops->unique_share(unique);
  ck_assert_ptr_eq(frame.slot, unique.slot);
  ck_assert_uint_eq(frame.slot->ref_count, 1);
  ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(TEST_FRAME), &got), FM_GET_OK);
}
END_TEST

START_TEST(only_a_single_reference_becomes_unique)
{
  static const uint64_t others[] = {2, 3, FM_COUNT_MAX, 0};
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  struct fm_unique unique = {NULL};

  for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
    frame.slot->ref_count = others[i];
    struct fm_slot before = *frame.slot;
    ck_assert(!ops->unique_from_frame(frame, &unique));
    ck_assert_ptr_null(unique.slot);
    ck_assert_mem_eq(frame.slot, &before, sizeof(before));
  }
  frame.slot->ref_count = 1;
  ck_assert(ops->unique_from_frame(frame, &unique));
  ck_assert_ptr_eq(unique.slot, frame.slot);
  ck_assert_uint_eq(unique.slot->ref_count, FM_COUNT_UNIQUE);
}
END_TEST

START_TEST(the_owner_writes_metadata_that_later_holders_see)
{
  const struct fm_ops *ops = test_use_build(_i);
  uint64_t meta = 1;
  struct fm_unique unique = test_claim_unique(TEST_FRAME, test_register(&first_type), &meta);

  ck_assert_ptr_eq(fm_unique_meta(unique), unique.slot->storage);
  memset(fm_unique_meta(unique), 0x42, 8);
  struct fm_frame frame = ops->unique_share(unique);
  memcpy(&meta, frame.slot->storage, sizeof(meta));
  ck_assert_uint_eq(meta, UINT64_C(0x4242424242424242));
}
END_TEST

START_TEST(the_owner_writes_metadata_and_holders_read_it)
{
  const struct fm_ops *ops = test_use_build(_i);
  uint64_t meta = 1;
  uint64_t number = 0xfeed;
  uint8_t got[FM_META_MAX_SIZE] = {0};
  struct fm_unique unique = test_claim_unique(TEST_FRAME, test_register(&first_type), &meta);

  ops->unique_write_meta(unique, &number, sizeof(number));
  struct fm_frame frame = ops->unique_share(unique);
  ck_assert_uint_eq(ops->frame_read_meta(frame, got), sizeof(number));
  ck_assert_mem_eq(got, &number, sizeof(number));
}
END_TEST

START_TEST(repurpose_drops_the_old_and_writes_the_new_while_unique)
{
  const struct fm_ops *ops = test_use_build(_i);
  fm_meta_id first = test_register(&first_type);
  fm_meta_id second = test_register(&second_type);
  uint64_t old_meta = 11, new_meta[2] = {22, 33};
  struct fm_unique unique = test_claim_unique(TEST_FRAME, first, &old_meta);

  ops->unique_repurpose(test_kernel(), unique, second, new_meta);
  ck_assert_uint_eq(seen.drops, 1);
  ck_assert_uint_eq(seen.count, FM_COUNT_UNIQUE);
  ck_assert_uint_eq(seen.vtable_ptr, vtable_of(first));
  ck_assert_uint_eq(seen.meta, old_meta);
  ck_assert_uint_eq(unique.slot->ref_count, FM_COUNT_UNIQUE);
  ck_assert_uint_eq(unique.slot->vtable_ptr, vtable_of(second));
  ck_assert_mem_eq(unique.slot->storage, new_meta, sizeof(new_meta));
}
END_TEST

START_TEST(drop_tells_the_allocator_and_reset_does_not)
{
  const struct fm_ops *ops = test_use_build(_i / 2);
  bool reset = _i % 2 != 0;
  fm_meta_id type = test_register(&first_type);
  uint64_t meta = 5;
  fm_paddr paddr = alloc(ops);
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  struct fm_unique unique = test_claim_unique(paddr.raw, type, &meta);

  if (reset)
    ops->unique_reset(test_kernel(), unique);
  else
    ops->unique_drop(test_kernel(), unique);
  ck_assert_uint_eq(seen.drops, 1);
  ck_assert_uint_eq(seen.count, FM_COUNT_BUSY);
  ck_assert_uint_eq(unique.slot->ref_count, FM_COUNT_UNUSED);
  ck_assert_int_eq(ops->is_free(test_kernel(), paddr), !reset);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes + (reset ? 0 : FM_PAGE_SIZE));
}
END_TEST

START_TEST(raw_unique_handles_stay_unique)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_unique unique = test_claim_unique(TEST_FRAME, test_anon(), NULL);
  fm_paddr paddr = ops->unique_into_raw(unique);

  ck_assert_uint_eq(paddr.raw, TEST_FRAME);
  ck_assert_uint_eq(unique.slot->ref_count, FM_COUNT_UNIQUE);
  ck_assert_ptr_eq(ops->unique_from_raw(paddr).slot, unique.slot);
  ck_assert_uint_eq(unique.slot->ref_count, FM_COUNT_UNIQUE);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("unique");
  TCase *tc = tcase_create("unique");

  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_loop_test(tc, sharing_a_unique_frame_makes_one_reference, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, only_a_single_reference_becomes_unique, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, the_owner_writes_metadata_that_later_holders_see, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, the_owner_writes_metadata_and_holders_read_it, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, repurpose_drops_the_old_and_writes_the_new_while_unique, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, drop_tells_the_allocator_and_reset_does_not, 0, 4);
  tcase_add_loop_test(tc, raw_unique_handles_stay_unique, 0, TEST_BUILDS);
  suite_add_tcase(suite, tc);
  return suite;
}
