/* SPDX-License-Identifier: MPL-2.0 */
/* framesim lesson: lists the lessons, and shows, plays and checks one. */
#include <fm_config.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/error.h"
#include "sim/lesson/check.h"
#include "sim/lesson/lesson.h"
#include "sim/lesson/markdown.h"
#include "tools/cli.h"
#include "tools/followers.h"
#include "tools/questions.h"
#include "tools/step.h"

/* Characters of a line of text. */
#define WIDTH 78u

/* What was asked for; the strings are owned. */
struct choices {
  char *folder;
  char *html;
  gboolean play;
  gboolean quiz;
  gboolean check;
  gboolean notes;
};

/* ---- Listing and reading ---- */

static int list_lessons(const GPtrArray *lessons)
{
  for (guint i = 0; i < lessons->len; i++) {
    const struct sim_lesson *lesson = lessons->pdata[i];
    printf("%3u  %-22s %s\n", lesson->number, lesson->name, lesson->title);
  }
  printf("\nframesim lesson N          the text of one, by number or name\n"
         "framesim lesson N --play   its script, step by step, from a prompt\n"
         "framesim lesson N --quiz   the same in one go, with its questions to answer\n"
         "framesim lesson N --html FILE.html  a page that plays it in any browser\n"
         "framesim lesson N --check  run it as a test; without N: all of them\n"
         "framesim lesson N --notes  for teachers: goal, time, usual mistakes\n");
  return CLI_OK;
}

static int print_file(const struct sim_lesson *lesson, const char *file)
{
  GError *error = NULL;
  g_autofree char *text = sim_lesson_read(lesson, file, &error);
  if (text == NULL)
    return cli_fail(error);
  g_autofree char *plain = sim_markdown_plain(text, WIDTH);
  fputs(plain, stdout);
  return CLI_OK;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
  interrupted = 1;
  (void)signal(signal_number, SIG_DFL);
}

/* ---- Playing ---- */

/* The lesson's script and its path, which is owned by the caller; -1, or a status after a
 * message. */
static int load(const struct sim_lesson *lesson, char **ret_path, sim_script **ret)
{
  GError *error = NULL;
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  *ret_path = g_build_filename(lesson->folder, "lesson.fms", NULL);
  *ret = sim_lesson_load_script(*ret_path, errors, &error);
  for (guint i = 0; i < errors->len; i++)
    fputs(errors->pdata[i], stderr);
  if (*ret != NULL)
    return -1;
  if (errors->len == 0)
    return cli_fail(error);
  g_clear_error(&error);
  return CLI_USAGE;
}

static int play(const struct sim_lesson *lesson)
{
  g_autofree char *path = NULL;
  g_autoptr(sim_script) script = NULL;
  int status = load(lesson, &path, &script);
  const struct sim_run_options options = {.hide_answers = true, .interrupted = &interrupted};
  return status >= 0 ? status : step_session(script, path, &options, false);
}

static int exit_of(enum sim_verdict verdict)
{
  return verdict == SIM_VERDICT_HELD          ? CLI_OK
         : verdict == SIM_VERDICT_INTERRUPTED ? CLI_INTERRUPTED
         : verdict == SIM_VERDICT_LIMIT       ? CLI_LIMIT
                                              : CLI_VIOLATED;
}

static void print_text(enum sim_text_kind kind, const char *text, void *data)
{
  (void)data;
  if (kind == SIM_TEXT_MESSAGE) {
    fflush(stdout);
    fputs(text, stderr);
  } else {
    printf("%s\n", text);
  }
}

/* The questions, between the steps that they are about. */
static int quiz(const struct sim_lesson *lesson)
{
  g_autofree char *path = NULL;
  g_autoptr(sim_script) script = NULL;
  int status = load(lesson, &path, &script);
  struct sim_run_options options = {.sink = print_text, .interrupted = &interrupted};
  if (status >= 0 || (status = questions_choose("lesson", "ask", path, &options)) >= 0)
    return status;
  (void)signal(SIGINT, on_interrupt);
  g_autoptr(sim_run) run = sim_run_new(script, &options);
  enum sim_verdict verdict = sim_run_execute(run);
  questions_print(&options, sim_run_questions(run));
  return exit_of(verdict);
}

static void follow_text(enum sim_text_kind kind, const char *text, void *data)
{
  followers_text(data, kind, text);
  if (kind == SIM_TEXT_MESSAGE)
    fputs(text, stderr);
}

/* A page that plays the script in a browser. */
static int write_page(const struct sim_lesson *lesson, char *file)
{
  g_autofree char *path = NULL;
  g_autoptr(sim_script) script = NULL;
  struct followers followers;
  const struct followers_choice choice = {.html = file};
  /* The same page wherever the lessons are. */
  g_autofree char *shown = g_strdup_printf("%02u-%s/lesson.fms", lesson->number, lesson->name);
  int status = load(lesson, &path, &script);
  if (status >= 0 || (status = followers_open(&followers, &choice, shown)) >= 0)
    return status;
  const struct sim_run_options options = {.sink = follow_text,
                                          .sink_data = &followers,
                                          .interrupted = &interrupted,
                                          .watchers = followers.watchers};
  (void)signal(SIGINT, on_interrupt);
  g_autoptr(sim_run) run = sim_run_new(script, &options);
  enum sim_verdict verdict = sim_run_execute(run);
  status = followers_close(&followers, run, verdict);
  followers_clear(&followers);
  if (status >= 0)
    return status;
  printf("%s: lesson %u, %s\n", file, lesson->number, lesson->title);
  return exit_of(verdict);
}

/* ---- Checking ---- */

static const char *plural(uint64_t count)
{
  return count == 1 ? "" : "s";
}

static void print_result(const struct sim_lesson *lesson, const struct sim_lesson_result *result)
{
  g_autofree char *script = g_path_get_basename(result->script);
  const char *word = result->good    ? result->wrong ? "violated, as it should" : "held"
                     : result->wrong ? "NOT violated, though it shows a mistake"
                                     : "did NOT hold";
  printf("%s%3u  %-22s %-22s %s%s", cli_color(result->good ? CLI_GREEN : CLI_RED), lesson->number,
         lesson->name, script, word, cli_color(CLI_PLAIN));
  if (result->explored)
    printf(" (%" PRIu64 " execution%s)\n", result->executions, plural(result->executions));
  else
    printf(" (%" PRIu64 " step%s, %" PRIu64 " expectation%s)\n", result->steps,
           plural(result->steps), result->expectations, plural(result->expectations));
  if (!result->good)
    fputs(result->messages, stderr);
}

/* Adds to *bad what did not come out as it should; -1 or an exit status. */
static int check_one(const struct sim_lesson *lesson, guint *bad)
{
  GError *error = NULL;
  g_autoptr(GPtrArray) results = sim_lesson_check(lesson, &interrupted, &error);
  if (results == NULL)
    return cli_fail(error);
  for (guint i = 0; i < results->len && !interrupted; i++) {
    const struct sim_lesson_result *result = results->pdata[i];
    print_result(lesson, result);
    fflush(stdout);
    *bad += !result->good;
  }
  return interrupted ? CLI_INTERRUPTED : -1;
}

static int check(const GPtrArray *lessons, const struct sim_lesson *only)
{
  guint bad = 0;
  (void)signal(SIGINT, on_interrupt);
  for (guint i = 0; i < lessons->len; i++) {
    const struct sim_lesson *lesson = lessons->pdata[i];
    if (only != NULL && only != lesson)
      continue;
    int status = check_one(lesson, &bad);
    if (status >= 0)
      return status;
  }
  return bad == 0 ? CLI_OK : CLI_VIOLATED;
}

/* ---- Options ---- */

/* The option that wants one lesson, or NULL. */
static const char *wants_one(const struct choices *choices)
{
  return choices->play           ? "--play"
         : choices->quiz         ? "--quiz"
         : choices->html != NULL ? "--html"
         : choices->notes        ? "--notes"
                                 : NULL;
}

static int act(const GPtrArray *lessons, const char *word, const struct choices *choices)
{
  const struct sim_lesson *lesson = NULL;
  if (word != NULL) {
    GError *error = NULL;
    lesson = sim_lessons_pick(lessons, word, &error);
    if (lesson == NULL)
      return cli_fail(error);
  }
  if (choices->check)
    return check(lessons, lesson);
  const char *option = wants_one(choices);
  if (lesson == NULL && option != NULL)
    return cli_usage_error("lesson", "%s wants to know which lesson, as in 'framesim lesson 2 %s'",
                           option, option);
  if (lesson == NULL)
    return list_lessons(lessons);
  if (choices->play)
    return play(lesson);
  if (choices->quiz)
    return quiz(lesson);
  if (choices->html != NULL)
    return write_page(lesson, choices->html);
  return print_file(lesson, choices->notes ? "notes.md" : "README.md");
}

static int run_chosen(int argc, char **argv, const struct choices *choices)
{
  GError *error = NULL;
  if (argc > 2)
    return cli_usage_error("lesson", "one lesson at a time, not '%s' too", argv[2]);
  if (choices->play + choices->quiz + choices->check + choices->notes + (choices->html != NULL) > 1)
    return cli_usage_error("lesson",
                           "only one of --play, --quiz, --check, --html and --notes at a time");
  const char *wanted = choices->folder != NULL ? choices->folder : g_getenv("FRAMESIM_LESSONS");
  g_autofree char *folder = sim_lessons_folder(wanted, FM_LESSONS, &error);
  g_autoptr(GPtrArray) lessons = folder != NULL ? sim_lessons_load(folder, &error) : NULL;
  if (lessons == NULL)
    return cli_fail(error);
  return act(lessons, argc == 2 ? argv[1] : NULL, choices);
}

int cmd_lesson(int argc, char **argv)
{
  struct choices choices = {0};
  const GOptionEntry entries[] = {
      {"play", 'p', 0, G_OPTION_ARG_NONE, &choices.play,
       "Step through the lesson's script, forward and back", NULL},
      {"quiz", 'q', 0, G_OPTION_ARG_NONE, &choices.quiz,
       "Run it, and answer its questions on the way", NULL},
      {"check", 'c', 0, G_OPTION_ARG_NONE, &choices.check, "Run the lesson's scripts as tests",
       NULL},
      {"html", 0, 0, G_OPTION_ARG_FILENAME, &choices.html,
       "Write a page that plays the lesson in a browser", "FILE"},
      {"notes", 'n', 0, G_OPTION_ARG_NONE, &choices.notes, "Print the note for teachers", NULL},
      {"lessons", 0, 0, G_OPTION_ARG_FILENAME, &choices.folder, "Where the lessons are", "FOLDER"},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "[N|NAME]", entries, NULL,
                         "Without N lists the lessons; with it prints the text of one.\n"
                         "Exit status: 0, 1 a script did not come out as it should, 2 no such\n"
                         "lesson, 4 no lessons found or a file of theirs cannot be used.\n\n"
                         "Example: framesim lesson 2 | less\n");
  if (status < 0)
    status = run_chosen(argc, argv, &choices);
  g_free(choices.folder);
  g_free(choices.html);
  return status;
}
