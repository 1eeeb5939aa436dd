/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Generated workloads: allocations and frees as programs of a certain kind make them, drawn
 * from named streams of a seed.
 *
 *   sim_workload_spec_init(&spec, "churn", &error), then sim_workload_set_...()
 *   w = sim_workload_new(machine, &spec, seed, &error);
 *   sim_guard_run(machine, sim_workload_operate, w);    the operations
 *   ... look at the machine as it is then ...
 *   sim_guard_run(machine, sim_workload_release, w);    everything goes back
 *   sim_workload_free(w);
 *
 * What comes of it depends on the machine, the parameters and the seed only.  Three streams,
 * one each for sizes, CPUs and all other choices, so a change of one does not reshuffle the
 * others.  Two workloads with the same parameters draw the same; another `stream` draws anew.
 *
 * An operation is an allocation, whether it succeeds or not, one more reference, or one
 * reference less.  Frames are of type anon and are not zeroed.
 *
 * The kinds (one file each):
 *
 *   churn       a steady state: blocks of random lifetimes
 *   bulk        a share of the free memory is taken, then given back but for a few; again
 *   random      takes and gives back at random
 *   fork-storm  waves of processes: each has tables of its own and the pages of its parent,
 *               of which it copies those that it writes; then all but the first exit.  The
 *               processes are lists of references: no page table is made.
 *   page-cache  single frames pile up until a share of the memory is full, then the oldest go
 *               that were not used since; beside them blocks that live for a short time
 *   stacks      each CPU gives back what it took last
 *
 * One thread; what it works on is nobody else's business meanwhile.
 */
#ifndef SIM_WORKLOAD_WORKLOAD_H
#define SIM_WORKLOAD_WORKLOAD_H

#include <signal.h>
#include <sim/machine.h>

#define SIM_WORKLOAD_ORDERS 16u /* orders 0 to 15 */

/* ---- Parameters ---- */

/* Those that are numbers. */
enum sim_workload_key {
  SIM_WORKLOAD_OPS,    /* operations; what is given back at the end is not counted */
  SIM_WORKLOAD_CPUS,   /* that take part, from CPU 0 on; 0: all of the machine */
  SIM_WORKLOAD_REMOTE, /* percent of frees on another CPU than the one that allocated */
  SIM_WORKLOAD_LIVE,   /* at most so many blocks, processes or short-lived blocks at a time */
  SIM_WORKLOAD_LIFE,   /* mean lifetime of a block, in operations */
  SIM_WORKLOAD_ALLOCS, /* percent of operations that allocate */
  SIM_WORKLOAD_SHARE,  /* percent of the free memory that is filled */
  SIM_WORKLOAD_KEEP,   /* percent of the blocks that stay when the others go */
  SIM_WORKLOAD_ROUNDS, /* how often memory is filled */
  SIM_WORKLOAD_PAGES,  /* of a process */
  SIM_WORKLOAD_WRITES, /* percent of its pages that a child writes */
  SIM_WORKLOAD_HITS,   /* percent of accesses to the cache that find their page */
  SIM_WORKLOAD_SHORT,  /* percent of operations that are about short-lived blocks */
  SIM_WORKLOAD_DEPTH,  /* blocks in the stack of a CPU */
  SIM_WORKLOAD_NUMBERS,
};

/* In which order blocks go. */
enum sim_workload_frees {
  SIM_WORKLOAD_FORWARD,
  SIM_WORKLOAD_REVERSE,
  SIM_WORKLOAD_SHUFFLED,
};

struct workload_kind;

struct sim_workload_spec {
  const struct workload_kind *kind;
  uint64_t numbers[SIM_WORKLOAD_NUMBERS];
  uint64_t weights[SIM_WORKLOAD_ORDERS]; /* how likely each order is; their sum is not 0 */
  uint32_t orders_given;                 /* a bit for each; 0: `weights` are the defaults */
  enum sim_workload_frees frees;
  char *stream; /* owned; NULL: the name of the kind */
};

/* Their names, NULL at the end; static. */
const char *const *sim_workload_kinds(void);

/* Names of the parameters that a kind has, NULL at the end; static.  NULL: no such kind. */
const char *const *sim_workload_keys(const char *kind);

/* The defaults of a kind.  SIM_ERROR_USAGE, with a suggestion: there is no such kind. */
bool sim_workload_spec_init(struct sim_workload_spec *spec, const char *kind, GError **error);
void sim_workload_spec_clear(struct sim_workload_spec *spec);

/* "churn". */
const char *sim_workload_spec_kind(const struct sim_workload_spec *spec);

/* Each sets one parameter.  SIM_ERROR_USAGE: the kind has none of that name (with what may be
 * meant), or the value is out of its range. */
bool sim_workload_set_number(struct sim_workload_spec *spec, const char *key, uint64_t value,
                             GError **error);
bool sim_workload_set_word(struct sim_workload_spec *spec, const char *key, const char *word,
                           GError **error);
/* Each call adds a weight; the first one takes the place of the defaults. */
bool sim_workload_add_order(struct sim_workload_spec *spec, uint64_t order, uint64_t weight,
                            GError **error);

/* "key=value" as on a command line; orders as in "orders=0:8,9:1". */
bool sim_workload_set_text(struct sim_workload_spec *spec, const char *text, GError **error);

/* Whether all of it together makes sense: SIM_ERROR_USAGE if all weights are 0. */
bool sim_workload_spec_check(const struct sim_workload_spec *spec, GError **error);

/* ---- A workload ---- */

/* ops = allocs + failed + clones + frees, and allocs + clones = frees + released at the end. */
struct sim_workload_counts {
  uint64_t ops;
  uint64_t allocs;   /* blocks that were allocated */
  uint64_t failed;   /* allocations without memory */
  uint64_t clones;   /* further references on a block */
  uint64_t frees;    /* references that were given back */
  uint64_t remote;   /* of them by another CPU than the one that allocated the block */
  uint64_t released; /* references that were given back at the end */
  uint64_t live_blocks;
  uint64_t live_frames;
  uint64_t peak_blocks;
  uint64_t peak_frames;
};

typedef struct sim_workload sim_workload;

/* `machine` is borrowed and booted, `spec` is copied.  SIM_ERROR_USAGE: the machine has fewer
 * CPUs, or sim_workload_spec_check(). */
sim_workload *sim_workload_new(sim_machine *machine, const struct sim_workload_spec *spec,
                               uint64_t seed, GError **error);

/* The operations end early once *stop is not 0; borrowed. */
void sim_workload_set_stop(sim_workload *workload, const volatile sig_atomic_t *stop);

/* Bodies for sim_guard_run(); once each, in this order.  They leave the thread on some CPU of
 * the machine. */
void sim_workload_operate(void *workload);
void sim_workload_release(void *workload);

const struct sim_workload_counts *sim_workload_counts(const sim_workload *workload);
uint32_t sim_workload_cpus(const sim_workload *workload); /* that take part */

/* After the release: whether the allocator counts as many free bytes as before; *ret_found and
 * *ret_before are these. */
bool sim_workload_is_settled(const sim_workload *workload, uint64_t *ret_found,
                             uint64_t *ret_before);

/* Gives nothing back. */
sim_workload *sim_workload_free(sim_workload *workload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_workload, sim_workload_free)

#endif
