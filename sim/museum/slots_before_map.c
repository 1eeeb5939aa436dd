/* SPDX-License-Identifier: MPL-2.0 */
/* The slots are written before the memory that they lie in is mapped. */
#include "sim/museum/exhibit.h"
#include "src/boot/steps.h"

static enum fm_boot_status map_nothing(struct fm_kernel *kernel, uint64_t end)
{
  (void)kernel;
  (void)end;
  return FM_BOOT_OK;
}

static enum fm_boot_status boot(fm_paddr image, enum fm_boot_stage until, struct fm_kernel **ret)
{
  struct fm__boot_steps steps = fm__boot_steps;
  steps.map_linear = map_nothing;
  return fm__boot_with(&steps, image, until, ret);
}

static void replace(struct fm_ops *ops)
{
  ops->boot = boot;
}

const struct sim_museum_exhibit sim_museum_slots_before_map = {
    .title = "The hen needs the egg's page table",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/907",
    .fault =
        "The loader's page table maps low memory only. The slots of a large machine do not fit "
        "there, so they lie above 4 GiB; the full linear mapping is made later, of frames that "
        "need slots.",
    .outcome = "A page fault at the first slot that is written, with more than 128 GiB of memory; "
               "when slots grew, with more than 16 GiB.",
    .remedy = "Map the memory above 4 GiB in the boot page table first, and prefer low memory for "
              "what the boot needs (https://github.com/asterinas/asterinas/issues/1719).",
    .variants = {{.name = "slots-before-map",
                  .title = "slots above 4 GiB are written before they are mapped",
                  .script = "slots-before-map.fms",
                  .end = SIM_MUSEUM_NO_BOOT,
                  .replace = replace}},
};
