/* SPDX-License-Identifier: MPL-2.0 */
/* The boot page table: the loader's tables, what the kernel adds, and the end of it. */
#include <fm/alloc.h>
#include <fm/bootpt.h>
#include <sim/mmu.h>
#include <string.h>

#include "tests/support.h"

#define TABLES (TEST_IMAGE + FM_IMAGE_TABLES)
#define FREE   UINT64_C(0xffff900000000000) /* linear addresses that nothing maps: 16 TiB */

static uint64_t entry(uint64_t table, unsigned index)
{
  return ((const uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + table))[index];
}

static void setup_to(enum fm_boot_stage stage)
{
  struct test_config config;
  test_config_init(&config);
  config.stage = stage;
  test_machine_boot_with(&config);
}

static void setup_loaded(void)
{
  setup_to(FM_STAGE_LOADED);
}

static void setup_early(void)
{
  setup_to(FM_STAGE_EARLY);
}

/* Where an address leads, by the processor's rules; false: nowhere. */
static bool walk(uint64_t va, struct sim_translation *ret)
{
  struct sim_fault fault;
  const struct sim_request request = {.va = va, .quiet = true};
  return sim_mmu_walk(test_machine, fm_paddr_of(TABLES), request, ret, &fault);
}

static void expect_mapped(uint64_t va, uint64_t paddr, uint32_t level, uint64_t bits)
{
  struct sim_translation found;
  ck_assert_msg(walk(va, &found), "0x%llx is not mapped", (unsigned long long)va);
  ck_assert_uint_eq(found.paddr.raw, paddr);
  ck_assert_uint_eq(found.level, level);
  ck_assert_uint_eq(found.pte, (paddr & ~(fm_pt_page_size(level) - 1)) | bits);
}

static void expect_unmapped(uint64_t va)
{
  struct sim_translation found;
  ck_assert_msg(!walk(va, &found), "0x%llx is mapped", (unsigned long long)va);
}

/* ---- The loader's ---- */

START_TEST(the_loader_leaves_seven_tables)
{
  static const unsigned root[] = {0, 256, 511};
  unsigned entries = 0;
  for (unsigned i = 0; i < FM_PT_ENTRIES; i++)
    entries += entry(TABLES, i) != 0;
  ck_assert_uint_eq(entries, G_N_ELEMENTS(root));
  ck_assert_uint_eq(entry(TABLES, 0), (TABLES + 0x1000) | 0x3);
  ck_assert_uint_eq(entry(TABLES, 256), (TABLES + 0x1000) | 0x3);
  ck_assert_uint_eq(entry(TABLES, 511), (TABLES + 0x2000) | 0x3);
  for (unsigned i = 0; i < FM_PT_ENTRIES; i++)
    ck_assert_uint_eq(entry(TABLES + 0x1000, i),
                      i < 4 ? (TABLES + 0x3000 + i * 0x1000) | 0x103 : 0);
  for (unsigned i = 0; i < FM_PT_ENTRIES; i++)
    ck_assert_uint_eq(entry(TABLES + 0x2000, i),
                      i >= 510 ? (TABLES + 0x3000 + (i - 510) * 0x1000) | 0x103 : 0);
  for (unsigned i = 0; i < 4 * FM_PT_ENTRIES; i++)
    ck_assert_uint_eq(entry(TABLES + 0x3000 + i / 512 * 0x1000, i % 512), i * 2 * MIB | 0x183);
}
END_TEST

START_TEST(three_ways_lead_to_the_same_pages)
{
  static const uint64_t bases[] = {0, FM_LINEAR_BASE, FM_IMAGE_BASE};
  for (size_t i = 0; i < G_N_ELEMENTS(bases); i++)
    expect_mapped(bases[i] + 2 * MIB + 5, 2 * MIB + 5, 2, 0x183);
  expect_unmapped(4 * GIB);
  expect_unmapped(FM_LINEAR_BASE + 4 * GIB);
  expect_unmapped(FM_IMAGE_BASE - 1);
  expect_unmapped(FM_META_BASE);
}
END_TEST

START_TEST(adopting_marks_what_points_to_the_loaders_tables)
{
  fm_bootpt_adopt(test_kernel());
  ck_assert_uint_eq(entry(TABLES, 0), (TABLES + 0x1000) | UINT64_C(0x10000000000007));
  ck_assert_uint_eq(entry(TABLES, 256), (TABLES + 0x1000) | UINT64_C(0x10000000000007));
  ck_assert_uint_eq(entry(TABLES, 511), (TABLES + 0x2000) | UINT64_C(0x10000000000007));
  ck_assert_uint_eq(entry(TABLES + 0x1000, 3), (TABLES + 0x6000) | UINT64_C(0x10000000000007));
  ck_assert_uint_eq(entry(TABLES + 0x2000, 511), (TABLES + 0x4000) | UINT64_C(0x10000000000007));
  ck_assert_uint_eq(entry(TABLES + 0x3000, 7), 14 * MIB | 0x183); /* leaves stay */
}
END_TEST

/* ---- Mapping, while the early allocator gives tables ---- */

static uint64_t early_next(void)
{
  return test_kernel()->early.low.next;
}

START_TEST(pages_are_mapped_one_by_one_and_tables_made_on_the_way)
{
  uint64_t next = early_next();
  /* Memory is not zero when a machine is switched on. */
  memset((void *)(uintptr_t)(FM_LINEAR_WINDOW + next), 0xff, 3 * FM_PAGE_SIZE);
  ck_assert_int_eq(
      fm_bootpt_map(test_kernel(), FREE, fm_paddr_of(0x5000), 0x3000, 1, FM_BOOTPT_DATA),
      FM_BOOTPT_OK);
  for (unsigned i = 0; i < 3; i++)
    expect_mapped(FREE + i * 0x1000 + 7, 0x5007 + i * 0x1000, 1, UINT64_C(0x8000000000000183));
  expect_unmapped(FREE + 0x3000);
  expect_unmapped(FREE - 1);
  ck_assert_uint_eq(early_next(), next + 3 * 0x1000); /* levels 3, 2 and 1 */
  for (unsigned i = 0; i < 3; i++)
    ck_assert_uint_eq(
        entry(i == 0 ? TABLES : next + (i - 1) * 0x1000, fm_pt_index(FREE, FM_PT_LEVELS - i)),
        (next + i * 0x1000) | 7);
}
END_TEST

START_TEST(the_largest_pages_that_fit_are_taken)
{
  static const struct {
    uint64_t at, paddr;
    uint32_t level;
  } rows[] = {
      {0x1ff000, GIB - 0x1000, 1},         {0x200000, GIB, 2},
      {GIB - 1, 2 * GIB - 2 * MIB - 1, 2}, {GIB + 5 * MIB, 2 * GIB + 3 * MIB, 2},
      {2 * GIB, 3 * GIB - 2 * MIB, 1},
  };
  /* From 2 MiB less a page on, so that 1 GiB of physical memory is never at 1 GiB of addresses. */
  ck_assert_int_eq(fm_bootpt_map(test_kernel(), FREE + 0x1ff000, fm_paddr_of(GIB - 0x1000),
                                 2 * GIB - 0x1ff000 + 0x1000, 3, FM_BOOTPT_DATA),
                   FM_BOOTPT_OK);
  struct sim_translation found;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    if (!walk(FREE + rows[i].at,
              &found)) /* there is no RAM there; the tables say it all the same */
      ck_assert_uint_gt(found.nr_steps, 0);
    const struct sim_walk_step *last = &found.steps[found.nr_steps - 1];
    ck_assert_uint_eq(last->level, rows[i].level);
    ck_assert_uint_eq(fm_pte_paddr(last->pte).raw & ~(fm_pt_page_size(last->level) - 1),
                      rows[i].paddr & ~(fm_pt_page_size(last->level) - 1));
  }
  ck_assert_int_eq(
      fm_bootpt_map(test_kernel(), FREE + 4 * GIB, fm_paddr_of(0), GIB, 3, FM_BOOTPT_DATA),
      FM_BOOTPT_OK);
  expect_mapped(FREE + 4 * GIB + 3 * MIB, 3 * MIB, 3, UINT64_C(0x8000000000000183));
}
END_TEST

static void run_map_again(void *data)
{
  uint64_t *va = data;
  (void)!fm_bootpt_map(test_kernel(), *va, fm_paddr_of(0), 0x1000, 1, FM_BOOTPT_DATA);
}

START_TEST(what_is_mapped_already_is_a_panic)
{
  uint64_t va = FREE;
  ck_assert_int_eq(fm_bootpt_map(test_kernel(), va, fm_paddr_of(0), 0x1000, 1, FM_BOOTPT_DATA),
                   FM_BOOTPT_OK);
  test_expect_panic(run_map_again, &va, "boot page table: a page is mapped there already");
}
END_TEST

START_TEST(a_huge_page_in_the_way_is_a_panic)
{
  uint64_t va = FM_LINEAR_BASE;
  test_expect_panic(run_map_again, &va, "boot page table: a huge page is mapped there already");
}
END_TEST

START_TEST(without_memory_for_a_table_it_says_so)
{
  test_kernel()->early.low.next = test_kernel()->early.low.end;
  ck_assert_int_eq(fm_bootpt_map(test_kernel(), FREE, fm_paddr_of(0), 0x1000, 1, FM_BOOTPT_DATA),
                   FM_BOOTPT_NO_ROOM);
  expect_unmapped(FREE);
  ck_assert_int_eq(fm_bootpt_protect(test_kernel(), FM_LINEAR_BASE, FM_BOOTPT_PAGE),
                   FM_BOOTPT_NO_ROOM);
  expect_mapped(FM_LINEAR_BASE, 0, 2, 0x183);
}
END_TEST

/* ---- Changing a page ---- */

START_TEST(a_huge_page_is_split_for_one_that_changes)
{
  uint64_t next = early_next();
  ck_assert_int_eq(fm_bootpt_protect(test_kernel(), FM_LINEAR_BASE + 4 * MIB + 0x3000,
                                     FM_PTE_PRESENT | FM_PTE_LEAF),
                   FM_BOOTPT_OK);
  expect_mapped(FM_LINEAR_BASE + 4 * MIB + 0x3000, 4 * MIB + 0x3000, 1, 0x81);
  expect_mapped(FM_LINEAR_BASE + 4 * MIB + 0x2fff, 4 * MIB + 0x2fff, 1, 0x183);
  expect_mapped(FM_LINEAR_BASE + 4 * MIB + 0x4000, 4 * MIB + 0x4000, 1, 0x183);
  expect_mapped(FM_LINEAR_BASE + 6 * MIB - 1, 6 * MIB - 1, 1, 0x183);
  expect_mapped(FM_LINEAR_BASE + 6 * MIB, 6 * MIB, 2, 0x183);
  expect_mapped(4 * MIB + 0x3000, 4 * MIB + 0x3000, 1, 0x81); /* the other ways see it too */
  ck_assert_uint_eq(early_next(), next + 0x1000);
  /* A second page of the same huge one needs no table. */
  ck_assert_int_eq(fm_bootpt_protect(test_kernel(), 4 * MIB, FM_BOOTPT_DATA), FM_BOOTPT_OK);
  ck_assert_uint_eq(early_next(), next + 0x1000);
}
END_TEST

START_TEST(a_page_of_1_gib_is_split_twice)
{
  uint64_t next = early_next();
  ck_assert_int_eq(fm_bootpt_map(test_kernel(), FREE, fm_paddr_of(0), GIB, 3, FM_BOOTPT_DATA),
                   FM_BOOTPT_OK);
  ck_assert_int_eq(fm_bootpt_protect(test_kernel(), FREE + 0x7000, FM_BOOTPT_PAGE), FM_BOOTPT_OK);
  expect_mapped(FREE + 0x7000, 0x7000, 1, 0x183);
  expect_mapped(FREE + 0x6000, 0x6000, 1, UINT64_C(0x8000000000000183));
  expect_mapped(FREE + 2 * MIB, 2 * MIB, 2, UINT64_C(0x8000000000000183));
  ck_assert_uint_eq(early_next(), next + 3 * 0x1000); /* level 3, then 2 and 1 */
}
END_TEST

static void run_protect(void *data)
{
  uint64_t *va = data;
  (void)!fm_bootpt_protect(test_kernel(), *va, FM_BOOTPT_DATA);
}

START_TEST(changing_what_is_not_mapped_is_a_panic)
{
  uint64_t va = FREE;
  test_expect_panic(run_protect, &va, "boot page table: the page to be changed is not mapped");
}
END_TEST

/* ---- Late tables, and the end ---- */

static uint64_t early_frames(void)
{
  struct sim_census census;
  sim_machine_census(test_machine, &census);
  return census.types[FM_META_EARLY];
}

START_TEST(late_tables_are_frames_of_the_allocator_and_go_with_the_rest)
{
  struct fm_kernel *kernel = test_kernel();
  uint64_t free_before = fm_free_bytes(kernel);
  ck_assert_uint_eq(early_frames(), 3); /* for the slots: levels 3, 2 and 1 */
  ck_assert_int_eq(fm_bootpt_map(kernel, FREE, fm_paddr_of(0x5000), 0x1000, 1, FM_BOOTPT_DATA),
                   FM_BOOTPT_OK);
  ck_assert_uint_eq(early_frames(), 6);
  ck_assert_uint_eq(fm_free_bytes(kernel), free_before - 3 * 0x1000);
  fm_boot_cpu(kernel);
  ck_assert_uint_eq(early_frames(), 0);
  ck_assert_uint_eq(fm_free_bytes(kernel), free_before + 3 * 0x1000);
  test_expect_sound();
}
END_TEST

START_TEST(only_entries_that_point_to_tables_are_cleared)
{
  fm_boot_cpu(test_kernel());
  ck_assert_uint_eq(test_kernel()->stage, FM_STAGE_DONE);
  for (unsigned table = 0; table < 3; table++)
    for (unsigned i = 0; i < FM_PT_ENTRIES; i++)
      ck_assert_uint_eq(entry(TABLES + table * 0x1000, i), 0);
  for (unsigned i = 0; i < 4 * FM_PT_ENTRIES; i++)
    ck_assert_uint_eq(entry(TABLES + 0x3000 + i / 512 * 0x1000, i % 512), i * 2 * MIB | 0x183);
  /* The image keeps its frames. */
  ck_assert_uint_eq(test_slot(TABLES)->ref_count, 1);
  ck_assert_uint_eq(test_slot(TABLES + 0x3000)->ref_count, 1);
}
END_TEST

static void setup_late(void)
{
  setup_to(FM_STAGE_KERNEL_TABLE);
}

static void setup_two_cpus(void)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.cpus = 2;
  config.stage = FM_STAGE_KERNEL_TABLE;
  test_machine_boot_with(&config);
}

START_TEST(the_last_cpu_takes_it_down)
{
  const struct fm_slot *root = test_slot(test_kernel()->kernel_root);
  uint64_t early = early_frames();
  ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), 1)->cr3, TABLES);
  ck_assert_uint_eq(root->ref_count, 2); /* the kernel's own, and that of CPU 0 */
  sim_cpu_enter(test_machine, 1);
  fm_boot_cpu(test_kernel());
  ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), 1)->cr3, test_kernel()->kernel_root);
  ck_assert_uint_eq(root->ref_count, 3);
  ck_assert_uint_eq(early_frames(), early);
  ck_assert_uint_ne(entry(TABLES, 256), 0);
  sim_cpu_enter(test_machine, 0);
  fm_boot_cpu(test_kernel());
  ck_assert_uint_eq(root->ref_count, 3);
  ck_assert_uint_eq(early_frames(), 2); /* the storage of CPU 1 */
  ck_assert_uint_eq(entry(TABLES, 256), 0);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name, void (*setup)(void))
{
  TCase *tc = tcase_create(name);
  tcase_add_checked_fixture(tc, setup, test_teardown);
  suite_add_tcase(suite, tc);
  return tc;
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("bootpt");
  TCase *tc = add_case(suite, "loader", setup_loaded);
  tcase_add_test(tc, the_loader_leaves_seven_tables);
  tcase_add_test(tc, three_ways_lead_to_the_same_pages);

  tc = add_case(suite, "early", setup_early);
  tcase_add_test(tc, adopting_marks_what_points_to_the_loaders_tables);
  tcase_add_test(tc, pages_are_mapped_one_by_one_and_tables_made_on_the_way);
  tcase_add_test(tc, the_largest_pages_that_fit_are_taken);
  tcase_add_test(tc, what_is_mapped_already_is_a_panic);
  tcase_add_test(tc, a_huge_page_in_the_way_is_a_panic);
  tcase_add_test(tc, without_memory_for_a_table_it_says_so);
  tcase_add_test(tc, a_huge_page_is_split_for_one_that_changes);
  tcase_add_test(tc, a_page_of_1_gib_is_split_twice);
  tcase_add_test(tc, changing_what_is_not_mapped_is_a_panic);

  tc = add_case(suite, "late", setup_late);
  tcase_add_test(tc, late_tables_are_frames_of_the_allocator_and_go_with_the_rest);
  tcase_add_test(tc, only_entries_that_point_to_tables_are_cleared);

  tc = add_case(suite, "two CPUs", setup_two_cpus);
  tcase_add_test(tc, the_last_cpu_takes_it_down);
  return suite;
}
