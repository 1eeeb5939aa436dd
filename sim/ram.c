/* SPDX-License-Identifier: MPL-2.0 */
/* The RAM file: a sparse file, named or not. */
#include <bsd/libutil.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/error.h"
#include "sim/internal.h"
#include "sim/size.h"

static bool set_size(struct sim_ram *ram, GError **error)
{
  if (ftruncate(ram->fd, 0) == 0 && ftruncate(ram->fd, (off_t)ram->size) == 0)
    return true;
  g_autofree char *size = sim_size_text(ram->size);
  g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT,
              "cannot make %s %s long (sparse): %s; choose another file system with --ram",
              ram->path != NULL ? ram->path : "a memory file", size, g_strerror(errno));
  return false;
}

/* Whether an existing file may be overwritten: empty, or a RAM file of ours. */
static bool is_ours(int fd, bool *ret_empty)
{
  struct stat st;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
    return false;
  *ret_empty = st.st_size == 0;
  if (*ret_empty)
    return true;
  for (uint64_t at = 0; at < UINT64_C(1) << 31; at += FM_IMAGE_ALIGN) {
    uint64_t magic = 0;
    if (pread(fd, &magic, sizeof(magic), (off_t)at) == sizeof(magic) && magic == FM_BOOT_MAGIC)
      return true;
  }
  return false;
}

static void explain_locked(const char *path, GError **error)
{
  g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
              "%s is locked: another process simulates a machine in it; wait for it or choose "
              "another file",
              path);
}

static bool create_named(struct sim_ram *ram, GError **error)
{
  ram->fd = flopen(ram->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  if (ram->fd < 0 && errno == EWOULDBLOCK) {
    explain_locked(ram->path, error);
    return false;
  }
  if (ram->fd < 0) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "cannot open %s for writing: %s", ram->path,
                g_strerror(errno));
    return false;
  }
  bool empty = false;
  if (!is_ours(ram->fd, &empty)) {
    g_set_error(
        error, SIM_ERROR, SIM_ERROR_INPUT,
        "%s exists and is no RAM file of framesim, so it is left alone; remove it or choose "
        "another name",
        ram->path);
    return false;
  }
  return true;
}

bool sim_ram_create(struct sim_ram *ram, const char *path, uint64_t size, GError **error)
{
  *ram = (struct sim_ram){.fd = -1, .size = size, .path = g_strdup(path)};

  if (path != NULL) {
    if (!create_named(ram, error))
      goto fail;
  } else {
    ram->fd = memfd_create("framesim-ram", MFD_CLOEXEC);
    if (ram->fd < 0) {
      g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT, "cannot create a memory file: %s",
                  g_strerror(errno));
      goto fail;
    }
  }
  if (!set_size(ram, error))
    goto fail;
  return true;

fail:
  sim_ram_clear(ram);
  return false;
}

bool sim_ram_open(struct sim_ram *ram, const char *path, bool writable, GError **error)
{
  *ram = (struct sim_ram){.fd = -1, .path = g_strdup(path), .readonly = !writable};

  struct stat st;
  /* Without waiting for a writer, if it is a pipe; it is refused below. */
  ram->fd = writable ? flopen(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
                     : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (ram->fd < 0 && errno == EWOULDBLOCK) {
    explain_locked(path, error);
    sim_ram_clear(ram);
    return false;
  }
  if (ram->fd < 0 || fstat(ram->fd, &st) != 0) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "cannot open %s: %s", path, g_strerror(errno));
    sim_ram_clear(ram);
    return false;
  }
  if (!S_ISREG(st.st_mode) || st.st_size <= 0) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "%s is no RAM file: %s", path,
                S_ISREG(st.st_mode) ? "it is empty" : "it is not a regular file");
    sim_ram_clear(ram);
    return false;
  }
  ram->size = fm_page_down((uint64_t)st.st_size);
  if (writable)
    return true;
  /* Only asked, never kept: readers do not stand in a writer's way. */
  if (flock(ram->fd, LOCK_SH | LOCK_NB) == 0)
    (void)flock(ram->fd, LOCK_UN);
  else
    ram->has_writer = errno == EWOULDBLOCK;
  return true;
}

void sim_ram_clear(struct sim_ram *ram)
{
  if (ram->fd >= 0)
    (void)close(ram->fd);
  ram->fd = -1;
  g_clear_pointer(&ram->path, g_free);
}
