/* SPDX-License-Identifier: MPL-2.0 */
/* Faults that the system resolves, fork, and accesses as a process makes them. */
#include <string.h>

#include "sim/os.h"

/* ---- Faults ---- */

static void tell_resolved(const sim_os *os, const struct sim_fault *fault, const char *how)
{
  if (os->events.resolved != NULL)
    os->events.resolved(fault, how, os->events.data);
}

static enum sim_os_answer demand_zero(sim_os *os, struct fm_pt_cursor *cursor, uint32_t flags)
{
  const struct fm_ops *ops = sim_os_ops(os);
  struct fm_frame frame = {NULL};
  if (ops->frame_alloc(sim_os_kernel(os), &(struct fm_alloc_options){0}, &frame) != FM_ALLOC_OK)
    return SIM_OS_NO_MEMORY;
  sim_os_touch(os, fm_slot_paddr(frame.slot), true);
  fm_paddr paddr = ops->frame_into_raw(frame);
  if (ops->pt_map(cursor, paddr, 1, fm_page_prop_of(flags | FM_PAGE_USER), true, NULL) == FM_PT_OK)
    return SIM_OS_OK;
  ops->frame_drop(sim_os_kernel(os), ops->frame_from_raw(paddr));
  return SIM_OS_NO_MEMORY;
}

/* A frame with the same bytes. */
static enum sim_os_answer copy_frame(sim_os *os, fm_paddr from, struct fm_frame *ret)
{
  const struct fm_ops *ops = sim_os_ops(os);
  const struct fm_alloc_options options = {.dirty = true}; /* every byte will be written */
  if (ops->frame_alloc(sim_os_kernel(os), &options, ret) != FM_ALLOC_OK)
    return SIM_OS_NO_MEMORY;
  sim_os_touch(os, fm_slot_paddr(ret->slot), true);
  struct fm_reader reader = fm_reader_of(from, FM_PAGE_SIZE);
  struct fm_writer writer = fm_writer_of(fm_slot_paddr(ret->slot), FM_PAGE_SIZE);
  (void)ops->io_copy(&reader, &writer);
  return SIM_OS_OK;
}

/* The page is there, and may be written but for its being shared since a fork.  *ret_old is
 * what the caller drops when it has flushed. */
static enum sim_os_answer copy_on_write(sim_os *os, struct fm_pt_cursor *cursor,
                                        const struct fm_pt_item *item, struct fm_pt_item *ret_old)
{
  const struct fm_ops *ops = sim_os_ops(os);
  uint64_t va = cursor->va;
  struct fm_pt_item changed;
  struct fm_frame copy = {NULL};

  /* One reference: ours.  Nobody else can get one but by the frame's address. */
  if (ops->frame_count(fm_frame_of_slot(fm_slot_at(item->paddr))) == 1) {
    (void)ops->pt_protect(cursor, va + FM_PAGE_SIZE, 0, FM_PAGE_WRITE, &changed);
    return SIM_OS_OK;
  }
  if (copy_frame(os, item->paddr, &copy) != SIM_OS_OK)
    return SIM_OS_NO_MEMORY;
  struct fm_page_prop prop = item->prop;
  prop.flags |= FM_PAGE_WRITE;
  (void)ops->pt_map(cursor, ops->frame_into_raw(copy), 1, prop, true, ret_old);
  return SIM_OS_OK;
}

/* What a page must allow for the access that faulted: without read it is not even present. */
static uint32_t needs(const struct sim_fault *fault)
{
  uint32_t flags = FM_PAGE_READ;
  if ((fault->code & SIM_FAULT_WRITE) != 0)
    flags |= FM_PAGE_WRITE;
  if ((fault->code & SIM_FAULT_FETCH) != 0)
    flags |= FM_PAGE_EXEC;
  return flags;
}

/* Makes the access possible, or says why it is not. */
static enum sim_os_answer resolve(sim_os *os, struct sim_process *process,
                                  const struct sim_fault *fault)
{
  const struct fm_ops *ops = sim_os_ops(os);
  struct fm_kernel *kernel = sim_os_kernel(os);
  uint64_t page = fm_page_down(fault->va);
  const struct sim_area *found = sim_area_at(process, page);
  uint32_t needed = needs(fault);
  if (fault->kind != SIM_FAULT_PAGE || found == NULL || (needed & ~found->flags) != 0)
    return SIM_OS_FAULT;
  struct sim_area area = *found; /* other threads may change the areas while we wait */

  struct fm_pt_cursor cursor;
  struct fm_pt_item item;
  struct fm_pt_item old = {.kind = FM_PT_NOTHING};
  enum sim_os_answer answer = SIM_OS_FAULT;
  const char *how = "the tables allow it by now";
  if (ops->pt_lock(kernel, process->space, page, page + FM_PAGE_SIZE, &cursor) != FM_PT_OK)
    return SIM_OS_FAULT;
  os->flushing++;
  ops->pt_query(&cursor, &item);
  uint32_t missing = needed & ~item.prop.flags;
  if (item.kind == FM_PT_NOTHING) {
    how = "demand-zero page";
    answer = demand_zero(os, &cursor, area.flags);
  } else if (missing == FM_PAGE_WRITE && !area.shared) {
    sim_os_touch_item(os, &item);
    answer = copy_on_write(os, &cursor, &item, &old);
    how = old.kind == FM_PT_NOTHING ? "the last owner may write again" : "copy on write";
  } else if (missing == 0) {
    answer = SIM_OS_OK;
  }
  ops->pt_unlock(&cursor);
  if (answer == SIM_OS_OK)
    tell_resolved(os, fault, how);
  if (old.kind != FM_PT_NOTHING)
    sim_os_flush(os, page, page + FM_PAGE_SIZE);
  os->flushing--;
  if (old.kind != FM_PT_NOTHING)
    ops->pt_drop_taken(kernel, &old);
  return answer;
}

/* ---- Accesses ---- */

/* What the tables say of an access that the TLB allowed; NULL: the same. */
static const char *contradict(sim_os *os, uint32_t cpu, struct sim_request request, fm_paddr paddr)
{
  struct sim_translation walk;
  struct sim_fault fault;
  uint64_t root = fm_kernel_cpu(sim_os_kernel(os), cpu)->cr3;
  request.quiet = true;
  if (root == 0)
    return "no page table is active any more";
  if (!sim_mmu_walk(os->machine, fm_paddr_of(root), request, &walk, &fault))
    return fault.text;
  return walk.paddr.raw == paddr.raw ? NULL : "another frame is mapped there now";
}

static void check_stale(sim_os *os, uint32_t cpu, struct sim_request request,
                        const struct sim_tlb_entry *hit, fm_paddr paddr)
{
  const char *text = os->flushing == 0 ? contradict(os, cpu, request, paddr) : NULL;
  if (text == NULL || os->events.stale == NULL)
    return;
  const struct sim_stale stale = {.cpu = cpu,
                                  .va = request.va,
                                  .access = request.access,
                                  .entry = hit,
                                  .frame = fm_paddr_of(fm_page_down(paddr.raw)),
                                  .text = text};
  os->events.stale(&stale, os->events.data);
}

/* A write may fault twice: the page is not there, then it is shared. */
#define FAULTS_MAX 4u

/* Finds the byte, and makes its page accessible where that takes a fault. */
static enum sim_os_answer reach(sim_os *os, struct sim_process *process, struct sim_request request,
                                fm_paddr *ret, const struct sim_tlb_entry **ret_hit,
                                struct sim_fault *ret_fault)
{
  for (uint32_t i = 0; i < FAULTS_MAX; i++) {
    if (sim_mmu_translate(os->mmu, fm_port_this_cpu.id, request, os->tag, ret, ret_hit, ret_fault))
      return SIM_OS_OK;
    enum sim_os_answer answer = resolve(os, process, ret_fault);
    if (answer != SIM_OS_OK)
      return answer;
  }
  return SIM_OS_FAULT;
}

static enum sim_os_answer access_page(sim_os *os, struct sim_process *process,
                                      struct sim_request request, void *bytes, uint32_t size,
                                      struct sim_fault *ret_fault)
{
  const struct sim_tlb_entry *hit;
  fm_paddr paddr;
  enum sim_os_answer answer = reach(os, process, request, &paddr, &hit, ret_fault);
  if (answer != SIM_OS_OK)
    return answer;
  if (hit != NULL)
    check_stale(os, fm_port_this_cpu.id, request, hit, paddr);
  void *where = fm_linear(paddr, size);
  if (request.access == SIM_ACCESS_WRITE)
    memcpy(where, bytes, size);
  else
    memcpy(bytes, where, size);
  return SIM_OS_OK;
}

enum sim_os_answer sim_process_access(sim_os *os, struct sim_process *process, uint64_t va,
                                      enum sim_access access, void *bytes, uint32_t size,
                                      struct sim_fault *ret_fault)
{
  struct sim_request first = {.va = va, .access = access, .user = true};
  struct sim_request second = first;
  uint32_t room = (uint32_t)(FM_PAGE_SIZE - (va & FM_PAGE_MASK));
  sim_process_activate(os, process);
  if (size <= room)
    return access_page(os, process, first, bytes, size, ret_fault);

  /* Over a page border: both pages can be reached before the first byte is moved. */
  const struct sim_tlb_entry *hit;
  fm_paddr paddr;
  second.va = va + room;
  enum sim_os_answer answer = reach(os, process, first, &paddr, &hit, ret_fault);
  if (answer == SIM_OS_OK)
    answer = reach(os, process, second, &paddr, &hit, ret_fault);
  if (answer == SIM_OS_OK)
    answer = access_page(os, process, first, bytes, room, ret_fault);
  if (answer == SIM_OS_OK)
    answer = access_page(os, process, second, (uint8_t *)bytes + room, size - room, ret_fault);
  return answer;
}

/* ---- Fork ---- */

/* Gives the child what the parent has in one area. */
static enum fm_pt_error share_area(sim_os *os, struct sim_process *parent,
                                   struct sim_process *child, const struct sim_area *area)
{
  const struct fm_ops *ops = sim_os_ops(os);
  struct fm_kernel *kernel = sim_os_kernel(os);
  struct fm_pt_cursor from;
  struct fm_pt_cursor to;
  uint32_t clear = area->shared ? 0 : FM_PAGE_WRITE;
  enum fm_pt_error error = ops->pt_lock(kernel, parent->space, area->start, area->end, &from);
  if (error != FM_PT_OK)
    return error;
  error = ops->pt_lock(kernel, child->space, area->start, area->end, &to);
  if (error != FM_PT_OK) {
    ops->pt_unlock(&from);
    return error;
  }
  while (error == FM_PT_OK && from.va < area->end) {
    struct fm_pt_item item;
    error = ops->pt_protect(&from, area->end, clear, 0, &item);
    if (error != FM_PT_OK || item.kind != FM_PT_TRACKED)
      continue;
    sim_os_touch_item(os, &item);
    struct fm_frame frame = ops->frame_clone(fm_frame_of_slot(fm_slot_at(item.paddr)));
    ops->pt_move(&to, item.va);
    fm_paddr paddr = ops->frame_into_raw(frame);
    error = ops->pt_map(&to, paddr, 1, item.prop, true, NULL);
    if (error != FM_PT_OK)
      ops->frame_drop(kernel, ops->frame_from_raw(paddr));
  }
  ops->pt_unlock(&to);
  ops->pt_unlock(&from);
  return error;
}

enum sim_os_answer sim_process_fork(sim_os *os, struct sim_process *parent, const char *name,
                                    bool flush, struct sim_process **ret)
{
  struct sim_process *child;
  enum fm_pt_error error = FM_PT_OK;
  if (sim_process_new(os, name, &child) != SIM_OS_OK)
    return SIM_OS_NO_MEMORY;
  for (guint i = 0; i < parent->areas->len && error == FM_PT_OK; i++) {
    struct sim_area area = g_array_index(parent->areas, struct sim_area, i);
    sim_area_add(child, area);
    os->flushing += flush;
    error = share_area(os, parent, child, &area);
    if (flush)
      sim_os_flush(os, area.start, area.end);
    os->flushing -= flush;
  }
  if (error != FM_PT_OK) {
    sim_process_exit(os, child);
    return SIM_OS_NO_MEMORY;
  }
  *ret = child;
  return SIM_OS_OK;
}
