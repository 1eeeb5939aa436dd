/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Schedules as text, for people to read, edit and give back.
 *
 *   A:drop.dec                A goes on until it has done an access at drop.dec
 *   B:get.load<claim.publish  ... and reads what claim.publish wrote, the newest such write
 *   B:get.load<start          ... what was there before the threads
 *   B:get.load<-2             ... the write two places before the newest
 *   A:list.mark<-1            a store that goes one place before the newest
 *   A:get.cas!                a weak compare-exchange fails for no reason
 *   A:*                       A goes on to its end, or until it waits
 *
 * What a name after `<` means depends on what was written until then, so a token with a name is
 * resolved by running what stands before it.
 */
#ifndef SIM_EXPLORE_TOKENS_H
#define SIM_EXPLORE_TOKENS_H

#include "sim/explore/explore.h"

/* How to run the program of a schedule. */
struct sim_tokens_program {
  const struct sim_explore_program *program;
  const struct sim_explore_options *options;
};

/* The tokens of an execution as text; newly allocated. */
char *sim_tokens_to_string(const struct sim_explore_program *program,
                           const sim_execution *execution);

/*
 * Reads a schedule: an array of struct sim_explore_token, or NULL and SIM_ERROR_USAGE with the
 * number of the token that is wrong, its text, and why.
 */
GArray *sim_tokens_parse(const struct sim_tokens_program *of, const char *text, GError **error);

#endif
