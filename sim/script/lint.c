/* SPDX-License-Identifier: MPL-2.0 */
/* Words of a script that can be judged without running it. */
#include <string.h>

#include "sim/museum/museum.h"
#include "sim/museum/types.h"
#include "sim/script/interp.h"
#include "sim/script/question.h"
#include "sim/workload/workload.h"

/* What operations answer, by the names of their enums, and what only scripts answer. */
static const char *const other_errors[] = {"NotSole", "WrongType", "NotUntyped", "Empty",
                                           "AtGhost", "NotInList", "Unwound",    NULL};

/* "Ok" is what `or err` receives on success; "free" is the free bytes; "none" no type; "unit"
 * another name of anon. */
static const char *const other_words[] = {"Ok", "free", "none", "unit", NULL};

enum { WORDS_MAX = 100 };

/* A list of words, each once; ends with NULL. */
struct words {
  const char *at[WORDS_MAX];
  gsize count;
};

static void add_word(struct words *words, const char *word)
{
  if (g_strv_contains(words->at, word))
    return;
  g_assert(words->count + 1 < WORDS_MAX);
  words->at[words->count++] = word;
}

static void add_words(struct words *words, const char *const *list)
{
  for (; *list != NULL; list++)
    add_word(words, *list);
}

static void add_errors(struct words *words)
{
  for (int e = FM_GET_OK + 1; e < FM_GET_RETRY; e++)
    add_word(words, fm_get_error_name((enum fm_get_error)e));
  for (int e = FM_ALLOC_OK + 1; e <= FM_ALLOC_INVALID_ARGS; e++)
    add_word(words, fm_alloc_error_name((enum fm_alloc_error)e));
  add_words(words, other_errors);
  for (int e = SIM_OS_OK + 1; e <= SIM_OS_FAULT; e++)
    add_word(words, sim_os_answer_name((enum sim_os_answer)e));
}

static void add_types(struct words *words)
{
  for (uint32_t number = 0; number < FM_META_BUILTINS; number++)
    add_word(words, fm_meta_type(number)->name);
  add_word(words, "unit");
  add_words(words, sim_museum_type_names);
}

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

/* As many messages as the parser gives, and then that there are more. */
static void add_message(struct lint *lint, struct sim_place place, const char *text,
                        const char *hint)
{
  if (lint->errors->len < SIM_SCRIPT_ERRORS)
    g_ptr_array_add(lint->errors, sim_diag_format(place, "error", text, hint));
  else if (lint->errors->len == SIM_SCRIPT_ERRORS)
    g_ptr_array_add(lint->errors, g_strdup("too many errors\n"));
}

static void complain(struct lint *lint, struct sim_place place, const char *what, const char *word,
                     const char *const *candidates)
{
  if (lint->errors->len > SIM_SCRIPT_ERRORS)
    return;
  g_autofree char *text = g_strdup_printf("unknown %s '%s'", what, word);
  const char *near = sim_suggest(word, candidates);
  g_autofree char *list = g_strjoinv(", ", (char **)candidates);
  g_autofree char *hint = near != NULL ? g_strdup_printf("did you mean '%s'?", near)
                                       : g_strdup_printf("there are: %s", list);
  add_message(lint, place, text, hint);
}

/* ---- Expressions ---- */

static const char *const *all_words(void)
{
  static struct words words;
  if (words.count == 0) {
    for (int state = FM_STATE_UNUSED; state <= FM_STATE_ILLEGAL; state++)
      add_word(&words, fm_count_state_name((enum fm_count_state)state));
    add_errors(&words);
    add_words(&words, other_words);
    add_types(&words);
  }
  return words.at;
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
  struct words words = {0};
  const char *what = NULL;
  if (command->statement == SIM_STATEMENT_EXPECT && strcmp(name, "error") == 0) {
    add_errors(&words);
    what = "error";
  } else if (strcmp(name, "as") == 0) {
    add_types(&words);
    what = "metadata type";
  } else if (strcmp(command->verb->name, "allocator") == 0) {
    for (int kind = 0; kind < FM_ALLOCATORS; kind++)
      add_word(&words, fm_allocator_name((enum fm_allocator_kind)kind));
    what = "allocator";
  }
  if (what != NULL && !is_one_of(arg->word, words.at))
    complain(lint, arg->place, what, arg->word, words.at);
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
    add_message(lint, block->place, "an empty block cannot fail",
                "expect error Unused { get 0x2345000 }");
}

/* `variant claim.publish = relaxed`: a point that has an order, and an order. */
static void lint_order(struct lint *lint, const struct sim_command *command)
{
  const struct sim_arg *point = sim_command_arg(command, "POINT");
  const struct sim_arg *order = sim_command_arg(command, "=");
  const char *names[FM_SITE_COUNT + 1] = {NULL};
  const char *orders[] = {fm_order_name(FM_ORDER_RELAXED), fm_order_name(FM_ORDER_ACQUIRE),
                          fm_order_name(FM_ORDER_RELEASE), fm_order_name(FM_ORDER_ACQ_REL), NULL};
  gsize count = 0;
  for (int site = 0; site < FM_SITE_COUNT; site++)
    if (fm_site_info((enum fm_site)site)->order != FM_ORDER_PLAIN)
      names[count++] = fm_site_info((enum fm_site)site)->name;
  if (!is_one_of(point->word, names))
    complain(lint, point->place, "point with an order", point->word, names);
  if (!is_one_of(order->word, orders))
    complain(lint, order->place, "order", order->word, orders);
}

static void lint_variant(struct lint *lint, const struct sim_command *command)
{
  const struct sim_arg *arg = sim_command_arg(command, "POINT");
  if (strcmp(command->verb->name, "variant") != 0)
    return;
  if (sim_command_has(command, "=")) {
    lint_order(lint, command);
    return;
  }
  if (sim_museum_find(arg->word, NULL) != NULL)
    return;
  g_autofree char *text = g_strdup_printf("unknown variant '%s'", arg->word);
  const char *near = sim_museum_suggest(arg->word);
  g_autofree char *hint = near != NULL ? g_strdup_printf("did you mean '%s'?", near) : NULL;
  add_message(lint, arg->place, text, hint != NULL ? hint : "framesim museum lists them");
}

/* Of all parameters of workloads, each kind has some. */
static void lint_workload(struct lint *lint, const struct sim_command *command)
{
  const struct sim_block *keys = sim_command_block(command, "KEYS");
  if (keys == NULL || strcmp(command->verb->name, "workload") != 0)
    return;
  const char *kind = sim_command_flag(command);
  const char *const *known = sim_workload_keys(kind);
  g_autofree char *what = g_strdup_printf("parameter of workload %s", kind);
  for (const struct sim_command *key = keys->first; key != NULL; key = key->next)
    if (!is_one_of(key->verb->name, known))
      complain(lint, key->place, what, key->verb->name, known);
}

/* A word as the answer is one of the options: nothing else says what it means. */
static bool lint_answer(struct lint *lint, const struct sim_command *command,
                        const struct sim_arg *arg)
{
  const struct sim_expr *answer = sim_command_expr(command, "answer");
  const struct sim_arg *choice = sim_command_arg(command, "choice");
  if (strcmp(command->verb->name, "ask") != 0 || answer == NULL || arg->exprs[0] != answer ||
      answer->kind != SIM_EXPR_WORD || strcmp(answer->text, "free") == 0)
    return false;
  if (choice == NULL) {
    add_message(lint, answer->place, "a word can only be the answer as one of several options",
                "ask \"Is it free?\" choice yes | no answer yes");
    return true;
  }
  g_autoptr(GPtrArray) options = g_ptr_array_new();
  for (guint i = 0; i < choice->n_exprs; i++)
    g_ptr_array_add(options, (gpointer)choice->exprs[i]->text);
  g_ptr_array_add(options, NULL);
  if (!is_one_of(answer->text, (const char *const *)options->pdata))
    complain(lint, answer->place, "option", answer->text, (const char *const *)options->pdata);
  return true;
}

/* Options are at least two, and differ. */
static void lint_options(struct lint *lint, const struct sim_command *command)
{
  const struct sim_arg *choice = sim_command_arg(command, "choice");
  if (strcmp(command->verb->name, "ask") != 0 || choice == NULL)
    return;
  if (choice->n_exprs < 2)
    add_message(lint, choice->place, "one option is no choice", "choice yes | no");
  for (guint i = 1; i < choice->n_exprs; i++)
    for (guint k = 0; k < i; k++)
      if (sim_answer_equal(choice->exprs[i]->text, choice->exprs[k]->text)) {
        add_message(lint, choice->exprs[i]->place, "this option is there twice", NULL);
        break;
      }
}

static void lint_arg(struct lint *lint, const struct sim_command *command,
                     const struct sim_arg *arg)
{
  for (guint i = 0; i < arg->n_exprs && !lint_answer(lint, command, arg); i++)
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
    lint_workload(lint, command);
    lint_variant(lint, command);
    lint_options(lint, command);
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
  add_message(lint, (struct sim_place){0}, text, hint);
}

/* What stands behind `end` would never run. */
static void lint_end(struct lint *lint, const struct sim_block *body)
{
  for (const struct sim_command *command = body->first; command != NULL; command = command->next)
    if (command->statement == SIM_STATEMENT_END && command->next != NULL)
      add_message(lint, command->next->place, "nothing runs behind 'end'",
                  "take it out, or 'end' down");
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
