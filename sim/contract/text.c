/* SPDX-License-Identifier: MPL-2.0 */
/* What a breach says to people. */
#include <inttypes.h>

#include "sim/contract/checker.h"

/* "unused", "shared 2", ...: of one count. */
static char *count_text(uint64_t count)
{
  enum fm_count_state state = fm_count_state(count);
  if (state == FM_STATE_SHARED)
    return g_strdup_printf("shared %" PRIu64, count);
  if (state == FM_STATE_ILLEGAL)
    return g_strdup_printf("illegal count 0x%" PRIx64, count);
  return g_strdup(fm_count_state_name(state));
}

/* The count that should be there afterwards; NULL: the clause is not about that. */
static char *expected_count(const struct sim_contract_breach *breach)
{
  uint64_t before = breach->before.ref_count;
  switch (breach->clause) {
  case SIM_CLAUSE_CLONE_PLUS_ONE:
  case SIM_CLAUSE_GET_OK_PLUS_ONE:
    return count_text(before + 1);
  case SIM_CLAUSE_DROP_MINUS_ONE:
    return count_text(before - 1);
  case SIM_CLAUSE_SHARE_TO_ONE:
    return count_text(1);
  case SIM_CLAUSE_CLAIM_OK_COUNT:
    return g_strdup("shared 1 or unique, as asked for");
  case SIM_CLAUSE_DROP_LAST_ENDS_UNUSED:
    return count_text(FM_COUNT_UNUSED);
  case SIM_CLAUSE_DROP_LAST_COUNT_ZERO:
    return count_text(FM_COUNT_BUSY);
  case SIM_CLAUSE_UNIQUE_COUNT:
  case SIM_CLAUSE_UNIQUE_EXCLUSIVE:
  case SIM_CLAUSE_REPURPOSE_STAYS:
    return count_text(FM_COUNT_UNIQUE);
  case SIM_CLAUSE_UNIQUE_SOLE:
    return g_strdup("shared 1 before");
  case SIM_CLAUSE_CLAIM_ERR_UNCHANGED:
  case SIM_CLAUSE_GET_ERR_UNCHANGED:
  case SIM_CLAUSE_UNIQUE_ERR_UNCHANGED:
  case SIM_CLAUSE_INTO_RAW_UNCHANGED:
  case SIM_CLAUSE_MAP_KEEPS_COUNT:
  case SIM_CLAUSE_TAKE_KEEPS_COUNT:
    return g_strdup("as before");
  case SIM_CLAUSE_CLONE_REF_HELD:
  case SIM_CLAUSE_DROP_REF_HELD:
  case SIM_CLAUSE_INTO_RAW_REF_HELD:
  case SIM_CLAUSE_MAP_REF_HELD:
    return g_strdup("a reference that the caller holds");
  case SIM_CLAUSE_FROM_RAW_FORGOTTEN:
    return g_strdup("a reference that was forgotten");
  default:
    return NULL;
  }
}

char *sim_contract_breach_text(const struct sim_contract_breach *breach)
{
  const struct sim_clause_info *info = sim_clause_info(breach->clause);
  if (!breach->has_frame)
    return g_strdup_printf("%s (%s)", info->text, breach->operation);
  g_autofree char *before = count_text(breach->before.ref_count);
  g_autofree char *after = count_text(breach->after.ref_count);
  g_autofree char *expected = expected_count(breach);
  bool changed = breach->before.ref_count != breach->after.ref_count;
  return g_strdup_printf("frame 0x%" PRIx64 ": %s (%s: %s%s%s%s%s)", breach->frame.raw, info->text,
                         breach->operation, before, changed ? ", then " : "", changed ? after : "",
                         expected != NULL ? "; expected " : "", expected != NULL ? expected : "");
}
