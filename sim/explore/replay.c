/* SPDX-License-Identifier: MPL-2.0 */
/* One execution, run again from its tokens and written down. */
#include <string.h>

#include "sim/error.h"
#include "sim/explore/internal.h"

static sim_explore_watch watch;
static void *watch_data;

void sim_explore_set_watch(sim_explore_watch new_watch, void *data)
{
  watch = new_watch;
  watch_data = data;
}

/* ---- Writing down ---- */

/* Until the end `from` is the ref of the write, if the event is a node. */
void sim_record_event(sim_explore *explore, uint32_t thread, const struct fm_access *access,
                      const struct sim_node *node)
{
  struct sim_log *log = &explore->log;
  struct sim_execution_event event = {.thread = (uint8_t)thread,
                                      .site = (uint16_t)access->site,
                                      .kind = (uint8_t)access->kind,
                                      .order = (uint8_t)access->order,
                                      .reads = access->kind == FM_ACCESS_READ,
                                      .writes = access->kind == FM_ACCESS_WRITE,
                                      .where = access->where,
                                      .size = access->size,
                                      .read = access->seen,
                                      .from = SIM_EXECUTION_NOTHING};
  uint32_t ref = SIM_REF_NONE;
  if (event.writes && access->size == sizeof(event.written))
    memcpy(&event.written, access->buffer, sizeof(event.written));
  if (node != NULL) {
    ref = sim_ref_of(thread, explore->threads[thread].done - 1u);
    event = sim_order_event(explore, (sim_ref)ref);
    event.where = access->where; /* a fence, too, has one */
    const struct sim_schedule *schedule = &explore->schedule;
    event.back = schedule->each || schedule->target == access->site ? schedule->back : 0;
  }
  g_array_append_val(log->events, event);
  g_array_append_val(log->refs, ref);
  if (watch != NULL)
    watch(access, thread, watch_data);
}

static int32_t find_event(const struct sim_log *log, uint32_t ref)
{
  for (guint i = 0; i < log->refs->len; i++)
    if (g_array_index(log->refs, uint32_t, i) == ref)
      return (int32_t)i;
  return SIM_EXECUTION_NOTHING;
}

/* Now that all is there: what each read read, and which place each write has. */
static void finish_events(sim_explore *explore)
{
  struct sim_log *log = &explore->log;
  for (guint i = 0; i < log->events->len; i++) {
    struct sim_execution_event *event = &g_array_index(log->events, struct sim_execution_event, i);
    uint32_t ref = g_array_index(log->refs, uint32_t, i);
    if (ref == SIM_REF_NONE)
      continue;
    const struct sim_node *node = sim_node_at(explore->graph, (sim_ref)ref);
    if (event->reads)
      event->from = node->rf == SIM_REF_INITIAL ? SIM_EXECUTION_INITIAL : find_event(log, node->rf);
    if (event->writes)
      event->mo = node->place;
  }
}

/* The last event of a thread at a site. */
static int32_t last_event(const struct sim_log *log, uint32_t thread, uint32_t site)
{
  for (guint i = log->events->len; i-- != 0;) {
    const struct sim_execution_event *event =
        &g_array_index(log->events, struct sim_execution_event, i);
    if (event->thread == thread && event->site == site)
      return (int32_t)i;
  }
  return -1;
}

static sim_execution *write_down(sim_explore *explore, enum sim_run_end end,
                                 enum sim_explore_kind kind, const struct sim_explore_token *tokens,
                                 uint32_t nr_tokens)
{
  const struct sim_race *race = &explore->memory.race;
  sim_execution *execution = g_new0(sim_execution, 1);
  finish_events(explore);
  execution->finding.kind = kind;
  execution->finding.first = -1;
  execution->finding.second = -1;
  if (kind != SIM_EXPLORE_NOTHING)
    execution->finding.text = g_strdup(explore->text->str);
  if (kind == SIM_EXPLORE_RACE) {
    execution->finding.first = last_event(&explore->log, race->thread[0], race->site[0]);
    execution->finding.second = last_event(&explore->log, race->thread[1], race->site[1]);
  }
  execution->complete = end == SIM_RUN_COMPLETE;
  for (uint32_t i = 0; i < explore->nr_threads; i++)
    execution->blocked[i] = explore->threads[i].blocked_at;
  execution->tokens = g_memdup2(tokens, nr_tokens * sizeof(*tokens));
  execution->nr_tokens = nr_tokens;
  execution->nr_events = explore->log.events->len;
  execution->events =
      (struct sim_execution_event *)(void *)g_array_free(explore->log.events, FALSE);
  explore->log.events = NULL;
  return execution;
}

/* ---- Running ---- */

static bool misfit(uint32_t *ret_position, uint32_t position, GError **error, const char *thread,
                   const char *site, const char *why)
{
  *ret_position = position;
  g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "%s:%s does not fit: %s", thread, site, why);
  return false;
}

static bool can_go_on(const struct sim_explore__thread *thread)
{
  return thread->state == SIM_THREAD_FRESH || thread->state == SIM_THREAD_READY;
}

static bool follow_token(sim_explore *explore, const struct sim_explore_token *token,
                         uint32_t position, uint32_t *ret_position, GError **error)
{
  struct sim_schedule *schedule = &explore->schedule;
  const char *site = token->site < FM_SITE_COUNT ? fm_site_info(token->site)->name : "*";
  if (token->thread >= explore->nr_threads)
    return misfit(ret_position, position, error, "?", site, "there is no such thread");
  const char *name = explore->program->threads[token->thread].name;
  const struct sim_explore__thread *thread = &explore->threads[token->thread];
  if (!can_go_on(thread)) {
    if (token->site == FM_SITE_COUNT)
      return true;
    return misfit(ret_position, position, error, name, site,
                  thread->state == SIM_THREAD_ENDED ? "the thread has ended before"
                                                    : "the thread waits for another one");
  }
  schedule->target = token->site;
  schedule->back = token->back;
  schedule->fails = token->fails;
  schedule->reached = false;
  schedule->refused = NULL;
  sim_run_resume(explore, token->thread);
  if (schedule->refused != NULL)
    return misfit(ret_position, position, error, name, site, schedule->refused);
  if (token->site == FM_SITE_COUNT || schedule->reached || explore->stop_run)
    return true;
  return misfit(ret_position, position, error, name, site,
                thread->state == SIM_THREAD_ENDED ? "the thread ends before it comes there"
                                                  : "the thread has to wait before it comes there");
}

static void let_all_end(sim_explore *explore)
{
  explore->schedule.target = FM_SITE_COUNT;
  explore->schedule.back = 0;
  explore->schedule.fails = false;
  for (uint32_t i = 0; i < explore->nr_threads && !explore->stop_run; i++)
    if (can_go_on(&explore->threads[i]))
      sim_run_resume(explore, i);
}

sim_execution *sim_replay_run(sim_explore *explore, const struct sim_explore_token *tokens,
                              uint32_t nr_tokens, uint32_t *ret_position, GError **error)
{
  explore->log.on = true;
  explore->log.events = g_array_new(FALSE, FALSE, sizeof(struct sim_execution_event));
  explore->log.refs = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  explore->schedule = (struct sim_schedule){.on = true, .free = true};
  sim_search_begin(explore);
  sim_run_reset(explore);
  sim_observer = &explore->observer;
  explore->adding = true;
  bool fits = true;
  for (uint32_t i = 0; i < nr_tokens && fits && !explore->stop_run; i++)
    fits = follow_token(explore, &tokens[i], i, ret_position, error);
  if (fits && !explore->stop_run)
    let_all_end(explore);
  sim_run_leave();
  enum sim_run_end end = explore->stop_run ? explore->end : sim_run_outcome(explore);

  sim_execution *execution = NULL;
  if (fits && end == SIM_RUN_BROKEN)
    g_set_error(error, SIM_ERROR, SIM_ERROR_INTERNAL, "explore: the program cannot be explored: %s",
                explore->broken);
  else if (fits)
    execution = write_down(explore, end, sim_record_find(explore, end), tokens, nr_tokens);
  if (explore->log.events != NULL)
    g_array_unref(explore->log.events);
  g_array_unref(explore->log.refs);
  explore->log.on = false;
  explore->schedule.on = false;
  return execution;
}
