/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/summary.h"

#include <fm/node.h>
#include <string.h>

#include "sim/internal.h"

/* ---- Frames ---- */

static void view_run(const struct fm_kernel *kernel, uint64_t nr, struct sim_frame_run *ret)
{
  const struct fm_slot *slot = fm_slot_at(fm_paddr_of(nr * FM_PAGE_SIZE));
  struct fm_slot_view view;

  fm_slot_view(kernel, slot, &view);
  memset(ret, 0, sizeof(*ret));
  ret->first = nr;
  ret->count = view.ref_count;
  ret->in_list = view.in_list;
  ret->type = view.vtable == NULL ? -1 : (int32_t)view.vtable->number;
  if (view.vtable != NULL && view.vtable->size != 0)
    memcpy(ret->meta, slot->storage, MIN(view.vtable->size, FM_META_MAX_SIZE));
}

static bool may_join(const struct sim_frame_run *a, const struct sim_frame_run *b)
{
  return a->count == b->count && a->in_list == b->in_list && a->type == b->type &&
         memcmp(a->meta, b->meta, sizeof(a->meta)) == 0;
}

/* How many slots from this one on are the same for sure: deferred, or unused. */
static uint64_t count_same(const struct fm_kernel *kernel, uint64_t nr, uint64_t count)
{
  struct fm_chunk_run run = fm_chunk_look(kernel, fm_paddr_of(nr * FM_PAGE_SIZE));
  uint64_t same = 1;
  if (run.state != FM_CHUNK_WRITTEN)
    return run.frames;
  while (count == FM_COUNT_UNUSED && same < run.frames) {
    const struct fm_slot *slot = fm_slot_at(fm_paddr_of((nr + same) * FM_PAGE_SIZE));
    if (__atomic_load_n(&slot->ref_count, __ATOMIC_RELAXED) != FM_COUNT_UNUSED ||
        __atomic_load_n(&slot->in_list, __ATOMIC_RELAXED) != 0)
      break;
    same++;
  }
  return same;
}

static void take_frames(const struct fm_kernel *kernel, GArray *runs)
{
  struct sim_frame_run current = {0};
  uint64_t step;

  for (uint64_t nr = 0; nr < kernel->nr_frames; nr += step) {
    struct sim_frame_run next;
    view_run(kernel, nr, &next);
    step = count_same(kernel, nr, next.in_list == 0 ? next.count : 0);
    if (current.frames != 0 && !may_join(&current, &next)) {
      g_array_append_val(runs, current);
      current.frames = 0;
    }
    if (current.frames == 0)
      current = next;
    current.frames += step;
  }
  if (current.frames != 0)
    g_array_append_val(runs, current);
}

/* ---- Page tables ---- */

struct walk {
  const struct fm_kernel *kernel;
  struct sim_translations *translations;
  bool is_kernel;
  GHashTable *seen; /* frame numbers + 1 of the tables that were looked at */
};

static void add_page(struct walk *walk, uint64_t va, uint64_t size, fm_pte pte)
{
  const uint64_t ignored = FM_PTE_ADDRESS | FM_PTE_LEAF | FM_PTE_ACCESSED | FM_PTE_DIRTY;
  struct sim_mapping mapping = {va, fm_pte_paddr(pte).raw, size, pte.raw & ~ignored};
  GArray *entries = walk->translations->entries;
  struct sim_mapping *last =
      entries->len == 0 ? NULL : &g_array_index(entries, struct sim_mapping, entries->len - 1);

  if (last != NULL && last->va + last->size == va && last->paddr + last->size == mapping.paddr &&
      last->flags == mapping.flags)
    last->size += size;
  else
    g_array_append_val(entries, mapping);
}

/* What the tables say is not trusted: only a page table of the right level is followed, and
 * each of them once. */
static bool enter_table(const struct walk *walk, fm_paddr node, uint32_t level)
{
  struct fm_slot_view view;
  if (!fm_is_page_aligned(node.raw) || node.raw >= walk->kernel->max_paddr)
    return false;
  fm_slot_view(walk->kernel, fm_slot_at(node), &view);
  return view.state == FM_STATE_SHARED && view.vtable != NULL &&
         view.vtable->number == FM_META_PAGE_TABLE && fm_node_meta(node)->level == level &&
         g_hash_table_add(walk->seen, GSIZE_TO_POINTER(fm_pfn_of_paddr(node).nr + 1));
}

static void walk_node(struct walk *walk, fm_paddr node, uint32_t level, uint64_t va)
{
  if (!enter_table(walk, node, level)) {
    walk->translations->cut = true;
    return;
  }
  bool is_root = level == FM_PT_LEVELS;
  const uint64_t *entries = (const uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + node.raw);
  uint32_t end = is_root && !walk->is_kernel ? FM_PT_ENTRIES / 2 : FM_PT_ENTRIES;
  for (uint32_t i = is_root && walk->is_kernel ? FM_PT_ENTRIES / 2 : 0; i < end; i++) {
    fm_pte pte = {__atomic_load_n(&entries[i], __ATOMIC_RELAXED)};
    uint64_t at = va + i * fm_pt_page_size(level);
    if (fm_pte_is_table(pte, level))
      walk_node(walk, fm_pte_paddr(pte), level - 1, at);
    else if (fm_pte_is_valid(pte))
      add_page(walk, at, fm_pt_page_size(level), pte);
  }
}

static void take_tables(const struct fm_kernel *kernel, uint64_t root, bool is_kernel,
                        struct sim_translations *ret)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
  struct walk walk = {kernel, ret, is_kernel, seen};
  ret->root = root;
  ret->boot = root == kernel->boot_root;
  ret->entries = g_array_new(FALSE, FALSE, sizeof(struct sim_mapping));
  if (root == 0 || ret->boot || (!is_kernel && root == kernel->kernel_root))
    return;
  /* Sign-extended: entry 0 of the kernel's root would be at 2^64 - 2^48. */
  walk_node(&walk, fm_paddr_of(root), FM_PT_LEVELS, is_kernel ? UINT64_MAX << 48 : 0);
}

/* ---- The allocator ---- */

static void take_free(const sim_machine *machine, sim_summary *summary)
{
  const struct fm_kernel *kernel = machine->kernel;
  summary->free_bytes = machine->ops->free_bytes(kernel);
  if (kernel->allocator != FM_ALLOCATOR_BUDDY || kernel->stage < FM_STAGE_ALLOCATOR)
    return;
  for (uint32_t order = 0; order < FM_GLOBAL_ORDERS; order++)
    summary->free_chunks[order] = kernel->buddy.lists[order].size;
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    const struct fm_buddy_local *local = &fm_kernel_cpu(kernel, id)->buddy;
    for (uint32_t order = 0; order < FM_LOCAL_ORDERS; order++)
      summary->free_chunks[order] += local->lists[order].size;
    for (uint32_t frames = 1; frames <= FM_CACHES; frames++)
      summary->cached_frames += local->caches[frames - 1].count * frames;
  }
}

/* ---- All of it ---- */

sim_summary *sim_summary_new(const sim_machine *machine)
{
  const struct fm_kernel *kernel = machine->kernel;
  sim_summary *summary = g_new0(sim_summary, 1);

  summary->info = *sim_machine_info(machine);
  summary->info.cpus = kernel->cpus;
  summary->stage = kernel->stage;
  summary->max_paddr = kernel->max_paddr;
  summary->meta_start = kernel->meta_start;
  summary->meta_size = kernel->meta_size;
  summary->next_list_id = kernel->next_list_id;
  summary->regions = kernel->regions;
  summary->nr_types = MIN(kernel->nr_vtables, FM_META_TYPES_MAX);
  for (uint32_t i = 0; i < summary->nr_types; i++)
    (void)g_strlcpy(summary->types[i], fm_kernel_vtable(kernel, i)->name, FM_META_NAME_SIZE);
  sim_machine_census(machine, &summary->census);
  take_free(machine, summary);
  summary->runs = g_array_new(FALSE, FALSE, sizeof(struct sim_frame_run));
  take_frames(kernel, summary->runs);
  take_tables(kernel, kernel->kernel_root, true, &summary->kernel);
  for (uint32_t id = 0; id < kernel->cpus; id++)
    take_tables(kernel, fm_kernel_cpu(kernel, id)->cr3, false, &summary->cpus[id]);
  return summary;
}

sim_summary *sim_summary_free(sim_summary *summary)
{
  if (summary == NULL)
    return NULL;
  g_clear_pointer(&summary->runs, g_array_unref);
  g_clear_pointer(&summary->kernel.entries, g_array_unref);
  for (unsigned id = 0; id < FM_CPUS_MAX; id++)
    g_clear_pointer(&summary->cpus[id].entries, g_array_unref);
  g_free(summary);
  return NULL;
}
