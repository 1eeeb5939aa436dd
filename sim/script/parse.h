/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From the text of a script to its syntax tree (sim/script/ast.h).
 *
 * The language has a few statements of its own (sim_script_statements).  All other verbs
 * come from the caller as a table, and each entry says in a small pattern what may follow
 * the verb.  The parser reads the script by these patterns, so that its errors can name
 * what was expected there.  The same strings are the usage lines of the manual.
 *
 * A pattern is a sequence of, separated by blanks:
 *
 *   ADDR NUMBER EXPR     an expression that means an address, a number, anything
 *   HANDLE               `f` or `a[i]`; the name must be bound somewhere in the script
 *   HANDLE_LIST          one or more of these, with commas
 *   EXPR_LIST            one or more expressions, with commas
 *   NAME                 a name that is declared here
 *   LABEL                a thread's name
 *   WORD TYPE            a bare word, hyphens allowed inside
 *   POINT                words with dots between them: drop.dec
 *   STRING               "text", or a name (a param) that will hold one
 *   TEXT                 "text" or a bare word
 *   RANGE                from..to
 *   CONDITION            a comparison, or several joined with and, or, not
 *   BIND                 `-> f`, `-> a[i]`, `-> f or err`; may be written `-> BIND`
 *   BLOCK                { commands }
 *   KEYS                 { key values ... }, by the table `keys`
 *   CHOICES              { weight: command ... }
 *   SCHEDULE             A:drop.dec B:3 A:*
 *   WEIGHTS              0:8 1:2, each a number and the weight of it
 *   OPTIONS              a | "b c" | 3: words, strings or numbers
 *   as                   that word; also the mark =
 *   (rw|ro)              one of these words
 *   [as TYPE]            may be missing.  Optional groups side by side may come in any
 *                        order, each once.  A group begins with a word or an element.
 *
 *   error WORD ; EXPR    one of several forms; the first that can start where the verb
 *                        ends, words before elements
 *
 * An element may be given another slot name: `HANDLE:from HANDLE:to`.
 *
 * Everything an expression's name refers to is checked at the end: a name that is used
 * as a value must be bound somewhere in the script, by `->`, pool, param or for.
 *
 * No function keeps state between calls; separate calls may run in separate threads.
 */
#ifndef SIM_SCRIPT_PARSE_H
#define SIM_SCRIPT_PARSE_H

#include <glib.h>

#include "sim/diag.h"
#include "sim/script/ast.h"

enum {
  SIM_SCRIPT_BYTES = 8 << 20, /* a script with all its includes is no larger */
  SIM_SCRIPT_INCLUDE_DEPTH = 16,
  SIM_SCRIPT_INCLUDES = 256,  /* files in all */
  SIM_SCRIPT_NODES = 4 << 20, /* parts of the tree; bounds the memory */
  SIM_SCRIPT_ERRORS = 20,     /* parsing stops after so many */
};

/* A table of these ends with an entry whose name is NULL.  The texts must outlive the
 * scripts parsed with it.  A pattern that breaks the rules above aborts the program. */
struct sim_verb_syntax {
  const char *name;
  const char *synonyms; /* separated by blanks; or NULL */
  const char *grammar;
  const char *example;                /* one command, for hints and the manual; or NULL */
  const char *summary;                /* one line for the manual; or NULL */
  const struct sim_verb_syntax *keys; /* what KEYS may hold; or NULL */
  const void *user;                   /* the caller's own */
};

/* The statements of the language itself, in the order of enum sim_statement; ends with a
 * NULL name.  A caller's verb of the same name replaces the entry, for instance to give
 * `machine` its keys, and the command still is that statement. */
extern const struct sim_verb_syntax sim_script_statements[];

/*
 * `source` is borrowed and must outlive the script.  `queries` (NULL-terminated) are the
 * words that take one operand without parentheses: `refcount f`.  They bind tighter than
 * any operator.  Includes are read from the disk.
 *
 * NULL if anything is wrong; then messages (char *, made by sim_diag_format()) were added
 * to `errors`, which should free them with g_free.
 */
sim_script *sim_script_parse(const sim_source *source, const struct sim_verb_syntax *verbs,
                             const char *const *queries, GPtrArray *errors);

/* One line at a prompt, without a version: commands of `verbs` only, no statements.  `bound`
 * (NULL-terminated) are the names that it may use. */
sim_script *sim_script_parse_line(const sim_source *source, const struct sim_verb_syntax *verbs,
                                  const char *const *queries, const char *const *bound,
                                  GPtrArray *errors);

/*
 * Reads a file ("-": standard input) and parses it; the script owns the source.  On
 * failure `error` is set too: SIM_ERROR_INPUT if the file cannot be read, and
 * SIM_ERROR_USAGE with a one-line summary if there are messages in `errors`.
 */
sim_script *sim_script_load(const char *path, const struct sim_verb_syntax *verbs,
                            const char *const *queries, GPtrArray *errors, GError **error);

#endif
