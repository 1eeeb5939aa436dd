/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Execution graphs: the accesses that matter, what each reads from, and in which order each
 * location was written.
 *
 * A node is an atomic access or a fence.  It is named by its thread and its place in program
 * order (a ref), which stays the same when other nodes come and go, because a graph only ever
 * loses the ends of threads.  The writes of a location form a list; the value before all of them
 * is SIM_REF_INITIAL, at place 0.
 *
 * Each node carries clocks, which say for each thread how many of its nodes come before:
 *
 *   hb     happen before, this one included
 *   porf   come before by program order and reads-from, this one included
 *   rel    a write: what happens before whoever reads it and acquires
 *   acq    what would happen before a later acquire fence of the thread
 *
 * Stamps say in which order nodes were added.  A read-modify-write has two, because its write can
 * be newer than its read: a read may be given another write to read from (it is revisited).
 *
 * Memory is taken as a thread grows, and kept for the next one.  One thread.
 */
#ifndef SIM_EXPLORE_GRAPH_H
#define SIM_EXPLORE_GRAPH_H

#include <fm/site.h>
#include <glib.h>

#include "sim/explore/explore.h"

#define SIM_REF_INITIAL 0xffffu /* the value before all writes; also: no next write */
#define SIM_LOC_NONE    0xffffu /* of a fence */
#define SIM_LOCS        1024u

typedef uint16_t sim_ref;

struct sim_clock {
  uint8_t of[SIM_EXPLORE_THREADS];
};

enum sim_node_flags {
  SIM_NODE_READS = 1 << 0,
  SIM_NODE_WRITES = 1 << 1, /* a compare-exchange only once it has succeeded */
  SIM_NODE_PLACED = 1 << 2, /* its write stands in the list of its location */
  SIM_NODE_FAILS = 1 << 3,  /* a weak compare-exchange that fails for no reason */
  SIM_NODE_PLAIN = 1 << 4,  /* a plain access that branches */
  SIM_NODE_GIVEN = 1 << 5,  /* a read that was older has been given this write */
};

/* What the thread asked for; the same whenever it gets there. */
struct sim_ask {
  uint64_t operand;
  uint64_t expected;
  uint16_t site;
  uint16_t loc;
  uint8_t kind;
  uint8_t order;
  uint8_t size;
  bool plain;
};

struct sim_node {
  uint32_t read_stamp;
  uint32_t write_stamp;
  sim_ref rf;
  sim_ref prev;   /* writes: the one before; SIM_REF_INITIAL: none */
  sim_ref next;   /* writes: the one after; SIM_REF_INITIAL: none */
  uint16_t place; /* writes: from 1 */
  int16_t fence;  /* index of the last release fence up to here; -1: none */
  uint8_t flags;
  struct sim_ask ask;
  uint64_t read;
  uint64_t written;
  struct sim_clock hb;
  struct sim_clock porf;
  struct sim_clock rel;
  struct sim_clock acq;
};

struct sim_head {
  sim_ref first; /* SIM_REF_INITIAL: no writes */
  sim_ref last;
  uint16_t writes;
};

struct sim_graph {
  uint32_t threads;
  uint32_t stamp; /* of the next node */
  uint32_t fails; /* nodes with SIM_NODE_FAILS */
  uint32_t locs;  /* heads in use */
  bool strong;    /* every access acquires and releases (sc, tso) */
  uint16_t count[SIM_EXPLORE_THREADS];
  uint16_t room[SIM_EXPLORE_THREADS]; /* nodes that there is memory for */
  struct sim_node *nodes[SIM_EXPLORE_THREADS];
  uint64_t *initial; /* value before all writes, by location; not owned */
  struct sim_head heads[SIM_LOCS];
};

static inline sim_ref sim_ref_of(uint32_t thread, uint32_t index)
{
  return (sim_ref)(thread << 8 | index);
}

static inline uint32_t sim_ref_thread(sim_ref ref)
{
  return ref >> 8;
}

static inline uint32_t sim_ref_index(sim_ref ref)
{
  return ref & 0xffu;
}

static inline struct sim_node *sim_node_at(const struct sim_graph *graph, sim_ref ref)
{
  return &graph->nodes[ref >> 8][ref & 0xffu];
}

static inline void sim_clock_join(struct sim_clock *clock, const struct sim_clock *other)
{
  for (uint32_t i = 0; i < SIM_EXPLORE_THREADS; i++)
    clock->of[i] = clock->of[i] > other->of[i] ? clock->of[i] : other->of[i];
}

/* Whether a node comes before by this clock. */
static inline bool sim_clock_has(const struct sim_clock *clock, sim_ref ref)
{
  return (uint32_t)clock->of[sim_ref_thread(ref)] > sim_ref_index(ref);
}

/* The place of a write in the order of its location; 0: the initial value. */
static inline uint32_t sim_place_of(const struct sim_graph *graph, sim_ref write)
{
  return write == SIM_REF_INITIAL ? 0 : sim_node_at(graph, write)->place;
}

/* The value that a write left there. */
static inline uint64_t sim_value_of(const struct sim_graph *graph, uint32_t loc, sim_ref write)
{
  return write == SIM_REF_INITIAL ? graph->initial[loc] : sim_node_at(graph, write)->written;
}

/* The write that follows, SIM_REF_INITIAL: none. */
static inline sim_ref sim_after(const struct sim_graph *graph, uint32_t loc, sim_ref write)
{
  return write == SIM_REF_INITIAL ? graph->heads[loc].first : sim_node_at(graph, write)->next;
}

/* Whether a write is that of a read-modify-write, which nothing may come between. */
static inline bool sim_is_rmw(const struct sim_node *node)
{
  return (node->flags & (SIM_NODE_READS | SIM_NODE_WRITES)) == (SIM_NODE_READS | SIM_NODE_WRITES);
}

void sim_graph_init(struct sim_graph *graph, uint32_t threads, bool strong, uint64_t *initial);
void sim_graph_deinit(struct sim_graph *graph);
void sim_graph_clear(struct sim_graph *graph);

/* Appends a node to a thread, without rf or place; the clocks are those before it. */
struct sim_node *sim_graph_append(struct sim_graph *graph, uint32_t thread,
                                  const struct sim_ask *ask);

/* Sets from which write the last node of a thread reads, and what follows from it: its value,
 * whether it writes, its clocks.  A node that does not read: only its clocks. */
void sim_graph_read(struct sim_graph *graph, uint32_t thread, sim_ref from, bool fails);

/* Puts the write of a node right behind another one, or first. */
void sim_graph_place(struct sim_graph *graph, sim_ref write, sim_ref behind);
void sim_graph_unplace(struct sim_graph *graph, sim_ref write);

/* Takes away everything that was added after `stamp`. */
void sim_graph_truncate(struct sim_graph *graph, uint32_t stamp);

/* Makes *to a copy with only keep[] nodes of each thread, without the write of `bare`, and with
 * the write of `loose` in no list. */
void sim_graph_restrict(struct sim_graph *to, const struct sim_graph *from, const uint16_t *keep,
                        sim_ref bare, sim_ref loose);

/* A hash of reads-from and of the orders of writes.  `blind`: threads, as bits, of whose last
 * node it does not matter from what it reads. */
uint64_t sim_graph_hash(const struct sim_graph *graph, uint32_t blind);

/* ---- model.c ---- */

/* The first place in the order of writes that a thread which knows `hb` may read, or write
 * behind: all before are hidden. */
uint32_t sim_model_floor(const struct sim_graph *graph, const struct sim_clock *hb, uint32_t loc);

/* Beyond coherence, which the floor keeps: whether the model allows the graph, where only what
 * touches this node is new. */
bool sim_model_allows(const struct sim_graph *graph, enum sim_explore_model model, sim_ref node);

#endif
