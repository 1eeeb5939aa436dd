/* SPDX-License-Identifier: MPL-2.0 */
/* Churn: blocks of random lifetimes, in a heap by the operation in which they end. */
#include "sim/workload/internal.h"

static bool ends_before(const sim_workload *w, uint32_t a, uint32_t b)
{
  uint64_t x = workload_block(w, a)->stamp;
  uint64_t y = workload_block(w, b)->stamp;
  return x != y ? x < y : a < b;
}

static void swap(uint32_t *ids, guint a, guint b)
{
  uint32_t id = ids[a];
  ids[a] = ids[b];
  ids[b] = id;
}

static void push(const sim_workload *w, GArray *heap, uint32_t id)
{
  g_array_append_val(heap, id);
  uint32_t *ids = &g_array_index(heap, uint32_t, 0);
  for (guint at = heap->len - 1; at > 0 && ends_before(w, ids[at], ids[(at - 1) / 2]);
       at = (at - 1) / 2)
    swap(ids, at, (at - 1) / 2);
}

static uint32_t pop(const sim_workload *w, GArray *heap)
{
  uint32_t *ids = &g_array_index(heap, uint32_t, 0);
  uint32_t first = ids[0];
  ids[0] = ids[heap->len - 1];
  g_array_set_size(heap, heap->len - 1);
  for (guint at = 0, child; (child = 2 * at + 1) < heap->len; at = child) {
    if (child + 1 < heap->len && ends_before(w, ids[child + 1], ids[child]))
      child++;
    if (!ends_before(w, ids[child], ids[at]))
      break;
    swap(ids, at, child);
  }
  return first;
}

static void operate(sim_workload *w)
{
  GArray *heap = workload_group(w, 0);
  uint64_t life = workload_number(w, SIM_WORKLOAD_LIFE);
  uint32_t id;

  for (uint64_t now = 0; workload_goes_on(w); now++) {
    bool full = heap->len >= workload_number(w, SIM_WORKLOAD_LIVE);
    if (heap->len > 0 && (full || workload_block(w, workload_id(heap, 0))->stamp <= now)) {
      workload_give_somewhere(w, pop(w, heap));
    } else if (workload_take(w, workload_cpu(w), workload_order(w), &id)) {
      workload_block(w, id)->stamp = now + 1 + sim_rng_below(&w->choices, 2 * life - 1);
      push(w, heap, id);
    }
  }
}

static const struct workload_default numbers[] = {
    {SIM_WORKLOAD_OPS, 10000}, {SIM_WORKLOAD_CPUS, 0},    {SIM_WORKLOAD_REMOTE, 0},
    {SIM_WORKLOAD_LIVE, 4096}, {SIM_WORKLOAD_LIFE, 1000}, {SIM_WORKLOAD_NUMBERS, 0},
};

const struct workload_kind workload_churn = {
    .name = "churn", .operate = operate, .numbers = numbers, .orders = "0:8 1:2 3:1"};
