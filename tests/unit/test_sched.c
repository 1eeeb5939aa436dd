/* SPDX-License-Identifier: MPL-2.0 */
/* The scheduler: where threads stop, what it says of them, and giving them up. */
#include <sim/sched.h>

#include "sim/fiber.h"
#include "sim/hook.h"
#include "sim/internal.h"
#include "tests/support.h"

static const struct fm_ops *ops;
static sim_sched *sched;
static GString *accesses; /* "0:claim.cas 1:..." */

static void watch(const struct fm_access *access, guint thread, void *data)
{
  ck_assert_ptr_eq(data, accesses);
  g_string_append_printf(accesses, "%s%u:%s", accesses->len != 0 ? " " : "", thread,
                         fm_site_info(access->site)->name);
}

static void setup(void)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.cpus = 2;
  config.sim.allocator = FM_ALLOCATOR_NONE;
  test_machine_boot_with(&config);
  ops = test_use_build(1);
  accesses = g_string_new(NULL);
  sched = sim_sched_new(test_machine, watch, accesses);
}

static void teardown(void)
{
  sched = sim_sched_free(sched);
  g_string_free(accesses, TRUE);
  test_teardown();
}

/* ---- Bodies ---- */

struct job {
  uint64_t frame;
  enum sim_end end;
  uint32_t cpu;       /* that it ran on */
  uint32_t irq_depth; /* at its end */
  bool returned;
};

/* Not on a test's stack: a thread that is given up at the end still writes to its job. */
static struct job jobs[3];

static struct job *job_at(unsigned index, uint64_t frame)
{
  jobs[index] = (struct job){.frame = frame};
  return &jobs[index];
}

static void claim_and_drop(void *data)
{
  const struct job *job = data;
  struct fm_slot *slot;
  if (ops->claim(test_kernel(), fm_paddr_of(job->frame), test_anon(), NULL, false, &slot) ==
      FM_GET_OK)
    ops->frame_drop(test_kernel(), fm_frame_of_slot(slot));
}

static void body(void *data)
{
  struct job *job = data;
  job->cpu = fm_port_this_cpu.id;
  job->end = sim_guard_run(test_machine, claim_and_drop, job);
  job->irq_depth = fm_port_this_cpu.irq_depth;
  job->returned = true;
}

#define CLAIM "0:slot.bound 0:claim.cas 0:claim.vtable 0:claim.publish"
#define DROP  "0:drop.dec 0:drop.fence 0:drop.vtable 0:drop.meta 0:drop.unused 0:drop.dealloc"

START_TEST(a_thread_runs_to_its_end)
{
  struct job *job = job_at(0, TEST_FRAME);

  sim_sched_add(sched, 1, body, job);
  ck_assert_int_eq(sim_sched_last_site(sched, 0), FM_SITE_COUNT);
  ck_assert(!sim_sched_has_ended(sched, 0));
  ck_assert_int_eq(sim_sched_run_to(sched, 0, FM_SITE_COUNT), SIM_SCHED_ENDED);
  ck_assert(sim_sched_has_ended(sched, 0));
  ck_assert_int_eq(sim_sched_last_site(sched, 0), FM_SITE_DROP_DEALLOC);
  ck_assert_int_eq(job->end, SIM_END_DONE);
  ck_assert_uint_eq(job->cpu, 1);
  ck_assert_str_eq(accesses->str, CLAIM " " DROP);
}
END_TEST

START_TEST(a_thread_stops_right_after_the_point)
{
  struct job *job = job_at(0, TEST_FRAME);
  const struct fm_slot *slot = test_slot(TEST_FRAME);

  sim_sched_add(sched, 0, body, job);
  ck_assert_int_eq(sim_sched_run_to(sched, 0, FM_SITE_CLAIM_CAS), SIM_SCHED_REACHED);
  ck_assert_uint_eq(slot->ref_count, 0);
  ck_assert_int_eq(sim_sched_run_to(sched, 0, FM_SITE_CLAIM_PUBLISH), SIM_SCHED_REACHED);
  ck_assert_uint_eq(slot->ref_count, 1);
  ck_assert_int_eq(sim_sched_run_to(sched, 0, FM_SITE_DROP_UNUSED), SIM_SCHED_REACHED);
  ck_assert_uint_eq(slot->ref_count, FM_COUNT_UNUSED);
  ck_assert(!job->returned);
  /* A point that does not come again: the body ends first. */
  ck_assert_int_eq(sim_sched_run_to(sched, 0, FM_SITE_CLAIM_CAS), SIM_SCHED_ENDED);
  ck_assert(job->returned);
}
END_TEST

START_TEST(points_are_counted_without_quiet_sites)
{
  static const enum fm_site order[] = {
      FM_SITE_CLAIM_CAS, FM_SITE_CLAIM_VTABLE, FM_SITE_CLAIM_PUBLISH,
      FM_SITE_DROP_DEC,  FM_SITE_DROP_FENCE,   FM_SITE_DROP_VTABLE,
      FM_SITE_DROP_META, FM_SITE_DROP_UNUSED,  FM_SITE_DROP_DEALLOC,
  };
  struct job *job = job_at(0, TEST_FRAME);

  sim_sched_add(sched, 0, body, job);
  ck_assert_int_eq(sim_sched_run_points(sched, 0, 0), SIM_SCHED_REACHED);
  for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
    ck_assert_int_eq(sim_sched_run_points(sched, 0, 1), SIM_SCHED_REACHED);
    ck_assert_int_eq(sim_sched_last_site(sched, 0), order[i]);
  }
  ck_assert_int_eq(sim_sched_run_points(sched, 0, 1), SIM_SCHED_ENDED);
}
END_TEST

START_TEST(threads_keep_to_their_own_registers)
{
  struct job *first = job_at(0, TEST_FRAME);
  struct job *second = job_at(1, TEST_FRAME + 4096);

  sim_sched_add(sched, 0, body, first);
  sim_sched_add(sched, 1, body, second);
  fm_port_this_cpu.irq_depth = 7; /* of the thread outside */
  while (!sim_sched_has_ended(sched, 0) || !sim_sched_has_ended(sched, 1)) {
    for (guint i = 0; i < 2; i++)
      if (!sim_sched_has_ended(sched, i))
        (void)sim_sched_run_points(sched, i, 1);
  }
  ck_assert_uint_eq(first->cpu, 0);
  ck_assert_uint_eq(second->cpu, 1);
  ck_assert_uint_eq(fm_port_this_cpu.id, 0);
  ck_assert_uint_eq(fm_port_this_cpu.irq_depth, 7);
  ck_assert_ptr_null(sim_observer);
  ck_assert_ptr_null(sim_trap_get());
  for (uint32_t cpu = 0; cpu < 2; cpu++)
    ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), cpu)->dealloc_ignored, 1);
}
END_TEST

START_TEST(the_same_calls_give_the_same_execution)
{
  g_autofree char *first_run = NULL;

  for (int run = 0; run < 2; run++) {
    struct job *a = job_at(0, TEST_FRAME);
    struct job *b = job_at(1, TEST_FRAME);
    g_string_truncate(accesses, 0);
    sim_sched_free(sched);
    sched = sim_sched_new(test_machine, watch, accesses);
    sim_sched_add(sched, 0, body, a);
    sim_sched_add(sched, 1, body, b);
    for (unsigned turn = 0; !sim_sched_has_ended(sched, 0) || !sim_sched_has_ended(sched, 1);
         turn++) {
      guint thread = turn * 7 / 3 % 2;
      if (!sim_sched_has_ended(sched, thread))
        (void)sim_sched_run_points(sched, thread, 1 + turn % 3);
    }
    if (run == 0)
      first_run = g_strdup(accesses->str);
  }
  ck_assert_str_eq(first_run, accesses->str);
}
END_TEST

/* ---- Panics, giving up ---- */

static void panic(void *data)
{
  (void)data;
  (void)ops->frame_count((struct fm_frame){test_slot(TEST_FRAME)});
  fm_port_panic("in a thread");
}

static void panicking_body(void *data)
{
  struct job *job = data;
  job->end = sim_guard_run(test_machine, panic, NULL);
  job->returned = true;
}

START_TEST(a_panic_ends_the_threads_of_every_cpu)
{
  struct job *job = job_at(0, 0);
  struct job *other = job_at(1, TEST_FRAME);

  sim_sched_add(sched, 0, panicking_body, job);
  sim_sched_add(sched, 1, body, other);
  ck_assert_int_eq(sim_sched_run_to(sched, 1, FM_SITE_CLAIM_CAS), SIM_SCHED_REACHED);
  ck_assert_int_eq(sim_sched_run_to(sched, 0, FM_SITE_COUNT), SIM_SCHED_ENDED);
  ck_assert_int_eq(job->end, SIM_END_PANIC);
  ck_assert_str_eq(sim_machine_panic(test_machine), "in a thread");
  ck_assert(!other->returned);
  /* All CPUs end with the kernel: the other one does not come further. */
  ck_assert_int_eq(sim_sched_run_to(sched, 1, FM_SITE_COUNT), SIM_SCHED_ENDED);
  ck_assert_int_eq(other->end, SIM_END_ABANDONED);
  ck_assert_uint_eq(test_slot(TEST_FRAME)->ref_count, FM_COUNT_BUSY);
}
END_TEST

START_TEST(threads_in_the_middle_are_given_up)
{
  struct job *never = job_at(0, 0);
  struct job *middle = job_at(1, TEST_FRAME);
  struct job *done = job_at(2, TEST_FRAME + 4096);

  sim_sched_add(sched, 0, body, never);
  sim_sched_add(sched, 1, body, middle);
  sim_sched_add(sched, 0, body, done);
  ck_assert_int_eq(sim_sched_run_to(sched, 1, FM_SITE_CLAIM_CAS), SIM_SCHED_REACHED);
  ck_assert_int_eq(sim_sched_run_to(sched, 2, FM_SITE_COUNT), SIM_SCHED_ENDED);
  sched = sim_sched_free(sched);

  ck_assert(!never->returned);
  ck_assert(middle->returned);
  ck_assert_int_eq(middle->end, SIM_END_ABANDONED);
  ck_assert_int_eq(done->end, SIM_END_DONE);
  /* What it was doing stopped where it was; the machine lives. */
  ck_assert_uint_eq(test_slot(TEST_FRAME)->ref_count, 0);
  ck_assert_ptr_null(sim_machine_panic(test_machine));
  ck_assert_ptr_null(sim_trap_get());
}
END_TEST

static void stop_here(void *data)
{
  struct job *job = data;
  sim_sched_request_stop(sched);
  job->end = sim_guard_run(test_machine, claim_and_drop, job);
  job->returned = true;
}

START_TEST(a_requested_stop_ends_the_run_at_the_next_point)
{
  struct job *job = job_at(0, TEST_FRAME);

  sim_sched_add(sched, 0, stop_here, job);
  ck_assert(!sim_sched_stop_requested(sched));
  ck_assert_int_eq(sim_sched_run_to(sched, 0, FM_SITE_COUNT), SIM_SCHED_REACHED);
  ck_assert(sim_sched_stop_requested(sched));
  ck_assert_int_eq(sim_sched_last_site(sched, 0), FM_SITE_CLAIM_CAS);
  sched = sim_sched_free(sched);
  ck_assert_int_eq(job->end, SIM_END_ABANDONED);
}
END_TEST

/* ---- Something in between ---- */

/* What it finds outside: nobody's trap, nobody's observer, and the caller's registers. */
static void outside(void *data)
{
  bool *ret_clean = data;
  *ret_clean = sim_trap_get() == NULL && sim_observer == NULL && fm_port_this_cpu.id == 0 &&
               sim_fiber_current() == NULL;
}

static bool clean;

static void watch_and_call(const struct fm_access *access, guint thread, void *data)
{
  watch(access, thread, data);
  if (access->site == FM_SITE_CLAIM_CAS)
    sim_sched_call_outside(sched, outside, &clean);
}

START_TEST(a_call_outside_leaves_the_thread_as_it_was)
{
  struct job *job = job_at(0, TEST_FRAME);
  sim_sched_free(sched);
  sched = sim_sched_new(test_machine, watch_and_call, accesses);

  clean = false;
  sim_sched_add(sched, 1, body, job);
  ck_assert_int_eq(sim_sched_run_to(sched, 0, FM_SITE_COUNT), SIM_SCHED_ENDED);
  ck_assert(clean);
  ck_assert_int_eq(job->end, SIM_END_DONE);
  ck_assert_uint_eq(job->cpu, 1);
  ck_assert_uint_eq(job->irq_depth, 0);
  ck_assert_str_eq(accesses->str, CLAIM " " DROP);
}
END_TEST

START_TEST(a_call_outside_is_no_stop)
{
  struct job *job = job_at(0, TEST_FRAME);
  sim_sched_free(sched);
  sched = sim_sched_new(test_machine, watch_and_call, accesses);

  sim_sched_add(sched, 1, body, job);
  ck_assert_int_eq(sim_sched_run_points(sched, 0, 2), SIM_SCHED_REACHED);
  ck_assert_int_eq(sim_sched_last_site(sched, 0), FM_SITE_CLAIM_VTABLE);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("sched");
  TCase *tc = tcase_create("sched");

  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, a_thread_runs_to_its_end);
  tcase_add_test(tc, a_thread_stops_right_after_the_point);
  tcase_add_test(tc, points_are_counted_without_quiet_sites);
  tcase_add_test(tc, threads_keep_to_their_own_registers);
  tcase_add_test(tc, the_same_calls_give_the_same_execution);
  tcase_add_test(tc, a_panic_ends_the_threads_of_every_cpu);
  tcase_add_test(tc, threads_in_the_middle_are_given_up);
  tcase_add_test(tc, a_call_outside_leaves_the_thread_as_it_was);
  tcase_add_test(tc, a_call_outside_is_no_stop);
  tcase_add_test(tc, a_requested_stop_ends_the_run_at_the_next_point);
  suite_add_tcase(suite, tc);
  return suite;
}
