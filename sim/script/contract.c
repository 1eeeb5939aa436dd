/* SPDX-License-Identifier: MPL-2.0 */
/* The contract, checked while a script runs: who watches, what is recounted, what is told. */
#include <inttypes.h>
#include <sim/audit.h>
#include <string.h>

#include "sim/internal.h"
#include "sim/script/interp.h"

#define HOLDERS_TOLD 4u

/* ---- Who watches ---- */

static void keep_breach(const struct sim_contract_breach *breach, void *data)
{
  sim_run *run = data;
  struct sim_contract_breach kept = *breach;
  /* What the operation has not come to yet is told from what it left. */
  g_array_append_val(run->cpu->breaches, kept);
}

const struct fm_ops *sim_run_watched_ops(sim_run *run)
{
  const struct fm_ops *ops = run->variant != NULL ? &run->variant_ops
                             : run->needs_hooks   ? &fm_ops_instrumented
                                                  : &fm_ops_native;
  if (run->check == SIM_CHECK_OFF)
    return ops;
  run->contract = sim_contract_new(run->check, keep_breach, run);
  return sim_contract_ops(run->contract, ops);
}

void sim_run_contract_close(sim_run *run)
{
  g_clear_pointer(&run->contract, sim_contract_free);
}

void sim_run_contract_pause(sim_run *run, bool pause)
{
  if (run->contract == NULL || run->machine == NULL)
    return;
  const struct fm_ops *inner = sim_contract_inner(run->contract);
  sim_machine_set_ops(run->machine, pause ? inner : sim_contract_ops(run->contract, inner));
}

/* ---- Findings ---- */

void sim_run_clause_finding(sim_run *run, struct sim_place place, const char *kind,
                            enum sim_clause clause, const fm_paddr *frame, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  run->clause = sim_clause_info(clause)->id;
  sim_run_finding(run, place, kind, frame, "%s", text);
  run->clause = NULL;
}

/* A frame that has no handle any more, but had. */
static void append_last_holder(const sim_run *run, fm_paddr frame, GString *hint)
{
  GHashTableIter iter;
  gpointer key;
  gpointer value;
  const char *name = NULL;
  uint64_t step = 0;
  g_hash_table_iter_init(&iter, run->names);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    const struct sim_binding *binding = value;
    if (binding->kind != SIM_BINDING_GONE || !binding->gone_frame || binding->gone.raw != frame.raw)
      continue;
    if (name != NULL &&
        (binding->gone_step < step || (binding->gone_step == step && strcmp(key, name) > 0)))
      continue;
    name = key;
    step = binding->gone_step;
  }
  if (name != NULL)
    g_string_append_printf(hint, "held by nobody; '%s' was the last, up to step %" PRIu64 "\n",
                           name, step);
}

void sim_run_append_holders(sim_run *run, fm_paddr frame, GString *hint)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  guint told = 0;
  guint more = 0;
  for (guint i = 0; i < handles->len; i++) {
    const struct sim_handle *handle = handles->pdata[i];
    if (!sim_handle_owns(handle) || sim_handle_holds(handle, frame) == 0)
      continue;
    if (told++ >= HOLDERS_TOLD) {
      more++;
      continue;
    }
    g_autofree char *place = sim_place_to_string(handle->place);
    *strrchr(place, ':') = '\0';
    g_string_append_printf(hint, "%s%s (%s, step %" PRIu64 ")", told == 1 ? "held by " : ", ",
                           handle->name, place, handle->step);
  }
  if (more != 0)
    g_string_append_printf(hint, " and %u more", more);
  if (told != 0)
    g_string_append_c(hint, '\n');
  else
    append_last_holder(run, frame, hint);
}

/* ---- Recounting (full) ---- */

struct recount {
  sim_run *run;
  const struct sim_command *command;
  GPtrArray *handles;
};

static uint64_t count_holders(fm_paddr frame, void *data)
{
  const struct recount *recount = data;
  uint64_t holders = 0;
  for (guint i = 0; i < recount->handles->len; i++)
    holders += sim_handle_holds(recount->handles->pdata[i], frame);
  return holders;
}

static void tell_fault(const struct sim_audit_fault *fault, void *data)
{
  const struct recount *recount = data;
  g_autofree char *figures = sim_audit_figures(fault);
  sim_run_clause_finding(recount->run, recount->command->place, "VIOLATED",
                         (enum sim_clause)fault->number, &fault->frame,
                         "%s: frame 0x%" PRIx64 ": %s (%s; holders %" PRIu64 ")", fault->clause,
                         fault->frame.raw, fault->text, figures, count_holders(fault->frame, data));
}

static gint by_address(gconstpointer left, gconstpointer right)
{
  uint64_t a = ((const fm_paddr *)left)->raw;
  uint64_t b = ((const fm_paddr *)right)->raw;
  return a < b ? -1 : a > b;
}

/* The frames that the step touched, while no thread is under way. */
static void recount_touched(sim_run *run, const struct sim_command *command)
{
  const GArray *touched = run->cpu->touched;
  if (touched->len == 0 || run->sched != NULL || run->cpu->panicked)
    return;
  g_autoptr(GArray) frames = g_array_sized_new(FALSE, FALSE, sizeof(fm_paddr), touched->len);
  for (guint i = 0; i < touched->len; i++)
    g_array_append_val(frames, g_array_index(touched, struct sim_touch, i).frame);
  g_array_sort(frames, by_address);
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  struct recount recount = {run, command, handles};
  const struct sim_audit_options options = {.holders = count_holders,
                                            .holders_data = &recount,
                                            .report = tell_fault,
                                            .data = &recount,
                                            .threads = 1};
  struct sim_audit_result result;
  sim_audit_frames(run->machine, &options, (const fm_paddr *)(void *)frames->data, frames->len,
                   &result);
}

/* ---- After a step ---- */

bool sim_run_report_breaches(sim_run *run, const struct sim_command *command)
{
  GArray *breaches = run->cpu->breaches;
  bool any = breaches->len != 0;
  for (guint i = 0; i < breaches->len && run->findings < SIM_FINDINGS_MAX; i++) {
    const struct sim_contract_breach *breach =
        &g_array_index(breaches, struct sim_contract_breach, i);
    g_autofree char *text = sim_contract_breach_text(breach);
    sim_run_clause_finding(run, command->place, "VIOLATED", breach->clause,
                           breach->has_frame ? &breach->frame : NULL, "%s: %s",
                           sim_clause_info(breach->clause)->id, text);
  }
  g_array_set_size(breaches, 0);
  if (run->check == SIM_CHECK_FULL && !any)
    recount_touched(run, command);
  return any;
}
