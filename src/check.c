/* SPDX-License-Identifier: MPL-2.0 */
#include <fm/check.h>

#include "src/chunk.h"

const struct fm_vtable *fm_kernel_vtable_of(const struct fm_kernel *kernel, fm_kaddr vtable_ptr)
{
  uint64_t offset = vtable_ptr.raw - kernel->vtables;
  if (vtable_ptr.raw < kernel->vtables || offset % sizeof(struct fm_vtable) != 0 ||
      offset / sizeof(struct fm_vtable) >= kernel->nr_vtables)
    return NULL;
  return fm_kernel_vtable(kernel, (uint32_t)(offset / sizeof(struct fm_vtable)));
}

/* ---- Deferred slots ---- */

/* So many slots from this one on, up to where the next ones begin. */
static struct fm_chunk_run run_of(const struct fm_kernel *kernel, fm_paddr frame, uint64_t unit,
                                  uint8_t state)
{
  uint64_t nr = fm_pfn_of_paddr(frame).nr;
  uint64_t end = (nr & ~(unit - 1)) + unit;
  struct fm_chunk_run run;
  run.frames = (end < kernel->nr_frames ? end : kernel->nr_frames) - nr;
  run.state = state;
  return run;
}

struct fm_chunk_run fm_chunk_look(const struct fm_kernel *kernel, fm_paddr frame)
{
  if (kernel->chunks == 0)
    return run_of(kernel, frame, FM_CHUNK_PAGE, FM_CHUNK_WRITTEN);
  uint8_t chunk = __atomic_load_n(fm__chunk_byte(kernel, frame), __ATOMIC_RELAXED);
  if ((chunk & FM_CHUNK_TOUCHED) == 0)
    return run_of(kernel, frame, FM_CHUNK_SLOTS, chunk);
  uint8_t page = __atomic_load_n(fm__page_byte(kernel, frame), __ATOMIC_ACQUIRE);
  if (page == FM_CHUNK_AS_SAID)
    page = chunk & (uint8_t)~FM_CHUNK_TOUCHED;
  else if (page == FM_CHUNK_BUSY)
    page = FM_CHUNK_WRITTEN;
  return run_of(kernel, frame, FM_CHUNK_PAGE, page);
}

/* What a slot that is not written will be. */
static void view_deferred(const struct fm_kernel *kernel, uint8_t state, struct fm_slot_view *ret)
{
  const struct fm_slot_view unused = {.ref_count = FM_COUNT_UNUSED, .state = FM_STATE_UNUSED};
  *ret = unused;
  if (state == FM_CHUNK_UNUSED)
    return;
  ret->ref_count = 1;
  ret->state = FM_STATE_SHARED;
  ret->vtable_ptr = kernel->vtables + (state - FM_CHUNK_SHARED) * sizeof(struct fm_vtable);
  ret->vtable = fm_kernel_vtable_of(kernel, fm_kaddr_of(ret->vtable_ptr));
}

void fm_slot_view(const struct fm_kernel *kernel, const struct fm_slot *slot,
                  struct fm_slot_view *ret)
{
  uint8_t state = fm_chunk_look(kernel, fm_slot_paddr(slot)).state;
  if (state != FM_CHUNK_WRITTEN) {
    view_deferred(kernel, state, ret);
    return;
  }
  ret->ref_count = __atomic_load_n(&slot->ref_count, __ATOMIC_RELAXED);
  ret->vtable_ptr = slot->vtable_ptr;
  ret->in_list = __atomic_load_n(&slot->in_list, __ATOMIC_RELAXED);
  ret->state = fm_count_state(ret->ref_count);
  ret->vtable = NULL;
  if (ret->state == FM_STATE_SHARED || ret->state == FM_STATE_UNIQUE)
    ret->vtable = fm_kernel_vtable_of(kernel, fm_kaddr_of(ret->vtable_ptr));
}

enum fm_slot_fault fm_slot_check(const struct fm_kernel *kernel, const struct fm_slot *slot)
{
  struct fm_slot_view view;
  fm_slot_view(kernel, slot, &view);

  switch (view.state) {
  case FM_STATE_UNUSED:
    return view.in_list == 0 ? FM_SLOT_GOOD : FM_SLOT_UNUSED_IN_LIST;
  case FM_STATE_BUSY:
    return FM_SLOT_BUSY_AT_REST;
  case FM_STATE_ILLEGAL:
    return FM_SLOT_ILLEGAL_COUNT;
  case FM_STATE_SHARED:
  case FM_STATE_UNIQUE:
    break;
  }
  if (view.vtable == NULL)
    return FM_SLOT_BAD_VTABLE;
  if (view.state == FM_STATE_SHARED && view.in_list != 0)
    return FM_SLOT_SHARED_IN_LIST;
  return FM_SLOT_GOOD;
}
