/* SPDX-License-Identifier: MPL-2.0 */
/* Rows of the table in sim/script/ops.c: what only talks, and what takes over from another run. */
#ifndef SIM_SCRIPT_OPS_TALK_H
#define SIM_SCRIPT_OPS_TALK_H

#include "sim/script/verbs.h"

#define SIM_VERBS_TALK                                                                             \
  {.name = "adopt",                                                                                \
   .grammar = "[all] [STRING] -> BIND",                                                            \
   .example = "adopt \"f\" -> g",                                                                  \
   .summary = "take over a handle that an earlier run left behind",                                \
   .user = ACTION(                                                                                 \
       sim_verb_adopt, ON_MACHINE, .main_only = true,                                              \
       .help = "With run --resume; `show handles` lists them as orphan:NAME.  Without\n"           \
               "a name the oldest; all of them want a pool, and are what can be dropped.")},       \
      {.name = "note",                                                                             \
       .grammar = "STRING",                                                                        \
       .example = "note \"Two names, one frame.\"",                                                \
       .summary = "print a line of text",                                                          \
       .user =                                                                                     \
           ACTION(sim_verb_note, .when_dead = true, .no_step = true, .help = "It is no step.")},   \
  {                                                                                                \
    .name = "ask",                                                                                 \
    .grammar = "STRING [choice OPTIONS] answer EXPR [if CONDITION] [because STRING]",              \
    .example = "ask \"How many hold it?\" answer refcount f",                                      \
    .summary = "ask a question; the machine knows the answer",                                     \
    .user = ACTION(                                                                                \
        sim_verb_ask, .main_only = true, .when_dead = true, .no_step = true,                       \
        .help = "It is no step.  The answer is a number, a word, or yes or no for a condition.\n"  \
                "With `choice` it is one of the options (`choice yes | no | \"at times\"`), and\n" \
                "an option may be stated; `if` then says what has to hold for it to be right.")    \
  }

#endif
