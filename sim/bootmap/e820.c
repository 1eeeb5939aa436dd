/* SPDX-License-Identifier: MPL-2.0 */
/* Firmware maps as kernels log them, old and new wording; see bootmap.h. */
#include <string.h>

#include "sim/bootmap/reader.h"

#define EXAMPLE "BIOS-e820: [mem 0x0000000000100000-0x00000000bfffffff] usable"
#define HINT    "for example: " EXAMPLE

/* The tables of a log, the one that counts first: what the firmware answered, by the call
 * that asked for it; what Xen gave to a guest; what the kernel then made of it, first with
 * the boot loader's data cut out (it is still usable), then with changes of its own, then
 * as its command line wanted it. */
static const struct marker {
  const char *text;
  guint table;
} markers[] = {
    {"BIOS-e820:", 0}, {"BIOS-e801:", 0},          {"BIOS-88:", 0},  {"Xen-e820:", 1},
    {"Xen:", 1},       {"reserve setup_data:", 2}, {"modified:", 3}, {"user:", 4},
};

enum { TABLES = 5, HEX_DIGITS = 8 };

/* Ends the line above each table of a whole log. */
static const char title[] = "physical RAM map";

/* Other lines of a log begin with the words of the kernel's own tables, too. */
static bool is_row(struct sim_bootmap_line line)
{
  sim_bootmap_skip_blanks(&line);
  return sim_bootmap_take(&line, "[mem") || sim_bootmap_take(&line, "[gap") ||
         sim_bootmap_skip_pair(&line, HEX_DIGITS);
}

/* Steps behind the marker of a row and returns it; NULL if there is none. */
static const struct marker *find_marker(struct sim_bootmap_line *line)
{
  /* Most lines of most files end here. */
  if (memchr(line->at, ':', (gsize)(line->end - line->at)) == NULL)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(markers); i++) {
    struct sim_bootmap_line rest = *line;
    while (sim_bootmap_find(&rest, markers[i].text)) {
      if (markers[i].table > 0 && !is_row(rest))
        continue; /* of a "user:" that a log wrote in front, perhaps */
      *line = rest;
      return &markers[i];
    }
  }
  return NULL;
}

static bool has_title(struct sim_bootmap_line line)
{
  return sim_bootmap_find(&line, title);
}

/* "mem 0x0-0xfff] usable", or "gap 0x1000-0x1fff]", which is no region. */
static bool read_bracketed(struct sim_bootmap_line *line, sim_bootmap *map, GError **error)
{
  bool is_gap = sim_bootmap_take(line, "gap");
  enum fm_region_type type = FM_REGION_UNKNOWN;
  struct sim_bootmap_pair pair;
  struct fm_range range;

  if ((!is_gap && !sim_bootmap_take(line, "mem")) || !sim_bootmap_skip_blanks(line))
    return sim_bootmap_fail(line, line->at, 1, HINT, error,
                            "expected 'mem' or 'gap' and an address");
  if (!sim_bootmap_take_pair(line, &pair, error))
    return false;
  sim_bootmap_skip_blanks(line);
  if (!sim_bootmap_want(line, "]", "']'", error))
    return false;
  sim_bootmap_skip_blanks(line);
  if (is_gap)
    return sim_bootmap_range_to_last(line, &pair, &range, error);
  return sim_bootmap_take_type(line, &sim_bootmap_linux_words, &type, error) &&
         sim_bootmap_add_to_last(map, line, &pair, type, error);
}

/* "0000000000000000 - 000000000009fc00 (usable)" */
static bool read_plain(struct sim_bootmap_line *line, sim_bootmap *map, GError **error)
{
  enum fm_region_type type = FM_REGION_UNKNOWN;
  struct sim_bootmap_pair pair;

  return sim_bootmap_take_pair(line, &pair, error) &&
         sim_bootmap_take_type_in_parentheses(line, &sim_bootmap_linux_words, &type, error) &&
         sim_bootmap_add_to_end(map, line, &pair, type, error);
}

/* *ret[i]: a marker of table i in the log, or NULL. */
static void find_tables(const sim_source *source, const struct marker *ret[TABLES])
{
  struct sim_bootmap_line line;

  for (guint i = 0; i < TABLES; i++)
    ret[i] = NULL;
  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    const struct marker *marker = find_marker(&line);
    if (marker != NULL && ret[marker->table] == NULL)
      ret[marker->table] = marker;
  }
}

/* Without the colon; new. */
static char *marker_name(const struct marker *marker)
{
  return g_strndup(marker->text, strlen(marker->text) - 1);
}

static void name_tables(sim_bootmap *map, const struct marker *const tables[TABLES], guint chosen)
{
  g_autoptr(GString) others = g_string_new(NULL);

  for (guint i = chosen + 1; i < TABLES; i++) {
    if (tables[i] == NULL)
      continue;
    g_autofree char *name = marker_name(tables[i]);
    g_string_append_printf(others, "%s%s", others->len > 0 ? ", " : "", name);
  }
  sim_bootmap_set_tables(map, marker_name(tables[chosen]),
                         others->len > 0 ? g_strdup(others->str) : NULL);
}

static bool read_e820(const sim_source *source, sim_bootmap *map, GError **error)
{
  const struct marker *tables[TABLES];
  struct sim_bootmap_line line;
  guint chosen = 0;

  find_tables(source, tables);
  while (chosen < TABLES && tables[chosen] == NULL)
    chosen++;
  if (chosen == TABLES)
    return true;
  name_tables(map, tables, chosen);
  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    /* The next table: another one, or that of a later boot or of another console. */
    if (map->regions->len > 0 && has_title(line))
      break;
    const struct marker *marker = find_marker(&line);
    if (marker == NULL || marker->table != chosen)
      continue;
    sim_bootmap_skip_blanks(&line);
    bool good = sim_bootmap_take(&line, "[") ? read_bracketed(&line, map, error)
                                             : read_plain(&line, map, error);
    if (!good)
      return false;
  }
  return true;
}

static enum sim_bootmap_likeness likeness(const sim_source *source)
{
  const struct marker *tables[TABLES];
  enum sim_bootmap_likeness most = SIM_BOOTMAP_NOT;

  find_tables(source, tables);
  for (guint i = 1; i < TABLES; i++) {
    if (tables[i] != NULL)
      most = SIM_BOOTMAP_DERIVED;
  }
  return tables[0] != NULL ? SIM_BOOTMAP_IN_LOG : most;
}

const struct sim_bootmap_reader sim_bootmap_e820 = {"e820", EXAMPLE, likeness, read_e820};
