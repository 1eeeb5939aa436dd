/* SPDX-License-Identifier: MPL-2.0 */
/* Tokens as the parser sees them, and its messages. */
#include <stdarg.h>
#include <string.h>

#include "sim/script/parser.h"

enum { SHOWN_CHARS = 40, SHOWN_CHOICES = 12 };

/* ---- Tokens ---- */

void sim_parse_advance(struct sim_parser *p)
{
  g_ptr_array_set_size(p->expected, 0);
  p->previous = p->token;
  p->token = p->stopped ? (struct sim_token){.offset = p->lexer.at} : sim_lexer_next(&p->lexer);
  p->word = p->token;
  if (p->token.kind == SIM_TOKEN_NAME) {
    struct sim_lexer ahead = p->lexer;
    p->word = sim_lexer_join_word(&ahead, p->token);
  }
}

void sim_parse_begin_source(struct sim_parser *p, const sim_source *source)
{
  p->lexer = sim_lexer_start(source);
  p->token = (struct sim_token){.kind = SIM_TOKEN_SEPARATOR, .offset = p->lexer.at};
  sim_parse_advance(p);
}

gboolean sim_parse_at_mark(const struct sim_parser *p, int mark)
{
  return p->token.kind == SIM_TOKEN_MARK && p->token.mark == mark;
}

static gboolean token_is(const struct sim_parser *p, struct sim_token token, const char *text)
{
  return strlen(text) == token.size &&
         memcmp(p->lexer.source->text + token.offset, text, token.size) == 0;
}

gboolean sim_parse_at_word(const struct sim_parser *p, const char *word)
{
  if (p->token.kind == SIM_TOKEN_MARK)
    return token_is(p, p->token, word);
  return p->token.kind == SIM_TOKEN_NAME && token_is(p, p->word, word);
}

gboolean sim_parse_at_end(const struct sim_parser *p)
{
  return p->token.kind == SIM_TOKEN_END || p->token.kind == SIM_TOKEN_SEPARATOR ||
         sim_parse_at_mark(p, '}');
}

gboolean sim_parse_at_choice(const struct sim_parser *p)
{
  struct sim_lexer ahead = p->lexer;
  struct sim_token next;

  if (!p->in_choice || (p->token.kind != SIM_TOKEN_NUMBER && p->token.kind != SIM_TOKEN_NAME))
    return FALSE;
  next = sim_lexer_next(&ahead);
  return next.kind == SIM_TOKEN_MARK && next.mark == ':';
}

gboolean sim_parse_accept(struct sim_parser *p, int mark)
{
  if (!sim_parse_at_mark(p, mark))
    return FALSE;
  sim_parse_advance(p);
  return TRUE;
}

gboolean sim_parse_expect(struct sim_parser *p, int mark, const char *what)
{
  return sim_parse_accept(p, mark) || sim_parse_fail_expected(p, what);
}

const char *sim_parse_take_name(struct sim_parser *p)
{
  g_autofree char *text = sim_token_text(p->lexer.source, p->token);

  g_assert(p->token.kind == SIM_TOKEN_NAME);
  sim_parse_advance(p);
  return sim_script_text(p->script, text);
}

const char *sim_parse_take_word(struct sim_parser *p)
{
  g_assert(p->token.kind == SIM_TOKEN_NAME);
  p->token = p->word;
  p->lexer.at = p->word.offset + p->word.size;
  return sim_parse_take_name(p);
}

const char *sim_parse_take_string(struct sim_parser *p)
{
  g_autofree char *text = sim_token_string(p->lexer.source, p->token);

  sim_parse_advance(p);
  return sim_script_text(p->script, text);
}

/* ---- Places ---- */

struct sim_place sim_parse_here(const struct sim_parser *p)
{
  return sim_token_place(p->lexer.source, p->token, p->word);
}

struct sim_place sim_parse_since(const struct sim_parser *p, gsize start)
{
  struct sim_token first = {.offset = start};

  return sim_token_place(p->lexer.source, first, p->previous);
}

/* ---- Messages ---- */

/* The first characters of the token only: it may be a whole file. */
char *sim_parse_show(const struct sim_parser *p, struct sim_token token)
{
  const char *text = p->lexer.source->text + token.offset;
  g_autofree char *valid = NULL;

  if (token.kind == SIM_TOKEN_END)
    return g_strdup("the end of the file");
  if (token.kind == SIM_TOKEN_SEPARATOR && *text != ';')
    return g_strdup("the end of the line");
  valid = g_utf8_make_valid(text, (gssize)MIN(token.size, SHOWN_CHARS));
  return g_strdup_printf("'%s%s'", valid, token.size > SHOWN_CHARS ? "..." : "");
}

gboolean sim_parse_fail(struct sim_parser *p, struct sim_place place, const char *hint,
                        const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (p->failed || p->stopped)
    return FALSE;
  p->failed = TRUE;
  if (p->n_errors == SIM_SCRIPT_ERRORS) {
    g_ptr_array_add(p->errors, g_strdup("too many errors\n"));
    sim_parse_stop(p);
    return FALSE;
  }
  va_start(args, format);
  text = g_strdup_vprintf(format, args);
  va_end(args);
  g_ptr_array_add(p->errors, sim_diag_format(place, "error", text, hint));
  p->n_errors++;
  return FALSE;
}

void sim_parse_stop(struct sim_parser *p)
{
  p->stopped = TRUE;
  p->token = p->word = (struct sim_token){.offset = p->lexer.at};
}

void sim_parse_note_expected(struct sim_parser *p, const char *word)
{
  if (!g_ptr_array_find(p->expected, word, NULL))
    g_ptr_array_add(p->expected, (gpointer)(guintptr)word);
}

/* "did you mean 'as'?", or NULL. */
static char *suggest(const char *word, const char *const *words)
{
  const char *meant = sim_suggest(word, words);

  return meant == NULL ? NULL : g_strdup_printf("did you mean '%s'?", meant);
}

/* A word that was expected where another one stands. */
static char *suggest_expected(struct sim_parser *p)
{
  g_autofree char *word = NULL;
  char *hint;

  if (p->token.kind != SIM_TOKEN_NAME)
    return NULL;
  word = sim_token_text(p->lexer.source, p->word);
  g_ptr_array_add(p->expected, NULL);
  hint = suggest(word, (const char *const *)p->expected->pdata);
  g_ptr_array_set_size(p->expected, (gint)p->expected->len - 1);
  return hint;
}

/* How the command is written, for whoever got it wrong. */
static char *usage_hint(const struct sim_parser *p)
{
  if (sim_parse_at_mark(p, '='))
    return g_strdup("an option is written 'key value', and equality '=='");
  if (p->syntax == NULL)
    return NULL;
  if (p->syntax->example != NULL)
    return g_strdup_printf("for example: %s", p->syntax->example);
  if (p->syntax->grammar[0] == '\0')
    return g_strdup_printf("'%s' takes no arguments", p->syntax->name);
  return g_strdup_printf("usage: %s %s", p->syntax->name, p->syntax->grammar);
}

gboolean sim_parse_fail_expected(struct sim_parser *p, const char *what)
{
  g_autofree char *after = sim_parse_show(p, p->previous);
  g_autofree char *hint = suggest_expected(p);

  if (p->token.kind == SIM_TOKEN_BAD)
    return sim_parse_fail_unexpected(p);
  if (hint == NULL)
    hint = usage_hint(p);
  return sim_parse_fail(p, sim_parse_here(p), hint, "expected %s after %s", what, after);
}

gboolean sim_parse_fail_unexpected(struct sim_parser *p)
{
  g_autofree char *found = sim_parse_show(p, p->word);
  g_autofree char *after = sim_parse_show(p, p->previous);
  g_autofree char *hint = NULL;

  if (p->token.kind == SIM_TOKEN_BAD)
    return sim_parse_fail(p, sim_parse_here(p), p->token.hint, "%s", p->token.problem);
  hint = suggest_expected(p);
  if (hint == NULL)
    hint = usage_hint(p);
  return sim_parse_fail(p, sim_parse_here(p), hint, "unexpected %s after %s", found, after);
}

/* The words themselves, if they are few. */
static char *list_words(const char *const *words)
{
  g_autofree char *joined = NULL;

  if (words[0] == NULL || g_strv_length((char **)(guintptr)words) > SHOWN_CHOICES)
    return NULL;
  joined = g_strjoinv(", ", (char **)(guintptr)words);
  return g_strdup_printf("known here: %s", joined);
}

gboolean sim_parse_fail_unknown(struct sim_parser *p, const char *what, const char *word,
                                const char *const *words)
{
  g_autofree char *hint = suggest(word, words);
  g_autofree char *shown = sim_parse_show(p, p->word);

  if (hint == NULL)
    hint = list_words(words);
  return sim_parse_fail(p, sim_parse_here(p), hint, "unknown %s %s", what, shown);
}

/* ---- Limits ---- */

gboolean sim_parse_enter(struct sim_parser *p)
{
  if (p->depth == SIM_SCRIPT_DEPTH)
    return sim_parse_fail(p, sim_parse_here(p), NULL, "this is nested more than %d levels deep",
                          SIM_SCRIPT_DEPTH);
  p->depth++;
  return TRUE;
}

void sim_parse_leave(struct sim_parser *p)
{
  g_assert(p->depth > 0);
  p->depth--;
}

void *sim_parse_new(struct sim_parser *p, gsize size)
{
  if (p->script->n_nodes >= SIM_SCRIPT_NODES && !p->stopped) {
    p->failed = FALSE;
    sim_parse_fail(p, sim_parse_here(p), NULL, "this script is too large: more than %d parts",
                   SIM_SCRIPT_NODES);
    sim_parse_stop(p);
  }
  return sim_script_alloc(p->script, size);
}
