/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Who writes which slot: an observer of the instrumented build that remembers the last writer of
 * each slot.  A slot is one cache line of 64 bytes, so a write behind one of another CPU is a
 * line that would have had to travel.
 *
 * Only slots are looked at, not the state of allocators or page tables; what was written without
 * hooks (by the boot) was written by nobody.  One thread, which plays all CPUs one after the
 * other; nobody else may observe it meanwhile.
 */
#ifndef SIM_COMPARE_WRITES_H
#define SIM_COMPARE_WRITES_H

#include <sim/machine.h>

#include "sim/hook.h"

struct sim_writes {
  struct sim_observer observer;
  uint8_t *last;         /* for each slot the CPU that wrote it last, and 1; 0: nobody */
  uint8_t *shared;       /* for each slot whether two CPUs wrote it */
  uint64_t nr_frames;    /* slots */
  uint64_t writes;       /* all writes to slots */
  uint64_t moved;        /* those whose last writer was another CPU */
  uint64_t shared_slots; /* slots that two CPUs wrote */
};

void sim_writes_init(struct sim_writes *writes, const sim_machine *machine);
void sim_writes_clear(struct sim_writes *writes);

/* From here on, and up to here, the accesses of this thread are looked at. */
void sim_writes_begin(struct sim_writes *writes);
void sim_writes_end(struct sim_writes *writes);

#endif
