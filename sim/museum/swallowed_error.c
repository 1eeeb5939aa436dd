/* SPDX-License-Identifier: MPL-2.0 */
/* A segment is made of frames that could not be had; and one that ends at the limit is not. */
#include "sim/museum/exhibit.h"

static enum fm_get_error make(struct fm_kernel *kernel, struct fm_range range, fm_meta_id type,
                              fm_segment_meta meta, void *meta_data, struct fm_segment *ret)
{
  uint8_t bytes[FM_META_MAX_SIZE] = {0};
  if (!fm_is_page_aligned(range.start.raw) || !fm_is_page_aligned(range.end.raw))
    return FM_GET_NOT_ALIGNED;
  if (range.end.raw > kernel->max_paddr)
    return FM_GET_OUT_OF_BOUND;
  for (fm_paddr at = range.start; at.raw < range.end.raw; at.raw += FM_PAGE_SIZE) {
    struct fm_frame frame = {NULL};
    if (meta != NULL)
      meta(at, bytes, meta_data);
    /* The handle is kept from being dropped here, and the error with it. */
    (void)!fm_frame_from_unused(kernel, at, type, bytes, &frame);
  }
  *ret = fm_segment_from_raw(range);
  return FM_GET_OK;
}

static void replace(struct fm_ops *ops)
{
  ops->segment_from_unused = make;
}

static enum fm_get_error make_below(struct fm_kernel *kernel, struct fm_range range,
                                    fm_meta_id type, fm_segment_meta meta, void *meta_data,
                                    struct fm_segment *ret)
{
  if (range.end.raw >= kernel->max_paddr)
    return FM_GET_OUT_OF_BOUND;
  return fm_segment_from_unused(kernel, range, type, meta, meta_data, ret);
}

static void replace_below(struct fm_ops *ops)
{
  ops->segment_from_unused = make_below;
}

const struct sim_museum_exhibit sim_museum_swallowed_error = {
    .title = "An error is forgotten, and its repair is off by one",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/commit/1bbed2e07",
    .fault =
        "To make a segment, its frames are claimed one by one and each handle is kept from being "
        "dropped. When the claim began to answer with an error, what was kept from being dropped "
        "was the whole answer: an error was forgotten with it. The repair brought a check that "
        "refused a segment whose end is at or above the limit, where the end is excluded.",
    .outcome =
        "First: a segment over frames that others own, whose drop takes their references away and "
        "frees them. Then: the last frame of memory cannot be in any segment.",
    .remedy =
        "Hand the error on and undo what was claimed; compare with 'above', not 'at or above' "
        "(commit 14dc4752f).",
    .variants = {{.name = "swallowed-error",
                  .title = "a segment whose claims may fail without a word",
                  .script = "swallowed-error.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace},
                 {.name = "last-page",
                  .title = "no segment with the last frame",
                  .script = "last-page.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace_below}},
};
