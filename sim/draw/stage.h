/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A script run up to a step, with the machine as it stands there.
 *
 * The stage has the machine of the process until it is freed.  One thread.
 */
#ifndef SIM_DRAW_STAGE_H
#define SIM_DRAW_STAGE_H

#include "sim/script/run.h"

typedef struct sim_stage {
  sim_run *run;
  enum sim_verdict verdict;
  const sim_machine *machine; /* NULL: none was booted */
  uint64_t step;              /* that ended last, or stopped */
  bool reached;               /* where it was to stop */
  char *caption;              /* "after step 7: drop f" */
  GPtrArray *messages;        /* char * */
} sim_stage;

/* Of the options, until says where to stop (0: at the end); sink and watchers are its own. */
sim_stage *sim_stage_new(const sim_script *script, const struct sim_run_options *options);
sim_stage *sim_stage_free(sim_stage *stage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_stage, sim_stage_free)

/* The root of the page tables of the process of that name; 0: there is none here. */
fm_paddr sim_stage_root(const sim_stage *stage, const char *name);

#endif
