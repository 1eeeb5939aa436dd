/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/museum/tour.h"

#include <string.h>

/* ---- What is run ---- */

static const char *schedule_of(const struct sim_museum_variant *variant, enum sim_museum_form form)
{
  return form == SIM_MUSEUM_PAST ? variant->schedule : variant->ours;
}

char *sim_museum_command(const struct sim_museum_variant *variant, enum sim_museum_form form)
{
  const char *schedule = schedule_of(variant, form);
  const char *path = sim_museum_script_of(variant->script)->path;
  GString *text = g_string_new("framesim run ");
  g_string_append(text, path);
  if (form == SIM_MUSEUM_PAST)
    g_string_append_printf(text, " --variant %s", variant->name);
  else
    g_string_append(text, " --build instrumented"); /* with its assertions, as variants are */
  if (schedule != NULL)
    g_string_append_printf(text, " --schedule '%s'", schedule);
  return g_string_free(text, FALSE);
}

enum sim_museum_end sim_museum_expected(const struct sim_museum_variant *variant,
                                        enum sim_museum_form form)
{
  return form == SIM_MUSEUM_PRESENT || variant->end == SIM_MUSEUM_NOT_SEEN ? SIM_MUSEUM_HELD
                                                                           : variant->end;
}

/* ---- The result ---- */

static bool is_end(const struct sim_museum_result *result, enum sim_museum_end end)
{
  switch (end) {
  case SIM_MUSEUM_VIOLATED:
    return result->verdict == SIM_VERDICT_VIOLATED;
  case SIM_MUSEUM_NO_BOOT:
    return result->verdict == SIM_VERDICT_NO_BOOT;
  case SIM_MUSEUM_WAITS:
    return result->waits;
  case SIM_MUSEUM_HELD:
  case SIM_MUSEUM_NOT_SEEN:
    break;
  }
  return result->verdict == SIM_VERDICT_HELD;
}

const char *sim_museum_result_word(const struct sim_museum_result *result)
{
  static const char *const words[] = {
      [SIM_VERDICT_HELD] = "held",         [SIM_VERDICT_VIOLATED] = "violated",
      [SIM_VERDICT_UNUSABLE] = "unusable", [SIM_VERDICT_LIMIT] = "limit",
      [SIM_VERDICT_NO_BOOT] = "no boot",   [SIM_VERDICT_INTERRUPTED] = "interrupted",
      [SIM_VERDICT_INPUT] = "unusable",
  };
  return result->waits ? "waits" : words[result->verdict];
}

struct listener {
  void (*sink)(enum sim_text_kind kind, const char *text, void *data);
  void *data;
  char *message; /* the first one */
};

static void listen(enum sim_text_kind kind, const char *text, void *data)
{
  struct listener *listener = data;
  if (kind == SIM_TEXT_MESSAGE && listener->message == NULL)
    listener->message = g_strdup(text);
  if (listener->sink != NULL)
    listener->sink(kind, text, listener->data);
}

/* "FILE:LINE:COL: KIND: TEXT" and more lines -> TEXT. */
static char *text_of_message(const char *message)
{
  const char *text = message;
  for (int colons = 0; colons < 4; colons++) {
    const char *next = strchr(text, ':');
    if (next == NULL)
      break;
    text = next + 1;
  }
  while (*text == ' ')
    text++;
  return g_strndup(text, strcspn(text, "\n"));
}

static void judge(sim_run *run, const struct sim_museum_variant *variant, enum sim_museum_form form,
                  struct listener *listener, struct sim_museum_result *ret)
{
  struct sim_run_summary summary;
  sim_run_summary(run, &summary);
  const GArray *found = sim_run_found(run);
  ret->waits = ret->verdict == SIM_VERDICT_UNUSABLE && summary.waits;
  ret->limit = ret->verdict == SIM_VERDICT_LIMIT;
  ret->as_expected = is_end(ret, sim_museum_expected(variant, form));
  if (found->len != 0)
    ret->finding = g_strdup(g_array_index(found, struct sim_run_found, 0).text);
  else if (listener->message != NULL)
    ret->finding = text_of_message(listener->message);
}

void sim_museum_run(const struct sim_museum_variant *variant, enum sim_museum_form form,
                    void (*sink)(enum sim_text_kind kind, const char *text, void *data), void *data,
                    struct sim_museum_result *ret)
{
  const struct sim_museum_script *script = sim_museum_script_of(variant->script);
  const char *schedule = schedule_of(variant, form);
  struct listener listener = {sink, data, NULL};
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(sim_source) source = sim_source_new(script->path, script->text, strlen(script->text));
  g_autoptr(sim_source) order = schedule != NULL ? sim_run_schedule_source(schedule) : NULL;
  g_autoptr(sim_script) parsed = sim_script_parse(source, sim_run_verbs(), sim_run_queries, errors);
  g_autoptr(sim_script) ordered = order != NULL ? sim_run_parse_schedule(order, errors) : NULL;

  *ret = (struct sim_museum_result){.verdict = SIM_VERDICT_UNUSABLE};
  if (parsed == NULL || (order != NULL && ordered == NULL) || !sim_run_lint(parsed, NULL, errors)) {
    for (guint i = 0; i < errors->len; i++)
      listen(SIM_TEXT_MESSAGE, errors->pdata[i], &listener);
    ret->finding = listener.message;
    return;
  }
  const struct sim_run_options options = {
      .build = form == SIM_MUSEUM_PAST ? SIM_BUILD_AUTO : SIM_BUILD_INSTRUMENTED,
      .variant = form == SIM_MUSEUM_PAST ? variant->name : NULL,
      .schedule = ordered,
      .sink = listen,
      .sink_data = &listener,
  };
  g_autoptr(sim_run) run = sim_run_new(parsed, &options);
  ret->verdict = sim_run_execute(run);
  judge(run, variant, form, &listener, ret);
  g_free(listener.message);
}

void sim_museum_result_clear(struct sim_museum_result *result)
{
  g_clear_pointer(&result->finding, g_free);
}
