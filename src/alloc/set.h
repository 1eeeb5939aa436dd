/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A set of free chunks, by order.  The head frame of each is a unique frame of type free-head
 * in the list of its order; its other frames stay unused.  So whether a chunk's buddy is free
 * is one look at the in_list of the buddy's head.
 *
 * Inline, for pool.c, which knows at each place which set it is and how many orders it has.
 */
#ifndef SRC_ALLOC_SET_H
#define SRC_ALLOC_SET_H

#include "src/alloc/buddy.h"
#include "src/links.h"

struct fm__set {
  struct fm_list *lists; /* by order */
  uint32_t orders;
  uint64_t *size; /* bytes in all of its chunks */
};

/* The largest order whose chunk fits at `start` by its alignment and in `size` bytes, below
 * `orders`. */
static inline uint32_t fm__greedy_order(fm_paddr start, uint64_t size, uint32_t orders)
{
  uint64_t frame = start.raw / FM_PAGE_SIZE;
  uint64_t frames = size / FM_PAGE_SIZE;
  uint32_t by_size = 63u - (uint32_t)__builtin_clzll(frames);
  uint32_t order = frame == 0 ? by_size : (uint32_t)__builtin_ctzll(frame);
  if (order > by_size)
    order = by_size;
  return order < orders ? order : orders - 1;
}

static inline struct fm_unique fm__claim_head(struct fm_kernel *kernel, fm_paddr start,
                                              uint32_t order)
{
  struct fm_free_head_meta meta = {{0, 0}, order};
  struct fm_unique head = {NULL};
  enum fm_get_error error =
      fm_unique_from_unused(kernel, start, FM_META_ID(FM_META_FREE_HEAD, meta), &meta, &head);
  if (error != FM_GET_OK || head.slot == NULL)
    fm_port_panic("the head of a free chunk is in use");
  return head;
}

static inline void fm__set_order(struct fm_unique head, uint32_t order)
{
  struct fm_free_head_meta *meta = (struct fm_free_head_meta *)fm_unique_meta(head);
  meta->order = order;
}

/* Takes the buddy of `head` out of the set and makes one chunk of both; false: the buddy is
 * not free in this order. */
static inline bool fm__merge_with_buddy(struct fm_kernel *kernel, struct fm__set set,
                                        uint32_t order, struct fm_unique *head)
{
  struct fm_list *list = &set.lists[order];
  fm_paddr start = fm_unique_paddr(*head);
  fm_paddr buddy = fm_paddr_of(start.raw ^ fm__order_bytes(order));
  struct fm_slot *slot = NULL;
  if (fm_slot_find(kernel, buddy, &slot) != FM_GET_OK)
    return false;
  uint64_t found = fm__list_found(slot);
  if (found != fm__list_id(kernel, list))
    return false;

  struct fm_unique other = fm_unique_of_slot(slot);
  fm__list_unlink(list, slot);
  struct fm_unique lower = start.raw < buddy.raw ? *head : other;
  struct fm_unique upper = start.raw < buddy.raw ? other : *head;
  fm_unique_reset(kernel, upper);
  fm__set_order(lower, order + 1);
  *head = lower;
  return true;
}

static inline void fm__push(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique head)
{
  fm__list_link(kernel, list, 0, head.slot, list->front);
}

/* Inserts a chunk that is in no set, coalesced with its buddies as long as they are in this
 * one. */
static inline void fm__set_insert(struct fm_kernel *kernel, struct fm__set set, fm_paddr start,
                                  uint32_t order)
{
  struct fm_unique head = fm__claim_head(kernel, start, order);
  *set.size += fm__order_bytes(order);
  while (order + 1 < set.orders && fm__merge_with_buddy(kernel, set, order, &head))
    order++;
  fm__push(kernel, &set.lists[order], head);
}

/* Cuts a range greedily from its start and inserts the pieces, ascending. */
static inline void fm__set_insert_range(struct fm_kernel *kernel, struct fm__set set,
                                        fm_paddr start, uint64_t size)
{
  while (size != 0) {
    uint32_t order = fm__greedy_order(start, size, set.orders);
    fm__set_insert(kernel, set, start, order);
    start = fm_paddr_add(start, fm__order_bytes(order));
    size -= fm__order_bytes(order);
  }
}

/* A chunk of this order, split off the smallest that is large enough. */
FM_MUST_USE static inline bool fm__set_take(struct fm_kernel *kernel, struct fm__set set,
                                            uint32_t order, fm_paddr *ret)
{
  uint32_t found = order;
  while (found < set.orders && fm_list_size(&set.lists[found]) == 0)
    found++;
  struct fm_unique head = {NULL};
  if (found >= set.orders || !fm_list_pop_front(&set.lists[found], &head))
    return false;

  fm_paddr start = fm_unique_paddr(head);
  while (found > order) {
    found--;
    fm_paddr upper = fm_paddr_add(start, fm__order_bytes(found));
    fm__set_order(head, found);
    fm__push(kernel, &set.lists[found], fm__claim_head(kernel, upper, found));
  }
  *set.size -= fm__order_bytes(order);
  fm_unique_reset(kernel, head);
  *ret = start;
  return true;
}

#endif
