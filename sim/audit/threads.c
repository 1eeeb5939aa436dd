/* SPDX-License-Identifier: MPL-2.0 */
/*
 * All slots, a stretch at a time, by several threads that only read.  What they find is handed
 * on in the order of frames, by the thread that asked.
 *
 * A worker that reaches for what is not there any more (the file was cut short) ends in a trap
 * of its own; the caller ends in the same way when all workers are back.
 *
 * Mutexes and conditions are those of pthread, as the thread sanitizer does not see GLib's.
 */
#include <pthread.h>

#include "sim/audit/audit.h"
#include "sim/internal.h"

#define THREADS_MAX 64u
/* So many stretches may be done before the first of them is handed on. */
#define AHEAD(threads) (4u * (threads))

struct crew {
  struct audit *audit;
  unsigned threads;
  uint64_t stretches;
  pthread_mutex_t mutex; /* guards all below */
  pthread_cond_t changed;
  uint64_t next;   /* stretch to be taken */
  uint64_t handed; /* stretches handed on */
  GArray **done;   /* by stretch modulo AHEAD: its faults, or NULL */
  bool stop;
  struct sim_trap trap; /* if stop: of the worker that failed */
};

static uint64_t stretch_end(const struct audit *audit, uint64_t stretch)
{
  return MIN((stretch + 1) * AUDIT_STRETCH, audit->kernel->nr_frames);
}

static bool take(struct crew *crew, uint64_t *ret)
{
  (void)pthread_mutex_lock(&crew->mutex);
  while (!crew->stop && crew->next < crew->stretches &&
         crew->next >= crew->handed + AHEAD(crew->threads))
    (void)pthread_cond_wait(&crew->changed, &crew->mutex);
  bool taken = !crew->stop && crew->next < crew->stretches;
  if (taken)
    *ret = crew->next++;
  (void)pthread_mutex_unlock(&crew->mutex);
  return taken;
}

static void run_worker(void *data)
{
  struct crew *crew = data;
  uint64_t stretch;
  while (take(crew, &stretch)) {
    GArray *faults = g_array_new(FALSE, FALSE, sizeof(struct sim_audit_fault));
    audit_slots(crew->audit, stretch * AUDIT_STRETCH, stretch_end(crew->audit, stretch), faults);
    (void)pthread_mutex_lock(&crew->mutex);
    crew->done[stretch % AHEAD(crew->threads)] = faults;
    (void)pthread_cond_broadcast(&crew->changed);
    (void)pthread_mutex_unlock(&crew->mutex);
  }
}

static void *worker(void *data)
{
  struct crew *crew = data;
  struct sim_trap trap;
  if (sim_trap_try(run_worker, crew, &trap))
    return NULL;
  (void)pthread_mutex_lock(&crew->mutex);
  crew->stop = true;
  crew->trap.end = trap.end;
  (void)g_strlcpy(crew->trap.text, trap.text, sizeof(crew->trap.text));
  (void)pthread_cond_broadcast(&crew->changed);
  (void)pthread_mutex_unlock(&crew->mutex);
  return NULL;
}

/* The faults of this stretch, once they are there; NULL: they never will be. */
static GArray *await(struct crew *crew, uint64_t stretch)
{
  GArray **slot = &crew->done[stretch % AHEAD(crew->threads)];
  (void)pthread_mutex_lock(&crew->mutex);
  while (!crew->stop && *slot == NULL)
    (void)pthread_cond_wait(&crew->changed, &crew->mutex);
  GArray *faults = *slot;
  *slot = NULL;
  crew->handed = stretch + 1;
  (void)pthread_cond_broadcast(&crew->changed);
  (void)pthread_mutex_unlock(&crew->mutex);
  return faults;
}

/* With fewer threads if the host has no more; false: it has none. */
static bool run_crew(struct crew *crew,
                     void (*each)(const GArray *faults, uint64_t end, void *data), void *data)
{
  pthread_t threads[THREADS_MAX];
  unsigned started = 0;
  while (started < crew->threads && pthread_create(&threads[started], NULL, worker, crew) == 0)
    started++;
  for (uint64_t stretch = 0; started != 0 && stretch < crew->stretches; stretch++) {
    g_autoptr(GArray) faults = await(crew, stretch);
    if (faults == NULL)
      break;
    each(faults, stretch_end(crew->audit, stretch), data);
  }
  for (unsigned i = 0; i < started; i++)
    (void)pthread_join(threads[i], NULL);
  return started != 0;
}

static void run_alone(struct audit *audit, uint64_t stretches,
                      void (*each)(const GArray *faults, uint64_t end, void *data), void *data)
{
  g_autoptr(GArray) faults = g_array_new(FALSE, FALSE, sizeof(struct sim_audit_fault));
  for (uint64_t stretch = 0; stretch < stretches; stretch++) {
    uint64_t end = stretch_end(audit, stretch);
    audit_slots(audit, stretch * AUDIT_STRETCH, end, faults);
    each(faults, end, data);
    g_array_set_size(faults, 0);
  }
}

static unsigned choose_threads(const struct audit *audit, uint64_t stretches)
{
  unsigned threads = audit->options->threads;
  if (audit->options->holders != NULL)
    return 1;
  if (threads == 0)
    threads = g_get_num_processors();
  return (unsigned)MIN(MIN(threads, THREADS_MAX), stretches);
}

void audit_all_slots(struct audit *audit,
                     void (*each)(const GArray *faults, uint64_t end, void *data), void *data)
{
  uint64_t stretches = (audit->kernel->nr_frames + AUDIT_STRETCH - 1) / AUDIT_STRETCH;
  struct crew crew = {.audit = audit, .stretches = stretches};
  crew.threads = choose_threads(audit, stretches);
  if (crew.threads <= 1) {
    run_alone(audit, stretches, each, data);
    return;
  }
  (void)pthread_mutex_init(&crew.mutex, NULL);
  (void)pthread_cond_init(&crew.changed, NULL);
  crew.done = g_new0(GArray *, AHEAD(crew.threads));
  bool run = run_crew(&crew, each, data);
  for (unsigned i = 0; i < AHEAD(crew.threads); i++)
    g_clear_pointer(&crew.done[i], g_array_unref);
  g_free(crew.done);
  (void)pthread_cond_destroy(&crew.changed);
  (void)pthread_mutex_destroy(&crew.mutex);
  if (!run)
    run_alone(audit, stretches, each, data);
  if (crew.stop)
    sim_trap_raise(&crew.trap);
}
