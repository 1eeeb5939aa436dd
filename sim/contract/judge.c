/* SPDX-License-Identifier: MPL-2.0 */
/* One slot before and after one operation.  Pure. */
#include <string.h>

#include <sim/contract.h>

/* ---- What is compared ---- */

static bool same_rest(const struct sim_contract_step *step)
{
  return step->before.vtable_ptr == step->after.vtable_ptr &&
         step->before.in_list == step->after.in_list &&
         memcmp(step->before.storage, step->after.storage, FM_META_MAX_SIZE) == 0;
}

static bool same_slot(const struct sim_contract_step *step)
{
  return step->before.ref_count == step->after.ref_count && same_rest(step);
}

static bool meta_stands(const struct sim_contract_step *step)
{
  return step->meta_size == 0 || memcmp(step->after.storage, step->meta, step->meta_size) == 0;
}

static bool is_shared(uint64_t count)
{
  return fm_count_state(count) == FM_STATE_SHARED;
}

/* ---- Before ---- */

static bool is_last(const struct sim_contract_step *step)
{
  switch (step->op) {
  case SIM_OP_DROP:
    return step->before.ref_count == 1;
  case SIM_OP_RESET:
  case SIM_OP_DROP_UNIQUE:
    return step->before.ref_count == FM_COUNT_UNIQUE;
  default:
    return false;
  }
}

static enum sim_clause allowed_last(const struct sim_contract_step *step)
{
  if (step->before.in_list != 0)
    return SIM_CLAUSE_DROP_LAST_IN_LIST;
  if (!step->initialised)
    return SIM_CLAUSE_DROP_META_INITIALISED;
  return step->mapped ? SIM_CLAUSE_DROP_LAST_NO_PATH : SIM_CLAUSE_NONE;
}

/* A page table's reference may be copied by whoever looks at the table. */
static bool may_clone(const struct sim_contract_step *step)
{
  return is_shared(step->before.ref_count) &&
         (step->held != 0 || step->forgotten != 0 || step->mapped);
}

enum sim_clause sim_contract_allowed(const struct sim_contract_step *step)
{
  switch (step->op) {
  case SIM_OP_CLONE:
    return may_clone(step) ? SIM_CLAUSE_NONE : SIM_CLAUSE_CLONE_REF_HELD;
  case SIM_OP_DROP:
    if (!is_shared(step->before.ref_count) || (step->held == 0 && !step->mapped))
      return SIM_CLAUSE_DROP_REF_HELD;
    break;
  case SIM_OP_SHARE:
  case SIM_OP_REPURPOSE:
  case SIM_OP_RESET:
  case SIM_OP_DROP_UNIQUE:
    if (step->before.ref_count != FM_COUNT_UNIQUE)
      return SIM_CLAUSE_UNIQUE_EXCLUSIVE;
    if (step->op == SIM_OP_REPURPOSE && !step->initialised)
      return SIM_CLAUSE_DROP_META_INITIALISED;
    break;
  case SIM_OP_INTO_RAW:
    return step->held != 0 ? SIM_CLAUSE_NONE : SIM_CLAUSE_INTO_RAW_REF_HELD;
  case SIM_OP_FROM_RAW:
    return step->forgotten != 0 ? SIM_CLAUSE_NONE : SIM_CLAUSE_FROM_RAW_FORGOTTEN;
  default:
    break;
  }
  return is_last(step) ? allowed_last(step) : SIM_CLAUSE_NONE;
}

/* ---- After ---- */

static enum sim_clause kept_claim(const struct sim_contract_step *step)
{
  if (step->answer != FM_GET_OK) {
    if (!same_slot(step))
      return SIM_CLAUSE_CLAIM_ERR_UNCHANGED;
    return step->answer == fm_count_claim_answer(step->before.ref_count)
               ? SIM_CLAUSE_NONE
               : SIM_CLAUSE_CLAIM_ERR_ANSWER;
  }
  if (step->before.ref_count != FM_COUNT_UNUSED)
    return SIM_CLAUSE_CLAIM_OK_FROM_UNUSED;
  if (step->after.ref_count != (step->unique ? FM_COUNT_UNIQUE : 1))
    return SIM_CLAUSE_CLAIM_OK_COUNT;
  if (step->after.vtable_ptr != step->vtable_ptr)
    return SIM_CLAUSE_CLAIM_OK_VTABLE;
  if (!meta_stands(step))
    return SIM_CLAUSE_CLAIM_OK_META;
  return step->after.in_list == step->before.in_list ? SIM_CLAUSE_NONE
                                                     : SIM_CLAUSE_CLAIM_OK_IN_LIST;
}

static enum sim_clause kept_get(const struct sim_contract_step *step)
{
  uint64_t count = step->before.ref_count;
  if (step->answer != FM_GET_OK) {
    if (!same_slot(step))
      return SIM_CLAUSE_GET_ERR_UNCHANGED;
    return step->answer == FM_GET_RETRY ||
                   (!fm_count_may_grow(count) && step->answer == fm_count_get_answer(count))
               ? SIM_CLAUSE_NONE
               : SIM_CLAUSE_GET_ERR_ANSWER;
  }
  if (!fm_count_may_grow(count))
    return SIM_CLAUSE_GET_OK_WAS_SHARED;
  if (step->after.ref_count != count + 1)
    return SIM_CLAUSE_GET_OK_PLUS_ONE;
  return same_rest(step) ? SIM_CLAUSE_NONE : SIM_CLAUSE_GET_OK_UNTOUCHED;
}

static enum sim_clause kept_clone(const struct sim_contract_step *step)
{
  if (step->before.ref_count >= FM_COUNT_MAX && step->before.ref_count < FM_COUNT_UNIQUE)
    return SIM_CLAUSE_CLONE_BELOW_MAX; /* the abort should have come */
  if (step->after.ref_count != step->before.ref_count + 1)
    return SIM_CLAUSE_CLONE_PLUS_ONE;
  return same_rest(step) ? SIM_CLAUSE_NONE : SIM_CLAUSE_CLONE_UNTOUCHED;
}

/* The slot is nobody's again, or the allocator's. */
static enum sim_clause kept_last(const struct sim_contract_step *step)
{
  bool gone = step->after.ref_count == FM_COUNT_UNUSED ||
              (step->to_allocator && step->after.ref_count == FM_COUNT_UNIQUE);
  return gone ? SIM_CLAUSE_NONE : SIM_CLAUSE_DROP_LAST_ENDS_UNUSED;
}

static enum sim_clause kept_drop(const struct sim_contract_step *step)
{
  if (step->before.ref_count == 1)
    return kept_last(step);
  if (step->after.ref_count != step->before.ref_count - 1)
    return SIM_CLAUSE_DROP_MINUS_ONE;
  return same_rest(step) ? SIM_CLAUSE_NONE : SIM_CLAUSE_DROP_UNTOUCHED;
}

static enum sim_clause kept_unique(const struct sim_contract_step *step)
{
  if (!step->done)
    return same_slot(step) ? SIM_CLAUSE_NONE : SIM_CLAUSE_UNIQUE_ERR_UNCHANGED;
  if (step->before.ref_count != 1)
    return SIM_CLAUSE_UNIQUE_SOLE;
  return step->after.ref_count == FM_COUNT_UNIQUE ? SIM_CLAUSE_NONE : SIM_CLAUSE_UNIQUE_COUNT;
}

static enum sim_clause kept_repurpose(const struct sim_contract_step *step)
{
  if (step->after.ref_count != FM_COUNT_UNIQUE)
    return SIM_CLAUSE_REPURPOSE_STAYS;
  if (step->after.vtable_ptr != step->vtable_ptr)
    return SIM_CLAUSE_WRITE_META_VTABLE;
  return meta_stands(step) ? SIM_CLAUSE_NONE : SIM_CLAUSE_WRITE_META_STORAGE;
}

enum sim_clause sim_contract_kept(const struct sim_contract_step *step)
{
  switch (step->op) {
  case SIM_OP_CLAIM:
    return kept_claim(step);
  case SIM_OP_GET:
    return kept_get(step);
  case SIM_OP_CLONE:
    return kept_clone(step);
  case SIM_OP_DROP:
    return kept_drop(step);
  case SIM_OP_UNIQUE:
    return kept_unique(step);
  case SIM_OP_SHARE:
    return step->after.ref_count == 1 ? SIM_CLAUSE_NONE : SIM_CLAUSE_SHARE_TO_ONE;
  case SIM_OP_REPURPOSE:
    return kept_repurpose(step);
  case SIM_OP_RESET:
  case SIM_OP_DROP_UNIQUE:
    return kept_last(step);
  case SIM_OP_INTO_RAW:
  case SIM_OP_FROM_RAW:
    return same_slot(step) ? SIM_CLAUSE_NONE : SIM_CLAUSE_INTO_RAW_UNCHANGED;
  case SIM_OP_COUNT:
    break;
  }
  return SIM_CLAUSE_NONE;
}

enum sim_clause sim_contract_judge(const struct sim_contract_step *step)
{
  enum sim_clause clause = sim_contract_allowed(step);
  return clause != SIM_CLAUSE_NONE ? clause : sim_contract_kept(step);
}

/* ---- At rest ---- */

enum sim_clause sim_contract_at_rest(const struct fm_slot *slot, bool has_type, uint64_t holders)
{
  uint64_t count = slot->ref_count;
  switch (fm_count_state(count)) {
  case FM_STATE_UNUSED:
    if (slot->in_list != 0)
      return SIM_CLAUSE_SLOT_UNUSED_IN_LIST;
    return holders == 0 ? SIM_CLAUSE_NONE : SIM_CLAUSE_COUNT_HOLDERS;
  case FM_STATE_BUSY:
    return SIM_CLAUSE_SLOT_BUSY_AT_REST;
  case FM_STATE_ILLEGAL:
    return SIM_CLAUSE_SLOT_ILLEGAL_COUNT;
  case FM_STATE_SHARED:
  case FM_STATE_UNIQUE:
    break;
  }
  if (!has_type)
    return SIM_CLAUSE_SLOT_BAD_VTABLE;
  bool shared = is_shared(count);
  if (shared && slot->in_list != 0)
    return SIM_CLAUSE_SLOT_SHARED_IN_LIST;
  return holders == (shared ? count : 1) ? SIM_CLAUSE_NONE : SIM_CLAUSE_COUNT_HOLDERS;
}

/* ---- Arrows ---- */

static bool is_arrow(enum fm_site site, uint64_t before, uint64_t after)
{
  switch (site) {
  case FM_SITE_CLAIM_CAS:
    return before == FM_COUNT_UNUSED && after == FM_COUNT_BUSY;
  case FM_SITE_CLAIM_PUBLISH:
    return before == FM_COUNT_BUSY && (after == 1 || after == FM_COUNT_UNIQUE);
  case FM_SITE_GET_CAS:
    return fm_count_may_grow(before) && after == before + 1;
  case FM_SITE_CLONE_INC: /* the abort of a count that is too large comes after it */
    return is_shared(before) && after == before + 1;
  case FM_SITE_DROP_DEC:
    return is_shared(before) && after == before - 1;
  case FM_SITE_DROP_UNUSED:
    return before == FM_COUNT_BUSY && after == FM_COUNT_UNUSED;
  case FM_SITE_UNIQUE_CAS:
    return before == 1 && after == FM_COUNT_UNIQUE;
  case FM_SITE_UNIQUE_PUBLISH:
    return before == FM_COUNT_UNIQUE && after == 1;
  case FM_SITE_UNIQUE_ZERO:
  case FM_SITE_RESET_ZERO:
    return before == FM_COUNT_UNIQUE && after == FM_COUNT_BUSY;
  default:
    return true;
  }
}

enum sim_clause sim_contract_arrow(enum fm_site site, uint64_t before, uint64_t after)
{
  if (is_arrow(site, before, after))
    return SIM_CLAUSE_NONE;
  switch (site) {
  case FM_SITE_CLAIM_CAS:
    return SIM_CLAUSE_CLAIM_OK_FROM_UNUSED;
  case FM_SITE_CLAIM_PUBLISH:
    return SIM_CLAUSE_CLAIM_OK_COUNT;
  case FM_SITE_GET_CAS:
    return SIM_CLAUSE_GET_OK_WAS_SHARED;
  case FM_SITE_CLONE_INC:
    return SIM_CLAUSE_CLONE_REF_HELD;
  case FM_SITE_DROP_DEC:
    return SIM_CLAUSE_DROP_REF_HELD;
  case FM_SITE_DROP_UNUSED:
    return SIM_CLAUSE_DROP_LAST_COUNT_ZERO;
  case FM_SITE_UNIQUE_CAS:
    return SIM_CLAUSE_UNIQUE_SOLE;
  default:
    return SIM_CLAUSE_UNIQUE_EXCLUSIVE;
  }
}
