/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Roots: the kernel's table and what user spaces have of it, which one is active on a CPU,
 * and tables that are not what they should be.
 */
#include "tests/space_support.h"

#define KERNEL FM_LINEAR_BASE

static struct fm_space kernel_space;

static void setup_on(uint32_t cpus)
{
  space_setup_with(FM_ALLOCATOR_BUDDY, cpus, 0);
  ops->space_drop(test_kernel(), space);
  space.root.slot = NULL;
  ck_assert_int_eq(ops->space_new_kernel(test_kernel(), &kernel_space), FM_PT_OK);
}

static void setup(void)
{
  setup_on(2);
}

static void teardown(void)
{
  test_kernel()->kernel_root = 0; /* so that CPUs go back to the boot page table */
  for (uint32_t cpu = test_kernel()->cpus; cpu-- > 0;) {
    sim_cpu_enter(test_machine, cpu);
    ops->space_deactivate(test_kernel());
    ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), cpu)->cr3, test_kernel()->boot_root);
  }
  ops->space_drop(test_kernel(), kernel_space);
  space_teardown();
}

static fm_paddr root_of(struct fm_space of)
{
  return fm_slot_paddr(of.root.slot);
}

static struct fm_space new_space(void)
{
  struct fm_space made;
  ck_assert_int_eq(ops->space_new(test_kernel(), &made), FM_PT_OK);
  return made;
}

static uint64_t count_of(struct fm_space of)
{
  return of.root.slot->ref_count;
}

/* ---- The kernel's table ---- */

START_TEST(the_kernels_root_has_256_tables_of_level_3)
{
  ck_assert_uint_eq(test_kernel()->kernel_root, root_of(kernel_space).raw);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_before - 257 * PAGE);
  space = kernel_space;
  ck_assert_uint_eq(node_at(KERNEL, 4)->nr_children, 256);
  ck_assert_uint_eq(node_at(KERNEL, 4)->is_kernel, 1);
  for (unsigned i = 0; i < 256; i++) {
    ck_assert_uint_eq(entries_of(root_of(space))[i].raw, 0);
    fm_pte pte = entries_of(root_of(space))[256 + i];
    ck_assert_uint_eq(pte.raw & ~FM_PTE_ADDRESS, 7);
    ck_assert_uint_eq(fm_node_meta(fm_pte_paddr(pte))->is_kernel, 1);
  }
  expect_good_tree();
  space.root.slot = NULL;
}
END_TEST

START_TEST(user_roots_share_the_kernels_tables_without_references)
{
  space = new_space();
  for (unsigned i = 0; i < 512; i++)
    ck_assert_uint_eq(entries_of(root_of(space))[i].raw,
                      i < 256 ? 0 : entries_of(root_of(kernel_space))[i].raw);
  ck_assert_uint_eq(node_at(0, 4)->nr_children, 0);
  (void)map_new(VA); /* so that its end looks at the entries */
  ops->space_drop(test_kernel(), space);
  space.root.slot = NULL;
  for (unsigned i = 256; i < 512; i++) {
    fm_paddr table = fm_pte_paddr(entries_of(root_of(kernel_space))[i]);
    ck_assert_uint_eq(fm_slot_at(table)->ref_count, 1);
  }
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_before - 257 * PAGE);
}
END_TEST

START_TEST(what_the_kernel_maps_is_in_all_spaces)
{
  struct fm_space user = new_space();
  fm_paddr frame = new_frame();
  space = kernel_space;
  ck_assert_int_eq(map(KERNEL + HUGE_3, frame, 1, true), FM_PT_OK);
  fm_paddr table = table_at(KERNEL + HUGE_3, 2);
  space = user;
  ck_assert_uint_eq(table_at(KERNEL + HUGE_3, 2).raw, table.raw);
}
END_TEST

/* In a kernel table bit 52 means the opposite. */
START_TEST(tracked_pages_of_the_kernel_have_bit_52)
{
  fm_paddr frame = new_frame();
  space = kernel_space;
  struct fm_page_prop prop = fm_page_prop_of(FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_GLOBAL);
  struct fm_pt_cursor cursor = lock(KERNEL, KERNEL + 2 * PAGE);
  ck_assert_int_eq(ops->pt_map(&cursor, frame, 1, prop, true, NULL), FM_PT_OK);
  ck_assert_int_eq(ops->pt_map(&cursor, frame, 1, prop, false, NULL), FM_PT_OK);
  ops->pt_unlock(&cursor);
  ck_assert_uint_eq(entry_at(KERNEL, 1).raw, frame.raw | UINT64_C(0x8010000000000183));
  ck_assert_uint_eq(entry_at(KERNEL + PAGE, 1).raw, frame.raw | UINT64_C(0x8000000000000183));
  ck_assert_int_eq(query(KERNEL).kind, FM_PT_TRACKED);
  ck_assert_int_eq(query(KERNEL + PAGE).kind, FM_PT_UNTRACKED);
  (void)protect(KERNEL, KERNEL + PAGE, FM_PAGE_WRITE, 0);
  ck_assert_int_eq(query(KERNEL).kind, FM_PT_TRACKED);
  ck_assert_uint_eq(unmap(KERNEL + PAGE, KERNEL + 2 * PAGE), 1);
  ck_assert_uint_eq(test_slot(frame.raw)->ref_count, 1);
  space.root.slot = NULL; /* the frame goes with the kernel's table: free_before */
}
END_TEST

START_TEST(the_kernels_ranges_lie_in_its_half)
{
  static const uint64_t bad[][2] = {
      {VA, VA + PAGE}, {FM_USER_END - PAGE, KERNEL + PAGE}, {KERNEL - PAGE, KERNEL + PAGE},
      {KERNEL, 0},     {UINT64_MAX - PAGE + 1, UINT64_MAX}, {KERNEL + 8, KERNEL + PAGE},
  };
  struct fm_pt_cursor cursor;
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
    ck_assert_int_eq(ops->pt_lock(test_kernel(), kernel_space, bad[i][0], bad[i][1], &cursor),
                     FM_PT_INVALID_ARGS);
  space = kernel_space;
  uint64_t last = UINT64_MAX - 2 * PAGE + 1; /* the last one that is not the very last */
  ck_assert_int_eq(map(last, fm_paddr_of(0), 1, false), FM_PT_OK);
  ck_assert_uint_eq(query(last).va, last);
  ck_assert_uint_eq(unmap(last - HUGE_2, last + PAGE), 1);
  ck_assert_uint_eq(unmap(KERNEL, last + PAGE), 0);
  expect_good_tree();
  space.root.slot = NULL;
}
END_TEST

/* User roots point to them without references. */
START_TEST(the_kernels_tables_of_level_3_are_never_taken)
{
  space = kernel_space;
  ck_assert_int_eq(map(KERNEL + HUGE_3, fm_paddr_of(0), 1, false), FM_PT_OK);
  fm_paddr table = table_at(KERNEL, 3);
  ck_assert_uint_eq(unmap(KERNEL, KERNEL + HUGE_4), 1); /* the table of level 2 in it */
  ck_assert_uint_eq(table_at(KERNEL, 3).raw, table.raw);
  ck_assert_uint_eq(fm_node_meta(table)->nr_children, 0);
  ck_assert_uint_eq(unmap(KERNEL, KERNEL + 100 * HUGE_4), 0);
  ck_assert_uint_eq(node_at(KERNEL, 4)->nr_children, 256);
  expect_good_tree();
  space.root.slot = NULL;
}
END_TEST

/* ---- Which space is active ---- */

static uint64_t cr3(uint32_t cpu)
{
  return fm_kernel_cpu(test_kernel(), cpu)->cr3;
}

START_TEST(an_active_space_is_held_by_its_cpu)
{
  struct fm_space first = new_space();
  struct fm_space second = new_space();
  ck_assert_uint_eq(cr3(0), test_kernel()->boot_root);
  ops->space_activate(test_kernel(), first);
  ck_assert_uint_eq(cr3(0), root_of(first).raw);
  ck_assert_uint_eq(count_of(first), 2);
  ops->space_activate(test_kernel(), first); /* again: nothing */
  ck_assert_uint_eq(count_of(first), 2);
  ops->space_activate(test_kernel(), second);
  ck_assert_uint_eq(count_of(first), 1);
  ck_assert_uint_eq(count_of(second), 2);
  ck_assert_uint_eq(cr3(1), test_kernel()->boot_root);
  ops->space_drop(test_kernel(), second);
  ck_assert_uint_eq(count_of(second), 1); /* lives on in the register */
  ops->space_activate(test_kernel(), first);
  ck_assert_uint_eq(count_of(second), FM_COUNT_UNUSED);
  ops->space_deactivate(test_kernel());
  ck_assert_uint_eq(cr3(0), root_of(kernel_space).raw);
  ck_assert_uint_eq(count_of(kernel_space), 2);
  ck_assert_uint_eq(count_of(first), 1);
  ops->space_deactivate(test_kernel()); /* again: nothing */
  ck_assert_uint_eq(count_of(kernel_space), 2);
  ck_assert_uint_eq(count_of(first), 1);
  ops->space_drop(test_kernel(), first);
}
END_TEST

START_TEST(each_cpu_has_an_active_space_of_its_own)
{
  struct fm_space shared = new_space();
  struct fm_space other = new_space();
  ops->space_activate(test_kernel(), shared);
  sim_cpu_enter(test_machine, 1);
  ops->space_activate(test_kernel(), shared);
  ck_assert_uint_eq(count_of(shared), 3);
  ops->space_activate(test_kernel(), other);
  ck_assert_uint_eq(count_of(shared), 2);
  ck_assert_uint_eq(cr3(0), root_of(shared).raw);
  ck_assert_uint_eq(cr3(1), root_of(other).raw);
  ops->space_deactivate(test_kernel());
  sim_cpu_enter(test_machine, 0);
  ops->space_deactivate(test_kernel());
  ops->space_drop(test_kernel(), shared);
  ops->space_drop(test_kernel(), other);
}
END_TEST

/* ---- Address 0, which stands for no node ---- */

static void setup_at_0(void)
{
  space_setup_with(FM_ALLOCATOR_BITMAP, 2, 0);
}

START_TEST(no_table_lies_at_address_0)
{
  const fm_paddr zero = {0};
  ck_assert(ops->is_free(test_kernel(), zero)); /* though it would be the first to be given */
  ck_assert_uint_ne(root_of(space).raw, 0);
  ops->space_activate(test_kernel(), space);
  ck_assert_uint_eq(cr3(0), root_of(space).raw);
  ck_assert_uint_eq(count_of(space), 2);
  ops->space_deactivate(test_kernel());
  ck_assert_int_eq(map(VA, fm_paddr_of(0), 1, false), FM_PT_OK);
  for (uint32_t level = 3; level >= 1; level--)
    ck_assert_uint_ne(table_at(VA, level).raw, 0);
  ck_assert(ops->is_free(test_kernel(), zero));
  ck_assert_uint_eq(new_frame().raw, 0); /* it is as good as any other for a page */
  ops->frame_drop(test_kernel(), ops->frame_from_raw(zero));
}
END_TEST

START_TEST(a_table_is_refused_if_only_frame_0_is_left)
{
  static struct fm_frame held[TEST_RAM / PAGE];
  unsigned count = 0;
  const struct fm_alloc_options dirty = {.dirty = true};
  while (ops->frame_alloc(test_kernel(), &dirty, &held[count]) == FM_ALLOC_OK)
    count++;
  ck_assert_uint_eq(fm_slot_paddr(held[0].slot).raw, 0);
  ops->frame_drop(test_kernel(), held[0]);
  struct fm_space other;
  ck_assert_int_eq(ops->space_new(test_kernel(), &other), FM_PT_NO_MEMORY);
  ck_assert_int_eq(map(VA, fm_paddr_of(0), 1, false), FM_PT_NO_MEMORY);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), PAGE);
  for (unsigned i = 1; i < count; i++)
    ops->frame_drop(test_kernel(), held[i]);
}
END_TEST

/* ---- Tables that are wrong ---- */

/* A node's only entry, at index 3, leads to a node of its own level, or to itself. */
static void drop_wrong(void *data)
{
  struct fm_frame frames[2] = {{NULL}, {NULL}};
  uint32_t levels[2];
  uint32_t which = *(const uint32_t *)data;
  levels[0] = which < 3 ? 4 - which : 3;
  levels[1] = which < 3 ? 4 - which : which == 4 ? 1 : levels[0];
  for (unsigned i = 0; i < 2; i++) {
    struct fm_page_table_meta meta = {.nr_children = i == 0, .level = (uint8_t)levels[i]};
    const struct fm_alloc_options options = {
        .type = fm_meta_id_of(FM_META_PAGE_TABLE, sizeof(meta)), .meta = &meta};
    ck_assert_int_eq(ops->frame_alloc(test_kernel(), &options, &frames[i]), FM_ALLOC_OK);
  }
  fm_paddr node = fm_slot_paddr(frames[0].slot);
  entries_of(node)[3] = fm_pte_of_table(which == 3 ? node : fm_slot_paddr(frames[1].slot));
  ops->frame_drop(test_kernel(), frames[0]);
}

START_TEST(a_table_of_the_wrong_level_ends_the_machine)
{
  uint32_t which = (uint32_t)_i;
  test_expect_panic(drop_wrong, &which, "a page-table entry points to a node of the wrong level");
}
END_TEST

static void drop_without_level(void *data)
{
  struct fm_page_table_meta meta = {.nr_children = 1, .level = *(const uint8_t *)data};
  const struct fm_alloc_options options = {.type = fm_meta_id_of(FM_META_PAGE_TABLE, sizeof(meta)),
                                           .meta = &meta};
  struct fm_frame frame = {NULL};
  ck_assert_int_eq(ops->frame_alloc(test_kernel(), &options, &frame), FM_ALLOC_OK);
  ops->frame_drop(test_kernel(), frame);
}

START_TEST(a_node_without_a_level_ends_the_machine)
{
  uint8_t level = _i == 0 ? 0 : 5;
  test_expect_panic(drop_without_level, &level, "a page-table node has no level");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("space_roots");
  TCase *tc = tcase_create("roots");
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, the_kernels_root_has_256_tables_of_level_3);
  tcase_add_test(tc, user_roots_share_the_kernels_tables_without_references);
  tcase_add_test(tc, what_the_kernel_maps_is_in_all_spaces);
  tcase_add_test(tc, tracked_pages_of_the_kernel_have_bit_52);
  tcase_add_test(tc, the_kernels_ranges_lie_in_its_half);
  tcase_add_test(tc, the_kernels_tables_of_level_3_are_never_taken);
  tcase_add_test(tc, an_active_space_is_held_by_its_cpu);
  tcase_add_test(tc, each_cpu_has_an_active_space_of_its_own);
  suite_add_tcase(suite, tc);

  TCase *at_0 = tcase_create("address 0");
  tcase_add_checked_fixture(at_0, setup_at_0, space_teardown);
  tcase_add_test(at_0, no_table_lies_at_address_0);
  tcase_add_test(at_0, a_table_is_refused_if_only_frame_0_is_left);
  suite_add_tcase(suite, at_0);

  TCase *wrong = tcase_create("wrong tables");
  tcase_add_checked_fixture(wrong, space_setup, test_teardown);
  tcase_add_loop_test(wrong, a_table_of_the_wrong_level_ends_the_machine, 0, 5);
  tcase_add_loop_test(wrong, a_node_without_a_level_ends_the_machine, 0, 2);
  suite_add_tcase(suite, wrong);
  return suite;
}
