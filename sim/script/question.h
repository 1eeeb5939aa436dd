/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Questions to whoever studies, and what counts as a right answer.
 *
 * A question has an answer that the machine gave when the question was asked.  Answers are
 * compared as people write them: blanks around them and letter case do not matter, a number
 * is a number however it is written (8192, 0x2000, 8K), and of an option any beginning will
 * do that no other option has.
 *
 * Pure but for memory; any thread.
 */
#ifndef SIM_SCRIPT_QUESTION_H
#define SIM_SCRIPT_QUESTION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct sim_question {
  guint number;  /* from 1 */
  uint64_t step; /* that was made last */
  char *place;   /* "file:line:col" */
  char *text;
  char **choices; /* NULL-terminated; NULL: any answer may be given */
  char *answer;   /* the right one */
  char *because;  /* or NULL */
  char *given;    /* by whoever was asked; NULL: nobody, or nothing */
  bool right;     /* what was given is the answer */
};

/* Frees what is in it. */
void sim_question_clear(gpointer data);

/* Whether two answers say the same. */
bool sim_answer_equal(const char *a, const char *b);

/* The option that is meant, or NULL: none, or more than one. */
const char *sim_question_option(const struct sim_question *question, const char *given);

bool sim_question_is_right(const struct sim_question *question, const char *given);

#endif
