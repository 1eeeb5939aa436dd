/* SPDX-License-Identifier: MPL-2.0 */
#include <fm/region.h>

static const char *const type_names[FM_REGION_TYPES] = {
    [FM_REGION_BAD_MEMORY] = "bad-memory",
    [FM_REGION_UNKNOWN] = "unknown",
    [FM_REGION_NONVOLATILE_SLEEP] = "nonvolatile-sleep",
    [FM_REGION_RESERVED] = "reserved",
    [FM_REGION_KERNEL] = "kernel",
    [FM_REGION_MODULE] = "module",
    [FM_REGION_FRAMEBUFFER] = "framebuffer",
    [FM_REGION_RECLAIMABLE] = "reclaimable",
    [FM_REGION_USABLE] = "usable",
};

/* There is no libc down here. */
static bool is_same_text(const char *left, const char *right)
{
  while (*left != '\0' && *left == *right) {
    left++;
    right++;
  }
  return *left == *right;
}

const char *fm_region_type_name(enum fm_region_type type)
{
  return (uint32_t)type < FM_REGION_TYPES ? type_names[type] : NULL;
}

enum fm_region_type fm_region_type_by_name(const char *name)
{
  for (uint32_t type = 0; type < FM_REGION_TYPES; type++) {
    if (is_same_text(type_names[type], name))
      return (enum fm_region_type)type;
  }
  return FM_REGION_TYPES;
}

/* Whole pages of a usable region.  Without a whole page the start comes out at or above
 * the end, which is meant: it covers nothing, and its start is still a boundary. */
static struct fm_range inner_pages(const struct fm_region *region)
{
  return fm_range_of(fm_page_up(region->base), fm_page_down(fm_region_end(region)));
}

/* Every page that a region touches.  With no bytes but an unaligned base that is the
 * page around the base. */
static struct fm_range outer_pages(const struct fm_region *region)
{
  return fm_range_of(fm_page_down(region->base), fm_page_up(fm_region_end(region)));
}

static struct fm_range pages_of(const struct fm_region *region)
{
  return region->type == FM_REGION_USABLE ? inner_pages(region) : outer_pages(region);
}

/* Can the end, and what pages_of() rounds up, be written in 64 bits? */
static bool is_within_64_bits(const struct fm_region *region)
{
  const uint64_t last_page = ~FM_PAGE_MASK;

  if (region->size > UINT64_MAX - region->base)
    return false;
  if (region->type == FM_REGION_USABLE)
    return region->base <= last_page;
  return fm_region_end(region) <= last_page;
}

static uint64_t limit_of(const struct fm_region *regions, size_t count)
{
  uint64_t highest = 0;

  for (size_t i = 0; i < count; i++) {
    if (fm_region_end(&regions[i]) > highest)
      highest = fm_region_end(&regions[i]);
  }
  return fm_page_down(highest);
}

/* The least usable type that covers the page at `at`. */
static uint32_t type_at(const struct fm_region *regions, size_t count, uint64_t at)
{
  uint32_t least = FM_REGION_TYPES;

  for (size_t i = 0; i < count; i++) {
    if (regions[i].type < least && fm_range_has(pages_of(&regions[i]), fm_paddr_of(at)))
      least = regions[i].type;
  }
  return least == FM_REGION_TYPES ? (uint32_t)FM_REGION_UNKNOWN : least;
}

/*
 * The nearest start or end of a region above `at`.  Below the limit there always is one:
 * the region that sets the limit either starts above `at`, or reaches the limit when it
 * is rounded.
 */
static uint64_t next_boundary(const struct fm_region *regions, size_t count, uint64_t at)
{
  uint64_t next = UINT64_MAX;

  for (size_t i = 0; i < count; i++) {
    struct fm_range pages = pages_of(&regions[i]);
    uint64_t edge = pages.start.raw > at ? pages.start.raw : pages.end.raw;
    if (edge > at && edge < next)
      next = edge;
  }
  return next;
}

static enum fm_region_status check_input(const struct fm_region *regions, size_t count)
{
  if (count == 0)
    return FM_REGION_EMPTY;
  if (count > FM_REGIONS_MAX)
    return FM_REGION_TOO_MANY;
  for (size_t i = 0; i < count; i++) {
    if (!is_within_64_bits(&regions[i]))
      return FM_REGION_PAST_END;
  }
  return FM_REGION_OK;
}

/* Appends [start, end), which follows the last one, or lengthens that. */
static void append(struct fm_regions *set, uint64_t start, uint64_t end, uint32_t type)
{
  struct fm_region *last = set->count > 0 ? &set->at[set->count - 1] : NULL;

  if (last != NULL && last->type == type) {
    last->size = end - last->base;
    return;
  }
  struct fm_region *next = &set->at[set->count++];
  next->base = start;
  next->size = end - start;
  next->type = type;
}

/* Two sweeps, because the answer may be written only once it is known to fit, and a copy
 * of it is too large for a kernel stack. */
enum fm_region_status fm_regions_normalise(const struct fm_region *regions, size_t count,
                                           struct fm_regions *ret)
{
  enum fm_region_status status = check_input(regions, count);
  if (status != FM_REGION_OK)
    return status;

  const uint64_t limit = limit_of(regions, count);
  uint32_t pieces = 0;
  for (uint64_t at = 0; at < limit; at = next_boundary(regions, count, at)) {
    if (++pieces > FM_REGIONS_MAX)
      return FM_REGION_TOO_MANY_PIECES;
  }

  __builtin_memset(ret, 0, sizeof(*ret));
  for (uint64_t at = 0; at < limit;) {
    uint64_t end = next_boundary(regions, count, at);
    append(ret, at, end, type_at(regions, count, at));
    at = end;
  }
  return FM_REGION_OK;
}
