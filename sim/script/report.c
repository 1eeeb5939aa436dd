/* SPDX-License-Identifier: MPL-2.0 */
/* What a run tells: steps, points, errors and findings. */
#include <inttypes.h>
#include <string.h>

#include "sim/script/interp.h"

static void deliver(sim_run *run, enum sim_text_kind kind, const char *text)
{
  if (run->options.sink != NULL)
    run->options.sink(kind, text, run->options.sink_data);
}

void sim_run_text(sim_run *run, enum sim_text_kind kind, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  if (kind == SIM_TEXT_OUTPUT)
    g_string_append_printf(run->cpu->output, "%s\n", text);
  else
    deliver(run, kind, text);
}

void sim_run_flush(sim_run *run)
{
  GString *output = run->cpu->output;
  for (guint i = 0; i < run->cpu->pending->len; i++)
    deliver(run, SIM_TEXT_MESSAGE, run->cpu->pending->pdata[i]);
  g_ptr_array_set_size(run->cpu->pending, 0);
  if (output->len == 0)
    return;
  g_string_truncate(output, output->len - 1); /* the sink gets lines without their end */
  deliver(run, SIM_TEXT_OUTPUT, output->str);
  g_string_truncate(output, 0);
}

void sim_cpu_init(struct sim_cpu *cpu, const char *name, uint32_t id)
{
  *cpu = (struct sim_cpu){.name = name,
                          .id = id,
                          .touched = g_array_new(FALSE, FALSE, sizeof(struct sim_touch)),
                          .touches = g_hash_table_new(NULL, NULL),
                          .output = g_string_new(NULL),
                          .pending = g_ptr_array_new_with_free_func(g_free),
                          .breaches = g_array_new(FALSE, FALSE, sizeof(struct sim_contract_breach)),
                          .intents = g_ptr_array_new(),
                          .leaving = g_ptr_array_new(),
                          .locals = g_hash_table_new(g_str_hash, g_str_equal)};
}

void sim_cpu_clear(struct sim_cpu *cpu)
{
  g_array_unref(cpu->touched);
  g_hash_table_unref(cpu->touches);
  g_string_free(cpu->output, TRUE);
  g_ptr_array_unref(cpu->pending);
  g_array_unref(cpu->breaches);
  g_ptr_array_unref(cpu->intents);
  g_ptr_array_unref(cpu->leaving);
  g_hash_table_unref(cpu->locals);
}

enum sim_flow sim_run_error(sim_run *run, struct sim_place place, const char *hint,
                            const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_autofree char *message = sim_diag_format(place, "error", text, hint);
  sim_run_flush(run);
  deliver(run, SIM_TEXT_MESSAGE, message);
  run->script_error = true;
  return SIM_FLOW_STOP;
}

char *sim_view_to_string(const struct fm_slot_view *view)
{
  const char *type = view->vtable != NULL ? view->vtable->name : "no type";
  GString *text = g_string_new(NULL);
  switch (view->state) {
  case FM_STATE_SHARED:
    g_string_printf(text, "shared %" PRIu64 ", %s", view->ref_count, type);
    break;
  case FM_STATE_UNIQUE:
    g_string_printf(text, "unique, %s", type);
    break;
  case FM_STATE_ILLEGAL:
    g_string_printf(text, "illegal count 0x%" PRIx64, view->ref_count);
    break;
  default:
    g_string_append(text, fm_count_state_name(view->state));
  }
  if (view->in_list != 0)
    g_string_append_printf(text, ", in list %" PRIu64, view->in_list);
  return g_string_free(text, FALSE);
}

/* ---- Findings ---- */

/* Frame 0 is a frame too, so keys are one more than the number. */
static gpointer touch_key(fm_paddr frame)
{
  return GSIZE_TO_POINTER(fm_pfn_of_paddr(frame).nr + 1);
}

static const struct sim_change *last_change(const sim_run *run, fm_paddr frame)
{
  return g_hash_table_lookup(run->changes, touch_key(frame));
}

struct sim_touch *sim_run_find_touch(const sim_run *run, fm_paddr frame)
{
  gsize place = GPOINTER_TO_SIZE(g_hash_table_lookup(run->cpu->touches, touch_key(frame)));
  return place == 0 ? NULL : &g_array_index(run->cpu->touched, struct sim_touch, place - 1);
}

/* "share.fms:10 drop f (step 7)". */
static void append_change(GString *hint, const struct sim_command *command, uint64_t step)
{
  g_autofree char *text = sim_command_text(command);
  g_autofree char *place = sim_place_to_string(command->place);
  *strrchr(place, ':') = '\0'; /* the column says nothing here */
  g_string_append_printf(hint, "%s %s (step %" PRIu64 ")", place, text, step);
}

static void describe_frame(const sim_run *run, fm_paddr frame, GString *hint)
{
  struct fm_slot_view now;
  fm_slot_view(run->kernel, fm_slot_at(frame), &now);
  g_autofree char *after = sim_view_to_string(&now);
  const struct sim_touch *touch = sim_run_find_touch(run, frame);

  g_string_append_printf(hint, "frame 0x%" PRIx64 ": ", frame.raw);
  if (touch != NULL) {
    g_autofree char *before = sim_view_to_string(&touch->before);
    if (strcmp(before, after) == 0)
      g_string_append_printf(hint, "%s before and after", after);
    else
      g_string_append_printf(hint, "%s before, %s now", before, after);
  } else {
    g_string_append(hint, after);
  }
  const struct sim_change *change = last_change(run, frame);
  const struct sim_command *command = change != NULL ? change->command : NULL;
  uint64_t step = change != NULL ? change->step : 0;
  if (touch != NULL && step == run->cpu->step && change != NULL) {
    command = change->earlier;
    step = change->earlier_step;
  }
  bool known = command != NULL;
  if (known) {
    g_string_append(hint, "    last change: ");
    append_change(hint, command, step);
  }
  bool over = run->mass_step < run->cpu->step || !run->cpu->in_step;
  if (run->mass_step > (known ? step : 0) && over) {
    g_string_append(hint, known ? ", or since: " : "    perhaps changed: ");
    append_change(hint, run->mass, run->mass_step);
  } else if (!known) {
    g_string_append(hint, "    not changed before by this script");
  }
  g_string_append_c(hint, '\n');
}

/* A word of a command line, in quotes if the shell would take it apart. */
static void append_word(GString *line, const char *word)
{
  static const char *const plain = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_./=+:,@%";
  g_autofree char *quoted = g_shell_quote(word);
  bool simple = word[0] != '\0' && strspn(word, plain) == strlen(word);
  g_string_append_printf(line, " %s", simple ? word : quoted);
}

/* The command that runs up to the step under way, with all that it depends on. */
static void append_replay(const sim_run *run, GString *hint)
{
  const char *script = run->script->source->name;
  g_string_append(hint, "replay: framesim run");
  append_word(hint, strcmp(script, "<stdin>") == 0 ? "-" : script);
  for (const char *const *text = run->options.defines; text != NULL && *text != NULL; text++) {
    g_string_append(hint, " -D");
    append_word(hint, *text);
  }
  if (run->options.build != SIM_BUILD_AUTO)
    g_string_append_printf(hint, " --build %s",
                           run->options.build == SIM_BUILD_NATIVE ? "native" : "instrumented");
  if (run->options.check_given)
    g_string_append_printf(hint, " --check %s", sim_check_level_name(run->options.check));
  if (run->options.variant != NULL)
    g_string_append_printf(hint, " --variant %s", run->options.variant);
  if (run->options.schedule != NULL) {
    g_autofree char *text = sim_run_schedule_text(run->options.schedule);
    g_string_append(hint, " --schedule");
    append_word(hint, text);
  }
  g_string_append_printf(hint, " --seed %" PRIu64, run->seed);
  if (run->cpu->step != 0)
    g_string_append_printf(hint, " --until %" PRIu64, run->cpu->step);
}

static void keep_finding(sim_run *run, struct sim_place place, const char *kind,
                         const fm_paddr *frame, const char *text)
{
  struct sim_run_found found = {
      .kind = kind,
      .place = sim_place_to_string(place),
      .text = g_strdup(text),
      .clause = run->clause,
      .step = run->cpu->step,
      .has_frame = frame != NULL,
      .frame = frame != NULL ? frame->raw : 0,
  };
  g_array_append_val(run->found, found);
  run->findings++;
}

void sim_run_finding(sim_run *run, struct sim_place place, const char *kind, const fm_paddr *frame,
                     const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);

  g_autoptr(GString) hint = g_string_new("\n"); /* below the caret, not beside it */
  if (frame != NULL && run->machine != NULL && fm_is_page_aligned(frame->raw) &&
      frame->raw < run->kernel->max_paddr) {
    describe_frame(run, *frame, hint);
    if (strcmp(kind, "LEAK") != 0) /* it tells of the one that it is about */
      sim_run_append_holders(run, *frame, hint);
  }
  append_replay(run, hint);
  keep_finding(run, place, kind, frame, text);
  char *message = sim_diag_format(place, kind, text, hint->str);
  if (run->cpu->in_step) {
    g_ptr_array_add(run->cpu->pending, message);
    return;
  }
  deliver(run, SIM_TEXT_MESSAGE, message);
  g_free(message);
}

/* ---- Steps ---- */

static void add_touch(sim_run *run, struct sim_touch touch)
{
  struct sim_cpu *cpu = run->cpu;
  g_array_append_val(cpu->touched, touch);
  g_hash_table_insert(cpu->touches, touch_key(touch.frame), GSIZE_TO_POINTER(cpu->touched->len));
}

void sim_run_touch(sim_run *run, fm_paddr frame)
{
  if (!fm_is_page_aligned(frame.raw) || frame.raw >= run->kernel->max_paddr ||
      sim_run_find_touch(run, frame) != NULL)
    return;
  struct sim_touch touch = {.frame = frame};
  fm_slot_view(run->kernel, fm_slot_at(frame), &touch.before);
  add_touch(run, touch);
}

static void touch_frame(fm_paddr frame, void *data)
{
  sim_run_touch(data, frame);
}

void sim_run_touch_handle(sim_run *run, const struct sim_handle *handle)
{
  sim_handle_each_frame(handle, touch_frame, run);
}

void sim_run_touch_new(sim_run *run, fm_paddr frame)
{
  struct sim_touch touch = {.frame = frame,
                            .before = {.ref_count = FM_COUNT_UNUSED, .state = FM_STATE_UNUSED}};
  if (sim_run_find_touch(run, frame) != NULL)
    return;
  /* The accesses that made it are over: what they left is what they did. */
  touch.wrote = true;
  touch.count_after = fm_slot_at(frame)->ref_count;
  add_touch(run, touch);
  if (run->sched != NULL)
    sim_run_note_change(run, frame);
}

void sim_cpu_forget_touches(struct sim_cpu *cpu)
{
  g_array_set_size(cpu->touched, 0);
  g_hash_table_remove_all(cpu->touches);
}

static bool same_view(const struct fm_slot_view *a, const struct fm_slot_view *b)
{
  return a->ref_count == b->ref_count && a->vtable == b->vtable && a->in_list == b->in_list;
}

void sim_run_note_change(sim_run *run, fm_paddr frame)
{
  const struct sim_change *last = last_change(run, frame);
  if (last != NULL && last->step == run->cpu->step)
    return;
  struct sim_change *change = g_new(struct sim_change, 1);
  *change = (struct sim_change){run->cpu->step, run->cpu->command, last != NULL ? last->step : 0,
                                last != NULL ? last->command : NULL};
  g_hash_table_replace(run->changes, touch_key(frame), change);
}

/* "unused -> shared 1, anon", or NULL if nothing changed. */
static char *explain_touch(sim_run *run, const struct sim_touch *touch)
{
  struct fm_slot_view now;
  fm_slot_view(run->kernel, fm_slot_at(touch->frame), &now);
  if (run->sched != NULL) {
    if (!touch->wrote && !touch->wrote_other)
      return NULL;
    if (touch->wrote) {
      now.ref_count = touch->count_after;
      now.state = fm_count_state(now.ref_count);
    }
    bool in_use = now.state == FM_STATE_SHARED || now.state == FM_STATE_UNIQUE;
    now.vtable = in_use ? fm_kernel_vtable_of(run->kernel, fm_kaddr_of(now.vtable_ptr)) : NULL;
  }
  if (same_view(&touch->before, &now))
    return NULL;

  if (run->sched == NULL)
    sim_run_note_change(run, touch->frame);
  g_autofree char *before = sim_view_to_string(&touch->before);
  g_autofree char *after = sim_view_to_string(&now);
  return g_strdup_printf("%s -> %s", before, after);
}

#define TOUCHES_TOLD 24u

/* Frames side by side with the same fate are told together. */
void sim_run_append_changes(sim_run *run, GString *line)
{
  const GArray *touched = run->cpu->touched;
  bool explained = false;
  guint told = 0;
  guint more = 0;
  for (guint i = 0, frames; i < touched->len; i += frames) {
    const struct sim_touch *first = &g_array_index(touched, struct sim_touch, i);
    g_autofree char *text = explain_touch(run, first);
    for (frames = 1; text != NULL && i + frames < touched->len; frames++) {
      const struct sim_touch *next = &g_array_index(touched, struct sim_touch, i + frames);
      if (next->frame.raw != first->frame.raw + frames * FM_PAGE_SIZE)
        break;
      g_autofree char *other = explain_touch(run, next);
      if (g_strcmp0(text, other) != 0)
        break;
    }
    if (text == NULL)
      continue;
    if (told++ >= TOUCHES_TOLD) {
      more += frames;
      continue;
    }
    g_string_append(line, explained ? "\n        " : "  ");
    if (frames == 1)
      g_string_append_printf(line, "frame 0x%" PRIx64 ": %s", first->frame.raw, text);
    else
      g_string_append_printf(line, "%u frames from 0x%" PRIx64 ": %s", frames, first->frame.raw,
                             text);
    explained = true;
  }
  if (more != 0)
    g_string_append_printf(line, "\n        and %u frames more", more);
}

static void report_machine_findings(sim_run *run, const struct sim_command *command)
{
  g_auto(GStrv) findings = sim_machine_take_findings(run->machine);
  /* A debug assertion of the kernel has no more to say than the clause that was broken. */
  if (sim_run_report_breaches(run, command))
    return;
  for (char **text = findings; text != NULL && *text != NULL; text++)
    sim_run_finding(run, command->place, "VIOLATED", NULL, "%s", *text);
}

void sim_run_report_step(sim_run *run, const struct sim_command *command)
{
  g_autofree char *text = sim_command_text(command);
  g_autoptr(GString) line = g_string_new(NULL);
  g_strdelimit(text, "\n\r\t", ' ');
  g_string_append_printf(line, "%4" PRIu64 "  ", run->cpu->step);
  if (run->cpu != &run->main)
    g_string_append_printf(line, "%s: ", run->cpu->name);
  else if (run->cpu->id != 0)
    g_string_append_printf(line, "CPU %u: ", run->cpu->id);
  g_string_append_printf(line, "%-44s", text);

  if (run->machine != NULL && run->kernel != NULL) {
    sim_run_append_changes(run, line);
    report_machine_findings(run, command);
  }
  if (run->cpu->answer.failed)
    g_string_append_printf(line, "  answer: %s", run->cpu->answer.error);
  if (run->cpu->panicked)
    g_string_append(line, "  kernel panic");
  g_strchomp(line->str);
  deliver(run, SIM_TEXT_STEP, line->str);
  sim_run_flush(run);
}
