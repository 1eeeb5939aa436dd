/* SPDX-License-Identifier: MPL-2.0 */
/* Wrong operations on unique frames, types, forgotten handles, and the boot. */
#include "sim/contract/mutate.h"

#define ALTER(entry, function)                                                                     \
  static void alter_##function(struct fm_ops *table)                                               \
  {                                                                                                \
    table->entry = function;                                                                       \
  }

/* ---- unique ---- */

static bool unique_stores(struct fm_frame frame, struct fm_unique *ret)
{
  frame.slot->ref_count = FM_COUNT_UNIQUE;
  *ret = fm_unique_of_slot(frame.slot);
  return true;
}
ALTER(unique_from_frame, unique_stores)

static bool unique_leaves(struct fm_frame frame, struct fm_unique *ret)
{
  *ret = fm_unique_of_slot(frame.slot);
  return true;
}
ALTER(unique_from_frame, unique_leaves)

static bool unique_takes(struct fm_frame frame, struct fm_unique *ret)
{
  bool done = MUTATE_RIGHT->unique_from_frame(frame, ret);
  frame.slot->ref_count += done ? 0 : 1;
  return done;
}
ALTER(unique_from_frame, unique_takes)

static void unique_of(struct mutate_scene *scene, unsigned holders)
{
  struct fm_frame frame = mutate_shared(scene, 0);
  struct fm_unique unique;
  for (unsigned i = 1; i < holders; i++)
    (void)scene->ops->frame_clone(frame);
  (void)!scene->ops->unique_from_frame(frame, &unique);
}

static void unique_of_one(struct mutate_scene *scene)
{
  unique_of(scene, 1);
}

static void unique_of_two(struct mutate_scene *scene)
{
  unique_of(scene, 2);
}

static void repurpose_shared(struct mutate_scene *scene)
{
  struct fm_frame frame = mutate_shared(scene, 0);
  scene->ops->unique_repurpose(scene->kernel, fm_unique_of_slot(frame.slot),
                               fm_meta_empty(FM_META_ANON), NULL);
}

static struct fm_frame share_with_two(struct fm_unique unique)
{
  unique.slot->ref_count = 2;
  return fm_frame_of_slot(unique.slot);
}
ALTER(unique_share, share_with_two)

static void share_one(struct mutate_scene *scene)
{
  (void)scene->ops->unique_share(mutate_unique(scene, 0));
}

/* ---- repurpose ---- */

#define REPURPOSE_ARGUMENTS                                                                        \
  struct fm_kernel *kernel, struct fm_unique unique, fm_meta_id type, const void *meta

static void repurpose_shares(REPURPOSE_ARGUMENTS)
{
  MUTATE_RIGHT->unique_repurpose(kernel, unique, type, meta);
  unique.slot->ref_count = 1;
}
ALTER(unique_repurpose, repurpose_shares)

static void repurpose_keeps_type(REPURPOSE_ARGUMENTS)
{
  uint64_t before = unique.slot->vtable_ptr;
  MUTATE_RIGHT->unique_repurpose(kernel, unique, type, meta);
  unique.slot->vtable_ptr = before;
}
ALTER(unique_repurpose, repurpose_keeps_type)

static void repurpose_loses_byte(REPURPOSE_ARGUMENTS)
{
  MUTATE_RIGHT->unique_repurpose(kernel, unique, type, meta);
  unique.slot->storage[0] ^= 1;
}
ALTER(unique_repurpose, repurpose_loses_byte)

static void repurpose_one(struct mutate_scene *scene)
{
  struct fm_free_head_meta meta = {.order = 3};
  scene->ops->unique_repurpose(scene->kernel, mutate_unique(scene, 0),
                               FM_META_ID(FM_META_FREE_HEAD, meta), &meta);
}

/* ---- Types ---- */

static bool typed_says_yes(const struct fm_kernel *kernel, struct fm_frame frame, uint32_t number)
{
  (void)kernel;
  (void)frame;
  (void)number;
  return true;
}
ALTER(frame_has_type, typed_says_yes)

static void typed_one(struct mutate_scene *scene)
{
  (void)scene->ops->frame_has_type(scene->kernel, mutate_shared(scene, 0), FM_META_ANON);
}

static void typed_dropped(struct mutate_scene *scene)
{
  struct fm_frame frame = mutate_shared(scene, 0);
  scene->ops->frame_drop(scene->kernel, frame);
  (void)scene->ops->frame_has_type(scene->kernel, frame, FM_META_ANON);
}

static void becomes_table(struct mutate_scene *scene)
{
  struct fm_frame frame = mutate_shared(scene, 0);
  frame.slot->vtable_ptr = scene->kernel->vtables + FM_META_PAGE_TABLE * sizeof(struct fm_vtable);
  (void)scene->ops->frame_clone(frame);
}

/* ---- Forgotten handles, the end ---- */

static fm_paddr into_raw_adds(struct fm_frame frame)
{
  frame.slot->ref_count++;
  return MUTATE_RIGHT->frame_into_raw(frame);
}
ALTER(frame_into_raw, into_raw_adds)

static void forget_one(struct mutate_scene *scene)
{
  (void)scene->ops->frame_into_raw(mutate_shared(scene, 0));
}

static void forget_twice(struct mutate_scene *scene)
{
  struct fm_frame frame = mutate_shared(scene, 0);
  (void)scene->ops->frame_into_raw(frame);
  (void)scene->ops->frame_into_raw(frame);
}

static void restore_twice(struct mutate_scene *scene)
{
  fm_paddr frame = scene->ops->frame_into_raw(mutate_shared(scene, 0));
  (void)scene->ops->frame_from_raw(frame);
  (void)scene->ops->frame_from_raw(frame);
}

static void claim_and_end(struct mutate_scene *scene)
{
  (void)mutate_shared(scene, 0);
  scene->ended = true;
}

/* ---- Boot ---- */

static void boot_to(struct mutate_scene *scene, enum fm_boot_stage until)
{
  (void)scene->ops->boot(fm_paddr_of(MUTATE_IMAGE), until, &scene->kernel);
}

static void boot_again(struct mutate_scene *scene)
{
  boot_to(scene, FM_STAGE_METADATA);
  scene->kernel->stage = FM_STAGE_LOADED;
  boot_to(scene, FM_STAGE_METADATA);
}

static void boot_as_other(struct mutate_scene *scene)
{
  fm_port_this_cpu.id = 1;
  boot_to(scene, FM_STAGE_METADATA);
  fm_port_this_cpu.id = 0;
}

const struct mutation mutations_of_handles[] = {
    {SIM_CLAUSE_UNIQUE_SOLE, MUTATE_PLAIN, alter_unique_stores, unique_of_two},
    {SIM_CLAUSE_UNIQUE_COUNT, MUTATE_PLAIN, alter_unique_leaves, unique_of_one},
    {SIM_CLAUSE_UNIQUE_ERR_UNCHANGED, MUTATE_PLAIN, alter_unique_takes, unique_of_two},
    {SIM_CLAUSE_UNIQUE_EXCLUSIVE, MUTATE_PLAIN, NULL, repurpose_shared},
    {SIM_CLAUSE_SHARE_TO_ONE, MUTATE_PLAIN, alter_share_with_two, share_one},
    {SIM_CLAUSE_REPURPOSE_STAYS, MUTATE_PLAIN, alter_repurpose_shares, repurpose_one},
    {SIM_CLAUSE_WRITE_META_VTABLE, MUTATE_PLAIN, alter_repurpose_keeps_type, repurpose_one},
    {SIM_CLAUSE_WRITE_META_STORAGE, MUTATE_PLAIN, alter_repurpose_loses_byte, repurpose_one},
    {SIM_CLAUSE_META_DERIVED, MUTATE_PLAIN, NULL, typed_dropped},
    {SIM_CLAUSE_META_ANSWER, MUTATE_PLAIN, alter_typed_says_yes, typed_one},
    {SIM_CLAUSE_USAGE_KEPT, MUTATE_PLAIN, NULL, becomes_table},
    {SIM_CLAUSE_INTO_RAW_REF_HELD, MUTATE_PLAIN, NULL, forget_twice},
    {SIM_CLAUSE_INTO_RAW_UNCHANGED, MUTATE_PLAIN, alter_into_raw_adds, forget_one},
    {SIM_CLAUSE_FROM_RAW_FORGOTTEN, MUTATE_PLAIN, NULL, restore_twice},
    {SIM_CLAUSE_LEDGER_CLEAN, MUTATE_PLAIN, NULL, claim_and_end},
    {SIM_CLAUSE_BOOT_ONCE, MUTATE_UNBOOTED, NULL, boot_again},
    {SIM_CLAUSE_BOOT_CONTEXT, MUTATE_UNBOOTED, NULL, boot_as_other},
    {0},
};
