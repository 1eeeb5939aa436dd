/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The page of a player: one HTML file that needs nothing else.
 *
 * The parts of the page stand in sim/player/page/ and are in the program.  The page may load
 * nothing: its policy says so to the browser.
 */
#ifndef SIM_PLAYER_PAGE_H
#define SIM_PLAYER_PAGE_H

#include "sim/player/document.h"

/* The whole file; new. */
char *sim_player_to_html(const sim_player *player);

#endif
