/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The checker: a table of operations that watches another one.
 *
 * Each entry looks whether the caller may, lets the watched operation act, and looks at what it
 * did; the ghost state follows.  A machine that uses the watched table directly pays nothing.
 * What is broken is reported and the operation is made all the same: the machine shows what
 * would come of it.
 *
 *   checker = sim_contract_new(level, report, data);
 *   sim_machine_set_ops(machine, sim_contract_ops(checker, &fm_ops_instrumented));
 *   ... boot, operations ...
 *   sim_contract_free(checker);      after the machine, or when it has other operations
 *
 * One at a time, because there is one machine; one host thread, whose fibers take turns.  While
 * operations of several CPUs overlap, before and after of one of them say nothing: then only
 * what the caller may do, and the arrows of the counts, are looked at.
 */
#ifndef SIM_CONTRACT_CHECKER_H
#define SIM_CONTRACT_CHECKER_H

#include "sim/contract/ghost.h"

enum sim_check_level {
  SIM_CHECK_OFF,
  SIM_CHECK_CHEAP, /* the slots of the operation, and those beside it */
  SIM_CHECK_FULL,  /* also bytes of new frames, more slots beside, and what the run recounts */
};

/* "off", "cheap", "full"; false: no such level. */
bool sim_check_level_parse(const char *word, enum sim_check_level *ret);
const char *sim_check_level_name(enum sim_check_level level);

/* A broken clause. */
struct sim_contract_breach {
  struct fm_slot before; /* the frame's slot, or zeros */
  struct fm_slot after;
  struct sim_ghost_slot ghost; /* as it was before */
  const char *operation;       /* static */
  fm_paddr frame;
  enum sim_clause clause;
  bool has_frame;
};

/* "frame 0x2345000: nobody holds ... (drop: unused, then unique; expected ...)": newly
 * allocated; without the clause's id. */
char *sim_contract_breach_text(const struct sim_contract_breach *breach);

/* Called on the stack of the operation, perhaps a fiber's. */
typedef void (*sim_contract_report)(const struct sim_contract_breach *breach, void *data);

typedef struct sim_contract sim_contract;

sim_contract *sim_contract_new(enum sim_check_level level, sim_contract_report report, void *data);
sim_contract *sim_contract_free(sim_contract *contract);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_contract, sim_contract_free)

/* The table that watches `inner`, which has to stay. */
const struct fm_ops *sim_contract_ops(sim_contract *contract, const struct fm_ops *inner);

/* The table that is watched. */
const struct fm_ops *sim_contract_inner(const sim_contract *contract);

/* A machine that was booted without the checker: from now on it is watched. */
bool sim_contract_attach(sim_contract *contract, struct fm_kernel *kernel);

/* One access of the instrumented build, after it was made: the arrows of counts. */
void sim_contract_access(sim_contract *contract, const struct fm_access *access);

/* Somebody wrote into the slot past the rules. */
void sim_contract_poked(sim_contract *contract, fm_paddr frame);

/* The next operation on one frame is made by somebody who has no handle for it: whatever needs
 * one is a breach, and the ledger keeps what others hold. */
void sim_contract_without_handle(sim_contract *contract);

/* NULL: no operation has met a frame yet. */
const struct sim_ghost *sim_contract_ghost(const sim_contract *contract);

/* A metadata type whose on_drop asks the checker whether it may run. */
const struct fm_meta_type *sim_contract_watched_type(void);

#endif
