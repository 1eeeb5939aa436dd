/* SPDX-License-Identifier: MPL-2.0 */
/* What came of an exploration, for people and as JSON. */
#include "tools/explore-report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/cli.h"

/* ---- For people ---- */

static void print_counts(const struct sim_front_report *report)
{
  const char *model = sim_explore_model_name(report->options.model);
  if (report->variant != NULL)
    printf("variant %s: ", report->variant);
  if (report->one) {
    printf("one execution, %s, under %s\n", report->complete ? "complete" : "not complete", model);
    return;
  }
  printf("%" PRIu64 " complete execution%s, %" PRIu64 " blocked, under %s", report->distinct,
         report->distinct == 1 ? "" : "s", report->blocked, model);
  if (report->findings > 1)
    printf("; %" PRIu64 " have a finding, this is the shortest", report->findings);
  if (report->limit != NULL)
    printf("; stopped by the limit of %s", report->limit);
  printf("\n");
}

void explore_report_print(const struct sim_front_report *report)
{
  bool good = report->verdict == SIM_EXPLORE_HELD;
  enum cli_color color = good                                      ? CLI_GREEN
                         : report->verdict == SIM_EXPLORE_VIOLATED ? CLI_RED
                                                                   : CLI_YELLOW;
  printf("%s%s%s: ", cli_color(color), sim_explore_verdict_name(report->verdict),
         cli_color(CLI_PLAIN));
  if (report->kind != NULL)
    printf("%s: %s%s%s\n", report->place != NULL ? report->place : report->kind, report->kind,
           report->text[0] != '\0' ? ": " : "", report->text);
  if (report->kind != NULL)
    printf("  ");
  print_counts(report);
  if (report->table->len != 0)
    printf("%s%s", report->table->str[0] == '\n' ? "" : "\n", report->table->str);
  printf("not in the model: %s\n", sim_explore_model_limits(report->options.model));
}

/* ---- JSON ---- */

static void string_or_null(JsonBuilder *json, const char *name, const char *value)
{
  if (value != NULL) {
    cli_json_string(json, name, value);
    return;
  }
  json_builder_set_member_name(json, name);
  json_builder_add_null_value(json);
}

static void add_finding(JsonBuilder *json, const struct sim_front_report *report)
{
  json_builder_set_member_name(json, "finding");
  if (report->kind == NULL) {
    json_builder_add_null_value(json);
    return;
  }
  json_builder_begin_object(json);
  cli_json_string(json, "kind", report->kind);
  cli_json_string(json, "text", report->text);
  string_or_null(json, "place", report->place);
  string_or_null(json, "schedule", report->schedule);
  json_builder_set_member_name(json, "accesses");
  json_builder_begin_array(json);
  for (guint i = 0; i < report->accesses->len; i++) {
    const struct sim_front_access *access =
        &g_array_index(report->accesses, struct sim_front_access, i);
    json_builder_begin_object(json);
    cli_json_string(json, "thread", access->thread);
    cli_json_string(json, "site", access->site);
    cli_json_string(json, "order", access->order);
    cli_json_string(json, "does", access->writes ? "write" : "read");
    cli_json_string(json, "place", access->place);
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
  json_builder_end_object(json);
}

static void add_witnesses(JsonBuilder *json, const struct sim_front_report *report)
{
  json_builder_set_member_name(json, "sometimes");
  json_builder_begin_array(json);
  for (guint i = 0; i < report->witnesses->len; i++) {
    const struct sim_front_witness *witness =
        &g_array_index(report->witnesses, struct sim_front_witness, i);
    json_builder_begin_object(json);
    cli_json_string(json, "text", witness->text);
    cli_json_string(json, "place", witness->place);
    json_builder_set_member_name(json, "seen");
    json_builder_add_boolean_value(json, witness->seen);
    string_or_null(json, "schedule", witness->schedule);
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
}

bool explore_report_json(const char *path, const char *script,
                         const struct sim_front_report *report)
{
  JsonBuilder *json = cli_json_begin("explore");
  cli_json_string(json, "script", script);
  cli_json_string(json, "verdict", sim_explore_verdict_name(report->verdict));
  cli_json_string(json, "model", sim_explore_model_name(report->options.model));
  string_or_null(json, "variant", report->variant);
  cli_json_int(json, "complete", report->complete);
  cli_json_int(json, "blocked", report->blocked);
  cli_json_int(json, "redundant", report->redundant);
  cli_json_int(json, "distinct", report->distinct);
  cli_json_int(json, "runs", report->runs);
  cli_json_int(json, "findings", report->findings);
  json_builder_set_member_name(json, "seconds");
  json_builder_add_double_value(json, report->seconds);
  string_or_null(json, "limit", report->limit);
  add_finding(json, report);
  add_witnesses(json, report);
  cli_json_string(json, "not_included", sim_explore_model_limits(report->options.model));
  return cli_json_end(json, path, false);
}
