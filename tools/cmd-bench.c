/* SPDX-License-Identifier: MPL-2.0 */
/* framesim bench: ratios measured in one run. */
#include <stdio.h>
#include <string.h>

#include "sim/error.h"
#include "tools/bench.h"
#include "tools/cli.h"

static void print_rows(const struct bench_row *rows, size_t count)
{
  printf("%-26s %9s %9s %9s %8s\n", "operation", "min ns", "median", "bare min", "ratio");
  for (size_t i = 0; i < count; i++)
    printf("%-26s %9.2f %9.2f %9.2f %7.3fx\n", rows[i].name, rows[i].min_ns, rows[i].median_ns,
           rows[i].bare_ns, rows[i].min_ns / rows[i].bare_ns);
}

static void add_number(JsonBuilder *json, const char *name, double value)
{
  json_builder_set_member_name(json, name);
  json_builder_add_double_value(json, value);
}

static bool write_rows(const char *path, const struct bench_row *rows, size_t count)
{
  JsonBuilder *json = cli_json_begin("bench");
  cli_json_string(json, "suite", "slot");
  json_builder_set_member_name(json, "rows");
  json_builder_begin_array(json);
  for (size_t i = 0; i < count; i++) {
    json_builder_begin_object(json);
    cli_json_string(json, "name", rows[i].name);
    add_number(json, "min_ns", rows[i].min_ns);
    add_number(json, "median_ns", rows[i].median_ns);
    add_number(json, "bare_ns", rows[i].bare_ns);
    add_number(json, "ratio", rows[i].min_ns / rows[i].bare_ns);
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
  return cli_json_end(json, path, false);
}

/* A PC with 2 GiB: enough frames to walk 262,144 slots of usable memory. */
static sim_machine *make_machine(GError **error)
{
  g_autoptr(sim_bootmap) map = sim_bootmap_new_ram(UINT64_C(2) << 30);
  struct sim_config config;
  sim_config_init(&config, map);
  config.allocator = FM_ALLOCATOR_NONE;

  g_autoptr(sim_machine) machine = sim_machine_new(&config, error);
  if (machine == NULL || !sim_machine_boot(machine, error))
    return NULL;
  return g_steal_pointer(&machine);
}

int cmd_bench(int argc, char **argv)
{
  g_autofree char *json = NULL;
  int rounds = 60;
  const GOptionEntry entries[] = {
      {"rounds", 'r', 0, G_OPTION_ARG_INT, &rounds, "Rounds of each measurement (60)", "N"},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write JSON Lines to FILE (- is stdout)",
       "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "slot", entries, NULL,
                         "Suite slot: the operations on one slot, each beside its bare form (the\n"
                         "same atomics and plain stores, nothing else), interleaved in one run.\n"
                         "The ratio is that of the minima.\n\n"
                         "Example: framesim bench slot --rounds 20\n");
  if (status >= 0)
    return status;
  if (argc != 2 || strcmp(argv[1], "slot") != 0)
    return cli_usage_error("bench",
                           argc < 2 ? "a suite is missing: slot" : "there is one suite: slot");
  if (rounds < 1 || rounds > 100000)
    return cli_usage_error("bench", "--rounds must be 1 to 100000, not %d", rounds);

  GError *error = NULL;
  g_autoptr(sim_machine) machine = make_machine(&error);
  if (machine == NULL)
    return cli_fail(error);
  struct bench_row rows[BENCH_SLOT_ROWS];
  size_t count = bench_slot(machine, (unsigned)rounds, rows);
  if (json == NULL || strcmp(json, "-") != 0)
    print_rows(rows, count);
  return json == NULL || write_rows(json, rows, count) ? CLI_OK : CLI_INPUT;
}
