/* SPDX-License-Identifier: MPL-2.0 */
/* The kernel's text form. */
#include <inttypes.h>

#include "sim/tracein/writer.h"

enum { BUFFER_SIZE = 64 * 1024, LINE_SIZE = 256 };

struct state {
  size_t used;
  char buffer[BUFFER_SIZE];
};

/* Where the record of the frame would stand without randomisation. */
static uint64_t page_of(uint32_t pfn)
{
  return UINT64_C(0xffffea0000000000) + UINT64_C(64) * pfn;
}

static bool flush(struct state *state, sim_traceout *out, GError **error)
{
  size_t size = state->used;
  state->used = 0;
  return sim_traceout_write(out, state->buffer, size, error);
}

static bool begin(void *data, sim_traceout *out, GError **error)
{
  struct state *state = data;

  (void)error;
  state->used = (size_t)g_snprintf(state->buffer, BUFFER_SIZE,
                                   "# tracer: nop\n#\n# written by framesim   #P:%" PRIu32 "\n#\n",
                                   out->cpus);
  return true;
}

static bool add(void *data, sim_traceout *out, const struct sim_trace_event *event, GError **error)
{
  static const char *const names[SIM_TRACE_KINDS] = {
      [SIM_TRACE_ALLOC] = "mm_page_alloc",  [SIM_TRACE_FREE] = "mm_page_free",
      [SIM_TRACE_FAILED] = "mm_page_alloc", [SIM_TRACE_FREE_BATCHED] = "mm_page_free_batched",
      [SIM_TRACE_OTHER] = "other",
  };
  struct state *state = data;

  if (state->used + LINE_SIZE > BUFFER_SIZE && !flush(state, out, error))
    return false;
  char *to = state->buffer + state->used;
  int size = g_snprintf(
      to, LINE_SIZE,
      "        framesim-0       [%03u] ..... %5" PRIu64 ".%06" PRIu64 ": %s:", event->cpu,
      event->time_us / G_USEC_PER_SEC, event->time_us % G_USEC_PER_SEC, names[event->kind]);
  if (event->kind != SIM_TRACE_OTHER)
    size += g_snprintf(
        to + size, LINE_SIZE - (gulong)size, " page=%016" PRIx64 " pfn=0x%" PRIx32 " order=%u",
        event->kind == SIM_TRACE_FAILED ? 0 : page_of(event->pfn), event->pfn, event->order);
  if (event->kind == SIM_TRACE_ALLOC || event->kind == SIM_TRACE_FAILED)
    size += g_snprintf(to + size, LINE_SIZE - (gulong)size, " migratetype=0 gfp_flags=none");
  to[size++] = '\n';
  state->used += (size_t)size;
  return true;
}

static bool finish(void *data, sim_traceout *out, GError **error)
{
  return flush(data, out, error);
}

const struct sim_traceout_writer sim_traceout_text = {
    .name = "text",
    .state_size = sizeof(struct state),
    .begin = begin,
    .add = add,
    .finish = finish,
};
