/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/replay/crew.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "sim/error.h"
#include "sim/internal.h"
#include "sim/replay/internal.h"

#define QUEUE        1024u /* work that waits for one CPU */
#define AT_ONCE      64u   /* of it that the CPU takes out together */
#define PLACES       4096u /* that are made together */
#define RETIRED      65536u
#define FRAME_WANTED (TABLE_NO_FRAME - 1) /* no machine has it: see sim_replay_new() */

/* What one allocation of the trace got. */
struct place {
  uint32_t start; /* first frame of the trace; of a place that is not used, the next such one */
  uint32_t owed;  /* frames whose drop was not handed out yet: the dispatcher's */
  uint32_t first; /* atomic: frame of the machine, FRAME_WANTED, or TABLE_NO_FRAME */
  uint32_t left;  /* atomic: frames that are not dropped yet */
};

struct work {
  struct crew_event why;
  struct place *place;
  uint32_t first; /* of a drop: frame within the place */
  uint32_t frames;
  bool take;
};

struct crew_cpu {
  struct crew *crew;
  uint32_t id;
  pthread_t thread;
  pthread_mutex_t lock; /* of the queue, and of who waits for what */
  pthread_cond_t more;  /* the CPU waits */
  pthread_cond_t room;  /* the dispatcher waits */
  pthread_cond_t idle;  /* the dispatcher waits */
  struct work queue[QUEUE];
  uint32_t head;
  uint32_t count;
  bool busy; /* with work that is not in the queue any more */
  /* The CPU's own; the dispatcher looks when it is idle. */
  struct work now[AT_ONCE];
  struct crew_event at; /* of the work under way */
  uint64_t failed;
  uint64_t held;
  struct fm_port_cpu *registers; /* under crew->lock; NULL: the thread has ended */
};

struct crew {
  sim_machine *machine;
  const struct fm_ops *ops;
  struct fm_kernel *kernel;
  fm_meta_id type;
  uint16_t *used;
  struct crew_cpu *cpus;
  uint32_t nr_cpus;
  uint32_t nr_threads; /* that were started and not joined */
  bool pinned;
  bool over; /* atomic: all threads are to end */
  pthread_mutex_t lock;
  enum sim_end end; /* under the lock: how the kernel ended */
  struct crew_event ended_at;
  /* Places: the dispatcher's. */
  GPtrArray *chunks;  /* of PLACES places */
  uint32_t nr_places; /* that were ever used */
  uint32_t unused;    /* first that is not used, or UINT32_MAX */
  uint32_t *retired;  /* RETIRED: numbers of places that are still to be dropped, a ring */
  uint32_t retired_head;
  uint32_t nr_retired;
};

/* ---- The end ---- */

bool sim_crew_is_over(const struct crew *crew)
{
  return __atomic_load_n(&crew->over, __ATOMIC_ACQUIRE);
}

/* Whoever waits under a lock has looked at `over` under it, so nobody sleeps through this. */
static void end_all(struct crew *crew)
{
  __atomic_store_n(&crew->over, true, __ATOMIC_RELEASE);
  for (uint32_t i = 0; i < crew->nr_cpus; i++) {
    struct crew_cpu *cpu = &crew->cpus[i];
    (void)pthread_mutex_lock(&cpu->lock);
    (void)pthread_cond_broadcast(&cpu->more);
    (void)pthread_cond_broadcast(&cpu->room);
    (void)pthread_cond_broadcast(&cpu->idle);
    (void)pthread_mutex_unlock(&cpu->lock);
  }
}

/* The kernel ended on one CPU: what it had locked it will not give back, so who spins for it is to
 * end, too. */
static void end_waits(struct crew *crew)
{
  (void)pthread_mutex_lock(&crew->lock);
  for (uint32_t i = 0; i < crew->nr_cpus; i++)
    if (crew->cpus[i].registers != NULL)
      __atomic_store_n(&crew->cpus[i].registers->alone, true, __ATOMIC_RELAXED);
  (void)pthread_mutex_unlock(&crew->lock);
}

/* ---- On a CPU ---- */

static void count_frames(struct crew_cpu *cpu, uint32_t first, uint32_t frames, bool taken)
{
  cpu->held += taken ? frames : UINT64_C(0) - frames;
  while (frames > 0) {
    uint32_t here = MIN(frames, HUGE_FRAMES - first % HUGE_FRAMES);
    uint16_t change = (uint16_t)(taken ? here : 0 - here);
    (void)__atomic_fetch_add(&cpu->crew->used[first / HUGE_FRAMES], change, __ATOMIC_RELAXED);
    first += here;
    frames -= here;
  }
}

static void take(struct crew_cpu *cpu, const struct work *work)
{
  uint32_t first = TABLE_NO_FRAME;

  if (sim_replay_take_frames(cpu->crew->ops, cpu->crew->kernel, cpu->crew->type, work->frames,
                             &first))
    count_frames(cpu, first, work->frames, true);
  else
    cpu->failed++;
  __atomic_store_n(&work->place->first, first, __ATOMIC_RELEASE);
}

static void drop(struct crew_cpu *cpu, const struct work *work)
{
  uint32_t first;

  while ((first = __atomic_load_n(&work->place->first, __ATOMIC_ACQUIRE)) == FRAME_WANTED) {
    if (sim_crew_is_over(cpu->crew))
      sim_trap_abandon();
    (void)sched_yield();
  }
  if (first != TABLE_NO_FRAME) {
    count_frames(cpu, first + work->first, work->frames, false);
    sim_replay_drop_frames(cpu->crew->ops, cpu->crew->kernel, first + work->first, work->frames);
  }
  (void)__atomic_fetch_sub(&work->place->left, work->frames, __ATOMIC_RELEASE);
}

/* Takes work out of the queue, waiting for some; how much.  0: all is over. */
static uint32_t next_work(struct crew_cpu *cpu)
{
  uint32_t count = 0;

  (void)pthread_mutex_lock(&cpu->lock);
  cpu->busy = false;
  if (cpu->count == 0)
    (void)pthread_cond_signal(&cpu->idle);
  while (cpu->count == 0 && !sim_crew_is_over(cpu->crew))
    (void)pthread_cond_wait(&cpu->more, &cpu->lock);
  if (!sim_crew_is_over(cpu->crew)) {
    count = MIN(cpu->count, AT_ONCE);
    for (uint32_t i = 0; i < count; i++)
      cpu->now[i] = cpu->queue[(cpu->head + i) % QUEUE];
    cpu->head = (cpu->head + count) % QUEUE;
    cpu->count -= count;
    cpu->busy = true;
    (void)pthread_cond_signal(&cpu->room);
  }
  (void)pthread_mutex_unlock(&cpu->lock);
  return count;
}

static void run_cpu(void *data)
{
  struct crew_cpu *cpu = data;
  uint32_t count;

  while ((count = next_work(cpu)) > 0) {
    for (uint32_t i = 0; i < count && !sim_crew_is_over(cpu->crew); i++) {
      const struct work *work = &cpu->now[i];
      cpu->at = work->why;
      if (work->take)
        take(cpu, work);
      else
        drop(cpu, work);
    }
  }
}

static void *thread_main(void *data)
{
  struct crew_cpu *cpu = data;
  struct crew *crew = cpu->crew;

  sim_cpu_enter(crew->machine, cpu->id);
  (void)pthread_mutex_lock(&crew->lock);
  cpu->registers = &fm_port_this_cpu;
  (void)pthread_mutex_unlock(&crew->lock);
  enum sim_end end = sim_guard_run(crew->machine, run_cpu, cpu);

  (void)pthread_mutex_lock(&crew->lock);
  cpu->registers = NULL;
  bool first = crew->end == SIM_END_DONE && (end == SIM_END_PANIC || end == SIM_END_HOST);
  if (first) {
    crew->end = end;
    crew->ended_at = cpu->at;
  }
  (void)pthread_mutex_unlock(&crew->lock);
  if (first) {
    end_all(crew);
    end_waits(crew);
  }
  return NULL;
}

/* ---- Handing out work ---- */

static void hand_out(struct crew *crew, const struct work *work)
{
  struct crew_cpu *cpu = &crew->cpus[work->why.event.cpu % crew->nr_cpus];

  (void)pthread_mutex_lock(&cpu->lock);
  while (cpu->count == QUEUE && !sim_crew_is_over(crew))
    (void)pthread_cond_wait(&cpu->room, &cpu->lock);
  if (cpu->count < QUEUE) {
    cpu->queue[(cpu->head + cpu->count) % QUEUE] = *work;
    if (cpu->count++ == 0)
      (void)pthread_cond_signal(&cpu->more);
  }
  (void)pthread_mutex_unlock(&cpu->lock);
}

static struct place *place_at(const struct crew *crew, uint32_t number)
{
  struct place *chunk = crew->chunks->pdata[number / PLACES];
  return &chunk[number % PLACES];
}

/* Takes back places that nobody works on any more, from the one that retired first on. */
static void reap(struct crew *crew)
{
  while (crew->nr_retired > 0) {
    uint32_t number = crew->retired[crew->retired_head];
    struct place *place = place_at(crew, number);
    if (__atomic_load_n(&place->left, __ATOMIC_ACQUIRE) != 0)
      return;
    place->start = crew->unused;
    crew->unused = number;
    crew->retired_head = (crew->retired_head + 1) % RETIRED;
    crew->nr_retired--;
  }
}

/* All of it will be dropped.  Waits if too many wait for that, so that they stay bounded. */
static void retire(struct crew *crew, uint32_t number)
{
  reap(crew);
  while (crew->nr_retired == RETIRED && !sim_crew_is_over(crew)) {
    (void)sched_yield();
    reap(crew);
  }
  if (crew->nr_retired == RETIRED) /* over: it does not matter any more */
    return;
  crew->retired[(crew->retired_head + crew->nr_retired++) % RETIRED] = number;
}

static uint32_t new_place(struct crew *crew)
{
  reap(crew);
  uint32_t number = crew->unused;
  if (number != UINT32_MAX) {
    crew->unused = place_at(crew, number)->start;
    return number;
  }
  if (crew->nr_places % PLACES == 0)
    g_ptr_array_add(crew->chunks, g_new0(struct place, PLACES));
  return crew->nr_places++;
}

uint32_t sim_crew_take(struct crew *crew, const struct crew_event *why, uint32_t frames)
{
  uint32_t number = new_place(crew);
  struct place *place = place_at(crew, number);

  *place = (struct place){
      .start = why->event.pfn, .owed = frames, .first = FRAME_WANTED, .left = frames};
  const struct work work = {.why = *why, .place = place, .frames = frames, .take = true};
  hand_out(crew, &work);
  return number;
}

void sim_crew_drop(struct crew *crew, const struct crew_event *why, uint32_t number, uint32_t first,
                   uint32_t frames)
{
  struct place *place = place_at(crew, number);
  const struct work work = {.why = *why, .place = place, .first = first, .frames = frames};

  hand_out(crew, &work);
  place->owed -= frames;
  if (place->owed == 0)
    retire(crew, number);
}

/* ---- Looking ---- */

uint32_t sim_crew_start(const struct crew *crew, uint32_t place)
{
  return place_at(crew, place)->start;
}

uint32_t sim_crew_frame(const struct crew *crew, uint32_t place)
{
  return __atomic_load_n(&place_at(crew, place)->first, __ATOMIC_ACQUIRE);
}

uint32_t sim_crew_places(const struct crew *crew)
{
  return crew->nr_places;
}

bool sim_crew_is_pinned(const struct crew *crew)
{
  return crew->pinned;
}

const struct crew_event *sim_crew_ended_at(const struct crew *crew)
{
  return &crew->ended_at;
}

static void join_all(struct crew *crew)
{
  for (uint32_t i = 0; i < crew->nr_threads; i++)
    (void)pthread_join(crew->cpus[i].thread, NULL);
  crew->nr_threads = 0;
}

enum sim_end sim_crew_settle(struct crew *crew, struct crew_totals *ret)
{
  *ret = (struct crew_totals){0, 0};
  for (uint32_t i = 0; i < crew->nr_cpus; i++) {
    struct crew_cpu *cpu = &crew->cpus[i];
    (void)pthread_mutex_lock(&cpu->lock);
    while ((cpu->count != 0 || cpu->busy) && !sim_crew_is_over(crew))
      (void)pthread_cond_wait(&cpu->idle, &cpu->lock);
    (void)pthread_mutex_unlock(&cpu->lock);
  }
  if (sim_crew_is_over(crew))
    join_all(crew);
  for (uint32_t i = 0; i < crew->nr_cpus; i++) {
    ret->failed += crew->cpus[i].failed;
    ret->held += crew->cpus[i].held;
  }
  return crew->end;
}

/* ---- Life ---- */

/* Gives each thread a CPU of the host, if there are enough that this process may use. */
static bool pin_all(struct crew *crew)
{
  cpu_set_t allowed;
  int host = 0;

  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 ||
      (uint32_t)CPU_COUNT(&allowed) < crew->nr_cpus)
    return false;
  for (uint32_t i = 0; i < crew->nr_cpus; i++, host++) {
    cpu_set_t one;
    while (!CPU_ISSET(host, &allowed))
      host++;
    CPU_ZERO(&one);
    CPU_SET(host, &one);
    if (pthread_setaffinity_np(crew->cpus[i].thread, sizeof(one), &one) != 0)
      return false;
  }
  return true;
}

/* Signals from outside are the dispatcher's, so that its waiting for the trace ends. */
static bool start_all(struct crew *crew, GError **error)
{
  sigset_t outside, before;
  int failed = 0;

  (void)sigfillset(&outside);
  (void)sigdelset(&outside, SIGSEGV);
  (void)sigdelset(&outside, SIGBUS);
  (void)pthread_sigmask(SIG_BLOCK, &outside, &before);
  while (crew->nr_threads < crew->nr_cpus && failed == 0) {
    struct crew_cpu *cpu = &crew->cpus[crew->nr_threads];
    failed = pthread_create(&cpu->thread, NULL, thread_main, cpu);
    crew->nr_threads += failed == 0 ? 1 : 0;
  }
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed != 0)
    g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT, "cannot start a thread for each of %u CPUs: %s",
                crew->nr_cpus, g_strerror(failed));
  return failed == 0;
}

struct crew *sim_crew_new(sim_machine *machine, fm_meta_id type, uint16_t *used, GError **error)
{
  struct crew *crew = g_new0(struct crew, 1);

  crew->machine = machine;
  crew->ops = sim_machine_ops(machine);
  crew->kernel = sim_machine_kernel(machine);
  crew->type = type;
  crew->used = used;
  crew->end = SIM_END_DONE;
  crew->unused = UINT32_MAX;
  crew->chunks = g_ptr_array_new_with_free_func(g_free);
  crew->retired = g_new(uint32_t, RETIRED);
  crew->nr_cpus = crew->kernel->cpus;
  crew->cpus = g_new0(struct crew_cpu, crew->nr_cpus);
  (void)pthread_mutex_init(&crew->lock, NULL);
  for (uint32_t i = 0; i < crew->nr_cpus; i++) {
    struct crew_cpu *cpu = &crew->cpus[i];
    cpu->crew = crew;
    cpu->id = i;
    (void)pthread_mutex_init(&cpu->lock, NULL);
    (void)pthread_cond_init(&cpu->more, NULL);
    (void)pthread_cond_init(&cpu->room, NULL);
    (void)pthread_cond_init(&cpu->idle, NULL);
  }
  if (!start_all(crew, error))
    return sim_crew_free(crew);
  crew->pinned = pin_all(crew);
  return crew;
}

struct crew *sim_crew_free(struct crew *crew)
{
  if (crew == NULL)
    return NULL;
  end_all(crew);
  join_all(crew);
  for (uint32_t i = 0; i < crew->nr_cpus; i++) {
    struct crew_cpu *cpu = &crew->cpus[i];
    (void)pthread_cond_destroy(&cpu->more);
    (void)pthread_cond_destroy(&cpu->room);
    (void)pthread_cond_destroy(&cpu->idle);
    (void)pthread_mutex_destroy(&cpu->lock);
  }
  (void)pthread_mutex_destroy(&crew->lock);
  g_ptr_array_unref(crew->chunks);
  g_free(crew->retired);
  g_free(crew->cpus);
  g_free(crew);
  return NULL;
}
