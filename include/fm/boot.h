/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Boot of the kernel side, in the kernel's order:
 *
 *   map -> early allocator -> per-CPU storage -> slots, mapped and marked -> frame allocator
 *   -> kernel page table, which this CPU goes over to -> other CPUs -> boot page table goes
 *
 * fm_boot_plan() is pure and says beforehand what the boot will need; fm_boot() does it,
 * on the boot processor, before any other CPU runs; fm_boot_cpu() is each CPU's own part.
 *
 * Until the slots are there only what the loader mapped can be reached, which is the memory
 * below 4 GiB.  Every access of the boot through the linear window goes through
 * fm_linear_boot(), where the machine looks whether it is mapped.
 */
#ifndef FM_BOOT_H
#define FM_BOOT_H

#include <fm/bootpt.h>
#include <fm/kernel.h>
#include <fm/region.h>
#include <fm/types.h>

enum fm_boot_status {
  FM_BOOT_OK,
  FM_BOOT_BAD_MAP,        /* normalisation refused: see the region status */
  FM_BOOT_NO_PHYSICAL,    /* no region decides how many slots there are */
  FM_BOOT_NO_USABLE,      /* no usable memory for the early allocator */
  FM_BOOT_NO_ROOM_CPUS,   /* the early allocator has no room for per-CPU storage */
  FM_BOOT_NO_ROOM_TABLES, /* ... for page tables */
  FM_BOOT_NO_ROOM_META,   /* ... no contiguous room for the slots */
  FM_BOOT_NO_ROOM_ALLOC,  /* no room for the frame allocator's own state */
  FM_BOOT_NO_ROOM_KERNEL, /* the frame allocator has no memory for the kernel's page table */
  FM_BOOT_WINDOW,         /* more physical address space than the linear window has room for */
  FM_BOOT_MARK,           /* a frame that had to be marked was taken: a bug of ours */
};

/* What the boot is told, apart from the map. */
struct fm_boot_options {
  enum fm_top top;
  uint32_t cpus;
  enum fm_linear_map linear_map;
};

/* What a boot of a map needs and where it will put things. */
struct fm_boot_plan {
  uint64_t max_paddr; /* bytes */
  uint64_t nr_frames;
  uint64_t meta_size;    /* bytes, whole pages */
  uint64_t meta_start;   /* physical */
  uint64_t tables;       /* page tables that the boot page table takes */
  uint64_t fault;        /* physical: what will be reached before it is mapped; 0: nothing */
  struct fm_early early; /* after the boot's allocations, or up to the fault */
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

/* Pure; on failure *ret holds what was known so far, the rest 0.  A fault that the boot will
 * run into is no failure of the plan. */
FM_MUST_USE enum fm_boot_status fm_boot_plan(const struct fm_regions *regions,
                                             const struct fm_boot_options *options,
                                             struct fm_boot_plan *ret);

/* Goes on with the boot of the image whose loader has filled struct fm_boot_info at `image`,
 * from the stage that it has reached up to `until`, KERNEL_TABLE at most.  On success *ret is
 * the kernel state in it.  On failure the machine is half booted and good for nothing but
 * being looked at.  With allocator none, which has no frames to give, there is no kernel page
 * table, and the machine stays at ALLOCATOR. */
FM_MUST_USE enum fm_boot_status fm_boot(fm_paddr image, enum fm_boot_stage until,
                                        struct fm_kernel **ret);

/* This CPU goes over to the kernel's page table, if it has not yet, and leaves the boot page
 * table.  Once for each CPU; with the last one the stage is DONE. */
void fm_boot_cpu(struct fm_kernel *kernel);

/* Whether the boot took this frame of the early allocator for ever: storage of a CPU, slots, or
 * what was passed over before them.  Pure. */
bool fm_boot_keeps(const struct fm_kernel *kernel, fm_paddr frame);

/* "loaded", "early", ...: the stages in output. */
const char *fm_boot_stage_name(enum fm_boot_stage stage);

/* Writes the records of the built-in types into the image's vtable page; for the loader.
 * `records` has room for FM_META_TYPES_MAX.  Returns how many were written. */
uint32_t fm_boot_write_vtables(struct fm_vtable *records);

#ifdef __cplusplus
}
#endif

#endif
