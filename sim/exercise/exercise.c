/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/exercise/exercise.h"

#include <stdarg.h>
#include <string.h>

#include "sim/error.h"
#include "sim/exercise/internal.h"

/* So many drawings without a good problem are a mistake of the generator. */
#define ATTEMPTS 200

static const struct {
  const char *name;
  sim_exercise_make make;
} kinds[] = {
    {"refcounts", sim_exercise_refcounts},
    {"buddy", sim_exercise_buddy},
    {"translate", sim_exercise_translate},
    {"regions", sim_exercise_regions},
    {"cow", sim_exercise_cow},
    {"interleave", sim_exercise_interleave},
};

const char *const *sim_exercise_kinds(void)
{
  static const char *names[G_N_ELEMENTS(kinds) + 1];
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    names[i] = kinds[i].name;
  return names;
}

uint64_t sim_exercise_seed_from(const char *name)
{
  g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
  sum[8] = '\0'; /* short enough to be copied by hand */
  return g_ascii_strtoull(sum, NULL, 16);
}

/* ---- What kinds use ---- */

void sim_exercise_say(sim_exercise *exercise, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_string_append_vprintf(exercise->problem, format, args);
  va_end(args);
  g_string_append_c(exercise->problem, '\n');
}

void sim_exercise_ask(sim_exercise *exercise, char *text, char *answer, char *reason)
{
  struct sim_exercise_question question = {text, answer, reason};
  g_array_append_val(exercise->questions, question);
  sim_exercise_say(exercise, "Q%-2u %s = ?", exercise->questions->len, text);
}

bool sim_exercise_has(const sim_exercise *exercise, const char *text)
{
  for (guint i = 0; i < exercise->questions->len; i++)
    if (strcmp(g_array_index(exercise->questions, struct sim_exercise_question, i).text, text) == 0)
      return true;
  return false;
}

void sim_exercise_command(sim_exercise *exercise, GString *script, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  sim_exercise_say(exercise, "      %s", text);
  g_string_append_printf(script, "%s\n", text);
}

void sim_exercise_ask_machine(sim_exercise *exercise, GString *script, const char *text,
                              const char *expression, const char *reason)
{
  sim_exercise_ask(exercise, g_strdup(text), NULL, g_strdup(reason));
  g_string_append_printf(script, "ask \"%s\" answer %s\n", text, expression);
}

void sim_exercise_run_free(struct sim_exercise_run *run)
{
  sim_run_free(run->run);
  sim_script_free(run->script);
  sim_source_free(run->source);
  g_free(run);
}

static void ignore(enum sim_text_kind kind, const char *text, void *data)
{
  (void)kind;
  (void)text;
  (void)data;
}

/* Answers of the machine, in the order of the questions that have none yet. */
static bool take_answers(sim_exercise *exercise, const sim_run *run)
{
  const GArray *asked = sim_run_questions(run);
  guint at = 0;
  for (guint i = 0; i < exercise->questions->len; i++) {
    struct sim_exercise_question *question =
        &g_array_index(exercise->questions, struct sim_exercise_question, i);
    if (question->answer != NULL)
      continue;
    if (at == asked->len)
      return false;
    question->answer = g_strdup(g_array_index(asked, struct sim_question, at++).answer);
  }
  return at == asked->len;
}

struct sim_exercise_run *sim_exercise_run(sim_exercise *exercise, const char *text)
{
  struct sim_exercise_run *run = g_new0(struct sim_exercise_run, 1);
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  const struct sim_run_options options = {.sink = ignore};
  run->source = sim_source_new("exercise", text, strlen(text));
  run->script = sim_script_parse(run->source, sim_run_verbs(), sim_run_queries, errors);
  if (run->script != NULL && sim_run_lint(run->script, NULL, errors)) {
    run->run = sim_run_new(run->script, &options);
    if (sim_run_execute(run->run) == SIM_VERDICT_HELD && take_answers(exercise, run->run))
      return run;
  }
  sim_exercise_run_free(run);
  return NULL;
}

/* ---- Life ---- */

static void clear_question(gpointer data)
{
  struct sim_exercise_question *question = data;
  g_free(question->text);
  g_free(question->answer);
  g_free(question->reason);
}

sim_exercise *sim_exercise_free(sim_exercise *exercise)
{
  if (exercise == NULL)
    return NULL;
  g_string_free(exercise->problem, TRUE);
  g_array_unref(exercise->questions);
  g_free(exercise);
  return NULL;
}

static sim_exercise *new_empty(const char *kind, uint64_t seed, guint size)
{
  sim_exercise *exercise = g_new0(sim_exercise, 1);
  exercise->kind = kind;
  exercise->seed = seed;
  exercise->size = size;
  exercise->problem = g_string_new(NULL);
  exercise->questions = g_array_new(FALSE, FALSE, sizeof(struct sim_exercise_question));
  g_array_set_clear_func(exercise->questions, clear_question);
  return exercise;
}

/* An answer that is the same for all questions is guessed, not found. */
static bool is_trivial(const sim_exercise *exercise)
{
  const GArray *questions = exercise->questions;
  for (guint i = 1; i < questions->len; i++)
    if (strcmp(g_array_index(questions, struct sim_exercise_question, i).answer,
               g_array_index(questions, struct sim_exercise_question, 0).answer) != 0)
      return false;
  return true;
}

sim_exercise *sim_exercise_new(const char *kind, uint64_t seed, guint size, GError **error)
{
  gsize at = 0;
  while (at < G_N_ELEMENTS(kinds) && strcmp(kinds[at].name, kind) != 0)
    at++;
  if (at == G_N_ELEMENTS(kinds) || size < 1 || size > SIM_EXERCISE_SIZE_MAX) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                at == G_N_ELEMENTS(kinds) ? "there is no exercise '%s'"
                                          : "the size of exercise %s is 1 to 16",
                kind);
    return NULL;
  }
  for (guint attempt = 0; attempt < ATTEMPTS; attempt++) {
    g_autofree char *stream = g_strdup_printf("exercise %s %u %u", kind, size, attempt);
    g_autoptr(sim_exercise) exercise = new_empty(kinds[at].name, seed, size);
    struct sim_rng rng;
    sim_rng_init(&rng, seed, stream);
    if (kinds[at].make(exercise, &rng) && !is_trivial(exercise))
      return g_steal_pointer(&exercise);
  }
  g_set_error(
      error, SIM_ERROR, SIM_ERROR_LIMIT,
      "no problem of exercise %s came of %u drawings: does 'framesim boot --memory 32M' work?",
      kind, ATTEMPTS);
  return NULL;
}

/* ---- Answers ---- */

/* The number of the question that the line answers, from 1; 0: none. */
static guint parse_answer(const char *line, char **ret_value)
{
  char *rest;
  while (g_ascii_isspace(*line) || *line == '>')
    line++;
  if ((*line != 'Q' && *line != 'q') || !g_ascii_isdigit(line[1]))
    return 0;
  guint64 number = g_ascii_strtoull(line + 1, &rest, 10);
  const char *equal = strrchr(rest, '=');
  const char *value = equal != NULL ? equal + 1 : rest;
  while (equal == NULL && (*value == ':' || *value == '.' || *value == ')'))
    value++;
  *ret_value = g_strstrip(g_strdup(value));
  return number <= 1000 ? (guint)number : 1001;
}

GPtrArray *sim_exercise_read_answers(const sim_exercise *exercise, const char *text, GError **error)
{
  g_autoptr(GPtrArray) answers = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_ptr_array_set_size(answers, (int)exercise->questions->len);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_autofree char *value = NULL;
    guint number = parse_answer(lines[i], &value);
    if (value == NULL)
      continue;
    if (number == 0 || number > answers->len) {
      g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
                  "line %u answers a question that there is not: they are Q1 to Q%u", i + 1,
                  answers->len);
      return NULL;
    }
    if (value[0] == '\0' || strcmp(value, "?") == 0)
      continue;
    g_free(answers->pdata[number - 1]);
    answers->pdata[number - 1] = g_steal_pointer(&value);
  }
  return g_steal_pointer(&answers);
}
