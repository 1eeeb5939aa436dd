/* SPDX-License-Identifier: MPL-2.0 */
/* The strip of physical memory. */
#include <inttypes.h>

#include "sim/draw/draw.h"
#include "sim/draw/states.h"
#include "sim/error.h"
#include "sim/summary.h"

#define ROW_FRAMES 16u
#define ROWS_MAX   12u
#define CELL_W     66
#define CELL_H     46
#define ROW_STEP   52
#define GAP_STEP   18
#define CELLS_X    200
#define BAR_CELLS  300u
#define BAR_CELL   4
#define BAR_H      34

/* ---- All of memory ---- */

/* What most of the frames of a piece are; ties go to what is in use. */
static enum fm_count_state main_state(const sim_summary *summary, guint *at, uint64_t first,
                                      uint64_t end)
{
  uint64_t counts[FM_STATE_ILLEGAL + 1] = {0};
  while (*at < summary->runs->len) {
    const struct sim_frame_run *run = &g_array_index(summary->runs, struct sim_frame_run, *at);
    uint64_t run_end = run->first + run->frames;
    if (run->first >= end)
      break;
    counts[fm_count_state(run->count)] += MIN(end, run_end) - MAX(first, run->first);
    if (run_end > end)
      break;
    (*at)++;
  }
  enum fm_count_state best = FM_STATE_UNUSED;
  for (int state = FM_STATE_UNUSED; state <= FM_STATE_ILLEGAL; state++)
    if (counts[state] != 0 && counts[state] >= counts[best])
      best = (enum fm_count_state)state;
  return best;
}

static void draw_bar(sim_picture *picture, const sim_summary *summary, int y)
{
  uint64_t frames = summary->max_paddr / FM_PAGE_SIZE;
  struct sim_type small = {.size = 13, .fixed = true};
  guint at = 0;
  int x = SIM_PICTURE_MARGIN;
  sim_picture_begin(picture, "memory", "All of physical memory");
  for (uint64_t i = 0, from = 0; i < BAR_CELLS; i++) {
    uint64_t end = (i + 1) * frames / BAR_CELLS;
    enum fm_count_state state = main_state(summary, &at, from, MAX(end, from));
    struct sim_look look = sim_state_look(state);
    look.stroke = SIM_INK_NONE;
    if (state != FM_STATE_UNUSED && end > from)
      sim_picture_rect(picture, x + (int)i * BAR_CELL, y, BAR_CELL, BAR_H, look);
    from = end;
  }
  sim_picture_rect(picture, x, y, (int)BAR_CELLS * BAR_CELL, BAR_H,
                   (struct sim_look){.stroke = SIM_INK_TEXT});
  for (int quarter = 0; quarter <= 4; quarter++) {
    int mark = x + quarter * (int)BAR_CELLS * BAR_CELL / 4;
    small.anchor = quarter == 0   ? SIM_ANCHOR_START
                   : quarter == 4 ? SIM_ANCHOR_END
                                  : SIM_ANCHOR_MIDDLE;
    sim_picture_line(picture, mark, y + BAR_H, mark, y + BAR_H + 5, false,
                     (struct sim_look){.stroke = SIM_INK_TEXT});
    sim_picture_text(picture, mark, y + BAR_H + 18, small, "0x%" PRIx64,
                     summary->max_paddr / 4 * (uint64_t)quarter);
  }
  sim_picture_end(picture);
}

/* ---- Rows ---- */

/* Numbers of the first frames of the rows to show, ascending. */
static GArray *choose_rows(const struct sim_view *view)
{
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  if (view->range_given) {
    uint64_t first = view->start / FM_PAGE_SIZE / ROW_FRAMES * ROW_FRAMES;
    for (uint64_t nr = first; nr < view->end / FM_PAGE_SIZE; nr += ROW_FRAMES)
      g_array_append_val(rows, nr);
    return rows;
  }
  for (guint i = 0; i < view->survey->frames->len; i++) {
    uint64_t nr = g_array_index(view->survey->frames, uint64_t, i) / ROW_FRAMES * ROW_FRAMES;
    if (rows->len == 0 || g_array_index(rows, uint64_t, rows->len - 1) != nr)
      g_array_append_val(rows, nr);
  }
  return rows;
}

static void draw_row(sim_picture *picture, const struct sim_view *view, uint64_t first, int y)
{
  const struct fm_kernel *kernel = sim_machine_kernel(view->machine);
  sim_picture_text(picture, CELLS_X - 14, y + 29,
                   (struct sim_type){.size = 16, .anchor = SIM_ANCHOR_END, .fixed = true},
                   "0x%09" PRIx64, first * FM_PAGE_SIZE);
  for (uint64_t i = 0; i < ROW_FRAMES && first + i < kernel->nr_frames; i++) {
    fm_paddr frame = fm_paddr_of((first + i) * FM_PAGE_SIZE);
    struct fm_slot_view slot;
    fm_slot_view(kernel, fm_slot_at(frame), &slot);
    g_autofree char *letters = sim_state_letters(&slot);
    g_autofree char *id = g_strdup_printf("frame-0x%" PRIx64, frame.raw);
    g_autofree char *title = g_strdup_printf(
        "Frame 0x%" PRIx64 ": %s%s%s%s", frame.raw, fm_count_state_name(slot.state),
        slot.state == FM_STATE_SHARED ? letters + 1 : "", slot.vtable != NULL ? ", " : "",
        slot.vtable != NULL ? slot.vtable->name : "");
    sim_picture_begin(picture, id, title);
    sim_draw_frame(picture, CELLS_X + (int)i * CELL_W, y, CELL_W - 4, CELL_H, &slot);
    if (view->frame_given && view->frame == frame.raw)
      sim_picture_rect(picture, CELLS_X + (int)i * CELL_W - 3, y - 3, CELL_W + 2, CELL_H + 6,
                       (struct sim_look){.stroke = SIM_INK_MARK, .width = 4});
    sim_picture_end(picture);
  }
}

static int draw_rows(sim_picture *picture, const struct sim_view *view, const GArray *rows, int y)
{
  struct sim_type small = {
      .size = 13, .anchor = SIM_ANCHOR_MIDDLE, .ink = SIM_INK_FAINT, .fixed = true};
  uint64_t before = 0;
  for (guint i = 0; i < ROW_FRAMES; i++)
    sim_picture_text(picture, CELLS_X + (int)i * CELL_W + CELL_W / 2 - 2, y, small, "+0x%x000", i);
  y += 10;
  for (guint i = 0; i < MIN(rows->len, ROWS_MAX); i++) {
    uint64_t first = g_array_index(rows, uint64_t, i);
    if (i != 0 && first != before + ROW_FRAMES) {
      sim_picture_line(picture, CELLS_X, y + GAP_STEP / 2 - 4, CELLS_X + 16 * CELL_W - 4,
                       y + GAP_STEP / 2 - 4, false,
                       (struct sim_look){.stroke = SIM_INK_FAINT, .dashed = true});
      y += GAP_STEP;
    }
    draw_row(picture, view, first, y);
    y += ROW_STEP;
    before = first;
  }
  if (rows->len > ROWS_MAX)
    sim_picture_text(picture, CELLS_X, y + 18, (struct sim_type){.size = 15, .ink = SIM_INK_FAINT},
                     "and %u rows more of 16 frames, which are not shown", rows->len - ROWS_MAX);
  return y + (rows->len > ROWS_MAX ? 28 : 0);
}

sim_picture *sim_draw_strip(const struct sim_view *view, GError **error)
{
  g_autoptr(GArray) rows = choose_rows(view);
  g_autoptr(sim_summary) summary = sim_summary_new(view->machine);
  if (view->range_given && view->start >= summary->max_paddr) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                "no frame is at 0x%" PRIx64 ": memory ends at 0x%" PRIx64, view->start,
                summary->max_paddr);
    return NULL;
  }
  sim_picture *picture = sim_picture_new(
      view->title != NULL ? view->title : "The frames of physical memory", view->caption);
  int y = SIM_PICTURE_TOP;
  draw_bar(picture, summary, y);
  y += BAR_H + 56;
  if (rows->len == 0)
    sim_picture_text(picture, SIM_PICTURE_MARGIN, y, (struct sim_type){.size = 16},
                     "No frame is singled out here.");
  else
    y = draw_rows(picture, view, rows, y);
  sim_draw_legend(picture, SIM_PICTURE_MARGIN, y + 24);
  picture->height = y + 80;
  return picture;
}
