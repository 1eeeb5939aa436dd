/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The rows of suite pt that need a process: translations and forks.  Beside a translation
 * stands the walk of its four tables with bare loads; beside a fork, one more reference on
 * each frame, which it cannot do without.
 */
#include <fm/frame_alloc.h>
#include <sim/process.h>
#include <stdlib.h>

#include "tools/bench.h"

#define BASE       UINT64_C(0x10000000)
#define PAGES      10000u
#define WALK_PAGES 4096u /* far more than a TLB holds */
#define LOOPS      20000u

struct bench {
  struct fm_kernel *kernel;
  sim_os *os;
  struct sim_process *process;
  fm_paddr root;
  struct fm_segment frames; /* as many as the process has pages */
  uint64_t sum;             /* of what was read, so that no read is left out */
};

static void must(bool done)
{
  if (!done)
    abort();
}

/* ---- Rounds: nanoseconds per operation ---- */

static void translate(struct bench *bench, uint64_t va)
{
  const struct sim_request request = {.va = va, .access = SIM_ACCESS_READ, .user = true};
  struct sim_fault fault;
  fm_paddr paddr;
  must(sim_mmu_translate(sim_os_mmu(bench->os), 0, request, 0, &paddr, NULL, &fault));
  bench->sum += paddr.raw;
}

static double translate_tlb(struct bench *bench)
{
  translate(bench, BASE);
  double start = bench_now_ns();
  for (unsigned i = 0; i < LOOPS; i++)
    translate(bench, BASE + i % FM_PAGE_SIZE);
  return (bench_now_ns() - start) / LOOPS;
}

static double translate_cold(struct bench *bench)
{
  double start = bench_now_ns();
  for (unsigned i = 0; i < WALK_PAGES; i++)
    translate(bench, BASE + i * FM_PAGE_SIZE);
  return (bench_now_ns() - start) / WALK_PAGES;
}

static double bare_walk(struct bench *bench)
{
  double start = bench_now_ns();
  for (unsigned i = 0; i < WALK_PAGES; i++) {
    fm_paddr node = bench->root;
    for (uint32_t level = FM_PT_LEVELS; level >= 1; level--) {
      const uint64_t *table = (const uint64_t *)fm_linear(node, FM_PAGE_SIZE);
      fm_pte pte = {
          __atomic_load_n(&table[fm_pt_index(BASE + i * FM_PAGE_SIZE, level)], __ATOMIC_ACQUIRE)};
      node = fm_pte_paddr(pte);
    }
    bench->sum += node.raw;
  }
  return (bench_now_ns() - start) / WALK_PAGES;
}

static struct sim_process *forked(struct bench *bench)
{
  struct sim_process *child = NULL;
  must(sim_process_fork(bench->os, bench->process, "child", true, &child) == SIM_OS_OK);
  return child;
}

static double fork_pages(struct bench *bench)
{
  double start = bench_now_ns();
  struct sim_process *child = forked(bench);
  double ns = (bench_now_ns() - start) / PAGES;
  sim_process_exit(bench->os, child);
  return ns;
}

static double exit_pages(struct bench *bench)
{
  struct sim_process *child = forked(bench);
  double start = bench_now_ns();
  sim_process_exit(bench->os, child);
  return (bench_now_ns() - start) / PAGES;
}

static double references_taken(struct bench *bench)
{
  double start = bench_now_ns();
  struct fm_segment clone = fm_segment_clone(bench->frames);
  double ns = (bench_now_ns() - start) / PAGES;
  fm_segment_drop(bench->kernel, clone);
  return ns;
}

static double references_dropped(struct bench *bench)
{
  struct fm_segment clone = fm_segment_clone(bench->frames);
  double start = bench_now_ns();
  fm_segment_drop(bench->kernel, clone);
  return (bench_now_ns() - start) / PAGES;
}

/* ---- Measuring ---- */

static const struct {
  const char *name;
  double (*round)(struct bench *bench);
  double (*bare)(struct bench *bench);
} measurements[] = {
    {"translate, from the TLB", translate_tlb, bare_walk},
    {"translate, cold", translate_cold, bare_walk},
    {"fork of 10000, a page", fork_pages, references_taken},
    {"exit with 10000, a page", exit_pages, references_dropped},
};

#define ROWS G_N_ELEMENTS(measurements)

/* A process that has written all of its private pages, and a segment beside it. */
static void prepare(struct bench *bench)
{
  uint32_t rights = FM_PAGE_READ | FM_PAGE_WRITE;
  struct sim_fault fault;
  uint64_t number = 1;
  must(sim_process_new(bench->os, "parent", &bench->process) == SIM_OS_OK);
  must(sim_process_map(bench->os, bench->process, BASE, PAGES * FM_PAGE_SIZE, rights, false) ==
       SIM_OS_OK);
  for (unsigned i = 0; i < PAGES; i++)
    must(sim_process_access(bench->os, bench->process, BASE + i * FM_PAGE_SIZE, SIM_ACCESS_WRITE,
                            &number, sizeof(number), &fault) == SIM_OS_OK);
  must(fm_segment_alloc(bench->kernel, &(struct fm_alloc_options){.dirty = true}, PAGES,
                        &bench->frames) == FM_ALLOC_OK);
  bench->root = fm_slot_paddr(bench->process->space.root.slot);
}

void bench_process(sim_machine *machine, unsigned rounds, GArray *rows)
{
  const struct sim_os_events events = {0};
  g_autoptr(sim_os) os = sim_os_new(machine, &events);
  struct bench bench = {.kernel = sim_machine_kernel(machine), .os = os};
  g_autofree double *ns = g_new(double, ROWS *rounds);
  g_autofree double *bare = g_new(double, ROWS *rounds);

  prepare(&bench);
  for (unsigned round = 0; round < rounds; round++)
    for (size_t i = 0; i < ROWS; i++) {
      bare[i * rounds + round] = measurements[i].bare(&bench);
      ns[i * rounds + round] = measurements[i].round(&bench);
    }
  for (size_t i = 0; i < ROWS; i++) {
    struct bench_row row =
        bench_row_of(measurements[i].name, ns + i * rounds, bare + i * rounds, rounds);
    g_array_append_val(rows, row);
  }
  sim_process_exit(os, bench.process);
  fm_segment_drop(bench.kernel, bench.frames);
}
