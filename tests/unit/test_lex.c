/* SPDX-License-Identifier: MPL-2.0 */
/* Numbers, and the tokens of the script language. */
#include <string.h>

#include "sim/error.h"
#include "sim/script/lex.h"
#include "sim/script/number.h"
#include "tests/suite.h"

/* ---- Numbers ---- */

START_TEST(test_numbers_are_decimal_or_hex_with_a_binary_suffix)
{
  static const struct {
    const char *text;
    guint64 value;
  } cases[] = {
      {"0", 0},
      {"007", 7},
      {"0x1000", 4096},
      {"0XfF", 255},
      {"1K", 1024},
      {"64M", 67108864},
      {"3G", 3221225472},
      {"1T", 1099511627776},
      {"0x10K", 16384},
      {"0T", 0},
      {"18446744073709551615", G_MAXUINT64},
      {"0xffffffffffffffff", G_MAXUINT64},
      {"18014398509481983K", 18446744073709550592u},
  };
  guint64 value = 1;

  ck_assert(sim_number_parse(cases[_i].text, &value, NULL));
  ck_assert_uint_eq(value, cases[_i].value);
}
END_TEST

START_TEST(test_numbers_that_do_not_fit_64_bits_are_errors)
{
  static const char *const texts[] = {"18446744073709551616",
                                      "0x10000000000000000",
                                      "18014398509481984K",
                                      "16777216T",
                                      "99999999999999999999999999999999",
                                      "0x1ffffffffffffffffK"};
  g_autoptr(GError) error = NULL;
  guint64 value = 7;

  ck_assert(!sim_number_parse(texts[_i], &value, &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_USAGE));
  ck_assert_ptr_nonnull(strstr(error->message, "does not fit 64 bits"));
  ck_assert_uint_eq(value, 7);
}
END_TEST

START_TEST(test_what_is_no_number_is_an_error)
{
  static const char *const texts[] = {"",    "x",   "0x",  "K",   "0xK", "12a",     "64m",
                                      "1KB", "1 ",  " 1",  "-1",  "+1",  "1.5",     "1_0",
                                      "0xg", "1KK", "1e3", "0b1", "12x", "\xc3\xa9"};
  g_autoptr(GError) error = NULL;
  guint64 value = 7;

  ck_assert(!sim_number_parse(texts[_i], &value, &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_USAGE));
  ck_assert_ptr_nonnull(strstr(error->message, "is not a number"));
  ck_assert_uint_eq(value, 7);
}
END_TEST

START_TEST(test_a_scan_stops_at_the_size_it_is_given)
{
  guint64 value = 0;
  gsize used = 0;

  ck_assert_int_eq(sim_number_scan("123K", 2, &used, &value), SIM_NUMBER_OK);
  ck_assert_uint_eq(used, 2);
  ck_assert_uint_eq(value, 12);
}
END_TEST

/* ---- Tokens ---- */

static void show_token(GString *out, const sim_source *source, struct sim_token token)
{
  g_autofree char *text = sim_token_text(source, token);

  switch (token.kind) {
  case SIM_TOKEN_SEPARATOR:
    g_string_append(out, "|");
    break;
  case SIM_TOKEN_NUMBER:
    g_string_append_printf(out, "%" G_GUINT64_FORMAT, token.number);
    break;
  case SIM_TOKEN_NAME:
    g_string_append_printf(out, "'%s'", text);
    break;
  case SIM_TOKEN_BAD:
    g_string_append_printf(out, "BAD(%" G_GSIZE_FORMAT ")", token.size);
    break;
  default:
    g_string_append(out, text);
  }
}

/* All tokens with blanks between them: names quoted, numbers by value. */
static char *tokens_of(const char *text, gsize size)
{
  g_autoptr(sim_source) source = sim_source_new("t", text, size);
  struct sim_lexer lexer = sim_lexer_start(source);
  struct sim_token token;
  GString *out = g_string_new(NULL);

  while ((token = sim_lexer_next(&lexer)).kind != SIM_TOKEN_END) {
    g_string_append(out, out->len > 0 ? " " : "");
    show_token(out, source, token);
  }
  ck_assert_uint_eq(token.offset, size);
  return g_string_free(out, FALSE);
}

START_TEST(test_text_is_cut_into_tokens)
{
  static const char *const cases[][2] = {
      {"", ""},
      {" \t\r# only a comment", ""},
      {"claim 0x10 -> f", "'claim' 16 -> 'f'"},
      {"a;b\nc", "'a' | 'b' | 'c'"},
      {"x # y ; z\nw", "'x' | 'w'"},
      {"x\r\ny", "'x' | 'y'"},
      {"a[i-1]", "'a' [ 'i' - 1 ]"},
      {"0..32", "0 .. 32"},
      {"A:drop.dec A:* A:3", "'A' : 'drop' . 'dec' 'A' : * 'A' : 3"},
      {"@9", "@ 9"},
      {"1+2-3*4/5%6", "1 + 2 - 3 * 4 / 5 % 6"},
      {"a==b != c<=d >=e<f>g=h", "'a' == 'b' != 'c' <= 'd' >= 'e' < 'f' > 'g' = 'h'"},
      {"f(a,{b})", "'f' ( 'a' , { 'b' } )"},
      {"x->y", "'x' -> 'y'"},
      {"5->y", "5 -> 'y'"},
      {"_a1 B_2", "'_a1' 'B_2'"},
      {"\"a # ; b\" c", "\"a # ; b\" 'c'"},
      {"\"a\\\"b\\\\\" c", "\"a\\\"b\\\\\" 'c'"},
      {"\xef\xbb\xbf"
       "boot",
       "'boot'"},
      {"page-table", "'page' - 'table'"},
  };
  g_autofree char *tokens = tokens_of(cases[_i][0], strlen(cases[_i][0]));

  ck_assert_str_eq(tokens, cases[_i][1]);
}
END_TEST

START_TEST(test_what_cannot_be_read_is_one_token_and_reading_goes_on)
{
  static const char *const cases[][2] = {
      {"a 12b c", "'a' BAD(3) 'c'"},
      {"99999999999999999999 c", "BAD(20) 'c'"},
      {"\"open\nc", "BAD(5) | 'c'"},
      {"\"open\r\nc", "BAD(5) | 'c'"},
      {"\"open", "BAD(5)"},
      {"\"", "BAD(1)"},
      {"\"\\", "BAD(2)"},
      {"\"a\\\nc", "BAD(3) | 'c'"},
      {"\"a\\t\" c", "BAD(5) 'c'"},
      {"\"\\q\\n\" c", "BAD(6) 'c'"},
      {"\"\xff\" c", "BAD(3) 'c'"},
      {"! c", "BAD(1) 'c'"},
      {"a && b || c", "'a' BAD(2) 'b' BAD(2) 'c'"},
      {"\xc3\xa9 c", "BAD(2) 'c'"},
      {"\xff\xfe c", "BAD(1) BAD(1) 'c'"},
      {"\xe2\x82", "BAD(1) BAD(1)"},
      {"$ c", "BAD(1) 'c'"},
      {"'c'", "BAD(1) 'c' BAD(1)"},
      {"\x1b", "BAD(1)"},
  };
  g_autofree char *tokens = tokens_of(cases[_i][0], strlen(cases[_i][0]));

  ck_assert_str_eq(tokens, cases[_i][1]);
}
END_TEST

START_TEST(test_a_nul_byte_is_a_bad_token)
{
  g_autofree char *tokens = tokens_of("a\0b \"\0\" #\0\nc", 12);

  ck_assert_str_eq(tokens, "'a' BAD(1) 'b' BAD(3) | 'c'");
}
END_TEST

START_TEST(test_a_bad_token_says_what_is_wrong)
{
  static const char *const cases[][2] = {
      {"1z", "not a number"},
      {"99999999999999999999", "64 bits"},
      {"\"x", "not closed"},
      {"\"\\q\"", "escape"},
      {"\"\xff\"", "UTF-8"},
      {"!", "operator '!'"},
      {"\xc3\xa9", "cannot stand here"},
  };
  g_autoptr(sim_source) source = sim_source_new("t", cases[_i][0], strlen(cases[_i][0]));
  struct sim_lexer lexer = sim_lexer_start(source);
  struct sim_token token = sim_lexer_next(&lexer);

  ck_assert_int_eq(token.kind, SIM_TOKEN_BAD);
  ck_assert_ptr_nonnull(strstr(token.problem, cases[_i][1]));
}
END_TEST

START_TEST(test_strings_are_decoded)
{
  static const char text[] = "\"a\\\"b\\\\c\\nd \xc3\xa9\"";
  g_autoptr(sim_source) source = sim_source_new("t", text, strlen(text));
  struct sim_lexer lexer = sim_lexer_start(source);
  g_autofree char *string = sim_token_string(source, sim_lexer_next(&lexer));

  ck_assert_str_eq(string, "a\"b\\c\nd \xc3\xa9");
}
END_TEST

START_TEST(test_a_hyphen_joins_words_only_without_blanks)
{
  static const char *const cases[][2] = {
      {"page-table x", "page-table"},
      {"a-b-c", "a-b-c"},
      {"a - b", "a"},
      {"a- b", "a"},
      {"a -b", "a"},
      {"a->b", "a"},
      {"a--b", "a"},
      {"i-1", "i-1"},
  };
  g_autoptr(sim_source) source = sim_source_new("t", cases[_i][0], strlen(cases[_i][0]));
  struct sim_lexer lexer = sim_lexer_start(source);
  struct sim_token word = sim_lexer_join_word(&lexer, sim_lexer_next(&lexer));
  g_autofree char *text = sim_token_text(source, word);

  ck_assert_str_eq(text, cases[_i][1]);
  ck_assert_uint_eq(lexer.at, strlen(text));
}
END_TEST

START_TEST(test_a_copied_lexer_looks_ahead_alone)
{
  g_autoptr(sim_source) source = sim_source_new("t", "a b", 3);
  struct sim_lexer lexer = sim_lexer_start(source), ahead = lexer;
  struct sim_token first = sim_lexer_next(&ahead), again = sim_lexer_next(&lexer);

  ck_assert_uint_eq(sim_lexer_next(&ahead).offset, 2);
  ck_assert_uint_eq(first.offset, again.offset);
  ck_assert_uint_eq(lexer.at, 1);
}
END_TEST

START_TEST(test_the_place_of_tokens_counts_characters)
{
  g_autoptr(sim_source) source = sim_source_new("t", "x \"\xc3\xa9\xc3\xa9\"", 8);
  struct sim_lexer lexer = sim_lexer_start(source);
  struct sim_token first = sim_lexer_next(&lexer);
  struct sim_place place = sim_token_place(source, first, sim_lexer_next(&lexer));

  ck_assert_uint_eq(place.offset, 0);
  ck_assert_uint_eq(place.width, 6);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("lex");
  TCase *numbers = tcase_create("numbers"), *tokens = tcase_create("tokens");

  tcase_add_loop_test(numbers, test_numbers_are_decimal_or_hex_with_a_binary_suffix, 0, 13);
  tcase_add_loop_test(numbers, test_numbers_that_do_not_fit_64_bits_are_errors, 0, 6);
  tcase_add_loop_test(numbers, test_what_is_no_number_is_an_error, 0, 20);
  tcase_add_test(numbers, test_a_scan_stops_at_the_size_it_is_given);
  tcase_add_loop_test(tokens, test_text_is_cut_into_tokens, 0, 20);
  tcase_add_loop_test(tokens, test_what_cannot_be_read_is_one_token_and_reading_goes_on, 0, 19);
  tcase_add_test(tokens, test_a_nul_byte_is_a_bad_token);
  tcase_add_loop_test(tokens, test_a_bad_token_says_what_is_wrong, 0, 7);
  tcase_add_test(tokens, test_strings_are_decoded);
  tcase_add_loop_test(tokens, test_a_hyphen_joins_words_only_without_blanks, 0, 8);
  tcase_add_test(tokens, test_a_copied_lexer_looks_ahead_alone);
  tcase_add_test(tokens, test_the_place_of_tokens_counts_characters);
  suite_add_tcase(suite, numbers);
  suite_add_tcase(suite, tokens);
  return suite;
}
