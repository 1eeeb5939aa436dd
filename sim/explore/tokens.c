/* SPDX-License-Identifier: MPL-2.0 */
/* Schedules as text. */
#include "sim/explore/tokens.h"

#include <inttypes.h>
#include <string.h>

#include "sim/diag.h"
#include "sim/error.h"
#include "sim/script/interp.h"

/* ---- Following tokens through an execution ---- */

/* The event that ends token `index`; -1: there is none. */
static int32_t find_event(const sim_execution *execution, const struct sim_explore_token *tokens,
                          guint index)
{
  uint32_t at = 0;
  for (guint i = 0; i <= index; i++) {
    const struct sim_explore_token *token = &tokens[i];
    if (token->site == FM_SITE_COUNT) {
      while (at < execution->nr_events && execution->events[at].thread == token->thread)
        at++;
      if (i == index)
        return -1;
      continue;
    }
    while (at < execution->nr_events && (execution->events[at].thread != token->thread ||
                                         execution->events[at].site != token->site))
      at++;
    if (at == execution->nr_events)
      return -1;
    if (i == index)
      return (int32_t)at;
    at++;
  }
  return -1;
}

/* The write that stands `back` places before the newest one of this location among the events
 * before `event`: an event, SIM_EXECUTION_INITIAL, or NOTHING if there is none. */
static int32_t write_back(const sim_execution *execution, int32_t event, uint32_t back)
{
  const struct sim_execution_event *self = &execution->events[event];
  uint32_t newest = 0;
  for (int32_t i = 0; i < event; i++) {
    const struct sim_execution_event *other = &execution->events[i];
    newest += other->atomic && other->writes && other->where == self->where;
  }
  if (back == newest)
    return SIM_EXECUTION_INITIAL;
  if (back > newest)
    return SIM_EXECUTION_NOTHING;
  /* The order of writes up to here is theirs in the whole execution. */
  for (int32_t i = 0; i < event; i++) {
    const struct sim_execution_event *other = &execution->events[i];
    if (!other->atomic || !other->writes || other->where != self->where)
      continue;
    uint32_t behind = 0;
    for (int32_t j = 0; j < event; j++) {
      const struct sim_execution_event *later = &execution->events[j];
      behind +=
          later->atomic && later->writes && later->where == self->where && later->mo > other->mo;
    }
    if (behind == back)
      return i;
  }
  return SIM_EXECUTION_NOTHING;
}

/* How far back the newest write of that name is; false: there is none. */
static bool find_back(const sim_execution *execution, int32_t event, const char *name,
                      uint32_t *ret)
{
  for (uint32_t back = 0;; back++) {
    int32_t write = write_back(execution, event, back);
    if (write == SIM_EXECUTION_NOTHING)
      return false;
    const char *known = write == SIM_EXECUTION_INITIAL
                            ? "start"
                            : fm_site_info((enum fm_site)execution->events[write].site)->name;
    if (strcmp(known, name) == 0) {
      *ret = back;
      return true;
    }
  }
}

/* ---- To text ---- */

static void append_back(GString *text, const sim_execution *execution, guint index)
{
  uint32_t back = execution->tokens[index].back;
  int32_t event = find_event(execution, execution->tokens, index);
  uint32_t found;
  if (event < 0 || !execution->events[event].reads) {
    g_string_append_printf(text, "<-%u", back);
    return;
  }
  int32_t write = write_back(execution, event, back);
  const char *name = write == SIM_EXECUTION_INITIAL ? "start"
                     : write >= 0 ? fm_site_info((enum fm_site)execution->events[write].site)->name
                                  : NULL;
  if (name != NULL && find_back(execution, event, name, &found) && found == back)
    g_string_append_printf(text, "<%s", name);
  else
    g_string_append_printf(text, "<-%u", back);
}

char *sim_tokens_to_string(const struct sim_explore_program *program,
                           const sim_execution *execution)
{
  GString *text = g_string_new(NULL);
  for (uint32_t i = 0; i < execution->nr_tokens; i++) {
    const struct sim_explore_token *token = &execution->tokens[i];
    g_string_append_printf(
        text, "%s%s:%s", i != 0 ? " " : "", program->threads[token->thread].name,
        token->site == FM_SITE_COUNT ? "*" : fm_site_info((enum fm_site)token->site)->name);
    if (token->back != 0)
      append_back(text, execution, i);
    if (token->fails)
      g_string_append_c(text, '!');
  }
  return g_string_free(text, FALSE);
}

/* ---- From text ---- */

struct parse {
  const struct sim_tokens_program *of;
  GArray *tokens;
  guint number; /* of the token, from 1 */
  const char *word;
  GError **error;
};

static bool refuse(const struct parse *parse, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool refuse(const struct parse *parse, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *why = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(parse->error, SIM_ERROR, SIM_ERROR_USAGE, "schedule step %u, '%s': %s", parse->number,
              parse->word, why);
  return false;
}

static bool find_thread(const struct parse *parse, const char *name, uint8_t *ret)
{
  const struct sim_explore_program *program = parse->of->program;
  g_autoptr(GString) names = g_string_new(NULL);
  for (uint32_t i = 0; i < program->nr_threads; i++) {
    if (strcmp(program->threads[i].name, name) == 0) {
      *ret = (uint8_t)i;
      return true;
    }
    g_string_append_printf(names, "%s%s", i != 0 ? ", " : "", program->threads[i].name);
  }
  return refuse(parse, "no thread is called '%s'; there are: %s", name, names->str);
}

static bool find_site(const struct parse *parse, const char *name, uint16_t *ret)
{
  const char *names[FM_SITE_COUNT + 1] = {NULL};
  for (int site = 0; site < FM_SITE_COUNT; site++)
    names[site] = fm_site_info((enum fm_site)site)->name;
  *ret = (uint16_t)sim_site_by_name(name);
  if (*ret != FM_SITE_COUNT)
    return true;
  const char *near = sim_suggest(name, names);
  return near != NULL ? refuse(parse, "there is no point '%s'; did you mean '%s'?", name, near)
                      : refuse(parse, "there is no point '%s' (framesim help points)", name);
}

/* `<NAME` behind a point: runs what stands before, and looks what was written. */
static bool resolve(const struct parse *parse, struct sim_explore_token *token, const char *name)
{
  g_autoptr(GError) error = NULL;
  uint32_t position;
  uint32_t back;
  char *rest;
  if (name[0] == '-') {
    guint64 number = g_ascii_strtoull(name + 1, &rest, 10);
    if (!g_ascii_isdigit(name[1]) || *rest != '\0' || number > UINT16_MAX)
      return refuse(parse, "a number stands behind '<-'");
    token->back = (uint16_t)number;
    return true;
  }
  g_autoptr(sim_execution) execution =
      sim_explore_replay(parse->of->program, parse->of->options,
                         (const struct sim_explore_token *)(void *)parse->tokens->data,
                         parse->tokens->len, &position, &error);
  if (execution == NULL)
    return refuse(parse, "%s", error->message);
  int32_t event =
      find_event(execution, (const struct sim_explore_token *)(void *)parse->tokens->data,
                 parse->tokens->len - 1);
  if (event < 0)
    return refuse(parse, "the thread does not come to this point");
  if (!execution->events[event].reads)
    return refuse(parse, "nothing is read at this point");
  if (!find_back(execution, event, name, &back))
    return refuse(parse, "nothing was written there by '%s' until then", name);
  token->back = (uint16_t)back;
  return true;
}

static bool parse_token(struct parse *parse)
{
  struct sim_explore_token token = {.site = FM_SITE_COUNT};
  g_autofree char *word = g_strdup(parse->word);
  char *point = strchr(word, ':');
  if (point == NULL || point == word || point[1] == '\0')
    return refuse(parse, "a step is a thread, a colon and a point, as in A:drop.dec or A:*");
  *point++ = '\0';
  if (!find_thread(parse, word, &token.thread))
    return false;
  char *from = strchr(point, '<');
  if (from != NULL)
    *from++ = '\0';
  gsize length = strlen(point);
  if (from == NULL && length > 1 && point[length - 1] == '!') {
    point[length - 1] = '\0';
    token.fails = true;
  }
  if (strcmp(point, "*") != 0 && !find_site(parse, point, &token.site))
    return false;
  g_array_append_val(parse->tokens, token);
  if (from == NULL)
    return true;
  if (token.site == FM_SITE_COUNT)
    return refuse(parse, "'<' stands behind a point");
  return resolve(
      parse, &g_array_index(parse->tokens, struct sim_explore_token, parse->tokens->len - 1), from);
}

GArray *sim_tokens_parse(const struct sim_tokens_program *of, const char *text, GError **error)
{
  g_autoptr(GArray) tokens = g_array_new(FALSE, TRUE, sizeof(struct sim_explore_token));
  struct parse parse = {.of = of, .tokens = tokens, .error = error};
  g_auto(GStrv) words = g_strsplit_set(text, " \t\n", -1);
  for (char **word = words; *word != NULL; word++) {
    if (**word == '\0')
      continue;
    parse.number++;
    parse.word = *word;
    if (!parse_token(&parse))
      return NULL;
  }
  if (tokens->len == 0) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "an empty schedule; try A:*");
    return NULL;
  }
  return g_steal_pointer(&tokens);
}
