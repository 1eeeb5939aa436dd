/* SPDX-License-Identifier: MPL-2.0 */
/* What a replay tells: a text, a JSON record, and two series over time. */
#ifndef TOOLS_REPLAY_REPORT_H
#define TOOLS_REPLAY_REPORT_H

#include <stdio.h>

#include "sim/replay/replay.h"
#include "tools/cli.h"

struct replay_result {
  const struct sim_tracein_info *trace;
  const sim_replay *replay;
  double seconds; /* of reading and replaying */
  uint64_t findings;
  char *digest;
};

void replay_print(const struct replay_result *result);

/* The record; false after a message. */
bool replay_write_json(const struct replay_result *result, const char *path);

/* One row of the series CSV; the first call of a file writes its head. */
void replay_print_csv_head(FILE *file);
void replay_print_csv(FILE *file, const sim_replay *replay);

#endif
