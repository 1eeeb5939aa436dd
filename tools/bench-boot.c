/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Suite boot: how long a boot takes, beside what the host needs for the first touch of as
 * many pages as the boot writes.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"
#include "tools/bench.h"

#define TIB (UINT64_C(1) << 40)
#define GIB (UINT64_C(1) << 30)

struct machine {
  const char *name;
  uint64_t ram;
  enum fm_linear_map linear_map;
  enum fm_metadata_mode metadata;
};

static const struct machine machines[] = {
    {"24 GiB eager", 24 * GIB, FM_LINEAR_4K, FM_METADATA_EAGER},
    {"24 GiB deferred", 24 * GIB, FM_LINEAR_4K, FM_METADATA_DEFERRED},
    {"4 TiB deferred, largest", 4 * TIB, FM_LINEAR_LARGEST, FM_METADATA_DEFERRED},
    {"32 TiB deferred, largest", 32 * TIB, FM_LINEAR_LARGEST, FM_METADATA_DEFERRED},
};

/* Resident memory of this process, shared pages of its files included. */
static double resident_mib(void)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
    return 0;
  const char *second = strchr(text, ' ');
  return second != NULL ? g_ascii_strtod(second, NULL) * (double)sysconf(_SC_PAGESIZE) / 1048576
                        : 0;
}

/* The time of one boot; what it needed goes to *ret_pages (written) and *ret_mib. */
static double time_boot(const struct machine *machine, uint64_t *ret_pages, double *ret_mib,
                        GError **error)
{
  g_autoptr(sim_bootmap) map = sim_bootmap_new_ram(machine->ram);
  struct sim_config config;
  sim_config_init(&config, map);
  config.linear_map = machine->linear_map;
  config.metadata = machine->metadata;

  double before = resident_mib();
  double start = bench_now_ns();
  g_autoptr(sim_machine) booted = sim_machine_new(&config, error);
  if (booted == NULL || !sim_machine_boot(booted, error))
    return 0;
  double ns = bench_now_ns() - start;
  *ret_mib = resident_mib() - before;
  *ret_pages = (uint64_t)(*ret_mib * 1048576 / (double)FM_PAGE_SIZE);
  return ns;
}

/* The host's own time for touching so many pages of a memory file, one by one. */
static double time_touch(uint64_t pages, GError **error)
{
  size_t size = pages * FM_PAGE_SIZE;
  int fd = memfd_create("framesim-bench", MFD_CLOEXEC);
  void *at = fd >= 0 && ftruncate(fd, (off_t)size) == 0
                 ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0)
                 : MAP_FAILED;
  double ns = 0;
  if (at == MAP_FAILED) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT, "the host has no memory for the comparison");
  } else {
    double start = bench_now_ns();
    for (size_t i = 0; i < size; i += FM_PAGE_SIZE)
      *((volatile char *)at + i) = 1;
    ns = bench_now_ns() - start;
    (void)munmap(at, size);
  }
  if (fd >= 0)
    (void)close(fd);
  return ns;
}

/* One round: a boot, and the touching of as many pages. */
static bool measure_once(const struct machine *machine, double *ret_ns, double *ret_bare,
                         double *ret_mib, GError **error)
{
  uint64_t pages = 0;
  *ret_ns = time_boot(machine, &pages, ret_mib, error);
  if (*ret_ns == 0)
    return false;
  *ret_bare = time_touch(MAX(pages, 1), error);
  return *ret_bare != 0;
}

static bool measure(const struct machine *machine, unsigned rounds, GArray *rows, GError **error)
{
  double *ns = g_new0(double, rounds);
  double *bare = g_new0(double, rounds);
  double mib = 0;
  bool good = true;
  for (unsigned i = 0; i < rounds && good; i++)
    good = measure_once(machine, &ns[i], &bare[i], &mib, error);
  if (good) {
    struct bench_row row = bench_row_of(machine->name, ns, bare, rounds);
    row.mib = mib;
    g_array_append_val(rows, row);
  }
  g_free(ns);
  g_free(bare);
  return good;
}

GArray *bench_boot(unsigned rounds, GError **error)
{
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct bench_row));
  for (size_t i = 0; i < G_N_ELEMENTS(machines); i++)
    if (!measure(&machines[i], rounds, rows, error))
      return NULL;
  return g_steal_pointer(&rows);
}
