/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The TLBs of a machine with two CPUs, over page tables written by hand.
 *
 * tlb_setup() maps VA, and both CPUs have the tables' root in cr3.  One thread.
 */
#ifndef FM_TESTS_UNIT_TLB_SUPPORT_H
#define FM_TESTS_UNIT_TLB_SUPPORT_H

#include "tests/unit/mmu_tables.h"

/* Pages of 2 MiB and 1 GiB that are in no table of the small ones. */
#define VA_2 ((VA & ~(HUGE_2 - 1)) + 2 * HUGE_2)
#define VA_3 ((VA & ~(GIB - 1)) + 3 * GIB)

/* Addresses of this distance are in one set. */
#define STRIDE_1 (16 * FM_PAGE_SIZE)
#define STRIDE_2 (4 * HUGE_2)
#define STRIDE_3 (4 * GIB)

enum { WAYS = 4, TAG = 77 };

static sim_mmu *mmu;
static const struct sim_tlb_entry wrong_hit; /* until the call says which it was */
static const struct sim_tlb_entry *hit;
static fm_paddr found;

static inline void tlb_setup(void)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.cpus = 2;
  test_machine_boot_with(&config);
  map(VA, 1, 0);
  for (uint32_t cpu = 0; cpu < 2; cpu++)
    fm_kernel_cpu(test_kernel(), cpu)->cr3 = root().raw;
  mmu = sim_mmu_new(test_machine);
}

static inline void tlb_teardown(void)
{
  mmu = sim_mmu_free(mmu);
  test_teardown();
}

/* ---- Helpers ---- */

static inline bool translate(uint32_t cpu, struct sim_request request)
{
  memset(&fault, 0xee, sizeof(fault));
  found = fm_paddr_of(1);
  hit = &wrong_hit;
  return sim_mmu_translate(mmu, cpu, request, TAG, &found, &hit, &fault);
}

static inline struct sim_request reading(uint64_t va)
{
  return (struct sim_request){.va = va};
}

static inline struct sim_request writing(uint64_t va)
{
  return (struct sim_request){.va = va, .access = SIM_ACCESS_WRITE, .user = true};
}

/* Reads, which has to succeed; whether the TLB knew it. */
static inline bool hits_on(uint32_t cpu, uint64_t va)
{
  ck_assert(translate(cpu, reading(va)));
  return hit != NULL;
}

static inline bool hits(uint64_t va)
{
  return hits_on(0, va);
}

static inline guint nr_entries(uint32_t cpu)
{
  g_autoptr(GPtrArray) entries = sim_mmu_entries(mmu, cpu);
  return entries->len;
}

/* Looks without touching anything. */
static inline bool has(uint64_t page, uint32_t level)
{
  g_autoptr(GPtrArray) entries = sim_mmu_entries(mmu, 0);
  for (guint i = 0; i < entries->len; i++) {
    const struct sim_tlb_entry *at = entries->pdata[i];
    if (at->page == page && at->level == level)
      return true;
  }
  return false;
}

/* Another page beside the one of map(). */
static inline void map_more(uint64_t va, uint32_t level, uint64_t extra)
{
  *entry(level, va) = frame_of(level) | P | W | U | (level > 1 ? L : 0) | extra;
}

static inline uint64_t stride_of(uint32_t level)
{
  return level == 1 ? STRIDE_1 : level == 2 ? STRIDE_2 : STRIDE_3;
}

/* The i-th page of the first one's set. */
static inline uint64_t page_of(uint32_t level, uint64_t i)
{
  return (level == 1 ? VA : level == 2 ? VA_2 : VA_3) + i * stride_of(level);
}

#endif
