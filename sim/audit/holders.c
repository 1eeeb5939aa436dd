/* SPDX-License-Identifier: MPL-2.0 */
/* Who has a reference on a frame: the caller's handles, the boot, the kernel, the CPUs. */
#include "sim/audit/audit.h"
#include "sim/pagemap.h"

/* ---- Page tables that the machine refers to ---- */

static void add_table(const struct sim_pagemap_entry *entry, void *data)
{
  uint64_t paddr = fm_pte_paddr(entry->pte).raw;
  if (entry->is_table)
    g_array_append_val((GArray *)data, paddr);
}

/* The kernel has its root, an entry the table that it leads to, a CPU what is in CR3; but
 * nobody counts the boot page table. */
void audit_find_tables(struct audit *audit)
{
  const struct fm_kernel *kernel = audit->kernel;
  uint64_t root = kernel->kernel_root;
  if (root != 0) {
    g_array_append_val(audit->tables, root);
    sim_pagemap_each_kernel(audit->machine, fm_paddr_of(root), add_table, audit->tables);
  }
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    uint64_t cr3 = fm_kernel_cpu(kernel, id)->cr3;
    if (cr3 != kernel->boot_root)
      g_array_append_val(audit->tables, cr3);
  }
  g_array_sort(audit->tables, audit_by_number);
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

uint64_t audit_boot_references(const struct fm_kernel *kernel, fm_paddr frame, uint32_t *region)
{
  const struct fm_bitmap *bitmap = &kernel->bitmap;

  while (frame.raw >= fm_region_end(&kernel->regions.at[*region]))
    (*region)++;
  if (kernel->regions.at[*region].type != FM_REGION_USABLE)
    return 1;
  if (fm_range_has(fm_early_allocated(&kernel->early.low), frame) ||
      fm_range_has(fm_early_allocated(&kernel->early.high), frame)) {
    /* The tables among them were given back when the boot page table was taken down. */
    if (kernel->stage < FM_STAGE_DONE || fm_boot_keeps(kernel, frame))
      return 1;
  }
  return frame.raw >= bitmap->own_start && frame.raw - bitmap->own_start < bitmap->own_size;
}

bool audit_check_holders(struct audit *audit, fm_paddr frame, const struct fm_slot_view *view,
                         struct sim_audit_fault *ret)
{
  const struct sim_audit_options *options = audit->options;
  uint64_t held = options->holders(frame, options->holders_data);
  uint64_t expected = held + audit_boot_references(audit->kernel, frame, &audit->region) +
                      table_references(audit, frame);
  const char *text = NULL;

  if (view->state == FM_STATE_UNUSED && expected != 0)
    text = held != 0 ? "a handle is alive but the frame is unused"
                     : "the boot took this frame for ever, but it is unused";
  else if (view->state == FM_STATE_SHARED && view->ref_count != expected)
    text = view->ref_count > expected ? "more references than holders: one was lost"
                                      : "fewer references than holders";
  else if (view->state == FM_STATE_UNIQUE && expected != 1)
    text = "a unique frame has exactly one holder";
  if (text == NULL)
    return false;
  *ret = audit_slot_fault(frame, view, SIM_AUDIT_COUNT_HOLDERS, view->ref_count);
  ret->text = text;
  ret->expected = expected;
  return true;
}
