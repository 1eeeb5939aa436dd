/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/draw/picture.h"

#include <stdarg.h>

/* The colours of Okabe and Ito, which those who see fewer colours tell apart, and greys. */
static const char *const colours[SIM_INKS] = {
    [SIM_INK_NONE] = "none",      [SIM_INK_PAPER] = "#ffffff",  [SIM_INK_TEXT] = "#111111",
    [SIM_INK_FAINT] = "#767676",  [SIM_INK_PALE] = "#eeeeee",   [SIM_INK_BUSY] = "#f0e442",
    [SIM_INK_SHARED] = "#56b4e9", [SIM_INK_UNIQUE] = "#e69f00", [SIM_INK_ILLEGAL] = "#d55e00",
    [SIM_INK_TABLE] = "#009e73",  [SIM_INK_MARK] = "#0072b2",   [SIM_INK_OTHER] = "#cc79a7",
};

const char *sim_ink_colour(enum sim_ink ink)
{
  return colours[ink];
}

static void clear_shape(gpointer data)
{
  struct sim_shape *shape = data;
  g_free(shape->text);
  g_free(shape->title);
}

sim_picture *sim_picture_new(const char *title, const char *caption)
{
  sim_picture *picture = g_new0(sim_picture, 1);
  picture->width = SIM_PICTURE_WIDTH;
  picture->title = g_strdup(title);
  picture->desc = g_strdup(caption);
  picture->shapes = g_array_new(FALSE, FALSE, sizeof(struct sim_shape));
  g_array_set_clear_func(picture->shapes, clear_shape);
  sim_picture_text(picture, SIM_PICTURE_MARGIN, 48, (struct sim_type){.size = 28, .bold = true},
                   "%s", title);
  sim_picture_text(picture, SIM_PICTURE_MARGIN, 76,
                   (struct sim_type){.size = 16, .ink = SIM_INK_FAINT, .fixed = true}, "%s",
                   caption);
  return picture;
}

sim_picture *sim_picture_free(sim_picture *picture)
{
  if (picture == NULL)
    return NULL;
  g_free(picture->title);
  g_free(picture->desc);
  g_array_unref(picture->shapes);
  g_free(picture);
  return NULL;
}

void sim_picture_begin(sim_picture *picture, const char *id, const char *title)
{
  struct sim_shape shape = {
      .kind = SIM_SHAPE_BEGIN, .text = g_strdup(id), .title = g_strdup(title)};
  g_array_append_val(picture->shapes, shape);
}

void sim_picture_end(sim_picture *picture)
{
  struct sim_shape shape = {.kind = SIM_SHAPE_END};
  g_array_append_val(picture->shapes, shape);
}

void sim_picture_rect(sim_picture *picture, int x, int y, int w, int h, struct sim_look look)
{
  sim_picture_round(picture, x, y, w, h, 0, look);
}

void sim_picture_round(sim_picture *picture, int x, int y, int w, int h, int radius,
                       struct sim_look look)
{
  struct sim_shape shape = {
      .kind = SIM_SHAPE_RECT, .x = x, .y = y, .w = w, .h = h, .radius = radius, .look = look};
  g_array_append_val(picture->shapes, shape);
}

void sim_picture_line(sim_picture *picture, int x, int y, int to_x, int to_y, bool arrow,
                      struct sim_look look)
{
  struct sim_shape shape = {.kind = SIM_SHAPE_LINE,
                            .x = x,
                            .y = y,
                            .w = to_x,
                            .h = to_y,
                            .cx = x,
                            .cy = y,
                            .arrow = arrow,
                            .look = look};
  g_array_append_val(picture->shapes, shape);
}

void sim_picture_curve(sim_picture *picture, int x, int y, int to_x, int to_y, int over_x,
                       int over_y, bool arrow, struct sim_look look)
{
  struct sim_shape shape = {.kind = SIM_SHAPE_CURVE,
                            .x = x,
                            .y = y,
                            .w = to_x,
                            .h = to_y,
                            .cx = over_x,
                            .cy = over_y,
                            .arrow = arrow,
                            .look = look};
  g_array_append_val(picture->shapes, shape);
}

void sim_picture_text(sim_picture *picture, int x, int y, struct sim_type type, const char *format,
                      ...)
{
  struct sim_shape shape = {.kind = SIM_SHAPE_TEXT, .x = x, .y = y, .type = type};
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  if (shape.type.ink == SIM_INK_NONE)
    shape.type.ink = SIM_INK_TEXT;
  shape.text = g_utf8_make_valid(text, -1);
  g_array_append_val(picture->shapes, shape);
}
