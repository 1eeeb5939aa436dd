/* SPDX-License-Identifier: MPL-2.0 */
/* From a script to a report: the search, and the executions that are shown. */
#include "sim/explore/front.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/error.h"
#include "sim/explore/film.h"
#include "sim/explore/table.h"
#include "sim/explore/tokens.h"

struct front {
  const sim_script *script;
  const struct sim_front_options *options;
  struct sim_front_report *report;
  struct sim_program *program;
  struct sim_explore_thread threads[SIM_PROGRAM_THREADS];
  struct sim_explore_program search;
  sim_film *film; /* of the replay under way; or NULL */
  uint8_t *seen;  /* for each condition, shared with worker processes */
  int witness;    /* the condition whose first witness is looked for; NONE: no */
};

/* ---- The program as the search wants it ---- */

static void run_thread(void *data)
{
  sim_program_body(data);
}

static void reset(void *data)
{
  sim_program_reset(((struct front *)data)->program);
}

static bool judge(sim_explore *explore, GString *text, void *data)
{
  struct front *front = data;
  const struct sim_program_failure *failure = sim_program_judge(front->program);
  (void)explore;
  if (front->film != NULL)
    sim_film_judged(front->film);
  if (front->witness != SIM_PROGRAM_NONE)
    return failure != NULL || !front->program->conditions[front->witness].now;
  for (guint i = 0; i < front->program->n_conditions; i++)
    if (front->program->conditions[i].mode == SIM_PROGRAM_SOMETIMES &&
        front->program->conditions[i].now)
      front->seen[i] = 1;
  if (failure == NULL)
    return true;
  g_autofree char *said = sim_program_failure_text(front->program, failure);
  g_string_append(text, said);
  return false;
}

static void prepare(struct front *front, sim_run *run)
{
  struct sim_program *program = front->program;
  for (guint i = 0; i < program->n_threads; i++)
    front->threads[i] = (struct sim_explore_thread){.name = program->threads[i].name,
                                                    .cpu = program->threads[i].cpu,
                                                    .body = run_thread,
                                                    .data = &program->threads[i]};
  front->search = (struct sim_explore_program){.machine = run->machine,
                                               .threads = front->threads,
                                               .nr_threads = program->n_threads,
                                               .reset = reset,
                                               .judge = judge,
                                               .data = front};
  front->witness = SIM_PROGRAM_NONE;
}

/* ---- Options of the script ---- */

static bool read_key(sim_run *run, const struct sim_command *key, struct front *front)
{
  struct sim_explore_options *options = &front->report->options;
  guint given = front->options->given;
  const char *name = key->verb->name;
  const char *flag = sim_command_flag(key);
  const char *word = flag != NULL ? flag : "";
  uint64_t number = 0;
  if (flag == NULL && !sim_run_number(run, sim_command_expr(key, "NUMBER"), &number))
    return false;
  if (strcmp(name, "model") == 0 && (given & SIM_FRONT_MODEL) == 0)
    return sim_explore_model_of(word, &options->model);
  if (strcmp(name, "races") == 0 && (given & SIM_FRONT_RACES) == 0)
    options->races =
        strcmp(word, "stop") == 0 ? SIM_EXPLORE_RACES_STOP : SIM_EXPLORE_RACES_CONTINUE;
  if (strcmp(name, "preemptions") == 0 && (given & SIM_FRONT_PREEMPTIONS) == 0) {
    options->bounded = true;
    options->preemptions = (uint32_t)MIN(number, UINT32_MAX);
  }
  if (strcmp(name, "weak_fail") == 0 && (given & SIM_FRONT_WEAK_FAIL) == 0)
    options->weak_fail = (uint32_t)MIN(number, UINT32_MAX);
  if (strcmp(name, "retries") == 0 && (given & SIM_FRONT_RETRIES) == 0)
    options->retries = (uint32_t)MIN(number, UINT32_MAX);
  if (strcmp(name, "executions") == 0 && (given & SIM_FRONT_EXECUTIONS) == 0)
    options->executions = number;
  if (strcmp(name, "seconds") == 0 && (given & SIM_FRONT_SECONDS) == 0)
    options->seconds = (double)number;
  if (strcmp(name, "steps") == 0 && (given & SIM_FRONT_STEPS) == 0)
    options->steps = (uint32_t)MIN(number, UINT32_MAX);
  return true;
}

/* `variant claim.publish = relaxed`; a fence that is relaxed is none. */
static void read_order(const struct sim_command *command, struct sim_explore_options *options)
{
  const char *word = sim_command_word(command, "=");
  enum fm_site site = sim_site_by_name(sim_command_word(command, "POINT"));
  if (word == NULL || site == FM_SITE_COUNT)
    return;
  for (int order = FM_ORDER_RELAXED; order <= FM_ORDER_ACQ_REL; order++)
    if (strcmp(word, fm_order_name((enum fm_order)order)) == 0)
      options->order[site] = (uint8_t)(order + 1);
  if (fm_site_info(site)->kind == FM_ACCESS_FENCE)
    options->no_fence[site] = strcmp(word, fm_order_name(FM_ORDER_RELAXED)) == 0;
}

static bool read_options(sim_run *run, struct front *front)
{
  front->report->options = front->options->search;
  for (const struct sim_command *command = front->script->body->first; command != NULL;
       command = command->next) {
    if (strcmp(command->verb->name, "variant") == 0)
      read_order(command, &front->report->options);
    if (strcmp(command->verb->name, "explore") != 0)
      continue;
    const struct sim_command *key = sim_command_block(command, "KEYS")->first;
    for (; key != NULL; key = key->next)
      if (!read_key(run, key, front))
        return false;
  }
  return true;
}

/* ---- Trails: an execution with its commands ---- */

struct recording {
  const struct sim_program *program;
  GPtrArray *calls[SIM_PROGRAM_THREADS]; /* the command of each access */
};

static void record_access(const struct fm_access *access, uint32_t thread, void *data)
{
  const struct recording *recording = data;
  const struct sim_program_thread *self = &recording->program->threads[thread];
  (void)access;
  g_ptr_array_add(recording->calls[thread],
                  (gpointer)(uintptr_t)recording->program->op[self->at].command);
}

static void pair_commands(struct sim_trail *trail, const struct recording *recording)
{
  guint next[SIM_PROGRAM_THREADS] = {0};
  trail->commands = g_array_new(FALSE, TRUE, sizeof(const struct sim_command *));
  for (uint32_t i = 0; i < trail->execution->nr_events; i++) {
    guint thread = trail->execution->events[i].thread;
    const GPtrArray *calls = recording->calls[thread];
    const struct sim_command *command =
        next[thread] < calls->len ? calls->pdata[next[thread]] : NULL;
    next[thread]++;
    g_array_append_val(trail->commands, command);
  }
}

/* Runs the execution of these tokens and writes down which command each access is of. */
static bool replay(struct front *front, const struct sim_explore_token *tokens, uint32_t count,
                   struct sim_trail *ret, GError **error)
{
  struct recording recording = {.program = front->program};
  uint32_t position = 0;
  for (guint i = 0; i < front->program->n_threads; i++)
    recording.calls[i] = g_ptr_array_new();
  sim_explore_set_watch(record_access, &recording);
  ret->execution =
      sim_explore_replay(&front->search, &front->report->options, tokens, count, &position, error);
  sim_explore_set_watch(NULL, NULL);
  if (ret->execution != NULL)
    pair_commands(ret, &recording);
  else
    g_prefix_error(error, "schedule step %u: ", position + 1);
  for (guint i = 0; i < front->program->n_threads; i++)
    g_ptr_array_unref(recording.calls[i]);
  return ret->execution != NULL;
}

/* ---- The finding ---- */

static const char *kind_name(enum sim_explore_kind kind)
{
  switch (kind) {
  case SIM_EXPLORE_NOTHING:
    return NULL;
  case SIM_EXPLORE_JUDGED:
    return "condition";
  case SIM_EXPLORE_RACE:
    return "race";
  case SIM_EXPLORE_PANIC:
    return "panic";
  case SIM_EXPLORE_ASSERTION:
    return "assertion";
  case SIM_EXPLORE_DEADLOCK:
    return "deadlock";
  }
  return NULL;
}

static void add_access(struct front *front, const struct sim_trail *trail, int32_t index)
{
  const struct sim_execution_event *event = &trail->execution->events[index];
  struct sim_front_access access = {
      .thread = g_strdup(front->program->threads[event->thread].name),
      .place = sim_trail_place(trail, index),
      .site = fm_site_info((enum fm_site)event->site)->name,
      .order = fm_order_name((enum fm_order)event->order),
      .writes = event->writes || event->kind == FM_ACCESS_WRITE,
  };
  g_array_append_val(front->report->accesses, access);
}

/* The execution's finding, with its place: that of the command that it is about. */
static void report_finding(struct front *front, const struct sim_trail *trail)
{
  struct sim_front_report *report = front->report;
  const sim_execution *execution = trail->execution;
  const struct sim_explore_finding *finding = &execution->finding;
  report->kind = kind_name(finding->kind);
  report->text = g_strdup(finding->text);
  report->schedule = sim_tokens_to_string(&front->search, execution);
  if (finding->kind == SIM_EXPLORE_RACE && finding->first >= 0 && finding->second >= 0) {
    add_access(front, trail, finding->first);
    add_access(front, trail, finding->second);
    report->place = sim_trail_place(trail, finding->second);
  } else if (finding->kind == SIM_EXPLORE_JUDGED && front->program->failure.command != NULL) {
    report->place = sim_table_place(front->program->failure.command);
  } else if (execution->nr_events != 0) {
    report->place = sim_trail_place(trail, (int32_t)execution->nr_events - 1);
  }
}

static void show(struct front *front, const struct sim_trail *trail, const char *schedule)
{
  GString *text = front->report->table;
  sim_table_append(front->program, trail, &front->report->options, text);
  g_string_append_c(text, '\n');
  g_string_append_printf(text, "schedule: %s\n", schedule);
  if (front->options->again != NULL)
    g_string_append_printf(text, "again:    %s --schedule '%s'\n", front->options->again, schedule);
}

/* The first execution that is shown is the one to play.  `text`: if it has no finding. */
static bool play(struct front *front, const struct sim_trail *trail, const char *text)
{
  struct sim_front_report *report = front->report;
  const sim_execution *shown = trail->execution;
  const struct sim_explore_options *options = &report->options;
  uint32_t position = 0;
  if (front->options->player == NULL || report->played)
    return true;
  sim_program_reset(front->program); /* its handles are as they are before the threads */
  const char *kind = front->witness == SIM_PROGRAM_NONE ? kind_name(shown->finding.kind) : NULL;
  front->film = sim_film_new(front->options->player, front->program, trail, options, kind,
                             kind != NULL ? shown->finding.text : text);
  sim_explore_set_watch(sim_film_watch, front->film);
  g_autoptr(sim_execution) again = sim_explore_replay(&front->search, options, shown->tokens,
                                                      shown->nr_tokens, &position, &report->error);
  sim_explore_set_watch(NULL, NULL);
  front->film = sim_film_free(front->film);
  report->played = again != NULL;
  return again != NULL;
}

static bool show_finding(struct front *front, const sim_execution *found)
{
  struct sim_trail trail = {0};
  if (!replay(front, found->tokens, found->nr_tokens, &trail, &front->report->error))
    return false;
  report_finding(front, &trail);
  show(front, &trail, front->report->schedule);
  bool good = play(front, &trail, NULL);
  sim_trail_clear(&trail);
  return good;
}

/* ---- What happens sometimes ---- */

/* An execution in which the condition comes true: the first one of a search. */
static bool find_witness(struct front *front, guint index, struct sim_front_witness *witness)
{
  struct sim_explore_options options = front->report->options;
  struct sim_explore_result result = {0};
  struct sim_trail trail = {0};
  options.all = false;
  front->witness = (int)index;
  bool good = sim_explore_run(&front->search, &options, &result, &front->report->error);
  const sim_execution *found = result.shortest != NULL ? result.shortest : result.first;
  bool is_it = good && found != NULL && found->finding.kind == SIM_EXPLORE_JUDGED;
  if (is_it && replay(front, found->tokens, found->nr_tokens, &trail, &front->report->error)) {
    witness->schedule = sim_tokens_to_string(&front->search, trail.execution);
    g_string_append_printf(front->report->table, "\n%s: %s, for instance:\n\n", witness->place,
                           witness->text);
    show(front, &trail, witness->schedule);
    g_autofree char *text = g_strdup_printf("%s came true", witness->text);
    good = play(front, &trail, text);
  }
  front->witness = SIM_PROGRAM_NONE;
  sim_trail_clear(&trail);
  sim_explore_result_clear(&result);
  return good;
}

static void judge_witnesses(struct front *front)
{
  struct sim_front_report *report = front->report;
  for (guint i = 0; i < front->program->n_conditions; i++) {
    const struct sim_program_condition *condition = &front->program->conditions[i];
    if (condition->mode != SIM_PROGRAM_SOMETIMES)
      continue;
    struct sim_front_witness witness = {.place = sim_table_place(condition->command),
                                        .text = sim_command_text(condition->command),
                                        .seen = front->seen[i] != 0};
    if (!witness.seen && report->kind == NULL)
      g_string_append_printf(report->table, "\n%s: %s, in no execution%s\n", witness.place,
                             witness.text,
                             report->verdict == SIM_EXPLORE_LIMIT ? " up to the limit" : "");
    else if (witness.seen && report->kind == NULL && !find_witness(front, i, &witness))
      witness.seen = false;
    if (!witness.seen && report->verdict == SIM_EXPLORE_HELD) {
      report->verdict = SIM_EXPLORE_VIOLATED;
      report->kind = "sometimes";
      report->text = g_strdup_printf("in no execution: %s", witness.text);
      report->place = g_strdup(witness.place);
    }
    g_array_append_val(report->witnesses, witness);
  }
}

/* ---- Searching ---- */

static void take_result(struct sim_front_report *report, const struct sim_explore_result *result)
{
  report->verdict = result->verdict;
  report->complete = result->complete;
  report->blocked = result->blocked;
  report->redundant = result->redundant;
  report->distinct = result->distinct;
  report->runs = result->runs;
  report->findings = result->findings;
  report->seconds = result->seconds;
  report->limit = result->limit;
}

static void search(struct front *front)
{
  struct sim_explore_result result = {0};
  if (sim_explore_run(&front->search, &front->report->options, &result, &front->report->error)) {
    front->report->explored = true;
    take_result(front->report, &result);
    const sim_execution *found = result.shortest != NULL ? result.shortest : result.first;
    if ((found == NULL || show_finding(front, found)) && front->report->error == NULL)
      judge_witnesses(front);
  }
  sim_explore_result_clear(&result);
}

/* The one execution of a schedule that was given. */
static void run_schedule(struct front *front)
{
  struct sim_front_report *report = front->report;
  const struct sim_tokens_program of = {&front->search, &report->options};
  struct sim_trail trail = {0};
  g_autoptr(GArray) tokens = sim_tokens_parse(&of, front->options->schedule, &report->error);
  if (tokens == NULL || !replay(front, (const struct sim_explore_token *)(void *)tokens->data,
                                tokens->len, &trail, &report->error))
    return;
  report->explored = true;
  report->one = true;
  report->complete = trail.execution->complete;
  report->blocked = !trail.execution->complete;
  report->distinct = report->complete;
  report->verdict = trail.execution->finding.kind != SIM_EXPLORE_NOTHING ? SIM_EXPLORE_VIOLATED
                                                                         : SIM_EXPLORE_HELD;
  report->findings = report->verdict == SIM_EXPLORE_VIOLATED;
  report_finding(front, &trail);
  show(front, &trail, report->schedule);
  (void)play(front, &trail, NULL);
  sim_trail_clear(&trail);
}

static bool explore_group(sim_run *run, const struct sim_command *first, void *data)
{
  struct front *front = data;
  if (!read_options(run, front))
    return false;
  front->report->variant = run->booted != NULL ? run->booted->name : NULL;
  front->program = sim_program_compile(run, first);
  if (front->program == NULL)
    return false;
  prepare(front, run);
  front->seen =
      mmap(NULL, SIM_PROGRAM_CONDITIONS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (front->seen == MAP_FAILED) {
    g_set_error(&front->report->error, SIM_ERROR, SIM_ERROR_LIMIT, "the host has no memory left");
  } else {
    if (front->options->schedule != NULL)
      run_schedule(front);
    else
      search(front);
    (void)munmap(front->seen, SIM_PROGRAM_CONDITIONS);
  }
  if (front->report->played)
    sim_film_facts(front->options->player, front->report);
  const struct sim_command *rest = front->program->rest;
  if (rest != NULL) {
    g_autofree char *place = sim_table_place(rest);
    g_string_append_printf(front->report->table,
                           "\nnot explored: %s and what follows it (conditions stand right behind "
                           "the threads)\n",
                           place);
  }
  front->program = sim_program_free(front->program);
  return false; /* the script ends here */
}

enum sim_verdict sim_front_explore(const sim_script *script,
                                   const struct sim_run_options *run_options,
                                   const struct sim_front_options *options,
                                   struct sim_front_report *ret)
{
  struct front front = {.script = script, .options = options, .report = ret};
  struct sim_run_options with_group = *run_options;
  *ret = (struct sim_front_report){
      .accesses = g_array_new(FALSE, TRUE, sizeof(struct sim_front_access)),
      .witnesses = g_array_new(FALSE, TRUE, sizeof(struct sim_front_witness)),
      .table = g_string_new(NULL)};
  with_group.group = explore_group;
  with_group.group_data = &front;
  with_group.build = SIM_BUILD_INSTRUMENTED;
  sim_run *run = sim_run_new(script, &with_group);
  enum sim_verdict verdict = sim_run_execute(run);
  sim_run_free(run);
  return verdict;
}

void sim_front_report_clear(struct sim_front_report *report)
{
  for (guint i = 0; report->accesses != NULL && i < report->accesses->len; i++) {
    struct sim_front_access *access = &g_array_index(report->accesses, struct sim_front_access, i);
    g_free(access->thread);
    g_free(access->place);
  }
  for (guint i = 0; report->witnesses != NULL && i < report->witnesses->len; i++) {
    struct sim_front_witness *witness =
        &g_array_index(report->witnesses, struct sim_front_witness, i);
    g_free(witness->place);
    g_free(witness->text);
    g_free(witness->schedule);
  }
  g_clear_pointer(&report->accesses, g_array_unref);
  g_clear_pointer(&report->witnesses, g_array_unref);
  if (report->table != NULL)
    g_string_free(report->table, TRUE);
  report->table = NULL;
  g_free(report->text);
  g_free(report->place);
  g_free(report->schedule);
  g_clear_error(&report->error);
}
