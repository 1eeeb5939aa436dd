/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the readers of traces share; private to sim/tracein/.
 *
 * A reader is one file and one row in the table of tracein.c.  It looks at bytes through an
 * input, which knows about files, pipes and zstd, and fills an array with the events it finds,
 * in the order in which they stand.  Sorting is not its business, nor is memory: an input
 * holds what the reader asked to see at once and no more.
 */
#ifndef SIM_TRACEIN_READER_H
#define SIM_TRACEIN_READER_H

#include <stddef.h>

#include "sim/tracein/tracein.h"

/* ---- input.c ---- */

struct sim_tracein_zstd;

/* Bytes from left to right.  [at, at + have) is what can be seen now. */
struct sim_tracein_input {
  char *name; /* for messages */
  int fd;
  bool own_fd;
  struct sim_tracein_zstd *zstd; /* NULL: not compressed */
  uint8_t *buffer;
  size_t capacity;
  const uint8_t *at;
  size_t have;
  uint64_t offset; /* of `at`, in bytes from the start of what was decompressed */
  bool at_end;     /* nothing comes behind what is seen */
  const volatile sig_atomic_t *stop;
};

/* Finds out whether the file is compressed. */
bool sim_tracein_input_open(struct sim_tracein_input *input, const char *path, GError **error);
void sim_tracein_input_clear(struct sim_tracein_input *input);

/* Makes at least `want` bytes visible, or all that are left.  Pointers into the buffer end
 * here.  False and *error: they cannot be read. */
bool sim_tracein_fill(struct sim_tracein_input *input, size_t want, GError **error);

/* Steps over bytes that are visible. */
static inline void sim_tracein_skip(struct sim_tracein_input *input, size_t bytes)
{
  input->at += bytes;
  input->have -= bytes;
  input->offset += bytes;
}

/* Fails with "NAME:byte OFFSET: error: ..." and a line "hint: ..." (NULL: none); returns
 * false. */
bool sim_tracein_fail(const struct sim_tracein_input *input, uint64_t offset, const char *hint,
                      GError **error, const char *format, ...) G_GNUC_PRINTF(5, 6);

/* ---- Numbers in files: least significant byte first ---- */

static inline uint32_t sim_tracein_u32(const uint8_t *at)
{
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t sim_tracein_u64(const uint8_t *at)
{
  return (uint64_t)sim_tracein_u32(at) | (uint64_t)sim_tracein_u32(at + 4) << 32;
}

static inline void sim_tracein_put_u32(uint8_t *at, uint32_t value)
{
  for (int i = 0; i < 4; i++)
    at[i] = (uint8_t)(value >> (8 * i));
}

static inline void sim_tracein_put_u64(uint8_t *at, uint64_t value)
{
  sim_tracein_put_u32(at, (uint32_t)value);
  sim_tracein_put_u32(at + 4, (uint32_t)(value >> 32));
}

/* ---- Readers ---- */

struct sim_tracein_reader {
  const char *name;
  const char *example; /* what such a trace begins with, for messages */
  bool sorted;         /* events come in the order of their replay: no window */
  size_t state_size;   /* bytes, zeroed before `begin` */
  /* Whether these first bytes (up to a few thousand; all, if the file is shorter) look so. */
  bool (*likely)(const uint8_t *bytes, size_t size);
  /* Reads the head; may set cpus. */
  bool (*begin)(void *state, struct sim_tracein_input *input, struct sim_tracein_info *info,
                GError **error);
  /* Up to `max` events; 0 at the end, -1 and *error at a mistake. */
  gssize (*next)(void *state, struct sim_tracein_input *input, struct sim_tracein_info *info,
                 struct sim_trace_event *ret, size_t max, GError **error);
  void (*end)(void *state); /* NULL: nothing to free */
};

extern const struct sim_tracein_reader sim_tracein_binary;
extern const struct sim_tracein_reader sim_tracein_llfree;
extern const struct sim_tracein_reader sim_tracein_text;

/* ---- window.c ---- */

/* Sorts a stream whose events stand not too far from their places. */
struct sim_tracein_window {
  uint32_t places;
  struct sim_trace_event *events; /* 2 * places */
  struct sim_trace_event *other;  /* as many, for sorting */
  uint32_t *runs;
  uint32_t count;
  uint32_t released; /* at the start of `events`; gone with the next call */
  struct sim_trace_event last;
  bool any_last;
};

void sim_tracein_window_init(struct sim_tracein_window *window, uint32_t places);
void sim_tracein_window_clear(struct sim_tracein_window *window);

/* Where the next events go: at least one place.  How many may be written at *ret. */
uint32_t sim_tracein_window_room(struct sim_tracein_window *window, struct sim_trace_event **ret);
void sim_tracein_window_add(struct sim_tracein_window *window, uint32_t count);

/* Whether it has to release some before there is room again. */
bool sim_tracein_window_is_full(const struct sim_tracein_window *window);

/* Takes out the first events (`all` of them, or half of the places), valid until the next call
 * for room; adds to *late. */
uint32_t sim_tracein_window_release(struct sim_tracein_window *window, bool all,
                                    const struct sim_trace_event **ret, uint64_t *late);

/* ---- crc.c ---- */

/* CRC-32C (Castagnoli) of `size` bytes, continued from `crc` (0 at first). */
uint32_t sim_tracein_crc(uint32_t crc, const void *bytes, size_t size);

#endif
