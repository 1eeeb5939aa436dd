/* SPDX-License-Identifier: MPL-2.0 */
#include <fm/list.h>

#define LIST_ID_MAX ((uint64_t)INT64_MAX)

/* ---- Links ---- */

static struct fm_link_meta *link_of(struct fm_slot *slot)
{
  return (struct fm_link_meta *)(void *)slot->storage;
}

static uint64_t kaddr_of(const struct fm_slot *slot)
{
  return slot == NULL ? 0 : fm_frame_to_meta(fm_slot_paddr(slot)).raw;
}

static struct fm_slot *slot_of(uint64_t kaddr)
{
  return kaddr == 0 ? NULL : fm_slot_at(fm_meta_to_frame(fm_kaddr_of(kaddr)));
}

static void set_next(struct fm_list *list, struct fm_slot *slot, struct fm_slot *next)
{
  if (slot == NULL)
    list->front = kaddr_of(next);
  else
    fm_write_word(FM_SITE_LIST_LINK, &link_of(slot)->next, kaddr_of(next));
}

static void set_prev(struct fm_list *list, struct fm_slot *slot, struct fm_slot *prev)
{
  if (slot == NULL)
    list->back = kaddr_of(prev);
  else
    fm_write_word(FM_SITE_LIST_LINK, &link_of(slot)->prev, kaddr_of(prev));
}

/* ---- Ids ---- */

uint64_t fm_list_id(struct fm_kernel *kernel, struct fm_list *list)
{
  if (list->id == 0) {
    /* list.id, relaxed: needs no partner; only that no two lists get the same number. */
    uint64_t drawn = fm_fetch_add_relaxed(FM_SITE_LIST_ID, &kernel->next_list_id, 1);
    if (drawn >= LIST_ID_MAX)
      fm_port_panic("the ids of frame lists are exhausted");
    list->id = drawn;
  }
  return list->id;
}

static void mark(struct fm_slot *slot, uint64_t id)
{
  /* list.mark, relaxed: needs no partner; who finds the id of a list of its own in a slot
   * has the guard of that list, which orders the rest. */
  fm_store_relaxed(FM_SITE_LIST_MARK, &slot->in_list, id);
}

/* ---- In ---- */

static void link_between(struct fm_kernel *kernel, struct fm_list *list, struct fm_slot *prev,
                         struct fm_slot *slot, struct fm_slot *next)
{
  uint64_t id = fm_list_id(kernel, list);
  fm_debug_assert(slot->ref_count == FM_COUNT_UNIQUE, slot, "a frame in a list must be unique");
  fm_debug_assert(slot->in_list == 0, slot, "a frame that is in a list was put into another");
  set_prev(list, slot, prev);
  set_next(list, slot, next);
  set_next(list, prev, slot);
  set_prev(list, next, slot);
  mark(slot, id);
  list->size++;
}

void fm_list_push_front(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame)
{
  link_between(kernel, list, NULL, frame.slot, slot_of(list->front));
}

void fm_list_push_back(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame)
{
  link_between(kernel, list, slot_of(list->back), frame.slot, NULL);
}

void fm_list_insert_before(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique at,
                           struct fm_unique frame)
{
  struct fm_slot *prev = at.slot == NULL ? slot_of(list->back) : slot_of(link_of(at.slot)->prev);
  link_between(kernel, list, prev, frame.slot, at.slot);
}

/* ---- Out ---- */

void fm_list_remove(struct fm_list *list, struct fm_unique frame)
{
  struct fm_slot *prev = slot_of(link_of(frame.slot)->prev);
  struct fm_slot *next = slot_of(link_of(frame.slot)->next);

  fm_debug_assert(frame.slot->in_list == list->id, frame.slot,
                  "a frame was taken out of a list that it is not in");
  set_next(list, prev, next);
  set_prev(list, next, prev);
  set_prev(list, frame.slot, NULL);
  fm_write_word(FM_SITE_LIST_LINK, &link_of(frame.slot)->next, 0);
  mark(frame.slot, 0);
  list->size--;
}

bool fm_list_pop_front(struct fm_list *list, struct fm_unique *ret)
{
  if (list->front == 0)
    return false;
  *ret = fm_list_front(list);
  fm_list_remove(list, *ret);
  return true;
}

bool fm_list_pop_back(struct fm_list *list, struct fm_unique *ret)
{
  if (list->back == 0)
    return false;
  *ret = fm_list_back(list);
  fm_list_remove(list, *ret);
  return true;
}

void fm_list_drop(struct fm_kernel *kernel, struct fm_list *list)
{
  struct fm_unique frame = {NULL};
  while (fm_list_pop_front(list, &frame))
    fm_unique_drop(kernel, frame);
}

/* ---- Looking ---- */

bool fm_list_contains(struct fm_kernel *kernel, struct fm_list *list, fm_paddr paddr)
{
  struct fm_slot *slot = NULL;
  if (fm_slot_find(kernel, paddr, &slot) != FM_GET_OK)
    return false;
  /* list.find, relaxed: needs no partner; only the guard of this list can make its id
   * appear or vanish, and the caller has it. */
  uint64_t found = fm_load_relaxed(FM_SITE_LIST_FIND, &slot->in_list);
  return found == fm_list_id(kernel, list);
}

struct fm_unique fm_list_front(const struct fm_list *list)
{
  return fm_unique_of_slot(slot_of(list->front));
}

struct fm_unique fm_list_back(const struct fm_list *list)
{
  return fm_unique_of_slot(slot_of(list->back));
}

struct fm_unique fm_list_next(struct fm_unique frame)
{
  return fm_unique_of_slot(slot_of(link_of(frame.slot)->next));
}

struct fm_unique fm_list_prev(struct fm_unique frame)
{
  return fm_unique_of_slot(slot_of(link_of(frame.slot)->prev));
}
