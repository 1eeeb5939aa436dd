/* SPDX-License-Identifier: MPL-2.0 */
/*
 * How fragmented the memory of a machine is: pieces of 2 MiB that are free as a whole, and how
 * many the free frames would fill.  A frame is free if it is nobody's; what the per-CPU caches
 * of an allocator hold is free, too.
 *
 * Looks at every slot, at a quiet moment.  One thread.
 */
#ifndef SIM_PIECES_H
#define SIM_PIECES_H

#include <sim/machine.h>

struct sim_pieces {
  uint64_t free;     /* aligned pieces without a frame in use */
  uint64_t possible; /* free frames / 512 */
};

struct sim_pieces sim_pieces_count(const sim_machine *machine);

/* 1: not fragmented at all (also if nothing is free). */
double sim_pieces_score(struct sim_pieces pieces);

#endif
