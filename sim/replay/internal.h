/* SPDX-License-Identifier: MPL-2.0 */
/* The state of a replay; private to sim/replay/. */
#ifndef SIM_REPLAY_INTERNAL_H
#define SIM_REPLAY_INTERNAL_H

#include "sim/replay/crew.h"
#include "sim/replay/replay.h"
#include "sim/replay/table.h"

#define HUGE_FRAMES 512u /* in 2 MiB */

struct sim_replay {
  sim_machine *machine;
  const struct fm_ops *ops;
  struct fm_kernel *kernel;
  struct sim_replay_options options;
  fm_meta_id type; /* of the frames that are taken */
  struct table table;
  struct sim_replay_counts counts;
  struct sim_replay_cpu *cpus; /* SIM_TRACE_CPUS_MAX */
  uint16_t *used;              /* frames of each 2 MiB that are not free */
  uint32_t nr_huge;
  uint64_t free_frames; /* before the replay */
  uint64_t free_bytes;  /* that the allocator counted then */
  uint64_t position;    /* events looked at */
  uint32_t on_cpu;      /* of the trace; UINT32_MAX: not known */
  const struct sim_trace_event *next, *end;
  struct crew *crew;          /* NULL: one thread plays all CPUs */
  struct crew_event ended_at; /* where the simulated kernel ended */
};

/* Takes frames from the allocator, on this CPU; the first of them.  False: there are none. */
bool sim_replay_take_frames(const struct fm_ops *ops, struct fm_kernel *kernel, fm_meta_id type,
                            uint32_t frames, uint32_t *ret);

/* Drops so many neighbours, on this CPU. */
void sim_replay_drop_frames(const struct fm_ops *ops, struct fm_kernel *kernel, uint32_t first,
                            uint32_t frames);

#endif
