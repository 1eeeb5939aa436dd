/* SPDX-License-Identifier: MPL-2.0 */
/* The verbs on segments: segment, slice, split, and what `next` does with one. */
#include <inttypes.h>
#include <string.h>

#include "sim/script/durable.h"
#include "sim/script/operate.h"
#include "sim/script/verbs.h"

static bool get_range(sim_run *run, const struct sim_command *command, uint64_t *ret_start,
                      uint64_t *ret_end)
{
  const struct sim_arg *range = sim_command_arg(command, "RANGE");
  return sim_run_address(run, range->exprs[0], ret_start) &&
         sim_run_address(run, range->exprs[1], ret_end);
}

/* ---- segment ---- */

static void copy_meta(fm_paddr paddr, void *ret, void *data)
{
  const struct sim_call *call = data;
  (void)paddr;
  memcpy(ret, call->meta, call->type.size);
}

static void call_segment(void *data)
{
  struct sim_call *call = data;
  call->error = call->ops->segment_from_unused(call->kernel, call->range, call->type, copy_meta,
                                               call, &call->segment);
}

/* Which frame an error is about: the first that could not be had. */
static fm_paddr find_obstacle(const sim_run *run, struct fm_range range)
{
  fm_paddr at = range.start;
  for (; at.raw < range.end.raw && at.raw < run->kernel->max_paddr; at.raw += FM_PAGE_SIZE) {
    struct fm_slot_view view;
    fm_slot_view(run->kernel, fm_slot_at(at), &view);
    if (view.state != FM_STATE_UNUSED)
      return at;
  }
  return range.start;
}

static enum sim_flow segment_from_frame(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *expr = sim_command_expr(command, "from");
  struct sim_handle *handle = sim_run_handle(run, expr, false);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  if (handle->kind != SIM_HANDLE_FRAME)
    return sim_run_error(run, expr->place, NULL,
                         "'%s' is %s, and only a shared frame can become "
                         "a segment",
                         handle->name, sim_handle_kind_text(handle->kind));
  if (!sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  struct sim_handle made = *handle;
  made.kind = SIM_HANDLE_SEGMENT;
  return sim_call_succeed(run, command, handle, &made);
}

enum sim_flow sim_verb_segment(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  bool succeeded;
  if (sim_command_arg(command, "from") != NULL)
    return segment_from_frame(run, command);
  if (!get_range(run, command, &call.range.start.raw, &call.range.end.raw) ||
      !sim_call_type(run, command, &call) || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;

  fm_paddr obstacle = fm_range_is_empty(call.range) || !fm_is_page_aligned(call.range.start.raw)
                          ? call.range.start
                          : find_obstacle(run, call.range);
  if (call.range.end.raw <= run->kernel->max_paddr && fm_is_page_aligned(call.range.start.raw))
    for (fm_paddr at = call.range.start; at.raw < call.range.end.raw; at.raw += FM_PAGE_SIZE)
      sim_run_touch(run, at);
  struct sim_handle made = sim_handle_of_range(SIM_HANDLE_SEGMENT, call.range, call.type.number);
  sim_durable_expect(run, &made);
  if (sim_run_guarded(run, call_segment, &call) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  const char *error = call.error != FM_GET_OK ? fm_get_error_name(call.error) : NULL;
  enum sim_flow flow = sim_run_answer(run, command, error, &obstacle, &succeeded);
  if (!succeeded)
    return flow;
  sim_run_check_claimed(run, command, call.range);
  return sim_run_bind_handle(run, command, &made);
}

/* ---- slice, split ---- */

static void call_slice(void *data)
{
  struct sim_call *call = data;
  call->done = call->ops->segment_slice(sim_handle_segment(call->handle), call->range.start.raw,
                                        call->range.end.raw, &call->segment);
}

enum sim_flow sim_verb_slice(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  bool succeeded;
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(SEGMENT), true);
  if (call.handle == NULL || !get_range(run, command, &call.range.start.raw, &call.range.end.raw) ||
      !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  for (uint64_t at = call.range.start.raw; at < call.range.end.raw && at < call.handle->size;
       at += FM_PAGE_SIZE)
    sim_run_touch(run, fm_paddr_of(fm_page_down(call.handle->frame.raw + at)));
  if (sim_call_borrowing(run, &call, call_slice) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  enum sim_flow flow =
      sim_run_answer(run, command, call.done ? NULL : "InvalidArgs", NULL, &succeeded);
  if (!succeeded)
    return flow;
  struct sim_handle made =
      sim_handle_of_range(SIM_HANDLE_SEGMENT, call.segment.range, call.handle->type);
  return sim_run_bind_handle(run, command, &made);
}

static void call_split(void *data)
{
  struct sim_call *call = data;
  call->done = call->ops->segment_split(sim_handle_segment(call->handle), call->count,
                                        &call->segment, &call->rest);
}

enum sim_flow sim_verb_split(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  bool succeeded;
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(SEGMENT), false);
  if (call.handle == NULL || !sim_run_number(run, sim_command_expr(command, "at"), &call.count) ||
      !sim_run_can_bind(run, command) || sim_call_taking(run, &call, call_split) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  enum sim_flow flow =
      sim_run_answer(run, command, call.done ? NULL : "InvalidArgs", NULL, &succeeded);
  if (!succeeded)
    return flow;
  struct sim_handle made =
      sim_handle_of_range(SIM_HANDLE_SEGMENT, call.rest.range, call.handle->type);
  sim_durable_cut(run, call.handle, &made, call.segment.range);
  call.handle->size = fm_range_size(call.segment.range);
  return sim_run_bind_handle(run, command, &made);
}

/* ---- next ---- */

static void call_next(void *data)
{
  struct sim_call *call = data;
  struct fm_frame frame = {NULL};
  call->segment = sim_handle_segment(call->handle);
  call->done = call->ops->segment_next(&call->segment, &frame);
  call->slot = frame.slot;
}

enum sim_flow sim_segment_next(sim_run *run, const struct sim_command *command,
                               struct sim_handle *handle)
{
  struct sim_call call = sim_call_new(run);
  bool succeeded;
  call.handle = handle;
  if (!sim_run_can_bind(run, command) || sim_call_taking(run, &call, call_next) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  enum sim_flow flow = sim_run_answer(run, command, call.done ? NULL : "Empty", NULL, &succeeded);
  if (!succeeded)
    return flow;
  struct sim_handle made =
      sim_handle_of_frame(SIM_HANDLE_FRAME, fm_slot_paddr(call.slot), handle->type);
  sim_durable_cut(run, handle, &made, call.segment.range);
  handle->frame = call.segment.range.start;
  handle->size = fm_range_size(call.segment.range);
  return sim_run_bind_handle(run, command, &made);
}
