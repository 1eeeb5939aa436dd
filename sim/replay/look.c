/* SPDX-License-Identifier: MPL-2.0 */
/* What can be asked of a replay, and whether what it holds is what the machine says. */
#include "sim/replay/internal.h"

/* ---- Questions ---- */

bool sim_replay_is_over(const sim_replay *replay)
{
  return replay->position >= replay->options.until;
}

bool sim_replay_wants(const sim_replay *replay, const struct sim_trace_event *event)
{
  const struct sim_replay_options *options = &replay->options;
  return (options->cpu < 0 || event->cpu == options->cpu) && event->time_us >= options->from_us &&
         event->time_us < options->to_us;
}

uint64_t sim_replay_position(const sim_replay *replay)
{
  return replay->position;
}

const struct sim_replay_counts *sim_replay_counts(const sim_replay *replay)
{
  return &replay->counts;
}

const struct sim_replay_cpu *sim_replay_cpu_counts(const sim_replay *replay, uint32_t cpu)
{
  return &replay->cpus[cpu];
}

const struct sim_trace_event *sim_replay_ended_at(const sim_replay *replay, uint64_t *ret_number)
{
  *ret_number = replay->ended_at.number;
  return &replay->ended_at.event;
}

uint32_t sim_replay_threads(const sim_replay *replay)
{
  return replay->crew != NULL ? replay->kernel->cpus : 0;
}

bool sim_replay_is_pinned(const sim_replay *replay)
{
  return replay->crew != NULL && sim_crew_is_pinned(replay->crew);
}

char *sim_replay_frag_map(const sim_replay *replay)
{
  char *map = g_malloc((gsize)replay->nr_huge + 1);

  for (uint32_t i = 0; i < replay->nr_huge; i++) {
    uint32_t free = HUGE_FRAMES - replay->used[i];
    map[i] = (char)('0' + (free == 0 ? 0 : 1 + free / 64));
  }
  map[replay->nr_huge] = '\0';
  return map;
}

uint64_t sim_replay_possible_huge(const sim_replay *replay)
{
  return (replay->free_frames - replay->counts.held_frames) / HUGE_FRAMES;
}

/* ---- Audit ---- */

static uint64_t holders_of(fm_paddr frame, void *data)
{
  const uint8_t *held = data;
  return held[fm_pfn_of_paddr(frame).nr];
}

/* The frame of the machine that a live frame of the trace has, or TABLE_NO_FRAME. */
static uint32_t frame_of(const sim_replay *replay, uint32_t pfn, uint64_t word)
{
  uint32_t frame = (uint32_t)word;

  if (replay->crew == NULL)
    return frame;
  uint32_t first = sim_crew_frame(replay->crew, frame);
  return first == TABLE_NO_FRAME ? first : first + (pfn - sim_crew_start(replay->crew, frame));
}

/* How many live frames of the trace stand on each frame of the machine: one, or something is
 * wrong with this table.  New. */
static uint8_t *collect_holders(const sim_replay *replay)
{
  uint8_t *held = g_new0(uint8_t, replay->kernel->nr_frames);

  for (uint32_t chunk = 0; chunk < TABLE_CHUNKS; chunk++) {
    const uint64_t *words = replay->table.chunks[chunk];
    for (uint32_t i = 0; words != NULL && i < TABLE_CHUNK; i++) {
      if (table_kind(words[i]) == TABLE_NONE)
        continue;
      uint32_t frame = frame_of(replay, chunk * TABLE_CHUNK + i, words[i]);
      if (frame != TABLE_NO_FRAME && held[frame] < UINT8_MAX)
        held[frame]++;
    }
  }
  return held;
}

uint64_t sim_replay_audit(const sim_replay *replay,
                          void (*report)(const struct sim_audit_fault *fault, void *data),
                          void *data)
{
  g_autofree uint8_t *held = collect_holders(replay);
  uint64_t faults = sim_audit(replay->machine, holders_of, held, report, data);
  uint64_t free_bytes = replay->ops->free_bytes(replay->kernel);
  uint64_t expected = replay->free_bytes - replay->counts.held_frames * FM_PAGE_SIZE;

  if (free_bytes == expected)
    return faults;
  const struct sim_audit_fault fault = {
      .clause = "free.bytes",
      .text = "the allocator counts more or fewer free bytes than were free before, without what "
              "is held",
      .count = free_bytes,
      .expected = expected,
  };
  report(&fault, data);
  return faults + 1;
}
