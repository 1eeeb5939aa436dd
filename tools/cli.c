/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/diag.h"
#include "sim/error.h"
#include "sim/script/number.h"

/* ---- Options and messages ---- */

/* The option that the last word of GLib's message "Unknown option --x" may stand for, or
 * NULL; as borrowed long name. */
static const char *nearest_option(const char *message, const GOptionEntry *entries,
                                  const GOptionEntry *more)
{
  const char *word = strrchr(message, ' ');
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  if (word == NULL || !g_str_has_prefix(word, " --"))
    return NULL;
  for (; entries->long_name != NULL; entries++)
    g_ptr_array_add(names, (gpointer)entries->long_name);
  for (; more != NULL && more->long_name != NULL; more++)
    g_ptr_array_add(names, (gpointer)more->long_name);
  g_ptr_array_add(names, (gpointer) "help");
  g_ptr_array_add(names, NULL);
  g_autofree char *bare = g_strndup(word + 3, strcspn(word + 3, "="));
  return sim_suggest(bare, (const char *const *)names->pdata);
}

int cli_parse(int *argc, char ***argv, const char *usage, const GOptionEntry *entries,
              const GOptionEntry *more, const char *text)
{
  const char *verb = (*argv)[0];
  g_autofree char *name = g_strdup_printf("framesim %s", verb);
  g_autoptr(GOptionContext) context = g_option_context_new(usage);
  g_autoptr(GError) error = NULL;

  g_set_prgname(name);
  g_option_context_add_main_entries(context, entries, NULL);
  if (more != NULL)
    g_option_context_add_main_entries(context, more, NULL);
  g_option_context_set_description(context, text);
  if (g_option_context_parse(context, argc, argv, &error))
    return -1;
  const char *near = g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)
                         ? nearest_option(error->message, entries, more)
                         : NULL;
  if (near != NULL)
    return cli_usage_error(verb, "%s; did you mean '--%s'?", error->message, near);
  return cli_usage_error(verb, "%s", error->message);
}

int cli_usage_error(const char *verb, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  fprintf(stderr, "framesim %s: %s\ntry 'framesim %s --help'\n", verb, text, verb);
  return CLI_USAGE;
}

int cli_fail(GError *error)
{
  static const int status_of[] = {
      [SIM_ERROR_USAGE] = CLI_USAGE,       [SIM_ERROR_INPUT] = CLI_INPUT,
      [SIM_ERROR_BOOT] = CLI_VIOLATED,     [SIM_ERROR_LIMIT] = CLI_LIMIT,
      [SIM_ERROR_INTERNAL] = CLI_INTERNAL,
  };
  int status = error->domain == SIM_ERROR ? status_of[error->code] : CLI_INTERNAL;
  /* A message with a place of its own is complete. */
  bool placed = strstr(error->message, ": error: ") != NULL;
  fflush(stdout); /* what was printed before stands before */
  fprintf(stderr, "%s%s%s", placed ? "" : "framesim: ", error->message,
          g_str_has_suffix(error->message, "\n") ? "" : "\n");
  g_error_free(error);
  return status;
}

/* ---- Colours ---- */

static bool colors_on;

bool cli_color_choose(const char *when)
{
  if (strcmp(when, "always") == 0)
    colors_on = true;
  else if (strcmp(when, "never") == 0)
    colors_on = false;
  else if (strcmp(when, "auto") == 0) {
    const char *no_color = getenv("NO_COLOR");
    colors_on = isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0');
  } else
    return false;
  return true;
}

const char *cli_color(enum cli_color color)
{
  static const char *const codes[] = {
      [CLI_PLAIN] = "\033[0m", [CLI_BOLD] = "\033[1m",   [CLI_DIM] = "\033[2m",
      [CLI_RED] = "\033[31m",  [CLI_GREEN] = "\033[32m", [CLI_YELLOW] = "\033[33m",
      [CLI_CYAN] = "\033[36m",
  };
  return colors_on ? codes[color] : "";
}

/* ---- Progress ---- */

static int shown_percent = -1;

void cli_progress(const char *what, uint64_t done, uint64_t all)
{
  int percent = all == 0 ? 100 : (int)(done * 100 / all);
  if (percent == shown_percent || isatty(STDERR_FILENO) != 1)
    return;
  shown_percent = percent;
  fprintf(stderr, "\rframesim: %s: %d%%", what, percent);
}

void cli_progress_clear(void)
{
  if (shown_percent < 0)
    return;
  shown_percent = -1;
  fprintf(stderr, "\r\033[K");
}

/* ---- Looking into a RAM file ---- */

struct look {
  int (*body)(void *data);
  void *data;
  int status;
};

static void run_look(void *data)
{
  struct look *look = data;
  look->status = look->body(look->data);
}

int cli_look(sim_machine *machine, int (*body)(void *data), void *data)
{
  struct look look = {body, data, CLI_INTERNAL};
  if (sim_guard_run(machine, run_look, &look) == SIM_END_DONE)
    return look.status;
  fflush(stdout);
  fprintf(stderr, "framesim: %s\n", sim_machine_panic(machine));
  return CLI_INPUT;
}

/* ---- JSON ---- */

JsonBuilder *cli_json_begin(const char *kind)
{
  JsonBuilder *json = json_builder_new();
  json_builder_begin_object(json);
  cli_json_int(json, "framesim", 1);
  cli_json_string(json, "kind", kind);
  return json;
}

void cli_json_string(JsonBuilder *json, const char *name, const char *value)
{
  json_builder_set_member_name(json, name);
  json_builder_add_string_value(json, value);
}

void cli_json_int(JsonBuilder *json, const char *name, uint64_t value)
{
  g_assert(value <= UINT64_C(1) << 53);
  json_builder_set_member_name(json, name);
  json_builder_add_int_value(json, (gint64)value);
}

void cli_json_hex(JsonBuilder *json, const char *name, uint64_t value)
{
  char text[24];
  g_snprintf(text, sizeof(text), "0x%" PRIx64, value);
  cli_json_string(json, name, text);
}

bool cli_json_end(JsonBuilder *json, const char *path, bool append)
{
  json_builder_end_object(json);
  g_autoptr(JsonNode) root = json_builder_get_root(json);
  g_object_unref(json);
  g_autofree char *line = json_to_string(root, FALSE);

  FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, append ? "a" : "w");
  if (file == NULL) {
    fprintf(stderr, "framesim: cannot write %s: %s\n", path, g_strerror(errno));
    return false;
  }
  bool good = fprintf(file, "%s\n", line) > 0;
  good = (file == stdout ? fflush(file) : fclose(file)) == 0 && good;
  if (!good)
    fprintf(stderr, "framesim: cannot write %s: %s\n", path, g_strerror(errno));
  return good;
}
