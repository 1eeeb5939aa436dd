/* SPDX-License-Identifier: MPL-2.0 */
/* Page-table entries bit by bit, and the arithmetic of virtual addresses. */
#include <fm/port.h>
#include <fm/pte.h>

#include "tests/support.h"

#define READ  ((uint32_t)FM_PAGE_READ)
#define WRITE ((uint32_t)FM_PAGE_WRITE)
#define EXEC  ((uint32_t)FM_PAGE_EXEC)
#define ALL   UINT32_C(0x7f)

static struct fm_page_prop prop(uint32_t flags, uint32_t cache)
{
  return (struct fm_page_prop){flags, cache};
}

static fm_pte page(uint64_t paddr, uint32_t flags)
{
  return fm_pte_of_page(fm_paddr_of(paddr), prop(flags, FM_CACHE_WRITE_BACK), false);
}

static fm_pte raw(uint64_t value)
{
  return (fm_pte){value};
}

/* ---- Entries ---- */

/* Numbers from the processor's manual, and those that boot code of this kernel writes. */
START_TEST(pages_and_tables_have_the_bits_of_the_processor)
{
  static const struct {
    uint64_t paddr;
    uint32_t flags, cache;
    bool bit52;
    uint64_t raw;
  } rows[] = {
      {0, 0, 0, false, UINT64_C(0x8000000000000080)},
      {0, FM_PAGE_READ | FM_PAGE_EXEC, 0, false, 0x81},
      {0, FM_PAGE_WRITE | FM_PAGE_EXEC, 0, false, 0x82},
      {0, FM_PAGE_USER | FM_PAGE_EXEC, 0, false, 0x84},
      {0, FM_PAGE_GLOBAL | FM_PAGE_EXEC, 0, false, 0x180},
      {0, FM_PAGE_ACCESSED | FM_PAGE_EXEC, 0, false, 0xa0},
      {0, FM_PAGE_DIRTY | FM_PAGE_EXEC, 0, false, 0xc0},
      {0, FM_PAGE_EXEC, FM_CACHE_WRITE_THROUGH, false, 0x88},
      {0, FM_PAGE_EXEC, FM_CACHE_WRITE_COMBINING, false, 0x90},
      {0, FM_PAGE_EXEC, FM_CACHE_UNCACHEABLE, false, 0x98},
      {0, FM_PAGE_EXEC, 0, true, UINT64_C(0x0010000000000080)},
      {UINT64_C(0x000ffffffffff000), FM_PAGE_EXEC, 0, false, UINT64_C(0x000ffffffffff080)},
      /* the kernel's linear mapping and its image, with pages of all three sizes */
      {0x1000, FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_GLOBAL, 0, false,
       UINT64_C(0x8000000000001183)},
      {0x200000, FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_GLOBAL, 0, false,
       UINT64_C(0x8000000000200183)},
      {0x40000000, FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_GLOBAL, 0, false,
       UINT64_C(0x8000000040000183)},
      {0x8000000, FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_GLOBAL | FM_PAGE_EXEC, 0, false,
       0x8000183},
      /* a user's page */
      {0x5000, FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_USER, 0, false, UINT64_C(0x8000000000005087)},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    ck_assert_uint_eq(fm_pte_of_page(fm_paddr_of(rows[i].paddr), prop(rows[i].flags, rows[i].cache),
                                     rows[i].bit52)
                          .raw,
                      rows[i].raw);
  ck_assert_uint_eq(fm_pte_of_table(fm_paddr_of(0x123000)).raw, 0x123007);
}
END_TEST

START_TEST(an_entry_is_read_back_as_it_was_made)
{
  for (uint32_t flags = 0; flags <= ALL; flags++)
    for (uint32_t cache = 0; cache < 4; cache++)
      for (int bit52 = 0; bit52 < 2; bit52++) {
        fm_pte pte = fm_pte_of_page(fm_paddr_of(0xabcdef000), prop(flags, cache), bit52 != 0);
        struct fm_page_prop back = fm_pte_prop(pte);
        ck_assert_uint_eq(back.flags, flags);
        ck_assert_uint_eq(back.cache, cache);
        ck_assert_uint_eq(fm_pte_paddr(pte).raw, 0xabcdef000);
        ck_assert_uint_eq(pte.raw >> 52 & 1, (uint64_t)bit52);
      }
}
END_TEST

/* Present or leaf; no other bit makes an entry valid, and none makes it invalid. */
START_TEST(bits_0_and_7_alone_say_whether_an_entry_is_valid)
{
  for (unsigned bit = 0; bit < 64; bit++) {
    uint64_t one = UINT64_C(1) << bit;
    ck_assert_int_eq(fm_pte_is_valid(raw(one)), bit == 0 || bit == 7);
    ck_assert_int_eq(fm_pte_is_valid(raw(~one)), true);
    ck_assert_int_eq(fm_pte_is_valid(raw(one & ~UINT64_C(0x81))), false);
  }
  ck_assert(!fm_pte_is_valid(raw(0)));
  ck_assert(!fm_pte_is_valid(raw(~UINT64_C(0x81))));
  /* The present bit taken away: the entry still is a page. */
  ck_assert(fm_pte_is_valid(page(0x1000, WRITE)));
}
END_TEST

START_TEST(what_has_no_bit_7_above_level_1_is_a_table)
{
  for (uint32_t level = 1; level <= FM_PT_LEVELS; level++) {
    ck_assert_int_eq(fm_pte_is_table(fm_pte_of_table(fm_paddr_of(0x1000)), level), level > 1);
    ck_assert(!fm_pte_is_table(page(0, READ | WRITE), level));
    ck_assert(!fm_pte_is_table(page(0, 0), level)); /* without P, but a page */
    ck_assert(!fm_pte_is_table(raw(0), level));
    ck_assert(!fm_pte_is_table(raw(FM_PTE_WRITABLE | FM_PTE_USER), level));
  }
}
END_TEST

START_TEST(an_address_takes_bits_12_to_51)
{
  for (unsigned bit = 0; bit < 64; bit++)
    ck_assert_uint_eq(fm_pte_paddr(raw(UINT64_C(1) << bit)).raw,
                      bit >= 12 && bit < 52 ? UINT64_C(1) << bit : 0);
}
END_TEST

START_TEST(no_flag_and_no_cache_policy_reaches_another_bit)
{
  uint64_t all = fm_page_bits(prop(UINT32_MAX & ~EXEC, UINT32_MAX));
  ck_assert_uint_eq(all, UINT64_C(0x80000000000001ff));
  ck_assert_uint_eq(fm_page_bits(prop(EXEC, 4)), FM_PTE_LEAF);
}
END_TEST

/* ---- Addresses ---- */

START_TEST(pages_of_a_level_are_512_times_those_below)
{
  ck_assert_uint_eq(fm_pt_page_size(1), 4096);
  ck_assert_uint_eq(fm_pt_page_size(2), UINT64_C(2) << 20);
  ck_assert_uint_eq(fm_pt_page_size(3), UINT64_C(1) << 30);
  ck_assert_uint_eq(fm_pt_page_size(4), UINT64_C(1) << 39);
}
END_TEST

START_TEST(an_address_is_cut_into_nine_bits_for_each_level)
{
  static const struct {
    uint64_t va;
    uint32_t index[4]; /* levels 4 to 1 */
  } rows[] = {
      {0, {0, 0, 0, 0}},
      {4095, {0, 0, 0, 0}},
      {4096, {0, 0, 0, 1}},
      {UINT64_C(0x00007fffffffffff), {255, 511, 511, 511}},
      {FM_LINEAR_BASE, {256, 0, 0, 0}},
      {FM_META_BASE, {448, 0, 0, 0}},
      {FM_IMAGE_BASE, {511, 510, 0, 0}},
      {UINT64_MAX, {511, 511, 511, 511}},
      {UINT64_C(0x0000008040201000), {1, 1, 1, 1}},
      {UINT64_C(0x0000123456789abc), {36, 209, 179, 393}},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    for (uint32_t level = 4; level >= 1; level--)
      ck_assert_uint_eq(fm_pt_index(rows[i].va, level), rows[i].index[4 - level]);
}
END_TEST

START_TEST(canonical_addresses_have_seventeen_equal_bits_on_top)
{
  static const uint64_t good[] = {0, 1, UINT64_C(0x00007fffffffffff), FM_LINEAR_BASE, UINT64_MAX};
  static const uint64_t bad[] = {UINT64_C(0x0000800000000000), UINT64_C(0xffff7fffffffffff),
                                 UINT64_C(1) << 63, UINT64_C(0x7fff800000000000),
                                 UINT64_C(0xfffe800000000000)};
  for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
    ck_assert(fm_va_is_canonical(good[i]));
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
    ck_assert(!fm_va_is_canonical(bad[i]));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("pte");
  TCase *tc = tcase_create("pte");
  tcase_add_test(tc, pages_and_tables_have_the_bits_of_the_processor);
  tcase_add_test(tc, an_entry_is_read_back_as_it_was_made);
  tcase_add_test(tc, bits_0_and_7_alone_say_whether_an_entry_is_valid);
  tcase_add_test(tc, what_has_no_bit_7_above_level_1_is_a_table);
  tcase_add_test(tc, an_address_takes_bits_12_to_51);
  tcase_add_test(tc, no_flag_and_no_cache_policy_reaches_another_bit);
  tcase_add_test(tc, pages_of_a_level_are_512_times_those_below);
  tcase_add_test(tc, an_address_is_cut_into_nine_bits_for_each_level);
  tcase_add_test(tc, canonical_addresses_have_seventeen_equal_bits_on_top);
  suite_add_tcase(suite, tc);
  return suite;
}
