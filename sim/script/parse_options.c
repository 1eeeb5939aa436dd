/* SPDX-License-Identifier: MPL-2.0 */
/* The options of a question: words, numbers or strings with `|` between them. */
#include "sim/script/parser.h"

/* No operator of the language, so the lexer has it as a character that is out of place. */
static gboolean at_bar(const struct sim_parser *p)
{
  return p->token.kind == SIM_TOKEN_BAD && p->token.size == 1 &&
         p->lexer.source->text[p->token.offset] == '|';
}

/* `answer` ends them, unless it stands in quotes. */
gboolean sim_parse_at_option(const struct sim_parser *p)
{
  if (sim_parse_at_word(p, "answer"))
    return FALSE;
  return p->token.kind == SIM_TOKEN_NAME || p->token.kind == SIM_TOKEN_NUMBER ||
         p->token.kind == SIM_TOKEN_STRING;
}

/* As an expression that is a string, whatever it was. */
static struct sim_expr *read_option(struct sim_parser *p)
{
  struct sim_expr *expr = sim_parse_new(p, sizeof *expr);
  gsize start = p->token.offset;

  if (!sim_parse_at_option(p)) {
    sim_parse_fail_expected(p, "an option");
    return NULL;
  }
  expr->kind = SIM_EXPR_STRING;
  expr->depth = 1;
  if (p->token.kind == SIM_TOKEN_STRING) {
    expr->text = sim_parse_take_string(p);
  } else if (p->token.kind == SIM_TOKEN_NAME) {
    expr->text = sim_parse_take_word(p);
  } else {
    g_autofree char *text = sim_token_text(p->lexer.source, p->token);
    expr->text = sim_script_text(p->script, text);
    sim_parse_advance(p);
  }
  expr->place = sim_parse_since(p, start);
  return expr;
}

gboolean sim_parse_options(struct sim_parser *p, GPtrArray *ret)
{
  for (;;) {
    struct sim_expr *option = read_option(p);
    if (option == NULL)
      return FALSE;
    g_ptr_array_add(ret, option);
    if (!at_bar(p))
      return TRUE;
    sim_parse_advance(p);
  }
}
