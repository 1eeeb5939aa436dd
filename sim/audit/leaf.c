/* SPDX-License-Identifier: MPL-2.0 */
/* What page tables map. */
#include "sim/audit/audit.h"

/* A stretch of addresses at which the kernel sees physical memory. */
struct view {
  uint64_t base; /* virtual */
  uint64_t size;
  uint64_t paddr; /* of its first byte */
  uint64_t *mapped;
};

/* Whether the page belongs to this view; then it is counted, and has to lead to its place. */
static bool is_of_view(struct audit *audit, fm_paddr node, uint32_t index, uint64_t va,
                       uint64_t size, uint64_t paddr, const struct view *view)
{
  if (va < view->base || va - view->base >= view->size)
    return false;
  uint64_t expected = view->paddr + (va - view->base);
  *view->mapped += MIN(size, view->size - (va - view->base));
  if (paddr != expected)
    audit_note(audit, node, SIM_AUDIT_LEAF_ADDRESS, paddr, expected, "entry %u", index);
  return true;
}

/* The kernel's linear map, its slots, its image. */
static void audit_kernel_page(struct audit *audit, fm_paddr node, uint32_t index, uint64_t va,
                              uint64_t size, uint64_t paddr, struct audit_views *views)
{
  const struct fm_kernel *kernel = audit->kernel;
  const struct view all[] = {
      {FM_LINEAR_BASE, kernel->max_paddr, 0, &views->linear},
      {FM_META_BASE, kernel->meta_size, kernel->meta_start, &views->slots},
      {fm_image_kaddr(fm_paddr_of(kernel->image_base)).raw, kernel->image_size, kernel->image_base,
       &views->image},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
    if (is_of_view(audit, node, index, va, size, paddr, &all[i]))
      return;
}

/* A tracked page owns its frames, so they are in use. */
static void audit_tracked(struct audit *audit, fm_paddr node, uint32_t index, uint64_t paddr,
                          uint64_t size)
{
  for (uint64_t at = paddr; at < paddr + size; at += FM_PAGE_SIZE) {
    struct fm_slot_view view;
    fm_slot_view(audit->kernel, fm_slot_at(fm_paddr_of(at)), &view);
    if (view.state == FM_STATE_SHARED)
      continue;
    audit_note(audit, fm_paddr_of(at), SIM_AUDIT_LEAF_IN_USE, view.ref_count, 1,
               "entry %u of 0x%" G_GINT64_MODIFIER "x", index, node.raw);
    return;
  }
}

void audit_leaf(struct audit *audit, fm_paddr node, uint32_t index, uint32_t level, fm_pte pte,
                uint64_t va, bool is_kernel, struct audit_views *views)
{
  uint64_t paddr = fm_pte_paddr(pte).raw;
  bool tracked = ((pte.raw & FM_PTE_SOFT_52) != 0) == is_kernel;

  if (level > FM_PT_LEAF_LEVEL) {
    audit_note(audit, node, SIM_AUDIT_LEAF_PLACE, pte.raw, 0, "entry %u", index);
    return;
  }
  uint64_t size = fm_pt_page_size(level);
  uint64_t limit = audit->kernel->max_paddr;
  if ((paddr & (size - 1)) != 0 || (tracked && (paddr >= limit || size > limit - paddr))) {
    audit_note(audit, node, SIM_AUDIT_LEAF_PLACE, paddr, paddr & ~(size - 1), "entry %u", index);
    return;
  }
  if (tracked)
    audit_tracked(audit, node, index, paddr, size);
  if (is_kernel)
    audit_kernel_page(audit, node, index, va, size, paddr, views);
}
