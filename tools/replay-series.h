/* SPDX-License-Identifier: MPL-2.0 */
/* replay: what is written while it goes on: two series over time, and a page that plays it. */
#ifndef TOOLS_REPLAY_SERIES_H
#define TOOLS_REPLAY_SERIES_H

#include <stdio.h>

#include "sim/player/samples.h"

/* As the options say; NULL: not wanted. */
struct replay_series_choice {
  char *csv;
  char *frag_map;
  char *html;
  uint64_t every; /* events between two samples of csv and frag_map */
};

struct replay_series {
  const struct replay_series_choice *choice;
  const sim_replay *replay;
  FILE *csv;
  FILE *frag_map;
  FILE *html;
  sim_player *player;
  sim_samples *samples;
  uint64_t next; /* position of the next sample of csv and frag_map */
};

void replay_series_choice_clear(struct replay_series_choice *choice);

/* Opens the files and takes the first sample.  `trace` is the name of the recording.  -1, or an
 * exit status after a message; to be cleared in any case. */
int replay_series_open(struct replay_series *series, const struct replay_series_choice *choice,
                       const sim_replay *replay, const sim_machine *machine, const char *trace);

/* How many of the next `count` events may go before the next sample. */
size_t replay_series_room(const struct replay_series *series, size_t count);

/* Whether a sample is due after the last event; then the replay is to be settled first. */
bool replay_series_is_due(const struct replay_series *series);
void replay_series_sample(struct replay_series *series, const struct sim_trace_event *event);

/* After the replay: the last samples, and the ends of the files.  -1, or an exit status after a
 * message. */
int replay_series_close(struct replay_series *series);

void replay_series_clear(struct replay_series *series);

#endif
