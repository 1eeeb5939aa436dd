/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/draw/survey.h"

#include <string.h>

#include "sim/pagemap.h"
#include "sim/script/interp.h"

/* Pages of one process that are kept; a picture shows far fewer. */
#define NODES_MAX 4096u

static void process_free(gpointer data)
{
  struct sim_survey_process *process = data;
  g_free(process->name);
  g_array_unref(process->nodes);
  g_free(process);
}

sim_survey *sim_survey_new_empty(void)
{
  sim_survey *survey = g_new0(sim_survey, 1);
  survey->frames = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  survey->processes = g_ptr_array_new_with_free_func(process_free);
  survey->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  survey->messages = g_ptr_array_new_with_free_func(g_free);
  return survey;
}

sim_survey *sim_survey_free(sim_survey *survey)
{
  if (survey == NULL)
    return NULL;
  g_array_unref(survey->frames);
  g_ptr_array_unref(survey->processes);
  g_hash_table_unref(survey->names);
  g_ptr_array_unref(survey->messages);
  g_free(survey);
  return NULL;
}

const struct sim_survey_process *sim_survey_process(const sim_survey *survey, const char *name)
{
  for (guint i = 0; i < survey->processes->len; i++) {
    const struct sim_survey_process *process = survey->processes->pdata[i];
    if (strcmp(process->name, name) == 0)
      return process;
  }
  return NULL;
}

/* ---- Nodes ---- */

static int by_address(gconstpointer a, gconstpointer b)
{
  const struct sim_survey_node *x = a;
  const struct sim_survey_node *y = b;
  if (x->va != y->va)
    return x->va < y->va ? -1 : 1;
  return x->level == y->level ? 0 : x->level > y->level ? -1 : 1;
}

static int by_number(gconstpointer a, gconstpointer b)
{
  const uint64_t *x = a;
  const uint64_t *y = b;
  return *x == *y ? 0 : *x < *y ? -1 : 1;
}

static void add_node(GArray *nodes, uint64_t va, uint32_t level)
{
  for (guint i = 0; i < nodes->len; i++) {
    const struct sim_survey_node *node = &g_array_index(nodes, struct sim_survey_node, i);
    if (node->va == va && node->level == level)
      return;
  }
  struct sim_survey_node node = {va, level};
  if (nodes->len < NODES_MAX)
    g_array_append_val(nodes, node);
}

static void visit(const struct sim_pagemap_entry *entry, void *data)
{
  add_node(data, entry->va, entry->is_table ? entry->level - 1 : 0);
}

void sim_survey_add_tables(sim_survey *survey, const sim_machine *machine, const char *name,
                           fm_paddr root)
{
  const struct sim_survey_process *known = sim_survey_process(survey, name);
  if (known == NULL) {
    struct sim_survey_process *process = g_new0(struct sim_survey_process, 1);
    process->name = g_strdup(name);
    process->nodes = g_array_new(FALSE, FALSE, sizeof(struct sim_survey_node));
    g_ptr_array_add(survey->processes, process);
    known = process;
  }
  add_node(known->nodes, 0, FM_PT_LEVELS);
  sim_pagemap_each(machine, root, visit, known->nodes);
}

void sim_survey_finish(sim_survey *survey)
{
  guint kept = 0;
  g_array_sort(survey->frames, by_number);
  for (guint i = 0; i < survey->frames->len; i++) {
    uint64_t nr = g_array_index(survey->frames, uint64_t, i);
    if (kept == 0 || g_array_index(survey->frames, uint64_t, kept - 1) != nr)
      g_array_index(survey->frames, uint64_t, kept++) = nr;
  }
  g_array_set_size(survey->frames, kept);
  for (guint i = 0; i < survey->processes->len; i++)
    g_array_sort(((struct sim_survey_process *)survey->processes->pdata[i])->nodes, by_address);
}

/* ---- While it runs ---- */

static void note_names(sim_survey *survey, const sim_run *run)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  for (guint i = 0; i < handles->len; i++) {
    const struct sim_handle *handle = handles->pdata[i];
    uint64_t frame = handle->frame.raw;
    if (handle->kind == SIM_HANDLE_PROCESS) {
      fm_paddr root = fm_slot_paddr(handle->process->space.root.slot);
      sim_survey_add_tables(survey, run->machine, handle->name, root);
      frame = root.raw;
    } else if (handle->kind == SIM_HANDLE_LIST || handle->kind == SIM_HANDLE_CURSOR) {
      continue;
    }
    if (!g_hash_table_contains(survey->names, handle->name))
      g_hash_table_insert(survey->names, g_strdup(handle->name), g_memdup2(&frame, sizeof(frame)));
  }
}

static void on_end(sim_run *run, void *data)
{
  sim_survey *survey = data;
  if (run->kernel == NULL || run->abandoning || run->script_error)
    return;
  for (guint i = 0; i < run->cpu->touched->len; i++) {
    uint64_t nr = fm_pfn_of_paddr(g_array_index(run->cpu->touched, struct sim_touch, i).frame).nr;
    if (survey->frames->len == 0 ||
        g_array_index(survey->frames, uint64_t, survey->frames->len - 1) != nr)
      g_array_append_val(survey->frames, nr);
  }
  note_names(survey, run);
}

static void on_text(enum sim_text_kind kind, const char *text, void *data)
{
  sim_survey *survey = data;
  if (kind == SIM_TEXT_MESSAGE)
    g_ptr_array_add(survey->messages, g_strdup(text));
}

sim_survey *sim_survey_new(const sim_script *script, const struct sim_run_options *options)
{
  sim_survey *survey = sim_survey_new_empty();
  const struct sim_run_watcher watcher = {.end = on_end, .data = survey};
  struct sim_run_options own = *options;
  struct sim_run_summary summary;
  own.watchers = &watcher;
  own.sink = on_text;
  own.sink_data = survey;
  own.until_step = 0;
  own.until_point = NULL;
  g_autoptr(sim_run) run = sim_run_new(script, &own);
  survey->verdict = sim_run_execute(run);
  sim_run_summary(run, &summary);
  survey->steps = summary.steps;
  survey->title = summary.title;
  sim_survey_finish(survey);
  return survey;
}
