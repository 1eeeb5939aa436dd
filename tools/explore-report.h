/* SPDX-License-Identifier: MPL-2.0 */
/* What came of an exploration (sim/explore/front.h), printed or written as JSON. */
#ifndef TOOLS_EXPLORE_REPORT_H
#define TOOLS_EXPLORE_REPORT_H

#include "sim/explore/front.h"

/* The verdict, the table of the execution that was found, and what the model leaves out. */
void explore_report_print(const struct sim_front_report *report);

/* One record to `path` ("-": standard output).  False: a message was printed. */
bool explore_report_json(const char *path, const char *script,
                         const struct sim_front_report *report);

#endif
