/* SPDX-License-Identifier: MPL-2.0 */
/* Page traces of the LLFree project: layout, order over CPUs, pipes, and limits. */
#include <fcntl.h>
#include <unistd.h>

#include "sim/tracein/reader.h"
#include "tests/unit/trace_support.h"

#define PAGE    4096u
#define ENTRIES 255u

/* A trace that is made byte by byte. */
static GByteArray *bytes;

static void setup(void)
{
  trace_setup();
  bytes = g_byte_array_new();
}

static void teardown(void)
{
  g_byte_array_unref(bytes);
  trace_teardown();
}

static uint8_t *add_page(void)
{
  guint at = bytes->len;
  g_byte_array_set_size(bytes, at + PAGE);
  memset(bytes->data + at, 0, PAGE);
  return bytes->data + at;
}

static void add_header(uint32_t cores, uint32_t max_pfn)
{
  uint8_t *page = add_page();
  sim_tracein_put_u32(page, 1);
  sim_tracein_put_u32(page + 4, cores);
  sim_tracein_put_u32(page + 8, max_pfn);
}

/* Bit by bit, as the format is described. */
static void set_bits(uint8_t *entry, unsigned first, unsigned count, uint64_t value)
{
  for (unsigned i = 0; i < count; i++)
    if ((value >> i & 1) != 0)
      entry[(first + i) / 8] |= (uint8_t)(1 << ((first + i) % 8));
}

static void set_entry(uint8_t *page, unsigned index, uint64_t time_us, uint32_t pfn, bool alloc,
                      unsigned order)
{
  uint8_t *entry = page + 16 + 16 * (size_t)index;
  memset(entry, 0, 16);
  set_bits(entry, 0, 38, time_us);
  set_bits(entry, 38, 24, pfn);
  set_bits(entry, 62, 1, alloc ? 1 : 0);
  set_bits(entry, 63, 4, order);
  set_bits(entry, 67, 29, 0x1fffffff); /* flags and process must not matter */
  set_bits(entry, 96, 32, 0xffffffff);
}

static char *made(void)
{
  return trace_file(bytes->data, bytes->len);
}

START_TEST(each_field_is_where_it_is_described)
{
  add_header(3, 0xffffff);
  uint8_t *page = add_page();
  sim_tracein_put_u32(page, 2);
  set_entry(page, 0, (UINT64_C(1) << 38) - 1, 0xffffff, true, 0);
  set_entry(page, 1, (UINT64_C(1) << 38) - 1, 0x800001, false, 15);
  set_entry(page, 2, (UINT64_C(1) << 38) - 1, 1, true, 1);
  set_entry(page, 254, (UINT64_C(1) << 38) - 1, 2, false, 8);

  const uint64_t time = (UINT64_C(1) << 38) - 1;
  const struct sim_trace_event wanted[] = {
      {time, 0xffffff, 2, 0, SIM_TRACE_ALLOC},
      {time, 0x800001, 2, 15, SIM_TRACE_FREE},
      {time, 1, 2, 1, SIM_TRACE_ALLOC},
      {time, 2, 2, 8, SIM_TRACE_FREE},
  };
  struct sim_tracein_info info;
  g_autofree char *path = made();
  g_autoptr(GArray) events = trace_read(path, NULL, &info);
  trace_expect_equal(events, wanted, G_N_ELEMENTS(wanted));
  ck_assert_str_eq(info.format, "llfree");
  ck_assert_uint_eq(info.cpus, 3);
}
END_TEST

START_TEST(entries_of_zeros_are_padding_wherever_they_stand)
{
  add_header(1, 100);
  uint8_t *page = add_page();
  set_entry(page, 3, 10, 5, true, 0);
  set_entry(page, 100, 20, 5, false, 0);
  add_page(); /* nothing but padding */
  g_autofree char *path = made();
  g_autoptr(GArray) events = trace_read(path, NULL, NULL);
  const struct sim_trace_event wanted[] = {
      {10, 5, 0, 0, SIM_TRACE_ALLOC},
      {20, 5, 0, 0, SIM_TRACE_FREE},
  };
  trace_expect_equal(events, wanted, 2);
}
END_TEST

START_TEST(an_allocation_of_frame_0_failed)
{
  add_header(1, 100);
  set_entry(add_page(), 0, 10, 0, true, 3);
  g_autofree char *path = made();
  g_autoptr(GArray) events = trace_read(path, NULL, NULL);
  trace_expect(events, 0, (struct sim_trace_event){10, 0, 0, 3, SIM_TRACE_FAILED});
}
END_TEST

/* CPU 1 fills one page in the time in which CPU 0 fills many more than the window holds; it
 * comes last in the file. */
#define BUSY_PAGES (SIM_TRACE_WINDOW * 3 / ENTRIES)

static void add_busy_and_idle(void)
{
  uint64_t time = 0;

  add_header(2, 100);
  for (unsigned i = 0; i < BUSY_PAGES; i++) {
    uint8_t *page = add_page();
    for (unsigned entry = 0; entry < ENTRIES; entry++)
      set_entry(page, entry, time += 2, 1, true, 0);
  }
  uint8_t *page = add_page();
  sim_tracein_put_u32(page, 1);
  for (unsigned entry = 0; entry < ENTRIES; entry++)
    set_entry(page, entry, time * entry / ENTRIES | 1, 2, true, 0);
}

static guint count_disorder(const GArray *events)
{
  guint count = 0;
  for (guint i = 1; i < events->len; i++)
    count += trace_event(events, i)->time_us < trace_event(events, i - 1)->time_us ? 1 : 0;
  return count;
}

START_TEST(a_file_is_in_order_however_idle_a_cpu_is)
{
  struct sim_tracein_info info;
  add_busy_and_idle();
  g_autofree char *path = made();
  g_autoptr(GArray) events = trace_read(path, NULL, &info);
  ck_assert_uint_eq(events->len, (BUSY_PAGES + 1) * ENTRIES);
  ck_assert_uint_eq(count_disorder(events), 0);
  ck_assert_uint_eq(info.late, 0);
}
END_TEST

/* A child writes `bytes` into the pipe; what is read from it. */
static GArray *read_through_pipe(struct sim_tracein_info *ret_info)
{
  g_autofree char *fifo = trace_path("fifo");
  ck_assert_int_eq(mkfifo(fifo, 0600), 0);
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    int fd = open(fifo, O_WRONLY);
    size_t done = 0;
    while (done < bytes->len) {
      ssize_t more = write(fd, bytes->data + done, bytes->len - done);
      if (more <= 0)
        break;
      done += (size_t)more;
    }
    _exit(0);
  }
  return trace_read(fifo, NULL, ret_info);
}

START_TEST(through_a_pipe_what_is_late_is_counted)
{
  struct sim_tracein_info info;
  add_busy_and_idle();
  g_autoptr(GArray) events = read_through_pipe(&info);
  ck_assert_uint_eq(events->len, (BUSY_PAGES + 1) * ENTRIES);
  /* A third of the trace is in the window when the last page comes, so two thirds of that
   * page are late, but for the few at the edge; they come in one piece, or in two if the page
   * was cut by the end of the window. */
  ck_assert_uint_gt(info.late, ENTRIES / 3);
  ck_assert_uint_lt(info.late, ENTRIES);
  guint disorder = count_disorder(events);
  ck_assert(disorder == 1 || disorder == 2);
}
END_TEST

START_TEST(through_a_pipe_a_cut_page_is_counted)
{
  struct sim_tracein_info info;
  add_header(1, 100);
  set_entry(add_page(), 0, 10, 5, true, 0);
  add_page();
  g_byte_array_set_size(bytes, bytes->len - 96);
  g_autoptr(GArray) events = read_through_pipe(&info);
  ck_assert_uint_eq(events->len, 1);
  ck_assert_uint_eq(info.cut, PAGE - 96);
}
END_TEST

START_TEST(a_cut_page_is_counted)
{
  struct sim_tracein_info info;
  add_header(1, 100);
  set_entry(add_page(), 0, 10, 5, true, 0);
  add_page();
  g_byte_array_set_size(bytes, bytes->len - 1);
  g_autofree char *path = made();
  g_autoptr(GArray) events = trace_read(path, NULL, &info);
  ck_assert_uint_eq(events->len, 1);
  ck_assert_uint_eq(info.cut, PAGE - 1);
}
END_TEST

START_TEST(a_page_of_a_cpu_that_there_is_not_is_a_mistake)
{
  add_header(2, 100);
  add_page();
  sim_tracein_put_u32(add_page(), 2);
  g_autofree char *path = made();
  g_autofree char *message = trace_mistake(path, NULL);
  trace_expect_has(message, ":byte 8192: error: this page is of CPU 2, but the trace has 2");
}
END_TEST

START_TEST(a_header_of_no_cpus_or_too_many_is_a_mistake)
{
  add_header(_i == 0 ? 0 : 4097, 100);
  g_autofree char *path = made();
  g_autofree char *message = trace_mistake(path, "llfree");
  trace_expect_has(message, ":byte 4: error: a trace of ");
}
END_TEST

START_TEST(a_header_that_is_cut_is_a_mistake)
{
  add_header(1, 100);
  g_byte_array_set_size(bytes, 100);
  g_autofree char *path = made();
  g_autofree char *message = trace_mistake(path, "llfree");
  trace_expect_has(message, ":byte 0: error: the header of the trace is cut short");
}
END_TEST

/* ---- Writing ---- */

START_TEST(what_was_written_is_read_but_what_it_cannot_hold)
{
  struct sim_trace_event events[1000], wanted[1000];
  guint count = 0;
  for (unsigned i = 0; i < 1000; i++) {
    events[i] = (struct sim_trace_event){i / 2, i + 1, (uint16_t)(i % 7 == 0 ? 5 : i % 2),
                                         (uint8_t)(i % 11), (uint8_t)(i % 5)};
    if (events[i].kind == SIM_TRACE_FAILED)
      events[i].pfn = 0;
    if (events[i].kind <= SIM_TRACE_FREE || events[i].kind == SIM_TRACE_FAILED)
      wanted[count++] = events[i];
  }
  /* The order in which they come back: by time, then by CPU. */
  for (guint i = 1; i < count; i++)
    if (wanted[i].time_us == wanted[i - 1].time_us && wanted[i].cpu < wanted[i - 1].cpu) {
      struct sim_trace_event first = wanted[i];
      wanted[i] = wanted[i - 1];
      wanted[i - 1] = first;
    }

  struct sim_tracein_info info;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = trace_path("written");
  g_autoptr(sim_traceout) out = sim_traceout_new(path, "llfree", 2, &error);
  ck_assert(out != NULL && sim_traceout_add(out, events, 1000, &error));
  ck_assert_uint_eq(sim_traceout_left_out(out), 400);
  ck_assert(sim_traceout_finish(out, &error));
  g_autoptr(GArray) found = trace_read(path, NULL, &info);
  trace_expect_equal(found, wanted, count);
  ck_assert_uint_eq(info.cpus, 6);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
  static const struct sim_trace_event large[] = {
      {0, 1u << 24, 0, 0, SIM_TRACE_ALLOC},
      {UINT64_C(1) << 38, 1, 0, 0, SIM_TRACE_FREE},
  };
  g_autoptr(GError) error = NULL;
  g_autofree char *path = trace_path("written");
  g_autoptr(sim_traceout) out = sim_traceout_new(path, "llfree", 1, &error);
  ck_assert_ptr_nonnull(out);
  ck_assert(!sim_traceout_add(out, &large[_i], 1, &error));
  trace_expect_has(error->message, _i == 0 ? "below 2^24" : "below 2^38");
  trace_expect_has(error->message, "--record-as binary");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("tracein_llfree");
  TCase *tcase = tcase_create("all");

  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_add_test(tcase, each_field_is_where_it_is_described);
  tcase_add_test(tcase, entries_of_zeros_are_padding_wherever_they_stand);
  tcase_add_test(tcase, an_allocation_of_frame_0_failed);
  tcase_add_test(tcase, a_file_is_in_order_however_idle_a_cpu_is);
  tcase_add_test(tcase, through_a_pipe_what_is_late_is_counted);
  tcase_add_test(tcase, through_a_pipe_a_cut_page_is_counted);
  tcase_add_test(tcase, a_cut_page_is_counted);
  tcase_add_test(tcase, a_page_of_a_cpu_that_there_is_not_is_a_mistake);
  tcase_add_loop_test(tcase, a_header_of_no_cpus_or_too_many_is_a_mistake, 0, 2);
  tcase_add_test(tcase, a_header_that_is_cut_is_a_mistake);
  tcase_add_test(tcase, what_was_written_is_read_but_what_it_cannot_hold);
  tcase_add_loop_test(tcase, what_does_not_fit_is_refused, 0, 2);
  suite_add_tcase(suite, tcase);
  return suite;
}
