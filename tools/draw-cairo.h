/* SPDX-License-Identifier: MPL-2.0 */
/* draw: a picture as pixels or on a page, by cairo. */
#ifndef TOOLS_DRAW_CAIRO_H
#define TOOLS_DRAW_CAIRO_H

#include <stdio.h>

#include "sim/draw/picture.h"

enum draw_form { DRAW_SVG, DRAW_PNG, DRAW_PDF };

/* Writes a PNG, `scale` times the size of the picture, or a PDF of one page to an open file.
 * NULL, or what went wrong: static. */
const char *draw_with_cairo(const sim_picture *picture, enum draw_form form, int scale, FILE *file);

#endif
