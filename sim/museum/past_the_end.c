/* SPDX-License-Identifier: MPL-2.0 */
/* The first address that has no slot is taken for one that has. */
#include "sim/museum/exhibit.h"

static enum fm_get_error claim(const struct fm_kernel *kernel, fm_paddr paddr, fm_meta_id type,
                               const void *meta, bool unique, struct fm_slot **ret)
{
  struct fm_slot *slot = fm_slot_at(paddr);
  if (paddr.raw != kernel->max_paddr)
    return fm_slot_claim(kernel, paddr, type, meta, unique, ret);
  /* claim.cas, acquire: as in fm_slot_claim(). */
  uint64_t seen = FM_COUNT_UNUSED;
  if (!fm_cas_strong_acquire(FM_SITE_CLAIM_CAS, &slot->ref_count, &seen, FM_COUNT_BUSY))
    return fm_count_claim_answer(seen);
  fm_slot_write_meta(kernel, slot, type, meta, FM_SITE_CLAIM_VTABLE, FM_SITE_CLAIM_META);
  /* claim.publish, release: as in fm_slot_claim(). */
  fm_store_release(FM_SITE_CLAIM_PUBLISH, &slot->ref_count, unique ? FM_COUNT_UNIQUE : 1);
  *ret = slot;
  return FM_GET_OK;
}

static void replace(struct fm_ops *ops)
{
  ops->claim = claim;
}

const struct sim_museum_exhibit sim_museum_past_the_end = {
    .title = "One slot past the table",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/commit/03a39c94c",
    .fault = "An address was refused if it was above the limit of memory. The limit itself is the "
             "first address without a slot, and it was accepted.",
    .outcome = "The claim reaches for a slot behind the last one: a page fault if the table ends "
               "with its page, else whatever lies there.",
    .remedy = "An address has a slot if it is below the limit (commit 40c32b5ff). The other way to "
              "be off by one is the exhibit last-page.",
    .variants = {{.name = "past-the-end",
                  .title = "an address at the limit is taken for one with a slot",
                  .script = "past-the-end.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
