/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the verbs that call operations have in common.
 *
 * A verb looks at its arguments first, then calls one operation of the table, then binds
 * what came of it.  While the operation is under way other threads may run, so its handles
 * are either consumed before, or marked as taken or borrowed.
 */
#ifndef SIM_SCRIPT_OPERATE_H
#define SIM_SCRIPT_OPERATE_H

#include "sim/script/interp.h"

/* One call of an operation, as sim_guard_run() needs it: arguments and results. */
struct sim_call {
  const struct fm_ops *ops;
  struct fm_kernel *kernel;
  fm_paddr frame;
  struct fm_range range;
  fm_meta_id type;
  uint8_t meta[FM_META_MAX_SIZE];
  bool unique;
  bool back;  /* of a list, not its front */
  bool dirty; /* not zeroed */
  uint64_t frames;
  struct sim_handle *handle; /* that the operation works on */
  struct sim_handle *other;
  uint8_t bytes[8]; /* of a number that is read or written */
  uint64_t count;   /* of such numbers */
  uint64_t item;    /* bytes of one */
  enum fm_get_error error;
  enum fm_alloc_error alloc_error;
  bool done;
  struct fm_slot *slot;
  struct fm_segment segment;
  struct fm_segment rest;
  struct fm_cursor cursor;
};

struct sim_call sim_call_new(const sim_run *run);

/* The handle's frame, range or segment, as operations take them. */
struct fm_frame sim_handle_frame(const struct sim_handle *handle);
struct fm_unique sim_handle_unique(const struct sim_handle *handle);
struct fm_segment sim_handle_segment(const struct sim_handle *handle);

/* `as TYPE` (anon if it is not there) and `meta NUMBER`, which fills the first bytes. */
bool sim_call_type(sim_run *run, const struct sim_command *command, struct sim_call *call);

/* The command's HANDLE, if it is of one of these kinds (a set of bits); NULL: reported. */
#define SIM_KIND(kind) (1u << SIM_HANDLE_##kind)
struct sim_handle *sim_call_handle(sim_run *run, const struct sim_command *command,
                                   const char *slot, guint kinds, bool borrow);

/* Runs the operation on call->handle (and call->other), which no other thread may touch
 * meanwhile.  Frames whose counts it changes were touched before (sim_run_touch). */
enum sim_flow sim_call_taking(sim_run *run, struct sim_call *call, void (*body)(void *data));

/* The same, while other threads may read the handle too. */
enum sim_flow sim_call_borrowing(sim_run *run, struct sim_call *call, void (*body)(void *data));

/* The handle becomes another one, under the name after `->` or under its own. */
enum sim_flow sim_call_succeed(sim_run *run, const struct sim_command *command,
                               struct sim_handle *handle, const struct sim_handle *made);

/* After a claim by address: a finding if the allocator holds one of the frames as free. */
void sim_run_check_claimed(sim_run *run, const struct sim_command *command, struct fm_range range);

/* Whether the handle's own type says that its frames are untyped; false: reported. */
bool sim_run_must_be_untyped(sim_run *run, const struct sim_expr *expr,
                             const struct sim_handle *handle);

/* An access to the memory of a process, at `at ADDR`; *ret_go_on: it was made. */
enum sim_flow sim_process_verb(sim_run *run, const struct sim_command *command,
                               struct sim_handle *handle, enum sim_access access, uint64_t *number,
                               uint32_t bytes, bool *ret_go_on);

/* `next` on a segment. */
enum sim_flow sim_segment_next(sim_run *run, const struct sim_command *command,
                               struct sim_handle *handle);

#endif
