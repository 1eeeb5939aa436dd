/* SPDX-License-Identifier: MPL-2.0 */
/* Slots: layout, what counts mean, and each answer of claim, get, clone and drop. */
#include <string.h>

#include "sim/hook.h"
#include "tests/support.h"

/* ---- Layout and arithmetic ---- */

START_TEST(a_slot_has_64_bytes_in_the_published_order)
{
  ck_assert_uint_eq(sizeof(struct fm_slot), 64);
  ck_assert_uint_eq(offsetof(struct fm_slot, storage), 0);
  ck_assert_uint_eq(offsetof(struct fm_slot, ref_count), 40);
  ck_assert_uint_eq(offsetof(struct fm_slot, vtable_ptr), 48);
  ck_assert_uint_eq(offsetof(struct fm_slot, in_list), 56);
}
END_TEST

START_TEST(the_constants_are_those_of_the_kernel)
{
  ck_assert_uint_eq(FM_COUNT_UNUSED, UINT64_C(0xffffffffffffffff));
  ck_assert_uint_eq(FM_COUNT_UNIQUE, UINT64_C(0xfffffffffffffffe));
  ck_assert_uint_eq(FM_COUNT_MAX, UINT64_C(0x7fffffffffffffff));
  ck_assert_uint_eq(FM_META_BASE, UINT64_C(0xffffe00000000000));
  ck_assert_uint_eq(FM_META_END, UINT64_C(0xffffe10000000000));
  ck_assert_uint_eq(FM_LINEAR_BASE, UINT64_C(0xffff800000000000));
  ck_assert_uint_eq(FM_IMAGE_BASE, UINT64_C(0xffffffff80000000));
  ck_assert_uint_eq(FM_META_MAX_SIZE, 40);
  ck_assert_uint_eq(FM_META_MAX_ALIGN, 64);
}
END_TEST

START_TEST(every_count_has_the_state_that_its_value_says)
{
  static const struct {
    uint64_t count;
    const char *state;
    enum fm_get_error claim, get;
    bool grows;
  } rows[] = {
      {0, "busy", FM_GET_BUSY, FM_GET_BUSY, false},
      {1, "shared", FM_GET_IN_USE, FM_GET_OK, true},
      {2, "shared", FM_GET_IN_USE, FM_GET_OK, true},
      {UINT64_C(0x7ffffffffffffffe), "shared", FM_GET_IN_USE, FM_GET_OK, true},
      {UINT64_C(0x7fffffffffffffff), "shared", FM_GET_IN_USE, FM_GET_OK, false},
      {UINT64_C(0x8000000000000000), "illegal", FM_GET_IN_USE, FM_GET_OK, false},
      {UINT64_C(0xfffffffffffffffd), "illegal", FM_GET_IN_USE, FM_GET_OK, false},
      {UINT64_C(0xfffffffffffffffe), "unique", FM_GET_UNIQUE, FM_GET_UNIQUE, false},
      {UINT64_C(0xffffffffffffffff), "unused", FM_GET_OK, FM_GET_UNUSED, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    uint64_t count = rows[i].count;
    ck_assert_str_eq(fm_count_state_name(fm_count_state(count)), rows[i].state);
    ck_assert_int_eq(fm_count_claim_answer(count), rows[i].claim);
    ck_assert_int_eq(fm_count_may_grow(count), rows[i].grows);
    if (!rows[i].grows)
      ck_assert_int_eq(fm_count_get_answer(count), rows[i].get);
  }
}
END_TEST

START_TEST(answers_have_the_names_of_the_kernel)
{
  static const char *const names[FM_GET_ERRORS] = {"Ok",     "InUse",      "Unused",     "Busy",
                                                   "Unique", "OutOfBound", "NotAligned", "Retry"};
  for (int i = 0; i < FM_GET_ERRORS; i++)
    ck_assert_str_eq(fm_get_error_name((enum fm_get_error)i), names[i]);
}
END_TEST

START_TEST(frame_and_slot_addresses_are_inverse)
{
  static const uint64_t pages[] = {0, 1, 2, 511, 512, 0x100000, 0x12345678, 0x3ffffffff};

  ck_assert_uint_eq(fm_frame_to_meta(fm_paddr_of(0)).raw, FM_META_BASE);
  ck_assert_uint_eq(fm_frame_to_meta(fm_paddr_of(0x2345000)).raw, FM_META_BASE + 0x8d140);
  for (size_t i = 0; i < G_N_ELEMENTS(pages); i++) {
    fm_paddr frame = fm_paddr_of(pages[i] * FM_PAGE_SIZE);
    fm_kaddr meta = fm_frame_to_meta(frame);
    ck_assert_uint_eq(fm_meta_to_frame(meta).raw, frame.raw);
    ck_assert_uint_eq(meta.raw % 64, 0);
    ck_assert(meta.raw >= FM_META_BASE && meta.raw < FM_META_END);
    ck_assert_uint_eq(fm_slot_paddr(fm_slot_at(frame)).raw, frame.raw);
    ck_assert_uint_eq((uint64_t)(uintptr_t)fm_slot_at(frame) - FM_META_WINDOW,
                      meta.raw - FM_META_BASE);
  }
}
END_TEST

/* ---- Which addresses have a slot ---- */

START_TEST(alignment_is_looked_at_before_the_bound)
{
  const struct fm_ops *ops = test_use_build(_i);
  static const struct {
    uint64_t paddr;
    enum fm_get_error answer;
  } rows[] = {
      {1, FM_GET_NOT_ALIGNED},
      {TEST_FRAME + 0xfff, FM_GET_NOT_ALIGNED},
      {TEST_RAM - 1, FM_GET_NOT_ALIGNED},
      {TEST_RAM + 1, FM_GET_NOT_ALIGNED},
      {UINT64_MAX, FM_GET_NOT_ALIGNED},
      {TEST_RAM, FM_GET_OUT_OF_BOUND},
      {TEST_RAM + FM_PAGE_SIZE, FM_GET_OUT_OF_BOUND},
      {UINT64_C(1) << 52, FM_GET_OUT_OF_BOUND},
      {UINT64_MAX - FM_PAGE_MASK, FM_GET_OUT_OF_BOUND},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct fm_slot *slot = NULL;
    fm_paddr paddr = fm_paddr_of(rows[i].paddr);
    ck_assert_int_eq(ops->get(test_kernel(), paddr, &slot), rows[i].answer);
    ck_assert_int_eq(ops->claim(test_kernel(), paddr, test_anon(), NULL, false, &slot),
                     rows[i].answer);
    ck_assert_ptr_null(slot);
  }
}
END_TEST

START_TEST(the_last_frame_below_the_bound_has_a_slot)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_slot *slot = NULL;
  fm_paddr last = fm_paddr_of(TEST_RAM - FM_PAGE_SIZE);

  ck_assert_uint_eq(test_kernel()->max_paddr, TEST_RAM);
  ck_assert_int_eq(ops->claim(test_kernel(), last, test_anon(), NULL, false, &slot), FM_GET_OK);
  ck_assert_ptr_eq(slot, fm_slot_at(last));
  ck_assert_uint_eq(slot->ref_count, 1);
}
END_TEST

/* ---- Answers by state ---- */

START_TEST(claim_takes_an_unused_frame_and_only_that)
{
  const struct fm_ops *ops = test_use_build(_i);
  static const struct {
    uint64_t count;
    enum fm_get_error answer;
  } rows[] = {
      {FM_COUNT_BUSY, FM_GET_BUSY},
      {1, FM_GET_IN_USE},
      {7, FM_GET_IN_USE},
      {FM_COUNT_MAX, FM_GET_IN_USE},
      {FM_COUNT_MAX + 1, FM_GET_IN_USE},
      {FM_COUNT_UNIQUE - 1, FM_GET_IN_USE},
      {FM_COUNT_UNIQUE, FM_GET_UNIQUE},
  };
  uint64_t meta[2] = {1, 2};

  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct fm_slot before, *slot = test_slot(TEST_FRAME), *got = NULL;
    memset(slot, 0xa5, sizeof(*slot));
    slot->ref_count = rows[i].count;
    before = *slot;
    for (int unique = 0; unique < 2; unique++)
      ck_assert_int_eq(ops->claim(test_kernel(), fm_paddr_of(TEST_FRAME),
                                  fm_meta_id_of(FM_META_LINK, sizeof(meta)), meta, unique, &got),
                       rows[i].answer);
    ck_assert_ptr_null(got);
    ck_assert_mem_eq(slot, &before, sizeof(before));
  }
}
END_TEST

START_TEST(claim_writes_vtable_and_metadata_and_leaves_the_rest)
{
  const struct fm_ops *ops = test_use_build(_i / 2);
  bool unique = _i % 2 != 0;
  struct fm_link_meta meta = {.prev = 0x1122, .next = 0x3344};
  struct fm_slot *got = NULL, *slot = test_slot(TEST_FRAME);
  uint8_t old[sizeof(slot->storage)];

  memset(slot->storage, 0x5a, sizeof(slot->storage));
  memcpy(old, slot->storage, sizeof(old));
  ck_assert_int_eq(ops->claim(test_kernel(), fm_paddr_of(TEST_FRAME),
                              FM_META_ID(FM_META_LINK, struct fm_link_meta), &meta, unique, &got),
                   FM_GET_OK);
  ck_assert_ptr_eq(got, slot);
  ck_assert_uint_eq(slot->ref_count, unique ? FM_COUNT_UNIQUE : 1);
  ck_assert_uint_eq(slot->vtable_ptr, test_kernel()->vtables + FM_META_LINK * 64);
  ck_assert_uint_eq(slot->in_list, 0);
  ck_assert_mem_eq(slot->storage, &meta, sizeof(meta));
  ck_assert_mem_eq(slot->storage + sizeof(meta), old, sizeof(old) - sizeof(meta));
}
END_TEST

START_TEST(get_answers_by_the_state_and_leaves_the_slot_alone)
{
  const struct fm_ops *ops = test_use_build(_i);
  static const struct {
    uint64_t count;
    enum fm_get_error answer;
  } rows[] = {
      {FM_COUNT_UNUSED, FM_GET_UNUSED},
      {FM_COUNT_BUSY, FM_GET_BUSY},
      {FM_COUNT_UNIQUE, FM_GET_UNIQUE},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct fm_slot before, *slot = test_slot(TEST_FRAME), *got = NULL;
    memset(slot, 0xa5, sizeof(*slot));
    slot->ref_count = rows[i].count;
    before = *slot;
    ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(TEST_FRAME), &got), rows[i].answer);
    ck_assert_int_eq(ops->try_get(slot), rows[i].answer);
    ck_assert_ptr_null(got);
    ck_assert_mem_eq(slot, &before, sizeof(before));
  }
}
END_TEST

START_TEST(get_adds_exactly_one_reference)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  struct fm_slot expected = *frame.slot, *got = NULL;

  ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(TEST_FRAME), &got), FM_GET_OK);
  ck_assert_ptr_eq(got, frame.slot);
  expected.ref_count = 2;
  ck_assert_mem_eq(frame.slot, &expected, sizeof(expected));
}
END_TEST

/* ---- Retry ---- */

struct meddler {
  struct sim_observer observer;
  struct fm_slot *slot;
  uint64_t becomes; /* what the count is set to behind the reader's back */
  unsigned loads, spins;
};

/* Another CPU, as it were, changes the count between get's load and its CAS. */
static void meddle(struct sim_observer *observer, const struct fm_access *access)
{
  struct meddler *self = (struct meddler *)observer;
  if (access->site == FM_SITE_GET_LOAD && self->loads++ == 0)
    self->slot->ref_count = self->becomes;
}

static void count_spin(struct sim_observer *observer, enum fm_site site)
{
  ck_assert_int_eq(site, FM_SITE_GET_CAS);
  ((struct meddler *)observer)->spins++;
}

static struct meddler meddler_for(struct fm_slot *slot, uint64_t becomes)
{
  return (struct meddler){
      .observer = {.after = meddle, .spin = count_spin}, .slot = slot, .becomes = becomes};
}

START_TEST(one_try_answers_retry_when_the_count_moved_on)
{
  static const uint64_t values[] = {2, 0, FM_COUNT_UNUSED, FM_COUNT_UNIQUE};
  const struct fm_ops *ops = test_use_build(1);
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  struct meddler meddler = meddler_for(frame.slot, values[_i]);

  sim_observer = &meddler.observer;
  enum fm_get_error answer = ops->try_get(frame.slot);
  sim_observer = NULL;
  ck_assert_int_eq(answer, FM_GET_RETRY);
  ck_assert_uint_eq(frame.slot->ref_count, values[_i]);
}
END_TEST

START_TEST(get_tries_again_until_there_is_an_answer)
{
  static const struct {
    uint64_t becomes;
    enum fm_get_error answer;
    uint64_t after;
  } rows[] = {
      {2, FM_GET_OK, 3},
      {0, FM_GET_BUSY, 0},
      {FM_COUNT_UNUSED, FM_GET_UNUSED, FM_COUNT_UNUSED},
      {FM_COUNT_UNIQUE, FM_GET_UNIQUE, FM_COUNT_UNIQUE},
  };
  const struct fm_ops *ops = test_use_build(1);
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  struct meddler meddler = meddler_for(frame.slot, rows[_i].becomes);
  struct fm_slot *got = NULL;

  sim_observer = &meddler.observer;
  enum fm_get_error answer = ops->get(test_kernel(), fm_paddr_of(TEST_FRAME), &got);
  sim_observer = NULL;
  ck_assert_int_eq(answer, rows[_i].answer);
  ck_assert_ptr_eq(got, answer == FM_GET_OK ? frame.slot : NULL);
  ck_assert_uint_eq(frame.slot->ref_count, rows[_i].after);
  ck_assert_uint_eq(meddler.loads, 2);
  ck_assert_uint_eq(meddler.spins, 1);
}
END_TEST

/* ---- The largest count ---- */

static void run_get(void *data)
{
  struct fm_slot *got;
  (void)data;
  (void)sim_machine_ops(test_machine)->get(test_kernel(), fm_paddr_of(TEST_FRAME), &got);
}

static void run_clone(void *data)
{
  (void)sim_machine_ops(test_machine)->frame_clone(*(struct fm_frame *)data);
}

START_TEST(the_largest_count_can_be_reached)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  struct fm_slot *got;

  frame.slot->ref_count = FM_COUNT_MAX - 1;
  (void)ops->frame_clone(frame);
  ck_assert_uint_eq(frame.slot->ref_count, FM_COUNT_MAX);
  frame.slot->ref_count = FM_COUNT_MAX - 1;
  ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(TEST_FRAME), &got), FM_GET_OK);
  ck_assert_uint_eq(frame.slot->ref_count, FM_COUNT_MAX);
  ops->frame_drop(test_kernel(), frame);
  ck_assert_uint_eq(frame.slot->ref_count, FM_COUNT_MAX - 1);
}
END_TEST

static const uint64_t too_large[] = {FM_COUNT_MAX, FM_COUNT_MAX + 1, FM_COUNT_UNIQUE - 1};

START_TEST(clone_beyond_the_largest_count_panics_after_its_write)
{
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  uint64_t count = too_large[_i / 2];

  test_use_build(_i % 2);
  frame.slot->ref_count = count;
  test_expect_panic(run_clone, &frame, "reference count overflow: clone");
  ck_assert_uint_eq(frame.slot->ref_count, count + 1);
}
END_TEST

START_TEST(get_beyond_the_largest_count_panics_before_it_writes)
{
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  uint64_t count = too_large[_i / 2];

  test_use_build(_i % 2);
  frame.slot->ref_count = count;
  struct fm_slot before = *frame.slot;
  test_expect_panic(run_get, NULL, "reference count overflow: get");
  ck_assert_mem_eq(frame.slot, &before, sizeof(before));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("slot");
  TCase *pure = tcase_create("pure");
  TCase *tc = tcase_create("operations");

  tcase_add_test(pure, a_slot_has_64_bytes_in_the_published_order);
  tcase_add_test(pure, the_constants_are_those_of_the_kernel);
  tcase_add_test(pure, every_count_has_the_state_that_its_value_says);
  tcase_add_test(pure, answers_have_the_names_of_the_kernel);
  tcase_add_test(pure, frame_and_slot_addresses_are_inverse);
  suite_add_tcase(suite, pure);

  tcase_add_checked_fixture(tc, test_setup, test_teardown);
  tcase_add_loop_test(tc, alignment_is_looked_at_before_the_bound, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, the_last_frame_below_the_bound_has_a_slot, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, claim_takes_an_unused_frame_and_only_that, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, claim_writes_vtable_and_metadata_and_leaves_the_rest, 0, 4);
  tcase_add_loop_test(tc, get_answers_by_the_state_and_leaves_the_slot_alone, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, get_adds_exactly_one_reference, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, one_try_answers_retry_when_the_count_moved_on, 0, 4);
  tcase_add_loop_test(tc, get_tries_again_until_there_is_an_answer, 0, 4);
  tcase_add_loop_test(tc, the_largest_count_can_be_reached, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, clone_beyond_the_largest_count_panics_after_its_write, 0, 6);
  tcase_add_loop_test(tc, get_beyond_the_largest_count_panics_before_it_writes, 0, 6);
  suite_add_tcase(suite, tc);
  return suite;
}
