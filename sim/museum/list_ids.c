/* SPDX-License-Identifier: MPL-2.0 */
/* Ids of lists that come round. */
#include "sim/museum/exhibit.h"

#define IDS 7u /* of 3 bits, 0 left out */

static void draw(struct fm_kernel *kernel, struct fm_list *list)
{
  /* list.id, relaxed: as in fm__list_draw_id(). */
  if (list->id == 0)
    list->id = (fm_fetch_add_relaxed(FM_SITE_LIST_ID, &kernel->next_list_id, 1) - 1) % IDS + 1;
}

static void push_front(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame)
{
  draw(kernel, list);
  fm_list_push_front(kernel, list, frame);
}

static bool contains(struct fm_kernel *kernel, struct fm_list *list, fm_paddr paddr)
{
  draw(kernel, list);
  return fm_list_contains(kernel, list, paddr);
}

static void replace(struct fm_ops *ops)
{
  ops->list_push_front = push_front;
  ops->list_contains = contains;
}

const struct sim_museum_exhibit sim_museum_list_ids = {
    .title = "Two lists with the same id",
    .kind = SIM_MUSEUM_LOGIC,
    .published = false,
    .source = "ours: why the ids of lists must not come round",
    .fault = "A frame in a list carries the list's id, and one read of it tells a list whether the "
             "frame is its own. Here an id has three bits, and the eighth list gets that of the "
             "first.",
    .outcome =
        "The eighth list takes a frame of the first one for its own, and a cursor at it would "
        "change the links of a list that it does not own.",
    .remedy = "Ids of 64 bits from one counter, and a panic at 2^63 - 1, which no machine reaches.",
    .variants = {{.name = "list-ids",
                  .title = "ids of three bits, and eight lists",
                  .script = "list-ids.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
