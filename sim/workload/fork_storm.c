/* SPDX-License-Identifier: MPL-2.0 */
/* Fork storm: processes as lists of references, tables first, then pages. */
#include "sim/workload/internal.h"

#define TABLE_PAGES 512u /* that one table of the lowest level maps */

static guint tables_of(const sim_workload *w)
{
  uint64_t pages = workload_number(w, SIM_WORKLOAD_PAGES);
  return (guint)(3 + (pages + TABLE_PAGES - 1) / TABLE_PAGES);
}

static bool take_one(sim_workload *w, GArray *process, uint32_t cpu)
{
  uint32_t id;
  if (!workload_goes_on(w) || !workload_take(w, cpu, 0, &id))
    return false;
  g_array_append_val(process, id);
  return true;
}

static bool take_many(sim_workload *w, GArray *process, uint32_t cpu, uint64_t count)
{
  for (uint64_t i = 0; i < count; i++)
    if (!take_one(w, process, cpu))
      return false;
  return true;
}

/* A write to a page that others have, too: a copy takes its place. */
static bool copy_page(sim_workload *w, GArray *process, guint at, uint32_t cpu)
{
  uint32_t copy;
  uint32_t old = workload_id(process, at);
  if (!workload_goes_on(w) || !workload_take(w, cpu, 0, &copy))
    return false;
  g_array_index(process, uint32_t, at) = copy;
  workload_give(w, cpu, old);
  return true;
}

/* False: no memory, or no operation is left; what the child has then, it keeps. */
static bool fork_process(sim_workload *w, const GArray *parent, GArray *child, uint32_t cpu)
{
  guint tables = tables_of(w);
  if (!take_many(w, child, cpu, tables))
    return false;
  for (guint i = tables; i < parent->len; i++) {
    uint32_t id = workload_id(parent, i);
    if (!workload_goes_on(w))
      return false;
    workload_clone(w, cpu, id);
    g_array_append_val(child, id);
  }
  for (guint i = tables; i < child->len; i++)
    if (workload_chance(w, workload_number(w, SIM_WORKLOAD_WRITES)) && !copy_page(w, child, i, cpu))
      return false;
  return true;
}

/* Its first table was made by the CPU that it runs on. */
static void exit_process(sim_workload *w, guint at)
{
  GArray *process = workload_group(w, at);
  if (process->len > 0) {
    uint32_t home = workload_block(w, workload_id(process, 0))->cpu;
    uint32_t cpu = workload_other_cpu(w, home);
    while (process->len > 0 && workload_goes_on(w)) {
      uint32_t id = workload_id(process, process->len - 1);
      g_array_set_size(process, process->len - 1);
      workload_give(w, cpu, id);
    }
  }
  if (process->len == 0)
    g_ptr_array_remove_index_fast(w->groups, at);
}

static void wave(sim_workload *w)
{
  uint64_t most = MAX(workload_number(w, SIM_WORKLOAD_LIVE), 2);
  bool done = true;

  while (done && w->groups->len < most && workload_goes_on(w)) {
    const GArray *parent = workload_group(w, workload_below(w, w->groups->len));
    guint at = w->groups->len;
    done = fork_process(w, parent, workload_group(w, at), workload_cpu(w));
    if (!done)
      exit_process(w, at);
  }
  while (w->groups->len > 1 && workload_goes_on(w))
    exit_process(w, 1 + workload_below(w, w->groups->len - 1));
}

static void operate(sim_workload *w)
{
  while (workload_goes_on(w)) {
    uint64_t frames = tables_of(w) + workload_number(w, SIM_WORKLOAD_PAGES);
    if (w->groups->len > 0 || take_many(w, workload_group(w, 0), workload_cpu(w), frames))
      wave(w);
    else
      exit_process(w, 0);
  }
}

static const struct workload_default numbers[] = {
    {SIM_WORKLOAD_OPS, 10000}, {SIM_WORKLOAD_CPUS, 0},   {SIM_WORKLOAD_REMOTE, 0},
    {SIM_WORKLOAD_LIVE, 16},   {SIM_WORKLOAD_PAGES, 64}, {SIM_WORKLOAD_WRITES, 25},
    {SIM_WORKLOAD_NUMBERS, 0},
};

const struct workload_kind workload_fork_storm = {
    .name = "fork-storm", .operate = operate, .numbers = numbers};
