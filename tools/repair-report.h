/* SPDX-License-Identifier: MPL-2.0 */
/* framesim check --repair: repairs a RAM file, and says what was done. */
#ifndef TOOLS_REPAIR_REPORT_H
#define TOOLS_REPAIR_REPORT_H

#include <stdbool.h>

/* Returns the exit status.  `json` is a path, "-" or NULL. */
int repair_file(const char *path, bool dry_run, const char *json);

#endif
