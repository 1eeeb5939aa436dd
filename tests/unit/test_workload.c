/* SPDX-License-Identifier: MPL-2.0 */
/* Generated workloads: what each kind does to a machine, what is counted, what is left. */
#include <inttypes.h>
#include <sim/audit.h>
#include <string.h>

#include "sim/workload/workload.h"
#include "tests/support.h"

#define KINDS   6
#define SETUPS  (KINDS * 4) /* each kind on two allocators, with 1 and with 4 CPUs */
#define MACHINE (64 * MIB)

static sim_workload *workload;
static struct sim_workload_spec spec;

static void boot(enum fm_allocator_kind allocator, uint32_t cpus, uint64_t ram)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = ram;
  config.sim.allocator = allocator;
  config.sim.cpus = cpus;
  test_machine_boot_with(&config);
}

static void teardown(void)
{
  workload = sim_workload_free(workload);
  sim_workload_spec_clear(&spec);
  if (test_machine != NULL)
    test_teardown();
}

/* Parameters as texts, with a blank between them. */
static void describe(const char *kind, const char *parameters)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) words = g_strsplit(parameters, " ", -1);
  sim_workload_spec_clear(&spec);
  ck_assert_msg(sim_workload_spec_init(&spec, kind, &error), "%s", kind);
  for (char **word = words; *word != NULL; word++)
    ck_assert_msg(**word == '\0' || sim_workload_set_text(&spec, *word, &error), "%s", *word);
}

static const struct sim_workload_counts *operate(uint64_t seed)
{
  g_autoptr(GError) error = NULL;
  workload = sim_workload_new(test_machine, &spec, seed, &error);
  ck_assert_msg(workload != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_int_eq(sim_guard_run(test_machine, sim_workload_operate, workload), SIM_END_DONE);
  return sim_workload_counts(workload);
}

static void release(void)
{
  ck_assert_int_eq(sim_guard_run(test_machine, sim_workload_release, workload), SIM_END_DONE);
}

/* The first free frames of the machine, as first fit hands them out; new. */
static GArray *free_frames(guint most)
{
  GArray *frames = g_array_new(FALSE, FALSE, sizeof(fm_paddr));
  for (uint64_t at = 0; at < MACHINE && frames->len < most; at += FM_PAGE_SIZE) {
    fm_paddr frame = fm_paddr_of(at);
    if (sim_machine_ops(test_machine)->is_free(test_kernel(), frame))
      g_array_append_val(frames, frame);
  }
  return frames;
}

static const char *kind_of(int setup)
{
  return sim_workload_kinds()[setup / 4];
}

static void boot_setup(int setup, uint64_t ram)
{
  boot(setup % 2 == 0 ? FM_ALLOCATOR_BUDDY : FM_ALLOCATOR_BITMAP, setup % 4 < 2 ? 1 : 4, ram);
}

/* The digest of a fresh machine after the operations, and the counts. */
static char *run_anew(int setup, int build, uint64_t seed, struct sim_workload_counts *ret)
{
  boot_setup(setup, MACHINE);
  (void)test_use_build(build);
  *ret = *operate(seed);
  char *digest = sim_machine_digest(test_machine);
  workload = sim_workload_free(workload);
  test_teardown();
  return digest;
}

static uint64_t nobody(fm_paddr frame, void *data)
{
  (void)frame;
  (void)data;
  return 0;
}

static void fail_test(const struct sim_audit_fault *fault, void *data)
{
  (void)data;
  ck_abort_msg("%s at 0x%" PRIx64, fault->clause, fault->frame.raw);
}

static void expect_nothing_held(void)
{
  uint64_t found;
  uint64_t before;
  ck_assert(sim_workload_is_settled(workload, &found, &before));
  ck_assert_uint_eq(found, before);
  ck_assert_uint_eq(sim_audit(test_machine, nobody, NULL, fail_test, NULL), 0);
}

/* ---- What holds for every kind ---- */

/* 3000 operations that fit MACHINE, with frees among them. */
static const char *const modest[KINDS] = {"ops=3000 remote=30",
                                          "ops=3000 remote=30 share=10 rounds=5 orders=0:9,1:1",
                                          "ops=3000 remote=30 live=100 orders=0:2,1:1,3:1",
                                          "ops=3000 remote=30",
                                          "ops=3000 remote=30",
                                          "ops=3000 remote=30"};

START_TEST(the_same_seed_does_the_same_and_another_one_does_not)
{
  struct sim_workload_counts a, b, c;
  describe(kind_of(_i), modest[_i / 4]);
  g_autofree char *first = run_anew(_i, 0, 7, &a);
  g_autofree char *again = run_anew(_i, 0, 7, &b);
  g_autofree char *other = run_anew(_i, 0, 8, &c);
  ck_assert_str_eq(first, again);
  ck_assert_mem_eq(&a, &b, sizeof(a));
  ck_assert_str_ne(first, other);
}
END_TEST

START_TEST(both_builds_do_the_same)
{
  struct sim_workload_counts a, b;
  describe(kind_of(_i), modest[_i / 4]);
  g_autofree char *native = run_anew(_i, 0, 7, &a);
  g_autofree char *instrumented = run_anew(_i, 1, 7, &b);
  ck_assert_str_eq(native, instrumented);
  ck_assert_mem_eq(&a, &b, sizeof(a));
}
END_TEST

START_TEST(another_stream_draws_anew)
{
  struct sim_workload_counts a, b;
  describe(kind_of(_i), modest[_i / 4]);
  g_autofree char *first = run_anew(_i, 0, 7, &a);
  ck_assert(sim_workload_set_text(&spec, "stream=other", NULL));
  g_autofree char *other = run_anew(_i, 0, 7, &b);
  ck_assert_str_ne(first, other);
}
END_TEST

START_TEST(at_the_end_everything_is_given_back_and_counted)
{
  boot_setup(_i, MACHINE);
  describe(kind_of(_i), modest[_i / 4]);
  const struct sim_workload_counts *counts = operate(7);
  ck_assert_uint_eq(counts->ops, 3000);
  ck_assert_uint_eq(counts->ops, counts->allocs + counts->failed + counts->clones + counts->frees);
  ck_assert_uint_gt(counts->allocs, 0);
  ck_assert_uint_gt(counts->frees, 0);
  ck_assert_uint_eq(counts->failed, 0);
  ck_assert_uint_gt(counts->live_blocks, 0);
  ck_assert_uint_ge(counts->peak_frames, counts->peak_blocks);
  ck_assert_uint_ge(counts->peak_frames, counts->live_frames);
  const struct fm_ops *ops = sim_machine_ops(test_machine);
  uint64_t held = counts->live_frames * FM_PAGE_SIZE;
  uint64_t free_now = ops->free_bytes(test_kernel());
  release();
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_now + held);
  ck_assert_uint_eq(counts->allocs + counts->clones, counts->frees + counts->released);
  ck_assert_uint_eq(counts->live_blocks, 0);
  ck_assert_uint_eq(counts->live_frames, 0);
  expect_nothing_held();
}
END_TEST

/* More than fits 8 MiB. */
static const char *const greedy[KINDS] = {"life=100000 live=100000",
                                          "share=100 keep=80 rounds=50 ops=5000",
                                          "allocs=90",
                                          "live=200",
                                          "share=100 hits=0 short=50 live=2000",
                                          "depth=5000 remote=50"};

START_TEST(a_machine_that_is_too_small_is_counted_as_failures)
{
  boot_setup(_i, TEST_RAM);
  describe(kind_of(_i), greedy[_i / 4]);
  if (sim_workload_set_text(&spec, "orders=0:1,6:1", NULL))
    ck_assert_uint_ne(spec.orders_given, 0);
  const struct sim_workload_counts *counts = operate(7);
  ck_assert_uint_gt(counts->allocs, 0);
  ck_assert_uint_gt(counts->failed, 0);
  release();
  ck_assert_uint_eq(counts->allocs + counts->clones, counts->frees + counts->released);
  expect_nothing_held();
}
END_TEST

START_TEST(without_an_allocator_every_allocation_fails)
{
  boot(FM_ALLOCATOR_NONE, 2, TEST_RAM);
  describe(sim_workload_kinds()[_i], "ops=100");
  const struct sim_workload_counts *counts = operate(7);
  ck_assert_uint_eq(counts->allocs, 0);
  ck_assert_uint_eq(counts->ops, counts->failed);
  release();
  ck_assert_uint_eq(counts->released, 0);
  expect_nothing_held();
}
END_TEST

START_TEST(without_remote_frees_only_what_is_shared_goes_elsewhere)
{
  boot(FM_ALLOCATOR_BUDDY, 4, MACHINE);
  const char *kind = sim_workload_kinds()[_i];
  bool shares = strcmp(kind, "fork-storm") == 0 || strcmp(kind, "page-cache") == 0;
  describe(kind, "ops=3000 remote=0");
  const struct sim_workload_counts *counts = operate(7);
  ck_assert_uint_eq(sim_workload_cpus(workload), 4);
  ck_assert_int_eq(counts->remote != 0, shares);
}
END_TEST

START_TEST(one_cpu_never_frees_what_another_allocated)
{
  boot(FM_ALLOCATOR_BUDDY, 4, MACHINE);
  describe(sim_workload_kinds()[_i], "ops=3000 remote=100 cpus=1");
  ck_assert_uint_eq(operate(7)->remote, 0);
}
END_TEST

START_TEST(it_stops_when_it_is_told_to)
{
  static volatile sig_atomic_t stop = 1;
  boot(FM_ALLOCATOR_BUDDY, 1, MACHINE);
  describe(sim_workload_kinds()[_i], "");
  workload = sim_workload_new(test_machine, &spec, 7, NULL);
  sim_workload_set_stop(workload, &stop);
  ck_assert_int_eq(sim_guard_run(test_machine, sim_workload_operate, workload), SIM_END_DONE);
  ck_assert_uint_eq(sim_workload_counts(workload)->ops, 0);
}
END_TEST

/* ---- What one kind does ---- */

START_TEST(all_frees_may_be_remote)
{
  boot(FM_ALLOCATOR_BUDDY, 4, MACHINE);
  describe("churn", "ops=3000 remote=100");
  const struct sim_workload_counts *counts = operate(7);
  ck_assert_uint_gt(counts->frees, 0);
  ck_assert_uint_eq(counts->remote, counts->frees);
}
END_TEST

START_TEST(orders_are_those_that_have_a_weight)
{
  boot(FM_ALLOCATOR_BITMAP, 1, MACHINE);
  describe("random", "orders=3:5,1:0 allocs=60");
  const struct sim_workload_counts *counts = operate(7);
  ck_assert_uint_eq(counts->peak_frames, 8 * counts->peak_blocks);
  ck_assert_uint_eq(counts->live_frames, 8 * counts->live_blocks);
}
END_TEST

/* Half of the operations free, so half of the lifetime's number of blocks live. */
START_TEST(churn_settles_at_half_the_lifetime)
{
  boot(FM_ALLOCATOR_BITMAP, 1, MACHINE);
  describe("churn", "ops=40000 life=400 orders=0:1");
  const struct sim_workload_counts *counts = operate(7);
  ck_assert_uint_gt(counts->live_blocks, 160);
  ck_assert_uint_lt(counts->live_blocks, 240);
}
END_TEST

START_TEST(churn_keeps_to_its_limit)
{
  boot(FM_ALLOCATOR_BITMAP, 1, MACHINE);
  describe("churn", "live=50 life=100000");
  ck_assert_uint_eq(operate(7)->peak_blocks, 50);
}
END_TEST

START_TEST(bulk_fills_its_share_and_keeps_some)
{
  boot(FM_ALLOCATOR_BITMAP, 1, MACHINE);
  uint64_t free = sim_machine_ops(test_machine)->free_bytes(test_kernel()) / FM_PAGE_SIZE;
  describe("bulk", "share=25 keep=20 orders=0:1");
  const struct sim_workload_counts *counts = operate(7);
  ck_assert_uint_eq(counts->peak_frames, free * 25 / 100);
  ck_assert_uint_eq(counts->live_frames, counts->peak_frames * 20 / 100);
}
END_TEST

START_TEST(bulk_fills_again_in_each_round)
{
  boot(FM_ALLOCATOR_BITMAP, 1, MACHINE);
  uint64_t free = sim_machine_ops(test_machine)->free_bytes(test_kernel()) / FM_PAGE_SIZE;
  describe("bulk", "share=25 keep=0 rounds=3 orders=0:1");
  const struct sim_workload_counts *counts = operate(7);
  ck_assert_uint_eq(counts->allocs, 3 * (free * 25 / 100));
  ck_assert_uint_eq(counts->frees, counts->allocs);
}
END_TEST

/* Whether the first and the last of what was taken are free then, with first fit. */
static void expect_ends(const char *parameters, bool first_free, bool last_free)
{
  boot(FM_ALLOCATOR_BITMAP, 1, MACHINE);
  const struct fm_ops *ops = sim_machine_ops(test_machine);
  g_autoptr(GArray) frames = free_frames(G_MAXUINT);
  describe("bulk", parameters);
  uint64_t taken = operate(7)->peak_frames;
  fm_paddr last = g_array_index(frames, fm_paddr, taken - 1);
  ck_assert_int_eq(ops->is_free(test_kernel(), g_array_index(frames, fm_paddr, 0)), first_free);
  ck_assert_int_eq(ops->is_free(test_kernel(), last), last_free);
  teardown();
}

START_TEST(bulk_frees_in_the_order_that_was_asked_for)
{
  expect_ends("share=5 keep=50 orders=0:1 frees=forward", true, false);
  expect_ends("share=5 keep=50 orders=0:1 frees=reverse", false, true);
}
END_TEST

START_TEST(fork_storm_copies_only_what_is_written)
{
  boot(FM_ALLOCATOR_BITMAP, 2, MACHINE);
  describe("fork-storm", "writes=0 live=10 pages=600");
  const struct sim_workload_counts *counts = operate(7);
  /* Ten processes with 5 tables, and the pages of the first. */
  ck_assert_uint_eq(counts->peak_blocks, 10 * 5 + 600);
  ck_assert_uint_gt(counts->clones, 9 * 600 - 1);
  workload = sim_workload_free(workload);
  describe("fork-storm", "writes=100 live=3 pages=600");
  counts = operate(7);
  ck_assert_uint_ge(counts->peak_blocks, 3 * (5 + 600));
}
END_TEST

START_TEST(page_cache_stays_below_its_share)
{
  boot(FM_ALLOCATOR_BITMAP, 1, MACHINE);
  uint64_t free = sim_machine_ops(test_machine)->free_bytes(test_kernel()) / FM_PAGE_SIZE;
  describe("page-cache", "share=10 short=0 hits=0");
  const struct sim_workload_counts *counts = operate(7);
  ck_assert_uint_eq(counts->peak_frames, free * 10 / 100);
  ck_assert_uint_gt(counts->frees, 32);
  ck_assert_uint_eq(counts->clones, 0);
}
END_TEST

/* When the share is full, 32 pages go before the next one comes. */
START_TEST(page_cache_lets_the_oldest_go)
{
  boot(FM_ALLOCATOR_BITMAP, 1, MACHINE);
  const struct fm_ops *ops = sim_machine_ops(test_machine);
  g_autoptr(GArray) frames = free_frames(G_MAXUINT);
  guint share = frames->len * 10 / 100;
  g_autofree char *parameters = g_strdup_printf("share=10 short=0 hits=0 ops=%u", share + 32);
  describe("page-cache", parameters);
  ck_assert_uint_eq(operate(7)->frees, 32);
  for (guint i = 0; i < share; i++)
    ck_assert_int_eq(ops->is_free(test_kernel(), g_array_index(frames, fm_paddr, i)), i < 32);
}
END_TEST

/* With first fit and one CPU what is in a stack has no gap. */
START_TEST(stacks_free_what_came_last)
{
  boot(FM_ALLOCATOR_BITMAP, 1, MACHINE);
  const struct fm_ops *ops = sim_machine_ops(test_machine);
  g_autoptr(GArray) free = free_frames(40);
  describe("stacks", "orders=0:1 depth=40 ops=1001");
  const struct sim_workload_counts *counts = operate(7);
  ck_assert_uint_le(counts->peak_blocks, 40);
  ck_assert_uint_gt(counts->live_blocks, 0);
  for (guint i = 0; i < free->len; i++)
    ck_assert_int_eq(ops->is_free(test_kernel(), g_array_index(free, fm_paddr, i)),
                     i >= counts->live_blocks);
}
END_TEST

START_TEST(more_cpus_than_there_are_cannot_take_part)
{
  g_autoptr(GError) error = NULL;
  boot(FM_ALLOCATOR_BUDDY, 2, TEST_RAM);
  describe("churn", "cpus=3");
  ck_assert_ptr_null(sim_workload_new(test_machine, &spec, 0, &error));
  ck_assert_str_eq(error->message, "3 CPUs cannot take part: the machine has 2");
}
END_TEST

static void add_common(TCase *tests)
{
  tcase_add_loop_test(tests, the_same_seed_does_the_same_and_another_one_does_not, 0, SETUPS);
  tcase_add_loop_test(tests, both_builds_do_the_same, 0, SETUPS);
  tcase_add_loop_test(tests, another_stream_draws_anew, 0, SETUPS);
  tcase_add_loop_test(tests, at_the_end_everything_is_given_back_and_counted, 0, SETUPS);
  tcase_add_loop_test(tests, a_machine_that_is_too_small_is_counted_as_failures, 0, SETUPS);
  tcase_add_loop_test(tests, without_an_allocator_every_allocation_fails, 0, KINDS);
  tcase_add_loop_test(tests, without_remote_frees_only_what_is_shared_goes_elsewhere, 0, KINDS);
  tcase_add_loop_test(tests, one_cpu_never_frees_what_another_allocated, 0, KINDS);
  tcase_add_loop_test(tests, it_stops_when_it_is_told_to, 0, KINDS);
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("workload");
  TCase *common = tcase_create("every kind");
  TCase *kinds = tcase_create("one kind");

  tcase_add_checked_fixture(common, NULL, teardown);
  add_common(common);
  tcase_add_checked_fixture(kinds, NULL, teardown);
  tcase_add_test(kinds, all_frees_may_be_remote);
  tcase_add_test(kinds, orders_are_those_that_have_a_weight);
  tcase_add_test(kinds, churn_settles_at_half_the_lifetime);
  tcase_add_test(kinds, churn_keeps_to_its_limit);
  tcase_add_test(kinds, bulk_fills_its_share_and_keeps_some);
  tcase_add_test(kinds, bulk_fills_again_in_each_round);
  tcase_add_test(kinds, bulk_frees_in_the_order_that_was_asked_for);
  tcase_add_test(kinds, fork_storm_copies_only_what_is_written);
  tcase_add_test(kinds, page_cache_stays_below_its_share);
  tcase_add_test(kinds, page_cache_lets_the_oldest_go);
  tcase_add_test(kinds, stacks_free_what_came_last);
  tcase_add_test(kinds, more_cpus_than_there_are_cannot_take_part);
  suite_add_tcase(suite, common);
  suite_add_tcase(suite, kinds);
  return suite;
}
