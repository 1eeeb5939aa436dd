/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/draw/svg.h"

/* What may stand in XML: controls may not, even as references. */
static void append_escaped(GString *out, const char *text)
{
  g_autofree char *clean = g_strdup(text);
  for (char *c = clean; *c != '\0'; c++)
    if ((unsigned char)*c < ' ')
      *c = ' ';
  g_autofree char *escaped = g_markup_escape_text(clean, -1);
  g_string_append(out, escaped);
}

static const char *const pattern_names[SIM_PATTERNS] = {
    [SIM_PATTERN_NONE] = "none",   [SIM_PATTERN_HATCH] = "hatch", [SIM_PATTERN_FALL] = "fall",
    [SIM_PATTERN_CROSS] = "cross", [SIM_PATTERN_DOTS] = "dots",
};

static void append_patterns(GString *out)
{
  static const char *const bodies[SIM_PATTERNS] = {
      [SIM_PATTERN_HATCH] = "<path d=\"M-2,2 L2,-2 M0,8 L8,0 M6,10 L10,6\" class=\"p\"/>",
      [SIM_PATTERN_FALL] = "<path d=\"M-2,6 L2,10 M0,0 L8,8 M6,-2 L10,2\" class=\"p\"/>",
      [SIM_PATTERN_CROSS] = "<path d=\"M0,8 L8,0 M0,0 L8,8\" class=\"p\"/>",
      [SIM_PATTERN_DOTS] = "<circle cx=\"4\" cy=\"4\" r=\"1.2\" fill=\"#111111\"/>",
  };
  for (int i = SIM_PATTERN_NONE + 1; i < SIM_PATTERNS; i++)
    g_string_append_printf(out,
                           "<pattern id=\"%s\" width=\"%d\" height=\"%d\" "
                           "patternUnits=\"userSpaceOnUse\">%s</pattern>\n",
                           pattern_names[i], SIM_PATTERN_SIZE, SIM_PATTERN_SIZE, bodies[i]);
}

/* One arrow head for each ink: markers do not inherit the colour of their line. */
static void append_arrows(GString *out)
{
  for (int i = SIM_INK_TEXT; i < SIM_INKS; i++)
    g_string_append_printf(out,
                           "<marker id=\"arrow%d\" viewBox=\"0 0 12 10\" refX=\"11\" refY=\"5\" "
                           "markerWidth=\"12\" markerHeight=\"10\" "
                           "markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
                           "<path d=\"M0,0 L12,5 L0,10 z\" fill=\"%s\"/></marker>\n",
                           i, sim_ink_colour((enum sim_ink)i));
}

static void append_head(GString *out, const sim_picture *picture)
{
  g_string_append_printf(out,
                         "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                         "viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"title desc\">\n"
                         "<title id=\"title\">",
                         picture->width, picture->height, picture->width, picture->height);
  append_escaped(out, picture->title);
  g_string_append(out, "</title>\n<desc id=\"desc\">");
  append_escaped(out, picture->desc);
  g_string_append(out, "</desc>\n<style>text{font-family:'DejaVu Sans',Verdana,sans-serif;"
                       "paint-order:stroke;stroke:#ffffff;stroke-width:3px;stroke-linejoin:round}"
                       ".f{font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace}"
                       ".b{font-weight:bold}.p{stroke:#111111;stroke-width:1;opacity:0.55}"
                       "</style>\n<defs>\n");
  append_patterns(out);
  append_arrows(out);
  g_string_append_printf(out, "</defs>\n<rect width=\"%d\" height=\"%d\" fill=\"%s\"/>\n",
                         picture->width, picture->height, sim_ink_colour(SIM_INK_PAPER));
}

static void append_stroke(GString *out, const struct sim_look *look)
{
  if (look->stroke == SIM_INK_NONE)
    return;
  g_string_append_printf(out, " stroke=\"%s\" stroke-width=\"%d\"", sim_ink_colour(look->stroke),
                         MAX(look->width, 1));
  if (look->dashed)
    g_string_append(out, " stroke-dasharray=\"6 4\"");
}

static void append_box(GString *out, const struct sim_shape *shape)
{
  g_string_append_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"", shape->x,
                         shape->y, shape->w, shape->h);
  if (shape->radius != 0)
    g_string_append_printf(out, " rx=\"%d\"", shape->radius);
}

static void append_rect(GString *out, const struct sim_shape *shape)
{
  append_box(out, shape);
  g_string_append_printf(out, " fill=\"%s\"", sim_ink_colour(shape->look.fill));
  append_stroke(out, &shape->look);
  g_string_append(out, "/>\n");
  if (shape->look.pattern == SIM_PATTERN_NONE)
    return;
  append_box(out, shape);
  g_string_append_printf(out, " fill=\"url(#%s)\"/>\n", pattern_names[shape->look.pattern]);
}

static void append_line(GString *out, const struct sim_shape *shape)
{
  if (shape->kind == SIM_SHAPE_LINE)
    g_string_append_printf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"", shape->x, shape->y,
                           shape->w, shape->h);
  else
    g_string_append_printf(out, "<path d=\"M%d,%d Q%d,%d %d,%d\" fill=\"none\"", shape->x, shape->y,
                           shape->cx, shape->cy, shape->w, shape->h);
  append_stroke(out, &shape->look);
  if (shape->arrow)
    g_string_append_printf(out, " marker-end=\"url(#arrow%d)\"", (int)shape->look.stroke);
  g_string_append(out, "/>\n");
}

static void append_text(GString *out, const struct sim_shape *shape)
{
  static const char *const anchors[] = {"start", "middle", "end"};
  g_string_append_printf(out, "<text x=\"%d\" y=\"%d\" font-size=\"%d\" fill=\"%s\"", shape->x,
                         shape->y, shape->type.size, sim_ink_colour(shape->type.ink));
  if (shape->type.anchor != SIM_ANCHOR_START)
    g_string_append_printf(out, " text-anchor=\"%s\"", anchors[shape->type.anchor]);
  if (shape->type.fixed || shape->type.bold)
    g_string_append_printf(out, " class=\"%s%s%s\"", shape->type.fixed ? "f" : "",
                           shape->type.fixed && shape->type.bold ? " " : "",
                           shape->type.bold ? "b" : "");
  g_string_append(out, " xml:space=\"preserve\">");
  append_escaped(out, shape->text);
  g_string_append(out, "</text>\n");
}

static void append_shape(GString *out, const struct sim_shape *shape)
{
  switch (shape->kind) {
  case SIM_SHAPE_BEGIN:
    g_string_append(out, "<g id=\"");
    append_escaped(out, shape->text);
    g_string_append(out, "\"><title>");
    append_escaped(out, shape->title);
    g_string_append(out, "</title>\n");
    return;
  case SIM_SHAPE_END:
    g_string_append(out, "</g>\n");
    return;
  case SIM_SHAPE_RECT:
    append_rect(out, shape);
    return;
  case SIM_SHAPE_LINE:
  case SIM_SHAPE_CURVE:
    append_line(out, shape);
    return;
  case SIM_SHAPE_TEXT:
    append_text(out, shape);
    return;
  }
}

char *sim_picture_to_svg(const sim_picture *picture)
{
  GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  append_head(out, picture);
  for (guint i = 0; i < picture->shapes->len; i++)
    append_shape(out, &g_array_index(picture->shapes, struct sim_shape, i));
  g_string_append(out, "</svg>\n");
  return g_string_free(out, FALSE);
}
