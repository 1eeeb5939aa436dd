/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Benchmarks: what one row says, how it is measured, and the suites.
 *
 * Everything here runs on machines of its own, one after the other, so no other machine may
 * exist in the process.  What cannot happen in a benchmark ends the program.
 */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <sim/machine.h>

struct bench_row {
  const char *name; /* lives for ever */
  double min_ns;    /* nanoseconds per operation, best round */
  double median_ns; /* median round */
  double bare_ns;   /* best round of what the operation is compared with */
  double mib;       /* memory of the host, MiB; 0: not measured */
  double count;     /* suite explore: distinct executions; else 0 */
};

/* ---- bench.c ---- */

/* A time on a clock that only goes forward. */
double bench_now_ns(void);

/* The row of a measurement from the times of its rounds, which get sorted. */
struct bench_row bench_row_of(const char *name, double *ns, double *bare_ns, unsigned rounds);

/* A PC with 2 GiB, booted; NULL: the host cannot hold it. */
sim_machine *bench_machine(enum fm_allocator_kind allocator, uint32_t cpus, GError **error);

/* ---- bench-slot.c ---- */

/* Claims a frame as anon and drops it, again and again.  It must be unused, and the
 * allocator "none". */
void bench_claim_drop(struct fm_kernel *kernel, fm_paddr at, unsigned loops);

/* ---- bench-process.c ---- */

/* Adds the rows of suite pt that need a process. */
void bench_process(sim_machine *machine, unsigned rounds, GArray *rows);

/* ---- The suites: new arrays of struct bench_row; NULL: the host cannot hold a machine ---- */

GArray *bench_slot(unsigned rounds, GError **error);
GArray *bench_alloc(unsigned rounds, GError **error);    /* bench-alloc.c */
GArray *bench_pt(unsigned rounds, GError **error);       /* bench-pt.c */
GArray *bench_boot(unsigned rounds, GError **error);     /* bench-boot.c; rounds of a second */
GArray *bench_workload(unsigned rounds, GError **error); /* bench-workload.c */
GArray *bench_explore(unsigned rounds, GError **error);  /* bench-explore.c; rounds of a second */
GArray *bench_contract(unsigned rounds, GError **error); /* bench-contract.c; per step */
/* bench-check.c; per slot.  Also NULL: the RAM file cannot be written. */
GArray *bench_check(unsigned rounds, GError **error);
/* bench-replay.c; also NULL: the trace cannot be written. */
GArray *bench_replay(unsigned rounds, GError **error);

#endif
