/* SPDX-License-Identifier: MPL-2.0 */
/* RAM of its own for a process that was forked, at the same addresses. */
#include <errno.h>
#include <unistd.h>

#include "sim/error.h"
#include "sim/explore/internal.h"

#define PIECE (256u * 1024u)

static bool copy_piece(int from, int to, off_t start, off_t end, void *buffer)
{
  while (start < end) {
    size_t size = (size_t)MIN(end - start, (off_t)PIECE);
    ssize_t got = pread(from, buffer, size, start);
    if (got <= 0 || pwrite(to, buffer, (size_t)got, start) != got)
      return false;
    start += got;
  }
  return true;
}

/* What is written, and nothing of the holes. */
static bool copy_file(int from, int to)
{
  void *buffer = g_malloc(PIECE);
  off_t start;
  off_t end = 0;
  bool copied = true;
  while (copied && (start = lseek(from, end, SEEK_DATA)) >= 0) {
    end = lseek(from, start, SEEK_HOLE);
    copied = end >= 0 && copy_piece(from, to, start, end, buffer);
  }
  copied = copied && errno == ENXIO;
  g_free(buffer);
  return copied;
}

bool sim_explore_detach(sim_machine *machine, GError **error)
{
  struct sim_ram own;
  if (!sim_ram_create(&own, NULL, machine->ram.size, error))
    return false;
  if (!copy_file(machine->ram.fd, own.fd)) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT, "no room for a copy of the machine: %s",
                g_strerror(errno));
    sim_ram_clear(&own);
    return false;
  }
  sim_window_unmap(FM_LINEAR_WINDOW, machine->linear_mapped);
  sim_window_unmap(FM_META_WINDOW, machine->meta_mapped);
  sim_ram_clear(&machine->ram);
  machine->ram = own;
  if (!sim_window_map(&own, FM_LINEAR_WINDOW, machine->linear_mapped, 0, "linear window", error))
    return false;
  return machine->meta_mapped == 0 ||
         sim_window_map(&own, FM_META_WINDOW, machine->meta_mapped, machine->kernel->meta_start,
                        "metadata window", error);
}
