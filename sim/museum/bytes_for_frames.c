/* SPDX-License-Identifier: MPL-2.0 */
/* A number of frames is taken for a number of bytes. */
#include "sim/museum/exhibit.h"

static void drop(struct fm_kernel *kernel, struct fm_segment segment)
{
  uint64_t frames = fm_segment_size(segment) / FM_PAGE_SIZE;
  uint64_t start = segment.range.start.raw;
  for (uint64_t at = start; at < start + frames; at += FM_PAGE_SIZE)
    fm_frame_drop(kernel, fm_frame_from_raw(fm_paddr_of(at)));
}

static void replace(struct fm_ops *ops)
{
  ops->segment_drop = drop;
}

const struct sim_museum_exhibit sim_museum_bytes_for_frames = {
    .title = "Four frames are not four bytes",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/2063",
    .fault = "The range to be freed was made of its start and a number of frames, where bytes were "
             "meant, and then walked in steps of a page.",
    .outcome =
        "The walk ends after the first frame. All others are lost, each time a large piece of "
        "the heap is freed.",
    .remedy = "Multiply, and let the range check that its ends are page aligned.",
    .known = "There it was the heap that gave its memory back; here it is the drop of a segment.",
    .variants = {{.name = "bytes-for-frames",
                  .title = "a segment gives its first frame back only",
                  .script = "bytes-for-frames.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
