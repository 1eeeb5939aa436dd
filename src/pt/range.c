/* SPDX-License-Identifier: MPL-2.0 */
/* Cursors: locking a range, and moving in it. */
#include "src/pt/range.h"

/* ---- Locking ---- */

/* The part of a range that an entry covers. */
struct part {
  uint64_t start;
  uint64_t last; /* the last address, which does not wrap as an end might */
};

static struct part part_of(struct part range, uint32_t index, uint32_t level)
{
  uint64_t size = fm_pt_page_size(level);
  uint64_t start = (range.start & ~(size * FM_PT_ENTRIES - 1)) + index * size;
  struct part part = {start, start + size - 1};
  if (part.start < range.start)
    part.start = range.start;
  if (part.last > range.last)
    part.last = range.last;
  return part;
}

/* Calls `visit` for each table below `node` in the range: parents first to lock, children
 * first to unlock.  Three levels deep at most. */
static void for_each_below(fm_paddr node, uint32_t level, struct part range, bool lock)
{
  if (level == 1)
    return;
  for (uint32_t i = fm_pt_index(range.start, level); i <= fm_pt_index(range.last, level); i++) {
    fm_pte pte = fm_node_read(node, i);
    if (!fm_pte_is_table(pte, level))
      continue;
    fm_paddr child = fm_pte_paddr(pte);
    if (lock)
      fm_node_lock(child);
    for_each_below(child, level - 1, part_of(range, i, level), lock);
    if (!lock)
      fm_node_unlock(child);
  }
}

/* Whether a cursor over this range can do with a table below this level: the range is in
 * one entry, and does not cover it (then the table itself may have to go). */
static bool goes_deeper(uint64_t start, uint64_t last, uint32_t level)
{
  if (level == 1 || fm_pt_index(start, level) != fm_pt_index(last, level))
    return false;
  return last - start + 1 < fm_pt_page_size(level);
}

/* Walks down without locks, and locks the lowest node that covers the range. */
static bool lock_guard(struct fm_kernel *kernel, fm_paddr root, uint64_t start, uint64_t last,
                       struct fm_pt_cursor *cursor)
{
  fm_paddr node = root;
  uint32_t level = FM_PT_LEVELS;

  fm_grace_enter(kernel);
  while (goes_deeper(start, last, level)) {
    fm_pte pte = fm_node_walk(node, fm_pt_index(start, level));
    if (!fm_pte_is_table(pte, level))
      break;
    node = fm_pte_paddr(pte);
    level--;
  }
  fm_node_lock(node);
  bool stray = fm_node_meta(node)->stray != 0;
  if (stray)
    fm_node_unlock(node);
  fm_grace_leave(kernel);

  cursor->guard = level;
  cursor->level = level;
  cursor->path[level] = node;
  return !stray;
}

static bool is_good_range(bool is_kernel, uint64_t start, uint64_t end)
{
  if (start >= end || !fm_is_page_aligned(start) || !fm_is_page_aligned(end))
    return false;
  return is_kernel ? start >= FM_LINEAR_BASE : end <= FM_USER_END;
}

enum fm_pt_error fm_pt_lock(struct fm_kernel *kernel, struct fm_space space, uint64_t start,
                            uint64_t end, struct fm_pt_cursor *ret)
{
  fm_paddr root = fm_frame_paddr(space.root);
  struct fm_pt_cursor cursor = {.kernel = kernel, .va = start, .end = end};
  cursor.is_kernel = fm_node_meta(root)->is_kernel != 0;
  if (!is_good_range(cursor.is_kernel, start, end))
    return FM_PT_INVALID_ARGS;

  while (!lock_guard(kernel, root, start, end - 1, &cursor))
    fm_spin_hint(FM_SITE_PT_LOCK); /* the node was taken out of the tree: start again */
  struct part range = {start, end - 1};
  for_each_below(cursor.path[cursor.guard], cursor.guard, range, true);
  cursor.start = start;
  *ret = cursor;
  return FM_PT_OK;
}

void fm_pt_unlock(struct fm_pt_cursor *cursor)
{
  fm_paddr guard = cursor->path[cursor->guard];
  struct part range = {cursor->start, cursor->end - 1};
  for_each_below(guard, cursor->guard, range, false);
  fm_node_unlock(guard);
}

/* ---- Moving ---- */

void fm_pt_move(struct fm_pt_cursor *cursor, uint64_t va)
{
  fm__cursor_move(cursor, va);
}

/* ---- New tables ---- */

/* Nodes for the levels below the cursor's down to `level`, by level: all of them or none. */
static bool alloc_tables(const struct fm_pt_cursor *cursor, uint32_t level, fm_paddr *ret)
{
  for (uint32_t at = cursor->level - 1; at >= level; at--) {
    if (fm_node_alloc(cursor->kernel, at, cursor->is_kernel, &ret[at]) == FM_ALLOC_OK)
      continue;
    while (++at < cursor->level)
      fm_frame_drop(cursor->kernel, fm_frame_from_raw(ret[at]));
    return false;
  }
  return true;
}

/* Puts a table at the cursor and goes down to it. */
static void put_table(struct fm_pt_cursor *cursor, fm_paddr table)
{
  fm_pte pte = fm_pte_of_table(table);
  fm_node_write(cursor->path[cursor->level], fm_pt_index(cursor->va, cursor->level), pte);
  fm__cursor_down(cursor, pte);
}

enum fm_pt_error fm__cursor_make_tables(struct fm_pt_cursor *cursor, uint32_t level)
{
  fm_paddr tables[FM_PT_LEVELS];
  if (!alloc_tables(cursor, level, tables))
    return FM_PT_NO_MEMORY;
  while (cursor->level > level) {
    fm_paddr child = tables[cursor->level - 1];
    fm_node_lock(child); /* nobody knows it yet: it is ours like the rest of the range */
    fm_node_count(cursor->path[cursor->level], 1);
    put_table(cursor, child);
  }
  return FM_PT_OK;
}

enum fm_pt_error fm__cursor_split(struct fm_pt_cursor *cursor, uint32_t level)
{
  fm_paddr tables[FM_PT_LEVELS];
  if (!alloc_tables(cursor, level, tables))
    return FM_PT_NO_MEMORY;
  while (cursor->level > level) {
    fm_pte huge = fm__cursor_entry(cursor);
    fm_paddr child = tables[cursor->level - 1];
    fm_node_lock(child);
    for (uint32_t i = 0; i < FM_PT_ENTRIES; i++) {
      fm_pte page = {huge.raw + i * fm_pt_page_size(cursor->level - 1)};
      fm_node_write(child, i, page);
    }
    fm_node_count(child, (int32_t)FM_PT_ENTRIES);
    put_table(cursor, child);
  }
  return FM_PT_OK;
}
