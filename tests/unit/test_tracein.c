/* SPDX-License-Identifier: MPL-2.0 */
/* Traces as a whole: finding the form, zstd, the window, and that all forms say the same. */
#include <zstd.h>

#include "sim/error.h"
#include "sim/rng.h"
#include "tests/unit/trace_support.h"

#define LINE(time, pfn)                                                                            \
  "          <idle>-0     [000] ..... " time ": mm_page_free: page=1 pfn=" pfn " order=0\n"

/* ---- Forms ---- */

START_TEST(a_form_can_be_named)
{
  g_autofree char *path = trace_file(LINE("1.5", "7"), strlen(LINE("1.5", "7")));
  g_autoptr(GArray) events = trace_read(path, "text", NULL);
  ck_assert_uint_eq(events->len, 1);
  g_autofree char *message = trace_mistake(path, "llfree");
  trace_expect_has(message, "header of the trace is cut short");
}
END_TEST

START_TEST(a_form_that_there_is_not_is_a_matter_of_usage)
{
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(sim_tracein_open("nowhere", "txet", &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_USAGE));
  trace_expect_has(error->message, "did you mean 'text'?");
}
END_TEST

START_TEST(a_file_of_no_form_names_all_forms)
{
  g_autofree char *path = trace_file("\x7f"
                                     "ELF\x01\x02\x00\x00",
                                     8);
  g_autofree char *message = trace_mistake(path, NULL);
  trace_expect_has(message, ":byte 0: error: this is not a trace in any known form");
  for (const char *const *name = sim_tracein_formats(); *name != NULL; name++)
    trace_expect_has(message, *name);
}
END_TEST

START_TEST(an_empty_file_is_a_mistake)
{
  g_autofree char *path = trace_file("", 0);
  g_autofree char *message = trace_mistake(path, NULL);
  trace_expect_has(message, "there is nothing in this file");
}
END_TEST

START_TEST(a_file_that_is_not_there_is_a_mistake)
{
  g_autofree char *path = trace_path("missing");
  g_autofree char *message = trace_mistake(path, NULL);
  trace_expect_has(message, "cannot read '");
  trace_expect_has(message, "No such file");
}
END_TEST

START_TEST(nothing_is_left_open_after_a_mistake)
{
  unsigned before = test_open_files();
  g_autofree char *path = trace_file("bad\n", 4);
  g_autofree char *message = trace_mistake(path, NULL);
  trace_expect_has(message, ":1:1: error: ");
  ck_assert_uint_eq(test_open_files(), before);
}
END_TEST

/* ---- zstd ---- */

static char *compressed(const char *text, gsize size, gsize *ret_size)
{
  gsize bound = ZSTD_compressBound(size);
  char *to = g_malloc(bound);
  *ret_size = ZSTD_compress(to, bound, text, size, 3);
  ck_assert(!ZSTD_isError(*ret_size));
  return to;
}

static char *many_lines(unsigned count)
{
  GString *text = g_string_new(NULL);
  for (unsigned i = 0; i < count; i++) {
    g_autofree char *time = g_strdup_printf("%u.%06u", i / 1000, i % 1000);
    g_string_append_printf(text,
                           "          <idle>-0     [000] ..... %s: mm_page_free: page=%u "
                           "pfn=%u order=0\n",
                           time, i * 2654435761u, i);
  }
  return g_string_free(text, FALSE);
}

START_TEST(a_compressed_trace_is_the_trace)
{
  struct sim_tracein_info info;
  g_autofree char *text = many_lines(20000);
  gsize size;
  g_autofree char *packed = compressed(text, strlen(text), &size);
  g_autofree char *path = trace_file(packed, size);
  g_autoptr(GArray) events = trace_read(path, NULL, &info);
  ck_assert(info.compressed);
  ck_assert_str_eq(info.format, "text");
  ck_assert_uint_eq(events->len, 20000);
  for (guint i = 0; i < events->len; i++)
    trace_expect(
        events, i,
        (struct sim_trace_event){i / 1000 * UINT64_C(1000000) + i % 1000, i, 0, 0, SIM_TRACE_FREE});
}
END_TEST

START_TEST(compressed_pieces_one_after_the_other_are_one_trace)
{
  g_autofree char *text = many_lines(100);
  gsize size;
  g_autofree char *packed = compressed(text, strlen(text), &size);
  g_autofree char *twice = g_malloc(size * 2);
  memcpy(twice, packed, size);
  memcpy(twice + size, packed, size);
  g_autofree char *path = trace_file(twice, size * 2);
  g_autoptr(GArray) events = trace_read(path, NULL, NULL);
  ck_assert_uint_eq(events->len, 200);
}
END_TEST

START_TEST(compressed_data_that_end_early_are_a_mistake)
{
  g_autofree char *text = many_lines(20000);
  gsize size;
  g_autofree char *packed = compressed(text, strlen(text), &size);
  const gsize cuts[] = {5, size / 2, size - 1};
  for (unsigned i = 0; i < G_N_ELEMENTS(cuts); i++) {
    g_autofree char *path = trace_file(packed, cuts[i]);
    g_autofree char *message = trace_mistake(path, NULL);
    g_autofree char *place = g_strdup_printf(":byte %u: error: the compressed data end in the "
                                             "middle",
                                             (unsigned)cuts[i]);
    trace_expect_has(message, place);
  }
}
END_TEST

START_TEST(compressed_data_that_are_damaged_are_a_mistake)
{
  g_autofree char *text = many_lines(20000);
  gsize size;
  g_autofree char *packed = compressed(text, strlen(text), &size);
  memset(packed + size / 2, 0xff, 64);
  g_autofree char *path = trace_file(packed, size);
  g_autofree char *message = trace_mistake(path, NULL);
  trace_expect_has(message, "error: the compressed data are damaged");
}
END_TEST

/* ---- The window ---- */

static int by_time_and_cpu(const void *a, const void *b)
{
  const struct sim_trace_event *x = a, *y = b;
  if (x->time_us != y->time_us)
    return x->time_us < y->time_us ? -1 : 1;
  if (x->cpu != y->cpu)
    return x->cpu < y->cpu ? -1 : 1;
  return x->pfn < y->pfn ? -1 : 1; /* which says the position here */
}

/* Reads `count` events, which are in the order of their pfn, through a window. */
static GArray *read_through_window(const struct sim_trace_event *events, guint count,
                                   uint32_t places, uint64_t *ret_late)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = trace_path("unsorted");

  trace_write(path, "text", 4, events, count);
  g_autoptr(sim_tracein) in = sim_tracein_open(path, NULL, &error);
  ck_assert_ptr_nonnull(in);
  sim_tracein_set_window(in, places);
  GArray *found = trace_collect(in, &error);
  ck_assert_ptr_nonnull(found);
  *ret_late = sim_tracein_info(in)->late;
  return found;
}

/* Displacements of 1, of a few, of just less than the insertion goes back and more, and of all
 * that the window allows. */
static const unsigned spreads[] = {1, 4, 63, 64, 65, 500};

START_TEST(what_is_at_most_a_window_away_gets_to_its_place)
{
  const guint count = 20000;
  g_autofree struct sim_trace_event *events = g_new0(struct sim_trace_event, count);
  struct sim_rng rng;
  uint64_t late;

  sim_rng_init(&rng, spreads[_i], "window");
  for (guint i = 0; i < count; i++)
    events[i] = (struct sim_trace_event){(i + sim_rng_below(&rng, spreads[_i])) / 3, i,
                                         (uint16_t)sim_rng_below(&rng, 4), 0, SIM_TRACE_FREE};
  g_autoptr(GArray) found = read_through_window(events, count, 600, &late);
  qsort(events, count, sizeof(events[0]), by_time_and_cpu);
  trace_expect_equal(found, events, count);
  ck_assert_uint_eq(late, 0);
}
END_TEST

START_TEST(a_reversed_trace_is_sorted_if_the_window_holds_it)
{
  const guint count = 3000;
  g_autofree struct sim_trace_event *events = g_new0(struct sim_trace_event, count);
  uint64_t late;

  for (guint i = 0; i < count; i++)
    events[i] = (struct sim_trace_event){(count - i) / 7, i, 0, 0, SIM_TRACE_FREE};
  g_autoptr(GArray) found = read_through_window(events, count, 3000, &late);
  qsort(events, count, sizeof(events[0]), by_time_and_cpu);
  trace_expect_equal(found, events, count);
  ck_assert_uint_eq(late, 0);
}
END_TEST

START_TEST(what_is_farther_away_comes_late_and_is_counted)
{
  const guint count = 1000, places = 100;
  g_autofree struct sim_trace_event *events = g_new0(struct sim_trace_event, count);
  uint64_t late;

  for (guint i = 0; i < count; i++)
    events[i] = (struct sim_trace_event){i * 10, i, 0, 0, SIM_TRACE_FREE};
  /* Three that belong to the start, and one that the window still has room for. */
  events[500].time_us = events[510].time_us = 5;
  events[900].time_us = 7;
  events[700].time_us = (700 - places) * 10 + 5;
  g_autoptr(GArray) found = read_through_window(events, count, places, &late);
  ck_assert_uint_eq(found->len, count);
  ck_assert_uint_eq(late, 3);
  guint place_of_700 = 0, backwards = 0;
  for (guint i = 1; i < count; i++) {
    backwards += trace_event(found, i)->time_us < trace_event(found, i - 1)->time_us ? 1 : 0;
    if (trace_event(found, i)->pfn == 700)
      place_of_700 = i;
  }
  ck_assert_uint_eq(trace_event(found, place_of_700 - 1)->time_us, (700 - places) * 10);
  ck_assert_uint_eq(backwards, 2); /* the first two come together */
}
END_TEST

/* ---- All forms ---- */

START_TEST(text_and_binary_hold_the_same)
{
  const guint count = 5000;
  g_autofree struct sim_trace_event *events = g_new0(struct sim_trace_event, count);
  struct sim_rng rng;

  sim_rng_init(&rng, 3, "forms");
  for (guint i = 0; i < count; i++) {
    struct sim_trace_event *event = &events[i];
    *event = (struct sim_trace_event){i * UINT64_C(700001), (uint32_t)sim_rng_next(&rng) >> 1,
                                      (uint16_t)sim_rng_below(&rng, SIM_TRACE_CPUS_MAX),
                                      (uint8_t)sim_rng_below(&rng, 16),
                                      (uint8_t)sim_rng_below(&rng, SIM_TRACE_KINDS)};
    if (event->kind == SIM_TRACE_FAILED || event->kind == SIM_TRACE_OTHER)
      event->pfn = 0;
    if (event->kind == SIM_TRACE_OTHER)
      event->order = 0;
  }
  for (unsigned form = 0; form < 2; form++) {
    struct sim_tracein_info info;
    g_autofree char *path = trace_path("written");
    trace_write(path, form == 0 ? "text" : "binary", 17, events, count);
    g_autoptr(GArray) found = trace_read(path, NULL, &info);
    trace_expect_equal(found, events, count);
    ck_assert_uint_eq(info.cpus, 17);
  }
}
END_TEST

START_TEST(a_recording_that_cannot_be_written_is_an_error)
{
  const struct sim_trace_event event = {1, 1, 0, 0, SIM_TRACE_FREE};
  const char *const *forms = sim_traceout_formats();
  for (unsigned i = 0; forms[i] != NULL; i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(sim_traceout) out = sim_traceout_new("/dev/full", forms[i], 1, &error);
    bool good =
        out != NULL && sim_traceout_add(out, &event, 1, &error) && sim_traceout_finish(out, &error);
    ck_assert_msg(!good, "%s", forms[i]);
    trace_expect_has(error->message, "cannot write '/dev/full': ");
  }
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("tracein");
  TCase *tcase = tcase_create("all");

  tcase_add_checked_fixture(tcase, trace_setup, trace_teardown);
  tcase_add_test(tcase, a_form_can_be_named);
  tcase_add_test(tcase, a_form_that_there_is_not_is_a_matter_of_usage);
  tcase_add_test(tcase, a_file_of_no_form_names_all_forms);
  tcase_add_test(tcase, an_empty_file_is_a_mistake);
  tcase_add_test(tcase, a_file_that_is_not_there_is_a_mistake);
  tcase_add_test(tcase, nothing_is_left_open_after_a_mistake);
  tcase_add_test(tcase, a_compressed_trace_is_the_trace);
  tcase_add_test(tcase, compressed_pieces_one_after_the_other_are_one_trace);
  tcase_add_test(tcase, compressed_data_that_end_early_are_a_mistake);
  tcase_add_test(tcase, compressed_data_that_are_damaged_are_a_mistake);
  tcase_add_loop_test(tcase, what_is_at_most_a_window_away_gets_to_its_place, 0,
                      G_N_ELEMENTS(spreads));
  tcase_add_test(tcase, a_reversed_trace_is_sorted_if_the_window_holds_it);
  tcase_add_test(tcase, what_is_farther_away_comes_late_and_is_counted);
  tcase_add_test(tcase, text_and_binary_hold_the_same);
  tcase_add_test(tcase, a_recording_that_cannot_be_written_is_an_error);
  suite_add_tcase(suite, tcase);
  return suite;
}
