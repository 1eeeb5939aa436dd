/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Expressions, by recursive descent.  From loose to tight:
 *
 *   or;  and;  not;  == != < <= > >= (one only);  + -;  * / %;  - @ and queries;  atoms
 */
#include <string.h>

#include "sim/script/parser.h"

static struct sim_expr *parse_unary(struct sim_parser *p);

gboolean sim_parse_is_query(const struct sim_parser *p, const char *word)
{
  for (guint i = 0; p->queries != NULL && p->queries[i] != NULL; i++)
    if (strcmp(p->queries[i], word) == 0)
      return TRUE;
  return FALSE;
}

gboolean sim_parse_at_expr(const struct sim_parser *p)
{
  if (sim_parse_at_choice(p))
    return FALSE;
  if (p->token.kind == SIM_TOKEN_NAME) {
    g_autofree char *word = NULL;
    if (p->keys == NULL)
      return TRUE;
    /* `ram cpus 2` lacks a number; `cpus` is not the name of one. */
    word = sim_token_text(p->lexer.source, p->word);
    return sim_verb_table_find(p->keys, word) == NULL;
  }
  return p->token.kind == SIM_TOKEN_NUMBER || p->token.kind == SIM_TOKEN_STRING ||
         sim_parse_at_mark(p, '(') || sim_parse_at_mark(p, '-') || sim_parse_at_mark(p, '@');
}

/* ---- Nodes ---- */

static struct sim_expr *new_expr(struct sim_parser *p, enum sim_expr_kind kind, gsize start,
                                 const GPtrArray *operands)
{
  struct sim_expr *expr = sim_parse_new(p, sizeof *expr);

  expr->kind = kind;
  expr->place = sim_parse_since(p, start);
  expr->depth = 1;
  if (operands == NULL || operands->len == 0)
    return expr;
  expr->n_operands = operands->len;
  expr->operands = sim_parse_new(p, operands->len * sizeof expr->operands[0]);
  for (guint i = 0; i < operands->len; i++) {
    expr->operands[i] = g_ptr_array_index(operands, i);
    expr->depth = MAX(expr->depth, expr->operands[i]->depth + 1);
  }
  if (expr->depth <= SIM_SCRIPT_DEPTH)
    return expr;
  sim_parse_fail(p, expr->place, "bind a part of it to a name, or add parentheses",
                 "this expression has too many operators");
  return NULL;
}

static struct sim_expr *new_operation(struct sim_parser *p, enum sim_op op, struct sim_expr *left,
                                      struct sim_expr *right, gsize start)
{
  g_autoptr(GPtrArray) operands = g_ptr_array_new();
  struct sim_expr *expr;

  g_ptr_array_add(operands, left);
  if (right != NULL)
    g_ptr_array_add(operands, right);
  expr = new_expr(p, right != NULL ? SIM_EXPR_BINARY : SIM_EXPR_UNARY, start, operands);
  if (expr != NULL)
    expr->op = op;
  return expr;
}

/* ---- Atoms ---- */

static struct sim_expr *parse_paren(struct sim_parser *p)
{
  struct sim_expr *expr;

  sim_parse_advance(p);
  expr = sim_parse_expr(p);
  return expr != NULL && sim_parse_expect(p, ')', "')'") ? expr : NULL;
}

static struct sim_expr *new_text(struct sim_parser *p, enum sim_expr_kind kind, gsize start,
                                 const char *text, const GPtrArray *operands)
{
  struct sim_expr *expr = new_expr(p, kind, start, operands);

  if (expr != NULL)
    expr->text = text;
  return expr;
}

static struct sim_expr *new_name(struct sim_parser *p, gsize start, const char *text)
{
  struct sim_expr *expr = new_text(p, SIM_EXPR_NAME, start, text, NULL);

  sim_parse_note_reference(p, expr);
  return expr;
}

/* The operands of a property must be values; what a function takes is its own matter. */
static struct sim_expr *new_call(struct sim_parser *p, gsize start, const char *text,
                                 const GPtrArray *operands)
{
  for (guint i = 0; i < operands->len && sim_parse_is_query(p, text); i++)
    sim_parse_require_value(g_ptr_array_index(operands, i));
  return new_text(p, SIM_EXPR_CALL, start, text, operands);
}

static struct sim_expr *parse_call(struct sim_parser *p, gsize start, const char *text)
{
  g_autoptr(GPtrArray) operands = g_ptr_array_new();

  sim_parse_advance(p);
  while (!sim_parse_at_mark(p, ')')) {
    struct sim_expr *operand;

    if (operands->len > 0 && !sim_parse_expect(p, ',', "',' or ')'"))
      return NULL;
    operand = sim_parse_expr(p);
    if (operand == NULL)
      return NULL;
    g_ptr_array_add(operands, operand);
  }
  sim_parse_advance(p);
  return new_call(p, start, text, operands);
}

static struct sim_expr *parse_query(struct sim_parser *p, gsize start, const char *text)
{
  g_autoptr(GPtrArray) operands = g_ptr_array_new();
  struct sim_expr *operand;

  if (!sim_parse_at_expr(p)) {
    sim_parse_fail_expected(p, "a handle or an address");
    return NULL;
  }
  operand = parse_unary(p);
  if (operand == NULL)
    return NULL;
  g_ptr_array_add(operands, operand);
  return new_call(p, start, text, operands);
}

struct sim_expr *sim_parse_index(struct sim_parser *p)
{
  struct sim_expr *index;

  sim_parse_advance(p);
  index = sim_parse_value(p);
  return index != NULL && sim_parse_expect(p, ']', "']'") ? index : NULL;
}

static struct sim_expr *parse_indexed(struct sim_parser *p, gsize start, const char *text)
{
  g_autoptr(GPtrArray) operands = g_ptr_array_new();
  struct sim_expr *index = sim_parse_index(p), *expr;

  if (index == NULL)
    return NULL;
  g_ptr_array_add(operands, index);
  expr = new_text(p, SIM_EXPR_INDEX, start, text, operands);
  if (expr != NULL) {
    sim_parse_require_value(expr);
    sim_parse_note_reference(p, expr);
  }
  return expr;
}

static struct sim_expr *parse_named(struct sim_parser *p)
{
  gsize start = p->token.offset;
  const char *text = sim_parse_take_name(p);

  if (sim_parse_at_mark(p, '('))
    return parse_call(p, start, text);
  if (sim_parse_is_query(p, text))
    return parse_query(p, start, text);
  if (sim_parse_at_mark(p, '['))
    return parse_indexed(p, start, text);
  return new_name(p, start, text);
}

static struct sim_expr *parse_number(struct sim_parser *p)
{
  guint64 number = p->token.number;
  gsize start = p->token.offset;
  struct sim_expr *expr;

  sim_parse_advance(p);
  expr = new_expr(p, SIM_EXPR_NUMBER, start, NULL);
  expr->number = number;
  return expr;
}

static struct sim_expr *parse_atom(struct sim_parser *p)
{
  gsize start = p->token.offset;

  if (p->token.kind == SIM_TOKEN_NUMBER)
    return parse_number(p);
  if (p->token.kind == SIM_TOKEN_STRING) {
    const char *text = sim_parse_take_string(p);
    return new_text(p, SIM_EXPR_STRING, start, text, NULL);
  }
  if (p->token.kind == SIM_TOKEN_NAME && !sim_parse_at_word(p, "and") &&
      !sim_parse_at_word(p, "or") && !sim_parse_at_word(p, "not"))
    return parse_named(p);
  if (sim_parse_at_mark(p, '('))
    return parse_paren(p);
  sim_parse_fail_expected(p, "a value");
  return NULL;
}

/* ---- Operators ---- */

/* `-x` and `@x`. */
static struct sim_expr *parse_prefixed(struct sim_parser *p)
{
  gsize start = p->token.offset;
  gboolean frame = sim_parse_at_mark(p, '@');
  struct sim_expr *operand, *expr;

  sim_parse_advance(p);
  operand = parse_unary(p);
  if (operand == NULL)
    return NULL;
  sim_parse_require_value(operand);
  expr = new_operation(p, frame ? SIM_OP_NONE : SIM_OP_NEGATE, operand, NULL, start);
  if (expr != NULL && frame)
    expr->kind = SIM_EXPR_FRAME;
  return expr;
}

static struct sim_expr *parse_unary(struct sim_parser *p)
{
  struct sim_expr *expr;

  if (!sim_parse_enter(p))
    return NULL;
  expr = sim_parse_at_mark(p, '-') || sim_parse_at_mark(p, '@') ? parse_prefixed(p) : parse_atom(p);
  sim_parse_leave(p);
  return expr;
}

static enum sim_op product_op(const struct sim_parser *p)
{
  return sim_parse_at_mark(p, '*')   ? SIM_OP_MUL
         : sim_parse_at_mark(p, '/') ? SIM_OP_DIV
         : sim_parse_at_mark(p, '%') ? SIM_OP_MOD
                                     : SIM_OP_NONE;
}

static struct sim_expr *parse_product(struct sim_parser *p)
{
  gsize start = p->token.offset;
  struct sim_expr *left = parse_unary(p);
  enum sim_op op;

  while (left != NULL && (op = product_op(p)) != SIM_OP_NONE) {
    struct sim_expr *right;

    sim_parse_advance(p);
    right = parse_unary(p);
    if (right == NULL)
      return NULL;
    sim_parse_require_value(left);
    sim_parse_require_value(right);
    left = new_operation(p, op, left, right, start);
  }
  return left;
}

static gboolean is_plain(const struct sim_expr *expr, gsize size)
{
  return (expr->kind == SIM_EXPR_NAME || (expr->kind == SIM_EXPR_BINARY && expr->text != NULL)) &&
         strlen(expr->text) == size;
}

/* Is it `a-b`, written without blanks?  Then it may turn out to be one word. */
static gboolean is_tight(const struct sim_parser *p, const struct sim_expr *left,
                         struct sim_token minus, const struct sim_expr *right)
{
  gsize right_end = p->previous.offset + p->previous.size;

  return is_plain(left, minus.offset - left->place.offset) && right->kind == SIM_EXPR_NAME &&
         right->place.offset == minus.offset + 1 &&
         is_plain(right, right_end - right->place.offset);
}

static struct sim_expr *join_sum(struct sim_parser *p, struct sim_token sign, struct sim_expr *left,
                                 struct sim_expr *right, gsize start)
{
  gboolean tight = sign.mark == '-' && is_tight(p, left, sign, right);
  struct sim_expr *sum =
      new_operation(p, sign.mark == '-' ? SIM_OP_SUB : SIM_OP_ADD, left, right, start);

  if (sum == NULL)
    return NULL;
  if (tight) {
    g_autofree char *text = g_strdup_printf("%s-%s", left->text, right->text);
    sum->text = sim_script_text(p->script, text);
    g_ptr_array_add(p->tight, sum);
  } else {
    sim_parse_require_value(left);
    sim_parse_require_value(right);
  }
  return sum;
}

static struct sim_expr *parse_sum(struct sim_parser *p)
{
  gsize start = p->token.offset;
  struct sim_expr *left = parse_product(p);

  while (left != NULL && (sim_parse_at_mark(p, '+') || sim_parse_at_mark(p, '-'))) {
    struct sim_token sign = p->token;
    struct sim_expr *right;

    sim_parse_advance(p);
    right = parse_product(p);
    if (right == NULL)
      return NULL;
    left = join_sum(p, sign, left, right, start);
  }
  return left;
}

static enum sim_op comparison_op(const struct sim_parser *p)
{
  static const struct {
    int mark;
    enum sim_op op;
  } operators[] = {
      {SIM_MARK_EQ, SIM_OP_EQ}, {SIM_MARK_NE, SIM_OP_NE}, {'<', SIM_OP_LT},
      {SIM_MARK_LE, SIM_OP_LE}, {'>', SIM_OP_GT},         {SIM_MARK_GE, SIM_OP_GE},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(operators); i++)
    if (sim_parse_at_mark(p, operators[i].mark))
      return operators[i].op;
  return SIM_OP_NONE;
}

static struct sim_expr *parse_comparison(struct sim_parser *p)
{
  gsize start = p->token.offset;
  struct sim_expr *left = parse_sum(p), *right;
  enum sim_op op;

  if (left == NULL || (op = comparison_op(p)) == SIM_OP_NONE)
    return left;
  sim_parse_advance(p);
  right = parse_sum(p);
  if (right == NULL)
    return NULL;
  if (comparison_op(p) != SIM_OP_NONE) {
    sim_parse_fail(p, sim_parse_here(p), "join two comparisons with 'and'",
                   "comparisons cannot be chained");
    return NULL;
  }
  return new_operation(p, op, left, right, start);
}

static struct sim_expr *parse_not(struct sim_parser *p)
{
  gsize start = p->token.offset;
  struct sim_expr *operand;

  if (!sim_parse_at_word(p, "not"))
    return parse_comparison(p);
  if (!sim_parse_enter(p))
    return NULL;
  sim_parse_advance(p);
  operand = parse_not(p);
  sim_parse_leave(p);
  return operand == NULL ? NULL : new_operation(p, SIM_OP_NOT, operand, NULL, start);
}

static struct sim_expr *parse_and(struct sim_parser *p)
{
  gsize start = p->token.offset;
  struct sim_expr *left = parse_not(p);

  while (left != NULL && sim_parse_at_word(p, "and")) {
    struct sim_expr *right;

    sim_parse_advance(p);
    right = parse_not(p);
    left = right == NULL ? NULL : new_operation(p, SIM_OP_AND, left, right, start);
  }
  return left;
}

struct sim_expr *sim_parse_expr(struct sim_parser *p)
{
  gsize start = p->token.offset;
  struct sim_expr *left = parse_and(p);

  while (left != NULL && sim_parse_at_word(p, "or")) {
    struct sim_expr *right;

    sim_parse_advance(p);
    right = parse_and(p);
    left = right == NULL ? NULL : new_operation(p, SIM_OP_OR, left, right, start);
  }
  return left;
}

/* ---- Expressions in special places ---- */

struct sim_expr *sim_parse_value(struct sim_parser *p)
{
  struct sim_expr *expr = parse_sum(p); /* an `or` behind it belongs to the command */

  if (expr != NULL)
    sim_parse_require_value(expr);
  return expr;
}

struct sim_expr *sim_parse_handle(struct sim_parser *p)
{
  gsize start = p->token.offset;
  const char *text = sim_parse_take_name(p);
  struct sim_expr *expr;

  if (sim_parse_at_mark(p, '['))
    return parse_indexed(p, start, text);
  expr = new_name(p, start, text);
  sim_parse_require_value(expr);
  return expr;
}

struct sim_expr *sim_parse_string_expr(struct sim_parser *p)
{
  if (p->token.kind == SIM_TOKEN_NAME)
    return sim_parse_handle(p);
  return parse_atom(p);
}

/* A single name that something else follows: a query or a form that was misspelt. */
static gboolean fail_no_comparison(struct sim_parser *p, const struct sim_expr *expr)
{
  const char *meant = NULL;
  g_autofree char *hint = NULL;

  if (expr->kind == SIM_EXPR_NAME && p->queries != NULL)
    meant = sim_suggest(expr->text, p->queries);
  if (expr->kind == SIM_EXPR_NAME && meant == NULL)
    meant = sim_suggest(expr->text, (const char *const[]){"error", "panic", NULL});
  if (meant == NULL)
    return sim_parse_fail_expected(p, "a comparison such as '== 1'");
  hint = g_strdup_printf("did you mean '%s'?", meant);
  return sim_parse_fail(p, expr->place, hint, "'%s' is no property", expr->text);
}

struct sim_expr *sim_parse_condition(struct sim_parser *p)
{
  struct sim_expr *expr = sim_parse_expr(p);

  if (expr == NULL)
    return NULL;
  if (expr->op == SIM_OP_NOT || expr->op >= SIM_OP_EQ)
    return expr;
  fail_no_comparison(p, expr);
  return NULL;
}
