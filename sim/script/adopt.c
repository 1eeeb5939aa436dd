/* SPDX-License-Identifier: MPL-2.0 */
/* Machines that were left behind: going on with one, adopting its handles, leaving one. */
#include <inttypes.h>
#include <string.h>

#include "sim/error.h"
#include "sim/internal.h"
#include "sim/repair/repair.h"
#include "sim/script/durable.h"
#include "sim/script/verbs.h"

/* ---- Going on ---- */

static enum sim_flow refuse(sim_run *run, const char *text)
{
  run->script_error = true;
  run->bad_input = true;
  sim_run_text(run, SIM_TEXT_MESSAGE, "error: %s\n", text);
  return SIM_FLOW_STOP;
}

/* Only what is whole is gone on with; a look at the whole machine says whether it is. */
static bool is_whole(sim_machine *machine, const sim_table *table)
{
  g_autoptr(sim_holders) holders = sim_holders_new(machine);
  const struct sim_audit_options options = {
      .holders = sim_holders_of, .holders_data = holders, .threads = 1};
  struct sim_audit_result result;
  if (table != NULL && sim_table_header(table)->open != 0)
    return false;
  sim_audit_run(machine, &options, &result);
  return result.faults == 0;
}

static const enum sim_handle_kind handle_kinds[SIM_ENTRY_KINDS] = {
    [SIM_ENTRY_FRAME] = SIM_HANDLE_FRAME,     [SIM_ENTRY_UNIQUE] = SIM_HANDLE_UNIQUE,
    [SIM_ENTRY_RAW] = SIM_HANDLE_RAW,         [SIM_ENTRY_RAW_UNIQUE] = SIM_HANDLE_RAW_UNIQUE,
    [SIM_ENTRY_SEGMENT] = SIM_HANDLE_SEGMENT, [SIM_ENTRY_RAW_SEGMENT] = SIM_HANDLE_RAW_SEGMENT,
    [SIM_ENTRY_LIST] = SIM_HANDLE_LIST,       [SIM_ENTRY_PROCESS] = SIM_HANDLE_PROCESS,
};

static void add_orphan(sim_run *run, struct sim_entry *entry)
{
  struct sim_handle *handle = g_new0(struct sim_handle, 1);
  handle->kind = handle_kinds[sim_entry_kind(entry)];
  handle->type = sim_entry_type(entry);
  handle->entry = entry;
  handle->step = entry->step;
  handle->orphan = true;
  handle->name = g_strdup_printf("orphan:%s", entry->name);
  if (handle->kind == SIM_HANDLE_PROCESS) {
    handle->process = sim_process_adopt(sim_run_os(run), entry->name, fm_paddr_of(entry->start));
  } else if (handle->kind != SIM_HANDLE_LIST) {
    handle->frame = fm_paddr_of(entry->start);
    handle->size = entry->end - entry->start;
  }
  g_ptr_array_add(run->orphans, handle);
}

static gint by_serial(gconstpointer left, gconstpointer right)
{
  uint64_t a = (*(struct sim_handle *const *)left)->entry->serial;
  uint64_t b = (*(struct sim_handle *const *)right)->entry->serial;
  return a < b ? -1 : a > b;
}

static void add_orphans(sim_run *run, sim_table *table)
{
  for (uint64_t i = 0; i < sim_table_header(table)->room; i++)
    if (sim_entry_kind(sim_table_entry(table, i)) != SIM_ENTRY_NONE)
      add_orphan(run, sim_table_entry(table, i));
  g_ptr_array_sort(run->orphans, by_serial);
}

static void call_attach(void *data)
{
  sim_run *run = data;
  sim_table *table = sim_machine_table(run->machine);
  run->resumed = is_whole(run->machine, table);
  if (!run->resumed || table == NULL)
    return;
  sim_durable_store(&sim_table_header(table)->open, 1);
  add_orphans(run, table);
}

static void tell_memory(enum fm_memory_event event, fm_paddr start, uint64_t size, void *data)
{
  sim_run_tell_memory(data, event, start, size);
}

enum sim_flow sim_durable_resume(sim_run *run)
{
  g_autoptr(GError) error = NULL;
  const char *path = run->options.ram_file;
  run->machine = sim_machine_open_writable(path, FM_STAGE_ALLOCATOR, &error);
  if (run->machine == NULL)
    return refuse(run, error->message);
  run->kernel = sim_machine_kernel(run->machine);
  sim_cpu_enter(run->machine, 0);
  enum sim_end end = sim_guard_run(run->machine, call_attach, run);
  if (end != SIM_END_DONE || !run->resumed) {
    g_autofree char *text = g_strdup_printf(
        "%s was left in the middle: its handles, counts or free memory do not agree\n"
        "hint: framesim check --repair %s",
        path, path);
    run->kernel = NULL;
    g_ptr_array_set_size(run->orphans, 0);
    g_clear_pointer(&run->os, sim_os_free);
    g_clear_pointer(&run->machine, sim_machine_free);
    return refuse(run, text);
  }
  sim_machine_set_ops(run->machine, run->needs_hooks ? &fm_ops_instrumented : &fm_ops_native);
  sim_machine_watch_memory(run->machine, tell_memory, run);
  run->boots++;
  sim_run_text(run, SIM_TEXT_OUTPUT,
               "resumed: %" PRIu64 " frames, %u CPU%s, allocator %s, %u orphan%s%s",
               run->kernel->nr_frames, run->kernel->cpus, run->kernel->cpus == 1 ? "" : "s",
               fm_allocator_name((enum fm_allocator_kind)run->kernel->allocator), run->orphans->len,
               run->orphans->len == 1 ? "" : "s",
               sim_machine_table(run->machine) == NULL ? ", handles are not durable" : "");
  sim_run_flush(run);
  return SIM_FLOW_NEXT;
}

/* ---- adopt ---- */

/* The hint: which there are. */
static char *list_orphans(const sim_run *run)
{
  GString *text = g_string_new(run->orphans->len == 0 ? "there are no orphans" : "there are: ");
  for (guint i = 0; i < MIN(run->orphans->len, 12); i++)
    g_string_append_printf(text, "%s%s", i == 0 ? "" : ", ",
                           ((struct sim_handle *)run->orphans->pdata[i])->entry->name);
  if (run->orphans->len > 12)
    g_string_append(text, ", ...");
  return g_string_free(text, FALSE);
}

static bool can_be_dropped(const struct sim_handle *handle)
{
  return handle->kind == SIM_HANDLE_FRAME || handle->kind == SIM_HANDLE_UNIQUE ||
         handle->kind == SIM_HANDLE_SEGMENT || handle->kind == SIM_HANDLE_LIST;
}

/* The first orphan of that name (NULL: of any) that may go where the result goes: into a pool
 * only what can be dropped there. */
static bool find_orphan(const sim_run *run, const char *name, bool pool, guint *ret)
{
  for (guint i = 0; i < run->orphans->len; i++) {
    const struct sim_handle *orphan = run->orphans->pdata[i];
    if ((name == NULL || strcmp(orphan->entry->name, name) == 0) &&
        (!pool || can_be_dropped(orphan))) {
      *ret = i;
      return true;
    }
  }
  return false;
}

static enum sim_flow adopt_one(sim_run *run, const struct sim_command *command, guint index)
{
  struct sim_handle *orphan = run->orphans->pdata[index];
  struct sim_handle made = *orphan;
  made.orphan = false;
  if (!sim_run_can_bind(run, command))
    return SIM_FLOW_STOP;
  sim_durable_move(run, orphan, &made);
  g_ptr_array_remove_index(run->orphans, index);
  return sim_run_bind_handle(run, command, &made);
}

static bool is_pool(sim_run *run, const struct sim_command *command)
{
  const struct sim_bind *bind = sim_command_bind(command);
  const struct sim_binding *binding = g_hash_table_lookup(run->names, bind->name);
  return bind->index == NULL && binding != NULL && binding->kind == SIM_BINDING_POOL;
}

enum sim_flow sim_verb_adopt(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *expr = sim_command_expr(command, "STRING");
  struct sim_value value = {0};
  guint index;
  if (expr != NULL && !sim_run_value(run, expr, &value))
    return SIM_FLOW_STOP;
  if (expr != NULL && value.kind != SIM_VALUE_STRING)
    return sim_run_error(run, expr->place, "adopt \"f\" -> f", "a name of an orphan is a string");
  const char *name = expr != NULL ? value.text : NULL;
  if (name != NULL && g_str_has_prefix(name, "orphan:"))
    name += strlen("orphan:");

  bool pool = is_pool(run, command);
  if (sim_command_has(command, "all")) {
    enum sim_flow flow = SIM_FLOW_NEXT;
    if (!pool)
      return sim_run_error(run, sim_command_bind(command)->place, "pool p",
                           "all of them want a pool, which takes handles of any number");
    while (flow == SIM_FLOW_NEXT && find_orphan(run, name, true, &index))
      flow = adopt_one(run, command, index);
    return flow;
  }
  if (find_orphan(run, name, pool, &index))
    return adopt_one(run, command, index);
  g_autofree char *hint = list_orphans(run);
  return sim_run_error(run, command->place, hint, "there is no orphan%s%s%s that can be adopted",
                       name != NULL ? " '" : "", name != NULL ? name : "", name != NULL ? "'" : "");
}

/* ---- The end ---- */

void sim_durable_close(sim_run *run)
{
  sim_table *table = run->machine != NULL ? sim_machine_table(run->machine) : NULL;
  if (table == NULL || run->kernel == NULL)
    return;
  if (run->torn || sim_machine_panic(run->machine) != NULL) {
    sim_run_text(run, SIM_TEXT_OUTPUT,
                 "left in the middle of an operation: framesim check --repair %s",
                 run->options.ram_file);
    sim_run_flush(run);
    return;
  }
  sim_durable_store(&sim_table_header(table)->open, 0);
  uint64_t kept = sim_table_count(table);
  if (kept != 0)
    sim_run_text(run, SIM_TEXT_OUTPUT, "kept: %" PRIu64 " durable handle%s in %s", kept,
                 kept == 1 ? "" : "s", run->options.ram_file);
  sim_run_flush(run);
}
