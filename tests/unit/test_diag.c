/* SPDX-License-Identifier: MPL-2.0 */
/* Messages with a place: sources, lines and columns, the echo with its caret, suggestions. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/diag.h"
#include "sim/error.h"
#include "tests/suite.h"

static sim_source *source_of(const char *text)
{
  return sim_source_new("map.txt", text, strlen(text));
}

/* The place of the first `word` in the source, `width` characters wide. */
static struct sim_place place_of(const sim_source *source, const char *word, guint width)
{
  const char *at = strstr(source->text, word);

  ck_assert_ptr_nonnull(at);
  return (struct sim_place){source, (gsize)(at - source->text), width};
}

static void check_message(struct sim_place place, const char *hint, const char *expected)
{
  g_autofree char *message = sim_diag_format(place, "error", "it is wrong", hint);

  ck_assert_str_eq(message, expected);
}

/* ---- Sources ---- */

/* A new file with this content; the caller unlinks and frees it. */
static char *scratch_file(const char *text, gsize size)
{
  char *path = NULL;
  int fd = g_file_open_tmp("fm-test-diag-XXXXXX", &path, NULL);

  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
  close(fd);
  return path;
}

START_TEST(test_a_file_is_read_with_all_its_bytes)
{
  static const char bytes[] = "a\0b\n\xff";
  g_autofree char *path = scratch_file(bytes, 5);
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_source) source = sim_source_load(path, 5, &error);

  unlink(path);
  ck_assert_msg(source != NULL, "%s", error == NULL ? "" : error->message);
  ck_assert_str_eq(source->name, path);
  ck_assert_uint_eq(source->size, 5);
  ck_assert_mem_eq(source->text, bytes, 6);
}
END_TEST

START_TEST(test_a_file_one_byte_over_the_limit_is_refused)
{
  g_autofree char *path = scratch_file("12345", 5);
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_source) source = sim_source_load(path, 4, &error);

  unlink(path);
  ck_assert_ptr_null(source);
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
  ck_assert_ptr_nonnull(strstr(error->message, "at most 4 bytes"));
}
END_TEST

START_TEST(test_an_endless_file_is_refused)
{
  g_autoptr(GError) error = NULL;

  ck_assert_ptr_null(sim_source_load("/dev/zero", 1 << 20, &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
}
END_TEST

START_TEST(test_an_unreadable_file_is_named_in_the_error)
{
  static const char *const paths[] = {"/nonexistent/map.txt", "/"};
  g_autoptr(GError) error = NULL;

  ck_assert_ptr_null(sim_source_load(paths[_i], 100, &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
  ck_assert_ptr_nonnull(strstr(error->message, paths[_i]));
}
END_TEST

START_TEST(test_standard_input_is_read_by_its_short_name)
{
  g_autofree char *path = scratch_file("from a pipe", 11);
  g_autoptr(sim_source) source = NULL;
  int saved = dup(STDIN_FILENO), file = open(path, O_RDONLY);

  ck_assert_int_eq(dup2(file, STDIN_FILENO), STDIN_FILENO);
  close(file);
  source = sim_source_load("-", 100, NULL);
  dup2(saved, STDIN_FILENO);
  close(saved);
  unlink(path);
  ck_assert_ptr_nonnull(source);
  ck_assert_str_eq(source->text, "from a pipe");
  g_autofree char *where = sim_place_to_string((struct sim_place){source, 5, 1});
  ck_assert_str_eq(where, "<stdin>:1:6");
}
END_TEST

/* ---- Places ---- */

START_TEST(test_lines_and_columns_count_characters_from_one)
{
  static const struct {
    const char *word;
    guint line, column;
  } cases[] = {
      {"one", 1, 1}, {"two", 2, 2}, {"three", 2, 7}, {"four", 3, 3}, {"five", 4, 1},
  };
  /* A tab is one column, and so is a letter of two bytes. */
  g_autoptr(sim_source) source = source_of("one\n two\xc3\xa4\tthree\r\n\xff\xff"
                                           "four\nfive");
  struct sim_place place = place_of(source, cases[_i].word, 1);

  ck_assert_uint_eq(sim_place_line(place), cases[_i].line);
  ck_assert_uint_eq(sim_place_column(place), cases[_i].column);
}
END_TEST

START_TEST(test_the_end_of_the_text_is_a_place)
{
  static const struct {
    const char *text;
    guint line, column;
  } cases[] = {{"", 1, 1}, {"ab", 1, 3}, {"ab\n", 2, 1}, {"ab\r\n\n", 3, 1}};
  g_autoptr(sim_source) source = source_of(cases[_i].text);
  struct sim_place place = {source, source->size, 0};

  ck_assert_uint_eq(sim_place_line(place), cases[_i].line);
  ck_assert_uint_eq(sim_place_column(place), cases[_i].column);
}
END_TEST

START_TEST(test_a_byte_order_mark_takes_no_column)
{
  g_autoptr(sim_source) source = source_of("\xef\xbb\xbf"
                                           "boot");
  struct sim_place place = place_of(source, "boot", 4);
  g_autofree char *text = sim_place_text(place);

  ck_assert_uint_eq(sim_place_column(place), 1);
  ck_assert_str_eq(text, "boot");
}
END_TEST

START_TEST(test_the_text_of_a_place_is_its_line_without_leading_blanks)
{
  g_autoptr(sim_source) source = source_of("first\n \t drop\tf\r\nlast");
  g_autofree char *text = sim_place_text(place_of(source, "f\r", 1));

  ck_assert_str_eq(text, "drop f");
}
END_TEST

/* ---- Messages ---- */

START_TEST(test_a_message_has_place_line_caret_and_hint)
{
  g_autoptr(sim_source) source = source_of("usable 0 1\n\tram 0x1000 0x2000\n");

  check_message(place_of(source, "0x1000", 6), "write it so",
                "map.txt:2:6: error: it is wrong\n"
                "    2 |  ram 0x1000 0x2000\n"
                "      |      ^~~~~~ write it so\n");
}
END_TEST

START_TEST(test_a_width_of_zero_or_one_shows_a_single_caret)
{
  g_autoptr(sim_source) source = source_of("abc");

  check_message(place_of(source, "b", (guint)_i), NULL,
                "map.txt:1:2: error: it is wrong\n"
                "    1 | abc\n"
                "      |  ^\n");
}
END_TEST

START_TEST(test_the_mark_stops_at_the_end_of_the_line)
{
  g_autoptr(sim_source) source = source_of("abc\ndef");

  check_message(place_of(source, "bc", 100), NULL,
                "map.txt:1:2: error: it is wrong\n"
                "    1 | abc\n"
                "      |  ^~\n");
}
END_TEST

START_TEST(test_a_place_after_the_line_gets_a_caret_there)
{
  g_autoptr(sim_source) source = source_of("abc\ndef");

  check_message((struct sim_place){source, 3, 1}, NULL,
                "map.txt:1:4: error: it is wrong\n"
                "    1 | abc\n"
                "      |    ^\n");
}
END_TEST

START_TEST(test_further_lines_of_a_hint_stand_below_the_caret)
{
  g_autoptr(sim_source) source = source_of("abc");

  check_message((struct sim_place){source, 0, 1}, "before: 1\nafter: 0",
                "map.txt:1:1: error: it is wrong\n"
                "    1 | abc\n"
                "      | ^ before: 1\n"
                "      | after: 0\n");
}
END_TEST

START_TEST(test_the_caret_stands_below_characters_of_any_width)
{
  /* Two columns for each of the first two, none for the accent of the third. */
  g_autoptr(sim_source) source = source_of("\xe6\xbc\xa2\xe5\xad\x97"
                                           "e\xcc\x81 x");

  check_message(place_of(source, "x", 1), NULL,
                "map.txt:1:6: error: it is wrong\n"
                "    1 | \xe6\xbc\xa2\xe5\xad\x97"
                "e\xcc\x81 x\n"
                "      |       ^\n");
}
END_TEST

START_TEST(test_what_a_terminal_must_not_get_is_shown_as_question_marks)
{
  static const char text[] = "a\x1b[0m\0\xff\xc3 \xe2\x80\xaeok";
  g_autoptr(sim_source) source = sim_source_new("e\x1b.txt", text, sizeof text - 1);
  g_autofree char *message =
      sim_diag_format(place_of(source, "a", 1), "error", "bad \x07 byte \xfe", NULL);

  ck_assert_str_eq(message, "e?.txt:1:1: error: bad ? byte ?\n"
                            "    1 | a?[0m??? ?ok\n"
                            "      | ^\n");
}
END_TEST

/* Where the caret stands in the message's last line, and what is above it. */
static char above_caret(const char *message)
{
  const char *echo = strchr(message, '\n') + 1;
  const char *mark = strchr(echo, '\n') + 1;

  return echo[strchr(mark, '^') - mark];
}

START_TEST(test_long_lines_are_cut_to_a_window_around_the_caret)
{
  static const gsize marks[] = {0, 60, 119, 120, 121, 500, 998, 999};
  g_autofree char *line = g_strnfill(1000, '.');
  g_autoptr(sim_source) source = NULL;
  g_autofree char *message = NULL;

  line[marks[_i]] = 'X';
  source = source_of(line);
  message = sim_diag_format(place_of(source, "X", 1), "error", "x", NULL);
  ck_assert_int_eq(above_caret(message), 'X');
  g_auto(GStrv) lines = g_strsplit(message, "\n", -1);
  /* The window is full wherever the caret is, and dots stand where it was cut. */
  gboolean at_begin = marks[_i] <= 120, at_end = marks[_i] > 900;
  gsize dots = strlen("...") * (at_begin || at_end ? 1 : 2);
  ck_assert_uint_eq(strlen(lines[1]), strlen("    1 | ") + 200 + dots);
  ck_assert(g_str_has_suffix(lines[1], "...") || marks[_i] > 900);
}
END_TEST

START_TEST(test_a_line_of_200_columns_is_shown_whole)
{
  g_autofree char *line = g_strnfill(200, 'a');
  g_autoptr(sim_source) source = source_of(line);
  g_autofree char *message = sim_diag_format((struct sim_place){source, 199, 1}, "error", "x", "");

  ck_assert_ptr_nonnull(strstr(message, line));
  ck_assert_ptr_null(strstr(message, "..."));
}
END_TEST

START_TEST(test_the_gutter_grows_with_the_line_number)
{
  g_autofree char *lines = g_strnfill(1234567, '\n');
  g_autoptr(sim_source) source = source_of(lines);

  check_message((struct sim_place){source, source->size, 1}, NULL,
                "map.txt:1234568:1: error: it is wrong\n"
                "1234568 | \n"
                "        | ^\n");
}
END_TEST

START_TEST(test_a_message_without_a_source_names_the_command_line)
{
  check_message((struct sim_place){0}, "try --help",
                "<command line>: error: it is wrong\n"
                "  try --help\n");
}
END_TEST

/* ---- Suggestions ---- */

static const char *const verbs[] = {"alloc", "claim", "clone", "drop",      "get", "from_unused",
                                    "InUse", "p",     "cpus",  "allocator", NULL};

START_TEST(test_a_misspelt_word_gets_the_word_that_was_meant)
{
  static const char *const cases[][2] = {
      {"drpo", "drop"},   {"dro", "drop"},
      {"dropp", "drop"},  {"clam", "claim"},
      {"inuse", "InUse"}, {"from-unused", "from_unused"},
      {"P", "p"},         {"pp", "p"},
      {"cpu", "cpus"},    {"allocat", "allocator"},
      {"clne", "clone"},  {"GET", "get"},
  };

  ck_assert_str_eq(sim_suggest(cases[_i][0], verbs), cases[_i][1]);
}
END_TEST

START_TEST(test_a_word_like_none_gets_no_suggestion)
{
  static const char *const words[] = {"", "q", "xyzzy", "schedule", "12"};

  ck_assert_ptr_null(sim_suggest(words[_i], verbs));
}
END_TEST

START_TEST(test_the_first_of_equally_near_words_is_suggested)
{
  static const char *const one[] = {"bat", "cat", NULL}, *const other[] = {"cat", "bat", NULL};

  ck_assert_str_eq(sim_suggest("rat", one), "bat");
  ck_assert_str_eq(sim_suggest("rat", other), "cat");
}
END_TEST

START_TEST(test_two_swapped_letters_are_one_mistake)
{
  static const char *const words[] = {"to", NULL};

  ck_assert_str_eq(sim_suggest("ot", words), "to");
  ck_assert_ptr_null(sim_suggest("xy", words));
}
END_TEST

START_TEST(test_words_of_any_length_can_be_asked_for)
{
  g_autofree char *longest = g_strnfill(64, 'a'), *longer = g_strnfill(5000, 'a');
  const char *const candidates[] = {longer, longest, NULL};

  ck_assert_ptr_eq(sim_suggest(longest + 1, candidates), longest);
  longer[65] = '\0';
  ck_assert_ptr_null(sim_suggest(longer, candidates));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("diag");
  TCase *sources = tcase_create("sources"), *places = tcase_create("places");
  TCase *messages = tcase_create("messages"), *suggestions = tcase_create("suggestions");

  tcase_add_test(sources, test_a_file_is_read_with_all_its_bytes);
  tcase_add_test(sources, test_a_file_one_byte_over_the_limit_is_refused);
  tcase_add_test(sources, test_an_endless_file_is_refused);
  tcase_add_loop_test(sources, test_an_unreadable_file_is_named_in_the_error, 0, 2);
  tcase_add_test(sources, test_standard_input_is_read_by_its_short_name);
  tcase_add_loop_test(places, test_lines_and_columns_count_characters_from_one, 0, 5);
  tcase_add_loop_test(places, test_the_end_of_the_text_is_a_place, 0, 4);
  tcase_add_test(places, test_a_byte_order_mark_takes_no_column);
  tcase_add_test(places, test_the_text_of_a_place_is_its_line_without_leading_blanks);
  tcase_add_test(messages, test_a_message_has_place_line_caret_and_hint);
  tcase_add_loop_test(messages, test_a_width_of_zero_or_one_shows_a_single_caret, 0, 2);
  tcase_add_test(messages, test_the_mark_stops_at_the_end_of_the_line);
  tcase_add_test(messages, test_a_place_after_the_line_gets_a_caret_there);
  tcase_add_test(messages, test_further_lines_of_a_hint_stand_below_the_caret);
  tcase_add_test(messages, test_the_caret_stands_below_characters_of_any_width);
  tcase_add_test(messages, test_what_a_terminal_must_not_get_is_shown_as_question_marks);
  tcase_add_loop_test(messages, test_long_lines_are_cut_to_a_window_around_the_caret, 0, 8);
  tcase_add_test(messages, test_a_line_of_200_columns_is_shown_whole);
  tcase_add_test(messages, test_the_gutter_grows_with_the_line_number);
  tcase_add_test(messages, test_a_message_without_a_source_names_the_command_line);
  tcase_add_loop_test(suggestions, test_a_misspelt_word_gets_the_word_that_was_meant, 0, 12);
  tcase_add_loop_test(suggestions, test_a_word_like_none_gets_no_suggestion, 0, 5);
  tcase_add_test(suggestions, test_the_first_of_equally_near_words_is_suggested);
  tcase_add_test(suggestions, test_two_swapped_letters_are_one_mistake);
  tcase_add_test(suggestions, test_words_of_any_length_can_be_asked_for);
  suite_add_tcase(suite, sources);
  suite_add_tcase(suite, places);
  suite_add_tcase(suite, messages);
  suite_add_tcase(suite, suggestions);
  return suite;
}
