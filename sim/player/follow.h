/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fills the document of a player while a script runs.
 *
 *   new -> (watcher and text while the run goes) -> end -> free
 *
 * A moment is the end of a step, and within a group of threads each point too, because there
 * another thread may come in between.  Findings between two steps, and the end of the run, are
 * moments of their own.
 *
 * Only what changes is looked at: slots that an access has written or that the command has
 * touched, not all of them.  What a slot was before anybody touched it is known from one look
 * over all slots after each boot, which is kept as runs of equal slots.  The strip has the
 * frames that the run touched, with their neighbours: at most SIM_PLAYER_STRIPS groups of 16;
 * frames beyond are counted and not shown.
 *
 * The watcher needs the instrumented build.  Belongs to the thread that runs the script.
 */
#ifndef SIM_PLAYER_FOLLOW_H
#define SIM_PLAYER_FOLLOW_H

#include "sim/player/document.h"
#include "sim/script/run.h"

#define SIM_PLAYER_STRIPS       128u
#define SIM_PLAYER_STRIP_FRAMES 16u

typedef struct sim_follow sim_follow;

/* `player` is borrowed. */
sim_follow *sim_follow_new(sim_player *player);
sim_follow *sim_follow_free(sim_follow *follow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_follow, sim_follow_free)

/* For sim_run_options: borrowed; `next` may be set. */
struct sim_run_watcher *sim_follow_watcher(sim_follow *follow);

/* What the run says: to be called by the sink, so that the moments have it too. */
void sim_follow_text(sim_follow *follow, enum sim_text_kind kind, const char *text);

/* After the run. */
void sim_follow_end(sim_follow *follow, sim_run *run, enum sim_verdict verdict);

#endif
