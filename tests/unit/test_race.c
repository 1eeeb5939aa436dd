/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Two real CPUs race over one slot, through the native operations.
 *
 * Whoever may, touches metadata and frame with plain accesses: so under the thread
 * sanitizer each order that is weaker than it must be is a data race, even on a machine
 * that would never show it.  Without the sanitizer the sums at the end still must be right.
 */
#include <fm/unique.h>
#include <fm_config.h>
#include <pthread.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/support.h"

enum { CPUS = 2, PHASES = 10, ROUNDS = FM_UNDER_TSAN ? 50000 : 400000 };

#define SEED UINT64_C(20240719)

/* The metadata: both words belong together, or somebody saw half of a write. */
struct pair {
  uint64_t value;
  uint64_t inverse;
};

struct cpu {
  uint32_t id;
  struct sim_rng rng;
  struct fm_frame held; /* slot NULL: nothing */
  uint64_t claims;      /* that succeeded */
  uint64_t drops;       /* of metadata, as on_drop counted them */
  uint64_t gets;
  uint64_t broken; /* things that must never be seen */
  enum sim_end end;
};

static struct cpu cpus[CPUS];
static pthread_barrier_t barrier;
static const struct fm_ops *ops;
static fm_meta_id type;

/* ---- The type ---- */

static volatile uint64_t *frame_bytes(void)
{
  return fm_linear(fm_paddr_of(TEST_FRAME), FM_PAGE_SIZE);
}

/* Alone with the frame: writes all that others have read. */
static void on_drop(struct fm_kernel *kernel, void *meta, struct fm_reader *reader)
{
  struct cpu *self = &cpus[fm_port_this_cpu.id];
  struct pair *pair = meta;
  (void)kernel;

  if (pair->inverse != ~pair->value || reader->at.raw != TEST_FRAME)
    self->broken++;
  pair->value = UINT64_MAX;
  pair->inverse = UINT64_MAX;
  frame_bytes()[0]++;
  self->drops++;
}

static const struct fm_meta_type paired = {.name = "paired",
                                           .size = sizeof(struct pair),
                                           .align = 8,
                                           .flags = FM_META_ON_DROP,
                                           .on_drop = on_drop};

static struct pair pair_of(uint64_t value)
{
  return (struct pair){value, ~value};
}

/* ---- What a CPU does ---- */

static void claim(struct cpu *self)
{
  struct pair pair = pair_of(sim_rng_next(&self->rng));

  if (ops->claim(test_kernel(), fm_paddr_of(TEST_FRAME), type, &pair, false, &self->held.slot) ==
      FM_GET_OK)
    self->claims++;
}

static void claim_unique(struct cpu *self)
{
  struct pair pair = pair_of(1);
  struct fm_unique unique = {NULL};

  if (ops->claim(test_kernel(), fm_paddr_of(TEST_FRAME), type, &pair, true, &unique.slot) !=
      FM_GET_OK)
    return;
  self->claims++;
  pair = pair_of(sim_rng_next(&self->rng));
  memcpy(fm_unique_meta(unique), &pair, sizeof(pair));
  frame_bytes()[1] = pair.value;
  if (sim_rng_below(&self->rng, 4) == 0)
    ops->unique_drop(test_kernel(), unique);
  else
    self->held = ops->unique_share(unique);
}

static void get(struct cpu *self)
{
  if (ops->get(test_kernel(), fm_paddr_of(TEST_FRAME), &self->held.slot) == FM_GET_OK)
    self->gets++;
}

/* A holder reads what an owner wrote. */
static void look(struct cpu *self)
{
  struct pair pair;
  memcpy(&pair, self->held.slot->storage, sizeof(pair));
  if (pair.inverse != ~pair.value || fm_frame_vtable(self->held)->number != type.number)
    self->broken++;
  (void)frame_bytes()[0];
  (void)frame_bytes()[1];
}

static void try_unique(struct cpu *self)
{
  struct fm_unique unique;
  if (!ops->unique_from_frame(self->held, &unique))
    return;
  struct pair pair = pair_of(sim_rng_next(&self->rng));
  memcpy(fm_unique_meta(unique), &pair, sizeof(pair));
  frame_bytes()[1] = pair.value;
  self->held = ops->unique_share(unique);
}

static void drop(struct cpu *self)
{
  ops->frame_drop(test_kernel(), self->held);
  self->held.slot = NULL;
}

static void one_round(struct cpu *self)
{
  if (self->held.slot == NULL) {
    static void (*const starts[])(struct cpu * cpu) = {claim, claim_unique, get, get};
    starts[sim_rng_below(&self->rng, 4)](self);
    return;
  }
  look(self);
  switch (sim_rng_below(&self->rng, 4)) {
  case 0:
    ops->frame_drop(test_kernel(), ops->frame_clone(self->held));
    break;
  case 1:
    try_unique(self);
    break;
  default:
    drop(self);
  }
}

/* One CPU holds the frame, the other gets it by its address: so that both do something
 * however the host schedules them. */
static void meet(struct cpu *self, bool holds)
{
  if (!holds && self->held.slot != NULL)
    drop(self);
  while (holds && self->held.slot == NULL) {
    claim(self);
    if (self->held.slot == NULL)
      get(self);
  }
  (void)pthread_barrier_wait(&barrier);
  if (!holds)
    get(self);
  self->broken += self->held.slot == NULL;
  (void)pthread_barrier_wait(&barrier);
}

static void run_rounds(void *data)
{
  struct cpu *self = data;
  for (unsigned phase = 0; phase < PHASES; phase++) {
    meet(self, phase % CPUS == self->id);
    for (unsigned i = 0; i < ROUNDS; i++)
      one_round(self);
  }
  if (self->held.slot != NULL)
    drop(self);
}

static void *thread_main(void *data)
{
  struct cpu *self = data;
  sim_cpu_enter(test_machine, self->id);
  self->end = sim_guard_run(test_machine, run_rounds, self);
  return NULL;
}

/* ---- The tests ---- */

static void setup(void)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.cpus = CPUS;
  config.sim.allocator = FM_ALLOCATOR_NONE;
  test_machine_boot_with(&config);
  ops = test_use_build(0);
  type = test_register(&paired);
  memset(cpus, 0, sizeof(cpus));
}

static void run_threads(void *(*body)(void *data))
{
  pthread_t threads[CPUS];

  for (uint32_t id = 0; id < CPUS; id++) {
    g_autofree char *name = g_strdup_printf("cpu %u", id);
    cpus[id].id = id;
    sim_rng_init(&cpus[id].rng, SEED, name);
  }
  ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, CPUS), 0);
  for (uint32_t id = 0; id < CPUS; id++)
    ck_assert_int_eq(pthread_create(&threads[id], NULL, body, &cpus[id]), 0);
  for (uint32_t id = 0; id < CPUS; id++)
    ck_assert_int_eq(pthread_join(threads[id], NULL), 0);
  ck_assert_int_eq(pthread_barrier_destroy(&barrier), 0);
}

START_TEST(every_claim_is_dropped_once_whoever_was_last)
{
  uint64_t claims = 0, drops = 0, ignored = 0;

  run_threads(thread_main);
  for (uint32_t id = 0; id < CPUS; id++) {
    const struct cpu *cpu = &cpus[id];
    ck_assert_msg(cpu->end == SIM_END_DONE, "seed %llu: %s", (unsigned long long)SEED,
                  sim_machine_panic(test_machine));
    ck_assert_msg(cpu->broken == 0, "seed %llu: CPU %u saw %llu broken pairs",
                  (unsigned long long)SEED, id, (unsigned long long)cpu->broken);
    ck_assert_uint_ge(cpu->gets, PHASES / CPUS);
    claims += cpu->claims;
    drops += cpu->drops;
    ignored += fm_kernel_cpu(test_kernel(), id)->dealloc_ignored;
  }
  ck_assert_uint_eq(claims, drops);
  ck_assert_uint_eq(ignored, drops);
  ck_assert_uint_eq(frame_bytes()[0], drops);
  ck_assert_uint_eq(test_slot(TEST_FRAME)->ref_count, FM_COUNT_UNUSED);
  test_expect_sound();
}
END_TEST

/* ---- The allocator ---- */

enum { FRAMES = 16, ALLOC_ROUNDS = 20000 };

/* Takes frames, signs them, and looks whether the signature is there when they go. */
static void run_allocs(void *data)
{
  struct cpu *self = data;
  struct fm_frame frames[FRAMES] = {{NULL}};

  for (unsigned i = 0; i < ALLOC_ROUNDS; i++) {
    struct fm_frame *frame = &frames[sim_rng_below(&self->rng, FRAMES)];
    if (frame->slot == NULL) {
      const struct fm_alloc_options options = {.dirty = i % 2 != 0};
      if (ops->frame_alloc(test_kernel(), &options, frame) != FM_ALLOC_OK)
        self->broken++;
      *(uint64_t *)fm_linear(fm_frame_paddr(*frame), 8) = self->id + 1;
      continue;
    }
    if (*(uint64_t *)fm_linear(fm_frame_paddr(*frame), 8) != self->id + 1)
      self->broken++;
    ops->frame_drop(test_kernel(), *frame);
    frame->slot = NULL;
  }
  for (unsigned i = 0; i < FRAMES; i++)
    if (frames[i].slot != NULL)
      ops->frame_drop(test_kernel(), frames[i]);
}

static void *alloc_main(void *data)
{
  struct cpu *self = data;
  sim_cpu_enter(test_machine, self->id);
  (void)pthread_barrier_wait(&barrier);
  self->end = sim_guard_run(test_machine, run_allocs, self);
  return NULL;
}

START_TEST(no_frame_belongs_to_two_cpus)
{
  struct test_config config;

  test_teardown();
  test_config_init(&config);
  config.sim.cpus = CPUS;
  test_machine_boot_with(&config);
  ops = test_use_build(0);
  uint64_t before = ops->free_bytes(test_kernel());

  run_threads(alloc_main);
  for (uint32_t id = 0; id < CPUS; id++) {
    ck_assert_int_eq(cpus[id].end, SIM_END_DONE);
    ck_assert_msg(cpus[id].broken == 0, "seed %llu: CPU %u lost %llu frames",
                  (unsigned long long)SEED, id, (unsigned long long)cpus[id].broken);
  }
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), before);
  test_expect_sound();
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("race");
  TCase *tc = tcase_create("race");

  tcase_set_timeout(tc, 100);
  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_test(tc, every_claim_is_dropped_once_whoever_was_last);
  tcase_add_test(tc, no_frame_belongs_to_two_cpus);
  suite_add_tcase(suite, tc);
  return suite;
}
