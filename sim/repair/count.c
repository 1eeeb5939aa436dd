/* SPDX-License-Identifier: MPL-2.0 */
/* Who holds what.  Reads only. */
#include <fm/node.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/repair/internal.h"

#define HALF (FM_PT_ENTRIES / 2)

struct fm_slot *repair_slot(const struct fm_kernel *kernel, uint64_t paddr)
{
  if (!fm_is_page_aligned(paddr) || paddr >= kernel->max_paddr ||
      (kernel->chunks != 0 && fm_chunk_look(kernel, fm_paddr_of(paddr)).state != FM_CHUNK_WRITTEN))
    return NULL;
  return fm_slot_at(fm_paddr_of(paddr));
}

/* ---- Frames ---- */

static void hold(sim_holders *holders, uint64_t paddr, bool unique)
{
  uint32_t *held = &holders->held[paddr / FM_PAGE_SIZE];
  if (repair_slot(holders->kernel, paddr) == NULL || (*held & HELD_UNIQUE) != 0 ||
      (unique && *held != 0)) {
    holders->conflicts++;
    return;
  }
  *held = unique ? HELD_UNIQUE | 1 : *held + 1;
}

static bool is_unique(enum sim_entry_kind kind)
{
  return kind == SIM_ENTRY_UNIQUE || kind == SIM_ENTRY_RAW_UNIQUE;
}

/* ---- Lists ---- */

bool repair_follow(const struct fm_kernel *kernel, uint64_t link, uint64_t *ret_paddr)
{
  uint64_t offset = link - FM_META_BASE;
  if (link < FM_META_BASE || offset % FM_SLOT_SIZE != 0 ||
      offset / FM_SLOT_SIZE >= kernel->nr_frames)
    return false;
  uint64_t paddr = offset / FM_SLOT_SIZE * FM_PAGE_SIZE;
  const struct fm_slot *slot = repair_slot(kernel, paddr);
  *ret_paddr = paddr;
  return slot != NULL && slot->ref_count == FM_COUNT_UNIQUE &&
         slot->vtable_ptr == kernel->vtables + FM_META_LINK * sizeof(struct fm_vtable);
}

static const struct fm_link_meta *link_at(uint64_t paddr)
{
  return (const struct fm_link_meta *)(const void *)fm_slot_at(fm_paddr_of(paddr))->storage;
}

bool repair_list_has(const struct fm_kernel *kernel, const struct fm_list *list, uint64_t paddr)
{
  uint64_t link = list->front;
  uint64_t at;
  for (uint64_t steps = 0; steps <= kernel->nr_frames; steps++) {
    if (!repair_follow(kernel, link, &at))
      return false;
    if (at == paddr)
      return true;
    link = link_at(at)->next;
  }
  return false;
}

static void list_free(gpointer data)
{
  struct repair_list *list = data;
  g_array_unref(list->frames);
  g_free(list);
}

/* Adds the frame to the list, if nobody has it. */
static bool add_member(sim_holders *holders, const struct repair_list *list, uint64_t paddr)
{
  uint64_t nr = paddr / FM_PAGE_SIZE;
  if (holders->held[nr] != 0)
    return false;
  holders->held[nr] = HELD_UNIQUE | HELD_LISTED | 1;
  g_array_append_val(list->frames, nr);
  return true;
}

/* Those that the next links lead to, from the front. */
static void add_reached(sim_holders *holders, struct sim_entry *entry)
{
  struct repair_list *list = g_new0(struct repair_list, 1);
  list->entry = entry;
  list->frames = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  g_ptr_array_add(holders->lists, list);
  uint64_t paddr;
  for (uint64_t link = entry->list.front; repair_follow(holders->kernel, link, &paddr);
       link = link_at(paddr)->next)
    if (!add_member(holders, list, paddr))
      break;
}

/* Those that bear the list's mark although no link leads to them: the stores of an operation
 * reach memory in the order that the compiler gave them. */
static void add_marked(sim_holders *holders)
{
  const struct fm_kernel *kernel = holders->kernel;
  g_autoptr(GHashTable) by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
  for (guint i = 0; i < holders->lists->len; i++) {
    struct repair_list *list = holders->lists->pdata[i];
    if (list->entry->list.id != 0)
      g_hash_table_insert(by_id, &list->entry->list.id, list);
  }
  if (g_hash_table_size(by_id) == 0)
    return;
  uint64_t step;
  for (uint64_t nr = 0; nr < kernel->nr_frames; nr += step) {
    struct fm_chunk_run run = fm_chunk_look(kernel, fm_paddr_of(nr * FM_PAGE_SIZE));
    step = run.state == FM_CHUNK_WRITTEN ? 1 : run.frames;
    if (run.state != FM_CHUNK_WRITTEN)
      continue;
    uint64_t paddr;
    const struct fm_slot *slot = fm_slot_at(fm_paddr_of(nr * FM_PAGE_SIZE));
    const struct repair_list *list =
        slot->in_list != 0 ? g_hash_table_lookup(by_id, &slot->in_list) : NULL;
    if (list != NULL && repair_follow(kernel, FM_META_BASE + nr * FM_SLOT_SIZE, &paddr))
      (void)add_member(holders, list, paddr);
  }
}

/* ---- Page tables ---- */

static bool is_node(const struct fm_kernel *kernel, uint64_t node, uint32_t level)
{
  const struct fm_slot *slot = repair_slot(kernel, node);
  return slot != NULL &&
         slot->vtable_ptr == kernel->vtables + FM_META_PAGE_TABLE * sizeof(struct fm_vtable) &&
         fm_node_meta(fm_paddr_of(node))->level == level;
}

static void hold_pages(sim_holders *holders, uint64_t paddr, uint32_t level)
{
  for (uint64_t done = 0; done < fm_pt_page_size(level); done += FM_PAGE_SIZE)
    hold(holders, paddr + done, false);
}

/* What the entries of a node own: its half of a root, else all. */
static void count_below(sim_holders *holders, uint64_t node, uint32_t level, bool is_kernel)
{
  bool is_root = level == FM_PT_LEVELS;
  uint32_t end = is_root && !is_kernel ? HALF : FM_PT_ENTRIES;
  g_array_append_val(holders->nodes, node);
  for (uint32_t i = is_root && is_kernel ? HALF : 0; i < end; i++) {
    fm_pte pte = {sim_durable_load(repair_entry_of(node, i))};
    uint64_t paddr = fm_pte_paddr(pte).raw;
    if (!fm_pte_is_valid(pte))
      continue;
    if (!fm_pte_is_table(pte, level)) {
      if (((pte.raw & FM_PTE_SOFT_52) != 0) == is_kernel)
        hold_pages(holders, paddr, level);
    } else if (!is_node(holders->kernel, paddr, level - 1) ||
               holders->held[paddr / FM_PAGE_SIZE] != 0) {
      holders->conflicts++; /* it leads to no table, or is the second that leads there */
    } else {
      hold(holders, paddr, false);
      count_below(holders, paddr, level - 1, is_kernel);
    }
  }
}

static bool was_walked(const sim_holders *holders, uint64_t root)
{
  for (guint i = 0; i < holders->nodes->len; i++)
    if (g_array_index(holders->nodes, uint64_t, i) == root)
      return true;
  return false;
}

static void count_root(sim_holders *holders, uint64_t root, bool is_kernel)
{
  if (was_walked(holders, root))
    return;
  if (is_node(holders->kernel, root, FM_PT_LEVELS))
    count_below(holders, root, FM_PT_LEVELS, is_kernel);
  else
    holders->conflicts++;
}

void repair_count_kernel(sim_holders *holders)
{
  const struct fm_kernel *kernel = holders->kernel;
  if (kernel->kernel_root != 0) {
    hold(holders, kernel->kernel_root, false);
    count_root(holders, kernel->kernel_root, true);
  }
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    uint64_t cr3 = fm_kernel_cpu(kernel, id)->cr3;
    if (cr3 != kernel->boot_root)
      hold(holders, cr3, false);
  }
}

/* ---- All of them ---- */

static void count_entry(sim_holders *holders, struct sim_entry *entry)
{
  enum sim_entry_kind kind = sim_entry_kind(entry);
  if (!sim_entry_is_sane(entry, holders->kernel)) {
    holders->conflicts++;
    return;
  }
  if (kind == SIM_ENTRY_NONE || kind == SIM_ENTRY_LIST ||
      sim_entry_intent(entry) == SIM_INTENT_TAKE)
    return;
  for (uint64_t at = entry->start; at < entry->end; at += FM_PAGE_SIZE)
    hold(holders, at, is_unique(kind));
}

/* Roots first, so that a table that something else has cannot be taken for one of a tree. */
static void count_trees(sim_holders *holders)
{
  const struct fm_kernel *kernel = holders->kernel;
  for (uint64_t i = 0; holders->table != NULL && i < sim_table_header(holders->table)->room; i++) {
    const struct sim_entry *entry = sim_table_entry(holders->table, i);
    if (sim_entry_kind(entry) == SIM_ENTRY_PROCESS && sim_entry_is_sane(entry, kernel) &&
        sim_entry_intent(entry) != SIM_INTENT_TAKE)
      count_root(holders, entry->start, false);
  }
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    uint64_t cr3 = fm_kernel_cpu(kernel, id)->cr3;
    if (cr3 != kernel->boot_root && cr3 != kernel->kernel_root)
      count_root(holders, cr3, false);
  }
}

sim_holders *sim_holders_new(sim_machine *machine)
{
  sim_holders *holders = g_new0(sim_holders, 1);
  const struct fm_kernel *kernel = machine->kernel;
  holders->machine = machine;
  holders->kernel = kernel;
  holders->table = sim_machine_table(machine);
  /* Pages of it are there once they are written, so large machines cost what they hold. */
  void *held = mmap(NULL, kernel->nr_frames * sizeof(uint32_t), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (held == MAP_FAILED)
    g_error("no address space for who holds %" G_GUINT64_FORMAT " frames", kernel->nr_frames);
  holders->held = held;
  holders->lists = g_ptr_array_new_with_free_func(list_free);
  holders->nodes = g_array_new(FALSE, FALSE, sizeof(uint64_t));

  uint64_t room = holders->table != NULL ? sim_table_header(holders->table)->room : 0;
  for (uint64_t i = 0; i < room; i++)
    if (sim_durable_load(&sim_table_entry(holders->table, i)->word) != 0)
      count_entry(holders, sim_table_entry(holders->table, i));
  for (uint64_t i = 0; i < room; i++) {
    struct sim_entry *entry = sim_table_entry(holders->table, i);
    if (sim_entry_kind(entry) == SIM_ENTRY_LIST && sim_entry_is_sane(entry, kernel))
      add_reached(holders, entry);
  }
  add_marked(holders);
  count_trees(holders);
  return holders;
}

sim_holders *sim_holders_free(sim_holders *holders)
{
  if (holders == NULL)
    return NULL;
  (void)munmap(holders->held, holders->kernel->nr_frames * sizeof(uint32_t));
  g_ptr_array_unref(holders->lists);
  g_array_unref(holders->nodes);
  g_free(holders);
  return NULL;
}

uint64_t sim_holders_of(fm_paddr frame, void *data)
{
  const sim_holders *holders = data;
  return holders->held[fm_pfn_of_paddr(frame).nr] & HELD_COUNT;
}
