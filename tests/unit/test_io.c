/* SPDX-License-Identifier: MPL-2.0 */
/* Readers and writers: places that move on, over the ends of frames, and never too far. */
#include <fm/frame_alloc.h>
#include <string.h>

#include "sim/hook.h"
#include "sim/rng.h"
#include "tests/support.h"

enum { FRAMES = 4, SIZE = FRAMES * 4096, STEPS = 20000 };

#define SEED 31ull

static struct fm_segment segment;
static uint8_t *bytes;       /* of the segment */
static uint8_t before[SIZE]; /* what stood there when last remembered */

static void remember(void)
{
  memcpy(before, bytes, SIZE);
}

/* A machine with a segment whose bytes tell their place. */
static void setup(void)
{
  const struct fm_alloc_options dirty = {.dirty = true};
  test_setup();
  ck_assert_int_eq(fm_segment_alloc(test_kernel(), &dirty, FRAMES, &segment), FM_ALLOC_OK);
  bytes = fm_linear(segment.range.start, SIZE);
  for (unsigned i = 0; i < SIZE; i++)
    bytes[i] = (uint8_t)(i * 7 + i / 256);
  remember();
}

static struct fm_reader reader_at(uint64_t offset, uint64_t left)
{
  return fm_reader_of(fm_paddr_add(segment.range.start, offset), left);
}

static struct fm_writer writer_at(uint64_t offset, uint64_t left)
{
  return fm_writer_of(fm_paddr_add(segment.range.start, offset), left);
}

static void expect_reader(struct fm_reader reader, uint64_t offset, uint64_t left)
{
  ck_assert_uint_eq(reader.at.raw - segment.range.start.raw, offset);
  ck_assert_uint_eq(reader.left, left);
}

static void expect_writer(struct fm_writer writer, uint64_t offset, uint64_t left)
{
  ck_assert_uint_eq(writer.at.raw - segment.range.start.raw, offset);
  ck_assert_uint_eq(writer.left, left);
}

/* Only bytes [start, end) differ from those that were remembered. */
static void expect_rest_untouched(uint64_t start, uint64_t end)
{
  ck_assert_mem_eq(bytes, before, start);
  ck_assert_mem_eq(bytes + end, before + end, SIZE - end);
}

/* ---- Reading and writing ---- */

START_TEST(reading_goes_on_over_the_ends_of_frames)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_reader reader = reader_at(4093, SIZE - 4093);
  uint8_t to[3 * 3001 + 1] = {0};

  to[3 * 3001] = 0x5a;
  ck_assert(ops->reader_read(&reader, to, 3001, 3));
  ck_assert_mem_eq(to, before + 4093, 3 * 3001);
  ck_assert_uint_eq(to[3 * 3001], 0x5a);
  expect_reader(reader, 4093 + 3 * 3001, SIZE - 4093 - 3 * 3001);
  ck_assert_mem_eq(bytes, before, SIZE);
}
END_TEST

START_TEST(writing_goes_on_over_the_ends_of_frames)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_writer writer = writer_at(8191, SIZE - 8191);
  uint8_t from[5000];

  for (unsigned i = 0; i < sizeof(from); i++)
    from[i] = (uint8_t)(i * 13 + 5);
  ck_assert(ops->writer_write(&writer, from, 1250, 4));
  ck_assert_mem_eq(bytes + 8191, from, sizeof(from));
  expect_rest_untouched(8191, 8191 + 5000);
  expect_writer(writer, 8191 + 5000, SIZE - 8191 - 5000);
}
END_TEST

START_TEST(filling_repeats_the_value_over_the_ends_of_frames)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_writer writer = writer_at(4091, SIZE - 4091);

  ck_assert(ops->writer_fill(&writer, "abc", 1500, 3)); /* an item lies across the end */
  for (unsigned i = 0; i < 4500; i++)
    ck_assert_uint_eq(bytes[4091 + i], "abc"[i % 3]);
  expect_rest_untouched(4091, 4091 + 4500);
  expect_writer(writer, 4091 + 4500, SIZE - 4091 - 4500);
}
END_TEST

START_TEST(everything_that_is_left_can_be_had_and_no_byte_more)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_reader reader = reader_at(0, SIZE);
  struct fm_writer writer = writer_at(0, SIZE);
  uint8_t to[SIZE];

  ck_assert(ops->reader_read(&reader, to, 1, SIZE));
  ck_assert_mem_eq(to, before, SIZE);
  expect_reader(reader, SIZE, 0);
  ck_assert(!ops->reader_read(&reader, to, 1, 1));
  ck_assert(ops->reader_read(&reader, to, 0, 1));
  ck_assert(ops->writer_fill(&writer, "x", SIZE, 1));
  expect_writer(writer, SIZE, 0);
  ck_assert(!ops->writer_fill(&writer, "x", 1, 1));
  ck_assert(ops->writer_write(&writer, to, 0, 1));
  expect_reader(reader, SIZE, 0);
  expect_writer(writer, SIZE, 0);
}
END_TEST

START_TEST(copying_ends_with_the_shorter_of_the_two)
{
  const struct fm_ops *ops = test_use_build(_i);
  struct fm_reader reader = reader_at(77, 5001);
  struct fm_writer writer = writer_at(7003, 6000);

  ck_assert_uint_eq(ops->io_copy(&reader, &writer), 5001);
  ck_assert_mem_eq(bytes + 7003, before + 77, 5001);
  expect_rest_untouched(7003, 7003 + 5001);
  expect_reader(reader, 77 + 5001, 0);
  expect_writer(writer, 7003 + 5001, 999);
  ck_assert_uint_eq(ops->io_copy(&reader, &writer), 0);

  remember();
  reader = reader_at(1, 4000);
  writer = writer_at(8000, 300);
  ck_assert_uint_eq(ops->io_copy(&reader, &writer), 300);
  ck_assert_mem_eq(bytes + 8000, before + 1, 300);
  expect_rest_untouched(8000, 8300);
  expect_reader(reader, 301, 3700);
  expect_writer(writer, 8300, 0);
}
END_TEST

/* The accesses to frames, as the instrumented build tells of them. */
static struct {
  struct sim_observer observer;
  uint64_t bytes;
  unsigned across; /* that lie in two frames */
} watcher;

static void watch(struct sim_observer *observer, const struct fm_access *access)
{
  uint64_t offset = (uint64_t)(uintptr_t)access->where - FM_LINEAR_WINDOW;
  ck_assert_ptr_eq(observer, &watcher.observer);
  watcher.bytes += access->size;
  watcher.across += offset / FM_PAGE_SIZE != (offset + access->size - 1) / FM_PAGE_SIZE;
}

START_TEST(no_access_lies_across_the_end_of_a_frame)
{
  const struct fm_ops *ops = test_use_build(1);
  struct fm_reader reader = reader_at(1, SIZE - 1);
  struct fm_writer writer = writer_at(4094, SIZE - 4094);
  uint8_t mine[9000] = {0};

  memset(&watcher, 0, sizeof(watcher));
  watcher.observer.after = watch;
  sim_observer = &watcher.observer;
  bool done = ops->reader_read(&reader, mine, 9000, 1) &&
              ops->writer_write(&writer, mine, 3000, 1) && ops->writer_fill(&writer, mine, 500, 7);
  reader = reader_at(100, 5000);
  uint64_t copied = ops->io_copy(&reader, &writer);
  sim_observer = NULL;

  ck_assert(done);
  ck_assert_uint_eq(copied, 5000);
  ck_assert_uint_eq(watcher.bytes, 9000 + 3000 + 3500 + 2 * 5000); /* none goes unseen */
  ck_assert_uint_eq(watcher.across, 0);
}
END_TEST

/* ---- Moving on ---- */

START_TEST(skipping_moves_on_and_stops_at_the_end)
{
  struct fm_reader reader = reader_at(3, 100);
  struct fm_writer writer = writer_at(3, 100);

  ck_assert(fm_reader_skip(&reader, 60) && fm_writer_skip(&writer, 60));
  expect_reader(reader, 63, 40);
  expect_writer(writer, 63, 40);
  ck_assert(!fm_reader_skip(&reader, 41) && !fm_writer_skip(&writer, 41));
  ck_assert(!fm_reader_skip(&reader, UINT64_MAX) && !fm_writer_skip(&writer, UINT64_MAX));
  expect_reader(reader, 63, 40);
  expect_writer(writer, 63, 40);
  ck_assert(fm_reader_skip(&reader, 40) && fm_writer_skip(&writer, 40));
  ck_assert(fm_reader_skip(&reader, 0) && fm_writer_skip(&writer, 0));
  expect_reader(reader, 103, 0);
  expect_writer(writer, 103, 0);
}
END_TEST

START_TEST(a_limit_only_takes_away)
{
  static const uint64_t limits[][2] = {{UINT64_MAX, 100}, {101, 100}, {100, 100}, {99, 99}, {0, 0}};
  struct fm_reader reader = reader_at(5, 100);
  struct fm_writer writer = writer_at(5, 100);

  for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
    fm_reader_limit(&reader, limits[i][0]);
    fm_writer_limit(&writer, limits[i][0]);
    expect_reader(reader, 5, limits[i][1]);
    expect_writer(writer, 5, limits[i][1]);
  }
}
END_TEST

/* ---- Too much ---- */

/* Items whose sizes, multiplied in 64 bits, come out small enough (or 0), and others. */
static const struct {
  uint64_t count, item;
} too_much[] = {
    {101, 1},
    {1, 101},
    {51, 2},
    {SIZE, 1},
    {UINT64_C(1) << 63, 2},
    {2, UINT64_C(1) << 63},
    {(UINT64_C(1) << 62) + 1, 4},
    {UINT64_C(1) << 32, UINT64_C(1) << 32},
    {UINT64_MAX, UINT64_MAX}, /* 1 in 64 bits */
    {UINT64_MAX, 1},
    {1, UINT64_MAX},
};

START_TEST(who_asks_for_too_much_gets_nothing)
{
  const struct fm_ops *ops = test_use_build(_i % TEST_BUILDS);
  uint64_t count = too_much[_i / TEST_BUILDS].count, item = too_much[_i / TEST_BUILDS].item;
  struct fm_reader reader = reader_at(4001, 100);
  struct fm_writer writer = writer_at(4001, 100);
  uint8_t mine[128], untouched[128];

  memset(mine, 0xee, sizeof(mine));
  memset(untouched, 0xee, sizeof(untouched));
  ck_assert(!ops->reader_read(&reader, mine, count, item));
  ck_assert_mem_eq(mine, untouched, sizeof(mine));
  ck_assert(!ops->writer_write(&writer, mine, count, item));
  ck_assert(!ops->writer_fill(&writer, mine, count, item));
  expect_reader(reader, 4001, 100);
  expect_writer(writer, 4001, 100);
  ck_assert_mem_eq(bytes, before, SIZE);
}
END_TEST

START_TEST(nothing_is_never_too_much)
{
  static const uint64_t nothings[][2] = {{0, 0}, {UINT64_MAX, 0}, {0, UINT64_MAX}, {1, 0}};
  const struct fm_ops *ops = test_use_build(_i);

  for (size_t i = 0; i < G_N_ELEMENTS(nothings); i++) {
    uint64_t count = nothings[i][0], item = nothings[i][1];
    struct fm_reader reader = reader_at(9, i % 2);
    struct fm_writer writer = writer_at(9, i % 2);
    uint8_t byte = 0xee;

    ck_assert(ops->reader_read(&reader, &byte, count, item));
    ck_assert(ops->writer_write(&writer, &byte, count, item));
    ck_assert(ops->writer_fill(&writer, &byte, count, item));
    expect_reader(reader, 9, i % 2);
    expect_writer(writer, 9, i % 2);
    ck_assert_uint_eq(byte, 0xee);
  }
  ck_assert_mem_eq(bytes, before, SIZE);
}
END_TEST

/* ---- Against a plain array ---- */

static struct {
  struct sim_rng rng;
  const struct fm_ops *ops;
  struct fm_reader reader;
  struct fm_writer writer;
  uint64_t read_at, read_left; /* the model's: offsets into the array */
  uint64_t write_at, write_left;
  uint8_t array[SIZE];
} model;

static uint64_t below(uint64_t limit)
{
  return sim_rng_below(&model.rng, limit);
}

static void start_again(void)
{
  model.read_at = below(SIZE + 1);
  model.read_left = below(SIZE - model.read_at + 1);
  model.write_at = below(SIZE + 1);
  model.write_left = below(SIZE - model.write_at + 1);
  model.reader = reader_at(model.read_at, model.read_left);
  model.writer = writer_at(model.write_at, model.write_left);
}

static void step_read(uint64_t count, uint64_t item)
{
  static uint8_t got[SIZE];
  bool fits = count * item <= model.read_left;

  ck_assert(model.ops->reader_read(&model.reader, got, count, item) == fits);
  if (!fits)
    return;
  ck_assert_mem_eq(got, model.array + model.read_at, count * item);
  model.read_at += count * item;
  model.read_left -= count * item;
}

static void step_write(uint64_t count, uint64_t item, bool fill)
{
  static uint8_t from[SIZE];
  bool fits = count * item <= model.write_left;

  for (uint64_t i = 0; i < MIN(count * item, SIZE); i++)
    from[i] = fill && i >= item ? from[i - item] : (uint8_t)below(256);
  ck_assert((fill ? model.ops->writer_fill : model.ops->writer_write)(&model.writer, from, count,
                                                                      item) == fits);
  if (!fits)
    return;
  memcpy(model.array + model.write_at, from, count * item);
  model.write_at += count * item;
  model.write_left -= count * item;
}

static void step_copy(void)
{
  uint64_t size = MIN(model.read_left, model.write_left);
  if (model.read_at < model.write_at + size && model.write_at < model.read_at + size)
    return; /* they overlap */
  ck_assert_uint_eq(model.ops->io_copy(&model.reader, &model.writer), size);
  memcpy(model.array + model.write_at, model.array + model.read_at, size);
  model.read_at += size;
  model.read_left -= size;
  model.write_at += size;
  model.write_left -= size;
}

static void step_move(uint64_t size)
{
  if (below(4) == 0) {
    fm_reader_limit(&model.reader, size);
    fm_writer_limit(&model.writer, size);
    model.read_left = MIN(model.read_left, size);
    model.write_left = MIN(model.write_left, size);
    return;
  }
  ck_assert(fm_reader_skip(&model.reader, size) == (size <= model.read_left));
  ck_assert(fm_writer_skip(&model.writer, size) == (size <= model.write_left));
  model.read_at += size <= model.read_left ? size : 0;
  model.read_left -= size <= model.read_left ? size : 0;
  model.write_at += size <= model.write_left ? size : 0;
  model.write_left -= size <= model.write_left ? size : 0;
}

static void one_step(void)
{
  uint64_t count = below(below(4) == 0 ? 600 : 20), item = below(24);

  switch (below(8)) {
  case 0:
    start_again();
    break;
  case 1:
  case 2:
    step_read(count, item);
    break;
  case 3:
  case 4:
    step_write(count, item, false);
    break;
  case 5:
    step_write(count, item, true);
    break;
  case 6:
    step_copy();
    break;
  default:
    step_move(count * item);
  }
}

START_TEST(every_step_is_that_of_a_plain_array)
{
  model.ops = test_use_build(_i);
  sim_rng_init(&model.rng, SEED, "io");
  memcpy(model.array, bytes, SIZE);
  start_again();
  for (unsigned step = 0; step < STEPS; step++) {
    one_step();
    /* An assertion that passes costs a system call. */
    if (memcmp(bytes, model.array, SIZE) != 0 || model.reader.left != model.read_left ||
        model.writer.left != model.write_left ||
        model.reader.at.raw - segment.range.start.raw != model.read_at ||
        model.writer.at.raw - segment.range.start.raw != model.write_at)
      ck_abort_msg("seed %llu, step %u: bytes or places differ from the array's", SEED, step);
  }
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("io");
  TCase *tc = tcase_create("io");

  tcase_set_timeout(tc, 20);
  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_loop_test(tc, reading_goes_on_over_the_ends_of_frames, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, writing_goes_on_over_the_ends_of_frames, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, filling_repeats_the_value_over_the_ends_of_frames, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, everything_that_is_left_can_be_had_and_no_byte_more, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, copying_ends_with_the_shorter_of_the_two, 0, TEST_BUILDS);
  tcase_add_test(tc, no_access_lies_across_the_end_of_a_frame);
  tcase_add_test(tc, skipping_moves_on_and_stops_at_the_end);
  tcase_add_test(tc, a_limit_only_takes_away);
  tcase_add_loop_test(tc, who_asks_for_too_much_gets_nothing, 0,
                      TEST_BUILDS * (int)G_N_ELEMENTS(too_much));
  tcase_add_loop_test(tc, nothing_is_never_too_much, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, every_step_is_that_of_a_plain_array, 0, TEST_BUILDS);
  suite_add_tcase(suite, tc);
  return suite;
}
