/* SPDX-License-Identifier: MPL-2.0 */
#include "src/links.h"

#define LIST_ID_MAX ((uint64_t)INT64_MAX)

/* ---- Ids ---- */

uint64_t fm__list_draw_id(struct fm_kernel *kernel, struct fm_list *list)
{
  /* list.id, relaxed: needs no partner; only that no two lists get the same number. */
  uint64_t drawn = fm_fetch_add_relaxed(FM_SITE_LIST_ID, &kernel->next_list_id, 1);
  if (drawn >= LIST_ID_MAX)
    fm_port_panic("the ids of frame lists are exhausted");
  list->id = drawn;
  return drawn;
}

uint64_t fm_list_id(struct fm_kernel *kernel, struct fm_list *list)
{
  return fm__list_id(kernel, list);
}

/* ---- In ---- */

void fm_list_push_front(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame)
{
  fm__list_link(kernel, list, 0, frame.slot, list->front);
}

void fm_list_push_back(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame)
{
  fm__list_link(kernel, list, list->back, frame.slot, 0);
}

void fm_list_insert_before(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique at,
                           struct fm_unique frame)
{
  if (at.slot == NULL)
    fm_list_push_back(kernel, list, frame);
  else
    fm__list_link(kernel, list, fm__link_of(at.slot)->prev, frame.slot, fm__link_to(at.slot));
}

/* ---- Out ---- */

void fm_list_remove(struct fm_list *list, struct fm_unique frame)
{
  fm__list_unlink(list, frame.slot);
}

bool fm_list_pop_front(struct fm_list *list, struct fm_unique *ret)
{
  if (list->front == 0)
    return false;
  struct fm_slot *slot = fm__link_slot(list->front);
  fm__list_unlink(list, slot);
  *ret = fm_unique_of_slot(slot);
  return true;
}

bool fm_list_pop_back(struct fm_list *list, struct fm_unique *ret)
{
  if (list->back == 0)
    return false;
  struct fm_slot *slot = fm__link_slot(list->back);
  fm__list_unlink(list, slot);
  *ret = fm_unique_of_slot(slot);
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
  uint64_t found = fm__list_found(slot);
  return found == fm__list_id(kernel, list);
}

struct fm_unique fm_list_front(const struct fm_list *list)
{
  return fm_unique_of_slot(fm__link_slot(list->front));
}

struct fm_unique fm_list_back(const struct fm_list *list)
{
  return fm_unique_of_slot(fm__link_slot(list->back));
}

struct fm_unique fm_list_next(struct fm_unique frame)
{
  return fm_unique_of_slot(fm__link_slot(fm__link_of(frame.slot)->next));
}

struct fm_unique fm_list_prev(struct fm_unique frame)
{
  return fm_unique_of_slot(fm__link_slot(fm__link_of(frame.slot)->prev));
}
