/* SPDX-License-Identifier: MPL-2.0 */
/* Maps as text, in the forms that can be written; see bootmap.h. */
#include <inttypes.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"

/* What a kernel logs for each type; NULL: nothing. */
static const char *const e820_words[FM_REGION_TYPES] = {
    [FM_REGION_BAD_MEMORY] = "unusable", [FM_REGION_NONVOLATILE_SLEEP] = "ACPI NVS",
    [FM_REGION_RESERVED] = "reserved",   [FM_REGION_RECLAIMABLE] = "ACPI data",
    [FM_REGION_USABLE] = "usable",
};

static const char *const formats[] = {"e820", "text", "json", NULL};

const char *const *sim_bootmap_written_formats(void)
{
  return formats;
}

static const struct fm_region *region_at(const sim_bootmap *map, guint index)
{
  return &g_array_index(map->regions, struct fm_region, index);
}

static const char *type_name(const struct fm_region *region)
{
  return fm_region_type_name((enum fm_region_type)region->type);
}

static bool write_e820(GString *out, const sim_bootmap *map, GError **error)
{
  for (guint i = 0; i < map->regions->len; i++) {
    const struct fm_region *region = region_at(map, i);
    const uint64_t end = fm_region_end(region);
    const char *words = e820_words[region->type];
    if (words == NULL) {
      g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
                  "%s: region %u is of type '%s', for which the form e820 has no words", map->file,
                  i + 1, type_name(region));
      return false;
    }
    /* The newer form names the last byte, and so cannot say that there is none. */
    if (region->size > 0)
      g_string_append_printf(out, "BIOS-e820: [mem 0x%016" PRIx64 "-0x%016" PRIx64 "] %s\n",
                             region->base, end - 1, words);
    else
      g_string_append_printf(out, "BIOS-e820: %016" PRIx64 " - %016" PRIx64 " (%s)\n", region->base,
                             end, words);
  }
  return true;
}

static void write_text(GString *out, const sim_bootmap *map)
{
  for (guint i = 0; i < map->regions->len; i++) {
    const struct fm_region *region = region_at(map, i);
    g_string_append_printf(out, "%s 0x%" PRIx64 "-0x%" PRIx64 "\n", type_name(region), region->base,
                           fm_region_end(region));
  }
}

/* A line for each region, so that messages have a place. */
static void write_json(GString *out, const sim_bootmap *map)
{
  g_string_append(out, "{\"framesim\":1,\"kind\":\"firmware\",\"firmware\":[");
  for (guint i = 0; i < map->regions->len; i++) {
    const struct fm_region *region = region_at(map, i);
    g_string_append_printf(
        out, "%s{\"base\":\"0x%" PRIx64 "\",\"end\":\"0x%" PRIx64 "\",\"type\":\"%s\"}",
        i > 0 ? ",\n" : "\n", region->base, fm_region_end(region), type_name(region));
  }
  g_string_append(out, "\n]}\n");
}

char *sim_bootmap_write(const sim_bootmap *map, const char *format, GError **error)
{
  g_autoptr(GString) out = g_string_new(NULL);

  if (strcmp(format, "e820") == 0) {
    if (!write_e820(out, map, error))
      return NULL;
  } else if (strcmp(format, "text") == 0) {
    write_text(out, map);
  } else if (strcmp(format, "json") == 0) {
    write_json(out, map);
  } else {
    const char *near = sim_suggest(format, formats);
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "no map is written in the form '%s'; %s%s%s",
                format, near != NULL ? "did you mean '" : "the forms are e820, text and json",
                near != NULL ? near : "", near != NULL ? "'?" : "");
    return NULL;
  }
  return g_strdup(out->str);
}
