/* SPDX-License-Identifier: MPL-2.0 */
/* /sys/firmware/memmap, as listings and as the folder itself; see bootmap.h. */
#include "sim/bootmap/reader.h"

#include <string.h>

#include "sim/error.h"

#define EXAMPLE "0000000000100000-00000000bffe0000 (System RAM)"

enum { HEX_DIGITS = 8, FILE_LIMIT = 4096 };

/* ---- Listings ---- */

static bool is_row(struct sim_bootmap_line line)
{
  if (!sim_bootmap_skip_pair(&line, HEX_DIGITS))
    return false;
  sim_bootmap_skip_blanks(&line);
  return sim_bootmap_take(&line, "(");
}

static bool read_listing(const sim_source *source, sim_bootmap *map, GError **error)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    enum fm_region_type type = FM_REGION_UNKNOWN;
    struct sim_bootmap_pair pair;
    if (!sim_bootmap_is_full(&line))
      continue;
    if (!sim_bootmap_take_pair(&line, &pair, error) ||
        !sim_bootmap_take_type_in_parentheses(&line, &sim_bootmap_linux_words, &type, error) ||
        !sim_bootmap_add_to_end(map, &line, &pair, type, error))
      return false;
  }
  return true;
}

static enum sim_bootmap_likeness likeness(const sim_source *source)
{
  return sim_bootmap_likeness_of_rows(source, is_row);
}

const struct sim_bootmap_reader sim_bootmap_sysfs = {"sysfs", EXAMPLE, likeness, read_listing};

/* ---- The folder: 0/start, 0/end, 0/type, 1/start, ... ---- */

/* The only line of a file.  It has no number: regions of a folder have no line. */
static sim_source *open_entry(const char *folder, guint entry, const char *name,
                              struct sim_bootmap_line *ret, GError **error)
{
  g_autofree char *path = g_strdup_printf("%s/%u/%s", folder, entry, name);
  sim_source *source = sim_source_load(path, FILE_LIMIT, error);

  if (source == NULL)
    return NULL;
  sim_bootmap_get_line(source, 1, ret);
  ret->number = 0;
  return source;
}

static bool read_entry(const char *folder, guint entry, sim_bootmap *map, GError **error)
{
  struct sim_bootmap_line first, last, words;
  enum fm_region_type type = FM_REGION_UNKNOWN;
  struct sim_bootmap_pair pair;

  g_autoptr(sim_source) start = open_entry(folder, entry, "start", &first, error);
  if (start == NULL || !sim_bootmap_take_hex(&first, "start address", &pair.first, error) ||
      !sim_bootmap_want_end(&first, "line", error))
    return false;
  g_autoptr(sim_source) end = open_entry(folder, entry, "end", &last, error);
  if (end == NULL)
    return false;
  pair.second_at = last.at;
  if (!sim_bootmap_take_hex(&last, "end address", &pair.second, error) ||
      !sim_bootmap_want_end(&last, "line", error))
    return false;
  g_autoptr(sim_source) kind = open_entry(folder, entry, "type", &words, error);
  return kind != NULL && sim_bootmap_take_type(&words, &sim_bootmap_linux_words, &type, error) &&
         sim_bootmap_add_to_last(map, &last, &pair, type, error);
}

bool sim_bootmap_read_folder(const char *folder, sim_bootmap *map, GError **error)
{
  /* The kernel numbers them without gaps. */
  for (guint entry = 0;; entry++) {
    g_autofree char *path = g_strdup_printf("%s/%u", folder, entry);
    if (!g_file_test(path, G_FILE_TEST_IS_DIR))
      break;
    if (!read_entry(folder, entry, map, error))
      return false;
  }
  if (map->regions->len > 0)
    return true;
  g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
              "'%s' is a folder without a map: expected folders 0, 1, ... with the files start, "
              "end and type, as in /sys/firmware/memmap",
              folder);
  return false;
}
