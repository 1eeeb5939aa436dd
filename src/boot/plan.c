/* SPDX-License-Identifier: MPL-2.0 */
/* What a boot will need: its allocations, made on paper, in the boot's order. */
#include "src/boot/steps.h"

uint64_t fm__boot_max_paddr(const struct fm_regions *regions, enum fm_top top)
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

/* Storage of CPUs is written at once, before anything above 4 GiB is mapped. */
static bool plan_cpus(struct fm_boot_plan *plan, uint32_t cpus)
{
  fm_paddr page;
  for (uint32_t id = 0; id < cpus && cpus > 1; id++) { /* 0: the array of addresses */
    uint64_t size = id == 0 ? (cpus - 1) * sizeof(uint64_t) : FM_PAGE_SIZE;
    if (!fm_early_alloc(&plan->early, size, FM_PAGE_SIZE, &page))
      return false;
    if (page.raw >= FM_4GIB && plan->fault == 0)
      plan->fault = page.raw;
  }
  return true;
}

/* A stretch that is about to be mapped; its address is a multiple of 1 GiB. */
struct stretch {
  uint64_t va;
  uint64_t paddr;
  uint64_t size;
  uint32_t max_level;
  uint32_t tables_from; /* the loader has tables down to this level at its start */
};

/* One table for each entry of a level above the pages' that is met for the first time. */
static bool plan_tables_at(struct fm_boot_plan *plan, const struct stretch *stretch, uint64_t at,
                           uint32_t level, uint64_t mapped_end)
{
  for (uint32_t above = FM_PT_LEVELS; above > level; above--) {
    bool is_new = at == 0 ? above < stretch->tables_from
                          : ((stretch->va + at) & (fm_pt_page_size(above) - 1)) == 0;
    fm_paddr table;
    if (!is_new)
      continue;
    if (!fm_early_alloc(&plan->early, FM_PAGE_SIZE, FM_PAGE_SIZE, &table))
      return false;
    plan->tables++;
    if (table.raw >= mapped_end) {
      plan->fault = table.raw;
      return true;
    }
  }
  return true;
}

/* `is_linear`: what is mapped makes more tables reachable. */
static bool plan_tables(struct fm_boot_plan *plan, struct stretch stretch, bool is_linear)
{
  for (uint64_t at = 0; at < stretch.size && plan->fault == 0;) {
    uint32_t level = fm_pt_largest_level(stretch.va + at, stretch.paddr + at, stretch.size - at,
                                         stretch.max_level);
    if (!plan_tables_at(plan, &stretch, at, level, is_linear ? stretch.paddr + at : UINT64_MAX))
      return false;
    /* Small pages up to where the next table may begin are all alike. */
    at += fm_pt_page_size(level == 1 ? 2 : level);
  }
  return true;
}

static enum fm_boot_status plan_meta(struct fm_boot_plan *plan, enum fm_linear_map linear_map)
{
  uint64_t memory = plan->max_paddr - (plan->max_paddr < FM_4GIB ? plan->max_paddr : FM_4GIB);
  uint32_t level = fm__boot_level(linear_map);
  struct stretch linear = {FM_LINEAR_BASE + FM_4GIB, FM_4GIB, memory, level, FM_PT_LEVELS};
  if (!plan_tables(plan, linear, true))
    return FM_BOOT_NO_ROOM_TABLES;
  if (plan->fault != 0)
    return FM_BOOT_OK;

  fm_paddr meta;
  if (!fm_early_alloc(&plan->early, plan->meta_size, fm__boot_meta_align(linear_map), &meta))
    return FM_BOOT_NO_ROOM_META;
  struct stretch slots = {FM_META_BASE, meta.raw, plan->meta_size, level, FM_PT_LEVELS + 1};
  if (!plan_tables(plan, slots, false))
    return FM_BOOT_NO_ROOM_TABLES;
  plan->meta_start = meta.raw;
  return FM_BOOT_OK;
}

enum fm_boot_status fm_boot_plan(const struct fm_regions *regions,
                                 const struct fm_boot_options *options, struct fm_boot_plan *ret)
{
  const struct fm_boot_plan nothing = {0};
  *ret = nothing;
  fm_early_init(&ret->early, regions);
  if (ret->early.low.end == 0 && ret->early.high.end == 0)
    return FM_BOOT_NO_USABLE;
  if (!plan_cpus(ret, options->cpus))
    return FM_BOOT_NO_ROOM_CPUS;

  ret->max_paddr = fm__boot_max_paddr(regions, options->top);
  if (ret->max_paddr == 0)
    return FM_BOOT_NO_PHYSICAL;
  if (ret->max_paddr > FM_WINDOW_ROOM)
    return FM_BOOT_WINDOW;
  ret->nr_frames = ret->max_paddr / FM_PAGE_SIZE;
  ret->meta_size = fm_page_up(ret->nr_frames * FM_SLOT_SIZE);
  return ret->fault != 0 ? FM_BOOT_OK : plan_meta(ret, options->linear_map);
}
