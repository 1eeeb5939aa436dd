/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a script works with from its first step to its last: which frames its steps change,
 * which pages and tables its processes ever have.
 *
 * A picture of one step is laid out by the whole run, so that nothing moves from one picture
 * to the next; what is not there at that step leaves its place empty.
 *
 * One thread; while a survey runs it has the machine.
 */
#ifndef SIM_DRAW_SURVEY_H
#define SIM_DRAW_SURVEY_H

#include "sim/script/run.h"

/* A table (level 4 to 1), or a page (0), of a process; `va` is the first address that it covers. */
struct sim_survey_node {
  uint64_t va;
  uint32_t level;
};

struct sim_survey_process {
  char *name;
  GArray *nodes; /* struct sim_survey_node: by address, a table before what is in it */
};

typedef struct sim_survey {
  GArray *frames;       /* uint64_t: numbers of the frames that steps changed, ascending */
  GPtrArray *processes; /* struct sim_survey_process *, in the order in which they came */
  GHashTable *names;    /* name -> uint64_t *: the first frame that it stood for */
  uint64_t steps;
  const char *title; /* of the script, or NULL */
  enum sim_verdict verdict;
  GPtrArray *messages; /* char *: errors and findings */
} sim_survey;

/* Runs the script to its end with these options but for their watchers, sink and until.  The
 * script must outlive the survey. */
sim_survey *sim_survey_new(const sim_script *script, const struct sim_run_options *options);
sim_survey *sim_survey_free(sim_survey *survey);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_survey, sim_survey_free)

/* A survey of nothing, for a machine that no script drives. */
sim_survey *sim_survey_new_empty(void);

/* NULL: there is none of that name. */
const struct sim_survey_process *sim_survey_process(const sim_survey *survey, const char *name);

/* Adds what the tables below `root` have now to what the process has. */
void sim_survey_add_tables(sim_survey *survey, const sim_machine *machine, const char *name,
                           fm_paddr root);

/* Puts nodes and frames into their order; after the last addition. */
void sim_survey_finish(sim_survey *survey);

#endif
