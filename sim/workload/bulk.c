/* SPDX-License-Identifier: MPL-2.0 */
/* Bulk: fills a share of the memory, gives most of it back in an order that was chosen. */
#include "sim/workload/internal.h"

#define MISSES_MAX 8u /* failures in a row that end the filling */

static void fill(sim_workload *w, GArray *blocks)
{
  uint64_t most = workload_share_frames(w);
  uint32_t id;

  for (guint misses = 0; misses < MISSES_MAX && workload_goes_on(w);) {
    uint8_t order = workload_order(w);
    if (w->counts.live_frames + (UINT64_C(1) << order) > most)
      return;
    if (workload_take(w, workload_cpu(w), order, &id)) {
      g_array_append_val(blocks, id);
      misses = 0;
    } else {
      misses++;
    }
  }
}

static void reverse(GArray *blocks)
{
  uint32_t *ids = &g_array_index(blocks, uint32_t, 0);
  for (guint i = 0; i < blocks->len / 2; i++) {
    uint32_t id = ids[i];
    ids[i] = ids[blocks->len - 1 - i];
    ids[blocks->len - 1 - i] = id;
  }
}

static void thin_out(sim_workload *w, GArray *blocks)
{
  guint keep = (guint)(blocks->len * workload_number(w, SIM_WORKLOAD_KEEP) / 100);
  guint gone = 0;

  if (w->spec.frees == SIM_WORKLOAD_REVERSE)
    reverse(blocks);
  else if (w->spec.frees == SIM_WORKLOAD_SHUFFLED)
    workload_shuffle(w, blocks);
  while (gone < blocks->len - keep && workload_goes_on(w))
    workload_give_somewhere(w, workload_id(blocks, gone++));
  g_array_remove_range(blocks, 0, gone);
}

static void operate(sim_workload *w)
{
  GArray *blocks = workload_group(w, 0);
  uint64_t rounds = workload_number(w, SIM_WORKLOAD_ROUNDS);
  for (uint64_t round = 0; round < rounds && workload_goes_on(w); round++) {
    fill(w, blocks);
    thin_out(w, blocks);
  }
}

static const struct workload_default numbers[] = {
    {SIM_WORKLOAD_OPS, UINT64_MAX}, {SIM_WORKLOAD_CPUS, 0},  {SIM_WORKLOAD_REMOTE, 0},
    {SIM_WORKLOAD_SHARE, 50},       {SIM_WORKLOAD_KEEP, 10}, {SIM_WORKLOAD_ROUNDS, 1},
    {SIM_WORKLOAD_NUMBERS, 0},
};

const struct workload_kind workload_bulk = {
    .name = "bulk", .operate = operate, .numbers = numbers, .orders = "0:1", .has_frees = true};
