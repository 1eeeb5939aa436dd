/* SPDX-License-Identifier: MPL-2.0 */
/* Count 0 means "nobody's" and "its last owner is tearing it down". */
#include "sim/museum/exhibit.h"

static enum fm_get_error claim(const struct fm_kernel *kernel, fm_paddr paddr, fm_meta_id type,
                               const void *meta, bool unique, struct fm_slot **ret)
{
  struct fm_slot *slot;
  enum fm_get_error error = fm_slot_find(kernel, paddr, &slot);
  if (error != FM_GET_OK)
    return error;
  /* Slots that nobody has used since the boot say unused in our way; they may be taken too. */
  uint64_t seen = fm_load_relaxed(FM_SITE_COUNT_LOAD, &slot->ref_count);
  if (seen != 0 && seen != FM_COUNT_UNUSED)
    return fm_count_claim_answer(seen);
  /* claim.cas, acquire: would pair with a store that says that the old owner is done.  There
   * is none: 0 says it too early. */
  if (!fm_cas_strong_acquire(FM_SITE_CLAIM_CAS, &slot->ref_count, &seen,
                             unique ? FM_COUNT_UNIQUE : 1))
    return fm_count_claim_answer(seen);
  fm_slot_write_meta(kernel, slot, type, meta, FM_SITE_CLAIM_VTABLE, FM_SITE_CLAIM_META);
  *ret = slot;
  return FM_GET_OK;
}

static void drop(struct fm_kernel *kernel, struct fm_frame frame)
{
  if (!fm_slot_dec(frame.slot))
    return;
  fm_slot_drop_meta(kernel, frame.slot, FM_SITE_DROP_META);
  fm_dealloc_frame(kernel, fm_slot_paddr(frame.slot));
  fm_note_step(FM_SITE_DROP_DEALLOC, frame.slot);
}

static void replace(struct fm_ops *ops)
{
  ops->claim = claim;
  ops->frame_drop = drop;
}

const struct sim_museum_exhibit sim_museum_zero_is_unused = {
    .title = "Zero means two things",
    .kind = SIM_MUSEUM_ORDER,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/1752",
    .fault = "A count of 0 said that a frame is nobody's, and also that its last owner is still "
             "destroying its metadata. A claim was a compare-exchange from 0 to 1, so it could win "
             "while the dropper, whose decrement had made the 0, was yet to run the destructor.",
    .outcome =
        "The old owner destroys the metadata of the new one, and gives a frame to the allocator "
        "that somebody owns.",
    .remedy =
        "A value of its own for unused (then 2^32 - 1), and 0 for busy only: a claim goes from "
        "unused over busy to 1, and nobody can claim what is being torn down.",
    .known = "That the dropper gives back a frame which the other one claimed by its address is a "
             "fault of a kernel that lets frames be claimed by address; it remains with the "
             "remedy, and is another exhibit.",
    .variants = {{.name = "zero-is-unused",
                  .title = "no value of its own for a frame that is being torn down",
                  .script = "zero-is-unused.fms",
                  .schedule = "A:drop.dec B:* A:*",
                  .ours = "A:drop.dec B:* A:*",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
