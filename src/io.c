/* SPDX-License-Identifier: MPL-2.0 */
#include <fm/io.h>

/* Bytes that lie in the same frame as `at`, at most `size`: an access does not cross the
 * end of a frame, and a linear mapping holds whole frames. */
static uint64_t in_frame(fm_paddr at, uint64_t size)
{
  uint64_t room = FM_PAGE_SIZE - (at.raw & FM_PAGE_MASK);
  return size < room ? size : room;
}

/* count * item, if it is at most `left`. */
static bool total_of(uint64_t count, uint64_t item, uint64_t left, uint64_t *ret)
{
  return !__builtin_mul_overflow(count, item, ret) && *ret <= left;
}

static void read_bytes(struct fm_reader *reader, uint8_t *to, uint64_t size)
{
  for (uint64_t here; size != 0; to += here, size -= here) {
    here = in_frame(reader->at, size);
    const void *from = fm_linear(reader->at, here);
    fm_note_read(FM_SITE_IO_READ, from, (uint32_t)here);
    __builtin_memcpy(to, from, here);
    reader->at.raw += here;
    reader->left -= here;
  }
}

static void write_bytes(struct fm_writer *writer, const uint8_t *from, uint64_t size)
{
  for (uint64_t here; size != 0; from += here, size -= here) {
    here = in_frame(writer->at, size);
    fm_write_bytes(FM_SITE_IO_WRITE, fm_linear(writer->at, here), from, (uint32_t)here);
    writer->at.raw += here;
    writer->left -= here;
  }
}

bool fm_reader_read(struct fm_reader *reader, void *to, uint64_t count, uint64_t item)
{
  uint64_t size;
  if (!total_of(count, item, reader->left, &size))
    return false;
  read_bytes(reader, (uint8_t *)to, size);
  return true;
}

bool fm_writer_write(struct fm_writer *writer, const void *from, uint64_t count, uint64_t item)
{
  uint64_t size;
  if (!total_of(count, item, writer->left, &size))
    return false;
  write_bytes(writer, (const uint8_t *)from, size);
  return true;
}

bool fm_writer_fill(struct fm_writer *writer, const void *value, uint64_t count, uint64_t item)
{
  uint64_t size;
  if (!total_of(count, item, writer->left, &size))
    return false;
  for (; size != 0; size -= item)
    write_bytes(writer, (const uint8_t *)value, item);
  return true;
}

uint64_t fm_io_copy(struct fm_reader *reader, struct fm_writer *writer)
{
  uint8_t bytes[256];
  uint64_t size = reader->left < writer->left ? reader->left : writer->left;
  for (uint64_t left = size, here; left != 0; left -= here) {
    here = left < sizeof(bytes) ? left : sizeof(bytes);
    read_bytes(reader, bytes, here);
    write_bytes(writer, bytes, here);
  }
  return size;
}
