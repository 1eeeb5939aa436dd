/* SPDX-License-Identifier: MPL-2.0 */
/* Three maps in one table of level 3. */
#include "sim/museum/exhibit.h"

/* The loader's tables as fm_bootpt_write() makes them: root, low, high, four of level 2. */
enum { ROOT, LOW, HIGH };

static void write_tables(uint64_t (*tables)[FM_PT_ENTRIES], fm_paddr image)
{
  fm_bootpt_write(tables, image);
  uint32_t first = fm_pt_index(FM_IMAGE_BASE, 3);
  tables[LOW][first] = tables[HIGH][first];
  tables[LOW][first + 1] = tables[HIGH][first + 1];
  tables[ROOT][fm_pt_index(FM_IMAGE_BASE, FM_PT_LEVELS)] =
      tables[ROOT][fm_pt_index(FM_LINEAR_BASE, FM_PT_LEVELS)];
}

static void replace(struct fm_ops *ops)
{
  ops->boot_write_tables = write_tables;
}

const struct sim_museum_exhibit sim_museum_shared_table = {
    .title = "One table for three maps",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/2019",
    .fault =
        "The identity map, the linear map and the kernel's map shared one table of level 3. Its "
        "last two entries map the kernel: the first 2 GiB of memory, at the end of all three.",
    .outcome =
        "The linear address of 510 GiB leads to physical address 0. A machine that has memory "
        "there does not boot: its page is mapped already.",
    .remedy = "A table for each map that differs.",
    .variants = {{.name = "shared-table",
                  .title = "the kernel's entries stand in the linear map, too",
                  .script = "shared-table.fms",
                  .end = SIM_MUSEUM_NO_BOOT,
                  .replace = replace}},
};
