/* SPDX-License-Identifier: MPL-2.0 */
/* The memory map of EFI as kernels log it (efi=debug), both ages; see bootmap.h. */
#include "sim/bootmap/reader.h"

#include <string.h>

#define EXAMPLE "efi: mem00: [Conventional Memory|   |WB|WT|WC|UC] range=[0x0-0xfff] (0MB)"
#define HINT    "for example: " EXAMPLE

static const char *const markers[] = {"efi: mem", "EFI: mem"};

/* By number; what stands behind is reserved. */
static const enum fm_region_type numbered[] = {
    FM_REGION_RESERVED,          /* reserved */
    FM_REGION_USABLE,            /* loader code */
    FM_REGION_USABLE,            /* loader data */
    FM_REGION_USABLE,            /* boot services code */
    FM_REGION_USABLE,            /* boot services data */
    FM_REGION_RESERVED,          /* runtime services code */
    FM_REGION_RESERVED,          /* runtime services data */
    FM_REGION_USABLE,            /* conventional */
    FM_REGION_BAD_MEMORY,        /* unusable */
    FM_REGION_RECLAIMABLE,       /* ACPI reclaim */
    FM_REGION_NONVOLATILE_SLEEP, /* ACPI NVS */
};

/* Newer kernels write shorter words. */
static const struct sim_bootmap_words words = {
    (const struct sim_bootmap_word[]){
        {"Conventional Memory", FM_REGION_USABLE},
        {"Conventional", FM_REGION_USABLE},
        {"Loader Code", FM_REGION_USABLE},
        {"Loader Data", FM_REGION_USABLE},
        {"Boot Code", FM_REGION_USABLE},
        {"Boot Data", FM_REGION_USABLE},
        {"Unusable Memory", FM_REGION_BAD_MEMORY},
        {"Unusable", FM_REGION_BAD_MEMORY},
        {"ACPI Reclaim Memory", FM_REGION_RECLAIMABLE},
        {"ACPI Reclaim", FM_REGION_RECLAIMABLE},
        {"ACPI Memory NVS", FM_REGION_NONVOLATILE_SLEEP},
        {"ACPI Mem NVS", FM_REGION_NONVOLATILE_SLEEP},
        {"Reserved", FM_REGION_RESERVED},
        {"Runtime Code", FM_REGION_RESERVED},
        {"Runtime Data", FM_REGION_RESERVED},
        {"Memory Mapped I/O", FM_REGION_RESERVED},
        {"MMIO", FM_REGION_RESERVED},
        {"MMIO Port Space", FM_REGION_RESERVED},
        {"MMIO Port", FM_REGION_RESERVED},
        {"PAL Code", FM_REGION_RESERVED},
        {"Persistent Memory", FM_REGION_RESERVED},
        {"Persistent", FM_REGION_RESERVED},
        {"Unaccepted", FM_REGION_RESERVED},
        {NULL, FM_REGION_RESERVED},
    },
    HINT,
};

/* Steps behind "efi: mem07:"; *ret is that number. */
static bool find_marker(struct sim_bootmap_line *line, uint64_t *ret)
{
  for (gsize i = 0; i < G_N_ELEMENTS(markers); i++) {
    struct sim_bootmap_line rest = *line;
    if (sim_bootmap_find(&rest, markers[i]) &&
        sim_bootmap_take_decimal(&rest, "number", ret, NULL) && sim_bootmap_take(&rest, ":")) {
      *line = rest;
      return true;
    }
  }
  return false;
}

/* "type=7" */
static bool take_number(struct sim_bootmap_line *line, enum fm_region_type *ret, GError **error)
{
  uint64_t number;

  if (!sim_bootmap_want(line, "type=", "'type=' and a number", error) ||
      !sim_bootmap_take_decimal(line, "type of memory", &number, error))
    return false;
  *ret = number < G_N_ELEMENTS(numbered) ? numbered[number] : FM_REGION_RESERVED;
  return true;
}

/* "Conventional Memory|   |WB|WT|WC|UC]" */
static bool take_words(struct sim_bootmap_line *line, enum fm_region_type *ret, GError **error)
{
  struct sim_bootmap_line inside = *line;
  const gsize left = (gsize)(line->end - line->at);
  const char *bar = memchr(line->at, '|', left);
  const char *bracket = memchr(line->at, ']', left);

  if (bracket == NULL)
    return sim_bootmap_fail(line, line->end, 1, HINT, error, "expected ']' behind the type");
  inside.end = bar != NULL && bar < bracket ? bar : bracket;
  while (inside.end > inside.at && inside.end[-1] == ' ')
    inside.end--;
  bool is_number = inside.end - inside.at >= 5 && memcmp(inside.at, "type=", 5) == 0;
  if (is_number ? !take_number(&inside, ret, error)
                : !sim_bootmap_take_type(&inside, &words, ret, error))
    return false;
  line->at = bracket + 1;
  return true;
}

/* "range=[0x0-0xfff]" names the last byte, "range=[0x0-0x1000)" the first one behind. */
static bool read_range(struct sim_bootmap_line *line, enum fm_region_type type, sim_bootmap *map,
                       GError **error)
{
  struct sim_bootmap_pair pair;

  if (!sim_bootmap_find(line, "range=["))
    return sim_bootmap_fail(line, line->at, 1, HINT, error, "expected 'range=[' and addresses");
  if (!sim_bootmap_take_pair(line, &pair, error))
    return false;
  if (sim_bootmap_take(line, "]"))
    return sim_bootmap_add_to_last(map, line, &pair, type, error);
  return sim_bootmap_want(line, ")", "']' or ')' behind the end address", error) &&
         sim_bootmap_add_to_end(map, line, &pair, type, error);
}

static bool read_efi(const sim_source *source, sim_bootmap *map, GError **error)
{
  struct sim_bootmap_line line;
  uint64_t number;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    enum fm_region_type type = FM_REGION_UNKNOWN;
    if (!find_marker(&line, &number))
      continue;
    if (number == 0 && map->regions->len > 0)
      break; /* a later boot */
    sim_bootmap_skip_blanks(&line);
    bool good = sim_bootmap_take(&line, "[") ? take_words(&line, &type, error)
                                             : take_number(&line, &type, error);
    if (!good || !read_range(&line, type, map, error))
      return false;
  }
  return true;
}

static enum sim_bootmap_likeness likeness(const sim_source *source)
{
  struct sim_bootmap_line line;
  uint64_t number;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    if (find_marker(&line, &number))
      return SIM_BOOTMAP_IN_LOG;
  }
  return SIM_BOOTMAP_NOT;
}

const struct sim_bootmap_reader sim_bootmap_efi = {"efi", EXAMPLE, likeness, read_efi};
