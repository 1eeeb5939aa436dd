/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What is bound in a script, and whether all names that are used are.
 *
 * A bare word in an expression may be a name (`f`) or a word of some vocabulary
 * (`unused`), and `bad-memory` may be such a word or a subtraction.  What it is depends on
 * what the whole script binds, so the parser collects such expressions and decides at the
 * end.  The order of lines does not matter here: a loop may use what a later line binds,
 * and whether a name is bound at that moment is seen when the script runs.
 */
#include <string.h>

#include "sim/script/parser.h"

enum {
  MUST_BE_BOUND = 1, /* used as a value: a word will not do */
  NO_NAME = 2,       /* part of a hyphenated word */
};

static void add_once(GHashTable *set, GPtrArray *list, const char *text)
{
  if (g_hash_table_contains(set, text))
    return;
  g_hash_table_add(set, g_strdup(text));
  g_ptr_array_add(list, g_strdup(text));
}

gboolean sim_parse_bind_name(struct sim_parser *p, const char *name, struct sim_place place)
{
  static const char *const reserved[] = {"and", "or", "not"};

  for (gsize i = 0; i < G_N_ELEMENTS(reserved); i++)
    if (strcmp(name, reserved[i]) == 0)
      return sim_parse_fail(p, place, NULL, "'%s' is an operator and cannot be a name", name);
  if (sim_parse_is_query(p, name))
    return sim_parse_fail(p, place, NULL, "'%s' asks for a property and cannot be a name", name);
  add_once(p->bound, p->bound_list, name);
  return TRUE;
}

void sim_parse_bind_thread(struct sim_parser *p, const char *name)
{
  add_once(p->threads, p->thread_list, name);
}

void sim_parse_bind_all(struct sim_parser *p, gsize from, gsize to)
{
  struct sim_lexer lexer = {p->lexer.source, from};
  struct sim_token token;

  while ((token = sim_lexer_next(&lexer)).kind != SIM_TOKEN_END && token.offset < to) {
    if (token.kind == SIM_TOKEN_NAME) {
      g_autofree char *name = sim_token_text(lexer.source, token);
      g_hash_table_add(p->bound, g_strdup(name));
      g_hash_table_add(p->threads, g_strdup(name));
    }
  }
}

void sim_parse_note_reference(struct sim_parser *p, struct sim_expr *expr)
{
  g_ptr_array_add(p->references, expr);
}

void sim_parse_require_value(struct sim_expr *expr)
{
  expr->parser_flags |= MUST_BE_BOUND;
}

/* ---- The check at the end ---- */

/* Are all names of `a-b-c` bound? */
static gboolean all_bound(const struct sim_parser *p, const struct sim_expr *expr)
{
  if (expr->kind == SIM_EXPR_BINARY)
    return all_bound(p, expr->operands[0]) && all_bound(p, expr->operands[1]);
  return g_hash_table_contains(p->bound, expr->text);
}

static void mark_as_word(struct sim_expr *expr)
{
  expr->parser_flags |= NO_NAME;
  for (guint i = 0; i < expr->n_operands; i++)
    mark_as_word(expr->operands[i]);
}

/* From the outer ones inwards, so that `a-b-c` is one word or a difference as a whole. */
static void settle_tight(struct sim_parser *p)
{
  for (guint i = p->tight->len; i-- > 0;) {
    struct sim_expr *expr = g_ptr_array_index(p->tight, i);

    if ((expr->parser_flags & NO_NAME) != 0)
      continue;
    if ((expr->parser_flags & MUST_BE_BOUND) != 0 || all_bound(p, expr)) {
      sim_parse_require_value(expr->operands[0]);
      sim_parse_require_value(expr->operands[1]);
      expr->text = NULL;
      continue;
    }
    mark_as_word(expr);
    expr->kind = SIM_EXPR_WORD;
    expr->op = SIM_OP_NONE;
    expr->depth = 1;
    expr->n_operands = 0;
    expr->operands = NULL;
  }
}

static void report_unbound(struct sim_parser *p, const struct sim_expr *expr)
{
  const char *meant = sim_suggest(expr->text, (const char *const *)p->bound_list->pdata);
  g_autofree char *hint = NULL;
  struct sim_place place = expr->place;

  place.width = MIN(place.width, (guint)MIN(strlen(expr->text), G_MAXINT));
  if (meant != NULL)
    hint = g_strdup_printf("did you mean '%s'?", meant);
  else if (p->is_line)
    hint = g_strdup("nothing that has run so far binds it");
  else
    hint = g_strdup_printf("'-> %.40s' would bind it; so do pool, param and for", expr->text);
  sim_parse_fail(p, place, hint, "nothing binds the name '%.40s'", expr->text);
  p->failed = FALSE;
}

static void check_schedules(struct sim_parser *p)
{
  for (guint i = 0; i < p->steps->len && !p->stopped; i++) {
    const struct sim_schedule_token *step = g_ptr_array_index(p->steps, i);
    g_autofree char *hint = NULL;
    const char *meant;
    struct sim_place place = step->place;

    if (g_hash_table_contains(p->threads, step->thread))
      continue;
    meant = sim_suggest(step->thread, (const char *const *)p->thread_list->pdata);
    if (meant != NULL)
      hint = g_strdup_printf("did you mean '%s'?", meant);
    place.width = (guint)MIN(strlen(step->thread), G_MAXINT);
    sim_parse_fail(p, place, hint, "there is no thread '%.40s'", step->thread);
    p->failed = FALSE;
  }
}

void sim_parse_check_names(struct sim_parser *p)
{
  g_ptr_array_add(p->bound_list, NULL);
  g_ptr_array_add(p->thread_list, NULL);
  p->failed = FALSE;
  settle_tight(p);
  for (guint i = 0; i < p->references->len && !p->stopped; i++) {
    struct sim_expr *expr = g_ptr_array_index(p->references, i);

    if ((expr->parser_flags & NO_NAME) != 0 || g_hash_table_contains(p->bound, expr->text))
      continue;
    if ((expr->parser_flags & MUST_BE_BOUND) != 0)
      report_unbound(p, expr);
    else
      expr->kind = SIM_EXPR_WORD;
  }
  check_schedules(p);
}
