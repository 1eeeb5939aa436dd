/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The processor's memory management unit, in software.
 *
 *   sim_mmu_walk()        page tables -> physical address, or the fault that would be raised
 *   sim_mmu_translate()   the same through the TLB of a CPU, as an access would go
 *   sim_mmu_flush...()    what invlpg and a load of CR3 do
 *
 * The tables are read where they lie in RAM; the root is the CPU's cr3.  Four levels, no
 * process-context identifiers, write protection for supervisors too (CR0.WP), no SMAP and
 * SMEP.  A walk sets accessed and dirty bits as the processor does.
 *
 * A TLB may be stale: nothing but a flush, room for another entry, or an access that it does
 * not allow takes an entry out.
 * It holds 64 translations of 4 KiB pages and 16 of huge ones, in sets of four; a full set
 * gives up its entries in turn.
 *
 * One thread per CPU.  Addresses are those of the simulated machine.
 */
#ifndef SIM_MMU_H
#define SIM_MMU_H

#include <fm/pte.h>
#include <sim/machine.h>

G_BEGIN_DECLS

enum sim_access { SIM_ACCESS_READ, SIM_ACCESS_WRITE, SIM_ACCESS_EXEC };

/* Error code of a page fault. */
#define SIM_FAULT_PRESENT  (1u << 0) /* a protection was violated; else nothing is mapped */
#define SIM_FAULT_WRITE    (1u << 1)
#define SIM_FAULT_USER     (1u << 2)
#define SIM_FAULT_RESERVED (1u << 3) /* a reserved bit is set in an entry */
#define SIM_FAULT_FETCH    (1u << 4)

enum sim_fault_kind {
  SIM_FAULT_NONE,
  SIM_FAULT_PAGE,       /* #PF, with a code */
  SIM_FAULT_PROTECTION, /* #GP: the address is not canonical */
  SIM_FAULT_BUS,        /* a table or page lies where there is no memory */
  SIM_FAULT_NO_ROOT,    /* no page table is active on this CPU */
};

struct sim_fault {
  enum sim_fault_kind kind;
  uint64_t va;
  uint32_t code;    /* SIM_FAULT_PAGE */
  uint32_t level;   /* of the entry that decided it, or of the missing table; 0: none */
  const char *text; /* why, in plain words: static */
};

/* One level of a walk. */
struct sim_walk_step {
  uint32_t level;
  uint32_t index;
  fm_paddr node;
  fm_pte pte;
};

struct sim_translation {
  fm_paddr paddr; /* of the byte */
  uint32_t level; /* of the page: it has fm_pt_page_size(level) bytes */
  uint64_t page;  /* its first virtual address */
  bool writable;  /* by what all levels allow */
  bool user;
  bool executable;
  bool global;
  bool dirty;
  uint64_t pte; /* the leaf, as it was read */
  uint32_t nr_steps;
  struct sim_walk_step steps[FM_PT_LEVELS];
};

/* What an access wants. */
struct sim_request {
  uint64_t va;
  enum sim_access access;
  bool user;  /* from user mode */
  bool quiet; /* only look: no accessed or dirty bit, no change of a TLB, no step for schedules */
};

/* Walks the tables below `root`.  False: *ret_fault says why, and *ret has the steps so far;
 * all of it if the walk came to a page, but there is no memory (SIM_FAULT_BUS). */
bool sim_mmu_walk(const sim_machine *machine, fm_paddr root, struct sim_request request,
                  struct sim_translation *ret, struct sim_fault *ret_fault);

/* One entry of a TLB, and where it came from. */
struct sim_tlb_entry {
  bool valid;
  uint64_t page;
  uint32_t level;
  fm_paddr paddr; /* of the page's first byte */
  bool writable;
  bool user;
  bool executable;
  bool global;
  bool dirty;
  uint64_t root; /* cr3 when it was filled */
  uint64_t tag;  /* the caller's, given at the fill */
};

typedef struct sim_mmu sim_mmu;

/* The TLBs of all CPUs of a booted machine, empty. */
sim_mmu *sim_mmu_new(sim_machine *machine);
sim_mmu *sim_mmu_free(sim_mmu *mmu);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_mmu, sim_mmu_free)

/*
 * Translates as an access of that CPU would: an entry of its TLB that allows the access, or
 * a walk that fills one, with `tag`.  A first write through an entry that is not dirty walks
 * again, as processors do.  *ret_hit, if not NULL: the entry that was used without a walk,
 * or NULL.
 */
bool sim_mmu_translate(sim_mmu *mmu, uint32_t cpu, struct sim_request request, uint64_t tag,
                       fm_paddr *ret, const struct sim_tlb_entry **ret_hit,
                       struct sim_fault *ret_fault);

/* invlpg over a range, on one CPU: global entries too. */
void sim_mmu_flush(sim_mmu *mmu, uint32_t cpu, uint64_t start, uint64_t end);

/* A load of CR3: all but global entries; with `global` those too. */
void sim_mmu_flush_all(sim_mmu *mmu, uint32_t cpu, bool global);

/* The valid entries of a CPU, by address; container to be freed, entries borrowed until the
 * next translation or flush. */
GPtrArray *sim_mmu_entries(const sim_mmu *mmu, uint32_t cpu);

/* "page fault at 0x1000, code 0x6 (write from user mode): nothing is mapped there": newly
 * allocated. */
char *sim_fault_to_string(const struct sim_fault *fault);

G_END_DECLS

#endif
