/* SPDX-License-Identifier: MPL-2.0 */
/* Frames and segments from the allocator: what the options say, and what is refused. */
#include <fm/frame_alloc.h>
#include <string.h>

#include "tests/support.h"

enum { FRAMES = 9, MARK = 0x77 };

static const struct fm_meta_type numbered_type = {
    .name = "numbered", .size = 16, .align = 8, .flags = FM_META_UNTYPED};

static const enum fm_allocator_kind allocators[] = {FM_ALLOCATOR_BITMAP, FM_ALLOCATOR_BUDDY};

/* Each loop test runs with both allocators in both builds. */
enum { LOOPS = TEST_BUILDS * G_N_ELEMENTS(allocators) };

static const struct fm_ops *ops;
static fm_meta_id numbered;

/* Boots, and leaves marks in all of free memory and in the storage of its slots. */
static void begin(int loop)
{
  test_machine_boot(allocators[loop / TEST_BUILDS]);
  ops = test_use_build(loop % TEST_BUILDS);
  numbered = test_register(&numbered_type);
  for (uint64_t at = 0; at < TEST_RAM; at += FM_PAGE_SIZE) {
    if (!ops->is_free(test_kernel(), fm_paddr_of(at)))
      continue;
    memset(fm_linear(fm_paddr_of(at), FM_PAGE_SIZE), MARK, FM_PAGE_SIZE);
    if (test_slot(at)->ref_count == FM_COUNT_UNUSED) /* a free chunk's head needs its own */
      memset(test_slot(at)->storage, MARK, FM_META_MAX_SIZE);
  }
}

static struct fm_segment alloc(const struct fm_alloc_options *options, uint64_t frames)
{
  struct fm_segment segment = {0};
  ck_assert_int_eq(ops->segment_alloc(test_kernel(), options, frames, &segment), FM_ALLOC_OK);
  ck_assert_uint_eq(fm_segment_size(segment), frames * FM_PAGE_SIZE);
  return segment;
}

static struct fm_frame alloc_one(const struct fm_alloc_options *options)
{
  struct fm_frame frame = {NULL};
  ck_assert_int_eq(ops->frame_alloc(test_kernel(), options, &frame), FM_ALLOC_OK);
  return frame;
}

/* Whether all bytes of [start, start + size) are `value`. */
static bool is_all(uint64_t start, uint64_t size, uint8_t value)
{
  const uint8_t *bytes = fm_linear(fm_paddr_of(start), size);
  return bytes[0] == value && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static void expect_anonymous(fm_paddr frame)
{
  const struct fm_slot *slot = test_slot(frame.raw);
  ck_assert_uint_eq(slot->ref_count, 1);
  ck_assert_uint_eq(slot->in_list, 0);
  ck_assert_str_eq(fm_frame_vtable(fm_frame_from_raw(frame))->name, "anon");
  ck_assert(!ops->is_free(test_kernel(), frame));
}

/* ---- What the options say ---- */

START_TEST(without_options_frames_are_anonymous_and_zeroed)
{
  begin(_i);
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  fm_paddr frame = fm_frame_paddr(alloc_one(&(struct fm_alloc_options){0}));
  struct fm_segment segment = alloc(&(struct fm_alloc_options){0}, FRAMES);

  expect_anonymous(frame);
  ck_assert(is_all(frame.raw, FM_PAGE_SIZE, 0));
  for (fm_paddr at = segment.range.start; at.raw < segment.range.end.raw; at.raw += FM_PAGE_SIZE)
    expect_anonymous(at);
  ck_assert(is_all(segment.range.start.raw, FRAMES * FM_PAGE_SIZE, 0));
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes - (1 + FRAMES) * FM_PAGE_SIZE);
}
END_TEST

START_TEST(only_the_bytes_that_were_asked_for_are_zeroed)
{
  begin(_i);
  struct fm_segment segment = alloc(&(struct fm_alloc_options){0}, FRAMES);

  for (uint64_t at = 0; at < TEST_RAM; at += FM_PAGE_SIZE)
    if (ops->is_free(test_kernel(), fm_paddr_of(at)))
      ck_assert(is_all(at, FM_PAGE_SIZE, MARK));
  ck_assert(is_all(segment.range.start.raw, FRAMES * FM_PAGE_SIZE, 0));
}
END_TEST

START_TEST(dirty_frames_keep_the_bytes_of_the_last_owner)
{
  const struct fm_alloc_options dirty = {.dirty = true};
  begin(_i);
  fm_paddr frame = fm_frame_paddr(alloc_one(&dirty));
  struct fm_segment segment = alloc(&dirty, FRAMES);

  expect_anonymous(frame);
  ck_assert(is_all(frame.raw, FM_PAGE_SIZE, MARK));
  ck_assert(is_all(segment.range.start.raw, FRAMES * FM_PAGE_SIZE, MARK));
}
END_TEST

static void expect_meta(fm_paddr frame, uint64_t first, uint64_t second)
{
  const uint64_t meta[2] = {first, second};
  const struct fm_slot *slot = test_slot(frame.raw);
  ck_assert_uint_eq(fm_frame_vtable(fm_frame_from_raw(frame))->number, numbered.number);
  ck_assert_mem_eq(slot->storage, meta, sizeof(meta));
}

START_TEST(each_frame_gets_the_metadata)
{
  const uint64_t meta[2] = {5, 6};
  begin(_i);
  const struct fm_alloc_options options = {.type = numbered, .meta = meta};
  struct fm_segment segment = alloc(&options, FRAMES);

  expect_meta(fm_frame_paddr(alloc_one(&options)), 5, 6);
  for (fm_paddr at = segment.range.start; at.raw < segment.range.end.raw; at.raw += FM_PAGE_SIZE)
    expect_meta(at, 5, 6);
}
END_TEST

START_TEST(metadata_that_is_not_given_is_zero)
{
  begin(_i);
  const struct fm_alloc_options options = {.type = numbered};
  struct fm_segment segment = alloc(&options, FRAMES);

  expect_meta(fm_frame_paddr(alloc_one(&options)), 0, 0);
  for (fm_paddr at = segment.range.start; at.raw < segment.range.end.raw; at.raw += FM_PAGE_SIZE)
    expect_meta(at, 0, 0);
}
END_TEST

/* Writes down for which frames it was called; gives each its address and half a number. */
static void make_meta(fm_paddr paddr, void *ret, void *data)
{
  GArray *calls = data;
  memcpy(ret, &paddr.raw, sizeof(paddr.raw));
  g_array_append_val(calls, paddr.raw);
}

START_TEST(metadata_is_made_once_for_each_frame_in_ascending_order)
{
  const uint64_t not_this[2] = {5, 6};
  g_autoptr(GArray) calls = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  begin(_i);
  const struct fm_alloc_options options = {
      .type = numbered, .meta = not_this, .meta_of = make_meta, .meta_data = calls};
  struct fm_segment segment = alloc(&options, FRAMES);

  ck_assert_uint_eq(calls->len, FRAMES);
  for (unsigned i = 0; i < FRAMES; i++) {
    fm_paddr frame = fm_paddr_add(segment.range.start, i * FM_PAGE_SIZE);
    ck_assert_uint_eq(g_array_index(calls, uint64_t, i), frame.raw);
    expect_meta(frame, frame.raw, 0); /* what it leaves alone is zero */
  }

  g_array_set_size(calls, 0);
  fm_paddr one = fm_frame_paddr(alloc_one(&options));
  ck_assert_uint_eq(calls->len, 1);
  ck_assert_uint_eq(g_array_index(calls, uint64_t, 0), one.raw);
  expect_meta(one, one.raw, 0);
}
END_TEST

/* ---- What is refused ---- */

static enum fm_alloc_error refused(uint64_t frames)
{
  g_autoptr(GArray) calls = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  g_autofree char *before = sim_machine_digest(test_machine);
  const struct fm_alloc_options options = {
      .type = numbered, .meta_of = make_meta, .meta_data = calls};
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  struct fm_segment segment = {{{1}, {2}}};
  enum fm_alloc_error error = ops->segment_alloc(test_kernel(), &options, frames, &segment);

  ck_assert_uint_eq(segment.range.start.raw, 1);
  ck_assert_uint_eq(segment.range.end.raw, 2);
  ck_assert_uint_eq(calls->len, 0);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes);
  if (test_kernel()->allocator != FM_ALLOCATOR_BUDDY) { /* it may still balance its pools */
    g_autofree char *after = sim_machine_digest(test_machine);
    ck_assert_str_eq(before, after);
  }
  test_expect_sound();
  return error;
}

START_TEST(a_segment_of_no_frames_is_a_mistake)
{
  begin(_i);
  ck_assert_str_eq(fm_alloc_error_name(refused(0)), "InvalidArgs");
}
END_TEST

START_TEST(more_than_there_is_cannot_be_had)
{
  static const uint64_t too_many[] = {TEST_RAM / 4096,
                                      UINT64_C(1) << 31,
                                      UINT64_C(1) << 32,
                                      UINT64_C(1) << 50,
                                      UINT64_C(1) << 51,
                                      UINT64_MAX / 4096 - 1,
                                      UINT64_MAX / 4096,
                                      UINT64_MAX / 4096 + 1, /* their bytes are 0 in 64 bits */
                                      UINT64_MAX / 4096 + 2, /* and here one page */
                                      UINT64_MAX};
  begin(_i);
  for (unsigned i = 0; i < G_N_ELEMENTS(too_many); i++)
    ck_assert_str_eq(fm_alloc_error_name(refused(too_many[i])), "NoMemory");
}
END_TEST

/* The longest run of free frames; for buddy, the largest that is aligned to its size. */
static uint64_t longest_run(void)
{
  bool buddy = test_kernel()->allocator == FM_ALLOCATOR_BUDDY;
  uint64_t longest = 0, run = 0;

  for (uint64_t i = 0; i < TEST_RAM / FM_PAGE_SIZE; i++) {
    run = ops->is_free(test_kernel(), fm_paddr_of(i * FM_PAGE_SIZE)) ? run + 1 : 0;
    if (!buddy)
      longest = MAX(longest, run);
    while (buddy && run >= MAX(longest, 1) * 2 && (i + 1) % (MAX(longest, 1) * 2) == 0)
      longest = MAX(longest, 1) * 2;
  }
  return longest;
}

START_TEST(the_longest_run_can_be_had_and_not_one_frame_more)
{
  begin(_i);
  uint64_t longest = longest_run();
  ck_assert_uint_gt(longest, 100);
  (void)alloc(&(struct fm_alloc_options){0}, longest);
  test_expect_sound();
  test_teardown();

  begin(_i);
  ck_assert_str_eq(fm_alloc_error_name(refused(longest + 1)), "NoMemory");
}
END_TEST

/* ---- An allocator that is wrong ---- */

static void run_alloc_segment(void *data)
{
  struct fm_segment segment;
  (void)ops->segment_alloc(test_kernel(), data, FRAMES, &segment);
}

START_TEST(a_segment_with_a_claimed_frame_in_it_ends_the_machine)
{
  struct fm_alloc_options options = {0};
  begin(_i);
  struct fm_segment segment = alloc(&options, FRAMES);

  /* The allocator gets it back as one run, so it will give it out again as one. */
  for (fm_paddr at = segment.range.start; at.raw < segment.range.end.raw; at.raw += FM_PAGE_SIZE) {
    struct fm_unique unique = {NULL};
    ck_assert(ops->unique_from_frame(ops->frame_from_raw(at), &unique));
    ops->unique_reset(test_kernel(), unique);
  }
  ops->dealloc(test_kernel(), segment.range.start, FRAMES * FM_PAGE_SIZE);
  struct fm_frame claimed =
      test_claim(segment.range.start.raw + 5 * FM_PAGE_SIZE, test_anon(), NULL);
  test_expect_panic(run_alloc_segment, &options, "the allocator handed out a frame that is in use");
  ck_assert_uint_eq(claimed.slot->ref_count, 1);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("frame_alloc");
  TCase *tc = tcase_create("frame_alloc");

  tcase_add_checked_fixture(tc, NULL, test_teardown);
  tcase_add_loop_test(tc, without_options_frames_are_anonymous_and_zeroed, 0, LOOPS);
  tcase_add_loop_test(tc, only_the_bytes_that_were_asked_for_are_zeroed, 0, LOOPS);
  tcase_add_loop_test(tc, dirty_frames_keep_the_bytes_of_the_last_owner, 0, LOOPS);
  tcase_add_loop_test(tc, each_frame_gets_the_metadata, 0, LOOPS);
  tcase_add_loop_test(tc, metadata_that_is_not_given_is_zero, 0, LOOPS);
  tcase_add_loop_test(tc, metadata_is_made_once_for_each_frame_in_ascending_order, 0, LOOPS);
  tcase_add_loop_test(tc, a_segment_of_no_frames_is_a_mistake, 0, LOOPS);
  tcase_add_loop_test(tc, more_than_there_is_cannot_be_had, 0, LOOPS);
  tcase_add_loop_test(tc, the_longest_run_can_be_had_and_not_one_frame_more, 0, LOOPS);
  tcase_add_loop_test(tc, a_segment_with_a_claimed_frame_in_it_ends_the_machine, 0, LOOPS);
  suite_add_tcase(suite, tc);
  return suite;
}
