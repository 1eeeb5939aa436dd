/* SPDX-License-Identifier: MPL-2.0 */
/* Rows of the allocator: free frames, and what its lists and caches hold. */
#include "sim/player/free.h"

#include <inttypes.h>

#include <fm/ops.h>

#include "sim/script/handle.h"

#define HEADS_MAX 4u /* of one list */

/* [pool, what, how many, frames of one, the first of them] */
static void put_list(sim_player *player, const char *key, const char *pool,
                     const struct fm_list *list, uint32_t order)
{
  g_autoptr(GString) heads = g_string_new(NULL);
  struct sim_list_walk walk = sim_list_walk_begin(list);
  fm_paddr head;
  for (guint i = 0; i < HEADS_MAX && sim_list_walk_next(&walk, &head); i++)
    g_string_append_printf(heads, "%s0x%" PRIx64, i == 0 ? "" : " ", head.raw);
  if (list->size > HEADS_MAX)
    g_string_append(heads, " ...");
  g_autofree char *what = g_strdup_printf("order %u", order);
  g_autofree char *row =
      sim_player_row("ssuus", pool, what, list->size, UINT64_C(1) << order, heads->str);
  sim_player_put(player, SIM_PLAYER_FREE, key, row);
}

static void put_lists(sim_player *player, const char *prefix, const char *pool,
                      const struct fm_list *lists, uint32_t orders)
{
  for (uint32_t order = 0; order < orders; order++) {
    g_autofree char *key = g_strdup_printf("%s %02u", prefix, order);
    if (lists[order].size != 0)
      put_list(player, key, pool, &lists[order], order);
  }
}

static void put_caches(sim_player *player, const char *prefix, const char *pool,
                       const struct fm_cache *caches)
{
  for (uint32_t frames = 1; frames <= FM_CACHES; frames++) {
    const struct fm_cache *cache = &caches[frames - 1];
    g_autoptr(GString) runs = g_string_new(NULL);
    uint64_t count = MIN(cache->count, FM_CACHE_RUNS);
    if (count == 0)
      continue;
    for (uint64_t i = 0; i < MIN(count, HEADS_MAX); i++) /* the last one in goes out first */
      g_string_append_printf(runs, "%s0x%" PRIx64, i == 0 ? "" : " ", cache->runs[count - 1 - i]);
    if (count > HEADS_MAX)
      g_string_append(runs, " ...");
    g_autofree char *key = g_strdup_printf("%s c%u", prefix, frames);
    g_autofree char *what = g_strdup_printf("cache of %u", frames);
    g_autofree char *row = sim_player_row("ssuus", pool, what, count, (uint64_t)frames, runs->str);
    sim_player_put(player, SIM_PLAYER_FREE, key, row);
  }
}

void sim_player_put_free(sim_player *player, const sim_machine *machine)
{
  const struct fm_kernel *kernel = sim_machine_kernel(machine);
  uint64_t frames = sim_machine_ops(machine)->free_bytes(kernel) / FM_PAGE_SIZE;
  g_autofree char *count =
      kernel->allocator != FM_ALLOCATOR_NONE ? sim_player_row("u", frames) : NULL;
  sim_player_put(player, SIM_PLAYER_COUNT, "free frames", count);
  sim_player_sweep_begin(player, SIM_PLAYER_FREE);
  if (kernel->allocator == FM_ALLOCATOR_BUDDY) {
    put_lists(player, "a", "all CPUs", kernel->buddy.lists, FM_GLOBAL_ORDERS);
    for (uint32_t cpu = 0; cpu < kernel->cpus; cpu++) {
      const struct fm_buddy_local *local = &fm_kernel_cpu(kernel, cpu)->buddy;
      g_autofree char *prefix = g_strdup_printf("c%02u", cpu);
      g_autofree char *pool = g_strdup_printf("CPU %u", cpu);
      put_lists(player, prefix, pool, local->lists, FM_LOCAL_ORDERS);
      put_caches(player, prefix, pool, local->caches);
    }
  }
  sim_player_sweep_end(player);
}
