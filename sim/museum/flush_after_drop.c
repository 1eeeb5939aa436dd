/* SPDX-License-Identifier: MPL-2.0 */
/* A frame is given up before other CPUs have forgotten where it was mapped. */
#include "sim/museum/exhibit.h"

static enum fm_pt_error take(struct fm_pt_cursor *cursor, uint64_t end, struct fm_pt_item *ret)
{
  enum fm_pt_error error = fm_pt_take(cursor, end, ret);
  if (error != FM_PT_OK || ret->kind != FM_PT_TRACKED)
    return error;
  fm_pt_drop_taken(cursor->kernel, ret); /* the caller flushes when we are back */
  ret->kind = FM_PT_NOTHING;
  return FM_PT_OK;
}

static void replace(struct fm_ops *ops)
{
  ops->pt_take = take;
}

const struct sim_museum_exhibit sim_museum_flush_after_drop = {
    .title = "A write through a translation that is not flushed yet",
    .kind = SIM_MUSEUM_ORDER,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/2849",
    .fault = "To unmap a page, its entry is cleared, its frame is dropped, and then the other CPUs "
             "are told to forget the translation. Until they have, they can still use it.",
    .outcome = "The frame is somebody else's by then: a third CPU has allocated it, and the second "
               "one writes into it. All counts are right.",
    .remedy = "Hold the frame until every CPU has flushed.",
    .known = "The report was open when this was written; an earlier repair "
             "(https://github.com/asterinas/asterinas/issues/1952) was a partial one.",
    .variants = {{.name = "flush-after-drop",
                  .title = "a frame is given up before the translation to it",
                  .script = "flush-after-drop.fms",
                  .schedule = "A:drop.dealloc C:* B:* A:*",
                  .ours = "A:drop.dealloc C:* B:* A:*",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
