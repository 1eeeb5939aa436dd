/* SPDX-License-Identifier: MPL-2.0 */
/* The table that Xen itself logs, before any guest runs; see bootmap.h. */
#include "sim/bootmap/reader.h"

#define EXAMPLE "(XEN)  0000000000100000 - 00000000cff9e000 (usable)"

enum { DIGITS = 12 }; /* 16 are printed */

static const char marker[] = "(XEN)";

/* Ends the line above each table. */
static const char title[] = "RAM map";

/* Or with what was meant as one: a row with a wrong letter is a mistake, not another line. */
static bool starts_with_address(struct sim_bootmap_line line)
{
  guint digits = 0;

  sim_bootmap_take(&line, "[");
  if (sim_bootmap_at_end(&line) || !g_ascii_isxdigit(*line.at))
    return false;
  for (; !sim_bootmap_at_end(&line) && g_ascii_isalnum(*line.at); line.at++)
    digits++;
  sim_bootmap_skip_blanks(&line);
  return digits >= DIGITS && (sim_bootmap_take(&line, "-") || sim_bootmap_take(&line, ","));
}

/* Steps behind the marker, and behind a time stamp. */
static bool find_marker(struct sim_bootmap_line *line)
{
  if (!sim_bootmap_find(line, marker))
    return false;
  sim_bootmap_skip_blanks(line);
  if (!starts_with_address(*line) && sim_bootmap_take(line, "["))
    sim_bootmap_find(line, "]");
  sim_bootmap_skip_blanks(line);
  return true;
}

static bool has_title(struct sim_bootmap_line line)
{
  return sim_bootmap_find(&line, title);
}

/* "0000000000000000, 000000000009fbff] (usable)": newer ones name the last byte. */
static bool read_bracketed(struct sim_bootmap_line *line, sim_bootmap *map, GError **error)
{
  enum fm_region_type type = FM_REGION_UNKNOWN;
  struct sim_bootmap_pair pair;

  if (!sim_bootmap_take_hex(line, "start address", &pair.first, error) ||
      !sim_bootmap_want(line, ",", "',' and the last address", error))
    return false;
  sim_bootmap_skip_blanks(line);
  pair.second_at = line->at;
  return sim_bootmap_take_hex(line, "last address", &pair.second, error) &&
         sim_bootmap_want(line, "]", "']'", error) &&
         sim_bootmap_take_type_in_parentheses(line, &sim_bootmap_linux_words, &type, error) &&
         sim_bootmap_add_to_last(map, line, &pair, type, error);
}

static bool read_plain(struct sim_bootmap_line *line, sim_bootmap *map, GError **error)
{
  enum fm_region_type type = FM_REGION_UNKNOWN;
  struct sim_bootmap_pair pair;

  return sim_bootmap_take_pair(line, &pair, error) &&
         sim_bootmap_take_type_in_parentheses(line, &sim_bootmap_linux_words, &type, error) &&
         sim_bootmap_add_to_end(map, line, &pair, type, error);
}

static bool read_xen(const sim_source *source, sim_bootmap *map, GError **error)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    if (!find_marker(&line))
      continue;
    if (map->regions->len > 0 && has_title(line))
      break; /* a later boot */
    if (!starts_with_address(line))
      continue;
    bool good = sim_bootmap_take(&line, "[") ? read_bracketed(&line, map, error)
                                             : read_plain(&line, map, error);
    if (!good)
      return false;
  }
  return true;
}

static enum sim_bootmap_likeness likeness(const sim_source *source)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    if (find_marker(&line) && starts_with_address(line))
      return SIM_BOOTMAP_IN_LOG;
  }
  return SIM_BOOTMAP_NOT;
}

const struct sim_bootmap_reader sim_bootmap_xen = {"xen", EXAMPLE, likeness, read_xen};
