/* SPDX-License-Identifier: MPL-2.0 */
/* The document of a player: what it keeps, its bounds, and that nothing leaves its place. */
#include <string.h>

#include "sim/player/page.h"
#include "tests/unit/player_support.h"

static bool begin(sim_player *player, const char *kind, uint64_t step)
{
  const struct sim_player_moment moment = {.kind = kind, .step = step, .cpu = -1, .command = -1};
  return sim_player_begin(player, &moment);
}

/* One moment with one row. */
static void add(sim_player *player, uint64_t step, const char *key, const char *json)
{
  if (begin(player, "step", step))
    sim_player_put(player, SIM_PLAYER_COUNT, key, json);
  sim_player_end(player);
}

static guint changes_of(const struct film *film, guint n)
{
  return json_array_get_length(json_object_get_array_member(film_moment(film, n), "set"));
}

START_TEST(test_only_what_differs_is_kept)
{
  g_autoptr(sim_player) player = sim_player_new("run", "a.fms");
  add(player, 1, "x", "[1]");
  add(player, 2, "x", "[1]");
  add(player, 3, "x", "[2]");
  add(player, 4, "x", NULL);
  add(player, 5, "x", NULL);

  struct film *film = film_read(player);
  ck_assert_uint_eq(changes_of(film, 0), 1);
  ck_assert_uint_eq(changes_of(film, 1), 0);
  ck_assert_uint_eq(changes_of(film, 2), 1);
  ck_assert_uint_eq(changes_of(film, 3), 1);
  ck_assert_uint_eq(changes_of(film, 4), 0);
  g_autofree char *third = film_row(film, 2, "count", "x");
  g_autofree char *last = film_row(film, 4, "count", "x");
  ck_assert_str_eq(third, "[2]");
  ck_assert_str_eq(last, "");
  film_free(film);
}
END_TEST

START_TEST(test_a_row_that_is_put_twice_in_a_moment_is_what_it_was_last)
{
  g_autoptr(sim_player) player = sim_player_new("run", "a.fms");
  begin(player, "step", 1);
  sim_player_put(player, SIM_PLAYER_COUNT, "x", "[1]");
  sim_player_put(player, SIM_PLAYER_COUNT, "x", "[2]");
  sim_player_end(player);

  struct film *film = film_read(player);
  ck_assert_uint_eq(changes_of(film, 0), 1);
  g_autofree char *row = film_row(film, 0, "count", "x");
  ck_assert_str_eq(row, "[2]");
  film_free(film);
}
END_TEST

START_TEST(test_a_sweep_removes_what_it_does_not_put)
{
  g_autoptr(sim_player) player = sim_player_new("run", "a.fms");
  begin(player, "step", 1);
  sim_player_put(player, SIM_PLAYER_FREE, "a", "[1]");
  sim_player_put(player, SIM_PLAYER_FREE, "b", "[1]");
  sim_player_put(player, SIM_PLAYER_TLB, "a", "[1]");
  sim_player_end(player);
  begin(player, "step", 2);
  sim_player_sweep_begin(player, SIM_PLAYER_FREE);
  sim_player_put(player, SIM_PLAYER_FREE, "b", "[1]");
  sim_player_sweep_end(player);
  sim_player_end(player);

  struct film *film = film_read(player);
  g_autofree char *gone = film_row(film, 1, "free", "a");
  g_autofree char *kept = film_row(film, 1, "free", "b");
  g_autofree char *other = film_row(film, 1, "tlb", "a");
  ck_assert_str_eq(gone, "");
  ck_assert_str_eq(kept, "[1]");
  ck_assert_str_eq(other, "[1]");
  film_free(film);
}
END_TEST

START_TEST(test_what_is_found_out_later_stands_where_it_belongs)
{
  g_autoptr(sim_player) player = sim_player_new("run", "a.fms");
  add(player, 1, "other", "[0]");
  add(player, 2, "x", "[2]");
  sim_player_amend(player, 0, SIM_PLAYER_COUNT, "x", "[1]");
  sim_player_amend(player, 1, SIM_PLAYER_COUNT, "x", "[9]");
  sim_player_amend(player, 0, SIM_PLAYER_COUNT, "y", "[5]");

  struct film *film = film_read(player);
  g_autofree char *before = film_row(film, 0, "count", "x");
  g_autofree char *after = film_row(film, 1, "count", "x");
  g_autofree char *still = film_row(film, 1, "count", "y");
  ck_assert_str_eq(before, "[1]");
  ck_assert_str_eq(after, "[2]");
  ck_assert_str_eq(still, "[5]");
  JsonObject *end = json_object_get_object_member(film->root, "end");
  JsonObject *counts = json_object_get_object_member(end, "count");
  ck_assert_uint_eq(json_object_get_size(counts), 3);
  film_free(film);
}
END_TEST

START_TEST(test_a_full_document_counts_what_it_leaves_out)
{
  g_autoptr(sim_player) player = sim_player_new("run", "a.fms");
  for (uint64_t step = 1; step <= SIM_PLAYER_MOMENTS + 7; step++) {
    g_autofree char *row = sim_player_row("u", step);
    add(player, step, "x", row);
  }
  ck_assert(begin(player, "end", 0));
  sim_player_end(player);

  ck_assert_uint_eq(sim_player_moments(player), SIM_PLAYER_MOMENTS + 1);
  ck_assert_uint_eq(sim_player_moments_left_out(player), 7);
  struct film *film = film_read(player);
  ck_assert_int_eq(json_object_get_int_member(film->root, "moments_left_out"), 7);
  g_autofree char *last = film_row(film, SIM_PLAYER_MOMENTS, "count", "x");
  ck_assert_str_eq(last, "[10000]");
  film_free(film);
}
END_TEST

START_TEST(test_a_thinned_document_says_the_same_at_each_moment_that_it_keeps)
{
  g_autoptr(sim_player) player = sim_player_new("replay", "a.trace");
  sim_player_set_thinned(player);
  uint64_t step = 0;
  while (step < 45000) {
    add(player, step, step % 3 == 0 ? "x" : "y", "[0]");
    g_autofree char *row = sim_player_row("u", step);
    sim_player_put(player, SIM_PLAYER_COUNT, "step", row);
    step += sim_player_pace(player);
  }

  ck_assert_uint_eq(sim_player_moments_left_out(player), 0);
  ck_assert_uint_le(sim_player_moments(player), SIM_PLAYER_MOMENTS);
  ck_assert_uint_gt(sim_player_moments(player), SIM_PLAYER_MOMENTS / 2);
  ck_assert_uint_eq(sim_player_pace(player), 8);
  struct film *film = film_read(player);
  for (guint n = 0; n < film_length(film); n += 991) {
    g_autofree char *row = film_row(film, n, "count", "step");
    gint64 at = json_object_get_int_member_with_default(film_moment(film, n), "step", 0);
    g_autofree char *expected = sim_player_row("u", (uint64_t)at);
    ck_assert_str_eq(row, expected);
  }
  ck_assert_int_eq(json_object_get_int_member_with_default(film_moment(film, 0), "step", 0), 0);
  film_free(film);
}
END_TEST

START_TEST(test_numbers_that_a_page_would_round_are_texts)
{
  g_autofree char *row =
      sim_player_row("uuxs", UINT64_C(1) << 53, UINT64_MAX, UINT64_MAX, (const char *)NULL);
  ck_assert_str_eq(row, "[9007199254740992,\"18446744073709551615\",\"0xffffffffffffffff\",\"\"]");
}
END_TEST

static const char hostile[] = "</script><script>x</script> & <!-- \" \\ \n \t \x01 \xff";

START_TEST(test_no_text_can_leave_its_place)
{
  g_autoptr(sim_player) player = sim_player_new("run", hostile);
  const struct sim_player_moment moment = {.kind = "step",
                                           .thread = hostile,
                                           .point = hostile,
                                           .text = hostile,
                                           .command = sim_player_command(player, 0, 1, hostile)};
  const char *const choices[] = {hostile, hostile, NULL};
  (void)sim_player_source(player, hostile, hostile, sizeof(hostile));
  sim_player_set_title(player, hostile);
  sim_player_fact(player, hostile, hostile);
  sim_player_left_out(player, hostile);
  sim_player_region(player, 0, 4096, hostile);
  sim_player_begin(player, &moment);
  sim_player_change(player, hostile);
  sim_player_said(player, hostile);
  sim_player_passed(player, hostile);
  sim_player_put(player, SIM_PLAYER_COUNT, hostile, "[1]");
  sim_player_finding(player, hostile, hostile, hostile, hostile);
  sim_player_question(player, hostile, choices, hostile, hostile);
  sim_player_end(player);

  g_autofree char *json = sim_player_to_json(player);
  ck_assert_ptr_null(strpbrk(json, "<>&"));
  ck_assert(g_utf8_validate(json, -1, NULL));
  struct film *film = film_read(player);
  g_autofree char *valid = g_utf8_make_valid(hostile, -1);
  ck_assert_str_eq(film_text(film, 0, "text"), valid);
  ck_assert_str_eq(json_object_get_string_member(film->root, "title"), valid);
  film_free(film);

  g_autofree char *html = sim_player_to_html(player);
  g_auto(GStrv) parts = g_strsplit(html, "</script>", -1);
  ck_assert_uint_eq(g_strv_length(parts), 3);
  ck_assert_ptr_null(strstr(html, "<script>x"));
}
END_TEST

START_TEST(test_a_page_is_whole_whatever_the_texts_say_of_its_marks)
{
  static const char marks[] = "@SCRIPT@ @DOCUMENT@ @STYLE@ @TITLE@ @POLICY@";
  g_autoptr(sim_player) player = sim_player_new("run", marks);
  sim_player_set_title(player, marks);
  begin(player, "end", 0);
  sim_player_end(player);
  g_autofree char *html = sim_player_to_html(player);
  ck_assert_ptr_nonnull(
      strstr(html, "<title>@SCRIPT@ @DOCUMENT@ @STYLE@ @TITLE@ @POLICY@</title>"));
  ck_assert_ptr_nonnull(strstr(html, "content=\"default-src 'none'; style-src 'sha256-"));
  g_auto(GStrv) styles = g_strsplit(html, "<style>", -1);
  ck_assert_uint_eq(g_strv_length(styles), 2);
  g_autofree char *json = sim_player_to_json(player);
  ck_assert_ptr_nonnull(strstr(html, json));
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("player");
  TCase *tcase = tcase_create("document");
  tcase_add_test(tcase, test_only_what_differs_is_kept);
  tcase_add_test(tcase, test_a_row_that_is_put_twice_in_a_moment_is_what_it_was_last);
  tcase_add_test(tcase, test_a_sweep_removes_what_it_does_not_put);
  tcase_add_test(tcase, test_what_is_found_out_later_stands_where_it_belongs);
  tcase_add_test(tcase, test_a_full_document_counts_what_it_leaves_out);
  tcase_add_test(tcase, test_a_thinned_document_says_the_same_at_each_moment_that_it_keeps);
  tcase_add_test(tcase, test_numbers_that_a_page_would_round_are_texts);
  tcase_add_test(tcase, test_no_text_can_leave_its_place);
  tcase_add_test(tcase, test_a_page_is_whole_whatever_the_texts_say_of_its_marks);
  tcase_set_timeout(tcase, 30);
  suite_add_tcase(suite, tcase);
  return suite;
}
