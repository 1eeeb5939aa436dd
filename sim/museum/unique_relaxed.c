/* SPDX-License-Identifier: MPL-2.0 */
/* The last holder becomes the owner without seeing that the others are done. */
#include "sim/museum/exhibit.h"

static bool from_frame(struct fm_frame frame, struct fm_unique *ret)
{
  /* unique.cas, relaxed: pairs with nothing; that is the fault. */
  struct fm_access access = {.site = FM_SITE_UNIQUE_CAS,
                             .kind = FM_ACCESS_CAS,
                             .order = FM_ORDER_RELAXED,
                             .size = sizeof(frame.slot->ref_count),
                             .where = &frame.slot->ref_count,
                             .operand = FM_COUNT_UNIQUE,
                             .expected = 1};
  fm_hook_access(&access);
  if (access.done)
    *ret = fm_unique_of_slot(frame.slot);
  return access.done;
}

static void replace(struct fm_ops *ops)
{
  ops->unique_from_frame = from_frame;
}

const struct sim_museum_exhibit sim_museum_unique_relaxed = {
    .title = "The only reference, but not the only reader",
    .kind = SIM_MUSEUM_MEMORY,
    .published = false,
    .source = "read in the present kernel; its published twin is "
              "https://github.com/rust-lang/rust/issues/51780",
    .fault =
        "A handle becomes unique if the count is 1, by a compare-exchange that is relaxed. The 1 "
        "may come from another CPU's drop. That is a release, but nothing here acquires it: what "
        "that CPU read before is not ordered before what the new owner writes.",
    .outcome =
        "A data race: the reader may see bytes of the new metadata. No order of whole steps shows "
        "it, and x86 does not either. A detector of races does, and on weaker processors a read "
        "after the conversion can give an old value.",
    .remedy = "Acquire where the exchange succeeds, as the last drop has it for the same reason.",
    .known = "Two independent model checks confirm the race. For the frames of a kernel no report "
             "is known; for reference-counted pointers there is one.",
    .variants = {{.name = "unique-relaxed",
                  .title = "the exchange from 1 to unique is relaxed",
                  .script = "unique-relaxed.fms",
                  .schedule = "A:* B:*",
                  .ours = "A:* B:*",
                  .end = SIM_MUSEUM_NOT_SEEN,
                  .replace = replace}},
};
