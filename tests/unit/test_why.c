/* SPDX-License-Identifier: MPL-2.0 */
/* Which steps changed a frame: against what its slot was after each step. */
#include <string.h>

#include "sim/script/history.h"
#include "tests/unit/run_support.h"

#define MACHINE "machine { ram 8M  kernel 2M 1M  cpus 2  allocator none }\nboot\n"
#define FRAME   fm_paddr_of(1400 * 4096)

/* What the whole script did to the frame. */
static sim_why *why_of(struct run *run, fm_paddr frame)
{
  sim_why *why = sim_why_new(frame);
  run->options.watchers = sim_why_watcher(why);
  run_execute(run);
  return why;
}

static const struct sim_why_change *nth(const sim_why *why, guint n)
{
  ck_assert_uint_lt(n, sim_why_changes(why)->len);
  return &g_array_index(sim_why_changes(why), struct sim_why_change, n);
}

static void must_be(const sim_why *why, guint n, uint64_t step, const char *before,
                    const char *after)
{
  const struct sim_why_change *change = nth(why, n);
  ck_assert_uint_eq(change->step, step);
  ck_assert_str_eq(change->before, before);
  ck_assert_str_eq(change->after, after);
}

/* In both builds. */
START_TEST(test_each_change_has_its_step)
{
  struct run *run =
      run_load(MACHINE "claim @1400 -> f\nclone f -> g\nexpect error Unused { get @1401 "
                       "}\ndrop f\nexpect error InUse { claim @1400 }\ndrop g");
  run->options.build = _i == 0 ? SIM_BUILD_NATIVE : SIM_BUILD_INSTRUMENTED;
  g_autoptr(sim_why) why = why_of(run, FRAME);

  run_must_hold(run);
  ck_assert_uint_eq(sim_why_changes(why)->len, 4);
  must_be(why, 0, 2, "unused", "shared 1, anon");
  must_be(why, 1, 3, "shared 1, anon", "shared 2, anon");
  must_be(why, 2, 5, "shared 2, anon", "shared 1, anon");
  must_be(why, 3, 7, "shared 1, anon", "unused");
  run_free(run);
}
END_TEST

START_TEST(test_in_a_race_each_thread_has_what_it_did)
{
  struct run *run = run_load(MACHINE "claim @1400 -> f\nclone f -> g\nthread A cpu 0 { drop f }\n"
                                     "thread B cpu 1 { get @1400 -> h; drop g, h }\n"
                                     "schedule B:get.load A:drop.dec B:* A:*");
  g_autoptr(sim_why) why = why_of(run, FRAME);

  run_must_hold(run);
  ck_assert_uint_eq(sim_why_changes(why)->len, 5);
  must_be(why, 2, 5, "shared 2, anon", "shared 1, anon");
  ck_assert_str_eq(nth(why, 2)->thread, "A");
  must_be(why, 3, 4, "shared 1, anon", "shared 2, anon");
  ck_assert_str_eq(nth(why, 3)->thread, "B");
  ck_assert_uint_eq(nth(why, 3)->cpu, 1);
  must_be(why, 4, 6, "shared 2, anon", "unused");
  run_free(run);
}
END_TEST

START_TEST(test_what_no_operation_did_is_seen_too)
{
  struct run *run =
      run_load(MACHINE "claim @1400 -> f\npoke f storage = 7\npoke f ref_count = 2\ndrop f");
  g_autoptr(sim_why) why = why_of(run, FRAME);

  ck_assert_uint_eq(sim_why_changes(why)->len, 4);
  must_be(why, 1, 3, "shared 1, anon", "shared 1, anon");
  must_be(why, 2, 4, "shared 1, anon", "shared 2, anon");
  g_autofree char *text = sim_why_to_string(why);
  ck_assert_ptr_nonnull(strstr(text, "metadata"));
  ck_assert_ptr_nonnull(strstr(text, "test.fms:5:1, CPU 0"));
  run_free(run);
}
END_TEST

START_TEST(test_a_boot_makes_frames_what_they_are)
{
  struct run *run = run_load(MACHINE "boot");
  g_autoptr(sim_why) why = why_of(run, fm_paddr_of(2 << 20));

  ck_assert_uint_eq(sim_why_changes(why)->len, 1); /* the second one makes it the same again */
  must_be(why, 0, 1, "no machine", "shared 1, kernel");
  run_free(run);
}
END_TEST

/* ---- Against the slots after each step ---- */

/* Scripts without threads: between two steps nothing is under way. */
static const char *const scripts[] = {
    "tests/script/01-sharing.fms", "tests/script/57-segments.fms",
    "tests/script/66-lists.fms",   "tests/script/07-repurpose-and-reset.fms",
    "docs/examples/cow.fms",
};

struct slots {
  uint64_t count;
  struct fm_slot *at; /* NULL: no machine */
};

static void slots_clear(gpointer data)
{
  g_free(((struct slots *)data)->at);
}

static GArray *slots_after_each_step(sim_history *history)
{
  const struct sim_history_place *place = sim_history_place(history);
  GArray *all = g_array_new(FALSE, FALSE, sizeof(struct slots));
  g_array_set_clear_func(all, slots_clear);
  for (sim_history_step(history, 1); place->stop == SIM_STOP_STEP; sim_history_step(history, 1)) {
    const struct fm_kernel *kernel = sim_machine_kernel(sim_history_machine(history));
    struct slots slots = {.count = kernel->nr_frames};
    slots.at = g_memdup2(fm_slot_at(fm_paddr_of(0)), slots.count * sizeof(struct fm_slot));
    g_array_append_val(all, slots);
  }
  return all;
}

/* The nth entry of the answer, if it is about this step. */
static const struct sim_why_change *take(const GArray *changes, guint *next, uint64_t step)
{
  if (*next == changes->len)
    return NULL;
  const struct sim_why_change *change = &g_array_index(changes, struct sim_why_change, *next);
  if (change->step != step)
    return NULL;
  ++*next;
  return change;
}

/* A step whose end has another count is told; one that is told for other words has another
 * slot.  Returns how many were told. */
static guint compare(const sim_why *why, const GArray *all, uint64_t frame)
{
  const GArray *changes = sim_why_changes(why);
  guint next = 0;
  (void)take(changes, &next, 1); /* the boot */
  for (guint i = 1; i < all->len; i++) {
    const struct fm_slot *before = &g_array_index(all, struct slots, i - 1).at[frame];
    const struct fm_slot *after = &g_array_index(all, struct slots, i).at[frame];
    const struct sim_why_change *change = take(changes, &next, i + 1);
    if (before->ref_count != after->ref_count || before->in_list != after->in_list)
      ck_assert_msg(change != NULL, "frame %d, step %d", (int)frame, (int)i + 1);
    if (change != NULL && strcmp(change->before, change->after) != 0)
      ck_assert_int_ne(memcmp(before, after, sizeof(*before)), 0);
  }
  ck_assert_uint_eq(next, changes->len);
  return next;
}

START_TEST(test_no_step_is_missing_and_none_too_many)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(sim_script) script =
      sim_script_load(scripts[_i], sim_run_verbs(), sim_run_queries, errors, NULL);
  ck_assert_msg(script != NULL, "%s", scripts[_i]);
  const struct sim_run_options options = {0};
  g_autoptr(sim_history) history = sim_history_new(script, &options);
  g_autoptr(GArray) all = slots_after_each_step(history);
  const struct slots *first = &g_array_index(all, struct slots, 0);
  const struct slots *last = &g_array_index(all, struct slots, all->len - 1);
  guint looked_at = 0;
  guint told = 0;

  for (uint64_t frame = 0; frame < first->count && looked_at < 40; frame++) {
    bool busy = memcmp(&first->at[frame], &last->at[frame], sizeof(struct fm_slot)) != 0;
    for (guint i = 1; i < all->len && !busy; i++)
      busy = memcmp(&first->at[frame], &g_array_index(all, struct slots, i).at[frame],
                    sizeof(struct fm_slot)) != 0;
    if (!busy)
      continue;
    looked_at++;
    g_autoptr(sim_why) why = sim_history_why(history, fm_paddr_of(frame * FM_PAGE_SIZE));
    ck_assert_ptr_nonnull(why);
    told += compare(why, all, frame);
  }
  ck_assert_uint_gt(told, 2);
}
END_TEST

/* ---- From within a history ---- */

START_TEST(test_asking_leaves_the_run_where_it_is)
{
  struct run *run = run_load(MACHINE "claim @1400 -> f\nthread A cpu 0 { drop f }\n"
                                     "thread B cpu 1 { get @1400 -> g or e }\n"
                                     "schedule A:drop.dec B:get.load A:* B:*");
  sim_history *history = sim_history_new(run->script, &run->options);
  const struct sim_history_place *place = sim_history_place(history);
  sim_history_until(history, 3, FM_SITE_DROP_DEC);
  g_autofree char *before = sim_machine_digest(sim_history_machine(history));

  g_autoptr(sim_why) why = sim_history_why(history, FRAME);
  ck_assert_uint_eq(sim_why_changes(why)->len, 2);
  must_be(why, 1, 3, "shared 1, anon", "busy"); /* so far */
  g_autofree char *after = sim_machine_digest(sim_history_machine(history));
  ck_assert_str_eq(before, after);
  ck_assert_int_eq(place->stop, SIM_STOP_POINT);
  ck_assert_uint_eq(place->step, 3);
  sim_history_go(history);
  ck_assert_int_eq(place->verdict, SIM_VERDICT_HELD);
  g_autoptr(sim_why) end = sim_history_why(history, FRAME);
  ck_assert_int_eq(place->stop, SIM_STOP_END);
  must_be(end, 1, 3, "shared 1, anon", "unused");
  sim_history_free(history);
  run_free(run);
}
END_TEST

START_TEST(test_at_the_start_nothing_has_happened)
{
  struct run *run = run_load(MACHINE "claim @1400 -> f");
  sim_history *history = sim_history_new(run->script, &run->options);

  g_autoptr(sim_why) why = sim_history_why(history, FRAME);
  ck_assert_uint_eq(sim_why_changes(why)->len, 0);
  sim_history_free(history);
  run_free(run);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("why");
  TCase *tcase = tcase_create("why");
  tcase_set_timeout(tcase, 60);
  tcase_add_loop_test(tcase, test_each_change_has_its_step, 0, 2);
  tcase_add_test(tcase, test_in_a_race_each_thread_has_what_it_did);
  tcase_add_test(tcase, test_what_no_operation_did_is_seen_too);
  tcase_add_test(tcase, test_a_boot_makes_frames_what_they_are);
  tcase_add_loop_test(tcase, test_no_step_is_missing_and_none_too_many, 0, G_N_ELEMENTS(scripts));
  tcase_add_test(tcase, test_asking_leaves_the_run_where_it_is);
  tcase_add_test(tcase, test_at_the_start_nothing_has_happened);
  suite_add_tcase(suite, tcase);
  return suite;
}
