/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Exercises: problems that are drawn by chance, and their answers.
 *
 * A generator draws a problem from the stream of its kind, lets the machine (or the function
 * that the boot uses) give the answers, and looks whether the problem can be solved by what it
 * says and is not trivial; if not, it draws again.  So one kind, seed and size give the same
 * problem everywhere.
 *
 * While a problem is made, the machine of the process is in use.  One thread.
 */
#ifndef SIM_EXERCISE_EXERCISE_H
#define SIM_EXERCISE_EXERCISE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SIM_EXERCISE_SIZE     4 /* if nothing else is asked for */
#define SIM_EXERCISE_SIZE_MAX 16

struct sim_exercise_question {
  char *text;
  char *answer;
  char *reason;
};

typedef struct sim_exercise {
  const char *kind;
  uint64_t seed;
  guint size;
  GString *problem;  /* lines; a question's line ends in "= ?" */
  GArray *questions; /* struct sim_exercise_question */
} sim_exercise;

/* Names of the kinds; ends with NULL. */
const char *const *sim_exercise_kinds(void);

/* `size` 1 to SIM_EXERCISE_SIZE_MAX: how much there is to do.  SIM_ERROR_USAGE for another kind
 * or size, SIM_ERROR_LIMIT if the host cannot hold the machine. */
sim_exercise *sim_exercise_new(const char *kind, uint64_t seed, guint size, GError **error);
sim_exercise *sim_exercise_free(sim_exercise *exercise);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_exercise, sim_exercise_free)

/* The seed that belongs to a name. */
uint64_t sim_exercise_seed_from(const char *name);

/* What somebody wrote: for each question its answer, or NULL (strings, owned by the array).
 *
 * An answer stands on a line that begins with Q and the number, perhaps after blanks; it is
 * what follows the last = of the line, or if there is none, what follows the number and a
 * colon.  So the printed problem with its ? replaced will do, and so will "q1: 5".  The last
 * answer to a question counts.  Other lines do not matter.  SIM_ERROR_INPUT: a question that
 * there is not, with the line. */
GPtrArray *sim_exercise_read_answers(const sim_exercise *exercise, const char *text,
                                     GError **error);

#endif
