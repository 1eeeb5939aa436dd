/* SPDX-License-Identifier: MPL-2.0 */
#include <fm/cursor.h>

static struct fm_cursor cursor_of(struct fm_list *list, struct fm_unique at)
{
  struct fm_cursor cursor = {list, at};
  return cursor;
}

struct fm_cursor fm_cursor_front(struct fm_list *list)
{
  return cursor_of(list, fm_list_front(list));
}

struct fm_cursor fm_cursor_back(struct fm_list *list)
{
  return cursor_of(list, fm_list_back(list));
}

bool fm_cursor_at(struct fm_kernel *kernel, struct fm_list *list, fm_paddr paddr,
                  struct fm_cursor *ret)
{
  if (!fm_list_contains(kernel, list, paddr))
    return false;
  *ret = cursor_of(list, fm_unique_of_slot(fm_slot_at(paddr)));
  return true;
}

void fm_cursor_next(struct fm_cursor *cursor)
{
  cursor->at = cursor->at.slot == NULL ? fm_list_front(cursor->list) : fm_list_next(cursor->at);
}

void fm_cursor_prev(struct fm_cursor *cursor)
{
  cursor->at = cursor->at.slot == NULL ? fm_list_back(cursor->list) : fm_list_prev(cursor->at);
}

bool fm_cursor_take(struct fm_cursor *cursor, struct fm_unique *ret)
{
  struct fm_unique taken = cursor->at;
  if (taken.slot == NULL)
    return false;
  fm_cursor_next(cursor);
  fm_list_remove(cursor->list, taken);
  *ret = taken;
  return true;
}

void fm_cursor_insert_before(struct fm_kernel *kernel, struct fm_cursor *cursor,
                             struct fm_unique frame)
{
  fm_list_insert_before(kernel, cursor->list, cursor->at, frame);
}
