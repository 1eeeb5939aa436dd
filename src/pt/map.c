/* SPDX-License-Identifier: MPL-2.0 */
/* What a cursor does with the pages of its range. */
#include "src/pt/range.h"

const char *fm_pt_error_name(enum fm_pt_error error)
{
  static const char *const names[] = {
      [FM_PT_OK] = "Ok",
      [FM_PT_INVALID_ARGS] = "InvalidArgs",
      [FM_PT_NO_MEMORY] = "NoMemory",
      [FM_PT_MAPPED] = "Mapped",
  };
  return names[error];
}

/* The item that an entry at the cursor is. */
static struct fm_pt_item item_of(const struct fm_pt_cursor *cursor, fm_pte pte)
{
  uint64_t size = fm_pt_page_size(cursor->level);
  struct fm_pt_item item = {.level = cursor->level, .va = cursor->va & ~(size - 1)};
  if (!fm_pte_is_valid(pte))
    return item;
  bool bit52 = (pte.raw & FM_PTE_SOFT_52) != 0;
  item.kind = fm_pte_is_table(pte, cursor->level) ? FM_PT_TABLE
              : bit52 == cursor->is_kernel        ? FM_PT_TRACKED
                                                  : FM_PT_UNTRACKED;
  item.paddr = fm_pte_paddr(pte);
  item.prop = fm_pte_prop(pte);
  return item;
}

static void write_entry(const struct fm_pt_cursor *cursor, fm_pte pte)
{
  fm_node_write(cursor->path[cursor->level], fm_pt_index(cursor->va, cursor->level), pte);
}

/* Behind the entry at the cursor, or at the end of the range. */
static void move_behind(struct fm_pt_cursor *cursor, uint64_t end)
{
  uint64_t size = fm_pt_page_size(cursor->level);
  uint64_t last = cursor->va | (size - 1);
  fm__cursor_move(cursor, last >= end - 1 ? end : last + 1);
}

void fm_pt_query(struct fm_pt_cursor *cursor, struct fm_pt_item *ret)
{
  /* Behind the range the nodes are not ours to read, and the index may begin anew. */
  if (FM_UNLIKELY(cursor->va >= cursor->end)) {
    *ret = (struct fm_pt_item){.kind = FM_PT_NOTHING, .level = 1, .va = cursor->va};
    return;
  }
  fm_pte pte = fm__cursor_entry(cursor);
  while (fm_pte_is_table(pte, cursor->level)) {
    fm__cursor_down(cursor, pte);
    pte = fm__cursor_entry(cursor);
  }
  *ret = item_of(cursor, pte);
}

/* ---- Mapping ---- */

static bool fits(const struct fm_pt_cursor *cursor, fm_paddr paddr, uint32_t level)
{
  if (level < 1 || level > FM_PT_LEAF_LEVEL)
    return false;
  uint64_t size = fm_pt_page_size(level);
  return ((cursor->va | paddr.raw) & (size - 1)) == 0 && paddr.raw <= FM_PTE_ADDRESS &&
         cursor->end - cursor->va >= size; /* the cursor is never behind the end */
}

/* Anywhere in the range, with any size. */
static __attribute__((noinline)) enum fm_pt_error map_anywhere(struct fm_pt_cursor *cursor,
                                                               fm_paddr paddr, uint32_t level,
                                                               struct fm_page_prop prop,
                                                               bool tracked, struct fm_pt_item *old)
{
  if (!fits(cursor, paddr, level))
    return FM_PT_INVALID_ARGS;
  if (cursor->level < level)
    cursor->level = level < cursor->guard ? level : cursor->guard;
  if (cursor->guard < level)
    return FM_PT_INVALID_ARGS;

  fm_pte pte = fm__cursor_entry(cursor);
  while (cursor->level > level) {
    if (fm_pte_is_table(pte, cursor->level))
      fm__cursor_down(cursor, pte);
    else if (fm_pte_is_valid(pte))
      return FM_PT_MAPPED;
    else if (fm__cursor_make_tables(cursor, level) != FM_PT_OK)
      return FM_PT_NO_MEMORY;
    pte = fm__cursor_entry(cursor);
  }
  if (!fm_pte_is_valid(pte))
    fm_node_count(cursor->path[level], 1);
  else if (old == NULL || fm_pte_is_table(pte, level))
    return FM_PT_MAPPED;
  if (old != NULL)
    *old = item_of(cursor, pte);
  write_entry(cursor, fm_pte_of_page(paddr, prop, tracked == cursor->is_kernel));
  move_behind(cursor, cursor->end);
  return FM_PT_OK;
}

enum fm_pt_error fm_pt_map(struct fm_pt_cursor *cursor, fm_paddr paddr, uint32_t level,
                           struct fm_page_prop prop, bool tracked, struct fm_pt_item *old)
{
  /* By far the most pages are small and go into the table where the last one went. */
  if (FM_UNLIKELY(level != 1 || cursor->level != 1 || old != NULL || !fits(cursor, paddr, 1)))
    return map_anywhere(cursor, paddr, level, prop, tracked, old);

  fm_paddr table = cursor->path[1];
  uint64_t va = cursor->va;
  uint32_t index = fm_pt_index(va, 1);
  if (FM_UNLIKELY(fm_pte_is_valid(fm_node_read(table, index))))
    return FM_PT_MAPPED;
  fm_node_count(table, 1);
  fm_node_write(table, index, fm_pte_of_page(paddr, prop, tracked == cursor->is_kernel));
  if (FM_UNLIKELY(index == FM_PT_ENTRIES - 1))
    move_behind(cursor, cursor->end);
  else
    cursor->va = va + FM_PAGE_SIZE;
  return FM_PT_OK;
}

/* ---- Finding the next page ---- */

/* Whether an entry of this level at the cursor begins there and is over before `end`. */
static bool covers(const struct fm_pt_cursor *cursor, uint32_t level, uint64_t end)
{
  uint64_t size = fm_pt_page_size(level);
  return (cursor->va & (size - 1)) == 0 && end - cursor->va >= size;
}

/* Makes smaller pages of the huge one at the cursor, so that one is over before `end`. */
static enum fm_pt_error split(struct fm_pt_cursor *cursor, uint64_t end)
{
  uint32_t level = cursor->level - 1;
  while (level > 1 && !covers(cursor, level, end))
    level--;
  return fm__cursor_split(cursor, level);
}

/* The kernel's tables of level 3 are shared by all spaces, and there for ever. */
static bool may_go(const struct fm_pt_cursor *cursor)
{
  return !(cursor->is_kernel && cursor->level == FM_PT_LEVELS);
}

/* Goes on to the next entry before `end` that is a page within the range, or with `tables`
 * a table within it.  *ret_found: there is one; else the cursor is at `end`. */
static enum fm_pt_error find_next(struct fm_pt_cursor *cursor, uint64_t end, bool tables,
                                  fm_pte *ret, bool *ret_found)
{
  *ret_found = false;
  while (cursor->va < end) {
    fm_pte pte = fm__cursor_entry(cursor);
    bool is_table = fm_pte_is_table(pte, cursor->level);
    if (!fm_pte_is_valid(pte)) {
      move_behind(cursor, end);
    } else if (is_table && !(tables && may_go(cursor) && covers(cursor, cursor->level, end))) {
      fm__cursor_down(cursor, pte);
    } else if (!is_table && !covers(cursor, cursor->level, end)) {
      if (split(cursor, end) != FM_PT_OK)
        return FM_PT_NO_MEMORY;
    } else {
      *ret = pte;
      *ret_found = true;
      return FM_PT_OK;
    }
  }
  return FM_PT_OK;
}

/* `end` may be anywhere in what is left of the range. */
static bool is_good_end(const struct fm_pt_cursor *cursor, uint64_t end)
{
  return fm_is_page_aligned(end) && end >= cursor->va && end <= cursor->end;
}

/* ---- Taking out ---- */

/* Everything below is ours: no lock is taken, all are given back. */
static void make_stray(fm_paddr node, uint32_t level)
{
  for (uint32_t i = 0; level > 1 && i < FM_PT_ENTRIES; i++) {
    fm_pte pte = fm_node_read(node, i);
    if (fm_pte_is_table(pte, level))
      make_stray(fm_pte_paddr(pte), level - 1);
  }
  fm_node_make_stray(node);
}

enum fm_pt_error fm_pt_take(struct fm_pt_cursor *cursor, uint64_t end, struct fm_pt_item *ret)
{
  const fm_pte nothing = {0};
  fm_pte pte = nothing;
  bool found;
  if (!is_good_end(cursor, end))
    return FM_PT_INVALID_ARGS;
  enum fm_pt_error error = find_next(cursor, end, true, &pte, &found);
  if (error != FM_PT_OK)
    return error;
  struct fm_pt_item item = {.kind = FM_PT_NOTHING, .level = 1, .va = end};
  if (found) {
    item = item_of(cursor, pte);
    write_entry(cursor, nothing);
    fm_node_count(cursor->path[cursor->level], -1);
    if (item.kind == FM_PT_TABLE)
      make_stray(item.paddr, item.level - 1);
    move_behind(cursor, end);
  }
  *ret = item;
  return FM_PT_OK;
}

void fm_pt_drop_taken(struct fm_kernel *kernel, const struct fm_pt_item *item)
{
  if (item->kind == FM_PT_TABLE)
    fm_grace_retire(kernel, item->paddr);
  if (item->kind != FM_PT_TRACKED)
    return;
  for (uint64_t done = 0; done < fm_pt_page_size(item->level); done += FM_PAGE_SIZE)
    fm_frame_drop(kernel, fm_frame_from_raw(fm_paddr_add(item->paddr, done)));
}

/* ---- Changing ---- */

enum fm_pt_error fm_pt_protect(struct fm_pt_cursor *cursor, uint64_t end, uint32_t clear,
                               uint32_t set, struct fm_pt_item *ret)
{
  fm_pte pte = {0};
  bool found;
  if (!is_good_end(cursor, end))
    return FM_PT_INVALID_ARGS;
  enum fm_pt_error error = find_next(cursor, end, false, &pte, &found);
  if (error != FM_PT_OK)
    return error;
  struct fm_pt_item item = {.kind = FM_PT_NOTHING, .level = 1, .va = end};
  if (found) {
    item = item_of(cursor, pte);
    item.prop.flags = (item.prop.flags & ~clear) | set;
    write_entry(cursor, fm_pte_of_page(item.paddr, item.prop, (pte.raw & FM_PTE_SOFT_52) != 0));
    move_behind(cursor, end);
  }
  *ret = item;
  return FM_PT_OK;
}

/* ---- Merging ---- */

#define NOTED (FM_PTE_ACCESSED | FM_PTE_DIRTY)

/* The one page that the table is as good as; false: it is not. */
static bool as_one_page(fm_paddr table, uint32_t level, fm_pte *ret)
{
  fm_pte first = fm_node_read(table, 0);
  uint64_t noted = 0;
  if (fm_node_meta(table)->nr_children != FM_PT_ENTRIES ||
      (fm_pte_paddr(first).raw & (fm_pt_page_size(level) - 1)) != 0)
    return false;
  for (uint32_t i = 0; i < FM_PT_ENTRIES; i++) {
    fm_pte pte = fm_node_read(table, i);
    uint64_t expected = first.raw + i * fm_pt_page_size(level - 1);
    if ((pte.raw & ~NOTED) != (expected & ~NOTED) || fm_pte_is_table(pte, level - 1))
      return false;
    noted |= pte.raw & NOTED;
  }
  ret->raw = first.raw | noted;
  return true;
}

bool fm_pt_merge(struct fm_pt_cursor *cursor, uint32_t level, struct fm_pt_item *ret)
{
  if (level < 2 || level > FM_PT_LEAF_LEVEL || level > cursor->guard || cursor->va >= cursor->end)
    return false;
  if (cursor->level < level)
    cursor->level = level; /* back up: the nodes on the way are still in the path */
  fm_pte pte = fm__cursor_entry(cursor);
  while (cursor->level > level && fm_pte_is_table(pte, cursor->level)) {
    fm__cursor_down(cursor, pte);
    pte = fm__cursor_entry(cursor);
  }
  fm_pte page;
  if (cursor->level != level || !fm_pte_is_table(pte, level) ||
      !covers(cursor, level, cursor->end) || !as_one_page(fm_pte_paddr(pte), level, &page))
    return false;

  /* The references go over to the huge page: the table has no children left to drop. */
  fm_paddr table = fm_pte_paddr(pte);
  *ret = item_of(cursor, pte);
  write_entry(cursor, page);
  fm_node_count(table, -(int32_t)FM_PT_ENTRIES);
  fm_node_make_stray(table);
  return true;
}
