/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/number.h"

#include <string.h>

#include "sim/error.h"

const char sim_number_rules[] =
    "numbers are 123 or 0x7b, with K, M, G or T for 2^10, 2^20, 2^30 or 2^40";

static gboolean is_number_char(char c)
{
  return g_ascii_isalnum(c) || c == '_';
}

/* The power of two that a suffix stands for; 0 for any other character. */
static guint suffix_shift(char c)
{
  switch (c) {
  case 'K':
    return 10;
  case 'M':
    return 20;
  case 'G':
    return 30;
  case 'T':
    return 40;
  default:
    return 0;
  }
}

static gint digit_value(char c, guint base)
{
  return base == 16 ? g_ascii_xdigit_value(c) : g_ascii_digit_value(c);
}

enum sim_number_status sim_number_scan(const char *text, gsize size, gsize *ret_used,
                                       guint64 *ret_value)
{
  gsize at = 0, end = 0, first;
  guint base = 10, shift = 0;
  guint64 value = 0;
  gboolean fits = TRUE;

  while (end < size && is_number_char(text[end]))
    end++;
  *ret_used = end;
  if (end >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    at = 2;
  }
  for (first = at; at < end && digit_value(text[at], base) >= 0; at++)
    fits = fits && g_uint64_checked_mul(&value, value, base) &&
           g_uint64_checked_add(&value, value, (guint64)digit_value(text[at], base));
  if (at == first)
    return SIM_NUMBER_MALFORMED;
  if (at < end && (shift = suffix_shift(text[at])) != 0)
    at++;
  if (at != end)
    return SIM_NUMBER_MALFORMED;
  if (!fits || !g_uint64_checked_mul(&value, value, G_GUINT64_CONSTANT(1) << shift))
    return SIM_NUMBER_TOO_LARGE;
  *ret_value = value;
  return SIM_NUMBER_OK;
}

gboolean sim_number_parse(const char *text, guint64 *ret_value, GError **error)
{
  gsize size = strlen(text), used;
  guint64 value = 0;
  enum sim_number_status status = sim_number_scan(text, size, &used, &value);

  if (status == SIM_NUMBER_OK && used == size) {
    *ret_value = value;
    return TRUE;
  }
  if (status == SIM_NUMBER_TOO_LARGE && used == size)
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "the number '%s' does not fit 64 bits", text);
  else
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "'%s' is not a number: %s", text,
                sim_number_rules);
  return FALSE;
}
