/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Races over one slot under the scheduler: a table of exact orders, each with the answers
 * and the state that must come out.
 */
#include <fm/unique.h>
#include <sim/sched.h>
#include <string.h>

#include "tests/support.h"

/* ---- What a thread does ---- */

enum action { CLAIM, GET, CLONE_OF_HELD, DROP_HELD, UNIQUE_FROM_HELD, UNIQUE_DROP };

struct thread {
  enum action action;
  const char *answer; /* out: "" until it has one */
  enum sim_end end;   /* out */
};

static const struct fm_ops *ops;
static sim_sched *sched;
static struct thread threads[2];
static unsigned destroyed; /* how often the metadata was dropped */
static fm_meta_id type;

static struct fm_frame held(void)
{
  return (struct fm_frame){test_slot(TEST_FRAME)};
}

static void act(void *data)
{
  struct thread *self = data;
  struct fm_slot *slot = NULL;
  struct fm_unique unique;
  uint64_t meta = 1;
  fm_paddr paddr = fm_paddr_of(TEST_FRAME);

  switch (self->action) {
  case CLAIM:
    self->answer = fm_get_error_name(ops->claim(test_kernel(), paddr, type, &meta, false, &slot));
    return;
  case GET:
    self->answer = fm_get_error_name(ops->get(test_kernel(), paddr, &slot));
    return;
  case CLONE_OF_HELD:
    (void)ops->frame_clone(held());
    break;
  case DROP_HELD:
    ops->frame_drop(test_kernel(), held());
    break;
  case UNIQUE_FROM_HELD:
    self->answer = ops->unique_from_frame(held(), &unique) ? "unique" : "not alone";
    return;
  case UNIQUE_DROP:
    ops->unique_drop(test_kernel(), (struct fm_unique){held().slot});
    break;
  }
  self->answer = "done";
}

static void body(void *data)
{
  struct thread *self = data;
  self->end = sim_guard_run(test_machine, act, self);
}

static void on_destroy(struct fm_kernel *kernel, void *meta)
{
  (void)kernel;
  (void)meta;
  destroyed++;
}

static const struct fm_meta_type counted = {
    .name = "counted", .size = 8, .align = 8, .flags = FM_META_DESTROY, .destroy = on_destroy};

static void boot(enum fm_allocator_kind allocator)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.cpus = 2;
  config.sim.allocator = allocator;
  test_machine_boot_with(&config);
  ops = test_use_build(1);
  type = test_register(&counted);
  destroyed = 0;
}

static void setup(void)
{
  boot(FM_ALLOCATOR_NONE);
}

static void teardown(void)
{
  sched = sim_sched_free(sched);
  test_teardown();
}

/* The frame as it is before the race: 0 unused, 1 and 2 that many references, 3 unique. */
static void prepare(unsigned state)
{
  uint64_t meta = 7;
  if (state == 3)
    (void)test_claim_unique(TEST_FRAME, type, &meta);
  else if (state != 0)
    (void)test_claim(TEST_FRAME, type, &meta);
  if (state == 2)
    (void)ops->frame_clone(held());
}

static void start(enum action a, enum action b)
{
  threads[0] = (struct thread){.action = a, .answer = ""};
  threads[1] = (struct thread){.action = b, .answer = ""};
  sched = sim_sched_new(test_machine, NULL, NULL);
  sim_sched_add(sched, 0, body, &threads[0]);
  sim_sched_add(sched, 1, body, &threads[1]);
}

/* ---- Schedules ---- */

/* `order`: "A:site B:* ..."; `*` means to the end.  A point must be reached. */
static void follow(const char *order)
{
  g_auto(GStrv) steps = g_strsplit(order, " ", -1);

  for (char **step = steps; *step != NULL; step++) {
    guint thread = (guint)((*step)[0] - 'A');
    const char *name = *step + 2;
    int site = 0;
    while (site < FM_SITE_COUNT && strcmp(fm_site_info((enum fm_site)site)->name, name) != 0)
      site++;
    ck_assert(site < FM_SITE_COUNT || strcmp(name, "*") == 0);
    ck_assert_int_eq(sim_sched_run_to(sched, thread, (enum fm_site)site),
                     site == FM_SITE_COUNT ? SIM_SCHED_ENDED : SIM_SCHED_REACHED);
  }
}

static const struct {
  unsigned before;
  enum action a, b;
  const char *order;
  const char *answer_a, *answer_b;
  const char *state;
  uint64_t count;
  unsigned destroyed;
} rows[] = {
    /* Two claims: one wins; the other sees how far the winner is. */
    {0, CLAIM, CLAIM, "A:claim.cas B:* A:*", "Ok", "Busy", "shared", 1, 0},
    {0, CLAIM, CLAIM, "A:claim.meta B:* A:*", "Ok", "Busy", "shared", 1, 0},
    {0, CLAIM, CLAIM, "A:claim.publish B:* A:*", "Ok", "InUse", "shared", 1, 0},
    {0, CLAIM, CLAIM, "B:claim.cas A:* B:*", "Busy", "Ok", "shared", 1, 0},

    /* A get while a claim is under way. */
    {0, CLAIM, GET, "B:* A:*", "Ok", "Unused", "shared", 1, 0},
    {0, CLAIM, GET, "A:claim.cas B:* A:*", "Ok", "Busy", "shared", 1, 0},
    {0, CLAIM, GET, "A:claim.vtable B:* A:*", "Ok", "Busy", "shared", 1, 0},
    {0, CLAIM, GET, "A:claim.meta B:* A:*", "Ok", "Busy", "shared", 1, 0},
    {0, CLAIM, GET, "A:claim.publish B:* A:*", "Ok", "Ok", "shared", 2, 0},

    /* A get while the last reference goes: one more, or an answer; never a dead frame. */
    {1, DROP_HELD, GET, "B:get.load A:* B:*", "done", "Unused", "unused", FM_COUNT_UNUSED, 1},
    {1, DROP_HELD, GET, "B:get.load A:drop.dec B:* A:*", "done", "Busy", "unused", FM_COUNT_UNUSED,
     1},
    {1, DROP_HELD, GET, "A:drop.dec B:* A:*", "done", "Busy", "unused", FM_COUNT_UNUSED, 1},
    {1, DROP_HELD, GET, "A:drop.fence B:* A:*", "done", "Busy", "unused", FM_COUNT_UNUSED, 1},
    {1, DROP_HELD, GET, "A:drop.meta B:* A:*", "done", "Busy", "unused", FM_COUNT_UNUSED, 1},
    {1, DROP_HELD, GET, "A:drop.unused B:* A:*", "done", "Unused", "unused", FM_COUNT_UNUSED, 1},
    {1, DROP_HELD, GET, "B:* A:*", "done", "Ok", "shared", 1, 0},
    {1, DROP_HELD, GET, "B:get.cas A:* B:*", "done", "Ok", "shared", 1, 0},

    /* A claim while the last reference goes: only after the last write. */
    {1, DROP_HELD, CLAIM, "B:* A:*", "done", "InUse", "unused", FM_COUNT_UNUSED, 1},
    {1, DROP_HELD, CLAIM, "A:drop.dec B:* A:*", "done", "Busy", "unused", FM_COUNT_UNUSED, 1},
    {1, DROP_HELD, CLAIM, "A:drop.meta B:* A:*", "done", "Busy", "unused", FM_COUNT_UNUSED, 1},
    {1, DROP_HELD, CLAIM, "A:drop.unused B:* A:*", "done", "Ok", "shared", 1, 1},

    /* Two drops of two references: exactly one is the last. */
    {2, DROP_HELD, DROP_HELD, "A:* B:*", "done", "done", "unused", FM_COUNT_UNUSED, 1},
    {2, DROP_HELD, DROP_HELD, "A:drop.dec B:* A:*", "done", "done", "unused", FM_COUNT_UNUSED, 1},
    {2, DROP_HELD, DROP_HELD, "A:drop.dec B:drop.dec A:* B:*", "done", "done", "unused",
     FM_COUNT_UNUSED, 1},

    /* References come and go under a get's feet. */
    {1, CLONE_OF_HELD, GET, "B:get.load A:* B:*", "done", "Ok", "shared", 3, 0},
    {2, DROP_HELD, GET, "B:get.load A:* B:*", "done", "Ok", "shared", 2, 0},

    /* Shared to unique: only alone. */
    {2, DROP_HELD, UNIQUE_FROM_HELD, "B:* A:*", "done", "not alone", "shared", 1, 0},
    {2, DROP_HELD, UNIQUE_FROM_HELD, "A:drop.dec B:* A:*", "done", "unique", "unique",
     FM_COUNT_UNIQUE, 0},
    {1, GET, UNIQUE_FROM_HELD, "A:get.load B:* A:*", "Unique", "unique", "unique", FM_COUNT_UNIQUE,
     0},
    {1, GET, UNIQUE_FROM_HELD, "A:get.cas B:* A:*", "Ok", "not alone", "shared", 2, 0},

    /* The end of a unique frame. */
    {3, UNIQUE_DROP, GET, "B:* A:*", "done", "Unique", "unused", FM_COUNT_UNUSED, 1},
    {3, UNIQUE_DROP, GET, "A:unique.zero B:* A:*", "done", "Busy", "unused", FM_COUNT_UNUSED, 1},
    {3, UNIQUE_DROP, CLAIM, "A:unique.zero B:* A:*", "done", "Busy", "unused", FM_COUNT_UNUSED, 1},
    {3, UNIQUE_DROP, CLAIM, "A:drop.unused B:* A:*", "done", "Ok", "shared", 1, 1},
};

START_TEST(each_order_has_its_outcome)
{
  prepare(rows[_i].before);
  start(rows[_i].a, rows[_i].b);
  follow(rows[_i].order);

  const struct fm_slot *slot = test_slot(TEST_FRAME);
  ck_assert_str_eq(threads[0].answer, rows[_i].answer_a);
  ck_assert_str_eq(threads[1].answer, rows[_i].answer_b);
  ck_assert_str_eq(fm_count_state_name(fm_count_state(slot->ref_count)), rows[_i].state);
  ck_assert_uint_eq(slot->ref_count, rows[_i].count);
  ck_assert_uint_eq(destroyed, rows[_i].destroyed);
  ck_assert_uint_eq(test_take_findings(NULL), 0);
  test_expect_sound();
}
END_TEST

/* ---- Every order of two short operations ---- */

/* Runs A's points by the bits of `order`, lowest first; the rest after that. */
static void follow_bits(unsigned order)
{
  for (unsigned bit = 0; bit < 12; bit++) {
    guint thread = order >> bit & 1;
    if (!sim_sched_has_ended(sched, thread))
      ck_assert_int_ne(sim_sched_run_points(sched, thread, 1), SIM_SCHED_STUCK);
  }
  for (guint thread = 0; thread < 2; thread++)
    if (!sim_sched_has_ended(sched, thread))
      ck_assert_int_eq(sim_sched_run_to(sched, thread, FM_SITE_COUNT), SIM_SCHED_ENDED);
}

START_TEST(in_every_order_of_drop_and_get_one_of_them_has_the_frame)
{
  unsigned got = 0, lost = 0;

  for (unsigned order = 0; order < 1u << 12; order++) {
    destroyed = 0;
    prepare(1);
    start(DROP_HELD, GET);
    follow_bits(order);
    sched = sim_sched_free(sched);

    const struct fm_slot *slot = test_slot(TEST_FRAME);
    if (strcmp(threads[1].answer, "Ok") == 0) {
      ck_assert_uint_eq(slot->ref_count, 1);
      ck_assert_uint_eq(destroyed, 0);
      ops->frame_drop(test_kernel(), held());
      got++;
    } else {
      lost++;
    }
    ck_assert_uint_eq(slot->ref_count, FM_COUNT_UNUSED);
    ck_assert_uint_eq(destroyed, 1);
  }
  /* Both happen, else the orders were no orders. */
  ck_assert_uint_gt(got, 100);
  ck_assert_uint_gt(lost, 100);
}
END_TEST

/* ---- Threads that cannot go on, and threads that are given up ---- */

static void run_alloc(void *data)
{
  fm_paddr paddr = {0};
  (void)ops->alloc(test_kernel(), FM_PAGE_SIZE, FM_PAGE_SIZE, &paddr);
  *(uint64_t *)data = paddr.raw;
}

static void alloc_body(void *data)
{
  (void)sim_guard_run(test_machine, run_alloc, data);
}

START_TEST(a_thread_that_waits_for_a_held_lock_is_stuck)
{
  static uint64_t first, second;
  test_teardown();
  boot(FM_ALLOCATOR_BITMAP);
  sched = sim_sched_new(test_machine, NULL, NULL);
  sim_sched_add(sched, 0, alloc_body, &first);
  sim_sched_add(sched, 1, alloc_body, &second);

  ck_assert_int_eq(sim_sched_run_to(sched, 0, FM_SITE_ALLOC_LOCK), SIM_SCHED_REACHED);
  /* The other one's tries to get the lock are points too; it does not come further. */
  ck_assert_int_eq(sim_sched_run_to(sched, 1, FM_SITE_ALLOC_UNLOCK), SIM_SCHED_STUCK);
  ck_assert_int_eq(sim_sched_last_site(sched, 1), FM_SITE_ALLOC_LOCK);
  ck_assert_int_eq(sim_sched_run_to(sched, 1, FM_SITE_COUNT), SIM_SCHED_STUCK);
  ck_assert_int_eq(sim_sched_run_to(sched, 0, FM_SITE_COUNT), SIM_SCHED_ENDED);
  ck_assert_int_eq(sim_sched_run_to(sched, 1, FM_SITE_COUNT), SIM_SCHED_ENDED);
  ck_assert_uint_eq(second, first + FM_PAGE_SIZE);
}
END_TEST

START_TEST(an_operation_given_up_stays_where_it_was)
{
  static const struct {
    unsigned before;
    enum action action;
    enum fm_site site;
    uint64_t count;
  } points[] = {
      {0, CLAIM, FM_SITE_CLAIM_CAS, FM_COUNT_BUSY},
      {0, CLAIM, FM_SITE_CLAIM_PUBLISH, 1},
      {1, GET, FM_SITE_GET_LOAD, 1},
      {1, GET, FM_SITE_GET_CAS, 2},
      {1, DROP_HELD, FM_SITE_DROP_DEC, FM_COUNT_BUSY},
      {1, DROP_HELD, FM_SITE_DROP_UNUSED, FM_COUNT_UNUSED},
      {3, UNIQUE_DROP, FM_SITE_UNIQUE_ZERO, FM_COUNT_BUSY},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(points); i++) {
    test_slot(TEST_FRAME)->ref_count = FM_COUNT_UNUSED;
    prepare(points[i].before);
    start(points[i].action, CLAIM);
    ck_assert_int_eq(sim_sched_run_to(sched, 0, points[i].site), SIM_SCHED_REACHED);
    sched = sim_sched_free(sched);
    ck_assert_int_eq(threads[0].end, SIM_END_ABANDONED);
    ck_assert_str_eq(threads[0].answer, "");
    ck_assert_str_eq(threads[1].answer, "");
    ck_assert_uint_eq(test_slot(TEST_FRAME)->ref_count, points[i].count);
  }
  ck_assert_ptr_null(sim_machine_panic(test_machine));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("schedules");
  TCase *tc = tcase_create("schedules");

  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, each_order_has_its_outcome, 0, G_N_ELEMENTS(rows));
  tcase_add_test(tc, in_every_order_of_drop_and_get_one_of_them_has_the_frame);
  tcase_add_test(tc, a_thread_that_waits_for_a_held_lock_is_stuck);
  tcase_add_test(tc, an_operation_given_up_stays_where_it_was);
  suite_add_tcase(suite, tc);
  return suite;
}
