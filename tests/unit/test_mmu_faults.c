/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Walks that fault, and with which code: what an x86-64 processor with four levels, NX and
 * CR0.WP does, written down from its side.
 */
#include "tests/unit/mmu_tables.h"

static void setup(void)
{
  test_setup();
  clear_tables();
}

/* ---- Faults ---- */

START_TEST(an_entry_that_is_not_present_faults_at_its_level)
{
  uint32_t level = (uint32_t)_i;
  for (int i = 0; i < REQUESTS; i++) {
    map(VA, 1, 0);
    *entry(level, VA) &= ~(uint64_t)P;
    *entry(level, VA) |= L | NX | UINT64_C(0x3fe0000000); /* without P nothing else counts */
    *entry(level, VA) &= ~(uint64_t)(W | U);
    remember();
    ck_assert(!go(request_of(i)));
    expect_fault(SIM_FAULT_PAGE, VA, code_of(request_of(i)), level);
    ck_assert_uint_eq(walk.nr_steps, 5 - level);
    ck_assert_uint_eq(walk.steps[walk.nr_steps - 1].pte.raw, *entry(level, VA));
    ck_assert(is_as_before());
  }
}
END_TEST

static bool denies(uint64_t pte, struct sim_request request)
{
  return (request.user && (pte & U) == 0) ||
         (request.access == SIM_ACCESS_WRITE && (pte & W) == 0) ||
         (request.access == SIM_ACCESS_EXEC && (pte & NX) != 0);
}

static void try_rights(uint32_t leaf, int number)
{
  struct sim_request request = request_of(number);
  bool allowed = true, writable = true, user = true, executable = true;
  for (uint32_t level = leaf; level <= 4; level++) {
    uint64_t pte = *entry(level, VA) &= ~(uint64_t)(A | D);
    allowed &= !denies(pte, request);
    writable &= (pte & W) != 0;
    user &= (pte & U) != 0;
    executable &= (pte & NX) == 0;
  }
  bool done = go(request);
  expect(done == allowed, "request %d: %d", number, done);
  expect_marks(leaf, allowed, allowed && request.access == SIM_ACCESS_WRITE);
  if (done) {
    expect(walk.writable == writable && walk.user == user && walk.executable == executable,
           "request %d: wrong rights", number);
    return;
  }
  expect_fault(SIM_FAULT_PAGE, VA, CODE_P | code_of(request), fault.level);
  expect(fault.level >= leaf && fault.level <= 4 && denies(*entry(fault.level, VA), request),
         "request %d: level %u denies nothing", number, fault.level);
}

/* All combinations of the three rights at all levels, with each request. */
START_TEST(a_right_that_one_level_does_not_give_is_not_there)
{
  uint32_t leaf = (uint32_t)_i;
  for (uint32_t rights = 0; rights < 1u << 3 * (5 - leaf); rights++) {
    map(VA, leaf, 0);
    for (uint32_t level = leaf; level <= 4; level++) {
      uint32_t mine = rights >> 3 * (level - leaf);
      *entry(level, VA) &= ~(uint64_t)(W | U);
      *entry(level, VA) |= (mine & 1) * W | (mine & 2) / 2 * U | ((mine & 4) != 0 ? NX : 0);
    }
    for (int i = 0; i < REQUESTS; i++)
      try_rights(leaf, i);
  }
}
END_TEST

START_TEST(the_highest_level_that_denies_is_named)
{
  static const uint64_t bits[] = {W, U};
  for (uint32_t level = 1; level <= 4; level++) {
    for (size_t i = 0; i < G_N_ELEMENTS(bits); i++) {
      map(VA, 1, 0);
      for (uint32_t below = level; below >= 1; below--)
        *entry(below, VA) &= ~bits[i];
      ck_assert(!go(request_of(4)));
      expect_fault(SIM_FAULT_PAGE, VA, CODE_P | CODE_W | CODE_U, level);
    }
    map(VA, 1, NX);
    *entry(level, VA) |= NX;
    ck_assert(!go(request_of(2)));
    expect_fault(SIM_FAULT_PAGE, VA, CODE_P | CODE_I, level);
  }
}
END_TEST

/* ---- Reserved bits ---- */

/* The bits that must be 0. */
static bool is_reserved(uint32_t level, bool leaf, unsigned bit)
{
  if (level == 4)
    return bit == 7;
  if (!leaf || level == 1)
    return false;
  return bit >= 13 && bit <= (level == 3 ? 29 : 20);
}

static void try_bit(uint32_t leaf, uint32_t level, unsigned bit, int number)
{
  struct sim_request request = request_of(number);
  map(VA, leaf, 0);
  *entry(level, VA) ^= UINT64_C(1) << bit;
  remember();
  bool done = go(request);
  if (is_reserved(level, level == leaf, bit)) {
    expect(!done, "level %u, bit %u is not missed", level, bit);
    expect_fault(SIM_FAULT_PAGE, VA, CODE_P | CODE_RSVD | code_of(request), level);
    expect(is_as_before(), "level %u, bit %u: something was marked", level, bit);
  } else {
    expect(done || (fault.code & CODE_RSVD) == 0, "level %u, bit %u is not reserved", level, bit);
  }
}

START_TEST(each_reserved_bit_faults_and_no_other)
{
  uint32_t leaf = (uint32_t)_i;
  for (uint32_t level = leaf; level <= 4; level++)
    for (unsigned bit = 0; bit < 64; bit++)
      /* Bit 7 between: a table becomes a page, or the other way round. */
      for (int i = 0; i < REQUESTS && (bit != 7 || level == 4 || level == 1); i++)
        try_bit(leaf, level, bit, i);
}
END_TEST

/* A huge page over what was a table keeps the table's address, which is not aligned to it. */
START_TEST(a_table_that_is_called_a_page_faults)
{
  for (uint32_t level = 2; level <= 4; level++) {
    map(VA, 1, 0);
    *entry(level, VA) |= L;
    ck_assert(!read_at(VA));
    expect_fault(SIM_FAULT_PAGE, VA, CODE_P | CODE_RSVD, level);
  }
}
END_TEST

START_TEST(a_reserved_bit_comes_before_what_lies_below_and_before_rights)
{
  map(VA, 1, 0);
  *entry(4, VA) |= L;
  *entry(4, VA) &= ~(uint64_t)U;
  *entry(3, VA) = 0;
  ck_assert(!go(request_of(4)));
  expect_fault(SIM_FAULT_PAGE, VA, CODE_P | CODE_RSVD | CODE_W | CODE_U, 4);

  map(VA, 2, 1 << 13);
  *entry(4, VA) &= ~(uint64_t)(U | W);
  ck_assert(!go(request_of(4)));
  expect_fault(SIM_FAULT_PAGE, VA, CODE_P | CODE_RSVD | CODE_W | CODE_U, 2);

  map(VA, 2, 1 << 13);
  *entry(3, VA) &= ~(uint64_t)P; /* never gets there */
  ck_assert(!go(request_of(4)));
  expect_fault(SIM_FAULT_PAGE, VA, CODE_W | CODE_U, 3);
}
END_TEST

START_TEST(nothing_there_comes_before_rights)
{
  map(VA, 1, 0);
  *entry(4, VA) &= ~(uint64_t)(U | W);
  *entry(1, VA) = 0;
  ck_assert(!go(request_of(4)));
  expect_fault(SIM_FAULT_PAGE, VA, CODE_W | CODE_U, 1);
}
END_TEST

/* ---- Where there is no memory ---- */

START_TEST(a_table_outside_of_memory_is_no_page_fault)
{
  for (uint32_t level = 1; level <= 3; level++) {
    map(VA, 1, 0);
    *entry(level + 1, VA) = TEST_RAM | P | W | U;
    remember();
    ck_assert(!go(request_of(4)));
    expect_fault(SIM_FAULT_BUS, VA, 0, level);
    ck_assert_uint_eq(walk.nr_steps, 4 - level);
    ck_assert(is_as_before());
  }
  ck_assert(!sim_mmu_walk(test_machine, fm_paddr_of(TEST_RAM), request_of(0), &walk, &fault));
  expect_fault(SIM_FAULT_BUS, VA, 0, 4);
}
END_TEST

START_TEST(tables_and_pages_may_lie_in_the_last_frame_of_memory)
{
  const uint64_t last = TEST_RAM - FM_PAGE_SIZE;
  map(VA, 1, 0);
  uint64_t *table = fm_linear(fm_paddr_of(last), FM_PAGE_SIZE);
  table[8] = last | P;
  *entry(2, VA) = last | P;
  ck_assert(read_at(VA + 0xfff));
  ck_assert_uint_eq(walk.paddr.raw, TEST_RAM - 1);
}
END_TEST

START_TEST(a_page_outside_of_memory_is_no_page_fault)
{
  static const uint64_t frames[] = {0, 0x000ffffffffff000, 0x000fffffffe00000, 0x000fffffc0000000};
  for (uint32_t level = 1; level <= 3; level++) {
    map(VA, level, 0);
    *entry(level, VA) |= frames[level];
    ck_assert(!go(request_of(4)));
    expect_fault(SIM_FAULT_BUS, VA, 0, level);
  }
  map(VA, 1, 0);
  *entry(1, VA) = TEST_RAM | P;
  ck_assert(!read_at(VA));
  expect_fault(SIM_FAULT_BUS, VA, 0, 1);
}
END_TEST

START_TEST(a_huge_page_may_reach_past_the_end_of_memory)
{
  uint64_t page = VA & ~(GIB - 1);
  map(VA, 3, 0);
  ck_assert(read_at(page + TEST_RAM - 1));
  ck_assert_uint_eq(walk.paddr.raw, TEST_RAM - 1);
  ck_assert(!read_at(page + TEST_RAM));
  expect_fault(SIM_FAULT_BUS, page + TEST_RAM, 0, 3);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("mmu faults");
  TCase *tc = tcase_create("mmu faults");
  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_loop_test(tc, an_entry_that_is_not_present_faults_at_its_level, 1, 5);
  tcase_add_loop_test(tc, a_right_that_one_level_does_not_give_is_not_there, 1, 4);
  tcase_add_test(tc, the_highest_level_that_denies_is_named);
  tcase_add_loop_test(tc, each_reserved_bit_faults_and_no_other, 1, 4);
  tcase_add_test(tc, a_table_that_is_called_a_page_faults);
  tcase_add_test(tc, a_reserved_bit_comes_before_what_lies_below_and_before_rights);
  tcase_add_test(tc, nothing_there_comes_before_rights);
  tcase_add_test(tc, a_table_outside_of_memory_is_no_page_fault);
  tcase_add_test(tc, tables_and_pages_may_lie_in_the_last_frame_of_memory);
  tcase_add_test(tc, a_page_outside_of_memory_is_no_page_fault);
  tcase_add_test(tc, a_huge_page_may_reach_past_the_end_of_memory);
  suite_add_tcase(suite, tc);
  return suite;
}
