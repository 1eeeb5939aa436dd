/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of a repair share. */
#ifndef SIM_REPAIR_INTERNAL_H
#define SIM_REPAIR_INTERNAL_H

#include "sim/internal.h"
#include "sim/repair/repair.h"

/* What is known of a frame: how many references there are, and what kind. */
#define HELD_UNIQUE (UINT32_C(1) << 31)
#define HELD_LISTED (UINT32_C(1) << 30)
#define HELD_COUNT  (HELD_LISTED - 1)

/* The frames of a durable list, as they will be. */
struct repair_list {
  struct sim_entry *entry;
  GArray *frames; /* uint64_t: frame numbers, front to back */
};

struct sim_holders {
  const sim_machine *machine;
  const struct fm_kernel *kernel;
  const sim_table *table; /* or NULL */
  uint32_t *held;         /* by frame number */
  GPtrArray *lists;       /* struct repair_list */
  GArray *nodes;          /* uint64_t: page tables that were walked, physical */
  uint64_t conflicts;
};

struct repair {
  sim_machine *machine;
  struct fm_kernel *kernel;
  sim_table *table; /* or NULL */
  sim_holders *holders;
  const struct sim_repair_options *options;
  struct sim_repair_result result;
};

/* ---- count.c ---- */

/* The slot of a frame whose slot is written; NULL: the frame has none, or a deferred one. */
struct fm_slot *repair_slot(const struct fm_kernel *kernel, uint64_t paddr);

/* The frame that a link leads to: in use by one owner, of type link.  False: it is none. */
bool repair_follow(const struct fm_kernel *kernel, uint64_t link, uint64_t *ret_paddr);

/* Whether the frame can be reached from the front of the list. */
bool repair_list_has(const struct fm_kernel *kernel, const struct fm_list *list, uint64_t paddr);

/* Adds what the audit counts by itself: the kernel's tables, and the CPUs' CR3s. */
void repair_count_kernel(sim_holders *holders);

static inline uint64_t *repair_entry_of(uint64_t node, uint32_t index)
{
  return (uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + node) + index;
}

/* ---- decide.c ---- */

/* Returns how many operations were under way. */
uint64_t repair_decide(struct repair *repair);

/* ---- apply.c ---- */

void repair_apply(struct repair *repair);

/* ---- free.c ---- */

/* The allocator has no memory any more. */
void repair_forget_free(struct repair *repair);

/* Bytes that nobody holds, and that the allocator should have therefore. */
uint64_t repair_unheld_bytes(const struct repair *repair);

/* It gets what nobody holds. */
void repair_give_free(struct repair *repair);

/* Stores the value if it is not there; true: it was not. */
static inline bool repair_put(uint64_t *at, uint64_t value)
{
  if (sim_durable_load(at) == value)
    return false;
  sim_durable_store(at, value);
  return true;
}

#endif
