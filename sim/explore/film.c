/* SPDX-License-Identifier: MPL-2.0 */
/* An execution as the film of a player. */
#include "sim/explore/film.h"

#include <inttypes.h>
#include <string.h>

#include "sim/player/follow_internal.h"

struct sim_film {
  sim_player *player;
  sim_follow *follow; /* owned */
  const struct sim_program *program;
  const struct sim_trail *trail;
  const struct sim_explore_options *options;
  const char *kind;                /* of the finding, or NULL */
  char *text;                      /* owned, or NULL */
  bool ended;                      /* the last moment is made */
  uint32_t next;                   /* event that comes next */
  uint64_t row;                    /* of the moment that was made last */
  uint64_t made[SIM_PROGRAM_VARS]; /* row at which a handle was first seen; 0: from before */
  bool bound[SIM_PROGRAM_VARS];    /* at the last moment */
};

/* ---- Holders ---- */

static struct sim_handle handle_of(const sim_film *film, guint index)
{
  const struct sim_program_var *var = &film->program->vars[index];
  struct sim_handle handle = {.kind = var->kind,
                              .frame = var->frame,
                              .size = var->size,
                              .step = film->made[index],
                              .name = film->program->names[index]};
  if (var->kind == SIM_HANDLE_LIST)
    handle.list = var->list;
  return handle;
}

static void put_holders(sim_film *film)
{
  for (guint i = 0; i < film->program->n_vars; i++) {
    const struct sim_program_var *var = &film->program->vars[i];
    bool bound = var->state == SIM_PROGRAM_BOUND && !var->is_value;
    if (bound && !film->bound[i])
      film->made[i] = film->row;
    film->bound[i] = bound;
    struct sim_handle handle = handle_of(film, i);
    g_autofree char *row = bound ? follow_holder_row(&handle) : NULL;
    sim_player_put(film->player, SIM_PLAYER_HOLDER, film->program->names[i], row);
  }
}

static bool is_variable(const struct sim_program *program, const char *name)
{
  for (guint i = 0; i < program->n_vars; i++)
    if (strcmp(program->names[i], name) == 0)
      return true;
  return false;
}

/* What the threads do not name, nobody changes. */
static void put_other_holders(const sim_film *film)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(film->program->run);
  for (guint i = 0; i < handles->len; i++) {
    struct sim_handle handle = *(const struct sim_handle *)handles->pdata[i];
    if (is_variable(film->program, handle.name))
      continue;
    g_autofree char *key = g_strdup_printf("%s %" PRIx64, handle.name, handle.frame.raw);
    handle.step = 0;
    g_autofree char *row = follow_holder_row(&handle);
    sim_player_put(film->player, SIM_PLAYER_HOLDER, key, row);
  }
}

static void put_rows(sim_film *film)
{
  follow_slots_put(film->follow, film->program->run);
  follow_rows_put_tables(film->follow, film->program->run);
  put_holders(film);
}

/* ---- Before ---- */

static void tell_start(sim_film *film)
{
  sim_run *run = film->program->run;
  g_autofree char *text =
      g_strdup_printf("Before the threads: the script's first %" PRIu64 " step%s %s been run",
                      run->steps, run->steps == 1 ? "" : "s", run->steps == 1 ? "has" : "have");
  const struct sim_command *first = film->program->threads[0].command;
  const struct sim_player_moment moment = {
      .kind = "start", .cpu = -1, .command = follow_command(film->follow, first), .text = text};
  sim_player_begin(film->player, &moment);
  follow_slots_boot(film->follow, run);
  for (guint i = 0; i < film->program->n_frames; i++)
    follow_slots_mark(film->follow, fm_pfn_of_paddr(film->program->frames[i]).nr);
  for (guint i = 0; i < film->program->n_vars; i++)
    film->bound[i] = film->program->vars[i].state == SIM_PROGRAM_BOUND;
  put_rows(film);
  put_other_holders(film);
  sim_player_end(film->player);
}

sim_film *sim_film_new(sim_player *player, const struct sim_program *program,
                       const struct sim_trail *trail, const struct sim_explore_options *options,
                       const char *kind, const char *text)
{
  sim_film *film = g_new0(sim_film, 1);
  film->player = player;
  film->follow = sim_follow_new(player);
  film->program = program;
  film->trail = trail;
  film->options = options;
  film->kind = kind;
  film->text = g_strdup(text);
  (void)follow_source(film->follow, program->run->script->source);
  tell_start(film);
  return film;
}

/* ---- An access ---- */

static char *seen_text(const sim_film *film, const struct sim_execution_event *event)
{
  if (!event->reads || !event->atomic)
    return NULL;
  g_autofree char *value = sim_table_value(sim_table_is_count(film->program, event), event->read);
  if (event->fails)
    return g_strdup_printf("%s, failed for no reason", value);
  return g_steal_pointer(&value);
}

static char *written_text(const sim_film *film, const struct sim_execution_event *event)
{
  return event->writes && event->atomic
             ? sim_table_value(sim_table_is_count(film->program, event), event->written)
             : NULL;
}

static char *from_text(const sim_film *film, const struct sim_execution_event *event)
{
  if (event->from == SIM_EXECUTION_INITIAL)
    return g_strdup("before the threads");
  return event->from >= 0 ? g_strdup_printf("step %u", sim_trail_row(film->trail, event->from))
                          : NULL;
}

/* Whether its thread does nothing any more, because it has come to its end. */
static bool is_last(const sim_film *film, uint32_t index)
{
  const sim_execution *execution = film->trail->execution;
  for (uint32_t i = index + 1; i < execution->nr_events; i++)
    if (execution->events[i].thread == execution->events[index].thread &&
        sim_trail_is_shown(film->trail, (int32_t)i))
      return false;
  return execution->complete;
}

static void tell_event(sim_film *film, uint32_t index, const struct fm_access *access)
{
  const struct sim_execution_event *event = &film->trail->execution->events[index];
  const struct sim_program_thread *thread = &film->program->threads[event->thread];
  const struct sim_command *command = sim_trail_command(film->trail, (int32_t)index);
  const struct fm_site_info *info = fm_site_info((enum fm_site)event->site);
  guint times = sim_trail_times(film->trail, (int32_t)index);
  fm_paddr paddr;
  g_autofree char *seen = seen_text(film, event);
  g_autofree char *written = written_text(film, event);
  g_autofree char *from = from_text(film, event);
  g_autofree char *frame = sim_access_frame(film->program->run, access, &paddr)
                               ? g_strdup_printf("0x%" PRIx64, paddr.raw)
                               : NULL;
  g_autofree char *what =
      times > 1 ? g_strdup_printf("%s, %u times", info->text, times) : g_strdup(info->text);
  g_autofree char *order =
      g_strdup_printf("%s%s", fm_order_name((enum fm_order)event->order),
                      film->options->order[event->site] != 0 ? ", weakened" : "");
  const struct sim_player_moment moment = {
      .kind = "point",
      .step = sim_trail_row(film->trail, (int32_t)index),
      .cpu = (int32_t)thread->cpu,
      .thread = thread->name,
      .command = command != NULL ? follow_command(film->follow, command) : -1,
      .point = info->name,
      .order = order,
      .seen = seen,
      .written = written,
      .from = from,
      .what = what,
      .frame = frame,
      .result = is_last(film, index) ? "ended" : NULL};
  film->row = moment.step;
  sim_player_begin(film->player, &moment);
  put_rows(film);
  sim_player_end(film->player);
}

void sim_film_watch(const struct fm_access *access, uint32_t thread, void *data)
{
  sim_film *film = data;
  uint32_t index = film->next++;
  (void)thread;
  if (index >= film->trail->execution->nr_events)
    return; /* the replay says itself that the program does not repeat itself */
  follow_note_access(film->follow, film->program->run, access);
  if (sim_trail_is_shown(film->trail, (int32_t)index))
    tell_event(film, index, access);
}

/* ---- The end ---- */

/* One of the two accesses of a race, as a finding of its own: each has a place. */
static void tell_racer(const sim_film *film, int32_t index)
{
  const struct sim_execution_event *event = &film->trail->execution->events[index];
  const struct sim_command *command = sim_trail_command(film->trail, index);
  g_autofree char *place = sim_table_place(command);
  g_autofree char *verb = command != NULL ? sim_command_text(command) : g_strdup("?");
  bool writes = event->writes || event->kind == FM_ACCESS_WRITE;
  fm_paddr frame;
  uint64_t offset;
  g_autofree char *text = g_strdup_printf(
      "thread %s %s at step %u, %s, in '%s'", film->program->threads[event->thread].name,
      writes ? "writes" : "reads", sim_trail_row(film->trail, index),
      fm_site_info((enum fm_site)event->site)->name, verb);
  g_autofree char *at = sim_table_slot(film->program, event, &frame, &offset)
                            ? g_strdup_printf("0x%" PRIx64, frame.raw)
                            : g_strdup("");
  sim_player_finding(film->player, film->kind, place, text, at);
}

static const struct sim_command *command_of_finding(const sim_film *film)
{
  const sim_execution *execution = film->trail->execution;
  if (execution->finding.kind == SIM_EXPLORE_RACE && execution->finding.second >= 0)
    return sim_trail_command(film->trail, execution->finding.second);
  if (execution->finding.kind == SIM_EXPLORE_JUDGED)
    return film->program->failure.command;
  return sim_trail_command(film->trail, (int32_t)execution->nr_events - 1);
}

static void tell_finding(const sim_film *film)
{
  const struct sim_explore_finding *finding = &film->trail->execution->finding;
  if (finding->kind == SIM_EXPLORE_RACE && finding->first >= 0 && finding->second >= 0) {
    tell_racer(film, finding->first);
    tell_racer(film, finding->second);
    return;
  }
  const struct sim_command *command = command_of_finding(film);
  g_autofree char *place = command != NULL ? sim_table_place(command) : g_strdup("in the end");
  sim_player_finding(film->player, film->kind, place, film->text, "");
}

/* Who waits for what, when not all threads have ended. */
static char *waits_text(const sim_film *film)
{
  GString *text = g_string_new(NULL);
  for (guint t = 0; t < film->program->n_threads; t++) {
    uint16_t site = film->trail->execution->blocked[t];
    if (site < FM_SITE_COUNT)
      g_string_append_printf(text, "; thread %s waits at %s", film->program->threads[t].name,
                             fm_site_info((enum fm_site)site)->name);
  }
  return g_string_free(text, FALSE);
}

static char *end_text(const sim_film *film)
{
  g_autofree char *waits = waits_text(film);
  bool complete = film->trail->execution->complete;
  if (film->trail->execution->finding.kind == SIM_EXPLORE_RACE)
    return g_strdup(film->text); /* begins with what it is */
  if (film->kind != NULL)
    return g_strdup_printf("%s: %s%s", film->kind, film->text, waits);
  return g_strdup_printf("The end: %s threads have ended%s%s%s", complete ? "all" : "not all",
                         waits, film->text != NULL ? "; " : "",
                         film->text != NULL ? film->text : "");
}

/* `whole`: the machine and the handles are still those of the execution. */
static void tell_end(sim_film *film, bool whole)
{
  g_autofree char *text = end_text(film);
  const struct sim_command *command = film->kind != NULL ? command_of_finding(film) : NULL;
  const struct sim_player_moment moment = {
      .kind = film->kind != NULL ? "finding" : "end",
      .cpu = -1,
      .command = command != NULL ? follow_command(film->follow, command) : -1,
      .text = text};
  film->ended = true;
  sim_player_begin(film->player, &moment);
  if (film->kind != NULL)
    sim_player_change(film->player, text); /* whole: a line at the top has less room */
  if (whole)
    put_rows(film);
  if (film->kind != NULL)
    tell_finding(film);
  sim_player_end(film->player);
}

void sim_film_judged(sim_film *film)
{
  for (guint i = 0; i < film->program->n_frames; i++)
    follow_slots_mark(film->follow, fm_pfn_of_paddr(film->program->frames[i]).nr);
  tell_end(film, true);
}

sim_film *sim_film_free(sim_film *film)
{
  if (!film->ended)
    tell_end(film, false);
  follow_tell_machine(film->follow, film->program->run);
  follow_slots_end(film->follow);
  sim_follow_free(film->follow);
  g_free(film->text);
  g_free(film);
  return NULL;
}

void sim_film_facts(sim_player *player, const struct sim_front_report *report)
{
  g_autofree char *executions = report->one ? g_strdup("this one, of its schedule")
                                            : g_strdup_printf("%" PRIu64 " complete, %" PRIu64
                                                              " blocked; this is one of them",
                                                              report->distinct, report->blocked);
  sim_player_set_verdict(player, sim_explore_verdict_name(report->verdict));
  sim_player_fact(player, "model", sim_explore_model_name(report->options.model));
  sim_player_fact(player, "executions", executions);
  if (report->variant != NULL)
    sim_player_fact(player, "variant", report->variant);
  if (report->limit != NULL)
    sim_player_fact(player, "stopped by the limit of", report->limit);
  sim_player_left_out(player, sim_explore_model_limits(report->options.model));
}
