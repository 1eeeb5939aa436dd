/* SPDX-License-Identifier: MPL-2.0 */
/* Lessons: finding, reading, picking and checking them, and their text for a terminal. */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/error.h"
#include "sim/lesson/check.h"
#include "sim/lesson/lesson.h"
#include "sim/lesson/markdown.h"
#include "tests/suite.h"

/* ---- A folder of lessons ---- */

static char *folder;

static void make_folder(void)
{
  folder = g_dir_make_tmp("fm-test-lesson-XXXXXX", NULL);
  ck_assert_ptr_nonnull(folder);
}

static void remove_tree(const char *path)
{
  GDir *dir = g_dir_open(path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *inner = g_build_filename(path, name, NULL);
    remove_tree(inner);
  }
  if (dir != NULL)
    g_dir_close(dir);
  ck_assert_int_eq(g_remove(path), 0);
}

static void remove_folder(void)
{
  remove_tree(folder);
  g_free(folder);
}

static void write_file(const char *lesson, const char *name, const char *text)
{
  g_autofree char *inner = g_build_filename(folder, lesson, NULL);
  g_autofree char *path = g_build_filename(inner, name, NULL);
  ck_assert_int_eq(g_mkdir_with_parents(inner, 0700), 0);
  ck_assert(g_file_set_contents(path, text, -1, NULL));
}

#define EXPLORED "framesim 1\nmachine { ram 64M  cpus 2  allocator none }\nboot\n"
#define SCRIPT   "framesim 1\nmachine { ram 64M  allocator none }\nboot\n"

/* A whole lesson, whose script is SCRIPT and `more`. */
static void write_lesson(const char *name, const char *title, const char *more)
{
  g_autofree char *text = g_strdup_printf("<!-- x -->\n# %s\n\nText.\n", title);
  g_autofree char *script = g_strdup_printf(SCRIPT "%s", more);
  write_file(name, "README.md", text);
  write_file(name, "notes.md", "# Note\n\n**Goal.** Learn\nit.\n\n**Time.** 5 minutes.\n");
  write_file(name, "lesson.fms", script);
}

static GPtrArray *load(void)
{
  GError *error = NULL;
  GPtrArray *lessons = sim_lessons_load(folder, &error);
  ck_assert_msg(lessons != NULL, "%s", error != NULL ? error->message : "no error");
  return lessons;
}

static void check_refused(int code, const char *part)
{
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(sim_lessons_load(folder, &error));
  ck_assert_ptr_nonnull(error);
  ck_assert_int_eq(error->code, code);
  ck_assert_msg(strstr(error->message, part) != NULL, "'%s' has no '%s'", error->message, part);
}

START_TEST(lessons_come_by_number_with_what_their_files_say)
{
  write_lesson("10-later", "Lesson 10: Later", "");
  write_lesson("02-first", "Lesson 2: First things", "");
  write_file("notes", "README.md", "no lesson");
  g_autoptr(GPtrArray) lessons = load();
  ck_assert_uint_eq(lessons->len, 2);
  const struct sim_lesson *first = lessons->pdata[0];
  ck_assert_uint_eq(first->number, 2);
  ck_assert_str_eq(first->name, "first");
  ck_assert_str_eq(first->title, "First things");
  ck_assert_str_eq(first->goal, "Learn it.");
  ck_assert_str_eq(first->time, "5 minutes.");
  const struct sim_lesson *second = lessons->pdata[1];
  ck_assert_uint_eq(second->number, 10);
}
END_TEST

START_TEST(a_folder_without_lessons_says_how_to_name_another)
{
  check_refused(SIM_ERROR_INPUT, "--lessons");
}
END_TEST

START_TEST(a_lesson_without_its_note_is_named)
{
  write_file("01-half", "README.md", "\n# Lesson 1: Half\n");
  check_refused(SIM_ERROR_INPUT, "01-half/notes.md");
}
END_TEST

START_TEST(a_heading_with_another_number_is_refused)
{
  write_lesson("03-third", "Lesson 4: Third", "");
  check_refused(SIM_ERROR_INPUT, "'# Lesson 3: TITLE' is missing");
}
END_TEST

START_TEST(two_lessons_of_one_number_are_refused)
{
  write_lesson("01-one", "Lesson 1: One", "");
  write_lesson("01-uno", "Lesson 1: Uno", "");
  check_refused(SIM_ERROR_INPUT, "two lessons have the number 1");
}
END_TEST

START_TEST(text_that_is_no_utf8_is_refused)
{
  write_lesson("01-one", "Lesson 1: One", "");
  write_file("01-one", "notes.md", "\xff\xfe");
  check_refused(SIM_ERROR_INPUT, "no UTF-8");
}
END_TEST

START_TEST(a_named_folder_is_taken_as_it_is)
{
  g_autofree char *found = sim_lessons_folder("/no/such/folder", folder, NULL);
  ck_assert_str_eq(found, "/no/such/folder");
}
END_TEST

/* ---- Picking ---- */

static guint picked(const GPtrArray *lessons, const char *word)
{
  const struct sim_lesson *lesson = sim_lessons_pick(lessons, word, NULL);
  return lesson != NULL ? lesson->number : 0;
}

START_TEST(a_lesson_is_picked_by_number_or_name)
{
  write_lesson("01-two-arrays", "Lesson 1: A", "");
  write_lesson("02-buddies", "Lesson 2: B", "");
  write_lesson("10-buddy-again", "Lesson 10: C", "");
  g_autoptr(GPtrArray) lessons = load();
  static const struct {
    const char *word;
    guint number;
  } cases[] = {
      {"1", 1},          {"01", 1},      {"10", 10},        {"two-arrays", 1},
      {"02-buddies", 2}, {"arrays", 1},  {"buddies", 2},    {"again", 10},
      {"budd", 0},       {"3", 0},       {"01-buddies", 0}, {"", 0},
      {"1x", 0},         {"nothing", 0}, {"-1", 0},         {"4294967297", 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    ck_assert_msg(picked(lessons, cases[i].word) == cases[i].number, "'%s' picks %u", cases[i].word,
                  picked(lessons, cases[i].word));
}
END_TEST

START_TEST(a_word_that_picks_nothing_gets_a_suggestion)
{
  write_lesson("02-buddies", "Lesson 2: B", "");
  g_autoptr(GPtrArray) lessons = load();
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(sim_lessons_pick(lessons, "budies", &error));
  ck_assert_int_eq(error->code, SIM_ERROR_USAGE);
  ck_assert_ptr_nonnull(strstr(error->message, "did you mean 'buddies'?"));
}
END_TEST

/* ---- Checking ---- */

static GPtrArray *check_only(GPtrArray *lessons)
{
  GError *error = NULL;
  GPtrArray *results = sim_lesson_check(lessons->pdata[0], NULL, &error);
  ck_assert_ptr_nonnull(results);
  return results;
}

START_TEST(a_script_that_holds_and_a_wrong_one_that_does_not_are_good)
{
  write_lesson("01-one", "Lesson 1: One", "expect state @9000 == unused\n");
  write_file("01-one", "wrong-claim.fms", SCRIPT "claim @9000 -> f\n");
  write_file("01-one", "to-try.fms", "no script");
  g_autoptr(GPtrArray) lessons = load();
  g_autoptr(GPtrArray) results = check_only(lessons);
  ck_assert_uint_eq(results->len, 2);
  const struct sim_lesson_result *held = results->pdata[0];
  const struct sim_lesson_result *wrong = results->pdata[1];
  ck_assert(held->good && !held->wrong && held->verdict == SIM_VERDICT_HELD);
  ck_assert_uint_eq(held->expectations, 1);
  ck_assert(wrong->good && wrong->wrong && wrong->verdict == SIM_VERDICT_VIOLATED);
}
END_TEST

#define THREADS "claim @9000 -> f\nclone f -> g\nthread A { drop f }\nthread B { drop g }\n"

START_TEST(a_script_to_explore_is_explored)
{
  write_lesson("01-one", "Lesson 1: One", "");
  write_file("01-one", "explore.fms", EXPLORED THREADS "always state @9000 == unused\n");
  write_file("01-one", "explore-not.fms", EXPLORED THREADS "sometimes state @9000 == shared\n");
  write_file("01-one", "explore-nothing.fms", EXPLORED "check\n");
  write_file("01-one", "wrong-explore.fms", EXPLORED THREADS "never state @9000 == unused\n");
  g_autoptr(GPtrArray) lessons = load();
  g_autoptr(GPtrArray) results = check_only(lessons);
  ck_assert_uint_eq(results->len, 5);
  static const bool good[] = {true, false, false, true, true};
  for (guint i = 0; i < results->len; i++) {
    const struct sim_lesson_result *result = results->pdata[i];
    ck_assert_msg(result->good == good[i], "%s: %s", result->script, result->messages);
  }
  const struct sim_lesson_result *held = results->pdata[3];
  ck_assert_uint_eq(held->executions, 2);
}
END_TEST

START_TEST(what_comes_out_otherwise_is_not_good)
{
  write_lesson("01-one", "Lesson 1: One", "expect state @9000 == shared\n");
  write_file("01-one", "wrong-not.fms", SCRIPT "check\n");
  write_file("01-one", "wrong-unreadable.fms", SCRIPT "clam @9000\n");
  g_autoptr(GPtrArray) lessons = load();
  g_autoptr(GPtrArray) results = check_only(lessons);
  ck_assert_uint_eq(results->len, 3);
  const struct sim_lesson_result *violated = results->pdata[0];
  const struct sim_lesson_result *held = results->pdata[1];
  const struct sim_lesson_result *unreadable = results->pdata[2];
  ck_assert(!violated->good && strstr(violated->messages, "lesson.fms:4:") != NULL);
  ck_assert(!held->good && held->verdict == SIM_VERDICT_HELD);
  ck_assert(!unreadable->good && strstr(unreadable->messages, "did you mean 'claim'") != NULL);
}
END_TEST

/* ---- Text for a terminal ---- */

static void check_plain(const char *text, const char *expected)
{
  g_autofree char *plain = sim_markdown_plain(text, 30);
  ck_assert_str_eq(plain, expected);
}

START_TEST(headings_are_underlined)
{
  check_plain("# A title\n\n## A *part*\nText.\n", "A title\n=======\n\nA part\n------\n\nText.\n");
}
END_TEST

START_TEST(paragraphs_are_filled)
{
  check_plain("one two three\nfour five six seven eight\n\nnew\n",
              "one two three four five six\nseven eight\n\nnew\n");
  check_plain("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b\n",
              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nb\n");
}
END_TEST

START_TEST(marks_go_and_code_keeps_its_quotes)
{
  check_plain("**bold** *it* 2 * 3 `a*b*c`\n", "bold it 2 * 3 `a*b*c`\n");
  check_plain("*\"It is.\"* No.\n", "\"It is.\" No.\n");
  check_plain("see [the `x`](y.md#z), or [1]\n", "see the `x`, or [1]\n");
  check_plain("a\\*b\n", "a*b\n");
}
END_TEST

START_TEST(items_hang)
{
  check_plain("* first item that is longer than a line\n* second\n",
              "* first item that is longer\n  than a line\n* second\n");
  check_plain("1. one\n   goes on\n2. two\n", "1. one goes on\n2. two\n");
  check_plain("2^64 - 1 is\n10.5 is\n", "2^64 - 1 is 10.5 is\n");
}
END_TEST

START_TEST(tables_have_columns)
{
  check_plain("| a | long |\n|---|---|\n| xyz | *b* |\n| - | |\n", "  a    long\n  xyz  b\n  -\n");
}
END_TEST

START_TEST(blocks_are_left_as_they_are)
{
  check_plain("Text:\n\n```console\n$ a *b*\n\n  # c\n```\nmore\n",
              "Text:\n\n    $ a *b*\n\n      # c\n\nmore\n");
}
END_TEST

START_TEST(comments_go_and_nothing_stays_nothing)
{
  check_plain("<!-- SPDX -->\n# A\n", "A\n=\n");
  check_plain("", "");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("lesson");
  TCase *folders = tcase_create("folders");
  tcase_add_checked_fixture(folders, make_folder, remove_folder);
  tcase_add_test(folders, lessons_come_by_number_with_what_their_files_say);
  tcase_add_test(folders, a_folder_without_lessons_says_how_to_name_another);
  tcase_add_test(folders, a_lesson_without_its_note_is_named);
  tcase_add_test(folders, a_heading_with_another_number_is_refused);
  tcase_add_test(folders, two_lessons_of_one_number_are_refused);
  tcase_add_test(folders, text_that_is_no_utf8_is_refused);
  tcase_add_test(folders, a_named_folder_is_taken_as_it_is);
  tcase_add_test(folders, a_lesson_is_picked_by_number_or_name);
  tcase_add_test(folders, a_word_that_picks_nothing_gets_a_suggestion);
  tcase_add_test(folders, a_script_that_holds_and_a_wrong_one_that_does_not_are_good);
  tcase_add_test(folders, a_script_to_explore_is_explored);
  tcase_add_test(folders, what_comes_out_otherwise_is_not_good);
  suite_add_tcase(suite, folders);
  TCase *text = tcase_create("text");
  tcase_add_test(text, headings_are_underlined);
  tcase_add_test(text, paragraphs_are_filled);
  tcase_add_test(text, marks_go_and_code_keeps_its_quotes);
  tcase_add_test(text, items_hang);
  tcase_add_test(text, tables_have_columns);
  tcase_add_test(text, blocks_are_left_as_they_are);
  tcase_add_test(text, comments_go_and_nothing_stays_nothing);
  suite_add_tcase(suite, text);
  return suite;
}
