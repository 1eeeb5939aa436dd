/* SPDX-License-Identifier: MPL-2.0 */
/* Blocks, commands, and going on after an error. */
#include "sim/script/parser.h"

/* ---- The statements of the language ---- */

static const struct sim_verb_syntax machine_keys[] = {
    {.name = "ram", .grammar = "NUMBER", .example = "ram 64M"},
    {.name = "map", .grammar = "STRING", .example = "map \"laptop.e820\""},
    {.name = "cpus", .grammar = "NUMBER", .example = "cpus 2"},
    {.name = "seed", .grammar = "NUMBER", .example = "seed 7"},
    {.name = "allocator", .grammar = "WORD", .example = "allocator buddy"},
    {0},
};

/* In the order of enum sim_statement, which starts with SIM_STATEMENT_VERB. */
const struct sim_verb_syntax sim_script_statements[] = {
    {.name = "choose",
     .grammar = "CHOICES",
     .example = "choose { 6: alloc -> p   5: drop any p }",
     .summary = "run one of several commands, drawn by weight"},
    {.name = "end",
     .grammar = "[expecting leak HANDLE_LIST]",
     .example = "end expecting leak a, b",
     .summary = "end the script; the handles named may still be live"},
    {.name = "expect",
     .grammar = "error WORD BLOCK ; panic TEXT BLOCK ; CONDITION",
     .example = "expect refcount f == 2",
     .summary = "check a condition, or that a block fails in this very way"},
    {.name = "for",
     .grammar = "NAME in RANGE [by NUMBER] BLOCK",
     .example = "for i in 0..32 by 2 { drop a[i] }",
     .summary = "run a block for each number of a range; the end is not part of it"},
    {.name = "framesim",
     .grammar = "NUMBER",
     .example = "framesim 1",
     .summary = "the version of the language; stands first in every script"},
    {.name = "include",
     .grammar = "STRING",
     .example = "include \"common.fms\"",
     .summary = "read the commands of another file here"},
    {.name = "machine",
     .grammar = "KEYS",
     .example = "machine { ram 64M  cpus 2 }",
     .summary = "what the simulated machine has",
     .keys = machine_keys},
    {.name = "param",
     .grammar = "NAME = EXPR",
     .example = "param SIZE = 64M",
     .summary = "a name with a default value, which the command line may replace"},
    {.name = "repeat",
     .grammar = "NUMBER BLOCK",
     .example = "repeat 500 { alloc -> p }",
     .summary = "run a block a number of times"},
    {.name = "schedule",
     .grammar = "SCHEDULE",
     .example = "schedule A:drop.dec B:get.load A:* B:*",
     .summary = "the order in which the threads before it take their steps"},
    {.name = "thread",
     .grammar = "LABEL [cpu NUMBER] BLOCK",
     .example = "thread A cpu 0 { drop a[3] }",
     .summary = "commands of a logical CPU, run together with the threads beside it"},
    {.name = "title",
     .grammar = "STRING",
     .example = "title \"Sharing\"",
     .summary = "what the script is about"},
    {0},
};

G_STATIC_ASSERT(G_N_ELEMENTS(sim_script_statements) == SIM_STATEMENT_TITLE + 1);

/* ---- Going on after an error ---- */

static void fail_unclosed(struct sim_parser *p, struct sim_place open)
{
  if (p->unclosed)
    return;
  p->unclosed = TRUE;
  p->failed = FALSE;
  sim_parse_fail(p, open, NULL, "this '{' is never closed");
}

/* Skips to what ends the command that began at `start`, over whole blocks. */
static void recover(struct sim_parser *p, gsize start)
{
  guint depth = 0;
  struct sim_place open = {0};

  while (p->token.kind != SIM_TOKEN_END &&
         (depth > 0 || (p->token.kind != SIM_TOKEN_SEPARATOR && !sim_parse_at_mark(p, '}')))) {
    if (sim_parse_at_mark(p, '{') && depth++ == 0)
      open = sim_parse_here(p);
    else if (sim_parse_at_mark(p, '}'))
      depth--;
    p->token = p->word = sim_lexer_next(&p->lexer);
  }
  if (depth > 0)
    fail_unclosed(p, open);
  sim_parse_bind_all(p, start, p->token.offset);
  p->failed = FALSE;
}

/* ---- Commands ---- */

struct sim_builder sim_parse_begin_block(struct sim_parser *p)
{
  struct sim_block *block = sim_parse_new(p, sizeof *block);

  block->place = sim_parse_here(p);
  return (struct sim_builder){block, &block->first};
}

static void append(struct sim_builder *b, struct sim_command *command)
{
  *b->tail = command;
  b->tail = &command->next;
  b->block->n_commands++;
}

static gboolean check_version(struct sim_parser *p, const struct sim_command *command,
                              gboolean first)
{
  const struct sim_expr *version = command->args->exprs[0];

  if (!first)
    return sim_parse_fail(p, command->place, NULL,
                          "'framesim' can only be the first command of a file");
  if (version->kind != SIM_EXPR_NUMBER)
    return sim_parse_fail(p, version->place, NULL, "the version must be a plain number");
  if (version->number != 1) {
    sim_parse_fail(p, version->place, "this program reads version 1",
                   "unknown language version %" G_GUINT64_FORMAT, version->number);
    sim_parse_stop(p);
    return FALSE;
  }
  p->script->version = version->number;
  return TRUE;
}

static struct sim_command *read_args(struct sim_parser *p, const struct sim_verb *verb,
                                     struct sim_place place)
{
  struct sim_command *command = sim_parse_new(p, sizeof *command);

  command->statement = verb->statement;
  command->verb = verb->syntax;
  command->place = place;
  if (!sim_parse_args(p, command, verb))
    return NULL;
  command->end = p->previous.offset + p->previous.size;
  return command;
}

/* A command, put into the block; what it includes is put there in its place. */
static void read_command(struct sim_parser *p, struct sim_builder *b, const struct sim_verb *verb)
{
  gboolean first = p->may_state_version;
  struct sim_place place = sim_parse_here(p);
  struct sim_command *command;

  p->may_state_version = FALSE;
  sim_parse_take_word(p);
  if (verb->statement == SIM_STATEMENT_INCLUDE) {
    sim_parse_include(p, b);
    return;
  }
  command = read_args(p, verb, place);
  if (command == NULL)
    return;
  if (verb->statement == SIM_STATEMENT_FRAMESIM)
    check_version(p, command, first);
  else if (p->keys != NULL && sim_block_find(b->block, verb->syntax->name) != NULL)
    sim_parse_fail(p, place, NULL, "'%s' is given twice", verb->syntax->name);
  else
    append(b, command);
}

static const struct sim_verb *find_verb(struct sim_parser *p)
{
  const struct sim_verb_table *table = p->keys != NULL ? p->keys : p->verbs;
  const char *what = p->keys != NULL ? "key" : "command";
  g_autofree char *word = NULL;
  const struct sim_verb *verb;

  if (p->token.kind == SIM_TOKEN_BAD) {
    sim_parse_fail_unexpected(p);
    return NULL;
  }
  word = sim_token_text(p->lexer.source, p->word);
  if (p->token.kind != SIM_TOKEN_NAME) {
    g_autofree char *shown = sim_parse_show(p, p->token);
    sim_parse_fail(p, sim_parse_here(p), NULL, "expected a %s, not %s", what, shown);
    return NULL;
  }
  verb = sim_verb_table_find(table, word);
  if (verb == NULL)
    sim_parse_fail_unknown(p, what, word, (const char *const *)table->words->pdata);
  return verb;
}

/* May the next command, key or choice follow without a separator? */
static gboolean at_command_end(const struct sim_parser *p)
{
  return sim_parse_at_end(p) || sim_parse_at_choice(p) ||
         (p->keys != NULL && p->token.kind == SIM_TOKEN_NAME);
}

/* One command up to its end, whatever is in it. */
static void parse_command(struct sim_parser *p, struct sim_builder *b)
{
  const struct sim_verb_syntax *outer = p->syntax;
  gsize start = p->token.offset;
  const struct sim_verb *verb;

  p->failed = FALSE;
  p->syntax = NULL;
  verb = find_verb(p);
  if (verb != NULL) {
    p->syntax = verb->syntax;
    read_command(p, b, verb);
  }
  if (!p->failed && !at_command_end(p))
    sim_parse_fail_unexpected(p);
  if (p->failed)
    recover(p, start);
  p->syntax = outer;
}

static void skip_separators(struct sim_parser *p)
{
  while (p->token.kind == SIM_TOKEN_SEPARATOR)
    sim_parse_advance(p);
}

/* ---- Blocks ---- */

/* What is different inside a block, and is put back after it. */
struct context {
  const struct sim_verb_table *keys;
  gboolean in_choice;
};

static struct context enter_block(struct sim_parser *p, const struct sim_verb_table *keys)
{
  struct context outer = {p->keys, p->in_choice};

  p->keys = keys;
  p->in_choice = FALSE;
  return outer;
}

static void leave_block(struct sim_parser *p, struct context outer)
{
  p->keys = outer.keys;
  p->in_choice = outer.in_choice;
  sim_parse_leave(p);
}

/* Commands up to the end of the block or of the file. */
void sim_parse_commands(struct sim_parser *p, struct sim_builder *b)
{
  for (skip_separators(p); !sim_parse_at_end(p); skip_separators(p))
    parse_command(p, b);
}

/* Takes the '}' that belongs to `open`. */
static gboolean close_block(struct sim_parser *p, struct sim_place open)
{
  if (sim_parse_accept(p, '}'))
    return TRUE;
  fail_unclosed(p, open);
  return FALSE;
}

static struct sim_block *parse_braces(struct sim_parser *p, const struct sim_verb_table *keys)
{
  struct sim_builder b = sim_parse_begin_block(p);
  struct context outer;
  gboolean closed;

  if (!sim_parse_enter(p))
    return NULL;
  outer = enter_block(p, keys);
  sim_parse_advance(p);
  sim_parse_commands(p, &b);
  closed = close_block(p, b.block->place);
  leave_block(p, outer);
  return closed ? b.block : NULL;
}

struct sim_block *sim_parse_block(struct sim_parser *p)
{
  return parse_braces(p, NULL);
}

struct sim_block *sim_parse_keys(struct sim_parser *p)
{
  const struct sim_verb_syntax *syntax = p->syntax->keys;
  struct sim_verb_table *table = g_hash_table_lookup(p->key_tables, syntax);

  if (table == NULL) {
    table = sim_verb_table_new(syntax, FALSE);
    g_hash_table_insert(p->key_tables, (gpointer)(guintptr)syntax, table);
  }
  return parse_braces(p, table);
}

/* `weight: command` or `weight: { commands }`. */
static struct sim_choice *parse_choice(struct sim_parser *p)
{
  struct sim_choice *choice = sim_parse_new(p, sizeof *choice);
  struct sim_builder b;

  p->failed = FALSE;
  p->in_choice = FALSE;
  choice->place = sim_parse_here(p);
  choice->weight = sim_parse_value(p);
  p->in_choice = TRUE;
  if (choice->weight == NULL || !sim_parse_expect(p, ':', "':'"))
    return NULL;
  if (sim_parse_at_mark(p, '{')) {
    choice->body = sim_parse_block(p);
    return choice->body != NULL ? choice : NULL;
  }
  b = sim_parse_begin_block(p);
  choice->body = b.block;
  parse_command(p, &b);
  return choice;
}

struct sim_choice *sim_parse_choices(struct sim_parser *p)
{
  struct sim_choice *first = NULL, **tail = &first;
  struct sim_place open = sim_parse_here(p);
  guint n_errors = p->n_errors;
  struct context outer;

  if (!sim_parse_enter(p))
    return NULL;
  outer = enter_block(p, NULL);
  sim_parse_advance(p);
  for (skip_separators(p); !sim_parse_at_end(p); skip_separators(p)) {
    gsize start = p->token.offset;
    struct sim_choice *choice = parse_choice(p);

    if (choice != NULL && !at_command_end(p))
      sim_parse_fail_unexpected(p);
    if (p->failed)
      recover(p, start);
    if (choice == NULL)
      continue;
    *tail = choice;
    tail = &choice->next;
  }
  if (!close_block(p, open))
    first = NULL;
  else if (first == NULL && p->n_errors == n_errors)
    sim_parse_fail(p, open, "choose { 6: alloc -> p   5: drop any p }",
                   "there is nothing to choose from");
  leave_block(p, outer);
  return first;
}
