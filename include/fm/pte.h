/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Page-table entries of x86-64 with four levels.
 *
 *   63   52 51                              12 11  9 8 7 6 5 4 3 2 1 0
 *  +--+----+----------------------------------+-----+-+-+-+-+-+-+-+-+-+
 *  |NX|soft| physical address                 |     |G|L|D|A|C|T|U|W|P|
 *  +--+----+----------------------------------+-----+-+-+-+-+-+-+-+-+-+
 *
 *   P present   W writable   U user   T write-through   C no-cache   A accessed   D dirty
 *   L leaf: a huge page at levels 2 and 3; at level 1 the processor reads it as a PAT bit,
 *     and it is always set here, so that an entry without P is still known as a leaf
 *   G global    NX no-execute   soft: bits 52 and 53, ignored by the processor
 *
 * An entry is valid if P or L is set; a valid one owns a reference to what it points to,
 * untracked leaves excepted.  Bit 52 of a leaf: in a user table set means untracked memory
 * (of a device), in a kernel table set means a tracked frame.
 *
 * Levels count from 1 (entries are pages) to 4 (the root).  Addresses are virtual ones of
 * the simulated machine, sizes bytes.  Everything here is pure arithmetic.
 */
#ifndef FM_PTE_H
#define FM_PTE_H

#include <fm/types.h>

#define FM_PT_LEVELS     4u
#define FM_PT_ENTRIES    512u
#define FM_PT_LEAF_LEVEL 3u /* the highest level at which a page may be: 1 GiB */

#define FM_PTE_PRESENT       (UINT64_C(1) << 0)
#define FM_PTE_WRITABLE      (UINT64_C(1) << 1)
#define FM_PTE_USER          (UINT64_C(1) << 2)
#define FM_PTE_WRITE_THROUGH (UINT64_C(1) << 3)
#define FM_PTE_NO_CACHE      (UINT64_C(1) << 4)
#define FM_PTE_ACCESSED      (UINT64_C(1) << 5)
#define FM_PTE_DIRTY         (UINT64_C(1) << 6)
#define FM_PTE_LEAF          (UINT64_C(1) << 7)
#define FM_PTE_GLOBAL        (UINT64_C(1) << 8)
#define FM_PTE_SOFT_52       (UINT64_C(1) << 52)
#define FM_PTE_SOFT_53       (UINT64_C(1) << 53)
#define FM_PTE_NO_EXECUTE    (UINT64_C(1) << 63)
#define FM_PTE_ADDRESS       UINT64_C(0x000ffffffffff000)
#define FM_PTE_TABLE         (FM_PTE_PRESENT | FM_PTE_WRITABLE | FM_PTE_USER)

typedef struct {
  uint64_t raw;
} fm_pte;

/* What may be done with a page, and what the processor noted of it. */
enum fm_page_flags {
  FM_PAGE_READ = 1 << 0, /* without it every access faults, and the frame stays owned */
  FM_PAGE_WRITE = 1 << 1,
  FM_PAGE_EXEC = 1 << 2,
  FM_PAGE_USER = 1 << 3,
  FM_PAGE_GLOBAL = 1 << 4,
  FM_PAGE_ACCESSED = 1 << 5,
  FM_PAGE_DIRTY = 1 << 6,
};

/* By (no-cache, write-through), as the PAT is set up: its upper half repeats the lower. */
enum fm_cache_policy {
  FM_CACHE_WRITE_BACK,
  FM_CACHE_WRITE_THROUGH,
  FM_CACHE_WRITE_COMBINING,
  FM_CACHE_UNCACHEABLE,
};

struct fm_page_prop {
  uint32_t flags; /* enum fm_page_flags */
  uint32_t cache; /* enum fm_cache_policy */
};

static inline struct fm_page_prop fm_page_prop_of(uint32_t flags)
{
  struct fm_page_prop prop;
  prop.flags = flags;
  prop.cache = FM_CACHE_WRITE_BACK;
  return prop;
}

/* ---- Addresses ---- */

/* Bytes that one entry of this level covers. */
static inline uint64_t fm_pt_page_size(uint32_t level)
{
  return FM_PAGE_SIZE << (9 * (level - 1));
}

/* Which entry of a table of this level an address goes through. */
static inline uint32_t fm_pt_index(uint64_t va, uint32_t level)
{
  return (uint32_t)(va >> (FM_PAGE_SHIFT + 9 * (level - 1))) % FM_PT_ENTRIES;
}

/* The highest level up to `max` of a page that can begin at both addresses and is over within
 * `size` bytes, which are at least one small page. */
static inline uint32_t fm_pt_largest_level(uint64_t va, uint64_t paddr, uint64_t size, uint32_t max)
{
  uint32_t level = max;
  while (level > 1 &&
         (((va | paddr) & (fm_pt_page_size(level) - 1)) != 0 || size < fm_pt_page_size(level)))
    level--;
  return level;
}

/* Bits 47 to 63 are all equal. */
static inline bool fm_va_is_canonical(uint64_t va)
{
  uint64_t top = va >> 47;
  return top == 0 || top == UINT64_C(0x1ffff);
}

/* ---- Entries ---- */

static inline bool fm_pte_is_valid(fm_pte pte)
{
  return (pte.raw & (FM_PTE_PRESENT | FM_PTE_LEAF)) != 0;
}

/* Whether it points to a table. */
static inline bool fm_pte_is_table(fm_pte pte, uint32_t level)
{
  return level > 1 && (pte.raw & (FM_PTE_PRESENT | FM_PTE_LEAF)) == FM_PTE_PRESENT;
}

static inline fm_paddr fm_pte_paddr(fm_pte pte)
{
  return fm_paddr_of(pte.raw & FM_PTE_ADDRESS);
}

static inline fm_pte fm_pte_of_table(fm_paddr node)
{
  fm_pte pte;
  pte.raw = node.raw | FM_PTE_TABLE;
  return pte;
}

static inline uint64_t fm_page_bits(struct fm_page_prop prop)
{
  uint32_t flags = prop.flags;
  uint64_t bits = FM_PTE_LEAF;
  bits |= (flags & FM_PAGE_READ) != 0 ? FM_PTE_PRESENT : 0;
  bits |= (flags & FM_PAGE_WRITE) != 0 ? FM_PTE_WRITABLE : 0;
  bits |= (flags & FM_PAGE_EXEC) != 0 ? 0 : FM_PTE_NO_EXECUTE;
  bits |= (flags & FM_PAGE_USER) != 0 ? FM_PTE_USER : 0;
  bits |= (flags & FM_PAGE_GLOBAL) != 0 ? FM_PTE_GLOBAL : 0;
  bits |= (flags & FM_PAGE_ACCESSED) != 0 ? FM_PTE_ACCESSED : 0;
  bits |= (flags & FM_PAGE_DIRTY) != 0 ? FM_PTE_DIRTY : 0;
  bits |= (prop.cache & 1) != 0 ? FM_PTE_WRITE_THROUGH : 0;
  bits |= (prop.cache & 2) != 0 ? FM_PTE_NO_CACHE : 0;
  return bits;
}

static inline fm_pte fm_pte_of_page(fm_paddr paddr, struct fm_page_prop prop, bool bit52)
{
  fm_pte pte;
  pte.raw = paddr.raw | fm_page_bits(prop) | (bit52 ? FM_PTE_SOFT_52 : 0);
  return pte;
}

static inline struct fm_page_prop fm_pte_prop(fm_pte pte)
{
  struct fm_page_prop prop;
  prop.flags = ((pte.raw & FM_PTE_PRESENT) != 0 ? (uint32_t)FM_PAGE_READ : 0) |
               ((pte.raw & FM_PTE_WRITABLE) != 0 ? (uint32_t)FM_PAGE_WRITE : 0) |
               ((pte.raw & FM_PTE_NO_EXECUTE) != 0 ? 0 : (uint32_t)FM_PAGE_EXEC) |
               ((pte.raw & FM_PTE_USER) != 0 ? (uint32_t)FM_PAGE_USER : 0) |
               ((pte.raw & FM_PTE_GLOBAL) != 0 ? (uint32_t)FM_PAGE_GLOBAL : 0) |
               ((pte.raw & FM_PTE_ACCESSED) != 0 ? (uint32_t)FM_PAGE_ACCESSED : 0) |
               ((pte.raw & FM_PTE_DIRTY) != 0 ? (uint32_t)FM_PAGE_DIRTY : 0);
  prop.cache = (uint32_t)(pte.raw / FM_PTE_WRITE_THROUGH) & 3;
  return prop;
}

#endif
