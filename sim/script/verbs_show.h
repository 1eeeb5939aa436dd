/* SPDX-License-Identifier: MPL-2.0 */
/* The parts of `show`. */
#ifndef SIM_SCRIPT_VERBS_SHOW_H
#define SIM_SCRIPT_VERBS_SHOW_H

#include "sim/script/interp.h"

/* All that the allocator holds as free. */
void sim_show_freelist(sim_run *run);

/* What belongs to one CPU. */
enum sim_flow sim_show_cpu(sim_run *run, const struct sim_command *command);

/* The areas of a process and what its tables map; the tables as a tree; one CPU's TLB. */
enum sim_flow sim_show_map(sim_run *run, const struct sim_command *command);
enum sim_flow sim_show_tree(sim_run *run, const struct sim_command *command);
enum sim_flow sim_show_tlb(sim_run *run, const struct sim_command *command);

#endif
