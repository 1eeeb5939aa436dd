/* SPDX-License-Identifier: MPL-2.0 */
/* Free pieces of 2 MiB, by looking at all slots. */
#include "sim/pieces.h"
#include "sim/replay/replay.h"
#include "tests/support.h"

#define A(pfn, order) ((struct sim_trace_event){0, pfn, 0, order, SIM_TRACE_ALLOC})

static void boot(enum fm_allocator_kind allocator)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = 64 * MIB;
  config.sim.allocator = allocator;
  test_machine_boot_with(&config);
}

/* A replay counts while it goes; this looks at the end. */
START_TEST(the_count_is_that_of_a_replay)
{
  const struct sim_trace_event events[] = {A(0, 9), A(1024, 0), A(2048, 3), A(4096, 10),
                                           A(9000, 5)};
  struct sim_replay_options options;
  size_t used;
  boot(_i == 0 ? FM_ALLOCATOR_BUDDY : FM_ALLOCATOR_BITMAP);
  sim_replay_options_init(&options);
  g_autoptr(sim_replay) replay = sim_replay_new(test_machine, &options, NULL);
  for (size_t i = 0; i <= G_N_ELEMENTS(events); i++) {
    struct sim_pieces pieces = sim_pieces_count(test_machine);
    ck_assert_uint_eq(pieces.free, sim_replay_counts(replay)->free_huge);
    ck_assert_uint_eq(pieces.possible, sim_replay_possible_huge(replay));
    ck_assert_uint_ge(pieces.possible, pieces.free);
    if (i < G_N_ELEMENTS(events))
      ck_assert_int_eq(sim_replay_events(replay, &events[i], 1, &used), SIM_END_DONE);
  }
  ck_assert_uint_eq(sim_replay_counts(replay)->failed, 0);
}
END_TEST

START_TEST(one_frame_in_use_spoils_one_piece)
{
  boot(FM_ALLOCATOR_NONE);
  struct sim_pieces before = sim_pieces_count(test_machine);
  (void)test_claim(32 * MIB, test_anon(), NULL);
  (void)test_claim(32 * MIB + 511 * FM_PAGE_SIZE, test_anon(), NULL);
  struct sim_pieces after = sim_pieces_count(test_machine);
  ck_assert_uint_eq(after.free, before.free - 1);
  (void)test_claim(34 * MIB, test_anon(), NULL);
  ck_assert_uint_eq(sim_pieces_count(test_machine).free, before.free - 2);
}
END_TEST

START_TEST(the_score_is_the_part_of_what_is_possible)
{
  ck_assert_double_eq(sim_pieces_score((struct sim_pieces){3, 4}), 0.75);
  ck_assert_double_eq(sim_pieces_score((struct sim_pieces){0, 4}), 0);
  ck_assert_double_eq(sim_pieces_score((struct sim_pieces){0, 0}), 1);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("pieces");
  TCase *tests = tcase_create("pieces");

  tcase_add_checked_fixture(tests, NULL, test_teardown);
  tcase_add_loop_test(tests, the_count_is_that_of_a_replay, 0, 2);
  tcase_add_test(tests, one_frame_in_use_spoils_one_piece);
  tcase_add_test(tests, the_score_is_the_part_of_what_is_possible);
  suite_add_tcase(suite, tests);
  return suite;
}
