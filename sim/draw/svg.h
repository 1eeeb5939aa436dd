/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A picture as SVG 1.1: one file without scripts, links or fonts in it.
 *
 * Each group is an element with its id, and its first child is its title.  The same picture
 * gives the same bytes.  Pure but for memory.
 */
#ifndef SIM_DRAW_SVG_H
#define SIM_DRAW_SVG_H

#include "sim/draw/picture.h"

/* The whole text of the file, newly allocated. */
char *sim_picture_to_svg(const sim_picture *picture);

#endif
