/* SPDX-License-Identifier: MPL-2.0 */
/* framesim boot: from a firmware map to a kernel that runs on its own page table. */
#include <string.h>

#include "tools/cli.h"
#include "tools/report.h"

struct output {
  const sim_bootmap *map;
  const char *json; /* NULL: no records */
  bool quiet;       /* no text */
  bool append;      /* records follow others */
};

/* One stage of the boot, as a record and as a table of frames. */
static bool tell_stage(const sim_machine *machine, struct output *output, const char *title)
{
  if (!output->quiet)
    report_census(machine, title);
  bool told = output->json == NULL ||
              cli_json_end(report_json_boot(machine, output->map), output->json, output->append);
  output->append = true;
  return told;
}

static int boot(const struct sim_config *config, struct output *output)
{
  GError *error = NULL;

  if (!output->quiet)
    report_map(output->map);
  g_autoptr(sim_machine) machine = sim_machine_new(config, &error);
  if (machine == NULL || !sim_machine_boot_to(machine, FM_STAGE_ALLOCATOR, &error))
    return cli_fail(error);
  if (!output->quiet) {
    report_regions(&sim_machine_kernel(machine)->regions);
    report_boot(machine);
  }
  if (!tell_stage(machine, output, "Frames when the frame allocator has its memory"))
    return CLI_INPUT;
  if (!sim_machine_boot(machine, &error))
    return cli_fail(error);
  if (sim_machine_kernel(machine)->stage == FM_STAGE_DONE &&
      !tell_stage(machine, output, "Frames when the boot is over"))
    return CLI_INPUT;
  return CLI_OK;
}

int cmd_boot(int argc, char **argv)
{
  g_autofree char *json = NULL;
  struct cli_machine options;
  cli_machine_init(&options);
  g_autofree GOptionEntry *machine_entries = cli_machine_entries(&options);
  const GOptionEntry entries[] = {
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write JSON Lines to FILE (- is stdout)",
       "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  int status =
      cli_parse(&argc, &argv, "[MAP]", entries, machine_entries,
                "Boots a machine whose physical memory is what MAP (- is stdin) says, and\n"
                "shows the regions, the early allocator, the slots, and the frames by type\n"
                "at two moments: when the frame allocator has its memory, and at the end.\n"
                "Exit status: 0 booted, 1 this machine cannot boot, 3 the host cannot hold\n"
                "it, 4 the map cannot be read.\n\n"
                "Example: framesim boot --memory 64M\n");
  g_autoptr(sim_bootmap) map = NULL;
  struct sim_config config;
  if (status < 0 && argc > 2)
    status = cli_usage_error("boot", "one MAP, not %d arguments", argc - 1);
  if (status < 0)
    status = cli_machine_config("boot", &options, argc > 1 ? argv[1] : NULL, &map, &config);
  struct output output = {map, json, json != NULL && strcmp(json, "-") == 0, false};
  if (status < 0)
    status = boot(&config, &output);
  cli_machine_clear(&options);
  return status;
}
