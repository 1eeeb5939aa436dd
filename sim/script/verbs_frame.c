/* SPDX-License-Identifier: MPL-2.0 */
/* The verbs that make frames, and those on unique frames. */
#include <inttypes.h>

#include "sim/script/durable.h"
#include "sim/script/operate.h"
#include "sim/script/verbs.h"

/* ---- claim, get ---- */

static void call_claim(void *data)
{
  struct sim_call *call = data;
  call->error = call->ops->claim(call->kernel, call->frame, call->type, call->meta, call->unique,
                                 &call->slot);
}

enum sim_flow sim_verb_claim(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  bool succeeded;
  if (!sim_run_address(run, sim_command_expr(command, "ADDR"), &call.frame.raw) ||
      !sim_call_type(run, command, &call) || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  call.unique = sim_command_has(command, "unique");
  struct sim_handle made = sim_handle_of_frame(call.unique ? SIM_HANDLE_UNIQUE : SIM_HANDLE_FRAME,
                                               call.frame, call.type.number);

  sim_durable_expect(run, &made);
  sim_run_touch(run, call.frame);
  if (sim_run_guarded(run, call_claim, &call) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  const char *error = call.error != FM_GET_OK ? fm_get_error_name(call.error) : NULL;
  enum sim_flow flow = sim_run_answer(run, command, error, &call.frame, &succeeded);
  if (!succeeded)
    return flow;
  sim_run_check_claimed(run, command, fm_range_of(call.frame.raw, call.frame.raw + FM_PAGE_SIZE));
  return sim_run_bind_handle(run, command, &made);
}

void sim_run_check_claimed(sim_run *run, const struct sim_command *command, struct fm_range range)
{
  for (fm_paddr at = range.start; at.raw < range.end.raw; at.raw += FM_PAGE_SIZE) {
    if (!sim_machine_ops(run->machine)->is_free(run->kernel, at))
      continue;
    sim_run_finding(run, command->place, "VIOLATED", &at,
                    "frame 0x%" PRIx64 " was claimed by address while the allocator holds it as "
                    "free; it may hand it out again (allocator none lets scripts claim by address)",
                    at.raw);
    return; /* the first one says it */
  }
}

static void call_get(void *data)
{
  struct sim_call *call = data;
  call->error = call->ops->get(call->kernel, call->frame, &call->slot);
}

enum sim_flow sim_verb_get(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  bool succeeded;
  if (!sim_run_address(run, sim_command_expr(command, "ADDR"), &call.frame.raw) ||
      !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  struct sim_handle made = sim_handle_of_frame(SIM_HANDLE_FRAME, call.frame, SIM_TYPE_ANY);
  sim_durable_expect(run, &made);
  sim_run_touch(run, call.frame);
  if (sim_run_guarded(run, call_get, &call) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  const char *error = call.error != FM_GET_OK ? fm_get_error_name(call.error) : NULL;
  enum sim_flow flow = sim_run_answer(run, command, error, &call.frame, &succeeded);
  return succeeded ? sim_run_bind_handle(run, command, &made) : flow;
}

/* ---- alloc ---- */

static void call_alloc(void *data)
{
  struct sim_call *call = data;
  struct fm_frame frame = {NULL};
  const struct fm_alloc_options options = {
      .type = call->type, .meta = call->meta, .dirty = call->dirty};
  call->alloc_error = call->ops->frame_alloc(call->kernel, &options, &frame);
  if (call->alloc_error == FM_ALLOC_OK)
    call->segment = fm_segment_from_frame(frame);
}

static void call_alloc_segment(void *data)
{
  struct sim_call *call = data;
  const struct fm_alloc_options options = {
      .type = call->type, .meta = call->meta, .dirty = call->dirty};
  call->alloc_error =
      call->ops->segment_alloc(call->kernel, &options, call->frames, &call->segment);
}

enum sim_flow sim_verb_alloc(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  const struct sim_expr *frames = sim_command_expr(command, "frames");
  bool succeeded;
  if ((frames != NULL && !sim_run_number(run, frames, &call.frames)) ||
      !sim_call_type(run, command, &call) || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  call.dirty = sim_command_has(command, "dirty");
  if (sim_run_guarded(run, frames != NULL ? call_alloc_segment : call_alloc, &call) !=
      SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  const char *error =
      call.alloc_error != FM_ALLOC_OK ? fm_alloc_error_name(call.alloc_error) : NULL;
  enum sim_flow flow = sim_run_answer(run, command, error, NULL, &succeeded);
  if (!succeeded)
    return flow;
  struct sim_handle made = sim_handle_of_range(
      frames != NULL ? SIM_HANDLE_SEGMENT : SIM_HANDLE_FRAME, call.segment.range, call.type.number);
  for (uint64_t i = 0; i < made.size; i += FM_PAGE_SIZE)
    sim_run_touch_new(run, fm_paddr_add(made.frame, i));
  return sim_run_bind_handle(run, command, &made);
}

enum sim_flow sim_verb_fail(sim_run *run, const struct sim_command *command)
{
  uint64_t nth;
  const struct sim_expr *expr = sim_command_expr(command, "alloc");
  if (!sim_run_number(run, expr, &nth))
    return SIM_FLOW_STOP;
  if (nth == 0)
    return sim_run_error(run, expr->place, "fail alloc 1",
                         "allocations are counted from 1, which is the next one");
  (void)sim_machine_fail_alloc(run->machine, nth);
  return SIM_FLOW_NEXT;
}

/* ---- unique, shared, repurpose, reset ---- */

static void call_unique(void *data)
{
  struct sim_call *call = data;
  struct fm_unique unique;
  call->done = call->ops->unique_from_frame(sim_handle_frame(call->handle), &unique);
}

enum sim_flow sim_verb_unique(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  bool succeeded;
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(FRAME), false);
  if (call.handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  sim_durable_intend_change(run, command, call.handle, SIM_INTENT_UNIQUE);
  sim_run_touch(run, call.handle->frame);
  if (sim_call_taking(run, &call, call_unique) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  struct sim_handle made =
      sim_handle_of_frame(SIM_HANDLE_UNIQUE, call.handle->frame, call.handle->type);
  enum sim_flow flow =
      sim_run_answer(run, command, call.done ? NULL : "NotSole", &made.frame, &succeeded);
  return succeeded ? sim_call_succeed(run, command, call.handle, &made) : flow;
}

static void call_shared(void *data)
{
  struct sim_call *call = data;
  (void)call->ops->unique_share(sim_handle_unique(call->handle));
}

enum sim_flow sim_verb_shared(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(UNIQUE), false);
  if (call.handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  sim_durable_intend_change(run, command, call.handle, SIM_INTENT_SHARE);
  sim_run_touch(run, call.handle->frame);
  if (sim_call_taking(run, &call, call_shared) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  struct sim_handle made =
      sim_handle_of_frame(SIM_HANDLE_FRAME, call.handle->frame, call.handle->type);
  return sim_call_succeed(run, command, call.handle, &made);
}

static void call_repurpose(void *data)
{
  struct sim_call *call = data;
  call->ops->unique_repurpose(call->kernel, sim_handle_unique(call->handle), call->type,
                              call->meta);
}

enum sim_flow sim_verb_repurpose(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(UNIQUE), false);
  if (call.handle == NULL || !sim_call_type(run, command, &call))
    return SIM_FLOW_STOP;
  sim_durable_intend_meta(run, call.handle, call.type, call.meta);
  sim_run_touch(run, call.handle->frame);
  enum sim_flow flow = sim_call_taking(run, &call, call_repurpose);
  if (run->cpu->unwound) /* the operation forgot the frame, which stays unique for ever */
    call.handle->kind = SIM_HANDLE_RAW_UNIQUE;
  else
    call.handle->type = call.type.number;
  if (flow == SIM_FLOW_NEXT)
    sim_durable_update(run, call.handle);
  return flow;
}

static void call_reset(void *data)
{
  struct sim_call *call = data;
  call->ops->unique_reset(call->kernel, fm_unique_of_slot(fm_slot_at(call->frame)));
}

enum sim_flow sim_verb_reset(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  struct sim_handle *handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(UNIQUE), false);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  call.frame = handle->frame;
  sim_run_touch(run, call.frame);
  sim_run_consume(run, handle);
  return sim_run_guarded(run, call_reset, &call);
}

/* ---- pool, on ---- */

enum sim_flow sim_verb_pool(sim_run *run, const struct sim_command *command)
{
  const struct sim_arg *name = sim_command_arg(command, "NAME");
  if (sim_run_is_bound(run, name->word))
    return sim_run_error(run, name->place, "choose another name", "'%s' is bound already",
                         name->word);
  struct sim_binding *binding = g_new0(struct sim_binding, 1);
  binding->kind = SIM_BINDING_POOL;
  binding->pool = g_ptr_array_new_with_free_func(sim_handle_free);
  g_hash_table_replace(run->names, g_strdup(name->word), binding);
  return SIM_FLOW_NEXT;
}

enum sim_flow sim_verb_on(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *cpu = sim_command_expr(command, "cpu");
  uint32_t before = run->cpu->id;
  uint32_t id;
  if (!sim_run_cpu(run, cpu, &id))
    return SIM_FLOW_STOP;
  run->cpu->id = id;
  sim_cpu_enter(run->machine, run->cpu->id);
  run->on_cpu++;
  enum sim_flow flow = sim_run_block(run, sim_command_block(command, "BLOCK"));
  run->on_cpu--;
  run->cpu->id = before;
  sim_cpu_enter(run->machine, before);
  return flow;
}
