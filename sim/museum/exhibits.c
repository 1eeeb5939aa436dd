/* SPDX-License-Identifier: MPL-2.0 */
/* The exhibits, in the order of a visit: one CPU's count first, then two CPUs, segments,
 * allocators, the boot. */
#include "sim/museum/exhibit.h"

#define EXHIBITS(X)                                                                                \
  X(look_then_decrement)                                                                           \
  X(dealloc_first)                                                                                 \
  X(zero_is_unused)

#define DECLARE(name) extern const struct sim_museum_exhibit sim_museum_##name;
EXHIBITS(DECLARE)

#define ADDRESS(name) &sim_museum_##name,
const struct sim_museum_exhibit *const sim_museum_exhibits[] = {EXHIBITS(ADDRESS) NULL};
