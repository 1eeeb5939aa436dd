/* SPDX-License-Identifier: MPL-2.0 */
/* Handles to frames that the allocator never gave out. */
#include "sim/museum/exhibit.h"

/* In those kernels a free frame's slot was unused, that of a free chunk's head too. */
static enum fm_get_error claim(const struct fm_kernel *kernel, fm_paddr paddr, fm_meta_id type,
                               const void *meta, bool unique, struct fm_slot **ret)
{
  struct fm_slot *slot;
  enum fm_get_error error = fm_slot_find(kernel, paddr, &slot);
  if (error != FM_GET_OK)
    return error;
  const struct fm_vtable *free_head = fm_kernel_vtable(kernel, FM_META_FREE_HEAD);
  uint64_t seen = FM_COUNT_UNIQUE;
  /* claim.cas, acquire: as in fm_slot_claim(). */
  if (fm_image_ptr(fm_kaddr_of(slot->vtable_ptr)) != free_head ||
      !fm_cas_strong_acquire(FM_SITE_CLAIM_CAS, &slot->ref_count, &seen, FM_COUNT_UNUSED))
    return fm_slot_claim(kernel, paddr, type, meta, unique, ret);
  return fm_slot_claim(kernel, paddr, type, meta, unique, ret);
}

static void replace(struct fm_ops *ops)
{
  ops->claim = claim;
}

const struct sim_museum_exhibit sim_museum_claim_of_free = {
    .title = "A handle that the allocator never gave out",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/1760",
    .fault =
        "A safe constructor made an owning handle from a bare address. Its drop gives the frame "
        "to the allocator, which may have it on a free list still. It was there in 2023 "
        "(https://github.com/asterinas/asterinas/issues/94), again in 2024, and the constructor "
        "is public today.",
    .outcome = "The allocator has a frame twice, or one that it should never have. In the report a "
               "later allocation does not come back from the damaged free lists.",
    .remedy =
        "Where the free lists lie in the slots, as here, the head of a free chunk is a unique "
        "frame, and the claim answers that. The other frames of a chunk are unused and can be "
        "claimed: the machine reports that as a finding at the claim.",
    .variants = {{.name = "claim-of-free",
                  .title = "the head of a free chunk can be claimed and given back",
                  .script = "claim-of-free.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
