/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of the buddy allocator share.
 *
 *   set.h      free chunks of one pool, by order: insert (with coalescing) and take
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

static inline uint64_t fm__order_bytes(uint32_t order)
{
  return FM_PAGE_SIZE << order;
}

/* ---- pool.c ---- */

FM_MUST_USE bool fm__pool_alloc(struct fm_kernel *kernel, uint64_t size, uint64_t align,
                                fm_paddr *ret);

void fm__pool_dealloc(struct fm_kernel *kernel, fm_paddr start, uint64_t size);

/* Two or more single frames, which is the most frequent case; each is an operation of its
 * own. */
void fm__pool_dealloc_frames(struct fm_kernel *kernel, const fm_paddr *frames, uint32_t count);
void fm__pool_add(struct fm_kernel *kernel, struct fm_range range);

/* ---- cache.c ---- */

/* The cache of this size is empty: refills it, and takes a run. */
FM_MUST_USE bool fm__cache_refill(struct fm_kernel *kernel, uint32_t frames, fm_paddr *ret);

/* The cache of this size is full: gives this run and most of its own to the pools. */
void fm__cache_spill(struct fm_kernel *kernel, uint32_t frames, fm_paddr start);

static inline uint32_t fm__cache_capacity(uint32_t frames)
{
  return frames == 1 ? FM_CACHE_RUNS : FM_CACHE_RUNS / 2;
}

/* `frames` is 1 to FM_CACHES. */
FM_MUST_USE static inline bool fm__cache_alloc(struct fm_kernel *kernel, uint32_t frames,
                                               fm_paddr *ret)
{
  struct fm_cache *cache = &fm_this_cpu()->buddy.caches[frames - 1];
  if (FM_UNLIKELY(cache->count == 0))
    return fm__cache_refill(kernel, frames, ret);
  *ret = fm_paddr_of(cache->runs[--cache->count]);
  return true;
}

static inline void fm__cache_dealloc(struct fm_kernel *kernel, uint32_t frames, fm_paddr start)
{
  struct fm_cache *cache = &fm_this_cpu()->buddy.caches[frames - 1];
  if (FM_UNLIKELY(cache->count >= fm__cache_capacity(frames)))
    fm__cache_spill(kernel, frames, start);
  else
    cache->runs[cache->count++] = start.raw;
}

/* ---- The allocator, inline for the default of fm_alloc() and fm_dealloc() ---- */

FM_MUST_USE static inline bool fm__buddy_alloc(struct fm_kernel *kernel, uint64_t size,
                                               uint64_t align, fm_paddr *ret)
{
  if (align > size || size > FM_CACHES * FM_PAGE_SIZE)
    return fm__pool_alloc(kernel, size, align, ret);
  return fm__cache_alloc(kernel, (uint32_t)(size / FM_PAGE_SIZE), ret);
}

static inline void fm__buddy_dealloc(struct fm_kernel *kernel, fm_paddr start, uint64_t size)
{
  if (size > FM_CACHES * FM_PAGE_SIZE)
    fm__pool_dealloc(kernel, start, size);
  else
    fm__cache_dealloc(kernel, (uint32_t)(size / FM_PAGE_SIZE), start);
}

#endif
