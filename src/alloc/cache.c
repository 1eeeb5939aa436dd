/* SPDX-License-Identifier: MPL-2.0 */
/*
 * This CPU's arrays of free runs of 1, 2, 3 and 4 frames.  An empty one is refilled with
 * two thirds of its capacity in one contiguous piece, all or nothing; a full one gives two
 * thirds and the new run back.  Runs in here are only page-aligned, and count as free.
 */
#include "src/alloc/buddy.h"

bool fm__cache_refill(struct fm_kernel *kernel, uint32_t frames, fm_paddr *ret)
{
  struct fm_cache *cache = &fm_this_cpu()->buddy.caches[frames - 1];
  uint64_t run = frames * FM_PAGE_SIZE;
  uint32_t refill = fm__cache_capacity(frames) * 2 / 3;
  fm_paddr start;

  if (!fm__pool_alloc(kernel, refill * run, FM_PAGE_SIZE, &start))
    return false;
  for (uint32_t i = 1; i < refill; i++) {
    cache->runs[cache->count++] = start.raw + i * run;
    /* It is claimed soon, and fetching the slots together costs little more than one. */
    __builtin_prefetch(fm_slot_at(fm_paddr_of(start.raw + i * run)), 1);
  }
  *ret = start;
  return true;
}

void fm__cache_spill(struct fm_kernel *kernel, uint32_t frames, fm_paddr start)
{
  struct fm_cache *cache = &fm_this_cpu()->buddy.caches[frames - 1];
  uint32_t spilled = fm__cache_capacity(frames) * 2 / 3;
  fm_paddr back[FM_CACHE_RUNS];
  uint32_t count = 0;

  back[count++] = start;
  for (uint32_t i = 0; i < spilled; i++)
    back[count++] = fm_paddr_of(cache->runs[--cache->count]);
  if (FM_LIKELY(frames == 1)) {
    fm__pool_dealloc_frames(kernel, back, count);
    return;
  }
  for (uint32_t i = 0; i < count; i++)
    fm__pool_dealloc(kernel, back[i], frames * FM_PAGE_SIZE);
}
