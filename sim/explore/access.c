/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a thread does at an access: the next node of the graph, a new one, or a plain access.
 * All of this runs on the fiber of the thread.
 */
#include <string.h>

#include "sim/explore/internal.h"

/* A loop that begins again without a failed compare-exchange, because what it found had been
 * taken away: so often. */
#define TURNS 2u

static void after_point(sim_explore *explore, uint32_t thread, const struct fm_access *access,
                        const struct sim_node *node)
{
  if (explore->log.on)
    sim_record_event(explore, thread, access, node);
  if (explore->schedule.on && explore->schedule.target == access->site) {
    explore->schedule.reached = true;
    explore->schedule.target = FM_SITE_COUNT;
    sim_run_rest(explore);
  }
}

static void race(sim_explore *explore)
{
  if (explore->options.races == SIM_EXPLORE_RACES_STOP)
    sim_run_stop(explore, SIM_RUN_FOUND);
}

/* Rests until the write that the node reads from has been run. */
static void follow(sim_explore *explore, struct sim_explore__thread *self)
{
  const struct sim_node *node = &explore->graph->nodes[self->index][self->done];
  if ((node->flags & SIM_NODE_READS) == 0 || node->rf == SIM_REF_INITIAL)
    return;
  uint32_t thread = sim_ref_thread(node->rf);
  while (explore->threads[thread].done <= sim_ref_index(node->rf)) {
    self->state = SIM_THREAD_WAITS;
    self->waits_for = (uint8_t)thread;
    sim_run_rest(explore);
  }
  self->state = SIM_THREAD_READY;
}

static void check_limits(sim_explore *explore, const struct sim_explore__thread *self)
{
  uint32_t steps = 0;
  for (uint32_t i = 0; i < explore->nr_threads; i++)
    steps += explore->threads[i].done;
  if (self->done >= SIM_EXPLORE_STEPS ||
      (explore->options.steps != 0 && steps >= explore->options.steps))
    sim_run_stop(explore, SIM_RUN_STEPS);
}

static void add(sim_explore *explore, struct sim_explore__thread *self, const struct sim_ask *ask)
{
  check_limits(explore, self);
  bool goes_on = explore->schedule.on ? sim_schedule_add(explore, self->index, ask)
                                      : sim_search_add(explore, self->index, ask);
  if (!goes_on)
    sim_run_stop(explore, SIM_RUN_DEAD);
}

static struct sim_ask ask_of(sim_explore *explore, const struct fm_access *access, bool plain)
{
  struct sim_ask ask = {.operand = access->operand,
                        .expected = access->expected,
                        .site = (uint16_t)access->site,
                        .loc = SIM_LOC_NONE,
                        .kind = (uint8_t)access->kind,
                        .order = (uint8_t)access->order,
                        .size = (uint8_t)access->size,
                        .plain = plain};
  if (access->kind == FM_ACCESS_FENCE)
    return ask;
  ask.loc = sim_memory_loc(&explore->memory, access->where, access->size);
  if (ask.loc == SIM_LOC_NONE) {
    explore->broken = "it has too many atomic locations";
    sim_run_stop(explore, SIM_RUN_BROKEN);
  }
  return ask;
}

/* Rests until the thread may do its next node, old or new. */
static void wait_turn(sim_explore *explore, struct sim_explore__thread *self,
                      const struct fm_access *access)
{
  if (self->done < explore->graph->count[self->index]) {
    follow(explore, self);
    return;
  }
  while (!explore->adding) {
    self->state = SIM_THREAD_READY;
    self->pending = access;
    sim_run_rest(explore);
  }
}

static void check_same(sim_explore *explore, const struct sim_ask *is, const struct sim_ask *was)
{
  if (is->site == was->site && is->loc == was->loc && is->operand == was->operand)
    return;
  explore->broken = "it does not do the same when it is run again";
  sim_run_stop(explore, SIM_RUN_BROKEN);
}

/* The thread's next node: an atomic access, a fence, or (plain) what stands for a plain one. */
static const struct sim_node *run_node(sim_explore *explore, struct sim_explore__thread *self,
                                       struct fm_access *access, bool plain)
{
  struct sim_graph *graph = explore->graph;
  uint32_t index = self->done;
  struct sim_ask ask = ask_of(explore, access, plain);
  if (index < graph->count[self->index]) {
    check_same(explore, &ask, &graph->nodes[self->index][index].ask);
  } else {
    add(explore, self, &ask);
    if (explore->schedule.on)
      explore->adding = explore->schedule.free;
  }
  const struct sim_node *node = &graph->nodes[self->index][index];
  self->done++;
  access->seen = node->read;
  access->done = (node->flags & SIM_NODE_WRITES) != 0;
  if (access->done) {
    struct sim_loc *loc = &explore->memory.locs[node->ask.loc];
    loc->last = sim_ref_of(self->index, index);
    loc->ram = node->written;
    sim_memory_set(loc->where, loc->size, node->written);
  }
  return node;
}

/* Memory that was used again has been written without hooks since, in what happens before this
 * access.  For whoever comes now that is a store like any other: *ret_part. */
static bool was_rewritten(sim_explore *explore, const struct sim_explore__thread *self,
                          const struct fm_access *access, struct fm_access *ret_part)
{
  if (access->kind == FM_ACCESS_FENCE)
    return false;
  const struct sim_graph *graph = explore->graph;
  *ret_part = (struct fm_access){.site = FM_SITE_IO_WRITE,
                                 .kind = FM_ACCESS_STORE,
                                 .order = FM_ORDER_RELAXED,
                                 .size = access->size,
                                 .where = access->where};
  if (self->done < graph->count[self->index]) {
    const struct sim_node *node = &graph->nodes[self->index][self->done];
    ret_part->operand = node->ask.operand;
    return (node->flags & SIM_NODE_PLAIN) != 0;
  }
  uint16_t index = sim_memory_loc(&explore->memory, access->where, access->size);
  if (index == SIM_LOC_NONE)
    return false;
  const struct sim_loc *loc = &explore->memory.locs[index];
  ret_part->operand = sim_memory_value(loc->where, loc->size);
  return ret_part->operand != loc->ram;
}

static void run_atomic(sim_explore *explore, struct sim_explore__thread *self,
                       struct fm_access *access)
{
  struct fm_access part;
  wait_turn(explore, self, access);
  if (was_rewritten(explore, self, access, &part)) {
    (void)run_node(explore, self, &part, true);
    wait_turn(explore, self, access);
  }
  const struct sim_node *node = run_node(explore, self, access, false);
  if (node->ask.loc != SIM_LOC_NONE && sim_memory_atomic(explore, self->index, node)) {
    if (explore->log.on)
      sim_record_event(explore, self->index, access, node);
    race(explore);
  }
  after_point(explore, self->index, access, node);
}

/* With races=continue: each whole word of a plain access is a relaxed atomic one.  False: there
 * are not only whole words. */
static bool branch_plain(sim_explore *explore, struct sim_explore__thread *self,
                         struct fm_access *access)
{
  bool writes = access->kind == FM_ACCESS_WRITE;
  if (((uintptr_t)access->where | access->size) % sizeof(uint64_t) != 0)
    return false;
  for (uint32_t at = 0; at < access->size; at += sizeof(uint64_t)) {
    struct fm_access part = {.site = access->site,
                             .kind = writes ? FM_ACCESS_STORE : FM_ACCESS_LOAD,
                             .order = FM_ORDER_RELAXED,
                             .size = sizeof(uint64_t),
                             .where = (uint8_t *)access->where + at};
    if (writes)
      memcpy(&part.operand, (const uint8_t *)access->buffer + at, sizeof(part.operand));
    wait_turn(explore, self, &part);
    const struct sim_node *node = run_node(explore, self, &part, true);
    if (!writes) { /* whoever reads it after us finds it in RAM */
      sim_memory_set(part.where, part.size, part.seen);
      explore->memory.locs[node->ask.loc].ram = part.seen;
    }
    if (access->size == sizeof(uint64_t))
      access->seen = part.seen;
  }
  return true;
}

static void run_plain(sim_explore *explore, struct sim_explore__thread *self,
                      struct fm_access *access)
{
  bool races = sim_memory_plain(explore, self->index, access);
  bool branches = explore->options.races == SIM_EXPLORE_RACES_CONTINUE;
  if (races && !branches) {
    if (explore->log.on)
      sim_record_event(explore, self->index, access, NULL);
    race(explore);
  }
  if (!branches || !branch_plain(explore, self, access))
    sim_hook_perform(access);
  after_point(explore, self->index, access, NULL);
}

/* Accesses that no other CPU interferes with, or of numbers that nothing is decided by. */
static bool is_direct(enum fm_site site)
{
  switch (site) {
  case FM_SITE_SLOT_BOUND:
  case FM_SITE_BOOT_BOUND:
  case FM_SITE_FREE_ADD:
  case FM_SITE_FREE_LOAD:
  case FM_SITE_POOL_SIZE:
  case FM_SITE_POOL_LOAD:
  case FM_SITE_CHUNK_SAYS:
  case FM_SITE_CHUNK_NOTE:
    return true;
  default:
    return false;
  }
}

static void on_access(struct sim_observer *observer, struct fm_access *access)
{
  sim_explore *explore = (sim_explore *)observer;
  struct sim_explore__thread *self = &explore->threads[explore->running];
  uint8_t order = explore->options.order[access->site];
  if (order != 0 && access->kind != FM_ACCESS_READ && access->kind != FM_ACCESS_WRITE)
    access->order = (enum fm_order)(order - 1);
  switch (access->kind) {
  case FM_ACCESS_CALL:
    after_point(explore, self->index, access, NULL);
    break;
  case FM_ACCESS_READ:
  case FM_ACCESS_WRITE:
    run_plain(explore, self, access);
    break;
  case FM_ACCESS_FENCE:
    if (!explore->options.no_fence[access->site])
      run_atomic(explore, self, access);
    break;
  default:
    if (is_direct(access->site)) {
      sim_memory_keep(&explore->memory, access->where, access->size);
      sim_hook_perform(access);
    } else {
      run_atomic(explore, self, access);
    }
  }
}

static void on_reach(struct sim_observer *observer, void *where, uint64_t size)
{
  sim_memory_keep(&((sim_explore *)observer)->memory, where, size);
}

/* The last thing that the thread did was a compare-exchange that failed. */
static bool failed(const sim_explore *explore, const struct sim_explore__thread *self)
{
  if (self->done == 0)
    return false;
  const struct sim_node *last = &explore->graph->nodes[self->index][self->done - 1];
  return last->ask.kind == FM_ACCESS_CAS && (last->flags & SIM_NODE_WRITES) == 0;
}

bool sim_run_waits(const sim_explore *explore, const struct sim_ask *ask)
{
  switch ((enum fm_site)ask->site) {
  case FM_SITE_ALLOC_LOCK:
  case FM_SITE_PT_LOCK:
  case FM_SITE_GRACE_LOCK:
  case FM_SITE_CHUNK_CLAIM:
    return true;
  default:
    (void)explore;
    return false;
  }
}

static void on_spin(struct sim_observer *observer, enum fm_site site)
{
  sim_explore *explore = (sim_explore *)observer;
  struct sim_explore__thread *self = &explore->threads[explore->running];
  const struct sim_ask ask = {.site = (uint16_t)site};
  uint32_t turns = explore->options.retries;
  if (failed(explore, self) && sim_run_waits(explore, &ask))
    turns = 0;
  else if (!failed(explore, self))
    turns = MAX(turns, TURNS);
  if (self->retried++ < turns)
    return;
  self->blocked_at = (uint16_t)site;
  self->state = SIM_THREAD_BLOCKED;
  sim_run_rest(explore);
  g_assert_not_reached();
}

void sim_access_observe(struct sim_observer *observer)
{
  *observer = (struct sim_observer){.access = on_access, .reach = on_reach, .spin = on_spin};
}
