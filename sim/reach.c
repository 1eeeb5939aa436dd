/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The kernel side reaches for physical memory: does the page table in CR3 map it?
 *
 * Looks at the tables where they lie in RAM, as the processor would, and ends the kernel with
 * a page fault where they do not map the linear window one to one.
 */
#include <fm/bootpt.h>
#include <inttypes.h>

#include "sim/hook.h"
#include "sim/internal.h"

static const uint64_t *table_at(const struct sim_machine *machine, uint64_t paddr)
{
  if (paddr >= machine->memory)
    return NULL;
  return (const uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + paddr);
}

/* Whether `va` is mapped to `paddr`; *ret_size: bytes of the page, or of the hole. */
static bool is_mapped(const struct sim_machine *machine, uint64_t root, uint64_t va, uint64_t paddr,
                      uint64_t *ret_size)
{
  uint64_t node = root;
  for (uint32_t level = FM_PT_LEVELS;; level--) {
    const uint64_t *entries = table_at(machine, node);
    *ret_size = fm_pt_page_size(level);
    if (entries == NULL)
      return false;
    fm_pte pte = {__atomic_load_n(&entries[fm_pt_index(va, level)], __ATOMIC_RELAXED)};
    if ((pte.raw & FM_PTE_PRESENT) == 0)
      return false;
    node = fm_pte_paddr(pte).raw;
    if (!fm_pte_is_table(pte, level))
      return (node & ~(*ret_size - 1)) == (paddr & ~(*ret_size - 1));
  }
}

static uint64_t current_root(const struct sim_machine *machine)
{
  const struct fm_cpu_block *block = fm_port_this_cpu.block;
  return block != NULL ? block->cr3 : machine->image.raw + FM_IMAGE_TABLES;
}

/* Where the part of the linear window that begins at 0 ends: the first address that is not
 * mapped. */
static uint64_t mapped_end(const struct sim_machine *machine, uint64_t root)
{
  uint64_t at = 0;
  uint64_t size;
  while (at < machine->memory && is_mapped(machine, root, FM_LINEAR_BASE + at, at, &size))
    at += size;
  return at;
}

/* Panics do not return to free anything, so texts are made in place; the panic copies. */

FM_NORETURN static void fault(const struct sim_machine *machine, uint64_t root, uint64_t paddr,
                              const char *doing)
{
  char text[SIM_PANIC_SIZE];
  g_snprintf(text, sizeof(text),
             "page fault: %s at 0x%" PRIx64 " (physical 0x%" PRIx64
             "), which is not mapped: CR3 is "
             "0x%" PRIx64 "%s, and maps the memory below 0x%" PRIx64,
             doing, FM_LINEAR_BASE + paddr, paddr, root,
             root == machine->image.raw + FM_IMAGE_TABLES ? ", the boot page table" : "",
             mapped_end(machine, root));
  fm_port_panic(text);
}

FM_NORETURN static void no_memory(uint64_t paddr, const char *doing)
{
  char text[SIM_PANIC_SIZE];
  g_snprintf(text, sizeof(text),
             "page fault: %s at 0x%" PRIx64 ": there is no memory at physical 0x%" PRIx64, doing,
             FM_LINEAR_BASE + paddr, paddr);
  fm_port_panic(text);
}

static void reach(fm_paddr paddr, uint64_t size, const char *doing)
{
  struct sim_machine *machine = sim_machine_here;
  if (machine == NULL || paddr.raw >= machine->memory || size > machine->memory - paddr.raw)
    no_memory(paddr.raw, doing);
  uint64_t root = current_root(machine);
  uint64_t end = paddr.raw + (size != 0 ? size : 1);
  for (uint64_t at = paddr.raw; at < end;) {
    uint64_t page;
    if (!is_mapped(machine, root, FM_LINEAR_BASE + at, at, &page)) {
      machine->reached_unmapped = true;
      fault(machine, root, at, doing);
    }
    at = (at & ~(page - 1)) + page;
  }
}

void fm_port_reach(fm_paddr paddr, uint64_t size, const char *doing)
{
  reach(paddr, size, doing);
}

void fm_hook_linear(uint64_t paddr, uint64_t size)
{
  reach(fm_paddr_of(paddr), size, "an access through the linear window");
  struct sim_observer *observer = sim_observer;
  if (observer != NULL && observer->reach != NULL)
    observer->reach(observer, (void *)(uintptr_t)(FM_LINEAR_WINDOW + paddr), size);
}
