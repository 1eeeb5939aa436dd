/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The audit: every invariant that can be checked at a quiet moment, over the whole machine:
 * all slots, the allocator's lists, pools, caches and bits, and the page tables that the
 * kernel and the CPUs use.
 *
 * Reads only; no kernel code may be under way.  What a RAM file says is not trusted: no link
 * and no table is followed before it was looked at, and no walk is longer than there are
 * frames.  Needs memory for each free chunk (16 bytes), for each page table, for each hole in
 * the file, and for the faults of lists and tables.
 *
 * A broken rule is named by its clause: sim/clauses.h has the list, docs/states.md a table.
 */
#ifndef SIM_AUDIT_H
#define SIM_AUDIT_H

#include <fm/check.h>
#include <sim/clauses.h>
#include <sim/machine.h>

G_BEGIN_DECLS

/* The first ones are those of enum fm_slot_fault, with its numbers; all are those of enum
 * sim_clause (sim/contract.h), with its numbers. */
enum sim_audit_clause {
  SIM_AUDIT_BEFORE = FM_SLOT_FAULTS - 1,
#define SIM_AUDIT_ENUM(name, id, source, operations, text, mutation) SIM_AUDIT_##name,
  SIM_CLAUSES_AUDIT(SIM_AUDIT_ENUM)
#undef SIM_AUDIT_ENUM
      SIM_AUDIT_CLAUSES,
};

/* "slot.illegal_count", "list.symmetric", ...: stable; and one sentence for people. */
const char *sim_audit_clause_name(enum sim_audit_clause clause);
const char *sim_audit_clause_text(enum sim_audit_clause clause);

/* What is wrong with one frame, or with something that lies in it: a list's ends lie in the
 * kernel's image or in a CPU's storage. */
struct sim_audit_fault {
  fm_paddr frame;
  const char *clause; /* its name: static */
  const char *text;   /* static */
  uint64_t count;     /* what was found: the slot's ref_count if `of_slot` */
  uint64_t expected;  /* holders known for count.holders, else what should stand there */
  enum sim_audit_clause number;
  bool of_slot;
  const char *storage; /* of a slot: sim_storage_view() */
  char place[48];      /* which list, entry or CPU; "" if the frame says all */
};

/* What the proof of the modelled module calls the contents of a slot's storage: "Empty", "Untyped",
 * "FrameLink", "PTNode"; "Other" for metadata of types that it does not know.  Static. */
const char *sim_storage_view(const struct fm_slot_view *view);

/* "ref_count 0x1, storage PTNode", or "order 3 of CPU 1; found 0x5, expected 0x4": newly allocated.
 */
char *sim_audit_figures(const struct sim_audit_fault *fault);

/* How many references the caller knows of at this frame; data is the caller's.  Frames
 * that the boot marked, the kernel's page tables and what is in the CPUs' CR3 are the audit's
 * own business. */
typedef uint64_t (*sim_audit_holders)(fm_paddr frame, void *data);

typedef void (*sim_audit_report)(const struct sim_audit_fault *fault, void *data);

struct sim_audit_options {
  /* NULL: counts are only compared with what is legal and with what RAM itself refers to, not
   * with who holds them (a RAM file does not say who its writer's handles were). */
  sim_audit_holders holders;
  void *holders_data;
  sim_audit_report report; /* NULL: only count */
  /* Frames done so far, of so many; from the calling thread.  NULL: nobody wants to know. */
  void (*progress)(uint64_t done, uint64_t frames, void *data);
  void *data;
  unsigned threads; /* that look at slots; 0: as many as the host has CPUs.  With holders: 1 */
};

struct sim_audit_result {
  uint64_t faults;
  uint64_t by_clause[SIM_AUDIT_CLAUSES];
};

/* Calls `report` for each fault, ascending by frame, whatever the number of threads, from the
 * calling thread. */
void sim_audit_run(const sim_machine *machine, const struct sim_audit_options *options,
                   struct sim_audit_result *ret);

/* Only these frames (ascending, with slots, no more than one each): their slots, and who holds
 * them if options->holders knows.  Structures are not looked at; `threads` is not used. */
void sim_audit_frames(const sim_machine *machine, const struct sim_audit_options *options,
                      const fm_paddr *frames, size_t count, struct sim_audit_result *ret);

/* The same as sim_audit_run(), in one thread, when only the number of faults matters. */
uint64_t sim_audit(const sim_machine *machine, sim_audit_holders holders, void *holders_data,
                   sim_audit_report report, void *data);

G_END_DECLS

#endif
