/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Address spaces without memory: the first, the second, ... allocation of an operation
 * fails.  Then nothing is half built: every page is as before, and so is what is free.
 */
#include <string.h>

#include "tests/space_support.h"

static const enum fm_allocator_kind allocators[] = {FM_ALLOCATOR_BITMAP, FM_ALLOCATOR_BUDDY};

enum { ALLOCATORS = G_N_ELEMENTS(allocators), FRAMES = TEST_RAM / PAGE };

/* ---- What must not change ---- */

static struct {
  uint64_t free_bytes;
  bool free[FRAMES];
  uint64_t counts[FRAMES];
  struct fm_pt_item items[6];
} before;

/* At the edges of what the operations below work on. */
static const uint64_t places[] = {VA - PAGE,          VA,         VA + PAGE, VA + HUGE_2,
                                  VA + HUGE_3 - PAGE, VA + HUGE_3};

static void look(struct fm_pt_item *items)
{
  memset(items, 0, sizeof(before.items));
  for (size_t i = 0; i < G_N_ELEMENTS(places) && space.root.slot != NULL; i++)
    items[i] = query(places[i]);
}

static void remember(void)
{
  before.free_bytes = ops->free_bytes(test_kernel());
  for (unsigned i = 0; i < FRAMES; i++) {
    before.free[i] = ops->is_free(test_kernel(), fm_paddr_of(i * PAGE));
    before.counts[i] = test_slot(i * PAGE)->ref_count;
  }
  look(before.items);
}

static void expect_unchanged(void)
{
  struct fm_pt_item items[G_N_ELEMENTS(places)];
  look(items);
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
    if (items[i].kind != before.items[i].kind || items[i].level != before.items[i].level ||
        items[i].paddr.raw != before.items[i].paddr.raw ||
        items[i].prop.flags != before.items[i].prop.flags)
      ck_abort_msg("what is at 0x%llx has changed", (unsigned long long)places[i]);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), before.free_bytes);
  for (unsigned i = 0; i < FRAMES; i++) {
    bool is_free = ops->is_free(test_kernel(), fm_paddr_of(i * PAGE));
    if (is_free != before.free[i] ||
        (!is_free && test_slot(i * PAGE)->ref_count != before.counts[i]))
      ck_abort_msg("frame %u: free %d, was %d", i, is_free, before.free[i]);
  }
  if (space.root.slot != NULL)
    expect_good_tree();
  ck_assert_uint_eq(test_take_findings(NULL), 0);
  test_expect_sound();
}

/* ---- The operations: each with how it begins, and how many allocations it needs ---- */

static struct fm_space made; /* by the first two */

static enum fm_pt_error do_new(void)
{
  return ops->space_new(test_kernel(), &made);
}

static enum fm_pt_error do_new_kernel(void)
{
  return ops->space_new_kernel(test_kernel(), &made);
}

static fm_paddr frame; /* to be mapped */
static fm_paddr aside;

static void begin_map(void)
{
  frame = new_frame();
}

static enum fm_pt_error map_at(uint64_t va, uint64_t end, uint64_t paddr, uint32_t level)
{
  struct fm_pt_item old = {.va = 77};
  struct fm_pt_cursor cursor = lock(va, end);
  enum fm_pt_error error =
      ops->pt_map(&cursor, fm_paddr_of(paddr), level, user_page(), level == 1, &old);
  if (error != FM_PT_OK) {
    ck_assert_uint_eq(cursor.va, va);
    ck_assert_uint_eq(old.va, 77);
  }
  ops->pt_unlock(&cursor);
  return error;
}

static enum fm_pt_error do_map(void)
{
  return map_at(VA, VA + PAGE, frame.raw, 1);
}

static enum fm_pt_error do_map_in_wide_range(void)
{
  return map_at(VA, VA + 2 * HUGE_4, frame.raw, 1);
}

static enum fm_pt_error do_map_huge(void)
{
  return map_at(VA, VA + HUGE_2, HUGE_2, 2);
}

static void begin_2_mib(void)
{
  struct fm_segment segment;
  fm_paddr start;
  ck_assert(ops->alloc(test_kernel(), HUGE_2, HUGE_2, &start));
  ck_assert_int_eq(ops->segment_from_unused(test_kernel(),
                                            fm_range_of(start.raw, start.raw + HUGE_2), test_anon(),
                                            NULL, NULL, &segment),
                   FM_GET_OK);
  ck_assert_int_eq(map(VA, start, 2, true), FM_PT_OK);
}

static void begin_1_gib(void)
{
  ck_assert_int_eq(map(VA, fm_paddr_of(4 * GIB), 3, false), FM_PT_OK);
}

static enum fm_pt_error take(uint64_t start, uint64_t end)
{
  struct fm_pt_item item = {.va = 77};
  struct fm_pt_cursor cursor = lock(start, end);
  enum fm_pt_error error = ops->pt_take(&cursor, end, &item);
  if (error != FM_PT_OK) {
    ck_assert_uint_eq(item.va, 77);
    ck_assert_uint_eq(cursor.va, MAX(start, VA)); /* at the page that is to be split */
  }
  ops->pt_unlock(&cursor);
  if (error == FM_PT_OK)
    ops->pt_drop_taken(test_kernel(), &item);
  return error;
}

static enum fm_pt_error do_take_front(void)
{
  return take(VA - PAGE, VA + PAGE);
}

static enum fm_pt_error do_take_back(void)
{
  return take(VA + PAGE, VA + HUGE_3 + PAGE);
}

static enum fm_pt_error do_protect(void)
{
  struct fm_pt_item item = {.va = 77};
  struct fm_pt_cursor cursor = lock(VA, VA + PAGE);
  enum fm_pt_error error = ops->pt_protect(&cursor, VA + PAGE, FM_PAGE_WRITE, 0, &item);
  if (error != FM_PT_OK) {
    ck_assert_uint_eq(item.va, 77);
    ck_assert_uint_eq(cursor.va, VA);
  }
  ops->pt_unlock(&cursor);
  return error;
}

static const struct {
  void (*begin)(void);
  enum fm_pt_error (*run)(void);
  unsigned allocations;
} rows[] = {
    {NULL, do_new, 1},
    {NULL, do_new_kernel, 257},
    {begin_map, do_map, 3},
    {begin_map, do_map_in_wide_range, 3},
    {NULL, do_map_huge, 2},
    {begin_2_mib, do_take_front, 1},
    {begin_2_mib, do_take_back, 1},
    {begin_2_mib, do_protect, 1},
    {begin_1_gib, do_take_front, 2},
    {begin_1_gib, do_take_back, 2},
    {begin_1_gib, do_protect, 2},
};

static void begin(unsigned row)
{
  frame.raw = 0;
  made.root.slot = NULL;
  space_setup_with(allocators[row % ALLOCATORS], 1, 1);
  /* Frame 0, which bitmap would offer for every table, and none takes. */
  ck_assert(ops->alloc(test_kernel(), PAGE, PAGE, &aside));
  if (rows[row / ALLOCATORS].begin != NULL)
    rows[row / ALLOCATORS].begin();
}

static void end(void)
{
  if (made.root.slot != NULL)
    ops->space_drop(test_kernel(), made);
  if (frame.raw != 0 && query(VA).kind == FM_PT_NOTHING)
    ops->frame_drop(test_kernel(), ops->frame_from_raw(frame));
  test_kernel()->kernel_root = 0;
  ops->dealloc(test_kernel(), aside, PAGE);

  space_teardown();
}

START_TEST(whichever_allocation_fails_nothing_is_half_built)
{
  unsigned row = (unsigned)_i;
  unsigned wanted = rows[row / ALLOCATORS].allocations;
  begin(row);
  for (unsigned nth = 1; nth <= wanted; nth++) {
    remember();
    (void)sim_machine_fail_alloc(test_machine, nth);
    enum fm_pt_error error = rows[row / ALLOCATORS].run();
    ck_assert_uint_eq(sim_machine_fail_alloc(test_machine, 0), 0); /* it came so far */
    ck_assert_str_eq(fm_pt_error_name(error), "NoMemory");
    ck_assert_ptr_null(made.root.slot);
    ck_assert_uint_eq(test_kernel()->kernel_root, 0);
    expect_unchanged();
  }
  (void)sim_machine_fail_alloc(test_machine, wanted + 1);
  ck_assert_str_eq(fm_pt_error_name(rows[row / ALLOCATORS].run()), "Ok");
  ck_assert_uint_eq(sim_machine_fail_alloc(test_machine, 0), 1); /* it needs no more */
  test_expect_sound();
  end();
}
END_TEST

/* Taking a range may cut a page at either end; what was taken before the second one stays
 * taken, and the page that could not be cut stays whole. */
START_TEST(a_range_that_is_taken_in_part_can_be_taken_further)
{
  unsigned count = 0;
  begin(5 * ALLOCATORS + (unsigned)_i);
  ck_assert_int_eq(map(VA + HUGE_2, fm_paddr_of(0), 2, false), FM_PT_OK);
  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock(VA + PAGE, VA + HUGE_2 + PAGE);
  (void)sim_machine_fail_alloc(test_machine, 2);
  enum fm_pt_error error;
  while ((error = ops->pt_take(&cursor, cursor.end, &item)) == FM_PT_OK) {
    ck_assert_int_eq(item.kind, FM_PT_TRACKED);
    ops->pt_drop_taken(test_kernel(), &item);
    count++;
  }
  ck_assert_str_eq(fm_pt_error_name(error), "NoMemory");
  ck_assert_uint_eq(count, 511);
  ck_assert_uint_eq(cursor.va, VA + HUGE_2);
  ops->pt_query(&cursor, &item);
  ck_assert_uint_eq(item.level, 2);
  ck_assert_int_eq(ops->pt_take(&cursor, cursor.end, &item), FM_PT_OK);
  ck_assert_uint_eq(item.va, VA + HUGE_2);
  ops->pt_unlock(&cursor);
  expect_good_tree();
  end();
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("space_sweeps");
  TCase *tc = tcase_create("sweeps");
  tcase_set_timeout(tc, 30);
  tcase_add_loop_test(tc, whichever_allocation_fails_nothing_is_half_built, 0,
                      G_N_ELEMENTS(rows) * ALLOCATORS);
  tcase_add_loop_test(tc, a_range_that_is_taken_in_part_can_be_taken_further, 0, ALLOCATORS);
  suite_add_tcase(suite, tc);
  return suite;
}
