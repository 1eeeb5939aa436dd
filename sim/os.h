/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of the small operating system share. */
#ifndef SIM_OS_H
#define SIM_OS_H

#include <sim/process.h>

struct sim_os {
  sim_machine *machine;
  sim_mmu *mmu;
  struct sim_os_events events;
  GPtrArray *processes; /* struct sim_process, owned */
  uint64_t tag;
  /* Operations under way that have changed entries and will flush them: until then another
   * CPU may use what it has, and no frame is given up. */
  uint32_t flushing;
};

static inline const struct fm_ops *sim_os_ops(const sim_os *os)
{
  return sim_machine_ops(os->machine);
}

static inline struct fm_kernel *sim_os_kernel(const sim_os *os)
{
  return sim_machine_kernel(os->machine);
}

/* ---- process.c ---- */

void sim_os_touch(const sim_os *os, fm_paddr frame, bool fresh);

/* Says of the frames of an item that their counts are about to change. */
void sim_os_touch_item(const sim_os *os, const struct fm_pt_item *item);

/* Takes everything out of a range, flushes, and drops it. */
enum sim_os_answer sim_os_empty(sim_os *os, struct sim_process *process, uint64_t start,
                                uint64_t end, bool flush);

/* ---- area.c ---- */

bool sim_area_is_good(uint64_t start, uint64_t size);

/* The area at an address, or NULL. */
const struct sim_area *sim_area_at(const struct sim_process *process, uint64_t va);

/* Whether areas cover all, or any part, of a range. */
bool sim_area_covers(const struct sim_process *process, uint64_t start, uint64_t end);
bool sim_area_overlaps(const struct sim_process *process, uint64_t start, uint64_t end);

/* Adds an area where none is, takes a range out of them, or gives it other rights. */
void sim_area_add(struct sim_process *process, struct sim_area area);
void sim_area_remove(struct sim_process *process, uint64_t start, uint64_t end);
void sim_area_protect(struct sim_process *process, uint64_t start, uint64_t end, uint32_t flags);

#endif
