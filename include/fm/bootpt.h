/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The boot page table: what maps memory until the kernel has a table of its own.
 *
 * The loader makes it, seven tables inside the kernel image, and it is no tree: three entries
 * of the root lead to the same four tables of level 2, which have pages of 2 MiB.
 *
 *   root[0]   (identity) --.
 *   root[256] (linear)   --+--> table of level 3: [0..3] --> 4 tables: 0 .. 4 GiB
 *   root[511] (image)    -----> table of level 3: [510] and [511] --> the first two of them
 *
 * The kernel adds to it: the memory from 4 GiB on, and the slots.  Tables for that come from
 * the early allocator as long as there are no slots, later from the frame allocator, as frames
 * of type early.  When it is first added to, bit 52 is set in every entry that points to one of
 * the loader's tables; so its end knows which tables are to be given back.
 *
 * Boot processor only, before others run; fm_bootpt_leave() by each CPU once.
 */
#ifndef FM_BOOTPT_H
#define FM_BOOTPT_H

#include <fm/kernel.h>
#include <fm/pte.h>

#define FM_BOOTPT_TABLES 7u /* pages at FM_IMAGE_TABLES; the first one is the root */

/* Bits of its leaves, without the address. */
#define FM_BOOTPT_PAGE (FM_PTE_PRESENT | FM_PTE_WRITABLE | FM_PTE_LEAF | FM_PTE_GLOBAL)
#define FM_BOOTPT_DATA (FM_BOOTPT_PAGE | FM_PTE_NO_EXECUTE)

enum fm_bootpt_status {
  FM_BOOTPT_OK,
  FM_BOOTPT_NO_ROOM, /* no memory for a table */
};

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the loader's tables of the image at `image` to `tables`, where the loader sees them:
 * FM_BOOTPT_TABLES of them. */
void fm_bootpt_write(uint64_t (*tables)[FM_PT_ENTRIES], fm_paddr image);

/* First use: marks the loader's tables. */
void fm_bootpt_adopt(struct fm_kernel *kernel);

/*
 * Maps [va, va + size) to [paddr, paddr + size), page by page, ascending, by pages of the
 * levels up to `max_level`; `bits` are those of a leaf (FM_BOOTPT_DATA).  Multiples of 4096.
 * A page that is mapped already is a panic.  After NO_ROOM the pages up to some address are
 * mapped.
 */
FM_MUST_USE enum fm_bootpt_status fm_bootpt_map(struct fm_kernel *kernel, uint64_t va,
                                                fm_paddr paddr, uint64_t size, uint32_t max_level,
                                                uint64_t bits);

/* Gives the small page at `va` other bits; huge pages on the way are split.  An address that is
 * not mapped is a panic. */
FM_MUST_USE enum fm_bootpt_status fm_bootpt_protect(struct fm_kernel *kernel, uint64_t va,
                                                    uint64_t bits);

/* This CPU does not use it any more.  The last one takes it down: entries ascending, what is
 * below an entry first, then the table if bit 52 is clear, one frame after the other, then the
 * entry is cleared.  The root is never given back. */
void fm_bootpt_leave(struct fm_kernel *kernel);

#ifdef __cplusplus
}
#endif

#endif
