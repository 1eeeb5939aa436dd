/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Why is this frame as it is: every step of a run that changed its slot.
 *
 * The slot is looked at after each access and at both ends of each step, and what is
 * different belongs to the step that runs.  So nothing is missed: not the allocator's own
 * frames, not links of lists, not what `poke` does.  In the native build, where there are no
 * accesses to follow, there are no threads either.
 *
 * What counts as a change: the count, the type, the list, and while the frame is in use the
 * metadata.  Not the bytes of the frame itself.
 */
#ifndef SIM_SCRIPT_WHY_H
#define SIM_SCRIPT_WHY_H

#include "sim/script/interp.h"

/* ---- One slot, and what it was when it was last looked at ---- */

struct sim_slot_watch {
  fm_paddr frame;
  bool known; /* else there was no machine, or no such frame, the last time */
  struct fm_slot_view view;
  uint8_t storage[FM_META_MAX_SIZE];
  char text[96]; /* "shared 1, anon" */
};

/* Looks again.  True: it is not as it was; ret_before has the text of that. */
bool sim_slot_watch_look(struct sim_slot_watch *watch, const sim_run *run, char ret_before[96]);

/* ---- All changes of one frame ---- */

struct sim_why_change {
  uint64_t step;
  const struct sim_command *command;
  const char *thread; /* the script's: "main", or its label */
  uint32_t cpu;
  char *before; /* its first change of the slot */
  char *after;  /* its last one */
};

typedef struct sim_why sim_why;

/* `frame` is a multiple of 4096. */
sim_why *sim_why_new(fm_paddr frame);
sim_why *sim_why_free(sim_why *why);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_why, sim_why_free)

/* For sim_run_options: borrowed; `next` may be set. */
struct sim_run_watcher *sim_why_watcher(sim_why *why);

/* Of struct sim_why_change, in the order in which the steps first changed it; borrowed.  What
 * they point to lives as long as the script. */
const GArray *sim_why_changes(const sim_why *why);

/* All of it as lines for people, without the last newline; newly allocated. */
char *sim_why_to_string(const sim_why *why);

#endif
