/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/questions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/cli.h"

/* One line of standard input without its end; NULL: there is none. */
static char *read_line(void)
{
  char *line = NULL;
  size_t room = 0;
  ssize_t size = getline(&line, &room, stdin);
  if (size < 0) {
    free(line);
    return NULL;
  }
  char *copy = g_strchomp(g_strdup(line));
  free(line);
  return copy;
}

/* Asks again for what is no option; an empty line is no answer. */
static char *ask(const struct sim_question *question, void *data)
{
  (void)data;
  for (;;) {
    printf("   >  ");
    fflush(stdout);
    char *line = read_line();
    if (line == NULL || line[0] == '\0') {
      if (line == NULL || !isatty(STDIN_FILENO))
        printf("\n");
      g_free(line);
      return NULL;
    }
    if (!isatty(STDIN_FILENO))
      printf("%s\n", line);
    if (question->choices == NULL || sim_question_option(question, line) != NULL)
      return line;
    g_autofree char *options = g_strjoinv(", ", question->choices);
    printf("      one of: %s (an empty line shows the answer)\n", options);
    g_free(line);
  }
}

int questions_choose(const char *verb, const char *answers, const char *script,
                     struct sim_run_options *options)
{
  bool at_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
  bool from_stdin = strcmp(script, "-") == 0;
  if (answers == NULL)
    answers = at_terminal && !from_stdin ? "ask" : "reveal";
  if (strcmp(answers, "ask") != 0 && strcmp(answers, "reveal") != 0 && strcmp(answers, "hide") != 0)
    return cli_usage_error(verb, "--answers must be ask, reveal or hide, not '%s'", answers);
  if (strcmp(answers, "ask") == 0 && from_stdin)
    return cli_usage_error(verb, "--answers ask reads answers from standard input, so the script "
                                 "has to be a file");
  options->ask = strcmp(answers, "ask") == 0 ? ask : NULL;
  options->hide_answers = strcmp(answers, "hide") == 0;
  return -1;
}

void questions_print(const struct sim_run_options *options, const GArray *questions)
{
  guint right = 0;
  if (options->ask == NULL || questions->len == 0)
    return;
  for (guint i = 0; i < questions->len; i++)
    right += g_array_index(questions, struct sim_question, i).right;
  printf("%u question%s, %u answered rightly\n", questions->len, questions->len == 1 ? "" : "s",
         right);
}

static void record_one(JsonBuilder *json, const struct sim_question *question, bool hide)
{
  json_builder_begin_object(json);
  cli_json_int(json, "number", question->number);
  cli_json_string(json, "place", question->place);
  cli_json_int(json, "step", question->step);
  cli_json_string(json, "text", question->text);
  if (question->choices != NULL) {
    json_builder_set_member_name(json, "choices");
    json_builder_begin_array(json);
    for (guint i = 0; question->choices[i] != NULL; i++)
      json_builder_add_string_value(json, question->choices[i]);
    json_builder_end_array(json);
  }
  if (question->given != NULL) {
    cli_json_string(json, "given", question->given);
    json_builder_set_member_name(json, "right");
    json_builder_add_boolean_value(json, question->right);
  }
  if (!hide)
    cli_json_string(json, "answer", question->answer);
  if (!hide && question->because != NULL)
    cli_json_string(json, "because", question->because);
  json_builder_end_object(json);
}

void questions_record(JsonBuilder *json, const struct sim_run_options *options,
                      const GArray *questions)
{
  json_builder_set_member_name(json, "questions");
  json_builder_begin_array(json);
  for (guint i = 0; i < questions->len; i++)
    record_one(json, &g_array_index(questions, struct sim_question, i), options->hide_answers);
  json_builder_end_array(json);
}
