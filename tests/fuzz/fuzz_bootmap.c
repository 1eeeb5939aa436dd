/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz entry for the readers of firmware maps (clang -fsanitize=fuzzer,address).
 *
 * Any bytes give a map whose promises hold, or an error of ours.  The first byte chooses
 * the format: found, or one by name, in the order of sim_bootmap_formats().  What is read
 * is then written in each form and read again, and must not have changed.
 *
 * A corpus: each file of tests/data/maps with a zero byte (and its format's number) in front.
 */
#include <fm/region.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool cond)
{
  if (!cond)
    abort();
}

static void check_map(const sim_bootmap *map)
{
  require(map->regions->len > 0 && map->regions->len <= FM_REGIONS_MAX);
  require(map->lines->len == map->regions->len);
  for (guint i = 0; i < map->regions->len; i++) {
    const struct fm_region *region = &g_array_index(map->regions, struct fm_region, i);
    require(region->type < FM_REGION_TYPES);
    require(region->size <= UINT64_MAX - region->base);
    guint line = g_array_index(map->lines, guint, i);
    guint before = i > 0 ? g_array_index(map->lines, guint, i - 1) : 1;
    /* Only JSON has several regions in a line. */
    require(line > before || (line == before && (i == 0 || strcmp(map->format, "json") == 0)));
  }
}

static void check_normalised(const sim_bootmap *map)
{
  static struct fm_regions result;
  uint64_t at = 0;

  if (fm_regions_normalise((const struct fm_region *)(void *)map->regions->data, map->regions->len,
                           &result) != FM_REGION_OK)
    return;
  for (uint32_t i = 0; i < result.count; i++) {
    require(result.at[i].base == at && fm_region_end(&result.at[i]) > at);
    at = fm_region_end(&result.at[i]);
    require(fm_is_page_aligned(at));
  }
}

static void check_round_trip(const sim_bootmap *map, const char *format)
{
  g_autofree char *text = sim_bootmap_write(map, format, NULL);

  if (text == NULL) {
    require(strcmp(format, "e820") == 0);
    return;
  }
  g_autoptr(sim_source) source = sim_source_new("again", text, strlen(text));
  g_autoptr(sim_bootmap) again = sim_bootmap_parse(source, NULL, NULL);
  require(again != NULL && strcmp(again->format, format) == 0);
  require(again->regions->len == map->regions->len);
  require(memcmp(again->regions->data, map->regions->data,
                 map->regions->len * sizeof(struct fm_region)) == 0);
}

/* The format that the first byte names; NULL: to be found. */
static const char *choose_format(uint8_t byte)
{
  const char *const *formats = sim_bootmap_formats();
  guint count = g_strv_length((char **)formats) + 1;

  return byte % count == 0 ? NULL : formats[byte % count - 1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_source) source = sim_source_new("fuzz", (const char *)data + 1, size - 1);
  g_autoptr(sim_bootmap) map = sim_bootmap_parse(source, choose_format(data[0]), &error);

  require((map != NULL) == (error == NULL));
  if (map == NULL) {
    require(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
    return 0;
  }
  check_map(map);
  check_normalised(map);
  for (const char *const *format = sim_bootmap_written_formats(); *format != NULL; format++)
    check_round_trip(map, *format);
  return 0;
}
