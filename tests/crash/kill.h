/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A script whose process is killed at one of its accesses, and what its RAM file must say then.
 *
 *   kill_reference()   runs it to its end, and notes each event and the state after each step
 *   kill_at()          runs it again, and kills it right after one event
 *   kill_verify()      repairs the file, and compares with the states around that event
 *
 * An event is an access of the instrumented build, or a store into the table of handles.  Each
 * of the three runs in a process of its own, as there is one machine in a process.
 *
 * A state has a line for each handle, with frames and what is mapped where, and a sum over the
 * bytes of each frame that handles hold.  What a repaired file says must be the state before
 * the step that was killed, or the one behind it: an operation is done, or never was.
 */
#ifndef TESTS_CRASH_KILL_H
#define TESTS_CRASH_KILL_H

#include <check.h>
#include <fm_config.h>
#include <glib.h>

#include "sim/durable/table.h"
#include "sim/internal.h"
#include "sim/repair/repair.h"
#include "sim/script/interp.h"

struct kill_event {
  uint32_t step;
  uint32_t verb; /* index into `verbs` */
  uint32_t site; /* enum fm_site; FM_SITE_COUNT: a store into the table */
  uint32_t in_threads;
};

struct kill_script {
  char *folder; /* of the files below */
  char *path;
  char *ram;
  GPtrArray *verbs;  /* char *: "drop", ... */
  GArray *events;    /* struct kill_event */
  GPtrArray *states; /* char *: after step i, at index i; 0: before the first */
};

/* Writes the script into a folder of its own, and runs it once. */
struct kill_script *kill_reference(const char *text);
void kill_script_free(struct kill_script *script);

/* Kills it right after this event; fails if it did not come to that. */
void kill_at(const struct kill_script *script, guint event);

/* Repairs the file, kills the repair after so many stores. */
void kill_repair_at(const struct kill_script *script, guint store);

/* Fails with what is wrong. */
void kill_verify(const struct kill_script *script, guint event);

/* ---- choose.c ---- */

/* Sanitizers make each of the three processes of a kill ten times slower. */
#define KILLS(number) ((number) / (FM_UNDER_ASAN || FM_UNDER_TSAN ? 16 : 1))
#define KILL_TIMEOUT  280 /* seconds */

/* Kills a process that does this work with this allocator, so many times. */
void kill_all(const char *allocator, const char *work, guint kills);

/* ---- state.c ---- */

/* What handles hold, in lines sorted by name. */
char *kill_state(sim_machine *machine);

/* Writes a pattern into each frame that a handle holds and that `before` does not name, but for
 * what processes have. */
void kill_fill(sim_machine *machine, const char *before);

/* NULL, or what is wrong: a frame that is held and free, or neither. */
char *kill_find_lost(const sim_machine *machine);

/* NULL, or why `found` is neither of these two states; a frame's bytes must be those of one of
 * the states that have the frame. */
char *kill_differs(const char *found, const char *before, const char *after);

#endif
