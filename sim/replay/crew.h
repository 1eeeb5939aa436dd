/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The crew of a replay: a host thread for each CPU of the machine; private to sim/replay/.
 *
 * One thread, the dispatcher, reads the trace, knows which of its frames are live, and hands
 * work to the CPUs through queues of a fixed length: take frames for a new place, drop these
 * frames of that place.  A place is what one allocation gets.  The dispatcher names it before it
 * is known where in the machine it is, so nothing that is counted of the trace depends on when
 * the CPUs do their work.
 *
 * A drop waits until its place was taken, perhaps by another CPU.  What it waits for was handed
 * out before it, and each CPU works in the order in which it was handed work, so of all work
 * that is not done the oldest never waits: there is no deadlock.
 *
 * All functions are for the dispatcher.
 */
#ifndef SIM_REPLAY_CREW_H
#define SIM_REPLAY_CREW_H

#include <glib.h>
#include <sim/machine.h>

#include "sim/tracein/tracein.h"

struct crew;

/* Where an event stands, for work that is done for it. */
struct crew_event {
  struct sim_trace_event event;
  uint64_t number; /* from 1 */
};

/* `used`: for each 2 MiB of the machine, its frames that are not free; borrowed, changed by the
 * CPUs.  SIM_ERROR_LIMIT: the host has no room for so many threads. */
struct crew *sim_crew_new(sim_machine *machine, fm_meta_id type, uint16_t *used, GError **error);

/* What is not done yet is left undone. */
struct crew *sim_crew_free(struct crew *crew);

/* Whether each thread has a CPU of the host to itself. */
bool sim_crew_is_pinned(const struct crew *crew);

/* The CPU of the event takes so many frames for a new place; its number. */
uint32_t sim_crew_take(struct crew *crew, const struct crew_event *why, uint32_t frames);

/* The CPU of the event drops `frames` frames of the place from its frame `first` on.  A place is
 * gone when each of its frames was dropped once. */
void sim_crew_drop(struct crew *crew, const struct crew_event *why, uint32_t number, uint32_t first,
                   uint32_t frames);

/* First frame of the trace that the place stands for. */
uint32_t sim_crew_start(const struct crew *crew, uint32_t place);

/* Whether the simulated kernel has ended on one of the CPUs, as far as is known by now.  Then
 * work that is handed out is lost. */
bool sim_crew_is_over(const struct crew *crew);

struct crew_totals {
  uint64_t failed; /* places that got no frames */
  uint64_t held;   /* frames of the machine */
};

/* Waits until all work is done.  Not SIM_END_DONE: the kernel ended, and all threads with it. */
enum sim_end sim_crew_settle(struct crew *crew, struct crew_totals *ret);

/* The event for which that CPU worked on which the kernel ended; once it is settled. */
const struct crew_event *sim_crew_ended_at(const struct crew *crew);

/* First frame of the machine of a place, once all is settled; TABLE_NO_FRAME: it got none. */
uint32_t sim_crew_frame(const struct crew *crew, uint32_t place);

/* Places there is memory for. */
uint32_t sim_crew_places(const struct crew *crew);

#endif
