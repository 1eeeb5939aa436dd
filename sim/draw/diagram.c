/* SPDX-License-Identifier: MPL-2.0 */
/* The states of a slot as a diagram. */
#include <inttypes.h>

#include "sim/draw/draw.h"
#include "sim/draw/states.h"
#include "sim/error.h"

#define BOX_W 230
#define BOX_H 96

static const struct {
  enum fm_count_state state;
  int x, y;
  const char *count;
} boxes[] = {
    {FM_STATE_UNUSED, 60, 200, "2^64-1"},           {FM_STATE_BUSY, 520, 200, "0"},
    {FM_STATE_SHARED, 980, 200, "1 .. 2^63-1"},     {FM_STATE_UNIQUE, 520, 470, "2^64-2"},
    {FM_STATE_ILLEGAL, 980, 510, "2^63 .. 2^64-3"},
};

/* From and to are points on the edges of boxes; the text stands at tx, ty. */
static const struct {
  int x, y, to_x, to_y, over_x, over_y;
  const char *id, *text, *point;
  int tx, ty;
  enum sim_anchor anchor;
} arrows[] = {
    {290, 225, 520, 225, 0, 0, "claim-begins", "claim", "claim.cas", 405, 196, SIM_ANCHOR_MIDDLE},
    {520, 272, 290, 272, 0, 0, "drop-ends", "drop or reset ends", "drop.unused", 405, 296,
     SIM_ANCHOR_MIDDLE},
    {750, 225, 980, 225, 0, 0, "claim-ends", "claim ends", "claim.publish", 865, 196,
     SIM_ANCHOR_MIDDLE},
    {980, 272, 750, 272, 0, 0, "last-drop", "last drop", "drop.dec", 865, 296, SIM_ANCHOR_MIDDLE},
    {1060, 200, 1130, 200, 1095, 110, "up", "clone, get: n+1; drop: n-1",
     "clone.inc, get.cas; drop.dec", 1095, 128, SIM_ANCHOR_MIDDLE},
    {1180, 296, 1180, 510, 0, 0, "overflow", "one too many", "the machine ends", 1166, 372,
     SIM_ANCHOR_END},
    {600, 296, 600, 470, 0, 0, "unique-claim", "claim ends (unique)", "claim.publish", 588, 380,
     SIM_ANCHOR_END},
    {670, 470, 670, 296, 0, 0, "unique-drop", "drop, reset", "unique.zero, reset.zero", 682, 345,
     SIM_ANCHOR_START},
    {1000, 296, 750, 492, 0, 0, "to-unique", "unique, if n is 1", "unique.cas", 836, 405,
     SIM_ANCHOR_END},
    {750, 540, 1060, 296, 0, 0, "to-shared", "shared", "unique.publish", 905, 452,
     SIM_ANCHOR_START},
};

static void draw_arrow(sim_picture *picture, gsize i)
{
  struct sim_look look = {.stroke = SIM_INK_TEXT, .width = 2};
  g_autofree char *title = g_strdup_printf("%s (%s)", arrows[i].text, arrows[i].point);
  sim_picture_begin(picture, arrows[i].id, title);
  if (arrows[i].over_x != 0)
    sim_picture_curve(picture, arrows[i].x, arrows[i].y, arrows[i].to_x, arrows[i].to_y,
                      arrows[i].over_x, arrows[i].over_y, true, look);
  else
    sim_picture_line(picture, arrows[i].x, arrows[i].y, arrows[i].to_x, arrows[i].to_y, true, look);
  struct sim_type type = {.size = 17, .anchor = arrows[i].anchor, .bold = true};
  sim_picture_text(picture, arrows[i].tx, arrows[i].ty, type, "%s", arrows[i].text);
  type = (struct sim_type){.size = 14, .anchor = arrows[i].anchor, .fixed = true};
  sim_picture_text(picture, arrows[i].tx, arrows[i].ty + 18, type, "%s", arrows[i].point);
  sim_picture_end(picture);
}

static void draw_box(sim_picture *picture, gsize i, bool here, uint64_t count)
{
  int x = boxes[i].x;
  int y = boxes[i].y;
  const char *name = fm_count_state_name(boxes[i].state);
  struct sim_type type = {.size = 24, .anchor = SIM_ANCHOR_MIDDLE, .bold = true};
  g_autofree char *title = g_strdup_printf("%s%s", name, here ? ": the frame is here" : "");
  sim_picture_begin(picture, name, title);
  sim_picture_round(picture, x, y, BOX_W, BOX_H, 12, sim_state_look(boxes[i].state));
  sim_picture_text(picture, x + BOX_W / 2, y + 40, type, "%s", name);
  type = (struct sim_type){.size = 17, .anchor = SIM_ANCHOR_MIDDLE, .fixed = true};
  if (here && boxes[i].state == FM_STATE_SHARED)
    sim_picture_text(picture, x + BOX_W / 2, y + 70, type, "count %" PRIu64, count);
  else
    sim_picture_text(picture, x + BOX_W / 2, y + 70, type, "%s", boxes[i].count);
  sim_picture_end(picture);
}

sim_picture *sim_draw_states(const struct sim_view *view, GError **error)
{
  struct fm_slot_view slot = {0};
  if (view->frame_given) {
    const struct fm_kernel *kernel = sim_machine_kernel(view->machine);
    if (!fm_is_page_aligned(view->frame) || view->frame >= kernel->max_paddr) {
      g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                  "0x%" PRIx64 " has no slot: it is no multiple of 4096, or not below 0x%" PRIx64,
                  view->frame, kernel->max_paddr);
      return NULL;
    }
    fm_slot_view(kernel, fm_slot_at(fm_paddr_of(view->frame)), &slot);
  }
  g_autofree char *title = view->frame_given
                               ? g_strdup_printf("The state of frame 0x%" PRIx64, view->frame)
                               : g_strdup("The states of a slot");
  sim_picture *picture = sim_picture_new(view->title != NULL ? view->title : title, view->caption);
  for (gsize i = 0; view->frame_given && i < G_N_ELEMENTS(boxes); i++)
    if (boxes[i].state == slot.state)
      sim_picture_round(picture, boxes[i].x - 9, boxes[i].y - 9, BOX_W + 18, BOX_H + 18, 18,
                        (struct sim_look){.stroke = SIM_INK_MARK, .width = 7});
  for (gsize i = 0; i < G_N_ELEMENTS(arrows); i++)
    draw_arrow(picture, i);
  for (gsize i = 0; i < G_N_ELEMENTS(boxes); i++)
    draw_box(picture, i, view->frame_given && boxes[i].state == slot.state, slot.ref_count);
  sim_picture_text(picture, SIM_PICTURE_MARGIN, 640, (struct sim_type){.size = 15, .fixed = true},
                   "Below each state: the count that means it.  At each arrow: the operation, and "
                   "the access that takes it.");
  picture->height = 680;
  return picture;
}
