/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Segments and frames over both allocators against a naive model: a count for each frame.
 *
 * Random handles are made, cut, cloned and dropped, and runs go back to the allocator in
 * other pieces than they came.  After each step every frame has the model's count and is
 * free exactly if that is 0, and the free bytes agree: no frame is given twice, and none is
 * lost.
 */
#include <fm/frame_alloc.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/support.h"

enum { FRAMES = 2048, STEPS = 3000, HANDLES_MAX = 200 };

#define SEED 61ull

static const enum fm_allocator_kind allocators[] = {FM_ALLOCATOR_BITMAP, FM_ALLOCATOR_BUDDY};

static const struct fm_ops *ops;
static struct sim_rng rng;
static unsigned step;

/* The model. */
static bool usable[FRAMES];
static uint64_t counts[FRAMES];
static struct fm_range handles[HANDLES_MAX];
static unsigned nr_handles;
static uint64_t free_at_start; /* bytes */

/* An assertion that passes costs a system call, and there are many of these. */
#define expect(cond, ...)                                                                          \
  do {                                                                                             \
    if (!(cond))                                                                                   \
      ck_abort_msg("seed %llu, step %u: " __VA_ARGS__);                                            \
  } while (0)

static uint64_t below(uint64_t limit)
{
  return sim_rng_below(&rng, limit);
}

static uint64_t first_of(struct fm_range range)
{
  return range.start.raw / FM_PAGE_SIZE;
}

static uint64_t frames_of(struct fm_range range)
{
  return fm_range_size(range) / FM_PAGE_SIZE;
}

static void add(struct fm_range range, uint64_t change)
{
  for (uint64_t i = 0; i < frames_of(range); i++)
    counts[first_of(range) + i] += change;
}

static void keep(struct fm_range range)
{
  handles[nr_handles++] = range;
}

static struct fm_range take_handle(void)
{
  unsigned i = (unsigned)below(nr_handles);
  struct fm_range range = handles[i];
  handles[i] = handles[--nr_handles];
  return range;
}

static void compare(void)
{
  uint64_t taken = 0;
  for (uint64_t i = 0; i < FRAMES; i++) {
    fm_paddr frame = fm_paddr_of(i * FM_PAGE_SIZE);
    bool is_free = ops->is_free(test_kernel(), frame);
    if (!usable[i])
      continue;
    expect(is_free == (counts[i] == 0), "frame %llu, held %llu times, is %s", SEED, step,
           (unsigned long long)i, (unsigned long long)counts[i], is_free ? "free" : "lost");
    expect(is_free || fm_slot_at(frame)->ref_count == counts[i],
           "frame %llu has count %llu, not %llu", SEED, step, (unsigned long long)i,
           (unsigned long long)fm_slot_at(frame)->ref_count, (unsigned long long)counts[i]);
    taken += counts[i] != 0;
  }
  expect(ops->free_bytes(test_kernel()) == free_at_start - taken * FM_PAGE_SIZE,
         "the free bytes are wrong%s", SEED, step, "");
}

/* ---- Steps ---- */

static bool model_has_run(uint64_t wanted)
{
  uint64_t run = 0;
  for (uint64_t i = 0; i < FRAMES; i++) {
    run = usable[i] && counts[i] == 0 ? run + 1 : 0;
    if (run == wanted)
      return true;
  }
  return false;
}

static void step_alloc(void)
{
  const struct fm_alloc_options options = {.dirty = true};
  uint64_t wanted = 1 + below(below(6) != 0 ? 6 : 400);
  struct fm_segment segment = {0};
  struct fm_frame frame = {NULL};
  bool single = wanted == 1 && below(2) != 0;
  enum fm_alloc_error error = single
                                  ? ops->frame_alloc(test_kernel(), &options, &frame)
                                  : ops->segment_alloc(test_kernel(), &options, wanted, &segment);

  bool there = model_has_run(wanted);
  if (error != FM_ALLOC_OK) {
    /* buddy may have a run in several chunks, which it cannot give out as one */
    expect(!there || test_kernel()->allocator == FM_ALLOCATOR_BUDDY,
           "%llu frames were refused although there are as many in a row", SEED, step,
           (unsigned long long)wanted);
    return;
  }
  if (single)
    segment = fm_segment_from_frame(frame);
  expect(frames_of(segment.range) == wanted, "the segment has another size%s", SEED, step, "");
  for (uint64_t i = first_of(segment.range); i < first_of(segment.range) + wanted; i++)
    expect(i < FRAMES && usable[i] && counts[i] == 0, "frame %llu was given out twice, or is none",
           SEED, step, (unsigned long long)i);
  add(segment.range, 1);
  keep(segment.range);
}

static void step_slice(void)
{
  struct fm_range range = handles[below(nr_handles)];
  uint64_t start = below(frames_of(range) + 1);
  uint64_t end = start + below(frames_of(range) - start + 1);
  struct fm_segment slice = {0};

  expect(ops->segment_slice(fm_segment_from_raw(range), start * FM_PAGE_SIZE, end * FM_PAGE_SIZE,
                            &slice),
         "a slice was refused%s", SEED, step, "");
  add(slice.range, 1);
  if (start == end)
    ops->segment_drop(test_kernel(), slice);
  else
    keep(slice.range);
}

static void step_split(void)
{
  struct fm_range range = take_handle();
  struct fm_segment first = {0}, second = {0};
  uint64_t at = below(frames_of(range) + 1) * FM_PAGE_SIZE;

  if (ops->segment_split(fm_segment_from_raw(range), at, &first, &second)) {
    expect(first.range.end.raw == range.start.raw + at, "a split at another place%s", SEED, step,
           "");
    keep(first.range);
    keep(second.range);
    return;
  }
  expect(at == 0 || at == fm_range_size(range), "a split was refused%s", SEED, step, "");
  keep(range);
}

static void step_next(void)
{
  struct fm_segment segment = fm_segment_from_raw(take_handle());
  struct fm_frame frame = {NULL};
  uint64_t start = segment.range.start.raw;

  expect(ops->segment_next(&segment, &frame) && fm_frame_paddr(frame).raw == start,
         "iteration goes astray%s", SEED, step, "");
  keep(fm_segment_from_frame(frame).range);
  if (fm_segment_size(segment) != 0)
    keep(segment.range);
}

static void step_get(void)
{
  uint64_t i = below(FRAMES);
  struct fm_frame frame = {NULL};
  if (!usable[i])
    return;
  enum fm_get_error error = ops->get(test_kernel(), fm_paddr_of(i * FM_PAGE_SIZE), &frame.slot);
  expect((error == FM_GET_OK) == (counts[i] != 0), "frame %llu: %s", SEED, step,
         (unsigned long long)i, fm_get_error_name(error));
  if (error != FM_GET_OK)
    return;
  counts[i]++;
  keep(fm_segment_from_frame(frame).range);
}

static void step_drop(void)
{
  struct fm_range range = take_handle();
  ops->segment_drop(test_kernel(), fm_segment_from_raw(range));
  add(range, UINT64_MAX);
}

/* Gives the frames back without their handles, in one piece of any size. */
static void step_give_back(void)
{
  struct fm_range range = take_handle();
  for (uint64_t i = 0; i < frames_of(range); i++)
    if (counts[first_of(range) + i] != 1) {
      keep(range); /* not ours alone */
      return;
    }
  for (fm_paddr at = range.start; at.raw < range.end.raw; at.raw += FM_PAGE_SIZE) {
    struct fm_unique unique = {NULL};
    expect(ops->unique_from_frame(ops->frame_from_raw(at), &unique), "0x%llx is not ours alone",
           SEED, step, (unsigned long long)at.raw);
    ops->unique_reset(test_kernel(), unique);
  }
  ops->dealloc(test_kernel(), range.start, fm_range_size(range));
  add(range, UINT64_MAX);
}

static void one_step(bool filling)
{
  if (nr_handles > HANDLES_MAX - 2) {
    step_drop();
    return;
  }
  if (nr_handles == 0 || below(10) < (filling ? 4 : 1)) {
    step_alloc();
    return;
  }
  static void (*const steps[])(void) = {step_slice, step_split, step_next,     step_get,
                                        step_drop,  step_drop,  step_give_back};
  steps[below(filling ? 5 : G_N_ELEMENTS(steps))]();
}

START_TEST(every_frame_has_the_count_of_the_model)
{
  test_machine_boot(allocators[_i / TEST_BUILDS]);
  ops = test_use_build(_i % TEST_BUILDS);
  sim_rng_init(&rng, SEED, "segments");
  memset(counts, 0, sizeof(counts));
  nr_handles = 0;
  for (uint64_t i = 0; i < FRAMES; i++)
    usable[i] = ops->is_free(test_kernel(), fm_paddr_of(i * FM_PAGE_SIZE));
  free_at_start = ops->free_bytes(test_kernel());

  for (step = 0; step < STEPS; step++) {
    one_step(step / 300 % 2 == 0);
    compare();
  }
  while (nr_handles != 0)
    step_drop();
  compare();
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_at_start);
  ck_assert_uint_eq(test_take_findings(NULL), 0);
  test_expect_sound();
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("segment_model");
  TCase *tc = tcase_create("model");

  tcase_set_timeout(tc, 100);
  tcase_add_checked_fixture(tc, NULL, test_teardown);
  tcase_add_loop_test(tc, every_frame_has_the_count_of_the_model, 0,
                      TEST_BUILDS * G_N_ELEMENTS(allocators));
  suite_add_tcase(suite, tc);
  return suite;
}
