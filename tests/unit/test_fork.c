/* SPDX-License-Identifier: MPL-2.0 */
/* Fork, copy on write by reference count, and translations that outlive what they said. */
#include "tests/unit/process_support.h"

#include "sim/hook.h"

static struct sim_process *p;

static void setup(void)
{
  process_boot(TEST_RAM, 2, 0);
  p = spawn("p");
}

/* Private pages of p, each with its number and 100 in it. */
static void fill(uint64_t count)
{
  map(p, 0, count, RIGHTS_RW, false);
  for (uint64_t i = 0; i < count; i++)
    write_at(p, page(i), (uint8_t)(100 + i));
  forget_events();
}

/* ---- Copy on write ---- */

START_TEST(both_processes_see_the_same_frames_until_one_writes)
{
  fill(3);
  struct sim_process *child = fork_of(p, true);
  for (uint64_t i = 0; i < 3; i++) {
    ck_assert_uint_eq(frame_at(child, page(i)), frame_at(p, page(i)));
    ck_assert_uint_eq(count_at(p, page(i)), 2);
    ck_assert_uint_eq(read_at(child, page(i)), 100 + i);
    ck_assert_uint_eq(read_at(p, page(i)), 100 + i);
    ck_assert_uint_eq(count_at(p, page(i)), 2);
  }
  ck_assert_uint_eq(events.nr_resolved, 0);
}
END_TEST

/* Whoever writes first, gets the copy. */
START_TEST(the_first_write_copies_the_page_and_all_of_its_bytes)
{
  fill(2);
  for (uint64_t at = 0; at < FM_PAGE_SIZE; at++)
    write_at(p, VA + at, (uint8_t)(at * 7 + at / 256));
  struct sim_process *child = fork_of(p, true);
  struct sim_process *writer = _i == 0 ? p : child;
  struct sim_process *other = _i == 0 ? child : p;
  uint64_t frame = frame_at(p, VA);
  forget_events();
  write_at(writer, VA + 5, 1);
  ck_assert_uint_eq(events.nr_resolved, 1);
  ck_assert_str_eq(events.how, "copy on write");
  ck_assert_uint_eq(frame_at(other, VA), frame);
  ck_assert_uint_ne(frame_at(writer, VA), frame);
  ck_assert_uint_eq(count_at(writer, VA), 1);
  ck_assert_uint_eq(count_at(other, VA), 1);
  ck_assert_uint_eq(count_at(p, page(1)), 2);
  for (uint64_t at = 0; at < FM_PAGE_SIZE; at++) {
    uint8_t before = (uint8_t)(at * 7 + at / 256);
    if (read_at(other, VA + at) != before || read_at(writer, VA + at) != (at == 5 ? 1 : before))
      ck_abort_msg("byte %u", (unsigned)at);
  }
  ck_assert_uint_eq(events.nr_resolved, 1);
}
END_TEST

START_TEST(the_last_owner_only_gets_its_permission_back)
{
  fill(1);
  struct sim_process *child = fork_of(p, true);
  uint64_t frame = frame_at(p, VA);
  write_at(p, VA, 1);
  uint64_t free_bytes = ops->free_bytes(test_kernel());
  forget_events();
  write_at(child, VA, 2);
  ck_assert_uint_eq(events.nr_resolved, 1);
  ck_assert_str_eq(events.how, "the last owner may write again");
  ck_assert_uint_eq(frame_at(child, VA), frame);
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), free_bytes);
  write_at(child, VA, 3); /* and keeps it */
  write_at(p, VA, 4);
  ck_assert_uint_eq(events.nr_resolved, 1);
  ck_assert_uint_eq(read_at(child, VA), 3);
}
END_TEST

START_TEST(the_last_owner_may_be_whoever_is_left)
{
  fill(1);
  struct sim_process *child = fork_of(p, true);
  uint64_t frame = frame_at(p, VA);
  sim_process_exit(os, _i == 0 ? p : child);
  struct sim_process *left = _i == 0 ? child : p;
  forget_events();
  write_at(left, VA, 1);
  ck_assert_str_eq(events.how, "the last owner may write again");
  ck_assert_uint_eq(frame_at(left, VA), frame);
}
END_TEST

START_TEST(a_further_reference_by_address_forces_a_copy)
{
  fill(1);
  struct sim_process *child = fork_of(p, true);
  sim_process_exit(os, child);
  uint64_t frame = frame_at(p, VA);
  struct fm_frame reader = {NULL};
  ck_assert_int_eq(ops->get(test_kernel(), fm_paddr_of(frame), &reader.slot), FM_GET_OK);
  forget_events();
  write_at(p, VA, 1);
  ck_assert_str_eq(events.how, "copy on write");
  ck_assert_uint_ne(frame_at(p, VA), frame);
  ck_assert_uint_eq(test_slot(frame)->ref_count, 1);
  ck_assert_uint_eq(*(uint8_t *)fm_linear(fm_paddr_of(frame), 1), 100);
  ops->frame_drop(test_kernel(), reader);
}
END_TEST

START_TEST(each_generation_of_processes_has_its_own_bytes)
{
  enum { GENERATIONS = 6 };
  struct sim_process *family[GENERATIONS] = {p};
  fill(2);
  for (uint8_t i = 1; i < GENERATIONS; i++) {
    family[i] = fork_of(family[i - 1], true);
    write_at(family[i], page(0), i);
    ck_assert_uint_eq(count_at(p, page(1)), i + 1u);
  }
  for (uint8_t i = 0; i < GENERATIONS; i++) {
    ck_assert_uint_eq(read_at(family[i], page(0)), i == 0 ? 100 : i);
    ck_assert_uint_eq(count_at(family[i], page(0)), 1);
    ck_assert_uint_eq(read_at(family[i], page(1)), 101);
  }
}
END_TEST

/* ---- What a fork takes along ---- */

START_TEST(shared_pages_are_seen_by_both_and_never_copied)
{
  map(p, 0, 2, RIGHTS_RW, true);
  write_at(p, page(0), 1);
  struct sim_process *child = fork_of(p, true);
  struct sim_process *grandchild = fork_of(child, true);
  forget_events();
  write_at(child, page(0), 2);
  ck_assert_uint_eq(read_at(p, page(0)), 2);
  write_at(p, page(1), 3);
  ck_assert_uint_eq(read_at(child, page(1)), 3);
  write_at(grandchild, page(1), 4);
  ck_assert_uint_eq(read_at(p, page(1)), 4);
  ck_assert_uint_eq(count_at(p, page(0)), 3);
  ck_assert_uint_eq(events.nr_resolved, 0);
}
END_TEST

START_TEST(parent_and_child_change_their_areas_apart)
{
  fill(3);
  struct sim_process *child = fork_of(p, true);
  expect_answer(sim_process_unmap(os, child, page(0), FM_PAGE_SIZE, true), "Ok");
  expect_answer(sim_process_protect(os, p, page(1), FM_PAGE_SIZE, RIGHTS_R, true), "Ok");
  ck_assert_uint_eq(read_at(p, page(0)), 100);
  expect_answer(try_write(child, page(0), 1), "Fault");
  expect_answer(try_write(p, page(1), 1), "Fault");
  write_at(child, page(1), 2);
  ck_assert_uint_eq(read_at(p, page(1)), 101);
  ck_assert_uint_eq(p->areas->len, 3);
  ck_assert_uint_eq(child->areas->len, 1);
}
END_TEST

START_TEST(pages_keep_their_places_around_one_that_nobody_touched)
{
  map(p, 0, 5, RIGHTS_RW, false);
  write_at(p, page(1), 1);
  write_at(p, page(4), 4);
  struct sim_process *child = fork_of(p, true);
  for (uint64_t i = 0; i < 5; i++) {
    ck_assert_uint_eq(frame_at(child, page(i)), frame_at(p, page(i)));
    ck_assert_uint_eq(read_at(child, page(i)), i == 1 || i == 4 ? i : 0);
  }
}
END_TEST

START_TEST(frames_that_were_mapped_by_address_stay_shared)
{
  struct fm_segment segment;
  ck_assert_int_eq(ops->segment_alloc(test_kernel(), &(struct fm_alloc_options){0}, 1, &segment),
                   FM_ALLOC_OK);
  expect_answer(sim_process_map_frames(os, p, VA, segment.range, RIGHTS_RW), "Ok");
  struct sim_process *child = fork_of(p, true);
  write_at(child, VA, 1);
  write_at(p, VA + 1, 2);
  ck_assert_uint_eq(read_at(p, VA), 1);
  ck_assert_uint_eq(read_at(child, VA + 1), 2);
  ops->segment_drop(test_kernel(), segment);
}
END_TEST

/* Private and shared pages in one call, one of them never touched: each keeps its own way. */
START_TEST(other_rights_give_no_way_around_a_copy)
{
  fill(2);
  map(p, 2, 1, RIGHTS_RW, true);
  map(p, 3, 1, RIGHTS_RW, false);
  write_at(p, page(3), 103);
  map(p, 4, 1, RIGHTS_RW, false);
  map(p, 5, 1, RIGHTS_RW, true);
  struct sim_process *child = fork_of(p, true);
  uint64_t size = 6 * FM_PAGE_SIZE;
  expect_answer(sim_process_protect(os, child, VA, size, RIGHTS_R, true), "Ok");
  expect_answer(sim_process_protect(os, child, VA, size, RIGHTS_RW, true), "Ok");
  for (uint64_t i = 0; i < 6; i++)
    write_at(child, page(i), 1);
  for (uint64_t i = 0; i < 6; i++)
    ck_assert_uint_eq(read_at(p, page(i)), i == 2 || i == 5 ? 1 : i == 4 ? 0 : 100 + i);
}
END_TEST

START_TEST(a_page_that_nobody_touched_is_made_for_each_on_its_own)
{
  map(p, 0, 1, RIGHTS_RW, false);
  struct sim_process *child = fork_of(p, true);
  ck_assert_uint_eq(frame_at(child, VA), 0);
  write_at(child, VA, 1);
  ck_assert_uint_eq(read_at(p, VA), 0);
  ck_assert_str_eq(events.how, "demand-zero page");
}
END_TEST

START_TEST(rights_are_inherited)
{
  fill(3);
  expect_answer(sim_process_protect(os, p, page(0), FM_PAGE_SIZE, RIGHTS_R, true), "Ok");
  expect_answer(sim_process_protect(os, p, page(1), FM_PAGE_SIZE, RIGHTS_R | RIGHTS_X, true), "Ok");
  expect_answer(sim_process_protect(os, p, page(2), FM_PAGE_SIZE, 0, true), "Ok");
  struct sim_process *child = fork_of(p, true);
  expect_answer(try_write(child, page(0), 1), "Fault");
  expect_answer(try_fetch(child, page(0)), "Fault");
  expect_answer(try_fetch(child, page(1)), "Ok");
  expect_answer(try_fetch(child, page(2)), "Fault");
  sim_process_exit(os, p);
  expect_answer(sim_process_protect(os, child, page(2), FM_PAGE_SIZE, RIGHTS_RW, true), "Ok");
  ck_assert_uint_eq(read_at(child, page(2)), 102); /* a page that nobody could touch came along */
}
END_TEST

/* ---- Translations that are not flushed ---- */

static void expect_stale(uint32_t cpu, uint64_t va, enum sim_access access, uint64_t frame,
                         const char *text)
{
  ck_assert_uint_eq(events.nr_stale, 1);
  ck_assert_uint_eq(events.stale.cpu, cpu);
  ck_assert_uint_eq(events.stale.va, va);
  ck_assert_int_eq(events.stale.access, access);
  ck_assert_uint_eq(events.stale.frame.raw, frame);
  ck_assert_uint_eq(events.stale.entry->page, fm_page_down(va));
  ck_assert_str_eq(events.stale.text, text);
  forget_events();
}

START_TEST(a_fork_without_a_flush_lets_the_parent_write_on)
{
  bool flush = _i != 0;
  fill(1);
  uint64_t frame = frame_at(p, VA);
  struct sim_process *child = fork_of(p, flush);
  write_at(p, VA + 9, 7);
  if (flush)
    ck_assert_uint_eq(events.nr_stale, 0);
  else
    expect_stale(0, VA + 9, SIM_ACCESS_WRITE, frame, "the page may not be written");
  ck_assert_uint_eq(read_at(child, VA + 9), flush ? 0 : 7);
}
END_TEST

START_TEST(memory_that_is_unmapped_without_a_flush_is_still_reached)
{
  bool flush = _i != 0;
  fill(2);
  uint64_t frame = frame_at(p, page(1));
  expect_answer(sim_process_unmap(os, p, page(1), FM_PAGE_SIZE, flush), "Ok");
  ck_assert(ops->is_free(test_kernel(), fm_paddr_of(frame)));
  if (flush) {
    expect_answer(try_write(p, page(1) + 3, 1), "Fault");
    ck_assert_uint_eq(events.nr_stale, 0);
    return;
  }
  write_at(p, page(1) + 3, 1);
  expect_stale(0, page(1) + 3, SIM_ACCESS_WRITE, frame, "nothing is mapped there");
  ck_assert_uint_eq(((uint8_t *)fm_linear(fm_paddr_of(frame), FM_PAGE_SIZE))[3], 1);

  /* The frame went to the allocator, and comes back for another page first. */
  map(p, 2, 1, RIGHTS_RW, false);
  write_at(p, page(2), 8);
  map(p, 1, 1, RIGHTS_RW, true);
  ck_assert_uint_ne(frame_at(p, page(1)), frame);
  forget_events();
  (void)read_at(p, page(1));
  expect_stale(0, page(1), SIM_ACCESS_READ, frame, "another frame is mapped there now");
}
END_TEST

START_TEST(rights_that_are_taken_without_a_flush_still_hold)
{
  bool flush = _i != 0;
  map(p, 0, 1, RIGHTS_RW | RIGHTS_X, false);
  write_at(p, VA, 1);
  forget_events();
  expect_answer(sim_process_protect(os, p, VA, FM_PAGE_SIZE, RIGHTS_R, flush), "Ok");
  expect_answer(try_write(p, VA, 2), flush ? "Fault" : "Ok");
  if (!flush)
    expect_stale(0, VA, SIM_ACCESS_WRITE, frame_at(p, VA), "the page may not be written");
  expect_answer(try_fetch(p, VA), flush ? "Fault" : "Ok");
  if (!flush)
    expect_stale(0, VA, SIM_ACCESS_EXEC, frame_at(p, VA), "the page may not be executed");
  (void)read_at(p, VA); /* reading is no mistake */
  ck_assert_uint_eq(events.nr_stale, 0);
}
END_TEST

START_TEST(a_flush_reaches_the_other_cpu)
{
  bool flush = _i != 0;
  fill(1);
  uint64_t frame = frame_at(p, VA);
  sim_cpu_enter(test_machine, 1);
  (void)read_at(p, VA);
  sim_cpu_enter(test_machine, 0);
  expect_answer(sim_process_unmap(os, p, VA, FM_PAGE_SIZE, flush), "Ok");
  sim_mmu_flush_all(sim_os_mmu(os), 0, true);
  uint8_t byte;
  expect_answer(try_read(p, VA, &byte), "Fault");
  sim_cpu_enter(test_machine, 1);
  expect_answer(try_read(p, VA, &byte), flush ? "Fault" : "Ok");
  if (!flush)
    expect_stale(1, VA, SIM_ACCESS_READ, frame, "nothing is mapped there");
}
END_TEST

START_TEST(a_copy_is_told_to_the_other_cpu)
{
  fill(1);
  struct sim_process *child = fork_of(p, true);
  sim_cpu_enter(test_machine, 1);
  ck_assert_uint_eq(read_at(p, VA), 100);
  sim_cpu_enter(test_machine, 0);
  write_at(p, VA, 1);
  sim_cpu_enter(test_machine, 1);
  ck_assert_uint_eq(read_at(p, VA), 1);
  ck_assert_uint_eq(events.nr_stale, 0);
  ck_assert_uint_eq(read_at(child, VA), 100);
}
END_TEST

START_TEST(a_dirty_mark_does_not_come_with_the_right_to_write)
{
  fill(1);
  (void)fork_of(p, true);
  ck_assert_uint_eq(read_at(p, VA), 100); /* the entry in the TLB is dirty, but read-only */
  write_at(p, VA, 1);
  ck_assert_str_eq(events.how, "copy on write");
  ck_assert_uint_eq(events.nr_stale, 0);
}
END_TEST

/* The entry of a page of p, in its table. */
static uint64_t *raw_entry(uint64_t va)
{
  struct sim_request request = {.va = va, .user = true, .quiet = true};
  struct sim_translation walk;
  ck_assert(sim_mmu_walk(test_machine, fm_slot_paddr(p->space.root.slot), request, &walk, &fault));
  return fm_node_entry(walk.steps[3].node, walk.steps[3].index);
}

START_TEST(the_look_for_what_is_stale_marks_nothing)
{
  fill(1);
  uint64_t *entry = raw_entry(VA);
  *entry &= ~(FM_PTE_ACCESSED | FM_PTE_DIRTY);
  write_at(p, VA, 1); /* through the TLB */
  ck_assert_uint_eq(*entry & (FM_PTE_ACCESSED | FM_PTE_DIRTY), 0);
  ck_assert_uint_eq(events.nr_stale + events.nr_resolved, 0);
}
END_TEST

START_TEST(only_page_faults_are_resolved)
{
  fill(1);
  uint64_t *entry = raw_entry(VA);
  uint64_t before = *entry;
  *entry |= FM_PTE_ADDRESS; /* where there is no memory */
  sim_os_flush(os, VA, VA + FM_PAGE_SIZE);
  expect_answer(try_write(p, VA, 1), "Fault");
  ck_assert_int_eq(fault.kind, SIM_FAULT_BUS);
  ck_assert_uint_eq(events.nr_resolved, 0);
  *entry = before;
}
END_TEST

/* ---- Two CPUs at one page ---- */

static struct {
  struct sim_observer observer; /* must be first */
  unsigned loads;
} between;

/* CPU 0 has read the last entry and found nothing; CPU 1 makes the page and forks. */
static void fork_between(struct sim_observer *observer, const struct fm_access *access)
{
  (void)observer;
  if (access->site != FM_SITE_MMU_LOAD || ++between.loads != FM_PT_LEVELS)
    return;
  sim_observer = NULL;
  sim_cpu_enter(test_machine, 1);
  write_at(p, page(1), 55);
  (void)fork_of(p, true);
  sim_cpu_enter(test_machine, 0);
}

START_TEST(a_read_goes_on_if_another_cpu_made_the_page_meanwhile)
{
  map(p, 0, 2, RIGHTS_RW, false);
  write_at(p, page(0), 1); /* the tables are there */
  memset(&between, 0, sizeof(between));
  between.observer.after = fork_between;
  sim_observer = &between.observer;
  uint8_t byte = 0;
  enum sim_os_answer answer = try_read(p, page(1), &byte);
  sim_observer = NULL;
  ck_assert_str_eq(sim_os_answer_name(answer), "Ok");
  ck_assert_uint_eq(byte, 55);
  ck_assert_str_eq(events.how, "the tables allow it by now");
  ck_assert_uint_eq(count_at(p, page(1)), 2);
}
END_TEST

/* As while another CPU changes the rights: the tables first, the area then. */
START_TEST(a_shared_page_is_not_copied_whatever_its_entry_says)
{
  map(p, 0, 1, RIGHTS_RW, true);
  struct sim_process *child = fork_of(p, true);
  uint64_t frame = frame_at(p, VA);
  struct fm_pt_cursor cursor;
  struct fm_pt_item item;
  ck_assert_int_eq(ops->pt_lock(test_kernel(), p->space, VA, VA + FM_PAGE_SIZE, &cursor), FM_PT_OK);
  ck_assert_int_eq(ops->pt_protect(&cursor, VA + FM_PAGE_SIZE, FM_PAGE_WRITE, 0, &item), FM_PT_OK);
  ops->pt_unlock(&cursor);
  expect_answer(try_write(p, VA, 1), "Fault");
  ck_assert_uint_eq(frame_at(p, VA), frame);
  ck_assert_uint_eq(frame_at(child, VA), frame);
}
END_TEST

static void add_stale(TCase *tc)
{
  tcase_add_loop_test(tc, a_fork_without_a_flush_lets_the_parent_write_on, 0, 2);
  tcase_add_loop_test(tc, memory_that_is_unmapped_without_a_flush_is_still_reached, 0, 2);
  tcase_add_loop_test(tc, rights_that_are_taken_without_a_flush_still_hold, 0, 2);
  tcase_add_loop_test(tc, a_flush_reaches_the_other_cpu, 0, 2);
  tcase_add_test(tc, a_copy_is_told_to_the_other_cpu);
  tcase_add_test(tc, a_dirty_mark_does_not_come_with_the_right_to_write);
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("fork");
  TCase *tc = tcase_create("fork");
  tcase_add_checked_fixture(tc, setup, process_teardown);
  tcase_add_test(tc, both_processes_see_the_same_frames_until_one_writes);
  tcase_add_loop_test(tc, the_first_write_copies_the_page_and_all_of_its_bytes, 0, 2);
  tcase_add_test(tc, the_last_owner_only_gets_its_permission_back);
  tcase_add_loop_test(tc, the_last_owner_may_be_whoever_is_left, 0, 2);
  tcase_add_test(tc, a_further_reference_by_address_forces_a_copy);
  tcase_add_test(tc, each_generation_of_processes_has_its_own_bytes);
  tcase_add_test(tc, shared_pages_are_seen_by_both_and_never_copied);
  tcase_add_test(tc, parent_and_child_change_their_areas_apart);
  tcase_add_test(tc, pages_keep_their_places_around_one_that_nobody_touched);
  tcase_add_test(tc, frames_that_were_mapped_by_address_stay_shared);
  tcase_add_test(tc, other_rights_give_no_way_around_a_copy);
  tcase_add_test(tc, a_page_that_nobody_touched_is_made_for_each_on_its_own);
  tcase_add_test(tc, rights_are_inherited);
  add_stale(tc);
  tcase_add_test(tc, the_look_for_what_is_stale_marks_nothing);
  tcase_add_test(tc, only_page_faults_are_resolved);
  tcase_add_test(tc, a_read_goes_on_if_another_cpu_made_the_page_meanwhile);
  tcase_add_test(tc, a_shared_page_is_not_copied_whatever_its_entry_says);
  suite_add_tcase(suite, tc);
  return suite;
}
