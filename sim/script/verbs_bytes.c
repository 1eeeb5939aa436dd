/* SPDX-License-Identifier: MPL-2.0 */
/* The verbs on the bytes of untyped frames: reader, writer, read, write, fill, copy, skip,
 * limit. */
#include <inttypes.h>
#include <string.h>

#include "sim/script/operate.h"
#include "sim/script/verbs.h"

/* ---- reader, writer ---- */

/* Only a handle whose own type says "untyped" hands out bytes, as the compiler of the
 * kernel would have it. */
static bool is_untyped(const sim_run *run, const struct sim_handle *handle)
{
  if (handle->type == SIM_TYPE_UNTYPED)
    return true;
  return handle->type != SIM_TYPE_ANY &&
         (fm_kernel_vtable(run->kernel, handle->type)->flags & FM_META_UNTYPED) != 0;
}

bool sim_run_must_be_untyped(sim_run *run, const struct sim_expr *expr,
                             const struct sim_handle *handle)
{
  bool any = handle->type == SIM_TYPE_ANY;
  if (is_untyped(run, handle))
    return true;
  g_autofree char *hint = g_strdup_printf("untyped %s", handle->name);
  (void)sim_run_error(run, expr->place, any ? hint : "a frame of type anon is untyped",
                      "'%s' %s%s, and only untyped frames hand out their bytes", handle->name,
                      any ? "may be of any type" : "is of type ",
                      any ? "" : fm_kernel_vtable(run->kernel, handle->type)->name);
  return false;
}

static enum sim_flow open_bytes(sim_run *run, const struct sim_command *command,
                                enum sim_handle_kind kind)
{
  const struct sim_expr *expr = sim_command_expr(command, "HANDLE");
  struct sim_handle *handle = sim_call_handle(
      run, command, "HANDLE", SIM_KIND(FRAME) | SIM_KIND(SEGMENT) | SIM_KIND(REF), true);
  if (handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  if (!sim_run_must_be_untyped(run, expr, handle))
    return SIM_FLOW_STOP;
  uint64_t size = handle->kind == SIM_HANDLE_REF ? FM_PAGE_SIZE : handle->size;
  struct sim_handle made = {.kind = kind,
                            .frame = handle->frame,
                            .type = handle->type,
                            .reader = fm_reader_of(handle->frame, size),
                            .writer = fm_writer_of(handle->frame, size),
                            .lender = handle};
  return sim_run_bind_handle(run, command, &made);
}

enum sim_flow sim_verb_reader(sim_run *run, const struct sim_command *command)
{
  return open_bytes(run, command, SIM_HANDLE_READER);
}

enum sim_flow sim_verb_writer(sim_run *run, const struct sim_command *command)
{
  return open_bytes(run, command, SIM_HANDLE_WRITER);
}

/* ---- read, write, fill ---- */

/* `bytes N`: how large the number is. */
static bool get_item(sim_run *run, const struct sim_command *command, struct sim_call *call)
{
  const struct sim_expr *expr = sim_command_expr(command, "bytes");
  call->item = sizeof(call->bytes);
  if (expr == NULL)
    return true;
  if (!sim_run_number(run, expr, &call->item))
    return false;
  if (call->item >= 1 && call->item <= sizeof(call->bytes))
    return true;
  (void)sim_run_error(run, expr->place, NULL, "a number here has 1 to 8 bytes");
  return false;
}

static enum sim_flow answer_bytes(sim_run *run, const struct sim_command *command, bool done,
                                  bool *ret_go_on)
{
  return sim_run_answer(run, command, done ? NULL : "InvalidArgs", NULL, ret_go_on);
}

/* A process may be used by several threads at a time, a reader or writer by one. */
static struct sim_handle *get_bytes_handle(sim_run *run, const struct sim_command *command,
                                           enum sim_handle_kind kind)
{
  const struct sim_handle *named = sim_run_named_handle(run, sim_command_expr(command, "HANDLE"));
  bool share = named != NULL && named->kind == SIM_HANDLE_PROCESS;
  return sim_call_handle(run, command, "HANDLE", (1u << kind) | SIM_KIND(PROCESS), share);
}

/* `at` is for processes: a reader or writer knows its place. */
static bool has_no_place(sim_run *run, const struct sim_command *command,
                         const struct sim_handle *handle)
{
  const struct sim_expr *at = sim_command_expr(command, "at");
  if (at == NULL)
    return true;
  (void)sim_run_error(run, at->place, "skip moves it on", "'%s' is %s, which has its own place",
                      handle->name, sim_handle_kind_text(handle->kind));
  return false;
}

static void call_read(void *data)
{
  struct sim_call *call = data;
  call->done = call->ops->reader_read(&call->handle->reader, call->bytes, 1, call->item);
}

/* From a reader, or from the memory of a process. */
static enum sim_flow read_number(sim_run *run, const struct sim_command *command,
                                 struct sim_call *call, uint64_t *ret, bool *ret_go_on)
{
  int digits = (int)(call->item * 2);
  *ret_go_on = false;
  if (call->handle->kind == SIM_HANDLE_PROCESS) {
    enum sim_flow flow = sim_process_verb(run, command, call->handle, SIM_ACCESS_READ, ret,
                                          (uint32_t)call->item, ret_go_on);
    if (*ret_go_on)
      sim_run_text(run, SIM_TEXT_OUTPUT, "      0x%0*" PRIx64, digits, *ret);
    return flow;
  }
  if (!has_no_place(run, command, call->handle) ||
      sim_call_taking(run, call, call_read) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  enum sim_flow flow = answer_bytes(run, command, call->done, ret_go_on);
  if (!*ret_go_on)
    return flow;
  memcpy(ret, call->bytes, call->item);
  sim_run_text(run, SIM_TEXT_OUTPUT, "      0x%0*" PRIx64 " at 0x%" PRIx64, digits, *ret,
               call->handle->reader.at.raw - call->item);
  return flow;
}

/* `->` of read names a value, which it may have had before. */
static bool can_bind_value(sim_run *run, const struct sim_bind *bind)
{
  if (bind == NULL)
    return true;
  const struct sim_binding *binding = g_hash_table_lookup(run->names, bind->name);
  bool is_free =
      binding == NULL || binding->kind == SIM_BINDING_GONE || binding->kind == SIM_BINDING_VALUE;
  if (is_free && bind->index == NULL && !g_hash_table_contains(run->cpu->locals, bind->name))
    return true;
  (void)sim_run_error(run, bind->place, "choose another name",
                      bind->index != NULL ? "'%s' would be one of an array, and read gives a number"
                                          : "'%s' stands for something else",
                      bind->name);
  return false;
}

enum sim_flow sim_verb_read(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  const struct sim_bind *bind = sim_command_bind(command);
  uint64_t number = 0;
  bool succeeded;
  call.handle = get_bytes_handle(run, command, SIM_HANDLE_READER);
  if (call.handle == NULL || !get_item(run, command, &call) || !can_bind_value(run, bind))
    return SIM_FLOW_STOP;
  enum sim_flow flow = read_number(run, command, &call, &number, &succeeded);
  if (!succeeded)
    return flow;
  if (bind != NULL)
    return sim_run_bind_value(run, bind->place, bind->name,
                              (struct sim_value){.kind = SIM_VALUE_NUMBER, .number = number});
  return SIM_FLOW_NEXT;
}

static void call_write(void *data)
{
  struct sim_call *call = data;
  call->done = call->ops->writer_fill(&call->handle->writer, call->bytes, call->count, call->item);
}

static enum sim_flow write_process(sim_run *run, const struct sim_command *command,
                                   struct sim_call *call, uint64_t number)
{
  bool succeeded;
  if (call->count != 1)
    return sim_run_error(run, sim_command_arg(command, "times")->place, NULL,
                         "a process writes one number at a time");
  return sim_process_verb(run, command, call->handle, SIM_ACCESS_WRITE, &number,
                          (uint32_t)call->item, &succeeded);
}

enum sim_flow sim_verb_write(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  const struct sim_expr *expr = sim_command_expr(command, "NUMBER");
  const struct sim_expr *times = sim_command_expr(command, "times");
  uint64_t number;
  bool succeeded;
  call.count = 1;
  call.handle = get_bytes_handle(run, command, SIM_HANDLE_WRITER);
  if (call.handle == NULL || !sim_run_can_bind(run, command) ||
      !sim_run_number(run, expr, &number) || !get_item(run, command, &call) ||
      (times != NULL && !sim_run_number(run, times, &call.count)))
    return SIM_FLOW_STOP;
  if (call.item < sizeof(number) && number >> (8 * call.item) != 0)
    return sim_run_error(run, expr->place, NULL,
                         "0x%" PRIx64 " does not fit into %" PRIu64 " bytes", number, call.item);
  if (call.handle->kind == SIM_HANDLE_PROCESS)
    return write_process(run, command, &call, number);
  memcpy(call.bytes, &number, sizeof(number));
  if (!has_no_place(run, command, call.handle) ||
      sim_call_taking(run, &call, call_write) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  return answer_bytes(run, command, call.done, &succeeded);
}

/* ---- copy, skip, limit ---- */

static void call_copy(void *data)
{
  struct sim_call *call = data;
  call->count = call->ops->io_copy(&call->handle->reader, &call->other->writer);
}

enum sim_flow sim_verb_copy(sim_run *run, const struct sim_command *command)
{
  struct sim_call call = sim_call_new(run);
  call.handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(READER), false);
  call.other =
      call.handle != NULL ? sim_call_handle(run, command, "to", SIM_KIND(WRITER), false) : NULL;
  if (call.other == NULL || sim_call_taking(run, &call, call_copy) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  sim_run_text(run, SIM_TEXT_OUTPUT, "      %" PRIu64 " bytes copied", call.count);
  return SIM_FLOW_NEXT;
}

enum sim_flow sim_verb_skip(sim_run *run, const struct sim_command *command)
{
  uint64_t size;
  bool succeeded;
  struct sim_handle *handle =
      sim_call_handle(run, command, "HANDLE", SIM_KIND(READER) | SIM_KIND(WRITER), false);
  if (handle == NULL || !sim_run_can_bind(run, command) ||
      !sim_run_number(run, sim_command_expr(command, "NUMBER"), &size))
    return SIM_FLOW_STOP;
  bool done = handle->kind == SIM_HANDLE_READER ? fm_reader_skip(&handle->reader, size)
                                                : fm_writer_skip(&handle->writer, size);
  return answer_bytes(run, command, done, &succeeded);
}

enum sim_flow sim_verb_limit(sim_run *run, const struct sim_command *command)
{
  uint64_t size;
  struct sim_handle *handle =
      sim_call_handle(run, command, "HANDLE", SIM_KIND(READER) | SIM_KIND(WRITER), false);
  if (handle == NULL || !sim_run_number(run, sim_command_expr(command, "NUMBER"), &size))
    return SIM_FLOW_STOP;
  if (handle->kind == SIM_HANDLE_READER)
    fm_reader_limit(&handle->reader, size);
  else
    fm_writer_limit(&handle->writer, size);
  return SIM_FLOW_NEXT;
}
