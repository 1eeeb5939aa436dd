/* SPDX-License-Identifier: MPL-2.0 */
/* Where the bytes of the chunk table are: fm/chunk.h. */
#ifndef SRC_CHUNK_H
#define SRC_CHUNK_H

#include <fm/chunk.h>

/* Past all memory, so not through the linear mapping. */
static inline uint8_t *fm__chunk_table(const struct fm_kernel *kernel)
{
  return (uint8_t *)(uintptr_t)(FM_LINEAR_WINDOW + kernel->chunks);
}

static inline uint8_t *fm__chunk_byte(const struct fm_kernel *kernel, fm_paddr frame)
{
  return fm__chunk_table(kernel) + fm_pfn_of_paddr(frame).nr / FM_CHUNK_SLOTS;
}

static inline uint8_t *fm__page_byte(const struct fm_kernel *kernel, fm_paddr frame)
{
  return fm__chunk_table(kernel) + fm_chunk_count(kernel->nr_frames) +
         fm_pfn_of_paddr(frame).nr / FM_CHUNK_PAGE;
}

#endif
