/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Suite workload.  Each kind of generated workload on both allocators, through the table of
 * operations, beside a dry run of the same: the same draws and the same bookkeeping, with
 * operations that do nothing.  What the two differ by is the kernel side's.
 *
 * What a workload gives back at its end is not measured, so each round finds all memory free.
 * The machine has one CPU: with more, what remains in their pools is not the same after each
 * round.
 */
#include <stdlib.h>

#include "sim/workload/workload.h"
#include "tools/bench.h"

#define SEED  UINT64_C(20261201)
#define KINDS 6u

struct bench {
  sim_machine *machine;
  struct sim_workload_spec specs[KINDS];
};

static void must(bool done)
{
  if (!done)
    abort();
}

/* Enough operations for the clock, and no more memory than the machine has. */
static const char *const parameters[KINDS][4] = {
    {"churn", "ops=50000", "life=10000"},   {"bulk", "share=5", "keep=10"},
    {"random", "ops=50000", "live=1000"},   {"fork-storm", "ops=50000", "pages=256"},
    {"page-cache", "ops=50000", "share=2"}, {"stacks", "ops=50000", "depth=64"},
};

/* ---- Operations that do nothing: every frame is the next one ---- */

static uint64_t next_frame;

static fm_paddr hand_out(const struct fm_kernel *kernel, uint64_t frames)
{
  if (next_frame + frames > kernel->nr_frames)
    next_frame = 0;
  next_frame += frames;
  return fm_paddr_of((next_frame - frames) * FM_PAGE_SIZE);
}

static enum fm_alloc_error dry_frame_alloc(struct fm_kernel *kernel,
                                           const struct fm_alloc_options *options,
                                           struct fm_frame *ret)
{
  (void)options;
  *ret = fm_frame_of_slot(fm_slot_at(hand_out(kernel, 1)));
  return FM_ALLOC_OK;
}

static enum fm_alloc_error dry_segment_alloc(struct fm_kernel *kernel,
                                             const struct fm_alloc_options *options,
                                             uint64_t frames, struct fm_segment *ret)
{
  (void)options;
  fm_paddr start = hand_out(kernel, frames);
  ret->range = fm_range_of(start.raw, start.raw + frames * FM_PAGE_SIZE);
  return FM_ALLOC_OK;
}

static struct fm_frame dry_frame_clone(struct fm_frame frame)
{
  return frame;
}

static struct fm_segment dry_segment_clone(struct fm_segment segment)
{
  return segment;
}

static void dry_frame_drop(struct fm_kernel *kernel, struct fm_frame frame)
{
  (void)kernel;
  (void)frame;
}

static void dry_segment_drop(struct fm_kernel *kernel, struct fm_segment segment)
{
  (void)kernel;
  (void)segment;
}

static struct fm_ops make_dry(void)
{
  struct fm_ops dry = fm_ops_native;
  dry.frame_alloc = dry_frame_alloc;
  dry.segment_alloc = dry_segment_alloc;
  dry.frame_clone = dry_frame_clone;
  dry.segment_clone = dry_segment_clone;
  dry.frame_drop = dry_frame_drop;
  dry.segment_drop = dry_segment_drop;
  return dry;
}

/* ---- Rounds: nanoseconds per operation ---- */

static double run_round(struct bench *bench, size_t kind, const struct fm_ops *ops)
{
  uint64_t found, before;

  sim_machine_set_ops(bench->machine, ops);
  g_autoptr(sim_workload) workload =
      sim_workload_new(bench->machine, &bench->specs[kind], SEED, NULL);
  must(workload != NULL);
  double start = bench_now_ns();
  must(sim_guard_run(bench->machine, sim_workload_operate, workload) == SIM_END_DONE);
  double ns = bench_now_ns() - start;
  must(sim_guard_run(bench->machine, sim_workload_release, workload) == SIM_END_DONE);
  must(sim_workload_is_settled(workload, &found, &before));
  const struct sim_workload_counts *counts = sim_workload_counts(workload);
  must(counts->failed == 0 && counts->ops != 0);
  return ns / (double)counts->ops;
}

/* They take turns, so that a slow moment of the host meets one round of each. */
static void measure(struct bench *bench, enum fm_allocator_kind allocator, unsigned rounds,
                    GArray *rows)
{
  const struct fm_ops dry = make_dry();
  g_autofree double *ns = g_new(double, KINDS *rounds);
  g_autofree double *bare = g_new(double, KINDS *rounds);

  for (size_t kind = 0; kind < KINDS; kind++)
    (void)run_round(bench, kind, &fm_ops_native); /* warm */
  for (unsigned round = 0; round < rounds; round++)
    for (size_t kind = 0; kind < KINDS; kind++) {
      bare[kind * rounds + round] = run_round(bench, kind, &dry);
      ns[kind * rounds + round] = run_round(bench, kind, &fm_ops_native);
    }
  for (size_t kind = 0; kind < KINDS; kind++) {
    g_autofree char *name =
        g_strdup_printf("%s %s", fm_allocator_name(allocator), parameters[kind][0]);
    struct bench_row row =
        bench_row_of(g_intern_string(name), ns + kind * rounds, bare + kind * rounds, rounds);
    g_array_append_val(rows, row);
  }
}

GArray *bench_workload(unsigned rounds, GError **error)
{
  static const enum fm_allocator_kind allocators[] = {FM_ALLOCATOR_BUDDY, FM_ALLOCATOR_BITMAP};
  g_autoptr(GArray) rows = g_array_new(false, false, sizeof(struct bench_row));
  struct bench bench = {0};
  bool ready = true;

  for (size_t kind = 0; kind < KINDS; kind++) {
    must(sim_workload_spec_init(&bench.specs[kind], parameters[kind][0], NULL));
    for (const char *const *text = &parameters[kind][1]; *text != NULL; text++)
      must(sim_workload_set_text(&bench.specs[kind], *text, NULL));
  }
  for (size_t i = 0; i < G_N_ELEMENTS(allocators) && ready; i++) {
    bench.machine = bench_machine(allocators[i], 1, error);
    ready = bench.machine != NULL;
    if (ready)
      measure(&bench, allocators[i], rounds, rows);
    bench.machine = sim_machine_free(bench.machine);
  }
  for (size_t kind = 0; kind < KINDS; kind++)
    sim_workload_spec_clear(&bench.specs[kind]);
  return ready ? g_steal_pointer(&rows) : NULL;
}
