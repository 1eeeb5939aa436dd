/* SPDX-License-Identifier: MPL-2.0 */
/* A segment that cannot be made gives frames back that it never got. */
#include "sim/museum/exhibit.h"

static enum fm_get_error make(struct fm_kernel *kernel, struct fm_range range, fm_meta_id type,
                              fm_segment_meta meta, void *meta_data, struct fm_segment *ret)
{
  uint8_t bytes[FM_META_MAX_SIZE] = {0};
  if (!fm_is_page_aligned(range.start.raw) || !fm_is_page_aligned(range.end.raw))
    return FM_GET_NOT_ALIGNED;
  if (range.end.raw > kernel->max_paddr)
    return FM_GET_OUT_OF_BOUND;
  struct fm_segment part = fm_segment_from_raw(fm_range_of(range.start.raw, range.start.raw));
  while (part.range.end.raw < range.end.raw) {
    struct fm_frame frame = {NULL};
    if (meta != NULL)
      meta(part.range.end, bytes, meta_data);
    enum fm_get_error error = fm_frame_from_unused(kernel, part.range.end, type, bytes, &frame);
    if (error != FM_GET_OK) {
      fm_segment_drop(kernel, part); /* as any last handle is dropped */
      return error;
    }
    part.range.end.raw += FM_PAGE_SIZE;
  }
  *ret = part;
  return FM_GET_OK;
}

static void replace(struct fm_ops *ops)
{
  ops->segment_from_unused = make;
}

const struct sim_museum_exhibit sim_museum_partial_segment = {
    .title = "A segment that fails gives back what it never got",
    .kind = SIM_MUSEUM_LOGIC,
    .published = false,
    .source = "read in the present kernel; it has the shape of "
              "https://github.com/asterinas/asterinas/issues/1760",
    .fault = "Frames of a range are claimed one by one. The first that cannot be had gives its "
             "error, and the part that was made is dropped as a handle is: each of its frames goes "
             "to the allocator.",
    .outcome =
        "The call answers an error, as if nothing had happened, and a frame that was free is "
        "free twice: two owners will get it one day.",
    .remedy = "Frames that nobody saw yet become unused again without the allocator hearing of it.",
    .known = "That the kernel does this is read and was run on a model of it; no report is known.",
    .variants = {{.name = "partial-segment",
                  .title = "the claimed part of a segment goes to the allocator after a failure",
                  .script = "partial-segment.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
