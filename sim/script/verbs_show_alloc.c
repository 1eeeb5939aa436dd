/* SPDX-License-Identifier: MPL-2.0 */
/* show freelist, show cpu: what the allocator holds, read from where it lies in RAM. */
#include <inttypes.h>

#include "sim/script/operate.h"
#include "sim/script/verbs_show.h"

#define ADDRESSES_SHOWN 6u
#define RUNS_SHOWN      20u

static void append_addresses(GString *line, const uint64_t *addresses, uint64_t count, uint64_t all)
{
  for (uint64_t i = 0; i < count; i++)
    g_string_append_printf(line, " 0x%" PRIx64, addresses[i]);
  if (count < all)
    g_string_append(line, " ...");
}

/* ---- buddy ---- */

/* The chunks of a pool, largest order last, front of each list first. */
static void show_pool(sim_run *run, const char *name, const struct fm_list *lists, uint32_t orders,
                      uint64_t size)
{
  sim_run_text(run, SIM_TEXT_OUTPUT, "      %s: 0x%" PRIx64 " bytes in chunks", name, size);
  for (uint32_t order = 0; order < orders; order++) {
    const struct fm_list *list = &lists[order];
    struct sim_list_walk walk = sim_list_walk_begin(list);
    uint64_t heads[ADDRESSES_SHOWN];
    uint64_t count = 0;
    fm_paddr head;
    if (list->size == 0)
      continue;
    while (count < ADDRESSES_SHOWN && sim_list_walk_next(&walk, &head))
      heads[count++] = head.raw;
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "        order %-2u (%" PRIu64 " frame%s): %" PRIu64 " at", order,
                           UINT64_C(1) << order, order == 0 ? "" : "s", list->size);
    append_addresses(line, heads, count, list->size);
    if (walk.lost != 0)
      g_string_append_printf(line, " (a link leads to no slot: 0x%" PRIx64 ")", walk.lost);
    sim_run_text(run, SIM_TEXT_OUTPUT, "%s", line->str);
  }
}

static void show_caches(sim_run *run, const struct fm_buddy_local *local)
{
  for (uint32_t frames = 1; frames <= FM_CACHES; frames++) {
    const struct fm_cache *cache = &local->caches[frames - 1];
    uint64_t runs[FM_CACHE_RUNS];
    uint64_t count = MIN(cache->count, FM_CACHE_RUNS);
    if (count == 0)
      continue;
    for (uint64_t i = 0; i < count; i++) /* the last one in goes out first */
      runs[i] = cache->runs[count - 1 - i];
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "        cache of %u frame%s: %" PRIu64 " run%s, next out first:",
                           frames, frames == 1 ? "" : "s", count, count == 1 ? "" : "s");
    append_addresses(line, runs, count, count);
    sim_run_text(run, SIM_TEXT_OUTPUT, "%s", line->str);
  }
}

static void show_local(sim_run *run, uint32_t id)
{
  const struct fm_buddy_local *local = &fm_kernel_cpu(run->kernel, id)->buddy;
  g_autofree char *name = g_strdup_printf("pool of CPU %u", id);
  show_pool(run, name, local->lists, FM_LOCAL_ORDERS, local->size);
  show_caches(run, local);
}

/* ---- Any allocator ---- */

static void show_runs(sim_run *run)
{
  const struct fm_kernel *kernel = run->kernel;
  const struct fm_ops *ops = sim_machine_ops(run->machine);
  uint64_t runs = 0;
  for (uint64_t nr = 0, frames; nr < kernel->nr_frames; nr += frames) {
    bool free = ops->is_free(kernel, fm_paddr_of(nr * FM_PAGE_SIZE));
    for (frames = 1; nr + frames < kernel->nr_frames; frames++)
      if (ops->is_free(kernel, fm_paddr_of((nr + frames) * FM_PAGE_SIZE)) != free)
        break;
    if (free && runs++ < RUNS_SHOWN)
      sim_run_text(run, SIM_TEXT_OUTPUT, "        %8" PRIu64 " frame%s free from 0x%" PRIx64,
                   frames, frames == 1 ? " " : "s", nr * FM_PAGE_SIZE);
  }
  if (runs > RUNS_SHOWN)
    sim_run_text(run, SIM_TEXT_OUTPUT, "        and %" PRIu64 " runs more", runs - RUNS_SHOWN);
}

void sim_show_freelist(sim_run *run)
{
  const struct fm_kernel *kernel = run->kernel;
  sim_run_text(run, SIM_TEXT_OUTPUT, "      allocator %s: 0x%" PRIx64 " bytes free",
               fm_allocator_name((enum fm_allocator_kind)kernel->allocator),
               sim_machine_ops(run->machine)->free_bytes(kernel));
  if (kernel->allocator == FM_ALLOCATOR_BUDDY) {
    show_pool(run, "global pool", kernel->buddy.lists, FM_GLOBAL_ORDERS, kernel->buddy.size);
    for (uint32_t id = 0; id < kernel->cpus; id++)
      show_local(run, id);
  } else {
    show_runs(run);
  }
}

enum sim_flow sim_show_cpu(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *expr = sim_command_expr(command, "cpu");
  uint32_t id;
  if (!sim_run_cpu(run, expr, &id))
    return SIM_FLOW_STOP;
  const struct fm_cpu_block *block = fm_kernel_cpu(run->kernel, id);
  bool below = (int64_t)block->free_bytes < 0;
  uint64_t share = below ? -block->free_bytes : block->free_bytes;
  sim_run_text(run, SIM_TEXT_OUTPUT, "      CPU %u: %s0x%" PRIx64 " of the free bytes%s", id,
               below ? "-" : "", share, below ? " (it took more than it gave back)" : "");
  sim_run_text(run, SIM_TEXT_OUTPUT, "      CR3: 0x%" PRIx64 ", %s", block->cr3,
               block->cr3 == run->kernel->kernel_root ? "the kernel's page table"
               : block->cr3 == run->kernel->boot_root ? "the boot page table"
                                                      : "the page table of a process");
  if (run->kernel->allocator == FM_ALLOCATOR_NONE)
    sim_run_text(run, SIM_TEXT_OUTPUT, "      %" PRIu64 " frames were given back to allocator none",
                 block->dealloc_ignored);
  if (run->kernel->allocator == FM_ALLOCATOR_BUDDY)
    show_local(run, id);
  return SIM_FLOW_NEXT;
}
