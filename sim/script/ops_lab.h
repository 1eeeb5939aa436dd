/* SPDX-License-Identifier: MPL-2.0 */
/* Rows of the table in sim/script/ops.c: the laboratory around the kernel. */
#ifndef SIM_SCRIPT_OPS_LAB_H
#define SIM_SCRIPT_OPS_LAB_H

#include "sim/script/verbs.h"

#define SIM_VERBS_LAB                                                                              \
  {.name = "variant",                                                                              \
   .grammar = "POINT [= WORD]",                                                                    \
   .example = "variant dealloc-first",                                                             \
   .summary = "a form of the kernel with a fault, from the next boot on",                          \
   .user = ACTION(                                                                                 \
       sim_verb_variant, .main_only = true, .when_dead = true, .no_step = true,                    \
       .needs_hooks = true,                                                                        \
       .help = "Forms that kernels had, or could have had: framesim museum.  It is no step.\n"     \
               "`variant claim.publish = relaxed` gives a point another order when\n"              \
               "threads are explored.")},                                                          \
      {.name = "adopt",                                                                            \
       .grammar = "[all] [STRING] -> BIND",                                                        \
       .example = "adopt \"f\" -> g",                                                              \
       .summary = "take over a handle that an earlier run left behind",                            \
       .user = ACTION(                                                                             \
           sim_verb_adopt, ON_MACHINE, .main_only = true,                                          \
           .help = "With run --resume; `show handles` lists them as orphan:NAME.  Without\n"       \
                   "a name the oldest; all of them want a pool, and are what can be dropped.")},   \
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
