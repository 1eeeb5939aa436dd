/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Scripts in tests: run from a string, with all that the run said collected.
 *
 * One at a time, as there is one machine; run_free() ends it.  One thread.  A script that
 * does not parse is a failure of the test.
 */
#ifndef FM_TESTS_UNIT_RUN_SUPPORT_H
#define FM_TESTS_UNIT_RUN_SUPPORT_H

#include "sim/script/interp.h"
#include "tests/suite.h"

struct run_text {
  enum sim_text_kind kind;
  char *text;
};

struct run {
  sim_source *source;
  sim_script *script;
  GPtrArray *errors;
  GArray *texts; /* struct run_text, in the order in which they came */
  struct sim_run_options options;
  sim_run *run;
  enum sim_verdict verdict;
  struct sim_run_summary summary;
};

static inline void run_sink(enum sim_text_kind kind, const char *text, void *data)
{
  struct run_text entry = {kind, g_strdup(text)};
  g_array_append_val(((struct run *)data)->texts, entry);
}

/* Parsed, not run; the options may be changed then.  `body` follows `framesim 1`. */
static inline struct run *run_load(const char *body)
{
  struct run *run = g_new0(struct run, 1);
  g_autofree char *text = g_strdup_printf("framesim 1\n%s\n", body);
  run->source = sim_source_new("test.fms", text, strlen(text));
  run->errors = g_ptr_array_new_with_free_func(g_free);
  run->texts = g_array_new(FALSE, FALSE, sizeof(struct run_text));
  run->script = sim_script_parse(run->source, sim_run_verbs(), sim_run_queries, run->errors);
  if (run->script != NULL)
    (void)sim_run_lint(run->script, NULL, run->errors);
  ck_assert_msg(run->errors->len == 0, "%s",
                run->errors->len != 0 ? (const char *)run->errors->pdata[0] : "");
  run->options = (struct sim_run_options){.sink = run_sink, .sink_data = run};
  return run;
}

static inline void run_execute(struct run *run)
{
  run->run = sim_run_new(run->script, &run->options);
  run->verdict = sim_run_execute(run->run);
  sim_run_summary(run->run, &run->summary);
}

static inline struct run *run_body(const char *body)
{
  struct run *run = run_load(body);
  run_execute(run);
  return run;
}

/* The nth text of that kind; NULL: there are fewer. */
static inline const char *run_nth(const struct run *run, enum sim_text_kind kind, guint nth)
{
  for (guint i = 0; i < run->texts->len; i++) {
    const struct run_text *entry = &g_array_index(run->texts, struct run_text, i);
    if (entry->kind == kind && nth-- == 0)
      return entry->text;
  }
  return NULL;
}

/* Whether the nth message has the text somewhere. */
static inline void run_must_say(const struct run *run, guint nth, const char *text)
{
  const char *message = run_nth(run, SIM_TEXT_MESSAGE, nth);
  ck_assert_msg(message != NULL, "no message %u, expected: %s", nth, text);
  ck_assert_msg(strstr(message, text) != NULL, "expected: %s\nsaid: %s", text, message);
}

/* Held, and if not, why. */
static inline void run_must_hold(const struct run *run)
{
  const char *message = run_nth(run, SIM_TEXT_MESSAGE, 0);
  ck_assert_msg(run->verdict == SIM_VERDICT_HELD, "verdict %d: %s", run->verdict,
                message != NULL ? message : "");
}

static inline void run_free(struct run *run)
{
  sim_run_free(run->run);
  for (guint i = 0; i < run->texts->len; i++)
    g_free(g_array_index(run->texts, struct run_text, i).text);
  g_array_unref(run->texts);
  g_ptr_array_unref(run->errors);
  sim_script_free(run->script);
  sim_source_free(run->source);
  g_free(run);
}

#endif
