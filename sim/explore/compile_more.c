/* SPDX-License-Identifier: MPL-2.0 */
/* The verbs of a thread on segments, lists, bytes and page tables. */
#include <string.h>

#include "sim/explore/compile.h"
#include "sim/script/operate.h"

/* ---- Segments ---- */

bool sim_compile_segment(struct sim_compiler *c, const struct sim_command *command,
                         struct sim_program_op *op)
{
  if (sim_command_arg(command, "from") == NULL)
    return sim_compile_range(c, command, op) && sim_compile_type(c, command, op) &&
           sim_compile_result(c, command, op, SIM_HANDLE_SEGMENT, op->type.number);
  op->code = SIM_PROGRAM_RENAME;
  op->handle = sim_compile_handle(c, command, "from", SIM_KIND(FRAME), SIM_USE_CHANGE);
  return op->handle != SIM_PROGRAM_NONE &&
         sim_compile_convert(c, command, op, SIM_HANDLE_SEGMENT,
                             sim_compile_info(c, op->handle)->type);
}

bool sim_compile_cut(struct sim_compiler *c, const struct sim_command *command,
                     struct sim_program_op *op)
{
  bool slice = op->code == SIM_PROGRAM_SLICE;
  op->word = g_intern_static_string("InvalidArgs");
  return sim_compile_use(c, command, op, SIM_KIND(SEGMENT),
                         slice ? SIM_USE_READ : SIM_USE_CHANGE) &&
         (slice ? sim_compile_range(c, command, op)
                : sim_compile_node(c, command, "at", &op->address)) &&
         sim_compile_result(c, command, op, SIM_HANDLE_SEGMENT,
                            sim_compile_info(c, op->handle)->type);
}

bool sim_compile_next(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op)
{
  if (!sim_compile_use(c, command, op, SIM_KIND(SEGMENT) | SIM_KIND(CURSOR), SIM_USE_CHANGE))
    return false;
  if (sim_compile_info(c, op->handle)->kind == SIM_HANDLE_CURSOR) {
    op->code = SIM_PROGRAM_MOVE;
    return true;
  }
  op->word = g_intern_static_string("Empty");
  return sim_compile_result(c, command, op, SIM_HANDLE_FRAME,
                            sim_compile_info(c, op->handle)->type);
}

/* ---- Lists ---- */

bool sim_compile_list(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op)
{
  const struct sim_arg *name = sim_command_arg(command, "NAME");
  const struct sim_name made = {
      .state = SIM_NAME_BOUND, .kind = SIM_HANDLE_LIST, .type = SIM_TYPE_ANY};
  return sim_compile_bind_name(c, name->place, name->word, &made, &op->bind);
}

bool sim_compile_put(struct sim_compiler *c, const struct sim_command *command,
                     struct sim_program_op *op)
{
  bool push = op->code == SIM_PROGRAM_PUSH;
  op->back = sim_command_has(command, "back");
  if (!sim_compile_use(c, command, op, push ? SIM_KIND(LIST) : SIM_KIND(CURSOR), SIM_USE_CHANGE))
    return false;
  op->other = sim_compile_handle(c, command, "frame", SIM_KIND(UNIQUE), SIM_USE_CONSUME);
  if (op->other == SIM_PROGRAM_NONE)
    return false;
  if (sim_compile_info(c, op->other)->type == FM_META_LINK)
    return true;
  (void)sim_run_error(c->run, sim_command_expr(command, "frame")->place,
                      "claim 0x2345000 unique as link -> u", "a list needs frames of type link");
  return false;
}

bool sim_compile_take(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op)
{
  bool pop = op->code == SIM_PROGRAM_POP;
  op->word = g_intern_static_string(pop ? "Empty" : "AtGhost");
  op->back = sim_command_has(command, "back");
  return sim_compile_use(c, command, op, pop ? SIM_KIND(LIST) : SIM_KIND(CURSOR), SIM_USE_CHANGE) &&
         sim_compile_result(c, command, op, SIM_HANDLE_UNIQUE, FM_META_LINK);
}

bool sim_compile_contains(struct sim_compiler *c, const struct sim_command *command,
                          struct sim_program_op *op)
{
  op->word = g_intern_static_string("NotInList");
  return sim_compile_use(c, command, op, SIM_KIND(LIST), SIM_USE_CHANGE) &&
         sim_compile_node(c, command, "ADDR", &op->address) && sim_compile_answer(c, command, op);
}

bool sim_compile_cursor(struct sim_compiler *c, const struct sim_command *command,
                        struct sim_program_op *op)
{
  op->word = g_intern_static_string("NotInList");
  op->back = sim_command_has(command, "back");
  return sim_compile_use(c, command, op, SIM_KIND(LIST), SIM_USE_CHANGE) &&
         sim_compile_node(c, command, "at", &op->address) &&
         sim_compile_result(c, command, op, SIM_HANDLE_CURSOR, SIM_TYPE_ANY);
}

bool sim_compile_prev(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op)
{
  op->back = true;
  return sim_compile_use(c, command, op, SIM_KIND(CURSOR), SIM_USE_CHANGE);
}

/* ---- Bytes ---- */

static bool is_untyped(struct sim_compiler *c, uint32_t type)
{
  return type == SIM_TYPE_UNTYPED ||
         (type != SIM_TYPE_ANY &&
          (fm_kernel_vtable(c->program->kernel, type)->flags & FM_META_UNTYPED) != 0);
}

bool sim_compile_open(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op)
{
  bool reader = strcmp(command->verb->name, "reader") == 0;
  op->kind = reader ? SIM_HANDLE_READER : SIM_HANDLE_WRITER;
  if (!sim_compile_use(c, command, op, SIM_KIND(FRAME) | SIM_KIND(SEGMENT) | SIM_KIND(REF),
                       SIM_USE_READ))
    return false;
  const struct sim_name *from = sim_compile_info(c, op->handle);
  if (!is_untyped(c, from->type)) {
    (void)sim_run_error(c->run, sim_command_expr(command, "HANDLE")->place,
                        "a frame of type anon is untyped",
                        "only handles that are known to be untyped hand out their bytes");
    return false;
  }
  return sim_compile_bind(c, command, from->state == SIM_NAME_MAYBE, op->kind, from->type,
                          &op->bind);
}

static bool get_item(struct sim_compiler *c, const struct sim_command *command,
                     struct sim_program_op *op)
{
  const struct sim_expr *expr = sim_command_expr(command, "bytes");
  op->word = g_intern_static_string("InvalidArgs");
  op->item = sizeof(uint64_t);
  if (expr == NULL)
    return true;
  if (!sim_run_number(c->run, expr, &op->item))
    return false;
  if (op->item >= 1 && op->item <= sizeof(uint64_t))
    return true;
  (void)sim_run_error(c->run, expr->place, NULL, "a number here has 1 to 8 bytes");
  return false;
}

bool sim_compile_read(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op)
{
  const struct sim_bind *bind = sim_command_bind(command);
  const struct sim_name made = {.state = SIM_NAME_BOUND, .is_value = true};
  return sim_compile_use(c, command, op, SIM_KIND(READER), SIM_USE_CHANGE) &&
         get_item(c, command, op) && sim_compile_answer(c, command, op) &&
         (bind == NULL || sim_compile_bind_name(c, bind->place, bind->name, &made, &op->bind));
}

bool sim_compile_write(struct sim_compiler *c, const struct sim_command *command,
                       struct sim_program_op *op)
{
  return sim_compile_use(c, command, op, SIM_KIND(WRITER), SIM_USE_CHANGE) &&
         sim_compile_node(c, command, "NUMBER", &op->number) &&
         sim_compile_node(c, command, "times", &op->third) && get_item(c, command, op) &&
         sim_compile_answer(c, command, op);
}

bool sim_compile_copy(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op)
{
  if (!sim_compile_use(c, command, op, SIM_KIND(READER), SIM_USE_CHANGE))
    return false;
  op->other = sim_compile_handle(c, command, "to", SIM_KIND(WRITER), SIM_USE_CHANGE);
  return op->other != SIM_PROGRAM_NONE;
}

bool sim_compile_skip(struct sim_compiler *c, const struct sim_command *command,
                      struct sim_program_op *op)
{
  op->word = g_intern_static_string("InvalidArgs");
  return sim_compile_use(c, command, op, SIM_KIND(READER) | SIM_KIND(WRITER), SIM_USE_CHANGE) &&
         sim_compile_node(c, command, "NUMBER", &op->number) && sim_compile_answer(c, command, op);
}

/* ---- Page tables ---- */

bool sim_compile_map(struct sim_compiler *c, const struct sim_command *command,
                     struct sim_program_op *op)
{
  if (sim_command_expr(command, "from") == NULL || sim_command_expr(command, "size") != NULL) {
    (void)sim_run_error(c->run, command->place, "map p at 0x1000 from f",
                        "only the mapping of one frame of a handle can be explored");
    return false;
  }
  op->item = FM_PAGE_READ | FM_PAGE_WRITE;
  if (!sim_compile_use(c, command, op, SIM_KIND(PROCESS), SIM_USE_READ))
    return false;
  op->other = sim_compile_handle(c, command, "from", SIM_KIND(FRAME), SIM_USE_READ);
  return op->other != SIM_PROGRAM_NONE && sim_compile_node(c, command, "at", &op->address) &&
         sim_compile_answer(c, command, op);
}

bool sim_compile_unmap(struct sim_compiler *c, const struct sim_command *command,
                       struct sim_program_op *op)
{
  return sim_compile_use(c, command, op, SIM_KIND(PROCESS), SIM_USE_READ) &&
         sim_compile_node(c, command, "at", &op->address) &&
         sim_compile_node(c, command, "size", &op->number) && sim_compile_answer(c, command, op);
}
