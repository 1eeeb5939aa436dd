/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/pagemap.h"

#include "sim/internal.h"

struct walk {
  const sim_machine *machine;
  sim_pagemap_visit visit;
  void *data;
};

/* The entries [first, end) of a node; `va` is what its entry 0 would cover. */
static void walk_node(const struct walk *walk, fm_paddr node, uint32_t level, uint64_t va,
                      uint32_t first, uint32_t end)
{
  if (node.raw >= walk->machine->memory)
    return;
  const uint64_t *entries = (const uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + node.raw);
  for (uint32_t i = first; i < end; i++) {
    fm_pte pte = {__atomic_load_n(&entries[i], __ATOMIC_ACQUIRE)};
    if (!fm_pte_is_valid(pte))
      continue;
    const struct sim_pagemap_entry entry = {.node = node,
                                            .level = level,
                                            .index = i,
                                            .va = va + i * fm_pt_page_size(level),
                                            .pte = pte,
                                            .is_table = fm_pte_is_table(pte, level)};
    walk->visit(&entry, walk->data);
    if (entry.is_table)
      walk_node(walk, fm_pte_paddr(pte), level - 1, entry.va, 0, FM_PT_ENTRIES);
  }
}

void sim_pagemap_each(const sim_machine *machine, fm_paddr root, sim_pagemap_visit visit,
                      void *data)
{
  const struct walk walk = {machine, visit, data};
  walk_node(&walk, root, FM_PT_LEVELS, 0, 0, FM_PT_ENTRIES / 2);
}

void sim_pagemap_each_kernel(const sim_machine *machine, fm_paddr root, sim_pagemap_visit visit,
                             void *data)
{
  const struct walk walk = {machine, visit, data};
  /* Sign-extended: entry 0 of the root would be at 2^64 - 2^48. */
  walk_node(&walk, root, FM_PT_LEVELS, UINT64_MAX << 48, FM_PT_ENTRIES / 2, FM_PT_ENTRIES);
}

struct frames {
  void (*each)(fm_paddr frame, void *data);
  void *data;
};

static void visit_frames(const struct sim_pagemap_entry *entry, void *data)
{
  const struct frames *frames = data;
  fm_paddr paddr = fm_pte_paddr(entry->pte);
  if (entry->is_table) {
    frames->each(paddr, frames->data);
    return;
  }
  if ((entry->pte.raw & FM_PTE_SOFT_52) != 0)
    return; /* untracked: owns nothing */
  for (uint64_t done = 0; done < fm_pt_page_size(entry->level); done += FM_PAGE_SIZE)
    frames->each(fm_paddr_add(paddr, done), frames->data);
}

void sim_pagemap_each_frame(const sim_machine *machine, fm_paddr root,
                            void (*each)(fm_paddr frame, void *data), void *data)
{
  struct frames frames = {each, data};
  sim_pagemap_each(machine, root, visit_frames, &frames);
}
