/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mutations: for each clause the damage, or the wrong operation, that it is the first to report.
 *
 * A mutation runs on a small machine of its own in the instrumented build, with the checker
 * (full) around a table of operations in which one entry may be wrong, and with the accesses
 * watched.  Where the clause is one of the audit, the audit looks afterwards.  What kills the
 * simulated kernel is caught.  No other machine may exist meanwhile; one thread.
 */
#ifndef SIM_CONTRACT_MUTATE_H
#define SIM_CONTRACT_MUTATE_H

#include "sim/contract/checker.h"

/* Does what the clause's mutation says, and gives what was reported first: the clause itself if
 * it is good for something.  False: the host cannot hold the machine. */
bool sim_contract_mutate(enum sim_clause clause, enum sim_clause *ret_first, GError **error);

/* The same scene and the same calls, but without the damage where that is one wrong operation:
 * nothing may be reported.  *ret_first is SIM_CLAUSE_NONE also if the mutation has no such form
 * (*ret_tried is false then). */
bool sim_contract_mutate_not(enum sim_clause clause, enum sim_clause *ret_first, bool *ret_tried,
                             GError **error);

/* ---- For the files of the mutations ---- */

#define MUTATE_RAM   (UINT64_C(16) << 20)
#define MUTATE_IMAGE (UINT64_C(2) << 20)
#define MUTATE_FRAME (UINT64_C(8) << 20) /* and the frames behind it: nobody's */
#define MUTATE_VA    UINT64_C(0x40000000)

enum mutate_machine {
  MUTATE_PLAIN,   /* allocator none, slots only */
  MUTATE_BUDDY,   /* booted to the end, two CPUs; pieces were taken, every other given back */
  MUTATE_BITMAP,  /* one frame less than whole words of bits */
  MUTATE_TREE,    /* MUTATE_BUDDY with a space, active on CPU 0, and two pages in it */
  MUTATE_UNBOOTED /* nothing has run yet */
};

#define MUTATE_PIECES 64u
#define MUTATE_PIECE  (8 * FM_PAGE_SIZE)

struct mutate_scene {
  struct sim_machine *machine;
  struct fm_kernel *kernel;
  const struct fm_ops *ops; /* watched */
  fm_paddr pieces[MUTATE_PIECES];
  struct fm_space space;
  fm_paddr page; /* mapped at MUTATE_VA */
  sim_contract *contract;
  enum sim_clause first;
  fm_paddr first_frame; /* of a fault that the audit found */
  bool holders;         /* the audit is to compare counts with the ledger */
  bool ended;           /* the scene is a script's end: live references are leaks */
};

struct mutation {
  enum sim_clause clause;
  enum mutate_machine machine;
  void (*alter)(struct fm_ops *table); /* NULL: the operations are right, their use is not */
  void (*act)(struct mutate_scene *scene);
};

/* Frame n behind MUTATE_FRAME. */
static inline fm_paddr mutate_frame(uint64_t n)
{
  return fm_paddr_of(MUTATE_FRAME + n * FM_PAGE_SIZE);
}

/* Operations that succeed unless they were altered. */
struct fm_slot *mutate_claim(struct mutate_scene *scene, uint64_t n, bool unique);
struct fm_frame mutate_shared(struct mutate_scene *scene, uint64_t n);
struct fm_unique mutate_unique(struct mutate_scene *scene, uint64_t n);
fm_meta_id mutate_link(void);

/* An entry of a table of operations that does what it should. */
#define MUTATE_RIGHT (&fm_ops_instrumented)

extern const struct mutation mutations_of_frames[];
extern const struct mutation mutations_of_handles[];
extern const struct mutation mutations_of_groups[];
extern const struct mutation mutations_of_tables[];
extern const struct mutation mutations_of_state[];
extern const struct mutation mutations_of_trees[];

#endif
