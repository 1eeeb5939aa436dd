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
  /* Instead of performing the access and `after`, if not NULL: does both. */
  void (*access)(struct sim_observer *observer, struct fm_access *access);
  /* Bytes of RAM are about to be reached through the linear window; NULL: of no interest. */
  void (*reach)(struct sim_observer *observer, void *where, uint64_t size);
};

extern __thread struct sim_observer *sim_observer;

/* Does what the access says, and fills in what it saw. */
void sim_hook_perform(struct fm_access *access);

#endif
