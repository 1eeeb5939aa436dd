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

/* The decisions of a boot, one function each, so that another form of the kernel can make
 * another one and share the rest. */
struct fm__boot_steps {
  enum fm_region_status (*normalise)(const struct fm_region *regions, size_t count,
                                     struct fm_regions *ret);
  /* Where the slots end, and where what is mapped linearly ends: bytes. */
  uint64_t (*slots_end)(const struct fm_regions *regions, enum fm_top top);
  uint64_t (*linear_end)(const struct fm_regions *regions, enum fm_top top);
  /* Maps the memory from 4 GiB up to `end` in the boot page table. */
  enum fm_boot_status (*map_linear)(struct fm_kernel *kernel, uint64_t end);
  /* Early memory for the slots. */
  bool (*early_alloc)(struct fm_early *early, uint64_t size, uint64_t align, fm_paddr *ret);
};

/* Those of this kernel. */
extern const struct fm__boot_steps fm__boot_steps;

/* fm_boot() with these. */
FM_MUST_USE enum fm_boot_status fm__boot_with(const struct fm__boot_steps *steps, fm_paddr image,
                                              enum fm_boot_stage until, struct fm_kernel **ret);

/* Marks early memory, regions that are not usable, and the slots' own pages.  False: a frame
 * of them is in use. */
FM_MUST_USE bool fm__boot_mark(struct fm_kernel *kernel);

/* Makes the kernel's page table, which has all memory below `linear_end`, and goes over to it. */
FM_MUST_USE enum fm_boot_status fm__boot_kernel_table(struct fm_kernel *kernel,
                                                      uint64_t linear_end);

#endif
