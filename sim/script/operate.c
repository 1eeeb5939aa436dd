/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/operate.h"

#include <string.h>

#include "sim/script/durable.h"

struct sim_call sim_call_new(const sim_run *run)
{
  return (struct sim_call){.ops = sim_machine_ops(run->machine), .kernel = run->kernel};
}

struct fm_frame sim_handle_frame(const struct sim_handle *handle)
{
  return fm_frame_of_slot(fm_slot_at(handle->frame));
}

struct fm_unique sim_handle_unique(const struct sim_handle *handle)
{
  return fm_unique_of_slot(fm_slot_at(handle->frame));
}

struct fm_segment sim_handle_segment(const struct sim_handle *handle)
{
  return fm_segment_from_raw(sim_handle_range(handle));
}

bool sim_call_type(sim_run *run, const struct sim_command *command, struct sim_call *call)
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

/* "a shared frame, a segment or a borrowed frame". */
static char *list_kinds(guint kinds)
{
  GString *text = g_string_new(NULL);
  for (int kind = 0; kind < SIM_HANDLE_KINDS; kind++) {
    if ((kinds & (1u << kind)) == 0)
      continue;
    bool last = kinds >> kind == 1;
    g_string_append(text, text->len == 0 ? "" : last ? " or " : ", ");
    g_string_append(text, sim_handle_kind_text((enum sim_handle_kind)kind));
  }
  return g_string_free(text, FALSE);
}

struct sim_handle *sim_call_handle(sim_run *run, const struct sim_command *command,
                                   const char *slot, guint kinds, bool borrow)
{
  const struct sim_expr *expr = sim_command_expr(command, slot);
  const struct sim_handle *handle = sim_run_named_handle(run, expr);
  if (handle == NULL || (kinds & (1u << handle->kind)) != 0)
    return run->script_error ? NULL : sim_run_handle(run, expr, borrow);
  g_autofree char *wanted = list_kinds(kinds);
  (void)sim_run_error(run, expr->place, NULL, "'%s' is %s, and '%s' needs %s", handle->name,
                      sim_handle_kind_text(handle->kind), command->verb->name, wanted);
  return NULL;
}

enum sim_flow sim_call_taking(sim_run *run, struct sim_call *call, void (*body)(void *data))
{
  struct sim_handle *const both[] = {call->handle, call->other};
  for (gsize i = 0; i < G_N_ELEMENTS(both); i++)
    if (both[i] != NULL)
      both[i]->taken = true;
  enum sim_flow flow = sim_run_guarded(run, body, call);
  for (gsize i = 0; i < G_N_ELEMENTS(both); i++)
    if (both[i] != NULL)
      both[i]->taken = false;
  return flow;
}

enum sim_flow sim_call_borrowing(sim_run *run, struct sim_call *call, void (*body)(void *data))
{
  call->handle->borrowed++;
  enum sim_flow flow = sim_run_guarded(run, body, call);
  call->handle->borrowed--;
  return flow;
}

enum sim_flow sim_call_succeed(sim_run *run, const struct sim_command *command,
                               struct sim_handle *handle, const struct sim_handle *made)
{
  if (sim_command_bind(command) != NULL) {
    sim_durable_move(run, handle, made);
    sim_run_consume(run, handle);
    return sim_run_bind_handle(run, command, made);
  }
  char *name = handle->name;
  struct sim_entry *entry = handle->entry;
  *handle = *made;
  handle->name = name;
  handle->entry = entry;
  sim_durable_update(run, handle);
  handle->step = run->cpu->step;
  handle->place = command->place;
  return SIM_FLOW_NEXT;
}
