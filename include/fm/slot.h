/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The metadata slot: 64 bytes for each frame of physical memory.
 *
 *   byte  0                                       40        48        56      64
 *        +----------------------------------------+---------+---------+-------+
 *        | storage: the metadata of the frame     |ref_count|  vtable |in_list|
 *        +----------------------------------------+---------+---------+-------+
 *
 * ref_count is the state machine; each arrow names the function that takes it:
 *
 *   unused --fm_slot_claim--> busy(0) --fm_slot_claim--> 1 or unique
 *   n      --fm_slot_get, fm_slot_inc--> n+1
 *   n      --fm_slot_dec--> n-1;  1 --> busy --fm_slot_drop_last--> unused
 *   unique --fm_unique_share--> 1;  1 --fm_unique_from_frame--> unique
 *   unique --fm_unique_drop, fm_unique_reset--> busy --fm_slot_drop_last--> unused
 *
 *   value            state     meaning
 *   2^64-1           unused    nobody's; storage and vtable mean nothing
 *   2^64-2           unique    one owner, who may write the metadata
 *   2^63 .. 2^64-3   illegal   a count that overflowed; nobody may ever see it
 *   1 .. 2^63-1      shared    that many references
 *   0                busy      under construction or destruction
 *
 * Any CPU may call any function at any time, on any address; what a function needs to
 * hold is said there.  The orders and their partners: docs/memory-model.md.
 */
#ifndef FM_SLOT_H
#define FM_SLOT_H

#include <fm/atomic.h>
#include <fm/chunk.h>
#include <fm/kernel.h>
#include <fm/meta.h>
#include <fm/port.h>
#include <fm/types.h>

#define FM_COUNT_UNUSED UINT64_MAX
#define FM_COUNT_UNIQUE (UINT64_MAX - 1)
#define FM_COUNT_MAX    ((uint64_t)INT64_MAX)
#define FM_COUNT_BUSY   UINT64_C(0)

struct fm_slot {
  uint8_t storage[FM_META_MAX_SIZE];
  uint64_t ref_count;  /* atomic */
  uint64_t vtable_ptr; /* kernel address of the type's record; plain */
  uint64_t in_list;    /* id of the list that the frame is in, 0 for none; atomic */
} __attribute__((aligned(64)));

FM_STATIC_ASSERT(sizeof(struct fm_slot) == FM_SLOT_SIZE, "a slot is 64 bytes");
FM_STATIC_ASSERT(offsetof(struct fm_slot, storage) == 0, "storage comes first");
FM_STATIC_ASSERT(offsetof(struct fm_slot, ref_count) == 40, "ref_count at byte 40");
FM_STATIC_ASSERT(offsetof(struct fm_slot, vtable_ptr) == 48, "vtable_ptr at byte 48");
FM_STATIC_ASSERT(offsetof(struct fm_slot, in_list) == 56, "in_list at byte 56");
FM_STATIC_ASSERT(FM_PAGE_SIZE % FM_SLOT_SIZE == 0, "no slot crosses a page");

enum fm_count_state {
  FM_STATE_UNUSED,
  FM_STATE_BUSY,
  FM_STATE_SHARED,
  FM_STATE_UNIQUE,
  FM_STATE_ILLEGAL,
};

/* Why a frame could not be had.  The kernel's documented answers. */
enum fm_get_error {
  FM_GET_OK,
  FM_GET_IN_USE,
  FM_GET_UNUSED,
  FM_GET_BUSY,
  FM_GET_UNIQUE,
  FM_GET_OUT_OF_BOUND,
  FM_GET_NOT_ALIGNED,
  FM_GET_RETRY, /* only from fm_slot_try_get: somebody else changed the count */
  FM_GET_ERRORS,
};

/* ---- Pure: what a count means ---- */

static inline enum fm_count_state fm_count_state(uint64_t count)
{
  if (count == FM_COUNT_UNUSED)
    return FM_STATE_UNUSED;
  if (count == FM_COUNT_UNIQUE)
    return FM_STATE_UNIQUE;
  if (count == FM_COUNT_BUSY)
    return FM_STATE_BUSY;
  return count <= FM_COUNT_MAX ? FM_STATE_SHARED : FM_STATE_ILLEGAL;
}

/* What a claim answers when it finds this count. */
static inline enum fm_get_error fm_count_claim_answer(uint64_t count)
{
  if (count == FM_COUNT_UNUSED)
    return FM_GET_OK;
  if (count == FM_COUNT_UNIQUE)
    return FM_GET_UNIQUE;
  return count == FM_COUNT_BUSY ? FM_GET_BUSY : FM_GET_IN_USE;
}

/* Whether a get that finds this count may try n -> n+1. */
static inline bool fm_count_may_grow(uint64_t count)
{
  return count - 1 < FM_COUNT_MAX - 1; /* 1 .. MAX-1 */
}

/* What a get answers when it finds a count that may not grow; a count at or above MAX that
 * is no marker has no answer (FM_GET_OK): the machine ends. */
static inline enum fm_get_error fm_count_get_answer(uint64_t count)
{
  if (count == FM_COUNT_UNUSED)
    return FM_GET_UNUSED;
  if (count == FM_COUNT_UNIQUE)
    return FM_GET_UNIQUE;
  return count == FM_COUNT_BUSY ? FM_GET_BUSY : FM_GET_OK;
}

/* ---- Pure: frame <-> slot ---- */

/* Inverse of each other on page-aligned addresses below FM_WINDOW_ROOM. */
static inline fm_kaddr fm_frame_to_meta(fm_paddr frame)
{
  return fm_kaddr_of(FM_META_BASE + frame.raw / FM_PAGE_SIZE * FM_SLOT_SIZE);
}

static inline fm_paddr fm_meta_to_frame(fm_kaddr slot)
{
  return fm_paddr_of((slot.raw - FM_META_BASE) / FM_SLOT_SIZE * FM_PAGE_SIZE);
}

/* The slot of a frame known to have one, and back; process addresses. */
static inline struct fm_slot *fm_slot_at(fm_paddr frame)
{
  return (struct fm_slot *)(uintptr_t)(FM_META_WINDOW + frame.raw / FM_PAGE_SIZE * FM_SLOT_SIZE);
}

static inline fm_paddr fm_slot_paddr(const struct fm_slot *slot)
{
  return fm_paddr_of(((uint64_t)(uintptr_t)slot - FM_META_WINDOW) / FM_SLOT_SIZE * FM_PAGE_SIZE);
}

/* ---- Operations ---- */

/*
 * The slot of `paddr`.  An address has a slot if and only if it is page aligned and below
 * max_paddr; the alignment is looked at first.
 */
FM_MUST_USE static inline enum fm_get_error fm_slot_find(const struct fm_kernel *kernel,
                                                         fm_paddr paddr, struct fm_slot **ret)
{
  if (FM_UNLIKELY(!fm_is_page_aligned(paddr.raw)))
    return FM_GET_NOT_ALIGNED;
  /* slot.bound, relaxed: needs no partner; boot.bound is stored before other CPUs start,
   * and their start orders it.  With deferred metadata the bound is 0. */
  if (FM_UNLIKELY(paddr.raw >= fm_load_relaxed(FM_SITE_SLOT_BOUND, &kernel->slot_bound)) &&
      !fm_chunk_reach(kernel, paddr))
    return FM_GET_OUT_OF_BOUND;
  *ret = fm_slot_at(paddr);
  return FM_GET_OK;
}

/* Writes vtable and metadata of a slot that the caller has for itself alone, without
 * looking at what was there. */
static inline void fm_slot_write_meta(const struct fm_kernel *kernel, struct fm_slot *slot,
                                      fm_meta_id type, const void *meta, enum fm_site vtable_site,
                                      enum fm_site meta_site)
{
  fm_write_word(vtable_site, &slot->vtable_ptr,
                kernel->vtables + type.number * sizeof(struct fm_vtable));
  if (type.size != 0)
    fm_write_bytes(meta_site, slot->storage, meta, type.size);
}

/*
 * Makes an unused slot one in use, with the given metadata: `type.size` bytes copied from
 * `meta` (ignored if 0).  The caller gets the only reference: a count of 1, or unique.
 */
FM_MUST_USE static inline enum fm_get_error fm_slot_claim(const struct fm_kernel *kernel,
                                                          fm_paddr paddr, fm_meta_id type,
                                                          const void *meta, bool unique,
                                                          struct fm_slot **ret)
{
  struct fm_slot *slot;
  enum fm_get_error error = fm_slot_find(kernel, paddr, &slot);
  if (FM_UNLIKELY(error != FM_GET_OK))
    return error;

  /* claim.cas, acquire: pairs with the release of drop.unused in fm_slot_drop_last().  The
   * previous owner's use of the metadata is over before ours is written; with relaxed, its
   * on_drop could see our bytes.  On failure relaxed: the value is only an answer. */
  uint64_t seen = FM_COUNT_UNUSED;
  if (FM_UNLIKELY(
          !fm_cas_strong_acquire(FM_SITE_CLAIM_CAS, &slot->ref_count, &seen, FM_COUNT_BUSY)))
    return fm_count_claim_answer(seen);

  /* Busy: no other CPU touches vtable and storage now, so plain writes. */
  fm_slot_write_meta(kernel, slot, type, meta, FM_SITE_CLAIM_VTABLE, FM_SITE_CLAIM_META);

  if (unique) {
    /* claim.publish, relaxed: needs no partner; nobody gets a reference to a unique frame
     * from its address, so there is no reader yet. */
    fm_store_relaxed(FM_SITE_CLAIM_PUBLISH, &slot->ref_count, FM_COUNT_UNIQUE);
  } else {
    /* claim.publish, release: pairs with the acquire of get.cas in fm_slot_try_get(): who
     * gets a reference by address sees vtable and metadata.  Also with that of unique.cas
     * in fm_unique_from_frame(). */
    fm_store_release(FM_SITE_CLAIM_PUBLISH, &slot->ref_count, 1);
  }
  *ret = slot;
  return FM_GET_OK;
}

/*
 * One try to add a reference to a frame in use; FM_GET_RETRY: the count moved on (or the
 * weak compare-exchange failed for no reason), nothing was changed.
 */
FM_MUST_USE static inline enum fm_get_error fm_slot_try_get(struct fm_slot *slot)
{
  /* get.load, relaxed: needs no partner; get.cas confirms the value, and the other
   * outcomes are answers only. */
  uint64_t seen = fm_load_relaxed(FM_SITE_GET_LOAD, &slot->ref_count);
  /* Not that it is likely: but beside a compare-exchange a jump costs nothing, and without
   * one it is all that there is. */
  if (FM_LIKELY(seen == FM_COUNT_UNUSED))
    return FM_GET_UNUSED;
  if (FM_UNLIKELY(!fm_count_may_grow(seen))) {
    enum fm_get_error answer = fm_count_get_answer(seen);
    if (FM_UNLIKELY(answer == FM_GET_OK))
      fm_port_panic("reference count overflow: get found a count at or above the maximum");
    return answer;
  }

  /* get.cas, acquire: pairs with the release of claim.publish in fm_slot_claim() and of
   * unique.publish in fm_unique_share(): the metadata written before is seen. */
  if (FM_UNLIKELY(!fm_cas_weak_acquire(FM_SITE_GET_CAS, &slot->ref_count, &seen, seen + 1)))
    return FM_GET_RETRY;
  return FM_GET_OK;
}

/* Adds a reference to whatever frame is in use at `paddr`. */
FM_MUST_USE static inline enum fm_get_error fm_slot_get(const struct fm_kernel *kernel,
                                                        fm_paddr paddr, struct fm_slot **ret)
{
  struct fm_slot *slot;
  enum fm_get_error answer = fm_slot_find(kernel, paddr, &slot);
  if (FM_UNLIKELY(answer != FM_GET_OK))
    return answer;

  while (FM_UNLIKELY((answer = fm_slot_try_get(slot)) == FM_GET_RETRY))
    fm_spin_hint(FM_SITE_GET_CAS);
  if (answer == FM_GET_OK)
    *ret = slot;
  return answer;
}

/* Adds a reference.  The caller holds one already. */
static inline void fm_slot_inc(struct fm_slot *slot)
{
  /* clone.inc, relaxed: needs no partner; the caller holds a reference, and whoever hands
   * the new one to another CPU orders that by its own means. */
  uint64_t seen = fm_fetch_add_relaxed(FM_SITE_CLONE_INC, &slot->ref_count, 1);
  fm_debug_assert(seen != FM_COUNT_BUSY && seen != FM_COUNT_UNUSED, slot,
                  "clone of a frame that nobody holds");
  if (FM_UNLIKELY(seen >= FM_COUNT_MAX))
    fm_port_panic("reference count overflow: clone found a count at or above the maximum");
}

/* Takes a reference away; true: it was the last, the count is now busy, and the caller
 * must go on with fm_slot_drop_last(). */
FM_MUST_USE static inline bool fm_slot_dec(struct fm_slot *slot)
{
  /* drop.dec, release: pairs with drop.fence below, and with the acquire of unique.cas in
   * fm_unique_from_frame(): what this holder did with the frame is over before the last
   * one destroys it, or a new single owner writes it. */
  uint64_t seen = fm_fetch_sub_release(FM_SITE_DROP_DEC, &slot->ref_count, 1);
  fm_debug_assert(seen != FM_COUNT_BUSY && seen != FM_COUNT_UNUSED, slot,
                  "drop of a frame that nobody holds");
  if (FM_LIKELY(seen != 1))
    return false;
  /* drop.fence, acquire: pairs with the release of drop.dec in fm_slot_dec() on every
   * other CPU: their use of the frame is seen to be over.  Orders slot->ref_count. */
  fm_acquire_fence_for(FM_SITE_DROP_FENCE, &slot->ref_count);
  return true;
}

/* Drops the metadata where it stands; afterwards vtable and storage mean nothing.  The
 * count is busy or unique, the metadata is initialised, and the caller is alone. */
static inline void fm_slot_drop_meta(struct fm_kernel *kernel, struct fm_slot *slot,
                                     enum fm_site meta_site)
{
  fm_kaddr vtable_ptr = fm_kaddr_of(fm_read_word(FM_SITE_DROP_VTABLE, &slot->vtable_ptr));
  const struct fm_vtable *vtable = (const struct fm_vtable *)fm_image_ptr(vtable_ptr);
  fm_note_read(meta_site, slot->storage, vtable->size);
  if (FM_UNLIKELY((vtable->flags & (FM_META_ON_DROP | FM_META_DESTROY)) != 0))
    fm_meta_run_drop(kernel, vtable, slot->storage, fm_slot_paddr(slot));
}

/* The end of a frame's use: drops the metadata and makes the slot unused.  The count is
 * busy.  The allocator hears nothing of it. */
static inline void fm_slot_drop_last(struct fm_kernel *kernel, struct fm_slot *slot)
{
  fm_slot_drop_meta(kernel, slot, FM_SITE_DROP_META);
  /* drop.unused, release: pairs with the acquire of claim.cas in fm_slot_claim(): who
   * claims the slot next finds our use of its metadata over. */
  fm_store_release(FM_SITE_DROP_UNUSED, &slot->ref_count, FM_COUNT_UNUSED);
}

#ifdef __cplusplus
extern "C" {
#endif

/* "unused", "busy", "shared", "unique", "illegal". */
const char *fm_count_state_name(enum fm_count_state state);

/* "InUse", "Unused", ...: the kernel's names. */
const char *fm_get_error_name(enum fm_get_error error);

#ifdef __cplusplus
}
#endif

#endif
