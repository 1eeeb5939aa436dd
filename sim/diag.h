/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Messages with a place: `file:line:col: kind: text`, the source line, a caret, and a
 * suggestion where there is one.  Firmware maps and scripts share them.
 *
 * Lines and columns count from 1; a column counts UTF-8 characters and a tab is one
 * column (the echo shows it as one blank, so that the caret stands right).
 */
#ifndef SIM_DIAG_H
#define SIM_DIAG_H

#include <glib.h>

/* A text with a name and an index of its lines.  Immutable after it was made; the
 * tokens and messages made from it borrow from it. */
typedef struct sim_source sim_source;

struct sim_source {
  char *name;    /* as the user gave it; "-" is shown as "<stdin>" */
  char *text;    /* NUL-terminated copy; may hold NULs before its end */
  gsize size;    /* bytes, without the final NUL */
  GArray *lines; /* gsize: byte offset of the start of each line */
};

/* `size` bytes of `text` are copied. */
sim_source *sim_source_new(const char *name, const char *text, gsize size);

/* Reads a whole file, or standard input for "-".  At most `limit` bytes: a larger file
 * is an error, and so is one that cannot be read. */
sim_source *sim_source_load(const char *path, gsize limit, GError **error);

sim_source *sim_source_free(sim_source *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_source, sim_source_free)

/* A stretch of a source: `width` characters from the one at byte `offset`. */
struct sim_place {
  const sim_source *source; /* borrowed; NULL: no place (the command line) */
  gsize offset;             /* bytes from the start of the text */
  guint width;              /* characters to underline; 0 and 1 show a single caret */
};

guint sim_place_line(struct sim_place place);
guint sim_place_column(struct sim_place place);

/* "file:line:col", newly allocated. */
char *sim_place_to_string(struct sim_place place);

/* The line that holds the place, without its newline and without leading blanks; new. */
char *sim_place_text(struct sim_place place);

/*
 * The whole message, several lines, ending in a newline; newly allocated.
 * `kind` is a word such as "error" or "FAILED"; `hint` may be NULL, else it follows
 * the caret ("did you mean 'drop'?").
 */
char *sim_diag_format(struct sim_place place, const char *kind, const char *text, const char *hint);

/* The candidate nearest to `word` (NULL-terminated list), or NULL if none is near.
 * The first of equals wins, so the answer does not depend on anything but its input. */
const char *sim_suggest(const char *word, const char *const *candidates);

#endif
