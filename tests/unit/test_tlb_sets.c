/* SPDX-License-Identifier: MPL-2.0 */
/* When an entry leaves a TLB: flushes, and sets that are full. */
#include "tests/unit/tlb_support.h"

/* ---- Flushes ---- */

START_TEST(a_flush_takes_what_its_range_touches)
{
  static const struct {
    uint64_t start, end; /* in pages from VA, times 2: odd is the middle of a page */
    unsigned left;       /* one bit for each page */
  } flushes[] = {{2, 6, 0x19}, {0, 2, 0x1e}, {8, 10, 0x0f}, {3, 4, 0x1d},   {3, 5, 0x19},
                 {4, 4, 0x1f}, {6, 7, 0x17}, {0, 10, 0},    {10, 20, 0x1f}, {1, 9, 0}};
  for (uint64_t i = 0; i < 5; i++)
    map_more(VA + i * FM_PAGE_SIZE, 1, 0);
  for (size_t i = 0; i < G_N_ELEMENTS(flushes); i++) {
    for (uint64_t page = 0; page < 5; page++)
      (void)hits(VA + page * FM_PAGE_SIZE);
    sim_mmu_flush(mmu, 0, VA + flushes[i].start * FM_PAGE_SIZE / 2,
                  VA + flushes[i].end * FM_PAGE_SIZE / 2);
    for (uint64_t page = 0; page < 5; page++)
      ck_assert_msg(has(VA + page * FM_PAGE_SIZE, 1) == ((flushes[i].left >> page & 1) != 0),
                    "flush %zu, page %u", i, (unsigned)page);
  }
}
END_TEST

START_TEST(a_flush_of_a_single_byte_takes_its_page)
{
  static const uint64_t offsets[] = {0, 1, FM_PAGE_MASK};
  for (size_t i = 0; i < G_N_ELEMENTS(offsets); i++) {
    ck_assert(!hits(VA));
    sim_mmu_flush(mmu, 0, VA - 1, VA);
    sim_mmu_flush(mmu, 0, VA + FM_PAGE_SIZE, VA + FM_PAGE_SIZE + 1);
    ck_assert(has(VA, 1));
    sim_mmu_flush(mmu, 0, VA + offsets[i], VA + offsets[i] + 1);
    ck_assert(!has(VA, 1));
  }
}
END_TEST

START_TEST(a_flush_of_one_page_takes_a_huge_entry)
{
  for (uint32_t level = 2; level <= 3; level++) {
    uint64_t page = page_of(level, 0), size = size_of(level);
    map_more(page, level, 0);
    ck_assert(!hits(page));
    sim_mmu_flush(mmu, 0, page - FM_PAGE_SIZE, page);
    sim_mmu_flush(mmu, 0, page + size, page + size + FM_PAGE_SIZE);
    ck_assert(has(page, level));
    sim_mmu_flush(mmu, 0, page + size - FM_PAGE_SIZE, page + size);
    ck_assert(!has(page, level));
    ck_assert(!hits(page));
    sim_mmu_flush(mmu, 0, page, page + FM_PAGE_SIZE);
    ck_assert(!has(page, level));
  }
}
END_TEST

START_TEST(a_load_of_cr3_leaves_global_entries_and_a_flush_does_not)
{
  for (uint32_t level = 1; level <= 3; level++) {
    map_more(page_of(level, 0), level, G);
    map_more(page_of(level, 0) + size_of(level), level, 0);
    ck_assert(!hits(page_of(level, 0)));
    ck_assert(!hits(page_of(level, 0) + size_of(level)));
    sim_mmu_flush_all(mmu, 0, false);
    ck_assert(has(page_of(level, 0), level));
    ck_assert_uint_eq(nr_entries(0), 1);
    sim_mmu_flush(mmu, 0, page_of(level, 0), page_of(level, 0) + FM_PAGE_SIZE);
    ck_assert_uint_eq(nr_entries(0), 0);
    ck_assert(!hits(page_of(level, 0)));
    sim_mmu_flush_all(mmu, 0, true);
    ck_assert_uint_eq(nr_entries(0), 0);
  }
}
END_TEST

START_TEST(a_full_flush_reaches_the_last_address)
{
  uint64_t last = UINT64_MAX - FM_PAGE_MASK;
  map(last, 1, 0);
  ck_assert(!hits(UINT64_MAX));
  ck_assert(hits(UINT64_MAX));
  sim_mmu_flush_all(mmu, 0, false);
  ck_assert_uint_eq(nr_entries(0), 0);
}
END_TEST

/* ---- Sets ---- */

START_TEST(a_full_set_gives_up_its_oldest_entry)
{
  uint32_t level = (uint32_t)_i;
  for (uint64_t i = 0; i < 3 * WAYS; i++) {
    map_more(page_of(level, i), level, 0);
    ck_assert(!hits(page_of(level, i)));
    for (uint64_t j = 0; j < 3 * WAYS; j++)
      ck_assert(has(page_of(level, j), level) == (j <= i && j + WAYS > i));
  }
}
END_TEST

START_TEST(each_set_has_room_for_four)
{
  for (uint64_t i = 0; i < 64; i++) {
    map_more(VA + i * FM_PAGE_SIZE, 1, 0);
    ck_assert(!hits(VA + i * FM_PAGE_SIZE));
  }
  for (uint64_t i = 0; i < 16; i++) {
    map_more(VA_2 + i * HUGE_2, 2, 0);
    ck_assert(!hits(VA_2 + i * HUGE_2));
  }
  ck_assert_uint_eq(nr_entries(0), 64 + 16);
  for (uint64_t i = 0; i < 64; i++)
    ck_assert(hits(VA + i * FM_PAGE_SIZE));
  for (uint64_t i = 0; i < 16; i++)
    ck_assert(hits(VA_2 + i * HUGE_2));
}
END_TEST

START_TEST(a_set_with_a_free_way_gives_up_nothing)
{
  for (uint64_t gap = 0; gap < WAYS; gap++) {
    sim_mmu_flush_all(mmu, 0, true);
    for (uint64_t i = 0; i <= WAYS; i++)
      map_more(page_of(1, i), 1, 0);
    for (uint64_t i = 0; i < WAYS; i++)
      ck_assert(!hits(page_of(1, i)));
    sim_mmu_flush(mmu, 0, page_of(1, gap), page_of(1, gap) + FM_PAGE_SIZE);
    ck_assert(!hits(page_of(1, WAYS)));
    for (uint64_t i = 0; i <= WAYS; i++)
      ck_assert(has(page_of(1, i), 1) == (i != gap));
  }
}
END_TEST

START_TEST(a_first_write_pushes_no_neighbour_out)
{
  for (uint64_t i = 0; i < WAYS; i++) {
    map_more(page_of(1, i), 1, 0);
    ck_assert(!hits(page_of(1, i)));
  }
  for (uint64_t i = 0; i < WAYS; i++) {
    ck_assert(translate(0, writing(page_of(1, WAYS - 1 - i))));
    ck_assert_uint_eq(nr_entries(0), WAYS);
  }
}
END_TEST

START_TEST(entries_are_listed_by_address)
{
  uint64_t pages[] = {VA, VA + 3 * FM_PAGE_SIZE, VA + STRIDE_1, VA_2, VA_3};
  uint32_t levels[] = {1, 1, 1, 2, 3};
  for (size_t i = G_N_ELEMENTS(pages); i-- > 0;) {
    map_more(pages[i], levels[i], 0);
    ck_assert(!hits(pages[i]));
  }
  g_autoptr(GPtrArray) entries = sim_mmu_entries(mmu, 0);
  ck_assert_uint_eq(entries->len, G_N_ELEMENTS(pages));
  for (guint i = 0; i < entries->len; i++) {
    const struct sim_tlb_entry *at = entries->pdata[i];
    ck_assert_uint_eq(at->page, pages[i]);
    ck_assert_uint_eq(at->level, levels[i]);
    ck_assert(at->valid);
  }
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("tlb sets");
  TCase *tc = tcase_create("tlb sets");
  tcase_add_checked_fixture(tc, tlb_setup, tlb_teardown);
  tcase_add_test(tc, a_flush_takes_what_its_range_touches);
  tcase_add_test(tc, a_flush_of_a_single_byte_takes_its_page);
  tcase_add_test(tc, a_flush_of_one_page_takes_a_huge_entry);
  tcase_add_test(tc, a_load_of_cr3_leaves_global_entries_and_a_flush_does_not);
  tcase_add_test(tc, a_full_flush_reaches_the_last_address);
  tcase_add_loop_test(tc, a_full_set_gives_up_its_oldest_entry, 1, 4);
  tcase_add_test(tc, each_set_has_room_for_four);
  tcase_add_test(tc, a_set_with_a_free_way_gives_up_nothing);
  tcase_add_test(tc, a_first_write_pushes_no_neighbour_out);
  tcase_add_test(tc, entries_are_listed_by_address);
  suite_add_tcase(suite, tc);
  return suite;
}
