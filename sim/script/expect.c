/* SPDX-License-Identifier: MPL-2.0 */
/* `expect` in its three forms. */
#include <inttypes.h>
#include <string.h>

#include "sim/script/interp.h"

/* The frame that a message about a condition or a block is about, if there is one. */
static bool subject(sim_run *run, const struct sim_expr *expr, fm_paddr *ret)
{
  if (expr == NULL || run->kernel == NULL)
    return false;
  if (expr->kind == SIM_EXPR_CALL && expr->n_operands == 1) {
    struct sim_value value;
    if (!sim_run_value(run, expr->operands[0], &value))
      return false;
    if (value.kind == SIM_VALUE_HANDLE) {
      *ret = value.handle->frame;
      return value.handle->size != 0 || value.handle->kind == SIM_HANDLE_REF;
    }
    *ret = fm_paddr_of(value.number);
    return value.kind == SIM_VALUE_NUMBER;
  }
  for (guint i = 0; i < expr->n_operands; i++)
    if (subject(run, expr->operands[i], ret))
      return true;
  return false;
}

/* What stands in the script at this place. */
static char *source_text(struct sim_place place)
{
  const char *start = place.source->text + place.offset;
  return g_strndup(start, (gsize)(g_utf8_offset_to_pointer(start, place.width) - start));
}

/* Appends "refcount f is 1" for the sides of comparisons that are not literals. */
static void explain(sim_run *run, const struct sim_expr *expr, GString *text)
{
  if (expr->op == SIM_OP_AND || expr->op == SIM_OP_OR || expr->op == SIM_OP_NOT) {
    for (guint i = 0; i < expr->n_operands; i++)
      explain(run, expr->operands[i], text);
    return;
  }
  for (guint i = 0; i < expr->n_operands; i++) {
    const struct sim_expr *side = expr->operands[i];
    struct sim_value value;
    if (side->kind == SIM_EXPR_NUMBER || side->kind == SIM_EXPR_STRING ||
        (side->kind == SIM_EXPR_WORD && strcmp(side->text, "free") != 0) ||
        !sim_run_value(run, side, &value))
      continue;
    g_autofree char *name = source_text(side->place);
    g_autofree char *is = sim_value_to_string(&value);
    g_string_append_printf(text, "%s%s is %s", text->len != 0 ? ", " : "", name, is);
  }
}

enum sim_flow sim_run_expect_condition(sim_run *run, const struct sim_command *command, bool wanted)
{
  const struct sim_expr *condition = sim_command_expr(command, "CONDITION");
  bool held;
  if (!sim_run_condition(run, condition, &held))
    return SIM_FLOW_STOP;
  if (held == wanted)
    return SIM_FLOW_NEXT;

  g_autofree char *text = source_text(condition->place);
  g_autoptr(GString) values = g_string_new(NULL);
  explain(run, condition, values);
  fm_paddr frame;
  bool about = subject(run, condition, &frame);
  /* What the step before has done is its change, not one of this condition. */
  sim_cpu_forget_touches(run->cpu);
  if (run->cpu == &run->main)
    run->cpu->step = run->steps; /* threads before it have taken steps of their own */
  sim_run_finding(run, condition->place, "FAILED", about ? &frame : NULL,
                  wanted ? "expected %s%s%s" : "never %s%s%s", text,
                  values->len != 0 ? ", but " : "", values->str);
  return SIM_FLOW_NEXT;
}

/* Runs the commands until one fails, panics, or the block ends. */
static enum sim_flow run_expecting(sim_run *run, const struct sim_block *block)
{
  struct sim_cpu *cpu = run->cpu;
  enum sim_flow flow = SIM_FLOW_NEXT;

  cpu->expecting++;
  cpu->answer = (struct sim_answer){false, NULL};
  for (const struct sim_command *command = block->first;
       command != NULL && flow == SIM_FLOW_NEXT && !cpu->answer.failed; command = command->next) {
    if (command->statement == SIM_STATEMENT_THREAD)
      flow = sim_run_error(run, command->place, NULL, "threads do not stand inside of 'expect'");
    else
      flow = sim_run_command(run, command);
  }
  cpu->expecting--;
  return flow;
}

static bool has_panicked(const sim_run *run)
{
  return run->machine != NULL && sim_machine_panic(run->machine) != NULL;
}

/* What a block made that should have failed: the finding is enough, no leak on top. */
static void excuse_since(sim_run *run, uint64_t step)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  for (guint i = 0; i < handles->len; i++) {
    struct sim_handle *handle = handles->pdata[i];
    if (handle->step > step)
      handle->excused = true;
  }
}

static enum sim_flow expect_error(sim_run *run, const struct sim_command *command)
{
  const char *wanted = sim_command_word(command, "error");
  bool dead = has_panicked(run);
  uint64_t step = run->steps;
  enum sim_flow flow = run_expecting(run, sim_command_block(command, "BLOCK"));
  const struct sim_answer *answer = &run->cpu->answer;
  const fm_paddr *frame = run->cpu->touched->len != 0
                              ? &g_array_index(run->cpu->touched, struct sim_touch, 0).frame
                              : NULL;

  if (run->script_error || run->stopped_early || run->abandoning || run->limit)
    return SIM_FLOW_STOP;
  if (!dead && has_panicked(run)) {
    sim_run_finding(run, command->place, "FAILED", NULL,
                    "expected error %s, but the kernel panicked: %s", wanted,
                    sim_machine_panic(run->machine));
    return SIM_FLOW_STOP;
  }
  if (flow != SIM_FLOW_NEXT && !run->cpu->unwound)
    return flow;
  if (!answer->failed) {
    sim_run_finding(run, command->place, "FAILED", frame,
                    "expected error %s, but the command succeeded", wanted);
    excuse_since(run, step);
  } else if (strcmp(answer->error, wanted) != 0)
    sim_run_finding(run, command->place, "FAILED", frame,
                    "expected error %s, but the command answered %s", wanted, answer->error);
  return SIM_FLOW_NEXT;
}

static enum sim_flow expect_panic(sim_run *run, const struct sim_command *command)
{
  const char *wanted = sim_command_word(command, "panic");
  if (has_panicked(run))
    return sim_run_error(run, command->place, "'boot' starts a fresh one", "the machine is dead");
  enum sim_flow flow = run_expecting(run, sim_command_block(command, "BLOCK"));
  if (run->script_error || run->stopped_early || run->abandoning || run->limit)
    return SIM_FLOW_STOP;
  if (!has_panicked(run)) {
    sim_run_finding(run, command->place, "FAILED", NULL,
                    "expected a kernel panic with \"%s\", but there was none", wanted);
    return flow;
  }
  if (strstr(sim_machine_panic(run->machine), wanted) == NULL)
    sim_run_finding(run, command->place, "FAILED", NULL,
                    "expected a kernel panic with \"%s\", but it says: %s", wanted,
                    sim_machine_panic(run->machine));
  return SIM_FLOW_NEXT;
}

enum sim_flow sim_run_expect(sim_run *run, const struct sim_command *command)
{
  run->expectations++;
  if (sim_command_arg(command, "error") != NULL)
    return expect_error(run, command);
  if (sim_command_arg(command, "panic") != NULL)
    return expect_panic(run, command);
  return sim_run_expect_condition(run, command, true);
}
