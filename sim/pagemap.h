/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Looking at page tables as they lie in RAM: every valid entry of a tree.
 *
 * Reads only, and from outside: no step, no lock.  What the tables say is not trusted: a
 * table that lies outside of memory is visited as an entry, but not followed, and levels only
 * go down.
 */
#ifndef SIM_PAGEMAP_H
#define SIM_PAGEMAP_H

#include <fm/pte.h>
#include <sim/machine.h>

struct sim_pagemap_entry {
  fm_paddr node; /* that holds the entry */
  uint32_t level;
  uint32_t index;
  uint64_t va; /* first address that it covers, canonical */
  fm_pte pte;
  bool is_table;
};

typedef void (*sim_pagemap_visit)(const struct sim_pagemap_entry *entry, void *data);

/* Calls `visit` for each valid entry, by address, a table before what is in it: of the lower
 * half (0 to 255 of the root), which is a user space's own. */
void sim_pagemap_each(const sim_machine *machine, fm_paddr root, sim_pagemap_visit visit,
                      void *data);

/* The same for the upper half (256 to 511 of the root), which is the kernel's. */
void sim_pagemap_each_kernel(const sim_machine *machine, fm_paddr root, sim_pagemap_visit visit,
                             void *data);

/* Calls `each` for each frame to which the tree owns a reference, its root apart: tables, and
 * the frames of tracked pages. */
void sim_pagemap_each_frame(const sim_machine *machine, fm_paddr root,
                            void (*each)(fm_paddr frame, void *data), void *data);

#endif
