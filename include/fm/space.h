/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Address spaces: a tree of page-table nodes, and a cursor over a range of it.
 *
 * A cursor locks the lowest node that covers its whole range and all nodes below it in the
 * range, so that cursors over ranges apart work side by side, and those over one range one
 * after the other.  Within the range its operations go from lower to higher addresses.
 *
 *   fm_pt_lock()                         the range [start, end) is the caller's
 *   fm_pt_query/map/take/protect/merge   at the cursor's address, which moves on
 *   fm_pt_unlock()
 *
 * Tracked pages own one reference on each of their frames: mapping consumes it, taking the
 * page out gives it back.  Untracked ones are memory of devices, or the kernel's view of
 * all memory.  What was taken out must be flushed from every TLB before it is dropped
 * (fm_pt_drop_taken()): the processors may still use the old translation.
 *
 * Tables are made as they are needed; one that becomes empty stays, until a range that
 * covers all of it is taken out.
 */
#ifndef FM_SPACE_H
#define FM_SPACE_H

#include <fm/frame.h>
#include <fm/node.h>
#include <fm/pte.h>

#define FM_USER_END UINT64_C(0x0000800000000000)

enum fm_pt_error {
  FM_PT_OK,
  FM_PT_INVALID_ARGS, /* empty, unaligned, outside of the cursor's range or of the space */
  FM_PT_NO_MEMORY,    /* no frame for a table; nothing was mapped or changed at the cursor */
  FM_PT_MAPPED,       /* something is mapped there already */
};

/* One reference to the root. */
struct fm_space {
  struct fm_frame root;
};

struct fm_pt_cursor {
  struct fm_kernel *kernel;
  uint64_t va;    /* the next address that an operation works on */
  uint64_t start; /* of the range */
  uint64_t end;   /* of the range */
  uint32_t guard; /* level of the highest node that is locked */
  uint32_t level; /* of the node that the cursor has gone down to */
  bool is_kernel;
  fm_paddr path[FM_PT_LEVELS + 1]; /* by level: the nodes from guard down to level */
};

enum fm_pt_kind {
  FM_PT_NOTHING,
  FM_PT_TRACKED,   /* a page with references on its frames */
  FM_PT_UNTRACKED, /* a page without */
  FM_PT_TABLE,     /* a whole table, when it is taken out */
};

/* What is, or was, at an address. */
struct fm_pt_item {
  enum fm_pt_kind kind;
  uint32_t level; /* of the entry: the item covers fm_pt_page_size(level) bytes */
  uint64_t va;    /* its first address */
  fm_paddr paddr; /* of the page's first byte, or the table's node */
  struct fm_page_prop prop;
};

#ifdef __cplusplus
extern "C" {
#endif

/* "Ok", "InvalidArgs", "NoMemory", "Mapped". */
const char *fm_pt_error_name(enum fm_pt_error error);

/* ---- Spaces ---- */

/* An empty user space, whose upper half is that of the kernel's table if there is one. */
FM_MUST_USE enum fm_pt_error fm_space_new(struct fm_kernel *kernel, struct fm_space *ret);

/* The kernel's space: a root and its 256 tables of level 3 for entries 256 to 511, which
 * are there for ever.  Once, by the boot processor; on failure nothing is left. */
FM_MUST_USE enum fm_pt_error fm_space_new_kernel(struct fm_kernel *kernel, struct fm_space *ret);

/* Gives up a reference to a space; the last one takes the tables down. */
void fm_space_drop(struct fm_kernel *kernel, struct fm_space space);

/* This CPU uses the space from now on: it takes a reference, and the space that was active
 * here loses its own (the boot page table has none).  Nothing happens if it is active already. */
void fm_space_activate(struct fm_kernel *kernel, struct fm_space space);

/* This CPU uses no space any more: it goes back to the kernel's, or if there is none yet to the
 * boot page table. */
void fm_space_deactivate(struct fm_kernel *kernel);

/* ---- Ranges ---- */

/* InvalidArgs: start or end is no multiple of 4096, the range is empty, or it does not lie
 * in the user half (a user space) or the kernel half (the kernel's).  The very last page of
 * the kernel half is in no range, as the end of that would be 2^64.  A CPU that has a cursor
 * and asks for another one into the same space may wait for itself. */
FM_MUST_USE enum fm_pt_error fm_pt_lock(struct fm_kernel *kernel, struct fm_space space,
                                        uint64_t start, uint64_t end, struct fm_pt_cursor *ret);
void fm_pt_unlock(struct fm_pt_cursor *cursor);

/* Moves the cursor; `va` lies in its range or is its end. */
void fm_pt_move(struct fm_pt_cursor *cursor, uint64_t va);

/* What is at the cursor.  Where nothing is, `level` says how large the hole's entry is.  At
 * the end of the range there is nothing, whatever comes behind it. */
void fm_pt_query(struct fm_pt_cursor *cursor, struct fm_pt_item *ret);

/*
 * Maps the page at `paddr`, of the size of that level, and moves behind it.  Tracked: the
 * caller's references to its frames are the entry's from now on.  If a page of the same
 * size is there: with `old` it is replaced, and *old is what it was; with NULL, and for
 * anything else that is there, Mapped.
 */
FM_MUST_USE enum fm_pt_error fm_pt_map(struct fm_pt_cursor *cursor, fm_paddr paddr, uint32_t level,
                                       struct fm_page_prop prop, bool tracked,
                                       struct fm_pt_item *old);

/* Takes the next page or whole table out that lies before `end`, and moves behind it; a
 * huge page that reaches past either end is split first.  kind Nothing: there is none, and
 * the cursor is at `end`.  NoMemory: no frame for the split; the cursor is at that page.
 * The kernel's tables of level 3 stay, only what is in them goes. */
FM_MUST_USE enum fm_pt_error fm_pt_take(struct fm_pt_cursor *cursor, uint64_t end,
                                        struct fm_pt_item *ret);

/* Drops what fm_pt_take() or a replacing fm_pt_map() gave: after the TLBs were flushed. */
void fm_pt_drop_taken(struct fm_kernel *kernel, const struct fm_pt_item *item);

/* Changes the flags of the next page before `end`, and moves behind it; splits and answers
 * as fm_pt_take().  *ret is the page as it is now. */
FM_MUST_USE enum fm_pt_error fm_pt_protect(struct fm_pt_cursor *cursor, uint64_t end,
                                           uint32_t clear, uint32_t set, struct fm_pt_item *ret);

/* Makes one page of this level (2 or 3) of the table at the cursor, if its 512 pages lie
 * side by side in physical memory and are equal but for accessed and dirty.  True: *ret is
 * the table that was taken out.  The cursor stays. */
FM_MUST_USE bool fm_pt_merge(struct fm_pt_cursor *cursor, uint32_t level, struct fm_pt_item *ret);

#ifdef __cplusplus
}
#endif

#endif
