/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/lex.h"

#include <string.h>

#include "sim/script/number.h"

struct sim_lexer sim_lexer_start(const sim_source *source)
{
  gboolean marked = source->size >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0;

  return (struct sim_lexer){source, marked ? 3 : 0};
}

static gsize left(const struct sim_lexer *lexer)
{
  return lexer->source->size - lexer->at;
}

/* The byte `ahead` of the position.  Past the end of the text it is NUL, and a NUL in
 * the text is no part of any token, so the two need not be told apart here. */
static char peek(const struct sim_lexer *lexer, gsize ahead)
{
  return ahead < left(lexer) ? lexer->source->text[lexer->at + ahead] : '\0';
}

static struct sim_token take(struct sim_lexer *lexer, enum sim_token_kind kind, gsize size)
{
  struct sim_token token = {.kind = kind, .offset = lexer->at, .size = size};

  lexer->at += size;
  return token;
}

static struct sim_token take_bad(struct sim_lexer *lexer, gsize size, const char *problem,
                                 const char *hint)
{
  struct sim_token token = take(lexer, SIM_TOKEN_BAD, size);

  token.problem = problem;
  token.hint = hint;
  return token;
}

static void skip_blanks(struct sim_lexer *lexer)
{
  const char *text = lexer->source->text;
  gsize size = lexer->source->size;

  while (lexer->at < size) {
    char c = text[lexer->at];

    if (c == '#') {
      const char *end = memchr(text + lexer->at, '\n', size - lexer->at);
      lexer->at = end == NULL ? size : (gsize)(end - text);
    } else if (c == ' ' || c == '\t' || c == '\r') {
      lexer->at++;
    } else {
      break;
    }
  }
}

static gboolean starts_name(char c)
{
  return g_ascii_isalpha(c) || c == '_';
}

static gboolean continues_name(char c)
{
  return g_ascii_isalnum(c) || c == '_';
}

static struct sim_token take_name(struct sim_lexer *lexer)
{
  gsize size = 1;

  while (continues_name(peek(lexer, size)))
    size++;
  return take(lexer, SIM_TOKEN_NAME, size);
}

static struct sim_token take_number(struct sim_lexer *lexer)
{
  guint64 value = 0;
  gsize size;
  struct sim_token token;

  switch (sim_number_scan(lexer->source->text + lexer->at, left(lexer), &size, &value)) {
  case SIM_NUMBER_OK:
    token = take(lexer, SIM_TOKEN_NUMBER, size);
    token.number = value;
    return token;
  case SIM_NUMBER_TOO_LARGE:
    return take_bad(lexer, size, "this number does not fit 64 bits", NULL);
  default:
    return take_bad(lexer, size, "this is not a number", sim_number_rules);
  }
}

/* The escape after a backslash stands for this; 0 if there is no such escape. */
static char unescape(char c)
{
  return c == 'n' ? '\n' : c == '"' || c == '\\' ? c : '\0';
}

static struct sim_token take_string(struct sim_lexer *lexer)
{
  const char *text = lexer->source->text + lexer->at;
  gsize room = left(lexer), size = 1;
  gboolean escapes_known = TRUE;

  while (size < room && text[size] != '"' && text[size] != '\n') {
    if (text[size] == '\\' && size + 1 < room && text[size + 1] != '\n')
      escapes_known = unescape(text[++size]) != '\0' && escapes_known;
    size++;
  }
  if (size >= room || text[size] == '\n') {
    if (text[size - 1] == '\r')
      size--;
    return take_bad(lexer, size, "this string is not closed on its line", "add a '\"'");
  }
  size++;
  if (!escapes_known)
    return take_bad(lexer, size, "this string has an unknown escape",
                    "the escapes are \\n, \\\" and \\\\");
  if (!g_utf8_validate_len(text, size, NULL))
    return take_bad(lexer, size, "this string is not valid UTF-8", NULL);
  return take(lexer, SIM_TOKEN_STRING, size);
}

static struct sim_token take_mark(struct sim_lexer *lexer, int mark, gsize size)
{
  struct sim_token token = take(lexer, SIM_TOKEN_MARK, size);

  token.mark = mark;
  return token;
}

static struct sim_token take_stray(struct sim_lexer *lexer)
{
  const char *at = lexer->source->text + lexer->at;
  char c = *at;

  if (c == '!')
    return take_bad(lexer, 1, "there is no operator '!'", "write 'not', or '!=' for unequal");
  if (c == '&')
    return take_bad(lexer, peek(lexer, 1) == c ? 2 : 1, "there is no operator '&'", "write 'and'");
  if (c == '|')
    return take_bad(lexer, peek(lexer, 1) == c ? 2 : 1, "there is no operator '|'", "write 'or'");
  if (c == '\'')
    return take_bad(lexer, 1, "this quotation mark has no meaning here",
                    "strings stand in double quotes");
  if ((c & 0x80) != 0) {
    gunichar wide = g_utf8_get_char_validated(at, (gssize)left(lexer));
    gboolean valid = wide != (gunichar)-1 && wide != (gunichar)-2;

    return take_bad(lexer, valid ? (gsize)g_unichar_to_utf8(wide, NULL) : 1,
                    "this character cannot stand here",
                    "letters beyond ASCII stand in strings and comments only");
  }
  return take_bad(lexer, 1, "this character cannot stand here", NULL);
}

struct sim_token sim_lexer_next(struct sim_lexer *lexer)
{
  static const struct {
    char text[3];
    int mark;
  } doubles[] = {
      {"->", SIM_MARK_ARROW}, {"..", SIM_MARK_RANGE}, {"==", SIM_MARK_EQ},
      {"!=", SIM_MARK_NE},    {"<=", SIM_MARK_LE},    {">=", SIM_MARK_GE},
  };
  char c;

  skip_blanks(lexer);
  if (left(lexer) == 0)
    return take(lexer, SIM_TOKEN_END, 0);
  c = peek(lexer, 0);
  if (c == '\n' || c == ';')
    return take(lexer, SIM_TOKEN_SEPARATOR, 1);
  if (starts_name(c))
    return take_name(lexer);
  if (g_ascii_isdigit(c))
    return take_number(lexer);
  if (c == '"')
    return take_string(lexer);
  for (gsize i = 0; i < G_N_ELEMENTS(doubles); i++)
    if (c == doubles[i].text[0] && peek(lexer, 1) == doubles[i].text[1])
      return take_mark(lexer, doubles[i].mark, 2);
  if (c != '\0' && strchr("{}()[]<>=+-*/%@.:,", c) != NULL)
    return take_mark(lexer, c, 1);
  return take_stray(lexer);
}

struct sim_token sim_lexer_join_word(struct sim_lexer *lexer, struct sim_token token)
{
  g_assert(token.kind == SIM_TOKEN_NAME && lexer->at == token.offset + token.size);
  while (peek(lexer, 0) == '-' && continues_name(peek(lexer, 1))) {
    lexer->at++;
    while (continues_name(peek(lexer, 0)))
      lexer->at++;
  }
  token.size = lexer->at - token.offset;
  return token;
}

char *sim_token_text(const sim_source *source, struct sim_token token)
{
  return g_strndup(source->text + token.offset, token.size);
}

char *sim_token_string(const sim_source *source, struct sim_token token)
{
  GString *out = g_string_sized_new(token.size);
  const char *p = source->text + token.offset + 1;
  const char *end = source->text + token.offset + token.size - 1;

  g_assert(token.kind == SIM_TOKEN_STRING);
  for (; p < end; p++)
    g_string_append_c(out, *p == '\\' ? unescape(*++p) : *p);
  return g_string_free(out, FALSE);
}

struct sim_place sim_token_place(const sim_source *source, struct sim_token first,
                                 struct sim_token last)
{
  struct sim_place place = {source, first.offset, 0};
  gsize end = last.offset + last.size;

  /* Every byte but the later ones of a character counts. */
  for (gsize i = first.offset; i < end && place.width < G_MAXUINT16; i++)
    place.width += (source->text[i] & 0xc0) != 0x80;
  return place;
}
