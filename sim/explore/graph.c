/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/explore/graph.h"

#include <string.h>

#define ROOM 12u /* nodes, to begin with */

static void make_room(struct sim_graph *graph, uint32_t thread, uint32_t nodes)
{
  if (nodes <= graph->room[thread])
    return;
  graph->room[thread] = (uint16_t)MAX(ROOM, nodes * 2);
  graph->nodes[thread] = g_renew(struct sim_node, graph->nodes[thread], graph->room[thread]);
}

void sim_graph_init(struct sim_graph *graph, uint32_t threads, bool strong, uint64_t *initial)
{
  memset(graph->room, 0, sizeof(graph->room));
  memset(graph->nodes, 0, sizeof(graph->nodes));
  graph->threads = threads;
  graph->strong = strong;
  graph->initial = initial;
  for (uint32_t i = 0; i < threads; i++)
    make_room(graph, i, 1);
  sim_graph_clear(graph);
}

void sim_graph_deinit(struct sim_graph *graph)
{
  for (uint32_t i = 0; i < graph->threads; i++)
    g_free(graph->nodes[i]);
}

void sim_graph_clear(struct sim_graph *graph)
{
  memset(graph->count, 0, sizeof(graph->count));
  graph->stamp = 1;
  graph->fails = 0;
  graph->locs = 0;
}

static struct sim_head *head_of(struct sim_graph *graph, uint32_t loc)
{
  while (graph->locs <= loc)
    graph->heads[graph->locs++] = (struct sim_head){SIM_REF_INITIAL, SIM_REF_INITIAL, 0};
  return &graph->heads[loc];
}

/* ---- Nodes ---- */

static bool is_release(const struct sim_graph *graph, const struct sim_node *node)
{
  return graph->strong || node->ask.order == FM_ORDER_RELEASE ||
         node->ask.order == FM_ORDER_ACQ_REL;
}

static bool is_acquire(const struct sim_graph *graph, const struct sim_node *node)
{
  if (graph->strong)
    return true;
  if (node->ask.kind == FM_ACCESS_CAS && (node->flags & SIM_NODE_WRITES) == 0)
    return false; /* the order of a failure is relaxed */
  return node->ask.order == FM_ORDER_ACQUIRE || node->ask.order == FM_ORDER_ACQ_REL;
}

/* The clocks as they are between the node before and this one. */
static void start_clocks(const struct sim_graph *graph, uint32_t thread, uint32_t index)
{
  struct sim_node *node = &graph->nodes[thread][index];
  if (index == 0) {
    memset(&node->hb, 0, sizeof(node->hb));
    memset(&node->porf, 0, sizeof(node->porf));
    memset(&node->acq, 0, sizeof(node->acq));
    node->fence = -1;
  } else {
    const struct sim_node *before = node - 1;
    node->hb = before->hb;
    node->porf = before->porf;
    node->acq = before->acq;
    node->fence = before->fence;
  }
}

struct sim_node *sim_graph_append(struct sim_graph *graph, uint32_t thread,
                                  const struct sim_ask *ask)
{
  uint32_t index = graph->count[thread]++;
  make_room(graph, thread, index + 1);
  struct sim_node *node = &graph->nodes[thread][index];
  node->ask = *ask;
  node->rf = SIM_REF_INITIAL;
  node->read_stamp = graph->stamp++;
  node->write_stamp = graph->stamp++;
  node->flags = ask->plain ? SIM_NODE_PLAIN : 0;
  switch ((enum fm_access_kind)ask->kind) {
  case FM_ACCESS_LOAD:
  case FM_ACCESS_CAS:
  case FM_ACCESS_ADD:
  case FM_ACCESS_SUB:
    node->flags |= SIM_NODE_READS;
    break;
  default:
    break;
  }
  if (ask->loc != SIM_LOC_NONE)
    (void)head_of(graph, ask->loc);
  start_clocks(graph, thread, index);
  return node;
}

static uint64_t cut(uint64_t value, uint32_t size)
{
  return size == 1 ? (uint8_t)value : value;
}

/* What the node writes, if it does. */
static void set_effect(struct sim_graph *graph, struct sim_node *node, bool fails)
{
  uint8_t flags = node->flags & (SIM_NODE_READS | SIM_NODE_PLAIN | SIM_NODE_GIVEN);
  uint64_t written = node->ask.operand;
  graph->fails -= (node->flags & SIM_NODE_FAILS) != 0;
  switch ((enum fm_access_kind)node->ask.kind) {
  case FM_ACCESS_CAS:
    if (!fails && node->read == node->ask.expected)
      flags |= SIM_NODE_WRITES;
    break;
  case FM_ACCESS_STORE:
    flags |= SIM_NODE_WRITES;
    break;
  case FM_ACCESS_ADD:
    flags |= SIM_NODE_WRITES;
    written = node->read + node->ask.operand;
    break;
  case FM_ACCESS_SUB:
    flags |= SIM_NODE_WRITES;
    written = node->read - node->ask.operand;
    break;
  default:
    break;
  }
  if (fails) {
    flags |= SIM_NODE_FAILS;
    graph->fails++;
  }
  node->flags = flags;
  node->written = cut(written, node->ask.size);
}

static void set_release(const struct sim_graph *graph, uint32_t thread, struct sim_node *node,
                        const struct sim_node *source)
{
  if (is_release(graph, node))
    node->rel = node->hb;
  else if (node->fence >= 0)
    node->rel = graph->nodes[thread][node->fence].hb;
  else
    memset(&node->rel, 0, sizeof(node->rel));
  if (source != NULL) /* a read-modify-write continues the release sequence */
    sim_clock_join(&node->rel, &source->rel);
}

static void set_fence(const struct sim_graph *graph, struct sim_node *node, uint32_t index)
{
  uint8_t order = node->ask.order;
  if (order == FM_ORDER_ACQUIRE || order == FM_ORDER_ACQ_REL)
    sim_clock_join(&node->hb, &node->acq);
  if (order == FM_ORDER_RELEASE || order == FM_ORDER_ACQ_REL)
    node->fence = (int16_t)index;
  (void)graph;
}

void sim_graph_read(struct sim_graph *graph, uint32_t thread, sim_ref from, bool fails)
{
  uint32_t index = graph->count[thread] - 1u;
  struct sim_node *node = &graph->nodes[thread][index];
  const struct sim_node *source = NULL;

  start_clocks(graph, thread, index);
  node->hb.of[thread] = (uint8_t)(index + 1);
  node->porf.of[thread] = (uint8_t)(index + 1);
  if (node->ask.kind == FM_ACCESS_FENCE) {
    set_fence(graph, node, index);
    return;
  }
  if ((node->flags & SIM_NODE_READS) != 0) {
    node->rf = from;
    node->read = sim_value_of(graph, node->ask.loc, from);
    if (from != SIM_REF_INITIAL)
      source = sim_node_at(graph, from);
  }
  set_effect(graph, node, fails);
  if (source != NULL) {
    sim_clock_join(&node->porf, &source->porf);
    sim_clock_join(&node->acq, &source->rel);
    if (is_acquire(graph, node))
      sim_clock_join(&node->hb, &source->rel);
  }
  if ((node->flags & SIM_NODE_WRITES) != 0)
    set_release(graph, thread, node, source);
}

/* ---- Orders of writes ---- */

static void renumber(const struct sim_graph *graph, sim_ref from, uint32_t place)
{
  for (sim_ref at = from; at != SIM_REF_INITIAL; at = sim_node_at(graph, at)->next)
    sim_node_at(graph, at)->place = (uint16_t)place++;
}

void sim_graph_place(struct sim_graph *graph, sim_ref write, sim_ref behind)
{
  struct sim_node *node = sim_node_at(graph, write);
  struct sim_head *head = head_of(graph, node->ask.loc);
  node->prev = behind;
  node->next = sim_after(graph, node->ask.loc, behind);
  if (behind == SIM_REF_INITIAL)
    head->first = write;
  else
    sim_node_at(graph, behind)->next = write;
  if (node->next == SIM_REF_INITIAL)
    head->last = write;
  else
    sim_node_at(graph, node->next)->prev = write;
  head->writes++;
  node->flags |= SIM_NODE_PLACED;
  renumber(graph, write, sim_place_of(graph, behind) + 1);
}

void sim_graph_unplace(struct sim_graph *graph, sim_ref write)
{
  struct sim_node *node = sim_node_at(graph, write);
  struct sim_head *head = &graph->heads[node->ask.loc];
  if ((node->flags & SIM_NODE_PLACED) == 0)
    return;
  if (node->prev == SIM_REF_INITIAL)
    head->first = node->next;
  else
    sim_node_at(graph, node->prev)->next = node->next;
  if (node->next == SIM_REF_INITIAL)
    head->last = node->prev;
  else
    sim_node_at(graph, node->next)->prev = node->prev;
  head->writes--;
  node->flags &= (uint8_t)~SIM_NODE_PLACED;
  renumber(graph, node->next, node->place);
}

/* ---- Less of a graph ---- */

void sim_graph_truncate(struct sim_graph *graph, uint32_t stamp)
{
  for (uint32_t thread = 0; thread < graph->threads; thread++) {
    uint32_t count = graph->count[thread];
    for (; count != 0; count--) {
      struct sim_node *node = &graph->nodes[thread][count - 1];
      if (node->write_stamp <= stamp)
        break;
      sim_graph_unplace(graph, sim_ref_of(thread, count - 1));
      if (node->read_stamp <= stamp)
        break; /* only its write is newer */
      graph->fails -= (node->flags & SIM_NODE_FAILS) != 0;
    }
    graph->count[thread] = (uint16_t)count;
  }
  graph->stamp = stamp + 1;
}

/* Which writes older reads have been given. */
static void mark_given(const struct sim_graph *graph, sim_ref but)
{
  for (uint32_t thread = 0; thread < graph->threads; thread++)
    for (uint32_t i = 0; i < graph->count[thread]; i++)
      graph->nodes[thread][i].flags &= (uint8_t)~SIM_NODE_GIVEN;
  for (uint32_t thread = 0; thread < graph->threads; thread++)
    for (uint32_t i = 0; i < graph->count[thread]; i++) {
      const struct sim_node *node = &graph->nodes[thread][i];
      if ((node->flags & SIM_NODE_READS) == 0 || node->rf == SIM_REF_INITIAL ||
          sim_ref_of(thread, i) == but)
        continue;
      struct sim_node *source = sim_node_at(graph, node->rf);
      if (source->write_stamp > node->read_stamp)
        source->flags |= SIM_NODE_GIVEN;
    }
}

void sim_graph_restrict(struct sim_graph *to, const struct sim_graph *from, const uint16_t *keep,
                        sim_ref bare, sim_ref loose)
{
  to->stamp = from->stamp;
  to->locs = 0;
  to->fails = 0;
  for (uint32_t thread = 0; thread < from->threads; thread++) {
    make_room(to, thread, keep[thread]);
    to->count[thread] = keep[thread];
    memcpy(to->nodes[thread], from->nodes[thread], keep[thread] * sizeof(struct sim_node));
    for (uint32_t i = 0; i < keep[thread]; i++)
      to->fails += (to->nodes[thread][i].flags & SIM_NODE_FAILS) != 0;
  }
  if (sim_ref_index(bare) < keep[sim_ref_thread(bare)])
    sim_node_at(to, bare)->flags &= (uint8_t) ~(SIM_NODE_WRITES | SIM_NODE_PLACED);
  sim_node_at(to, loose)->flags &= (uint8_t)~SIM_NODE_PLACED;
  mark_given(to, bare);

  for (uint32_t loc = 0; loc < from->locs; loc++) {
    struct sim_head *head = head_of(to, loc);
    sim_ref at = from->heads[loc].first;
    for (; at != SIM_REF_INITIAL; at = sim_node_at(from, at)->next) {
      if (sim_ref_index(at) >= keep[sim_ref_thread(at)] || at == bare || at == loose)
        continue;
      struct sim_node *node = sim_node_at(to, at);
      node->prev = head->last;
      node->next = SIM_REF_INITIAL;
      node->place = ++head->writes;
      if (head->last == SIM_REF_INITIAL)
        head->first = at;
      else
        sim_node_at(to, head->last)->next = at;
      head->last = at;
    }
  }
}

/* ---- Names ---- */

static uint64_t mix(uint64_t value)
{
  value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
  return value ^ (value >> 31);
}

uint64_t sim_graph_hash(const struct sim_graph *graph, uint32_t blind)
{
  uint64_t sum = 0;
  for (uint32_t thread = 0; thread < graph->threads; thread++)
    for (uint32_t i = 0; i < graph->count[thread]; i++) {
      const struct sim_node *node = &graph->nodes[thread][i];
      bool seen = (blind >> thread & 1) == 0 || i + 1u < graph->count[thread];
      uint64_t word = sim_ref_of(thread, i);
      word = word << 16 | (seen && (node->flags & SIM_NODE_READS) != 0 ? node->rf : 0xfffeu);
      word = word << 16 | ((node->flags & SIM_NODE_PLACED) != 0 ? node->prev : 0xfffeu);
      word = word << 8 | (seen && (node->flags & SIM_NODE_FAILS) != 0);
      sum += mix(word + UINT64_C(0x9e3779b97f4a7c15));
    }
  return mix(sum);
}
