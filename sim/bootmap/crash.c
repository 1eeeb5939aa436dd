/* SPDX-License-Identifier: MPL-2.0 */
/* What `mach -m` of crash(8) prints of a kernel dump; see bootmap.h. */
#include "sim/bootmap/reader.h"

#define EXAMPLE "0000000000100000 - 00000000bfff0000  E820_RAM"

enum { HEX_DIGITS = 8 };

static const struct sim_bootmap_words words = {
    (const struct sim_bootmap_word[]){
        {"E820_RAM", FM_REGION_USABLE},
        {"E820_ACPI", FM_REGION_RECLAIMABLE},
        {"E820_NVS", FM_REGION_NONVOLATILE_SLEEP},
        {"E820_UNUSABLE", FM_REGION_BAD_MEMORY},
        {"E820_TYPE_RAM", FM_REGION_USABLE},
        {"E820_TYPE_ACPI", FM_REGION_RECLAIMABLE},
        {"E820_TYPE_NVS", FM_REGION_NONVOLATILE_SLEEP},
        {"E820_TYPE_UNUSABLE", FM_REGION_BAD_MEMORY},
        {"E820_RESERVED", FM_REGION_RESERVED},
        {"E820_RESERVED_KERN", FM_REGION_RESERVED}, /* RAM with the boot loader's data */
        {"E820_PMEM", FM_REGION_RESERVED},
        {"E820_PRAM", FM_REGION_RESERVED},
        {"E820_TYPE_RESERVED", FM_REGION_RESERVED},
        {"E820_TYPE_RESERVED_KERN", FM_REGION_RESERVED},
        {"E820_TYPE_PMEM", FM_REGION_RESERVED},
        {"E820_TYPE_PRAM", FM_REGION_RESERVED},
        {"E820_TYPE_SOFT_RESERVED", FM_REGION_RESERVED},
        {NULL, FM_REGION_RESERVED},
    },
    "for example: E820_RAM, E820_RESERVED, E820_ACPI, E820_NVS",
};

static bool is_row(struct sim_bootmap_line line)
{
  if (!sim_bootmap_skip_pair(&line, HEX_DIGITS) || !sim_bootmap_skip_blanks(&line))
    return false;
  return sim_bootmap_take(&line, "E820_") || sim_bootmap_take(&line, "type ");
}

/* The command, and the line above the table. */
static bool is_heading(struct sim_bootmap_line line)
{
  return sim_bootmap_take(&line, "crash>") || sim_bootmap_take(&line, "PHYSICAL ");
}

static bool read_row(struct sim_bootmap_line *line, sim_bootmap *map, GError **error)
{
  enum fm_region_type type = FM_REGION_UNKNOWN;
  struct sim_bootmap_pair pair;

  if (!sim_bootmap_take_pair(line, &pair, error))
    return false;
  sim_bootmap_skip_blanks(line);
  return sim_bootmap_take_type(line, &words, &type, error) &&
         sim_bootmap_add_to_end(map, line, &pair, type, error);
}

static bool read_crash(const sim_source *source, sim_bootmap *map, GError **error)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    if (sim_bootmap_is_full(&line) && !is_heading(line) && !read_row(&line, map, error))
      return false;
  }
  return true;
}

static enum sim_bootmap_likeness likeness(const sim_source *source)
{
  return sim_bootmap_likeness_of_rows(source, is_row);
}

const struct sim_bootmap_reader sim_bootmap_crash = {"crash", EXAMPLE, likeness, read_crash};
