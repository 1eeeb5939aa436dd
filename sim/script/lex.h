/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Cuts a script into tokens, one at a time.
 *
 * A lexer is a position in a source and nothing else: a copy of it looks ahead without
 * moving the original, and nothing needs freeing.  It borrows the source.  Blanks,
 * carriage returns and comments are dropped; line ends are tokens, because they end
 * commands.
 *
 * A hyphen is always a token of its own.  Whether `page-table` is one word or a
 * subtraction depends on what may stand there, which the parser knows
 * (sim_lexer_join_word()).
 *
 * The lexer reports no errors: what it cannot read becomes a SIM_TOKEN_BAD with the
 * text of the message, and the next token starts after it.
 */
#ifndef SIM_SCRIPT_LEX_H
#define SIM_SCRIPT_LEX_H

#include <glib.h>

#include "sim/diag.h"

enum sim_token_kind {
  SIM_TOKEN_END,       /* end of the text, again and again */
  SIM_TOKEN_SEPARATOR, /* a line end or ';' */
  SIM_TOKEN_NAME,      /* [A-Za-z_][A-Za-z0-9_]*: a name, a word, a verb */
  SIM_TOKEN_NUMBER,    /* its value is in `number` */
  SIM_TOKEN_STRING,    /* quotes included; sim_token_string() decodes it */
  SIM_TOKEN_MARK,      /* punctuation; `mark` says which */
  SIM_TOKEN_BAD,       /* `problem` says why, `hint` (or NULL) what to write */
};

/* Marks of one character are that character. */
enum sim_mark {
  SIM_MARK_NONE = 0,
  SIM_MARK_ARROW = 256, /* -> */
  SIM_MARK_RANGE,       /* .. */
  SIM_MARK_EQ,          /* == */
  SIM_MARK_NE,          /* != */
  SIM_MARK_LE,          /* <= */
  SIM_MARK_GE,          /* >= */
};

struct sim_token {
  enum sim_token_kind kind;
  int mark;            /* enum sim_mark or a character; SIM_MARK_NONE if no mark */
  gsize offset, size;  /* bytes in the source */
  guint64 number;      /* SIM_TOKEN_NUMBER only */
  const char *problem; /* SIM_TOKEN_BAD only; static text */
  const char *hint;    /* SIM_TOKEN_BAD only; static text or NULL */
};

struct sim_lexer {
  const sim_source *source; /* borrowed */
  gsize at;                 /* byte where the next token is looked for */
};

/* Starts at the first byte, after a byte order mark if there is one. */
struct sim_lexer sim_lexer_start(const sim_source *source);

struct sim_token sim_lexer_next(struct sim_lexer *lexer);

/*
 * Given that `token` is the name that was just read: takes the `-name` and `-12` parts
 * that follow without a blank, and returns the longer token.  So `page-table` is one
 * word, and `a - b` is not.
 */
struct sim_token sim_lexer_join_word(struct sim_lexer *lexer, struct sim_token token);

/* The token's own bytes, newly allocated. */
char *sim_token_text(const sim_source *source, struct sim_token token);

/* What a SIM_TOKEN_STRING means: no quotes, escapes replaced; valid UTF-8; new. */
char *sim_token_string(const sim_source *source, struct sim_token token);

/* From the first byte of `first` to the last byte of `last`. */
struct sim_place sim_token_place(const sim_source *source, struct sim_token first,
                                 struct sim_token last);

#endif
