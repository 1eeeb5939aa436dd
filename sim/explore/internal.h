/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of the explorer share.
 *
 *   graph.c    execution graphs            memory.c    undo, atomic locations
 *   model.c    what a model allows         race.c      data races
 *   search.c   which graph comes next      run.c       fibers: runs the program along a graph
 *   access.c   an access of a thread
 *   record.c   what came of a run          schedule.c  ... where it is told what to do
 *   order.c    from graphs to orders       replay.c    one execution, written down
 *   workers.c  several processes           forward.c   bounded and random searches
 *   explore.c  options, results
 */
#ifndef SIM_EXPLORE_INTERNAL_H
#define SIM_EXPLORE_INTERNAL_H

#include <sim/machine.h>

#include "sim/explore/explore.h"
#include "sim/explore/graph.h"
#include "sim/fiber.h"
#include "sim/hook.h"
#include "sim/internal.h"
#include "sim/rng.h"

#define SIM_REF_NONE 0xfffdu

/* ---- memory.c ---- */

/* Who accessed a word or a byte plainly in this run, and when: so many nodes of the thread came
 * before. */
struct sim_cell {
  uint32_t run;
  uint16_t threads;                   /* bits */
  int16_t wrote[SIM_EXPLORE_THREADS]; /* -1: not */
  int16_t read[SIM_EXPLORE_THREADS];
  uint16_t wrote_at[SIM_EXPLORE_THREADS]; /* site */
  uint16_t read_at[SIM_EXPLORE_THREADS];
};

/* 64 bytes of memory that hooks have seen. */
struct sim_line {
  uintptr_t base;
  uint32_t run;  /* in which its bytes were kept */
  uint8_t words; /* which 8 of them, as bits */
  uint16_t locs; /* atomic locations in it */
  struct {
    uint16_t loc;
    uint8_t offset;
    uint8_t size;
  } loc[8];
  uint32_t grain;         /* bytes of a cell: 8, or 1 */
  struct sim_cell *cells; /* or NULL */
  uint8_t kept[64];
};

struct sim_loc {
  void *where;
  struct sim_line *line;
  uint32_t size;
  uint32_t run; /* in which its initial value was read */
  sim_ref last; /* write that was run last */
  uint64_t ram; /* what we left there */
};

struct sim_race {
  bool found;
  uint8_t thread[2];
  uint16_t site[2];
  uint32_t after[2]; /* so many nodes of the thread */
  void *where;
};

struct sim_copy {
  void *where;
  void *bytes;
  size_t size;
};

struct sim_memory {
  struct sim_line **table; /* open addressing */
  uint32_t table_size;
  uint32_t nr_lines;
  struct sim_line *spare;
  uint32_t spares;
  GPtrArray *blocks; /* of lines */
  GPtrArray *cells;
  struct sim_line **touched; /* in this run */
  uint32_t nr_touched;
  uint32_t room_touched;
  struct sim_line *last; /* of the last access */
  uint32_t run;
  uint64_t linear_size; /* bytes of RAM in its window; 0: no machine */
  uint64_t meta_size;
  uint32_t nr_locs;
  struct sim_loc locs[SIM_LOCS];
  uint64_t initial[SIM_LOCS];
  struct sim_copy copies[SIM_EXPLORE_THREADS + FM_CPUS_MAX + 4];
  uint32_t nr_copies;
  struct sim_race race;
};

void sim_memory_init(struct sim_memory *memory, sim_machine *machine);
void sim_memory_deinit(struct sim_memory *memory);

/* Puts back what the last run changed, and begins another. */
void sim_memory_undo(struct sim_memory *memory);

/* Keeps the bytes there, if this run has not yet. */
void sim_memory_keep(struct sim_memory *memory, const void *where, uint64_t size);

/* The value of an atomic location in RAM. */
uint64_t sim_memory_value(const void *where, uint32_t size);
void sim_memory_set(void *where, uint32_t size, uint64_t value);

/* The line of an address, with so many bytes from there on kept, as far as they are in it. */
struct sim_line *sim_memory_line(struct sim_memory *memory, const void *where, uint64_t size);

/* The location of an atomic access; SIM_LOC_NONE: there are too many. */
uint16_t sim_memory_loc(struct sim_memory *memory, void *where, uint32_t size);

/* ---- run.c ---- */

enum sim_thread_state {
  SIM_THREAD_FRESH,   /* not started */
  SIM_THREAD_READY,   /* rests before an access that is not in the graph */
  SIM_THREAD_WAITS,   /* rests before a node whose write has not been run yet */
  SIM_THREAD_BLOCKED, /* rests until somebody else writes */
  SIM_THREAD_ENDED,
};

struct sim_explore__thread {
  sim_fiber *fiber;
  struct sim_trap trap;
  struct fm_port_cpu registers;
  enum sim_thread_state state;
  uint16_t done;       /* nodes that were run */
  uint16_t blocked_at; /* site */
  uint16_t retried;
  uint8_t waits_for;               /* thread */
  const struct fm_access *pending; /* READY: what it is about to do; NULL: not known */
  struct fm_cpu_block *block;
  sim_explore *explore;
  uint32_t index;
};

/* Why a run came to an end. */
enum sim_run_end {
  SIM_RUN_COMPLETE,
  SIM_RUN_BLOCKED,
  SIM_RUN_DEAD,   /* the model does not allow to go on from here */
  SIM_RUN_FOUND,  /* race, panic */
  SIM_RUN_LEFT,   /* another worker has this part, or a schedule does not fit */
  SIM_RUN_STEPS,  /* limit */
  SIM_RUN_BROKEN, /* does not repeat itself, too many locations */
};

/* ---- search.c ---- */

enum sim_choice_kind {
  SIM_CHOICE_READ,    /* node reads from `from` */
  SIM_CHOICE_PLACE,   /* node's write goes behind `from`; then `reader`, if any, reads it */
  SIM_CHOICE_REVISIT, /* `reader` reads from node, and what came after it did not happen */
};

struct sim_choice {
  uint8_t kind;
  bool fails;
  uint16_t level;
  sim_ref node;
  sim_ref from;
  sim_ref reader;
  uint32_t stamp;  /* PLACE, REVISIT: everything newer is taken away first */
  uint32_t weight; /* the way here is one of so many */
  uint32_t part;
};

/* ---- schedule.c and forward.c ---- */

struct sim_schedule {
  bool on;         /* the run is told what to do */
  bool each;       /* `back` and `fails` are for the next node, whatever its site */
  bool free;       /* the thread that runs may do nodes until it reaches its target */
  uint16_t target; /* site at which to rest, after it was done; FM_SITE_COUNT: none */
  uint16_t back;   /* for an access at the target, or for the next node */
  bool fails;
  bool reached;
  const char *refused; /* why the node could not be as it was asked for */
};

struct sim_log {
  bool on;
  GArray *events; /* struct sim_execution_event */
  GArray *refs;   /* uint32_t: the node of each, SIM_REF_NONE: none */
};

/* ---- The search ---- */

/* What came of one part of the search; parts are numbered in the order of the search. */
struct sim_part {
  uint32_t part;
  uint64_t complete;
  uint64_t redundant;
  uint64_t runs;
  uint64_t findings;
};

struct sim_best {
  bool found;
  uint32_t part;
  uint32_t nr_tokens;
  uint32_t nodes;
  struct sim_explore_token *tokens; /* owned */
  char *text;                       /* owned */
  enum sim_explore_kind kind;
};

struct sim_shared; /* what workers share */

struct sim_explore {
  struct sim_observer observer; /* first: the hooks hand it back */
  const struct sim_explore_program *program;
  struct sim_explore_options options;
  struct sim_memory memory;
  uint32_t nr_threads;
  uint32_t running;
  struct sim_explore__thread threads[SIM_EXPLORE_THREADS];
  bool adding; /* the running thread may add nodes */
  bool stop_run;
  uint16_t panic_thread;
  enum sim_run_end end; /* of the run, once a thread has said so */
  const char *broken;   /* why, for SIM_RUN_BROKEN */

  GPtrArray *levels; /* struct sim_graph */
  struct sim_graph *graph;
  GArray *choices; /* struct sim_choice */
  uint32_t level;
  uint32_t weight;
  uint32_t part; /* UINT32_MAX: not in a part yet */
  uint32_t next_part;

  struct sim_schedule schedule;
  struct sim_log log;
  struct sim_rng rng;

  GArray *parts;        /* struct sim_part, this process */
  GHashTable *blocked;  /* hashes of blocked executions */
  GArray *blocked_list; /* struct sim_blocked, in the order in which they were met */
  struct sim_best first;
  struct sim_best shortest;
  GString *text;
  const char *limit;
  const char *stopped; /* the limit that ended the search */
  uint32_t ticks;
  uint32_t worker;
  uint64_t complete;         /* executions of this process */
  struct sim_shared *shared; /* NULL: one process */
  gint64 began;
  guint findings_before; /* of the machine */
  uint64_t fail_alloc;   /* likewise */
  sim_execution *look;
};

struct sim_blocked {
  uint64_t hash;
  uint32_t part;
};

/* search.c: the running thread comes to an access that is not in the graph.  False: there is
 * no way on. */
bool sim_search_add(sim_explore *explore, uint32_t thread, const struct sim_ask *ask);
/* Makes the graph of the next choice; false: none is left. */
bool sim_search_next(sim_explore *explore);
/* An empty graph, and no choices. */
void sim_search_begin(sim_explore *explore);
void sim_search_run(sim_explore *explore);

/* replay.c: NULL: the tokens do not fit, or the program does not repeat itself. */
sim_execution *sim_replay_run(sim_explore *explore, const struct sim_explore_token *tokens,
                              uint32_t nr_tokens, uint32_t *ret_position, GError **error);

/* access.c */
/* Whether a failed compare-exchange of this site means to wait. */
bool sim_run_waits(const sim_explore *explore, const struct sim_ask *ask);
void sim_access_observe(struct sim_observer *observer);

/* run.c */
void sim_run_init(sim_explore *explore);
void sim_run_deinit(sim_explore *explore);
/* Puts everything back, and readies the threads. */
void sim_run_reset(sim_explore *explore);
/* Runs the threads along the graph, then on to the end. */
enum sim_run_end sim_run_graph(sim_explore *explore);
/* Lets one thread run until it rests. */
void sim_run_resume(sim_explore *explore, uint32_t index);
/* In a thread: back to whoever resumed it; returns when it is resumed again. */
void sim_run_rest(sim_explore *explore);
/* In a thread: ends the run; does not return. */
FM_NORETURN void sim_run_stop(sim_explore *explore, enum sim_run_end end);
/* After the last thread rests. */
void sim_run_leave(void);
/* When no thread can go on: what has become of the run. */
enum sim_run_end sim_run_outcome(sim_explore *explore);
/* Writes the last value of each location to RAM. */
void sim_run_settle(sim_explore *explore);
const struct sim_clock *sim_run_clock(const sim_explore *explore, uint32_t thread);

/* race.c: a plain access of the running thread; true: it races with another one. */
bool sim_memory_plain(sim_explore *explore, uint32_t thread, const struct fm_access *access);
/* ... and an atomic one, against plain accesses. */
bool sim_memory_atomic(sim_explore *explore, uint32_t thread, const struct sim_node *node);

/* record.c */
/* Takes note of the end of a run, and judges it; false: stop the search. */
bool sim_record_end(sim_explore *explore, enum sim_run_end end);
/* What is wrong with the run that has just come to this end; *ret_kind NOTHING: nothing.  The
 * text is in explore->text. */
enum sim_explore_kind sim_record_find(sim_explore *explore, enum sim_run_end end);
struct sim_part *sim_record_part(sim_explore *explore);

/* order.c: the tokens of the graph as it is, newly allocated; *ret_nr: how many. */
struct sim_explore_token *sim_order_tokens(sim_explore *explore, uint32_t *ret_nr);
/* A node, as far as it is known without the others. */
struct sim_execution_event sim_order_event(const sim_explore *explore, sim_ref ref);

/* replay.c: writes an access down. */
void sim_record_event(sim_explore *explore, uint32_t thread, const struct fm_access *access,
                      const struct sim_node *node);

/* schedule.c: what a node of a schedule reads, or where it goes. */
bool sim_schedule_add(sim_explore *explore, uint32_t thread, const struct sim_ask *ask);

/* forward.c */
void sim_forward_run(sim_explore *explore);

/* workers.c */
bool sim_workers_claim(sim_explore *explore, uint32_t part);
void sim_workers_found(sim_explore *explore, uint32_t part);
bool sim_workers_is_over(sim_explore *explore);
/* Counts complete executions; how many there are by now, of all workers. */
uint64_t sim_workers_count(sim_explore *explore, uint64_t more);
/* Different blocked executions in parts up to `last`. */
uint64_t sim_workers_blocked(sim_explore *explore, uint32_t last);
/* Searches with so many processes, and puts together what they found. */
bool sim_workers_run(sim_explore *explore, uint32_t workers, GError **error);

/* explore.c: whether a limit was reached; looked at after each run. */
bool sim_explore_is_over(sim_explore *explore);

/* detach.c */
bool sim_explore_detach(sim_machine *machine, GError **error);

#endif
