/* SPDX-License-Identifier: MPL-2.0 */
/* Traces in files of a folder of the test, and what is read from them. */
#ifndef FM_TESTS_UNIT_TRACE_SUPPORT_H
#define FM_TESTS_UNIT_TRACE_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/tracein/traceout.h"
#include "tests/support.h"

static char *trace_folder;

static inline void trace_setup(void)
{
  trace_folder = test_folder_new();
}

static inline void trace_teardown(void)
{
  test_folder_remove(trace_folder);
  trace_folder = NULL;
}

static inline char *trace_path(const char *name)
{
  return g_build_filename(trace_folder, name, NULL);
}

/* The file "trace" with these bytes; its path, new. */
static inline char *trace_file(const void *bytes, size_t size)
{
  char *path = trace_path("trace");
  (void)unlink(path); /* what replaces a file may be waited for until it is on the disk */
  FILE *file = fopen(path, "w");

  ck_assert_ptr_nonnull(file);
  ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
  ck_assert_int_eq(fclose(file), 0);
  return path;
}

static inline void trace_load(const char *path, char **ret_bytes, gsize *ret_size)
{
  ck_assert(g_file_get_contents(path, ret_bytes, ret_size, NULL));
}

/* All events of an open trace, or NULL and *error at a mistake; an array of them. */
static inline GArray *trace_collect(sim_tracein *in, GError **error)
{
  GArray *all = g_array_new(FALSE, FALSE, sizeof(struct sim_trace_event));
  const struct sim_trace_event *events = NULL;
  gssize count;

  while ((count = sim_tracein_next(in, &events, error)) > 0)
    g_array_append_vals(all, events, (guint)count);
  if (count == 0)
    return all;
  g_array_unref(all);
  return NULL;
}

/* What a trace without mistakes holds, and what is said of it. */
static inline GArray *trace_read(const char *path, const char *format,
                                 struct sim_tracein_info *ret_info)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_tracein) in = sim_tracein_open(path, format, &error);

  ck_assert_msg(in != NULL, "%s", error != NULL ? error->message : "");
  GArray *events = trace_collect(in, &error);
  ck_assert_msg(events != NULL, "%s", error != NULL ? error->message : "");
  if (ret_info != NULL) {
    *ret_info = *sim_tracein_info(in);
    ret_info->file = NULL; /* went with the trace */
  }
  return events;
}

/* The message about a trace that has a mistake; new. */
static inline char *trace_mistake(const char *path, const char *format)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_tracein) in = sim_tracein_open(path, format, &error);

  if (in != NULL) {
    g_autoptr(GArray) events = trace_collect(in, &error);
    ck_assert_msg(events == NULL, "no mistake was seen, but %u events", events->len);
  }
  ck_assert_ptr_nonnull(error);
  return g_strdup(error->message);
}

static inline const struct sim_trace_event *trace_event(const GArray *events, guint index)
{
  if (index >= events->len)
    ck_abort_msg("there is no event %u, only %u events", index, events->len);
  return &g_array_index(events, struct sim_trace_event, index);
}

static inline void trace_expect(const GArray *events, guint index, struct sim_trace_event wanted)
{
  const struct sim_trace_event *event = trace_event(events, index);

  /* Not an assertion each time: one that passes costs a system call. */
  if (event->time_us != wanted.time_us || event->pfn != wanted.pfn || event->cpu != wanted.cpu ||
      event->order != wanted.order || event->kind != wanted.kind)
    ck_abort_msg("event %u is time %" G_GUINT64_FORMAT " frame 0x%x CPU %u order %u kind %u", index,
                 event->time_us, event->pfn, event->cpu, event->order, event->kind);
}

static inline void trace_expect_equal(const GArray *events, const struct sim_trace_event *wanted,
                                      guint count)
{
  ck_assert_uint_eq(events->len, count);
  for (guint i = 0; i < count; i++)
    trace_expect(events, i, wanted[i]);
}

static inline void trace_write(const char *path, const char *form, uint32_t cpus,
                               const struct sim_trace_event *events, size_t count)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_traceout) out = sim_traceout_new(path, form, cpus, &error);

  ck_assert_msg(out != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_msg(sim_traceout_add(out, events, count, &error), "%s",
                error != NULL ? error->message : "");
  ck_assert_msg(sim_traceout_finish(out, &error), "%s", error != NULL ? error->message : "");
}

static inline void trace_expect_has(const char *message, const char *text)
{
  ck_assert_msg(strstr(message, text) != NULL, "'%s' is not in: %s", text, message);
}

#endif
