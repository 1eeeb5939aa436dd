/* SPDX-License-Identifier: MPL-2.0 */
/* Firmware maps: our own text form, choice of format, sources, and the `ram` machine. */
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "tests/unit/bootmap_expect.h"

/* ---- Our own form ---- */

START_TEST(sizes_and_ends_are_both_understood)
{
  expect("usable 0x0 636K\nusable\t0x100000-0x8000000\n reserved 4096 - 8192\n", "text",
         "1: 0x0+0x9f000 usable, 2: 0x100000+0x7f00000 usable, 3: 0x1000+0x1000 reserved", 0);
  expect("reserved 1M 0\nreserved 1M-1M\n", "text",
         "1: 0x100000+0x0 reserved, 2: 0x100000+0x0 reserved", 0);
}
END_TEST

START_TEST(numbers_have_binary_suffixes)
{
  expect("usable 1K 2M\nusable 3G 0x10T\nusable 10k 0X1f\n", "text",
         "1: 0x400+0x200000 usable, 2: 0xc0000000+0x100000000000 usable, 3: 0x2800+0x1f usable", 0);
}
END_TEST

START_TEST(comments_and_empty_lines_are_ignored)
{
  expect("# " MARK "[mem 0x0-0xfff] usable\n\n  \nusable 0 4K # all\r\n#\n", "text",
         "4: 0x0+0x1000 usable", 4);
}
END_TEST

START_TEST(a_byte_order_mark_is_ignored)
{
  expect("\xef\xbb\xbfusable 0 4K\n", "text", "1: 0x0+0x1000 usable", 0);
}
END_TEST

START_TEST(every_type_has_its_name_in_the_text_form)
{
  const char *name = fm_region_type_name((enum fm_region_type)_i);
  g_autofree char *text = g_strdup_printf("%s 0 1\n", name);
  g_autofree char *regions = g_strdup_printf("1: 0x0+0x1 %s", name);

  expect(text, "text", regions, 0);
}
END_TEST

START_TEST(the_end_may_be_the_last_that_fits)
{
  expect("usable 0 0xffffffffffffffff\n", "text", "1: 0x0+0xffffffffffffffff usable", 0);
  expect(MARK "[mem 0x0-0xfffffffffffffffe] usable\n", "e820", "1: 0x0+0xffffffffffffffff usable",
         0);
}
END_TEST

static const struct {
  const char *line, *message, *piece;
} bad_text_lines[] = {
    {"usabel 0 4K", "m:2:1: error: no type of memory is named 'usabel'", "did you mean 'usable'?"},
    {"flubber 0 4K", "m:2:1: error: no type of memory is named 'flubber'",
     "the types are: bad-mem"},
    {"usable", "m:2:7: error: expected the start address", "decimal or 0x hex"},
    {"usable x", "m:2:8: error: malformed start address 'x'", NULL},
    {"usable 0x", "m:2:8: error: malformed start address '0x'", NULL},
    {"usable 09fc00 1", "m:2:8: error: malformed start address '09fc00'", "decimal or 0x hex"},
    {"usable 1.5G 1", "m:2:8: error: malformed start address '1.5G'", NULL},
    {"usable 1_000 1", "m:2:8: error: malformed start address '1_000'", NULL},
    {"usable 1KB 1", "m:2:8: error: malformed start address '1KB'", NULL},
    {"usable 0", "m:2:9: error: expected a size, or '-' and an end address", "usable 0x1"},
    {"usable 0 1P", "m:2:10: error: malformed size '1P'", NULL},
    {"usable 0-", "m:2:10: error: expected the end address", NULL},
    {"usable 8K-4K", "m:2:11: error: this region ends before it starts", NULL},
    {"usable 0 4K 7", "m:2:13: error: unexpected text behind the region; comments begin with '#'",
     NULL},
    {"usable 0 16777216T", "m:2:10: error: the size does not fit 64 bits", NULL},
    {"usable 18446744073709551616 1", "m:2:8: error: the start address does not fit 64 bits", NULL},
    {"usable 0x1000 0xfffffffffffff000",
     "m:2:15: error: with this size the region reaches 2^64 or goes past it, but its end has to "
     "fit "
     "64 bits",
     NULL},
};

START_TEST(mistakes_in_the_text_form_are_named)
{
  g_autofree char *text = g_strconcat("usable 0 4K\n", bad_text_lines[_i].line, "\n", NULL);

  expect_failure(text, NULL, bad_text_lines[_i].message, bad_text_lines[_i].piece);
}
END_TEST

START_TEST(a_misspelt_type_is_named_in_the_first_line_too)
{
  expect_failure("Usable 0 4K\n", NULL, "m:1:1: error: no type of memory is named 'Usable'",
                 "did you mean 'usable'?");
}
END_TEST

/* ---- Formats, limits, sources ---- */

START_TEST(every_format_has_its_name)
{
  g_autofree char *all = g_strjoinv(" ", (char **)sim_bootmap_formats());

  ck_assert_str_eq(all, "e820 efi xen iomem lsmem multiboot crash sysfs text json");
}
END_TEST

START_TEST(unknown_formats_are_errors_with_a_suggestion)
{
  expect_failure_of(SIM_ERROR_USAGE, "usable 0 4K\n", "e280",
                    "<command line>: error: no memory-map format is named 'e280'",
                    "did you mean 'e820'?");
  expect_failure_of(SIM_ERROR_USAGE, "usable 0 4K\n", "zzzzzzzz",
                    "<command line>: error: no memory-map format is named 'zzzzzzzz'",
                    "the formats are: e820, efi, xen, ");
}
END_TEST

START_TEST(text_of_no_format_is_an_error_that_shows_all)
{
  static const char message[] =
      "m:2:3: error: this does not look like a memory map in any known format";

  expect_failure("\n  0000-001f : dma1\n", NULL, message, "e820: BIOS-e820: [mem");
  expect_failure("\n  0000-001f : dma1\n", NULL, message, "text: usable 0x");
  expect_failure("\n  usable for most\n", NULL, message, NULL);
  expect_failure("", NULL, "m:1:1: error: there is nothing in this file", NULL);
  expect_failure("\n \r\n", NULL, "m:1:1: error: there is nothing in this file", NULL);
}
END_TEST

START_TEST(a_named_format_is_taken_at_its_word)
{
  expect_failure("usable 0 4K\n", "e820",
                 "m:1:1: error: no line of this file holds a region in the format 'e820'",
                 "for example: BIOS-e820: [mem");
  expect_failure(MARK "[mem 0x0-0xfff] usable\n", "text",
                 "m:1:1: error: no type of memory is named 'BIOS-e820:'", NULL);
  expect_failure("# nothing\n", "text",
                 "m:1:1: error: no line of this file holds a region in the format 'text'", NULL);
}
END_TEST

START_TEST(a_log_with_gaps_only_holds_no_region)
{
  expect_failure(MARK "[gap 0x1000-0x1fff]\n", NULL,
                 "m:1:1: error: no line of this file holds a region in the format 'e820'", NULL);
}
END_TEST

START_TEST(the_513th_region_is_refused_at_its_place)
{
  g_autoptr(GString) text = g_string_new("#\n");

  for (guint i = 0; i < FM_REGIONS_MAX; i++)
    g_string_append_printf(text, "usable %uK 4K\n", 4 * i);
  g_autoptr(sim_bootmap) map = parse_bytes(text->str, text->len, NULL, NULL);
  ck_assert_ptr_nonnull(map);
  ck_assert_uint_eq(map->regions->len, FM_REGIONS_MAX);

  g_string_append(text, "\nusable 0 4K\n");
  expect_failure(text->str, NULL,
                 "m:515:10: error: region 513: the kernel takes at most 512 regions", NULL);
}
END_TEST

START_TEST(hostile_bytes_are_refused_quietly)
{
  static const char nul_in_type[] = "usable\0x 0 4K\n", nul_alone[] = "\0\0\0";
  static const char nul_in_log[] = MARK "[mem 0x0-0xfff] res\0erved\n";
  g_autofree char *long_line = g_strnfill(1 << 20, '9');
  g_autofree char *letters = g_strnfill(1 << 20, 'x');
  g_autofree char *long_number = g_strconcat("usable ", letters, NULL);
  const struct {
    const char *text;
    gsize size;
    const char *format;
  } cases[] = {
      {nul_in_type, sizeof(nul_in_type) - 1, "text"},
      {nul_alone, sizeof(nul_alone) - 1, NULL},
      {nul_in_log, sizeof(nul_in_log) - 1, NULL},
      {long_line, 1 << 20, NULL},
      {long_line, 1 << 20, "text"},
      {letters, 1 << 20, "text"},
      {long_number, 1 << 20, "text"},
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(sim_bootmap) map = parse_bytes(cases[i].text, cases[i].size, cases[i].format, &error);
    ck_assert_ptr_null(map);
    ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
    ck_assert_uint_lt(strlen(error->message), 1500);
  }
}
END_TEST

START_TEST(a_long_line_around_a_region_is_no_hindrance)
{
  g_autofree char *noise = g_strnfill(1 << 20, 'x');
  g_autofree char *text = g_strconcat(noise, MARK, "[mem 0x0-0xfff] usable", NULL);

  expect(text, "e820", "1: 0x0+0x1000 usable", 0);
}
END_TEST

/* A file with that content, open for reading; unlinked. */
static int open_temporary(const char *text)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("fm-bootmap-XXXXXX", &path, NULL);

  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(g_unlink(path), 0);
  ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
  ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
  return fd;
}

START_TEST(a_dash_reads_standard_input)
{
  int before = dup(STDIN_FILENO), fd = open_temporary("usable 0 4K\n");
  g_autoptr(GError) error = NULL;

  ck_assert_int_eq(dup2(fd, STDIN_FILENO), STDIN_FILENO);
  g_autoptr(sim_bootmap) map = sim_bootmap_load("-", NULL, &error);
  close(fd);
  if (before >= 0) {
    dup2(before, STDIN_FILENO);
    close(before);
  }
  ck_assert_msg(map != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_str_eq(map->file, "<stdin>");
  g_autofree char *found = to_text(map);
  ck_assert_str_eq(found, "1: 0x0+0x1000 usable");
}
END_TEST

/* The memory that a text takes is bounded by its size: most if it has nothing but newlines. */
START_TEST(files_above_16_mib_are_refused)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("fm-bootmap-XXXXXX", &path, NULL);

  ck_assert_int_ge(fd, 0);
  for (int above = 0; above <= 1; above++) {
    g_autoptr(GError) error = NULL;
    ck_assert_int_eq(ftruncate(fd, (16 << 20) + above), 0);
    g_autoptr(sim_bootmap) map = sim_bootmap_load(path, "text", &error);
    ck_assert_ptr_null(map);
    ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
    ck_assert_int_eq(strstr(error->message, "too large") != NULL, above);
  }
  close(fd);
  ck_assert_int_eq(g_unlink(path), 0);
}
END_TEST

START_TEST(a_missing_file_and_a_wrong_format_are_errors)
{
  g_autoptr(GError) missing = NULL, format = NULL;

  ck_assert_ptr_null(sim_bootmap_load("/nonexistent/map", NULL, &missing));
  ck_assert(g_error_matches(missing, SIM_ERROR, SIM_ERROR_INPUT));
  /* Noticed before the file is touched. */
  ck_assert_ptr_null(sim_bootmap_load("/nonexistent/map", "e280", &format));
  ck_assert_ptr_nonnull(strstr(format->message, "did you mean 'e820'?"));
}
END_TEST

/* ---- The machine without a file ---- */

static const struct {
  uint64_t size;
  const char *file, *regions;
} machines[] = {
    {0x1000, "ram 4K", "0: 0x0+0x1000 usable"},
    {0x1fffff, "ram 2097151", "0: 0x0+0x1fffff usable"},
    {0x200000, "ram 2M",
     "0: 0x0+0x9fc00 usable, 0: 0x9fc00+0x60400 reserved, "
     "0: 0x100000+0x100000 usable"},
    {UINT64_C(3) << 30, "ram 3G",
     "0: 0x0+0x9fc00 usable, 0: 0x9fc00+0x60400 reserved, "
     "0: 0x100000+0xbff00000 usable"},
    {UINT64_C(8) << 40, "ram 8T",
     "0: 0x0+0x9fc00 usable, 0: 0x9fc00+0x60400 reserved, "
     "0: 0x100000+0xbff00000 usable, 0: 0x100000000+0x7ff40000000 usable"},
    {UINT64_MAX, "ram 18446744073709551615",
     "0: 0x0+0x9fc00 usable, 0: 0x9fc00+0x60400 reserved, 0: 0x100000+0xbff00000 usable, "
     "0: 0x100000000+0xfffffffefffff000 usable"},
};

START_TEST(ram_machines_look_like_a_pc)
{
  g_autoptr(sim_bootmap) map = sim_bootmap_new_ram(machines[_i].size);
  g_autofree char *found = to_text(map);
  struct fm_regions normalised;

  ck_assert_str_eq(found, machines[_i].regions);
  ck_assert_str_eq(map->file, machines[_i].file);
  ck_assert_str_eq(map->format, "ram");
  ck_assert_uint_eq(map->ignored, 0);
  ck_assert_int_eq(fm_regions_normalise((const struct fm_region *)(void *)map->regions->data,
                                        map->regions->len, &normalised),
                   FM_REGION_OK);
}
END_TEST

static TCase *texts(void)
{
  TCase *tc = tcase_create("text form");

  tcase_add_test(tc, sizes_and_ends_are_both_understood);
  tcase_add_test(tc, numbers_have_binary_suffixes);
  tcase_add_test(tc, comments_and_empty_lines_are_ignored);
  tcase_add_test(tc, a_byte_order_mark_is_ignored);
  tcase_add_loop_test(tc, every_type_has_its_name_in_the_text_form, 0, FM_REGION_TYPES);
  tcase_add_test(tc, the_end_may_be_the_last_that_fits);
  tcase_add_loop_test(tc, mistakes_in_the_text_form_are_named, 0, G_N_ELEMENTS(bad_text_lines));
  tcase_add_test(tc, a_misspelt_type_is_named_in_the_first_line_too);
  return tc;
}

static TCase *sources(void)
{
  TCase *tc = tcase_create("sources");

  tcase_add_test(tc, every_format_has_its_name);
  tcase_add_test(tc, unknown_formats_are_errors_with_a_suggestion);
  tcase_add_test(tc, text_of_no_format_is_an_error_that_shows_all);
  tcase_add_test(tc, a_named_format_is_taken_at_its_word);
  tcase_add_test(tc, a_log_with_gaps_only_holds_no_region);
  tcase_add_test(tc, the_513th_region_is_refused_at_its_place);
  tcase_add_test(tc, hostile_bytes_are_refused_quietly);
  tcase_add_test(tc, a_long_line_around_a_region_is_no_hindrance);
  tcase_add_test(tc, a_dash_reads_standard_input);
  tcase_add_test(tc, files_above_16_mib_are_refused);
  tcase_add_test(tc, a_missing_file_and_a_wrong_format_are_errors);
  tcase_add_loop_test(tc, ram_machines_look_like_a_pc, 0, G_N_ELEMENTS(machines));
  return tc;
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("bootmap");

  suite_add_tcase(suite, texts());
  suite_add_tcase(suite, sources());
  return suite;
}
