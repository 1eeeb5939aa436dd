/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Repair of a machine whose process died, at any moment, also between two stores of one
 * operation.
 *
 * What the file says of counts, lists of free memory and locks is not believed; all of it is
 * made anew from the roots: the handles in the table of durable ones (sim/durable/table.h), the
 * processes among them, the CPUs' CR3s, the kernel's page table, and what the boot took for
 * ever.  In this order, each part from the file alone:
 *
 *   decide    each operation that was under way is undone, or finished (decide.c)
 *   count     who holds which frame, by walking lists and page tables (count.c)
 *   look      the audit; if nothing is wrong, nothing more is done
 *   apply     locks, page tables, lists, then every slot (apply.c)
 *   free      the allocator gets what nobody holds, as after a boot (free.c)
 *
 * A decision is one store into the entry that it is about, made last; the rest changes nothing
 * that a decision or a count is made from.  So a repair that dies is just run again.
 *
 * No metadata is dropped here and no on_drop called: what a frame's end sets free is not on a
 * list of steps, it is what nobody holds afterwards.  So on_drop, which an operation may have
 * called before it died, is never called a second time.
 *
 * A machine without that table has no handle left: what only they held becomes free.
 *
 * Needs 4 bytes of memory for each frame that is held.  Call it in the process's main thread.
 */
#ifndef SIM_REPAIR_REPAIR_H
#define SIM_REPAIR_REPAIR_H

#include <glib.h>
#include <sim/audit.h>

#include "sim/durable/table.h"

G_BEGIN_DECLS

enum sim_repair_act {
  SIM_REPAIR_UNDONE,   /* the operation never was */
  SIM_REPAIR_FINISHED, /* the operation is done */
  SIM_REPAIR_HELD,     /* nothing was under way: the handle is held on */
  SIM_REPAIR_CONFLICT, /* two want the same frame, or a table leads nowhere: left as it is */
  SIM_REPAIR_ACTS,
};

/* "undone", "finished", "held", "conflict": static. */
const char *sim_repair_act_name(enum sim_repair_act act);

/* One decision, or one handle that stays. */
struct sim_repair_note {
  enum sim_repair_act act;
  struct sim_entry entry; /* as it was found */
  const char *why;        /* static, for people; "" if the intent says it */
};

struct sim_repair_options {
  void (*say)(const struct sim_repair_note *note, void *data); /* NULL: nobody listens */
  void *data;
};

struct sim_repair_result {
  bool clean; /* nothing was wrong, and nothing was changed */
  uint64_t acts[SIM_REPAIR_ACTS];
  uint64_t frames_freed; /* that were in use, or half-way, and that nobody holds */
  uint64_t counts;       /* reference counts of held frames that were changed */
  uint64_t lists;        /* lists of durable handles whose links, marks or size were wrong */
  uint64_t nodes;        /* page tables whose counters or locks were wrong */
  uint64_t locks;        /* other locks that were held, and counters of readers */
  uint64_t pages;        /* of deferred slots that were being written */
  uint64_t free_before;  /* bytes, as the counters said */
  uint64_t free_after;
  uint64_t faults; /* that the audit finds in the end */
};

/* Opens the file to be repaired; `copied`: what is changed stays in this process, and the file
 * as it is.  Refuses a file that a writer holds, and one whose machine has not booted. */
sim_machine *sim_machine_open_repair(const char *path, bool copied, GError **error);

/* False: it did not come to its end, as the file damages the machine beyond what a death
 * does; *ret is untouched. */
bool sim_repair(sim_machine *machine, const struct sim_repair_options *options,
                struct sim_repair_result *ret, GError **error);

/* ---- Who holds what ---- */

/* References of durable handles and of page tables, by frame; what the audit counts by itself
 * (sim_audit_holders) is left out. */
typedef struct sim_holders sim_holders;

sim_holders *sim_holders_new(sim_machine *machine);
sim_holders *sim_holders_free(sim_holders *holders);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_holders, sim_holders_free)

/* A sim_audit_holders; data is the sim_holders. */
uint64_t sim_holders_of(fm_paddr frame, void *data);

G_END_DECLS

#endif
