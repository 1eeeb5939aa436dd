/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Client of the GDB remote protocol, as far as a test needs it: an emulator that stands still,
 * its registers and memory, and commands of its monitor.
 *
 *   "$" text "#" two hex digits of the sum of the text's bytes;  "}" c  stands for  c ^ 0x20
 *   "+" the last packet arrived    "-" send it again
 *
 * A stub need not read while it prints, so our signs for its packets wait until it does.
 *
 * One command at a time, each answered by one packet; before that one, a monitor sends what it
 * prints in packets "O" hex, as many as it likes.  A call sleeps until the answer is there, the
 * other side is gone, or nothing at all arrived for the time limit.  After a failure the
 * connection is of no use any more.  One thread.
 *
 * Errors are GErrors of G_FILE_ERROR: PIPE (the other side is gone), AGAIN (time limit), INVAL
 * (what came is no answer), IO (the answer is an error).
 */
#ifndef FM_TESTS_EMULATOR_GDB_H
#define FM_TESTS_EMULATOR_GDB_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define GDB_TIMEOUT_MS 60000 /* of a new connection */
#define GDB_TRIES      3     /* that a packet is sent, or its answer is asked for */

struct gdb {
  int fd; /* of a stream socket, owned; -1: none */
  int timeout_ms;
  GByteArray *input; /* that arrived and was not looked at; the first `used` bytes were */
  guint used;
  GByteArray *output; /* that is not sent yet */
};

void gdb_init(struct gdb *gdb, int fd);
void gdb_deinit(struct gdb *gdb);

/* Sends a command and returns the answer, newly allocated; what a monitor prints meanwhile is
 * appended to `output`, if that is not NULL. */
char *gdb_ask(struct gdb *gdb, const char *command, GString *output, GError **error);

/* The same, for a command that is answered by "OK". */
bool gdb_do(struct gdb *gdb, const char *command, GString *output, GError **error);

/* A command of the monitor; what it prints, newly allocated, lines ending in "\n". */
char *gdb_monitor(struct gdb *gdb, const char *command, GError **error);

/* Registers of 64 bits, by the number in the target's description. */
bool gdb_write_register(struct gdb *gdb, unsigned number, uint64_t value, GError **error);
bool gdb_read_register(struct gdb *gdb, unsigned number, uint64_t *ret, GError **error);

/* Memory at an address of whichever kind the stub takes addresses for at that time. */
bool gdb_read_memory(struct gdb *gdb, uint64_t address, void *ret, unsigned size, GError **error);
bool gdb_write_memory(struct gdb *gdb, uint64_t address, const void *bytes, unsigned size,
                      GError **error);

#endif
