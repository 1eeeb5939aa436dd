/* SPDX-License-Identifier: MPL-2.0 */
/* The areas of a process: sorted, and apart from each other. */
#include "sim/os.h"

static struct sim_area *area_at_index(const struct sim_process *process, guint index)
{
  return &g_array_index(process->areas, struct sim_area, index);
}

bool sim_area_is_good(uint64_t start, uint64_t size)
{
  uint64_t end;
  return size != 0 && fm_is_page_aligned(start) && fm_is_page_aligned(size) &&
         !__builtin_add_overflow(start, size, &end) && end <= FM_USER_END;
}

const struct sim_area *sim_area_at(const struct sim_process *process, uint64_t va)
{
  for (guint i = 0; i < process->areas->len; i++) {
    const struct sim_area *area = area_at_index(process, i);
    if (va >= area->start && va < area->end)
      return area;
  }
  return NULL;
}

bool sim_area_covers(const struct sim_process *process, uint64_t start, uint64_t end)
{
  while (start < end) {
    const struct sim_area *area = sim_area_at(process, start);
    if (area == NULL)
      return false;
    start = area->end;
  }
  return true;
}

bool sim_area_overlaps(const struct sim_process *process, uint64_t start, uint64_t end)
{
  for (guint i = 0; i < process->areas->len; i++) {
    const struct sim_area *area = area_at_index(process, i);
    if (area->start < end && start < area->end)
      return true;
  }
  return false;
}

void sim_area_add(struct sim_process *process, struct sim_area area)
{
  guint index = 0;
  while (index < process->areas->len && area_at_index(process, index)->start < area.start)
    index++;
  g_array_insert_val(process->areas, index, area);
}

void sim_area_remove(struct sim_process *process, uint64_t start, uint64_t end)
{
  g_autoptr(GArray) old = g_steal_pointer(&process->areas);
  process->areas = g_array_new(FALSE, FALSE, sizeof(struct sim_area));
  for (guint i = 0; i < old->len; i++) {
    struct sim_area before = g_array_index(old, struct sim_area, i);
    struct sim_area behind = before;
    before.end = MIN(before.end, start);
    behind.start = MAX(behind.start, end);
    if (before.start < before.end)
      g_array_append_val(process->areas, before);
    if (behind.start < behind.end)
      g_array_append_val(process->areas, behind);
  }
}

void sim_area_protect(struct sim_process *process, uint64_t start, uint64_t end, uint32_t flags)
{
  g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(struct sim_area));
  for (guint i = 0; i < process->areas->len; i++) {
    struct sim_area part = *area_at_index(process, i);
    part.start = MAX(part.start, start);
    part.end = MIN(part.end, end);
    part.flags = flags;
    if (part.start < part.end)
      g_array_append_val(parts, part);
  }
  sim_area_remove(process, start, end);
  for (guint i = 0; i < parts->len; i++)
    sim_area_add(process, g_array_index(parts, struct sim_area, i));
}
