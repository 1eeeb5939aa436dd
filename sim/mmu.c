/* SPDX-License-Identifier: MPL-2.0 */
/* Walking page tables as the processor does. */
#include <inttypes.h>
#include <sim/mmu.h>

#include "sim/hook.h"
#include "sim/internal.h"

/* ---- Entries in RAM ---- */

static uint64_t *entry_at(fm_paddr paddr)
{
  return (uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + paddr.raw);
}

static bool is_memory(const sim_machine *machine, fm_paddr paddr)
{
  return paddr.raw < machine->memory;
}

/* Accesses of the processor are steps for schedules, as those of the kernel are. */
static uint64_t load_entry(uint64_t *where, bool quiet)
{
  struct fm_access access = {.site = FM_SITE_MMU_LOAD,
                             .kind = FM_ACCESS_LOAD,
                             .order = FM_ORDER_ACQUIRE,
                             .size = sizeof(uint64_t),
                             .where = where};
  if (quiet || sim_observer == NULL)
    return __atomic_load_n(where, __ATOMIC_ACQUIRE);
  fm_hook_access(&access);
  return access.seen;
}

/* Sets bits, if the entry still is what was read; else the walk begins again. */
static bool note_use(uint64_t *where, uint64_t seen, uint64_t bits)
{
  struct fm_access access = {.site = FM_SITE_MMU_MARK,
                             .kind = FM_ACCESS_CAS,
                             .order = FM_ORDER_ACQUIRE,
                             .size = sizeof(uint64_t),
                             .where = where,
                             .expected = seen,
                             .operand = seen | bits};
  if ((seen & bits) == bits)
    return true;
  fm_hook_access(&access);
  return access.done;
}

/* ---- Faults ---- */

static bool fail(struct sim_fault *ret, struct sim_request request, enum sim_fault_kind kind,
                 uint32_t level, uint32_t code, const char *text)
{
  if (request.access == SIM_ACCESS_WRITE)
    code |= SIM_FAULT_WRITE;
  if (request.access == SIM_ACCESS_EXEC)
    code |= SIM_FAULT_FETCH;
  if (request.user)
    code |= SIM_FAULT_USER;
  *ret = (struct sim_fault){kind, request.va, kind == SIM_FAULT_PAGE ? code : 0, level, text};
  return false;
}

char *sim_fault_to_string(const struct sim_fault *fault)
{
  static const char *const accesses[] = {"read", "write", "fetch"};
  switch (fault->kind) {
  case SIM_FAULT_PROTECTION:
    return g_strdup_printf("general protection fault at 0x%" PRIx64 ": %s", fault->va, fault->text);
  case SIM_FAULT_BUS:
  case SIM_FAULT_NO_ROOT:
    return g_strdup_printf("machine check at 0x%" PRIx64 ": %s", fault->va, fault->text);
  case SIM_FAULT_NONE:
    return g_strdup("no fault");
  case SIM_FAULT_PAGE:
    break;
  }
  int access = (fault->code & SIM_FAULT_FETCH) != 0 ? 2 : (fault->code & SIM_FAULT_WRITE) != 0;
  return g_strdup_printf("page fault at 0x%" PRIx64 ", code 0x%x (%s from %s mode): %s", fault->va,
                         fault->code, accesses[access],
                         (fault->code & SIM_FAULT_USER) != 0 ? "user" : "supervisor", fault->text);
}

/* ---- The walk ---- */

/* Bits that must be 0 in an entry: L at level 4, and the low address bits of huge pages but
 * for their PAT bit, which is bit 12. */
static uint64_t reserved_bits(fm_pte pte, uint32_t level)
{
  if (level == FM_PT_LEVELS)
    return FM_PTE_LEAF;
  if (level == 1 || (pte.raw & FM_PTE_LEAF) == 0)
    return 0;
  return (fm_pt_page_size(level) - 1) & ~UINT64_C(0x1fff);
}

/* A right that all levels must give; the highest that does not decides. */
static bool deny(struct sim_request request, const struct sim_translation *walk, uint64_t bit,
                 struct sim_fault *ret, const char *text)
{
  uint64_t denied = bit == FM_PTE_NO_EXECUTE ? bit : 0;
  uint32_t i = 0;
  while (i + 1 < walk->nr_steps && (walk->steps[i].pte.raw & bit) != denied)
    i++;
  return fail(ret, request, SIM_FAULT_PAGE, walk->steps[i].level, SIM_FAULT_PRESENT, text);
}

static bool may(struct sim_request request, const struct sim_translation *walk,
                struct sim_fault *ret)
{
  if (request.user && !walk->user)
    return deny(request, walk, FM_PTE_USER, ret, "the page is the kernel's");
  if (request.access == SIM_ACCESS_WRITE && !walk->writable)
    return deny(request, walk, FM_PTE_WRITABLE, ret, "the page may not be written");
  if (request.access == SIM_ACCESS_EXEC && !walk->executable)
    return deny(request, walk, FM_PTE_NO_EXECUTE, ret, "the page may not be executed");
  return true;
}

/* One level down; true: `pte` is the leaf or points to a table. */
static bool read_level(const sim_machine *machine, struct sim_request request, fm_paddr node,
                       uint32_t level, struct sim_translation *walk, struct sim_fault *ret)
{
  struct sim_walk_step *step = &walk->steps[walk->nr_steps];
  if (!is_memory(machine, node))
    return fail(ret, request, SIM_FAULT_BUS, level, 0, "a table lies where there is no memory");
  *step =
      (struct sim_walk_step){.level = level, .index = fm_pt_index(request.va, level), .node = node};
  step->pte.raw =
      load_entry(entry_at(fm_paddr_add(node, step->index * sizeof(fm_pte))), request.quiet);
  walk->nr_steps++;
  walk->level = level;
  if ((step->pte.raw & FM_PTE_PRESENT) == 0)
    return fail(ret, request, SIM_FAULT_PAGE, level, 0, "nothing is mapped there");
  if ((step->pte.raw & reserved_bits(step->pte, level)) != 0)
    return fail(ret, request, SIM_FAULT_PAGE, level, SIM_FAULT_PRESENT | SIM_FAULT_RESERVED,
                "a reserved bit is set in an entry");
  walk->writable &= (step->pte.raw & FM_PTE_WRITABLE) != 0;
  walk->user &= (step->pte.raw & FM_PTE_USER) != 0;
  walk->executable &= (step->pte.raw & FM_PTE_NO_EXECUTE) == 0;
  return true;
}

/* Accessed bits on the way, and the dirty bit of the page.  False: an entry has changed. */
static bool note_walk(struct sim_request request, struct sim_translation *walk)
{
  for (uint32_t i = 0; i < walk->nr_steps && !request.quiet; i++) {
    struct sim_walk_step *step = &walk->steps[i];
    bool leaf = i + 1 == walk->nr_steps;
    uint64_t bits = FM_PTE_ACCESSED;
    if (leaf && request.access == SIM_ACCESS_WRITE)
      bits |= FM_PTE_DIRTY;
    if (!note_use(entry_at(fm_paddr_add(step->node, step->index * sizeof(fm_pte))), step->pte.raw,
                  bits))
      return false;
    step->pte.raw |= bits;
  }
  return true;
}

static void finish(struct sim_request request, struct sim_translation *walk)
{
  fm_pte leaf = walk->steps[walk->nr_steps - 1].pte;
  uint64_t size = fm_pt_page_size(walk->level);
  walk->pte = leaf.raw;
  walk->page = request.va & ~(size - 1);
  walk->paddr = fm_paddr_of((fm_pte_paddr(leaf).raw & ~(size - 1)) | (request.va & (size - 1)));
  walk->global = (leaf.raw & FM_PTE_GLOBAL) != 0;
  walk->dirty = (leaf.raw & FM_PTE_DIRTY) != 0;
}

bool sim_mmu_walk(const sim_machine *machine, fm_paddr root, struct sim_request request,
                  struct sim_translation *ret, struct sim_fault *ret_fault)
{
  *ret = (struct sim_translation){0};
  if (!fm_va_is_canonical(request.va))
    return fail(ret_fault, request, SIM_FAULT_PROTECTION, 0, 0, "the address is not canonical");
  do {
    *ret = (struct sim_translation){.writable = true, .user = true, .executable = true};
    fm_paddr node = root;
    uint32_t level = FM_PT_LEVELS;
    for (;; level--) {
      if (!read_level(machine, request, node, level, ret, ret_fault))
        return false;
      fm_pte pte = ret->steps[ret->nr_steps - 1].pte;
      if (level == 1 || (pte.raw & FM_PTE_LEAF) != 0)
        break;
      node = fm_pte_paddr(pte);
    }
    if (!may(request, ret, ret_fault))
      return false;
  } while (!note_walk(request, ret));
  finish(request, ret);
  if (!is_memory(machine, ret->paddr))
    return fail(ret_fault, request, SIM_FAULT_BUS, ret->level, 0,
                "the page lies where there is no memory");
  return true;
}
