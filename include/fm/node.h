/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Page-table nodes: frames of type page-table, one for each table of 512 entries.
 *
 * The metadata (struct fm_page_table_meta) counts the valid entries, and has the level, a
 * lock and the mark "stray": detached from its tree.  Entries are written by who has the
 * lock; anybody may read them without it, on the way down.
 *
 * A node that is detached while others may be on their way through it is freed later: a
 * reader announces itself (fm_grace_enter) before it reads the first entry and leaves when
 * it has locked a node and seen that it is not stray.  What was detached is dropped when
 * no reader is left that could have seen it.
 *
 * Any CPU may call any function; what must be held is said there.
 */
#ifndef FM_NODE_H
#define FM_NODE_H

#include <fm/frame_alloc.h>
#include <fm/pte.h>

static inline struct fm_page_table_meta *fm_node_meta(fm_paddr node)
{
  return (struct fm_page_table_meta *)(void *)fm_slot_at(node)->storage;
}

/* Where entry `index` is. */
static inline uint64_t *fm_node_entry(fm_paddr node, uint32_t index)
{
  return (uint64_t *)fm_linear(fm_paddr_add(node, index * sizeof(uint64_t)), sizeof(uint64_t));
}

/* Reads an entry.  The caller has the node's lock, or is the node's last owner. */
static inline fm_pte fm_node_read(fm_paddr node, uint32_t index)
{
  fm_pte pte;
  /* pte.load, relaxed: needs no partner; who writes entries has the lock that we have. */
  pte.raw = fm_load_relaxed(FM_SITE_PTE_LOAD, fm_node_entry(node, index));
  return pte;
}

/* Reads an entry without the lock. */
static inline fm_pte fm_node_walk(fm_paddr node, uint32_t index)
{
  fm_pte pte;
  /* pte.walk, acquire: pairs with the release of pte.store in fm_node_write(): the table
   * that the entry points to is seen with its metadata and its entries. */
  pte.raw = fm_load_acquire(FM_SITE_PTE_WALK, fm_node_entry(node, index));
  return pte;
}

/* Writes an entry.  The caller has the lock. */
static inline void fm_node_write(fm_paddr node, uint32_t index, fm_pte pte)
{
  /* pte.store, release: pairs with the acquire of pte.walk in fm_node_walk(), and with the
   * processor's own reads of the tables. */
  fm_store_release(FM_SITE_PTE_STORE, fm_node_entry(node, index), pte.raw);
}

/* Changes the number of valid entries.  The caller has the lock. */
static inline void fm_node_count(fm_paddr node, int32_t change)
{
  struct fm_page_table_meta *meta = fm_node_meta(node);
  uint16_t children = (uint16_t)(meta->nr_children + change);
  fm_write_bytes(FM_SITE_PT_META, &meta->nr_children, &children, sizeof(children));
}

static inline void fm_node_unlock(fm_paddr node)
{
  /* pt.unlock, release: pairs with the acquire of pt.lock in fm_node_lock(). */
  fm_store_release_byte(FM_SITE_PT_UNLOCK, &fm_node_meta(node)->lock, 0);
}

#ifdef __cplusplus
extern "C" {
#endif

/* A node without entries.  `is_kernel`: it is for the kernel's table.  It is never the frame
 * at address 0, which stands for no node; so NoMemory also if no other frame is left. */
FM_MUST_USE enum fm_alloc_error fm_node_alloc(struct fm_kernel *kernel, uint32_t level,
                                              bool is_kernel, fm_paddr *ret);

void fm_node_lock(fm_paddr node);

/* The node is out of its tree; its lock is the caller's, and is given back. */
void fm_node_make_stray(fm_paddr node);

/* What a metadata type has as on_drop: drops what the entries own. */
void fm_node_on_drop(struct fm_kernel *kernel, void *meta, struct fm_reader *reader);

/* ---- Grace period ---- */

void fm_grace_enter(struct fm_kernel *kernel);
void fm_grace_leave(struct fm_kernel *kernel);

/* Drops the reference to a stray node, now or as soon as no reader may be in it. */
void fm_grace_retire(struct fm_kernel *kernel, fm_paddr node);

#ifdef __cplusplus
}
#endif

#endif
