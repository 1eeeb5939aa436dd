/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What each verb does.  The table in ops.c names them; the files are verbs_*.c and boot.c.
 *
 * A verb is called on the CPU that runs the command, with arguments that agree with its
 * grammar.  SIM_FLOW_STOP: the run is over, and why was said.
 */
#ifndef SIM_SCRIPT_VERBS_H
#define SIM_SCRIPT_VERBS_H

#include "sim/script/interp.h"

enum sim_flow sim_verb_adopt(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_variant(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_boot(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_claim(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_get(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_alloc(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_fail(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_unique(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_shared(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_repurpose(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_reset(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_pool(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_on(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_clone(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_drop(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_into_raw(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_from_raw(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_typed(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_untyped(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_dynamic(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_borrow(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_segment(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_slice(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_split(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_next(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_list(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_push(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_pop(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_contains(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_cursor(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_prev(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_take(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_insert(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_reader(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_writer(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_read(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_write(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_copy(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_skip(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_limit(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_poke(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_unsafe(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_show(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_check(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_meta(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_always(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_never(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_sometimes(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_explore(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_note(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_ask(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_process(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_map(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_unmap(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_protect(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_fork(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_exec(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_exit(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_activate(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_flush(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_fetch(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_translate(sim_run *run, const struct sim_command *command);
enum sim_flow sim_verb_workload(sim_run *run, const struct sim_command *command);

/* What `workload { }` may hold; each kind has some of it. */
extern const struct sim_verb_syntax sim_workload_syntax[];

#endif
