/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of the machine share among themselves and with nobody else. */
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include <setjmp.h>
#include <sim/machine.h>

/* ---- ram.c ---- */

struct sim_ram {
  int fd;
  uint64_t size;
  char *path; /* NULL: memory of this process */
  bool readonly;
  bool copied; /* what is written stays with this process */
  bool has_writer;
};

/* New RAM of `size` bytes, all zero.  With a path: that file, locked against other
 * writers until sim_ram_clear(). */
bool sim_ram_create(struct sim_ram *ram, const char *path, uint64_t size, GError **error);
/* An existing file, to be read; or to be written too, and locked against other writers. */
bool sim_ram_open(struct sim_ram *ram, const char *path, bool writable, GError **error);
void sim_ram_clear(struct sim_ram *ram);

/* ---- window.c ---- */

/* Maps `size` bytes of the file from `offset` at exactly `address`. */
bool sim_window_map(const struct sim_ram *ram, uint64_t address, uint64_t size, uint64_t offset,
                    const char *what, GError **error);
void sim_window_unmap(uint64_t address, uint64_t size);

/* ---- preflight.c ---- */

/* Whether the host can hold `resident` bytes that will be written and `span` bytes of
 * address space; SIM_ERROR_LIMIT says what is short and what to do. */
bool sim_preflight(const char *ram_file, uint64_t resident, uint64_t span, GError **error);

/* ---- trap.c ---- */

#define SIM_PANIC_SIZE 512

struct sim_trap {
  sigjmp_buf back;
  enum sim_end end;
  char text[SIM_PANIC_SIZE];
};

/* Installs the handlers for SIGSEGV and SIGBUS, once. */
void sim_trap_install(void);

/* The trap of this thread or fiber; NULL outside of sim_guard_run(). */
struct sim_trap *sim_trap_get(void);
void sim_trap_set(struct sim_trap *trap);

/* Runs `body(data)` in a thread of ours that has no trap yet; false: it ended in *ret_trap. */
bool sim_trap_try(void (*body)(void *data), void *data, struct sim_trap *ret_trap);

/* Ends what this thread does as a trap of another one has ended. */
FM_NORETURN void sim_trap_raise(const struct sim_trap *trap);

/* Ends the operation under way because nobody will let its thread go on. */
FM_NORETURN void sim_trap_abandon(void);

/* ---- attach.c ---- */

/* As sim_machine_open(), for one who will write. */
struct sim_machine *sim_machine_open_writable(const char *path, enum fm_boot_stage least,
                                              GError **error);

/* For one who will write, but into memory of this process: the file stays as it is. */
struct sim_machine *sim_machine_open_copied(const char *path, enum fm_boot_stage least,
                                            GError **error);

/* ---- machine.c ---- */

struct sim_machine {
  const struct fm_ops *ops;
  struct sim_ram ram;
  uint64_t linear_mapped; /* bytes */
  uint64_t memory;        /* bytes of that which are memory of the machine, from 0 on */
  uint64_t meta_mapped;   /* bytes */
  fm_paddr image;
  struct fm_kernel *kernel;
  struct sim_plan plan;
  char *map_file; /* name of the firmware map, for messages */
  char *panic;
  bool reached_unmapped; /* ... because it reached for memory that CR3 does not map */
  GError *map_error;     /* the metadata window could not be mapped during boot */
  GPtrArray *findings;
  uint64_t fail_alloc;           /* so many allocations from now, one fails; 0: none */
  sim_memory_watch watch_memory; /* NULL: nobody */
  void *watch_memory_data;
  const struct fm_meta_type *registered[FM_META_TYPES_MAX];
  struct sim_table *table; /* of durable handles, once somebody asked; NULL: none */
};

/* An empty machine, which is the one of this process from now on. */
struct sim_machine *sim_machine_alloc(GError **error);

/* The one machine of this process, or NULL. */
extern struct sim_machine *sim_machine_here;

#endif
