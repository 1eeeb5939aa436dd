/* SPDX-License-Identifier: MPL-2.0 */
/*
 * UniqueFrame: the only handle to a frame; its owner may write the metadata.
 *
 * Nobody else can get a reference while it lives: fm_slot_get() answers Unique.  It ends
 * by fm_unique_drop(), fm_unique_reset(), fm_unique_into_raw() or fm_unique_share().
 */
#ifndef FM_UNIQUE_H
#define FM_UNIQUE_H

#include <fm/alloc.h>
#include <fm/frame.h>
#include <fm/slot.h>

struct fm_unique {
  struct fm_slot *slot; /* process address; NULL: no frame */
};

static inline struct fm_unique fm_unique_of_slot(struct fm_slot *slot)
{
  struct fm_unique unique;
  unique.slot = slot;
  return unique;
}

/* Claims an unused frame for its only owner; see fm_slot_claim(). */
FM_MUST_USE static inline enum fm_get_error fm_unique_from_unused(const struct fm_kernel *kernel,
                                                                  fm_paddr paddr, fm_meta_id type,
                                                                  const void *meta,
                                                                  struct fm_unique *ret)
{
  return fm_slot_claim(kernel, paddr, type, meta, true, &ret->slot);
}

static inline fm_paddr fm_unique_paddr(struct fm_unique unique)
{
  return fm_slot_paddr(unique.slot);
}

/* The metadata, writable by the owner. */
static inline void *fm_unique_meta(struct fm_unique unique)
{
  return unique.slot->storage;
}

/* Writes the first `size` bytes of the metadata, at most as many as the type has. */
static inline void fm_unique_write_meta(struct fm_unique unique, const void *from, uint32_t size)
{
  fm_write_bytes(FM_SITE_META_WRITE, unique.slot->storage, from, size);
}

/* Unique -> shared with one reference.  Consumes the handle. */
static inline struct fm_frame fm_unique_share(struct fm_unique unique)
{
  /* unique.publish, release: pairs with the acquire of get.cas in fm_slot_try_get() and of
   * unique.cas in fm_unique_from_frame(): what the owner wrote is seen by later holders. */
  fm_store_release(FM_SITE_UNIQUE_PUBLISH, &unique.slot->ref_count, 1);
  return fm_frame_of_slot(unique.slot);
}

/* Shared -> unique, if the handle is the only reference.  True: *ret is the handle now,
 * and `frame` is consumed.  False: nothing changed, `frame` still is the caller's. */
FM_MUST_USE static inline bool fm_unique_from_frame(struct fm_frame frame, struct fm_unique *ret)
{
  /* unique.cas, acquire: pairs with the release of drop.dec in fm_slot_dec(): a holder who
   * read the metadata and left is done before we write it.  (Relaxed is a data race: that
   * holder's last read and our first write would be unordered.)  Failure relaxed. */
  uint64_t seen = 1;
  if (!fm_cas_strong_acquire(FM_SITE_UNIQUE_CAS, &frame.slot->ref_count, &seen, FM_COUNT_UNIQUE))
    return false;
  *ret = fm_unique_of_slot(frame.slot);
  return true;
}

/* Replaces the metadata by that of another type; the frame stays unique all the time. */
static inline void fm_unique_repurpose(struct fm_kernel *kernel, struct fm_unique unique,
                                       fm_meta_id type, const void *meta)
{
  fm_slot_drop_meta(kernel, unique.slot, FM_SITE_REPURPOSE_DROP);
  fm_slot_write_meta(kernel, unique.slot, type, meta, FM_SITE_REPURPOSE_WRITE,
                     FM_SITE_REPURPOSE_WRITE);
}

static inline fm_paddr fm_unique_into_raw(struct fm_unique unique)
{
  return fm_slot_paddr(unique.slot);
}

/* As fm_frame_from_raw(). */
static inline struct fm_unique fm_unique_from_raw(fm_paddr paddr)
{
  return fm_unique_of_slot(fm_slot_at(paddr));
}

/* Makes the frame unused without telling the allocator: for the allocator itself, and for
 * frames that it never handed out. */
static inline void fm_unique_reset(struct fm_kernel *kernel, struct fm_unique unique)
{
  /* reset.zero, release: needs no partner; it is kept as the kernel has it. */
  fm_store_release(FM_SITE_RESET_ZERO, &unique.slot->ref_count, FM_COUNT_BUSY);
  fm_slot_drop_last(kernel, unique.slot);
}

/* Ends the handle: drops the metadata, makes the slot unused, gives the frame back. */
static inline void fm_unique_drop(struct fm_kernel *kernel, struct fm_unique unique)
{
  /* unique.zero, relaxed: needs no partner; there is no other holder, and whoever sees
   * busy may do nothing with it. */
  fm_store_relaxed(FM_SITE_UNIQUE_ZERO, &unique.slot->ref_count, FM_COUNT_BUSY);
  fm_slot_drop_last(kernel, unique.slot);
  fm_dealloc_frame(kernel, fm_slot_paddr(unique.slot));
  fm_note_step(FM_SITE_DROP_DEALLOC, unique.slot);
}

#endif
