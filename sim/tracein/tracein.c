/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/tracein/tracein.h"

#include <string.h>

#include "sim/diag.h"
#include "sim/error.h"
#include "sim/tracein/reader.h"

enum {
  HEAD_SIZE = 4096,      /* bytes that tell the form */
  SORTED_PLACES = 16384, /* half of the events of a batch that needs no sorting */
};

/* The surest first. */
static const struct sim_tracein_reader *const readers[] = {
    &sim_tracein_binary,
    &sim_tracein_text,
    &sim_tracein_llfree,
};

struct sim_tracein {
  struct sim_tracein_input input;
  const struct sim_tracein_reader *reader;
  void *state;                      /* of the reader; NULL before it began */
  struct sim_tracein_window window; /* made with the first event */
  uint32_t places;                  /* it has or will have */
  struct sim_tracein_info info;
  bool at_end;
};

/* ---- Forms ---- */

const char *const *sim_tracein_formats(void)
{
  static const char *names[G_N_ELEMENTS(readers) + 1];
  static gsize done;

  if (g_once_init_enter(&done)) {
    for (gsize i = 0; i < G_N_ELEMENTS(readers); i++)
      names[i] = readers[i]->name;
    g_once_init_leave(&done, 1);
  }
  return names;
}

static const struct sim_tracein_reader *reader_by_name(const char *name, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS(readers); i++)
    if (strcmp(readers[i]->name, name) == 0)
      return readers[i];
  const char *near = sim_suggest(name, sim_tracein_formats());
  g_autofree char *all = g_strjoinv(", ", (char **)sim_tracein_formats());
  g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
              "error: no form of traces is named '%s'\nhint: %s%s%s", name,
              near != NULL ? "did you mean '" : "the forms are: ", near != NULL ? near : all,
              near != NULL ? "'?" : "");
  return NULL;
}

static const struct sim_tracein_reader *find_reader(struct sim_tracein_input *input, GError **error)
{
  g_autoptr(GString) hint = g_string_new("none of these was found, nor zstd around it:");

  if (!sim_tracein_fill(input, HEAD_SIZE, error))
    return NULL;
  if (input->have == 0) {
    sim_tracein_fail(input, 0, "was it written, and to this place?", error,
                     "there is nothing in this file");
    return NULL;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
    if (readers[i]->likely(input->at, MIN(input->have, HEAD_SIZE)))
      return readers[i];
    g_string_append_printf(hint, "\n  %s: %s", readers[i]->name, readers[i]->example);
  }
  sim_tracein_fail(input, 0, hint->str, error, "this is not a trace in any known form");
  return NULL;
}

/* ---- Life ---- */

sim_tracein *sim_tracein_open(const char *path, const char *format, GError **error)
{
  /* Before anything is read, because that may be a terminal. */
  const struct sim_tracein_reader *reader = format != NULL ? reader_by_name(format, error) : NULL;
  if (format != NULL && reader == NULL)
    return NULL;

  g_autoptr(sim_tracein) in = g_new0(sim_tracein, 1);
  if (!sim_tracein_input_open(&in->input, path, error))
    return NULL;
  if (reader == NULL)
    reader = find_reader(&in->input, error);
  if (reader == NULL)
    return NULL;
  in->reader = reader;
  in->info.file = in->input.name;
  in->info.format = reader->name;
  in->info.compressed = in->input.zstd != NULL;
  in->state = g_malloc0(reader->state_size);
  if (!reader->begin(in->state, &in->input, &in->info, error))
    return NULL;
  in->places = reader->sorted ? SORTED_PLACES : SIM_TRACE_WINDOW;
  return g_steal_pointer(&in);
}

void sim_tracein_set_stop(sim_tracein *in, const volatile sig_atomic_t *stop)
{
  in->input.stop = stop;
}

void sim_tracein_set_window(sim_tracein *in, uint32_t events)
{
  in->places = events;
}

const struct sim_tracein_info *sim_tracein_info(const sim_tracein *in)
{
  return &in->info;
}

sim_tracein *sim_tracein_free(sim_tracein *in)
{
  if (in == NULL)
    return NULL;
  if (in->state != NULL && in->reader->end != NULL)
    in->reader->end(in->state);
  g_free(in->state);
  sim_tracein_window_clear(&in->window);
  sim_tracein_input_clear(&in->input);
  g_free(in);
  return NULL;
}

/* ---- Events ---- */

gssize sim_tracein_next(sim_tracein *in, const struct sim_trace_event **ret, GError **error)
{
  struct sim_tracein_window *window = &in->window;

  if (window->events == NULL)
    sim_tracein_window_init(window, in->places);
  do {
    struct sim_trace_event *to;
    uint32_t room = sim_tracein_window_room(window, &to);
    if (in->at_end)
      break;
    gssize got = in->reader->next(in->state, &in->input, &in->info, to, room, error);
    if (got < 0)
      return -1;
    in->at_end = got == 0;
    if (in->reader->sorted) {
      *ret = to;
      return got;
    }
    sim_tracein_window_add(window, (uint32_t)got);
  } while (!sim_tracein_window_is_full(window));
  return sim_tracein_window_release(window, in->at_end, ret, &in->info.late);
}
