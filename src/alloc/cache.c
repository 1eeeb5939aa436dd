/* SPDX-License-Identifier: MPL-2.0 */
/*
 * This CPU's arrays of free runs of 1, 2, 3 and 4 frames.  An empty one is refilled with
 * two thirds of its capacity in one contiguous piece, all or nothing; a full one gives two
 * thirds and the new run back.  Runs in here are only page-aligned, and count as free.
 */
#include "src/alloc/buddy.h"

static uint32_t capacity_of(uint32_t frames)
{
  return frames == 1 ? FM_CACHE_RUNS : FM_CACHE_RUNS / 2;
}

bool fm__cache_alloc(struct fm_kernel *kernel, uint32_t frames, fm_paddr *ret)
{
  struct fm_cache *cache = &fm_this_cpu()->buddy.caches[frames - 1];
  uint64_t run = frames * FM_PAGE_SIZE;
  uint32_t refill = capacity_of(frames) * 2 / 3;
  fm_paddr start;

  if (cache->count != 0) {
    *ret = fm_paddr_of(cache->runs[--cache->count]);
    return true;
  }
  if (!fm__pool_alloc(kernel, refill * run, FM_PAGE_SIZE, &start))
    return false;
  for (uint32_t i = 1; i < refill; i++)
    cache->runs[cache->count++] = start.raw + i * run;
  *ret = start;
  return true;
}

void fm__cache_dealloc(struct fm_kernel *kernel, uint32_t frames, fm_paddr start)
{
  struct fm_cache *cache = &fm_this_cpu()->buddy.caches[frames - 1];
  uint32_t capacity = capacity_of(frames);
  fm_paddr back[FM_CACHE_RUNS];
  uint32_t count = 0;

  if (cache->count < capacity) {
    cache->runs[cache->count++] = start.raw;
    return;
  }
  back[count++] = start;
  for (uint32_t i = 0; i < capacity * 2 / 3; i++)
    back[count++] = fm_paddr_of(cache->runs[--cache->count]);
  for (uint32_t i = 0; i < count; i++)
    fm__pool_dealloc(kernel, &back[i], 1, frames * FM_PAGE_SIZE);
}
