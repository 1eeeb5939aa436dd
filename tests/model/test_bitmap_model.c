/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The bitmap allocator against a naive model: an array with one flag per frame.
 *
 * After each step both agree on the address, on every frame's state and on the free bytes;
 * so no frame is given twice, none is lost, and it always is the first that fits.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/support.h"

enum { FRAMES = 2048, STEPS = 4000, RUNS_MAX = 256 };

#define SEED 19ull

struct run {
  uint64_t first, count;
};

static bool free_frames[FRAMES];
static struct run runs[RUNS_MAX]; /* what is out */
static unsigned nr_runs;
static const struct fm_ops *ops;
static unsigned step;

static void take_over(void)
{
  for (uint64_t i = 0; i < FRAMES; i++)
    free_frames[i] = ops->is_free(test_kernel(), fm_paddr_of(i * FM_PAGE_SIZE));
  nr_runs = 0;
}

static bool is_run_free(uint64_t first, uint64_t count)
{
  if (first + count > FRAMES)
    return false;
  for (uint64_t i = first; i < first + count; i++)
    if (!free_frames[i])
      return false;
  return true;
}

static bool model_alloc(uint64_t count, uint64_t align, uint64_t *ret_first)
{
  for (uint64_t first = 0; first < FRAMES; first += align) {
    if (!is_run_free(first, count))
      continue;
    *ret_first = first;
    return true;
  }
  return false;
}

/* An assertion that passes costs a system call, and there are millions of these. */
#define expect(cond, ...)                                                                          \
  do {                                                                                             \
    if (!(cond))                                                                                   \
      ck_abort_msg("seed %llu, step %u: " __VA_ARGS__);                                            \
  } while (0)

static void mark(uint64_t first, uint64_t count, bool is_free)
{
  for (uint64_t i = first; i < first + count; i++) {
    expect(free_frames[i] != is_free, "frame %llu twice", SEED, step, (unsigned long long)i);
    free_frames[i] = is_free;
  }
}

static void compare(void)
{
  uint64_t sum = 0;

  for (uint64_t i = 0; i < FRAMES; i++) {
    sum += free_frames[i];
    expect(ops->is_free(test_kernel(), fm_paddr_of(i * FM_PAGE_SIZE)) == free_frames[i],
           "frame %llu differs from the model", SEED, step, (unsigned long long)i);
  }
  expect(ops->free_bytes(test_kernel()) == sum * FM_PAGE_SIZE, "%llu free bytes, not %llu", SEED,
         step, (unsigned long long)ops->free_bytes(test_kernel()),
         (unsigned long long)(sum * FM_PAGE_SIZE));
}

/* Mostly small, sometimes up to 512 frames; alignments from a page to 2 MiB. */
static void random_alloc(struct sim_rng *rng)
{
  uint64_t count = 1 + sim_rng_below(rng, UINT64_C(1) << sim_rng_below(rng, 10));
  uint64_t align = UINT64_C(1) << (sim_rng_below(rng, 3) == 0 ? sim_rng_below(rng, 10) : 0);
  uint64_t wanted = 0;
  fm_paddr got = fm_paddr_of(1);
  bool expected = model_alloc(count, align, &wanted);

  bool given = ops->alloc(test_kernel(), count * FM_PAGE_SIZE, align * FM_PAGE_SIZE, &got);
  expect(given == expected && got.raw == (given ? wanted * FM_PAGE_SIZE : 1),
         "%llu frames aligned to %llu: got %d 0x%llx, not %d frame %llu", SEED, step,
         (unsigned long long)count, (unsigned long long)align, given, (unsigned long long)got.raw,
         expected, (unsigned long long)wanted);
  if (!given)
    return;
  mark(wanted, count, false);
  runs[nr_runs++] = (struct run){wanted, count};
}

/* Gives back a whole run, or its front or end, or a piece from its middle. */
static void random_dealloc(struct sim_rng *rng)
{
  struct run *run = &runs[sim_rng_below(rng, nr_runs)];
  uint64_t from = sim_rng_below(rng, 2) * sim_rng_below(rng, run->count);
  uint64_t count = 1 + sim_rng_below(rng, run->count - from);
  struct run rest = {run->first + from + count, run->count - from - count};

  if (nr_runs == RUNS_MAX || sim_rng_below(rng, 2) == 0) {
    from = 0;
    count = run->count;
    rest.count = 0;
  }
  ops->dealloc(test_kernel(), fm_paddr_of((run->first + from) * FM_PAGE_SIZE),
               count * FM_PAGE_SIZE);
  mark(run->first + from, count, true);
  run->count = from;
  if (run->count == 0)
    *run = runs[--nr_runs];
  if (rest.count != 0)
    runs[nr_runs++] = rest;
}

START_TEST(every_step_is_that_of_the_model)
{
  struct sim_rng rng;
  unsigned cpu = 0;

  ops = test_use_build(_i);
  sim_rng_init(&rng, SEED, "bitmap");
  take_over();
  compare();
  for (step = 0; step < STEPS; step++) {
    /* Long phases of filling and of emptying, on either CPU. */
    uint64_t alloc_share = step / 250 % 2 == 0 ? 7 : 3;
    if (step % 16 == 0)
      sim_cpu_enter(test_machine, cpu ^= 1);
    if (nr_runs == 0 || (nr_runs < RUNS_MAX - 1 && sim_rng_below(&rng, 10) < alloc_share))
      random_alloc(&rng);
    else
      random_dealloc(&rng);
    compare();
  }
  while (nr_runs != 0) {
    random_dealloc(&rng);
    compare();
  }
  test_expect_sound();
}
END_TEST

static void setup(void)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.cpus = 2;
  test_machine_boot_with(&config);
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("bitmap model");
  TCase *tc = tcase_create("bitmap model");

  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_loop_test(tc, every_step_is_that_of_the_model, 0, TEST_BUILDS);
  suite_add_tcase(suite, tc);
  return suite;
}
