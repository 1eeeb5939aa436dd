/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Allocator "buddy": the kernel's default.  Its free lists lie inside the metadata, so it
 * needs no memory of its own.  One CPU's sequence of addresses follows from its rules; with
 * several CPUs the rules are the same, but there is no reference to compare with.
 */
#include "src/alloc/buddy.h"

static bool buddy_init(struct fm_kernel *kernel)
{
  __builtin_memset(&kernel->buddy, 0, sizeof(kernel->buddy));
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    struct fm_buddy_local *local = &fm_kernel_cpu(kernel, id)->buddy;
    __builtin_memset(local, 0, sizeof(*local));
  }
  return true;
}

static bool buddy_alloc(struct fm_kernel *kernel, uint64_t size, uint64_t align, fm_paddr *ret)
{
  return fm__buddy_alloc(kernel, size, align, ret);
}

static void buddy_dealloc(struct fm_kernel *kernel, fm_paddr start, uint64_t size)
{
  fm__buddy_dealloc(kernel, start, size);
}

static uint64_t buddy_add_free_memory(struct fm_kernel *kernel, struct fm_range range)
{
  fm__pool_add(kernel, range);
  return 0;
}

/* In a chunk: some aligned head below has a free chunk that reaches here. */
static bool in_a_chunk(const struct fm_kernel *kernel, fm_paddr frame)
{
  for (uint32_t order = 0; order < FM_GLOBAL_ORDERS; order++) {
    fm_paddr start = fm_paddr_of(frame.raw & ~(fm__order_bytes(order) - 1));
    const struct fm_slot *head = fm_slot_at(start);
    const struct fm_free_head_meta *meta =
        (const struct fm_free_head_meta *)(const void *)head->storage;
    if (head->ref_count == FM_COUNT_UNIQUE && head->in_list != 0 &&
        head->vtable_ptr == kernel->vtables + FM_META_FREE_HEAD * sizeof(struct fm_vtable) &&
        meta->order >= order)
      return true;
  }
  return false;
}

static bool in_a_cache(const struct fm_kernel *kernel, fm_paddr frame)
{
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    const struct fm_buddy_local *local = &fm_kernel_cpu(kernel, id)->buddy;
    for (uint32_t frames = 1; frames <= FM_CACHES; frames++)
      for (uint32_t i = 0; i < local->caches[frames - 1].count && i < FM_CACHE_RUNS; i++)
        if (frame.raw - local->caches[frames - 1].runs[i] < frames * FM_PAGE_SIZE)
          return true;
  }
  return false;
}

static bool buddy_is_free(const struct fm_kernel *kernel, fm_paddr frame)
{
  return in_a_chunk(kernel, frame) || in_a_cache(kernel, frame);
}

const struct fm_allocator fm_allocator_buddy = {
    .name = "buddy",
    .init = buddy_init,
    .alloc = buddy_alloc,
    .dealloc = buddy_dealloc,
    .add_free_memory = buddy_add_free_memory,
    .is_free = buddy_is_free,
};
