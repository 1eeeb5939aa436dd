/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target of the script language.  Any bytes must be answered with a tree or with
 * messages: no crash, no hang, and not both.
 *
 * Build it with clang -fsanitize=fuzzer,address from this file, sim/script and sim/diag.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/script_verbs.h"

/* Fewer messages than this, whatever the script: the limit and "too many errors". */
enum { MOST_MESSAGES = SIM_SCRIPT_ERRORS + 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(gboolean held)
{
  if (!held)
    abort();
}

static void visit_block(const struct sim_block *block, guint depth);

static void visit_arg(const struct sim_arg *arg, guint depth)
{
  for (guint i = 0; i < arg->n_exprs; i++) {
    g_autofree char *text = sim_expr_to_string(arg->exprs[i]);
    require(text[0] != '\0' && arg->exprs[i]->depth <= SIM_SCRIPT_DEPTH);
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

  require(depth <= SIM_SCRIPT_DEPTH);
  for (const struct sim_command *c = block->first; c != NULL; c = c->next) {
    g_autofree char *text = sim_command_text(c);

    require(text[0] != '\0');
    n_commands++;
    require(c->end >= c->place.offset && c->end <= c->place.source->size);
    for (const struct sim_arg *arg = c->args; arg != NULL; arg = arg->next)
      visit_arg(arg, depth);
  }
  require(n_commands == block->n_commands);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  /* A folder that does not exist keeps relative includes away from the disk. */
  g_autoptr(sim_source) source = sim_source_new("/nonexistent/fuzz.fms", (const char *)data, size);
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(sim_script) script = sim_script_parse(source, test_verbs, test_queries, errors);

  require((script != NULL) == (errors->len == 0) && errors->len <= MOST_MESSAGES);
  for (guint i = 0; i < errors->len; i++)
    require(g_utf8_validate(g_ptr_array_index(errors, i), -1, NULL));
  if (script != NULL)
    visit_block(script->body, 0);
  return 0;
}
