/* SPDX-License-Identifier: MPL-2.0 */
#include <sim/sched.h>
#include <string.h>

#include "sim/fiber.h"
#include "sim/hook.h"
#include "sim/internal.h"

/* More turns than any loop of ours takes when nobody else interferes. */
#define SPIN_LIMIT 1000u

struct thread {
  sim_fiber *fiber;
  uint32_t cpu;
  struct fm_port_cpu registers;
  struct sim_trap *trap; /* of the operation in which it rests; NULL: between two */
  enum fm_site last;
  void (*body)(void *data);
  void *data;
};

struct sim_sched {
  struct sim_observer observer; /* first: the hooks hand it back */
  sim_machine *machine;
  sim_sched_watch watch;
  void *watch_data;
  GArray *threads; /* struct thread */
  guint running;
  enum fm_site target;  /* FM_SITE_COUNT: none */
  uint64_t points_left; /* UINT64_MAX: no limit */
  uint64_t spins;
  bool stuck;
  bool abandon;
  bool stop_requested;
  void (*outside)(void *data); /* to be called while the thread that runs waits; or NULL */
  void *outside_data;
};

static struct thread *thread_at(const sim_sched *sched, guint index)
{
  return &g_array_index(sched->threads, struct thread, index);
}

/* ---- Inside a thread ---- */

/* Back to whoever resumed the thread; returns when it is resumed again. */
static void yield(sim_sched *sched)
{
  struct thread *self = thread_at(sched, sched->running);
  self->trap = sim_trap_get();
  self->registers = fm_port_this_cpu;
  sim_fiber_yield();
}

/* Rests here until somebody lets the thread go on, or gives it up. */
static void rest(sim_sched *sched)
{
  yield(sched);
  /* A kernel that has ended does not go on on another CPU. */
  if (sched->abandon || sim_machine_panic(sched->machine) != NULL)
    sim_trap_abandon();
}

static void after_access(struct sim_observer *observer, const struct fm_access *access)
{
  sim_sched *sched = (sim_sched *)observer;
  struct thread *self = thread_at(sched, sched->running);

  if (sched->watch != NULL)
    sched->watch(access, sched->running, sched->watch_data);
  if (fm_site_info(access->site)->quiet)
    return;
  self->last = access->site;
  if (sched->points_left != UINT64_MAX)
    sched->points_left--;
  if (sched->stop_requested || access->site == sched->target || sched->points_left == 0)
    rest(sched);
}

static void spin(struct sim_observer *observer, enum fm_site site)
{
  sim_sched *sched = (sim_sched *)observer;
  (void)site;
  if (++sched->spins < SPIN_LIMIT)
    return;
  sched->stuck = true;
  rest(sched);
}

void sim_sched_call_outside(sim_sched *sched, void (*body)(void *data), void *data)
{
  sched->outside = body;
  sched->outside_data = data;
  yield(sched);
}

static void run_body(void *data)
{
  const struct thread *self = data;
  self->body(self->data);
}

/* ---- From outside ---- */

sim_sched *sim_sched_new(sim_machine *machine, sim_sched_watch watch, void *data)
{
  sim_sched *sched = g_new0(sim_sched, 1);
  sched->observer = (struct sim_observer){.after = after_access, .spin = spin};
  sched->machine = machine;
  sched->watch = watch;
  sched->watch_data = data;
  sched->threads = g_array_new(FALSE, TRUE, sizeof(struct thread));
  return sched;
}

void sim_sched_add(sim_sched *sched, guint cpu, void (*body)(void *data), void *data)
{
  struct thread thread = {.cpu = cpu, .last = FM_SITE_COUNT, .body = body, .data = data};
  g_array_append_val(sched->threads, thread);
}

/* The fiber is made when the thread first runs: then the array does not move any more. */
static bool ensure_fiber(struct thread *thread)
{
  if (thread->fiber == NULL)
    thread->fiber = sim_fiber_new(run_body, thread);
  return thread->fiber != NULL;
}

/* Hands this host thread's CPU over to a simulated thread and back. */
static void switch_to(sim_sched *sched, guint index)
{
  struct thread *thread = thread_at(sched, index);
  struct fm_port_cpu registers = fm_port_this_cpu;
  struct sim_observer *observer = sim_observer;

  if (!ensure_fiber(thread))
    g_error("no memory for the stack of a simulated thread");
  if (thread->registers.block == NULL)
    sim_cpu_enter(sched->machine, thread->cpu);
  else
    fm_port_this_cpu = thread->registers;
  sim_trap_set(thread->trap);
  sim_observer = &sched->observer;
  sched->running = index;
  (void)sim_fiber_resume(thread->fiber);

  sim_observer = observer;
  sim_trap_set(NULL);
  fm_port_this_cpu = registers;
}

static void resume(sim_sched *sched, guint index)
{
  sched->spins = 0;
  sched->stuck = false;
  switch_to(sched, index);
  while (sched->outside != NULL) {
    void (*body)(void *data) = sched->outside;
    sched->outside = NULL;
    body(sched->outside_data);
    switch_to(sched, index);
  }
}

static enum sim_sched_stop run(sim_sched *sched, guint thread)
{
  resume(sched, thread);
  if (sim_sched_has_ended(sched, thread))
    return SIM_SCHED_ENDED;
  return sched->stuck ? SIM_SCHED_STUCK : SIM_SCHED_REACHED;
}

enum sim_sched_stop sim_sched_run_to(sim_sched *sched, guint thread, enum fm_site site)
{
  sched->target = site;
  sched->points_left = UINT64_MAX;
  return run(sched, thread);
}

enum sim_sched_stop sim_sched_run_points(sim_sched *sched, guint thread, uint64_t points)
{
  if (points == 0)
    return SIM_SCHED_REACHED;
  sched->target = FM_SITE_COUNT;
  sched->points_left = points;
  return run(sched, thread);
}

bool sim_sched_has_ended(const sim_sched *sched, guint thread)
{
  const struct thread *self = thread_at(sched, thread);
  return self->fiber != NULL && sim_fiber_is_done(self->fiber);
}

enum fm_site sim_sched_last_site(const sim_sched *sched, guint thread)
{
  return thread_at(sched, thread)->last;
}

void sim_sched_request_stop(sim_sched *sched)
{
  sched->stop_requested = true;
}

bool sim_sched_stop_requested(const sim_sched *sched)
{
  return sched->stop_requested;
}

/* A resting thread is inside an operation; it is sent back to the operation's guard, and
 * its body sees that and returns. */
static void abandon_all(sim_sched *sched)
{
  sched->abandon = true;
  for (guint i = 0; i < sched->threads->len; i++)
    while (thread_at(sched, i)->fiber != NULL && !sim_sched_has_ended(sched, i))
      resume(sched, i);
}

sim_sched *sim_sched_free(sim_sched *sched)
{
  if (sched == NULL)
    return NULL;
  abandon_all(sched);
  for (guint i = 0; i < sched->threads->len; i++)
    sim_fiber_free(thread_at(sched, i)->fiber);
  g_array_unref(sched->threads);
  g_free(sched);
  return NULL;
}
