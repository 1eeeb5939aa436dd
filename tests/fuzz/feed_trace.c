/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The readers of recorded traces.
 *
 * Any bytes give events whose promises hold, or an error of ours.  The first byte chooses the
 * form: found, or one by name, in the order of sim_tracein_formats().  What is read is then
 * written as text and as our own form and read again, and must not have changed.
 *
 * A corpus: pieces of traces of each form with a zero byte in front.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/error.h"
#include "sim/tracein/traceout.h"
#include "tests/fuzz/fuzz.h"

/* A file in memory; its path is new. */
static int memory_file(char **ret_path)
{
  int fd = memfd_create("fuzz", MFD_CLOEXEC);
  fuzz_require(fd >= 0);
  *ret_path = g_strdup_printf("/proc/self/fd/%d", fd);
  return fd;
}

static void check_events(const struct sim_trace_event *events, gssize count)
{
  for (gssize i = 0; i < count; i++) {
    fuzz_require(events[i].kind < SIM_TRACE_KINDS && events[i].cpu < SIM_TRACE_CPUS_MAX);
    fuzz_require(events[i].order <= SIM_TRACE_ORDER_MAX);
    fuzz_require(events[i].pfn + (UINT64_C(1) << events[i].order) <= SIM_TRACE_PFN_END);
  }
}

/* All events of the file, or NULL and *error. */
static GArray *read_all(const char *path, const char *format, GError **error)
{
  g_autoptr(sim_tracein) in = sim_tracein_open(path, format, error);
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct sim_trace_event));
  const struct sim_trace_event *events = NULL;
  gssize count;

  if (in == NULL)
    return NULL;
  sim_tracein_set_window(in, 16);
  while ((count = sim_tracein_next(in, &events, error)) > 0) {
    check_events(events, count);
    g_array_append_vals(all, events, (guint)count);
  }
  return count == 0 ? g_steal_pointer(&all) : NULL;
}

/* Whether text keeps it: the events are in order, and their times are what it can hold. */
static bool is_plain(const GArray *all)
{
  for (guint i = 0; i < all->len; i++)
    if (g_array_index(all, struct sim_trace_event, i).time_us > UINT64_MAX / 2)
      return false;
  for (guint i = 1; i < all->len; i++) {
    const struct sim_trace_event *b = &g_array_index(all, struct sim_trace_event, i), *a = b - 1;
    if (b->time_us < a->time_us || (b->time_us == a->time_us && b->cpu < a->cpu))
      return false;
  }
  return true;
}

static void check_round_trip(const GArray *all, const char *form)
{
  g_autofree char *path = NULL;
  int fd = memory_file(&path);
  g_autoptr(sim_traceout) out = sim_traceout_new(path, form, 1, NULL);

  fuzz_require(out != NULL);
  fuzz_require(
      sim_traceout_add(out, (const struct sim_trace_event *)(void *)all->data, all->len, NULL));
  fuzz_require(sim_traceout_finish(out, NULL));
  g_autoptr(GArray) again = read_all(path, form, NULL);
  fuzz_require(again != NULL && again->len == all->len);
  fuzz_require(all->len == 0 ||
               memcmp(all->data, again->data, all->len * sizeof(struct sim_trace_event)) == 0);
  close(fd);
}

/* The format that the first byte names; NULL: to be found. */
static const char *choose_format(uint8_t byte)
{
  const char *const *formats = sim_tracein_formats();
  guint count = g_strv_length((char **)formats) + 1;

  return byte % count == 0 ? NULL : formats[byte % count - 1];
}

enum fuzz_answer fuzz_feed_trace(const char *target, const uint8_t *data, size_t size)
{
  (void)target;
  if (size == 0)
    return FUZZ_PASSED;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  int fd = memory_file(&path);
  fuzz_require(write(fd, data + 1, size - 1) == (ssize_t)size - 1);
  g_autoptr(GArray) all = read_all(path, choose_format(data[0]), &error);
  close(fd);

  fuzz_require((all != NULL) == (error == NULL));
  if (all == NULL) {
    fuzz_require(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
    return FUZZ_REFUSED;
  }
  check_round_trip(all, "binary");
  if (is_plain(all))
    check_round_trip(all, "text");
  return FUZZ_TAKEN;
}
