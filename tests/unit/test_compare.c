/* SPDX-License-Identifier: MPL-2.0 */
/* Who writes which slot, and the rows of comparisons. */
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "sim/compare/compare.h"
#include "sim/compare/writes.h"
#include "sim/pieces.h"
#include "tests/support.h"

/* ---- Writes ---- */

static struct sim_writes writes;
static struct fm_frame frame;

static void setup(void)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.allocator = FM_ALLOCATOR_NONE;
  config.sim.cpus = 3;
  test_machine_boot_with(&config);
  (void)test_use_build(1);
  sim_writes_init(&writes, test_machine);
  sim_writes_begin(&writes);
}

static void teardown(void)
{
  sim_writes_end(&writes);
  sim_writes_clear(&writes);
  test_teardown();
}

static void clone_frame(void *data)
{
  (void)data;
  (void)sim_machine_ops(test_machine)->frame_clone(frame);
}

static void drop_frame(void *data)
{
  (void)data;
  sim_machine_ops(test_machine)->frame_drop(test_kernel(), frame);
}

static void get_unused(void *data)
{
  struct fm_slot *slot;
  enum fm_get_error *error = data;
  *error = sim_machine_ops(test_machine)->get(test_kernel(), fm_paddr_of(TEST_FRAME), &slot);
}

static void on_cpu(uint32_t cpu, void (*body)(void *data), void *data)
{
  sim_cpu_enter(test_machine, cpu);
  ck_assert_int_eq(sim_guard_run(test_machine, body, data), SIM_END_DONE);
}

static void expect(uint64_t all, uint64_t moved, uint64_t shared)
{
  ck_assert_uint_eq(writes.writes, all);
  ck_assert_uint_eq(writes.moved, moved);
  ck_assert_uint_eq(writes.shared_slots, shared);
}

/* A claim writes three times: compare-exchange, vtable, count. */
START_TEST(a_slot_moves_when_another_cpu_writes_it)
{
  sim_cpu_enter(test_machine, 0);
  frame = test_claim(TEST_FRAME, test_anon(), NULL);
  expect(3, 0, 0);
  on_cpu(0, clone_frame, NULL);
  expect(4, 0, 0);
  on_cpu(1, clone_frame, NULL);
  expect(5, 1, 1);
  on_cpu(1, drop_frame, NULL);
  expect(6, 1, 1);
  on_cpu(0, drop_frame, NULL);
  expect(7, 2, 1);
  on_cpu(2, clone_frame, NULL);
  expect(8, 3, 1);
}
END_TEST

static void claim_again(void *data)
{
  struct fm_slot *slot;
  enum fm_get_error *error = data;
  *error = sim_machine_ops(test_machine)
               ->claim(test_kernel(), fm_paddr_of(TEST_FRAME), test_anon(), NULL, false, &slot);
}

START_TEST(an_exchange_that_fails_writes_nothing)
{
  enum fm_get_error error = FM_GET_OK;
  sim_cpu_enter(test_machine, 0);
  frame = test_claim(TEST_FRAME, test_anon(), NULL);
  on_cpu(1, claim_again, &error);
  ck_assert_int_eq(error, FM_GET_IN_USE);
  expect(3, 0, 0);
}
END_TEST

START_TEST(two_slots_are_two)
{
  for (uint64_t i = 0; i < 2; i++) {
    sim_cpu_enter(test_machine, 0);
    frame = test_claim(TEST_FRAME + i * FM_PAGE_SIZE, test_anon(), NULL);
    on_cpu(1, clone_frame, NULL);
    expect(4 * (i + 1), i + 1, i + 1);
  }
}
END_TEST

START_TEST(what_only_reads_writes_nothing)
{
  enum fm_get_error error = FM_GET_OK;
  on_cpu(0, get_unused, &error);
  ck_assert_int_eq(error, FM_GET_UNUSED);
  expect(0, 0, 0);
}
END_TEST

START_TEST(behind_the_end_nothing_is_counted)
{
  sim_writes_end(&writes);
  frame = test_claim(TEST_FRAME, test_anon(), NULL);
  on_cpu(1, clone_frame, NULL);
  expect(0, 0, 0);
}
END_TEST

/* ---- Rows ---- */

static unsigned findings;

static void count_finding(const char *finding, void *data)
{
  (void)finding;
  (void)data;
  findings++;
}

/* A PC with 64 MiB. */
static sim_bootmap *map;
static struct sim_config config;
static struct sim_workload_spec spec;

static void setup_rows(void)
{
  map = sim_bootmap_new_ram(64 * MIB);
  sim_config_init(&config, map);
  config.cpus = 2;
  findings = 0;
}

static void teardown_rows(void)
{
  sim_workload_spec_clear(&spec);
  sim_bootmap_free(map);
}

static struct sim_compare_row row_of(const char *kind, const char *parameter, uint64_t seed)
{
  g_autoptr(GError) error = NULL;
  struct sim_compare_row row;
  const struct sim_comparison comparison = {
      .config = &config, .workload = &spec, .report = count_finding};

  sim_workload_spec_clear(&spec);
  ck_assert(sim_workload_spec_init(&spec, kind, NULL));
  ck_assert(sim_workload_set_text(&spec, parameter, NULL));
  ck_assert_msg(sim_compare_run(&comparison, FM_ALLOCATOR_BITMAP, seed, &row, &error), "%s",
                error != NULL ? error->message : "");
  ck_assert_uint_eq(row.findings, findings);
  return row;
}

START_TEST(a_row_is_what_the_workload_does_by_itself)
{
  struct sim_compare_row row = row_of(sim_workload_kinds()[_i], "remote=50", 5);
  ck_assert_uint_eq(findings, 0);
  ck_assert_int_eq(row.allocator, FM_ALLOCATOR_BITMAP);
  ck_assert_uint_eq(row.seed, 5);
  ck_assert_uint_ge(row.shared_writes, row.shared_slots);
  ck_assert_uint_gt(row.shared_slots, 0);

  config.allocator = FM_ALLOCATOR_BITMAP;
  g_autoptr(sim_machine) machine = sim_machine_new(&config, NULL);
  ck_assert(machine != NULL && sim_machine_boot(machine, NULL));
  g_autoptr(sim_workload) workload = sim_workload_new(machine, &spec, 5, NULL);
  ck_assert_int_eq(sim_guard_run(machine, sim_workload_operate, workload), SIM_END_DONE);
  g_autofree char *digest = sim_machine_digest(machine);
  ck_assert_str_eq(row.digest, digest);
  ck_assert_uint_eq(row.steps, sim_workload_counts(workload)->ops);
  ck_assert_uint_eq(row.failed, sim_workload_counts(workload)->failed);
  ck_assert_double_eq(row.score, sim_pieces_score(sim_pieces_count(machine)));
}
END_TEST

START_TEST(another_seed_gives_another_row)
{
  struct sim_compare_row a = row_of("churn", "remote=50", 1);
  struct sim_compare_row again = row_of("churn", "remote=50", 1);
  struct sim_compare_row b = row_of("churn", "remote=50", 2);
  ck_assert_uint_eq(a.shared_writes, again.shared_writes);
  ck_assert_str_eq(a.digest, again.digest);
  ck_assert_str_ne(a.digest, b.digest);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("compare");
  TCase *slots = tcase_create("writes");
  TCase *rows = tcase_create("rows");

  tcase_add_checked_fixture(slots, setup, teardown);
  tcase_add_test(slots, a_slot_moves_when_another_cpu_writes_it);
  tcase_add_test(slots, an_exchange_that_fails_writes_nothing);
  tcase_add_test(slots, two_slots_are_two);
  tcase_add_test(slots, what_only_reads_writes_nothing);
  tcase_add_test(slots, behind_the_end_nothing_is_counted);
  tcase_add_checked_fixture(rows, setup_rows, teardown_rows);
  tcase_add_loop_test(rows, a_row_is_what_the_workload_does_by_itself, 0, 6);
  tcase_add_test(rows, another_seed_gives_another_row);
  suite_add_tcase(suite, slots);
  suite_add_tcase(suite, rows);
  return suite;
}
