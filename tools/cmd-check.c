/* SPDX-License-Identifier: MPL-2.0 */
/* framesim check: the audit over a RAM file. */
#include <inttypes.h>
#include <sim/audit.h>
#include <stdio.h>
#include <string.h>

#include "sim/repair/repair.h"
#include "tools/cli.h"
#include "tools/repair-report.h"

#define SHOWN_MAX 20u

struct check {
  sim_machine *machine;
  const char *json; /* NULL: none */
  bool quiet;       /* nothing but the record on standard output */
  uint64_t shown;
  JsonBuilder *record;
};

/* ---- Findings ---- */

static void print_fault(const struct sim_audit_fault *fault)
{
  g_autofree char *figures = sim_audit_figures(fault);
  printf("0x%" PRIx64 ": %s%s%s: %s (%s)\n", fault->frame.raw, cli_color(CLI_RED), fault->clause,
         cli_color(CLI_PLAIN), fault->text, figures);
}

static void record_fault(JsonBuilder *json, const struct sim_audit_fault *fault)
{
  json_builder_begin_object(json);
  cli_json_hex(json, "frame", fault->frame.raw);
  cli_json_string(json, "clause", fault->clause);
  if (fault->of_slot) {
    cli_json_hex(json, "ref_count", fault->count);
  } else {
    cli_json_string(json, "place", fault->place);
    cli_json_hex(json, "found", fault->count);
    cli_json_hex(json, "expected", fault->expected);
  }
  json_builder_end_object(json);
}

static void report(const struct sim_audit_fault *fault, void *data)
{
  struct check *check = data;
  if (check->shown++ >= SHOWN_MAX)
    return;
  cli_progress_clear();
  if (!check->quiet)
    print_fault(fault);
  if (check->record != NULL)
    record_fault(check->record, fault);
}

static void progress(uint64_t done, uint64_t frames, void *data)
{
  (void)data;
  cli_progress("checking slots", done, frames);
}

/* ---- By clause ---- */

static void print_clauses(const struct sim_audit_result *result)
{
  if (result->faults == 0)
    return;
  printf("By clause:\n");
  for (unsigned i = 0; i < SIM_AUDIT_CLAUSES; i++)
    if (result->by_clause[i] != 0)
      printf("  %-20s %8" PRIu64 "  %s\n", sim_audit_clause_name((enum sim_audit_clause)i),
             result->by_clause[i], sim_audit_clause_text((enum sim_audit_clause)i));
}

static void record_clauses(JsonBuilder *json, const struct sim_audit_result *result)
{
  json_builder_set_member_name(json, "clauses");
  json_builder_begin_array(json);
  for (unsigned i = 0; i < SIM_AUDIT_CLAUSES; i++) {
    if (result->by_clause[i] == 0)
      continue;
    json_builder_begin_object(json);
    cli_json_string(json, "id", sim_audit_clause_name((enum sim_audit_clause)i));
    cli_json_int(json, "faults", result->by_clause[i]);
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
}

static void begin_record(struct check *check)
{
  check->record = cli_json_begin("check");
  cli_json_int(check->record, "frames", sim_machine_kernel(check->machine)->nr_frames);
  json_builder_set_member_name(check->record, "shown");
  json_builder_begin_array(check->record);
}

static int check(void *data)
{
  struct check *check = data;
  /* Of a file with durable handles it is known who holds what. */
  bool durable = sim_machine_table(check->machine) != NULL;
  g_autoptr(sim_holders) holders = durable ? sim_holders_new(check->machine) : NULL;
  const struct sim_audit_options options = {.holders = durable ? sim_holders_of : NULL,
                                            .holders_data = holders,
                                            .report = report,
                                            .progress = progress,
                                            .data = check};
  struct sim_audit_result result;

  if (check->json != NULL)
    begin_record(check);
  sim_audit_run(check->machine, &options, &result);
  cli_progress_clear();
  if (!check->quiet) {
    if (result.faults > SHOWN_MAX)
      printf("... and %" PRIu64 " more\n", result.faults - SHOWN_MAX);
    print_clauses(&result);
    printf("%" PRIu64 " frames checked, %" PRIu64 " finding%s\n",
           sim_machine_kernel(check->machine)->nr_frames, result.faults,
           result.faults == 1 ? "" : "s");
    if (result.faults != 0 && !sim_machine_has_writer(check->machine))
      printf("framesim check --repair makes a machine whole whose process died\n");
  }
  if (check->record != NULL) {
    json_builder_end_array(check->record);
    cli_json_int(check->record, "findings", result.faults);
    record_clauses(check->record, &result);
    if (!cli_json_end(check->record, check->json, false))
      return CLI_INPUT;
  }
  return result.faults == 0 ? CLI_OK : CLI_VIOLATED;
}

int cmd_check(int argc, char **argv)
{
  g_autofree char *json = NULL;
  gboolean repair = FALSE;
  gboolean dry_run = FALSE;
  const GOptionEntry entries[] = {
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write JSON Lines to FILE (- is stdout)",
       "FILE"},
      {"repair", 0, 0, G_OPTION_ARG_NONE, &repair, "Make the machine whole after its process died",
       NULL},
      {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "With --repair: only say what it would do",
       NULL},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "RAMFILE", entries, NULL,
                         "Checks the whole machine in RAMFILE: every slot, the allocator's lists,\n"
                         "chunks, caches and free bytes, and the page tables in use.\n"
                         "Exit status: 0 all held, 1 something is wrong.\n\n"
                         "Example: framesim check machine.ram\n");
  if (status >= 0)
    return status;
  if (argc != 2)
    return cli_usage_error("check", argc < 2 ? "a RAMFILE is missing" : "one RAMFILE at a time");
  if (dry_run && !repair)
    return cli_usage_error("check", "--dry-run goes with --repair");
  if (repair)
    return repair_file(argv[1], dry_run, json);

  GError *error = NULL;
  g_autoptr(sim_machine) machine = sim_machine_open(argv[1], FM_STAGE_METADATA, &error);
  if (machine == NULL)
    return cli_fail(error);
  if (sim_machine_has_writer(machine))
    fprintf(stderr, "framesim: %s has a writer: operations under way look like findings\n",
            argv[1]);
  bool quiet = json != NULL && strcmp(json, "-") == 0;
  struct check what = {.machine = machine, .json = json, .quiet = quiet};
  return cli_look(machine, check, &what);
}
