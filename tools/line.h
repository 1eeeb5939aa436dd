/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Lines of commands: from a terminal with editing, history and completion, from anything
 * else as they are, without a prompt.
 *
 * Standard input is read here and nowhere else while a reader exists.
 */
#ifndef TOOLS_LINE_H
#define TOOLS_LINE_H

#include <glib.h>
#include <signal.h>
#include <stdbool.h>

enum line_end {
  LINE_READ,
  LINE_NO_MORE,
  LINE_INTERRUPTED, /* by a signal that set *interrupted, which the caller clears */
};

/* What the last word of `line` (up to the cursor) may become: the whole words, in the order
 * in which they are shown; free with g_strfreev(). */
typedef char **(*line_complete)(const char *line, void *data);

typedef struct line_reader line_reader;

line_reader *line_reader_new(const char *prompt, const volatile sig_atomic_t *interrupted,
                             line_complete complete, void *data);
line_reader *line_reader_free(line_reader *reader);

/* Whether somebody sits there. */
bool line_reader_is_terminal(const line_reader *reader);

/* LINE_READ: *ret is the line without its end, newly allocated. */
enum line_end line_reader_next(line_reader *reader, char **ret);

#endif
