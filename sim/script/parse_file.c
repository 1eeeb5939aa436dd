/* SPDX-License-Identifier: MPL-2.0 */
/* Whole scripts, and the files that they include. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/error.h"
#include "sim/script/parser.h"

/* ---- Includes ---- */

/* A relative path is relative to the file that includes. */
static char *resolve(const sim_source *from, const char *path)
{
  g_autofree char *folder = g_path_get_dirname(from->name);

  if (g_path_is_absolute(path))
    return g_strdup(path);
  if (strcmp(folder, ".") != 0 || strcmp(path, "-") == 0)
    return g_build_filename(folder, path, NULL);
  return g_strdup(path);
}

static guint include_depth(const struct sim_parser *p)
{
  guint depth = 0;

  for (const struct sim_include *i = p->include; i->outer != NULL; i = i->outer)
    depth++;
  return depth;
}

/* "a.fms -> b.fms -> a.fms", from the first visit of the file to the second. */
static char *describe_cycle(const struct sim_include *inner, const struct sim_include *again,
                            const char *path)
{
  GString *chain = g_string_new(path);

  for (const struct sim_include *i = inner;; i = i->outer) {
    g_autofree char *link = g_strdup_printf("%s -> ", i->source->name);
    g_string_prepend(chain, link);
    if (i == again)
      break;
  }
  return g_string_free(chain, FALSE);
}

/* Is this file being read already?  The same file may have several names. */
static gboolean check_cycle(struct sim_parser *p, struct sim_place place, const char *path,
                            const struct sim_include *next)
{
  for (const struct sim_include *i = p->include; i != NULL; i = i->outer)
    if (i->inode == next->inode && i->device == next->device) {
      g_autofree char *chain = describe_cycle(p->include, i, path);
      return sim_parse_fail(p, place, NULL, "this file includes itself: %s", chain);
    }
  return TRUE;
}

/* Opens nothing but plain files: a script must not wait for a pipe. */
static gboolean identify(struct sim_parser *p, struct sim_place place, const char *path,
                         struct sim_include *ret)
{
  struct stat info;

  if (stat(path, &info) != 0)
    return sim_parse_fail(p, place, NULL, "cannot read '%s': %s", path, g_strerror(errno));
  if (!S_ISREG(info.st_mode))
    return sim_parse_fail(p, place, NULL, "cannot read '%s': it is not a plain file", path);
  ret->outer = p->include;
  ret->device = info.st_dev;
  ret->inode = info.st_ino;
  return TRUE;
}

static gboolean check_limits(struct sim_parser *p, struct sim_place place)
{
  if (include_depth(p) == SIM_SCRIPT_INCLUDE_DEPTH)
    return sim_parse_fail(p, place, NULL, "files include each other more than %d levels deep",
                          SIM_SCRIPT_INCLUDE_DEPTH);
  if (p->n_includes == SIM_SCRIPT_INCLUDES)
    return sim_parse_fail(p, place, NULL, "more than %d files are included", SIM_SCRIPT_INCLUDES);
  p->n_includes++;
  return TRUE;
}

static sim_source *load_include(struct sim_parser *p, struct sim_place place, const char *path)
{
  g_autoptr(GError) error = NULL;
  sim_source *source = sim_source_load(path, SIM_SCRIPT_BYTES - p->n_bytes, &error);

  if (source == NULL) {
    sim_parse_fail(p, place, NULL, "%s", error->message);
    return NULL;
  }
  p->n_bytes += source->size;
  g_ptr_array_add(p->script->owned, source);
  return source;
}

/* All commands of a file.  A '}' too many is reported and read over. */
static void parse_file(struct sim_parser *p, struct sim_builder *b)
{
  for (sim_parse_commands(p, b); p->token.kind != SIM_TOKEN_END; sim_parse_commands(p, b)) {
    p->failed = FALSE;
    sim_parse_fail(p, sim_parse_here(p), NULL, "this '}' closes nothing");
    p->failed = FALSE;
    sim_parse_advance(p);
  }
}

/* Reads another file with the parser, which is then back where it was.  What was said
 * about blocks around it does not hold in there, but how deep they are does. */
static void parse_nested(struct sim_parser *p, struct sim_builder *b, struct sim_include *next)
{
  struct sim_parser outer = *p;

  p->include = next;
  p->keys = NULL;
  p->in_choice = FALSE;
  p->may_state_version = TRUE;
  sim_parse_begin_source(p, next->source);
  parse_file(p, b);
  p->include = outer.include;
  p->keys = outer.keys;
  p->in_choice = outer.in_choice;
  p->may_state_version = FALSE;
  p->failed = FALSE;
  p->lexer = outer.lexer;
  p->previous = outer.previous;
  p->token = outer.token;
  p->word = outer.word;
  if (p->stopped)
    sim_parse_stop(p);
}

void sim_parse_include(struct sim_parser *p, struct sim_builder *b)
{
  struct sim_place place = sim_parse_here(p);
  struct sim_include next = {0};
  g_autofree char *path = NULL;

  if (p->token.kind != SIM_TOKEN_STRING) {
    sim_parse_fail_expected(p, "a file name in quotes");
    return;
  }
  path = resolve(p->lexer.source, sim_parse_take_string(p));
  if (!sim_parse_at_end(p) && !sim_parse_at_choice(p)) {
    sim_parse_fail_unexpected(p);
    return;
  }
  if (!identify(p, place, path, &next) || !check_cycle(p, place, path, &next) ||
      !check_limits(p, place))
    return;
  next.source = load_include(p, place, path);
  if (next.source != NULL)
    parse_nested(p, b, &next);
}

/* ---- Scripts ---- */

static void free_table(gpointer table)
{
  sim_verb_table_free(table);
}

static void init(struct sim_parser *p, const struct sim_verb_table *verbs, GPtrArray *errors)
{
  p->verbs = verbs;
  p->errors = errors;
  p->key_tables = g_hash_table_new_full(NULL, NULL, NULL, free_table);
  p->expected = g_ptr_array_new();
  p->bound = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  p->bound_list = g_ptr_array_new_with_free_func(g_free);
  p->threads = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  p->thread_list = g_ptr_array_new_with_free_func(g_free);
  p->references = g_ptr_array_new();
  p->tight = g_ptr_array_new();
  p->steps = g_ptr_array_new();
}

static void deinit(struct sim_parser *p)
{
  g_hash_table_unref(p->key_tables);
  g_ptr_array_unref(p->expected);
  g_hash_table_unref(p->bound);
  g_ptr_array_unref(p->bound_list);
  g_hash_table_unref(p->threads);
  g_ptr_array_unref(p->thread_list);
  g_ptr_array_unref(p->references);
  g_ptr_array_unref(p->tight);
  g_ptr_array_unref(p->steps);
}

/* A script says which language it is in before anything else. */
static void require_version(struct sim_parser *p)
{
  while (p->token.kind == SIM_TOKEN_SEPARATOR)
    sim_parse_advance(p);
  if (!sim_parse_at_word(p, "framesim"))
    sim_parse_fail(p, sim_parse_here(p), "put this line before all others: framesim 1",
                   "a script starts with its language version");
  p->failed = FALSE;
}

static void parse_root(struct sim_parser *p, const sim_source *source)
{
  struct sim_include root = {.source = source};
  struct stat info;
  struct sim_builder b;

  if (strcmp(source->name, "-") != 0 && stat(source->name, &info) == 0) {
    root.device = info.st_dev;
    root.inode = info.st_ino;
  }
  p->include = &root;
  p->n_bytes = source->size;
  sim_parse_begin_source(p, source);
  if (source->size > SIM_SCRIPT_BYTES) {
    sim_parse_fail(p, sim_parse_here(p), NULL, "this script is larger than 8 MiB");
    return;
  }
  p->may_state_version = !p->is_line;
  if (!p->is_line)
    require_version(p);
  b = sim_parse_begin_block(p);
  p->script->body = b.block;
  parse_file(p, &b);
  if (!p->stopped)
    sim_parse_check_names(p);
}

/* `bound` NULL: a whole script; else a line that may use these names. */
static sim_script *parse(const sim_source *source, const struct sim_verb_syntax *verbs,
                         const char *const *queries, const char *const *bound, GPtrArray *errors)
{
  struct sim_verb_table *table = sim_verb_table_new(verbs, bound == NULL);
  g_autoptr(sim_script) script = sim_script_new(source);
  struct sim_parser p = {.script = script, .queries = queries, .is_line = bound != NULL};

  init(&p, table, errors);
  for (const char *const *name = bound; name != NULL && *name != NULL; name++)
    (void)sim_parse_bind_name(&p, *name, (struct sim_place){0});
  parse_root(&p, source);
  deinit(&p);
  sim_verb_table_free(table);
  return p.n_errors == 0 ? g_steal_pointer(&script) : NULL;
}

sim_script *sim_script_parse(const sim_source *source, const struct sim_verb_syntax *verbs,
                             const char *const *queries, GPtrArray *errors)
{
  return parse(source, verbs, queries, NULL, errors);
}

sim_script *sim_script_parse_line(const sim_source *source, const struct sim_verb_syntax *verbs,
                                  const char *const *queries, const char *const *bound,
                                  GPtrArray *errors)
{
  return parse(source, verbs, queries, bound, errors);
}

sim_script *sim_script_load(const char *path, const struct sim_verb_syntax *verbs,
                            const char *const *queries, GPtrArray *errors, GError **error)
{
  g_autoptr(sim_source) source = sim_source_load(path, SIM_SCRIPT_BYTES, error);
  guint before = errors->len, count;
  sim_script *script;

  if (source == NULL)
    return NULL;
  script = sim_script_parse(source, verbs, queries, errors);
  if (script != NULL) {
    g_ptr_array_add(script->owned, g_steal_pointer(&source));
    return script;
  }
  /* The last message may only say that there were more. */
  count = MIN(errors->len - before, SIM_SCRIPT_ERRORS);
  g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "%u error%s in '%s'", count, count == 1 ? "" : "s",
              strcmp(path, "-") == 0 ? "<stdin>" : path);
  return NULL;
}
