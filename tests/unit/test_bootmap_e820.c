/* SPDX-License-Identifier: MPL-2.0 */
/* Kernel logs: what is read from them, and what is said of lines that almost parse.  Whole
 * real ones are in tests/model/test_bundled_maps.c. */
#include "tests/unit/bootmap_expect.h"

START_TEST(the_bracketed_form_names_the_last_byte)
{
  expect(MARK "[mem 0x0000000000000000-0x000000000009fbff] usable\n", "e820",
         "1: 0x0+0x9fc00 usable", 0);
}
END_TEST

START_TEST(the_older_form_names_the_first_byte_behind)
{
  expect(" " MARK "0000000000000000 - 000000000009fc00 (usable)\n", "e820", "1: 0x0+0x9fc00 usable",
         0);
  expect(MARK "0000000000001000 - 0000000000001000 (reserved)\n", "e820", "1: 0x1000+0x0 reserved",
         0);
}
END_TEST

START_TEST(e801_and_88_tables_read_the_same)
{
  expect(" BIOS-e801: 0000000000100000 - 0000000006000000 (usable)\n"
         " BIOS-88: 0000000000000000 - 000000000009f000 (usable)\n",
         "e820", "1: 0x100000+0x5f00000 usable, 2: 0x0+0x9f000 usable", 0);
}
END_TEST

START_TEST(what_stands_before_the_marker_does_not_matter)
{
  static const char *const prefixes[] = {
      "",
      "[    0.000000] ",
      "<6>[    0.000000] ",
      "Nov  2 17:54:41 pc kernel: ",
      "> > ",
      "[Tue Mar 21 09:40:00 2023] ",
      " 1840 17:54:41.413121  <6>[    0.000000] ",
      "\t",
      "\xef\xbb\xbf",
      "caf\xe9 \xff ",
  };
  g_autofree char *text = g_strconcat(prefixes[_i], MARK, "[mem 0x1000-0x1fff] reserved\n", NULL);

  expect(text, "e820", "1: 0x1000+0x1000 reserved", 0);
}
END_TEST

START_TEST(line_ends_and_trailing_blanks_do_not_matter)
{
  expect(MARK "[mem 0x0-0xfff] usable\r\n" MARK "[mem 0x1000-0x1fff] ACPI NVS \t\r\n", "e820",
         "1: 0x0+0x1000 usable, 2: 0x1000+0x1000 nonvolatile-sleep", 0);
  expect(MARK "[mem 0x0-0xfff] usable", "e820", "1: 0x0+0x1000 usable", 0);
}
END_TEST

START_TEST(gap_lines_are_checked_but_hold_no_region)
{
  expect(MARK "[mem 0x0-0xfff]  System RAM\n" MARK "[gap 0x1000-0x1fff]\n", "e820",
         "1: 0x0+0x1000 usable", 1);
  expect_failure(MARK "[gap 0x1000-]\n", NULL, "m:1:24: error: expected the end address", NULL);
}
END_TEST

START_TEST(other_tables_and_other_lines_are_ignored)
{
  expect("Linux version 5.10\n"
         "BIOS-provided physical RAM map:\n" MARK "[mem 0x0-0xfff] usable\n"
         "NX protection: active\n"
         "e820: update [mem 0x00000000-0x00000fff] usable ==> reserved\n"
         "user: [mem 0x2000-0x2fff] usable\n"
         "Xen-e820: [mem 0x2000-0x2fff] usable\n"
         "modified physical RAM map:\n"
         "modified: [mem 0x2000-0x2fff] usable\n\n",
         "e820", "3: 0x0+0x1000 usable", 9);
}
END_TEST

START_TEST(of_several_boots_in_a_log_the_first_counts)
{
  expect("BIOS-provided physical RAM map:\n" MARK "[mem 0x0-0xfff] usable\n"
         "e820: BIOS-provided physical RAM map:\n" MARK "[mem 0x0-0x1fff] usable\n" MARK "[\n",
         "e820", "2: 0x0+0x1000 usable", 4);
}
END_TEST

/* What a log has, in its order; which table is read, and what else there is. */
static const struct {
  const char *text, *regions, *table, *others;
} logs[] = {
    {MARK "[mem 0x0-0xfff] usable\n", "1: 0x0+0x1000 usable", "BIOS-e820", NULL},
    {"user-defined physical RAM map:\n user: [mem 0x0-0xfff] usable\n", "2: 0x0+0x1000 usable",
     "user", NULL},
    {"Xen-e820: [mem 0x0-0xfff] usable\n", "1: 0x0+0x1000 usable", "Xen-e820", NULL},
    {"Xen: [mem 0x0-0xfff] usable\nXen: using vcpuop timer interface\n", "1: 0x0+0x1000 usable",
     "Xen", NULL},
    {"user: 0000000000001000 - 0000000000002000 (usable)\n", "1: 0x1000+0x1000 usable", "user",
     NULL},
    {"user-pc user: user: [mem 0x0-0xfff] usable\n", "1: 0x0+0x1000 usable", "user", NULL},
    {"superuser: login\nuser: root\nmodified: [mem 0x0-0xfff] usable\nuser: [x\n",
     "3: 0x0+0x1000 usable", "modified", NULL},
    {"extended physical RAM map:\nreserve setup_data: [mem 0x0-0xfff] usable\n"
     "modified physical RAM map:\nmodified: [mem 0x2000-0x2fff] usable\n",
     "2: 0x0+0x1000 usable", "reserve setup_data", "modified"},
    {"user: [mem 0x2000-0x2fff] usable\nBIOS-provided physical RAM map:\n" MARK
     "[mem 0x0-0xfff] usable\nextended physical RAM map:\n"
     "reserve setup_data: [mem 0x2000-0x2fff] usable\n",
     "3: 0x0+0x1000 usable", "BIOS-e820", "reserve setup_data, user"},
    {"efi: mem00: type=7, attr=0xf, range=[0x0-0x1000) (0MB)\n" MARK "[mem 0x0-0xfff] usable\n",
     "2: 0x0+0x1000 usable", "BIOS-e820", "efi"},
    {"efi: mem00: type=7, attr=0xf, range=[0x0-0x1000) (0MB)\nuser: [mem 0x0-0xff] usable\n",
     "1: 0x0+0x1000 usable", "efi", "e820"},
    {"(XEN)  0000000000000000 - 000000000009fc00 (usable)\nXen: [mem 0x0-0xff] usable\n",
     "1: 0x0+0x9fc00 usable", "xen", "e820"},
};

START_TEST(of_several_tables_in_a_log_the_firmwares_own_is_read)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_bootmap) map = parse_bytes(logs[_i].text, strlen(logs[_i].text), NULL, &error);

  ck_assert_msg(map != NULL, "%s", error != NULL ? error->message : "");
  g_autofree char *found = to_text(map);
  ck_assert_str_eq(found, logs[_i].regions);
  ck_assert_pstr_eq(map->table, logs[_i].table);
  ck_assert_pstr_eq(map->others, logs[_i].others);
}
END_TEST

START_TEST(tables_that_a_comment_quotes_are_no_others)
{
  static const char text[] = "# " MARK "[mem 0x0-0xfff] usable\nusable 0 4K\n";
  g_autoptr(sim_bootmap) map = parse_bytes(text, strlen(text), NULL, NULL);

  ck_assert_ptr_nonnull(map);
  ck_assert_str_eq(map->format, "text");
  ck_assert_ptr_null(map->table);
  ck_assert_ptr_null(map->others);
}
END_TEST

START_TEST(a_slip_in_a_table_of_the_kernel_is_an_error_too)
{
  expect_failure("user: [mem 0x0-0xfff] usabel\n", NULL,
                 "m:1:23: error: unknown type of memory 'usabel'", "did you mean 'usable'?");
  expect_failure("modified: [mem 0x0-]\n", NULL, "m:1:20: error: expected the end address", NULL);
}
END_TEST

static const struct {
  const char *words;
  enum fm_region_type type;
} wordings[] = {
    {"usable", FM_REGION_USABLE},
    {"System RAM", FM_REGION_USABLE},
    {"RAM", FM_REGION_USABLE},
    {"ACPI data", FM_REGION_RECLAIMABLE},
    {"ACPI reclaim", FM_REGION_RECLAIMABLE},
    {"ACPI reclaimable", FM_REGION_RECLAIMABLE},
    {"ACPI NVS", FM_REGION_NONVOLATILE_SLEEP},
    {"unusable", FM_REGION_BAD_MEMORY},
    {"Unusable memory", FM_REGION_BAD_MEMORY},
    {"ACPI Tables", FM_REGION_RECLAIMABLE},
    {"ACPI Non-volatile Storage", FM_REGION_NONVOLATILE_SLEEP},
    {"reserved", FM_REGION_RESERVED},
    {"device reserved", FM_REGION_RESERVED},
    {"soft reserved", FM_REGION_RESERVED},
    {"persistent (type 12)", FM_REGION_RESERVED},
    {"type 20", FM_REGION_RESERVED},
};

START_TEST(wordings_have_their_type_in_both_forms)
{
  g_autofree char *text = g_strdup_printf(MARK "[mem 0x0-0xfff] %s\n" MARK "1000 - 2000 (%s)\n",
                                          wordings[_i].words, wordings[_i].words);
  const char *name = fm_region_type_name(wordings[_i].type);
  g_autofree char *regions = g_strdup_printf("1: 0x0+0x1000 %s, 2: 0x1000+0x1000 %s", name, name);

  expect(text, "e820", regions, 0);
}
END_TEST

static const struct {
  const char *line, *message;
} bad_log_lines[] = {
    {"", "m:1:11: error: expected the start address"},
    {"[mem 0x0-0xfff] usabel", "m:1:28: error: unknown type of memory 'usabel'"},
    {"[mem 0x0-0xfff] reserve", "m:1:28: error: unknown type of memory 'reserve'"},
    {"nonsense", "m:1:12: error: malformed start address 'nonsense'"},
    {"[foo 0x0-0xfff] usable", "m:1:13: error: expected 'mem' or 'gap' and an address"},
    {"[mem0x0-0xfff] usable", "m:1:16: error: expected 'mem' or 'gap' and an address"},
    {"[mem 0x-0xfff] usable", "m:1:17: error: malformed start address '0x'"},
    {"[mem 0x0g-0xfff] usable", "m:1:17: error: malformed start address '0x0g'"},
    {"[mem 0x0 0xfff] usable", "m:1:21: error: expected '-' and the end address"},
    {"[mem 0x0-0xfff usable", "m:1:27: error: expected ']'"},
    {"[mem 0x0-0xfff]", "m:1:27: error: expected the type of memory"},
    {"[mem 0x0-0xfff] usable[    0.0]", "m:1:34: error: unexpected text behind the type 'usable'"},
    {"[mem 0x0-0xfff] res\x1b[0m", "m:1:31: error: a type of memory does not hold this character"},
    {"[mem 0x0-0x10000000000000000] usable", "m:1:21: error: the end address does not fit 64 bits"},
    {"[mem 0x1000-0xfff] usable", "m:1:24: error: this region ends before it starts"},
    {"[mem 0x0-0xffffffffffffffff] usable",
     "m:1:21: error: the last byte 0xffffffffffffffff makes the region end at 2^64, but an end has "
     "to fit 64 bits"},
    {"1000 - 0fff (usable)", "m:1:19: error: this region ends before it starts"},
    {"0000 - 1000 usable", "m:1:24: error: expected the type of memory in parentheses"},
    {"0000 - 1000 (usable", "m:1:31: error: expected ')' at the end of the line"},
    {"0000 - 1000 (", "m:1:25: error: expected ')' at the end of the line"},
    {"0000 - 1000 ()", "m:1:25: error: expected the type of memory"},
    {"0000 - 1000 (usable) (usable)", "m:1:31: error: unexpected text behind the type 'usable'"},
    {"10000000000000000 - 0 (usable)", "m:1:12: error: the start address does not fit 64 bits"},
};

START_TEST(lines_that_almost_parse_are_errors)
{
  g_autofree char *text = g_strconcat(MARK, bad_log_lines[_i].line, "\n", NULL);

  expect_failure(text, NULL, bad_log_lines[_i].message, "    1 | BIOS-e820:");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("bootmap e820");
  TCase *tc = tcase_create("kernel logs");

  tcase_add_test(tc, the_bracketed_form_names_the_last_byte);
  tcase_add_test(tc, the_older_form_names_the_first_byte_behind);
  tcase_add_test(tc, e801_and_88_tables_read_the_same);
  tcase_add_loop_test(tc, what_stands_before_the_marker_does_not_matter, 0, 10);
  tcase_add_test(tc, line_ends_and_trailing_blanks_do_not_matter);
  tcase_add_test(tc, gap_lines_are_checked_but_hold_no_region);
  tcase_add_test(tc, other_tables_and_other_lines_are_ignored);
  tcase_add_test(tc, of_several_boots_in_a_log_the_first_counts);
  tcase_add_loop_test(tc, of_several_tables_in_a_log_the_firmwares_own_is_read, 0,
                      G_N_ELEMENTS(logs));
  tcase_add_test(tc, tables_that_a_comment_quotes_are_no_others);
  tcase_add_test(tc, a_slip_in_a_table_of_the_kernel_is_an_error_too);
  tcase_add_loop_test(tc, wordings_have_their_type_in_both_forms, 0, G_N_ELEMENTS(wordings));
  tcase_add_loop_test(tc, lines_that_almost_parse_are_errors, 0, G_N_ELEMENTS(bad_log_lines));
  suite_add_tcase(suite, tc);
  return suite;
}
