/* SPDX-License-Identifier: MPL-2.0 */
/* The verbs of a thread on frames, and the table of all that can be explored. */
#include <string.h>

#include "sim/explore/compile.h"
#include "sim/script/operate.h"

#define OWNED (SIM_KIND(FRAME) | SIM_KIND(UNIQUE) | SIM_KIND(SEGMENT))

/* ---- Frames ---- */

static bool compile_claim(struct sim_compiler *c, const struct sim_command *command,
                          struct sim_program_op *op)
{
  op->unique = sim_command_has(command, "unique");
  return sim_compile_node(c, command, "ADDR", &op->address) && sim_compile_type(c, command, op) &&
         sim_compile_result(c, command, op, op->unique ? SIM_HANDLE_UNIQUE : SIM_HANDLE_FRAME,
                            op->type.number);
}

static bool compile_get(struct sim_compiler *c, const struct sim_command *command,
                        struct sim_program_op *op)
{
  return sim_compile_node(c, command, "ADDR", &op->address) &&
         sim_compile_result(c, command, op, SIM_HANDLE_FRAME, SIM_TYPE_ANY);
}

static bool compile_clone(struct sim_compiler *c, const struct sim_command *command,
                          struct sim_program_op *op)
{
  if (!sim_compile_use(c, command, op, SIM_KIND(FRAME) | SIM_KIND(SEGMENT) | SIM_KIND(REF),
                       SIM_USE_READ))
    return false;
  const struct sim_name *from = sim_compile_info(c, op->handle);
  op->kind = from->kind == SIM_HANDLE_SEGMENT ? SIM_HANDLE_SEGMENT : SIM_HANDLE_FRAME;
  return sim_compile_bind(c, command, from->state == SIM_NAME_MAYBE, op->kind, from->type,
                          &op->bind);
}

/* One operation for each handle of the list; the first is there already. */
static bool compile_drop(struct sim_compiler *c, const struct sim_command *command,
                         struct sim_program_op *op)
{
  const struct sim_arg *list = sim_command_arg(command, "HANDLE_LIST");
  if (list == NULL) {
    if (!sim_compile_any(c, sim_command_arg(command, "any"), &op->handle))
      return false;
    if (op->handle == SIM_PROGRAM_NONE)
      c->program->n_ops--; /* nothing to drop */
    return true;
  }
  for (guint i = 0; i < list->n_exprs; i++) {
    if (i != 0 && (op = sim_compile_op(c, command, SIM_PROGRAM_DROP)) == NULL)
      return false;
    op->handle = sim_compile_handle_expr(c, command, list->exprs[i],
                                         OWNED | SIM_KIND(LIST) | SIM_KIND(CURSOR) | SIM_KIND(REF) |
                                             SIM_KIND(READER) | SIM_KIND(WRITER),
                                         SIM_USE_CONSUME);
    if (op->handle == SIM_PROGRAM_NONE)
      return false;
  }
  return true;
}

static bool compile_unique(struct sim_compiler *c, const struct sim_command *command,
                           struct sim_program_op *op)
{
  op->word = g_intern_static_string("NotSole");
  return sim_compile_use(c, command, op, SIM_KIND(FRAME), SIM_USE_CHANGE) &&
         sim_compile_convert(c, command, op, SIM_HANDLE_UNIQUE,
                             sim_compile_info(c, op->handle)->type);
}

static bool compile_shared(struct sim_compiler *c, const struct sim_command *command,
                           struct sim_program_op *op)
{
  return sim_compile_use(c, command, op, SIM_KIND(UNIQUE), SIM_USE_CHANGE) &&
         sim_compile_convert(c, command, op, SIM_HANDLE_FRAME,
                             sim_compile_info(c, op->handle)->type);
}

static bool compile_repurpose(struct sim_compiler *c, const struct sim_command *command,
                              struct sim_program_op *op)
{
  if (!sim_compile_use(c, command, op, SIM_KIND(UNIQUE), SIM_USE_CHANGE) ||
      !sim_compile_type(c, command, op))
    return false;
  sim_compile_info(c, op->handle)->type = op->type.number;
  return true;
}

static bool compile_reset(struct sim_compiler *c, const struct sim_command *command,
                          struct sim_program_op *op)
{
  return sim_compile_use(c, command, op, SIM_KIND(UNIQUE), SIM_USE_CONSUME);
}

static bool compile_into_raw(struct sim_compiler *c, const struct sim_command *command,
                             struct sim_program_op *op)
{
  if (!sim_compile_use(c, command, op, OWNED, SIM_USE_CHANGE))
    return false;
  const struct sim_name *from = sim_compile_info(c, op->handle);
  enum sim_handle_kind kind = from->kind == SIM_HANDLE_FRAME    ? SIM_HANDLE_RAW
                              : from->kind == SIM_HANDLE_UNIQUE ? SIM_HANDLE_RAW_UNIQUE
                                                                : SIM_HANDLE_RAW_SEGMENT;
  return sim_compile_convert(c, command, op, kind, from->type);
}

static bool compile_from_raw(struct sim_compiler *c, const struct sim_command *command,
                             struct sim_program_op *op)
{
  const struct sim_expr *expr = sim_command_expr(command, "ADDR");
  if (expr->kind != SIM_EXPR_NAME && expr->kind != SIM_EXPR_INDEX) {
    (void)sim_run_error(c->run, expr->place, "name what into_raw made: into_raw f -> p",
                        "when it is explored, from_raw takes a name");
    return false;
  }
  op->handle = sim_compile_handle_expr(c, command, expr,
                                       SIM_KIND(RAW) | SIM_KIND(RAW_UNIQUE) | SIM_KIND(RAW_SEGMENT),
                                       SIM_USE_CHANGE);
  if (op->handle == SIM_PROGRAM_NONE)
    return false;
  const struct sim_name *from = sim_compile_info(c, op->handle);
  enum sim_handle_kind kind = from->kind == SIM_HANDLE_RAW          ? SIM_HANDLE_FRAME
                              : from->kind == SIM_HANDLE_RAW_UNIQUE ? SIM_HANDLE_UNIQUE
                                                                    : SIM_HANDLE_SEGMENT;
  return sim_compile_convert(c, command, op, kind, from->type);
}

/* `meta f` reads, `meta u = 7` writes. */
static bool compile_meta(struct sim_compiler *c, const struct sim_command *command,
                         struct sim_program_op *op)
{
  const struct sim_bind *bind = sim_command_bind(command);
  if (sim_command_expr(command, "=") != NULL) {
    op->code = SIM_PROGRAM_WRITE_META;
    return sim_compile_use(c, command, op, SIM_KIND(UNIQUE), SIM_USE_CHANGE) &&
           sim_compile_node(c, command, "=", &op->number);
  }
  if (!sim_compile_use(c, command, op, SIM_KIND(FRAME) | SIM_KIND(UNIQUE) | SIM_KIND(REF),
                       SIM_USE_READ))
    return false;
  const struct sim_name made = {.state = SIM_NAME_BOUND, .is_value = true};
  return bind == NULL || sim_compile_bind_name(c, bind->place, bind->name, &made, &op->bind);
}

static bool compile_type(struct sim_compiler *c, const struct sim_command *command,
                         struct sim_program_op *op)
{
  bool typed = op->code == SIM_PROGRAM_TYPED;
  op->word = g_intern_static_string(typed ? "WrongType" : "NotUntyped");
  if (!sim_compile_use(c, command, op, SIM_KIND(FRAME) | SIM_KIND(SEGMENT), SIM_USE_CHANGE) ||
      (typed && !sim_compile_type(c, command, op)))
    return false;
  return sim_compile_convert(c, command, op, sim_compile_info(c, op->handle)->kind,
                             typed ? op->type.number : SIM_TYPE_UNTYPED);
}

static bool compile_dynamic(struct sim_compiler *c, const struct sim_command *command,
                            struct sim_program_op *op)
{
  return sim_compile_use(c, command, op, SIM_KIND(FRAME) | SIM_KIND(SEGMENT), SIM_USE_CHANGE) &&
         sim_compile_convert(c, command, op, sim_compile_info(c, op->handle)->kind, SIM_TYPE_ANY);
}

static bool compile_borrow(struct sim_compiler *c, const struct sim_command *command,
                           struct sim_program_op *op)
{
  op->kind = SIM_HANDLE_REF;
  return sim_compile_use(c, command, op, SIM_KIND(FRAME), SIM_USE_READ) &&
         sim_compile_bind(c, command, sim_compile_info(c, op->handle)->state == SIM_NAME_MAYBE,
                          SIM_HANDLE_REF, sim_compile_info(c, op->handle)->type, &op->bind);
}

static bool compile_alloc(struct sim_compiler *c, const struct sim_command *command,
                          struct sim_program_op *op)
{
  bool segment = sim_command_expr(command, "frames") != NULL;
  if (segment)
    op->code = SIM_PROGRAM_ALLOC_SEGMENT;
  op->dirty = sim_command_has(command, "dirty");
  return sim_compile_node(c, command, "frames", &op->number) && sim_compile_type(c, command, op) &&
         sim_compile_result(c, command, op, segment ? SIM_HANDLE_SEGMENT : SIM_HANDLE_FRAME,
                            op->type.number);
}

/* ---- The table ---- */

static const struct {
  const char *verb;
  enum sim_program_code code;
  bool (*compile)(struct sim_compiler *c, const struct sim_command *command,
                  struct sim_program_op *op);
} verbs[] = {
    {"claim", SIM_PROGRAM_CLAIM, compile_claim},
    {"get", SIM_PROGRAM_GET, compile_get},
    {"clone", SIM_PROGRAM_CLONE, compile_clone},
    {"drop", SIM_PROGRAM_DROP, compile_drop},
    {"unique", SIM_PROGRAM_UNIQUE, compile_unique},
    {"shared", SIM_PROGRAM_SHARED, compile_shared},
    {"repurpose", SIM_PROGRAM_REPURPOSE, compile_repurpose},
    {"reset", SIM_PROGRAM_RESET, compile_reset},
    {"into_raw", SIM_PROGRAM_INTO_RAW, compile_into_raw},
    {"from_raw", SIM_PROGRAM_FROM_RAW, compile_from_raw},
    {"meta", SIM_PROGRAM_READ_META, compile_meta},
    {"alloc", SIM_PROGRAM_ALLOC, compile_alloc},
    {"typed", SIM_PROGRAM_TYPED, compile_type},
    {"untyped", SIM_PROGRAM_UNTYPED, compile_type},
    {"dynamic", SIM_PROGRAM_RENAME, compile_dynamic},
    {"borrow", SIM_PROGRAM_BORROW, compile_borrow},
    {"segment", SIM_PROGRAM_SEGMENT, sim_compile_segment},
    {"slice", SIM_PROGRAM_SLICE, sim_compile_cut},
    {"split", SIM_PROGRAM_SPLIT, sim_compile_cut},
    {"next", SIM_PROGRAM_NEXT, sim_compile_next},
    {"prev", SIM_PROGRAM_MOVE, sim_compile_prev},
    {"list", SIM_PROGRAM_LIST, sim_compile_list},
    {"push", SIM_PROGRAM_PUSH, sim_compile_put},
    {"pop", SIM_PROGRAM_POP, sim_compile_take},
    {"contains", SIM_PROGRAM_CONTAINS, sim_compile_contains},
    {"cursor", SIM_PROGRAM_CURSOR, sim_compile_cursor},
    {"take", SIM_PROGRAM_TAKE, sim_compile_take},
    {"insert", SIM_PROGRAM_INSERT, sim_compile_put},
    {"reader", SIM_PROGRAM_OPEN, sim_compile_open},
    {"writer", SIM_PROGRAM_OPEN, sim_compile_open},
    {"read", SIM_PROGRAM_READ, sim_compile_read},
    {"write", SIM_PROGRAM_WRITE, sim_compile_write},
    {"copy", SIM_PROGRAM_COPY, sim_compile_copy},
    {"skip", SIM_PROGRAM_SKIP, sim_compile_skip},
    {"limit", SIM_PROGRAM_LIMIT, sim_compile_skip},
    {"map", SIM_PROGRAM_MAP, sim_compile_map},
    {"unmap", SIM_PROGRAM_UNMAP, sim_compile_unmap},
};

bool sim_compile_verb(struct sim_compiler *c, const struct sim_command *command)
{
  const char *verb = command->verb->name;
  if (strcmp(verb, "note") == 0)
    return true;
  for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
    if (strcmp(verb, verbs[i].verb) != 0)
      continue;
    struct sim_program_op *op = sim_compile_op(c, command, verbs[i].code);
    return op != NULL && verbs[i].compile(c, command, op);
  }
  (void)sim_run_error(c->run, command->place, "put it before the threads",
                      "'%s' cannot be explored", verb);
  return false;
}
