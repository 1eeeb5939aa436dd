/* SPDX-License-Identifier: MPL-2.0 */
/* Searches on a machine: what is put back, what is found, workers, and executions run again. */
#include "sim/internal.h"
#include "tests/unit/explore_support.h"

static void boot(enum fm_allocator_kind allocator)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.cpus = 2;
  config.sim.allocator = allocator;
  test_machine_boot_with(&config);
}

static void setup(void)
{
  boot(FM_ALLOCATOR_NONE);
}

static void teardown(void)
{
  cast_clear();
  test_teardown();
}

/* All bytes of RAM, as a hash. */
static char *ram_sum(void)
{
  const struct sim_machine *machine = test_machine;
  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)(uintptr_t)FM_LINEAR_WINDOW,
                                     machine->linear_mapped);
}

static void search(const struct sim_explore_options *options, struct sim_explore_result *ret)
{
  struct sim_explore_program program = cast_program();
  GError *error = NULL;
  if (!sim_explore_run(&program, options, ret, &error))
    ck_abort_msg("%s", error->message);
}

START_TEST(the_machine_is_as_it_was_before)
{
  struct sim_explore_options options;
  struct sim_explore_result result;
  cast_add("+read,drop");
  cast_add("+unique,write,drop,claim");
  cast_add("get,drop");
  cast_open();
  char *digest = sim_machine_digest(test_machine);
  char *sum = ram_sum();
  for (int workers = 1; workers < 3; workers++) {
    sim_explore_options_init(&options);
    options.workers = (uint32_t)workers;
    search(&options, &result);
    ck_assert_int_eq(result.verdict, SIM_EXPLORE_HELD);
    ck_assert_uint_gt(result.complete, 10);
    sim_explore_result_clear(&result);
    char *after = sim_machine_digest(test_machine);
    char *sum_after = ram_sum();
    ck_assert_str_eq(after, digest);
    ck_assert_str_eq(sum_after, sum);
    g_free(after);
    g_free(sum_after);
  }
  g_free(digest);
  g_free(sum);
}
END_TEST

/* ---- Allocators: locks, lists in slots, and bytes that are zeroed without hooks ---- */

static struct fm_frame got[2];

static void alloc_body(void *data)
{
  struct fm_frame *frame = data;
  const struct fm_ops *ops = sim_machine_ops(test_machine);
  if (ops->frame_alloc(test_kernel(), &(struct fm_alloc_options){0}, frame) == FM_ALLOC_OK)
    ops->frame_drop(test_kernel(), *frame);
}

static bool differ(sim_explore *explore, GString *text, void *data)
{
  (void)explore;
  (void)data;
  g_string_append(text, "no frame");
  return got[0].slot != NULL && got[1].slot != NULL;
}

static void forget(void *data)
{
  (void)data;
  memset(got, 0, sizeof(got));
}

START_TEST(allocators_are_searched_and_put_back)
{
  static const enum fm_allocator_kind kinds[] = {FM_ALLOCATOR_BITMAP, FM_ALLOCATOR_BUDDY};
  test_teardown();
  boot(kinds[_i]);
  (void)test_use_build(1);
  const struct sim_explore_thread threads[] = {
      {.name = "A", .cpu = 0, .body = alloc_body, .data = &got[0]},
      {.name = "B", .cpu = 1, .body = alloc_body, .data = &got[1]},
  };
  const struct sim_explore_program program = {.machine = test_machine,
                                              .threads = threads,
                                              .nr_threads = 2,
                                              .reset = forget,
                                              .judge = differ};
  struct sim_explore_options options;
  struct sim_explore_result result;
  GError *error = NULL;
  sim_explore_options_init(&options);
  char *sum = ram_sum();
  if (!sim_explore_run(&program, &options, &result, &error))
    ck_abort_msg("%s", error->message);
  ck_assert_msg(result.verdict == SIM_EXPLORE_HELD, "%s",
                result.first != NULL ? result.first->finding.text : result.limit);
  ck_assert_uint_ge(result.complete, 2); /* who has the lock first */
  sim_explore_result_clear(&result);
  char *after = ram_sum();
  ck_assert_str_eq(after, sum);
  g_free(after);
  g_free(sum);
}
END_TEST

/* ---- Findings ---- */

static uint64_t locks[2];

static void lock(uint64_t *word)
{
  struct fm_access access = {.site = FM_SITE_ALLOC_LOCK,
                             .kind = FM_ACCESS_CAS,
                             .order = FM_ORDER_ACQUIRE,
                             .size = sizeof(*word),
                             .where = word,
                             .operand = 1};
  for (;;) {
    fm_hook_access(&access);
    if (access.done)
      return;
    fm_hook_spin(FM_SITE_ALLOC_LOCK);
  }
}

static void unlock(uint64_t *word)
{
  struct fm_access access = {.site = FM_SITE_ALLOC_UNLOCK,
                             .kind = FM_ACCESS_STORE,
                             .order = FM_ORDER_RELEASE,
                             .size = sizeof(*word),
                             .where = word};
  fm_hook_access(&access);
}

static void lock_both(void *data)
{
  uint64_t first = *(const uint64_t *)data;
  lock(&locks[first]);
  lock(&locks[1 - first]);
  unlock(&locks[1 - first]);
  unlock(&locks[first]);
}

static struct sim_explore_thread lockers[2];

static struct sim_explore_program lock_program(const uint64_t *first, const uint64_t *second)
{
  lockers[0] =
      (struct sim_explore_thread){.name = "A", .body = lock_both, .data = (void *)(uintptr_t)first};
  lockers[1] = (struct sim_explore_thread){
      .name = "B", .body = lock_both, .data = (void *)(uintptr_t)second};
  return (struct sim_explore_program){.threads = lockers, .nr_threads = 2};
}

START_TEST(locks_in_opposite_orders_are_a_deadlock)
{
  const uint64_t orders[] = {0, 1};
  for (int same = 0; same < 2; same++)
    for (int bounded = 0; bounded < 2; bounded++) {
      struct sim_explore_program program = lock_program(&orders[0], &orders[same != 0 ? 0 : 1]);
      struct sim_explore_options options;
      struct sim_explore_result result;
      sim_explore_options_init(&options);
      options.bounded = bounded != 0;
      options.preemptions = 2;
      ck_assert(sim_explore_run(&program, &options, &result, NULL));
      if (same != 0) {
        ck_assert_ptr_null(result.first);
        ck_assert_uint_eq(result.complete, 2);
      } else {
        ck_assert_int_eq(result.verdict, SIM_EXPLORE_VIOLATED);
        ck_assert_int_eq(result.first->finding.kind, SIM_EXPLORE_DEADLOCK);
        ck_assert_str_eq(result.first->finding.text,
                         "deadlock: A waits at alloc.lock for B, B waits at alloc.lock for A");
        ck_assert_uint_eq(result.first->blocked[0], FM_SITE_ALLOC_LOCK);
      }
      sim_explore_result_clear(&result);
    }
}
END_TEST

static void panic_body(void *data)
{
  (void)data;
  const struct fm_ops *ops = sim_machine_ops(test_machine);
  uint64_t *count = &test_slot(TEST_FRAME)->ref_count;
  struct fm_slot *slot;
  *count = FM_COUNT_MAX;
  (void)ops->get(test_kernel(), fm_paddr_of(TEST_FRAME), &slot);
}

static void touch_body(void *data)
{
  (void)data;
  const struct fm_ops *ops = sim_machine_ops(test_machine);
  struct fm_slot *slot;
  if (ops->get(test_kernel(), fm_paddr_of(TEST_FRAME + FM_PAGE_SIZE), &slot) == FM_GET_OK)
    ops->frame_drop(test_kernel(), fm_frame_of_slot(slot));
}

START_TEST(a_panic_is_a_finding_and_the_machine_lives)
{
  (void)test_use_build(1);
  const struct sim_explore_thread threads[] = {{.name = "A", .body = touch_body},
                                               {.name = "B", .body = panic_body}};
  const struct sim_explore_program program = {
      .machine = test_machine, .threads = threads, .nr_threads = 2};
  struct sim_explore_options options;
  struct sim_explore_result result;
  sim_explore_options_init(&options);
  ck_assert(sim_explore_run(&program, &options, &result, NULL));
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_VIOLATED);
  ck_assert_int_eq(result.first->finding.kind, SIM_EXPLORE_PANIC);
  ck_assert(g_str_has_prefix(result.first->finding.text, "B: reference count overflow"));
  ck_assert_ptr_null(sim_machine_panic(test_machine));
  sim_explore_result_clear(&result);
}
END_TEST

START_TEST(a_debug_assertion_is_a_finding)
{
  cast_add("+drop,drop");
  cast.actors[0].steps = "drop";
  cast_open();
  test_slot(TEST_FRAME)->ref_count = 0;
  struct sim_explore_options options;
  struct sim_explore_result result;
  sim_explore_options_init(&options);
  search(&options, &result);
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_VIOLATED);
  ck_assert_int_eq(result.first->finding.kind, SIM_EXPLORE_ASSERTION);
  ck_assert(g_str_has_prefix(result.first->finding.text, "drop of a frame that nobody holds"));
  ck_assert_uint_eq(test_take_findings(NULL), 0);
  sim_explore_result_clear(&result);
}
END_TEST

/* ---- Workers ---- */

static void same(const sim_execution *one, const sim_execution *other)
{
  ck_assert_uint_eq(one->nr_tokens, other->nr_tokens);
  for (uint32_t i = 0; i < one->nr_tokens; i++) {
    ck_assert_uint_eq(one->tokens[i].thread, other->tokens[i].thread);
    ck_assert_uint_eq(one->tokens[i].site, other->tokens[i].site);
    ck_assert_uint_eq(one->tokens[i].back, other->tokens[i].back);
  }
  ck_assert_str_eq(one->finding.text, other->finding.text);
}

START_TEST(any_number_of_workers_finds_the_same)
{
  cast_add("+read,drop");
  cast_add("+drop");
  cast_add("+unique,write,drop");
  if (FM_UNDER_TSAN) { /* which makes each fiber anew; the line is out before the workers fork */
    printf("# three threads instead of five, for the thread sanitizer\n");
    (void)fflush(stdout);
  } else {
    cast_add("get,drop");
    cast_add("claim,drop");
  }
  cast_open();
  for (int all = 0; all < 2; all++)
    for (int weak = 0; weak < 2; weak++) {
      struct sim_explore_result one;
      for (uint32_t workers = 1; workers <= 3; workers++) {
        struct sim_explore_options options;
        struct sim_explore_result result;
        sim_explore_options_init(&options);
        options.workers = workers;
        options.all = all != 0;
        if (weak != 0)
          options.order[FM_SITE_DROP_DEC] = FM_ORDER_RELAXED + 1;
        search(&options, workers == 1 ? &one : &result);
        if (workers == 1)
          continue;
        ck_assert_int_eq(result.verdict, one.verdict);
        ck_assert_uint_eq(result.complete, one.complete);
        ck_assert_uint_eq(result.blocked, one.blocked);
        ck_assert_uint_eq(result.runs, one.runs);
        ck_assert_uint_eq(result.findings, one.findings);
        if (weak != 0) {
          same(result.first, one.first);
          same(result.shortest, one.shortest);
        }
        sim_explore_result_clear(&result);
      }
      ck_assert_int_eq(one.verdict, weak != 0 ? SIM_EXPLORE_VIOLATED : SIM_EXPLORE_HELD);
      sim_explore_result_clear(&one);
    }
}
END_TEST

/* ---- Executions that are run again ---- */

START_TEST(a_schedule_that_does_not_fit_is_refused_with_its_place)
{
  static const struct {
    struct sim_explore_token tokens[3];
    uint32_t nr;
    uint32_t position;
    const char *text;
  } rows[] = {
      {{{7, FM_SITE_DROP_DEC, 0, false}}, 1, 0, "?:drop.dec does not fit: there is no such thread"},
      {{{0, FM_SITE_GET_CAS, 0, false}},
       1,
       0,
       "A:get.cas does not fit: the thread ends before it comes there"},
      {{{0, FM_SITE_COUNT, 0, false}, {0, FM_SITE_DROP_DEC, 0, false}},
       2,
       1,
       "A:drop.dec does not fit: the thread has ended before"},
      {{{0, FM_SITE_COUNT, 0, false}, {1, FM_SITE_DROP_DEC, 3, false}},
       2,
       1,
       "B:drop.dec does not fit: there are not so many writes to go back"},
      {{{0, FM_SITE_COUNT, 0, false}, {1, FM_SITE_DROP_DEC, 1, false}},
       2,
       1,
       "B:drop.dec does not fit: another read-modify-write has taken the value that it would "
       "read"},
  };
  cast_add("+drop");
  cast_add("+drop");
  cast_open();
  struct sim_explore_program program = cast_program();
  struct sim_explore_options options;
  sim_explore_options_init(&options);
  for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
    uint32_t position = 99;
    GError *error = NULL;
    ck_assert_ptr_null(
        sim_explore_replay(&program, &options, rows[i].tokens, rows[i].nr, &position, &error));
    ck_assert_str_eq(error->message, rows[i].text);
    ck_assert_uint_eq(position, rows[i].position);
    g_error_free(error);
  }
}
END_TEST

START_TEST(a_schedule_gives_one_execution)
{
  const struct sim_explore_token tokens[] = {{1, FM_SITE_DROP_DEC, 0, false},
                                             {0, FM_SITE_COUNT, 0, false}};
  cast_add("+drop");
  cast_add("+drop");
  cast_open();
  struct sim_explore_program program = cast_program();
  struct sim_explore_options options;
  uint32_t position;
  sim_explore_options_init(&options);
  sim_execution *execution = sim_explore_replay(&program, &options, tokens, 2, &position, NULL);
  ck_assert_ptr_nonnull(execution);
  ck_assert(execution->complete);
  /* B: 2 -> 1; A: 1 -> 0, then it is the one that ends the frame. */
  ck_assert_uint_eq(execution->events[0].thread, 1);
  ck_assert_uint_eq(execution->events[0].read, 2);
  ck_assert_int_eq(execution->events[0].from, SIM_EXECUTION_INITIAL);
  ck_assert_uint_eq(execution->events[1].thread, 0);
  ck_assert_uint_eq(execution->events[1].read, 1);
  ck_assert_int_eq(execution->events[1].from, 0);
  ck_assert_uint_eq(execution->events[1].mo, 2);
  ck_assert_uint_eq(execution->events[2].site, FM_SITE_DROP_FENCE);
  ck_assert_uint_eq(execution->events[execution->nr_events - 1].site, FM_SITE_DROP_DEALLOC);
  ck_assert_uint_eq(test_slot(TEST_FRAME)->ref_count, 2);
  sim_execution_free(execution);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("explore_machine");
  TCase *tcase = tcase_create("machine");
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_set_timeout(tcase, 60);
  tcase_add_test(tcase, the_machine_is_as_it_was_before);
  tcase_add_loop_test(tcase, allocators_are_searched_and_put_back, 0, 2);
  tcase_add_test(tcase, locks_in_opposite_orders_are_a_deadlock);
  tcase_add_test(tcase, a_panic_is_a_finding_and_the_machine_lives);
  tcase_add_test(tcase, a_debug_assertion_is_a_finding);
  tcase_add_test(tcase, any_number_of_workers_finds_the_same);
  tcase_add_test(tcase, a_schedule_that_does_not_fit_is_refused_with_its_place);
  tcase_add_test(tcase, a_schedule_gives_one_execution);
  suite_add_tcase(suite, tcase);
  return suite;
}
