/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The page tables of processes, as another memory management unit sees them: after fork, copy
 * on write, unmapping and changes of rights, step by step and in a random life.
 *
 * Another seed: FM_TEST_SEED=N.
 */
#include "tests/emulator/agree.h"
#include "tests/unit/process_support.h"

#define PAGES   64u
#define SAMPLES 500u

static struct sim_rng rng;

static void setup(void)
{
  g_autofree char *ram_file = agree_ram_file();
  process_boot_in(ram_file, TEST_RAM, 2, 0);
  agree_begin(ram_file);
  sim_rng_init(&rng, agree_seed(), "agree process");
}

static void teardown(void)
{
  emulator_stop();
  process_teardown();
}

static uint64_t root_of(const struct sim_process *process)
{
  return fm_frame_paddr(process->space.root).raw;
}

/* ---- Comparing ---- */

/* All that there is: each page around the areas, samples of both halves, each entry. */
static void compare(const struct sim_process *process)
{
  uint64_t count = 0;
  uint64_t slots = test_kernel()->meta_size;
  agree_use(root_of(process));
  agree_expect(agree_on_pages(VA - 8 * FM_PAGE_SIZE, VA + (PAGES + 8) * FM_PAGE_SIZE, &count));
  agree_expect(agree_on_pages(FM_META_BASE, FM_META_BASE + slots, &count));
  agree_expect(agree_on_samples(&rng, VA, VA + PAGES * FM_PAGE_SIZE, SAMPLES, &count));
  agree_expect(agree_on_samples(&rng, 0, UINT64_MAX, SAMPLES, &count));
  agree_expect(
      agree_on_samples(&rng, FM_LINEAR_BASE, FM_LINEAR_BASE + 2 * TEST_RAM, SAMPLES, &count));
  ck_assert_uint_eq(count, PAGES + 16 + slots / FM_PAGE_SIZE + 3 * SAMPLES);
  agree_expect(agree_on_leaves(&count));
  agree_expect(agree_on_rights(&count));
}

static void compare_entries(const struct sim_process *process)
{
  uint64_t count = 0;
  agree_use(root_of(process));
  agree_expect(agree_on_leaves(&count));
  agree_expect(agree_on_rights(&count));
  ck_assert_uint_gt(count, 0);
}

/* Where the emulator finds a page of a process, or 0. */
static uint64_t found_at(const struct sim_process *process, uint64_t va)
{
  uint64_t paddr = 0;
  agree_use(root_of(process));
  return emulator_translate(va, &paddr) ? paddr : 0;
}

/* ---- Step by step ---- */

/* Private pages, all written; pages of code, fetched; shared ones. */
static struct sim_process *parent_with_memory(void)
{
  struct sim_process *parent = spawn("parent");
  map(parent, 0, 48, RIGHTS_RW, false);
  map(parent, 48, 8, RIGHTS_R | RIGHTS_X, false);
  map(parent, 56, 8, RIGHTS_RW, true);
  for (uint64_t i = 0; i < 40; i++)
    write_at(parent, page(i), (uint8_t)i);
  for (uint64_t i = 48; i < 52; i++)
    expect_answer(try_fetch(parent, page(i)), "Ok");
  read_at(parent, page(60));
  return parent;
}

START_TEST(parent_and_child_are_where_the_emulator_finds_them)
{
  struct sim_process *parent = parent_with_memory();
  compare(parent);
  struct sim_process *child = fork_of(parent, true);
  compare(parent);
  compare(child);
  for (uint64_t i = 0; i < 40; i++)
    ck_assert_uint_eq(found_at(child, page(i)), found_at(parent, page(i)));

  /* Copy on write, by either; the last owner gets its right back. */
  for (uint64_t i = 0; i < 40; i++)
    if (i % 3 != 2)
      write_at(i % 3 == 0 ? child : parent, page(i), 200);
  write_at(parent, page(3), 201);
  write_at(child, page(61), 202);
  compare(parent);
  compare(child);
  for (uint64_t i = 0; i < 40; i++)
    ck_assert_int_eq(found_at(child, page(i)) == found_at(parent, page(i)), i % 3 == 2);
  ck_assert_uint_eq(found_at(child, page(61)), found_at(parent, page(61)));

  expect_answer(sim_process_unmap(os, child, page(10), 12 * FM_PAGE_SIZE, true), "Ok");
  expect_answer(sim_process_protect(os, parent, page(4), 20 * FM_PAGE_SIZE, RIGHTS_R, true), "Ok");
  expect_answer(sim_process_protect(os, child, page(24), 4 * FM_PAGE_SIZE, 0, true), "Ok");
  expect_answer(
      sim_process_protect(os, child, page(30), 4 * FM_PAGE_SIZE, RIGHTS_RW | RIGHTS_X, true), "Ok");
  compare(parent);
  compare(child);
  ck_assert_uint_eq(found_at(child, page(10)), 0);
  ck_assert_uint_eq(found_at(child, page(24)), 0); /* owned, but nobody may read it */
  ck_assert_uint_ne(found_at(parent, page(10)), 0);

  sim_process_exit(os, parent);
  compare(child);
  sim_process_exec(os, child);
  compare(child);
  for (uint64_t i = 0; i < PAGES; i++)
    ck_assert_uint_eq(found_at(child, page(i)), 0);
}
END_TEST

/* A page of 2 MiB, and what is left of it when a small one in it is taken out. */
START_TEST(a_huge_page_of_a_process_and_its_parts_are_found)
{
  struct sim_process *process = spawn("huge");
  const uint64_t size = 2 * MIB;
  uint64_t paddr = 6 * MIB;
  struct fm_pt_cursor cursor;
  struct fm_page_prop prop = fm_page_prop_of(FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_USER);
  prop.cache = FM_CACHE_UNCACHEABLE;
  ck_assert_int_eq(ops->pt_lock(test_kernel(), process->space, VA, VA + size, &cursor), FM_PT_OK);
  ck_assert_int_eq(ops->pt_map(&cursor, fm_paddr_of(paddr), 2, prop, false, NULL), FM_PT_OK);
  ops->pt_unlock(&cursor);
  compare(process);
  ck_assert_uint_eq(found_at(process, VA + size - 1), paddr + size - 1);

  expect_answer(sim_process_unmap(os, process, page(5), FM_PAGE_SIZE, true), "Ok");
  compare(process);
  ck_assert_uint_eq(found_at(process, page(5)), 0);
  ck_assert_uint_eq(found_at(process, page(6) + 7), paddr + 6 * FM_PAGE_SIZE + 7);
}
END_TEST

/* ---- At random ---- */

static struct sim_process *any_process(void)
{
  const GPtrArray *all = sim_os_processes(os);
  return all->pdata[sim_rng_below(&rng, all->len)];
}

/* One step; that it may be refused is fine. */
static void live(void)
{
  static const uint32_t rights[] = {0, RIGHTS_R, RIGHTS_RW, RIGHTS_R | RIGHTS_X,
                                    RIGHTS_RW | RIGHTS_X};
  struct sim_process *process = any_process();
  struct sim_process *child = NULL;
  uint64_t first = sim_rng_below(&rng, PAGES);
  uint64_t size = (1 + sim_rng_below(&rng, PAGES - first)) * FM_PAGE_SIZE;
  uint32_t flags = rights[sim_rng_below(&rng, G_N_ELEMENTS(rights))];
  uint32_t nr_processes = sim_os_processes(os)->len;
  uint8_t byte;
  switch (sim_rng_below(&rng, 24)) {
  case 0:
    if (nr_processes < 4)
      (void)sim_process_fork(os, process, "child", true, &child);
    break;
  case 1:
    if (nr_processes > 1)
      sim_process_exit(os, process);
    break;
  case 2:
    (void)sim_process_unmap(os, process, page(first), size, true);
    break;
  case 3:
  case 4:
    (void)sim_process_protect(os, process, page(first), size, flags, true);
    break;
  case 5:
  case 6:
  case 7:
    (void)sim_process_map(os, process, page(first), size, flags, flags == RIGHTS_RW);
    break;
  case 8:
  case 9:
    (void)try_read(process, page(first), &byte);
    break;
  case 10:
    (void)try_fetch(process, page(first));
    break;
  default:
    (void)try_write(process, page(first), 1);
    break;
  }
}

START_TEST(a_random_life_is_followed_by_the_emulator)
{
  enum { ROUNDS = 40, STEPS = 50 };
  spawn("first");
  for (unsigned round = 0; round < ROUNDS; round++) {
    for (unsigned step = 0; step < STEPS; step++)
      live();
    const GPtrArray *all = sim_os_processes(os);
    for (guint i = 0; i < all->len; i++)
      compare_entries(all->pdata[i]);
  }
  ck_assert_uint_eq(test_take_findings(NULL), 0);
}
END_TEST

/* ---- Disagreement ---- */

START_TEST(the_table_of_another_process_is_reported)
{
  uint64_t count = 0;
  struct sim_process *parent = parent_with_memory();
  struct sim_process *child = fork_of(parent, true);
  agree_use(root_of(parent));
  emulator_use(root_of(child));
  agree_expect(agree_on_rights(&count)); /* equal still */
  agree_expect(agree_at(page(1), &count));
  write_at(child, page(1), 2);
  for (int i = 0; i < 2; i++) {
    g_autofree char *text = i == 0 ? agree_at(page(1), &count) : agree_on_rights(&count);
    ck_assert_ptr_nonnull(text);
  }
}
END_TEST

const char *fm_test_missing(void)
{
  return emulator_missing();
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("agree process");
  TCase *tc = tcase_create("agree process");

  emulator_adopt();
  tcase_set_timeout(tc, 100);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, parent_and_child_are_where_the_emulator_finds_them);
  tcase_add_test(tc, a_huge_page_of_a_process_and_its_parts_are_found);
  tcase_add_test(tc, a_random_life_is_followed_by_the_emulator);
  tcase_add_test(tc, the_table_of_another_process_is_reported);
  suite_add_tcase(suite, tc);
  return suite;
}
