/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a memory model allows.
 *
 * All three begin with coherence: who knows of a write (it happens before) cannot read, or write
 * behind, an older one.  That is all of C11 here, since program order and reads-from have no
 * cycle in a graph that is built along them.  The other two demand that a larger relation has no
 * cycle; only cycles through a node that is new have to be looked for.
 */
#include <string.h>

#include "sim/explore/graph.h"

static const char *const names[SIM_EXPLORE_MODELS] = {"c11", "sc", "tso"};

const char *sim_explore_model_name(enum sim_explore_model model)
{
  return names[model];
}

bool sim_explore_model_of(const char *name, enum sim_explore_model *ret)
{
  for (uint32_t i = 0; i < SIM_EXPLORE_MODELS; i++)
    if (strcmp(names[i], name) == 0) {
      *ret = (enum sim_explore_model)i;
      return true;
    }
  return false;
}

const char *sim_explore_model_limits(enum sim_explore_model model)
{
  static const char *const texts[SIM_EXPLORE_MODELS] = {
      [SIM_EXPLORE_C11] =
          "c11 does not include load buffering (a read never sees a write that comes after it), "
          "consume, and sequentially consistent accesses; plain accesses do not tear.",
      [SIM_EXPLORE_SC] =
          "sc has one order of all accesses, whatever orders they ask for: no processor reorders, "
          "no compiler moves anything.",
      [SIM_EXPLORE_TSO] =
          "tso is what an x86 processor does with accesses in the order in which they stand in "
          "the source: stores wait in a buffer; what a compiler may move is not included, nor "
          "are non-temporal stores.",
  };
  return texts[model];
}

/* ---- Coherence ---- */

uint32_t sim_model_floor(const struct sim_graph *graph, const struct sim_clock *hb, uint32_t loc)
{
  uint32_t floor = 0;
  for (uint32_t thread = 0; thread < graph->threads; thread++)
    for (int32_t i = hb->of[thread] - 1; i >= 0; i--) {
      const struct sim_node *node = &graph->nodes[thread][i];
      if (node->ask.loc != loc)
        continue;
      uint32_t place = (node->flags & SIM_NODE_PLACED) != 0  ? node->place
                       : (node->flags & SIM_NODE_READS) != 0 ? sim_place_of(graph, node->rf)
                                                             : 0;
      floor = place > floor ? place : floor;
      break;
    }
  return floor;
}

/* ---- Cycles ---- */

struct walk {
  const struct sim_graph *graph;
  sim_ref goal;
  bool tso;
  bool found;
  uint32_t waiting;
  uint8_t seen[SIM_EXPLORE_THREADS][(SIM_EXPLORE_STEPS + 8) / 8];
  sim_ref stack[SIM_EXPLORE_THREADS * SIM_EXPLORE_STEPS];
};

static void visit(struct walk *walk, sim_ref ref)
{
  uint32_t thread = sim_ref_thread(ref);
  uint32_t index = sim_ref_index(ref);
  if (ref == walk->goal)
    walk->found = true;
  if ((walk->seen[thread][index / 8] >> (index % 8) & 1) != 0)
    return;
  walk->seen[thread][index / 8] |= (uint8_t)(1u << (index % 8));
  walk->stack[walk->waiting++] = ref;
}

/* Program order, or what is left of it: a store buffer lets later reads overtake a store. */
static void visit_later(struct walk *walk, sim_ref ref)
{
  const struct sim_graph *graph = walk->graph;
  uint32_t thread = sim_ref_thread(ref);
  uint32_t end = graph->count[thread];
  const struct sim_node *node = sim_node_at(graph, ref);
  bool buffered = walk->tso && (node->flags & SIM_NODE_READS) == 0;

  for (uint32_t i = sim_ref_index(ref) + 1; i < end; i++) {
    const struct sim_node *later = &graph->nodes[thread][i];
    if (later->ask.kind == FM_ACCESS_FENCE)
      continue;
    if (buffered && (later->flags & SIM_NODE_WRITES) == 0)
      continue;
    visit(walk, sim_ref_of(thread, i));
    if (buffered || !walk->tso)
      return; /* the rest comes after that one */
  }
}

static void visit_readers(struct walk *walk, sim_ref write)
{
  const struct sim_graph *graph = walk->graph;
  for (uint32_t thread = 0; thread < graph->threads; thread++) {
    if (walk->tso && thread == sim_ref_thread(write))
      continue; /* a CPU reads its own store before anybody else can */
    for (uint32_t i = 0; i < graph->count[thread]; i++) {
      const struct sim_node *node = &graph->nodes[thread][i];
      if ((node->flags & SIM_NODE_READS) != 0 && node->rf == write)
        visit(walk, sim_ref_of(thread, i));
    }
  }
}

static void visit_next(struct walk *walk, sim_ref ref)
{
  const struct sim_graph *graph = walk->graph;
  const struct sim_node *node = sim_node_at(graph, ref);
  visit_later(walk, ref);
  if ((node->flags & SIM_NODE_PLACED) != 0) {
    visit_readers(walk, ref);
    if (node->next != SIM_REF_INITIAL)
      visit(walk, node->next);
  }
  if ((node->flags & SIM_NODE_READS) != 0) {
    sim_ref next = sim_after(graph, node->ask.loc, node->rf);
    if (next != SIM_REF_INITIAL && next != ref)
      visit(walk, next);
  }
}

bool sim_model_allows(const struct sim_graph *graph, enum sim_explore_model model, sim_ref node)
{
  static __thread struct walk walk;
  if (model == SIM_EXPLORE_C11)
    return true;
  walk.graph = graph;
  walk.goal = node;
  walk.tso = model == SIM_EXPLORE_TSO;
  walk.found = false;
  walk.waiting = 0;
  memset(walk.seen, 0, sizeof(walk.seen));
  visit_next(&walk, node);
  while (walk.waiting != 0 && !walk.found)
    visit_next(&walk, walk.stack[--walk.waiting]);
  return !walk.found;
}
