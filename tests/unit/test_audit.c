/* SPDX-License-Identifier: MPL-2.0 */
/* The audit as a whole: sound machines, names, order, threads, holes. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/rng.h"
#include "tests/audit_support.h"

/* ---- Sound machines ---- */

static const struct {
  enum fm_allocator_kind allocator;
  enum fm_metadata_mode metadata;
  uint32_t cpus;
  enum fm_boot_stage stage;
} sound[] = {
    {FM_ALLOCATOR_NONE, FM_METADATA_EAGER, 1, FM_STAGE_ALLOCATOR},
    {FM_ALLOCATOR_NONE, FM_METADATA_DEFERRED, 3, FM_STAGE_ALLOCATOR},
    {FM_ALLOCATOR_BITMAP, FM_METADATA_EAGER, 1, FM_STAGE_METADATA},
    {FM_ALLOCATOR_BITMAP, FM_METADATA_EAGER, 3, FM_STAGE_DONE},
    {FM_ALLOCATOR_BITMAP, FM_METADATA_DEFERRED, 1, FM_STAGE_DONE},
    {FM_ALLOCATOR_BITMAP, FM_METADATA_DEFERRED, 3, FM_STAGE_ALLOCATOR},
    {FM_ALLOCATOR_BUDDY, FM_METADATA_EAGER, 1, FM_STAGE_METADATA},
    {FM_ALLOCATOR_BUDDY, FM_METADATA_EAGER, 1, FM_STAGE_ALLOCATOR},
    {FM_ALLOCATOR_BUDDY, FM_METADATA_EAGER, 1, FM_STAGE_KERNEL_TABLE},
    {FM_ALLOCATOR_BUDDY, FM_METADATA_EAGER, 64, FM_STAGE_DONE},
    {FM_ALLOCATOR_BUDDY, FM_METADATA_DEFERRED, 1, FM_STAGE_DONE},
    {FM_ALLOCATOR_BUDDY, FM_METADATA_DEFERRED, 3, FM_STAGE_DONE},
};

static void boot(uint64_t ram, enum fm_allocator_kind allocator, const char *file)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = ram;
  config.stage = FM_STAGE_DONE;
  config.sim.allocator = allocator;
  config.sim.ram_file = file;
  test_machine_boot_with(&config);
}

START_TEST(a_sound_machine_has_no_fault)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = 256 * MIB;
  config.stage = sound[_i].stage;
  config.sim.allocator = sound[_i].allocator;
  config.sim.metadata = sound[_i].metadata;
  config.sim.cpus = sound[_i].cpus;
  test_machine_boot_with(&config);
  expect_sound();
  const struct fm_ops *ops = sim_machine_ops(test_machine);
  struct fm_frame frame = {NULL};
  if (sound[_i].stage >= FM_STAGE_ALLOCATOR && sound[_i].allocator != FM_ALLOCATOR_NONE) {
    for (unsigned i = 0; i < 100; i++) {
      ck_assert_int_eq(ops->frame_alloc(test_kernel(), &(struct fm_alloc_options){0}, &frame),
                       FM_ALLOC_OK);
      if (i % 3 == 0)
        ops->frame_drop(test_kernel(), frame);
    }
    expect_sound();
  }
}
END_TEST

/* ---- Names ---- */

START_TEST(every_clause_has_a_name_and_a_sentence_of_its_own)
{
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) texts = g_hash_table_new(g_str_hash, g_str_equal);
  for (unsigned i = 0; i < SIM_AUDIT_CLAUSES; i++) {
    const char *name = sim_audit_clause_name((enum sim_audit_clause)i);
    const char *text = sim_audit_clause_text((enum sim_audit_clause)i);
    ck_assert_ptr_nonnull(strchr(name, '.'));
    ck_assert_uint_gt(strlen(text), 10);
    ck_assert(g_hash_table_add(names, (gpointer)name));
    ck_assert(g_hash_table_add(texts, (gpointer)text));
  }
}
END_TEST

START_TEST(every_clause_is_documented)
{
  static const char *const files[] = {"docs/states.md", "docs/man/framesim-check.1"};
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    const char *name = files[i]; /* tests run in the root of the tree */
    g_autofree char *text = NULL;
    ck_assert_msg(g_file_get_contents(name, &text, NULL, NULL), "%s", name);
    for (unsigned clause = 1; clause < SIM_AUDIT_CLAUSES; clause++)
      ck_assert_msg(strstr(text, sim_audit_clause_name((enum sim_audit_clause)clause)) != NULL,
                    "%s does not have %s", name,
                    sim_audit_clause_name((enum sim_audit_clause)clause));
  }
}
END_TEST

START_TEST(the_figures_say_what_was_found)
{
  struct sim_audit_fault fault = {.count = 18, .of_slot = true, .storage = "FrameLink"};
  g_autofree char *slot = sim_audit_figures(&fault);
  ck_assert_str_eq(slot, "ref_count 0x12, storage FrameLink");
  fault.of_slot = false;
  fault.expected = 17;
  g_autofree char *bare = sim_audit_figures(&fault);
  ck_assert_str_eq(bare, "found 0x12, expected 0x11");
  (void)g_strlcpy(fault.place, "order 3 of CPU 1", sizeof(fault.place));
  g_autofree char *placed = sim_audit_figures(&fault);
  ck_assert_str_eq(placed, "order 3 of CPU 1; found 0x12, expected 0x11");
}
END_TEST

/* ---- Single slots ---- */

/* Among unused ones, at each place that a slot can have in a batch. */
START_TEST(a_broken_slot_is_named_wherever_it_lies)
{
  static const struct {
    enum sim_audit_clause clause;
    uint64_t count, in_list;
    bool no_type;
  } rows[] = {
      {(enum sim_audit_clause)FM_SLOT_BUSY_AT_REST, FM_COUNT_BUSY, 0, false},
      {(enum sim_audit_clause)FM_SLOT_ILLEGAL_COUNT, FM_COUNT_MAX + 1, 0, false},
      {(enum sim_audit_clause)FM_SLOT_BAD_VTABLE, 1, 0, true},
      {(enum sim_audit_clause)FM_SLOT_UNUSED_IN_LIST, FM_COUNT_UNUSED, 1, false},
      {(enum sim_audit_clause)FM_SLOT_SHARED_IN_LIST, 1, 1, false},
  };
  boot(64 * MIB, FM_ALLOCATOR_BUDDY, NULL);
  expect_sound();
  for (size_t row = 0; row < G_N_ELEMENTS(rows); row++)
    for (uint64_t nr = 1; nr < 20; nr++) {
      uint64_t frame = 48 * MIB + nr * FM_PAGE_SIZE;
      struct fm_slot before = *test_slot(frame);
      test_slot(frame)->ref_count = rows[row].count;
      test_slot(frame)->in_list = rows[row].in_list;
      test_slot(frame)->vtable_ptr = rows[row].no_type ? 1 : test_kernel()->vtables;
      judge(1);
      ck_assert_uint_eq(told->len, 1);
      ck_assert_int_eq(fault_at(0)->number, rows[row].clause);
      ck_assert_uint_eq(fault_at(0)->frame.raw, frame);
      ck_assert_uint_eq(fault_at(0)->count, rows[row].count);
      *test_slot(frame) = before;
    }
}
END_TEST

/* ---- Order and threads ---- */

START_TEST(faults_of_slots_and_structures_come_in_the_order_of_frames)
{
  boot(64 * MIB, FM_ALLOCATOR_BUDDY, NULL);
  test_slot(FM_PAGE_SIZE)->ref_count = 0; /* heads of chunks have faults of their own */
  test_slot(TEST_IMAGE + FM_IMAGE_CPU0)->ref_count = 0;
  test_slot(63 * MIB + FM_PAGE_SIZE)->ref_count = 0;
  fm_kernel_cpu(test_kernel(), 0)->free_bytes += 1;
  judge(1);
  ck_assert_uint_eq(told->len, 4);
  ck_assert_uint_eq(fault_at(0)->frame.raw, FM_PAGE_SIZE);
  ck_assert_str_eq(fault_at(1)->clause, "slot.busy_at_rest");
  ck_assert_uint_eq(fault_at(1)->frame.raw, TEST_IMAGE + FM_IMAGE_CPU0);
  ck_assert_str_eq(fault_at(2)->clause, "free.bytes");
  ck_assert_uint_eq(fault_at(2)->frame.raw, TEST_IMAGE + FM_IMAGE_CPU0);
  ck_assert_uint_eq(fault_at(3)->frame.raw, 63 * MIB + FM_PAGE_SIZE);
}
END_TEST

START_TEST(threads_find_what_one_finds_in_the_same_order)
{
  struct sim_rng rng;
  sim_rng_init(&rng, 7, "threads");
  boot(GIB, FM_ALLOCATOR_BUDDY, NULL);
  for (unsigned i = 0; i < 300; i++)
    test_slot(sim_rng_below(&rng, GIB / FM_PAGE_SIZE) * FM_PAGE_SIZE)->ref_count =
        sim_rng_below(&rng, 3);
  judge(1);
  g_autoptr(GArray) alone = g_array_ref(told);
  struct sim_audit_result before = verdict;
  ck_assert_uint_gt(alone->len, 250);
  for (unsigned threads = 2; threads <= 5; threads++) {
    judge(threads);
    ck_assert_uint_eq(told->len, alone->len);
    ck_assert_mem_eq(told->data, alone->data, told->len * sizeof(struct sim_audit_fault));
    ck_assert_mem_eq(&verdict, &before, sizeof(verdict));
  }
}
END_TEST

static void note_progress(uint64_t done, uint64_t frames, void *data)
{
  uint64_t *last = data;
  ck_assert_uint_gt(done, *last);
  ck_assert_uint_le(done, frames);
  *last = done;
}

START_TEST(progress_goes_up_to_the_last_frame)
{
  uint64_t last = 0;
  const struct sim_audit_options options = {
      .progress = note_progress, .data = &last, .threads = 1 + (unsigned)_i};
  boot(GIB, FM_ALLOCATOR_BITMAP, NULL);
  sim_audit_run(test_machine, &options, &verdict);
  ck_assert_uint_eq(last, GIB / FM_PAGE_SIZE);
}
END_TEST

/* ---- Holes ---- */

static char *folder, *path;

static void setup_file(void)
{
  folder = test_folder_new();
  path = g_build_filename(folder, "ram", NULL);
}

static void teardown_file(void)
{
  test_teardown();
  g_clear_pointer(&path, g_free);
  test_folder_remove(folder);
}

START_TEST(a_hole_where_slots_should_be_is_one_fault)
{
  boot(64 * MIB, FM_ALLOCATOR_BUDDY, path);
  expect_sound();
  int fd = open(path, O_RDWR | O_CLOEXEC);
  ck_assert_int_ge(fd, 0);
  /* 4 pages of slots, of frames that are free and no heads. */
  uint64_t frame = 48 * MIB + 64 * FM_PAGE_SIZE;
  ck_assert_int_eq(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                             (off_t)(test_kernel()->meta_start + frame / 64), 4 * 4096),
                   0);
  (void)close(fd);
  judge(1);
  ck_assert_uint_eq(told->len, 1);
  ck_assert_str_eq(fault_at(0)->clause, "slot.hole");
  ck_assert_uint_eq(fault_at(0)->frame.raw, frame);
  ck_assert_uint_eq(fault_at(0)->count, UINT64_C(4) * 64);
}
END_TEST

/* What a file without slots costs is not memory. */
START_TEST(holes_are_not_filled_by_looking)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = 4 * GIB;
  config.sim.metadata = FM_METADATA_DEFERRED;
  config.sim.allocator = FM_ALLOCATOR_BUDDY;
  config.stage = FM_STAGE_DONE;
  config.sim.ram_file = path;
  test_machine_boot_with(&config);
  struct stat before, after;
  ck_assert_int_eq(stat(path, &before), 0);
  expect_sound();
  judge(4);
  ck_assert_int_eq(stat(path, &after), 0);
  ck_assert_int_eq(before.st_blocks, after.st_blocks);
}
END_TEST

/* ---- A file that is cut short meanwhile ---- */

static void cut(uint64_t done, uint64_t frames, void *data)
{
  (void)frames;
  (void)data;
  if (done <= UINT64_C(65536))
    ck_assert_int_eq(truncate(path, (off_t)(test_kernel()->meta_start + 8 * MIB)), 0);
}

static void run_audit(void *data)
{
  const struct sim_audit_options options = {.progress = cut, .threads = *(const unsigned *)data};
  sim_audit_run(test_machine, &options, &verdict);
}

START_TEST(a_file_that_is_cut_short_ends_the_audit_of_every_thread)
{
  g_autoptr(GError) error = NULL;
  unsigned threads = _i == 0 ? 1 : 3;
  boot(8 * GIB, FM_ALLOCATOR_BUDDY, path);
  test_teardown();
  test_machine = sim_machine_open(path, FM_STAGE_DONE, &error);
  ck_assert_msg(test_machine != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_int_eq(sim_guard_run(test_machine, run_audit, &threads), SIM_END_HOST);
  ck_assert_ptr_nonnull(strstr(sim_machine_panic(test_machine), "cut short"));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("audit");
  TCase *tc = tcase_create("audit");
  TCase *file = tcase_create("file");

  tcase_add_checked_fixture(tc, NULL, test_teardown);
  tcase_add_loop_test(tc, a_sound_machine_has_no_fault, 0, G_N_ELEMENTS(sound));
  tcase_add_test(tc, every_clause_has_a_name_and_a_sentence_of_its_own);
  tcase_add_test(tc, every_clause_is_documented);
  tcase_add_test(tc, the_figures_say_what_was_found);
  tcase_add_test(tc, a_broken_slot_is_named_wherever_it_lies);
  tcase_add_test(tc, faults_of_slots_and_structures_come_in_the_order_of_frames);
  tcase_add_test(tc, threads_find_what_one_finds_in_the_same_order);
  tcase_add_loop_test(tc, progress_goes_up_to_the_last_frame, 0, 2);
  suite_add_tcase(suite, tc);
  tcase_add_checked_fixture(file, setup_file, teardown_file);
  tcase_add_test(file, a_hole_where_slots_should_be_is_one_fault);
  tcase_add_test(file, holes_are_not_filled_by_looking);
  tcase_add_loop_test(file, a_file_that_is_cut_short_ends_the_audit_of_every_thread, 0, 2);
  suite_add_tcase(suite, file);
  return suite;
}
