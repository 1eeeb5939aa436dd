/* SPDX-License-Identifier: MPL-2.0 */
/* What history.c and look.c share. */
#ifndef SIM_SCRIPT_HISTORY_INTERNAL_H
#define SIM_SCRIPT_HISTORY_INTERNAL_H

#include "sim/fiber.h"
#include "sim/script/history.h"

/* Where a move ends if nothing stops it earlier. */
enum sim_goal_kind {
  SIM_GOAL_END,
  SIM_GOAL_DONE,  /* `number` steps have ended */
  SIM_GOAL_UNTIL, /* step `number` has ended, or made an access at `site` */
  SIM_GOAL_TICK,  /* `number` accesses and ends of steps */
};

struct sim_history_goal {
  enum sim_goal_kind kind;
  uint64_t number;
  enum fm_site site;
};

struct sim_history {
  const sim_script *script;
  struct sim_run_options options; /* of each run, with our own sink and watcher */
  struct sim_run_watcher watcher;
  const volatile sig_atomic_t *interrupted;
  void (*sink)(enum sim_text_kind kind, const char *text, void *data);
  void *sink_data;

  sim_run *run;
  sim_fiber *fiber; /* that the run is on; NULL: it was not begun */
  enum sim_verdict verdict;
  bool leaving; /* the run is being thrown away */
  bool silent;  /* its text is not wanted, and breakpoints do not count */
  struct sim_history_goal goal;

  uint64_t ticks; /* accesses and ends of steps so far */
  uint64_t done;  /* ends of steps */
  struct sim_history_place place;
  GArray *steps;  /* struct sim_history_step: under way, by number */
  GArray *breaks; /* struct sim_breakpoint */
  guint last_break;
};

#endif
