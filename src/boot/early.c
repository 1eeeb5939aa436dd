/* SPDX-License-Identifier: MPL-2.0 */
/* The early allocator, and what it leaves for the frame allocator. */
#include <fm/boot.h>

/* Makes `range` the given part if that is larger; the first of equals stays. */
static void take_if_larger(struct fm_early_range *range, uint64_t start, uint64_t end)
{
  if (start < end && end - start > range->end - range->start) {
    range->start = start;
    range->next = start;
    range->end = end;
  }
}

void fm_early_init(struct fm_early *early, const struct fm_regions *regions)
{
  const struct fm_early empty = {0};
  *early = empty;

  for (uint32_t i = 0; i < regions->count; i++) {
    const struct fm_region *region = &regions->at[i];
    if (region->type != FM_REGION_USABLE)
      continue;
    uint64_t end = fm_region_end(region);
    take_if_larger(&early->low, region->base, end < FM_4GIB ? end : FM_4GIB);
    take_if_larger(&early->high, region->base > FM_4GIB ? region->base : FM_4GIB, end);
  }
}

static bool bump(struct fm_early_range *range, uint64_t size, uint64_t align, fm_paddr *ret)
{
  uint64_t start = (range->next + align - 1) & ~(align - 1);
  if (start < range->next || start > range->end || size > range->end - start)
    return false;
  range->next = start + size;
  *ret = fm_paddr_of(start);
  return true;
}

bool fm_early_alloc(struct fm_early *early, uint64_t size, uint64_t align, fm_paddr *ret)
{
  if (size > UINT64_MAX - FM_PAGE_MASK)
    return false;
  size = fm_page_up(size);
  return bump(&early->low, size, align, ret) || bump(&early->high, size, align, ret);
}

struct fm_range fm_early_allocated(const struct fm_early_range *range)
{
  return fm_range_of(range->start, range->next);
}

/* Where [at, end) goes on once `taken` is left out; *ret_end is clipped at its start. */
static uint64_t skip_taken(struct fm_range taken, uint64_t at, uint64_t *ret_end)
{
  if (fm_range_is_empty(taken))
    return at;
  if (fm_range_has(taken, fm_paddr_of(at)))
    return taken.end.raw;
  if (taken.start.raw > at && taken.start.raw < *ret_end)
    *ret_end = taken.start.raw;
  return at;
}

bool fm_boot_next_free(const struct fm_kernel *kernel, struct fm_free_cursor *cursor,
                       struct fm_range *ret)
{
  struct fm_range low = fm_early_allocated(&kernel->early.low);
  struct fm_range high = fm_early_allocated(&kernel->early.high);

  for (; cursor->region < kernel->regions.count; cursor->region++, cursor->from = 0) {
    const struct fm_region *region = &kernel->regions.at[cursor->region];
    if (region->type != FM_REGION_USABLE)
      continue;

    uint64_t end = fm_region_end(region);
    uint64_t at = region->base + cursor->from;
    at = skip_taken(low, at, &end);
    at = skip_taken(high, at, &end);
    if (at >= end)
      continue;
    cursor->from = end - region->base;
    *ret = fm_range_of(at, end);
    return true;
  }
  return false;
}
