/* SPDX-License-Identifier: MPL-2.0 */
/* The words of the prompt of run --step: which command one means, and what may complete one. */
#include <string.h>

#include "tools/step-commands.h"

const struct step_command *step_find_command(const char *word)
{
  const char *names[32] = {NULL};
  g_autoptr(GString) fitting = g_string_new(NULL);
  const struct step_command *found = NULL;
  guint fit = 0;
  guint count = 0;
  for (const struct step_command *one = step_commands; one->name != NULL; one++) {
    g_assert(count + 1 < G_N_ELEMENTS(names));
    names[count++] = one->name;
    if (strcmp(word, one->name) == 0 || g_strcmp0(word, one->letter) == 0)
      return one;
    if (!g_str_has_prefix(one->name, word))
      continue;
    g_string_append_printf(fitting, "%s%s", fit++ != 0 ? ", " : "", one->name);
    found = one;
  }
  if (fit == 1)
    return found;
  const char *near = sim_suggest(word, names);
  if (fit != 0)
    (void)step_complain("'%s' may be: %s", word, fitting->str);
  else if (near != NULL)
    (void)step_complain("unknown command '%s'; did you mean '%s'?", word, near);
  else
    (void)step_complain("unknown command '%s'; 'help' lists them", word);
  return NULL;
}

/* ---- Completion ---- */

static void add(GPtrArray *words, const char *typed, const char *before, const char *word)
{
  g_autofree char *whole = g_strconcat(before, word, NULL);
  if (g_str_has_prefix(whole, typed))
    g_ptr_array_add(words, g_steal_pointer(&whole));
}

static void add_points(GPtrArray *words, const char *typed, const char *before)
{
  for (int site = 0; site < FM_SITE_COUNT; site++)
    if (!fm_site_info((enum fm_site)site)->quiet)
      add(words, typed, before, fm_site_info((enum fm_site)site)->name);
}

static void add_names(GPtrArray *words, const char *typed, const struct step_state *state)
{
  g_auto(GStrv) names = sim_history_names(state->history);
  for (char **name = names; *name != NULL; name++)
    add(words, typed, "", *name);
}

static void add_commands(GPtrArray *words, const char *typed)
{
  for (const struct step_command *one = step_commands; one->name != NULL; one++)
    add(words, typed, "", one->name);
}

/* `show` and its first word, or a later one. */
static void add_show(GPtrArray *words, const char *typed, const char *line,
                     const struct step_state *state)
{
  static const char *const things[] = {"frame",   "segment", "list",    "cpu",      "map",
                                       "tree",    "tlb",     "handles", "freelist", "frames",
                                       "regions", "machine", "digest"};
  const char *rest = line + strcspn(line, " ");
  rest += strspn(rest, " ");
  if (rest + strlen(typed) != line + strlen(line)) {
    add_names(words, typed, state);
    return;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(things); i++)
    add(words, typed, "", things[i]);
}

static void add_arguments(GPtrArray *words, const char *typed, const char *line,
                          const struct step_state *state, enum step_words kind)
{
  g_autofree char *step = g_strndup(typed, strspn(typed, "0123456789"));
  g_autofree char *before = g_strconcat(step, ".", NULL);
  switch (kind) {
  case STEP_WORDS_PLACES:
    if (step[0] != '\0')
      add_points(words, typed, before);
    return;
  case STEP_WORDS_BREAKS:
    add_points(words, typed, "");
    add_names(words, typed, state);
    return;
  case STEP_WORDS_NAMES:
    add_names(words, typed, state);
    return;
  case STEP_WORDS_SHOW:
    add_show(words, typed, line, state);
    return;
  case STEP_WORDS_COMMANDS:
    add_commands(words, typed);
    return;
  case STEP_WORDS_NONE:
    return;
  }
}

char **step_complete(const char *line, void *data)
{
  GPtrArray *words = g_ptr_array_new();
  line += strspn(line, " ");
  const char *blank = strrchr(line, ' ');
  if (blank == NULL) {
    add_commands(words, line);
  } else {
    g_autofree char *word = g_strndup(line, strcspn(line, " "));
    for (const struct step_command *one = step_commands; one->name != NULL; one++)
      if (strcmp(word, one->name) == 0 || g_strcmp0(word, one->letter) == 0)
        add_arguments(words, blank + 1, line, data, one->words);
  }
  g_ptr_array_add(words, NULL);
  return (char **)g_ptr_array_free(words, FALSE);
}
