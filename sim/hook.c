/* SPDX-License-Identifier: MPL-2.0 */
/* The hooks of the instrumented build: performs each access, with an observer around it. */
#include "sim/hook.h"

#include <string.h>

#include "sim/internal.h"

__thread struct sim_observer *sim_observer;

static void perform_byte_cas(struct fm_access *access)
{
  uint8_t seen = (uint8_t)access->expected;
  access->done =
      __atomic_compare_exchange_n((uint8_t *)access->where, &seen, (uint8_t)access->operand, false,
                                  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
  access->seen = seen;
}

static void perform_cas(struct fm_access *access)
{
  uint64_t *where = access->where;
  if (access->size == 1) {
    perform_byte_cas(access);
    return;
  }
  access->seen = access->expected;
  access->done = __atomic_compare_exchange_n(where, &access->seen, access->operand, false,
                                             __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void perform_store(const struct fm_access *access)
{
  bool release = access->order == FM_ORDER_RELEASE;
  if (access->size == 1 && release)
    __atomic_store_n((uint8_t *)access->where, (uint8_t)access->operand, __ATOMIC_RELEASE);
  else if (access->size == 1)
    __atomic_store_n((uint8_t *)access->where, (uint8_t)access->operand, __ATOMIC_RELAXED);
  else if (release)
    __atomic_store_n((uint64_t *)access->where, access->operand, __ATOMIC_RELEASE);
  else
    __atomic_store_n((uint64_t *)access->where, access->operand, __ATOMIC_RELAXED);
}

static uint64_t perform_load(const struct fm_access *access)
{
  const uint64_t *where = access->where;
  const uint8_t *byte = access->where;
  if (access->size == 1)
    return access->order == FM_ORDER_ACQUIRE ? __atomic_load_n(byte, __ATOMIC_ACQUIRE)
                                             : __atomic_load_n(byte, __ATOMIC_RELAXED);
  return access->order == FM_ORDER_ACQUIRE ? __atomic_load_n(where, __ATOMIC_ACQUIRE)
                                           : __atomic_load_n(where, __ATOMIC_RELAXED);
}

static uint64_t perform_add(const struct fm_access *access)
{
  uint64_t *where = access->where;
  return access->order == FM_ORDER_ACQ_REL
             ? __atomic_fetch_add(where, access->operand, __ATOMIC_ACQ_REL)
             : __atomic_fetch_add(where, access->operand, __ATOMIC_RELAXED);
}

static void perform_fence(struct fm_access *access)
{
#if FM_UNDER_TSAN
  (void)__atomic_load_n((uint64_t *)access->where, __ATOMIC_ACQUIRE);
#else
  (void)access;
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
#endif
}

#if FM_UNDER_TSAN
/*
 * The thread sanitizer performs an atomic access with a lock of its own held.  If there is no
 * memory, the trap leaves from inside of it, the lock stays, and whoever next comes to the
 * address, be it in another machine, waits for ever.  So the fault is taken here, before it.
 */
__attribute__((noinline, no_sanitize("thread"))) static void touch(const struct fm_access *access)
{
  bool plain = access->kind == FM_ACCESS_READ || access->kind == FM_ACCESS_WRITE;
  if (!plain && access->kind != FM_ACCESS_CALL)
    (void)*(const volatile uint8_t *)access->where;
}
#endif

void sim_hook_perform(struct fm_access *access)
{
  uint64_t *word = access->where;

#if FM_UNDER_TSAN
  touch(access);
#endif
  switch (access->kind) {
  case FM_ACCESS_LOAD:
    access->seen = perform_load(access);
    break;
  case FM_ACCESS_STORE:
    perform_store(access);
    break;
  case FM_ACCESS_CAS:
    perform_cas(access);
    break;
  case FM_ACCESS_ADD:
    access->seen = perform_add(access);
    break;
  case FM_ACCESS_SUB:
    access->seen = __atomic_fetch_sub(word, access->operand, __ATOMIC_RELEASE);
    break;
  case FM_ACCESS_FENCE:
    perform_fence(access);
    break;
  case FM_ACCESS_READ:
    if (access->size == sizeof(uint64_t)) /* anywhere: bytes of a frame are not aligned */
      memcpy(&access->seen, access->where, sizeof(access->seen));
    break;
  case FM_ACCESS_WRITE:
    memcpy(access->where, access->buffer, access->size);
    break;
  case FM_ACCESS_CALL:
    break;
  }
}

void fm_hook_access(struct fm_access *access)
{
  struct sim_observer *observer = sim_observer;
  if (observer != NULL && observer->access != NULL) {
    observer->access(observer, access);
    return;
  }
  sim_hook_perform(access);
  if (observer != NULL)
    observer->after(observer, access);
}

void fm_hook_spin(enum fm_site site)
{
  struct sim_observer *observer = sim_observer;
  if (observer != NULL)
    observer->spin(observer, site);
  else
    __builtin_ia32_pause();
}

bool fm_hook_alloc(uint64_t size)
{
  struct sim_machine *machine = sim_machine_here;
  (void)size;
  return machine != NULL && machine->fail_alloc != 0 && --machine->fail_alloc == 0;
}

void fm_hook_memory(enum fm_memory_event event, uint64_t start, uint64_t size)
{
  const struct sim_machine *machine = sim_machine_here;
  if (machine != NULL && machine->watch_memory != NULL)
    machine->watch_memory(event, fm_paddr_of(start), size, machine->watch_memory_data);
}
