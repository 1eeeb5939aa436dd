/* SPDX-License-Identifier: MPL-2.0 */
/* What the tables of several formats have in common: rows, pairs of addresses, words for
 * types of memory; see reader.h. */
#include <string.h>

#include "sim/bootmap/reader.h"

/* ---- Rows ---- */

bool sim_bootmap_is_full(struct sim_bootmap_line *line)
{
  sim_bootmap_skip_blanks(line);
  return !sim_bootmap_at_end(line) && *line->at != '#';
}

enum sim_bootmap_likeness sim_bootmap_likeness_of_rows(const sim_source *source,
                                                       bool (*is_row)(struct sim_bootmap_line))
{
  struct sim_bootmap_line line;
  bool is_first = true;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    if (!sim_bootmap_is_full(&line))
      continue;
    if (is_row(line))
      return is_first ? SIM_BOOTMAP_WHOLE : SIM_BOOTMAP_PERHAPS;
    is_first = false;
  }
  return SIM_BOOTMAP_NOT;
}

/* ---- Pairs ---- */

bool sim_bootmap_take_pair(struct sim_bootmap_line *line, struct sim_bootmap_pair *ret,
                           GError **error)
{
  struct sim_bootmap_pair pair;

  if (!sim_bootmap_take_hex(line, "start address", &pair.first, error))
    return false;
  sim_bootmap_skip_blanks(line);
  if (!sim_bootmap_want(line, "-", "'-' and the end address", error))
    return false;
  sim_bootmap_skip_blanks(line);
  pair.second_at = line->at;
  if (!sim_bootmap_take_hex(line, "end address", &pair.second, error))
    return false;
  *ret = pair;
  return true;
}

static bool skip_hex(struct sim_bootmap_line *line, gsize digits)
{
  sim_bootmap_take(line, "0x");
  const char *start = line->at;
  while (line->at < line->end && g_ascii_isxdigit(*line->at))
    line->at++;
  return (gsize)(line->at - start) >= digits;
}

bool sim_bootmap_skip_pair(struct sim_bootmap_line *line, gsize digits)
{
  struct sim_bootmap_line rest = *line;

  if (!skip_hex(&rest, digits))
    return false;
  sim_bootmap_skip_blanks(&rest);
  if (!sim_bootmap_take(&rest, "-"))
    return false;
  sim_bootmap_skip_blanks(&rest);
  if (!skip_hex(&rest, digits))
    return false;
  *line = rest;
  return true;
}

bool sim_bootmap_range_to_last(const struct sim_bootmap_line *line,
                               const struct sim_bootmap_pair *pair, struct fm_range *ret,
                               GError **error)
{
  if (pair->second < pair->first)
    return sim_bootmap_fail(line, pair->second_at, 1, "this form names the last byte", error,
                            "this region ends before it starts");
  if (pair->second == UINT64_MAX)
    return sim_bootmap_fail(line, pair->second_at, 1, NULL, error,
                            "the last byte 0xffffffffffffffff makes the region end at 2^64, "
                            "but an end has to fit 64 bits");
  *ret = fm_range_of(pair->first, pair->second + 1);
  return true;
}

bool sim_bootmap_add_to_last(sim_bootmap *map, const struct sim_bootmap_line *line,
                             const struct sim_bootmap_pair *pair, enum fm_region_type type,
                             GError **error)
{
  struct fm_range range;

  return sim_bootmap_range_to_last(line, pair, &range, error) &&
         sim_bootmap_add(map, line, pair->second_at, range, type, error);
}

bool sim_bootmap_add_to_end(sim_bootmap *map, const struct sim_bootmap_line *line,
                            const struct sim_bootmap_pair *pair, enum fm_region_type type,
                            GError **error)
{
  return sim_bootmap_add(map, line, pair->second_at, fm_range_of(pair->first, pair->second), type,
                         error);
}

/* ---- Types ---- */

const struct sim_bootmap_words sim_bootmap_linux_words = {
    (const struct sim_bootmap_word[]){
        {"usable", FM_REGION_USABLE},
        {"System RAM", FM_REGION_USABLE},
        {"RAM", FM_REGION_USABLE},
        {"ACPI data", FM_REGION_RECLAIMABLE},
        {"ACPI reclaim", FM_REGION_RECLAIMABLE},
        {"ACPI reclaimable", FM_REGION_RECLAIMABLE},
        {"ACPI Tables", FM_REGION_RECLAIMABLE},
        {"ACPI NVS", FM_REGION_NONVOLATILE_SLEEP},
        {"ACPI Non-volatile Storage", FM_REGION_NONVOLATILE_SLEEP},
        {"Unusable memory", FM_REGION_BAD_MEMORY},
        {"unusable", FM_REGION_BAD_MEMORY},
        {"reserved", FM_REGION_RESERVED},
        {"device reserved", FM_REGION_RESERVED},
        {"Soft Reserved", FM_REGION_RESERVED},
        {"unknown", FM_REGION_RESERVED},
        {NULL, FM_REGION_RESERVED},
    },
    "for example: usable, reserved, ACPI data, ACPI NVS, unusable",
};

/* The word that the line goes on with, to its end or to a character that is not of the
 * same word; the longest one.  Those for reserved memory need no match. */
static const struct sim_bootmap_word *match(const struct sim_bootmap_line *line,
                                            const struct sim_bootmap_words *words)
{
  const gsize left = (gsize)(line->end - line->at);
  const struct sim_bootmap_word *best = NULL;
  gsize most = 0;

  for (const struct sim_bootmap_word *row = words->rows; row->words != NULL; row++) {
    gsize length = strlen(row->words);
    if (row->type == FM_REGION_RESERVED || length <= most || length > left ||
        g_ascii_strncasecmp(line->at, row->words, length) != 0)
      continue;
    if (length < left &&
        (g_ascii_isalnum(line->at[length]) || line->at[length] == '-' || line->at[length] == '_'))
      continue;
    best = row;
    most = length;
  }
  return best;
}

/* "type 20", "persistent (type 12)", "???". */
static bool check_other_type(const struct sim_bootmap_line *line,
                             const struct sim_bootmap_words *words, GError **error)
{
  for (const char *p = line->at; p < line->end; p++) {
    if (!g_ascii_isalnum(*p) && (*p == '\0' || strchr(" ()-_/,.+?", *p) == NULL))
      return sim_bootmap_fail(line, p, 1, words->hint, error,
                              "a type of memory does not hold this character");
  }
  return true;
}

/* The word that was cut off after `text`, or NULL. */
static const char *whole_word(const char *text, const struct sim_bootmap_words *words)
{
  for (const struct sim_bootmap_word *row = words->rows; row->words != NULL; row++) {
    if (row->type != FM_REGION_RESERVED && g_ascii_strncasecmp(row->words, text, strlen(text)) == 0)
      return row->words;
  }
  return NULL;
}

/* "usabel" is no unknown kind of memory but a slip, and would cost that memory. */
static bool check_spelling(const struct sim_bootmap_line *line,
                           const struct sim_bootmap_words *words, GError **error)
{
  g_autoptr(GPtrArray) candidates = g_ptr_array_new();
  g_autofree char *text = g_strndup(line->at, (gsize)(line->end - line->at));

  g_strstrip(text);
  /* Those for reserved memory first: of equally near ones they are the likelier slip. */
  for (int pass = 0; pass < 2; pass++) {
    for (const struct sim_bootmap_word *row = words->rows; row->words != NULL; row++) {
      if ((row->type == FM_REGION_RESERVED) != (pass == 0))
        continue;
      if (g_ascii_strcasecmp(text, row->words) == 0)
        return true;
      g_ptr_array_add(candidates, (gpointer)row->words);
    }
  }
  g_ptr_array_add(candidates, NULL);
  const char *near = sim_suggest(text, (const char *const *)candidates->pdata);
  if (near == NULL)
    near = whole_word(text, words);
  if (near == NULL)
    return true;
  g_autofree char *hint = g_strdup_printf("did you mean '%s'?", near);
  return sim_bootmap_fail(line, line->at, strlen(text), hint, error, "unknown type of memory '%s'",
                          text);
}

bool sim_bootmap_take_type(struct sim_bootmap_line *line, const struct sim_bootmap_words *words,
                           enum fm_region_type *ret, GError **error)
{
  if (sim_bootmap_at_end(line))
    return sim_bootmap_fail(line, line->at, 1, words->hint, error, "expected the type of memory");

  const struct sim_bootmap_word *word = match(line, words);
  if (word == NULL) {
    if (!check_other_type(line, words, error) || !check_spelling(line, words, error))
      return false;
    *ret = FM_REGION_RESERVED;
    return true;
  }
  line->at += strlen(word->words);
  if (!sim_bootmap_at_end(line))
    return sim_bootmap_fail(line, line->at, (gsize)(line->end - line->at), NULL, error,
                            "unexpected text behind the type '%s'", word->words);
  *ret = word->type;
  return true;
}

bool sim_bootmap_take_type_in_parentheses(struct sim_bootmap_line *line,
                                          const struct sim_bootmap_words *words,
                                          enum fm_region_type *ret, GError **error)
{
  sim_bootmap_skip_blanks(line);
  if (!sim_bootmap_want(line, "(", "the type of memory in parentheses", error))
    return false;
  if (sim_bootmap_at_end(line) || line->end[-1] != ')')
    return sim_bootmap_fail(line, line->end, 1, NULL, error, "expected ')' at the end of the line");

  struct sim_bootmap_line inside = *line;
  inside.end--;
  return sim_bootmap_take_type(&inside, words, ret, error);
}
