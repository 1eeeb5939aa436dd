/* SPDX-License-Identifier: MPL-2.0 */
/* The last owner is looked for in one step, and leaves in another. */
#include "sim/museum/exhibit.h"

static void drop(struct fm_kernel *kernel, struct fm_frame frame)
{
  /* count.load, relaxed: pairs with nothing; that is the fault. */
  uint64_t seen = fm_load_relaxed(FM_SITE_COUNT_LOAD, &frame.slot->ref_count);
  /* drop.dec, release: as in fm_slot_dec(), but what it saw is thrown away. */
  (void)fm_fetch_sub_release(FM_SITE_DROP_DEC, &frame.slot->ref_count, 1);
  if (seen != 1)
    return;
  fm_slot_drop_last(kernel, frame.slot);
  fm_dealloc_frame(kernel, fm_slot_paddr(frame.slot));
  fm_note_step(FM_SITE_DROP_DEALLOC, frame.slot);
}

static void replace(struct fm_ops *ops)
{
  ops->frame_drop = drop;
}

/* The decrement itself in two steps. */
static void drop_in_two(struct fm_kernel *kernel, struct fm_frame frame)
{
  /* count.load, relaxed: pairs with nothing; that is the fault. */
  uint64_t seen = fm_load_relaxed(FM_SITE_COUNT_LOAD, &frame.slot->ref_count);
  /* drop.dec, release: as in fm_slot_dec(), but what others wrote meanwhile is lost. */
  fm_store_release(FM_SITE_DROP_DEC, &frame.slot->ref_count, seen - 1);
  if (seen != 1)
    return;
  fm_slot_drop_last(kernel, frame.slot);
  fm_dealloc_frame(kernel, fm_slot_paddr(frame.slot));
  fm_note_step(FM_SITE_DROP_DEALLOC, frame.slot);
}

static void replace_in_two(struct fm_ops *ops)
{
  ops->frame_drop = drop_in_two;
}

const struct sim_museum_exhibit sim_museum_look_then_decrement = {
    .title = "Two owners leave together, and each sees the other",
    .kind = SIM_MUSEUM_ORDER,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/671",
    .fault =
        "A frame was counted by a reference-counted pointer inside its handle. The handle's drop "
        "asked that pointer how many owners there were, and gave the frame back if the answer was "
        "one; the pointer itself counted down only afterwards. The question and the decrement "
        "were two steps.",
    .outcome =
        "Two owners that ask before either has counted down both see two, and neither gives the "
        "frame back. It is lost for ever: no count leads to it and no free list has it. It cannot "
        "be freed twice. Of the 20 orders of these steps only the two that are wholly one after "
        "the other free it.",
    .remedy =
        "One atomic decrement whose old value decides: who saw 1 was the last, and nobody else "
        "can have seen 1 too. The count moved into the frame's metadata for that.",
    .known = "The second variant is a simpler mistake of the same kind, which is frequent in the "
             "copy-on-write exercise of teaching kernels; it is not of this report.",
    .variants = {{.name = "look-then-decrement",
                  .title = "the count is read, then decremented",
                  .script = "look-then-decrement.fms",
                  .schedule = "A:count.load B:count.load A:* B:*",
                  .ours = "A:drop.dec B:* A:*",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace},
                 {.name = "decrement-in-two-steps",
                  .title = "the count is read, and one less is written",
                  .script = "look-then-decrement.fms",
                  .schedule = "A:count.load B:* A:*",
                  .ours = "A:drop.dec B:* A:*",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace_in_two}},
};
