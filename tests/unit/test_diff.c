/* SPDX-License-Identifier: MPL-2.0 */
/* Summaries of machines, and how two of them differ. */
#include "sim/diff.h"

#include <string.h>

#include "tests/space_support.h"

static sim_summary *before;

static void setup_diff(void)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = 64 * MIB;
  config.stage = FM_STAGE_DONE;
  config.sim.allocator = FM_ALLOCATOR_BUDDY;
  config.sim.cpus = 2;
  space_setup_config(&config);
  ops->space_activate(test_kernel(), space);
  (void)map_new(VA);
  before = sim_summary_new(test_machine);
}

static void teardown_diff(void)
{
  before = sim_summary_free(before);
  test_teardown();
}

static sim_diff *compare(uint64_t shown)
{
  g_autoptr(sim_summary) after = sim_summary_new(test_machine);
  return sim_diff_new(before, after, shown);
}

static const struct sim_diff_figure *figure_at(const GArray *figures, guint index)
{
  ck_assert_uint_lt(index, figures->len);
  return &g_array_index(figures, struct sim_diff_figure, index);
}

static const struct sim_diff_frames *frames_at(const sim_diff *diff, guint index)
{
  ck_assert_uint_lt(index, diff->frames->len);
  return &g_array_index(diff->frames, struct sim_diff_frames, index);
}

START_TEST(runs_cover_every_frame_once)
{
  uint64_t next = 0;
  for (guint i = 0; i < before->runs->len; i++) {
    const struct sim_frame_run *run = &g_array_index(before->runs, struct sim_frame_run, i);
    ck_assert_uint_eq(run->first, next);
    ck_assert_uint_gt(run->frames, 0);
    next += run->frames;
  }
  ck_assert_uint_eq(next, 64 * MIB / FM_PAGE_SIZE);
  ck_assert_uint_lt(before->runs->len, 1000);
}
END_TEST

START_TEST(a_machine_is_the_same_as_itself)
{
  /* Nobody's storage, and what the processor notes, are no difference. */
  test_slot(63 * MIB + PAGE)->storage[3] ^= 1;
  entries_of(table_at(VA, 1))[0].raw |= FM_PTE_ACCESSED | FM_PTE_DIRTY;
  g_autoptr(sim_diff) diff = compare(20);
  ck_assert(diff->same);
  ck_assert_uint_eq(diff->runs, 0);
  ck_assert_uint_eq(diff->different, 0);
  ck_assert_uint_gt(diff->counts->len, 5);
}
END_TEST

START_TEST(frames_that_differ_are_told_as_runs)
{
  for (unsigned i = 0; i < 5; i++)
    (void)test_claim(63 * MIB + PAGE * (1 + i), test_anon(), NULL);
  test_slot(63 * MIB + PAGE * 7)->in_list = 9;
  test_slot(TEST_IMAGE)->ref_count = FM_COUNT_MAX + 1;
  g_autoptr(sim_diff) diff = compare(20);
  ck_assert(!diff->same);
  ck_assert_uint_eq(diff->runs, 3);
  ck_assert_uint_eq(diff->different, 7);
  ck_assert_uint_eq(frames_at(diff, 0)->first, TEST_IMAGE / PAGE);
  ck_assert_str_eq(frames_at(diff, 0)->a, "shared 1, kernel");
  ck_assert_str_eq(frames_at(diff, 0)->b, "illegal count 0x8000000000000000");
  ck_assert_uint_eq(frames_at(diff, 1)->first, 63 * MIB / PAGE + 1);
  ck_assert_uint_eq(frames_at(diff, 1)->frames, 5);
  ck_assert_str_eq(frames_at(diff, 1)->a, "unused");
  ck_assert_str_eq(frames_at(diff, 1)->b, "shared 1, anon");
  ck_assert_str_eq(frames_at(diff, 2)->b, "unused, in list 9");
}
END_TEST

START_TEST(metadata_differs_by_itself)
{
  test_slot(table_at(VA, 1).raw)->storage[0]++;
  g_autoptr(sim_diff) diff = compare(20);
  ck_assert_uint_eq(diff->runs, 1);
  ck_assert_uint_eq(frames_at(diff, 0)->first, table_at(VA, 1).raw / PAGE);
  ck_assert_str_eq(frames_at(diff, 0)->b, "shared 1, page-table, other metadata");
}
END_TEST

START_TEST(the_number_of_runs_does_not_depend_on_how_many_are_shown)
{
  for (unsigned i = 0; i < 30; i++)
    (void)test_claim(62 * MIB + PAGE * (1 + 2 * i), test_anon(), NULL);
  for (uint64_t shown = 0; shown < 40; shown += 3) {
    g_autoptr(sim_diff) diff = compare(shown);
    ck_assert_uint_eq(diff->runs, 30);
    ck_assert_uint_eq(diff->different, 30);
    ck_assert_uint_eq(diff->frames->len, shown == 0 || shown > 30 ? 30 : shown);
  }
}
END_TEST

START_TEST(translations_differ_at_their_first_difference)
{
  g_autofree char *to = g_strdup_printf("to 0x%llx,", (unsigned long long)map_new(VA + PAGE).raw);
  entries_of(fm_pte_paddr(entries_of(fm_paddr_of(test_kernel()->kernel_root))[300]))[0].raw =
      0x200000 | FM_PTE_PRESENT | FM_PTE_LEAF;
  g_autoptr(sim_diff) diff = compare(20);
  ck_assert(!diff->same);
  ck_assert_uint_eq(diff->tables->len, 2);
  ck_assert_str_eq(figure_at(diff->tables, 0)->name, "kernel");
  ck_assert_ptr_nonnull(strstr(figure_at(diff->tables, 0)->b, "0xffff960000000000-"));
  ck_assert_str_eq(figure_at(diff->tables, 1)->name, "CPU 0");
  ck_assert_ptr_nonnull(strstr(figure_at(diff->tables, 1)->b, "0x4000"));
  ck_assert_ptr_nonnull(strstr(figure_at(diff->tables, 1)->b, to));
}
END_TEST

START_TEST(a_root_that_changed_is_told)
{
  ops->space_deactivate(test_kernel());
  g_autoptr(sim_diff) diff = compare(20);
  ck_assert(!diff->same);
  ck_assert_str_eq(figure_at(diff->tables, 0)->name, "CPU 0 root");
  ck_assert_str_eq(figure_at(diff->tables, 1)->name, "CPU 0");
  ck_assert_str_eq(figure_at(diff->tables, 1)->b, "nothing");
}
END_TEST

START_TEST(free_memory_is_compared_by_order)
{
  fm_paddr frame;
  ck_assert(ops->alloc(test_kernel(), 8 * PAGE, PAGE, &frame));
  g_autoptr(sim_diff) diff = compare(20);
  const struct sim_diff_figure *bytes = figure_at(diff->free_lists, 0);
  ck_assert_str_eq(bytes->name, "bytes");
  ck_assert_uint_eq(g_ascii_strtoull(bytes->a, NULL, 10) - g_ascii_strtoull(bytes->b, NULL, 10),
                    8 * PAGE);
  ck_assert_uint_gt(diff->free_lists->len, 1);
  ck_assert(g_str_has_prefix(figure_at(diff->free_lists, 1)->name, "chunks of order "));
}
END_TEST

/* A RAM file may say anything of names. */
START_TEST(types_of_the_same_name_are_told_apart)
{
  memcpy(fm_kernel_vtable(test_kernel(), FM_META_KERNEL)->name, "reserved", sizeof("reserved"));
  before = sim_summary_free(before);
  before = sim_summary_new(test_machine);
  g_autoptr(sim_diff) diff = compare(20);
  ck_assert(diff->same);
}
END_TEST

/* Tables that lead to themselves are not walked for ever. */
START_TEST(damaged_tables_have_an_end)
{
  fm_paddr table = table_at(VA, 2);
  for (uint32_t i = 0; i < FM_PT_ENTRIES; i++)
    entries_of(table)[i] = fm_pte_of_table(table);
  g_autoptr(sim_summary) after = sim_summary_new(test_machine);
  ck_assert(after->cpus[0].cut);
  g_autoptr(sim_diff) diff = sim_diff_new(before, after, 20);
  ck_assert_str_eq(figure_at(diff->tables, 0)->b, "damaged tables");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("diff");
  TCase *tc = tcase_create("diff");

  tcase_add_checked_fixture(tc, setup_diff, teardown_diff);
  tcase_add_test(tc, runs_cover_every_frame_once);
  tcase_add_test(tc, a_machine_is_the_same_as_itself);
  tcase_add_test(tc, frames_that_differ_are_told_as_runs);
  tcase_add_test(tc, metadata_differs_by_itself);
  tcase_add_test(tc, the_number_of_runs_does_not_depend_on_how_many_are_shown);
  tcase_add_test(tc, translations_differ_at_their_first_difference);
  tcase_add_test(tc, a_root_that_changed_is_told);
  tcase_add_test(tc, free_memory_is_compared_by_order);
  tcase_add_test(tc, types_of_the_same_name_are_told_apart);
  tcase_add_test(tc, damaged_tables_have_an_end);
  suite_add_tcase(suite, tc);
  return suite;
}
