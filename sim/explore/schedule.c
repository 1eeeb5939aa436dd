/* SPDX-License-Identifier: MPL-2.0 */
/* Nodes of a run that is told what to do: which write each reads, or where each goes. */
#include "sim/explore/internal.h"

static bool refuse(sim_explore *explore, const char *why)
{
  explore->schedule.refused = why;
  return false;
}

/* The write that has so many newer ones. */
static sim_ref write_at(const struct sim_graph *graph, uint32_t loc, uint32_t back)
{
  sim_ref at = graph->heads[loc].last;
  for (; back != 0; back--)
    at = sim_node_at(graph, at)->prev;
  return at;
}

static bool is_split(const struct sim_graph *graph, uint32_t loc, sim_ref behind)
{
  sim_ref next = sim_after(graph, loc, behind);
  return next != SIM_REF_INITIAL && sim_is_rmw(sim_node_at(graph, next));
}

/* The last node of its thread has not come about. */
static void withdraw(struct sim_graph *graph, sim_ref ref)
{
  sim_graph_unplace(graph, ref);
  graph->fails -= (sim_node_at(graph, ref)->flags & SIM_NODE_FAILS) != 0;
  graph->count[sim_ref_thread(ref)]--;
}

static bool add_read(sim_explore *explore, sim_ref ref, sim_ref from, bool fails)
{
  struct sim_graph *graph = explore->graph;
  struct sim_node *node = sim_node_at(graph, ref);
  if (fails && (node->ask.kind != FM_ACCESS_CAS ||
                sim_value_of(graph, node->ask.loc, from) != node->ask.expected))
    return refuse(explore, "only a compare-exchange that finds what it expects can fail for no "
                           "reason");
  sim_graph_read(graph, sim_ref_thread(ref), from, fails);
  if ((node->flags & SIM_NODE_WRITES) != 0) {
    if (is_split(graph, node->ask.loc, from))
      return refuse(explore, "another read-modify-write has taken the value that it would read");
    sim_graph_place(graph, ref, from);
  }
  if (!sim_model_allows(graph, explore->options.model, ref))
    return refuse(explore, "the memory model does not allow it to read so old a value");
  return true;
}

static bool add_write(sim_explore *explore, sim_ref ref, sim_ref behind)
{
  struct sim_graph *graph = explore->graph;
  sim_graph_read(graph, sim_ref_thread(ref), SIM_REF_INITIAL, false);
  if (is_split(graph, sim_node_at(graph, ref)->ask.loc, behind))
    return refuse(explore, "it would come between a read-modify-write and what that read");
  sim_graph_place(graph, ref, behind);
  if (!sim_model_allows(graph, explore->options.model, ref))
    return refuse(explore, "the memory model does not allow it to be written so early");
  return true;
}

static bool try_add(sim_explore *explore, uint32_t thread, const struct sim_ask *ask, uint32_t back,
                    bool fails)
{
  struct sim_graph *graph = explore->graph;
  struct sim_node *node = sim_graph_append(graph, thread, ask);
  sim_ref ref = sim_ref_of(thread, graph->count[thread] - 1u);
  if (ask->kind == FM_ACCESS_FENCE) {
    sim_graph_read(graph, thread, SIM_REF_INITIAL, false);
    return true;
  }
  uint32_t writes = graph->heads[ask->loc].writes;
  bool added = false;
  if (back > writes)
    added = refuse(explore, "there are not so many writes to go back");
  else if (writes - back < sim_model_floor(graph, &node->hb, ask->loc))
    added = refuse(explore, "its thread knows a newer write already");
  else if (ask->kind == FM_ACCESS_STORE)
    added = add_write(explore, ref, write_at(graph, ask->loc, back));
  else
    added = add_read(explore, ref, write_at(graph, ask->loc, back), fails);
  if (!added)
    withdraw(graph, ref);
  return added;
}

bool sim_schedule_add(sim_explore *explore, uint32_t thread, const struct sim_ask *ask)
{
  struct sim_schedule *schedule = &explore->schedule;
  bool here = schedule->each || schedule->target == ask->site;
  if (try_add(explore, thread, ask, here ? schedule->back : 0, here && schedule->fails))
    return true;
  /* Who only tries takes the newest one, which always is possible. */
  return schedule->each && try_add(explore, thread, ask, 0, false);
}
