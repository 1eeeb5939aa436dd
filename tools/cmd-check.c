/* SPDX-License-Identifier: MPL-2.0 */
/* framesim check: the audit over a RAM file. */
#include <inttypes.h>
#include <sim/audit.h>
#include <stdio.h>
#include <string.h>

#include "tools/cli.h"

#define SHOWN_MAX 20u

struct output {
  uint64_t shown;
  JsonBuilder *json; /* NULL: none */
};

static void report(const struct sim_audit_fault *fault, void *data)
{
  struct output *output = data;
  if (output->shown++ < SHOWN_MAX && output->json == NULL)
    printf("0x%" PRIx64 ": %s%s%s: %s (ref_count 0x%" PRIx64 ")\n", fault->frame.raw,
           cli_color(CLI_RED), fault->clause, cli_color(CLI_PLAIN), fault->text, fault->count);
  if (output->json == NULL || output->shown > SHOWN_MAX)
    return;
  json_builder_begin_object(output->json);
  cli_json_hex(output->json, "frame", fault->frame.raw);
  cli_json_string(output->json, "clause", fault->clause);
  cli_json_hex(output->json, "ref_count", fault->count);
  json_builder_end_object(output->json);
}

struct check {
  const sim_machine *machine;
  const char *json;
};

static int check(void *data)
{
  const sim_machine *machine = ((const struct check *)data)->machine;
  const char *json = ((const struct check *)data)->json;
  struct output output = {0};
  bool quiet = json != NULL && strcmp(json, "-") == 0;

  if (!quiet) {
    uint64_t faults = sim_audit(machine, NULL, NULL, report, &output);
    if (faults > SHOWN_MAX)
      printf("... and %" PRIu64 " more\n", faults - SHOWN_MAX);
    printf("%" PRIu64 " frames checked, %" PRIu64 " finding%s\n",
           sim_machine_kernel(machine)->nr_frames, faults, faults == 1 ? "" : "s");
    if (json == NULL)
      return faults == 0 ? CLI_OK : CLI_VIOLATED;
  }
  output = (struct output){.json = cli_json_begin("check")};
  cli_json_int(output.json, "frames", sim_machine_kernel(machine)->nr_frames);
  json_builder_set_member_name(output.json, "shown");
  json_builder_begin_array(output.json);
  uint64_t faults = sim_audit(machine, NULL, NULL, report, &output);
  json_builder_end_array(output.json);
  cli_json_int(output.json, "findings", faults);
  if (!cli_json_end(output.json, json, false))
    return CLI_INPUT;
  return faults == 0 ? CLI_OK : CLI_VIOLATED;
}

int cmd_check(int argc, char **argv)
{
  g_autofree char *json = NULL;
  const GOptionEntry entries[] = {
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write JSON Lines to FILE (- is stdout)",
       "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "RAMFILE", entries, NULL,
                         "Checks every slot of the machine in RAMFILE: legal counts, known types,\n"
                         "list membership, and the allocator's free frames against the slots.\n"
                         "Exit status: 0 all held, 1 something is wrong.\n\n"
                         "Example: framesim check machine.ram\n");
  if (status >= 0)
    return status;
  if (argc != 2)
    return cli_usage_error("check", argc < 2 ? "a RAMFILE is missing" : "one RAMFILE at a time");

  GError *error = NULL;
  g_autoptr(sim_machine) machine = sim_machine_open(argv[1], FM_STAGE_METADATA, &error);
  if (machine == NULL)
    return cli_fail(error);
  if (sim_machine_has_writer(machine))
    fprintf(stderr, "framesim: %s has a writer: operations under way look like findings\n",
            argv[1]);
  struct check what = {machine, json};
  return cli_look(machine, check, &what);
}
