/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/draw/stage.h"

#include <inttypes.h>
#include <string.h>

#include "sim/script/interp.h"

#define TEXT_CHARS 70

/* The step is over, or is where the run was to stop. */
static void note_place(sim_run *run, sim_stage *stage)
{
  g_autofree char *text = sim_command_text(run->cpu->command);
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  bool inside = run->stopped_early && run->until_site != FM_SITE_COUNT;
  for (char *c = valid; *c != '\0'; c++)
    if (*c == '\n')
      *c = ' ';
  g_autofree char *start = g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), TEXT_CHARS));
  g_free(stage->caption);
  stage->step = run->cpu->step;
  stage->caption = g_strdup_printf(
      "%s step %" PRIu64 "%s%s: %s%s%s", inside ? "in" : "after", run->cpu->step,
      inside ? ", right after " : "", inside ? run->options.until_point : "",
      run->cpu != &run->main ? run->cpu->name : "", run->cpu != &run->main ? ": " : "", start);
}

static void on_access(sim_run *run, const struct fm_access *access, void *data)
{
  (void)access;
  if (run->stopped_early)
    note_place(run, data);
}

static void on_end(sim_run *run, void *data)
{
  if (!run->abandoning)
    note_place(run, data);
}

static void on_text(enum sim_text_kind kind, const char *text, void *data)
{
  sim_stage *stage = data;
  if (kind == SIM_TEXT_MESSAGE)
    g_ptr_array_add(stage->messages, g_strdup(text));
}

sim_stage *sim_stage_new(const sim_script *script, const struct sim_run_options *options)
{
  sim_stage *stage = g_new0(sim_stage, 1);
  const struct sim_run_watcher watcher = {.access = on_access, .end = on_end, .data = stage};
  struct sim_run_options own = *options;
  own.watchers = &watcher;
  own.sink = on_text;
  own.sink_data = stage;
  stage->messages = g_ptr_array_new_with_free_func(g_free);
  stage->caption = g_strdup("before the first step");
  stage->run = sim_run_new(script, &own);
  stage->verdict = sim_run_execute(stage->run);
  stage->run->options.watchers = NULL;
  stage->reached = options->until_step == 0 || stage->run->stopped_early;
  stage->machine = sim_run_machine(stage->run);
  return stage;
}

sim_stage *sim_stage_free(sim_stage *stage)
{
  if (stage == NULL)
    return NULL;
  sim_run_free(stage->run);
  g_free(stage->caption);
  g_ptr_array_unref(stage->messages);
  g_free(stage);
  return NULL;
}

fm_paddr sim_stage_root(const sim_stage *stage, const char *name)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(stage->run);
  for (guint i = 0; i < handles->len; i++) {
    const struct sim_handle *handle = handles->pdata[i];
    if (handle->kind == SIM_HANDLE_PROCESS && strcmp(handle->name, name) == 0)
      return fm_slot_paddr(handle->process->space.root.slot);
  }
  return fm_paddr_of(0);
}
