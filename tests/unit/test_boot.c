/* SPDX-License-Identifier: MPL-2.0 */
/* Boot: what is placed where, what is marked as what, and what stays free. */
#include <fm/boot.h>
#include <sim/audit.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "tests/support.h"

static struct test_config config;
static sim_bootmap *map;

static void setup(void)
{
  test_config_init(&config);
  map = sim_bootmap_new_ram(TEST_RAM);
  g_array_set_size(map->regions, 0);
  g_array_set_size(map->lines, 0);
}

static void teardown(void)
{
  test_teardown();
  map = sim_bootmap_free(map);
}

static void add(uint64_t start, uint64_t end, enum fm_region_type type)
{
  struct fm_region region = {.base = start, .size = end - start, .type = type};
  guint line = 0;
  g_array_append_val(map->regions, region);
  g_array_append_val(map->lines, line);
}

static void boot(void)
{
  config.map = map;
  test_machine_boot_with(&config);
}

/* Fails the test unless every frame of [start, end) is marked so ("-": unused). */
static void expect_marked(uint64_t start, uint64_t end, const char *type)
{
  for (uint64_t at = start; at < end; at += FM_PAGE_SIZE) {
    struct fm_slot_view view;
    fm_slot_view(test_kernel(), test_slot(at), &view);
    const char *found = view.vtable != NULL ? view.vtable->name : "-";
    ck_assert_msg(strcmp(found, type) == 0, "frame 0x%llx is '%s', not '%s'",
                  (unsigned long long)at, found, type);
    ck_assert_uint_eq(view.ref_count, view.vtable != NULL ? 1 : FM_COUNT_UNUSED);
    ck_assert_int_eq(sim_machine_ops(test_machine)->is_free(test_kernel(), fm_paddr_of(at)),
                     view.vtable == NULL);
  }
}

START_TEST(a_small_machine_boots_as_planned)
{
  const struct fm_kernel *kernel;

  test_machine_boot_with(&config);
  kernel = test_kernel();
  ck_assert_uint_eq(kernel->stage, FM_STAGE_ALLOCATOR);
  ck_assert_uint_eq(kernel->max_paddr, TEST_RAM);
  ck_assert_uint_eq(kernel->nr_frames, 2048);
  ck_assert_uint_eq(kernel->meta_start, 3 * MIB);
  ck_assert_uint_eq(kernel->meta_size, 2048 * 64);
  ck_assert_uint_eq(kernel->cpu_blocks, 0);
  ck_assert_uint_eq(kernel->early.low.start, 3 * MIB);
  ck_assert_uint_eq(kernel->early.low.next, 3 * MIB + 0x23000);

  expect_marked(0, 0x8000, "-");
  expect_marked(0x8000, 0x9000, "unusable"); /* the page where other CPUs start */
  expect_marked(0x9000, 0x9f000, "-");
  expect_marked(0x9f000, 0x100000, "reserved");
  expect_marked(MIB, 2 * MIB, "-");
  expect_marked(2 * MIB, 3 * MIB, "kernel");
  expect_marked(3 * MIB, 3 * MIB + 0x20000, "meta-page");
  expect_marked(3 * MIB + 0x20000, 3 * MIB + 0x23000, "early"); /* tables that map the slots */
  expect_marked(3 * MIB + 0x23000, 8 * MIB, "-");
  test_expect_sound();
}
END_TEST

START_TEST(storage_of_other_cpus_shifts_the_slots)
{
  const struct fm_kernel *kernel;

  config.sim.cpus = 4;
  test_machine_boot_with(&config);
  kernel = test_kernel();
  /* One page of addresses, then three blocks. */
  ck_assert_uint_eq(kernel->cpu_blocks, 3 * MIB);
  ck_assert_uint_eq(kernel->meta_start, 3 * MIB + 0x4000);
  expect_marked(3 * MIB, 3 * MIB + 0x4000, "early");
  expect_marked(3 * MIB + 0x4000, 3 * MIB + 0x24000, "meta-page");
  for (uint32_t id = 0; id < 4; id++) {
    const struct fm_cpu_block *block = fm_kernel_cpu(kernel, id);
    ck_assert_uint_eq(block->id, id);
    uint64_t paddr = (uint64_t)(uintptr_t)block - FM_LINEAR_WINDOW;
    ck_assert_uint_eq(paddr, id == 0 ? TEST_IMAGE + FM_IMAGE_CPU0 : 3 * MIB + id * 0x1000);
  }
  ck_assert_uint_eq(((uint64_t *)fm_linear(fm_paddr_of(3 * MIB), 24))[0],
                    FM_LINEAR_BASE + 3 * MIB + 0x1000);
}
END_TEST

static uint64_t nobody(fm_paddr frame, void *data)
{
  (void)frame;
  (void)data;
  return 0;
}

static void tell(const struct sim_audit_fault *fault, void *data)
{
  (void)data;
  ck_abort_msg("frame 0x%llx: %s: %s", (unsigned long long)fault->frame.raw, fault->clause,
               fault->text);
}

START_TEST(at_the_end_every_cpu_runs_on_the_kernels_table)
{
  config.sim.cpus = 4;
  config.stage = FM_STAGE_DONE;
  test_machine_boot_with(&config);
  const struct fm_kernel *kernel = test_kernel();
  for (uint32_t id = 0; id < 4; id++)
    ck_assert_uint_eq(fm_kernel_cpu(kernel, id)->cr3, kernel->kernel_root);
  ck_assert_uint_eq(test_slot(kernel->kernel_root)->ref_count, 1 + 4);
  /* Four pages for the CPUs, then the slots, then three tables that are free again. */
  for (uint64_t i = 0; i < 4 + 32 + 3; i++)
    ck_assert_int_eq(fm_boot_keeps(kernel, fm_paddr_of(3 * MIB + i * FM_PAGE_SIZE)), i < 4 + 32);
  ck_assert_uint_eq(sim_audit(test_machine, nobody, NULL, tell, NULL), 0);
}
END_TEST

START_TEST(the_largest_number_of_cpus_boots)
{
  config.sim.cpus = FM_CPUS_MAX;
  test_machine_boot_with(&config);
  ck_assert_uint_eq(test_kernel()->meta_start, 3 * MIB + 64 * 0x1000);
  ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), 63)->id, 63);
  test_expect_sound();
}
END_TEST

START_TEST(every_region_type_is_marked_as_the_kernel_does)
{
  add(0, 4 * MIB, FM_REGION_USABLE);
  add(4 * MIB, 5 * MIB, FM_REGION_BAD_MEMORY);
  /* 5 to 6 MiB: unknown */
  add(6 * MIB, 7 * MIB, FM_REGION_NONVOLATILE_SLEEP);
  add(7 * MIB, 8 * MIB, FM_REGION_RESERVED);
  add(8 * MIB, 9 * MIB, FM_REGION_MODULE);
  add(9 * MIB, 10 * MIB, FM_REGION_FRAMEBUFFER);
  add(10 * MIB, 11 * MIB, FM_REGION_RECLAIMABLE);
  boot();
  expect_marked(2 * MIB, 3 * MIB, "kernel");
  expect_marked(4 * MIB, 5 * MIB, "unusable");
  expect_marked(5 * MIB, 6 * MIB, "reserved");
  expect_marked(6 * MIB, 7 * MIB, "unusable");
  expect_marked(7 * MIB, 8 * MIB, "reserved");
  expect_marked(8 * MIB, 9 * MIB, "unusable");
  expect_marked(9 * MIB, 10 * MIB, "reserved");
  expect_marked(10 * MIB, 11 * MIB, "unusable");
  ck_assert_uint_eq(test_kernel()->max_paddr, 11 * MIB);
}
END_TEST

START_TEST(the_option_top_decides_where_the_slots_end)
{
  add(0, 8 * MIB, FM_REGION_USABLE);
  add(8 * MIB, 9 * MIB, FM_REGION_RESERVED);
  add(9 * MIB, 10 * MIB, FM_REGION_NONVOLATILE_SLEEP);
  add(10 * MIB, 11 * MIB, FM_REGION_RESERVED);
  config.sim.top = _i == 0 ? FM_TOP_PHYSICAL : FM_TOP_USABLE;
  boot();
  ck_assert_uint_eq(test_kernel()->max_paddr, _i == 0 ? 10 * MIB : 8 * MIB);
  ck_assert_uint_eq(test_kernel()->nr_frames, _i == 0 ? 2560 : 2048);
  test_expect_sound();
}
END_TEST

START_TEST(slots_past_the_last_frame_are_not_written)
{
  /* 2048 + 3 frames: the last page of slots has 61 that describe nothing. */
  add(0, 8 * MIB + 0x3000, FM_REGION_USABLE);
  boot();
  const struct fm_kernel *kernel = test_kernel();
  const struct fm_slot *slots = fm_linear(fm_paddr_of(kernel->meta_start), kernel->meta_size);
  static const struct fm_slot untouched;

  ck_assert_uint_eq(kernel->nr_frames, 2051);
  ck_assert_uint_eq(kernel->meta_size, 33 * 4096);
  ck_assert_uint_eq(slots[2050].ref_count, FM_COUNT_UNUSED);
  for (unsigned i = 2051; i < 33 * 64; i++)
    ck_assert_mem_eq(&slots[i], &untouched, sizeof(untouched));
}
END_TEST

START_TEST(unused_slots_are_zero_but_for_the_count)
{
  test_machine_boot_with(&config);
  struct fm_slot wanted = {.ref_count = FM_COUNT_UNUSED};
  for (uint64_t at = TEST_FRAME; at < TEST_RAM; at += FM_PAGE_SIZE)
    ck_assert_mem_eq(test_slot(at), &wanted, sizeof(wanted));
}
END_TEST

START_TEST(free_bytes_are_what_the_map_leaves)
{
  uint64_t pages = 0;

  config.sim.cpus = 2;
  test_machine_boot_with(&config);
  for (uint64_t at = 0; at < TEST_RAM; at += FM_PAGE_SIZE)
    pages += sim_machine_ops(test_machine)->is_free(test_kernel(), fm_paddr_of(at));
  ck_assert_uint_eq(sim_machine_ops(test_machine)->free_bytes(test_kernel()), pages * FM_PAGE_SIZE);
  /* 8 MiB without the hole at 1 MiB, the low page, the image, the slots, tables for them, the
   * CPUs. */
  ck_assert_uint_eq(pages, 2048 - 97 - 1 - 256 - 32 - 3 - 2);
}
END_TEST

START_TEST(the_boot_does_the_same_in_both_builds)
{
  g_autofree char *native = NULL;

  for (int build = 0; build < TEST_BUILDS; build++) {
    g_autoptr(GError) error = NULL;
    test_machine = test_machine_create(&config, &error);
    ck_assert_ptr_nonnull(test_machine);
    test_use_build(build);
    ck_assert(sim_machine_boot(test_machine, &error));
    g_autofree char *digest = sim_machine_digest(test_machine);
    if (build == 0)
      native = g_steal_pointer(&digest);
    else
      ck_assert_str_eq(native, digest);
    ck_assert_uint_eq(test_take_findings(NULL), 0);
    test_teardown();
  }
}
END_TEST

/* ---- The plan, without a machine ---- */

static enum fm_boot_status plan(enum fm_top top, uint32_t cpus, struct fm_boot_plan *ret)
{
  struct fm_regions regions;
  const struct fm_region *given = (const struct fm_region *)(void *)map->regions->data;

  ck_assert_int_eq(fm_regions_normalise(given, map->regions->len, &regions), FM_REGION_OK);
  const struct fm_boot_options options = {.top = top, .cpus = cpus};
  return fm_boot_plan(&regions, &options, ret);
}

START_TEST(the_plan_says_why_a_boot_cannot_be)
{
  struct fm_boot_plan got;

  add(0, MIB, FM_REGION_RESERVED);
  ck_assert_int_eq(plan(FM_TOP_PHYSICAL, 1, &got), FM_BOOT_NO_USABLE);
  ck_assert_uint_eq(got.max_paddr, 0);

  add(MIB, MIB + 0x2000, FM_REGION_USABLE);
  ck_assert_int_eq(plan(FM_TOP_PHYSICAL, 3, &got), FM_BOOT_NO_ROOM_CPUS);
  ck_assert_int_eq(plan(FM_TOP_PHYSICAL, 1, &got), FM_BOOT_NO_ROOM_META);
  ck_assert_uint_eq(got.nr_frames, 258);
  ck_assert_uint_eq(got.meta_size, 5 * 4096);
  ck_assert_uint_eq(got.meta_start, 0);

  add(8 * GIB, FM_WINDOW_ROOM + GIB, FM_REGION_USABLE);
  ck_assert_int_eq(plan(FM_TOP_PHYSICAL, 1, &got), FM_BOOT_WINDOW);
}
END_TEST

START_TEST(slots_go_above_4_gib_when_there_is_no_room_below)
{
  struct fm_boot_plan got;

  add(MIB, 2 * MIB, FM_REGION_USABLE);
  add(4 * GIB, 5 * GIB, FM_REGION_USABLE);
  ck_assert_int_eq(plan(FM_TOP_PHYSICAL, 2, &got), FM_BOOT_OK);
  /* Below are 256 pages: two for the CPUs, the others for the first of the 1 + 512 tables that
   * map 1 GiB by small pages.  Then 2 + 40 tables for the slots. */
  ck_assert_uint_eq(got.early.low.next, 2 * MIB);
  ck_assert_uint_eq(got.meta_start, 4 * GIB + (513 - 254) * FM_PAGE_SIZE);
  ck_assert_uint_eq(got.meta_size, 5 * GIB / 64);
  ck_assert_uint_eq(got.early.high.next, got.meta_start + got.meta_size + 42 * FM_PAGE_SIZE);
  ck_assert_uint_eq(got.tables, 513 + 42);
  ck_assert_uint_eq(got.fault, 0);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("boot");
  TCase *tc = tcase_create("boot");

  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, a_small_machine_boots_as_planned);
  tcase_add_test(tc, storage_of_other_cpus_shifts_the_slots);
  tcase_add_test(tc, at_the_end_every_cpu_runs_on_the_kernels_table);
  tcase_add_test(tc, the_largest_number_of_cpus_boots);
  tcase_add_test(tc, every_region_type_is_marked_as_the_kernel_does);
  tcase_add_loop_test(tc, the_option_top_decides_where_the_slots_end, 0, 2);
  tcase_add_test(tc, slots_past_the_last_frame_are_not_written);
  tcase_add_test(tc, unused_slots_are_zero_but_for_the_count);
  tcase_add_test(tc, free_bytes_are_what_the_map_leaves);
  tcase_add_test(tc, the_boot_does_the_same_in_both_builds);
  tcase_add_test(tc, the_plan_says_why_a_boot_cannot_be);
  tcase_add_test(tc, slots_go_above_4_gib_when_there_is_no_room_below);
  suite_add_tcase(suite, tc);
  return suite;
}
