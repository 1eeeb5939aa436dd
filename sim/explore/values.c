/* SPDX-License-Identifier: MPL-2.0 */
/* Expressions of a program: numbers, and words as the addresses of interned strings. */
#include "sim/explore/program.h"

static uint64_t word(const char *text)
{
  return (uint64_t)(uintptr_t)text;
}

static uint64_t var_value(const struct sim_program *program, int index)
{
  const struct sim_program_var *var = &program->vars[index];
  if (var->state != SIM_PROGRAM_BOUND && var->is_word)
    return word(program->none);
  if (var->is_value)
    return var->number;
  switch (var->kind) {
  case SIM_HANDLE_READER:
    return var->reader.at.raw;
  case SIM_HANDLE_WRITER:
    return var->writer.at.raw;
  case SIM_HANDLE_CURSOR:
    return var->cursor.at.slot != NULL ? fm_slot_paddr(var->cursor.at.slot).raw : 0;
  default:
    return var->frame.raw;
  }
}

static uint64_t extent(const struct sim_program *program, const struct sim_program_node *node)
{
  const struct sim_program_var *var = &program->vars[node->var];
  switch (var->kind) {
  case SIM_HANDLE_LIST:
    return var->list.size;
  case SIM_HANDLE_READER:
    return var->reader.left;
  case SIM_HANDLE_WRITER:
    return var->writer.left;
  default:
    return var->size;
  }
}

/* What a slot says; as an access of the thread that asks, or from outside. */
static uint64_t query_slot(const struct sim_program *program, const struct sim_program_node *node,
                           bool hooked)
{
  fm_paddr frame = fm_paddr_of(fm_page_down(sim_program_value(program, node->a, hooked)));
  if (frame.raw >= program->kernel->max_paddr)
    return 0;
  struct fm_slot *slot = fm_slot_at(frame);
  if (hooked) {
    uint64_t count = program->ops->frame_count(fm_frame_of_slot(slot));
    return node->query == SIM_PROGRAM_STATE ? word(program->states[fm_count_state(count)]) : count;
  }
  struct fm_slot_view view;
  fm_slot_view(program->kernel, slot, &view);
  switch (node->query) {
  case SIM_PROGRAM_REFCOUNT:
    return view.ref_count;
  case SIM_PROGRAM_STATE:
    return word(program->states[view.state]);
  case SIM_PROGRAM_TYPE:
    return word(view.vtable != NULL ? program->types[view.vtable->number] : program->none);
  case SIM_PROGRAM_IN_LIST:
    return view.in_list;
  default:
    return sim_program_holders(program, frame);
  }
}

static uint64_t query(const struct sim_program *program, const struct sim_program_node *node,
                      bool hooked)
{
  switch (node->query) {
  case SIM_PROGRAM_SIZE:
  case SIM_PROGRAM_LENGTH:
    return extent(program, node);
  case SIM_PROGRAM_IS_BOUND:
    return program->vars[node->var].state == SIM_PROGRAM_BOUND;
  default:
    return query_slot(program, node, hooked);
  }
}

static uint64_t operate(const struct sim_program *program, const struct sim_program_node *node,
                        bool hooked)
{
  uint64_t a = sim_program_value(program, node->a, hooked);
  if (node->op == SIM_OP_NOT)
    return a == 0;
  if (node->op == SIM_OP_AND || node->op == SIM_OP_OR) {
    bool decides = (a != 0) == (node->op == SIM_OP_OR);
    return decides ? a != 0 : sim_program_value(program, node->b, hooked) != 0;
  }
  uint64_t b = sim_program_value(program, node->b, hooked);
  switch (node->op) {
  case SIM_OP_ADD:
    return a + b;
  case SIM_OP_SUB:
    return a - b;
  case SIM_OP_MUL:
    return a * b;
  case SIM_OP_DIV:
    return b != 0 ? a / b : 0;
  case SIM_OP_MOD:
    return b != 0 ? a % b : 0;
  case SIM_OP_EQ:
    return a == b;
  case SIM_OP_NE:
    return a != b;
  case SIM_OP_LT:
    return a < b;
  case SIM_OP_LE:
    return a <= b;
  case SIM_OP_GT:
    return a > b;
  default:
    return a >= b;
  }
}

uint64_t sim_program_value(const struct sim_program *program, int index, bool hooked)
{
  const struct sim_program_node *node = &program->node[index];
  switch (node->kind) {
  case SIM_PROGRAM_CONSTANT:
    return node->number;
  case SIM_PROGRAM_VALUE:
    return var_value(program, node->var);
  case SIM_PROGRAM_QUERY:
    return query(program, node, hooked);
  case SIM_PROGRAM_OPERATOR:
    break;
  }
  return operate(program, node, hooked);
}

bool sim_program_is_known(const struct sim_program *program, int index)
{
  if (index == SIM_PROGRAM_NONE)
    return true;
  const struct sim_program_node *node = &program->node[index];
  if (node->var != SIM_PROGRAM_NONE && node->query != SIM_PROGRAM_IS_BOUND) {
    const struct sim_program_var *var = &program->vars[node->var];
    if (var->state != SIM_PROGRAM_BOUND && !var->is_word && var->frame.raw == 0)
      return false;
  }
  return sim_program_is_known(program, node->a) && sim_program_is_known(program, node->b);
}
