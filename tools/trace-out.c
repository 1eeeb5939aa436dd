/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/trace-out.h"

#include <errno.h>
#include <stdio.h>

struct trace_out {
  sim_timeline *timeline;
  FILE *file;
  const char *path;
  int error; /* of the first write that failed */
};

static bool write_piece(const char *text, gsize size, void *data)
{
  trace_out *out = data;
  if (fwrite(text, 1, size, out->file) == size)
    return true;
  out->error = errno;
  return false;
}

static void complain(const trace_out *out)
{
  fflush(stdout);
  fprintf(stderr, "framesim: cannot write %s: %s\n", out->path, g_strerror(out->error));
}

trace_out *trace_out_open(const char *path, const char *script)
{
  trace_out *out = g_new0(trace_out, 1);
  out->path = path;
  out->file = fopen(path, "we");
  if (out->file == NULL) {
    out->error = errno;
    complain(out);
    g_free(out);
    return NULL;
  }
  out->timeline = sim_timeline_new(script, write_piece, out);
  return out;
}

struct sim_run_watcher *trace_out_watcher(trace_out *out)
{
  return sim_timeline_watcher(out->timeline);
}

bool trace_out_close(trace_out *out, const sim_run *run)
{
  bool good = sim_timeline_end(out->timeline, run);
  if (fclose(out->file) != 0 && good) {
    out->error = errno;
    good = false;
  }
  if (!good)
    complain(out);
  sim_timeline_free(out->timeline);
  g_free(out);
  return good;
}
