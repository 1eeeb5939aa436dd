/* SPDX-License-Identifier: MPL-2.0 */
/* Page cache: group 0 holds the pages from w->head on, the oldest first; group 1 the blocks that
 * live for a short time.  A page that was used since it was looked at last goes to the back. */
#include "sim/workload/internal.h"

#define RECLAIM    32u /* pages that go at a time */
#define FRONT_MOST 4096u

static guint cached(const sim_workload *w, const GArray *pages)
{
  return pages->len - w->head;
}

static uint32_t pop_oldest(sim_workload *w, GArray *pages)
{
  uint32_t id = workload_id(pages, w->head++);
  if (w->head >= FRONT_MOST && w->head > pages->len / 2) {
    g_array_remove_range(pages, 0, w->head);
    w->head = 0;
  }
  return id;
}

static void reclaim(sim_workload *w, GArray *pages)
{
  guint goal = RECLAIM;
  for (guint looks = 2 * cached(w, pages); looks > 0 && goal > 0 && workload_goes_on(w); looks--) {
    if (cached(w, pages) == 0)
      return;
    uint32_t id = pop_oldest(w, pages);
    struct block *page = workload_block(w, id);
    if (page->marked) {
      page->marked = false;
      g_array_append_val(pages, id);
    } else {
      workload_give_somewhere(w, id);
      goal--;
    }
  }
}

/* Who finds a page holds it for as long as he looks at it. */
static void hit(sim_workload *w, const GArray *pages)
{
  uint32_t id = workload_id(pages, w->head + workload_below(w, cached(w, pages)));
  uint32_t cpu = workload_cpu(w);
  workload_clone(w, cpu, id);
  workload_block(w, id)->marked = true;
  workload_give(w, cpu, id);
}

static void miss(sim_workload *w, GArray *pages)
{
  uint32_t id;
  if (w->counts.live_frames >= workload_share_frames(w))
    reclaim(w, pages);
  if (!workload_goes_on(w))
    return;
  if (workload_take(w, workload_cpu(w), 0, &id))
    g_array_append_val(pages, id);
  else
    reclaim(w, pages);
}

static void short_lived(sim_workload *w, GArray *pages)
{
  GArray *blocks = workload_group(w, 1);
  uint32_t id;
  if (blocks->len >= workload_number(w, SIM_WORKLOAD_LIVE)) {
    id = workload_id(blocks, 0);
    g_array_remove_index(blocks, 0);
    workload_give_somewhere(w, id);
  } else if (workload_take(w, workload_cpu(w), workload_order(w), &id)) {
    g_array_append_val(blocks, id);
  } else {
    reclaim(w, pages);
  }
}

static void operate(sim_workload *w)
{
  GArray *pages = workload_group(w, 0);
  while (workload_goes_on(w)) {
    if (workload_chance(w, workload_number(w, SIM_WORKLOAD_SHORT)))
      short_lived(w, pages);
    else if (workload_chance(w, workload_number(w, SIM_WORKLOAD_HITS)) && cached(w, pages) > 0)
      hit(w, pages);
    else
      miss(w, pages);
  }
}

static const struct workload_default numbers[] = {
    {SIM_WORKLOAD_OPS, 10000}, {SIM_WORKLOAD_CPUS, 0},    {SIM_WORKLOAD_REMOTE, 0},
    {SIM_WORKLOAD_LIVE, 32},   {SIM_WORKLOAD_SHARE, 80},  {SIM_WORKLOAD_HITS, 30},
    {SIM_WORKLOAD_SHORT, 20},  {SIM_WORKLOAD_NUMBERS, 0},
};

const struct workload_kind workload_page_cache = {
    .name = "page-cache", .operate = operate, .numbers = numbers, .orders = "0:4 1:2 2:1 3:1"};
