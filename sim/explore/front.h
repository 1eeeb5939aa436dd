/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Exploring a script: what stands before its first thread group runs once, then the group is
 * searched, and what came of it becomes text for people and fields for JSON.
 *
 * One at a time in a process, because there is one machine.
 */
#ifndef SIM_EXPLORE_FRONT_H
#define SIM_EXPLORE_FRONT_H

#include "sim/explore/explore.h"
#include "sim/player/document.h"
#include "sim/script/run.h"

/* Which fields of the options were given from outside, and win over the script's. */
enum sim_front_given {
  SIM_FRONT_MODEL = 1 << 0,
  SIM_FRONT_PREEMPTIONS = 1 << 1,
  SIM_FRONT_WEAK_FAIL = 1 << 2,
  SIM_FRONT_RETRIES = 1 << 3,
  SIM_FRONT_RACES = 1 << 4,
  SIM_FRONT_EXECUTIONS = 1 << 5,
  SIM_FRONT_SECONDS = 1 << 6,
  SIM_FRONT_STEPS = 1 << 7,
};

struct sim_front_options {
  struct sim_explore_options search; /* `all` false: stop at the first finding */
  guint given;                       /* enum sim_front_given */
  const char *schedule;              /* run this one execution; or NULL */
  sim_player *player; /* takes the execution that is shown first: the finding's, a witness, or that
                       * of the schedule; borrowed, or NULL */
  const char *again;  /* "framesim explore x.fms": how to run it again; or NULL */
};

/* One access of a race. */
struct sim_front_access {
  char *thread;
  char *place; /* "x.fms:12" */
  const char *site;
  const char *order;
  bool writes;
};

/* A `sometimes` of the script. */
struct sim_front_witness {
  char *place;
  char *text; /* the condition */
  bool seen;
  char *schedule; /* of an execution in which it came true; or NULL */
};

struct sim_front_report {
  bool explored; /* false: the script has no threads, or an error, which was reported */
  enum sim_explore_verdict verdict;
  struct sim_explore_options options; /* as they were used */
  uint64_t complete, blocked, redundant, distinct, runs, findings;
  double seconds;
  const char *variant; /* of the museum; or NULL */
  const char *limit;   /* or NULL */
  bool played;         /* the player has an execution */
  bool one;            /* only the one execution of a schedule */
  const char *kind;    /* of the finding: "race", "panic", ...; NULL: none */
  char *text;          /* of the finding */
  char *place;         /* of the command, or NULL */
  char *schedule;      /* that gives it again */
  GArray *accesses;    /* struct sim_front_access */
  GArray *witnesses;   /* struct sim_front_witness */
  GString *table;      /* for people: the failing execution, witnesses, what was left out */
  GError *error;       /* a schedule that does not fit, or a search that failed; or NULL */
};

void sim_front_report_clear(struct sim_front_report *report);

/* Runs the script up to its threads and explores them.  `run_options` are those of a run; its
 * messages go to their sink.  Returns what the run said: HELD unless the part before the
 * threads failed. */
enum sim_verdict sim_front_explore(const sim_script *script,
                                   const struct sim_run_options *run_options,
                                   const struct sim_front_options *options,
                                   struct sim_front_report *ret);

#endif
