/* SPDX-License-Identifier: MPL-2.0 */
/* Recordings of runs: each event, its order, and that nothing is missing. */
#include "sim/script/interp.h"
#include "sim/script/record.h"
#include "tests/unit/run_support.h"
#include "tests/unit/trace_support.h"

#define MACHINE "machine { ram 64M  cpus 2 }\nboot\n"

/* What the machine has free after its boot and at the end, by its own account. */
struct account {
  struct sim_run_watcher watcher;
  bool known;
  uint64_t before;
  uint64_t after;
};

static void take_stock(sim_run *run, void *data)
{
  struct account *account = data;
  if (run->kernel == NULL)
    return;
  account->after = sim_machine_ops(run->machine)->free_bytes(run->kernel) / FM_PAGE_SIZE;
  if (!account->known)
    account->before = account->after;
  account->known = true;
}

/* Runs it and reads what was recorded. */
static GArray *record_script(const sim_script *script, struct sim_run_options options,
                             struct account *account, bool *ret_cut)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = trace_path("run");
  g_autoptr(sim_record) record = sim_record_new(path, "binary", &error);

  ck_assert_msg(record != NULL, "%s", error != NULL ? error->message : "");
  *account = (struct account){.watcher = {.end = take_stock, .data = account}};
  sim_record_watcher(record)->next = &account->watcher;
  options.watchers = sim_record_watcher(record);
  g_autoptr(sim_run) run = sim_run_new(script, &options);
  ck_assert_int_eq(sim_run_execute(run), SIM_VERDICT_HELD);
  ck_assert_msg(sim_record_finish(record, &error), "%s", error != NULL ? error->message : "");
  *ret_cut = sim_record_is_cut(record);
  return trace_read(path, "binary", NULL);
}

static GArray *record_body(const char *body)
{
  struct run *run = run_load(body);
  struct account account;
  bool cut;
  GArray *events = record_script(run->script, run->options, &account, &cut);
  ck_assert(!cut);
  run_free(run);
  return events;
}

/* Of a frame so far behind that of the first event. */
static void expect_event(const GArray *events, guint index, uint8_t kind, uint16_t cpu,
                         uint8_t order, uint32_t behind)
{
  uint32_t first = trace_event(events, 0)->pfn;
  trace_expect(events, index,
               (struct sim_trace_event){index + 1, first + behind, cpu, order, kind});
}

/* ---- Events ---- */

START_TEST(the_boot_is_left_out)
{
  g_autoptr(GArray) events = record_body(MACHINE);
  ck_assert_uint_eq(events->len, 0);
}
END_TEST

START_TEST(a_frame_has_its_number_and_its_cpu)
{
  g_autoptr(GArray) events =
      record_body("machine { ram 64M  cpus 2  allocator bitmap }\nboot\n"
                  "alloc -> f\nexpect paddr(f) == 0\nalloc -> g\nexpect paddr(g) == @360\n"
                  "on cpu 1 { drop g }\ndrop f\n");
  const struct sim_trace_event wanted[] = {
      {1, 0, 0, 0, SIM_TRACE_ALLOC},
      {2, 360, 0, 0, SIM_TRACE_ALLOC},
      {3, 360, 1, 0, SIM_TRACE_FREE},
      {4, 0, 0, 0, SIM_TRACE_FREE},
  };
  trace_expect_equal(events, wanted, 4);
}
END_TEST

START_TEST(a_run_of_frames_is_pieces_of_powers_of_two)
{
  g_autoptr(GArray) events = record_body(MACHINE "alloc frames 8 -> s\ndrop s\n"
                                                 "alloc frames 7 -> t\ninto_raw t -> r\n"
                                                 "end expecting leak r\n");
  ck_assert_uint_eq(events->len, 1 + 8 + 3);
  expect_event(events, 0, SIM_TRACE_ALLOC, 0, 3, 0);
  for (uint32_t i = 0; i < 8; i++)
    expect_event(events, 1 + i, SIM_TRACE_FREE, 0, 0, i);
  uint32_t second = trace_event(events, 9)->pfn;
  for (uint32_t i = 0; i < 3; i++) {
    static const uint32_t behind[] = {0, 4, 6};
    trace_expect(
        events, 9 + i,
        (struct sim_trace_event){10 + i, second + behind[i], 0, (uint8_t)(2 - i), SIM_TRACE_ALLOC});
  }
}
END_TEST

START_TEST(a_run_above_the_highest_order_is_several_blocks)
{
  g_autoptr(GArray) events = record_body("machine { ram 512M  allocator bitmap }\nboot\nalloc "
                                         "frames 65537 dirty -> s\ninto_raw s -> r\n"
                                         "end expecting leak r\n");
  ck_assert_uint_eq(events->len, 3);
  expect_event(events, 0, SIM_TRACE_ALLOC, 0, 15, 0);
  expect_event(events, 1, SIM_TRACE_ALLOC, 0, 15, 32768);
  expect_event(events, 2, SIM_TRACE_ALLOC, 0, 0, 65536);
}
END_TEST

START_TEST(an_allocation_that_fails_is_told)
{
  g_autoptr(GArray) events =
      record_body(MACHINE "fail alloc 1\nalloc frames 5 -> f or e\nexpect e == NoMemory\n"
                          "alloc frames 1000000 -> f or e2\nexpect e2 == NoMemory\n");
  const struct sim_trace_event wanted[] = {
      {1, 0, 0, 3, SIM_TRACE_FAILED},
      {2, 0, 0, 15, SIM_TRACE_FAILED},
  };
  trace_expect_equal(events, wanted, 2);
}
END_TEST

START_TEST(without_an_allocator_nothing_is_taken_back)
{
  g_autoptr(GArray) events =
      record_body("machine { ram 64M  allocator none }\nboot\nclaim @9000 -> f\ndrop f\n"
                  "alloc -> g or e\nexpect e == NoMemory\n");
  const struct sim_trace_event wanted[] = {{1, 0, 0, 0, SIM_TRACE_FAILED}};
  trace_expect_equal(events, wanted, 1);
}
END_TEST

/* The slot is unused before the allocator has the frame: in between another CPU cannot get it,
 * and its allocation comes first. */
START_TEST(threads_are_recorded_in_the_order_of_the_schedule)
{
  static const char *const schedules[] = {"A:drop.unused B:* A:*", "A:* B:*"};
  g_autofree char *body =
      g_strconcat(MACHINE "alloc -> a\nthread A cpu 0 { drop a }\nthread B cpu 1 { alloc -> b }\n"
                          "schedule ",
                  schedules[_i], "\ndrop b\n", NULL);
  g_autoptr(GArray) events = record_body(body);
  ck_assert_uint_eq(events->len, 4);
  guint place = _i == 0 ? 2 : 1;
  expect_event(events, place, SIM_TRACE_FREE, 0, 0, 0);
  const struct sim_trace_event *other = trace_event(events, 3 - place);
  ck_assert_int_eq(other->kind, SIM_TRACE_ALLOC);
  ck_assert_int_eq(other->cpu, 1);
}
END_TEST

/* A rests where the allocator has the frame and A has not returned; B gets the same one. */
START_TEST(a_frame_is_never_in_two_hands)
{
  g_autoptr(GArray) events =
      record_body("machine { ram 64M  cpus 2  allocator bitmap }\nboot\nalloc -> a\n"
                  "thread A cpu 0 { drop a }\nthread B cpu 1 { alloc -> b }\n"
                  "schedule A:alloc.unlock B:* A:*\nexpect paddr(b) == 0\ndrop b\n");
  ck_assert_uint_eq(events->len, 4);
  expect_event(events, 1, SIM_TRACE_FREE, 0, 0, 0);
  expect_event(events, 2, SIM_TRACE_ALLOC, 1, 0, 0);
}
END_TEST

START_TEST(a_second_machine_is_not_in_it)
{
  struct run *run = run_load(MACHINE "alloc -> f\n" MACHINE "alloc -> g\nalloc -> h\ndrop g\n"
                                     "end expecting leak h\n");
  struct account account;
  bool cut = false;
  g_autoptr(GArray) events = record_script(run->script, run->options, &account, &cut);
  ck_assert(cut);
  ck_assert_uint_eq(events->len, 1);
  run_free(run);
}
END_TEST

/* ---- Nothing is missing ---- */

static const char *const scripts[] = {
    "tests/script/50-random.fms",
    "tests/script/54-random-thread.fms",
    "tests/script/58-buddy.fms",
    "tests/script/69-two-cpus.fms",
    "tests/script/100-copy-on-write.fms",
    "tests/script/103-processes.fms",
    "tests/script/106-out-of-memory-in-processes.fms",
    "tests/script/107-threads-of-one-process.fms",
    "docs/examples/cow.fms",
};

/* Frames that are live at the end; nothing is taken twice or given back twice. */
static guint follow(const GArray *events)
{
  g_autoptr(GHashTable) live = g_hash_table_new(NULL, NULL);

  for (guint i = 0; i < events->len; i++) {
    const struct sim_trace_event *event = trace_event(events, i);
    ck_assert_uint_eq(event->time_us, i + 1);
    for (uint32_t frame = 0; event->kind != SIM_TRACE_FAILED && frame < 1u << event->order;
         frame++) {
      gpointer key = GUINT_TO_POINTER(event->pfn + frame);
      bool changed = event->kind == SIM_TRACE_ALLOC ? g_hash_table_add(live, key)
                                                    : g_hash_table_remove(live, key);
      if (!changed)
        ck_abort_msg("event %u: frame %u is %s twice", i, event->pfn + frame,
                     event->kind == SIM_TRACE_ALLOC ? "taken" : "given back");
    }
  }
  return g_hash_table_size(live);
}

START_TEST(what_is_recorded_is_what_the_machine_has_less)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(sim_script) script =
      sim_script_load(scripts[_i], sim_run_verbs(), sim_run_queries, errors, NULL);
  struct account account;
  bool cut;

  ck_assert_msg(script != NULL, "%s", scripts[_i]);
  g_autoptr(GArray) events = record_script(script, (struct sim_run_options){0}, &account, &cut);
  ck_assert_uint_gt(events->len, 0);
  ck_assert_uint_eq(account.before - account.after, follow(events));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("record");
  TCase *tcase = tcase_create("all");

  tcase_add_checked_fixture(tcase, trace_setup, trace_teardown);
  tcase_add_test(tcase, the_boot_is_left_out);
  tcase_add_test(tcase, a_frame_has_its_number_and_its_cpu);
  tcase_add_test(tcase, a_run_of_frames_is_pieces_of_powers_of_two);
  tcase_add_test(tcase, a_run_above_the_highest_order_is_several_blocks);
  tcase_add_test(tcase, an_allocation_that_fails_is_told);
  tcase_add_test(tcase, without_an_allocator_nothing_is_taken_back);
  tcase_add_loop_test(tcase, threads_are_recorded_in_the_order_of_the_schedule, 0, 2);
  tcase_add_test(tcase, a_frame_is_never_in_two_hands);
  tcase_add_test(tcase, a_second_machine_is_not_in_it);
  tcase_add_loop_test(tcase, what_is_recorded_is_what_the_machine_has_less, 0,
                      G_N_ELEMENTS(scripts));
  suite_add_tcase(suite, tcase);
  return suite;
}
