/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Suite replay.  A generated trace, written in each of its forms, is read, and read and replayed.
 * Beside each round the same events are replayed from memory: what a replay costs without any
 * file.
 *
 * The trace is made to look like those of real kernels: nearly all blocks are single frames, a
 * few are huge, most frees are repeated by a batched one, and some come from another CPU.  At
 * its end everything is free, so each round finds the machine as the first did.  The machine
 * has one CPU, which plays all of the trace's: with more, what remains in their pools is not
 * the same after each round.
 */
#include <glib/gstdio.h>
#include <stdlib.h>

#include "sim/replay/replay.h"
#include "sim/rng.h"
#include "sim/tracein/traceout.h"
#include "tools/bench.h"

#define EVENTS_LEAST 262144u
#define LIVE_BLOCKS  16384u
#define SINGLES      24576u  /* names of single frames: most are free when they come again */
#define LARGES       1024u   /* names of larger blocks, 512 frames apart */
#define LARGE        524288u /* first name of larger blocks */
#define CPUS         4u
#define SEED         UINT64_C(20261130)

enum form { FORM_TEXT, FORM_BINARY, FORM_LLFREE, FORMS };

static const char *const form_names[FORMS] = {"text", "binary", "llfree"};

struct bench {
  sim_machine *machine;
  GArray *events;                           /* struct sim_trace_event */
  struct sim_trace_event live[LIVE_BLOCKS]; /* while they are made */
  char *folder;
  char *paths[FORMS];
};

static void must(bool done)
{
  if (!done)
    abort();
}

/* ---- The trace ---- */

static void add(struct bench *bench, struct sim_trace_event event)
{
  event.time_us = bench->events->len / 3;
  g_array_append_val(bench->events, event);
}

static uint8_t any_order(struct sim_rng *rng)
{
  uint64_t draw = sim_rng_below(rng, 1000);
  return draw == 0 ? 9 : draw < 5 ? 2 : draw < 25 ? 1 : 0;
}

/* The last live block takes the place of the one that is freed. */
static void add_free(struct bench *bench, struct sim_rng *rng, struct sim_trace_event *live,
                     uint32_t at, uint32_t last)
{
  struct sim_trace_event event = live[at];
  event.kind = SIM_TRACE_FREE;
  if (sim_rng_below(rng, 5) == 0)
    event.cpu = (uint16_t)sim_rng_below(rng, CPUS);
  add(bench, event);
  if (event.order == 0 && sim_rng_below(rng, 8) != 0) {
    event.kind = SIM_TRACE_FREE_BATCHED;
    add(bench, event);
  }
  live[at] = live[last];
}

static void generate(struct bench *bench)
{
  struct sim_trace_event *live = bench->live;
  uint32_t blocks = 0, next = 0, large = 0;
  struct sim_rng rng;

  sim_rng_init(&rng, SEED, "bench");
  while (bench->events->len < EVENTS_LEAST) {
    if (blocks == LIVE_BLOCKS || (blocks > 0 && sim_rng_below(&rng, 16) < 7)) {
      add_free(bench, &rng, live, (uint32_t)sim_rng_below(&rng, blocks), blocks - 1);
      blocks--;
      continue;
    }
    uint8_t order = any_order(&rng);
    live[blocks] = (struct sim_trace_event){
        .pfn = order == 0 ? 512 + next++ % SINGLES : LARGE + 512 * (large++ % LARGES),
        .cpu = (uint16_t)sim_rng_below(&rng, CPUS),
        .order = order,
        .kind = SIM_TRACE_ALLOC,
    };
    add(bench, live[blocks]);
    blocks++;
  }
  for (; blocks > 0; blocks--)
    add_free(bench, &rng, live, blocks - 1, blocks - 1);
}

static bool write_forms(struct bench *bench, GError **error)
{
  const struct sim_trace_event *events = &g_array_index(bench->events, struct sim_trace_event, 0);

  bench->folder = g_dir_make_tmp("framesim-bench-XXXXXX", error);
  if (bench->folder == NULL)
    return false;
  for (int form = 0; form < FORMS; form++) {
    bench->paths[form] = g_build_filename(bench->folder, form_names[form], NULL);
    g_autoptr(sim_traceout) out =
        sim_traceout_new(bench->paths[form], form_names[form], CPUS, error);
    if (out == NULL || !sim_traceout_add(out, events, bench->events->len, error) ||
        !sim_traceout_finish(out, error))
      return false;
  }
  return true;
}

/* ---- Rounds: nanoseconds per event ---- */

static sim_replay *start(struct bench *bench)
{
  struct sim_replay_options options;
  sim_replay_options_init(&options);
  sim_replay *replay = sim_replay_new(bench->machine, &options, NULL);
  must(replay != NULL);
  return replay;
}

static void play(sim_replay *replay, const struct sim_trace_event *events, size_t count)
{
  size_t used;
  must(sim_replay_events(replay, events, count, &used) == SIM_END_DONE && used == count);
}

static double from_memory(struct bench *bench)
{
  g_autoptr(sim_replay) replay = start(bench);
  double begin = bench_now_ns();
  play(replay, &g_array_index(bench->events, struct sim_trace_event, 0), bench->events->len);
  double ns = bench_now_ns() - begin;
  must(sim_replay_counts(replay)->held_frames == 0);
  return ns / bench->events->len;
}

static double from_file(struct bench *bench, enum form form, sim_replay *replay)
{
  const struct sim_trace_event *events = NULL;
  gssize count;
  uint64_t all = 0;

  double begin = bench_now_ns();
  g_autoptr(sim_tracein) in = sim_tracein_open(bench->paths[form], NULL, NULL);
  must(in != NULL);
  while ((count = sim_tracein_next(in, &events, NULL)) > 0) {
    all += (uint64_t)count;
    if (replay != NULL)
      play(replay, events, (size_t)count);
  }
  must(count == 0 && all != 0);
  return (bench_now_ns() - begin) / (double)all;
}

static double replay_file(struct bench *bench, enum form form)
{
  g_autoptr(sim_replay) replay = start(bench);
  double ns = from_file(bench, form, replay);
  must(sim_replay_counts(replay)->held_frames == 0);
  return ns;
}

/* ---- Measuring ---- */

static const struct {
  const char *name;
  enum form form;
  bool replayed;
} measurements[] = {
    {"read text", FORM_TEXT, false},           {"read binary", FORM_BINARY, false},
    {"read llfree", FORM_LLFREE, false},       {"replay from text", FORM_TEXT, true},
    {"replay from binary", FORM_BINARY, true}, {"replay from llfree", FORM_LLFREE, true},
};

#define FILE_ROWS G_N_ELEMENTS(measurements)
#define ROWS      (FILE_ROWS + 1)

static double run_round(struct bench *bench, size_t row)
{
  if (row == FILE_ROWS)
    return from_memory(bench);
  return measurements[row].replayed ? replay_file(bench, measurements[row].form)
                                    : from_file(bench, measurements[row].form, NULL);
}

static void measure(struct bench *bench, unsigned rounds, GArray *rows)
{
  g_autofree double *ns = g_new(double, ROWS *rounds);
  g_autofree double *bare = g_new(double, ROWS *rounds);

  (void)from_memory(bench); /* warm */
  for (unsigned round = 0; round < rounds; round++)
    for (size_t i = 0; i < ROWS; i++) {
      bare[i * rounds + round] = from_memory(bench);
      ns[i * rounds + round] = run_round(bench, i);
    }
  for (size_t i = 0; i < ROWS; i++) {
    const char *name = i < FILE_ROWS ? measurements[i].name : "replay from memory";
    struct bench_row row = bench_row_of(name, ns + i * rounds, bare + i * rounds, rounds);
    g_array_append_val(rows, row);
  }
}

static void clear(struct bench *bench)
{
  for (int form = 0; form < FORMS; form++) {
    if (bench->paths[form] != NULL)
      (void)g_unlink(bench->paths[form]);
    g_free(bench->paths[form]);
  }
  if (bench->folder != NULL)
    (void)g_rmdir(bench->folder);
  g_free(bench->folder);
  g_array_unref(bench->events);
  sim_machine_free(bench->machine);
  g_free(bench);
}

GArray *bench_replay(unsigned rounds, GError **error)
{
  g_autoptr(GArray) rows = g_array_new(false, false, sizeof(struct bench_row));
  struct bench *bench = g_new0(struct bench, 1);
  bench->machine = bench_machine(FM_ALLOCATOR_BUDDY, 1, error);
  bench->events = g_array_new(false, false, sizeof(struct sim_trace_event));
  bool ready = bench->machine != NULL;
  if (ready) {
    generate(bench);
    ready = write_forms(bench, error);
  }
  if (ready)
    measure(bench, rounds, rows);
  clear(bench);
  return ready ? g_steal_pointer(&rows) : NULL;
}
