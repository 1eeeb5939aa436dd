/* SPDX-License-Identifier: MPL-2.0 */
/* Names of a script and the handles they own. */
#include <inttypes.h>
#include <string.h>

#include "sim/script/durable.h"

void sim_binding_free(gpointer data)
{
  struct sim_binding *binding = data;
  sim_handle_free(binding->handle);
  if (binding->pool != NULL)
    g_ptr_array_unref(binding->pool);
  g_free(binding);
}

bool sim_run_name(sim_run *run, const char *name, const struct sim_expr *index, char **ret)
{
  uint64_t number;
  if (index == NULL) {
    *ret = g_strdup(name);
    return true;
  }
  if (!sim_run_number(run, index, &number))
    return false;
  *ret = g_strdup_printf("%s[%" PRIu64 "]", name, number);
  return true;
}

/* ---- Binding ---- */

static bool complain_live(sim_run *run, struct sim_place place, const struct sim_handle *handle,
                          const char *name)
{
  g_autofree char *hint = g_strdup_printf(
      "it was made in step %" PRIu64 "; drop it first, or choose another name", handle->step);
  (void)sim_run_error(run, place, hint, "'%s' still owns a live handle", name);
  return false;
}

bool sim_run_is_bound(const sim_run *run, const char *name)
{
  const struct sim_binding *binding = g_hash_table_lookup(run->names, name);
  return (binding != NULL && binding->kind != SIM_BINDING_GONE) ||
         g_hash_table_contains(run->cpu->locals, name);
}

const char *sim_run_answer_name(const struct sim_command *command, struct sim_place *ret_place)
{
  const struct sim_bind *bind = sim_command_bind(command);
  const struct sim_arg *alone = sim_command_arg(command, "or");
  if (bind != NULL && bind->error_name != NULL) {
    *ret_place = bind->place;
    return bind->error_name;
  }
  if (alone == NULL)
    return NULL;
  *ret_place = alone->place;
  return alone->word;
}

/* The name after `or` may hold an older answer, but no handle: that would be lost. */
static bool can_bind_answer(sim_run *run, const struct sim_command *command)
{
  struct sim_place place;
  const char *name = sim_run_answer_name(command, &place);
  if (name != NULL && g_hash_table_contains(run->cpu->locals, name)) {
    (void)sim_run_error(run, place, "choose another name", "'%s' counts a loop here", name);
    return false;
  }
  const struct sim_binding *binding = name != NULL ? g_hash_table_lookup(run->names, name) : NULL;
  if (binding == NULL || binding->kind == SIM_BINDING_VALUE || binding->kind == SIM_BINDING_GONE)
    return true;
  if (binding->kind == SIM_BINDING_HANDLE)
    return complain_live(run, place, binding->handle, name);
  (void)sim_run_error(run, place, "choose another name", "'%s' is a pool already", name);
  return false;
}

/* The handle that a command takes away before it binds its result, or NULL. */
static const struct sim_handle *find_consumed(sim_run *run, const struct sim_command *command)
{
  const struct sim_verb_action *action = command->verb->user;
  const struct sim_expr *expr =
      action->consumes != NULL ? sim_command_expr(command, action->consumes) : NULL;
  return expr != NULL ? sim_run_named_handle(run, expr) : NULL;
}

bool sim_run_can_bind(sim_run *run, const struct sim_command *command)
{
  const struct sim_bind *bind = sim_command_bind(command);
  if (!can_bind_answer(run, command))
    return false;
  if (bind == NULL)
    return sim_durable_reserve(run, command, NULL);

  g_autofree char *name = NULL;
  if (!sim_run_name(run, bind->name, bind->index, &name))
    return false;
  const struct sim_binding *binding = g_hash_table_lookup(run->names, name);
  if (binding == NULL || binding->kind == SIM_BINDING_POOL || binding->kind == SIM_BINDING_GONE)
    return sim_durable_reserve(run, command, name);
  if (binding->kind == SIM_BINDING_VALUE) {
    (void)sim_run_error(run, bind->place, "choose another name", "'%s' is a value already", name);
    return false;
  }
  /* A command may give its result the name of the handle that it consumes. */
  if (find_consumed(run, command) == binding->handle)
    return sim_durable_reserve(run, command, name);
  return complain_live(run, bind->place, binding->handle, name);
}

static struct sim_handle *make_handle(sim_run *run, const struct sim_command *command,
                                      const struct sim_handle *made, const char *name)
{
  struct sim_handle *handle = g_new(struct sim_handle, 1);
  *handle = *made;
  handle->entry = NULL;
  handle->step = run->cpu->step;
  handle->place = command->place;
  handle->name = g_strdup(name);
  if (handle->lender != NULL)
    handle->lender->lent++;
  sim_durable_bound(run, handle);
  return handle;
}

static void add_nameless(sim_run *run, const struct sim_command *command,
                         const struct sim_handle *made)
{
  g_ptr_array_add(run->nameless, make_handle(run, command, made, "(no name)"));
}

/* Another thread was faster.  The handle is not lost: it only has no name. */
static enum sim_flow complain_bound(sim_run *run, struct sim_place place, const char *name)
{
  return sim_run_error(run, place, "choose another name",
                       "'%s' was bound by another thread meanwhile", name);
}

enum sim_flow sim_run_bind_name(sim_run *run, const struct sim_command *command, const char *name,
                                const struct sim_handle *made)
{
  if (sim_run_is_bound(run, name)) {
    const struct sim_bind *bind = sim_command_bind(command);
    add_nameless(run, command, made);
    return complain_bound(run, bind != NULL ? bind->place : command->place, name);
  }
  struct sim_binding *binding = g_new0(struct sim_binding, 1);
  binding->kind = SIM_BINDING_HANDLE;
  binding->handle = make_handle(run, command, made, name);
  g_hash_table_replace(run->names, g_strdup(name), binding);
  return SIM_FLOW_NEXT;
}

enum sim_flow sim_run_bind_handle(sim_run *run, const struct sim_command *command,
                                  const struct sim_handle *made)
{
  const struct sim_bind *bind = sim_command_bind(command);
  if (bind == NULL) {
    add_nameless(run, command, made);
    return SIM_FLOW_NEXT;
  }
  g_autofree char *name = NULL;
  if (!sim_run_name(run, bind->name, bind->index, &name))
    return SIM_FLOW_STOP;
  const struct sim_binding *binding = g_hash_table_lookup(run->names, name);
  if (binding != NULL && binding->kind == SIM_BINDING_POOL) {
    g_ptr_array_add(binding->pool, make_handle(run, command, made, name));
    return SIM_FLOW_NEXT;
  }
  return sim_run_bind_name(run, command, name, made);
}

enum sim_flow sim_run_bind_value(sim_run *run, struct sim_place place, const char *name,
                                 struct sim_value value)
{
  const struct sim_binding *old = g_hash_table_lookup(run->names, name);
  if (old != NULL && (old->kind == SIM_BINDING_HANDLE || old->kind == SIM_BINDING_POOL))
    return complain_bound(run, place, name);
  struct sim_binding *binding = g_new0(struct sim_binding, 1);
  binding->kind = SIM_BINDING_VALUE;
  binding->value = value;
  g_hash_table_replace(run->names, g_strdup(name), binding);
  return SIM_FLOW_NEXT;
}

/* ---- Looking up ---- */

static int by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names that are bound to handles now, sorted, for hints. */
static char *list_names(const sim_run *run, const char *wanted)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  GHashTableIter iter;
  gpointer name;
  gpointer value;
  g_hash_table_iter_init(&iter, run->names);
  while (g_hash_table_iter_next(&iter, &name, &value))
    if (((struct sim_binding *)value)->kind == SIM_BINDING_HANDLE)
      g_ptr_array_add(names, name);
  if (names->len == 0)
    return g_strdup("no name owns a handle here");
  g_ptr_array_sort(names, by_name);
  g_ptr_array_add(names, NULL);
  const char *near = sim_suggest(wanted, (const char *const *)names->pdata);
  if (near != NULL)
    return g_strdup_printf("did you mean '%s'?", near);
  if (names->len > 13)
    g_ptr_array_set_size(names, 12);
  bool cut = names->pdata[names->len - 1] != NULL;
  if (cut)
    g_ptr_array_add(names, NULL);
  g_autofree char *joined = g_strjoinv(", ", (char **)names->pdata);
  return g_strdup_printf("handles are owned by: %s%s", joined, cut ? ", ..." : "");
}

struct sim_handle *sim_run_named_handle(sim_run *run, const struct sim_expr *expr)
{
  g_autofree char *name = NULL;
  if ((expr->kind != SIM_EXPR_NAME && expr->kind != SIM_EXPR_INDEX) ||
      !sim_run_name(run, expr->text, expr->kind == SIM_EXPR_INDEX ? expr->operands[0] : NULL,
                    &name))
    return NULL;
  const struct sim_binding *binding = g_hash_table_lookup(run->names, name);
  return binding != NULL && binding->kind == SIM_BINDING_HANDLE ? binding->handle : NULL;
}

/* Whether nobody else uses the handle now, in a way that this use would disturb. */
static bool is_at_hand(sim_run *run, const struct sim_expr *expr, const struct sim_handle *handle,
                       bool borrow)
{
  if (handle->taken || (handle->borrowed != 0 && !borrow)) {
    bool can_clone = handle->kind == SIM_HANDLE_FRAME || handle->kind == SIM_HANDLE_SEGMENT;
    (void)sim_run_error(run, expr->place,
                        can_clone ? "clone it first: each thread drops or changes its own"
                                  : "let the other thread come to the end of its command first",
                        "'%s' is in the hands of another thread that has not come to its end",
                        handle->name);
    return false;
  }
  if (handle->lent == 0 || borrow)
    return true;
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  for (guint i = 0; i < handles->len; i++) {
    const struct sim_handle *borrower = handles->pdata[i];
    if (borrower->lender != handle)
      continue;
    g_autofree char *hint = g_strdup_printf("drop %s", borrower->name);
    (void)sim_run_error(run, expr->place, hint,
                        "'%s' is borrowed by '%s', %s made in step %" PRIu64, handle->name,
                        borrower->name, sim_handle_kind_text(borrower->kind), borrower->step);
    break;
  }
  return false;
}

struct sim_handle *sim_run_handle(sim_run *run, const struct sim_expr *expr, bool borrow)
{
  g_autofree char *name = NULL;
  if (!sim_run_name(run, expr->text, expr->kind == SIM_EXPR_INDEX ? expr->operands[0] : NULL,
                    &name))
    return NULL;
  struct sim_binding *binding = g_hash_table_lookup(run->names, name);
  if (binding == NULL) {
    g_autofree char *hint = list_names(run, name);
    (void)sim_run_error(run, expr->place, hint, "'%s' owns no handle", name);
    return NULL;
  }
  if (binding->kind == SIM_BINDING_GONE) {
    g_autofree char *hint = list_names(run, name);
    (void)sim_run_error(run, expr->place, hint,
                        "'%s' owns no handle any more: step %" PRIu64 " consumed it", name,
                        binding->gone_step);
    return NULL;
  }
  if (binding->kind == SIM_BINDING_POOL) {
    g_autofree char *hint = g_strdup_printf("'drop any %s' takes one of them", name);
    (void)sim_run_error(run, expr->place, hint, "'%s' is a pool of handles, not one handle", name);
    return NULL;
  }
  if (binding->kind == SIM_BINDING_VALUE) {
    g_autofree char *text = sim_value_to_string(&binding->value);
    (void)sim_run_error(run, expr->place, NULL, "'%s' is %s, not a handle", name, text);
    return NULL;
  }
  return is_at_hand(run, expr, binding->handle, borrow) ? binding->handle : NULL;
}

void sim_run_consume(sim_run *run, struct sim_handle *handle)
{
  if (handle->lender != NULL)
    handle->lender->lent--;
  sim_durable_leave(run, handle);
  if (g_ptr_array_find(run->nameless, handle, NULL)) {
    g_ptr_array_remove(run->nameless, handle);
    return;
  }
  struct sim_binding *binding = g_hash_table_lookup(run->names, handle->name);
  if (binding == NULL)
    return;
  if (binding->kind == SIM_BINDING_POOL)
    g_ptr_array_remove_fast(binding->pool, handle);
  else if (binding->handle == handle) {
    binding->kind = SIM_BINDING_GONE;
    binding->gone = handle->frame;
    binding->gone_frame = handle->kind != SIM_HANDLE_LIST && handle->kind != SIM_HANDLE_CURSOR &&
                          handle->kind != SIM_HANDLE_PROCESS;
    binding->gone_step = run->cpu->step;
    g_clear_pointer(&binding->handle, sim_handle_free);
  }
}

static int by_step(gconstpointer a, gconstpointer b)
{
  const struct sim_handle *x = *(struct sim_handle *const *)a;
  const struct sim_handle *y = *(struct sim_handle *const *)b;
  if (x->step != y->step)
    return x->step < y->step ? -1 : 1;
  return x->frame.raw < y->frame.raw ? -1 : x->frame.raw > y->frame.raw;
}

GPtrArray *sim_run_handles(const sim_run *run)
{
  GPtrArray *handles = g_ptr_array_new();
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, run->names);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const struct sim_binding *binding = value;
    if (binding->kind == SIM_BINDING_HANDLE)
      g_ptr_array_add(handles, binding->handle);
    else if (binding->kind == SIM_BINDING_POOL)
      g_ptr_array_extend(handles, binding->pool, NULL, NULL);
  }
  g_ptr_array_extend(handles, run->nameless, NULL, NULL);
  g_ptr_array_extend(handles, run->orphans, NULL, NULL);
  g_ptr_array_sort(handles, by_step);
  return handles;
}

struct sim_handle *sim_run_find_handle(sim_run *run, enum sim_handle_kind kind, fm_paddr frame)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  for (guint i = 0; i < handles->len; i++) {
    struct sim_handle *handle = handles->pdata[i];
    if (handle->frame.raw == frame.raw && handle->kind == kind && !handle->orphan)
      return handle;
  }
  return NULL;
}
