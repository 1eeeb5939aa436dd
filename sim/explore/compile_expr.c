/* SPDX-License-Identifier: MPL-2.0 */
/* Expressions: what is known already becomes a constant, the rest nodes. */
#include <string.h>

#include "sim/explore/compile.h"

static const struct {
  const char *name;
  enum sim_program_query query;
  bool in_threads; /* it can be an access of the thread that asks */
  bool of_handle;  /* of the variable, not of an address */
} queries[] = {
    {"refcount", SIM_PROGRAM_REFCOUNT, true, false}, {"state", SIM_PROGRAM_STATE, true, false},
    {"type", SIM_PROGRAM_TYPE, false, false},        {"in_list", SIM_PROGRAM_IN_LIST, false, false},
    {"holders", SIM_PROGRAM_HOLDERS, false, false},  {"size", SIM_PROGRAM_SIZE, true, true},
    {"length", SIM_PROGRAM_LENGTH, true, true},      {"bound", SIM_PROGRAM_IS_BOUND, true, true},
};

static bool complain(struct sim_compiler *c, const struct sim_expr *expr, const char *hint,
                     const char *text)
{
  (void)sim_run_error(c->run, expr->place, hint, "%s", text);
  return false;
}

static bool add_node(struct sim_compiler *c, const struct sim_expr *expr,
                     struct sim_program_node node, int *ret)
{
  struct sim_program *program = c->program;
  if (program->n_nodes == SIM_PROGRAM_NODES)
    return complain(c, expr, "fewer commands, or shorter loops",
                    "these threads are too long to be explored");
  program->node[program->n_nodes] = node;
  *ret = (int)program->n_nodes++;
  return true;
}

static struct sim_program_node node_of(enum sim_program_node_kind kind)
{
  return (struct sim_program_node){
      .kind = kind, .var = SIM_PROGRAM_NONE, .a = SIM_PROGRAM_NONE, .b = SIM_PROGRAM_NONE};
}

static bool is_name(const struct sim_expr *expr)
{
  return expr->kind == SIM_EXPR_NAME || expr->kind == SIM_EXPR_INDEX;
}

/* The variable that a name stands for; NONE: it is a constant, or nothing. */
static bool find_var(struct sim_compiler *c, const struct sim_expr *expr, int *ret)
{
  g_autofree char *name =
      sim_compile_name(c, expr->text, expr->kind == SIM_EXPR_INDEX ? expr->operands[0] : NULL);
  if (name == NULL)
    return false;
  *ret = sim_compile_find(c, name);
  return true;
}

/* A name of another thread says what that thread has done, past all memory orders. */
static bool may_read(struct sim_compiler *c, const struct sim_expr *expr, int index)
{
  const struct sim_name *info = &c->names[index];
  if (c->thread == SIM_PROGRAM_NONE || info->owner == c->thread || info->from_before)
    return true;
  return complain(c, expr, "conditions over names of several threads stand behind the threads",
                  "this name is another thread's");
}

static bool compile_constant(struct sim_compiler *c, const struct sim_expr *expr, int *ret)
{
  struct sim_value value;
  struct sim_program_node node = node_of(SIM_PROGRAM_CONSTANT);
  if (!sim_run_value(c->run, expr, &value))
    return false;
  if (value.kind == SIM_VALUE_HANDLE) {
    if (!sim_run_address(c->run, expr, &node.number))
      return false;
  } else if (value.kind == SIM_VALUE_NUMBER) {
    node.number = value.number;
  } else {
    node.is_word = true;
    node.number = (uint64_t)(uintptr_t)g_intern_string(value.text);
  }
  return add_node(c, expr, node, ret);
}

static bool compile_name(struct sim_compiler *c, const struct sim_expr *expr, int *ret)
{
  int var;
  if (!find_var(c, expr, &var))
    return false;
  if (var == SIM_PROGRAM_NONE)
    return compile_constant(c, expr, ret);
  if (!may_read(c, expr, var))
    return false;
  const struct sim_name *info = &c->names[var];
  if (c->thread != SIM_PROGRAM_NONE && info->from_before && info->owner != c->thread)
    return compile_constant(c, expr, ret);
  if (!info->is_value && info->kind == SIM_HANDLE_LIST)
    return complain(c, expr, NULL, "a list has no address");
  struct sim_program_node node = node_of(SIM_PROGRAM_VALUE);
  node.var = var;
  node.is_word = info->is_value && c->program->vars[var].is_word;
  return add_node(c, expr, node, ret);
}

static bool compile_query(struct sim_compiler *c, const struct sim_expr *expr, int *ret)
{
  struct sim_program_node node = node_of(SIM_PROGRAM_QUERY);
  if (expr->n_operands != 1)
    return complain(c, expr, NULL, "this takes one address or handle");
  if (strcmp(expr->text, "paddr") == 0)
    return sim_compile_expr(c, expr->operands[0], ret);
  gsize i = 0;
  while (i < G_N_ELEMENTS(queries) && strcmp(expr->text, queries[i].name) != 0)
    i++;
  if (i == G_N_ELEMENTS(queries))
    return complain(c, expr, NULL, "this cannot be asked where threads are explored");
  if (c->thread != SIM_PROGRAM_NONE && !queries[i].in_threads)
    return complain(c, expr, "put the condition behind the threads",
                    "a thread that is explored can only ask for refcount and state");
  node.query = queries[i].query;
  node.is_word = node.query == SIM_PROGRAM_STATE || node.query == SIM_PROGRAM_TYPE;
  if (!queries[i].of_handle)
    return sim_compile_expr(c, expr->operands[0], &node.a) && add_node(c, expr, node, ret);
  if (!is_name(expr->operands[0]) || !find_var(c, expr->operands[0], &node.var))
    return c->run->script_error ? false : complain(c, expr, NULL, "this is asked of a handle");
  if (node.var == SIM_PROGRAM_NONE)
    return complain(c, expr->operands[0], NULL, "no handle has this name");
  return may_read(c, expr->operands[0], node.var) && add_node(c, expr, node, ret);
}

static bool compile_operator(struct sim_compiler *c, const struct sim_expr *expr, int *ret)
{
  struct sim_program_node node = node_of(SIM_PROGRAM_OPERATOR);
  node.op = expr->op;
  if (expr->op == SIM_OP_NEGATE)
    return complain(c, expr, NULL, "numbers here are not negative");
  if (!sim_compile_expr(c, expr->operands[0], &node.a))
    return false;
  if (expr->kind == SIM_EXPR_UNARY)
    return add_node(c, expr, node, ret);
  if (!sim_compile_expr(c, expr->operands[1], &node.b))
    return false;
  const struct sim_program_node *a = &c->program->node[node.a];
  const struct sim_program_node *b = &c->program->node[node.b];
  bool joins = node.op == SIM_OP_AND || node.op == SIM_OP_OR;
  bool equates = node.op == SIM_OP_EQ || node.op == SIM_OP_NE;
  if (!joins && (a->is_word != b->is_word || (a->is_word && !equates)))
    return complain(c, expr, NULL, "words can only be compared with words, by == and !=");
  return add_node(c, expr, node, ret);
}

bool sim_compile_expr(struct sim_compiler *c, const struct sim_expr *expr, int *ret)
{
  switch (expr->kind) {
  case SIM_EXPR_NAME:
  case SIM_EXPR_INDEX:
    return compile_name(c, expr, ret);
  case SIM_EXPR_CALL:
    return compile_query(c, expr, ret);
  case SIM_EXPR_UNARY:
  case SIM_EXPR_BINARY:
    return compile_operator(c, expr, ret);
  case SIM_EXPR_WORD:
    if (strcmp(expr->text, "free") == 0)
      return complain(c, expr, NULL, "the free bytes cannot be asked where threads are explored");
    return compile_constant(c, expr, ret);
  default:
    return compile_constant(c, expr, ret);
  }
}

bool sim_compile_condition(struct sim_compiler *c, const struct sim_expr *expr, int *ret)
{
  return sim_compile_expr(c, expr, ret);
}
