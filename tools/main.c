/* SPDX-License-Identifier: MPL-2.0 */
/* framesim: the table of verbs, and the options before the verb. */
#include <errno.h>
#include <fcntl.h>
#include <fm_config.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/diag.h"
#include "tools/cli.h"

const struct cli_verb cli_verbs[] = {
    {"boot", "boot a firmware map and show what came of it", cmd_boot},
    {"map", "read a firmware map and show its regions", cmd_map},
    {"run", "run a script", cmd_run},
    {"explore", "run the threads of a script in every possible way", cmd_explore},
    {"replay", "replay a recorded trace of a page allocator", cmd_replay},
    {"compare", "run a trace or a workload on several allocators", cmd_compare},
    {"show", "look into a RAM file that was left behind", cmd_show},
    {"check", "check the machine in a RAM file", cmd_check},
    {"contract", "list what is checked, and prove that each check can fail", cmd_contract},
    {"diff", "compare the machines in two RAM files", cmd_diff},
    {"materialise", "write the deferred slots of a RAM file", cmd_materialise},
    {"lesson", "read, play or check a lesson", cmd_lesson},
    {"museum", "faults that kernels had, then and now", cmd_museum},
    {"bench", "measure what operations and allocators cost", cmd_bench},
    {"draw", "draw a picture of a machine", cmd_draw},
    {"exercise", "draw a problem by chance, and correct answers", cmd_exercise},
    {"help", "explain a verb of the program or of scripts", cmd_help},
    {NULL, NULL, NULL},
};

static int unknown_verb(const char *word)
{
  const char *names[G_N_ELEMENTS(cli_verbs)];
  for (gsize i = 0; i < G_N_ELEMENTS(cli_verbs); i++)
    names[i] = cli_verbs[i].name;
  const char *near = sim_suggest(word, names);
  fprintf(stderr, "framesim: unknown verb '%s'", word);
  if (near != NULL)
    fprintf(stderr, "; did you mean '%s'?", near);
  fprintf(stderr, "\ntry 'framesim help'\n");
  return CLI_USAGE;
}

static int unknown_option(const char *option)
{
  static const char *const known[] = {"--color", "--help", "--version", NULL};
  g_autofree char *bare = g_strndup(option, strcspn(option, "="));
  const char *near = sim_suggest(bare, known);
  fprintf(stderr, "framesim: unknown option '%s'", bare);
  if (near != NULL)
    fprintf(stderr, "; did you mean '%s'?", near);
  fprintf(stderr, "\ntry 'framesim help'\n");
  return CLI_USAGE;
}

/* Options before the verb: -1 to go on with argv[*at], else a status. */
static int global_options(int argc, char **argv, int *at)
{
  const char *color = "auto";
  for (*at = 1; *at < argc && argv[*at][0] == '-'; (*at)++) {
    const char *option = argv[*at];
    if (strcmp(option, "--version") == 0) {
      printf("framesim %s\n", FM_VERSION);
      return CLI_OK;
    }
    if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
      char *help[] = {argv[0], NULL};
      return cmd_help(1, help);
    }
    if (g_str_has_prefix(option, "--color=")) {
      color = option + strlen("--color=");
      continue;
    }
    return unknown_option(option);
  }
  if (!cli_color_choose(color)) {
    fprintf(stderr, "framesim: --color must be auto, always or never, not '%s'\n", color);
    return CLI_USAGE;
  }
  return -1;
}

/* A closed standard stream would lend its number to the next file opened: what is printed
 * would then end up in a RAM file.  /dev/full makes writing fail as it should. */
static void fill_standard_streams(void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) == -1)
      (void)open(fd == STDOUT_FILENO ? "/dev/full" : "/dev/null", O_RDWR);
}

/* Output that could not be written makes the program fail, whatever else it found. */
static void check_stdout(void)
{
  bool failed = ferror(stdout) != 0;
  errno = 0;
  if (fclose(stdout) == 0 && !failed)
    return;
  fprintf(stderr, "framesim: cannot write standard output%s%s\n", errno != 0 ? ": " : "",
          errno != 0 ? g_strerror(errno) : "");
  _exit(CLI_INPUT);
}

int main(int argc, char **argv)
{
  fill_standard_streams();
  (void)atexit(check_stdout);
  setlocale(LC_CTYPE, "C.UTF-8");

  int at;
  int status = global_options(argc, argv, &at);
  if (status >= 0)
    return status;
  if (at == argc) {
    char *help[] = {argv[0], NULL};
    cmd_help(1, help);
    return CLI_USAGE;
  }
  for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++)
    if (strcmp(argv[at], verb->name) == 0)
      return verb->run(argc - at, argv + at);
  return unknown_verb(argv[at]);
}
