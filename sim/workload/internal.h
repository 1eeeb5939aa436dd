/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the kinds of workloads are made of; private to sim/workload/.
 *
 * A kind is a function that makes operations as long as workload_goes_on(), one after the
 * other.  Blocks are known by numbers, which are used again when a block is gone.  A kind keeps
 * the numbers in groups (arrays of uint32_t), never in memory of its own: the simulated kernel
 * may end in the middle of any operation.  Each turn of a loop must make an operation.
 */
#ifndef SIM_WORKLOAD_INTERNAL_H
#define SIM_WORKLOAD_INTERNAL_H

#include "sim/rng.h"
#include "sim/workload/workload.h"

struct block {
  uint64_t frame; /* the first one */
  uint64_t stamp; /* the kind's own */
  uint32_t refs;  /* references that the workload holds; 0: the number is free */
  uint32_t cpu;   /* that allocated it */
  uint8_t order;
  bool marked; /* the kind's own */
};

struct sim_workload {
  sim_machine *machine;
  const struct fm_ops *ops;
  struct fm_kernel *kernel;
  struct sim_workload_spec spec;
  fm_meta_id type;
  uint32_t cpus;        /* that take part */
  uint32_t on_cpu;      /* UINT32_MAX: not known */
  uint64_t weights;     /* their sum */
  uint64_t free_bytes;  /* before the first operation */
  struct sim_rng sizes; /* the three streams */
  struct sim_rng places;
  struct sim_rng choices;
  GArray *blocks;    /* struct block, by number */
  GArray *spare;     /* uint32_t: numbers that are free */
  GPtrArray *groups; /* GArray of uint32_t */
  guint head;        /* of group 0, if the kind takes from its front */
  const volatile sig_atomic_t *stop;
  struct sim_workload_counts counts;
};

/* ---- Kinds ---- */

struct workload_default {
  enum sim_workload_key key;
  uint64_t value;
};

/* What a kind has: parameters with their defaults. */
struct workload_kind {
  const char *name;
  void (*operate)(sim_workload *w);
  const struct workload_default *numbers; /* ends with SIM_WORKLOAD_NUMBERS */
  const char *orders;                     /* "0:8 1:2"; NULL: it has single frames only */
  bool has_frees;                         /* parameter `frees`; shuffled if not given */
};

extern const struct workload_kind workload_churn;
extern const struct workload_kind workload_bulk;
extern const struct workload_kind workload_random;
extern const struct workload_kind workload_fork_storm;
extern const struct workload_kind workload_page_cache;
extern const struct workload_kind workload_stacks;

/* ---- For the kinds ---- */

static inline uint64_t workload_number(const sim_workload *w, enum sim_workload_key key)
{
  return w->spec.numbers[key];
}

static inline struct block *workload_block(const sim_workload *w, uint32_t id)
{
  return &g_array_index(w->blocks, struct block, id);
}

static inline uint32_t workload_id(const GArray *group, guint at)
{
  return g_array_index(group, uint32_t, at);
}

/* Whether there is another operation to make. */
bool workload_goes_on(const sim_workload *w);

/* Group `at`, made with those before it at the first use. */
GArray *workload_group(sim_workload *w, guint at);

/* True in so many of 100 cases. */
bool workload_chance(sim_workload *w, uint64_t percent);

/* Evenly from 0 .. limit-1. */
guint workload_below(sim_workload *w, guint limit);

/* An order by the weights; a CPU of those that take part; the CPU that frees what `cpu`
 * allocated. */
uint8_t workload_order(sim_workload *w);
uint32_t workload_cpu(sim_workload *w);
uint32_t workload_other_cpu(sim_workload *w, uint32_t cpu);

/* As many frames as `share` percent of what was free before the first operation. */
uint64_t workload_share_frames(const sim_workload *w);

/* Puts the numbers of a group into a random order. */
void workload_shuffle(sim_workload *w, GArray *group);

/* The operations: a new block with one reference (false: no memory), one more reference, and
 * one less. */
bool workload_take(sim_workload *w, uint32_t cpu, uint8_t order, uint32_t *ret_id);
void workload_clone(sim_workload *w, uint32_t cpu, uint32_t id);
void workload_give(sim_workload *w, uint32_t cpu, uint32_t id);

/* workload_give() on the CPU of workload_other_cpu(). */
void workload_give_somewhere(sim_workload *w, uint32_t id);

#endif
