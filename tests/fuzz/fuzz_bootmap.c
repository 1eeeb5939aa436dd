/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz entry for the readers of firmware maps (clang -fsanitize=fuzzer,address).
 *
 * Any bytes give a map whose promises hold, or an error of ours.  The first byte chooses
 * the format: found, or one by name.
 */
#include <fm/region.h>
#include <stdlib.h>

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
    require(line > (i > 0 ? g_array_index(map->lines, guint, i - 1) : 0));
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const formats[] = {NULL, "e820", "text"};

  if (size == 0)
    return 0;
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_source) source = sim_source_new("fuzz", (const char *)data + 1, size - 1);
  g_autoptr(sim_bootmap) map = sim_bootmap_parse(source, formats[data[0] % 3], &error);

  require((map != NULL) == (error == NULL));
  if (map == NULL) {
    require(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
    return 0;
  }
  check_map(map);
  check_normalised(map);
  return 0;
}
