/* SPDX-License-Identifier: MPL-2.0 */
/* What the verbs of a thread have in common when they are compiled: arguments and results. */
#include <string.h>

#include "sim/explore/compile.h"
#include "sim/script/operate.h"

struct sim_program_op *sim_compile_op(struct sim_compiler *c, const struct sim_command *command,
                                      enum sim_program_code code)
{
  struct sim_program *program = c->program;
  if (program->n_ops == SIM_PROGRAM_OPS) {
    (void)sim_run_error(c->run, command->place, "fewer commands, or shorter loops",
                        "these threads are too long to be explored");
    return NULL;
  }
  struct sim_program_op *op = &program->op[program->n_ops++];
  *op = (struct sim_program_op){.code = code,
                                .command = command,
                                .handle = SIM_PROGRAM_NONE,
                                .other = SIM_PROGRAM_NONE,
                                .bind = SIM_PROGRAM_NONE,
                                .error = SIM_PROGRAM_NONE,
                                .address = SIM_PROGRAM_NONE,
                                .number = SIM_PROGRAM_NONE,
                                .third = SIM_PROGRAM_NONE};
  return op;
}

bool sim_compile_node(struct sim_compiler *c, const struct sim_command *command, const char *slot,
                      int *ret)
{
  const struct sim_expr *expr = sim_command_expr(command, slot);
  return expr == NULL || sim_compile_expr(c, expr, ret);
}

bool sim_compile_range(struct sim_compiler *c, const struct sim_command *command,
                       struct sim_program_op *op)
{
  const struct sim_arg *range = sim_command_arg(command, "RANGE");
  return sim_compile_expr(c, range->exprs[0], &op->address) &&
         sim_compile_expr(c, range->exprs[1], &op->number);
}

bool sim_compile_type(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op)
{
  struct sim_call call = sim_call_new(c->run);
  if (!sim_call_type(c->run, command, &call))
    return false;
  op->type = call.type;
  memcpy(op->meta, call.meta, sizeof(op->meta));
  return true;
}

bool sim_compile_use(struct sim_compiler *c, const struct sim_command *command,
                     struct sim_program_op *op, guint kinds, enum sim_use use)
{
  op->handle = sim_compile_handle(c, command, "HANDLE", kinds, use);
  return op->handle != SIM_PROGRAM_NONE;
}

bool sim_compile_answer(struct sim_compiler *c, const struct sim_command *command,
                        struct sim_program_op *op)
{
  return sim_compile_error_name(c, command, &op->error, &op->tolerant);
}

/* The answer, and then the name of what a fallible command makes. */
bool sim_compile_result(struct sim_compiler *c, const struct sim_command *command,
                        struct sim_program_op *op, enum sim_handle_kind kind, uint32_t type)
{
  op->kind = kind;
  return sim_compile_answer(c, command, op) &&
         sim_compile_bind(c, command, op->tolerant, kind, type, &op->bind);
}

struct sim_name *sim_compile_info(struct sim_compiler *c, int var)
{
  return &c->names[var];
}

/* The handle becomes one of another kind or type, under its own name or after `->`. */
bool sim_compile_convert(struct sim_compiler *c, const struct sim_command *command,
                         struct sim_program_op *op, enum sim_handle_kind kind, uint32_t type)
{
  struct sim_name *from = sim_compile_info(c, op->handle);
  op->kind = kind;
  if (!sim_compile_answer(c, command, op) || c->expecting)
    return !c->run->script_error;
  if (sim_command_bind(command) == NULL) {
    from->kind = kind;
    from->type = type;
    return true;
  }
  /* With `or`, the old name still has its handle if there was an error. */
  enum sim_name_state before = from->state;
  from->state = SIM_NAME_UNBOUND;
  if (!sim_compile_bind(c, command, op->tolerant, kind, type, &op->bind))
    return false;
  if (op->tolerant && op->bind != op->handle)
    from->state = before == SIM_NAME_UNBOUND ? before : SIM_NAME_MAYBE;
  return true;
}
