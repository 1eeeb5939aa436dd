/* SPDX-License-Identifier: MPL-2.0 */
/* Lines that are read from left to right, and the numbers in them; see reader.h. */
#include <stdarg.h>
#include <string.h>

#include "sim/bootmap/reader.h"
#include "sim/error.h"

enum { QUOTE_MAX = 40 }; /* bytes of the text that a message repeats */

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* ---- Lines ---- */

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

bool sim_bootmap_get_line(const sim_source *source, guint number, struct sim_bootmap_line *ret)
{
  if (number > source->lines->len)
    return false;

  const char *start = source->text + g_array_index(source->lines, gsize, number - 1);
  const char *end = source->text + source->size;
  if (number < source->lines->len)
    end = source->text + g_array_index(source->lines, gsize, number) - 1;
  while (end > start && (is_blank(end[-1]) || end[-1] == '\r'))
    end--;

  ret->source = source;
  ret->number = number;
  ret->at = start;
  ret->end = end;
  if (number == 1)
    sim_bootmap_take(ret, byte_order_mark);
  return true;
}

bool sim_bootmap_skip_blanks(struct sim_bootmap_line *line)
{
  const char *start = line->at;

  while (line->at < line->end && is_blank(*line->at))
    line->at++;
  return line->at > start;
}

bool sim_bootmap_take(struct sim_bootmap_line *line, const char *text)
{
  gsize length = strlen(text);

  if ((gsize)(line->end - line->at) < length || memcmp(line->at, text, length) != 0)
    return false;
  line->at += length;
  return true;
}

bool sim_bootmap_find(struct sim_bootmap_line *line, const char *text)
{
  gsize length = strlen(text);
  const char *found = memmem(line->at, (gsize)(line->end - line->at), text, length);

  if (found == NULL)
    return false;
  line->at = found + length;
  return true;
}

bool sim_bootmap_fail(const struct sim_bootmap_line *line, const char *at, gsize width,
                      const char *hint, GError **error, const char *format, ...)
{
  struct sim_place place = {
      .source = line->source,
      .offset = (gsize)(at - line->source->text),
      .width = (guint)MIN(width, G_MAXUINT),
  };
  va_list args;

  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_autofree char *message = sim_diag_format(place, "error", text, hint);
  g_set_error_literal(error, SIM_ERROR, SIM_ERROR_INPUT, message);
  return false;
}

bool sim_bootmap_want(struct sim_bootmap_line *line, const char *text, const char *what,
                      GError **error)
{
  return sim_bootmap_take(line, text) ||
         sim_bootmap_fail(line, line->at, 1, NULL, error, "expected %s", what);
}

bool sim_bootmap_want_end(const struct sim_bootmap_line *line, const char *what, GError **error)
{
  return sim_bootmap_at_end(line) ||
         sim_bootmap_fail(line, line->at, (gsize)(line->end - line->at), NULL, error,
                          "expected the end of the %s", what);
}

/* ---- Numbers ---- */

/* Everything from here on that could have been meant as part of a number. */
static gsize number_length(const struct sim_bootmap_line *line)
{
  const char *p = line->at;

  while (p < line->end && (g_ascii_isalnum(*p) || *p == '_' || *p == '.'))
    p++;
  return (gsize)(p - line->at);
}

static bool fail_number(const struct sim_bootmap_line *line, const char *what, const char *hint,
                        GError **error)
{
  gsize length = number_length(line);

  if (length == 0)
    return sim_bootmap_fail(line, line->at, 1, hint, error, "expected the %s", what);
  return sim_bootmap_fail(line, line->at, length, hint, error, "malformed %s '%.*s%s'", what,
                          (int)MIN(length, QUOTE_MAX), line->at, length > QUOTE_MAX ? "..." : "");
}

static bool fail_overflow(const struct sim_bootmap_line *line, const char *what, GError **error)
{
  return sim_bootmap_fail(line, line->at, number_length(line), NULL, error,
                          "the %s does not fit 64 bits", what);
}

/* Steps over the digits of a base.  False if the value does not fit; *ret is what was
 * there, and line->at does not move if there was no digit. */
static bool take_digits(struct sim_bootmap_line *line, uint64_t base, uint64_t *ret)
{
  uint64_t value = 0;

  for (; line->at < line->end; line->at++) {
    int digit = g_ascii_xdigit_value(*line->at);
    if (digit < 0 || (uint64_t)digit >= base)
      break;
    if (value > (UINT64_MAX - (uint64_t)digit) / base)
      return false;
    value = value * base + (uint64_t)digit;
  }
  *ret = value;
  return true;
}

static bool take_hex_prefix(struct sim_bootmap_line *line)
{
  return sim_bootmap_take(line, "0x") || sim_bootmap_take(line, "0X");
}

bool sim_bootmap_take_hex(struct sim_bootmap_line *line, const char *what, uint64_t *ret,
                          GError **error)
{
  struct sim_bootmap_line rest = *line;
  uint64_t value;

  take_hex_prefix(&rest);
  const char *digits = rest.at;
  if (!take_digits(&rest, 16, &value))
    return fail_overflow(line, what, error);
  if (rest.at == digits || number_length(&rest) > 0)
    return fail_number(line, what, NULL, error);
  *ret = value;
  *line = rest;
  return true;
}

bool sim_bootmap_take_decimal(struct sim_bootmap_line *line, const char *what, uint64_t *ret,
                              GError **error)
{
  struct sim_bootmap_line rest = *line;
  uint64_t value;

  if (!take_digits(&rest, 10, &value))
    return fail_overflow(line, what, error);
  if (rest.at == line->at || number_length(&rest) > 0)
    return fail_number(line, what, NULL, error);
  *ret = value;
  *line = rest;
  return true;
}

/* Steps over a K, M, G or T; by how many bits it shifts. */
static guint take_suffix(struct sim_bootmap_line *line)
{
  static const char letters[] = "KMGT";

  if (sim_bootmap_at_end(line))
    return 0;
  const char *found = memchr(letters, g_ascii_toupper(*line->at), sizeof(letters) - 1);
  if (found == NULL)
    return 0;
  line->at++;
  return 10 * (guint)(found - letters + 1);
}

bool sim_bootmap_take_number(struct sim_bootmap_line *line, const char *what, uint64_t *ret,
                             GError **error)
{
  static const char hint[] = "numbers are decimal or 0x hex, and may end in K, M, G or T";
  struct sim_bootmap_line rest = *line;
  uint64_t value;

  uint64_t base = take_hex_prefix(&rest) ? 16 : 10;
  const char *digits = rest.at;
  if (!take_digits(&rest, base, &value))
    return fail_overflow(line, what, error);
  if (rest.at == digits)
    return fail_number(line, what, hint, error);
  guint shift = take_suffix(&rest);
  if (number_length(&rest) > 0)
    return fail_number(line, what, hint, error);
  if (value > UINT64_MAX >> shift)
    return fail_overflow(line, what, error);
  *ret = value << shift;
  *line = rest;
  return true;
}
