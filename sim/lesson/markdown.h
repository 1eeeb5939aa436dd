/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A readable form of our documents for a terminal.
 *
 * Of Markdown it knows what the lessons use: headings, paragraphs, lists, tables, blocks
 * between ``` lines, **strong**, *emphasis*, `code` and [links](target).  Everything else
 * is left as it stands.  Paragraphs are filled to `width` characters; blocks are indented and
 * otherwise left alone.  Comments (<!-- ... -->) go.
 */
#ifndef SIM_LESSON_MARKDOWN_H
#define SIM_LESSON_MARKDOWN_H

#include <glib.h>

/* `text` is UTF-8; newly allocated, ends with a newline unless it is empty. */
char *sim_markdown_plain(const char *text, guint width);

#endif
