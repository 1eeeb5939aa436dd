/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A picture as a list of shapes, for whatever can put shapes on paper: sim/draw/svg.h writes
 * them as text, tools/draw-cairo.c as pixels or PDF.
 *
 * Units are pixels of a picture that is SIM_PICTURE_WIDTH wide, as whole numbers, so that the
 * same shapes come out everywhere; y grows downwards and a text stands on its y.  Inks are
 * named by what they mean.  A pattern says the same as the ink, for prints, projectors and
 * eyes that do not tell colours apart.
 *
 * Shapes between sim_picture_begin() and sim_picture_end() are one thing with a stable id and
 * a title, which a screen reader says and a browser shows; groups may nest.
 *
 * One thread; a picture owns all it is given.
 */
#ifndef SIM_DRAW_PICTURE_H
#define SIM_DRAW_PICTURE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SIM_PICTURE_WIDTH  1280
#define SIM_PICTURE_MARGIN 40

enum sim_ink {
  SIM_INK_NONE,
  SIM_INK_PAPER,
  SIM_INK_TEXT,
  SIM_INK_FAINT, /* what is there, but not looked at */
  SIM_INK_PALE,  /* a ground to stand on */
  SIM_INK_BUSY,
  SIM_INK_SHARED,
  SIM_INK_UNIQUE,
  SIM_INK_ILLEGAL,
  SIM_INK_TABLE,
  SIM_INK_MARK, /* look here */
  SIM_INK_OTHER,
  SIM_INKS,
};

enum sim_pattern {
  SIM_PATTERN_NONE,
  SIM_PATTERN_HATCH, /* lines that rise */
  SIM_PATTERN_FALL,  /* lines that fall */
  SIM_PATTERN_CROSS, /* both */
  SIM_PATTERN_DOTS,
  SIM_PATTERNS,
};

/* The distance of a pattern's lines or dots. */
#define SIM_PATTERN_SIZE 8

struct sim_look {
  enum sim_ink fill;
  enum sim_pattern pattern;
  enum sim_ink stroke;
  int width; /* of the stroke */
  bool dashed;
};

enum sim_anchor { SIM_ANCHOR_START, SIM_ANCHOR_MIDDLE, SIM_ANCHOR_END };

/* Letters of the fixed kind are SIM_FIXED_WIDTH(size) wide. */
struct sim_type {
  int size;
  enum sim_anchor anchor;
  enum sim_ink ink; /* SIM_INK_NONE: SIM_INK_TEXT */
  bool fixed;
  bool bold;
};

#define SIM_FIXED_WIDTH(size) ((size)*602 / 1000)

enum sim_shape_kind {
  SIM_SHAPE_BEGIN, /* text: id; title */
  SIM_SHAPE_END,
  SIM_SHAPE_RECT,  /* x, y, w, h, look; radius */
  SIM_SHAPE_LINE,  /* from x, y to w, h */
  SIM_SHAPE_CURVE, /* the same, bent towards cx, cy */
  SIM_SHAPE_TEXT,  /* x, y, type; text */
};

struct sim_shape {
  enum sim_shape_kind kind;
  int x, y, w, h;
  int cx, cy;
  int radius;
  bool arrow; /* at the end of a line or curve */
  struct sim_look look;
  struct sim_type type;
  char *text;
  char *title;
};

typedef struct sim_picture {
  int width;
  int height;
  char *title;
  char *desc;
  GArray *shapes; /* struct sim_shape */
} sim_picture;

/* With the title and, below it, a caption; the height is to be set at the end. */
sim_picture *sim_picture_new(const char *title, const char *caption);
sim_picture *sim_picture_free(sim_picture *picture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_picture, sim_picture_free)

/* Where what comes below the title and the caption begins. */
#define SIM_PICTURE_TOP 100

void sim_picture_begin(sim_picture *picture, const char *id, const char *title);
void sim_picture_end(sim_picture *picture);
void sim_picture_rect(sim_picture *picture, int x, int y, int w, int h, struct sim_look look);
void sim_picture_round(sim_picture *picture, int x, int y, int w, int h, int radius,
                       struct sim_look look);
void sim_picture_line(sim_picture *picture, int x, int y, int to_x, int to_y, bool arrow,
                      struct sim_look look);
void sim_picture_curve(sim_picture *picture, int x, int y, int to_x, int to_y, int over_x,
                       int over_y, bool arrow, struct sim_look look);
void sim_picture_text(sim_picture *picture, int x, int y, struct sim_type type, const char *format,
                      ...) G_GNUC_PRINTF(5, 6);

/* "#rrggbb" of an ink; "none". */
const char *sim_ink_colour(enum sim_ink ink);

#endif
