/* SPDX-License-Identifier: MPL-2.0 */
/* framesim exercise: problems by chance, and their correction. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/error.h"
#include "sim/exercise/exercise.h"
#include "sim/script/number.h"
#include "sim/script/question.h"
#include "tools/cli.h"

#define ANSWERS_BYTES (1u << 20)

struct choices {
  char *seed;
  char *seed_from;
  char *answers;
  char *json;
  gboolean solve;
  int size;
};

static const struct sim_exercise_question *question_at(const sim_exercise *exercise, guint i)
{
  return &g_array_index(exercise->questions, struct sim_exercise_question, i);
}

/* ---- The problem, the solution ---- */

/* The problem with each "?" replaced, and the reason below; without, as it is. */
static void print_problem(const sim_exercise *exercise, bool solve)
{
  g_auto(GStrv) lines = g_strsplit(exercise->problem->str, "\n", -1);
  guint at = 0;
  printf("Exercise %s, seed %" PRIu64 ", size %u\n\n", exercise->kind, exercise->seed,
         exercise->size);
  for (guint i = 0; lines[i] != NULL && (lines[i][0] != '\0' || lines[i + 1] != NULL); i++) {
    if (!solve || !g_str_has_suffix(lines[i], " = ?")) {
      printf("%s\n", lines[i]);
      continue;
    }
    const struct sim_exercise_question *question = question_at(exercise, at++);
    printf("%.*s%s\n      %s\n", (int)strlen(lines[i]) - 1, lines[i], question->answer,
           question->reason);
  }
  if (!solve)
    printf("\nReplace each ? and have it corrected: framesim exercise %s --seed %" PRIu64
           " -n %u --answers FILE\n",
           exercise->kind, exercise->seed, exercise->size);
}

static bool is_right(const struct sim_exercise_question *question, const char *given)
{
  return given != NULL && sim_answer_equal(question->answer, given);
}

static guint count_right(const sim_exercise *exercise, const GPtrArray *answers)
{
  guint right = 0;
  for (guint i = 0; i < exercise->questions->len; i++)
    right += is_right(question_at(exercise, i), answers->pdata[i]);
  return right;
}

/* The right answer is not told: the reason leads to it, and -c shows it. */
static void print_correction(const sim_exercise *exercise, const GPtrArray *answers)
{
  for (guint i = 0; i < exercise->questions->len; i++) {
    const struct sim_exercise_question *question = question_at(exercise, i);
    const char *given = answers->pdata[i];
    bool right = is_right(question, given);
    printf("Q%-2u %s%s%s  %s = %s\n", i + 1, cli_color(right ? CLI_GREEN : CLI_RED),
           right           ? "right  "
           : given == NULL ? "missing"
                           : "wrong  ",
           cli_color(CLI_PLAIN), question->text, given != NULL ? given : "?");
    if (!right)
      printf("            %s\n", question->reason);
  }
  printf("%u of %u right\n", count_right(exercise, answers), exercise->questions->len);
}

/* ---- The record ---- */

static bool record(const sim_exercise *exercise, const GPtrArray *answers,
                   const struct choices *choices)
{
  JsonBuilder *json = cli_json_begin("exercise");
  cli_json_string(json, "exercise", exercise->kind);
  cli_json_hex(json, "seed", exercise->seed);
  cli_json_int(json, "size", exercise->size);
  cli_json_string(json, "problem", exercise->problem->str);
  json_builder_set_member_name(json, "questions");
  json_builder_begin_array(json);
  for (guint i = 0; i < exercise->questions->len; i++) {
    const struct sim_exercise_question *question = question_at(exercise, i);
    json_builder_begin_object(json);
    cli_json_int(json, "number", i + 1);
    cli_json_string(json, "text", question->text);
    if (choices->solve) {
      cli_json_string(json, "answer", question->answer);
      cli_json_string(json, "reason", question->reason);
    }
    if (answers != NULL) {
      if (answers->pdata[i] != NULL)
        cli_json_string(json, "given", answers->pdata[i]);
      json_builder_set_member_name(json, "right");
      json_builder_add_boolean_value(json, is_right(question, answers->pdata[i]));
    }
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
  if (answers != NULL)
    cli_json_int(json, "right", count_right(exercise, answers));
  return cli_json_end(json, choices->json, false);
}

/* ---- The verb ---- */

static int finish(const sim_exercise *exercise, const GPtrArray *answers,
                  const struct choices *choices)
{
  bool quiet = choices->json != NULL && strcmp(choices->json, "-") == 0;
  if (!quiet && answers != NULL)
    print_correction(exercise, answers);
  if (!quiet && (choices->solve || answers == NULL))
    print_problem(exercise, choices->solve);
  if (choices->json != NULL && !record(exercise, answers, choices))
    return CLI_INPUT;
  return answers == NULL || count_right(exercise, answers) == exercise->questions->len
             ? CLI_OK
             : CLI_VIOLATED;
}

static int correct(const sim_exercise *exercise, const struct choices *choices)
{
  GError *error = NULL;
  g_autoptr(sim_source) source = sim_source_load(choices->answers, ANSWERS_BYTES, &error);
  if (source == NULL)
    return cli_fail(error);
  g_autoptr(GPtrArray) answers = sim_exercise_read_answers(exercise, source->text, &error);
  if (answers == NULL) {
    g_prefix_error(&error, "%s: ", source->name);
    return cli_fail(error);
  }
  return finish(exercise, answers, choices);
}

static int run(int argc, char **argv, const struct choices *choices)
{
  GError *error = NULL;
  uint64_t seed = 0;
  const char *const *kinds = sim_exercise_kinds();
  if (argc != 2)
    return cli_usage_error("exercise", argc < 2 ? "KIND is missing: refcounts, buddy, translate, "
                                                  "regions, cow or interleave"
                                                : "one KIND at a time");
  if (!g_strv_contains(kinds, argv[1])) {
    const char *near = sim_suggest(argv[1], kinds);
    return cli_usage_error("exercise", "there is no exercise '%s'%s%s%s", argv[1],
                           near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                           near != NULL ? "'?" : "");
  }
  if (choices->size < 1 || choices->size > SIM_EXERCISE_SIZE_MAX)
    return cli_usage_error("exercise", "-n must be 1 to %d, not %d", SIM_EXERCISE_SIZE_MAX,
                           choices->size);
  if (choices->seed != NULL && choices->seed_from != NULL)
    return cli_usage_error("exercise", "--seed and --seed-from both say the seed");
  if (choices->seed_from != NULL)
    seed = sim_exercise_seed_from(choices->seed_from);
  else if (choices->seed != NULL && !sim_number_parse(choices->seed, &seed, &error)) {
    int status = cli_usage_error("exercise", "--seed %s: %s", choices->seed, error->message);
    g_clear_error(&error);
    return status;
  }
  g_autoptr(sim_exercise) exercise = sim_exercise_new(argv[1], seed, (guint)choices->size, &error);
  if (exercise == NULL)
    return cli_fail(error);
  return choices->answers != NULL ? correct(exercise, choices) : finish(exercise, NULL, choices);
}

int cmd_exercise(int argc, char **argv)
{
  struct choices choices = {.size = SIM_EXERCISE_SIZE};
  const GOptionEntry entries[] = {
      {"seed", 's', 0, G_OPTION_ARG_STRING, &choices.seed, "Which problem (0)", "N"},
      {"seed-from", 0, 0, G_OPTION_ARG_STRING, &choices.seed_from, "... the one of this name",
       "NAME"},
      {"size", 'n', 0, G_OPTION_ARG_INT, &choices.size, "How much there is to do, 1 to 16 (4)",
       "SIZE"},
      {"solve", 'c', 0, G_OPTION_ARG_NONE, &choices.solve, "Show the solution", NULL},
      {"answers", 0, 0, G_OPTION_ARG_FILENAME, &choices.answers,
       "Correct what is written there (- is stdin)", "FILE"},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &choices.json, "Write JSON Lines to FILE (- is stdout)",
       "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "KIND", entries, NULL,
                         "Draws a problem by chance, with a ? for each answer:\n"
                         "  refcounts   counts and states after claim, clone, get and drop\n"
                         "  buddy       which chunks are handed out, and their buddies\n"
                         "  translate   virtual addresses through page tables\n"
                         "  regions     a firmware map, normalised\n"
                         "  cow         who shares which frames after forks and writes\n"
                         "  interleave  what two CPUs get in one exact order\n"
                         "Exit status: 0, or 1 if an answer is wrong or missing.\n\n"
                         "Example: framesim exercise cow --seed-from ada -n 3\n");
  if (status < 0)
    status = run(argc, argv, &choices);
  g_free(choices.seed);
  g_free(choices.seed_from);
  g_free(choices.answers);
  g_free(choices.json);
  return status;
}
