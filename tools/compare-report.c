/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/compare-report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"

/* ---- Table ---- */

static double score_of(const struct sim_compare_row *row)
{
  return row->score;
}

static double failed_of(const struct sim_compare_row *row)
{
  return (double)row->failed;
}

static double steps_of(const struct sim_compare_row *row)
{
  return (double)row->steps;
}

static double shared_writes_of(const struct sim_compare_row *row)
{
  return (double)row->shared_writes;
}

static double shared_slots_of(const struct sim_compare_row *row)
{
  return (double)row->shared_slots;
}

static double seconds_of(const struct sim_compare_row *row)
{
  return row->seconds;
}

static const struct figure {
  const char *name;
  double (*of)(const struct sim_compare_row *row);
  int digits; /* behind the point */
} figures[] = {
    {"score", score_of, 3},
    {"failed", failed_of, 0},
    {"steps", steps_of, 0},
    {"shared writes", shared_writes_of, 0},
    {"shared slots", shared_slots_of, 0},
    {"seconds", seconds_of, 6},
};

static int compare_doubles(const void *a, const void *b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_figure(const struct figure *figure, const struct sim_compare_row *rows,
                         guint count, const char *allocator)
{
  g_autofree double *values = g_new(double, count);
  for (guint i = 0; i < count; i++)
    values[i] = figure->of(&rows[i]);
  qsort(values, count, sizeof(double), compare_doubles);
  printf("%-10s %-14s %14.*f %14.*f %14.*f\n", allocator, figure->name, figure->digits, values[0],
         figure->digits, values[count / 2], figure->digits, values[count - 1]);
}

void compare_print(const struct compare_result *result)
{
  const GArray *rows = result->rows;
  if (result->workload != NULL)
    printf("workload %s", result->workload);
  else
    printf("trace %s", result->trace);
  for (const char *const *text = result->parameters; text != NULL && *text != NULL; text++)
    printf(" %s", *text);
  printf("; %s, %u CPU%s", result->map, result->cpus, result->cpus == 1 ? "" : "s");
  if (result->workload != NULL)
    printf("; seeds %" PRIu64 " to %" PRIu64, result->first_seed, result->end_seed - 1);
  printf("\n%-10s %-14s %14s %14s %14s\n", "allocator", "", "min", "median", "max");
  for (guint i = 0, count; i < rows->len; i += count) {
    const struct sim_compare_row *first = &g_array_index(rows, struct sim_compare_row, i);
    for (count = 1; i + count < rows->len && first[count].allocator == first->allocator;)
      count++;
    for (gsize f = 0; f < G_N_ELEMENTS(figures); f++)
      print_figure(&figures[f], first, count, f == 0 ? fm_allocator_name(first->allocator) : "");
  }
}

/* ---- Files ---- */

bool compare_write_csv(const struct compare_result *result, const char *path)
{
  FILE *file = fopen(path, "we");
  bool good = file != NULL;
  if (good) {
    fprintf(file, "allocator,seed,score,failed,steps,shared_writes,shared_slots,seconds,digest\n");
    for (guint i = 0; i < result->rows->len; i++) {
      const struct sim_compare_row *row = &g_array_index(result->rows, struct sim_compare_row, i);
      fprintf(file, "%s,%" PRIu64 ",%.6f,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.6f,%s\n",
              fm_allocator_name(row->allocator), row->seed, row->score, row->failed, row->steps,
              row->shared_writes, row->shared_slots, row->seconds, row->digest);
    }
    good = ferror(file) == 0;
    good = fclose(file) == 0 && good;
  }
  if (!good)
    fprintf(stderr, "framesim: cannot write %s: %s\n", path, g_strerror(errno));
  return good;
}

static void add_double(JsonBuilder *json, const char *name, double value)
{
  json_builder_set_member_name(json, name);
  json_builder_add_double_value(json, value);
}

static void add_row(JsonBuilder *json, const struct sim_compare_row *row)
{
  json_builder_begin_object(json);
  cli_json_string(json, "allocator", fm_allocator_name(row->allocator));
  cli_json_int(json, "seed", row->seed);
  add_double(json, "score", row->score);
  cli_json_int(json, "failed", row->failed);
  cli_json_int(json, "steps", row->steps);
  cli_json_int(json, "shared_writes", row->shared_writes);
  cli_json_int(json, "shared_slots", row->shared_slots);
  add_double(json, "seconds", row->seconds);
  cli_json_string(json, "digest", row->digest);
  cli_json_int(json, "findings", row->findings);
  json_builder_end_object(json);
}

bool compare_write_json(const struct compare_result *result, const char *path)
{
  JsonBuilder *json = cli_json_begin("compare");
  cli_json_string(json, "workload", result->workload != NULL ? result->workload : "trace");
  if (result->trace != NULL)
    cli_json_string(json, "trace", result->trace);
  json_builder_set_member_name(json, "parameters");
  json_builder_begin_array(json);
  for (const char *const *text = result->parameters; text != NULL && *text != NULL; text++)
    json_builder_add_string_value(json, *text);
  json_builder_end_array(json);
  cli_json_string(json, "map", result->map);
  cli_json_int(json, "cpus", result->cpus);
  json_builder_set_member_name(json, "rows");
  json_builder_begin_array(json);
  for (guint i = 0; i < result->rows->len; i++)
    add_row(json, &g_array_index(result->rows, struct sim_compare_row, i));
  json_builder_end_array(json);
  return cli_json_end(json, path, false);
}
