/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A thread group of a script in a form that can be run hundreds of thousands of times a
 * second: operations on numbered variables, executed by a small interpreter that allocates
 * nothing and touches no GLib.
 *
 * What stands before the group has run already, once, in the script's own interpreter.  The
 * handles that it left, and those that the threads make, are variables here.  Each variable
 * belongs to one thread; a handle from before the group may also be read by several.  So
 * threads share nothing but simulated RAM, and what one does depends only on what it read
 * there.  Everything on the host's side is put back by one memcpy.
 *
 * The rest of the script, as far as it consists of conditions, is looked at when all threads
 * have ended, by sim_program_judge().
 *
 * A step after a get or a claim that failed runs only if the names that it uses are bound.
 *
 * One program at a time in a process; not for several host threads.
 */
#ifndef SIM_EXPLORE_PROGRAM_H
#define SIM_EXPLORE_PROGRAM_H

#include <fm/ops.h>

#include "sim/script/interp.h"

enum {
  SIM_PROGRAM_THREADS = 16,
  SIM_PROGRAM_VARS = 64,
  SIM_PROGRAM_OPS = 1024,   /* of all threads */
  SIM_PROGRAM_NODES = 1024, /* of all expressions */
  SIM_PROGRAM_FRAMES = 64,  /* that are looked at in the end */
  SIM_PROGRAM_CONDITIONS = 32,
  SIM_PROGRAM_PLACES = 64,
  SIM_PROGRAM_NONE = -1, /* no variable, no node */
};

/* ---- Variables ---- */

enum sim_program_state {
  SIM_PROGRAM_FREE,  /* not bound, or not any more */
  SIM_PROGRAM_BOUND, /* owns or borrows, or holds a value */
};

struct sim_program_var {
  enum sim_program_state state;
  enum sim_handle_kind kind;
  bool is_value;
  bool is_word;   /* `number` is the address of an interned word */
  fm_paddr frame; /* as in struct sim_handle */
  uint64_t size;
  union {
    uint64_t number;
    struct fm_list list;
    struct fm_cursor cursor;
    struct fm_reader reader;
    struct fm_writer writer;
  };
};

/* ---- Expressions ---- */

enum sim_program_query {
  SIM_PROGRAM_NO_QUERY,
  SIM_PROGRAM_REFCOUNT,
  SIM_PROGRAM_STATE,
  SIM_PROGRAM_TYPE,
  SIM_PROGRAM_IN_LIST,
  SIM_PROGRAM_HOLDERS,
  SIM_PROGRAM_SIZE,
  SIM_PROGRAM_LENGTH,
  SIM_PROGRAM_IS_BOUND,
};

enum sim_program_node_kind {
  SIM_PROGRAM_CONSTANT, /* `number`, which may be a word */
  SIM_PROGRAM_VALUE,    /* of a variable: its number or word, else its address */
  SIM_PROGRAM_QUERY,    /* `query` of operand a, which is an address or a variable */
  SIM_PROGRAM_OPERATOR, /* `op` of a and b */
};

struct sim_program_node {
  enum sim_program_node_kind kind;
  enum sim_program_query query;
  enum sim_op op;
  bool is_word;
  uint64_t number;
  int var;  /* SIM_PROGRAM_VALUE, or the operand of a query that wants the variable itself */
  int a, b; /* nodes */
};

/* ---- Operations ---- */

enum sim_program_code {
  SIM_PROGRAM_CLAIM,
  SIM_PROGRAM_GET,
  SIM_PROGRAM_CLONE,
  SIM_PROGRAM_DROP,
  SIM_PROGRAM_UNIQUE,
  SIM_PROGRAM_SHARED,
  SIM_PROGRAM_REPURPOSE,
  SIM_PROGRAM_RESET,
  SIM_PROGRAM_INTO_RAW,
  SIM_PROGRAM_FROM_RAW,
  SIM_PROGRAM_READ_META,
  SIM_PROGRAM_WRITE_META,
  SIM_PROGRAM_ALLOC,
  SIM_PROGRAM_ALLOC_SEGMENT,
  SIM_PROGRAM_TYPED,
  SIM_PROGRAM_UNTYPED,
  SIM_PROGRAM_RENAME, /* the same handle, seen otherwise: dynamic, segment from */
  SIM_PROGRAM_BORROW,
  SIM_PROGRAM_SEGMENT,
  SIM_PROGRAM_SLICE,
  SIM_PROGRAM_SPLIT,
  SIM_PROGRAM_NEXT,
  SIM_PROGRAM_LIST,
  SIM_PROGRAM_PUSH,
  SIM_PROGRAM_POP,
  SIM_PROGRAM_CONTAINS,
  SIM_PROGRAM_CURSOR,
  SIM_PROGRAM_MOVE, /* a cursor, one place */
  SIM_PROGRAM_TAKE,
  SIM_PROGRAM_INSERT,
  SIM_PROGRAM_OPEN, /* a reader or writer */
  SIM_PROGRAM_READ,
  SIM_PROGRAM_WRITE,
  SIM_PROGRAM_COPY,
  SIM_PROGRAM_SKIP,
  SIM_PROGRAM_LIMIT,
  SIM_PROGRAM_MAP, /* a frame into the address space of a process */
  SIM_PROGRAM_UNMAP,
  SIM_PROGRAM_EXPECT,       /* a condition */
  SIM_PROGRAM_EXPECT_BEGIN, /* an error of what follows */
  SIM_PROGRAM_EXPECT_END,
};

struct sim_program_op {
  enum sim_program_code code;
  const struct sim_command *command;
  int handle; /* variables, or SIM_PROGRAM_NONE */
  int other;
  int bind;
  int error;     /* receives the answer */
  bool tolerant; /* an error is no finding */
  bool unique;
  bool back;
  bool dirty;
  int address; /* nodes, or SIM_PROGRAM_NONE */
  int number;
  int third;
  enum sim_handle_kind kind; /* of what is made */
  fm_meta_id type;
  uint8_t meta[FM_META_MAX_SIZE];
  uint64_t item;    /* bytes of a number; rights of a mapping */
  const char *word; /* the error that is expected: interned */
  guint end;        /* EXPECT_BEGIN: index of its EXPECT_END */
};

/* ---- What went wrong in an execution ---- */

enum sim_program_fault {
  SIM_PROGRAM_GOOD,
  SIM_PROGRAM_ERROR,       /* a command answered an error that nobody expected */
  SIM_PROGRAM_NO_ERROR,    /* an error was expected, and the command succeeded */
  SIM_PROGRAM_OTHER_ERROR, /* another one was expected */
  SIM_PROGRAM_CONDITION,   /* a condition did not hold */
  SIM_PROGRAM_COUNT,       /* a count is not the number of its holders */
  SIM_PROGRAM_SLOT,        /* a slot breaks a rule at rest: `slot_fault` */
  SIM_PROGRAM_TOO_MANY,    /* more frames than can be looked at */
};

struct sim_program_failure {
  enum sim_program_fault fault;
  int thread;                        /* SIM_PROGRAM_NONE: in the end */
  const struct sim_command *command; /* NULL: none */
  const char *error;                 /* the answer */
  fm_paddr frame;                    /* COUNT, SLOT */
  uint64_t count;
  uint64_t holders;
  enum fm_slot_fault slot_fault;
};

/* ---- The program ---- */

enum sim_program_mode {
  SIM_PROGRAM_ALWAYS,
  SIM_PROGRAM_NEVER,
  SIM_PROGRAM_SOMETIMES,
};

struct sim_program_condition {
  enum sim_program_mode mode;
  const struct sim_command *command;
  int node;
  bool now; /* SIM_PROGRAM_SOMETIMES: it came true in the execution just judged */
};

struct sim_program_thread {
  struct sim_program *program;
  int index;
  const char *name; /* the script's */
  uint32_t cpu;
  const struct sim_command *command;
  guint first, end;   /* its operations */
  guint at;           /* the one under way */
  const char *answer; /* of the last one; NULL: it succeeded */
  bool expecting;
  guint jump; /* where an expected error goes on */
};

/* An address of a process at which a page may be mapped. */
struct sim_program_place {
  fm_paddr root;
  uint64_t va;
};

struct sim_program {
  sim_run *run;
  const struct fm_ops *ops;
  struct fm_kernel *kernel;
  guint n_threads, n_vars, n_ops, n_nodes, n_conditions;
  struct sim_program_thread threads[SIM_PROGRAM_THREADS];
  struct sim_program_var vars[SIM_PROGRAM_VARS];
  struct sim_program_var initial[SIM_PROGRAM_VARS];
  char *names[SIM_PROGRAM_VARS]; /* owned */
  struct sim_program_op *op;     /* n_ops of them */
  struct sim_program_node *node;
  struct sim_program_condition conditions[SIM_PROGRAM_CONDITIONS];
  guint n_frames, n_initial_frames;
  fm_paddr frames[SIM_PROGRAM_FRAMES];
  uint64_t others[SIM_PROGRAM_FRAMES]; /* references that no variable holds, at the start */
  bool too_many_frames;
  guint n_places;
  struct sim_program_place places[SIM_PROGRAM_PLACES];
  struct sim_program_failure failure; /* the first one of this execution */
  const char *answers[FM_GET_ERRORS]; /* interned words */
  const char *alloc_answers[FM_ALLOC_INVALID_ARGS + 1];
  const char *pt_answers[FM_PT_MAPPED + 1];
  const char *none; /* the word */
  const char *states[FM_STATE_ILLEGAL + 1];
  const char *types[FM_META_TYPES_MAX];
  const struct sim_command *rest; /* what is neither thread nor condition; or NULL */
};

/* Compiles the threads from `first` on (a schedule behind them is left out) and the conditions
 * that follow.  NULL: reported, with the place; the run is over then. */
struct sim_program *sim_program_compile(sim_run *run, const struct sim_command *first);
struct sim_program *sim_program_free(struct sim_program *program);

/* Before each execution: the host's side is as it was after compiling. */
void sim_program_reset(struct sim_program *program);

/* What a thread does; on its own fiber and CPU.  May be abandoned at any access. */
void sim_program_body(struct sim_program_thread *thread);

/* After all threads have ended: looks at slots, counts and conditions.  The first failure, or
 * NULL.  Also notes which `sometimes` came true. */
const struct sim_program_failure *sim_program_judge(struct sim_program *program);

/* One sentence for people, newly allocated; and the frame that it is about. */
char *sim_program_failure_text(const struct sim_program *program,
                               const struct sim_program_failure *failure);

/* ---- For compile*.c and execute.c ---- */

/* The value of the node `index`.  `hooked`: reads of slots are accesses of the thread. */
uint64_t sim_program_value(const struct sim_program *program, int index, bool hooked);

/* Whether every variable that a node needs is bound; true for SIM_PROGRAM_NONE.  An answer that
 * was not given is the word `none`. */
bool sim_program_is_known(const struct sim_program *program, int node);

/* The frame will be looked at in the end. */
void sim_program_note_frame(struct sim_program *program, fm_paddr frame);

/* How often the places of processes show the frame now. */
uint64_t sim_program_mappings(const struct sim_program *program, fm_paddr frame);

/* How many references to the frame the variables and these places own now. */
uint64_t sim_program_holders(const struct sim_program *program, fm_paddr frame);

#endif
