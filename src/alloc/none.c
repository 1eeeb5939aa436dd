/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Allocator "none": gives frames to nobody.  For scripts that claim frames by address:
 * there is no free list that could hold a frame which somebody claimed.  What comes back
 * is counted by fm_dealloc() and otherwise ignored.
 */
#include <fm/alloc.h>

static bool none_init(struct fm_kernel *kernel)
{
  (void)kernel;
  return true;
}

static bool none_alloc(struct fm_kernel *kernel, uint64_t size, uint64_t align, fm_paddr *ret)
{
  (void)kernel;
  (void)size;
  (void)align;
  (void)ret;
  return false;
}

static void none_dealloc(struct fm_kernel *kernel, fm_paddr start, uint64_t size)
{
  (void)kernel;
  (void)start;
  (void)size;
}

static uint64_t none_add_free_memory(struct fm_kernel *kernel, struct fm_range range)
{
  (void)kernel;
  return fm_range_size(range);
}

static bool none_is_free(const struct fm_kernel *kernel, fm_paddr frame)
{
  (void)kernel;
  (void)frame;
  return false;
}

const struct fm_allocator fm_allocator_none = {
    .name = "none",
    .init = none_init,
    .alloc = none_alloc,
    .dealloc = none_dealloc,
    .add_free_memory = none_add_free_memory,
    .is_free = none_is_free,
};
