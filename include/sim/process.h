/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A small operating system on top of the kernel side: processes with areas of memory, faults
 * that it resolves, copy on write by reference count, and translations that are flushed, or
 * not.
 *
 * Everything that changes frames or page tables goes through the table of operations.  What
 * is kept here is what a kernel would keep beside it: which areas a process has.  Private
 * pages are made on the first access; shared ones when they are mapped.  Fork lets both
 * processes see the same frames, write-protected where they are private; the first write
 * copies, and the last owner of a frame only gets its permission back.
 *
 * An operation that takes a translation away clears the entry first, then flushes it on all
 * CPUs, and only then gives the frame up.  With `flush` false it leaves the flush out, which
 * is the mistake that this shows.
 *
 * Call inside sim_guard_run(), on the CPU that the caller has entered (sim_cpu_enter()).
 * Addresses and sizes are bytes, of user space, multiples of 4096.
 */
#ifndef SIM_PROCESS_H
#define SIM_PROCESS_H

#include <sim/mmu.h>

G_BEGIN_DECLS

enum sim_os_answer {
  SIM_OS_OK,
  SIM_OS_NO_MEMORY,
  SIM_OS_INVALID_ARGS, /* unaligned, empty, or not in user space */
  SIM_OS_MAPPED,       /* another area is there */
  SIM_OS_NOT_MAPPED,   /* no area is there */
  SIM_OS_FAULT,        /* the access is not allowed: the process would get a signal */
};

/* "Ok", "NoMemory", ...: static. */
const char *sim_os_answer_name(enum sim_os_answer answer);

/* Pages [start, end) with the same rights. */
struct sim_area {
  uint64_t start;
  uint64_t end;
  uint32_t flags; /* enum fm_page_flags: read, write, exec */
  bool shared;
};

struct sim_process {
  char *name;
  struct fm_space space;
  GArray *areas; /* struct sim_area, by address, apart from each other */
};

/* An access through a TLB entry that the page tables do not bear out any more. */
struct sim_stale {
  uint32_t cpu;
  uint64_t va;
  enum sim_access access;
  const struct sim_tlb_entry *entry;
  fm_paddr frame;   /* that was reached */
  const char *text; /* what the tables say now: static */
};

/* What the caller wants to hear of.  All may be NULL. */
struct sim_os_events {
  /* The count of this frame is about to change; `fresh`: it was just allocated. */
  void (*touch)(fm_paddr frame, bool fresh, void *data);
  void (*stale)(const struct sim_stale *stale, void *data);
  /* A fault that the system resolves: "demand-zero page", "copy on write", ... */
  void (*resolved)(const struct sim_fault *fault, const char *how, void *data);
  void *data;
};

typedef struct sim_os sim_os;

sim_os *sim_os_new(sim_machine *machine, const struct sim_os_events *events);

/* Forgets all processes; their frames stay as they are (the machine goes too). */
sim_os *sim_os_free(sim_os *os);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_os, sim_os_free)

sim_mmu *sim_os_mmu(sim_os *os);

/* From now on TLB entries are filled with this tag. */
void sim_os_set_tag(sim_os *os, uint64_t tag);

/* The live process whose page table has this root, or NULL. */
const struct sim_process *sim_os_find_root(const sim_os *os, uint64_t root);

/* The processes in the order in which they were made. */
const GPtrArray *sim_os_processes(const sim_os *os);

/* ---- Processes ---- */

/* A process without memory; borrowed from the system until it exits.  NoMemory. */
enum sim_os_answer sim_process_new(sim_os *os, const char *name, struct sim_process **ret);

/* The process whose page table has this root, and whose system is gone with its areas; the
 * reference to the root is its own from now on.  Its areas are made anew from what is mapped:
 * private, with the rights of the pages.  A page that is not writable and has other holders is
 * taken for one of copy on write.  What was never touched is not mapped any more. */
struct sim_process *sim_process_adopt(sim_os *os, const char *name, fm_paddr root);

/* A copy of the process.  NoMemory: there is none, and the parent is as it was, but for
 * permissions that its next writes get back. */
enum sim_os_answer sim_process_fork(sim_os *os, struct sim_process *parent, const char *name,
                                    bool flush, struct sim_process **ret);

/* All of its memory is given up. */
void sim_process_exec(sim_os *os, struct sim_process *process);

/* The process is gone; CPUs that ran it run none. */
void sim_process_exit(sim_os *os, struct sim_process *process);

/* This CPU runs the process from now on: a load of CR3 flushes its TLB. */
void sim_process_activate(sim_os *os, struct sim_process *process);

/* ---- Memory ---- */

/* A new area.  `flags`: what may be done with it.  InvalidArgs, Mapped, NoMemory (shared). */
enum sim_os_answer sim_process_map(sim_os *os, struct sim_process *process, uint64_t start,
                                   uint64_t size, uint32_t flags, bool shared);

/* A new shared area over these frames, of which it takes references of its own. */
enum sim_os_answer sim_process_map_frames(sim_os *os, struct sim_process *process, uint64_t start,
                                          struct fm_range frames, uint32_t flags);

/* No area from `start` on; holes are no mistake.  NoMemory: a huge page had to be split. */
enum sim_os_answer sim_process_unmap(sim_os *os, struct sim_process *process, uint64_t start,
                                     uint64_t size, bool flush);

/* Other rights.  NotMapped: there is a hole; nothing changed. */
enum sim_os_answer sim_process_protect(sim_os *os, struct sim_process *process, uint64_t start,
                                       uint64_t size, uint32_t flags, bool flush);

/* Reads or writes up to 8 bytes as the process would, on this CPU; faults are resolved, and
 * the access goes through the TLB.  On SIM_OS_FAULT and SIM_OS_NO_MEMORY *ret_fault says
 * which fault it was. */
enum sim_os_answer sim_process_access(sim_os *os, struct sim_process *process, uint64_t va,
                                      enum sim_access access, void *bytes, uint32_t size,
                                      struct sim_fault *ret_fault);

/* Flushes [start, end) on all CPUs. */
void sim_os_flush(sim_os *os, uint64_t start, uint64_t end);

G_END_DECLS

#endif
