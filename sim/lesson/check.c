/* SPDX-License-Identifier: MPL-2.0 */
/* Running the scripts of a lesson, and judging what came of them. */
#include "sim/lesson/check.h"

#include "sim/error.h"
#include "sim/explore/front.h"

sim_script *sim_lesson_load_script(const char *path, GPtrArray *errors, GError **error)
{
  g_autoptr(sim_script) script =
      sim_script_load(path, sim_run_verbs(), sim_run_queries, errors, error);
  if (script == NULL || errors->len != 0)
    return NULL;
  return sim_run_lint(script, NULL, errors) ? g_steal_pointer(&script) : NULL;
}

static void result_free(void *data)
{
  struct sim_lesson_result *result = data;
  g_free(result->script);
  g_free(result->messages);
  g_free(result);
}

static void keep_messages(enum sim_text_kind kind, const char *text, void *data)
{
  if (kind == SIM_TEXT_MESSAGE)
    g_string_append(data, text);
}

static void run(const sim_script *script, const volatile sig_atomic_t *interrupted,
                struct sim_lesson_result *result, GString *messages)
{
  struct sim_run_options options = {
      .interrupted = interrupted, .sink = keep_messages, .sink_data = messages};
  struct sim_run_summary summary;
  g_autoptr(sim_run) one = sim_run_new(script, &options);
  result->verdict = sim_run_execute(one);
  sim_run_summary(one, &summary);
  result->steps = summary.steps;
  result->expectations = summary.expectations;
  result->good = result->verdict == (result->wrong ? SIM_VERDICT_VIOLATED : SIM_VERDICT_HELD);
}

static void explore(const sim_script *script, volatile sig_atomic_t *interrupted,
                    struct sim_lesson_result *result, GString *messages)
{
  const struct sim_run_options run_options = {
      .interrupted = interrupted, .sink = keep_messages, .sink_data = messages};
  struct sim_front_options options = {.schedule = NULL};
  struct sim_front_report report;
  sim_explore_options_init(&options.search);
  options.search.interrupt = interrupted;
  result->verdict = sim_front_explore(script, &run_options, &options, &report);
  if (report.explored && report.error == NULL) {
    enum sim_explore_verdict wanted = result->wrong ? SIM_EXPLORE_VIOLATED : SIM_EXPLORE_HELD;
    result->good = result->verdict == SIM_VERDICT_HELD && report.verdict == wanted;
    result->executions = report.complete;
    g_string_append_printf(messages, "%s\n",
                           report.text != NULL ? report.text : "nothing was found");
  }
  if (report.error != NULL)
    g_string_append_printf(messages, "%s\n", report.error->message);
  sim_front_report_clear(&report);
}

static struct sim_lesson_result *check_one(const char *path, volatile sig_atomic_t *interrupted)
{
  struct sim_lesson_result *result = g_new0(struct sim_lesson_result, 1);
  result->script = g_strdup(path);
  result->wrong = sim_lesson_is_wrong(path);
  result->explored = sim_lesson_is_explored(path);
  result->verdict = SIM_VERDICT_UNUSABLE;

  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_script) script = sim_lesson_load_script(path, errors, &error);
  GString *messages = g_string_new(NULL);
  if (script != NULL && result->explored)
    explore(script, interrupted, result, messages);
  else if (script != NULL)
    run(script, interrupted, result, messages);
  for (guint i = 0; i < errors->len; i++)
    g_string_append(messages, errors->pdata[i]);
  if (error != NULL)
    g_string_append_printf(messages, "%s\n", error->message);
  result->messages = g_string_free(messages, FALSE);
  return result;
}

GPtrArray *sim_lesson_check(const struct sim_lesson *lesson, volatile sig_atomic_t *interrupted,
                            GError **error)
{
  g_auto(GStrv) scripts = sim_lesson_scripts(lesson, error);
  if (scripts == NULL)
    return NULL;
  GPtrArray *results = g_ptr_array_new_with_free_func(result_free);
  for (char **script = scripts; *script != NULL; script++)
    g_ptr_array_add(results, check_one(*script, interrupted));
  return results;
}
