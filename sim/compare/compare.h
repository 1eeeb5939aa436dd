/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The same load on different allocators: one row for each allocator and seed.
 *
 * A row comes from two machines, booted one after the other.  The native build is timed; the
 * instrumented one tells who writes which slot (sim/compare/writes.h).  Both must end in the same
 * digest and with the same counts; if not, that is a finding.
 *
 * Score, counts and digest are those behind the last operation: what a workload gives back at its
 * end does not count.  Then every slot is audited.
 *
 * One thread; no other machine may exist.
 */
#ifndef SIM_COMPARE_COMPARE_H
#define SIM_COMPARE_COMPARE_H

#include <signal.h>
#include <sim/machine.h>

#include "sim/workload/workload.h"

struct sim_comparison {
  const struct sim_config *config;          /* its allocator is not looked at */
  const struct sim_workload_spec *workload; /* NULL: a trace */
  const char *trace;                        /* a file that can be read again and again */
  const char *format;                       /* of the trace; NULL: found out */
  const volatile sig_atomic_t *stop;        /* not 0: end early */
  void (*report)(const char *finding, void *data);
  void *data;
};

struct sim_compare_row {
  enum fm_allocator_kind allocator;
  uint64_t seed;
  double score;           /* sim_pieces_score() */
  uint64_t failed;        /* allocations without memory */
  uint64_t steps;         /* operations; of a trace its allocations and frees */
  uint64_t shared_writes; /* writes to slots that another CPU wrote last */
  uint64_t shared_slots;  /* slots that two CPUs wrote */
  double seconds;         /* of the native build; with a trace, reading included */
  uint64_t findings;
  char digest[65];
};

/* Fills *ret; findings were reported and counted.  False and *error: a file cannot be read, a
 * machine cannot boot, parameters that do not fit. */
bool sim_compare_run(const struct sim_comparison *comparison, enum fm_allocator_kind allocator,
                     uint64_t seed, struct sim_compare_row *ret, GError **error);

#endif
