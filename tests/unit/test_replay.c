/* SPDX-License-Identifier: MPL-2.0 */
/* Replay of events: what is counted, what is held, and what the audit sees. */
#include "sim/replay/internal.h"
#include "tests/support.h"

#define A(pfn, order) ((struct sim_trace_event){0, pfn, 0, order, SIM_TRACE_ALLOC})
#define F(pfn, order) ((struct sim_trace_event){0, pfn, 0, order, SIM_TRACE_FREE})
#define FRAMES        2048u /* of the machine */

static sim_replay *replay;
static uint64_t free_before;

static void start_with(const struct sim_replay_options *options)
{
  g_autoptr(GError) error = NULL;
  replay = sim_replay_new(test_machine, options, &error);
  ck_assert_msg(replay != NULL, "%s", error != NULL ? error->message : "");
}

static void start(enum fm_allocator_kind allocator)
{
  struct sim_replay_options options;
  struct test_config config;

  test_config_init(&config);
  config.sim.allocator = allocator;
  config.sim.cpus = 2;
  test_machine_boot_with(&config);
  free_before = sim_machine_ops(test_machine)->free_bytes(test_kernel());
  sim_replay_options_init(&options);
  start_with(&options);
}

static void setup(void)
{
  start(FM_ALLOCATOR_BUDDY);
}

static void teardown(void)
{
  replay = sim_replay_free(replay);
  test_teardown();
}

static size_t play(const struct sim_trace_event *events, size_t count)
{
  size_t used = 0;
  ck_assert_int_eq(sim_replay_events(replay, events, count, &used), SIM_END_DONE);
  return used;
}

#define PLAY(...)                                                                                  \
  do {                                                                                             \
    const struct sim_trace_event events_[] = {__VA_ARGS__};                                        \
    ck_assert_uint_eq(play(events_, G_N_ELEMENTS(events_)), G_N_ELEMENTS(events_));                \
  } while (0)

static void keep_clause(const struct sim_audit_fault *fault, void *data)
{
  const char **clause = data;
  *clause = fault->clause;
}

/* The audit, and that the allocator has what the replay has not. */
static void expect_sound(void)
{
  const char *clause = "nothing";
  uint64_t findings = sim_replay_audit(replay, keep_clause, &clause);
  ck_assert_msg(findings == 0, "%u findings, the last: %s", (unsigned)findings, clause);
  ck_assert_uint_eq(sim_machine_ops(test_machine)->free_bytes(test_kernel()),
                    free_before - sim_replay_counts(replay)->held_frames * FM_PAGE_SIZE);
}

/* live frames, live blocks, peak frames, unknown events and frames, already free, partial,
 * over live, remote frames, failed */
static void expect_counts(const uint64_t wanted[10])
{
  const struct sim_replay_counts *c = sim_replay_counts(replay);
  const uint64_t found[10] = {c->live_frames,    c->live_blocks,  c->peak_frames, c->unknown_events,
                              c->unknown_frames, c->already_free, c->partial,     c->over_live,
                              c->remote_frames,  c->failed};
  for (unsigned i = 0; i < 10; i++)
    ck_assert_msg(found[i] == wanted[i], "count %u is %u, not %u", i, (unsigned)found[i],
                  (unsigned)wanted[i]);
  expect_sound();
}

#define EXPECT(...) expect_counts((const uint64_t[10]){__VA_ARGS__})

/* ---- Counts ---- */

START_TEST(an_allocation_takes_frames_and_a_free_drops_them)
{
  PLAY(A(100, 0), A(200, 3));
  EXPECT(9, 2, 9, 0, 0, 0, 0, 0, 0, 0);
  ck_assert_uint_eq(sim_replay_counts(replay)->held_frames, 9);
  PLAY(F(200, 3), F(100, 0));
  EXPECT(0, 0, 9, 0, 0, 0, 0, 0, 0, 0);
  ck_assert_uint_eq(sim_replay_counts(replay)->held_frames, 0);
}
END_TEST

START_TEST(a_batched_free_is_counted_and_not_replayed)
{
  PLAY(A(100, 0), {0, 100, 0, 0, SIM_TRACE_FREE_BATCHED}, {0, 100, 0, 0, SIM_TRACE_OTHER},
       {0, 0, 0, 4, SIM_TRACE_FAILED});
  EXPECT(1, 1, 1, 0, 0, 0, 0, 0, 0, 0);
  ck_assert_uint_eq(sim_replay_counts(replay)->kinds[SIM_TRACE_FREE_BATCHED], 1);
  ck_assert_uint_eq(sim_replay_counts(replay)->kinds[SIM_TRACE_OTHER], 1);
  ck_assert_uint_eq(sim_replay_counts(replay)->kinds[SIM_TRACE_FAILED], 1);
  ck_assert_uint_eq(sim_replay_counts(replay)->kinds[SIM_TRACE_ALLOC], 1);
}
END_TEST

START_TEST(a_block_is_freed_frame_by_frame)
{
  PLAY(A(1024, 9));
  for (uint32_t i = 0; i < 511; i++)
    PLAY(F(1024 + i, 0));
  EXPECT(1, 1, 512, 0, 0, 0, 511, 0, 0, 0);
  PLAY(F(1535, 0));
  EXPECT(0, 0, 512, 0, 0, 0, 512, 0, 0, 0);
}
END_TEST

START_TEST(a_free_of_frames_never_seen_is_unknown_once)
{
  PLAY(F(64, 2));
  EXPECT(0, 0, 0, 1, 4, 0, 0, 0, 0, 0);
  PLAY(F(64, 2)); /* now they were seen */
  EXPECT(0, 0, 0, 1, 4, 1, 0, 0, 0, 0);
}
END_TEST

START_TEST(a_free_of_seen_and_unseen_frames_counts_frames_only)
{
  PLAY(A(64, 0), F(64, 0), F(64, 1));
  EXPECT(0, 0, 1, 0, 1, 1, 0, 0, 0, 0);
}
END_TEST

START_TEST(a_free_that_is_larger_than_its_blocks_frees_them_all)
{
  PLAY(A(64, 0), A(65, 0), A(66, 1), F(64, 2));
  EXPECT(0, 0, 4, 0, 0, 0, 0, 0, 0, 0);
}
END_TEST

START_TEST(a_free_across_two_blocks_is_no_part_of_one)
{
  PLAY(A(64, 1), A(66, 1), F(65, 1));
  EXPECT(2, 2, 4, 0, 0, 0, 0, 0, 0, 0);
  /* Nor if it lies inside of the second, but its first frames were taken by the first. */
  PLAY(A(128, 3), A(128, 1), F(128, 2));
  EXPECT(2 + 4, 3, 10, 0, 0, 0, 0, 1, 0, 0);
}
END_TEST

START_TEST(a_free_of_the_rest_of_a_block_is_part_of_it)
{
  PLAY(A(64, 2), F(64, 0), F(64, 1));
  EXPECT(2, 1, 4, 0, 0, 1, 2, 0, 0, 0);
}
END_TEST

START_TEST(an_allocation_over_live_frames_ends_their_life)
{
  PLAY(A(64, 2), A(65, 0));
  EXPECT(4, 2, 4, 0, 0, 0, 0, 1, 0, 0);
  PLAY(A(64, 2));
  EXPECT(4, 1, 4, 0, 0, 0, 0, 2, 0, 0);
}
END_TEST

START_TEST(a_block_that_was_overrun_loses_only_what_was_overrun)
{
  PLAY(A(64, 2), A(65, 0), F(64, 2));
  EXPECT(0, 0, 4, 0, 0, 0, 0, 1, 0, 0);
}
END_TEST

START_TEST(records_of_blocks_are_used_again)
{
  for (uint32_t i = 0; i < 1000; i++)
    PLAY(A(64, 2), A(128, 1), F(65, 0), F(128, 1), A(128, 3), F(64, 2), F(128, 3));
  EXPECT(0, 0, 11, 0, 0, 1000, 1000, 0, 0, 0);
  ck_assert_uint_eq(replay->table.blocks->len, 2);
}
END_TEST

START_TEST(frees_of_other_cpus_are_counted_by_events_and_frames)
{
  PLAY(A(64, 2), {0, 128, 1, 0, SIM_TRACE_ALLOC}, {0, 64, 1, 2, SIM_TRACE_FREE}, F(128, 0));
  EXPECT(0, 0, 5, 0, 0, 0, 0, 0, 5, 0);
  ck_assert_uint_eq(sim_replay_counts(replay)->remote_frees, 2);
  ck_assert_uint_eq(sim_replay_cpu_counts(replay, 0)->allocs, 1);
  ck_assert_uint_eq(sim_replay_cpu_counts(replay, 0)->frees, 1);
  ck_assert_uint_eq(sim_replay_cpu_counts(replay, 0)->remote_frames, 1);
  ck_assert_uint_eq(sim_replay_cpu_counts(replay, 1)->remote_frames, 4);
  ck_assert_uint_eq(sim_replay_counts(replay)->cpus, 2);
}
END_TEST

START_TEST(cpus_that_the_machine_has_not_are_played_by_those_that_it_has)
{
  PLAY({0, 64, 7, 0, SIM_TRACE_ALLOC}, {0, 65, 1, 0, SIM_TRACE_ALLOC},
       {0, 64, 1, 0, SIM_TRACE_FREE}, {0, 65, 4095, 0, SIM_TRACE_FREE});
  EXPECT(0, 0, 2, 0, 0, 0, 0, 0, 2, 0);
  ck_assert_uint_eq(sim_replay_counts(replay)->cpus, 4096);
}
END_TEST

/* One frame is enough; a free of what is not live is nobody's. */
START_TEST(a_free_is_remote_if_one_of_its_frames_is)
{
  PLAY(A(64, 0), {0, 65, 1, 0, SIM_TRACE_ALLOC}, F(64, 2), {0, 64, 1, 2, SIM_TRACE_FREE});
  EXPECT(0, 0, 2, 0, 2, 1, 0, 0, 1, 0);
  ck_assert_uint_eq(sim_replay_counts(replay)->remote_frees, 1);
}
END_TEST

/* Each CPU counts what it took and gave itself. */
START_TEST(the_cpu_of_the_event_does_the_work)
{
  for (uint16_t cpu = 0; cpu < 4; cpu++) {
    uint64_t before[2], after[2];
    for (uint32_t i = 0; i < 2; i++)
      before[i] = fm_kernel_cpu(test_kernel(), i)->free_bytes;
    PLAY({0, 1024u * cpu, cpu, 2, SIM_TRACE_ALLOC});
    for (uint32_t i = 0; i < 2; i++)
      after[i] = before[i] - fm_kernel_cpu(test_kernel(), i)->free_bytes;
    ck_assert_uint_eq(after[cpu % 2], 4 * FM_PAGE_SIZE);
    ck_assert_uint_eq(after[1 - cpu % 2], 0);
  }
}
END_TEST

START_TEST(the_highest_frames_of_all_can_be_named)
{
  PLAY(A(0xfffffffe, 1), A(0, 0), F(0xffffffff, 0));
  EXPECT(2, 2, 3, 0, 0, 0, 1, 0, 0, 0);
}
END_TEST

/* ---- Failures ---- */

START_TEST(a_failed_allocation_is_live_without_frames)
{
  for (uint32_t i = 0; i < 3; i++)
    PLAY(A(4096 * (i + 1), 11)); /* the whole machine has that many frames */
  ck_assert_uint_eq(sim_replay_counts(replay)->failed, 3);
  PLAY(A(100, 0), F(4096, 0), F(8192, 11), A(12288, 0));
  EXPECT(2048 * 3 + 1 - 2049, 4, 2048 * 3 + 1, 0, 0, 0, 1, 1, 0, 3);
  ck_assert_uint_eq(sim_replay_counts(replay)->held_frames, 2);
}
END_TEST

START_TEST(allocator_none_fails_always_and_counts_the_same)
{
  teardown();
  start(FM_ALLOCATOR_NONE);
  PLAY(A(64, 2), A(100, 0), F(65, 0), F(64, 2), F(100, 0), F(7, 0));
  EXPECT(0, 0, 5, 1, 1, 1, 1, 0, 0, 2);
  ck_assert_uint_eq(test_kernel()->nr_frames, FRAMES);
}
END_TEST

START_TEST(the_bitmap_allocator_can_be_replayed_on)
{
  teardown();
  start(FM_ALLOCATOR_BITMAP);
  PLAY(A(64, 2), A(100, 9), F(65, 0), F(300, 1));
  EXPECT(4 - 1 + 512 - 2, 2, 516, 0, 0, 0, 2, 0, 0, 0);
}
END_TEST

/* ---- The audit ---- */

START_TEST(a_frame_that_somebody_else_drops_is_found)
{
  const char *clause = "";
  PLAY(A(64, 0));
  struct sim_census before;
  sim_machine_census(test_machine, &before);
  ck_assert_uint_eq(before.types[FM_META_ANON], 1);
  for (uint64_t i = 0; i < FRAMES; i++) {
    struct fm_slot_view view;
    fm_slot_view(test_kernel(), test_slot(i * FM_PAGE_SIZE), &view);
    if (view.state == FM_STATE_SHARED && view.vtable->number == FM_META_ANON)
      sim_machine_ops(test_machine)
          ->frame_drop(test_kernel(), fm_frame_of_slot(test_slot(i * FM_PAGE_SIZE)));
  }
  /* The holder without a frame, and one free frame too many. */
  ck_assert_uint_eq(sim_replay_audit(replay, keep_clause, &clause), 2);
  ck_assert_str_eq(clause, "free.bytes");
}
END_TEST

START_TEST(a_frame_that_somebody_else_takes_is_found)
{
  const char *clause = "";
  const struct fm_alloc_options options = {.type = test_anon(), .dirty = true};
  struct fm_frame frame;
  PLAY(A(64, 0));
  ck_assert_int_eq(sim_machine_ops(test_machine)->frame_alloc(test_kernel(), &options, &frame),
                   FM_ALLOC_OK);
  ck_assert_uint_eq(sim_replay_audit(replay, keep_clause, &clause), 2);
}
END_TEST

START_TEST(the_end_of_the_simulated_kernel_is_the_end)
{
  const struct sim_trace_event events[] = {F(64, 0), F(65, 0), A(64, 3), F(65, 0)};
  size_t used;
  /* Somebody holds all free frames, and the allocator does not know. */
  for (uint64_t i = 0; i < FRAMES; i++)
    if (test_slot(i * FM_PAGE_SIZE)->ref_count == FM_COUNT_UNUSED)
      test_slot(i * FM_PAGE_SIZE)->ref_count = 1;
  ck_assert_int_eq(sim_replay_events(replay, events, 4, &used), SIM_END_PANIC);
  ck_assert_uint_eq(used, 2);
  ck_assert_uint_eq(sim_replay_position(replay), 2);
  ck_assert_ptr_nonnull(sim_machine_panic(test_machine));
}
END_TEST

/* ---- Options ---- */

static const struct sim_trace_event timed[] = {
    {10, 64, 0, 0, SIM_TRACE_ALLOC}, {20, 65, 1, 0, SIM_TRACE_ALLOC},
    {30, 66, 0, 0, SIM_TRACE_ALLOC}, {40, 64, 0, 0, SIM_TRACE_FREE},
    {50, 65, 1, 0, SIM_TRACE_FREE},
};

static void play_timed(struct sim_replay_options options)
{
  replay = sim_replay_free(replay);
  start_with(&options);
  ck_assert_uint_eq(play(timed, G_N_ELEMENTS(timed)), MIN(options.until, G_N_ELEMENTS(timed)));
}

START_TEST(only_one_cpu_can_be_replayed)
{
  struct sim_replay_options options;
  sim_replay_options_init(&options);
  options.cpu = 1;
  play_timed(options);
  EXPECT(0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
  ck_assert_uint_eq(sim_replay_counts(replay)->left_out, 3);
  ck_assert_uint_eq(sim_replay_counts(replay)->kinds[SIM_TRACE_ALLOC], 1);
}
END_TEST

START_TEST(the_end_of_a_time_range_does_not_belong_to_it)
{
  struct sim_replay_options options;
  sim_replay_options_init(&options);
  options.from_us = 20;
  options.to_us = 40;
  play_timed(options);
  EXPECT(2, 2, 2, 0, 0, 0, 0, 0, 0, 0);
  ck_assert_uint_eq(sim_replay_counts(replay)->left_out, 3);
}
END_TEST

START_TEST(a_replay_stops_behind_an_event)
{
  struct sim_replay_options options;
  sim_replay_options_init(&options);
  options.until = 4;
  play_timed(options);
  EXPECT(2, 2, 3, 0, 0, 0, 0, 0, 0, 0);
  ck_assert(sim_replay_is_over(replay));
  ck_assert_uint_eq(sim_replay_counts(replay)->last_us, 40);
  ck_assert_uint_eq(play(timed, 5), 0);
}
END_TEST

/* ---- Pieces of 2 MiB ---- */

/* The machine has four of them: 1 MiB of reserved memory is in the first, the image in the
 * second half of it and the slots behind; from 4 MiB on all is free. */
START_TEST(the_map_has_a_digit_for_each_piece)
{
  /* The other one may fail before the last frame, as its caches are filled by several. */
  teardown();
  start(FM_ALLOCATOR_BITMAP);
  g_autofree char *before = sim_replay_frag_map(replay);
  ck_assert_uint_eq(strlen(before), 4);
  ck_assert_str_eq(before + 2, "99");
  ck_assert_uint_eq(sim_replay_counts(replay)->free_huge, 2);
  uint64_t free_frames = free_before / FM_PAGE_SIZE;
  ck_assert_uint_eq(sim_replay_possible_huge(replay), free_frames / 512);
  for (uint32_t i = 0; i < free_frames; i++)
    PLAY(A(i, 0));
  g_autofree char *full = sim_replay_frag_map(replay);
  ck_assert_str_eq(full, "0000");
  ck_assert_uint_eq(sim_replay_counts(replay)->failed, 0);
  ck_assert_uint_eq(sim_replay_counts(replay)->free_huge, 0);
  ck_assert_uint_eq(sim_replay_possible_huge(replay), 0);
  for (uint32_t i = 0; i < free_frames; i++)
    PLAY(F(i, 0));
  g_autofree char *after = sim_replay_frag_map(replay);
  ck_assert_str_eq(after, before);
  ck_assert_uint_eq(sim_replay_counts(replay)->free_huge, 2);
}
END_TEST

static void add_counts(TCase *tcase)
{
  tcase_add_test(tcase, an_allocation_takes_frames_and_a_free_drops_them);
  tcase_add_test(tcase, a_batched_free_is_counted_and_not_replayed);
  tcase_add_test(tcase, a_block_is_freed_frame_by_frame);
  tcase_add_test(tcase, a_free_of_frames_never_seen_is_unknown_once);
  tcase_add_test(tcase, a_free_of_seen_and_unseen_frames_counts_frames_only);
  tcase_add_test(tcase, a_free_that_is_larger_than_its_blocks_frees_them_all);
  tcase_add_test(tcase, a_free_across_two_blocks_is_no_part_of_one);
  tcase_add_test(tcase, a_free_of_the_rest_of_a_block_is_part_of_it);
  tcase_add_test(tcase, an_allocation_over_live_frames_ends_their_life);
  tcase_add_test(tcase, a_block_that_was_overrun_loses_only_what_was_overrun);
  tcase_add_test(tcase, records_of_blocks_are_used_again);
  tcase_add_test(tcase, frees_of_other_cpus_are_counted_by_events_and_frames);
  tcase_add_test(tcase, a_free_is_remote_if_one_of_its_frames_is);
  tcase_add_test(tcase, cpus_that_the_machine_has_not_are_played_by_those_that_it_has);
  tcase_add_test(tcase, the_cpu_of_the_event_does_the_work);
  tcase_add_test(tcase, the_highest_frames_of_all_can_be_named);
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("replay");
  TCase *tcase = tcase_create("all");

  tcase_add_checked_fixture(tcase, setup, teardown);
  add_counts(tcase);
  tcase_add_test(tcase, a_failed_allocation_is_live_without_frames);
  tcase_add_test(tcase, allocator_none_fails_always_and_counts_the_same);
  tcase_add_test(tcase, the_bitmap_allocator_can_be_replayed_on);
  tcase_add_test(tcase, a_frame_that_somebody_else_drops_is_found);
  tcase_add_test(tcase, a_frame_that_somebody_else_takes_is_found);
  tcase_add_test(tcase, the_end_of_the_simulated_kernel_is_the_end);
  tcase_add_test(tcase, only_one_cpu_can_be_replayed);
  tcase_add_test(tcase, the_end_of_a_time_range_does_not_belong_to_it);
  tcase_add_test(tcase, a_replay_stops_behind_an_event);
  tcase_add_test(tcase, the_map_has_a_digit_for_each_piece);
  suite_add_tcase(suite, tcase);
  return suite;
}
