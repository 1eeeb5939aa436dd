/* SPDX-License-Identifier: MPL-2.0 */
/* Random: any block may go next. */
#include "sim/workload/internal.h"

static void operate(sim_workload *w)
{
  GArray *blocks = workload_group(w, 0);
  uint32_t id;

  while (workload_goes_on(w)) {
    bool full = blocks->len >= workload_number(w, SIM_WORKLOAD_LIVE);
    bool take = workload_chance(w, workload_number(w, SIM_WORKLOAD_ALLOCS));
    if (blocks->len == 0 || (take && !full)) {
      if (workload_take(w, workload_cpu(w), workload_order(w), &id))
        g_array_append_val(blocks, id);
      continue;
    }
    guint at = workload_below(w, blocks->len);
    id = workload_id(blocks, at);
    g_array_remove_index_fast(blocks, at);
    workload_give_somewhere(w, id);
  }
}

static const struct workload_default numbers[] = {
    {SIM_WORKLOAD_OPS, 10000}, {SIM_WORKLOAD_CPUS, 0},    {SIM_WORKLOAD_REMOTE, 0},
    {SIM_WORKLOAD_LIVE, 4096}, {SIM_WORKLOAD_ALLOCS, 50}, {SIM_WORKLOAD_NUMBERS, 0},
};

const struct workload_kind workload_random = {
    .name = "random", .operate = operate, .numbers = numbers, .orders = "0:8 1:4 2:2 3:1 9:1"};
