/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The lists of durable handles.  As with free lists, a walk stops at the first frame that does
 * not link back, so it never goes in circles.
 */
#include "sim/audit/audit.h"
#include "sim/durable/table.h"

static void audit_list_of(struct audit *audit, const struct sim_entry *entry)
{
  const struct fm_kernel *kernel = audit->kernel;
  const struct fm_list *list = &entry->list;
  fm_paddr home = audit_home(entry);
  uint64_t from = 0;
  uint64_t frames = 0;
  for (uint64_t link = list->front; link != 0;) {
    uint64_t offset = link - FM_META_BASE;
    if (link < FM_META_BASE || offset % FM_SLOT_SIZE != 0 ||
        offset / FM_SLOT_SIZE >= kernel->nr_frames) {
      audit_note(audit, home, SIM_AUDIT_LIST_LINK, link, 0, "list '%s'", entry->name);
      return;
    }
    fm_paddr frame = fm_meta_to_frame(fm_kaddr_of(link));
    const struct fm_slot *slot = fm_slot_at(frame);
    const struct fm_link_meta *meta = (const struct fm_link_meta *)(const void *)slot->storage;
    if (slot->ref_count != FM_COUNT_UNIQUE || meta->prev != from) {
      audit_note(audit, frame, SIM_AUDIT_LIST_SYMMETRIC, meta->prev, from, "list '%s'",
                 entry->name);
      return;
    }
    if (slot->in_list != list->id)
      audit_note(audit, frame, SIM_AUDIT_LIST_ID, slot->in_list, list->id, "list '%s'",
                 entry->name);
    frames++;
    from = link;
    link = meta->next;
  }
  if (list->back != from)
    audit_note(audit, home, SIM_AUDIT_LIST_ENDS, list->back, from, "list '%s'", entry->name);
  if (list->size != frames)
    audit_note(audit, home, SIM_AUDIT_LIST_SIZE, list->size, frames, "list '%s'", entry->name);
}

void audit_each_durable(const struct audit *audit, enum sim_entry_kind kind,
                        void (*each)(const struct sim_entry *entry, void *data), void *data)
{
  const sim_table *table = sim_table_look(audit->machine);
  for (uint64_t i = 0; table != NULL && i < sim_table_header(table)->room; i++) {
    const struct sim_entry *entry = sim_table_entry(table, i);
    if (sim_durable_load(&entry->word) != 0 && sim_entry_kind(entry) == kind &&
        sim_entry_is_sane(entry, audit->kernel) && sim_entry_intent(entry) != SIM_INTENT_TAKE)
      each(entry, data);
  }
}

static void visit_list(const struct sim_entry *entry, void *data)
{
  audit_list_of(data, entry);
}

void audit_durable(struct audit *audit)
{
  audit_each_durable(audit, SIM_ENTRY_LIST, visit_list, audit);
}
