/* SPDX-License-Identifier: MPL-2.0 */
#include <inttypes.h>
#include <string.h>

#include "sim/pagemap.h"
#include "tests/crash/kill.h"

/* ---- Bytes ---- */

static uint64_t *words_of(uint64_t paddr)
{
  return (uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + paddr);
}

static uint64_t sum_of(uint64_t paddr)
{
  uint64_t sum = 0;
  for (unsigned i = 0; i < FM_PAGE_SIZE / sizeof(uint64_t); i += 8)
    sum = (sum ^ words_of(paddr)[i]) * UINT64_C(0x100000001b3) + i;
  return sum;
}

/* ---- A state ---- */

struct lines {
  GPtrArray *handles; /* char * */
  GPtrArray *frames;  /* char * */
  GString *line;
};

static void add_frame(struct lines *lines, uint64_t paddr)
{
  g_ptr_array_add(lines->frames, g_strdup_printf("%" PRIx64 "=%" PRIx64, paddr, sum_of(paddr)));
}

static void add_page(const struct sim_pagemap_entry *entry, void *data)
{
  struct lines *lines = data;
  uint64_t paddr = fm_pte_paddr(entry->pte).raw;
  if (entry->is_table)
    return;
  g_string_append_printf(lines->line, " %" PRIx64 "->%" PRIx64, entry->va, paddr);
  add_frame(lines, paddr);
}

static void add_list(struct lines *lines, const struct fm_list *list)
{
  struct sim_list_walk walk = sim_list_walk_begin(list);
  fm_paddr frame;
  while (sim_list_walk_next(&walk, &frame)) {
    g_string_append_printf(lines->line, " %" PRIx64, frame.raw);
    add_frame(lines, frame.raw);
  }
}

static gint by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_entry(sim_machine *machine, struct lines *lines, const struct sim_entry *entry)
{
  enum sim_entry_kind kind = sim_entry_kind(entry);
  lines->line = g_string_new(NULL);
  g_string_append_printf(lines->line, "%s: %s", entry->name, sim_entry_kind_name(kind));
  if (sim_entry_intent(entry) != SIM_INTENT_NONE)
    g_string_append_printf(lines->line, " (%s)", sim_intent_name(sim_entry_intent(entry)));
  if (kind == SIM_ENTRY_LIST) {
    add_list(lines, &entry->list);
  } else if (kind == SIM_ENTRY_PROCESS) {
    sim_pagemap_each(machine, fm_paddr_of(entry->start), add_page, lines);
  } else {
    g_string_append_printf(lines->line, " %" PRIx64 "-%" PRIx64, entry->start, entry->end);
    for (uint64_t at = entry->start; at < entry->end; at += FM_PAGE_SIZE)
      add_frame(lines, at);
  }
  g_ptr_array_add(lines->handles, g_string_free(lines->line, FALSE));
}

char *kill_state(sim_machine *machine)
{
  const sim_table *table = sim_machine_table(machine);
  g_autoptr(GPtrArray) handles = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) frames = g_ptr_array_new_with_free_func(g_free);
  struct lines lines = {.handles = handles, .frames = frames};
  for (uint64_t i = 0; i < sim_table_header(table)->room; i++)
    if (sim_table_entry(table, i)->word != 0)
      add_entry(machine, &lines, sim_table_entry(table, i));
  g_ptr_array_sort(handles, by_text);
  g_ptr_array_sort(frames, by_text);
  g_ptr_array_add(handles, NULL);
  g_ptr_array_add(frames, NULL);
  g_autofree char *above = g_strjoinv("\n", (char **)handles->pdata);
  g_autofree char *below = g_strjoinv(" ", (char **)frames->pdata);
  return g_strdup_printf("%s\nbytes %s ", above, below);
}

/* The sum of a frame in a state; false: it has none. */
static bool find_sum(const char *state, uint64_t paddr, uint64_t *ret)
{
  g_autofree char *key = g_strdup_printf(" %" PRIx64 "=", paddr);
  const char *bytes = strstr(state, "bytes ");
  const char *found = bytes != NULL ? strstr(bytes, key) : NULL;
  if (found == NULL)
    return false;
  *ret = g_ascii_strtoull(found + strlen(key), NULL, 16);
  return true;
}

void kill_fill(sim_machine *machine, const char *before)
{
  const sim_table *table = sim_machine_table(machine);
  uint64_t sum;
  for (uint64_t i = 0; i < sim_table_header(table)->room; i++) {
    const struct sim_entry *entry = sim_table_entry(table, i);
    enum sim_entry_kind kind = sim_entry_kind(entry);
    if (kind == SIM_ENTRY_NONE || kind == SIM_ENTRY_LIST || kind == SIM_ENTRY_PROCESS)
      continue;
    for (uint64_t at = entry->start; at < entry->end; at += FM_PAGE_SIZE)
      if (!find_sum(before, at, &sum))
        for (unsigned w = 0; w < FM_PAGE_SIZE / sizeof(uint64_t); w++)
          words_of(at)[w] = at * UINT64_C(0x9e3779b97f4a7c15) + entry->serial + w;
  }
}

/* ---- Judging ---- */

char *kill_find_lost(const sim_machine *machine)
{
  const struct fm_kernel *kernel = machine->kernel;
  if (kernel->allocator == FM_ALLOCATOR_NONE)
    return NULL;
  for (uint32_t i = 0; i < kernel->regions.count; i++) {
    const struct fm_region *region = &kernel->regions.at[i];
    if (region->type != FM_REGION_USABLE)
      continue;
    for (uint64_t at = region->base; at < MIN(fm_region_end(region), kernel->max_paddr);
         at += FM_PAGE_SIZE) {
      struct fm_slot_view view;
      fm_slot_view(kernel, fm_slot_at(fm_paddr_of(at)), &view);
      bool head = view.state == FM_STATE_UNIQUE && view.vtable != NULL &&
                  view.vtable->number == FM_META_FREE_HEAD;
      bool is_free = machine->ops->is_free(kernel, fm_paddr_of(at));
      if ((view.state == FM_STATE_UNUSED || head) != is_free)
        return g_strdup_printf("frame 0x%" PRIx64 " is %s, and %s", at,
                               fm_count_state_name(view.state),
                               is_free ? "free" : "not free: lost");
    }
  }
  return NULL;
}

static char *handles_of(const char *state)
{
  const char *bytes = strstr(state, "\nbytes ");
  return g_strndup(state, (gsize)(bytes - state));
}

char *kill_differs(const char *found, const char *before, const char *after)
{
  g_autofree char *f = handles_of(found);
  g_autofree char *b = handles_of(before);
  g_autofree char *a = handles_of(after);
  if (strcmp(f, b) != 0 && strcmp(f, a) != 0)
    return g_strdup_printf("the repaired file says\n%s\n-- which is neither\n%s\n-- nor\n%s", f, b,
                           a);
  g_auto(GStrv) sums = g_strsplit(strstr(found, "\nbytes ") + strlen("\nbytes "), " ", -1);
  for (char **one = sums; *one != NULL; one++) {
    uint64_t paddr = g_ascii_strtoull(*one, NULL, 16);
    uint64_t sum =
        strchr(*one, '=') != NULL ? g_ascii_strtoull(strchr(*one, '=') + 1, NULL, 16) : 0;
    uint64_t then;
    if (**one == '\0' || !find_sum(before, paddr, &then) || then == sum)
      continue; /* taken by this step: nothing has been written yet */
    if (!find_sum(after, paddr, &then) || then != sum)
      return g_strdup_printf("the bytes of frame 0x%" PRIx64 " are not what they were", paddr);
  }
  return NULL;
}
