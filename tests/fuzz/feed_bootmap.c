/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The readers of firmware maps.  Any bytes give a map whose promises hold, or an error with
 * its place.  A map that was read
 *
 *   has between 1 and 512 regions, each with its line, and each line counted once;
 *   is normalised to a gapless list of whole pages, or refused;
 *   can be written in each form that can be written, and reads as the same regions again;
 *   is the same with a byte order mark in front, "\r\n" at the ends of its lines, and an empty
 *   line behind;
 *   and, where its form was found, is the same when that form is forced.
 *
 * For a folder the files are start, end and type of each entry in turn, with separators between
 * them; a file that is not there is missing.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"
#include "tests/fuzz/fuzz.h"

static void require_map(const sim_bootmap *map, const char *name)
{
  fuzz_require(g_strv_contains(sim_bootmap_formats(), map->format));
  fuzz_require(strcmp(map->file, name) == 0);
  fuzz_require(map->regions->len > 0 && map->regions->len <= FM_REGIONS_MAX);
  for (guint i = 0; i < map->regions->len; i++) {
    const struct fm_region *region = &g_array_index(map->regions, struct fm_region, i);
    fuzz_require(region->type < FM_REGION_TYPES);
    fuzz_require(region->size <= UINT64_MAX - region->base);
  }
  fuzz_require(map->table == NULL || map->table[0] != '\0');
  fuzz_require(map->others == NULL || (map->others[0] != '\0' && map->table != NULL));
}

static void require_normalised(const sim_bootmap *map)
{
  static struct fm_regions result;
  uint64_t at = 0;

  if (fm_regions_normalise((const struct fm_region *)(void *)map->regions->data, map->regions->len,
                           &result) != FM_REGION_OK)
    return;
  for (uint32_t i = 0; i < result.count; i++) {
    fuzz_require(result.at[i].base == at && fm_region_end(&result.at[i]) > at);
    at = fm_region_end(&result.at[i]);
    fuzz_require(fm_is_page_aligned(at));
  }
}

static void require_same(const sim_bootmap *a, const sim_bootmap *b)
{
  fuzz_require(a->regions->len == b->regions->len);
  fuzz_require(
      memcmp(a->regions->data, b->regions->data, a->regions->len * sizeof(struct fm_region)) == 0);
}

static bool has_words_in_e820(const sim_bootmap *map)
{
  for (guint i = 0; i < map->regions->len; i++) {
    uint32_t type = g_array_index(map->regions, struct fm_region, i).type;
    if (type == FM_REGION_UNKNOWN || type == FM_REGION_KERNEL || type == FM_REGION_MODULE ||
        type == FM_REGION_FRAMEBUFFER)
      return false;
  }
  return true;
}

static void require_round_trip(const sim_bootmap *map, const char *form)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = sim_bootmap_write(map, form, &error);

  fuzz_require((text == NULL) == (strcmp(form, "e820") == 0 && !has_words_in_e820(map)));
  if (text == NULL) {
    fuzz_require(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
    return;
  }
  g_autoptr(sim_source) source = sim_source_new("again", text, strlen(text));
  g_autoptr(sim_bootmap) again = sim_bootmap_parse(source, NULL, NULL);
  fuzz_require(again != NULL && strcmp(again->format, form) == 0);
  require_same(again, map);
}

static void require_use(const sim_bootmap *map)
{
  require_normalised(map);
  for (const char *const *form = sim_bootmap_written_formats(); *form != NULL; form++)
    require_round_trip(map, *form);
}

/* ---- Texts ---- */

static guint line_of(const sim_bootmap *map, guint index)
{
  return g_array_index(map->lines, guint, index);
}

static void require_lines(const sim_bootmap *map, const sim_source *source)
{
  /* What follows the last newline is a line if it is not empty. */
  guint all = source->lines->len - (source->size == 0 || source->text[source->size - 1] == '\n');
  guint used = 0;

  fuzz_require(map->lines->len == map->regions->len);
  for (guint i = 0; i < map->lines->len; i++) {
    guint line = line_of(map, i), before = i > 0 ? line_of(map, i - 1) : 0;
    fuzz_require(line >= 1 && line <= source->lines->len);
    /* Only JSON has several regions in a line. */
    fuzz_require(line > before || (line == before && strcmp(map->format, "json") == 0));
    used += line != before;
  }
  fuzz_require(map->ignored == all - used);
}

static void require_marks_do_not_matter(const sim_bootmap *map, const sim_source *source)
{
  static const char byte_order_mark[] = "\xef\xbb\xbf";
  g_autoptr(GString) text = g_string_sized_new(source->size);

  if (!g_str_has_prefix(source->text, byte_order_mark))
    g_string_append(text, byte_order_mark);
  for (gsize i = 0; i < source->size; i++) {
    if (source->text[i] == '\n')
      g_string_append_c(text, '\r');
    g_string_append_c(text, source->text[i]);
  }
  g_string_append(text, "\r\n");
  g_autoptr(sim_source) other = sim_source_new("marks", text->str, text->len);
  g_autoptr(sim_bootmap) again = sim_bootmap_parse(other, map->format, NULL);
  fuzz_require(again != NULL);
  require_same(again, map);
  fuzz_require(memcmp(again->lines->data, map->lines->data, map->lines->len * sizeof(guint)) == 0);
}

static void require_found_is_forced(const sim_bootmap *map, const sim_source *source)
{
  g_autoptr(sim_bootmap) forced = sim_bootmap_parse(source, map->format, NULL);

  fuzz_require(forced != NULL && forced->ignored == map->ignored);
  require_same(forced, map);
}

enum fuzz_answer fuzz_feed_bootmap(const char *target, const uint8_t *data, size_t size)
{
  const char *format = strcmp(target, "any") == 0 ? NULL : target;
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_source) source = sim_source_new("fuzz", (const char *)data, size);
  g_autoptr(sim_bootmap) map = sim_bootmap_parse(source, format, &error);

  fuzz_require((map != NULL) == (error == NULL));
  if (map == NULL) {
    fuzz_require(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
    fuzz_require_message(source, error->message);
    return FUZZ_REFUSED;
  }
  fuzz_require(format == NULL || strcmp(map->format, format) == 0);
  require_map(map, source->name);
  require_lines(map, source);
  require_use(map);
  require_marks_do_not_matter(map, source);
  if (format == NULL)
    require_found_is_forced(map, source);
  return FUZZ_TAKEN;
}

/* ---- Folders ---- */

enum { ENTRIES_MAX = 8, FILES_MAX = 3 * ENTRIES_MAX };

static const char *const file_names[] = {"start", "end", "type"};

/* "map/3/end", in the folder of this process. */
static char *name_of(guint number)
{
  return g_strdup_printf("map/%u/%s", number / 3, file_names[number % 3]);
}

static char *path_in_folder(const char *name)
{
  return g_build_filename(fuzz_folder(), name, NULL);
}

/* Makes the entry's folder, or removes it, before its first file. */
static void make_entry(guint entry, bool is_there)
{
  g_autofree char *map = path_in_folder("map");
  g_autofree char *path = g_strdup_printf("%s/%u", map, entry);

  (void)mkdir(map, 0700);
  if (is_there)
    (void)mkdir(path, 0700);
  else
    (void)rmdir(path);
}

/* The texts of the files, by number; NULL: it is missing. */
static void make_files(const uint8_t *data, size_t size, sim_source *ret[FILES_MAX])
{
  const uint8_t *file;
  size_t file_size;

  for (guint i = 0; i < FILES_MAX; i++) {
    g_autofree char *name = name_of(i);
    g_autofree char *path = path_in_folder(name);
    bool is_there = fuzz_next_file(&data, &size, &file, &file_size);
    if (i % 3 == 0 && is_there)
      make_entry(i / 3, true);
    if (is_there)
      fuzz_put_file(name, file, file_size);
    else
      (void)unlink(path);
    ret[i] = is_there ? sim_source_new(path, (const char *)file, file_size) : NULL;
    if (i % 3 == 2 && ret[i - 2] == NULL)
      make_entry(i / 3, false);
  }
}

/* A message with a place, or a line about a file that cannot be read. */
static void require_folder_error(const GError *error, sim_source *const sources[FILES_MAX])
{
  fuzz_require(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
  fuzz_require(strstr(error->message, fuzz_folder()) != NULL);
  if (!g_str_has_prefix(error->message, fuzz_folder())) {
    fuzz_require(strchr(error->message, '\n') == NULL);
    return;
  }
  for (guint i = 0; i < FILES_MAX; i++) {
    if (sources[i] != NULL && g_str_has_prefix(error->message, sources[i]->name)) {
      fuzz_require_message(sources[i], error->message);
      return;
    }
  }
  fuzz_require(!"the place is in a file that exists");
}

enum fuzz_answer fuzz_feed_folder(const char *target, const uint8_t *data, size_t size)
{
  sim_source *sources[FILES_MAX];
  g_autoptr(GError) error = NULL;
  g_autofree char *path = path_in_folder("map");

  make_files(data, size, sources);
  g_autoptr(sim_bootmap) map = sim_bootmap_load(path, NULL, &error);
  fuzz_require((map != NULL) == (error == NULL));
  if (map != NULL) {
    require_map(map, path);
    fuzz_require(map->regions->len <= ENTRIES_MAX && map->lines->len == map->regions->len);
    for (guint i = 0; i < map->lines->len; i++)
      fuzz_require(g_array_index(map->lines, guint, i) == 0);
    require_use(map);
  } else {
    require_folder_error(error, sources);
  }
  for (guint i = 0; i < FILES_MAX; i++)
    sim_source_free(sources[i]);
  return map != NULL ? FUZZ_TAKEN : FUZZ_REFUSED;
}
