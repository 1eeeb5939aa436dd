/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The script language.  Any bytes are answered with a tree or with messages that have a place,
 * not with both; and so is the lint of a tree by the real table of verbs.
 */
#include <string.h>

#include "sim/script/run.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/script_verbs.h"

/* A folder that does not exist keeps relative includes away from the disk. */
#define NAME "/nonexistent/fuzz.fms"

static void visit_block(const struct sim_block *block, guint depth);

static void visit_arg(const struct sim_arg *arg, guint depth)
{
  for (guint i = 0; i < arg->n_exprs; i++) {
    g_autofree char *text = sim_expr_to_string(arg->exprs[i]);
    fuzz_require(text[0] != '\0' && arg->exprs[i]->depth <= SIM_SCRIPT_DEPTH);
  }
  if (arg->block != NULL)
    visit_block(arg->block, depth + 1);
  for (const struct sim_choice *c = arg->choices; c != NULL; c = c->next)
    visit_block(c->body, depth + 1);
}

/* Reaches every node, so that the sanitizer sees what does not belong to the script. */
static void visit_block(const struct sim_block *block, guint depth)
{
  guint n_commands = 0;

  fuzz_require(depth <= SIM_SCRIPT_DEPTH);
  for (const struct sim_command *c = block->first; c != NULL; c = c->next) {
    g_autofree char *text = sim_command_text(c);

    fuzz_require(text[0] != '\0');
    n_commands++;
    fuzz_require(c->end >= c->place.offset && c->end <= c->place.source->size);
    for (const struct sim_arg *arg = c->args; arg != NULL; arg = arg->next)
      visit_arg(arg, depth);
  }
  fuzz_require(n_commands == block->n_commands);
}

/* Only the last of too many has no place. */
static void require_messages(const sim_source *source, const GPtrArray *errors)
{
  fuzz_require(errors->len <= SIM_SCRIPT_ERRORS + 1);
  for (guint i = 0; i < errors->len; i++) {
    const char *message = g_ptr_array_index(errors, i);
    if (i < SIM_SCRIPT_ERRORS)
      fuzz_require_message(source, message);
    else
      fuzz_require(strcmp(message, "too many errors\n") == 0);
  }
}

/* The tree, or NULL after messages. */
static sim_script *parse(const sim_source *source, const struct sim_verb_syntax *verbs,
                         const char *const *queries)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  sim_script *script = sim_script_parse(source, verbs, queries, errors);

  fuzz_require((script != NULL) == (errors->len == 0));
  require_messages(source, errors);
  if (script != NULL)
    visit_block(script->body, 0);
  return script;
}

/* An absolute path would be read, whatever it names. */
static bool could_read_the_disk(const sim_source *source)
{
  return strstr(source->text, "include") != NULL &&
         memmem(source->text, source->size, "\"/", 2) != NULL;
}

enum fuzz_answer fuzz_feed_script(const char *target, const uint8_t *data, size_t size)
{
  g_autoptr(sim_source) source = sim_source_new(NAME, (const char *)data, size);

  if (could_read_the_disk(source))
    return FUZZ_PASSED;
  g_autoptr(sim_script) general = parse(source, test_verbs, test_queries);
  g_autoptr(sim_script) script = parse(source, sim_run_verbs(), sim_run_queries);
  if (script == NULL)
    return general != NULL ? FUZZ_TAKEN : FUZZ_REFUSED;

  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  bool clean = sim_run_lint(script, NULL, errors);
  fuzz_require(clean == (errors->len == 0));
  require_messages(source, errors);
  return clean ? FUZZ_TAKEN : FUZZ_REFUSED;
}
