/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Single memory accesses by the emulator's processor, and which exception each one raises.
 *
 * cpu_begin() takes a page that the supervisor may read, write and execute, and puts there what
 * a processor needs: instructions, descriptors, a stack.  An access is one instruction,
 * stepped; what it raises ends at the first instruction of a handler, which is never run.
 *
 * A fetch needs something to be fetched: where it is going to succeed, there is a `nop` for
 * that time.  Only the memory of the emulator is changed, and there are the marks in its page
 * tables.  One thread.
 */
#ifndef FM_TESTS_EMULATOR_CPU_H
#define FM_TESTS_EMULATOR_CPU_H

#include <sim/mmu.h>

enum { CPU_NO_EXCEPTION = 0, CPU_GENERAL_PROTECTION = 13, CPU_PAGE_FAULT = 14 };

struct cpu_outcome {
  unsigned vector;
  uint32_t code;    /* of an exception */
  uint64_t address; /* CR2, of a page fault */
  uint8_t byte;     /* that was read */
};

/* The processor's page; `root` are the tables that map it, used from now on. */
void cpu_begin(uint64_t root, uint64_t va, uint64_t paddr);

/* A page that users may execute, for accesses from user mode. */
void cpu_user_page(uint64_t va, uint64_t paddr);

/* `byte`: what a write writes; `paddr`: where a fetch goes, 0 if nowhere. */
struct cpu_outcome cpu_access(struct sim_request request, uint8_t byte, uint64_t paddr);

#endif
