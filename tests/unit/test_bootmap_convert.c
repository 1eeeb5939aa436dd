/* SPDX-License-Identifier: MPL-2.0 */
/* Maps from one form into another, and the JSON that this program writes. */
#include <inttypes.h>

#include "tests/unit/bootmap_expect.h"

#define ALL_TYPES                                                                                  \
  "usable 0x0-0x9fc00\nreserved 0x9fc00-0xa0000\nreserved 0x1000-0x1000\nreclaimable 0x0-0x1\n"    \
  "nonvolatile-sleep 0x5000-0x7003\nbad-memory 0xfffffffffffff000-0xffffffffffffffff\n"            \
  "usable 0x100000-0x8000000\n"
#define OTHER_TYPES "unknown 0x0-0x1\nkernel 0x1-0x2\nmodule 0x2-0x3\nframebuffer 0x3-0x4\n"

#define HEAD "{\"firmware\":["
#define ROW  "{\"base\":\"0x0\",\"end\":\"0x1000\",\"type\":\"usable\"}"

static sim_bootmap *parse_text(const char *text)
{
  g_autoptr(GError) error = NULL;
  sim_bootmap *map = parse_bytes(text, strlen(text), NULL, &error);

  ck_assert_msg(map != NULL, "%s", error != NULL ? error->message : "");
  return map;
}

static char *write_map(const sim_bootmap *map, const char *format)
{
  g_autoptr(GError) error = NULL;
  char *text = sim_bootmap_write(map, format, &error);

  ck_assert_msg(text != NULL, "%s", error != NULL ? error->message : "");
  return text;
}

static void expect_equal(const sim_bootmap *a, const sim_bootmap *b)
{
  ck_assert_uint_eq(a->regions->len, b->regions->len);
  for (guint i = 0; i < a->regions->len; i++) {
    const struct fm_region *left = &g_array_index(a->regions, struct fm_region, i);
    const struct fm_region *right = &g_array_index(b->regions, struct fm_region, i);
    ck_assert_uint_eq(left->base, right->base);
    ck_assert_uint_eq(left->size, right->size);
    ck_assert_uint_eq(left->type, right->type);
  }
}

START_TEST(every_form_says_the_same_regions)
{
  const char *format = sim_bootmap_written_formats()[_i];
  g_autoptr(sim_bootmap) map = parse_text(ALL_TYPES);
  g_autofree char *text = write_map(map, format);
  g_autoptr(sim_bootmap) again = parse_text(text);

  ck_assert_str_eq(again->format, format);
  expect_equal(map, again);
  g_autofree char *back = write_map(again, "text");
  ck_assert_str_eq(back, ALL_TYPES);
  g_autofree char *twice = write_map(again, format);
  ck_assert_str_eq(twice, text);
}
END_TEST

START_TEST(text_and_json_have_the_loaders_types_too)
{
  g_autoptr(sim_bootmap) map = parse_text(OTHER_TYPES);
  g_autofree char *json = write_map(map, "json");
  g_autoptr(sim_bootmap) again = parse_text(json);

  expect_equal(map, again);
}
END_TEST

START_TEST(e820_has_no_words_for_the_loaders_types)
{
  g_auto(GStrv) lines = g_strsplit(OTHER_TYPES, "\n", -1);
  g_autoptr(sim_bootmap) map = parse_text(lines[_i]);
  g_autoptr(GError) error = NULL;

  ck_assert_ptr_null(sim_bootmap_write(map, "e820", &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
  ck_assert_ptr_nonnull(strstr(error->message, "m: region 1 is of type '"));
}
END_TEST

START_TEST(other_forms_are_not_written)
{
  g_autoptr(sim_bootmap) map = parse_text("usable 0 4K");
  g_autoptr(GError) near = NULL, far = NULL;

  ck_assert_ptr_null(sim_bootmap_write(map, "jsn", &near));
  ck_assert(g_error_matches(near, SIM_ERROR, SIM_ERROR_USAGE));
  ck_assert_ptr_nonnull(strstr(near->message, "did you mean 'json'?"));
  ck_assert_ptr_null(sim_bootmap_write(map, "multiboot", &far));
  ck_assert_ptr_nonnull(strstr(far->message, "the forms are e820, text and json"));
}
END_TEST

START_TEST(the_newer_e820_form_is_written_but_for_empty_regions)
{
  g_autoptr(sim_bootmap) map = parse_text("usable 0x1000 4K\nusable 0x1000 0\n");
  g_autofree char *text = write_map(map, "e820");

  ck_assert_str_eq(text, "BIOS-e820: [mem 0x0000000000001000-0x0000000000001fff] usable\n"
                         "BIOS-e820: 0000000000001000 - 0000000000001000 (usable)\n");
}
END_TEST

START_TEST(as_many_regions_as_the_kernel_takes_are_written_and_read)
{
  g_autoptr(GString) text = g_string_new(NULL);

  for (guint i = 0; i < FM_REGIONS_MAX; i++)
    g_string_append_printf(text, "usable 0x%x-0x%x\n", i * 0x1000, (i + 1) * 0x1000);
  g_autoptr(sim_bootmap) map = parse_text(text->str);
  g_autofree char *json = write_map(map, "json");
  g_autoptr(sim_bootmap) again = parse_text(json);
  expect_equal(map, again);
  g_autoptr(GString) more = g_string_new(json);
  g_string_replace(more, "\n]", ",\n" ROW "]", 1);
  expect_failure(more->str, NULL,
                 "m:514:22: error: region 513: the kernel takes at most 512 regions", NULL);
}
END_TEST

static const struct {
  const char *text, *regions;
  guint ignored;
} good[] = {
    {HEAD ROW "]}", "1: 0x0+0x1000 usable", 0},
    {"\xef\xbb\xbf \r\n{ \"framesim\" : 1 , \"kind\" : \"map\",\r\n "
     "\"x\":[{\"firmware\":[]},[-1.5e+3,"
     "true,\"\\\"]\"]],\"firmware\" : [ " ROW " ,\n\t" ROW "\r\n ] , and what follows",
     "3: 0x0+0x1000 usable, 4: 0x0+0x1000 usable", 3},
    {HEAD "\n{\"type\":\"kernel\",\n\"more\":{\"base\":[]},\"end\":\"2000\",\"base\":\"1000\"}]}\n",
     "2: 0x1000+0x1000 kernel", 2},
    {HEAD ROW "," ROW "]}\n{\"firmware\":[]}\n", "1: 0x0+0x1000 usable, 1: 0x0+0x1000 usable", 1},
};

START_TEST(json_is_read_wherever_its_lines_break)
{
  expect(good[_i].text, "json", good[_i].regions, good[_i].ignored);
}
END_TEST

static const struct {
  const char *text, *message, *piece;
} bad[] = {
    {"{\"firmware\":", "m:1:13: error: expected '[' and regions", NULL},
    {"{\"firmware\":[", "m:1:14: error: expected '{' and a region", NULL},
    {"{\"firmware\":[]}", "m:1:1: error: no line of this file holds a region in the format 'json'",
     NULL},
    {HEAD ROW, "m:1:59: error: expected ',' or ']'", NULL},
    {HEAD ROW ",]}", "m:1:60: error: expected '{' and a region", NULL},
    {HEAD "{}]}", "m:1:15: error: expected the name of a member", NULL},
    {HEAD "\n{\"base\":\"0x0\",\"type\":\"usable\"}]}",
     "m:2:1: error: expected the members base, end and type of a region", "for example: {"},
    {HEAD "{\"end\":\"1\",\"type\":\"usable\"}]}",
     "m:1:14: error: expected the members base, end and type of a region", NULL},
    {HEAD "{\"base\":\"0\",\"end\":\"1\"}]}",
     "m:1:14: error: expected the members base, end and type of a region", NULL},
    {HEAD "{\"base\":0}]}", "m:1:22: error: expected a string with the address", NULL},
    {HEAD "{\"base\":\"x\"}]}", "m:1:23: error: malformed start address 'x'", NULL},
    {HEAD "{\"base\":\"\"}]}", "m:1:23: error: expected the start address", NULL},
    {HEAD "{\"base\":\"0 1\"}]}", "m:1:24: error: expected the end of the string", NULL},
    {HEAD "{\"end\":\"10000000000000000\"}]}",
     "m:1:22: error: the end address does not fit 64 bits", NULL},
    {HEAD "{\"type\":\"usabel\"}]}", "m:1:23: error: no type of memory is named 'usabel'",
     "did you mean 'usable'?"},
    {HEAD "{\"type\":\"usable now\"}]}", "m:1:29: error: expected the end of the string", NULL},
    {HEAD "{\"type\":\"usable\n\"}]}", "m:1:29: error: expected '\"' at the end of the string",
     NULL},
    {HEAD "{\"base\" \"0\"}]}", "m:1:22: error: expected ':'", NULL},
    {HEAD "{\"x\":?}]}", "m:1:19: error: expected a value", NULL},
    {HEAD "{\"x\":[[[[", "m:1:23: error: expected a value or the end of one", NULL},
    {HEAD "{\"x\":1;}]}", "m:1:20: error: expected ',' or '}'", NULL},
    {HEAD "{\"base\":\"2\",\"end\":\"1\",\"type\":\"usable\"}]}",
     "m:1:33: error: this region ends before it starts", NULL},
    {"{\"x\":1}\n{\"firmware\":[]}",
     "m:1:1: error: no line of this file holds a region in the format 'json'", NULL},
};

START_TEST(mistakes_in_json_have_their_place)
{
  expect_failure(bad[_i].text, NULL, bad[_i].message, bad[_i].piece);
}
END_TEST

START_TEST(every_cut_of_json_is_an_error)
{
  static const char text[] = HEAD ROW ",\n" ROW "]";

  for (gsize size = 0; size < sizeof(text) - 1; size++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(sim_bootmap) map = parse_bytes(text, size, "json", &error);
    ck_assert_ptr_null(map);
    ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
  }
}
END_TEST

START_TEST(depth_and_length_of_json_cost_no_stack)
{
  g_autofree char *brackets = g_strnfill(1 << 20, '[');
  g_autofree char *deep = g_strconcat("{\"x\":", brackets, NULL);
  g_autofree char *long_name = g_strconcat("{\"", brackets, "\":1,\"firmware\":[" ROW "]}", NULL);
  g_autoptr(GError) error = NULL;

  g_autoptr(sim_bootmap) map = parse_bytes(deep, strlen(deep), "json", &error);
  ck_assert_ptr_null(map);
  ck_assert_uint_lt(strlen(error->message), 1000);
  expect(long_name, "json", "1: 0x0+0x1000 usable", 0);
}
END_TEST

START_TEST(a_nul_in_json_is_an_error)
{
  static const char nul[] = HEAD "{\"type\":\"usable\0\"}]}", alone[] = HEAD "\0" ROW "]}";

  ck_assert_ptr_null(parse_bytes(nul, sizeof(nul) - 1, NULL, NULL));
  ck_assert_ptr_null(parse_bytes(alone, sizeof(alone) - 1, NULL, NULL));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("bootmap convert");
  TCase *tc = tcase_create("convert");

  tcase_add_loop_test(tc, every_form_says_the_same_regions, 0, 3);
  tcase_add_test(tc, text_and_json_have_the_loaders_types_too);
  tcase_add_loop_test(tc, e820_has_no_words_for_the_loaders_types, 0, 4);
  tcase_add_test(tc, other_forms_are_not_written);
  tcase_add_test(tc, the_newer_e820_form_is_written_but_for_empty_regions);
  tcase_add_test(tc, as_many_regions_as_the_kernel_takes_are_written_and_read);
  tcase_add_loop_test(tc, json_is_read_wherever_its_lines_break, 0, G_N_ELEMENTS(good));
  tcase_add_loop_test(tc, mistakes_in_json_have_their_place, 0, G_N_ELEMENTS(bad));
  tcase_add_test(tc, every_cut_of_json_is_an_error);
  tcase_add_test(tc, depth_and_length_of_json_cost_no_stack);
  tcase_add_test(tc, a_nul_in_json_is_an_error);
  suite_add_tcase(suite, tc);
  return suite;
}
