/* SPDX-License-Identifier: MPL-2.0 */
/* Maps that this program wrote as JSON; see bootmap.h.  Only what is looked at is checked:
 * members of other names may hold anything that has its quotes and brackets in pairs. */
#include "sim/bootmap/reader.h"

#include <string.h>

#define EXAMPLE "{\"firmware\":[{\"base\":\"0x0\",\"end\":\"0x9fc00\",\"type\":\"usable\"}]}"
#define HINT    "for example: " EXAMPLE

/* The whole text as if it were one line; its number is that of the line where `at` is. */
typedef struct sim_bootmap_line cursor;

static void skip_space(cursor *at)
{
  for (; !sim_bootmap_at_end(at) && strchr(" \t\r\n", *at->at) != NULL && *at->at != '\0'; at->at++)
    at->number += *at->at == '\n' ? 1 : 0;
}

static bool want(cursor *at, const char *text, const char *what, GError **error)
{
  skip_space(at);
  return sim_bootmap_want(at, text, what, error);
}

/* Steps over a string; *ret is what stands between its quotes. */
static bool take_string(cursor *at, const char *what, cursor *ret, GError **error)
{
  if (!want(at, "\"", what, error))
    return false;
  *ret = *at;
  for (; !sim_bootmap_at_end(at) && (guchar)*at->at >= ' '; at->at++) {
    if (*at->at == '"') {
      ret->end = at->at++;
      return true;
    }
    if (*at->at == '\\' && at->at + 1 < at->end && at->at[1] != '\n')
      at->at++;
  }
  return sim_bootmap_fail(at, at->at, 1, NULL, error, "expected '\"' at the end of the string");
}

/* Steps over any value, however deep. */
static bool skip_value(cursor *at, GError **error)
{
  guint64 depth = 0;
  cursor text;

  do {
    skip_space(at);
    if (sim_bootmap_at_end(at))
      return sim_bootmap_fail(at, at->at, 1, NULL, error, "expected a value or the end of one");
    char c = *at->at;
    if (c == '"') {
      if (!take_string(at, "a string", &text, error))
        return false;
    } else if (c == '{' || c == '[') {
      depth++;
      at->at++;
    } else if (depth > 0 && strchr("}],:", c) != NULL && c != '\0') {
      depth -= c == '}' || c == ']' ? 1 : 0;
      at->at++;
    } else if (g_ascii_isalnum(c) || c == '-') {
      while (!sim_bootmap_at_end(at) && (g_ascii_isalnum(*at->at) || strchr("+-.", *at->at)) &&
             *at->at != '\0')
        at->at++;
    } else {
      return sim_bootmap_fail(at, at->at, 1, NULL, error, "expected a value");
    }
  } while (depth > 0);
  return true;
}

static bool is_name(const cursor *string, const char *name)
{
  return (gsize)(string->end - string->at) == strlen(name) &&
         memcmp(string->at, name, strlen(name)) == 0;
}

/* Behind a member or an element: true if another one follows. */
static bool has_more(cursor *at, const char *close, bool *ret_more, GError **error)
{
  skip_space(at);
  *ret_more = sim_bootmap_take(at, ",");
  g_autofree char *what = g_strdup_printf("',' or '%s'", close);
  return *ret_more || sim_bootmap_want(at, close, what, error);
}

static bool take_address(cursor *at, const char *what, uint64_t *ret, const char **ret_at,
                         GError **error)
{
  cursor string;

  if (!take_string(at, "a string with the address", &string, error))
    return false;
  *ret_at = string.at;
  return sim_bootmap_take_hex(&string, what, ret, error) &&
         sim_bootmap_want_end(&string, "string", error);
}

/* Behind the brace of a region. */
static bool read_region(cursor *at, sim_bootmap *map, GError **error)
{
  enum fm_region_type type = FM_REGION_TYPES;
  const char *base_at = NULL, *end_at = NULL;
  const cursor start = *at;
  uint64_t base = 0, end = 0;
  bool more = true, good;
  cursor name, word;

  while (more) {
    if (!take_string(at, "the name of a member", &name, error) || !want(at, ":", "':'", error))
      return false;
    if (is_name(&name, "base"))
      good = take_address(at, "start address", &base, &base_at, error);
    else if (is_name(&name, "end"))
      good = take_address(at, "end address", &end, &end_at, error);
    else if (is_name(&name, "type"))
      good = take_string(at, "a string with the type of memory", &word, error) &&
             sim_bootmap_take_type_name(&word, &type, error) &&
             sim_bootmap_want_end(&word, "string", error);
    else
      good = skip_value(at, error);
    if (!good || !has_more(at, "}", &more, error))
      return false;
  }
  if (base_at == NULL || end_at == NULL || type == FM_REGION_TYPES)
    return sim_bootmap_fail(&start, start.at - 1, 1, HINT, error,
                            "expected the members base, end and type of a region");
  return sim_bootmap_add(map, &start, end_at, fm_range_of(base, end), type, error);
}

static bool read_regions(cursor *at, sim_bootmap *map, GError **error)
{
  bool more = true;

  if (!want(at, "[", "'[' and regions", error))
    return false;
  skip_space(at);
  if (sim_bootmap_take(at, "]"))
    return true;
  while (more) {
    if (!want(at, "{", "'{' and a region", error) || !read_region(at, map, error) ||
        !has_more(at, "]", &more, error))
      return false;
  }
  return true;
}

static cursor start_of(const sim_source *source)
{
  cursor at = {source, 1, source->text, source->text + source->size};

  sim_bootmap_take(&at, "\xef\xbb\xbf");
  skip_space(&at);
  return at;
}

static bool read_json(const sim_source *source, sim_bootmap *map, GError **error)
{
  cursor at = start_of(source), name;
  bool more = true;

  if (sim_bootmap_at_end(&at))
    return true;
  if (!want(&at, "{", "'{'", error))
    return false;
  while (more) {
    if (!take_string(&at, "the name of a member", &name, error) || !want(&at, ":", "':'", error))
      return false;
    if (is_name(&name, "firmware"))
      return read_regions(&at, map, error);
    if (!skip_value(&at, error) || !has_more(&at, "}", &more, error))
      return false;
  }
  return true;
}

static enum sim_bootmap_likeness likeness(const sim_source *source)
{
  cursor at = start_of(source);

  return sim_bootmap_take(&at, "{") && sim_bootmap_find(&at, "\"firmware\"") ? SIM_BOOTMAP_WHOLE
                                                                             : SIM_BOOTMAP_NOT;
}

const struct sim_bootmap_reader sim_bootmap_json = {"json", EXAMPLE, likeness, read_json};
