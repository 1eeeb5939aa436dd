/* SPDX-License-Identifier: MPL-2.0 */
/* --html FILE: the page of a player. */
#ifndef TOOLS_HTML_OUT_H
#define TOOLS_HTML_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/player/document.h"

/* Creates or empties the file, so that what cannot be written is known before anything runs.
 * NULL after a message. */
FILE *html_out_open(const char *path);

/* Writes the page and closes the file; says on standard error what is not in it.  False after a
 * message. */
bool html_out_close(FILE *file, const char *path, const sim_player *player);

/* Nothing is to be written after all: closes the file, and removes it if it is a regular one. */
void html_out_discard(FILE *file, const char *path);

#endif
