/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the simulated kernel knows, as it lies in its image in RAM.
 *
 * The image starts with a boot-info page that a reader of a RAM file finds by its magic,
 * looking at every 2 MiB step below 2 GiB.  Layout, in bytes from the image's start:
 *
 *   0x0000  struct fm_boot_info           written by the loader
 *   0x1000  struct fm_vtable [64]         written by the loader, extended by registration
 *   0x2000  struct fm_region [512]        the firmware's map and what the loader added
 *   0x5000  struct fm_kernel              written by the kernel
 *   0xa000  struct fm_cpu_block           of CPU 0; other CPUs' blocks are early memory
 *   0xb000  the loader's 7 page tables    fm/bootpt.h
 *  0x12000  room for the allocator        up to the end of the image
 *
 * Every address in these structs is physical or a kernel address, never a process
 * address: the file is the same wherever the windows stand.
 */
#ifndef FM_KERNEL_H
#define FM_KERNEL_H

#include <fm/meta.h>
#include <fm/port.h>
#include <fm/region.h>
#include <fm/types.h>

#define FM_BOOT_MAGIC   UINT64_C(0x3130454d4152462e) /* ".FRAME01", little endian */
#define FM_BOOT_VERSION 2u

#define FM_IMAGE_VTABLES   UINT64_C(0x1000)
#define FM_IMAGE_REGIONS   UINT64_C(0x2000)
#define FM_IMAGE_KERNEL    UINT64_C(0x5000)
#define FM_IMAGE_CPU0      UINT64_C(0xa000)
#define FM_IMAGE_TABLES    UINT64_C(0xb000)
#define FM_IMAGE_ALLOCATOR UINT64_C(0x12000)
#define FM_IMAGE_MIN_SIZE  UINT64_C(0x100000)  /* bytes; 1 MiB */
#define FM_IMAGE_SIZE      UINT64_C(0x1000000) /* bytes; 16 MiB unless the user says otherwise */
#define FM_IMAGE_ALIGN     UINT64_C(0x200000)

/* The page in which other CPUs start; the boot code takes it out of usable memory. */
#define FM_AP_START_PAGE UINT64_C(0x8000)

#define FM_CPUS_MAX 64u

#define FM_SLOT_SIZE UINT64_C(64) /* bytes of metadata for each frame: fm/slot.h */

enum fm_top {
  FM_TOP_PHYSICAL, /* slots up to the highest physical region */
  FM_TOP_USABLE,   /* slots up to the highest usable region */
};

/* How the memory from 4 GiB on and the slots are mapped while the machine boots, and all
 * memory in the kernel's own table. */
enum fm_linear_map {
  FM_LINEAR_4K,      /* by pages of 4 KiB while booting; up to 2 MiB in the kernel's table */
  FM_LINEAR_LARGEST, /* by the largest pages that fit, up to 1 GiB */
};

enum fm_metadata_mode {
  FM_METADATA_EAGER,    /* every slot is written when the machine boots */
  FM_METADATA_DEFERRED, /* slots are written when they are first asked for: fm/chunk.h */
};

/* How far the boot has come. */
enum fm_boot_stage {
  FM_STAGE_LOADED,       /* the loader is done, no kernel code has run */
  FM_STAGE_EARLY,        /* map read, early allocator, storage of all CPUs */
  FM_STAGE_METADATA,     /* the slots exist and are mapped */
  FM_STAGE_ALLOCATOR,    /* the frame allocator has its memory */
  FM_STAGE_KERNEL_TABLE, /* the kernel's page table is active on the boot processor */
  FM_STAGE_DONE,         /* every CPU runs on it, the boot page table is dismissed */
  FM_STAGES,
};

enum fm_allocator_kind {
  FM_ALLOCATOR_NONE,
  FM_ALLOCATOR_BITMAP,
  FM_ALLOCATOR_BUDDY,
  FM_ALLOCATORS,
};

struct fm_boot_info {
  uint64_t magic;
  uint32_t version;
  uint32_t cpus;
  uint64_t image_base; /* physical */
  uint64_t image_size; /* bytes */
  uint32_t top;        /* enum fm_top */
  uint32_t allocator;  /* enum fm_allocator_kind */
  uint32_t regions;    /* how many, at FM_IMAGE_REGIONS */
  uint32_t vtables;    /* how many, at FM_IMAGE_VTABLES */
  uint64_t ram_size;   /* bytes; the size of the RAM file */
  uint32_t linear_map; /* enum fm_linear_map */
  uint32_t metadata;   /* enum fm_metadata_mode */
  uint64_t chunks;     /* deferred: where the chunk table is in the RAM file */
  uint64_t handles;    /* where the machine keeps who holds what; 0: nowhere */
};

/* A bump range of the early allocator: [start, next) is handed out, [next, end) is not. */
struct fm_early_range {
  uint64_t start;
  uint64_t next;
  uint64_t end;
};

struct fm_early {
  struct fm_early_range low;  /* below 4 GiB */
  struct fm_early_range high; /* from 4 GiB on */
};

struct fm_spinlock {
  uint64_t held; /* 0 or 1 */
};

/* State of the bitmap allocator; guarded by its lock. */
struct fm_bitmap {
  struct fm_spinlock lock;
  uint64_t words;     /* kernel address of the first word */
  uint64_t nr_bits;   /* frames covered, from frame 0 on */
  uint64_t hint;      /* no word below this index has a free bit */
  uint64_t own_start; /* physical: frames that hold the words, if they are not in the image */
  uint64_t own_size;  /* bytes, 0 if they are */
};

/* A list of unique frames: fm/list.h.  Starts zeroed. */
struct fm_list {
  uint64_t front; /* kernel address of a slot, or 0 */
  uint64_t back;
  uint64_t size; /* frames */
  uint64_t id;   /* 0: not drawn yet */
};

#define FM_GLOBAL_ORDERS 32u
#define FM_LOCAL_ORDERS  18u
#define FM_CACHES        4u  /* arrays of runs of 1, 2, 3 and 4 frames */
#define FM_CACHE_RUNS    12u /* most runs in one of them */

/* The buddy allocator's pool of all CPUs; guarded by its lock. */
struct fm_buddy_global {
  struct fm_spinlock lock;
  uint64_t size;           /* bytes in its chunks */
  uint64_t published_size; /* as of when the lock was last given back; atomic */
  struct fm_list lists[FM_GLOBAL_ORDERS];
};

struct fm_cache {
  uint64_t count;
  uint64_t runs[FM_CACHE_RUNS]; /* physical addresses */
};

/* The buddy allocator's part of one CPU's storage. */
struct fm_buddy_local {
  uint64_t size; /* bytes in the chunks of its pool, without the caches */
  struct fm_list lists[FM_LOCAL_ORDERS];
  struct fm_cache caches[FM_CACHES];
};

/* Storage of one CPU.  Written by that CPU only, so relaxed and uncontended. */
struct fm_cpu_block {
  uint32_t id;
  uint32_t reserved;
  uint64_t free_bytes;      /* two's complement: this CPU's share of the free bytes */
  uint64_t dealloc_ignored; /* frames that allocator "none" was given back */
  uint64_t cr3;             /* physical address of the active page table's root */
  struct fm_buddy_local buddy;
};

struct fm_kernel {
  /* Addresses below it have a slot that is written; sites boot.bound and slot.bound.  0 until
   * the slots exist, and for ever with deferred metadata: then fm_chunk_find() is asked. */
  uint64_t slot_bound;
  uint64_t max_paddr; /* bytes; 0 until the slots exist */
  uint64_t nr_frames; /* max_paddr / 4096: how many slots exist */
  uint64_t image_base;
  uint64_t image_size;
  uint64_t vtables; /* kernel address of the first record */
  uint32_t nr_vtables;
  uint32_t cpus;
  uint32_t stage;      /* enum fm_boot_stage */
  uint32_t top;        /* enum fm_top */
  uint32_t allocator;  /* enum fm_allocator_kind */
  uint32_t linear_map; /* enum fm_linear_map */
  uint64_t meta_start; /* physical address of the metadata pages */
  uint64_t meta_size;  /* bytes, whole pages */
  uint64_t meta_gap;   /* bytes before meta_start that the early allocator passed over */
  uint64_t chunks;     /* where the chunk table is in the RAM file; 0: every slot is written */
  uint64_t cpu_blocks; /* physical address of the array of n-1 addresses; 0 with one CPU */
  struct fm_early early;
  struct fm_bitmap bitmap;
  struct fm_buddy_global buddy;
  uint64_t next_list_id;  /* atomic; from 1 */
  uint64_t kernel_root;   /* physical address of the kernel's page table, or 0 */
  uint64_t boot_root;     /* of the boot page table, for ever in the image */
  uint64_t boot_left;     /* atomic: CPUs that are done with it */
  uint64_t grace_readers; /* atomic: who walks page tables without locks */
  struct fm_spinlock grace_lock;
  uint64_t grace_waiting;    /* physical address of the first node that waits, or 0 */
  struct fm_regions regions; /* normalised */
};

FM_STATIC_ASSERT(sizeof(struct fm_boot_info) <= FM_IMAGE_VTABLES, "boot info fits its page");
FM_STATIC_ASSERT(FM_IMAGE_REGIONS + FM_REGIONS_MAX * sizeof(struct fm_region) <= FM_IMAGE_KERNEL,
                 "the firmware map fits its place");
FM_STATIC_ASSERT(FM_IMAGE_KERNEL + sizeof(struct fm_kernel) <= FM_IMAGE_CPU0,
                 "the kernel state fits its place");
FM_STATIC_ASSERT(sizeof(struct fm_cpu_block) <= FM_PAGE_SIZE, "a CPU's storage is one page");

static inline struct fm_vtable *fm_kernel_vtable(const struct fm_kernel *kernel, uint32_t number)
{
  return (struct fm_vtable *)fm_image_ptr(
      fm_kaddr_of(kernel->vtables + number * sizeof(struct fm_vtable)));
}

/* This CPU's storage. */
static inline struct fm_cpu_block *fm_this_cpu(void)
{
  return fm_port_this_cpu.block;
}

#ifdef __cplusplus
extern "C" {
#endif

/* The storage of CPU `id`, which must be below kernel->cpus. */
struct fm_cpu_block *fm_kernel_cpu(const struct fm_kernel *kernel, uint32_t id);

const char *fm_allocator_name(enum fm_allocator_kind kind);

#ifdef __cplusplus
}
#endif

#endif
