/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From the commands of threads to a program (sim/explore/program.h).  Internal to
 * sim/explore: compile.c walks the threads, compile_names.c knows the variables,
 * compile_expr.c makes nodes, compile_verbs.c operations.
 *
 * What is wrong is reported with its place, once, by sim_run_error(); then everything
 * returns false up to sim_program_compile().
 */
#ifndef SIM_EXPLORE_COMPILE_H
#define SIM_EXPLORE_COMPILE_H

#include "sim/explore/program.h"

/* What is known of a name at a place of a thread, before anything runs. */
enum sim_name_state {
  SIM_NAME_UNBOUND, /* not yet, or not any more */
  SIM_NAME_BOUND,
  SIM_NAME_MAYBE, /* that depends on an answer */
};

struct sim_name {
  enum sim_name_state state;
  enum sim_handle_kind kind;
  uint32_t type;
  bool is_value;
  bool from_before;       /* a handle from before the threads */
  uint32_t readers;       /* bit for each thread that reads it */
  int owner;              /* the thread that binds, changes or consumes it; NONE: none yet */
  struct sim_place place; /* where it was last bound or consumed */
};

struct sim_compiler {
  sim_run *run;
  struct sim_program *program;
  GHashTable *by_name; /* name (borrowed from the program) -> variable + 1 */
  struct sim_name names[SIM_PROGRAM_VARS];
  int thread;     /* being compiled; NONE: conditions in the end */
  bool expecting; /* inside of `expect error` */
};

/* ---- compile_names.c ---- */

/* How a command uses the handle that it names. */
enum sim_use {
  SIM_USE_READ,    /* several threads may */
  SIM_USE_CHANGE,  /* this thread only */
  SIM_USE_CONSUME, /* and then it is gone */
};

/* The variable of this name, made from a handle of the run if there is none yet; NONE: the
 * name stands for nothing here. */
int sim_compile_find(struct sim_compiler *c, const char *name);

/* "f" or "a[3]" of an expression; NULL: reported. */
char *sim_compile_name(struct sim_compiler *c, const char *name, const struct sim_expr *index);

/* The variable of a handle of one of these kinds; NONE: reported. */
int sim_compile_handle(struct sim_compiler *c, const struct sim_command *command, const char *slot,
                       guint kinds, enum sim_use use);
int sim_compile_handle_expr(struct sim_compiler *c, const struct sim_command *command,
                            const struct sim_expr *expr, guint kinds, enum sim_use use);

/* `drop any POOL`: the only handle that this thread can have put there, or NONE.  False: there
 * may be several, which was reported. */
bool sim_compile_any(struct sim_compiler *c, const struct sim_arg *arg, int *ret);

/* Binds what `->` names, if the command has one, to a handle of that kind; fails if it cannot
 * be bound.  `fallible`: it may come to nothing. */
bool sim_compile_bind(struct sim_compiler *c, const struct sim_command *command, bool fallible,
                      enum sim_handle_kind kind, uint32_t type, int *ret);
bool sim_compile_bind_name(struct sim_compiler *c, struct sim_place place, const char *name,
                           const struct sim_name *made, int *ret);

/* The value behind `or`; *ret NONE if there is none. */
bool sim_compile_error_name(struct sim_compiler *c, const struct sim_command *command, int *ret,
                            bool *ret_tolerant);

/* ---- compile_expr.c ---- */

/* A number or an address; a condition. */
bool sim_compile_expr(struct sim_compiler *c, const struct sim_expr *expr, int *ret);
bool sim_compile_condition(struct sim_compiler *c, const struct sim_expr *expr, int *ret);

/* ---- compile_args.c ---- */

/* A new operation for this command; NULL: there are too many, reported. */
struct sim_program_op *sim_compile_op(struct sim_compiler *c, const struct sim_command *command,
                                      enum sim_program_code code);

/* Arguments; one that is not there is no mistake. */
bool sim_compile_node(struct sim_compiler *c, const struct sim_command *command, const char *slot,
                      int *ret);
bool sim_compile_range(struct sim_compiler *c, const struct sim_command *command,
                       struct sim_program_op *op);
bool sim_compile_type(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op);
bool sim_compile_use(struct sim_compiler *c, const struct sim_command *command,
                     struct sim_program_op *op, guint kinds, enum sim_use use);
struct sim_name *sim_compile_info(struct sim_compiler *c, int var);

/* Results: the answer; the answer and the name of a new handle; the handle as another one. */
bool sim_compile_answer(struct sim_compiler *c, const struct sim_command *command,
                        struct sim_program_op *op);
bool sim_compile_result(struct sim_compiler *c, const struct sim_command *command,
                        struct sim_program_op *op, enum sim_handle_kind kind, uint32_t type);
bool sim_compile_convert(struct sim_compiler *c, const struct sim_command *command,
                         struct sim_program_op *op, enum sim_handle_kind kind, uint32_t type);

/* ---- compile_more.c: verbs ---- */

bool sim_compile_segment(struct sim_compiler *c, const struct sim_command *command,
                         struct sim_program_op *op);
bool sim_compile_cut(struct sim_compiler *c, const struct sim_command *command,
                     struct sim_program_op *op);
bool sim_compile_next(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op);
bool sim_compile_list(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op);
bool sim_compile_put(struct sim_compiler *c, const struct sim_command *command,
                     struct sim_program_op *op);
bool sim_compile_take(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op);
bool sim_compile_contains(struct sim_compiler *c, const struct sim_command *command,
                          struct sim_program_op *op);
bool sim_compile_cursor(struct sim_compiler *c, const struct sim_command *command,
                        struct sim_program_op *op);
bool sim_compile_prev(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op);
bool sim_compile_open(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op);
bool sim_compile_read(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op);
bool sim_compile_write(struct sim_compiler *c, const struct sim_command *command,
                       struct sim_program_op *op);
bool sim_compile_copy(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op);
bool sim_compile_skip(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op);
bool sim_compile_map(struct sim_compiler *c, const struct sim_command *command,
                     struct sim_program_op *op);
bool sim_compile_unmap(struct sim_compiler *c, const struct sim_command *command,
                       struct sim_program_op *op);

/* ---- compile_verbs.c ---- */

bool sim_compile_verb(struct sim_compiler *c, const struct sim_command *command);

#endif
