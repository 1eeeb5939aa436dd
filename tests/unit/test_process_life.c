/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The life of processes: which CPU runs which, accesses over the border of two pages, what
 * exec and exit give back, and of which frames the system says that their counts change.
 */
#include "sim/rng.h"
#include "tests/unit/process_support.h"

#define SEED UINT64_C(67)

enum { CPUS = 3 };

static struct sim_process *p;

static void setup(void)
{
  process_boot(TEST_RAM, CPUS, 0);
  p = spawn("p");
}

static uint64_t root_of(const struct sim_process *process)
{
  return fm_slot_paddr(process->space.root.slot).raw;
}

static uint64_t cr3(uint32_t cpu)
{
  return fm_kernel_cpu(test_kernel(), cpu)->cr3;
}

static guint nr_entries(uint32_t cpu)
{
  g_autoptr(GPtrArray) entries = sim_mmu_entries(sim_os_mmu(os), cpu);
  return entries->len;
}

/* ---- Processes ---- */

START_TEST(processes_are_found_by_their_root)
{
  struct sim_process *q = spawn("q");
  ck_assert_uint_eq(sim_os_processes(os)->len, 2);
  ck_assert_ptr_eq(sim_os_processes(os)->pdata[0], p);
  ck_assert_ptr_eq(sim_os_processes(os)->pdata[1], q);
  ck_assert_str_eq(q->name, "q");
  ck_assert_ptr_eq(sim_os_find_root(os, root_of(q)), q);
  ck_assert_ptr_eq(sim_os_find_root(os, root_of(p)), p);
  uint64_t root = root_of(p);
  sim_process_exit(os, p);
  ck_assert_ptr_null(sim_os_find_root(os, root));
  ck_assert_ptr_null(sim_os_find_root(os, 0));
  ck_assert_uint_eq(sim_os_processes(os)->len, 1);
}
END_TEST

START_TEST(a_cpu_holds_the_root_that_it_runs)
{
  struct sim_process *q = spawn("q");
  sim_process_activate(os, p);
  ck_assert_uint_eq(cr3(0), root_of(p));
  ck_assert_uint_eq(p->space.root.slot->ref_count, 2);
  sim_process_activate(os, p);
  ck_assert_uint_eq(p->space.root.slot->ref_count, 2);
  sim_cpu_enter(test_machine, 2);
  sim_process_activate(os, p);
  ck_assert_uint_eq(p->space.root.slot->ref_count, 3);
  sim_process_activate(os, q);
  ck_assert_uint_eq(p->space.root.slot->ref_count, 2);
  ck_assert_uint_eq(q->space.root.slot->ref_count, 2);
  ck_assert_uint_eq(cr3(0), root_of(p));
  ck_assert_uint_eq(cr3(1), test_kernel()->kernel_root);
  ck_assert_uint_eq(cr3(2), root_of(q));
}
END_TEST

START_TEST(a_load_of_cr3_empties_the_tlb_of_its_cpu_only)
{
  struct sim_process *q = spawn("q");
  map(p, 0, 1, RIGHTS_RW, false);
  for (uint32_t cpu = 0; cpu < 2; cpu++) {
    sim_cpu_enter(test_machine, cpu);
    write_at(p, VA, 1);
    ck_assert_uint_eq(nr_entries(cpu), 1);
  }
  sim_process_activate(os, p); /* no load */
  ck_assert_uint_eq(nr_entries(1), 1);
  sim_process_activate(os, q);
  ck_assert_uint_eq(nr_entries(0), 1);
  ck_assert_uint_eq(nr_entries(1), 0);
}
END_TEST

START_TEST(an_access_runs_the_process_and_sees_its_own_memory)
{
  struct sim_process *q = spawn("q");
  map(p, 0, 1, RIGHTS_RW, false);
  map(q, 0, 1, RIGHTS_RW, false);
  for (uint8_t i = 1; i < 5; i++) {
    write_at(p, VA, i);
    write_at(q, VA, (uint8_t)(i + 100));
    ck_assert_uint_eq(cr3(0), root_of(q));
    ck_assert_uint_eq(read_at(p, VA), i);
    ck_assert_uint_eq(read_at(q, VA), i + 100);
  }
  ck_assert_uint_eq(events.nr_stale, 0);
}
END_TEST

START_TEST(entries_carry_the_tag_of_the_time)
{
  map(p, 0, 2, RIGHTS_RW, false);
  for (uint64_t i = 0; i < 2; i++) {
    sim_os_set_tag(os, 40 + i);
    write_at(p, page(i), 1);
  }
  (void)read_at(p, page(0));
  g_autoptr(GPtrArray) entries = sim_mmu_entries(sim_os_mmu(os), 0);
  for (guint i = 0; i < 2; i++)
    ck_assert_uint_eq(((const struct sim_tlb_entry *)entries->pdata[i])->tag, 40 + i);
}
END_TEST

START_TEST(an_exit_takes_the_process_off_all_cpus)
{
  struct sim_process *q = spawn("q");
  map(p, 0, 1, RIGHTS_RW, false);
  map(q, 0, 1, RIGHTS_RW, false);
  static const int runs_q[CPUS] = {0, 1, 0};
  for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
    sim_cpu_enter(test_machine, cpu);
    write_at(runs_q[cpu] ? q : p, VA, 1);
  }
  sim_cpu_enter(test_machine, 1);
  sim_process_exit(os, p);
  ck_assert_uint_eq(fm_port_this_cpu.id, 1);
  ck_assert_ptr_eq(fm_port_this_cpu.block, fm_kernel_cpu(test_kernel(), 1));
  ck_assert_uint_eq(cr3(0), test_kernel()->kernel_root);
  ck_assert_uint_eq(cr3(1), root_of(q));
  ck_assert_uint_eq(cr3(2), test_kernel()->kernel_root);
  for (uint32_t cpu = 0; cpu < CPUS; cpu++)
    ck_assert_uint_eq(nr_entries(cpu), 0); /* the flush of the same address, too */
  ck_assert_uint_eq(read_at(q, VA), 1);
}
END_TEST

START_TEST(an_exec_gives_all_memory_back_and_the_process_goes_on)
{
  uint64_t before = ops->free_bytes(test_kernel());
  for (int i = 0; i < 3; i++) {
    map(p, 0, 5, RIGHTS_RW, false);
    map(p, 6, 5, RIGHTS_RW, true);
    map(p, 1u << 20, 1, RIGHTS_RW, true);          /* another table of level 3 */
    map(p, UINT64_C(1) << 30, 1, RIGHTS_RW, true); /* and of the root */
    expect_answer(sim_process_map(os, p, FM_USER_END - FM_PAGE_SIZE, FM_PAGE_SIZE, RIGHTS_RW, true),
                  "Ok");
    write_at(p, VA, 1);
    sim_process_exec(os, p);
    ck_assert_uint_eq(ops->free_bytes(test_kernel()), before);
    ck_assert_uint_eq(p->areas->len, 0);
    ck_assert_uint_eq(nr_entries(0), 0);
    expect_answer(try_write(p, VA, 1), "Fault");
  }
  ck_assert_uint_eq(events.nr_stale, 0);
}
END_TEST

START_TEST(many_pages_are_unmapped_in_one_go)
{
  enum { COUNT = 300 };
  map(p, 0, COUNT, RIGHTS_RW, true);
  for (uint64_t i = 0; i < COUNT; i++)
    write_at(p, page(i), 1);
  uint64_t before = ops->free_bytes(test_kernel());
  expect_answer(sim_process_unmap(os, p, page(1), (COUNT - 2) * FM_PAGE_SIZE, true), "Ok");
  ck_assert_uint_eq(ops->free_bytes(test_kernel()), before + (COUNT - 2) * FM_PAGE_SIZE);
  for (uint64_t i = 0; i < COUNT; i++)
    expect_answer(try_write(p, page(i), 1), i == 0 || i == COUNT - 1 ? "Ok" : "Fault");
  ck_assert_uint_eq(events.nr_stale, 0);
}
END_TEST

/* ---- Two pages ---- */

static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static enum sim_os_answer access_at(uint64_t va, enum sim_access access, uint8_t *buffer,
                                    uint32_t size)
{
  return sim_process_access(os, p, va, access, buffer, size, &fault);
}

START_TEST(an_access_may_cross_the_border_of_two_pages)
{
  for (uint32_t size = 1; size <= 8; size++) {
    for (uint64_t before = 0; before <= size; before++) {
      uint8_t buffer[8];
      uint8_t found[10] = {0};
      map(p, 0, 2, RIGHTS_RW, false);
      forget_events();
      memcpy(buffer, bytes, size);
      expect_answer(access_at(page(1) - before, SIM_ACCESS_WRITE, buffer, size), "Ok");
      ck_assert_uint_eq(events.nr_resolved, before != 0 && before != size ? 2 : 1);
      memset(buffer, 0, size);
      expect_answer(access_at(page(1) - before, SIM_ACCESS_READ, buffer, size), "Ok");
      ck_assert_mem_eq(buffer, bytes, size);
      for (uint64_t i = 0; i < size + 2u; i++) /* and none beside them */
        found[i] = read_at(p, page(1) - before - 1 + i);
      ck_assert_uint_eq(found[0], 0);
      ck_assert_mem_eq(found + 1, bytes, size);
      ck_assert_uint_eq(found[size + 1], 0);
      sim_process_exec(os, p);
    }
  }
}
END_TEST

START_TEST(an_access_whose_second_page_faults_moves_nothing)
{
  uint8_t buffer[8] = {9, 9, 9, 9, 9, 9, 9, 9};
  map(p, 0, 1, RIGHTS_RW, false);
  write_at(p, page(0), 1);
  expect_answer(access_at(page(1) - 3, SIM_ACCESS_WRITE, buffer, 8), "Fault");
  ck_assert_uint_eq(fault.va, page(1));
  ck_assert_uint_eq(fault.code, SIM_FAULT_USER | SIM_FAULT_WRITE);
  for (uint64_t i = 1; i <= 3; i++)
    ck_assert_uint_eq(read_at(p, page(1) - i), 0);
  expect_answer(access_at(page(1) - 3, SIM_ACCESS_READ, buffer, 8), "Fault");
  for (unsigned i = 0; i < 8; i++)
    ck_assert_uint_eq(buffer[i], 9);
  expect_answer(access_at(page(0) - 3, SIM_ACCESS_READ, buffer, 8), "Fault");
  ck_assert_uint_eq(fault.va, page(0) - 3);
  map(p, 1, 1, RIGHTS_R, false);
  expect_answer(access_at(page(1) - 3, SIM_ACCESS_READ, buffer, 8), "Ok");
  expect_answer(access_at(page(1) - 3, SIM_ACCESS_WRITE, buffer, 8), "Fault");
  ck_assert_uint_eq(fault.code, SIM_FAULT_USER | SIM_FAULT_WRITE | SIM_FAULT_PRESENT);
}
END_TEST

START_TEST(an_access_whose_first_page_faults_does_not_make_the_second)
{
  uint8_t buffer[8] = {0};
  map(p, 1, 1, RIGHTS_RW, false);
  expect_answer(access_at(page(1) - 3, SIM_ACCESS_WRITE, buffer, 8), "Fault");
  ck_assert_uint_eq(fault.va, page(1) - 3);
  ck_assert_uint_eq(events.nr_resolved, 0);
  ck_assert_uint_eq(frame_at(p, page(1)), 0);
}
END_TEST

START_TEST(the_border_of_user_space_is_a_border_of_pages)
{
  uint8_t buffer[8] = {0};
  uint64_t last = FM_USER_END - FM_PAGE_SIZE;
  expect_answer(sim_process_map(os, p, last, FM_PAGE_SIZE, RIGHTS_RW, false), "Ok");
  expect_answer(access_at(FM_USER_END - 8, SIM_ACCESS_WRITE, buffer, 8), "Ok");
  expect_answer(access_at(FM_USER_END - 7, SIM_ACCESS_WRITE, buffer, 8), "Fault");
  ck_assert_int_eq(fault.kind, SIM_FAULT_PROTECTION);
  ck_assert_uint_eq(fault.va, FM_USER_END);
}
END_TEST

START_TEST(each_page_of_an_access_may_be_stale_once)
{
  uint8_t buffer[8] = {0};
  map(p, 0, 2, RIGHTS_RW, true);
  expect_answer(access_at(page(1) - 4, SIM_ACCESS_WRITE, buffer, 8), "Ok");
  expect_answer(sim_process_unmap(os, p, VA, 2 * FM_PAGE_SIZE, false), "Ok");
  forget_events();
  expect_answer(access_at(page(1) - 4, SIM_ACCESS_WRITE, buffer, 8), "Ok");
  ck_assert_uint_eq(events.nr_stale, 2);
  ck_assert_uint_eq(events.stale.va, page(1));
}
END_TEST

/* ---- Frames whose counts change ---- */

enum { FRAMES = TEST_RAM / 4096, STEPS = 1500, PROCESSES = 4, PAGES = 6 };

static struct {
  uint64_t count;
  bool anon;
} before[FRAMES];

static bool is_anon(const struct fm_slot *slot)
{
  uint64_t first = test_kernel()->vtables;
  return fm_count_state(slot->ref_count) == FM_STATE_SHARED &&
         slot->vtable_ptr == first + FM_META_ANON * sizeof(struct fm_vtable);
}

static void remember(void)
{
  for (uint64_t i = 0; i < FRAMES; i++) {
    before[i].count = test_slot(i * FM_PAGE_SIZE)->ref_count;
    before[i].anon = is_anon(test_slot(i * FM_PAGE_SIZE));
  }
  forget_events();
}

static void expect_told(unsigned step, unsigned kind)
{
  for (uint64_t i = 0; i < FRAMES; i++) {
    const struct fm_slot *slot = test_slot(i * FM_PAGE_SIZE);
    if (slot->ref_count != before[i].count && (before[i].anon || is_anon(slot)) &&
        !g_hash_table_contains(events.touched, GSIZE_TO_POINTER(i * FM_PAGE_SIZE)))
      ck_abort_msg("seed %u, step %u, kind %u: frame %u", (unsigned)SEED, step, kind, (unsigned)i);
  }
}

static void random_step(struct sim_rng *rng, unsigned kind)
{
  const GPtrArray *all = sim_os_processes(os);
  struct sim_process *one = all->pdata[sim_rng_below(rng, all->len)];
  uint64_t first = sim_rng_below(rng, PAGES);
  uint64_t size = (1 + sim_rng_below(rng, PAGES - first)) * FM_PAGE_SIZE;
  struct sim_process *child;
  if (kind < 2)
    (void)sim_process_map(os, one, page(first), size, RIGHTS_RW, kind == 0);
  else if (kind < 6)
    (void)try_write(one, page(first), 1);
  else if (kind == 6)
    (void)sim_process_unmap(os, one, page(first), size, true);
  else if (kind == 7 && all->len < PROCESSES)
    (void)sim_process_fork(os, one, "child", true, &child);
  else if (kind == 8)
    sim_process_exec(os, one);
  else if (kind == 9 && all->len > 1)
    sim_process_exit(os, one);
}

START_TEST(of_each_frame_whose_count_changes_the_system_tells)
{
  struct sim_rng rng;
  unsigned told = 0;
  sim_rng_init(&rng, SEED, "touch");
  for (unsigned step = 0; step < STEPS; step++) {
    unsigned kind = (unsigned)sim_rng_below(&rng, 10);
    remember();
    random_step(&rng, kind);
    expect_told(step, kind);
    told += events.nr_touched;
  }
  ck_assert_uint_gt(told, STEPS / 4);
}
END_TEST

START_TEST(a_frame_that_is_mapped_by_address_is_told_too)
{
  struct fm_segment segment;
  ck_assert_int_eq(ops->segment_alloc(test_kernel(), &(struct fm_alloc_options){0}, 2, &segment),
                   FM_ALLOC_OK);
  remember();
  expect_answer(sim_process_map_frames(os, p, VA, segment.range, RIGHTS_RW), "Ok");
  expect_told(0, 0);
  ck_assert_uint_eq(events.nr_touched, 2);
  ck_assert_uint_eq(events.nr_fresh, 0);
  ops->segment_drop(test_kernel(), segment);
}
END_TEST

static void add_life(TCase *tc)
{
  tcase_add_test(tc, processes_are_found_by_their_root);
  tcase_add_test(tc, a_cpu_holds_the_root_that_it_runs);
  tcase_add_test(tc, a_load_of_cr3_empties_the_tlb_of_its_cpu_only);
  tcase_add_test(tc, an_access_runs_the_process_and_sees_its_own_memory);
  tcase_add_test(tc, entries_carry_the_tag_of_the_time);
  tcase_add_test(tc, an_exit_takes_the_process_off_all_cpus);
  tcase_add_test(tc, an_exec_gives_all_memory_back_and_the_process_goes_on);
  tcase_add_test(tc, many_pages_are_unmapped_in_one_go);
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("process life");
  TCase *tc = tcase_create("process life");
  tcase_add_checked_fixture(tc, setup, process_teardown);
  add_life(tc);
  tcase_add_test(tc, an_access_may_cross_the_border_of_two_pages);
  tcase_add_test(tc, an_access_whose_second_page_faults_moves_nothing);
  tcase_add_test(tc, an_access_whose_first_page_faults_does_not_make_the_second);
  tcase_add_test(tc, the_border_of_user_space_is_a_border_of_pages);
  tcase_add_test(tc, each_page_of_an_access_may_be_stale_once);
  tcase_add_test(tc, of_each_frame_whose_count_changes_the_system_tells);
  tcase_add_test(tc, a_frame_that_is_mapped_by_address_is_told_too);
  suite_add_tcase(suite, tc);
  return suite;
}
