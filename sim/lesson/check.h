/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A lesson as a test: each of its scripts comes out as the lesson says.
 *
 * lesson.fms has to hold, and a script wrong-*.fms has to end in a finding; what it cannot
 * do is fail to run.  Scripts that are explored are searched to the end under C11.  Uses the one
 * machine of the process, one script after the other.
 */
#ifndef SIM_LESSON_CHECK_H
#define SIM_LESSON_CHECK_H

#include "sim/lesson/lesson.h"
#include "sim/script/run.h"

struct sim_lesson_result {
  char *script;
  bool wrong; /* it is there to be violated */
  bool explored;
  bool good;                /* it came out so */
  enum sim_verdict verdict; /* UNUSABLE if it could not be read */
  uint64_t steps;
  uint64_t expectations;
  uint64_t executions; /* complete ones, if it was explored */
  char *messages;      /* what a run would have said on standard error */
};

/* Reads a script and looks for mistakes in it, which are added to `errors`; NULL with an error or
 * with mistakes. */
sim_script *sim_lesson_load_script(const char *path, GPtrArray *errors, GError **error);

/* Results, struct sim_lesson_result *, for each script; NULL if the lesson cannot be read.
 * `interrupted` as in sim_run_options. */
GPtrArray *sim_lesson_check(const struct sim_lesson *lesson, volatile sig_atomic_t *interrupted,
                            GError **error);

#endif
