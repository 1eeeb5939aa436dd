/* SPDX-License-Identifier: MPL-2.0 */
/* What follows a verb, read by the verb's grammar. */
#include <string.h>

#include "sim/script/parser.h"

enum { MAX_GROUPS = 32 };

/* The arguments of one command, as they grow. */
struct args {
  struct sim_parser *p;
  struct sim_arg **tail;
};

static struct sim_arg *add_arg(struct args *a, enum sim_arg_kind kind, const char *slot,
                               const char *keyword)
{
  struct sim_parser *p = a->p;
  struct sim_arg *arg = sim_parse_new(p, sizeof *arg);

  arg->kind = kind;
  arg->slot = sim_script_text(p->script, slot);
  arg->keyword = keyword == NULL ? NULL : sim_script_text(p->script, keyword);
  arg->place = sim_parse_here(p);
  *a->tail = arg;
  a->tail = &arg->next;
  return arg;
}

static void set_exprs(struct args *a, struct sim_arg *arg, const GPtrArray *exprs)
{
  arg->n_exprs = exprs->len;
  arg->exprs = sim_parse_new(a->p, exprs->len * sizeof arg->exprs[0]);
  for (guint i = 0; i < exprs->len; i++)
    arg->exprs[i] = g_ptr_array_index(exprs, i);
}

/* ---- Where elements may start ---- */

static gboolean at_plain_name(const struct sim_parser *p)
{
  return p->token.kind == SIM_TOKEN_NAME && sim_parse_at_expr(p);
}

static gboolean element_starts(const struct sim_parser *p, enum sim_element element)
{
  switch (element) {
  case SIM_ELEMENT_ADDR:
  case SIM_ELEMENT_NUMBER:
  case SIM_ELEMENT_EXPR:
  case SIM_ELEMENT_EXPR_LIST:
  case SIM_ELEMENT_RANGE:
  case SIM_ELEMENT_CONDITION:
    return sim_parse_at_expr(p);
  case SIM_ELEMENT_STRING:
  case SIM_ELEMENT_TEXT:
    return p->token.kind == SIM_TOKEN_STRING || at_plain_name(p);
  case SIM_ELEMENT_BIND:
    return sim_parse_at_mark(p, SIM_MARK_ARROW);
  case SIM_ELEMENT_BLOCK:
  case SIM_ELEMENT_KEYS:
  case SIM_ELEMENT_CHOICES:
    return sim_parse_at_mark(p, '{');
  case SIM_ELEMENT_OPTIONS:
    return sim_parse_at_option(p);
  case SIM_ELEMENT_WEIGHTS:
    return p->token.kind == SIM_TOKEN_NUMBER;
  default:
    return at_plain_name(p);
  }
}

static gboolean words_start(const struct sim_parser *p, const struct sim_item *item)
{
  for (guint i = 0; item->words[i] != NULL; i++)
    if (sim_parse_at_word(p, item->words[i]))
      return TRUE;
  return FALSE;
}

static gboolean item_starts(const struct sim_parser *p, const struct sim_item *item)
{
  return item->kind == SIM_ITEM_WORDS ? words_start(p, item) : element_starts(p, item->element);
}

static void note_item(struct sim_parser *p, const struct sim_item *item)
{
  if (item->kind == SIM_ITEM_WORDS)
    for (guint i = 0; item->words[i] != NULL; i++)
      sim_parse_note_expected(p, item->words[i]);
}

/* ---- Elements ---- */

typedef struct sim_expr *(*expr_rule)(struct sim_parser *p);

/* One expression, or several with commas between them. */
static gboolean read_exprs(struct args *a, struct sim_arg *arg, expr_rule rule, gboolean list)
{
  g_autoptr(GPtrArray) exprs = g_ptr_array_new();

  do {
    struct sim_expr *expr;

    if (rule == sim_parse_handle && a->p->token.kind != SIM_TOKEN_NAME)
      return sim_parse_fail_expected(a->p, "a handle");
    expr = rule(a->p);
    if (expr == NULL)
      return FALSE;
    g_ptr_array_add(exprs, expr);
  } while (list && sim_parse_accept(a->p, ','));
  set_exprs(a, arg, exprs);
  return TRUE;
}

static gboolean read_range(struct args *a, struct sim_arg *arg)
{
  g_autoptr(GPtrArray) exprs = g_ptr_array_new();
  struct sim_expr *from = sim_parse_value(a->p), *to;

  if (from == NULL || !sim_parse_expect(a->p, SIM_MARK_RANGE, "'..'"))
    return FALSE;
  to = sim_parse_value(a->p);
  if (to == NULL)
    return FALSE;
  g_ptr_array_add(exprs, from);
  g_ptr_array_add(exprs, to);
  set_exprs(a, arg, exprs);
  return TRUE;
}

static gboolean read_weights(struct args *a, struct sim_arg *arg)
{
  g_autoptr(GPtrArray) exprs = g_ptr_array_new();

  while (a->p->token.kind == SIM_TOKEN_NUMBER) {
    struct sim_expr *number = sim_parse_value(a->p), *weight;
    if (number == NULL || !sim_parse_expect(a->p, ':', "':'"))
      return FALSE;
    weight = sim_parse_value(a->p);
    if (weight == NULL)
      return FALSE;
    g_ptr_array_add(exprs, number);
    g_ptr_array_add(exprs, weight);
  }
  set_exprs(a, arg, exprs);
  return TRUE;
}

static gboolean read_options(struct args *a, struct sim_arg *arg)
{
  g_autoptr(GPtrArray) exprs = g_ptr_array_new();

  if (!sim_parse_options(a->p, exprs))
    return FALSE;
  set_exprs(a, arg, exprs);
  return TRUE;
}

/* A name that this command declares. */
static const char *read_new_name(struct sim_parser *p)
{
  struct sim_place place = sim_parse_here(p);
  const char *name;

  if (p->token.kind != SIM_TOKEN_NAME) {
    sim_parse_fail_expected(p, "a name");
    return NULL;
  }
  name = sim_parse_take_name(p);
  return sim_parse_bind_name(p, name, place) ? name : NULL;
}

static gboolean read_bind(struct args *a, struct sim_arg *arg)
{
  struct sim_parser *p = a->p;
  struct sim_bind *bind = sim_parse_new(p, sizeof *bind);
  gsize start;

  sim_parse_advance(p);
  start = p->token.offset;
  bind->name = read_new_name(p);
  if (bind->name == NULL)
    return FALSE;
  if (sim_parse_at_mark(p, '[')) {
    bind->index = sim_parse_index(p);
    if (bind->index == NULL)
      return FALSE;
  }
  bind->place = sim_parse_since(p, start);
  sim_parse_note_expected(p, "or");
  if (sim_parse_at_word(p, "or")) {
    sim_parse_advance(p);
    bind->error_name = read_new_name(p);
    if (bind->error_name == NULL)
      return FALSE;
  }
  arg->bind = bind;
  return TRUE;
}

/* `drop.dec`; hyphens may stand in its parts. */
static const char *read_point(struct sim_parser *p)
{
  g_autoptr(GString) text = g_string_new(sim_parse_take_word(p));

  while (sim_parse_accept(p, '.')) {
    if (p->token.kind != SIM_TOKEN_NAME) {
      sim_parse_fail_expected(p, "a name");
      return NULL;
    }
    g_string_append_printf(text, ".%s", sim_parse_take_word(p));
  }
  return sim_script_text(p->script, text->str);
}

static struct sim_schedule_token *read_step(struct sim_parser *p)
{
  struct sim_schedule_token *step = sim_parse_new(p, sizeof *step);
  gsize start = p->token.offset;

  step->thread = sim_parse_take_name(p);
  if (!sim_parse_expect(p, ':', "':'"))
    return NULL;
  if (sim_parse_accept(p, '*')) {
    step->kind = SIM_SCHEDULE_ALL;
  } else if (p->token.kind == SIM_TOKEN_NUMBER) {
    step->kind = SIM_SCHEDULE_COUNT;
    step->count = p->token.number;
    sim_parse_advance(p);
  } else if (p->token.kind == SIM_TOKEN_NAME) {
    step->kind = SIM_SCHEDULE_POINT;
    step->point = read_point(p);
    if (step->point == NULL)
      return NULL;
  } else {
    sim_parse_fail_expected(p, "a point, a number or '*'");
    return NULL;
  }
  step->place = sim_parse_since(p, start);
  g_ptr_array_add(p->steps, step);
  return step;
}

static gboolean read_schedule(struct args *a, struct sim_arg *arg)
{
  struct sim_schedule_token **tail = &arg->schedule;

  while (a->p->token.kind == SIM_TOKEN_NAME) {
    struct sim_schedule_token *step = read_step(a->p);
    if (step == NULL)
      return FALSE;
    *tail = step;
    tail = &step->next;
  }
  return TRUE;
}

static gboolean read_word(struct args *a, struct sim_arg *arg, enum sim_element element)
{
  struct sim_parser *p = a->p;

  if (p->token.kind == SIM_TOKEN_STRING)
    arg->word = sim_parse_take_string(p);
  else if (element == SIM_ELEMENT_NAME)
    arg->word = read_new_name(p);
  else if (element == SIM_ELEMENT_LABEL)
    sim_parse_bind_thread(p, arg->word = sim_parse_take_name(p));
  else if (element == SIM_ELEMENT_POINT)
    arg->word = read_point(p);
  else
    arg->word = sim_parse_take_word(p);
  return arg->word != NULL;
}

static gboolean read_block(struct args *a, struct sim_arg *arg, enum sim_element element)
{
  arg->block = element == SIM_ELEMENT_BLOCK ? sim_parse_block(a->p) : sim_parse_keys(a->p);
  return arg->block != NULL;
}

static const struct {
  enum sim_arg_kind kind;
  expr_rule rule; /* NULL unless the element is an expression */
} element_rules[] = {
    [SIM_ELEMENT_ADDR] = {SIM_ARG_EXPR, sim_parse_value},
    [SIM_ELEMENT_NUMBER] = {SIM_ARG_EXPR, sim_parse_value},
    [SIM_ELEMENT_EXPR] = {SIM_ARG_EXPR, sim_parse_expr},
    [SIM_ELEMENT_HANDLE] = {SIM_ARG_EXPR, sim_parse_handle},
    [SIM_ELEMENT_HANDLE_LIST] = {SIM_ARG_EXPRS, sim_parse_handle},
    [SIM_ELEMENT_EXPR_LIST] = {SIM_ARG_EXPRS, sim_parse_expr},
    [SIM_ELEMENT_NAME] = {SIM_ARG_WORD, NULL},
    [SIM_ELEMENT_LABEL] = {SIM_ARG_WORD, NULL},
    [SIM_ELEMENT_WORD] = {SIM_ARG_WORD, NULL},
    [SIM_ELEMENT_TYPE] = {SIM_ARG_WORD, NULL},
    [SIM_ELEMENT_POINT] = {SIM_ARG_WORD, NULL},
    [SIM_ELEMENT_STRING] = {SIM_ARG_EXPR, sim_parse_string_expr},
    [SIM_ELEMENT_TEXT] = {SIM_ARG_WORD, NULL},
    [SIM_ELEMENT_RANGE] = {SIM_ARG_RANGE, NULL},
    [SIM_ELEMENT_CONDITION] = {SIM_ARG_EXPR, sim_parse_condition},
    [SIM_ELEMENT_BIND] = {SIM_ARG_BIND, NULL},
    [SIM_ELEMENT_BLOCK] = {SIM_ARG_BLOCK, NULL},
    [SIM_ELEMENT_KEYS] = {SIM_ARG_BLOCK, NULL},
    [SIM_ELEMENT_CHOICES] = {SIM_ARG_CHOICES, NULL},
    [SIM_ELEMENT_SCHEDULE] = {SIM_ARG_SCHEDULE, NULL},
    [SIM_ELEMENT_WEIGHTS] = {SIM_ARG_EXPRS, NULL},
    [SIM_ELEMENT_OPTIONS] = {SIM_ARG_EXPRS, NULL},
};

static gboolean read_element(struct args *a, struct sim_arg *arg, enum sim_element element)
{
  if (element_rules[element].rule != NULL)
    return read_exprs(a, arg, element_rules[element].rule, arg->kind == SIM_ARG_EXPRS);
  switch (arg->kind) {
  case SIM_ARG_EXPRS:
    return element == SIM_ELEMENT_OPTIONS ? read_options(a, arg) : read_weights(a, arg);
  case SIM_ARG_RANGE:
    return read_range(a, arg);
  case SIM_ARG_BIND:
    return read_bind(a, arg);
  case SIM_ARG_BLOCK:
    return read_block(a, arg, element);
  case SIM_ARG_CHOICES:
    return (arg->choices = sim_parse_choices(a->p)) != NULL;
  case SIM_ARG_SCHEDULE:
    return read_schedule(a, arg);
  default:
    return read_word(a, arg, element);
  }
}

/* ---- Patterns ---- */

static gboolean match_element(struct args *a, const struct sim_item *item, const char *keyword)
{
  struct sim_parser *p = a->p;
  struct sim_arg *arg;
  gsize start = p->token.offset;

  if (!element_starts(p, item->element))
    return sim_parse_fail_expected(p, sim_element_describe(item->element));
  arg = add_arg(a, element_rules[item->element].kind, item->slot, keyword);
  if (!read_element(a, arg, item->element))
    return FALSE;
  if (arg->kind != SIM_ARG_BLOCK && arg->kind != SIM_ARG_CHOICES)
    arg->place = sim_parse_since(p, start);
  return TRUE;
}

/* Takes one of the words.  It becomes the keyword of what follows, or an argument. */
static gboolean match_words(struct args *a, const struct sim_item *item, const char **keyword)
{
  struct sim_parser *p = a->p;
  const char *word = NULL;
  struct sim_arg *arg;

  for (guint i = 0; word == NULL && item->words[i] != NULL; i++)
    if (sim_parse_at_word(p, item->words[i]))
      word = item->words[i];
  if (word == NULL) {
    g_autofree char *joined = g_strjoinv("' or '", item->words);
    g_autofree char *what = g_strdup_printf("'%s'", joined);

    note_item(p, item);
    return sim_parse_fail_expected(p, what);
  }
  if (item->leads) {
    *keyword = word;
  } else {
    arg = add_arg(a, *keyword != NULL ? SIM_ARG_WORD : SIM_ARG_FLAG, word,
                  *keyword != NULL ? *keyword : word);
    arg->word = arg->slot;
    *keyword = NULL;
  }
  if (p->token.kind == SIM_TOKEN_NAME)
    sim_parse_take_word(p);
  else
    sim_parse_advance(p);
  return TRUE;
}

static gboolean match_sequence(struct args *a, const GPtrArray *items);

/* The group of items[from, to) to read next, or `to`.  Words go before elements, and an
 * element leaves the word alone that must follow the groups. */
static guint pick_group(const struct sim_parser *p, const GPtrArray *items, guint from, guint to,
                        guint32 used)
{
  const struct sim_item *after = to < items->len ? g_ptr_array_index(items, to) : NULL;
  guint found = to;

  for (guint i = from; i < to; i++) {
    const struct sim_item *group = g_ptr_array_index(items, i);
    const struct sim_item *first = g_ptr_array_index(group->items, 0);

    if ((used & (1u << (i - from))) != 0 || !item_starts(p, first))
      continue;
    if (first->kind == SIM_ITEM_WORDS)
      return i;
    if (found == to)
      found = i;
  }
  return after != NULL && after->kind == SIM_ITEM_WORDS && words_start(p, after) ? to : found;
}

static gboolean match_groups(struct args *a, const GPtrArray *items, guint from, guint to)
{
  guint32 used = 0;
  guint i;

  g_assert(to - from <= MAX_GROUPS);
  while ((i = pick_group(a->p, items, from, to, used)) != to) {
    const struct sim_item *group = g_ptr_array_index(items, i);

    used |= 1u << (i - from);
    if (!match_sequence(a, group->items))
      return FALSE;
  }
  for (i = from; i < to; i++) {
    const struct sim_item *group = g_ptr_array_index(items, i);
    if ((used & (1u << (i - from))) == 0)
      note_item(a->p, g_ptr_array_index(group->items, 0));
  }
  return TRUE;
}

/* Does a word that may follow items[at] stand here already?  Then items[at] is missing:
 * in `claim as anon` the word `as` is no address. */
static gboolean is_skipped(const struct sim_parser *p, const GPtrArray *items, guint at)
{
  for (guint i = at + 1; i < items->len; i++) {
    const struct sim_item *item = g_ptr_array_index(items, i);
    gboolean group = item->kind == SIM_ITEM_GROUP;
    const struct sim_item *first = group ? g_ptr_array_index(item->items, 0) : item;

    if (first->kind == SIM_ITEM_WORDS && words_start(p, first))
      return TRUE;
    if (!group)
      return FALSE;
  }
  return FALSE;
}

static gboolean match_sequence(struct args *a, const GPtrArray *items)
{
  const char *keyword = NULL;
  gboolean ok = TRUE;

  for (guint i = 0, next; ok && i < items->len; i = next) {
    const struct sim_item *item = g_ptr_array_index(items, i);

    next = i + 1;
    if (item->kind == SIM_ITEM_WORDS) {
      ok = match_words(a, item, &keyword);
    } else if (item->kind == SIM_ITEM_ELEMENT) {
      ok = is_skipped(a->p, items, i)
               ? sim_parse_fail_expected(a->p, sim_element_describe(item->element))
               : match_element(a, item, keyword);
      keyword = NULL;
    } else {
      while (next < items->len &&
             ((const struct sim_item *)g_ptr_array_index(items, next))->kind == SIM_ITEM_GROUP)
        next++;
      ok = match_groups(a, items, i, next);
    }
  }
  return ok;
}

/* The form that can start here, words before elements; the last one if none can. */
static const GPtrArray *pick_form(struct sim_parser *p, const struct sim_verb *verb)
{
  const GPtrArray *last = g_ptr_array_index(verb->forms, verb->forms->len - 1);

  for (int pass = 0; pass < 2 && verb->forms->len > 1; pass++)
    for (guint i = 0; i < verb->forms->len; i++) {
      const GPtrArray *form = g_ptr_array_index(verb->forms, i);
      const struct sim_item *first = form->len > 0 ? g_ptr_array_index(form, 0) : NULL;

      if (first == NULL || first->kind == SIM_ITEM_GROUP)
        continue;
      if ((first->kind == SIM_ITEM_WORDS) == (pass == 0) && item_starts(p, first))
        return form;
      note_item(p, first);
    }
  return last;
}

gboolean sim_parse_args(struct sim_parser *p, struct sim_command *command,
                        const struct sim_verb *verb)
{
  struct args a = {p, &command->args};

  return match_sequence(&a, pick_form(p, verb));
}
