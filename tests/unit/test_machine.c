/* SPDX-License-Identifier: MPL-2.0 */
/* The machine: its life, over and over; aliasing; panics; CPUs; findings. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sim/error.h"
#include "sim/internal.h"
#include "tests/support.h"

static struct test_config config;

static void setup(void)
{
  test_config_init(&config);
}

/* ---- Life ---- */

START_TEST(a_second_machine_is_refused)
{
  g_autoptr(GError) error = NULL;

  test_machine_boot_with(&config);
  g_autofree char *before = sim_machine_digest(test_machine);
  ck_assert_ptr_null(test_machine_create(&config, &error));
  ck_assert_str_eq(error->message, "this process already simulates a machine");
  /* The first one goes on. */
  g_autofree char *after = sim_machine_digest(test_machine);
  ck_assert_str_eq(before, after);
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  sim_machine_ops(test_machine)->frame_drop(test_kernel(), frame);
}
END_TEST

START_TEST(the_windows_go_with_the_machine)
{
  unsigned files = test_open_files();

  test_machine_boot_with(&config);
  ck_assert_uint_eq(test_open_files(), files + 1);
  test_teardown();
  ck_assert_uint_eq(test_open_files(), files);
  g_autofree char *maps = NULL;
  ck_assert(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
  ck_assert_ptr_null(strstr(maps, "framesim-ram"));
  ck_assert_ptr_null(sim_machine_free(NULL));
}
END_TEST

/* A little work, so that there is something to leak. */
static void use_machine(unsigned round)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *digest = NULL;
  struct fm_frame frame;
  const struct fm_ops *ops = test_use_build((int)(round % 2));

  ck_assert_int_eq(ops->frame_alloc(test_kernel(), &(struct fm_alloc_options){0}, &frame),
                   FM_ALLOC_OK);
  if (round % 100 == 0) {
    digest = sim_machine_digest(test_machine);
    test_expect_sound();
  }
  ops->frame_drop(test_kernel(), frame);
  frame.slot->ref_count = 0;
  if (round % 10 == 0)
    (void)ops->frame_clone(frame); /* a finding that nobody takes */
  if (round % 50 == 0)
    ck_assert_ptr_null(test_machine_create(&config, &error));
}

START_TEST(machines_come_and_go_without_a_leak)
{
  enum { WARM_UP = 10, ROUNDS = 2010 };
  static const uint64_t sizes[] = {4 * MIB, 5 * MIB, 8 * MIB};
  unsigned files = 0, mappings = 0;

  for (unsigned round = 0; round < ROUNDS; round++) {
    if (round == WARM_UP) {
      files = test_open_files();
      mappings = test_mappings();
    }
    config.ram = sizes[round % 3];
    config.sim.cpus = 1 + round % 4;
    test_machine_boot_with(&config);
    use_machine(round);
    test_teardown();
  }
  ck_assert_uint_eq(test_open_files(), files);
  /* Without a sanitizer nothing else maps meanwhile. */
  if (FM_SANITIZER[0] == '\0')
    ck_assert_uint_eq(test_mappings(), mappings);
  else
    ck_assert_uint_lt(test_mappings(), mappings + 200);
}
END_TEST

START_TEST(refused_machines_leave_nothing_behind)
{
  unsigned files = test_open_files();

  config.sim.kernel_base = 1;
  for (int i = 0; i < 100; i++) {
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(test_machine_create(&config, &error));
    ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_USAGE));
    g_autoptr(GError) no_file = NULL;
    ck_assert_ptr_null(sim_machine_open("/nonexistent/ram", FM_STAGE_LOADED, &no_file));
    ck_assert(g_error_matches(no_file, SIM_ERROR, SIM_ERROR_INPUT));
  }
  ck_assert_uint_eq(test_open_files(), files);
  config.sim.kernel_base = TEST_IMAGE;
  test_machine_boot_with(&config);
}
END_TEST

/* ---- Aliasing ---- */

START_TEST(a_slot_is_seen_through_both_windows_and_in_the_file)
{
  g_autoptr(GError) error = NULL;
  char *folder = test_folder_new();
  g_autofree char *path = g_build_filename(folder, "ram", NULL);
  struct fm_slot from_file;

  config.sim.ram_file = path;
  test_machine_boot_with(&config);
  struct fm_frame frame = test_claim(TEST_FRAME, fm_meta_empty(FM_META_TYPED), NULL);
  memset(frame.slot->storage, 0x3c, sizeof(frame.slot->storage));
  uint64_t paddr = test_kernel()->meta_start + TEST_FRAME / FM_PAGE_SIZE * FM_SLOT_SIZE;
  struct fm_slot *linear = fm_linear(fm_paddr_of(paddr), sizeof(*linear));

  ck_assert_ptr_ne(linear, frame.slot);
  ck_assert_mem_eq(linear, frame.slot, sizeof(*linear));
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ck_assert_int_eq(pread(fd, &from_file, sizeof(from_file), (off_t)paddr), sizeof(from_file));
  ck_assert_mem_eq(&from_file, frame.slot, sizeof(from_file));
  ck_assert_uint_eq(from_file.ref_count, 1);
  (void)close(fd);

  linear->ref_count = 5; /* and the other way round */
  ck_assert_uint_eq(sim_machine_ops(test_machine)->frame_count(frame), 5);
  test_teardown();
  test_folder_remove(folder);
}
END_TEST

START_TEST(kernel_addresses_of_all_three_ranges_find_their_byte)
{
  test_machine_boot_with(&config);
  uint8_t *image = fm_image_ptr(fm_image_kaddr(fm_paddr_of(TEST_IMAGE)));

  ck_assert_ptr_eq(fm_kaddr_ptr(fm_image_kaddr(fm_paddr_of(TEST_IMAGE))), image);
  ck_assert_ptr_eq(fm_kaddr_ptr(fm_linear_kaddr(fm_paddr_of(TEST_IMAGE))), image);
  ck_assert_ptr_eq(fm_kaddr_ptr(fm_frame_to_meta(fm_paddr_of(TEST_FRAME))), test_slot(TEST_FRAME));
  ck_assert_ptr_null(fm_kaddr_ptr(fm_kaddr_of(0)));
  ck_assert_ptr_null(fm_kaddr_ptr(fm_kaddr_of(FM_LINEAR_BASE - 1)));
  ck_assert_ptr_null(fm_kaddr_ptr(fm_kaddr_of(FM_META_END)));
  ck_assert_uint_eq(*(uint64_t *)(void *)image, FM_BOOT_MAGIC);
}
END_TEST

/* ---- A machine left behind ---- */

START_TEST(a_ram_file_can_be_looked_at_later)
{
  g_autoptr(GError) error = NULL;
  char *folder = test_folder_new();
  g_autofree char *path = g_build_filename(folder, "ram", NULL);

  config.sim.ram_file = path;
  test_machine_boot_with(&config);
  (void)test_claim(TEST_FRAME, test_anon(), NULL);
  g_autofree char *before = sim_machine_digest(test_machine);
  test_teardown();

  test_machine = sim_machine_open(path, FM_STAGE_METADATA, &error);
  ck_assert_msg(test_machine != NULL, "%s", error != NULL ? error->message : "");
  g_autofree char *after = sim_machine_digest(test_machine);
  ck_assert_str_eq(before, after);
  ck_assert(!sim_machine_has_writer(test_machine));
  ck_assert_uint_eq(test_kernel()->max_paddr, TEST_RAM);
  ck_assert_uint_eq(test_slot(TEST_FRAME)->ref_count, 1);
  test_teardown();

  /* And be overwritten by the next machine. */
  test_machine_boot_with(&config);
  ck_assert_uint_eq(test_slot(TEST_FRAME)->ref_count, FM_COUNT_UNUSED);
  test_teardown();
  test_folder_remove(folder);
}
END_TEST

/* ---- Ends ---- */

static void run_panic(void *data)
{
  fm_port_panic(data);
}

static void run_never(void *data)
{
  *(bool *)data = true;
}

START_TEST(a_panic_ends_the_machine_and_not_the_program)
{
  static char text[] = "it is over";
  bool ran = false;

  test_machine_boot_with(&config);
  ck_assert_ptr_null(sim_machine_panic(test_machine));
  ck_assert_int_eq(sim_guard_run(test_machine, run_panic, text), SIM_END_PANIC);
  ck_assert_str_eq(sim_machine_panic(test_machine), text);
  /* It can be looked at, not changed. */
  ck_assert_int_eq(sim_guard_run(test_machine, run_never, &ran), SIM_END_PANIC);
  ck_assert(!ran);
  test_expect_sound();
  test_teardown();

  test_machine_boot_with(&config);
  ck_assert_int_eq(sim_guard_run(test_machine, run_never, &ran), SIM_END_DONE);
  ck_assert(ran);
}
END_TEST

/* ---- CPUs, findings, builds ---- */

START_TEST(each_cpu_counts_its_own_free_bytes)
{
  fm_paddr paddr;

  config.sim.cpus = 2;
  test_machine_boot_with(&config);
  const struct fm_ops *ops = test_use_build(_i);
  uint64_t before = ops->free_bytes(test_kernel());
  uint64_t boot_share = fm_kernel_cpu(test_kernel(), 0)->free_bytes;

  sim_cpu_enter(test_machine, 1);
  ck_assert_uint_eq(fm_port_this_cpu.id, 1);
  ck_assert(ops->alloc(test_kernel(), 3 * FM_PAGE_SIZE, FM_PAGE_SIZE, &paddr));
  ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), 1)->free_bytes, -(3 * FM_PAGE_SIZE));
  ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), 0)->free_bytes, boot_share);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), before - 3 * FM_PAGE_SIZE);

  sim_cpu_enter(test_machine, 0);
  ops->dealloc(test_kernel(), paddr, 3 * FM_PAGE_SIZE);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), before);
  ck_assert_uint_eq(fm_port_this_cpu.irq_depth, 0);
}
END_TEST

START_TEST(free_bytes_are_never_shown_below_zero)
{
  test_machine_boot_with(&config);
  fm_kernel_cpu(test_kernel(), 0)->free_bytes = (uint64_t)-4096;
  ck_assert_uint_eq(test_use_build(_i)->free_bytes(test_kernel()), 0);
}
END_TEST

START_TEST(findings_are_handed_over_once)
{
  test_machine_boot_with(&config);
  fm_port_finding("one", test_slot(TEST_FRAME));
  fm_port_finding("two", NULL);
  g_auto(GStrv) texts = sim_machine_take_findings(test_machine);
  ck_assert_uint_eq(g_strv_length(texts), 2);
  ck_assert_str_eq(texts[0], "one (frame 0x500000)");
  ck_assert_str_eq(texts[1], "two");
  ck_assert_ptr_null(sim_machine_take_findings(test_machine));
  fm_port_finding("three", NULL);
  ck_assert_uint_eq(test_take_findings(NULL), 1);
}
END_TEST

START_TEST(both_builds_work_on_the_same_frames)
{
  test_machine_boot_with(&config);
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  (void)test_use_build(1)->frame_clone(frame);
  test_use_build(0)->frame_drop(test_kernel(), frame);
  ck_assert_uint_eq(test_use_build(1)->frame_count(frame), 1);
  test_use_build(1)->frame_drop(test_kernel(), frame);
  ck_assert_uint_eq(frame.slot->ref_count, FM_COUNT_UNUSED);
}
END_TEST

/* _i: the stage that the boot had reached when its process ended. */
START_TEST(a_boot_that_ended_early_can_be_looked_at)
{
  g_autofree char *folder = test_folder_new();
  g_autofree char *path = g_build_filename(folder, "ram", NULL);
  g_autoptr(GError) error = NULL;

  test_config_init(&config);
  config.stage = (enum fm_boot_stage)_i;
  config.sim.cpus = 2;
  config.sim.ram_file = path;
  test_machine_boot_with(&config);
  test_teardown();
  test_machine = sim_machine_open(path, FM_STAGE_LOADED, &error);
  ck_assert_msg(test_machine != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_uint_eq(sim_machine_info(test_machine)->cpus, 2);
  ck_assert_uint_eq(sim_machine_info(test_machine)->image_base, TEST_IMAGE);
  ck_assert_uint_eq(test_kernel()->stage, _i);
  if (_i >= FM_STAGE_EARLY)
    ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), 1)->cr3,
                      _i == FM_STAGE_DONE ? test_kernel()->kernel_root : test_kernel()->boot_root);
  if (_i >= FM_STAGE_METADATA)
    test_expect_sound();
  test_teardown();

  /* Who needs more is told how far it came. */
  bool enough = _i >= FM_STAGE_ALLOCATOR;
  test_machine = sim_machine_open(path, FM_STAGE_ALLOCATOR, &error);
  ck_assert_int_eq(test_machine != NULL, enough);
  if (!enough)
    ck_assert_ptr_nonnull(strstr(error->message, "and not to 'allocator'"));
  test_folder_remove(g_steal_pointer(&folder));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("machine");
  TCase *tc = tcase_create("machine");

  tcase_set_timeout(tc, 100);
  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_test(tc, a_second_machine_is_refused);
  tcase_add_test(tc, the_windows_go_with_the_machine);
  tcase_add_test(tc, machines_come_and_go_without_a_leak);
  tcase_add_test(tc, refused_machines_leave_nothing_behind);
  tcase_add_test(tc, a_slot_is_seen_through_both_windows_and_in_the_file);
  tcase_add_test(tc, kernel_addresses_of_all_three_ranges_find_their_byte);
  tcase_add_test(tc, a_ram_file_can_be_looked_at_later);
  tcase_add_test(tc, a_panic_ends_the_machine_and_not_the_program);
  tcase_add_loop_test(tc, each_cpu_counts_its_own_free_bytes, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, free_bytes_are_never_shown_below_zero, 0, TEST_BUILDS);
  tcase_add_test(tc, findings_are_handed_over_once);
  tcase_add_test(tc, both_builds_work_on_the_same_frames);
  tcase_add_loop_test(tc, a_boot_that_ended_early_can_be_looked_at, 0, FM_STAGES);
  suite_add_tcase(suite, tc);
  return suite;
}
