/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Deferred metadata: a machine that has it cannot be told from one that has not, except by
 * what is written.
 */
#include <fm/check.h>
#include <fm/chunk.h>
#include <pthread.h>
#include <sim/audit.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"
#include "sim/rng.h"
#include "tests/support.h"

enum { RAM_MIB = 512 };

#define SEED 71ull

static const struct fm_ops *ops;

static void boot(enum fm_metadata_mode metadata, enum fm_allocator_kind allocator, uint32_t cpus)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = RAM_MIB * MIB;
  config.stage = FM_STAGE_DONE;
  config.sim.metadata = metadata;
  config.sim.allocator = allocator;
  config.sim.cpus = cpus;
  test_machine_boot_with(&config);
  ops = test_use_build(0);
}

static void setup(void)
{
  boot(FM_METADATA_DEFERRED, FM_ALLOCATOR_BUDDY, 1);
}

static void setup_none(void)
{
  boot(FM_METADATA_DEFERRED, FM_ALLOCATOR_NONE, 2);
}

static bool is_written(uint64_t frame)
{
  return fm_chunk_look(test_kernel(), fm_paddr_of(frame)).state == FM_CHUNK_WRITTEN;
}

static void expect_view(uint64_t frame, const char *state, const char *type)
{
  struct fm_slot_view view;
  fm_slot_view(test_kernel(), test_slot(frame), &view);
  ck_assert_str_eq(fm_count_state_name(view.state), state);
  ck_assert_str_eq(view.vtable != NULL ? view.vtable->name : "-", type);
  ck_assert_uint_eq(view.in_list, 0);
  ck_assert_int_eq(fm_slot_check(test_kernel(), test_slot(frame)), FM_SLOT_GOOD);
}

#define NOBODYS (300 * MIB) /* a page of slots that the boot has no reason to touch */

/* ---- Touching ---- */

START_TEST(a_slot_is_written_when_it_is_asked_for)
{
  static const struct fm_slot zero;
  ck_assert_uint_eq(test_kernel()->slot_bound, 0);
  ck_assert(!is_written(NOBODYS));
  expect_view(NOBODYS, "unused", "-");
  ck_assert_mem_eq(test_slot(NOBODYS), &zero, sizeof(zero)); /* looking does not write */

  struct fm_slot *slot;
  ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(NOBODYS + 0x5000), &slot), FM_GET_UNUSED);
  ck_assert(is_written(NOBODYS));
  for (uint64_t i = 0; i < FM_CHUNK_PAGE; i++) {
    struct fm_slot unused = {.ref_count = FM_COUNT_UNUSED};
    ck_assert_mem_eq(test_slot(NOBODYS + i * FM_PAGE_SIZE), &unused, sizeof(unused));
  }
  ck_assert(!is_written(NOBODYS - FM_PAGE_SIZE));
  ck_assert(!is_written(NOBODYS + FM_CHUNK_PAGE * FM_PAGE_SIZE));
}
END_TEST

START_TEST(addresses_without_a_slot_have_none)
{
  struct fm_slot *slot = NULL;
  ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(NOBODYS + 1), &slot), FM_GET_NOT_ALIGNED);
  ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(RAM_MIB * MIB), &slot), FM_GET_OUT_OF_BOUND);
  ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(UINT64_MAX & ~FM_PAGE_MASK), &slot),
                   FM_GET_OUT_OF_BOUND);
  ck_assert(!is_written(NOBODYS));
}
END_TEST

START_TEST(what_the_boot_marked_is_shared_before_and_after)
{
  uint64_t meta = test_kernel()->meta_start + 64 * FM_PAGE_SIZE * 2;
  meta &= ~(FM_CHUNK_PAGE * FM_PAGE_SIZE - 1);
  ck_assert(!is_written(meta));
  expect_view(meta, "shared", "meta-page");
  struct fm_slot *slot;
  ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(meta), &slot), FM_GET_OK);
  ck_assert(is_written(meta));
  ck_assert_uint_eq(slot->ref_count, 2);
  ck_assert_uint_eq(test_slot(meta + FM_PAGE_SIZE)->ref_count, 1);
  expect_view(meta + FM_PAGE_SIZE, "shared", "meta-page");
  ops->frame_drop(test_kernel(), fm_frame_of_slot(slot));
  test_expect_sound();
}
END_TEST

START_TEST(an_eager_machine_has_no_table)
{
  test_teardown();
  boot(FM_METADATA_EAGER, FM_ALLOCATOR_BUDDY, 1);
  ck_assert_uint_eq(test_kernel()->chunks, 0);
  ck_assert_uint_eq(test_kernel()->slot_bound, RAM_MIB * MIB);
  ck_assert(is_written(NOBODYS));
}
END_TEST

START_TEST(what_is_marked_already_is_not_marked_again)
{
  struct fm_kernel *kernel = test_kernel();
  struct fm_range chunk = fm_range_of(256 * MIB, 384 * MIB);
  struct fm_range page = fm_range_of(NOBODYS, NOBODYS + FM_CHUNK_PAGE * FM_PAGE_SIZE);
  ck_assert_uint_eq(fm_chunk_mark(kernel, page, FM_META_RESERVED), FM_CHUNK_PAGE);
  ck_assert_uint_eq(fm_chunk_mark(kernel, page, FM_META_RESERVED), 0);
  expect_view(NOBODYS, "shared", "reserved");
  page.end.raw -= FM_PAGE_SIZE; /* not all of its frames */
  ck_assert_uint_eq(fm_chunk_mark(kernel, page, FM_META_RESERVED), 0);
  ck_assert_uint_ne(fm_chunk_mark(kernel, chunk, FM_META_KERNEL), FM_CHUNK_SLOTS);
  expect_view(NOBODYS, "shared", "reserved");
}
END_TEST

/* ---- The same machine ---- */

/* A few hundred operations, the same each time. */
static char *work(void)
{
  struct fm_frame held[64] = {{NULL}};
  struct sim_rng rng;
  sim_rng_init(&rng, SEED, "work");
  for (unsigned i = 0; i < 600; i++) {
    struct fm_frame *frame = &held[sim_rng_below(&rng, G_N_ELEMENTS(held))];
    fm_paddr at = fm_paddr_of(sim_rng_below(&rng, RAM_MIB * MIB / FM_PAGE_SIZE) * FM_PAGE_SIZE);
    if (frame->slot != NULL) {
      ops->frame_drop(test_kernel(), *frame);
      frame->slot = NULL;
    } else if (i % 3 == 0) {
      (void)!ops->frame_alloc(test_kernel(), &(struct fm_alloc_options){.dirty = true}, frame);
    } else {
      (void)!ops->get(test_kernel(), at, &frame->slot);
    }
  }
  return sim_machine_digest(test_machine);
}

/* _i: the allocator, and one or three CPUs. */
START_TEST(it_cannot_be_told_from_an_eager_one)
{
  enum fm_allocator_kind allocator = (enum fm_allocator_kind)(_i % FM_ALLOCATORS);
  uint32_t cpus = _i < FM_ALLOCATORS ? 1 : 3;
  char *digests[2][2];
  struct sim_census census[2][2];
  for (int mode = 0; mode < 2; mode++) {
    test_teardown();
    boot((enum fm_metadata_mode)mode, allocator, cpus);
    sim_machine_census(test_machine, &census[mode][0]);
    digests[mode][0] = sim_machine_digest(test_machine);
    for (uint64_t at = 0; at < RAM_MIB * MIB; at += 37 * FM_PAGE_SIZE) /* looking changes nothing */
      (void)ops->is_free(test_kernel(), fm_paddr_of(at));
    test_expect_sound();
    digests[mode][1] = work();
    sim_machine_census(test_machine, &census[mode][1]);
  }
  for (int when = 0; when < 2; when++) {
    ck_assert_str_eq(digests[0][when], digests[1][when]);
    ck_assert_mem_eq(&census[0][when], &census[1][when], sizeof(census[0][when]));
    g_free(digests[0][when]);
    g_free(digests[1][when]);
  }
}
END_TEST

START_TEST(the_allocator_finds_the_same_frames_free)
{
  g_autofree bool *eager = g_new0(bool, RAM_MIB *MIB / FM_PAGE_SIZE);
  test_teardown();
  boot(FM_METADATA_EAGER, FM_ALLOCATOR_BUDDY, 1);
  for (uint64_t i = 0; i < RAM_MIB * MIB / FM_PAGE_SIZE; i++)
    eager[i] = ops->is_free(test_kernel(), fm_paddr_of(i * FM_PAGE_SIZE));
  test_teardown();
  setup();
  for (uint64_t i = 0; i < RAM_MIB * MIB / FM_PAGE_SIZE; i++)
    ck_assert_int_eq(ops->is_free(test_kernel(), fm_paddr_of(i * FM_PAGE_SIZE)), eager[i]);
}
END_TEST

/* ---- In a file ---- */

START_TEST(materialising_writes_what_is_left_and_changes_nothing)
{
  g_autofree char *folder = test_folder_new();
  g_autofree char *path = g_build_filename(folder, "ram", NULL);
  g_autoptr(GError) error = NULL;
  struct test_config config;
  uint64_t written;

  test_teardown();
  test_config_init(&config);
  config.ram = 64 * MIB + 0x3000; /* the last page of slots is not full */
  config.stage = FM_STAGE_DONE;
  config.sim.metadata = FM_METADATA_DEFERRED;
  config.sim.ram_file = path;
  test_machine_boot_with(&config);
  ck_assert(!sim_machine_materialise(path, &written, &error)); /* one machine at a time */
  g_clear_error(&error);
  g_autofree char *before = sim_machine_digest(test_machine);
  test_teardown();

  ck_assert(sim_machine_materialise(path, &written, &error));
  ck_assert_uint_gt(written, 10000);
  test_machine = sim_machine_open(path, FM_STAGE_DONE, &error);
  ck_assert_ptr_nonnull(test_machine);
  g_autofree char *after = sim_machine_digest(test_machine);
  ck_assert_str_eq(before, after);
  ck_assert_uint_eq(test_kernel()->chunks, 0);
  ck_assert_uint_eq(test_kernel()->slot_bound, test_kernel()->max_paddr);
  ck_assert_uint_eq(test_slot(60 * MIB)->ref_count, FM_COUNT_UNUSED);
  static const struct fm_slot nothing; /* past the last frame nothing is written */
  ck_assert_mem_eq(test_slot(test_kernel()->max_paddr), &nothing, sizeof(nothing));
  test_expect_sound();
  test_teardown();

  ck_assert(sim_machine_materialise(path, &written, &error)); /* again: nothing is left */
  ck_assert_uint_eq(written, 0);
  test_folder_remove(g_steal_pointer(&folder));
  setup();
}
END_TEST

/* ---- Two CPUs ask for the same page ---- */

enum { PAGES = 400 };

static pthread_barrier_t barrier;
static uint64_t answers[2][PAGES];

static void run_claims(void *data)
{
  uint64_t *mine = data;
  uint32_t id = mine == answers[1];
  sim_cpu_enter(test_machine, id);
  for (uint64_t i = 0; i < PAGES; i++) {
    struct fm_slot *slot;
    uint64_t page = 40 * MIB + i * FM_CHUNK_PAGE * FM_PAGE_SIZE;
    (void)pthread_barrier_wait(&barrier);
    /* Both touch it; each claims a frame of its own, and then the other's. */
    mine[i] = ops->claim(test_kernel(), fm_paddr_of(page + id * FM_PAGE_SIZE), test_anon(), NULL,
                         false, &slot);
    (void)pthread_barrier_wait(&barrier);
    mine[i] =
        mine[i] << 8 | ops->get(test_kernel(), fm_paddr_of(page + (1 - id) * FM_PAGE_SIZE), &slot);
  }
}

static void *run_thread(void *data)
{
  (void)sim_guard_run(test_machine, run_claims, data);
  return NULL;
}

START_TEST(two_cpus_may_touch_a_page_at_once)
{
  pthread_t threads[2];
  ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 2), 0);
  for (unsigned id = 0; id < 2; id++)
    ck_assert_int_eq(pthread_create(&threads[id], NULL, run_thread, answers[id]), 0);
  for (unsigned id = 0; id < 2; id++)
    ck_assert_int_eq(pthread_join(threads[id], NULL), 0);
  (void)pthread_barrier_destroy(&barrier);
  for (unsigned id = 0; id < 2; id++)
    for (unsigned i = 0; i < PAGES; i++)
      ck_assert_uint_eq(answers[id][i], FM_GET_OK << 8 | FM_GET_OK);
  for (uint64_t i = 0; i < PAGES; i++) {
    uint64_t page = 40 * MIB + i * FM_CHUNK_PAGE * FM_PAGE_SIZE;
    ck_assert_uint_eq(test_slot(page)->ref_count, 2);
    ck_assert_uint_eq(test_slot(page + FM_PAGE_SIZE)->ref_count, 2);
    ck_assert_uint_eq(test_slot(page + 2 * FM_PAGE_SIZE)->ref_count, FM_COUNT_UNUSED);
  }
  ck_assert_ptr_null(sim_machine_panic(test_machine));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("chunk");
  TCase *tc = tcase_create("chunk");

  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_test(tc, a_slot_is_written_when_it_is_asked_for);
  tcase_add_test(tc, addresses_without_a_slot_have_none);
  tcase_add_test(tc, what_the_boot_marked_is_shared_before_and_after);
  tcase_add_test(tc, an_eager_machine_has_no_table);
  tcase_add_test(tc, what_is_marked_already_is_not_marked_again);
  tcase_add_loop_test(tc, it_cannot_be_told_from_an_eager_one, 0, 2 * FM_ALLOCATORS);
  tcase_add_test(tc, the_allocator_finds_the_same_frames_free);
  tcase_add_test(tc, materialising_writes_what_is_left_and_changes_nothing);
  suite_add_tcase(suite, tc);

  tc = tcase_create("threads");
  tcase_add_checked_fixture(tc, setup_none, test_teardown);
  tcase_add_test(tc, two_cpus_may_touch_a_page_at_once);
  suite_add_tcase(suite, tc);
  return suite;
}
