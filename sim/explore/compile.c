/* SPDX-License-Identifier: MPL-2.0 */
/* A thread group becomes a program: its threads, and the conditions behind it. */
#include "sim/explore/compile.h"

#include <inttypes.h>
#include <string.h>

static bool compile_block(struct sim_compiler *c, const struct sim_block *block);

/* ---- Statements of threads: loops are unrolled ---- */

static bool compile_for(struct sim_compiler *c, const struct sim_command *command)
{
  const char *name = sim_command_arg(command, "NAME")->word;
  const struct sim_arg *range = sim_command_arg(command, "in");
  const struct sim_expr *by = sim_command_expr(command, "by");
  GHashTable *locals = c->run->cpu->locals;
  uint64_t from;
  uint64_t to;
  uint64_t step = 1;
  if (!sim_run_number(c->run, range->exprs[0], &from) ||
      !sim_run_number(c->run, range->exprs[1], &to) ||
      (by != NULL && !sim_run_number(c->run, by, &step)))
    return false;
  if (step == 0 || sim_run_is_bound(c->run, name)) {
    (void)sim_run_error(c->run, command->place, NULL,
                        step == 0 ? "a step of 0 never comes to the end%s"
                                  : "'%s' is bound already",
                        step == 0 ? "" : name);
    return false;
  }
  uint64_t i = from;
  bool good = true;
  g_hash_table_insert(locals, (gpointer)name, &i);
  for (; i < to && good; i += step) {
    good = compile_block(c, sim_command_block(command, "BLOCK"));
    if (to - i <= step)
      break;
  }
  g_hash_table_remove(locals, name);
  return good;
}

static bool compile_repeat(struct sim_compiler *c, const struct sim_command *command)
{
  uint64_t times;
  if (!sim_run_number(c->run, sim_command_expr(command, "NUMBER"), &times))
    return false;
  for (uint64_t i = 0; i < times; i++)
    if (!compile_block(c, sim_command_block(command, "BLOCK")))
      return false;
  return true;
}

static bool compile_expect_error(struct sim_compiler *c, const struct sim_command *command)
{
  if (c->expecting) {
    (void)sim_run_error(c->run, command->place, NULL, "an 'expect error' inside of another one");
    return false;
  }
  struct sim_program_op *begin = sim_compile_op(c, command, SIM_PROGRAM_EXPECT_BEGIN);
  c->expecting = true;
  bool good = begin != NULL && compile_block(c, sim_command_block(command, "BLOCK"));
  c->expecting = false;
  struct sim_program_op *end = good ? sim_compile_op(c, command, SIM_PROGRAM_EXPECT_END) : NULL;
  if (end == NULL)
    return false;
  end->word = g_intern_string(sim_command_word(command, "error"));
  begin->end = (guint)(end - c->program->op);
  return true;
}

static bool compile_expect(struct sim_compiler *c, const struct sim_command *command)
{
  if (sim_command_arg(command, "error") != NULL)
    return compile_expect_error(c, command);
  if (sim_command_arg(command, "panic") != NULL) {
    (void)sim_run_error(c->run, command->place, "a panic is a finding of the search",
                        "'expect panic' cannot be explored");
    return false;
  }
  struct sim_program_op *op = sim_compile_op(c, command, SIM_PROGRAM_EXPECT);
  return op != NULL &&
         sim_compile_condition(c, sim_command_expr(command, "CONDITION"), &op->number);
}

static bool compile_command(struct sim_compiler *c, const struct sim_command *command)
{
  switch (command->statement) {
  case SIM_STATEMENT_VERB:
    return sim_compile_verb(c, command);
  case SIM_STATEMENT_EXPECT:
    return compile_expect(c, command);
  case SIM_STATEMENT_FOR:
    return compile_for(c, command);
  case SIM_STATEMENT_REPEAT:
    return compile_repeat(c, command);
  case SIM_STATEMENT_TITLE:
    return true;
  default:
    (void)sim_run_error(c->run, command->place, "put it before the threads",
                        "'%s' cannot be explored", command->verb->name);
    return false;
  }
}

static bool compile_block(struct sim_compiler *c, const struct sim_block *block)
{
  for (const struct sim_command *command = block->first; command != NULL; command = command->next)
    if (!compile_command(c, command))
      return false;
  return true;
}

/* ---- Threads ---- */

static bool complain_thread(struct sim_compiler *c, const struct sim_command *command,
                            const char *hint, const char *text)
{
  (void)sim_run_error(c->run, command->place, hint, "%s", text);
  return false;
}

static bool compile_thread(struct sim_compiler *c, const struct sim_command *command)
{
  struct sim_program *program = c->program;
  const struct sim_expr *cpu = sim_command_expr(command, "cpu");
  uint64_t id = program->n_threads;
  if (program->n_threads == SIM_PROGRAM_THREADS)
    return complain_thread(c, command, NULL, "more than 16 threads cannot be explored");
  if (cpu != NULL && !sim_run_number(c->run, cpu, &id))
    return false;
  if (id >= program->kernel->cpus)
    return complain_thread(c, command, "machine { cpus 2 }",
                           "the machine has no CPU of this number for the thread");
  const char *name = sim_command_arg(command, "LABEL")->word;
  for (guint i = 0; i < program->n_threads; i++) {
    if (program->threads[i].cpu == id)
      return complain_thread(c, command, "each thread of a group has a CPU of its own",
                             "another thread of this group has this CPU");
    if (strcmp(program->threads[i].name, name) == 0)
      return complain_thread(c, command, NULL, "another thread of this group has this name");
  }
  struct sim_program_thread *thread = &program->threads[program->n_threads];
  *thread = (struct sim_program_thread){.program = program,
                                        .index = (int)program->n_threads,
                                        .name = name,
                                        .cpu = (uint32_t)id,
                                        .command = command,
                                        .first = program->n_ops};
  c->thread = (int)program->n_threads++;
  bool good = compile_block(c, sim_command_block(command, "BLOCK"));
  thread->end = program->n_ops;
  c->thread = SIM_PROGRAM_NONE;
  return good;
}

/* ---- Conditions behind the threads ---- */

static bool add_condition(struct sim_compiler *c, const struct sim_command *command,
                          enum sim_program_mode mode)
{
  struct sim_program *program = c->program;
  if (program->n_conditions == SIM_PROGRAM_CONDITIONS)
    return complain_thread(c, command, NULL, "more than 32 conditions cannot be explored");
  struct sim_program_condition *condition = &program->conditions[program->n_conditions++];
  *condition = (struct sim_program_condition){.mode = mode, .command = command};
  return sim_compile_condition(c, sim_command_expr(command, "CONDITION"), &condition->node);
}

/* Whether the command only looks, or says something; other commands are left to `run`. */
static bool compile_rest(struct sim_compiler *c, const struct sim_command *command,
                         bool *ret_is_rest)
{
  const char *verb = command->verb->name;
  *ret_is_rest = false;
  if (command->statement == SIM_STATEMENT_EXPECT && sim_command_expr(command, "CONDITION") != NULL)
    return add_condition(c, command, SIM_PROGRAM_ALWAYS);
  if (strcmp(verb, "always") == 0)
    return add_condition(c, command, SIM_PROGRAM_ALWAYS);
  if (strcmp(verb, "never") == 0)
    return add_condition(c, command, SIM_PROGRAM_NEVER);
  if (strcmp(verb, "sometimes") == 0)
    return add_condition(c, command, SIM_PROGRAM_SOMETIMES);
  *ret_is_rest = strcmp(verb, "note") != 0 && strcmp(verb, "check") != 0 &&
                 strcmp(verb, "explore") != 0 && command->statement != SIM_STATEMENT_END &&
                 command->statement != SIM_STATEMENT_TITLE &&
                 command->statement != SIM_STATEMENT_SCHEDULE;
  return true;
}

static bool compile_conditions(struct sim_compiler *c, const struct sim_command *command)
{
  for (; command != NULL; command = command->next) {
    bool is_rest;
    if (!compile_rest(c, command, &is_rest))
      return false;
    if (!is_rest)
      continue;
    c->program->rest = command;
    break;
  }
  return true;
}

/* ---- What is looked at in the end ---- */

/* False: there are too many. */
static bool add_place(struct sim_program *program, fm_paddr root, uint64_t va)
{
  for (guint i = 0; i < program->n_places; i++)
    if (program->places[i].root.raw == root.raw && program->places[i].va == va)
      return true;
  if (program->n_places == SIM_PROGRAM_PLACES)
    return false;
  program->places[program->n_places++] = (struct sim_program_place){root, va};
  return true;
}

/* Where the processes that threads use show pages, or may show them. */
static bool note_places(struct sim_program *program)
{
  bool good = true;
  const GPtrArray *processes = program->run->os != NULL ? sim_os_processes(program->run->os) : NULL;
  for (guint i = 0; good && i < program->n_ops; i++) {
    const struct sim_program_op *op = &program->op[i];
    if (op->code == SIM_PROGRAM_MAP)
      good = add_place(program, program->vars[op->handle].frame,
                       sim_program_value(program, op->address, false));
  }
  for (guint i = 0; processes != NULL && i < processes->len; i++) {
    const struct sim_process *process = processes->pdata[i];
    fm_paddr root = fm_slot_paddr(process->space.root.slot);
    for (guint a = 0; good && a < process->areas->len; a++) {
      const struct sim_area *area = &g_array_index(process->areas, struct sim_area, a);
      for (uint64_t va = area->start; good && va < area->end; va += FM_PAGE_SIZE)
        good = add_place(program, root, va);
    }
  }
  return good;
}

/* Frames that stand in the commands, and those of handles from before. */
static void note_frames(struct sim_program *program)
{
  for (guint i = 0; i < program->n_ops; i++) {
    const struct sim_program_op *op = &program->op[i];
    bool by_address = op->code == SIM_PROGRAM_CLAIM || op->code == SIM_PROGRAM_GET ||
                      op->code == SIM_PROGRAM_SEGMENT;
    if (!by_address || program->node[op->address].kind != SIM_PROGRAM_CONSTANT)
      continue;
    fm_paddr start = fm_paddr_of(program->node[op->address].number);
    sim_program_note_frame(program, start);
    if (op->code != SIM_PROGRAM_SEGMENT || program->node[op->number].kind != SIM_PROGRAM_CONSTANT)
      continue;
    uint64_t end = MIN(program->node[op->number].number, program->kernel->max_paddr);
    for (uint64_t at = start.raw; at < end && !program->too_many_frames; at += FM_PAGE_SIZE)
      sim_program_note_frame(program, fm_paddr_of(at));
  }
  for (guint i = 0; i < program->n_vars; i++) {
    const struct sim_program_var *var = &program->vars[i];
    if (var->state != SIM_PROGRAM_BOUND || var->is_value || var->kind == SIM_HANDLE_PROCESS)
      continue;
    for (uint64_t at = 0; at < var->size && !program->too_many_frames; at += FM_PAGE_SIZE)
      sim_program_note_frame(program, fm_paddr_add(var->frame, at));
    struct sim_list_walk walk = sim_list_walk_begin(&var->list);
    fm_paddr at;
    while (var->kind == SIM_HANDLE_LIST && sim_list_walk_next(&walk, &at))
      sim_program_note_frame(program, at);
  }
}

/* References that stand for no variable: of other handles, page tables, registers. */
static void count_others(struct sim_program *program)
{
  for (guint i = 0; i < program->n_frames; i++) {
    fm_paddr frame = program->frames[i];
    uint64_t holders = sim_program_holders(program, frame);
    struct fm_slot_view view;
    fm_slot_view(program->kernel, fm_slot_at(frame), &view);
    uint64_t count = view.state == FM_STATE_SHARED   ? view.ref_count
                     : view.state == FM_STATE_UNIQUE ? 1
                                                     : 0;
    bool free = view.state == FM_STATE_UNIQUE && program->ops->is_free(program->kernel, frame);
    program->others[i] = free || count < holders ? 0 : count - holders;
  }
}

static void intern_words(struct sim_program *program)
{
  for (int e = 0; e < FM_GET_ERRORS; e++)
    program->answers[e] = g_intern_string(fm_get_error_name((enum fm_get_error)e));
  for (int e = 0; e <= FM_ALLOC_INVALID_ARGS; e++)
    program->alloc_answers[e] = g_intern_string(fm_alloc_error_name((enum fm_alloc_error)e));
  for (int e = 0; e <= FM_PT_MAPPED; e++)
    program->pt_answers[e] = g_intern_string(fm_pt_error_name((enum fm_pt_error)e));
  for (int s = 0; s <= FM_STATE_ILLEGAL; s++)
    program->states[s] = g_intern_string(fm_count_state_name((enum fm_count_state)s));
  for (uint32_t t = 0; t < program->kernel->nr_vtables; t++)
    program->types[t] = g_intern_string(fm_kernel_vtable(program->kernel, t)->name);
  program->none = g_intern_static_string("none");
}

struct sim_program *sim_program_compile(sim_run *run, const struct sim_command *first)
{
  if (run->kernel->chunks != 0) {
    (void)sim_run_error(run, first->place, "machine { metadata eager }",
                        "a machine with deferred metadata cannot be explored: the first touch of a "
                        "frame writes slots past all hooks");
    return NULL;
  }
  struct sim_program *program = g_new0(struct sim_program, 1);
  program->run = run;
  program->ops = sim_machine_ops(run->machine);
  program->kernel = run->kernel;
  program->op = g_new0(struct sim_program_op, SIM_PROGRAM_OPS);
  program->node = g_new0(struct sim_program_node, SIM_PROGRAM_NODES);
  intern_words(program);
  struct sim_compiler c = {.run = run,
                           .program = program,
                           .by_name = g_hash_table_new(g_str_hash, g_str_equal),
                           .thread = SIM_PROGRAM_NONE};
  const struct sim_command *command = first;
  bool good = true;
  do
    good = compile_thread(&c, command);
  while (good && (command = command->next) != NULL && command->statement == SIM_STATEMENT_THREAD);
  good = good && compile_conditions(&c, command);
  g_hash_table_unref(c.by_name);
  if (!good)
    return sim_program_free(program);
  note_frames(program);
  if (!note_places(program)) {
    (void)sim_run_error(run, first->place, "smaller areas",
                        "more than %d pages of processes cannot be looked at", SIM_PROGRAM_PLACES);
    return sim_program_free(program);
  }
  if (program->too_many_frames) {
    (void)sim_run_error(run, first->place, "smaller segments",
                        "more than %d frames cannot be looked at", SIM_PROGRAM_FRAMES);
    return sim_program_free(program);
  }
  count_others(program);
  program->n_initial_frames = program->n_frames;
  memcpy(program->initial, program->vars, sizeof(program->vars));
  return program;
}
