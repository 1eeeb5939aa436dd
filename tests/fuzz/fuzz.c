/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/bootmap/bootmap.h"

/* A message repeats some of its input, but never all of it: bytes. */
enum { MESSAGE_MAX = 4096 };

static const struct {
  const char *name;
  fuzz_feed *feed;
} others[] = {
    {"any", fuzz_feed_bootmap}, {"folder", fuzz_feed_folder}, {"script", fuzz_feed_script},
    {"ram", fuzz_feed_ram},     {"trace", fuzz_feed_trace},
};

fuzz_feed *fuzz_find(const char *target)
{
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    if (strcmp(target, others[i].name) == 0)
      return others[i].feed;
  return g_strv_contains(sim_bootmap_formats(), target) ? fuzz_feed_bootmap : NULL;
}

const char **fuzz_targets(void)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();

  for (const char *const *format = sim_bootmap_formats(); *format != NULL; format++)
    g_ptr_array_add(names, (gpointer)*format);
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    g_ptr_array_add(names, (gpointer)others[i].name);
  g_ptr_array_add(names, NULL);
  return (const char **)g_ptr_array_steal(names, NULL);
}

void fuzz_broken(const char *file, int line, const char *cond)
{
  (void)fprintf(stderr, "%s:%d: a promise is broken: %s\n", file, line, cond);
  abort();
}

/* "NAME:LINE:COLUMN: error: ", and that line holds that column, or ends before it. */
static void require_place(const sim_source *source, const char *message)
{
  const char *prefix = source->name, *at = message + strlen(prefix);
  char *rest;

  fuzz_require(g_str_has_prefix(message, prefix) && *at == ':');
  guint64 line = g_ascii_strtoull(at + 1, &rest, 10);
  fuzz_require(line >= 1 && line <= source->lines->len && *rest == ':');
  guint64 column = g_ascii_strtoull(rest + 1, &rest, 10);
  fuzz_require(g_str_has_prefix(rest, ": error: "));

  gsize start = g_array_index(source->lines, gsize, line - 1), end = source->size;
  if (line < source->lines->len)
    end = g_array_index(source->lines, gsize, line) - 1;
  fuzz_require(column >= 1 && column <= end - start + 1);
}

void fuzz_require_message(const sim_source *source, const char *message)
{
  fuzz_require(strlen(message) <= MESSAGE_MAX);
  fuzz_require(g_utf8_validate(message, -1, NULL));
  fuzz_require(g_str_has_suffix(message, "\n"));
  /* Nothing in it is a command to the terminal. */
  for (const char *p = message; *p != '\0'; p++)
    fuzz_require(*p == '\n' || !g_ascii_iscntrl(*p));
  require_place(source, message);
}

/* ---- Files ---- */

static char *folder;

static void remove_all(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *inside = g_build_filename(path, name, NULL);
    remove_all(inside);
  }
  (void)g_remove(path);
}

static void remove_folder(void)
{
  remove_all(folder);
  g_free(folder);
}

const char *fuzz_folder(void)
{
  if (folder == NULL) {
    folder = g_dir_make_tmp("framesim-fuzz-XXXXXX", NULL);
    fuzz_require(folder != NULL && atexit(remove_folder) == 0);
  }
  return folder;
}

bool fuzz_next_file(const uint8_t **data, size_t *size, const uint8_t **ret, size_t *ret_size)
{
  if (*data == NULL)
    return false;
  const uint8_t *end = *size > 0 ? memchr(*data, FUZZ_FILE_SEPARATOR, *size) : NULL;

  *ret = *data;
  *ret_size = end != NULL ? (size_t)(end - *data) : *size;
  *size -= *ret_size + (end != NULL);
  *data = end != NULL ? end + 1 : NULL;
  return true;
}

void fuzz_put_file(const char *name, const uint8_t *data, size_t size)
{
  g_autofree char *path = g_build_filename(fuzz_folder(), name, NULL);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  fuzz_require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
  (void)close(fd);
}
