/* SPDX-License-Identifier: MPL-2.0 */
/* Checks of one slot, the audit over all of them, the census and the digest. */
#include <fm/check.h>
#include <sim/audit.h>
#include <string.h>

#include "tests/support.h"

/* ---- One slot ---- */

START_TEST(each_broken_slot_is_told_apart)
{
  uint64_t good = test_kernel()->vtables;
  const struct {
    uint64_t count, vtable_ptr, in_list;
    const char *name;
  } rows[] = {
      {FM_COUNT_UNUSED, 12345, 0, "slot.good"},
      {FM_COUNT_UNUSED, good, 1, "slot.unused_in_list"},
      {1, good, 0, "slot.good"},
      {FM_COUNT_MAX, good, 0, "slot.good"},
      {1, good, 7, "slot.shared_in_list"},
      {FM_COUNT_UNIQUE, good, 7, "slot.good"},
      {FM_COUNT_BUSY, good, 0, "slot.busy_at_rest"},
      {FM_COUNT_MAX + 1, good, 0, "slot.illegal_count"},
      {FM_COUNT_UNIQUE - 1, good, 0, "slot.illegal_count"},
      {1, 0, 0, "slot.bad_vtable"},
      {1, good + 1, 0, "slot.bad_vtable"},
      {1, good - 64, 0, "slot.bad_vtable"},
      {1, good + FM_META_BUILTINS * 64, 0, "slot.bad_vtable"},
      {FM_COUNT_UNIQUE, UINT64_MAX, 0, "slot.bad_vtable"},
  };
  struct fm_slot *slot = test_slot(TEST_FRAME);

  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    slot->ref_count = rows[i].count;
    slot->vtable_ptr = rows[i].vtable_ptr;
    slot->in_list = rows[i].in_list;
    enum fm_slot_fault fault = fm_slot_check(test_kernel(), slot);
    ck_assert_str_eq(sim_audit_clause_name((enum sim_audit_clause)fault), rows[i].name);
  }
}
END_TEST

START_TEST(a_view_names_the_type_of_frames_in_use_only)
{
  struct fm_slot *slot = test_slot(TEST_FRAME);
  struct fm_slot_view view;

  slot->vtable_ptr = test_kernel()->vtables + FM_META_TYPED * 64;
  fm_slot_view(test_kernel(), slot, &view);
  ck_assert_int_eq(view.state, FM_STATE_UNUSED);
  ck_assert_ptr_null(view.vtable);
  slot->ref_count = 3;
  fm_slot_view(test_kernel(), slot, &view);
  ck_assert_int_eq(view.state, FM_STATE_SHARED);
  ck_assert_uint_eq(view.ref_count, 3);
  ck_assert_str_eq(view.vtable->name, "typed");
}
END_TEST

/* ---- All slots ---- */

static struct sim_audit_fault faults[8];
static unsigned nr_faults;

static void keep(const struct sim_audit_fault *fault, void *data)
{
  (void)data;
  ck_assert_uint_lt(nr_faults, G_N_ELEMENTS(faults));
  faults[nr_faults++] = *fault;
}

/* As many holders as it is told, at TEST_FRAME; none elsewhere. */
static uint64_t holders_at_frame(fm_paddr frame, void *data)
{
  return frame.raw == TEST_FRAME ? *(uint64_t *)data : 0;
}

static void audit(uint64_t holders)
{
  nr_faults = 0;
  ck_assert_uint_eq(sim_audit(test_machine, holders_at_frame, &holders, keep, NULL), nr_faults);
}

/* Takes the frame out of the allocator's hands, so that claiming it is no fault. */
static void take_all(void)
{
  fm_paddr paddr;
  while (sim_machine_ops(test_machine)->alloc(test_kernel(), FM_PAGE_SIZE, FM_PAGE_SIZE, &paddr))
    continue;
}

START_TEST(a_fresh_machine_has_no_fault)
{
  audit(0);
  ck_assert_uint_eq(nr_faults, 0);
  ck_assert_uint_eq(sim_audit(test_machine, NULL, NULL, keep, NULL), 0);
}
END_TEST

START_TEST(counts_are_compared_with_their_holders)
{
  const struct {
    uint64_t count, holders;
    bool fault;
    uint64_t expected;
  } rows[] = {
      {1, 1, false, 0},
      {2, 1, true, 1},
      {1, 2, true, 2},
      {FM_COUNT_UNIQUE, 1, false, 0},
      {FM_COUNT_UNIQUE, 2, true, 2},
      {FM_COUNT_UNIQUE, 0, true, 0},
      {FM_COUNT_UNUSED, 0, false, 0},
      {FM_COUNT_UNUSED, 1, true, 1},
      {1, 0, true, 0},
  };
  take_all();
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    frame.slot->ref_count = rows[i].count;
    audit(rows[i].holders);
    ck_assert_uint_eq(nr_faults, rows[i].fault);
    if (!rows[i].fault)
      continue;
    ck_assert_uint_eq(faults[0].frame.raw, TEST_FRAME);
    ck_assert_str_eq(faults[0].clause, "count.holders");
    ck_assert_uint_eq(faults[0].count, rows[i].count);
    ck_assert_uint_eq(faults[0].expected, rows[i].expected);
  }
}
END_TEST

START_TEST(a_frame_in_use_that_the_allocator_holds_is_a_fault)
{
  test_use_build(_i);
  (void)test_claim(TEST_FRAME, test_anon(), NULL);
  audit(1);
  ck_assert_uint_eq(nr_faults, 1);
  ck_assert_uint_eq(faults[0].frame.raw, TEST_FRAME);
  ck_assert_str_eq(faults[0].clause, "free.in_use");
}
END_TEST

START_TEST(faults_come_in_ascending_order_over_every_frame)
{
  test_slot(TEST_RAM - FM_PAGE_SIZE)->ref_count = FM_COUNT_MAX + 5;
  test_slot(0)->ref_count = 0;
  test_slot(TEST_IMAGE)->vtable_ptr = 0;
  audit(0);
  ck_assert_uint_eq(nr_faults, 3);
  ck_assert_uint_eq(faults[0].frame.raw, 0);
  ck_assert_str_eq(faults[0].clause, "slot.busy_at_rest");
  ck_assert_uint_eq(faults[1].frame.raw, TEST_IMAGE);
  ck_assert_str_eq(faults[1].clause, "slot.bad_vtable");
  ck_assert_uint_eq(faults[2].frame.raw, TEST_RAM - FM_PAGE_SIZE);
  ck_assert_str_eq(faults[2].clause, "slot.illegal_count");
  ck_assert_uint_eq(faults[2].count, FM_COUNT_MAX + 5);
}
END_TEST

START_TEST(references_of_the_boot_that_are_lost_are_a_fault)
{
  /* The kernel image, the slots, reserved memory: one reference each. */
  test_slot(TEST_IMAGE)->ref_count = 2;
  test_slot(test_kernel()->meta_start)->ref_count = 3;
  audit(0);
  ck_assert_uint_eq(nr_faults, 2);
  ck_assert_uint_eq(faults[0].frame.raw, TEST_IMAGE);
  ck_assert_uint_eq(faults[0].expected, 1);
  ck_assert_uint_eq(faults[1].frame.raw, test_kernel()->meta_start);
  ck_assert_uint_eq(faults[1].expected, 1);
}
END_TEST

/* ---- Census and digest ---- */

START_TEST(the_census_counts_every_frame_once)
{
  struct sim_census census;
  uint64_t sum = 0;

  test_slot(TEST_FRAME)->ref_count = 0;
  test_slot(TEST_FRAME + 0x1000)->ref_count = FM_COUNT_MAX + 1;
  (void)test_claim_unique(TEST_FRAME + 0x2000, test_anon(), NULL);
  (void)test_claim(TEST_FRAME + 0x3000, fm_meta_empty(FM_META_TYPED), NULL);
  sim_machine_census(test_machine, &census);

  ck_assert_uint_eq(census.busy, 1);
  ck_assert_uint_eq(census.broken, 1);
  ck_assert_uint_eq(census.unique, 1);
  ck_assert_uint_eq(census.types[FM_META_TYPED], 1);
  ck_assert_uint_eq(census.types[FM_META_KERNEL], 256);
  ck_assert_uint_eq(census.types[FM_META_META_PAGE], 32);
  ck_assert_uint_eq(census.types[FM_META_UNUSABLE], 1);
  for (unsigned i = 0; i < FM_META_TYPES_MAX; i++)
    sum += census.types[i];
  ck_assert_uint_eq(sum + census.busy + census.broken + census.unique + census.unused, 2048);
}
END_TEST

START_TEST(the_digest_sees_what_means_something_and_nothing_else)
{
  struct fm_link_meta meta = {.prev = 1, .next = 2};
  struct fm_slot *slot =
      test_claim(TEST_FRAME, FM_META_ID(FM_META_LINK, struct fm_link_meta), &meta).slot;
  g_autofree char *before = sim_machine_digest(test_machine);

  ck_assert_uint_eq(strlen(before), 64);
  slot->storage[16] ^= 1; /* behind the metadata */
  test_slot(TEST_FRAME + 0x1000)->vtable_ptr = 77;
  test_slot(TEST_FRAME + 0x1000)->storage[0] = 77; /* of an unused frame */
  g_autofree char *same = sim_machine_digest(test_machine);
  ck_assert_str_eq(before, same);

  slot->storage[15] ^= 1;
  g_autofree char *other_meta = sim_machine_digest(test_machine);
  ck_assert_str_ne(before, other_meta);
  slot->storage[15] ^= 1;
  slot->ref_count = 2;
  g_autofree char *other_count = sim_machine_digest(test_machine);
  ck_assert_str_ne(before, other_count);
  slot->ref_count = 1;
  slot->vtable_ptr -= 64; /* page-table, of 8 bytes */
  g_autofree char *other_type = sim_machine_digest(test_machine);
  ck_assert_str_ne(before, other_type);
}
END_TEST

START_TEST(the_digest_knows_where_a_frame_lies)
{
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  g_autofree char *first = sim_machine_digest(test_machine);

  sim_machine_ops(test_machine)->frame_drop(test_kernel(), frame);
  (void)test_claim(TEST_FRAME + 0x1000, test_anon(), NULL);
  g_autofree char *second = sim_machine_digest(test_machine);
  ck_assert_str_ne(first, second);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("check");
  TCase *tc = tcase_create("check");

  tcase_add_checked_fixture(tc, test_setup, test_teardown);
  tcase_add_test(tc, each_broken_slot_is_told_apart);
  tcase_add_test(tc, a_view_names_the_type_of_frames_in_use_only);
  tcase_add_test(tc, a_fresh_machine_has_no_fault);
  tcase_add_test(tc, counts_are_compared_with_their_holders);
  tcase_add_loop_test(tc, a_frame_in_use_that_the_allocator_holds_is_a_fault, 0, TEST_BUILDS);
  tcase_add_test(tc, faults_come_in_ascending_order_over_every_frame);
  tcase_add_test(tc, references_of_the_boot_that_are_lost_are_a_fault);
  tcase_add_test(tc, the_census_counts_every_frame_once);
  tcase_add_test(tc, the_digest_sees_what_means_something_and_nothing_else);
  tcase_add_test(tc, the_digest_knows_where_a_frame_lies);
  suite_add_tcase(suite, tc);
  return suite;
}
