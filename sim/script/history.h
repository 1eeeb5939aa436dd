/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A run that can be stopped, looked at, and taken back: the model of a debugger, without
 * its prompt.
 *
 *   new -> at the start -> step, until, go, back ... -> at the end (which can be left with back)
 *
 * The script runs on a stack of its own and is stopped within: after an access, at the end
 * of a step, or between two commands when it is interrupted.  The machine then stands as it
 * is at that place, and everything that only looks may look.
 *
 * Going back is running anew: a run is deterministic, so the run is thrown away, started
 * again and stopped at the place wanted, with its text suppressed.  A place is a number of
 * accesses and ends of steps, in the instrumented build always, so it is exact.  Maps are
 * read again then; a map file that changes meanwhile makes another run.
 *
 * Calls come from one thread, and one history exists at a time (it has the machine).  Text
 * goes to the sink of the options, while the call that causes it is under way.
 */
#ifndef SIM_SCRIPT_HISTORY_H
#define SIM_SCRIPT_HISTORY_H

#include "sim/script/why.h"

typedef struct sim_history sim_history;

enum sim_stop {
  SIM_STOP_START,       /* nothing was run yet */
  SIM_STOP_STEP,        /* a step has ended */
  SIM_STOP_POINT,       /* an access was made, in the middle of a step */
  SIM_STOP_END,         /* the run is over */
  SIM_STOP_INTERRUPTED, /* somewhere between two commands */
};

/* Where the run is stopped. */
struct sim_history_place {
  enum sim_stop stop;
  uint64_t done;                     /* steps that have ended */
  uint64_t step;                     /* the last one that did anything; 0: none */
  const struct sim_command *command; /* of it; NULL: none */
  const char *thread;                /* that runs it: "main", or the script's label */
  uint32_t cpu;
  enum fm_site site;        /* its last point; FM_SITE_COUNT: it has ended */
  guint breakpoint;         /* the number of the one that stopped it; 0: none */
  char before[96];          /* a frame's breakpoint: what the slot was, and is */
  char after[96];           /* "" if it was none */
  enum sim_verdict verdict; /* at the end */
};

/* A step that has begun and not ended: of a thread that rests, or the one that is stopped. */
struct sim_history_step {
  uint64_t step;
  const struct sim_command *command;
  const char *thread;
  uint32_t cpu;
  enum fm_site site; /* its last point; FM_SITE_COUNT: none yet */
};

/* The script is borrowed and was linted.  Of the options, until, build and watchers are not
 * looked at; `interrupted` stops the run between two commands, and the caller clears it. */
sim_history *sim_history_new(const sim_script *script, const struct sim_run_options *options);
sim_history *sim_history_free(sim_history *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_history, sim_history_free)

const struct sim_history_place *sim_history_place(const sim_history *history);

/* Of struct sim_history_step, by number; borrowed until the next move. */
const GArray *sim_history_under_way(const sim_history *history);

/* For looking only; NULL: no machine was booted. */
const sim_machine *sim_history_machine(const sim_history *history);

void sim_history_summary(const sim_history *history, struct sim_run_summary *ret);

/* ---- Moving.  Each returns when the run is stopped again, there or earlier ---- */

/* Until `steps` more steps have ended. */
void sim_history_step(sim_history *history, uint64_t steps);

/* To the next breakpoint. */
void sim_history_go(sim_history *history);

/* Until that step has ended, or (site not FM_SITE_COUNT) made an access there.  False: it
 * has ended already, and nothing was done. */
bool sim_history_until(sim_history *history, uint64_t step, enum fm_site site);

/* To where `steps` fewer steps had ended; in the middle of a step the first one back is the
 * end of the step before.  Beyond the start is the start. */
void sim_history_back(sim_history *history, uint64_t steps);

/* ---- Breakpoints: where `step`, `until` and `go` stop too ---- */

enum sim_break_kind { SIM_BREAK_STEP, SIM_BREAK_POINT, SIM_BREAK_FRAME };

struct sim_breakpoint {
  guint number; /* from 1 */
  enum sim_break_kind kind;
  uint64_t step;               /* stops when it has ended */
  enum fm_site site;           /* stops after each access there */
  struct sim_slot_watch watch; /* stops after whatever changes its slot */
};

guint sim_history_break_step(sim_history *history, uint64_t step);
guint sim_history_break_point(sim_history *history, enum fm_site site);
guint sim_history_break_frame(sim_history *history, fm_paddr frame);
bool sim_history_delete(sim_history *history, guint number);

/* Of struct sim_breakpoint, oldest first; borrowed until it changes. */
const GArray *sim_history_breakpoints(const sim_history *history);

/* ---- Looking (look.c) ---- */

/* `show ...` as in a script, `state ADDRESS`, `print EXPRESSION`.  What it says goes to the
 * sink, mistakes too (false). */
bool sim_history_look(sim_history *history, const char *line);

/* The frame that `break FRAME` or `why FRAME` means: an address, or a handle of the script.
 * False: the message was given. */
bool sim_history_frame(sim_history *history, const char *line, fm_paddr *ret);

/* The names that the script has bound here, sorted; free with g_strfreev(). */
char **sim_history_names(const sim_history *history);

/* Every step so far that changed the frame.  NULL: it was interrupted, and the run is not
 * where it was. */
sim_why *sim_history_why(sim_history *history, fm_paddr frame);

#endif
