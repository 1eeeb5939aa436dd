/* SPDX-License-Identifier: MPL-2.0 */
/* Pictures: what an SVG holds, what a PNG shows, and that nothing moves between steps. */
#include <cairo.h>
#include <string.h>

#include "sim/draw/draw.h"
#include "sim/draw/stage.h"
#include "sim/draw/states.h"
#include "sim/draw/svg.h"
#include "tests/unit/run_support.h"
#include "tools/draw-cairo.h"

#define SCRIPT                                                                                     \
  "machine { ram 32M  kernel 2M 1M }\nboot\nprocess p\nmap p at 0x400000 size 8K\n"                \
  "write p at 0x400000 1\nfork p -> q\nwrite q at 0x401000 2\nexit q\nalloc -> f\nexit p\ndrop f"

/* ---- SVG ---- */

struct seen {
  GHashTable *ids;
  guint groups;
  guint titles;
  gboolean twice;
};

static void on_start(GMarkupParseContext *context, const char *element, const char **names,
                     const char **values, gpointer data, GError **error)
{
  struct seen *seen = data;
  (void)context;
  (void)error;
  seen->groups += strcmp(element, "g") == 0;
  seen->titles += strcmp(element, "title") == 0;
  for (guint i = 0; names[i] != NULL; i++)
    if (strcmp(names[i], "id") == 0 && !g_hash_table_add(seen->ids, g_strdup(values[i])))
      seen->twice = TRUE;
}

static struct seen must_parse(const sim_picture *picture)
{
  static const GMarkupParser parser = {.start_element = on_start};
  struct seen seen = {.ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
  g_autofree char *text = sim_picture_to_svg(picture);
  g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, &seen, NULL);
  ck_assert(g_markup_parse_context_parse(context, text, -1, NULL));
  ck_assert(g_markup_parse_context_end_parse(context, NULL));
  ck_assert(!seen.twice);
  return seen;
}

START_TEST(test_text_of_others_is_text_in_svg)
{
  g_autoptr(sim_picture) picture = sim_picture_new("a < b & \"c\"", "line\nend \x01");
  sim_picture_begin(picture, "one", "x > y");
  sim_picture_text(picture, 1, 2, (struct sim_type){.size = 10}, "<script>%s", "\xff");
  sim_picture_end(picture);
  picture->height = 100;
  struct seen seen = must_parse(picture);
  ck_assert(g_hash_table_contains(seen.ids, "one"));
  ck_assert_uint_eq(seen.groups, 1);
  ck_assert_uint_eq(seen.titles, 2); /* its own, and that of the group */
  g_hash_table_unref(seen.ids);
}
END_TEST

/* ---- From a script ---- */

static sim_picture *draw_strip(const struct sim_view *view, const sim_stage *stage, GError **error)
{
  (void)stage;
  return sim_draw_strip(view, error);
}

static sim_picture *draw_slot(const struct sim_view *view, const sim_stage *stage, GError **error)
{
  struct sim_view at = *view;
  (void)stage;
  at.frame = *(const uint64_t *)g_hash_table_lookup(view->survey->names, "f");
  return sim_draw_slot(&at, error);
}

static sim_picture *draw_buddy(const struct sim_view *view, const sim_stage *stage, GError **error)
{
  struct sim_view at = *view;
  (void)stage;
  at.start = *(const uint64_t *)g_hash_table_lookup(view->survey->names, "f") & ~UINT64_C(0xffff);
  at.end = at.start + UINT64_C(0x10000);
  at.range_given = true;
  return sim_draw_buddy(&at, error);
}

static sim_picture *draw_tables(const struct sim_view *view, const sim_stage *stage, GError **error)
{
  const struct sim_survey_process *process = sim_survey_process(view->survey, "p");
  ck_assert_ptr_nonnull(process);
  return sim_draw_tables(view, process, sim_stage_root(stage, "p"), error);
}

static sim_picture *draw_states(const struct sim_view *view, const sim_stage *stage, GError **error)
{
  struct sim_view at = *view;
  (void)stage;
  at.frame = *(const uint64_t *)g_hash_table_lookup(view->survey->names, "f");
  at.frame_given = true;
  return sim_draw_states(&at, error);
}

static sim_picture *(*const pictures[])(const struct sim_view *view, const sim_stage *stage,
                                        GError **error) = {draw_strip, draw_slot, draw_buddy,
                                                           draw_tables, draw_states};

/* "id x y w h" of the first box of each group, in a set. */
static GHashTable *places_of(const sim_picture *picture)
{
  GHashTable *places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  const char *id = NULL;
  for (guint i = 0; i < picture->shapes->len; i++) {
    const struct sim_shape *shape = &g_array_index(picture->shapes, struct sim_shape, i);
    if (shape->kind == SIM_SHAPE_BEGIN)
      id = shape->text;
    if (shape->kind != SIM_SHAPE_RECT || id == NULL)
      continue;
    g_hash_table_insert(places, g_strdup(id),
                        g_strdup_printf("%d %d %d %d", shape->x, shape->y, shape->w, shape->h));
    id = NULL;
  }
  return places;
}

/* The places at that step, after the picture was found sound. */
static GHashTable *places_at(struct run *run, int which, uint64_t step, int *ret_height)
{
  struct sim_run_options options = {.until_step = step};
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_survey) survey = sim_survey_new(run->script, &options);
  ck_assert_int_eq(survey->verdict, SIM_VERDICT_HELD);
  g_autoptr(sim_stage) stage = sim_stage_new(run->script, &options);
  ck_assert(stage->reached);
  struct sim_view view = {.machine = stage->machine, .survey = survey, .caption = stage->caption};
  g_autoptr(sim_picture) picture = pictures[which](&view, stage, &error);
  ck_assert_ptr_nonnull(picture);
  struct seen seen = must_parse(picture);
  ck_assert_uint_eq(seen.titles, seen.groups + 1);
  g_hash_table_unref(seen.ids);
  *ret_height = picture->height;
  return places_of(picture);
}

START_TEST(test_nothing_moves_from_step_to_step)
{
  struct run *run = run_load(SCRIPT);
  int height;
  int later;
  g_autoptr(GHashTable) first = places_at(run, _i, 1, &height);
  ck_assert_uint_gt(g_hash_table_size(first), 3);
  for (uint64_t step = 2; step <= 10; step++) {
    g_autoptr(GHashTable) here = places_at(run, _i, step, &later);
    GHashTableIter iter;
    gpointer id;
    gpointer place;
    ck_assert_uint_eq(g_hash_table_size(here), g_hash_table_size(first));
    g_hash_table_iter_init(&iter, here);
    while (g_hash_table_iter_next(&iter, &id, &place))
      ck_assert_str_eq(place, g_hash_table_lookup(first, id));
    ck_assert_int_eq(later, height);
  }
  run_free(run);
}
END_TEST

START_TEST(test_every_shape_is_on_the_picture)
{
  struct run *run = run_load(SCRIPT);
  struct sim_run_options options = {.until_step = 6};
  g_autoptr(sim_survey) survey = sim_survey_new(run->script, &options);
  g_autoptr(sim_stage) stage = sim_stage_new(run->script, &options);
  struct sim_view view = {.machine = stage->machine, .survey = survey, .caption = stage->caption};
  g_autoptr(sim_picture) picture = pictures[_i](&view, stage, NULL);
  for (guint i = 0; i < picture->shapes->len; i++) {
    const struct sim_shape *shape = &g_array_index(picture->shapes, struct sim_shape, i);
    int w = shape->kind == SIM_SHAPE_RECT   ? shape->w
            : shape->kind == SIM_SHAPE_TEXT ? (int)strlen(shape->text) * shape->type.size * 62 / 100
                                            : 0;
    int left = shape->x - (shape->type.anchor == SIM_ANCHOR_END      ? w
                           : shape->type.anchor == SIM_ANCHOR_MIDDLE ? w / 2
                                                                     : 0);
    ck_assert_msg(left >= 0 && left + w <= picture->width && shape->y <= picture->height,
                  "%s at %d, %d wide", shape->text != NULL ? shape->text : "a box", left, w);
  }
  run_free(run);
}
END_TEST

/* ---- Pixels ---- */

static cairo_status_t take(void *closure, unsigned char *bytes, unsigned int size)
{
  return fread(bytes, 1, size, closure) == size ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_READ_ERROR;
}

static uint32_t pixel(cairo_surface_t *surface, int x, int y)
{
  const unsigned char *row = cairo_image_surface_get_data(surface) +
                             (gsize)y * (gsize)cairo_image_surface_get_stride(surface);
  uint32_t value;
  memcpy(&value, row + (gsize)x * 4, sizeof(value));
  return value & 0xffffff;
}

START_TEST(test_a_png_has_the_colours_where_the_shapes_are)
{
  g_autoptr(sim_picture) picture = sim_picture_new("t", "c");
  FILE *file = tmpfile();
  picture->height = 200;
  sim_picture_rect(picture, 100, 110, 40, 30, sim_state_look(FM_STATE_SHARED));
  sim_picture_rect(picture, 200, 110, 40, 30, sim_state_look(FM_STATE_BUSY));
  sim_picture_line(picture, 300, 120, 400, 120, true, (struct sim_look){.stroke = SIM_INK_MARK});
  ck_assert_ptr_nonnull(file);
  ck_assert_ptr_null(draw_with_cairo(picture, DRAW_PNG, 3, file));
  rewind(file);
  cairo_surface_t *surface = cairo_image_surface_create_from_png_stream(take, file);
  ck_assert_int_eq(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
  ck_assert_int_eq(cairo_image_surface_get_width(surface), 3 * SIM_PICTURE_WIDTH);
  ck_assert_int_eq(cairo_image_surface_get_height(surface), 600);
  ck_assert_uint_eq(pixel(surface, 3 * 120, 3 * 125), 0x56b4e9);
  ck_assert_uint_eq(pixel(surface, 3 * 600, 3 * 150), 0xffffff);
  ck_assert_uint_eq(pixel(surface, 3 * 396, 3 * 120), 0x0072b2); /* in the arrow's head */
  guint plain = 0;
  guint lines = 0;
  for (int x = 3 * 205; x < 3 * 235; x++) {
    plain += pixel(surface, x, 3 * 125) == 0xf0e442;
    lines += pixel(surface, x, 3 * 125) != 0xf0e442;
  }
  ck_assert_uint_gt(plain, 20); /* a ground, and lines on it */
  ck_assert_uint_gt(lines, 10);
  cairo_surface_destroy(surface);
  (void)fclose(file);
}
END_TEST

START_TEST(test_a_file_that_takes_nothing_is_a_failure)
{
  g_autoptr(sim_picture) picture = sim_picture_new("t", "c");
  FILE *file = fopen("/dev/full", "w");
  picture->height = 200;
  ck_assert_ptr_nonnull(file);
  (void)setvbuf(file, NULL, _IONBF, 0);
  ck_assert_ptr_nonnull(draw_with_cairo(picture, _i == 0 ? DRAW_PNG : DRAW_PDF, 1, file));
  (void)fclose(file);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("draw");
  TCase *tcase = tcase_create("draw");
  tcase_add_test(tcase, test_text_of_others_is_text_in_svg);
  tcase_add_loop_test(tcase, test_nothing_moves_from_step_to_step, 0, G_N_ELEMENTS(pictures));
  tcase_add_loop_test(tcase, test_every_shape_is_on_the_picture, 0, G_N_ELEMENTS(pictures));
  tcase_add_test(tcase, test_a_png_has_the_colours_where_the_shapes_are);
  tcase_add_loop_test(tcase, test_a_file_that_takes_nothing_is_a_failure, 0, 2);
  tcase_set_timeout(tcase, 60);
  suite_add_tcase(suite, tcase);
  return suite;
}
