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
 * A broken rule is named by its clause; docs/states.md has the table.
 */
#ifndef SIM_AUDIT_H
#define SIM_AUDIT_H

#include <fm/check.h>
#include <sim/machine.h>

G_BEGIN_DECLS

/* The first ones are those of enum fm_slot_fault, with its numbers. */
enum sim_audit_clause {
  SIM_AUDIT_SLOT_HOLE = FM_SLOT_FAULTS,
  SIM_AUDIT_FREE_IN_USE,
  SIM_AUDIT_COUNT_HOLDERS,
  SIM_AUDIT_LIST_LINK,
  SIM_AUDIT_LIST_SYMMETRIC,
  SIM_AUDIT_LIST_ENDS,
  SIM_AUDIT_LIST_SIZE,
  SIM_AUDIT_LIST_ID,
  SIM_AUDIT_LIST_UNIQUE_ID,
  SIM_AUDIT_LIST_MEMBER,
  SIM_AUDIT_LIST_LOST,
  SIM_AUDIT_LIST_UNDRAWN,
  SIM_AUDIT_CHUNK_ALIGNED,
  SIM_AUDIT_CHUNK_MEMORY,
  SIM_AUDIT_CHUNK_DISJOINT,
  SIM_AUDIT_CHUNK_ORDER,
  SIM_AUDIT_POOL_SIZE,
  SIM_AUDIT_POOL_PUBLISHED,
  SIM_AUDIT_CACHE_COUNT,
  SIM_AUDIT_CACHE_RUN,
  SIM_AUDIT_CACHE_DISJOINT,
  SIM_AUDIT_BITMAP_MEMORY,
  SIM_AUDIT_BITMAP_HINT,
  SIM_AUDIT_FREE_BYTES,
  SIM_AUDIT_LOCK_HELD,
  SIM_AUDIT_TREE_NODE,
  SIM_AUDIT_TREE_LEVEL,
  SIM_AUDIT_TREE_KIND,
  SIM_AUDIT_TREE_CHILDREN,
  SIM_AUDIT_TREE_SHARED,
  SIM_AUDIT_TREE_STRAY,
  SIM_AUDIT_TREE_LOCKED,
  SIM_AUDIT_TREE_HALF,
  SIM_AUDIT_TREE_UPPER,
  SIM_AUDIT_TREE_COUNT,
  SIM_AUDIT_LEAF_PLACE,
  SIM_AUDIT_LEAF_IN_USE,
  SIM_AUDIT_LEAF_ADDRESS,
  SIM_AUDIT_MAP_COMPLETE,
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
  char place[48]; /* which list, entry or CPU; "" if the frame says all */
};

/* "ref_count 0x1", or "order 3 of CPU 1; found 0x5, expected 0x4": newly allocated. */
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

/* The same, in one thread, when only the number of faults matters. */
uint64_t sim_audit(const sim_machine *machine, sim_audit_holders holders, void *holders_data,
                   sim_audit_report report, void *data);

G_END_DECLS

#endif
