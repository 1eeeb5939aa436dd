/* SPDX-License-Identifier: MPL-2.0 */
/* The listing of lsmem(1), also of its options -a, -b, -n, -P and -r; see bootmap.h. */
#include "sim/bootmap/reader.h"

#include <string.h>

#define EXAMPLE "0x0000000000000000-0x00000000bfffffff   3G online  yes  0-23"
#define HINT    "for example: " EXAMPLE

enum { HEX_DIGITS = 8, WORD_MAX = 32 };

static const char pairs_form[] = "RANGE=\"";

/* Memory that is there but switched off, or about to be, belongs to nobody. */
static const struct sim_bootmap_word states[] = {
    {"online", FM_REGION_USABLE},
    {"offline", FM_REGION_RESERVED},
    {"going-offline", FM_REGION_RESERVED},
    {"on->off", FM_REGION_RESERVED},
};

/* Steps into the row, to its addresses. */
static bool find_row(struct sim_bootmap_line *line)
{
  sim_bootmap_skip_blanks(line);
  if (sim_bootmap_take(line, pairs_form))
    return true;
  return line->end - line->at > 2 && memcmp(line->at, "0x", 2) == 0;
}

static bool is_row(struct sim_bootmap_line line)
{
  if (!find_row(&line) || !sim_bootmap_skip_pair(&line, HEX_DIGITS) || sim_bootmap_at_end(&line))
    return false;
  return *line.at == '"' ||
         (sim_bootmap_skip_blanks(&line) && (g_ascii_isdigit(*line.at) || *line.at == '-'));
}

static bool is_between_words(char c)
{
  return c == ' ' || c == '\t' || c == '"';
}

/* The next word, to a blank or a quote; new. */
static char *take_word(struct sim_bootmap_line *line, const char **ret_at)
{
  while (line->at < line->end && is_between_words(*line->at))
    line->at++;
  *ret_at = line->at;
  while (line->at < line->end && !is_between_words(*line->at))
    line->at++;
  return g_strndup(*ret_at, MIN((gsize)(line->at - *ret_at), WORD_MAX));
}

/* The first word of the rest that is a state; the columns can be chosen. */
static bool find_state(const struct sim_bootmap_line *line, enum fm_region_type *ret,
                       GError **error)
{
  const char *names[G_N_ELEMENTS(states) + 1] = {NULL};
  struct sim_bootmap_line rest = *line;
  const char *at = line->at, *near = NULL, *near_at = line->at;
  gsize near_length = 1;

  for (gsize i = 0; i < G_N_ELEMENTS(states); i++)
    names[i] = states[i].words;
  while (!sim_bootmap_at_end(&rest)) {
    g_autofree char *word = take_word(&rest, &at);
    for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
      if (strcmp(word, states[i].words) == 0) {
        *ret = states[i].type;
        return true;
      }
    }
    if (near == NULL && (near = sim_suggest(word, names)) != NULL) {
      near_at = at;
      near_length = (gsize)(rest.at - at);
    }
  }
  g_autofree char *hint =
      near != NULL ? g_strdup_printf("did you mean '%s'?", near) : g_strdup(HINT);
  return sim_bootmap_fail(line, near_at, near_length, hint, error,
                          "expected a state: online, offline or going-offline");
}

static bool read_lsmem(const sim_source *source, sim_bootmap *map, GError **error)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    enum fm_region_type type = FM_REGION_UNKNOWN;
    struct sim_bootmap_pair pair;
    /* The rest is headings and sums. */
    if (!find_row(&line))
      continue;
    if (!sim_bootmap_take_pair(&line, &pair, error) || !find_state(&line, &type, error) ||
        !sim_bootmap_add_to_last(map, &line, &pair, type, error))
      return false;
  }
  return true;
}

static enum sim_bootmap_likeness likeness(const sim_source *source)
{
  return sim_bootmap_likeness_of_rows(source, is_row);
}

const struct sim_bootmap_reader sim_bootmap_lsmem = {"lsmem", EXAMPLE, likeness, read_lsmem};
