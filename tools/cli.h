/* SPDX-License-Identifier: MPL-2.0 */
/* What the verbs of the program share: exit statuses, options, messages, JSON. */
#ifndef TOOLS_CLI_H
#define TOOLS_CLI_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <sim/machine.h>

#include "sim/bootmap/bootmap.h"

enum cli_exit {
  CLI_OK = 0,
  CLI_VIOLATED = 1, /* something did not hold, or the machine cannot boot */
  CLI_USAGE = 2,    /* options or script */
  CLI_LIMIT = 3,    /* a limit was reached and nothing was found */
  CLI_INPUT = 4,    /* an input file cannot be used */
  CLI_INTERNAL = 70,
  CLI_INTERRUPTED = 130,
};

struct cli_verb {
  const char *name;
  const char *summary;               /* one line of `framesim help` */
  int (*run)(int argc, char **argv); /* argv[0] is the verb */
};

/* All verbs, ended by one without a name. */
extern const struct cli_verb cli_verbs[];

int cmd_boot(int argc, char **argv);
int cmd_map(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_explore(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_contract(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_materialise(int argc, char **argv);
int cmd_lesson(int argc, char **argv);
int cmd_museum(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_draw(int argc, char **argv);
int cmd_exercise(int argc, char **argv);
int cmd_help(int argc, char **argv);

/* Parses the options of a verb: `usage` is what follows them, `entries` and `more` (NULL:
 * none) the options, `text` the paragraph below them.  Returns -1 to go on, else the status
 * to end with.  --help prints and exits. */
int cli_parse(int *argc, char ***argv, const char *usage, const GOptionEntry *entries,
              const GOptionEntry *more, const char *text);

/* "framesim VERB: text" and the hint to --help, on stderr; returns CLI_USAGE. */
int cli_usage_error(const char *verb, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Prints an error of the simulator on stderr and returns its exit status; frees it. */
int cli_fail(GError *error);

/* ---- Colours: only on a terminal, never with NO_COLOR, --color decides ---- */

enum cli_color { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_RED, CLI_GREEN, CLI_YELLOW, CLI_CYAN };

/* "auto", "always" or "never"; false: none of these. */
bool cli_color_choose(const char *when);

/* The escape sequence for standard output, or "". */
const char *cli_color(enum cli_color color);

/* ---- Progress: on standard error, only if that is a terminal ---- */

/* "framesim: WHAT: N%", written over when the number changes. */
void cli_progress(const char *what, uint64_t done, uint64_t all);
/* Takes it away again, before anything else is written. */
void cli_progress_clear(void);

/* ---- Options of every verb that makes a machine ---- */

struct cli_machine {
  char *format;
  char *memory;
  char *allocator;
  char *kernel;
  char *top;
  char *linear_map;
  char *metadata;
  char *initramfs;
  char *cmdline;
  char *framebuffer;
  char *ram_file;
  int cpus;
};

/* Zeroed, with the defaults. */
void cli_machine_init(struct cli_machine *options);

/* The entries for these options: newly allocated array, ended as GOption wants it. */
GOptionEntry *cli_machine_entries(struct cli_machine *options);

/* Loads the map (a path, or NULL with --memory) and fills *config, which borrows from
 * `options` and from the map.  Returns -1, or a status after a message. */
int cli_machine_config(const char *verb, const struct cli_machine *options, const char *map_path,
                       sim_bootmap **ret_map, struct sim_config *config);

void cli_machine_clear(struct cli_machine *options);

/* Runs `body(data)` on a machine of a RAM file, which somebody may cut short meanwhile, and
 * returns its status, or the one for that after a message. */
int cli_look(sim_machine *machine, int (*body)(void *data), void *data);

/* ---- JSON Lines ---- */

/* Opens an object with "framesim":1 and "kind". */
JsonBuilder *cli_json_begin(const char *kind);

void cli_json_string(JsonBuilder *json, const char *name, const char *value);
void cli_json_int(JsonBuilder *json, const char *name, uint64_t value); /* up to 2^53 */
void cli_json_hex(JsonBuilder *json, const char *name, uint64_t value);

/* Closes the object and writes it as one line to `path` ("-": standard output); frees the
 * builder.  False: could not be written, a message was printed. */
bool cli_json_end(JsonBuilder *json, const char *path, bool append);

#endif
