/* SPDX-License-Identifier: MPL-2.0 */
/* The small interpreter: what one operation of a program does.  Nothing here allocates. */
#include <string.h>

#include "sim/explore/execute.h"

void sim_execute_bind(struct sim_program *program, const struct sim_program_op *op, int index,
                      fm_paddr frame, uint64_t size)
{
  for (uint64_t at = 0; at < size; at += FM_PAGE_SIZE)
    sim_program_note_frame(program, fm_paddr_add(frame, at));
  struct sim_program_var *var = index != SIM_PROGRAM_NONE ? var_at(program, index) : NULL;
  if (var == NULL)
    return;
  var->state = SIM_PROGRAM_BOUND;
  var->kind = op->kind;
  var->is_value = false;
  var->frame = frame;
  var->size = size;
}

void sim_execute_bind_number(struct sim_program *program, int index, uint64_t number, bool is_word)
{
  if (index == SIM_PROGRAM_NONE)
    return;
  struct sim_program_var *var = var_at(program, index);
  var->state = SIM_PROGRAM_BOUND;
  var->is_value = true;
  var->is_word = is_word;
  var->number = number;
}

static void fail(struct sim_program_thread *thread, enum sim_program_fault fault, const char *error)
{
  struct sim_program *program = thread->program;
  if (program->failure.fault != SIM_PROGRAM_GOOD)
    return;
  program->failure = (struct sim_program_failure){.fault = fault,
                                                  .thread = thread->index,
                                                  .command = program->op[thread->at].command,
                                                  .error = error};
}

/* What a command answered; NULL: it succeeded.  True: it did. */
bool sim_execute_answer(struct sim_program_thread *thread, const struct sim_program_op *op,
                        const char *error)
{
  thread->answer = error;
  if (op->error != SIM_PROGRAM_NONE)
    sim_execute_bind_number(
        thread->program, op->error,
        (uint64_t)(uintptr_t)(error != NULL ? error : thread->program->answers[0]), true);
  if (error != NULL && !op->tolerant && !thread->expecting)
    fail(thread, SIM_PROGRAM_ERROR, error);
  return error == NULL;
}

bool sim_execute_answer_get(struct sim_program_thread *thread, const struct sim_program_op *op,
                            enum fm_get_error error)
{
  return sim_execute_answer(thread, op,
                            error == FM_GET_OK ? NULL : thread->program->answers[error]);
}

static bool answer_alloc(struct sim_program_thread *thread, const struct sim_program_op *op,
                         enum fm_alloc_error error)
{
  return sim_execute_answer(thread, op,
                            error == FM_ALLOC_OK ? NULL : thread->program->alloc_answers[error]);
}

fm_paddr sim_execute_address(struct sim_program *program, const struct sim_program_op *op)
{
  return fm_paddr_of(sim_program_value(program, op->address, true));
}

/* ---- Frames ---- */

static void do_claim(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  fm_paddr at = sim_execute_address(program, op);
  struct fm_slot *slot;
  if (sim_execute_answer_get(
          thread, op,
          program->ops->claim(program->kernel, at, op->type, op->meta, op->unique, &slot)))
    sim_execute_bind(program, op, op->bind, at, FM_PAGE_SIZE);
}

static void do_get(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  fm_paddr at = sim_execute_address(program, op);
  struct fm_slot *slot;
  if (sim_execute_answer_get(thread, op, program->ops->get(program->kernel, at, &slot)))
    sim_execute_bind(program, op, op->bind, at, FM_PAGE_SIZE);
}

static void do_clone(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  const struct sim_program_var *from = var_at(program, op->handle);
  if (from->kind == SIM_HANDLE_SEGMENT)
    (void)program->ops->segment_clone(segment_of(from));
  else if (from->kind == SIM_HANDLE_REF)
    (void)program->ops->frame_ref_clone(fm_frame_borrow(frame_of(from)));
  else
    (void)program->ops->frame_clone(frame_of(from));
  sim_execute_bind(program, op, op->bind, from->frame,
                   from->kind == SIM_HANDLE_SEGMENT ? from->size : FM_PAGE_SIZE);
}

static void do_drop(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct sim_program_var *var = var_at(program, op->handle);
  struct sim_program_var last = *var;
  var->state = SIM_PROGRAM_FREE; /* while the frame still is on its way out */
  if (last.kind == SIM_HANDLE_UNIQUE)
    program->ops->unique_drop(program->kernel, unique_of(&last));
  else if (last.kind == SIM_HANDLE_FRAME)
    program->ops->frame_drop(program->kernel, frame_of(&last));
  else if (last.kind == SIM_HANDLE_SEGMENT)
    program->ops->segment_drop(program->kernel, segment_of(&last));
  else if (last.kind == SIM_HANDLE_LIST)
    program->ops->list_drop(program->kernel, &last.list);
}

/* The handle becomes another one, under its own name or a new one. */
static void become(struct sim_program *program, const struct sim_program_op *op)
{
  struct sim_program_var *var = var_at(program, op->handle);
  int bind = op->bind != SIM_PROGRAM_NONE ? op->bind : op->handle;
  struct sim_program_var made = *var;
  made.kind = op->kind;
  var->state = SIM_PROGRAM_FREE;
  *var_at(program, bind) = made;
}

static void do_unique(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct fm_unique unique;
  if (sim_execute_answer(
          thread, op,
          program->ops->unique_from_frame(frame_of(var_at(program, op->handle)), &unique)
              ? NULL
              : op->word))
    become(program, op);
}

static void do_reset(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct sim_program_var *var = var_at(program, op->handle);
  struct fm_unique unique = unique_of(var);
  var->state = SIM_PROGRAM_FREE;
  program->ops->unique_reset(program->kernel, unique);
}

static void do_meta(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  struct sim_program_var *var = var_at(program, op->handle);
  if (op->code == SIM_PROGRAM_WRITE_META) {
    uint64_t number = sim_program_value(program, op->number, true);
    program->ops->unique_write_meta(unique_of(var), &number, sizeof(number));
    return;
  }
  uint8_t meta[FM_META_MAX_SIZE] = {0};
  uint64_t number;
  (void)program->ops->frame_read_meta(frame_of(var), meta);
  memcpy(&number, meta, sizeof(number));
  sim_execute_bind_number(program, op->bind, number, false);
}

static void do_type(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  const struct sim_program_var *var = var_at(program, op->handle);
  const struct fm_ops *ops = program->ops;
  bool segment = var->kind == SIM_HANDLE_SEGMENT;
  struct fm_untyped frame;
  struct fm_untyped_segment frames;
  bool done;
  if (op->code == SIM_PROGRAM_TYPED)
    done = segment ? ops->segment_has_type(program->kernel, segment_of(var), op->type.number)
                   : ops->frame_has_type(program->kernel, frame_of(var), op->type.number);
  else
    done = segment ? ops->segment_untyped(segment_of(var), &frames)
                   : ops->frame_untyped(frame_of(var), &frame);
  if (sim_execute_answer(thread, op, done ? NULL : op->word))
    become(program, op);
}

static void do_alloc(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  const struct fm_alloc_options options = {.type = op->type, .meta = op->meta, .dirty = op->dirty};
  struct fm_frame frame = {NULL};
  if (op->code == SIM_PROGRAM_ALLOC) {
    if (answer_alloc(thread, op, program->ops->frame_alloc(program->kernel, &options, &frame)))
      sim_execute_bind(program, op, op->bind, fm_slot_paddr(frame.slot), FM_PAGE_SIZE);
    return;
  }
  uint64_t frames = sim_program_value(program, op->number, true);
  struct fm_segment segment;
  if (answer_alloc(thread, op,
                   program->ops->segment_alloc(program->kernel, &options, frames, &segment)))
    sim_execute_bind(program, op, op->bind, segment.range.start, fm_range_size(segment.range));
}

/* ---- One operation ---- */

static void do_from_raw(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  (void)thread->program->ops->frame_from_raw(var_at(thread->program, op->handle)->frame);
  become(thread->program, op);
}

static void expect_end(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  thread->expecting = false;
  if (thread->answer == NULL)
    fail(thread, SIM_PROGRAM_NO_ERROR, NULL);
  else if (thread->answer != op->word)
    fail(thread, SIM_PROGRAM_OTHER_ERROR, thread->answer);
}

static void execute_handle(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  struct sim_program *program = thread->program;
  switch (op->code) {
  case SIM_PROGRAM_CLONE:
    do_clone(thread, op);
    break;
  case SIM_PROGRAM_DROP:
    do_drop(thread, op);
    break;
  case SIM_PROGRAM_UNIQUE:
    do_unique(thread, op);
    break;
  case SIM_PROGRAM_SHARED:
    (void)program->ops->unique_share(unique_of(var_at(program, op->handle)));
    become(program, op);
    break;
  case SIM_PROGRAM_REPURPOSE:
    program->ops->unique_repurpose(program->kernel, unique_of(var_at(program, op->handle)),
                                   op->type, op->meta);
    break;
  case SIM_PROGRAM_RESET:
    do_reset(thread, op);
    break;
  case SIM_PROGRAM_FROM_RAW:
    do_from_raw(thread, op);
    break;
  case SIM_PROGRAM_READ_META:
  case SIM_PROGRAM_WRITE_META:
    do_meta(thread, op);
    break;
  case SIM_PROGRAM_TYPED:
  case SIM_PROGRAM_UNTYPED:
    do_type(thread, op);
    break;
  case SIM_PROGRAM_INTO_RAW:
  case SIM_PROGRAM_RENAME:
    become(program, op);
    break;
  case SIM_PROGRAM_BORROW:
    sim_execute_bind(program, op, op->bind, var_at(program, op->handle)->frame, FM_PAGE_SIZE);
    break;
  default:
    break;
  }
}

static void execute(struct sim_program_thread *thread, const struct sim_program_op *op)
{
  switch (op->code) {
  case SIM_PROGRAM_CLAIM:
    do_claim(thread, op);
    break;
  case SIM_PROGRAM_GET:
    do_get(thread, op);
    break;
  case SIM_PROGRAM_ALLOC:
  case SIM_PROGRAM_ALLOC_SEGMENT:
    do_alloc(thread, op);
    break;
  case SIM_PROGRAM_EXPECT:
    if (sim_program_value(thread->program, op->number, true) == 0)
      fail(thread, SIM_PROGRAM_CONDITION, NULL);
    break;
  case SIM_PROGRAM_EXPECT_BEGIN:
    thread->expecting = true;
    thread->answer = NULL;
    thread->jump = op->end;
    break;
  case SIM_PROGRAM_EXPECT_END:
    expect_end(thread, op);
    break;
  default:
    if (!sim_execute_more(thread, op))
      execute_handle(thread, op);
    break;
  }
}

/* Whether all names that a command needs are bound now. */
static bool can_run(const struct sim_program *program, const struct sim_program_op *op)
{
  return (op->handle == SIM_PROGRAM_NONE || program->vars[op->handle].state == SIM_PROGRAM_BOUND) &&
         (op->other == SIM_PROGRAM_NONE || program->vars[op->other].state == SIM_PROGRAM_BOUND) &&
         sim_program_is_known(program, op->address) && sim_program_is_known(program, op->number) &&
         sim_program_is_known(program, op->third);
}

void sim_program_body(struct sim_program_thread *thread)
{
  struct sim_program *program = thread->program;
  thread->expecting = false;
  for (thread->at = thread->first; thread->at < thread->end; thread->at++) {
    const struct sim_program_op *op = &program->op[thread->at];
    if (!can_run(program, op)) {
      if (thread->expecting)
        thread->at = thread->jump; /* and then nothing is to be expected of it */
      thread->expecting = false;
      continue;
    }
    execute(thread, op);
    if (program->failure.fault != SIM_PROGRAM_GOOD && program->failure.thread == thread->index)
      return;
    if (thread->expecting && thread->answer != NULL && op->code != SIM_PROGRAM_EXPECT_BEGIN)
      thread->at = thread->jump - 1; /* the first failure is what counts */
  }
}
