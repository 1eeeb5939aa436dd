/* SPDX-License-Identifier: MPL-2.0 */
/* Sessions with the history of a script that is given as text; one at a time. */
#ifndef FM_TESTS_UNIT_HISTORY_SUPPORT_H
#define FM_TESTS_UNIT_HISTORY_SUPPORT_H

#include <string.h>

#include "sim/script/history.h"
#include "tests/unit/run_support.h"

#define MACHINE "machine { ram 8M  kernel 2M 1M  cpus 2  allocator none }\nboot\n"

/* Step 3 of A rests in its drop while step 4 of B comes and goes. */
#define RACE                                                                                       \
  MACHINE "claim @1400 -> f\nthread A cpu 0 { drop f }\n"                                          \
          "thread B cpu 1 { get @1400 -> g or e }\nschedule A:drop.dec B:* A:*\n"                  \
          "expect e == Busy\nshow digest"

struct session {
  struct run *run;
  sim_history *history;
  const struct sim_history_place *place;
};

static inline struct session begin(const char *body)
{
  struct session session = {.run = run_load(body)};
  session.history = sim_history_new(session.run->script, &session.run->options);
  session.place = sim_history_place(session.history);
  return session;
}

static inline void end(struct session *session)
{
  sim_history_free(session->history);
  run_free(session->run);
}

/* Whether text of that kind has come, and how often. */
static inline guint heard(const struct session *session, enum sim_text_kind kind, const char *text)
{
  guint found = 0;
  const char *said;
  for (guint i = 0; (said = run_nth(session->run, kind, i)) != NULL; i++)
    found += strstr(said, text) != NULL;
  return found;
}

#endif
