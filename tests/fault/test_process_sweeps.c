/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Processes without memory: whatever needs a frame is made to fail at its first allocation,
 * its second, and so on until it succeeds.  Each time the answer is NoMemory, every process
 * has the bytes that it had, and when all have exited, nothing is lost.
 */
#include "tests/unit/process_support.h"

enum { PAGES = 8, SECOND = 2 };

/* Pages 0 to 5 are private, and page 2 was never touched; 6 and 7 are shared. */
#define UNTOUCHED 2u
#define SHARED    6u

/* A page for which all tables but the root are missing, and the last one of a table. */
#define FAR     (UINT64_C(5) << 39)
#define BORDER  (VA + 511 * FM_PAGE_SIZE)
#define NOTHING UINT64_MAX

static struct sim_process *p;
static struct sim_process *child; /* of p, before anything fails */

static void set_up_processes(void)
{
  p = spawn("p");
  map(p, 0, SHARED, RIGHTS_RW, false);
  map(p, SHARED, PAGES - SHARED, RIGHTS_RW, true);
  for (uint64_t i = 0; i < PAGES; i++)
    if (i != UNTOUCHED)
      write_at(p, page(i) + i, (uint8_t)(10 + i));
  child = fork_of(p, true);
  write_at(child, page(1) + 1, 99);
}

/* The byte that the tables lead to, which nothing changes. */
static uint8_t peek(const struct sim_process *process, uint64_t va)
{
  uint64_t frame = frame_at(process, va);
  return frame == 0 ? 0 : *(uint8_t *)fm_linear(fm_paddr_of(frame + (va & FM_PAGE_MASK)), 1);
}

/* `half`: page 4 may have its copy already; nobody can tell by its bytes. */
static void expect_contents(bool half)
{
  for (uint64_t i = 0; i < PAGES; i++) {
    uint8_t wanted = i == UNTOUCHED ? 0 : (uint8_t)(10 + i);
    ck_assert_uint_eq(peek(p, page(i) + i), wanted);
    ck_assert_uint_eq(peek(child, page(i) + i), i == 1 ? 99 : wanted);
    if (i == UNTOUCHED)
      ck_assert_uint_eq(frame_at(p, page(i)), 0);
    else
      ck_assert_uint_eq(count_at(p, page(i)), i == 1 || (half && i == 4) ? 1 : 2);
  }
  ck_assert_uint_eq(sim_os_processes(os)->len, 2);
  ck_assert_uint_eq(p->areas->len, 2);
  ck_assert_uint_eq(child->areas->len, 2);
  ck_assert_ptr_null(sim_area_at(p, FAR));
}

/* ---- What may fail ---- */

static struct fm_segment segment; /* of the test's own */

static enum sim_os_answer make(void)
{
  struct sim_process *made = NULL;
  enum sim_os_answer answer = sim_process_new(os, "made", &made);
  ck_assert((made != NULL) == (answer == SIM_OS_OK));
  return answer;
}

static enum sim_os_answer do_fork(void)
{
  struct sim_process *made = NULL;
  enum sim_os_answer answer = sim_process_fork(os, p, "made", true, &made);
  ck_assert((made != NULL) == (answer == SIM_OS_OK));
  return answer;
}

static enum sim_os_answer map_shared(void)
{
  return sim_process_map(os, p, FAR, 3 * FM_PAGE_SIZE, RIGHTS_RW, true);
}

static enum sim_os_answer map_over_tables(void)
{
  return sim_process_map(os, p, BORDER, 2 * FM_PAGE_SIZE, RIGHTS_RW, true);
}

static enum sim_os_answer map_frames(void)
{
  return sim_process_map_frames(os, p, FAR, segment.range, RIGHTS_RW);
}

static enum sim_os_answer demand_zero(void)
{
  return try_write(p, page(UNTOUCHED) + UNTOUCHED, 1);
}

/* Where the tables are missing, too.  The area is no part of what is compared. */
static enum sim_os_answer demand_zero_far(void)
{
  if (sim_area_at(p, FAR) == NULL)
    sim_area_add(p, (struct sim_area){FAR, FAR + FM_PAGE_SIZE, RIGHTS_RW, false});
  enum sim_os_answer answer = try_write(p, FAR, 1);
  ck_assert((frame_at(p, FAR) != 0) == (answer == SIM_OS_OK));
  sim_area_remove(p, FAR, FAR + FM_PAGE_SIZE);
  return answer;
}

static enum sim_os_answer copy(void)
{
  return try_write(p, page(3) + 3, 1);
}

/* Page 4 and page 5 are copied, or neither gets a byte. */
static enum sim_os_answer copy_two(void)
{
  uint8_t bytes[8] = {7, 7, 7, 7, 7, 7, 7, 7};
  return sim_process_access(os, p, page(5) - 4, SIM_ACCESS_WRITE, bytes, 8, &fault);
}

static enum sim_os_answer take_out(void)
{
  return sim_process_unmap(os, p, page(1), 4 * FM_PAGE_SIZE, true);
}

static enum sim_os_answer protect(void)
{
  return sim_process_protect(os, p, page(0), PAGES * FM_PAGE_SIZE, RIGHTS_R, true);
}

static enum sim_os_answer last_owner(void)
{
  return try_write(p, page(1) + 1, 1);
}

/* How many allocations each needs: a root, tables of the levels 3, 2 and 1, pages. */
static const struct {
  enum sim_os_answer (*act)(void);
  unsigned needed;
} acts[] = {
    {make, 1},
    {do_fork, 1 + 3},
    {map_shared, 3 + 3},
    {map_over_tables, 1 + 2},
    {map_frames, 3},
    {demand_zero, 1},
    {demand_zero_far, 1 + 3},
    {copy, 1},
    {copy_two, 2},
    {take_out, 0},
    {protect, 0},
    {last_owner, 0},
};

/* ---- The sweep ---- */

static void setup(void)
{
  process_boot(TEST_RAM, SECOND, 1); /* only the instrumented build can be made to fail */
  ck_assert_int_eq(ops->segment_alloc(test_kernel(), &(struct fm_alloc_options){0}, 3, &segment),
                   FM_ALLOC_OK);
}

static void teardown(void)
{
  ops->segment_drop(test_kernel(), segment);
  process_teardown();
}

static void expect_unused_segment(void)
{
  for (uint64_t at = segment.range.start.raw; at < segment.range.end.raw; at += FM_PAGE_SIZE)
    ck_assert_uint_eq(test_slot(at)->ref_count, 1);
}

START_TEST(without_memory_nothing_happens_and_nothing_is_lost)
{
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  unsigned nth = 0;
  bool done = false;
  while (!done) {
    set_up_processes();
    ck_assert_uint_eq(sim_machine_fail_alloc(test_machine, ++nth), 0);
    enum sim_os_answer answer = acts[_i].act();
    done = sim_machine_fail_alloc(test_machine, 0) != 0;
    ck_assert_str_eq(sim_os_answer_name(answer), done ? "Ok" : "NoMemory");
    if (!done) {
      expect_contents(acts[_i].act == copy_two && nth == 2);
      expect_unused_segment();
      ck_assert_str_eq(sim_os_answer_name(acts[_i].act()), "Ok"); /* with memory it works */
    }
    exit_all();
    ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes);
    expect_unused_segment();
    test_expect_sound();
    ck_assert_uint_eq(events.nr_stale, 0);
  }
  ck_assert_uint_eq(nth - 1, acts[_i].needed);
}
END_TEST

START_TEST(the_fault_that_found_no_memory_is_told)
{
  set_up_processes();
  (void)sim_machine_fail_alloc(test_machine, 1);
  expect_answer(copy(), "NoMemory");
  ck_assert_int_eq(fault.kind, SIM_FAULT_PAGE);
  ck_assert_uint_eq(fault.va, page(3) + 3);
  ck_assert_uint_eq(fault.code, SIM_FAULT_USER | SIM_FAULT_WRITE | SIM_FAULT_PRESENT);
}
END_TEST

/* A parent whose fork failed owns its pages alone, and its next writes find that out. */
START_TEST(after_a_failed_fork_the_parent_copies_nothing)
{
  p = spawn("p");
  map(p, 0, 1, RIGHTS_RW, false);
  write_at(p, VA, 1);
  uint64_t frame = frame_at(p, VA);
  (void)sim_machine_fail_alloc(test_machine, 4);
  expect_answer(do_fork(), "NoMemory");
  write_at(p, VA, 2);
  ck_assert_uint_eq(frame_at(p, VA), frame);
  ck_assert_uint_eq(events.nr_stale, 0);
}
END_TEST

START_TEST(a_huge_page_that_cannot_be_split_stays)
{
  const uint64_t size = 512 * FM_PAGE_SIZE;
  struct fm_segment huge;
  struct fm_pt_cursor cursor;
  fm_paddr start;
  p = spawn("p");
  ck_assert(ops->alloc(test_kernel(), size, size, &start));
  struct fm_range range = {start, fm_paddr_add(start, size)};
  ck_assert_int_eq(ops->segment_from_unused(test_kernel(), range, test_anon(), NULL, NULL, &huge),
                   FM_GET_OK);
  ck_assert_int_eq(ops->pt_lock(test_kernel(), p->space, VA, VA + size, &cursor), FM_PT_OK);
  ck_assert_int_eq(ops->pt_map(&cursor, start, 2,
                               fm_page_prop_of(RIGHTS_RW | (uint32_t)FM_PAGE_USER), true, NULL),
                   FM_PT_OK);
  ops->pt_unlock(&cursor);
  sim_area_add(p, (struct sim_area){VA, VA + size, RIGHTS_RW, true});
  write_at(p, page(1), 5);

  (void)sim_machine_fail_alloc(test_machine, 1);
  expect_answer(sim_process_unmap(os, p, page(1), FM_PAGE_SIZE, true), "NoMemory");
  ck_assert_uint_eq(read_at(p, page(1)), 5);
  ck_assert_uint_eq(p->areas->len, 1);
  (void)sim_machine_fail_alloc(test_machine, 1);
  expect_answer(sim_process_protect(os, p, page(1), FM_PAGE_SIZE, RIGHTS_R, true), "NoMemory");
  write_at(p, page(1), 6);
  expect_answer(sim_process_unmap(os, p, page(1), FM_PAGE_SIZE, true), "Ok");
  expect_answer(try_write(p, page(1), 7), "Fault");
  write_at(p, page(2), 7);
  ck_assert_uint_eq(p->areas->len, 2);
}
END_TEST

/* ---- Memory that really runs out ---- */

START_TEST(processes_that_use_up_all_memory_give_it_back)
{
  enum sim_os_answer answer = SIM_OS_OK;
  unsigned forks = 0;
  p = spawn("p");
  map(p, 0, 64, RIGHTS_RW, false);
  for (uint64_t i = 0; i < 64; i++)
    write_at(p, page(i), (uint8_t)i);
  while (answer == SIM_OS_OK) {
    struct sim_process *made = NULL;
    answer = sim_process_fork(os, p, "child", true, &made);
    forks += answer == SIM_OS_OK;
    for (uint64_t i = 0; i < 64 && answer == SIM_OS_OK; i++)
      answer = try_write(made, page(i) + 1, (uint8_t)forks);
  }
  ck_assert_int_eq(answer, SIM_OS_NO_MEMORY);
  ck_assert_uint_gt(forks, 3);
  for (uint64_t i = 0; i < 64; i++) {
    ck_assert_uint_eq(peek(p, page(i)), i);
    ck_assert_uint_eq(peek(p, page(i) + 1), 0);
  }
  ck_assert_uint_eq(events.nr_stale, 0);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("process sweeps");
  TCase *tc = tcase_create("process sweeps");
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, without_memory_nothing_happens_and_nothing_is_lost, 0,
                      G_N_ELEMENTS(acts));
  tcase_add_test(tc, the_fault_that_found_no_memory_is_told);
  tcase_add_test(tc, after_a_failed_fork_the_parent_copies_nothing);
  tcase_add_test(tc, a_huge_page_that_cannot_be_split_stays);
  tcase_add_test(tc, processes_that_use_up_all_memory_give_it_back);
  suite_add_tcase(suite, tc);
  return suite;
}
