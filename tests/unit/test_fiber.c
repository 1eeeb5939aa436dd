/* SPDX-License-Identifier: MPL-2.0 */
/* Fibers: who runs when, what a switch keeps, and that stacks go again. */
#include <stdint.h>
#include <string.h>

#include "sim/fiber.h"
#include "tests/support.h"

static GString *log_text;

static void setup(void)
{
  log_text = g_string_new(NULL);
}

static void teardown(void)
{
  g_string_free(log_text, TRUE);
}

static void say_twice(void *data)
{
  const char *name = data;
  g_string_append(log_text, name);
  sim_fiber_yield();
  g_string_append(log_text, name);
}

START_TEST(a_fiber_runs_from_resume_to_yield)
{
  g_autoptr(sim_fiber) fiber = sim_fiber_new(say_twice, (void *)"a");

  ck_assert_str_eq(log_text->str, "");
  ck_assert(sim_fiber_resume(fiber));
  ck_assert_str_eq(log_text->str, "a");
  ck_assert(!sim_fiber_is_done(fiber));
  ck_assert(!sim_fiber_resume(fiber));
  ck_assert_str_eq(log_text->str, "aa");
  ck_assert(sim_fiber_is_done(fiber));
}
END_TEST

START_TEST(fibers_take_turns_in_any_order)
{
  g_autoptr(sim_fiber) a = sim_fiber_new(say_twice, (void *)"a");
  g_autoptr(sim_fiber) b = sim_fiber_new(say_twice, (void *)"b");

  ck_assert(sim_fiber_resume(b));
  ck_assert(sim_fiber_resume(a));
  ck_assert(!sim_fiber_resume(b));
  ck_assert(!sim_fiber_resume(a));
  ck_assert_str_eq(log_text->str, "baba");
}
END_TEST

static void nest(void *data)
{
  sim_fiber *inner = data;
  const sim_fiber *self = sim_fiber_current();

  g_string_append(log_text, "(");
  ck_assert(sim_fiber_resume(inner));
  ck_assert_ptr_eq(sim_fiber_current(), self);
  sim_fiber_yield();
  ck_assert(!sim_fiber_resume(inner));
  g_string_append(log_text, ")");
}

START_TEST(a_fiber_may_resume_another)
{
  g_autoptr(sim_fiber) inner = sim_fiber_new(say_twice, (void *)"x");
  g_autoptr(sim_fiber) outer = sim_fiber_new(nest, inner);

  ck_assert_ptr_null(sim_fiber_current());
  ck_assert(sim_fiber_resume(outer));
  ck_assert_ptr_null(sim_fiber_current());
  ck_assert(!sim_fiber_resume(outer));
  ck_assert_str_eq(log_text->str, "(xx)");
}
END_TEST

/* Keeps values where the compiler likes: registers that a call preserves, and the stack. */
static void sum(void *data)
{
  uint64_t *result = data;
  uint64_t a = result[0], b = result[1], c = result[2], d = result[3], e = result[4];
  double half = 0.5;

  for (int i = 0; i < 1000; i++) {
    a += b;
    b ^= c + (uint64_t)i;
    c += d;
    d ^= e;
    e += a;
    half += 0.5;
    if (i % 10 == 0 && sim_fiber_current() != NULL)
      sim_fiber_yield();
  }
  result[0] = a ^ b ^ c ^ d ^ e;
  result[1] = (uint64_t)half;
}

START_TEST(values_survive_switches)
{
  uint64_t alone[5] = {1, 2, 3, 4, 5}, first[5] = {1, 2, 3, 4, 5}, second[5] = {9, 8, 7, 6, 5};
  g_autoptr(sim_fiber) a = sim_fiber_new(sum, first);
  g_autoptr(sim_fiber) b = sim_fiber_new(sum, second);
  unsigned turns = 0;

  sum(alone);
  while (sim_fiber_resume(a)) {
    ck_assert(sim_fiber_resume(b));
    turns++;
  }
  ck_assert_uint_eq(turns, 100);
  ck_assert_uint_eq(first[0], alone[0]);
  ck_assert_uint_eq(first[1], alone[1]);
  ck_assert_uint_ne(second[0], alone[0]);
}
END_TEST

static void use_stack(void *data)
{
  volatile uint8_t room[128 * 1024];
  memset((void *)(uintptr_t)room, 1, sizeof(room));
  *(unsigned *)data = room[0] + room[sizeof(room) - 1];
}

START_TEST(a_fiber_has_room_for_deep_calls)
{
  unsigned result = 0;
  g_autoptr(sim_fiber) fiber = sim_fiber_new(use_stack, &result);

  ck_assert(!sim_fiber_resume(fiber));
  ck_assert_uint_eq(result, 2);
}
END_TEST

#define LARGE (4u << 20)

static void fill_stack(void *data)
{
  volatile char bytes[LARGE - (64u << 10)];
  char *ret = data;
  for (size_t i = 0; i < sizeof(bytes); i += 4096)
    bytes[i] = 'x';
  *ret = bytes[sizeof(bytes) / 4096 * 4096 - 4096];
}

START_TEST(a_stack_may_be_larger)
{
  char last = '\0';
  g_autoptr(sim_fiber) fiber = sim_fiber_new_large(LARGE, fill_stack, &last);

  ck_assert(!sim_fiber_resume(fiber));
  ck_assert_int_eq(last, 'x');
}
END_TEST

START_TEST(stacks_are_given_back)
{
  unsigned before = 0;

  for (int i = 0; i < 300; i++) {
    sim_fiber *fiber = sim_fiber_new(say_twice, (void *)"");
    ck_assert_ptr_nonnull(fiber);
    if (i % 3 != 0)
      ck_assert(sim_fiber_resume(fiber));
    if (i % 3 == 2)
      ck_assert(!sim_fiber_resume(fiber));
    ck_assert_ptr_null(sim_fiber_free(fiber));
    if (i == 100)
      before = test_mappings();
  }
  /* 200 leaked stacks would be 400 mappings; a sanitizer may have a few new ones. */
  ck_assert_uint_lt(test_mappings(), before + 50);
}
END_TEST

START_TEST(only_a_few_stacks_are_kept)
{
  sim_fiber *fibers[100];

  for (int i = 0; i < 100; i++)
    fibers[i] = sim_fiber_new(say_twice, (void *)"");
  unsigned most = test_mappings();
  for (int i = 0; i < 100; i++)
    sim_fiber_free(fibers[i]);
  /* Each is two, the stack and its guard page; a sanitizer may keep one of them. */
  ck_assert_uint_lt(test_mappings(), most - 80);
}
END_TEST

START_TEST(a_stack_that_is_used_again_starts_anew)
{
  for (int i = 0; i < 3; i++) {
    sim_fiber *fiber = sim_fiber_new(say_twice, (void *)"a");
    ck_assert(sim_fiber_resume(fiber));
    sim_fiber_free(fiber); /* in the middle */
  }
  ck_assert_str_eq(log_text->str, "aaa");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("fiber");
  TCase *tc = tcase_create("fiber");

  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, a_fiber_runs_from_resume_to_yield);
  tcase_add_test(tc, fibers_take_turns_in_any_order);
  tcase_add_test(tc, a_fiber_may_resume_another);
  tcase_add_test(tc, values_survive_switches);
  tcase_add_test(tc, a_fiber_has_room_for_deep_calls);
  tcase_add_test(tc, a_stack_may_be_larger);
  tcase_add_test(tc, stacks_are_given_back);
  tcase_add_test(tc, only_a_few_stacks_are_kept);
  tcase_add_test(tc, a_stack_that_is_used_again_starts_anew);
  suite_add_tcase(suite, tc);
  return suite;
}
