/* SPDX-License-Identifier: MPL-2.0 */
/* Our own recordings; see docs/trace-format.md. */
#include <string.h>

#include "sim/tracein/binary.h"
#include "sim/tracein/reader.h"
#include "sim/tracein/writer.h"

struct state {
  uint32_t blocks;
  uint64_t total; /* events in whole blocks */
  uint32_t events;
  size_t used; /* bytes of the payload */
  uint64_t base_us;
  uint64_t time_us;
  uint32_t pfn;
  uint16_t cpu;
  uint8_t block[BINARY_BLOCK_SIZE + BINARY_PAYLOAD_MAX];
};

static uint8_t *put_varint(uint8_t *to, uint64_t value)
{
  for (; value >= 0x80; value >>= 7)
    *to++ = (uint8_t)(value | 0x80);
  *to++ = (uint8_t)value;
  return to;
}

/* 0, -1, 1, -2, ... become 0, 1, 2, 3, ... */
static uint64_t fold(uint64_t difference)
{
  return difference << 1 ^ (0 - (difference >> 63));
}

/* The block, or an empty one as the end, with `time` in its head. */
static bool write_block(struct state *state, sim_traceout *out, uint64_t time, GError **error)
{
  uint8_t *head = state->block;

  memset(head, 0, BINARY_BLOCK_SIZE);
  sim_tracein_put_u32(head, BINARY_BLOCK_MAGIC);
  sim_tracein_put_u32(head + BINARY_BLOCK_BYTES, (uint32_t)state->used);
  sim_tracein_put_u32(head + BINARY_BLOCK_EVENTS, state->events);
  sim_tracein_put_u32(head + BINARY_BLOCK_NUMBER, state->blocks++);
  sim_tracein_put_u64(head + BINARY_BLOCK_TIME, time);
  uint32_t crc = sim_tracein_crc(0, head, BINARY_BLOCK_CRC);
  crc = sim_tracein_crc(crc, head + BINARY_BLOCK_SIZE, state->used);
  sim_tracein_put_u32(head + BINARY_BLOCK_CRC, crc);

  size_t size = BINARY_BLOCK_SIZE + state->used;
  state->total += state->events;
  state->events = 0;
  state->used = 0;
  return sim_traceout_write(out, head, size, error);
}

static bool begin(void *data, sim_traceout *out, GError **error)
{
  uint8_t head[BINARY_HEAD_SIZE] = {0};

  (void)data;
  memcpy(head, binary_magic, BINARY_MAGIC_SIZE);
  sim_tracein_put_u32(head + BINARY_MAGIC_SIZE, BINARY_VERSION);
  sim_tracein_put_u32(head + BINARY_HEAD_CPUS, out->cpus);
  sim_tracein_put_u32(head + BINARY_HEAD_CRC, sim_tracein_crc(0, head, BINARY_HEAD_CRC));
  return sim_traceout_write(out, head, sizeof(head), error);
}

static bool add(void *data, sim_traceout *out, const struct sim_trace_event *event, GError **error)
{
  struct state *state = data;

  if (state->used + BINARY_EVENT_MAX > BINARY_PAYLOAD_MAX &&
      !write_block(state, out, state->base_us, error))
    return false;
  if (state->events == 0) {
    state->base_us = state->time_us = event->time_us;
    state->pfn = 0;
    state->cpu = 0;
  }
  uint8_t *start = state->block + BINARY_BLOCK_SIZE + state->used, *to = start;
  bool other_cpu = event->cpu != state->cpu, framed = event->kind != SIM_TRACE_OTHER;
  *to++ = (uint8_t)(event->kind | (framed ? event->order << BINARY_ORDER_SHIFT : 0) |
                    (other_cpu ? BINARY_CPU_FOLLOWS : 0));
  to = put_varint(to, fold(event->time_us - state->time_us));
  if (other_cpu)
    to = put_varint(to, event->cpu);
  if (framed) {
    to = put_varint(to, fold((uint64_t)event->pfn - state->pfn));
    state->pfn = event->pfn;
  }
  state->time_us = event->time_us;
  state->cpu = event->cpu;
  state->used += (size_t)(to - start);
  state->events++;
  return true;
}

static bool finish(void *data, sim_traceout *out, GError **error)
{
  struct state *state = data;
  return (state->events == 0 || write_block(state, out, state->base_us, error)) &&
         write_block(state, out, state->total, error);
}

const struct sim_traceout_writer sim_traceout_binary = {
    .name = "binary",
    .state_size = sizeof(struct state),
    .begin = begin,
    .add = add,
    .finish = finish,
};
