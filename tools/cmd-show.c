/* SPDX-License-Identifier: MPL-2.0 */
/* framesim show: looks into a RAM file, without touching it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/script/number.h"
#include "tools/cli.h"
#include "tools/report.h"

/* What to show, and the machine to show it of. */
struct show {
  const sim_machine *machine;
  const char *path;
  const char *address; /* NULL: no single slot */
  char *json;
  char *walk; /* NULL: no walk */
  char *root;
  int cpu;
  gboolean digest;
};

static bool has_slots(const struct show *what)
{
  return sim_machine_kernel(what->machine)->stage >= FM_STAGE_METADATA;
}

static int show_frame(const struct show *what)
{
  g_autoptr(GError) error = NULL;
  const struct fm_kernel *kernel = sim_machine_kernel(what->machine);
  uint64_t address;

  if (!sim_number_parse(what->address, &address, &error))
    return cli_usage_error("show", "%s", error->message);
  if (!has_slots(what)) {
    fprintf(stderr, "framesim: %s: its boot has come to stage '%s': there are no slots yet\n",
            what->path, fm_boot_stage_name((enum fm_boot_stage)kernel->stage));
    return CLI_INPUT;
  }
  if (!fm_is_page_aligned(address) || address >= kernel->max_paddr)
    return cli_usage_error("show", "0x%" PRIx64 " has no slot: %s", address,
                           !fm_is_page_aligned(address) ? "it is no multiple of 4096"
                                                        : "it is not below max_paddr");
  report_slot(kernel, fm_paddr_of(address));
  return CLI_OK;
}

/* The root that is asked for: --root, or what CPU --cpu uses, the boot page table at first. */
static int find_root(const struct show *what, fm_paddr *ret)
{
  g_autoptr(GError) error = NULL;
  const struct fm_kernel *kernel = sim_machine_kernel(what->machine);
  const struct fm_boot_info *info = sim_machine_info(what->machine);

  if (what->root != NULL) {
    if (!sim_number_parse(what->root, &ret->raw, &error))
      return cli_usage_error("show", "--root %s: %s", what->root, error->message);
    if (fm_is_page_aligned(ret->raw))
      return -1;
    return cli_usage_error("show", "--root %s: a page table begins at a multiple of 4096",
                           what->root);
  }
  if (what->cpu < 0 || (uint32_t)what->cpu >= info->cpus)
    return cli_usage_error("show", "--cpu must be 0 to %u, not %d", info->cpus - 1, what->cpu);
  ret->raw = kernel->stage >= FM_STAGE_EARLY ? fm_kernel_cpu(kernel, (uint32_t)what->cpu)->cr3
                                             : info->image_base + FM_IMAGE_TABLES;
  return -1;
}

static int show_walk(const struct show *what)
{
  g_autoptr(GError) error = NULL;
  uint64_t va;
  fm_paddr root;

  if (!sim_number_parse(what->walk, &va, &error))
    return cli_usage_error("show", "--walk %s: %s", what->walk, error->message);
  int status = find_root(what, &root);
  return status < 0 ? report_walk(what->machine, root, va) : status;
}

static int show_machine(const struct show *what)
{
  const sim_machine *machine = what->machine;
  report_info(machine);
  if (sim_machine_kernel(machine)->stage >= FM_STAGE_EARLY)
    report_regions(&sim_machine_kernel(machine)->regions);
  if (!has_slots(what))
    return CLI_OK;
  report_boot(machine);
  report_census(machine, "Frames by state and type");
  if (what->digest) {
    g_autofree char *text = sim_machine_digest(machine);
    printf("digest %s\n", text);
  }
  return CLI_OK;
}

static int show(void *data)
{
  const struct show *what = data;

  if (sim_machine_has_writer(what->machine))
    fprintf(stderr, "framesim: %s has a writer: what you see may change while you look\n",
            what->path);
  if (what->walk != NULL)
    return show_walk(what);
  if (what->address != NULL)
    return show_frame(what);
  if (what->json == NULL || strcmp(what->json, "-") != 0)
    (void)show_machine(what);
  if (what->json != NULL && has_slots(what) &&
      !cli_json_end(report_json_boot(what->machine, NULL), what->json, false))
    return CLI_INPUT;
  return CLI_OK;
}

static int check_arguments(int argc, const struct show *what)
{
  if (argc < 2 || argc > 3)
    return cli_usage_error("show", argc < 2 ? "a RAMFILE is missing" : "too many arguments");
  if (argc == 3 && (what->json != NULL || what->digest))
    return cli_usage_error("show", "--json and --digest are of the whole machine, not of ADDRESS");
  if (what->walk != NULL && (argc == 3 || what->json != NULL || what->digest))
    return cli_usage_error("show", "--walk goes with --cpu or --root, and with nothing else");
  if (what->walk == NULL && (what->root != NULL || what->cpu != 0))
    return cli_usage_error("show", "--cpu and --root say where --walk begins");
  return -1;
}

static int run(int argc, char **argv, struct show *what)
{
  GError *error = NULL;
  int status = check_arguments(argc, what);
  if (status >= 0)
    return status;
  what->path = argv[1];
  what->address = argc > 2 ? argv[2] : NULL;
  g_autoptr(sim_machine) machine = sim_machine_open(what->path, FM_STAGE_LOADED, &error);
  if (machine == NULL)
    return cli_fail(error);
  what->machine = machine;
  return cli_look(machine, show, what);
}

int cmd_show(int argc, char **argv)
{
  struct show what = {NULL};
  const GOptionEntry entries[] = {
      {"digest", 0, 0, G_OPTION_ARG_NONE, &what.digest, "Print the digest of all frames too", NULL},
      {"walk", 0, 0, G_OPTION_ARG_STRING, &what.walk, "Translate a virtual address", "ADDRESS"},
      {"cpu", 0, 0, G_OPTION_ARG_INT, &what.cpu, "... by the page table of this CPU (0)", "N"},
      {"root", 0, 0, G_OPTION_ARG_STRING, &what.root, "... or by the table at this address",
       "ADDRESS"},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &what.json, "Write JSON Lines to FILE (- is stdout)",
       "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "RAMFILE [ADDRESS]", entries, NULL,
                         "Shows the machine in a RAM file (--ram FILE of boot and run) that is\n"
                         "still in use or was left behind: regions, slots, frames by type; or the\n"
                         "slot of the frame at the physical ADDRESS; or how page tables translate\n"
                         "an address.  Nothing is written.\n\n"
                         "Example: framesim show machine.ram 0x8000\n");
  if (status < 0)
    status = run(argc, argv, &what);
  g_free(what.json);
  g_free(what.walk);
  g_free(what.root);
  return status;
}
