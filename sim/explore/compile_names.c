/* SPDX-License-Identifier: MPL-2.0 */
/* Names of a thread group: which variable each is, who may use it, and what it is then. */
#include <string.h>

#include "sim/explore/compile.h"
#include "sim/script/operate.h"

static const char *thread_name(const struct sim_compiler *c, int thread)
{
  return c->program->threads[thread].name;
}

static int add_var(struct sim_compiler *c, const char *name)
{
  struct sim_program *program = c->program;
  if (program->n_vars == SIM_PROGRAM_VARS)
    return SIM_PROGRAM_NONE;
  int index = (int)program->n_vars++;
  program->names[index] = g_strdup(name);
  c->names[index] = (struct sim_name){.owner = SIM_PROGRAM_NONE, .type = SIM_TYPE_ANY};
  g_hash_table_insert(c->by_name, program->names[index], GINT_TO_POINTER(index + 1));
  return index;
}

/* A variable for a handle of the run, with what it stands for now. */
static int adopt(struct sim_compiler *c, const char *name, struct sim_handle *handle)
{
  int index = add_var(c, name);
  if (index == SIM_PROGRAM_NONE)
    return index;
  struct sim_program_var *var = &c->program->vars[index];
  *var = (struct sim_program_var){.state = SIM_PROGRAM_BOUND,
                                  .kind = handle->kind,
                                  .frame = handle->frame,
                                  .size = handle->size};
  if (handle->kind == SIM_HANDLE_LIST)
    var->list = handle->list;
  else if (handle->kind == SIM_HANDLE_READER)
    var->reader = handle->reader;
  else if (handle->kind == SIM_HANDLE_WRITER)
    var->writer = handle->writer;
  else if (handle->kind == SIM_HANDLE_PROCESS)
    var->frame = fm_slot_paddr(handle->process->space.root.slot);
  struct sim_name *info = &c->names[index];
  info->state = SIM_NAME_BOUND;
  info->kind = handle->kind;
  info->type = handle->type;
  info->from_before = true;
  info->place = handle->place;
  return index;
}

int sim_compile_find(struct sim_compiler *c, const char *name)
{
  gpointer known = g_hash_table_lookup(c->by_name, name);
  if (known != NULL)
    return GPOINTER_TO_INT(known) - 1;
  const struct sim_binding *binding = g_hash_table_lookup(c->run->names, name);
  if (binding == NULL || binding->kind != SIM_BINDING_HANDLE)
    return SIM_PROGRAM_NONE;
  return adopt(c, name, binding->handle);
}

char *sim_compile_name(struct sim_compiler *c, const char *name, const struct sim_expr *index)
{
  char *text;
  return sim_run_name(c->run, name, index, &text) ? text : NULL;
}

/* ---- Using ---- */

/* Threads share nothing but simulated memory: a handle that one changes is its own. */
static bool may_use(struct sim_compiler *c, const struct sim_expr *expr, int index,
                    enum sim_use use)
{
  struct sim_name *info = &c->names[index];
  const char *name = c->program->names[index];
  uint32_t self = 1u << c->thread;
  uint32_t others = info->readers & ~self;

  if (info->owner != SIM_PROGRAM_NONE && info->owner != c->thread) {
    (void)sim_run_error(
        c->run, expr->place, "clone it before the threads: each of them drops or changes its own",
        "'%s' is thread %s's: it binds, changes or drops it", name, thread_name(c, info->owner));
    return false;
  }
  if (use != SIM_USE_READ && others != 0) {
    (void)sim_run_error(
        c->run, expr->place, "clone it before the threads: each of them drops or changes its own",
        "'%s' is read by thread %s too", name, thread_name(c, __builtin_ctz(others)));
    return false;
  }
  info->readers |= self;
  if (use != SIM_USE_READ || !info->from_before)
    info->owner = c->thread;
  return true;
}

static bool is_there(struct sim_compiler *c, const struct sim_expr *expr, int index,
                     const char *name)
{
  if (index == SIM_PROGRAM_NONE) {
    (void)sim_run_handle(c->run, expr, true); /* says what is wrong */
    if (!c->run->script_error)
      (void)sim_run_error(c->run, expr->place, NULL, "more names than %d cannot be explored",
                          SIM_PROGRAM_VARS);
    return false;
  }
  const struct sim_name *info = &c->names[index];
  if (info->is_value)
    (void)sim_run_error(c->run, expr->place, NULL, "'%s' is a value, not a handle", name);
  else if (info->state == SIM_NAME_UNBOUND)
    (void)sim_run_error(c->run, expr->place, NULL, "'%s' owns no handle any more", name);
  else
    return true;
  return false;
}

static bool is_of_kind(struct sim_compiler *c, const struct sim_command *command,
                       const struct sim_expr *expr, int index, guint kinds)
{
  const struct sim_name *info = &c->names[index];
  if ((kinds & (1u << info->kind)) != 0)
    return true;
  (void)sim_run_error(c->run, expr->place, NULL, "'%s' is %s, which '%s' does not take here",
                      c->program->names[index], sim_handle_kind_text(info->kind),
                      command->verb->name);
  return false;
}

int sim_compile_handle_expr(struct sim_compiler *c, const struct sim_command *command,
                            const struct sim_expr *expr, guint kinds, enum sim_use use)
{
  g_autofree char *name =
      sim_compile_name(c, expr->text, expr->kind == SIM_EXPR_INDEX ? expr->operands[0] : NULL);
  if (name == NULL)
    return SIM_PROGRAM_NONE;
  int index = sim_compile_find(c, name);
  bool foreign = index != SIM_PROGRAM_NONE && c->names[index].owner != SIM_PROGRAM_NONE &&
                 c->names[index].owner != c->thread;
  if ((!foreign && !is_there(c, expr, index, name)) ||
      !is_of_kind(c, command, expr, index, kinds) || !may_use(c, expr, index, use))
    return SIM_PROGRAM_NONE;
  if (use == SIM_USE_CONSUME) {
    c->names[index].state = SIM_NAME_UNBOUND;
    c->names[index].place = expr->place;
  }
  return index;
}

int sim_compile_handle(struct sim_compiler *c, const struct sim_command *command, const char *slot,
                       guint kinds, enum sim_use use)
{
  return sim_compile_handle_expr(c, command, sim_command_expr(command, slot), kinds, use);
}

/* ---- Binding ---- */

bool sim_compile_bind_name(struct sim_compiler *c, struct sim_place place, const char *name,
                           const struct sim_name *made, int *ret)
{
  int index = sim_compile_find(c, name);
  if (index == SIM_PROGRAM_NONE) {
    const struct sim_binding *binding = g_hash_table_lookup(c->run->names, name);
    if (g_hash_table_contains(c->run->cpu->locals, name) ||
        (binding != NULL && binding->kind != SIM_BINDING_GONE)) {
      (void)sim_run_error(c->run, place, "choose another name", "'%s' is bound already", name);
      return false;
    }
    index = add_var(c, name);
  }
  if (index == SIM_PROGRAM_NONE) {
    (void)sim_run_error(c->run, place, NULL, "more names than %d cannot be explored",
                        SIM_PROGRAM_VARS);
    return false;
  }
  struct sim_name *info = &c->names[index];
  bool again = info->is_value && made->is_value;
  if (info->owner != SIM_PROGRAM_NONE && info->owner != c->thread) {
    (void)sim_run_error(c->run, place, "choose another name", "'%s' is a name of thread %s", name,
                        thread_name(c, info->owner));
    return false;
  }
  if (info->state != SIM_NAME_UNBOUND && !again) {
    (void)sim_run_error(c->run, place, "drop it first, or choose another name",
                        info->state == SIM_NAME_MAYBE ? "'%s' may still own a live handle"
                                                      : "'%s' still owns a live handle",
                        name);
    return false;
  }
  *info = *made;
  info->owner = c->thread;
  info->place = place;
  *ret = index;
  return true;
}

/* The name of a variable for what is put into a pool: "p#0", "p#1", ...; NULL: `name` is none. */
static char *pool_name(const struct sim_compiler *c, const char *name)
{
  const struct sim_binding *binding = g_hash_table_lookup(c->run->names, name);
  if (binding == NULL || binding->kind != SIM_BINDING_POOL)
    return NULL;
  return g_strdup_printf("%s#%u", name, c->program->n_vars);
}

bool sim_compile_any(struct sim_compiler *c, const struct sim_arg *arg, int *ret)
{
  g_autofree char *prefix = g_strdup_printf("%s#", arg->word);
  const struct sim_binding *binding = g_hash_table_lookup(c->run->names, arg->word);
  guint found = binding != NULL && binding->kind == SIM_BINDING_POOL ? binding->pool->len : 2;
  *ret = SIM_PROGRAM_NONE;
  for (guint i = 0; i < c->program->n_vars; i++) {
    if (!g_str_has_prefix(c->program->names[i], prefix) || c->names[i].owner != c->thread ||
        c->names[i].state == SIM_NAME_UNBOUND)
      continue;
    *ret = (int)i;
    found++;
  }
  if (found > 1 || (found == 1 && *ret == SIM_PROGRAM_NONE)) {
    (void)sim_run_error(c->run, arg->place, "drop a handle by its name",
                        "what is drawn by chance cannot be explored");
    return false;
  }
  if (*ret != SIM_PROGRAM_NONE)
    c->names[*ret].state = SIM_NAME_UNBOUND;
  return true;
}

bool sim_compile_bind(struct sim_compiler *c, const struct sim_command *command, bool fallible,
                      enum sim_handle_kind kind, uint32_t type, int *ret)
{
  const struct sim_bind *bind = sim_command_bind(command);
  *ret = SIM_PROGRAM_NONE;
  if (bind == NULL && c->expecting)
    return true; /* it is to fail */
  if (bind == NULL) {
    (void)sim_run_error(c->run, command->place, "-> NAME",
                        "what '%s' makes needs a name when it is explored", command->verb->name);
    return false;
  }
  char *pool = pool_name(c, bind->name);
  g_autofree char *name = pool != NULL ? pool : sim_compile_name(c, bind->name, bind->index);
  const struct sim_name made = {.state = fallible || c->expecting ? SIM_NAME_MAYBE : SIM_NAME_BOUND,
                                .kind = kind,
                                .type = type};
  return name != NULL && sim_compile_bind_name(c, bind->place, name, &made, ret);
}

bool sim_compile_error_name(struct sim_compiler *c, const struct sim_command *command, int *ret,
                            bool *ret_tolerant)
{
  struct sim_place place;
  const char *name = sim_run_answer_name(command, &place);
  *ret = SIM_PROGRAM_NONE;
  *ret_tolerant = name != NULL;
  if (name == NULL)
    return true;
  const struct sim_name made = {.state = SIM_NAME_BOUND, .is_value = true};
  if (!sim_compile_bind_name(c, place, name, &made, ret))
    return false;
  c->program->vars[*ret].is_value = true;
  c->program->vars[*ret].is_word = true;
  return true;
}
