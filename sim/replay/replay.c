/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/replay/replay.h"

#include <string.h>

#include "sim/error.h"
#include "sim/replay/internal.h"

/* ---- Pieces of 2 MiB ---- */

static inline void count_used(sim_replay *replay, uint32_t frame, int change)
{
  uint16_t *used = &replay->used[frame / HUGE_FRAMES];

  replay->counts.free_huge -= *used == 0 ? 1 : 0;
  *used = (uint16_t)(*used + change);
  replay->counts.free_huge += *used == 0 ? 1 : 0;
}

static void count_free_huge(sim_replay *replay)
{
  replay->counts.free_huge = 0;
  for (uint32_t i = 0; i < replay->nr_huge; i++)
    replay->counts.free_huge += replay->used[i] == 0 ? 1 : 0;
}

/* Frames from the allocator, or back to it. */
static void count_run(sim_replay *replay, uint32_t first, uint32_t frames, bool taken)
{
  while (frames > 0) {
    uint32_t here = MIN(frames, HUGE_FRAMES - first % HUGE_FRAMES);
    count_used(replay, first, taken ? (int)here : -(int)here);
    replay->counts.held_frames += taken ? here : UINT64_C(0) - here;
    first += here;
    frames -= here;
  }
}

/* ---- Dropping ---- */

void sim_replay_drop_frames(const struct fm_ops *ops, struct fm_kernel *kernel, uint32_t first,
                            uint32_t frames)
{
  uint64_t start = (uint64_t)first * FM_PAGE_SIZE;

  if (frames == 1) {
    ops->frame_drop(kernel, ops->frame_from_raw(fm_paddr_of(start)));
  } else {
    struct fm_segment segment = {fm_range_of(start, start + frames * FM_PAGE_SIZE)};
    ops->segment_drop(kernel, segment);
  }
}

/* A run of neighbours that are dropped together. */
struct run {
  uint32_t first; /* frame of the machine; with a crew, within the place */
  uint32_t frames;
  uint32_t place; /* with a crew */
};

/* The event under way, for the crew. */
static struct crew_event why(const sim_replay *replay)
{
  return (struct crew_event){*replay->next, replay->position + 1};
}

static void drop_run(sim_replay *replay, struct run *run)
{
  if (run->frames == 0)
    return;
  if (replay->crew != NULL) {
    const struct crew_event event = why(replay);
    sim_crew_drop(replay->crew, &event, run->place, run->first, run->frames);
  } else {
    count_run(replay, run->first, run->frames, false);
    sim_replay_drop_frames(replay->ops, replay->kernel, run->first, run->frames);
  }
  run->frames = 0;
}

/* Ends the life of the frame of the trace with this word; what it held joins the run. */
static inline void end_frame(sim_replay *replay, uint32_t pfn, uint64_t *word, struct run *run)
{
  uint32_t frame = (uint32_t)*word, place = 0;
  bool is_single = table_kind(*word) == TABLE_SINGLE;
  uint32_t who = table_who(*word);

  *word = TABLE_SEEN;
  replay->counts.live_frames--;
  if (is_single) {
    replay->counts.live_blocks--;
  } else if (--table_block_at(&replay->table, who)->live == 0) {
    sim_table_remove_block(&replay->table, who);
    replay->counts.live_blocks--;
  }
  if (frame == TABLE_NO_FRAME)
    return;
  if (replay->crew != NULL) {
    place = frame;
    frame = pfn - sim_crew_start(replay->crew, place);
  }
  if (run->frames > 0 && (frame != run->first + run->frames || place != run->place))
    drop_run(replay, run);
  if (run->frames == 0) {
    run->first = frame;
    run->place = place;
  }
  run->frames++;
}

static inline uint16_t cpu_of(const sim_replay *replay, uint64_t word)
{
  return table_kind(word) == TABLE_SINGLE ? (uint16_t)table_who(word)
                                          : table_block_at(&replay->table, table_who(word))->cpu;
}

/* ---- Events ---- */

bool sim_replay_take_frames(const struct fm_ops *ops, struct fm_kernel *kernel, fm_meta_id type,
                            uint32_t frames, uint32_t *ret)
{
  const struct fm_alloc_options options = {.type = type, .dirty = true};

  if (frames == 1) {
    struct fm_frame frame = {NULL};
    if (ops->frame_alloc(kernel, &options, &frame) != FM_ALLOC_OK)
      return false;
    *ret = (uint32_t)fm_pfn_of_paddr(fm_frame_paddr(frame)).nr;
    return true;
  }
  struct fm_segment segment;
  if (ops->segment_alloc(kernel, &options, frames, &segment) != FM_ALLOC_OK)
    return false;
  *ret = (uint32_t)fm_pfn_of_paddr(segment.range.start).nr;
  return true;
}

/* The first frame of the machine that it got, or TABLE_NO_FRAME; with a crew, the place. */
static uint32_t take(sim_replay *replay, uint32_t frames)
{
  uint32_t frame = TABLE_NO_FRAME;

  if (replay->crew != NULL) {
    const struct crew_event event = why(replay);
    return sim_crew_take(replay->crew, &event, frames);
  }
  if (sim_replay_take_frames(replay->ops, replay->kernel, replay->type, frames, &frame))
    count_run(replay, frame, frames, true);
  else
    replay->counts.failed++;
  return frame;
}

/* What the kernel must have freed without an event. */
static void end_live_before(sim_replay *replay, const struct sim_trace_event *event)
{
  uint32_t frames = 1u << event->order;
  struct run run = {0, 0, 0};
  bool over = false;

  for (uint32_t i = 0; i < frames; i++) {
    uint64_t *word = table_word(&replay->table, event->pfn + i);
    if (table_kind(*word) != TABLE_NONE) {
      end_frame(replay, event->pfn + i, word, &run);
      over = true;
    }
  }
  drop_run(replay, &run);
  replay->counts.over_live += over ? 1 : 0;
}

static void replay_alloc(sim_replay *replay, const struct sim_trace_event *event)
{
  struct sim_replay_counts *counts = &replay->counts;
  uint32_t frames = 1u << event->order;

  end_live_before(replay, event);
  uint32_t frame = take(replay, frames);
  bool apart = replay->crew == NULL && frame != TABLE_NO_FRAME; /* each word has its own frame */
  if (frames == 1) {
    *table_word(&replay->table, event->pfn) = table_live_word(TABLE_SINGLE, event->cpu, frame);
  } else {
    struct table_block block = {event->pfn, frames, event->cpu, event->order};
    uint32_t number = sim_table_add_block(&replay->table, block);
    for (uint32_t i = 0; i < frames; i++)
      *table_word(&replay->table, event->pfn + i) =
          table_live_word(TABLE_PART, number, apart ? frame + i : frame);
  }
  counts->live_frames += frames;
  counts->live_blocks++;
  counts->peak_frames = MAX(counts->peak_frames, counts->live_frames);
  counts->peak_blocks = MAX(counts->peak_blocks, counts->live_blocks);
  replay->cpus[event->cpu].allocs++;
}

/* What a free found. */
struct found {
  uint32_t unseen;
  bool not_live;
  bool any_live;
  bool one_owner;
  uint64_t owner; /* word of the first live frame, without its frame */
};

static bool lies_inside(const sim_replay *replay, const struct sim_trace_event *event,
                        const struct found *found)
{
  if (!found->any_live || !found->one_owner || table_kind(found->owner) != TABLE_PART)
    return false;
  const struct table_block *block = table_block_at(&replay->table, table_who(found->owner));
  uint64_t end = (uint64_t)block->start + (UINT64_C(1) << block->order);
  return event->order < block->order && event->pfn >= block->start &&
         event->pfn + (UINT64_C(1) << event->order) <= end;
}

static void look_at_free(sim_replay *replay, const struct sim_trace_event *event,
                         struct found *found)
{
  uint32_t frames = 1u << event->order, remote = 0;

  *found = (struct found){.one_owner = true};
  for (uint32_t i = 0; i < frames; i++) {
    uint64_t word = *table_word(&replay->table, event->pfn + i);
    if (table_kind(word) == TABLE_NONE) {
      found->unseen += word == 0 ? 1 : 0;
      found->not_live |= word != 0;
      continue;
    }
    uint64_t owner = word >> TABLE_WHO_SHIFT << TABLE_WHO_SHIFT;
    found->one_owner = !found->any_live || (found->one_owner && owner == found->owner);
    found->owner = owner;
    found->any_live = true;
    remote += cpu_of(replay, word) != event->cpu ? 1 : 0;
  }
  replay->counts.remote_frees += remote != 0 ? 1 : 0;
  replay->counts.remote_frames += remote;
  replay->cpus[event->cpu].remote_frames += remote;
}

static void replay_free(sim_replay *replay, const struct sim_trace_event *event)
{
  struct sim_replay_counts *counts = &replay->counts;
  uint32_t frames = 1u << event->order;
  struct run run = {0, 0, 0};
  struct found found;

  look_at_free(replay, event, &found);
  counts->unknown_events += found.unseen == frames ? 1 : 0;
  counts->unknown_frames += found.unseen;
  counts->already_free += found.not_live ? 1 : 0;
  counts->partial += lies_inside(replay, event, &found) ? 1 : 0;
  replay->cpus[event->cpu].frees++;
  for (uint32_t i = 0; i < frames; i++) {
    uint64_t *word = table_word(&replay->table, event->pfn + i);
    if (table_kind(*word) != TABLE_NONE)
      end_frame(replay, event->pfn + i, word, &run);
    else
      *word = TABLE_SEEN;
  }
  drop_run(replay, &run);
}

static void replay_event(sim_replay *replay, const struct sim_trace_event *event)
{
  replay->counts.kinds[event->kind]++;
  replay->counts.last_us = event->time_us;
  if (event->kind != SIM_TRACE_ALLOC && event->kind != SIM_TRACE_FREE)
    return;
  if (replay->crew == NULL && event->cpu != replay->on_cpu) {
    sim_cpu_enter(replay->machine, event->cpu % replay->kernel->cpus);
    replay->on_cpu = event->cpu;
  }
  replay->counts.cpus = MAX(replay->counts.cpus, event->cpu + 1u);
  if (event->kind == SIM_TRACE_ALLOC)
    replay_alloc(replay, event);
  else
    replay_free(replay, event);
}

static void run_events(void *data)
{
  sim_replay *replay = data;
  const struct sim_replay_options *options = &replay->options;

  while (replay->next < replay->end && replay->position < options->until &&
         (replay->crew == NULL || !sim_crew_is_over(replay->crew))) {
    const struct sim_trace_event *event = replay->next;
    if (sim_replay_wants(replay, event))
      replay_event(replay, event);
    else
      replay->counts.left_out++;
    replay->next++;
    replay->position++;
  }
}

enum sim_end sim_replay_events(sim_replay *replay, const struct sim_trace_event *events,
                               size_t count, size_t *ret_used)
{
  replay->next = events;
  replay->end = events + count;
  replay->on_cpu = UINT32_MAX;
  enum sim_end end = SIM_END_DONE;
  if (replay->crew == NULL) {
    end = sim_guard_run(replay->machine, run_events, replay);
    if (end != SIM_END_DONE)
      replay->ended_at = why(replay);
  } else {
    run_events(replay);
    if (sim_crew_is_over(replay->crew))
      end = sim_replay_settle(replay);
  }
  *ret_used = (size_t)(replay->next - events);
  return end;
}

enum sim_end sim_replay_settle(sim_replay *replay)
{
  struct sim_replay_counts *counts = &replay->counts;
  struct crew_totals totals;

  if (replay->crew == NULL)
    return sim_machine_panic(replay->machine) == NULL ? SIM_END_DONE : SIM_END_PANIC;
  enum sim_end end = sim_crew_settle(replay->crew, &totals);
  counts->failed = totals.failed;
  counts->held_frames = totals.held;
  count_free_huge(replay);
  if (end != SIM_END_DONE)
    replay->ended_at = *sim_crew_ended_at(replay->crew);
  return end;
}

/* ---- Life ---- */

void sim_replay_options_init(struct sim_replay_options *options)
{
  *options = (struct sim_replay_options){.cpu = -1, .to_us = UINT64_MAX, .until = UINT64_MAX};
}

/* Frames that are nobody's: unused, or the first one of a free chunk of the allocator buddy. */
static bool is_free(const struct fm_slot_view *view)
{
  return view->state == FM_STATE_UNUSED ||
         (view->state == FM_STATE_UNIQUE && view->in_list != 0 && view->vtable != NULL &&
          view->vtable->number == FM_META_FREE_HEAD);
}

static void count_machine(sim_replay *replay)
{
  const struct fm_kernel *kernel = replay->kernel;

  replay->nr_huge = (uint32_t)((kernel->nr_frames + HUGE_FRAMES - 1) / HUGE_FRAMES);
  replay->used = g_new0(uint16_t, replay->nr_huge);
  for (uint64_t frame = 0; frame < kernel->nr_frames; frame++) {
    struct fm_slot_view view;
    fm_slot_view(kernel, fm_slot_at(fm_paddr_of(frame * FM_PAGE_SIZE)), &view);
    bool free = is_free(&view);
    replay->used[frame / HUGE_FRAMES] += free ? 0 : 1;
    replay->free_frames += free ? 1 : 0;
  }
  /* What lies behind the last frame is never free. */
  if (kernel->nr_frames % HUGE_FRAMES != 0)
    replay->used[replay->nr_huge - 1] += HUGE_FRAMES - kernel->nr_frames % HUGE_FRAMES;
  count_free_huge(replay);
}

sim_replay *sim_replay_new(sim_machine *machine, const struct sim_replay_options *options,
                           GError **error)
{
  struct fm_kernel *kernel = sim_machine_kernel(machine);

  if (kernel->nr_frames >= TABLE_NO_FRAME - 1) { /* crew.c has a use for that one, too */
    g_set_error_literal(error, SIM_ERROR, SIM_ERROR_LIMIT,
                        "a replay needs a machine with less than 2^32 frames (16 TiB)");
    return NULL;
  }
  g_autoptr(sim_replay) replay = g_new0(sim_replay, 1);
  replay->machine = machine;
  replay->ops = sim_machine_ops(machine);
  replay->kernel = kernel;
  replay->options = *options;
  replay->type = fm_meta_empty(FM_META_ANON);
  replay->cpus = g_new0(struct sim_replay_cpu, SIM_TRACE_CPUS_MAX);
  sim_table_init(&replay->table);
  count_machine(replay);
  replay->free_bytes = replay->ops->free_bytes(kernel);
  if (options->threads) {
    replay->crew = sim_crew_new(machine, replay->type, replay->used, error);
    if (replay->crew == NULL)
      return NULL;
  }
  return g_steal_pointer(&replay);
}

sim_replay *sim_replay_free(sim_replay *replay)
{
  if (replay == NULL)
    return NULL;
  sim_crew_free(replay->crew);
  sim_table_clear(&replay->table);
  g_free(replay->used);
  g_free(replay->cpus);
  g_free(replay);
  return NULL;
}
