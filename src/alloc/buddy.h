/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of the buddy allocator share.
 *
 *   set.c      free chunks of one pool, by order: insert (with coalescing) and take
 *   pool.c     the pools of this CPU and of all; allocation, deallocation, balance
 *   cache.c    this CPU's arrays of 1 to 4 frames in front of its pool
 *   buddy.c    the allocator's interface
 *
 * Sizes are bytes, orders count frames: a chunk of order o has 2^o frames and is aligned
 * to its size.
 */
#ifndef SRC_ALLOC_BUDDY_H
#define SRC_ALLOC_BUDDY_H

#include <fm/alloc.h>
#include <fm/kernel.h>
#include <fm/list.h>

static inline uint64_t fm__order_bytes(uint32_t order)
{
  return FM_PAGE_SIZE << order;
}

/* The largest order whose chunk fits at `start` by its alignment and in `size` bytes, below
 * `orders`. */
uint32_t fm__greedy_order(fm_paddr start, uint64_t size, uint32_t orders);

/* ---- set.c ---- */

struct fm__set {
  struct fm_list *lists; /* by order */
  uint32_t orders;
  uint64_t *size; /* bytes in all of its chunks */
};

/* A chunk that is in no set, coalesced with its buddies as long as they are in this set. */
void fm__set_insert(struct fm_kernel *kernel, struct fm__set set, fm_paddr start, uint32_t order);

/* Cuts a range greedily from its start and inserts the pieces, ascending. */
void fm__set_insert_range(struct fm_kernel *kernel, struct fm__set set, fm_paddr start,
                          uint64_t size);

/* A chunk of this order, split off the smallest that is large enough. */
FM_MUST_USE bool fm__set_take(struct fm_kernel *kernel, struct fm__set set, uint32_t order,
                              fm_paddr *ret);

/* ---- pool.c ---- */

FM_MUST_USE bool fm__pool_alloc(struct fm_kernel *kernel, uint64_t size, uint64_t align,
                                fm_paddr *ret);

/* Gives back several ranges of `size` bytes in one operation, then balances. */
void fm__pool_dealloc(struct fm_kernel *kernel, const fm_paddr *starts, uint32_t count,
                      uint64_t size);
void fm__pool_add(struct fm_kernel *kernel, struct fm_range range);

/* ---- cache.c ---- */

/* `frames` is 1 to FM_CACHES. */
FM_MUST_USE bool fm__cache_alloc(struct fm_kernel *kernel, uint32_t frames, fm_paddr *ret);
void fm__cache_dealloc(struct fm_kernel *kernel, uint32_t frames, fm_paddr start);

#endif
