/* SPDX-License-Identifier: MPL-2.0 */
/* run: the questions of a script, at a terminal and in the record. */
#ifndef TOOLS_QUESTIONS_H
#define TOOLS_QUESTIONS_H

#include <json-glib/json-glib.h>

#include "sim/script/question.h"
#include "sim/script/run.h"

/* What `--answers` says: NULL (ask at a terminal, else reveal), "ask", "reveal" or "hide".
 * Sets what the run does at questions; -1, or a status after a message. */
int questions_choose(const char *verb, const char *answers, const char *script,
                     struct sim_run_options *options);

/* "2 questions, 1 answered rightly": after a run in which somebody was asked. */
void questions_print(const struct sim_run_options *options, const GArray *questions);

/* The member "questions" of a record. */
void questions_record(JsonBuilder *json, const struct sim_run_options *options,
                      const GArray *questions);

#endif
