/* SPDX-License-Identifier: MPL-2.0 */
/* Litmus tests: which outcomes each memory model allows. */
#include "tests/unit/explore_litmus.h"

#define C11 (1 << SIM_EXPLORE_C11)
#define SC  (1 << SIM_EXPLORE_SC)
#define TSO (1 << SIM_EXPLORE_TSO)

struct row {
  const char *name;
  const char *program;
  const char *outcome; /* '*' stands for anything */
  int allowed;         /* models */
};

static const struct row rows[] = {
    /* Message passing: who sees the flag sees the message. */
    {"MP relaxed", "Wx1 Wy1 | Ry Rx", "10;***", C11},
    {"MP release, relaxed", "Wx1 Wy1r | Ry Rx", "10;***", C11},
    {"MP relaxed, acquire", "Wx1 Wy1 | Rya Rx", "10;***", C11},
    {"MP release, acquire", "Wx1 Wy1r | Rya Rx", "10;***", 0},
    {"MP fences", "Wx1 Fr Wy1 | Ry Fa Rx", "10;***", 0},
    {"MP release fence only", "Wx1 Fr Wy1 | Ry Rx", "10;***", C11},
    {"MP release, acquire fence", "Wx1 Wy1r | Ry Fa Rx", "10;***", 0},
    {"MP fence, acquire", "Wx1 Fr Wy1 | Rya Rx", "10;***", 0},
    {"MP acquire fence too early", "Wx1 Wy1r | Fa Ry Rx", "10;***", C11},
    {"MP release fence too late", "Wx1 Wy1 Fr | Rya Rx", "10;***", C11},
    {"MP old flag", "Wx1 Wy1r | Rya Rx", "01;***", C11 | SC | TSO},
    /* Store buffering: each reads before the other's store is out. */
    {"SB relaxed", "Wx1 Ry | Wy1 Rx", "00;***", C11 | TSO},
    {"SB release, acquire", "Wx1r Rya | Wy1r Rxa", "00;***", C11 | TSO},
    {"SB read-modify-writes between", "Wx1 Uz Ry | Wy1 Uz Rx", "*0*0;***", C11},
    {"SB read-modify-writes", "Ux Ry | Uy Rx", "0000;***", C11},
    {"SB read-modify-writes of one word", "Wx1 Uzb Ry | Wy1 Uzb Rx", "0010;***", 0},
    {"SB acq_rel fences", "Wx1 Fb Ry | Wy1 Fb Rx", "00;***", C11 | TSO},
    /* Load buffering is in no model here. */
    {"LB", "Rx Wy1 | Ry Wx1", "11;***", 0},
    {"LB old values", "Rx Wy1 | Ry Wx1", "00;***", C11 | SC | TSO},
    /* Coherence of one location. */
    {"CoRR", "Wx1 | Rx Rx", "10;***", 0},
    {"CoRR with two writes", "Wx1 Wx2 | Rx Rx", "21;***", 0},
    {"CoRR of two readers", "Wx1 | Wx2 | Rx Rx | Rx Rx", "1221;***", 0},
    {"CoRW", "Rx Wx1", "1;***", 0},
    {"CoWR", "Wx1 Rx | Wx2", "0;***", 0},
    {"CoWR other", "Wx1 Rx | Wx2", "2;2**", C11 | SC | TSO},
    {"CoWR hidden", "Wx1 Rx | Wx2", "2;1**", 0},
    {"CoWW", "Wx1 Wx2", ";1**", 0},
    {"CoRW with another", "Rx Wx1 | Wx2", "2;2**", 0},
    /* Independent reads of independent writes. */
    {"IRIW relaxed", "Wx1 | Wy1 | Rx Ry | Ry Rx", "1010;***", C11},
    {"IRIW acquire", "Wx1r | Wy1r | Rxa Rya | Rya Rxa", "1010;***", C11},
    /* Two writes each, in opposite orders. */
    {"2+2W relaxed", "Wx1 Wy2 | Wy1 Wx2", ";11*", C11},
    {"2+2W release", "Wx1r Wy2r | Wy1r Wx2r", ";11*", C11},
    {"2+2W other end", "Wx1 Wy2 | Wy1 Wx2", ";22*", C11 | SC | TSO},
    /* Write to read causality; a shape with a write, R and S. */
    {"WRC relaxed", "Wx1 | Rx Wy1 | Ry Rx", "110;***", C11},
    {"WRC release, acquire", "Wx1 | Rxa Wy1r | Rya Rx", "110;***", 0},
    {"WRC coherence instead of the first acquire", "Wx1 | Rx Wy1r | Rya Rx", "110;***", 0},
    {"WRC without the last acquire", "Wx1r | Rxa Wy1r | Ry Rx", "110;***", C11},
    {"S relaxed", "Wx2 Wy1 | Ry Wx1", "1;2**", C11},
    {"S release, acquire", "Wx2 Wy1r | Rya Wx1", "1;2**", 0},
    {"R", "Wx1 Wy1 | Wy2 Rx", "0;*2*", C11 | TSO},
    {"ISA2", "Wx1 Wy1r | Rya Wz1r | Rza Rx", "110;***", 0},
    /* Release sequences: read-modify-writes of any order continue one, a store ends it. */
    {"RS read-modify-write", "Wx1 Wy1r | Uy | Rya Rx", "120;***", 0},
    {"RS two of them", "Wx1 Wy1r | Uy | Uy | Rya Rx", "1230;***", 0},
    {"RS of a relaxed head", "Wx1 Wy1 | Uy | Rya Rx", "120;***", C11},
    {"RS ended by a store", "Wx1 Wy1r | Ry Wy2 | Rya Rx", "120;***", C11},
    {"RS ended by the thread's own store", "Wx1 Wy1r Wy2 | Rya Rx", "20;***", C11},
    {"RS compare-exchange", "Wx1 Wy1r | Cy12 | Rya Rx", "120;***", 0},
    /* Read-modify-writes. */
    {"two adds both count", "Ux | Ux", "00;***", 0},
    {"two adds", "Ux | Ux", "01;2**", C11 | SC | TSO},
    {"one compare-exchange wins", "Cx01 | Cx02", "00;***", 0},
    {"the loser sees the winner", "Cx01 | Cx02", "01;1**", C11 | SC | TSO},
    {"a store does not come between", "Ux | Wx5", "0;1**", 0},
    {"an add before a store", "Ux | Wx5", "0;5**", C11 | SC | TSO},
    {"a failed exchange is relaxed", "Wx1 Wy1r | Cy05a Rx", "10;***", C11},
    /* The end of a counted reference: what one holder did is over before the last destroys. */
    {"Arc release, acquire fence", "Wx1 Uzr | Uz Fa Rx", "010;***", 0},
    {"Arc without the fence", "Wx1 Uzr | Uz Rx", "010;***", C11},
    {"Arc with a relaxed decrement", "Wx1 Uz | Uz Fa Rx", "010;***", C11},
    {"Arc first of two", "Wx1 Uzr | Uz Fa Rx", "100;***", C11 | SC | TSO},
};

static bool fits(const char *outcome, const char *pattern)
{
  for (; *outcome != '\0' && *pattern != '\0'; outcome++, pattern++)
    if (*pattern != '*' && *pattern != *outcome)
      return false;
  return *outcome == *pattern;
}

static bool is_there(const char *pattern)
{
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, litmus.outcomes);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    if (fits(key, pattern))
      return true;
  return false;
}

START_TEST(a_model_allows_an_outcome_or_not)
{
  const struct row *row = &rows[_i / SIM_EXPLORE_MODELS];
  struct sim_explore_options options;
  struct sim_explore_result result;
  sim_explore_options_init(&options);
  options.model = (enum sim_explore_model)(_i % SIM_EXPLORE_MODELS);
  litmus_parse(row->program);
  litmus_run(&options, &result);
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_HELD);
  bool expected = (row->allowed >> options.model & 1) != 0;
  ck_assert_msg(is_there(row->outcome) == expected, "%s: \"%s\": %s is %s by %s", row->name,
                row->program, row->outcome, expected ? "not found" : "found",
                sim_explore_model_name(options.model));
  litmus_clear(&result);
}
END_TEST

/* ---- Plain accesses ---- */

static void run(const char *program, enum sim_explore_races races, bool all,
                struct sim_explore_result *ret)
{
  struct sim_explore_options options;
  sim_explore_options_init(&options);
  options.races = races;
  options.all = all;
  litmus_parse(program);
  litmus_run(&options, ret);
}

START_TEST(plain_accesses_race_unless_they_are_ordered)
{
  static const struct {
    const char *program;
    bool races;
  } programs[] = {
      {"Px1 | Px2", true},
      {"Px1 | Nx", true},
      {"Nx | Nx", false},
      {"Px1 | Py1", false},
      {"Px1 Nx", false},
      {"Px1 | Rx", true},
      {"Nx | Rx", false},
      {"Nx | Wx1", true},
      {"Px1 Wy1r | Rya Px2", true}, /* if it reads too early */
      {"Px1 Wx2", false},
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(programs); i++) {
    struct sim_explore_result result;
    run(programs[i].program, SIM_EXPLORE_RACES_STOP, false, &result);
    ck_assert_msg((result.verdict == SIM_EXPLORE_VIOLATED) == programs[i].races, "%s",
                  programs[i].program);
    if (programs[i].races) {
      const sim_execution *first = result.first;
      ck_assert_int_eq(first->finding.kind, SIM_EXPLORE_RACE);
      ck_assert_int_ge(first->finding.first, 0);
      ck_assert_int_gt(first->finding.second, first->finding.first);
      ck_assert_ptr_eq(first->events[first->finding.first].where,
                       first->events[first->finding.second].where);
    }
    litmus_clear(&result);
  }
}
END_TEST

/* With races=continue plain accesses branch: a reader may find either value. */
START_TEST(racing_accesses_branch_if_they_may)
{
  struct sim_explore_result result;
  run("Px1 Py1 | Ny Nx", SIM_EXPLORE_RACES_CONTINUE, true, &result);
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_VIOLATED);
  ck_assert_uint_eq(result.complete, 4);
  ck_assert_uint_eq(result.findings, 4);
  ck_assert_int_eq(result.first->finding.kind, SIM_EXPLORE_RACE);
  litmus_clear(&result);

  run("Px1 Uyr | Uya", SIM_EXPLORE_RACES_CONTINUE, true, &result);
  ck_assert_int_eq(result.verdict, SIM_EXPLORE_HELD);
  ck_assert_uint_eq(result.complete, 2);
  litmus_clear(&result);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("explore_litmus");
  TCase *tcase = tcase_create("litmus");
  tcase_add_loop_test(tcase, a_model_allows_an_outcome_or_not, 0,
                      G_N_ELEMENTS(rows) * SIM_EXPLORE_MODELS);
  tcase_add_test(tcase, plain_accesses_race_unless_they_are_ordered);
  tcase_add_test(tcase, racing_accesses_branch_if_they_may);
  suite_add_tcase(suite, tcase);
  return suite;
}
