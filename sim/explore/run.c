/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Runs the program: first along a graph that exists, where each read gets the value that the
 * graph says, then on from there, where the search says what each new node reads.
 *
 * Threads are fibers that start anew in each run.  Along the graph a thread rests only where it
 * reads from a write that has not been run yet, so RAM always holds what plain reads that do not
 * race need: all that happens before them has been run.
 */
#include <string.h>

#include "sim/explore/internal.h"

/* A loop that begins again without a failed compare-exchange, because what it found had been
 * taken away: so often. */
#define TURNS 2u

/* ---- Inside a thread ---- */

void sim_run_rest(sim_explore *explore)
{
  struct sim_explore__thread *self = &explore->threads[explore->running];
  self->registers = fm_port_this_cpu;
  sim_fiber_yield();
}

void sim_run_stop(sim_explore *explore, enum sim_run_end end)
{
  explore->end = end;
  explore->stop_run = true;
  sim_run_rest(explore);
  g_assert_not_reached(); /* the fiber starts anew, or never runs again */
}

const struct sim_clock *sim_run_clock(const sim_explore *explore, uint32_t thread)
{
  static const struct sim_clock nothing;
  uint32_t done = explore->threads[thread].done;
  return done == 0 ? &nothing : &explore->graph->nodes[thread][done - 1].hb;
}

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

static void write_ram(void *where, uint32_t size, uint64_t value)
{
  if (size == 1)
    *(uint8_t *)where = (uint8_t)value;
  else
    *(uint64_t *)where = value;
}

/* An atomic access, or a fence: a node of the graph. */
static const struct sim_node *run_node(sim_explore *explore, struct sim_explore__thread *self,
                                       struct fm_access *access, bool plain)
{
  struct sim_graph *graph = explore->graph;
  uint32_t index = self->done;
  if (index < graph->count[self->index]) {
    follow(explore, self);
    struct sim_ask ask = ask_of(explore, access, plain);
    const struct sim_ask *was = &graph->nodes[self->index][index].ask;
    if (ask.site != was->site || ask.loc != was->loc || ask.operand != was->operand) {
      explore->broken = "it does not do the same when it is run again";
      sim_run_stop(explore, SIM_RUN_BROKEN);
    }
  } else {
    while (!explore->adding) {
      self->state = SIM_THREAD_READY;
      self->pending = access;
      sim_run_rest(explore);
    }
    struct sim_ask ask = ask_of(explore, access, plain);
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
    write_ram(loc->where, loc->size, node->written);
  }
  return node;
}

static void run_atomic(sim_explore *explore, struct sim_explore__thread *self,
                       struct fm_access *access)
{
  const struct sim_node *node = run_node(explore, self, access, false);
  if (node->ask.loc != SIM_LOC_NONE && sim_memory_atomic(explore, self->index, node)) {
    if (explore->log.on)
      sim_record_event(explore, self->index, access, node);
    race(explore);
  }
  after_point(explore, self->index, access, node);
}

/* With races=continue: each whole word of a plain access is a relaxed atomic one. */
static void branch_plain(sim_explore *explore, struct sim_explore__thread *self,
                         struct fm_access *access)
{
  bool writes = access->kind == FM_ACCESS_WRITE;
  if (((uintptr_t)access->where | access->size) % sizeof(uint64_t) != 0)
    return;
  for (uint32_t at = 0; at < access->size; at += sizeof(uint64_t)) {
    struct fm_access part = {.site = access->site,
                             .kind = writes ? FM_ACCESS_STORE : FM_ACCESS_LOAD,
                             .order = FM_ORDER_RELAXED,
                             .size = sizeof(uint64_t),
                             .where = (uint8_t *)access->where + at};
    if (writes)
      memcpy(&part.operand, (const uint8_t *)access->buffer + at, sizeof(part.operand));
    (void)run_node(explore, self, &part, true);
    if (!writes) /* whoever reads it after us finds it in RAM */
      write_ram(part.where, part.size, part.seen);
    if (access->size == sizeof(uint64_t))
      access->seen = part.seen;
  }
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
  sim_hook_perform(access);
  if (branches)
    branch_plain(explore, self, access);
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
  const struct sim_node *last = &explore->graph->nodes[self->index][self->done - 1];
  return self->done != 0 && last->ask.kind == FM_ACCESS_CAS && (last->flags & SIM_NODE_WRITES) == 0;
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

static void thread_main(void *data)
{
  struct sim_explore__thread *self = data;
  sim_explore *explore = self->explore;
  const struct sim_explore_thread *thread = &explore->program->threads[self->index];
  if (sigsetjmp(self->trap.back, FM_UNDER_TSAN) == 0) {
    thread->body(thread->data);
    self->state = SIM_THREAD_ENDED;
    return;
  }
  explore->panic_thread = (uint16_t)self->index;
  explore->end = SIM_RUN_FOUND;
  explore->stop_run = true;
}

/* ---- From outside ---- */

void sim_run_init(sim_explore *explore)
{
  explore->observer =
      (struct sim_observer){.access = on_access, .reach = on_reach, .spin = on_spin};
  for (uint32_t i = 0; i < explore->nr_threads; i++) {
    explore->threads[i].explore = explore;
    explore->threads[i].index = i;
  }
}

void sim_run_deinit(sim_explore *explore)
{
  for (uint32_t i = 0; i < explore->nr_threads; i++)
    sim_fiber_free(explore->threads[i].fiber);
}

void sim_run_reset(sim_explore *explore)
{
  sim_memory_undo(&explore->memory);
  explore->stop_run = false;
  explore->adding = false;
  explore->panic_thread = SIM_EXPLORE_THREADS;
  for (uint32_t i = 0; i < explore->nr_threads; i++) {
    struct sim_explore__thread *thread = &explore->threads[i];
    thread->state = SIM_THREAD_FRESH;
    thread->done = 0;
    thread->retried = 0;
    thread->blocked_at = FM_SITE_COUNT;
  }
  sim_machine *machine = explore->program->machine;
  if (machine != NULL) {
    machine->fail_alloc = explore->fail_alloc;
    if (machine->findings->len > explore->findings_before)
      g_ptr_array_set_size(machine->findings, (gint)explore->findings_before);
  }
  if (explore->program->reset != NULL)
    explore->program->reset(explore->program->data);
}

static void start(sim_explore *explore, struct sim_explore__thread *thread)
{
  sim_machine *machine = explore->program->machine;
  if (thread->fiber == NULL)
    thread->fiber = sim_fiber_new(thread_main, thread);
  else
    sim_fiber_restart(thread->fiber);
  if (thread->fiber == NULL)
    g_error("no memory for the stack of a simulated thread");
  thread->state = SIM_THREAD_READY;
  if (thread->block == NULL && machine != NULL)
    thread->block = fm_kernel_cpu(machine->kernel, explore->program->threads[thread->index].cpu);
  thread->registers = (struct fm_port_cpu){.block = thread->block,
                                           .id = explore->program->threads[thread->index].cpu};
}

void sim_run_resume(sim_explore *explore, uint32_t index)
{
  struct sim_explore__thread *thread = &explore->threads[index];
  if (thread->state == SIM_THREAD_FRESH)
    start(explore, thread);
  explore->running = index;
  fm_port_this_cpu = thread->registers;
  sim_trap_set(&thread->trap);
  (void)sim_fiber_resume(thread->fiber);
}

/* Whether the thread has a node of the graph to run, and can. */
static bool can_follow(const sim_explore *explore, uint32_t index)
{
  const struct sim_explore__thread *thread = &explore->threads[index];
  uint32_t done = thread->done;
  if (done >= explore->graph->count[index])
    return false;
  if (thread->state != SIM_THREAD_WAITS)
    return true;
  sim_ref rf = explore->graph->nodes[index][done].rf;
  return explore->threads[sim_ref_thread(rf)].done > sim_ref_index(rf);
}

static bool follow_graph(sim_explore *explore)
{
  bool moved = true;
  while (moved) {
    moved = false;
    for (uint32_t i = 0; i < explore->nr_threads && !explore->stop_run; i++)
      while (!explore->stop_run && can_follow(explore, i)) {
        struct sim_explore__thread *thread = &explore->threads[i];
        if (thread->state == SIM_THREAD_BLOCKED || thread->state == SIM_THREAD_ENDED)
          break;
        moved = true;
        sim_run_resume(explore, i);
      }
  }
  for (uint32_t i = 0; i < explore->nr_threads && !explore->stop_run; i++)
    if (explore->threads[i].done != explore->graph->count[i]) {
      explore->broken = "it does not do the same when it is run again";
      explore->end = SIM_RUN_BROKEN;
      explore->stop_run = true;
    }
  return !explore->stop_run;
}

enum sim_run_end sim_run_outcome(sim_explore *explore)
{
  for (uint32_t i = 0; i < explore->nr_threads; i++)
    if (explore->threads[i].state != SIM_THREAD_ENDED)
      return SIM_RUN_BLOCKED;
  return SIM_RUN_COMPLETE;
}

enum sim_run_end sim_run_graph(sim_explore *explore)
{
  sim_run_reset(explore);
  sim_observer = &explore->observer;
  if (follow_graph(explore)) {
    explore->adding = true;
    for (uint32_t i = 0; i < explore->nr_threads && !explore->stop_run; i++)
      if (explore->threads[i].state <= SIM_THREAD_READY)
        sim_run_resume(explore, i);
  }
  sim_run_leave();
  return explore->stop_run ? explore->end : sim_run_outcome(explore);
}

void sim_run_leave(void)
{
  sim_observer = NULL;
  sim_trap_set(NULL);
}

void sim_run_settle(sim_explore *explore)
{
  const struct sim_graph *graph = explore->graph;
  for (uint32_t i = 0; i < graph->locs; i++) {
    struct sim_loc *loc = &explore->memory.locs[i];
    sim_ref last = graph->heads[i].last;
    if (graph->heads[i].writes != 0 && loc->last != last)
      write_ram(loc->where, loc->size, sim_node_at(graph, last)->written);
  }
}
