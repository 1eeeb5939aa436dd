/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Running an exhibit: its script with the variant, or with the present form, and what came of
 * it.  One run at a time, as there is one machine.
 */
#ifndef SIM_MUSEUM_TOUR_H
#define SIM_MUSEUM_TOUR_H

#include "sim/museum/museum.h"
#include "sim/script/run.h"

enum sim_museum_form { SIM_MUSEUM_PAST, SIM_MUSEUM_PRESENT };

struct sim_museum_result {
  enum sim_verdict verdict;
  bool waits; /* the order of the threads could not go on */
  bool as_expected;
  bool limit;    /* this host or this build cannot hold the machine: nothing is known */
  char *finding; /* the first one, or why it did not boot or go on; NULL: nothing was wrong */
};

/* What the present form has to come to. */
enum sim_museum_end sim_museum_expected(const struct sim_museum_variant *variant,
                                        enum sim_museum_form form);

/* "held", "violated", ...: the result in one word. */
const char *sim_museum_result_word(const struct sim_museum_result *result);

/* Runs it; what the run says goes to `sink`, which may be NULL. */
void sim_museum_run(const struct sim_museum_variant *variant, enum sim_museum_form form,
                    void (*sink)(enum sim_text_kind kind, const char *text, void *data), void *data,
                    struct sim_museum_result *ret);
void sim_museum_result_clear(struct sim_museum_result *result);

/* The command that runs the same, new. */
char *sim_museum_command(const struct sim_museum_variant *variant, enum sim_museum_form form);

#endif
