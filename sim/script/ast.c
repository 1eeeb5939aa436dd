/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/ast.h"

#include <string.h>

#include "sim/script/parse.h"

enum { CHUNK = 16 * 1024, ALIGN = 16 };

/* ---- Scripts ---- */

static void free_source(gpointer source)
{
  sim_source_free(source);
}

sim_script *sim_script_new(const sim_source *source)
{
  sim_script *script = g_new0(sim_script, 1);

  script->source = source;
  script->owned = g_ptr_array_new_with_free_func(free_source);
  script->chunks = g_ptr_array_new_with_free_func(g_free);
  script->texts = g_string_chunk_new(CHUNK);
  return script;
}

sim_script *sim_script_free(sim_script *script)
{
  if (script == NULL)
    return NULL;
  g_string_chunk_free(script->texts);
  g_ptr_array_unref(script->chunks);
  g_ptr_array_unref(script->owned);
  g_free(script);
  return NULL;
}

void *sim_script_alloc(sim_script *script, gsize size)
{
  char *chunk;

  script->n_nodes++;
  size = (size + ALIGN - 1) & ~(gsize)(ALIGN - 1);
  if (size > CHUNK / 4) {
    /* A chunk of its own, put before the last one, which stays in use. */
    chunk = g_malloc0(size);
    g_ptr_array_insert(script->chunks, script->chunks->len > 0 ? (gint)script->chunks->len - 1 : 0,
                       chunk);
    return chunk;
  }
  if (size > script->chunk_left) {
    g_ptr_array_add(script->chunks, g_malloc0(CHUNK));
    script->chunk_left = CHUNK;
  }
  chunk = g_ptr_array_index(script->chunks, script->chunks->len - 1);
  chunk += CHUNK - script->chunk_left;
  script->chunk_left -= size;
  return chunk;
}

const char *sim_script_text(sim_script *script, const char *text)
{
  return g_string_chunk_insert_const(script->texts, text);
}

/* ---- Expressions ---- */

const char *sim_op_text(enum sim_op op)
{
  static const char *const texts[] = {
      [SIM_OP_NONE] = "", [SIM_OP_NEGATE] = "-", [SIM_OP_NOT] = "not", [SIM_OP_ADD] = "+",
      [SIM_OP_SUB] = "-", [SIM_OP_MUL] = "*",    [SIM_OP_DIV] = "/",   [SIM_OP_MOD] = "%",
      [SIM_OP_EQ] = "==", [SIM_OP_NE] = "!=",    [SIM_OP_LT] = "<",    [SIM_OP_LE] = "<=",
      [SIM_OP_GT] = ">",  [SIM_OP_GE] = ">=",    [SIM_OP_AND] = "and", [SIM_OP_OR] = "or",
  };

  return texts[op];
}

static void append_quoted(GString *out, const char *text)
{
  g_string_append_c(out, '"');
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_c(out, '\\');
    if (*text == '\n')
      g_string_append(out, "\\n");
    else
      g_string_append_c(out, *text);
  }
  g_string_append_c(out, '"');
}

static void append_expr(GString *out, const struct sim_expr *expr, gboolean inner);

static void append_operands(GString *out, const struct sim_expr *expr, char open, char close)
{
  g_string_append_c(out, open);
  for (guint i = 0; i < expr->n_operands; i++) {
    g_string_append(out, i > 0 ? ", " : "");
    append_expr(out, expr->operands[i], FALSE);
  }
  g_string_append_c(out, close);
}

static void append_operation(GString *out, const struct sim_expr *expr, gboolean inner)
{
  g_string_append(out, inner ? "(" : "");
  if (expr->kind == SIM_EXPR_UNARY) {
    g_string_append(out, sim_op_text(expr->op));
    g_string_append(out, expr->op == SIM_OP_NOT ? " " : "");
    append_expr(out, expr->operands[0], TRUE);
  } else {
    append_expr(out, expr->operands[0], TRUE);
    g_string_append_printf(out, " %s ", sim_op_text(expr->op));
    append_expr(out, expr->operands[1], TRUE);
  }
  g_string_append(out, inner ? ")" : "");
}

/* An operation inside another one gets parentheses, so no precedence is needed here. */
static void append_expr(GString *out, const struct sim_expr *expr, gboolean inner)
{
  switch (expr->kind) {
  case SIM_EXPR_NUMBER:
    g_string_append_printf(out, "%" G_GUINT64_FORMAT, expr->number);
    break;
  case SIM_EXPR_STRING:
    append_quoted(out, expr->text);
    break;
  case SIM_EXPR_WORD:
  case SIM_EXPR_NAME:
    g_string_append(out, expr->text);
    break;
  case SIM_EXPR_INDEX:
    g_string_append(out, expr->text);
    append_operands(out, expr, '[', ']');
    break;
  case SIM_EXPR_CALL:
    g_string_append(out, expr->text);
    append_operands(out, expr, '(', ')');
    break;
  case SIM_EXPR_FRAME:
    g_string_append_c(out, '@');
    append_expr(out, expr->operands[0], TRUE);
    break;
  default:
    append_operation(out, expr, inner);
  }
}

char *sim_expr_to_string(const struct sim_expr *expr)
{
  GString *out = g_string_new(NULL);

  append_expr(out, expr, FALSE);
  return g_string_free(out, FALSE);
}

/* ---- Commands ---- */

const struct sim_arg *sim_command_arg(const struct sim_command *command, const char *name)
{
  for (const struct sim_arg *arg = command->args; arg != NULL; arg = arg->next)
    if (strcmp(arg->keyword != NULL ? arg->keyword : arg->slot, name) == 0)
      return arg;
  return NULL;
}

gboolean sim_command_has(const struct sim_command *command, const char *name)
{
  return sim_command_arg(command, name) != NULL;
}

const struct sim_expr *sim_command_expr(const struct sim_command *command, const char *name)
{
  const struct sim_arg *arg = sim_command_arg(command, name);

  return arg != NULL && arg->kind == SIM_ARG_EXPR ? arg->exprs[0] : NULL;
}

const char *sim_command_word(const struct sim_command *command, const char *name)
{
  const struct sim_arg *arg = sim_command_arg(command, name);

  if (arg == NULL)
    return NULL;
  if (arg->kind == SIM_ARG_EXPR && arg->exprs[0]->kind == SIM_EXPR_STRING)
    return arg->exprs[0]->text;
  return arg->word;
}

const struct sim_block *sim_command_block(const struct sim_command *command, const char *name)
{
  const struct sim_arg *arg = sim_command_arg(command, name);

  return arg == NULL ? NULL : arg->block;
}

const struct sim_bind *sim_command_bind(const struct sim_command *command)
{
  const struct sim_arg *arg = sim_command_arg(command, "BIND");

  return arg == NULL ? NULL : arg->bind;
}

char *sim_command_text(const struct sim_command *command)
{
  return g_strndup(command->place.source->text + command->place.offset,
                   command->end - command->place.offset);
}

const struct sim_command *sim_block_find(const struct sim_block *block, const char *verb)
{
  for (const struct sim_command *c = block->first; c != NULL; c = c->next)
    if (strcmp(c->verb->name, verb) == 0)
      return c;
  return NULL;
}
