/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Recorded traces: what a kernel's page allocator handed out and took back, read from a file
 * or a pipe, of any length, in bounded memory.
 *
 *   in = sim_tracein_open("boot.trace.zst", NULL, &error);
 *   while ((count = sim_tracein_next(in, &events, &error)) > 0)
 *     ...
 *   sim_tracein_free(in);
 *
 * The form is found by the first bytes or named; docs/trace-format.md describes the forms, and
 * each of them is one reader (sim/tracein/reader.h).  Any of them may be compressed with zstd.
 *
 * Order: whatever the form, events come by (time in microseconds, CPU, position in the trace).
 * They are sorted in a window of SIM_TRACE_WINDOW events: one that stands farther from its
 * place comes late, as soon as it is read, and is counted.  A recording of our own is in the
 * order in which it was replayed, and comes as it stands.
 *
 * Errors are SIM_ERROR_INPUT with file and place (line and column, or byte), complete for the
 * user.  One thread at a time uses an object.
 */
#ifndef SIM_TRACEIN_TRACEIN_H
#define SIM_TRACEIN_TRACEIN_H

#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define SIM_TRACE_WINDOW    131072u /* events */
#define SIM_TRACE_CPUS_MAX  4096u
#define SIM_TRACE_ORDER_MAX 15u
#define SIM_TRACE_PFN_END   (UINT64_C(1) << 32) /* frames are numbered below */

enum sim_trace_kind {
  SIM_TRACE_ALLOC,
  SIM_TRACE_FREE,
  SIM_TRACE_FREE_BATCHED, /* says again what SIM_TRACE_FREE said */
  SIM_TRACE_FAILED,       /* an allocation that already failed when it was recorded */
  SIM_TRACE_OTHER,        /* an event that is not about this; only time and CPU count */
  SIM_TRACE_KINDS,
};

struct sim_trace_event {
  uint64_t time_us; /* microseconds on the trace's own clock */
  uint32_t pfn;     /* first frame; pfn + 2^order <= 2^32 */
  uint16_t cpu;     /* below SIM_TRACE_CPUS_MAX */
  uint8_t order;    /* 2^order frames, up to SIM_TRACE_ORDER_MAX */
  uint8_t kind;     /* enum sim_trace_kind */
};

struct sim_tracein_info {
  const char *file;   /* "<stdin>" for "-" */
  const char *format; /* name of the reader */
  bool compressed;
  uint32_t cpus;   /* as many as the trace says that its machine had; 0: it does not say */
  uint64_t late;   /* events that stood outside of the window */
  uint64_t lost;   /* events that the recorder says it lost */
  uint64_t cut;    /* bytes at the end that belong to no whole block or page */
  bool unfinished; /* a recording without its end: whoever wrote it was stopped */
};

typedef struct sim_tracein sim_tracein;

/* Names of the forms, NULL at the end; static. */
const char *const *sim_tracein_formats(void);

/* Opens a path ("-": standard input).  `format` NULL: found out.  Reads as much as tells the
 * form and the head.  NULL and *error: unreadable, no such form (SIM_ERROR_USAGE), or a head
 * that is wrong. */
sim_tracein *sim_tracein_open(const char *path, const char *format, GError **error);

/* Reading ends as at the end of the trace once *stop is not 0; borrowed. */
void sim_tracein_set_stop(sim_tracein *in, const volatile sig_atomic_t *stop);

/* A smaller window, for tests; before the first event. */
void sim_tracein_set_window(sim_tracein *in, uint32_t events);

/* The next events, borrowed until the next call.  How many; 0 at the end; -1 and *error at a
 * mistake, after which only sim_tracein_free() may follow. */
gssize sim_tracein_next(sim_tracein *in, const struct sim_trace_event **ret, GError **error);

/* Valid while `in` lives; the counts grow until the end. */
const struct sim_tracein_info *sim_tracein_info(const sim_tracein *in);

sim_tracein *sim_tracein_free(sim_tracein *in);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_tracein, sim_tracein_free)

#endif
