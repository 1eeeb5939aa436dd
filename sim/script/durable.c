/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/durable.h"

#include <inttypes.h>
#include <string.h>

static sim_table *table_of(const sim_run *run)
{
  return run->machine != NULL ? sim_machine_table(run->machine) : NULL;
}

static enum sim_entry_kind kind_of(const struct sim_handle *handle)
{
  static const enum sim_entry_kind kinds[SIM_HANDLE_KINDS] = {
      [SIM_HANDLE_FRAME] = SIM_ENTRY_FRAME,     [SIM_HANDLE_UNIQUE] = SIM_ENTRY_UNIQUE,
      [SIM_HANDLE_RAW] = SIM_ENTRY_RAW,         [SIM_HANDLE_RAW_UNIQUE] = SIM_ENTRY_RAW_UNIQUE,
      [SIM_HANDLE_SEGMENT] = SIM_ENTRY_SEGMENT, [SIM_HANDLE_RAW_SEGMENT] = SIM_ENTRY_RAW_SEGMENT,
      [SIM_HANDLE_LIST] = SIM_ENTRY_LIST,       [SIM_HANDLE_PROCESS] = SIM_ENTRY_PROCESS,
  };
  return kinds[handle->kind];
}

static struct fm_range range_of(const struct sim_handle *handle)
{
  if (handle->kind != SIM_HANDLE_PROCESS)
    return sim_handle_range(handle);
  if (handle->process == NULL)
    return fm_range_of(0, 0);
  uint64_t root = fm_slot_paddr(handle->process->space.root.slot).raw;
  return fm_range_of(root, root + FM_PAGE_SIZE);
}

static uint64_t word_of(const sim_run *run, const struct sim_handle *handle, enum sim_intent intent)
{
  return sim_entry_word(kind_of(handle), intent, run->cpu->id, handle->type);
}

/* The entry says what the handle is, under this intent. */
static void say(const sim_run *run, struct sim_entry *entry, const struct sim_handle *handle,
                enum sim_intent intent)
{
  struct fm_range range = range_of(handle);
  sim_entry_set_range(entry, range.start.raw, range.end.raw);
  sim_durable_store(&entry->word, word_of(run, handle, intent));
}

/* ---- The result ---- */

bool sim_durable_reserve(sim_run *run, const struct sim_command *command, const char *name)
{
  sim_table *table = table_of(run);
  if (table == NULL || run->cpu->reserved != NULL)
    return true;
  uint64_t word = sim_entry_word(SIM_ENTRY_NONE, SIM_INTENT_TAKE, run->cpu->id, 0);
  g_autofree char *number =
      name == NULL ? g_strdup_printf("#%" PRIu64, sim_table_header(table)->serial) : NULL;
  run->cpu->reserved = sim_table_add(table, word, name != NULL ? name : number, run->cpu->step);
  if (run->cpu->reserved != NULL)
    return true;
  (void)sim_run_error(run, command->place,
                      "run it with more room (--handles N), or hold frames in segments and lists",
                      "the table of durable handles is full: all %" PRIu64 " entries are in use",
                      sim_table_header(table)->room);
  return false;
}

void sim_durable_expect(sim_run *run, const struct sim_handle *made)
{
  if (run->cpu->reserved != NULL)
    say(run, run->cpu->reserved, made, SIM_INTENT_TAKE);
}

void sim_durable_expect_from(sim_run *run, const struct sim_handle *list, fm_paddr frame)
{
  struct sim_entry *entry = run->cpu->reserved;
  const struct sim_handle made = sim_handle_of_frame(SIM_HANDLE_UNIQUE, frame, FM_META_LINK);
  if (entry == NULL || list->entry == NULL)
    return;
  sim_durable_store(&entry->link, list->entry->serial);
  say(run, entry, &made, SIM_INTENT_FROM_LIST);
}

void sim_durable_bound(sim_run *run, struct sim_handle *handle)
{
  sim_table *table = table_of(run);
  if (table == NULL || kind_of(handle) == SIM_ENTRY_NONE || handle->entry != NULL)
    return;
  if (run->cpu->reserved == NULL && !sim_durable_reserve(run, run->cpu->command, handle->name))
    return;
  handle->entry = run->cpu->reserved;
  run->cpu->reserved = NULL;
  say(run, handle->entry, handle, SIM_INTENT_NONE);
}

/* ---- Handles that change ---- */

/* To be taken back at the end of the step. */
static void mark(sim_run *run, struct sim_entry *entry)
{
  g_ptr_array_add(run->cpu->intents, entry);
}

void sim_durable_intend(sim_run *run, const struct sim_handle *handle, enum sim_intent intent,
                        uint64_t link)
{
  if (handle->entry == NULL)
    return;
  sim_durable_store(&handle->entry->link, link);
  sim_durable_store(&handle->entry->word, word_of(run, handle, intent));
  mark(run, handle->entry);
}

void sim_durable_intend_change(sim_run *run, const struct sim_command *command,
                               const struct sim_handle *handle, enum sim_intent intent)
{
  bool named = sim_command_bind(command) != NULL && run->cpu->reserved != NULL;
  sim_durable_intend(run, handle, intent, named ? run->cpu->reserved->serial : 0);
}

void sim_durable_intend_into(sim_run *run, const struct sim_handle *frame,
                             const struct sim_handle *list)
{
  if (list->entry != NULL)
    sim_durable_intend(run, frame, SIM_INTENT_INTO_LIST, list->entry->serial);
}

void sim_durable_intend_meta(sim_run *run, const struct sim_handle *handle, fm_meta_id type,
                             const uint8_t *meta)
{
  if (handle->entry == NULL)
    return;
  memcpy(handle->entry->meta, meta, FM_META_MAX_SIZE);
  sim_durable_intend(run, handle, SIM_INTENT_REPURPOSE, type.number);
}

void sim_durable_intend_clear(sim_run *run, const struct sim_handle *process, uint64_t start,
                              uint64_t end)
{
  if (process->entry == NULL)
    return;
  sim_durable_store(&process->entry->clear[0], start);
  sim_durable_store(&process->entry->clear[1], end);
  sim_durable_intend(run, process, SIM_INTENT_CLEAR, 0);
}

static void forget(sim_run *run, struct sim_entry *entry)
{
  (void)g_ptr_array_remove_fast(run->cpu->intents, entry);
  sim_table_remove(table_of(run), entry);
}

void sim_durable_move(sim_run *run, struct sim_handle *from, const struct sim_handle *made)
{
  struct sim_entry *entry = run->cpu->reserved;
  if (entry == NULL || from->entry == NULL)
    return;
  sim_durable_store(&entry->link, from->entry->serial);
  if (from->kind == SIM_HANDLE_LIST)
    entry->list = from->entry->list;
  say(run, entry, made, SIM_INTENT_MOVE);
  forget(run, from->entry);
  from->entry = NULL;
}

void sim_durable_cut(sim_run *run, struct sim_handle *from, const struct sim_handle *made,
                     struct fm_range rest)
{
  struct sim_entry *entry = run->cpu->reserved;
  if (entry == NULL || from->entry == NULL)
    return;
  sim_durable_store(&entry->link, from->entry->serial);
  say(run, entry, made, SIM_INTENT_CUT);
  /* One of the two is as it was. */
  sim_entry_set_range(from->entry, rest.start.raw, rest.end.raw);
}

void sim_durable_update(const sim_run *run, const struct sim_handle *handle)
{
  if (handle->entry != NULL)
    say(run, handle->entry, handle, SIM_INTENT_NONE);
}

void sim_durable_leave(sim_run *run, struct sim_handle *handle)
{
  if (handle->entry == NULL)
    return;
  if (sim_entry_intent(handle->entry) == SIM_INTENT_NONE ||
      sim_entry_intent(handle->entry) == SIM_INTENT_CLEAR)
    sim_durable_store(&handle->entry->word, word_of(run, handle, SIM_INTENT_DROP));
  (void)g_ptr_array_remove_fast(run->cpu->intents, handle->entry);
  g_ptr_array_add(run->cpu->leaving, handle->entry);
}

/* ---- The end of a step ---- */

/* An operation that did not come to its end is left as a death would leave it. */
static bool is_torn(const sim_run *run)
{
  return run->abandoning || run->cpu->panicked || run->cpu->orphaned ||
         sim_machine_panic(run->machine) != NULL || run->stopped_early;
}

void sim_durable_end_step(sim_run *run)
{
  struct sim_cpu *cpu = run->cpu;
  sim_table *table = table_of(run);
  if (table == NULL)
    return;
  run->torn = run->torn || is_torn(run);
  for (guint i = 0; i < cpu->leaving->len && !run->torn; i++)
    sim_table_remove(table, cpu->leaving->pdata[i]);
  for (guint i = 0; i < cpu->intents->len && !run->torn; i++) {
    struct sim_entry *entry = cpu->intents->pdata[i];
    if (sim_entry_intent(entry) != SIM_INTENT_NONE)
      sim_durable_store(&entry->word, sim_entry_word(sim_entry_kind(entry), SIM_INTENT_NONE,
                                                     sim_entry_cpu(entry), sim_entry_type(entry)));
  }
  if (cpu->reserved != NULL && !run->torn)
    sim_table_remove(table, cpu->reserved);
  cpu->reserved = NULL;
  g_ptr_array_set_size(cpu->leaving, 0);
  g_ptr_array_set_size(cpu->intents, 0);
}
