/* SPDX-License-Identifier: MPL-2.0 */
/* run: what follows a run beside the text: --trace-out, --record,
 * --html and --why. */
#ifndef TOOLS_FOLLOWERS_H
#define TOOLS_FOLLOWERS_H

#include <stdio.h>

#include "sim/player/follow.h"
#include "sim/script/record.h"
#include "sim/script/why.h"
#include "tools/trace-out.h"

/* As the options say; NULL: not wanted.  The strings are owned. */
struct followers_choice {
  char *trace;
  char *record;
  char *record_as;
  char *html;
  char *why;
  uint64_t why_frame; /* what `why` says */
};

struct followers {
  const struct followers_choice *choice;
  trace_out *trace;
  sim_record *record;
  FILE *html;
  sim_player *player; /* of the page */
  sim_follow *follow;
  sim_why *why;
  const struct sim_run_watcher *watchers; /* for the options of the run; NULL: none */
};

void followers_choice_clear(struct followers_choice *choice);

/* Whether one of them needs the instrumented build. */
bool followers_need_hooks(const struct followers_choice *choice);

/* -1; or an exit status after a message, and there is nothing to clear. */
int followers_open(struct followers *followers, const struct followers_choice *choice,
                   const char *script);

/* After the run: ends the files.  -1, or an exit status after a message. */
int followers_close(struct followers *followers, sim_run *run, enum sim_verdict verdict);

/* What the run says: to be called by its sink. */
void followers_text(struct followers *followers, enum sim_text_kind kind, const char *text);

/* What they have to say on standard output. */
void followers_print(const struct followers *followers);

void followers_clear(struct followers *followers);

#endif
