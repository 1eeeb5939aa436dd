/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The inside of frame lists (fm/list.h), inline: for list.c, and for the allocator, whose
 * free lists are what its speed depends on.
 */
#ifndef SRC_LINKS_H
#define SRC_LINKS_H

#include <fm/list.h>

static inline struct fm_link_meta *fm__link_of(struct fm_slot *slot)
{
  return (struct fm_link_meta *)(void *)slot->storage;
}

/* The kernel address by which links name a slot, and back; there 0 is NULL. */
static inline uint64_t fm__link_to(const struct fm_slot *slot)
{
  return (uint64_t)(uintptr_t)slot - FM_META_WINDOW + FM_META_BASE;
}

static inline struct fm_slot *fm__link_slot(uint64_t kaddr)
{
  return kaddr == 0 ? NULL : (struct fm_slot *)(uintptr_t)(kaddr - FM_META_BASE + FM_META_WINDOW);
}

/* Writes one link, or the end of the list that stands for it; all are kernel addresses. */
static inline void fm__list_set_next(struct fm_list *list, uint64_t slot, uint64_t next)
{
  if (slot == 0)
    list->front = next;
  else
    fm_write_word(FM_SITE_LIST_LINK, &fm__link_of(fm__link_slot(slot))->next, next);
}

static inline void fm__list_set_prev(struct fm_list *list, uint64_t slot, uint64_t prev)
{
  if (slot == 0)
    list->back = prev;
  else
    fm_write_word(FM_SITE_LIST_LINK, &fm__link_of(fm__link_slot(slot))->prev, prev);
}

static inline void fm__list_mark(struct fm_slot *slot, uint64_t id)
{
  /* list.mark, relaxed: needs no partner; who finds the id of a list of its own in a slot
   * has the guard of that list, which orders the rest. */
  fm_store_relaxed(FM_SITE_LIST_MARK, &slot->in_list, id);
}

/* Draws an id for a list that has none. */
uint64_t fm__list_draw_id(struct fm_kernel *kernel, struct fm_list *list);

static inline uint64_t fm__list_id(struct fm_kernel *kernel, struct fm_list *list)
{
  return FM_LIKELY(list->id != 0) ? list->id : fm__list_draw_id(kernel, list);
}

/* Puts a slot between two others, which are 0 at an end. */
static inline void fm__list_link(struct fm_kernel *kernel, struct fm_list *list, uint64_t prev,
                                 struct fm_slot *slot, uint64_t next)
{
  uint64_t id = fm__list_id(kernel, list);
  uint64_t self = fm__link_to(slot);
  fm_debug_assert(slot->ref_count == FM_COUNT_UNIQUE, slot, "a frame in a list must be unique");
  fm_debug_assert(slot->in_list == 0, slot, "a frame that is in a list was put into another");
  fm_write_word(FM_SITE_LIST_LINK, &fm__link_of(slot)->prev, prev);
  fm_write_word(FM_SITE_LIST_LINK, &fm__link_of(slot)->next, next);
  fm__list_set_next(list, prev, self);
  fm__list_set_prev(list, next, self);
  fm__list_mark(slot, id);
  list->size++;
}

/* The slot is in the list. */
static inline void fm__list_unlink(struct fm_list *list, struct fm_slot *slot)
{
  uint64_t prev = fm__link_of(slot)->prev;
  uint64_t next = fm__link_of(slot)->next;

  fm_debug_assert(slot->in_list == list->id, slot,
                  "a frame was taken out of a list that it is not in");
  fm__list_set_next(list, prev, next);
  fm__list_set_prev(list, next, prev);
  fm_write_word(FM_SITE_LIST_LINK, &fm__link_of(slot)->prev, 0);
  fm_write_word(FM_SITE_LIST_LINK, &fm__link_of(slot)->next, 0);
  fm__list_mark(slot, 0);
  list->size--;
}

/* The id of the list that the slot is in, as the guard of a list may ask. */
static inline uint64_t fm__list_found(const struct fm_slot *slot)
{
  /* list.find, relaxed: needs no partner; only the guard of a list can make its id appear
   * or vanish, and the caller has that of the list it looks for. */
  return fm_load_relaxed(FM_SITE_LIST_FIND, &slot->in_list);
}

/* Lets the processor fetch the neighbours of a slot that is in the list with this id, for an
 * unlink soon.  No step of an operation, so the instrumented build leaves it out. */
static inline void fm__list_prefetch(struct fm_slot *slot, uint64_t id)
{
#ifdef FM_INSTRUMENTED
  (void)slot;
  (void)id;
#else
  /* A list without an id has no frames, and the metadata of others is not ours to read. */
  if (id == 0 || fm__list_found(slot) != id)
    return;
  __builtin_prefetch(fm__link_slot(fm__link_of(slot)->prev), 1);
  __builtin_prefetch(fm__link_slot(fm__link_of(slot)->next), 1);
#endif
}

#endif
