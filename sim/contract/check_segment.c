/* SPDX-License-Identifier: MPL-2.0 */
/* Segments: one reference on each frame of a range. */
#include "sim/contract/internal.h"

/* Of each frame of a range, before: its count.  Ranges that are too long to remember are looked
 * at by their ends. */
#define REMEMBERED 64u

struct counts {
  struct fm_range range;
  uint64_t frames; /* that have slots */
  uint64_t before[REMEMBERED];
};

/* The i-th frame that is remembered: from the front, then from the back. */
static fm_paddr frame_of(const struct counts *counts, uint64_t i)
{
  uint64_t known = MIN(counts->frames, REMEMBERED);
  uint64_t nr = i < known / 2 ? i : counts->frames - (known - i);
  return fm_paddr_add(counts->range.start, nr * FM_PAGE_SIZE);
}

static struct counts remember(struct fm_range range)
{
  struct counts counts = {.range = range};
  if (range.start.raw >= range.end.raw || !contract_has(range.start) ||
      !contract_has(fm_paddr_of(range.end.raw - FM_PAGE_SIZE)))
    return counts;
  counts.frames = fm_range_size(range) / FM_PAGE_SIZE;
  for (uint64_t i = 0; i < MIN(counts.frames, REMEMBERED); i++)
    counts.before[i] = contract_look(frame_of(&counts, i)).ref_count;
  return counts;
}

/* Whether the counts went up by this; *ret: the first that did not. */
static bool went_up(const struct counts *counts, uint64_t by, fm_paddr *ret)
{
  for (uint64_t i = 0; i < MIN(counts->frames, REMEMBERED); i++) {
    *ret = frame_of(counts, i);
    if (contract_look(*ret).ref_count != counts->before[i] + by)
      return false;
  }
  return true;
}

/* ---- Ghost ---- */

static void hold_each(struct fm_range range)
{
  for (fm_paddr at = range.start; at.raw < range.end.raw; at.raw += FM_PAGE_SIZE)
    if (contract_has(at))
      sim_ghost_hold(&contract_here->ghost, contract_ghost(at));
}

static void fresh_each(struct fm_range range, fm_meta_id type)
{
  for (fm_paddr at = range.start; at.raw < range.end.raw; at.raw += FM_PAGE_SIZE)
    if (contract_has(at))
      sim_ghost_fresh(&contract_here->ghost, contract_ghost(at), sim_usage_of_type(type.number));
}

/* ---- Entries ---- */

static bool check_claimed(const char *name, struct fm_range range, fm_meta_id type,
                          const struct counts *counts)
{
  uint64_t vtable = contract_here->kernel->vtables + type.number * sizeof(struct fm_vtable);
  for (uint64_t i = 0; i < MIN(counts->frames, REMEMBERED); i++) {
    fm_paddr frame = frame_of(counts, i);
    struct fm_slot slot = contract_look(frame);
    enum sim_clause clause = counts->before[i] != FM_COUNT_UNUSED ? SIM_CLAUSE_CLAIM_OK_FROM_UNUSED
                             : slot.ref_count != 1                ? SIM_CLAUSE_CLAIM_OK_COUNT
                             : slot.vtable_ptr != vtable          ? SIM_CLAUSE_CLAIM_OK_VTABLE
                             : slot.in_list != 0                  ? SIM_CLAUSE_CLAIM_OK_IN_LIST
                                                                  : SIM_CLAUSE_NONE;
    if (clause == SIM_CLAUSE_NONE)
      continue;
    contract_note(clause, name, &frame);
    return false;
  }
  (void)range;
  return true;
}

static enum fm_get_error check_from_unused(struct fm_kernel *kernel, struct fm_range range,
                                           fm_meta_id type, fm_segment_meta meta, void *meta_data,
                                           struct fm_segment *ret)
{
  struct contract_op op = contract_begin("segment");
  struct counts counts = {.range = range};
  if (fm_is_page_aligned(range.start.raw) && fm_is_page_aligned(range.end.raw))
    counts = remember(range);
  uint64_t bytes = contract_free_bytes();
  enum fm_get_error answer =
      contract_here->inner->segment_from_unused(kernel, range, type, meta, meta_data, ret);
  bool quiet = contract_end(&op);
  fm_paddr frame;
  if (answer == FM_GET_OK) {
    if (quiet)
      (void)check_claimed(op.name, range, type, &counts);
    fresh_each(range, type);
  } else if (quiet && (!went_up(&counts, 0, &frame) || contract_free_bytes() != bytes)) {
    contract_note(SIM_CLAUSE_SEGMENT_ERR_UNCHANGED, op.name, &range.start);
  }
  return answer;
}

/* Each frame has one reference more, for a new segment. */
static void check_copied(const struct contract_op *op, const struct counts *counts)
{
  fm_paddr frame;
  if (contract_end(op) && !went_up(counts, 1, &frame))
    contract_note(SIM_CLAUSE_SEGMENT_CLONE, op->name, &frame);
}

static struct fm_segment check_clone(struct fm_segment segment)
{
  struct contract_op op = contract_begin("clone");
  struct counts counts = remember(segment.range);
  struct fm_segment made = contract_here->inner->segment_clone(segment);
  check_copied(&op, &counts);
  hold_each(segment.range);
  return made;
}

static bool check_slice(struct fm_segment segment, uint64_t start, uint64_t end,
                        struct fm_segment *ret)
{
  struct contract_op op = contract_begin("slice");
  struct fm_range part = {fm_paddr_add(segment.range.start, start),
                          fm_paddr_add(segment.range.start, end)};
  bool sound = start <= end && end <= fm_range_size(segment.range) && fm_is_page_aligned(start) &&
               fm_is_page_aligned(end);
  struct counts counts = sound ? remember(part) : (struct counts){.range = segment.range};
  bool done = contract_here->inner->segment_slice(segment, start, end, ret);
  if (!done) {
    (void)contract_end(&op);
    return false;
  }
  if (ret->range.start.raw != part.start.raw || ret->range.end.raw != part.end.raw)
    contract_note(SIM_CLAUSE_SEGMENT_INSIDE, op.name, &segment.range.start);
  check_copied(&op, &counts);
  hold_each(ret->range);
  return true;
}

static bool check_split(struct fm_segment segment, uint64_t offset, struct fm_segment *ret_first,
                        struct fm_segment *ret_second)
{
  struct contract_op op = contract_begin("split");
  struct counts counts = remember(segment.range);
  bool done = contract_here->inner->segment_split(segment, offset, ret_first, ret_second);
  bool quiet = contract_end(&op);
  fm_paddr frame;
  if (done && (ret_first->range.start.raw != segment.range.start.raw ||
               ret_first->range.end.raw != segment.range.start.raw + offset ||
               ret_second->range.start.raw != ret_first->range.end.raw ||
               ret_second->range.end.raw != segment.range.end.raw))
    contract_note(SIM_CLAUSE_SEGMENT_INSIDE, op.name, &segment.range.start);
  if (quiet && !went_up(&counts, 0, &frame))
    contract_note(SIM_CLAUSE_SEGMENT_UNCHANGED, op.name, &frame);
  return done;
}

static bool check_next(struct fm_segment *segment, struct fm_frame *ret)
{
  struct contract_op op = contract_begin("next");
  struct fm_range range = segment->range;
  struct counts counts = remember(range);
  bool done = contract_here->inner->segment_next(segment, ret);
  bool quiet = contract_end(&op);
  fm_paddr frame;
  if (done && (fm_slot_paddr(ret->slot).raw != range.start.raw ||
               segment->range.start.raw != range.start.raw + FM_PAGE_SIZE ||
               segment->range.end.raw != range.end.raw))
    contract_note(SIM_CLAUSE_SEGMENT_INSIDE, op.name, &range.start);
  if (quiet && !went_up(&counts, 0, &frame))
    contract_note(SIM_CLAUSE_SEGMENT_UNCHANGED, op.name, &frame);
  return done;
}

/* Every reference has to be somebody's; then they go. */
static void let_go_each(const char *name, struct fm_range range)
{
  bool told = false;
  for (fm_paddr at = range.start; at.raw < range.end.raw; at.raw += FM_PAGE_SIZE) {
    if (!contract_has(at))
      continue;
    struct sim_ghost_slot *ghost = contract_ghost(at);
    if (!told && sim_ghost_holders(ghost) == 0) {
      contract_note(SIM_CLAUSE_DROP_REF_HELD, name, &at);
      told = true;
    }
    sim_ghost_release(&contract_here->ghost, ghost);
  }
}

/* A frame with one reference is nobody's afterwards, or the allocator's. */
static bool was_dropped(uint64_t before, uint64_t after)
{
  bool allocator = contract_here->kernel->allocator != FM_ALLOCATOR_NONE;
  if (before != 1)
    return after == before - 1;
  return after == FM_COUNT_UNUSED || (allocator && after == FM_COUNT_UNIQUE);
}

static void check_drop(struct fm_kernel *kernel, struct fm_segment segment)
{
  struct contract_op op = contract_begin("drop");
  struct counts counts = remember(segment.range);
  let_go_each(op.name, segment.range);
  contract_here->inner->segment_drop(kernel, segment);
  if (!contract_end(&op))
    return;
  for (uint64_t i = 0; i < MIN(counts.frames, REMEMBERED); i++) {
    fm_paddr frame = frame_of(&counts, i);
    if (was_dropped(counts.before[i], contract_look(frame).ref_count))
      continue;
    contract_note(SIM_CLAUSE_SEGMENT_DROP, op.name, &frame);
    return;
  }
}

void contract_fill_segments(struct fm_ops *table)
{
  table->segment_from_unused = check_from_unused;
  table->segment_clone = check_clone;
  table->segment_slice = check_slice;
  table->segment_split = check_split;
  table->segment_next = check_next;
  table->segment_drop = check_drop;
}
