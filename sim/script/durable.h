/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Durable handles of a run: each handle that owns something has an entry in the RAM file
 * (sim/durable/table.h), and a verb says in it what it is about before it acts.
 *
 *   sim_run_can_bind()          reserves an entry for the result: intent take
 *   sim_durable_expect() ...    what the verb is about to take, or to do to a handle
 *   ... the operation ...
 *   sim_run_consume()           the entry goes, at the end of the step: intent drop
 *   sim_run_bind_handle()       the reserved entry is the new handle's
 *   sim_durable_end_step()      what is left of intents is taken back
 *
 * A run that is not durable has no table, and all of this does nothing.
 */
#ifndef SIM_SCRIPT_DURABLE_H
#define SIM_SCRIPT_DURABLE_H

#include "sim/durable/table.h"
#include "sim/script/interp.h"

/* An entry for what the command is going to have; false: reported, there is none left. */
bool sim_durable_reserve(sim_run *run, const struct sim_command *command, const char *name);

/* The reserved entry will be this handle, or one frame out of a list. */
void sim_durable_expect(sim_run *run, const struct sim_handle *made);
void sim_durable_expect_from(sim_run *run, const struct sim_handle *list, fm_paddr frame);

/* The operation will do this to the handle; `link` as the intent wants it. */
void sim_durable_intend(sim_run *run, const struct sim_handle *handle, enum sim_intent intent,
                        uint64_t link);
/* The frame becomes unique, or shared; under the name of the result, if it has one. */
void sim_durable_intend_change(sim_run *run, const struct sim_command *command,
                               const struct sim_handle *handle, enum sim_intent intent);
void sim_durable_intend_into(sim_run *run, const struct sim_handle *frame,
                             const struct sim_handle *list);
void sim_durable_intend_meta(sim_run *run, const struct sim_handle *handle, fm_meta_id type,
                             const uint8_t *meta);
void sim_durable_intend_clear(sim_run *run, const struct sim_handle *process, uint64_t start,
                              uint64_t end);

/* The reserved entry takes over from the handle, which has none any more. */
void sim_durable_move(sim_run *run, struct sim_handle *from, const struct sim_handle *made);

/* The reserved entry gets a piece of the handle's range; `rest` is what stays. */
void sim_durable_cut(sim_run *run, struct sim_handle *from, const struct sim_handle *made,
                     struct fm_range rest);

/* The handle's kind, range or type is another one by now. */
void sim_durable_update(const sim_run *run, const struct sim_handle *handle);

/* The handle has just been made, or is on its way out. */
void sim_durable_bound(sim_run *run, struct sim_handle *handle);
void sim_durable_leave(sim_run *run, struct sim_handle *handle);

void sim_durable_end_step(sim_run *run);

/* ---- A machine that was left behind ---- */

/* The run goes on with the machine in its RAM file, whose handles are orphans from now on. */
enum sim_flow sim_durable_resume(sim_run *run);

/* The end: says which handles are kept, and that the file is whole. */
void sim_durable_close(sim_run *run);

#endif
