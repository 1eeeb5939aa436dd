/* SPDX-License-Identifier: MPL-2.0 */
/* The life of a run, and its verdict. */
#include "sim/script/run.h"

#include <inttypes.h>
#include <string.h>

#include "sim/script/durable.h"
#include "sim/script/number.h"
#include "sim/script/question.h"

/* ---- What the script needs ---- */

static bool block_needs_hooks(const struct sim_block *block);

static bool arg_needs_hooks(const struct sim_arg *arg)
{
  if (arg->block != NULL && block_needs_hooks(arg->block))
    return true;
  for (const struct sim_choice *choice = arg->choices; choice != NULL; choice = choice->next)
    if (block_needs_hooks(choice->body))
      return true;
  return false;
}

/* `machine { check full }`. */
static bool asks_for_full(const struct sim_command *command)
{
  const char *flag = sim_command_flag(command);
  return flag != NULL && strcmp(command->verb->name, "check") == 0 && strcmp(flag, "full") == 0;
}

static bool block_needs_hooks(const struct sim_block *block)
{
  for (const struct sim_command *command = block->first; command != NULL; command = command->next) {
    const struct sim_verb_action *action = command->verb->user;
    if (command->statement == SIM_STATEMENT_THREAD || asks_for_full(command) ||
        (action != NULL && action->needs_hooks))
      return true;
    for (const struct sim_arg *arg = command->args; arg != NULL; arg = arg->next)
      if (arg_needs_hooks(arg))
        return true;
  }
  return false;
}

static void define(sim_run *run, const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text, "=", 2);
  uint64_t number;
  struct sim_value value = {.kind = SIM_VALUE_STRING};
  if (sim_number_parse(parts[1], &number, NULL))
    value = (struct sim_value){.kind = SIM_VALUE_NUMBER, .number = number};
  else
    value.text = sim_run_intern(run, parts[1]);
  (void)sim_run_bind_value(run, (struct sim_place){0}, parts[0], value); /* nothing is bound yet */
}

/* ---- Life ---- */

static void found_clear(gpointer data)
{
  struct sim_run_found *found = data;
  g_free(found->place);
  g_free(found->text);
}

bool sim_run_needs_hooks(const sim_script *script, const struct sim_run_options *options)
{
  for (const struct sim_run_watcher *watcher = options->watchers; watcher != NULL;
       watcher = watcher->next)
    if (watcher->needs_hooks)
      return true;
  return options->points || options->until_point != NULL || options->check == SIM_CHECK_FULL ||
         options->variant != NULL || block_needs_hooks(script->body);
}

sim_run *sim_run_new(const sim_script *script, const struct sim_run_options *options)
{
  sim_run *run = g_new0(sim_run, 1);
  run->script = script;
  run->options = *options;
  run->seed = options->seed_given ? options->seed : 0;
  run->check = options->check;
  run->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, sim_binding_free);
  run->nameless = g_ptr_array_new_with_free_func(sim_handle_free);
  run->orphans = g_ptr_array_new_with_free_func(sim_handle_free);
  run->changes = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  run->streams = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  run->chooses = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  run->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  sim_cpu_init(&run->main, "main", 0);
  run->cpu = &run->main;
  run->until_site =
      options->until_point != NULL ? sim_site_by_name(options->until_point) : FM_SITE_COUNT;
  run->needs_hooks =
      options->build == SIM_BUILD_INSTRUMENTED || sim_run_needs_hooks(script, options);
  run->found = g_array_new(FALSE, FALSE, sizeof(struct sim_run_found));
  g_array_set_clear_func(run->found, found_clear);
  run->questions = g_array_new(FALSE, FALSE, sizeof(struct sim_question));
  g_array_set_clear_func(run->questions, sim_question_clear);
  sim_config_init(&run->config, NULL);
  if (options->variant != NULL)
    run->variant = sim_museum_find(options->variant, NULL);
  for (const char *const *text = options->defines; text != NULL && *text != NULL; text++)
    define(run, *text);
  return run;
}

sim_run *sim_run_free(sim_run *run)
{
  if (run == NULL)
    return NULL;
  g_clear_pointer(&run->os, sim_os_free);
  g_clear_pointer(&run->machine, sim_machine_free);
  sim_run_contract_close(run);
  sim_bootmap_free(run->map);
  g_hash_table_unref(run->names);
  g_ptr_array_unref(run->nameless);
  g_ptr_array_unref(run->orphans);
  g_hash_table_unref(run->changes);
  g_hash_table_unref(run->streams);
  g_hash_table_unref(run->chooses);
  g_hash_table_unref(run->texts);
  g_clear_pointer(&run->allowed, g_hash_table_unref);
  sim_cpu_clear(&run->main);
  g_array_unref(run->found);
  g_array_unref(run->questions);
  g_free(run);
  return NULL;
}

/* ---- The end ---- */

/* "a" of "a[3]": elements of one array are allowed and reported together. */
static char *family(const struct sim_handle *handle)
{
  const char *bracket = strchr(handle->name, '[');
  return bracket != NULL ? g_strndup(handle->name, (gsize)(bracket - handle->name))
                         : g_strdup(handle->name);
}

static bool is_allowed(const sim_run *run, const struct sim_handle *handle, const char *name)
{
  /* What the RAM file says is not lost when the run ends; but nobody can ask for what has no
   * name. */
  bool kept = handle->orphan || (handle->entry != NULL && handle->entry->name[0] != '#');
  return handle->excused || kept || !sim_handle_owns(handle) ||
         (run->allowed != NULL && (g_hash_table_contains(run->allowed, handle->name) ||
                                   g_hash_table_contains(run->allowed, name)));
}

/* ", 3 frames," for what owns more than one frame by its nature. */
static char *describe_owned(const struct sim_handle *handle)
{
  if (handle->kind == SIM_HANDLE_PROCESS)
    return g_strdup(", a process,");
  bool list = handle->kind == SIM_HANDLE_LIST;
  uint64_t frames = list ? sim_handle_look_list(handle)->size : handle->size / FM_PAGE_SIZE;
  if (!list && handle->kind != SIM_HANDLE_SEGMENT && handle->kind != SIM_HANDLE_RAW_SEGMENT)
    return g_strdup("");
  return g_strdup_printf(", a %s of %" PRIu64 " frame%s,", list ? "list" : "segment", frames,
                         frames == 1 ? "" : "s");
}

static void report_leak(sim_run *run, const struct sim_handle *handle, const char *name,
                        guint count)
{
  bool nameless = g_ptr_array_find(run->nameless, handle, NULL);
  g_autofree char *whose = nameless    ? g_strdup("that no name received")
                           : count > 1 ? g_strdup_printf("of '%s'", name)
                                       : g_strdup_printf("'%s'", handle->name);
  run->cpu->step = handle->step;
  if (count > 1) {
    sim_run_clause_finding(
        run, handle->place, "LEAK", SIM_CLAUSE_LEDGER_CLEAN, NULL,
        "%u handles %s are live at the end; the oldest was made in step %" PRIu64, count, whose,
        handle->step);
    return;
  }
  bool forgotten = handle->kind == SIM_HANDLE_RAW || handle->kind == SIM_HANDLE_RAW_UNIQUE ||
                   handle->kind == SIM_HANDLE_RAW_SEGMENT;
  g_autofree char *what = describe_owned(handle);
  sim_run_clause_finding(run, handle->place, "LEAK", SIM_CLAUSE_LEDGER_CLEAN,
                         handle->size != 0 ? &handle->frame : NULL,
                         "%s %s%s is live at the end; it was made in step %" PRIu64,
                         forgotten ? "forgotten reference" : "handle", whose, what, handle->step);
}

/* One finding for each name that still owns handles; those of a pool or array are one. */
static void report_leaks(sim_run *run)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < handles->len; i++) {
    g_autofree char *name = family(handles->pdata[i]);
    if (is_allowed(run, handles->pdata[i], name))
      continue;
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, name));
    g_hash_table_replace(counts, g_steal_pointer(&name), GUINT_TO_POINTER(count + 1));
  }
  for (guint i = 0; i < handles->len && run->findings < SIM_FINDINGS_MAX; i++) {
    const struct sim_handle *handle = handles->pdata[i];
    g_autofree char *name = family(handle);
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, name));
    if (count == 0 || is_allowed(run, handle, name))
      continue;
    report_leak(run, handle, name, count);
    g_hash_table_remove(counts, name);
  }
}

static enum sim_verdict verdict(const sim_run *run)
{
  if (run->interrupted)
    return SIM_VERDICT_INTERRUPTED;
  if (run->script_error)
    return run->bad_input ? SIM_VERDICT_INPUT : SIM_VERDICT_UNUSABLE;
  if (run->no_boot)
    return SIM_VERDICT_NO_BOOT;
  if (run->findings != 0)
    return SIM_VERDICT_VIOLATED;
  return run->limit ? SIM_VERDICT_LIMIT : SIM_VERDICT_HELD;
}

enum sim_verdict sim_run_execute(sim_run *run)
{
  enum sim_flow flow = run->options.resume ? sim_durable_resume(run) : SIM_FLOW_NEXT;
  if (flow == SIM_FLOW_NEXT)
    flow = sim_run_block(run, run->script->body);
  /* A run that was cut short had no chance to drop what it holds. */
  bool came_to_end = flow == SIM_FLOW_NEXT || run->allowed != NULL;
  run->cpu = &run->main;
  if (run->findings >= SIM_FINDINGS_MAX && !came_to_end)
    sim_run_text(run, SIM_TEXT_OUTPUT, "      %u findings are enough: the run ends here",
                 SIM_FINDINGS_MAX);
  if (run->stopped_early)
    sim_run_show_handles(run);
  sim_run_flush(run);
  sim_cpu_forget_touches(&run->main);
  bool alive = run->machine != NULL && sim_machine_panic(run->machine) == NULL;
  if (alive && came_to_end && !run->interrupted && !run->script_error && !run->stopped_early &&
      !run->limit && !run->no_boot)
    report_leaks(run);
  sim_durable_close(run);
  return verdict(run);
}

const GArray *sim_run_found(const sim_run *run)
{
  return run->found;
}

const GArray *sim_run_questions(const sim_run *run)
{
  return run->questions;
}

void sim_run_summary(const sim_run *run, struct sim_run_summary *ret)
{
  *ret = (struct sim_run_summary){
      .steps = run->steps,
      .expectations = run->expectations,
      .findings = run->findings,
      .seed = run->seed,
      .build = run->machine != NULL ? sim_machine_ops(run->machine)->build : "none",
      .stopped_early = run->stopped_early,
      .waits = run->waits,
      .title = run->title,
      .variant = run->booted != NULL ? run->booted->name : NULL,
  };
}

const sim_machine *sim_run_machine(const sim_run *run)
{
  return run->kernel != NULL ? run->machine : NULL;
}
