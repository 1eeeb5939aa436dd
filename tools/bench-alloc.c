/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Suite alloc.  Frames and segments from the allocators, through the native functions that a
 * kernel would call, beside a claim and a drop without any allocator.  Frames are not zeroed:
 * that would be the time of memset and of the host's pages.
 *
 * Handles are kept in arrays that are read in order, whatever the order of their frames, so
 * that only the allocator's and the slots' memory is walked at random.
 */
#include <fm/frame_alloc.h>
#include <fm/list.h>
#include <fm/segment.h>
#include <fm/unique.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "sim/rng.h"
#include "tools/bench.h"

#define HOT_LOOPS      20000u
#define BULK_FRAMES    131072u /* half of 1 GiB */
#define SEGMENT_FRAMES 512u
#define SEGMENT_LOOPS  64u
#define CPUS           2u
#define BATCH_FRAMES   8192u
#define BATCHES        4u
#define SEED           UINT64_C(20240719)

struct bench {
  sim_machine *machine;
  struct fm_kernel *kernel;
  fm_paddr spare;         /* of an unused frame that the allocator does not have either */
  struct fm_frame *taken; /* BULK_FRAMES handles, as they came */
  struct fm_frame *given; /* the same, in the order in which they go */
  uint32_t *shuffled;     /* a permutation of their places */
};

/* The compiler may assume nothing about memory across this. */
static inline void barrier(void)
{
  __asm__ volatile("" ::: "memory");
}

/* ---- The operations ---- */

static const struct fm_alloc_options not_zeroed = {.dirty = true};

static inline struct fm_frame take_frame(struct fm_kernel *kernel)
{
  struct fm_frame frame = {NULL};
  if (fm_frame_alloc(kernel, &not_zeroed, &frame) != FM_ALLOC_OK || frame.slot == NULL)
    abort();
  return frame;
}

static inline struct fm_segment take_segment(struct fm_kernel *kernel)
{
  struct fm_segment segment;
  if (fm_segment_alloc(kernel, &not_zeroed, SEGMENT_FRAMES, &segment) != FM_ALLOC_OK)
    abort();
  return segment;
}

static void take_frames(struct fm_kernel *kernel, struct fm_frame *ret, unsigned count)
{
  for (unsigned i = 0; i < count; i++)
    ret[i] = take_frame(kernel);
}

static void drop_frames(struct fm_kernel *kernel, const struct fm_frame *frames, unsigned count)
{
  for (unsigned i = 0; i < count; i++)
    fm_frame_drop(kernel, frames[i]);
}

/* ---- One round of each measurement: nanoseconds per frame, or per segment ---- */

/* Claim and drop without an allocator.  This one is told that it is "none" meanwhile, and
 * hears nothing of the frame. */
static double claim_drop(struct bench *bench)
{
  uint32_t allocator = bench->kernel->allocator;
  bench->kernel->allocator = FM_ALLOCATOR_NONE;
  double start = bench_now_ns();
  bench_claim_drop(bench->kernel, bench->spare, HOT_LOOPS);
  double ns = bench_now_ns() - start;
  bench->kernel->allocator = allocator;
  return ns / HOT_LOOPS;
}

static double hot(struct bench *bench)
{
  double start = bench_now_ns();
  for (unsigned i = 0; i < HOT_LOOPS; i++) {
    struct fm_frame frame = take_frame(bench->kernel);
    barrier();
    fm_frame_drop(bench->kernel, frame);
  }
  return (bench_now_ns() - start) / HOT_LOOPS;
}

static double take_bulk(struct bench *bench)
{
  double start = bench_now_ns();
  take_frames(bench->kernel, bench->taken, BULK_FRAMES);
  return bench_now_ns() - start;
}

static double drop_bulk(struct bench *bench)
{
  double start = bench_now_ns();
  drop_frames(bench->kernel, bench->given, BULK_FRAMES);
  return bench_now_ns() - start;
}

static double bulk_in_order(struct bench *bench)
{
  double ns = take_bulk(bench);
  for (unsigned i = 0; i < BULK_FRAMES; i++)
    bench->given[i] = bench->taken[i];
  return (ns + drop_bulk(bench)) / BULK_FRAMES;
}

static double bulk_reversed(struct bench *bench)
{
  double ns = take_bulk(bench);
  for (unsigned i = 0; i < BULK_FRAMES; i++)
    bench->given[i] = bench->taken[BULK_FRAMES - 1 - i];
  return (ns + drop_bulk(bench)) / BULK_FRAMES;
}

static void shuffle_bulk(struct bench *bench)
{
  for (unsigned i = 0; i < BULK_FRAMES; i++)
    bench->given[i] = bench->taken[bench->shuffled[i]];
}

static double bulk_shuffled(struct bench *bench)
{
  double ns = take_bulk(bench);
  shuffle_bulk(bench);
  return (ns + drop_bulk(bench)) / BULK_FRAMES;
}

static double random_free(struct bench *bench)
{
  (void)take_bulk(bench);
  shuffle_bulk(bench);
  return drop_bulk(bench) / BULK_FRAMES;
}

static double segments(struct bench *bench)
{
  double start = bench_now_ns();
  for (unsigned i = 0; i < SEGMENT_LOOPS; i++) {
    struct fm_segment segment = take_segment(bench->kernel);
    barrier();
    fm_segment_drop(bench->kernel, segment);
  }
  return (bench_now_ns() - start) / SEGMENT_LOOPS;
}

static double list_push_pop(struct bench *bench)
{
  struct fm_link_meta meta = {0, 0};
  struct fm_unique unique = {NULL};
  struct fm_list list = {0};
  if (fm_unique_from_unused(bench->kernel, bench->spare, FM_META_ID(FM_META_LINK, meta), &meta,
                            &unique) != FM_GET_OK)
    abort();

  double start = bench_now_ns();
  for (unsigned i = 0; i < HOT_LOOPS; i++) {
    fm_list_push_front(bench->kernel, &list, unique);
    barrier();
    if (!fm_list_pop_front(&list, &unique))
      abort();
  }
  double ns = bench_now_ns() - start;
  fm_unique_reset(bench->kernel, unique);
  return ns / HOT_LOOPS;
}

/* ---- Two CPUs ---- */

/* Both wait here for each other; their clocks stand still meanwhile. */
struct meeting {
  unsigned here;
  unsigned phase;
};

struct cpu {
  struct bench *bench;
  struct meeting *meeting;
  struct fm_frame *mine;  /* BATCH_FRAMES of bench->taken; this CPU allocates them */
  struct fm_frame *drops; /* those that it drops */
  uint32_t id;
  double ns; /* spent between meetings */
};

static void meet(struct meeting *meeting)
{
  unsigned phase = __atomic_load_n(&meeting->phase, __ATOMIC_RELAXED);
  if (__atomic_add_fetch(&meeting->here, 1, __ATOMIC_ACQ_REL) == CPUS) {
    __atomic_store_n(&meeting->here, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&meeting->phase, phase + 1, __ATOMIC_RELEASE);
    return;
  }
  /* Usually the other one runs: to sleep would cost more than it is late. */
  for (unsigned i = 0; __atomic_load_n(&meeting->phase, __ATOMIC_ACQUIRE) == phase; i++)
    if (i >= 10000)
      (void)sched_yield();
}

/* Keeps this thread on the host CPU of this place among those that we may use, as two CPUs
 * that take turns on one would not disturb each other.  If there is no such place, they do. */
static void stay_on(unsigned place)
{
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
    return;
  for (unsigned i = 0; i < CPU_SETSIZE; i++)
    if (CPU_ISSET(i, &allowed) && place-- == 0) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(i, &one);
      (void)sched_setaffinity(0, sizeof(one), &one);
      return;
    }
}

static void *cpu_main(void *data)
{
  struct cpu *cpu = data;
  struct fm_kernel *kernel = cpu->bench->kernel;

  stay_on(cpu->id);
  sim_cpu_enter(cpu->bench->machine, cpu->id);
  for (unsigned i = 0; i < BATCHES; i++) {
    meet(cpu->meeting);
    double start = bench_now_ns();
    take_frames(kernel, cpu->mine, BATCH_FRAMES);
    cpu->ns += bench_now_ns() - start;

    meet(cpu->meeting);
    start = bench_now_ns();
    drop_frames(kernel, cpu->drops, BATCH_FRAMES);
    cpu->ns += bench_now_ns() - start;
  }
  return NULL;
}

/* CPU i drops what CPU i ^ `other` allocated.  The time is that of the slower one. */
static double on_cpus(struct bench *bench, unsigned other)
{
  struct meeting meeting = {0, 0};
  struct cpu cpus[CPUS];
  pthread_t threads[CPUS];
  double ns = 0;

  for (unsigned i = 0; i < CPUS; i++) {
    cpus[i] = (struct cpu){
        bench, &meeting, bench->taken + i * BATCH_FRAMES, bench->taken + (i ^ other) * BATCH_FRAMES,
        i,     0};
    if (pthread_create(&threads[i], NULL, cpu_main, &cpus[i]) != 0)
      abort();
  }
  for (unsigned i = 0; i < CPUS; i++) {
    (void)pthread_join(threads[i], NULL);
    ns = MAX(ns, cpus[i].ns);
  }
  return ns / (BATCHES * BATCH_FRAMES);
}

static double own_frames(struct bench *bench)
{
  return on_cpus(bench, 0);
}

static double others_frames(struct bench *bench)
{
  return on_cpus(bench, 1);
}

/* ---- Measuring ---- */

struct measurement {
  const char *names[FM_ALLOCATORS]; /* by allocator; NULL: not with this one */
  double (*round)(struct bench *bench);
  uint32_t cpus;
};

#define NAMES(name)                                                                                \
  {                                                                                                \
    [FM_ALLOCATOR_BUDDY] = "buddy " name, [FM_ALLOCATOR_BITMAP] = "bitmap " name                   \
  }

static const struct measurement measurements[] = {
    {NAMES("alloc+drop hot"), hot, 1},
    {NAMES("bulk in order"), bulk_in_order, 1},
    {NAMES("bulk reversed"), bulk_reversed, 1},
    {NAMES("bulk shuffled"), bulk_shuffled, 1},
    {NAMES("random free"), random_free, 1},
    {NAMES("segment of 512"), segments, 1},
    {NAMES("2 CPUs, own frames"), own_frames, CPUS},
    {NAMES("2 CPUs, other's frames"), others_frames, CPUS},
    /* It needs no allocator, so it stands once, at the end. */
    {{[FM_ALLOCATOR_BITMAP] = "list push+pop"}, list_push_pop, CPUS},
};

/* The measurements take turns, so that a slow moment of the host meets one round of each and
 * not all rounds of one. */
static void measure(const struct measurement *const *what, size_t count, struct bench *bench,
                    unsigned rounds, GArray *ret_rows)
{
  g_autofree double *ns = g_new(double, count *rounds);
  g_autofree double *bare = g_new(double, count *rounds);

  for (size_t i = 0; i < count; i++)
    (void)what[i]->round(bench); /* warm */
  for (unsigned round = 0; round < rounds; round++)
    for (size_t i = 0; i < count; i++) {
      bare[i * rounds + round] = claim_drop(bench);
      ns[i * rounds + round] = what[i]->round(bench);
    }
  for (size_t i = 0; i < count; i++) {
    struct bench_row row = bench_row_of(what[i]->names[bench->kernel->allocator], ns + i * rounds,
                                        bare + i * rounds, rounds);
    g_array_append_val(ret_rows, row);
  }
}

/* An allocated frame made unused without its allocator hearing of it. */
static fm_paddr spare_frame(struct fm_kernel *kernel)
{
  struct fm_unique unique = {NULL};
  if (!fm_unique_from_frame(take_frame(kernel), &unique) || unique.slot == NULL)
    abort();
  fm_paddr at = fm_unique_paddr(unique);
  fm_unique_reset(kernel, unique);
  return at;
}

static uint32_t *permutation(uint32_t count)
{
  uint32_t *places = g_new(uint32_t, count);
  struct sim_rng rng;
  sim_rng_init(&rng, SEED, "bench");
  for (uint32_t i = 0; i < count; i++) {
    uint32_t j = (uint32_t)sim_rng_below(&rng, i + 1);
    places[i] = places[j];
    places[j] = i;
  }
  return places;
}

/* All measurements with this allocator on a machine of so many CPUs. */
static bool measure_all(enum fm_allocator_kind allocator, uint32_t cpus, unsigned rounds,
                        GArray *rows, GError **error)
{
  g_autoptr(sim_machine) machine = bench_machine(allocator, cpus, error);
  if (machine == NULL)
    return false;
  g_autofree struct fm_frame *taken = g_new(struct fm_frame, BULK_FRAMES);
  g_autofree struct fm_frame *given = g_new(struct fm_frame, BULK_FRAMES);
  g_autofree uint32_t *shuffled = permutation(BULK_FRAMES);
  struct fm_kernel *kernel = sim_machine_kernel(machine);
  /* The first frame is nobody's: it may be frame 0, whose slot shares its place in some
   * processors' caches with the kernel's state and takes twice the time. */
  (void)fm_frame_into_raw(take_frame(kernel));
  struct bench bench = {machine, kernel, spare_frame(kernel), taken, given, shuffled};

  const struct measurement *these[G_N_ELEMENTS(measurements)];
  size_t count = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(measurements); i++)
    if (measurements[i].cpus == cpus && measurements[i].names[allocator] != NULL)
      these[count++] = &measurements[i];
  measure(these, count, &bench, rounds, rows);
  return true;
}

GArray *bench_alloc(unsigned rounds, GError **error)
{
  static const enum fm_allocator_kind kinds[] = {FM_ALLOCATOR_BUDDY, FM_ALLOCATOR_BITMAP};
  g_autoptr(GArray) rows = g_array_new(false, false, sizeof(struct bench_row));
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (!measure_all(kinds[i], 1, rounds, rows, error) ||
        !measure_all(kinds[i], CPUS, rounds, rows, error))
      return NULL;
  return g_steal_pointer(&rows);
}
