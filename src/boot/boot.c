/* SPDX-License-Identifier: MPL-2.0 */
/* The stages of the boot, in the kernel's order. */
#include "src/boot/steps.h"

#include <fm/alloc.h>
#include <fm/frame.h>
#include <fm/space.h>

const char *fm_boot_stage_name(enum fm_boot_stage stage)
{
  static const char *const names[FM_STAGES] = {
      [FM_STAGE_LOADED] = "loaded",     [FM_STAGE_EARLY] = "early",
      [FM_STAGE_METADATA] = "metadata", [FM_STAGE_ALLOCATOR] = "allocator",
      [FM_STAGE_DONE] = "done",         [FM_STAGE_KERNEL_TABLE] = "kernel-table",
  };
  return (uint32_t)stage < FM_STAGES ? names[stage] : "unknown";
}

/* ---- Map, early allocator, per-CPU storage ---- */

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
  kernel->linear_map = info->linear_map;
  kernel->next_list_id = 1;
  kernel->boot_root = info->image_base + FM_IMAGE_TABLES;
  kernel->stage = FM_STAGE_LOADED;
}

/* Every CPU starts on the boot page table. */
static void init_block(struct fm_cpu_block *block, uint32_t id, uint64_t boot_root)
{
  __builtin_memset(block, 0, sizeof(*block));
  block->id = id;
  block->cr3 = boot_root;
}

/* An array of n-1 addresses, then n-1 blocks of one page; the boot processor's is in the
 * image. */
static enum fm_boot_status init_cpu_blocks(struct fm_kernel *kernel)
{
  struct fm_cpu_block *block = fm_kernel_cpu(kernel, 0);
  init_block(block, 0, kernel->boot_root);
  fm_port_this_cpu.block = block;
  fm_port_this_cpu.id = 0;
  if (kernel->cpus == 1)
    return FM_BOOT_OK;

  uint64_t size = (kernel->cpus - 1) * sizeof(uint64_t);
  fm_paddr array;
  if (!fm_early_alloc(&kernel->early, size, FM_PAGE_SIZE, &array))
    return FM_BOOT_NO_ROOM_CPUS;
  uint64_t *blocks = (uint64_t *)fm_linear_boot(array, size, "writing the table of CPUs");
  for (uint32_t id = 1; id < kernel->cpus; id++) {
    fm_paddr storage;
    if (!fm_early_alloc(&kernel->early, FM_PAGE_SIZE, FM_PAGE_SIZE, &storage))
      return FM_BOOT_NO_ROOM_CPUS;
    blocks[id - 1] = fm_linear_kaddr(storage).raw;
    block = (struct fm_cpu_block *)fm_linear_boot(storage, FM_PAGE_SIZE,
                                                  "clearing the storage of a CPU");
    init_block(block, id, kernel->boot_root);
  }
  kernel->cpu_blocks = array.raw;
  return FM_BOOT_OK;
}

static enum fm_boot_status boot_early(const struct fm__boot_steps *steps, struct fm_kernel *kernel,
                                      const struct fm_boot_info *info, const struct fm_region *map)
{
  init_kernel(kernel, info);
  if (steps->normalise(map, info->regions, &kernel->regions) != FM_REGION_OK)
    return FM_BOOT_BAD_MAP;
  fm_early_init(&kernel->early, &kernel->regions);
  return init_cpu_blocks(kernel);
}

/* ---- Slots ---- */

/* All memory from 4 GiB on, which the loader did not map. */
static enum fm_boot_status map_linear(struct fm_kernel *kernel, uint64_t end)
{
  if (end <= FM_4GIB)
    return FM_BOOT_OK;
  uint32_t level = fm__boot_level((enum fm_linear_map)kernel->linear_map);
  return fm_bootpt_map(kernel, FM_LINEAR_BASE + FM_4GIB, fm_paddr_of(FM_4GIB), end - FM_4GIB, level,
                       FM_BOOTPT_DATA) == FM_BOOTPT_OK
             ? FM_BOOT_OK
             : FM_BOOT_NO_ROOM_TABLES;
}

/* How far the range that will have this address had come. */
static uint64_t early_next(const struct fm_early *early, fm_paddr start)
{
  return start.raw < FM_4GIB ? early->low.next : early->high.next;
}

static enum fm_boot_status alloc_slots(const struct fm__boot_steps *steps, struct fm_kernel *kernel,
                                       uint64_t nr_frames)
{
  uint64_t align = fm__boot_meta_align((enum fm_linear_map)kernel->linear_map);
  uint64_t size = fm_page_up(nr_frames * FM_SLOT_SIZE);
  struct fm_early before = kernel->early;
  fm_paddr start;
  if (!steps->early_alloc(&kernel->early, size, align, &start))
    return FM_BOOT_NO_ROOM_META;
  kernel->nr_frames = nr_frames;
  kernel->meta_start = start.raw;
  kernel->meta_size = size;
  kernel->meta_gap = start.raw - early_next(&before, start);
  return FM_BOOT_OK;
}

/* Every slot becomes unused.  vtable_ptr is not written: it means nothing yet. */
static void write_slots(const struct fm_kernel *kernel)
{
  struct fm_slot *slots = (struct fm_slot *)fm_linear_boot(fm_paddr_of(kernel->meta_start),
                                                           kernel->meta_size, "writing the slots");
  for (uint64_t i = 0; i < kernel->nr_frames; i++) {
    __builtin_memset(slots[i].storage, 0, sizeof(slots[i].storage));
    slots[i].ref_count = FM_COUNT_UNUSED;
    slots[i].in_list = 0;
  }
}

static enum fm_boot_status map_slots(struct fm_kernel *kernel)
{
  uint32_t level = fm__boot_level((enum fm_linear_map)kernel->linear_map);
  if (fm_bootpt_map(kernel, FM_META_BASE, fm_paddr_of(kernel->meta_start), kernel->meta_size, level,
                    FM_BOOTPT_DATA) != FM_BOOTPT_OK)
    return FM_BOOT_NO_ROOM_TABLES;
  fm_port_map_meta(fm_paddr_of(kernel->meta_start), kernel->meta_size);
  return FM_BOOT_OK;
}

/* `chunks`: the table of deferred slots, or 0. */
static enum fm_boot_status boot_metadata(const struct fm__boot_steps *steps,
                                         struct fm_kernel *kernel, uint64_t chunks)
{
  enum fm_top top = (enum fm_top)kernel->top;
  uint64_t max_paddr = steps->slots_end(&kernel->regions, top);
  fm_bootpt_adopt(kernel);
  enum fm_boot_status status = steps->map_linear(kernel, steps->linear_end(&kernel->regions, top));
  if (status == FM_BOOT_OK)
    status = alloc_slots(steps, kernel, max_paddr / FM_PAGE_SIZE);
  if (status != FM_BOOT_OK)
    return status;
  kernel->chunks = chunks;
  if (chunks == 0)
    write_slots(kernel);
  status = map_slots(kernel);
  if (status != FM_BOOT_OK)
    return status;

  kernel->max_paddr = max_paddr;
  /* boot.bound, relaxed: needs no partner; other CPUs start later, and their start orders
   * it. */
  fm_store_relaxed(FM_SITE_BOOT_BOUND, &kernel->slot_bound, chunks != 0 ? 0 : max_paddr);
  return fm__boot_mark(kernel) ? FM_BOOT_OK : FM_BOOT_MARK;
}

/* ---- Frame allocator ---- */

static enum fm_boot_status boot_allocator(struct fm_kernel *kernel)
{
  if (!fm_allocator_init(kernel))
    return FM_BOOT_NO_ROOM_ALLOC;

  struct fm_free_cursor cursor = {0};
  struct fm_range range;
  while (fm_boot_next_free(kernel, &cursor, &range))
    fm_add_free_memory(kernel, range);
  return FM_BOOT_OK;
}

/* ---- All of it ---- */

const struct fm__boot_steps fm__boot_steps = {
    .normalise = fm_regions_normalise,
    .slots_end = fm__boot_max_paddr,
    .linear_end = fm__boot_max_paddr,
    .map_linear = map_linear,
    .early_alloc = fm_early_alloc,
};

static enum fm_boot_status boot_next(const struct fm__boot_steps *steps, struct fm_kernel *kernel,
                                     const struct fm_boot_info *info, const struct fm_region *map)
{
  switch ((enum fm_boot_stage)kernel->stage) {
  case FM_STAGE_LOADED:
    return boot_early(steps, kernel, info, map);
  case FM_STAGE_EARLY:
    return boot_metadata(steps, kernel, info->chunks);
  case FM_STAGE_METADATA:
    return boot_allocator(kernel);
  default:
    return fm__boot_kernel_table(kernel,
                                 steps->linear_end(&kernel->regions, (enum fm_top)kernel->top));
  }
}

enum fm_boot_status fm__boot_with(const struct fm__boot_steps *steps, fm_paddr image,
                                  enum fm_boot_stage until, struct fm_kernel **ret)
{
  const char *const doing = "reading the boot info";
  const struct fm_boot_info *info =
      (const struct fm_boot_info *)fm_linear_boot(image, sizeof(struct fm_boot_info), doing);
  const struct fm_region *map = (const struct fm_region *)fm_linear_boot(
      fm_paddr_add(image, FM_IMAGE_REGIONS), info->regions * sizeof(struct fm_region), doing);
  struct fm_kernel *kernel =
      (struct fm_kernel *)fm_linear_boot(fm_paddr_add(image, FM_IMAGE_KERNEL),
                                         sizeof(struct fm_kernel), "clearing the kernel's state");

  *ret = kernel;
  if (until > FM_STAGE_KERNEL_TABLE)
    until = FM_STAGE_KERNEL_TABLE;
  if (info->allocator == FM_ALLOCATOR_NONE && until > FM_STAGE_ALLOCATOR)
    until = FM_STAGE_ALLOCATOR;
  while (kernel->stage < until) {
    enum fm_boot_status status = boot_next(steps, kernel, info, map);
    if (status != FM_BOOT_OK)
      return status;
    kernel->stage++;
  }
  return FM_BOOT_OK;
}

enum fm_boot_status fm_boot(fm_paddr image, enum fm_boot_stage until, struct fm_kernel **ret)
{
  return fm__boot_with(&fm__boot_steps, image, until, ret);
}

void fm_boot_cpu(struct fm_kernel *kernel)
{
  struct fm_space space = {fm_frame_from_raw(fm_paddr_of(kernel->kernel_root))};
  fm_space_activate(kernel, space);
  fm_bootpt_leave(kernel);
}
