/* SPDX-License-Identifier: MPL-2.0 */
/* Wrong operations on page tables and allocators. */
#include "sim/contract/mutate.h"

#define ALTER(entry, function)                                                                     \
  static void alter_##function(struct fm_ops *table)                                               \
  {                                                                                                \
    table->entry = function;                                                                       \
  }

#define FREE_VA (MUTATE_VA + FM_PAGE_SIZE) /* nothing is mapped there yet */

/* ---- Page tables ---- */

static enum fm_pt_error space_counts_two(struct fm_kernel *kernel, struct fm_space *ret)
{
  enum fm_pt_error error = MUTATE_RIGHT->space_new(kernel, ret);
  ret->root.slot->ref_count = 2;
  return error;
}
ALTER(space_new, space_counts_two)

static void space_one(struct mutate_scene *scene)
{
  struct fm_space space;
  (void)!scene->ops->space_new(scene->kernel, &space);
}

/* The entry of level 1 at the cursor, which has come down to it. */
static uint64_t *entry(const struct fm_pt_cursor *cursor, uint64_t va)
{
  return (uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + cursor->path[1].raw) + fm_pt_index(va, 1);
}

#define MAP_ARGUMENTS                                                                              \
  struct fm_pt_cursor *cursor, fm_paddr paddr, uint32_t level, struct fm_page_prop prop,           \
      bool tracked, struct fm_pt_item *old

static enum fm_pt_error map_forgets(MAP_ARGUMENTS)
{
  uint64_t va = cursor->va;
  enum fm_pt_error error = MUTATE_RIGHT->pt_map(cursor, paddr, level, prop, tracked, old);
  *entry(cursor, va) = 0;
  return error;
}
ALTER(pt_map, map_forgets)

static enum fm_pt_error map_takes(MAP_ARGUMENTS)
{
  fm_slot_at(paddr)->ref_count++;
  return MUTATE_RIGHT->pt_map(cursor, paddr, level, prop, tracked, old);
}
ALTER(pt_map, map_takes)

static enum fm_pt_error map_clears(MAP_ARGUMENTS)
{
  uint64_t va = cursor->va;
  enum fm_pt_error error = MUTATE_RIGHT->pt_map(cursor, paddr, level, prop, tracked, old);
  if (error == FM_PT_MAPPED)
    *entry(cursor, va) = 0;
  return error;
}
ALTER(pt_map, map_clears)

static enum fm_pt_error take_leaves(struct fm_pt_cursor *cursor, uint64_t end,
                                    struct fm_pt_item *ret)
{
  uint64_t va = cursor->va;
  struct fm_pt_item item;
  MUTATE_RIGHT->pt_query(cursor, &item);
  uint64_t before = *entry(cursor, va);
  enum fm_pt_error error = MUTATE_RIGHT->pt_take(cursor, end, ret);
  *entry(cursor, va) = before;
  return error;
}
ALTER(pt_take, take_leaves)

static enum fm_pt_error take_drops(struct fm_pt_cursor *cursor, uint64_t end,
                                   struct fm_pt_item *ret)
{
  enum fm_pt_error error = MUTATE_RIGHT->pt_take(cursor, end, ret);
  MUTATE_RIGHT->pt_drop_taken(cursor->kernel, ret);
  return error;
}
ALTER(pt_take, take_drops)

static enum fm_pt_error protect_moves(struct fm_pt_cursor *cursor, uint64_t end, uint32_t clear,
                                      uint32_t set, struct fm_pt_item *ret)
{
  uint64_t va = cursor->va;
  enum fm_pt_error error = MUTATE_RIGHT->pt_protect(cursor, end, clear, set, ret);
  *entry(cursor, va) += FM_PAGE_SIZE;
  return error;
}
ALTER(pt_protect, protect_moves)

static void taken_is_forgotten(struct fm_kernel *kernel, const struct fm_pt_item *item)
{
  (void)kernel;
  (void)item;
}
ALTER(pt_drop_taken, taken_is_forgotten)

/* A cursor over two pages: the one that is mapped, and a free one. */
static struct fm_pt_cursor lock(struct mutate_scene *scene)
{
  struct fm_pt_cursor cursor;
  (void)!scene->ops->pt_lock(scene->kernel, scene->space, MUTATE_VA, MUTATE_VA + 2 * FM_PAGE_SIZE,
                             &cursor);
  return cursor;
}

static void map_at(struct mutate_scene *scene, uint64_t va, fm_paddr frame)
{
  struct fm_pt_cursor cursor = lock(scene);
  scene->ops->pt_move(&cursor, va);
  (void)!scene->ops->pt_map(&cursor, frame, 1, fm_page_prop_of(FM_PAGE_READ), true, NULL);
  scene->ops->pt_unlock(&cursor);
}

static fm_paddr new_frame(struct mutate_scene *scene)
{
  struct fm_frame frame = {NULL};
  (void)!scene->ops->frame_alloc(scene->kernel, &(struct fm_alloc_options){0}, &frame);
  return scene->ops->frame_into_raw(frame);
}

static void map_one(struct mutate_scene *scene)
{
  map_at(scene, FREE_VA, new_frame(scene));
}

static void map_over(struct mutate_scene *scene)
{
  map_at(scene, MUTATE_VA, new_frame(scene));
}

static void map_unheld(struct mutate_scene *scene)
{
  fm_paddr frame = new_frame(scene);
  scene->ops->frame_drop(scene->kernel, scene->ops->frame_from_raw(frame));
  map_at(scene, FREE_VA, frame);
}

static void take_one(struct mutate_scene *scene)
{
  struct fm_pt_cursor cursor = lock(scene);
  struct fm_pt_item item;
  (void)!scene->ops->pt_take(&cursor, MUTATE_VA + FM_PAGE_SIZE, &item);
  scene->ops->pt_unlock(&cursor);
  scene->ops->pt_drop_taken(scene->kernel, &item);
}

static void protect_one(struct mutate_scene *scene)
{
  struct fm_pt_cursor cursor = lock(scene);
  struct fm_pt_item item;
  (void)!scene->ops->pt_protect(&cursor, MUTATE_VA + FM_PAGE_SIZE, FM_PAGE_WRITE, 0, &item);
  scene->ops->pt_unlock(&cursor);
}

/* ---- Allocators ---- */

#define ALLOC_ARGUMENTS                                                                            \
  struct fm_kernel *kernel, const struct fm_alloc_options *options, struct fm_frame *ret

static enum fm_alloc_error alloc_repeats(ALLOC_ARGUMENTS)
{
  static struct fm_slot *last;
  struct fm_frame frame;
  enum fm_alloc_error error = MUTATE_RIGHT->frame_alloc(kernel, options, &frame);
  if (last == NULL)
    last = frame.slot;
  ret->slot = last;
  return error;
}
ALTER(frame_alloc, alloc_repeats)

static bool alloc_ignores_align(struct fm_kernel *kernel, uint64_t size, uint64_t align,
                                fm_paddr *ret)
{
  bool done = MUTATE_RIGHT->alloc(kernel, size, align, ret);
  ret->raw += FM_PAGE_SIZE;
  return done;
}
ALTER(alloc, alloc_ignores_align)

static enum fm_alloc_error alloc_counts_two(ALLOC_ARGUMENTS)
{
  enum fm_alloc_error error = MUTATE_RIGHT->frame_alloc(kernel, options, ret);
  ret->slot->ref_count = 2;
  return error;
}
ALTER(frame_alloc, alloc_counts_two)

static enum fm_alloc_error alloc_gives_typed(ALLOC_ARGUMENTS)
{
  struct fm_alloc_options other = *options;
  other.type = fm_meta_empty(FM_META_TYPED);
  return MUTATE_RIGHT->frame_alloc(kernel, &other, ret);
}
ALTER(frame_alloc, alloc_gives_typed)

static enum fm_alloc_error alloc_writes(ALLOC_ARGUMENTS)
{
  enum fm_alloc_error error = MUTATE_RIGHT->frame_alloc(kernel, options, ret);
  *(uint8_t *)(uintptr_t)(FM_LINEAR_WINDOW + fm_slot_paddr(ret->slot).raw + 77) = 1;
  return error;
}
ALTER(frame_alloc, alloc_writes)

static enum fm_alloc_error alloc_counts_bytes_twice(ALLOC_ARGUMENTS)
{
  fm_this_cpu()->free_bytes -= FM_PAGE_SIZE;
  return MUTATE_RIGHT->frame_alloc(kernel, options, ret);
}
ALTER(frame_alloc, alloc_counts_bytes_twice)

static bool alloc_keeps_page(struct fm_kernel *kernel, uint64_t size, uint64_t align, fm_paddr *ret)
{
  bool done = MUTATE_RIGHT->alloc(kernel, size, align, ret);
  if (!done)
    fm_this_cpu()->free_bytes -= FM_PAGE_SIZE;
  return done;
}
ALTER(alloc, alloc_keeps_page)

static void alloc_two(struct mutate_scene *scene)
{
  struct fm_frame frame;
  for (unsigned i = 0; i < 2; i++)
    (void)!scene->ops->frame_alloc(scene->kernel, &(struct fm_alloc_options){0}, &frame);
}

static void alloc_aligned(struct mutate_scene *scene)
{
  fm_paddr start;
  (void)!scene->ops->alloc(scene->kernel, MUTATE_PIECE, MUTATE_PIECE, &start);
}

static void alloc_too_much(struct mutate_scene *scene)
{
  fm_paddr start;
  (void)!scene->ops->alloc(scene->kernel, 2 * MUTATE_RAM, FM_PAGE_SIZE, &start);
}

static void free_held(struct mutate_scene *scene)
{
  struct fm_frame frame;
  (void)!scene->ops->frame_alloc(scene->kernel, &(struct fm_alloc_options){0}, &frame);
  scene->ops->dealloc(scene->kernel, fm_slot_paddr(frame.slot), FM_PAGE_SIZE);
}

const struct mutation mutations_of_tables[] = {
    {SIM_CLAUSE_SPACE_ROOT, MUTATE_TREE, alter_space_counts_two, space_one},
    {SIM_CLAUSE_MAP_REF_HELD, MUTATE_TREE, NULL, map_unheld},
    {SIM_CLAUSE_MAP_PRESENT, MUTATE_TREE, alter_map_forgets, map_one},
    {SIM_CLAUSE_MAP_KEEPS_COUNT, MUTATE_TREE, alter_map_takes, map_one},
    {SIM_CLAUSE_MAP_ERR_UNCHANGED, MUTATE_TREE, alter_map_clears, map_over},
    {SIM_CLAUSE_TAKE_ABSENT, MUTATE_TREE, alter_take_leaves, take_one},
    {SIM_CLAUSE_TAKE_KEEPS_COUNT, MUTATE_TREE, alter_take_drops, take_one},
    {SIM_CLAUSE_PROTECT_FRAME, MUTATE_TREE, alter_protect_moves, protect_one},
    {SIM_CLAUSE_TAKEN_MINUS_ONE, MUTATE_TREE, alter_taken_is_forgotten, take_one},
    {SIM_CLAUSE_ALLOC_NOT_HELD, MUTATE_BUDDY, alter_alloc_repeats, alloc_two},
    {SIM_CLAUSE_ALLOC_ALIGNED, MUTATE_BUDDY, alter_alloc_ignores_align, alloc_aligned},
    {SIM_CLAUSE_ALLOC_OK_COUNT, MUTATE_BUDDY, alter_alloc_counts_two, alloc_two},
    {SIM_CLAUSE_ALLOC_OK_TYPE, MUTATE_BUDDY, alter_alloc_gives_typed, alloc_two},
    {SIM_CLAUSE_ALLOC_ZEROED, MUTATE_BUDDY, alter_alloc_writes, alloc_two},
    {SIM_CLAUSE_ALLOC_BYTES, MUTATE_BUDDY, alter_alloc_counts_bytes_twice, alloc_two},
    {SIM_CLAUSE_ALLOC_ERR_UNCHANGED, MUTATE_BUDDY, alter_alloc_keeps_page, alloc_too_much},
    {SIM_CLAUSE_DEALLOC_NOT_HELD, MUTATE_BUDDY, NULL, free_held},
    {0},
};
