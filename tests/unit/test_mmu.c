/* SPDX-License-Identifier: MPL-2.0 */
/* Walks that find their page, and what they leave behind in the tables. */
#include "sim/hook.h"
#include "tests/unit/mmu_tables.h"

static void setup(void)
{
  test_setup();
  clear_tables();
}

/* ---- Translations ---- */

START_TEST(a_walk_finds_the_byte_through_pages_of_each_size)
{
  uint32_t level = (uint32_t)_i;
  uint64_t inside = 0xabc | (level > 1 ? 0x3000 : 0);
  uint64_t va = (VA & ~(size_of(level) - 1)) + inside;
  map(VA, level, A);
  ck_assert(read_at(va));
  ck_assert_uint_eq(walk.paddr.raw, frame_of(level) + inside);
  ck_assert_uint_eq(walk.level, level);
  ck_assert_uint_eq(walk.page, VA & ~(size_of(level) - 1));
  ck_assert(walk.writable && walk.user && walk.executable);
  ck_assert(!walk.global && !walk.dirty);
  ck_assert_uint_eq(walk.pte, *entry(level, VA));
  ck_assert_uint_eq(walk.nr_steps, 5 - level);
  for (uint32_t i = 0; i < walk.nr_steps; i++) {
    static const uint32_t indices[] = {3, 5, 2, 8};
    ck_assert_uint_eq(walk.steps[i].level, 4 - i);
    ck_assert_uint_eq(walk.steps[i].index, indices[i]);
    ck_assert_uint_eq(walk.steps[i].node.raw, table_of(4 - i).raw);
    ck_assert_uint_eq(walk.steps[i].pte.raw, *entry(4 - i, VA));
  }
}
END_TEST

START_TEST(addresses_at_the_borders_go_through_the_outermost_entries)
{
  static const uint64_t addresses[] = {0, 0x7fffffffffff, 0xffff800000000000, UINT64_MAX};
  static const uint32_t indices[] = {0, 255, 256, 511};
  for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
    uint64_t va = addresses[i];
    map(va, 1, 0);
    ck_assert(read_at(va));
    ck_assert_uint_eq(walk.paddr.raw, FRAME + (va & 0xfff));
    ck_assert_uint_eq(walk.page, va & ~UINT64_C(0xfff));
    ck_assert_uint_eq(walk.steps[0].index, indices[i]);
    ck_assert_uint_eq(walk.steps[3].index, va == 0 || indices[i] == 256 ? 0 : 511);
  }
}
END_TEST

START_TEST(an_address_that_is_not_canonical_is_no_page_fault)
{
  static const uint64_t addresses[] = {0x800000000000, 0x0001000000000000, 0x8000000000000000,
                                       0xffff000000000000, 0xffff7fffffffffff};
  map(0, 1, 0);
  remember();
  for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
    struct sim_request request = {.va = addresses[i], .access = SIM_ACCESS_WRITE, .user = true};
    ck_assert(!go(request));
    expect_fault(SIM_FAULT_PROTECTION, addresses[i], 0, 0);
    ck_assert_uint_eq(walk.nr_steps, 0);
    ck_assert(is_as_before());
  }
}
END_TEST

/* Bit 12 of a huge page is its PAT bit, bit 7 of a small one too; 9 to 11 and 52 to 62 are
 * nobody's; 3 and 4 say how to cache. */
START_TEST(bits_without_a_say_change_nothing)
{
  for (uint32_t level = 1; level <= 3; level++) {
    uint64_t free_bits = 0x7ff0000000000e18 | (level > 1 ? 1 << 12 : L);
    map(VA, level, free_bits);
    ck_assert(read_at(VA + 0x123));
    ck_assert_uint_eq(walk.level, level);
    ck_assert_uint_eq(walk.paddr.raw, frame_of(level) + (VA & (size_of(level) - 1)) + 0x123);
    for (uint32_t above = level + 1; above <= 4; above++)
      *entry(above, VA) |= 0x7ff0000000000e18 | D | G;
    ck_assert(read_at(VA));
    ck_assert(!walk.global && !walk.dirty);
    ck_assert(walk.writable && walk.user && walk.executable);
  }
}
END_TEST

START_TEST(only_the_page_says_that_it_is_global)
{
  for (uint32_t level = 1; level <= 3; level++) {
    map(VA, level, G);
    ck_assert(read_at(VA));
    ck_assert(walk.global);
  }
}
END_TEST

/* ---- Marks ---- */

START_TEST(an_access_marks_each_entry_on_the_way_and_a_write_the_page)
{
  uint32_t leaf = (uint32_t)_i;
  for (int i = 0; i < REQUESTS; i++) {
    bool writes = request_of(i).access == SIM_ACCESS_WRITE;
    map(VA, leaf, 0);
    remember();
    ck_assert(go(request_of(i)));
    expect_marks(leaf, true, writes);
    ck_assert(walk.dirty == writes);
    ck_assert_uint_eq(walk.pte, *entry(leaf, VA));
    for (uint32_t level = leaf; level <= 4; level++)
      *entry(level, VA) &= ~(uint64_t)(A | D);
    ck_assert(is_as_before()); /* nothing else was written */
  }
}
END_TEST

START_TEST(marks_stay)
{
  map(VA, 1, 0);
  ck_assert(go(request_of(1)));
  remember();
  for (int i = 0; i < REQUESTS; i++) {
    ck_assert(go(request_of(i)));
    ck_assert(walk.dirty);
    ck_assert(is_as_before());
  }
}
END_TEST

/* ---- Steps ---- */

static struct {
  struct sim_observer observer; /* must be first */
  unsigned loads, marks;
  unsigned change_at; /* the load after which another CPU maps another frame */
} steps;

static void count_step(struct sim_observer *observer, const struct fm_access *access)
{
  (void)observer;
  steps.loads += access->site == FM_SITE_MMU_LOAD;
  steps.marks += access->site == FM_SITE_MMU_MARK;
  if (access->site == FM_SITE_MMU_LOAD && steps.loads == steps.change_at)
    *entry(1, VA) = (FRAME + FM_PAGE_SIZE) | P | W | U;
}

static bool go_observed(struct sim_request request, unsigned change_at)
{
  memset(&steps, 0, sizeof(steps));
  steps.observer.after = count_step;
  steps.change_at = change_at;
  sim_observer = &steps.observer;
  bool done = go(request);
  sim_observer = NULL;
  return done;
}

START_TEST(a_quiet_walk_changes_nothing_and_is_no_step)
{
  for (int i = 0; i < REQUESTS; i++) {
    struct sim_request request = request_of(i);
    request.quiet = true;
    map(VA, 1, 0);
    remember();
    ck_assert(go_observed(request, 0));
    ck_assert(is_as_before());
    ck_assert_uint_eq(steps.loads + steps.marks, 0);
    ck_assert_uint_eq(walk.paddr.raw, FRAME);
    ck_assert(!walk.dirty);
    ck_assert_uint_eq(walk.pte & (A | D), 0);
  }
}
END_TEST

START_TEST(each_read_and_each_mark_of_an_entry_is_a_step)
{
  map(VA, 1, 0);
  ck_assert(go_observed(request_of(1), 0));
  ck_assert_uint_eq(steps.loads, 4);
  ck_assert_uint_eq(steps.marks, 4);
  ck_assert(go_observed(request_of(1), 0)); /* all are marked */
  ck_assert_uint_eq(steps.loads, 4);
  ck_assert_uint_eq(steps.marks, 0);
}
END_TEST

START_TEST(a_walk_begins_again_if_an_entry_changes_under_it)
{
  map(VA, 1, 0);
  ck_assert(go_observed(request_of(1), 4));
  ck_assert_uint_eq(steps.loads, 8);
  ck_assert_uint_eq(walk.paddr.raw, FRAME + FM_PAGE_SIZE);
  ck_assert_uint_eq(*entry(1, VA), (FRAME + FM_PAGE_SIZE) | P | W | U | A | D);
  ck_assert_uint_eq(walk.nr_steps, 4);
}
END_TEST

/* ---- Texts ---- */

static void expect_text(const char *text)
{
  g_autofree char *found = sim_fault_to_string(&fault);
  ck_assert_str_eq(found, text);
}

START_TEST(faults_are_told_in_words)
{
  ck_assert(!go((struct sim_request){.va = 0x1000, .access = SIM_ACCESS_WRITE, .user = true}));
  expect_text("page fault at 0x1000, code 0x6 (write from user mode): nothing is mapped there");
  ck_assert(!go((struct sim_request){.va = 0x1000}));
  expect_text("page fault at 0x1000, code 0x0 (read from supervisor mode): "
              "nothing is mapped there");
  map(0x2000, 1, NX);
  ck_assert(!go((struct sim_request){.va = 0x2000, .access = SIM_ACCESS_EXEC}));
  expect_text("page fault at 0x2000, code 0x11 (fetch from supervisor mode): "
              "the page may not be executed");
  ck_assert(!read_at(0x800000000000));
  expect_text("general protection fault at 0x800000000000: the address is not canonical");
  *entry(4, 0) = TEST_RAM | P;
  ck_assert(!read_at(0));
  expect_text("machine check at 0x0: a table lies where there is no memory");
  fault = (struct sim_fault){.kind = SIM_FAULT_NONE};
  expect_text("no fault");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("mmu");
  TCase *tc = tcase_create("mmu");
  tcase_add_checked_fixture(tc, setup, test_teardown);
  tcase_add_loop_test(tc, a_walk_finds_the_byte_through_pages_of_each_size, 1, 4);
  tcase_add_test(tc, addresses_at_the_borders_go_through_the_outermost_entries);
  tcase_add_test(tc, an_address_that_is_not_canonical_is_no_page_fault);
  tcase_add_test(tc, bits_without_a_say_change_nothing);
  tcase_add_test(tc, only_the_page_says_that_it_is_global);
  tcase_add_loop_test(tc, an_access_marks_each_entry_on_the_way_and_a_write_the_page, 1, 4);
  tcase_add_test(tc, marks_stay);
  tcase_add_test(tc, a_quiet_walk_changes_nothing_and_is_no_step);
  tcase_add_test(tc, each_read_and_each_mark_of_an_entry_is_a_step);
  tcase_add_test(tc, a_walk_begins_again_if_an_entry_changes_under_it);
  tcase_add_test(tc, faults_are_told_in_words);
  suite_add_tcase(suite, tc);
  return suite;
}
