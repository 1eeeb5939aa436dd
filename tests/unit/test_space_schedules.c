/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Cursors that get into each other's way, under the scheduler: who waits for a table that
 * goes, when a table is freed, and that two operations at once are as good as one after the
 * other.
 */
#include <sim/sched.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/space_support.h"

enum action { MAP_0, MAP_1, TAKE_0, TAKE_TABLE, TAKE_ACROSS, PROTECT, MERGE, LOOK, ACTIONS };

struct thread {
  enum action action;
  uint32_t flags; /* of the pages that it maps */
  uint32_t guard; /* out: level of the node that it locked first */
  enum fm_pt_kind found;
  struct fm_pt_item items[16];
  unsigned nr_items;
  enum sim_end end;
};

static sim_sched *sched;
static struct thread threads[3];

/* ---- What a thread does ---- */

static void act_map(struct thread *self, struct fm_pt_cursor *cursor)
{
  fm_paddr frame = new_frame();
  if (ops->pt_map(cursor, frame, 1, fm_page_prop_of(self->flags), true, NULL) != FM_PT_OK)
    ops->frame_drop(test_kernel(), ops->frame_from_raw(frame));
}

static void act_take(struct thread *self, struct fm_pt_cursor *cursor)
{
  for (;;) {
    struct fm_pt_item *item = &self->items[self->nr_items];
    ck_assert_uint_lt(self->nr_items, G_N_ELEMENTS(self->items));
    ck_assert_int_eq(ops->pt_take(cursor, cursor->end, item), FM_PT_OK);
    if (item->kind == FM_PT_NOTHING)
      return;
    self->nr_items++;
  }
}

static void act_protect(struct fm_pt_cursor *cursor)
{
  struct fm_pt_item item;
  while (cursor->va < cursor->end)
    ck_assert_int_eq(ops->pt_protect(cursor, cursor->end, FM_PAGE_WRITE, 0, &item), FM_PT_OK);
}

static void act(void *data)
{
  static const uint64_t ranges[ACTIONS][2] = {
      [MAP_0] = {VA, VA + PAGE},
      [MAP_1] = {VA + PAGE, VA + 2 * PAGE},
      [TAKE_0] = {VA, VA + PAGE},
      [TAKE_TABLE] = {VA, VA + HUGE_2},
      [TAKE_ACROSS] = {VA - PAGE, VA + HUGE_2 + PAGE},
      [PROTECT] = {VA, VA + 2 * PAGE},
      [MERGE] = {VA, VA + HUGE_2},
      [LOOK] = {VA, VA + PAGE},
  };
  struct thread *self = data;
  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock(ranges[self->action][0], ranges[self->action][1]);
  self->guard = cursor.guard;
  switch (self->action) {
  case MAP_0:
  case MAP_1:
    act_map(self, &cursor);
    break;
  case TAKE_0:
  case TAKE_TABLE:
  case TAKE_ACROSS:
    act_take(self, &cursor);
    break;
  case PROTECT:
    act_protect(&cursor);
    break;
  case MERGE:
    if (ops->pt_merge(&cursor, 2, &self->items[0]))
      self->nr_items = 1;
    break;
  default:
    ops->pt_query(&cursor, &item);
    self->found = item.kind;
  }
  ops->pt_unlock(&cursor);
  for (unsigned i = 0; i < self->nr_items; i++)
    ops->pt_drop_taken(test_kernel(), &self->items[i]);
}

static void body(void *data)
{
  struct thread *self = data;
  self->end = sim_guard_run(test_machine, act, self);
}

static struct thread thread_of(enum action action, uint32_t index)
{
  return (struct thread){.action = action,
                         .flags = index == 0 ? user_page().flags : user_page().flags | FM_PAGE_EXEC,
                         .found = FM_PT_TABLE};
}

static void start(const enum action *actions, unsigned count)
{
  sched = sim_sched_free(sched);
  sched = sim_sched_new(test_machine, NULL, NULL);
  for (unsigned i = 0; i < count; i++) {
    threads[i] = thread_of(actions[i], i);
    sim_sched_add(sched, i, body, &threads[i]);
  }
}

static void run_to(guint thread, enum fm_site site, unsigned times)
{
  for (unsigned i = 0; i < times; i++)
    ck_assert_int_eq(sim_sched_run_to(sched, thread, site),
                     site == FM_SITE_COUNT ? SIM_SCHED_ENDED : SIM_SCHED_REACHED);
}

static void finish(guint thread)
{
  run_to(thread, FM_SITE_COUNT, 1);
  ck_assert_int_eq(threads[thread].end, SIM_END_DONE);
}

static void setup(void)
{
  space_setup_with(FM_ALLOCATOR_BUDDY, 3, 1);
}

static void expect_quiet(void)
{
  ck_assert_uint_eq(test_kernel()->grace_waiting, 0);
  ck_assert_uint_eq(test_kernel()->grace_readers, 0);
  expect_good_tree();
  ck_assert_uint_eq(test_take_findings(NULL), 0);
}

static void teardown(void)
{
  sched = sim_sched_free(sched);
  expect_quiet();
  space_teardown();
}

/* ---- Tables that go while somebody is on the way to them ---- */

/* From the root to the table of level 1 there are three entries. */
enum { WALK = 3 };

START_TEST(who_waits_for_a_table_that_goes_starts_again)
{
  const enum action actions[] = {TAKE_TABLE, LOOK};
  (void)map_new(VA);
  fm_paddr table = table_at(VA, 1);
  start(actions, 2);
  run_to(0, FM_SITE_PT_LOCK, 2); /* the table of level 2, then ours */
  ck_assert_int_eq(sim_sched_run_to(sched, 1, FM_SITE_COUNT), SIM_SCHED_STUCK);
  ck_assert_int_eq(sim_sched_last_site(sched, 1), FM_SITE_PT_LOCK);
  finish(0);
  ck_assert_uint_eq(test_slot(table.raw)->ref_count, 1); /* somebody is at its lock */
  finish(1);
  ck_assert_int_eq(threads[1].found, FM_PT_NOTHING);
  ck_assert_uint_eq(threads[1].guard, 2);
  ck_assert(ops->is_free(test_kernel(), table));
}
END_TEST

START_TEST(a_table_is_not_freed_under_a_walk)
{
  const enum action actions[] = {TAKE_TABLE, LOOK};
  fm_paddr frame = map_new(VA);
  fm_paddr table = table_at(VA, 1);
  start(actions, 2);
  run_to(1, FM_SITE_PTE_WALK, WALK); /* has its address, and not yet its lock */
  finish(0);
  ck_assert_uint_eq(table_at(VA, 1).raw, 0);
  ck_assert_uint_eq(test_kernel()->grace_waiting, table.raw);
  ck_assert_uint_eq(test_slot(table.raw)->ref_count, 1);
  ck_assert_uint_eq(test_slot(frame.raw)->ref_count, 1);
  run_to(1, FM_SITE_GRACE_LEAVE, 1);
  ck_assert_uint_eq(test_slot(table.raw)->ref_count, 1); /* by the one who leaves, next */
  finish(1);
  ck_assert_int_eq(threads[1].found, FM_PT_NOTHING);
  ck_assert(ops->is_free(test_kernel(), table));
  ck_assert(ops->is_free(test_kernel(), frame));
}
END_TEST

START_TEST(a_table_is_freed_at_once_if_nobody_is_on_the_way)
{
  const enum action actions[] = {TAKE_TABLE, LOOK};
  (void)map_new(VA);
  fm_paddr table = table_at(VA, 1);
  start(actions, 2);
  finish(0);
  ck_assert(ops->is_free(test_kernel(), table));
  finish(1);
}
END_TEST

START_TEST(the_last_of_several_walks_frees_the_table)
{
  for (unsigned first = 1; first <= 2; first++) {
    const enum action actions[] = {TAKE_TABLE, LOOK, LOOK};
    (void)map_new(VA);
    fm_paddr table = table_at(VA, 1);
    start(actions, 3);
    run_to(1, FM_SITE_PTE_WALK, WALK);
    run_to(2, FM_SITE_PTE_WALK, 1);
    finish(0);
    finish(first);
    ck_assert_uint_eq(test_slot(table.raw)->ref_count, 1);
    ck_assert_uint_eq(test_kernel()->grace_waiting, table.raw);
    finish(3 - first);
    ck_assert(ops->is_free(test_kernel(), table));
  }
}
END_TEST

/* The walk comes when the list was taken to be freed, and leaves when it is empty: who took
 * the list has to look again. */
START_TEST(a_walk_that_leaves_while_the_list_is_away_loses_no_table)
{
  const enum action actions[] = {TAKE_TABLE, LOOK};
  (void)map_new(VA);
  fm_paddr table = table_at(VA, 1);
  start(actions, 2);
  run_to(0, FM_SITE_GRACE_LOOK, 1); /* nobody */
  run_to(1, FM_SITE_GRACE_ENTER, 1);
  run_to(0, FM_SITE_GRACE_LOOK, 1); /* somebody, and the list is away */
  ck_assert_uint_eq(test_kernel()->grace_waiting, 0);
  finish(1);
  finish(0);
  ck_assert(ops->is_free(test_kernel(), table));
}
END_TEST

/* A table of level 2 goes with its tables of level 1, each of which somebody may wait for. */
START_TEST(tables_below_a_table_that_goes_are_marked_too)
{
  const enum action actions[] = {TAKE_TABLE, LOOK};
  (void)map_new(VA);
  fm_paddr below = table_at(VA, 1);
  start(actions, 2);
  run_to(1, FM_SITE_PTE_WALK, WALK);

  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock(VA, VA + HUGE_3);
  ck_assert_int_eq(ops->pt_take(&cursor, VA + HUGE_3, &item), FM_PT_OK);
  ck_assert_uint_eq(item.level, 3);
  ops->pt_unlock(&cursor);
  ops->pt_drop_taken(test_kernel(), &item);
  ck_assert_uint_eq(test_slot(below.raw)->ref_count, 1);
  finish(1);
  ck_assert_uint_eq(threads[1].guard, 3);
  ck_assert(ops->is_free(test_kernel(), below));
}
END_TEST

START_TEST(ranges_apart_do_not_wait_for_each_other)
{
  const enum action actions[] = {TAKE_TABLE, LOOK};
  (void)map_new(VA);
  (void)map_new(VA + HUGE_2);
  start(actions, 2);
  struct fm_pt_cursor cursor = lock(VA + HUGE_2, VA + HUGE_2 + PAGE);
  finish(1); /* under the same tables of levels 4, 3 and 2 */
  ck_assert_int_eq(threads[1].found, FM_PT_TRACKED);
  finish(0);
  ops->pt_unlock(&cursor);
}
END_TEST

/* Of tables that a range enters and does not fill, only what is in it is locked. */
START_TEST(a_range_across_tables_locks_nothing_beside_it)
{
  static const uint64_t ranges[][2] = {{VA + HUGE_2, VA + HUGE_3 + PAGE},
                                       {VA - HUGE_2, VA}, /* ends where ours begins */
                                       {VA - HUGE_3, VA}};
  const enum action actions[] = {LOOK};
  (void)map_new(VA);
  (void)map_new(VA - PAGE);
  (void)map_new(VA + HUGE_2);
  (void)map_new(VA + HUGE_3);
  for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
    struct fm_pt_cursor cursor = lock(ranges[i][0], ranges[i][1]);
    start(actions, 1);
    finish(0);
    ck_assert_int_eq(threads[0].found, FM_PT_TRACKED);
    ops->pt_unlock(&cursor);
  }
  /* The same on the other side: the table of level 2 is entered, its second entry is not. */
  struct fm_pt_cursor behind = lock(VA - PAGE, VA + PAGE);
  struct fm_pt_cursor cursor = lock(VA + HUGE_2, VA + HUGE_2 + PAGE);
  ops->pt_unlock(&cursor);
  ops->pt_unlock(&behind);
}
END_TEST

/* ---- Two operations at once are as good as one after the other ---- */

#define SEED 71ull

enum { STATES = 4, ORDERS = 25 };

static void prepare(unsigned state)
{
  if (state == 1 || state == 2) {
    (void)map_new(VA);
    (void)map_new(VA + HUGE_2);
  }
  if (state == 2)
    (void)unmap(VA, VA + PAGE); /* an empty table */
  if (state == 3) {
    ck_assert_int_eq(map(VA, fm_paddr_of(0), 2, false), FM_PT_OK);
    (void)protect(VA, VA + PAGE, 0, 0); /* a table that may be merged */
  }
}

/* Everything in the window but the addresses of frames. */
static char *contents(void)
{
  static const uint64_t places[] = {VA - PAGE,     VA,          VA + PAGE,
                                    VA + 2 * PAGE, VA + HUGE_2, VA + HUGE_2 + PAGE};
  GString *text = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
    uint32_t level = 1;
    while (table_at(places[i], level).raw == 0)
      level++;
    g_string_append_printf(text, "%u:%llx ", level,
                           (unsigned long long)entry_at(places[i], level).raw & ~FM_PTE_ADDRESS);
  }
  return g_string_free(text, FALSE);
}

static void end_run(void)
{
  expect_quiet();
  ops->space_drop(test_kernel(), space);
  space.root.slot = NULL;
  if (ops->free_bytes(test_kernel()) != free_before)
    ck_abort_msg("frames are lost");
}

static void begin_run(unsigned state)
{
  ck_assert_int_eq(ops->space_new(test_kernel(), &space), FM_PT_OK);
  prepare(state);
}

static char *one_after_the_other(unsigned state, const enum action *actions, unsigned first)
{
  begin_run(state);
  for (unsigned i = 0; i < 2; i++) {
    unsigned index = i ^ first;
    threads[index] = thread_of(actions[index], index);
    act(&threads[index]);
  }
  char *text = contents();
  end_run();
  return text;
}

static char *at_once(unsigned state, const enum action *actions, struct sim_rng *rng)
{
  begin_run(state);
  start(actions, 2);
  for (unsigned turns = 0; !sim_sched_has_ended(sched, 0) || !sim_sched_has_ended(sched, 1);
       turns++) {
    guint thread = (guint)sim_rng_below(rng, 2);
    if (turns == 10000)
      ck_abort_msg("the threads wait for each other");
    if (!sim_sched_has_ended(sched, thread))
      (void)sim_sched_run_points(sched, thread, 1 + sim_rng_below(rng, 12));
  }
  if (threads[0].end != SIM_END_DONE || threads[1].end != SIM_END_DONE)
    ck_abort_msg("%s", sim_machine_panic(test_machine));
  char *text = contents();
  end_run();
  return text;
}

START_TEST(two_operations_at_once_come_out_as_one_after_the_other)
{
  enum action actions[2] = {(enum action)(_i / LOOK), (enum action)(_i % LOOK)};
  struct sim_rng rng;
  sim_rng_init(&rng, SEED, "orders");
  ops->space_drop(test_kernel(), space);
  for (unsigned state = 0; state < STATES; state++) {
    g_autofree char *first = one_after_the_other(state, actions, 0);
    g_autofree char *second = one_after_the_other(state, actions, 1);
    for (unsigned order = 0; order < ORDERS; order++) {
      g_autofree char *text = at_once(state, actions, &rng);
      if (strcmp(text, first) != 0 && strcmp(text, second) != 0)
        ck_abort_msg("seed %llu, state %u, actions %d and %d: %s, not %s or %s", SEED, state,
                     (int)actions[0], (int)actions[1], text, first, second);
    }
  }
  ck_assert_int_eq(ops->space_new(test_kernel(), &space), FM_PT_OK);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("space_schedules");
  TCase *tc = tcase_create("schedules");
  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, who_waits_for_a_table_that_goes_starts_again);
  tcase_add_test(tc, a_table_is_not_freed_under_a_walk);
  tcase_add_test(tc, a_table_is_freed_at_once_if_nobody_is_on_the_way);
  tcase_add_test(tc, the_last_of_several_walks_frees_the_table);
  tcase_add_test(tc, a_walk_that_leaves_while_the_list_is_away_loses_no_table);
  tcase_add_test(tc, tables_below_a_table_that_goes_are_marked_too);
  tcase_add_test(tc, ranges_apart_do_not_wait_for_each_other);
  tcase_add_test(tc, a_range_across_tables_locks_nothing_beside_it);
  tcase_add_loop_test(tc, two_operations_at_once_come_out_as_one_after_the_other, 0, LOOK * LOOK);
  suite_add_tcase(suite, tc);
  return suite;
}
