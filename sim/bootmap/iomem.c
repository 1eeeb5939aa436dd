/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/iomem: what the kernel knows of physical addresses; see bootmap.h. */
#include "sim/bootmap/reader.h"

#include <string.h>

#define EXAMPLE "00100000-bfffffff : System RAM"
#define HINT    "for example: " EXAMPLE

enum { HEX_DIGITS = 8 };

/* The rows that come from the firmware's map.  All others are devices, and count as absent. */
static const struct sim_bootmap_word names[] = {
    {"System RAM", FM_REGION_USABLE},
    {"Reserved", FM_REGION_RESERVED},
    {"ACPI Tables", FM_REGION_RECLAIMABLE},
    {"ACPI Non-volatile Storage", FM_REGION_NONVOLATILE_SLEEP},
    {"Unusable memory", FM_REGION_BAD_MEMORY},
    {"Persistent Memory", FM_REGION_RESERVED},
    {"Persistent Memory (legacy)", FM_REGION_RESERVED},
};

/* A device, although it is nearly a name of the above. */
static const char rom[] = "System ROM";

static bool is_row(struct sim_bootmap_line line)
{
  return sim_bootmap_skip_pair(&line, HEX_DIGITS) && sim_bootmap_take(&line, " : ");
}

/* One letter is wrong, missing or too many, or two neighbours are swapped.  A device may be
 * called anything, so what differs more is no slip. */
static bool is_slip(const char *a, const char *b)
{
  gsize a_length = strlen(a), b_length = strlen(b), same = 0;

  while (a[same] != '\0' && g_ascii_tolower(a[same]) == g_ascii_tolower(b[same]))
    same++;
  if (same == a_length && same == b_length)
    return true; /* with a NUL and more behind */
  if (a_length == b_length)
    return g_ascii_strcasecmp(a + same + 1, b + same + 1) == 0 ||
           (same + 2 <= a_length && g_ascii_tolower(a[same]) == g_ascii_tolower(b[same + 1]) &&
            g_ascii_tolower(a[same + 1]) == g_ascii_tolower(b[same]) &&
            g_ascii_strcasecmp(a + same + 2, b + same + 2) == 0);
  if (a_length + 1 == b_length)
    return g_ascii_strcasecmp(a + same, b + same + 1) == 0;
  return a_length == b_length + 1 && g_ascii_strcasecmp(a + same + 1, b + same) == 0;
}

/* The type of the name that is the rest of the line; FM_REGION_TYPES for a device. */
static bool take_name(const struct sim_bootmap_line *line, enum fm_region_type *ret, GError **error)
{
  const gsize length = (gsize)(line->end - line->at);
  g_autofree char *name = g_strndup(line->at, length);

  *ret = FM_REGION_TYPES;
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    if (strlen(name) == length && g_ascii_strcasecmp(name, names[i].words) == 0) {
      *ret = names[i].type;
      return true;
    }
  }
  for (gsize i = 0; i < G_N_ELEMENTS(names) && strcmp(name, rom) != 0; i++) {
    if (!is_slip(name, names[i].words))
      continue;
    g_autofree char *hint = g_strdup_printf("did you mean '%s'?", names[i].words);
    return sim_bootmap_fail(line, line->at, length, hint, error, "unknown type of memory '%s'",
                            name);
  }
  return true;
}

/* *ret_hidden: the kernel showed no address. */
static bool read_row(struct sim_bootmap_line *line, sim_bootmap *map, bool *ret_hidden,
                     GError **error)
{
  enum fm_region_type type = FM_REGION_TYPES;
  struct sim_bootmap_pair pair;

  if (!sim_bootmap_take_pair(line, &pair, error) ||
      !sim_bootmap_want(line, " : ", "' : ' and a name", error) || !take_name(line, &type, error))
    return false;
  *ret_hidden = pair.first == 0 && pair.second == 0;
  if (*ret_hidden || type == FM_REGION_TYPES)
    return true;
  return sim_bootmap_add_to_last(map, line, &pair, type, error);
}

static bool fail_hidden(const sim_source *source, guint number, GError **error)
{
  struct sim_bootmap_line line = {0};

  sim_bootmap_get_line(source, number, &line);
  sim_bootmap_is_full(&line);
  return sim_bootmap_fail(&line, line.at, 17,
                          "the kernel shows addresses to root only:\n"
                          "sudo cat /proc/iomem >FILE",
                          error, "all addresses are zero");
}

/* Rows of the first row's indentation are the top level; what stands deeper is inside. */
static bool read_iomem(const sim_source *source, sim_bootmap *map, GError **error)
{
  struct sim_bootmap_line line;
  gsize margin = 0;
  guint first = 0;
  bool all_hidden = true;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    const char *start = line.at;
    bool hidden = true;
    if (!sim_bootmap_is_full(&line))
      continue;
    gsize indentation = (gsize)(line.at - start);
    if (first == 0) {
      first = i;
      margin = indentation;
    }
    if (indentation < margin)
      return sim_bootmap_fail(&line, line.at, 1, NULL, error,
                              "this line stands further left than line %u, the first one", first);
    if (indentation > margin)
      continue;
    if (!read_row(&line, map, &hidden, error))
      return false;
    all_hidden = all_hidden && hidden;
  }
  return first == 0 || !all_hidden || fail_hidden(source, first, error);
}

static enum sim_bootmap_likeness likeness(const sim_source *source)
{
  return sim_bootmap_likeness_of_rows(source, is_row);
}

const struct sim_bootmap_reader sim_bootmap_iomem = {"iomem", EXAMPLE, likeness, read_iomem};
