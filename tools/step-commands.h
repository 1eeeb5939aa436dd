/* SPDX-License-Identifier: MPL-2.0 */
/* The commands of the prompt of run --step: step.c reads lines, step-commands.c acts. */
#ifndef TOOLS_STEP_COMMANDS_H
#define TOOLS_STEP_COMMANDS_H

#include "sim/script/history.h"

struct step_state {
  sim_history *history;
  const sim_source *source; /* of the script */
  bool all_steps;
  bool quit;
  uint64_t told;            /* steps that the command under way has printed, or left out */
  const sim_source *listed; /* what `list` goes on with */
  guint listed_to;          /* its last line so far; 0: around the current one */
};

enum step_words {
  STEP_WORDS_NONE,
  STEP_WORDS_PLACES,   /* points of steps, as in 3.drop.dec */
  STEP_WORDS_BREAKS,   /* points and names */
  STEP_WORDS_NAMES,    /* of the script */
  STEP_WORDS_SHOW,     /* what `show` shows, then names */
  STEP_WORDS_COMMANDS, /* of the prompt */
};

struct step_command {
  const char *name;
  const char *letter; /* stands for it; or NULL */
  const char *arguments;
  const char *summary;
  bool (*run)(struct step_state *state, const char *arguments); /* false: said why not */
  enum step_words words;                                        /* that complete its arguments */
};

/* Ended by one without a name. */
extern const struct step_command step_commands[];

/* The command that a word means: its name, its letter, or a beginning that fits no other.
 * NULL after a message. */
const struct step_command *step_find_command(const char *word);

/* Where the run is stopped, for people, on standard output. */
void step_print_place(const struct step_state *state);

/* For sim_run_options; data is the state. */
void step_print_text(enum sim_text_kind kind, const char *text, void *data);

/* A mistake of who types. */
bool step_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* What may complete the line (tools/line.h); data is the state. */
char **step_complete(const char *line, void *data);

#endif
