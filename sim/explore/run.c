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
  sim_access_observe(&explore->observer);
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
      sim_memory_set(loc->where, loc->size, sim_node_at(graph, last)->written);
  }
}
