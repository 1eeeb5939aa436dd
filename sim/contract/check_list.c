/* SPDX-License-Identifier: MPL-2.0 */
/* Lists of unique frames, and cursors in them.  A list owns its frames: the ledger does not
 * change when a frame goes in or out. */
#include "sim/contract/internal.h"

/* ---- Into a list ---- */

struct put {
  struct contract_op op;
  struct fm_list *list;
  fm_paddr frame;
  uint64_t size;
};

static struct put put_begin(const char *name, struct fm_list *list, struct fm_unique unique)
{
  struct put put = {contract_begin(name), list, fm_slot_paddr(unique.slot), list->size};
  if (!contract_has(put.frame))
    return put;
  struct fm_slot slot = contract_look(put.frame);
  if (put.op.alone && slot.ref_count != FM_COUNT_UNIQUE)
    contract_note(SIM_CLAUSE_UNIQUE_EXCLUSIVE, name, &put.frame);
  else if (put.op.alone && slot.in_list != 0)
    contract_note(SIM_CLAUSE_PUSH_FREE, name, &put.frame);
  (void)contract_ghost(put.frame);
  return put;
}

static void put_end(const struct put *put)
{
  if (!contract_end(&put->op) || !contract_has(put->frame))
    return;
  uint64_t id = contract_look(put->frame).in_list;
  if (id == 0 || id != put->list->id)
    contract_note(SIM_CLAUSE_PUSH_LINKED, put->op.name, &put->frame);
  else if (put->list->size != put->size + 1)
    contract_note(SIM_CLAUSE_PUSH_SIZE, put->op.name, &put->frame);
}

static void check_push_front(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame)
{
  struct put put = put_begin("push", list, frame);
  contract_here->inner->list_push_front(kernel, list, frame);
  put_end(&put);
}

static void check_push_back(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame)
{
  struct put put = put_begin("push", list, frame);
  contract_here->inner->list_push_back(kernel, list, frame);
  put_end(&put);
}

static void check_insert(struct fm_kernel *kernel, struct fm_cursor *cursor, struct fm_unique frame)
{
  struct put put = put_begin("insert", cursor->list, frame);
  contract_here->inner->cursor_insert_before(kernel, cursor, frame);
  put_end(&put);
}

/* ---- Out of a list ---- */

static void check_taken(const struct contract_op *op, const struct fm_list *list, uint64_t size,
                        bool done, const struct fm_unique *taken)
{
  if (!contract_end(op))
    return;
  if (!done) {
    if (list->size != size)
      contract_note(SIM_CLAUSE_PUSH_SIZE, op->name, NULL);
    return;
  }
  fm_paddr frame = fm_slot_paddr(taken->slot);
  if (!contract_has(frame))
    return;
  struct fm_slot slot = contract_look(frame);
  if (slot.in_list != 0)
    contract_note(SIM_CLAUSE_POP_UNLINKED, op->name, &frame);
  else if (slot.ref_count != FM_COUNT_UNIQUE)
    contract_note(SIM_CLAUSE_POP_UNIQUE, op->name, &frame);
  else if (list->size != size - 1)
    contract_note(SIM_CLAUSE_PUSH_SIZE, op->name, &frame);
}

static bool check_pop_front(struct fm_list *list, struct fm_unique *ret)
{
  struct contract_op op = contract_begin("pop");
  uint64_t size = list->size;
  bool done = contract_here->inner->list_pop_front(list, ret);
  check_taken(&op, list, size, done, ret);
  return done;
}

static bool check_pop_back(struct fm_list *list, struct fm_unique *ret)
{
  struct contract_op op = contract_begin("pop");
  uint64_t size = list->size;
  bool done = contract_here->inner->list_pop_back(list, ret);
  check_taken(&op, list, size, done, ret);
  return done;
}

static bool check_take(struct fm_cursor *cursor, struct fm_unique *ret)
{
  struct contract_op op = contract_begin("take");
  uint64_t size = cursor->list->size;
  bool done = contract_here->inner->cursor_take(cursor, ret);
  check_taken(&op, cursor->list, size, done, ret);
  return done;
}

/* ---- Questions ---- */

static void check_answer(const struct contract_op *op, const struct fm_list *list, fm_paddr paddr,
                         bool answer)
{
  if (!contract_end(op))
    return;
  bool inside = contract_has(paddr) && list->id != 0 && contract_look(paddr).in_list == list->id;
  if (answer != inside)
    contract_note(SIM_CLAUSE_CONTAINS_ANSWER, op->name, &paddr);
}

static bool check_contains(struct fm_kernel *kernel, struct fm_list *list, fm_paddr paddr)
{
  struct contract_op op = contract_begin("contains");
  bool answer = contract_here->inner->list_contains(kernel, list, paddr);
  check_answer(&op, list, paddr, answer);
  return answer;
}

static bool check_cursor_at(struct fm_kernel *kernel, struct fm_list *list, fm_paddr paddr,
                            struct fm_cursor *ret)
{
  struct contract_op op = contract_begin("cursor");
  bool answer = contract_here->inner->cursor_at(kernel, list, paddr, ret);
  check_answer(&op, list, paddr, answer);
  return answer;
}

/* ---- The end of a list ---- */

static bool is_slot(uint64_t kaddr)
{
  uint64_t offset = kaddr - FM_META_BASE;
  return kaddr >= FM_META_BASE && offset % FM_SLOT_SIZE == 0 &&
         contract_has(fm_paddr_of(offset / FM_SLOT_SIZE * FM_PAGE_SIZE));
}

static void release_all(const struct fm_list *list)
{
  uint64_t at = list->front;
  for (uint64_t left = list->size; left != 0 && is_slot(at); left--) {
    fm_paddr frame = fm_meta_to_frame(fm_kaddr_of(at));
    const struct fm_link_meta *link =
        (const struct fm_link_meta *)(const void *)fm_slot_at(frame)->storage;
    sim_ghost_release(&contract_here->ghost, contract_ghost(frame));
    at = link->next;
  }
}

static void check_list_drop(struct fm_kernel *kernel, struct fm_list *list)
{
  struct contract_op op = contract_begin("drop");
  release_all(list);
  contract_here->inner->list_drop(kernel, list);
  (void)contract_end(&op);
  if (list->size != 0 || list->front != 0 || list->back != 0)
    contract_note(SIM_CLAUSE_LIST_DROP_ALL, op.name, NULL);
}

void contract_fill_lists(struct fm_ops *table)
{
  table->list_push_front = check_push_front;
  table->list_push_back = check_push_back;
  table->list_pop_front = check_pop_front;
  table->list_pop_back = check_pop_back;
  table->list_contains = check_contains;
  table->list_drop = check_list_drop;
  table->cursor_at = check_cursor_at;
  table->cursor_take = check_take;
  table->cursor_insert_before = check_insert;
}
