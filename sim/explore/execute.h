/* SPDX-License-Identifier: MPL-2.0 */
/* What execute.c and execute_more.c share.  Internal to sim/explore. */
#ifndef SIM_EXPLORE_EXECUTE_H
#define SIM_EXPLORE_EXECUTE_H

#include "sim/explore/program.h"

static inline struct sim_program_var *var_at(struct sim_program *program, int index)
{
  return &program->vars[index];
}

static inline struct fm_segment segment_of(const struct sim_program_var *var)
{
  return fm_segment_from_raw(fm_range_of(var->frame.raw, var->frame.raw + var->size));
}

static inline struct fm_frame frame_of(const struct sim_program_var *var)
{
  return fm_frame_of_slot(fm_slot_at(var->frame));
}

static inline struct fm_unique unique_of(const struct sim_program_var *var)
{
  return fm_unique_of_slot(fm_slot_at(var->frame));
}

/* Binds variable `index` (NONE: nothing) to what the operation has made. */
void sim_execute_bind(struct sim_program *program, const struct sim_program_op *op, int index,
                      fm_paddr frame, uint64_t size);
void sim_execute_bind_number(struct sim_program *program, int index, uint64_t number, bool is_word);

/* What a command answered; NULL: it succeeded.  True: it did. */
bool sim_execute_answer(struct sim_program_thread *thread, const struct sim_program_op *op,
                        const char *error);
bool sim_execute_answer_get(struct sim_program_thread *thread, const struct sim_program_op *op,
                            enum fm_get_error error);

/* The frame that the operation names by its address. */
fm_paddr sim_execute_address(struct sim_program *program, const struct sim_program_op *op);

/* An operation on segments, lists, bytes or page tables.  False: it is none of them. */
bool sim_execute_more(struct sim_program_thread *thread, const struct sim_program_op *op);

#endif
