/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The scheduler: runs logical CPUs as fibers, one at a time, and stops them right after a
 * named access of the instrumented build.
 *
 * It decides nothing by itself: the caller says which thread goes on and until when.  The
 * same calls give the same execution, always.  Single-threaded; a scheduler belongs to
 * the thread that made it, and only one runs at a time.
 */
#ifndef SIM_SCHED_H
#define SIM_SCHED_H

#include <fm/site.h>
#include <glib.h>
#include <sim/machine.h>

G_BEGIN_DECLS

typedef struct sim_sched sim_sched;

enum sim_sched_stop {
  SIM_SCHED_REACHED, /* the point was reached, or the number of points was done */
  SIM_SCHED_ENDED,   /* the thread's body returned first */
  SIM_SCHED_STUCK,   /* it spins on something that only another thread can change */
};

/* Called after every access of every thread, before anything else happens. */
typedef void (*sim_sched_watch)(const struct fm_access *access, guint thread, void *data);

/* The machine must use the instrumented operations. */
sim_sched *sim_sched_new(sim_machine *machine, sim_sched_watch watch, void *data);

/* Threads that have not ended are abandoned: what they were doing stops where it is, and
 * their bodies return early (sim_guard_run() answers SIM_END_ABANDONED). */
sim_sched *sim_sched_free(sim_sched *sched);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_sched, sim_sched_free)

/* Adds a thread on CPU `cpu`; its index is the number of threads before it.  All threads
 * are added before the first one runs. */
void sim_sched_add(sim_sched *sched, guint cpu, void (*body)(void *data), void *data);

/* Lets a thread run until it has done an access at `site`.  `site` FM_SITE_COUNT: to its
 * end.  Not for a thread that has ended. */
enum sim_sched_stop sim_sched_run_to(sim_sched *sched, guint thread, enum fm_site site);

/* Lets a thread do `points` more accesses (quiet sites do not count). */
enum sim_sched_stop sim_sched_run_points(sim_sched *sched, guint thread, uint64_t points);

bool sim_sched_has_ended(const sim_sched *sched, guint thread);

/* The site of the thread's last access; FM_SITE_COUNT: it had none yet. */
enum fm_site sim_sched_last_site(const sim_sched *sched, guint thread);

/* From within a thread: stops the whole group here; the thread that runs does not come
 * back from its present operation. */
void sim_sched_request_stop(sim_sched *sched);
bool sim_sched_stop_requested(const sim_sched *sched);

/* From within a thread: the group rests while `body(data)` runs on the stack of whoever let the
 * thread go on; then the thread goes on as if nothing had been. */
void sim_sched_call_outside(sim_sched *sched, void (*body)(void *data), void *data);

G_END_DECLS

#endif
