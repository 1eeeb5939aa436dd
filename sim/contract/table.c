/* SPDX-License-Identifier: MPL-2.0 */
/* The clauses by number, made from the one list. */
#include <string.h>

#include <sim/contract.h>

G_STATIC_ASSERT((int)SIM_CLAUSE_SLOT_BUSY_AT_REST == (int)FM_SLOT_BUSY_AT_REST);
G_STATIC_ASSERT((int)SIM_CLAUSE_SLOT_ILLEGAL_COUNT == (int)FM_SLOT_ILLEGAL_COUNT);
G_STATIC_ASSERT((int)SIM_CLAUSE_SLOT_BAD_VTABLE == (int)FM_SLOT_BAD_VTABLE);
G_STATIC_ASSERT((int)SIM_CLAUSE_SLOT_UNUSED_IN_LIST == (int)FM_SLOT_UNUSED_IN_LIST);
G_STATIC_ASSERT((int)SIM_CLAUSE_SLOT_SHARED_IN_LIST == (int)FM_SLOT_SHARED_IN_LIST);
G_STATIC_ASSERT((int)SIM_CLAUSE_SLOT_HOLE == (int)SIM_AUDIT_SLOT_HOLE);
G_STATIC_ASSERT((int)SIM_CLAUSE_MAP_COMPLETE == (int)SIM_AUDIT_MAP_COMPLETE);

static const struct sim_clause_info clauses[SIM_CLAUSE_COUNT] = {
    [SIM_CLAUSE_NONE] = {"slot.good", "", "", "nothing is wrong", ""},
#define ROW(name, id, source, operations, text, mutation)                                          \
  [SIM_CLAUSE_##name] = {id, source, operations, text, mutation},
    SIM_CLAUSES_SLOT(ROW) SIM_CLAUSES_AUDIT(ROW) SIM_CLAUSES_OPERATIONS(ROW)
#undef ROW
};

const struct sim_clause_info *sim_clause_info(enum sim_clause clause)
{
  return &clauses[clause];
}

enum sim_clause sim_clause_by_id(const char *id)
{
  for (int i = 1; i < SIM_CLAUSE_COUNT; i++)
    if (strcmp(clauses[i].id, id) == 0)
      return (enum sim_clause)i;
  return SIM_CLAUSE_NONE;
}

const char *sim_contract_op_name(enum sim_contract_op op)
{
  static const char *const names[SIM_OP_COUNT] = {
      [SIM_OP_CLAIM] = "claim",
      [SIM_OP_GET] = "get",
      [SIM_OP_CLONE] = "clone",
      [SIM_OP_DROP] = "drop",
      [SIM_OP_UNIQUE] = "unique",
      [SIM_OP_SHARE] = "shared",
      [SIM_OP_REPURPOSE] = "repurpose",
      [SIM_OP_RESET] = "reset",
      [SIM_OP_DROP_UNIQUE] = "drop of a unique frame",
      [SIM_OP_INTO_RAW] = "into_raw",
      [SIM_OP_FROM_RAW] = "from_raw",
  };
  return names[op];
}
