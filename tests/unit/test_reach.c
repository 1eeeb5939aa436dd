/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Memory that is reached before it is mapped, and what maps it in the end: the boot page table
 * knows nothing from 4 GiB on until the boot has told it, and tables for that need memory too.
 */
#include <sim/mmu.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"
#include "tests/support.h"

static struct test_config config;
static sim_bootmap *map;

static void setup(void)
{
  test_config_init(&config);
  map = sim_bootmap_new_ram(TEST_RAM);
  g_array_set_size(map->regions, 0);
  config.map = map;
  config.stage = FM_STAGE_DONE;
  config.sim.allocator = FM_ALLOCATOR_BUDDY;
}

static void teardown(void)
{
  map = sim_bootmap_free(map);
  test_teardown();
}

static void add(uint64_t start, uint64_t end, enum fm_region_type type)
{
  const struct fm_region region = {.base = start, .size = end - start, .type = type};
  g_array_append_val(map->regions, region);
}

static char *boot_and_fail(void)
{
  GError *error = NULL;
  test_machine = test_machine_create(&config, &error);
  ck_assert_msg(test_machine != NULL, "%s", error != NULL ? error->message : "");
  ck_assert(!sim_machine_boot(test_machine, &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_BOOT));
  char *text = g_strdup(error->message);
  g_error_free(error);
  return text;
}

static void expect_in(const char *text, const char *part)
{
  ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in: %s", part, text);
}

/* ---- Before memory is mapped ---- */

START_TEST(a_table_above_what_is_mapped_is_a_page_fault)
{
  /* Below 4 GiB there are 256 pages for tables; one maps 2 MiB, so that 510 MiB from 4
   * GiB on are mapped when the first table lies at 8 GiB. */
  add(2 * MIB, 3 * MIB, FM_REGION_USABLE); /* the image */
  add(3 * MIB, 4 * MIB, FM_REGION_USABLE);
  add(8 * GIB, 10 * GIB, FM_REGION_USABLE);
  g_autofree char *text = boot_and_fail();
  expect_in(text, "kernel panic after stage 'early': page fault: clearing a new page table at "
                  "0xffff800200000000 (physical 0x200000000), which is not mapped");
  expect_in(text, "CR3 is 0x20b000, the boot page table, and maps the memory below 0x11fe00000");
  expect_in(text, "hint: larger pages need fewer page tables");
  expect_in(text, "--linear-map largest");
  ck_assert_uint_eq(test_kernel()->stage, FM_STAGE_EARLY);
}
END_TEST

START_TEST(larger_pages_need_fewer_tables_and_boot)
{
  add(2 * MIB, 4 * MIB, FM_REGION_USABLE);
  add(8 * GIB, 10 * GIB, FM_REGION_USABLE);
  config.sim.linear_map = FM_LINEAR_LARGEST;
  test_machine_boot_with(&config);
  ck_assert_uint_eq(test_kernel()->stage, FM_STAGE_DONE);
}
END_TEST

START_TEST(a_table_in_what_is_mapped_already_is_none)
{
  /* The same, but the high memory begins where the mapping does. */
  add(2 * MIB, 4 * MIB, FM_REGION_USABLE);
  add(4 * GIB, 6 * GIB, FM_REGION_USABLE);
  test_machine_boot_with(&config);
  ck_assert_uint_gt(test_kernel()->early.high.next, 4 * GIB);
  test_expect_sound();
}
END_TEST

START_TEST(the_storage_of_cpus_has_to_lie_below_4_gib)
{
  add(2 * MIB, 3 * MIB + 0x1000, FM_REGION_USABLE);
  add(4 * GIB, 5 * GIB, FM_REGION_USABLE);
  config.sim.cpus = 2;
  g_autofree struct sim_plan *plan = g_new(struct sim_plan, 1);
  struct sim_config sim = config.sim;
  sim.map = map;
  ck_assert(sim_plan_make(&sim, plan, NULL));
  ck_assert_uint_eq(plan->boot.fault, 4 * GIB);
  g_autofree char *text = boot_and_fail();
  expect_in(text, "kernel panic after stage 'loaded': page fault: clearing the storage of a CPU at "
                  "0xffff800100000000 (physical 0x100000000)");
  expect_in(text, "maps the memory below 0x100000000");
  expect_in(text, "fewer CPUs");
}
END_TEST

/* What the plan says beforehand is what happens. */
START_TEST(the_plan_knows_of_the_fault)
{
  g_autofree struct sim_plan *plan = g_new(struct sim_plan, 1);
  struct sim_config sim = config.sim;
  sim.map = map;
  add(2 * MIB, 4 * MIB, FM_REGION_USABLE);
  add(8 * GIB, 10 * GIB, FM_REGION_USABLE);
  ck_assert(sim_plan_make(&sim, plan, NULL));
  ck_assert_uint_eq(plan->boot.fault, 8 * GIB);
  g_autofree char *text = boot_and_fail();
  expect_in(text, "physical 0x200000000");
  /* Up to there both took the same. */
  ck_assert_uint_eq(plan->boot.early.low.next, test_kernel()->early.low.next);
  ck_assert_uint_eq(plan->boot.early.high.next, test_kernel()->early.high.next);
}
END_TEST

/* ---- Afterwards ---- */

static bool walk(uint64_t va, struct sim_translation *ret)
{
  struct sim_fault fault;
  const struct sim_request request = {.va = va, .quiet = true};
  return sim_mmu_walk(test_machine, fm_paddr_of(test_kernel()->kernel_root), request, ret, &fault);
}

static void expect_page(uint64_t va, uint64_t paddr, uint32_t level, uint64_t bits)
{
  struct sim_translation found;
  ck_assert_msg(walk(va, &found), "0x%llx is not mapped", (unsigned long long)va);
  ck_assert_uint_eq(found.paddr.raw, paddr);
  ck_assert_uint_eq(found.level, level);
  ck_assert_uint_eq(found.pte & ~FM_PTE_ADDRESS, bits);
}

#define DATA UINT64_C(0x8000000000000183)

/* 4 GiB and 5 pages: memory that ends in small pages.  _i: the linear map. */
START_TEST(the_kernels_table_maps_memory_slots_and_image)
{
  struct sim_translation found;
  uint64_t last = 5 * GIB + 5 * FM_PAGE_SIZE - 1;
  add(0, GIB, FM_REGION_USABLE);
  add(4 * GIB, 5 * GIB + 5 * FM_PAGE_SIZE, FM_REGION_USABLE);
  config.sim.linear_map = _i == 0 ? FM_LINEAR_4K : FM_LINEAR_LARGEST;
  test_machine_boot_with(&config);

  const struct fm_kernel *kernel = test_kernel();
  uint32_t level = _i == 0 ? 2 : 3;
  ck_assert_uint_eq(kernel->meta_start % (2 * MIB) == 0, _i == 1 || kernel->meta_gap != 0);
  expect_page(FM_LINEAR_BASE, 0, level, DATA);
  expect_page(FM_LINEAR_BASE + 5 * GIB - 1, 5 * GIB - 1, level, DATA);
  expect_page(FM_LINEAR_BASE + last, last, 1, DATA);
  ck_assert(!walk(FM_LINEAR_BASE + last + 1, &found));
  for (uint64_t at = 0; at < kernel->meta_size; at += FM_PAGE_SIZE) {
    ck_assert(walk(FM_META_BASE + at, &found));
    ck_assert_uint_eq(found.paddr.raw, kernel->meta_start + at);
  }
  ck_assert(!walk(FM_META_BASE + kernel->meta_size, &found));
  expect_page(FM_IMAGE_BASE + TEST_IMAGE, TEST_IMAGE, 1, 0x183); /* 1 MiB: small pages */
  ck_assert(!walk(FM_IMAGE_BASE + TEST_IMAGE - 1, &found));
  ck_assert(!walk(FM_IMAGE_BASE + TEST_IMAGE + TEST_IMAGE_SIZE, &found));
  ck_assert(!walk(0x1000, &found)); /* the identity mapping is gone */
  test_expect_sound();
}
END_TEST

START_TEST(its_first_257_tables_come_first)
{
  add(0, 64 * MIB, FM_REGION_USABLE);
  config.stage = FM_STAGE_ALLOCATOR;
  config.sim.allocator = FM_ALLOCATOR_BITMAP; /* ascending */
  test_machine_boot_with(&config);
  g_autoptr(GError) error = NULL;
  ck_assert(sim_machine_boot_to(test_machine, FM_STAGE_KERNEL_TABLE, &error));
  uint64_t root = test_kernel()->kernel_root;
  const uint64_t *entries = (const uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + root);
  for (unsigned i = 0; i < 255; i++)
    ck_assert_uint_lt(entries[256 + i], entries[256 + i + 1]);
  ck_assert_uint_lt(root, entries[256] & FM_PTE_ADDRESS);
  /* Then those of the linear map, the slots, the image. */
  struct sim_translation linear, slots, image;
  ck_assert(walk(FM_LINEAR_BASE, &linear) && walk(FM_META_BASE, &slots) &&
            walk(FM_IMAGE_BASE + TEST_IMAGE, &image));
  ck_assert_uint_lt(entries[511] & FM_PTE_ADDRESS, linear.steps[2].node.raw);
  ck_assert_uint_lt(linear.steps[2].node.raw, slots.steps[2].node.raw);
  ck_assert_uint_lt(slots.steps[2].node.raw, image.steps[2].node.raw);
}
END_TEST

START_TEST(without_memory_for_the_kernels_table_it_says_so)
{
  g_autoptr(GError) error = NULL;
  add(2 * MIB, 4 * MIB, FM_REGION_USABLE);
  test_machine = test_machine_create(&config, &error);
  ck_assert_ptr_nonnull(test_machine);
  ck_assert(!sim_machine_boot(test_machine, &error));
  expect_in(error->message, "boot: kernel page table: frame allocator buddy has no frame left");
  ck_assert_uint_eq(test_kernel()->stage, FM_STAGE_ALLOCATOR);
}
END_TEST

/* ---- The instrumented build looks at every access ---- */

static void run_linear(void *data)
{
  uint64_t *paddr = data;
  fm_hook_linear(*paddr, 8);
}

static void run_linear_3m(void *data)
{
  uint64_t *paddr = data;
  fm_hook_linear(*paddr, 3 * MIB);
}

START_TEST(an_entry_that_is_gone_is_seen_at_the_next_access)
{
  struct sim_translation found;
  uint64_t paddr = 6 * MIB + 0x123;
  add(0, 64 * MIB, FM_REGION_USABLE);
  test_machine_boot_with(&config);
  ck_assert_int_eq(sim_guard_run(test_machine, run_linear, &paddr), SIM_END_DONE);
  ck_assert(walk(FM_LINEAR_BASE + paddr, &found));
  const struct sim_walk_step *leaf = &found.steps[found.nr_steps - 1];
  uint64_t *entry =
      (uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + leaf->node.raw + leaf->index * sizeof(uint64_t));
  *entry += 2 * MIB;                 /* another page than the linear mapping promises */
  uint64_t before = paddr - 2 * MIB; /* whose end is over there */
  ck_assert_int_eq(sim_guard_run(test_machine, run_linear, &before), SIM_END_DONE);
  test_expect_panic(_i == 0 ? run_linear : run_linear_3m, _i == 0 ? &paddr : &before,
                    _i == 0
                        ? "page fault: an access through the linear window at 0xffff800000600123"
                        : "page fault: an access through the linear window at 0xffff800000600000");
  ck_assert_ptr_nonnull(strstr(sim_machine_panic(test_machine), "maps the memory below 0x600000"));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("reach");
  TCase *tc = tcase_create("reach");

  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, a_table_above_what_is_mapped_is_a_page_fault);
  tcase_add_test(tc, larger_pages_need_fewer_tables_and_boot);
  tcase_add_test(tc, a_table_in_what_is_mapped_already_is_none);
  tcase_add_test(tc, the_storage_of_cpus_has_to_lie_below_4_gib);
  tcase_add_test(tc, the_plan_knows_of_the_fault);
  tcase_add_loop_test(tc, the_kernels_table_maps_memory_slots_and_image, 0, 2);
  tcase_add_test(tc, its_first_257_tables_come_first);
  tcase_add_test(tc, without_memory_for_the_kernels_table_it_says_so);
  tcase_add_loop_test(tc, an_entry_that_is_gone_is_seen_at_the_next_access, 0, 2);
  suite_add_tcase(suite, tc);
  return suite;
}
