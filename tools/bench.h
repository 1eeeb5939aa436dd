/* SPDX-License-Identifier: MPL-2.0 */
/* Benchmarks: what one row says, and the suites. */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <sim/machine.h>

struct bench_row {
  const char *name;
  double min_ns;    /* nanoseconds per operation, best round */
  double median_ns; /* median round */
  double bare_ns;   /* best round of the bare form */
};

#define BENCH_SLOT_ROWS 7

/* Fills the rows; the machine is booted, has allocator "none" and 2 GiB.  Returns how many
 * there are. */
size_t bench_slot(sim_machine *machine, unsigned rounds, struct bench_row *ret);

#endif
