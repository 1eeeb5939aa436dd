/* SPDX-License-Identifier: MPL-2.0 */
/* framesim map: what a firmware map says, before and after normalisation. */
#include <stdio.h>
#include <string.h>

#include "sim/error.h"
#include "tools/cli.h"
#include "tools/report.h"

static void add_json_map(JsonBuilder *json, const sim_bootmap *map)
{
  json_builder_set_member_name(json, "map");
  json_builder_begin_object(json);
  cli_json_string(json, "file", map->file);
  cli_json_string(json, "format", map->format);
  json_builder_end_object(json);
  json_builder_set_member_name(json, "firmware");
  json_builder_begin_array(json);
  for (guint i = 0; i < map->regions->len; i++) {
    const struct fm_region *region = &g_array_index(map->regions, struct fm_region, i);
    json_builder_begin_object(json);
    cli_json_hex(json, "base", region->base);
    cli_json_hex(json, "end", fm_region_end(region));
    cli_json_string(json, "type", fm_region_type_name((enum fm_region_type)region->type));
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
}

/* Normalises the firmware's regions alone, without what a loader would add. */
static int show_map(const sim_bootmap *map, const char *json_path)
{
  g_autofree struct fm_regions *regions = g_new0(struct fm_regions, 1);
  enum fm_region_status status = fm_ops_native.regions_normalise(
      (const struct fm_region *)(const void *)map->regions->data, map->regions->len, regions);
  bool quiet = json_path != NULL && strcmp(json_path, "-") == 0;

  if (!quiet)
    report_map(map);
  if (status != FM_REGION_OK)
    return cli_fail(g_error_new(
        SIM_ERROR, SIM_ERROR_BOOT, "%s: the map cannot be normalised: %s", map->file,
        status == FM_REGION_TOO_MANY_PIECES ? "it falls into more than 512 pieces"
                                            : "a region reaches into the last page below 2^64"));
  if (!quiet)
    report_regions(regions);
  if (json_path == NULL)
    return CLI_OK;
  JsonBuilder *json = cli_json_begin("map");
  add_json_map(json, map);
  report_json_regions(json, "regions", regions);
  return cli_json_end(json, json_path, false) ? CLI_OK : CLI_INPUT;
}

int cmd_map(int argc, char **argv)
{
  g_autofree char *json = NULL;
  g_autofree char *format = NULL;
  const GOptionEntry entries[] = {
      {"format", 0, 0, G_OPTION_ARG_STRING, &format, "Form of MAP: e820 or text (else found)",
       "NAME"},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write JSON Lines to FILE (- is stdout)",
       "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "MAP", entries, NULL,
                         "Reads the firmware map MAP (- is stdin) and shows its regions as they\n"
                         "stand there and normalised: sorted, without gaps and overlaps, in whole\n"
                         "pages.  What a boot loader would add is left out.\n\n"
                         "Example: dmesg | framesim map -\n");
  if (status >= 0)
    return status;
  if (argc != 2)
    return cli_usage_error("map", argc < 2 ? "a MAP is missing" : "one MAP at a time");

  GError *error = NULL;
  g_autoptr(sim_bootmap) map = sim_bootmap_load(argv[1], format, &error);
  return map != NULL ? show_map(map, json) : cli_fail(error);
}
