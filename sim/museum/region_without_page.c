/* SPDX-License-Identifier: MPL-2.0 */
/* Rounding a region inwards, where there is nothing inside. */
#include "sim/museum/exhibit.h"
#include "src/boot/steps.h"

static enum fm_region_status normalise(const struct fm_region *regions, size_t count,
                                       struct fm_regions *ret)
{
  for (size_t i = 0; i < count; i++) {
    uint64_t start = fm_page_up(regions[i].base);
    uint64_t end = fm_page_down(fm_region_end(&regions[i]));
    if (regions[i].type == FM_REGION_USABLE && end < start)
      fm_port_panic("aligning a region: attempt to subtract with overflow");
  }
  return fm_regions_normalise(regions, count, ret);
}

static enum fm_boot_status boot(fm_paddr image, enum fm_boot_stage until, struct fm_kernel **ret)
{
  struct fm__boot_steps steps = fm__boot_steps;
  steps.normalise = normalise;
  return fm__boot_with(&steps, image, until, ret);
}

static void replace(struct fm_ops *ops)
{
  ops->boot = boot;
}

const struct sim_museum_exhibit sim_museum_region_without_page = {
    .title = "A usable region without a page in it",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/3887",
    .fault =
        "Usable regions are rounded inwards: the start up, the end down. If no page boundary is "
        "in the region, the end comes out below the start, and its length is below zero. A guard "
        "against that was there in 2023, and was lost when the code moved in 2025.",
    .outcome = "A build that checks arithmetic panics while it reads the firmware's map, before "
               "there is a console to say so.",
    .remedy = "Such a region covers nothing. The report was open when this was written.",
    .known =
        "In a build without checks the length wraps, and adding it to the start gives the right "
        "end again: of 200,000 random maps none came out differently. So the harm is in checked "
        "builds, as far as is known.",
    .variants = {{.name = "region-without-page",
                  .title = "a region's length is below zero",
                  .script = "region-without-page.fms",
                  .end = SIM_MUSEUM_NO_BOOT,
                  .replace = replace}},
};
