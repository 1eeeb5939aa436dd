/* SPDX-License-Identifier: MPL-2.0 */
/* Exercises: each seed gives a problem that is solvable, not trivial, and always the same. */
#include <string.h>

#include "sim/error.h"
#include "sim/exercise/exercise.h"
#include "sim/script/question.h"
#include "tests/suite.h"

#define KINDS 6
#define SEEDS 100

static const struct sim_exercise_question *question(const sim_exercise *exercise, guint i)
{
  return &g_array_index(exercise->questions, struct sim_exercise_question, i);
}

static sim_exercise *must_make(const char *kind, uint64_t seed, guint size)
{
  g_autoptr(GError) error = NULL;
  sim_exercise *exercise = sim_exercise_new(kind, seed, size, &error);
  ck_assert_msg(exercise != NULL, "%s %u: %s", kind, (guint)seed,
                error != NULL ? error->message : "");
  return exercise;
}

/* The printed problem with each "?" replaced by what `answer` gives. */
static char *fill(const sim_exercise *exercise, const char *(*answer)(const char *right))
{
  g_autoptr(GString) text = g_string_new(NULL);
  g_auto(GStrv) lines = g_strsplit(exercise->problem->str, "\n", -1);
  guint at = 0;
  for (guint i = 0; lines[i] != NULL; i++) {
    bool ask = g_str_has_suffix(lines[i], " = ?");
    g_string_append_len(text, lines[i], (gssize)strlen(lines[i]) - ask);
    g_string_append_printf(text, "%s\n", ask ? answer(question(exercise, at++)->answer) : "");
  }
  ck_assert_uint_eq(at, exercise->questions->len);
  return g_string_free(g_steal_pointer(&text), FALSE);
}

static const char *right(const char *answer)
{
  return answer;
}

static guint count_right(const sim_exercise *exercise, const char *text)
{
  g_autoptr(GPtrArray) answers = sim_exercise_read_answers(exercise, text, NULL);
  guint good = 0;
  ck_assert_ptr_nonnull(answers);
  for (guint i = 0; i < answers->len; i++)
    good += answers->pdata[i] != NULL &&
            sim_answer_equal(answers->pdata[i], question(exercise, i)->answer);
  return good;
}

static void check_one(const char *kind, uint64_t seed, guint size)
{
  g_autoptr(sim_exercise) exercise = must_make(kind, seed, size);
  bool differ = false;
  ck_assert_uint_ge(exercise->questions->len, 1);
  for (guint i = 0; i < exercise->questions->len; i++) {
    ck_assert_ptr_nonnull(question(exercise, i)->answer);
    ck_assert_uint_gt(strlen(question(exercise, i)->reason), 10);
    differ |= strcmp(question(exercise, i)->answer, question(exercise, 0)->answer) != 0;
  }
  ck_assert_msg(differ, "%s %u: all answers are the same", kind, (guint)seed);
  g_autofree char *solved = fill(exercise, right);
  ck_assert_uint_eq(count_right(exercise, solved), exercise->questions->len);
  ck_assert_uint_eq(count_right(exercise, exercise->problem->str), 0);
}

START_TEST(test_a_hundred_seeds_give_good_problems)
{
  const char *kind = sim_exercise_kinds()[_i];
  ck_assert_ptr_nonnull(kind);
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    check_one(kind, seed, SIM_EXERCISE_SIZE);
}
END_TEST

START_TEST(test_small_and_large_ones_too)
{
  const char *kind = sim_exercise_kinds()[_i];
  for (guint size = 2; size <= SIM_EXERCISE_SIZE_MAX; size += 7)
    check_one(kind, 3, size);
  check_one(kind, UINT64_MAX, SIM_EXERCISE_SIZE_MAX);
}
END_TEST

START_TEST(test_the_same_seed_is_the_same_problem_and_another_one_is_not)
{
  const char *kind = sim_exercise_kinds()[_i];
  g_autoptr(sim_exercise) a = must_make(kind, 7, 4);
  g_autoptr(sim_exercise) b = must_make(kind, 7, 4);
  g_autoptr(sim_exercise) other = must_make(kind, 8, 4);
  ck_assert_str_eq(a->problem->str, b->problem->str);
  ck_assert_str_ne(a->problem->str, other->problem->str);
  for (guint i = 0; i < a->questions->len; i++)
    ck_assert_str_eq(question(a, i)->answer, question(b, i)->answer);
}
END_TEST

START_TEST(test_answers_may_be_written_in_several_ways)
{
  g_autoptr(sim_exercise) exercise = must_make("buddy", 0, 2);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) answers = sim_exercise_read_answers(
      exercise, "# mine\nq1: 5\n  Q2  address of a[1] = 8192 \nQ3 = ?\nQ4)  yes\r\nquite\n>Q1 6",
      &error);
  ck_assert_ptr_nonnull(answers);
  ck_assert_uint_eq(answers->len, 4);
  ck_assert_str_eq(answers->pdata[0], "6");
  ck_assert_str_eq(answers->pdata[1], "8192");
  ck_assert_ptr_null(answers->pdata[2]);
  ck_assert_str_eq(answers->pdata[3], "yes");
  ck_assert(sim_answer_equal("0x2000", " 8192"));
  ck_assert(sim_answer_equal("8K", "0x2000"));
  ck_assert(sim_answer_equal("Fault", "fault "));
  ck_assert(!sim_answer_equal("0x2000", "2000"));
}
END_TEST

START_TEST(test_an_answer_to_no_question_is_an_error_with_its_line)
{
  g_autoptr(sim_exercise) exercise = must_make("regions", 0, 2);
  static const char *const texts[] = {"\nQ9: 1\n", "Q1 = 1\nQ0 = 2", "x\nQ4294967297 = 2"};
  static const char *const lines[] = {"line 2 ", "line 2 ", "line 2 "};
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(sim_exercise_read_answers(exercise, texts[_i], &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
  ck_assert_ptr_nonnull(strstr(error->message, lines[_i]));
}
END_TEST

/* The values are those of everywhere: a change would give each student another problem. */
START_TEST(test_a_name_stands_for_a_seed)
{
  ck_assert_uint_eq(sim_exercise_seed_from("ada"), 0xfdee430d);
  ck_assert_uint_ne(sim_exercise_seed_from("Ada"), sim_exercise_seed_from("ada"));
}
END_TEST

START_TEST(test_what_there_is_not_is_refused)
{
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(sim_exercise_new(_i == 0 ? "frames" : "cow", 0, _i == 2 ? 17 : 0, &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_USAGE));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("exercise");
  TCase *tcase = tcase_create("exercise");
  tcase_add_loop_test(tcase, test_a_hundred_seeds_give_good_problems, 0, KINDS);
  tcase_add_loop_test(tcase, test_small_and_large_ones_too, 0, KINDS);
  tcase_add_loop_test(tcase, test_the_same_seed_is_the_same_problem_and_another_one_is_not, 0,
                      KINDS);
  tcase_add_test(tcase, test_answers_may_be_written_in_several_ways);
  tcase_add_loop_test(tcase, test_an_answer_to_no_question_is_an_error_with_its_line, 0, 3);
  tcase_add_test(tcase, test_a_name_stands_for_a_seed);
  tcase_add_loop_test(tcase, test_what_there_is_not_is_refused, 0, 3);
  tcase_set_timeout(tcase, 120);
  suite_add_tcase(suite, tcase);
  return suite;
}
