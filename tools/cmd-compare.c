/* SPDX-License-Identifier: MPL-2.0 */
/* framesim compare: the same trace or workload on different allocators. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sim/compare/compare.h"
#include "sim/diag.h"
#include "sim/script/number.h"
#include "sim/tracein/tracein.h"
#include "tools/cli.h"
#include "tools/compare-report.h"

#define FINDINGS_SHOWN 20u
#define SEEDS_MAX      10000u
#define JSON_MAX       (UINT64_C(1) << 53)

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
  (void)number;
  interrupted = 1;
}

/* ---- Options ---- */

struct options {
  struct cli_machine machine;
  char *map;
  char *trace;
  char *format;
  char *workload;
  char **defines;
  char *seeds;
  char *csv;
  char *json;
  /* Made of the above. */
  struct sim_workload_spec spec;
  uint64_t first_seed;
  uint64_t end_seed;
  enum fm_allocator_kind allocators[FM_ALLOCATORS];
  size_t nr_allocators;
};

static void clear_options(struct options *options)
{
  char **texts[] = {&options->map,   &options->trace, &options->format, &options->workload,
                    &options->seeds, &options->csv,   &options->json};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(*texts[i]);
  g_strfreev(options->defines);
  sim_workload_spec_clear(&options->spec);
  cli_machine_clear(&options->machine);
}

static int usage_of(GError *error)
{
  g_autoptr(GError) owned = error;
  return cli_usage_error("compare", "%s", owned->message);
}

static int parse_seeds(struct options *options)
{
  options->first_seed = 0;
  options->end_seed = 1;
  if (options->seeds == NULL)
    return -1;
  g_auto(GStrv) parts = g_strsplit(options->seeds, "..", 2);
  if (g_strv_length(parts) != 2 || !sim_number_parse(parts[0], &options->first_seed, NULL) ||
      !sim_number_parse(parts[1], &options->end_seed, NULL))
    return cli_usage_error("compare", "--seeds wants A..B, as in 1..10 for ten of them, not '%s'",
                           options->seeds);
  if (options->end_seed < options->first_seed || options->end_seed >= JSON_MAX ||
      options->end_seed - options->first_seed >= SEEDS_MAX)
    return cli_usage_error("compare", "--seeds %s: there are 1 to %u of them, upwards, below 2^53",
                           options->seeds, SEEDS_MAX);
  options->end_seed++; /* the last one is among them */
  return -1;
}

static int parse_load(struct options *options)
{
  GError *error = NULL;

  if ((options->trace != NULL) == (options->workload != NULL))
    return cli_usage_error("compare", options->trace != NULL
                                          ? "either --trace or --workload, not both"
                                          : "what is to be run? --trace T or --workload W");
  if (options->trace != NULL) {
    if (strcmp(options->trace, "-") == 0)
      return cli_usage_error("compare", "a trace is read again and again: it must be a file");
    if (options->defines != NULL || options->seeds != NULL)
      return cli_usage_error("compare", "a trace has no parameters and no seed: -D and --seeds "
                                        "need --workload");
    return -1;
  }
  if (options->format != NULL)
    return cli_usage_error("compare", "--format is that of a trace: it needs --trace");
  if (!sim_workload_spec_init(&options->spec, options->workload, &error))
    return usage_of(error);
  for (char **define = options->defines; define != NULL && *define != NULL; define++)
    if (!sim_workload_set_text(&options->spec, *define, &error))
      return usage_of(error);
  return sim_workload_spec_check(&options->spec, &error) ? -1 : usage_of(error);
}

static int add_allocator(struct options *options, const char *name)
{
  const char *names[FM_ALLOCATORS + 1] = {NULL};
  for (int kind = 0; kind < FM_ALLOCATORS; kind++)
    names[kind] = fm_allocator_name((enum fm_allocator_kind)kind);
  for (int kind = 0; kind < FM_ALLOCATORS; kind++) {
    if (strcmp(names[kind], name) != 0)
      continue;
    for (size_t i = 0; i < options->nr_allocators; i++)
      if ((int)options->allocators[i] == kind)
        return cli_usage_error("compare", "allocator %s is named twice", name);
    options->allocators[options->nr_allocators++] = (enum fm_allocator_kind)kind;
    return -1;
  }
  const char *near = sim_suggest(name, names);
  return near != NULL
             ? cli_usage_error("compare", "no allocator '%s'; did you mean '%s'?", name, near)
             : cli_usage_error("compare", "no allocator '%s': there are buddy, bitmap and none",
                               name);
}

static int parse_allocators(struct options *options, int argc, char **argv)
{
  int status = -1;
  if (argc < 2)
    return cli_usage_error("compare", "which allocators? buddy, bitmap or none");
  for (int i = 1; i < argc && status < 0; i++)
    status = add_allocator(options, argv[i]);
  return status;
}

static const char help[] =
    "Runs the same trace, or the same generated workload, on each ALLOCATOR (buddy,\n"
    "bitmap, none) and shows how fragmented the memory is at the end (score: free\n"
    "2 MiB pieces by as many as the free frames would fill), allocations that\n"
    "failed, operations, writes to slots that another CPU wrote last, slots that\n"
    "two CPUs wrote, and the time.  All but the time is the same each time.\n"
    "'framesim help workload' lists the workloads and their parameters.\n"
    "Exit status: 0 all held, 1 findings, 2 usage, 4 a file cannot be used.\n\n"
    "Example: framesim compare buddy bitmap --memory 64M -c 4 --workload churn\n"
    "             -D ops=5000 -D remote=30 --seeds 1..5\n";

/* The options of machines, but for the allocator, and --format is that of the trace. */
static GOptionEntry *machine_entries(struct cli_machine *machine)
{
  GOptionEntry *entries = cli_machine_entries(machine);
  GOptionEntry *to = entries;

  for (const GOptionEntry *from = entries;; from++) {
    if (from->long_name != NULL && strcmp(from->long_name, "allocator") == 0)
      continue;
    *to = *from;
    if (to->long_name == NULL)
      break;
    if (strcmp(to->long_name, "format") == 0)
      to->long_name = "map-format";
    if (strcmp(to->long_name, "memory") == 0)
      to->description = "No MAP, but a PC with so much RAM";
    if (strcmp(to->long_name, "cpus") == 0)
      to->description = "Number of CPUs, 1 to 64 (1, or as T says)";
    to++;
  }
  machine->cpus = 0;
  return entries;
}

static int parse(int argc, char **argv, struct options *options)
{
  const GOptionEntry entries[] = {
      {"map", 0, 0, G_OPTION_ARG_FILENAME, &options->map, "Firmware map of the machine", "MAP"},
      {"trace", 0, 0, G_OPTION_ARG_FILENAME, &options->trace, "Replay this trace", "T"},
      {"format", 0, 0, G_OPTION_ARG_STRING, &options->format, "Form of T (else found)", "NAME"},
      {"workload", 0, 0, G_OPTION_ARG_STRING, &options->workload, "Run this workload", "W"},
      {"define", 'D', 0, G_OPTION_ARG_STRING_ARRAY, &options->defines, "A parameter of W",
       "KEY=VALUE"},
      {"seeds", 0, 0, G_OPTION_ARG_STRING, &options->seeds, "Each seed from A to B (0..0)", "A..B"},
      {"csv", 0, 0, G_OPTION_ARG_FILENAME, &options->csv, "Write all rows", "FILE"},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &options->json,
       "Write JSON Lines to FILE (- is stdout)", "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  g_autofree GOptionEntry *more = machine_entries(&options->machine);
  int status = cli_parse(&argc, &argv, "ALLOCATOR...", entries, more, help);

  if (status < 0)
    status = parse_allocators(options, argc, argv);
  if (status < 0)
    status = parse_load(options);
  return status < 0 ? parse_seeds(options) : status;
}

/* ---- A run ---- */

struct run {
  const struct options *options;
  uint64_t shown;
  enum fm_allocator_kind allocator; /* of the run under way */
  uint64_t seed;
};

static void print_finding(const char *finding, void *data)
{
  struct run *run = data;
  if (run->shown++ < FINDINGS_SHOWN)
    fprintf(stderr, "framesim compare: %s, seed %" PRIu64 ": %s\n",
            fm_allocator_name(run->allocator), run->seed, finding);
}

/* All rows; -1 to go on. */
static int run_all(struct run *run, const struct sim_comparison *comparison, GArray *rows)
{
  const struct options *options = run->options;
  GError *error = NULL;

  for (size_t i = 0; i < options->nr_allocators; i++)
    for (uint64_t seed = options->first_seed; seed < options->end_seed && !interrupted; seed++) {
      struct sim_compare_row row;
      run->allocator = options->allocators[i];
      run->seed = seed;
      if (!sim_compare_run(comparison, run->allocator, seed, &row, &error))
        return cli_fail(error);
      if (!interrupted)
        g_array_append_val(rows, row);
    }
  return -1;
}

static int report(const struct compare_result *result, const struct options *options)
{
  uint64_t findings = 0;
  for (guint i = 0; i < result->rows->len; i++)
    findings += g_array_index(result->rows, struct sim_compare_row, i).findings;
  if (options->json == NULL || strcmp(options->json, "-") != 0)
    compare_print(result);
  if (options->csv != NULL && !compare_write_csv(result, options->csv))
    return CLI_INPUT;
  if (options->json != NULL && !compare_write_json(result, options->json))
    return CLI_INPUT;
  if (findings != 0) {
    fflush(stdout);
    fprintf(stderr, "framesim compare: %" PRIu64 " finding%s\n", findings,
            findings == 1 ? "" : "s");
  }
  return findings == 0 ? CLI_OK : CLI_VIOLATED;
}

/* As many CPUs as the trace says, if nobody says how many. */
static int count_cpus(struct options *options)
{
  GError *error = NULL;

  if (options->machine.cpus != 0)
    return -1;
  options->machine.cpus = 1;
  if (options->trace == NULL)
    return -1;
  g_autoptr(sim_tracein) trace = sim_tracein_open(options->trace, options->format, &error);
  if (trace == NULL)
    return cli_fail(error);
  options->machine.cpus = (int)CLAMP(sim_tracein_info(trace)->cpus, 1, FM_CPUS_MAX);
  return -1;
}

static int compare(struct options *options)
{
  g_autoptr(sim_bootmap) map = NULL;
  struct sim_config config;
  int status = count_cpus(options);

  if (status < 0)
    status = cli_machine_config("compare", &options->machine, options->map, &map, &config);
  if (status >= 0)
    return status;
  struct run run = {.options = options};
  const struct sim_comparison comparison = {
      .config = &config,
      .workload = options->workload != NULL ? &options->spec : NULL,
      .trace = options->trace,
      .format = options->format,
      .stop = &interrupted,
      .report = print_finding,
      .data = &run,
  };
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct sim_compare_row));
  status = run_all(&run, &comparison, rows);
  if (status >= 0)
    return status;
  const struct compare_result result = {
      .workload = options->workload,
      .trace = options->trace,
      .parameters = (const char *const *)options->defines,
      .map = map->file,
      .cpus = config.cpus,
      .first_seed = options->first_seed,
      .end_seed = options->end_seed,
      .rows = rows,
  };
  status = report(&result, options);
  if (!interrupted)
    return status;
  fprintf(stderr, "interrupted: after %u runs\n", rows->len);
  return CLI_INTERRUPTED;
}

int cmd_compare(int argc, char **argv)
{
  struct sigaction action = {.sa_handler = on_interrupt};
  struct options options = {0};

  (void)sigemptyset(&action.sa_mask);
  (void)sigaction(SIGINT, &action, NULL);
  cli_machine_init(&options.machine);
  int status = parse(argc, argv, &options);
  if (status < 0)
    status = compare(&options);
  clear_options(&options);
  return status;
}
