/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Boot, in the kernel's order.  The figures come from the same functions that the plan
 * uses, so what was announced is what happens.
 */
#include <fm/alloc.h>
#include <fm/boot.h>
#include <fm/frame.h>

/* ---- Plan ---- */

static uint64_t find_max_paddr(const struct fm_regions *regions, enum fm_top top)
{
  for (uint32_t i = regions->count; i-- > 0;) {
    const struct fm_region *region = &regions->at[i];
    bool decides = top == FM_TOP_USABLE ? region->type == FM_REGION_USABLE
                                        : fm_region_is_physical((enum fm_region_type)region->type);
    if (decides)
      return fm_region_end(region);
  }
  return 0;
}

/* Per-CPU storage: an array of n-1 addresses, then n-1 blocks of one page. */
static bool plan_cpus(struct fm_early *early, uint32_t cpus, fm_paddr *ret)
{
  *ret = fm_paddr_of(0);
  if (cpus == 1)
    return true;
  if (!fm_early_alloc(early, (cpus - 1) * sizeof(uint64_t), FM_PAGE_SIZE, ret))
    return false;
  fm_paddr block;
  for (uint32_t id = 1; id < cpus; id++)
    if (!fm_early_alloc(early, FM_PAGE_SIZE, FM_PAGE_SIZE, &block))
      return false;
  return true;
}

static enum fm_boot_status plan(const struct fm_regions *regions, enum fm_top top, uint32_t cpus,
                                struct fm_boot_plan *ret, fm_paddr *ret_cpu_blocks)
{
  fm_early_init(&ret->early, regions);
  if (ret->early.low.end == 0 && ret->early.high.end == 0)
    return FM_BOOT_NO_USABLE;
  if (!plan_cpus(&ret->early, cpus, ret_cpu_blocks))
    return FM_BOOT_NO_ROOM_CPUS;

  ret->max_paddr = find_max_paddr(regions, top);
  if (ret->max_paddr == 0)
    return FM_BOOT_NO_PHYSICAL;
  if (ret->max_paddr > FM_WINDOW_ROOM)
    return FM_BOOT_WINDOW;
  ret->nr_frames = ret->max_paddr / FM_PAGE_SIZE;
  ret->meta_size = fm_page_up(ret->nr_frames * FM_SLOT_SIZE);

  fm_paddr meta;
  if (!fm_early_alloc(&ret->early, ret->meta_size, FM_PAGE_SIZE, &meta))
    return FM_BOOT_NO_ROOM_META;
  ret->meta_start = meta.raw;
  return FM_BOOT_OK;
}

enum fm_boot_status fm_boot_plan(const struct fm_regions *regions, enum fm_top top, uint32_t cpus,
                                 struct fm_boot_plan *ret)
{
  const struct fm_boot_plan nothing = {0};
  fm_paddr cpu_blocks;

  *ret = nothing;
  return plan(regions, top, cpus, ret, &cpu_blocks);
}

/* ---- Steps of the boot ---- */

static void init_kernel(struct fm_kernel *kernel, const struct fm_boot_info *info)
{
  __builtin_memset(kernel, 0, sizeof(*kernel));
  kernel->image_base = info->image_base;
  kernel->image_size = info->image_size;
  kernel->vtables = fm_image_kaddr(fm_paddr_of(info->image_base + FM_IMAGE_VTABLES)).raw;
  kernel->nr_vtables = info->vtables;
  kernel->cpus = info->cpus;
  kernel->top = info->top;
  kernel->allocator = info->allocator;
  kernel->next_list_id = 1;
  kernel->stage = FM_STAGE_LOADED;
}

static void init_cpu_blocks(struct fm_kernel *kernel, fm_paddr array)
{
  struct fm_cpu_block *block = fm_kernel_cpu(kernel, 0);
  __builtin_memset(block, 0, sizeof(*block));
  fm_port_this_cpu.block = block;
  fm_port_this_cpu.id = 0;

  kernel->cpu_blocks = array.raw;
  if (kernel->cpus == 1)
    return;
  uint64_t size = (kernel->cpus - 1) * sizeof(uint64_t);
  uint64_t *blocks = (uint64_t *)fm_linear(array, size);
  /* Where the plan put them: the same requests give the same answers. */
  struct fm_early again;
  fm_paddr storage;
  fm_early_init(&again, &kernel->regions);
  if (!fm_early_alloc(&again, size, FM_PAGE_SIZE, &storage))
    fm_port_panic("the per-CPU storage is not where it was planned");
  for (uint32_t id = 1; id < kernel->cpus; id++) {
    if (!fm_early_alloc(&again, FM_PAGE_SIZE, FM_PAGE_SIZE, &storage))
      fm_port_panic("the per-CPU storage is not where it was planned");
    blocks[id - 1] = fm_linear_kaddr(storage).raw;
    block = (struct fm_cpu_block *)fm_linear(storage, FM_PAGE_SIZE);
    __builtin_memset(block, 0, FM_PAGE_SIZE);
    block->id = id;
  }
}

/* Every slot becomes unused.  vtable_ptr is not written: it means nothing yet. */
static void init_slots(const struct fm_boot_plan *plan)
{
  struct fm_slot *slots =
      (struct fm_slot *)fm_linear(fm_paddr_of(plan->meta_start), plan->meta_size);
  for (uint64_t i = 0; i < plan->nr_frames; i++) {
    __builtin_memset(slots[i].storage, 0, sizeof(slots[i].storage));
    slots[i].ref_count = FM_COUNT_UNUSED;
    slots[i].in_list = 0;
  }
}

/* Claims each frame of the range for `type` and forgets the handles. */
static bool mark(const struct fm_kernel *kernel, struct fm_range range, uint32_t type)
{
  for (fm_paddr at = range.start; at.raw < range.end.raw; at.raw += FM_PAGE_SIZE) {
    struct fm_frame frame;
    if (fm_frame_from_unused(kernel, at, fm_meta_empty(type), NULL, &frame) != FM_GET_OK)
      return false;
    (void)fm_frame_into_raw(frame);
  }
  return true;
}

/* An early range without the metadata pages, which lie in at most one of the two. */
static bool mark_early(const struct fm_kernel *kernel, const struct fm_early_range *early)
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
static bool mark_regions(const struct fm_kernel *kernel)
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

static enum fm_boot_status init_metadata(struct fm_kernel *kernel, const struct fm_boot_plan *plan)
{
  kernel->early = plan->early;
  kernel->nr_frames = plan->nr_frames;
  kernel->meta_start = plan->meta_start;
  kernel->meta_size = plan->meta_size;

  init_slots(plan);
  fm_port_map_meta(fm_paddr_of(plan->meta_start), plan->meta_size);
  /* boot.bound, relaxed: needs no partner; other CPUs start later, and their start orders
   * it. */
  fm_store_relaxed(FM_SITE_BOOT_BOUND, &kernel->max_paddr, plan->max_paddr);

  if (!mark_early(kernel, &kernel->early.low) || !mark_early(kernel, &kernel->early.high) ||
      !mark_regions(kernel) ||
      !mark(kernel, fm_range_of(plan->meta_start, plan->meta_start + plan->meta_size),
            FM_META_META_PAGE))
    return FM_BOOT_MARK;
  kernel->stage = FM_STAGE_METADATA;
  return FM_BOOT_OK;
}

static enum fm_boot_status init_allocator(struct fm_kernel *kernel)
{
  if (!fm_allocator_init(kernel))
    return FM_BOOT_NO_ROOM_ALLOC;

  struct fm_free_cursor cursor = {0};
  struct fm_range range;
  while (fm_boot_next_free(kernel, &cursor, &range))
    fm_add_free_memory(kernel, range);
  kernel->stage = FM_STAGE_ALLOCATOR;
  return FM_BOOT_OK;
}

enum fm_boot_status fm_boot(fm_paddr image, struct fm_kernel **ret)
{
  const struct fm_boot_info *info =
      (const struct fm_boot_info *)fm_linear(image, sizeof(struct fm_boot_info));
  const struct fm_region *map = (const struct fm_region *)fm_linear(
      fm_paddr_add(image, FM_IMAGE_REGIONS), info->regions * sizeof(struct fm_region));
  struct fm_kernel *kernel =
      (struct fm_kernel *)fm_linear(fm_paddr_add(image, FM_IMAGE_KERNEL), sizeof(struct fm_kernel));

  init_kernel(kernel, info);
  *ret = kernel;
  if (fm_regions_normalise(map, info->regions, &kernel->regions) != FM_REGION_OK)
    return FM_BOOT_BAD_MAP;

  struct fm_boot_plan plan_made = {0};
  fm_paddr cpu_blocks;
  enum fm_boot_status status =
      plan(&kernel->regions, (enum fm_top)info->top, info->cpus, &plan_made, &cpu_blocks);
  if (status != FM_BOOT_OK)
    return status;
  init_cpu_blocks(kernel, cpu_blocks);
  status = init_metadata(kernel, &plan_made);
  if (status != FM_BOOT_OK)
    return status;
  return init_allocator(kernel);
}
