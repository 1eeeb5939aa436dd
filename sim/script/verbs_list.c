/* SPDX-License-Identifier: MPL-2.0 */
/* The verbs on frame lists and cursors. */
#include <inttypes.h>

#include "sim/script/durable.h"
#include "sim/script/operate.h"
#include "sim/script/verbs.h"

enum sim_flow sim_verb_list(sim_run *run, const struct sim_command *command)
{
  const struct sim_arg *name = sim_command_arg(command, "NAME");
  const struct sim_handle made = {.kind = SIM_HANDLE_LIST, .type = SIM_TYPE_ANY};
  if (sim_run_is_bound(run, name->word))
    return sim_run_error(run, name->place, "choose another name", "'%s' is bound already",
                         name->word);
  if (!sim_durable_reserve(run, command, name->word))
    return SIM_FLOW_STOP;
  return sim_run_bind_name(run, command, name->word, &made);
}

/* ---- push, insert ---- */

/* The unique frame that a list is to own: its metadata must begin with a link. */
static struct sim_handle *get_linked(sim_run *run, const struct sim_command *command)
{
  struct sim_handle *handle = sim_call_handle(run, command, "frame", SIM_KIND(UNIQUE), false);
  struct fm_slot_view view;
  if (handle == NULL)
    return NULL;
  fm_slot_view(run->kernel, fm_slot_at(handle->frame), &view);
  if (view.vtable != NULL && view.vtable->number == FM_META_LINK)
    return handle;
  (void)sim_run_error(run, sim_command_expr(command, "frame")->place,
                      "claim 0x2345000 unique as link -> u",
                      "'%s' has metadata of type %s, and a list needs the type link", handle->name,
                      view.vtable != NULL ? view.vtable->name : "none");
  return NULL;
}

/* The frame is the list's from now on; its handle goes before the operation begins. */
static enum sim_flow give(sim_run *run, struct sim_call *call, struct sim_handle *frame,
                          void (*body)(void *data))
{
  call->frame = frame->frame;
  bool is_list = call->handle->kind == SIM_HANDLE_LIST;
  sim_durable_intend_into(run, frame, is_list ? call->handle : call->handle->lender);
  sim_run_touch(run, call->frame);
  sim_run_consume(run, frame);
  call->handle->taken = true;
  enum sim_flow flow = sim_run_guarded(run, body, call);
  call->handle->taken = false;
  return flow;
}

static struct fm_unique given(const struct sim_call *call)
{
  return fm_unique_of_slot(fm_slot_at(call->frame));
}

static void call_push(void *data)
{
  struct sim_call *call = data;
  struct fm_list *list = sim_handle_list(call->handle);
  if (call->back)
    call->ops->list_push_back(call->kernel, list, given(call));
  else
    call->ops->list_push_front(call->kernel, list, given(call));
}

enum sim_flow sim_verb_push(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(LIST), false);
  struct sim_handle *frame = call.handle != NULL ? get_linked(run, command) : NULL;
  if (frame == NULL)
    return SIM_FLOW_STOP;
  call.back = sim_command_has(command, "back");
  return give(run, &call, frame, call_push);
}

static void call_insert(void *data)
{
  struct sim_call *call = data;
  call->ops->cursor_insert_before(call->kernel, &call->handle->cursor, given(call));
}

enum sim_flow sim_verb_insert(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(CURSOR), false);
  struct sim_handle *frame = call.handle != NULL ? get_linked(run, command) : NULL;
  return frame != NULL ? give(run, &call, frame, call_insert) : SIM_FLOW_STOP;
}

/* ---- pop, take ---- */

/* Runs an operation that takes a frame out; `error` is its answer if there is none. */
static enum sim_flow take_out(sim_run *run, const struct sim_command *command,
                              struct sim_call *call, void (*body)(void *data), const char *error)
{
  bool succeeded;
  call->handle->taken = true;
  enum sim_flow flow = sim_run_guarded(run, body, call);
  call->handle->taken = false;
  if (flow != SIM_FLOW_NEXT)
    return flow;
  flow = sim_run_answer(run, command, call->done ? NULL : error, NULL, &succeeded);
  if (!succeeded)
    return flow;
  struct sim_handle made =
      sim_handle_of_frame(SIM_HANDLE_UNIQUE, fm_slot_paddr(call->slot), FM_META_LINK);
  return sim_run_bind_handle(run, command, &made);
}

static void call_pop(void *data)
{
  struct sim_call *call = data;
  struct fm_list *list = sim_handle_list(call->handle);
  struct fm_unique frame = {NULL};
  call->done =
      call->back ? call->ops->list_pop_back(list, &frame) : call->ops->list_pop_front(list, &frame);
  call->slot = frame.slot;
}

enum sim_flow sim_verb_pop(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(LIST), false);
  if (call.handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  call.back = sim_command_has(command, "back");
  const struct fm_list *list = sim_handle_list(call.handle);
  struct sim_list_walk end = {.next = call.back ? list->back : list->front, .left = 1};
  if (sim_list_walk_next(&end, &call.frame)) {
    sim_durable_expect_from(run, call.handle, call.frame);
    sim_run_touch(run, call.frame);
  }
  return take_out(run, command, &call, call_pop, "Empty");
}

static void call_take(void *data)
{
  struct sim_call *call = data;
  struct fm_unique frame = {NULL};
  call->done = call->ops->cursor_take(&call->handle->cursor, &frame);
  call->slot = frame.slot;
}

enum sim_flow sim_verb_take(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(CURSOR), false);
  if (call.handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  if (call.handle->cursor.at.slot != NULL) {
    call.frame = fm_slot_paddr(call.handle->cursor.at.slot);
    sim_durable_expect_from(run, call.handle->lender, call.frame);
    sim_run_touch(run, call.frame);
  }
  return take_out(run, command, &call, call_take, "AtGhost");
}

/* ---- contains, cursor, next, prev ---- */

static void call_contains(void *data)
{
  struct sim_call *call = data;
  call->done = call->ops->list_contains(call->kernel, sim_handle_list(call->handle), call->frame);
}

enum sim_flow sim_verb_contains(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  bool succeeded;
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(LIST), true);
  if (call.handle == NULL || !sim_run_can_bind(run, command) ||
      !sim_run_address(run, sim_command_expr(command, "ADDR"), &call.frame.raw) ||
      sim_call_borrowing(run, &call, call_contains) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  return sim_run_answer(run, command, call.done ? NULL : "NotInList", &call.frame, &succeeded);
}

static void call_cursor(void *data)
{
  struct sim_call *call = data;
  struct fm_list *list = sim_handle_list(call->handle);
  call->cursor = call->back ? call->ops->cursor_back(list) : call->ops->cursor_front(list);
  call->done = true;
}

static void call_cursor_at(void *data)
{
  struct sim_call *call = data;
  call->done =
      call->ops->cursor_at(call->kernel, sim_handle_list(call->handle), call->frame, &call->cursor);
}

enum sim_flow sim_verb_cursor(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  const struct sim_expr *at = sim_command_expr(command, "at");
  bool succeeded;
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(LIST), false);
  if (call.handle == NULL || (at != NULL && !sim_run_address(run, at, &call.frame.raw)) ||
      !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  call.back = sim_command_has(command, "back");
  if (sim_call_taking(run, &call, at != NULL ? call_cursor_at : call_cursor) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  enum sim_flow flow =
      sim_run_answer(run, command, call.done ? NULL : "NotInList", &call.frame, &succeeded);
  if (!succeeded)
    return flow;
  const struct sim_handle made = {.kind = SIM_HANDLE_CURSOR,
                                  .type = SIM_TYPE_ANY,
                                  .cursor = call.cursor,
                                  .lender = call.handle};
  return sim_run_bind_handle(run, command, &made);
}

static void call_cursor_move(void *data)
{
  struct sim_call *call = data;
  if (call->back)
    call->ops->cursor_prev(&call->handle->cursor);
  else
    call->ops->cursor_next(&call->handle->cursor);
}

static enum sim_flow move_cursor(sim_run *run, struct sim_handle *cursor, bool back)
{
  struct sim_call call = sim_call_new(run);
  call.handle = cursor;
  call.back = back;
  if (sim_call_taking(run, &call, call_cursor_move) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  const struct fm_slot *slot = cursor->cursor.at.slot;
  if (slot != NULL)
    sim_run_text(run, SIM_TEXT_OUTPUT, "      at frame 0x%" PRIx64, fm_slot_paddr(slot).raw);
  else
    sim_run_text(run, SIM_TEXT_OUTPUT, "      at the ghost, between the back and the front");
  return SIM_FLOW_NEXT;
}

enum sim_flow sim_verb_prev(sim_run *run, const struct sim_command *command)
{
  struct sim_handle *cursor = sim_call_handle(run, command, "HANDLE", SIM_KIND(CURSOR), false);
  return cursor != NULL ? move_cursor(run, cursor, true) : SIM_FLOW_STOP;
}

enum sim_flow sim_verb_next(sim_run *run, const struct sim_command *command)
{
  struct sim_handle *handle =
      sim_call_handle(run, command, "HANDLE", SIM_KIND(CURSOR) | SIM_KIND(SEGMENT), false);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  if (handle->kind == SIM_HANDLE_SEGMENT)
    return sim_segment_next(run, command, handle);
  if (sim_command_bind(command) != NULL)
    return sim_run_error(run, sim_command_bind(command)->place, "take takes it out of the list",
                         "a cursor that moves hands out no frame");
  return move_cursor(run, handle, false);
}
