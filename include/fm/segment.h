/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Segment: one reference on each frame of a contiguous range.
 *
 * A handle is the range [start, end); it owns the references and ends by
 * fm_segment_drop(), by fm_segment_into_raw(), or by being iterated to nothing.  An empty
 * segment owns nothing; it comes only from iteration and from empty slices.
 *
 * Arguments are checked before anything changes.  Handles may pass between CPUs; one
 * handle is used by one CPU at a time.
 */
#ifndef FM_SEGMENT_H
#define FM_SEGMENT_H

#include <fm/frame.h>

struct fm_segment {
  struct fm_range range;
};

/* Writes the metadata of the frame at `paddr` into `ret`, as many bytes as the type has. */
typedef void (*fm_segment_meta)(fm_paddr paddr, void *ret, void *data);

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Claims each frame of the range, ascending.  NotAligned if an end is not page aligned,
 * OutOfBound if it ends above max_paddr; an empty range ends the machine.  The first
 * frame that cannot be had gives its error, and those already taken become unused again
 * without the allocator hearing of it: it never gave them out.  `meta` may be NULL for
 * types without metadata.
 */
FM_MUST_USE enum fm_get_error fm_segment_from_unused(struct fm_kernel *kernel,
                                                     struct fm_range range, fm_meta_id type,
                                                     fm_segment_meta meta, void *meta_data,
                                                     struct fm_segment *ret);

/* A further reference on every frame. */
struct fm_segment fm_segment_clone(struct fm_segment segment);

/* Drops the frames one by one, ascending. */
void fm_segment_drop(struct fm_kernel *kernel, struct fm_segment segment);

/* A further segment over bytes [start, end) of this one.  False: an offset is not page
 * aligned, start > end, or end is past the segment; nothing changed. */
FM_MUST_USE bool fm_segment_slice(struct fm_segment segment, uint64_t start, uint64_t end,
                                  struct fm_segment *ret);

/* Cuts in two at byte `offset`, which is page aligned and inside; consumes the segment.
 * False: it is not, and the segment still is the caller's. */
FM_MUST_USE bool fm_segment_split(struct fm_segment segment, uint64_t offset,
                                  struct fm_segment *ret_first, struct fm_segment *ret_second);

/* Takes the first frame out.  False: the segment is empty. */
FM_MUST_USE bool fm_segment_next(struct fm_segment *segment, struct fm_frame *ret);

/* Whether its frames are of this type, judged on the first one.  An empty segment is of no
 * type: it owns no frame whose slot it could look at. */
FM_MUST_USE bool fm_segment_has_type(const struct fm_kernel *kernel, struct fm_segment segment,
                                     uint32_t number);

/* The record of the first frame's type; NULL: the segment is empty. */
const struct fm_vtable *fm_segment_vtable(struct fm_segment segment);

#ifdef __cplusplus
}
#endif

static inline uint64_t fm_segment_size(struct fm_segment segment)
{
  return fm_range_size(segment.range);
}

/* Consumes the frame. */
static inline struct fm_segment fm_segment_from_frame(struct fm_frame frame)
{
  struct fm_segment segment;
  segment.range.start = fm_frame_paddr(frame);
  segment.range.end = fm_paddr_add(segment.range.start, FM_PAGE_SIZE);
  return segment;
}

static inline struct fm_range fm_segment_into_raw(struct fm_segment segment)
{
  return segment.range;
}

static inline struct fm_segment fm_segment_from_raw(struct fm_range range)
{
  struct fm_segment segment;
  segment.range = range;
  return segment;
}

#endif
