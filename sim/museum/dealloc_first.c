/* SPDX-License-Identifier: MPL-2.0 */
/* The last owner gives the frame back before its slot says so; with and without the first
 * repair. */
#include "sim/museum/exhibit.h"

static void drop(struct fm_kernel *kernel, struct fm_frame frame)
{
  if (!fm_slot_dec(frame.slot))
    return;
  fm_dealloc_frame(kernel, fm_slot_paddr(frame.slot));
  fm_note_step(FM_SITE_DROP_DEALLOC, frame.slot);
  fm_slot_drop_last(kernel, frame.slot);
}

static void replace(struct fm_ops *ops)
{
  ops->frame_drop = drop;
}

/* The first repair: whoever gets a frame waits until its slot is clear. */
static enum fm_alloc_error alloc_waiting(struct fm_kernel *kernel,
                                         const struct fm_alloc_options *options,
                                         struct fm_frame *ret)
{
  fm_paddr paddr;
  if (!fm_alloc(kernel, FM_PAGE_SIZE, FM_PAGE_SIZE, &paddr))
    return FM_ALLOC_NO_MEMORY;
  while (fm_frame_from_unused(kernel, paddr, options->type, options->meta, ret) != FM_GET_OK)
    fm_spin_hint(FM_SITE_CLAIM_CAS);
  return FM_ALLOC_OK;
}

static void replace_waiting(struct fm_ops *ops)
{
  ops->frame_drop = drop;
  ops->frame_alloc = alloc_waiting;
}

const struct sim_museum_exhibit sim_museum_dealloc_first = {
    .title = "A frame is handed out while its slot still says that it is used",
    .kind = SIM_MUSEUM_ORDER,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/836",
    .fault =
        "The last owner called the type's hook, which gave the frame to the allocator, and only "
        "then cleared the field of the slot that says what the frame is used for. In between, "
        "another CPU can get that frame from the allocator, as it may.",
    .outcome =
        "The new owner claims the slot, finds it in use, and an ordinary allocation ends the "
        "kernel. It takes one bad order out of five.",
    .remedy =
        "Two of them. The first let whoever claims a frame wait until its slot is clear: nothing "
        "fails any more, but an allocation now waits for a CPU that it knows nothing of, and if "
        "that one does not go on, it waits for ever. The second exchanged the two steps: first "
        "the slot is clear, with release, and then the allocator has the frame.",
    .variants = {{.name = "dealloc-first",
                  .title = "given back, then cleared",
                  .script = "dealloc-first.fms",
                  .schedule = "A:drop.dealloc B:* A:*",
                  .ours = "A:drop.dealloc B:* A:*",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace},
                 {.name = "dealloc-first-wait",
                  .title = "given back, then cleared, and allocations wait for that",
                  .script = "dealloc-first.fms",
                  .schedule = "A:drop.dealloc B:* A:*",
                  .ours = "A:drop.dealloc B:* A:*",
                  .end = SIM_MUSEUM_WAITS,
                  .replace = replace_waiting}},
};
