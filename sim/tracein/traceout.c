/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/tracein/traceout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sim/diag.h"
#include "sim/error.h"
#include "sim/tracein/writer.h"

static const struct sim_traceout_writer *const writers[] = {
    &sim_traceout_binary,
    &sim_traceout_text,
    &sim_traceout_llfree,
};

const char *const *sim_traceout_formats(void)
{
  static const char *names[G_N_ELEMENTS(writers) + 1];
  static gsize done;

  if (g_once_init_enter(&done)) {
    for (gsize i = 0; i < G_N_ELEMENTS(writers); i++)
      names[i] = writers[i]->name;
    g_once_init_leave(&done, 1);
  }
  return names;
}

/* ---- Bytes ---- */

static bool fail_write(const char *path, GError **error)
{
  g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "cannot write '%s': %s", path, g_strerror(errno));
  return false;
}

static bool write_all(sim_traceout *out, bool placed, uint64_t offset, const uint8_t *bytes,
                      size_t size, GError **error)
{
  while (size > 0) {
    ssize_t done =
        placed ? pwrite(out->fd, bytes, size, (off_t)offset) : write(out->fd, bytes, size);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return fail_write(out->path, error);
    bytes += done;
    size -= (size_t)done;
    offset += (uint64_t)done;
  }
  return true;
}

bool sim_traceout_write(sim_traceout *out, const void *bytes, size_t size, GError **error)
{
  return write_all(out, false, 0, bytes, size, error);
}

bool sim_traceout_write_at(sim_traceout *out, uint64_t offset, const void *bytes, size_t size,
                           GError **error)
{
  return write_all(out, true, offset, bytes, size, error);
}

/* ---- Life ---- */

static const struct sim_traceout_writer *writer_by_name(const char *name, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS(writers); i++)
    if (strcmp(writers[i]->name, name) == 0)
      return writers[i];
  const char *near = sim_suggest(name, sim_traceout_formats());
  g_autofree char *all = g_strjoinv(", ", (char **)sim_traceout_formats());
  g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
              "error: no form of recordings is named '%s'\nhint: %s%s%s", name,
              near != NULL ? "did you mean '" : "the forms are: ", near != NULL ? near : all,
              near != NULL ? "'?" : "");
  return NULL;
}

sim_traceout *sim_traceout_open(const char *path, const char *format, GError **error)
{
  const struct sim_traceout_writer *writer = writer_by_name(format, error);
  if (writer == NULL)
    return NULL;

  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
  if (fd < 0) {
    fail_write(path, error);
    return NULL;
  }
  sim_traceout *out = g_new0(sim_traceout, 1);
  out->fd = fd;
  out->path = g_strdup(path);
  out->writer = writer;
  out->state = g_malloc0(writer->state_size);
  return out;
}

bool sim_traceout_begin(sim_traceout *out, uint32_t cpus, GError **error)
{
  out->cpus = cpus;
  return out->writer->begin(out->state, out, error);
}

sim_traceout *sim_traceout_new(const char *path, const char *format, uint32_t cpus, GError **error)
{
  g_autoptr(sim_traceout) out = sim_traceout_open(path, format, error);
  return out != NULL && sim_traceout_begin(out, cpus, error) ? g_steal_pointer(&out) : NULL;
}

bool sim_traceout_add(sim_traceout *out, const struct sim_trace_event *events, size_t count,
                      GError **error)
{
  for (size_t i = 0; i < count; i++)
    if (!out->writer->add(out->state, out, &events[i], error))
      return false;
  return true;
}

bool sim_traceout_finish(sim_traceout *out, GError **error)
{
  if (!out->writer->finish(out->state, out, error))
    return false;
  int fd = out->fd;
  out->fd = -1;
  return close(fd) == 0 || fail_write(out->path, error);
}

uint64_t sim_traceout_left_out(const sim_traceout *out)
{
  return out->left_out;
}

sim_traceout *sim_traceout_free(sim_traceout *out)
{
  if (out == NULL)
    return NULL;
  if (out->writer->end != NULL)
    out->writer->end(out->state);
  if (out->fd >= 0)
    (void)close(out->fd);
  g_free(out->state);
  g_free(out->path);
  g_free(out);
  return NULL;
}
