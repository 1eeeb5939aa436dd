/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fibers for x86-64.  A switch stores the registers that a called function must keep, swaps
 * the stack pointers and goes on.  (swapcontext() would do, but it makes a system call to
 * change the signal mask each time.)  The sanitizers are told of each switch.
 */
#include "sim/fiber.h"

#include <fm_config.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#if FM_UNDER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if FM_UNDER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#define STACK_SIZE (256u * 1024u)
#define GUARD_SIZE 4096u

/* Stacks that are kept for the next fibers: a script may start two threads in every turn of a
 * loop, and mapping stacks would take most of its time. */
#define SPARE_STACKS 4u

struct sim_fiber {
  void *sp;         /* of the fiber while it rests */
  void *resumer_sp; /* of its resumer while it runs */
  sim_fiber *resumer;
  uint8_t *stack; /* the mapping, guard included */
  gsize size;     /* without the guard */
  void (*body)(void *data);
  void *data;
  bool done;
#if FM_UNDER_ASAN
  void *fake_stack;
  void *resumer_fake_stack;
  const void *resumer_bottom;
  size_t resumer_size;
#endif
#if FM_UNDER_TSAN
  void *tsan;
  void *resumer_tsan;
#endif
};

static __thread sim_fiber *current;
static __thread uint8_t *spare_stacks[SPARE_STACKS];
static __thread guint spares;

/* Saves this stack in *save and goes on with `load`. */
void sim__fiber_switch(void **save, void *load);

__asm__(".text\n"
        ".p2align 4\n"
        ".globl sim__fiber_switch\n"
        ".hidden sim__fiber_switch\n"
        ".type sim__fiber_switch, @function\n"
        "sim__fiber_switch:\n"
        "  pushq %rbp\n"
        "  pushq %rbx\n"
        "  pushq %r12\n"
        "  pushq %r13\n"
        "  pushq %r14\n"
        "  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq %rsi, %rsp\n"
        "  popq %r15\n"
        "  popq %r14\n"
        "  popq %r13\n"
        "  popq %r12\n"
        "  popq %rbx\n"
        "  popq %rbp\n"
        "  ret\n"
        ".size sim__fiber_switch, .-sim__fiber_switch\n");

/* Sanitizer bookkeeping around a switch into `fiber`, and out of it. */
static void announce_enter(sim_fiber *fiber)
{
#if FM_UNDER_ASAN
  __sanitizer_start_switch_fiber(&fiber->resumer_fake_stack, fiber->stack + GUARD_SIZE,
                                 fiber->size);
#endif
#if FM_UNDER_TSAN
  fiber->resumer_tsan = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(fiber->tsan, 0);
#endif
  (void)fiber;
}

static void announce_entered(sim_fiber *fiber)
{
#if FM_UNDER_ASAN
  __sanitizer_finish_switch_fiber(fiber->fake_stack, &fiber->resumer_bottom, &fiber->resumer_size);
#endif
  (void)fiber;
}

static void announce_leave(sim_fiber *fiber)
{
#if FM_UNDER_ASAN
  __sanitizer_start_switch_fiber(fiber->done ? NULL : &fiber->fake_stack, fiber->resumer_bottom,
                                 fiber->resumer_size);
#endif
#if FM_UNDER_TSAN
  __tsan_switch_to_fiber(fiber->resumer_tsan, 0);
#endif
  (void)fiber;
}

static void announce_left(sim_fiber *fiber)
{
#if FM_UNDER_ASAN
  __sanitizer_finish_switch_fiber(fiber->resumer_fake_stack, NULL, NULL);
#endif
  (void)fiber;
}

static void start(void)
{
  sim_fiber *fiber = current;
  announce_entered(fiber);
  fiber->body(fiber->data);
  fiber->done = true;
  sim_fiber_yield();
  g_assert_not_reached();
}

/* The first switch into a fresh stack pops six registers and returns into start(), whose
 * stack then is aligned as after a call. */
static void *fresh_stack(uint8_t *top)
{
  uint64_t *sp = (uint64_t *)(void *)top;
  *--sp = 0; /* where start() would return to, but it never does */
  *--sp = (uint64_t)(uintptr_t)start;
  for (int i = 0; i < 6; i++)
    *--sp = 0;
  return sp;
}

sim_fiber *sim_fiber_new(void (*body)(void *data), void *data)
{
  return sim_fiber_new_large(STACK_SIZE, body, data);
}

/* Guard included; NULL: the host has no memory for it. */
static uint8_t *take_stack(gsize size)
{
  if (size == STACK_SIZE && spares != 0)
    return spare_stacks[--spares];
  uint8_t *stack = mmap(NULL, size + GUARD_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED)
    return NULL;
  (void)mprotect(stack, GUARD_SIZE, PROT_NONE);
  return stack;
}

static void give_stack(uint8_t *stack, gsize size)
{
  if (size != STACK_SIZE || spares == SPARE_STACKS) {
    (void)munmap(stack, size + GUARD_SIZE);
    return;
  }
#if FM_UNDER_ASAN
  /* A fiber that was cut off has left its frames there. */
  __asan_unpoison_memory_region(stack + GUARD_SIZE, size);
#endif
  spare_stacks[spares++] = stack;
}

sim_fiber *sim_fiber_new_large(gsize size, void (*body)(void *data), void *data)
{
  uint8_t *stack = take_stack(size);
  if (stack == NULL)
    return NULL;
  sim_fiber *fiber = g_new0(sim_fiber, 1);
  fiber->stack = stack;
  fiber->size = size;
  fiber->body = body;
  fiber->data = data;
  fiber->sp = fresh_stack(stack + GUARD_SIZE + size);
#if FM_UNDER_TSAN
  fiber->tsan = __tsan_create_fiber(0);
#endif
  return fiber;
}

sim_fiber *sim_fiber_free(sim_fiber *fiber)
{
  if (fiber == NULL)
    return NULL;
  g_assert(fiber != current);
#if FM_UNDER_TSAN
  __tsan_destroy_fiber(fiber->tsan);
#endif
  give_stack(fiber->stack, fiber->size);
  g_free(fiber);
  return NULL;
}

void sim_fiber_restart(sim_fiber *fiber)
{
  g_assert(fiber != current);
#if FM_UNDER_ASAN
  __asan_unpoison_memory_region(fiber->stack + GUARD_SIZE, fiber->size);
  fiber->fake_stack = NULL;
#endif
#if FM_UNDER_TSAN
  __tsan_destroy_fiber(fiber->tsan);
  fiber->tsan = __tsan_create_fiber(0);
#endif
  fiber->sp = fresh_stack(fiber->stack + GUARD_SIZE + fiber->size);
  fiber->done = false;
}

bool sim_fiber_resume(sim_fiber *fiber)
{
  g_assert(!fiber->done && fiber != current);
  fiber->resumer = current;
  current = fiber;
  announce_enter(fiber);
  sim__fiber_switch(&fiber->resumer_sp, fiber->sp);
  announce_left(fiber);
  current = fiber->resumer;
  return !fiber->done;
}

void sim_fiber_yield(void)
{
  sim_fiber *fiber = current;
  announce_leave(fiber);
  sim__fiber_switch(&fiber->sp, fiber->resumer_sp);
  announce_entered(fiber);
}

sim_fiber *sim_fiber_current(void)
{
  return current;
}

bool sim_fiber_is_done(const sim_fiber *fiber)
{
  return fiber->done;
}
