/* SPDX-License-Identifier: MPL-2.0 */
/* Page traces of the LLFree project; see llfree.h for their layout. */
#include <string.h>

#include "sim/error.h"
#include "sim/tracein/llfree.h"
#include "sim/tracein/reader.h"
#include "sim/tracein/writer.h"

struct page {
  unsigned used; /* entries */
  uint8_t bytes[LLFREE_PAGE];
};

struct state {
  uint32_t pages; /* written, without the header */
  uint32_t max_pfn;
  uint32_t nr_cpus; /* as many as were seen, or as the trace named */
  struct page *cpus;
};

static bool write_page(struct state *state, sim_traceout *out, uint32_t cpu, GError **error)
{
  struct page *page = &state->cpus[cpu];

  sim_tracein_put_u32(page->bytes, cpu);
  if (!sim_traceout_write_at(out, LLFREE_PAGE * ((uint64_t)state->pages + 1), page->bytes,
                             LLFREE_PAGE, error))
    return false;
  state->pages++;
  memset(page, 0, sizeof(*page));
  return true;
}

static bool write_header(const struct state *state, sim_traceout *out, GError **error)
{
  uint8_t header[LLFREE_PAGE] = {0};

  sim_tracein_put_u32(header, state->pages);
  sim_tracein_put_u32(header + 4, state->nr_cpus);
  sim_tracein_put_u32(header + 8, state->max_pfn);
  return sim_traceout_write_at(out, 0, header, sizeof(header), error);
}

static bool begin(void *data, sim_traceout *out, GError **error)
{
  struct state *state = data;

  state->nr_cpus = MAX(out->cpus, 1);
  state->cpus = g_new0(struct page, state->nr_cpus);
  state->max_pfn = 1; /* a killed recording is recognised, too */
  return write_header(state, out, error);
}

static struct page *page_of(struct state *state, uint32_t cpu)
{
  if (cpu >= state->nr_cpus) {
    state->cpus = g_renew(struct page, state->cpus, cpu + 1);
    memset(state->cpus + state->nr_cpus, 0, (cpu + 1 - state->nr_cpus) * sizeof(struct page));
    state->nr_cpus = cpu + 1;
  }
  return &state->cpus[cpu];
}

static bool fail_event(const sim_traceout *out, const char *what, GError **error)
{
  g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
              "cannot write '%s': %s\nhint: --record-as binary has room for it", out->path, what);
  return false;
}

static bool add(void *data, sim_traceout *out, const struct sim_trace_event *event, GError **error)
{
  struct state *state = data;
  bool alloc = event->kind == SIM_TRACE_ALLOC || event->kind == SIM_TRACE_FAILED;
  uint64_t last = event->pfn + (UINT64_C(1) << event->order) - 1;

  /* An allocation of frame 0 would be read as one that failed, a free at time 0 as padding. */
  bool frame_0 = event->pfn == 0 && event->kind != SIM_TRACE_FAILED;
  if (frame_0 || (!alloc && event->kind != SIM_TRACE_FREE)) {
    out->left_out++;
    return true;
  }
  if (event->pfn >= 1u << LLFREE_PFN_BITS)
    return fail_event(out, "the form 'llfree' has frame numbers below 2^24", error);
  if (event->time_us >= UINT64_C(1) << LLFREE_TIME_BITS)
    return fail_event(out, "the form 'llfree' has times below 2^38 microseconds", error);
  uint64_t low = event->time_us | (uint64_t)event->pfn << LLFREE_TIME_BITS |
                 (uint64_t)alloc << LLFREE_ALLOC_BIT | (uint64_t)event->order << LLFREE_ORDER_BIT;
  uint64_t high = event->order >> 1;
  struct page *page = page_of(state, event->cpu);
  uint8_t *to = page->bytes + LLFREE_FIRST + LLFREE_ENTRY * (size_t)page->used++;
  sim_tracein_put_u64(to, low);
  sim_tracein_put_u64(to + 8, high);
  if (last > state->max_pfn)
    state->max_pfn = (uint32_t)MIN(last, (1u << LLFREE_PFN_BITS) - 1);
  return page->used < LLFREE_ENTRIES || write_page(state, out, event->cpu, error);
}

static bool finish(void *data, sim_traceout *out, GError **error)
{
  struct state *state = data;

  for (uint32_t cpu = 0; cpu < state->nr_cpus; cpu++)
    if (state->cpus[cpu].used > 0 && !write_page(state, out, cpu, error))
      return false;
  return write_header(state, out, error);
}

static void end(void *data)
{
  struct state *state = data;
  g_free(state->cpus);
}

const struct sim_traceout_writer sim_traceout_llfree = {
    .name = "llfree",
    .state_size = sizeof(struct state),
    .begin = begin,
    .add = add,
    .finish = finish,
    .end = end,
};
