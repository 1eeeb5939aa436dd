/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The allocator, made anew: it forgets all that it had, then what nobody holds is given to it
 * as by somebody who drops it, on CPU 0.
 */
#include <string.h>

#include "sim/audit/audit.h"
#include "sim/repair/internal.h"

static void forget_bits(const struct fm_kernel *kernel)
{
  const struct fm_bitmap *bitmap = &kernel->bitmap;
  if (bitmap->nr_bits != 0)
    memset(fm_kaddr_ptr(fm_kaddr_of(bitmap->words)), 0,
           (bitmap->nr_bits + 63) / 64 * sizeof(uint64_t));
}

void repair_forget_free(struct repair *repair)
{
  struct fm_kernel *kernel = repair->kernel;
  memset(&kernel->buddy, 0, sizeof(kernel->buddy));
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    struct fm_cpu_block *block = fm_kernel_cpu(kernel, id);
    memset(&block->buddy, 0, sizeof(block->buddy));
    sim_durable_store(&block->free_bytes, 0);
  }
  if (kernel->allocator == FM_ALLOCATOR_BITMAP) {
    forget_bits(kernel);
    sim_durable_store(&kernel->bitmap.hint, 0);
  }
}

/* ---- What nobody holds ---- */

typedef void (*each_fn)(const struct repair *repair, uint64_t start, uint64_t size, void *data);

static bool is_unheld(const struct repair *repair, uint64_t at, uint32_t *cursor)
{
  return repair->holders->held[at / FM_PAGE_SIZE] == 0 &&
         audit_boot_references(repair->kernel, fm_paddr_of(at), cursor) == 0;
}

/* Each stretch of a usable region. */
static void each_of_region(const struct repair *repair, const struct fm_region *region,
                           uint32_t *cursor, each_fn each, void *data)
{
  uint64_t end = MIN(fm_region_end(region), repair->kernel->max_paddr);
  uint64_t start = region->base;
  uint64_t step;
  for (uint64_t at = start; at < end; at += step) {
    struct fm_chunk_run run = fm_chunk_look(repair->kernel, fm_paddr_of(at));
    bool written = run.state == FM_CHUNK_WRITTEN;
    step = written ? FM_PAGE_SIZE : MIN(run.frames * FM_PAGE_SIZE, end - at);
    if (written ? is_unheld(repair, at, cursor) : run.state == FM_CHUNK_UNUSED)
      continue;
    if (at != start)
      each(repair, start, at - start, data);
    start = at + step;
  }
  if (start < end)
    each(repair, start, end - start, data);
}

static void each_unheld(const struct repair *repair, each_fn each, void *data)
{
  const struct fm_kernel *kernel = repair->kernel;
  uint32_t cursor = 0;
  if (kernel->allocator == FM_ALLOCATOR_NONE)
    return;
  for (uint32_t i = 0; i < kernel->regions.count; i++)
    if (kernel->regions.at[i].type == FM_REGION_USABLE &&
        kernel->regions.at[i].base < kernel->max_paddr)
      each_of_region(repair, &kernel->regions.at[i], &cursor, each, data);
}

static void add_bytes(const struct repair *repair, uint64_t start, uint64_t size, void *data)
{
  uint64_t *sum = data;
  (void)repair;
  (void)start;
  *sum += size;
}

uint64_t repair_unheld_bytes(const struct repair *repair)
{
  uint64_t sum = 0;
  each_unheld(repair, add_bytes, &sum);
  return sum;
}

static void give(const struct repair *repair, uint64_t start, uint64_t size, void *data)
{
  (void)data;
  repair->machine->ops->dealloc(repair->kernel, fm_paddr_of(start), size);
  if (sim_durable_watch != NULL)
    sim_durable_watch();
}

void repair_give_free(struct repair *repair)
{
  sim_cpu_enter(repair->machine, 0);
  each_unheld(repair, give, NULL);
}
