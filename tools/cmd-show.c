/* SPDX-License-Identifier: MPL-2.0 */
/* framesim show: looks into a RAM file, without touching it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/script/number.h"
#include "tools/cli.h"
#include "tools/report.h"

static int show_frame(const sim_machine *machine, const char *text)
{
  g_autoptr(GError) error = NULL;
  const struct fm_kernel *kernel = sim_machine_kernel(machine);
  uint64_t address;

  if (!sim_number_parse(text, &address, &error))
    return cli_usage_error("show", "%s", error->message);
  if (!fm_is_page_aligned(address) || address >= kernel->max_paddr)
    return cli_usage_error("show", "0x%" PRIx64 " has no slot: %s", address,
                           !fm_is_page_aligned(address) ? "it is no multiple of 4096"
                                                        : "it is not below max_paddr");
  report_slot(kernel, fm_paddr_of(address));
  return CLI_OK;
}

struct show {
  const sim_machine *machine;
  const char *path;
  const char *address; /* NULL: the whole machine */
  bool digest;
  const char *json;
};

static int show(void *data)
{
  const struct show *what = data;
  const sim_machine *machine = what->machine;
  const char *path = what->path;
  const char *address = what->address;
  bool digest = what->digest;
  const char *json = what->json;

  if (sim_machine_has_writer(machine))
    fprintf(stderr, "framesim: %s has a writer: what you see may change while you look\n", path);
  if (address != NULL)
    return show_frame(machine, address);
  if (json == NULL || strcmp(json, "-") != 0) {
    report_regions(&sim_machine_kernel(machine)->regions);
    report_boot(machine);
    report_census(machine);
    if (digest) {
      g_autofree char *text = sim_machine_digest(machine);
      printf("digest %s\n", text);
    }
  }
  if (json != NULL && !cli_json_end(report_json_boot(machine, NULL), json, false))
    return CLI_INPUT;
  return CLI_OK;
}

int cmd_show(int argc, char **argv)
{
  g_autofree char *json = NULL;
  gboolean digest = FALSE;
  const GOptionEntry entries[] = {
      {"digest", 0, 0, G_OPTION_ARG_NONE, &digest, "Print the digest of all frames too", NULL},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write JSON Lines to FILE (- is stdout)",
       "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "RAMFILE [ADDRESS]", entries, NULL,
                         "Shows the machine in a RAM file (--ram FILE of boot and run) that is\n"
                         "still in use or was left behind: regions, slots, frames by type, or the\n"
                         "slot of the frame at the physical ADDRESS.  Nothing is written.\n\n"
                         "Example: framesim show machine.ram 0x8000\n");
  if (status >= 0)
    return status;
  if (argc < 2 || argc > 3)
    return cli_usage_error("show", argc < 2 ? "a RAMFILE is missing" : "too many arguments");
  if (argc == 3 && (json != NULL || digest))
    return cli_usage_error("show", "--json and --digest are of the whole machine, not of ADDRESS");

  GError *error = NULL;
  g_autoptr(sim_machine) machine = sim_machine_open(argv[1], &error);
  if (machine == NULL)
    return cli_fail(error);
  struct show what = {machine, argv[1], argc > 2 ? argv[2] : NULL, digest, json};
  return cli_look(machine, show, &what);
}
