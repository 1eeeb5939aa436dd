/* SPDX-License-Identifier: MPL-2.0 */
/* run --step: a prompt over the history of a run (sim/script/history.h). */
#ifndef TOOLS_STEP_H
#define TOOLS_STEP_H

#include "sim/script/run.h"

/* Reads commands from standard input until there are no more; returns the exit status. */
int step_session(const sim_script *script, const char *path, const struct sim_run_options *options,
                 bool all_steps);

#endif
