/* SPDX-License-Identifier: MPL-2.0 */
/* Rows of the table in sim/script/ops.c: what scripts that are explored need. */
#ifndef SIM_SCRIPT_OPS_EXPLORE_H
#define SIM_SCRIPT_OPS_EXPLORE_H

#include "sim/script/verbs.h"

static const struct sim_verb_syntax explore_keys[] = {
    {.name = "model",
     .grammar = "(c11|sc|tso)",
     .example = "model sc",
     .summary = "the memory model (c11)"},
    {.name = "preemptions",
     .grammar = "NUMBER",
     .example = "preemptions 2",
     .summary = "at most so often who could go on has to wait"},
    {.name = "weak_fail",
     .grammar = "NUMBER",
     .example = "weak_fail 1",
     .summary = "failures of weak exchanges for no reason (0)"},
    {.name = "retries",
     .grammar = "NUMBER",
     .example = "retries 1",
     .summary = "how often get tries again in a thread (0)"},
    {.name = "races",
     .grammar = "(stop|continue)",
     .example = "races continue",
     .summary = "end an execution at a race (if not given)"},
    {.name = "executions",
     .grammar = "NUMBER",
     .example = "executions 1000000",
     .summary = "a limit"},
    {.name = "seconds", .grammar = "NUMBER", .example = "seconds 10", .summary = "a limit"},
    {.name = "steps",
     .grammar = "NUMBER",
     .example = "steps 500",
     .summary = "most accesses of one execution"},
    {0},
};

#define SIM_VERBS_EXPLORE                                                                          \
  {.name = "meta",                                                                                 \
   .grammar = "HANDLE [= NUMBER] [-> BIND]",                                                       \
   .example = "meta u = 7",                                                                        \
   .summary = "read the metadata of a frame, or write that of a unique one",                       \
   .user = ACTION(sim_verb_meta, ON_MACHINE,                                                       \
                  .help = "The number is the first 8 bytes; a type without metadata has 0 and\n"   \
                          "cannot be written.  Points: meta.vtable meta.read; meta.write.")},      \
      {.name = "always",                                                                           \
       .grammar = "CONDITION",                                                                     \
       .example = "always refcount f == 2",                                                        \
       .summary = "explore: holds at the end of every execution",                                  \
       .user = ACTION(                                                                             \
           sim_verb_always, .no_step = true,                                                       \
           .help = "It stands behind the threads.  `run` looks at it once, as at `expect`.")},     \
      {.name = "never",                                                                            \
       .grammar = "CONDITION",                                                                     \
       .example = "never refcount 0x2345000 == 2",                                                 \
       .summary = "explore: holds at the end of no execution",                                     \
       .user = ACTION(sim_verb_never, .no_step = true,                                             \
                      .help = "It stands behind the threads.  `run` looks at it once.")},          \
      {.name = "sometimes",                                                                        \
       .grammar = "CONDITION",                                                                     \
       .example = "sometimes err == Busy",                                                         \
       .summary = "explore: holds at the end of at least one execution, which is shown",           \
       .user = ACTION(sim_verb_sometimes, .no_step = true,                                         \
                      .help = "It stands behind the threads.  `run`, which sees one execution\n"   \
                              "only, passes it over.")},                                           \
  {                                                                                                \
    .name = "explore", .grammar = "KEYS", .example = "explore { model sc  preemptions 2 }",        \
    .summary = "how `framesim explore` searches, unless its options say otherwise",                \
    .keys = explore_keys,                                                                          \
    .user = ACTION(sim_verb_explore, .no_step = true, .when_dead = true,                           \
                   .help = "It stands before the threads.  `run` passes it over.")                 \
  }

#endif
