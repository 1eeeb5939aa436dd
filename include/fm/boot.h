/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Boot of the kernel side: from a normalised memory map to a frame allocator that has its
 * memory, in the kernel's order:
 *
 *   map -> early allocator -> per-CPU storage -> slots -> marking -> frame allocator
 *
 * fm_boot_plan() is pure and says beforehand what the boot will need; fm_boot() does it,
 * on the boot processor, before any other CPU runs.
 */
#ifndef FM_BOOT_H
#define FM_BOOT_H

#include <fm/kernel.h>
#include <fm/region.h>
#include <fm/types.h>

enum fm_boot_status {
  FM_BOOT_OK,
  FM_BOOT_BAD_MAP,       /* normalisation refused: see the region status */
  FM_BOOT_NO_PHYSICAL,   /* no region decides how many slots there are */
  FM_BOOT_NO_USABLE,     /* no usable memory for the early allocator */
  FM_BOOT_NO_ROOM_CPUS,  /* the early allocator has no room for per-CPU storage */
  FM_BOOT_NO_ROOM_META,  /* ... no contiguous room for the slots */
  FM_BOOT_NO_ROOM_ALLOC, /* no room for the frame allocator's own state */
  FM_BOOT_WINDOW,        /* more physical address space than the linear window has room for */
  FM_BOOT_MARK,          /* a frame that had to be marked was taken: a bug of ours */
};

/* What a boot of a map needs and where it will put things. */
struct fm_boot_plan {
  uint64_t max_paddr; /* bytes */
  uint64_t nr_frames;
  uint64_t meta_size;    /* bytes, whole pages */
  uint64_t meta_start;   /* physical */
  struct fm_early early; /* after the boot's allocations */
};

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The early allocator: two bump ranges ---- */

/* The largest usable part below 4 GiB and the largest from 4 GiB on; on a tie the first.
 * Empty ranges are 0..0.  Pure. */
void fm_early_init(struct fm_early *early, const struct fm_regions *regions);

/* `size` bytes, rounded up to pages, at a multiple of `align` (a power of two, at least a
 * page); the low range first.  False: no room, nothing changed. */
FM_MUST_USE bool fm_early_alloc(struct fm_early *early, uint64_t size, uint64_t align,
                                fm_paddr *ret);

/* What a range has handed out. */
struct fm_range fm_early_allocated(const struct fm_early_range *range);

/* ---- Memory that goes to the frame allocator ---- */

/* Where an iteration stands; starts zeroed. */
struct fm_free_cursor {
  uint32_t region;
  uint64_t from; /* bytes into that region */
};

/* The next piece of usable memory that the early allocator did not hand out, ascending.
 * False: there is none left.  Pure. */
bool fm_boot_next_free(const struct fm_kernel *kernel, struct fm_free_cursor *cursor,
                       struct fm_range *ret);

/* ---- Boot ---- */

/* Pure; on failure *ret holds what was known so far, the rest 0. */
FM_MUST_USE enum fm_boot_status fm_boot_plan(const struct fm_regions *regions, enum fm_top top,
                                             uint32_t cpus, struct fm_boot_plan *ret);

/* Boots the image whose loader has filled struct fm_boot_info at `image`.  On success
 * *ret is the kernel state in it.  On failure the machine is half booted and good for
 * nothing but being looked at. */
FM_MUST_USE enum fm_boot_status fm_boot(fm_paddr image, struct fm_kernel **ret);

/* Writes the records of the built-in types into the image's vtable page; for the loader.
 * `records` has room for FM_META_TYPES_MAX.  Returns how many were written. */
uint32_t fm_boot_write_vtables(struct fm_vtable *records);

#ifdef __cplusplus
}
#endif

#endif
