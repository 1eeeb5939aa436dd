/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Frame: one counted reference to a frame in use.
 *
 * A handle is one pointer; it owns one reference and ends by fm_frame_drop(),
 * fm_frame_into_raw() or fm_unique_from_frame().  Copying the struct copies no reference.
 * Handles may be passed between CPUs; one handle is used by one CPU at a time.
 */
#ifndef FM_FRAME_H
#define FM_FRAME_H

#include <fm/alloc.h>
#include <fm/slot.h>

struct fm_frame {
  struct fm_slot *slot; /* process address; NULL: no frame */
};

static inline struct fm_frame fm_frame_of_slot(struct fm_slot *slot)
{
  struct fm_frame frame;
  frame.slot = slot;
  return frame;
}

/* Claims an unused frame; see fm_slot_claim(). */
FM_MUST_USE static inline enum fm_get_error fm_frame_from_unused(const struct fm_kernel *kernel,
                                                                 fm_paddr paddr, fm_meta_id type,
                                                                 const void *meta,
                                                                 struct fm_frame *ret)
{
  return fm_slot_claim(kernel, paddr, type, meta, false, &ret->slot);
}

/* A further reference to a frame in use, whatever its type. */
FM_MUST_USE static inline enum fm_get_error
fm_frame_from_in_use(const struct fm_kernel *kernel, fm_paddr paddr, struct fm_frame *ret)
{
  return fm_slot_get(kernel, paddr, &ret->slot);
}

static inline fm_paddr fm_frame_paddr(struct fm_frame frame)
{
  return fm_slot_paddr(frame.slot);
}

static inline struct fm_frame fm_frame_clone(struct fm_frame frame)
{
  fm_slot_inc(frame.slot);
  return frame;
}

/* How many references there were at some moment; for checks and output only. */
static inline uint64_t fm_frame_count(struct fm_frame frame)
{
  /* count.load, relaxed: needs no partner; nothing is concluded from the number. */
  return fm_load_relaxed(FM_SITE_COUNT_LOAD, &frame.slot->ref_count);
}

/* The record of the frame's metadata type.  The reference keeps it from changing. */
static inline const struct fm_vtable *fm_frame_vtable(struct fm_frame frame)
{
  fm_kaddr vtable = fm_kaddr_of(fm_read_word(FM_SITE_META_VTABLE, &frame.slot->vtable_ptr));
  return (const struct fm_vtable *)fm_image_ptr(vtable);
}

/* Ends the handle.  If it was the last: the metadata is dropped, the slot becomes unused,
 * and only then the allocator gets the frame back. */
static inline void fm_frame_drop(struct fm_kernel *kernel, struct fm_frame frame)
{
  if (!fm_slot_dec(frame.slot))
    return;
  fm_slot_drop_last(kernel, frame.slot);
  fm_dealloc_frame(kernel, fm_slot_paddr(frame.slot));
  fm_note_step(FM_SITE_DROP_DEALLOC, frame.slot);
}

/* Forgets the handle but keeps its reference; fm_frame_from_raw() gives it back. */
static inline fm_paddr fm_frame_into_raw(struct fm_frame frame)
{
  return fm_slot_paddr(frame.slot);
}

/* The handle for a reference that fm_frame_into_raw() left behind.  Neither the count nor
 * the type is looked at. */
static inline struct fm_frame fm_frame_from_raw(fm_paddr paddr)
{
  return fm_frame_of_slot(fm_slot_at(paddr));
}

enum fm_alloc_error {
  FM_ALLOC_OK,
  FM_ALLOC_NO_MEMORY,
  FM_ALLOC_INVALID_ARGS,
};

#ifdef __cplusplus
extern "C" {
#endif

const char *fm_alloc_error_name(enum fm_alloc_error error);

/* A frame from the allocator, claimed with the given metadata, its bytes zeroed if
 * `zeroed`.  An allocator that hands out a frame somebody claimed by address ends the
 * machine, as in the kernel. */
FM_MUST_USE enum fm_alloc_error fm_frame_alloc(struct fm_kernel *kernel, fm_meta_id type,
                                               const void *meta, bool zeroed, struct fm_frame *ret);

#ifdef __cplusplus
}
#endif

#endif
