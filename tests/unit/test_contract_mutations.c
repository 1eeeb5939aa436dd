/* SPDX-License-Identifier: MPL-2.0 */
/* Every clause of the contract can fail, and is then the first to say so. */
#include "sim/contract/mutate.h"
#include "tests/suite.h"

START_TEST(its_mutation_is_first_noticed_by_the_clause)
{
  g_autoptr(GError) error = NULL;
  enum sim_clause clause = (enum sim_clause)_i;
  enum sim_clause first;
  ck_assert_msg(sim_contract_mutate(clause, &first, &error), "%s: %s", sim_clause_info(clause)->id,
                error != NULL ? error->message : "");
  ck_assert_msg(first == clause, "the mutation of %s was first noticed by %s",
                sim_clause_info(clause)->id, sim_clause_info(first)->id);
}
END_TEST

/* What is noticed is the one wrong operation, not the scene. */
START_TEST(the_same_calls_of_right_operations_break_nothing)
{
  g_autoptr(GError) error = NULL;
  enum sim_clause clause = (enum sim_clause)_i;
  enum sim_clause first;
  bool tried;
  ck_assert(sim_contract_mutate_not(clause, &first, &tried, &error));
  if (clause == SIM_CLAUSE_CLONE_BELOW_MAX) /* the right operation ends the machine */
    return;
  ck_assert_msg(first == SIM_CLAUSE_NONE, "the scene of %s breaks %s itself",
                sim_clause_info(clause)->id, sim_clause_info(first)->id);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("contract_mutations");
  TCase *tc = tcase_create("mutations");
  tcase_add_loop_test(tc, its_mutation_is_first_noticed_by_the_clause, 1, SIM_CLAUSE_COUNT);
  tcase_add_loop_test(tc, the_same_calls_of_right_operations_break_nothing, SIM_AUDIT_CLAUSES,
                      SIM_CLAUSE_COUNT);
  suite_add_tcase(suite, tc);
  return suite;
}
