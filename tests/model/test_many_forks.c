/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A process with 10,000 frames that forks 1,000 times: every count grows by one with each
 * child, and all of them come back.
 */
#include <fm_config.h>

#include "tests/unit/process_support.h"

enum {
  PRIVATE = 6000,
  SHARED = 4000,
  FRAMES = PRIVATE + SHARED,
  FORKS = FM_UNDER_ASAN || FM_UNDER_TSAN ? 50 : 1000,
};

#define RAM (256 * MIB)

static struct sim_process *p;
static uint64_t frames[FRAMES];
static struct sim_process *children[FORKS];

static void setup(void)
{
  process_boot(RAM, 1, 0);
  os->events.touch = NULL; /* ten million of them */
  p = spawn("p");
  map(p, 0, PRIVATE, RIGHTS_RW, false);
  map(p, PRIVATE, SHARED, RIGHTS_RW, true);
  for (uint64_t i = 0; i < FRAMES; i++)
    write_at(p, page(i), (uint8_t)i);
  for (uint64_t i = 0; i < FRAMES; i++)
    frames[i] = frame_at(p, page(i));
}

/* All frames are still the parent's, with so many references. */
static void expect_counts(uint64_t count)
{
  for (uint64_t i = 0; i < FRAMES; i++)
    if (test_slot(frames[i])->ref_count != count)
      ck_abort_msg("frame %u has %llu references, not %llu", (unsigned)i,
                   (unsigned long long)test_slot(frames[i])->ref_count, (unsigned long long)count);
}

static void fork_all(void)
{
  for (uint64_t i = 0; i < FORKS; i++)
    children[i] = fork_of(p, true);
}

START_TEST(a_thousand_children_share_ten_thousand_frames)
{
  uint64_t before = ops->free_bytes(test_kernel());
  fork_all();
  expect_counts(FORKS + 1);
  for (uint64_t i = 0; i < FORKS; i++) /* in an order of their own */
    sim_process_exit(os, children[i * 7 % FORKS]);
  expect_counts(1);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), before);
  for (uint64_t i = 0; i < FRAMES; i++)
    write_at(p, page(i), 1); /* the permissions come back, and nothing is copied */
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), before);
}
END_TEST

START_TEST(each_of_a_thousand_children_copies_what_it_writes)
{
  fork_all();
  for (uint64_t i = 0; i < FORKS; i++)
    write_at(children[i], page(i), (uint8_t)(i + 100));
  for (uint64_t i = 0; i < FORKS; i++) {
    ck_assert_uint_eq(test_slot(frames[i])->ref_count, FORKS);
    ck_assert_uint_eq(read_at(children[i], page(i)), (uint8_t)(i + 100));
    ck_assert_uint_eq(read_at(children[(i + 1) % FORKS], page(i)), (uint8_t)i);
    ck_assert_uint_eq(read_at(p, page(i)), (uint8_t)i);
  }
  write_at(children[FORKS / 2], page(PRIVATE), 77);
  ck_assert_uint_eq(read_at(children[0], page(PRIVATE)), 77);
}
END_TEST

/* One after the other instead of all at once. */
START_TEST(a_thousand_forks_in_a_row_leave_no_trace)
{
  uint64_t before = ops->free_bytes(test_kernel());
  for (unsigned i = 0; i < FORKS; i++) {
    struct sim_process *child = fork_of(p, true);
    ck_assert_uint_eq(test_slot(frames[i])->ref_count, 2);
    sim_process_exit(os, child);
    ck_assert_uint_eq(ops->free_bytes(test_kernel()), before);
  }
  expect_counts(1);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("many forks");
  TCase *tc = tcase_create("many forks");
  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, setup, process_teardown);
  tcase_add_test(tc, a_thousand_children_share_ten_thousand_frames);
  tcase_add_test(tc, each_of_a_thousand_children_copies_what_it_writes);
  tcase_add_test(tc, a_thousand_forks_in_a_row_leave_no_trace);
  suite_add_tcase(suite, tc);
  return suite;
}
