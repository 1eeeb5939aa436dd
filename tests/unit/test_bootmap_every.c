/* SPDX-License-Identifier: MPL-2.0 */
/* What every form of firmware map owes, whatever its rows look like.  What is special to
 * one of them is in test_bootmap_forms.c. */
#include <inttypes.h>

#include "tests/unit/bootmap_expect.h"

#define RAM_BASE UINT64_C(0x10000000)
#define RAM_SIZE UINT64_C(0x10000000)

/* A row of a form for [base, end), which is of the type `word`. */
typedef char *row_function(uint64_t base, uint64_t end, const char *word);

static char *e820_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("BIOS-e820: [mem 0x%016" PRIx64 "-0x%016" PRIx64 "] %s", base, end - 1,
                         word);
}

static char *old_e820_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf(" BIOS-e820: %016" PRIx64 " - %016" PRIx64 " (%s)", base, end, word);
}

static char *efi_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("efi: mem01: [%-19s|   |  |WB|WT|WC|UC] range=[0x%016" PRIx64
                         "-0x%016" PRIx64 "] (7MB)",
                         word, base, end - 1);
}

static char *old_efi_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("efi: mem01: type=%s, attr=0xf, range=[0x%016" PRIx64 "-0x%016" PRIx64
                         ") (7MB)",
                         word, base, end);
}

static char *old_xen_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("(XEN)  %016" PRIx64 " - %016" PRIx64 " (%s)", base, end, word);
}

static char *xen_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("(XEN) [    0.1]  [%016" PRIx64 ", %016" PRIx64 "] (%s)", base, end - 1,
                         word);
}

static char *iomem_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("%08" PRIx64 "-%08" PRIx64 " : %s", base, end - 1, word);
}

static char *lsmem_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("0x%016" PRIx64 "-0x%016" PRIx64 "  256M %s  yes  2-3", base, end - 1,
                         word);
}

static char *lsmem_pairs_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("RANGE=\"0x%016" PRIx64 "-0x%016" PRIx64 "\" SIZE=\"256M\" STATE=\"%s\"",
                         base, end - 1, word);
}

static char *multiboot_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("base_addr = 0x%" PRIx64 ", length = 0x%" PRIx64 ", %s", base, end - base,
                         word);
}

static char *crash_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("%016" PRIx64 " - %016" PRIx64 "  %s", base, end, word);
}

static char *sysfs_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("\t%016" PRIx64 "-%016" PRIx64 " (%s)", base, end, word);
}

static char *text_row(uint64_t base, uint64_t end, const char *word)
{
  return g_strdup_printf("%s 0x%" PRIx64 "-0x%" PRIx64, word, base, end);
}

static const struct form {
  const char *format;
  row_function *row;
  const char *usable, *slip;
  bool has_last, has_size; /* the second number is the last byte, or the size */
} forms[] = {
    {"e820", e820_row, "usable", "usabel", true, false},
    {"e820", old_e820_row, "usable", "usbale", false, false},
    {"efi", efi_row, "Conventional Memory", "Conventionel Memory", true, false},
    {"efi", old_efi_row, "7", "seven", false, false},
    {"xen", old_xen_row, "usable", "usablee", false, false},
    {"xen", xen_row, "usable", "usble", true, false},
    {"iomem", iomem_row, "System RAM", "Sytsem RAM", true, false},
    {"lsmem", lsmem_row, "online", "onlien", true, false},
    {"lsmem", lsmem_pairs_row, "online", "onlin", true, false},
    {"multiboot", multiboot_row, "available RAM", "availible RAM", false, true},
    {"crash", crash_row, "E820_RAM", "E820_RMA", false, false},
    {"sysfs", sysfs_row, "System RAM", "System RAN", false, false},
    {"text", text_row, "usable", "usabel", false, false},
};

static char *usable_row(const struct form *form)
{
  return form->row(RAM_BASE, RAM_BASE + RAM_SIZE, form->usable);
}

START_TEST(a_row_is_found_and_read)
{
  g_autofree char *row = usable_row(&forms[_i]);

  expect(row, forms[_i].format, "1: 0x10000000+0x10000000 usable", 0);
}
END_TEST

START_TEST(line_ends_do_not_matter)
{
  g_autofree char *row = usable_row(&forms[_i]);
  g_autofree char *text = g_strconcat("\xef\xbb\xbf", row, " \t\r\n\r\n", row, "\n", NULL);

  expect(text, forms[_i].format, "1: 0x10000000+0x10000000 usable, 3: 0x10000000+0x10000000 usable",
         1);
}
END_TEST

START_TEST(regions_may_overlap_in_any_order)
{
  const struct form *form = &forms[_i];
  g_autofree char *high = form->row(0x20000000, 0x30000000, form->usable);
  g_autofree char *low = form->row(0x18000000, 0x28000000, form->usable);
  g_autofree char *text = g_strconcat(high, "\n", low, NULL);

  expect(text, form->format, "1: 0x20000000+0x10000000 usable, 2: 0x18000000+0x10000000 usable", 0);
}
END_TEST

START_TEST(a_slip_in_the_type_is_an_error_at_its_place)
{
  const struct form *form = &forms[_i];
  g_autofree char *good = usable_row(form);
  g_autofree char *bad = form->row(RAM_BASE, RAM_BASE + RAM_SIZE, form->slip);
  g_autofree char *text = g_strconcat(good, "\n", bad, "\n", NULL);
  g_autofree char *suggestion = g_strdup_printf("did you mean '%s'?", form->usable);
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_bootmap) map = parse_bytes(text, strlen(text), NULL, &error);
  g_autofree char *place =
      g_strdup_printf("m:2:%u: error: ", (guint)(strstr(bad, form->slip) - bad) + 1);

  ck_assert_ptr_null(map);
  ck_assert_msg(g_str_has_prefix(error->message, place), "%s", error->message);
  /* The older form of EFI has numbers. */
  ck_assert_msg(strstr(error->message, suggestion) != NULL || form->row == old_efi_row, "%s",
                error->message);
}
END_TEST

START_TEST(a_region_ends_behind_its_start)
{
  const struct form *form = &forms[_i];
  g_autofree char *row = form->row(RAM_BASE + RAM_SIZE, RAM_BASE, form->usable);
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_bootmap) map = parse_bytes(row, strlen(row), NULL, &error);
  const char *what = form->has_size ? "with this size the region reaches 2^64 or goes past it"
                                    : "this region ends before it starts";

  ck_assert_ptr_null(map);
  ck_assert_msg(strstr(error->message, what) != NULL, "%s", error->message);
}
END_TEST

START_TEST(a_region_ends_below_two_to_the_64)
{
  const struct form *form = &forms[_i];
  g_autofree char *last_page = form->row(UINT64_MAX - 0xfff, UINT64_MAX, form->usable);
  g_autofree char *past = form->row(UINT64_MAX - 0xfff, 0, form->usable);
  g_autoptr(GError) error = NULL;

  expect(last_page, form->format, "1: 0xfffffffffffff000+0xfff usable", 0);
  g_autoptr(sim_bootmap) map = parse_bytes(past, strlen(past), NULL, &error);
  ck_assert_ptr_null(map);
  const char *what = form->has_last   ? "makes the region end at 2^64"
                     : form->has_size ? "with this size the region reaches 2^64"
                                      : "this region ends before it starts";
  ck_assert_msg(strstr(error->message, what) != NULL, "%s", error->message);
}
END_TEST

START_TEST(the_513th_region_is_refused)
{
  const struct form *form = &forms[_i];
  g_autoptr(GString) text = g_string_new(NULL);

  for (uint64_t i = 0; i <= FM_REGIONS_MAX; i++) {
    g_autofree char *row = form->row(i * RAM_SIZE, (i + 1) * RAM_SIZE, form->usable);
    if (i == FM_REGIONS_MAX) {
      g_autoptr(sim_bootmap) map = parse_bytes(text->str, text->len, NULL, NULL);
      ck_assert_ptr_nonnull(map);
      ck_assert_uint_eq(map->regions->len, FM_REGIONS_MAX);
    }
    g_string_append_printf(text, "%s\n", row);
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_bootmap) map = parse_bytes(text->str, text->len, NULL, &error);
  ck_assert_ptr_null(map);
  ck_assert_msg(g_str_has_prefix(error->message, "m:513:"), "%s", error->message);
  ck_assert_ptr_nonnull(strstr(error->message, "region 513: the kernel takes at most 512"));
}
END_TEST

/* A file that was cut gives what it has, or an error in the line of the cut; never a region
 * that the whole one does not have. */
START_TEST(a_cut_row_is_refused_or_passed_over)
{
  g_autofree char *row = usable_row(&forms[_i]);
  g_autofree char *text = g_strconcat(row, "\n", row, NULL);

  for (gsize size = strlen(row) + 1; size < strlen(text); size++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(sim_bootmap) map = parse_bytes(text, size, NULL, &error);
    if (map == NULL) {
      ck_assert_msg(g_str_has_prefix(error->message, "m:2:"), "%s", error->message);
      continue;
    }
    for (guint k = 0; k < map->regions->len; k++) {
      const struct fm_region *region = &g_array_index(map->regions, struct fm_region, k);
      ck_assert_uint_eq(region->base, RAM_BASE);
      ck_assert_uint_eq(region->size, RAM_SIZE);
      ck_assert_uint_eq(region->type, FM_REGION_USABLE);
    }
  }
}
END_TEST

START_TEST(hostile_bytes_make_no_region)
{
  static const char bytes[] = {'\0', '\x1b', '\xff'};
  g_autofree char *row = usable_row(&forms[_i]);
  const gsize size = strlen(row);

  for (gsize at = 0; at < size * sizeof(bytes); at++) {
    g_autofree char *text = g_strdup(row);
    g_autoptr(GError) error = NULL;
    text[at / sizeof(bytes)] = bytes[at % sizeof(bytes)];
    g_autoptr(sim_bootmap) map = parse_bytes(text, size, forms[_i].format, &error);
    if (map == NULL) {
      ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
      ck_assert_uint_lt(strlen(error->message), 1000);
      continue;
    }
    /* Damage in what does not matter: before a marker, or behind the row. */
    ck_assert_uint_eq(map->regions->len, 1);
    ck_assert_uint_eq(g_array_index(map->regions, struct fm_region, 0).base, RAM_BASE);
    ck_assert_uint_eq(g_array_index(map->regions, struct fm_region, 0).size, RAM_SIZE);
  }
}
END_TEST

START_TEST(a_very_long_row_is_refused_in_few_words)
{
  const struct form *form = &forms[_i];
  g_autofree char *letters = g_strnfill(1 << 20, 'x');
  g_autofree char *blanks = g_strnfill(1 << 20, ' ');
  g_autofree char *long_word = form->row(RAM_BASE, RAM_BASE + RAM_SIZE, letters);
  g_autofree char *row = usable_row(form);
  g_autofree char *long_row = g_strconcat(row, blanks, letters, NULL);
  const char *const texts[] = {long_word, long_row, letters, blanks};

  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(sim_bootmap) map = parse_bytes(texts[i], strlen(texts[i]), form->format, &error);
    if (map != NULL)
      ck_assert_uint_eq(map->regions->len, 1);
    else
      ck_assert_uint_lt(strlen(error->message), (1 << 20) + 2000);
  }
}
END_TEST

START_TEST(nothing_in_a_named_form_is_an_error)
{
  g_autofree char *message = g_strdup_printf(
      "m:1:1: error: no line of this file holds a region in the format '%s'", forms[_i].format);

  expect_failure("", forms[_i].format, message, "for example: ");
  expect_failure("\r\n\n", forms[_i].format, message, "for example: ");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("bootmap every form");
  TCase *tc = tcase_create("every form");
  const int count = G_N_ELEMENTS(forms);

  tcase_add_loop_test(tc, a_row_is_found_and_read, 0, count);
  tcase_add_loop_test(tc, line_ends_do_not_matter, 0, count);
  tcase_add_loop_test(tc, regions_may_overlap_in_any_order, 0, count);
  tcase_add_loop_test(tc, a_slip_in_the_type_is_an_error_at_its_place, 0, count);
  tcase_add_loop_test(tc, a_region_ends_behind_its_start, 0, count);
  tcase_add_loop_test(tc, a_region_ends_below_two_to_the_64, 0, count);
  tcase_add_loop_test(tc, the_513th_region_is_refused, 0, count);
  tcase_add_loop_test(tc, a_cut_row_is_refused_or_passed_over, 0, count);
  tcase_add_loop_test(tc, hostile_bytes_make_no_region, 0, count);
  tcase_add_loop_test(tc, a_very_long_row_is_refused_in_few_words, 0, count);
  tcase_add_loop_test(tc, nothing_in_a_named_form_is_an_error, 0, count);
  suite_add_tcase(suite, tc);
  return suite;
}
