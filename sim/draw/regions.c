/* SPDX-License-Identifier: MPL-2.0 */
/* A firmware map before and after normalisation. */
#include <fm/ops.h>
#include <inttypes.h>
#include <string.h>

#include "sim/draw/draw.h"
#include "sim/error.h"
#include "sim/size.h"

#define ROW_H    28
#define ROWS_MAX 120u
#define LANES    4
#define LANE_W   115
#define BEFORE_X 250
#define AFTER_X  780
#define AFTER_W  440
#define EDGES_X  232

static const struct sim_look looks[FM_REGION_TYPES] = {
    [FM_REGION_BAD_MEMORY] = {SIM_INK_ILLEGAL, SIM_PATTERN_CROSS, SIM_INK_TEXT, 1, false},
    [FM_REGION_UNKNOWN] = {SIM_INK_PAPER, SIM_PATTERN_NONE, SIM_INK_FAINT, 1, true},
    [FM_REGION_NONVOLATILE_SLEEP] = {SIM_INK_OTHER, SIM_PATTERN_FALL, SIM_INK_TEXT, 1, false},
    [FM_REGION_RESERVED] = {SIM_INK_PALE, SIM_PATTERN_HATCH, SIM_INK_TEXT, 1, false},
    [FM_REGION_KERNEL] = {SIM_INK_MARK, SIM_PATTERN_NONE, SIM_INK_TEXT, 1, false},
    [FM_REGION_MODULE] = {SIM_INK_BUSY, SIM_PATTERN_DOTS, SIM_INK_TEXT, 1, false},
    [FM_REGION_FRAMEBUFFER] = {SIM_INK_OTHER, SIM_PATTERN_CROSS, SIM_INK_TEXT, 1, false},
    [FM_REGION_RECLAIMABLE] = {SIM_INK_UNIQUE, SIM_PATTERN_DOTS, SIM_INK_TEXT, 1, false},
    [FM_REGION_USABLE] = {SIM_INK_SHARED, SIM_PATTERN_NONE, SIM_INK_TEXT, 1, false},
};

/* Addresses where something begins or ends, ascending, each once. */
static void add_edge(GArray *edges, uint64_t address)
{
  guint at = 0;
  while (at < edges->len && g_array_index(edges, uint64_t, at) < address)
    at++;
  if (at == edges->len || g_array_index(edges, uint64_t, at) != address)
    g_array_insert_val(edges, at, address);
}

static int y_of(const GArray *edges, uint64_t address)
{
  guint at = 0;
  while (g_array_index(edges, uint64_t, at) < address)
    at++;
  return SIM_PICTURE_TOP + 44 + (int)at * ROW_H;
}

static void draw_region(sim_picture *picture, const struct fm_region *region, const GArray *edges,
                        int x, int w, const char *id)
{
  g_autofree char *size = sim_size_text(region->size);
  const char *type = fm_region_type_name((enum fm_region_type)region->type);
  int y = y_of(edges, region->base);
  int h = y_of(edges, fm_region_end(region)) - y;
  g_autofree char *title = g_strdup_printf("%s, 0x%" PRIx64 " to 0x%" PRIx64 ", %s", type,
                                           region->base, fm_region_end(region), size);
  struct sim_type text = {.size = w > 150 ? 14 : 12, .anchor = SIM_ANCHOR_MIDDLE};
  sim_picture_begin(picture, id, title);
  sim_picture_rect(picture, x, y + 1, w - 4, MAX(h - 2, 2), looks[region->type]);
  if (h >= ROW_H && w > 150)
    sim_picture_text(picture, x + w / 2, y + h / 2 + 5, text, "%s, %s", type, size);
  else if (h >= ROW_H)
    sim_picture_text(picture, x + w / 2, y + h / 2 + 4, text, "%s", type);
  sim_picture_end(picture);
}

/* Regions that overlap stand side by side: the lane of each. */
static int choose_lane(const GArray *regions, guint at, int *lanes)
{
  const struct fm_region *region = &g_array_index(regions, struct fm_region, at);
  bool taken[LANES] = {false};
  for (guint i = 0; i < at; i++) {
    const struct fm_region *other = &g_array_index(regions, struct fm_region, i);
    if (other->base < fm_region_end(region) && region->base < fm_region_end(other))
      taken[lanes[i]] = true;
  }
  int lane = 0;
  while (lane < LANES - 1 && taken[lane])
    lane++;
  return lane;
}

static void draw_edges(sim_picture *picture, const GArray *edges)
{
  struct sim_type type = {.size = 14, .anchor = SIM_ANCHOR_END, .fixed = true};
  for (guint i = 0; i < edges->len; i++) {
    int y = SIM_PICTURE_TOP + 44 + (int)i * ROW_H;
    sim_picture_text(picture, EDGES_X - 4, y + 5, type, "0x%012" PRIx64,
                     g_array_index(edges, uint64_t, i));
    sim_picture_line(picture, EDGES_X, y, AFTER_X + AFTER_W, y, false,
                     (struct sim_look){.stroke = SIM_INK_PALE});
  }
}

static void draw_given(sim_picture *picture, const GArray *regions, const GArray *edges)
{
  int lanes[FM_REGIONS_MAX]; /* a map has no more, or was not normalised */
  int used = 1;
  for (guint i = 0; i < regions->len; i++) {
    lanes[i] = choose_lane(regions, i, lanes);
    used = MAX(used, lanes[i] + 1);
  }
  int width = used == 1 ? 440 : LANE_W;
  for (guint i = 0; i < regions->len; i++) {
    g_autofree char *id = g_strdup_printf("given-%u", i + 1);
    draw_region(picture, &g_array_index(regions, struct fm_region, i), edges,
                BEFORE_X + lanes[i] * width, width, id);
  }
}

static void draw_normalised(sim_picture *picture, const struct fm_regions *regions,
                            const GArray *edges)
{
  for (uint32_t i = 0; i < regions->count; i++) {
    g_autofree char *id = g_strdup_printf("normalised-%u", i + 1);
    draw_region(picture, &regions->at[i], edges, AFTER_X, AFTER_W, id);
  }
}

static GArray *collect_edges(const GArray *given, const struct fm_regions *regions)
{
  GArray *edges = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  for (guint i = 0; i < given->len; i++) {
    const struct fm_region *region = &g_array_index(given, struct fm_region, i);
    add_edge(edges, region->base);
    add_edge(edges, fm_region_end(region));
  }
  for (uint32_t i = 0; i < regions->count; i++) {
    add_edge(edges, regions->at[i].base);
    add_edge(edges, fm_region_end(&regions->at[i]));
  }
  return edges;
}

sim_picture *sim_draw_regions(const sim_bootmap *map, GError **error)
{
  g_autofree struct fm_regions *regions = g_new0(struct fm_regions, 1);
  const struct fm_region *given = (const struct fm_region *)(const void *)map->regions->data;
  enum fm_region_status status = fm_ops_native.regions_normalise(given, map->regions->len, regions);
  if (status != FM_REGION_OK) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                "%s cannot be normalised; 'framesim map' says why", map->file);
    return NULL;
  }
  g_autoptr(GArray) edges = collect_edges(map->regions, regions);
  if (edges->len > ROWS_MAX) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                "%s has %u addresses where something begins or ends; at most %u can be drawn",
                map->file, edges->len, ROWS_MAX);
    return NULL;
  }
  g_autofree char *name = g_path_get_basename(map->file);
  g_autofree char *caption =
      g_strdup_printf("%s: %u region%s given, %u after normalisation (not to scale)", name,
                      map->regions->len, map->regions->len == 1 ? "" : "s", regions->count);
  sim_picture *picture = sim_picture_new("A firmware memory map, given and normalised", caption);
  struct sim_type head = {.size = 17, .bold = true};
  sim_picture_text(picture, BEFORE_X, SIM_PICTURE_TOP + 22, head, "as the firmware gives it");
  sim_picture_text(picture, AFTER_X, SIM_PICTURE_TOP + 22, head, "sorted, aligned, without gaps");
  draw_edges(picture, edges);
  draw_given(picture, map->regions, edges);
  draw_normalised(picture, regions, edges);
  int y = SIM_PICTURE_TOP + 44 + (int)edges->len * ROW_H;
  sim_picture_text(picture, SIM_PICTURE_MARGIN, y + 16, (struct sim_type){.size = 14},
                   "Where regions overlap, the least usable type wins; what nobody names is "
                   "unknown; usable memory shrinks to whole pages of 4 KiB, all else grows.");
  picture->height = y + 44;
  return picture;
}
