/* SPDX-License-Identifier: MPL-2.0 */
/* The TLBs: what a CPU remembers of its walks, and whom it tells. */
#include "tests/unit/tlb_support.h"

/* ---- Hits ---- */

START_TEST(the_first_access_walks_and_the_next_ones_hit)
{
  static const uint64_t offsets[] = {0, 0x123, 0xfff};
  ck_assert(!hits(VA + 0x88));
  ck_assert_uint_eq(found.raw, FRAME + 0x88);
  for (size_t i = 0; i < G_N_ELEMENTS(offsets); i++) {
    ck_assert(hits(VA + offsets[i]));
    ck_assert_uint_eq(found.raw, FRAME + offsets[i]);
  }
  ck_assert_uint_eq(hit->page, VA);
  ck_assert_uint_eq(hit->level, 1);
  ck_assert_uint_eq(hit->paddr.raw, FRAME);
  ck_assert(hit->valid && hit->writable && hit->user && hit->executable);
  ck_assert(!hit->global && !hit->dirty);
  ck_assert_uint_eq(hit->root, root().raw);
  ck_assert_uint_eq(hit->tag, TAG);
  ck_assert_uint_eq(nr_entries(0), 1);
}
END_TEST

START_TEST(a_huge_page_is_one_entry)
{
  uint32_t level = (uint32_t)_i;
  uint64_t page = page_of(level, 0);
  map_more(page, level, 0);
  uint64_t inside = level == 2 ? HUGE_2 - 1 : TEST_RAM - 1;
  ck_assert(!hits(page + 0x5000));
  ck_assert(hits(page + inside));
  ck_assert_uint_eq(found.raw, frame_of(level) + inside);
  ck_assert(hits(page));
  ck_assert_uint_eq(hit->page, page);
  ck_assert_uint_eq(hit->level, level);
  ck_assert_uint_eq(hit->paddr.raw, frame_of(level));
  ck_assert_uint_eq(nr_entries(0), 1);
}
END_TEST

/* Both would be in the same set, under the same first address. */
START_TEST(a_page_of_2_mib_is_not_taken_for_one_of_1_gib)
{
  uint64_t va = (UINT64_C(3) << 39) | (UINT64_C(8) << 30);
  *entry(3, va) = table_of(2).raw | P | W | U;
  map_more(va, 2, 0);
  ck_assert(!hits(va));
  ck_assert(!translate(0, reading(va + HUGE_2)));
  expect_fault(SIM_FAULT_PAGE, va + HUGE_2, 0, 2);
  ck_assert(hits(va));
}
END_TEST

START_TEST(a_hit_needs_no_entry_for_the_answer)
{
  fm_paddr paddr;
  for (int i = 0; i < 2; i++) {
    ck_assert(sim_mmu_translate(mmu, 0, reading(VA + 5), TAG, &paddr, NULL, &fault));
    ck_assert_uint_eq(paddr.raw, FRAME + 5);
  }
}
END_TEST

/* What the entry allows, it allows without a look at the tables; all else is a walk. */
START_TEST(a_hit_is_what_the_entry_allows)
{
  for (unsigned rights = 0; rights < 16; rights++) {
    for (int i = 0; i < REQUESTS; i++) {
      struct sim_request request = request_of(i);
      bool w = (rights & 1) != 0, u = (rights & 2) != 0, x = (rights & 4) != 0;
      bool dirty = (rights & 8) != 0;
      bool writes = request.access == SIM_ACCESS_WRITE;
      *entry(1, VA) = FRAME | P | (w ? W : 0) | (u ? U : 0) | (x ? 0 : NX) | (dirty ? D : 0);
      sim_mmu_flush_all(mmu, 0, true);
      ck_assert(!hits(VA));
      bool allowed =
          (!request.user || u) && (!writes || w) && (request.access != SIM_ACCESS_EXEC || x);
      ck_assert(translate(0, request) == allowed);
      ck_assert((hit != NULL) == (allowed && (!writes || dirty)));
      ck_assert_uint_eq(nr_entries(0), allowed);
      if (!allowed)
        expect_fault(SIM_FAULT_PAGE, VA, CODE_P | code_of(request), 1);
      ck_assert_uint_eq(found.raw, allowed ? FRAME : 1);
    }
  }
}
END_TEST

START_TEST(a_global_page_gives_a_global_entry)
{
  *entry(1, VA) |= G;
  ck_assert(!hits(VA));
  ck_assert(hits(VA));
  ck_assert(hit->global);
}
END_TEST

/* ---- Stale entries ---- */

START_TEST(an_entry_outlives_what_the_tables_say)
{
  ck_assert(!hits(VA));
  *entry(1, VA) = 0;
  ck_assert(hits(VA));
  ck_assert_uint_eq(found.raw, FRAME);
  *entry(4, VA) = 0;
  ck_assert(hits(VA));
  sim_mmu_flush(mmu, 0, VA, VA + FM_PAGE_SIZE);
  ck_assert(!translate(0, reading(VA)));
  expect_fault(SIM_FAULT_PAGE, VA, 0, 4);
}
END_TEST

START_TEST(an_entry_outlives_its_root)
{
  ck_assert(!hits(VA));
  fm_kernel_cpu(test_kernel(), 0)->cr3 = 0;
  ck_assert(hits(VA));
  ck_assert_uint_eq(hit->root, root().raw);
  ck_assert(!translate(0, writing(VA)));
  expect_fault(SIM_FAULT_NO_ROOT, VA, 0, 0);
  ck_assert_ptr_null(hit);
  ck_assert_uint_eq(found.raw, 1);
}
END_TEST

START_TEST(the_first_write_walks_again_and_makes_the_page_dirty)
{
  ck_assert(!hits(VA));
  ck_assert_uint_eq(*entry(1, VA) & D, 0);
  ck_assert(translate(0, writing(VA)));
  ck_assert_ptr_null(hit);
  ck_assert_uint_eq(*entry(1, VA) & D, D);
  ck_assert(translate(0, writing(VA)));
  ck_assert_ptr_nonnull(hit);
  ck_assert(hit->dirty);
  ck_assert_uint_eq(nr_entries(0), 1);
}
END_TEST

START_TEST(the_first_write_sees_what_the_tables_say_now)
{
  ck_assert(!hits(VA));
  *entry(1, VA) = (FRAME + FM_PAGE_SIZE) | P | W | U;
  ck_assert(translate(0, writing(VA)));
  ck_assert_uint_eq(found.raw, FRAME + FM_PAGE_SIZE);
  ck_assert(hits(VA));
  ck_assert_uint_eq(found.raw, FRAME + FM_PAGE_SIZE);

  sim_mmu_flush(mmu, 0, VA, VA + 1);
  ck_assert(!hits(VA));
  *entry(1, VA) &= ~(uint64_t)(W | D);
  ck_assert(hits(VA)); /* the dirty entry of a page that may not be written any more */
  ck_assert(translate(0, writing(VA)));
  ck_assert_ptr_nonnull(hit);
}
END_TEST

START_TEST(an_access_that_an_entry_forbids_asks_the_tables)
{
  *entry(1, VA) &= ~(uint64_t)W;
  ck_assert(!hits(VA));
  *entry(1, VA) |= W;
  ck_assert(translate(0, writing(VA)));
  ck_assert_ptr_null(hit);
  ck_assert(translate(0, writing(VA)));
  ck_assert_ptr_nonnull(hit);
}
END_TEST

START_TEST(a_fault_forgets_the_entries_of_every_size)
{
  /* Read through a huge page, then split without a flush: another part is read anew. */
  map(VA, 2, 0);
  ck_assert(!hits(VA));
  *entry(2, VA) = table_of(1).raw | P | W | U;
  *entry(1, VA) = FRAME | P | U;
  ck_assert(!translate(0, writing(VA)));
  expect_fault(SIM_FAULT_PAGE, VA, CODE_P | CODE_W | CODE_U, 1);
  ck_assert_uint_eq(nr_entries(0), 0);

  /* One of each size for the same address: small first, then the table becomes a page. */
  ck_assert(!hits(VA));
  *entry(2, VA) = FRAME | P | U | W | L;
  *entry(1, VA + FM_PAGE_SIZE) = 0;
  ck_assert(!hits(VA + FM_PAGE_SIZE));
  ck_assert_uint_eq(nr_entries(0), 2);
  *entry(2, VA) = 0;
  ck_assert(!translate(0, writing(VA)));
  ck_assert_uint_eq(nr_entries(0), 0);
}
END_TEST

START_TEST(a_failed_walk_fills_nothing)
{
  ck_assert(!translate(0, writing(VA + FM_PAGE_SIZE)));
  expect_fault(SIM_FAULT_PAGE, VA + FM_PAGE_SIZE, CODE_W | CODE_U, 1);
  ck_assert_ptr_null(hit);
  ck_assert_uint_eq(nr_entries(0), 0);
}
END_TEST

START_TEST(a_hit_behind_the_end_of_memory_faults)
{
  map_more(VA_3, 3, 0);
  ck_assert(!hits(VA_3));
  ck_assert(!translate(0, reading(VA_3 + TEST_RAM)));
  expect_fault(SIM_FAULT_BUS, VA_3 + TEST_RAM, 0, 3);
  ck_assert_ptr_null(hit);
  ck_assert_uint_eq(found.raw, 1);
  ck_assert(hits(VA_3 + TEST_RAM - 1));
}
END_TEST

START_TEST(a_quiet_look_changes_no_tlb)
{
  struct sim_request quiet = writing(VA);
  quiet.quiet = true;
  ck_assert(translate(0, quiet));
  ck_assert_uint_eq(nr_entries(0), 0);
  ck_assert(!hits(VA));
  ck_assert(translate(0, quiet)); /* not through the entry, which is not dirty */
  ck_assert_ptr_null(hit);
  *entry(1, VA) = 0;
  ck_assert(!translate(0, quiet));
  ck_assert_uint_eq(nr_entries(0), 1);
  ck_assert(hits(VA));
}
END_TEST

/* ---- CPUs ---- */

START_TEST(each_cpu_has_a_tlb_of_its_own)
{
  ck_assert(!hits_on(0, VA));
  ck_assert(!hits_on(1, VA));
  ck_assert(hits_on(0, VA) && hits_on(1, VA));
  *entry(1, VA) = (FRAME + FM_PAGE_SIZE) | P | W | U;
  sim_mmu_flush(mmu, 1, VA, VA + FM_PAGE_SIZE);
  ck_assert(hits_on(0, VA));
  ck_assert_uint_eq(found.raw, FRAME);
  ck_assert(!hits_on(1, VA));
  ck_assert_uint_eq(found.raw, FRAME + FM_PAGE_SIZE);
  sim_mmu_flush_all(mmu, 0, true);
  ck_assert_uint_eq(nr_entries(0), 0);
  ck_assert_uint_eq(nr_entries(1), 1);
}
END_TEST

START_TEST(each_cpu_walks_from_its_own_root)
{
  fm_kernel_cpu(test_kernel(), 1)->cr3 = 0;
  ck_assert(!hits_on(0, VA));
  ck_assert(!translate(1, reading(VA)));
  expect_fault(SIM_FAULT_NO_ROOT, VA, 0, 0);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("tlb");
  TCase *tc = tcase_create("tlb");
  tcase_add_checked_fixture(tc, tlb_setup, tlb_teardown);
  tcase_add_test(tc, the_first_access_walks_and_the_next_ones_hit);
  tcase_add_loop_test(tc, a_huge_page_is_one_entry, 2, 4);
  tcase_add_test(tc, a_page_of_2_mib_is_not_taken_for_one_of_1_gib);
  tcase_add_test(tc, a_hit_needs_no_entry_for_the_answer);
  tcase_add_test(tc, a_hit_is_what_the_entry_allows);
  tcase_add_test(tc, a_global_page_gives_a_global_entry);
  tcase_add_test(tc, an_entry_outlives_what_the_tables_say);
  tcase_add_test(tc, an_entry_outlives_its_root);
  tcase_add_test(tc, the_first_write_walks_again_and_makes_the_page_dirty);
  tcase_add_test(tc, the_first_write_sees_what_the_tables_say_now);
  tcase_add_test(tc, an_access_that_an_entry_forbids_asks_the_tables);
  tcase_add_test(tc, a_fault_forgets_the_entries_of_every_size);
  tcase_add_test(tc, a_failed_walk_fills_nothing);
  tcase_add_test(tc, a_hit_behind_the_end_of_memory_faults);
  tcase_add_test(tc, a_quiet_look_changes_no_tlb);
  tcase_add_test(tc, each_cpu_has_a_tlb_of_its_own);
  tcase_add_test(tc, each_cpu_walks_from_its_own_root);
  suite_add_tcase(suite, tc);
  return suite;
}
