/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of the boot share.
 *
 *   plan.c    what a boot will need, beforehand
 *   early.c   the early allocator
 *   boot.c    the stages, up to the frame allocator
 *   bootpt.c  the boot page table
 *   mark.c    what the boot takes for ever
 *   kpt.c     the kernel's page table
 *   region.c  normalisation of the map
 */
#ifndef SRC_BOOT_STEPS_H
#define SRC_BOOT_STEPS_H

#include <fm/boot.h>
#include <fm/chunk.h>

/* Where the slots end: bytes; 0: no region decides it. */
uint64_t fm__boot_max_paddr(const struct fm_regions *regions, enum fm_top top);

/* The highest level of pages that map memory from 4 GiB on, and slots, while booting. */
static inline uint32_t fm__boot_level(enum fm_linear_map linear_map)
{
  return linear_map == FM_LINEAR_LARGEST ? FM_PT_LEAF_LEVEL : 1;
}

/* The slots lie at a multiple of the pages that map them. */
static inline uint64_t fm__boot_meta_align(enum fm_linear_map linear_map)
{
  return linear_map == FM_LINEAR_LARGEST ? fm_pt_page_size(2) : FM_PAGE_SIZE;
}

/* Marks early memory, regions that are not usable, and the slots' own pages.  False: a frame
 * of them is in use. */
FM_MUST_USE bool fm__boot_mark(struct fm_kernel *kernel);

/* Makes the kernel's page table and goes over to it. */
FM_MUST_USE enum fm_boot_status fm__boot_kernel_table(struct fm_kernel *kernel);

#endif
