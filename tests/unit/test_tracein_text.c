/* SPDX-License-Identifier: MPL-2.0 */
/* The kernel's text form: what is an event, what is not, and mistakes. */
#include "tests/unit/trace_support.h"

#define PLACE "              wl-168     [001] .....     8.456667: "

static GArray *read_text(const char *text, struct sim_tracein_info *ret_info)
{
  g_autofree char *path = trace_file(text, strlen(text));
  return trace_read(path, NULL, ret_info);
}

/* The line as the only one must be refused at this column, by a message with this text. */
static void expect_mistake(const char *line, unsigned column, const char *text)
{
  g_autofree char *path = trace_file(line, strlen(line));
  g_autofree char *message = trace_mistake(path, "text");
  g_autofree char *place = g_strdup_printf("%s:1:%u: error: ", path, column);

  trace_expect_has(message, place);
  trace_expect_has(message, text);
}

START_TEST(the_three_events_are_read)
{
  g_autoptr(GArray) events = read_text(
      PLACE
      "mm_page_alloc: page=00000000a9fb9ed1 pfn=0x1011b4 order=1 migratetype=0 "
      "gfp_flags=GFP_KERNEL_ACCOUNT|__GFP_ZERO\n"
      "            true-378     [003] d..1.     9.853959: mm_page_free: page=000000006cb3260e "
      "pfn=0x865a order=9\n"
      "            true-378     [000] d..1.    10.000001: mm_page_free_batched: "
      "page=000000006cb3260e pfn=0x865a order=0\n",
      NULL);
  const struct sim_trace_event wanted[] = {
      {8456667, 0x1011b4, 1, 1, SIM_TRACE_ALLOC},
      {9853959, 0x865a, 3, 9, SIM_TRACE_FREE},
      {10000001, 0x865a, 0, 0, SIM_TRACE_FREE_BATCHED},
  };
  trace_expect_equal(events, wanted, G_N_ELEMENTS(wanted));
}
END_TEST

START_TEST(a_frame_number_without_0x_is_decimal)
{
  g_autoptr(GArray) events = read_text(PLACE "mm_page_free: page=1 pfn=1234 order=0\n" PLACE
                                             "mm_page_free: page=1 pfn=0x1234 order=0\n",
                                       NULL);
  ck_assert_uint_eq(trace_event(events, 0)->pfn, 1234);
  ck_assert_uint_eq(trace_event(events, 1)->pfn, 0x1234);
}
END_TEST

/* Names of tasks, in the 16 columns that the kernel gives them. */
static const char *const task_names[] = {
    "          <idle>", "           <...>", "    tmux: server",
    "     Web Content", "     jbd2/vda-8",  "[0] 1.0: mm_page",
    "  [1] 2.5: x: y",  "      a [7] b-12", "    \xe3\x81\x82\xe3\x81\x84-3",
};

START_TEST(a_task_may_be_called_anything)
{
  g_autofree char *line = g_strdup_printf(
      "%16s-12345   [002] d..1.     3.000004: mm_page_free: page=1 pfn=0x77 order=0\n",
      task_names[_i]);
  g_autoptr(GArray) events = read_text(line, NULL);
  const struct sim_trace_event wanted = {3000004, 0x77, 2, 0, SIM_TRACE_FREE};
  trace_expect_equal(events, &wanted, 1);
}
END_TEST

START_TEST(other_layouts_of_the_line_are_read)
{
  static const char *const lines[] = {
      /* no flags, as old kernels and trace-cmd write it */
      "          <idle>-0     [001]     0.500000: mm_page_alloc:        page=0x1 pfn=0x5 order=2",
      /* with the thread group */
      "            bash-99    ( 12345) [001] d..1.   0.500000: mm_page_alloc: page=1 pfn=5 order=2",
      "            bash-99    (-------) [001] d..1.   0.500000: mm_page_alloc: page=1 pfn=5 "
      "order=2",
      /* blanks in front gone */
      "bash-99 [001] .... 0.500000: mm_page_alloc: page=1 pfn=0x5 order=2\r",
      /* perf */
      "swapper     0 [001]     0.500000:     kmem:mm_page_alloc: page=0x1 pfn=0x5 order=2",
      /* fewer digits, and more */
      "          <idle>-0     [001] ..... 0.5: mm_page_alloc: page=1 pfn=0x5 order=2",
      "          <idle>-0     [001] ..... 0.500000999: mm_page_alloc: page=1 pfn=0x5 order=2",
  };
  g_autoptr(GArray) events = read_text(lines[_i], NULL);
  const struct sim_trace_event wanted = {500000, 5, 1, 2, SIM_TRACE_ALLOC};
  trace_expect_equal(events, &wanted, 1);
}
END_TEST

START_TEST(other_events_keep_their_time_and_cpu)
{
  g_autoptr(GArray) events = read_text(
      PLACE "mm_page_alloc_zone_locked: page=1 pfn=0x11e002 order=0 migratetype=1\n" PLACE
            "tracing_mark_write: mm_page_free: page=1 pfn=0x1 order=0\n" PLACE
            "mm_page_allocation: no\n" PLACE "<stack trace>\n => alloc_pages\n => fault\n",
      NULL);
  ck_assert_uint_eq(events->len, 4);
  for (guint i = 0; i < 4; i++)
    trace_expect(events, i, (struct sim_trace_event){8456667, 0, 1, 0, SIM_TRACE_OTHER});
}
END_TEST

START_TEST(a_time_may_be_as_long_as_its_microseconds_fit)
{
  g_autoptr(GArray) events = read_text(
      "              wl-168     [001] .....     18446744073708.999999: mm_page_free: page=1 pfn=1 "
      "order=0\n",
      NULL);
  ck_assert_uint_eq(trace_event(events, 0)->time_us, UINT64_C(18446744073708999999));
}
END_TEST

START_TEST(comments_and_what_stands_between_are_no_events)
{
  struct sim_tracein_info info;
  g_autoptr(GArray) events = read_text("# tracer: nop\n#\n"
                                       "# entries-in-buffer/entries-written: 1/1   #P:12\n\n" PLACE
                                       "mm_page_free: page=1 pfn=0x1 order=0\n"
                                       "# in between\n   \n"
                                       "CPU:2 [LOST 41 EVENTS]\nCPU:3 [LOST EVENTS]\n" PLACE
                                       "mm_page_free: page=1 pfn=0x2 order=0",
                                       &info);
  ck_assert_uint_eq(events->len, 2);
  ck_assert_uint_eq(info.cpus, 12);
  ck_assert_uint_eq(info.lost, 42);
  ck_assert_str_eq(info.format, "text");
}
END_TEST

START_TEST(an_allocation_without_a_page_failed)
{
  g_autoptr(GArray) events =
      read_text(PLACE "mm_page_alloc: page=(null) pfn=0x0 order=9 migratetype=0\n", NULL);
  trace_expect(events, 0, (struct sim_trace_event){8456667, 0, 1, 9, SIM_TRACE_FAILED});
}
END_TEST

START_TEST(frame_0_can_be_handed_out_if_it_has_a_page)
{
  g_autoptr(GArray) events =
      read_text(PLACE "mm_page_alloc: page=ffffea0000000000 pfn=0x0 order=1\n" PLACE
                      "mm_page_alloc: page=0000000000000000 pfn=0x0 order=2\n" PLACE
                      "mm_page_alloc: pfn=0x0 order=3\n",
                NULL);
  ck_assert_uint_eq(events->len, 3);
  trace_expect(events, 0, (struct sim_trace_event){8456667, 0, 1, 1, SIM_TRACE_ALLOC});
  trace_expect(events, 1, (struct sim_trace_event){8456667, 0, 1, 2, SIM_TRACE_FAILED});
  trace_expect(events, 2, (struct sim_trace_event){8456667, 0, 1, 3, SIM_TRACE_FAILED});
}
END_TEST

static const struct {
  const char *line;
  unsigned column;
  const char *text;
} mistakes[] = {
    {"something else", 1, "this line is no event"},
    {PLACE "mm_page_alloc: page=1 order=0", 66, "has no 'pfn='"},
    {PLACE "mm_page_alloc: page=1 pfn=0x order=0", 78, "malformed frame number"},
    {PLACE "mm_page_alloc: page=1 pfn=0y order=0", 78, "malformed frame number"},
    {PLACE "mm_page_alloc: page=1 pfn=0x1g order=0", 78, "malformed frame number"},
    {PLACE "mm_page_alloc: page=1 pfn=12f order=0", 78, "malformed frame number"},
    {PLACE "mm_page_alloc: page=1 pfn=99999999999999999999 order=0", 78, "malformed frame number"},
    {PLACE "mm_page_alloc: page=1 pfn=0xfffffffffffffffff order=0", 78, "malformed frame number"},
    {PLACE "mm_page_alloc: page=1 pfn=0x5", 81, "has no 'order='"},
    {PLACE "mm_page_alloc: page=1 pfn=0x5 order=", 88, "malformed order"},
    {PLACE "mm_page_alloc: page=1 pfn=0x5 order=16", 88, "malformed order"},
    {PLACE "mm_page_alloc: page=1 pfn=0x5 order=1x", 88, "malformed order"},
    {PLACE "mm_page_alloc: page=1 pfn=0xffffffff order=1", 78, "above 2^32"},
    {"              wl-168     [001] .....     8456667: mm_page_free: pfn=1 order=0", 42,
     "expected a time"},
    {"              wl-168     [001] .....     8.: mm_page_free: pfn=1 order=0", 42,
     "expected a time"},
    {"              wl-168     [001] .....     18446744073709.0: mm_page_free: pfn=1 order=0", 42,
     "expected a time"},
    {"              wl-168     [4096] .....     8.0: mm_page_free: pfn=1 order=0", 26,
     "number of the CPU is too large"},
    {"              wl-168     [x] .....     8.0: mm_page_free: pfn=1 order=0", 26, "no event"},
};

START_TEST(a_mistake_has_its_place)
{
  expect_mistake(mistakes[_i].line, mistakes[_i].column, mistakes[_i].text);
}
END_TEST

START_TEST(the_line_is_shown_with_a_caret_and_a_remedy)
{
  g_autofree char *path = trace_file("# one\n\nbad \x1b[31m line\n", 21);
  g_autofree char *message = trace_mistake(path, "text");
  trace_expect_has(message, ":3:1: error: this line is no event\n"
                            "    3 | bad ?[31m line\n"
                            "      | ^\n"
                            "      | an event is a line 'TASK-PID [CPU] FLAGS SECONDS.MICROS: ");
}
END_TEST

START_TEST(a_line_may_not_go_on_for_ever)
{
  g_autofree char *line = g_strnfill(200000, 'x');
  expect_mistake(line, 1, "longer than 65536 bytes");
}
END_TEST

START_TEST(lines_across_the_edge_of_the_buffer_are_whole)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (unsigned i = 0; i < 9000; i++)
    g_string_append_printf(text, PLACE "mm_page_free: page=1 pfn=%u order=0%*s\n", i, (int)(i % 37),
                           "");
  g_autoptr(GArray) events = read_text(text->str, NULL);
  ck_assert_uint_eq(events->len, 9000);
  for (guint i = 0; i < events->len; i++)
    ck_assert_uint_eq(trace_event(events, i)->pfn, i);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("tracein_text");
  TCase *tcase = tcase_create("all");

  tcase_add_checked_fixture(tcase, trace_setup, trace_teardown);
  tcase_add_test(tcase, the_three_events_are_read);
  tcase_add_test(tcase, a_frame_number_without_0x_is_decimal);
  tcase_add_loop_test(tcase, a_task_may_be_called_anything, 0, G_N_ELEMENTS(task_names));
  tcase_add_loop_test(tcase, other_layouts_of_the_line_are_read, 0, 7);
  tcase_add_test(tcase, other_events_keep_their_time_and_cpu);
  tcase_add_test(tcase, a_time_may_be_as_long_as_its_microseconds_fit);
  tcase_add_test(tcase, comments_and_what_stands_between_are_no_events);
  tcase_add_test(tcase, an_allocation_without_a_page_failed);
  tcase_add_test(tcase, frame_0_can_be_handed_out_if_it_has_a_page);
  tcase_add_loop_test(tcase, a_mistake_has_its_place, 0, G_N_ELEMENTS(mistakes));
  tcase_add_test(tcase, the_line_is_shown_with_a_caret_and_a_remedy);
  tcase_add_test(tcase, a_line_may_not_go_on_for_ever);
  tcase_add_test(tcase, lines_across_the_edge_of_the_buffer_are_whole);
  suite_add_tcase(suite, tcase);
  return suite;
}
