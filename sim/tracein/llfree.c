/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Page traces of the LLFree project; see llfree.h for their layout.
 *
 * A page holds events of one CPU, and is written when it is full.  So a CPU that does little has
 * events of long ago far behind in the file.  From a file the pages of each CPU are found by
 * going forward from its last one, and their events merged: one page for each CPU is held,
 * however long the trace.  From a pipe, and under zstd, pages come as they stand and the window
 * has to do.
 */
#include "sim/tracein/llfree.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/tracein/reader.h"

/* Where the reading of one CPU's events is. */
struct stream {
  uint64_t page; /* in the file; 0: none yet */
  unsigned next; /* entry */
  bool at_end;
  bool has_event;
  struct sim_trace_event event; /* the next one */
  uint8_t bytes[LLFREE_PAGE];
};

struct llfree_state {
  uint32_t cores;
  uint64_t pages;         /* of the file, with the header; 0: it is a pipe */
  struct stream *streams; /* for each CPU, if it is a file, else one for all */
};

/* ---- Pages ---- */

/* The next event of the page, or false behind the last. */
static bool next_entry(struct stream *stream, struct sim_trace_event *ret)
{
  while (stream->next < LLFREE_ENTRIES) {
    const uint8_t *at = stream->bytes + LLFREE_FIRST + LLFREE_ENTRY * (size_t)stream->next++;
    uint64_t low = sim_tracein_u64(at), high = sim_tracein_u64(at + 8);
    if (low == 0 && high == 0)
      continue;
    *ret = (struct sim_trace_event){
        .time_us = low & ((UINT64_C(1) << LLFREE_TIME_BITS) - 1),
        .pfn = (uint32_t)(low >> LLFREE_TIME_BITS & ((1u << LLFREE_PFN_BITS) - 1)),
        .cpu = (uint16_t)sim_tracein_u32(stream->bytes),
        .order = (uint8_t)(low >> LLFREE_ORDER_BIT | (high & 7) << 1),
        .kind = (low >> LLFREE_ALLOC_BIT & 1) != 0 ? SIM_TRACE_ALLOC : SIM_TRACE_FREE,
    };
    if (ret->pfn == 0 && ret->kind == SIM_TRACE_ALLOC)
      ret->kind = SIM_TRACE_FAILED;
    return true;
  }
  return false;
}

static bool check_cpu(const struct llfree_state *llfree, const struct sim_tracein_input *input,
                      uint32_t cpu, uint64_t offset, GError **error)
{
  return cpu < llfree->cores ||
         sim_tracein_fail(input, offset, "each page begins with the number of its CPU", error,
                          "this page is of CPU %u, but the trace has %u", cpu, llfree->cores);
}

/* ---- From a file: by CPU ---- */

static bool read_at(const struct sim_tracein_input *input, uint64_t page, uint8_t *to, size_t size,
                    GError **error)
{
  uint64_t offset = page * LLFREE_PAGE;

  for (size_t done = 0; done < size;) {
    ssize_t got = pread(input->fd, to + done, size - done, (off_t)(offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return sim_tracein_fail(input, offset, NULL, error, "this page cannot be read: %s",
                              got == 0 ? "the file was cut short meanwhile" : g_strerror(errno));
    done += (size_t)got;
  }
  return true;
}

/* The stream's next event into stream->event. */
static bool advance(const struct llfree_state *llfree, const struct sim_tracein_input *input,
                    struct stream *stream, GError **error)
{
  uint32_t own = (uint32_t)(stream - llfree->streams);

  for (;;) {
    stream->has_event = stream->page != 0 && next_entry(stream, &stream->event);
    if (stream->has_event)
      return true;
    for (;;) {
      uint8_t head[4];
      if (++stream->page >= llfree->pages || (input->stop != NULL && *input->stop != 0)) {
        stream->at_end = true;
        return true;
      }
      if (!read_at(input, stream->page, head, sizeof(head), error) ||
          !check_cpu(llfree, input, sim_tracein_u32(head), stream->page * LLFREE_PAGE, error))
        return false;
      if (sim_tracein_u32(head) == own)
        break;
    }
    if (!read_at(input, stream->page, stream->bytes, LLFREE_PAGE, error))
      return false;
    stream->next = 0;
  }
}

static bool is_earlier(const struct stream *a, const struct stream *b)
{
  return b == NULL || a->event.time_us < b->event.time_us ||
         (a->event.time_us == b->event.time_us && a->event.cpu < b->event.cpu);
}

/* The stream with the earliest event, and the one after it; NULL: there is none. */
static struct stream *find_earliest(const struct llfree_state *llfree, struct stream **ret_second)
{
  struct stream *first = NULL, *second = NULL;

  for (uint32_t cpu = 0; cpu < llfree->cores; cpu++) {
    struct stream *stream = &llfree->streams[cpu];
    if (!stream->has_event)
      continue;
    if (is_earlier(stream, first)) {
      second = first;
      first = stream;
    } else if (is_earlier(stream, second)) {
      second = stream;
    }
  }
  *ret_second = second;
  return first;
}

static gssize next_merged(struct llfree_state *llfree, const struct sim_tracein_input *input,
                          struct sim_trace_event *ret, size_t max, GError **error)
{
  size_t count = 0;
  struct stream *first, *second;

  while (count < max && (first = find_earliest(llfree, &second)) != NULL) {
    do {
      ret[count++] = first->event;
      if (!advance(llfree, input, first, error))
        return -1;
    } while (count < max && first->has_event && is_earlier(first, second));
  }
  return (gssize)count;
}

/* ---- From a pipe: as it stands ---- */

static gssize next_in_turn(const struct llfree_state *llfree, struct sim_tracein_input *input,
                           struct sim_tracein_info *info, struct sim_trace_event *ret, size_t max,
                           GError **error)
{
  struct stream *stream = llfree->streams;
  size_t count = 0;

  while (count < max) {
    if (next_entry(stream, &ret[count])) {
      count++;
      continue;
    }
    if (!sim_tracein_fill(input, LLFREE_PAGE, error))
      return -1;
    if (input->have < LLFREE_PAGE) {
      info->cut = input->have;
      break;
    }
    if (!check_cpu(llfree, input, sim_tracein_u32(input->at), input->offset, error))
      return -1;
    memcpy(stream->bytes, input->at, LLFREE_PAGE);
    stream->next = 0;
    sim_tracein_skip(input, LLFREE_PAGE);
  }
  return (gssize)count;
}

/* ---- The reader ---- */

static bool likely(const uint8_t *bytes, size_t size)
{
  if (size < LLFREE_PAGE)
    return false;
  uint32_t cores = sim_tracein_u32(bytes + 4), max_pfn = sim_tracein_u32(bytes + 8);
  return cores > 0 && cores <= SIM_TRACE_CPUS_MAX && max_pfn > 0 && max_pfn < 1u << LLFREE_PFN_BITS;
}

static bool begin(void *state, struct sim_tracein_input *input, struct sim_tracein_info *info,
                  GError **error)
{
  struct llfree_state *llfree = state;
  struct stat status;

  if (!sim_tracein_fill(input, LLFREE_PAGE, error))
    return false;
  if (input->have < LLFREE_PAGE)
    return sim_tracein_fail(input, 0, "a trace begins with a page of 4096 bytes", error,
                            "the header of the trace is cut short");
  llfree->cores = sim_tracein_u32(input->at + 4);
  if (llfree->cores == 0 || llfree->cores > SIM_TRACE_CPUS_MAX)
    return sim_tracein_fail(input, 4, "at this place stands the number of CPUs, 1 to 4096", error,
                            "a trace of %u CPUs", llfree->cores);
  info->cpus = llfree->cores;
  sim_tracein_skip(input, LLFREE_PAGE);

  bool is_file = input->zstd == NULL && fstat(input->fd, &status) == 0 && S_ISREG(status.st_mode) &&
                 lseek(input->fd, 0, SEEK_CUR) == (off_t)(input->offset + input->have);
  if (!is_file) {
    llfree->streams = g_new0(struct stream, 1);
    llfree->streams[0].next = LLFREE_ENTRIES;
    return true;
  }
  llfree->pages = (uint64_t)status.st_size / LLFREE_PAGE;
  info->cut = (uint64_t)status.st_size % LLFREE_PAGE;
  llfree->streams = g_new0(struct stream, llfree->cores);
  for (uint32_t cpu = 0; cpu < llfree->cores; cpu++)
    if (!advance(llfree, input, &llfree->streams[cpu], error))
      return false;
  return true;
}

static gssize next(void *state, struct sim_tracein_input *input, struct sim_tracein_info *info,
                   struct sim_trace_event *ret, size_t max, GError **error)
{
  struct llfree_state *llfree = state;
  return llfree->pages != 0 ? next_merged(llfree, input, ret, max, error)
                            : next_in_turn(llfree, input, info, ret, max, error);
}

static void end(void *state)
{
  struct llfree_state *llfree = state;
  g_free(llfree->streams);
}

const struct sim_tracein_reader sim_tracein_llfree = {
    .name = "llfree",
    .example = "a page with the numbers of pages, CPUs and the last frame, then pages of entries",
    .state_size = sizeof(struct llfree_state),
    .likely = likely,
    .begin = begin,
    .next = next,
    .end = end,
};
