/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The audit: every invariant that can be checked at a quiet moment, over all slots.
 *
 * Reads only.  One thread; no kernel code may be under way.
 */
#ifndef SIM_AUDIT_H
#define SIM_AUDIT_H

#include <sim/machine.h>

G_BEGIN_DECLS

/* What is wrong with one frame. */
struct sim_audit_fault {
  fm_paddr frame;
  const char *clause; /* "slot.illegal_count", ...: static */
  const char *text;   /* static */
  uint64_t count;     /* ref_count found */
  uint64_t expected;  /* holders known, for clauses about counts */
};

/* How many references the caller knows of at this frame; data is the caller's.  Frames
 * that the boot marked, the kernel's page tables and what is in the CPUs' CR3 are the audit's
 * own business. */
typedef uint64_t (*sim_audit_holders)(fm_paddr frame, void *data);

/*
 * Calls `report` for each fault, ascending by frame, and returns how many there are.
 * `holders` NULL: counts are only compared with what is legal, not with who holds them
 * (a RAM file does not say who its writer's handles were).
 */
uint64_t sim_audit(const sim_machine *machine, sim_audit_holders holders, void *holders_data,
                   void (*report)(const struct sim_audit_fault *fault, void *data), void *data);

G_END_DECLS

#endif
