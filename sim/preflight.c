/* SPDX-License-Identifier: MPL-2.0 */
/* Before anything is touched: can the host hold this machine? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "sim/error.h"
#include "sim/internal.h"
#include "sim/size.h"

/* A number on its own in a file, in bytes; false: no such file, or "max". */
static bool read_number(const char *path, uint64_t *ret)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, NULL))
    return false;
  return g_ascii_string_to_unsigned(g_strstrip(text), 10, 0, UINT64_MAX, ret, NULL);
}

static uint64_t available_memory(void)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL))
    return UINT64_MAX;
  const char *line = strstr(text, "MemAvailable:");
  return line != NULL ? strtoull(line + strlen("MemAvailable:"), NULL, 10) * 1024 : UINT64_MAX;
}

/* What is left under the memory limit of the control group of this process. */
static uint64_t group_room(const char *limit_path, const char *usage_path)
{
  uint64_t limit;
  uint64_t usage = 0;
  if (!read_number(limit_path, &limit))
    return UINT64_MAX;
  (void)read_number(usage_path, &usage);
  return limit > usage ? limit - usage : 0;
}

/* Within a container the process sees its own group at the top; else its path is looked
 * up.  Both generations of control groups. */
static uint64_t container_room(void)
{
  uint64_t room = group_room("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current");
  uint64_t old = group_room("/sys/fs/cgroup/memory/memory.limit_in_bytes",
                            "/sys/fs/cgroup/memory/memory.usage_in_bytes");
  room = MIN(room, old);

  g_autofree char *text = NULL;
  if (!g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL))
    return room;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    if (!g_str_has_prefix(*line, "0::/"))
      continue;
    g_autofree char *limit = g_build_filename("/sys/fs/cgroup", *line + 3, "memory.max", NULL);
    g_autofree char *usage = g_build_filename("/sys/fs/cgroup", *line + 3, "memory.current", NULL);
    room = MIN(room, group_room(limit, usage));
  }
  return room;
}

static bool refuse(GError **error, uint64_t need, uint64_t have, const char *what,
                   const char *remedy)
{
  g_autofree char *need_text = sim_size_text(need);
  g_autofree char *have_text = sim_size_text(have);
  g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT,
              "this machine needs %s of %s, and only %s is there\nhint: %s", need_text, what,
              have_text, remedy);
  return false;
}

static bool check_process_limits(uint64_t file_size, uint64_t span, GError **error)
{
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && span > limit.rlim_cur)
    return refuse(error, span, limit.rlim_cur, "address space",
                  "raise the limit of this shell (ulimit -v unlimited), or use a smaller map");
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      file_size > limit.rlim_cur)
    return refuse(error, file_size, limit.rlim_cur, "file size",
                  "raise the limit of this shell (ulimit -f unlimited), or use a smaller map");
  return true;
}

bool sim_preflight(const char *ram_file, uint64_t resident, uint64_t span, GError **error)
{
  if (!check_process_limits(span, span + resident, error))
    return false;

  if (ram_file != NULL) {
    g_autofree char *folder = g_path_get_dirname(ram_file);
    struct statvfs fs;
    if (statvfs(folder, &fs) != 0)
      return true; /* opening the file says it better */
    uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (resident > room)
      return refuse(error, resident, room, "disk space for its slots",
                    "choose a file system with more room (--ram), write slots only when they are "
                    "needed (--metadata deferred), or use a smaller map");
    return true;
  }
  uint64_t memory = available_memory();
  if (resident > memory)
    return refuse(error, resident, memory, "memory for its slots",
                  "write slots only when they are needed (--metadata deferred), put the RAM into "
                  "a file on a disk (--ram FILE), or use a smaller map");
  uint64_t room = container_room();
  if (resident > room)
    return refuse(error, resident, room, "memory for its slots within this container's limit",
                  "raise the limit, write slots only when they are needed (--metadata deferred), "
                  "put the RAM into a file (--ram FILE), or use a smaller map");
  return true;
}
