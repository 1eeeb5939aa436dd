/* SPDX-License-Identifier: MPL-2.0 */
/* Usable memory is cut by what is not usable, and by nothing else. */
#include "sim/museum/exhibit.h"

static void add_overlap(struct fm_kernel *kernel, const struct fm_region *a,
                        const struct fm_region *b)
{
  uint64_t start = a->base > b->base ? a->base : b->base;
  uint64_t end = fm_region_end(a) < fm_region_end(b) ? fm_region_end(a) : fm_region_end(b);
  if (start < end)
    fm_add_free_memory(kernel, fm_range_of(fm_page_up(start), fm_page_down(end)));
}

/* Each region goes to the allocator, so what two of them share goes twice. */
static enum fm_boot_status boot(fm_paddr image, enum fm_boot_stage until, struct fm_kernel **ret)
{
  enum fm_boot_status status = fm_boot(image, FM_STAGE_ALLOCATOR, ret);
  if (status != FM_BOOT_OK)
    return status;
  const struct fm_boot_info *info =
      (const struct fm_boot_info *)fm_linear(image, sizeof(struct fm_boot_info));
  const struct fm_region *map = (const struct fm_region *)fm_linear(
      fm_paddr_add(image, FM_IMAGE_REGIONS), info->regions * sizeof(struct fm_region));
  for (uint32_t i = 0; i < info->regions; i++)
    for (uint32_t j = i + 1; j < info->regions; j++)
      if (map[i].type == FM_REGION_USABLE && map[j].type == FM_REGION_USABLE)
        add_overlap(*ret, &map[i], &map[j]);
  return fm_boot(image, until, ret);
}

static void replace(struct fm_ops *ops)
{
  ops->boot = boot;
}

const struct sim_museum_exhibit sim_museum_usable_twice = {
    .title = "Two usable regions overlap",
    .kind = SIM_MUSEUM_LOGIC,
    .published = false,
    .source = "read in the history of https://github.com/asterinas/asterinas, up to early 2025",
    .fault = "Overlaps in the firmware's map were resolved by cutting usable regions where others "
             "lie that are not usable. Two usable ones that overlap were not compared.",
    .outcome = "Both went to the frame allocator, which has the shared part twice. Here the free "
               "lists lie in the slots, and the second time is noticed at once.",
    .remedy = "Sweep over all regions from below, and give each stretch to the least usable type "
              "that covers it.",
    .known =
        "That no such map did harm in practice cannot be said; none is reported. Another kernel "
        "had a related fault: https://github.com/theseus-os/Theseus/pull/789.",
    .variants = {{.name = "usable-twice",
                  .title = "memory that two regions share is added to the allocator twice",
                  .script = "usable-twice.fms",
                  .end = SIM_MUSEUM_NO_BOOT,
                  .replace = replace}},
};
