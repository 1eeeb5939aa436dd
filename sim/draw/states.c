/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/draw/states.h"

#include <inttypes.h>
#include <string.h>

static const struct sim_look looks[] = {
    [FM_STATE_UNUSED] = {.fill = SIM_INK_PAPER, .stroke = SIM_INK_FAINT, .dashed = true},
    [FM_STATE_BUSY] = {.fill = SIM_INK_BUSY,
                       .pattern = SIM_PATTERN_HATCH,
                       .stroke = SIM_INK_TEXT,
                       .width = 2},
    [FM_STATE_SHARED] = {.fill = SIM_INK_SHARED, .stroke = SIM_INK_TEXT, .width = 1},
    [FM_STATE_UNIQUE] = {.fill = SIM_INK_UNIQUE, .stroke = SIM_INK_TEXT, .width = 3},
    [FM_STATE_ILLEGAL] = {.fill = SIM_INK_ILLEGAL,
                          .pattern = SIM_PATTERN_CROSS,
                          .stroke = SIM_INK_TEXT,
                          .width = 3},
};

struct sim_look sim_state_look(enum fm_count_state state)
{
  return looks[state];
}

char *sim_state_letters(const struct fm_slot_view *view)
{
  static const char *const letters[] = {
      [FM_STATE_UNUSED] = "-", [FM_STATE_BUSY] = "B",    [FM_STATE_SHARED] = "S",
      [FM_STATE_UNIQUE] = "U", [FM_STATE_ILLEGAL] = "!",
  };
  if (view->state == FM_STATE_SHARED && view->ref_count < 10000)
    return g_strdup_printf("S%" PRIu64, view->ref_count);
  return g_strdup(letters[view->state]);
}

/* As it fits a narrow box. */
static const char *short_type(const struct fm_slot_view *view)
{
  return strcmp(view->vtable->name, "page-table") == 0 ? "table" : view->vtable->name;
}

void sim_draw_frame(sim_picture *picture, int x, int y, int w, int h,
                    const struct fm_slot_view *view)
{
  g_autofree char *letters = sim_state_letters(view);
  bool typed = view->vtable != NULL && h >= 40;
  struct sim_type type = {.size = w < 24    ? 11
                                  : h >= 40 ? 18
                                            : 14,
                          .anchor = SIM_ANCHOR_MIDDLE,
                          .ink = view->state == FM_STATE_UNUSED ? SIM_INK_FAINT : SIM_INK_TEXT,
                          .fixed = true,
                          .bold = true};
  sim_picture_rect(picture, x, y, w, h, looks[view->state]);
  /* A frame in the frame: one owner, nobody else. */
  if (view->state == FM_STATE_UNIQUE && w >= 24)
    sim_picture_rect(picture, x + 4, y + 4, w - 8, h - 8,
                     (struct sim_look){.stroke = SIM_INK_TEXT});
  sim_picture_text(picture, x + w / 2, typed ? y + h / 2 : y + h / 2 + type.size / 3, type, "%.*s",
                   w < 24 ? 1 : 8, letters);
  if (typed) {
    int room = w / SIM_FIXED_WIDTH(11);
    sim_picture_text(picture, x + w / 2, y + h - 8,
                     (struct sim_type){.size = 11, .anchor = SIM_ANCHOR_MIDDLE, .fixed = true},
                     "%.*s", room, short_type(view));
  }
}

void sim_draw_legend(sim_picture *picture, int x, int y)
{
  static const struct {
    enum fm_count_state state;
    uint64_t count;
    const char *text;
  } rows[] = {
      {FM_STATE_UNUSED, FM_COUNT_UNUSED, "unused"},
      {FM_STATE_BUSY, FM_COUNT_BUSY, "busy: being made or undone"},
      {FM_STATE_SHARED, 2, "shared, with its count"},
      {FM_STATE_UNIQUE, FM_COUNT_UNIQUE, "unique: one owner"},
      {FM_STATE_ILLEGAL, FM_COUNT_MAX + 1, "illegal"},
  };
  sim_picture_begin(picture, "legend", "Legend");
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct fm_slot_view view = {.state = rows[i].state, .ref_count = rows[i].count};
    sim_draw_frame(picture, x, y, 34, 26, &view);
    sim_picture_text(picture, x + 42, y + 18, (struct sim_type){.size = 14}, "%s", rows[i].text);
    x += 42 + 34 + (int)strlen(rows[i].text) * 8;
  }
  sim_picture_end(picture);
}
