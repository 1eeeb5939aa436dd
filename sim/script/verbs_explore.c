/* SPDX-License-Identifier: MPL-2.0 */
/* The verbs of scripts that are explored, as `run` understands them; and `meta`. */
#include <inttypes.h>
#include <string.h>

#include "sim/script/operate.h"
#include "sim/script/verbs.h"

/* ---- meta ---- */

static void call_read_meta(void *data)
{
  struct sim_call *call = data;
  (void)call->ops->frame_read_meta(fm_frame_of_slot(fm_slot_at(call->frame)), call->meta);
}

static void call_write_meta(void *data)
{
  struct sim_call *call = data;
  call->ops->unique_write_meta(sim_handle_unique(call->handle), &call->count, sizeof(call->count));
}

static enum sim_flow write_meta(sim_run *run, const struct sim_command *command,
                                struct sim_call *call)
{
  const struct sim_expr *expr = sim_command_expr(command, "=");
  struct fm_slot_view view;
  call->handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(UNIQUE), false);
  if (call->handle == NULL || !sim_run_number(run, expr, &call->count))
    return SIM_FLOW_STOP;
  fm_slot_view(run->kernel, fm_slot_at(call->handle->frame), &view);
  if (view.vtable == NULL || view.vtable->size < sizeof(call->count))
    return sim_run_error(run, expr->place, "of the built-in types, link has room for a number",
                         "the metadata of '%s' has no room for a number", call->handle->name);
  sim_run_touch(run, call->handle->frame);
  return sim_call_taking(run, call, call_write_meta);
}

enum sim_flow sim_verb_meta(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  const struct sim_bind *bind = sim_command_bind(command);
  uint64_t number;
  if (sim_command_expr(command, "=") != NULL)
    return write_meta(run, command, &call);
  call.handle = sim_call_handle(run, command, "HANDLE",
                                SIM_KIND(FRAME) | SIM_KIND(UNIQUE) | SIM_KIND(REF), true);
  if (call.handle == NULL)
    return SIM_FLOW_STOP;
  call.frame = call.handle->frame;
  if (sim_call_borrowing(run, &call, call_read_meta) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  memcpy(&number, call.meta, sizeof(number));
  sim_run_text(run, SIM_TEXT_OUTPUT, "      0x%016" PRIx64, number);
  if (bind == NULL)
    return SIM_FLOW_NEXT;
  return sim_run_bind_value(run, bind->place, bind->name,
                            (struct sim_value){.kind = SIM_VALUE_NUMBER, .number = number});
}

/* ---- Conditions ---- */

enum sim_flow sim_verb_always(sim_run *run, const struct sim_command *command)
{
  run->expectations++;
  return sim_run_expect_condition(run, command, true);
}

enum sim_flow sim_verb_never(sim_run *run, const struct sim_command *command)
{
  run->expectations++;
  return sim_run_expect_condition(run, command, false);
}

/* One execution cannot say what happens sometimes. */
enum sim_flow sim_verb_sometimes(sim_run *run, const struct sim_command *command)
{
  (void)run;
  (void)command;
  return SIM_FLOW_NEXT;
}

enum sim_flow sim_verb_explore(sim_run *run, const struct sim_command *command)
{
  (void)run;
  (void)command;
  return SIM_FLOW_NEXT;
}
