/* SPDX-License-Identifier: MPL-2.0 */
/* A schedule that is given from outside of the script. */
#include <string.h>

#include "sim/script/interp.h"

/* A script of its own, of which only the schedule is used. */
#define BEFORE "framesim 1\nschedule "

/* The parser wants each thread to be declared; whether the script has it is found when the
 * schedule is used. */
static void declare_threads(GString *all, const char *text)
{
  g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_auto(GStrv) tokens = g_strsplit_set(text, " \t\n", 0);
  for (char **token = tokens; *token != NULL; token++) {
    g_autofree char *name = g_strndup(*token, strcspn(*token, ":"));
    if (strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_") != strlen(name) ||
        name[0] == '\0' || g_hash_table_contains(known, name))
      continue;
    g_string_append_printf(all, "\nthread %s { note \"\" }", name);
    g_hash_table_add(known, g_steal_pointer(&name));
  }
}

sim_source *sim_run_schedule_source(const char *text)
{
  g_autoptr(GString) all = g_string_new(BEFORE);
  g_autofree char *line = g_strdelimit(g_strdup(text), "\n;", ' ');
  g_string_append(all, line);
  declare_threads(all, line);
  return sim_source_new("--schedule", all->str, all->len);
}

sim_script *sim_run_parse_schedule(const sim_source *source, GPtrArray *errors)
{
  sim_script *script = sim_script_parse(source, sim_run_verbs(), sim_run_queries, errors);
  if (script == NULL || sim_run_lint(script, NULL, errors))
    return script;
  return sim_script_free(script);
}

const struct sim_command *sim_run_outer_schedule(const sim_script *script)
{
  return sim_block_find(script->body, "schedule");
}

char *sim_run_schedule_text(const sim_script *script)
{
  const char *start = script->source->text + strlen(BEFORE);
  return g_strndup(start, strcspn(start, "\n"));
}
