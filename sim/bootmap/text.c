/* SPDX-License-Identifier: MPL-2.0 */
/* Our own plain form of memory maps; see bootmap.h. */
#include "sim/bootmap/reader.h"

#include <string.h>

#define EXAMPLE "usable 0x100000 64M"

enum { WORD_MAX = 64 }; /* bytes of a wrong word that a message repeats */

/* Cuts off a comment, and blanks before it and in front. */
static void trim(struct sim_bootmap_line *line)
{
  const char *comment = memchr(line->at, '#', (gsize)(line->end - line->at));

  if (comment != NULL)
    line->end = comment;
  while (line->end > line->at && (line->end[-1] == ' ' || line->end[-1] == '\t'))
    line->end--;
  sim_bootmap_skip_blanks(line);
}

/* Steps over everything up to the next blank; new. */
static char *take_word(struct sim_bootmap_line *line)
{
  const char *start = line->at;

  while (line->at < line->end && *line->at != ' ' && *line->at != '\t')
    line->at++;
  return g_strndup(start, MIN((gsize)(line->at - start), WORD_MAX));
}

bool sim_bootmap_take_type_name(struct sim_bootmap_line *line, enum fm_region_type *ret,
                                GError **error)
{
  const char *names[FM_REGION_TYPES + 1] = {NULL};
  const char *start = line->at;
  g_autofree char *word = take_word(line);
  enum fm_region_type type = fm_region_type_by_name(word);

  /* A NUL ends the copy, but not the word. */
  if (type != FM_REGION_TYPES && strlen(word) == (gsize)(line->at - start)) {
    *ret = type;
    return true;
  }
  for (guint i = 0; i < FM_REGION_TYPES; i++)
    names[i] = fm_region_type_name(i);
  const char *near = sim_suggest(word, names);
  g_autofree char *all = g_strjoinv(", ", (char **)names);
  g_autofree char *hint = near != NULL ? g_strdup_printf("did you mean '%s'?", near)
                                       : g_strdup_printf("the types are: %s", all);
  return sim_bootmap_fail(line, start, (gsize)(line->at - start), hint, error,
                          "no type of memory is named '%s'", word);
}

/* "0x9fc00 1K" or "0x9fc00-0xa0000"; *ret_at is where the second number stands. */
static bool take_range(struct sim_bootmap_line *line, struct fm_range *ret, const char **ret_at,
                       GError **error)
{
  uint64_t start, second;

  if (!sim_bootmap_take_number(line, "start address", &start, error))
    return false;
  bool has_blank = sim_bootmap_skip_blanks(line);
  bool has_end = sim_bootmap_take(line, "-");
  if (!has_end && !has_blank)
    return sim_bootmap_fail(line, line->at, 1, "for example: " EXAMPLE, error,
                            "expected a size, or '-' and an end address");
  if (has_end)
    sim_bootmap_skip_blanks(line);
  const char *at = line->at;
  if (!sim_bootmap_take_number(line, has_end ? "end address" : "size", &second, error))
    return false;
  if (!has_end && second > UINT64_MAX - start)
    return sim_bootmap_fail(line, at, 1, NULL, error,
                            "with this size the region reaches 2^64 or goes past it, but its end "
                            "has to fit 64 bits");
  *ret = fm_range_of(start, has_end ? second : start + second);
  *ret_at = at;
  return true;
}

static bool read_line(struct sim_bootmap_line *line, sim_bootmap *map, GError **error)
{
  enum fm_region_type type = FM_REGION_UNKNOWN;
  struct fm_range range = {0};
  const char *at = line->at;

  if (!sim_bootmap_take_type_name(line, &type, error))
    return false;
  sim_bootmap_skip_blanks(line);
  if (!take_range(line, &range, &at, error))
    return false;
  sim_bootmap_skip_blanks(line);
  if (!sim_bootmap_at_end(line))
    return sim_bootmap_fail(line, line->at, (gsize)(line->end - line->at), NULL, error,
                            "unexpected text behind the region; comments begin with '#'");
  return sim_bootmap_add(map, line, at, range, type, error);
}

static bool read_text(const sim_source *source, sim_bootmap *map, GError **error)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    trim(&line);
    if (!sim_bootmap_at_end(&line) && !read_line(&line, map, error))
      return false;
  }
  return true;
}

/* The first line that is no comment decides.  A type and a number: surer than any log
 * line, which may be quoted in a comment here.  A misspelt type and a number: perhaps. */
static enum sim_bootmap_likeness likeness(const sim_source *source)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    trim(&line);
    if (sim_bootmap_at_end(&line))
      continue;
    g_autofree char *word = take_word(&line);
    if (word[strspn(word, G_CSET_a_2_z G_CSET_A_2_Z "_-")] != '\0')
      return SIM_BOOTMAP_NOT;
    sim_bootmap_skip_blanks(&line);
    if (sim_bootmap_at_end(&line) || !g_ascii_isdigit(*line.at))
      return SIM_BOOTMAP_NOT;
    return fm_region_type_by_name(word) != FM_REGION_TYPES ? SIM_BOOTMAP_WHOLE
                                                           : SIM_BOOTMAP_PERHAPS;
  }
  return SIM_BOOTMAP_NOT;
}

const struct sim_bootmap_reader sim_bootmap_text = {"text", EXAMPLE, likeness, read_text};
