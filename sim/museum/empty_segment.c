/* SPDX-License-Identifier: MPL-2.0 */
/* The type of a segment is that of its first frame, even if it has none. */
#include "sim/museum/exhibit.h"

static bool has_type(const struct fm_kernel *kernel, struct fm_segment segment, uint32_t number)
{
  return fm_frame_has_type(kernel, fm_frame_from_raw(segment.range.start), number);
}

static void replace(struct fm_ops *ops)
{
  ops->segment_has_type = has_type;
}

const struct sim_museum_exhibit sim_museum_empty_segment = {
    .title = "An empty segment looks at a frame that it does not hold",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/3892",
    .fault =
        "A slice of no bytes is a segment too: it takes no reference, but remembers where it "
        "starts. The conversion to a segment of a given type looks at the metadata of the first "
        "frame, and does not ask whether there is one.",
    .outcome =
        "It reads the slot of a frame that may be unused by now, or somebody else's and about to "
        "change its type: a check of types that goes by dead metadata. The one that starts at "
        "the segment's end looks at a frame that was never its own.",
    .remedy =
        "The report was open when this was written, and no repair was seen. Ours answers that "
        "an empty segment is of no type, and looks at nothing.",
    .known = "The slice at the end of a segment is ours; the report has the one at its start.",
    .variants = {{.name = "empty-segment",
                  .title = "the type of an empty segment, whose frame is gone",
                  .script = "empty-segment.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace},
                 {.name = "empty-segment-at-end",
                  .title = "the type of an empty segment that starts where another ends",
                  .script = "empty-segment-at-end.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
