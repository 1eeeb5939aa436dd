/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/history.h"

#include <string.h>

#include "sim/fiber.h"
#include "sim/hook.h"
#include "sim/internal.h"
#include "sim/script/history_internal.h"

/* The main program of a script boots machines and nests blocks; threads have less. */
#define STACK_SIZE (8u << 20)

/* ---- Stopping within ---- */

/* On the history's own fiber: lets the caller of the history go on. */
static void yield(void *data)
{
  struct sim_trap *trap = sim_trap_get();
  struct sim_observer *observer = sim_observer;
  struct fm_port_cpu registers = fm_port_this_cpu;
  (void)data;
  sim_trap_set(NULL);
  sim_observer = NULL;
  sim_fiber_yield();
  sim_trap_set(trap);
  sim_observer = observer;
  fm_port_this_cpu = registers;
}

static void stop_here(sim_history *history, sim_run *run, enum sim_stop stop)
{
  history->place.stop = stop;
  if (run->cpu != &run->main)
    sim_sched_call_outside(run->sched, yield, NULL);
  else
    yield(NULL);
  if (!history->leaving)
    return;
  run->stopped_early = true;
  if (run->cpu != &run->main)
    sim_sched_request_stop(run->sched);
}

static void note_place(sim_history *history, const sim_run *run, enum fm_site site)
{
  const struct sim_cpu *cpu = run->cpu;
  history->place = (struct sim_history_place){.done = history->done,
                                              .step = cpu->step,
                                              .command = cpu->command,
                                              .thread = cpu->name,
                                              .cpu = cpu->id,
                                              .site = site};
}

/* The breakpoint that this place is at, or 0.  All slots are looked at in any case. */
static guint find_breakpoint(sim_history *history, const sim_run *run, enum fm_site site)
{
  struct sim_history_place *place = &history->place;
  guint found = 0;
  for (guint i = 0; i < history->breaks->len; i++) {
    struct sim_breakpoint *one = &g_array_index(history->breaks, struct sim_breakpoint, i);
    char before[sizeof(place->before)];
    bool changed = one->kind == SIM_BREAK_FRAME && sim_slot_watch_look(&one->watch, run, before);
    bool hit = changed ||
               (one->kind == SIM_BREAK_STEP && site == FM_SITE_COUNT && one->step == place->step) ||
               (one->kind == SIM_BREAK_POINT && site == one->site);
    if (hit && found == 0)
      found = one->number;
    if (changed && place->after[0] == '\0') {
      g_strlcpy(place->before, before, sizeof(place->before));
      g_strlcpy(place->after, one->watch.text, sizeof(place->after));
    }
  }
  return found;
}

static bool is_goal(const sim_history *history, enum fm_site site)
{
  const struct sim_history_goal *goal = &history->goal;
  switch (goal->kind) {
  case SIM_GOAL_DONE:
    return site == FM_SITE_COUNT && history->done == goal->number;
  case SIM_GOAL_UNTIL: /* a step that ends without the point is where one wants to look too */
    return history->place.step == goal->number && (site == FM_SITE_COUNT || site == goal->site);
  case SIM_GOAL_TICK:
    return history->ticks == goal->number;
  case SIM_GOAL_END:
    break;
  }
  return false;
}

/* Something has happened: an access at this site, or (FM_SITE_COUNT) the end of a step. */
static void happened(sim_history *history, sim_run *run, enum fm_site site)
{
  history->ticks++;
  note_place(history, run, site);
  guint breakpoint = find_breakpoint(history, run, site);
  if (!history->silent)
    history->place.breakpoint = breakpoint;
  if (history->place.breakpoint != 0 || is_goal(history, site))
    stop_here(history, run, site == FM_SITE_COUNT ? SIM_STOP_STEP : SIM_STOP_POINT);
}

/* ---- What the run tells ---- */

/* Index of the step among those that are under way. */
static bool find_step(const sim_history *history, uint64_t step, guint *ret)
{
  for (guint i = 0; i < history->steps->len; i++)
    if (g_array_index(history->steps, struct sim_history_step, i).step == step) {
      *ret = i;
      return true;
    }
  return false;
}

static void on_begin(sim_run *run, void *data)
{
  sim_history *history = data;
  struct sim_history_step step = {run->cpu->step, run->cpu->command, run->cpu->name, run->cpu->id,
                                  FM_SITE_COUNT};
  g_array_append_val(history->steps, step);
}

static void on_access(sim_run *run, const struct fm_access *access, void *data)
{
  sim_history *history = data;
  guint index;
  if (fm_site_info(access->site)->quiet || history->leaving ||
      !find_step(history, run->cpu->step, &index))
    return;
  g_array_index(history->steps, struct sim_history_step, index).site = access->site;
  happened(history, run, access->site);
}

static void on_end(sim_run *run, void *data)
{
  sim_history *history = data;
  guint index;
  if (history->leaving || !find_step(history, run->cpu->step, &index))
    return;
  g_array_remove_index(history->steps, index);
  history->done++;
  happened(history, run, FM_SITE_COUNT);
}

static void on_between(sim_run *run, void *data)
{
  sim_history *history = data;
  if (history->interrupted != NULL && *history->interrupted != 0 && !history->leaving)
    stop_here(history, run, SIM_STOP_INTERRUPTED);
}

static void on_text(enum sim_text_kind kind, const char *text, void *data)
{
  const sim_history *history = data;
  if (!history->silent && history->sink != NULL)
    history->sink(kind, text, history->sink_data);
}

/* ---- Running ---- */

static void execute(void *data)
{
  sim_history *history = data;
  history->verdict = sim_run_execute(history->run);
}

static bool has_ended(const sim_history *history)
{
  return history->fiber != NULL && sim_fiber_is_done(history->fiber);
}

/* A run that is thrown away has to come to its end: it owns what is on its stack. */
static void leave(sim_history *history)
{
  history->leaving = true;
  history->silent = true;
  while (history->fiber != NULL && !has_ended(history))
    (void)sim_fiber_resume(history->fiber);
  history->fiber = sim_fiber_free(history->fiber);
  history->run = sim_run_free(history->run);
  history->leaving = false;
  history->silent = false;
}

static void rewind_to_start(sim_history *history)
{
  leave(history);
  history->ticks = 0;
  history->done = 0;
  history->place = (struct sim_history_place){.stop = SIM_STOP_START, .site = FM_SITE_COUNT};
  g_array_set_size(history->steps, 0);
  for (guint i = 0; i < history->breaks->len; i++)
    g_array_index(history->breaks, struct sim_breakpoint, i).watch.known = false;
  history->run = sim_run_new(history->script, &history->options);
}

/* Until the goal, a breakpoint (unless silent), an interruption, or the end. */
static void move(sim_history *history, struct sim_history_goal goal, bool silent)
{
  if (has_ended(history))
    return;
  history->goal = goal;
  history->silent = silent;
  history->place.breakpoint = 0;
  history->place.after[0] = '\0';
  if (history->fiber == NULL)
    history->fiber = sim_fiber_new_large(STACK_SIZE, execute, history);
  if (history->fiber == NULL)
    g_error("no memory for the stack of a script");
  (void)sim_fiber_resume(history->fiber);
  history->silent = false;
  if (!has_ended(history))
    return;
  history->place.stop = SIM_STOP_END;
  history->place.done = history->done;
  history->place.verdict = history->verdict;
}

void sim_history_step(sim_history *history, uint64_t steps)
{
  uint64_t done;
  if (__builtin_add_overflow(history->done, steps, &done))
    done = UINT64_MAX;
  if (steps != 0)
    move(history, (struct sim_history_goal){.kind = SIM_GOAL_DONE, .number = done}, false);
}

void sim_history_go(sim_history *history)
{
  move(history, (struct sim_history_goal){.kind = SIM_GOAL_END}, false);
}

bool sim_history_until(sim_history *history, uint64_t step, enum fm_site site)
{
  guint index;
  if (step <= history->run->steps && !find_step(history, step, &index))
    return false;
  move(history, (struct sim_history_goal){SIM_GOAL_UNTIL, step, site}, false);
  return true;
}

void sim_history_back(sim_history *history, uint64_t steps)
{
  bool in_step = history->place.stop == SIM_STOP_POINT;
  uint64_t done = history->done;
  if (steps == 0)
    return;
  if (in_step)
    steps--;
  done = steps < done ? done - steps : 0;
  rewind_to_start(history);
  if (done != 0)
    move(history, (struct sim_history_goal){.kind = SIM_GOAL_DONE, .number = done}, true);
}

sim_why *sim_history_why(sim_history *history, fm_paddr frame)
{
  g_autoptr(sim_why) why = sim_why_new(frame);
  struct sim_history_place place = history->place;
  bool ended = has_ended(history);
  uint64_t ticks = history->ticks;

  /* It looks first: our own watcher stops the run. */
  sim_why_watcher(why)->next = &history->watcher;
  history->options.watchers = sim_why_watcher(why);
  rewind_to_start(history);
  if (ended)
    move(history, (struct sim_history_goal){.kind = SIM_GOAL_END}, true);
  else if (ticks != 0)
    move(history, (struct sim_history_goal){.kind = SIM_GOAL_TICK, .number = ticks}, true);
  history->options.watchers = &history->watcher;
  history->run->options.watchers = &history->watcher;
  if (history->ticks != ticks || has_ended(history) != ended)
    return NULL;
  history->place = place;
  return g_steal_pointer(&why);
}

/* ---- Breakpoints ---- */

static guint add_break(sim_history *history, struct sim_breakpoint one)
{
  one.number = ++history->last_break;
  g_array_append_val(history->breaks, one);
  return one.number;
}

guint sim_history_break_step(sim_history *history, uint64_t step)
{
  return add_break(history, (struct sim_breakpoint){.kind = SIM_BREAK_STEP, .step = step});
}

guint sim_history_break_point(sim_history *history, enum fm_site site)
{
  return add_break(history, (struct sim_breakpoint){.kind = SIM_BREAK_POINT, .site = site});
}

guint sim_history_break_frame(sim_history *history, fm_paddr frame)
{
  struct sim_breakpoint one = {.kind = SIM_BREAK_FRAME, .watch = {.frame = frame}};
  char before[sizeof(one.watch.text)];
  (void)sim_slot_watch_look(&one.watch, history->run, before);
  return add_break(history, one);
}

bool sim_history_delete(sim_history *history, guint number)
{
  for (guint i = 0; i < history->breaks->len; i++)
    if (g_array_index(history->breaks, struct sim_breakpoint, i).number == number) {
      g_array_remove_index(history->breaks, i);
      return true;
    }
  return false;
}

const GArray *sim_history_breakpoints(const sim_history *history)
{
  return history->breaks;
}

/* ---- Life ---- */

sim_history *sim_history_new(const sim_script *script, const struct sim_run_options *options)
{
  sim_history *history = g_new0(sim_history, 1);
  history->script = script;
  history->watcher = (struct sim_run_watcher){.begin = on_begin,
                                              .access = on_access,
                                              .end = on_end,
                                              .between = on_between,
                                              .data = history,
                                              .needs_hooks = true};
  history->interrupted = options->interrupted;
  history->sink = options->sink;
  history->sink_data = options->sink_data;
  history->options = *options;
  history->options.interrupted = NULL;
  history->options.until_step = 0;
  history->options.until_point = NULL;
  history->options.build = SIM_BUILD_AUTO; /* instrumented, as the watcher needs hooks */
  history->options.watchers = &history->watcher;
  history->options.sink = on_text;
  history->options.sink_data = history;
  history->steps = g_array_new(FALSE, FALSE, sizeof(struct sim_history_step));
  history->breaks = g_array_new(FALSE, FALSE, sizeof(struct sim_breakpoint));
  rewind_to_start(history);
  return history;
}

sim_history *sim_history_free(sim_history *history)
{
  if (history == NULL)
    return NULL;
  leave(history);
  g_array_unref(history->steps);
  g_array_unref(history->breaks);
  g_free(history);
  return NULL;
}

const struct sim_history_place *sim_history_place(const sim_history *history)
{
  return &history->place;
}

const GArray *sim_history_under_way(const sim_history *history)
{
  return history->steps;
}

const sim_machine *sim_history_machine(const sim_history *history)
{
  return sim_run_machine(history->run);
}

void sim_history_summary(const sim_history *history, struct sim_run_summary *ret)
{
  sim_run_summary(history->run, ret);
}
