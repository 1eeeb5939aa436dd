/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Page tables written by hand, word by word, and walks through them.
 *
 * One table for each level, behind one another from TEST_FRAME on, in the RAM of
 * test_machine; nobody owns the frames.  One thread.
 */
#ifndef FM_TESTS_UNIT_MMU_TABLES_H
#define FM_TESTS_UNIT_MMU_TABLES_H

#include <sim/mmu.h>
#include <string.h>

#include "tests/support.h"

#define HUGE_2 (UINT64_C(2) * MIB)

/* Bits of entries and of error codes, by their numbers. */
enum { P = 1, W = 2, U = 4, A = 1 << 5, D = 1 << 6, L = 1 << 7, G = 1 << 8 };
enum { CODE_P = 1, CODE_W = 2, CODE_U = 4, CODE_RSVD = 8, CODE_I = 16 };
#define NX (UINT64_C(1) << 63)

/* The addresses of different entries at each level: 3, 5, 2 and 8. */
#define VA ((UINT64_C(3) << 39) | (UINT64_C(5) << 30) | (UINT64_C(2) << 21) | (UINT64_C(8) << 12))

#define FRAME (6 * MIB) /* for pages of 4 KiB and 2 MiB; those of 1 GiB begin at 0 */

enum { REQUESTS = 6 };

static struct sim_translation walk;
static struct sim_fault fault;

/* ---- Tables ---- */

static inline fm_paddr table_of(uint32_t level)
{
  return fm_paddr_of(TEST_FRAME + level * FM_PAGE_SIZE);
}

static inline fm_paddr root(void)
{
  return table_of(4);
}

static inline uint64_t *entry(uint32_t level, uint64_t va)
{
  uint64_t *table = fm_linear(table_of(level), FM_PAGE_SIZE);
  return &table[va >> (12 + 9 * (level - 1)) & 511];
}

/* Where the page of this size that VA is in begins. */
static inline uint64_t frame_of(uint32_t level)
{
  return level == 3 ? 0 : FRAME;
}

static inline uint64_t size_of(uint32_t level)
{
  return level == 3 ? GIB : level == 2 ? HUGE_2 : FM_PAGE_SIZE;
}

static inline void clear_tables(void)
{
  for (uint32_t level = 1; level <= 4; level++)
    memset(fm_linear(table_of(level), FM_PAGE_SIZE), 0, FM_PAGE_SIZE);
}

/* A page of that level at `va`, with all rights; `extra` bits in the leaf. */
static inline void map(uint64_t va, uint32_t level, uint64_t extra)
{
  clear_tables();
  for (uint32_t i = 4; i > level; i--)
    *entry(i, va) = table_of(i - 1).raw | P | W | U;
  *entry(level, va) = frame_of(level) | P | W | U | (level > 1 ? L : 0) | extra;
}

/* ---- Walks ---- */

/* Read, write and fetch, by the supervisor and by the user. */
static inline struct sim_request request_of(int number)
{
  return (struct sim_request){
      .va = VA, .access = (enum sim_access)(number % 3), .user = number >= 3};
}

static inline uint32_t code_of(struct sim_request request)
{
  return (request.access == SIM_ACCESS_WRITE ? CODE_W : 0) |
         (request.access == SIM_ACCESS_EXEC ? CODE_I : 0) | (request.user ? CODE_U : 0);
}

static inline bool go(struct sim_request request)
{
  memset(&walk, 0xee, sizeof(walk));
  memset(&fault, 0xee, sizeof(fault));
  return sim_mmu_walk(test_machine, root(), request, &walk, &fault);
}

static inline bool read_at(uint64_t va)
{
  return go((struct sim_request){.va = va});
}

/* An assertion that passes costs a system call, and there are many thousands of these. */
#define expect(cond, ...)                                                                          \
  do {                                                                                             \
    if (!(cond))                                                                                   \
      ck_abort_msg(__VA_ARGS__);                                                                   \
  } while (0)

static inline void expect_fault(enum sim_fault_kind kind, uint64_t va, uint32_t code,
                                uint32_t level)
{
  expect(fault.kind == kind && fault.va == va && fault.code == code && fault.level == level &&
             fault.text != NULL,
         "kind %d, va 0x%llx, code 0x%x, level %u: not %d, 0x%llx, 0x%x, %u", fault.kind,
         (unsigned long long)fault.va, fault.code, fault.level, kind, (unsigned long long)va, code,
         level);
}

/* The words of all tables, to compare. */
static uint64_t words[4 * 512];

static inline uint64_t *all_words(void)
{
  return fm_linear(table_of(1), sizeof(words));
}

static inline void remember(void)
{
  memcpy(words, all_words(), sizeof(words));
}

static inline bool is_as_before(void)
{
  return memcmp(words, all_words(), sizeof(words)) == 0;
}

/* ---- Marks ---- */

/* Which marks are in the tables: accessed at each level, dirty at the page. */
static inline void expect_marks(uint32_t leaf, bool accessed, bool dirty)
{
  for (uint32_t level = leaf; level <= 4; level++) {
    uint64_t marks = *entry(level, VA) & (A | D);
    uint64_t wanted = (accessed ? A : 0) | (dirty && level == leaf ? D : 0);
    expect(marks == wanted, "level %u has marks 0x%llx, not 0x%llx", level,
           (unsigned long long)marks, (unsigned long long)wanted);
  }
}

#endif
