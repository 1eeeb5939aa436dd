/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Which graph comes next: every one that the model allows, each once.
 *
 * Threads add nodes in one fixed way, the first thread that can go on first.  A read may read
 * from any write that is there, a write may go to any place in its location's order; one of these
 * is taken, the others are remembered.  A read cannot read from a write that comes later.  So
 * each new write also looks at the reads that are there: for each that does not come before it,
 * there is a graph in which this read reads from the new write, and in which what was added after
 * the read did not happen, unless it comes before the write (the read is revisited).  Many ways
 * would lead to that graph, by what the nodes that vanish had read and where they were placed;
 * only the one counts in which each of them had read, and had been placed behind, the newest
 * write of its time (is_maximal).  So each graph is met once.  This is the algorithm of TruSt
 * (Kokologiannakis, Marmanis, Gladstein, Vafeiadis, POPL 2022).
 *
 * A read-modify-write that reads what another one has read is no end in itself, but a way to
 * one: it may give the other one its own write to read.
 */
#include "sim/explore/internal.h"

/* A part of the search for one worker is below a choice that is one of about so many. */
#define PARTS 256u

static void push(sim_explore *explore, struct sim_choice choice)
{
  choice.level = (uint16_t)explore->level;
  choice.weight = explore->weight;
  choice.part = explore->part;
  g_array_append_val(explore->choices, choice);
}

/* ---- Parts ---- */

/* The ways that lead on from here have been pushed since `pushed`, and one more is taken at once
 * if it goes on.  Each is that much less of the whole. */
static void weigh(sim_explore *explore, guint pushed, bool goes_on)
{
  guint ways = explore->choices->len - pushed + (goes_on ? 1 : 0);
  if (explore->part != UINT32_MAX || ways < 2)
    return;
  explore->weight *= ways;
  for (guint i = pushed; i < explore->choices->len; i++)
    g_array_index(explore->choices, struct sim_choice, i).weight = explore->weight;
}

/* Begins a part if the way here is one of many. */
static bool enter_part(sim_explore *explore)
{
  if (explore->part != UINT32_MAX || explore->weight < PARTS)
    return true;
  explore->part = explore->next_part++;
  return sim_workers_claim(explore, explore->part);
}

/* ---- Is it the one way? ---- */

struct revisit {
  const struct sim_graph *graph;
  const struct sim_node *write;
  sim_ref write_ref;
};

/* Whether a write was there when something with this stamp was added, or comes before the
 * revisiting write anyway. */
static bool was_there(const struct revisit *revisit, sim_ref write, uint32_t stamp)
{
  if (write == SIM_REF_INITIAL)
    return true;
  if (write == revisit->write_ref)
    return false;
  return sim_node_at(revisit->graph, write)->write_stamp <= stamp ||
         sim_clock_has(&revisit->write->porf, write);
}

/* The newest write of a location that was there. */
static sim_ref newest(const struct revisit *revisit, uint32_t loc, uint32_t stamp)
{
  sim_ref at =
      revisit->graph->heads[loc].writes == 0 ? SIM_REF_INITIAL : revisit->graph->heads[loc].last;
  while (!was_there(revisit, at, stamp))
    at = sim_node_at(revisit->graph, at)->prev;
  return at;
}

static bool read_is_maximal(const struct revisit *revisit, const struct sim_node *node)
{
  if ((node->flags & SIM_NODE_READS) == 0)
    return true;
  return (node->flags & SIM_NODE_FAILS) == 0 &&
         newest(revisit, node->ask.loc, node->read_stamp) == node->rf;
}

static bool write_is_maximal(const struct revisit *revisit, const struct sim_node *node,
                             sim_ref ref)
{
  if ((node->flags & SIM_NODE_PLACED) == 0)
    return true;
  return newest(revisit, node->ask.loc, node->write_stamp) == ref &&
         (node->flags & SIM_NODE_GIVEN) == 0;
}

/* How many nodes of a thread stay: those older than the read, and those before the write. */
static uint32_t kept(const struct revisit *revisit, uint32_t thread, uint32_t stamp)
{
  uint32_t count = (uint32_t)revisit->write->porf.of[thread];
  while (count < revisit->graph->count[thread] &&
         revisit->graph->nodes[thread][count].read_stamp <= stamp)
    count++;
  return count;
}

/* Whether `reader` may be given the write; keep[]: how many nodes of each thread stay. */
static bool may_revisit(const struct revisit *revisit, sim_ref reader, uint16_t *keep)
{
  const struct sim_graph *graph = revisit->graph;
  const struct sim_node *read = sim_node_at(graph, reader);
  if (!read_is_maximal(revisit, read) || !write_is_maximal(revisit, read, reader))
    return false;
  for (uint32_t thread = 0; thread < graph->threads; thread++) {
    keep[thread] = (uint16_t)kept(revisit, thread, read->read_stamp);
    for (uint32_t i = keep[thread]; i < graph->count[thread]; i++) {
      const struct sim_node *node = &graph->nodes[thread][i];
      sim_ref ref = sim_ref_of(thread, i);
      if (ref != revisit->write_ref &&
          (!read_is_maximal(revisit, node) || !write_is_maximal(revisit, node, ref)))
        return false;
    }
  }
  return true;
}

/* ---- Adding writes ---- */

/* Remembers the reads that could be given this write, which is the newest node; only those older
 * than `stamp`. */
static void push_revisits(sim_explore *explore, sim_ref write, uint32_t stamp)
{
  const struct sim_graph *graph = explore->graph;
  const struct sim_node *node = sim_node_at(graph, write);
  struct sim_choice choice = {
      .kind = SIM_CHOICE_REVISIT, .node = write, .stamp = node->write_stamp};
  for (uint32_t thread = 0; thread < graph->threads; thread++)
    for (uint32_t i = (uint32_t)node->porf.of[thread]; i < graph->count[thread]; i++) {
      const struct sim_node *read = &graph->nodes[thread][i];
      if (read->read_stamp > stamp)
        break;
      if ((read->flags & SIM_NODE_READS) == 0 || read->ask.loc != node->ask.loc)
        continue;
      choice.reader = sim_ref_of(thread, i);
      push(explore, choice);
    }
}

/* The write of a read-modify-write goes right behind what it read.  If another one is there, only
 * a revisit leads on that does away with that one: *ret_stamp is its stamp, and no read that is
 * newer will do. */
static bool place_rmw(sim_explore *explore, sim_ref ref, uint32_t *ret_stamp)
{
  struct sim_graph *graph = explore->graph;
  struct sim_node *node = sim_node_at(graph, ref);
  sim_ref next = sim_after(graph, node->ask.loc, node->rf);
  *ret_stamp = UINT32_MAX;
  if (next != SIM_REF_INITIAL && sim_is_rmw(sim_node_at(graph, next))) {
    *ret_stamp = sim_node_at(graph, next)->read_stamp;
    return false;
  }
  sim_graph_place(graph, ref, node->rf);
  return true;
}

/* A wait that goes on: only with the newest write, which is the one that a later one takes the
 * place of. */
static bool is_stale_wait(const sim_explore *explore, const struct sim_node *node)
{
  return (node->flags & SIM_NODE_WRITES) == 0 && node->ask.kind == FM_ACCESS_CAS &&
         sim_run_waits(explore, &node->ask) &&
         sim_after(explore->graph, node->ask.loc, node->rf) != SIM_REF_INITIAL;
}

/* The last node of a thread reads from `from`; what follows from it.  False: no way on. */
static bool read_from(sim_explore *explore, uint32_t thread, sim_ref from, bool fails)
{
  struct sim_graph *graph = explore->graph;
  sim_graph_read(graph, thread, from, fails);
  sim_ref ref = sim_ref_of(thread, graph->count[thread] - 1u);
  struct sim_node *node = sim_node_at(graph, ref);

  if ((node->flags & SIM_NODE_READS) == 0)
    return true;
  if ((node->flags & SIM_NODE_WRITES) == 0)
    return !is_stale_wait(explore, node) && sim_model_allows(graph, explore->options.model, ref);
  uint32_t stamp;
  bool free = place_rmw(explore, ref, &stamp);
  if (free && !sim_model_allows(graph, explore->options.model, ref))
    return false;
  guint before = explore->choices->len;
  push_revisits(explore, ref, stamp);
  weigh(explore, before, free);
  return free;
}

/* ---- Adding nodes ---- */

static bool may_fail(const sim_explore *explore, const struct sim_ask *ask)
{
  return ask->kind == FM_ACCESS_CAS && ask->site == FM_SITE_GET_CAS &&
         explore->graph->fails < explore->options.weak_fail;
}

static bool add_read(sim_explore *explore, uint32_t thread, const struct sim_ask *ask)
{
  struct sim_graph *graph = explore->graph;
  struct sim_node *node = sim_graph_append(graph, thread, ask);
  uint32_t floor = sim_model_floor(graph, &node->hb, ask->loc);
  sim_ref last = graph->heads[ask->loc].last;
  bool can_fail = may_fail(explore, ask);
  guint before = explore->choices->len;
  struct sim_choice choice = {.kind = SIM_CHOICE_READ,
                              .node = sim_ref_of(thread, graph->count[thread] - 1u),
                              .stamp = node->read_stamp};
  /* The newest one is taken now, and the others are taken up from the newest on. */
  uint32_t count = 0;
  sim_ref at = last;
  for (uint32_t place = sim_place_of(graph, last);; place--) {
    choice.from = at;
    for (int fails = 0; fails <= (can_fail ? 1 : 0); fails++) {
      choice.fails = fails != 0;
      if ((at != last || fails != 0) &&
          (fails == 0 || sim_value_of(graph, ask->loc, at) == ask->expected)) {
        push(explore, choice);
        count++;
      }
    }
    if (place <= floor)
      break;
    at = sim_node_at(graph, at)->prev;
  }
  for (uint32_t i = 0; i < count / 2; i++) {
    struct sim_choice *one = &g_array_index(explore->choices, struct sim_choice, before + i);
    struct sim_choice *other =
        &g_array_index(explore->choices, struct sim_choice, before + count - 1 - i);
    struct sim_choice kept_one = *one;
    *one = *other;
    *other = kept_one;
  }
  weigh(explore, before, true);
  return read_from(explore, thread, last, false);
}

/* All places but `but` where a write may go: behind what its thread knows of, and not between a
 * read-modify-write and what it read. */
static void push_places(sim_explore *explore, sim_ref write, sim_ref reader, uint32_t floor,
                        sim_ref but)
{
  const struct sim_graph *graph = explore->graph;
  const struct sim_node *node = sim_node_at(graph, write);
  struct sim_choice choice = {
      .kind = SIM_CHOICE_PLACE, .node = write, .reader = reader, .stamp = node->write_stamp};
  sim_ref behind = graph->heads[node->ask.loc].last;
  for (sim_ref next = SIM_REF_INITIAL;; next = behind, behind = sim_node_at(graph, behind)->prev) {
    bool between = next != SIM_REF_INITIAL && sim_is_rmw(sim_node_at(graph, next));
    choice.from = behind;
    if (!between && behind != but)
      push(explore, choice);
    if (sim_place_of(graph, behind) <= floor)
      break;
  }
}

static void add_write(sim_explore *explore, uint32_t thread, const struct sim_ask *ask)
{
  struct sim_graph *graph = explore->graph;
  struct sim_node *node = sim_graph_append(graph, thread, ask);
  sim_ref ref = sim_ref_of(thread, graph->count[thread] - 1u);
  uint32_t floor = sim_model_floor(graph, &node->hb, ask->loc);
  guint before = explore->choices->len;
  sim_ref last = graph->heads[ask->loc].last;

  sim_graph_read(graph, thread, SIM_REF_INITIAL, false);
  push_revisits(explore, ref, UINT32_MAX);
  push_places(explore, ref, SIM_REF_NONE, floor, last);
  sim_graph_place(graph, ref, last);
  weigh(explore, before, true);
}

bool sim_search_add(sim_explore *explore, uint32_t thread, const struct sim_ask *ask)
{
  bool goes_on = true;
  if (ask->kind == FM_ACCESS_FENCE) {
    (void)sim_graph_append(explore->graph, thread, ask);
    sim_graph_read(explore->graph, thread, SIM_REF_INITIAL, false);
  } else if (ask->kind == FM_ACCESS_STORE) {
    add_write(explore, thread, ask);
  } else {
    goes_on = add_read(explore, thread, ask);
  }
  if (goes_on && !enter_part(explore))
    sim_run_stop(explore, SIM_RUN_LEFT);
  return goes_on;
}

/* ---- Taking up a choice ---- */

static struct sim_graph *level_graph(sim_explore *explore, uint32_t level)
{
  while (explore->levels->len <= level) {
    struct sim_graph *graph = g_new(struct sim_graph, 1);
    sim_graph_init(graph, explore->nr_threads, explore->options.model != SIM_EXPLORE_C11,
                   explore->memory.initial);
    g_ptr_array_add(explore->levels, graph);
  }
  return g_ptr_array_index(explore->levels, level);
}

static void go_to_level(sim_explore *explore, uint32_t level)
{
  explore->level = level;
  explore->graph = level_graph(explore, level);
}

void sim_search_begin(sim_explore *explore)
{
  g_array_set_size(explore->choices, 0);
  go_to_level(explore, 0);
  sim_graph_clear(explore->graph);
  explore->weight = 1;
  explore->part = UINT32_MAX;
}

static bool take_read(sim_explore *explore, const struct sim_choice *choice)
{
  uint32_t thread = sim_ref_thread(choice->node);
  struct sim_ask ask = sim_node_at(explore->graph, choice->node)->ask;
  sim_graph_truncate(explore->graph, choice->stamp - 1);
  (void)sim_graph_append(explore->graph, thread, &ask);
  return read_from(explore, thread, choice->from, choice->fails);
}

/* What happens before a node, itself not included. */
static const struct sim_clock *clock_before(const struct sim_graph *graph, sim_ref ref)
{
  static const struct sim_clock nothing;
  uint32_t index = sim_ref_index(ref);
  return index == 0 ? &nothing : &graph->nodes[sim_ref_thread(ref)][index - 1].hb;
}

/* The reader, the last node of its thread, reads from the write that was just placed. */
static bool give(sim_explore *explore, sim_ref write, sim_ref reader, bool fails)
{
  struct sim_graph *graph = explore->graph;
  uint32_t thread = sim_ref_thread(reader);
  struct sim_node *node = sim_node_at(graph, reader);
  const struct sim_clock *hb = clock_before(graph, reader);
  if (sim_model_floor(graph, hb, node->ask.loc) > sim_place_of(graph, write))
    return false;
  node->write_stamp = graph->stamp++;
  sim_node_at(graph, write)->flags |= SIM_NODE_GIVEN;
  sim_graph_read(graph, thread, write, fails);
  return sim_model_allows(graph, explore->options.model, write) &&
         read_from(explore, thread, write, fails);
}

static bool place_and_give(sim_explore *explore, const struct sim_choice *choice)
{
  struct sim_graph *graph = explore->graph;
  sim_graph_unplace(graph, choice->node);
  sim_graph_place(graph, choice->node, choice->from);
  if (choice->reader == SIM_REF_NONE)
    return sim_model_allows(graph, explore->options.model, choice->node);
  return give(explore, choice->node, choice->reader, choice->fails);
}

/* To be called when the write is in no list. */
static void push_gifts(sim_explore *explore, sim_ref write, sim_ref reader)
{
  const struct sim_graph *graph = explore->graph;
  const struct sim_node *node = sim_node_at(graph, write);
  guint before = explore->choices->len;
  if ((node->flags & SIM_NODE_READS) != 0) {
    sim_ref next = sim_after(graph, node->ask.loc, node->rf);
    if (next != SIM_REF_INITIAL && sim_is_rmw(sim_node_at(graph, next)))
      return;
    struct sim_choice choice = {.kind = SIM_CHOICE_PLACE,
                                .node = write,
                                .from = node->rf,
                                .reader = reader,
                                .stamp = node->write_stamp};
    push(explore, choice);
  } else {
    uint32_t floor = sim_model_floor(graph, clock_before(graph, write), node->ask.loc);
    push_places(explore, write, reader, floor, SIM_REF_NONE);
  }
  const struct sim_ask *ask = &sim_node_at(graph, reader)->ask;
  guint end = explore->choices->len;
  if (may_fail(explore, ask) && node->written == ask->expected)
    for (guint i = before; i < end; i++) {
      struct sim_choice choice = g_array_index(explore->choices, struct sim_choice, i);
      choice.fails = true;
      push(explore, choice);
    }
  weigh(explore, before, false);
}

/* Makes the graph of a revisit, and remembers the places that the write can have in it. */
static void take_revisit(sim_explore *explore, const struct sim_choice *choice)
{
  struct sim_graph *graph = explore->graph;
  uint16_t keep[SIM_EXPLORE_THREADS];
  struct revisit revisit = {graph, sim_node_at(graph, choice->node), choice->node};
  if (!may_revisit(&revisit, choice->reader, keep))
    return;
  go_to_level(explore, explore->level + 1);
  sim_graph_restrict(explore->graph, graph, keep, choice->reader, choice->node);
  push_gifts(explore, choice->node, choice->reader);
}

bool sim_search_next(sim_explore *explore)
{
  while (explore->choices->len != 0) {
    struct sim_choice choice =
        g_array_index(explore->choices, struct sim_choice, explore->choices->len - 1);
    g_array_set_size(explore->choices, explore->choices->len - 1);
    explore->weight = choice.weight;
    explore->part = choice.part;
    go_to_level(explore, choice.level);
    bool goes_on = false;
    switch ((enum sim_choice_kind)choice.kind) {
    case SIM_CHOICE_READ:
      goes_on = take_read(explore, &choice);
      break;
    case SIM_CHOICE_PLACE:
      sim_graph_truncate(explore->graph, choice.stamp);
      goes_on = place_and_give(explore, &choice);
      break;
    case SIM_CHOICE_REVISIT:
      sim_graph_truncate(explore->graph, choice.stamp);
      take_revisit(explore, &choice);
      break;
    }
    if (goes_on && enter_part(explore))
      return true;
  }
  return false;
}
