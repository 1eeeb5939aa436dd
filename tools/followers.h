/* SPDX-License-Identifier: MPL-2.0 */
/* run: what follows a run beside the text: --trace-out, --record and --why. */
#ifndef TOOLS_FOLLOWERS_H
#define TOOLS_FOLLOWERS_H

#include "sim/script/record.h"
#include "sim/script/why.h"
#include "tools/trace-out.h"

/* As the options say; NULL: not wanted.  The strings are owned. */
struct followers_choice {
  char *trace;
  char *record;
  char *record_as;
  char *why;
  uint64_t why_frame; /* what `why` says */
};

struct followers {
  const struct followers_choice *choice;
  trace_out *trace;
  sim_record *record;
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
int followers_close(struct followers *followers, const sim_run *run);

/* What they have to say on standard output. */
void followers_print(const struct followers *followers);

void followers_clear(struct followers *followers);

#endif
