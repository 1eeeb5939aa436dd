/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where the file has slots.  A hole reads as zeros, and reading it through a mapping may cost
 * memory; so holes are found by asking the file, and not looked into.
 */
#include <unistd.h>

#include "sim/audit/audit.h"

/* A file system that knows no holes has one extent. */
void audit_find_extents(struct audit *audit)
{
  const struct fm_kernel *kernel = audit->kernel;
  int fd = audit->machine->ram.fd;
  uint64_t start = kernel->meta_start;
  uint64_t end = start + kernel->nr_frames * FM_SLOT_SIZE;

  for (uint64_t at = start; at < end;) {
    off_t data = lseek(fd, (off_t)at, SEEK_DATA);
    if (data < 0 || (uint64_t)data >= end)
      break;
    off_t hole = lseek(fd, data, SEEK_HOLE);
    uint64_t limit = hole < 0 ? end : MIN((uint64_t)hole, end);
    struct audit_extent extent = {(uint64_t)data - start, limit - start};
    g_array_append_val(audit->extents, extent);
    at = limit;
  }
}
