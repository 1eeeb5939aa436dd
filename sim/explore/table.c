/* SPDX-License-Identifier: MPL-2.0 */
/* An execution as a table. */
#include "sim/explore/table.h"

#include <inttypes.h>
#include <string.h>

#define COLUMN_MAX 46u

void sim_trail_clear(struct sim_trail *trail)
{
  g_clear_pointer(&trail->execution, sim_execution_free);
  if (trail->commands != NULL)
    g_array_unref(trail->commands);
  trail->commands = NULL;
}

/* ---- Words ---- */

char *sim_table_place(const struct sim_command *command)
{
  if (command == NULL || command->place.source == NULL)
    return g_strdup("?");
  return g_strdup_printf("%s:%u", command->place.source->name, sim_place_line(command->place));
}

const struct sim_command *sim_trail_command(const struct sim_trail *trail, int32_t event)
{
  return event >= 0 && (guint)event < trail->commands->len
             ? g_array_index(trail->commands, const struct sim_command *, (guint)event)
             : NULL;
}

char *sim_trail_place(const struct sim_trail *trail, int32_t event)
{
  return sim_table_place(sim_trail_command(trail, event));
}

static const struct sim_execution_event *event_at(const struct sim_trail *trail, int32_t index)
{
  return &trail->execution->events[index];
}

bool sim_table_slot(const struct sim_program *program, const struct sim_execution_event *event,
                    fm_paddr *ret_frame, uint64_t *ret_offset)
{
  uint64_t address = (uint64_t)(uintptr_t)event->where;
  if (address < FM_META_WINDOW ||
      address >= FM_META_WINDOW + program->kernel->nr_frames * FM_SLOT_SIZE)
    return false;
  *ret_offset = address % FM_SLOT_SIZE;
  *ret_frame = fm_slot_paddr((const struct fm_slot *)(uintptr_t)(address - *ret_offset));
  return true;
}

bool sim_table_is_count(const struct sim_program *program, const struct sim_execution_event *event)
{
  fm_paddr frame;
  uint64_t offset;
  return sim_table_slot(program, event, &frame, &offset) &&
         offset == offsetof(struct fm_slot, ref_count);
}

char *sim_table_value(bool count, uint64_t value)
{
  enum fm_count_state state = fm_count_state(value);
  if (!count || state == FM_STATE_SHARED || state == FM_STATE_ILLEGAL)
    return value < 4096 ? g_strdup_printf("%" PRIu64, value) : g_strdup_printf("0x%" PRIx64, value);
  return g_strdup(fm_count_state_name(state));
}

/* ---- Rows: numbers of what is shown ---- */

/* A plain access that repeats the one right before it, but for its place. */
static bool is_repeat(const struct sim_trail *trail, int32_t index)
{
  const struct sim_execution_event *event = event_at(trail, index);
  const struct sim_execution_event *before = index > 0 ? event - 1 : NULL;
  return before != NULL && !event->atomic && before->thread == event->thread &&
         before->site == event->site &&
         sim_trail_command(trail, index) == sim_trail_command(trail, index - 1) &&
         (event->site == FM_SITE_IO_READ || event->site == FM_SITE_IO_WRITE);
}

bool sim_trail_is_shown(const struct sim_trail *trail, int32_t index)
{
  return !fm_site_info((enum fm_site)event_at(trail, index)->site)->quiet &&
         !is_repeat(trail, index);
}

guint sim_trail_row(const struct sim_trail *trail, int32_t index)
{
  guint row = 0;
  for (int32_t i = 0; i <= index; i++)
    row += sim_trail_is_shown(trail, i);
  return row;
}

/* How often an access was made in a row. */
guint sim_trail_times(const struct sim_trail *trail, int32_t index)
{
  guint count = 1;
  while ((uint32_t)index + count < trail->execution->nr_events &&
         is_repeat(trail, index + (int32_t)count))
    count++;
  return count;
}

/* "1 -> busy", "= 1", "saw 2": what an event did. */
static char *deed_text(const struct sim_program *program, const struct sim_execution_event *event)
{
  bool count = sim_table_is_count(program, event);
  g_autofree char *read = sim_table_value(count, event->read);
  g_autofree char *written = sim_table_value(count, event->written);
  bool cas = event->kind == FM_ACCESS_CAS;
  if (event->reads && event->writes)
    return g_strdup_printf("%s -> %s", read, written);
  if (event->writes && event->atomic)
    return g_strdup_printf("= %s", written);
  if (event->fails)
    return g_strdup_printf("saw %s, failed for no reason", read);
  if (event->reads && event->atomic)
    return g_strdup_printf("saw %s%s", read, cas ? ", unchanged" : "");
  return g_strdup("");
}

struct table {
  const struct sim_program *program;
  const struct sim_trail *trail;
  const struct sim_explore_options *options;
  GString *text;
  guint widths[SIM_PROGRAM_THREADS];
  const struct sim_command *last[SIM_PROGRAM_THREADS]; /* command shown last */
  bool several;                                        /* frames */
  fm_paddr frame;
  bool any;
};

static char *cell_text(const struct table *table, int32_t index)
{
  const struct sim_program *program = table->program;
  const struct sim_trail *trail = table->trail;
  const struct sim_execution_event *event = event_at(trail, index);
  const struct fm_site_info *info = fm_site_info((enum fm_site)event->site);
  guint count = sim_trail_times(trail, index);
  g_autofree char *deed =
      count > 1 ? g_strdup_printf("%u times", count) : deed_text(program, event);
  g_autofree char *from = event->from >= 0
                              ? g_strdup_printf("  <- %u", sim_trail_row(trail, event->from))
                          : event->from == SIM_EXECUTION_INITIAL ? g_strdup("  <- start")
                                                                 : g_strdup("");
  bool weakened = table->options->order[event->site] != 0;
  return g_strdup_printf("  %-14s %s%s%s%s%s", info->name, deed, from, weakened ? "  (" : "",
                         weakened ? fm_order_name((enum fm_order)event->order) : "",
                         weakened ? ")" : "");
}

static char *slot_text(const struct sim_program *program, const struct sim_execution_event *event,
                       bool with_frame)
{
  fm_paddr frame;
  uint64_t offset;
  if (!sim_table_slot(program, event, &frame, &offset))
    return g_strdup("");
  g_autofree char *at = with_frame ? g_strdup_printf("0x%" PRIx64 " ", frame.raw) : g_strdup("");
  bool written = event->writes && event->atomic && sim_table_is_count(program, event);
  if (!written)
    return with_frame ? g_steal_pointer(&at) : g_strdup("");
  enum fm_count_state state = fm_count_state(event->written);
  if (state == FM_STATE_SHARED)
    return g_strdup_printf("%sshared %" PRIu64, at, event->written);
  return g_strdup_printf("%s%s", at, fm_count_state_name(state));
}

/* ---- The table ---- */

static char *command_text(const struct sim_command *command)
{
  g_autofree char *text = sim_command_text(command);
  g_strdelimit(text, "\n", ' ');
  char *whole = g_strdup_printf("%u: %s", sim_place_line(command->place), text);
  if (strlen(whole) > COLUMN_MAX)
    memcpy(whole + COLUMN_MAX - 3, "...", 4);
  return whole;
}

static void widen(struct table *table, guint thread, const char *text)
{
  table->widths[thread] = MAX(table->widths[thread], (guint)strlen(text));
}

/* Which frames there are, and how wide the columns get. */
static void measure(struct table *table)
{
  for (guint t = 0; t < table->program->n_threads; t++) {
    g_autofree char *head = g_strdup_printf("%s (CPU %u)", table->program->threads[t].name,
                                            table->program->threads[t].cpu);
    widen(table, t, head);
  }
  for (uint32_t i = 0; i < table->trail->execution->nr_events; i++) {
    const struct sim_execution_event *event = event_at(table->trail, (int32_t)i);
    const struct sim_command *command = sim_trail_command(table->trail, (int32_t)i);
    fm_paddr frame;
    uint64_t offset;
    if (!sim_trail_is_shown(table->trail, (int32_t)i))
      continue;
    g_autofree char *cell = cell_text(table, (int32_t)i);
    g_autofree char *text = command != NULL ? command_text(command) : g_strdup("");
    widen(table, event->thread, cell);
    widen(table, event->thread, text);
    if (!sim_table_slot(table->program, event, &frame, &offset))
      continue;
    table->several |= table->any && frame.raw != table->frame.raw;
    table->frame = frame;
    table->any = true;
  }
}

static void append_row(const struct table *table, const char *number, guint thread,
                       const char *cell, const char *slot)
{
  GString *line = g_string_new(NULL);
  g_string_append_printf(line, "%5s  ", number);
  for (guint t = 0; t < table->program->n_threads; t++)
    g_string_append_printf(line, "%-*s  ", (int)table->widths[t], t == thread ? cell : "");
  g_string_append(line, slot);
  while (line->len != 0 && line->str[line->len - 1] == ' ')
    g_string_truncate(line, line->len - 1);
  g_string_append_printf(table->text, "%s\n", line->str);
  g_string_free(line, TRUE);
}

static void append_head(const struct table *table)
{
  GString *line = g_string_new("       ");
  for (guint t = 0; t < table->program->n_threads; t++) {
    g_autofree char *head = g_strdup_printf("%s (CPU %u)", table->program->threads[t].name,
                                            table->program->threads[t].cpu);
    g_string_append_printf(line, "%-*s  ", (int)table->widths[t], head);
  }
  if (table->any && !table->several)
    g_string_append_printf(line, "slot of 0x%" PRIx64, table->frame.raw);
  else if (table->any)
    g_string_append(line, "slot");
  g_string_append_printf(table->text, "%s\n", g_strchomp(line->str));
  g_string_free(line, TRUE);
}

static void append_events(struct table *table)
{
  for (uint32_t i = 0; i < table->trail->execution->nr_events; i++) {
    const struct sim_execution_event *event = event_at(table->trail, (int32_t)i);
    const struct sim_command *command = sim_trail_command(table->trail, (int32_t)i);
    if (!sim_trail_is_shown(table->trail, (int32_t)i))
      continue;
    if (command != NULL && table->last[event->thread] != command) {
      g_autofree char *text = command_text(command);
      append_row(table, "", event->thread, text, "");
      table->last[event->thread] = command;
    }
    g_autofree char *number = g_strdup_printf("%u", sim_trail_row(table->trail, (int32_t)i));
    g_autofree char *cell = cell_text(table, (int32_t)i);
    g_autofree char *slot = slot_text(table->program, event, table->several);
    append_row(table, number, event->thread, cell, slot);
  }
}

/* ---- Below the table ---- */

static const char *part_of_slot(uint64_t offset)
{
  if (offset < offsetof(struct fm_slot, ref_count))
    return "the metadata";
  if (offset < offsetof(struct fm_slot, vtable_ptr))
    return "the count";
  return offset < offsetof(struct fm_slot, in_list) ? "the vtable address" : "the list's id";
}

static void append_access(const struct table *table, int32_t index)
{
  const struct sim_execution_event *event = event_at(table->trail, index);
  const struct sim_command *command = sim_trail_command(table->trail, index);
  g_autofree char *place = sim_table_place(command);
  g_autofree char *text = command != NULL ? sim_command_text(command) : g_strdup("?");
  bool writes = event->writes || event->kind == FM_ACCESS_WRITE;
  g_string_append_printf(table->text, "  %-6s %s at %-3u %-14s (%s: %s)\n",
                         table->program->threads[event->thread].name, writes ? "writes" : "reads ",
                         sim_trail_row(table->trail, index),
                         fm_site_info((enum fm_site)event->site)->name, place, text);
}

static void append_race(const struct table *table)
{
  const struct sim_explore_finding *finding = &table->trail->execution->finding;
  const struct sim_execution_event *event = event_at(table->trail, finding->second);
  fm_paddr frame;
  uint64_t offset;
  if (sim_table_slot(table->program, event, &frame, &offset))
    g_string_append_printf(table->text, "\nrace on %s of frame 0x%" PRIx64 ", not ordered:\n",
                           part_of_slot(offset), frame.raw);
  else
    g_string_append(table->text, "\nrace, not ordered:\n");
  append_access(table, finding->first);
  append_access(table, finding->second);
}

static void append_waits(const struct table *table)
{
  for (guint t = 0; t < table->program->n_threads; t++) {
    uint16_t site = table->trail->execution->blocked[t];
    if (site < FM_SITE_COUNT)
      g_string_append_printf(table->text, "%s waits at %s\n", table->program->threads[t].name,
                             fm_site_info((enum fm_site)site)->name);
  }
}

void sim_table_append(const struct sim_program *program, const struct sim_trail *trail,
                      const struct sim_explore_options *options, GString *text)
{
  struct table table = {.program = program, .trail = trail, .options = options, .text = text};
  const struct sim_explore_finding *finding = &trail->execution->finding;
  measure(&table);
  append_head(&table);
  append_events(&table);
  if (finding->kind == SIM_EXPLORE_RACE && finding->first >= 0 && finding->second >= 0)
    append_race(&table);
  append_waits(&table);
}
