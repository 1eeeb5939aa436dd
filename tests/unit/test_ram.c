/* SPDX-License-Identifier: MPL-2.0 */
/* RAM files and the windows that show them. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/error.h"
#include "sim/internal.h"
#include "tests/support.h"

#define SIZE (4 * MIB)

static char *folder;
static struct sim_ram ram;

static void setup(void)
{
  folder = test_folder_new();
  ram.fd = -1;
}

static void teardown(void)
{
  sim_ram_clear(&ram);
  test_folder_remove(folder);
}

static char *file(const char *name)
{
  return g_build_filename(folder, name, NULL);
}

static void expect_error(GError *error, enum sim_error code, const char *text)
{
  ck_assert(g_error_matches(error, SIM_ERROR, (int)code));
  ck_assert_msg(strstr(error->message, text) != NULL, "'%s' is not in: %s", text, error->message);
}

START_TEST(a_new_file_is_sparse_and_zero)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = file("ram");
  struct stat st;

  ck_assert(sim_ram_create(&ram, _i == 0 ? path : NULL, 64 * GIB, &error));
  ck_assert_int_eq(fstat(ram.fd, &st), 0);
  ck_assert_uint_eq((uint64_t)st.st_size, 64 * GIB);
  ck_assert_int_lt(st.st_blocks, 100);
  ck_assert(!ram.readonly);
}
END_TEST

START_TEST(a_file_is_not_inherited_by_other_programs)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = file("ram");

  ck_assert(sim_ram_create(&ram, _i == 0 ? path : NULL, SIZE, &error));
  ck_assert_int_ne(fcntl(ram.fd, F_GETFD) & FD_CLOEXEC, 0);
  sim_ram_clear(&ram);
  if (_i == 0) {
    ck_assert(sim_ram_open(&ram, path, false, &error));
    ck_assert_int_ne(fcntl(ram.fd, F_GETFD) & FD_CLOEXEC, 0);
  }
}
END_TEST

START_TEST(a_window_shows_the_file_at_its_place)
{
  g_autoptr(GError) error = NULL;
  uint64_t found = 0;

  ck_assert(sim_ram_create(&ram, NULL, SIZE, &error));
  ck_assert(sim_window_map(&ram, FM_LINEAR_WINDOW, SIZE, 0, "first", &error));
  ck_assert(sim_window_map(&ram, FM_META_WINDOW, 0x2000, MIB, "second", &error));
  *(uint64_t *)(uintptr_t)(FM_META_WINDOW + 0x1008) = 4711;
  ck_assert_uint_eq(*(uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + MIB + 0x1008), 4711);
  ck_assert_int_eq(pread(ram.fd, &found, 8, (off_t)(MIB + 0x1008)), 8);
  ck_assert_uint_eq(found, 4711);
  sim_window_unmap(FM_META_WINDOW, 0x2000);
  sim_window_unmap(FM_LINEAR_WINDOW, SIZE);
  /* And again: nothing was left. */
  ck_assert(sim_window_map(&ram, FM_LINEAR_WINDOW, SIZE, 0, "first", &error));
  sim_window_unmap(FM_LINEAR_WINDOW, SIZE);
  sim_window_unmap(FM_LINEAR_WINDOW, 0);
}
END_TEST

START_TEST(a_window_that_is_taken_is_not_replaced)
{
  g_autoptr(GError) error = NULL;

  ck_assert(sim_ram_create(&ram, NULL, SIZE, &error));
  ck_assert(sim_window_map(&ram, FM_LINEAR_WINDOW + MIB, 0x1000, 0, "small one", &error));
  *(uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + MIB) = 99;
  ck_assert(!sim_window_map(&ram, FM_LINEAR_WINDOW, SIZE, 0, "large one", &error));
  expect_error(error, SIM_ERROR_LIMIT, "the large one cannot be mapped at");
  ck_assert_ptr_nonnull(strstr(error->message, "memfd:framesim-ram"));
  ck_assert_uint_eq(*(uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + MIB), 99);
  sim_window_unmap(FM_LINEAR_WINDOW + MIB, 0x1000);
}
END_TEST

START_TEST(a_file_that_is_read_is_mapped_read_only)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = file("ram"), *maps = NULL;

  ck_assert(sim_ram_create(&ram, path, SIZE, &error));
  sim_ram_clear(&ram);
  ck_assert(sim_ram_open(&ram, path, false, &error));
  ck_assert(ram.readonly);
  ck_assert(!ram.has_writer);
  ck_assert_uint_eq(ram.size, SIZE);
  ck_assert(sim_window_map(&ram, FM_LINEAR_WINDOW, SIZE, 0, "window", &error));
  ck_assert(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
  g_autofree char *line = g_strdup_printf("%" G_GINT64_MODIFIER "x-", FM_LINEAR_WINDOW);
  const char *at = strstr(maps, line);
  ck_assert_ptr_nonnull(at);
  ck_assert_int_eq(strncmp(strchr(at, ' '), " r--s ", 6), 0);
  sim_window_unmap(FM_LINEAR_WINDOW, SIZE);
}
END_TEST

START_TEST(a_reader_sees_whether_somebody_writes)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = file("ram");
  struct sim_ram reader = {.fd = -1}, second = {.fd = -1};

  ck_assert(sim_ram_create(&ram, path, SIZE, &error));
  ck_assert(sim_ram_open(&reader, path, false, &error));
  ck_assert(reader.has_writer);
  ck_assert(!sim_ram_create(&second, path, SIZE, &error));
  expect_error(error, SIM_ERROR_INPUT, "is locked: another process simulates a machine in it");
  uint64_t magic = FM_BOOT_MAGIC;
  ck_assert_int_eq(pwrite(ram.fd, &magic, sizeof(magic), 2 * MIB), sizeof(magic));
  sim_ram_clear(&ram);
  /* A reader does not stand in a writer's way. */
  g_clear_error(&error);
  ck_assert(sim_ram_create(&second, path, SIZE, &error));
  sim_ram_clear(&second);
  sim_ram_clear(&reader);
}
END_TEST

START_TEST(sizes_of_files_are_cut_to_pages)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = file("ram");

  ck_assert(g_file_set_contents(path, "x", 1, NULL));
  ck_assert_int_eq(truncate(path, 3 * 4096 + 5), 0);
  ck_assert(sim_ram_open(&ram, path, false, &error));
  ck_assert_uint_eq(ram.size, 3 * 4096);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
  g_autofree char *missing = file("missing/ram"), *empty = file("empty"), *pipe = file("pipe");

  ck_assert(g_file_set_contents(empty, "", 0, NULL));
  ck_assert_int_eq(mkfifo(pipe, 0600), 0);
  const struct {
    const char *path, *when_read, *when_written;
  } rows[] = {
      {missing, "cannot open", "cannot open"},
      {folder, "it is not a regular file", "cannot open"},
      {"/dev/null", "it is not a regular file", "is no RAM file of framesim"},
      {pipe, "it is not a regular file", "is no RAM file of framesim"},
      {empty, "it is empty", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) reading = NULL;
    g_autoptr(GError) writing = NULL;
    if (rows[i].when_read != NULL) {
      ck_assert(!sim_ram_open(&ram, rows[i].path, false, &reading));
      expect_error(reading, SIM_ERROR_INPUT, rows[i].when_read);
    }
    if (rows[i].when_written != NULL) {
      ck_assert(!sim_ram_create(&ram, rows[i].path, SIZE, &writing));
      expect_error(writing, SIM_ERROR_INPUT, rows[i].when_written);
    }
    ck_assert_int_eq(ram.fd, -1);
  }
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("ram");
  TCase *tc = tcase_create("ram");

  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, a_new_file_is_sparse_and_zero, 0, 2);
  tcase_add_loop_test(tc, a_file_is_not_inherited_by_other_programs, 0, 2);
  tcase_add_test(tc, a_window_shows_the_file_at_its_place);
  tcase_add_test(tc, a_window_that_is_taken_is_not_replaced);
  tcase_add_test(tc, a_file_that_is_read_is_mapped_read_only);
  tcase_add_test(tc, a_reader_sees_whether_somebody_writes);
  tcase_add_test(tc, sizes_of_files_are_cut_to_pages);
  tcase_add_test(tc, what_is_no_file_is_refused);
  suite_add_tcase(suite, tc);
  return suite;
}
