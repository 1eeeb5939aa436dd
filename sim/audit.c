/* SPDX-License-Identifier: MPL-2.0 */
#include <sim/audit.h>

#include "sim/internal.h"
#include "sim/pagemap.h"

struct audit {
  const sim_machine *machine;
  sim_audit_holders holders;
  void *holders_data;
  void (*report)(const struct sim_audit_fault *fault, void *data);
  void *data;
  uint64_t faults;
  uint32_t region; /* the region that holds the frame looked at */
  GArray *tables;  /* page tables that the machine itself refers to, ascending */
  guint table;     /* the first of them that is not below the frame looked at */
};

/* ---- Page tables that the machine refers to ---- */

static void add_table(const struct sim_pagemap_entry *entry, void *data)
{
  uint64_t paddr = fm_pte_paddr(entry->pte).raw;
  if (entry->is_table)
    g_array_append_val((GArray *)data, paddr);
}

static gint by_address(gconstpointer left, gconstpointer right)
{
  uint64_t a = *(const uint64_t *)left;
  uint64_t b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

/* The kernel has its root, an entry the table that it leads to, a CPU what is in CR3; but
 * nobody counts the boot page table. */
static GArray *find_tables(const sim_machine *machine)
{
  const struct fm_kernel *kernel = machine->kernel;
  GArray *tables = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  uint64_t root = kernel->kernel_root;
  if (root != 0) {
    g_array_append_val(tables, root);
    sim_pagemap_each_kernel(machine, fm_paddr_of(root), add_table, tables);
  }
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    uint64_t cr3 = fm_kernel_cpu(kernel, id)->cr3;
    if (cr3 != kernel->boot_root)
      g_array_append_val(tables, cr3);
  }
  g_array_sort(tables, by_address);
  return tables;
}

static uint64_t table_references(struct audit *audit, fm_paddr frame)
{
  uint64_t count = 0;
  while (audit->table < audit->tables->len &&
         g_array_index(audit->tables, uint64_t, audit->table) < frame.raw)
    audit->table++;
  for (guint i = audit->table; i < audit->tables->len; i++, count++)
    if (g_array_index(audit->tables, uint64_t, i) != frame.raw)
      break;
  return count;
}

/* ---- Frames ---- */

static void found(struct audit *audit, fm_paddr frame, const char *clause, const char *text,
                  uint64_t count, uint64_t expected)
{
  struct sim_audit_fault fault = {frame, clause, text, count, expected};
  audit->faults++;
  audit->report(&fault, audit->data);
}

/* References that the boot took and forgot: one on each frame it marked. */
static uint64_t boot_references(struct audit *audit, fm_paddr frame)
{
  const struct fm_kernel *kernel = audit->machine->kernel;
  const struct fm_bitmap *bitmap = &kernel->bitmap;

  while (frame.raw >= fm_region_end(&kernel->regions.at[audit->region]))
    audit->region++;
  if (kernel->regions.at[audit->region].type != FM_REGION_USABLE)
    return 1;
  if (fm_range_has(fm_early_allocated(&kernel->early.low), frame) ||
      fm_range_has(fm_early_allocated(&kernel->early.high), frame)) {
    /* The tables among them were given back when the boot page table was taken down. */
    if (kernel->stage < FM_STAGE_DONE || fm_boot_keeps(kernel, frame))
      return 1;
  }
  return frame.raw >= bitmap->own_start && frame.raw - bitmap->own_start < bitmap->own_size;
}

static void check_holders(struct audit *audit, fm_paddr frame, const struct fm_slot_view *view)
{
  uint64_t held = audit->holders(frame, audit->holders_data);
  uint64_t expected = held + boot_references(audit, frame) + table_references(audit, frame);

  if (view->state == FM_STATE_UNUSED && expected != 0)
    found(audit, frame, "count.holders",
          held != 0 ? "a handle is alive but the frame is unused"
                    : "the boot took this frame for ever, but it is unused",
          view->ref_count, expected);
  else if (view->state == FM_STATE_SHARED && view->ref_count != expected)
    found(audit, frame, "count.holders",
          view->ref_count > expected ? "more references than holders: one was lost"
                                     : "fewer references than holders",
          view->ref_count, expected);
  else if (view->state == FM_STATE_UNIQUE && expected != 1)
    found(audit, frame, "count.holders", "a unique frame has exactly one holder", view->ref_count,
          expected);
}

/* The first frame of a free chunk: in use by the allocator, and free all the same. */
static bool is_free_head(const struct audit *audit, const struct fm_slot_view *view)
{
  return audit->machine->kernel->allocator == FM_ALLOCATOR_BUDDY &&
         view->state == FM_STATE_UNIQUE && view->in_list != 0 && view->vtable != NULL &&
         view->vtable->number == FM_META_FREE_HEAD;
}

static void check_frame(struct audit *audit, fm_paddr frame)
{
  const struct fm_kernel *kernel = audit->machine->kernel;
  const struct fm_slot *slot = fm_slot_at(frame);
  enum fm_slot_fault fault = fm_slot_check(kernel, slot);
  struct fm_slot_view view;

  fm_slot_view(kernel, slot, &view);
  if (fault != FM_SLOT_GOOD) {
    found(audit, frame, fm_slot_fault_name(fault), fm_slot_fault_text(fault), view.ref_count, 0);
    return;
  }
  if (is_free_head(audit, &view))
    return;
  if (view.state != FM_STATE_UNUSED && audit->machine->ops->is_free(kernel, frame))
    found(audit, frame, "free.in_use", "the allocator holds a frame as free that is in use",
          view.ref_count, 0);
  if (audit->holders != NULL)
    check_holders(audit, frame, &view);
}

/* How many slots from this one on are deferred.  They are as the boot left them: no handle can
 * be on one of them, as it would be written then. */
static uint64_t count_deferred(const struct audit *audit, fm_paddr frame)
{
  const struct fm_kernel *kernel = audit->machine->kernel;
  if (kernel->chunks == 0)
    return 0;
  struct fm_chunk_run run = fm_chunk_look(kernel, frame);
  return run.state == FM_CHUNK_WRITTEN ? 0 : run.frames;
}

uint64_t sim_audit(const sim_machine *machine, sim_audit_holders holders, void *holders_data,
                   void (*report)(const struct sim_audit_fault *fault, void *data), void *data)
{
  struct audit audit = {.machine = machine,
                        .holders = holders,
                        .holders_data = holders_data,
                        .report = report,
                        .data = data};
  g_autoptr(GArray) tables = find_tables(machine);
  audit.tables = tables;
  for (uint64_t i = 0; i < machine->kernel->nr_frames; i++) {
    fm_paddr frame = fm_paddr_of(i * FM_PAGE_SIZE);
    uint64_t deferred = count_deferred(&audit, frame);
    if (deferred == 0)
      check_frame(&audit, frame);
    else
      i += deferred - 1;
  }
  return audit.faults;
}
