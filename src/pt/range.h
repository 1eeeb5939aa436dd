/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of page tables share.
 *
 *   node.c    one table: allocation, lock, and what its end drops
 *   grace.c   when a table that is out of its tree may be freed
 *   range.c   cursors: locking a range, moving in it, making and splitting tables
 *   map.c     what a cursor does: query, map, take, protect, merge
 *   space.c   whole address spaces, and which one is active on a CPU
 */
#ifndef SRC_PT_RANGE_H
#define SRC_PT_RANGE_H

#include <fm/space.h>

/* The entry at the cursor, in the node that it has gone down to. */
static inline fm_pte fm__cursor_entry(const struct fm_pt_cursor *cursor)
{
  return fm_node_read(cursor->path[cursor->level], fm_pt_index(cursor->va, cursor->level));
}

/* Goes down to the table that the entry points to. */
static inline void fm__cursor_down(struct fm_pt_cursor *cursor, fm_pte table)
{
  cursor->level--;
  cursor->path[cursor->level] = fm_pte_paddr(table);
}

/* fm_pt_move(), inline: up to the first node that has both addresses. */
static inline void fm__cursor_move(struct fm_pt_cursor *cursor, uint64_t va)
{
  /* A node of level l covers 2^(12 + 9 l) bytes. */
  uint64_t differ = (va ^ cursor->va) >> FM_PAGE_SHIFT;
  while (cursor->level < cursor->guard && differ >> 9 * cursor->level != 0)
    cursor->level++;
  cursor->va = va;
}

/* Puts empty tables where nothing is, or tables of 512 smaller pages where a huge one is, and
 * goes down to that of `level`, which is below the cursor's.  NoMemory: nothing has changed,
 * also if only the last one could not be had. */
FM_MUST_USE enum fm_pt_error fm__cursor_make_tables(struct fm_pt_cursor *cursor, uint32_t level);
FM_MUST_USE enum fm_pt_error fm__cursor_split(struct fm_pt_cursor *cursor, uint32_t level);

#endif
