/* SPDX-License-Identifier: MPL-2.0 */
/* GRUB's lsmmap, and the multiboot map as kernels that GRUB loads print it: the same line but
 * for the type; see bootmap.h. */
#include "sim/bootmap/reader.h"

#include <string.h>

#define EXAMPLE "base_addr = 0x100000, length = 0x7ee0000, available RAM"

static const char marker[] = "base_addr = ";

/* By number; all others are reserved. */
static const enum fm_region_type numbered[] = {
    FM_REGION_RESERVED,          /* none */
    FM_REGION_USABLE,            /* available */
    FM_REGION_RESERVED,          /* reserved */
    FM_REGION_RECLAIMABLE,       /* ACPI tables */
    FM_REGION_NONVOLATILE_SLEEP, /* ACPI non-volatile storage */
    FM_REGION_BAD_MEMORY,        /* faulty */
};

static const struct sim_bootmap_words words = {
    (const struct sim_bootmap_word[]){
        {"available RAM", FM_REGION_USABLE},
        {"available", FM_REGION_USABLE},
        {"ACPI reclaimable RAM", FM_REGION_RECLAIMABLE},
        {"ACPI reclaimable", FM_REGION_RECLAIMABLE},
        {"ACPI non-volatile storage RAM", FM_REGION_NONVOLATILE_SLEEP},
        {"ACPI NVS", FM_REGION_NONVOLATILE_SLEEP},
        {"NVS", FM_REGION_NONVOLATILE_SLEEP},
        {"faulty RAM (BadRAM)", FM_REGION_BAD_MEMORY},
        {"BadRAM", FM_REGION_BAD_MEMORY},
        {"Bad RAM", FM_REGION_BAD_MEMORY},
        {"reserved RAM", FM_REGION_RESERVED},
        {"reserved", FM_REGION_RESERVED},
        {"persistent RAM", FM_REGION_RESERVED},
        {"persistent RAM (legacy)", FM_REGION_RESERVED},
        {"RAM holding coreboot tables", FM_REGION_RESERVED},
        {"RAM holding firmware code", FM_REGION_RESERVED},
        {NULL, FM_REGION_RESERVED},
    },
    "for example: available RAM, reserved RAM, or type = 1",
};

/* What some print behind the type: where the entry itself is in memory. */
static bool take_address_of_entry(struct sim_bootmap_line *line, GError **error)
{
  uint64_t address;

  if (sim_bootmap_at_end(line))
    return true;
  if (!sim_bootmap_want(line, ",", "',' or the end of the line", error))
    return false;
  sim_bootmap_skip_blanks(line);
  if (!sim_bootmap_take_hex(line, "address of the entry", &address, error))
    return false;
  return sim_bootmap_at_end(line) ||
         sim_bootmap_fail(line, line->at, (gsize)(line->end - line->at), NULL, error,
                          "unexpected text behind the address of the entry");
}

/* "type = 0x1", "type = Available, 0x32050" or "available RAM" */
static bool take_type(struct sim_bootmap_line *line, enum fm_region_type *ret, GError **error)
{
  bool is_named = sim_bootmap_take(line, "type = ");
  const char *comma = memchr(line->at, ',', (gsize)(line->end - line->at));
  struct sim_bootmap_line inside = *line;
  uint64_t number;

  if (comma != NULL)
    inside.end = comma;
  line->at = inside.end;
  if (is_named && !sim_bootmap_at_end(&inside) && g_ascii_isdigit(*inside.at)) {
    if (!sim_bootmap_take_number(&inside, "type of memory", &number, error))
      return false;
    if (!sim_bootmap_at_end(&inside))
      return sim_bootmap_fail(&inside, inside.at, 1, NULL, error,
                              "unexpected text behind the type of memory");
    *ret = number < G_N_ELEMENTS(numbered) ? numbered[number] : FM_REGION_RESERVED;
  } else if (!sim_bootmap_take_type(&inside, &words, ret, error)) {
    return false;
  }
  return take_address_of_entry(line, error);
}

static bool read_row(struct sim_bootmap_line *line, sim_bootmap *map, GError **error)
{
  enum fm_region_type type = FM_REGION_UNKNOWN;
  uint64_t base, length;

  if (!sim_bootmap_take_hex(line, "start address", &base, error) ||
      !sim_bootmap_want(line, ", length = ", "', length = ' and the size", error))
    return false;
  const char *at = line->at;
  if (!sim_bootmap_take_hex(line, "size", &length, error) ||
      !sim_bootmap_want(line, ", ", "', ' and the type of memory", error) ||
      !take_type(line, &type, error))
    return false;
  if (length > UINT64_MAX - base)
    return sim_bootmap_fail(line, at, 1, NULL, error,
                            "with this size the region reaches 2^64 or goes past it, but its end "
                            "has to fit 64 bits");
  return sim_bootmap_add(map, line, at, fm_range_of(base, base + length), type, error);
}

static bool read_multiboot(const sim_source *source, sim_bootmap *map, GError **error)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    if (sim_bootmap_find(&line, marker) && !read_row(&line, map, error))
      return false;
  }
  return true;
}

static enum sim_bootmap_likeness likeness(const sim_source *source)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    if (sim_bootmap_find(&line, marker))
      return SIM_BOOTMAP_IN_LOG;
  }
  return SIM_BOOTMAP_NOT;
}

const struct sim_bootmap_reader sim_bootmap_multiboot = {"multiboot", EXAMPLE, likeness,
                                                         read_multiboot};
