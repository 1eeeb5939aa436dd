/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The buddy allocator against a naive model: an array that says which frames are out.
 *
 * Random requests and returns on one and on four CPUs, in other pieces than they were
 * given.  After each step no frame is out twice and the free bytes agree; every so often
 * each frame that is not out is free to the allocator, and the audit finds nothing.  Each
 * round has a fresh machine: buddies in different pools never merge, so with time there are
 * only small chunks left.
 */
#include "sim/rng.h"
#include "tests/support.h"

enum { FRAMES = 4096, STEPS = 4000, ROUNDS = 6, RUNS_MAX = 1024 };

#define SEED 23ull

struct run {
  uint64_t first, count;
};

static bool usable[FRAMES];
static bool out[FRAMES];
static struct run runs[RUNS_MAX];
static unsigned nr_runs;
static unsigned step;
static unsigned refused; /* requests for want of memory */

/* An assertion that passes costs a system call, and there are many of these. */
#define expect(cond, ...)                                                                          \
  do {                                                                                             \
    if (!(cond))                                                                                   \
      ck_abort_msg("seed %llu, step %u: " __VA_ARGS__);                                            \
  } while (0)

static void boot(uint32_t cpus)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = FRAMES * FM_PAGE_SIZE;
  config.sim.cpus = cpus;
  config.sim.allocator = FM_ALLOCATOR_BUDDY;
  test_machine_boot_with(&config);
  nr_runs = refused = 0;
  for (uint64_t i = 0; i < FRAMES; i++) {
    usable[i] =
        sim_machine_ops(test_machine)->is_free(test_kernel(), fm_paddr_of(i * FM_PAGE_SIZE));
    out[i] = false;
  }
}

static void take(struct sim_rng *rng, uint64_t *free_frames)
{
  uint64_t count =
      sim_rng_below(rng, 8) != 0 ? 1 + sim_rng_below(rng, 6) : 1 + sim_rng_below(rng, 600);
  uint64_t align = UINT64_C(1) << sim_rng_below(rng, sim_rng_below(rng, 8) != 0 ? 1 : 6);
  fm_paddr start;
  if (nr_runs == RUNS_MAX)
    return;
  if (!sim_machine_ops(test_machine)
           ->alloc(test_kernel(), count * FM_PAGE_SIZE, align * FM_PAGE_SIZE, &start)) {
    refused++;
    return;
  }
  uint64_t first = start.raw / FM_PAGE_SIZE;
  /* As in the kernel, runs of a cache are only page-aligned, although more was asked for. */
  bool cached = count <= FM_CACHES && align <= count;
  expect(cached || first % align == 0, "frame %llu is not aligned to %llu", SEED, step,
         (unsigned long long)first, (unsigned long long)align);
  for (uint64_t i = first; i < first + count; i++) {
    expect(i < FRAMES && usable[i] && !out[i], "frame %llu was given out twice, or is none", SEED,
           step, (unsigned long long)i);
    out[i] = true;
  }
  runs[nr_runs++] = (struct run){first, count};
  *free_frames -= count;
}

/* Gives a run back whole, or a piece from its front, its middle or its end. */
static void give(struct sim_rng *rng, uint64_t *free_frames)
{
  if (nr_runs == 0)
    return;
  struct run *run = &runs[sim_rng_below(rng, nr_runs)];
  uint64_t from = 0, count = run->count;
  if (nr_runs < RUNS_MAX && sim_rng_below(rng, 3) == 0) {
    from = sim_rng_below(rng, 2) * sim_rng_below(rng, run->count);
    count = 1 + sim_rng_below(rng, run->count - from);
  }
  struct run rest = {run->first + from + count, run->count - from - count};
  sim_machine_ops(test_machine)
      ->dealloc(test_kernel(), fm_paddr_of((run->first + from) * FM_PAGE_SIZE),
                count * FM_PAGE_SIZE);
  for (uint64_t i = run->first + from; i < run->first + from + count; i++)
    out[i] = false;
  *free_frames += count;
  run->count = from;
  if (run->count == 0)
    *run = runs[--nr_runs];
  if (rest.count != 0)
    runs[nr_runs++] = rest;
}

/* The pools' own books, by which they are balanced: sizes and what stands in the lists. */
static void look_at_books(void)
{
  const struct fm_kernel *kernel = test_kernel();
  uint64_t booked = kernel->buddy.size;
  uint64_t listed = 0;
  for (uint32_t order = 0; order < FM_GLOBAL_ORDERS; order++)
    listed += kernel->buddy.lists[order].size * (FM_PAGE_SIZE << order);
  expect(listed == booked, "the global pool's size is wrong%s", SEED, step, "");
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    const struct fm_buddy_local *local = &fm_kernel_cpu(kernel, id)->buddy;
    uint64_t here = 0;
    for (uint32_t order = 0; order < FM_LOCAL_ORDERS; order++)
      here += local->lists[order].size * (FM_PAGE_SIZE << order);
    expect(here == local->size, "the size of the pool of CPU %u is wrong", SEED, step, id);
    booked += here;
    for (uint32_t frames = 1; frames <= FM_CACHES; frames++)
      booked += local->caches[frames - 1].count * frames * FM_PAGE_SIZE;
  }
  expect(booked == sim_machine_ops(test_machine)->free_bytes(kernel),
         "pools and caches are not the free bytes%s", SEED, step, "");
}

static void look_at_all(void)
{
  look_at_books();
  for (uint64_t i = 0; i < FRAMES; i++) {
    bool is_free =
        sim_machine_ops(test_machine)->is_free(test_kernel(), fm_paddr_of(i * FM_PAGE_SIZE));
    expect(is_free == (usable[i] && !out[i]), "frame %llu is %s", SEED, step, (unsigned long long)i,
           is_free ? "free and out" : "lost");
  }
  test_expect_sound();
}

START_TEST(no_frame_is_given_twice_and_none_is_lost)
{
  uint32_t cpus = _i % 2 == 0 ? 1 : 4;
  struct sim_rng rng;
  g_autofree char *name = g_strdup_printf("buddy %d", _i);
  sim_rng_init(&rng, SEED, name);
  boot(cpus);
  uint64_t all = sim_machine_ops(test_machine)->free_bytes(test_kernel());
  uint64_t free_frames = all / FM_PAGE_SIZE;

  for (step = 0; step < STEPS; step++) {
    sim_cpu_enter(test_machine, (uint32_t)sim_rng_below(&rng, cpus));
    /* Waves, so that memory runs out now and then and comes back. */
    bool filling = step / 1000 % 2 == 0;
    if (sim_rng_below(&rng, 10) < (filling ? 7u : 3u))
      take(&rng, &free_frames);
    else
      give(&rng, &free_frames);
    expect(sim_machine_ops(test_machine)->free_bytes(test_kernel()) == free_frames * FM_PAGE_SIZE,
           "the free bytes are wrong%s", SEED, step, "");
    look_at_books();
    if (step % 100 == 99)
      look_at_all();
  }
  while (nr_runs != 0)
    give(&rng, &free_frames);
  look_at_all();
  ck_assert_uint_eq(sim_machine_ops(test_machine)->free_bytes(test_kernel()), all);
  ck_assert_uint_gt(refused, STEPS / 100);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("buddy_model");
  TCase *tc = tcase_create("model");
  tcase_add_checked_fixture(tc, NULL, test_teardown);
  tcase_set_timeout(tc, 100);
  tcase_add_loop_test(tc, no_frame_is_given_twice_and_none_is_lost, 0, 2 * ROUNDS);
  suite_add_tcase(suite, tc);
  return suite;
}
