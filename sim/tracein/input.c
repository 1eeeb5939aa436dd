/* SPDX-License-Identifier: MPL-2.0 */
/* Bytes of files and pipes, decompressed on the way; see reader.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "sim/error.h"
#include "sim/tracein/reader.h"

enum {
  BUFFER_SIZE = 256 * 1024,
  MAGIC_SIZE = 4,
};

static const uint8_t zstd_magic[MAGIC_SIZE] = {0x28, 0xb5, 0x2f, 0xfd};

struct sim_tracein_zstd {
  ZSTD_DCtx *context;
  uint8_t *bytes; /* compressed, BUFFER_SIZE */
  ZSTD_inBuffer in;
  uint64_t offset; /* of the end of `in` in the file */
  bool inside;     /* of a frame that has not ended */
};

/* ---- Messages ---- */

bool sim_tracein_fail(const struct sim_tracein_input *input, uint64_t offset, const char *hint,
                      GError **error, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "%s:byte %" G_GUINT64_FORMAT ": error: %s%s%s",
              input->name, offset, text, hint != NULL ? "\nhint: " : "", hint != NULL ? hint : "");
  return false;
}

static bool fail_read(const struct sim_tracein_input *input, int code, GError **error)
{
  g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "cannot read '%s': %s", input->name,
              g_strerror(code));
  return false;
}

/* ---- Bytes of the file ---- */

static bool is_stopped(const struct sim_tracein_input *input)
{
  return input->stop != NULL && *input->stop != 0;
}

/* Up to `size` bytes; *ret is 0 at the end only. */
static bool read_some(struct sim_tracein_input *input, uint8_t *to, size_t size, size_t *ret,
                      GError **error)
{
  for (;;) {
    ssize_t got = is_stopped(input) ? 0 : read(input->fd, to, size);
    if (got >= 0) {
      *ret = (size_t)got;
      return true;
    }
    if (errno != EINTR)
      return fail_read(input, errno, error);
  }
}

/* Decompresses up to `size` bytes; *ret is 0 at the end only. */
static bool decompress_some(struct sim_tracein_input *input, uint8_t *to, size_t size, size_t *ret,
                            GError **error)
{
  struct sim_tracein_zstd *zstd = input->zstd;
  ZSTD_outBuffer out = {to, size, 0};

  while (out.pos == 0) {
    if (zstd->in.pos == zstd->in.size) {
      size_t got = 0;
      if (!read_some(input, zstd->bytes, BUFFER_SIZE, &got, error))
        return false;
      zstd->in = (ZSTD_inBuffer){zstd->bytes, got, 0};
      zstd->offset += got;
      if (got == 0 && zstd->inside && !is_stopped(input))
        return sim_tracein_fail(input, zstd->offset, "fetch the whole file again", error,
                                "the compressed data end in the middle");
      if (got == 0)
        break;
    }
    size_t status = ZSTD_decompressStream(zstd->context, &out, &zstd->in);
    if (ZSTD_isError(status))
      return sim_tracein_fail(input, zstd->offset - zstd->in.size + zstd->in.pos,
                              "'zstd -t' tells whether the file is whole", error,
                              "the compressed data are damaged: %s", ZSTD_getErrorName(status));
    zstd->inside = status != 0;
  }
  *ret = out.pos;
  return true;
}

bool sim_tracein_fill(struct sim_tracein_input *input, size_t want, GError **error)
{
  if (input->have >= want || input->at_end)
    return true;
  if (want > input->capacity) {
    size_t capacity = want * 2;
    uint8_t *larger = g_malloc(capacity);
    memcpy(larger, input->at, input->have);
    g_free(input->buffer);
    input->buffer = larger;
    input->capacity = capacity;
  } else if (input->have > 0) {
    memmove(input->buffer, input->at, input->have);
  }
  input->at = input->buffer;
  while (input->have < want && !input->at_end) {
    uint8_t *to = input->buffer + input->have;
    size_t room = input->capacity - input->have, got = 0;
    if (!(input->zstd != NULL ? decompress_some(input, to, room, &got, error)
                              : read_some(input, to, room, &got, error)))
      return false;
    input->have += got;
    input->at_end = got == 0;
  }
  return true;
}

/* ---- Life ---- */

/* What was read so far is compressed: it becomes the input of the decompression. */
static void start_zstd(struct sim_tracein_input *input)
{
  struct sim_tracein_zstd *zstd = g_new0(struct sim_tracein_zstd, 1);

  zstd->context = ZSTD_createDCtx();
  g_assert(zstd->context != NULL);
  zstd->bytes = g_malloc(BUFFER_SIZE);
  memcpy(zstd->bytes, input->at, input->have);
  zstd->in = (ZSTD_inBuffer){zstd->bytes, input->have, 0};
  zstd->offset = input->have;
  input->zstd = zstd;
  input->have = 0;
  input->at_end = false;
}

bool sim_tracein_input_open(struct sim_tracein_input *input, const char *path, GError **error)
{
  bool from_stdin = strcmp(path, "-") == 0;

  *input = (struct sim_tracein_input){
      .name = g_strdup(from_stdin ? "<stdin>" : path),
      .fd = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY),
      .own_fd = !from_stdin,
      .buffer = g_malloc(BUFFER_SIZE),
      .capacity = BUFFER_SIZE,
  };
  input->at = input->buffer;
  if (input->fd < 0)
    return fail_read(input, errno, error);
  if (!sim_tracein_fill(input, MAGIC_SIZE, error))
    return false;
  if (input->have >= MAGIC_SIZE && memcmp(input->at, zstd_magic, MAGIC_SIZE) == 0)
    start_zstd(input);
  return true;
}

void sim_tracein_input_clear(struct sim_tracein_input *input)
{
  if (input->zstd != NULL) {
    ZSTD_freeDCtx(input->zstd->context);
    g_free(input->zstd->bytes);
    g_free(input->zstd);
  }
  if (input->own_fd && input->fd >= 0)
    (void)close(input->fd);
  g_free(input->buffer);
  g_free(input->name);
  *input = (struct sim_tracein_input){.fd = -1};
}
