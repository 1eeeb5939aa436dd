/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/explore/internal.h"
void sim_forward_run(sim_explore *explore)
{
  (void)explore;
}
