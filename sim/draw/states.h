/* SPDX-License-Identifier: MPL-2.0 */
/*
 * How the state of a frame looks, the same in every picture: a letter, a shape and a pattern
 * beside the colour, and the legend that says so.
 */
#ifndef SIM_DRAW_STATES_H
#define SIM_DRAW_STATES_H

#include <fm/ops.h>

#include "sim/draw/picture.h"

struct sim_look sim_state_look(enum fm_count_state state);

/* "S2", "U", "B", "!", or "-" for unused. */
char *sim_state_letters(const struct fm_slot_view *view);

/* A box of that size: letters, and below them the type if there is room. */
void sim_draw_frame(sim_picture *picture, int x, int y, int w, int h,
                    const struct fm_slot_view *view);

/* One line of it, from x on. */
void sim_draw_legend(sim_picture *picture, int x, int y);

#endif
