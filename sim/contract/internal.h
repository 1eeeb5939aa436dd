/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of the checker share.
 *
 *   checker.c        life, reports, arrows, the watched type, boot
 *   check_frame.c    operations on one frame
 *   check_segment.c  segments
 *   check_list.c     lists and cursors
 *   check_table.c    spaces and page tables
 *   check_alloc.c    allocation
 */
#ifndef SIM_CONTRACT_INTERNAL_H
#define SIM_CONTRACT_INTERNAL_H

#include "sim/contract/checker.h"

struct sim_contract {
  enum sim_check_level level;
  sim_contract_report report;
  void *data;
  const struct fm_ops *inner;
  struct fm_ops table;
  struct fm_kernel *kernel; /* NULL: not booted */
  struct sim_ghost ghost;
  uint64_t begun; /* operations so far */
  uint32_t open;  /* operations under way */
  uint32_t stage; /* that the boot has come to */
  bool cpus_started;
  enum sim_clause last; /* reported in the operation under way: said once */
  uint64_t last_frame;
  bool without_handle; /* the next operation is called by somebody who holds nothing */
};

/* The one there is; operations have no other way to it. */
extern struct sim_contract *contract_here;

/* ---- checker.c ---- */

struct contract_op {
  const char *name;
  uint64_t begun;
  bool alone; /* nothing else was under way when it began */
};

struct contract_op contract_begin(const char *name);
/* Whether nothing else ran meanwhile. */
bool contract_end(const struct contract_op *op);

/* A breach without a slot to show; `frame` NULL: it is about none. */
void contract_note(enum sim_clause clause, const char *operation, const fm_paddr *frame);
void contract_report(struct sim_contract_breach breach);

/* The slot as it is, or as it will be when it is written (deferred metadata). */
struct fm_slot contract_look(fm_paddr frame);

/* Whether the frame has a slot, and there are records to look at. */
bool contract_has(fm_paddr frame);

struct sim_ghost_slot *contract_ghost(fm_paddr frame);

/* Of all CPUs, without hooks. */
uint64_t contract_free_bytes(void);

/* ---- check_frame.c ---- */

#define CONTRACT_NEAR 4u

/* One operation on one slot. */
struct contract_one {
  struct contract_op op;
  struct sim_contract_step step;
  struct sim_ghost_slot ghost; /* before */
  fm_paddr frame;
  bool looked;       /* the frame has a slot */
  bool watches_near; /* slots beside it must not change */
  struct fm_slot near[2 * CONTRACT_NEAR];
};

/* Looks at the slot and at what the caller may do. */
void contract_one_begin(struct contract_one *one, enum sim_contract_op op, fm_paddr frame);
/* Looks at what was done; answer, done, unique, type and meta are in one->step. */
void contract_one_end(struct contract_one *one);

/* ---- The entries, put into the table ---- */

void contract_fill_frames(struct fm_ops *table);
void contract_fill_segments(struct fm_ops *table);
void contract_fill_lists(struct fm_ops *table);
void contract_fill_tables(struct fm_ops *table);
void contract_fill_allocs(struct fm_ops *table);

#endif
