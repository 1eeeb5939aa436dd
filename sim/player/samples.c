/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/player/samples.h"

#include <inttypes.h>
#include <string.h>

#include "sim/player/free.h"

#define PIECES_MAX 4096u

struct sim_samples {
  sim_player *player;
  const sim_replay *replay;
  const sim_machine *machine;
  char *map;     /* digits of the last moment; NULL: there was none */
  uint64_t next; /* position at which the next moment is due */
};

sim_samples *sim_samples_new(sim_player *player, const sim_replay *replay,
                             const sim_machine *machine)
{
  sim_samples *samples = g_new0(sim_samples, 1);
  samples->player = player;
  samples->replay = replay;
  samples->machine = machine;
  sim_player_set_thinned(player);
  return samples;
}

sim_samples *sim_samples_free(sim_samples *samples)
{
  if (samples == NULL)
    return NULL;
  g_free(samples->map);
  g_free(samples);
  return NULL;
}

uint64_t sim_samples_due(const sim_samples *samples)
{
  uint64_t position = sim_replay_position(samples->replay);
  return samples->next > position ? samples->next - position : 1;
}

bool sim_samples_is_due(const sim_samples *samples)
{
  return sim_replay_position(samples->replay) >= samples->next;
}

/* Only the digits that changed: there may be thousands. */
static void put_pieces(sim_samples *samples)
{
  char *map = sim_replay_frag_map(samples->replay);
  size_t pieces = strlen(map);
  for (size_t i = 0; i < MIN(pieces, PIECES_MAX); i++) {
    if (samples->map != NULL && samples->map[i] == map[i])
      continue;
    g_autofree char *key = g_strdup_printf("%05zu", i);
    g_autofree char *row = sim_player_row("u", (uint64_t)(map[i] - '0'));
    sim_player_put(samples->player, SIM_PLAYER_PIECE, key, row);
  }
  if (samples->map == NULL && pieces > PIECES_MAX) {
    g_autofree char *text = g_strdup_printf("%zu pieces of 2 MiB behind the first %u.",
                                            pieces - PIECES_MAX, PIECES_MAX);
    sim_player_left_out(samples->player, text);
  }
  g_free(samples->map);
  samples->map = map;
}

static void put_counts(sim_samples *samples)
{
  const struct sim_replay_counts *counts = sim_replay_counts(samples->replay);
  const struct {
    const char *name;
    uint64_t count;
  } rows[] = {{"frames held", counts->held_frames},
              {"failed allocations", counts->failed},
              {"free pieces", counts->free_huge}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *row = sim_player_row("u", rows[i].count);
    sim_player_put(samples->player, SIM_PLAYER_COUNT, rows[i].name, row);
  }
}

static char *describe(const sim_samples *samples, const struct sim_trace_event *event)
{
  static const char *const words[SIM_TRACE_KINDS] = {[SIM_TRACE_ALLOC] = "allocates",
                                                     [SIM_TRACE_FAILED] = "allocates in vain",
                                                     [SIM_TRACE_FREE] = "frees",
                                                     [SIM_TRACE_FREE_BATCHED] = "frees, again,",
                                                     [SIM_TRACE_OTHER] = "passes over"};
  if (event == NULL)
    return g_strdup("The machine has booted; nothing is replayed yet");
  uint64_t frames = UINT64_C(1) << event->order;
  return g_strdup_printf(
      "Event %" PRIu64 ", CPU %u %s %" PRIu64 " frame%s (%" PRIu64 ".%06" PRIu64 " s)",
      sim_replay_position(samples->replay), event->cpu, words[event->kind], frames,
      frames == 1 ? "" : "s", event->time_us / G_USEC_PER_SEC, event->time_us % G_USEC_PER_SEC);
}

static void add_moment(sim_samples *samples, const struct sim_player_moment *moment)
{
  sim_player_begin(samples->player, moment);
  put_pieces(samples);
  put_counts(samples);
  sim_player_put_free(samples->player, samples->machine);
  sim_player_end(samples->player);
}

void sim_samples_add(sim_samples *samples, const struct sim_trace_event *event)
{
  uint64_t position = sim_replay_position(samples->replay);
  g_autofree char *text = describe(samples, event);
  const struct sim_player_moment moment = {.kind = "sample",
                                           .step = position,
                                           .cpu = event != NULL ? event->cpu : -1,
                                           .command = -1,
                                           .text = text};
  add_moment(samples, &moment);
  samples->next = position + sim_player_pace(samples->player);
}

void sim_samples_end(sim_samples *samples)
{
  const struct fm_kernel *kernel = sim_machine_kernel(samples->machine);
  uint64_t held = sim_replay_counts(samples->replay)->held_frames;
  g_autofree char *text = g_strdup_printf("The end: %" PRIu64 " events, %" PRIu64 " frames held",
                                          sim_replay_position(samples->replay), held);
  const struct sim_player_moment moment = {.kind = "end", .cpu = -1, .command = -1, .text = text};
  add_moment(samples, &moment);
  g_autofree char *machine = g_strdup_printf(
      "%" PRIu64 " frames, %u CPU%s, allocator %s", kernel->nr_frames, kernel->cpus,
      kernel->cpus == 1 ? "" : "s", fm_allocator_name((enum fm_allocator_kind)kernel->allocator));
  sim_player_fact(samples->player, "machine", machine);
}
