/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Failures midway: each operation that allocates or claims several things is made to fail
 * at its first step, its second, and so on until it succeeds.  After each failure the machine
 * is what it was: every slot, every free frame, every count.
 */
#include <fm/frame_alloc.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/support.h"

enum { FRAMES = 2048, CLAIMED = 8 };

#define SEED 53ull

static const enum fm_allocator_kind allocators[] = {FM_ALLOCATOR_BITMAP, FM_ALLOCATOR_BUDDY};

static const struct fm_ops *ops;

/* ---- The whole machine, to compare ---- */

static struct {
  char *digest;
  uint64_t free_bytes;
  bool free[FRAMES];
  struct fm_slot slots[FRAMES];
} before;

static fm_paddr frame_at(unsigned i)
{
  return fm_paddr_of(i * FM_PAGE_SIZE);
}

static void remember(void)
{
  g_free(before.digest);
  before.digest = sim_machine_digest(test_machine);
  before.free_bytes = ops->free_bytes(test_kernel());
  for (unsigned i = 0; i < FRAMES; i++) {
    before.free[i] = ops->is_free(test_kernel(), frame_at(i));
    before.slots[i] = *fm_slot_at(frame_at(i));
  }
}

static bool is_same_slot(const struct fm_slot *a, const struct fm_slot *b)
{
  enum fm_count_state state = fm_count_state(a->ref_count);
  if (a->ref_count != b->ref_count || a->in_list != b->in_list)
    return false;
  if (state != FM_STATE_SHARED && state != FM_STATE_UNIQUE)
    return true; /* vtable and storage mean nothing */
  return a->vtable_ptr == b->vtable_ptr && memcmp(a->storage, b->storage, FM_META_MAX_SIZE) == 0;
}

/* `in_use`: only frames that somebody has, not how the allocator keeps the free ones. */
static void expect_unchanged(bool in_use)
{
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), before.free_bytes);
  for (unsigned i = 0; i < FRAMES; i++) {
    bool is_free = ops->is_free(test_kernel(), frame_at(i));
    if (is_free != before.free[i])
      ck_abort_msg("frame %u: free %d, was %d", i, is_free, before.free[i]);
    if (!(in_use && is_free) && !is_same_slot(&before.slots[i], fm_slot_at(frame_at(i))))
      ck_abort_msg("the slot of frame %u has changed", i);
  }
  if (!in_use) {
    g_autofree char *digest = sim_machine_digest(test_machine);
    ck_assert_str_eq(digest, before.digest);
  }
  ck_assert_uint_eq(test_take_findings(NULL), 0);
}

static void teardown(void)
{
  g_clear_pointer(&before.digest, g_free);
  test_teardown();
}

/* ---- A type with metadata that has to be dropped, once each ---- */

static struct {
  uint64_t made[CLAIMED + 1], dropped[CLAIMED + 1];
  unsigned nr_made, nr_dropped;
} seen;

static void make_meta(fm_paddr paddr, void *ret, void *data)
{
  (void)data;
  if (seen.nr_made < G_N_ELEMENTS(seen.made))
    seen.made[seen.nr_made] = paddr.raw;
  seen.nr_made++;
  memcpy(ret, &paddr.raw, sizeof(paddr.raw));
}

static void on_drop(struct fm_kernel *kernel, void *meta, struct fm_reader *reader)
{
  uint64_t address;
  (void)kernel;
  memcpy(&address, meta, sizeof(address));
  ck_assert_uint_eq(address, reader->at.raw);
  if (seen.nr_dropped < G_N_ELEMENTS(seen.dropped))
    seen.dropped[seen.nr_dropped] = address;
  seen.nr_dropped++;
}

static const struct fm_meta_type owning = {
    .name = "owning", .size = 40, .align = 8, .flags = FM_META_ON_DROP, .on_drop = on_drop};

static void setup(void)
{
  memset(&seen, 0, sizeof(seen));
}

/* Without metadata, or with. */
enum { KINDS = 2 };

static fm_meta_id type_of(int kind)
{
  return kind == 0 ? test_anon() : test_register(&owning);
}

/* ---- Allocation ---- */

/* 0: one frame, not a segment. */
static const uint64_t sizes[] = {0, 1, 2, 7, 512};

enum { ALLOC_LOOPS = G_N_ELEMENTS(allocators) * G_N_ELEMENTS(sizes) * KINDS };

static bool attempt(const struct fm_alloc_options *options, uint64_t size, struct fm_segment *ret)
{
  struct fm_frame frame = {NULL};
  struct fm_segment segment = {{{1}, {2}}};
  enum fm_alloc_error error = size == 0
                                  ? ops->frame_alloc(test_kernel(), options, &frame)
                                  : ops->segment_alloc(test_kernel(), options, size, &segment);
  if (error != FM_ALLOC_OK) {
    ck_assert_str_eq(fm_alloc_error_name(error), "NoMemory");
    ck_assert_ptr_null(frame.slot);
    ck_assert_uint_eq(segment.range.start.raw, 1);
    ck_assert_uint_eq(segment.range.end.raw, 2);
    ck_assert_uint_eq(seen.nr_made + seen.nr_dropped, 0);
    return false;
  }
  *ret = size == 0 ? fm_segment_from_frame(frame) : segment;
  return true;
}

START_TEST(an_allocation_that_fails_changes_nothing)
{
  uint64_t size = sizes[_i % (int)G_N_ELEMENTS(sizes)];
  int rest = _i / (int)G_N_ELEMENTS(sizes);
  struct fm_segment segment = {0};
  unsigned failed = 0;

  test_machine_boot(allocators[rest / KINDS]);
  ops = test_use_build(1); /* only there can an allocation be made to fail */
  const struct fm_alloc_options options = {.type = type_of(rest % KINDS),
                                           .meta_of = rest % KINDS != 0 ? make_meta : NULL};
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  for (unsigned nth = 1;; nth++) {
    remember();
    (void)sim_machine_fail_alloc(test_machine, nth);
    bool done = attempt(&options, size, &segment);
    uint64_t pending = sim_machine_fail_alloc(test_machine, 0);
    ck_assert_uint_eq(pending, done ? 1 : 0);
    if (done)
      break;
    failed++;
    expect_unchanged(false);
    test_expect_sound();
  }
  ck_assert_uint_eq(failed, 1); /* it asks the allocator once, for all of its frames */
  ck_assert_uint_eq(fm_segment_size(segment), MAX(size, 1) * FM_PAGE_SIZE);
  test_expect_sound();
  ops->segment_drop(test_kernel(), segment);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes);
  test_expect_sound();
}
END_TEST

/* ---- Claims ---- */

/* How the frame that stands in the way is taken. */
static const struct {
  uint64_t count;
  enum fm_get_error answer;
} takers[] = {
    {1, FM_GET_IN_USE},
    {3, FM_GET_IN_USE},
    {FM_COUNT_MAX, FM_GET_IN_USE},
    {FM_COUNT_UNIQUE, FM_GET_UNIQUE},
    {FM_COUNT_BUSY, FM_GET_BUSY},
};

enum { CLAIM_LOOPS = TEST_BUILDS * G_N_ELEMENTS(allocators) * KINDS * G_N_ELEMENTS(takers) };

static enum fm_get_error claim(fm_paddr start, fm_meta_id type, struct fm_segment *ret)
{
  memset(&seen, 0, sizeof(seen));
  return ops->segment_from_unused(test_kernel(),
                                  fm_range_of(start.raw, start.raw + CLAIMED * FM_PAGE_SIZE), type,
                                  type.size != 0 ? make_meta : NULL, NULL, ret);
}

/* Metadata was made up to the frame in the way, and dropped for those before it. */
static void expect_seen(fm_meta_id type, fm_paddr start, unsigned nth)
{
  if (type.size == 0)
    return;
  ck_assert_uint_eq(seen.nr_made, nth + 1);
  ck_assert_uint_eq(seen.nr_dropped, nth);
  for (unsigned i = 0; i < nth; i++) {
    ck_assert_uint_eq(seen.made[i], start.raw + i * FM_PAGE_SIZE);
    ck_assert_uint_eq(seen.dropped[i], start.raw + i * FM_PAGE_SIZE);
  }
}

static void fail_at(fm_paddr start, unsigned nth, fm_meta_id type, unsigned taker)
{
  struct fm_segment segment = {{{1}, {2}}};
  struct fm_frame way = test_claim(start.raw + nth * FM_PAGE_SIZE, test_anon(), NULL);

  way.slot->ref_count = takers[taker].count;
  remember();
  ck_assert_str_eq(fm_get_error_name(claim(start, type, &segment)),
                   fm_get_error_name(takers[taker].answer));
  ck_assert_uint_eq(segment.range.start.raw, 1);
  ck_assert_uint_eq(segment.range.end.raw, 2);
  expect_unchanged(false);
  expect_seen(type, start, nth);
  way.slot->ref_count = FM_COUNT_UNIQUE;
  ops->unique_reset(test_kernel(), fm_unique_of_slot(way.slot));
  test_expect_sound();
}

START_TEST(a_claim_that_fails_at_any_frame_changes_nothing)
{
  int rest = _i / TEST_BUILDS;
  unsigned taker = (unsigned)(rest / KINDS) % G_N_ELEMENTS(takers);
  struct fm_segment segment = {0};
  fm_paddr start;

  test_machine_boot(allocators[(unsigned)rest / KINDS / G_N_ELEMENTS(takers)]);
  ops = test_use_build(_i % TEST_BUILDS);
  fm_meta_id type = type_of(rest % KINDS);
  /* Frames that the allocator gave away, so that it has no part in this. */
  ck_assert(ops->alloc(test_kernel(), CLAIMED * FM_PAGE_SIZE, FM_PAGE_SIZE, &start));
  for (unsigned nth = 0; nth < CLAIMED; nth++)
    fail_at(start, nth, type, taker);

  ck_assert_int_eq(claim(start, type, &segment), FM_GET_OK);
  ck_assert_uint_eq(seen.nr_made, type.size != 0 ? CLAIMED : 0);
  ck_assert_uint_eq(seen.nr_dropped, 0);
  ops->segment_drop(test_kernel(), segment);
  test_expect_sound();
}
END_TEST

/* The range begins with frames that the allocator holds as free: a claim by address takes
 * them from under it, so when it fails they must not come back a second time. */
START_TEST(a_claim_that_fails_gives_the_allocator_no_frame_twice)
{
  struct fm_segment segment;
  fm_paddr start;

  test_machine_boot(allocators[_i / KINDS]);
  ops = test_use_build(1);
  fm_meta_id type = type_of(_i % KINDS);
  ck_assert(ops->alloc(test_kernel(), 2 * CLAIMED * FM_PAGE_SIZE, FM_PAGE_SIZE, &start));
  ops->dealloc(test_kernel(), start, CLAIMED * FM_PAGE_SIZE);
  (void)test_claim(start.raw + CLAIMED * FM_PAGE_SIZE, test_anon(), NULL);

  remember();
  fm_paddr second = fm_paddr_add(start, FM_PAGE_SIZE); /* the first may be a chunk's head */
  ck_assert_int_eq(claim(second, type, &segment), FM_GET_IN_USE);
  expect_unchanged(false);
  expect_seen(type, second, CLAIMED - 1);
  test_expect_sound();
}
END_TEST

/* A range that is no range is refused before the first frame is touched. */
START_TEST(a_claim_past_the_end_of_memory_makes_no_metadata)
{
  struct fm_segment segment;
  test_machine_boot(allocators[_i]);
  ops = test_use_build(1);
  fm_meta_id type = type_of(1);
  remember();
  ck_assert_int_eq(claim(fm_paddr_of(TEST_RAM - (CLAIMED - 1) * FM_PAGE_SIZE), type, &segment),
                   FM_GET_OUT_OF_BOUND);
  ck_assert_uint_eq(seen.nr_made + seen.nr_dropped, 0);
  ck_assert_int_eq(claim(fm_paddr_of(TEST_FRAME + 8), type, &segment), FM_GET_NOT_ALIGNED);
  ck_assert_uint_eq(seen.nr_made + seen.nr_dropped, 0);
  expect_unchanged(false);
}
END_TEST

/* ---- No memory ---- */

enum { EXHAUST_LOOPS = TEST_BUILDS * G_N_ELEMENTS(allocators) };

static struct fm_frame held[FRAMES];
static unsigned nr_held;

static void fill_memory(void)
{
  const struct fm_alloc_options dirty = {.dirty = true};
  nr_held = 0;
  while (ops->frame_alloc(test_kernel(), &dirty, &held[nr_held]) == FM_ALLOC_OK)
    nr_held++;
  ck_assert_uint_gt(nr_held, FRAMES / 2);
}

/* Single frames come eight at a time in one piece, and what is larger comes from the pools
 * in chunks of eight and more: so smaller chunks are out of reach, and only they are left. */
static void expect_only_crumbs(void)
{
  const struct fm_buddy_local *local = &fm_kernel_cpu(test_kernel(), 0)->buddy;
  uint64_t crumbs = 0;

  for (unsigned order = 0; order < FM_GLOBAL_ORDERS; order++) {
    uint64_t chunks = test_kernel()->buddy.lists[order].size;
    chunks += order < FM_LOCAL_ORDERS ? local->lists[order].size : 0;
    ck_assert(order < 3 || chunks == 0);
    crumbs += chunks << order;
  }
  for (unsigned i = 0; i < FM_CACHES; i++)
    ck_assert_uint_eq(local->caches[i].count, 0);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), crumbs * FM_PAGE_SIZE);
}

/* Which pool a frame lies in: 0 none, 1 the global one, 2 that of the CPU. */
static uint8_t pools[FRAMES];

static void mark_chunks(const struct fm_list *list, unsigned order, uint8_t pool)
{
  struct fm_unique at = fm_list_front(list);
  for (; at.slot != NULL; at = fm_list_next(at))
    memset(&pools[fm_unique_paddr(at).raw / FM_PAGE_SIZE], pool, (size_t)1 << order);
}

/* Order of the largest aligned block of frames that lies in one pool. */
static unsigned largest_block(void)
{
  const struct fm_buddy_local *local = &fm_kernel_cpu(test_kernel(), 0)->buddy;
  unsigned largest = 0;

  memset(pools, 0, sizeof(pools));
  for (unsigned order = 0; order < FM_GLOBAL_ORDERS; order++) {
    mark_chunks(&test_kernel()->buddy.lists[order], order, 1);
    if (order < FM_LOCAL_ORDERS)
      mark_chunks(&local->lists[order], order, 2);
  }
  for (unsigned order = 1; (1u << order) <= FRAMES; order++)
    for (unsigned i = 0; i < FRAMES; i += 1u << order)
      if (pools[i] != 0 && memcmp(&pools[i], &pools[i + 1], (1u << order) - 1) == 0)
        largest = order;
  return largest;
}

/*
 * What was dropped frame by frame has grown together, but for two things: the CPU's cache
 * keeps up to 12 frames, and buddies that came to lie in different pools never merge.  So
 * the largest run to be had is the largest aligned block that lies in one pool.
 */
static void expect_grown_together(unsigned at_least)
{
  fm_paddr start;
  ck_assert_uint_le(fm_kernel_cpu(test_kernel(), 0)->buddy.caches[0].count, FM_CACHE_RUNS);
  unsigned order = largest_block();
  ck_assert_uint_ge(order, at_least);
  ck_assert(ops->alloc(test_kernel(), FM_PAGE_SIZE << order, FM_PAGE_SIZE, &start));
}

static void shuffle_held(void)
{
  struct sim_rng rng;
  sim_rng_init(&rng, SEED, "drops");
  for (unsigned i = nr_held - 1; i > 0; i--) {
    unsigned other = (unsigned)sim_rng_below(&rng, i + 1);
    struct fm_frame frame = held[i];
    held[i] = held[other];
    held[other] = frame;
  }
}

START_TEST(without_memory_nothing_can_be_had_and_nothing_changes)
{
  bool buddy = allocators[_i / TEST_BUILDS] == FM_ALLOCATOR_BUDDY;
  struct fm_segment segment;

  test_machine_boot(allocators[_i / TEST_BUILDS]);
  ops = test_use_build(_i % TEST_BUILDS);
  fm_meta_id types[KINDS] = {type_of(0), type_of(1)};
  fill_memory();
  memset(&seen, 0, sizeof(seen));
  if (buddy)
    expect_only_crumbs();
  else
    ck_assert_uint_eq(ops->free_bytes(test_kernel()), 0);
  for (unsigned i = 0; i < G_N_ELEMENTS(sizes) * KINDS; i++) {
    const struct fm_alloc_options options = {.type = types[i % KINDS],
                                             .meta_of = i % KINDS != 0 ? make_meta : NULL};
    remember();
    ck_assert(!attempt(&options, sizes[i / KINDS], &segment));
    expect_unchanged(false); /* the filling ended with a refusal, so the pools are balanced */
    test_expect_sound();
  }
}
END_TEST

/* Dropped in order, 1 MiB is to be had in one piece; at random, the pools share memory out
 * frame by frame, and it is far less. */
START_TEST(memory_that_was_used_up_comes_back_whole)
{
  bool shuffled = _i % 2 != 0;
  bool buddy = allocators[_i / 2 / TEST_BUILDS] == FM_ALLOCATOR_BUDDY;

  test_machine_boot(allocators[_i / 2 / TEST_BUILDS]);
  ops = test_use_build(_i / 2 % TEST_BUILDS);
  remember();
  fill_memory();
  if (shuffled)
    shuffle_held();
  for (unsigned i = 0; i < nr_held; i++)
    ops->frame_drop(test_kernel(), held[i]);
  expect_unchanged(buddy); /* its chunks are other ones now */
  test_expect_sound();
  if (buddy) {
    expect_grown_together(shuffled ? 1 : 8);
  } else {
    unsigned frames = nr_held;
    fill_memory();
    ck_assert_uint_eq(nr_held, frames);
  }
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("sweeps");
  TCase *tc = tcase_create("sweeps");

  tcase_set_timeout(tc, 20);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, an_allocation_that_fails_changes_nothing, 0, ALLOC_LOOPS);
  tcase_add_loop_test(tc, a_claim_that_fails_at_any_frame_changes_nothing, 0, CLAIM_LOOPS);
  tcase_add_loop_test(tc, a_claim_that_fails_gives_the_allocator_no_frame_twice, 0,
                      G_N_ELEMENTS(allocators) * KINDS);
  tcase_add_loop_test(tc, a_claim_past_the_end_of_memory_makes_no_metadata, 0,
                      G_N_ELEMENTS(allocators));
  tcase_add_loop_test(tc, without_memory_nothing_can_be_had_and_nothing_changes, 0, EXHAUST_LOOPS);
  tcase_add_loop_test(tc, memory_that_was_used_up_comes_back_whole, 0, 2 * EXHAUST_LOOPS);
  suite_add_tcase(suite, tc);
  return suite;
}
