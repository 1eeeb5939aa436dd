/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Suite slot.  Each operation uses the inline interface of the native build, as a kernel
 * would; its bare form does the same atomic operations and the slot's plain stores on the
 * same memory, with constants where the operation computes, and no check.
 */
#include <stdlib.h>

#include "tools/bench.h"

#include <fm/frame.h>
#include <fm/unique.h>

#define FIRST      UINT64_C(0x10000000) /* 256 MiB: usable, and away from the image */
#define WALK_SLOTS 262144u
#define HOT_LOOPS  20000u

/* Everything a body needs; its address escapes, so nothing is computed at compile time. */
struct bench {
  struct fm_kernel *kernel;
  struct fm_slot *slot;
  struct fm_frame frame;
  struct fm_unique unique;
  uint64_t vtable;
};

/* The compiler may assume nothing about memory across this. */
static inline void barrier(void)
{
  __asm__ volatile("" ::: "memory");
}

static inline fm_paddr frame_at(uint64_t index)
{
  return fm_paddr_of(FIRST + index * FM_PAGE_SIZE);
}

/* ---- The operations ---- */

/* For the static analyser, which does not follow a claim to its end. */
static inline struct fm_frame known(struct fm_frame frame)
{
  if (frame.slot == NULL)
    __builtin_unreachable();
  return frame;
}

void bench_claim_drop(struct fm_kernel *kernel, fm_paddr at, unsigned loops)
{
  for (unsigned i = 0; i < loops; i++) {
    struct fm_frame frame = {NULL};
    if (fm_frame_from_unused(kernel, at, fm_meta_empty(FM_META_ANON), NULL, &frame) != FM_GET_OK)
      abort();
    barrier();
    fm_frame_drop(kernel, known(frame));
  }
}

static void claim_drop(struct bench *bench, unsigned loops)
{
  bench_claim_drop(bench->kernel, frame_at(0), loops);
}

__attribute__((noinline)) static void claim_drop_walk(struct bench *bench, unsigned loops)
{
  struct fm_kernel *kernel = bench->kernel;
  for (unsigned i = 0; i < loops; i++) {
    struct fm_frame frame = {NULL};
    if (fm_frame_from_unused(kernel, frame_at(i), fm_meta_empty(FM_META_ANON), NULL, &frame) !=
        FM_GET_OK)
      abort();
    barrier();
    fm_frame_drop(kernel, known(frame));
  }
}

__attribute__((noinline)) static void clone_drop(struct bench *bench, unsigned loops)
{
  struct fm_kernel *kernel = bench->kernel;
  for (unsigned i = 0; i < loops; i++) {
    struct fm_frame frame = fm_frame_clone(bench->frame);
    barrier();
    fm_frame_drop(kernel, frame);
  }
}

__attribute__((noinline)) static void get_drop(struct bench *bench, unsigned loops)
{
  struct fm_kernel *kernel = bench->kernel;
  for (unsigned i = 0; i < loops; i++) {
    struct fm_frame frame = {NULL};
    if (fm_frame_from_in_use(kernel, frame_at(0), &frame) != FM_GET_OK)
      abort();
    barrier();
    fm_frame_drop(kernel, frame);
  }
}

__attribute__((noinline)) static void get_failing(struct bench *bench, unsigned loops)
{
  struct fm_kernel *kernel = bench->kernel;
  for (unsigned i = 0; i < loops; i++) {
    struct fm_frame frame = {NULL};
    if (fm_frame_from_in_use(kernel, frame_at(1), &frame) != FM_GET_UNUSED)
      abort();
    barrier();
  }
}

__attribute__((noinline)) static void get_failing_walk(struct bench *bench, unsigned loops)
{
  struct fm_kernel *kernel = bench->kernel;
  for (unsigned i = 0; i < loops; i++) {
    struct fm_frame frame = {NULL};
    if (fm_frame_from_in_use(kernel, frame_at(i), &frame) != FM_GET_UNUSED)
      abort();
    barrier();
  }
}

__attribute__((noinline)) static void unique_shared(struct bench *bench, unsigned loops)
{
  for (unsigned i = 0; i < loops; i++) {
    struct fm_unique unique = {NULL};
    if (!fm_unique_from_frame(bench->frame, &unique))
      abort();
    barrier();
    bench->frame = fm_unique_share(unique);
  }
}

/* ---- Their bare forms ---- */

/* The value is needed, as it is in the operation: without this an addition whose old value
 * nobody looks at would become another, cheaper instruction. */
static inline void use(uint64_t value)
{
  __asm__ volatile("" ::"r"(value));
}

/* The bound is an atomic as well: the relaxed load of site slot.bound. */
static inline void bare_bound(const struct fm_kernel *kernel)
{
  use(__atomic_load_n(&kernel->slot_bound, __ATOMIC_RELAXED));
}

static inline void bare_claim(const struct fm_kernel *kernel, uint64_t vtable, struct fm_slot *slot)
{
  bare_bound(kernel);
  uint64_t seen = FM_COUNT_UNUSED;
  (void)__atomic_compare_exchange_n(&slot->ref_count, &seen, 0, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED);
  slot->vtable_ptr = vtable;
  __atomic_store_n(&slot->ref_count, 1, __ATOMIC_RELEASE);
}

static inline void bare_drop_last(struct fm_slot *slot)
{
  use(__atomic_fetch_sub(&slot->ref_count, 1, __ATOMIC_RELEASE));
  fm_acquire_fence_for(FM_SITE_DROP_FENCE, &slot->ref_count);
  __atomic_store_n(&slot->ref_count, FM_COUNT_UNUSED, __ATOMIC_RELEASE);
}

__attribute__((noinline)) static void bare_claim_drop(struct bench *bench, unsigned loops)
{
  struct fm_kernel *kernel = bench->kernel;
  struct fm_slot *slot = bench->slot;
  uint64_t vtable = bench->vtable;
  for (unsigned i = 0; i < loops; i++) {
    bare_claim(kernel, vtable, slot);
    barrier();
    bare_drop_last(slot);
  }
}

__attribute__((noinline)) static void bare_claim_drop_walk(struct bench *bench, unsigned loops)
{
  struct fm_kernel *kernel = bench->kernel;
  struct fm_slot *slot = bench->slot;
  uint64_t vtable = bench->vtable;
  for (unsigned i = 0; i < loops; i++) {
    bare_claim(kernel, vtable, slot + i);
    barrier();
    bare_drop_last(slot + i);
  }
}

__attribute__((noinline)) static void bare_clone_drop(struct bench *bench, unsigned loops)
{
  struct fm_slot *slot = bench->slot;
  for (unsigned i = 0; i < loops; i++) {
    use(__atomic_fetch_add(&slot->ref_count, 1, __ATOMIC_RELAXED));
    barrier();
    use(__atomic_fetch_sub(&slot->ref_count, 1, __ATOMIC_RELEASE));
  }
}

__attribute__((noinline)) static void bare_get_drop(struct bench *bench, unsigned loops)
{
  struct fm_kernel *kernel = bench->kernel;
  struct fm_slot *slot = bench->slot;
  for (unsigned i = 0; i < loops; i++) {
    bare_bound(kernel);
    uint64_t seen = __atomic_load_n(&slot->ref_count, __ATOMIC_RELAXED);
    (void)__atomic_compare_exchange_n(&slot->ref_count, &seen, seen + 1, true, __ATOMIC_ACQUIRE,
                                      __ATOMIC_RELAXED);
    barrier();
    use(__atomic_fetch_sub(&slot->ref_count, 1, __ATOMIC_RELEASE));
  }
}

__attribute__((noinline)) static void bare_get_failing(struct bench *bench, unsigned loops)
{
  struct fm_kernel *kernel = bench->kernel;
  struct fm_slot *slot = bench->slot;
  for (unsigned i = 0; i < loops; i++) {
    bare_bound(kernel);
    if (__atomic_load_n(&slot[1].ref_count, __ATOMIC_RELAXED) != FM_COUNT_UNUSED)
      abort();
    barrier();
  }
}

__attribute__((noinline)) static void bare_get_failing_walk(struct bench *bench, unsigned loops)
{
  struct fm_kernel *kernel = bench->kernel;
  struct fm_slot *slot = bench->slot;
  for (unsigned i = 0; i < loops; i++) {
    bare_bound(kernel);
    if (__atomic_load_n(&slot[i].ref_count, __ATOMIC_RELAXED) != FM_COUNT_UNUSED)
      abort();
    barrier();
  }
}

__attribute__((noinline)) static void bare_unique_shared(struct bench *bench, unsigned loops)
{
  struct fm_slot *slot = bench->slot;
  for (unsigned i = 0; i < loops; i++) {
    uint64_t seen = 1;
    (void)__atomic_compare_exchange_n(&slot->ref_count, &seen, FM_COUNT_UNIQUE, false,
                                      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
    barrier();
    __atomic_store_n(&slot->ref_count, 1, __ATOMIC_RELEASE);
  }
}

/* ---- Measuring ---- */

struct measurement {
  const char *name;
  void (*operation)(struct bench *bench, unsigned loops);
  void (*bare)(struct bench *bench, unsigned loops);
  unsigned loops;
  bool held; /* the frame is in use while it runs */
};

static const struct measurement measurements[] = {
    {"claim+drop hot", claim_drop, bare_claim_drop, HOT_LOOPS, false},
    {"claim+drop walk 262144", claim_drop_walk, bare_claim_drop_walk, WALK_SLOTS, false},
    {"clone+drop", clone_drop, bare_clone_drop, HOT_LOOPS, true},
    {"get+drop", get_drop, bare_get_drop, HOT_LOOPS, true},
    {"get failing hot", get_failing, bare_get_failing, HOT_LOOPS, true},
    {"get failing walk 262144", get_failing_walk, bare_get_failing_walk, WALK_SLOTS, false},
    {"unique<->shared", unique_shared, bare_unique_shared, HOT_LOOPS, true},
};

static double time_ns(void (*body)(struct bench *, unsigned), struct bench *bench, unsigned loops)
{
  double start = bench_now_ns();
  body(bench, loops);
  return (bench_now_ns() - start) / loops;
}

static struct bench_row measure(const struct measurement *what, struct bench *bench,
                                unsigned rounds)
{
  g_autofree double *operation = g_new(double, rounds);
  g_autofree double *bare = g_new(double, rounds);

  if (what->held && fm_frame_from_unused(bench->kernel, frame_at(0), fm_meta_empty(FM_META_ANON),
                                         NULL, &bench->frame) != FM_GET_OK)
    abort();
  what->bare(bench, what->loops); /* warm */
  what->operation(bench, what->loops);
  for (unsigned i = 0; i < rounds; i++) {
    bare[i] = time_ns(what->bare, bench, what->loops);
    operation[i] = time_ns(what->operation, bench, what->loops);
  }
  if (what->held)
    fm_frame_drop(bench->kernel, bench->frame);
  return bench_row_of(what->name, operation, bare, rounds);
}

GArray *bench_slot(unsigned rounds, GError **error)
{
  g_autoptr(sim_machine) machine = bench_machine(FM_ALLOCATOR_NONE, 1, error);
  if (machine == NULL)
    return NULL;
  struct fm_kernel *kernel = sim_machine_kernel(machine);
  struct bench bench = {
      .kernel = kernel,
      .slot = fm_slot_at(frame_at(0)),
      .vtable = kernel->vtables + FM_META_ANON * sizeof(struct fm_vtable),
  };
  GArray *rows = g_array_new(false, false, sizeof(struct bench_row));
  for (size_t i = 0; i < G_N_ELEMENTS(measurements); i++) {
    struct bench_row row = measure(&measurements[i], &bench, rounds);
    g_array_append_val(rows, row);
  }
  return rows;
}
