/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Atomic and shared plain accesses.  The memory order is part of the operation's name,
 * and each call names its site (fm/site.h).  src/ uses no other atomic operation.
 *
 * Native build: the C11 operation of that order and nothing else.  (Spelt with the
 * compiler's builtins, which are what <stdatomic.h> expands to: so the slot is a plain
 * struct that C++ can include and that a file can be mapped over.)
 * Instrumented build (FM_INSTRUMENTED): the access is handed to fm_hook_access(), which
 * performs it and may let other CPUs run before and after.
 *
 * Locations are 64-bit words, and bytes for locks, in simulated RAM.  Any CPU, any time.
 */
#ifndef FM_ATOMIC_H
#define FM_ATOMIC_H

#include <fm/port.h>
#include <fm/site.h>
#include <fm/types.h>
#include <fm_config.h>

#ifdef FM_INSTRUMENTED

static inline uint64_t fm_access_word(enum fm_site site, enum fm_access_kind kind,
                                      enum fm_order order, const uint64_t *where, uint64_t operand)
{
  struct fm_access access = {};
  access.site = site;
  access.kind = kind;
  access.order = order;
  access.size = sizeof(uint64_t);
  access.where = (void *)(uintptr_t)where;
  access.operand = operand;
  fm_hook_access(&access);
  return access.seen;
}

static inline uint64_t fm_load_relaxed(enum fm_site site, const uint64_t *where)
{
  return fm_access_word(site, FM_ACCESS_LOAD, FM_ORDER_RELAXED, where, 0);
}

static inline uint64_t fm_load_acquire(enum fm_site site, const uint64_t *where)
{
  return fm_access_word(site, FM_ACCESS_LOAD, FM_ORDER_ACQUIRE, where, 0);
}

static inline uint64_t fm_fetch_add_acq_rel(enum fm_site site, uint64_t *where, uint64_t value)
{
  return fm_access_word(site, FM_ACCESS_ADD, FM_ORDER_ACQ_REL, where, value);
}

static inline uint8_t fm_access_byte(enum fm_site site, enum fm_access_kind kind,
                                     enum fm_order order, const uint8_t *where, uint8_t operand)
{
  struct fm_access access = {};
  access.site = site;
  access.kind = kind;
  access.order = order;
  access.size = sizeof(*where);
  access.where = (void *)(uintptr_t)where;
  access.operand = operand;
  fm_hook_access(&access);
  return (uint8_t)access.seen;
}

static inline uint8_t fm_load_relaxed_byte(enum fm_site site, const uint8_t *where)
{
  return fm_access_byte(site, FM_ACCESS_LOAD, FM_ORDER_RELAXED, where, 0);
}

static inline uint8_t fm_load_acquire_byte(enum fm_site site, const uint8_t *where)
{
  return fm_access_byte(site, FM_ACCESS_LOAD, FM_ORDER_ACQUIRE, where, 0);
}

static inline void fm_store_relaxed_byte(enum fm_site site, uint8_t *where, uint8_t value)
{
  fm_access_byte(site, FM_ACCESS_STORE, FM_ORDER_RELAXED, where, value);
}

static inline void fm_store_release_byte(enum fm_site site, uint8_t *where, uint8_t value)
{
  fm_access_byte(site, FM_ACCESS_STORE, FM_ORDER_RELEASE, where, value);
}

static inline bool fm_cas_weak_acquire_byte(enum fm_site site, uint8_t *where, uint8_t *expected,
                                            uint8_t desired)
{
  struct fm_access access = {};
  access.site = site;
  access.kind = FM_ACCESS_CAS;
  access.order = FM_ORDER_ACQUIRE;
  access.size = sizeof(desired);
  access.where = where;
  access.operand = desired;
  access.expected = *expected;
  fm_hook_access(&access);
  *expected = (uint8_t)access.seen;
  return access.done;
}

static inline void fm_store_relaxed(enum fm_site site, uint64_t *where, uint64_t value)
{
  fm_access_word(site, FM_ACCESS_STORE, FM_ORDER_RELAXED, where, value);
}

static inline void fm_store_release(enum fm_site site, uint64_t *where, uint64_t value)
{
  fm_access_word(site, FM_ACCESS_STORE, FM_ORDER_RELEASE, where, value);
}

static inline uint64_t fm_fetch_add_relaxed(enum fm_site site, uint64_t *where, uint64_t value)
{
  return fm_access_word(site, FM_ACCESS_ADD, FM_ORDER_RELAXED, where, value);
}

static inline uint64_t fm_fetch_sub_release(enum fm_site site, uint64_t *where, uint64_t value)
{
  return fm_access_word(site, FM_ACCESS_SUB, FM_ORDER_RELEASE, where, value);
}

static inline bool fm_cas_strong_acquire(enum fm_site site, uint64_t *where, uint64_t *expected,
                                         uint64_t desired)
{
  struct fm_access access = {};
  access.site = site;
  access.kind = FM_ACCESS_CAS;
  access.order = FM_ORDER_ACQUIRE;
  access.size = sizeof(uint64_t);
  access.where = where;
  access.operand = desired;
  access.expected = *expected;
  fm_hook_access(&access);
  *expected = access.seen;
  return access.done;
}

static inline bool fm_cas_weak_acquire(enum fm_site site, uint64_t *where, uint64_t *expected,
                                       uint64_t desired)
{
  return fm_cas_strong_acquire(site, where, expected, desired);
}

static inline void fm_acquire_fence_for(enum fm_site site, uint64_t *where)
{
  fm_access_word(site, FM_ACCESS_FENCE, FM_ORDER_ACQUIRE, where, 0);
}

static inline uint64_t fm_read_word(enum fm_site site, const uint64_t *where)
{
  return fm_access_word(site, FM_ACCESS_READ, FM_ORDER_PLAIN, where, 0);
}

static inline void fm_write_word(enum fm_site site, uint64_t *where, uint64_t value)
{
  struct fm_access access = {};
  access.site = site;
  access.kind = FM_ACCESS_WRITE;
  access.size = sizeof(value);
  access.where = where;
  access.buffer = &value;
  access.operand = value;
  fm_hook_access(&access);
}

static inline void fm_write_bytes(enum fm_site site, void *where, const void *from, uint32_t size)
{
  struct fm_access access = {};
  access.site = site;
  access.kind = FM_ACCESS_WRITE;
  access.size = size;
  access.where = where;
  access.buffer = (void *)(uintptr_t)from;
  fm_hook_access(&access);
}

/* Says that `size` bytes at `where` are about to be read plainly; reads nothing. */
static inline void fm_note_read(enum fm_site site, const void *where, uint32_t size)
{
  struct fm_access access = {};
  access.site = site;
  access.kind = FM_ACCESS_READ;
  access.size = size;
  access.where = (void *)(uintptr_t)where;
  fm_hook_access(&access);
}

/* Says that a step of an operation has just been done. */
static inline void fm_note_step(enum fm_site site, const void *where)
{
  struct fm_access access = {};
  access.site = site;
  access.kind = FM_ACCESS_CALL;
  access.where = (void *)(uintptr_t)where;
  fm_hook_access(&access);
}

#else /* native */

static inline uint64_t fm_load_relaxed(enum fm_site site, const uint64_t *where)
{
  (void)site;
  return __atomic_load_n(where, __ATOMIC_RELAXED);
}

static inline uint64_t fm_load_acquire(enum fm_site site, const uint64_t *where)
{
  (void)site;
  return __atomic_load_n(where, __ATOMIC_ACQUIRE);
}

static inline uint64_t fm_fetch_add_acq_rel(enum fm_site site, uint64_t *where, uint64_t value)
{
  (void)site;
  return __atomic_fetch_add(where, value, __ATOMIC_ACQ_REL);
}

static inline void fm_store_release_byte(enum fm_site site, uint8_t *where, uint8_t value)
{
  (void)site;
  __atomic_store_n(where, value, __ATOMIC_RELEASE);
}

static inline uint8_t fm_load_relaxed_byte(enum fm_site site, const uint8_t *where)
{
  (void)site;
  return __atomic_load_n(where, __ATOMIC_RELAXED);
}

static inline void fm_store_relaxed_byte(enum fm_site site, uint8_t *where, uint8_t value)
{
  (void)site;
  __atomic_store_n(where, value, __ATOMIC_RELAXED);
}

static inline uint8_t fm_load_acquire_byte(enum fm_site site, const uint8_t *where)
{
  (void)site;
  return __atomic_load_n(where, __ATOMIC_ACQUIRE);
}

static inline bool fm_cas_weak_acquire_byte(enum fm_site site, uint8_t *where, uint8_t *expected,
                                            uint8_t desired)
{
  (void)site;
  return __atomic_compare_exchange_n(where, expected, desired, true, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED);
}

static inline void fm_store_relaxed(enum fm_site site, uint64_t *where, uint64_t value)
{
  (void)site;
  __atomic_store_n(where, value, __ATOMIC_RELAXED);
}

static inline void fm_store_release(enum fm_site site, uint64_t *where, uint64_t value)
{
  (void)site;
  __atomic_store_n(where, value, __ATOMIC_RELEASE);
}

static inline uint64_t fm_fetch_add_relaxed(enum fm_site site, uint64_t *where, uint64_t value)
{
  (void)site;
  return __atomic_fetch_add(where, value, __ATOMIC_RELAXED);
}

static inline uint64_t fm_fetch_sub_release(enum fm_site site, uint64_t *where, uint64_t value)
{
  (void)site;
  return __atomic_fetch_sub(where, value, __ATOMIC_RELEASE);
}

/* On failure *expected becomes the value seen (relaxed). */
static inline bool fm_cas_strong_acquire(enum fm_site site, uint64_t *where, uint64_t *expected,
                                         uint64_t desired)
{
  (void)site;
  return __atomic_compare_exchange_n(where, expected, desired, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED);
}

/* As above, and may fail although the value is the expected one. */
static inline bool fm_cas_weak_acquire(enum fm_site site, uint64_t *where, uint64_t *expected,
                                       uint64_t desired)
{
  (void)site;
  return __atomic_compare_exchange_n(where, expected, desired, true, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED);
}

/*
 * Orders what follows after the release operations whose values were read from `where`.
 * The thread sanitizer does not understand fences, so there it is an acquire load of the
 * same location, which is at least as strong.
 */
static inline void fm_acquire_fence_for(enum fm_site site, uint64_t *where)
{
  (void)site;
#if FM_UNDER_TSAN
  (void)__atomic_load_n(where, __ATOMIC_ACQUIRE);
#else
  (void)where;
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
#endif
}

static inline uint64_t fm_read_word(enum fm_site site, const uint64_t *where)
{
  (void)site;
  return *where;
}

static inline void fm_write_word(enum fm_site site, uint64_t *where, uint64_t value)
{
  (void)site;
  *where = value;
}

static inline void fm_write_bytes(enum fm_site site, void *where, const void *from, uint32_t size)
{
  (void)site;
  if (size != 0)
    __builtin_memcpy(where, from, size);
}

static inline void fm_note_read(enum fm_site site, const void *where, uint32_t size)
{
  (void)site;
  (void)where;
  (void)size;
}

static inline void fm_note_step(enum fm_site site, const void *where)
{
  (void)site;
  (void)where;
}

#endif

/* A CPU waits for another one to go on.  If there is none, the machine ends. */
static inline void fm_spin_hint(enum fm_site site)
{
#ifdef FM_INSTRUMENTED
  fm_hook_spin(site);
#else
  (void)site;
  if (FM_UNLIKELY(__atomic_load_n(&fm_port_this_cpu.alone, __ATOMIC_RELAXED)))
    fm_port_panic("a lock is held that nobody will give back");
  __builtin_ia32_pause();
#endif
}

#endif
