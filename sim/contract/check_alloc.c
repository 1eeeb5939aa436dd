/* SPDX-License-Identifier: MPL-2.0 */
/* Allocation: what is handed out was nobody's, and the free bytes follow. */
#include "sim/contract/internal.h"

/* Of a run, the frames that are looked at: all of a small one, else the first and the last. */
#define LOOKED_AT 64u

static uint64_t vtable_of(fm_meta_id type)
{
  return contract_here->kernel->vtables + type.number * sizeof(struct fm_vtable);
}

static bool is_zero(fm_paddr frame)
{
  const uint64_t *words = (const uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + frame.raw);
  uint64_t all = 0;
  for (unsigned i = 0; i < FM_PAGE_SIZE / sizeof(*words); i++)
    all |= words[i];
  return all == 0;
}

static enum sim_clause judge_new(fm_paddr frame, const struct fm_alloc_options *options)
{
  const struct sim_ghost_slot *ghost = contract_ghost(frame);
  struct fm_slot slot = contract_look(frame);
  if (ghost->held != 0 || ghost->forgotten != 0)
    return SIM_CLAUSE_ALLOC_NOT_HELD;
  if (slot.ref_count != 1)
    return SIM_CLAUSE_ALLOC_OK_COUNT;
  if (slot.vtable_ptr != vtable_of(options->type))
    return SIM_CLAUSE_ALLOC_OK_TYPE;
  if (contract_here->level == SIM_CHECK_FULL && !options->dirty && !is_zero(frame))
    return SIM_CLAUSE_ALLOC_ZEROED;
  return SIM_CLAUSE_NONE;
}

/* Looks at the new frames; then they are somebody's. */
static void take_up(const char *name, struct fm_range range, const struct fm_alloc_options *options)
{
  uint64_t frames = fm_range_size(range) / FM_PAGE_SIZE;
  bool told = false;
  for (uint64_t i = 0; i < frames; i++) {
    fm_paddr frame = fm_paddr_add(range.start, i * FM_PAGE_SIZE);
    if (!contract_has(frame)) {
      contract_note(SIM_CLAUSE_ALLOC_ALIGNED, name, &frame);
      return;
    }
    if (!told && (i < LOOKED_AT || i + LOOKED_AT >= frames)) {
      enum sim_clause clause = judge_new(frame, options);
      told = clause != SIM_CLAUSE_NONE;
      if (told)
        contract_note(clause, name, &frame);
    }
    sim_ghost_fresh(&contract_here->ghost, contract_ghost(frame),
                    sim_usage_of_type(options->type.number));
  }
}

/* How the free bytes should have changed: down by `taken`. */
static void check_bytes(const struct contract_op *op, bool quiet, uint64_t before, uint64_t taken,
                        bool failed)
{
  if (quiet && contract_free_bytes() != before - taken)
    contract_note(failed ? SIM_CLAUSE_ALLOC_ERR_UNCHANGED : SIM_CLAUSE_ALLOC_BYTES, op->name, NULL);
}

/* ---- Entries ---- */

static enum fm_alloc_error check_frame_alloc(struct fm_kernel *kernel,
                                             const struct fm_alloc_options *options,
                                             struct fm_frame *ret)
{
  struct contract_op op = contract_begin("alloc");
  uint64_t bytes = contract_free_bytes();
  enum fm_alloc_error error = contract_here->inner->frame_alloc(kernel, options, ret);
  bool quiet = contract_end(&op);
  if (error == FM_ALLOC_OK) {
    fm_paddr start = fm_slot_paddr(ret->slot);
    take_up(op.name, (struct fm_range){start, fm_paddr_add(start, FM_PAGE_SIZE)}, options);
  }
  check_bytes(&op, quiet, bytes, error == FM_ALLOC_OK ? FM_PAGE_SIZE : 0, error != FM_ALLOC_OK);
  return error;
}

static enum fm_alloc_error check_segment_alloc(struct fm_kernel *kernel,
                                               const struct fm_alloc_options *options,
                                               uint64_t frames, struct fm_segment *ret)
{
  struct contract_op op = contract_begin("alloc");
  uint64_t bytes = contract_free_bytes();
  enum fm_alloc_error error = contract_here->inner->segment_alloc(kernel, options, frames, ret);
  bool quiet = contract_end(&op);
  if (error == FM_ALLOC_OK)
    take_up(op.name, ret->range, options);
  check_bytes(&op, quiet, bytes, error == FM_ALLOC_OK ? frames * FM_PAGE_SIZE : 0,
              error != FM_ALLOC_OK);
  return error;
}

static bool check_raw_alloc(struct fm_kernel *kernel, uint64_t size, uint64_t align, fm_paddr *ret)
{
  struct contract_op op = contract_begin("alloc");
  uint64_t bytes = contract_free_bytes();
  bool done = contract_here->inner->alloc(kernel, size, align, ret);
  bool quiet = contract_end(&op);
  if (done && (ret->raw % align != 0 || ret->raw + size > kernel->max_paddr))
    contract_note(SIM_CLAUSE_ALLOC_ALIGNED, op.name, ret);
  check_bytes(&op, quiet, bytes, done ? size : 0, !done);
  return done;
}

static void check_dealloc(struct fm_kernel *kernel, fm_paddr start, uint64_t size)
{
  struct contract_op op = contract_begin("free");
  uint64_t bytes = contract_free_bytes();
  for (fm_paddr at = start; at.raw < start.raw + size; at.raw += FM_PAGE_SIZE) {
    if (!contract_has(at) || fm_count_state(contract_look(at).ref_count) == FM_STATE_UNUSED)
      continue;
    contract_note(SIM_CLAUSE_DEALLOC_NOT_HELD, op.name, &at);
    break;
  }
  contract_here->inner->dealloc(kernel, start, size);
  bool quiet = contract_end(&op);
  if (kernel->allocator != FM_ALLOCATOR_NONE)
    check_bytes(&op, quiet, bytes, 0 - size, false);
}

void contract_fill_allocs(struct fm_ops *table)
{
  table->frame_alloc = check_frame_alloc;
  table->segment_alloc = check_segment_alloc;
  table->alloc = check_raw_alloc;
  table->dealloc = check_dealloc;
}
