/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Writing traces, in the order in which events are added.
 *
 *   binary   everything that a replay looks at; each block is on its way to the file when it is
 *            full, so what a killed program leaves is readable up to its last whole block
 *   text     the kernel's form, without what a replay does not look at
 *   llfree   LLFree's pages: allocations and frees only (the rest is counted as left out), frame
 *            numbers below 2^24, times below 2^38 us; the file must be one that can be rewound
 *
 * Errors are SIM_ERROR_INPUT, complete for the user.  One thread at a time uses an object.
 */
#ifndef SIM_TRACEIN_TRACEOUT_H
#define SIM_TRACEIN_TRACEOUT_H

#include "sim/tracein/tracein.h"

typedef struct sim_traceout sim_traceout;

/* Names of the forms, NULL at the end; static. */
const char *const *sim_traceout_formats(void);

/* Creates or empties the file.  SIM_ERROR_USAGE: no such form. */
sim_traceout *sim_traceout_open(const char *path, const char *format, GError **error);

/* Writes the head, once, before the first event.  `cpus`: how many the machine of the trace
 * had; 0: not known. */
bool sim_traceout_begin(sim_traceout *out, uint32_t cpus, GError **error);

/* Both. */
sim_traceout *sim_traceout_new(const char *path, const char *format, uint32_t cpus, GError **error);

bool sim_traceout_add(sim_traceout *out, const struct sim_trace_event *events, size_t count,
                      GError **error);

/* Writes what is left and the end; nothing may be added afterwards. */
bool sim_traceout_finish(sim_traceout *out, GError **error);

/* Events that the form cannot hold. */
uint64_t sim_traceout_left_out(const sim_traceout *out);

/* Without sim_traceout_finish(): the file stays as it is, as that of a killed program. */
sim_traceout *sim_traceout_free(sim_traceout *out);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_traceout, sim_traceout_free)

#endif
