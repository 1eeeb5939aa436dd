/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Untyped frames and segments: those whose bytes are nobody's in particular, so that they
 * may be handed out.
 *
 * The metadata type says whether a frame is untyped (FM_META_UNTYPED).  Only handles of
 * these two kinds give readers and writers (fm/io.h); the bytes of a typed frame, such as a
 * page-table node, cannot be reached that way.  A conversion consumes the handle that it
 * gets if it succeeds, and changes no count.
 */
#ifndef FM_UNTYPED_H
#define FM_UNTYPED_H

#include <fm/frame.h>
#include <fm/io.h>
#include <fm/segment.h>

/* One reference to an untyped frame. */
struct fm_untyped {
  struct fm_slot *slot; /* process address */
};

/* One reference on each frame of a range, all untyped. */
struct fm_untyped_segment {
  struct fm_range range;
};

/* False: the frame is typed, and `frame` still is the caller's. */
FM_MUST_USE static inline bool fm_frame_untyped(struct fm_frame frame, struct fm_untyped *ret)
{
  if ((fm_frame_vtable(frame)->flags & FM_META_UNTYPED) == 0)
    return false;
  ret->slot = frame.slot;
  return true;
}

/* Judged on the first frame.  False: it is typed, or the segment is empty. */
FM_MUST_USE static inline bool fm_segment_untyped(struct fm_segment segment,
                                                  struct fm_untyped_segment *ret)
{
  const struct fm_vtable *vtable = fm_segment_vtable(segment);
  if (vtable == NULL || (vtable->flags & FM_META_UNTYPED) == 0)
    return false;
  ret->range = segment.range;
  return true;
}

/* And back, to a handle of any type. */
static inline struct fm_frame fm_untyped_frame(struct fm_untyped untyped)
{
  return fm_frame_of_slot(untyped.slot);
}

static inline struct fm_segment fm_untyped_segment(struct fm_untyped_segment untyped)
{
  return fm_segment_from_raw(untyped.range);
}

/* All bytes of the frame, or of the segment.  The caller keeps its reference until it is
 * done with them. */
static inline struct fm_reader fm_untyped_reader(struct fm_untyped untyped)
{
  return fm_reader_of(fm_slot_paddr(untyped.slot), FM_PAGE_SIZE);
}

static inline struct fm_writer fm_untyped_writer(struct fm_untyped untyped)
{
  return fm_writer_of(fm_slot_paddr(untyped.slot), FM_PAGE_SIZE);
}

static inline struct fm_reader fm_untyped_segment_reader(struct fm_untyped_segment untyped)
{
  return fm_reader_of(untyped.range.start, fm_range_size(untyped.range));
}

static inline struct fm_writer fm_untyped_segment_writer(struct fm_untyped_segment untyped)
{
  return fm_writer_of(untyped.range.start, fm_range_size(untyped.range));
}

#endif
