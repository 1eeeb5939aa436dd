/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Slots, a stretch of frames at a time; several threads may do different stretches.
 *
 * Most slots are unused and in no list, and if nobody asks for holders there is no more to say
 * of them: two words of each are looked at, eight slots with one branch.
 */
#include "sim/audit/audit.h"

#define BATCH 8u

struct stretch {
  struct audit *audit;
  GArray *faults;
  guint chunk;  /* the first free chunk that does not end before the frame looked at */
  guint extent; /* the first extent that does not end before it */
};

struct sim_audit_fault audit_slot_fault(fm_paddr frame, const struct fm_slot_view *view,
                                        enum sim_audit_clause clause, uint64_t count)
{
  return (struct sim_audit_fault){.frame = frame,
                                  .clause = sim_audit_clause_name(clause),
                                  .text = sim_audit_clause_text(clause),
                                  .count = count,
                                  .number = clause,
                                  .of_slot = true,
                                  .storage = sim_storage_view(view)};
}

static void found(struct stretch *stretch, fm_paddr frame, enum sim_audit_clause clause,
                  uint64_t count)
{
  struct fm_slot_view view;
  fm_slot_view(stretch->audit->kernel, fm_slot_at(frame), &view);
  struct sim_audit_fault fault = audit_slot_fault(frame, &view, clause, count);
  g_array_append_val(stretch->faults, fault);
}

/* ---- Free memory ---- */

static const struct audit_chunk *chunk_at(const struct audit *audit, guint index)
{
  return &g_array_index(audit->chunks, struct audit_chunk, index);
}

/* The free chunk that the frame lies in, or NULL.  Frames ascend, chunks are apart. */
static const struct audit_chunk *chunk_of(struct stretch *stretch, uint64_t nr)
{
  const struct audit *audit = stretch->audit;
  guint *at = &stretch->chunk;
  while (*at < audit->chunks->len &&
         chunk_at(audit, *at)->start + chunk_at(audit, *at)->frames <= nr)
    (*at)++;
  if (*at == audit->chunks->len || chunk_at(audit, *at)->start > nr)
    return NULL;
  return chunk_at(audit, *at);
}

/* The first chunk that does not end before this frame. */
static guint first_chunk(const struct audit *audit, uint64_t nr)
{
  guint low = 0;
  guint high = audit->chunks->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (chunk_at(audit, middle)->start + chunk_at(audit, middle)->frames <= nr)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool is_known_list(const struct audit *audit, uint64_t id)
{
  guint low = 0;
  guint high = audit->ids->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    uint64_t there = g_array_index(audit->ids, uint64_t, middle);
    if (there == id)
      return true;
    if (there < id)
      low = middle + 1;
    else
      high = middle;
  }
  return false;
}

/* A frame that is in use, and no head of a free chunk. */
static void check_free(struct stretch *stretch, fm_paddr frame, const struct fm_slot_view *view,
                       const struct audit_chunk *chunk)
{
  const struct audit *audit = stretch->audit;
  bool is_free = audit->kernel->allocator == FM_ALLOCATOR_BITMAP &&
                 audit->kernel->stage >= FM_STAGE_ALLOCATOR &&
                 audit_bit(audit, fm_pfn_of_paddr(frame).nr);
  if (chunk != NULL || is_free)
    found(stretch, frame, SIM_AUDIT_FREE_IN_USE, view->ref_count);
}

static void check_list(struct stretch *stretch, fm_paddr frame, const struct fm_slot_view *view)
{
  const struct audit *audit = stretch->audit;
  if (is_known_list(audit, view->in_list) ||
      (audit->kernel->allocator == FM_ALLOCATOR_BUDDY && view->vtable != NULL &&
       view->vtable->number == FM_META_FREE_HEAD))
    found(stretch, frame, SIM_AUDIT_LIST_LOST, view->ref_count);
  else if (view->in_list >= audit->kernel->next_list_id)
    found(stretch, frame, SIM_AUDIT_LIST_UNDRAWN, view->ref_count);
}

/* ---- One slot ---- */

static void check_frame(struct stretch *stretch, fm_paddr frame)
{
  const struct fm_kernel *kernel = stretch->audit->kernel;
  const struct fm_slot *slot = fm_slot_at(frame);
  enum fm_slot_fault fault = fm_slot_check(kernel, slot);
  struct fm_slot_view view;

  fm_slot_view(kernel, slot, &view);
  if (fault != FM_SLOT_GOOD) {
    found(stretch, frame, (enum sim_audit_clause)fault, view.ref_count);
    return;
  }
  if (view.state != FM_STATE_UNUSED) {
    const struct audit_chunk *chunk = chunk_of(stretch, fm_pfn_of_paddr(frame).nr);
    if (chunk != NULL && chunk->is_head && chunk->start == fm_pfn_of_paddr(frame).nr)
      return; /* lists.c has looked at it */
    if (view.in_list != 0)
      check_list(stretch, frame, &view);
    check_free(stretch, frame, &view, chunk);
    if (view.in_list != 0 && view.vtable != NULL && view.vtable->number == FM_META_FREE_HEAD &&
        kernel->allocator == FM_ALLOCATOR_BUDDY)
      return; /* the allocator's, even if it has lost it */
  }
  struct sim_audit_fault held;
  if (stretch->audit->options->holders != NULL &&
      audit_check_holders(stretch->audit, frame, &view, &held))
    g_array_append_val(stretch->faults, held);
}

/* ---- Many slots ---- */

/* How many slots from this one on are deferred.  They are as the boot left them: no handle can
 * be on one of them, as it would be written then. */
static uint64_t count_deferred(const struct audit *audit, uint64_t nr)
{
  if (audit->kernel->chunks == 0)
    return 0;
  struct fm_chunk_run run = fm_chunk_look(audit->kernel, fm_paddr_of(nr * FM_PAGE_SIZE));
  return run.state == FM_CHUNK_WRITTEN ? 0 : run.frames;
}

/* Whether these slots are all unused and in no list. */
static bool is_quiet(const struct fm_slot *slots)
{
  uint64_t in_use = 0;
  for (unsigned i = 0; i < BATCH; i++)
    in_use |= ~__atomic_load_n(&slots[i].ref_count, __ATOMIC_RELAXED) |
              __atomic_load_n(&slots[i].in_list, __ATOMIC_RELAXED);
  return in_use == 0;
}

/* Slots that are in the file. */
static void check_written(struct stretch *stretch, uint64_t nr, uint64_t end)
{
  bool may_skip = stretch->audit->options->holders == NULL;
  while (nr < end) {
    if (may_skip && end - nr >= BATCH && is_quiet(fm_slot_at(fm_paddr_of(nr * FM_PAGE_SIZE)))) {
      nr += BATCH;
      continue;
    }
    for (uint64_t stop = MIN(nr + BATCH, end); nr < stop; nr++)
      check_frame(stretch, fm_paddr_of(nr * FM_PAGE_SIZE));
  }
}

static void found_hole(struct stretch *stretch, uint64_t nr, uint64_t end)
{
  struct sim_audit_fault fault = {.frame = fm_paddr_of(nr * FM_PAGE_SIZE),
                                  .clause = sim_audit_clause_name(SIM_AUDIT_SLOT_HOLE),
                                  .text = sim_audit_clause_text(SIM_AUDIT_SLOT_HOLE),
                                  .count = end - nr,
                                  .number = SIM_AUDIT_SLOT_HOLE};
  (void)g_strlcpy(fault.place, "slots from here on", sizeof(fault.place));
  g_array_append_val(stretch->faults, fault);
}

/* Slots that should be in the file: holes are faults. */
static void check_extents(struct stretch *stretch, uint64_t nr, uint64_t end)
{
  const GArray *extents = stretch->audit->extents;
  while (nr < end) {
    guint *at = &stretch->extent;
    while (*at < extents->len &&
           g_array_index(extents, struct audit_extent, *at).end <= nr * FM_SLOT_SIZE)
      (*at)++;
    uint64_t data = end, hole = end;
    if (*at < extents->len) {
      const struct audit_extent *extent = &g_array_index(extents, struct audit_extent, *at);
      data = MIN(end, extent->start / FM_SLOT_SIZE);
      hole = MIN(end, (extent->end + FM_SLOT_SIZE - 1) / FM_SLOT_SIZE);
    }
    if (data > nr)
      found_hole(stretch, nr, data);
    nr = MAX(nr, data);
    check_written(stretch, nr, hole);
    nr = MAX(nr, hole);
  }
}

static guint first_extent(const struct audit *audit, uint64_t nr)
{
  guint low = 0;
  guint high = audit->extents->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (g_array_index(audit->extents, struct audit_extent, middle).end <= nr * FM_SLOT_SIZE)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void audit_slots(struct audit *audit, uint64_t first, uint64_t end, GArray *faults)
{
  struct stretch stretch = {audit, faults, first_chunk(audit, first), first_extent(audit, first)};

  for (uint64_t nr = first; nr < end;) {
    uint64_t deferred = MIN(count_deferred(audit, nr), end - nr);
    if (deferred != 0) {
      nr += deferred;
      continue;
    }
    uint64_t stop = nr;
    while (stop < end && count_deferred(audit, stop) == 0)
      stop =
          audit->kernel->chunks == 0 ? end : MIN(end, (stop / FM_CHUNK_PAGE + 1) * FM_CHUNK_PAGE);
    check_extents(&stretch, nr, stop);
    nr = stop;
  }
}
