/* SPDX-License-Identifier: MPL-2.0 */
/* The way of an address through page tables. */
#include <inttypes.h>
#include <sim/mmu.h>
#include <stdio.h>

#include "tools/report.h"

static void print_step(const struct sim_walk_step *step)
{
  uint64_t raw = step->pte.raw;
  bool leaf = !fm_pte_is_table(step->pte, step->level);
  printf("  level %u: entry %3u of table 0x%" PRIx64 " = 0x%016" PRIx64, step->level, step->index,
         step->node.raw, raw);
  if ((raw & FM_PTE_PRESENT) == 0) {
    printf("  not present\n");
    return;
  }
  printf("  %s%c%c%s%s%s%s -> %s 0x%" PRIx64 "\n", (raw & FM_PTE_USER) != 0 ? "ur" : "-r",
         (raw & FM_PTE_WRITABLE) != 0 ? 'w' : '-', (raw & FM_PTE_NO_EXECUTE) == 0 ? 'x' : '-',
         (raw & FM_PTE_ACCESSED) != 0 ? "a" : "-", (raw & FM_PTE_DIRTY) != 0 ? "d" : "-",
         (raw & FM_PTE_GLOBAL) != 0 ? "g" : "-", (raw & FM_PTE_SOFT_52) != 0 ? "s" : "-",
         leaf ? "page" : "table", fm_pte_paddr(step->pte).raw);
}

int report_walk(const sim_machine *machine, fm_paddr root, uint64_t va)
{
  struct sim_request request = {.va = va, .access = SIM_ACCESS_READ, .quiet = true};
  struct sim_translation walk;
  struct sim_fault fault;
  bool found = sim_mmu_walk(machine, root, request, &walk, &fault);

  printf("%saddress 0x%" PRIx64 "%s, page table 0x%" PRIx64 "\n", cli_color(CLI_BOLD), va,
         cli_color(CLI_PLAIN), root.raw);
  for (uint32_t i = 0; i < walk.nr_steps; i++)
    print_step(&walk.steps[i]);
  if (found) {
    printf("  physical 0x%" PRIx64 "\n", walk.paddr.raw);
    return CLI_OK;
  }
  g_autofree char *text = sim_fault_to_string(&fault);
  printf("  %s\n", text);
  return CLI_OK;
}
