/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Recording a run: what its allocator handed out and took back, as a trace that can be replayed
 * (docs/trace-format.md).
 *
 * An event has the simulated CPU, the number of the frame in this machine, and a logical time:
 * the nth event stands at n microseconds.  A run of frames whose number is no power of two is
 * several events, the larger pieces first; an allocation that failed is one, rounded up.  The
 * boot is left out: frames that it took and the script gives back are frees of frames that
 * nobody was seen to take.
 *
 * A recording is of one machine: what a script does with a second one is not in it.
 */
#ifndef SIM_SCRIPT_RECORD_H
#define SIM_SCRIPT_RECORD_H

#include "sim/script/run.h"

typedef struct sim_record sim_record;

/* Creates or empties the file; `form` as in sim_traceout_open(), whose errors it has. */
sim_record *sim_record_new(const char *path, const char *form, GError **error);

/* For the options of the run; borrowed. */
struct sim_run_watcher *sim_record_watcher(sim_record *record);

/* After the run: writes what is left.  False and *error: something could not be written, now or
 * during the run, which went on without a recording. */
bool sim_record_finish(sim_record *record, GError **error);

/* Events that the form cannot hold. */
uint64_t sim_record_left_out(const sim_record *record);

/* Whether there was another machine, which is not in the recording. */
bool sim_record_is_cut(const sim_record *record);

/* Without sim_record_finish(): the file stays as that of a killed program. */
sim_record *sim_record_free(sim_record *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_record, sim_record_free)

#endif
