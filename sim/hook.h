/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Who watches the accesses of the instrumented build.
 *
 * The observer is a property of the thread; whoever switches fibers sets it together with
 * the CPU.  It is called after the access was performed, and may run other fibers before
 * it returns.
 */
#ifndef SIM_HOOK_H
#define SIM_HOOK_H

#include <fm/site.h>

struct sim_observer {
  void (*after)(struct sim_observer *observer, const struct fm_access *access);
  /* The CPU waits for another one; returns when it should look again. */
  void (*spin)(struct sim_observer *observer, enum fm_site site);
};

extern __thread struct sim_observer *sim_observer;

#endif
