/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What tests of address spaces share: one space on the small machine, pages mapped and taken
 * by one call, and a look at the tables as they lie in RAM.
 */
#ifndef FM_TESTS_SPACE_SUPPORT_H
#define FM_TESTS_SPACE_SUPPORT_H

#include <fm/space.h>

#include "tests/support.h"

#define PAGE   FM_PAGE_SIZE
#define VA     UINT64_C(0x40000000) /* 1 GiB: the first entry of tables of levels 1 and 2 */
#define HUGE_2 (UINT64_C(2) * MIB)
#define HUGE_3 GIB
#define HUGE_4 (UINT64_C(512) * GIB)

static const struct fm_ops *ops;
static struct fm_space space;
static uint64_t free_before;

/* A booted machine with an empty space, in the native build. */
static inline void space_setup_config(const struct test_config *config)
{
  test_machine_boot_with(config);
  ops = test_use_build(0);
  free_before = ops->free_bytes(test_kernel());
  ck_assert_int_eq(ops->space_new(test_kernel(), &space), FM_PT_OK);
}

/* The small machine, with this allocator. */
static inline void space_setup_with(enum fm_allocator_kind allocator, uint32_t cpus, int build)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.allocator = allocator;
  config.sim.cpus = cpus;
  space_setup_config(&config);
  ops = test_use_build(build);
}

static inline void space_setup(void)
{
  space_setup_with(FM_ALLOCATOR_BUDDY, 1, 0);
}

/* Everything that a test mapped is gone with its space. */
static inline void space_teardown(void)
{
  if (space.root.slot != NULL)
    ops->space_drop(test_kernel(), space);
  space.root.slot = NULL;
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_before);
  test_expect_sound();
  test_teardown();
}

static inline struct fm_pt_cursor lock(uint64_t start, uint64_t end)
{
  struct fm_pt_cursor cursor;
  ck_assert_int_eq(ops->pt_lock(test_kernel(), space, start, end, &cursor), FM_PT_OK);
  return cursor;
}

static inline struct fm_page_prop user_page(void)
{
  return fm_page_prop_of(FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_USER);
}

static inline fm_paddr new_frame(void)
{
  struct fm_frame frame = {NULL};
  ck_assert_int_eq(ops->frame_alloc(test_kernel(), &(struct fm_alloc_options){0}, &frame),
                   FM_ALLOC_OK);
  return ops->frame_into_raw(frame);
}

/* Maps one page of this level. */
static inline enum fm_pt_error map(uint64_t va, fm_paddr paddr, uint32_t level, bool tracked)
{
  struct fm_pt_cursor cursor = lock(va, va + fm_pt_page_size(level));
  enum fm_pt_error error = ops->pt_map(&cursor, paddr, level, user_page(), tracked, NULL);
  ops->pt_unlock(&cursor);
  return error;
}

static inline fm_paddr map_new(uint64_t va)
{
  fm_paddr frame = new_frame();
  ck_assert_int_eq(map(va, frame, 1, true), FM_PT_OK);
  return frame;
}

static inline struct fm_pt_item query(uint64_t va)
{
  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock(va, va + PAGE);
  ops->pt_query(&cursor, &item);
  ops->pt_unlock(&cursor);
  return item;
}

/* Takes everything out of a range and drops it; returns how many items there were. */
static inline unsigned unmap(uint64_t start, uint64_t end)
{
  struct fm_pt_cursor cursor = lock(start, end);
  struct fm_pt_item items[1600];
  unsigned count = 0;
  for (;; count++) {
    ck_assert_uint_lt(count, G_N_ELEMENTS(items));
    ck_assert_int_eq(ops->pt_take(&cursor, end, &items[count]), FM_PT_OK);
    if (items[count].kind == FM_PT_NOTHING)
      break;
  }
  ck_assert_uint_eq(cursor.va, end);
  ops->pt_unlock(&cursor);
  for (unsigned i = 0; i < count; i++)
    ops->pt_drop_taken(test_kernel(), &items[i]);
  return count;
}

static inline struct fm_pt_item protect(uint64_t va, uint64_t end, uint32_t clear, uint32_t set)
{
  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock(va, end);
  ck_assert_int_eq(ops->pt_protect(&cursor, end, clear, set, &item), FM_PT_OK);
  ops->pt_unlock(&cursor);
  return item;
}

/* ---- The tables, as they lie in RAM ---- */

static inline fm_pte *entries_of(fm_paddr node)
{
  return (fm_pte *)(uintptr_t)(FM_LINEAR_WINDOW + node.raw);
}

/* The table of that level for this address, or 0. */
static inline fm_paddr table_at(uint64_t va, uint32_t level)
{
  fm_paddr node = fm_slot_paddr(space.root.slot);
  for (uint32_t at = FM_PT_LEVELS; at > level; at--) {
    fm_pte pte = entries_of(node)[fm_pt_index(va, at)];
    if (!fm_pte_is_table(pte, at))
      return fm_paddr_of(0);
    node = fm_pte_paddr(pte);
  }
  return node;
}

static inline fm_pte entry_at(uint64_t va, uint32_t level)
{
  return entries_of(table_at(va, level))[fm_pt_index(va, level)];
}

static inline const struct fm_page_table_meta *node_at(uint64_t va, uint32_t level)
{
  ck_assert_uint_ne(table_at(va, level).raw, 0);
  return fm_node_meta(table_at(va, level));
}

/* Every node below this one: its level, its count, and no lock and no mark left behind. */
static inline void expect_nodes(fm_paddr node, uint32_t level)
{
  const struct fm_page_table_meta *meta = fm_node_meta(node);
  bool user_root = level == FM_PT_LEVELS && !meta->is_kernel;
  unsigned valid = 0;
  for (uint32_t i = 0; i < (user_root ? FM_PT_ENTRIES / 2 : FM_PT_ENTRIES); i++) {
    fm_pte pte = entries_of(node)[i];
    valid += fm_pte_is_valid(pte);
    if (fm_pte_is_table(pte, level))
      expect_nodes(fm_pte_paddr(pte), level - 1);
  }
  if (meta->level != level || meta->nr_children != valid || meta->lock != 0 || meta->stray != 0 ||
      fm_slot_at(node)->ref_count != 1)
    ck_abort_msg("node 0x%llx: level %u, should be %u; %u children, %u entries; lock %u, stray %u",
                 (unsigned long long)node.raw, meta->level, level, meta->nr_children, valid,
                 meta->lock, meta->stray);
}

static inline void expect_good_tree(void)
{
  expect_nodes(fm_slot_paddr(space.root.slot), FM_PT_LEVELS);
}

#endif
