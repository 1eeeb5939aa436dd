/* SPDX-License-Identifier: MPL-2.0 */
/* "Is the boot page table gone?" is answered the wrong way round. */
#include "sim/museum/exhibit.h"

/* Each CPU uses the boot page table once more before it leaves it. */
static void boot_cpu(struct fm_kernel *kernel)
{
  uint64_t left = kernel->boot_left;
  if (left != 0 && left < kernel->cpus)
    fm_port_panic("a CPU that runs on the boot page table is told that it is gone");
  fm_boot_cpu(kernel);
}

static void replace(struct fm_ops *ops)
{
  ops->boot_cpu = boot_cpu;
}

const struct sim_museum_exhibit sim_museum_boot_table_backwards = {
    .title = "Gone as long as it is needed",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/commit/d15aacfb4",
    .fault =
        "Each CPU says when it is done with the boot page table. Its use was refused if some "
        "had said so and not yet all: exactly while others still need it. When all had, it was "
        "allowed again, and the next user took the root in CR3 for a boot page table.",
    .outcome = "A CPU that starts later cannot boot. The second half would change the kernel's own "
               "table, and free it in the end.",
    .remedy = "Each CPU remembers for itself whether it has left.",
    .known = "The second half is concluded from the code.",
    .variants = {{.name = "boot-table-backwards",
                  .title = "the boot page table is refused to CPUs that run on it",
                  .script = "boot-table-backwards.fms",
                  .end = SIM_MUSEUM_NO_BOOT,
                  .replace = replace}},
};
