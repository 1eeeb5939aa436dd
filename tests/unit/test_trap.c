/* SPDX-License-Identifier: MPL-2.0 */
/* Faults of the simulated kernel: what it may not touch ends it, and is named. */
#include <signal.h>
#include <string.h>

#include "tests/support.h"

static void run_read(void *data)
{
  (void)*(volatile uint8_t *)data;
}

static void run_linear(void *data)
{
  uint64_t *where = data; /* address, size */
  (void)where;
  fm_hook_linear(where[0], where[1]);
}

START_TEST(a_read_behind_the_slots_is_a_page_fault)
{
  uint8_t *behind = (uint8_t *)(uintptr_t)(FM_META_WINDOW + test_kernel()->meta_size);
  test_expect_panic(run_read, behind,
                    "page fault: the kernel reached for the slot at 0xffffe00000020000, where "
                    "nothing is mapped");
}
END_TEST

START_TEST(a_read_behind_memory_is_a_page_fault)
{
  uint8_t *behind = (uint8_t *)(uintptr_t)(FM_LINEAR_WINDOW + TEST_RAM);
  test_expect_panic(run_read, behind,
                    "page fault: nothing is mapped where the kernel reached: 0xffffffff80800000 "
                    "if it meant the image, 0xffff800000800000 if the linear mapping");
}
END_TEST

START_TEST(a_non_canonical_address_is_a_protection_fault)
{
  test_expect_panic(run_read, (void *)(uintptr_t)UINT64_C(0x8000000000000000),
                    "general protection fault: access to a non-canonical address");
}
END_TEST

START_TEST(the_instrumented_build_looks_before_it_touches)
{
  static const struct {
    uint64_t where[2];
    bool mapped;
  } rows[] = {
      {{0, TEST_RAM}, true},      {{TEST_RAM - 1, 1}, true}, {{TEST_RAM, 0}, false},
      {{TEST_RAM - 1, 2}, false}, {{UINT64_MAX, 1}, false},  {{4096, UINT64_MAX}, false},
  };
  if (rows[_i].mapped)
    ck_assert_int_eq(sim_guard_run(test_machine, run_linear, (void *)(uintptr_t)rows[_i].where),
                     SIM_END_DONE);
  else
    test_expect_panic(run_linear, (void *)(uintptr_t)rows[_i].where,
                      "page fault: an access through the linear window at 0x");
}
END_TEST

START_TEST(the_program_survives_many_faults)
{
  for (int i = 0; i < 200; i++) {
    uint8_t *behind = (uint8_t *)(uintptr_t)(FM_META_WINDOW + test_kernel()->meta_size);
    test_expect_panic(run_read, behind, "page fault");
    test_teardown();
    test_setup();
  }
  test_expect_sound();
}
END_TEST

/* ---- Faults of ours ---- */

START_TEST(a_fault_outside_of_kernel_code_kills_the_program)
{
  run_read((uint8_t *)(uintptr_t)(FM_META_WINDOW + test_kernel()->meta_size));
  ck_abort_msg("still alive");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("trap");
  TCase *tc = tcase_create("trap");
  TCase *death = tcase_create("death");

  tcase_add_checked_fixture(tc, test_setup, test_teardown);
  tcase_add_test(tc, a_read_behind_the_slots_is_a_page_fault);
  tcase_add_test(tc, a_read_behind_memory_is_a_page_fault);
  tcase_add_test(tc, a_non_canonical_address_is_a_protection_fault);
  tcase_add_loop_test(tc, the_instrumented_build_looks_before_it_touches, 0, 6);
  tcase_add_test(tc, the_program_survives_many_faults);
  suite_add_tcase(suite, tc);

  tcase_set_tags(death, "death");
  tcase_add_checked_fixture(death, test_setup, test_teardown);
  tcase_add_test_raise_signal(death, a_fault_outside_of_kernel_code_kills_the_program, SIGSEGV);
  suite_add_tcase(suite, death);
  return suite;
}
