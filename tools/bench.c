/* SPDX-License-Identifier: MPL-2.0 */
/* What the suites share: the clock, the statistics, the machine. */
#include "tools/bench.h"

#include <stdlib.h>
#include <time.h>

#include "sim/bootmap/bootmap.h"

double bench_now_ns(void)
{
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

struct bench_row bench_row_of(const char *name, double *ns, double *bare_ns, unsigned rounds)
{
  qsort(ns, rounds, sizeof(double), compare_doubles);
  qsort(bare_ns, rounds, sizeof(double), compare_doubles);
  return (struct bench_row){name, ns[0], ns[rounds / 2], bare_ns[0], 0, 0};
}

sim_machine *bench_machine(enum fm_allocator_kind allocator, uint32_t cpus, GError **error)
{
  g_autoptr(sim_bootmap) map = sim_bootmap_new_ram(UINT64_C(2) << 30);
  struct sim_config config;
  sim_config_init(&config, map);
  config.allocator = allocator;
  config.cpus = cpus;

  g_autoptr(sim_machine) machine = sim_machine_new(&config, error);
  if (machine == NULL || !sim_machine_boot(machine, error))
    return NULL;
  return g_steal_pointer(&machine);
}
