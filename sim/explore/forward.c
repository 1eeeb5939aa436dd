/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Searches that go forwards only, one node at a time, as a scheduler would: at random, or all
 * that is possible with few preemptions.
 *
 * Each node is two decisions: whose it is, and how far back it reads or is placed.  The bounded
 * search tries them all; it does not go on from a graph that it has been at before with the same
 * thread in hand and as many preemptions.  What it meets is a part of what the full search
 * meets, and takes longer for each execution, but there may be far less of it.
 */
#include "sim/explore/internal.h"

/* Executions of a random search that has no limit. */
#define USUAL_EXECUTIONS 1000u

struct decision {
  uint32_t taken;
  uint32_t ways;
};

struct forward {
  sim_explore *explore;
  GArray *decisions; /* struct decision; of the bounded search */
  guint at;          /* how many of them this run has taken */
  GHashTable *known; /* hashes of states */
  GHashTable *seen;  /* hashes of complete executions */
  uint32_t preemptions;
  bool cut; /* something was left out because of the bound */
};

static bool is_random(const struct forward *forward)
{
  return forward->explore->options.random;
}

/* One of so many. */
static uint32_t decide(struct forward *forward, uint32_t ways)
{
  if (ways <= 1)
    return 0;
  if (is_random(forward))
    return (uint32_t)sim_rng_below(&forward->explore->rng, ways);
  if (forward->at == forward->decisions->len) {
    struct decision decision = {0, ways};
    g_array_append_val(forward->decisions, decision);
  }
  return g_array_index(forward->decisions, struct decision, forward->at++).taken;
}

/* ---- Whose turn ---- */

/* Rests before a node that would do more than wait. */
static bool can_act(const sim_explore *explore, uint32_t index, bool patient)
{
  const struct sim_explore__thread *thread = &explore->threads[index];
  if (thread->state != SIM_THREAD_READY)
    return false;
  const struct fm_access *access = thread->pending;
  const struct sim_ask ask = {.site = (uint16_t)access->site};
  if (patient || access->kind != FM_ACCESS_CAS || !sim_run_waits(explore, &ask))
    return true;
  uint16_t loc =
      sim_memory_loc(&((sim_explore *)(uintptr_t)explore)->memory, access->where, access->size);
  const struct sim_graph *graph = explore->graph;
  sim_ref last = loc < graph->locs ? graph->heads[loc].last : SIM_REF_INITIAL;
  return loc == SIM_LOC_NONE || sim_value_of(graph, loc, last) == access->expected;
}

static uint32_t list_threads(const sim_explore *explore, uint32_t *ret, bool patient)
{
  uint32_t count = 0;
  for (uint32_t i = 0; i < explore->nr_threads; i++)
    if (can_act(explore, i, patient))
      ret[count++] = i;
  return count;
}

/* The thread that goes on; UINT32_MAX: none can. */
static uint32_t choose_thread(struct forward *forward, uint32_t last)
{
  sim_explore *explore = forward->explore;
  uint32_t able[SIM_EXPLORE_THREADS];
  uint32_t count = list_threads(explore, able, false);
  if (count == 0) /* all wait: let them, and see that it is a deadlock */
    count = list_threads(explore, able, true);
  if (count == 0)
    return UINT32_MAX;
  bool may_stay = false;
  for (uint32_t i = 0; i < count; i++)
    if (able[i] == last) { /* first, so that the first way is to stay */
      may_stay = true;
      able[i] = able[0];
      able[0] = last;
    }
  if (explore->options.bounded && may_stay && count > 1 &&
      forward->preemptions >= explore->options.preemptions) {
    forward->cut = true;
    return last;
  }
  uint32_t thread = able[decide(forward, count)];
  forward->preemptions += may_stay && thread != last;
  return thread;
}

/* ---- How far back ---- */

static uint32_t count_backs(sim_explore *explore, uint32_t index)
{
  const struct fm_access *access = explore->threads[index].pending;
  const struct sim_ask ask = {.site = (uint16_t)access->site};
  if (explore->options.model == SIM_EXPLORE_SC || access->kind == FM_ACCESS_FENCE ||
      (access->kind == FM_ACCESS_CAS && sim_run_waits(explore, &ask)))
    return 1;
  uint16_t loc = sim_memory_loc(&explore->memory, access->where, access->size);
  const struct sim_graph *graph = explore->graph;
  if (loc == SIM_LOC_NONE || loc >= graph->locs)
    return 1;
  return graph->heads[loc].writes - sim_model_floor(graph, sim_run_clock(explore, index), loc) + 1;
}

static void choose_back(struct forward *forward, uint32_t thread)
{
  sim_explore *explore = forward->explore;
  const struct fm_access *access = explore->threads[thread].pending;
  uint32_t backs = count_backs(explore, thread);
  bool weak = access->kind == FM_ACCESS_CAS && access->site == FM_SITE_GET_CAS &&
              explore->graph->fails < explore->options.weak_fail;
  if (is_random(forward) && backs > 1 && sim_rng_below(&explore->rng, 2) == 0)
    backs = 1; /* mostly the newest */
  explore->schedule.back = (uint16_t)decide(forward, backs);
  explore->schedule.fails = weak && decide(forward, 2) != 0;
}

/* ---- Runs ---- */

/* Whether this state is new; the way to it, which was gone before, does not count. */
static bool is_new(struct forward *forward, uint32_t last)
{
  if (is_random(forward) || forward->at < forward->decisions->len)
    return true;
  uint64_t hash = sim_graph_hash(forward->explore->graph, 0);
  hash = (hash ^ (last * 64u + forward->preemptions)) * UINT64_C(0x9e3779b97f4a7c15);
  return g_hash_table_add(forward->known, GSIZE_TO_POINTER(hash ^ hash >> 29));
}

static enum sim_run_end run_once(struct forward *forward)
{
  sim_explore *explore = forward->explore;
  uint32_t last = UINT32_MAX;
  sim_search_begin(explore);
  explore->part = 0;
  sim_run_reset(explore);
  explore->schedule = (struct sim_schedule){.on = true, .each = true, .target = FM_SITE_COUNT};
  forward->at = 0;
  forward->preemptions = 0;
  sim_observer = &explore->observer;
  for (uint32_t i = 0; i < explore->nr_threads && !explore->stop_run; i++)
    sim_run_resume(explore, i); /* to its first node */
  while (!explore->stop_run && (last = choose_thread(forward, last)) != UINT32_MAX) {
    choose_back(forward, last);
    explore->adding = true;
    sim_run_resume(explore, last);
    if (!explore->stop_run && !is_new(forward, last)) {
      explore->end = SIM_RUN_LEFT;
      explore->stop_run = true;
    }
  }
  sim_run_leave();
  explore->schedule.on = false;
  return explore->stop_run ? explore->end : sim_run_outcome(explore);
}

/* False: the search is over. */
static bool take_note(struct forward *forward, enum sim_run_end end)
{
  sim_explore *explore = forward->explore;
  struct sim_part *part = sim_record_part(explore);
  if (end == SIM_RUN_LEFT || end == SIM_RUN_DEAD) {
    part->runs++;
    return true;
  }
  if (end == SIM_RUN_COMPLETE &&
      !g_hash_table_add(forward->seen, GSIZE_TO_POINTER(sim_graph_hash(explore->graph, 0)))) {
    part->runs++;
    part->redundant++;
    return true;
  }
  return sim_record_end(explore, end);
}

/* Makes the decisions of the next run; false: there is none. */
static bool next_decisions(struct forward *forward)
{
  GArray *decisions = forward->decisions;
  while (decisions->len != 0) {
    struct decision *last = &g_array_index(decisions, struct decision, decisions->len - 1);
    if (++last->taken < last->ways)
      return true;
    g_array_set_size(decisions, decisions->len - 1);
  }
  return false;
}

static void run_all(struct forward *forward)
{
  sim_explore *explore = forward->explore;
  uint64_t runs = 0;
  uint64_t most = explore->options.executions;
  if (most == 0 && explore->options.seconds == 0)
    most = USUAL_EXECUTIONS;
  for (;;) {
    if (!take_note(forward, run_once(forward)) || sim_explore_is_over(explore))
      return;
    if (is_random(forward) ? ++runs == most : !next_decisions(forward))
      return;
  }
}

void sim_forward_run(sim_explore *explore)
{
  struct forward forward = {.explore = explore,
                            .decisions = g_array_new(FALSE, FALSE, sizeof(struct decision)),
                            .known = g_hash_table_new(NULL, NULL),
                            .seen = g_hash_table_new(NULL, NULL)};
  sim_rng_init(&explore->rng, explore->options.seed, "explore");
  run_all(&forward);
  if (explore->limit == NULL && is_random(&forward))
    explore->limit = "random";
  else if (explore->limit == NULL && forward.cut)
    explore->limit = "preemptions";
  g_array_unref(forward.decisions);
  g_hash_table_unref(forward.known);
  g_hash_table_unref(forward.seen);
}
