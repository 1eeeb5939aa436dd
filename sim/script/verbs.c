/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The verbs that work on frames.  Each looks at its arguments first, then calls one
 * operation of the table, then binds what came of it.
 */
#include <inttypes.h>
#include <string.h>

#include "sim/script/interp.h"

/* One call of an operation, as sim_guard_run() needs it. */
struct call {
  sim_run *run;
  const struct fm_ops *ops;
  fm_paddr frame;
  fm_meta_id type;
  uint8_t meta[FM_META_MAX_SIZE];
  bool unique;
  bool zeroed;
  enum fm_get_error error;
  enum fm_alloc_error alloc_error;
  bool done;
  struct fm_slot *slot;
};

static struct call make_call(sim_run *run)
{
  return (struct call){.run = run, .ops = sim_machine_ops(run->machine)};
}

/* `as TYPE` and `meta NUMBER`: the number fills the first bytes of the metadata. */
static bool get_type(sim_run *run, const struct sim_command *command, struct call *call)
{
  const char *name = sim_command_word(command, "as");
  if (!sim_machine_type(run->machine, name != NULL ? name : "anon", &call->type)) {
    (void)sim_run_error(run, sim_command_arg(command, "as")->place, NULL,
                        "this machine has no metadata type '%s'", name);
    return false;
  }
  const struct sim_expr *expr = sim_command_expr(command, "meta");
  uint64_t number = 0;
  if (expr == NULL)
    return true;
  if (!sim_run_number(run, expr, &number))
    return false;
  if (call->type.size < sizeof(number)) {
    (void)sim_run_error(run, expr->place, "of the built-in types, link has room for a number",
                        "metadata of type '%s' has %u bytes, too few for a number",
                        name != NULL ? name : "anon", call->type.size);
    return false;
  }
  memcpy(call->meta, &number, sizeof(number));
  return true;
}

static struct sim_handle *get_handle(sim_run *run, const struct sim_command *command,
                                     enum sim_handle_kind kind)
{
  static const char *const kinds[] = {
      [SIM_HANDLE_FRAME] = "a shared frame",
      [SIM_HANDLE_UNIQUE] = "a unique frame",
      [SIM_HANDLE_RAW] = "a forgotten frame (into_raw)",
      [SIM_HANDLE_RAW_UNIQUE] = "a forgotten unique frame (into_raw)",
  };
  const struct sim_expr *expr = sim_command_expr(command, "HANDLE");
  bool borrow = strcmp(command->verb->name, "clone") == 0;
  struct sim_handle *handle = sim_run_handle(run, expr, borrow);
  if (handle == NULL || handle->kind == kind)
    return handle;
  (void)sim_run_error(run, expr->place, NULL, "'%s' is %s, and '%s' needs %s", handle->name,
                      kinds[handle->kind], command->verb->name, kinds[kind]);
  return NULL;
}

/* ---- claim, get ---- */

static void call_claim(void *data)
{
  struct call *call = data;
  call->error = call->ops->claim(call->run->kernel, call->frame, call->type, call->meta,
                                 call->unique, &call->slot);
}

enum sim_flow sim_verb_claim(sim_run *run, const struct sim_command *command)
{
  struct call call = make_call(run);
  bool succeeded;
  if (!sim_run_address(run, sim_command_expr(command, "ADDR"), &call.frame.raw) ||
      !get_type(run, command, &call) || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  call.unique = sim_command_has(command, "unique");

  sim_run_touch(run, call.frame);
  if (sim_run_guarded(run, call_claim, &call) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  const char *error = call.error != FM_GET_OK ? fm_get_error_name(call.error) : NULL;
  enum sim_flow flow = sim_run_answer(run, command, error, &call.frame, &succeeded);
  if (!succeeded)
    return flow;
  if (call.ops->is_free(run->kernel, call.frame))
    sim_run_finding(run, command->place, "VIOLATED", &call.frame,
                    "frame 0x%" PRIx64 " was claimed by address while the allocator holds it as "
                    "free; it may hand it out again (allocator none lets scripts claim by address)",
                    call.frame.raw);
  return sim_run_bind_handle(run, command, call.unique ? SIM_HANDLE_UNIQUE : SIM_HANDLE_FRAME,
                             call.frame);
}

static void call_get(void *data)
{
  struct call *call = data;
  call->error = call->ops->get(call->run->kernel, call->frame, &call->slot);
}

enum sim_flow sim_verb_get(sim_run *run, const struct sim_command *command)
{
  struct call call = make_call(run);
  bool succeeded;
  if (!sim_run_address(run, sim_command_expr(command, "ADDR"), &call.frame.raw) ||
      !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  sim_run_touch(run, call.frame);
  if (sim_run_guarded(run, call_get, &call) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  const char *error = call.error != FM_GET_OK ? fm_get_error_name(call.error) : NULL;
  enum sim_flow flow = sim_run_answer(run, command, error, &call.frame, &succeeded);
  return succeeded ? sim_run_bind_handle(run, command, SIM_HANDLE_FRAME, call.frame) : flow;
}

/* ---- clone, drop ---- */

static void call_clone(void *data)
{
  struct call *call = data;
  (void)call->ops->frame_clone(fm_frame_of_slot(fm_slot_at(call->frame)));
}

enum sim_flow sim_verb_clone(sim_run *run, const struct sim_command *command)
{
  struct call call = make_call(run);
  struct sim_handle *handle = get_handle(run, command, SIM_HANDLE_FRAME);
  if (handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  call.frame = handle->frame;
  sim_run_touch(run, call.frame);
  handle->borrowed++;
  enum sim_flow flow = sim_run_guarded(run, call_clone, &call);
  handle->borrowed--;
  if (flow != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  return sim_run_bind_handle(run, command, SIM_HANDLE_FRAME, call.frame);
}

static void call_drop(void *data)
{
  struct call *call = data;
  struct fm_slot *slot = fm_slot_at(call->frame);
  if (call->unique)
    call->ops->unique_drop(call->run->kernel, fm_unique_of_slot(slot));
  else
    call->ops->frame_drop(call->run->kernel, fm_frame_of_slot(slot));
}

/* The handle is consumed first: on another CPU the name is free while the frame still is
 * on its way out. */
static enum sim_flow drop_handle(sim_run *run, struct sim_handle *handle, struct sim_place place)
{
  struct call call = make_call(run);
  if (handle->kind != SIM_HANDLE_FRAME && handle->kind != SIM_HANDLE_UNIQUE)
    return sim_run_error(run, place, "from_raw makes a handle of it again",
                         "'%s' is only an address: its reference was forgotten", handle->name);
  call.frame = handle->frame;
  call.unique = handle->kind == SIM_HANDLE_UNIQUE;
  sim_run_touch(run, call.frame);
  sim_run_consume(run, handle);
  return sim_run_guarded(run, call_drop, &call);
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

/* ---- unique, shared ---- */

/* Runs an operation on a handle that no other thread may touch meanwhile. */
static enum sim_flow guarded_with(sim_run *run, struct sim_handle *handle, void (*body)(void *data),
                                  struct call *call)
{
  call->frame = handle->frame;
  sim_run_touch(run, call->frame);
  handle->taken = true;
  enum sim_flow flow = sim_run_guarded(run, body, call);
  handle->taken = false;
  return flow;
}

/* Gives the handle's place to its successor: the name after `->`, or the same name. */
static enum sim_flow succeed(sim_run *run, const struct sim_command *command,
                             struct sim_handle *handle, enum sim_handle_kind kind)
{
  if (sim_command_bind(command) == NULL) {
    handle->kind = kind;
    handle->step = run->cpu->step;
    handle->place = command->place;
    return SIM_FLOW_NEXT;
  }
  fm_paddr frame = handle->frame;
  sim_run_consume(run, handle);
  return sim_run_bind_handle(run, command, kind, frame);
}

static void call_unique(void *data)
{
  struct call *call = data;
  struct fm_unique unique;
  call->done = call->ops->unique_from_frame(fm_frame_of_slot(fm_slot_at(call->frame)), &unique);
}

enum sim_flow sim_verb_unique(sim_run *run, const struct sim_command *command)
{
  struct call call = make_call(run);
  bool succeeded;
  struct sim_handle *handle = get_handle(run, command, SIM_HANDLE_FRAME);
  if (handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  if (guarded_with(run, handle, call_unique, &call) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  enum sim_flow flow =
      sim_run_answer(run, command, call.done ? NULL : "NotSole", &call.frame, &succeeded);
  return succeeded ? succeed(run, command, handle, SIM_HANDLE_UNIQUE) : flow;
}

static void call_shared(void *data)
{
  struct call *call = data;
  (void)call->ops->unique_share(fm_unique_of_slot(fm_slot_at(call->frame)));
}

enum sim_flow sim_verb_shared(sim_run *run, const struct sim_command *command)
{
  struct call call = make_call(run);
  struct sim_handle *handle = get_handle(run, command, SIM_HANDLE_UNIQUE);
  if (handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  if (guarded_with(run, handle, call_shared, &call) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  return succeed(run, command, handle, SIM_HANDLE_FRAME);
}

/* ---- repurpose, reset ---- */

static void call_repurpose(void *data)
{
  struct call *call = data;
  call->ops->unique_repurpose(call->run->kernel, fm_unique_of_slot(fm_slot_at(call->frame)),
                              call->type, call->meta);
}

enum sim_flow sim_verb_repurpose(sim_run *run, const struct sim_command *command)
{
  struct call call = make_call(run);
  struct sim_handle *handle = get_handle(run, command, SIM_HANDLE_UNIQUE);
  if (handle == NULL || !get_type(run, command, &call))
    return SIM_FLOW_STOP;
  return guarded_with(run, handle, call_repurpose, &call);
}

static void call_reset(void *data)
{
  struct call *call = data;
  call->ops->unique_reset(call->run->kernel, fm_unique_of_slot(fm_slot_at(call->frame)));
}

enum sim_flow sim_verb_reset(sim_run *run, const struct sim_command *command)
{
  struct call call = make_call(run);
  struct sim_handle *handle = get_handle(run, command, SIM_HANDLE_UNIQUE);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  call.frame = handle->frame;
  sim_run_touch(run, call.frame);
  sim_run_consume(run, handle);
  return sim_run_guarded(run, call_reset, &call);
}

/* ---- into_raw, from_raw ---- */

enum sim_flow sim_verb_into_raw(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *expr = sim_command_expr(command, "HANDLE");
  struct sim_handle *handle = sim_run_handle(run, expr, false);
  if (handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  const struct fm_ops *ops = sim_machine_ops(run->machine);
  struct fm_slot *slot = fm_slot_at(handle->frame);
  switch (handle->kind) {
  case SIM_HANDLE_FRAME:
    (void)ops->frame_into_raw(fm_frame_of_slot(slot));
    return succeed(run, command, handle, SIM_HANDLE_RAW);
  case SIM_HANDLE_UNIQUE:
    (void)ops->unique_into_raw(fm_unique_of_slot(slot));
    return succeed(run, command, handle, SIM_HANDLE_RAW_UNIQUE);
  default:
    return sim_run_error(run, expr->place, NULL, "'%s' is forgotten already", handle->name);
  }
}

enum sim_flow sim_verb_from_raw(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *expr = sim_command_expr(command, "ADDR");
  bool unique = sim_command_has(command, "unique");
  uint64_t address;
  if (!sim_run_address(run, expr, &address) || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  fm_paddr frame = fm_paddr_of(address);
  enum sim_handle_kind kind = unique ? SIM_HANDLE_RAW_UNIQUE : SIM_HANDLE_RAW;
  struct sim_handle *raw = sim_run_named_handle(run, expr);
  if (raw == NULL || raw->kind != kind)
    raw = sim_run_find_raw(run, frame, unique);
  if (raw == NULL) {
    sim_run_finding(run, command->place, "VIOLATED", &frame,
                    "from_raw of 0x%" PRIx64 ": no %sreference of this frame was forgotten, so the "
                    "handle would be one too many",
                    address, unique ? "unique " : "");
    return SIM_FLOW_NEXT;
  }
  const struct fm_ops *ops = sim_machine_ops(run->machine);
  if (unique)
    (void)ops->unique_from_raw(frame);
  else
    (void)ops->frame_from_raw(frame);
  sim_run_consume(run, raw);
  return sim_run_bind_handle(run, command, unique ? SIM_HANDLE_UNIQUE : SIM_HANDLE_FRAME, frame);
}

/* ---- alloc, pool ---- */

static void call_alloc(void *data)
{
  struct call *call = data;
  struct fm_frame frame = {NULL};
  const struct fm_alloc_options options = {
      .type = call->type, .meta = call->meta, .dirty = !call->zeroed};
  call->alloc_error = call->ops->frame_alloc(call->run->kernel, &options, &frame);
  call->slot = frame.slot;
}

enum sim_flow sim_verb_alloc(sim_run *run, const struct sim_command *command)
{
  struct call call = make_call(run);
  bool succeeded;
  if (!get_type(run, command, &call) || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  call.zeroed = !sim_command_has(command, "dirty");
  if (sim_run_guarded(run, call_alloc, &call) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  const char *error =
      call.alloc_error != FM_ALLOC_OK ? fm_alloc_error_name(call.alloc_error) : NULL;
  enum sim_flow flow = sim_run_answer(run, command, error, NULL, &succeeded);
  if (!succeeded)
    return flow;
  call.frame = fm_slot_paddr(call.slot);
  /* Which frame it would be was not known before; it was unused. */
  struct sim_touch touch = {.frame = call.frame,
                            .before = {.ref_count = FM_COUNT_UNUSED, .state = FM_STATE_UNUSED}};
  g_array_append_val(run->cpu->touched, touch);
  return sim_run_bind_handle(run, command, SIM_HANDLE_FRAME, call.frame);
}

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
