/* SPDX-License-Identifier: MPL-2.0 */
/* framesim bench: ratios measured in one run. */
#include <stdio.h>
#include <string.h>

#include "sim/error.h"
#include "tools/bench.h"
#include "tools/cli.h"

struct suite {
  const char *name;
  GArray *(*run)(unsigned rounds, GError **error); /* new array of struct bench_row */
  void (*print)(const GArray *rows);
  int rounds; /* if not told otherwise */
};

static void print_slot(const GArray *rows)
{
  printf("%-26s %9s %9s %9s %8s\n", "operation", "min ns", "median", "bare min", "ratio");
  for (guint i = 0; i < rows->len; i++) {
    const struct bench_row *row = &g_array_index(rows, struct bench_row, i);
    printf("%-26s %9.2f %9.2f %9.2f %7.3fx\n", row->name, row->min_ns, row->median_ns, row->bare_ns,
           row->min_ns / row->bare_ns);
  }
}

static void print_alloc(const GArray *rows)
{
  printf("%-29s %10s %10s %13s\n", "operation", "min ns", "median", "x claim+drop");
  for (guint i = 0; i < rows->len; i++) {
    const struct bench_row *row = &g_array_index(rows, struct bench_row, i);
    printf("%-29s %10.2f %10.2f %12.2fx\n", row->name, row->min_ns, row->median_ns,
           row->min_ns / row->bare_ns);
  }
}

static void print_pt(const GArray *rows)
{
  printf("%-26s %9s %9s %8s\n", "operation", "min ns", "median", "x bare");
  for (guint i = 0; i < rows->len; i++) {
    const struct bench_row *row = &g_array_index(rows, struct bench_row, i);
    printf("%-26s %9.2f %9.2f %7.2fx\n", row->name, row->min_ns, row->median_ns,
           row->min_ns / row->bare_ns);
  }
}

/* Speed: of the host's own, so that more is better. */
static void print_boot(const GArray *rows)
{
  printf("%-26s %9s %9s %10s %7s %9s\n", "machine", "min ms", "median", "touch min", "speed",
         "host MiB");
  for (guint i = 0; i < rows->len; i++) {
    const struct bench_row *row = &g_array_index(rows, struct bench_row, i);
    printf("%-26s %9.2f %9.2f %10.2f %6.2fx %9.1f\n", row->name, row->min_ns / 1e6,
           row->median_ns / 1e6, row->bare_ns / 1e6, row->bare_ns / row->min_ns, row->mib);
  }
}

static void print_replay(const GArray *rows)
{
  printf("%-26s %9s %9s %11s %8s\n", "per event", "min ns", "median", "million/s", "x memory");
  for (guint i = 0; i < rows->len; i++) {
    const struct bench_row *row = &g_array_index(rows, struct bench_row, i);
    printf("%-26s %9.2f %9.2f %11.2f %7.2fx\n", row->name, row->min_ns, row->median_ns,
           1e3 / row->min_ns, row->min_ns / row->bare_ns);
  }
}

static void print_workload(const GArray *rows)
{
  printf("%-26s %9s %9s %9s %8s\n", "per operation", "min ns", "median", "dry min", "x dry");
  for (guint i = 0; i < rows->len; i++) {
    const struct bench_row *row = &g_array_index(rows, struct bench_row, i);
    printf("%-26s %9.2f %9.2f %9.2f %7.2fx\n", row->name, row->min_ns, row->median_ns, row->bare_ns,
           row->min_ns / row->bare_ns);
  }
}

static void print_contract(const GArray *rows)
{
  printf("%-26s %9s %9s %13s %8s\n", "per step", "min ns", "median", "unchecked min", "ratio");
  for (guint i = 0; i < rows->len; i++) {
    const struct bench_row *row = &g_array_index(rows, struct bench_row, i);
    printf("%-26s %9.1f %9.1f %13.1f %7.2fx\n", row->name, row->min_ns, row->median_ns,
           row->bare_ns, row->min_ns / row->bare_ns);
  }
}

/* Speed: of a plain read of the same bytes, so that more is better. */
static void print_check(const GArray *rows)
{
  const double gib = (double)FM_SLOT_SIZE * 1e9 / (1 << 30);
  printf("%-26s %11s %9s %9s %8s\n", "per slot", "min ns", "GiB/s", "read", "speed");
  for (guint i = 0; i < rows->len; i++) {
    const struct bench_row *row = &g_array_index(rows, struct bench_row, i);
    printf("%-26s %11.2f %9.2f %9.2f %7.2fx\n", row->name, row->min_ns, gib / row->min_ns,
           gib / row->bare_ns, row->bare_ns / row->min_ns);
  }
}

static void print_explore(const GArray *rows)
{
  printf("%-34s %10s %12s %11s\n", "complete search of", "distinct", "a second", "x distinct");
  for (guint i = 0; i < rows->len; i++) {
    const struct bench_row *row = &g_array_index(rows, struct bench_row, i);
    printf("%-34s %10.0f %12.0f %10.2fx\n", row->name, row->count, 1e9 / row->min_ns,
           row->bare_ns / row->min_ns);
  }
}

static const struct suite suites[] = {
    {"slot", bench_slot, print_slot, 60},
    {"alloc", bench_alloc, print_alloc, 60},
    {"pt", bench_pt, print_pt, 60},
    {"boot", bench_boot, print_boot, 5},
    {"check", bench_check, print_check, 5},
    {"explore", bench_explore, print_explore, 1},
    {"replay", bench_replay, print_replay, 60},
    {"workload", bench_workload, print_workload, 60},
    {"contract", bench_contract, print_contract, 5},
};

static const struct suite *find_suite(const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS(suites); i++)
    if (strcmp(suites[i].name, name) == 0)
      return &suites[i];
  return NULL;
}

static void add_number(JsonBuilder *json, const char *name, double value)
{
  json_builder_set_member_name(json, name);
  json_builder_add_double_value(json, value);
}

static bool write_rows(const char *path, const char *suite, const GArray *rows)
{
  JsonBuilder *json = cli_json_begin("bench");
  cli_json_string(json, "suite", suite);
  json_builder_set_member_name(json, "rows");
  json_builder_begin_array(json);
  for (guint i = 0; i < rows->len; i++) {
    const struct bench_row *row = &g_array_index(rows, struct bench_row, i);
    json_builder_begin_object(json);
    cli_json_string(json, "name", row->name);
    add_number(json, "min_ns", row->min_ns);
    add_number(json, "median_ns", row->median_ns);
    add_number(json, "bare_ns", row->bare_ns);
    add_number(json, "ratio", row->min_ns / row->bare_ns);
    if (row->mib != 0)
      add_number(json, "mib", row->mib);
    if (row->count != 0)
      add_number(json, "distinct", row->count);
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
  return cli_json_end(json, path, false);
}

int cmd_bench(int argc, char **argv)
{
  g_autofree char *json = NULL;
  int rounds = -1;
  const GOptionEntry entries[] = {
      {"rounds", 'r', 0, G_OPTION_ARG_INT, &rounds, "Rounds of each measurement (see below)", "N"},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write JSON Lines to FILE (- is stdout)",
       "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  int status =
      cli_parse(&argc, &argv, "SUITE", entries, NULL,
                "Suite slot: the operations on one slot, each beside its bare form (the\n"
                "same atomics and plain stores, nothing else), interleaved in one run.\n"
                "Suite alloc: frames and segments from both allocators, and a list, each\n"
                "beside claim+drop of suite slot; nothing is zeroed.\n"
                "Suite pt: pages mapped one by one and in ranges of 1 GiB, each beside\n"
                "one more reference on a frame; translations; fork and exit.\n"
                "Suite boot: machines that boot, beside the first touch of as many pages.\n"
                "Suite check: the audit of 256 MiB of slots, beside a plain read of them.\n"
                "Suite explore: complete searches of small programs, a second each, and of\n"
                "two large ones.\n"
                "Suite replay: a generated trace, read and replayed from each of its\n"
                "forms, beside the same events from memory.\n"
                "Suite workload: generated workloads on both allocators, beside a dry run\n"
                "with the same draws and operations that do nothing.\n"
                "Suite contract: steps of scripts whose contract is checked (cheap), beside\n"
                "the same scripts unchecked.\n"
                "Rounds: 60; boot, check and contract 5; explore 1.  The ratio is that of\n"
                "the minima.\n\n"
                "Example: framesim bench slot --rounds 20\n");
  if (status >= 0)
    return status;
  if (argc < 2)
    return cli_usage_error(
        "bench",
        "a suite is missing: slot, alloc, pt, boot, check, explore, replay, workload or contract");
  const struct suite *suite = argc == 2 ? find_suite(argv[1]) : NULL;
  if (suite == NULL)
    return cli_usage_error(
        "bench", "one suite: slot, alloc, pt, boot, check, explore, replay, workload or contract");
  if (rounds == -1)
    rounds = suite->rounds;
  if (rounds < 1 || rounds > 100000)
    return cli_usage_error("bench", "--rounds must be 1 to 100000, not %d", rounds);

  GError *error = NULL;
  g_autoptr(GArray) rows = suite->run((unsigned)rounds, &error);
  if (rows == NULL)
    return cli_fail(error);
  if (json == NULL || strcmp(json, "-") != 0)
    suite->print(rows);
  return json == NULL || write_rows(json, suite->name, rows) ? CLI_OK : CLI_INPUT;
}
