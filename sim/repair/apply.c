/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Makes the file say what was counted.
 *
 * Lists: all frames get the list's mark before any link is written, so that a repair that dies
 * in between finds them again by their marks.
 */
#include <fm/node.h>
#include <string.h>

#include "sim/audit/audit.h"
#include "sim/repair/internal.h"

/* ---- Locks ---- */

static void release(struct repair *repair, uint64_t *lock)
{
  repair->result.locks += repair_put(lock, 0);
}

static void release_locks(struct repair *repair)
{
  struct fm_kernel *kernel = repair->kernel;
  release(repair, &kernel->bitmap.lock.held);
  release(repair, &kernel->buddy.lock.held);
  release(repair, &kernel->grace_readers);
  (void)repair_put(&kernel->grace_waiting, 0); /* who waits there is in no tree */
}

/* ---- Page tables ---- */

static uint32_t count_valid(uint64_t node, bool is_kernel, uint32_t level)
{
  bool is_root = level == FM_PT_LEVELS;
  uint32_t end = is_root && !is_kernel ? FM_PT_ENTRIES / 2 : FM_PT_ENTRIES;
  uint32_t valid = 0;
  for (uint32_t i = is_root && is_kernel ? FM_PT_ENTRIES / 2 : 0; i < end; i++) {
    fm_pte pte = {sim_durable_load(repair_entry_of(node, i))};
    valid += fm_pte_is_valid(pte);
  }
  return valid;
}

static void mend_node(struct repair *repair, uint64_t node)
{
  struct fm_page_table_meta *meta = fm_node_meta(fm_paddr_of(node));
  struct fm_page_table_meta right = *meta;
  right.nr_children = (uint16_t)count_valid(node, meta->is_kernel != 0, meta->level);
  right.stray = 0;
  right.lock = 0;
  right.next = 0;
  if (memcmp(meta, &right, sizeof(right)) == 0)
    return;
  repair->result.nodes++;
  *meta = right;
  if (sim_durable_watch != NULL)
    sim_durable_watch();
}

/* ---- Lists ---- */

static uint64_t link_to(const GArray *frames, guint index)
{
  return index < frames->len ? FM_META_BASE + g_array_index(frames, uint64_t, index) * FM_SLOT_SIZE
                             : 0;
}

static void mend_list(struct repair *repair, const struct repair_list *list)
{
  struct fm_list *head = &list->entry->list;
  const GArray *frames = list->frames;
  bool changed = false;
  if (frames->len != 0 && head->id == 0) {
    sim_durable_store(&repair->kernel->next_list_id, repair->kernel->next_list_id + 1);
    changed |= repair_put(&head->id, repair->kernel->next_list_id - 1);
  }
  for (guint i = 0; i < frames->len; i++)
    changed |= repair_put(
        &fm_slot_at(fm_paddr_of(g_array_index(frames, uint64_t, i) * FM_PAGE_SIZE))->in_list,
        head->id);
  for (guint i = 0; i < frames->len; i++) {
    struct fm_slot *slot =
        fm_slot_at(fm_paddr_of(g_array_index(frames, uint64_t, i) * FM_PAGE_SIZE));
    struct fm_link_meta *meta = (struct fm_link_meta *)(void *)slot->storage;
    changed |= repair_put(&meta->prev, i == 0 ? 0 : link_to(frames, i - 1));
    changed |= repair_put(&meta->next, link_to(frames, i + 1));
  }
  changed |= repair_put(&head->front, link_to(frames, 0));
  changed |= repair_put(&head->back, frames->len == 0 ? 0 : link_to(frames, frames->len - 1));
  changed |= repair_put(&head->size, frames->len);
  repair->result.lists += changed;
}

/* ---- Deferred slots ---- */

static uint32_t type_of_region(const struct fm_kernel *kernel, uint64_t paddr)
{
  static const uint32_t types[FM_REGION_TYPES] = {
      [FM_REGION_BAD_MEMORY] = FM_META_UNUSABLE,
      [FM_REGION_UNKNOWN] = FM_META_RESERVED,
      [FM_REGION_NONVOLATILE_SLEEP] = FM_META_UNUSABLE,
      [FM_REGION_RESERVED] = FM_META_RESERVED,
      [FM_REGION_KERNEL] = FM_META_KERNEL,
      [FM_REGION_MODULE] = FM_META_UNUSABLE,
      [FM_REGION_FRAMEBUFFER] = FM_META_RESERVED,
      [FM_REGION_RECLAIMABLE] = FM_META_UNUSABLE,
      [FM_REGION_USABLE] = FM_META_EARLY,
  };
  if (paddr >= kernel->meta_start && paddr - kernel->meta_start < kernel->meta_size)
    return FM_META_META_PAGE;
  for (uint32_t i = 0; i < kernel->regions.count; i++)
    if (paddr < fm_region_end(&kernel->regions.at[i]))
      return types[kernel->regions.at[i].type];
  return FM_META_RESERVED;
}

/* A page of slots that was being written: those that are zero yet say what the boot left. */
static void write_page(struct repair *repair, uint64_t page, uint32_t *region)
{
  const struct fm_kernel *kernel = repair->kernel;
  uint64_t first = page * FM_CHUNK_PAGE;
  for (uint64_t nr = first; nr < MIN(first + FM_CHUNK_PAGE, kernel->nr_frames); nr++) {
    struct fm_slot *slot = fm_slot_at(fm_paddr_of(nr * FM_PAGE_SIZE));
    fm_paddr frame = fm_paddr_of(nr * FM_PAGE_SIZE);
    bool marked = audit_boot_references(kernel, frame, region) != 0;
    if (marked && slot->vtable_ptr == 0)
      sim_durable_store(&slot->vtable_ptr, kernel->vtables + type_of_region(kernel, frame.raw) *
                                                                 sizeof(struct fm_vtable));
    if (slot->ref_count == FM_COUNT_BUSY)
      sim_durable_store(&slot->ref_count, marked ? 1 : FM_COUNT_UNUSED);
  }
}

static void write_pages(struct repair *repair)
{
  const struct fm_kernel *kernel = repair->kernel;
  uint32_t region = 0;
  if (kernel->chunks == 0)
    return;
  uint8_t *pages =
      (uint8_t *)(uintptr_t)(FM_LINEAR_WINDOW + kernel->chunks) + fm_chunk_count(kernel->nr_frames);
  for (uint64_t page = 0; page * FM_CHUNK_PAGE < kernel->nr_frames; page++) {
    if (pages[page] != FM_CHUNK_BUSY)
      continue;
    fm_paddr frame = fm_paddr_of(page * FM_CHUNK_PAGE * FM_PAGE_SIZE);
    bool begun = fm_chunk_look(kernel, frame).state == FM_CHUNK_WRITTEN;
    if (begun)
      write_page(repair, page, &region);
    repair->result.pages++;
    /* Release: pairs with the acquire of chunk.load in fm_chunk_reach(). */
    __atomic_store_n(&pages[page], begun ? (uint8_t)FM_CHUNK_WRITTEN : (uint8_t)FM_CHUNK_AS_SAID,
                     __ATOMIC_RELEASE);
  }
}

/* ---- Slots ---- */

static void mend_slot(struct repair *repair, uint64_t nr, uint64_t boot)
{
  struct fm_slot *slot = fm_slot_at(fm_paddr_of(nr * FM_PAGE_SIZE));
  uint32_t held = repair->holders->held[nr];
  uint64_t count = (held & HELD_COUNT) + boot;
  if (count == 0) {
    bool freed =
        slot->ref_count != FM_COUNT_UNUSED &&
        slot->vtable_ptr != repair->kernel->vtables + FM_META_FREE_HEAD * sizeof(struct fm_vtable);
    (void)repair_put(&slot->in_list, 0);
    (void)repair_put(&slot->ref_count, FM_COUNT_UNUSED);
    repair->result.frames_freed += freed;
    return;
  }
  if ((held & HELD_LISTED) == 0)
    (void)repair_put(&slot->in_list, 0);
  repair->result.counts +=
      repair_put(&slot->ref_count, (held & HELD_UNIQUE) != 0 ? FM_COUNT_UNIQUE : count);
}

static void mend_slots(struct repair *repair)
{
  const struct fm_kernel *kernel = repair->kernel;
  uint32_t region = 0;
  uint64_t step;
  for (uint64_t nr = 0; nr < kernel->nr_frames; nr += step) {
    fm_paddr frame = fm_paddr_of(nr * FM_PAGE_SIZE);
    struct fm_chunk_run run = fm_chunk_look(kernel, frame);
    step = run.state == FM_CHUNK_WRITTEN ? 1 : run.frames;
    if (run.state == FM_CHUNK_WRITTEN)
      mend_slot(repair, nr, audit_boot_references(kernel, frame, &region));
  }
}

void repair_apply(struct repair *repair)
{
  const sim_holders *holders = repair->holders;
  release_locks(repair);
  for (guint i = 0; i < holders->nodes->len; i++)
    mend_node(repair, g_array_index(holders->nodes, uint64_t, i));
  for (guint i = 0; i < holders->lists->len; i++)
    mend_list(repair, holders->lists->pdata[i]);
  write_pages(repair);
  mend_slots(repair);
}
