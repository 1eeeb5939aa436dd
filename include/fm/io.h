/* SPDX-License-Identifier: MPL-2.0 */
/*
 * VmReader and VmWriter: sequential access to the bytes of physical memory.
 *
 * A reader or writer is a place and how many bytes are left; it moves on with what it does.
 * It owns nothing: whoever makes one keeps a reference to the frames as long as it is used
 * (fm/untyped.h), or is the last owner (on_drop, fm/meta.h).
 *
 * The bytes of untyped frames may be written by several CPUs at once, as memory may that a
 * process shares; there is no order between them.  A call that asks for more than is left
 * answers false and does nothing, and so does one whose count of items times their size
 * passes 2^64.  Numbers are little endian, as the processor has them.
 */
#ifndef FM_IO_H
#define FM_IO_H

#include <fm/atomic.h>
#include <fm/meta.h>
#include <fm/port.h>
#include <fm/types.h>

/* Bytes to be written; struct fm_reader is in fm/meta.h. */
struct fm_writer {
  fm_paddr at;   /* next byte */
  uint64_t left; /* bytes */
};

static inline struct fm_reader fm_reader_of(fm_paddr start, uint64_t size)
{
  struct fm_reader reader;
  reader.at = start;
  reader.left = size;
  return reader;
}

static inline struct fm_writer fm_writer_of(fm_paddr start, uint64_t size)
{
  struct fm_writer writer;
  writer.at = start;
  writer.left = size;
  return writer;
}

/* Moves on without reading or writing. */
FM_MUST_USE static inline bool fm_reader_skip(struct fm_reader *reader, uint64_t size)
{
  if (size > reader->left)
    return false;
  reader->at.raw += size;
  reader->left -= size;
  return true;
}

FM_MUST_USE static inline bool fm_writer_skip(struct fm_writer *writer, uint64_t size)
{
  if (size > writer->left)
    return false;
  writer->at.raw += size;
  writer->left -= size;
  return true;
}

/* From now on there are at most `size` bytes left. */
static inline void fm_reader_limit(struct fm_reader *reader, uint64_t size)
{
  if (reader->left > size)
    reader->left = size;
}

static inline void fm_writer_limit(struct fm_writer *writer, uint64_t size)
{
  if (writer->left > size)
    writer->left = size;
}

#ifdef __cplusplus
extern "C" {
#endif

/* Copies `count` items of `item` bytes each to `to`. */
FM_MUST_USE bool fm_reader_read(struct fm_reader *reader, void *to, uint64_t count, uint64_t item);

/* Copies `count` items of `item` bytes each from `from`. */
FM_MUST_USE bool fm_writer_write(struct fm_writer *writer, const void *from, uint64_t count,
                                 uint64_t item);

/* Writes `count` times the `item` bytes at `value`. */
FM_MUST_USE bool fm_writer_fill(struct fm_writer *writer, const void *value, uint64_t count,
                                uint64_t item);

/* Copies as much as both have left; returns how many bytes.  The two should not overlap. */
uint64_t fm_io_copy(struct fm_reader *reader, struct fm_writer *writer);

#ifdef __cplusplus
}
#endif

#endif
