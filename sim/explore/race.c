/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Data races: two accesses to the same byte, at least one of them a write and one of them plain,
 * neither of which happens before the other.
 *
 * For each word, or byte where that matters, and each thread it is known after how many nodes of
 * that thread it last read and wrote them plainly.  That access happens before another one if a
 * later node of its thread does.  An access of some run is compared with all that came before it in
 * the run, which is enough: a run never does things against the order of happens-before.
 */
#include <string.h>

#include "sim/explore/internal.h"

#define LINE 64u

/* From now on each byte of the line by itself, because not all accesses are of whole words. */
static void refine(struct sim_memory *memory, struct sim_line *line)
{
  struct sim_cell *cells = g_new0(struct sim_cell, LINE);
  for (uint32_t i = 0; i < LINE && line->cells != NULL; i++)
    cells[i] = line->cells[i / line->grain];
  g_ptr_array_add(memory->cells, cells);
  line->cells = cells;
  line->grain = 1;
}

static void make_cells(struct sim_memory *memory, struct sim_line *line)
{
  line->grain = 8;
  line->cells = g_new0(struct sim_cell, LINE / 8);
  g_ptr_array_add(memory->cells, line->cells);
}

static void ready_cells(struct sim_memory *memory, struct sim_line *line, bool bytes)
{
  for (uint32_t i = 0; i < line->locs; i++)
    bytes |= line->loc[i].size == 1;
  if (bytes && (line->cells == NULL || line->grain != 1))
    refine(memory, line);
  else if (line->cells == NULL)
    make_cells(memory, line);
}

static void open_cell(const struct sim_memory *memory, struct sim_cell *cell, uint32_t thread)
{
  if (cell->run != memory->run) {
    cell->run = memory->run;
    cell->threads = 0;
  }
  if ((cell->threads >> thread & 1) != 0)
    return;
  cell->threads |= (uint16_t)(1u << thread);
  cell->wrote[thread] = -1;
  cell->read[thread] = -1;
}

/* What an access is compared by. */
struct touch {
  uint32_t thread;
  const struct sim_clock *clock; /* what happens before it */
  bool writes;
  uint16_t site;
  uint32_t after; /* so many nodes of the thread */
  void *where;
};

static bool tell(struct sim_memory *memory, const struct touch *touch, uint32_t other,
                 uint16_t site, uint32_t after)
{
  if (!memory->race.found)
    memory->race = (struct sim_race){.found = true,
                                     .thread = {(uint8_t)other, (uint8_t)touch->thread},
                                     .site = {site, touch->site},
                                     .after = {after, touch->after},
                                     .where = touch->where};
  return true;
}

/* Against the plain accesses of all other threads. */
static bool check_plain(struct sim_memory *memory, const struct sim_cell *cell,
                        const struct touch *touch)
{
  uint32_t others = cell->threads & ~(1u << touch->thread);
  for (; others != 0; others &= others - 1) {
    uint32_t other = (uint32_t)__builtin_ctz(others);
    int16_t known = touch->clock->of[other];
    if (cell->wrote[other] >= known)
      return tell(memory, touch, other, cell->wrote_at[other], (uint32_t)cell->wrote[other]);
    if (touch->writes && cell->read[other] >= known)
      return tell(memory, touch, other, cell->read_at[other], (uint32_t)cell->read[other]);
  }
  return false;
}

/* Whether the other thread has done something to the location that the access does not know of. */
static bool check_thread(sim_explore *explore, uint32_t loc, uint32_t other,
                         const struct touch *touch)
{
  uint32_t at = (uint32_t)touch->clock->of[other];
  for (; at < explore->threads[other].done; at++) {
    const struct sim_node *node = &explore->graph->nodes[other][at];
    if (node->ask.loc == loc && (node->flags & SIM_NODE_PLAIN) == 0 &&
        (touch->writes || (node->flags & SIM_NODE_WRITES) != 0))
      return tell(&explore->memory, touch, other, node->ask.site, at);
  }
  return false;
}

/* Against the atomic accesses that this run has done to these bytes of the line. */
static bool check_nodes(sim_explore *explore, const struct sim_line *line, uint32_t first,
                        const struct touch *touch)
{
  bool races = false;
  for (uint32_t i = 0; i < line->locs; i++) {
    uint32_t offset = line->loc[i].offset;
    if (offset >= first + line->grain || first >= offset + line->loc[i].size)
      continue;
    for (uint32_t other = 0; other < explore->nr_threads; other++)
      if (other != touch->thread)
        races |= check_thread(explore, line->loc[i].loc, other, touch);
  }
  return races;
}

static void note(struct sim_cell *cell, const struct touch *touch, int16_t done)
{
  uint32_t thread = touch->thread;
  if (touch->writes) {
    cell->wrote[thread] = done;
    cell->wrote_at[thread] = touch->site;
  } else {
    cell->read[thread] = done;
    cell->read_at[thread] = touch->site;
  }
}

/* The part of a plain access that lies in one line, from `first` up to `end`. */
static bool plain_in_line(sim_explore *explore, struct sim_line *line, uint32_t first, uint32_t end,
                          struct touch *touch)
{
  struct sim_memory *memory = &explore->memory;
  bool races = false;
  ready_cells(memory, line, ((first | end) & 7u) != 0);
  for (uint32_t at = first; at < end; at += line->grain) {
    struct sim_cell *cell = &line->cells[at / line->grain];
    touch->where = (void *)(line->base + at);
    open_cell(memory, cell, touch->thread);
    races |= check_plain(memory, cell, touch);
    if (line->locs != 0)
      races |= check_nodes(explore, line, at, touch);
    note(cell, touch, (int16_t)touch->after);
  }
  return races;
}

bool sim_memory_plain(sim_explore *explore, uint32_t thread, const struct fm_access *access)
{
  struct touch touch = {.thread = thread,
                        .clock = sim_run_clock(explore, thread),
                        .after = explore->threads[thread].done,
                        .writes = access->kind == FM_ACCESS_WRITE,
                        .site = (uint16_t)access->site};
  uintptr_t at = (uintptr_t)access->where;
  uintptr_t end = at + access->size;
  bool races = false;
  while (at < end) {
    struct sim_line *line = sim_memory_line(&explore->memory, (const void *)at, end - at);
    uintptr_t stop = MIN(end, line->base + LINE);
    races |= plain_in_line(explore, line, (uint32_t)(at - line->base),
                           (uint32_t)(stop - line->base), &touch);
    at = stop;
  }
  return races;
}

bool sim_memory_atomic(sim_explore *explore, uint32_t thread, const struct sim_node *node)
{
  struct sim_memory *memory = &explore->memory;
  const struct sim_loc *loc = &memory->locs[node->ask.loc];
  struct sim_line *line = loc->line;
  if (line->cells == NULL)
    return false;
  if (loc->size == 1 && line->grain != 1)
    refine(memory, line);
  struct touch touch = {.thread = thread,
                        .clock = &node->hb,
                        .after = explore->threads[thread].done - 1u,
                        .writes = (node->flags & SIM_NODE_WRITES) != 0,
                        .site = node->ask.site,
                        .where = loc->where};
  uint32_t offset = (uint32_t)((uintptr_t)loc->where - line->base);
  bool races = false;
  for (uint32_t at = offset; at < offset + loc->size; at += line->grain) {
    const struct sim_cell *cell = &line->cells[at / line->grain];
    if (cell->run == memory->run)
      races |= check_plain(memory, cell, &touch);
  }
  return races;
}
