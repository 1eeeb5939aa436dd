/* SPDX-License-Identifier: MPL-2.0 */
/* The verbs on processes and their memory. */
#include <inttypes.h>
#include <string.h>

#include "sim/os.h"
#include "sim/script/durable.h"
#include "sim/script/operate.h"
#include "sim/script/verbs.h"

/* One call into the system, as sim_guard_run() needs it. */
struct os_call {
  sim_os *os;
  struct sim_process *process;
  const char *name;
  uint64_t start;
  uint64_t size;
  uint32_t flags;
  bool shared;
  bool flush;
  struct sim_handle *from; /* frames to be mapped; NULL: new ones */
  enum sim_access access;
  uint64_t number;
  uint32_t bytes;
  enum sim_os_answer answer;
  struct sim_process *made;
  struct sim_fault fault;
};

static struct os_call make_call(sim_run *run)
{
  sim_os *os = sim_run_os(run);
  sim_os_set_tag(os, run->cpu->step);
  return (struct os_call){.os = os, .flush = true};
}

/* The process, and `at ADDR`, `size NUMBER`, `noflush`. */
static struct sim_handle *get_process(sim_run *run, const struct sim_command *command,
                                      struct os_call *call, bool share)
{
  struct sim_handle *handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(PROCESS), share);
  const struct sim_expr *at = sim_command_expr(command, "at");
  const struct sim_expr *size = sim_command_expr(command, "size");
  call->size = FM_PAGE_SIZE;
  if (handle == NULL || !sim_run_can_bind(run, command) ||
      (at != NULL && !sim_run_number(run, at, &call->start)) ||
      (size != NULL && !sim_run_number(run, size, &call->size)))
    return NULL;
  call->process = handle->process;
  call->flush = !sim_command_has(command, "noflush");
  return handle;
}

/* The process is not to be gone meanwhile, and the frames that are mapped neither.  Other
 * threads may use it at the same time: that is what processes are for. */
static enum sim_flow run_sharing(sim_run *run, struct sim_handle *handle, struct os_call *call,
                                 void (*body)(void *data))
{
  handle->borrowed++;
  if (call->from != NULL)
    call->from->borrowed++;
  enum sim_flow flow = sim_run_guarded(run, body, call);
  if (call->from != NULL)
    call->from->borrowed--;
  handle->borrowed--;
  return flow;
}

/* Nobody else may use the process meanwhile. */
static enum sim_flow run_taking(sim_run *run, struct sim_handle *handle, struct os_call *call,
                                void (*body)(void *data))
{
  handle->taken = true;
  enum sim_flow flow = sim_run_guarded(run, body, call);
  handle->taken = false;
  return flow;
}

static enum sim_flow answer_os(sim_run *run, const struct sim_command *command,
                               const struct os_call *call, bool *ret_go_on)
{
  const char *error = call->answer != SIM_OS_OK ? sim_os_answer_name(call->answer) : NULL;
  if (call->answer == SIM_OS_FAULT) {
    g_autofree char *text = sim_fault_to_string(&call->fault);
    sim_run_text(run, SIM_TEXT_OUTPUT, "      %s", text);
  }
  return sim_run_answer(run, command, error, NULL, ret_go_on);
}

/* "rw" -> flags. */
static uint32_t rights_of(const char *word)
{
  uint32_t flags = 0;
  if (word == NULL)
    word = "rw";
  if (strcmp(word, "none") == 0)
    return 0;
  flags |= strchr(word, 'r') != NULL ? (uint32_t)FM_PAGE_READ : 0;
  flags |= strchr(word, 'w') != NULL ? (uint32_t)FM_PAGE_WRITE : 0;
  flags |= strchr(word, 'x') != NULL ? (uint32_t)FM_PAGE_EXEC : 0;
  return flags;
}

static const char *find_rights(const struct sim_command *command)
{
  static const char *const words[] = {"none", "r", "rw", "rx", "rwx"};
  for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
    if (sim_command_has(command, words[i]))
      return words[i];
  return NULL;
}

/* ---- process, fork, exec, exit, activate ---- */

static struct sim_handle handle_of(struct sim_process *process)
{
  return (struct sim_handle){.kind = SIM_HANDLE_PROCESS, .type = SIM_TYPE_ANY, .process = process};
}

static void call_new(void *data)
{
  struct os_call *call = data;
  call->answer = sim_process_new(call->os, call->name, &call->made);
}

enum sim_flow sim_verb_process(sim_run *run, const struct sim_command *command)
{
  struct os_call call = make_call(run);
  const struct sim_arg *name = sim_command_arg(command, "NAME");
  bool succeeded;
  if (sim_run_is_bound(run, name->word))
    return sim_run_error(run, name->place, "choose another name", "'%s' is bound already",
                         name->word);
  if (!sim_durable_reserve(run, command, name->word))
    return SIM_FLOW_STOP;
  call.name = name->word;
  if (sim_run_guarded(run, call_new, &call) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  enum sim_flow flow = answer_os(run, command, &call, &succeeded);
  if (!succeeded)
    return flow;
  sim_run_touch_new(run, fm_slot_paddr(call.made->space.root.slot));
  struct sim_handle made = handle_of(call.made);
  return sim_run_bind_name(run, command, name->word, &made);
}

static void call_fork(void *data)
{
  struct os_call *call = data;
  call->answer = sim_process_fork(call->os, call->process, call->name, call->flush, &call->made);
}

enum sim_flow sim_verb_fork(sim_run *run, const struct sim_command *command)
{
  struct os_call call = make_call(run);
  const struct sim_bind *bind = sim_command_bind(command);
  g_autofree char *name = NULL;
  bool succeeded;
  struct sim_handle *handle = get_process(run, command, &call, true);
  if (handle == NULL || !sim_run_can_bind(run, command) ||
      (bind != NULL && !sim_run_name(run, bind->name, bind->index, &name)))
    return SIM_FLOW_STOP;
  const struct sim_binding *old = name != NULL ? g_hash_table_lookup(run->names, name) : NULL;
  if (name == NULL || (old != NULL && old->kind == SIM_BINDING_POOL))
    return sim_run_error(run, command->place, "fork p -> q",
                         "a process needs a name of its own, or nothing can end it");
  call.name = name;
  if (run_sharing(run, handle, &call, call_fork) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  enum sim_flow flow = answer_os(run, command, &call, &succeeded);
  if (!succeeded)
    return flow;
  struct sim_handle made = handle_of(call.made);
  return sim_run_bind_handle(run, command, &made);
}

static void call_exec(void *data)
{
  const struct os_call *call = data;
  sim_process_exec(call->os, call->process);
}

enum sim_flow sim_verb_exec(sim_run *run, const struct sim_command *command)
{
  struct os_call call = make_call(run);
  struct sim_handle *handle = get_process(run, command, &call, false);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  sim_durable_intend_clear(run, handle, 0, FM_USER_END);
  return run_taking(run, handle, &call, call_exec);
}

static void call_exit(void *data)
{
  const struct os_call *call = data;
  sim_process_exit(call->os, call->process);
}

enum sim_flow sim_verb_exit(sim_run *run, const struct sim_command *command)
{
  struct os_call call = make_call(run);
  struct sim_handle *handle = get_process(run, command, &call, false);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  sim_run_touch(run, fm_slot_paddr(call.process->space.root.slot));
  sim_run_consume(run, handle);
  return sim_run_guarded(run, call_exit, &call);
}

static void call_activate(void *data)
{
  const struct os_call *call = data;
  sim_process_activate(call->os, call->process);
}

enum sim_flow sim_verb_activate(sim_run *run, const struct sim_command *command)
{
  struct os_call call = make_call(run);
  struct sim_handle *handle = get_process(run, command, &call, true);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  sim_run_touch(run, fm_slot_paddr(call.process->space.root.slot));
  return run_sharing(run, handle, &call, call_activate);
}

/* ---- map, unmap, protect, flush ---- */

static void call_map(void *data)
{
  struct os_call *call = data;
  call->answer = call->from != NULL
                     ? sim_process_map_frames(call->os, call->process, call->start,
                                              sim_handle_range(call->from), call->flags)
                     : sim_process_map(call->os, call->process, call->start, call->size,
                                       call->flags, call->shared);
}

/* `from HANDLE`: an untyped frame or segment. */
static bool get_from(sim_run *run, const struct sim_command *command, struct os_call *call)
{
  if (sim_command_expr(command, "from") == NULL)
    return true;
  struct sim_handle *from =
      sim_call_handle(run, command, "from", SIM_KIND(FRAME) | SIM_KIND(SEGMENT), true);
  call->from = from;
  return from != NULL && sim_run_must_be_untyped(run, sim_command_expr(command, "from"), from);
}

enum sim_flow sim_verb_map(sim_run *run, const struct sim_command *command)
{
  struct os_call call = make_call(run);
  bool succeeded;
  struct sim_handle *handle = get_process(run, command, &call, true);
  if (handle == NULL || !get_from(run, command, &call))
    return SIM_FLOW_STOP;
  if (call.from != NULL && sim_command_expr(command, "size") != NULL)
    return sim_run_error(run, sim_command_arg(command, "size")->place, NULL,
                         "the frames of '%s' say how large it is", call.from->name);
  call.flags = rights_of(find_rights(command));
  call.shared = sim_command_has(command, "shared");
  uint64_t mapped = call.from != NULL ? call.from->size : call.size;
  /* Only where it will map: what is there already must not go with it. */
  if (sim_area_is_good(call.start, mapped) &&
      !sim_area_overlaps(call.process, call.start, call.start + mapped))
    sim_durable_intend_clear(run, handle, call.start, call.start + mapped);
  if (run_sharing(run, handle, &call, call_map) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  return answer_os(run, command, &call, &succeeded);
}

static void call_unmap(void *data)
{
  struct os_call *call = data;
  call->answer = sim_process_unmap(call->os, call->process, call->start, call->size, call->flush);
}

enum sim_flow sim_verb_unmap(sim_run *run, const struct sim_command *command)
{
  struct os_call call = make_call(run);
  bool succeeded;
  struct sim_handle *handle = get_process(run, command, &call, true);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  if (sim_area_is_good(call.start, call.size))
    sim_durable_intend_clear(run, handle, call.start, call.start + call.size);
  if (run_sharing(run, handle, &call, call_unmap) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  return answer_os(run, command, &call, &succeeded);
}

static void call_protect(void *data)
{
  struct os_call *call = data;
  call->answer = sim_process_protect(call->os, call->process, call->start, call->size, call->flags,
                                     call->flush);
}

enum sim_flow sim_verb_protect(sim_run *run, const struct sim_command *command)
{
  struct os_call call = make_call(run);
  bool succeeded;
  struct sim_handle *handle = get_process(run, command, &call, true);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  call.flags = rights_of(find_rights(command));
  if (run_sharing(run, handle, &call, call_protect) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  return answer_os(run, command, &call, &succeeded);
}

enum sim_flow sim_verb_flush(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *cpu = sim_command_expr(command, "cpu");
  const struct sim_expr *at = sim_command_expr(command, "at");
  const struct sim_expr *size = sim_command_expr(command, "size");
  sim_mmu *mmu = sim_os_mmu(sim_run_os(run));
  uint32_t first = 0;
  uint64_t start = 0;
  uint64_t bytes = FM_PAGE_SIZE;
  if ((cpu != NULL && !sim_run_cpu(run, cpu, &first)) ||
      (at != NULL && !sim_run_number(run, at, &start)) ||
      (size != NULL && !sim_run_number(run, size, &bytes)))
    return SIM_FLOW_STOP;
  uint32_t last = cpu != NULL ? first : run->kernel->cpus - 1;
  uint64_t end = bytes > UINT64_MAX - start ? UINT64_MAX : start + bytes;
  for (uint32_t id = first; id <= last; id++) {
    if (at != NULL)
      sim_mmu_flush(mmu, id, start, end);
    else
      sim_mmu_flush_all(mmu, id, true);
  }
  return SIM_FLOW_NEXT;
}

/* ---- read, write, fetch ---- */

static void call_access(void *data)
{
  struct os_call *call = data;
  call->answer = sim_process_access(call->os, call->process, call->start, call->access,
                                    &call->number, call->bytes, &call->fault);
}

enum sim_flow sim_process_verb(sim_run *run, const struct sim_command *command,
                               struct sim_handle *handle, enum sim_access access, uint64_t *number,
                               uint32_t bytes, bool *ret_go_on)
{
  struct os_call call = make_call(run);
  const struct sim_expr *at = sim_command_expr(command, "at");
  *ret_go_on = false;
  if (at == NULL)
    return sim_run_error(run, command->place, "at 0x1000", "where in the memory of '%s'?",
                         handle->name);
  if (!sim_run_number(run, at, &call.start))
    return SIM_FLOW_STOP;
  call.process = handle->process;
  call.access = access;
  call.number = *number;
  call.bytes = bytes;
  if (run_sharing(run, handle, &call, call_access) != SIM_FLOW_NEXT)
    return SIM_FLOW_STOP;
  enum sim_flow flow = answer_os(run, command, &call, ret_go_on);
  *number = call.number;
  return flow;
}

enum sim_flow sim_verb_fetch(sim_run *run, const struct sim_command *command)
{
  uint64_t number = 0;
  bool succeeded;
  struct sim_handle *handle = sim_call_handle(run, command, "HANDLE", SIM_KIND(PROCESS), true);
  if (handle == NULL || !sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  return sim_process_verb(run, command, handle, SIM_ACCESS_EXEC, &number, 1, &succeeded);
}
