/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/explore/internal.h"

bool sim_workers_claim(sim_explore *explore, uint32_t part)
{
  (void)part;
  return explore->shared == NULL;
}

void sim_workers_found(sim_explore *explore, uint32_t part)
{
  (void)explore;
  (void)part;
}

bool sim_workers_is_over(sim_explore *explore)
{
  (void)explore;
  return false;
}

uint64_t sim_workers_count(sim_explore *explore)
{
  uint64_t count = 0;
  for (guint i = 0; i < explore->parts->len; i++)
    count += g_array_index(explore->parts, struct sim_part, i).complete;
  return count;
}

uint64_t sim_workers_blocked(sim_explore *explore, uint32_t last)
{
  (void)last;
  return explore->blocked_list->len;
}

bool sim_workers_run(sim_explore *explore, uint32_t workers, GError **error)
{
  (void)workers;
  (void)error;
  sim_search_run(explore);
  return true;
}

void sim_forward_run(sim_explore *explore)
{
  (void)explore;
}
