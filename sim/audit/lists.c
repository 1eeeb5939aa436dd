/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The lists of free chunks.
 *
 * A walk stops at the first frame that does not link back to where it came from.  So it never
 * goes in circles: to come back to a frame it would have to come from its predecessor, and that
 * holds all the way back to the front, which has none.
 */
#include <fm/unique.h>

#include "sim/audit/audit.h"

struct walk {
  struct audit *audit;
  const struct fm_list *list;
  uint32_t order;
  const char *owner;
  uint64_t frames;
};

static bool find_slot(const struct audit *audit, uint64_t link, fm_paddr *ret)
{
  uint64_t offset = link - FM_META_BASE;
  if (link < FM_META_BASE || offset % FM_SLOT_SIZE != 0 ||
      offset / FM_SLOT_SIZE >= audit->kernel->nr_frames)
    return false;
  *ret = fm_meta_to_frame(fm_kaddr_of(link));
  return true;
}

static void note(const struct walk *walk, uint64_t at, enum sim_audit_clause clause, uint64_t found,
                 uint64_t expected)
{
  fm_paddr frame = audit_home(walk->list);
  if (at != 0)
    (void)find_slot(walk->audit, at, &frame);
  audit_note(walk->audit, frame, clause, found, expected, "order %u of %s", walk->order,
             walk->owner);
}

static const struct fm_free_head_meta *head_meta(fm_paddr frame)
{
  return (const struct fm_free_head_meta *)(const void *)fm_slot_at(frame)->storage;
}

static bool is_head(const struct fm_slot_view *view)
{
  return view->state == FM_STATE_UNIQUE && view->vtable != NULL &&
         view->vtable->number == FM_META_FREE_HEAD;
}

/* What is to be said of a frame that the list leads to. */
static void judge(const struct walk *walk, uint64_t link, fm_paddr frame,
                  const struct fm_slot_view *view)
{
  if (view->in_list != walk->list->id)
    note(walk, link, SIM_AUDIT_LIST_ID, view->in_list, walk->list->id);
  if (head_meta(frame)->order != walk->order)
    note(walk, link, SIM_AUDIT_CHUNK_ORDER, head_meta(frame)->order, walk->order);
}

/* The frame that `link` of the frame `from` (0: of the list itself) leads to.  False: the walk
 * ends here, and if `aloud` it was noted why. */
static bool visit(struct walk *walk, uint64_t link, uint64_t from, bool forward, bool aloud)
{
  struct fm_slot_view view;
  fm_paddr frame;

  if (!find_slot(walk->audit, link, &frame)) {
    if (aloud)
      note(walk, from, SIM_AUDIT_LIST_LINK, link, 0);
    return false;
  }
  fm_slot_view(walk->audit->kernel, fm_slot_at(frame), &view);
  if (!is_head(&view)) {
    if (aloud)
      note(walk, link, SIM_AUDIT_LIST_MEMBER, view.ref_count, FM_COUNT_UNIQUE);
    return false;
  }
  const struct fm_link_meta *meta = &head_meta(frame)->link;
  if ((forward ? meta->prev : meta->next) != from) {
    if (aloud)
      note(walk, link, SIM_AUDIT_LIST_SYMMETRIC, forward ? meta->prev : meta->next, from);
    return false;
  }
  judge(walk, link, frame, &view);
  struct audit_chunk chunk = {fm_pfn_of_paddr(frame).nr, UINT32_C(1) << walk->order, true, false};
  g_array_append_val(walk->audit->chunks, chunk);
  walk->frames++;
  return true;
}

/* From one end to the other; *ret_last is the last frame reached, 0 if none.  A list that
 * somebody changes meanwhile may be longer than there are frames. */
static bool walk_from(struct walk *walk, uint64_t link, bool forward, bool aloud,
                      uint64_t *ret_last)
{
  uint64_t from = 0;
  while (link != 0 && walk->frames < walk->audit->kernel->nr_frames) {
    if (!visit(walk, link, from, forward, aloud)) {
      *ret_last = from;
      return false;
    }
    fm_paddr frame = fm_meta_to_frame(fm_kaddr_of(link));
    from = link;
    link = forward ? head_meta(frame)->link.next : head_meta(frame)->link.prev;
  }
  *ret_last = from;
  return link == 0;
}

static void note_id(const struct walk *walk)
{
  uint64_t id = walk->list->id;
  if (id != 0)
    g_array_append_val(walk->audit->ids, id);
  if (id >= walk->audit->kernel->next_list_id && id != 0)
    note(walk, 0, SIM_AUDIT_LIST_UNIQUE_ID, id, 0);
  else if (id == 0 && walk->list->front != 0)
    note(walk, 0, SIM_AUDIT_LIST_UNIQUE_ID, 0, 0);
}

struct audit_list audit_free_list(struct audit *audit, const struct fm_list *list, uint32_t order,
                                  const char *owner)
{
  struct walk walk = {audit, list, order, owner, 0};
  uint64_t last;

  note_id(&walk);
  if (!walk_from(&walk, list->front, true, true, &last)) {
    /* What is behind the break is reached from the other end; the break is told of already. */
    (void)walk_from(&walk, list->back, false, false, &last);
    return (struct audit_list){walk.frames, true};
  }
  if (list->back != last)
    note(&walk, 0, SIM_AUDIT_LIST_ENDS, list->back, last);
  if (list->size != walk.frames)
    note(&walk, 0, SIM_AUDIT_LIST_SIZE, list->size, walk.frames);
  return (struct audit_list){walk.frames, false};
}
