/* SPDX-License-Identifier: MPL-2.0 */
/* run, draw: the place in a script where a run stops. */
#ifndef TOOLS_UNTIL_H
#define TOOLS_UNTIL_H

#include "sim/script/run.h"

/* "7" or "7.drop.dec", of the option of that name; NULL: nothing.  -1, or a status after a
 * message. */
int until_parse(const char *verb, const char *option, const char *text,
                struct sim_run_options *options);

#endif
