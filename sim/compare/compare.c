/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/compare/compare.h"

#include <inttypes.h>
#include <sim/audit.h>
#include <string.h>
#include <time.h>

#include "sim/compare/writes.h"
#include "sim/pieces.h"
#include "sim/replay/replay.h"

/* The load on one machine. */
struct pass {
  const struct sim_comparison *what;
  sim_machine *machine;
  struct sim_writes *writes; /* NULL: native */
  uint64_t seed;
  struct sim_compare_row row;
};

static double now(void)
{
  struct timespec time;
  (void)clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void observe(const struct pass *pass, bool on)
{
  if (pass->writes != NULL && on)
    sim_writes_begin(pass->writes);
  else if (pass->writes != NULL)
    sim_writes_end(pass->writes);
}

/* ---- Findings ---- */

static void report(struct pass *pass, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void report(struct pass *pass, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  pass->row.findings++;
  pass->what->report(text, pass->what->data);
}

static void report_fault(const struct sim_audit_fault *fault, void *data)
{
  report(data, "0x%" PRIx64 ": %s: %s (found 0x%" PRIx64 ", expected 0x%" PRIx64 ")",
         fault->frame.raw, fault->clause, fault->text, fault->count, fault->expected);
}

static void report_asserts(struct pass *pass)
{
  g_auto(GStrv) texts = sim_machine_take_findings(pass->machine);
  for (char **text = texts; text != NULL && *text != NULL; text++)
    report(pass, "%s", *text);
}

/* Whether the kernel goes on. */
static bool look_at_end(struct pass *pass, enum sim_end end)
{
  if (end != SIM_END_DONE)
    report(pass, "the simulated kernel ended: %s", sim_machine_panic(pass->machine));
  return end == SIM_END_DONE;
}

static void take_picture(struct pass *pass)
{
  g_autofree char *digest = sim_machine_digest(pass->machine);
  pass->row.score = sim_pieces_score(sim_pieces_count(pass->machine));
  g_strlcpy(pass->row.digest, digest, sizeof(pass->row.digest));
}

/* ---- A workload ---- */

static uint64_t nobody(fm_paddr frame, void *data)
{
  (void)frame;
  (void)data;
  return 0;
}

static void finish_workload(struct pass *pass, sim_workload *workload)
{
  uint64_t found, before;

  if (!look_at_end(pass, sim_guard_run(pass->machine, sim_workload_release, workload)))
    return;
  (void)sim_audit(pass->machine, nobody, NULL, report_fault, pass);
  if (!sim_workload_is_settled(workload, &found, &before))
    report(pass,
           "the allocator counts %" PRIu64 " free bytes at the end, and counted %" PRIu64
           " at the beginning",
           found, before);
}

static bool run_workload(struct pass *pass, GError **error)
{
  g_autoptr(sim_workload) workload =
      sim_workload_new(pass->machine, pass->what->workload, pass->seed, error);
  if (workload == NULL)
    return false;
  sim_workload_set_stop(workload, pass->what->stop);
  observe(pass, true);
  double start = now();
  enum sim_end end = sim_guard_run(pass->machine, sim_workload_operate, workload);
  pass->row.seconds = now() - start;
  observe(pass, false);
  pass->row.steps = sim_workload_counts(workload)->ops;
  pass->row.failed = sim_workload_counts(workload)->failed;
  take_picture(pass);
  if (look_at_end(pass, end))
    finish_workload(pass, workload);
  return true;
}

/* ---- A trace ---- */

/* -1: a mistake in the trace; 0: the kernel ended; 1: all was replayed. */
static int replay_all(struct pass *pass, sim_tracein *trace, sim_replay *replay, GError **error)
{
  const struct sim_trace_event *events;
  size_t used;
  gssize count;

  while ((count = sim_tracein_next(trace, &events, error)) > 0) {
    enum sim_end end = sim_replay_events(replay, events, (size_t)count, &used);
    if (!look_at_end(pass, end))
      return 0;
  }
  return count < 0 ? -1 : 1;
}

static bool run_trace(struct pass *pass, GError **error)
{
  struct sim_replay_options options;
  g_autoptr(sim_tracein) trace = sim_tracein_open(pass->what->trace, pass->what->format, error);
  if (trace == NULL)
    return false;
  sim_replay_options_init(&options);
  g_autoptr(sim_replay) replay = sim_replay_new(pass->machine, &options, error);
  if (replay == NULL)
    return false;
  sim_tracein_set_stop(trace, pass->what->stop);
  observe(pass, true);
  double start = now();
  int done = replay_all(pass, trace, replay, error);
  pass->row.seconds = now() - start;
  observe(pass, false);
  if (done < 0)
    return false;
  const struct sim_replay_counts *counts = sim_replay_counts(replay);
  pass->row.steps = counts->kinds[SIM_TRACE_ALLOC] + counts->kinds[SIM_TRACE_FREE];
  pass->row.failed = counts->failed;
  take_picture(pass);
  if (done > 0)
    (void)sim_replay_audit(replay, report_fault, pass);
  return true;
}

/* ---- Rows ---- */

static bool run_pass(struct pass *pass, const struct fm_ops *ops, GError **error)
{
  struct sim_config config = *pass->what->config;
  struct sim_writes writes;

  config.allocator = pass->row.allocator;
  g_autoptr(sim_machine) machine = sim_machine_new(&config, error);
  if (machine == NULL || !sim_machine_boot(machine, error))
    return false;
  pass->machine = machine;
  sim_machine_set_ops(machine, ops);
  sim_writes_init(&writes, machine);
  pass->writes = ops == &fm_ops_instrumented ? &writes : NULL;
  bool good = pass->what->workload != NULL ? run_workload(pass, error) : run_trace(pass, error);
  report_asserts(pass);
  pass->row.shared_writes = writes.moved;
  pass->row.shared_slots = writes.shared_slots;
  sim_writes_clear(&writes);
  pass->writes = NULL;
  pass->machine = NULL;
  return good;
}

static bool is_stopped(const struct sim_comparison *comparison)
{
  return comparison->stop != NULL && *comparison->stop != 0;
}

bool sim_compare_run(const struct sim_comparison *comparison, enum fm_allocator_kind allocator,
                     uint64_t seed, struct sim_compare_row *ret, GError **error)
{
  struct pass native = {
      .what = comparison, .seed = seed, .row = {.allocator = allocator, .seed = seed}};
  struct pass watched = native;

  if (!run_pass(&native, &fm_ops_native, error) || !run_pass(&watched, &fm_ops_instrumented, error))
    return false;
  if (!is_stopped(comparison) &&
      (strcmp(native.row.digest, watched.row.digest) != 0 ||
       native.row.steps != watched.row.steps || native.row.failed != watched.row.failed))
    report(&watched, "the native and the instrumented build do not end alike");
  *ret = native.row;
  ret->shared_writes = watched.row.shared_writes;
  ret->shared_slots = watched.row.shared_slots;
  ret->findings += watched.row.findings;
  return true;
}
