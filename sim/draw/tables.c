/* SPDX-License-Identifier: MPL-2.0 */
/* The page tables of a process, from the root to its pages. */
#include <inttypes.h>
#include <string.h>

#include "sim/draw/draw.h"
#include "sim/draw/states.h"
#include "sim/error.h"
#include "sim/pagemap.h"

#define ROWS_MAX 14u
#define NODE_W   196
#define NODE_H   46
#define ROW_STEP 64
#define COLUMN   246

/* What is there now, of what the survey knows. */
struct found {
  uint64_t va;
  uint32_t level; /* of the table; 0: a page */
  fm_paddr frame;
  fm_pte pte; /* that leads to it */
};

static void take(const struct sim_pagemap_entry *entry, void *data)
{
  struct found found = {entry->va, entry->is_table ? entry->level - 1 : 0, fm_pte_paddr(entry->pte),
                        entry->pte};
  g_array_append_val((GArray *)data, found);
}

static const struct found *look_up(const GArray *all, const struct sim_survey_node *node)
{
  for (guint i = 0; i < all->len; i++) {
    const struct found *found = &g_array_index(all, struct found, i);
    if (found->va == node->va && found->level == node->level)
      return found;
  }
  return NULL;
}

static int x_of(uint32_t level)
{
  return SIM_PICTURE_MARGIN + (int)(FM_PT_LEVELS - level) * COLUMN;
}

static void draw_node(sim_picture *picture, const struct sim_view *view,
                      const struct sim_survey_node *node, const struct found *found, int y)
{
  const struct fm_kernel *kernel = sim_machine_kernel(view->machine);
  int x = x_of(node->level);
  struct fm_slot_view slot = {.state = FM_STATE_UNUSED};
  if (found != NULL && found->frame.raw < kernel->max_paddr)
    fm_slot_view(kernel, fm_slot_at(found->frame), &slot);
  g_autofree char *letters = sim_state_letters(&slot);
  g_autofree char *id = g_strdup_printf("level%u-0x%" PRIx64, node->level, node->va);
  g_autofree char *title =
      node->level != 0 ? g_strdup_printf("Table of level %u from 0x%" PRIx64, node->level, node->va)
                       : g_strdup_printf("Page 0x%" PRIx64, node->va);
  sim_picture_begin(picture, id, title);
  if (found == NULL) {
    sim_picture_rect(picture, x, y, NODE_W, NODE_H,
                     (struct sim_look){.stroke = SIM_INK_FAINT, .dashed = true});
    sim_picture_text(
        picture, x + NODE_W / 2, y + 29,
        (struct sim_type){.size = 14, .anchor = SIM_ANCHOR_MIDDLE, .ink = SIM_INK_FAINT},
        "not at this step");
  } else {
    struct sim_look look = {.fill = SIM_INK_TABLE, .stroke = SIM_INK_TEXT, .width = 2};
    sim_picture_rect(picture, x, y, NODE_W, NODE_H,
                     node->level != 0 ? look : sim_state_look(slot.state));
    sim_picture_text(picture, x + 8, y + 20,
                     (struct sim_type){.size = 15, .fixed = true, .bold = true}, "0x%" PRIx64,
                     found->frame.raw);
    sim_picture_text(
        picture, x + NODE_W - 8, y + 20,
        (struct sim_type){.size = 15, .anchor = SIM_ANCHOR_END, .fixed = true, .bold = true}, "%s",
        letters);
  }
  sim_picture_end(picture);
}

/* The second line of a node: rights of a page, entries of a table. */
static void draw_detail(sim_picture *picture, const struct sim_view *view,
                        const struct sim_survey_node *node, const struct found *found, int y)
{
  struct sim_type type = {.size = 13, .fixed = true};
  int x = x_of(node->level) + 8;
  if (found == NULL)
    return;
  if (node->level != 0) {
    const struct fm_page_table_meta *meta =
        (const struct fm_page_table_meta *)(const void *)fm_slot_at(found->frame)->storage;
    sim_picture_text(picture, x, y + 38, type, "%u entr%s used", meta->nr_children,
                     meta->nr_children == 1 ? "y" : "ies");
    return;
  }
  uint64_t pte = found->pte.raw;
  (void)view;
  sim_picture_text(
      picture, x, y + 38, type, "%c%c%c%s%s", (pte & FM_PTE_PRESENT) != 0 ? 'r' : '-',
      (pte & FM_PTE_WRITABLE) != 0 ? 'w' : '-', (pte & FM_PTE_NO_EXECUTE) != 0 ? '-' : 'x',
      (pte & FM_PTE_ACCESSED) != 0 ? " accessed" : "", (pte & FM_PTE_DIRTY) != 0 ? " dirty" : "");
}

/* The table above that covers it. */
static bool covers(const struct sim_survey_node *table, const struct sim_survey_node *node)
{
  if (table->level <= node->level)
    return false;
  if (table->level == FM_PT_LEVELS)
    return true;
  uint64_t size = fm_pt_page_size(table->level + 1);
  return node->va >= table->va && node->va - table->va < size;
}

/* Rows: a page has its own, a table stands in that of its first page. */
struct place {
  struct sim_survey_node node;
  int y;
  guint parent; /* index of it; its own: none */
};

static GArray *place_nodes(const struct sim_survey_process *process, guint *ret_rows,
                           guint *ret_left)
{
  GArray *places = g_array_new(FALSE, FALSE, sizeof(struct place));
  guint rows = 0;
  uint32_t before = FM_PT_LEVELS + 1;
  *ret_left = 0;
  for (guint i = 0; i < process->nodes->len; i++) {
    struct place place = {g_array_index(process->nodes, struct sim_survey_node, i), 0, i};
    /* What is not deeper than the one before begins a row of its own. */
    if (places->len != 0 && place.node.level >= before)
      rows++;
    if (rows >= ROWS_MAX) {
      *ret_left += place.node.level == 0;
      continue;
    }
    before = place.node.level;
    place.y = SIM_PICTURE_TOP + 56 + (int)rows * ROW_STEP;
    place.parent = places->len;
    for (guint k = places->len; k > 0; k--)
      if (covers(&g_array_index(places, struct place, k - 1).node, &place.node)) {
        place.parent = k - 1;
        break;
      }
    g_array_append_val(places, place);
  }
  *ret_rows = MIN(rows + 1, ROWS_MAX);
  return places;
}

static void draw_edge(sim_picture *picture, const struct place *parent, const struct place *place)
{
  struct sim_look look = {.stroke = SIM_INK_TEXT, .width = 2};
  uint32_t level = parent->node.level;
  int x = x_of(level) + NODE_W;
  int to_x = x_of(place->node.level);
  int mid = to_x - 34;
  int from_y = parent->y + NODE_H / 2;
  int to_y = place->y + NODE_H / 2;
  guint index = (guint)(place->node.va / fm_pt_page_size(level) % FM_PT_ENTRIES);
  if (from_y != to_y) {
    sim_picture_line(picture, x, from_y, mid - 8, from_y, false, look);
    sim_picture_line(picture, mid - 8, from_y, mid - 8, to_y, false, look);
    sim_picture_line(picture, mid - 8, to_y, to_x, to_y, true, look);
  } else {
    sim_picture_line(picture, x, from_y, to_x, to_y, true, look);
  }
  sim_picture_text(picture, to_x - 4, to_y - 6,
                   (struct sim_type){.size = 13, .anchor = SIM_ANCHOR_END, .fixed = true}, "[%u]",
                   index);
}

static void draw_heads(sim_picture *picture)
{
  static const char *const heads[] = {"level 4 (root)", "level 3", "level 2", "level 1", "pages"};
  for (uint32_t i = 0; i < G_N_ELEMENTS(heads); i++)
    sim_picture_text(picture, x_of(FM_PT_LEVELS - i), SIM_PICTURE_TOP + 22,
                     (struct sim_type){.size = 17, .bold = true}, "%s", heads[i]);
}

static void draw_all(sim_picture *picture, const struct sim_view *view, const GArray *places,
                     const GArray *all)
{
  for (guint i = 0; i < places->len; i++) {
    const struct place *place = &g_array_index(places, struct place, i);
    if (place->parent != i && look_up(all, &place->node) != NULL)
      draw_edge(picture, &g_array_index(places, struct place, place->parent), place);
  }
  for (guint i = 0; i < places->len; i++) {
    const struct place *place = &g_array_index(places, struct place, i);
    const struct found *found = look_up(all, &place->node);
    draw_node(picture, view, &place->node, found, place->y);
    draw_detail(picture, view, &place->node, found, place->y);
    if (place->node.level == 0)
      sim_picture_text(picture, x_of(0), place->y - 2,
                       (struct sim_type){.size = 12, .ink = SIM_INK_FAINT, .fixed = true},
                       "at 0x%" PRIx64, place->node.va);
  }
}

sim_picture *sim_draw_tables(const struct sim_view *view, const struct sim_survey_process *process,
                             fm_paddr root, GError **error)
{
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct found));
  guint rows;
  guint left;
  (void)error;
  if (root.raw != 0) {
    struct found top = {0, FM_PT_LEVELS, root, {0}};
    g_array_append_val(all, top);
    sim_pagemap_each(view->machine, root, take, all);
  }
  g_autoptr(GArray) places = place_nodes(process, &rows, &left);
  g_autofree char *title = g_strdup_printf("The page tables of process %s", process->name);
  sim_picture *picture = sim_picture_new(view->title != NULL ? view->title : title, view->caption);
  draw_heads(picture);
  draw_all(picture, view, places, all);
  int y = SIM_PICTURE_TOP + 56 + (int)rows * ROW_STEP + 16;
  if (left != 0)
    sim_picture_text(picture, SIM_PICTURE_MARGIN, y, (struct sim_type){.size = 15},
                     "%u pages more are not shown", left);
  sim_picture_text(
      picture, SIM_PICTURE_MARGIN, y + 22, (struct sim_type){.size = 14},
      "A box is a frame, with its physical address and its count: green ones are tables, "
      "the others pages.  [n] is the entry that leads to it.");
  sim_draw_legend(picture, SIM_PICTURE_MARGIN, y + 40);
  picture->height = y + 90;
  return picture;
}
