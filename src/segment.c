/* SPDX-License-Identifier: MPL-2.0 */
#include <fm/segment.h>
#include <fm/unique.h>

static struct fm_frame frame_at(fm_paddr paddr)
{
  return fm_frame_from_raw(paddr);
}

/* Makes frames unused again that nobody saw yet: each reference is the only one. */
static void undo(struct fm_kernel *kernel, struct fm_range range)
{
  for (fm_paddr at = range.start; at.raw < range.end.raw; at.raw += FM_PAGE_SIZE) {
    struct fm_unique unique = {NULL};
    if (fm_unique_from_frame(frame_at(at), &unique))
      fm_unique_reset(kernel, unique);
    else /* somebody got a reference by address meanwhile: theirs will be the last */
      fm_frame_drop(kernel, frame_at(at));
  }
}

enum fm_get_error fm_segment_from_unused(struct fm_kernel *kernel, struct fm_range range,
                                         fm_meta_id type, fm_segment_meta meta, void *meta_data,
                                         struct fm_segment *ret)
{
  if (!fm_is_page_aligned(range.start.raw) || !fm_is_page_aligned(range.end.raw))
    return FM_GET_NOT_ALIGNED;
  /* slot.bound, relaxed: needs no partner; see fm_slot_find(). */
  if (range.end.raw > fm_load_relaxed(FM_SITE_SLOT_BOUND, &kernel->max_paddr))
    return FM_GET_OUT_OF_BOUND;
  if (range.start.raw >= range.end.raw)
    fm_port_panic("a segment of no frames");

  uint8_t bytes[FM_META_MAX_SIZE] = {0};
  for (fm_paddr at = range.start; at.raw < range.end.raw; at.raw += FM_PAGE_SIZE) {
    struct fm_frame frame = {NULL};
    if (meta != NULL) {
      __builtin_memset(bytes, 0, sizeof(bytes));
      meta(at, bytes, meta_data);
    }
    enum fm_get_error error = fm_frame_from_unused(kernel, at, type, bytes, &frame);
    if (error != FM_GET_OK) {
      undo(kernel, fm_range_of(range.start.raw, at.raw));
      return error;
    }
  }
  *ret = fm_segment_from_raw(range);
  return FM_GET_OK;
}

struct fm_segment fm_segment_clone(struct fm_segment segment)
{
  for (fm_paddr at = segment.range.start; at.raw < segment.range.end.raw; at.raw += FM_PAGE_SIZE)
    (void)fm_frame_clone(frame_at(at));
  return segment;
}

void fm_segment_drop(struct fm_kernel *kernel, struct fm_segment segment)
{
  for (fm_paddr at = segment.range.start; at.raw < segment.range.end.raw; at.raw += FM_PAGE_SIZE)
    fm_frame_drop(kernel, frame_at(at));
}

bool fm_segment_slice(struct fm_segment segment, uint64_t start, uint64_t end,
                      struct fm_segment *ret)
{
  /* Offsets are compared with the size before they are added to anything. */
  if (!fm_is_page_aligned(start) || !fm_is_page_aligned(end) || start > end ||
      end > fm_segment_size(segment))
    return false;
  uint64_t base = segment.range.start.raw;
  *ret = fm_segment_clone(fm_segment_from_raw(fm_range_of(base + start, base + end)));
  return true;
}

bool fm_segment_split(struct fm_segment segment, uint64_t offset, struct fm_segment *ret_first,
                      struct fm_segment *ret_second)
{
  if (!fm_is_page_aligned(offset) || offset == 0 || offset >= fm_segment_size(segment))
    return false;
  uint64_t at = segment.range.start.raw + offset;
  *ret_first = fm_segment_from_raw(fm_range_of(segment.range.start.raw, at));
  *ret_second = fm_segment_from_raw(fm_range_of(at, segment.range.end.raw));
  return true;
}

bool fm_segment_next(struct fm_segment *segment, struct fm_frame *ret)
{
  if (fm_range_is_empty(segment->range))
    return false;
  *ret = frame_at(segment->range.start);
  segment->range.start.raw += FM_PAGE_SIZE;
  return true;
}

const struct fm_vtable *fm_segment_vtable(struct fm_segment segment)
{
  /* Of an empty segment nobody need hold any frame: not even the one at its start. */
  if (fm_range_is_empty(segment.range))
    return NULL;
  return fm_frame_vtable(frame_at(segment.range.start));
}

bool fm_segment_has_type(const struct fm_kernel *kernel, struct fm_segment segment, uint32_t number)
{
  const struct fm_vtable *vtable = fm_segment_vtable(segment);
  return vtable != NULL && vtable == fm_kernel_vtable(kernel, number);
}
