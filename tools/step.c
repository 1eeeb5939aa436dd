/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/step.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/line.h"
#include "tools/step-commands.h"

static volatile sig_atomic_t interrupted;

/* The first Ctrl-C stops the run at the next command.  One that finds the first unanswered
 * ends the program: a single command may take long. */
static void on_interrupt(int signal_number)
{
  if (interrupted != 0) {
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
  }
  interrupted = 1;
}

static void catch_interrupts(void)
{
  struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
  (void)sigemptyset(&action.sa_mask);
  (void)sigaction(SIGINT, &action, NULL);
}

static bool run_line(struct step_state *state, const char *line)
{
  size_t length = strcspn(line, " \t");
  g_autofree char *word = g_strndup(line, length);
  const struct step_command *command = step_find_command(word);
  if (command == NULL)
    return false;
  const char *arguments = line + length;
  while (g_ascii_isspace(*arguments))
    arguments++;
  if (command->arguments[0] == '\0' && arguments[0] != '\0')
    return step_complain("'%s' takes nothing, not '%s'", command->name, arguments);
  state->told = 0;
  return command->run(state, arguments);
}

/* Status 2 if a line of a file or pipe was not understood: nobody sits there to see it. */
static int read_lines(struct step_state *state, line_reader *reader)
{
  bool terminal = line_reader_is_terminal(reader);
  g_autofree char *last = g_strdup("");
  int status = CLI_OK;
  while (!state->quit) {
    char *read = NULL;
    fflush(stdout);
    enum line_end end = line_reader_next(reader, &read);
    g_autofree char *line = read;
    if (end == LINE_INTERRUPTED) {
      interrupted = 0;
      if (!terminal)
        return CLI_INTERRUPTED;
      continue;
    }
    if (end == LINE_NO_MORE)
      break;
    g_strstrip(line);
    if (line[0] != '\0') {
      g_free(last);
      last = g_strdup(line);
    }
    if (last[0] != '\0' && !run_line(state, last) && !terminal)
      status = CLI_USAGE;
    interrupted = 0;
  }
  return status;
}

int step_session(const sim_script *script, const char *path, const struct sim_run_options *options,
                 bool all_steps)
{
  struct step_state state = {.source = script->source, .all_steps = all_steps};
  struct sim_run_options mine = *options;
  mine.sink = step_print_text;
  mine.sink_data = &state;
  mine.interrupted = &interrupted;
  catch_interrupts();

  state.history = sim_history_new(script, &mine);
  line_reader *reader = line_reader_new("(framesim) ", &interrupted, step_complete, &state);
  if (line_reader_is_terminal(reader))
    printf("%s: 'step' runs the first step, 'help' lists the commands\n", path);
  int status = read_lines(&state, reader);
  line_reader_free(reader);
  sim_history_free(state.history);
  return status;
}
