/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The page tables that RAM itself refers to: the kernel's, and what is in the CPUs' CR3.  The
 * boot page table lies in the image, is a table of the loader, and nobody counts it.
 *
 * An entry is followed only to a frame that is a page table of the right level, and to each of
 * those once, so the walk ends.
 */
#include <fm/node.h>

#include "sim/audit/audit.h"

#define HALF         (FM_PT_ENTRIES / 2)
#define NOTED_BY_CPU (FM_PTE_ACCESSED | FM_PTE_DIRTY)

struct tree {
  struct audit *audit;
  GHashTable *references; /* frame number + 1 of a table -> how many were found */
  bool is_kernel;
  struct audit_views views;
};

static const uint64_t *entries_of(fm_paddr node)
{
  return (const uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + node.raw);
}

static fm_pte entry_of(fm_paddr node, uint32_t index)
{
  fm_pte pte = {__atomic_load_n(&entries_of(node)[index], __ATOMIC_RELAXED)};
  return pte;
}

/* One reference more; returns how many there were. */
static uint64_t count_reference(struct tree *tree, fm_paddr node)
{
  gpointer key = GSIZE_TO_POINTER(fm_pfn_of_paddr(node).nr + 1);
  gsize count = GPOINTER_TO_SIZE(g_hash_table_lookup(tree->references, key));
  g_hash_table_insert(tree->references, key, GSIZE_TO_POINTER(count + 1));
  return count;
}

/* Whether there is a page table of this level, whose entries may be looked at. */
static bool is_table(struct tree *tree, fm_paddr node, uint32_t level, fm_paddr from,
                     const char *place)
{
  struct audit *audit = tree->audit;
  struct fm_slot_view view;

  if (!fm_is_page_aligned(node.raw) || node.raw >= audit->kernel->max_paddr) {
    audit_note(audit, from, SIM_AUDIT_TREE_NODE, node.raw, 0, "%s", place);
    return false;
  }
  fm_slot_view(audit->kernel, fm_slot_at(node), &view);
  if (view.state != FM_STATE_SHARED || view.vtable == NULL ||
      view.vtable->number != FM_META_PAGE_TABLE) {
    audit_note(audit, node, SIM_AUDIT_TREE_NODE, view.ref_count, 1, "%s", place);
    return false;
  }
  const struct fm_page_table_meta *meta = fm_node_meta(node);
  if (meta->level != level) {
    audit_note(audit, node, SIM_AUDIT_TREE_LEVEL, meta->level, level, "%s", place);
    return false;
  }
  if ((meta->is_kernel != 0) != tree->is_kernel)
    audit_note(audit, node, SIM_AUDIT_TREE_KIND, meta->is_kernel, tree->is_kernel, "%s", place);
  if (meta->stray != 0)
    audit_note(audit, node, SIM_AUDIT_TREE_STRAY, meta->stray, 0, "%s", place);
  if (meta->lock != 0)
    audit_note(audit, node, SIM_AUDIT_TREE_LOCKED, meta->lock, 0, "%s", place);
  return true;
}

static void audit_node(struct tree *tree, fm_paddr node, uint32_t level, uint64_t va);

static void audit_entry(struct tree *tree, fm_paddr node, uint32_t index, uint32_t level,
                        fm_pte pte, uint64_t va)
{
  if (!fm_pte_is_table(pte, level)) {
    audit_leaf(tree->audit, node, index, level, pte, va, tree->is_kernel, &tree->views);
    return;
  }
  fm_paddr child = fm_pte_paddr(pte);
  char place[48];
  (void)g_snprintf(place, sizeof(place), "entry %u of 0x%" G_GINT64_MODIFIER "x", index, node.raw);
  if (child.raw < tree->audit->kernel->max_paddr && count_reference(tree, child) != 0) {
    audit_note(tree->audit, child, SIM_AUDIT_TREE_SHARED, 2, 1, "%s", place);
    return;
  }
  if (is_table(tree, child, level - 1, node, place))
    audit_node(tree, child, level - 1, va);
}

/* The entries that are this tree's own: of a root, its half. */
static void audit_node(struct tree *tree, fm_paddr node, uint32_t level, uint64_t va)
{
  bool is_root = level == FM_PT_LEVELS;
  uint32_t first = is_root && tree->is_kernel ? HALF : 0;
  uint32_t end = is_root && !tree->is_kernel ? HALF : FM_PT_ENTRIES;
  uint32_t valid = 0;

  for (uint32_t i = first; i < end; i++) {
    fm_pte pte = entry_of(node, i);
    if (!fm_pte_is_valid(pte))
      continue;
    valid++;
    audit_entry(tree, node, i, level, pte, va + i * fm_pt_page_size(level));
  }
  if (fm_node_meta(node)->nr_children != valid)
    audit_note(tree->audit, node, SIM_AUDIT_TREE_CHILDREN, fm_node_meta(node)->nr_children, valid,
               "level %u", level);
}

/* ---- Roots ---- */

/* The half of a root that is not its own: a user root has the kernel's entries there, the
 * kernel's root none. */
static void audit_other_half(struct tree *tree, fm_paddr root)
{
  fm_paddr kernel_root = fm_paddr_of(tree->audit->kernel->kernel_root);

  for (uint32_t i = 0; i < HALF && tree->is_kernel; i++)
    if (fm_pte_is_valid(entry_of(root, i))) {
      audit_note(tree->audit, root, SIM_AUDIT_TREE_HALF, entry_of(root, i).raw, 0, "entry %u", i);
      return;
    }
  for (uint32_t i = HALF; i < FM_PT_ENTRIES && !tree->is_kernel && kernel_root.raw != 0; i++) {
    uint64_t found = entry_of(root, i).raw & ~NOTED_BY_CPU;
    uint64_t expected = entry_of(kernel_root, i).raw & ~NOTED_BY_CPU;
    if (found != expected) {
      audit_note(tree->audit, root, SIM_AUDIT_TREE_UPPER, found, expected, "entry %u", i);
      return;
    }
  }
}

/* A root that `place` in the kernel's state refers to. */
static void audit_root(struct tree *tree, fm_paddr root, bool is_kernel, const void *state,
                       const char *place)
{
  tree->is_kernel = is_kernel;
  bool inside = fm_is_page_aligned(root.raw) && root.raw < tree->audit->kernel->max_paddr;
  if (inside && count_reference(tree, root) != 0)
    return;
  if (!is_table(tree, root, FM_PT_LEVELS, audit_home(state), place))
    return;
  /* Sign-extended: entry 0 of the kernel's root would be at 2^64 - 2^48. */
  audit_node(tree, root, FM_PT_LEVELS, is_kernel ? UINT64_MAX << 48 : 0);
  audit_other_half(tree, root);
}

static void audit_complete(struct audit *audit, uint64_t found, uint64_t expected, const char *name)
{
  if (found != expected)
    audit_note(audit, fm_paddr_of(audit->kernel->kernel_root), SIM_AUDIT_MAP_COMPLETE, found,
               expected, "%s", name);
}

/* References that RAM shows may be fewer than there are: a handle is not in it. */
static void audit_counts(struct tree *tree)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init(&iter, tree->references);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    fm_paddr node = fm_paddr_of((GPOINTER_TO_SIZE(key) - 1) * FM_PAGE_SIZE);
    struct fm_slot_view view;
    fm_slot_view(tree->audit->kernel, fm_slot_at(node), &view);
    if (view.state == FM_STATE_SHARED && view.vtable != NULL &&
        view.vtable->number == FM_META_PAGE_TABLE && view.ref_count < GPOINTER_TO_SIZE(value))
      audit_note(tree->audit, node, SIM_AUDIT_TREE_COUNT, view.ref_count, GPOINTER_TO_SIZE(value),
                 "level %u", fm_node_meta(node)->level);
  }
}

static void visit_process(const struct sim_entry *entry, void *data)
{
  char place[48];
  (void)g_snprintf(place, sizeof(place), "process '%s'", entry->name);
  audit_root(data, fm_paddr_of(entry->start), false, entry, place);
}

void audit_trees(struct audit *audit)
{
  const struct fm_kernel *kernel = audit->kernel;
  g_autoptr(GHashTable) references = g_hash_table_new(NULL, NULL);
  struct tree tree = {.audit = audit, .references = references};
  guint before = audit->faults->len;

  if (kernel->kernel_root != 0)
    audit_root(&tree, fm_paddr_of(kernel->kernel_root), true, &kernel->kernel_root,
               "the kernel's root");
  if (kernel->stage >= FM_STAGE_KERNEL_TABLE && audit->faults->len == before) {
    audit_complete(audit, tree.views.linear, kernel->max_paddr, "linear map");
    audit_complete(audit, tree.views.slots, kernel->meta_size, "slots");
    audit_complete(audit, tree.views.image, kernel->image_size, "image");
  }
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    const struct fm_cpu_block *block = fm_kernel_cpu(kernel, id);
    char place[16];
    (void)g_snprintf(place, sizeof(place), "CR3 of CPU %u", id);
    if (block->cr3 != kernel->boot_root)
      audit_root(&tree, fm_paddr_of(block->cr3), block->cr3 == kernel->kernel_root, &block->cr3,
                 place);
  }
  audit_each_durable(audit, SIM_ENTRY_PROCESS, visit_process, &tree);
  if (audit->options->holders == NULL)
    audit_counts(&tree);
}
