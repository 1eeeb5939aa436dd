/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Checks of one slot against what must always hold at a quiet moment (no operation under
 * way on any CPU).  Pure reads; the caller decides which slots and what to do with it.
 */
#ifndef FM_CHECK_H
#define FM_CHECK_H

#include <fm/kernel.h>
#include <fm/slot.h>

enum fm_slot_fault {
  FM_SLOT_GOOD,
  FM_SLOT_BUSY_AT_REST,   /* count 0 although no operation is under way */
  FM_SLOT_ILLEGAL_COUNT,  /* between the largest count and unique */
  FM_SLOT_BAD_VTABLE,     /* in use, but vtable_ptr is no record of this kernel */
  FM_SLOT_UNUSED_IN_LIST, /* unused, but in_list is set */
  FM_SLOT_SHARED_IN_LIST, /* shared, but in_list is set */
  FM_SLOT_FAULTS,
};

/* A copy of the words of a slot that checks and output look at. */
struct fm_slot_view {
  uint64_t ref_count;
  uint64_t vtable_ptr;
  uint64_t in_list;
  enum fm_count_state state;
  const struct fm_vtable *vtable; /* NULL: not in use, or not a record of this kernel */
};

#ifdef __cplusplus
extern "C" {
#endif

/* The record that a stored vtable address names, or NULL if it names none. */
const struct fm_vtable *fm_kernel_vtable_of(const struct fm_kernel *kernel, fm_kaddr vtable_ptr);

void fm_slot_view(const struct fm_kernel *kernel, const struct fm_slot *slot,
                  struct fm_slot_view *ret);

/* The first fault of a slot, most telling first. */
enum fm_slot_fault fm_slot_check(const struct fm_kernel *kernel, const struct fm_slot *slot);

#ifdef __cplusplus
}
#endif

#endif
