/* SPDX-License-Identifier: MPL-2.0 */
/* What a run hears of the small operating system: frames, faults, stale translations. */
#include <inttypes.h>

#include "sim/pagemap.h"
#include "sim/script/interp.h"

static void on_touch(fm_paddr frame, bool fresh, void *data)
{
  if (fresh)
    sim_run_touch_new(data, frame);
  else
    sim_run_touch(data, frame);
}

static void on_resolved(const struct sim_fault *fault, const char *how, void *data)
{
  sim_run *run = data;
  static const char *const accesses[] = {"read", "write", "fetch"};
  int access = (fault->code & SIM_FAULT_FETCH) != 0 ? 2 : (fault->code & SIM_FAULT_WRITE) != 0;
  sim_run_text(run, SIM_TEXT_OUTPUT, "      page fault at 0x%" PRIx64 ", code 0x%x (%s): %s",
               fault->va, fault->code, accesses[access], how);
}

/* ---- Stale translations ---- */

struct owners {
  const sim_run *run;
  fm_paddr frame;
  const struct sim_process *process;
  GString *text;
};

static const char *comma(const struct owners *owners)
{
  return owners->text->len != 0 ? ", " : "";
}

static void visit_entry(const struct sim_pagemap_entry *entry, void *data)
{
  struct owners *owners = data;
  fm_paddr paddr = fm_pte_paddr(entry->pte);
  uint64_t offset = owners->frame.raw - paddr.raw;
  if (entry->is_table && offset == 0)
    g_string_append_printf(owners->text, "%sprocess %s as a page table of level %u", comma(owners),
                           owners->process->name, entry->level - 1);
  if (!entry->is_table && offset < fm_pt_page_size(entry->level))
    g_string_append_printf(owners->text, "%sprocess %s at 0x%" PRIx64, comma(owners),
                           owners->process->name, entry->va + offset);
}

/* Who has the frame now: "process q at 0x2000, handle f of step 9", "nobody: it is free". */
static char *describe_owners(sim_run *run, fm_paddr frame)
{
  struct owners owners = {.run = run, .frame = frame, .text = g_string_new(NULL)};
  const GPtrArray *processes = sim_os_processes(run->os);
  for (guint i = 0; i < processes->len; i++) {
    owners.process = processes->pdata[i];
    fm_paddr root = fm_slot_paddr(owners.process->space.root.slot);
    if (root.raw == frame.raw)
      g_string_append_printf(owners.text, "%sprocess %s as its page table's root", comma(&owners),
                             owners.process->name);
    sim_pagemap_each(run->machine, root, visit_entry, &owners);
  }
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  for (guint i = 0; i < handles->len; i++) {
    const struct sim_handle *handle = handles->pdata[i];
    if (handle->kind != SIM_HANDLE_PROCESS && sim_handle_holds(handle, frame) != 0)
      g_string_append_printf(owners.text, "%shandle %s of step %" PRIu64, comma(&owners),
                             handle->name, handle->step);
  }
  if (owners.text->len == 0)
    g_string_append(owners.text, sim_machine_ops(run->machine)->is_free(run->kernel, frame)
                                     ? "nobody: it is free"
                                     : "the kernel");
  return g_string_free(owners.text, FALSE);
}

static void on_stale(const struct sim_stale *stale, void *data)
{
  static const char *const accesses[] = {"read", "wrote", "fetched from"};
  sim_run *run = data;
  const struct sim_process *filler = sim_os_find_root(run->os, stale->entry->root);
  g_autofree char *owners = describe_owners(run, stale->frame);
  sim_run_finding(run, run->cpu->command->place, "VIOLATED", &stale->frame,
                  "stale translation: CPU %u %s 0x%" PRIx64
                  " through a TLB entry that %s filled in step %" PRIu64
                  ", but %s; frame 0x%" PRIx64 " belongs to %s",
                  stale->cpu, accesses[stale->access], stale->va,
                  filler != NULL ? filler->name : "a process that is gone", stale->entry->tag,
                  stale->text, stale->frame.raw, owners);
}

sim_os *sim_run_os(sim_run *run)
{
  const struct sim_os_events events = {
      .touch = on_touch, .stale = on_stale, .resolved = on_resolved, .data = run};
  if (run->os == NULL)
    run->os = sim_os_new(run->machine, &events);
  return run->os;
}
