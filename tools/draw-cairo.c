/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/draw-cairo.h"

#include <cairo-pdf.h>
#include <cairo.h>
#include <math.h>

#define ARROW_LENGTH 12.0
#define ARROW_WIDTH  5.0

static void set_ink(cairo_t *cr, enum sim_ink ink)
{
  guint64 rgb = g_ascii_strtoull(sim_ink_colour(ink) + 1, NULL, 16);
  cairo_set_source_rgb(cr, (double)(rgb >> 16 & 0xff) / 255, (double)(rgb >> 8 & 0xff) / 255,
                       (double)(rgb & 0xff) / 255);
}

static void stroke(cairo_t *cr, const struct sim_look *look)
{
  static const double dashes[] = {6, 4};
  if (look->stroke == SIM_INK_NONE) {
    cairo_new_path(cr);
    return;
  }
  set_ink(cr, look->stroke);
  cairo_set_line_width(cr, MAX(look->width, 1));
  cairo_set_dash(cr, dashes, look->dashed ? 2 : 0, 0);
  cairo_stroke(cr);
}

static void rect_path(cairo_t *cr, const struct sim_shape *shape)
{
  double r = shape->radius;
  double right = shape->x + shape->w;
  double bottom = shape->y + shape->h;
  if (shape->radius == 0) {
    cairo_rectangle(cr, shape->x, shape->y, shape->w, shape->h);
    return;
  }
  cairo_new_sub_path(cr);
  cairo_arc(cr, right - r, shape->y + r, r, -G_PI_2, 0);
  cairo_arc(cr, right - r, bottom - r, r, 0, G_PI_2);
  cairo_arc(cr, shape->x + r, bottom - r, r, G_PI_2, G_PI);
  cairo_arc(cr, shape->x + r, shape->y + r, r, G_PI, 3 * G_PI_2);
  cairo_close_path(cr);
}

/* Lines of a pattern over the box that the clip lets through; they start at multiples of
 * its size, as in SVG. */
static void draw_pattern(cairo_t *cr, const struct sim_shape *shape)
{
  enum sim_pattern pattern = shape->look.pattern;
  int left = shape->x - shape->x % SIM_PATTERN_SIZE;
  int top = shape->y - shape->y % SIM_PATTERN_SIZE;
  cairo_set_source_rgba(cr, 0.07, 0.07, 0.07, pattern == SIM_PATTERN_DOTS ? 1 : 0.55);
  cairo_set_line_width(cr, 1);
  cairo_set_dash(cr, NULL, 0, 0);
  for (int y = top; y < shape->y + shape->h; y += SIM_PATTERN_SIZE)
    for (int x = left; x < shape->x + shape->w; x += SIM_PATTERN_SIZE) {
      if (pattern == SIM_PATTERN_DOTS) {
        cairo_arc(cr, x + 4, y + 4, 1.2, 0, 2 * G_PI);
        cairo_fill(cr);
      }
      if (pattern == SIM_PATTERN_HATCH || pattern == SIM_PATTERN_CROSS) {
        cairo_move_to(cr, x, y + SIM_PATTERN_SIZE);
        cairo_line_to(cr, x + SIM_PATTERN_SIZE, y);
      }
      if (pattern == SIM_PATTERN_FALL || pattern == SIM_PATTERN_CROSS) {
        cairo_move_to(cr, x, y);
        cairo_line_to(cr, x + SIM_PATTERN_SIZE, y + SIM_PATTERN_SIZE);
      }
    }
  cairo_stroke(cr);
}

static void draw_rect(cairo_t *cr, const struct sim_shape *shape)
{
  if (shape->look.fill != SIM_INK_NONE) {
    rect_path(cr, shape);
    set_ink(cr, shape->look.fill);
    cairo_fill(cr);
  }
  if (shape->look.pattern != SIM_PATTERN_NONE) {
    cairo_save(cr);
    rect_path(cr, shape);
    cairo_clip(cr);
    draw_pattern(cr, shape);
    cairo_restore(cr);
  }
  rect_path(cr, shape);
  stroke(cr, &shape->look);
}

static void draw_arrow(cairo_t *cr, const struct sim_shape *shape)
{
  double dx = shape->w - shape->cx;
  double dy = shape->h - shape->cy;
  double length = sqrt(dx * dx + dy * dy);
  if (length < 1)
    return;
  dx /= length;
  dy /= length;
  cairo_move_to(cr, shape->w, shape->h);
  cairo_line_to(cr, shape->w - ARROW_LENGTH * dx + ARROW_WIDTH * dy,
                shape->h - ARROW_LENGTH * dy - ARROW_WIDTH * dx);
  cairo_line_to(cr, shape->w - ARROW_LENGTH * dx - ARROW_WIDTH * dy,
                shape->h - ARROW_LENGTH * dy + ARROW_WIDTH * dx);
  cairo_close_path(cr);
  set_ink(cr, shape->look.stroke);
  cairo_fill(cr);
}

/* A curve of one control point, as one of the two that cairo wants. */
static void draw_line(cairo_t *cr, const struct sim_shape *shape)
{
  cairo_move_to(cr, shape->x, shape->y);
  if (shape->kind == SIM_SHAPE_LINE)
    cairo_line_to(cr, shape->w, shape->h);
  else
    cairo_curve_to(cr, shape->x + 2.0 / 3 * (shape->cx - shape->x),
                   shape->y + 2.0 / 3 * (shape->cy - shape->y),
                   shape->w + 2.0 / 3 * (shape->cx - shape->w),
                   shape->h + 2.0 / 3 * (shape->cy - shape->h), shape->w, shape->h);
  stroke(cr, &shape->look);
  if (shape->arrow)
    draw_arrow(cr, shape);
}

static void draw_text(cairo_t *cr, const struct sim_shape *shape)
{
  cairo_text_extents_t extents;
  const char *family = shape->type.fixed ? "DejaVu Sans Mono" : "DejaVu Sans";
  double x = shape->x;
  cairo_select_font_face(cr, family, CAIRO_FONT_SLANT_NORMAL,
                         shape->type.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cr, shape->type.size);
  cairo_text_extents(cr, shape->text, &extents);
  if (shape->type.anchor != SIM_ANCHOR_START)
    x -= shape->type.anchor == SIM_ANCHOR_MIDDLE ? extents.x_advance / 2 : extents.x_advance;
  /* Paper around the letters, so that patterns do not disturb them. */
  cairo_move_to(cr, x, shape->y);
  cairo_text_path(cr, shape->text);
  cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
  stroke(cr, &(struct sim_look){.stroke = SIM_INK_PAPER, .width = 3});
  cairo_set_line_join(cr, CAIRO_LINE_JOIN_MITER);
  cairo_move_to(cr, x, shape->y);
  set_ink(cr, shape->type.ink);
  cairo_show_text(cr, shape->text);
}

static void draw_shapes(cairo_t *cr, const sim_picture *picture)
{
  set_ink(cr, SIM_INK_PAPER);
  cairo_paint(cr);
  for (guint i = 0; i < picture->shapes->len; i++) {
    const struct sim_shape *shape = &g_array_index(picture->shapes, struct sim_shape, i);
    if (shape->kind == SIM_SHAPE_RECT)
      draw_rect(cr, shape);
    else if (shape->kind == SIM_SHAPE_LINE || shape->kind == SIM_SHAPE_CURVE)
      draw_line(cr, shape);
    else if (shape->kind == SIM_SHAPE_TEXT)
      draw_text(cr, shape);
  }
}

static cairo_status_t put(void *closure, const unsigned char *bytes, unsigned int size)
{
  return fwrite(bytes, 1, size, closure) == size ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* The same picture is the same file, so it has no date of its own. */
static cairo_surface_t *new_page(const sim_picture *picture, FILE *file)
{
  cairo_surface_t *surface =
      cairo_pdf_surface_create_for_stream(put, file, picture->width, picture->height);
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, picture->title);
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
  return surface;
}

const char *draw_with_cairo(const sim_picture *picture, enum draw_form form, int scale, FILE *file)
{
  cairo_surface_t *surface =
      form == DRAW_PDF ? new_page(picture, file)
                       : cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture->width * scale,
                                                    picture->height * scale);
  cairo_t *cr = cairo_create(surface);
  if (form == DRAW_PNG)
    cairo_scale(cr, scale, scale);
  draw_shapes(cr, picture);
  cairo_status_t status = cairo_status(cr);
  cairo_destroy(cr);
  if (status == CAIRO_STATUS_SUCCESS && form == DRAW_PNG)
    status = cairo_surface_write_to_png_stream(surface, put, file);
  cairo_surface_finish(surface);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_status(surface);
  cairo_surface_destroy(surface);
  return status == CAIRO_STATUS_SUCCESS ? NULL : cairo_status_to_string(status);
}
