/* SPDX-License-Identifier: MPL-2.0 */
/* What the tests of the script parser share: parsing a text, and showing a tree as one
 * line, such as `{claim ADDR=8 as=anon BIND=f}`. */
#ifndef FM_TESTS_UNIT_SCRIPT_SUPPORT_H
#define FM_TESTS_UNIT_SCRIPT_SUPPORT_H

#include <check.h>
#include <string.h>

#include "tests/unit/script_verbs.h"

/* ---- Trees as text ---- */

static inline void script_dump_block(GString *out, const struct sim_block *block);

static inline void dump_schedule(GString *out, const struct sim_schedule_token *step)
{
  for (; step != NULL; step = step->next) {
    g_string_append_printf(out, "%s:", step->thread);
    if (step->kind == SIM_SCHEDULE_ALL)
      g_string_append(out, "all");
    else if (step->kind == SIM_SCHEDULE_COUNT)
      g_string_append_printf(out, "count %" G_GUINT64_FORMAT, step->count);
    else
      g_string_append(out, step->point);
    g_string_append(out, step->next != NULL ? " " : "");
  }
}

static inline void dump_expr(GString *out, const struct sim_expr *expr)
{
  g_autofree char *text = sim_expr_to_string(expr);

  g_string_append(out, text);
}

static inline void dump_bind(GString *out, const struct sim_bind *bind)
{
  g_string_append(out, bind->name);
  if (bind->index != NULL) {
    g_string_append_c(out, '[');
    dump_expr(out, bind->index);
    g_string_append_c(out, ']');
  }
  if (bind->error_name != NULL)
    g_string_append_printf(out, "/%s", bind->error_name);
}

static inline void dump_arg(GString *out, const struct sim_arg *arg)
{
  g_string_append(out, arg->keyword != NULL ? arg->keyword : arg->slot);
  if (arg->kind == SIM_ARG_FLAG)
    return;
  g_string_append_c(out, '=');
  for (guint i = 0; i < arg->n_exprs; i++) {
    g_string_append(out, i == 0 ? "" : arg->kind == SIM_ARG_RANGE ? ".." : ",");
    dump_expr(out, arg->exprs[i]);
  }
  if (arg->word != NULL)
    g_string_append(out, arg->word);
  if (arg->bind != NULL)
    dump_bind(out, arg->bind);
  if (arg->block != NULL)
    script_dump_block(out, arg->block);
  dump_schedule(out, arg->schedule);
  for (const struct sim_choice *c = arg->choices; c != NULL; c = c->next) {
    dump_expr(out, c->weight);
    g_string_append_c(out, ':');
    script_dump_block(out, c->body);
  }
}

static inline void script_dump_block(GString *out, const struct sim_block *block)
{
  g_string_append_c(out, '{');
  for (const struct sim_command *c = block->first; c != NULL; c = c->next) {
    g_string_append(out, c->verb->name);
    for (const struct sim_arg *arg = c->args; arg != NULL; arg = arg->next) {
      g_string_append_c(out, ' ');
      dump_arg(out, arg);
    }
    g_string_append(out, c->next != NULL ? "; " : "");
  }
  g_string_append_c(out, '}');
}

/* ---- Parsing in tests ---- */

struct script_parsed {
  sim_source *source;
  sim_script *script;
  GPtrArray *errors;
};

/* The tree or the messages, never both; end it with script_done(). */
static inline struct script_parsed script_parse_bytes(const char *text, gsize size)
{
  struct script_parsed parsed = {.source = sim_source_new("t.fms", text, size)};

  parsed.errors = g_ptr_array_new_with_free_func(g_free);
  parsed.script = sim_script_parse(parsed.source, test_verbs, test_queries, parsed.errors);
  ck_assert_int_eq(parsed.script == NULL, parsed.errors->len > 0);
  return parsed;
}

/* With the version line before it, so that line 1 of `body` is line 2 of the script. */
static inline struct script_parsed script_parse_body(const char *body)
{
  g_autofree char *text = g_strdup_printf("framesim 1\n%s", body);

  return script_parse_bytes(text, strlen(text));
}

static inline void script_done(struct script_parsed *parsed)
{
  sim_script_free(parsed->script);
  sim_source_free(parsed->source);
  g_ptr_array_unref(parsed->errors);
}

/* The i-th message; fails the test if there are fewer. */
static inline const char *script_message(const struct script_parsed *parsed, guint i)
{
  ck_assert_msg(i < parsed->errors->len, "only %u messages", parsed->errors->len);
  return g_ptr_array_index(parsed->errors, i);
}

/* `count` times `text`, newly allocated. */
static inline char *script_times(const char *text, guint count)
{
  GString *out = g_string_new(NULL);

  for (guint i = 0; i < count; i++)
    g_string_append(out, text);
  return g_string_free(out, FALSE);
}

#endif
