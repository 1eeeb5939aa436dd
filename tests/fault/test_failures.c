/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Failures of the host, made on purpose: each is named with its remedy, none kills the
 * program, and another machine can be booted afterwards.
 *
 * Limits of this process are lowered and raised again (soft limits).  The one on address
 * space does not go together with sanitizers, so that test stands with the death tests.
 */
#include <bsd/libutil.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/error.h"
#include "tests/support.h"

static char *folder, *ram_path;
static struct test_config config;

static void setup(void)
{
  folder = test_folder_new();
  ram_path = g_build_filename(folder, "ram", NULL);
  test_config_init(&config);
}

static void teardown(void)
{
  test_teardown();
  g_clear_pointer(&ram_path, g_free);
  test_folder_remove(folder);
}

static void expect_error(GError *error, enum sim_error code, const char *text)
{
  ck_assert_ptr_nonnull(error);
  ck_assert_msg(g_error_matches(error, SIM_ERROR, (int)code), "code %d: %s", error->code,
                error->message);
  ck_assert_msg(strstr(error->message, text) != NULL, "'%s' is not in: %s", text, error->message);
}

static void expect_refusal(enum sim_error code, const char *text)
{
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(test_machine_create(&config, &error));
  expect_error(error, code, text);
}

/* The same machine, now that nothing stands in its way. */
static void expect_boot(void)
{
  test_machine_boot_with(&config);
  test_expect_sound();
  test_teardown();
}

/* ---- Addresses that are taken ---- */

static void *occupy(uint64_t address)
{
  g_autofree char *path = g_build_filename(folder, "occupant", NULL);
  ck_assert(g_file_set_contents(path, "here I am", -1, NULL));
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  void *at =
      mmap((void *)(uintptr_t)address, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);
  (void)close(fd);
  ck_assert_ptr_eq(at, (void *)(uintptr_t)address);
  return at;
}

START_TEST(an_address_that_is_taken_is_named_with_its_occupant)
{
  void *at = occupy(FM_LINEAR_WINDOW + 3 * MIB);

  config.sim.ram_file = _i == 0 ? NULL : ram_path;
  expect_refusal(SIM_ERROR_LIMIT, "the linear window cannot be mapped at 0x");
  expect_refusal(SIM_ERROR_LIMIT, "/occupant\nhint: build with other windows");
  ck_assert_str_eq(at, "here I am");
  ck_assert_int_eq(munmap(at, 4096), 0);
  expect_boot();
}
END_TEST

START_TEST(a_taken_address_that_the_boot_needs_is_named_too)
{
  g_autoptr(GError) error = NULL;
  void *at = occupy(FM_META_WINDOW);

  test_machine = test_machine_create(&config, &error);
  ck_assert_ptr_nonnull(test_machine);
  ck_assert(!sim_machine_boot(test_machine, &error));
  expect_error(error, SIM_ERROR_LIMIT, "the metadata window cannot be mapped at 0x");
  ck_assert_ptr_nonnull(strstr(error->message, "/occupant\n"));
  test_teardown();
  ck_assert_int_eq(munmap(at, 4096), 0);
  expect_boot();
}
END_TEST

/* ---- Files of others ---- */

START_TEST(a_ram_file_that_another_process_writes_is_refused)
{
  int ready[2], end[2];
  char byte = 0;

  config.sim.ram_file = ram_path;
  ck_assert_int_eq(pipe(ready), 0);
  ck_assert_int_eq(pipe(end), 0);
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    int fd = flopen(ram_path, O_RDWR | O_CREAT, 0644);
    (void)!write(ready[1], fd >= 0 ? "y" : "n", 1);
    (void)close(end[1]);
    (void)!read(end[0], &byte, 1); /* until the other side closes it */
    _exit(0);
  }
  (void)close(end[0]);
  ck_assert_int_eq(read(ready[0], &byte, 1), 1);
  ck_assert_int_eq(byte, 'y');
  expect_refusal(SIM_ERROR_INPUT, "is locked: another process simulates a machine in it");
  (void)close(end[1]);
  ck_assert_int_eq(waitpid(child, NULL, 0), child);
  expect_boot();
  (void)close(ready[0]);
  (void)close(ready[1]);
}
END_TEST

START_TEST(a_file_of_somebody_else_is_left_alone)
{
  g_autofree char *text = g_strnfill(3 * 1024 * 1024, 'x');
  g_autofree char *after = NULL;
  gsize size;
  struct stat before_stat, after_stat;

  config.sim.ram_file = ram_path;
  ck_assert(g_file_set_contents(ram_path, text, -1, NULL));
  ck_assert_int_eq(stat(ram_path, &before_stat), 0);
  expect_refusal(SIM_ERROR_INPUT, "exists and is no RAM file of framesim, so it is left alone");
  ck_assert(g_file_get_contents(ram_path, &after, &size, NULL));
  ck_assert_int_eq(stat(ram_path, &after_stat), 0);
  ck_assert_uint_eq(size, strlen(text));
  ck_assert_mem_eq(after, text, size);
  ck_assert_int_eq(after_stat.st_mtim.tv_sec, before_stat.st_mtim.tv_sec);
  ck_assert_int_eq(after_stat.st_mtim.tv_nsec, before_stat.st_mtim.tv_nsec);
}
END_TEST

/* ---- No room ---- */

/* Takes a frame and writes to it.  (Not an atomic access: the thread sanitizer would hold a
 * lock of its own when it faults.) */
static void run_write(void *data)
{
  struct fm_slot *slot;
  (void)data;
  if (sim_machine_ops(test_machine)
          ->claim(test_kernel(), fm_paddr_of(TEST_FRAME), test_anon(), NULL, false, &slot) ==
      FM_GET_OK)
    *(volatile uint8_t *)fm_linear(fm_paddr_of(TEST_FRAME), FM_PAGE_SIZE) = 1;
}

/* A file that ends where the mapping goes on answers as a full disk does: by SIGBUS. */
START_TEST(a_full_disk_in_the_middle_of_the_boot_is_reported)
{
  g_autoptr(GError) error = NULL;

  config.sim.ram_file = ram_path;
  test_machine = test_machine_create(&config, &error);
  ck_assert_ptr_nonnull(test_machine);
  test_use_build(_i);
  ck_assert_int_eq(truncate(ram_path, (off_t)(3 * MIB)), 0);
  ck_assert(!sim_machine_boot(test_machine, &error));
  expect_error(error, SIM_ERROR_LIMIT, "the RAM file has no room left");
  ck_assert_ptr_nonnull(strstr(error->message, ram_path));
  ck_assert_ptr_nonnull(strstr(error->message, "choose a file system with more room (--ram)"));
  test_teardown();
  expect_boot();
}
END_TEST

START_TEST(a_full_disk_in_the_middle_of_an_operation_ends_the_machine)
{
  config.sim.ram_file = ram_path;
  test_machine_boot_with(&config);
  test_use_build(_i);
  ck_assert_int_eq(truncate(ram_path, (off_t)(4 * MIB)), 0);
  ck_assert_int_eq(sim_guard_run(test_machine, run_write, NULL), SIM_END_HOST);
  ck_assert_ptr_nonnull(strstr(sim_machine_panic(test_machine), "has no room left"));
  ck_assert_int_eq(sim_guard_run(test_machine, run_write, NULL), SIM_END_PANIC);
  test_teardown();
  expect_boot();
}
END_TEST

/* In a process of its own: a file system of 4 MiB, filled when the machine is switched on.
 * Returns a text for what went wrong, NULL if nothing. */
static const char *fill_the_disk(void)
{
  static char text[512];
  g_autoptr(GError) error = NULL;
  g_autofree char *filler = g_build_filename(folder, "filler", NULL);
  char page[4096] = {0};

  test_machine = test_machine_create(&config, &error);
  if (test_machine == NULL)
    return "the machine was refused";
  int fd = open(filler, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  while (write(fd, page, sizeof(page)) > 0)
    continue;
  if (sim_machine_boot(test_machine, &error))
    return "it booted";
  (void)g_strlcpy(text, error->message, sizeof(text));
  if (!g_error_matches(error, SIM_ERROR, SIM_ERROR_LIMIT) ||
      strstr(text, "the RAM file has no room left") == NULL)
    return text;
  test_teardown();
  (void)close(fd);
  (void)g_unlink(filler);
  g_clear_error(&error);
  test_machine = test_machine_create(&config, &error);
  return test_machine != NULL && sim_machine_boot(test_machine, &error) ? NULL
                                                                        : "no second machine";
}

START_TEST(a_file_system_that_fills_up_is_reported)
{
  enum { GOOD, BAD, NOT_ALLOWED };
  int status;

  config.sim.ram_file = ram_path;
  config.ram = 48 * MIB; /* 768 KiB of slots, and more than 257 page tables */
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
      _exit(NOT_ALLOWED);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", folder, "tmpfs", 0, "size=4m") != 0)
      _exit(NOT_ALLOWED);
    const char *failure = fill_the_disk();
    if (failure != NULL)
      fprintf(stderr, "%s\n", failure);
    _exit(failure == NULL ? GOOD : BAD);
  }
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFEXITED(status));
  if (WEXITSTATUS(status) == NOT_ALLOWED)
    fprintf(stderr, "this process may not mount: the full file system was not tried\n");
  else
    ck_assert_int_eq(WEXITSTATUS(status), GOOD);
}
END_TEST

START_TEST(a_file_system_without_room_is_refused_beforehand)
{
  static char path[] = "/proc/framesim-test-ram"; /* nothing is free there */

  config.sim.ram_file = path;
  expect_refusal(SIM_ERROR_LIMIT, "of disk space for its slots");
  config.sim.ram_file = ram_path;
  expect_boot();
}
END_TEST

/* ---- Limits of the process ---- */

static void set_limit(int resource, rlim_t soft)
{
  struct rlimit limit;
  ck_assert_int_eq(getrlimit((__rlimit_resource_t)resource, &limit), 0);
  limit.rlim_cur = MIN(soft, limit.rlim_max);
  ck_assert_int_eq(setrlimit((__rlimit_resource_t)resource, &limit), 0);
}

static rlim_t get_limit(int resource)
{
  struct rlimit limit;
  ck_assert_int_eq(getrlimit((__rlimit_resource_t)resource, &limit), 0);
  return limit.rlim_cur;
}

/* What machine_create says under a limit, which is lifted before anything is asserted. */
static GError *error_under(int resource, rlim_t soft)
{
  GError *error = NULL;
  rlim_t before = get_limit(resource);
  set_limit(resource, soft);
  sim_machine *machine = test_machine_create(&config, &error);
  set_limit(resource, before);
  ck_assert_ptr_null(machine);
  return error;
}

START_TEST(a_limit_on_file_sizes_is_refused_beforehand)
{
  config.sim.ram_file = _i == 0 ? NULL : ram_path;
  g_autoptr(GError) error = error_under(RLIMIT_FSIZE, TEST_RAM - 1);
  expect_error(error, SIM_ERROR_LIMIT, "ulimit -f unlimited");
  ck_assert(!g_file_test(ram_path, G_FILE_TEST_EXISTS));
  expect_boot();
}
END_TEST

START_TEST(a_limit_on_open_files_is_named)
{
  g_autoptr(GError) error = error_under(RLIMIT_NOFILE, 0);
  expect_error(error, SIM_ERROR_LIMIT, "cannot create a memory file: ");
  expect_boot();
}
END_TEST

START_TEST(a_limit_on_address_space_is_refused)
{
  /* More than the limit; and less than it, but not beside what the process has. */
  static const rlim_t limits[] = {TEST_RAM, TEST_RAM + 2 * MIB};
  static const char *const texts[] = {"of address space, and only 8.0", "so much address space"};
  g_autoptr(GError) error = error_under(RLIMIT_AS, limits[_i]);
  expect_error(error, SIM_ERROR_LIMIT, texts[_i]);
  expect_error(error, SIM_ERROR_LIMIT, "ulimit -v");
  expect_boot();
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("failures");
  TCase *tc = tcase_create("host");
  TCase *death = tcase_create("death");

  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, an_address_that_is_taken_is_named_with_its_occupant, 0, 2);
  tcase_add_test(tc, a_taken_address_that_the_boot_needs_is_named_too);
  tcase_add_test(tc, a_ram_file_that_another_process_writes_is_refused);
  tcase_add_test(tc, a_file_of_somebody_else_is_left_alone);
  tcase_add_loop_test(tc, a_full_disk_in_the_middle_of_the_boot_is_reported, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_full_disk_in_the_middle_of_an_operation_ends_the_machine, 0,
                      TEST_BUILDS);
  tcase_add_test(tc, a_file_system_that_fills_up_is_reported);
  tcase_add_test(tc, a_file_system_without_room_is_refused_beforehand);
  tcase_add_loop_test(tc, a_limit_on_file_sizes_is_refused_beforehand, 0, 2);
  tcase_add_test(tc, a_limit_on_open_files_is_named);
  suite_add_tcase(suite, tc);

  tcase_set_tags(death, "death");
  tcase_add_checked_fixture(death, setup, teardown);
  tcase_add_loop_test(death, a_limit_on_address_space_is_refused, 0, 2);
  suite_add_tcase(suite, death);
  return suite;
}
