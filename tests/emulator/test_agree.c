/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The boot page table and the kernel's, as another memory management unit sees them.
 *
 * Another seed: FM_TEST_SEED=N.
 */
#include <errno.h>
#include <fm/bootpt.h>
#include <fm/slot.h>
#include <signal.h>
#include <sim/mmu.h>
#include <stdlib.h>

#include "sim/bootmap/bootmap.h"
#include "tests/emulator/agree.h"

#define SAMPLES 2000u

/* ---- Machines ---- */

static const struct machine {
  uint64_t ram;
  const char *map; /* instead: of a real machine */
  uint32_t cpus;
  enum fm_boot_stage stage;
  enum fm_linear_map linear_map;
  enum fm_allocator_kind allocator;
} machines[] = {
    {TEST_RAM, NULL, 1, FM_STAGE_ALLOCATOR, FM_LINEAR_4K, FM_ALLOCATOR_BITMAP},
    {TEST_RAM, NULL, 1, FM_STAGE_DONE, FM_LINEAR_4K, FM_ALLOCATOR_BITMAP},
    {64 * MIB, NULL, 4, FM_STAGE_KERNEL_TABLE, FM_LINEAR_4K, FM_ALLOCATOR_BUDDY},
    {64 * MIB, NULL, 4, FM_STAGE_DONE, FM_LINEAR_LARGEST, FM_ALLOCATOR_BUDDY},
    {0, "04-qemu-kvm-bochs-seabios-256m-2013.e820", 1, FM_STAGE_DONE, FM_LINEAR_4K,
     FM_ALLOCATOR_BUDDY},
    {2 * GIB, NULL, 1, FM_STAGE_ALLOCATOR, FM_LINEAR_4K, FM_ALLOCATOR_BUDDY},
    {2 * GIB, NULL, 1, FM_STAGE_ALLOCATOR, FM_LINEAR_LARGEST, FM_ALLOCATOR_BUDDY},
    {2 * GIB, NULL, 2, FM_STAGE_DONE, FM_LINEAR_4K, FM_ALLOCATOR_BUDDY},
    {2 * GIB, NULL, 2, FM_STAGE_DONE, FM_LINEAR_LARGEST, FM_ALLOCATOR_BUDDY},
};

static const struct machine *machine;
static struct sim_rng rng;

static void boot(const struct machine *wanted)
{
  struct test_config config;
  g_autoptr(sim_bootmap) map = NULL;
  test_config_init(&config);
  if (wanted->map != NULL) {
    g_autoptr(GError) error = NULL;
    const char *data = getenv("FM_TEST_DATA");
    g_autofree char *path =
        g_build_filename(data != NULL ? data : "tests/data", "maps", wanted->map, NULL);
    config.map = map = sim_bootmap_load(path, NULL, &error);
    ck_assert_msg(map != NULL, "%s", error != NULL ? error->message : "");
    config.sim.kernel_given = false;
    config.sim.kernel_size = FM_IMAGE_SIZE;
  }
  machine = wanted;
  config.ram = wanted->ram;
  config.stage = wanted->stage;
  config.sim.cpus = wanted->cpus;
  config.sim.linear_map = wanted->linear_map;
  config.sim.allocator = wanted->allocator;
  agree_boot(&config);
  sim_rng_init(&rng, agree_seed(), "agree");
}

/* The tables in use, by which the tests loop: those of the CPUs, without repetition. */
static unsigned roots_in_use(uint64_t ret[FM_CPUS_MAX])
{
  unsigned count = 0;
  for (uint32_t cpu = 0; cpu < test_kernel()->cpus; cpu++) {
    uint64_t cr3 = fm_kernel_cpu(test_kernel(), cpu)->cr3;
    unsigned i = 0;
    while (i < count && ret[i] != cr3)
      i++;
    ret[i] = cr3;
    count = MAX(count, i + 1);
  }
  return count;
}

static void for_each_root(const struct machine *wanted, void (*body)(void))
{
  uint64_t roots[FM_CPUS_MAX];
  boot(wanted);
  unsigned count = roots_in_use(roots);
  ck_assert_uint_eq(count, machine->stage == FM_STAGE_KERNEL_TABLE ? 2 : 1);
  for (unsigned i = 0; i < count; i++) {
    agree_use(roots[i]);
    body();
  }
}

/* ---- They agree ---- */

static void compare_slots(void)
{
  const struct fm_kernel *kernel = test_kernel();
  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t count = 0;
  uint64_t end = FM_META_BASE + kernel->meta_size;
  agree_expect(agree_on_pages(FM_META_BASE, end, &count));
  ck_assert_uint_eq(count, fm_page_up(kernel->nr_frames * FM_SLOT_SIZE) / FM_PAGE_SIZE);

  /* And it is what was meant. */
  ck_assert(emulator_translate(FM_META_BASE, &first));
  ck_assert_uint_eq(first, kernel->meta_start);
  ck_assert(emulator_translate(end - 1, &last));
  ck_assert_uint_eq(last, kernel->meta_start + kernel->meta_size - 1);
  ck_assert(!emulator_translate(end, &last));
}

START_TEST(every_page_of_the_slots_is_where_the_emulator_finds_it)
{
  for_each_root(&machines[_i], compare_slots);
}
END_TEST

static void compare_linear(void)
{
  const struct fm_kernel *kernel = test_kernel();
  uint64_t count = 0;
  uint64_t found = 0;
  uint64_t size = kernel->max_paddr;
  agree_expect(agree_on_samples(&rng, FM_LINEAR_BASE, FM_LINEAR_BASE + size, SAMPLES, &count));
  for (unsigned i = 0; i < 64; i++) {
    uint64_t paddr = sim_rng_below(&rng, size);
    ck_assert(emulator_translate(FM_LINEAR_BASE + paddr, &found));
    ck_assert_uint_eq(found, paddr);
  }
  /* The first bytes after it too. */
  agree_expect(agree_on_pages(FM_LINEAR_BASE + size - 16 * FM_PAGE_SIZE,
                              FM_LINEAR_BASE + size + 16 * FM_PAGE_SIZE, &count));
  ck_assert_uint_eq(count, SAMPLES + 32);
}

START_TEST(samples_of_the_linear_map_are_where_the_emulator_finds_them)
{
  for_each_root(&machines[_i], compare_linear);
}
END_TEST

static void compare_image(void)
{
  const struct fm_kernel *kernel = test_kernel();
  uint64_t count = 0;
  uint64_t found = 0;
  uint64_t start = fm_image_kaddr(fm_paddr_of(kernel->image_base)).raw;
  agree_expect(agree_on_pages(start - 16 * FM_PAGE_SIZE,
                              start + kernel->image_size + 16 * FM_PAGE_SIZE, &count));
  ck_assert_uint_eq(count, kernel->image_size / FM_PAGE_SIZE + 32);
  ck_assert(emulator_translate(start, &found));
  ck_assert_uint_eq(found, kernel->image_base);
}

START_TEST(every_page_of_the_image_is_where_the_emulator_finds_it)
{
  for_each_root(&machines[_i], compare_image);
}
END_TEST

/* Addresses where nothing is mapped, most of them, and some that no processor accepts. */
static void compare_holes(void)
{
  static const uint64_t edges[] = {
      0,
      UINT64_C(0x00007fffffffffff),
      UINT64_C(0x0000800000000000), /* not canonical from here ... */
      UINT64_C(0x0000ffffffffffff),
      UINT64_C(0x1000000000000000),
      UINT64_C(0x7fffffffffffffff),
      UINT64_C(0x8000000000000000),
      UINT64_C(0xfffe800000000000),
      UINT64_C(0xffff7fffffffffff), /* ... up to here */
      FM_LINEAR_BASE,
      FM_LINEAR_BASE + FM_4GIB - 1,
      FM_LINEAR_BASE + FM_4GIB,
      FM_META_BASE - 1,
      UINT64_C(0xffffe0ffffffffff),
      UINT64_C(0xffffe10000000000),
      FM_IMAGE_BASE - 1,
      FM_IMAGE_BASE,
      UINT64_MAX,
  };
  uint64_t count = 0;
  for (unsigned i = 0; i < G_N_ELEMENTS(edges); i++)
    agree_expect(agree_at(edges[i], &count));
  agree_expect(agree_on_samples(&rng, 0, UINT64_MAX, SAMPLES / 4, &count));
  agree_expect(agree_on_samples(&rng, 0, UINT64_C(1) << 47, SAMPLES / 4, &count));
  agree_expect(agree_on_samples(&rng, FM_LINEAR_BASE, FM_META_BASE, SAMPLES / 4, &count));
  agree_expect(agree_on_samples(&rng, FM_META_BASE, UINT64_MAX, SAMPLES / 4, &count));
  agree_expect(agree_on_samples(&rng, FM_META_BASE, FM_META_BASE + 64 * MIB, SAMPLES / 2, &count));
  agree_expect(agree_on_samples(&rng, 0, 2 * FM_4GIB, SAMPLES / 2, &count)); /* identity */
  agree_expect(
      agree_on_samples(&rng, FM_LINEAR_BASE, FM_LINEAR_BASE + 2 * FM_4GIB, SAMPLES / 2, &count));
  ck_assert_uint_eq(count, 5 * SAMPLES / 2 + G_N_ELEMENTS(edges));
}

START_TEST(what_is_not_mapped_is_not_mapped_for_the_emulator)
{
  for_each_root(&machines[_i], compare_holes);
}
END_TEST

static void compare_tables(void)
{
  uint64_t leaves = 0;
  uint64_t stretches = 0;
  agree_expect(agree_on_leaves(&leaves));
  agree_expect(agree_on_rights(&stretches));
  ck_assert_uint_gt(leaves, 0);
  ck_assert_uint_gt(stretches, 0);
}

START_TEST(all_entries_and_rights_are_those_that_the_emulator_lists)
{
  for_each_root(&machines[_i], compare_tables);
}
END_TEST

/* ---- They do not ---- */

/* So that a page table is never where a PC has its ROMs. */
static uint64_t entry_of(uint64_t root, uint64_t va, uint32_t level, uint64_t *ret_entry)
{
  struct sim_translation walk;
  struct sim_fault fault;
  const struct sim_request request = {.va = va, .quiet = true};
  ck_assert(sim_mmu_walk(test_machine, fm_paddr_of(root), request, &walk, &fault));
  const struct sim_walk_step *step = &walk.steps[FM_PT_LEVELS - level];
  ck_assert_uint_eq(step->level, level);
  ck_assert(step->node.raw < EMULATOR_ROM_START || step->node.raw >= EMULATOR_ROM_END);
  *ret_entry = step->pte.raw;
  return step->node.raw + step->index * sizeof(fm_pte);
}

static void expect_disagreement(char *text)
{
  ck_assert_ptr_nonnull(text);
  g_free(text);
}

/* Bits that are changed in the entry of the last level, in the emulator only: what shows it. */
static const struct change {
  uint64_t bits;
  bool in_address; /* one by one */
  bool in_rights;
} changes[] = {
    {FM_PTE_PRESENT, true, true},
    {FM_PAGE_SIZE, true, false},
    {MIB, true, false},
    {FM_PTE_WRITABLE, false, true},
    {FM_PTE_USER, false, true},
    {FM_PTE_NO_EXECUTE, false, false},
    {FM_PTE_GLOBAL, false, false},
    {FM_PTE_ACCESSED, false, false},
    {FM_PTE_DIRTY, false, false},
};

START_TEST(a_changed_bit_of_an_entry_is_reported)
{
  const struct change *change = &changes[_i];
  uint64_t entry, count = 0;
  boot(&machines[0]);
  uint64_t root = test_kernel()->boot_root;
  uint64_t va = FM_META_BASE + 3 * FM_PAGE_SIZE;
  uint64_t where = entry_of(root, va, 1, &entry);
  agree_use(root);
  agree_expect(agree_on_leaves(&count));
  agree_expect(agree_on_rights(&count));

  emulator_poke(where, entry ^ change->bits);
  expect_disagreement(agree_on_leaves(&count));
  if (change->in_address)
    expect_disagreement(agree_at(va, &count));
  else
    agree_expect(agree_at(va, &count));
  if (change->in_rights)
    expect_disagreement(agree_on_rights(&count));
  else
    agree_expect(agree_on_rights(&count));

  /* The file is as it was, and so is the emulator after this. */
  uint64_t still;
  ck_assert_uint_eq(entry_of(root, va, 1, &still), where);
  ck_assert_uint_eq(still, entry);
  emulator_poke(where, entry);
  agree_expect(agree_on_leaves(&count));
}
END_TEST

/* A right that is taken away high up is in no entry of a page, but all the same there. */
START_TEST(a_right_that_an_upper_level_takes_away_is_reported)
{
  uint32_t level = 2 + (uint32_t)_i;
  uint64_t entry, count = 0;
  boot(&machines[1]);
  uint64_t root = test_kernel()->kernel_root;
  uint64_t where = entry_of(root, FM_META_BASE, level, &entry);
  agree_use(root);
  agree_expect(agree_on_rights(&count));
  emulator_poke(where, entry & ~FM_PTE_WRITABLE);
  agree_expect(agree_on_leaves(&count));
  expect_disagreement(agree_on_rights(&count));

  /* Until our unit sees it too. */
  *(uint64_t *)fm_linear(fm_paddr_of(where), sizeof(entry)) = entry & ~FM_PTE_WRITABLE;
  agree_expect(agree_on_rights(&count));
}
END_TEST

START_TEST(tables_of_another_root_are_reported)
{
  uint64_t count = 0;
  boot(&machines[2]);
  uint64_t boot_root = test_kernel()->boot_root;
  uint64_t kernel_root = test_kernel()->kernel_root;
  ck_assert_uint_ne(boot_root, kernel_root);
  agree_use(boot_root);
  emulator_use(kernel_root);
  expect_disagreement(agree_at(0, &count)); /* identity: only the boot page table has it */
  expect_disagreement(agree_on_leaves(&count));
  expect_disagreement(agree_on_rights(&count));
}
END_TEST

/* ---- The end of the boot page table ---- */

START_TEST(a_dismissed_boot_page_table_maps_nothing)
{
  g_autoptr(GError) error = NULL;
  uint64_t count = 0;
  boot(&machines[2]);
  agree_use(test_kernel()->boot_root);
  agree_expect(agree_on_leaves(&count));
  ck_assert_uint_gt(count, 0);

  ck_assert(sim_machine_boot(test_machine, &error));
  count = 0;
  agree_expect(agree_on_leaves(&count));
  agree_expect(agree_on_rights(&count));
  ck_assert_uint_eq(count, 0);
  agree_expect(agree_on_samples(&rng, FM_LINEAR_BASE, UINT64_MAX, 100, &count));
}
END_TEST

/* ---- The emulator itself ---- */

START_TEST(a_stopped_emulator_is_gone)
{
  boot(&machines[0]);
  int process = emulator_process();
  ck_assert_int_gt(process, 0);
  ck_assert_int_eq(kill(process, 0), 0);
  emulator_stop();
  ck_assert_int_eq(kill(process, 0), -1); /* and was waited for */
  ck_assert_int_eq(errno, ESRCH);
}
END_TEST

const char *fm_test_missing(void)
{
  return emulator_missing();
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("agree");
  TCase *tc = tcase_create("agree");
  const int all = G_N_ELEMENTS(machines);

  emulator_adopt();
  tcase_set_timeout(tc, 100);
  tcase_add_checked_fixture(tc, NULL, agree_teardown);
  tcase_add_loop_test(tc, every_page_of_the_slots_is_where_the_emulator_finds_it, 0, all);
  tcase_add_loop_test(tc, samples_of_the_linear_map_are_where_the_emulator_finds_them, 0, all);
  tcase_add_loop_test(tc, every_page_of_the_image_is_where_the_emulator_finds_it, 0, all);
  tcase_add_loop_test(tc, what_is_not_mapped_is_not_mapped_for_the_emulator, 0, all);
  tcase_add_loop_test(tc, all_entries_and_rights_are_those_that_the_emulator_lists, 0, all);
  tcase_add_loop_test(tc, a_changed_bit_of_an_entry_is_reported, 0, G_N_ELEMENTS(changes));
  tcase_add_loop_test(tc, a_right_that_an_upper_level_takes_away_is_reported, 0, 3);
  tcase_add_test(tc, tables_of_another_root_are_reported);
  tcase_add_test(tc, a_dismissed_boot_page_table_maps_nothing);
  tcase_add_test(tc, a_stopped_emulator_is_gone);
  suite_add_tcase(suite, tc);
  return suite;
}
