/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Memory regions: what the firmware and the boot loader say about physical memory,
 * and its normalisation into a sorted, gap-free, non-overlapping, page-aligned list.
 *
 * All functions are pure: they touch only what they are given, any thread may call
 * them.  Bytes everywhere; ranges are half open.
 *
 * Left out on purpose: reading firmware formats (sim/bootmap does that) and deciding
 * where the kernel image goes (the boot loader does that).
 */
#ifndef FM_REGION_H
#define FM_REGION_H

#include <fm/types.h>

/* At most this many regions go in, and at most this many intervals come out before
 * neighbours of one type are merged (holes included). */
#define FM_REGIONS_MAX 512u

/* Least usable first: where regions overlap, the smallest number wins. */
enum fm_region_type {
  FM_REGION_BAD_MEMORY,
  FM_REGION_UNKNOWN,
  FM_REGION_NONVOLATILE_SLEEP,
  FM_REGION_RESERVED,
  FM_REGION_KERNEL,
  FM_REGION_MODULE,
  FM_REGION_FRAMEBUFFER,
  FM_REGION_RECLAIMABLE,
  FM_REGION_USABLE,
  FM_REGION_TYPES, /* how many there are; also "no such type" */
};

/* As stored in the kernel image: 24 bytes, no pointers. */
struct fm_region {
  uint64_t base; /* physical address, bytes */
  uint64_t size; /* bytes */
  uint32_t type; /* enum fm_region_type */
  uint32_t reserved;
};

FM_STATIC_ASSERT(sizeof(struct fm_region) == 24, "regions are stored in simulated RAM");

struct fm_regions {
  uint32_t count;
  uint32_t reserved;
  struct fm_region at[FM_REGIONS_MAX];
};

enum fm_region_status {
  FM_REGION_OK,
  FM_REGION_EMPTY,           /* no region at all */
  FM_REGION_TOO_MANY,        /* more than FM_REGIONS_MAX regions */
  FM_REGION_TOO_MANY_PIECES, /* more than FM_REGIONS_MAX intervals before merging */
  FM_REGION_PAST_END,        /* a region whose end, rounded to a page, passes 2^64 */
};

static inline uint64_t fm_region_end(const struct fm_region *region)
{
  return region->base + region->size;
}

/* Memory that is really there, whoever may use it: it decides how many slots exist. */
static inline bool fm_region_is_physical(enum fm_region_type type)
{
  return type == FM_REGION_USABLE || type == FM_REGION_RECLAIMABLE || type == FM_REGION_MODULE ||
         type == FM_REGION_KERNEL || type == FM_REGION_NONVOLATILE_SLEEP;
}

#ifdef __cplusplus
extern "C" {
#endif

/* "usable", "reserved", ...: the name in every output; NULL for no such type. */
const char *fm_region_type_name(enum fm_region_type type);

/* The type of that name, or FM_REGION_TYPES. */
enum fm_region_type fm_region_type_by_name(const char *name);

/*
 * Normalises `count` regions into *ret, which is untouched unless FM_REGION_OK comes
 * back.
 *
 * The limit is the highest end of all regions as given, rounded down to a page.  Then
 * usable regions are shrunk to whole pages and all others grown to whole pages.  The
 * sweep starts at 0 and runs while it is below the limit: each interval reaches to the
 * next region boundary (it is not clipped at the limit), and takes the least usable
 * type that covers it, "unknown" where none does.  Neighbours of one type are merged.
 * A usable region without a whole page covers nothing, but its rounded-up start still
 * is a boundary.
 */
FM_MUST_USE enum fm_region_status fm_regions_normalise(const struct fm_region *regions,
                                                       size_t count, struct fm_regions *ret);

#ifdef __cplusplus
}
#endif

#endif
