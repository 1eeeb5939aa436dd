/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Units of the kernel side, one type for each.
 *
 * A physical address, a kernel virtual address and a frame number are all 64-bit
 * numbers, and mixing them is the classic mistake of this domain.  Each is a struct
 * of one field here, so a mix-up does not compile.  Ranges are half open: the start
 * belongs to the range, the end does not.
 *
 * Everything in this header is pure arithmetic: any thread may call it at any time.
 */
#ifndef FM_TYPES_H
#define FM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define FM_STATIC_ASSERT(cond, text) static_assert(cond, text)
#define FM_ALIGNOF(type)             alignof(type)
#else
#define FM_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
#define FM_ALIGNOF(type)             _Alignof(type)
#endif

/* A result that must not be dropped on the floor. */
#define FM_MUST_USE       __attribute__((warn_unused_result))
#define FM_NORETURN       __attribute__((noreturn))
#define FM_LIKELY(cond)   __builtin_expect(!!(cond), 1)
#define FM_UNLIKELY(cond) __builtin_expect(!!(cond), 0)
#define FM_PAGE_SHIFT     12
#define FM_PAGE_SIZE      ((uint64_t)1 << FM_PAGE_SHIFT) /* bytes */
#define FM_PAGE_MASK      (FM_PAGE_SIZE - 1)

#define FM_4GIB ((uint64_t)1 << 32)

/* A physical address, in bytes. */
typedef struct {
  uint64_t raw;
} fm_paddr;

/* A virtual address in the kernel half of the address space, in bytes: what the
 * kernel would store in memory.  Never dereferenced as it stands; see fm/port.h. */
typedef struct {
  uint64_t raw;
} fm_kaddr;

/* A physical frame number: physical address / 4096. */
typedef struct {
  uint64_t nr;
} fm_pfn;

/* Physical addresses from start up to, not including, end. */
struct fm_range {
  fm_paddr start;
  fm_paddr end;
};

static inline fm_paddr fm_paddr_of(uint64_t raw)
{
  fm_paddr paddr;
  paddr.raw = raw;
  return paddr;
}

static inline fm_kaddr fm_kaddr_of(uint64_t raw)
{
  fm_kaddr kaddr;
  kaddr.raw = raw;
  return kaddr;
}

static inline struct fm_range fm_range_of(uint64_t start, uint64_t end)
{
  struct fm_range range;
  range.start = fm_paddr_of(start);
  range.end = fm_paddr_of(end);
  return range;
}

static inline fm_pfn fm_pfn_of_paddr(fm_paddr paddr)
{
  fm_pfn pfn;
  pfn.nr = paddr.raw >> FM_PAGE_SHIFT;
  return pfn;
}

static inline fm_paddr fm_paddr_add(fm_paddr paddr, uint64_t bytes)
{
  return fm_paddr_of(paddr.raw + bytes);
}

static inline bool fm_is_page_aligned(uint64_t value)
{
  return (value & FM_PAGE_MASK) == 0;
}

static inline uint64_t fm_page_down(uint64_t value)
{
  return value & ~FM_PAGE_MASK;
}

/* Rounds up to a page; values in the last page of 2^64 wrap to 0, so callers check
 * their input first. */
static inline uint64_t fm_page_up(uint64_t value)
{
  return (value + FM_PAGE_MASK) & ~FM_PAGE_MASK;
}

static inline uint64_t fm_range_size(struct fm_range range)
{
  return range.end.raw - range.start.raw;
}

static inline bool fm_range_is_empty(struct fm_range range)
{
  return range.start.raw >= range.end.raw;
}

static inline bool fm_range_has(struct fm_range range, fm_paddr paddr)
{
  return paddr.raw >= range.start.raw && paddr.raw < range.end.raw;
}

#endif
