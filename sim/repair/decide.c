/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What becomes of each operation that was under way.
 *
 *   take        undone: nobody was told of what it took
 *   drop        finished: its on_drop may have run
 *   move, cut   decided by whether the entry that gives still has it: then it never was
 *   into-list,  decided by whether the list's next links lead to the frame: only one of list
 *   from-list   and handle has it
 *   unique,     decided by the slot: the frame is unique, or it is not
 *   share
 *   repurpose   finished: the old metadata may have been dropped, and the new is in the entry
 *   clear       finished: what is left in the range is taken out of the page table
 *
 * What else a decision changes is changed first, in a way that may be done twice; the store
 * into the entry comes last.
 */
#include <fm/node.h>
#include <string.h>

#include "sim/repair/internal.h"

static void say(struct repair *repair, enum sim_repair_act act, const struct sim_entry *found,
                const char *why)
{
  const struct sim_repair_note note = {act, *found, why};
  repair->result.acts[act]++;
  if (repair->options->say != NULL)
    repair->options->say(&note, repair->options->data);
}

/* ---- The store that decides ---- */

static void remove_entry(struct repair *repair, struct sim_entry *entry, enum sim_repair_act act,
                         const char *why)
{
  const struct sim_entry found = *entry;
  sim_table_remove(repair->table, entry);
  say(repair, act, &found, why);
}

static void keep_entry(struct repair *repair, struct sim_entry *entry, enum sim_entry_kind kind,
                       uint32_t type, enum sim_repair_act act, const char *why)
{
  const struct sim_entry found = *entry;
  sim_durable_store(&entry->word,
                    sim_entry_word(kind, SIM_INTENT_NONE, sim_entry_cpu(entry), type));
  say(repair, act, &found, why);
}

static void keep_as(struct repair *repair, struct sim_entry *entry, enum sim_entry_kind kind,
                    enum sim_repair_act act, const char *why)
{
  keep_entry(repair, entry, kind, sim_entry_type(entry), act, why);
}

/* ---- Processes ---- */

static bool is_node(const struct repair *repair, uint64_t node)
{
  const struct fm_kernel *kernel = repair->kernel;
  const struct fm_slot *slot = repair_slot(kernel, node);
  return slot != NULL &&
         slot->vtable_ptr == kernel->vtables + FM_META_PAGE_TABLE * sizeof(struct fm_vtable);
}

/* Clears the entries that lie in [start, end) whole, here and below. */
static void clear_range(const struct repair *repair, uint64_t node, uint32_t level, uint64_t va,
                        const uint64_t *range)
{
  uint32_t count = level == FM_PT_LEVELS ? FM_PT_ENTRIES / 2 : FM_PT_ENTRIES;
  for (uint32_t i = 0; i < count; i++) {
    uint64_t *at = repair_entry_of(node, i);
    fm_pte pte = {sim_durable_load(at)};
    uint64_t from = va + i * fm_pt_page_size(level);
    uint64_t to = from + fm_pt_page_size(level);
    if (!fm_pte_is_valid(pte) || to <= range[0] || from >= range[1])
      continue;
    if (from >= range[0] && to <= range[1])
      sim_durable_store(at, 0);
    else if (fm_pte_is_table(pte, level) && is_node(repair, fm_pte_paddr(pte).raw))
      clear_range(repair, fm_pte_paddr(pte).raw, level - 1, from, range);
  }
}

static void finish_clear(struct repair *repair, struct sim_entry *entry)
{
  if (is_node(repair, entry->start))
    clear_range(repair, entry->start, FM_PT_LEVELS, 0, entry->clear);
  keep_as(repair, entry, SIM_ENTRY_PROCESS, SIM_REPAIR_FINISHED,
          "nothing is left mapped in the range");
}

/* CPUs that ran the process run none. */
static void leave_cpus(const struct repair *repair, uint64_t root)
{
  const struct fm_kernel *kernel = repair->kernel;
  uint64_t other = kernel->kernel_root != 0 ? kernel->kernel_root : kernel->boot_root;
  for (uint32_t id = 0; id < kernel->cpus; id++)
    if (fm_kernel_cpu(kernel, id)->cr3 == root)
      sim_durable_store(&fm_kernel_cpu(kernel, id)->cr3, other);
}

/* ---- Moves ---- */

static void decide_move(struct repair *repair, struct sim_entry *entry)
{
  if (sim_table_find(repair->table, entry->link) != NULL)
    remove_entry(repair, entry, SIM_REPAIR_UNDONE, "the handle that it moves from still has it");
  else
    keep_as(repair, entry, sim_entry_kind(entry), SIM_REPAIR_FINISHED,
            "the handle that it moved from is gone");
}

static void decide_cut(struct repair *repair, struct sim_entry *entry)
{
  const struct sim_entry *from = sim_table_find(repair->table, entry->link);
  if (from != NULL && from->start < entry->end && entry->start < from->end)
    remove_entry(repair, entry, SIM_REPAIR_UNDONE, "the segment that it is cut from still has it");
  else
    keep_as(repair, entry, sim_entry_kind(entry), SIM_REPAIR_FINISHED,
            "the segment that it was cut from ends before it");
}

static bool list_has(const struct repair *repair, const struct sim_entry *entry)
{
  const struct sim_entry *list = sim_table_find(repair->table, entry->link);
  return list != NULL && sim_entry_kind(list) == SIM_ENTRY_LIST &&
         repair_list_has(repair->kernel, &list->list, entry->start);
}

static void decide_into_list(struct repair *repair, struct sim_entry *entry)
{
  if (list_has(repair, entry))
    remove_entry(repair, entry, SIM_REPAIR_FINISHED, "the list's links lead to the frame");
  else
    keep_as(repair, entry, SIM_ENTRY_UNIQUE, SIM_REPAIR_UNDONE,
            "the list's links do not lead to the frame");
}

static void decide_from_list(struct repair *repair, struct sim_entry *entry)
{
  if (list_has(repair, entry))
    remove_entry(repair, entry, SIM_REPAIR_UNDONE, "the list's links still lead to the frame");
  else
    keep_as(repair, entry, SIM_ENTRY_UNIQUE, SIM_REPAIR_FINISHED,
            "the list's links do not lead to the frame any more");
}

/* ---- Changes of a frame ---- */

static void decide_unique(struct repair *repair, struct sim_entry *entry, bool wanted)
{
  const struct fm_slot *slot = repair_slot(repair->kernel, entry->start);
  bool unique = slot != NULL && slot->ref_count == FM_COUNT_UNIQUE;
  const struct sim_entry *result =
      entry->link != 0 ? sim_table_find(repair->table, entry->link) : NULL;
  if (unique == wanted && result != NULL)
    memcpy(entry->name, result->name, sizeof(entry->name));
  keep_as(repair, entry, unique ? SIM_ENTRY_UNIQUE : SIM_ENTRY_FRAME,
          unique == wanted ? SIM_REPAIR_FINISHED : SIM_REPAIR_UNDONE,
          unique ? "the slot is unique" : "the slot is not unique");
}

static void finish_repurpose(struct repair *repair, struct sim_entry *entry)
{
  const struct fm_kernel *kernel = repair->kernel;
  struct fm_slot *slot = repair_slot(kernel, entry->start);
  if (slot == NULL || entry->link >= kernel->nr_vtables) {
    say(repair, SIM_REPAIR_CONFLICT, entry, "the new type is none of this machine");
    return;
  }
  const struct fm_vtable *vtable = fm_kernel_vtable(kernel, (uint32_t)entry->link);
  sim_durable_store(&slot->vtable_ptr, kernel->vtables + entry->link * sizeof(struct fm_vtable));
  memcpy(slot->storage, entry->meta, MIN(vtable->size, FM_META_MAX_SIZE));
  keep_entry(repair, entry, SIM_ENTRY_UNIQUE, (uint32_t)entry->link, SIM_REPAIR_FINISHED,
             "the new metadata is written");
}

/* ---- All of them ---- */

static void decide_entry(struct repair *repair, struct sim_entry *entry)
{
  switch (sim_entry_intent(entry)) {
  case SIM_INTENT_TAKE:
    remove_entry(repair, entry, SIM_REPAIR_UNDONE, "");
    break;
  case SIM_INTENT_DROP:
    if (sim_entry_kind(entry) == SIM_ENTRY_PROCESS)
      leave_cpus(repair, entry->start);
    remove_entry(repair, entry, SIM_REPAIR_FINISHED, "");
    break;
  case SIM_INTENT_MOVE:
    decide_move(repair, entry);
    break;
  case SIM_INTENT_CUT:
    decide_cut(repair, entry);
    break;
  case SIM_INTENT_INTO_LIST:
    decide_into_list(repair, entry);
    break;
  case SIM_INTENT_FROM_LIST:
    decide_from_list(repair, entry);
    break;
  case SIM_INTENT_UNIQUE:
    decide_unique(repair, entry, true);
    break;
  case SIM_INTENT_SHARE:
    decide_unique(repair, entry, false);
    break;
  case SIM_INTENT_REPURPOSE:
    finish_repurpose(repair, entry);
    break;
  case SIM_INTENT_CLEAR:
    finish_clear(repair, entry);
    break;
  case SIM_INTENT_NONE:
  case SIM_INTENTS:
    break;
  }
}

/* What asks for another entry comes before that: it may be on its way out itself. */
static bool is_early(enum sim_intent intent)
{
  return intent != SIM_INTENT_TAKE && intent != SIM_INTENT_DROP;
}

uint64_t repair_decide(struct repair *repair)
{
  uint64_t decided = 0;
  uint64_t room = repair->table != NULL ? sim_table_header(repair->table)->room : 0;
  for (int pass = 0; pass < 3; pass++)
    for (uint64_t i = 0; i < room; i++) {
      struct sim_entry *entry = sim_table_entry(repair->table, i);
      bool early = is_early(sim_entry_intent(entry));
      if (sim_durable_load(&entry->word) == 0)
        continue;
      if (!sim_entry_is_sane(entry, repair->kernel)) {
        if (pass == 2)
          say(repair, SIM_REPAIR_CONFLICT, entry, "the entry says what cannot be");
      } else if (sim_entry_intent(entry) == SIM_INTENT_NONE) {
        if (pass == 2)
          say(repair, SIM_REPAIR_HELD, entry, "");
      } else if (pass < 2 && early == (pass == 0)) {
        decide_entry(repair, entry);
        decided++;
      }
    }
  return decided;
}
