/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A cursor into a frame list: it stands at one frame, or at the ghost, which lies between
 * the back and the front, as if the list were a ring with one place more than frames.
 *
 *      front        back
 *   --- A --- B --- C --- (ghost) ---.
 *   `--------------------------------'
 *
 * While a cursor is used, nothing else changes the list.  It owns nothing.  The link of a
 * frame is never handed out, only what stands behind it: exchanging two links would tear
 * the list apart.
 */
#ifndef FM_CURSOR_H
#define FM_CURSOR_H

#include <fm/list.h>

struct fm_cursor {
  struct fm_list *list;
  struct fm_unique at; /* a NULL slot: the ghost */
};

#ifdef __cplusplus
extern "C" {
#endif

/* At the first frame, at the last; at the ghost if the list is empty. */
struct fm_cursor fm_cursor_front(struct fm_list *list);
struct fm_cursor fm_cursor_back(struct fm_list *list);

/* At the frame at `paddr`.  False: no frame of this list is there. */
FM_MUST_USE bool fm_cursor_at(struct fm_kernel *kernel, struct fm_list *list, fm_paddr paddr,
                              struct fm_cursor *ret);

/* One place towards the back, or the front.  From the ghost to the front, or the back. */
void fm_cursor_next(struct fm_cursor *cursor);
void fm_cursor_prev(struct fm_cursor *cursor);

/* Takes the frame out; the cursor moves on to the next one.  False: it is at the ghost. */
FM_MUST_USE bool fm_cursor_take(struct fm_cursor *cursor, struct fm_unique *ret);

/* Puts a frame before the cursor, which stays where it is; at the ghost this appends. */
void fm_cursor_insert_before(struct fm_kernel *kernel, struct fm_cursor *cursor,
                             struct fm_unique frame);

#ifdef __cplusplus
}
#endif

/* What the frame's metadata holds behind the link; NULL at the ghost. */
static inline void *fm_cursor_meta(const struct fm_cursor *cursor)
{
  if (cursor->at.slot == NULL)
    return NULL;
  return cursor->at.slot->storage + sizeof(struct fm_link_meta);
}

#endif
