/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzzing of everything that reads files of others.  A target takes any bytes, feeds them to
 * one reader and requires what the reader promises: more than that nothing crashes.
 *
 *   a reader of firmware maps   its form is forced; named as in sim_bootmap_formats()
 *   any                         the form of the map is found
 *   folder                      a folder like /sys/firmware/memmap
 *   script                      the parser, with the table of its tests, and with the real one
 *                               followed by the lint; includes, too
 *   trace                       recorded traces, the first byte naming the form
 *   ram                         a RAM file with damage (feed_ram.c says what the bytes mean)
 *
 * libfuzzer.c drives one of them with inputs that libFuzzer makes; test_corpus.c all of them
 * with those that are kept in tests/fuzz/corpus/TARGET/.  A new reader of maps is a target at
 * once, and lacks only its row in tests/fuzz/meson.build and its folder.
 *
 * What a target finds ends the program by abort(), after one line on standard error.
 */
#ifndef FM_TESTS_FUZZ_FUZZ_H
#define FM_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/diag.h"

enum fuzz_answer {
  FUZZ_TAKEN,
  FUZZ_REFUSED, /* with a message as it should be */
  FUZZ_PASSED,  /* not fed to the reader, which could have opened files of others */
};

/* Between the files of a target that reads several: the byte that ASCII has for it. */
#define FUZZ_FILE_SEPARATOR 0x1c

typedef enum fuzz_answer fuzz_feed(const char *target, const uint8_t *data, size_t size);

/* NULL if there is no target of that name. */
fuzz_feed *fuzz_find(const char *target);

/* All names; free it with g_free(). */
const char **fuzz_targets(void);

/* Ends the program unless `cond` holds. */
#define fuzz_require(cond) ((cond) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #cond))
G_GNUC_NORETURN void fuzz_broken(const char *file, int line, const char *cond);

/* A whole message of sim_diag_format(): short, UTF-8, and with a place that exists. */
void fuzz_require_message(const sim_source *source, const char *message);

/* A folder for files that a reader opens by their names; gone when the program ends. */
const char *fuzz_folder(void);

/* The bytes before the next separator, or all; *data and *size are then what follows it.
 * False: nothing was left. */
bool fuzz_next_file(const uint8_t **data, size_t *size, const uint8_t **ret, size_t *ret_size);

/* Writes a file in the folder. */
void fuzz_put_file(const char *name, const uint8_t *data, size_t size);

fuzz_feed fuzz_feed_bootmap;
fuzz_feed fuzz_feed_folder;
fuzz_feed fuzz_feed_script;
fuzz_feed fuzz_feed_ram;
fuzz_feed fuzz_feed_trace;

#endif
