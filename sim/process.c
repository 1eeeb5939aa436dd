/* SPDX-License-Identifier: MPL-2.0 */
/* Processes: their life, and the areas that are mapped. */
#include "sim/os.h"
#include "sim/pagemap.h"

const char *sim_os_answer_name(enum sim_os_answer answer)
{
  static const char *const names[] = {
      [SIM_OS_OK] = "Ok",         [SIM_OS_NO_MEMORY] = "NoMemory",
      [SIM_OS_MAPPED] = "Mapped", [SIM_OS_INVALID_ARGS] = "InvalidArgs",
      [SIM_OS_FAULT] = "Fault",   [SIM_OS_NOT_MAPPED] = "NotMapped",
  };
  return names[answer];
}

/* ---- The system ---- */

static void process_free(gpointer data)
{
  struct sim_process *process = data;
  g_free(process->name);
  g_array_unref(process->areas);
  g_free(process);
}

sim_os *sim_os_new(sim_machine *machine, const struct sim_os_events *events)
{
  sim_os *os = g_new0(sim_os, 1);
  os->machine = machine;
  os->mmu = sim_mmu_new(machine);
  os->events = *events;
  os->processes = g_ptr_array_new_with_free_func(process_free);
  return os;
}

sim_os *sim_os_free(sim_os *os)
{
  if (os == NULL)
    return NULL;
  g_ptr_array_unref(os->processes);
  sim_mmu_free(os->mmu);
  g_free(os);
  return NULL;
}

sim_mmu *sim_os_mmu(sim_os *os)
{
  return os->mmu;
}

void sim_os_set_tag(sim_os *os, uint64_t tag)
{
  os->tag = tag;
}

const GPtrArray *sim_os_processes(const sim_os *os)
{
  return os->processes;
}

const struct sim_process *sim_os_find_root(const sim_os *os, uint64_t root)
{
  for (guint i = 0; i < os->processes->len; i++) {
    const struct sim_process *process = os->processes->pdata[i];
    if (fm_slot_paddr(process->space.root.slot).raw == root)
      return process;
  }
  return NULL;
}

void sim_os_touch(const sim_os *os, fm_paddr frame, bool fresh)
{
  if (os->events.touch != NULL)
    os->events.touch(frame, fresh, os->events.data);
}

void sim_os_touch_item(const sim_os *os, const struct fm_pt_item *item)
{
  if (item->kind != FM_PT_TRACKED)
    return;
  for (uint64_t done = 0; done < fm_pt_page_size(item->level); done += FM_PAGE_SIZE)
    sim_os_touch(os, fm_paddr_add(item->paddr, done), false);
}

void sim_os_flush(sim_os *os, uint64_t start, uint64_t end)
{
  for (uint32_t cpu = 0; cpu < sim_os_kernel(os)->cpus; cpu++)
    sim_mmu_flush(os->mmu, cpu, start, end);
}

/* ---- Life ---- */

static struct sim_process *add_process(sim_os *os, const char *name)
{
  struct sim_process *process = g_new0(struct sim_process, 1);
  process->name = g_strdup(name);
  process->areas = g_array_new(FALSE, FALSE, sizeof(struct sim_area));
  g_ptr_array_add(os->processes, process);
  return process;
}

enum sim_os_answer sim_process_new(sim_os *os, const char *name, struct sim_process **ret)
{
  struct fm_space space;
  if (sim_os_ops(os)->space_new(sim_os_kernel(os), &space) != FM_PT_OK)
    return SIM_OS_NO_MEMORY;
  struct sim_process *process = add_process(os, name);
  process->space = space;
  *ret = process;
  return SIM_OS_OK;
}

struct adoption {
  const struct fm_kernel *kernel;
  struct sim_process *process;
};

static void add_page(const struct sim_pagemap_entry *entry, void *data)
{
  const struct adoption *visit = data;
  struct sim_process *process = visit->process;
  uint64_t end = entry->va + fm_pt_page_size(entry->level);
  if (entry->is_table)
    return;
  struct fm_slot_view view;
  bool tracked = (entry->pte.raw & FM_PTE_SOFT_52) == 0;
  uint32_t all = FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_EXEC;
  uint32_t flags = fm_pte_prop(entry->pte).flags & all;
  fm_slot_view(visit->kernel, fm_slot_at(fm_pte_paddr(entry->pte)), &view);
  if (tracked && view.state == FM_STATE_SHARED && view.ref_count > 1)
    flags |= FM_PAGE_WRITE;
  struct sim_area *last = process->areas->len != 0 ? &g_array_index(process->areas, struct sim_area,
                                                                    process->areas->len - 1)
                                                   : NULL;
  if (last != NULL && last->end == entry->va && last->flags == flags)
    last->end = end;
  else
    g_array_append_val(process->areas, ((struct sim_area){entry->va, end, flags, false}));
}

struct sim_process *sim_process_adopt(sim_os *os, const char *name, fm_paddr root)
{
  struct sim_process *process = add_process(os, name);
  process->space.root = fm_frame_of_slot(fm_slot_at(root));
  struct adoption adoption = {sim_os_kernel(os), process};
  sim_pagemap_each(os->machine, root, add_page, &adoption);
  return process;
}

void sim_process_activate(sim_os *os, struct sim_process *process)
{
  uint32_t cpu = fm_port_this_cpu.id;
  uint64_t root = fm_slot_paddr(process->space.root.slot).raw;
  if (fm_kernel_cpu(sim_os_kernel(os), cpu)->cr3 == root)
    return;
  sim_os_ops(os)->space_activate(sim_os_kernel(os), process->space);
  sim_mmu_flush_all(os->mmu, cpu, false);
}

/* CPUs that run the process run none: each of them has to do that for itself. */
static void take_off_cpus(sim_os *os, const struct sim_process *process)
{
  uint32_t here = fm_port_this_cpu.id;
  uint64_t root = fm_slot_paddr(process->space.root.slot).raw;
  for (uint32_t cpu = 0; cpu < sim_os_kernel(os)->cpus; cpu++) {
    if (fm_kernel_cpu(sim_os_kernel(os), cpu)->cr3 != root)
      continue;
    sim_cpu_enter(os->machine, cpu);
    sim_os_ops(os)->space_deactivate(sim_os_kernel(os));
    sim_mmu_flush_all(os->mmu, cpu, false);
  }
  sim_cpu_enter(os->machine, here);
}

void sim_process_exec(sim_os *os, struct sim_process *process)
{
  (void)sim_os_empty(os, process, 0, FM_USER_END, true); /* whole tables: nothing to split */
  g_array_set_size(process->areas, 0);
}

void sim_process_exit(sim_os *os, struct sim_process *process)
{
  sim_process_exec(os, process);
  take_off_cpus(os, process);
  struct fm_space space = process->space;
  g_ptr_array_remove(os->processes, process);
  sim_os_ops(os)->space_drop(sim_os_kernel(os), space);
}

/* ---- Areas ---- */

static enum sim_os_answer answer_of(enum fm_pt_error error)
{
  switch (error) {
  case FM_PT_OK:
    return SIM_OS_OK;
  case FM_PT_NO_MEMORY:
    return SIM_OS_NO_MEMORY;
  case FM_PT_MAPPED:
    return SIM_OS_MAPPED;
  case FM_PT_INVALID_ARGS:
    break;
  }
  return SIM_OS_INVALID_ARGS;
}

#define BATCH 64u

/* Everything in a whole table is touched when the table goes. */
static void touch_table(const sim_os *os, fm_paddr node, uint32_t level)
{
  for (uint32_t i = 0; i < FM_PT_ENTRIES; i++) {
    fm_pte pte = {*(const uint64_t *)fm_linear(fm_paddr_add(node, i * sizeof(pte)), sizeof(pte))};
    if (fm_pte_is_table(pte, level))
      touch_table(os, fm_pte_paddr(pte), level - 1);
    else if (fm_pte_is_valid(pte) && (pte.raw & FM_PTE_SOFT_52) == 0)
      for (uint64_t done = 0; done < fm_pt_page_size(level); done += FM_PAGE_SIZE)
        sim_os_touch(os, fm_paddr_add(fm_pte_paddr(pte), done), false);
  }
}

enum sim_os_answer sim_os_empty(sim_os *os, struct sim_process *process, uint64_t start,
                                uint64_t end, bool flush)
{
  const struct fm_ops *ops = sim_os_ops(os);
  struct fm_kernel *kernel = sim_os_kernel(os);
  struct fm_pt_cursor cursor;
  enum fm_pt_error error = FM_PT_OK;
  while (start < end && error == FM_PT_OK) {
    struct fm_pt_item items[BATCH];
    uint32_t count = 0;
    os->flushing += flush;
    error = ops->pt_lock(kernel, process->space, start, end, &cursor);
    if (error != FM_PT_OK) {
      os->flushing -= flush;
      break;
    }
    while (count < BATCH && cursor.va < end && error == FM_PT_OK) {
      error = ops->pt_take(&cursor, end, &items[count]);
      count += error == FM_PT_OK && items[count].kind != FM_PT_NOTHING;
    }
    uint64_t reached = cursor.va;
    ops->pt_unlock(&cursor);
    if (flush)
      sim_os_flush(os, start, reached);
    os->flushing -= flush;
    for (uint32_t i = 0; i < count; i++) {
      sim_os_touch_item(os, &items[i]);
      if (items[i].kind == FM_PT_TABLE && os->events.touch != NULL)
        touch_table(os, items[i].paddr, items[i].level - 1);
      ops->pt_drop_taken(kernel, &items[i]);
    }
    start = reached;
  }
  return answer_of(error);
}

/* Maps the pages of a shared area; on failure those that were mapped go again. */
static enum sim_os_answer populate(sim_os *os, struct sim_process *process, uint64_t start,
                                   uint64_t size, uint32_t flags, const struct fm_range *frames)
{
  const struct fm_ops *ops = sim_os_ops(os);
  struct fm_kernel *kernel = sim_os_kernel(os);
  struct fm_pt_cursor cursor;
  enum fm_pt_error error = ops->pt_lock(kernel, process->space, start, start + size, &cursor);
  if (error != FM_PT_OK)
    return answer_of(error);
  enum sim_os_answer answer = SIM_OS_OK;
  uint64_t done = 0;
  for (; done < size; done += FM_PAGE_SIZE) {
    struct fm_frame frame = {NULL};
    if (frames != NULL) {
      fm_paddr shared = fm_paddr_add(frames->start, done);
      sim_os_touch(os, shared, false);
      frame = ops->frame_clone(fm_frame_of_slot(fm_slot_at(shared)));
    } else if (ops->frame_alloc(kernel, &(struct fm_alloc_options){0}, &frame) != FM_ALLOC_OK) {
      answer = SIM_OS_NO_MEMORY;
      break;
    } else {
      sim_os_touch(os, fm_slot_paddr(frame.slot), true);
    }
    fm_paddr paddr = ops->frame_into_raw(frame);
    answer = answer_of(
        ops->pt_map(&cursor, paddr, 1, fm_page_prop_of(flags | FM_PAGE_USER), true, NULL));
    if (answer != SIM_OS_OK) {
      ops->frame_drop(kernel, ops->frame_from_raw(paddr));
      break;
    }
  }
  ops->pt_unlock(&cursor);
  if (answer != SIM_OS_OK) /* what lies behind may be another thread's */
    (void)sim_os_empty(os, process, start, start + done, true);
  return answer;
}

enum sim_os_answer sim_process_map(sim_os *os, struct sim_process *process, uint64_t start,
                                   uint64_t size, uint32_t flags, bool shared)
{
  if (!sim_area_is_good(start, size))
    return SIM_OS_INVALID_ARGS;
  if (sim_area_overlaps(process, start, start + size))
    return SIM_OS_MAPPED;
  if (shared) {
    enum sim_os_answer answer = populate(os, process, start, size, flags, NULL);
    if (answer != SIM_OS_OK)
      return answer;
  }
  sim_area_add(process, (struct sim_area){start, start + size, flags, shared});
  return SIM_OS_OK;
}

enum sim_os_answer sim_process_map_frames(sim_os *os, struct sim_process *process, uint64_t start,
                                          struct fm_range frames, uint32_t flags)
{
  uint64_t size = fm_range_size(frames);
  if (!sim_area_is_good(start, size))
    return SIM_OS_INVALID_ARGS;
  if (sim_area_overlaps(process, start, start + size))
    return SIM_OS_MAPPED;
  enum sim_os_answer answer = populate(os, process, start, size, flags, &frames);
  if (answer == SIM_OS_OK)
    sim_area_add(process, (struct sim_area){start, start + size, flags, true});
  return answer;
}

enum sim_os_answer sim_process_unmap(sim_os *os, struct sim_process *process, uint64_t start,
                                     uint64_t size, bool flush)
{
  if (!sim_area_is_good(start, size))
    return SIM_OS_INVALID_ARGS;
  enum sim_os_answer answer = sim_os_empty(os, process, start, start + size, flush);
  if (answer == SIM_OS_OK)
    sim_area_remove(process, start, start + size);
  return answer;
}

enum sim_os_answer sim_process_protect(sim_os *os, struct sim_process *process, uint64_t start,
                                       uint64_t size, uint32_t flags, bool flush)
{
  const struct fm_ops *ops = sim_os_ops(os);
  uint64_t end = start + size;
  if (!sim_area_is_good(start, size))
    return SIM_OS_INVALID_ARGS;
  if (!sim_area_covers(process, start, end))
    return SIM_OS_NOT_MAPPED;
  struct fm_pt_cursor cursor;
  enum fm_pt_error error = ops->pt_lock(sim_os_kernel(os), process->space, start, end, &cursor);
  if (error != FM_PT_OK)
    return answer_of(error);
  os->flushing += flush;
  /* A private page that may be written later is made writable by the fault that copies. */
  uint32_t all = FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_EXEC;
  while (cursor.va < end && error == FM_PT_OK) {
    const struct sim_area *area = sim_area_at(process, cursor.va);
    uint32_t set = area->shared ? flags : flags & ~(uint32_t)FM_PAGE_WRITE;
    struct fm_pt_item item;
    error = ops->pt_protect(&cursor, MIN(end, area->end), all & ~set, set, &item);
  }
  ops->pt_unlock(&cursor);
  if (flush)
    sim_os_flush(os, start, end);
  os->flushing -= flush;
  if (error == FM_PT_OK)
    sim_area_protect(process, start, end, flags);
  return answer_of(error);
}
