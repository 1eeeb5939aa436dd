/* SPDX-License-Identifier: MPL-2.0 */
/* The exhibits, in the order of a visit: one CPU's count first, then two CPUs, segments,
 * allocators, the boot. */
#include "sim/museum/exhibit.h"

#define EXHIBITS(X)                                                                                \
  X(look_then_decrement)                                                                           \
  X(zero_is_unused)                                                                                \
  X(dealloc_first)                                                                                 \
  X(count_wraps)                                                                                   \
  X(repurpose_unwinds)                                                                             \
  X(past_the_end)                                                                                  \
  X(slice_wrap)                                                                                    \
  X(empty_segment)                                                                                 \
  X(swallowed_error)                                                                               \
  X(partial_segment)                                                                               \
  X(bytes_for_frames)                                                                              \
  X(claim_of_free)                                                                                 \
  X(list_ids)                                                                                      \
  X(unique_relaxed)                                                                                \
  X(cow_by_mappings)                                                                               \
  X(flush_after_drop)                                                                              \
  X(balance_subpage)                                                                               \
  X(usable_twice)                                                                                  \
  X(kernel_is_usable)                                                                              \
  X(region_without_page)                                                                           \
  X(highest_address)                                                                               \
  X(slots_before_map)                                                                              \
  X(shared_table)                                                                                  \
  X(bump_when_full)                                                                                \
  X(boot_table_backwards)                                                                          \
  X(boot_table_twice)

#define DECLARE(name) extern const struct sim_museum_exhibit sim_museum_##name;
EXHIBITS(DECLARE)

#define ADDRESS(name) &sim_museum_##name,
const struct sim_museum_exhibit *const sim_museum_exhibits[] = {EXHIBITS(ADDRESS) NULL};
