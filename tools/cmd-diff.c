/* SPDX-License-Identifier: MPL-2.0 */
/* framesim diff: how the machines of two RAM files differ. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/diff.h"
#include "tools/cli.h"

#define SHOWN_RUNS 20u

/* ---- Text ---- */

static void print_figures(const char *title, const GArray *figures)
{
  if (figures->len == 0)
    return;
  printf("%s%s%s\n", cli_color(CLI_BOLD), title, cli_color(CLI_PLAIN));
  for (guint i = 0; i < figures->len; i++) {
    const struct sim_diff_figure *figure = &g_array_index(figures, struct sim_diff_figure, i);
    printf("  %-28s %s -> %s\n", figure->name, figure->a, figure->b);
  }
}

static void print_regions(const GArray *regions)
{
  if (regions->len == 0)
    return;
  printf("%sRegions%s (- only in the first, + only in the second)\n", cli_color(CLI_BOLD),
         cli_color(CLI_PLAIN));
  for (guint i = 0; i < regions->len; i++) {
    const struct sim_diff_region *region = &g_array_index(regions, struct sim_diff_region, i);
    printf("  %c 0x%012" PRIx64 "-0x%012" PRIx64 "  %s\n", region->in_b ? '+' : '-',
           region->region.base, fm_region_end(&region->region),
           fm_region_type_name((enum fm_region_type)region->region.type));
  }
}

static void print_counts(const GArray *counts)
{
  printf("%sFrames by state and type%s\n", cli_color(CLI_BOLD), cli_color(CLI_PLAIN));
  printf("  %-8s %-12s %12s %12s %13s\n", "state", "type", "first", "second", "difference");
  for (guint i = 0; i < counts->len; i++) {
    const struct sim_diff_count *count = &g_array_index(counts, struct sim_diff_count, i);
    g_autofree char *change = count->a == count->b
                                  ? g_strdup("-")
                                  : g_strdup_printf("%+" PRId64, (int64_t)(count->b - count->a));
    printf("  %-8s %-12s %12" PRIu64 " %12" PRIu64 " %13s\n", count->state, count->type, count->a,
           count->b, change);
  }
}

static void print_frames(const sim_diff *diff)
{
  if (diff->runs == 0)
    return;
  printf("%sFrames that differ%s: %" PRIu64 " in %" PRIu64 " run%s\n", cli_color(CLI_BOLD),
         cli_color(CLI_PLAIN), diff->different, diff->runs, diff->runs == 1 ? "" : "s");
  for (guint i = 0; i < diff->frames->len; i++) {
    const struct sim_diff_frames *frames = &g_array_index(diff->frames, struct sim_diff_frames, i);
    printf("  0x%012" PRIx64 "-0x%012" PRIx64 "  %8" PRIu64 "  %s -> %s\n",
           frames->first * FM_PAGE_SIZE, (frames->first + frames->frames) * FM_PAGE_SIZE,
           frames->frames, frames->a, frames->b);
  }
  if (diff->frames->len < diff->runs)
    printf("  ... and %" PRIu64 " more runs (--all shows them)\n", diff->runs - diff->frames->len);
}

static void print_diff(const sim_diff *diff)
{
  if (diff->same) {
    printf("the machines are the same\n");
    return;
  }
  print_figures("Boot", diff->figures);
  print_regions(diff->regions);
  print_counts(diff->counts);
  print_frames(diff);
  print_figures("Page tables (the first difference of each)", diff->tables);
  print_figures("Free memory", diff->free_lists);
}

/* ---- JSON ---- */

static void record_figures(JsonBuilder *json, const char *name, const GArray *figures)
{
  json_builder_set_member_name(json, name);
  json_builder_begin_array(json);
  for (guint i = 0; i < figures->len; i++) {
    const struct sim_diff_figure *figure = &g_array_index(figures, struct sim_diff_figure, i);
    json_builder_begin_object(json);
    cli_json_string(json, "name", figure->name);
    cli_json_string(json, "first", figure->a);
    cli_json_string(json, "second", figure->b);
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
}

static void record_regions(JsonBuilder *json, const GArray *regions)
{
  json_builder_set_member_name(json, "regions");
  json_builder_begin_array(json);
  for (guint i = 0; i < regions->len; i++) {
    const struct sim_diff_region *region = &g_array_index(regions, struct sim_diff_region, i);
    json_builder_begin_object(json);
    cli_json_string(json, "in", region->in_b ? "second" : "first");
    cli_json_hex(json, "base", region->region.base);
    cli_json_hex(json, "end", fm_region_end(&region->region));
    cli_json_string(json, "type", fm_region_type_name((enum fm_region_type)region->region.type));
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
}

static void record_counts(JsonBuilder *json, const GArray *counts)
{
  json_builder_set_member_name(json, "frames");
  json_builder_begin_array(json);
  for (guint i = 0; i < counts->len; i++) {
    const struct sim_diff_count *count = &g_array_index(counts, struct sim_diff_count, i);
    json_builder_begin_object(json);
    cli_json_string(json, "state", count->state);
    cli_json_string(json, "type", count->type);
    cli_json_int(json, "first", count->a);
    cli_json_int(json, "second", count->b);
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
}

static void record_frames(JsonBuilder *json, const sim_diff *diff)
{
  cli_json_int(json, "different", diff->different);
  cli_json_int(json, "runs", diff->runs);
  json_builder_set_member_name(json, "shown");
  json_builder_begin_array(json);
  for (guint i = 0; i < diff->frames->len; i++) {
    const struct sim_diff_frames *frames = &g_array_index(diff->frames, struct sim_diff_frames, i);
    json_builder_begin_object(json);
    cli_json_hex(json, "frame", frames->first * FM_PAGE_SIZE);
    cli_json_int(json, "frames", frames->frames);
    cli_json_string(json, "first", frames->a);
    cli_json_string(json, "second", frames->b);
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
}

static bool record_diff(const sim_diff *diff, const char *path)
{
  JsonBuilder *json = cli_json_begin("diff");
  json_builder_set_member_name(json, "same");
  json_builder_add_boolean_value(json, diff->same);
  record_figures(json, "boot", diff->figures);
  record_regions(json, diff->regions);
  record_counts(json, diff->counts);
  record_frames(json, diff);
  record_figures(json, "tables", diff->tables);
  record_figures(json, "free", diff->free_lists);
  return cli_json_end(json, path, false);
}

/* ---- One machine after the other ---- */

struct look {
  const sim_machine *machine;
  sim_summary *summary;
};

static int take(void *data)
{
  struct look *look = data;
  look->summary = sim_summary_new(look->machine);
  return CLI_OK;
}

/* Opens the file, takes the summary, and closes it again; on failure *ret stays NULL. */
static int summarise(const char *path, sim_summary **ret)
{
  GError *error = NULL;
  g_autoptr(sim_machine) machine = sim_machine_open(path, FM_STAGE_METADATA, &error);
  if (machine == NULL)
    return cli_fail(error);
  if (sim_machine_has_writer(machine))
    fprintf(stderr, "framesim: %s has a writer: it may change while it is looked at\n", path);
  struct look look = {machine, NULL};
  int status = cli_look(machine, take, &look);
  *ret = look.summary;
  return status;
}

static int run(const char *path_a, const char *path_b, const char *json, bool all)
{
  g_autoptr(sim_summary) a = NULL;
  g_autoptr(sim_summary) b = NULL;
  int status = summarise(path_a, &a);
  if (status == CLI_OK)
    status = summarise(path_b, &b);
  if (status != CLI_OK)
    return status;
  g_autoptr(sim_diff) diff = sim_diff_new(a, b, all ? 0 : SHOWN_RUNS);
  if (json == NULL || strcmp(json, "-") != 0)
    print_diff(diff);
  if (json != NULL && !record_diff(diff, json))
    return CLI_INPUT;
  return diff->same ? CLI_OK : CLI_VIOLATED;
}

int cmd_diff(int argc, char **argv)
{
  g_autofree char *json = NULL;
  gboolean all = FALSE;
  const GOptionEntry entries[] = {
      {"all", 0, 0, G_OPTION_ARG_NONE, &all, "Show every run of frames that differs", NULL},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write JSON Lines to FILE (- is stdout)",
       "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "RAMFILE RAMFILE", entries, NULL,
                         "Says how the machines in two RAM files differ: figures of the boot,\n"
                         "regions, frames by state and type and one by one, page tables in use,\n"
                         "free memory.  Exit status: 0 they are the same, 1 they differ.\n\n"
                         "Example: framesim diff before.ram after.ram\n");
  if (status >= 0)
    return status;
  if (argc != 3)
    return cli_usage_error("diff", argc < 3 ? "two RAMFILEs are compared" : "too many arguments");
  return run(argv[1], argv[2], json, all);
}
