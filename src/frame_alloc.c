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

/* What the common allocation, of a frame without metadata that need not be zeroed, does not
 * need is kept out of its way. */
static __attribute__((noinline)) void zero(fm_paddr start, uint64_t size)
{
  __builtin_memset(fm_linear(start, size), 0, size);
}

static __attribute__((noinline)) const void *make_meta(const struct fm_alloc_options *options,
                                                       fm_paddr paddr, uint8_t *made)
{
  __builtin_memset(made, 0, FM_META_MAX_SIZE);
  if (options->meta_of != NULL)
    options->meta_of(paddr, made, options->meta_data);
  return made;
}

enum fm_alloc_error fm_frame_alloc(struct fm_kernel *kernel, const struct fm_alloc_options *options,
                                   struct fm_frame *ret)
{
  fm_paddr paddr;
  const void *meta = options->meta;
  uint8_t made[FM_META_MAX_SIZE];
  if (!fm_alloc(kernel, FM_PAGE_SIZE, FM_PAGE_SIZE, &paddr))
    return FM_ALLOC_NO_MEMORY;
  if (FM_UNLIKELY(options->type.size != 0 && (meta == NULL || options->meta_of != NULL)))
    meta = make_meta(options, paddr, made);
  if (fm_frame_from_unused(kernel, paddr, options->type, meta, ret) != FM_GET_OK)
    end_for_frame_in_use();
  if (!options->dirty)
    zero(paddr, FM_PAGE_SIZE);
  return FM_ALLOC_OK;
}

enum fm_alloc_error fm_segment_alloc(struct fm_kernel *kernel,
                                     const struct fm_alloc_options *options, uint64_t frames,
                                     struct fm_segment *ret)
{
  fm_paddr start;
  struct fm_segment segment;
  bool own = options->meta_of != NULL;
  fm_segment_meta meta_of = options->type.size == 0 ? NULL : own ? options->meta_of : copy_meta;
  if (frames == 0)
    return FM_ALLOC_INVALID_ARGS;
  if (frames > UINT64_MAX / FM_PAGE_SIZE)
    return FM_ALLOC_NO_MEMORY;
  if (!fm_alloc(kernel, frames * FM_PAGE_SIZE, FM_PAGE_SIZE, &start))
    return FM_ALLOC_NO_MEMORY;

  struct fm_range range = fm_range_of(start.raw, start.raw + frames * FM_PAGE_SIZE);
  if (fm_segment_from_unused(kernel, range, options->type, meta_of,
                             own ? options->meta_data : (void *)(uintptr_t)options,
                             &segment) != FM_GET_OK)
    end_for_frame_in_use();
  if (!options->dirty)
    zero(start, fm_range_size(range));
  *ret = segment;
  return FM_ALLOC_OK;
}
