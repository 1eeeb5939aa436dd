/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The parser's state and what its parts offer each other.  Internal to sim/script.
 *
 *   parse_file.c  whole scripts and what they include
 *   parse.c       blocks, commands, statements, recovery
 *   parse_args.c  what follows a verb, by the verb's grammar
 *   parse_expr.c  expressions
 *   parse_options.c  what a question has to choose from
 *   parse_text.c  tokens, messages
 *   parse_names.c what is bound, and whether all names that are used are
 *
 * A failed rule reports once (sim_parse_fail() and its kin) and returns FALSE or NULL
 * through all its callers up to the command, which is dropped; the parser then goes on
 * after the end of that command.
 */
#ifndef SIM_SCRIPT_PARSER_H
#define SIM_SCRIPT_PARSER_H

#include "sim/script/grammar.h"
#include "sim/script/lex.h"
#include "sim/script/parse.h"

/* A file that is being read. */
struct sim_include {
  const struct sim_include *outer;
  const sim_source *source;
  guint64 device, inode; /* both 0: not a file */
};

struct sim_parser {
  sim_script *script;
  const struct sim_verb_table *verbs;
  GHashTable *key_tables; /* const struct sim_verb_syntax * -> struct sim_verb_table, owned */
  const char *const *queries;
  GPtrArray *errors; /* the caller's */
  guint n_errors;    /* of ours in there */

  struct sim_lexer lexer;    /* after `token` */
  struct sim_token token;    /* what comes next */
  struct sim_token word;     /* if `token` is a name: the same with its hyphens */
  struct sim_token previous; /* what was taken last */

  GPtrArray *expected;                  /* const char *: words that could stand at `token` */
  const struct sim_verb_syntax *syntax; /* of the command being read; or NULL */
  const struct sim_verb_table *keys;    /* inside a KEYS block: its keys */
  gboolean is_line;                     /* at a prompt, not of a script */
  gboolean in_choice;                   /* `5:` ends a command here */
  gboolean may_state_version;           /* no command was read yet */
  gboolean failed;                      /* the command being read has its error */
  gboolean stopped;                     /* enough; every token is the last one now */
  gboolean unclosed;                    /* a missing '}' was reported */
  guint depth;

  const struct sim_include *include; /* the file being read, and who includes it */
  guint n_includes;
  gsize n_bytes; /* of all files so far */

  GHashTable *bound;     /* set of char *, owned */
  GPtrArray *bound_list; /* char *, owned: the same in order, for suggestions */
  GHashTable *threads;   /* the same two for labels of threads */
  GPtrArray *thread_list;
  GPtrArray *references; /* struct sim_expr *: names that are used, in order */
  GPtrArray *tight;      /* struct sim_expr *: `a-b` without blanks, inner before outer */
  GPtrArray *steps;      /* struct sim_schedule_token *: their threads must exist */
};

/* ---- Tokens and messages (parse_text.c) ---- */

void sim_parse_advance(struct sim_parser *p);
/* Makes `source` what is read; the caller saves and restores what was read before. */
void sim_parse_begin_source(struct sim_parser *p, const sim_source *source);

gboolean sim_parse_at_mark(const struct sim_parser *p, int mark);
gboolean sim_parse_at_word(const struct sim_parser *p, const char *word);
gboolean sim_parse_at_end(const struct sim_parser *p); /* of a command */
/* At `5:` or `w:` inside a choose block. */
gboolean sim_parse_at_choice(const struct sim_parser *p);
/* Takes the mark if it comes next. */
gboolean sim_parse_accept(struct sim_parser *p, int mark);
/* Takes the mark, or reports that `what` is missing. */
gboolean sim_parse_expect(struct sim_parser *p, int mark, const char *what);

/* Take the name or the hyphenated word that comes next; its text lives with the script. */
const char *sim_parse_take_name(struct sim_parser *p);
const char *sim_parse_take_word(struct sim_parser *p);
const char *sim_parse_take_string(struct sim_parser *p);

/* The text of a token for a message, quoted: 'claim', or "the end of the line"; new. */
char *sim_parse_show(const struct sim_parser *p, struct sim_token token);

struct sim_place sim_parse_here(const struct sim_parser *p);
/* From the byte `start` up to the end of what was taken last. */
struct sim_place sim_parse_since(const struct sim_parser *p, gsize start);

/* Reports; at most one message until `failed` is reset.  Always FALSE. */
gboolean sim_parse_fail(struct sim_parser *p, struct sim_place place, const char *hint,
                        const char *format, ...) G_GNUC_PRINTF(4, 5);
/* "expected WHAT after 'x'", with what might be meant.  Always FALSE. */
gboolean sim_parse_fail_expected(struct sim_parser *p, const char *what);
/* "unexpected 'x'", with what might be meant.  Always FALSE. */
gboolean sim_parse_fail_unexpected(struct sim_parser *p);
/* The message for a word that is none of `words`. Always FALSE. */
gboolean sim_parse_fail_unknown(struct sim_parser *p, const char *what, const char *word,
                                const char *const *words);
/* Remembers that `word` could stand where the parser is. */
void sim_parse_note_expected(struct sim_parser *p, const char *word);
/* No more messages, no more tokens. */
void sim_parse_stop(struct sim_parser *p);

/* Each sim_parse_enter() that was TRUE needs a sim_parse_leave(). */
gboolean sim_parse_enter(struct sim_parser *p);
void sim_parse_leave(struct sim_parser *p);
/* Zeroed memory of the script; too much of it stops the parser. */
void *sim_parse_new(struct sim_parser *p, gsize size);

/* ---- Expressions (parse_expr.c) ---- */

gboolean sim_parse_at_expr(const struct sim_parser *p);
gboolean sim_parse_is_query(const struct sim_parser *p, const char *word);
struct sim_expr *sim_parse_expr(struct sim_parser *p);
/* The same, but a name in it must be bound: the expression is a value. */
struct sim_expr *sim_parse_value(struct sim_parser *p);
/* `f` or `a[i]`. */
struct sim_expr *sim_parse_handle(struct sim_parser *p);
struct sim_expr *sim_parse_string_expr(struct sim_parser *p);
/* An expression whose outermost operator compares or joins. */
struct sim_expr *sim_parse_condition(struct sim_parser *p);
/* The inside of name[...], up to and with the bracket; one operand. */
struct sim_expr *sim_parse_index(struct sim_parser *p);

/* ---- Arguments (parse_args.c) ---- */

/* Everything that the verb wants, into command->args. */
gboolean sim_parse_args(struct sim_parser *p, struct sim_command *command,
                        const struct sim_verb *verb);

/* ---- Options of a question (parse_options.c) ---- */

gboolean sim_parse_at_option(const struct sim_parser *p);
/* Appends a string expression for each. */
gboolean sim_parse_options(struct sim_parser *p, GPtrArray *ret);

/* ---- Blocks (parse.c) ---- */

/* A block while it grows. */
struct sim_builder {
  struct sim_block *block;
  struct sim_command **tail;
};

struct sim_builder sim_parse_begin_block(struct sim_parser *p);
/* Appends the commands up to a '}' or the end of the file, which is not taken. */
void sim_parse_commands(struct sim_parser *p, struct sim_builder *b);

struct sim_block *sim_parse_block(struct sim_parser *p);
struct sim_block *sim_parse_keys(struct sim_parser *p);
struct sim_choice *sim_parse_choices(struct sim_parser *p);

/* ---- Files (parse_file.c) ---- */

/* After the word `include`: appends the commands of the file that is named next. */
void sim_parse_include(struct sim_parser *p, struct sim_builder *b);

/* ---- Names (parse_names.c) ---- */

/* Declares; a word of the language is refused. */
gboolean sim_parse_bind_name(struct sim_parser *p, const char *name, struct sim_place place);
void sim_parse_bind_thread(struct sim_parser *p, const char *name);
/* All names between two bytes of the source count as bound: an error hides what is
 * bound there, and one mistake should not be reported twice. */
void sim_parse_bind_all(struct sim_parser *p, gsize from, gsize to);
void sim_parse_note_reference(struct sim_parser *p, struct sim_expr *expr);
/* A name at the top of `expr` must be bound. */
void sim_parse_require_value(struct sim_expr *expr);
/* At the end: names become words where nothing binds them, or errors. */
void sim_parse_check_names(struct sim_parser *p);

#endif
