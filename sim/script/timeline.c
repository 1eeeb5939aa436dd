/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/timeline.h"

#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "sim/script/interp.h"

/* Microseconds.  Between the start of a point and its end there is room for the start of an
 * arrow to each other CPU, and for the end of one. */
#define EVENT_TIME 100
#define POINT_TIME 90
#define ARROW_END  80

G_STATIC_ASSERT(FM_CPUS_MAX < ARROW_END);

/* The write that a location has its value from. */
struct origin {
  uint64_t time;
  uint64_t value;
  uint64_t readers; /* CPUs that have an arrow already, a bit each */
  guint arrows;
  uint32_t cpu;
  enum fm_site site;
  enum fm_order order;
};

struct sim_timeline {
  struct sim_run_watcher watcher;
  char *script;
  bool (*write)(const char *text, gsize size, void *data);
  void *write_data;
  bool failed;
  bool begun;
  uint64_t events;
  uint64_t arrows;
  GHashTable *origins;  /* address -> struct origin */
  uint64_t named;       /* CPUs that have a name, a bit each */
  uint64_t free_frames; /* told last */
  bool free_told;
};

G_STATIC_ASSERT(FM_CPUS_MAX <= 64);

/* ---- Events ---- */

static void put(sim_timeline *timeline, const char *text)
{
  if (!timeline->failed && !timeline->write(text, strlen(text), timeline->write_data))
    timeline->failed = true;
}

static uint64_t now(sim_timeline *timeline)
{
  return ++timeline->events * EVENT_TIME;
}

static void add_int(JsonBuilder *json, const char *name, uint64_t value)
{
  json_builder_set_member_name(json, name);
  json_builder_add_int_value(json, (gint64)value);
}

/* JSON is UTF-8, and what a script has between quotes need not be. */
static void add_string(JsonBuilder *json, const char *name, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid(value, -1);
  if (name != NULL)
    json_builder_set_member_name(json, name);
  json_builder_add_string_value(json, valid);
}

static void add_hex(JsonBuilder *json, const char *name, uint64_t value)
{
  g_autofree char *text = g_strdup_printf("0x%" PRIx64, value);
  add_string(json, name, text);
}

static JsonBuilder *begin_event(const char *phase, uint32_t cpu)
{
  JsonBuilder *json = json_builder_new();
  json_builder_begin_object(json);
  add_string(json, "ph", phase);
  add_int(json, "pid", 1);
  add_int(json, "tid", cpu);
  return json;
}

static void begin_args(JsonBuilder *json)
{
  json_builder_set_member_name(json, "args");
  json_builder_begin_object(json);
}

/* One line of the file. */
static void put_object(sim_timeline *timeline, JsonBuilder *json)
{
  json_builder_end_object(json);
  g_autoptr(JsonNode) root = json_builder_get_root(json);
  g_object_unref(json);
  g_autofree char *text = json_to_string(root, FALSE);
  put(timeline, text);
}

static void end_event(sim_timeline *timeline, JsonBuilder *json)
{
  put(timeline, timeline->begun ? ",\n" : "{\"traceEvents\":[\n");
  timeline->begun = true;
  put_object(timeline, json);
}

static void end_args(sim_timeline *timeline, JsonBuilder *json)
{
  json_builder_end_object(json);
  end_event(timeline, json);
}

static void name_something(sim_timeline *timeline, const char *what, uint32_t cpu, const char *name)
{
  JsonBuilder *json = begin_event("M", cpu);
  add_string(json, "name", what);
  begin_args(json);
  add_string(json, "name", name);
  end_args(timeline, json);
}

static void name_cpu(sim_timeline *timeline, uint32_t cpu)
{
  if (timeline->named == 0)
    name_something(timeline, "process_name", cpu, timeline->script);
  if ((timeline->named >> cpu & 1) != 0)
    return;
  timeline->named |= UINT64_C(1) << cpu;
  g_autofree char *name = g_strdup_printf("CPU %u", cpu);
  name_something(timeline, "thread_name", cpu, name);
}

/* ---- Arrows ---- */

static void put_arrow(sim_timeline *timeline, const char *phase, uint32_t cpu, uint64_t time,
                      const char *name)
{
  JsonBuilder *json = begin_event(phase, cpu);
  add_int(json, "ts", time);
  add_string(json, "cat", "saw");
  add_string(json, "name", name);
  add_int(json, "id", timeline->arrows);
  if (phase[0] == 'f')
    add_string(json, "bp", "e"); /* it ends at the point around it, not at the next one */
  end_event(timeline, json);
}

/* The access at `time` has read; if the value came from another CPU, an arrow says so. */
static void note_read(sim_timeline *timeline, const struct fm_access *access, uint32_t cpu,
                      uint64_t time)
{
  struct origin *origin = g_hash_table_lookup(timeline->origins, access->where);
  if (origin == NULL)
    return;
  if (origin->value != access->seen) { /* somebody wrote there without a hook */
    g_hash_table_remove(timeline->origins, access->where);
    return;
  }
  if (origin->cpu == cpu || (origin->readers >> cpu & 1) != 0)
    return;
  origin->readers |= UINT64_C(1) << cpu;
  timeline->arrows++;
  g_autofree char *name = g_strdup_printf(
      "%s (%s) to %s (%s)", fm_site_info(origin->site)->name, fm_order_name(origin->order),
      fm_site_info(access->site)->name, fm_order_name(sim_access_order(access)));
  put_arrow(timeline, "s", origin->cpu, origin->time + ++origin->arrows, name);
  put_arrow(timeline, "f", cpu, time + ARROW_END, name);
}

static void forget(sim_timeline *timeline, const void *where, uint64_t bytes, uint64_t apart)
{
  for (uint64_t i = 0; i < bytes && g_hash_table_size(timeline->origins) != 0; i += apart)
    g_hash_table_remove(timeline->origins, (const uint8_t *)where + i);
}

/* Who reads there from now on sees what this access has written. */
static void note_write(sim_timeline *timeline, const struct fm_access *access, fm_paddr frame,
                       uint32_t cpu, uint64_t time)
{
  uint64_t value;
  if (!sim_access_written(access, &value)) {
    if (access->kind == FM_ACCESS_WRITE)
      forget(timeline, access->where, access->size, 1);
    return;
  }
  if (access->kind == FM_ACCESS_STORE && access->order != FM_ORDER_RELEASE) {
    g_hash_table_remove(timeline->origins, access->where);
    return;
  }
  struct origin *origin = g_new(struct origin, 1);
  *origin = (struct origin){.time = time,
                            .value = value,
                            .cpu = cpu,
                            .site = access->site,
                            .order = sim_access_order(access)};
  g_hash_table_replace(timeline->origins, access->where, origin);
  /* What was a page table once says nothing about what the frame is now. */
  if (access->site == FM_SITE_CLAIM_CAS)
    forget(timeline, (const void *)(uintptr_t)(FM_LINEAR_WINDOW + frame.raw), FM_PAGE_SIZE,
           sizeof(uint64_t));
}

/* ---- What happens ---- */

static void on_begin(sim_run *run, void *data)
{
  sim_timeline *timeline = data;
  const struct sim_cpu *cpu = run->cpu;
  g_autofree char *text = sim_command_text(cpu->command);
  g_autofree char *place = sim_place_to_string(cpu->command->place);

  if (strcmp(cpu->command->verb->name, "boot") == 0) { /* the old machine goes */
    g_hash_table_remove_all(timeline->origins);
    timeline->free_told = false;
  }
  name_cpu(timeline, cpu->id);
  JsonBuilder *json = begin_event("B", cpu->id);
  add_int(json, "ts", now(timeline));
  add_string(json, "cat", "step");
  add_string(json, "name", cpu->command->verb->name);
  begin_args(json);
  add_int(json, "step", cpu->step);
  add_string(json, "place", place);
  add_string(json, "text", text);
  if (cpu != &run->main)
    add_string(json, "thread", cpu->name);
  end_args(timeline, json);
}

static void on_access(sim_run *run, const struct fm_access *access, void *data)
{
  sim_timeline *timeline = data;
  const struct fm_site_info *info = fm_site_info(access->site);
  uint32_t cpu = run->cpu->id;
  if (info->quiet || !run->cpu->in_step)
    return;

  uint64_t time = now(timeline);
  g_autofree char *seen = sim_access_seen_text(run, access);
  g_autofree char *written = sim_access_written_text(run, access);
  fm_paddr frame = {0};
  JsonBuilder *json = begin_event("X", cpu);
  add_int(json, "ts", time);
  add_int(json, "dur", POINT_TIME);
  add_string(json, "cat", "point");
  add_string(json, "name", info->name);
  begin_args(json);
  add_string(json, "order", fm_order_name(sim_access_order(access)));
  if (seen != NULL)
    add_string(json, "seen", seen);
  if (written != NULL)
    add_string(json, "written", written);
  if (sim_access_frame(run, access, &frame))
    add_hex(json, "frame", frame.raw);
  add_string(json, "what", info->text);
  end_args(timeline, json);

  if (run->kernel->cpus == 1)
    return;
  if (seen != NULL)
    note_read(timeline, access, cpu, time);
  note_write(timeline, access, frame, cpu, time);
}

static const char *result_of(const sim_run *run)
{
  const struct sim_cpu *cpu = run->cpu;
  if (cpu->panicked)
    return "kernel panic";
  if (cpu->answer.failed)
    return cpu->answer.error;
  if (run->script_error)
    return "error";
  return run->abandoning || cpu->orphaned ||
                 (run->stopped_early && run->until_site != FM_SITE_COUNT)
             ? "stopped"
             : "Ok";
}

static void add_changes(JsonBuilder *json, sim_run *run)
{
  g_autoptr(GString) text = g_string_new(NULL);
  if (run->kernel == NULL || run->abandoning || run->script_error)
    return;
  sim_run_append_changes(run, text);
  if (text->len == 0)
    return;
  json_builder_set_member_name(json, "changes");
  json_builder_begin_array(json);
  g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    add_string(json, NULL, g_strstrip(*line));
  json_builder_end_array(json);
}

static void count_free(sim_timeline *timeline, const sim_run *run)
{
  if (run->kernel == NULL)
    return;
  uint64_t frames = fm_ops_native.free_bytes(run->kernel) / FM_PAGE_SIZE;
  if (timeline->free_told && frames == timeline->free_frames)
    return;
  timeline->free_told = true;
  timeline->free_frames = frames;
  JsonBuilder *json = begin_event("C", 0);
  add_int(json, "ts", now(timeline));
  add_string(json, "name", "free frames");
  begin_args(json);
  add_int(json, "frames", frames);
  end_args(timeline, json);
}

static void on_end(sim_run *run, void *data)
{
  sim_timeline *timeline = data;
  JsonBuilder *json = begin_event("E", run->cpu->id);
  add_int(json, "ts", now(timeline));
  begin_args(json);
  add_string(json, "result", result_of(run));
  add_changes(json, run);
  end_args(timeline, json);

  count_free(timeline, run);
}

/* ---- Life ---- */

sim_timeline *sim_timeline_new(const char *script,
                               bool (*write)(const char *text, gsize size, void *data), void *data)
{
  sim_timeline *timeline = g_new0(sim_timeline, 1);
  timeline->watcher = (struct sim_run_watcher){
      .begin = on_begin, .access = on_access, .end = on_end, .data = timeline, .needs_hooks = true};
  timeline->script = g_strdup(script);
  timeline->write = write;
  timeline->write_data = data;
  timeline->origins = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  return timeline;
}

sim_timeline *sim_timeline_free(sim_timeline *timeline)
{
  if (timeline == NULL)
    return NULL;
  g_hash_table_unref(timeline->origins);
  g_free(timeline->script);
  g_free(timeline);
  return NULL;
}

struct sim_run_watcher *sim_timeline_watcher(sim_timeline *timeline)
{
  return &timeline->watcher;
}

bool sim_timeline_end(sim_timeline *timeline, const sim_run *run)
{
  if (!timeline->begun)
    put(timeline, "{\"traceEvents\":[");
  put(timeline, "\n],\n\"displayTimeUnit\":\"ms\",\n\"otherData\":");
  JsonBuilder *json = json_builder_new();
  json_builder_begin_object(json);
  add_string(json, "framesim", "1");
  add_string(json, "script", timeline->script);
  if (run->title != NULL)
    add_string(json, "title", run->title);
  add_hex(json, "seed", run->seed);
  put_object(timeline, json);
  put(timeline, "}\n");
  return !timeline->failed;
}
