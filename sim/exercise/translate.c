/* SPDX-License-Identifier: MPL-2.0 */
/* translate: virtual addresses through the page tables of a process. */
#include <inttypes.h>

#include "sim/exercise/internal.h"
#include "sim/pagemap.h"

/* Where pages may be: neighbours in one table, and far away in others. */
static const uint64_t bases[] = {UINT64_C(0x400000), UINT64_C(0x40000000), UINT64_C(0x8000000000),
                                 UINT64_C(0x7fff00000000)};

static fm_paddr root_of(const sim_run *run)
{
  const struct sim_process *process = sim_os_processes(run->os)->pdata[0];
  return fm_slot_paddr(process->space.root.slot);
}

static void say_entry(const struct sim_pagemap_entry *entry, void *data)
{
  sim_exercise_say(data, "      level %u, table 0x%07" PRIx64 ", entry %3u = 0x%016" PRIx64,
                   entry->level, entry->node.raw, entry->index, entry->pte.raw);
}

static char *way(const struct sim_translation *walk)
{
  GString *text = g_string_new("entries");
  for (guint i = 0; i < walk->nr_steps; i++)
    g_string_append_printf(text, "%s %u", i == 0 ? "" : ",", walk->steps[i].index);
  g_string_append(text, " from level 4 down");
  return g_string_free(text, FALSE);
}

/* A byte in a page that is mapped, or in one beside it that may not be. */
static bool ask_address(sim_exercise *exercise, const sim_run *run, uint64_t va)
{
  struct sim_request request = {.va = va, .user = true, .quiet = true};
  struct sim_translation walk;
  struct sim_fault fault;
  bool found = sim_mmu_walk(run->machine, root_of(run), request, &walk, &fault);
  g_autofree char *path = way(&walk);
  char *reason = found ? g_strdup_printf("%s; the page is 0x%" PRIx64 ", the offset 0x%" PRIx64,
                                         path, fm_page_down(walk.paddr.raw), va & FM_PAGE_MASK)
                       : g_strdup_printf("%s; the last of them is not present", path);
  sim_exercise_ask(exercise, g_strdup_printf("0x%" PRIx64, va),
                   found ? g_strdup_printf("0x%" PRIx64, walk.paddr.raw) : g_strdup("fault"),
                   reason);
  return found;
}

bool sim_exercise_translate(sim_exercise *exercise, struct sim_rng *rng)
{
  g_autoptr(GString) script =
      g_string_new("framesim 1\nmachine { ram 32M  kernel 2M 1M }\nboot\nprocess p\n");
  g_autoptr(GArray) pages = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  guint found = 0;
  for (guint i = 0; i < 2 + exercise->size / 2; i++) {
    uint64_t va = bases[sim_rng_below(rng, G_N_ELEMENTS(bases))] + sim_rng_below(rng, 6) * 0x1000;
    g_array_append_val(pages, va);
    g_string_append_printf(script, "map p at 0x%" PRIx64 " or a%u\n", va, i);
    g_string_append_printf(script, "write p at 0x%" PRIx64 " %u or b%u\n", va, i, i);
  }
  g_string_append(script, "end expecting leak p\n");
  struct sim_exercise_run *run = sim_exercise_run(exercise, script->str);
  if (run == NULL)
    return false;
  sim_exercise_say(exercise, "CR3 is 0x%" PRIx64 ".  These entries are present, all others are 0:",
                   root_of(run->run).raw);
  sim_pagemap_each(run->run->machine, root_of(run->run), say_entry, exercise);
  sim_exercise_say(exercise, "Bits 12 to 51 of an entry are an address, bit 0 is 'present'.  Bits "
                             "47-39, 38-30,\n29-21 and 20-12 of a virtual address are the indices "
                             "of levels 4, 3, 2 and 1.\nWhich physical address does each of these "
                             "have, or is it a fault?");
  for (guint i = 0; i < exercise->size; i++) {
    uint64_t page = g_array_index(pages, uint64_t, sim_rng_below(rng, pages->len));
    uint64_t va = (sim_rng_below(rng, 3) == 0 ? page ^ 0x1000 : page) + 8 * sim_rng_below(rng, 512);
    g_autofree char *text = g_strdup_printf("0x%" PRIx64, va);
    if (sim_exercise_has(exercise, text))
      continue;
    found += ask_address(exercise, run->run, va);
  }
  sim_exercise_run_free(run);
  return exercise->questions->len == exercise->size && found != 0 &&
         (exercise->size == 1 || found < exercise->size);
}
