/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The explorer: runs a small concurrent program in every way that a memory model allows.
 *
 *   sim_explore_run()         searches, and says what it found
 *   sim_explore_replay()      runs one execution again, from its tokens, and writes it down
 *   sim_execution_free()
 *
 * A program is a machine that is booted and uses the instrumented operations (or a table of a
 * museum that was made from them), threads, a function that puts the threads' host-side state
 * back before each execution, and one that judges each complete execution.
 *
 * An execution is a graph: for each thread its accesses in program order, for each read the write
 * that it reads from, for each location the order of its writes.  Two interleavings with the same
 * graph are the same execution; the search meets each once (docs/explorer.md says how).  Loads
 * return the value of the write that was chosen.  Plain accesses do not branch: they are what the
 * race detector looks at.  With `races` CONTINUE they branch too, as if they were relaxed.
 *
 * Waiting.  A compare-exchange that fails and is followed by a spin hint is a wait: the thread is
 * blocked there, as long as nobody writes what it waits for.  An execution with a blocked thread
 * is blocked, not complete, and not judged; if all the others have ended, and what it waits for
 * will never come, that is a deadlock and a finding.
 *
 * Bodies run on fibers of their own, on their CPU, and call operations without a guard: panics
 * and faults of theirs are findings.  A body may be given up at any access, without unwinding,
 * so what it allocates must belong to somebody else, and it keeps its state in what `reset` puts
 * back.  A body does nothing that depends on anything but that state and what operations
 * answered: an execution that does not repeat itself is an error (SIM_ERROR_INTERNAL).
 *
 * Afterwards the machine is as it was before the search: memory that was accessed through hooks
 * is undone from a log, the kernel's own variables from a copy.
 *
 * Not thread-safe, and not reentrant.  With several workers the process forks; `judge` then runs
 * in the children, and what it leaves behind stays there.
 */
#ifndef SIM_EXPLORE_EXPLORE_H
#define SIM_EXPLORE_EXPLORE_H

#include <fm/site.h>
#include <glib.h>
#include <signal.h>
#include <sim/machine.h>

G_BEGIN_DECLS

#define SIM_EXPLORE_THREADS 16u  /* most threads of a program */
#define SIM_EXPLORE_STEPS   250u /* most atomic accesses of one thread in one execution */

enum sim_explore_model {
  SIM_EXPLORE_C11, /* C11 without consume, without load buffering: RC11 */
  SIM_EXPLORE_SC,  /* one order of all accesses */
  SIM_EXPLORE_TSO, /* a store buffer for each CPU: x86 */
  SIM_EXPLORE_MODELS,
};

/* "c11", "sc", "tso". */
const char *sim_explore_model_name(enum sim_explore_model model);
/* False: no model of that name. */
bool sim_explore_model_of(const char *name, enum sim_explore_model *ret);
/* What it does not include, a sentence or two for the user. */
const char *sim_explore_model_limits(enum sim_explore_model model);

enum sim_explore_races {
  SIM_EXPLORE_RACES_STOP,     /* a data race is a finding, and the end of that execution */
  SIM_EXPLORE_RACES_CONTINUE, /* ... and the execution goes on; plain accesses branch */
};

/* ---- A program ---- */

struct sim_explore_thread {
  const char *name; /* for messages; borrowed */
  uint32_t cpu;
  void (*body)(void *data);
  void *data;
};

typedef struct sim_explore sim_explore; /* a search under way */
typedef struct sim_execution sim_execution;

/*
 * Looks at a complete execution, when all threads have ended and RAM holds the last value of
 * each location.  True: all is well.  False: a finding, and `text`, empty before, says what.
 * `execution` (its accesses and their values) is valid until it returns; ask for it only if
 * needed, with sim_explore_look().
 */
typedef bool (*sim_explore_judge)(sim_explore *explore, GString *text, void *data);

struct sim_explore_program {
  sim_machine *machine; /* NULL: only litmus tests, on aligned words of their own */
  const struct sim_explore_thread *threads;
  uint32_t nr_threads;
  void (*reset)(void *data); /* before each execution; may be NULL */
  sim_explore_judge judge;   /* may be NULL */
  void *data;                /* of both */
};

struct sim_explore_options {
  enum sim_explore_model model;
  enum sim_explore_races races;
  bool all;             /* go on after the first finding, and find the shortest */
  bool bounded;         /* at most `preemptions` times a thread that could go on has to wait */
  uint32_t preemptions; /* ... instead of everything */
  bool random;          /* `executions` executions at random, from `seed`, instead of everything */
  uint64_t seed;
  uint32_t weak_fail; /* so often in an execution a weak compare-exchange fails for no reason */
  uint32_t retries;   /* so often a thread may try again after get's compare-exchange failed */
  uint32_t workers;   /* processes; 0: as many as the host has cores */
  /* Limits; 0: none. */
  uint64_t executions;
  double seconds;
  uint32_t steps; /* accesses of one execution, all threads; 0: SIM_EXPLORE_STEPS for each */
  /* Variants. */
  uint8_t order[FM_SITE_COUNT];     /* enum fm_order + 1: instead of the site's own; 0: as it is */
  bool no_fence[FM_SITE_COUNT];     /* this fence is left out */
  volatile sig_atomic_t *interrupt; /* not 0: stop soon; may be NULL */
};

/* C11, races stop, first finding, no limits, one worker. */
void sim_explore_options_init(struct sim_explore_options *options);

/* ---- Executions ---- */

/* One entry of a schedule: the thread goes on until it has done an access at `site`. */
struct sim_explore_token {
  uint8_t thread;
  uint16_t site; /* enum fm_site; FM_SITE_COUNT: to its end, or until it blocks */
  /* Not the usual one: a read that reads the write `back` places before the newest one, a store
   * that goes `back` places before it.  0 for everything that lies between two tokens. */
  uint16_t back;
  bool fails; /* a weak compare-exchange fails for no reason */
};

enum {
  SIM_EXECUTION_INITIAL = -1, /* reads what was there before */
  SIM_EXECUTION_NOTHING = -2, /* does not read */
};

struct sim_execution_event {
  uint8_t thread;
  uint16_t site; /* enum fm_site */
  uint8_t kind;  /* enum fm_access_kind */
  uint8_t order; /* enum fm_order, after variants */
  bool atomic;   /* part of the graph; else a plain access or a step */
  bool reads;
  bool writes;      /* a compare-exchange that failed does not */
  bool fails;       /* a weak compare-exchange that failed for no reason */
  uint16_t back;    /* as in the token */
  void *where;      /* process address */
  uint32_t size;    /* bytes */
  uint64_t read;    /* value that was there (atomics, and plain words) */
  uint64_t written; /* value that is there now */
  int32_t from;     /* index of the event that it reads from, or one of the two above */
  uint32_t mo;      /* writes: place in the order of this location's writes, from 1 */
};

enum sim_explore_kind {
  SIM_EXPLORE_NOTHING,
  SIM_EXPLORE_JUDGED,    /* the judge said so */
  SIM_EXPLORE_RACE,      /* two conflicting accesses, one of them plain, unordered */
  SIM_EXPLORE_PANIC,     /* the simulated kernel ended, or reached for what is not mapped */
  SIM_EXPLORE_ASSERTION, /* a debug assertion of the kernel side */
  SIM_EXPLORE_DEADLOCK,  /* all threads that are left wait */
};

struct sim_explore_finding {
  enum sim_explore_kind kind;
  char *text;    /* one line; owned */
  int32_t first; /* race: both accesses, as indices of events; else -1 */
  int32_t second;
};

/* An execution, written down.  Events stand in an order in which they may have happened: each
 * after those before it in its thread, and after the write that it reads from. */
struct sim_execution {
  struct sim_execution_event *events;
  uint32_t nr_events;
  struct sim_explore_token *tokens; /* that give this execution again; NULL while judged */
  uint32_t nr_tokens;
  uint16_t blocked[SIM_EXPLORE_THREADS]; /* site that the thread waits at; FM_SITE_COUNT: none */
  bool complete;                         /* every thread has ended */
  struct sim_explore_finding finding;
};

sim_execution *sim_execution_free(sim_execution *execution);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_execution, sim_execution_free)

/* For `judge`: the execution so far, atomic accesses only; valid until the judge returns. */
const sim_execution *sim_explore_look(sim_explore *explore);

/* For `judge`: a hash that two executions of one program share if and only if (but for chance)
 * they agree in reads-from and in the order of writes to each location. */
uint64_t sim_explore_hash(sim_explore *explore);

/* ---- Searching ---- */

enum sim_explore_verdict {
  SIM_EXPLORE_HELD,     /* everything was searched, and nothing found */
  SIM_EXPLORE_VIOLATED, /* something was found */
  SIM_EXPLORE_LIMIT,    /* nothing was found, but not everything was searched */
};

/* "held", "violated", "limit". */
const char *sim_explore_verdict_name(enum sim_explore_verdict verdict);

struct sim_explore_result {
  enum sim_explore_verdict verdict;
  uint64_t complete;  /* executions in which all threads ended */
  uint64_t blocked;   /* ... in which one waits at the end; the same but for what a failed
                       * compare-exchange read count once */
  uint64_t redundant; /* executions that were met again */
  uint64_t distinct;  /* complete executions that differ in reads-from or in the order of writes */
  uint64_t runs;      /* how often the program was run, in part or in whole */
  uint64_t findings;  /* executions with a finding: at most 1 without `all` */
  double seconds;
  const char *limit;    /* "executions", "seconds", "steps", "interrupt", "preemptions", "random";
                         * NULL: none was reached */
  sim_execution *first; /* first finding, in the order of the search; owned, or NULL */
  sim_execution *shortest; /* the one with the fewest tokens; owned, or NULL */
};

void sim_explore_result_clear(struct sim_explore_result *result);

/* False: the program cannot be searched (too many threads, no memory, does not repeat itself). */
bool sim_explore_run(const struct sim_explore_program *program,
                     const struct sim_explore_options *options, struct sim_explore_result *ret,
                     GError **error);

/*
 * Runs the one execution that these tokens describe.  After the last token each thread goes on
 * to its end, in their order.  NULL and SIM_ERROR_USAGE: the tokens do not fit; *ret_position is
 * the index of the first that does not, and the error says why.  Of `options` model, races,
 * weak_fail, retries and variants count.
 */
sim_execution *sim_explore_replay(const struct sim_explore_program *program,
                                  const struct sim_explore_options *options,
                                  const struct sim_explore_token *tokens, uint32_t nr_tokens,
                                  uint32_t *ret_position, GError **error);

/*
 * Told of every access of a replay after it was done, in the order of the execution, with the
 * machine as it is then: for histories.  Not during a search.
 */
typedef void (*sim_explore_watch)(const struct fm_access *access, uint32_t thread, void *data);
void sim_explore_set_watch(sim_explore_watch watch, void *data);

G_END_DECLS

#endif
