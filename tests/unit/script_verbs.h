/* SPDX-License-Identifier: MPL-2.0 */
/* A small language to try the parser with, shared by the tests and the fuzz target.  It
 * resembles the real table of verbs and has every kind of grammar element in it. */
#ifndef FM_TESTS_UNIT_SCRIPT_VERBS_H
#define FM_TESTS_UNIT_SCRIPT_VERBS_H

#include "sim/script/parse.h"

static const struct sim_verb_syntax test_verbs[] = {
    {.name = "boot", .grammar = ""},
    {.name = "check", .grammar = ""},
    {.name = "claim",
     .synonyms = "from_unused from-unused",
     .grammar = "ADDR [unique] [as TYPE] [meta NUMBER] [-> BIND]",
     .example = "claim 0x2345000 as anon -> f"},
    {.name = "get", .synonyms = "from_in_use", .grammar = "ADDR [-> BIND]"},
    {.name = "clone", .grammar = "HANDLE [-> BIND]", .example = "clone f -> g"},
    {.name = "drop", .grammar = "[any] HANDLE", .example = "drop f"},
    {.name = "alloc", .grammar = "[frames NUMBER] [as TYPE] [BIND]"},
    {.name = "pool", .grammar = "NAME"},
    {.name = "print", .grammar = "EXPR_LIST"},
    {.name = "swap", .grammar = "HANDLE:left HANDLE:right"},
    {.name = "protect", .grammar = "ADDR access (rw|ro|none) [(before|after) NUMBER]"},
    {.name = "break", .grammar = "[POINT] at NUMBER"},
    {.name = "wait", .grammar = "[NUMBER] [quick]"},
    {.name = "halt", .grammar = "NUMBER ; now"},
    {.name = "note", .grammar = "TEXT"},
    {.name = "atomic", .grammar = "BLOCK"},
    {0},
};

static const char *const test_queries[] = {"refcount", "state", "type", "paddr", NULL};

#endif
