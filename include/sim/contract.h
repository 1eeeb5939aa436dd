/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The contract: what every slot and every operation has to keep, as checks that run.
 *
 * Clauses are numbered here and described in one list (sim/clauses.h).  Three ways to use them:
 *
 *   sim_contract_judge()    one slot before and after one operation, given as plain structs
 *   sim_contract_at_rest()  one slot at a quiet moment, with who is known to hold it
 *   sim_contract_arrow()    one access to a count: whether the state machine has that arrow
 *
 * These allocate nothing, touch no machine, and may be called from any thread; the explorer
 * calls them for each execution.  The checker that watches all operations of a machine, with
 * its ghost state, is in sim/contract/checker.h.
 *
 * SIM_CLAUSE_NONE (0) is the answer of a check that found nothing.
 */
#ifndef SIM_CONTRACT_H
#define SIM_CONTRACT_H

#include <fm/check.h>
#include <fm/ops.h>
#include <sim/audit.h>

G_BEGIN_DECLS

enum sim_clause {
  SIM_CLAUSE_NONE,
#define SIM_CLAUSE_ENUM(name, id, source, operations, text, mutation) SIM_CLAUSE_##name,
  SIM_CLAUSES_SLOT(SIM_CLAUSE_ENUM) SIM_CLAUSES_AUDIT(SIM_CLAUSE_ENUM)
      SIM_CLAUSES_OPERATIONS(SIM_CLAUSE_ENUM)
#undef SIM_CLAUSE_ENUM
          SIM_CLAUSE_COUNT
};

struct sim_clause_info {
  const char *id;
  const char *source;
  const char *operations;
  const char *text; /* what is wrong */
  const char *mutation;
};

/* Valid for 1 to SIM_CLAUSE_COUNT - 1.  Static. */
const struct sim_clause_info *sim_clause_info(enum sim_clause clause);

/* The clause of that id; SIM_CLAUSE_NONE: there is none. */
enum sim_clause sim_clause_by_id(const char *id);

/* ---- One slot, one operation ---- */

enum sim_contract_op {
  SIM_OP_CLAIM,
  SIM_OP_GET, /* also its single try: FM_GET_RETRY is an error that changes nothing */
  SIM_OP_CLONE,
  SIM_OP_DROP,
  SIM_OP_UNIQUE, /* shared -> unique */
  SIM_OP_SHARE,  /* unique -> shared */
  SIM_OP_REPURPOSE,
  SIM_OP_RESET,
  SIM_OP_DROP_UNIQUE,
  SIM_OP_INTO_RAW,
  SIM_OP_FROM_RAW,
  SIM_OP_COUNT,
};

/* "claim", "get", ... */
const char *sim_contract_op_name(enum sim_contract_op op);

/*
 * One operation on one slot while nothing else ran.  `before` and `after` are copies of the
 * slot; an operation that another CPU ran into has no before and after (use arrows there).
 */
struct sim_contract_step {
  struct fm_slot before;
  struct fm_slot after;
  enum sim_contract_op op;
  enum fm_get_error answer; /* of CLAIM and GET */
  uint64_t vtable_ptr;      /* CLAIM, REPURPOSE: kernel address of the type's record */
  const void *meta;         /* CLAIM, REPURPOSE: what was to be written; may be NULL if ... */
  uint32_t meta_size;       /* ... this is 0 */
  uint32_t held;            /* ghost: live references, before; with the one that is used */
  uint32_t forgotten;       /* ghost: forgotten ones, before */
  bool mapped;              /* ghost: a page table holds it, before */
  bool initialised;         /* ghost: the metadata was written and not dropped */
  bool done;                /* of UNIQUE: whether it succeeded */
  bool unique;              /* CLAIM: as unique */
  /* After the last drop the allocator may use the slot for itself: then it is a unique head of
   * a free chunk, or busy on its way there.  True if an allocator may have the frame. */
  bool to_allocator;
};

/* What the caller has to be allowed to do; looks at `op`, `before` and the ghost only. */
enum sim_clause sim_contract_allowed(const struct sim_contract_step *step);

/* What the operation has to have done; looks at everything. */
enum sim_clause sim_contract_kept(const struct sim_contract_step *step);

/* Both: the first clause that is broken. */
enum sim_clause sim_contract_judge(const struct sim_contract_step *step);

/* One slot while no operation is under way.  `has_type`: vtable_ptr names a record. */
enum sim_clause sim_contract_at_rest(const struct fm_slot *slot, bool has_type, uint64_t holders);

/* Whether a count may go from `before` to `after` at this site: SIM_CLAUSE_NONE, also at sites
 * that are not about counts; else the clause that has to do with that arrow. */
enum sim_clause sim_contract_arrow(enum fm_site site, uint64_t before, uint64_t after);

G_END_DECLS

#endif
