/* SPDX-License-Identifier: MPL-2.0 */
/* Rows of a run that are no slots: who holds what, page tables, translations, free lists. */
#include <inttypes.h>
#include <string.h>

#include "sim/pagemap.h"
#include "sim/player/document_internal.h"
#include "sim/player/follow_internal.h"
#include "sim/player/free.h"

#define ROWS_MAX    400u /* of one section */
#define HOLDERS_MAX 4096u

static void put_more(sim_follow *follow, const char *what, guint rows, guint most)
{
  g_autofree char *text = rows > most ? sim_player_row("u", (uint64_t)(rows - most)) : NULL;
  sim_player_put(follow->player, SIM_PLAYER_COUNT, what, text);
}

/* ---- Holders ---- */

static const char *const kinds[SIM_HANDLE_KINDS] = {
    [SIM_HANDLE_FRAME] = "shared",    [SIM_HANDLE_UNIQUE] = "unique",
    [SIM_HANDLE_RAW] = "forgotten",   [SIM_HANDLE_RAW_UNIQUE] = "forgotten, unique",
    [SIM_HANDLE_SEGMENT] = "segment", [SIM_HANDLE_RAW_SEGMENT] = "forgotten segment",
    [SIM_HANDLE_LIST] = "list",       [SIM_HANDLE_CURSOR] = "cursor",
    [SIM_HANDLE_REF] = "borrowed",    [SIM_HANDLE_READER] = "reader",
    [SIM_HANDLE_WRITER] = "writer",   [SIM_HANDLE_PROCESS] = "process",
};

char *follow_holder_row(const struct sim_handle *handle)
{
  bool addressed = handle->size != 0;
  g_autofree char *frame =
      addressed ? g_strdup_printf("0x%" PRIx64, handle->frame.raw) : g_strdup("");
  uint64_t frames =
      handle->kind == SIM_HANDLE_LIST ? handle->list.size : handle->size / FM_PAGE_SIZE;
  return sim_player_row("sssuuu", handle->name, kinds[handle->kind], frame, frames, handle->step,
                        (uint64_t)(sim_handle_owns(handle) ? 1 : 0));
}

void follow_holder_free(gpointer data)
{
  struct follow_holder *holder = data;
  g_free(holder->key);
  g_free(holder);
}

static bool is_same(const struct follow_holder *holder, const struct sim_handle *now)
{
  const struct sim_handle *was = &holder->was;
  return was->kind == now->kind && was->frame.raw == now->frame.raw && was->size == now->size &&
         was->step == now->step && was->name == now->name && was->list.size == now->list.size &&
         holder->owned == sim_handle_owns(now);
}

/* Those of a pool have one name, and may come of one step. */
static char *holder_key(const struct sim_handle *handle)
{
  return g_strdup_printf("%06" PRIu64 " %s %" PRIx64, handle->step, handle->name,
                         handle->frame.raw);
}

static void put_holder(sim_follow *follow, const struct sim_handle *handle)
{
  struct follow_holder *holder = g_hash_table_lookup(follow->holders, handle);
  if (holder == NULL) {
    holder = g_new0(struct follow_holder, 1);
    g_hash_table_insert(follow->holders, (gpointer)handle, holder);
  }
  holder->look = follow->looks;
  if (holder->key != NULL && is_same(holder, handle))
    return;
  g_autofree char *row = follow_holder_row(handle);
  g_autofree char *before = holder->key;
  holder->key = holder_key(handle);
  holder->was = *handle;
  holder->owned = sim_handle_owns(handle);
  if (before != NULL && strcmp(before, holder->key) != 0)
    sim_player_put(follow->player, SIM_PLAYER_HOLDER, before, NULL);
  sim_player_put(follow->player, SIM_PLAYER_HOLDER, holder->key, row);
}

/* Handles that are gone, in an order that does not depend on where they lay in memory. */
static void remove_holders(sim_follow *follow)
{
  g_autoptr(GHashTable) gone = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, follow->holders);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const struct follow_holder *holder = value;
    if (holder->look == follow->looks)
      continue;
    g_hash_table_add(gone, g_strdup(holder->key));
    g_hash_table_iter_remove(&iter);
  }
  g_autoptr(GPtrArray) keys = sim_player_sorted_keys(gone);
  for (guint i = 0; i < keys->len; i++)
    sim_player_put(follow->player, SIM_PLAYER_HOLDER, keys->pdata[i], NULL);
}

/* There may be thousands, of which a step changes one: only that one becomes a text. */
static void put_holders(sim_follow *follow, const sim_run *run)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  follow->looks++;
  for (guint i = 0; i < MIN(handles->len, HOLDERS_MAX); i++)
    put_holder(follow, handles->pdata[i]);
  remove_holders(follow);
  g_autofree char *count = sim_player_row("u", (uint64_t)handles->len);
  sim_player_put(follow->player, SIM_PLAYER_COUNT, "live handles", count);
  put_more(follow, "handles that are not shown", handles->len, HOLDERS_MAX);
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
  put_more(follow, "entries of page tables that are not shown", tables.rows, ROWS_MAX);
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

/* ---- CPUs ---- */

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

void follow_rows_put(sim_follow *follow, sim_run *run)
{
  put_holders(follow, run);
  follow_rows_put_tables(follow, run);
  put_tlbs(follow, run);
  put_cpus(follow, run);
  sim_player_put_free(follow->player, run->machine);
}
