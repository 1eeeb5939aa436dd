/* SPDX-License-Identifier: MPL-2.0 */
/* What the writers of traces share; private to sim/tracein/. */
#ifndef SIM_TRACEIN_WRITER_H
#define SIM_TRACEIN_WRITER_H

#include <stddef.h>

#include "sim/tracein/traceout.h"

struct sim_traceout_writer {
  const char *name;
  size_t state_size; /* bytes, zeroed before `begin` */
  bool (*begin)(void *state, sim_traceout *out, GError **error);
  bool (*add)(void *state, sim_traceout *out, const struct sim_trace_event *event, GError **error);
  bool (*finish)(void *state, sim_traceout *out, GError **error);
  void (*end)(void *state); /* NULL: nothing to free */
};

extern const struct sim_traceout_writer sim_traceout_binary;
extern const struct sim_traceout_writer sim_traceout_llfree;
extern const struct sim_traceout_writer sim_traceout_text;

/* ---- traceout.c ---- */

struct sim_traceout {
  char *path;
  int fd;
  uint32_t cpus;
  uint64_t left_out;
  const struct sim_traceout_writer *writer;
  void *state;
};

/* Writes all of it at the file's place, or at this byte. */
bool sim_traceout_write(sim_traceout *out, const void *bytes, size_t size, GError **error);
bool sim_traceout_write_at(sim_traceout *out, uint64_t offset, const void *bytes, size_t size,
                           GError **error);

#endif
