/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What is known of each frame of a trace; private to sim/replay/.
 *
 *    63  62 61                        32 31                             0
 *   +------+----------------------------+--------------------------------+
 *   | kind |            who             |     frame of the machine       |
 *   +------+----------------------------+--------------------------------+
 *
 *   kind    NONE: not live; the rest of the word is 0, or 1 if it was seen
 *           SINGLE: live, a block of one frame; who is the CPU that allocated it
 *           PART: live, part of a larger block; who is the number of its record
 *   frame   its number, or TABLE_NO_FRAME if the simulated allocator had none; with a crew
 *           (crew.h) the place that stands for the whole block
 *
 * The table is a directory of chunks, made when a frame in them is first seen.  Records of
 * blocks are used again, and each live one has a live frame, so there are fewer than frames.
 * One thread.
 */
#ifndef SIM_REPLAY_TABLE_H
#define SIM_REPLAY_TABLE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define TABLE_CHUNK_BITS 12u
#define TABLE_CHUNK      (1u << TABLE_CHUNK_BITS) /* frames; 32 KiB */
#define TABLE_CHUNKS     (1u << (32u - TABLE_CHUNK_BITS))

#define TABLE_KIND_SHIFT 62u
#define TABLE_NONE       UINT64_C(0)
#define TABLE_SINGLE     UINT64_C(1)
#define TABLE_PART       UINT64_C(2)
#define TABLE_WHO_SHIFT  32u
#define TABLE_WHO_MASK   ((UINT64_C(1) << 30) - 1)

#define TABLE_SEEN     UINT64_C(1) /* a word: not live, but seen */
#define TABLE_NO_FRAME UINT32_MAX

struct table_block {
  uint32_t start; /* first frame of the trace */
  uint32_t live;  /* frames; in a record that is not used, the next such one */
  uint16_t cpu;
  uint8_t order;
};

struct table {
  uint64_t **chunks; /* TABLE_CHUNKS, NULL: no frame of it was seen */
  GArray *blocks;    /* struct table_block */
  uint32_t unused;   /* first record that is not used, or UINT32_MAX */
};

void sim_table_init(struct table *table);
void sim_table_clear(struct table *table);

/* The chunk of a frame whose chunk does not exist yet; the word of the frame in it. */
uint64_t *sim_table_make(struct table *table, uint32_t pfn);

/* A record for a block; its number. */
uint32_t sim_table_add_block(struct table *table, struct table_block block);
void sim_table_remove_block(struct table *table, uint32_t number);

static inline uint64_t *table_word(struct table *table, uint32_t pfn)
{
  uint64_t *chunk = table->chunks[pfn >> TABLE_CHUNK_BITS];
  return G_LIKELY(chunk != NULL) ? &chunk[pfn & (TABLE_CHUNK - 1)] : sim_table_make(table, pfn);
}

static inline struct table_block *table_block_at(const struct table *table, uint32_t number)
{
  return &g_array_index(table->blocks, struct table_block, number);
}

static inline uint64_t table_kind(uint64_t word)
{
  return word >> TABLE_KIND_SHIFT;
}

static inline uint32_t table_who(uint64_t word)
{
  return (uint32_t)(word >> TABLE_WHO_SHIFT & TABLE_WHO_MASK);
}

static inline uint64_t table_live_word(uint64_t kind, uint32_t who, uint32_t frame)
{
  return kind << TABLE_KIND_SHIFT | (uint64_t)who << TABLE_WHO_SHIFT | frame;
}

#endif
