/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The frame allocator: hands out physical memory that nobody uses.
 *
 * It knows addresses, not slots: who gets an address claims its slot, who drops the last
 * reference gives the address back.  Free bytes are counted per CPU: an allocation
 * subtracts what was asked for, a deallocation adds it.
 *
 * To add an allocator: write one file src/alloc/NAME.c with a `const struct fm_allocator`,
 * add its kind to enum fm_allocator_kind and its line to the table in src/alloc/alloc.c.
 * State lives in struct fm_kernel, per-CPU state in struct fm_cpu_block; memory of its
 * own is taken from the image or from what it is given in add_free_memory().
 */
#ifndef FM_ALLOC_H
#define FM_ALLOC_H

#include <fm/kernel.h>
#include <fm/slot.h>
#include <fm/types.h>

/* What an allocator supplies.  All functions may be called by any CPU at any time after
 * init; interrupts are masked around alloc and dealloc by the caller. */
struct fm_allocator {
  const char *name;
  /* Once, by the boot processor, when the slots exist.  False: no room for its state. */
  bool (*init)(struct fm_kernel *kernel);
  /* `size` bytes (whole pages, not 0) at a multiple of `align` (a power of two, at least a
   * page).  False: no such run is to be had.  Then what is free has not changed, but how it
   * is kept may have: buddy balances its pools even so. */
  bool (*alloc)(struct fm_kernel *kernel, uint64_t size, uint64_t align, fm_paddr *ret);
  /* Takes back `size` bytes, perhaps in other pieces than they were handed out. */
  void (*dealloc)(struct fm_kernel *kernel, fm_paddr start, uint64_t size);
  /* Boot only: this range is free from now on.  Returns how many bytes the allocator kept
   * for itself out of it. */
  uint64_t (*add_free_memory)(struct fm_kernel *kernel, struct fm_range range);
  /* Whether it would hand out this frame some day.  For checks: quiet CPUs only. */
  bool (*is_free)(const struct fm_kernel *kernel, fm_paddr frame);
};

/* Allocator "none" handed nothing out, so it takes nothing back: frames are only counted. */
static inline void fm_dealloc_ignore(uint64_t frames)
{
  fm_port_irq_mask();
  fm_this_cpu()->dealloc_ignored += frames;
  fm_port_irq_unmask();
}

#ifdef __cplusplus
extern "C" {
#endif

extern const struct fm_allocator fm_allocator_none;
extern const struct fm_allocator fm_allocator_bitmap;
extern const struct fm_allocator fm_allocator_buddy;

const struct fm_allocator *fm_allocator_of(const struct fm_kernel *kernel);

FM_MUST_USE bool fm_allocator_init(struct fm_kernel *kernel);

/* As in struct fm_allocator, with the free bytes counted and interrupts masked. */
FM_MUST_USE bool fm_alloc(struct fm_kernel *kernel, uint64_t size, uint64_t align, fm_paddr *ret);
void fm_dealloc(struct fm_kernel *kernel, fm_paddr start, uint64_t size);
void fm_add_free_memory(struct fm_kernel *kernel, struct fm_range range);
bool fm_is_free(const struct fm_kernel *kernel, fm_paddr frame);

/* Bytes that the allocator can hand out, over all CPUs.  Never shown below 0. */
uint64_t fm_free_bytes(const struct fm_kernel *kernel);

/* Locks of the kernel side.  The caller has masked interrupts. */
void fm_spin_lock(struct fm_spinlock *lock, enum fm_site site);
void fm_spin_unlock(struct fm_spinlock *lock, enum fm_site site);

#ifdef __cplusplus
}
#endif

/* What the end of a handle calls. */
static inline void fm_dealloc_frame(struct fm_kernel *kernel, fm_paddr frame)
{
  if (kernel->allocator == FM_ALLOCATOR_NONE)
    fm_dealloc_ignore(1);
  else
    fm_dealloc(kernel, frame, FM_PAGE_SIZE);
}

#endif
