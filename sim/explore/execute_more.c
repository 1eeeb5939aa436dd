/* SPDX-License-Identifier: MPL-2.0 */
/* Operations of a program on segments, lists, bytes and page tables. */
#include <string.h>

#include "sim/explore/execute.h"

/* ---- Segments ---- */

static void copy_meta(fm_paddr paddr, void *ret, void *data)
{
  const struct sim_program_op *op = data;
  (void)paddr;
  memcpy(ret, op->meta, op->type.size);
}

static void do_segment(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct fm_range range = fm_range_of(sim_program_value(program, op->address, true),
                                      sim_program_value(program, op->number, true));
  struct fm_segment segment;
  if (sim_execute_answer_get(thread, op,
                             program->ops->segment_from_unused(program->kernel, range, op->type,
                                                               copy_meta, (void *)(uintptr_t)op,
                                                               &segment)))
    sim_execute_bind(program, op, op->bind, segment.range.start, fm_range_size(segment.range));
}

static void do_cut(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct sim_program_var *var = var_at(program, op->handle);
  struct fm_segment first;
  struct fm_segment second;
  uint64_t at = sim_program_value(program, op->address, true);
  if (op->code == SIM_PROGRAM_SLICE) {
    uint64_t end = sim_program_value(program, op->number, true);
    if (sim_execute_answer(
            thread, op,
            program->ops->segment_slice(segment_of(var), at, end, &second) ? NULL : op->word))
      sim_execute_bind(program, op, op->bind, second.range.start, fm_range_size(second.range));
    return;
  }
  if (!sim_execute_answer(
          thread, op,
          program->ops->segment_split(segment_of(var), at, &first, &second) ? NULL : op->word))
    return;
  var->size = fm_range_size(first.range);
  sim_execute_bind(program, op, op->bind, second.range.start, fm_range_size(second.range));
}

static void do_next(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct sim_program_var *var = var_at(program, op->handle);
  struct fm_segment segment = segment_of(var);
  struct fm_frame frame;
  if (!sim_execute_answer(thread, op,
                          program->ops->segment_next(&segment, &frame) ? NULL : op->word))
    return;
  var->frame = segment.range.start;
  var->size = fm_range_size(segment.range);
  sim_execute_bind(program, op, op->bind, fm_slot_paddr(frame.slot), FM_PAGE_SIZE);
}

/* ---- Lists ---- */

static void do_list(struct sim_program *program, const struct sim_program_op *op)
{
  struct sim_program_var *var = var_at(program, op->bind);
  *var = (struct sim_program_var){.state = SIM_PROGRAM_BOUND, .kind = SIM_HANDLE_LIST};
}

static void do_put(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct sim_program_var *var = var_at(program, op->handle);
  struct fm_unique frame = unique_of(var_at(program, op->other));
  var_at(program, op->other)->state = SIM_PROGRAM_FREE;
  if (op->code == SIM_PROGRAM_INSERT)
    program->ops->cursor_insert_before(program->kernel, &var->cursor, frame);
  else if (op->back)
    program->ops->list_push_back(program->kernel, &var->list, frame);
  else
    program->ops->list_push_front(program->kernel, &var->list, frame);
}

static void do_take(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct sim_program_var *var = var_at(program, op->handle);
  struct fm_unique frame;
  bool done = op->code == SIM_PROGRAM_TAKE ? program->ops->cursor_take(&var->cursor, &frame)
              : op->back                   ? program->ops->list_pop_back(&var->list, &frame)
                                           : program->ops->list_pop_front(&var->list, &frame);
  if (sim_execute_answer(thread, op, done ? NULL : op->word))
    sim_execute_bind(program, op, op->bind, fm_slot_paddr(frame.slot), FM_PAGE_SIZE);
}

static void do_cursor(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct fm_list *list = &var_at(program, op->handle)->list;
  struct fm_cursor cursor;
  bool done = true;
  if (op->address != SIM_PROGRAM_NONE)
    done =
        program->ops->cursor_at(program->kernel, list, sim_execute_address(program, op), &cursor);
  else
    cursor = op->back ? program->ops->cursor_back(list) : program->ops->cursor_front(list);
  if (!sim_execute_answer(thread, op, done ? NULL : op->word) || op->bind == SIM_PROGRAM_NONE)
    return;
  *var_at(program, op->bind) = (struct sim_program_var){
      .state = SIM_PROGRAM_BOUND, .kind = SIM_HANDLE_CURSOR, .cursor = cursor};
}

static void do_move(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct fm_cursor *cursor = &var_at(program, op->handle)->cursor;
  if (op->back)
    program->ops->cursor_prev(cursor);
  else
    program->ops->cursor_next(cursor);
}

static void do_contains(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct fm_list *list = &var_at(program, op->handle)->list;
  bool found = program->ops->list_contains(program->kernel, list, sim_execute_address(program, op));
  (void)sim_execute_answer(thread, op, found ? NULL : op->word);
}

/* ---- Bytes ---- */

static void do_open(struct sim_program *program, const struct sim_program_op *op)
{
  const struct sim_program_var *from = var_at(program, op->handle);
  uint64_t size = from->kind == SIM_HANDLE_REF ? FM_PAGE_SIZE : from->size;
  struct sim_program_var *var = var_at(program, op->bind);
  *var = (struct sim_program_var){.state = SIM_PROGRAM_BOUND, .kind = op->kind};
  if (op->kind == SIM_HANDLE_READER)
    var->reader = fm_reader_of(from->frame, size);
  else
    var->writer = fm_writer_of(from->frame, size);
}

static void do_read(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  uint64_t number = 0;
  bool done = program->ops->reader_read(&var_at(program, op->handle)->reader, &number, 1, op->item);
  if (sim_execute_answer(thread, op, done ? NULL : op->word))
    sim_execute_bind_number(program, op->bind, number, false);
}

static void do_write(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  uint64_t number = sim_program_value(program, op->number, true);
  uint64_t times = op->third != SIM_PROGRAM_NONE ? sim_program_value(program, op->third, true) : 1;
  bool done =
      program->ops->writer_fill(&var_at(program, op->handle)->writer, &number, times, op->item);
  (void)sim_execute_answer(thread, op, done ? NULL : op->word);
}

static void do_skip(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct sim_program_var *var = var_at(program, op->handle);
  uint64_t size = sim_program_value(program, op->number, true);
  bool reader = var->kind == SIM_HANDLE_READER;
  if (op->code == SIM_PROGRAM_LIMIT) {
    if (reader)
      fm_reader_limit(&var->reader, size);
    else
      fm_writer_limit(&var->writer, size);
    return;
  }
  bool done = reader ? fm_reader_skip(&var->reader, size) : fm_writer_skip(&var->writer, size);
  (void)sim_execute_answer(thread, op, done ? NULL : op->word);
}

/* ---- Page tables ---- */

static void do_map(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  const struct fm_ops *ops = program->ops;
  struct fm_space space = {frame_of(var_at(program, op->handle))};
  fm_paddr frame = var_at(program, op->other)->frame;
  uint64_t va = sim_program_value(program, op->address, true);
  struct fm_pt_cursor cursor;
  enum fm_pt_error error = ops->pt_lock(program->kernel, space, va, va + FM_PAGE_SIZE, &cursor);
  if (error == FM_PT_OK) {
    const struct fm_page_prop prop = {.flags = (uint32_t)op->item};
    (void)ops->frame_clone(fm_frame_of_slot(fm_slot_at(frame)));
    error = ops->pt_map(&cursor, frame, 1, prop, true, NULL);
    ops->pt_unlock(&cursor);
    if (error != FM_PT_OK)
      ops->frame_drop(program->kernel, fm_frame_of_slot(fm_slot_at(frame)));
  }
  (void)sim_execute_answer(thread, op, error == FM_PT_OK ? NULL : program->pt_answers[error]);
}

/* Takes out what is mapped there, up to ITEMS pages or tables, and then drops it. */
static void do_unmap(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  enum { ITEMS = 8 };
  struct sim_program *program = thread->program;
  const struct fm_ops *ops = program->ops;
  struct fm_space space = {frame_of(var_at(program, op->handle))};
  uint64_t va = sim_program_value(program, op->address, true);
  uint64_t size =
      op->number != SIM_PROGRAM_NONE ? sim_program_value(program, op->number, true) : FM_PAGE_SIZE;
  struct fm_pt_cursor cursor;
  struct fm_pt_item items[ITEMS];
  int taken = 0;
  enum fm_pt_error error = ops->pt_lock(program->kernel, space, va, va + size, &cursor);
  if (error == FM_PT_OK) {
    while (taken < ITEMS && (error = ops->pt_take(&cursor, va + size, &items[taken])) == FM_PT_OK &&
           items[taken].kind != FM_PT_NOTHING)
      taken++;
    ops->pt_unlock(&cursor);
  }
  for (int i = 0; i < taken; i++)
    ops->pt_drop_taken(program->kernel, &items[i]);
  (void)sim_execute_answer(thread, op, error == FM_PT_OK ? NULL : program->pt_answers[error]);
}

/* ---- One operation ---- */

static bool execute_list(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  switch (op->code) {
  case SIM_PROGRAM_LIST:
    do_list(thread->program, op);
    break;
  case SIM_PROGRAM_PUSH:
  case SIM_PROGRAM_INSERT:
    do_put(thread, op);
    break;
  case SIM_PROGRAM_POP:
  case SIM_PROGRAM_TAKE:
    do_take(thread, op);
    break;
  case SIM_PROGRAM_CONTAINS:
    do_contains(thread, op);
    break;
  case SIM_PROGRAM_CURSOR:
    do_cursor(thread, op);
    break;
  case SIM_PROGRAM_MOVE:
    do_move(thread, op);
    break;
  default:
    return false;
  }
  return true;
}

static bool execute_bytes(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  switch (op->code) {
  case SIM_PROGRAM_OPEN:
    do_open(program, op);
    break;
  case SIM_PROGRAM_READ:
    do_read(thread, op);
    break;
  case SIM_PROGRAM_WRITE:
    do_write(thread, op);
    break;
  case SIM_PROGRAM_COPY:
    (void)program->ops->io_copy(&var_at(program, op->handle)->reader,
                                &var_at(program, op->other)->writer);
    break;
  case SIM_PROGRAM_SKIP:
  case SIM_PROGRAM_LIMIT:
    do_skip(thread, op);
    break;
  default:
    return false;
  }
  return true;
}

bool sim_execute_more(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  switch (op->code) {
  case SIM_PROGRAM_SEGMENT:
    do_segment(thread, op);
    break;
  case SIM_PROGRAM_SLICE:
  case SIM_PROGRAM_SPLIT:
    do_cut(thread, op);
    break;
  case SIM_PROGRAM_NEXT:
    do_next(thread, op);
    break;
  case SIM_PROGRAM_MAP:
    do_map(thread, op);
    break;
  case SIM_PROGRAM_UNMAP:
    do_unmap(thread, op);
    break;
  default:
    return execute_list(thread, op) || execute_bytes(thread, op);
  }
  return true;
}
