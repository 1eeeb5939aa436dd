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
  fm_debug_assert(frame.slot->ref_count != FM_COUNT_UNUSED, frame.slot,
                  "the type of a frame is read that nobody holds");
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

/* ---- Metadata and its type ---- */

/* The metadata of the frame: as many bytes as its type has.  Readable while the caller has
 * a reference; who may write it is the type's own business. */
static inline const void *fm_frame_meta(struct fm_frame frame)
{
  return frame.slot->storage;
}

/* Copies the metadata to `to`, which has room for FM_META_MAX_SIZE bytes; returns how many
 * there were.  The reference keeps them, but only the type can say who may write meanwhile. */
static inline uint32_t fm_frame_read_meta(struct fm_frame frame, void *to)
{
  uint32_t size = fm_frame_vtable(frame)->size;
  if (size == 0 || size > FM_META_MAX_SIZE)
    return 0;
  fm_note_read(FM_SITE_META_READ, frame.slot->storage, size);
  __builtin_memcpy(to, frame.slot->storage, size);
  return size;
}

/* Whether the frame is of this type: the check by which a handle of any type becomes one
 * of a given type.  The handle is the same before and after. */
static inline bool fm_frame_has_type(const struct fm_kernel *kernel, struct fm_frame frame,
                                     uint32_t number)
{
  return fm_frame_vtable(frame) == fm_kernel_vtable(kernel, number);
}

/* ---- FrameRef: a handle that is only borrowed ---- */

/* Somebody else's reference, to look through and to clone.  It owns nothing, so nothing
 * ends it; it must not outlive the reference that it was borrowed from. */
struct fm_frame_ref {
  struct fm_slot *slot; /* process address */
};

static inline struct fm_frame_ref fm_frame_borrow(struct fm_frame frame)
{
  struct fm_frame_ref ref;
  ref.slot = frame.slot;
  return ref;
}

/* Borrows a reference that fm_frame_into_raw() left behind. */
static inline struct fm_frame_ref fm_frame_borrow_raw(fm_paddr paddr)
{
  return fm_frame_borrow(fm_frame_of_slot(fm_slot_at(paddr)));
}

/* The frame, for functions that look at it.  Not the caller's to drop. */
static inline struct fm_frame fm_frame_ref_look(struct fm_frame_ref ref)
{
  return fm_frame_of_slot(ref.slot);
}

/* A reference of the caller's own. */
static inline struct fm_frame fm_frame_ref_clone(struct fm_frame_ref ref)
{
  return fm_frame_clone(fm_frame_of_slot(ref.slot));
}

#endif
