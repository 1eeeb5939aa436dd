/* SPDX-License-Identifier: MPL-2.0 */
/* Processes: their areas, what they may do there, and what is left when they are gone. */
#include "sim/rng.h"
#include "tests/unit/process_support.h"

#define SEED UINT64_C(61)

static struct sim_process *p;

static void setup(void)
{
  process_boot(TEST_RAM, 2, 0);
  p = spawn("p");
}

static void expect_fault(enum sim_os_answer answer, uint64_t va, uint32_t code)
{
  ck_assert_str_eq(sim_os_answer_name(answer), "Fault");
  ck_assert_int_eq(fault.kind, SIM_FAULT_PAGE);
  ck_assert_uint_eq(fault.va, va);
  ck_assert_uint_eq(fault.code, code);
}

static uint64_t free_bytes(void)
{
  return ops->free_bytes(test_kernel());
}

/* ---- Areas ---- */

enum { PAGES = 12, STEPS = 3000 };

static struct {
  bool mapped, shared;
  uint32_t flags;
} model[PAGES];

static void expect_areas(unsigned step)
{
  uint64_t last = 0;
  for (guint i = 0; i < p->areas->len; i++) {
    const struct sim_area *area = &g_array_index(p->areas, struct sim_area, i);
    if (area->start < last || area->start >= area->end)
      ck_abort_msg("seed %u, step %u: area %u", (unsigned)SEED, step, i);
    last = area->end;
  }
  for (unsigned i = 0; i < PAGES; i++) {
    const struct sim_area *area = sim_area_at(p, page(i) + i);
    if ((area != NULL) != model[i].mapped ||
        (area != NULL && (area->flags != model[i].flags || area->shared != model[i].shared)))
      ck_abort_msg("seed %u, step %u: page %u", (unsigned)SEED, step, i);
    /* What is not shared was never touched. */
    if ((frame_at(p, page(i)) != 0) != (model[i].mapped && model[i].shared))
      ck_abort_msg("seed %u, step %u: frame of page %u", (unsigned)SEED, step, i);
    for (unsigned end = i + 1; end <= PAGES; end++) {
      bool all = true, any = false;
      for (unsigned j = i; j < end; j++) {
        all &= model[j].mapped;
        any |= model[j].mapped;
      }
      if (sim_area_covers(p, page(i), page(end)) != all ||
          sim_area_overlaps(p, page(i), page(end)) != any)
        ck_abort_msg("seed %u, step %u: pages %u to %u", (unsigned)SEED, step, i, end);
    }
  }
}

static void random_step(struct sim_rng *rng, unsigned step)
{
  static const uint32_t rights[] = {RIGHTS_R, RIGHTS_RW, RIGHTS_R | RIGHTS_X};
  uint64_t first = sim_rng_below(rng, PAGES);
  uint64_t count = 1 + sim_rng_below(rng, PAGES - first);
  uint64_t size = count * FM_PAGE_SIZE;
  uint32_t flags = rights[sim_rng_below(rng, 3)];
  unsigned kind = (unsigned)sim_rng_below(rng, 4);
  bool all = true, any = false;
  for (uint64_t i = first; i < first + count; i++) {
    all &= model[i].mapped;
    any |= model[i].mapped;
  }
  enum sim_os_answer wanted = SIM_OS_OK;
  enum sim_os_answer answer;
  if (kind == 0) {
    answer = sim_process_unmap(os, p, page(first), size, true);
  } else if (kind == 1) {
    answer = sim_process_protect(os, p, page(first), size, flags, true);
    wanted = all ? SIM_OS_OK : SIM_OS_NOT_MAPPED;
  } else {
    answer = sim_process_map(os, p, page(first), size, flags, kind == 3);
    wanted = any ? SIM_OS_MAPPED : SIM_OS_OK;
  }
  if (answer != wanted)
    ck_abort_msg("seed %u, step %u: %s", (unsigned)SEED, step, sim_os_answer_name(answer));
  for (uint64_t i = first; i < first + count && answer == SIM_OS_OK; i++) {
    if (kind >= 2)
      model[i].shared = kind == 3;
    model[i].mapped = kind != 0;
    model[i].flags = flags;
  }
}

START_TEST(areas_are_those_of_an_array_of_pages)
{
  struct sim_rng rng;
  sim_rng_init(&rng, SEED, "areas");
  memset(model, 0, sizeof(model));
  for (unsigned step = 0; step < STEPS; step++) {
    random_step(&rng, step);
    expect_areas(step);
  }
}
END_TEST

static void expect_area(guint index, uint64_t first, uint64_t end, uint32_t flags)
{
  ck_assert_uint_gt(p->areas->len, index);
  const struct sim_area *area = &g_array_index(p->areas, struct sim_area, index);
  ck_assert_uint_eq(area->start, page(first));
  ck_assert_uint_eq(area->end, page(end));
  ck_assert_uint_eq(area->flags, flags);
}

START_TEST(a_hole_in_the_middle_leaves_two_areas)
{
  map(p, 0, 5, RIGHTS_RW, false);
  expect_answer(sim_process_unmap(os, p, page(2), FM_PAGE_SIZE, true), "Ok");
  ck_assert_uint_eq(p->areas->len, 2);
  expect_area(0, 0, 2, RIGHTS_RW);
  expect_area(1, 3, 5, RIGHTS_RW);
}
END_TEST

START_TEST(other_rights_in_the_middle_make_three_areas)
{
  map(p, 0, 5, RIGHTS_RW, false);
  expect_answer(sim_process_protect(os, p, page(2), FM_PAGE_SIZE, RIGHTS_R, true), "Ok");
  ck_assert_uint_eq(p->areas->len, 3);
  expect_area(0, 0, 2, RIGHTS_RW);
  expect_area(1, 2, 3, RIGHTS_R);
  expect_area(2, 3, 5, RIGHTS_RW);
}
END_TEST

/* ---- Answers ---- */

START_TEST(ranges_that_are_none_are_refused)
{
  static const struct {
    uint64_t start, size;
  } bad[] = {{VA + 1, FM_PAGE_SIZE},
             {VA, FM_PAGE_SIZE + 1},
             {VA, 0},
             {FM_USER_END, FM_PAGE_SIZE},
             {FM_USER_END - FM_PAGE_SIZE, 2 * FM_PAGE_SIZE},
             {VA, UINT64_MAX - FM_PAGE_MASK},
             {UINT64_MAX - FM_PAGE_MASK, FM_PAGE_SIZE},
             {FM_LINEAR_BASE, FM_PAGE_SIZE}};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    for (int shared = 0; shared < 2; shared++)
      expect_answer(sim_process_map(os, p, bad[i].start, bad[i].size, RIGHTS_RW, shared),
                    "InvalidArgs");
    expect_answer(sim_process_unmap(os, p, bad[i].start, bad[i].size, true), "InvalidArgs");
    expect_answer(sim_process_protect(os, p, bad[i].start, bad[i].size, RIGHTS_R, true),
                  "InvalidArgs");
  }
  ck_assert_uint_eq(p->areas->len, 0);
}
END_TEST

START_TEST(the_first_and_the_last_page_may_be_mapped)
{
  static const uint64_t ends[] = {0, FM_USER_END - FM_PAGE_SIZE};
  for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
    for (int shared = 0; shared < 2; shared++) {
      expect_answer(sim_process_map(os, p, ends[i], FM_PAGE_SIZE, RIGHTS_RW, shared), "Ok");
      write_at(p, ends[i] + FM_PAGE_MASK, 7);
      ck_assert_uint_eq(read_at(p, ends[i] + FM_PAGE_MASK), 7);
      expect_answer(sim_process_unmap(os, p, ends[i], FM_PAGE_SIZE, true), "Ok");
    }
  }
}
END_TEST

START_TEST(an_area_over_another_one_is_refused)
{
  map(p, 2, 2, RIGHTS_RW, false);
  for (uint64_t first = 0; first < 6; first++)
    for (uint64_t end = first + 1; end <= 6; end++)
      if (end > 2 && first < 4)
        for (int shared = 0; shared < 2; shared++)
          expect_answer(
              sim_process_map(os, p, page(first), (end - first) * FM_PAGE_SIZE, RIGHTS_R, shared),
              "Mapped");
  ck_assert_uint_eq(p->areas->len, 1);
  map(p, 0, 2, RIGHTS_R, true); /* beside it is no mistake */
  map(p, 4, 2, RIGHTS_R, false);
}
END_TEST

START_TEST(rights_over_a_hole_change_nothing)
{
  map(p, 0, 1, RIGHTS_RW, true);
  map(p, 2, 1, RIGHTS_RW, true);
  expect_answer(sim_process_protect(os, p, VA, 3 * FM_PAGE_SIZE, RIGHTS_R, true), "NotMapped");
  expect_answer(sim_process_protect(os, p, page(2), 2 * FM_PAGE_SIZE, RIGHTS_R, true), "NotMapped");
  write_at(p, page(0), 1);
  write_at(p, page(2), 1);
  ck_assert_uint_eq(events.nr_resolved, 0);
}
END_TEST

START_TEST(no_area_is_left_where_memory_is_unmapped)
{
  expect_answer(sim_process_unmap(os, p, VA, FM_PAGE_SIZE, true), "Ok");
  map(p, 0, 3, RIGHTS_RW, false);
  write_at(p, page(1), 5);
  uint64_t before = free_bytes();
  expect_answer(sim_process_unmap(os, p, page(1), 3 * FM_PAGE_SIZE, true), "Ok");
  ck_assert_uint_eq(free_bytes(), before + FM_PAGE_SIZE);
  expect_fault(try_write(p, page(1), 5), page(1), SIM_FAULT_USER | SIM_FAULT_WRITE);
  map(p, 1, 1, RIGHTS_RW, false);
  ck_assert_uint_eq(read_at(p, page(1)), 0);
}
END_TEST

START_TEST(answers_have_the_names_of_the_documents)
{
  static const char *const names[] = {"Ok",     "NoMemory",  "InvalidArgs",
                                      "Mapped", "NotMapped", "Fault"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    ck_assert_str_eq(sim_os_answer_name((enum sim_os_answer)i), names[i]);
}
END_TEST

/* ---- Pages ---- */

START_TEST(a_private_page_is_made_and_zeroed_when_it_is_first_used)
{
  fm_paddr dirty;
  ck_assert(ops->alloc(test_kernel(), MIB, FM_PAGE_SIZE, &dirty));
  memset(fm_linear(dirty, MIB), 0xee, MIB);
  ops->dealloc(test_kernel(), dirty, MIB);

  map(p, 0, 8, RIGHTS_RW, false);
  uint64_t tables = free_bytes();
  ck_assert_uint_eq(read_at(p, page(0)), 0);
  tables -= free_bytes() + FM_PAGE_SIZE; /* those of three levels */
  ck_assert_uint_eq(tables, 3 * FM_PAGE_SIZE);
  for (uint64_t i = 0; i < 8; i++) {
    uint64_t before = free_bytes();
    forget_events();
    for (uint64_t at = 0; at < FM_PAGE_SIZE; at++)
      if (read_at(p, page(i) + at) != 0)
        ck_abort_msg("byte %u of page %u", (unsigned)at, (unsigned)i);
    ck_assert_uint_eq(events.nr_resolved, i != 0);
    ck_assert_uint_eq(events.nr_fresh, i != 0);
    ck_assert_uint_eq(before - free_bytes(), i != 0 ? FM_PAGE_SIZE : 0);
    write_at(p, page(i), 1); /* it may be written from the beginning */
    ck_assert_uint_eq(events.nr_resolved, i != 0);
    if (i != 0)
      ck_assert_str_eq(events.how, "demand-zero page");
    ck_assert_uint_eq(count_at(p, page(i)), 1);
  }
}
END_TEST

START_TEST(shared_pages_are_made_when_they_are_mapped)
{
  map(p, 0, 4, RIGHTS_RW, true);
  ck_assert_uint_eq(events.nr_fresh, 4);
  for (uint64_t i = 0; i < 4; i++) {
    ck_assert_uint_eq(read_at(p, page(i) + i), 0);
    write_at(p, page(i), (uint8_t)i);
  }
  ck_assert_uint_eq(events.nr_resolved, 0);
}
END_TEST

START_TEST(frames_are_mapped_with_references_of_their_own)
{
  struct fm_segment segment;
  ck_assert_int_eq(ops->segment_alloc(test_kernel(), &(struct fm_alloc_options){0}, 3, &segment),
                   FM_ALLOC_OK);
  expect_answer(sim_process_map_frames(os, p, VA, segment.range, RIGHTS_RW), "Ok");
  for (uint64_t i = 0; i < 3; i++) {
    ck_assert_uint_eq(frame_at(p, page(i)), segment.range.start.raw + i * FM_PAGE_SIZE);
    ck_assert_uint_eq(count_at(p, page(i)), 2);
    write_at(p, page(i), 9);
    ck_assert_uint_eq(count_at(p, page(i)), 2); /* shared: no copy */
  }
  expect_answer(sim_process_map_frames(os, p, page(2), segment.range, RIGHTS_RW), "Mapped");
  expect_answer(sim_process_map_frames(os, p, VA + 1, segment.range, RIGHTS_RW), "InvalidArgs");
  struct fm_range none = {segment.range.start, segment.range.start};
  expect_answer(sim_process_map_frames(os, p, page(5), none, RIGHTS_RW), "InvalidArgs");
  ck_assert_uint_eq(p->areas->len, 1);
  expect_answer(sim_process_unmap(os, p, VA, 3 * FM_PAGE_SIZE, true), "Ok");
  for (uint64_t i = 0; i < 3; i++)
    ck_assert_uint_eq(test_slot(segment.range.start.raw + i * FM_PAGE_SIZE)->ref_count, 1);
  ops->segment_drop(test_kernel(), segment);
}
END_TEST

/* ---- Rights ---- */

/* Each area with each access, on a page that is there and on one that is not. */
START_TEST(an_access_needs_the_right_of_its_area)
{
  for (uint32_t flags = 0; flags < 8; flags++) {
    for (int touched = 0; touched < 2; touched++) {
      for (int access = 0; access < 3; access++) {
        static const uint32_t needed[] = {RIGHTS_R, RIGHTS_RW, RIGHTS_R | RIGHTS_X};
        static const uint32_t codes[] = {SIM_FAULT_USER, SIM_FAULT_USER | SIM_FAULT_WRITE,
                                         SIM_FAULT_USER | SIM_FAULT_FETCH};
        uint8_t byte = 3;
        map(p, 0, 1, RIGHTS_RW, false);
        if (touched)
          write_at(p, VA, 4);
        expect_answer(sim_process_protect(os, p, VA, FM_PAGE_SIZE, flags, true), "Ok");
        forget_events();
        uint64_t before = frame_at(p, VA);
        enum sim_os_answer answer =
            sim_process_access(os, p, VA, (enum sim_access)access, &byte, 1, &fault);
        if ((needed[access] & ~flags) == 0) {
          ck_assert_str_eq(sim_os_answer_name(answer), "Ok");
          ck_assert_uint_eq(byte, access == SIM_ACCESS_WRITE ? 3 : touched ? 4 : 0);
        } else {
          bool present = touched && (flags & RIGHTS_R) != 0;
          expect_fault(answer, VA, codes[access] | (present ? SIM_FAULT_PRESENT : 0));
          ck_assert_uint_eq(byte, 3);
          ck_assert_uint_eq(frame_at(p, VA), before);
          ck_assert_uint_eq(events.nr_resolved, 0);
        }
        sim_process_exec(os, p);
      }
    }
  }
}
END_TEST

START_TEST(a_shared_area_takes_its_rights_at_once)
{
  map(p, 0, 1, RIGHTS_RW, true);
  write_at(p, VA, 1);
  expect_answer(sim_process_protect(os, p, VA, FM_PAGE_SIZE, RIGHTS_R, true), "Ok");
  expect_fault(try_write(p, VA, 2), VA, SIM_FAULT_USER | SIM_FAULT_WRITE | SIM_FAULT_PRESENT);
  expect_fault(try_fetch(p, VA), VA, SIM_FAULT_USER | SIM_FAULT_FETCH | SIM_FAULT_PRESENT);
  expect_answer(sim_process_protect(os, p, VA, FM_PAGE_SIZE, RIGHTS_RW | RIGHTS_X, true), "Ok");
  write_at(p, VA, 2);
  expect_answer(try_fetch(p, VA), "Ok");
  ck_assert_uint_eq(events.nr_resolved, 0);
}
END_TEST

START_TEST(a_page_keeps_its_bytes_while_it_may_not_be_touched)
{
  for (int shared = 0; shared < 2; shared++) {
    map(p, 0, 2, RIGHTS_RW, shared);
    write_at(p, page(0), 42);
    write_at(p, page(1), 43);
    uint64_t frame = frame_at(p, VA);
    expect_answer(sim_process_protect(os, p, VA, FM_PAGE_SIZE, 0, true), "Ok");
    expect_fault(try_write(p, VA, 1), VA, SIM_FAULT_USER | SIM_FAULT_WRITE);
    ck_assert_uint_eq(frame_at(p, VA), frame); /* owned all the same */
    ck_assert_uint_eq(read_at(p, page(1)), 43);
    expect_answer(sim_process_protect(os, p, VA, FM_PAGE_SIZE, RIGHTS_RW, true), "Ok");
    ck_assert_uint_eq(read_at(p, VA), 42);
    write_at(p, VA, 44);
    ck_assert_uint_eq(frame_at(p, VA), frame);
    sim_process_exec(os, p);
  }
}
END_TEST

START_TEST(an_access_outside_of_all_areas_faults)
{
  static const uint64_t addresses[] = {
      0, VA - 1, VA + FM_PAGE_SIZE, FM_USER_END - 1, FM_LINEAR_END - 1, UINT64_MAX};
  map(p, 0, 1, RIGHTS_RW, false);
  for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++)
    expect_fault(try_write(p, addresses[i], 1), addresses[i], SIM_FAULT_USER | SIM_FAULT_WRITE);
  /* The kernel's memory is there in every process, and not for it. */
  expect_fault(try_write(p, FM_LINEAR_BASE, 1), FM_LINEAR_BASE,
               SIM_FAULT_PRESENT | SIM_FAULT_USER | SIM_FAULT_WRITE);
  expect_answer(try_write(p, FM_USER_END, 1), "Fault");
  ck_assert_int_eq(fault.kind, SIM_FAULT_PROTECTION);
}
END_TEST

static void add_answers(TCase *tc)
{
  tcase_add_test(tc, ranges_that_are_none_are_refused);
  tcase_add_test(tc, the_first_and_the_last_page_may_be_mapped);
  tcase_add_test(tc, an_area_over_another_one_is_refused);
  tcase_add_test(tc, rights_over_a_hole_change_nothing);
  tcase_add_test(tc, no_area_is_left_where_memory_is_unmapped);
  tcase_add_test(tc, answers_have_the_names_of_the_documents);
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("process");
  TCase *tc = tcase_create("process");
  tcase_add_checked_fixture(tc, setup, process_teardown);
  tcase_add_test(tc, areas_are_those_of_an_array_of_pages);
  tcase_add_test(tc, a_hole_in_the_middle_leaves_two_areas);
  tcase_add_test(tc, other_rights_in_the_middle_make_three_areas);
  add_answers(tc);
  tcase_add_test(tc, a_private_page_is_made_and_zeroed_when_it_is_first_used);
  tcase_add_test(tc, shared_pages_are_made_when_they_are_mapped);
  tcase_add_test(tc, frames_are_mapped_with_references_of_their_own);
  tcase_add_test(tc, an_access_needs_the_right_of_its_area);
  tcase_add_test(tc, a_shared_area_takes_its_rights_at_once);
  tcase_add_test(tc, a_page_keeps_its_bytes_while_it_may_not_be_touched);
  tcase_add_test(tc, an_access_outside_of_all_areas_faults);
  suite_add_tcase(suite, tc);
  return suite;
}
