/* SPDX-License-Identifier: MPL-2.0 */
/* Wrong operations on segments and lists. */
#include "sim/contract/mutate.h"

#define ALTER(entry, function)                                                                     \
  static void alter_##function(struct fm_ops *table)                                               \
  {                                                                                                \
    table->entry = function;                                                                       \
  }

/* ---- Segments ---- */

static struct fm_range range(uint64_t first, uint64_t frames)
{
  return fm_range_of(mutate_frame(first).raw, mutate_frame(first + frames).raw);
}

static enum fm_get_error segment_keeps_first(struct fm_kernel *kernel, struct fm_range at,
                                             fm_meta_id type, fm_segment_meta meta, void *meta_data,
                                             struct fm_segment *ret)
{
  enum fm_get_error error =
      MUTATE_RIGHT->segment_from_unused(kernel, at, type, meta, meta_data, ret);
  if (error != FM_GET_OK)
    fm_slot_at(at.start)->ref_count = 1;
  return error;
}
ALTER(segment_from_unused, segment_keeps_first)

static struct fm_segment clone_leaves_last(struct fm_segment segment)
{
  (void)MUTATE_RIGHT->segment_clone(segment);
  fm_slot_at(fm_paddr_of(segment.range.end.raw - FM_PAGE_SIZE))->ref_count--;
  return segment;
}
ALTER(segment_clone, clone_leaves_last)

static bool split_too_far(struct fm_segment segment, uint64_t offset, struct fm_segment *ret_first,
                          struct fm_segment *ret_second)
{
  return MUTATE_RIGHT->segment_split(segment, offset + FM_PAGE_SIZE, ret_first, ret_second);
}
ALTER(segment_split, split_too_far)

static bool split_takes(struct fm_segment segment, uint64_t offset, struct fm_segment *ret_first,
                        struct fm_segment *ret_second)
{
  (void)MUTATE_RIGHT->segment_clone(segment);
  return MUTATE_RIGHT->segment_split(segment, offset, ret_first, ret_second);
}
ALTER(segment_split, split_takes)

static void drop_leaves_last(struct fm_kernel *kernel, struct fm_segment segment)
{
  segment.range.end.raw -= FM_PAGE_SIZE;
  MUTATE_RIGHT->segment_drop(kernel, segment);
}
ALTER(segment_drop, drop_leaves_last)

static struct fm_segment make_segment(struct mutate_scene *scene)
{
  struct fm_segment segment = {range(0, 4)};
  (void)!scene->ops->segment_from_unused(scene->kernel, segment.range, fm_meta_empty(FM_META_ANON),
                                         NULL, NULL, &segment);
  return segment;
}

static void segment_over_one(struct mutate_scene *scene)
{
  (void)mutate_shared(scene, 2);
  (void)make_segment(scene);
}

static void segment_clone(struct mutate_scene *scene)
{
  (void)scene->ops->segment_clone(make_segment(scene));
}

static void segment_split(struct mutate_scene *scene)
{
  struct fm_segment first;
  struct fm_segment second;
  (void)!scene->ops->segment_split(make_segment(scene), FM_PAGE_SIZE, &first, &second);
}

static void segment_drop(struct mutate_scene *scene)
{
  scene->ops->segment_drop(scene->kernel, make_segment(scene));
}

/* ---- Lists ---- */

#define PUSH_ARGUMENTS struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame

static void push_does_not_mark(PUSH_ARGUMENTS)
{
  MUTATE_RIGHT->list_push_back(kernel, list, frame);
  frame.slot->in_list = 0;
}
ALTER(list_push_back, push_does_not_mark)

static void push_does_not_count(PUSH_ARGUMENTS)
{
  MUTATE_RIGHT->list_push_back(kernel, list, frame);
  list->size--;
}
ALTER(list_push_back, push_does_not_count)

static bool pop_leaves_mark(struct fm_list *list, struct fm_unique *ret)
{
  bool done = MUTATE_RIGHT->list_pop_front(list, ret);
  ret->slot->in_list = list->id;
  return done;
}
ALTER(list_pop_front, pop_leaves_mark)

static bool pop_shares(struct fm_list *list, struct fm_unique *ret)
{
  bool done = MUTATE_RIGHT->list_pop_front(list, ret);
  ret->slot->ref_count = 1;
  return done;
}
ALTER(list_pop_front, pop_shares)

static bool contains_says_yes(struct fm_kernel *kernel, struct fm_list *list, fm_paddr paddr)
{
  (void)kernel;
  (void)list;
  (void)paddr;
  return true;
}
ALTER(list_contains, contains_says_yes)

static void list_drop_leaves_last(struct fm_kernel *kernel, struct fm_list *list)
{
  (void)kernel;
  struct fm_unique frame;
  while (list->size > 1 && MUTATE_RIGHT->list_pop_front(list, &frame))
    MUTATE_RIGHT->unique_drop(kernel, frame);
}
ALTER(list_drop, list_drop_leaves_last)

static void push_two(struct mutate_scene *scene, struct fm_list *list)
{
  for (unsigned i = 0; i < 2; i++)
    scene->ops->list_push_back(scene->kernel, list, mutate_unique(scene, i));
}

static void list_push(struct mutate_scene *scene)
{
  struct fm_list list = {0};
  push_two(scene, &list);
}

static void list_push_again(struct mutate_scene *scene)
{
  struct fm_list list = {0};
  push_two(scene, &list);
  scene->ops->list_push_back(scene->kernel, &list, fm_unique_of_slot(fm_slot_at(mutate_frame(0))));
}

static void list_pop(struct mutate_scene *scene)
{
  struct fm_list list = {0};
  struct fm_unique frame;
  push_two(scene, &list);
  (void)!scene->ops->list_pop_front(&list, &frame);
}

static void list_ask(struct mutate_scene *scene)
{
  struct fm_list list = {0};
  push_two(scene, &list);
  (void)scene->ops->list_contains(scene->kernel, &list, mutate_frame(9));
}

static void list_drop(struct mutate_scene *scene)
{
  struct fm_list list = {0};
  push_two(scene, &list);
  scene->ops->list_drop(scene->kernel, &list);
}

const struct mutation mutations_of_groups[] = {
    {SIM_CLAUSE_SEGMENT_ERR_UNCHANGED, MUTATE_PLAIN, alter_segment_keeps_first, segment_over_one},
    {SIM_CLAUSE_SEGMENT_CLONE, MUTATE_PLAIN, alter_clone_leaves_last, segment_clone},
    {SIM_CLAUSE_SEGMENT_INSIDE, MUTATE_PLAIN, alter_split_too_far, segment_split},
    {SIM_CLAUSE_SEGMENT_UNCHANGED, MUTATE_PLAIN, alter_split_takes, segment_split},
    {SIM_CLAUSE_SEGMENT_DROP, MUTATE_PLAIN, alter_drop_leaves_last, segment_drop},
    {SIM_CLAUSE_PUSH_LINKED, MUTATE_PLAIN, alter_push_does_not_mark, list_push},
    {SIM_CLAUSE_PUSH_SIZE, MUTATE_PLAIN, alter_push_does_not_count, list_push},
    {SIM_CLAUSE_PUSH_FREE, MUTATE_PLAIN, NULL, list_push_again},
    {SIM_CLAUSE_POP_UNLINKED, MUTATE_PLAIN, alter_pop_leaves_mark, list_pop},
    {SIM_CLAUSE_POP_UNIQUE, MUTATE_PLAIN, alter_pop_shares, list_pop},
    {SIM_CLAUSE_CONTAINS_ANSWER, MUTATE_PLAIN, alter_contains_says_yes, list_ask},
    {SIM_CLAUSE_LIST_DROP_ALL, MUTATE_PLAIN, alter_list_drop_leaves_last, list_drop},
    {0},
};
