/* SPDX-License-Identifier: MPL-2.0 */
/* One number answers three questions: how many slots there are, how far memory is mapped
 * linearly, and what may be reached.  Four of the rules for it. */
#include "sim/museum/exhibit.h"
#include "src/boot/steps.h"

static uint64_t any_end(const struct fm_regions *regions, enum fm_top top)
{
  (void)top;
  return fm_region_end(&regions->at[regions->count - 1]);
}

static uint64_t usable_end(const struct fm_regions *regions, enum fm_top top)
{
  (void)top;
  return fm__boot_max_paddr(regions, FM_TOP_USABLE);
}

static enum fm_boot_status boot_by(uint64_t (*slots)(const struct fm_regions *, enum fm_top),
                                   uint64_t (*linear)(const struct fm_regions *, enum fm_top),
                                   fm_paddr image, enum fm_boot_stage until, struct fm_kernel **ret)
{
  struct fm__boot_steps steps = fm__boot_steps;
  steps.slots_end = slots;
  steps.linear_end = linear;
  return fm__boot_with(&steps, image, until, ret);
}

static enum fm_boot_status boot_any(fm_paddr image, enum fm_boot_stage until,
                                    struct fm_kernel **ret)
{
  return boot_by(any_end, any_end, image, until, ret);
}

static enum fm_boot_status boot_half(fm_paddr image, enum fm_boot_stage until,
                                     struct fm_kernel **ret)
{
  return boot_by(usable_end, any_end, image, until, ret);
}

static enum fm_boot_status boot_usable(fm_paddr image, enum fm_boot_stage until,
                                       struct fm_kernel **ret)
{
  return boot_by(usable_end, usable_end, image, until, ret);
}

static enum fm_boot_status boot_sister(fm_paddr image, enum fm_boot_stage until,
                                       struct fm_kernel **ret)
{
  return boot_by(fm__boot_max_paddr, usable_end, image, until, ret);
}

/* A kernel that is up unpacks its initramfs: the boot processor is the last one here. */
static void boot_cpu(struct fm_kernel *kernel)
{
  fm_boot_cpu(kernel);
  for (uint32_t i = 0; i < kernel->regions.count; i++) {
    const struct fm_region *region = &kernel->regions.at[i];
    if (region->type == FM_REGION_RECLAIMABLE && kernel->stage == FM_STAGE_DONE)
      fm_port_reach(fm_paddr_of(region->base), region->size, "reading what the loader left");
  }
}

static void replace_any(struct fm_ops *ops)
{
  ops->boot = boot_any;
  ops->boot_cpu = boot_cpu;
}

static void replace_half(struct fm_ops *ops)
{
  ops->boot = boot_half;
  ops->boot_cpu = boot_cpu;
}

static void replace_usable(struct fm_ops *ops)
{
  ops->boot = boot_usable;
  ops->boot_cpu = boot_cpu;
}

static void replace_sister(struct fm_ops *ops)
{
  ops->boot = boot_sister;
  ops->boot_cpu = boot_cpu;
}

const struct sim_museum_exhibit sim_museum_highest_address = {
    .title = "How high is memory?",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source =
        "https://github.com/asterinas/asterinas/issues/1980 and issues 2060, 2653, 3361, 3855",
    .fault =
        "The highest address decided how many slots there are and how much is mapped linearly. "
        "At first it was that of any region; then, for the slots, of usable ones; then for the "
        "linear mapping, too; then reclaimable ones counted again, but in one of two functions. "
        "Each rule was right for the machine at hand and wrong for the next.",
    .outcome =
        "A framebuffer at 256 GiB asks for slots of 4 GiB, and then for a linear mapping that "
        "takes 512 MiB of page tables: no boot. An initramfs above all usable memory is not "
        "mapped: a page fault when it is read.",
    .remedy = "Say which types are memory, once, and ask that predicate for all three questions. "
              "Two more steps followed: tables of the firmware that had to count as reclaimable "
              "(issue 3361), and memory that starts at 1 GiB, whose leading hole costs 16 MiB of "
              "slots (issue 3855).",
    .known = "The last of these is the same here: slots are counted from address 0.",
    .variants = {{.name = "highest-of-any",
                  .title = "any region decides slots and linear mapping",
                  .script = "high-framebuffer.fms",
                  .end = SIM_MUSEUM_NO_BOOT,
                  .replace = replace_any},
                 {.name = "highest-by-half",
                  .title = "usable ones decide the slots, any region the linear mapping",
                  .script = "high-framebuffer.fms",
                  .end = SIM_MUSEUM_NO_BOOT,
                  .replace = replace_half},
                 {.name = "highest-of-usable",
                  .title = "usable regions decide both",
                  .script = "high-initramfs.fms",
                  .end = SIM_MUSEUM_NO_BOOT,
                  .replace = replace_usable},
                 {.name = "highest-in-one-place",
                  .title = "reclaimable ones count for the slots, not for the linear mapping",
                  .script = "high-initramfs.fms",
                  .end = SIM_MUSEUM_NO_BOOT,
                  .replace = replace_sister}},
};
