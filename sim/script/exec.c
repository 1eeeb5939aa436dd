/* SPDX-License-Identifier: MPL-2.0 */
/* Execution of commands: statements, steps, answers. */
#include <inttypes.h>
#include <string.h>

#include "sim/hook.h"
#include "sim/internal.h"
#include "sim/script/durable.h"

/* ---- Kernel code ---- */

/* Watches the accesses of the main program, where no scheduler does. */
struct main_observer {
  struct sim_observer observer;
  sim_run *run;
};

static void main_after(struct sim_observer *observer, const struct fm_access *access)
{
  sim_run *run = ((struct main_observer *)observer)->run;
  sim_run_watch(access, 0, run);
  if (run->stopped_early)
    sim_trap_abandon();
}

static void main_spin(struct sim_observer *observer, enum fm_site site)
{
  (void)observer;
  (void)site;
  fm_port_panic("a lock is held that nobody will give back");
}

enum sim_flow sim_run_guarded(sim_run *run, void (*body)(void *data), void *data)
{
  struct main_observer observer = {{.after = main_after, .spin = main_spin}, run};
  bool alone = run->sched == NULL;
  if (alone)
    sim_observer = &observer.observer;
  fm_port_this_cpu.alone = alone;
  enum sim_end end = sim_guard_run(run->machine, body, data);
  if (alone)
    sim_observer = NULL;
  fm_port_this_cpu.alone = false;

  if (end == SIM_END_DONE)
    return run->abandoning ? SIM_FLOW_STOP : SIM_FLOW_NEXT;
  if (end == SIM_END_ABANDONED) {
    run->cpu->orphaned = !run->abandoning && !run->stopped_early;
    return SIM_FLOW_STOP;
  }
  if (end == SIM_END_HOST) {
    run->limit = true;
    g_autofree char *message = sim_diag_format(
        run->cpu->command->place, "error", sim_machine_panic(run->machine),
        run->options.ram_file != NULL ? "choose a file system with more room (--ram)"
                                      : "put the RAM into a file on a disk (--ram)");
    sim_run_text(run, SIM_TEXT_MESSAGE, "%s", message);
    return SIM_FLOW_STOP;
  }
  if (end == SIM_END_UNWOUND) {
    run->cpu->unwound = true;
    run->cpu->answer = (struct sim_answer){true, "Unwound"};
    if (run->cpu->expecting == 0)
      sim_run_finding(run, run->cpu->command->place, "FAILED", NULL,
                      "a destructor failed, and nobody caught that");
    return SIM_FLOW_STOP;
  }
  run->cpu->panicked = true;
  const GArray *touched = run->cpu->touched;
  if (run->cpu->expecting == 0)
    sim_run_finding(run, run->cpu->command->place, "FAILED",
                    touched->len != 0 ? &g_array_index(touched, struct sim_touch, 0).frame : NULL,
                    "kernel panic: %s", sim_machine_panic(run->machine));
  return SIM_FLOW_STOP;
}

struct sim_rng *sim_run_stream(sim_run *run, const char *name)
{
  struct sim_rng *rng = g_hash_table_lookup(run->streams, name);
  if (rng == NULL) {
    rng = g_new(struct sim_rng, 1);
    sim_rng_init(rng, run->seed, name);
    g_hash_table_insert(run->streams, g_strdup(name), rng);
  }
  return rng;
}

enum sim_flow sim_run_answer(sim_run *run, const struct sim_command *command, const char *error,
                             const fm_paddr *frame, bool *ret_go_on)
{
  struct sim_place place;
  const char *name = sim_run_answer_name(command, &place);

  *ret_go_on = error == NULL;
  run->cpu->answer = (struct sim_answer){error != NULL, error};
  if (name != NULL)
    return sim_run_bind_value(
        run, place, name,
        (struct sim_value){.kind = SIM_VALUE_WORD, .text = error != NULL ? error : "Ok"});
  if (error == NULL || run->cpu->expecting != 0)
    return SIM_FLOW_NEXT;
  sim_run_finding(run, command->place, "FAILED", frame, "%s answered %s", command->verb->name,
                  error);
  return SIM_FLOW_STOP;
}

/* ---- Statements ---- */

static bool is_interrupted(sim_run *run)
{
  run->interrupted |= run->options.interrupted != NULL && *run->options.interrupted != 0;
  sim_run_tell_between(run);
  return run->interrupted || run->stopped_early;
}

static enum sim_flow run_for(sim_run *run, const struct sim_command *command)
{
  const char *name = sim_command_arg(command, "NAME")->word;
  const struct sim_arg *range = sim_command_arg(command, "in");
  const struct sim_expr *by = sim_command_expr(command, "by");
  uint64_t from;
  uint64_t to;
  uint64_t step = 1;
  if (!sim_run_number(run, range->exprs[0], &from) || !sim_run_number(run, range->exprs[1], &to) ||
      (by != NULL && !sim_run_number(run, by, &step)))
    return SIM_FLOW_STOP;
  if (step == 0)
    return sim_run_error(run, by->place, NULL, "a step of 0 never comes to the end");
  if (sim_run_is_bound(run, name))
    return sim_run_error(run, command->place, "choose another name", "'%s' is bound already", name);

  /* A loop's name belongs to the thread that runs it. */
  struct sim_cpu *cpu = run->cpu;
  enum sim_flow flow = SIM_FLOW_NEXT;
  uint64_t i = from;
  g_hash_table_insert(cpu->locals, (gpointer)name, &i);
  for (; i < to && flow == SIM_FLOW_NEXT && !is_interrupted(run); i += step) {
    flow = sim_run_block(run, sim_command_block(command, "BLOCK"));
    if (to - i <= step)
      break;
  }
  g_hash_table_remove(cpu->locals, name);
  return flow;
}

static enum sim_flow run_repeat(sim_run *run, const struct sim_command *command)
{
  uint64_t times;
  enum sim_flow flow = SIM_FLOW_NEXT;
  if (!sim_run_number(run, sim_command_expr(command, "NUMBER"), &times))
    return SIM_FLOW_STOP;
  for (uint64_t i = 0; i < times && flow == SIM_FLOW_NEXT && !is_interrupted(run); i++)
    flow = sim_run_block(run, sim_command_block(command, "BLOCK"));
  return flow;
}

/* A choose draws from a stream that is named after its own text, so that other lines may
 * come and go without a change here; equal texts are told apart by their order. */
static const char *choose_stream(sim_run *run, const struct sim_command *command)
{
  const char *known = g_hash_table_lookup(run->chooses, command);
  if (known != NULL)
    return known;
  g_autofree char *text = sim_command_text(command);
  GString *name = g_string_new(NULL);
  guint twin = 0;
  do
    g_string_printf(name, "%s choose %u %s", run->cpu->name, twin++, text);
  while (g_hash_table_contains(run->streams, name->str));
  char *owned = g_string_free(name, FALSE);
  (void)sim_run_stream(run, owned);
  g_hash_table_insert(run->chooses, (gpointer)command, owned);
  return owned;
}

static enum sim_flow run_choose(sim_run *run, const struct sim_command *command)
{
  const struct sim_choice *choices = sim_command_arg(command, "CHOICES")->choices;
  uint64_t total = 0;
  uint64_t weight;
  for (const struct sim_choice *choice = choices; choice != NULL; choice = choice->next) {
    if (!sim_run_number(run, choice->weight, &weight))
      return SIM_FLOW_STOP;
    if (__builtin_add_overflow(total, weight, &total))
      return sim_run_error(run, choice->place, NULL, "the weights together pass 2^64");
  }
  if (total == 0)
    return sim_run_error(run, command->place, NULL, "all weights are 0: nothing can be chosen");

  uint64_t drawn = sim_rng_below(sim_run_stream(run, choose_stream(run, command)), total);
  for (const struct sim_choice *choice = choices; choice != NULL; choice = choice->next) {
    if (!sim_run_number(run, choice->weight, &weight))
      return SIM_FLOW_STOP;
    if (drawn < weight)
      return sim_run_block(run, choice->body);
    drawn -= weight;
  }
  return SIM_FLOW_NEXT;
}

static enum sim_flow run_param(sim_run *run, const struct sim_command *command)
{
  const char *name = sim_command_arg(command, "NAME")->word;
  struct sim_value value;
  if (sim_run_is_bound(run, name))
    return SIM_FLOW_NEXT; /* given from outside */
  if (!sim_run_value(run, sim_command_expr(command, "="), &value))
    return SIM_FLOW_STOP;
  if (value.kind == SIM_VALUE_HANDLE)
    return sim_run_error(run, command->place, NULL, "a param is a number, a word or a string");
  return sim_run_bind_value(run, command->place, name, value);
}

static enum sim_flow run_end(sim_run *run, const struct sim_command *command)
{
  const struct sim_arg *list = sim_command_arg(command, "leak");
  run->allowed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; list != NULL && i < list->n_exprs; i++) {
    const struct sim_expr *expr = list->exprs[i];
    char *name;
    if (!sim_run_name(run, expr->text, expr->kind == SIM_EXPR_INDEX ? expr->operands[0] : NULL,
                      &name))
      return SIM_FLOW_STOP;
    g_hash_table_add(run->allowed, name);
  }
  return SIM_FLOW_STOP;
}

/* ---- One command ---- */

static enum sim_flow run_verb(sim_run *run, const struct sim_command *command)
{
  const struct sim_verb_action *action = command->verb->user;

  if (action->main_only && run->cpu != &run->main)
    return sim_run_error(run, command->place, NULL, "'%s' is not for threads", command->verb->name);
  if (action->needs_machine && run->kernel == NULL)
    return sim_run_error(run, command->place, "boot", "there is no machine yet");
  if (run->machine != NULL && sim_machine_panic(run->machine) != NULL && !action->when_dead)
    return sim_run_error(run, command->place, "'boot' starts a fresh one",
                         "the machine is dead: %s", sim_machine_panic(run->machine));

  if (action->no_step) {
    enum sim_flow said = action->run(run, command);
    sim_run_flush(run);
    return said;
  }
  run->cpu->step = ++run->steps;
  run->cpu->command = command;
  run->cpu->answer = (struct sim_answer){false, NULL};
  run->cpu->panicked = false;
  run->cpu->unwound = false;
  sim_cpu_forget_touches(run->cpu);
  run->cpu->in_step = true;
  sim_run_tell_begin(run);
  struct sim_cpu *cpu = run->cpu;
  enum sim_flow flow = action->run(run, command);
  run->cpu = cpu; /* a thread that is abandoned comes back while another CPU is looked at */
  sim_durable_end_step(run);
  run->cpu->in_step = false;
  if (!run->abandoning && !run->script_error)
    sim_run_report_step(run, command);
  sim_run_tell_end(run);
  if (run->options.until_step == run->cpu->step && run->until_site == FM_SITE_COUNT &&
      !run->script_error && !run->abandoning)
    run->stopped_early = true;
  return run->stopped_early ? SIM_FLOW_STOP : flow;
}

enum sim_flow sim_run_command(sim_run *run, const struct sim_command *command)
{
  switch (command->statement) {
  case SIM_STATEMENT_VERB:
    return run_verb(run, command);
  case SIM_STATEMENT_MACHINE:
    return sim_run_machine_block(run, command);
  case SIM_STATEMENT_EXPECT:
    return sim_run_expect(run, command);
  case SIM_STATEMENT_FOR:
    return run_for(run, command);
  case SIM_STATEMENT_REPEAT:
    return run_repeat(run, command);
  case SIM_STATEMENT_CHOOSE:
    return run_choose(run, command);
  case SIM_STATEMENT_PARAM:
    return run_param(run, command);
  case SIM_STATEMENT_END:
    return run_end(run, command);
  case SIM_STATEMENT_TITLE:
    run->title = sim_command_expr(command, "STRING")->text;
    sim_run_text(run, SIM_TEXT_OUTPUT, "== %s", run->title);
    sim_run_flush(run);
    return SIM_FLOW_NEXT;
  case SIM_STATEMENT_SCHEDULE:
    return sim_run_error(run, command->place, "thread A { ... } thread B { ... } schedule A:* B:*",
                         "a schedule stands right behind the threads that it is for");
  case SIM_STATEMENT_THREAD:
  case SIM_STATEMENT_FRAMESIM:
  case SIM_STATEMENT_INCLUDE:
    break;
  }
  return SIM_FLOW_NEXT;
}

enum sim_flow sim_run_block(sim_run *run, const struct sim_block *block)
{
  const struct sim_command *command = block->first;
  while (command != NULL) {
    if (run->findings >= SIM_FINDINGS_MAX || run->abandoning || is_interrupted(run))
      return SIM_FLOW_STOP;
    /* Inside `expect error` the first failure is what counts. */
    if (run->cpu->expecting != 0 && run->cpu->answer.failed)
      return SIM_FLOW_NEXT;
    enum sim_flow flow;
    if (command->statement == SIM_STATEMENT_THREAD) {
      flow = sim_run_group(run, command, &command);
    } else {
      flow = sim_run_command(run, command);
      command = command->next;
    }
    if (flow != SIM_FLOW_NEXT)
      return flow;
  }
  return SIM_FLOW_NEXT;
}
