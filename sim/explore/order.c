/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From a graph to an order in which it may have happened.
 *
 * As long as it is possible each read sees the newest write and each write goes last, so that the
 * order reads like an interleaving; and a thread goes on as long as it can.  What C11 allows
 * beyond that cannot be laid out so: there a read says how many places back it reads.
 */
#include <string.h>

#include "sim/explore/internal.h"

#define MOST (SIM_EXPLORE_THREADS * SIM_EXPLORE_STEPS)

struct order {
  const struct sim_graph *graph;
  uint16_t done[SIM_EXPLORE_THREADS];
  uint32_t length;
  sim_ref refs[MOST];
  uint16_t back[MOST];
};

static bool is_done(const struct order *order, sim_ref ref)
{
  return ref == SIM_REF_INITIAL || order->done[sim_ref_thread(ref)] > sim_ref_index(ref);
}

/* How many writes that have happened are newer than this one. */
static uint32_t newer(const struct order *order, uint32_t loc, sim_ref write)
{
  uint32_t count = 0;
  for (sim_ref at = order->graph->heads[loc].last; at != write;
       at = sim_node_at(order->graph, at)->prev)
    count += is_done(order, at);
  return count;
}

/* Whether something that has yet to happen has to see what is there before this write. */
static bool is_early(const struct order *order, sim_ref write)
{
  const struct sim_graph *graph = order->graph;
  const struct sim_node *node = sim_node_at(graph, write);
  if (!is_done(order, node->prev))
    return true;
  for (uint32_t thread = 0; thread < graph->threads; thread++)
    for (uint32_t i = order->done[thread]; i < graph->count[thread]; i++) {
      const struct sim_node *other = &graph->nodes[thread][i];
      if (other != node && other->ask.loc == node->ask.loc &&
          (other->flags & SIM_NODE_READS) != 0 && sim_place_of(graph, other->rf) < node->place)
        return true;
    }
  return false;
}

static uint32_t back_of(const struct order *order, sim_ref ref)
{
  const struct sim_node *node = sim_node_at(order->graph, ref);
  if (node->ask.loc == SIM_LOC_NONE)
    return 0;
  if ((node->flags & SIM_NODE_READS) != 0)
    return newer(order, node->ask.loc, node->rf);
  return (node->flags & SIM_NODE_PLACED) != 0 ? newer(order, node->ask.loc, ref) : 0;
}

/* Whether the next node of a thread can come now; strict: and looks like an interleaving. */
static bool can_come(const struct order *order, uint32_t thread, bool strict)
{
  const struct sim_graph *graph = order->graph;
  uint32_t index = order->done[thread];
  if (index >= graph->count[thread])
    return false;
  const struct sim_node *node = &graph->nodes[thread][index];
  sim_ref ref = sim_ref_of(thread, index);
  if ((node->flags & SIM_NODE_READS) != 0 && !is_done(order, node->rf))
    return false;
  /* A read-modify-write cannot be put between others afterwards. */
  if ((node->flags & SIM_NODE_PLACED) == 0)
    return !strict || back_of(order, ref) == 0;
  return !strict || (back_of(order, ref) == 0 && !is_early(order, ref));
}

static uint32_t choose(const struct order *order, uint32_t last)
{
  for (int strict = 1; strict >= 0; strict--) {
    if (can_come(order, last, strict != 0))
      return last;
    for (uint32_t thread = 0; thread < order->graph->threads; thread++)
      if (can_come(order, thread, strict != 0))
        return thread;
  }
  return UINT32_MAX;
}

static struct order *make_order(const struct sim_graph *graph)
{
  struct order *order = g_new(struct order, 1);
  order->graph = graph;
  order->length = 0;
  memset(order->done, 0, sizeof(order->done));
  uint32_t thread = 0;
  while ((thread = choose(order, thread)) != UINT32_MAX) {
    sim_ref ref = sim_ref_of(thread, order->done[thread]);
    order->back[order->length] = (uint16_t)back_of(order, ref);
    order->refs[order->length++] = ref;
    order->done[thread]++;
  }
  return order;
}

/* ---- Tokens ---- */

static bool special(const struct order *order, uint32_t at)
{
  return order->back[at] != 0 ||
         (sim_node_at(order->graph, order->refs[at])->flags & SIM_NODE_FAILS) != 0;
}

static uint16_t site_of(const struct order *order, uint32_t at)
{
  return sim_node_at(order->graph, order->refs[at])->ask.site;
}

/* The last node that one token reaches from `start` on: the thread stays, each site is new, and
 * nothing special comes before the end. */
static uint32_t reach(const struct order *order, uint32_t start)
{
  uint32_t at = start;
  for (; at + 1 < order->length && !special(order, at); at++) {
    if (sim_ref_thread(order->refs[at + 1]) != sim_ref_thread(order->refs[start]))
      break;
    for (uint32_t i = start; i <= at; i++)
      if (site_of(order, i) == site_of(order, at + 1))
        return at;
  }
  return at;
}

static void add_token(GArray *tokens, uint32_t thread, uint32_t site)
{
  struct sim_explore_token token = {.thread = (uint8_t)thread, .site = (uint16_t)site};
  g_array_append_val(tokens, token);
}

/* Whether the thread has nothing left after this node. */
static bool is_last(const sim_explore *explore, sim_ref ref)
{
  uint32_t thread = sim_ref_thread(ref);
  return sim_ref_index(ref) + 1u == explore->graph->count[thread] &&
         explore->threads[thread].state >= SIM_THREAD_BLOCKED;
}

/* Whether what a thread did after so many nodes lies behind what the tokens have it do. */
static bool is_beyond(const sim_explore *explore, const GArray *tokens, uint32_t thread,
                      uint32_t after)
{
  if (after < explore->graph->count[thread])
    return false;
  for (guint i = tokens->len; i-- != 0;) {
    const struct sim_explore_token *token = &g_array_index(tokens, struct sim_explore_token, i);
    if (token->thread == thread)
      return token->site != FM_SITE_COUNT;
  }
  return true;
}

struct sim_explore_token *sim_order_tokens(sim_explore *explore, uint32_t *ret_nr)
{
  struct order *order = make_order(explore->graph);
  GArray *tokens = g_array_new(FALSE, FALSE, sizeof(struct sim_explore_token));
  for (uint32_t at = 0; at < order->length; at++) {
    uint32_t thread = sim_ref_thread(order->refs[at]);
    at = reach(order, at);
    const struct sim_node *node = sim_node_at(order->graph, order->refs[at]);
    struct sim_explore_token token = {.thread = (uint8_t)thread,
                                      .site = node->ask.site,
                                      .back = order->back[at],
                                      .fails = (node->flags & SIM_NODE_FAILS) != 0};
    if (is_last(explore, order->refs[at]) && !special(order, at))
      token.site = FM_SITE_COUNT;
    g_array_append_val(tokens, token);
  }
  const struct sim_race *race = &explore->memory.race;
  for (int i = 0; i < 2 && race->found; i++)
    if (is_beyond(explore, tokens, race->thread[i], race->after[i]))
      add_token(tokens, race->thread[i], race->site[i]);
  g_free(order);
  *ret_nr = tokens->len;
  return (struct sim_explore_token *)(void *)g_array_free(tokens, FALSE);
}

/* ---- Events ---- */

struct sim_execution_event sim_order_event(const sim_explore *explore, sim_ref ref)
{
  const struct sim_node *node = sim_node_at(explore->graph, ref);
  struct sim_execution_event event = {.thread = (uint8_t)sim_ref_thread(ref),
                                      .site = node->ask.site,
                                      .kind = node->ask.kind,
                                      .order = node->ask.order,
                                      .atomic = true,
                                      .reads = (node->flags & SIM_NODE_READS) != 0,
                                      .writes = (node->flags & SIM_NODE_WRITES) != 0,
                                      .fails = (node->flags & SIM_NODE_FAILS) != 0,
                                      .size = node->ask.size,
                                      .read = node->read,
                                      .written = node->written,
                                      .from = SIM_EXECUTION_NOTHING};
  if (node->ask.loc != SIM_LOC_NONE)
    event.where = explore->memory.locs[node->ask.loc].where;
  if (event.writes)
    event.mo = node->place;
  return event;
}

const sim_execution *sim_explore_look(sim_explore *explore)
{
  if (explore->look != NULL)
    return explore->look;
  struct order *order = make_order(explore->graph);
  int32_t(*index)[SIM_EXPLORE_STEPS] = g_malloc0(SIM_EXPLORE_THREADS * sizeof(*index));
  sim_execution *execution = g_new0(sim_execution, 1);
  execution->events = g_new(struct sim_execution_event, order->length);
  execution->nr_events = order->length;
  execution->complete = true;
  for (uint32_t i = 0; i < explore->nr_threads; i++)
    execution->blocked[i] = FM_SITE_COUNT;
  for (uint32_t i = 0; i < order->length; i++) {
    sim_ref ref = order->refs[i];
    const struct sim_node *node = sim_node_at(explore->graph, ref);
    struct sim_execution_event *event = &execution->events[i];
    *event = sim_order_event(explore, ref);
    event->back = order->back[i];
    index[sim_ref_thread(ref)][sim_ref_index(ref)] = (int32_t)i;
    if (event->reads)
      event->from = node->rf == SIM_REF_INITIAL
                        ? SIM_EXECUTION_INITIAL
                        : index[sim_ref_thread(node->rf)][sim_ref_index(node->rf)];
  }
  g_free(index);
  g_free(order);
  explore->look = execution;
  return execution;
}

sim_execution *sim_execution_free(sim_execution *execution)
{
  if (execution == NULL)
    return NULL;
  g_free(execution->events);
  g_free(execution->tokens);
  g_free(execution->finding.text);
  g_free(execution);
  return NULL;
}
