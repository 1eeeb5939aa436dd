/* SPDX-License-Identifier: MPL-2.0 */
/* The contract: its list, its pure checks, the ghost state, and runs that are checked. */
#include <sim/contract.h>
#include <string.h>

#include "sim/contract/seed.h"
#include "tests/unit/run_support.h"

/* ---- The list ---- */

START_TEST(every_clause_has_an_id_of_its_own_and_tells_all)
{
  g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
  for (int i = 1; i < SIM_CLAUSE_COUNT; i++) {
    const struct sim_clause_info *info = sim_clause_info((enum sim_clause)i);
    ck_assert(g_hash_table_add(ids, (gpointer)info->id));
    ck_assert_ptr_nonnull(strchr(info->id, '.'));
    ck_assert_uint_gt(strlen(info->text), 10);
    ck_assert_uint_gt(strlen(info->mutation), 5);
    ck_assert_uint_gt(strlen(info->source), 3);
    ck_assert_uint_gt(strlen(info->operations), 2);
    ck_assert_int_eq(sim_clause_by_id(info->id), i);
  }
  ck_assert_int_eq(sim_clause_by_id("no.such"), SIM_CLAUSE_NONE);
}
END_TEST

START_TEST(every_line_of_the_verified_module_names_clauses_or_says_why)
{
  unsigned lines = 0;
  for (const struct sim_seed_line *line = sim_seed_lines; line->function != NULL; line++, lines++) {
    ck_assert_msg((line->why != NULL) == (line->clauses[0] == '\0'), "%s: %s", line->function,
                  line->text);
    g_auto(GStrv) ids = g_strsplit(line->clauses, ", ", -1);
    for (char **id = ids; *id != NULL; id++)
      ck_assert_msg(sim_clause_by_id(*id) != SIM_CLAUSE_NONE, "%s: '%s'", line->function, *id);
  }
  ck_assert_uint_gt(lines, 70);
}
END_TEST

/* ---- One slot ---- */

static struct fm_slot slot_of(uint64_t count)
{
  struct fm_slot slot = {.ref_count = count, .vtable_ptr = 64};
  return slot;
}

START_TEST(a_step_is_judged_by_its_slot_before_and_after)
{
  const struct {
    enum sim_contract_op op;
    uint64_t before, after;
    enum fm_get_error answer;
    uint32_t held;
    enum sim_clause clause;
  } rows[] = {
      {SIM_OP_CLAIM, FM_COUNT_UNUSED, 1, FM_GET_OK, 0, SIM_CLAUSE_NONE},
      {SIM_OP_CLAIM, 3, 3, FM_GET_IN_USE, 0, SIM_CLAUSE_NONE},
      {SIM_OP_CLAIM, 3, 3, FM_GET_BUSY, 0, SIM_CLAUSE_CLAIM_ERR_ANSWER},
      {SIM_OP_CLAIM, 3, 1, FM_GET_OK, 0, SIM_CLAUSE_CLAIM_OK_FROM_UNUSED},
      {SIM_OP_GET, 1, 2, FM_GET_OK, 0, SIM_CLAUSE_NONE},
      {SIM_OP_GET, FM_COUNT_MAX - 1, FM_COUNT_MAX, FM_GET_OK, 0, SIM_CLAUSE_NONE},
      {SIM_OP_GET, FM_COUNT_MAX, FM_COUNT_MAX + 1, FM_GET_OK, 0, SIM_CLAUSE_GET_OK_WAS_SHARED},
      {SIM_OP_GET, 5, 5, FM_GET_RETRY, 0, SIM_CLAUSE_NONE},
      {SIM_OP_GET, 5, 6, FM_GET_RETRY, 0, SIM_CLAUSE_GET_ERR_UNCHANGED},
      {SIM_OP_GET, 0, 0, FM_GET_BUSY, 0, SIM_CLAUSE_NONE},
      {SIM_OP_CLONE, 1, 2, FM_GET_OK, 1, SIM_CLAUSE_NONE},
      {SIM_OP_CLONE, 1, 2, FM_GET_OK, 0, SIM_CLAUSE_CLONE_REF_HELD},
      {SIM_OP_CLONE, FM_COUNT_UNUSED, 0, FM_GET_OK, 1, SIM_CLAUSE_CLONE_REF_HELD},
      {SIM_OP_DROP, 2, 1, FM_GET_OK, 1, SIM_CLAUSE_NONE},
      {SIM_OP_DROP, 1, FM_COUNT_UNUSED, FM_GET_OK, 1, SIM_CLAUSE_NONE},
      {SIM_OP_DROP, 1, 0, FM_GET_OK, 1, SIM_CLAUSE_DROP_LAST_ENDS_UNUSED},
      {SIM_OP_DROP, 1, FM_COUNT_UNIQUE, FM_GET_OK, 1, SIM_CLAUSE_DROP_LAST_ENDS_UNUSED},
      {SIM_OP_DROP, 0, FM_COUNT_UNUSED, FM_GET_OK, 1, SIM_CLAUSE_DROP_REF_HELD},
      {SIM_OP_SHARE, FM_COUNT_UNIQUE, 1, FM_GET_OK, 1, SIM_CLAUSE_NONE},
      {SIM_OP_SHARE, 1, 1, FM_GET_OK, 1, SIM_CLAUSE_UNIQUE_EXCLUSIVE},
      {SIM_OP_RESET, FM_COUNT_UNIQUE, FM_COUNT_UNUSED, FM_GET_OK, 1, SIM_CLAUSE_NONE},
      {SIM_OP_INTO_RAW, 1, 1, FM_GET_OK, 0, SIM_CLAUSE_INTO_RAW_REF_HELD},
      {SIM_OP_FROM_RAW, 1, 1, FM_GET_OK, 1, SIM_CLAUSE_FROM_RAW_FORGOTTEN},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct sim_contract_step step = {.op = rows[i].op,
                                     .before = slot_of(rows[i].before),
                                     .after = slot_of(rows[i].after),
                                     .answer = rows[i].answer,
                                     .vtable_ptr = 64,
                                     .initialised = true,
                                     .held = rows[i].held};
    enum sim_clause clause = sim_contract_judge(&step);
    ck_assert_msg(clause == rows[i].clause, "row %zu: %s", i, sim_clause_info(clause)->id);
  }
}
END_TEST

START_TEST(a_slot_at_rest_has_as_many_references_as_holders)
{
  struct fm_slot slot = slot_of(2);
  ck_assert_int_eq(sim_contract_at_rest(&slot, true, 2), SIM_CLAUSE_NONE);
  ck_assert_int_eq(sim_contract_at_rest(&slot, true, 1), SIM_CLAUSE_COUNT_HOLDERS);
  ck_assert_int_eq(sim_contract_at_rest(&slot, false, 2), SIM_CLAUSE_SLOT_BAD_VTABLE);
  slot.in_list = 1;
  ck_assert_int_eq(sim_contract_at_rest(&slot, true, 2), SIM_CLAUSE_SLOT_SHARED_IN_LIST);
  slot.ref_count = FM_COUNT_UNIQUE;
  ck_assert_int_eq(sim_contract_at_rest(&slot, true, 1), SIM_CLAUSE_NONE);
  slot.ref_count = FM_COUNT_UNUSED;
  ck_assert_int_eq(sim_contract_at_rest(&slot, true, 0), SIM_CLAUSE_SLOT_UNUSED_IN_LIST);
}
END_TEST

START_TEST(arrows_that_the_state_machine_has_not_are_named)
{
  ck_assert_int_eq(sim_contract_arrow(FM_SITE_CLAIM_CAS, FM_COUNT_UNUSED, 0), SIM_CLAUSE_NONE);
  ck_assert_int_eq(sim_contract_arrow(FM_SITE_CLAIM_CAS, 1, 0), SIM_CLAUSE_CLAIM_OK_FROM_UNUSED);
  ck_assert_int_eq(sim_contract_arrow(FM_SITE_DROP_DEC, 1, 0), SIM_CLAUSE_NONE);
  ck_assert_int_eq(sim_contract_arrow(FM_SITE_DROP_DEC, 0, UINT64_MAX), SIM_CLAUSE_DROP_REF_HELD);
  ck_assert_int_eq(sim_contract_arrow(FM_SITE_DROP_UNUSED, 2, FM_COUNT_UNUSED),
                   SIM_CLAUSE_DROP_LAST_COUNT_ZERO);
  ck_assert_int_eq(sim_contract_arrow(FM_SITE_UNIQUE_CAS, 2, FM_COUNT_UNIQUE),
                   SIM_CLAUSE_UNIQUE_SOLE);
  ck_assert_int_eq(sim_contract_arrow(FM_SITE_IO_READ, 2, 5), SIM_CLAUSE_NONE);
}
END_TEST

/* ---- Runs ---- */

/* What a run with this level found, ended. */
static struct run *checked(const char *body, enum sim_check_level level)
{
  struct run *run = run_load(body);
  run->options.check = level;
  run_execute(run);
  return run;
}

static const struct sim_run_found *found(const struct run *run, guint nth)
{
  const GArray *all = sim_run_found(run->run);
  ck_assert_uint_lt(nth, all->len);
  return &g_array_index(all, struct sim_run_found, nth);
}

static const char *const sound_scripts[] = {
    "machine { ram 64M allocator none }\nboot\nclaim 0x2345000 as link -> f\nclone f -> g\n"
    "drop g\nunique f -> u\nlist l\npush l u\npop l -> v\nshared v -> f\ninto_raw f -> r\n"
    "from_raw r -> f\ndrop f\ndrop l",
    "machine { ram 64M cpus 2 }\nboot\nalloc frames 8 -> s\nslice s 0..8K -> t\n"
    "split s at 8K -> b\ndrop t, s, b",
    "machine { ram 64M cpus 2 }\nboot\nalloc -> f\nclone f -> g\nthread A cpu 0 { drop f }\n"
    "thread B cpu 1 { drop g }\nschedule A:drop.dec B:drop.dec A:* B:*",
    "machine { ram 64M }\nboot\nprocess p\nmap p at 0x1000 size 16K rw\nwrite p at 0x1000 1\n"
    "alloc -> f\nmap p at 0x10000 shared from f\nfork p -> q\nwrite q at 0x1000 2\nexit p\n"
    "exit q\ndrop f",
    "machine { ram 64M metadata deferred allocator none }\nboot\nclaim 0x2345000 -> f\n"
    "claim 0x2346000 -> g\ndrop f, g",
    "machine { ram 64M }\nboot\nworkload churn { ops 500 }\nalloc -> f\ndrop f",
};

START_TEST(what_is_sound_has_no_finding_at_any_level)
{
  const char *body = sound_scripts[_i];
  for (int level = SIM_CHECK_OFF; level <= SIM_CHECK_FULL; level++) {
    struct run *run = checked(body, (enum sim_check_level)level);
    ck_assert_msg(run->verdict == SIM_VERDICT_HELD, "script %d, level %d: %s", _i, level,
                  sim_run_found(run->run)->len != 0 ? found(run, 0)->text : "");
    run_free(run);
  }
}
END_TEST

START_TEST(a_double_drop_is_a_finding_at_the_drop)
{
  struct run *run = checked("machine { ram 64M allocator none }\nboot\nclaim 0x2345000 -> f\n"
                            "drop f\nunsafe drop f\nclaim 0x2346000 -> g\ndrop g",
                            SIM_CHECK_CHEAP);
  ck_assert_int_eq(run->verdict, SIM_VERDICT_VIOLATED);
  ck_assert_uint_eq(sim_run_found(run->run)->len, 1);
  ck_assert_str_eq(found(run, 0)->clause, "drop.ref_held");
  ck_assert_uint_eq(found(run, 0)->step, 4);
  ck_assert_uint_eq(found(run, 0)->frame, 0x2345000);
  run_must_say(run, 0, "unused before, unique");
  run_must_say(run, 0, "replay: framesim run");
  run_free(run);
}
END_TEST

START_TEST(a_finding_names_who_holds_the_frame_since_which_step)
{
  struct run *run = checked("machine { ram 64M allocator none }\nboot\nclaim 0x2345000 -> f\n"
                            "clone f -> g\nunsafe drop 0x2345000\nend expecting leak f, g",
                            SIM_CHECK_CHEAP);
  ck_assert_uint_eq(sim_run_found(run->run)->len, 1);
  run_must_say(run, 0, "held by f (test.fms:4, step 2), g (test.fms:5, step 3)");
  run_free(run);
}
END_TEST

START_TEST(a_leak_has_the_clause_of_the_ledger)
{
  struct run *run =
      checked("machine { ram 64M allocator none }\nboot\nclaim 0x2345000 -> f", SIM_CHECK_CHEAP);
  ck_assert_str_eq(found(run, 0)->kind, "LEAK");
  ck_assert_str_eq(found(run, 0)->clause, "ledger.clean_boundary");
  run_free(run);
}
END_TEST

START_TEST(full_checks_recount_what_a_step_touched)
{
  const char *body = "machine { ram 64M allocator none }\nboot\nclaim 0x2345000 -> f\n"
                     "poke f ref_count = 2\nend expecting leak f";
  struct run *cheap = checked(body, SIM_CHECK_CHEAP);
  ck_assert_int_eq(cheap->verdict, SIM_VERDICT_HELD);
  run_free(cheap);
  struct run *full = checked(body, SIM_CHECK_FULL);
  ck_assert_str_eq(found(full, 0)->clause, "count.holders");
  ck_assert_uint_eq(found(full, 0)->step, 3);
  ck_assert_str_eq(full->summary.build, "instrumented");
  run_free(full);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("contract");
  TCase *tc = tcase_create("contract");
  tcase_add_test(tc, every_clause_has_an_id_of_its_own_and_tells_all);
  tcase_add_test(tc, every_line_of_the_verified_module_names_clauses_or_says_why);
  tcase_add_test(tc, a_step_is_judged_by_its_slot_before_and_after);
  tcase_add_test(tc, a_slot_at_rest_has_as_many_references_as_holders);
  tcase_add_test(tc, arrows_that_the_state_machine_has_not_are_named);
  tcase_add_loop_test(tc, what_is_sound_has_no_finding_at_any_level, 0,
                      G_N_ELEMENTS(sound_scripts));
  tcase_add_test(tc, a_double_drop_is_a_finding_at_the_drop);
  tcase_add_test(tc, a_finding_names_who_holds_the_frame_since_which_step);
  tcase_add_test(tc, a_leak_has_the_clause_of_the_ledger);
  tcase_add_test(tc, full_checks_recount_what_a_step_touched);
  suite_add_tcase(suite, tc);
  return suite;
}
