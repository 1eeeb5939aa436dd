/* SPDX-License-Identifier: MPL-2.0 */
/* Deferred metadata. */
#include <fm/slot.h>

#include "src/chunk.h"

/* ---- Touching ---- */

static uint8_t said_by_chunk(const struct fm_kernel *kernel, fm_paddr frame)
{
  /* chunk.says, relaxed: needs no partner; after the boot only the mark changes, which is cut
   * off here. */
  uint8_t byte = fm_load_relaxed_byte(FM_SITE_CHUNK_SAYS, fm__chunk_byte(kernel, frame));
  return byte & (uint8_t)~FM_CHUNK_TOUCHED;
}

/* From now on the pages of this chunk are looked at one by one.  All who come write the same. */
static void note_touch(const struct fm_kernel *kernel, fm_paddr frame)
{
  uint8_t *byte = fm__chunk_byte(kernel, frame);
  /* chunk.says, relaxed: needs no partner; see said_by_chunk(). */
  uint8_t state = fm_load_relaxed_byte(FM_SITE_CHUNK_SAYS, byte);
  /* chunk.note, relaxed: needs no partner; only who looks at a quiet machine asks for it. */
  if ((state & FM_CHUNK_TOUCHED) == 0)
    fm_store_relaxed_byte(FM_SITE_CHUNK_NOTE, byte, state | FM_CHUNK_TOUCHED);
}

/* Writes what the state stands for into the slots of the page. */
static void write_slots(const struct fm_kernel *kernel, fm_paddr frame, uint8_t state)
{
  uint64_t first = fm_pfn_of_paddr(frame).nr & ~(FM_CHUNK_PAGE - 1);
  uint64_t end =
      first + FM_CHUNK_PAGE < kernel->nr_frames ? first + FM_CHUNK_PAGE : kernel->nr_frames;
  struct fm_slot *slots = fm_slot_at(fm_paddr_of(0));
  for (uint64_t i = first; i < end; i++) {
    slots[i].ref_count = state == FM_CHUNK_UNUSED ? FM_COUNT_UNUSED : 1;
    if (state >= FM_CHUNK_SHARED)
      slots[i].vtable_ptr = kernel->vtables + (state - FM_CHUNK_SHARED) * sizeof(struct fm_vtable);
  }
}

bool fm_chunk_reach(const struct fm_kernel *kernel, fm_paddr frame)
{
  if (kernel->chunks == 0 || frame.raw >= kernel->max_paddr)
    return false;
  uint8_t *byte = fm__page_byte(kernel, frame);
  for (;;) {
    /* chunk.load, acquire: pairs with the release of chunk.publish below in fm_chunk_reach():
     * who finds the page written sees its slots. */
    uint8_t state = fm_load_acquire_byte(FM_SITE_CHUNK_LOAD, byte);
    if (FM_LIKELY(state == FM_CHUNK_WRITTEN))
      return true;
    uint8_t says = state == FM_CHUNK_AS_SAID ? said_by_chunk(kernel, frame) : state;
    /* chunk.claim, acquire: needs no partner; the one who makes it busy writes the slots alone,
     * and nobody has written them before. */
    if (state != FM_CHUNK_BUSY &&
        fm_cas_weak_acquire_byte(FM_SITE_CHUNK_CLAIM, byte, &state, FM_CHUNK_BUSY)) {
      note_touch(kernel, frame);
      write_slots(kernel, frame, says);
      /* chunk.publish, release: pairs with the acquire of chunk.load above in
       * fm_chunk_reach(). */
      fm_store_release_byte(FM_SITE_CHUNK_PUBLISH, byte, FM_CHUNK_WRITTEN);
      return true;
    }
    fm_spin_hint(FM_SITE_CHUNK_CLAIM);
  }
}

/* ---- Marking ---- */

/* Whether `frames` slots begin here, and the range has them all. */
static bool begins(struct fm_range range, uint64_t frames)
{
  uint64_t bytes = frames * FM_PAGE_SIZE;
  return range.start.raw % bytes == 0 && fm_range_size(range) >= bytes;
}

uint64_t fm_chunk_mark(struct fm_kernel *kernel, struct fm_range range, uint32_t type)
{
  if (kernel->chunks == 0)
    return 0;
  uint8_t *chunk = fm__chunk_byte(kernel, range.start);
  if (begins(range, FM_CHUNK_SLOTS) && *chunk == FM_CHUNK_UNUSED) {
    *chunk = (uint8_t)(FM_CHUNK_SHARED + type);
    return FM_CHUNK_SLOTS;
  }
  uint8_t *page = fm__page_byte(kernel, range.start);
  if (!begins(range, FM_CHUNK_PAGE) || *page != FM_CHUNK_AS_SAID ||
      said_by_chunk(kernel, range.start) != FM_CHUNK_UNUSED)
    return 0;
  note_touch(kernel, range.start);
  *page = (uint8_t)(FM_CHUNK_SHARED + type);
  return FM_CHUNK_PAGE;
}
