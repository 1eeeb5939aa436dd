/* SPDX-License-Identifier: MPL-2.0 */
/* Which order is needed: each is weakened in turn, and scripts are explored until one fails. */
#ifndef TOOLS_EXPLORE_STRENGTH_H
#define TOOLS_EXPLORE_STRENGTH_H

#include "sim/explore/front.h"

/* Explores the `count` scripts at `paths` with every order of the kernel side weakened to relaxed
 * in turn, and prints a table: which script finds it, and what the same script says of it under
 * sc.  `json` as for cli_json_end(), or NULL.  Returns an exit status: CLI_OK even if there
 * are orders that no script needs; CLI_VIOLATED if a script fails with all orders as they are,
 * or a weak order shows under sc. */
int explore_strength(char **paths, int count, const char *json);

#endif
