/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/grammar.h"

#include <string.h>

/* ---- Elements ---- */

static const struct {
  const char *name;
  const char *description;
} elements[] = {
    [SIM_ELEMENT_ADDR] = {"ADDR", "an address"},
    [SIM_ELEMENT_NUMBER] = {"NUMBER", "a number"},
    [SIM_ELEMENT_EXPR] = {"EXPR", "a value"},
    [SIM_ELEMENT_HANDLE] = {"HANDLE", "a handle"},
    [SIM_ELEMENT_HANDLE_LIST] = {"HANDLE_LIST", "a handle"},
    [SIM_ELEMENT_EXPR_LIST] = {"EXPR_LIST", "a value"},
    [SIM_ELEMENT_NAME] = {"NAME", "a name"},
    [SIM_ELEMENT_LABEL] = {"LABEL", "the name of a thread"},
    [SIM_ELEMENT_WORD] = {"WORD", "a word"},
    [SIM_ELEMENT_TYPE] = {"TYPE", "a type"},
    [SIM_ELEMENT_POINT] = {"POINT", "a point such as drop.dec"},
    [SIM_ELEMENT_STRING] = {"STRING", "a string in quotes"},
    [SIM_ELEMENT_TEXT] = {"TEXT", "a word or a string in quotes"},
    [SIM_ELEMENT_RANGE] = {"RANGE", "a range such as 0..8"},
    [SIM_ELEMENT_CONDITION] = {"CONDITION", "a condition"},
    [SIM_ELEMENT_BIND] = {"BIND", "'->' and a name"},
    [SIM_ELEMENT_BLOCK] = {"BLOCK", "a block '{ ... }'"},
    [SIM_ELEMENT_KEYS] = {"KEYS", "a block '{ key value ... }'"},
    [SIM_ELEMENT_CHOICES] = {"CHOICES", "a block '{ weight: command ... }'"},
    [SIM_ELEMENT_SCHEDULE] = {"SCHEDULE", "a step such as A:drop.dec, A:3 or A:*"},
    [SIM_ELEMENT_WEIGHTS] = {"WEIGHTS", "numbers with weights such as 0:8 1:2"},
    [SIM_ELEMENT_OPTIONS] = {"OPTIONS", "options such as yes | no"},
};

const char *sim_element_describe(enum sim_element element)
{
  return elements[element].description;
}

static gboolean find_element(const char *name, gsize size, enum sim_element *ret)
{
  for (guint i = 0; i < G_N_ELEMENTS(elements); i++)
    if (strlen(elements[i].name) == size && strncmp(elements[i].name, name, size) == 0) {
      *ret = (enum sim_element)i;
      return TRUE;
    }
  return FALSE;
}

/* ---- Patterns ---- */

static void free_item(gpointer data)
{
  struct sim_item *item = data;

  g_free(item->slot);
  g_strfreev(item->words);
  g_clear_pointer(&item->items, g_ptr_array_unref);
  g_free(item);
}

static struct sim_item *add_item(GPtrArray *items, enum sim_item_kind kind)
{
  struct sim_item *item = g_new0(struct sim_item, 1);

  item->kind = kind;
  g_ptr_array_add(items, item);
  return item;
}

static gboolean is_literal(const char *word)
{
  if (strcmp(word, "=") == 0)
    return TRUE;
  if (!g_ascii_islower(*word))
    return FALSE;
  for (; *word != '\0'; word++)
    if (!g_ascii_islower(*word) && !g_ascii_isdigit(*word) && *word != '-' && *word != '_')
      return FALSE;
  return TRUE;
}

/* `(a|b)`; the parentheses are part of `text`. */
static gboolean compile_choice(GPtrArray *items, const char *text)
{
  gsize size = strlen(text);
  g_autofree char *inside = NULL;
  struct sim_item *item;

  if (size < 3 || text[size - 1] != ')')
    return FALSE;
  inside = g_strndup(text + 1, size - 2);
  item = add_item(items, SIM_ITEM_WORDS);
  item->is_choice = TRUE;
  item->words = g_strsplit(inside, "|", -1);
  for (guint i = 0; item->words[i] != NULL; i++)
    if (!is_literal(item->words[i]))
      return FALSE;
  return TRUE;
}

static gboolean compile_word(GPtrArray *items, const char *text)
{
  gsize size = strcspn(text, ":");
  enum sim_element element;
  struct sim_item *item;

  if (text[0] == '(')
    return compile_choice(items, text);
  if (is_literal(text)) {
    item = add_item(items, SIM_ITEM_WORDS);
    item->words = g_new0(char *, 2);
    item->words[0] = g_strdup(text);
    return TRUE;
  }
  if (!find_element(text, size, &element) || (text[size] == ':' && text[size + 1] == '\0'))
    return FALSE;
  item = add_item(items, SIM_ITEM_ELEMENT);
  item->element = element;
  item->slot = text[size] == ':' ? g_strdup(text + size + 1) : g_strndup(text, size);
  return TRUE;
}

/* A literal before an element, or before a choice, is the keyword of what follows; so is
 * a choice before an element, unless it has a keyword itself. */
static void find_keywords(GPtrArray *items)
{
  gboolean led = FALSE;

  for (guint i = 0; i + 1 < items->len; i++) {
    struct sim_item *item = g_ptr_array_index(items, i);
    const struct sim_item *next = g_ptr_array_index(items, i + 1);
    gboolean may_lead = item->kind == SIM_ITEM_WORDS && !(item->is_choice && led);

    item->leads =
        may_lead && (next->kind == SIM_ITEM_ELEMENT ||
                     (next->kind == SIM_ITEM_WORDS && next->is_choice && !item->is_choice));
    led = item->leads;
  }
}

/* Words up to the end, or up to the `]` of the group it is in. */
static gboolean compile_sequence(GPtrArray *items, char ***words, gboolean in_group)
{
  while (**words != NULL) {
    const char *word = *(*words)++;

    if (strcmp(word, "]") == 0) {
      find_keywords(items);
      return in_group && items->len > 0 &&
             ((struct sim_item *)g_ptr_array_index(items, 0))->kind != SIM_ITEM_GROUP;
    }
    if (strcmp(word, "[") == 0) {
      struct sim_item *group = add_item(items, SIM_ITEM_GROUP);
      group->items = g_ptr_array_new_with_free_func(free_item);
      if (!compile_sequence(group->items, words, TRUE))
        return FALSE;
    } else if (strcmp(word, "->") == 0) {
      /* BIND reads the arrow itself. */
      if (**words == NULL || !g_str_has_prefix(**words, "BIND"))
        return FALSE;
    } else if (word[0] != '\0' && !compile_word(items, word)) {
      return FALSE;
    }
  }
  find_keywords(items);
  return !in_group;
}

static void free_items(gpointer items)
{
  g_ptr_array_unref(items);
}

/* One form: what stands between two semicolons. */
static GPtrArray *compile_form(const char *form)
{
  g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(free_item);
  g_auto(GStrv) words = g_strsplit(form, " ", -1);
  char **at = words;

  return compile_sequence(items, &at, FALSE) ? g_steal_pointer(&items) : NULL;
}

GPtrArray *sim_grammar_compile(const char *pattern)
{
  g_autoptr(GPtrArray) forms = g_ptr_array_new_with_free_func(free_items);
  g_autoptr(GString) spaced = g_string_new(pattern);
  g_auto(GStrv) texts = NULL;

  g_string_replace(spaced, "[", " [ ", 0);
  g_string_replace(spaced, "]", " ] ", 0);
  texts = g_strsplit(spaced->str, ";", -1);
  for (guint i = 0; texts[i] != NULL; i++) {
    GPtrArray *items = compile_form(texts[i]);
    if (items == NULL)
      return NULL;
    g_ptr_array_add(forms, items);
  }
  if (forms->len == 0)
    g_ptr_array_add(forms, g_ptr_array_new());
  return g_steal_pointer(&forms);
}

/* ---- Tables ---- */

static void free_verb(gpointer data)
{
  struct sim_verb *verb = data;

  g_ptr_array_unref(verb->forms);
  g_free(verb);
}

static void add_word(struct sim_verb_table *table, const char *word, struct sim_verb *verb)
{
  char *key;

  if (*word == '\0' || g_hash_table_contains(table->by_word, word))
    return;
  key = g_strdup(word);
  g_hash_table_insert(table->by_word, key, verb);
  g_ptr_array_add(table->words, key);
}

static enum sim_statement statement_of(const char *name)
{
  for (guint i = 0; sim_script_statements[i].name != NULL; i++)
    if (strcmp(sim_script_statements[i].name, name) == 0)
      return (enum sim_statement)(i + 1);
  return SIM_STATEMENT_VERB;
}

static void add_verb(struct sim_verb_table *table, const struct sim_verb_syntax *syntax,
                     gboolean may_be_statement)
{
  struct sim_verb *verb;
  GPtrArray *forms = sim_grammar_compile(syntax->grammar);

  if (forms == NULL)
    g_error("the grammar of '%s' is malformed: %s", syntax->name, syntax->grammar);
  verb = g_new0(struct sim_verb, 1);
  verb->syntax = syntax;
  verb->statement = may_be_statement ? statement_of(syntax->name) : SIM_STATEMENT_VERB;
  verb->forms = forms;
  g_ptr_array_add(table->verbs, verb);
  add_word(table, syntax->name, verb);
  if (syntax->synonyms != NULL) {
    g_auto(GStrv) synonyms = g_strsplit(syntax->synonyms, " ", -1);
    for (guint i = 0; synonyms[i] != NULL; i++)
      add_word(table, synonyms[i], verb);
  }
}

struct sim_verb_table *sim_verb_table_new(const struct sim_verb_syntax *verbs,
                                          gboolean with_statements)
{
  struct sim_verb_table *table = g_new0(struct sim_verb_table, 1);

  table->verbs = g_ptr_array_new_with_free_func(free_verb);
  table->by_word = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  table->words = g_ptr_array_new();
  for (; verbs != NULL && verbs->name != NULL; verbs++)
    add_verb(table, verbs, with_statements);
  for (guint i = 0; with_statements && sim_script_statements[i].name != NULL; i++)
    if (!g_hash_table_contains(table->by_word, sim_script_statements[i].name))
      add_verb(table, &sim_script_statements[i], TRUE);
  g_ptr_array_add(table->words, NULL);
  return table;
}

void sim_verb_table_free(struct sim_verb_table *table)
{
  if (table == NULL)
    return;
  g_ptr_array_unref(table->words);
  g_hash_table_unref(table->by_word);
  g_ptr_array_unref(table->verbs);
  g_free(table);
}

const struct sim_verb *sim_verb_table_find(const struct sim_verb_table *table, const char *word)
{
  return g_hash_table_lookup(table->by_word, word);
}
