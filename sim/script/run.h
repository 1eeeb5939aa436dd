/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Running a script: from its tree to a verdict.
 *
 * Each executed command is a step, numbered from 1.  A run ends at the script's end, at
 * `end`, at the step asked for, at a script error, or after 20 findings.  Afterwards the
 * machine still stands and can be looked at until sim_run_free().
 *
 * Text for people goes to a sink, one whole line or message at a time; nothing is printed
 * here.  One run at a time in a process, because there is one machine.
 */
#ifndef SIM_SCRIPT_RUN_H
#define SIM_SCRIPT_RUN_H

#include <glib.h>
#include <signal.h>
#include <sim/machine.h>

#include "sim/contract/checker.h"
#include "sim/script/ast.h"
#include "sim/script/parse.h"

typedef struct sim_run sim_run;

enum sim_verdict {
  SIM_VERDICT_HELD,     /* everything expected came true */
  SIM_VERDICT_VIOLATED, /* at least one finding */
  SIM_VERDICT_UNUSABLE, /* the script cannot be used */
  SIM_VERDICT_LIMIT,    /* the host cannot hold the machine */
  SIM_VERDICT_NO_BOOT,  /* the machine cannot boot */
  SIM_VERDICT_INTERRUPTED,
  SIM_VERDICT_INPUT, /* a map or a RAM file that it names cannot be used */
};

enum sim_text_kind {
  SIM_TEXT_STEP,     /* what a step did */
  SIM_TEXT_OUTPUT,   /* what `show` and `note` say */
  SIM_TEXT_QUESTION, /* what `ask` asks, and the answer */
  SIM_TEXT_POINT,    /* one access, if points are wanted */
  SIM_TEXT_MESSAGE,  /* an error or a finding */
};

/* Somebody who follows a run.  Called on the stack of whoever runs the step, with the run as
 * it stands then; interp.h says what can be looked at.  Each may be NULL. */
struct sim_run_watcher {
  void (*begin)(sim_run *run, void *data);                                  /* a step begins */
  void (*access)(sim_run *run, const struct fm_access *access, void *data); /* has been made */
  void (*end)(sim_run *run, void *data);     /* the step has ended, or was broken off */
  void (*between)(sim_run *run, void *data); /* between two commands, steps or not */
  /* The allocator did this (fm_hook_memory()); the boot is left out. */
  void (*memory)(sim_run *run, enum fm_memory_event event, fm_paddr start, uint64_t size,
                 void *data);
  void *data;
  bool needs_hooks; /* `access` or `memory` is to be called in every step */
  const struct sim_run_watcher *next;
};

enum sim_build { SIM_BUILD_AUTO, SIM_BUILD_NATIVE, SIM_BUILD_INSTRUMENTED };

/* What a run does at `ask`: question.h. */
struct sim_question;

struct sim_run_options {
  uint64_t seed;
  bool seed_given;            /* else the script's own, else 0 */
  uint64_t until_step;        /* 0: to the end */
  const char *until_point;    /* within that step; NULL: after it */
  enum sim_build build;       /* AUTO: native until something needs the hooks */
  bool points;                /* report every access */
  enum sim_check_level check; /* of the contract; OFF costs nothing */
  bool check_given;           /* else `machine { check ... }` may say otherwise */
  const char *ram_file;       /* NULL: memory */
  uint32_t handles;           /* room for so many durable ones; 0: none is */
  bool resume;                /* go on with the machine in ram_file */
  const char *variant;        /* of the museum; over the script's own; or NULL */
  const sim_script *schedule; /* sim_run_parse_schedule(); over the script's; or NULL */
  const char *const *defines; /* "NAME=value", NULL-terminated; or NULL */
  const volatile sig_atomic_t *interrupted; /* not 0: stop before the next command; or NULL */
  const struct sim_run_watcher *watchers;   /* borrowed; or NULL */
  /* Instead of running a thread group: told of its first thread; the script ends there if it
   * is not the answer true.  NULL: threads run. */
  bool (*group)(sim_run *run, const struct sim_command *first, void *data);
  void *group_data;
  bool hide_answers; /* of questions that nobody is asked */
  /* Gets an answer (owned by the run then) from somebody; NULL: there is none.  Without it,
   * questions are told with their answers. */
  char *(*ask)(const struct sim_question *question, void *data);
  void *ask_data;
  void (*sink)(enum sim_text_kind kind, const char *text, void *data);
  void *sink_data;
};

/* What stands in the tables of the language: sim_script_load(path, sim_run_verbs(),
 * sim_run_queries, ...). */
const struct sim_verb_syntax *sim_run_verbs(void);
extern const char *const sim_run_queries[];

/* What a verb does, for people: some lines; NULL if it has no more to say than its summary. */
const char *sim_run_verb_help(const char *verb);

/* Whether the words of a script mean something: error and type names, states, points,
 * threads, parameters given from outside.  Messages are added to `errors`, which is empty at
 * first; at most SIM_SCRIPT_ERRORS, and one that says that there are more. */
bool sim_run_lint(const sim_script *script, const char *const *defines, GPtrArray *errors);

/* A schedule that is given from outside, as in `A:drop.dec B:*`; it replaces those of all
 * thread groups.  NULL: messages were added to `errors`.  `source` is borrowed by the result; its
 * text is made by sim_run_schedule_source(). */
sim_source *sim_run_schedule_source(const char *text);
sim_script *sim_run_parse_schedule(const sim_source *source, GPtrArray *errors);

/* The script is borrowed and was linted; options are copied, their strings borrowed. */
sim_run *sim_run_new(const sim_script *script, const struct sim_run_options *options);
sim_run *sim_run_free(sim_run *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_run, sim_run_free)

/* Once. */
enum sim_verdict sim_run_execute(sim_run *run);

/* One finding. */
struct sim_run_found {
  const char *kind; /* "FAILED", "VIOLATED" or "LEAK" */
  char *place;      /* "file:line:col" */
  char *text;
  const char *clause; /* its id: static; NULL: none of the contract */
  uint64_t step;
  bool has_frame;
  uint64_t frame; /* physical address */
};

/* All findings, struct sim_run_found, in the order in which they were made; borrowed. */
const GArray *sim_run_found(const sim_run *run);

/* All questions so far, struct sim_question, in their order; borrowed. */
const GArray *sim_run_questions(const sim_run *run);

/* Whether the script or these options need the instrumented build. */
bool sim_run_needs_hooks(const sim_script *script, const struct sim_run_options *options);

struct sim_run_summary {
  uint64_t steps;
  uint64_t expectations; /* that were looked at */
  uint64_t findings;
  uint64_t seed;
  const char *build;   /* "native", "instrumented" or "none" */
  bool stopped_early;  /* by until_step */
  bool waits;          /* a schedule could not go on: a thread waits for one that rests */
  const char *title;   /* or NULL */
  const char *variant; /* of the machine that was booted last; NULL: the present form */
};

void sim_run_summary(const sim_run *run, struct sim_run_summary *ret);

/* The machine, or NULL if none was booted. */
const sim_machine *sim_run_machine(const sim_run *run);

#endif
