/* SPDX-License-Identifier: MPL-2.0 */
/* Whole address spaces. */
#include "src/pt/range.h"

#define KERNEL_HALF (FM_PT_ENTRIES / 2)

enum fm_pt_error fm_space_new(struct fm_kernel *kernel, struct fm_space *ret)
{
  fm_paddr root;
  if (fm_node_alloc(kernel, FM_PT_LEVELS, false, &root) != FM_ALLOC_OK)
    return FM_PT_NO_MEMORY;
  /* The kernel's tables of level 3 stay for ever, so these entries need no references. */
  if (kernel->kernel_root != 0)
    for (uint32_t i = KERNEL_HALF; i < FM_PT_ENTRIES; i++)
      fm_node_write(root, i, fm_node_walk(fm_paddr_of(kernel->kernel_root), i));
  ret->root = fm_frame_from_raw(root);
  return FM_PT_OK;
}

enum fm_pt_error fm_space_new_kernel(struct fm_kernel *kernel, struct fm_space *ret)
{
  fm_paddr root;
  fm_paddr table;
  if (fm_node_alloc(kernel, FM_PT_LEVELS, true, &root) != FM_ALLOC_OK)
    return FM_PT_NO_MEMORY;
  for (uint32_t i = KERNEL_HALF; i < FM_PT_ENTRIES; i++) {
    if (fm_node_alloc(kernel, FM_PT_LEVELS - 1, true, &table) != FM_ALLOC_OK) {
      fm_frame_drop(kernel, fm_frame_from_raw(root));
      return FM_PT_NO_MEMORY;
    }
    fm_node_write(root, i, fm_pte_of_table(table));
    fm_node_count(root, 1);
  }
  kernel->kernel_root = root.raw;
  ret->root = fm_frame_from_raw(root);
  return FM_PT_OK;
}

void fm_space_drop(struct fm_kernel *kernel, struct fm_space space)
{
  fm_frame_drop(kernel, space.root);
}

/* The boot page table is in the image, and no frame that anybody counts. */
static void switch_to(struct fm_kernel *kernel, uint64_t root)
{
  struct fm_cpu_block *cpu = fm_this_cpu();
  uint64_t before = cpu->cr3;
  cpu->cr3 = root;
  if (before != kernel->boot_root)
    fm_frame_drop(kernel, fm_frame_from_raw(fm_paddr_of(before)));
}

void fm_space_activate(struct fm_kernel *kernel, struct fm_space space)
{
  uint64_t root = fm_frame_paddr(space.root).raw;
  if (fm_this_cpu()->cr3 == root)
    return;
  (void)fm_frame_clone(space.root);
  switch_to(kernel, root);
}

void fm_space_deactivate(struct fm_kernel *kernel)
{
  if (kernel->kernel_root == 0) {
    switch_to(kernel, kernel->boot_root);
    return;
  }
  struct fm_space space = {fm_frame_from_raw(fm_paddr_of(kernel->kernel_root))};
  fm_space_activate(kernel, space);
}
