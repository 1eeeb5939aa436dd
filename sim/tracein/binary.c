/* SPDX-License-Identifier: MPL-2.0 */
/* Our own recordings; see docs/trace-format.md. */
#include "sim/tracein/binary.h"

#include <string.h>

#include "sim/tracein/reader.h"

struct binary_state {
  uint32_t blocks;  /* read so far */
  uint64_t events;  /* in them */
  bool ended;       /* the last block was read */
  uint32_t left;    /* events of this block still to come */
  size_t payload;   /* bytes of this block still to come */
  uint64_t time_us; /* of the event before */
  uint32_t pfn;
  uint16_t cpu;
};

/* ---- Numbers of one to ten bytes ---- */

static inline bool take_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
  uint64_t value = 0;

  for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
    uint8_t byte = *(*at)++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      *ret = value;
      return true;
    }
  }
  return false;
}

/* 0, -1, 1, -2, ... as 0, 1, 2, 3, ... */
static inline uint64_t unfold(uint64_t value)
{
  return value >> 1 ^ (0 - (value & 1));
}

/* ---- Blocks ---- */

static bool fail_block(const struct binary_state *binary, const struct sim_tracein_input *input,
                       const char *text, GError **error)
{
  g_autofree char *hint = g_strdup_printf("the %" G_GUINT64_FORMAT
                                          " events before are whole: --until %" G_GUINT64_FORMAT
                                          " or less replays them",
                                          binary->events, binary->events);
  return sim_tracein_fail(input, input->offset, hint, error, "block %u: %s", binary->blocks + 1,
                          text);
}

static bool check_block(const struct binary_state *binary, const struct sim_tracein_input *input,
                        uint32_t bytes, GError **error)
{
  const uint8_t *head = input->at;
  uint32_t crc = sim_tracein_crc(0, head, BINARY_BLOCK_CRC);

  crc = sim_tracein_crc(crc, head + BINARY_BLOCK_SIZE, bytes);
  if (crc != sim_tracein_u32(head + BINARY_BLOCK_CRC))
    return fail_block(binary, input, "the checksum does not agree with what it covers", error);
  if (sim_tracein_u32(head + BINARY_BLOCK_NUMBER) != binary->blocks)
    return fail_block(binary, input, "it has another number: blocks are missing before it", error);
  return true;
}

/* Steps into the next block that holds events.  True with `ended` set at the end. */
static bool open_block(struct binary_state *binary, struct sim_tracein_input *input,
                       struct sim_tracein_info *info, GError **error)
{
  if (!sim_tracein_fill(input, BINARY_BLOCK_SIZE, error))
    return false;
  if (input->have >= BINARY_BLOCK_SIZE) {
    if (sim_tracein_u32(input->at) != BINARY_BLOCK_MAGIC)
      return fail_block(binary, input, "it does not begin as blocks do", error);
    uint32_t bytes = sim_tracein_u32(input->at + BINARY_BLOCK_BYTES);
    if (bytes > BINARY_PAYLOAD_MAX)
      return fail_block(binary, input, "it is larger than blocks are", error);
    if (!sim_tracein_fill(input, BINARY_BLOCK_SIZE + (size_t)bytes, error))
      return false;
    if (input->have >= BINARY_BLOCK_SIZE + (size_t)bytes) {
      if (!check_block(binary, input, bytes, error))
        return false;
      binary->payload = bytes;
      binary->left = sim_tracein_u32(input->at + BINARY_BLOCK_EVENTS);
      binary->time_us = sim_tracein_u64(input->at + BINARY_BLOCK_TIME);
      binary->pfn = 0;
      binary->cpu = 0;
      if (binary->left == 0 && binary->time_us != binary->events)
        return fail_block(binary, input, "the end names another number of events", error);
      binary->ended = binary->left == 0;
      sim_tracein_skip(input, BINARY_BLOCK_SIZE);
      return true;
    }
  }
  info->cut = input->have;
  info->unfinished = true;
  binary->ended = true;
  return true;
}

/* One event at *at; false: the bytes make none. */
static inline bool take_event(struct binary_state *binary, const uint8_t **at, const uint8_t *end,
                              struct sim_trace_event *ret)
{
  uint64_t time = 0, pfn = 0, cpu = binary->cpu;

  if (*at == end)
    return false;
  uint8_t first = *(*at)++;
  unsigned kind = first & BINARY_KIND_MASK, order = first >> BINARY_ORDER_SHIFT & 15;
  if (kind >= SIM_TRACE_KINDS || !take_varint(at, end, &time))
    return false;
  if ((first & BINARY_CPU_FOLLOWS) != 0 &&
      (!take_varint(at, end, &cpu) || cpu >= SIM_TRACE_CPUS_MAX))
    return false;
  if (kind != SIM_TRACE_OTHER && !take_varint(at, end, &pfn))
    return false;
  pfn = binary->pfn + unfold(pfn);
  if (pfn + (UINT64_C(1) << order) > SIM_TRACE_PFN_END || pfn >= SIM_TRACE_PFN_END)
    return false;
  binary->time_us += unfold(time);
  binary->pfn = (uint32_t)pfn;
  binary->cpu = (uint16_t)cpu;
  *ret = (struct sim_trace_event){binary->time_us, kind != SIM_TRACE_OTHER ? (uint32_t)pfn : 0,
                                  binary->cpu, (uint8_t)order, (uint8_t)kind};
  return true;
}

/* ---- The reader ---- */

static bool likely(const uint8_t *bytes, size_t size)
{
  return size >= BINARY_MAGIC_SIZE && memcmp(bytes, binary_magic, BINARY_MAGIC_SIZE) == 0;
}

static bool begin(void *state, struct sim_tracein_input *input, struct sim_tracein_info *info,
                  GError **error)
{
  (void)state;
  if (!sim_tracein_fill(input, BINARY_HEAD_SIZE, error))
    return false;
  if (input->have < BINARY_HEAD_SIZE || !likely(input->at, input->have))
    return sim_tracein_fail(input, 0, "a recording begins with FRAMETRC", error,
                            "this is no recording of framesim");
  uint32_t version = sim_tracein_u32(input->at + BINARY_MAGIC_SIZE);
  if (version != BINARY_VERSION)
    return sim_tracein_fail(input, BINARY_MAGIC_SIZE, "use the framesim that wrote it", error,
                            "a recording of version %u; this program knows version %u", version,
                            BINARY_VERSION);
  if (sim_tracein_crc(0, input->at, BINARY_HEAD_CRC) !=
      sim_tracein_u32(input->at + BINARY_HEAD_CRC))
    return sim_tracein_fail(input, 0, "fetch the file again", error,
                            "the head of the recording is damaged: its checksum does not agree");
  info->cpus = sim_tracein_u32(input->at + BINARY_HEAD_CPUS);
  sim_tracein_skip(input, BINARY_HEAD_SIZE);
  return true;
}

static gssize next(void *state, struct sim_tracein_input *input, struct sim_tracein_info *info,
                   struct sim_trace_event *ret, size_t max, GError **error)
{
  struct binary_state *binary = state;
  size_t count = 0;

  while (count < max && !binary->ended) {
    if (binary->left == 0) {
      GError *own = NULL;
      if (!open_block(binary, input, info, &own)) {
        if (count == 0) {
          g_propagate_error(error, own);
          return -1;
        }
        g_error_free(own); /* comes again with the next call; what is whole goes first */
        return (gssize)count;
      }
      binary->blocks += binary->ended ? 0 : 1;
      continue;
    }
    const uint8_t *at = input->at, *end = at + binary->payload;
    while (count < max && binary->left > 0 && take_event(binary, &at, end, &ret[count])) {
      count++;
      binary->left--;
      binary->events++;
    }
    size_t used = (size_t)(at - input->at);
    sim_tracein_skip(input, used);
    binary->payload -= used;
    if ((binary->left > 0 && count < max) || (binary->left == 0 && binary->payload > 0)) {
      sim_tracein_fail(input, input->offset, "report it: its checksum is right", error,
                       "block %u: these bytes are no event", binary->blocks);
      return -1;
    }
  }
  return (gssize)count;
}

const struct sim_tracein_reader sim_tracein_binary = {
    .name = "binary",
    .example = "FRAMETRC (a recording of 'framesim replay --record')",
    .sorted = true,
    .state_size = sizeof(struct binary_state),
    .likely = likely,
    .begin = begin,
    .next = next,
};
