/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A run as a timeline, in the JSON form that ui.perfetto.dev and chrome://tracing read.
 *
 *   one thread (tid) for each CPU, named by metadata events
 *   B and E    a step; args: step, place, text, thread; at its end result and changes
 *   X          a point within it; args: order, seen, written, frame, what
 *   s and f    an arrow from a write to the first read on each other CPU that saw its value
 *   C          free frames, when their number changes
 *
 * Time is logical: the nth event stands at 100 n microseconds, a point lasts 90, and the
 * ends of arrows stand within their points.  No two events share a time.  The same run gives
 * the same bytes.
 *
 * The text is handed out piece by piece.  What is kept is one record for each location that
 * was written last by a release store or by a read-modify-write, and nothing on a machine of
 * one CPU.  Belongs to the thread that runs the script.
 */
#ifndef SIM_SCRIPT_TIMELINE_H
#define SIM_SCRIPT_TIMELINE_H

#include "sim/script/run.h"

typedef struct sim_timeline sim_timeline;

/* `write` gets the pieces in their order; after its first false it is not called again. */
sim_timeline *sim_timeline_new(const char *script,
                               bool (*write)(const char *text, gsize size, void *data), void *data);
sim_timeline *sim_timeline_free(sim_timeline *timeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_timeline, sim_timeline_free)

/* For sim_run_options: borrowed; `next` may be set. */
struct sim_run_watcher *sim_timeline_watcher(sim_timeline *timeline);

/* After the run: the end of the text.  False: not all of it could be written. */
bool sim_timeline_end(sim_timeline *timeline, const sim_run *run);

#endif
