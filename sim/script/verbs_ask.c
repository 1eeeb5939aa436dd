/* SPDX-License-Identifier: MPL-2.0 */
/* ask: a question whose answer the machine knows, or at least does not contradict. */
#include <string.h>

#include "sim/script/question.h"
#include "sim/script/verbs.h"

static const char *const yes_no[] = {"yes", "no", NULL};

static char **take_choices(const struct sim_command *command)
{
  const struct sim_arg *arg = sim_command_arg(command, "choice");
  if (arg == NULL)
    return NULL;
  char **choices = g_new0(char *, arg->n_exprs + 1);
  for (guint i = 0; i < arg->n_exprs; i++)
    choices[i] = g_strdup(arg->exprs[i]->text);
  return choices;
}

static bool is_condition(const struct sim_expr *expr)
{
  return expr->op >= SIM_OP_EQ || expr->op == SIM_OP_NOT;
}

/* A word that is an option, whatever else the script calls so. */
static bool is_stated(const struct sim_question *question, const struct sim_expr *expr)
{
  return question->choices != NULL &&
         (expr->kind == SIM_EXPR_WORD || expr->kind == SIM_EXPR_NAME) &&
         g_strv_contains((const char *const *)question->choices, expr->text);
}

/* The answer as text; false: it has none, reported. */
static bool find_answer(sim_run *run, const struct sim_expr *expr, struct sim_question *question)
{
  struct sim_value value;
  bool holds;
  if (is_stated(question, expr)) {
    question->answer = g_strdup(expr->text);
    return true;
  }
  if (is_condition(expr)) {
    if (!sim_run_condition(run, expr, &holds))
      return false;
    question->answer = g_strdup(yes_no[holds ? 0 : 1]);
    if (question->choices == NULL)
      question->choices = g_strdupv((char **)(guintptr)yes_no);
    return true;
  }
  if (!sim_run_value(run, expr, &value))
    return false;
  if (value.kind == SIM_VALUE_HANDLE) {
    if (!sim_run_address(run, expr, &value.number))
      return false;
    value.kind = SIM_VALUE_NUMBER;
  }
  question->answer =
      value.kind == SIM_VALUE_STRING ? g_strdup(value.text) : sim_value_to_string(&value);
  return true;
}

/* A computed answer is one of the options, and a stated one agrees with the machine. */
static bool check_answer(sim_run *run, const struct sim_command *command,
                         const struct sim_question *question)
{
  const struct sim_expr *condition = sim_command_expr(command, "if");
  const struct sim_expr *answer = sim_command_expr(command, "answer");
  bool holds = true;
  if (question->choices != NULL && sim_question_option(question, question->answer) == NULL) {
    sim_run_finding(run, answer->place, "FAILED", NULL, "the answer is %s, which is no option",
                    question->answer);
    return true;
  }
  if (condition != NULL && !sim_run_condition(run, condition, &holds))
    return false;
  if (!holds)
    sim_run_finding(run, condition->place, "FAILED", NULL,
                    "the answer '%s' is wrong: this does not hold", question->answer);
  return true;
}

static void tell_question(sim_run *run, const struct sim_question *question)
{
  g_autofree char *options =
      question->choices != NULL ? g_strjoinv(" | ", question->choices) : g_strdup("");
  sim_run_text(run, SIM_TEXT_QUESTION, "   ?  %s%s%s", question->text,
               options[0] != '\0' ? "  " : "", options);
}

static void tell_answer(sim_run *run, const struct sim_question *question)
{
  if (question->given != NULL && question->right)
    sim_run_text(run, SIM_TEXT_QUESTION, "      right: %s", question->answer);
  else if (question->given != NULL)
    sim_run_text(run, SIM_TEXT_QUESTION, "      wrong: it is %s", question->answer);
  else
    sim_run_text(run, SIM_TEXT_QUESTION, "      answer: %s", question->answer);
  if (question->because != NULL)
    sim_run_text(run, SIM_TEXT_QUESTION, "      because %s", question->because);
}

/* The question as it is to be kept; it owns nothing yet if this is false. */
static bool make_question(sim_run *run, const struct sim_command *command,
                          struct sim_question *question)
{
  const struct sim_expr *because = sim_command_expr(command, "because");
  struct sim_value text;
  struct sim_value reason = {.text = NULL};
  if (!sim_run_value(run, sim_command_expr(command, "STRING"), &text) ||
      (because != NULL && !sim_run_value(run, because, &reason)))
    return false;
  question->text = text.kind == SIM_VALUE_STRING ? g_strdup(text.text) : sim_value_to_string(&text);
  if (because != NULL)
    question->because =
        reason.kind == SIM_VALUE_STRING ? g_strdup(reason.text) : sim_value_to_string(&reason);
  question->choices = take_choices(command);
  question->place = sim_place_to_string(command->place);
  question->number = run->questions->len + 1;
  question->step = run->steps;
  return true;
}

enum sim_flow sim_verb_ask(sim_run *run, const struct sim_command *command)
{
  struct sim_question question = {0};
  if (!make_question(run, command, &question))
    return SIM_FLOW_STOP;
  /* What the step before has done is no change of a question. */
  sim_cpu_forget_touches(run->cpu);
  run->cpu->step = run->steps;
  if (!find_answer(run, sim_command_expr(command, "answer"), &question) ||
      !check_answer(run, command, &question)) {
    sim_question_clear(&question);
    return SIM_FLOW_STOP;
  }
  sim_run_flush(run); /* what was said before comes before */
  tell_question(run, &question);
  if (run->options.ask != NULL) {
    question.given = run->options.ask(&question, run->options.ask_data);
    question.right = question.given != NULL && sim_question_is_right(&question, question.given);
  }
  if (question.given != NULL || !run->options.hide_answers)
    tell_answer(run, &question);
  g_array_append_val(run->questions, question);
  return SIM_FLOW_NEXT;
}
