/* SPDX-License-Identifier: MPL-2.0 */
/* Mapping of the RAM file at the fixed addresses of the windows. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/error.h"
#include "sim/internal.h"
#include "sim/size.h"

/* The first mapping of this process that overlaps [start, end), as the kernel shows it. */
static char *find_occupant(uint64_t start, uint64_t end)
{
  g_autofree char *maps = NULL;
  if (!g_file_get_contents("/proc/self/maps", &maps, NULL, NULL))
    return NULL;
  g_auto(GStrv) lines = g_strsplit(maps, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    uint64_t from;
    uint64_t to;
    if (sscanf(*line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2 && from < end && to > start)
      return g_strdup(*line);
  }
  return NULL;
}

static void explain_taken(uint64_t address, uint64_t size, const char *what, GError **error)
{
  g_autofree char *occupant = find_occupant(address, address + size);
  g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT,
              "the %s cannot be mapped at 0x%" PRIx64 "-0x%" PRIx64 ": that address is taken%s%s\n"
              "hint: build with other windows (meson configure -Dlinear_window=0x... "
              "-Dmeta_window=0x...)",
              what, address, address + size, occupant != NULL ? " by\n  " : "",
              occupant != NULL ? occupant : "");
}

bool sim_window_map(const struct sim_ram *ram, uint64_t address, uint64_t size, uint64_t offset,
                    const char *what, GError **error)
{
  int prot = ram->readonly && !ram->copied ? PROT_READ : PROT_READ | PROT_WRITE;
  int sharing = ram->copied ? MAP_PRIVATE : MAP_SHARED;
  void *at = mmap((void *)(uintptr_t)address, size, prot,
                  sharing | MAP_FIXED_NOREPLACE | MAP_NORESERVE, ram->fd, (off_t)offset);
  if (at == (void *)(uintptr_t)address)
    return true;

  int failure = errno;
  if (at != MAP_FAILED) { /* a kernel that does not know MAP_FIXED_NOREPLACE */
    (void)munmap(at, size);
    failure = EEXIST;
  }
  if (failure == EEXIST) {
    explain_taken(address, size, what, error);
    return false;
  }
  g_autofree char *text = sim_size_text(size);
  g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT, "cannot map the %s (%s at 0x%" PRIx64 "): %s%s",
              what, text, address, g_strerror(failure),
              failure == ENOMEM ? "; this process may not use so much address space (ulimit -v)"
                                : "");
  return false;
}

void sim_window_unmap(uint64_t address, uint64_t size)
{
  if (size != 0)
    (void)munmap((void *)(uintptr_t)address, size);
}
