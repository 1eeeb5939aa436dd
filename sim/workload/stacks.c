/* SPDX-License-Identifier: MPL-2.0 */
/* Stacks: group N is what CPU N took, the last at the end. */
#include "sim/workload/internal.h"

static void operate(sim_workload *w)
{
  uint32_t id;

  while (workload_goes_on(w)) {
    uint32_t cpu = workload_cpu(w);
    GArray *stack = workload_group(w, cpu);
    bool full = stack->len >= workload_number(w, SIM_WORKLOAD_DEPTH);
    bool up = workload_chance(w, 50);
    if (stack->len == 0 || (up && !full)) {
      if (workload_take(w, cpu, workload_order(w), &id))
        g_array_append_val(stack, id);
      continue;
    }
    id = workload_id(stack, stack->len - 1);
    g_array_set_size(stack, stack->len - 1);
    workload_give_somewhere(w, id);
  }
}

static const struct workload_default numbers[] = {
    {SIM_WORKLOAD_OPS, 10000}, {SIM_WORKLOAD_CPUS, 0},    {SIM_WORKLOAD_REMOTE, 0},
    {SIM_WORKLOAD_DEPTH, 64},  {SIM_WORKLOAD_NUMBERS, 0},
};

const struct workload_kind workload_stacks = {
    .name = "stacks", .operate = operate, .numbers = numbers, .orders = "0:4 1:1 2:1"};
