/* SPDX-License-Identifier: MPL-2.0 */
/* Rows of free memory, for the moments of any machine. */
#ifndef SIM_PLAYER_FREE_H
#define SIM_PLAYER_FREE_H

#include <sim/machine.h>

#include "sim/player/document.h"

/* All rows of SIM_PLAYER_FREE, and the count of free frames; the machine is booted. */
void sim_player_put_free(sim_player *player, const sim_machine *machine);

#endif
