/* SPDX-License-Identifier: MPL-2.0 */
/* framesim map: what a firmware map says, before and after normalisation. */
#include <errno.h>
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
  if (map->table != NULL)
    cli_json_string(json, "table", map->table);
  if (map->others != NULL)
    cli_json_string(json, "others", map->others);
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

  if (!quiet && map->others != NULL)
    printf("Several tables are in this log.  Read: %s; not read: %s.\n", map->table, map->others);
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

static int convert_map(const sim_bootmap *map, const char *form)
{
  GError *error = NULL;
  g_autofree char *text = sim_bootmap_write(map, form, &error);

  if (text == NULL)
    return cli_fail(error);
  if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
    return CLI_OK;
  fprintf(stderr, "framesim: cannot write the map: %s\n", g_strerror(errno));
  return CLI_INPUT;
}

struct map_options {
  char *format;
  char *json;
  char *convert;
  gboolean live;
};

static const char help[] =
    "Reads the firmware map MAP (- is stdin) and shows its regions as they\n"
    "stand there and normalised: sorted, without gaps and overlaps, in whole\n"
    "pages.  What a boot loader would add is left out.\n\n"
    "MAP is a kernel log (e820, efi), a log of Xen (xen), /proc/iomem (iomem),\n"
    "/sys/firmware/memmap as folder or listing (sysfs), or what is printed by\n"
    "lsmem, by GRUB's lsmmap and multiboot kernels (multiboot), by mach -m of\n"
    "crash, or by this program (text, json).\n\n"
    "Example: dmesg | framesim map -\n";

static int parse(int *argc, char ***argv, struct map_options *options)
{
  const GOptionEntry entries[] = {
      {"convert", 0, 0, G_OPTION_ARG_STRING, &options->convert,
       "Only write the map as e820, text or json", "FORM"},
      {"format", 0, 0, G_OPTION_ARG_STRING, &options->format, "Form of MAP (else found)", "NAME"},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &options->json,
       "Write JSON Lines to FILE (- is stdout)", "FILE"},
      {"live", 0, 0, G_OPTION_ARG_NONE, &options->live, "The map of this machine, without MAP",
       NULL},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(argc, argv, "[MAP]", entries, NULL, help);

  if (status >= 0)
    return status;
  if (options->live && (*argc > 1 || options->format != NULL))
    return cli_usage_error("map", "either --live or %s, not both", *argc > 1 ? "MAP" : "--format");
  if (!options->live && *argc != 2)
    return cli_usage_error("map", *argc < 2 ? "a MAP is missing (or --live)" : "one MAP at a time");
  if (options->convert != NULL && options->json != NULL)
    return cli_usage_error("map", "either --convert or --json, not both");
  return -1;
}

static int run(int argc, char **argv, struct map_options *options)
{
  GError *error = NULL;
  int status = parse(&argc, &argv, options);

  if (status >= 0)
    return status;
  g_autoptr(sim_bootmap) map = options->live ? sim_bootmap_load_live("/", &error)
                                             : sim_bootmap_load(argv[1], options->format, &error);
  if (map == NULL)
    return cli_fail(error);
  return options->convert != NULL ? convert_map(map, options->convert)
                                  : show_map(map, options->json);
}

int cmd_map(int argc, char **argv)
{
  struct map_options options = {NULL};
  int status = run(argc, argv, &options);

  g_free(options.format);
  g_free(options.json);
  g_free(options.convert);
  return status;
}
