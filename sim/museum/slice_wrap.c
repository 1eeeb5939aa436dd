/* SPDX-License-Identifier: MPL-2.0 */
/* Offsets are added first, and only the sums are looked at. */
#include "sim/museum/exhibit.h"

static bool slice(struct fm_segment segment, uint64_t start, uint64_t end, struct fm_segment *ret)
{
  uint64_t from = segment.range.start.raw + start;
  uint64_t to = segment.range.start.raw + end;
  if (!fm_is_page_aligned(start) || !fm_is_page_aligned(end) || from > to ||
      to > segment.range.end.raw)
    return false;
  *ret = fm_segment_clone(fm_segment_from_raw(fm_range_of(from, to)));
  return true;
}

static void replace(struct fm_ops *ops)
{
  ops->segment_slice = slice;
}

const struct sim_museum_exhibit sim_museum_slice_wrap = {
    .title = "A slice that begins before its segment",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/3165",
    .fault =
        "The offsets of a slice were added to the segment's start with arithmetic that wraps, and "
        "only the sums were compared, with each other and with the segment's end. Nothing was "
        "compared with its start. An offset a little below 2^64 gives an address below it.",
    .outcome =
        "A handle over frames that belong to somebody else: their counts rise, and a later drop "
        "takes references away that are not its own. A frame that nobody holds would be counted "
        "up from the marker for unused. It was found while the code was being verified.",
    .remedy = "Compare the offsets with the segment's size first, and add afterwards.",
    .variants = {{.name = "slice-wrap",
                  .title = "a slice is added up first and checked afterwards",
                  .script = "slice-wrap.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
