/* SPDX-License-Identifier: MPL-2.0 */
/* The bitmap allocator. */
#include "sim/audit/audit.h"

#define WORD_BITS UINT64_C(64)

static const uint64_t *words_of(const struct audit *audit)
{
  return (const uint64_t *)fm_kaddr_ptr(fm_kaddr_of(audit->kernel->bitmap.words));
}

bool audit_bit(const struct audit *audit, uint64_t nr)
{
  if (nr >= audit->kernel->bitmap.nr_bits)
    return false;
  return (words_of(audit)[nr / WORD_BITS] >> (nr % WORD_BITS) & 1) != 0;
}

/* What may be set of a word: the frames that usable regions cover.  Regions ascend, and so do
 * the words: *region is where the last one began. */
static uint64_t usable_mask(const struct audit *audit, uint64_t index, uint32_t *region)
{
  const struct fm_regions *regions = &audit->kernel->regions;
  uint64_t first = index * WORD_BITS;
  uint64_t limit = MIN(first + WORD_BITS, audit->kernel->nr_frames);
  uint64_t mask = 0;

  while (*region + 1 < regions->count &&
         fm_region_end(&regions->at[*region]) <= first * FM_PAGE_SIZE)
    (*region)++;
  for (uint32_t i = *region; i < regions->count; i++) {
    uint64_t start = regions->at[i].base / FM_PAGE_SIZE;
    uint64_t end = MIN(fm_region_end(&regions->at[i]) / FM_PAGE_SIZE, limit);
    if (start >= limit)
      break;
    start = MAX(start, first);
    if (regions->at[i].type == FM_REGION_USABLE && start < end)
      mask |= (end - start == WORD_BITS ? UINT64_MAX : (UINT64_C(1) << (end - start)) - 1)
              << (start - first);
  }
  return mask;
}

static void audit_word(struct audit *audit, uint64_t index, uint64_t word, uint64_t usable)
{
  if ((word & ~usable) != 0) {
    /* The last word may have bits behind the last frame. */
    uint64_t nr = index * WORD_BITS + (uint64_t)__builtin_ctzll(word & ~usable);
    audit_note(audit, fm_paddr_of(MIN(nr, audit->kernel->nr_frames - 1) * FM_PAGE_SIZE),
               SIM_AUDIT_BITMAP_MEMORY, word, word & usable,
               "frames from 0x%" G_GINT64_MODIFIER "x", index * WORD_BITS);
  }
  if (word != 0 && index < audit->kernel->bitmap.hint)
    audit_note(audit, fm_paddr_of(index * WORD_BITS * FM_PAGE_SIZE), SIM_AUDIT_BITMAP_HINT, index,
               audit->kernel->bitmap.hint, "%s", "words");
}

void audit_bitmap(struct audit *audit)
{
  const struct fm_bitmap *bitmap = &audit->kernel->bitmap;
  const uint64_t *words = words_of(audit);
  uint64_t free_frames = 0;
  uint32_t region = 0;

  if (bitmap->nr_bits == 0 || words == NULL)
    return;
  if (bitmap->lock.held != 0)
    audit_note(audit, audit_home(bitmap), SIM_AUDIT_LOCK_HELD, bitmap->lock.held, 0, "%s",
               "the bitmap");
  for (uint64_t index = 0; index * WORD_BITS < bitmap->nr_bits; index++) {
    uint64_t word = words[index];
    if (word == 0)
      continue;
    uint64_t usable = usable_mask(audit, index, &region);
    audit_word(audit, index, word, usable);
    free_frames += (uint64_t)__builtin_popcountll(word);
  }
  uint64_t counted = audit_counted_free(audit);
  if (counted != free_frames * FM_PAGE_SIZE)
    audit_note(audit, audit_home(fm_kernel_cpu(audit->kernel, 0)), SIM_AUDIT_FREE_BYTES, counted,
               free_frames * FM_PAGE_SIZE, "%s", "all CPUs");
}
