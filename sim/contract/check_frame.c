/* SPDX-License-Identifier: MPL-2.0 */
/* Operations on one frame. */
#include <string.h>

#include "sim/contract/internal.h"

/* ---- Before ---- */

static bool is_named(const struct fm_slot *slot)
{
  return fm_kernel_vtable_of(contract_here->kernel, fm_kaddr_of(slot->vtable_ptr)) != NULL;
}

static void report_one(const struct contract_one *one, enum sim_clause clause)
{
  if (clause == SIM_CLAUSE_NONE)
    return;
  contract_report((struct sim_contract_breach){.clause = clause,
                                               .operation = one->op.name,
                                               .frame = one->frame,
                                               .has_frame = true,
                                               .before = one->step.before,
                                               .after = one->step.after,
                                               .ghost = one->ghost});
}

/* Slots beside this one, as they are; returns how many. */
static unsigned look_near(fm_paddr frame, struct fm_slot *ret)
{
  const struct fm_kernel *kernel = contract_here->kernel;
  unsigned reach = contract_here->level == SIM_CHECK_FULL ? CONTRACT_NEAR : 1;
  uint64_t nr = fm_pfn_of_paddr(frame).nr;
  unsigned count = 0;
  for (unsigned i = 1; i <= reach; i++) {
    if (nr >= i)
      ret[count++] = *(fm_slot_at(frame) - i);
    if (nr + i < kernel->nr_frames)
      ret[count++] = *(fm_slot_at(frame) + i);
  }
  return count;
}

/* A last drop reaches the allocator, which changes slots of its own; the first touch of
 * deferred slots writes those beside it. */
static bool may_watch_near(const struct contract_one *one)
{
  const struct fm_kernel *kernel = contract_here->kernel;
  bool drops = one->step.op == SIM_OP_DROP || one->step.op == SIM_OP_RESET ||
               one->step.op == SIM_OP_DROP_UNIQUE;
  return kernel->chunks == 0 && (!drops || kernel->allocator == FM_ALLOCATOR_NONE);
}

/* Whether the frame became something else while it was held. */
static void check_usage(const struct contract_one *one)
{
  const struct fm_vtable *vtable =
      fm_kernel_vtable_of(contract_here->kernel, fm_kaddr_of(one->step.before.vtable_ptr));
  if (one->ghost.held + one->ghost.forgotten == 0 || !one->ghost.initialised || vtable == NULL)
    return;
  bool is_table = sim_usage_of_type(vtable->number) == SIM_USAGE_PAGE_TABLE;
  if (is_table != (one->ghost.usage == SIM_USAGE_PAGE_TABLE))
    report_one(one, SIM_CLAUSE_USAGE_KEPT);
}

/* A reference that is about to go, or to change hands, does so before the operation: in a race
 * nobody may count on it any more. */
static void let_go(const struct contract_one *one)
{
  struct sim_contract *contract = contract_here;
  struct sim_ghost_slot *ghost = contract_ghost(one->frame);
  switch (one->step.op) {
  case SIM_OP_DROP:
  case SIM_OP_RESET:
  case SIM_OP_DROP_UNIQUE:
    if (!contract->without_handle)
      sim_ghost_release(&contract->ghost, ghost);
    break;
  case SIM_OP_INTO_RAW:
    ghost->forgotten++;
    sim_ghost_release(&contract->ghost, ghost);
    break;
  case SIM_OP_FROM_RAW:
    if (ghost->forgotten != 0)
      ghost->forgotten--;
    sim_ghost_hold(&contract->ghost, ghost);
    break;
  default:
    break;
  }
}

void contract_one_begin(struct contract_one *one, enum sim_contract_op op, fm_paddr frame)
{
  const struct sim_contract *contract = contract_here;
  *one = (struct contract_one){.op = contract_begin(sim_contract_op_name(op)), .frame = frame};
  one->step.op = op;
  one->looked = contract_has(frame);
  if (!one->looked)
    return;
  one->step.before = one->step.after = contract_look(frame);
  one->ghost = *contract_ghost(frame);
  one->step.initialised = one->ghost.initialised && is_named(&one->step.before);
  if (!contract->without_handle) {
    uint64_t held = (uint64_t)one->ghost.held + one->ghost.foreign;
    one->step.held = (uint32_t)MIN(held, UINT32_MAX);
    one->step.forgotten = one->ghost.forgotten;
    one->step.mapped = one->ghost.mapped != 0;
  }
  one->step.to_allocator = contract->kernel->allocator != FM_ALLOCATOR_NONE;
  if (op == SIM_OP_GET || op == SIM_OP_CLONE || op == SIM_OP_DROP)
    check_usage(one);
  if (one->op.alone)
    report_one(one, sim_contract_allowed(&one->step));
  let_go(one);
  one->watches_near = one->op.alone && may_watch_near(one);
  if (one->watches_near)
    (void)look_near(frame, one->near);
}

/* ---- After ---- */

static void check_near(const struct contract_one *one)
{
  struct fm_slot now[2 * CONTRACT_NEAR];
  unsigned count = look_near(one->frame, now);
  if (memcmp(now, one->near, count * sizeof(now[0])) != 0)
    report_one(one, SIM_CLAUSE_OTHERS_UNCHANGED);
}

/* A reference that has come into being. */
static void take_up(const struct contract_one *one)
{
  struct sim_contract *contract = contract_here;
  struct sim_ghost_slot *ghost = contract_ghost(one->frame);
  switch (one->step.op) {
  case SIM_OP_CLAIM: {
    const struct fm_vtable *vtable =
        fm_kernel_vtable_of(contract->kernel, fm_kaddr_of(one->step.vtable_ptr));
    if (one->step.answer == FM_GET_OK && vtable != NULL)
      sim_ghost_fresh(&contract->ghost, ghost, sim_usage_of_type(vtable->number));
    break;
  }
  case SIM_OP_GET:
    if (one->step.answer == FM_GET_OK)
      sim_ghost_hold(&contract->ghost, ghost);
    break;
  case SIM_OP_CLONE:
    sim_ghost_hold(&contract->ghost, ghost);
    break;
  case SIM_OP_REPURPOSE:
    ghost->initialised = true;
    ghost->dropped = false;
    break;
  default:
    break;
  }
}

void contract_one_end(struct contract_one *one)
{
  bool quiet = contract_end(&one->op);
  if (!one->looked)
    return;
  one->step.after = contract_look(one->frame);
  if (quiet) {
    report_one(one, sim_contract_kept(&one->step));
    if (one->watches_near)
      check_near(one);
  }
  take_up(one);
}

/* ---- Addresses ---- */

static enum fm_get_error address_answer(fm_paddr paddr)
{
  if (!fm_is_page_aligned(paddr.raw))
    return FM_GET_NOT_ALIGNED;
  return paddr.raw >= contract_here->kernel->max_paddr ? FM_GET_OUT_OF_BOUND : FM_GET_OK;
}

/* Of an answer that is about the address alone. */
static void check_address(const char *name, fm_paddr paddr, enum fm_get_error answer)
{
  enum fm_get_error expected = address_answer(paddr);
  bool of_address = answer == FM_GET_NOT_ALIGNED || answer == FM_GET_OUT_OF_BOUND;
  if ((expected != FM_GET_OK) != of_address)
    contract_note(SIM_CLAUSE_ADDRESS_HAS_SLOT, name, &paddr);
  else if (of_address && answer != expected)
    contract_note(SIM_CLAUSE_ADDRESS_ORDER, name, &paddr);
}

static void check_slot(const char *name, fm_paddr paddr, enum fm_get_error answer,
                       const struct fm_slot *slot)
{
  if (answer == FM_GET_OK && address_answer(paddr) == FM_GET_OK && slot != fm_slot_at(paddr))
    contract_note(SIM_CLAUSE_FRAME_PADDR_INVERSE, name, &paddr);
}

/* ---- Entries ---- */

static uint64_t vtable_of(fm_meta_id type)
{
  return contract_here->kernel->vtables + type.number * sizeof(struct fm_vtable);
}

static enum fm_get_error check_claim(const struct fm_kernel *kernel, fm_paddr paddr,
                                     fm_meta_id type, const void *meta, bool unique,
                                     struct fm_slot **ret)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_CLAIM, paddr);
  one.step.unique = unique;
  one.step.vtable_ptr = vtable_of(type);
  one.step.meta = meta;
  one.step.meta_size = type.size;
  struct fm_slot *slot = NULL;
  one.step.answer = contract_here->inner->claim(kernel, paddr, type, meta, unique, &slot);
  check_address(one.op.name, paddr, one.step.answer);
  check_slot(one.op.name, paddr, one.step.answer, slot);
  contract_one_end(&one);
  if (one.step.answer == FM_GET_OK)
    *ret = slot;
  return one.step.answer;
}

static enum fm_get_error check_get(const struct fm_kernel *kernel, fm_paddr paddr,
                                   struct fm_slot **ret)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_GET, paddr);
  struct fm_slot *slot = NULL;
  one.step.answer = contract_here->inner->get(kernel, paddr, &slot);
  check_address(one.op.name, paddr, one.step.answer);
  check_slot(one.op.name, paddr, one.step.answer, slot);
  contract_one_end(&one);
  if (one.step.answer == FM_GET_OK)
    *ret = slot;
  return one.step.answer;
}

static struct fm_frame check_clone(struct fm_frame frame)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_CLONE, fm_slot_paddr(frame.slot));
  struct fm_frame made = contract_here->inner->frame_clone(frame);
  contract_one_end(&one);
  return made;
}

static struct fm_frame check_ref_clone(struct fm_frame_ref ref)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_CLONE, fm_slot_paddr(ref.slot));
  struct fm_frame made = contract_here->inner->frame_ref_clone(ref);
  contract_one_end(&one);
  return made;
}

static void check_drop(struct fm_kernel *kernel, struct fm_frame frame)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_DROP, fm_slot_paddr(frame.slot));
  contract_here->inner->frame_drop(kernel, frame);
  contract_one_end(&one);
}

static fm_paddr check_into_raw(struct fm_frame frame)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_INTO_RAW, fm_slot_paddr(frame.slot));
  fm_paddr paddr = contract_here->inner->frame_into_raw(frame);
  contract_one_end(&one);
  return paddr;
}

static struct fm_frame check_from_raw(fm_paddr paddr)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_FROM_RAW, paddr);
  struct fm_frame frame = contract_here->inner->frame_from_raw(paddr);
  contract_one_end(&one);
  return frame;
}

static bool check_unique_from_frame(struct fm_frame frame, struct fm_unique *ret)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_UNIQUE, fm_slot_paddr(frame.slot));
  one.step.done = contract_here->inner->unique_from_frame(frame, ret);
  contract_one_end(&one);
  return one.step.done;
}

static struct fm_frame check_share(struct fm_unique unique)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_SHARE, fm_slot_paddr(unique.slot));
  struct fm_frame frame = contract_here->inner->unique_share(unique);
  contract_one_end(&one);
  return frame;
}

static void check_repurpose(struct fm_kernel *kernel, struct fm_unique unique, fm_meta_id type,
                            const void *meta)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_REPURPOSE, fm_slot_paddr(unique.slot));
  one.step.vtable_ptr = vtable_of(type);
  one.step.meta = meta;
  one.step.meta_size = type.size;
  contract_here->inner->unique_repurpose(kernel, unique, type, meta);
  contract_one_end(&one);
}

static void check_reset(struct fm_kernel *kernel, struct fm_unique unique)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_RESET, fm_slot_paddr(unique.slot));
  contract_here->inner->unique_reset(kernel, unique);
  one.step.to_allocator = false; /* it hears nothing of it */
  contract_one_end(&one);
}

static void check_unique_drop(struct fm_kernel *kernel, struct fm_unique unique)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_DROP_UNIQUE, fm_slot_paddr(unique.slot));
  contract_here->inner->unique_drop(kernel, unique);
  contract_one_end(&one);
}

static fm_paddr check_unique_into_raw(struct fm_unique unique)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_INTO_RAW, fm_slot_paddr(unique.slot));
  fm_paddr paddr = contract_here->inner->unique_into_raw(unique);
  contract_one_end(&one);
  return paddr;
}

static struct fm_unique check_unique_from_raw(fm_paddr paddr)
{
  struct contract_one one;
  contract_one_begin(&one, SIM_OP_FROM_RAW, paddr);
  struct fm_unique unique = contract_here->inner->unique_from_raw(paddr);
  contract_one_end(&one);
  return unique;
}

/* ---- What a frame is ---- */

/* The record of a frame whose metadata is about to be read, or NULL: reported. */
static const struct fm_vtable *read_meta(const char *name, fm_paddr frame)
{
  if (!contract_has(frame))
    return NULL;
  struct fm_slot slot = contract_look(frame);
  enum fm_count_state state = fm_count_state(slot.ref_count);
  const struct fm_vtable *vtable =
      fm_kernel_vtable_of(contract_here->kernel, fm_kaddr_of(slot.vtable_ptr));
  if (vtable == NULL || state == FM_STATE_UNUSED || !contract_ghost(frame)->initialised)
    contract_note(SIM_CLAUSE_META_DERIVED, name, &frame);
  return vtable;
}

static bool check_has_type(const struct fm_kernel *kernel, struct fm_frame frame, uint32_t number)
{
  fm_paddr paddr = fm_slot_paddr(frame.slot);
  struct contract_op op = contract_begin("typed");
  const struct fm_vtable *vtable = read_meta(op.name, paddr);
  bool answer = contract_here->inner->frame_has_type(kernel, frame, number);
  if (contract_end(&op) && vtable != NULL && answer != (vtable->number == number))
    contract_note(SIM_CLAUSE_META_ANSWER, op.name, &paddr);
  return answer;
}

static bool check_untyped(struct fm_frame frame, struct fm_untyped *ret)
{
  fm_paddr paddr = fm_slot_paddr(frame.slot);
  struct contract_op op = contract_begin("untyped");
  const struct fm_vtable *vtable = read_meta(op.name, paddr);
  bool answer = contract_here->inner->frame_untyped(frame, ret);
  if (contract_end(&op) && vtable != NULL && answer != ((vtable->flags & FM_META_UNTYPED) != 0))
    contract_note(SIM_CLAUSE_META_ANSWER, op.name, &paddr);
  return answer;
}

void contract_fill_frames(struct fm_ops *table)
{
  table->claim = check_claim;
  table->get = check_get;
  table->frame_clone = check_clone;
  table->frame_ref_clone = check_ref_clone;
  table->frame_drop = check_drop;
  table->frame_into_raw = check_into_raw;
  table->frame_from_raw = check_from_raw;
  table->unique_from_frame = check_unique_from_frame;
  table->unique_share = check_share;
  table->unique_repurpose = check_repurpose;
  table->unique_reset = check_reset;
  table->unique_drop = check_unique_drop;
  table->unique_into_raw = check_unique_into_raw;
  table->unique_from_raw = check_unique_from_raw;
  table->frame_has_type = check_has_type;
  table->frame_untyped = check_untyped;
}
