/* SPDX-License-Identifier: MPL-2.0 */
/*
 * LinkedList: an intrusive list of unique frames, which it owns.
 *
 * The links stand at the start of each frame's metadata (struct fm_link_meta first), as
 * kernel addresses of slots; nothing is allocated.  A list has an id, drawn from a global
 * counter when it is first needed, and each frame in it carries that id in in_list: so
 * one relaxed read tells whether a frame is in this list.
 *
 *   invariants   front == 0 exactly if back == 0 exactly if size == 0
 *                next(a) == b exactly if prev(b) == a; every frame is unique
 *                in_list is the id for frames inside, 0 for all others
 *
 * A list is guarded by its owner (a lock, or masked interrupts); only fm_list_contains()
 * looks at slots that others may own, and that only at in_list.  The struct lies in
 * simulated RAM or on the host; it starts zeroed.
 *
 * The id is drawn at the first insertion, or by contains of an address that has a slot
 * (the slot's in_list is read first); taking frames out draws none.
 */
#ifndef FM_LIST_H
#define FM_LIST_H

#include <fm/kernel.h>
#include <fm/unique.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The id of the list; drawn now if it has none.  Running out of ids ends the machine. */
uint64_t fm_list_id(struct fm_kernel *kernel, struct fm_list *list);

static inline uint64_t fm_list_size(const struct fm_list *list)
{
  return list->size;
}

/* Consumes the frame, whose metadata begins with a struct fm_link_meta. */
void fm_list_push_front(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame);
void fm_list_push_back(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame);

/* Puts the frame before `at`, which is in the list; a NULL slot appends. */
void fm_list_insert_before(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique at,
                           struct fm_unique frame);

/* The frame is the caller's again.  False: the list is empty. */
FM_MUST_USE bool fm_list_pop_front(struct fm_list *list, struct fm_unique *ret);
FM_MUST_USE bool fm_list_pop_back(struct fm_list *list, struct fm_unique *ret);

/* Takes a frame out that is in the list. */
void fm_list_remove(struct fm_list *list, struct fm_unique frame);

/* Whether the frame at `paddr` is in the list.  Any address will do. */
bool fm_list_contains(struct fm_kernel *kernel, struct fm_list *list, fm_paddr paddr);

/* The neighbours of a frame in the list, and its ends; a NULL slot: there is none. */
struct fm_unique fm_list_front(const struct fm_list *list);
struct fm_unique fm_list_back(const struct fm_list *list);
struct fm_unique fm_list_next(struct fm_unique frame);
struct fm_unique fm_list_prev(struct fm_unique frame);

/* Pops and drops every frame, front to back. */
void fm_list_drop(struct fm_kernel *kernel, struct fm_list *list);

#ifdef __cplusplus
}
#endif

#endif
