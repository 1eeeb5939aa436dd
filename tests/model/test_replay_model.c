/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A random trace, replayed from each of its forms, against a naive model that keeps a hash table
 * of frames and knows nothing of machines.  The trace has everything that real ones have: frees
 * in parts, of nothing, of too much, by other CPUs, and allocations over what is live.
 *
 * Another seed: FM_TEST_SEED=N.  A failure names the seed.
 */
#include <inttypes.h>

#include "sim/replay/replay.h"
#include "sim/rng.h"
#include "tests/unit/trace_support.h"

enum { EVENTS = 60000, PFNS = 3000, CPUS = 3, MACHINE_MIB = 32 };

#define SEED 23ull

static uint64_t seed;
static struct sim_trace_event events[EVENTS];

static void choose_seed(void)
{
  const char *given = getenv("FM_TEST_SEED");
  seed = given != NULL ? g_ascii_strtoull(given, NULL, 0) : SEED;
}

/* Orders up to 9, small ones more often. */
static uint8_t any_order(struct sim_rng *rng)
{
  uint64_t draw = sim_rng_below(rng, 1024);
  uint8_t order = 0;
  for (; draw >= 512 && order < 9; order++)
    draw = draw * 2 - 1024;
  return order;
}

static void make_events(unsigned round)
{
  struct sim_rng rng;
  sim_rng_init(&rng, seed + round, "replay");
  for (unsigned i = 0; i < EVENTS; i++) {
    static const uint8_t kinds[8] = {SIM_TRACE_ALLOC, SIM_TRACE_ALLOC,       SIM_TRACE_ALLOC,
                                     SIM_TRACE_FREE,  SIM_TRACE_FREE,        SIM_TRACE_FREE,
                                     SIM_TRACE_FREE,  SIM_TRACE_FREE_BATCHED};
    events[i].time_us = i / 2;
    /* Of two with the same time the first is of the lower CPU, so the order is this one. */
    events[i].cpu = (uint16_t)(i % 2 == 0 ? 0 : sim_rng_below(&rng, CPUS));
    events[i].kind = kinds[sim_rng_below(&rng, 8)];
    events[i].order = any_order(&rng);
    events[i].pfn = (uint32_t)(1 + sim_rng_below(&rng, PFNS));
    if (sim_rng_below(&rng, 4) != 0) /* most are aligned, as real ones */
      events[i].pfn = (events[i].pfn | 1u << events[i].order) & ~((1u << events[i].order) - 1);
  }
}

/* ---- The model ---- */

struct allocation {
  uint32_t start;
  uint32_t frames;
  uint16_t cpu;
  uint32_t live;
};

struct model {
  GHashTable *live; /* frame -> its allocation */
  GHashTable *seen; /* frames */
  GPtrArray *all;   /* of allocations */
  struct sim_replay_counts counts;
};

static void kill_frame(struct model *model, uint32_t pfn)
{
  struct allocation *owner = g_hash_table_lookup(model->live, GUINT_TO_POINTER(pfn));
  owner->live--;
  g_hash_table_remove(model->live, GUINT_TO_POINTER(pfn));
}

static uint64_t count_blocks(const struct model *model)
{
  uint64_t blocks = 0;
  for (guint i = 0; i < model->all->len; i++)
    blocks += ((struct allocation *)model->all->pdata[i])->live != 0 ? 1 : 0;
  return blocks;
}

static void model_alloc(struct model *model, const struct sim_trace_event *event)
{
  struct allocation *made = g_new0(struct allocation, 1);
  *made = (struct allocation){event->pfn, 1u << event->order, event->cpu, 1u << event->order};
  bool over = false;
  for (uint32_t i = 0; i < made->frames; i++) {
    gpointer frame = GUINT_TO_POINTER(event->pfn + i);
    if (g_hash_table_contains(model->live, frame)) {
      over = true;
      kill_frame(model, event->pfn + i);
    }
    g_hash_table_insert(model->live, frame, made);
    g_hash_table_add(model->seen, frame);
  }
  g_ptr_array_add(model->all, made);
  model->counts.over_live += over;
  model->counts.peak_frames = MAX(model->counts.peak_frames, g_hash_table_size(model->live));
}

/* Whether all live frames of the free are of one larger allocation, in which it lies. */
static bool is_inside(const struct model *model, const struct sim_trace_event *event)
{
  const struct allocation *owner = NULL;
  uint32_t frames = 1u << event->order;
  for (uint32_t i = 0; i < frames; i++) {
    const struct allocation *here =
        g_hash_table_lookup(model->live, GUINT_TO_POINTER(event->pfn + i));
    if (here != NULL && owner != NULL && here != owner)
      return false;
    owner = here != NULL ? here : owner;
  }
  return owner != NULL && owner->frames > frames && event->pfn >= owner->start &&
         event->pfn + frames <= owner->start + owner->frames;
}

static void model_free(struct model *model, const struct sim_trace_event *event)
{
  uint32_t frames = 1u << event->order, unseen = 0;
  bool dead = false, remote = false;
  model->counts.partial += is_inside(model, event);
  for (uint32_t i = 0; i < frames; i++) {
    gpointer frame = GUINT_TO_POINTER(event->pfn + i);
    const struct allocation *owner = g_hash_table_lookup(model->live, frame);
    if (owner != NULL) {
      model->counts.remote_frames += owner->cpu != event->cpu;
      remote |= owner->cpu != event->cpu;
      kill_frame(model, event->pfn + i);
    } else if (g_hash_table_contains(model->seen, frame)) {
      dead = true;
    } else {
      unseen++;
    }
    g_hash_table_add(model->seen, frame);
  }
  model->counts.unknown_frames += unseen;
  model->counts.unknown_events += unseen == frames;
  model->counts.already_free += dead;
  model->counts.remote_frees += remote;
}

static void model_all(struct model *model)
{
  *model = (struct model){.live = g_hash_table_new(NULL, NULL),
                          .seen = g_hash_table_new(NULL, NULL),
                          .all = g_ptr_array_new_with_free_func(g_free)};
  for (unsigned i = 0; i < EVENTS; i++) {
    model->counts.kinds[events[i].kind]++;
    if (events[i].kind == SIM_TRACE_ALLOC)
      model_alloc(model, &events[i]);
    else if (events[i].kind == SIM_TRACE_FREE)
      model_free(model, &events[i]);
  }
  model->counts.live_frames = g_hash_table_size(model->live);
  model->counts.live_blocks = count_blocks(model);
}

static void model_clear(struct model *model)
{
  g_hash_table_unref(model->live);
  g_hash_table_unref(model->seen);
  g_ptr_array_unref(model->all);
}

/* ---- The comparison ---- */

static void expect_equal(const char *what, uint64_t found, uint64_t wanted)
{
  ck_assert_msg(found == wanted, "seed %" PRIu64 ": %s: %" PRIu64 ", the model has %" PRIu64, seed,
                what, found, wanted);
}

static void compare(const struct sim_replay_counts *found, const struct sim_replay_counts *wanted)
{
  expect_equal("allocations", found->kinds[SIM_TRACE_ALLOC], wanted->kinds[SIM_TRACE_ALLOC]);
  expect_equal("frees", found->kinds[SIM_TRACE_FREE], wanted->kinds[SIM_TRACE_FREE]);
  expect_equal("live frames", found->live_frames, wanted->live_frames);
  expect_equal("live blocks", found->live_blocks, wanted->live_blocks);
  expect_equal("peak frames", found->peak_frames, wanted->peak_frames);
  expect_equal("unknown events", found->unknown_events, wanted->unknown_events);
  expect_equal("unknown frames", found->unknown_frames, wanted->unknown_frames);
  expect_equal("already free", found->already_free, wanted->already_free);
  expect_equal("partial", found->partial, wanted->partial);
  expect_equal("over live", found->over_live, wanted->over_live);
  expect_equal("remote frees", found->remote_frees, wanted->remote_frees);
  expect_equal("remote frames", found->remote_frames, wanted->remote_frames);
}

static void print_nothing(const struct sim_audit_fault *fault, void *data)
{
  ck_abort_msg("seed %" PRIu64 ": frame 0x%" PRIx64 ": %s", seed, fault->frame.raw, fault->text);
}

/* Replays the file on a fresh machine; the digest at the end, new. */
static char *replay_file(const char *path, enum fm_allocator_kind allocator, bool threads,
                         const struct sim_replay_counts *wanted)
{
  struct sim_replay_options options;
  struct test_config config;
  g_autoptr(GError) error = NULL;
  const struct sim_trace_event *batch = NULL;
  gssize count;
  size_t used;

  test_config_init(&config);
  config.ram = MACHINE_MIB * MIB;
  config.sim.allocator = allocator;
  config.sim.cpus = 2;
  test_machine_boot_with(&config);
  sim_replay_options_init(&options);
  options.threads = threads;
  g_autoptr(sim_replay) replay = sim_replay_new(test_machine, &options, &error);
  g_autoptr(sim_tracein) in = sim_tracein_open(path, NULL, &error);
  ck_assert(replay != NULL && in != NULL);
  while ((count = sim_tracein_next(in, &batch, &error)) > 0)
    ck_assert_int_eq(sim_replay_events(replay, batch, (size_t)count, &used), SIM_END_DONE);
  ck_assert_int_eq(count, 0);
  ck_assert_int_eq(sim_replay_settle(replay), SIM_END_DONE);
  compare(sim_replay_counts(replay), wanted);
  /* The pools of two CPUs may have too little each of what there is enough of together. */
  uint64_t failed = sim_replay_counts(replay)->failed;
  if (allocator == FM_ALLOCATOR_BITMAP)
    expect_equal("failed", failed, 0);
  if (failed == 0)
    expect_equal("frames held", sim_replay_counts(replay)->held_frames, wanted->live_frames);
  expect_equal("findings", sim_replay_audit(replay, print_nothing, NULL), 0);
  char *digest = sim_machine_digest(test_machine);
  g_clear_pointer(&replay, sim_replay_free); /* before the machine */
  test_teardown();
  return digest;
}

START_TEST(all_forms_agree_with_the_model_and_end_alike)
{
  struct model model;
  g_autofree char *path = trace_path("random");

  choose_seed();
  make_events((unsigned)_i);
  model_all(&model);
  ck_assert_uint_gt(model.counts.partial, 0);
  ck_assert_uint_gt(model.counts.over_live, 0);
  ck_assert_uint_gt(model.counts.unknown_events, 0);
  for (int allocator = 0; allocator < FM_ALLOCATORS; allocator++) {
    g_autofree char *first = NULL;
    for (const char *const *form = sim_traceout_formats(); *form != NULL; form++) {
      trace_write(path, *form, CPUS, events, EVENTS);
      g_autofree char *digest =
          replay_file(path, (enum fm_allocator_kind)allocator, false, &model.counts);
      if (first == NULL)
        first = g_strdup(digest);
      ck_assert_str_eq(digest, first);
    }
  }
  model_clear(&model);
}
END_TEST

START_TEST(threads_count_what_the_model_counts)
{
  struct model model;
  g_autofree char *path = trace_path("random");

  choose_seed();
  make_events((unsigned)_i);
  model_all(&model);
  trace_write(path, "binary", CPUS, events, EVENTS);
  for (int allocator = 0; allocator < FM_ALLOCATORS; allocator++) {
    g_autofree char *digest =
        replay_file(path, (enum fm_allocator_kind)allocator, true, &model.counts);
    ck_assert_uint_eq(strlen(digest), 64);
  }
  model_clear(&model);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("replay_model");
  TCase *tcase = tcase_create("all");

  tcase_set_timeout(tcase, 60);
  tcase_add_checked_fixture(tcase, trace_setup, trace_teardown);
  tcase_add_loop_test(tcase, all_forms_agree_with_the_model_and_end_alike, 0, 3);
  tcase_add_loop_test(tcase, threads_count_what_the_model_counts, 0, 3);
  suite_add_tcase(suite, tcase);
  return suite;
}
