/* SPDX-License-Identifier: MPL-2.0 */
/* framesim explore: every execution of a script's threads that a memory model allows. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/error.h"
#include "sim/explore/front.h"
#include "sim/script/interp.h"
#include "sim/script/number.h"
#include "tools/cli.h"
#include "tools/explore-report.h"
#include "tools/explore-strength.h"
#include "tools/html-out.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
  interrupted = 1;
  (void)signal(signal_number, SIG_DFL);
}

/* What was asked for; strings are owned, NULL if they were not given. */
struct choices {
  char *model;
  char *preemptions;
  char *weak_fail;
  char *retries;
  char *races;
  char *random;
  char *executions;
  char *seconds;
  char *steps;
  char *jobs;
  char *seed;
  char *schedule;
  char *variant;
  char *json;
  char *html;
  char **weaken;
  char **remove_fence;
  char **defines;
  gboolean first;
  gboolean strength;
  gboolean quiet;
};

static void choices_clear(struct choices *choices)
{
  char *const texts[] = {
      choices->model,  choices->preemptions, choices->weak_fail, choices->retries, choices->races,
      choices->random, choices->executions,  choices->seconds,   choices->steps,   choices->jobs,
      choices->seed,   choices->schedule,    choices->json,      choices->variant, choices->html};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_strfreev(choices->weaken);
  g_strfreev(choices->remove_fence);
  g_strfreev(choices->defines);
}

/* ---- Output ---- */

static void print_text(enum sim_text_kind kind, const char *text, void *data)
{
  const struct choices *choices = data;
  if (kind == SIM_TEXT_MESSAGE) {
    fflush(stdout);
    fputs(text, stderr);
  } else if (kind == SIM_TEXT_OUTPUT && g_str_has_prefix(text, "== ") && !choices->quiet &&
             g_strcmp0(choices->json, "-") != 0) {
    printf("%s\n", text);
  }
}

/* ---- Options ---- */

static int parse_number(const char *option, const char *text, uint64_t most, uint64_t *ret)
{
  g_autoptr(GError) error = NULL;
  if (!sim_number_parse(text, ret, &error))
    return cli_usage_error("explore", "--%s %s: %s", option, text, error->message);
  if (*ret > most)
    return cli_usage_error("explore", "--%s %s: at most %" PRIu64, option, text, most);
  return -1;
}

/* An option that sets a 32-bit number. */
static int parse_small(const char *option, const char *text, enum sim_front_given bit,
                       struct sim_front_options *options, uint32_t *ret)
{
  uint64_t number;
  if (text == NULL)
    return -1;
  int status = parse_number(option, text, UINT32_MAX, &number);
  if (status >= 0)
    return status;
  *ret = (uint32_t)number;
  options->given |= bit;
  return -1;
}

static int parse_model(const struct choices *choices, struct sim_front_options *options)
{
  struct sim_explore_options *search = &options->search;
  if (choices->model != NULL && !sim_explore_model_of(choices->model, &search->model))
    return cli_usage_error("explore", "--model must be c11, sc or tso, not '%s'", choices->model);
  if (choices->model != NULL)
    options->given |= SIM_FRONT_MODEL;
  if (choices->races == NULL)
    return -1;
  options->given |= SIM_FRONT_RACES;
  if (strcmp(choices->races, "continue") == 0)
    search->races = SIM_EXPLORE_RACES_CONTINUE;
  else if (strcmp(choices->races, "stop") != 0)
    return cli_usage_error("explore", "--races must be stop or continue, not '%s'", choices->races);
  return -1;
}

static int parse_limits(const struct choices *choices, struct sim_front_options *options)
{
  struct sim_explore_options *search = &options->search;
  int status = -1;
  char *rest;
  search->bounded = choices->preemptions != NULL;
  if ((status = parse_small("preemptions", choices->preemptions, SIM_FRONT_PREEMPTIONS, options,
                            &search->preemptions)) >= 0 ||
      (status = parse_small("weak-fail", choices->weak_fail, SIM_FRONT_WEAK_FAIL, options,
                            &search->weak_fail)) >= 0 ||
      (status = parse_small("retries", choices->retries, SIM_FRONT_RETRIES, options,
                            &search->retries)) >= 0 ||
      (status = parse_small("limit-steps", choices->steps, SIM_FRONT_STEPS, options,
                            &search->steps)) >= 0 ||
      (status = parse_small("jobs", choices->jobs, 0, options, &search->workers)) >= 0)
    return status;
  if (choices->executions != NULL) {
    options->given |= SIM_FRONT_EXECUTIONS;
    status = parse_number("executions", choices->executions, UINT64_MAX, &search->executions);
    if (status >= 0)
      return status;
  }
  if (choices->seconds == NULL)
    return -1;
  options->given |= SIM_FRONT_SECONDS;
  search->seconds = g_ascii_strtod(choices->seconds, &rest);
  if (*rest != '\0' || !(search->seconds > 0))
    return cli_usage_error("explore", "--limit-seconds wants a number above 0, not '%s'",
                           choices->seconds);
  return -1;
}

static int parse_random(const struct choices *choices, struct sim_front_options *options)
{
  if (choices->random == NULL)
    return -1;
  options->search.random = true;
  if (choices->executions == NULL && choices->seconds == NULL)
    return cli_usage_error("explore", "--random needs --executions N or --limit-seconds N: it "
                                      "never comes to an end by itself");
  return parse_number("random", choices->random, UINT64_MAX, &options->search.seed);
}

/* "claim.publish=relaxed": the site and the order that it gets. */
static int parse_weaken(const char *text, struct sim_explore_options *search)
{
  static const enum fm_order orders[] = {FM_ORDER_RELAXED, FM_ORDER_ACQUIRE, FM_ORDER_RELEASE,
                                         FM_ORDER_ACQ_REL};
  g_auto(GStrv) parts = g_strsplit(text, "=", 2);
  const char *word = parts[0] != NULL ? parts[1] : NULL;
  enum fm_site site = parts[0] != NULL ? sim_site_by_name(parts[0]) : FM_SITE_COUNT;
  if (site == FM_SITE_COUNT)
    return cli_usage_error("explore", "--weaken %s: there is no point '%s' (framesim help points)",
                           text, parts[0] != NULL ? parts[0] : "");
  const struct fm_site_info *info = fm_site_info(site);
  if (info->order == FM_ORDER_PLAIN)
    return cli_usage_error("explore", "--weaken %s: a plain access has no order", text);
  for (gsize i = 0; word != NULL && i < G_N_ELEMENTS(orders); i++) {
    if (strcmp(word, fm_order_name(orders[i])) != 0)
      continue;
    if (info->kind == FM_ACCESS_FENCE)
      return cli_usage_error("explore", "--weaken %s: a fence is taken out by --remove-fence %s",
                             text, parts[0]);
    search->order[site] = (uint8_t)(orders[i] + 1);
    return -1;
  }
  return cli_usage_error("explore",
                         "--weaken %s: an order stands behind '=': relaxed, acquire, "
                         "release or acq_rel",
                         text);
}

static int parse_variants(const struct choices *choices, struct sim_front_options *options)
{
  for (char **text = choices->weaken; text != NULL && *text != NULL; text++) {
    int status = parse_weaken(*text, &options->search);
    if (status >= 0)
      return status;
  }
  for (char **text = choices->remove_fence; text != NULL && *text != NULL; text++) {
    enum fm_site site = sim_site_by_name(*text);
    if (site == FM_SITE_COUNT || fm_site_info(site)->kind != FM_ACCESS_FENCE)
      return cli_usage_error("explore", "--remove-fence %s: there is no such fence; there is %s",
                             *text, fm_site_info(FM_SITE_DROP_FENCE)->name);
    options->search.no_fence[site] = true;
  }
  return -1;
}

/* ---- Running ---- */

/* The command line that gives the same program: what changes the executions that there are. */
static char *again(const char *path, const struct choices *choices)
{
  GString *text = g_string_new("framesim explore");
  const char *const pairs[][2] = {{"model", choices->model},         {"races", choices->races},
                                  {"weak-fail", choices->weak_fail}, {"retries", choices->retries},
                                  {"seed", choices->seed},           {"variant", choices->variant}};
  for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++)
    if (pairs[i][1] != NULL)
      g_string_append_printf(text, " --%s %s", pairs[i][0], pairs[i][1]);
  for (char **at = choices->weaken; at != NULL && *at != NULL; at++)
    g_string_append_printf(text, " --weaken %s", *at);
  for (char **at = choices->remove_fence; at != NULL && *at != NULL; at++)
    g_string_append_printf(text, " --remove-fence %s", *at);
  for (char **at = choices->defines; at != NULL && *at != NULL; at++) {
    g_autofree char *quoted = g_shell_quote(*at);
    g_string_append_printf(text, " -D %s", quoted);
  }
  bool plain = strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") ==
               strlen(path);
  g_autofree char *quoted = plain ? g_strdup(path) : g_shell_quote(path);
  g_string_append_printf(text, " %s", quoted);
  return g_string_free(text, FALSE);
}

static int exit_of(const struct sim_front_report *report)
{
  if (interrupted)
    return CLI_INTERRUPTED;
  switch (report->verdict) {
  case SIM_EXPLORE_HELD:
    return CLI_OK;
  case SIM_EXPLORE_VIOLATED:
    return CLI_VIOLATED;
  case SIM_EXPLORE_LIMIT:
    break;
  }
  return CLI_LIMIT;
}

static int exit_of_run(enum sim_verdict verdict, const char *path)
{
  switch (verdict) {
  case SIM_VERDICT_HELD:
    fprintf(stderr,
            "framesim explore: %s has no threads: there is one execution, which "
            "'framesim run' shows\n",
            path);
    return CLI_USAGE;
  case SIM_VERDICT_VIOLATED:
  case SIM_VERDICT_NO_BOOT:
    return CLI_VIOLATED;
  case SIM_VERDICT_UNUSABLE:
    return CLI_USAGE;
  case SIM_VERDICT_LIMIT:
    return CLI_LIMIT;
  case SIM_VERDICT_INTERRUPTED:
    return CLI_INTERRUPTED;
  case SIM_VERDICT_INPUT:
    break;
  }
  return CLI_INPUT;
}

/* The page of the execution that was shown, or nothing: then why. */
static bool close_page(FILE *page, const char *path, const sim_player *player,
                       const struct sim_front_report *report)
{
  if (report->played)
    return html_out_close(page, path, player);
  html_out_discard(page, path);
  if (report->explored)
    fprintf(stderr,
            "framesim explore: %s is not written, there is nothing to play: no execution has a "
            "finding, and no 'sometimes' came true (--schedule plays any execution)\n",
            path);
  return true;
}

static int explore(const sim_script *script, const char *path, struct choices *choices,
                   const struct sim_run_options *run_options, struct sim_front_options *options)
{
  struct sim_front_report report;
  g_autofree char *command = again(path, choices);
  int status;
  options->again = command;
  g_autoptr(sim_player) player =
      choices->html != NULL ? sim_player_new("explore", script->source->name) : NULL;
  FILE *page = choices->html != NULL ? html_out_open(choices->html) : NULL;
  if (choices->html != NULL && page == NULL)
    return CLI_INPUT;
  options->player = player;
  options->search.interrupt = &interrupted;
  (void)signal(SIGINT, on_interrupt);
  enum sim_verdict verdict = sim_front_explore(script, run_options, options, &report);
  if (report.error != NULL) {
    fflush(stdout);
    status = cli_fail(g_steal_pointer(&report.error));
  } else if (!report.explored) {
    status = exit_of_run(verdict, path);
  } else {
    status = exit_of(&report);
    if (!choices->quiet && g_strcmp0(choices->json, "-") != 0)
      explore_report_print(&report);
    if (choices->json != NULL && !explore_report_json(choices->json, path, &report))
      status = CLI_INPUT;
  }
  if (page != NULL && !close_page(page, choices->html, player, &report))
    status = CLI_INPUT;
  sim_front_report_clear(&report);
  return status;
}

static int load_and_explore(const char *path, struct choices *choices,
                            struct sim_run_options *run_options, struct sim_front_options *options)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_script) script =
      sim_script_load(path, sim_run_verbs(), sim_run_queries, errors, &error);
  if (script != NULL)
    (void)sim_run_lint(script, run_options->defines, errors);
  for (guint i = 0; i < errors->len; i++)
    fputs(errors->pdata[i], stderr);
  if (errors->len != 0)
    return CLI_USAGE;
  if (script == NULL)
    return cli_fail(g_steal_pointer(&error));
  return explore(script, path, choices, run_options, options);
}

static int parse_options(int *argc, char ***argv, struct choices *choices)
{
  const GOptionEntry entries[] = {
      {"model", 'm', 0, G_OPTION_ARG_STRING, &choices->model, "c11 (unless given), sc or tso",
       "NAME"},
      {"preemptions", 'P', 0, G_OPTION_ARG_STRING, &choices->preemptions,
       "At most N switches away from who could go on", "N"},
      {"weak-fail", 0, 0, G_OPTION_ARG_STRING, &choices->weak_fail,
       "Weak exchanges that fail for no reason (0)", "N"},
      {"retries", 0, 0, G_OPTION_ARG_STRING, &choices->retries,
       "How often get tries again in a thread (0)", "N"},
      {"races", 0, 0, G_OPTION_ARG_STRING, &choices->races,
       "stop (unless given) or continue at a race", "WHAT"},
      {"random", 'r', 0, G_OPTION_ARG_STRING, &choices->random,
       "Executions at random, from this seed", "SEED"},
      {"executions", 'n', 0, G_OPTION_ARG_STRING, &choices->executions, "At most N executions",
       "N"},
      {"limit-seconds", 0, 0, G_OPTION_ARG_STRING, &choices->seconds, "Stop after so long",
       "SECONDS"},
      {"limit-steps", 0, 0, G_OPTION_ARG_STRING, &choices->steps,
       "At most N accesses in one execution", "N"},
      {"jobs", 'j', 0, G_OPTION_ARG_STRING, &choices->jobs, "Processes (0: one for each core)",
       "N"},
      {"first", 0, 0, G_OPTION_ARG_NONE, &choices->first,
       "Stop at the first finding, not the shortest", NULL},
      {"variant", 0, 0, G_OPTION_ARG_STRING, &choices->variant,
       "A form of the kernel from the museum", "NAME"},
      {"weaken", 'w', 0, G_OPTION_ARG_STRING_ARRAY, &choices->weaken, "Give a point a weaker order",
       "POINT=ORDER"},
      {"remove-fence", 0, 0, G_OPTION_ARG_STRING_ARRAY, &choices->remove_fence, "Leave a fence out",
       "POINT"},
      {"strength", 0, 0, G_OPTION_ARG_NONE, &choices->strength,
       "Which orders the SCRIPTs need: weaken each", NULL},
      {"schedule", 'S', 0, G_OPTION_ARG_STRING, &choices->schedule, "Run this one execution",
       "STEPS"},
      {"define", 'D', 0, G_OPTION_ARG_STRING_ARRAY, &choices->defines, "Give a param another value",
       "NAME=VALUE"},
      {"seed", 's', 0, G_OPTION_ARG_STRING, &choices->seed,
       "Of random choices before the threads (0)", "N"},
      {"html", 0, 0, G_OPTION_ARG_FILENAME, &choices->html, "Write a page that plays what is found",
       "FILE"},
      {"quiet", 'q', 0, G_OPTION_ARG_NONE, &choices->quiet, "Print only errors", NULL},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &choices->json,
       "Write JSON Lines to FILE (- is stdout)", "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  return cli_parse(argc, argv, "SCRIPT", entries, NULL,
                   "Runs SCRIPT (- is stdin) up to its threads, and those in every way that\n"
                   "the memory model allows.\n"
                   "Exit status: 0 held, 1 a finding, 2 an error in the script or an option,\n"
                   "3 a limit was reached, 4 a file cannot be used, 130 interrupted.\n\n"
                   "Example: framesim explore docs/explore/last-reference.fms\n");
}

static int explore_chosen(int argc, char **argv, struct choices *choices)
{
  struct sim_front_options options = {.schedule = choices->schedule};
  struct sim_run_options run_options = {.sink = print_text,
                                        .sink_data = choices,
                                        .interrupted = &interrupted,
                                        .defines = (const char *const *)choices->defines};
  int status;
  if (choices->variant != NULL && sim_museum_find(choices->variant, NULL) == NULL)
    return cli_usage_error("explore", "--variant %s: the museum has no such form (framesim museum)",
                           choices->variant);
  run_options.variant = choices->variant;
  if (choices->strength && choices->html != NULL)
    return cli_usage_error("explore", "--strength and --html do not go together");
  if (choices->strength && argc > 1)
    return explore_strength(argv + 1, argc - 1, choices->json);
  if (argc != 2)
    return cli_usage_error("explore", argc < 2 ? "a SCRIPT is missing" : "one SCRIPT at a time");
  sim_explore_options_init(&options.search);
  options.search.all = !choices->first;
  if ((status = parse_model(choices, &options)) >= 0 ||
      (status = parse_limits(choices, &options)) >= 0 ||
      (status = parse_random(choices, &options)) >= 0 ||
      (status = parse_variants(choices, &options)) >= 0)
    return status;
  run_options.seed_given = choices->seed != NULL;
  if (choices->seed != NULL &&
      (status = parse_number("seed", choices->seed, UINT64_MAX, &run_options.seed)) >= 0)
    return status;
  return load_and_explore(argv[1], choices, &run_options, &options);
}

int cmd_explore(int argc, char **argv)
{
  struct choices choices = {0};
  int status = parse_options(&argc, &argv, &choices);
  if (status < 0)
    status = explore_chosen(argc, argv, &choices);
  choices_clear(&choices);
  return status;
}
