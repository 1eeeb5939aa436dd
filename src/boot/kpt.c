/* SPDX-License-Identifier: MPL-2.0 */
/* The kernel's page table: all memory, the slots, the image. */
#include <fm/space.h>

#include "src/boot/steps.h"

/* Maps a stretch by the largest pages; nothing is mapped there. */
static enum fm_pt_error map_stretch(struct fm_kernel *kernel, struct fm_space space, uint64_t va,
                                    uint64_t paddr, uint64_t size, uint32_t flags)
{
  uint32_t max = kernel->linear_map == FM_LINEAR_LARGEST ? FM_PT_LEAF_LEVEL : 2;
  struct fm_page_prop prop = fm_page_prop_of(flags | FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_GLOBAL);
  struct fm_pt_cursor cursor;
  enum fm_pt_error error = fm_pt_lock(kernel, space, va, va + size, &cursor);
  if (error != FM_PT_OK)
    return error;
  for (uint64_t done = 0; done < size && error == FM_PT_OK;) {
    uint32_t level = fm_pt_largest_level(va + done, paddr + done, size - done, max);
    error = fm_pt_map(&cursor, fm_paddr_of(paddr + done), level, prop, false, NULL);
    done += fm_pt_page_size(level);
  }
  fm_pt_unlock(&cursor);
  return error;
}

enum fm_boot_status fm__boot_kernel_table(struct fm_kernel *kernel, uint64_t linear_end)
{
  struct fm_space space;
  if (fm_space_new_kernel(kernel, &space) != FM_PT_OK)
    return FM_BOOT_NO_ROOM_KERNEL;
  uint64_t image = fm_image_kaddr(fm_paddr_of(kernel->image_base)).raw;
  if (map_stretch(kernel, space, FM_LINEAR_BASE, 0, linear_end, 0) != FM_PT_OK ||
      map_stretch(kernel, space, FM_META_BASE, kernel->meta_start, kernel->meta_size, 0) !=
          FM_PT_OK ||
      map_stretch(kernel, space, image, kernel->image_base, kernel->image_size, FM_PAGE_EXEC) !=
          FM_PT_OK)
    return FM_BOOT_NO_ROOM_KERNEL;
  fm_space_activate(kernel, space);
  return FM_BOOT_OK;
}
