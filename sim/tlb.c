/* SPDX-License-Identifier: MPL-2.0 */
/* The TLBs: what a CPU remembers of its walks, right or not. */
#include <sim/mmu.h>

#include "sim/internal.h"

#define WAYS       4u
#define SMALL_SETS 16u
#define HUGE_SETS  4u

struct set {
  struct sim_tlb_entry ways[WAYS];
  uint32_t next; /* to be given up */
};

struct tlb {
  struct set small[SMALL_SETS];
  struct set huge[HUGE_SETS]; /* levels 2 and 3, by 2 MiB */
};

struct sim_mmu {
  sim_machine *machine;
  uint32_t cpus;
  struct tlb tlbs[];
};

sim_mmu *sim_mmu_new(sim_machine *machine)
{
  uint32_t cpus = machine->kernel->cpus;
  sim_mmu *mmu = g_malloc0(sizeof(*mmu) + cpus * sizeof(struct tlb));
  mmu->machine = machine;
  mmu->cpus = cpus;
  return mmu;
}

sim_mmu *sim_mmu_free(sim_mmu *mmu)
{
  g_free(mmu);
  return NULL;
}

/* ---- Looking up ---- */

static struct set *set_of(struct tlb *tlb, uint64_t va, uint32_t level)
{
  if (level == 1)
    return &tlb->small[(va >> FM_PAGE_SHIFT) % SMALL_SETS];
  /* A page of 1 GiB is found under its first address. */
  return &tlb->huge[(va / fm_pt_page_size(level)) % HUGE_SETS];
}

static struct sim_tlb_entry *find_in(struct set *set, uint64_t va, uint32_t level)
{
  uint64_t page = va & ~(fm_pt_page_size(level) - 1);
  for (uint32_t i = 0; i < WAYS; i++) {
    struct sim_tlb_entry *entry = &set->ways[i];
    if (entry->page == page && entry->valid && entry->level == level)
      return entry;
  }
  return NULL;
}

static struct sim_tlb_entry *find(struct tlb *tlb, uint64_t va)
{
  struct sim_tlb_entry *entry = NULL;
  for (uint32_t level = 1; level <= FM_PT_LEAF_LEVEL && entry == NULL; level++)
    entry = find_in(set_of(tlb, va, level), va, level);
  return entry;
}

/* A walk that finds no way leaves none in the TLB, of whatever size. */
static void forget(struct tlb *tlb, uint64_t va)
{
  for (uint32_t level = 1; level <= FM_PT_LEAF_LEVEL; level++) {
    struct sim_tlb_entry *entry = find_in(set_of(tlb, va, level), va, level);
    if (entry != NULL)
      entry->valid = false;
  }
}

static bool allows(const struct sim_tlb_entry *entry, struct sim_request request)
{
  if (request.user && !entry->user)
    return false;
  if (request.access == SIM_ACCESS_WRITE)
    return entry->writable && entry->dirty;
  return request.access == SIM_ACCESS_READ || entry->executable;
}

/* A way that is free, or the next one in turn.  The page itself was forgotten before. */
static struct sim_tlb_entry *room_in(struct set *set)
{
  for (uint32_t i = 0; i < WAYS; i++)
    if (!set->ways[i].valid)
      return &set->ways[i];
  return &set->ways[set->next++ % WAYS];
}

static void fill(struct tlb *tlb, const struct sim_translation *walk, uint64_t root, uint64_t tag)
{
  struct set *set = set_of(tlb, walk->page, walk->level);
  *room_in(set) = (struct sim_tlb_entry){
      .valid = true,
      .page = walk->page,
      .level = walk->level,
      .paddr = fm_paddr_of(walk->paddr.raw & ~(fm_pt_page_size(walk->level) - 1)),
      .writable = walk->writable,
      .user = walk->user,
      .executable = walk->executable,
      .global = walk->global,
      .dirty = walk->dirty,
      .root = root,
      .tag = tag,
  };
}

/* A huge page may reach past the end of memory: only the byte is looked at. */
static bool hit(const struct sim_mmu *mmu, const struct sim_tlb_entry *entry, uint64_t va,
                fm_paddr *ret, struct sim_fault *ret_fault)
{
  fm_paddr paddr = fm_paddr_add(entry->paddr, va - entry->page);
  if (paddr.raw >= mmu->machine->linear_mapped) {
    *ret_fault = (struct sim_fault){.kind = SIM_FAULT_BUS,
                                    .va = va,
                                    .level = entry->level,
                                    .text = "the page lies where there is no memory"};
    return false;
  }
  *ret = paddr;
  return true;
}

bool sim_mmu_translate(sim_mmu *mmu, uint32_t cpu, struct sim_request request, uint64_t tag,
                       fm_paddr *ret, const struct sim_tlb_entry **ret_hit,
                       struct sim_fault *ret_fault)
{
  struct tlb *tlb = &mmu->tlbs[cpu];
  struct sim_tlb_entry *entry = find(tlb, request.va);
  if (ret_hit != NULL)
    *ret_hit = NULL;
  if (entry != NULL && allows(entry, request)) {
    if (!hit(mmu, entry, request.va, ret, ret_fault))
      return false;
    if (ret_hit != NULL)
      *ret_hit = entry;
    return true;
  }

  struct sim_translation walk;
  uint64_t root = fm_kernel_cpu(mmu->machine->kernel, cpu)->cr3;
  if (root == 0) {
    *ret_fault = (struct sim_fault){
        .kind = SIM_FAULT_NO_ROOT, .va = request.va, .text = "no page table is active on this CPU"};
    return false;
  }
  /* Entries that do not allow it are forgotten: the walk decides. */
  if (!request.quiet)
    forget(tlb, request.va);
  if (!sim_mmu_walk(mmu->machine, fm_paddr_of(root), request, &walk, ret_fault))
    return false;
  if (!request.quiet)
    fill(tlb, &walk, root, tag);
  *ret = walk.paddr;
  return true;
}

/* ---- Flushing ---- */

static void flush_set(struct set *set, uint64_t start, uint64_t end, bool global)
{
  for (uint32_t i = 0; i < WAYS; i++) {
    struct sim_tlb_entry *entry = &set->ways[i];
    uint64_t last = entry->page + (fm_pt_page_size(entry->level != 0 ? entry->level : 1) - 1);
    if (entry->valid && (global || !entry->global) && last >= start && entry->page < end)
      entry->valid = false;
  }
}

static void flush(struct tlb *tlb, uint64_t start, uint64_t end, bool global)
{
  for (uint32_t i = 0; i < SMALL_SETS; i++)
    flush_set(&tlb->small[i], start, end, global);
  for (uint32_t i = 0; i < HUGE_SETS; i++)
    flush_set(&tlb->huge[i], start, end, global);
}

void sim_mmu_flush(sim_mmu *mmu, uint32_t cpu, uint64_t start, uint64_t end)
{
  flush(&mmu->tlbs[cpu], start, end, true);
}

void sim_mmu_flush_all(sim_mmu *mmu, uint32_t cpu, bool global)
{
  flush(&mmu->tlbs[cpu], 0, UINT64_MAX, global);
}

/* ---- Showing ---- */

static int by_address(gconstpointer a, gconstpointer b)
{
  const struct sim_tlb_entry *x = *(struct sim_tlb_entry *const *)a;
  const struct sim_tlb_entry *y = *(struct sim_tlb_entry *const *)b;
  return x->page < y->page ? -1 : x->page > y->page;
}

static void add_valid(GPtrArray *entries, const struct set *set)
{
  for (uint32_t i = 0; i < WAYS; i++)
    if (set->ways[i].valid)
      g_ptr_array_add(entries, (gpointer)&set->ways[i]);
}

GPtrArray *sim_mmu_entries(const sim_mmu *mmu, uint32_t cpu)
{
  GPtrArray *entries = g_ptr_array_new();
  for (uint32_t i = 0; i < SMALL_SETS; i++)
    add_valid(entries, &mmu->tlbs[cpu].small[i]);
  for (uint32_t i = 0; i < HUGE_SETS; i++)
    add_valid(entries, &mmu->tlbs[cpu].huge[i]);
  g_ptr_array_sort(entries, by_address);
  return entries;
}
