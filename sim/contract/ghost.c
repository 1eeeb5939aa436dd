/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/contract/ghost.h"

#include <string.h>
#include <sys/mman.h>

static uint64_t size_of(uint64_t frames)
{
  return frames * sizeof(struct sim_ghost_slot);
}

bool sim_ghost_init(struct sim_ghost *ghost, uint64_t frames)
{
  void *slots = mmap(NULL, size_of(frames), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (slots == MAP_FAILED)
    return false;
  *ghost = (struct sim_ghost){.slots = slots, .frames = frames};
  return true;
}

void sim_ghost_clear(struct sim_ghost *ghost)
{
  if (ghost->slots != NULL)
    (void)munmap(ghost->slots, size_of(ghost->frames));
  *ghost = (struct sim_ghost){0};
}

enum sim_usage sim_usage_of_type(uint32_t number)
{
  switch (number) {
  case FM_META_PAGE_TABLE:
    return SIM_USAGE_PAGE_TABLE;
  case FM_META_META_PAGE:
    return SIM_USAGE_META;
  case FM_META_KERNEL:
    return SIM_USAGE_KERNEL;
  case FM_META_RESERVED:
  case FM_META_UNUSABLE:
    return SIM_USAGE_RESERVED;
  default:
    return SIM_USAGE_FRAME;
  }
}

const char *sim_usage_name(enum sim_usage usage)
{
  static const char *const names[] = {"unused", "frame",  "page table",
                                      "meta",   "kernel", "reserved"};
  return names[usage];
}

static bool is_in_use(uint64_t count)
{
  enum fm_count_state state = fm_count_state(count);
  return state == FM_STATE_SHARED || state == FM_STATE_UNIQUE;
}

static void adopt(const struct fm_kernel *kernel, fm_paddr frame, struct sim_ghost_slot *ret)
{
  struct fm_slot_view view;
  fm_slot_view(kernel, fm_slot_at(frame), &view);
  *ret = (struct sim_ghost_slot){.count = ret->count,
                                 .counted = ret->counted,
                                 .known = true,
                                 .initialised = view.vtable != NULL};
  if (view.state == FM_STATE_SHARED)
    ret->foreign = (uint32_t)MIN(view.ref_count, UINT32_MAX);
  else if (view.state == FM_STATE_UNIQUE)
    ret->foreign = 1;
  if (view.vtable != NULL)
    ret->usage = (uint8_t)sim_usage_of_type(view.vtable->number);
}

struct sim_ghost_slot *sim_ghost_at(struct sim_ghost *ghost, const struct fm_kernel *kernel,
                                    fm_paddr frame)
{
  struct sim_ghost_slot *slot = &ghost->slots[fm_pfn_of_paddr(frame).nr];
  /* Also a frame of nobody that is in use by now: the kernel took it for itself. */
  if (!slot->known || (sim_ghost_holders(slot) == 0 && is_in_use(fm_slot_at(frame)->ref_count)))
    adopt(kernel, frame, slot);
  return slot;
}

void sim_ghost_hold(struct sim_ghost *ghost, struct sim_ghost_slot *slot)
{
  slot->held++;
  ghost->ledger++;
}

void sim_ghost_release(struct sim_ghost *ghost, struct sim_ghost_slot *slot)
{
  if (slot->held != 0) {
    slot->held--;
    ghost->ledger--;
  } else if (slot->foreign != 0) {
    slot->foreign--;
  } else if (slot->mapped != 0) {
    slot->mapped--;
  }
  if (sim_ghost_holders(slot) == 0)
    slot->initialised = false;
}

void sim_ghost_fresh(struct sim_ghost *ghost, struct sim_ghost_slot *slot, enum sim_usage usage)
{
  ghost->ledger -= slot->held;
  *slot = (struct sim_ghost_slot){.count = slot->count,
                                  .counted = slot->counted,
                                  .usage = (uint8_t)usage,
                                  .known = true,
                                  .initialised = true};
  sim_ghost_hold(ghost, slot);
}
