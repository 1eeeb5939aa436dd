/* SPDX-License-Identifier: MPL-2.0 */
/* A page table that is no tree is freed as if it were one. */
#include "sim/museum/exhibit.h"

/* At most three deep. */
static void take_down(struct fm_kernel *kernel, fm_paddr table, uint32_t level)
{
  const uint64_t *entries =
      (const uint64_t *)fm_linear_boot(table, FM_PAGE_SIZE, "taking the boot page table down");
  for (uint32_t i = 0; i < FM_PT_ENTRIES; i++) {
    fm_pte pte = {entries[i]};
    if (!fm_pte_is_table(pte, level))
      continue;
    take_down(kernel, fm_pte_paddr(pte), level - 1);
    if ((pte.raw & FM_PTE_SOFT_52) == 0)
      fm_frame_drop(kernel, fm_frame_from_raw(fm_pte_paddr(pte)));
  }
}

static void boot_cpu(struct fm_kernel *kernel)
{
  if (kernel->boot_left + 1 == kernel->cpus)
    take_down(kernel, fm_paddr_of(kernel->boot_root), FM_PT_LEVELS);
  fm_boot_cpu(kernel);
}

static void replace(struct fm_ops *ops)
{
  ops->boot_cpu = boot_cpu;
}

const struct sim_museum_exhibit sim_museum_boot_table_twice = {
    .title = "Two ways to one table",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/commit/87ee88da8",
    .fault = "The loader's tables are shared: the identity map and the linear map lead to the same "
             "ones. What the kernel hangs below them is reached twice when the boot page table is "
             "taken down.",
    .outcome = "A table is given back twice: the second time it may be somebody's already.",
    .remedy = "Mark in each entry whose table it leads to, and clear entries when leaving them, so "
              "that the second visit finds nothing.",
    .known = "This is no incident: the comments of the code say why it clears entries, and the "
             "variant leaves that out.",
    .variants = {{.name = "boot-table-twice",
                  .title = "entries are not cleared while the table is taken down",
                  .script = "boot-table-twice.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
