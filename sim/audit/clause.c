/* SPDX-License-Identifier: MPL-2.0 */
/* The names and the sentences of the clauses come from the one list of them. */
#include <inttypes.h>
#include <sim/contract.h>

#include "sim/audit/audit.h"

const char *sim_audit_clause_name(enum sim_audit_clause clause)
{
  return sim_clause_info((enum sim_clause)clause)->id;
}

const char *sim_audit_clause_text(enum sim_audit_clause clause)
{
  return sim_clause_info((enum sim_clause)clause)->text;
}

const char *sim_storage_view(const struct fm_slot_view *view)
{
  if (view->vtable == NULL)
    return "Empty";
  switch (view->vtable->number) {
  case FM_META_PAGE_TABLE:
    return "PTNode";
  case FM_META_LINK:
  case FM_META_FREE_HEAD:
    return "FrameLink";
  default:
    break;
  }
  if ((view->vtable->flags & FM_META_UNTYPED) != 0)
    return "Untyped";
  return view->vtable->size == 0 ? "Empty" : "Other";
}

char *sim_audit_figures(const struct sim_audit_fault *fault)
{
  if (fault->of_slot)
    return g_strdup_printf("ref_count 0x%" PRIx64 ", storage %s", fault->count, fault->storage);
  return g_strdup_printf("%s%sfound 0x%" PRIx64 ", expected 0x%" PRIx64, fault->place,
                         fault->place[0] != '\0' ? "; " : "", fault->count, fault->expected);
}
