/* SPDX-License-Identifier: MPL-2.0 */
/* A handle is still alive while the metadata of its frame is being destroyed. */
#include "sim/museum/exhibit.h"
#include "sim/museum/unwind.h"

struct call {
  struct fm_kernel *kernel;
  struct fm_unique unique;
};

static void drop_meta(void *data)
{
  struct call *call = (struct call *)data;
  fm_slot_drop_meta(call->kernel, call->unique.slot, FM_SITE_REPURPOSE_DROP);
}

static void repurpose(struct fm_kernel *kernel, struct fm_unique unique, fm_meta_id type,
                      const void *meta)
{
  struct call call = {kernel, unique};
  if (!sim_unwind_catch(drop_meta, &call)) {
    fm_unique_drop(kernel, unique); /* the handle goes out of scope on the way out */
    sim_unwind();
  }
  fm_slot_write_meta(kernel, unique.slot, type, meta, FM_SITE_REPURPOSE_WRITE,
                     FM_SITE_REPURPOSE_WRITE);
}

static void replace(struct fm_ops *ops)
{
  ops->unique_repurpose = repurpose;
}

const struct sim_museum_exhibit sim_museum_repurpose_unwinds = {
    .title = "A destructor fails, and its metadata is destroyed again on the way out",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://github.com/asterinas/asterinas/issues/2441",
    .fault =
        "To give a unique frame other metadata, the old one is destroyed in place. The handle was "
        "an ordinary local meanwhile. If the type's destructor fails and unwinds, locals are "
        "dropped on the way out: the handle drops its frame, and with it destroys the metadata.",
    .outcome = "The metadata is destroyed twice, from safe code: whatever it owns is freed twice.",
    .remedy = "Take the handle out of the reach of unwinding before the destructor runs. Then a "
              "failure leaks the frame, which stays unique for ever; that is safe.",
    .known = "C does not unwind. The failing destructor here jumps out of the operation, and the "
             "variant stands in that way and does what the compiler did there.",
    .variants = {{.name = "repurpose-unwinds",
                  .title = "the handle of a frame whose metadata is being replaced is dropped, too",
                  .script = "repurpose-unwinds.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
