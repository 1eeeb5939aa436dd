/* SPDX-License-Identifier: MPL-2.0 */
/* Rows of a run that are no slots: who holds what, page tables, translations, free lists. */
#include <inttypes.h>
#include <string.h>

#include "sim/pagemap.h"
#include "sim/player/follow_internal.h"

#define ROWS_MAX  400u /* of one section */
#define HEADS_MAX 4u   /* of one free list */

/* ---- Holders ---- */

static const char *const kinds[SIM_HANDLE_KINDS] = {
    [SIM_HANDLE_FRAME] = "shared",    [SIM_HANDLE_UNIQUE] = "unique",
    [SIM_HANDLE_RAW] = "forgotten",   [SIM_HANDLE_RAW_UNIQUE] = "forgotten, unique",
    [SIM_HANDLE_SEGMENT] = "segment", [SIM_HANDLE_RAW_SEGMENT] = "forgotten segment",
    [SIM_HANDLE_LIST] = "list",       [SIM_HANDLE_CURSOR] = "cursor",
    [SIM_HANDLE_REF] = "borrowed",    [SIM_HANDLE_READER] = "reader",
    [SIM_HANDLE_WRITER] = "writer",   [SIM_HANDLE_PROCESS] = "process",
};

/* [name, kind, frame, frames, step, whether it owns references] */
static char *holder_row(const struct sim_handle *handle)
{
  bool addressed = handle->size != 0;
  g_autofree char *frame =
      addressed ? g_strdup_printf("0x%" PRIx64, handle->frame.raw) : g_strdup("");
  uint64_t frames =
      handle->kind == SIM_HANDLE_LIST ? handle->list.size : handle->size / FM_PAGE_SIZE;
  return sim_player_row("sssuuu", handle->name, kinds[handle->kind], frame, frames, handle->step,
                        (uint64_t)(sim_handle_owns(handle) ? 1 : 0));
}

static void put_holders(sim_follow *follow, const sim_run *run)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  sim_player_sweep_begin(follow->player, SIM_PLAYER_HOLDER);
  for (guint i = 0; i < MIN(handles->len, ROWS_MAX); i++) {
    const struct sim_handle *handle = handles->pdata[i];
    /* Those of a pool have one name, and may come of one step. */
    g_autofree char *key =
        g_strdup_printf("%06" PRIu64 " %s %" PRIx64, handle->step, handle->name, handle->frame.raw);
    g_autofree char *row = holder_row(handle);
    sim_player_put(follow->player, SIM_PLAYER_HOLDER, key, row);
  }
  sim_player_sweep_end(follow->player);
  g_autofree char *count = sim_player_row("u", (uint64_t)handles->len);
  sim_player_put(follow->player, SIM_PLAYER_COUNT, "live handles", count);
}

/* ---- Page tables ---- */

struct tables {
  sim_follow *follow;
  const sim_run *run;
  const struct sim_process *process;
  guint rows;
};

static void rights_of(fm_pte pte, char ret[7])
{
  static const struct {
    uint64_t bit;
    char letter;
  } bits[] = {{FM_PTE_USER, 'u'},       {FM_PTE_PRESENT, 'r'},  {FM_PTE_WRITABLE, 'w'},
              {FM_PTE_NO_EXECUTE, 'x'}, {FM_PTE_ACCESSED, 'a'}, {FM_PTE_DIRTY, 'd'}};
  for (guint i = 0; i < G_N_ELEMENTS(bits); i++) {
    bool set = (pte.raw & bits[i].bit) != 0;
    ret[i] = set != (bits[i].bit == FM_PTE_NO_EXECUTE) ? bits[i].letter : '-';
  }
  ret[6] = '\0';
}

/* [process, level, address, "table" or "page", frame, rights, entry] */
static void put_entry(struct tables *tables, uint32_t level, uint64_t va, bool is_table,
                      fm_paddr frame, fm_pte pte)
{
  char rights[7] = "";
  const char *name = tables->process->name;
  if (tables->rows++ >= ROWS_MAX)
    return;
  if (pte.raw != 0)
    rights_of(pte, rights);
  g_autofree char *key =
      g_strdup_printf("%s %012" PRIx64 " %u", name, va & UINT64_C(0xffffffffffff), 9 - level);
  g_autofree char *row = sim_player_row("suxsxsx", name, (uint64_t)level, va,
                                        is_table ? "table" : "page", frame.raw, rights, pte.raw);
  sim_player_put(tables->follow->player, SIM_PLAYER_TABLE, key, row);
}

static void visit(const struct sim_pagemap_entry *entry, void *data)
{
  /* What an entry of level n points to is of level n - 1; a page of 4 KiB is of level 0. */
  put_entry(data, entry->level - 1, entry->va, entry->is_table, fm_pte_paddr(entry->pte),
            entry->pte);
}

static void put_more(sim_follow *follow, const char *what, guint rows)
{
  g_autofree char *text = rows > ROWS_MAX ? sim_player_row("u", (uint64_t)(rows - ROWS_MAX)) : NULL;
  sim_player_put(follow->player, SIM_PLAYER_COUNT, what, text);
}

void follow_rows_put_tables(sim_follow *follow, sim_run *run)
{
  struct tables tables = {.follow = follow, .run = run};
  const GPtrArray *processes = run->os != NULL ? sim_os_processes(run->os) : NULL;
  follow->memory_dirty = false;
  sim_player_sweep_begin(follow->player, SIM_PLAYER_TABLE);
  for (guint i = 0; processes != NULL && i < processes->len; i++) {
    tables.process = processes->pdata[i];
    fm_paddr root = fm_slot_paddr(tables.process->space.root.slot);
    put_entry(&tables, FM_PT_LEVELS, 0, true, root, (fm_pte){0});
    sim_pagemap_each(run->machine, root, visit, &tables);
  }
  sim_player_sweep_end(follow->player);
  put_more(follow, "entries of page tables that are not shown", tables.rows);
}

/* ---- Translations ---- */

/* [CPU, address, size, frame, rights, process, step] */
static char *tlb_row(const sim_run *run, uint32_t cpu, const struct sim_tlb_entry *entry)
{
  const struct sim_process *filler = sim_os_find_root(run->os, entry->root);
  char rights[6] = "-r---";
  rights[0] = entry->user ? 'u' : '-';
  rights[2] = entry->writable ? 'w' : '-';
  rights[3] = entry->executable ? 'x' : '-';
  rights[4] = entry->dirty ? 'd' : '-';
  return sim_player_row("uxuxssu", (uint64_t)cpu, entry->page, fm_pt_page_size(entry->level),
                        entry->paddr.raw, rights,
                        filler != NULL ? filler->name : "a process that is gone", entry->tag);
}

static void put_tlbs(sim_follow *follow, sim_run *run)
{
  guint rows = 0;
  sim_player_sweep_begin(follow->player, SIM_PLAYER_TLB);
  for (uint32_t cpu = 0; run->os != NULL && cpu < run->kernel->cpus; cpu++) {
    g_autoptr(GPtrArray) entries = sim_mmu_entries(sim_os_mmu(run->os), cpu);
    for (guint i = 0; i < entries->len && rows < ROWS_MAX; i++, rows++) {
      const struct sim_tlb_entry *entry = entries->pdata[i];
      g_autofree char *key =
          g_strdup_printf("%02u %016" PRIx64 " %012" PRIx64, cpu, entry->page, entry->root);
      g_autofree char *row = tlb_row(run, cpu, entry);
      sim_player_put(follow->player, SIM_PLAYER_TLB, key, row);
    }
  }
  sim_player_sweep_end(follow->player);
}

/* ---- CPUs and free memory ---- */

/* [CPU, page table, its share of the free bytes in frames] */
static void put_cpus(sim_follow *follow, const sim_run *run)
{
  const struct fm_kernel *kernel = run->kernel;
  sim_player_sweep_begin(follow->player, SIM_PLAYER_CPU);
  for (uint32_t cpu = 0; cpu < kernel->cpus; cpu++) {
    const struct fm_cpu_block *block = fm_kernel_cpu(kernel, cpu);
    const struct sim_process *process =
        run->os != NULL ? sim_os_find_root(run->os, block->cr3) : NULL;
    int64_t share = (int64_t)block->free_bytes / (int64_t)FM_PAGE_SIZE;
    g_autofree char *table = process != NULL ? g_strdup_printf("process %s", process->name)
                             : block->cr3 == kernel->kernel_root ? g_strdup("kernel")
                                                                 : g_strdup("boot");
    g_autofree char *frames = g_strdup_printf("%" PRIi64, share);
    g_autofree char *key = g_strdup_printf("%02u", cpu);
    g_autofree char *row = sim_player_row("uss", (uint64_t)cpu, table, frames);
    sim_player_put(follow->player, SIM_PLAYER_CPU, key, row);
  }
  sim_player_sweep_end(follow->player);
}

/* [pool, what, how many, frames of one, the first of them] */
static void put_list(sim_follow *follow, const char *key, const char *pool,
                     const struct fm_list *list, uint32_t order)
{
  g_autoptr(GString) heads = g_string_new(NULL);
  struct sim_list_walk walk = sim_list_walk_begin(list);
  fm_paddr head;
  for (guint i = 0; i < HEADS_MAX && sim_list_walk_next(&walk, &head); i++)
    g_string_append_printf(heads, "%s0x%" PRIx64, i == 0 ? "" : " ", head.raw);
  if (list->size > HEADS_MAX)
    g_string_append(heads, " ...");
  g_autofree char *what = g_strdup_printf("order %u", order);
  g_autofree char *row =
      sim_player_row("ssuus", pool, what, list->size, UINT64_C(1) << order, heads->str);
  sim_player_put(follow->player, SIM_PLAYER_FREE, key, row);
}

static void put_lists(sim_follow *follow, const char *prefix, const char *pool,
                      const struct fm_list *lists, uint32_t orders)
{
  for (uint32_t order = 0; order < orders; order++) {
    g_autofree char *key = g_strdup_printf("%s %02u", prefix, order);
    if (lists[order].size != 0)
      put_list(follow, key, pool, &lists[order], order);
  }
}

static void put_caches(sim_follow *follow, const char *prefix, const char *pool,
                       const struct fm_cache *caches)
{
  for (uint32_t frames = 1; frames <= FM_CACHES; frames++) {
    const struct fm_cache *cache = &caches[frames - 1];
    g_autoptr(GString) runs = g_string_new(NULL);
    uint64_t count = MIN(cache->count, FM_CACHE_RUNS);
    if (count == 0)
      continue;
    for (uint64_t i = 0; i < MIN(count, HEADS_MAX); i++) /* the last one in goes out first */
      g_string_append_printf(runs, "%s0x%" PRIx64, i == 0 ? "" : " ", cache->runs[count - 1 - i]);
    if (count > HEADS_MAX)
      g_string_append(runs, " ...");
    g_autofree char *key = g_strdup_printf("%s c%u", prefix, frames);
    g_autofree char *what = g_strdup_printf("cache of %u", frames);
    g_autofree char *row = sim_player_row("ssuus", pool, what, count, (uint64_t)frames, runs->str);
    sim_player_put(follow->player, SIM_PLAYER_FREE, key, row);
  }
}

static void put_free(sim_follow *follow, const sim_run *run)
{
  const struct fm_kernel *kernel = run->kernel;
  uint64_t frames = sim_machine_ops(run->machine)->free_bytes(kernel) / FM_PAGE_SIZE;
  g_autofree char *count = sim_player_row("u", frames);
  sim_player_put(follow->player, SIM_PLAYER_COUNT, "free frames", count);
  sim_player_sweep_begin(follow->player, SIM_PLAYER_FREE);
  if (kernel->allocator == FM_ALLOCATOR_BUDDY) {
    put_lists(follow, "a", "all CPUs", kernel->buddy.lists, FM_GLOBAL_ORDERS);
    for (uint32_t cpu = 0; cpu < kernel->cpus; cpu++) {
      const struct fm_buddy_local *local = &fm_kernel_cpu(kernel, cpu)->buddy;
      g_autofree char *prefix = g_strdup_printf("c%02u", cpu);
      g_autofree char *pool = g_strdup_printf("CPU %u", cpu);
      put_lists(follow, prefix, pool, local->lists, FM_LOCAL_ORDERS);
      put_caches(follow, prefix, pool, local->caches);
    }
  }
  sim_player_sweep_end(follow->player);
}

void follow_rows_put(sim_follow *follow, sim_run *run)
{
  put_holders(follow, run);
  follow_rows_put_tables(follow, run);
  put_tlbs(follow, run);
  put_cpus(follow, run);
  put_free(follow, run);
}
