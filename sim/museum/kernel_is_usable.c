/* SPDX-License-Identifier: MPL-2.0 */
/* The firmware's map goes to the allocator as it is. */
#include "sim/museum/exhibit.h"
#include "src/boot/steps.h"

/* What a loader put into memory is memory. */
static enum fm_region_status normalise(const struct fm_region *regions, size_t count,
                                       struct fm_regions *ret)
{
  static struct fm_region firmware[FM_REGIONS_MAX];
  size_t kept = 0;
  for (size_t i = 0; i < count && i < FM_REGIONS_MAX; i++)
    if (regions[i].type != FM_REGION_KERNEL)
      firmware[kept++] = regions[i];
  return fm_regions_normalise(firmware, kept, ret);
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

const struct sim_museum_exhibit sim_museum_kernel_is_usable = {
    .title = "The kernel is free memory",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/commit/14ee9c2dc",
    .fault = "On one way of booting, the firmware's map went to the frame allocator as it was. "
             "Firmware says what memory there is, not what the loader has put there: the kernel's "
             "image and the initramfs lie in usable memory.",
    .outcome = "Sooner or later somebody gets the kernel's own frames, and zeroes them.",
    .remedy =
        "The boot code adds a region for each thing that was loaded, and the least usable type "
        "wins where regions overlap. Command line and loader's name followed a year later "
        "(commit 7496b24da).",
    .variants = {{.name = "kernel-is-usable",
                  .title = "nothing says that the image is not free",
                  .script = "kernel-is-usable.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
