/* SPDX-License-Identifier: MPL-2.0 */
/* Firmware maps as kernels log them, old and new wording; see bootmap.h. */
#include "sim/bootmap/reader.h"

#define EXAMPLE "BIOS-e820: [mem 0x0000000000100000-0x00000000bfffffff] usable"
#define HINT    "for example: " EXAMPLE

/* The tables of a log, the one that counts first: what the firmware answered, by the call
 * that asked for it; what Xen gave to a guest; what the kernel then made of it, first with
 * the boot loader's data cut out (it is still usable), then with changes of its own, then
 * as its command line wanted it. */
static const struct marker {
  const char *name; /* stands before a colon */
  guint table;
} markers[] = {
    {"BIOS-e820", 0}, {"BIOS-e801", 0},          {"BIOS-88", 0},  {"Xen-e820", 1},
    {"Xen", 1},       {"reserve setup_data", 2}, {"modified", 3}, {"user", 4},
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
  for (gsize i = 0; i < G_N_ELEMENTS(markers); i++) {
    struct sim_bootmap_line rest = *line;
    if (!sim_bootmap_find(&rest, markers[i].name) || !sim_bootmap_take(&rest, ":"))
      continue;
    if (markers[i].table > 0 && !is_row(rest))
      continue;
    *line = rest;
    return &markers[i];
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

/* Bit i: the log has table i; ret_names: by which names. */
static guint find_tables(const sim_source *source, const char *ret_names[TABLES])
{
  struct sim_bootmap_line line;
  guint tables = 0;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    const struct marker *marker = find_marker(&line);
    if (marker == NULL || (tables & 1u << marker->table) != 0)
      continue;
    tables |= 1u << marker->table;
    ret_names[marker->table] = marker->name;
  }
  return tables;
}

static void name_tables(sim_bootmap *map, const char *const names[TABLES], guint chosen)
{
  g_autoptr(GString) others = g_string_new(NULL);

  for (guint i = chosen + 1; i < TABLES; i++) {
    if (names[i] != NULL)
      g_string_append_printf(others, "%s%s", others->len > 0 ? ", " : "", names[i]);
  }
  sim_bootmap_set_tables(map, g_strdup(names[chosen]),
                         others->len > 0 ? g_strdup(others->str) : NULL);
}

static bool read_e820(const sim_source *source, sim_bootmap *map, GError **error)
{
  const char *names[TABLES] = {NULL};
  guint tables = find_tables(source, names);
  struct sim_bootmap_line line;

  if (tables == 0)
    return true;
  const guint chosen = (guint)__builtin_ctz(tables);
  name_tables(map, names, chosen);
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
  const char *names[TABLES];
  guint tables = find_tables(source, names);

  if (tables == 0)
    return SIM_BOOTMAP_NOT;
  return (tables & 1u) != 0 ? SIM_BOOTMAP_IN_LOG : SIM_BOOTMAP_DERIVED;
}

const struct sim_bootmap_reader sim_bootmap_e820 = {"e820", EXAMPLE, likeness, read_e820};
