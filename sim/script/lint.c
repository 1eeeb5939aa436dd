/* SPDX-License-Identifier: MPL-2.0 */
/* Words of a script that can be judged without running it. */
#include <string.h>

#include "sim/script/interp.h"

const char *const sim_words_states[] = {"unused", "busy", "shared", "unique", "illegal", NULL};
const char *const sim_words_errors[] = {
    "InUse",    "Unused",      "Busy",    "Unique",    "OutOfBound", "NotAligned",
    "NoMemory", "InvalidArgs", "NotSole", "WrongType", "NotUntyped", "Empty",
    "AtGhost",  "NotInList",   "Fault",   "Mapped",    "NotMapped",  NULL};
const char *const sim_words_allocators[] = {"buddy", "bitmap", "none", NULL};

/* "Ok" is what `or err` receives on success; "free" is the free bytes; "none" no type. */
static const char *const other_words[] = {"Ok", "free", "none", NULL};
static const char *const type_words[] = {"anon",      "unit",     "meta-page", "early",
                                         "unusable",  "reserved", "kernel",    "page-table",
                                         "free-head", "link",     "typed",     NULL};

enum fm_site sim_site_by_name(const char *name)
{
  for (int site = 0; site < FM_SITE_COUNT; site++)
    if (strcmp(fm_site_info((enum fm_site)site)->name, name) == 0)
      return (enum fm_site)site;
  return FM_SITE_COUNT;
}

struct lint {
  GPtrArray *errors;
  GPtrArray *params; /* names declared by param */
};

static bool is_one_of(const char *word, const char *const *words)
{
  return g_strv_contains(words, word);
}

static void complain(struct lint *lint, struct sim_place place, const char *what, const char *word,
                     const char *const *candidates)
{
  if (lint->errors->len >= SIM_SCRIPT_ERRORS)
    return;
  g_autofree char *text = g_strdup_printf("unknown %s '%s'", what, word);
  const char *near = sim_suggest(word, candidates);
  g_autofree char *list = g_strjoinv(", ", (char **)candidates);
  g_autofree char *hint = near != NULL ? g_strdup_printf("did you mean '%s'?", near)
                                       : g_strdup_printf("there are: %s", list);
  g_ptr_array_add(lint->errors, sim_diag_format(place, "error", text, hint));
}

/* ---- Expressions ---- */

static const char *const *all_words(void)
{
  static const char *words[40];
  if (words[0] == NULL) {
    const char *const *const tables[] = {sim_words_states, sim_words_errors, other_words,
                                         type_words};
    gsize count = 0;
    for (gsize t = 0; t < G_N_ELEMENTS(tables); t++)
      for (gsize i = 0; tables[t][i] != NULL; i++)
        words[count++] = tables[t][i];
  }
  return words;
}

static void lint_expr(struct lint *lint, const struct sim_expr *expr)
{
  const char *const *words = all_words();
  if (expr->kind == SIM_EXPR_WORD && !is_one_of(expr->text, words))
    complain(lint, expr->place, "word", expr->text, words);
  if (expr->kind == SIM_EXPR_CALL && !is_one_of(expr->text, sim_run_queries))
    complain(lint, expr->place, "function", expr->text, sim_run_queries);
  for (guint i = 0; i < expr->n_operands; i++)
    lint_expr(lint, expr->operands[i]);
}

/* ---- Commands ---- */

static void lint_block(struct lint *lint, const struct sim_block *block);

static void lint_words(struct lint *lint, const struct sim_command *command,
                       const struct sim_arg *arg)
{
  const char *name = arg->keyword != NULL ? arg->keyword : arg->slot;
  if (command->statement == SIM_STATEMENT_EXPECT && strcmp(name, "error") == 0 &&
      !is_one_of(arg->word, sim_words_errors))
    complain(lint, arg->place, "error", arg->word, sim_words_errors);
  else if (strcmp(name, "as") == 0 && !is_one_of(arg->word, type_words))
    complain(lint, arg->place, "metadata type", arg->word, type_words);
  else if (strcmp(command->verb->name, "allocator") == 0 &&
           !is_one_of(arg->word, sim_words_allocators))
    complain(lint, arg->place, "allocator", arg->word, sim_words_allocators);
}

static void lint_schedule(struct lint *lint, const struct sim_schedule_token *token)
{
  const char *names[FM_SITE_COUNT + 1] = {NULL};
  gsize count = 0;
  for (int site = 0; site < FM_SITE_COUNT; site++)
    if (!fm_site_info((enum fm_site)site)->quiet)
      names[count++] = fm_site_info((enum fm_site)site)->name;
  for (; token != NULL; token = token->next)
    if (token->kind == SIM_SCHEDULE_POINT && !is_one_of(token->point, names))
      complain(lint, token->place, "point", token->point, names);
}

/* An empty block cannot fail in any way. */
static void lint_expect(struct lint *lint, const struct sim_command *command)
{
  const struct sim_block *block = sim_command_block(command, "BLOCK");
  if (command->statement == SIM_STATEMENT_EXPECT && block != NULL && block->first == NULL)
    g_ptr_array_add(lint->errors,
                    sim_diag_format(block->place, "error", "an empty block cannot fail",
                                    "expect error Unused { get 0x2345000 }"));
}

static void lint_arg(struct lint *lint, const struct sim_command *command,
                     const struct sim_arg *arg)
{
  for (guint i = 0; i < arg->n_exprs; i++)
    lint_expr(lint, arg->exprs[i]);
  if (arg->kind == SIM_ARG_WORD)
    lint_words(lint, command, arg);
  if (arg->block != NULL)
    lint_block(lint, arg->block);
  for (const struct sim_choice *choice = arg->choices; choice != NULL; choice = choice->next) {
    lint_expr(lint, choice->weight);
    lint_block(lint, choice->body);
  }
  lint_schedule(lint, arg->schedule);
}

static void lint_block(struct lint *lint, const struct sim_block *block)
{
  for (const struct sim_command *command = block->first; command != NULL; command = command->next) {
    if (command->statement == SIM_STATEMENT_PARAM)
      g_ptr_array_add(lint->params, (gpointer)sim_command_arg(command, "NAME")->word);
    lint_expect(lint, command);
    for (const struct sim_arg *arg = command->args; arg != NULL; arg = arg->next)
      lint_arg(lint, command, arg);
  }
}

/* Each NAME=value from outside needs a `param NAME`. */
static void lint_define(struct lint *lint, const char *define)
{
  g_auto(GStrv) parts = g_strsplit(define, "=", 2);
  const char *const *names = (const char *const *)lint->params->pdata;
  if (g_strv_length(parts) == 2 && is_one_of(parts[0], names))
    return;
  g_autofree char *text =
      g_strv_length(parts) == 2
          ? g_strdup_printf("-D %s: the script has no param '%s'", define, parts[0])
          : g_strdup_printf("-D %s: expected NAME=value", define);
  const char *near = g_strv_length(parts) == 2 ? sim_suggest(parts[0], names) : NULL;
  g_autofree char *hint = near != NULL ? g_strdup_printf("did you mean '%s'?", near) : NULL;
  g_ptr_array_add(lint->errors, sim_diag_format((struct sim_place){0}, "error", text, hint));
}

/* What stands behind `end` would never run. */
static void lint_end(struct lint *lint, const struct sim_block *body)
{
  for (const struct sim_command *command = body->first; command != NULL; command = command->next)
    if (command->statement == SIM_STATEMENT_END && command->next != NULL)
      g_ptr_array_add(lint->errors,
                      sim_diag_format(command->next->place, "error", "nothing runs behind 'end'",
                                      "take it out, or 'end' down"));
}

bool sim_run_lint(const sim_script *script, const char *const *defines, GPtrArray *errors)
{
  g_autoptr(GPtrArray) params = g_ptr_array_new();
  struct lint lint = {errors, params};
  guint before = errors->len;

  lint_block(&lint, script->body);
  lint_end(&lint, script->body);
  g_ptr_array_add(params, NULL);
  for (; defines != NULL && *defines != NULL; defines++)
    lint_define(&lint, *defines);
  return errors->len == before;
}
