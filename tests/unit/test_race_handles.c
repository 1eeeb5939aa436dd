/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Two real CPUs with lists of their own, and with one segment between them, through the
 * native operations.  As in test_race.c, holders use metadata and frames by plain accesses,
 * so that the thread sanitizer sees each order that is too weak.
 */
#include <fm/list.h>
#include <fm/segment.h>
#include <fm_config.h>
#include <pthread.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/support.h"

enum { CPUS = 2, PHASES = 10, ROUNDS = FM_UNDER_TSAN ? 20000 : 40000 };

#define SEED UINT64_C(20240720)

struct cpu {
  uint32_t id;
  struct sim_rng rng;
  uint64_t drops; /* of metadata, as on_drop counted them */
  uint64_t gets;
  uint64_t broken; /* things that must never be seen */
  enum sim_end end;
};

static struct cpu cpus[CPUS];
static pthread_barrier_t barrier;
static const struct fm_ops *ops;

static void setup(void)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.cpus = CPUS;
  config.sim.allocator = FM_ALLOCATOR_NONE;
  test_machine_boot_with(&config);
  ops = test_use_build(0);
  memset(cpus, 0, sizeof(cpus));
}

/* Runs `body(cpu)` on every CPU, and looks how it went. */
static void run_threads(void *(*body)(void *data))
{
  pthread_t threads[CPUS];

  ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, CPUS), 0);
  for (uint32_t id = 0; id < CPUS; id++) {
    g_autofree char *name = g_strdup_printf("cpu %u", id);
    cpus[id].id = id;
    sim_rng_init(&cpus[id].rng, SEED, name);
  }
  for (uint32_t id = 0; id < CPUS; id++)
    ck_assert_int_eq(pthread_create(&threads[id], NULL, body, &cpus[id]), 0);
  for (uint32_t id = 0; id < CPUS; id++)
    ck_assert_int_eq(pthread_join(threads[id], NULL), 0);
  ck_assert_int_eq(pthread_barrier_destroy(&barrier), 0);
  for (uint32_t id = 0; id < CPUS; id++) {
    ck_assert_msg(cpus[id].end == SIM_END_DONE, "seed %llu: %s", (unsigned long long)SEED,
                  sim_machine_panic(test_machine));
    ck_assert_msg(cpus[id].broken == 0, "seed %llu: CPU %u saw %llu wrong things",
                  (unsigned long long)SEED, id, (unsigned long long)cpus[id].broken);
  }
}

/* ---- Lists ---- */

enum { LISTS = ROUNDS, LINKED = 4 };

static uint64_t ids[CPUS][LISTS];

static fm_paddr linked_frame(uint32_t cpu, uint64_t i)
{
  return fm_paddr_of(TEST_FRAME + (cpu * LINKED + i) * FM_PAGE_SIZE);
}

/* One list after another, over the same frames; the other CPU's are never in it. */
static void run_lists(void *data)
{
  struct cpu *self = data;
  struct fm_unique frames[LINKED], got = {NULL};
  const struct fm_link_meta link = {0};
  fm_meta_id link_type = FM_META_ID(FM_META_LINK, link);

  for (unsigned i = 0; i < LINKED; i++)
    self->broken += ops->claim(test_kernel(), linked_frame(self->id, i), link_type, &link, true,
                               &frames[i].slot) != FM_GET_OK;
  for (unsigned round = 0; round < LISTS; round++) {
    struct fm_list list = {0};
    uint64_t count = sim_rng_below(&self->rng, LINKED + 1);
    for (uint64_t i = 0; i < count; i++)
      ops->list_push_back(test_kernel(), &list, frames[i]);
    for (uint64_t i = 0; i < LINKED; i++) {
      self->broken +=
          ops->list_contains(test_kernel(), &list, linked_frame(self->id, i)) != (i < count);
      self->broken += ops->list_contains(test_kernel(), &list, linked_frame(1 - self->id, i));
    }
    for (uint64_t i = 0; i < count; i++)
      self->broken += !ops->list_pop_front(&list, &got) || got.slot != frames[i].slot;
    ids[self->id][round] = list.id;
  }
  for (unsigned i = 0; i < LINKED; i++)
    ops->unique_drop(test_kernel(), frames[i]);
}

static void *list_main(void *data)
{
  struct cpu *self = data;
  sim_cpu_enter(test_machine, self->id);
  (void)pthread_barrier_wait(&barrier);
  self->end = sim_guard_run(test_machine, run_lists, self);
  return NULL;
}

START_TEST(each_list_has_an_id_of_its_own)
{
  static bool drawn[CPUS * LISTS];
  uint64_t first = test_kernel()->next_list_id;

  memset(drawn, 0, sizeof(drawn));
  run_threads(list_main);
  for (uint32_t id = 0; id < CPUS; id++) {
    for (unsigned i = 0; i < LISTS; i++) {
      uint64_t number = ids[id][i] - first;
      if (number >= CPUS * LISTS || drawn[number])
        ck_abort_msg("id %llu was drawn twice, or skipped", (unsigned long long)ids[id][i]);
      drawn[number] = true;
    }
  }
  ck_assert_uint_eq(test_kernel()->next_list_id, first + CPUS * (uint64_t)LISTS);
  test_expect_sound();
}
END_TEST

/* ---- Segments, and their frames by address ---- */

enum { SEGMENT = 8, VISITS = 4 /* for each cut */ };

static fm_meta_id type;

static struct {
  struct fm_segment whole; /* of CPU 0 */
  bool has;
  uint64_t made, failed;
} segment;

static fm_paddr segment_frame(uint64_t i)
{
  return fm_paddr_of(TEST_FRAME + i * FM_PAGE_SIZE);
}

/* Who drops a frame last has it alone, and writes where holders read. */
static void on_segment_drop(struct fm_kernel *kernel, void *meta, struct fm_reader *reader)
{
  uint64_t *bytes = fm_linear(reader->at, FM_PAGE_SIZE);
  (void)kernel;
  cpus[fm_port_this_cpu.id].broken += *(uint64_t *)meta != reader->at.raw;
  cpus[fm_port_this_cpu.id].drops++;
  *(uint64_t *)meta = 0;
  bytes[0]++;
}

static const struct fm_meta_type in_segment = {.name = "in-segment",
                                               .size = 8,
                                               .align = 8,
                                               .flags = FM_META_ON_DROP,
                                               .on_drop = on_segment_drop};

static void make_segment_meta(fm_paddr paddr, void *ret, void *data)
{
  (void)data;
  memcpy(ret, &paddr.raw, sizeof(paddr.raw));
  segment.made++;
}

static void claim_segment(void)
{
  struct fm_range range = fm_range_of(TEST_FRAME, segment_frame(SEGMENT).raw);
  segment.has = ops->segment_from_unused(test_kernel(), range, type, make_segment_meta, NULL,
                                         &segment.whole) == FM_GET_OK;
  segment.failed += !segment.has;
}

static void cut_segment(struct cpu *self)
{
  uint64_t start = sim_rng_below(&self->rng, SEGMENT), end = SEGMENT;
  struct fm_segment first, second;
  struct fm_frame frame;

  switch (sim_rng_below(&self->rng, 4)) {
  case 0:
    self->broken += !ops->segment_split(
        segment.whole, (start + 1) / 2 * FM_PAGE_SIZE + FM_PAGE_SIZE, &first, &second);
    ops->segment_drop(test_kernel(), second);
    while (ops->segment_next(&first, &frame))
      ops->frame_drop(test_kernel(), frame);
    segment.has = false;
    break;
  case 1:
    ops->segment_drop(test_kernel(), ops->segment_clone(segment.whole));
    break;
  default:
    end = start + sim_rng_below(&self->rng, SEGMENT - start + 1);
    self->broken +=
        !ops->segment_slice(segment.whole, start * FM_PAGE_SIZE, end * FM_PAGE_SIZE, &first);
    ops->segment_drop(test_kernel(), first);
  }
}

static void run_cuts(void *data)
{
  struct cpu *self = data;
  for (unsigned phase = 0; phase < PHASES; phase++) {
    while (!segment.has) /* while the other CPU still holds a frame */
      claim_segment();
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < ROUNDS; i++) {
      if (segment.has)
        cut_segment(self);
      else
        claim_segment();
    }
  }
  if (segment.has)
    ops->segment_drop(test_kernel(), segment.whole);
}

/* Gets a frame by its address, reads it, and lets go. */
static bool visit(struct cpu *self, fm_paddr paddr)
{
  struct fm_frame frame = {NULL};
  if (ops->get(test_kernel(), paddr, &frame.slot) != FM_GET_OK)
    return false;
  self->broken += *(const uint64_t *)fm_frame_meta(frame) != paddr.raw;
  (void)*(volatile uint64_t *)fm_linear(paddr, FM_PAGE_SIZE);
  self->gets++;
  ops->frame_drop(test_kernel(), frame);
  return true;
}

static void run_visits(void *data)
{
  struct cpu *self = data;
  for (unsigned phase = 0; phase < PHASES; phase++) {
    (void)pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < SEGMENT; i++) /* all of them are there now */
      self->broken += !visit(self, segment_frame(i));
    (void)pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < ROUNDS * VISITS; i++)
      (void)visit(self, segment_frame(sim_rng_below(&self->rng, SEGMENT)));
  }
}

static void *segment_main(void *data)
{
  struct cpu *self = data;
  sim_cpu_enter(test_machine, self->id);
  self->end = sim_guard_run(test_machine, self->id == 0 ? run_cuts : run_visits, self);
  return NULL;
}

START_TEST(frames_of_a_segment_end_once_whoever_holds_them)
{
  uint64_t ended = 0;

  memset(&segment, 0, sizeof(segment));
  type = test_register(&in_segment);
  run_threads(segment_main);
  for (uint32_t id = 0; id < CPUS; id++)
    ended += cpus[id].drops;
  ck_assert_uint_ge(cpus[1].gets, PHASES * SEGMENT);
  ck_assert_uint_eq(ended, segment.made - segment.failed);
  uint64_t written = 0;
  for (unsigned i = 0; i < SEGMENT; i++) {
    written += *(uint64_t *)fm_linear(segment_frame(i), FM_PAGE_SIZE);
    ck_assert_uint_eq(test_slot(segment_frame(i).raw)->ref_count, FM_COUNT_UNUSED);
  }
  ck_assert_uint_eq(written, ended);
  test_expect_sound();
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("race of handles");
  TCase *tc = tcase_create("race of handles");

  tcase_set_timeout(tc, 100);
  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_test(tc, each_list_has_an_id_of_its_own);
  tcase_add_test(tc, frames_of_a_segment_end_once_whoever_holds_them);
  suite_add_tcase(suite, tc);
  return suite;
}
