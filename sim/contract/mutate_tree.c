/* SPDX-License-Identifier: MPL-2.0 */
/* Damage to page tables at a quiet moment, for the audit. */
#include "sim/contract/mutate.h"

static fm_pte *entries(fm_paddr node)
{
  return (fm_pte *)(uintptr_t)(FM_LINEAR_WINDOW + node.raw);
}

/* The table of this level that has MUTATE_VA. */
static fm_paddr table_at(struct mutate_scene *scene, uint32_t level)
{
  fm_paddr node = fm_slot_paddr(scene->space.root.slot);
  for (uint32_t at = FM_PT_LEVELS; at > level; at--)
    node = fm_pte_paddr(entries(node)[fm_pt_index(MUTATE_VA, at)]);
  return node;
}

static fm_paddr kernel_root(struct mutate_scene *scene)
{
  return fm_paddr_of(scene->kernel->kernel_root);
}

/* The kernel's table of level 2 with the start of the linear map. */
static fm_paddr linear_table(struct mutate_scene *scene)
{
  return fm_pte_paddr(entries(fm_pte_paddr(entries(kernel_root(scene))[256]))[0]);
}

static void leads_to_a_page(struct mutate_scene *scene)
{
  entries(table_at(scene, 2))[fm_pt_index(MUTATE_VA, 2)] = fm_pte_of_table(scene->page);
}

static void other_level(struct mutate_scene *scene)
{
  fm_node_meta(table_at(scene, 1))->level = 2;
}

static void of_the_kernel(struct mutate_scene *scene)
{
  fm_node_meta(table_at(scene, 1))->is_kernel = 1;
}

static void one_child_more(struct mutate_scene *scene)
{
  fm_node_meta(table_at(scene, 1))->nr_children++;
}

/* Counted by everybody, and still a table may have one parent only. */
static void two_parents(struct mutate_scene *scene)
{
  fm_paddr parent = table_at(scene, 2);
  fm_paddr table = table_at(scene, 1);
  entries(parent)[7] = fm_pte_of_table(table);
  fm_node_meta(parent)->nr_children++;
  fm_slot_at(table)->ref_count++;
}

static void stray(struct mutate_scene *scene)
{
  fm_node_meta(table_at(scene, 2))->stray = 1;
}

static void locked(struct mutate_scene *scene)
{
  fm_node_meta(table_at(scene, 3))->lock = 1;
}

static void in_the_user_half(struct mutate_scene *scene)
{
  entries(kernel_root(scene))[3] = entries(kernel_root(scene))[256];
}

static void other_upper_half(struct mutate_scene *scene)
{
  fm_pte *root = entries(fm_slot_paddr(scene->space.root.slot));
  root[300] = root[301];
}

static void reference_lost(struct mutate_scene *scene)
{
  fm_slot_at(kernel_root(scene))->ref_count--;
}

static void page_out_of_memory(struct mutate_scene *scene)
{
  entries(table_at(scene, 1))[0].raw += UINT64_C(1) << 30;
}

static void page_of_nobody(struct mutate_scene *scene)
{
  fm_slot_at(scene->page)->ref_count = FM_COUNT_UNUSED;
}

static void linear_map_leads_astray(struct mutate_scene *scene)
{
  entries(linear_table(scene))[2].raw += UINT64_C(2) << 20;
}

static void hole_in_the_linear_map(struct mutate_scene *scene)
{
  entries(linear_table(scene))[2].raw = 0;
  fm_node_meta(linear_table(scene))->nr_children--;
}

const struct mutation mutations_of_trees[] = {
    {SIM_CLAUSE_TREE_NODE, MUTATE_TREE, NULL, leads_to_a_page},
    {SIM_CLAUSE_TREE_LEVEL, MUTATE_TREE, NULL, other_level},
    {SIM_CLAUSE_TREE_KIND, MUTATE_TREE, NULL, of_the_kernel},
    {SIM_CLAUSE_TREE_CHILDREN, MUTATE_TREE, NULL, one_child_more},
    {SIM_CLAUSE_TREE_SHARED, MUTATE_TREE, NULL, two_parents},
    {SIM_CLAUSE_TREE_STRAY, MUTATE_TREE, NULL, stray},
    {SIM_CLAUSE_TREE_LOCKED, MUTATE_TREE, NULL, locked},
    {SIM_CLAUSE_TREE_HALF, MUTATE_TREE, NULL, in_the_user_half},
    {SIM_CLAUSE_TREE_UPPER, MUTATE_TREE, NULL, other_upper_half},
    {SIM_CLAUSE_TREE_COUNT, MUTATE_TREE, NULL, reference_lost},
    {SIM_CLAUSE_LEAF_PLACE, MUTATE_TREE, NULL, page_out_of_memory},
    {SIM_CLAUSE_LEAF_IN_USE, MUTATE_TREE, NULL, page_of_nobody},
    {SIM_CLAUSE_LEAF_ADDRESS, MUTATE_TREE, NULL, linear_map_leads_astray},
    {SIM_CLAUSE_MAP_COMPLETE, MUTATE_TREE, NULL, hole_in_the_linear_map},
    {0},
};
