/* SPDX-License-Identifier: MPL-2.0 */
/* Looking at a run that is stopped: lines that are read as in a script, and change nothing. */
#include <inttypes.h>
#include <string.h>

#include "sim/script/history_internal.h"
#include "sim/script/verbs.h"

/* ---- Lines ---- */

static enum sim_flow print(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *expr = sim_command_expr(command, "EXPR");
  struct sim_value value;
  if (expr->op >= SIM_OP_EQ || expr->op == SIM_OP_NOT) {
    bool holds;
    if (!sim_run_condition(run, expr, &holds))
      return SIM_FLOW_STOP;
    sim_run_text(run, SIM_TEXT_OUTPUT, "      %s", holds ? "true" : "false");
    return SIM_FLOW_NEXT;
  }
  if (!sim_run_value(run, expr, &value))
    return SIM_FLOW_STOP;
  g_autofree char *text =
      value.kind == SIM_VALUE_STRING ? g_strdup(value.text) : sim_value_to_string(&value);
  sim_run_text(run, SIM_TEXT_OUTPUT, "      %s", text);
  return SIM_FLOW_NEXT;
}

static enum sim_flow state(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *expr = sim_command_expr(command, "ADDR");
  struct fm_slot_view view;
  uint64_t address;
  if (!sim_run_address(run, expr, &address) || !sim_run_has_slot(run, expr, address))
    return SIM_FLOW_STOP;
  fm_slot_view(run->kernel, fm_slot_at(fm_paddr_of(address)), &view);
  g_autofree char *text = sim_view_to_string(&view);
  sim_run_text(run, SIM_TEXT_OUTPUT, "      frame 0x%" PRIx64 ": %s", address, text);
  return SIM_FLOW_NEXT;
}

static const struct sim_verb_action show_action = {.run = sim_verb_show, .needs_machine = true};
static const struct sim_verb_action state_action = {.run = state, .needs_machine = true};
static const struct sim_verb_action print_action = {.run = print};

/* `show` has the grammar that it has in scripts. */
static const struct sim_verb_syntax *find_verb(const char *name)
{
  const struct sim_verb_syntax *verb = sim_run_verbs();
  while (strcmp(verb->name, name) != 0)
    verb++;
  return verb;
}

/* A CPU of our own: what is said here is not the output of the step under way. */
static void run_line(sim_run *run, const struct sim_command *command,
                     enum sim_flow (*action)(sim_run *run, const struct sim_command *command,
                                             void *data),
                     void *data, bool *ret_good)
{
  struct sim_cpu *before = run->cpu;
  bool error = run->script_error;
  struct sim_cpu cpu;
  sim_cpu_init(&cpu, "prompt", before->id);
  g_hash_table_unref(cpu.locals);
  cpu.locals = g_hash_table_ref(before->locals);
  cpu.command = command;
  run->cpu = &cpu;
  run->script_error = false;

  *ret_good = action(run, command, data) == SIM_FLOW_NEXT;
  sim_run_flush(run);

  run->script_error = error;
  run->cpu = before;
  sim_cpu_clear(&cpu);
}

/* Reads one command of the table and hands it to `action`. */
static bool read_line(sim_history *history, const char *line, const struct sim_verb_syntax *verbs,
                      enum sim_flow (*action)(sim_run *run, const struct sim_command *command,
                                              void *data),
                      void *data)
{
  g_autoptr(sim_source) source = sim_source_new("prompt", line, strlen(line));
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) names = sim_history_names(history);
  g_autoptr(sim_script) script =
      sim_script_parse_line(source, verbs, sim_run_queries, (const char *const *)names, errors);
  bool good = script != NULL && script->body->first != NULL;
  if (good)
    run_line(history->run, script->body->first, action, data, &good);
  else if (errors->len != 0 && history->sink != NULL)
    history->sink(SIM_TEXT_MESSAGE, errors->pdata[0], history->sink_data);
  return good;
}

static enum sim_flow act(sim_run *run, const struct sim_command *command, void *data)
{
  const struct sim_verb_action *action = command->verb->user;
  (void)data;
  if (action->needs_machine && run->kernel == NULL)
    return sim_run_error(run, command->place, NULL, "there is no machine yet");
  return action->run(run, command);
}

bool sim_history_look(sim_history *history, const char *line)
{
  struct sim_verb_syntax verbs[] = {
      {.name = "show", .grammar = find_verb("show")->grammar, .user = &show_action},
      {.name = "state", .grammar = "ADDR", .example = "state 0x2345000", .user = &state_action},
      {.name = "print", .grammar = "EXPR", .example = "print refcount f", .user = &print_action},
      {0},
  };
  return read_line(history, line, verbs, act, NULL);
}

/* ---- Frames and names ---- */

static enum sim_flow take_address(sim_run *run, const struct sim_command *command, void *data)
{
  const struct sim_expr *expr = sim_command_expr(command, "ADDR");
  uint64_t *address = data;
  if (!sim_run_address(run, expr, address))
    return SIM_FLOW_STOP;
  if (run->kernel != NULL)
    return sim_run_has_slot(run, expr, *address) ? SIM_FLOW_NEXT : SIM_FLOW_STOP;
  if (fm_is_page_aligned(*address))
    return SIM_FLOW_NEXT;
  return sim_run_error(run, expr->place, NULL, "0x%" PRIx64 " is no multiple of 4096", *address);
}

bool sim_history_frame(sim_history *history, const char *line, fm_paddr *ret)
{
  static const struct sim_verb_syntax verbs[] = {
      {.name = "break", .grammar = "ADDR", .example = "break 0x2345000"},
      {.name = "why", .grammar = "ADDR", .example = "why 0x2345000"},
      {0},
  };
  uint64_t address;
  if (!read_line(history, line, verbs, take_address, &address))
    return false;
  *ret = fm_paddr_of(address);
  return true;
}

static void add_name(GHashTable *names, const char *name)
{
  g_hash_table_add(names, g_strndup(name, strcspn(name, "[")));
}

static int by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **sim_history_names(const sim_history *history)
{
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init(&iter, history->run->names);
  while (g_hash_table_iter_next(&iter, &name, NULL))
    add_name(names, name);
  g_hash_table_iter_init(&iter, history->run->cpu->locals);
  while (g_hash_table_iter_next(&iter, &name, NULL))
    add_name(names, name);

  GPtrArray *list = g_ptr_array_new();
  g_hash_table_iter_init(&iter, names);
  while (g_hash_table_iter_next(&iter, &name, NULL))
    g_ptr_array_add(list, g_strdup(name));
  g_ptr_array_sort(list, by_name);
  g_ptr_array_add(list, NULL);
  return (char **)g_ptr_array_free(list, FALSE);
}
