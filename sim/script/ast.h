/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The syntax tree of a script.
 *
 * A script is a block of commands.  A command has a verb and a list of arguments; which
 * ones it may have is said by the verb's grammar (sim/script/parse.h), and the tree is
 * only handed out if every command agrees with its grammar.  So whoever runs it needs no
 * checks of shape: a required argument is there, a WORD is a word, an address is an
 * expression.  What values the expressions have is not known here.
 *
 * The executor's view of `claim 0x2345000 as anon meta 7 -> f`, whose grammar is
 * "ADDR [unique] [as TYPE] [meta NUMBER] [-> BIND]":
 *
 *     sim_command_expr(c, "ADDR")    the number 0x2345000
 *     sim_command_has(c, "unique")   false
 *     sim_command_word(c, "as")      "anon"
 *     sim_command_expr(c, "meta")    the number 7
 *     sim_command_bind(c)            f
 *
 * An argument is found by its keyword if it has one, else by the upper-case name that
 * the grammar gives it.
 *
 * Ownership: every node and string lives in the script's arena and dies with the script;
 * nothing here is freed singly.  Nodes do not change after parsing, so any thread may
 * read them.  Places point into the sources, which the script borrows or owns (parse.h).
 */
#ifndef SIM_SCRIPT_AST_H
#define SIM_SCRIPT_AST_H

#include <glib.h>

#include "sim/diag.h"

struct sim_verb_syntax;

/* Blocks, parentheses, operators and includes nest no deeper than this, so that a tree
 * can be walked by recursion. */
enum { SIM_SCRIPT_DEPTH = 64 };

/* ---- Expressions ---- */

enum sim_expr_kind {
  SIM_EXPR_NUMBER, /* `number` */
  SIM_EXPR_STRING, /* `text` */
  SIM_EXPR_WORD,   /* `text`: a word that nothing binds, such as unused or InUse */
  SIM_EXPR_NAME,   /* `text`: a name that something in the script binds */
  SIM_EXPR_INDEX,  /* text[operands[0]]; the name is bound somewhere */
  SIM_EXPR_CALL,   /* text(operands...); `refcount f` is a call with one operand */
  SIM_EXPR_FRAME,  /* @operands[0]: the address of that frame number */
  SIM_EXPR_UNARY,  /* `op` operands[0] */
  SIM_EXPR_BINARY, /* operands[0] `op` operands[1] */
};

enum sim_op {
  SIM_OP_NONE,
  SIM_OP_NEGATE,
  SIM_OP_NOT,
  SIM_OP_ADD,
  SIM_OP_SUB,
  SIM_OP_MUL,
  SIM_OP_DIV,
  SIM_OP_MOD,
  SIM_OP_EQ,
  SIM_OP_NE,
  SIM_OP_LT,
  SIM_OP_LE,
  SIM_OP_GT,
  SIM_OP_GE,
  SIM_OP_AND,
  SIM_OP_OR,
};

struct sim_expr {
  enum sim_expr_kind kind;
  enum sim_op op;
  struct sim_place place; /* all of it, from its first to its last character */
  guint depth;            /* 1 for a leaf */
  guint n_operands;
  struct sim_expr **operands;
  const char *text;
  guint64 number;
  guint parser_flags; /* the parser's own */
};

/* "+", "==", "and"; "" for SIM_OP_NONE. */
const char *sim_op_text(enum sim_op op);

/* The expression as canonical source text, newly allocated: `refcount(f) == 2`. */
char *sim_expr_to_string(const struct sim_expr *expr);

/* ---- Arguments ---- */

/* `-> name[index] or error_name`. */
struct sim_bind {
  const char *name;
  struct sim_expr *index; /* or NULL */
  const char *error_name; /* receives the name of the failure; or NULL */
  struct sim_place place;
};

enum sim_schedule_kind {
  SIM_SCHEDULE_POINT, /* run to the named point, and past it */
  SIM_SCHEDULE_COUNT, /* run this many points */
  SIM_SCHEDULE_ALL,   /* run to the end */
};

/* `A:drop.dec`, `A:3` or `A:*`. */
struct sim_schedule_token {
  struct sim_schedule_token *next;
  const char *thread; /* a thread block of the script has this name */
  enum sim_schedule_kind kind;
  const char *point; /* "drop.dec"; NULL unless SIM_SCHEDULE_POINT */
  guint64 count;     /* SIM_SCHEDULE_COUNT only */
  struct sim_place place;
};

/* One `weight: commands` of a choose block. */
struct sim_choice {
  struct sim_choice *next;
  struct sim_expr *weight;
  struct sim_block *body;
  struct sim_place place;
};

enum sim_arg_kind {
  SIM_ARG_FLAG,     /* a keyword that stands alone: `unique` */
  SIM_ARG_EXPR,     /* exprs[0] */
  SIM_ARG_EXPRS,    /* exprs[0 .. n_exprs), from a list with commas; of WEIGHTS a number and
                       its weight in turns, of OPTIONS strings */
  SIM_ARG_RANGE,    /* exprs[0] up to but not including exprs[1] */
  SIM_ARG_WORD,     /* word: a type, a declared name, a named point, one of several words */
  SIM_ARG_BIND,     /* bind */
  SIM_ARG_BLOCK,    /* block: commands, or the key-value lines of `machine { }` */
  SIM_ARG_CHOICES,  /* choices */
  SIM_ARG_SCHEDULE, /* schedule */
};

struct sim_arg {
  struct sim_arg *next;
  enum sim_arg_kind kind;
  const char *keyword; /* the word written before it; for a flag itself; or NULL */
  const char *slot;    /* its name in the grammar: "ADDR"; the keyword for a flag */
  struct sim_place place;
  guint n_exprs;
  struct sim_expr **exprs;
  const char *word;
  struct sim_bind *bind;
  struct sim_block *block;
  struct sim_choice *choices;
  struct sim_schedule_token *schedule;
};

/* ---- Commands ---- */

/* Which commands belong to the language itself; all others are the caller's verbs. */
enum sim_statement {
  SIM_STATEMENT_VERB,
  SIM_STATEMENT_CHOOSE,
  SIM_STATEMENT_END,
  SIM_STATEMENT_EXPECT,
  SIM_STATEMENT_FOR,
  SIM_STATEMENT_FRAMESIM, /* never in a tree: see sim_script.version */
  SIM_STATEMENT_INCLUDE,  /* never in a tree: the included commands stand in its place */
  SIM_STATEMENT_MACHINE,
  SIM_STATEMENT_PARAM,
  SIM_STATEMENT_REPEAT,
  SIM_STATEMENT_SCHEDULE,
  SIM_STATEMENT_THREAD,
  SIM_STATEMENT_TITLE,
};

struct sim_command {
  struct sim_command *next; /* in the same block */
  enum sim_statement statement;
  const struct sim_verb_syntax *verb; /* the table's entry; verb->name is the canonical name */
  struct sim_place place;             /* the verb, as it was written */
  gsize end;                          /* byte offset in the source after its last token */
  struct sim_arg *args;
};

struct sim_block {
  struct sim_command *first;
  guint n_commands;
  struct sim_place place; /* its '{', or the first command where there is none */
};

/* The first argument with this keyword, or else with this slot name and no keyword; NULL
 * if the command has none. */
const struct sim_arg *sim_command_arg(const struct sim_command *command, const char *name);

gboolean sim_command_has(const struct sim_command *command, const char *name);

/* The argument's expression, word or string, block; NULL if the command has no such
 * argument or it is of another kind. */
const struct sim_expr *sim_command_expr(const struct sim_command *command, const char *name);
const char *sim_command_word(const struct sim_command *command, const char *name);
const struct sim_block *sim_command_block(const struct sim_command *command, const char *name);

/* The `->` of the command, or NULL. */
const struct sim_bind *sim_command_bind(const struct sim_command *command);

/* The command's own source text, from the verb to its last token; newly allocated. */
char *sim_command_text(const struct sim_command *command);

/* The command with this canonical verb in a block (`ram` in a machine block), or NULL. */
const struct sim_command *sim_block_find(const struct sim_block *block, const char *verb);

/* ---- Scripts ---- */

typedef struct sim_script sim_script;

struct sim_script {
  const sim_source *source; /* the one that was parsed */
  struct sim_block *body;
  guint64 version;     /* of the language */
  GPtrArray *owned;    /* sources that die with the script: includes, and a loaded file */
  GPtrArray *chunks;   /* arena */
  gsize chunk_left;    /* bytes not handed out in the last chunk */
  GStringChunk *texts; /* strings */
  guint n_nodes;       /* handed out so far */
};

sim_script *sim_script_free(sim_script *script);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_script, sim_script_free)

/* For the parser: an empty script over a borrowed source; zeroed memory and strings that
 * live as long as the script. */
sim_script *sim_script_new(const sim_source *source);
void *sim_script_alloc(sim_script *script, gsize size);
const char *sim_script_text(sim_script *script, const char *text);

#endif
