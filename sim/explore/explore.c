/* SPDX-License-Identifier: MPL-2.0 */
/* The life of a search: options, what it needs, results. */
#include "sim/explore/explore.h"

#include <string.h>
#include <unistd.h>

#include "sim/error.h"
#include "sim/explore/internal.h"

const char *sim_explore_verdict_name(enum sim_explore_verdict verdict)
{
  static const char *const names[] = {"held", "violated", "limit"};
  return names[verdict];
}

void sim_explore_options_init(struct sim_explore_options *options)
{
  memset(options, 0, sizeof(*options));
  options->workers = 1;
}

/* ---- Beginning and end ---- */

static bool is_usable(const struct sim_explore_program *program, GError **error)
{
  if (program->nr_threads != 0 && program->nr_threads <= SIM_EXPLORE_THREADS)
    return true;
  g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
              "explore: the program has %u threads; it can have 1 to %u", program->nr_threads,
              SIM_EXPLORE_THREADS);
  return false;
}

static void free_graph(gpointer data)
{
  sim_graph_deinit(data);
  g_free(data);
}

static sim_explore *explore_new(const struct sim_explore_program *program,
                                const struct sim_explore_options *options)
{
  sim_explore *explore = g_new0(sim_explore, 1);
  explore->program = program;
  explore->options = *options;
  explore->nr_threads = program->nr_threads;
  sim_memory_init(&explore->memory, program->machine);
  explore->levels = g_ptr_array_new_with_free_func(free_graph);
  explore->choices = g_array_new(FALSE, FALSE, sizeof(struct sim_choice));
  explore->parts = g_array_new(FALSE, FALSE, sizeof(struct sim_part));
  explore->blocked = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  explore->blocked_list = g_array_new(FALSE, FALSE, sizeof(struct sim_blocked));
  explore->text = g_string_new(NULL);
  explore->began = g_get_monotonic_time();
  if (program->machine != NULL) {
    explore->findings_before = program->machine->findings->len;
    explore->fail_alloc = program->machine->fail_alloc;
  }
  sim_run_init(explore);
  return explore;
}

static void best_clear(struct sim_best *best)
{
  g_free(best->tokens);
  g_free(best->text);
}

static void explore_free(sim_explore *explore)
{
  sim_run_reset(explore); /* the machine is as it was */
  sim_run_deinit(explore);
  sim_memory_deinit(&explore->memory);
  g_ptr_array_unref(explore->levels);
  g_array_unref(explore->choices);
  g_array_unref(explore->parts);
  g_hash_table_unref(explore->blocked);
  g_array_unref(explore->blocked_list);
  g_string_free(explore->text, TRUE);
  best_clear(&explore->first);
  best_clear(&explore->shortest);
  g_free(explore);
}

/* ---- Searching ---- */

static double seconds_since(gint64 began)
{
  return (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC;
}

bool sim_explore_is_over(sim_explore *explore)
{
  const struct sim_explore_options *options = &explore->options;
  if (options->interrupt != NULL && *options->interrupt != 0)
    explore->stopped = explore->limit = "interrupt";
  else if (options->executions != 0 && sim_workers_count(explore, 0) >= options->executions)
    explore->stopped = explore->limit = "executions";
  else if (options->seconds != 0 && (++explore->ticks & 63u) == 0 &&
           seconds_since(explore->began) >= options->seconds)
    explore->stopped = explore->limit = "seconds";
  return explore->stopped != NULL;
}

void sim_search_run(sim_explore *explore)
{
  sim_search_begin(explore);
  do {
    enum sim_run_end end = sim_run_graph(explore);
    if (!sim_record_end(explore, end) || sim_explore_is_over(explore) ||
        sim_workers_is_over(explore))
      return;
  } while (sim_search_next(explore));
}

/* An execution that was found, again and in full. */
static bool show(sim_explore *explore, const struct sim_best *best, sim_execution **ret,
                 GError **error)
{
  uint32_t position = 0;
  if (!best->found)
    return true;
  *ret = sim_replay_run(explore, best->tokens, best->nr_tokens, &position, error);
  if (*ret == NULL)
    return false;
  if ((*ret)->finding.kind == SIM_EXPLORE_NOTHING) { /* its text at least */
    (*ret)->finding.kind = best->kind;
    (*ret)->finding.text = g_strdup(best->text);
  }
  return true;
}

static bool tell(sim_explore *explore, struct sim_explore_result *ret, GError **error)
{
  if (explore->broken != NULL) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INTERNAL, "explore: the program cannot be explored: %s",
                explore->broken);
    return false;
  }
  uint32_t last = explore->options.all || !explore->first.found ? UINT32_MAX : explore->first.part;
  for (guint i = 0; i < explore->parts->len; i++) {
    const struct sim_part *part = &g_array_index(explore->parts, struct sim_part, i);
    if (part->part > last)
      continue;
    ret->complete += part->complete;
    ret->redundant += part->redundant;
    ret->runs += part->runs;
    ret->findings += part->findings;
  }
  ret->distinct = ret->complete;
  ret->blocked = sim_workers_blocked(explore, last);
  ret->limit = explore->limit;
  ret->verdict = explore->first.found     ? SIM_EXPLORE_VIOLATED
                 : explore->limit != NULL ? SIM_EXPLORE_LIMIT
                                          : SIM_EXPLORE_HELD;
  return show(explore, &explore->first, &ret->first, error) &&
         show(explore, &explore->shortest, &ret->shortest, error);
}

bool sim_explore_run(const struct sim_explore_program *program,
                     const struct sim_explore_options *options, struct sim_explore_result *ret,
                     GError **error)
{
  struct sim_explore_result result = {0};
  if (!is_usable(program, error))
    return false;
  sim_explore *explore = explore_new(program, options);
  bool forward = options->random || options->bounded;
  uint32_t workers = options->workers;
  if (workers == 0)
    workers = (uint32_t)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1);
  bool ran = true;
  if (forward)
    sim_forward_run(explore);
  else if (workers > 1)
    ran = sim_workers_run(explore, workers, error);
  else
    sim_search_run(explore);
  ran = ran && tell(explore, &result, error);
  result.seconds = seconds_since(explore->began);
  explore_free(explore);
  if (ran)
    *ret = result;
  else
    sim_explore_result_clear(&result);
  return ran;
}

void sim_explore_result_clear(struct sim_explore_result *result)
{
  result->first = sim_execution_free(result->first);
  result->shortest = sim_execution_free(result->shortest);
}

sim_execution *sim_explore_replay(const struct sim_explore_program *program,
                                  const struct sim_explore_options *options,
                                  const struct sim_explore_token *tokens, uint32_t nr_tokens,
                                  uint32_t *ret_position, GError **error)
{
  if (!is_usable(program, error))
    return NULL;
  sim_explore *explore = explore_new(program, options);
  sim_execution *execution = sim_replay_run(explore, tokens, nr_tokens, ret_position, error);
  explore_free(explore);
  return execution;
}

uint64_t sim_explore_hash(sim_explore *explore)
{
  return sim_graph_hash(explore->graph, 0);
}
