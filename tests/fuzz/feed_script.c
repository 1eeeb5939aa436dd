/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The script language.  Any bytes are answered with a tree or with messages that have a place,
 * not with both; and so is the lint of a tree by the real table of verbs.
 *
 * Behind the first file separator there are up to three files more, a, b and c, which the
 * script can include.
 */
#include <string.h>
#include <unistd.h>

#include "sim/script/run.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/script_verbs.h"

/* The script itself, which is in memory, and what it may include. */
static const char *const names[] = {"main", "a", "b", "c"};

enum { SOURCES = G_N_ELEMENTS(names) };

static sim_source *sources[SOURCES]; /* NULL: there is none */

static void close_sources(void)
{
  for (guint i = 0; i < SOURCES; i++)
    sources[i] = sim_source_free(sources[i]);
}

static void open_sources(const uint8_t *data, size_t size)
{
  const uint8_t *file;
  size_t file_size;

  for (guint i = 0; i < SOURCES; i++) {
    g_autofree char *path = g_build_filename(fuzz_folder(), names[i], NULL);
    if (fuzz_next_file(&data, &size, &file, &file_size)) {
      sources[i] = sim_source_new(path, (const char *)file, file_size);
      if (i > 0)
        fuzz_put_file(names[i], file, file_size);
    } else {
      (void)unlink(path);
    }
  }
}

/* ---- The tree ---- */

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

/* ---- Answers ---- */

static const sim_source *source_of(const char *message)
{
  for (guint i = 0; i < SOURCES; i++) {
    if (sources[i] != NULL && g_str_has_prefix(message, sources[i]->name) &&
        message[strlen(sources[i]->name)] == ':')
      return sources[i];
  }
  return NULL;
}

/* Only the last of too many has no place. */
static void require_messages(const GPtrArray *errors)
{
  fuzz_require(errors->len <= SIM_SCRIPT_ERRORS + 1);
  for (guint i = 0; i < errors->len; i++) {
    const char *message = g_ptr_array_index(errors, i);
    if (i == SIM_SCRIPT_ERRORS) {
      fuzz_require(strcmp(message, "too many errors\n") == 0);
    } else {
      const sim_source *source = source_of(message);
      fuzz_require(source != NULL);
      fuzz_require_message(source, message);
    }
  }
}

/* The tree, or NULL after messages. */
static sim_script *parse(const struct sim_verb_syntax *verbs, const char *const *queries)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  sim_script *script = sim_script_parse(sources[0], verbs, queries, errors);

  fuzz_require((script != NULL) == (errors->len == 0));
  require_messages(errors);
  if (script != NULL)
    visit_block(script->body, 0);
  return script;
}

static enum fuzz_answer read_sources(void)
{
  g_autoptr(sim_script) general = parse(test_verbs, test_queries);
  g_autoptr(sim_script) script = parse(sim_run_verbs(), sim_run_queries);

  if (script == NULL)
    return general != NULL ? FUZZ_TAKEN : FUZZ_REFUSED;
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  bool clean = sim_run_lint(script, NULL, errors);
  fuzz_require(clean == (errors->len == 0));
  require_messages(errors);
  return clean ? FUZZ_TAKEN : FUZZ_REFUSED;
}

/* Includes of absolute paths, or up and out of the folder. */
static bool could_leave_the_folder(const uint8_t *data, size_t size)
{
  return memmem(data, size, "include", 7) != NULL &&
         (memmem(data, size, "\"/", 2) != NULL || memmem(data, size, "../", 3) != NULL);
}

enum fuzz_answer fuzz_feed_script(const char *target, const uint8_t *data, size_t size)
{
  if (could_leave_the_folder(data, size))
    return FUZZ_PASSED;
  open_sources(data, size);
  enum fuzz_answer answer = read_sources();
  close_sources();
  return answer;
}
