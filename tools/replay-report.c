/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/replay-report.h"

#include <inttypes.h>

static uint64_t events_of(const struct sim_replay_counts *counts)
{
  uint64_t events = 0;
  for (int kind = 0; kind < SIM_TRACE_KINDS; kind++)
    events += counts->kinds[kind];
  return events;
}

static uint64_t per_second(const struct replay_result *result)
{
  uint64_t events = events_of(sim_replay_counts(result->replay));
  return result->seconds > 0 ? (uint64_t)((double)events / result->seconds) : 0;
}

/* ---- Text ---- */

static void print_title(const char *text)
{
  printf("%s%s%s\n", cli_color(CLI_BOLD), text, cli_color(CLI_PLAIN));
}

static void print_line(const char *name, uint64_t count, const char *text)
{
  printf("  %-26s %12" PRIu64 "%s%s\n", name, count, text[0] != '\0' ? "  " : "", text);
}

/* Only what there is any of. */
static void print_some(const char *name, uint64_t count, const char *text)
{
  if (count != 0)
    print_line(name, count, text);
}

static void print_trace(const struct sim_tracein_info *trace)
{
  printf("Trace: %s (format %s%s", trace->file, trace->format, trace->compressed ? ", zstd" : "");
  if (trace->cpus != 0)
    printf(", %" PRIu32 " CPU%s", trace->cpus, trace->cpus == 1 ? "" : "s");
  printf(")\n");
}

static void print_events(const struct replay_result *result)
{
  const struct sim_replay_counts *counts = sim_replay_counts(result->replay);

  print_title("Events");
  print_line("alloc", counts->kinds[SIM_TRACE_ALLOC], "");
  print_line("free", counts->kinds[SIM_TRACE_FREE], "");
  print_line("free_batched", counts->kinds[SIM_TRACE_FREE_BATCHED],
             "repeat a free: counted, not replayed");
  print_line("skipped", counts->kinds[SIM_TRACE_OTHER], "about something else");
  print_some("failed when recorded", counts->kinds[SIM_TRACE_FAILED], "no frames to take");
  print_some("left out", counts->left_out, "by --cpu, --from or --to");
  print_some("late", result->trace->late, "stood outside of the window: came out of order");
  print_some("lost", result->trace->lost, "the recorder says that it lost them");
  print_some("bytes cut", result->trace->cut, "at the end: of no whole block or page");
  if (result->trace->unfinished)
    printf("  the recording has no end: whoever wrote it was stopped\n");
}

static void print_frames(const struct sim_replay_counts *counts)
{
  print_title("Frames of the trace");
  print_line("peak live frames", counts->peak_frames, "");
  print_line("peak live blocks", counts->peak_blocks, "");
  print_line("live frames at the end", counts->live_frames, "");
  print_line("live blocks at the end", counts->live_blocks, "");
  print_line("frees never seen alloc.", counts->unknown_events, "events");
  print_line("", counts->unknown_frames, "frames");
  print_line("frees of a free frame", counts->already_free, "");
  print_line("frees of part of a block", counts->partial, "");
  print_line("allocs over a live frame", counts->over_live, "");
  print_line("frees by another CPU", counts->remote_frees, "events");
  print_line("", counts->remote_frames, "frames");
}

static void print_machine(const struct replay_result *result)
{
  const struct sim_replay_counts *counts = sim_replay_counts(result->replay);

  print_title("Machine");
  print_some("threads, one for each CPU", sim_replay_threads(result->replay),
             sim_replay_is_pinned(result->replay) ? "each on a CPU of the host"
                                                  : "not pinned: the host has fewer CPUs to give");
  print_line("allocations that failed", counts->failed,
             counts->failed != 0 ? "the trace counts them all the same" : "");
  print_line("frames held at the end", counts->held_frames, "");
  printf("  %-26s %12" PRIu64 "  of %" PRIu64 " that the free frames would fill\n",
         "free pieces of 2 MiB", counts->free_huge, sim_replay_possible_huge(result->replay));
}

static void print_cpus(const sim_replay *replay)
{
  const struct sim_replay_counts *counts = sim_replay_counts(replay);

  print_title("CPUs of the trace");
  printf("  %3s %12s %12s %18s\n", "CPU", "alloc", "free", "of other CPUs");
  for (uint32_t cpu = 0; cpu < counts->cpus; cpu++) {
    const struct sim_replay_cpu *one = sim_replay_cpu_counts(replay, cpu);
    if (one->allocs + one->frees != 0)
      printf("  %3" PRIu32 " %12" PRIu64 " %12" PRIu64 " %11" PRIu64 " frames\n", cpu, one->allocs,
             one->frees, one->remote_frames);
  }
}

void replay_print(const struct replay_result *result)
{
  bool good = result->findings == 0;

  print_trace(result->trace);
  print_events(result);
  print_frames(sim_replay_counts(result->replay));
  print_machine(result);
  print_cpus(result->replay);
  printf("%s%s%s: %" PRIu64 " events, %" PRIu64 " finding%s\n",
         cli_color(good ? CLI_GREEN : CLI_RED), good ? "held" : "violated", cli_color(CLI_PLAIN),
         events_of(sim_replay_counts(result->replay)), result->findings,
         result->findings == 1 ? "" : "s");
  printf("digest %s\n", result->digest);
  printf("%.3f seconds, %" PRIu64 " events per second\n", result->seconds, per_second(result));
}

/* ---- JSON ---- */

static void begin_object(JsonBuilder *json, const char *name)
{
  json_builder_set_member_name(json, name);
  json_builder_begin_object(json);
}

static void add_cpus(JsonBuilder *json, const sim_replay *replay)
{
  json_builder_set_member_name(json, "cpus");
  json_builder_begin_array(json);
  for (uint32_t cpu = 0; cpu < sim_replay_counts(replay)->cpus; cpu++) {
    const struct sim_replay_cpu *one = sim_replay_cpu_counts(replay, cpu);
    if (one->allocs + one->frees == 0)
      continue;
    json_builder_begin_object(json);
    cli_json_int(json, "cpu", cpu);
    cli_json_int(json, "alloc", one->allocs);
    cli_json_int(json, "free", one->frees);
    cli_json_int(json, "remote_frames", one->remote_frames);
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
}

static void add_counts(JsonBuilder *json, const struct sim_replay_counts *counts)
{
  begin_object(json, "events");
  cli_json_int(json, "alloc", counts->kinds[SIM_TRACE_ALLOC]);
  cli_json_int(json, "free", counts->kinds[SIM_TRACE_FREE]);
  cli_json_int(json, "free_batched", counts->kinds[SIM_TRACE_FREE_BATCHED]);
  cli_json_int(json, "skipped", counts->kinds[SIM_TRACE_OTHER]);
  json_builder_end_object(json);
  cli_json_int(json, "peak_frames", counts->peak_frames);
  cli_json_int(json, "live_frames", counts->live_frames);
  cli_json_int(json, "live_blocks", counts->live_blocks);
  begin_object(json, "frees_unknown");
  cli_json_int(json, "events", counts->unknown_events);
  cli_json_int(json, "frames", counts->unknown_frames);
  json_builder_end_object(json);
  cli_json_int(json, "frees_already_free", counts->already_free);
  cli_json_int(json, "partial_frees", counts->partial);
  cli_json_int(json, "allocs_over_live", counts->over_live);
  cli_json_int(json, "remote_frees", counts->remote_frees);
  cli_json_int(json, "failed", counts->failed);
}

bool replay_write_json(const struct replay_result *result, const char *path)
{
  const struct sim_replay_counts *counts = sim_replay_counts(result->replay);
  JsonBuilder *json = cli_json_begin("replay");

  add_counts(json, counts);
  cli_json_int(json, "findings", result->findings);
  json_builder_set_member_name(json, "seconds");
  json_builder_add_double_value(json, result->seconds);
  cli_json_int(json, "events_per_second", per_second(result));
  cli_json_string(json, "digest", result->digest);

  cli_json_int(json, "remote_frames", counts->remote_frames);
  cli_json_int(json, "threads", sim_replay_threads(result->replay));
  cli_json_int(json, "peak_blocks", counts->peak_blocks);
  cli_json_int(json, "held_frames", counts->held_frames);
  cli_json_int(json, "failed_when_recorded", counts->kinds[SIM_TRACE_FAILED]);
  cli_json_int(json, "left_out", counts->left_out);
  cli_json_int(json, "late", result->trace->late);
  cli_json_int(json, "lost", result->trace->lost);
  cli_json_int(json, "cut_bytes", result->trace->cut);
  json_builder_set_member_name(json, "unfinished");
  json_builder_add_boolean_value(json, result->trace->unfinished);
  begin_object(json, "huge");
  cli_json_int(json, "free", counts->free_huge);
  cli_json_int(json, "possible", sim_replay_possible_huge(result->replay));
  json_builder_end_object(json);
  add_cpus(json, result->replay);
  return cli_json_end(json, path, false);
}

/* ---- Series ---- */

void replay_print_csv_head(FILE *file)
{
  fprintf(file, "event,time_us,live_frames,live_blocks,held_frames,failed,free_huge,"
                "possible_huge\n");
}

void replay_print_csv(FILE *file, const sim_replay *replay)
{
  const struct sim_replay_counts *counts = sim_replay_counts(replay);
  fprintf(file,
          "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
          ",%" PRIu64 "\n",
          sim_replay_position(replay), counts->last_us, counts->live_frames, counts->live_blocks,
          counts->held_frames, counts->failed, counts->free_huge, sim_replay_possible_huge(replay));
}
