/* SPDX-License-Identifier: MPL-2.0 */
/* Free lists as trees of buddies, over a range of frames. */
#include <inttypes.h>
#include <string.h>

#include "sim/draw/draw.h"
#include "sim/draw/states.h"
#include "sim/error.h"
#include "sim/script/handle.h"

#define FRAMES_MAX 64u
#define TREE_X     150
#define TREE_W     1088
#define LEVEL_STEP 62
#define BLOCK_H    40

/* A chunk on a free list, or a run in a cache. */
struct chunk {
  uint64_t first; /* frame number */
  uint64_t frames;
  int cpu; /* -1: the global pool */
  bool cached;
};

static void take_lists(GArray *chunks, const struct fm_list *lists, uint32_t orders, int cpu)
{
  for (uint32_t order = 0; order < orders; order++) {
    struct sim_list_walk walk = sim_list_walk_begin(&lists[order]);
    fm_paddr head;
    while (sim_list_walk_next(&walk, &head)) {
      struct chunk chunk = {fm_pfn_of_paddr(head).nr, UINT64_C(1) << order, cpu, false};
      g_array_append_val(chunks, chunk);
    }
  }
}

static GArray *take_chunks(const struct fm_kernel *kernel)
{
  GArray *chunks = g_array_new(FALSE, FALSE, sizeof(struct chunk));
  take_lists(chunks, kernel->buddy.lists, FM_GLOBAL_ORDERS, -1);
  for (uint32_t id = 0; id < kernel->cpus; id++) {
    const struct fm_buddy_local *local = &fm_kernel_cpu(kernel, id)->buddy;
    take_lists(chunks, local->lists, FM_LOCAL_ORDERS, (int)id);
    for (uint64_t frames = 1; frames <= FM_CACHES; frames++) {
      const struct fm_cache *cache = &local->caches[frames - 1];
      for (uint64_t i = 0; i < MIN(cache->count, FM_CACHE_RUNS); i++) {
        struct chunk chunk = {cache->runs[i] / FM_PAGE_SIZE, frames, (int)id, true};
        g_array_append_val(chunks, chunk);
      }
    }
  }
  return chunks;
}

static const struct chunk *find_chunk(const GArray *chunks, uint64_t nr)
{
  for (guint i = 0; i < chunks->len; i++) {
    const struct chunk *chunk = &g_array_index(chunks, struct chunk, i);
    if (nr >= chunk->first && nr < chunk->first + chunk->frames)
      return chunk;
  }
  return NULL;
}

/* ---- The range ---- */

/* A power of two of frames, aligned to it: as asked for, or around what the script works with. */
static bool choose_range(const struct sim_view *view, uint64_t *ret_first, uint64_t *ret_frames,
                         GError **error)
{
  const struct fm_kernel *kernel = sim_machine_kernel(view->machine);
  const GArray *touched = view->survey->frames;
  *ret_frames = 32;
  if (view->range_given) {
    uint64_t wanted = (view->end - view->start) / FM_PAGE_SIZE;
    for (*ret_frames = 4; *ret_frames < wanted && *ret_frames < FRAMES_MAX; *ret_frames *= 2)
      continue;
    *ret_first = view->start / FM_PAGE_SIZE / *ret_frames * *ret_frames;
    if (wanted > FRAMES_MAX || *ret_first + *ret_frames < view->end / FM_PAGE_SIZE) {
      g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                  "up to %u frames can be shown, from a multiple of as many: --range "
                  "0x%" PRIx64 "-0x%" PRIx64,
                  FRAMES_MAX, *ret_first * FM_PAGE_SIZE, (*ret_first + *ret_frames) * FM_PAGE_SIZE);
      return false;
    }
  } else if (touched->len != 0) {
    uint64_t last = g_array_index(touched, uint64_t, touched->len - 1);
    uint64_t seen = g_array_index(touched, uint64_t, 0);
    while (*ret_frames < FRAMES_MAX && seen / *ret_frames != last / *ret_frames)
      *ret_frames *= 2;
    *ret_first = last / *ret_frames * *ret_frames;
  } else {
    *ret_first = 0;
  }
  if (*ret_first < kernel->nr_frames)
    return true;
  g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "memory ends at 0x%" PRIx64, kernel->max_paddr);
  return false;
}

/* ---- The tree ---- */

struct tree {
  sim_picture *picture;
  const struct sim_view *view;
  const GArray *chunks;
  uint64_t first;
  uint64_t frames;
  int top;
  int orders;
};

static int x_of(const struct tree *tree, uint64_t nr)
{
  return TREE_X + (int)((nr - tree->first) * TREE_W / tree->frames);
}

static void draw_free(struct tree *tree, const struct chunk *chunk, int x, int y, int w)
{
  struct sim_look look = {.fill = SIM_INK_TABLE, .stroke = SIM_INK_TEXT, .width = 2};
  struct sim_type type = {.size = 15, .anchor = SIM_ANCHOR_MIDDLE, .fixed = true, .bold = true};
  if (chunk->cached) {
    look.fill = SIM_INK_OTHER;
    look.pattern = SIM_PATTERN_DOTS;
  } else if (chunk->cpu >= 0) {
    look.pattern = SIM_PATTERN_FALL;
  }
  sim_picture_rect(tree->picture, x + 1, y, w - 2, BLOCK_H, look);
  const char *where = chunk->cached ? "cache " : chunk->cpu < 0 ? "global" : "pool ";
  g_autofree char *cpu = chunk->cpu < 0 ? g_strdup("") : g_strdup_printf("%d", chunk->cpu);
  if (w >= 70)
    sim_picture_text(tree->picture, x + w / 2, y + 25, type, "%s%s", where, cpu);
  else
    sim_picture_text(tree->picture, x + w / 2, y + 25, type, "%c%s", g_ascii_toupper(where[0]),
                     w < 30 ? "" : cpu);
}

/* One block of an order: a chunk that is free as a whole, or a place where one could be. */
static void draw_block(struct tree *tree, uint64_t nr, int order)
{
  uint64_t frames = UINT64_C(1) << order;
  const struct chunk *chunk = find_chunk(tree->chunks, nr);
  int y = tree->top + (tree->orders - order) * LEVEL_STEP;
  int x = x_of(tree, nr);
  int w = x_of(tree, nr + frames) - x;
  bool whole = chunk != NULL && !chunk->cached && chunk->first == nr && chunk->frames == frames;
  bool part = order == 0 && chunk != NULL && chunk->cached;
  bool top = order == tree->orders && chunk != NULL && chunk->frames > frames;
  g_autofree char *id = g_strdup_printf("order%d-0x%" PRIx64, order, nr * FM_PAGE_SIZE);
  g_autofree char *title =
      g_strdup_printf("Block of order %d at 0x%" PRIx64 ": %s", order, nr * FM_PAGE_SIZE,
                      whole || part || top ? "free" : "not free as a whole");
  sim_picture_begin(tree->picture, id, title);
  if (order != tree->orders)
    sim_picture_line(tree->picture, x + w / 2, y, x_of(tree, nr / (2 * frames) * (2 * frames)) + w,
                     y - LEVEL_STEP + BLOCK_H, false, (struct sim_look){.stroke = SIM_INK_FAINT});
  if (whole || part || top)
    draw_free(tree, chunk, x, y, w);
  else
    sim_picture_rect(tree->picture, x + 1, y, w - 2, BLOCK_H,
                     (struct sim_look){.stroke = SIM_INK_FAINT, .dashed = true});
  if (top)
    sim_picture_text(tree->picture, x + w / 2, y - 8,
                     (struct sim_type){.size = 14, .anchor = SIM_ANCHOR_MIDDLE},
                     "part of a free chunk of %" PRIu64 " frames at 0x%" PRIx64, chunk->frames,
                     chunk->first * FM_PAGE_SIZE);
  sim_picture_end(tree->picture);
}

/* The frames themselves below the tree, with their addresses. */
static void draw_frames(struct tree *tree, int y)
{
  const struct fm_kernel *kernel = sim_machine_kernel(tree->view->machine);
  int w = TREE_W / (int)tree->frames;
  sim_picture_text(tree->picture, TREE_X - 14, y + 24,
                   (struct sim_type){.size = 15, .anchor = SIM_ANCHOR_END}, "slots");
  for (uint64_t i = 0; i < tree->frames && tree->first + i < kernel->nr_frames; i++) {
    struct fm_slot_view slot;
    fm_paddr frame = fm_paddr_of((tree->first + i) * FM_PAGE_SIZE);
    fm_slot_view(kernel, fm_slot_at(frame), &slot);
    g_autofree char *id = g_strdup_printf("frame-0x%" PRIx64, frame.raw);
    sim_picture_begin(tree->picture, id, fm_count_state_name(slot.state));
    sim_draw_frame(tree->picture, TREE_X + (int)i * w + 1, y, w - 2, 38, &slot);
    sim_picture_end(tree->picture);
    if (i * 4 % tree->frames == 0)
      sim_picture_text(tree->picture, TREE_X + (int)i * w, y + 58,
                       (struct sim_type){.size = 14, .fixed = true}, "0x%" PRIx64, frame.raw);
  }
}

static void draw_key(sim_picture *picture, int y)
{
  static const struct {
    struct sim_look look;
    const char *text;
  } keys[] = {
      {{.fill = SIM_INK_TABLE, .stroke = SIM_INK_TEXT, .width = 2}, "free, in the global pool (G)"},
      {{.fill = SIM_INK_TABLE, .pattern = SIM_PATTERN_FALL, .stroke = SIM_INK_TEXT, .width = 2},
       "free, in the pool of a CPU (P)"},
      {{.fill = SIM_INK_OTHER, .pattern = SIM_PATTERN_DOTS, .stroke = SIM_INK_TEXT, .width = 2},
       "free, in the cache of a CPU (C)"},
      {{.stroke = SIM_INK_FAINT, .dashed = true}, "not free as a whole"},
  };
  int x = SIM_PICTURE_MARGIN;
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
    sim_picture_rect(picture, x, y, 34, 26, keys[i].look);
    sim_picture_text(picture, x + 42, y + 18, (struct sim_type){.size = 14}, "%s", keys[i].text);
    x += 320;
  }
}

static void draw_tree(struct tree *tree)
{
  struct sim_type label = {.size = 15, .anchor = SIM_ANCHOR_END};
  for (int order = tree->orders; order >= 0; order--) {
    uint64_t frames = UINT64_C(1) << order;
    int y = tree->top + (tree->orders - order) * LEVEL_STEP;
    sim_picture_text(tree->picture, TREE_X - 14, y + 18, label, "order %d", order);
    sim_picture_text(tree->picture, TREE_X - 14, y + 35,
                     (struct sim_type){.size = 12, .anchor = SIM_ANCHOR_END, .ink = SIM_INK_FAINT},
                     "%" PRIu64 " frame%s", frames, frames == 1 ? "" : "s");
    for (uint64_t nr = tree->first; nr < tree->first + tree->frames; nr += frames)
      draw_block(tree, nr, order);
  }
}

sim_picture *sim_draw_buddy(const struct sim_view *view, GError **error)
{
  const struct fm_kernel *kernel = sim_machine_kernel(view->machine);
  struct tree tree = {.view = view, .top = SIM_PICTURE_TOP + 24};
  if (kernel->allocator != FM_ALLOCATOR_BUDDY) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                "the machine has allocator %s, which has no buddies; 'strip' shows its frames",
                fm_allocator_name((enum fm_allocator_kind)kernel->allocator));
    return NULL;
  }
  if (!choose_range(view, &tree.first, &tree.frames, error))
    return NULL;
  while (UINT64_C(1) << tree.orders < tree.frames)
    tree.orders++;
  g_autoptr(GArray) chunks = take_chunks(kernel);
  tree.chunks = chunks;
  tree.picture = sim_picture_new(
      view->title != NULL ? view->title : "Free chunks and their buddies", view->caption);
  draw_tree(&tree);
  int y = tree.top + (tree.orders + 1) * LEVEL_STEP + 4;
  draw_frames(&tree, y);
  draw_key(tree.picture, y + 84);
  sim_draw_legend(tree.picture, SIM_PICTURE_MARGIN, y + 122);
  tree.picture->height = y + 170;
  return tree.picture;
}
