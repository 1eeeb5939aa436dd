/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Patterns of verbs, taken apart (their language is described in sim/script/parse.h), and
 * tables that find a verb by its name or a synonym.  Internal to the parser.
 *
 * Both are immutable once made and borrow the texts of the syntax table.
 */
#ifndef SIM_SCRIPT_GRAMMAR_H
#define SIM_SCRIPT_GRAMMAR_H

#include <glib.h>

#include "sim/script/ast.h"
#include "sim/script/parse.h"

enum sim_element {
  SIM_ELEMENT_ADDR,
  SIM_ELEMENT_NUMBER,
  SIM_ELEMENT_EXPR,
  SIM_ELEMENT_HANDLE,
  SIM_ELEMENT_HANDLE_LIST,
  SIM_ELEMENT_EXPR_LIST,
  SIM_ELEMENT_NAME,
  SIM_ELEMENT_LABEL,
  SIM_ELEMENT_WORD,
  SIM_ELEMENT_TYPE,
  SIM_ELEMENT_POINT,
  SIM_ELEMENT_STRING,
  SIM_ELEMENT_TEXT,
  SIM_ELEMENT_RANGE,
  SIM_ELEMENT_CONDITION,
  SIM_ELEMENT_BIND,
  SIM_ELEMENT_BLOCK,
  SIM_ELEMENT_KEYS,
  SIM_ELEMENT_CHOICES,
  SIM_ELEMENT_SCHEDULE,
  SIM_ELEMENT_WEIGHTS,
  SIM_ELEMENT_OPTIONS,
};

/* What a reader is told is missing: "an address". */
const char *sim_element_describe(enum sim_element element);

enum sim_item_kind {
  SIM_ITEM_WORDS,   /* one of `words`; a literal is a choice of one */
  SIM_ITEM_ELEMENT, /* `element` */
  SIM_ITEM_GROUP,   /* `items`, or nothing */
};

struct sim_item {
  enum sim_item_kind kind;
  enum sim_element element;
  char *slot;         /* SIM_ITEM_ELEMENT: the name its argument gets */
  char **words;       /* SIM_ITEM_WORDS: NULL-terminated */
  gboolean is_choice; /* SIM_ITEM_WORDS: written with parentheses */
  GPtrArray *items;   /* SIM_ITEM_GROUP: of struct sim_item, at least one */
  gboolean leads;     /* SIM_ITEM_WORDS: it is the keyword of the item after it */
};

/* The forms of a pattern, each an array of its items (struct sim_item); NULL if it is
 * malformed.  Unref it. */
GPtrArray *sim_grammar_compile(const char *pattern);

/* ---- Tables ---- */

struct sim_verb {
  const struct sim_verb_syntax *syntax;
  enum sim_statement statement;
  GPtrArray *forms; /* as from sim_grammar_compile() */
};

struct sim_verb_table {
  GPtrArray *verbs;    /* of struct sim_verb, owned */
  GHashTable *by_word; /* name or synonym (owned) -> struct sim_verb */
  GPtrArray *words;    /* the same words in the tables' order, for suggestions; ends NULL */
};

/* With `with_statements` the language's own statements are added to it. */
struct sim_verb_table *sim_verb_table_new(const struct sim_verb_syntax *verbs,
                                          gboolean with_statements);
void sim_verb_table_free(struct sim_verb_table *table);

/* NULL if there is none. */
const struct sim_verb *sim_verb_table_find(const struct sim_verb_table *table, const char *word);

#endif
