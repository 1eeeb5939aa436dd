/* SPDX-License-Identifier: MPL-2.0 */
/* The lock of fm/alloc.h, inline: it is half of what a short critical section costs. */
#ifndef SRC_ALLOC_LOCK_H
#define SRC_ALLOC_LOCK_H

#include <fm/alloc.h>

static inline void fm__spin_lock(struct fm_spinlock *lock, enum fm_site site)
{
  for (;;) {
    /* alloc.lock, acquire: pairs with the release of alloc.unlock in fm__spin_unlock():
     * what the last holder wrote under the lock is seen. */
    uint64_t seen = 0;
    if (FM_LIKELY(fm_cas_weak_acquire(site, &lock->held, &seen, 1)))
      return;
    fm_spin_hint(site);
  }
}

static inline void fm__spin_unlock(struct fm_spinlock *lock, enum fm_site site)
{
  /* alloc.unlock, release: pairs with the acquire of alloc.lock in fm__spin_lock(). */
  fm_store_release(site, &lock->held, 0);
}

#endif
