/* SPDX-License-Identifier: MPL-2.0 */
/* What the boot marks as in use for ever. */
#include <fm/frame.h>

#include "src/boot/steps.h"

/* Claims each frame of the range for `type` and forgets the handles; deferred slots are marked
 * many at a time. */
static bool mark(struct fm_kernel *kernel, struct fm_range range, uint32_t type)
{
  while (!fm_range_is_empty(range)) {
    uint64_t marked = fm_chunk_mark(kernel, range, type);
    if (marked == 0) {
      struct fm_frame frame;
      if (fm_frame_from_unused(kernel, range.start, fm_meta_empty(type), NULL, &frame) != FM_GET_OK)
        return false;
      (void)fm_frame_into_raw(frame);
      marked = 1;
    }
    range.start.raw += marked * FM_PAGE_SIZE;
  }
  return true;
}

/* An early range without the metadata pages, which lie in at most one of the two. */
static bool mark_early(struct fm_kernel *kernel, const struct fm_early_range *early)
{
  struct fm_range all = fm_early_allocated(early);
  struct fm_range meta = fm_range_of(kernel->meta_start, kernel->meta_start + kernel->meta_size);

  if (fm_range_is_empty(all))
    return true;
  if (!fm_range_has(all, meta.start))
    return mark(kernel, all, FM_META_EARLY);
  return mark(kernel, fm_range_of(all.start.raw, meta.start.raw), FM_META_EARLY) &&
         mark(kernel, fm_range_of(meta.end.raw, all.end.raw), FM_META_EARLY);
}

static bool region_mark(enum fm_region_type type, uint32_t *ret)
{
  switch (type) {
  case FM_REGION_BAD_MEMORY:
  case FM_REGION_NONVOLATILE_SLEEP:
  case FM_REGION_MODULE:
  case FM_REGION_RECLAIMABLE:
    *ret = FM_META_UNUSABLE;
    return true;
  case FM_REGION_UNKNOWN:
  case FM_REGION_RESERVED:
  case FM_REGION_FRAMEBUFFER:
    *ret = FM_META_RESERVED;
    return true;
  case FM_REGION_KERNEL:
    *ret = FM_META_KERNEL;
    return true;
  case FM_REGION_USABLE:
  case FM_REGION_TYPES:
    break;
  }
  return false;
}

/* Everything that is not usable, downwards from the region that ends the slots. */
static bool mark_regions(struct fm_kernel *kernel)
{
  for (uint32_t i = kernel->regions.count; i-- > 0;) {
    const struct fm_region *region = &kernel->regions.at[i];
    uint32_t type;
    if (region->base >= kernel->max_paddr || !region_mark((enum fm_region_type)region->type, &type))
      continue;
    if (!mark(kernel, fm_range_of(region->base, fm_region_end(region)), type))
      return false;
  }
  return true;
}

bool fm__boot_mark(struct fm_kernel *kernel)
{
  return mark_early(kernel, &kernel->early.low) && mark_early(kernel, &kernel->early.high) &&
         mark_regions(kernel) &&
         mark(kernel, fm_range_of(kernel->meta_start, kernel->meta_start + kernel->meta_size),
              FM_META_META_PAGE);
}

bool fm_boot_keeps(const struct fm_kernel *kernel, fm_paddr frame)
{
  if (frame.raw >= kernel->meta_start - kernel->meta_gap &&
      frame.raw < kernel->meta_start + kernel->meta_size)
    return true;
  if (kernel->cpus == 1)
    return false;
  uint64_t array = fm_page_up((kernel->cpus - 1) * sizeof(uint64_t));
  if (frame.raw >= kernel->cpu_blocks && frame.raw - kernel->cpu_blocks < array)
    return true;
  for (uint32_t id = 1; id < kernel->cpus; id++)
    if (fm_kernel_cpu(kernel, id) == (const void *)(uintptr_t)(FM_LINEAR_WINDOW + frame.raw))
      return true;
  return false;
}
