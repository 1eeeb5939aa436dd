/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sorting a stream in a window.  The window is filled to twice its places, sorted, and the
 * first half released.  So an event that is at most `places` events away from where it
 * belongs gets there.
 *
 * Traces are nearly sorted: what is a few places off is moved by insertion; what is left are
 * ascending runs, which are merged in pairs.  Both keep events with equal keys in their order.
 */
#include <string.h>

#include "sim/tracein/reader.h"

#define NEAR 64u /* places that insertion goes back */

static inline bool is_before(const struct sim_trace_event *a, const struct sim_trace_event *b)
{
  return a->time_us < b->time_us || (a->time_us == b->time_us && a->cpu < b->cpu);
}

/* ---- Life ---- */

void sim_tracein_window_init(struct sim_tracein_window *window, uint32_t places)
{
  *window = (struct sim_tracein_window){
      .places = places,
      .events = g_new(struct sim_trace_event, (gsize)places * 2),
      .other = g_new(struct sim_trace_event, (gsize)places * 2),
      .runs = g_new(uint32_t, (gsize)places * 2 + 1),
  };
}

void sim_tracein_window_clear(struct sim_tracein_window *window)
{
  g_free(window->events);
  g_free(window->other);
  g_free(window->runs);
  *window = (struct sim_tracein_window){0};
}

/* ---- Filling ---- */

uint32_t sim_tracein_window_room(struct sim_tracein_window *window, struct sim_trace_event **ret)
{
  if (window->released > 0) {
    window->count -= window->released;
    memmove(window->events, window->events + window->released,
            window->count * sizeof(window->events[0]));
    window->released = 0;
  }
  *ret = window->events + window->count;
  return window->places * 2 - window->count;
}

void sim_tracein_window_add(struct sim_tracein_window *window, uint32_t count)
{
  window->count += count;
}

bool sim_tracein_window_is_full(const struct sim_tracein_window *window)
{
  return window->count == window->places * 2;
}

/* ---- Sorting ---- */

static void insert_near(struct sim_trace_event *events, uint32_t count)
{
  for (uint32_t i = 1; i < count; i++) {
    if (G_LIKELY(!is_before(&events[i], &events[i - 1])))
      continue;
    struct sim_trace_event moving = events[i];
    uint32_t at = i, least = i > NEAR ? i - NEAR : 0;
    for (; at > least && is_before(&moving, &events[at - 1]); at--)
      events[at] = events[at - 1];
    events[at] = moving;
  }
}

/* Starts of ascending runs, and `count` behind the last; how many runs. */
static uint32_t find_runs(const struct sim_trace_event *events, uint32_t count, uint32_t *runs)
{
  uint32_t found = 0;

  for (uint32_t i = 0; i < count; i++)
    if (i == 0 || is_before(&events[i], &events[i - 1]))
      runs[found++] = i;
  runs[found] = count;
  return found;
}

static void merge_two(const struct sim_trace_event *from, uint32_t start, uint32_t middle,
                      uint32_t end, struct sim_trace_event *to)
{
  uint32_t left = start, right = middle;

  for (uint32_t i = start; i < end; i++) {
    bool take_right = left == middle || (right < end && is_before(&from[right], &from[left]));
    to[i] = take_right ? from[right++] : from[left++];
  }
}

static void sort(struct sim_tracein_window *window)
{
  insert_near(window->events, window->count);
  uint32_t nr_runs = find_runs(window->events, window->count, window->runs);

  while (nr_runs > 1) {
    uint32_t *runs = window->runs, kept = 0;
    for (uint32_t i = 0; i < nr_runs; i += 2) {
      uint32_t middle = runs[i + 1], end = i + 1 < nr_runs ? runs[i + 2] : middle;
      merge_two(window->events, runs[i], middle, end, window->other);
      runs[kept++] = runs[i];
    }
    runs[kept] = window->count;
    nr_runs = kept;
    struct sim_trace_event *sorted = window->other;
    window->other = window->events;
    window->events = sorted;
  }
}

uint32_t sim_tracein_window_release(struct sim_tracein_window *window, bool all,
                                    const struct sim_trace_event **ret, uint64_t *late)
{
  sort(window);
  uint32_t released = all ? window->count : MIN(window->places, window->count);

  for (uint32_t i = 0;
       i < released && window->any_last && is_before(&window->events[i], &window->last); i++)
    (*late)++;
  if (released > 0 &&
      (!window->any_last || is_before(&window->last, &window->events[released - 1]))) {
    window->last = window->events[released - 1];
    window->any_last = true;
  }
  window->released = released;
  *ret = window->events;
  return released;
}
