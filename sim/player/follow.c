/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/player/follow.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/player/follow_internal.h"

#define POINTS_TOLD 12u

/* ---- Places ---- */

uint32_t follow_source(sim_follow *follow, const sim_source *source)
{
  gsize known = GPOINTER_TO_SIZE(g_hash_table_lookup(follow->sources, source));
  if (known != 0)
    return (uint32_t)known - 1;
  uint32_t number = sim_player_source(follow->player, source->name, source->text, source->size);
  g_hash_table_insert(follow->sources, (gpointer)source, GSIZE_TO_POINTER(number + 1));
  return number;
}

int32_t follow_command(sim_follow *follow, const struct sim_command *command)
{
  gsize known = GPOINTER_TO_SIZE(g_hash_table_lookup(follow->commands, command));
  if (known != 0)
    return (int32_t)known - 1;
  g_autofree char *text = sim_command_text(command);
  int32_t number = sim_player_command(follow->player, follow_source(follow, command->place.source),
                                      sim_place_line(command->place), text);
  g_hash_table_insert(follow->commands, (gpointer)command, GSIZE_TO_POINTER(number + 1));
  return number;
}

/* A finding knows its place as a text, "file:line:col". */
static int32_t command_of_place(sim_follow *follow, const char *place)
{
  GHashTableIter iter;
  gpointer key;
  gpointer value;
  g_hash_table_iter_init(&iter, follow->sources);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    const sim_source *source = key;
    size_t length = strlen(source->name);
    if (strncmp(place, source->name, length) != 0 || place[length] != ':')
      continue;
    struct sim_place found = {.source = source};
    uint64_t line = strtoull(place + length + 1, NULL, 10);
    if (line == 0 || line > source->lines->len)
      return -1;
    found.offset = g_array_index(source->lines, gsize, line - 1);
    g_autofree char *text = sim_place_text(found);
    return sim_player_command(follow->player, (uint32_t)GPOINTER_TO_SIZE(value) - 1, (uint32_t)line,
                              text);
  }
  return -1;
}

/* ---- Text ---- */

/* What was said belongs to the moment that was made last. */
static void hand_over_said(sim_follow *follow)
{
  if (!follow->any)
    return;
  for (guint i = 0; i < follow->said->len; i++)
    sim_player_said(follow->player, follow->said->pdata[i]);
  g_ptr_array_set_size(follow->said, 0);
}

void sim_follow_text(sim_follow *follow, enum sim_text_kind kind, const char *text)
{
  if (kind == SIM_TEXT_OUTPUT && !g_str_has_prefix(text, "== "))
    g_ptr_array_add(follow->said, g_strdup(text));
}

static void count_expectations(sim_follow *follow, const sim_run *run)
{
  if (run->expectations == follow->expectations)
    return;
  if (follow->any)
    sim_player_expected(follow->player, run->expectations - follow->expectations);
  follow->expectations = run->expectations;
}

/* ---- Findings ---- */

static void tell_findings(sim_follow *follow, const sim_run *run)
{
  const GArray *found = sim_run_found(run);
  for (; follow->found < found->len; follow->found++) {
    const struct sim_run_found *one = &g_array_index(found, struct sim_run_found, follow->found);
    g_autofree char *frame =
        one->has_frame ? g_strdup_printf("0x%" PRIx64, one->frame) : g_strdup("");
    sim_player_finding(follow->player, one->kind, one->place, one->text, frame);
  }
}

/* Those that no step has told: of expectations, which are no steps. */
static void tell_findings_between(sim_follow *follow, sim_run *run)
{
  const GArray *found = sim_run_found(run);
  while (follow->found < found->len) {
    const struct sim_run_found *one = &g_array_index(found, struct sim_run_found, follow->found);
    g_autofree char *text = g_strdup_printf("%s: %s", one->kind, one->text);
    g_autofree char *frame =
        one->has_frame ? g_strdup_printf("0x%" PRIx64, one->frame) : g_strdup("");
    const struct sim_player_moment moment = {.kind = "finding",
                                             .cpu = -1,
                                             .command = command_of_place(follow, one->place),
                                             .frame = frame,
                                             .text = text};
    sim_player_begin(follow->player, &moment);
    sim_player_finding(follow->player, one->kind, one->place, one->text, frame);
    follow->found++;
    follow->any = true;
  }
}

/* ---- Questions ---- */

static void tell_questions(sim_follow *follow, const sim_run *run)
{
  const GArray *questions = sim_run_questions(run);
  for (; follow->asked < questions->len; follow->asked++) {
    const struct sim_question *one = &g_array_index(questions, struct sim_question, follow->asked);
    sim_player_question(follow->player, one->text, (const char *const *)one->choices, one->answer,
                        one->because);
  }
}

/* ---- What happens ---- */

static void on_begin(sim_run *run, void *data)
{
  sim_follow *follow = data;
  (void)follow_command(follow, run->cpu->command); /* in the order in which steps begin */
  count_expectations(follow, run);
  hand_over_said(follow);
  tell_questions(follow, run);
  tell_findings_between(follow, run);
  if (run->sched == NULL)
    g_ptr_array_set_size(follow->passed, 0);
}

static bool is_write(const struct fm_access *access)
{
  uint64_t value;
  return access->kind == FM_ACCESS_WRITE || sim_access_written(access, &value);
}

void follow_note_access(sim_follow *follow, const sim_run *run, const struct fm_access *access)
{
  uint64_t address = (uint64_t)(uintptr_t)access->where;
  uint64_t number = (address - FM_META_WINDOW) / FM_SLOT_SIZE;
  bool slot = address >= FM_META_WINDOW && number < run->kernel->nr_frames;
  bool write = is_write(access);
  if (slot && (write || !fm_site_info(access->site)->quiet))
    follow_slots_mark(follow, number);
  if (!slot && write)
    follow->memory_dirty = true;
}

/* A point among threads is a moment. */
static void tell_point(sim_follow *follow, sim_run *run, const struct fm_access *access)
{
  const struct fm_site_info *info = fm_site_info(access->site);
  const struct sim_cpu *cpu = run->cpu;
  fm_paddr paddr;
  g_autofree char *seen = sim_access_seen_text(run, access);
  g_autofree char *written = sim_access_written_text(run, access);
  g_autofree char *frame =
      sim_access_frame(run, access, &paddr) ? g_strdup_printf("0x%" PRIx64, paddr.raw) : NULL;
  const struct sim_player_moment moment = {.kind = "point",
                                           .step = cpu->step,
                                           .cpu = (int32_t)cpu->id,
                                           .thread = cpu->name,
                                           .command = follow_command(follow, cpu->command),
                                           .point = info->name,
                                           .order = fm_order_name(sim_access_order(access)),
                                           .seen = seen,
                                           .written = written,
                                           .what = info->text,
                                           .frame = frame};
  hand_over_said(follow);
  sim_player_begin(follow->player, &moment);
  follow_slots_put(follow, run);
  if (follow->memory_dirty)
    follow_rows_put_tables(follow, run);
  sim_player_end(follow->player);
  follow->any = true;
}

static void on_access(sim_run *run, const struct fm_access *access, void *data)
{
  sim_follow *follow = data;
  const struct fm_site_info *info = fm_site_info(access->site);
  if (run->kernel == NULL || !run->cpu->in_step || run->abandoning)
    return;
  follow_note_access(follow, run, access);
  if (info->quiet)
    return;
  if (run->sched != NULL)
    tell_point(follow, run, access);
  else if (follow->passed->len <= POINTS_TOLD)
    g_ptr_array_add(follow->passed, g_strdup(info->name));
}

static const char *result_of(const sim_run *run)
{
  const struct sim_cpu *cpu = run->cpu;
  if (cpu->panicked)
    return "kernel panic";
  if (cpu->answer.failed)
    return cpu->answer.error;
  return run->abandoning || cpu->orphaned ? "stopped" : run->script_error ? "error" : "Ok";
}

static void tell_changes(sim_follow *follow, sim_run *run)
{
  g_autoptr(GString) text = g_string_new(NULL);
  if (run->kernel == NULL || run->abandoning || run->script_error)
    return;
  sim_run_append_changes(run, text);
  g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (g_strstrip(*line)[0] != '\0')
      sim_player_change(follow->player, *line);
}

static void tell_passed(sim_follow *follow)
{
  for (guint i = 0; i < MIN(follow->passed->len, POINTS_TOLD); i++)
    sim_player_passed(follow->player, follow->passed->pdata[i]);
  if (follow->passed->len > POINTS_TOLD)
    sim_player_passed(follow->player, "...");
  g_ptr_array_set_size(follow->passed, 0);
}

static void put_everything(sim_follow *follow, sim_run *run)
{
  guint booted = follow->epochs->len;
  if (run->kernel == NULL || run->abandoning)
    return;
  if (run->boots > booted)
    follow_slots_boot(follow, run);
  follow_slots_put(follow, run);
  follow_rows_put(follow, run);
}

static void on_end(sim_run *run, void *data)
{
  sim_follow *follow = data;
  const struct sim_cpu *cpu = run->cpu;
  const struct sim_player_moment moment = {.kind = "step",
                                           .step = cpu->step,
                                           .cpu = (int32_t)cpu->id,
                                           .thread = cpu == &run->main ? NULL : cpu->name,
                                           .command = follow_command(follow, cpu->command),
                                           .result = result_of(run)};
  if (sim_player_begin(follow->player, &moment)) {
    tell_changes(follow, run);
    if (run->sched == NULL)
      tell_passed(follow);
    put_everything(follow, run);
  }
  follow->any = true;
  hand_over_said(follow);
  tell_findings(follow, run);
  sim_player_end(follow->player);
}

/* ---- Life ---- */

sim_follow *sim_follow_new(sim_player *player)
{
  sim_follow *follow = g_new0(sim_follow, 1);
  follow->watcher = (struct sim_run_watcher){
      .begin = on_begin, .access = on_access, .end = on_end, .data = follow, .needs_hooks = true};
  follow->player = player;
  follow->sources = g_hash_table_new(NULL, NULL);
  follow->commands = g_hash_table_new(NULL, NULL);
  follow->epochs = g_ptr_array_new_with_free_func(follow_epoch_free);
  follow->groups = g_hash_table_new(NULL, NULL);
  follow->beyond = g_hash_table_new(NULL, NULL);
  follow->dirty = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  follow->is_dirty = g_hash_table_new(NULL, NULL);
  follow->holders = g_hash_table_new_full(NULL, NULL, NULL, follow_holder_free);
  follow->passed = g_ptr_array_new_with_free_func(g_free);
  follow->said = g_ptr_array_new_with_free_func(g_free);
  return follow;
}

sim_follow *sim_follow_free(sim_follow *follow)
{
  if (follow == NULL)
    return NULL;
  g_hash_table_unref(follow->sources);
  g_hash_table_unref(follow->commands);
  g_ptr_array_unref(follow->epochs);
  g_hash_table_unref(follow->groups);
  g_hash_table_unref(follow->beyond);
  g_array_unref(follow->dirty);
  g_hash_table_unref(follow->is_dirty);
  g_hash_table_unref(follow->holders);
  g_ptr_array_unref(follow->passed);
  g_ptr_array_unref(follow->said);
  g_free(follow);
  return NULL;
}

struct sim_run_watcher *sim_follow_watcher(sim_follow *follow)
{
  return &follow->watcher;
}

/* ---- The end ---- */

void follow_tell_machine(sim_follow *follow, const sim_run *run)
{
  sim_player *player = follow->player;
  sim_player_set_title(player, run->title);
  if (run->kernel == NULL)
    return;
  const struct fm_kernel *kernel = run->kernel;
  g_autofree char *machine = g_strdup_printf(
      "%" PRIu64 " frames, %u CPU%s, allocator %s", kernel->nr_frames, kernel->cpus,
      kernel->cpus == 1 ? "" : "s", fm_allocator_name((enum fm_allocator_kind)kernel->allocator));
  sim_player_fact(player, "machine", machine);
  for (uint32_t i = 0; i < kernel->regions.count; i++)
    sim_player_region(player, kernel->regions.at[i].base, fm_region_end(&kernel->regions.at[i]),
                      fm_region_type_name((enum fm_region_type)kernel->regions.at[i].type));
  sim_player_region(player, kernel->meta_start, kernel->meta_start + kernel->meta_size, "slots");
}

static void tell_facts(sim_follow *follow, const sim_run *run)
{
  sim_player *player = follow->player;
  g_autofree char *seed = g_strdup_printf("%" PRIu64, run->seed);
  g_autofree char *steps = g_strdup_printf("%" PRIu64, run->steps);
  g_autofree char *expectations = g_strdup_printf("%" PRIu64, run->expectations);
  sim_player_fact(player, "seed", seed);
  sim_player_fact(player, "steps", steps);
  sim_player_fact(player, "expectations", expectations);
  follow_tell_machine(follow, run);
}

void sim_follow_end(sim_follow *follow, sim_run *run, enum sim_verdict verdict)
{
  static const char *const words[] = {
      [SIM_VERDICT_HELD] = "held",         [SIM_VERDICT_VIOLATED] = "violated",
      [SIM_VERDICT_UNUSABLE] = "unusable", [SIM_VERDICT_LIMIT] = "limit",
      [SIM_VERDICT_NO_BOOT] = "no boot",   [SIM_VERDICT_INTERRUPTED] = "interrupted",
      [SIM_VERDICT_INPUT] = "unusable",
  };
  const char *word = run->stopped_early && verdict == SIM_VERDICT_HELD ? "stopped" : words[verdict];
  (void)follow_source(follow, run->script->source);
  count_expectations(follow, run);
  hand_over_said(follow);
  tell_questions(follow, run);
  tell_findings_between(follow, run);
  g_autofree char *text =
      g_strdup_printf("The end: %s, %" PRIu64 " step%s, %" PRIu64 " finding%s", word, run->steps,
                      run->steps == 1 ? "" : "s", run->findings, run->findings == 1 ? "" : "s");
  const struct sim_player_moment moment = {.kind = "end", .cpu = -1, .command = -1, .text = text};
  sim_player_begin(follow->player, &moment);
  put_everything(follow, run);
  follow->any = true;
  hand_over_said(follow);
  sim_player_end(follow->player);
  sim_player_set_verdict(follow->player, word);
  tell_facts(follow, run);
  follow_slots_end(follow);
}
