/* SPDX-License-Identifier: MPL-2.0 */
/* framesim replay: a recorded trace on a simulated machine. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/replay/replay.h"
#include "sim/tracein/traceout.h"
#include "tools/cli.h"
#include "tools/replay-report.h"
#include "tools/replay-series.h"

#define FINDINGS_SHOWN 20u
#define SLICE          4096u /* events between two looks at the signal */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
  (void)number;
  interrupted = 1;
}

/* Without SA_RESTART, so that waiting for a pipe ends, too. */
static void catch_interrupts(void)
{
  struct sigaction action = {.sa_handler = on_interrupt};
  (void)sigemptyset(&action.sa_mask);
  (void)sigaction(SIGINT, &action, NULL);
}

/* ---- Options ---- */

struct options {
  struct cli_machine machine;
  char *map;
  char *format;
  char *only_cpu;
  char *from;
  char *to;
  char *until;
  char *speed;
  char *threads;
  char *every;
  char *record;
  char *record_as;
  char *json;
  struct replay_series_choice series;
  /* Made of the above. */
  struct sim_replay_options replay;
  bool recorded_speed;
};

static void clear_options(struct options *options)
{
  char **texts[] = {&options->map,    &options->format, &options->only_cpu,  &options->from,
                    &options->to,     &options->until,  &options->speed,     &options->every,
                    &options->record, &options->json,   &options->record_as, &options->threads};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(*texts[i]);
  replay_series_choice_clear(&options->series);
  cli_machine_clear(&options->machine);
}

static int parse_count(const char *name, const char *text, uint64_t least, uint64_t most,
                       uint64_t *ret)
{
  guint64 value;
  if (text == NULL)
    return -1;
  if (!g_ascii_string_to_unsigned(text, 10, least, most, &value, NULL))
    return cli_usage_error("replay", "--%s must be a number from %" PRIu64 " on, not '%s'", name,
                           least, text);
  *ret = value;
  return -1;
}

/* "12.5" seconds as microseconds. */
static int parse_seconds(const char *name, const char *text, uint64_t *ret)
{
  guint64 seconds = 0, micros = 0;
  if (text == NULL)
    return -1;
  g_auto(GStrv) parts = g_strsplit(text, ".", 2);
  g_autofree char *digits = g_strdup_printf("%-6s", parts[0] != NULL && parts[1] ? parts[1] : "");
  bool good = parts[0] != NULL && strlen(digits) == 6 &&
              g_ascii_string_to_unsigned(parts[0], 10, 0, G_MAXUINT32, &seconds, NULL);
  for (char *c = digits; *c != '\0'; c++)
    *c = *c == ' ' ? '0' : *c;
  if (!good || !g_ascii_string_to_unsigned(digits, 10, 0, 999999, &micros, NULL))
    return cli_usage_error("replay", "--%s must be seconds, as in 12.5, not '%s'", name, text);
  *ret = seconds * G_USEC_PER_SEC + micros;
  return -1;
}

static int parse_numbers(struct options *options)
{
  struct sim_replay_options *replay = &options->replay;
  uint64_t cpu = 0;
  int status = parse_count("until", options->until, 1, UINT64_MAX, &replay->until);

  if (status < 0)
    status = parse_count("cpu", options->only_cpu, 0, SIM_TRACE_CPUS_MAX - 1, &cpu);
  if (status < 0)
    status = parse_count("every", options->every, 1, UINT64_MAX, &options->series.every);
  if (status < 0)
    status = parse_seconds("from", options->from, &replay->from_us);
  if (status < 0)
    status = parse_seconds("to", options->to, &replay->to_us);
  if (options->only_cpu != NULL)
    replay->cpu = (int32_t)cpu;
  return status;
}

static int check_words(struct options *options)
{
  if (options->speed != NULL && strcmp(options->speed, "unlimited") != 0 &&
      strcmp(options->speed, "recorded") != 0)
    return cli_usage_error("replay", "--speed must be unlimited or recorded, not '%s'",
                           options->speed);
  options->recorded_speed = options->speed != NULL && strcmp(options->speed, "recorded") == 0;
  if (options->threads != NULL && strcmp(options->threads, "one") != 0 &&
      strcmp(options->threads, "real") != 0)
    return cli_usage_error("replay", "--threads must be one or real, not '%s'", options->threads);
  options->replay.threads = options->threads != NULL && strcmp(options->threads, "real") == 0;
  if (options->record_as != NULL && options->record == NULL)
    return cli_usage_error("replay", "--record-as needs --record FILE");
  if (options->every != NULL && options->series.csv == NULL && options->series.frag_map == NULL)
    return cli_usage_error("replay", "--every needs --csv or --frag-map");
  return -1;
}

static const char help[] =
    "Replays TRACE (- is stdin), a record of what a kernel's page allocator did,\n"
    "on a machine whose memory is what --map or --memory says: each allocation\n"
    "takes frames from the simulated allocator, each free drops them.  TRACE is\n"
    "the kernel's text (text), a page trace of LLFree (llfree), or was written\n"
    "with --record (binary); also compressed with zstd.  At the end every slot\n"
    "is checked.\n"
    "Exit status: 0 all held, 1 something is wrong, 4 TRACE cannot be used.\n\n"
    "Example: framesim replay --memory 64M boot.trace.zst\n";

/* The options of machines, but that --format is that of the trace, and who does not say how
 * many CPUs there are gets as many as the trace had. */
static GOptionEntry *machine_entries(struct cli_machine *machine)
{
  GOptionEntry *entries = cli_machine_entries(machine);

  for (GOptionEntry *entry = entries; entry->long_name != NULL; entry++) {
    if (strcmp(entry->long_name, "format") == 0)
      entry->long_name = "map-format";
    if (strcmp(entry->long_name, "cpus") == 0)
      entry->description = "Number of CPUs, 1 to 64 (as TRACE says)";
    if (strcmp(entry->long_name, "memory") == 0)
      entry->description = "No MAP, but a PC with so much RAM";
  }
  machine->cpus = 0;
  return entries;
}

static int parse(int *argc, char ***argv, struct options *options)
{
  const GOptionEntry entries[] = {
      {"map", 0, 0, G_OPTION_ARG_FILENAME, &options->map, "Firmware map of the machine", "MAP"},
      {"format", 0, 0, G_OPTION_ARG_STRING, &options->format, "Form of TRACE (else found)", "NAME"},
      {"until", 0, 0, G_OPTION_ARG_STRING, &options->until, "Stop after event N", "N"},
      {"cpu", 0, 0, G_OPTION_ARG_STRING, &options->only_cpu, "Only events of CPU N", "N"},
      {"from", 0, 0, G_OPTION_ARG_STRING, &options->from, "Only from this time on", "SECONDS"},
      {"to", 0, 0, G_OPTION_ARG_STRING, &options->to, "Only before this time", "SECONDS"},
      {"speed", 0, 0, G_OPTION_ARG_STRING, &options->speed, "unlimited or recorded (unlimited)",
       "WHICH"},
      {"threads", 0, 0, G_OPTION_ARG_STRING, &options->threads,
       "real: each CPU is a thread of the host (one)", "WHICH"},
      {"record", 0, 0, G_OPTION_ARG_FILENAME, &options->record, "Write what is replayed", "FILE"},
      {"record-as", 0, 0, G_OPTION_ARG_STRING, &options->record_as,
       "binary, text or llfree (binary)", "FORM"},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &options->json,
       "Write JSON Lines to FILE (- is stdout)", "FILE"},
      {"csv", 0, 0, G_OPTION_ARG_FILENAME, &options->series.csv, "Write the counts over time",
       "FILE"},
      {"frag-map", 0, 0, G_OPTION_ARG_FILENAME, &options->series.frag_map,
       "Write a digit for each 2 MiB over time", "FILE"},
      {"html", 0, 0, G_OPTION_ARG_FILENAME, &options->series.html,
       "Write a page that plays it in a browser", "FILE"},
      {"every", 0, 0, G_OPTION_ARG_STRING, &options->every, "Events between two samples (10000)",
       "N"},
      G_OPTION_ENTRY_NULL,
  };
  g_autofree GOptionEntry *more = machine_entries(&options->machine);
  int status = cli_parse(argc, argv, "TRACE", entries, more, help);

  if (status >= 0)
    return status;
  if (*argc != 2)
    return cli_usage_error("replay", *argc < 2 ? "a TRACE is missing" : "one TRACE at a time");
  status = parse_numbers(options);
  return status < 0 ? check_words(options) : status;
}

/* ---- A run ---- */

struct run {
  const struct options *options;
  sim_tracein *trace;
  sim_machine *machine;
  sim_replay *replay;
  sim_traceout *record; /* NULL: none */
  struct replay_series series;
  double start_ns;
  uint64_t first_us;
  bool any_event;
};

static double now_ns(void)
{
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Waits for the event's time, and returns how many of the events may go with it.  For those that
 * are left out nobody waits. */
static size_t wait_for(struct run *run, const struct sim_trace_event *events, size_t count)
{
  size_t unwanted = 0;
  while (unwanted < count && !sim_replay_wants(run->replay, &events[unwanted]))
    unwanted++;
  if (unwanted > 0)
    return unwanted;
  if (!run->any_event) {
    run->first_us = events[0].time_us;
    run->any_event = true;
  }
  size_t together = 1;
  while (together < count && events[together].time_us <= events[0].time_us)
    together++;
  double due = run->start_ns + 1e3 * ((double)events[0].time_us - (double)run->first_us);
  for (double left = due - now_ns(); left > 0 && !interrupted; left = due - now_ns()) {
    struct timespec wait = {.tv_sec = (time_t)(left / 1e9)};
    wait.tv_nsec = (long)(left - (double)wait.tv_sec * 1e9);
    (void)nanosleep(&wait, NULL);
  }
  return together;
}

static int record(struct run *run, const struct sim_trace_event *events, size_t count)
{
  GError *error = NULL;

  for (size_t i = 0; run->record != NULL && i < count; i++)
    if (sim_replay_wants(run->replay, &events[i]) &&
        !sim_traceout_add(run->record, &events[i], 1, &error))
      return cli_fail(error);
  return -1;
}

static int end_of_kernel(const struct run *run)
{
  uint64_t number;
  const struct sim_trace_event *event = sim_replay_ended_at(run->replay, &number);

  fflush(stdout);
  fprintf(stderr,
          "framesim: %s: event %" PRIu64 " (CPU %u, %" PRIu64 ".%06" PRIu64 " s, frame 0x%" PRIx32
          ", order %u): the simulated kernel ended: %s\n",
          sim_tracein_info(run->trace)->file, number, event->cpu, event->time_us / G_USEC_PER_SEC,
          event->time_us % G_USEC_PER_SEC, event->pfn, event->order,
          sim_machine_panic(run->machine));
  return CLI_VIOLATED;
}

/* Replays a batch in slices that end where there is something to do.  -1 to go on. */
static int replay_batch(struct run *run, const struct sim_trace_event *events, size_t count)
{
  while (count > 0 && !interrupted && !sim_replay_is_over(run->replay)) {
    size_t slice = MIN(count, SLICE), used;
    if (run->options->recorded_speed)
      slice = wait_for(run, events, slice);
    slice = replay_series_room(&run->series, slice);
    enum sim_end end = sim_replay_events(run->replay, events, slice, &used);
    int status = record(run, events, used);
    if (status >= 0)
      return status;
    if (end != SIM_END_DONE)
      return end_of_kernel(run);
    if (used > 0 && replay_series_is_due(&run->series)) {
      if (sim_replay_settle(run->replay) != SIM_END_DONE)
        return end_of_kernel(run);
      replay_series_sample(&run->series, &events[used - 1]);
    }
    events += used;
    count -= used;
  }
  return -1;
}

static int replay_all(struct run *run)
{
  const struct sim_trace_event *events;
  GError *error = NULL;

  while (!interrupted && !sim_replay_is_over(run->replay)) {
    gssize count = sim_tracein_next(run->trace, &events, &error);
    if (count < 0)
      return cli_fail(error);
    if (count == 0)
      break;
    int status = replay_batch(run, events, (size_t)count);
    if (status >= 0)
      return status;
  }
  return sim_replay_settle(run->replay) == SIM_END_DONE ? -1 : end_of_kernel(run);
}

/* ---- The end ---- */

static void print_fault(const struct sim_audit_fault *fault, void *data)
{
  uint64_t *shown = data;
  if ((*shown)++ < FINDINGS_SHOWN)
    fprintf(stderr, "0x%" PRIx64 ": %s: %s (found 0x%" PRIx64 ", expected 0x%" PRIx64 ")\n",
            fault->frame.raw, fault->clause, fault->text, fault->count, fault->expected);
}

static int report(struct run *run, double seconds)
{
  const struct options *options = run->options;
  uint64_t shown = 0;
  struct replay_result result = {
      .trace = sim_tracein_info(run->trace), .replay = run->replay, .seconds = seconds};

  result.findings = sim_replay_audit(run->replay, print_fault, &shown);
  g_autofree char *digest = sim_machine_digest(run->machine);
  result.digest = digest;
  if (options->json == NULL || strcmp(options->json, "-") != 0)
    replay_print(&result);
  if (options->json != NULL && !replay_write_json(&result, options->json))
    return CLI_INPUT;
  if (interrupted) {
    fprintf(stderr, "interrupted: after event %" PRIu64 "\n", sim_replay_position(run->replay));
    return CLI_INTERRUPTED;
  }
  return result.findings == 0 ? CLI_OK : CLI_VIOLATED;
}

static int finish_record(struct run *run)
{
  GError *error = NULL;

  if (run->record == NULL)
    return -1;
  if (!sim_traceout_finish(run->record, &error))
    return cli_fail(error);
  uint64_t left_out = sim_traceout_left_out(run->record);
  if (left_out != 0)
    fprintf(stderr,
            "framesim: %s: %" PRIu64 " events are not in it: its form has no place for "
            "them\n",
            run->options->record, left_out);
  return -1;
}

static int run_replay(struct run *run)
{
  const struct options *options = run->options;
  int status = replay_series_open(&run->series, &options->series, run->replay, run->machine,
                                  sim_tracein_info(run->trace)->file);
  if (status >= 0)
    return status;
  run->start_ns = now_ns();
  status = replay_all(run);
  double seconds = (now_ns() - run->start_ns) / 1e9;
  if (status < 0)
    status = finish_record(run);
  if (status < 0)
    status = replay_series_close(&run->series);
  return status < 0 ? report(run, seconds) : status;
}

/* ---- The beginning ---- */

static int prepare(const char *path, struct options *options)
{
  GError *error = NULL;
  g_autoptr(sim_bootmap) map = NULL;
  struct sim_config config;
  g_autoptr(sim_tracein) trace = sim_tracein_open(path, options->format, &error);

  if (trace == NULL)
    return cli_fail(error);
  const struct sim_tracein_info *info = sim_tracein_info(trace);
  sim_tracein_set_stop(trace, &interrupted);
  if (options->machine.cpus == 0)
    options->machine.cpus = (int)CLAMP(info->cpus, 1, FM_CPUS_MAX);
  int status = cli_machine_config("replay", &options->machine, options->map, &map, &config);
  if (status >= 0)
    return status;
  g_autoptr(sim_machine) machine = sim_machine_new(&config, &error);
  if (machine == NULL || !sim_machine_boot(machine, &error))
    return cli_fail(error);
  g_autoptr(sim_replay) replay = sim_replay_new(machine, &options->replay, &error);
  if (replay == NULL)
    return cli_fail(error);
  g_autoptr(sim_traceout) record = NULL;
  if (options->record != NULL) {
    const char *form = options->record_as != NULL ? options->record_as : "binary";
    record = sim_traceout_new(options->record, form, info->cpus, &error);
    if (record == NULL)
      return cli_fail(error);
  }
  struct run run = {
      .options = options, .trace = trace, .machine = machine, .replay = replay, .record = record};
  status = run_replay(&run);
  replay_series_clear(&run.series);
  return status;
}

int cmd_replay(int argc, char **argv)
{
  struct options options = {.series = {.every = 10000}};

  cli_machine_init(&options.machine);
  sim_replay_options_init(&options.replay);
  catch_interrupts();
  int status = parse(&argc, &argv, &options);
  if (status < 0)
    status = prepare(argv[1], &options);
  clear_options(&options);
  return status;
}
