/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The ends of kernel code: panics, page faults, and a host without room.
 *
 * Each thread or fiber that runs kernel code has a trap to jump back to.  The signal
 * handlers are installed with SA_NODEFER, so that a jump out of one needs no system call
 * to unblock the signal.  A fault outside of kernel code is ours: the default action
 * takes its course.
 */
#include <fm_config.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sim/internal.h"
#include "sim/museum/unwind.h"

static __thread struct sim_trap *this_trap;

struct sim_trap *sim_trap_get(void)
{
  return this_trap;
}

void sim_trap_set(struct sim_trap *trap)
{
  this_trap = trap;
}

FM_NORETURN static void end_with(enum sim_end end)
{
  struct sim_trap *trap = this_trap;
  trap->end = end;
  siglongjmp(trap->back, 1);
}

void fm_port_panic(const char *text)
{
  if (this_trap == NULL)
    g_error("kernel panic outside of a guarded call: %s", text);
  g_strlcpy(this_trap->text, text, sizeof(this_trap->text));
  end_with(SIM_END_PANIC);
}

void sim_trap_abandon(void)
{
  end_with(SIM_END_ABANDONED);
}

bool sim_trap_try(void (*body)(void *data), void *data, struct sim_trap *ret_trap)
{
  g_assert(this_trap == NULL);
  ret_trap->end = SIM_END_DONE;
  if (sigsetjmp(ret_trap->back, FM_UNDER_TSAN) == 0) {
    this_trap = ret_trap;
    body(data);
  }
  this_trap = NULL;
  return ret_trap->end == SIM_END_DONE;
}

void sim_trap_raise(const struct sim_trap *trap)
{
  if (this_trap == NULL)
    g_error("outside of a guarded call: %s", trap->text);
  g_strlcpy(this_trap->text, trap->text, sizeof(this_trap->text));
  end_with(trap->end);
}

void sim_unwind(void)
{
  if (this_trap == NULL)
    g_error("unwinding outside of a guarded call");
  end_with(SIM_END_UNWOUND);
}

bool sim_unwind_catch(void (*body)(void *data), void *data)
{
  struct sim_trap *outer = this_trap;
  struct sim_trap inner;
  inner.end = SIM_END_DONE;
  if (sigsetjmp(inner.back, FM_UNDER_TSAN) == 0) {
    this_trap = &inner;
    body(data);
  }
  this_trap = outer;
  if (inner.end != SIM_END_DONE && inner.end != SIM_END_UNWOUND)
    sim_trap_raise(&inner);
  return inner.end == SIM_END_DONE;
}

/* Says which kernel address a process address stands for.  The linear mapping and the
 * image share a window, so beyond its end both are possible. */
static void describe_fault(uint64_t address, char *text, size_t size)
{
  if (address >= FM_META_WINDOW && address - FM_META_WINDOW < FM_META_END - FM_META_BASE)
    g_snprintf(text, size,
               "page fault: the kernel reached for the slot at 0x%" PRIx64
               ", where nothing is mapped",
               address - FM_META_WINDOW + FM_META_BASE);
  else
    g_snprintf(text, size,
               "page fault: nothing is mapped where the kernel reached: 0x%" PRIx64
               " if it meant the image, 0x%" PRIx64 " if the linear mapping",
               address - FM_LINEAR_WINDOW + FM_IMAGE_BASE,
               address - FM_LINEAR_WINDOW + FM_LINEAR_BASE);
}

static bool in_windows(uint64_t address)
{
  const struct sim_machine *machine = sim_machine_here;
  if (machine == NULL)
    return false;
  return (address >= FM_LINEAR_WINDOW && address - FM_LINEAR_WINDOW < machine->linear_mapped) ||
         (address >= FM_META_WINDOW && address - FM_META_WINDOW < machine->meta_mapped);
}

static void on_signal(int signal_number, siginfo_t *info, void *context)
{
  (void)context;
  uint64_t address = (uint64_t)(uintptr_t)info->si_addr;

  if (this_trap == NULL) {
    (void)signal(signal_number, SIG_DFL);
    return; /* the access is repeated, and now it is fatal */
  }
  if (signal_number == SIGBUS && in_windows(address)) {
    /* A writer's page could not be given memory; a reader's is not there any more. */
    g_strlcpy(
        this_trap->text,
        sim_machine_here->ram.readonly
            ? "the RAM file was cut short while it was looked at: somebody boots a new "
              "machine in it"
            : "the RAM file has no room left: the file system or the memory it lies in is full",
        sizeof(this_trap->text));
    end_with(SIM_END_HOST);
  }
  /* A non-canonical address comes without its value. */
  if (info->si_code == SI_KERNEL)
    g_strlcpy(this_trap->text, "general protection fault: access to a non-canonical address",
              sizeof(this_trap->text));
  else
    describe_fault(address, this_trap->text, sizeof(this_trap->text));
  end_with(SIM_END_PANIC);
}

void sim_trap_install(void)
{
  static gsize installed;
  if (!g_once_init_enter(&installed))
    return;
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER};
  (void)sigemptyset(&action.sa_mask);
  (void)sigaction(SIGSEGV, &action, NULL);
  (void)sigaction(SIGBUS, &action, NULL);
  g_once_init_leave(&installed, 1);
}

/* Of several threads the first one says why. */
static void keep_panic(sim_machine *machine, const char *text)
{
  char *copy = g_strdup(text);
  if (!g_atomic_pointer_compare_and_exchange(&machine->panic, NULL, copy))
    g_free(copy);
}

enum sim_end sim_guard_run(sim_machine *machine, void (*body)(void *data), void *data)
{
  struct sim_trap trap;
  trap.end = SIM_END_DONE;

  g_assert(this_trap == NULL);
  if (g_atomic_pointer_get(&machine->panic) != NULL)
    return SIM_END_PANIC;
  /* The thread sanitizer's handlers block all signals whatever we ask for, so there the jump
   * has to restore them. */
  if (sigsetjmp(trap.back, FM_UNDER_TSAN) == 0) {
    this_trap = &trap;
    body(data);
  }
  this_trap = NULL;
  if (trap.end == SIM_END_PANIC || trap.end == SIM_END_HOST)
    keep_panic(machine, trap.text);
  return trap.end;
}
