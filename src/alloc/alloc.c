/* SPDX-License-Identifier: MPL-2.0 */
/* What all allocators share: dispatch, counting of free bytes, the lock. */
#include "src/alloc/buddy.h"
#include "src/alloc/lock.h"

static const struct fm_allocator *const allocators[FM_ALLOCATORS] = {
    [FM_ALLOCATOR_NONE] = &fm_allocator_none,
    [FM_ALLOCATOR_BITMAP] = &fm_allocator_bitmap,
    [FM_ALLOCATOR_BUDDY] = &fm_allocator_buddy,
};

const char *fm_allocator_name(enum fm_allocator_kind kind)
{
  return allocators[kind]->name;
}

const struct fm_allocator *fm_allocator_of(const struct fm_kernel *kernel)
{
  return allocators[kernel->allocator];
}

bool fm_allocator_init(struct fm_kernel *kernel)
{
  return fm_allocator_of(kernel)->init(kernel);
}

/* Only this CPU writes its share, with interrupts masked or in its boot, so a load and a
 * store do what a read-modify-write would. */
static void count_free(uint64_t bytes)
{
  uint64_t *share = &fm_this_cpu()->free_bytes;
  /* free.load, relaxed: needs no partner; it reads what this CPU wrote. */
  uint64_t before = fm_load_relaxed(FM_SITE_FREE_LOAD, share);
  /* free.add, relaxed: needs no partner; the sum is a number to show, not one to decide by. */
  fm_store_relaxed(FM_SITE_FREE_ADD, share, before + bytes);
}

/* Whether the machine wants this allocation to fail. */
static bool must_fail(uint64_t size)
{
#ifdef FM_INSTRUMENTED
  return fm_hook_alloc(size);
#else
  (void)size;
  return false;
#endif
}

/* For those who follow what is handed out. */
static void tell(enum fm_memory_event event, fm_paddr start, uint64_t size)
{
#ifdef FM_INSTRUMENTED
  fm_hook_memory(event, start.raw, size);
#else
  (void)event;
  (void)start;
  (void)size;
#endif
}

bool fm_alloc(struct fm_kernel *kernel, uint64_t size, uint64_t align, fm_paddr *ret)
{
  if (must_fail(size)) {
    tell(FM_MEMORY_FAILED, fm_paddr_of(0), size);
    return false;
  }
  fm_port_irq_mask();
  bool found = kernel->allocator == FM_ALLOCATOR_BUDDY
                   ? fm__buddy_alloc(kernel, size, align, ret)
                   : fm_allocator_of(kernel)->alloc(kernel, size, align, ret);
  if (found)
    count_free(-size);
  fm_port_irq_unmask();
  tell(found ? FM_MEMORY_ALLOC : FM_MEMORY_FAILED, found ? *ret : fm_paddr_of(0), size);
  return found;
}

void fm_dealloc(struct fm_kernel *kernel, fm_paddr start, uint64_t size)
{
  if (kernel->allocator == FM_ALLOCATOR_NONE) {
    fm_dealloc_ignore(size / FM_PAGE_SIZE);
    return;
  }
  tell(FM_MEMORY_FREE, start, size);
  fm_port_irq_mask();
  if (kernel->allocator == FM_ALLOCATOR_BUDDY)
    fm__buddy_dealloc(kernel, start, size);
  else
    fm_allocator_of(kernel)->dealloc(kernel, start, size);
  count_free(size);
  fm_port_irq_unmask();
}

void fm_add_free_memory(struct fm_kernel *kernel, struct fm_range range)
{
  if (kernel->allocator == FM_ALLOCATOR_NONE)
    return;
  uint64_t kept = fm_allocator_of(kernel)->add_free_memory(kernel, range);
  count_free(fm_range_size(range) - kept);
}

bool fm_is_free(const struct fm_kernel *kernel, fm_paddr frame)
{
  return fm_allocator_of(kernel)->is_free(kernel, frame);
}

uint64_t fm_free_bytes(const struct fm_kernel *kernel)
{
  uint64_t sum = 0;
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    /* free.load, relaxed: needs no partner; see count_free(). */
    sum += fm_load_relaxed(FM_SITE_FREE_LOAD, &fm_kernel_cpu(kernel, id)->free_bytes);
  }
  return (int64_t)sum < 0 ? 0 : sum;
}

void fm_spin_lock(struct fm_spinlock *lock, enum fm_site site)
{
  fm__spin_lock(lock, site);
}

void fm_spin_unlock(struct fm_spinlock *lock, enum fm_site site)
{
  fm__spin_unlock(lock, site);
}
