/* SPDX-License-Identifier: MPL-2.0 */
/* The life of a program, and what is looked at when its threads have ended. */
#include "sim/explore/program.h"

#include <inttypes.h>
#include <sim/contract.h>
#include <string.h>

struct sim_program *sim_program_free(struct sim_program *program)
{
  if (program == NULL)
    return NULL;
  for (guint i = 0; i < program->n_vars; i++)
    g_free(program->names[i]);
  g_free(program->op);
  g_free(program->node);
  g_free(program);
  return NULL;
}

void sim_program_reset(struct sim_program *program)
{
  memcpy(program->vars, program->initial, program->n_vars * sizeof(program->vars[0]));
  program->n_frames = program->n_initial_frames;
  program->failure.fault = SIM_PROGRAM_GOOD;
  program->too_many_frames = false;
}

void sim_program_note_frame(struct sim_program *program, fm_paddr frame)
{
  if (!fm_is_page_aligned(frame.raw) || frame.raw >= program->kernel->max_paddr)
    return;
  for (guint i = 0; i < program->n_frames; i++)
    if (program->frames[i].raw == frame.raw)
      return;
  if (program->n_frames == SIM_PROGRAM_FRAMES) {
    program->too_many_frames = true;
    return;
  }
  program->others[program->n_frames] = 0;
  program->frames[program->n_frames++] = frame;
}

/* ---- Holders ---- */

static bool list_holds(const struct fm_list *list, fm_paddr frame)
{
  struct sim_list_walk walk = sim_list_walk_begin(list);
  fm_paddr at;
  while (sim_list_walk_next(&walk, &at))
    if (at.raw == frame.raw)
      return true;
  return false;
}

static bool var_holds(const struct sim_program_var *var, fm_paddr frame)
{
  if (var->state != SIM_PROGRAM_BOUND || var->is_value)
    return false;
  switch (var->kind) {
  case SIM_HANDLE_LIST:
    return list_holds(&var->list, frame);
  case SIM_HANDLE_CURSOR:
  case SIM_HANDLE_REF:
  case SIM_HANDLE_READER:
  case SIM_HANDLE_WRITER:
  case SIM_HANDLE_PROCESS:
    return false;
  default:
    return frame.raw - var->frame.raw < var->size;
  }
}

/* The page at `va` below `root`, as it stands in RAM; false: none of 4 KiB. */
static bool walk(const struct sim_program *program, fm_paddr root, uint64_t va, fm_paddr *ret)
{
  fm_paddr node = root;
  for (uint32_t level = FM_PT_LEVELS; level >= 1; level--) {
    fm_pte pte;
    if (node.raw >= program->kernel->max_paddr)
      return false;
    memcpy(&pte.raw,
           (const uint8_t *)(uintptr_t)(FM_LINEAR_WINDOW + node.raw) +
               8 * (size_t)fm_pt_index(va, level),
           sizeof(pte.raw));
    if (!fm_pte_is_valid(pte) || (level > 1 && !fm_pte_is_table(pte, level)))
      return false;
    node = fm_pte_paddr(pte);
  }
  *ret = node;
  return true;
}

uint64_t sim_program_mappings(const struct sim_program *program, fm_paddr frame)
{
  uint64_t mappings = 0;
  fm_paddr page;
  for (guint i = 0; i < program->n_places; i++)
    if (walk(program, program->places[i].root, program->places[i].va, &page))
      mappings += page.raw == frame.raw;
  return mappings;
}

uint64_t sim_program_holders(const struct sim_program *program, fm_paddr frame)
{
  uint64_t holders = sim_program_mappings(program, frame);
  for (guint i = 0; i < program->n_vars; i++)
    holders += var_holds(&program->vars[i], frame);
  return holders;
}

/* ---- The end of an execution ---- */

static void find(struct sim_program *program, struct sim_program_failure failure)
{
  if (program->failure.fault != SIM_PROGRAM_GOOD)
    return;
  failure.thread = SIM_PROGRAM_NONE;
  program->failure = failure;
}

/* Whether a count is what so many holders make of it. */
static bool is_counted(const struct sim_program *program, const struct fm_slot_view *view,
                       fm_paddr frame, uint64_t holders)
{
  switch (view->state) {
  case FM_STATE_UNUSED:
    return holders == 0;
  case FM_STATE_UNIQUE:
    return holders == 1 || (holders == 0 && program->ops->is_free(program->kernel, frame));
  case FM_STATE_SHARED:
    return view->ref_count == holders;
  default:
    return false;
  }
}

static void judge_frame(struct sim_program *program, guint index)
{
  fm_paddr frame = program->frames[index];
  struct fm_slot_view view;
  fm_slot_view(program->kernel, fm_slot_at(frame), &view);
  enum fm_slot_fault fault = fm_slot_check(program->kernel, fm_slot_at(frame));
  uint64_t holders = sim_program_holders(program, frame) + program->others[index];
  if (fault != FM_SLOT_GOOD)
    find(program, (struct sim_program_failure){.fault = SIM_PROGRAM_SLOT,
                                               .frame = frame,
                                               .slot_fault = fault,
                                               .count = view.ref_count,
                                               .holders = holders});
  else if (!is_counted(program, &view, frame, holders))
    find(program, (struct sim_program_failure){.fault = SIM_PROGRAM_COUNT,
                                               .frame = frame,
                                               .count = view.ref_count,
                                               .holders = holders});
}

static void judge_condition(struct sim_program *program, struct sim_program_condition *condition)
{
  if (!sim_program_is_known(program, condition->node))
    return;
  bool came_true = sim_program_value(program, condition->node, false) != 0;
  if (condition->mode == SIM_PROGRAM_SOMETIMES)
    condition->now = came_true;
  else if (came_true != (condition->mode == SIM_PROGRAM_ALWAYS))
    find(program, (struct sim_program_failure){.fault = SIM_PROGRAM_CONDITION,
                                               .command = condition->command});
}

const struct sim_program_failure *sim_program_judge(struct sim_program *program)
{
  if (program->too_many_frames)
    find(program, (struct sim_program_failure){.fault = SIM_PROGRAM_TOO_MANY});
  for (guint i = 0; i < program->n_frames && program->failure.fault == SIM_PROGRAM_GOOD; i++)
    judge_frame(program, i);
  for (guint i = 0; i < program->n_conditions; i++)
    judge_condition(program, &program->conditions[i]);
  return program->failure.fault != SIM_PROGRAM_GOOD ? &program->failure : NULL;
}

/* ---- Words ---- */

static char *count_text(uint64_t count)
{
  enum fm_count_state state = fm_count_state(count);
  if (state == FM_STATE_SHARED)
    return g_strdup_printf("shared %" PRIu64, count);
  return g_strdup(fm_count_state_name(state));
}

static char *condition_text(const struct sim_command *command)
{
  if (command == NULL)
    return g_strdup("a condition did not hold");
  g_autofree char *text = sim_command_text(command);
  bool never = strcmp(command->verb->name, "never") == 0;
  return never ? g_strdup_printf("came true: %s", text) : g_strdup_printf("did not hold: %s", text);
}

char *sim_program_failure_text(const struct sim_program *program,
                               const struct sim_program_failure *failure)
{
  const char *verb = failure->command != NULL ? failure->command->verb->name : "";
  g_autofree char *count = count_text(failure->count);
  (void)program;
  switch (failure->fault) {
  case SIM_PROGRAM_GOOD:
    return g_strdup("nothing");
  case SIM_PROGRAM_ERROR:
    return g_strdup_printf("%s answered %s", verb, failure->error);
  case SIM_PROGRAM_NO_ERROR:
    return g_strdup_printf("expected error %s, but the command succeeded",
                           sim_command_word(failure->command, "error"));
  case SIM_PROGRAM_OTHER_ERROR:
    return g_strdup_printf("expected error %s, but the command answered %s",
                           sim_command_word(failure->command, "error"), failure->error);
  case SIM_PROGRAM_CONDITION:
    return condition_text(failure->command);
  case SIM_PROGRAM_COUNT:
    return g_strdup_printf("frame 0x%" PRIx64 " is %s in the end, and has %" PRIu64 " holder%s",
                           failure->frame.raw, count, failure->holders,
                           failure->holders == 1 ? "" : "s");
  case SIM_PROGRAM_SLOT:
    return g_strdup_printf("frame 0x%" PRIx64 " is %s in the end: %s (%s)", failure->frame.raw,
                           count, sim_clause_info((enum sim_clause)failure->slot_fault)->text,
                           sim_clause_info((enum sim_clause)failure->slot_fault)->id);
  case SIM_PROGRAM_TOO_MANY:
    break;
  }
  return g_strdup_printf("more than %d frames are worked on; no more can be looked at in the end",
                         SIM_PROGRAM_FRAMES);
}
