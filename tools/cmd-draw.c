/* SPDX-License-Identifier: MPL-2.0 */
/* framesim draw: pictures of a machine, for slides and papers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/draw/draw.h"
#include "sim/draw/stage.h"
#include "sim/draw/svg.h"
#include "sim/error.h"
#include "sim/script/number.h"
#include "sim/script/timeline.h"
#include "tools/cli.h"
#include "tools/draw-cairo.h"
#include "tools/until.h"

/* What was asked for; the strings are owned, NULL if they were not given. */
struct choices {
  char *output;
  char *form;
  char *step;
  char *frame;
  char *process;
  char *range;
  char *ram_file;
  char *seed;
  char *title;
  char **defines;
  int cpu;
  int scale;
  const char *what;
  const char *path; /* NULL: none */
};

static const char *const kinds[] = {"strip",  "slot",      "tables",  "buddy",
                                    "states", "spacetime", "regions", NULL};

static void choices_clear(struct choices *choices)
{
  g_free(choices->output);
  g_free(choices->form);
  g_free(choices->step);
  g_free(choices->frame);
  g_free(choices->process);
  g_free(choices->range);
  g_free(choices->ram_file);
  g_free(choices->seed);
  g_free(choices->title);
  g_strfreev(choices->defines);
}

static bool is(const struct choices *choices, const char *what)
{
  return strcmp(choices->what, what) == 0;
}

/* ---- Output ---- */

static int choose_form(const struct choices *choices, enum draw_form *ret)
{
  static const char *const names[] = {"svg", "png", "pdf"};
  const char *dot = strrchr(choices->output, '.');
  const char *name = choices->form != NULL               ? choices->form
                     : strcmp(choices->output, "-") == 0 ? "svg"
                     : dot != NULL                       ? dot + 1
                                                         : "";
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_ascii_strcasecmp(name, names[i]) == 0) {
      *ret = (enum draw_form)i;
      return -1;
    }
  return cli_usage_error("draw",
                         choices->form != NULL
                             ? "--as must be svg, png or pdf, not '%s'"
                             : "-o %s: the name ends in .svg, .png or .pdf, or --as says "
                               "which it is",
                         choices->form != NULL ? choices->form : choices->output);
}

static int put(const sim_picture *picture, const struct choices *choices, enum draw_form form)
{
  bool to_stdout = strcmp(choices->output, "-") == 0;
  const char *problem = NULL;
  errno = 0;
  FILE *file = to_stdout ? stdout : fopen(choices->output, "we");
  if (file == NULL) {
    fprintf(stderr, "framesim: cannot write %s: %s\n", choices->output, g_strerror(errno));
    return CLI_INPUT;
  }
  if (form == DRAW_SVG) {
    g_autofree char *text = sim_picture_to_svg(picture);
    if (fputs(text, file) == EOF)
      problem = g_strerror(errno);
  } else {
    problem = draw_with_cairo(picture, form, choices->scale, file);
  }
  if (!to_stdout && fclose(file) != 0 && problem == NULL)
    problem = g_strerror(errno);
  if (problem == NULL)
    return CLI_OK;
  fprintf(stderr, "framesim: cannot write %s: %s\n", choices->output, problem);
  return CLI_INPUT;
}

/* `picture` NULL: says why.  Consumes both. */
static int finish(sim_picture *picture, GError *error, const struct choices *choices)
{
  g_autoptr(sim_picture) owned = picture;
  enum draw_form form;
  int status = choose_form(choices, &form);
  if (owned == NULL)
    return cli_fail(error);
  return status >= 0 ? status : put(owned, choices, form);
}

/* ---- What to look at ---- */

/* "0x2340000-0x2350000". */
static int parse_range(const struct choices *choices, struct sim_view *view)
{
  if (choices->range == NULL)
    return -1;
  g_auto(GStrv) parts = g_strsplit(choices->range, "-", 2);
  view->range_given = true;
  if (parts[0] != NULL && parts[1] != NULL && sim_number_parse(parts[0], &view->start, NULL) &&
      sim_number_parse(parts[1], &view->end, NULL) && view->start < view->end &&
      fm_is_page_aligned(view->start) && fm_is_page_aligned(view->end))
    return -1;
  return cli_usage_error("draw",
                         "--range wants two addresses, multiples of 4096, as in "
                         "0x2340000-0x2350000, not '%s'",
                         choices->range);
}

/* An address, a frame's number (@9), or a name of the script. */
static int find_frame(const struct choices *choices, struct sim_view *view)
{
  const char *text = choices->frame;
  const uint64_t *named = text != NULL ? g_hash_table_lookup(view->survey->names, text) : NULL;
  if (text == NULL && is(choices, "slot") && view->survey->frames->len != 0) {
    view->frame = g_array_index(view->survey->frames, uint64_t, 0) * FM_PAGE_SIZE;
    view->frame_given = true;
    return -1;
  }
  if (text == NULL && is(choices, "slot"))
    return cli_usage_error("draw", "--frame says which frame's slot");
  if (text == NULL)
    return -1;
  view->frame_given = true;
  if (named != NULL)
    view->frame = *named;
  else if (!sim_number_parse(text + (text[0] == '@'), &view->frame, NULL))
    return cli_usage_error("draw", "--frame %s: neither an address nor a handle of the script",
                           text);
  else if (text[0] == '@')
    view->frame *= FM_PAGE_SIZE;
  return -1;
}

static const struct sim_survey_process *find_process(const struct choices *choices,
                                                     const sim_survey *survey, GError **error)
{
  GString *names = g_string_new(NULL);
  if (choices->process == NULL && survey->processes->len != 0) {
    g_string_free(names, TRUE);
    return survey->processes->pdata[0];
  }
  const struct sim_survey_process *process =
      choices->process != NULL ? sim_survey_process(survey, choices->process) : NULL;
  for (guint i = 0; i < survey->processes->len; i++)
    g_string_append_printf(names, "%s%s", i == 0 ? "" : ", ",
                           ((struct sim_survey_process *)survey->processes->pdata[i])->name);
  if (process == NULL)
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                names->len == 0 ? "no process is there%s%s"
                                : "--process %s: there is none of that name, but %s",
                names->len == 0 ? "" : choices->process, names->len == 0 ? "" : names->str);
  g_string_free(names, TRUE);
  return process;
}

static int draw_view(const struct choices *choices, struct sim_view *view, const sim_stage *stage)
{
  GError *error = NULL;
  sim_picture *picture = NULL;
  int status = find_frame(choices, view);
  if (status < 0)
    status = parse_range(choices, view);
  if (status >= 0)
    return status;
  view->title = choices->title;
  if (is(choices, "strip"))
    picture = sim_draw_strip(view, &error);
  else if (is(choices, "slot"))
    picture = sim_draw_slot(view, &error);
  else if (is(choices, "states"))
    picture = sim_draw_states(view, &error);
  else if (is(choices, "buddy"))
    picture = sim_draw_buddy(view, &error);
  else {
    const struct sim_survey_process *process = find_process(choices, view->survey, &error);
    if (process != NULL) {
      const struct fm_kernel *kernel = sim_machine_kernel(view->machine);
      fm_paddr root = stage != NULL
                          ? sim_stage_root(stage, process->name)
                          : fm_paddr_of(fm_kernel_cpu(kernel, (uint32_t)choices->cpu)->cr3);
      picture = sim_draw_tables(view, process, root, &error);
    }
  }
  return finish(picture, error, choices);
}

/* ---- From a script ---- */

static void print_messages(const GPtrArray *messages)
{
  for (guint i = 0; i < messages->len; i++)
    fputs(messages->pdata[i], stderr);
}

static sim_script *load(const char *path, const struct sim_run_options *options, int *ret_status)
{
  GError *error = NULL;
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(sim_script) script =
      sim_script_load(path, sim_run_verbs(), sim_run_queries, errors, &error);
  *ret_status = CLI_USAGE;
  if (script != NULL)
    (void)sim_run_lint(script, options->defines, errors);
  if (errors->len != 0) {
    print_messages(errors);
    g_clear_error(&error);
    return NULL;
  }
  if (script == NULL) {
    *ret_status = cli_fail(error);
    return NULL;
  }
  return g_steal_pointer(&script);
}

static int status_of(enum sim_verdict verdict)
{
  switch (verdict) {
  case SIM_VERDICT_UNUSABLE:
    return CLI_USAGE;
  case SIM_VERDICT_LIMIT:
    return CLI_LIMIT;
  case SIM_VERDICT_NO_BOOT:
    return CLI_VIOLATED;
  case SIM_VERDICT_INPUT:
    return CLI_INPUT;
  default:
    return -1; /* findings can be drawn, too */
  }
}

static int draw_stage(const struct choices *choices, const sim_script *script,
                      const struct sim_run_options *options)
{
  g_autoptr(sim_survey) survey = sim_survey_new(script, options);
  int status = status_of(survey->verdict);
  if (status >= 0) {
    print_messages(survey->messages);
    return status;
  }
  if (options->until_step > survey->steps)
    return cli_usage_error("draw", "--step %s: the script has %" PRIu64 " step%s", choices->step,
                           survey->steps, survey->steps == 1 ? "" : "s");
  g_autoptr(sim_stage) stage = sim_stage_new(script, options);
  if (stage->machine == NULL || sim_machine_kernel(stage->machine)->stage < FM_STAGE_METADATA)
    return cli_usage_error("draw", "no machine has booted at this step");
  if (!stage->reached)
    return cli_usage_error("draw", "--step %s was not reached: step %" PRIu64 " has no such point",
                           choices->step, options->until_step);
  g_autofree char *name = g_path_get_basename(choices->path);
  g_autofree char *caption = g_strdup_printf("%s, %s", name, stage->caption);
  struct sim_view view = {.machine = stage->machine, .survey = survey, .caption = caption};
  return draw_view(choices, &view, stage);
}

static void keep(enum sim_text_kind kind, const char *text, void *data)
{
  if (kind == SIM_TEXT_MESSAGE)
    g_ptr_array_add(data, g_strdup(text));
}

static bool collect(const char *text, gsize size, void *data)
{
  g_string_append_len(data, text, (gssize)size);
  return true;
}

static int draw_spacetime(const struct choices *choices, const sim_script *script,
                          struct sim_run_options options)
{
  GError *error = NULL;
  g_autoptr(GString) text = g_string_new(NULL);
  g_autofree char *name = g_path_get_basename(choices->path);
  g_autoptr(sim_timeline) timeline = sim_timeline_new(name, collect, text);
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  options.watchers = sim_timeline_watcher(timeline);
  options.sink = keep;
  options.sink_data = messages;
  uint64_t last = options.until_step;
  g_autoptr(sim_run) run = sim_run_new(script, &options);
  enum sim_verdict verdict = sim_run_execute(run);
  (void)sim_timeline_end(timeline, run);
  int status = status_of(verdict);
  if (status >= 0) {
    print_messages(messages);
    return status;
  }
  struct sim_run_summary summary;
  sim_run_summary(run, &summary);
  const char *title = choices->title != NULL  ? choices->title
                      : summary.title != NULL ? summary.title
                                              : "Who did what, and who saw it";
  return finish(sim_draw_spacetime(text->str, title, last, last, &error), error, choices);
}

static int draw_script(const struct choices *choices)
{
  g_autoptr(GError) error = NULL;
  struct sim_run_options options = {.defines = (const char *const *)choices->defines};
  int status = until_parse("draw", "--step", choices->step, &options);
  if (status >= 0)
    return status;
  if (choices->seed != NULL && !sim_number_parse(choices->seed, &options.seed, &error))
    return cli_usage_error("draw", "--seed %s: %s", choices->seed, error->message);
  options.seed_given = choices->seed != NULL;
  g_autoptr(sim_script) script = load(choices->path, &options, &status);
  if (script == NULL)
    return status;
  return is(choices, "spacetime") ? draw_spacetime(choices, script, options)
                                  : draw_stage(choices, script, &options);
}

/* ---- From a RAM file, from a map ---- */

struct look {
  const struct choices *choices;
  const sim_machine *machine;
};

static int draw_machine(void *data)
{
  const struct look *look = data;
  const struct choices *choices = look->choices;
  const struct fm_kernel *kernel = sim_machine_kernel(look->machine);
  g_autoptr(sim_survey) survey = sim_survey_new_empty();
  if (choices->cpu < 0 || (uint32_t)choices->cpu >= kernel->cpus)
    return cli_usage_error("draw", "--cpu must be 0 to %u, not %d", kernel->cpus - 1, choices->cpu);
  uint64_t cr3 = fm_kernel_cpu(kernel, (uint32_t)choices->cpu)->cr3;
  if (cr3 != kernel->boot_root && cr3 != kernel->kernel_root) {
    g_autofree char *name = g_strdup_printf("of CPU %d", choices->cpu);
    sim_survey_add_tables(survey, look->machine, name, fm_paddr_of(cr3));
    sim_survey_finish(survey);
  }
  g_autofree char *base = g_path_get_basename(choices->ram_file);
  g_autofree char *caption = g_strdup_printf("the machine in %s", base);
  struct sim_view view = {.machine = look->machine, .survey = survey, .caption = caption};
  return draw_view(choices, &view, NULL);
}

static int draw_ram(const struct choices *choices)
{
  GError *error = NULL;
  g_autoptr(sim_machine) machine = sim_machine_open(choices->ram_file, FM_STAGE_METADATA, &error);
  if (machine == NULL)
    return cli_fail(error);
  struct look look = {choices, machine};
  return cli_look(machine, draw_machine, &look);
}

static int draw_map(const struct choices *choices)
{
  GError *error = NULL;
  g_autoptr(sim_bootmap) map = sim_bootmap_load(choices->path, NULL, &error);
  if (map == NULL)
    return cli_fail(error);
  return finish(sim_draw_regions(map, &error), error, choices);
}

static int draw_plain_states(const struct choices *choices)
{
  GError *error = NULL;
  g_autoptr(sim_survey) survey = sim_survey_new_empty();
  struct sim_view view = {.survey = survey,
                          .title = choices->title,
                          .caption = "one 64-bit count is the whole state machine"};
  sim_picture *picture = sim_draw_states(&view, &error);
  return finish(picture, error, choices);
}

/* ---- The verb ---- */

static int check(int argc, char **argv, struct choices *choices)
{
  enum draw_form form;
  if (argc < 2)
    return cli_usage_error("draw", "WHAT is missing: strip, slot, tables, buddy, states, spacetime "
                                   "or regions");
  choices->what = argv[1];
  choices->path = argc > 2 ? argv[2] : NULL;
  if (!g_strv_contains(kinds, choices->what)) {
    const char *near = sim_suggest(choices->what, kinds);
    return cli_usage_error("draw", "there is no picture '%s'%s%s%s", choices->what,
                           near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                           near != NULL ? "'?" : "");
  }
  if (argc > 3)
    return cli_usage_error("draw", "one picture at a time: '%s' is too many", argv[3]);
  if (choices->output == NULL)
    return cli_usage_error("draw", "-o FILE says where to write it");
  if (choices->scale < 1 || choices->scale > 8)
    return cli_usage_error("draw", "--scale must be 1 to 8, not %d", choices->scale);
  if (choices->ram_file != NULL && (choices->path != NULL || is(choices, "spacetime")))
    return cli_usage_error("draw", "--ram is instead of a SCRIPT, and has no steps for spacetime");
  if (choices->ram_file == NULL && choices->path == NULL && !is(choices, "states"))
    return cli_usage_error("draw", "a %s is missing",
                           is(choices, "regions") ? "MAP" : "SCRIPT, or --ram FILE,");
  if (is(choices, "states") && choices->frame != NULL && choices->path == NULL &&
      choices->ram_file == NULL)
    return cli_usage_error("draw", "--frame needs a SCRIPT or --ram FILE");
  return choose_form(choices, &form);
}

static int run(int argc, char **argv, struct choices *choices)
{
  int status = check(argc, argv, choices);
  if (status >= 0)
    return status;
  if (choices->ram_file != NULL)
    return draw_ram(choices);
  if (is(choices, "regions"))
    return draw_map(choices);
  return choices->path != NULL ? draw_script(choices) : draw_plain_states(choices);
}

int cmd_draw(int argc, char **argv)
{
  struct choices choices = {.scale = 2};
  const GOptionEntry entries[] = {
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &choices.output,
       "Write the picture to FILE (- is stdout)", "FILE"},
      {"as", 0, 0, G_OPTION_ARG_STRING, &choices.form, "svg, png or pdf (as FILE ends)", "FORM"},
      {"step", 0, 0, G_OPTION_ARG_STRING, &choices.step,
       "After step N, or at a point in it (the end)", "N[.POINT]"},
      {"frame", 0, 0, G_OPTION_ARG_STRING, &choices.frame,
       "This frame: an address, @NUMBER, or a handle", "FRAME"},
      {"process", 0, 0, G_OPTION_ARG_STRING, &choices.process, "tables: of this process", "NAME"},
      {"range", 0, 0, G_OPTION_ARG_STRING, &choices.range, "strip, buddy: these addresses",
       "FROM-TO"},
      {"ram", 0, 0, G_OPTION_ARG_FILENAME, &choices.ram_file, "The machine in a RAM file", "FILE"},
      {"cpu", 0, 0, G_OPTION_ARG_INT, &choices.cpu, "tables, with --ram: what this CPU uses (0)",
       "N"},
      {"define", 'D', 0, G_OPTION_ARG_STRING_ARRAY, &choices.defines, "Give a param another value",
       "NAME=VALUE"},
      {"seed", 's', 0, G_OPTION_ARG_STRING, &choices.seed, "Seed of random choices (0)", "N"},
      {"title", 0, 0, G_OPTION_ARG_STRING, &choices.title, "Another title", "TEXT"},
      {"scale", 0, 0, G_OPTION_ARG_INT, &choices.scale, "png: pixels for each unit (2)", "N"},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "WHAT [SCRIPT | MAP]", entries, NULL,
                         "Draws WHAT:\n"
                         "  strip      the frames of memory, by state, count and type\n"
                         "  slot       the 64 bytes of a frame's slot, and the bits of its count\n"
                         "  tables     the page tables of a process\n"
                         "  buddy      free chunks as trees of buddies\n"
                         "  states     the states of a slot, and where a frame is\n"
                         "  spacetime  who did what on which CPU, and who saw it\n"
                         "  regions    a firmware map, given and normalised\n"
                         "Nothing moves from one step to the next.\n\n"
                         "Example: framesim draw strip docs/examples/cow.fms --step 5 -o s.svg\n");
  if (status < 0)
    status = run(argc, argv, &choices);
  choices_clear(&choices);
  return status;
}
