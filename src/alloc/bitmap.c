/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Allocator "bitmap": first fit, one bit per frame, set while the frame is free.
 *
 * The bits lie in the kernel image behind the kernel's state if they fit there (16 MiB of
 * image are enough for about 500 GiB of memory), else at the start of the first free range
 * that has room, whose frames then are claimed as early memory for ever.
 *
 * One lock guards everything.  The hint says below which word no bit is set, so that
 * allocating all of memory one frame at a time does not start from 0 each time.
 */
#include <fm/boot.h>
#include <fm/frame.h>

#include "src/alloc/lock.h"

#define WORD_BITS UINT64_C(64)

static uint64_t *bitmap_words(const struct fm_kernel *kernel)
{
  return (uint64_t *)fm_kaddr_ptr(fm_kaddr_of(kernel->bitmap.words));
}

static uint64_t bitmap_bytes(const struct fm_kernel *kernel)
{
  return fm_page_up((kernel->bitmap.nr_bits + 7) / 8);
}

static void bitmap_place(struct fm_kernel *kernel, fm_kaddr words)
{
  kernel->bitmap.words = words.raw;
  kernel->bitmap.hint = kernel->bitmap.nr_bits / WORD_BITS + 1;
  __builtin_memset(bitmap_words(kernel), 0, bitmap_bytes(kernel));
}

/* The frames that hold the bits stay in use for ever. */
static void bitmap_claim_frames(struct fm_kernel *kernel)
{
  for (uint64_t offset = 0; offset < bitmap_bytes(kernel); offset += FM_PAGE_SIZE) {
    struct fm_frame frame;
    if (fm_frame_from_unused(kernel, fm_paddr_of(kernel->bitmap.own_start + offset),
                             fm_meta_empty(FM_META_EARLY), NULL, &frame) != FM_GET_OK)
      fm_port_panic("memory that was to become free is in use");
    (void)fm_frame_into_raw(frame);
  }
}

static bool bitmap_init(struct fm_kernel *kernel)
{
  kernel->bitmap.lock.held = 0;
  kernel->bitmap.own_start = 0;
  kernel->bitmap.own_size = 0;
  kernel->bitmap.nr_bits = kernel->nr_frames;
  if (bitmap_bytes(kernel) <= kernel->image_size - FM_IMAGE_ALLOCATOR) {
    bitmap_place(kernel, fm_image_kaddr(fm_paddr_of(kernel->image_base + FM_IMAGE_ALLOCATOR)));
    return true;
  }

  struct fm_free_cursor cursor = {0};
  struct fm_range range;
  while (fm_boot_next_free(kernel, &cursor, &range)) {
    if (fm_range_size(range) < bitmap_bytes(kernel))
      continue;
    kernel->bitmap.own_start = range.start.raw;
    kernel->bitmap.own_size = bitmap_bytes(kernel);
    bitmap_place(kernel, fm_linear_kaddr(range.start));
    bitmap_claim_frames(kernel);
    return true;
  }
  return false;
}

/* Sets or clears the bits of [first, first + count), word by word. */
static void bitmap_mark(uint64_t *words, uint64_t first, uint64_t count, bool free)
{
  while (count != 0) {
    uint64_t shift = first % WORD_BITS;
    uint64_t here = WORD_BITS - shift < count ? WORD_BITS - shift : count;
    uint64_t mask = (here == WORD_BITS ? UINT64_MAX : (UINT64_C(1) << here) - 1) << shift;

    if (free)
      words[first / WORD_BITS] |= mask;
    else
      words[first / WORD_BITS] &= ~mask;
    first += here;
    count -= here;
  }
}

/* The first index at or above `from` whose bit is `wanted`; `limit` if there is none below. */
static uint64_t bitmap_next(const uint64_t *words, uint64_t from, uint64_t limit, bool wanted)
{
  while (from < limit) {
    uint64_t word = words[from / WORD_BITS];
    word = (wanted ? word : ~word) >> (from % WORD_BITS);
    if (word != 0) {
      from += (uint64_t)__builtin_ctzll(word);
      break;
    }
    from = (from / WORD_BITS + 1) * WORD_BITS;
  }
  return from < limit ? from : limit;
}

/* The first run of `count` free frames that starts at a multiple of `align` frames. */
static bool bitmap_find(struct fm_bitmap *bitmap, const uint64_t *words, uint64_t count,
                        uint64_t align, uint64_t *ret)
{
  uint64_t at = bitmap_next(words, bitmap->hint * WORD_BITS, bitmap->nr_bits, true);
  bitmap->hint = at / WORD_BITS;

  while (at < bitmap->nr_bits) {
    uint64_t start = (at + align - 1) & ~(align - 1);
    if (start >= bitmap->nr_bits || count > bitmap->nr_bits - start)
      return false;
    /* No farther than the run must reach: how long it really is, nobody asks. */
    uint64_t end = bitmap_next(words, start, start + count, false);
    if (end - start == count) {
      *ret = start;
      return true;
    }
    at = bitmap_next(words, end > at ? end : at + 1, bitmap->nr_bits, true);
  }
  return false;
}

/* The same for a single frame, which is the most frequent case: takes the first bit set. */
static bool bitmap_take_one(struct fm_bitmap *bitmap, uint64_t *words, uint64_t *ret)
{
  uint64_t limit = (bitmap->nr_bits + WORD_BITS - 1) / WORD_BITS;
  uint64_t at = bitmap->hint;
  while (at < limit && words[at] == 0)
    at++;
  if (at != bitmap->hint)
    bitmap->hint = at;
  if (at >= limit)
    return false;
  *ret = at * WORD_BITS + (uint64_t)__builtin_ctzll(words[at]);
  words[at] &= words[at] - 1;
  return true;
}

static bool bitmap_take(struct fm_bitmap *bitmap, uint64_t *words, uint64_t count, uint64_t align,
                        uint64_t *ret)
{
  if (FM_LIKELY(count == 1 && align == 1))
    return bitmap_take_one(bitmap, words, ret);
  if (!bitmap_find(bitmap, words, count, align, ret))
    return false;
  bitmap_mark(words, *ret, count, false);
  return true;
}

static bool bitmap_alloc(struct fm_kernel *kernel, uint64_t size, uint64_t align, fm_paddr *ret)
{
  struct fm_bitmap *bitmap = &kernel->bitmap;
  uint64_t *words = bitmap_words(kernel);
  uint64_t count = size / FM_PAGE_SIZE;
  uint64_t first;

  fm__spin_lock(&bitmap->lock, FM_SITE_ALLOC_LOCK);
  bool found = bitmap_take(bitmap, words, count, align / FM_PAGE_SIZE, &first);
  fm__spin_unlock(&bitmap->lock, FM_SITE_ALLOC_UNLOCK);

  if (found)
    *ret = fm_paddr_of(first * FM_PAGE_SIZE);
  return found;
}

static void bitmap_dealloc(struct fm_kernel *kernel, fm_paddr start, uint64_t size)
{
  struct fm_bitmap *bitmap = &kernel->bitmap;
  uint64_t *words = bitmap_words(kernel);
  uint64_t first = fm_pfn_of_paddr(start).nr;
  uint64_t count = size / FM_PAGE_SIZE;

  fm__spin_lock(&bitmap->lock, FM_SITE_ALLOC_LOCK);
  fm_debug_assert(bitmap_next(words, first, bitmap->nr_bits, true) >= first + count,
                  fm_slot_at(start), "a frame is given back that is free already");
  if (FM_LIKELY(count == 1))
    words[first / WORD_BITS] |= UINT64_C(1) << (first % WORD_BITS);
  else
    bitmap_mark(words, first, count, true);
  if (first / WORD_BITS < bitmap->hint)
    bitmap->hint = first / WORD_BITS;
  fm__spin_unlock(&bitmap->lock, FM_SITE_ALLOC_UNLOCK);
}

/* The bits' own frames, which stand at the start of one of the ranges, stay taken. */
static uint64_t bitmap_add_free_memory(struct fm_kernel *kernel, struct fm_range range)
{
  uint64_t kept = 0;
  if (kernel->bitmap.own_size != 0 && range.start.raw == kernel->bitmap.own_start)
    kept = kernel->bitmap.own_size;
  if (kept < fm_range_size(range))
    bitmap_dealloc(kernel, fm_paddr_add(range.start, kept), fm_range_size(range) - kept);
  return kept;
}

static bool bitmap_is_free(const struct fm_kernel *kernel, fm_paddr frame)
{
  uint64_t bit = fm_pfn_of_paddr(frame).nr;
  if (bit >= kernel->bitmap.nr_bits)
    return false;
  return (bitmap_words(kernel)[bit / WORD_BITS] >> (bit % WORD_BITS) & 1) != 0;
}

const struct fm_allocator fm_allocator_bitmap = {
    .name = "bitmap",
    .init = bitmap_init,
    .alloc = bitmap_alloc,
    .dealloc = bitmap_dealloc,
    .add_free_memory = bitmap_add_free_memory,
    .is_free = bitmap_is_free,
};
