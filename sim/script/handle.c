/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/handle.h"

#include "sim/internal.h"
#include "sim/pagemap.h"

void sim_handle_free(gpointer data)
{
  struct sim_handle *handle = data;
  if (handle == NULL)
    return;
  g_free(handle->name);
  g_free(handle);
}

struct sim_handle sim_handle_of_frame(enum sim_handle_kind kind, fm_paddr frame, uint32_t type)
{
  return (struct sim_handle){.kind = kind, .frame = frame, .size = FM_PAGE_SIZE, .type = type};
}

struct sim_handle sim_handle_of_range(enum sim_handle_kind kind, struct fm_range range,
                                      uint32_t type)
{
  return (struct sim_handle){
      .kind = kind, .frame = range.start, .size = fm_range_size(range), .type = type};
}

const char *sim_handle_kind_text(enum sim_handle_kind kind)
{
  static const char *const texts[SIM_HANDLE_KINDS] = {
      [SIM_HANDLE_FRAME] = "a shared frame",
      [SIM_HANDLE_UNIQUE] = "a unique frame",
      [SIM_HANDLE_RAW] = "a forgotten frame (into_raw)",
      [SIM_HANDLE_RAW_UNIQUE] = "a forgotten unique frame (into_raw)",
      [SIM_HANDLE_SEGMENT] = "a segment",
      [SIM_HANDLE_RAW_SEGMENT] = "a forgotten segment (into_raw)",
      [SIM_HANDLE_LIST] = "a list",
      [SIM_HANDLE_CURSOR] = "a cursor",
      [SIM_HANDLE_REF] = "a borrowed frame",
      [SIM_HANDLE_READER] = "a reader",
      [SIM_HANDLE_WRITER] = "a writer",
      [SIM_HANDLE_PROCESS] = "a process",
  };
  return texts[kind];
}

/* ---- What it owns ---- */

struct sim_list_walk sim_list_walk_begin(const struct fm_list *list)
{
  return (struct sim_list_walk){.next = list->front, .left = list->size};
}

static bool is_slot(uint64_t kaddr)
{
  uint64_t offset = kaddr - FM_META_BASE;
  return offset % FM_SLOT_SIZE == 0 && offset / FM_SLOT_SIZE < sim_machine_here->kernel->nr_frames;
}

bool sim_list_walk_next(struct sim_list_walk *walk, fm_paddr *ret)
{
  if (walk->next == 0 || walk->left == 0)
    return false;
  if (!is_slot(walk->next)) {
    walk->lost = walk->next;
    walk->next = 0;
    return false;
  }
  *ret = fm_meta_to_frame(fm_kaddr_of(walk->next));
  const struct fm_link_meta *link =
      (const struct fm_link_meta *)(const void *)fm_slot_at(*ret)->storage;
  walk->next = link->next;
  walk->left--;
  return true;
}

void sim_handle_each_frame(const struct sim_handle *handle,
                           void (*each)(fm_paddr frame, void *data), void *data)
{
  fm_paddr frame;
  struct fm_range range = sim_handle_range(handle);
  struct sim_list_walk walk = sim_list_walk_begin(sim_handle_look_list(handle));
  while (sim_list_walk_next(&walk, &frame))
    each(frame, data);
  if (handle->kind == SIM_HANDLE_PROCESS) {
    fm_paddr root = fm_slot_paddr(handle->process->space.root.slot);
    each(root, data);
    sim_pagemap_each_frame(sim_machine_here, root, each, data);
  }
  for (frame = range.start; frame.raw < range.end.raw; frame.raw += FM_PAGE_SIZE)
    each(frame, data);
}

struct search {
  fm_paddr wanted;
  uint64_t found;
};

static void look_at(fm_paddr frame, void *data)
{
  struct search *search = data;
  search->found += frame.raw == search->wanted.raw;
}

uint64_t sim_handle_holds(const struct sim_handle *handle, fm_paddr frame)
{
  if (handle->kind != SIM_HANDLE_LIST && handle->kind != SIM_HANDLE_PROCESS)
    return fm_range_has(sim_handle_range(handle), frame);
  struct search search = {.wanted = frame};
  sim_handle_each_frame(handle, look_at, &search);
  return search.found;
}

bool sim_handle_owns(const struct sim_handle *handle)
{
  return handle->size != 0 || sim_handle_look_list(handle)->size != 0 ||
         handle->kind == SIM_HANDLE_PROCESS;
}
