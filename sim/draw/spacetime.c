/* SPDX-License-Identifier: MPL-2.0 */
/*
 * An interleaving: one column for each CPU, time going down, arrows from writes to the reads
 * that saw them.  The events are those of a timeline, which is JSON that the machine wrote.
 */
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "sim/draw/draw.h"
#include "sim/error.h"

#define ROW_STEP  34
#define BOX_H     28
#define ROWS_MAX  60u
#define COLUMNS   4
#define COLUMNS_X 110

enum row_kind { ROW_BEGIN, ROW_POINT, ROW_END };

struct row {
  enum row_kind kind;
  guint64 time;
  guint64 cpu;
  guint64 step;
  char *text;
  char *detail;
  char *title;
};

struct arrow {
  guint64 id;
  guint64 from_time, from_cpu;
  guint64 to_time, to_cpu;
  bool ended;
};

struct events {
  GArray *rows;
  GArray *arrows;
  guint64 steps[64]; /* of each CPU, that is under way */
  bool wanted[64];
  guint64 first, last;
  bool threads_only;
  bool points;
};

static void clear_row(gpointer data)
{
  struct row *row = data;
  g_free(row->text);
  g_free(row->detail);
  g_free(row->title);
}

static const char *member(JsonObject *object, const char *name)
{
  return json_object_has_member(object, name) ? json_object_get_string_member(object, name) : "";
}

/* ---- Reading ---- */

static void add_row(struct events *events, enum row_kind kind, JsonObject *event, char *text,
                    char *detail, char *title)
{
  struct row row = {.kind = kind,
                    .time = (guint64)json_object_get_int_member(event, "ts"),
                    .cpu = (guint64)json_object_get_int_member(event, "tid"),
                    .text = text,
                    .detail = detail,
                    .title = title};
  row.step = events->steps[row.cpu];
  g_array_append_val(events->rows, row);
}

static void take_begin(struct events *events, JsonObject *event, guint64 cpu)
{
  JsonObject *args = json_object_get_object_member(event, "args");
  guint64 step = (guint64)json_object_get_int_member(args, "step");
  bool in_thread = json_object_has_member(args, "thread");
  events->steps[cpu] = step;
  events->wanted[cpu] = events->last != 0 ? step >= events->first && step <= events->last
                                          : in_thread || !events->threads_only;
  if (!events->wanted[cpu])
    return;
  add_row(events, ROW_BEGIN, event, g_strdup(member(args, "text")),
          g_strdup_printf("%s%s%" G_GUINT64_FORMAT, member(args, "thread"), in_thread ? ": " : "",
                          step),
          g_strdup_printf("Step %" G_GUINT64_FORMAT " begins: %s", step, member(args, "text")));
}

static void take_point(struct events *events, JsonObject *event)
{
  JsonObject *args = json_object_get_object_member(event, "args");
  const char *seen = member(args, "seen");
  const char *written = member(args, "written");
  const char *order = member(args, "order");
  const char *sep = seen[0] != '\0' && written[0] != '\0' ? " \xe2\x86\x92 " : "";
  add_row(events, ROW_POINT, event, g_strdup(member(event, "name")),
          g_strdup_printf("%s%s%s%s%s%s", written[0] == '\0' && seen[0] != '\0' ? "saw " : "", seen,
                          sep, seen[0] == '\0' && written[0] != '\0' ? "= " : "", written,
                          strcmp(order, "release") == 0   ? "  rel"
                          : strcmp(order, "acquire") == 0 ? "  acq"
                          : strcmp(order, "acq_rel") == 0 ? "  acq+rel"
                                                          : ""),
          g_strdup_printf("%s, %s: %s", member(event, "name"), order, member(args, "what")));
}

static void take_end(struct events *events, JsonObject *event)
{
  JsonObject *args = json_object_get_object_member(event, "args");
  g_autofree char *result = g_strdup(member(args, "result"));
  add_row(events, ROW_END, event, g_strdup(result), g_strdup(""),
          g_strdup_printf("The step ends: %s", result));
}

static void take_arrow(struct events *events, JsonObject *event, bool start, guint64 cpu)
{
  guint64 id = (guint64)json_object_get_int_member(event, "id");
  guint64 time = (guint64)json_object_get_int_member(event, "ts");
  if (start) {
    struct arrow arrow = {.id = id, .from_time = time, .from_cpu = cpu};
    g_array_append_val(events->arrows, arrow);
    return;
  }
  for (guint i = 0; i < events->arrows->len; i++) {
    struct arrow *arrow = &g_array_index(events->arrows, struct arrow, i);
    if (arrow->id != id)
      continue;
    arrow->to_time = time;
    arrow->to_cpu = cpu;
    arrow->ended = true;
  }
}

static void take_event(struct events *events, JsonObject *event)
{
  const char *phase = member(event, "ph");
  guint64 cpu = (guint64)json_object_get_int_member(event, "tid");
  if (cpu >= G_N_ELEMENTS(events->steps))
    return;
  if (phase[0] == 'B')
    take_begin(events, event, cpu);
  else if (phase[0] == 's' || phase[0] == 'f')
    take_arrow(events, event, phase[0] == 's', cpu);
  else if (phase[0] == 'X' && events->wanted[cpu] && events->points)
    take_point(events, event);
  else if (phase[0] == 'E' && events->wanted[cpu])
    take_end(events, event);
}

static void take_all(struct events *events, JsonArray *all)
{
  g_array_set_size(events->rows, 0);
  g_array_set_size(events->arrows, 0);
  memset(events->wanted, 0, sizeof(events->wanted));
  for (guint i = 0; i < json_array_get_length(all); i++)
    take_event(events, json_array_get_object_element(all, i));
}

/* ---- Drawing ---- */

struct columns {
  guint64 cpus[COLUMNS];
  int count;
  int width;
};

static int column_of(const struct columns *columns, guint64 cpu)
{
  for (int i = 0; i < columns->count; i++)
    if (columns->cpus[i] == cpu)
      return i;
  return -1;
}

static struct columns choose_columns(const GArray *rows)
{
  struct columns columns = {.count = 0};
  for (guint64 cpu = 0; cpu < 64 && columns.count < COLUMNS; cpu++)
    for (guint i = 0; i < rows->len; i++)
      if (g_array_index(rows, struct row, i).cpu == cpu) {
        columns.cpus[columns.count++] = cpu;
        break;
      }
  columns.width = (SIM_PICTURE_WIDTH - COLUMNS_X - SIM_PICTURE_MARGIN) / MAX(columns.count, 1);
  columns.width = MIN(columns.width, 560);
  return columns;
}

static void draw_row(sim_picture *picture, const struct columns *columns, const struct row *row,
                     guint number, int y)
{
  static const struct sim_look looks[] = {
      [ROW_BEGIN] = {.fill = SIM_INK_PALE, .stroke = SIM_INK_TEXT, .width = 2},
      [ROW_POINT] = {.fill = SIM_INK_SHARED, .stroke = SIM_INK_TEXT},
      [ROW_END] = {.fill = SIM_INK_PAPER, .stroke = SIM_INK_FAINT, .dashed = true},
  };
  int column = column_of(columns, row->cpu);
  int x = COLUMNS_X + column * columns->width + 10;
  int w = columns->width - 60;
  int room = (w - 16) / SIM_FIXED_WIDTH(15);
  g_autofree char *id = g_strdup_printf("event-%u", number);
  if (column < 0)
    return;
  sim_picture_begin(picture, id, row->title);
  sim_picture_text(
      picture, COLUMNS_X - 20, y + 19,
      (struct sim_type){.size = 13, .anchor = SIM_ANCHOR_END, .ink = SIM_INK_FAINT, .fixed = true},
      "%u", number);
  sim_picture_rect(picture, x, y, w, BOX_H, looks[row->kind]);
  sim_picture_text(picture, x + 8, y + 19,
                   (struct sim_type){.size = 15, .fixed = true, .bold = row->kind != ROW_END},
                   "%.*s", row->kind == ROW_BEGIN ? room - 8 : room, row->text);
  sim_picture_text(picture, x + w - 8, y + 19,
                   (struct sim_type){.size = 14, .anchor = SIM_ANCHOR_END, .fixed = true}, "%s",
                   row->detail);
  sim_picture_end(picture);
}

/* The row of an event: the last one of this CPU that does not begin later. */
static int row_at(const GArray *rows, guint64 time, guint64 cpu)
{
  int found = -1;
  guint shown = MIN(rows->len, ROWS_MAX);
  if (shown < rows->len && time >= g_array_index(rows, struct row, shown).time)
    return -1;
  for (guint i = 0; i < shown; i++) {
    const struct row *row = &g_array_index(rows, struct row, i);
    if (row->cpu == cpu && row->time <= time)
      found = (int)i;
  }
  return found;
}

/* Whether an arrow before this one joins the same rows. */
static bool is_drawn(const struct events *events, guint at, int from, int to)
{
  for (guint i = 0; i < at; i++) {
    const struct arrow *arrow = &g_array_index(events->arrows, struct arrow, i);
    if (arrow->ended && row_at(events->rows, arrow->from_time, arrow->from_cpu) == from &&
        row_at(events->rows, arrow->to_time, arrow->to_cpu) == to)
      return true;
  }
  return false;
}

static void draw_arrows(sim_picture *picture, const struct columns *columns,
                        const struct events *events, int top)
{
  for (guint i = 0; i < events->arrows->len; i++) {
    const struct arrow *arrow = &g_array_index(events->arrows, struct arrow, i);
    int from = row_at(events->rows, arrow->from_time, arrow->from_cpu);
    int to = arrow->ended ? row_at(events->rows, arrow->to_time, arrow->to_cpu) : -1;
    if (from < 0 || to < 0 || is_drawn(events, i, from, to))
      continue;
    int a = column_of(columns, arrow->from_cpu);
    int b = column_of(columns, arrow->to_cpu);
    int left = COLUMNS_X + a * columns->width + 10;
    int right = COLUMNS_X + b * columns->width + 10;
    int w = columns->width - 60;
    g_autofree char *id = g_strdup_printf("reads-from-%u", i + 1);
    sim_picture_begin(picture, id, "A read that saw this write");
    sim_picture_line(picture, a < b ? left + w : left, top + from * ROW_STEP + BOX_H / 2,
                     a < b ? right : right + w, top + to * ROW_STEP + BOX_H / 2, true,
                     (struct sim_look){.stroke = SIM_INK_ILLEGAL, .width = 3});
    sim_picture_end(picture);
  }
}

static sim_picture *draw(const struct events *events, const char *title, const char *script)
{
  struct columns columns = choose_columns(events->rows);
  guint shown = MIN(events->rows->len, ROWS_MAX);
  g_autofree char *caption =
      g_strdup_printf("%s; time goes down; %u event%s%s", script, events->rows->len,
                      events->rows->len == 1 ? "" : "s",
                      shown < events->rows->len ? ", of which the first 60 are shown" : "");
  sim_picture *picture = sim_picture_new(title, caption);
  int top = SIM_PICTURE_TOP + 40;
  for (int i = 0; i < columns.count; i++) {
    int x = COLUMNS_X + i * columns.width + 10;
    sim_picture_text(picture, x, SIM_PICTURE_TOP + 22, (struct sim_type){.size = 19, .bold = true},
                     "CPU %" G_GUINT64_FORMAT, columns.cpus[i]);
    sim_picture_line(picture, x + (columns.width - 60) / 2, top - 8, x + (columns.width - 60) / 2,
                     top + (int)shown * ROW_STEP, false,
                     (struct sim_look){.stroke = SIM_INK_FAINT, .width = 2});
  }
  for (guint i = 0; i < shown; i++)
    draw_row(picture, &columns, &g_array_index(events->rows, struct row, i), i + 1,
             top + (int)i * ROW_STEP);
  draw_arrows(picture, &columns, events, top);
  int y = top + (int)shown * ROW_STEP + 26;
  sim_picture_line(picture, SIM_PICTURE_MARGIN, y - 5, SIM_PICTURE_MARGIN + 50, y - 5, true,
                   (struct sim_look){.stroke = SIM_INK_ILLEGAL, .width = 3});
  sim_picture_text(picture, SIM_PICTURE_MARGIN + 62, y, (struct sim_type){.size = 14},
                   "the read at the end saw what the write at the start had written; acq: acquire, "
                   "rel: release; dashed: the step ends, with its answer");
  picture->height = y + 24;
  return picture;
}

sim_picture *sim_draw_spacetime(const char *timeline, const char *title, uint64_t first,
                                uint64_t last, GError **error)
{
  g_autoptr(JsonParser) parser = json_parser_new();
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct row));
  g_autoptr(GArray) arrows = g_array_new(FALSE, FALSE, sizeof(struct arrow));
  struct events events = {.rows = rows,
                          .arrows = arrows,
                          .first = first,
                          .last = last,
                          .threads_only = true,
                          .points = true};
  g_array_set_clear_func(rows, clear_row);
  if (!json_parser_load_from_data(parser, timeline, -1, error))
    return NULL;
  JsonObject *root = json_node_get_object(json_parser_get_root(parser));
  JsonArray *all = json_object_get_array_member(root, "traceEvents");
  take_all(&events, all);
  if (rows->len == 0 && last == 0) {
    events.threads_only = false;
    events.points = false;
    take_all(&events, all);
  }
  if (rows->len == 0) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "no step is in this part of the run");
    return NULL;
  }
  return draw(&events, title, member(json_object_get_object_member(root, "otherData"), "script"));
}
