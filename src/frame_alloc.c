/* SPDX-License-Identifier: MPL-2.0 */
#include <fm/alloc.h>
#include <fm/frame_alloc.h>

const char *fm_alloc_error_name(enum fm_alloc_error error)
{
  static const char *const names[] = {
      [FM_ALLOC_OK] = "Ok",
      [FM_ALLOC_NO_MEMORY] = "NoMemory",
      [FM_ALLOC_INVALID_ARGS] = "InvalidArgs",
  };
  return names[error];
}

/* The same metadata for each frame, in the form of a function. */
static void copy_meta(fm_paddr paddr, void *ret, void *data)
{
  const struct fm_alloc_options *options = (const struct fm_alloc_options *)data;
  (void)paddr;
  if (options->meta != NULL) /* else it stays zero */
    __builtin_memcpy(ret, options->meta, options->type.size);
}

FM_NORETURN static void end_for_frame_in_use(void)
{
  fm_port_panic("the allocator handed out a frame that is in use");
}

enum fm_alloc_error fm_frame_alloc(struct fm_kernel *kernel, const struct fm_alloc_options *options,
                                   struct fm_frame *ret)
{
  fm_paddr paddr;
  if (!fm_alloc(kernel, FM_PAGE_SIZE, FM_PAGE_SIZE, &paddr))
    return FM_ALLOC_NO_MEMORY;

  uint8_t made[FM_META_MAX_SIZE] = {0};
  const void *meta = options->meta != NULL ? options->meta : made;
  if (options->meta_of != NULL) {
    options->meta_of(paddr, made, options->meta_data);
    meta = made;
  }
  struct fm_frame frame = {NULL};
  if (fm_frame_from_unused(kernel, paddr, options->type, meta, &frame) != FM_GET_OK)
    end_for_frame_in_use();
  if (!options->dirty)
    __builtin_memset(fm_linear(paddr, FM_PAGE_SIZE), 0, FM_PAGE_SIZE);
  *ret = frame;
  return FM_ALLOC_OK;
}

enum fm_alloc_error fm_segment_alloc(struct fm_kernel *kernel,
                                     const struct fm_alloc_options *options, uint64_t frames,
                                     struct fm_segment *ret)
{
  fm_paddr start;
  struct fm_segment segment;
  bool own = options->meta_of != NULL;
  if (frames == 0)
    return FM_ALLOC_INVALID_ARGS;
  if (frames > UINT64_MAX / FM_PAGE_SIZE)
    return FM_ALLOC_NO_MEMORY;
  if (!fm_alloc(kernel, frames * FM_PAGE_SIZE, FM_PAGE_SIZE, &start))
    return FM_ALLOC_NO_MEMORY;

  struct fm_range range = fm_range_of(start.raw, start.raw + frames * FM_PAGE_SIZE);
  if (fm_segment_from_unused(kernel, range, options->type, own ? options->meta_of : copy_meta,
                             own ? options->meta_data : (void *)(uintptr_t)options,
                             &segment) != FM_GET_OK)
    end_for_frame_in_use();
  if (!options->dirty)
    __builtin_memset(fm_linear(start, fm_range_size(range)), 0, fm_range_size(range));
  *ret = segment;
  return FM_ALLOC_OK;
}
