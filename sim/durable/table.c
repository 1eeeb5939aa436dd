/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/durable/table.h"

#include <string.h>

#include "sim/internal.h"

void (*sim_durable_watch)(void);

struct sim_table {
  struct sim_table_header *header;
  struct sim_entry *entries;
  GArray *unused; /* uint64_t: indices of free entries, the next one last */
};

const char *sim_entry_kind_name(enum sim_entry_kind kind)
{
  static const char *const names[SIM_ENTRY_KINDS] = {
      [SIM_ENTRY_NONE] = "none",
      [SIM_ENTRY_FRAME] = "frame",
      [SIM_ENTRY_UNIQUE] = "unique frame",
      [SIM_ENTRY_RAW] = "forgotten frame",
      [SIM_ENTRY_RAW_UNIQUE] = "forgotten unique frame",
      [SIM_ENTRY_SEGMENT] = "segment",
      [SIM_ENTRY_RAW_SEGMENT] = "forgotten segment",
      [SIM_ENTRY_LIST] = "list",
      [SIM_ENTRY_PROCESS] = "process",
  };
  return names[kind];
}

const char *sim_intent_name(enum sim_intent intent)
{
  static const char *const names[SIM_INTENTS] = {
      [SIM_INTENT_NONE] = "none",
      [SIM_INTENT_TAKE] = "take",
      [SIM_INTENT_DROP] = "drop",
      [SIM_INTENT_MOVE] = "move",
      [SIM_INTENT_CUT] = "cut",
      [SIM_INTENT_INTO_LIST] = "into-list",
      [SIM_INTENT_FROM_LIST] = "from-list",
      [SIM_INTENT_UNIQUE] = "unique",
      [SIM_INTENT_SHARE] = "share",
      [SIM_INTENT_REPURPOSE] = "repurpose",
      [SIM_INTENT_CLEAR] = "clear",
  };
  return names[intent];
}

/* ---- The table of a machine ---- */

static void *table_at(const sim_machine *machine)
{
  return (void *)(uintptr_t)(FM_LINEAR_WINDOW + sim_machine_info(machine)->handles);
}

void sim_table_format(const sim_machine *machine, uint64_t room)
{
  struct sim_table_header *header = table_at(machine);
  header->room = room;
  header->serial = 1;
  sim_durable_store(&header->open, 1);
  sim_durable_store(&header->magic, SIM_TABLE_MAGIC);
}

bool sim_table_is_sane(const struct sim_table_header *header, uint64_t size)
{
  return size >= FM_PAGE_SIZE && header->magic == SIM_TABLE_MAGIC && header->room != 0 &&
         header->room <= SIM_TABLE_MOST && sim_table_size(header->room) <= size;
}

static sim_table *open_table(const sim_machine *machine)
{
  sim_table *table = g_new0(sim_table, 1);
  table->header = table_at(machine);
  table->entries = (struct sim_entry *)(void *)((uint8_t *)table->header + FM_PAGE_SIZE);
  table->unused = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  for (uint64_t index = table->header->room; index-- > 0;)
    if (sim_durable_load(&table->entries[index].word) == 0)
      g_array_append_val(table->unused, index);
  return table;
}

sim_table *sim_machine_table(sim_machine *machine)
{
  if (machine->table == NULL && sim_machine_info(machine)->handles != 0)
    machine->table = open_table(machine);
  return machine->table;
}

const sim_table *sim_table_look(const sim_machine *machine)
{
  return machine->table;
}

sim_table *sim_table_free(sim_table *table)
{
  if (table != NULL)
    g_array_unref(table->unused);
  g_free(table);
  return NULL;
}

struct sim_table_header *sim_table_header(const sim_table *table)
{
  return table->header;
}

struct sim_entry *sim_table_entry(const sim_table *table, uint64_t index)
{
  return &table->entries[index];
}

uint64_t sim_table_count(const sim_table *table)
{
  return table->header->room - table->unused->len;
}

struct sim_entry *sim_table_find(const sim_table *table, uint64_t serial)
{
  for (uint64_t i = 0; i < table->header->room; i++)
    if (table->entries[i].serial == serial && sim_durable_load(&table->entries[i].word) != 0)
      return &table->entries[i];
  return NULL;
}

/* ---- Entries ---- */

void sim_entry_set_range(struct sim_entry *entry, uint64_t start, uint64_t end)
{
  sim_durable_store(&entry->start, start);
  sim_durable_store(&entry->end, end);
}

struct sim_entry *sim_table_add(sim_table *table, uint64_t word, const char *name, uint64_t step)
{
  if (table->unused->len == 0)
    return NULL;
  uint64_t index = g_array_index(table->unused, uint64_t, table->unused->len - 1);
  g_array_set_size(table->unused, table->unused->len - 1);
  struct sim_entry *entry = &table->entries[index];
  uint64_t serial = table->header->serial;
  sim_durable_store(&table->header->serial, serial + 1);
  *entry = (struct sim_entry){.serial = serial, .step = step};
  (void)g_strlcpy(entry->name, name, sizeof(entry->name));
  sim_durable_store(&entry->word, word);
  return entry;
}

void sim_table_remove(sim_table *table, struct sim_entry *entry)
{
  uint64_t index = (uint64_t)(entry - table->entries);
  sim_durable_store(&entry->word, 0);
  g_array_append_val(table->unused, index);
}

/* ---- What a file may say ---- */

static bool name_is_sane(const char *name)
{
  for (size_t i = 0; i < SIM_ENTRY_NAME; i++) {
    if (name[i] == '\0')
      return true;
    if (!g_ascii_isprint(name[i]))
      return false;
  }
  return false;
}

bool sim_entry_is_sane(const struct sim_entry *entry, const struct fm_kernel *kernel)
{
  enum sim_entry_kind kind = sim_entry_kind(entry);
  if (kind >= SIM_ENTRY_KINDS || sim_entry_intent(entry) >= SIM_INTENTS ||
      !name_is_sane(entry->name))
    return false;
  if (kind == SIM_ENTRY_NONE || kind == SIM_ENTRY_LIST ||
      sim_entry_intent(entry) == SIM_INTENT_TAKE)
    return true; /* what is only wanted may be what cannot be had */
  if (!fm_is_page_aligned(entry->start) || !fm_is_page_aligned(entry->end) ||
      entry->start > entry->end || entry->end > kernel->max_paddr)
    return false;
  bool one = kind == SIM_ENTRY_UNIQUE || kind == SIM_ENTRY_RAW_UNIQUE || kind == SIM_ENTRY_PROCESS;
  return !one || entry->end - entry->start == FM_PAGE_SIZE;
}
