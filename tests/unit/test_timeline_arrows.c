/* SPDX-License-Identifier: MPL-2.0 */
/* Which reads of a timeline an arrow leads to. */
#include "tests/unit/timeline_support.h"

/* Accesses that are made up, in the first step of a machine with three CPUs. */
struct made_up {
  struct run *run;
  struct trace trace;
  sim_timeline *timeline;
  uint64_t *word; /* in the frame whose slot `count` is */
  uint64_t *count;
};

static void make_up(struct made_up *m)
{
  *m = (struct made_up){.run = run_load("machine { ram 8M  kernel 2M 1M  cpus 3 }\nboot"),
                        .trace = {.text = g_string_new(NULL)}};
  run_execute(m->run);
  m->timeline = sim_timeline_new("t.fms", collect, &m->trace);
  m->run->run->cpu->in_step = true;
  m->word = (uint64_t *)(FM_LINEAR_WINDOW + UINT64_C(1400) * FM_PAGE_SIZE + 64);
  m->count = &fm_slot_at(fm_paddr_of(1400 * FM_PAGE_SIZE))->ref_count;
}

static void access_of(const struct made_up *m, uint32_t cpu, struct fm_access access)
{
  const struct sim_run_watcher *watcher = sim_timeline_watcher(m->timeline);
  m->run->run->cpu->id = cpu;
  access.size = access.size != 0 ? access.size : sizeof(uint64_t);
  watcher->access(m->run->run, &access, watcher->data);
}

static void store(const struct made_up *m, enum fm_order order, uint64_t value)
{
  access_of(m, 0,
            (struct fm_access){.site = FM_SITE_PTE_STORE,
                               .kind = FM_ACCESS_STORE,
                               .order = order,
                               .where = m->word,
                               .operand = value});
}

static void load(const struct made_up *m, uint32_t cpu, uint64_t value)
{
  access_of(m, cpu,
            (struct fm_access){.site = FM_SITE_PTE_WALK,
                               .kind = FM_ACCESS_LOAD,
                               .order = FM_ORDER_ACQUIRE,
                               .where = m->word,
                               .seen = value});
}

/* The number of arrows; ends it. */
static guint arrows_of(struct made_up *m)
{
  ck_assert(sim_timeline_end(m->timeline, m->run->run));
  parse(&m->trace);
  times_are_unique(&m->trace);
  arrows_are_whole(&m->trace);
  guint arrows = count(&m->trace, 's');
  g_object_unref(m->trace.parser);
  g_string_free(m->trace.text, TRUE);
  sim_timeline_free(m->timeline);
  run_free(m->run);
  return arrows;
}

START_TEST(test_each_other_cpu_has_one_arrow)
{
  struct made_up m;
  make_up(&m);
  store(&m, FM_ORDER_RELEASE, 7);
  for (int i = 0; i < 2; i++)
    for (uint32_t cpu = 0; cpu < 3; cpu++)
      load(&m, cpu, 7);
  ck_assert_uint_eq(arrows_of(&m), 2);
}
END_TEST

START_TEST(test_a_value_that_no_access_wrote_has_no_arrow)
{
  struct made_up m;
  make_up(&m);
  store(&m, FM_ORDER_RELEASE, 7);
  load(&m, 1, 8);
  load(&m, 2, 7); /* whoever wrote 8 may have written 7 again */
  ck_assert_uint_eq(arrows_of(&m), 0);
}
END_TEST

START_TEST(test_a_relaxed_store_publishes_nothing)
{
  struct made_up m;
  make_up(&m);
  store(&m, FM_ORDER_RELEASE, 7);
  store(&m, FM_ORDER_RELAXED, 7);
  load(&m, 1, 7);
  ck_assert_uint_eq(arrows_of(&m), 0);
}
END_TEST

START_TEST(test_a_plain_write_publishes_nothing)
{
  struct made_up m;
  make_up(&m);
  uint8_t bytes[16] = {0};
  store(&m, FM_ORDER_RELEASE, 7);
  access_of(&m, 0,
            (struct fm_access){.site = FM_SITE_IO_WRITE,
                               .kind = FM_ACCESS_WRITE,
                               .size = sizeof(bytes),
                               .where = m.word - 1,
                               .buffer = bytes});
  load(&m, 1, 7);
  ck_assert_uint_eq(arrows_of(&m), 0);
}
END_TEST

START_TEST(test_a_frame_that_is_claimed_has_no_past)
{
  struct made_up m;
  make_up(&m);
  store(&m, FM_ORDER_RELEASE, 7);
  access_of(&m, 0,
            (struct fm_access){.site = FM_SITE_CLAIM_CAS,
                               .kind = FM_ACCESS_CAS,
                               .order = FM_ORDER_ACQUIRE,
                               .where = m.count,
                               .seen = FM_COUNT_UNUSED,
                               .done = true});
  load(&m, 1, 7);
  ck_assert_uint_eq(arrows_of(&m), 0);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("timeline_arrows");
  TCase *tcase = tcase_create("timeline_arrows");
  tcase_add_test(tcase, test_each_other_cpu_has_one_arrow);
  tcase_add_test(tcase, test_a_value_that_no_access_wrote_has_no_arrow);
  tcase_add_test(tcase, test_a_relaxed_store_publishes_nothing);
  tcase_add_test(tcase, test_a_plain_write_publishes_nothing);
  tcase_add_test(tcase, test_a_frame_that_is_claimed_has_no_past);
  suite_add_tcase(suite, tcase);
  return suite;
}
