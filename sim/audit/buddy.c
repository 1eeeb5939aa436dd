/* SPDX-License-Identifier: MPL-2.0 */
/* The buddy allocator: chunks, pools, caches. */
#include "sim/audit/audit.h"

#define GLOBAL "the global pool"

/* ---- Pools ---- */

/* The lists of a pool; returns the bytes in them.  *ret_broken is set if some cannot be
 * reached: then sums say nothing. */
static uint64_t audit_pool(struct audit *audit, const struct fm_list *lists, uint32_t orders,
                           const uint64_t *size, const char *owner, bool *ret_broken)
{
  uint64_t sum = 0;
  bool broken = false;
  for (uint32_t order = 0; order < orders; order++) {
    struct audit_list list = audit_free_list(audit, &lists[order], order, owner);
    sum += list.frames * (FM_PAGE_SIZE << order);
    broken = broken || list.broken;
  }
  if (!broken && *size != sum)
    audit_note(audit, audit_home(size), SIM_AUDIT_POOL_SIZE, *size, sum, "%s", owner);
  *ret_broken = *ret_broken || broken;
  return sum;
}

/* ---- Caches ---- */

static void audit_run(struct audit *audit, const struct fm_cache *cache, uint64_t start,
                      uint32_t frames, uint32_t cpu)
{
  uint64_t size = frames * FM_PAGE_SIZE;
  if (!fm_is_page_aligned(start) || start > UINT64_MAX - size ||
      !audit_is_usable(audit, start, start + size)) {
    audit_note(audit, audit_home(cache), SIM_AUDIT_CACHE_RUN, start, 0, "runs of %u of CPU %u",
               frames, cpu);
    return;
  }
  struct audit_chunk chunk = {start / FM_PAGE_SIZE, frames, false, true};
  g_array_append_val(audit->chunks, chunk);
}

/* Returns the bytes in a CPU's caches. */
static uint64_t audit_caches(struct audit *audit, const struct fm_buddy_local *local, uint32_t cpu)
{
  uint64_t sum = 0;
  for (uint32_t frames = 1; frames <= FM_CACHES; frames++) {
    const struct fm_cache *cache = &local->caches[frames - 1];
    uint64_t room = frames == 1 ? FM_CACHE_RUNS : FM_CACHE_RUNS / 2;
    uint64_t count = cache->count;
    if (count > room)
      audit_note(audit, audit_home(cache), SIM_AUDIT_CACHE_COUNT, count, room,
                 "runs of %u of CPU %u", frames, cpu);
    for (uint64_t i = 0; i < MIN(count, room); i++)
      audit_run(audit, cache, cache->runs[i], frames, cpu);
    sum += MIN(count, room) * frames * FM_PAGE_SIZE;
  }
  return sum;
}

/* ---- Chunks ---- */

static gint by_start(gconstpointer left, gconstpointer right)
{
  const struct audit_chunk *a = left;
  const struct audit_chunk *b = right;
  if (a->start != b->start)
    return a->start < b->start ? -1 : 1;
  if (a->frames != b->frames)
    return a->frames < b->frames ? -1 : 1;
  return (int)a->is_run - (int)b->is_run;
}

static void audit_chunk(struct audit *audit, const struct audit_chunk *chunk)
{
  uint64_t start = chunk->start * FM_PAGE_SIZE;
  uint64_t size = chunk->frames * FM_PAGE_SIZE;
  if (chunk->start % chunk->frames != 0)
    audit_note(audit, fm_paddr_of(start), SIM_AUDIT_CHUNK_ALIGNED, start, start & ~(size - 1),
               "%u frames", chunk->frames);
  if (!audit_is_usable(audit, start, start + size))
    audit_note(audit, fm_paddr_of(start), SIM_AUDIT_CHUNK_MEMORY, start + size, 0, "%u frames",
               chunk->frames);
}

static void note_overlap(struct audit *audit, const struct audit_chunk *before,
                         const struct audit_chunk *chunk)
{
  audit_note(audit, fm_paddr_of(chunk->start * FM_PAGE_SIZE),
             chunk->is_run || before->is_run ? SIM_AUDIT_CACHE_DISJOINT : SIM_AUDIT_CHUNK_DISJOINT,
             chunk->start * FM_PAGE_SIZE, (before->start + before->frames) * FM_PAGE_SIZE,
             "%u frames", chunk->frames);
}

/* Looks at each, and leaves them apart from each other: one that reaches into the next is cut
 * off there, and of two that begin together one is left. */
static void audit_chunks(struct audit *audit)
{
  struct audit_chunk *chunks = (struct audit_chunk *)(void *)audit->chunks->data;
  guint kept = 0;

  g_array_sort(audit->chunks, by_start);
  for (guint i = 0; i < audit->chunks->len; i++) {
    struct audit_chunk chunk = chunks[i];
    if (!chunk.is_run)
      audit_chunk(audit, &chunk);
    struct audit_chunk *before = kept != 0 ? &chunks[kept - 1] : NULL;
    if (before == NULL || before->start + before->frames <= chunk.start) {
      chunks[kept++] = chunk;
      continue;
    }
    note_overlap(audit, before, &chunk);
    if (before->start == chunk.start) {
      before->frames = MAX(before->frames, chunk.frames);
      before->is_head = before->is_head || chunk.is_head;
    } else {
      before->frames = (uint32_t)(chunk.start - before->start);
      chunks[kept++] = chunk;
    }
  }
  g_array_set_size(audit->chunks, kept);
}

/* ---- Ids ---- */

static void audit_ids(struct audit *audit)
{
  g_array_sort(audit->ids, audit_by_number);
  for (guint i = 1; i < audit->ids->len; i++) {
    uint64_t id = g_array_index(audit->ids, uint64_t, i);
    if (id == g_array_index(audit->ids, uint64_t, i - 1))
      audit_note(audit, audit_home(&audit->kernel->buddy), SIM_AUDIT_LIST_UNIQUE_ID, id, 0, "%s",
                 "two lists");
  }
}

uint64_t audit_counted_free(const struct audit *audit)
{
  uint64_t sum = 0;
  for (uint32_t id = 0; id < audit->kernel->cpus; id++)
    sum += fm_kernel_cpu(audit->kernel, id)->free_bytes;
  return sum;
}

void audit_buddy(struct audit *audit)
{
  const struct fm_buddy_global *global = &audit->kernel->buddy;
  bool broken = false;
  uint64_t sum = audit_pool(audit, global->lists, FM_GLOBAL_ORDERS, &global->size, GLOBAL, &broken);

  if (global->published_size != global->size)
    audit_note(audit, audit_home(global), SIM_AUDIT_POOL_PUBLISHED, global->published_size,
               global->size, "%s", GLOBAL);
  if (global->lock.held != 0)
    audit_note(audit, audit_home(global), SIM_AUDIT_LOCK_HELD, global->lock.held, 0, "%s", GLOBAL);
  for (uint32_t id = 0; id < audit->kernel->cpus; id++) {
    const struct fm_buddy_local *local = &fm_kernel_cpu(audit->kernel, id)->buddy;
    char owner[16];
    (void)g_snprintf(owner, sizeof(owner), "CPU %u", id);
    sum += audit_pool(audit, local->lists, FM_LOCAL_ORDERS, &local->size, owner, &broken);
    sum += audit_caches(audit, local, id);
  }
  audit_chunks(audit);
  audit_ids(audit);
  if (!broken && audit_counted_free(audit) != sum)
    audit_note(audit, audit_home(fm_kernel_cpu(audit->kernel, 0)), SIM_AUDIT_FREE_BYTES,
               audit_counted_free(audit), sum, "%s", "all CPUs");
}
