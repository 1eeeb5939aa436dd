/* SPDX-License-Identifier: MPL-2.0 */
/* What the kinds of exercises share. */
#ifndef SIM_EXERCISE_INTERNAL_H
#define SIM_EXERCISE_INTERNAL_H

#include "sim/exercise/exercise.h"
#include "sim/rng.h"
#include "sim/script/interp.h"
#include "sim/script/question.h"

/* Draws one problem into an empty exercise.  False: it is trivial, or cannot be solved; then
 * another one is drawn. */
typedef bool (*sim_exercise_make)(sim_exercise *exercise, struct sim_rng *rng);

bool sim_exercise_refcounts(sim_exercise *exercise, struct sim_rng *rng);
bool sim_exercise_buddy(sim_exercise *exercise, struct sim_rng *rng);
bool sim_exercise_translate(sim_exercise *exercise, struct sim_rng *rng);
bool sim_exercise_regions(sim_exercise *exercise, struct sim_rng *rng);
bool sim_exercise_cow(sim_exercise *exercise, struct sim_rng *rng);
bool sim_exercise_interleave(sim_exercise *exercise, struct sim_rng *rng);

/* A line of the problem. */
void sim_exercise_say(sim_exercise *exercise, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The next question, with its line; takes the three strings. */
void sim_exercise_ask(sim_exercise *exercise, char *text, char *answer, char *reason);

/* Whether that was asked already. */
bool sim_exercise_has(const sim_exercise *exercise, const char *text);

/* A command of the script that the exercise is about: to the problem, and to the script. */
void sim_exercise_command(sim_exercise *exercise, GString *script, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* A question to the machine at this place of the script: its line, and an `ask`.  The answer is
 * filled in by sim_exercise_run(). */
void sim_exercise_ask_machine(sim_exercise *exercise, GString *script, const char *text,
                              const char *expression, const char *reason);

/* The script run to its end, with all it owns; NULL: it did not hold, or could not run. */
struct sim_exercise_run {
  sim_source *source;
  sim_script *script;
  sim_run *run;
};

struct sim_exercise_run *sim_exercise_run(sim_exercise *exercise, const char *text);
void sim_exercise_run_free(struct sim_exercise_run *run);
#endif
