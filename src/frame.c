/* SPDX-License-Identifier: MPL-2.0 */
#include <fm/frame.h>

const char *fm_alloc_error_name(enum fm_alloc_error error)
{
  static const char *const names[] = {
      [FM_ALLOC_OK] = "Ok",
      [FM_ALLOC_NO_MEMORY] = "NoMemory",
      [FM_ALLOC_INVALID_ARGS] = "InvalidArgs",
  };
  return names[error];
}

enum fm_alloc_error fm_frame_alloc(struct fm_kernel *kernel, fm_meta_id type, const void *meta,
                                   bool zeroed, struct fm_frame *ret)
{
  fm_paddr paddr;
  if (!fm_alloc(kernel, FM_PAGE_SIZE, FM_PAGE_SIZE, &paddr))
    return FM_ALLOC_NO_MEMORY;

  struct fm_frame frame = {NULL};
  if (fm_frame_from_unused(kernel, paddr, type, meta, &frame) != FM_GET_OK)
    fm_port_panic("the allocator handed out a frame that is in use");
  if (zeroed)
    __builtin_memset(fm_linear(paddr, FM_PAGE_SIZE), 0, FM_PAGE_SIZE);
  *ret = frame;
  return FM_ALLOC_OK;
}
