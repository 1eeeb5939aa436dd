/* SPDX-License-Identifier: MPL-2.0 */
/* Replay with a host thread for each CPU: who works, what is waited for, and how it ends. */
#include <string.h>

#include "sim/replay/internal.h"
#include "sim/rng.h"
#include "tests/support.h"

#define A(cpu, pfn, order) ((struct sim_trace_event){0, pfn, cpu, order, SIM_TRACE_ALLOC})
#define F(cpu, pfn, order) ((struct sim_trace_event){0, pfn, cpu, order, SIM_TRACE_FREE})
#define FRAMES             2048u /* of the machine */

static sim_replay *replay;

static void start(enum fm_allocator_kind allocator, uint32_t cpus, bool threads)
{
  struct sim_replay_options options;
  struct test_config config;
  g_autoptr(GError) error = NULL;

  test_config_init(&config);
  config.sim.allocator = allocator;
  config.sim.cpus = cpus;
  test_machine_boot_with(&config);
  sim_replay_options_init(&options);
  options.threads = threads;
  replay = sim_replay_new(test_machine, &options, &error);
  ck_assert_msg(replay != NULL, "%s", error != NULL ? error->message : "");
}

static void teardown(void)
{
  replay = sim_replay_free(replay);
  test_teardown();
}

static void setup(void)
{
  start(FM_ALLOCATOR_BITMAP, 4, true);
}

static void play(const struct sim_trace_event *events, size_t count)
{
  size_t used = 0;
  ck_assert_int_eq(sim_replay_events(replay, events, count, &used), SIM_END_DONE);
  ck_assert_uint_eq(used, count);
}

#define PLAY(...)                                                                                  \
  do {                                                                                             \
    const struct sim_trace_event events_[] = {__VA_ARGS__};                                        \
    play(events_, G_N_ELEMENTS(events_));                                                          \
  } while (0)

static void keep_clause(const struct sim_audit_fault *fault, void *data)
{
  const char **clause = data;
  *clause = fault->clause;
}

/* All is done, so many frames are held, and the audit agrees. */
static void expect_held(uint64_t frames)
{
  const char *clause = "nothing";
  ck_assert_int_eq(sim_replay_settle(replay), SIM_END_DONE);
  ck_assert_uint_eq(sim_replay_counts(replay)->held_frames, frames);
  uint64_t findings = sim_replay_audit(replay, keep_clause, &clause);
  ck_assert_msg(findings == 0, "%u findings, the last: %s", (unsigned)findings, clause);
}

/* ---- Work ---- */

START_TEST(the_thread_of_the_cpu_does_the_work)
{
  ck_assert_uint_eq(sim_replay_threads(replay), 4);
  for (uint16_t cpu = 0; cpu < 8; cpu++) {
    uint64_t before[4];
    for (uint32_t i = 0; i < 4; i++)
      before[i] = fm_kernel_cpu(test_kernel(), i)->free_bytes;
    PLAY(A(cpu, 1024u * cpu, 2));
    expect_held(4 * (cpu + 1u));
    for (uint32_t i = 0; i < 4; i++)
      ck_assert_uint_eq(before[i] - fm_kernel_cpu(test_kernel(), i)->free_bytes,
                        i == cpu % 4u ? 4 * FM_PAGE_SIZE : 0);
  }
}
END_TEST

/* Blocks that wander over the CPUs: each free is for frames that another CPU may not have taken
 * yet, whole, in halves, and two blocks at once. */
START_TEST(a_free_waits_for_its_allocation)
{
  for (uint32_t i = 0; i < 20000; i++) {
    uint16_t cpu = (uint16_t)(i % 4), other = (uint16_t)((i + 1 + i / 4 % 3) % 4);
    PLAY(A(cpu, 64, 2), F(other, 64, 1), F(cpu, 66, 1), A(other, 128, 0), A(cpu, 129, 0),
         F(other, 128, 1));
  }
  PLAY(A(0, 64, 3), F(1, 66, 0));
  expect_held(7);
  ck_assert_uint_eq(sim_replay_counts(replay)->failed, 0);
  ck_assert_uint_eq(sim_replay_counts(replay)->partial, 40001);
  /* Two in each round: the half, and frame 129 of the last two. */
  ck_assert_uint_eq(sim_replay_counts(replay)->remote_frees, 40001);
}
END_TEST

START_TEST(memory_does_not_grow_with_the_trace)
{
  for (uint32_t i = 0; i < 300000; i++)
    PLAY(A((uint16_t)(i % 4), 64, 0), F((uint16_t)(i / 4 % 4), 64, 0));
  expect_held(0);
  /* Those in the ring, and what one round adds before it waits. */
  ck_assert_uint_le(sim_crew_places(replay->crew), 65536 + 2);
}
END_TEST

START_TEST(what_failed_is_live_without_frames)
{
  PLAY(A(0, 4096, 11), A(1, 100, 0), F(2, 4096, 3), A(3, 4098, 0));
  expect_held(2);
  ck_assert_uint_eq(sim_replay_counts(replay)->failed, 1);
  ck_assert_uint_eq(sim_replay_counts(replay)->live_frames, 2048 - 8 + 2);
}
END_TEST

START_TEST(the_map_is_right_when_all_is_done)
{
  g_autofree char *before = sim_replay_frag_map(replay);
  uint64_t huge = sim_replay_counts(replay)->free_huge;
  ck_assert_uint_eq(huge, 2);
  /* First fit fills the machine from below; what is left are the last 600 frames. */
  uint64_t free_bytes = sim_machine_ops(test_machine)->free_bytes(test_kernel());
  uint16_t frames = (uint16_t)(free_bytes / FM_PAGE_SIZE - 600);
  for (uint16_t i = 0; i < frames; i++)
    PLAY(A(i, 64u + i, 0));
  expect_held(frames);
  g_autofree char *during = sim_replay_frag_map(replay);
  ck_assert_str_ne(during, before);
  ck_assert_uint_eq(sim_replay_counts(replay)->free_huge, 1);
  for (uint16_t i = 0; i < frames; i++)
    PLAY(F((uint16_t)(i / 2), 64u + i, 0));
  expect_held(0);
  g_autofree char *after = sim_replay_frag_map(replay);
  ck_assert_str_eq(after, before);
  ck_assert_uint_eq(sim_replay_counts(replay)->free_huge, huge);
}
END_TEST

/* One thread does everything in the order of the trace: there is nothing that may differ. */
START_TEST(with_one_cpu_the_machine_ends_alike)
{
  char *digests[2];
  uint64_t held[2], failed[2];

  for (int threads = 0; threads < 2; threads++) {
    struct sim_rng rng;
    teardown();
    start(FM_ALLOCATOR_BUDDY, 1, threads == 1);
    sim_rng_init(&rng, 5, "events");
    for (uint32_t i = 0; i < 20000; i++) {
      uint32_t pfn = 1 + (uint32_t)sim_rng_below(&rng, FRAMES);
      uint8_t order = (uint8_t)sim_rng_below(&rng, 5);
      if (sim_rng_below(&rng, 2) == 0)
        PLAY(A(0, pfn, order));
      else
        PLAY(F(0, pfn, order));
    }
    ck_assert_int_eq(sim_replay_settle(replay), SIM_END_DONE);
    held[threads] = sim_replay_counts(replay)->held_frames;
    failed[threads] = sim_replay_counts(replay)->failed;
    digests[threads] = sim_machine_digest(test_machine);
  }
  ck_assert_str_eq(digests[0], digests[1]);
  g_free(digests[0]);
  g_free(digests[1]);
  ck_assert_uint_eq(held[0], held[1]);
  ck_assert_uint_eq(failed[0], failed[1]);
  ck_assert_uint_gt(failed[0], 0); /* memory was short, too */
}
END_TEST

START_TEST(a_replay_can_be_given_up_in_the_middle)
{
  for (uint32_t i = 0; i < 5000; i++)
    PLAY(A((uint16_t)(i % 7), 64, 0), F((uint16_t)(i / 3 % 5), 64, 0));
  replay = sim_replay_free(replay); /* what is queued is lost, and all threads end */
  ck_assert_ptr_null(sim_machine_panic(test_machine));
}
END_TEST

/* ---- The end of the kernel ---- */

/* Plays on, whether or not the end is known by now. */
static void play_anyway(const struct sim_trace_event *events, size_t count)
{
  size_t used = 0;
  enum sim_end end = sim_replay_events(replay, events, count, &used);
  ck_assert(end == SIM_END_PANIC || (end == SIM_END_DONE && used == count));
}

static void expect_end(uint64_t number, const char *text)
{
  uint64_t found;
  ck_assert_int_eq(sim_replay_settle(replay), SIM_END_PANIC);
  const struct sim_trace_event *event = sim_replay_ended_at(replay, &found);
  ck_assert_uint_eq(found, number);
  ck_assert_uint_eq(event->pfn, 64);
  const char *said = sim_machine_panic(test_machine);
  ck_assert_msg(strstr(said, text) != NULL, "%s", said);
}

/* Somebody holds all free frames, and the allocator does not know. */
static void take_behind_the_back(void)
{
  for (uint64_t i = 0; i < FRAMES; i++)
    if (test_slot(i * FM_PAGE_SIZE)->ref_count == FM_COUNT_UNUSED)
      test_slot(i * FM_PAGE_SIZE)->ref_count = 1;
}

START_TEST(a_panic_ends_those_who_wait_for_it)
{
  const struct sim_trace_event events[] = {F(0, 1, 0), A(2, 64, 3), F(3, 64, 2), F(1, 68, 2)};
  take_behind_the_back();
  play_anyway(events, 4);
  expect_end(2, "a frame that is in use");
}
END_TEST

START_TEST(events_behind_the_end_are_not_waited_for)
{
  take_behind_the_back();
  play_anyway(&A(1, 64, 0), 1);
  for (uint32_t i = 0; i < 5000; i++)
    play_anyway(&A(1, 100 + i, 0), 1);
  expect_end(1, "a frame that is in use");
}
END_TEST

/* Frame 64 of the trace is held, and the vtable of its frame lies where there is no memory. */
static void hold_broken_frame(void)
{
  PLAY(A(0, 64, 0));
  expect_held(1);
  for (uint64_t i = 0; i < FRAMES; i++) {
    struct fm_slot_view view;
    fm_slot_view(test_kernel(), test_slot(i * FM_PAGE_SIZE), &view);
    if (view.state == FM_STATE_SHARED && view.vtable->number == FM_META_ANON)
      test_slot(i * FM_PAGE_SIZE)->vtable_ptr = FM_IMAGE_BASE + 64 * MIB;
  }
}

/* All other CPUs wait for the allocator's lock, which nobody will give back. */
START_TEST(a_fault_ends_those_who_wait_for_a_lock)
{
  hold_broken_frame();
  test_kernel()->bitmap.lock.held = 1;
  const struct sim_trace_event events[] = {A(1, 100, 0), A(2, 200, 0), A(3, 300, 2), F(0, 64, 0),
                                           F(1, 300, 1)};
  play_anyway(events, G_N_ELEMENTS(events));
  expect_end(5, "page fault");
}
END_TEST

/* CPU 0 has much to do before its fault, and CPU 1 waits for what CPU 0 was to do after it: so its
 * queue is full before the end. */
START_TEST(a_fault_ends_who_waits_for_a_queue)
{
  hold_broken_frame();
  for (uint32_t i = 0; i < 200; i++)
    play_anyway((const struct sim_trace_event[]){A(0, 1024, 9), F(0, 1024, 9)}, 2);
  play_anyway((const struct sim_trace_event[]){F(0, 64, 0), A(0, 500, 0), F(1, 500, 0)}, 3);
  for (uint32_t i = 0; i < 3000; i++)
    play_anyway(&A(1, 5000 + i, 0), 1);
  expect_end(402, "page fault");
}
END_TEST

START_TEST(a_machine_that_is_dead_is_not_played_on)
{
  take_behind_the_back();
  play_anyway(&A(0, 64, 0), 1);
  expect_end(1, "a frame that is in use");
  size_t used = 7;
  ck_assert_int_eq(sim_replay_events(replay, &A(0, 65, 0), 1, &used), SIM_END_PANIC);
  ck_assert_uint_eq(used, 0);
  expect_end(1, "a frame that is in use");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("replay_threads");
  TCase *tcase = tcase_create("all");

  tcase_set_timeout(tcase, 30);
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_add_test(tcase, the_thread_of_the_cpu_does_the_work);
  tcase_add_test(tcase, a_free_waits_for_its_allocation);
  tcase_add_test(tcase, memory_does_not_grow_with_the_trace);
  tcase_add_test(tcase, what_failed_is_live_without_frames);
  tcase_add_test(tcase, the_map_is_right_when_all_is_done);
  tcase_add_test(tcase, with_one_cpu_the_machine_ends_alike);
  tcase_add_test(tcase, a_replay_can_be_given_up_in_the_middle);
  tcase_add_test(tcase, a_panic_ends_those_who_wait_for_it);
  tcase_add_test(tcase, events_behind_the_end_are_not_waited_for);
  tcase_add_test(tcase, a_fault_ends_those_who_wait_for_a_lock);
  tcase_add_test(tcase, a_fault_ends_who_waits_for_a_queue);
  tcase_add_test(tcase, a_machine_that_is_dead_is_not_played_on);
  suite_add_tcase(suite, tcase);
  return suite;
}
