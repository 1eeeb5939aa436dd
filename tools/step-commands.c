/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/step-commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/cli.h"

#define STEPS_SHOWN  200u
#define LINES_BEFORE 4u
#define LINES_SHOWN  10u

bool step_complain(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  fflush(stdout);
  fprintf(stderr, "%s\n", text);
  return false;
}

/* ---- What is told ---- */

void step_print_text(enum sim_text_kind kind, const char *text, void *data)
{
  struct step_state *state = data;
  if (kind == SIM_TEXT_MESSAGE) {
    fflush(stdout);
    fputs(text, stderr);
    return;
  }
  if (kind == SIM_TEXT_STEP)
    state->told++;
  if (state->told <= STEPS_SHOWN || state->all_steps)
    printf("%s%s%s\n", kind == SIM_TEXT_POINT ? cli_color(CLI_DIM) : "", text,
           kind == SIM_TEXT_POINT ? cli_color(CLI_PLAIN) : "");
}

/* "docs/examples/busy.fms:7:18, A: drop f (CPU 0)". */
static char *describe_step(const struct sim_command *command, const char *thread, uint32_t cpu)
{
  g_autofree char *place = sim_place_to_string(command->place);
  g_autofree char *text = sim_command_text(command);
  bool main = strcmp(thread, "main") == 0;
  g_strdelimit(text, "\n\r\t", ' ');
  return g_strdup_printf("%s: %s%s%s (CPU %u)", place, main ? "" : thread, main ? "" : ": ", text,
                         cpu);
}

static void print_end(const struct step_state *state)
{
  static const char *const words[] = {
      [SIM_VERDICT_HELD] = "held",         [SIM_VERDICT_VIOLATED] = "violated",
      [SIM_VERDICT_UNUSABLE] = "unusable", [SIM_VERDICT_LIMIT] = "limit",
      [SIM_VERDICT_NO_BOOT] = "no-boot",   [SIM_VERDICT_INTERRUPTED] = "interrupted",
      [SIM_VERDICT_INPUT] = "unusable",
  };
  struct sim_run_summary summary;
  sim_history_summary(state->history, &summary);
  printf("at the end: %s; %" PRIu64 " step%s, %" PRIu64 " expectation%s, %" PRIu64 " finding%s\n",
         words[sim_history_place(state->history)->verdict], summary.steps,
         summary.steps == 1 ? "" : "s", summary.expectations, summary.expectations == 1 ? "" : "s",
         summary.findings, summary.findings == 1 ? "" : "s");
}

void step_print_place(const struct step_state *state)
{
  const struct sim_history_place *place = sim_history_place(state->history);
  if (place->breakpoint != 0)
    printf("breakpoint %u: ", place->breakpoint);
  if (place->stop == SIM_STOP_INTERRUPTED)
    printf("interrupted: ");
  if (place->stop == SIM_STOP_END) {
    print_end(state);
    return;
  }
  if (place->command == NULL) {
    printf("at the start: nothing was run yet\n");
    return;
  }
  g_autofree char *step = describe_step(place->command, place->thread, place->cpu);
  if (place->site == FM_SITE_COUNT)
    printf("after step %" PRIu64 ", %s\n", place->step, step);
  else
    printf("in step %" PRIu64 " right after %s, %s\n", place->step, fm_site_info(place->site)->name,
           step);
  if (place->after[0] != '\0')
    printf("  the slot: %s -> %s\n", place->before, place->after);
}

/* After a move forward.  Steps have printed their lines already. */
static bool stopped(struct step_state *state)
{
  const struct sim_history_place *place = sim_history_place(state->history);
  state->listed_to = 0;
  if (state->told > STEPS_SHOWN && !state->all_steps)
    printf("      ... and %" PRIu64 " steps more\n", state->told - STEPS_SHOWN);
  if (place->stop != SIM_STOP_STEP || place->breakpoint != 0)
    step_print_place(state);
  return true;
}

/* ---- Moving ---- */

static bool parse_count(const char *text, uint64_t *ret)
{
  *ret = 1;
  if (text[0] == '\0' || (g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, ret, NULL)))
    return true;
  return step_complain("'%s' is no number of steps", text);
}

static bool do_step(struct step_state *state, const char *arguments)
{
  uint64_t steps;
  if (!parse_count(arguments, &steps))
    return false;
  if (sim_history_place(state->history)->stop == SIM_STOP_END)
    return step_complain("the script has come to its end; 'back' goes back");
  sim_history_step(state->history, steps);
  return stopped(state);
}

static bool do_back(struct step_state *state, const char *arguments)
{
  uint64_t steps;
  if (!parse_count(arguments, &steps))
    return false;
  if (sim_history_place(state->history)->stop == SIM_STOP_START)
    return step_complain("this is the start");
  sim_history_back(state->history, steps);
  state->listed_to = 0;
  step_print_place(state);
  return true;
}

static bool do_continue(struct step_state *state, const char *arguments)
{
  (void)arguments;
  if (sim_history_place(state->history)->stop == SIM_STOP_END)
    return step_complain("the script has come to its end; 'back' goes back");
  sim_history_go(state->history);
  return stopped(state);
}

/* The point of that name; FM_SITE_COUNT after a message. */
static enum fm_site parse_site(const char *name)
{
  const char *names[FM_SITE_COUNT + 1] = {NULL};
  guint count = 0;
  for (int site = 0; site < FM_SITE_COUNT; site++) {
    const struct fm_site_info *info = fm_site_info((enum fm_site)site);
    if (info->quiet)
      continue;
    if (strcmp(info->name, name) == 0)
      return (enum fm_site)site;
    names[count++] = info->name;
  }
  const char *near = sim_suggest(name, names);
  if (near != NULL)
    (void)step_complain("there is no point '%s'; did you mean '%s'?", name, near);
  else
    (void)step_complain("there is no point '%s'; 'framesim help points' lists them", name);
  return FM_SITE_COUNT;
}

static bool do_until(struct step_state *state, const char *arguments)
{
  g_auto(GStrv) parts = g_strsplit(arguments, ".", 2);
  enum fm_site site = FM_SITE_COUNT;
  uint64_t step;
  if (parts[0] == NULL || !g_ascii_string_to_unsigned(parts[0], 10, 1, G_MAXINT64, &step, NULL))
    return step_complain("until which step?  As in: until 7, until 7.drop.dec");
  if (parts[1] != NULL && (site = parse_site(parts[1])) == FM_SITE_COUNT)
    return false;
  if (sim_history_place(state->history)->stop == SIM_STOP_END)
    return step_complain("the script has come to its end; 'back' goes back");
  if (!sim_history_until(state->history, step, site))
    return step_complain("step %" PRIu64 " has ended already; 'back' goes back", step);
  stopped(state);
  const struct sim_history_place *place = sim_history_place(state->history);
  if (place->stop == SIM_STOP_STEP && place->step == step && site != FM_SITE_COUNT)
    return step_complain("step %" PRIu64 " has ended without %s", step, parts[1]);
  if (place->stop == SIM_STOP_END)
    return step_complain("the script ended before step %" PRIu64, step);
  return true;
}

/* ---- Breakpoints ---- */

static void print_break(const struct sim_breakpoint *one)
{
  if (one->kind == SIM_BREAK_STEP)
    printf("breakpoint %u: the end of step %" PRIu64 "\n", one->number, one->step);
  else if (one->kind == SIM_BREAK_POINT)
    printf("breakpoint %u: each %s\n", one->number, fm_site_info(one->site)->name);
  else
    printf("breakpoint %u: each change of frame 0x%" PRIx64 "\n", one->number,
           one->watch.frame.raw);
}

static bool parse_frame(struct step_state *state, const char *verb, const char *arguments,
                        fm_paddr *ret)
{
  g_autofree char *line = g_strdup_printf("%s %s", verb, arguments);
  return sim_history_frame(state->history, line, ret);
}

static bool do_break(struct step_state *state, const char *arguments)
{
  const GArray *breaks = sim_history_breakpoints(state->history);
  uint64_t step;
  fm_paddr frame;
  if (arguments[0] == '\0')
    return step_complain("break where?  As in: break 7, break drop.dec, break 0x2345000, break f");
  if (g_ascii_string_to_unsigned(arguments, 10, 1, G_MAXINT64, &step, NULL)) {
    sim_history_break_step(state->history, step);
  } else if (strchr(arguments, '.') != NULL) {
    enum fm_site site = parse_site(arguments);
    if (site == FM_SITE_COUNT)
      return false;
    sim_history_break_point(state->history, site);
  } else {
    if (!parse_frame(state, "break", arguments, &frame))
      return false;
    sim_history_break_frame(state->history, frame);
  }
  print_break(&g_array_index(breaks, struct sim_breakpoint, breaks->len - 1));
  return true;
}

static bool do_breaks(struct step_state *state, const char *arguments)
{
  const GArray *breaks = sim_history_breakpoints(state->history);
  (void)arguments;
  for (guint i = 0; i < breaks->len; i++)
    print_break(&g_array_index(breaks, struct sim_breakpoint, i));
  if (breaks->len == 0)
    printf("no breakpoints\n");
  return true;
}

static bool do_delete(struct step_state *state, const char *arguments)
{
  guint64 number;
  if (!g_ascii_string_to_unsigned(arguments, 10, 1, G_MAXUINT, &number, NULL))
    return step_complain("delete which breakpoint?  'breaks' lists them");
  if (!sim_history_delete(state->history, (guint)number))
    return step_complain("there is no breakpoint %" PRIu64 "; 'breaks' lists them", number);
  return true;
}

/* ---- Looking ---- */

static bool look(struct step_state *state, const char *verb, const char *arguments)
{
  g_autofree char *line = g_strchomp(g_strdup_printf("%s %s", verb, arguments));
  return sim_history_look(state->history, line);
}

static bool do_show(struct step_state *state, const char *arguments)
{
  return look(state, "show", arguments);
}

static bool do_print(struct step_state *state, const char *arguments)
{
  return look(state, "print", arguments);
}

static bool do_state(struct step_state *state, const char *arguments)
{
  return look(state, "state", arguments);
}

static bool do_why(struct step_state *state, const char *arguments)
{
  fm_paddr frame;
  if (arguments[0] == '\0')
    return step_complain("why which frame?  As in: why 0x2345000, why f");
  if (!parse_frame(state, "why", arguments, &frame))
    return false;
  g_autoptr(sim_why) why = sim_history_why(state->history, frame);
  if (why == NULL) {
    step_print_place(state);
    return false;
  }
  g_autofree char *text = sim_why_to_string(why);
  printf("%s\n", text);
  return true;
}

static void print_lines(const sim_source *source, guint from, guint to, guint current)
{
  for (guint line = from; line <= to; line++) {
    gsize start = g_array_index(source->lines, gsize, line - 1);
    const char *text = source->text + start;
    printf("%s%4u | %.*s\n", line == current ? ">" : " ", line, (int)strcspn(text, "\r\n"), text);
  }
}

static bool do_list(struct step_state *state, const char *arguments)
{
  const struct sim_command *command = sim_history_place(state->history)->command;
  (void)arguments;
  guint current = command != NULL ? sim_place_line(command->place) : 0;
  guint from = current > LINES_BEFORE ? current - LINES_BEFORE : 1;
  if (state->listed_to == 0)
    state->listed = command != NULL ? command->place.source : state->source;
  else
    from = state->listed_to + 1;
  guint all = state->listed->lines->len;
  if (all != 0 && g_array_index(state->listed->lines, gsize, all - 1) == state->listed->size)
    all--; /* behind the last newline */
  if (from > all)
    return step_complain("%s has no more lines", state->listed->name);
  state->listed_to = MIN(from + LINES_SHOWN - 1, all);
  print_lines(state->listed, from, state->listed_to, current);
  return true;
}

static bool do_where(struct step_state *state, const char *arguments)
{
  const struct sim_history_place *place = sim_history_place(state->history);
  const GArray *steps = sim_history_under_way(state->history);
  (void)arguments;
  step_print_place(state);
  for (guint i = 0; i < steps->len; i++) {
    const struct sim_history_step *one = &g_array_index(steps, struct sim_history_step, i);
    if (place->site != FM_SITE_COUNT && one->step == place->step)
      continue;
    g_autofree char *text = describe_step(one->command, one->thread, one->cpu);
    bool begun = one->site != FM_SITE_COUNT;
    printf("  step %" PRIu64 " rests %s%s, %s\n", one->step,
           begun ? "right after " : "at its start", begun ? fm_site_info(one->site)->name : "",
           text);
  }
  return true;
}

static bool do_quit(struct step_state *state, const char *arguments)
{
  (void)arguments;
  state->quit = true;
  return true;
}

static bool do_help(struct step_state *state, const char *arguments)
{
  const struct step_command *only = NULL;
  (void)state;
  if (arguments[0] != '\0' && (only = step_find_command(arguments)) == NULL)
    return false;
  for (const struct step_command *one = step_commands; one->name != NULL; one++) {
    if (only != NULL && one != only)
      continue;
    g_autofree char *form = g_strdup_printf("%s %s", one->name, one->arguments);
    printf("  %-3s %-24s %s\n", one->letter != NULL ? one->letter : "", form, one->summary);
  }
  if (only == NULL)
    printf("An empty line does the last one again.  Frames are addresses or handles.\n");
  return true;
}

const struct step_command step_commands[] = {
    {"step", "s", "[N]", "run until N more steps have ended (1)", do_step, STEP_WORDS_NONE},
    {"next", "n", "[N]", "the same", do_step, STEP_WORDS_NONE},
    {"back", NULL, "[N]", "back to where N fewer steps had ended (1)", do_back, STEP_WORDS_NONE},
    {"until", "u", "STEP[.POINT]", "run until it has ended, or made that access", do_until,
     STEP_WORDS_PLACES},
    {"continue", "c", "", "run to the next breakpoint, or to the end", do_continue,
     STEP_WORDS_NONE},
    {"break", NULL, "STEP|POINT|FRAME", "stop there, or when the frame's slot changes", do_break,
     STEP_WORDS_BREAKS},
    {"breaks", NULL, "", "list the breakpoints", do_breaks, STEP_WORDS_NONE},
    {"delete", NULL, "N", "delete breakpoint N", do_delete, STEP_WORDS_NONE},
    {"show", NULL, "WHAT", "as in a script: frame, list, cpu, map ...", do_show, STEP_WORDS_SHOW},
    {"print", "p", "EXPRESSION", "its value: refcount f, free, holders f", do_print,
     STEP_WORDS_NAMES},
    {"state", NULL, "FRAME", "what its slot says", do_state, STEP_WORDS_NAMES},
    {"why", NULL, "FRAME", "every step so far that changed its slot", do_why, STEP_WORDS_NAMES},
    {"list", "l", "", "the script around this place; again: the lines after", do_list,
     STEP_WORDS_NONE},
    {"where", "w", "", "where the run is stopped, and where threads rest", do_where,
     STEP_WORDS_NONE},
    {"help", "h", "[COMMAND]", "this list", do_help, STEP_WORDS_COMMANDS},
    {"quit", "q", "", "end", do_quit, STEP_WORDS_NONE},
    {NULL, NULL, NULL, NULL, NULL, STEP_WORDS_NONE},
};
