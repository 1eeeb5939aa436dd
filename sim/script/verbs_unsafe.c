/* SPDX-License-Identifier: MPL-2.0 */
/*
 * unsafe: an operation on an address by somebody who has no handle for it, as a mistake in
 * kernel code would make it.  The contract says what is broken; the machine does what the
 * kernel would do, and can be looked at afterwards.
 */
#include <string.h>

#include "sim/script/operate.h"
#include "sim/script/verbs.h"

static void call_drop(void *data)
{
  struct sim_call *call = data;
  call->ops->frame_drop(call->kernel, fm_frame_of_slot(fm_slot_at(call->frame)));
}

static void call_drop_unique(void *data)
{
  struct sim_call *call = data;
  call->ops->unique_drop(call->kernel, fm_unique_of_slot(fm_slot_at(call->frame)));
}

static void call_clone(void *data)
{
  struct sim_call *call = data;
  (void)call->ops->frame_clone(fm_frame_of_slot(fm_slot_at(call->frame)));
}

static void call_into_raw(void *data)
{
  struct sim_call *call = data;
  (void)call->ops->frame_into_raw(fm_frame_of_slot(fm_slot_at(call->frame)));
}

static void call_from_raw(void *data)
{
  struct sim_call *call = data;
  (void)call->ops->frame_from_raw(call->frame);
}

static void call_shared(void *data)
{
  struct sim_call *call = data;
  (void)call->ops->unique_share(fm_unique_of_slot(fm_slot_at(call->frame)));
}

static void call_reset(void *data)
{
  struct sim_call *call = data;
  call->ops->unique_reset(call->kernel, fm_unique_of_slot(fm_slot_at(call->frame)));
}

static void call_typed(void *data)
{
  struct sim_call *call = data;
  (void)call->ops->frame_has_type(call->kernel, fm_frame_of_slot(fm_slot_at(call->frame)),
                                  FM_META_ANON);
}

static const struct {
  const char *word;
  void (*call)(void *data);
  bool makes; /* a handle comes of it, if `->` names one */
} calls[] = {
    {"drop", call_drop, false},        {"drop_unique", call_drop_unique, false},
    {"clone", call_clone, true},       {"into_raw", call_into_raw, false},
    {"from_raw", call_from_raw, true}, {"shared", call_shared, false},
    {"reset", call_reset, false},      {"typed", call_typed, false},
};

/* The word of the command is the keyword of its address. */
static const struct sim_expr *find_call(const struct sim_command *command, size_t *ret)
{
  for (*ret = 0; *ret + 1 < G_N_ELEMENTS(calls); (*ret)++)
    if (sim_command_arg(command, calls[*ret].word) != NULL)
      break;
  return sim_command_expr(command, calls[*ret].word);
}

enum sim_flow sim_verb_unsafe(sim_run *run, const struct sim_command *command)
{
  size_t which;
  const struct sim_expr *expr = find_call(command, &which);
  struct sim_call call = sim_call_new(run);
  if (!sim_run_address(run, expr, &call.frame.raw) ||
      !sim_run_has_slot(run, expr, call.frame.raw) || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  const struct sim_bind *bind = sim_command_bind(command);
  if (bind != NULL && !calls[which].makes)
    return sim_run_error(run, bind->place, NULL, "no handle comes of 'unsafe %s'",
                         calls[which].word);
  sim_run_touch(run, call.frame);
  if (run->contract != NULL)
    sim_contract_without_handle(run->contract);
  if (sim_run_guarded(run, calls[which].call, &call) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  if (bind == NULL)
    return SIM_FLOW_NEXT;
  struct sim_handle made = sim_handle_of_frame(SIM_HANDLE_FRAME, call.frame, SIM_TYPE_ANY);
  return sim_run_bind_handle(run, command, &made);
}
