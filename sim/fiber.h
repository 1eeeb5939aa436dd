/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fibers: stacks that the process switches between without a system call.
 *
 * A fiber runs from sim_fiber_resume() until it yields or its body returns.  All fibers of
 * a thread belong to that thread.  A fiber that is freed before its body returned is cut
 * off: what its stack owned is lost, so owners live outside.
 */
#ifndef SIM_FIBER_H
#define SIM_FIBER_H

#include <glib.h>
#include <stdbool.h>

typedef struct sim_fiber sim_fiber;

/* A stack of 256 KiB with a guard page below it.  NULL: the host has no memory for it.  Some
 * stacks are kept for the next ones. */
sim_fiber *sim_fiber_new(void (*body)(void *data), void *data);

/* The same with a stack of `size` bytes, a multiple of 4096. */
sim_fiber *sim_fiber_new_large(gsize size, void (*body)(void *data), void *data);
sim_fiber *sim_fiber_free(sim_fiber *fiber);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_fiber, sim_fiber_free)

/* Begins again with its body, wherever it rests or ended.  What its stack owned is lost. */
void sim_fiber_restart(sim_fiber *fiber);

/* Lets it run; returns when it yields or ends.  False: its body has returned. */
bool sim_fiber_resume(sim_fiber *fiber);

/* Within a fiber: back to whoever resumed it. */
void sim_fiber_yield(void);

/* The fiber that runs now; NULL: none, the thread itself. */
sim_fiber *sim_fiber_current(void);

bool sim_fiber_is_done(const sim_fiber *fiber);

#endif
