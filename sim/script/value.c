/* SPDX-License-Identifier: MPL-2.0 */
/* Values of expressions: unsigned 64-bit numbers, words, strings, handles. */
#include <inttypes.h>
#include <string.h>

#include "sim/script/interp.h"

const char *sim_run_intern(sim_run *run, const char *text)
{
  const char *known = g_hash_table_lookup(run->texts, text);
  if (known != NULL)
    return known;
  char *copy = g_strdup(text);
  g_hash_table_insert(run->texts, copy, copy);
  return copy;
}

char *sim_value_to_string(const struct sim_value *value)
{
  switch (value->kind) {
  case SIM_VALUE_NUMBER:
    return value->number < 4096 ? g_strdup_printf("%" PRIu64, value->number)
                                : g_strdup_printf("0x%" PRIx64, value->number);
  case SIM_VALUE_WORD:
    return g_strdup(value->text);
  case SIM_VALUE_STRING:
    return g_strdup_printf("\"%s\"", value->text);
  case SIM_VALUE_HANDLE:
    return g_strdup_printf("handle %s", value->handle->name);
  }
  return NULL;
}

static bool set_number(struct sim_value *ret, uint64_t number)
{
  *ret = (struct sim_value){.kind = SIM_VALUE_NUMBER, .number = number};
  return true;
}

static bool set_word(struct sim_value *ret, const char *text)
{
  *ret = (struct sim_value){.kind = SIM_VALUE_WORD, .text = text};
  return true;
}

static bool fail(sim_run *run, const struct sim_expr *expr, const char *text)
{
  (void)sim_run_error(run, expr->place, NULL, "%s", text);
  return false;
}

/* ---- Names ---- */

static bool eval_name(sim_run *run, const struct sim_expr *expr, struct sim_value *ret)
{
  g_autofree char *name = NULL;
  if (!sim_run_name(run, expr->text, expr->kind == SIM_EXPR_INDEX ? expr->operands[0] : NULL,
                    &name))
    return false;
  const uint64_t *counter = g_hash_table_lookup(run->cpu->locals, name);
  if (counter != NULL)
    return set_number(ret, *counter);
  const struct sim_binding *binding = g_hash_table_lookup(run->names, name);
  if (binding == NULL || binding->kind == SIM_BINDING_POOL) {
    (void)sim_run_handle(run, expr, true); /* says what is wrong */
    return false;
  }
  if (binding->kind == SIM_BINDING_VALUE)
    *ret = binding->value;
  else if (binding->kind == SIM_BINDING_GONE && !binding->gone_frame) {
    (void)sim_run_handle(run, expr, true); /* says that it is gone */
    return false;
  } else if (binding->kind == SIM_BINDING_GONE)
    return set_number(ret, binding->gone.raw); /* `state f` after `drop f` */
  else
    *ret = (struct sim_value){.kind = SIM_VALUE_HANDLE, .handle = binding->handle};
  return true;
}

static bool eval_word(sim_run *run, const struct sim_expr *expr, struct sim_value *ret)
{
  if (strcmp(expr->text, "free") != 0)
    return set_word(ret, expr->text);
  if (run->machine == NULL)
    return fail(run, expr, "there is no machine yet, so nothing is free; 'boot' comes first");
  return set_number(ret, sim_machine_ops(run->machine)->free_bytes(run->kernel));
}

/* ---- Queries ---- */

static uint64_t count_holders(const sim_run *run, uint64_t address)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  uint64_t holders = 0;
  for (guint i = 0; i < handles->len; i++)
    holders += sim_handle_holds(handles->pdata[i], fm_paddr_of(address));
  for (uint32_t id = 0; id < run->kernel->cpus; id++)
    holders += address != run->kernel->boot_root && fm_kernel_cpu(run->kernel, id)->cr3 == address;
  return holders;
}

/* `size` is bytes, `length` is frames of a list. */
static bool eval_extent(sim_run *run, const struct sim_expr *expr, struct sim_value *ret)
{
  const struct sim_expr *operand = expr->operands[0];
  bool length = strcmp(expr->text, "length") == 0;
  struct sim_value value;
  if (!sim_run_value(run, operand, &value))
    return false;
  const struct sim_handle *handle = value.kind == SIM_VALUE_HANDLE ? value.handle : NULL;
  if (handle != NULL && length && handle->kind == SIM_HANDLE_LIST)
    return set_number(ret, sim_handle_look_list(handle)->size);
  if (handle != NULL && !length && handle->kind == SIM_HANDLE_READER)
    return set_number(ret, handle->reader.left);
  if (handle != NULL && !length && handle->kind == SIM_HANDLE_WRITER)
    return set_number(ret, handle->writer.left);
  if (handle != NULL && !length && handle->kind == SIM_HANDLE_REF)
    return set_number(ret, FM_PAGE_SIZE);
  if (handle != NULL && !length && handle->kind != SIM_HANDLE_LIST &&
      handle->kind != SIM_HANDLE_CURSOR && handle->kind != SIM_HANDLE_PROCESS)
    return set_number(ret, handle->size);
  return fail(run, operand,
              length ? "length is for lists: how many frames are in one"
                     : "size is for frames, segments, readers and writers: bytes");
}

/* 1 if the name owns a handle now. */
static bool eval_bound(sim_run *run, const struct sim_expr *operand, struct sim_value *ret)
{
  if (operand->kind != SIM_EXPR_NAME && operand->kind != SIM_EXPR_INDEX)
    return fail(run, operand, "bound is for names");
  return set_number(ret, sim_run_named_handle(run, operand) != NULL);
}

static bool eval_call(sim_run *run, const struct sim_expr *expr, struct sim_value *ret)
{
  uint64_t address;
  if (expr->n_operands != 1)
    return fail(run, expr, "this takes one address or handle");
  if (strcmp(expr->text, "bound") == 0)
    return eval_bound(run, expr->operands[0], ret);
  if (strcmp(expr->text, "size") == 0 || strcmp(expr->text, "length") == 0)
    return eval_extent(run, expr, ret);
  if (!sim_run_address(run, expr->operands[0], &address))
    return false;
  if (strcmp(expr->text, "paddr") == 0)
    return set_number(ret, address);
  if (run->machine == NULL)
    return fail(run, expr, "there is no machine yet; 'boot' comes first");
  if (!fm_is_page_aligned(address) || address >= run->kernel->max_paddr)
    return fail(run, expr, "this address has no slot: it is unaligned or not below max_paddr");
  if (strcmp(expr->text, "holders") == 0)
    return set_number(ret, count_holders(run, address));

  struct fm_slot_view view;
  fm_slot_view(run->kernel, fm_slot_at(fm_paddr_of(address)), &view);
  if (strcmp(expr->text, "refcount") == 0)
    return set_number(ret, view.ref_count);
  if (strcmp(expr->text, "in_list") == 0)
    return set_number(ret, view.in_list);
  if (strcmp(expr->text, "state") == 0)
    return set_word(ret, fm_count_state_name(view.state));
  if (strcmp(expr->text, "type") == 0)
    return set_word(ret, view.vtable != NULL ? sim_run_intern(run, view.vtable->name) : "none");
  g_autofree char *hint =
      g_strdup("there are: refcount, state, type, paddr, holders, in_list, size, length, bound");
  (void)sim_run_error(run, expr->place, hint, "unknown function '%s'", expr->text);
  return false;
}

/* ---- Operators ---- */

static bool arithmetic(sim_run *run, const struct sim_expr *expr, uint64_t a, uint64_t b,
                       uint64_t *ret)
{
  switch (expr->op) {
  case SIM_OP_ADD:
    return !__builtin_add_overflow(a, b, ret) || fail(run, expr, "the sum passes 2^64");
  case SIM_OP_SUB:
    return !__builtin_sub_overflow(a, b, ret) || fail(run, expr, "the difference is below 0");
  case SIM_OP_MUL:
    return !__builtin_mul_overflow(a, b, ret) || fail(run, expr, "the product passes 2^64");
  case SIM_OP_DIV:
  case SIM_OP_MOD:
    if (b == 0)
      return fail(run, expr, "division by 0");
    *ret = expr->op == SIM_OP_DIV ? a / b : a % b;
    return true;
  default:
    return fail(run, expr, "this operator has no number");
  }
}

static bool compare_words(sim_run *run, const struct sim_expr *expr, const struct sim_value *a,
                          const struct sim_value *b, bool *ret)
{
  bool words = (a->kind == SIM_VALUE_WORD || a->kind == SIM_VALUE_STRING) &&
               (b->kind == SIM_VALUE_WORD || b->kind == SIM_VALUE_STRING);
  if (!words) {
    g_autofree char *left = sim_value_to_string(a);
    g_autofree char *right = sim_value_to_string(b);
    (void)sim_run_error(run, expr->place, NULL, "cannot compare %s with %s", left, right);
    return false;
  }
  if (expr->op != SIM_OP_EQ && expr->op != SIM_OP_NE)
    return fail(run, expr, "words can only be compared with == and !=");
  *ret = (strcmp(a->text, b->text) == 0) == (expr->op == SIM_OP_EQ);
  return true;
}

static bool compare(sim_run *run, const struct sim_expr *expr, bool *ret)
{
  struct sim_value a;
  struct sim_value b;
  if (!sim_run_value(run, expr->operands[0], &a) || !sim_run_value(run, expr->operands[1], &b))
    return false;
  if (a.kind != SIM_VALUE_NUMBER || b.kind != SIM_VALUE_NUMBER)
    return compare_words(run, expr, &a, &b, ret);
  switch (expr->op) {
  case SIM_OP_EQ:
    *ret = a.number == b.number;
    return true;
  case SIM_OP_NE:
    *ret = a.number != b.number;
    return true;
  case SIM_OP_LT:
    *ret = a.number < b.number;
    return true;
  case SIM_OP_LE:
    *ret = a.number <= b.number;
    return true;
  case SIM_OP_GT:
    *ret = a.number > b.number;
    return true;
  case SIM_OP_GE:
    *ret = a.number >= b.number;
    return true;
  default:
    return fail(run, expr, "this is no comparison");
  }
}

static bool eval_arithmetic(sim_run *run, const struct sim_expr *expr, struct sim_value *ret)
{
  uint64_t a;
  uint64_t b;
  uint64_t result;
  if (expr->kind == SIM_EXPR_UNARY)
    return fail(run, expr, "numbers here are not negative");
  if (!sim_run_number(run, expr->operands[0], &a) || !sim_run_number(run, expr->operands[1], &b) ||
      !arithmetic(run, expr, a, b, &result))
    return false;
  return set_number(ret, result);
}

/* ---- What others call ---- */

bool sim_run_value(sim_run *run, const struct sim_expr *expr, struct sim_value *ret)
{
  uint64_t number;
  switch (expr->kind) {
  case SIM_EXPR_NUMBER:
    return set_number(ret, expr->number);
  case SIM_EXPR_STRING:
    *ret = (struct sim_value){.kind = SIM_VALUE_STRING, .text = expr->text};
    return true;
  case SIM_EXPR_WORD:
    return eval_word(run, expr, ret);
  case SIM_EXPR_NAME:
  case SIM_EXPR_INDEX:
    return eval_name(run, expr, ret);
  case SIM_EXPR_CALL:
    return eval_call(run, expr, ret);
  case SIM_EXPR_FRAME:
    if (!sim_run_number(run, expr->operands[0], &number))
      return false;
    if (number > UINT64_MAX >> FM_PAGE_SHIFT)
      return fail(run, expr, "the address of this frame passes 2^64");
    return set_number(ret, number << FM_PAGE_SHIFT);
  case SIM_EXPR_UNARY:
  case SIM_EXPR_BINARY:
    return eval_arithmetic(run, expr, ret);
  }
  return false;
}

bool sim_run_number(sim_run *run, const struct sim_expr *expr, uint64_t *ret)
{
  struct sim_value value;
  if (!sim_run_value(run, expr, &value))
    return false;
  if (value.kind != SIM_VALUE_NUMBER) {
    g_autofree char *text = sim_value_to_string(&value);
    (void)sim_run_error(
        run, expr->place,
        value.kind == SIM_VALUE_HANDLE ? "paddr(NAME) is the address of a handle's frame" : NULL,
        "expected a number, not %s", text);
    return false;
  }
  *ret = value.number;
  return true;
}

bool sim_run_cpu(sim_run *run, const struct sim_expr *expr, uint32_t *ret)
{
  uint64_t id;
  if (!sim_run_number(run, expr, &id))
    return false;
  if (id < run->kernel->cpus) {
    *ret = (uint32_t)id;
    return true;
  }
  g_autofree char *hint =
      id < FM_CPUS_MAX ? g_strdup_printf("machine { cpus %" PRIu64 " }", id + 1) : NULL;
  (void)sim_run_error(run, expr->place, hint, "there is no CPU %" PRIu64 ": the machine has %u", id,
                      run->kernel->cpus);
  return false;
}

static bool address_of_handle(sim_run *run, const struct sim_expr *expr,
                              const struct sim_handle *handle, uint64_t *ret)
{
  if (handle->kind == SIM_HANDLE_LIST)
    return fail(run, expr, "a list has no address; its frames have: show list");
  if (handle->kind == SIM_HANDLE_PROCESS) {
    *ret = fm_slot_paddr(handle->process->space.root.slot).raw;
    return true;
  }
  if (handle->kind == SIM_HANDLE_CURSOR && handle->cursor.at.slot == NULL)
    return fail(run, expr, "the cursor is at the ghost, where no frame is");
  if (handle->kind == SIM_HANDLE_CURSOR)
    *ret = fm_slot_paddr(handle->cursor.at.slot).raw;
  else if (handle->kind == SIM_HANDLE_READER)
    *ret = handle->reader.at.raw;
  else if (handle->kind == SIM_HANDLE_WRITER)
    *ret = handle->writer.at.raw;
  else
    *ret = handle->frame.raw;
  return true;
}

bool sim_run_address(sim_run *run, const struct sim_expr *expr, uint64_t *ret)
{
  struct sim_value value;
  if (!sim_run_value(run, expr, &value))
    return false;
  if (value.kind == SIM_VALUE_HANDLE)
    return address_of_handle(run, expr, value.handle, ret);
  if (value.kind == SIM_VALUE_NUMBER) {
    *ret = value.number;
    return true;
  }
  g_autofree char *text = sim_value_to_string(&value);
  (void)sim_run_error(run, expr->place, NULL, "expected an address or a handle, not %s", text);
  return false;
}

bool sim_run_condition(sim_run *run, const struct sim_expr *expr, bool *ret)
{
  bool a;
  switch (expr->op) {
  case SIM_OP_NOT:
    if (!sim_run_condition(run, expr->operands[0], &a))
      return false;
    *ret = !a;
    return true;
  case SIM_OP_AND:
  case SIM_OP_OR:
    if (!sim_run_condition(run, expr->operands[0], &a))
      return false;
    *ret = a;
    if (a == (expr->op == SIM_OP_OR))
      return true;
    return sim_run_condition(run, expr->operands[1], ret);
  default:
    return compare(run, expr, ret);
  }
}
