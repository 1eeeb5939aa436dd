/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/record.h"

#include "sim/error.h"
#include "sim/script/interp.h"
#include "sim/tracein/traceout.h"

struct sim_record {
  struct sim_run_watcher watcher;
  sim_traceout *out;
  GError *error; /* the first one; nothing is written after it */
  uint64_t events;
  bool begun;
  bool cut;
};

/* ---- Events ---- */

static void add(sim_record *record, enum sim_trace_kind kind, uint64_t pfn, uint32_t order)
{
  const struct sim_trace_event event = {
      .time_us = ++record->events,
      .pfn = (uint32_t)pfn,
      .cpu = (uint16_t)fm_port_this_cpu.id,
      .order = (uint8_t)order,
      .kind = (uint8_t)kind,
  };
  if (record->error == NULL)
    (void)sim_traceout_add(record->out, &event, 1, &record->error);
}

static void add_run(sim_record *record, enum sim_trace_kind kind, uint64_t pfn, uint64_t frames)
{
  while (frames > 0) {
    uint32_t order = SIM_TRACE_ORDER_MAX;
    while (UINT64_C(1) << order > frames)
      order--;
    add(record, kind, pfn, order);
    pfn += UINT64_C(1) << order;
    frames -= UINT64_C(1) << order;
  }
}

/* Names no frame; its order is that of the least block that would have been enough. */
static void add_failed(sim_record *record, uint64_t frames)
{
  uint32_t order = 0;
  while (order < SIM_TRACE_ORDER_MAX && UINT64_C(1) << order < frames)
    order++;
  add(record, SIM_TRACE_FAILED, 0, order);
}

static void on_memory(sim_run *run, enum fm_memory_event event, fm_paddr start, uint64_t size,
                      void *data)
{
  sim_record *record = data;
  uint64_t pfn = fm_pfn_of_paddr(start).nr, frames = size / FM_PAGE_SIZE;

  if (run->boots > 1) {
    record->cut = true;
    return;
  }
  if (event != FM_MEMORY_FAILED && pfn + frames > SIM_TRACE_PFN_END) {
    if (record->error == NULL)
      g_set_error_literal(&record->error, SIM_ERROR, SIM_ERROR_LIMIT,
                          "a recording has frames below 16 TiB only");
    return;
  }
  if (event == FM_MEMORY_FAILED)
    add_failed(record, frames);
  else
    add_run(record, event == FM_MEMORY_ALLOC ? SIM_TRACE_ALLOC : SIM_TRACE_FREE, pfn, frames);
}

/* ---- The head ---- */

static void begin(sim_record *record, uint32_t cpus)
{
  record->begun = true;
  (void)sim_traceout_begin(record->out, cpus, &record->error);
}

/* How many CPUs there are is known when `boot` has ended, and no event comes before. */
static void on_end(sim_run *run, void *data)
{
  sim_record *record = data;
  if (!record->begun && run->kernel != NULL)
    begin(record, run->kernel->cpus);
}

/* ---- Life ---- */

sim_record *sim_record_new(const char *path, const char *form, GError **error)
{
  sim_traceout *out = sim_traceout_open(path, form, error);
  if (out == NULL)
    return NULL;
  sim_record *record = g_new0(sim_record, 1);
  record->out = out;
  record->watcher = (struct sim_run_watcher){
      .end = on_end, .memory = on_memory, .data = record, .needs_hooks = true};
  return record;
}

struct sim_run_watcher *sim_record_watcher(sim_record *record)
{
  return &record->watcher;
}

bool sim_record_finish(sim_record *record, GError **error)
{
  if (!record->begun) /* nothing was booted */
    begin(record, 0);
  if (record->error == NULL)
    return sim_traceout_finish(record->out, error);
  g_propagate_error(error, g_steal_pointer(&record->error));
  return false;
}

uint64_t sim_record_left_out(const sim_record *record)
{
  return sim_traceout_left_out(record->out);
}

bool sim_record_is_cut(const sim_record *record)
{
  return record->cut;
}

sim_record *sim_record_free(sim_record *record)
{
  if (record == NULL)
    return NULL;
  sim_traceout_free(record->out);
  g_clear_error(&record->error);
  g_free(record);
  return NULL;
}
