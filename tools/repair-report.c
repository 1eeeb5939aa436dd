/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/repair-report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/repair/repair.h"
#include "tools/cli.h"

/* Handles beyond this are counted, not told. */
#define SHOWN_MAX 40u

struct report {
  JsonBuilder *record; /* NULL: none */
  bool quiet;
  uint64_t shown;
};

/* ---- One decision ---- */

/* "'f', a frame at 0x2345000 (step 7)". */
static char *describe(const struct sim_entry *entry)
{
  enum sim_entry_kind kind = sim_entry_kind(entry);
  g_autofree char *where =
      kind == SIM_ENTRY_LIST || kind == SIM_ENTRY_NONE ? g_strdup("")
      : entry->end - entry->start > FM_PAGE_SIZE
          ? g_strdup_printf(" 0x%" PRIx64 "-0x%" PRIx64, entry->start, entry->end)
          : g_strdup_printf(" 0x%" PRIx64, entry->start);
  return g_strdup_printf(
      "'%s'%s%s%s (step %" PRIu64 ")", entry->name, kind == SIM_ENTRY_NONE ? "" : ", ",
      kind == SIM_ENTRY_NONE ? "" : sim_entry_kind_name(kind), where, entry->step);
}

static void print_note(const struct sim_repair_note *note)
{
  g_autofree char *text = describe(&note->entry);
  enum sim_intent intent = sim_entry_intent(&note->entry);
  bool held = note->act == SIM_REPAIR_HELD;
  if (held)
    printf("held      orphan:%s: %s\n", note->entry.name, text);
  else
    printf("%-9s %s of %s%s%s\n", sim_repair_act_name(note->act), sim_intent_name(intent), text,
           note->why[0] != '\0' ? ": " : "", note->why);
}

static void record_note(JsonBuilder *json, const struct sim_repair_note *note)
{
  const struct sim_entry *entry = &note->entry;
  json_builder_begin_object(json);
  cli_json_string(json, "act", sim_repair_act_name(note->act));
  cli_json_string(json, "intent", sim_intent_name(sim_entry_intent(entry)));
  cli_json_string(json, "name", entry->name);
  cli_json_string(json, "holds", sim_entry_kind_name(sim_entry_kind(entry)));
  cli_json_hex(json, "start", entry->start);
  cli_json_hex(json, "end", entry->end);
  cli_json_int(json, "cpu", sim_entry_cpu(entry));
  cli_json_int(json, "serial", entry->serial);
  cli_json_int(json, "step", entry->step);
  json_builder_end_object(json);
}

static void on_note(const struct sim_repair_note *note, void *data)
{
  struct report *report = data;
  bool conflict = note->act == SIM_REPAIR_CONFLICT;
  if (report->record != NULL && !(conflict && sim_entry_kind(&note->entry) >= SIM_ENTRY_KINDS))
    record_note(report->record, note);
  if (!report->quiet && report->shown++ < SHOWN_MAX)
    print_note(note);
}

/* ---- All of it ---- */

static void print_count(uint64_t count, const char *one, const char *many)
{
  if (count != 0)
    printf("  %10" PRIu64 "  %s\n", count, count == 1 ? one : many);
}

static void print_result(const struct report *report, const struct sim_repair_result *result,
                         bool dry_run)
{
  if (report->shown > SHOWN_MAX)
    printf("... and %" PRIu64 " more\n", report->shown - SHOWN_MAX);
  if (result->clean) {
    printf("nothing to repair: %" PRIu64 " handles, %" PRIu64 " bytes free\n",
           result->acts[SIM_REPAIR_HELD], result->free_after);
    return;
  }
  printf("%s:\n", dry_run ? "A repair would change" : "Repaired");
  print_count(result->acts[SIM_REPAIR_UNDONE], "operation undone", "operations undone");
  print_count(result->acts[SIM_REPAIR_FINISHED], "operation finished", "operations finished");
  print_count(result->frames_freed, "frame freed, which nobody holds",
              "frames freed, which nobody holds");
  print_count(result->counts, "reference count of a held frame", "reference counts of held frames");
  print_count(result->lists, "list relinked", "lists relinked");
  print_count(result->nodes, "page table counted anew or unlocked",
              "page tables counted anew or unlocked");
  print_count(result->locks, "lock released", "locks released");
  print_count(result->pages, "page of deferred slots", "pages of deferred slots");
  print_count(result->acts[SIM_REPAIR_CONFLICT], "conflict left as it is",
              "conflicts left as they are");
  printf("free memory made anew: %" PRIu64 " bytes, before %" PRIu64 "\n", result->free_after,
         result->free_before);
  printf("%s%s%s: %" PRIu64 " finding%s left\n",
         cli_color(result->faults == 0 ? CLI_GREEN : CLI_RED),
         result->faults == 0 ? "whole" : "still broken", cli_color(CLI_PLAIN), result->faults,
         result->faults == 1 ? "" : "s");
}

static void record_result(JsonBuilder *json, const struct sim_repair_result *result, bool dry_run)
{
  json_builder_end_array(json);
  json_builder_set_member_name(json, "dry_run");
  json_builder_add_boolean_value(json, dry_run);
  json_builder_set_member_name(json, "clean");
  json_builder_add_boolean_value(json, result->clean);
  cli_json_int(json, "undone", result->acts[SIM_REPAIR_UNDONE]);
  cli_json_int(json, "finished", result->acts[SIM_REPAIR_FINISHED]);
  cli_json_int(json, "held", result->acts[SIM_REPAIR_HELD]);
  cli_json_int(json, "conflicts", result->acts[SIM_REPAIR_CONFLICT]);
  cli_json_int(json, "frames_freed", result->frames_freed);
  cli_json_int(json, "counts", result->counts);
  cli_json_int(json, "lists", result->lists);
  cli_json_int(json, "nodes", result->nodes);
  cli_json_int(json, "locks", result->locks);
  cli_json_int(json, "pages", result->pages);
  cli_json_hex(json, "free_before", result->free_before);
  cli_json_hex(json, "free_after", result->free_after);
  cli_json_int(json, "findings", result->faults);
}

int repair_file(const char *path, bool dry_run, const char *json)
{
  GError *error = NULL;
  g_autoptr(sim_machine) machine = sim_machine_open_repair(path, dry_run, &error);
  if (machine == NULL)
    return cli_fail(error);

  struct report report = {.quiet = json != NULL && strcmp(json, "-") == 0};
  if (json != NULL) {
    report.record = cli_json_begin("repair");
    json_builder_set_member_name(report.record, "handles");
    json_builder_begin_array(report.record);
  }
  const struct sim_repair_options options = {.say = on_note, .data = &report};
  struct sim_repair_result result;
  if (!sim_repair(machine, &options, &result, &error)) {
    g_clear_object(&report.record);
    return cli_fail(error);
  }
  if (!report.quiet)
    print_result(&report, &result, dry_run);
  if (report.record != NULL) {
    record_result(report.record, &result, dry_run);
    if (!cli_json_end(report.record, json, false))
      return CLI_INPUT;
  }
  return result.faults == 0 ? CLI_OK : CLI_VIOLATED;
}
