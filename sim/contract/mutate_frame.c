/* SPDX-License-Identifier: MPL-2.0 */
/* Wrong operations on one frame, and wrong uses of right ones. */
#include "sim/contract/mutate.h"
#include "sim/internal.h"

/* ALTER(get, adds_two): adds_two() stands in for get in the table. */
#define ALTER(entry, function)                                                                     \
  static void alter_##function(struct fm_ops *table)                                               \
  {                                                                                                \
    table->entry = function;                                                                       \
  }

/* ---- claim ---- */

#define CLAIM_ARGUMENTS                                                                            \
  const struct fm_kernel *kernel, fm_paddr paddr, fm_meta_id type, const void *meta, bool unique,  \
      struct fm_slot **ret

static enum fm_get_error claim_rounds_down(CLAIM_ARGUMENTS)
{
  return MUTATE_RIGHT->claim(kernel, fm_paddr_of(fm_page_down(paddr.raw)), type, meta, unique, ret);
}
ALTER(claim, claim_rounds_down)

static enum fm_get_error claim_gives_next(CLAIM_ARGUMENTS)
{
  enum fm_get_error error = MUTATE_RIGHT->claim(kernel, paddr, type, meta, unique, ret);
  *ret += 1;
  return error;
}
ALTER(claim, claim_gives_next)

static enum fm_get_error claim_stores(CLAIM_ARGUMENTS)
{
  fm_slot_at(paddr)->ref_count = FM_COUNT_UNUSED;
  return MUTATE_RIGHT->claim(kernel, paddr, type, meta, unique, ret);
}
ALTER(claim, claim_stores)

/* After the right claim, one field is wrong. */
#define CLAIM_THEN(name, statement)                                                                \
  static enum fm_get_error name(CLAIM_ARGUMENTS)                                                   \
  {                                                                                                \
    enum fm_get_error error = MUTATE_RIGHT->claim(kernel, paddr, type, meta, unique, ret);         \
    struct fm_slot *slot = fm_slot_at(paddr);                                                      \
    statement;                                                                                     \
    return error;                                                                                  \
  }                                                                                                \
  ALTER(claim, name)

CLAIM_THEN(claim_counts_two, slot->ref_count = 2)
CLAIM_THEN(claim_names_next, slot->vtable_ptr += sizeof(struct fm_vtable))
CLAIM_THEN(claim_loses_byte, slot->storage[0] = 0)
CLAIM_THEN(claim_marks, slot->in_list = 7)
CLAIM_THEN(claim_writes_next, slot[1].storage[3] ^= 1)

static enum fm_get_error claim_answers_busy(CLAIM_ARGUMENTS)
{
  enum fm_get_error error = MUTATE_RIGHT->claim(kernel, paddr, type, meta, unique, ret);
  return error == FM_GET_OK ? FM_GET_OK : FM_GET_BUSY;
}
ALTER(claim, claim_answers_busy)

static enum fm_get_error claim_adds_first(CLAIM_ARGUMENTS)
{
  if (fm_slot_at(paddr)->ref_count == 1)
    fm_slot_at(paddr)->ref_count++;
  return MUTATE_RIGHT->claim(kernel, paddr, type, meta, unique, ret);
}
ALTER(claim, claim_adds_first)

static void claim_one(struct mutate_scene *scene)
{
  (void)mutate_claim(scene, 0, false);
}

static void claim_unaligned(struct mutate_scene *scene)
{
  struct fm_slot *slot;
  (void)!scene->ops->claim(scene->kernel, fm_paddr_of(MUTATE_FRAME + 1),
                           fm_meta_empty(FM_META_ANON), NULL, false, &slot);
}

static void claim_twice(struct mutate_scene *scene)
{
  (void)mutate_claim(scene, 0, false);
  (void)mutate_claim(scene, 0, false);
}

/* ---- get ---- */

#define GET_ARGUMENTS const struct fm_kernel *kernel, fm_paddr paddr, struct fm_slot **ret

static enum fm_get_error get_bound_first(GET_ARGUMENTS)
{
  if (paddr.raw >= kernel->max_paddr)
    return FM_GET_OUT_OF_BOUND;
  return MUTATE_RIGHT->get(kernel, paddr, ret);
}
ALTER(get, get_bound_first)

static enum fm_get_error get_adds_two(GET_ARGUMENTS)
{
  (void)!MUTATE_RIGHT->get(kernel, paddr, ret);
  return MUTATE_RIGHT->get(kernel, paddr, ret);
}
ALTER(get, get_adds_two)

static enum fm_get_error get_takes_unique(GET_ARGUMENTS)
{
  (void)kernel;
  *ret = fm_slot_at(paddr);
  return FM_GET_OK;
}
ALTER(get, get_takes_unique)

static enum fm_get_error get_writes(GET_ARGUMENTS)
{
  fm_slot_at(paddr)->storage[0] ^= 1;
  return MUTATE_RIGHT->get(kernel, paddr, ret);
}
ALTER(get, get_writes)

static enum fm_get_error get_answers_busy(GET_ARGUMENTS)
{
  enum fm_get_error error = MUTATE_RIGHT->get(kernel, paddr, ret);
  return error == FM_GET_UNUSED ? FM_GET_BUSY : error;
}
ALTER(get, get_answers_busy)

static enum fm_get_error get_adds_first(GET_ARGUMENTS)
{
  if (fm_slot_at(paddr)->ref_count == FM_COUNT_UNUSED)
    fm_slot_at(paddr)->ref_count = FM_COUNT_BUSY;
  enum fm_get_error error = MUTATE_RIGHT->get(kernel, paddr, ret);
  return error == FM_GET_BUSY ? FM_GET_UNUSED : error;
}
ALTER(get, get_adds_first)

static void get_at(struct mutate_scene *scene, fm_paddr paddr)
{
  struct fm_slot *slot;
  (void)!scene->ops->get(scene->kernel, paddr, &slot);
}

static void get_far(struct mutate_scene *scene)
{
  get_at(scene, fm_paddr_of(MUTATE_RAM + 1));
}

static void get_unused(struct mutate_scene *scene)
{
  get_at(scene, mutate_frame(0));
}

static void get_shared(struct mutate_scene *scene)
{
  (void)mutate_shared(scene, 0);
  get_at(scene, mutate_frame(0));
}

static void get_unique(struct mutate_scene *scene)
{
  (void)mutate_unique(scene, 0);
  get_at(scene, mutate_frame(0));
}

/* ---- clone ---- */

static struct fm_frame clone_never_aborts(struct fm_frame frame)
{
  frame.slot->ref_count++;
  return frame;
}
ALTER(frame_clone, clone_never_aborts)

static struct fm_frame clone_adds_nothing(struct fm_frame frame)
{
  return frame;
}
ALTER(frame_clone, clone_adds_nothing)

static struct fm_frame clone_marks(struct fm_frame frame)
{
  frame.slot->in_list = 7;
  return MUTATE_RIGHT->frame_clone(frame);
}
ALTER(frame_clone, clone_marks)

static void clone_one(struct mutate_scene *scene)
{
  (void)scene->ops->frame_clone(mutate_shared(scene, 0));
}

static void clone_dropped(struct mutate_scene *scene)
{
  struct fm_frame frame = mutate_shared(scene, 0);
  scene->ops->frame_drop(scene->kernel, frame);
  (void)scene->ops->frame_clone(frame);
}

static void clone_at_max(struct mutate_scene *scene)
{
  struct fm_frame frame = mutate_shared(scene, 0);
  frame.slot->ref_count = FM_COUNT_MAX;
  (void)scene->ops->frame_clone(frame);
}

/* ---- drop ---- */

static void drop_takes_two(struct fm_kernel *kernel, struct fm_frame frame)
{
  frame.slot->ref_count--;
  MUTATE_RIGHT->frame_drop(kernel, frame);
}
ALTER(frame_drop, drop_takes_two)

static void drop_clears(struct fm_kernel *kernel, struct fm_frame frame)
{
  if (frame.slot->ref_count > 1)
    frame.slot->vtable_ptr = 0;
  MUTATE_RIGHT->frame_drop(kernel, frame);
}
ALTER(frame_drop, drop_clears)

/* The store of the last drop, as the kernel makes it, but nothing before it. */
static void drop_only_stores(struct fm_kernel *kernel, struct fm_frame frame)
{
  struct fm_access access = {.site = FM_SITE_DROP_UNUSED,
                             .kind = FM_ACCESS_STORE,
                             .order = FM_ORDER_RELEASE,
                             .size = sizeof(uint64_t),
                             .where = &frame.slot->ref_count,
                             .operand = FM_COUNT_UNUSED};
  (void)kernel;
  fm_hook_access(&access);
}
ALTER(frame_drop, drop_only_stores)

static void drop_stays_busy(struct fm_kernel *kernel, struct fm_frame frame)
{
  MUTATE_RIGHT->frame_drop(kernel, frame);
  frame.slot->ref_count = FM_COUNT_BUSY;
}
ALTER(frame_drop, drop_stays_busy)

static void run_on_drop(struct fm_kernel *kernel, struct fm_slot *slot)
{
  fm_paddr frame = fm_slot_paddr(slot);
  struct fm_reader reader = {.at = frame, .left = FM_PAGE_SIZE};
  sim_contract_watched_type()->on_drop(kernel, slot->storage, &reader);
}

static void drop_calls_early(struct fm_kernel *kernel, struct fm_frame frame)
{
  run_on_drop(kernel, frame.slot);
  MUTATE_RIGHT->frame_drop(kernel, frame);
}
ALTER(frame_drop, drop_calls_early)

static void drop_calls_again(struct fm_kernel *kernel, struct fm_frame frame)
{
  MUTATE_RIGHT->frame_drop(kernel, frame);
  frame.slot->ref_count = FM_COUNT_BUSY;
  run_on_drop(kernel, frame.slot);
  frame.slot->ref_count = FM_COUNT_UNUSED;
}
ALTER(frame_drop, drop_calls_again)

static void drop_one(struct mutate_scene *scene)
{
  scene->ops->frame_drop(scene->kernel, mutate_shared(scene, 0));
}

static void drop_of_three(struct mutate_scene *scene)
{
  struct fm_frame frame = mutate_shared(scene, 0);
  (void)scene->ops->frame_clone(frame);
  (void)scene->ops->frame_clone(frame);
  scene->ops->frame_drop(scene->kernel, frame);
}

static void drop_twice(struct mutate_scene *scene)
{
  struct fm_frame frame = mutate_shared(scene, 0);
  scene->ops->frame_drop(scene->kernel, frame);
  scene->ops->frame_drop(scene->kernel, frame);
}

static void drop_in_list(struct mutate_scene *scene)
{
  struct fm_frame frame = mutate_shared(scene, 0);
  frame.slot->in_list = 7;
  scene->ops->frame_drop(scene->kernel, frame);
}

static void drop_without_type(struct mutate_scene *scene)
{
  struct fm_frame frame = mutate_shared(scene, 0);
  frame.slot->vtable_ptr = 0;
  scene->ops->frame_drop(scene->kernel, frame);
}

/* The page table's reference, as if it were ours. */
static void drop_mapped(struct mutate_scene *scene)
{
  struct fm_pt_cursor cursor;
  struct fm_frame frame = {NULL};
  uint64_t va = MUTATE_VA + FM_PAGE_SIZE;
  (void)!scene->ops->frame_alloc(scene->kernel, &(struct fm_alloc_options){0}, &frame);
  (void)!scene->ops->pt_lock(scene->kernel, scene->space, va, va + FM_PAGE_SIZE, &cursor);
  (void)!scene->ops->pt_map(&cursor, scene->ops->frame_into_raw(frame), 1,
                            fm_page_prop_of(FM_PAGE_READ), true, NULL);
  scene->ops->pt_unlock(&cursor);
  scene->ops->frame_drop(scene->kernel, frame);
}

static void drop_watched(struct mutate_scene *scene)
{
  uint32_t number;
  uint64_t meta = 1;
  struct fm_slot *slot = fm_slot_at(mutate_frame(0));
  (void)sim_machine_register(scene->machine, sim_contract_watched_type(), &number);
  (void)!scene->ops->claim(scene->kernel, mutate_frame(0), fm_meta_id_of(number, sizeof(meta)),
                           &meta, false, &slot);
  scene->ops->frame_drop(scene->kernel, fm_frame_of_slot(slot));
}

const struct mutation mutations_of_frames[] = {
    {SIM_CLAUSE_ADDRESS_HAS_SLOT, MUTATE_PLAIN, alter_claim_rounds_down, claim_unaligned},
    {SIM_CLAUSE_ADDRESS_ORDER, MUTATE_PLAIN, alter_get_bound_first, get_far},
    {SIM_CLAUSE_FRAME_PADDR_INVERSE, MUTATE_PLAIN, alter_claim_gives_next, claim_one},
    {SIM_CLAUSE_CLAIM_OK_FROM_UNUSED, MUTATE_PLAIN, alter_claim_stores, claim_twice},
    {SIM_CLAUSE_CLAIM_OK_COUNT, MUTATE_PLAIN, alter_claim_counts_two, claim_one},
    {SIM_CLAUSE_CLAIM_OK_VTABLE, MUTATE_PLAIN, alter_claim_names_next, claim_one},
    {SIM_CLAUSE_CLAIM_OK_META, MUTATE_PLAIN, alter_claim_loses_byte, claim_one},
    {SIM_CLAUSE_CLAIM_OK_IN_LIST, MUTATE_PLAIN, alter_claim_marks, claim_one},
    {SIM_CLAUSE_OTHERS_UNCHANGED, MUTATE_PLAIN, alter_claim_writes_next, claim_one},
    {SIM_CLAUSE_CLAIM_ERR_ANSWER, MUTATE_PLAIN, alter_claim_answers_busy, claim_twice},
    {SIM_CLAUSE_CLAIM_ERR_UNCHANGED, MUTATE_PLAIN, alter_claim_adds_first, claim_twice},
    {SIM_CLAUSE_GET_OK_PLUS_ONE, MUTATE_PLAIN, alter_get_adds_two, get_shared},
    {SIM_CLAUSE_GET_OK_WAS_SHARED, MUTATE_PLAIN, alter_get_takes_unique, get_unique},
    {SIM_CLAUSE_GET_OK_UNTOUCHED, MUTATE_PLAIN, alter_get_writes, get_shared},
    {SIM_CLAUSE_GET_ERR_ANSWER, MUTATE_PLAIN, alter_get_answers_busy, get_unused},
    {SIM_CLAUSE_GET_ERR_UNCHANGED, MUTATE_PLAIN, alter_get_adds_first, get_unused},
    {SIM_CLAUSE_CLONE_REF_HELD, MUTATE_PLAIN, NULL, clone_dropped},
    {SIM_CLAUSE_CLONE_BELOW_MAX, MUTATE_PLAIN, alter_clone_never_aborts, clone_at_max},
    {SIM_CLAUSE_CLONE_PLUS_ONE, MUTATE_PLAIN, alter_clone_adds_nothing, clone_one},
    {SIM_CLAUSE_CLONE_UNTOUCHED, MUTATE_PLAIN, alter_clone_marks, clone_one},
    {SIM_CLAUSE_DROP_REF_HELD, MUTATE_PLAIN, NULL, drop_twice},
    {SIM_CLAUSE_DROP_MINUS_ONE, MUTATE_PLAIN, alter_drop_takes_two, drop_of_three},
    {SIM_CLAUSE_DROP_UNTOUCHED, MUTATE_PLAIN, alter_drop_clears, drop_of_three},
    {SIM_CLAUSE_DROP_LAST_COUNT_ZERO, MUTATE_PLAIN, alter_drop_only_stores, drop_one},
    {SIM_CLAUSE_DROP_LAST_IN_LIST, MUTATE_PLAIN, NULL, drop_in_list},
    {SIM_CLAUSE_DROP_LAST_NO_PATH, MUTATE_TREE, NULL, drop_mapped},
    {SIM_CLAUSE_DROP_LAST_ENDS_UNUSED, MUTATE_PLAIN, alter_drop_stays_busy, drop_one},
    {SIM_CLAUSE_DROP_META_INITIALISED, MUTATE_PLAIN, NULL, drop_without_type},
    {SIM_CLAUSE_DROP_META_ALONE, MUTATE_PLAIN, alter_drop_calls_early, drop_watched},
    {SIM_CLAUSE_DROP_META_ONCE, MUTATE_PLAIN, alter_drop_calls_again, drop_watched},
    {0},
};
