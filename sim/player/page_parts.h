/* SPDX-License-Identifier: MPL-2.0 */
/* The files of sim/player/page/, as make-parts.sh puts them into the program. */
#ifndef SIM_PLAYER_PAGE_PARTS_H
#define SIM_PLAYER_PAGE_PARTS_H

extern const char sim_player_page_html[];
extern const char sim_player_page_css[];
extern const char sim_player_page_js[];

#endif
