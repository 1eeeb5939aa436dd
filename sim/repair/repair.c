/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/repair/repair.h"

#include "sim/error.h"
#include "sim/repair/internal.h"

const char *sim_repair_act_name(enum sim_repair_act act)
{
  static const char *const names[SIM_REPAIR_ACTS] = {
      [SIM_REPAIR_UNDONE] = "undone",
      [SIM_REPAIR_FINISHED] = "finished",
      [SIM_REPAIR_HELD] = "held",
      [SIM_REPAIR_CONFLICT] = "conflict",
  };
  return names[act];
}

/* ---- Opening ---- */

/* Allocator none has no frames for a kernel page table, so its boot ends earlier. */
static bool has_booted(const struct fm_kernel *kernel)
{
  return kernel->stage == FM_STAGE_DONE ||
         (kernel->allocator == FM_ALLOCATOR_NONE && kernel->stage == FM_STAGE_ALLOCATOR);
}

sim_machine *sim_machine_open_repair(const char *path, bool copied, GError **error)
{
  g_autoptr(sim_machine) machine = copied
                                       ? sim_machine_open_copied(path, FM_STAGE_METADATA, error)
                                       : sim_machine_open_writable(path, FM_STAGE_METADATA, error);
  if (machine == NULL)
    return NULL;
  if (machine->ram.has_writer) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
                "%s has a writer that is alive; a repair waits until it is gone", path);
    return NULL;
  }
  if (!has_booted(machine->kernel)) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
                "%s: its process died while the machine booted (stage '%s'): nothing is held yet, "
                "so boot it anew",
                path, fm_boot_stage_name((enum fm_boot_stage)machine->kernel->stage));
    return NULL;
  }
  sim_cpu_enter(machine, 0);
  return g_steal_pointer(&machine);
}

/* ---- The parts ---- */

static uint64_t count_faults(const struct repair *repair)
{
  const struct sim_audit_options options = {
      .holders = sim_holders_of, .holders_data = repair->holders, .threads = 1};
  struct sim_audit_result result;
  sim_audit_run(repair->machine, &options, &result);
  return result.faults;
}

static bool is_quiet(const struct repair *repair)
{
  const struct fm_kernel *kernel = repair->kernel;
  return kernel->grace_lock.held == 0 && kernel->grace_readers == 0 && kernel->grace_waiting == 0 &&
         (repair->table == NULL || sim_table_header(repair->table)->open == 0);
}

/* The allocator has all that nobody holds, and not more. */
static bool has_all_free(const struct repair *repair)
{
  return repair->kernel->allocator == FM_ALLOCATOR_NONE ||
         repair->machine->ops->free_bytes(repair->kernel) == repair_unheld_bytes(repair);
}

/* While it is under way the lock of the grace period is held: who comes after a repair that died
 * sees by that that the machine is not to be believed, whatever else looks right. */
static void rebuild(struct repair *repair)
{
  struct fm_kernel *kernel = repair->kernel;
  repair->result.locks += !repair_put(&kernel->grace_lock.held, 1);
  repair_forget_free(repair);
  repair_apply(repair);
  repair_give_free(repair);
  sim_durable_store(&kernel->grace_lock.held, 0);
}

static void run_repair(void *data)
{
  struct repair *repair = data;
  struct sim_repair_result *result = &repair->result;

  result->free_before = repair->machine->ops->free_bytes(repair->kernel);
  uint64_t decided = repair_decide(repair);
  repair->holders = sim_holders_new(repair->machine);
  bool quiet = decided == 0 && is_quiet(repair) && count_faults(repair) == 0;
  repair_count_kernel(repair->holders);
  result->clean = quiet && has_all_free(repair);
  if (!result->clean) {
    result->acts[SIM_REPAIR_CONFLICT] += repair->holders->conflicts;
    rebuild(repair);
    repair->holders = sim_holders_free(repair->holders);
    repair->holders = sim_holders_new(repair->machine);
    result->faults = count_faults(repair);
    if (repair->table != NULL && result->faults == 0)
      sim_durable_store(&sim_table_header(repair->table)->open, 0);
  }
  result->free_after = repair->machine->ops->free_bytes(repair->kernel);
}

bool sim_repair(sim_machine *machine, const struct sim_repair_options *options,
                struct sim_repair_result *ret, GError **error)
{
  struct repair repair = {.machine = machine,
                          .kernel = machine->kernel,
                          .table = sim_machine_table(machine),
                          .options = options};
  enum sim_end end = sim_guard_run(machine, run_repair, &repair);
  sim_holders_free(repair.holders);
  if (end != SIM_END_DONE) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
                "the repair did not come to its end: %s; run it again, or boot the machine anew",
                sim_machine_panic(machine));
    return false;
  }
  *ret = repair.result;
  return true;
}
