/* SPDX-License-Identifier: MPL-2.0 */
/* Damage to page tables, each by its name. */
#include "tests/audit_support.h"
#include "tests/space_support.h"

/* ---- A user space in use on CPU 0, the kernel's table on CPU 1 ---- */

static fm_paddr page; /* mapped at VA */

static void setup(void)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = 64 * MIB;
  config.stage = FM_STAGE_DONE;
  config.sim.allocator = FM_ALLOCATOR_BUDDY;
  config.sim.cpus = 2;
  space_setup_config(&config);
  page = map_new(VA);
  (void)map_new(VA + HUGE_2);
  ops->space_activate(test_kernel(), space);
}

static fm_paddr root(void)
{
  return fm_slot_paddr(space.root.slot);
}

static fm_paddr kernel_root(void)
{
  return fm_paddr_of(test_kernel()->kernel_root);
}

static fm_paddr child(fm_paddr node, uint32_t index)
{
  ck_assert_uint_ne(entries_of(node)[index].raw, 0);
  return fm_pte_paddr(entries_of(node)[index]);
}

/* The kernel's table of level 2 with the start of the linear map. */
static fm_paddr linear_table(void)
{
  return child(child(kernel_root(), 256), 0);
}

/* ---- Nodes ---- */

static uint64_t leads_to_a_page(void)
{
  entries_of(table_at(VA, 2))[fm_pt_index(VA, 2)] = fm_pte_of_table(page);
  return page.raw;
}

static uint64_t leads_out_of_memory(void)
{
  entries_of(table_at(VA, 2))[fm_pt_index(VA, 2)] = fm_pte_of_table(fm_paddr_of(GIB));
  return table_at(VA, 2).raw;
}

static uint64_t cr3_is_no_table(void)
{
  fm_kernel_cpu(test_kernel(), 1)->cr3 = page.raw;
  return page.raw;
}

static uint64_t cr3_out_of_memory(void)
{
  fm_kernel_cpu(test_kernel(), 1)->cr3 = UINT64_MAX;
  return frame_of(fm_kernel_cpu(test_kernel(), 1));
}

static uint64_t other_level(void)
{
  fm_node_meta(table_at(VA, 1))->level = 2;
  return table_at(VA, 1).raw;
}

static uint64_t of_the_kernel(void)
{
  fm_node_meta(table_at(VA, 1))->is_kernel = 1;
  return table_at(VA, 1).raw;
}

static uint64_t one_child_more(void)
{
  fm_node_meta(table_at(VA, 1))->nr_children++;
  return table_at(VA, 1).raw;
}

static uint64_t kernel_lost_a_child(void)
{
  fm_node_meta(kernel_root())->nr_children--;
  return kernel_root().raw;
}

/* Counted by everybody, and still a table may have one parent only. */
static uint64_t two_parents(void)
{
  fm_paddr parent = table_at(VA, 2), table = table_at(VA, 1);
  entries_of(parent)[7] = fm_pte_of_table(table);
  fm_node_meta(parent)->nr_children++;
  test_slot(table.raw)->ref_count++;
  return table.raw;
}

static uint64_t stray_in_the_tree(void)
{
  fm_node_meta(table_at(VA, 2))->stray = 1;
  return table_at(VA, 2).raw;
}

static uint64_t locked_at_rest(void)
{
  fm_node_meta(table_at(VA, 3))->lock = 1;
  return table_at(VA, 3).raw;
}

static uint64_t kernel_in_the_user_half(void)
{
  entries_of(kernel_root())[3] = entries_of(kernel_root())[256];
  return kernel_root().raw;
}

static uint64_t other_upper_half(void)
{
  entries_of(root())[300] = entries_of(root())[301];
  return root().raw;
}

/* The kernel's own reference and CPU 1. */
static uint64_t reference_lost(void)
{
  ck_assert_uint_eq(test_slot(kernel_root().raw)->ref_count, 2);
  test_slot(kernel_root().raw)->ref_count = 1;
  return kernel_root().raw;
}

/* ---- Pages ---- */

static uint64_t page_out_of_memory(void)
{
  entries_of(table_at(VA, 1))[0].raw += GIB;
  return table_at(VA, 1).raw;
}

static uint64_t unaligned_huge_page(void)
{
  entries_of(linear_table())[2].raw += FM_PAGE_SIZE;
  return linear_table().raw;
}

static uint64_t page_in_the_root(void)
{
  entries_of(root())[0].raw |= FM_PTE_LEAF;
  return root().raw;
}

static uint64_t page_of_nobody(void)
{
  test_slot(page.raw)->ref_count = FM_COUNT_UNUSED;
  return page.raw;
}

static uint64_t linear_map_leads_astray(void)
{
  entries_of(linear_table())[2].raw += HUGE_2;
  return linear_table().raw;
}

static uint64_t hole_in_the_linear_map(void)
{
  entries_of(linear_table())[2].raw = 0;
  fm_node_meta(linear_table())->nr_children--;
  return kernel_root().raw;
}

static const struct damage rows[] = {
    {SIM_AUDIT_TREE_NODE, leads_to_a_page, 1, true},
    {SIM_AUDIT_TREE_NODE, leads_out_of_memory, 1, true},
    {SIM_AUDIT_TREE_NODE, cr3_is_no_table, 1, true},
    {SIM_AUDIT_TREE_NODE, cr3_out_of_memory, 1, true},
    {SIM_AUDIT_TREE_LEVEL, other_level, 1, true},
    {SIM_AUDIT_TREE_KIND, of_the_kernel, 1, true},
    {SIM_AUDIT_TREE_CHILDREN, one_child_more, 1, true},
    {SIM_AUDIT_TREE_CHILDREN, kernel_lost_a_child, 1, true},
    {SIM_AUDIT_TREE_SHARED, two_parents, 1, true},
    {SIM_AUDIT_TREE_STRAY, stray_in_the_tree, 1, true},
    {SIM_AUDIT_TREE_LOCKED, locked_at_rest, 1, true},
    {SIM_AUDIT_TREE_HALF, kernel_in_the_user_half, 1, true},
    {SIM_AUDIT_TREE_UPPER, other_upper_half, 1, true},
    {SIM_AUDIT_TREE_COUNT, reference_lost, 1, true},
    {SIM_AUDIT_LEAF_PLACE, page_out_of_memory, 1, true},
    {SIM_AUDIT_LEAF_PLACE, unaligned_huge_page, 1, true},
    {SIM_AUDIT_LEAF_PLACE, page_in_the_root, 1, true},
    {SIM_AUDIT_LEAF_IN_USE, page_of_nobody, 1, true},
    {SIM_AUDIT_LEAF_ADDRESS, linear_map_leads_astray, 1, true},
    {SIM_AUDIT_MAP_COMPLETE, hole_in_the_linear_map, 1, true},
};

START_TEST(damage_to_page_tables_is_named)
{
  expect_named(&rows[_i]);
}
END_TEST

/* Bits that the processor writes are no difference. */
START_TEST(accessed_bits_of_the_upper_half_are_no_fault)
{
  entries_of(root())[300].raw |= FM_PTE_ACCESSED;
  expect_sound();
}
END_TEST

/* A table that leads to itself is one fault, and the end of the walk. */
START_TEST(a_table_that_holds_itself_ends_the_walk)
{
  fm_paddr table = table_at(VA, 2);
  for (uint32_t i = 0; i < FM_PT_ENTRIES; i++)
    entries_of(table)[i] = fm_pte_of_table(table);
  judge(1);
  ck_assert_uint_eq(verdict.by_clause[SIM_AUDIT_TREE_SHARED], FM_PT_ENTRIES);
  ck_assert_uint_eq(verdict.by_clause[SIM_AUDIT_TREE_CHILDREN], 1);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("audit_tree");
  TCase *tc = tcase_create("audit_tree");

  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_loop_test(tc, damage_to_page_tables_is_named, 0, G_N_ELEMENTS(rows));
  tcase_add_test(tc, accessed_bits_of_the_upper_half_are_no_fault);
  tcase_add_test(tc, a_table_that_holds_itself_ends_the_walk);
  suite_add_tcase(suite, tc);
  return suite;
}
