/* SPDX-License-Identifier: MPL-2.0 */
/* The verbs that check, tamper and talk: check, poke, note. */
#include <inttypes.h>
#include <sim/audit.h>
#include <string.h>

#include "sim/script/verbs.h"

enum sim_flow sim_verb_note(sim_run *run, const struct sim_command *command)
{
  struct sim_value value;
  if (!sim_run_value(run, sim_command_expr(command, "STRING"), &value))
    return SIM_FLOW_STOP;
  g_autofree char *text =
      value.kind == SIM_VALUE_STRING ? g_strdup(value.text) : sim_value_to_string(&value);
  sim_run_text(run, SIM_TEXT_OUTPUT, "%s", text);
  return SIM_FLOW_NEXT;
}

/* ---- check ---- */

struct check {
  sim_run *run;
  const struct sim_command *command;
  GHashTable *holders; /* frame number + 1 -> how many */
  uint64_t shown;
};

static uint64_t holders_of(fm_paddr frame, void *data)
{
  const struct check *check = data;
  return GPOINTER_TO_SIZE(
      g_hash_table_lookup(check->holders, GSIZE_TO_POINTER(fm_pfn_of_paddr(frame).nr + 1)));
}

static void report_fault(const struct sim_audit_fault *fault, void *data)
{
  struct check *check = data;
  if (check->shown++ >= SIM_FINDINGS_MAX)
    return;
  enum sim_clause clause = (enum sim_clause)fault->number;
  if (!fault->of_slot) {
    g_autofree char *figures = sim_audit_figures(fault);
    sim_run_clause_finding(check->run, check->command->place, "VIOLATED", clause, &fault->frame,
                           "%s: frame 0x%" PRIx64 ": %s (%s)", fault->clause, fault->frame.raw,
                           fault->text, figures);
  } else if (fault->number == SIM_AUDIT_COUNT_HOLDERS)
    sim_run_clause_finding(check->run, check->command->place, "VIOLATED", clause, &fault->frame,
                           "%s: frame 0x%" PRIx64 ": %s (count 0x%" PRIx64 ", holders %" PRIu64 ")",
                           fault->clause, fault->frame.raw, fault->text, fault->count,
                           fault->expected);
  else
    sim_run_clause_finding(check->run, check->command->place, "VIOLATED", clause, &fault->frame,
                           "%s: frame 0x%" PRIx64 ": %s (count 0x%" PRIx64 ")", fault->clause,
                           fault->frame.raw, fault->text, fault->count);
}

static void count_holder(fm_paddr frame, void *data)
{
  GHashTable *holders = data;
  gpointer key = GSIZE_TO_POINTER(fm_pfn_of_paddr(frame).nr + 1);
  gsize count = GPOINTER_TO_SIZE(g_hash_table_lookup(holders, key));
  g_hash_table_insert(holders, key, GSIZE_TO_POINTER(count + 1));
}

enum sim_flow sim_verb_check(sim_run *run, const struct sim_command *command)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  g_autoptr(GHashTable) holders = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < handles->len; i++)
    sim_handle_each_frame(handles->pdata[i], count_holder, holders);
  struct check check = {.run = run, .command = command, .holders = holders};
  uint64_t faults = sim_audit(run->machine, holders_of, &check, report_fault, &check);
  if (faults == 0)
    sim_run_text(run, SIM_TEXT_OUTPUT, "      %" PRIu64 " frames checked, nothing wrong",
                 run->kernel->nr_frames);
  else if (faults > SIM_FINDINGS_MAX)
    sim_run_text(run, SIM_TEXT_OUTPUT, "      %" PRIu64 " faults, of which the first %u are told",
                 faults, SIM_FINDINGS_MAX);
  return SIM_FLOW_NEXT;
}

/* ---- poke ---- */

enum sim_flow sim_verb_poke(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *where = sim_command_expr(command, "ADDR");
  const char *field = sim_command_flag(command);
  const struct sim_expr *at = sim_command_expr(command, "at");
  uint64_t address;
  uint64_t value;
  uint64_t offset = 0;
  if (!sim_run_address(run, where, &address) ||
      !sim_run_number(run, sim_command_expr(command, "="), &value) ||
      (at != NULL && !sim_run_number(run, at, &offset)))
    return SIM_FLOW_STOP;
  if (!sim_run_has_slot(run, where, address))
    return SIM_FLOW_STOP;
  bool storage = strcmp(field, "storage") == 0;
  if (at != NULL && (!storage || offset > FM_META_MAX_SIZE - sizeof(value)))
    return sim_run_error(run, at->place, NULL,
                         storage ? "the storage has 40 bytes, so a number fits at 0 to 32"
                                 : "'at' is for the storage only");

  /* A slot with deferred metadata is written before somebody writes into it. */
  (void)!sim_machine_ops(run->machine)->chunk_reach(run->kernel, fm_paddr_of(address));
  struct fm_slot *slot = fm_slot_at(fm_paddr_of(address));
  sim_run_touch(run, fm_paddr_of(address));
  sim_run_note_change(run, fm_paddr_of(address));
  sim_run_find_touch(run, fm_paddr_of(address))->wrote_other = true;
  if (run->contract != NULL)
    sim_contract_poked(run->contract, fm_paddr_of(address));
  if (storage)
    memcpy(slot->storage + offset, &value, sizeof(value));
  else if (strcmp(field, "ref_count") == 0)
    __atomic_store_n(&slot->ref_count, value, __ATOMIC_RELAXED);
  else if (strcmp(field, "vtable_ptr") == 0)
    slot->vtable_ptr = value;
  else
    __atomic_store_n(&slot->in_list, value, __ATOMIC_RELAXED);
  return SIM_FLOW_NEXT;
}
