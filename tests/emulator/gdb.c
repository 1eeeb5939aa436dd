/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/emulator/gdb.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ESCAPE      '}'
#define ESCAPE_FLIP 0x20
#define REPEAT      '*' /* a run of equal characters: no stub has to use it, and ours does not */

void gdb_init(struct gdb *gdb, int fd)
{
  *gdb = (struct gdb){.fd = fd,
                      .timeout_ms = GDB_TIMEOUT_MS,
                      .input = g_byte_array_new(),
                      .output = g_byte_array_new()};
}

void gdb_deinit(struct gdb *gdb)
{
  if (gdb->fd >= 0)
    (void)close(gdb->fd);
  gdb->fd = -1;
  g_clear_pointer(&gdb->input, g_byte_array_unref);
  g_clear_pointer(&gdb->output, g_byte_array_unref);
}

static bool fail(GError **error, GFileError code, const char *text)
{
  g_set_error_literal(error, G_FILE_ERROR, (int)code, text);
  return false;
}

/* ---- Bytes ---- */

/* Sends what can be sent now. */
static bool flush(struct gdb *gdb, GError **error)
{
  while (gdb->output->len != 0) {
    ssize_t sent = send(gdb->fd, gdb->output->data, gdb->output->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0)
      g_byte_array_remove_range(gdb->output, 0, (guint)sent);
    else if (errno == EAGAIN)
      return true;
    else if (errno != EINTR)
      return fail(error, G_FILE_ERROR_PIPE, "the connection to the debug stub is broken");
  }
  return true;
}

static bool send_text(struct gdb *gdb, const char *text, GError **error)
{
  g_byte_array_append(gdb->output, (const uint8_t *)text, (guint)strlen(text));
  return flush(gdb, error);
}

/* Sleeps until there is something to read; what is still to be sent goes out meanwhile. */
static bool await_input(struct gdb *gdb, GError **error)
{
  for (;;) {
    struct pollfd wanted = {.fd = gdb->fd, .events = POLLIN};
    if (gdb->output->len != 0)
      wanted.events |= POLLOUT;
    int ready = poll(&wanted, 1, gdb->timeout_ms);
    if (ready == 0)
      return fail(error, G_FILE_ERROR_AGAIN, "the debug stub does not answer");
    if (ready > 0 && (wanted.revents & ~POLLOUT) != 0)
      return true;
    if (ready < 0 && errno != EINTR)
      return fail(error, G_FILE_ERROR_PIPE, "the connection to the debug stub is broken");
    if (!flush(gdb, error))
      return false;
  }
}

/* Waits for more input. */
static bool receive(struct gdb *gdb, GError **error)
{
  uint8_t bytes[16384];
  ssize_t size;
  if (!await_input(gdb, error))
    return false;
  do
    size = recv(gdb->fd, bytes, sizeof(bytes), 0);
  while (size < 0 && errno == EINTR);
  if (size <= 0)
    return fail(error, G_FILE_ERROR_PIPE, "the debug stub closed the connection");
  g_byte_array_set_size(gdb->input, 0);
  g_byte_array_append(gdb->input, bytes, (guint)size);
  gdb->used = 0;
  return true;
}

static bool next_byte(struct gdb *gdb, char *ret, GError **error)
{
  if (gdb->used == gdb->input->len && !receive(gdb, error))
    return false;
  *ret = (char)gdb->input->data[gdb->used++];
  return true;
}

/* ---- Packets ---- */

/* The byte that two digits stand for; -1: they are none. */
static int byte_of(const char *digits)
{
  int high = g_ascii_xdigit_value(digits[0]);
  int low = high < 0 ? -1 : g_ascii_xdigit_value(digits[1]);
  return low < 0 ? -1 : high * 16 + low;
}

static unsigned sum_of(const char *text, size_t length)
{
  unsigned sum = 0;
  for (size_t i = 0; i < length; i++)
    sum += (uint8_t)text[i];
  return sum & 0xff;
}

/* Sends a packet until the other side has it.  Our own contain nothing to be escaped. */
static bool send_packet(struct gdb *gdb, const char *text, GError **error)
{
  g_autofree char *packet = g_strdup_printf("$%s#%02x", text, sum_of(text, strlen(text)));
  for (int i = 0; i < GDB_TRIES; i++) {
    char sign = 0;
    if (!send_text(gdb, packet, error))
      return false;
    while (sign != '+' && sign != '-')
      if (!next_byte(gdb, &sign, error))
        return false;
    if (sign == '+')
      return true;
  }
  return fail(error, G_FILE_ERROR_INVAL, "the debug stub does not understand our packets");
}

/* The bytes between "$" and "#", and whether their sum is right. */
static bool read_frame(struct gdb *gdb, GString *ret, bool *ret_good, GError **error)
{
  char c = 0;
  char digits[3] = "";
  while (c != '$')
    if (!next_byte(gdb, &c, error))
      return false;
  g_string_truncate(ret, 0);
  while (next_byte(gdb, &c, error) && c != '#')
    g_string_append_c(ret, c);
  if (c != '#' || !next_byte(gdb, &digits[0], error) || !next_byte(gdb, &digits[1], error))
    return false;
  *ret_good = byte_of(digits) == (int)sum_of(ret->str, ret->len);
  return true;
}

static bool unescape(GString *text, GError **error)
{
  gsize to = 0;
  for (gsize from = 0; from < text->len; from++, to++) {
    char c = text->str[from];
    if (c == REPEAT || (c == ESCAPE && from + 1 == text->len))
      return fail(error, G_FILE_ERROR_INVAL, "the debug stub sent a packet that we cannot read");
    text->str[to] = c == ESCAPE ? (char)(text->str[++from] ^ ESCAPE_FLIP) : c;
  }
  g_string_truncate(text, to);
  return true;
}

/* Receives a packet, and asks for it again if it is damaged. */
static bool receive_packet(struct gdb *gdb, GString *ret, GError **error)
{
  for (int i = 0; i < GDB_TRIES; i++) {
    bool good = false;
    if (!read_frame(gdb, ret, &good, error) || !send_text(gdb, good ? "+" : "-", error))
      return false;
    if (good)
      return unescape(ret, error);
  }
  return fail(error, G_FILE_ERROR_INVAL, "the debug stub sends damaged packets only");
}

/* ---- Hexadecimal ---- */

static void append_hex(GString *text, const uint8_t *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++)
    g_string_append_printf(text, "%02x", bytes[i]);
}

/* Appends the bytes that pairs of digits stand for; carriage returns are left out. */
static bool append_output(GString *output, const char *digits, GError **error)
{
  for (; *digits != '\0'; digits += 2) {
    int byte = byte_of(digits);
    if (byte < 0)
      return fail(error, G_FILE_ERROR_INVAL, "the monitor's output is not hexadecimal");
    if (output != NULL && byte != '\r')
      g_string_append_c(output, (char)byte);
  }
  return true;
}

/* ---- Commands ---- */

char *gdb_ask(struct gdb *gdb, const char *command, GString *output, GError **error)
{
  g_autoptr(GString) answer = g_string_new(NULL);
  if (!send_packet(gdb, command, error))
    return NULL;
  for (;;) {
    if (!receive_packet(gdb, answer, error))
      return NULL;
    if (answer->str[0] != 'O' || strcmp(answer->str, "OK") == 0)
      return g_strdup(answer->str);
    if (!append_output(output, answer->str + 1, error))
      return NULL;
  }
}

bool gdb_do(struct gdb *gdb, const char *command, GString *output, GError **error)
{
  g_autofree char *answer = gdb_ask(gdb, command, output, error);
  if (answer == NULL || strcmp(answer, "OK") == 0)
    return answer != NULL;
  g_set_error(error, G_FILE_ERROR, (int)G_FILE_ERROR_IO, "the debug stub answers '%s' to '%s'",
              answer, command);
  return false;
}

char *gdb_monitor(struct gdb *gdb, const char *command, GError **error)
{
  g_autoptr(GString) packet = g_string_new("qRcmd,");
  g_autoptr(GString) output = g_string_new(NULL);
  append_hex(packet, (const uint8_t *)command, strlen(command));
  if (!gdb_do(gdb, packet->str, output, error))
    return NULL;
  return g_strdup(output->str);
}

bool gdb_write_register(struct gdb *gdb, unsigned number, uint64_t value, GError **error)
{
  g_autofree char *packet = g_strdup_printf("P%x=%016" PRIx64, number, GUINT64_SWAP_LE_BE(value));
  return gdb_do(gdb, packet, NULL, error);
}

bool gdb_read_register(struct gdb *gdb, unsigned number, uint64_t *ret, GError **error)
{
  g_autofree char *packet = g_strdup_printf("p%x", number);
  g_autofree char *answer = gdb_ask(gdb, packet, NULL, error);
  char *end = NULL;
  if (answer == NULL)
    return false;
  uint64_t value = g_ascii_strtoull(answer, &end, 16);
  if (strlen(answer) != 16 || *end != '\0')
    return fail(error, G_FILE_ERROR_IO, "the debug stub does not know a register");
  *ret = GUINT64_SWAP_LE_BE(value);
  return true;
}

bool gdb_read_memory(struct gdb *gdb, uint64_t address, void *ret, unsigned size, GError **error)
{
  g_autofree char *packet = g_strdup_printf("m%" PRIx64 ",%x", address, size);
  g_autofree char *answer = gdb_ask(gdb, packet, NULL, error);
  g_autofree uint8_t *bytes = g_malloc(size);
  if (answer == NULL)
    return false;
  bool good = strlen(answer) == 2 * (size_t)size;
  for (unsigned i = 0; i < size && good; i++) {
    int byte = byte_of(answer + 2 * (size_t)i);
    good = byte >= 0;
    bytes[i] = (uint8_t)byte;
  }
  if (!good)
    return fail(error, G_FILE_ERROR_IO, "the debug stub cannot read this memory");
  memcpy(ret, bytes, size);
  return true;
}

bool gdb_write_memory(struct gdb *gdb, uint64_t address, const void *bytes, unsigned size,
                      GError **error)
{
  g_autoptr(GString) packet = g_string_new(NULL);
  g_string_printf(packet, "M%" PRIx64 ",%x:", address, size);
  append_hex(packet, bytes, size);
  return gdb_do(gdb, packet->str, NULL, error);
}
