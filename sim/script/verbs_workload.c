/* SPDX-License-Identifier: MPL-2.0 */
/* The verb `workload`: a generated workload as one step. */
#include <inttypes.h>
#include <string.h>

#include "sim/pieces.h"
#include "sim/script/verbs.h"
#include "sim/workload/workload.h"

const struct sim_verb_syntax sim_workload_syntax[] = {
    {.name = "ops",
     .grammar = "NUMBER",
     .example = "ops 5000",
     .summary = "operations (10000; bulk: no end)"},
    {.name = "cpus",
     .grammar = "NUMBER",
     .example = "cpus 2",
     .summary = "CPUs that take part, from 0 on (all)"},
    {.name = "remote",
     .grammar = "NUMBER",
     .example = "remote 30",
     .summary = "percent of frees by another CPU than allocated (0)"},
    {.name = "orders",
     .grammar = "WEIGHTS",
     .example = "orders 0:8 1:2 9:1",
     .summary = "blocks of 2^order frames, each order with its weight"},
    {.name = "live",
     .grammar = "NUMBER",
     .example = "live 500",
     .summary = "most blocks (4096), processes (16), short-lived (32)"},
    {.name = "life",
     .grammar = "NUMBER",
     .example = "life 200",
     .summary = "churn: mean lifetime in operations (1000)"},
    {.name = "allocs",
     .grammar = "NUMBER",
     .example = "allocs 60",
     .summary = "random: percent that allocate (50)"},
    {.name = "share",
     .grammar = "NUMBER",
     .example = "share 75",
     .summary = "percent of free memory to fill (50; page-cache: 80)"},
    {.name = "keep",
     .grammar = "NUMBER",
     .example = "keep 20",
     .summary = "bulk: percent of blocks that stay (10)"},
    {.name = "rounds",
     .grammar = "NUMBER",
     .example = "rounds 3",
     .summary = "bulk: how often memory is filled (1)"},
    {.name = "frees",
     .grammar = "(forward|reverse|shuffled)",
     .example = "frees reverse",
     .summary = "bulk: in which order blocks go (shuffled)"},
    {.name = "pages",
     .grammar = "NUMBER",
     .example = "pages 100",
     .summary = "fork-storm: pages of a process (64)"},
    {.name = "writes",
     .grammar = "NUMBER",
     .example = "writes 50",
     .summary = "fork-storm: percent of pages that a child writes (25)"},
    {.name = "hits",
     .grammar = "NUMBER",
     .example = "hits 60",
     .summary = "page-cache: percent of accesses that hit (30)"},
    {.name = "short",
     .grammar = "NUMBER",
     .example = "short 10",
     .summary = "page-cache: percent about short-lived blocks (20)"},
    {.name = "depth",
     .grammar = "NUMBER",
     .example = "depth 32",
     .summary = "stacks: most blocks of a CPU (64)"},
    {.name = "stream",
     .grammar = "TEXT",
     .example = "stream other",
     .summary = "name of what is drawn from (the kind's name)"},
    {0},
};

/* ---- Parameters ---- */

static bool refuse(sim_run *run, struct sim_place place, GError *error)
{
  g_autoptr(GError) owned = error;
  (void)sim_run_error(run, place, NULL, "%s", owned->message);
  return false;
}

static bool set_orders(sim_run *run, const struct sim_command *key, struct sim_workload_spec *spec)
{
  const struct sim_arg *arg = sim_command_arg(key, "WEIGHTS");
  GError *error = NULL;
  uint64_t order;
  uint64_t weight;
  for (guint i = 0; i < arg->n_exprs; i += 2) {
    if (!sim_run_number(run, arg->exprs[i], &order) ||
        !sim_run_number(run, arg->exprs[i + 1], &weight))
      return false;
    if (!sim_workload_add_order(spec, order, weight, &error))
      return refuse(run, arg->exprs[i]->place, error);
  }
  return true;
}

static bool set_key(sim_run *run, const struct sim_command *key, struct sim_workload_spec *spec)
{
  const char *name = key->verb->name;
  const struct sim_expr *expr = sim_command_expr(key, "NUMBER");
  const char *word = sim_command_flag(key);
  GError *error = NULL;
  uint64_t number;
  if (strcmp(name, "orders") == 0)
    return set_orders(run, key, spec);
  if (expr != NULL) {
    if (!sim_run_number(run, expr, &number))
      return false;
    return sim_workload_set_number(spec, name, number, &error) || refuse(run, expr->place, error);
  }
  if (word == NULL)
    word = sim_command_word(key, "TEXT");
  return sim_workload_set_word(spec, name, word, &error) || refuse(run, key->place, error);
}

static bool read_spec(sim_run *run, const struct sim_command *command,
                      struct sim_workload_spec *spec)
{
  const struct sim_block *keys = sim_command_block(command, "KEYS");
  GError *error = NULL;
  if (!sim_workload_spec_init(spec, sim_command_flag(command), &error))
    return refuse(run, command->place, error);
  for (const struct sim_command *key = keys != NULL ? keys->first : NULL; key != NULL;
       key = key->next)
    if (!set_key(run, key, spec))
      return false;
  return true;
}

/* ---- The step ---- */

static void tell(sim_run *run, const sim_workload *workload, struct sim_pieces pieces)
{
  const struct sim_workload_counts *counts = sim_workload_counts(workload);
  uint32_t cpus = sim_workload_cpus(workload);
  sim_run_text(run, SIM_TEXT_OUTPUT,
               "      %" PRIu64 " operations on %u CPU%s: %" PRIu64 " blocks allocated, %" PRIu64
               " failed, %" PRIu64 " further references",
               counts->ops, cpus, cpus == 1 ? "" : "s", counts->allocs, counts->failed,
               counts->clones);
  sim_run_text(run, SIM_TEXT_OUTPUT,
               "      %" PRIu64 " references given back (%" PRIu64 " by another CPU), and %" PRIu64
               " at the end",
               counts->frees, counts->remote, counts->released);
  sim_run_text(run, SIM_TEXT_OUTPUT,
               "      at most %" PRIu64 " blocks, %" PRIu64 " frames; before the end %" PRIu64
               " of %" PRIu64 " pieces of 2 MiB were free",
               counts->peak_blocks, counts->peak_frames, pieces.free, pieces.possible);
}

static void look_at_free_bytes(sim_run *run, const struct sim_command *command,
                               const sim_workload *workload)
{
  uint64_t found;
  uint64_t before;
  if (!sim_workload_is_settled(workload, &found, &before))
    sim_run_finding(run, command->place, "VIOLATED", NULL,
                    "the allocator counts %" PRIu64 " free bytes after the workload gave all "
                    "back, and counted %" PRIu64 " before it",
                    found, before);
}

static enum sim_flow run_workload(sim_run *run, const struct sim_command *command,
                                  sim_workload *workload)
{
  sim_workload_set_stop(workload, run->options.interrupted);
  run->mass_step = run->cpu->step;
  run->mass = command;
  enum sim_flow flow = sim_run_guarded(run, sim_workload_operate, workload);
  if (flow == SIM_FLOW_NEXT) {
    struct sim_pieces pieces = sim_pieces_count(run->machine);
    flow = sim_run_guarded(run, sim_workload_release, workload);
    if (flow == SIM_FLOW_NEXT) {
      tell(run, workload, pieces);
      look_at_free_bytes(run, command, workload);
    }
  }
  sim_cpu_enter(run->machine, run->cpu->id);
  return flow;
}

enum sim_flow sim_verb_workload(sim_run *run, const struct sim_command *command)
{
  struct sim_workload_spec spec = {0};
  GError *error = NULL;
  enum sim_flow flow = SIM_FLOW_STOP;
  sim_run_contract_pause(run, true); /* it counts what it holds, and gives all of it back */
  if (read_spec(run, command, &spec)) {
    g_autoptr(sim_workload) workload = sim_workload_new(run->machine, &spec, run->seed, &error);
    if (workload != NULL)
      flow = run_workload(run, command, workload);
    else
      (void)refuse(run, command->place, error);
  }
  sim_run_contract_pause(run, false);
  sim_workload_spec_clear(&spec);
  return flow;
}
