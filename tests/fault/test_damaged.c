/* SPDX-License-Identifier: MPL-2.0 */
/*
 * RAM files that are torn, hostile, or no RAM files at all.  Opening one gives either
 * SIM_ERROR_INPUT or a view that can be looked at from end to end; nothing in a file can
 * make the program crash.
 *
 * A file is made once, then copied, damaged and opened, over and over, with a fixed seed.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sim/audit.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/diff.h"
#include "sim/error.h"
#include "sim/rng.h"
#include "tests/support.h"

#define SEED 42ull

enum { ROUNDS = 3000, KERNEL = 2 * 1024 * 1024 + 0x5000 };

static char *folder, *ram_path;
static int fd = -1;
static uint64_t cpu_array; /* physical */

static void setup_with(enum fm_allocator_kind allocator, uint64_t ram, enum fm_boot_stage stage)
{
  struct test_config config;

  folder = test_folder_new();
  ram_path = g_build_filename(folder, "ram", NULL);
  test_config_init(&config);
  config.ram = ram;
  config.stage = stage;
  config.sim.cpus = 3;
  config.sim.allocator = allocator;
  config.sim.ram_file = ram_path;
  test_machine_boot_with(&config);
  cpu_array = test_kernel()->cpu_blocks;
  test_teardown();
  fd = open(ram_path, O_RDWR | O_CLOEXEC);
  ck_assert_int_ge(fd, 0);
}

static void setup(void)
{
  setup_with(FM_ALLOCATOR_BITMAP, 4 * MIB, FM_STAGE_ALLOCATOR);
}

static void setup_buddy(void)
{
  setup_with(FM_ALLOCATOR_BUDDY, 4 * MIB, FM_STAGE_ALLOCATOR);
}

static void setup_tables(void)
{
  setup_with(FM_ALLOCATOR_BUDDY, 8 * MIB, FM_STAGE_DONE);
}

static void teardown(void)
{
  test_teardown();
  (void)close(fd);
  g_clear_pointer(&ram_path, g_free);
  test_folder_remove(folder);
}

static void count_fault(const struct sim_audit_fault *fault, void *data)
{
  *(uint64_t *)data += strlen(fault->clause) + strlen(fault->text);
}

/* All that the program's `check` and `show` read of a view. */
static void look_at_everything(void)
{
  struct sim_census census;
  struct fm_slot_view view;
  uint64_t sum = 0;

  (void)sim_audit(test_machine, NULL, NULL, count_fault, &sum);
  g_autoptr(sim_summary) summary = sim_summary_new(test_machine);
  g_autoptr(sim_diff) diff = sim_diff_new(summary, summary, 10);
  ck_assert(diff->same);
  sim_machine_census(test_machine, &census);
  g_autofree char *digest = sim_machine_digest(test_machine);
  ck_assert_uint_eq(strlen(digest), 64);
  sum = census.unused + census.unique + census.busy + census.broken;
  for (unsigned i = 0; i < FM_META_TYPES_MAX; i++)
    sum += census.types[i];
  ck_assert_uint_eq(sum, test_kernel()->nr_frames);
  (void)sim_machine_ops(test_machine)->free_bytes(test_kernel());
  for (uint32_t i = 0; i < test_kernel()->nr_vtables; i++)
    ck_assert_uint_lt(strlen(fm_kernel_vtable(test_kernel(), i)->name), FM_META_NAME_SIZE);
  for (uint32_t i = 0; i < test_kernel()->regions.count; i++)
    ck_assert_ptr_nonnull(
        fm_region_type_name((enum fm_region_type)test_kernel()->regions.at[i].type));
  fm_slot_view(test_kernel(), test_slot(test_kernel()->max_paddr - FM_PAGE_SIZE), &view);
}

/* True: it was a usable view.  `what` tells a failure's place. */
static bool open_and_look(const char *what)
{
  g_autoptr(GError) error = NULL;

  test_machine = sim_machine_open(ram_path, FM_STAGE_METADATA, &error);
  if (test_machine == NULL) {
    ck_assert_msg(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT), "%s: %s", what,
                  error->message);
    ck_assert_ptr_nonnull(strstr(error->message, ram_path));
    return false;
  }
  look_at_everything();
  test_teardown();
  return true;
}

/* ---- No RAM file ---- */

START_TEST(what_is_no_ram_file_is_refused)
{
  static const char text[] = "BIOS-e820: [mem 0x0-0xfff] usable\n";
  g_autofree uint8_t *noise = g_malloc(4 * MIB);
  struct sim_rng rng;

  sim_rng_init(&rng, SEED, "noise");
  for (unsigned i = 0; i < 4 * MIB; i++)
    noise[i] = (uint8_t)sim_rng_next(&rng);
  ck_assert(g_file_set_contents(ram_path, "", 0, NULL));
  ck_assert(!open_and_look("empty"));
  ck_assert(g_file_set_contents(ram_path, text, -1, NULL));
  ck_assert(!open_and_look("text"));
  ck_assert(g_file_set_contents(ram_path, (char *)noise, 4 * MIB, NULL));
  ck_assert(!open_and_look("noise"));
  memset(noise, 0, 4 * MIB);
  ck_assert(g_file_set_contents(ram_path, (char *)noise, 4 * MIB, NULL));
  ck_assert(!open_and_look("zeros"));
}
END_TEST

START_TEST(a_file_whose_machine_never_booted_is_refused)
{
  struct test_config config;
  g_autoptr(GError) error = NULL;

  test_config_init(&config);
  config.sim.ram_file = ram_path;
  test_machine = test_machine_create(&config, &error);
  ck_assert_ptr_nonnull(test_machine);
  test_teardown();
  ck_assert_ptr_null(sim_machine_open(ram_path, FM_STAGE_METADATA, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "has come to stage 'loaded'"));
}
END_TEST

START_TEST(a_file_that_was_cut_is_refused)
{
  static const uint64_t sizes[] = {4 * MIB - 1,    3 * MIB + 1, 3 * MIB - 1, 2 * MIB + 0x6000,
                                   2 * MIB + 4096, 2 * MIB + 8, 2 * MIB,     1};
  ck_assert(open_and_look("whole"));
  for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
    ck_assert_int_eq(truncate(ram_path, (off_t)sizes[i]), 0);
    ck_assert(!open_and_look("cut"));
  }
}
END_TEST

/* ---- Damage ---- */

/* Where damage does most: the boot info, the records of types, the regions, the kernel's
 * state, and the addresses of the CPUs' storage. */
static uint64_t random_place(struct sim_rng *rng, uint64_t cpus)
{
  const struct {
    uint64_t start, size;
  } places[] = {
      {2 * MIB, sizeof(struct fm_boot_info)},
      {2 * MIB + FM_IMAGE_VTABLES, FM_META_BUILTINS * sizeof(struct fm_vtable)},
      {KERNEL, offsetof(struct fm_kernel, regions) + 8},
      {KERNEL, offsetof(struct fm_kernel, regions) + 8},
      {KERNEL + offsetof(struct fm_kernel, regions), 10 * sizeof(struct fm_region)},
      {cpus, 16},
  };
  size_t place = sim_rng_below(rng, G_N_ELEMENTS(places));
  return places[place].start + sim_rng_below(rng, places[place].size / 8) * 8;
}

/* A word as an attacker would choose it. */
static uint64_t random_word(struct sim_rng *rng, uint64_t old)
{
  switch (sim_rng_below(rng, 6)) {
  case 0:
    return old ^ UINT64_C(1) << sim_rng_below(rng, 64);
  case 1:
    return 0;
  case 2:
    return UINT64_MAX - sim_rng_below(rng, 3) * 0xfff;
  case 3:
    return old + (sim_rng_below(rng, 33) - 16) * 0x1000;
  case 4:
    return (old & UINT64_C(0xffffffff00000000)) | sim_rng_below(rng, 1000);
  default:
    return sim_rng_next(rng) >> sim_rng_below(rng, 64);
  }
}

START_TEST(no_damage_to_what_the_kernel_knows_crashes_the_reader)
{
  struct sim_rng rng;
  unsigned usable = 0;

  sim_rng_init(&rng, SEED, "damage");
  for (unsigned round = 0; round < ROUNDS; round++) {
    uint64_t at[3] = {0}, old[3], words = 1 + sim_rng_below(&rng, 3);
    for (unsigned i = 0; i < words; i++) {
      at[i] = random_place(&rng, cpu_array);
      ck_assert_int_eq(pread(fd, &old[i], 8, (off_t)at[i]), 8);
      uint64_t word = random_word(&rng, old[i]);
      ck_assert_int_eq(pwrite(fd, &word, 8, (off_t)at[i]), 8);
    }
    g_autofree char *what =
        g_strdup_printf("seed %llu, round %u, 0x%llx", SEED, round, (unsigned long long)at[0]);
    usable += open_and_look(what);
    for (unsigned i = words; i-- > 0;)
      ck_assert_int_eq(pwrite(fd, &old[i], 8, (off_t)at[i]), 8);
  }
  /* Some of it did not matter, some of it did. */
  ck_assert_uint_gt(usable, ROUNDS / 20);
  ck_assert_uint_lt(usable, ROUNDS * 19 / 20);
  ck_assert(open_and_look("as it was"));
}
END_TEST

START_TEST(damaged_slots_are_findings_and_not_crashes)
{
  struct sim_rng rng;
  struct fm_kernel kernel;
  uint64_t words[512];

  ck_assert_int_eq(pread(fd, &kernel, sizeof(kernel), KERNEL), sizeof(kernel));
  sim_rng_init(&rng, SEED, "slots");
  for (unsigned round = 0; round < 50; round++) {
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
      words[i] = random_word(&rng, i % 8 == 6 ? kernel.vtables : 1);
    uint64_t at = kernel.meta_start + sim_rng_below(&rng, kernel.meta_size / 4096) * 4096;
    ck_assert_int_eq(pwrite(fd, words, sizeof(words), (off_t)at), sizeof(words));
    ck_assert(open_and_look("slots"));
  }
  g_autoptr(GError) error = NULL;
  uint64_t sum = 0;
  test_machine = sim_machine_open(ram_path, FM_STAGE_METADATA, &error);
  ck_assert_uint_gt(sim_audit(test_machine, NULL, NULL, count_fault, &sum), 10);
}
END_TEST

/* The words that lists and page tables consist of: entries of tables, slots of tables and of
 * heads of free chunks, and the CPUs' storage.  Addresses in the file. */
static GArray *collect_structures(void)
{
  g_autoptr(GError) error = NULL;
  GArray *words = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  struct fm_slot_view view;

  test_machine = sim_machine_open(ram_path, FM_STAGE_DONE, &error);
  ck_assert_msg(test_machine != NULL, "%s", error != NULL ? error->message : "");
  const struct fm_kernel *kernel = test_kernel();
  for (uint64_t nr = 0; nr < kernel->nr_frames; nr++) {
    fm_slot_view(kernel, test_slot(nr * 4096), &view);
    uint32_t type = view.vtable == NULL ? FM_META_ANON : view.vtable->number;
    if (type != FM_META_PAGE_TABLE && type != FM_META_FREE_HEAD)
      continue;
    uint64_t slot = kernel->meta_start + nr * 64;
    for (uint64_t at = slot; at < slot + 64; at += 8)
      g_array_append_val(words, at);
    for (uint64_t at = nr * 4096; type == FM_META_PAGE_TABLE && at < (nr + 1) * 4096; at += 8)
      g_array_append_val(words, at);
  }
  for (uint32_t id = 0; id < kernel->cpus; id++)
    for (uint64_t i = 0; i < sizeof(struct fm_cpu_block); i += 8) {
      uint64_t at = (uint64_t)(uintptr_t)fm_kernel_cpu(kernel, id) - FM_LINEAR_WINDOW + i;
      for (unsigned often = 0; often < 50; often++)
        g_array_append_val(words, at);
    }
  test_teardown();
  return words;
}

START_TEST(damaged_lists_and_tables_are_findings_and_not_crashes)
{
  g_autoptr(GArray) places = collect_structures();
  struct sim_rng rng;

  sim_rng_init(&rng, SEED, "structures");
  for (unsigned round = 0; round < 300; round++) {
    uint64_t at[8], old[G_N_ELEMENTS(at)];
    for (unsigned i = 0; i < G_N_ELEMENTS(at); i++) {
      uint64_t other = g_array_index(places, uint64_t, sim_rng_below(&rng, places->len));
      uint64_t word;
      at[i] = g_array_index(places, uint64_t, sim_rng_below(&rng, places->len));
      ck_assert_int_eq(pread(fd, &old[i], 8, (off_t)at[i]), 8);
      /* Half of it is what would be right elsewhere. */
      ck_assert_int_eq(pread(fd, &word, 8, (off_t)other), 8);
      if (sim_rng_below(&rng, 2) == 0)
        word = random_word(&rng, old[i]);
      ck_assert_int_eq(pwrite(fd, &word, 8, (off_t)at[i]), 8);
    }
    g_autofree char *what = g_strdup_printf("seed %llu, round %u", SEED, round);
    (void)open_and_look(what);
    for (unsigned i = G_N_ELEMENTS(at); i-- > 0;)
      ck_assert_int_eq(pwrite(fd, &old[i], 8, (off_t)at[i]), 8);
  }
  ck_assert(open_and_look("as it was"));
}
END_TEST

START_TEST(each_figure_that_would_lead_astray_is_refused)
{
  const struct {
    const char *what;
    uint64_t at, word;
  } rows[] = {
      {"image of 4 KiB", 2 * MIB + offsetof(struct fm_boot_info, image_size), 4096},
      {"image of 2 GiB", 2 * MIB + offsetof(struct fm_boot_info, image_size), 2 * GIB},
      {"version 3", 2 * MIB + offsetof(struct fm_boot_info, version), 3 | UINT64_C(3) << 32},
      {"no frames", KERNEL + offsetof(struct fm_kernel, max_paddr), 0},
      {"too many frames", KERNEL + offsetof(struct fm_kernel, nr_frames), 1 << 20},
      {"slots elsewhere", KERNEL + offsetof(struct fm_kernel, meta_start), 4 * MIB},
      {"no slots", KERNEL + offsetof(struct fm_kernel, meta_size), 0},
      {"records elsewhere", KERNEL + offsetof(struct fm_kernel, vtables), 0},
      {"65 records", KERNEL + offsetof(struct fm_kernel, nr_vtables), 65 | UINT64_C(3) << 32},
      {"600 regions", KERNEL + offsetof(struct fm_kernel, regions), 600},
      {"a region's type", KERNEL + offsetof(struct fm_kernel, regions.at[0].type), 9},
      {"a region's end", KERNEL + offsetof(struct fm_kernel, regions.at[0].size), UINT64_MAX},
      {"bits elsewhere", KERNEL + offsetof(struct fm_kernel, bitmap.words), FM_LINEAR_BASE - 8},
      {"bits behind RAM", KERNEL + offsetof(struct fm_kernel, bitmap.words),
       FM_LINEAR_BASE + 4 * MIB},
      {"too many bits", KERNEL + offsetof(struct fm_kernel, bitmap.nr_bits), UINT64_MAX},
      {"CPUs elsewhere", KERNEL + offsetof(struct fm_kernel, cpu_blocks), 4 * MIB - 8},
      {"a CPU elsewhere", cpu_array, FM_META_BASE},
      {"a record's number", 2 * MIB + FM_IMAGE_VTABLES + offsetof(struct fm_vtable, number), 70},
      {"a record's size", 2 * MIB + FM_IMAGE_VTABLES + offsetof(struct fm_vtable, size), 41},
      {"a record's name", 2 * MIB + FM_IMAGE_VTABLES, UINT64_MAX},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    uint64_t old;
    ck_assert_int_eq(pread(fd, &old, 8, (off_t)rows[i].at), 8);
    ck_assert_int_eq(pwrite(fd, &rows[i].word, 8, (off_t)rows[i].at), 8);
    ck_assert_msg(!open_and_look(rows[i].what), "%s was taken", rows[i].what);
    ck_assert_int_eq(pwrite(fd, &old, 8, (off_t)rows[i].at), 8);
  }
  ck_assert(open_and_look("as it was"));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("damaged");
  TCase *tc = tcase_create("damaged");

  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, what_is_no_ram_file_is_refused);
  tcase_add_test(tc, a_file_whose_machine_never_booted_is_refused);
  tcase_add_test(tc, a_file_that_was_cut_is_refused);
  tcase_add_test(tc, no_damage_to_what_the_kernel_knows_crashes_the_reader);
  tcase_add_test(tc, damaged_slots_are_findings_and_not_crashes);
  tcase_add_test(tc, each_figure_that_would_lead_astray_is_refused);
  suite_add_tcase(suite, tc);

  tc = tcase_create("buddy");
  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, setup_buddy, teardown);
  tcase_add_test(tc, no_damage_to_what_the_kernel_knows_crashes_the_reader);
  tcase_add_test(tc, damaged_slots_are_findings_and_not_crashes);
  suite_add_tcase(suite, tc);

  tc = tcase_create("tables");
  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, setup_tables, teardown);
  tcase_add_test(tc, damaged_lists_and_tables_are_findings_and_not_crashes);
  suite_add_tcase(suite, tc);
  return suite;
}
