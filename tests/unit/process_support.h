/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Processes in tests: a small operating system on test_machine, what it says, and accesses
 * of one byte.
 *
 * process_teardown() lets all processes exit; then the machine has to be as it was before
 * the first one.  One thread.
 */
#ifndef FM_TESTS_UNIT_PROCESS_SUPPORT_H
#define FM_TESTS_UNIT_PROCESS_SUPPORT_H

#include <sim/process.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "sim/os.h"
#include "tests/support.h"

/* Where the tests have their pages: in one table of level 1. */
#define VA UINT64_C(0x10000000)

#define RIGHTS_R  ((uint32_t)FM_PAGE_READ)
#define RIGHTS_W  ((uint32_t)FM_PAGE_WRITE)
#define RIGHTS_X  ((uint32_t)FM_PAGE_EXEC)
#define RIGHTS_RW (RIGHTS_R | RIGHTS_W)

static sim_os *os;
static const struct fm_ops *ops;
static uint64_t free_before;
static struct sim_fault fault; /* of the last access */

/* What the system said since forget_events(). */
static struct {
  unsigned nr_stale, nr_resolved, nr_touched, nr_fresh;
  struct sim_stale stale; /* the last one */
  const char *how;
  GHashTable *touched; /* frame addresses */
} events;

static inline void on_touch(fm_paddr frame, bool fresh, void *data)
{
  (void)data;
  events.nr_touched += !fresh;
  events.nr_fresh += fresh;
  g_hash_table_add(events.touched, GSIZE_TO_POINTER(frame.raw));
}

static inline void on_stale(const struct sim_stale *stale, void *data)
{
  (void)data;
  events.nr_stale++;
  events.stale = *stale;
}

static inline void on_resolved(const struct sim_fault *resolved, const char *how, void *data)
{
  (void)resolved;
  (void)data;
  events.nr_resolved++;
  events.how = how;
}

static inline void forget_events(void)
{
  GHashTable *touched = events.touched;
  memset(&events, 0, sizeof(events));
  events.touched = touched;
  g_hash_table_remove_all(touched);
}

/* ---- Fixtures ---- */

/* `ram_file`: NULL, or where the RAM is to be. */
static inline void process_boot_in(const char *ram_file, uint64_t ram, uint32_t cpus, int build)
{
  static const struct sim_os_events all = {on_touch, on_stale, on_resolved, NULL};
  g_autoptr(sim_bootmap) memory = sim_bootmap_new_ram(ram);
  struct fm_region *first = &g_array_index(memory->regions, struct fm_region, 0);
  struct test_config config;
  test_config_init(&config);
  config.stage = FM_STAGE_DONE;
  /* Not frame 0: as a page table it could not be told from none. */
  first->base = FM_PAGE_SIZE;
  first->size -= FM_PAGE_SIZE;
  config.map = memory;
  config.sim.cpus = cpus;
  config.sim.ram_file = ram_file;
  /* Frames wander between the CPUs here, and the buddy allocator's pools only merge what is
   * in one of them: after some thousand exits no run of 8 frames might be left. */
  config.sim.allocator = FM_ALLOCATOR_BITMAP;
  test_machine_boot_with(&config);
  ops = test_use_build(build);
  events.touched = g_hash_table_new(NULL, NULL);
  os = sim_os_new(test_machine, &all);
  free_before = ops->free_bytes(test_kernel());
}

static inline void process_boot(uint64_t ram, uint32_t cpus, int build)
{
  process_boot_in(NULL, ram, cpus, build);
}

static inline void exit_all(void)
{
  while (sim_os_processes(os)->len != 0)
    sim_process_exit(os, sim_os_processes(os)->pdata[0]);
}

static inline void process_teardown(void)
{
  sim_cpu_enter(test_machine, 0);
  exit_all();
  for (uint32_t cpu = 0; cpu < test_kernel()->cpus; cpu++)
    ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), cpu)->cr3, test_kernel()->kernel_root);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_before);
  test_expect_sound();
  ck_assert_uint_eq(test_take_findings(NULL), 0);
  os = sim_os_free(os);
  g_clear_pointer(&events.touched, g_hash_table_unref);
  memset(&events, 0, sizeof(events));
  test_teardown();
}

/* ---- Processes ---- */

#define expect_answer(call, answer) ck_assert_str_eq(sim_os_answer_name(call), answer)

static inline struct sim_process *spawn(const char *name)
{
  struct sim_process *process = NULL;
  expect_answer(sim_process_new(os, name, &process), "Ok");
  return process;
}

static inline struct sim_process *fork_of(struct sim_process *parent, bool flush)
{
  struct sim_process *child = NULL;
  expect_answer(sim_process_fork(os, parent, "child", flush, &child), "Ok");
  return child;
}

/* The i-th page. */
static inline uint64_t page(uint64_t i)
{
  return VA + i * FM_PAGE_SIZE;
}

static inline void map(struct sim_process *process, uint64_t first, uint64_t count, uint32_t flags,
                       bool shared)
{
  expect_answer(sim_process_map(os, process, page(first), count * FM_PAGE_SIZE, flags, shared),
                "Ok");
}

/* ---- Accesses ---- */

static inline enum sim_os_answer try_write(struct sim_process *process, uint64_t va, uint8_t byte)
{
  return sim_process_access(os, process, va, SIM_ACCESS_WRITE, &byte, 1, &fault);
}

static inline enum sim_os_answer try_read(struct sim_process *process, uint64_t va, uint8_t *ret)
{
  return sim_process_access(os, process, va, SIM_ACCESS_READ, ret, 1, &fault);
}

static inline enum sim_os_answer try_fetch(struct sim_process *process, uint64_t va)
{
  uint8_t byte;
  return sim_process_access(os, process, va, SIM_ACCESS_EXEC, &byte, 1, &fault);
}

static inline void write_at(struct sim_process *process, uint64_t va, uint8_t byte)
{
  expect_answer(try_write(process, va, byte), "Ok");
}

static inline uint8_t read_at(struct sim_process *process, uint64_t va)
{
  uint8_t byte = 0xee;
  expect_answer(try_read(process, va, &byte), "Ok");
  return byte;
}

/* What the tables say, without touching anything. */
static inline struct fm_pt_item item_at(const struct sim_process *process, uint64_t va)
{
  struct fm_pt_cursor cursor;
  struct fm_pt_item item;
  va = fm_page_down(va);
  ck_assert_int_eq(ops->pt_lock(test_kernel(), process->space, va, va + FM_PAGE_SIZE, &cursor),
                   FM_PT_OK);
  ops->pt_query(&cursor, &item);
  ops->pt_unlock(&cursor);
  return item;
}

static inline uint64_t frame_at(const struct sim_process *process, uint64_t va)
{
  struct fm_pt_item item = item_at(process, va);
  return item.kind == FM_PT_TRACKED ? item.paddr.raw : 0;
}

static inline uint64_t count_at(const struct sim_process *process, uint64_t va)
{
  return test_slot(frame_at(process, va))->ref_count;
}

#endif
