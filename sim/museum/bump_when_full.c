/* SPDX-License-Identifier: MPL-2.0 */
/* An allocator that is full, and gives an address all the same. */
#include "sim/museum/exhibit.h"
#include "src/boot/steps.h"

static bool alloc(struct fm_early *early, uint64_t size, uint64_t align, fm_paddr *ret)
{
  struct fm_early_range *low = &early->low;
  uint64_t start = (low->next + align - 1) & ~(align - 1);
  if (size <= low->end - start)
    low->next = start + size;
  *ret = fm_paddr_of(start);
  return true;
}

static enum fm_boot_status boot(fm_paddr image, enum fm_boot_stage until, struct fm_kernel **ret)
{
  struct fm__boot_steps steps = fm__boot_steps;
  steps.early_alloc = alloc;
  return fm__boot_with(&steps, image, until, ret);
}

static void replace(struct fm_ops *ops)
{
  ops->boot = boot;
}

const struct sim_museum_exhibit sim_museum_bump_when_full = {
    .title = "Full, but here you are",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/commit/624dcf712",
    .fault = "The early allocator moves a pointer up. In one branch it gave back where the pointer "
             "stood whether or not the request fitted, and moved it only if it did.",
    .outcome =
        "Two requests that are too large get the same address, and both reach beyond the end "
        "of the memory: here the slots are laid over memory of the firmware.",
    .remedy = "Answer that there is nothing; check the additions for overflow, and round sizes up "
              "to pages.",
    .known =
        "There it was the branch that falls back from one range to the other; here it is the low "
        "range, so that the slots of the script do not fit.",
    .variants = {{.name = "bump-when-full",
                  .title = "the early allocator never says no",
                  .script = "bump-when-full.fms",
                  .end = SIM_MUSEUM_NO_BOOT,
                  .replace = replace}},
};
