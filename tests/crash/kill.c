/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/crash/kill.h"

#include <glib/gstdio.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/script/run.h"

/* ---- A process of its own ---- */

/* Without asking the disk: there are thousands of them. */
static bool write_file(const char *path, const char *text)
{
  FILE *file = g_fopen(path, "w");
  return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

/* What went wrong in it stands in the file `said`. */
static void say(const char *folder, const char *text)
{
  g_autofree char *path = g_build_filename(folder, "said", NULL);
  (void)write_file(path, text);
}

static int wait_for(pid_t pid)
{
  int status = 0;
  ck_assert_int_eq(waitpid(pid, &status, 0), pid);
  return status;
}

static void fail_with_said(const struct kill_script *script, const char *what)
{
  g_autofree char *path = g_build_filename(script->folder, "said", NULL);
  g_autofree char *text = NULL;
  (void)g_file_get_contents(path, &text, NULL, NULL);
  ck_abort_msg("%s: %s", what, text != NULL ? text : "it said nothing");
}

/* ---- The script's process ---- */

struct watch {
  sim_run *run;
  guint events; /* so far */
  guint until;  /* the one to die at; G_MAXUINT: none */
  FILE *log;    /* of the reference run; NULL: none */
  char *state;  /* after the last step */
  bool counting;
};

static struct watch watching;

static void count(enum fm_site site)
{
  const sim_run *run = watching.run;
  if (!watching.counting || run == NULL || run->cpu->command == NULL)
    return;
  if (watching.log != NULL)
    fprintf(watching.log, "E %" PRIu64 " %s %u %d\n", run->cpu->step, run->cpu->command->verb->name,
            (unsigned)site, run->sched != NULL);
  if (watching.events++ == watching.until)
    (void)raise(SIGKILL);
}

static void on_access(sim_run *run, const struct fm_access *access, void *data)
{
  (void)data;
  watching.run = run;
  count(access->site);
}

static void on_store(void)
{
  count(FM_SITE_COUNT);
}

static void on_begin(sim_run *run, void *data)
{
  (void)data;
  watching.run = run;
  watching.counting = run->kernel != NULL;
}

static void on_end(sim_run *run, void *data)
{
  (void)data;
  watching.counting = false;
  if (run->kernel == NULL)
    return;
  kill_fill(run->machine, watching.state != NULL ? watching.state : "");
  g_free(watching.state);
  watching.state = kill_state(run->machine);
  if (watching.log != NULL) {
    g_autofree char *escaped = g_strescape(watching.state, NULL);
    fprintf(watching.log, "S %" PRIu64 " %s\n", run->cpu->step, escaped);
  }
}

static void on_text(enum sim_text_kind kind, const char *text, void *data)
{
  if (kind == SIM_TEXT_MESSAGE)
    say(data, text);
}

static int run_script(const char *path, const struct kill_script *script, bool resume)
{
  static const struct sim_run_watcher watcher = {
      .begin = on_begin, .access = on_access, .end = on_end, .needs_hooks = true};
  const struct sim_run_options options = {.ram_file = script->ram,
                                          .handles = resume ? 0 : 64,
                                          .resume = resume,
                                          .watchers = resume ? NULL : &watcher,
                                          .sink = on_text,
                                          .sink_data = script->folder};
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(sim_script) tree =
      sim_script_load(path, sim_run_verbs(), sim_run_queries, errors, NULL);
  if (tree == NULL || !sim_run_lint(tree, NULL, errors)) {
    say(script->folder, errors->len != 0 ? errors->pdata[0] : "no script");
    return 2;
  }
  g_autoptr(sim_run) run = sim_run_new(tree, &options);
  return sim_run_execute(run) == SIM_VERDICT_HELD ? 0 : 1;
}

static void die_at(const struct kill_script *script, guint event, FILE *log)
{
  watching = (struct watch){.until = event, .log = log};
  sim_durable_watch = on_store;
  int status = run_script(script->path, script, false);
  if (log != NULL)
    (void)fclose(log);
  _exit(status);
}

void kill_at(const struct kill_script *script, guint event)
{
  pid_t pid = fork();
  if (pid == 0)
    die_at(script, event, NULL);
  int status = wait_for(pid);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
    fail_with_said(script, "the process was not killed");
}

/* ---- The reference ---- */

static uint32_t verb_index(struct kill_script *script, const char *verb)
{
  for (guint i = 0; i < script->verbs->len; i++)
    if (strcmp(script->verbs->pdata[i], verb) == 0)
      return i;
  g_ptr_array_add(script->verbs, g_strdup(verb));
  return script->verbs->len - 1;
}

static void read_line(struct kill_script *script, const char *line)
{
  g_auto(GStrv) words = g_strsplit(line, " ", line[0] == 'S' ? 3 : 5);
  if (line[0] == 'E') {
    struct kill_event event = {(uint32_t)atoi(words[1]), verb_index(script, words[2]),
                               (uint32_t)atoi(words[3]), (uint32_t)atoi(words[4])};
    g_array_append_val(script->events, event);
  } else if (line[0] == 'S') {
    guint step = (guint)atoi(words[1]);
    while (script->states->len <= step)
      g_ptr_array_add(script->states,
                      g_strdup(script->states->len == 0
                                   ? "\nbytes "
                                   : script->states->pdata[script->states->len - 1]));
    g_free(script->states->pdata[step]);
    script->states->pdata[step] = g_strcompress(words[2]);
  }
}

struct kill_script *kill_reference(const char *text)
{
  struct kill_script *script = g_new0(struct kill_script, 1);
  /* In memory if there is such a place: the page cache is all that a death needs. */
  const char *place = g_access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : g_get_tmp_dir();
  script->folder = g_build_filename(place, "framesim-kill-XXXXXX", NULL);
  ck_assert_ptr_nonnull(g_mkdtemp(script->folder));
  script->path = g_build_filename(script->folder, "script.fms", NULL);
  script->ram = g_build_filename(script->folder, "ram", NULL);
  script->verbs = g_ptr_array_new_with_free_func(g_free);
  script->events = g_array_new(FALSE, FALSE, sizeof(struct kill_event));
  script->states = g_ptr_array_new_with_free_func(g_free);
  ck_assert(write_file(script->path, text));

  g_autofree char *log = g_build_filename(script->folder, "log", NULL);
  pid_t pid = fork();
  if (pid == 0)
    die_at(script, G_MAXUINT, g_fopen(log, "w"));
  int status = wait_for(pid);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    fail_with_said(script, "the script does not run to its end");
  g_autofree char *lines = NULL;
  ck_assert(g_file_get_contents(log, &lines, NULL, NULL));
  g_auto(GStrv) split = g_strsplit(lines, "\n", -1);
  for (char **line = split; *line != NULL; line++)
    read_line(script, *line);
  return script;
}

void kill_script_free(struct kill_script *script)
{
  static const char *const files[] = {"script.fms", "ram", "log", "said", "after.fms"};
  for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(script->folder, files[i], NULL);
    (void)g_unlink(path);
  }
  (void)g_rmdir(script->folder);
  g_ptr_array_unref(script->verbs);
  g_array_unref(script->events);
  g_ptr_array_unref(script->states);
  g_free(script->folder);
  g_free(script->path);
  g_free(script->ram);
  g_free(script);
}

/* ---- The repair's process ---- */

static guint stores_left;

static void on_repair_store(void)
{
  if (stores_left-- == 0)
    (void)raise(SIGKILL);
}

static bool repair_ram(const struct kill_script *script)
{
  g_autoptr(GError) error = NULL;
  const struct sim_repair_options options = {0};
  struct sim_repair_result result;
  g_autoptr(sim_machine) machine = sim_machine_open_repair(script->ram, false, &error);
  if (machine == NULL || !sim_repair(machine, &options, &result, &error)) {
    say(script->folder, error->message);
    return false;
  }
  if (result.faults == 0 && result.acts[SIM_REPAIR_CONFLICT] == 0)
    return true;
  g_autofree char *text = g_strdup_printf("%" PRIu64 " findings and %" PRIu64 " conflicts are left",
                                          result.faults, result.acts[SIM_REPAIR_CONFLICT]);
  say(script->folder, text);
  return false;
}

void kill_repair_at(const struct kill_script *script, guint store)
{
  pid_t pid = fork();
  if (pid == 0) {
    stores_left = store;
    sim_durable_watch = on_repair_store;
    _exit(!repair_ram(script));
  }
  (void)wait_for(pid); /* it may have had fewer stores to make */
}

/* ---- The verdict ---- */

static bool judge(const struct kill_script *script, guint event)
{
  const struct kill_event *at = &g_array_index(script->events, struct kill_event, event);
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_machine) machine = sim_machine_open(script->ram, FM_STAGE_ALLOCATOR, &error);
  if (machine == NULL) {
    say(script->folder, error->message);
    return false;
  }
  sim_cpu_enter(machine, 0);
  g_autofree char *found = kill_state(machine);
  g_autofree char *wrong = kill_find_lost(machine);
  if (wrong == NULL && !at->in_threads)
    wrong = kill_differs(found, script->states->pdata[at->step - 1],
                         script->states->pdata[MIN(at->step, script->states->len - 1)]);
  if (wrong != NULL)
    say(script->folder, wrong);
  return wrong == NULL;
}

/* Work goes on: everything is adopted and dropped, frames are claimed or allocated, and the
 * check of the script finds nothing. */
static const char after[] = "framesim 1\n"
                            "pool all\n"
                            "adopt all -> all\n"
                            "repeat 40 { drop any all }\n";
static const char after_alloc[] = "for i in 0..20 { alloc -> a[i] }\n"
                                  "alloc frames 7 -> s\n"
                                  "process new_one\n"
                                  "map new_one at 0x400000 size 32K shared\n"
                                  "fork new_one -> other\n"
                                  "write other at 0x400000 9\n"
                                  "exit new_one\n"
                                  "exit other\n"
                                  "for i in 0..20 { drop a[i] }\n"
                                  "drop s\n"
                                  "check\n";

static bool go_on(const struct kill_script *script)
{
  g_autofree char *path = g_build_filename(script->folder, "after.fms", NULL);
  g_autofree char *source = NULL;
  if (!g_file_get_contents(script->path, &source, NULL, NULL))
    return false;
  bool none = strstr(source, "allocator none") != NULL;
  g_autofree char *text = g_strconcat(after, none ? "" : after_alloc, NULL);
  return write_file(path, text) && run_script(path, script, true) == 0;
}

void kill_verify(const struct kill_script *script, guint event)
{
  const struct kill_event *at = &g_array_index(script->events, struct kill_event, event);
  say(script->folder, "");
  pid_t pid = fork();
  if (pid == 0)
    _exit(!repair_ram(script) ? 1 : !judge(script, event) ? 2 : !go_on(script) ? 3 : 0);
  int status = wait_for(pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return;
  g_autofree char *what =
      g_strdup_printf("event %u, step %u (%s), behind %s, part %d", event, at->step,
                      (const char *)script->verbs->pdata[at->verb],
                      at->site < FM_SITE_COUNT ? fm_site_info((enum fm_site)at->site)->name
                                               : "a store of the table",
                      WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
  fail_with_said(script, what);
}
