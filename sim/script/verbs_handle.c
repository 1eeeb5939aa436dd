/* SPDX-License-Identifier: MPL-2.0 */
/* The verbs that work on handles of several kinds: clone, drop, into_raw, from_raw, and
 * those that only change what a handle's own type says. */
#include <inttypes.h>
#include <string.h>

#include "sim/script/durable.h"
#include "sim/script/operate.h"
#include "sim/script/verbs.h"

/* ---- clone ---- */

static void call_clone(void *data)
{
  struct sim_call *call = data;
  const struct sim_handle *handle = call->handle;
  if (handle->kind == SIM_HANDLE_SEGMENT)
    (void)call->ops->segment_clone(sim_handle_segment(handle));
  else if (handle->kind == SIM_HANDLE_REF)
    (void)call->ops->frame_ref_clone(fm_frame_borrow(sim_handle_frame(handle)));
  else
    (void)call->ops->frame_clone(sim_handle_frame(handle));
}

enum sim_flow sim_verb_clone(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  call.handle = sim_call_handle(run, command, "HANDLE",
                                SIM_KIND(FRAME) | SIM_KIND(SEGMENT) | SIM_KIND(REF), true);
  if (call.handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  const struct sim_handle *from = call.handle;
  struct sim_handle made =
      from->kind == SIM_HANDLE_SEGMENT
          ? sim_handle_of_range(SIM_HANDLE_SEGMENT, sim_handle_range(from), from->type)
          : sim_handle_of_frame(SIM_HANDLE_FRAME, from->frame, from->type);
  sim_durable_expect(run, &made);
  sim_run_touch_handle(run, &made);
  if (sim_call_borrowing(run, &call, call_clone) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  return sim_run_bind_handle(run, command, &made);
}

/* ---- drop ---- */

/* A copy of the handle that is on its way out. */
struct last {
  const struct fm_ops *ops;
  struct fm_kernel *kernel;
  struct sim_handle handle;
};

static void call_drop(void *data)
{
  struct last *last = data;
  struct sim_handle *handle = &last->handle;
  if (handle->kind == SIM_HANDLE_UNIQUE)
    last->ops->unique_drop(last->kernel, sim_handle_unique(handle));
  else if (handle->kind == SIM_HANDLE_FRAME)
    last->ops->frame_drop(last->kernel, sim_handle_frame(handle));
  else if (handle->kind == SIM_HANDLE_SEGMENT)
    last->ops->segment_drop(last->kernel, sim_handle_segment(handle));
  else if (handle->kind == SIM_HANDLE_LIST)
    last->ops->list_drop(last->kernel, sim_handle_list(handle));
}

static bool is_forgotten(const struct sim_handle *handle)
{
  return handle->kind == SIM_HANDLE_RAW || handle->kind == SIM_HANDLE_RAW_UNIQUE ||
         handle->kind == SIM_HANDLE_RAW_SEGMENT;
}

/* The handle is consumed first: on another CPU the name is free while the frame still is
 * on its way out. */
static enum sim_flow drop_handle(sim_run *run, struct sim_handle *handle, struct sim_place place)
{
  struct last last = {sim_machine_ops(run->machine), run->kernel, *handle};
  if (is_forgotten(handle))
    return sim_run_error(run, place, "from_raw makes a handle of it again",
                         "'%s' is only an address: its reference was forgotten", handle->name);
  if (handle->kind == SIM_HANDLE_PROCESS) {
    g_autofree char *hint = g_strdup_printf("exit %s", handle->name);
    return sim_run_error(run, place, hint, "'%s' is a process, and is not dropped", handle->name);
  }
  sim_run_touch_handle(run, handle);
  sim_run_consume(run, handle);
  return sim_run_guarded(run, call_drop, &last);
}

static enum sim_flow drop_any(sim_run *run, const struct sim_command *command)
{
  const struct sim_arg *arg = sim_command_arg(command, "any");
  const struct sim_binding *binding = g_hash_table_lookup(run->names, arg->word);
  if (binding == NULL || binding->kind != SIM_BINDING_POOL) {
    g_autofree char *hint = g_strdup_printf("pool %s", arg->word);
    return sim_run_error(run, arg->place, hint, "'%s' is no pool here", arg->word);
  }
  if (binding->pool->len == 0)
    return SIM_FLOW_NEXT; /* nothing to drop: what random workloads want */
  g_autofree char *stream = g_strdup_printf("%s any %s", run->cpu->name, arg->word);
  uint64_t index = sim_rng_below(sim_run_stream(run, stream), binding->pool->len);
  return drop_handle(run, binding->pool->pdata[index], command->place);
}

enum sim_flow sim_verb_drop(sim_run *run, const struct sim_command *command)
{
  if (sim_command_arg(command, "any") != NULL)
    return drop_any(run, command);

  const struct sim_arg *list = sim_command_arg(command, "HANDLE_LIST");
  for (guint i = 0; i < list->n_exprs; i++) {
    struct sim_handle *handle = sim_run_handle(run, list->exprs[i], false);
    if (handle == NULL || drop_handle(run, handle, list->exprs[i]->place) != SIM_FLOW_NEXT)
      return SIM_FLOW_STOP;
  }
  return SIM_FLOW_NEXT;
}

/* ---- into_raw, from_raw ---- */

enum sim_flow sim_verb_into_raw(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *expr = sim_command_expr(command, "HANDLE");
  struct sim_handle *handle = sim_run_handle(run, expr, false);
  if (handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  if (is_forgotten(handle))
    return sim_run_error(run, expr->place, NULL, "'%s' is forgotten already", handle->name);
  const struct fm_ops *ops = sim_machine_ops(run->machine);
  struct sim_handle made = *handle;
  switch (handle->kind) {
  case SIM_HANDLE_FRAME:
    (void)ops->frame_into_raw(sim_handle_frame(handle));
    made.kind = SIM_HANDLE_RAW;
    break;
  case SIM_HANDLE_UNIQUE:
    (void)ops->unique_into_raw(sim_handle_unique(handle));
    made.kind = SIM_HANDLE_RAW_UNIQUE;
    break;
  case SIM_HANDLE_SEGMENT:
    (void)fm_segment_into_raw(sim_handle_segment(handle));
    made.kind = SIM_HANDLE_RAW_SEGMENT;
    break;
  default:
    return sim_run_error(run, expr->place, "only frames and segments can be forgotten",
                         "'%s' is %s", handle->name, sim_handle_kind_text(handle->kind));
  }
  return sim_call_succeed(run, command, handle, &made);
}

/* The forgotten handle that the address or name means, or NULL. */
static struct sim_handle *find_raw(sim_run *run, const struct sim_expr *expr, fm_paddr frame,
                                   bool unique)
{
  struct sim_handle *named = sim_run_named_handle(run, expr);
  if (named != NULL && is_forgotten(named) && (named->kind == SIM_HANDLE_RAW_UNIQUE) == unique)
    return named;
  return sim_run_find_handle(run, unique ? SIM_HANDLE_RAW_UNIQUE : SIM_HANDLE_RAW, frame);
}

enum sim_flow sim_verb_from_raw(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *expr = sim_command_expr(command, "ADDR");
  bool unique = sim_command_has(command, "unique");
  uint64_t address;
  if (!sim_run_address(run, expr, &address) || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  fm_paddr frame = fm_paddr_of(address);
  struct sim_handle *raw = find_raw(run, expr, frame, unique);
  if (raw == NULL) {
    sim_run_clause_finding(run, command->place, "VIOLATED", SIM_CLAUSE_FROM_RAW_FORGOTTEN, &frame,
                           "from_raw of 0x%" PRIx64
                           ": no %sreference of this frame was forgotten, so the "
                           "handle would be one too many",
                           address, unique ? "unique " : "");
    return SIM_FLOW_NEXT;
  }
  const struct fm_ops *ops = sim_machine_ops(run->machine);
  struct sim_handle made = *raw;
  if (raw->kind == SIM_HANDLE_RAW_UNIQUE) {
    (void)ops->unique_from_raw(frame);
    made.kind = SIM_HANDLE_UNIQUE;
  } else if (raw->kind == SIM_HANDLE_RAW) {
    (void)ops->frame_from_raw(frame);
    made.kind = SIM_HANDLE_FRAME;
  } else {
    (void)fm_segment_from_raw(sim_handle_range(raw));
    made.kind = SIM_HANDLE_SEGMENT;
  }
  sim_durable_move(run, raw, &made);
  sim_run_consume(run, raw);
  return sim_run_bind_handle(run, command, &made);
}

/* ---- typed, untyped, dynamic ---- */

static void call_typed(void *data)
{
  struct sim_call *call = data;
  const struct sim_handle *handle = call->handle;
  call->done =
      handle->kind == SIM_HANDLE_SEGMENT
          ? call->ops->segment_has_type(call->kernel, sim_handle_segment(handle), call->type.number)
          : call->ops->frame_has_type(call->kernel, sim_handle_frame(handle), call->type.number);
}

static void call_untyped(void *data)
{
  struct sim_call *call = data;
  const struct sim_handle *handle = call->handle;
  struct fm_untyped frame;
  struct fm_untyped_segment segment;
  call->done = handle->kind == SIM_HANDLE_SEGMENT
                   ? call->ops->segment_untyped(sim_handle_segment(handle), &segment)
                   : call->ops->frame_untyped(sim_handle_frame(handle), &frame);
}

/* Asks what the frame is, and lets the handle say so from now on. */
static enum sim_flow convert(sim_run *run, const struct sim_command *command, struct sim_call *call,
                             void (*body)(void *data), const char *error, uint32_t type)
{
  bool succeeded;
  if (sim_call_taking(run, call, body) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  struct sim_handle made = *call->handle;
  made.type = type;
  const char *answer = call->done ? NULL : made.size == 0 ? "Empty" : error;
  enum sim_flow flow =
      sim_run_answer(run, command, answer, made.size != 0 ? &made.frame : NULL, &succeeded);
  return succeeded ? sim_call_succeed(run, command, call->handle, &made) : flow;
}

enum sim_flow sim_verb_typed(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(FRAME) | SIM_KIND(SEGMENT), false);
  if (call.handle == NULL || !sim_call_type(run, command, &call) || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  return convert(run, command, &call, call_typed, "WrongType", call.type.number);
}

enum sim_flow sim_verb_untyped(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(FRAME) | SIM_KIND(SEGMENT), false);
  if (call.handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  return convert(run, command, &call, call_untyped, "NotUntyped", SIM_TYPE_UNTYPED);
}

enum sim_flow sim_verb_dynamic(sim_run *run, const struct sim_command *command)
{
  struct sim_handle *handle =
      sim_call_handle(run, command, "HANDLE", SIM_KIND(FRAME) | SIM_KIND(SEGMENT), false);
  if (handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  struct sim_handle made = *handle;
  made.type = SIM_TYPE_ANY;
  return sim_call_succeed(run, command, handle, &made);
}

enum sim_flow sim_verb_borrow(sim_run *run, const struct sim_command *command)
{
  struct sim_handle *handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(FRAME), true);
  if (handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  struct sim_handle made = sim_handle_of_frame(SIM_HANDLE_REF, handle->frame, handle->type);
  made.size = 0; /* it owns nothing */
  made.lender = handle;
  return sim_run_bind_handle(run, command, &made);
}
