/* SPDX-License-Identifier: MPL-2.0 */
/* framesim run: runs a script and says what came of it. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/durable/table.h"
#include "sim/error.h"
#include "sim/museum/museum.h"
#include "sim/script/number.h"
#include "tools/cli.h"
#include "tools/followers.h"
#include "tools/questions.h"
#include "tools/step.h"
#include "tools/until.h"

/* Steps beyond this are counted, not printed, unless --steps all asks for them. */
#define STEPS_SHOWN 200u

struct output {
  bool quiet;
  bool json_on_stdout;
  bool all_steps;
  uint64_t steps;
  struct followers *followers;
};

static void print_text(enum sim_text_kind kind, const char *text, void *data)
{
  struct output *output = data;
  followers_text(output->followers, kind, text);
  if (kind == SIM_TEXT_MESSAGE) {
    fflush(stdout);
    fputs(text, stderr);
    return;
  }
  if (output->quiet || output->json_on_stdout)
    return;
  if (kind == SIM_TEXT_STEP && ++output->steps > STEPS_SHOWN && !output->all_steps) {
    if (output->steps == STEPS_SHOWN + 1)
      printf("      ... (--steps=all prints every step)\n");
    return;
  }
  printf("%s%s%s\n", kind == SIM_TEXT_POINT ? cli_color(CLI_DIM) : "", text,
         kind == SIM_TEXT_POINT ? cli_color(CLI_PLAIN) : "");
}

/* Set by Ctrl-C: the run stops between two commands; a second one ends the program. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
  interrupted = 1;
  (void)signal(signal_number, SIG_DFL);
}

static const char *const verdict_words[] = {
    [SIM_VERDICT_HELD] = "held",         [SIM_VERDICT_VIOLATED] = "violated",
    [SIM_VERDICT_UNUSABLE] = "unusable", [SIM_VERDICT_LIMIT] = "limit",
    [SIM_VERDICT_NO_BOOT] = "no-boot",   [SIM_VERDICT_INTERRUPTED] = "interrupted",
    [SIM_VERDICT_INPUT] = "unusable",
};

static int exit_of(enum sim_verdict verdict)
{
  static const int statuses[] = {
      [SIM_VERDICT_HELD] = CLI_OK,          [SIM_VERDICT_VIOLATED] = CLI_VIOLATED,
      [SIM_VERDICT_UNUSABLE] = CLI_USAGE,   [SIM_VERDICT_LIMIT] = CLI_LIMIT,
      [SIM_VERDICT_NO_BOOT] = CLI_VIOLATED, [SIM_VERDICT_INTERRUPTED] = CLI_INTERRUPTED,
      [SIM_VERDICT_INPUT] = CLI_INPUT,
  };
  return statuses[verdict];
}

static void add_found(JsonBuilder *json, const GArray *found)
{
  json_builder_set_member_name(json, "found");
  json_builder_begin_array(json);
  for (guint i = 0; i < found->len; i++) {
    const struct sim_run_found *one = &g_array_index(found, struct sim_run_found, i);
    json_builder_begin_object(json);
    cli_json_string(json, "kind", one->kind);
    cli_json_string(json, "place", one->place);
    cli_json_string(json, "text", one->text);
    cli_json_int(json, "step", one->step);
    if (one->clause != NULL)
      cli_json_string(json, "clause", one->clause);
    if (one->has_frame)
      cli_json_hex(json, "frame", one->frame);
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
}

static bool write_json(const char *path, const char *script, enum sim_verdict verdict,
                       const sim_run *run, const struct sim_run_options *options,
                       const char *digest)
{
  struct sim_run_summary summary;
  sim_run_summary(run, &summary);
  JsonBuilder *json = cli_json_begin("run");
  cli_json_string(json, "script", script);
  cli_json_string(json, "verdict", verdict_words[verdict]);
  cli_json_int(json, "steps", summary.steps);
  cli_json_int(json, "expectations", summary.expectations);
  cli_json_int(json, "findings", summary.findings);
  add_found(json, sim_run_found(run));
  cli_json_hex(json, "seed", summary.seed);
  cli_json_string(json, "build", summary.build);
  if (summary.variant != NULL)
    cli_json_string(json, "variant", summary.variant);
  questions_record(json, options, sim_run_questions(run));
  if (digest != NULL)
    cli_json_string(json, "digest", digest);
  return cli_json_end(json, path, false);
}

static void print_summary(enum sim_verdict verdict, const struct sim_run_summary *summary,
                          const char *digest)
{
  bool good = verdict == SIM_VERDICT_HELD;
  g_autofree char *build = strcmp(summary->build, "none") == 0 ? g_strdup("no machine")
                           : summary->variant != NULL
                               ? g_strdup_printf("variant %s", summary->variant)
                               : g_strdup_printf("%s build", summary->build);
  printf("%s%s%s: %" PRIu64 " step%s, %" PRIu64 " expectation%s, %" PRIu64
         " finding%s (seed %" PRIu64 ", %s)\n",
         cli_color(good ? CLI_GREEN : CLI_RED),
         summary->stopped_early && good ? "stopped" : verdict_words[verdict], cli_color(CLI_PLAIN),
         summary->steps, summary->steps == 1 ? "" : "s", summary->expectations,
         summary->expectations == 1 ? "" : "s", summary->findings,
         summary->findings == 1 ? "" : "s", summary->seed, build);
  if (digest != NULL)
    printf("digest %s\n", digest);
}

static void print_messages(const GPtrArray *errors)
{
  for (guint i = 0; i < errors->len; i++)
    fputs(errors->pdata[i], stderr);
}

/* What was asked for; the strings are owned, NULL if they were not given. */
struct choices {
  char *json;
  char *seed;
  char *until;
  char *build;
  char *check;
  char *steps;
  char *ram_file;
  char *variant;
  char *schedule;
  char *answers;
  char **defines;
  gboolean quiet;
  gboolean syntax_only;
  gboolean points;
  gboolean digest;
  gboolean step;
  gboolean durable;
  gboolean resume;
  int handles;
  struct followers_choice follow;
};

static void choices_clear(struct choices *choices)
{
  g_free(choices->json);
  g_free(choices->seed);
  g_free(choices->until);
  g_free(choices->build);
  g_free(choices->check);
  g_free(choices->steps);
  g_free(choices->ram_file);
  g_free(choices->variant);
  g_free(choices->schedule);
  g_free(choices->answers);
  g_strfreev(choices->defines);
  followers_choice_clear(&choices->follow);
}

static int execute(const sim_script *script, const char *path, struct sim_run_options options,
                   const struct choices *choices)
{
  struct followers followers;
  struct output output = {.followers = &followers,
                          .quiet = choices->quiet,
                          .json_on_stdout =
                              choices->json != NULL && strcmp(choices->json, "-") == 0,
                          .all_steps = choices->steps != NULL};
  options.sink = print_text;
  options.sink_data = &output;
  options.interrupted = &interrupted;
  (void)signal(SIGINT, on_interrupt);
  int status = followers_open(&followers, &choices->follow, path);
  if (status >= 0)
    return status;
  options.watchers = followers.watchers;

  g_autoptr(sim_run) run = sim_run_new(script, &options);
  enum sim_verdict verdict = sim_run_execute(run);
  status = followers_close(&followers, run, verdict);
  struct sim_run_summary summary;
  sim_run_summary(run, &summary);
  const sim_machine *machine = sim_run_machine(run);
  bool want_digest = machine != NULL && (choices->digest || choices->json != NULL);
  g_autofree char *digest = want_digest ? sim_machine_digest(machine) : NULL;

  if (!output.json_on_stdout && (!choices->quiet || choices->digest))
    print_summary(verdict, &summary, choices->digest ? digest : NULL);
  if (!output.json_on_stdout)
    questions_print(&options, sim_run_questions(run));
  followers_print(&followers);
  followers_clear(&followers);
  if (choices->json != NULL && !write_json(choices->json, path, verdict, run, &options, digest))
    return CLI_INPUT;
  if (status >= 0)
    return status;
  if (options.until_step != 0 && !summary.stopped_early && verdict == SIM_VERDICT_HELD) {
    fprintf(stderr, "framesim: --until %" PRIu64 "%s%s was not reached: the script ended\n",
            options.until_step, options.until_point != NULL ? "." : "",
            options.until_point != NULL ? options.until_point : "");
    return CLI_USAGE;
  }
  return exit_of(verdict);
}

static int run_script(const char *path, struct sim_run_options *options,
                      const struct choices *choices)
{
  GError *error = NULL;
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(sim_script) script =
      sim_script_load(path, sim_run_verbs(), sim_run_queries, errors, &error);

  if (script != NULL)
    (void)sim_run_lint(script, options->defines, errors);
  if (errors->len != 0) {
    print_messages(errors);
    bool cut = errors->len > SIM_SCRIPT_ERRORS; /* the last of them says so */
    fprintf(stderr, "framesim: %s: %s%u error%s; nothing was run\n", path, cut ? "more than " : "",
            cut ? SIM_SCRIPT_ERRORS : errors->len, errors->len == 1 ? "" : "s");
    g_clear_error(&error);
    return CLI_USAGE;
  }
  if (script == NULL)
    return cli_fail(error);
  if (choices->syntax_only) {
    printf("%s: no error\n", path);
    return CLI_OK;
  }
  if (options->build == SIM_BUILD_NATIVE &&
      (followers_need_hooks(&choices->follow) || sim_run_needs_hooks(script, options)))
    return cli_usage_error(
        "run", "threads, --points, --check full, --trace-out, --record, --html and --until N.POINT "
               "need the instrumented build; leave --build native out");
  if (choices->step)
    return step_session(script, path, options, choices->steps != NULL);
  return execute(script, path, *options, choices);
}

static int parse_build(const char *text, struct sim_run_options *options)
{
  if (text == NULL || strcmp(text, "auto") == 0)
    return -1;
  if (strcmp(text, "native") == 0)
    options->build = SIM_BUILD_NATIVE;
  else if (strcmp(text, "instrumented") == 0)
    options->build = SIM_BUILD_INSTRUMENTED;
  else
    return cli_usage_error("run", "--build must be auto, native or instrumented, not '%s'", text);
  return -1;
}

static int parse_check(const char *text, struct sim_run_options *options)
{
  options->check = SIM_CHECK_CHEAP;
  options->check_given = text != NULL;
  if (text == NULL || sim_check_level_parse(text, &options->check))
    return -1;
  return cli_usage_error("run", "--check must be off, cheap or full, not '%s'", text);
}

static int parse_seed(const char *text, struct sim_run_options *options)
{
  g_autoptr(GError) error = NULL;
  if (text == NULL)
    return -1;
  if (!sim_number_parse(text, &options->seed, &error))
    return cli_usage_error("run", "--seed %s: %s", text, error->message);
  options->seed_given = true;
  return -1;
}

/* A frame by its address, or by its number as in scripts: @9000. */
static int parse_why(struct choices *choices)
{
  g_autoptr(GError) error = NULL;
  const char *text = choices->follow.why;
  if (text == NULL)
    return -1;
  bool number = text[0] == '@';
  if (!sim_number_parse(text + number, &choices->follow.why_frame, &error))
    return cli_usage_error("run", "--why %s: %s", text, error->message);
  if (number)
    choices->follow.why_frame <<= FM_PAGE_SHIFT;
  if (!fm_is_page_aligned(choices->follow.why_frame))
    return cli_usage_error("run", "--why %s: a frame's address is a multiple of 4096", text);
  if (choices->json != NULL && strcmp(choices->json, "-") == 0)
    return cli_usage_error("run", "--why and --json - both want standard output");
  return -1;
}

static int check_durable(const struct choices *choices, struct sim_run_options *options)
{
  if ((choices->durable || choices->resume) && choices->ram_file == NULL)
    return cli_usage_error("run", "%s needs the RAM in a file (--ram FILE)",
                           choices->durable ? "--durable" : "--resume");
  if (choices->durable && choices->resume)
    return cli_usage_error("run", "--resume goes on as the machine was booted; --durable is for a "
                                  "run that boots one");
  if (choices->handles != 0 && !choices->durable)
    return cli_usage_error("run", "--handles goes with --durable");
  if (choices->handles < 0 || (unsigned)choices->handles > SIM_TABLE_MOST)
    return cli_usage_error("run", "--handles must be 1 to %u", SIM_TABLE_MOST);
  unsigned room = choices->handles != 0 ? (unsigned)choices->handles : SIM_TABLE_ROOM;
  options->handles = choices->durable ? room : 0;
  options->resume = choices->resume;
  return -1;
}

/* Options that have no meaning at a prompt, which has commands for most of them. */
static int check_step(const struct choices *choices, const char *path)
{
  const struct followers_choice *follow = &choices->follow;
  const char *other = choices->until != NULL   ? "--until"
                      : follow->trace != NULL  ? "--trace-out"
                      : follow->record != NULL ? "--record"
                      : follow->html != NULL   ? "--html"
                      : choices->json != NULL  ? "--json"
                      : follow->why != NULL    ? "--why"
                      : choices->build != NULL ? "--build"
                      : choices->digest        ? "--digest"
                      : choices->syntax_only   ? "--syntax-only"
                      : choices->quiet         ? "--quiet"
                      : choices->durable       ? "--durable"
                      : choices->resume        ? "--resume"
                                               : NULL;
  if (!choices->step)
    return -1;
  if (other != NULL)
    return cli_usage_error("run", "--step and %s do not go together", other);
  if (strcmp(path, "-") == 0)
    return cli_usage_error("run", "--step reads commands from standard input, so the script has "
                                  "to be a file");
  return -1;
}

/* Questions are for people: not where only a record is written, nor at a prompt. */
static int check_answers(const struct choices *choices, const char *path,
                         struct sim_run_options *options)
{
  bool record = choices->json != NULL && strcmp(choices->json, "-") == 0;
  const char *answers = choices->answers;
  bool ask = answers != NULL && strcmp(answers, "ask") == 0;
  if (ask && (record || choices->quiet || choices->step))
    return cli_usage_error("run", "--answers ask and %s do not go together",
                           choices->step    ? "--step"
                           : choices->quiet ? "--quiet"
                                            : "--json -");
  if (answers == NULL && (record || choices->quiet || choices->step))
    answers = "reveal";
  return questions_choose("run", answers, path, options);
}

static int parse_options(int *argc, char ***argv, struct choices *choices)
{
  const GOptionEntry entries[] = {
      {"define", 'D', 0, G_OPTION_ARG_STRING_ARRAY, &choices->defines, "Give a param another value",
       "NAME=VALUE"},
      {"seed", 's', 0, G_OPTION_ARG_STRING, &choices->seed, "Seed of random choices (0)", "N"},
      {"until", 'u', 0, G_OPTION_ARG_STRING, &choices->until,
       "Stop after step N, or at a point in it", "N[.POINT]"},
      {"points", 'p', 0, G_OPTION_ARG_NONE, &choices->points, "Print every access to shared memory",
       NULL},
      {"steps", 0, 0, G_OPTION_ARG_STRING, &choices->steps, "all: print all steps, not just 200",
       "WHICH"},
      {"quiet", 'q', 0, G_OPTION_ARG_NONE, &choices->quiet, "Print only errors and findings", NULL},
      {"syntax-only", 0, 0, G_OPTION_ARG_NONE, &choices->syntax_only,
       "Look for errors, run nothing", NULL},
      {"build", 0, 0, G_OPTION_ARG_STRING, &choices->build, "auto, native or instrumented", "NAME"},
      {"check", 0, 0, G_OPTION_ARG_STRING, &choices->check,
       "off, cheap (not given) or full: the contract", "LEVEL"},
      {"digest", 0, 0, G_OPTION_ARG_NONE, &choices->digest, "Print the digest of all frames", NULL},
      {"variant", 0, 0, G_OPTION_ARG_STRING, &choices->variant,
       "Boot a form of the kernel from the museum", "NAME"},
      {"schedule", 0, 0, G_OPTION_ARG_STRING, &choices->schedule,
       "The order of the script's threads: A:drop.dec B:*", "ORDER"},
      {"ram", 0, 0, G_OPTION_ARG_FILENAME, &choices->ram_file, "Keep the RAM in this sparse file",
       "FILE"},
      {"durable", 0, 0, G_OPTION_ARG_NONE, &choices->durable,
       "With --ram: keep in FILE who holds what", NULL},
      {"handles", 0, 0, G_OPTION_ARG_INT, &choices->handles,
       "With --durable: room for N handles (4096)", "N"},
      {"resume", 0, 0, G_OPTION_ARG_NONE, &choices->resume,
       "With --ram: go on with the machine in FILE", NULL},
      {"answers", 0, 0, G_OPTION_ARG_STRING, &choices->answers, "Of questions: ask, reveal or hide",
       "HOW"},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &choices->json,
       "Write JSON Lines to FILE (- is stdout)", "FILE"},
      {"record", 0, 0, G_OPTION_ARG_FILENAME, &choices->follow.record,
       "Write what is allocated and freed, for replay", "FILE"},
      {"record-as", 0, 0, G_OPTION_ARG_STRING, &choices->follow.record_as,
       "binary, text or llfree (binary)", "FORM"},
      {"trace-out", 0, 0, G_OPTION_ARG_FILENAME, &choices->follow.trace,
       "Write a timeline for ui.perfetto.dev", "FILE"},
      {"html", 0, 0, G_OPTION_ARG_FILENAME, &choices->follow.html,
       "Write a page that plays the run in a browser", "FILE"},
      {"why", 0, 0, G_OPTION_ARG_STRING, &choices->follow.why,
       "Print each step that changed this frame", "ADDRESS"},
      {"step", 0, 0, G_OPTION_ARG_NONE, &choices->step, "Step forward and back, from a prompt",
       NULL},
      G_OPTION_ENTRY_NULL,
  };
  return cli_parse(argc, argv, "SCRIPT", entries, NULL,
                   "Runs SCRIPT (- is stdin); each step says what it changed.\n"
                   "Exit status: 0 all held, 1 a finding, 2 an error in the script, 3 the host\n"
                   "cannot hold the machine, 4 a file cannot be used, 130 interrupted.  The\n"
                   "language: framesim help script\n\n"
                   "Example: framesim run --points docs/lessons/02-life-of-a-frame/lesson.fms\n");
}

static int parse_variant(const char *name, struct sim_run_options *options)
{
  if (name == NULL)
    return -1;
  options->variant = name;
  if (sim_museum_find(name, NULL) != NULL)
    return -1;
  const char *near = sim_museum_suggest(name);
  return cli_usage_error("run", "there is no variant '%s'%s%s%s (framesim museum)", name,
                         near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                         near != NULL ? "'?" : "");
}

static int run_scheduled(const char *path, const char *schedule, struct sim_run_options *options,
                         const struct choices *choices)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(sim_source) source = sim_run_schedule_source(schedule);
  g_autoptr(sim_script) parsed = sim_run_parse_schedule(source, errors);
  if (parsed == NULL) {
    print_messages(errors);
    return CLI_USAGE;
  }
  options->schedule = parsed;
  return run_script(path, options, choices);
}

static int run_chosen(int argc, char **argv, struct choices *choices)
{
  int status;
  if (argc != 2)
    return cli_usage_error("run", argc < 2 ? "a SCRIPT is missing" : "one SCRIPT at a time");
  if (choices->steps != NULL && strcmp(choices->steps, "all") != 0)
    return cli_usage_error("run", "--steps must be all, not '%s'", choices->steps);
  if (choices->follow.record_as != NULL && choices->follow.record == NULL)
    return cli_usage_error("run", "--record-as needs --record FILE");

  struct sim_run_options options = {.points = choices->points,
                                    .ram_file = choices->ram_file,
                                    .defines = (const char *const *)choices->defines};
  if ((status = check_step(choices, argv[1])) >= 0 ||
      (status = check_durable(choices, &options)) >= 0 ||
      (status = until_parse("run", "--until", choices->until, &options)) >= 0 ||
      (status = parse_build(choices->build, &options)) >= 0 ||
      (status = parse_check(choices->check, &options)) >= 0 ||
      (status = parse_seed(choices->seed, &options)) >= 0 ||
      (status = parse_variant(choices->variant, &options)) >= 0 ||
      (status = parse_why(choices)) >= 0 ||
      (status = check_answers(choices, argv[1], &options)) >= 0)
    return status;
  if (choices->schedule != NULL)
    return run_scheduled(argv[1], choices->schedule, &options, choices);
  return run_script(argv[1], &options, choices);
}

int cmd_run(int argc, char **argv)
{
  struct choices choices = {0};
  int status = parse_options(&argc, &argv, &choices);
  if (status < 0)
    status = run_chosen(argc, argv, &choices);
  choices_clear(&choices);
  return status;
}
