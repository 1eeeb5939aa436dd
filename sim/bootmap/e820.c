/* SPDX-License-Identifier: MPL-2.0 */
/* Firmware maps as kernels log them, old and new wording; see bootmap.h. */
#include "sim/bootmap/reader.h"

#include <string.h>

#define EXAMPLE "BIOS-e820: [mem 0x0000000000100000-0x00000000bfffffff] usable"
#define HINT    "for example: " EXAMPLE

/* What the firmware answered, by the call that asked for it. */
static const char *const markers[] = {"BIOS-e820:", "BIOS-e801:", "BIOS-88:"};

/* Stands above each table of a whole log. */
static const char title[] = "BIOS-provided physical RAM map";

/* Anything else is reserved: nobody may use memory of a kind that we do not know. */
static const struct wording {
  const char *words;
  enum fm_region_type type;
} wordings[] = {
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
};

/* The two numbers of a line, and where the second stands. */
struct pair {
  uint64_t first;
  uint64_t second;
  const char *second_at;
};

/* Steps behind the marker, if there is one. */
static bool find_marker(struct sim_bootmap_line *line)
{
  for (gsize i = 0; i < G_N_ELEMENTS(markers); i++) {
    if (sim_bootmap_find(line, markers[i]))
      return true;
  }
  return false;
}

static bool has_title(struct sim_bootmap_line line)
{
  return sim_bootmap_find(&line, title);
}

static bool take_pair(struct sim_bootmap_line *line, struct pair *ret, GError **error)
{
  struct pair pair;

  if (!sim_bootmap_take_hex(line, "start address", &pair.first, error))
    return false;
  sim_bootmap_skip_blanks(line);
  if (!sim_bootmap_take(line, "-"))
    return sim_bootmap_fail(line, line->at, 1, NULL, error, "expected '-' and the end address");
  sim_bootmap_skip_blanks(line);
  pair.second_at = line->at;
  if (!sim_bootmap_take_hex(line, "end address", &pair.second, error))
    return false;
  *ret = pair;
  return true;
}

/* The wording that the line goes on with, to its end or to a character that is not of the
 * same word; the longest one. */
static const struct wording *match_wording(const struct sim_bootmap_line *line)
{
  const gsize left = (gsize)(line->end - line->at);
  const struct wording *best = NULL;
  gsize most = 0;

  for (gsize i = 0; i < G_N_ELEMENTS(wordings); i++) {
    gsize length = strlen(wordings[i].words);
    if (length <= most || length > left ||
        g_ascii_strncasecmp(line->at, wordings[i].words, length) != 0)
      continue;
    if (length < left && (g_ascii_isalnum(line->at[length]) || line->at[length] == '-'))
      continue;
    best = &wordings[i];
    most = length;
  }
  return best;
}

/* "type 20", "persistent (type 12)", "device reserved". */
static bool check_other_type(const struct sim_bootmap_line *line, GError **error)
{
  for (const char *p = line->at; p < line->end; p++) {
    if (!g_ascii_isalnum(*p) && (*p == '\0' || strchr(" ()-_/,.+", *p) == NULL))
      return sim_bootmap_fail(line, p, 1, HINT, error,
                              "a type of memory does not hold this character");
  }
  return true;
}

/* Types that are reserved by that name, so that they are not taken for slips. */
static const char *const reserved_words[] = {"reserved", "device reserved", "Soft Reserved",
                                             "unknown"};

/* "usabel" is no unknown kind of memory but a slip, and would cost that memory. */
static bool check_spelling(const struct sim_bootmap_line *line, GError **error)
{
  const char *candidates[G_N_ELEMENTS(wordings) + G_N_ELEMENTS(reserved_words) + 1] = {NULL};
  g_autofree char *words = g_strndup(line->at, (gsize)(line->end - line->at));
  gsize count = 0;

  g_strstrip(words);
  for (gsize i = 0; i < G_N_ELEMENTS(reserved_words); i++) {
    if (g_ascii_strcasecmp(words, reserved_words[i]) == 0)
      return true;
    candidates[count++] = reserved_words[i];
  }
  for (gsize i = 0; i < G_N_ELEMENTS(wordings); i++)
    candidates[count++] = wordings[i].words;
  const char *near = sim_suggest(words, candidates);
  if (near == NULL)
    return true;
  g_autofree char *hint = g_strdup_printf("did you mean '%s'?", near);
  return sim_bootmap_fail(line, line->at, strlen(words), hint, error, "unknown type of memory '%s'",
                          words);
}

/* The rest of the line is the type.  A known one with something behind it is refused
 * rather than taken for an unknown one: RAM would get lost in silence. */
static bool take_type(struct sim_bootmap_line *line, enum fm_region_type *ret, GError **error)
{
  if (sim_bootmap_at_end(line))
    return sim_bootmap_fail(line, line->at, 1, HINT, error, "expected the type of memory");

  const struct wording *wording = match_wording(line);
  if (wording == NULL) {
    if (!check_other_type(line, error) || !check_spelling(line, error))
      return false;
    *ret = FM_REGION_RESERVED;
    return true;
  }
  line->at += strlen(wording->words);
  if (!sim_bootmap_at_end(line))
    return sim_bootmap_fail(line, line->at, (gsize)(line->end - line->at), NULL, error,
                            "unexpected text behind the type '%s'", wording->words);
  *ret = wording->type;
  return true;
}

/* Half open, from a pair whose second number is the last byte. */
static bool range_of_inclusive(const struct sim_bootmap_line *line, const struct pair *pair,
                               struct fm_range *ret, GError **error)
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

/* "mem 0x0-0xfff] usable", or "gap 0x1000-0x1fff]", which is no region. */
static bool read_bracketed(struct sim_bootmap_line *line, sim_bootmap *map, GError **error)
{
  bool is_gap = sim_bootmap_take(line, "gap");
  enum fm_region_type type = FM_REGION_UNKNOWN;
  struct fm_range range;
  struct pair pair;

  if ((!is_gap && !sim_bootmap_take(line, "mem")) || !sim_bootmap_skip_blanks(line))
    return sim_bootmap_fail(line, line->at, 1, HINT, error,
                            "expected 'mem' or 'gap' and an address");
  if (!take_pair(line, &pair, error))
    return false;
  sim_bootmap_skip_blanks(line);
  if (!sim_bootmap_take(line, "]"))
    return sim_bootmap_fail(line, line->at, 1, NULL, error, "expected ']'");
  sim_bootmap_skip_blanks(line);
  if (!is_gap && !take_type(line, &type, error))
    return false;
  if (!range_of_inclusive(line, &pair, &range, error))
    return false;
  return is_gap || sim_bootmap_add(map, line, pair.second_at, range, type, error);
}

/* "0000000000000000 - 000000000009fc00 (usable)" */
static bool read_plain(struct sim_bootmap_line *line, sim_bootmap *map, GError **error)
{
  enum fm_region_type type;
  struct pair pair;

  if (!take_pair(line, &pair, error))
    return false;
  sim_bootmap_skip_blanks(line);
  if (!sim_bootmap_take(line, "("))
    return sim_bootmap_fail(line, line->at, 1, NULL, error,
                            "expected the type of memory in parentheses");
  if (sim_bootmap_at_end(line) || line->end[-1] != ')')
    return sim_bootmap_fail(line, line->end, 1, NULL, error, "expected ')' at the end of the line");

  struct sim_bootmap_line words = *line;
  words.end--;
  if (!take_type(&words, &type, error))
    return false;
  return sim_bootmap_add(map, line, pair.second_at, fm_range_of(pair.first, pair.second), type,
                         error);
}

static bool read_e820(const sim_source *source, sim_bootmap *map, GError **error)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    /* The same table of a later boot, or printed again by another console. */
    if (map->regions->len > 0 && has_title(line))
      break;
    if (!find_marker(&line))
      continue;
    sim_bootmap_skip_blanks(&line);
    bool good = sim_bootmap_take(&line, "[") ? read_bracketed(&line, map, error)
                                             : read_plain(&line, map, error);
    if (!good)
      return false;
  }
  return true;
}

static guint likeness(const sim_source *source)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    if (find_marker(&line))
      return 2;
  }
  return 0;
}

const struct sim_bootmap_reader sim_bootmap_e820 = {"e820", EXAMPLE, likeness, read_e820};
