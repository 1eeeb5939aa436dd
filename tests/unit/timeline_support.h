/* SPDX-License-Identifier: MPL-2.0 */
/* Timelines in tests: written to a string, parsed, and held to the rules that every viewer
 * relies on.  One at a time. */
#ifndef FM_TESTS_UNIT_TIMELINE_SUPPORT_H
#define FM_TESTS_UNIT_TIMELINE_SUPPORT_H

#include <json-glib/json-glib.h>
#include <string.h>

#include "sim/script/timeline.h"
#include "tests/unit/run_support.h"

#define MACHINE "machine { ram 8M  kernel 2M 1M  cpus 2  allocator none }\nboot\n"

struct trace {
  GString *text;
  guint pieces;
  guint refuse_from; /* the piece that cannot be written; 0: none */
  bool good;
  JsonParser *parser; /* NULL: the text was not complete */
  JsonArray *events;
};

static inline bool collect(const char *text, gsize size, void *data)
{
  struct trace *trace = data;
  if (++trace->pieces == trace->refuse_from)
    return false;
  g_string_append_len(trace->text, text, (gssize)size);
  return true;
}

static inline void parse(struct trace *trace)
{
  g_autoptr(GError) error = NULL;
  trace->parser = json_parser_new();
  ck_assert_msg(json_parser_load_from_data(trace->parser, trace->text->str, -1, &error), "%s",
                error != NULL ? error->message : "");
  JsonObject *root = json_node_get_object(json_parser_get_root(trace->parser));
  trace->events = json_object_get_array_member(root, "traceEvents");
  ck_assert_ptr_nonnull(trace->events);
}

static inline struct trace *trace_run(const sim_script *script, struct sim_run_options options,
                                      guint refuse_from)
{
  struct trace *trace = g_new0(struct trace, 1);
  trace->text = g_string_new(NULL);
  trace->refuse_from = refuse_from;
  g_autoptr(sim_timeline) timeline = sim_timeline_new("t.fms", collect, trace);
  options.watchers = sim_timeline_watcher(timeline);
  g_autoptr(sim_run) run = sim_run_new(script, &options);
  (void)sim_run_execute(run);
  trace->good = sim_timeline_end(timeline, run);
  if (trace->good)
    parse(trace);
  return trace;
}

static inline void trace_free(struct trace *trace)
{
  g_clear_object(&trace->parser);
  g_string_free(trace->text, TRUE);
  g_free(trace);
}

static inline struct trace *trace_body(const char *body)
{
  struct run *run = run_load(body);
  struct trace *trace = trace_run(run->script, run->options, 0);
  run_free(run);
  return trace;
}

static inline struct trace *trace_file(const char *path)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(sim_script) script =
      sim_script_load(path, sim_run_verbs(), sim_run_queries, errors, NULL);
  ck_assert_msg(script != NULL, "%s", path);
  const struct sim_run_options options = {0};
  return trace_run(script, options, 0);
}

/* ---- Looking at events ---- */

static inline JsonObject *event_at(const struct trace *trace, guint index)
{
  return json_array_get_object_element(trace->events, index);
}

static inline char phase_of(JsonObject *event)
{
  return json_object_get_string_member(event, "ph")[0];
}

static inline gint64 time_of(JsonObject *event)
{
  return json_object_get_int_member(event, "ts");
}

static inline gint64 cpu_of(JsonObject *event)
{
  return json_object_get_int_member(event, "tid");
}

static inline const char *name_of(JsonObject *event)
{
  return json_object_get_string_member(event, "name");
}

static inline const char *arg_of(JsonObject *event, const char *name)
{
  JsonObject *args = json_object_get_object_member(event, "args");
  return json_object_get_string_member_with_default(args, name, "");
}

/* The nth event of that phase. */
static inline JsonObject *nth(const struct trace *trace, char phase, guint n)
{
  for (guint i = 0; i < json_array_get_length(trace->events); i++)
    if (phase_of(event_at(trace, i)) == phase && n-- == 0)
      return event_at(trace, i);
  ck_abort_msg("too few events of phase %c", phase);
}

static inline guint count(const struct trace *trace, char phase)
{
  guint found = 0;
  for (guint i = 0; i < json_array_get_length(trace->events); i++)
    found += phase_of(event_at(trace, i)) == phase;
  return found;
}

/* The point on that CPU around a time, or NULL. */
static inline JsonObject *point_around(const struct trace *trace, gint64 cpu, gint64 time)
{
  for (guint i = 0; i < json_array_get_length(trace->events); i++) {
    JsonObject *event = event_at(trace, i);
    if (phase_of(event) == 'X' && cpu_of(event) == cpu && time_of(event) < time &&
        time < time_of(event) + json_object_get_int_member(event, "dur"))
      return event;
  }
  return NULL;
}

/* ---- Rules ---- */

static inline void times_are_unique(const struct trace *trace)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < json_array_get_length(trace->events); i++) {
    JsonObject *event = event_at(trace, i);
    if (phase_of(event) == 'M')
      continue;
    ck_assert_int_gt(time_of(event), 0);
    ck_assert_msg(g_hash_table_add(seen, GSIZE_TO_POINTER((gsize)time_of(event))),
                  "two events at %" G_GINT64_FORMAT, time_of(event));
  }
}

/* On each CPU: named first; steps one after the other; points within steps; time goes on. */
static inline void threads_are_in_order(const struct trace *trace)
{
  gint64 end[FM_CPUS_MAX] = {0};
  bool open[FM_CPUS_MAX] = {false};
  bool named[FM_CPUS_MAX] = {false};
  for (guint i = 0; i < json_array_get_length(trace->events); i++) {
    JsonObject *event = event_at(trace, i);
    gint64 cpu = cpu_of(event);
    char phase = phase_of(event);
    if (phase == 'M')
      named[cpu] |= strcmp(name_of(event), "thread_name") == 0;
    if (strchr("BEX", phase) == NULL)
      continue;
    ck_assert(named[cpu]);
    ck_assert_int_gt(time_of(event), end[cpu]);
    end[cpu] = time_of(event);
    if (phase == 'X')
      end[cpu] += json_object_get_int_member(event, "dur");
    ck_assert_msg(open[cpu] == (phase != 'B'), "%c on CPU %d", phase, (int)cpu);
    open[cpu] = phase != 'E';
  }
  for (guint cpu = 0; cpu < FM_CPUS_MAX; cpu++)
    ck_assert(!open[cpu]);
}

/* Each start of an arrow has its end, later and on another CPU; both stand within points,
 * and what was seen there is what was written here. */
static inline void arrows_are_whole(const struct trace *trace)
{
  guint arrows = count(trace, 's');
  ck_assert_uint_eq(count(trace, 'f'), arrows);
  for (guint i = 0; i < arrows; i++) {
    JsonObject *start = nth(trace, 's', i);
    JsonObject *end = nth(trace, 'f', i);
    ck_assert_int_eq(json_object_get_int_member(start, "id"), i + 1);
    ck_assert_int_eq(json_object_get_int_member(end, "id"), i + 1);
    ck_assert_str_eq(name_of(start), name_of(end));
    ck_assert_int_lt(time_of(start), time_of(end));
    ck_assert_int_ne(cpu_of(start), cpu_of(end));
    JsonObject *writer = point_around(trace, cpu_of(start), time_of(start));
    JsonObject *reader = point_around(trace, cpu_of(end), time_of(end));
    ck_assert_ptr_nonnull(writer);
    ck_assert_ptr_nonnull(reader);
    ck_assert_str_eq(arg_of(writer, "written"), arg_of(reader, "seen"));
    ck_assert_str_eq(arg_of(writer, "frame"), arg_of(reader, "frame"));
  }
}

#endif
