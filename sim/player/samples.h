/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fills the document of a player from a replay: a moment after each event, or, when there are
 * too many, after each so many; the document is thinned (document.h) as the replay goes on.
 *
 * A moment has one digit for each piece of 2 MiB, free lists, and counts.  Belongs to the thread
 * that replays; with threads the replay has to be settled before each moment.
 */
#ifndef SIM_PLAYER_SAMPLES_H
#define SIM_PLAYER_SAMPLES_H

#include "sim/player/document.h"
#include "sim/replay/replay.h"

typedef struct sim_samples sim_samples;

/* All are borrowed. */
sim_samples *sim_samples_new(sim_player *player, const sim_replay *replay,
                             const sim_machine *machine);
sim_samples *sim_samples_free(sim_samples *samples);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_samples, sim_samples_free)

/* How many events until the next moment is due; at least 1. */
uint64_t sim_samples_due(const sim_samples *samples);

/* Whether one is due now. */
bool sim_samples_is_due(const sim_samples *samples);

/* A moment; `event` is the last one that was replayed, or NULL: none was. */
void sim_samples_add(sim_samples *samples, const struct sim_trace_event *event);

/* The last moment, after the replay. */
void sim_samples_end(sim_samples *samples);

#endif
