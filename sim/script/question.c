/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/question.h"

#include <string.h>

#include "sim/script/number.h"

void sim_question_clear(gpointer data)
{
  struct sim_question *question = data;
  g_free(question->place);
  g_free(question->text);
  g_strfreev(question->choices);
  g_free(question->answer);
  g_free(question->because);
  g_free(question->given);
}

/* Without blanks at the ends, in small letters; new. */
static char *plain(const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  return g_utf8_casefold(g_strstrip(valid), -1);
}

bool sim_answer_equal(const char *a, const char *b)
{
  g_autofree char *left = plain(a);
  g_autofree char *right = plain(b);
  uint64_t x;
  uint64_t y;
  if (strcmp(left, right) == 0)
    return true;
  /* Units are capitals, so numbers are read as they were written. */
  g_autofree char *number_a = g_strstrip(g_strdup(a));
  g_autofree char *number_b = g_strstrip(g_strdup(b));
  return sim_number_parse(number_a, &x, NULL) && sim_number_parse(number_b, &y, NULL) && x == y;
}

const char *sim_question_option(const struct sim_question *question, const char *given)
{
  const char *found = NULL;
  g_autofree char *start = plain(given);
  for (guint i = 0; question->choices[i] != NULL; i++)
    if (sim_answer_equal(question->choices[i], given))
      return question->choices[i];
  for (guint i = 0; start[0] != '\0' && question->choices[i] != NULL; i++) {
    g_autofree char *option = plain(question->choices[i]);
    if (!g_str_has_prefix(option, start))
      continue;
    if (found != NULL)
      return NULL;
    found = question->choices[i];
  }
  return found;
}

bool sim_question_is_right(const struct sim_question *question, const char *given)
{
  if (question->choices != NULL)
    given = sim_question_option(question, given);
  return given != NULL && sim_answer_equal(question->answer, given);
}
