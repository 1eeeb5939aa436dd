/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/bootmap/bootmap.h"

#include <stdarg.h>
#include <string.h>

#include "sim/bootmap/reader.h"
#include "sim/error.h"

enum {
  FILE_LIMIT = 64 * 1024 * 1024, /* bytes */
  QUOTE_MAX = 40,                /* bytes of the text that a message repeats */
};

static const struct sim_bootmap_reader *const readers[] = {&sim_bootmap_e820, &sim_bootmap_text};

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* ---- Lines ---- */

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

bool sim_bootmap_get_line(const sim_source *source, guint number, struct sim_bootmap_line *ret)
{
  if (number > source->lines->len)
    return false;

  const char *start = source->text + g_array_index(source->lines, gsize, number - 1);
  const char *end = source->text + source->size;
  if (number < source->lines->len)
    end = source->text + g_array_index(source->lines, gsize, number) - 1;
  while (end > start && (is_blank(end[-1]) || end[-1] == '\r'))
    end--;

  ret->source = source;
  ret->number = number;
  ret->at = start;
  ret->end = end;
  if (number == 1)
    sim_bootmap_take(ret, byte_order_mark);
  return true;
}

bool sim_bootmap_skip_blanks(struct sim_bootmap_line *line)
{
  const char *start = line->at;

  while (line->at < line->end && is_blank(*line->at))
    line->at++;
  return line->at > start;
}

bool sim_bootmap_take(struct sim_bootmap_line *line, const char *text)
{
  gsize length = strlen(text);

  if ((gsize)(line->end - line->at) < length || memcmp(line->at, text, length) != 0)
    return false;
  line->at += length;
  return true;
}

bool sim_bootmap_find(struct sim_bootmap_line *line, const char *text)
{
  gsize length = strlen(text);
  const char *found = memmem(line->at, (gsize)(line->end - line->at), text, length);

  if (found == NULL)
    return false;
  line->at = found + length;
  return true;
}

bool sim_bootmap_fail(const struct sim_bootmap_line *line, const char *at, gsize width,
                      const char *hint, GError **error, const char *format, ...)
{
  struct sim_place place = {
      .source = line->source,
      .offset = (gsize)(at - line->source->text),
      .width = (guint)MIN(width, G_MAXUINT),
  };
  va_list args;

  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_autofree char *message = sim_diag_format(place, "error", text, hint);
  g_set_error_literal(error, SIM_ERROR, SIM_ERROR_INPUT, message);
  return false;
}

/* ---- Numbers ---- */

/* Everything from here on that could have been meant as part of a number. */
static gsize number_length(const struct sim_bootmap_line *line)
{
  const char *p = line->at;

  while (p < line->end && (g_ascii_isalnum(*p) || *p == '_' || *p == '.'))
    p++;
  return (gsize)(p - line->at);
}

static bool fail_number(const struct sim_bootmap_line *line, const char *what, const char *hint,
                        GError **error)
{
  gsize length = number_length(line);

  if (length == 0)
    return sim_bootmap_fail(line, line->at, 1, hint, error, "expected the %s", what);
  return sim_bootmap_fail(line, line->at, length, hint, error, "malformed %s '%.*s%s'", what,
                          (int)MIN(length, QUOTE_MAX), line->at, length > QUOTE_MAX ? "..." : "");
}

static bool fail_overflow(const struct sim_bootmap_line *line, const char *what, GError **error)
{
  return sim_bootmap_fail(line, line->at, number_length(line), NULL, error,
                          "the %s does not fit 64 bits", what);
}

/* Steps over the digits of a base.  False if the value does not fit; *ret is what was
 * there, and line->at does not move if there was no digit. */
static bool take_digits(struct sim_bootmap_line *line, uint64_t base, uint64_t *ret)
{
  uint64_t value = 0;

  for (; line->at < line->end; line->at++) {
    int digit = g_ascii_xdigit_value(*line->at);
    if (digit < 0 || (uint64_t)digit >= base)
      break;
    if (value > (UINT64_MAX - (uint64_t)digit) / base)
      return false;
    value = value * base + (uint64_t)digit;
  }
  *ret = value;
  return true;
}

static bool take_hex_prefix(struct sim_bootmap_line *line)
{
  return sim_bootmap_take(line, "0x") || sim_bootmap_take(line, "0X");
}

bool sim_bootmap_take_hex(struct sim_bootmap_line *line, const char *what, uint64_t *ret,
                          GError **error)
{
  struct sim_bootmap_line rest = *line;
  uint64_t value;

  take_hex_prefix(&rest);
  const char *digits = rest.at;
  if (!take_digits(&rest, 16, &value))
    return fail_overflow(line, what, error);
  if (rest.at == digits || number_length(&rest) > 0)
    return fail_number(line, what, NULL, error);
  *ret = value;
  *line = rest;
  return true;
}

/* Steps over a K, M, G or T; by how many bits it shifts. */
static guint take_suffix(struct sim_bootmap_line *line)
{
  static const char letters[] = "KMGT";

  if (sim_bootmap_at_end(line))
    return 0;
  const char *found = memchr(letters, g_ascii_toupper(*line->at), sizeof(letters) - 1);
  if (found == NULL)
    return 0;
  line->at++;
  return 10 * (guint)(found - letters + 1);
}

bool sim_bootmap_take_number(struct sim_bootmap_line *line, const char *what, uint64_t *ret,
                             GError **error)
{
  static const char hint[] = "numbers are decimal or 0x hex, and may end in K, M, G or T";
  struct sim_bootmap_line rest = *line;
  uint64_t value;

  uint64_t base = take_hex_prefix(&rest) ? 16 : 10;
  const char *digits = rest.at;
  if (!take_digits(&rest, base, &value))
    return fail_overflow(line, what, error);
  if (rest.at == digits)
    return fail_number(line, what, hint, error);
  guint shift = take_suffix(&rest);
  if (number_length(&rest) > 0)
    return fail_number(line, what, hint, error);
  if (value > UINT64_MAX >> shift)
    return fail_overflow(line, what, error);
  *ret = value << shift;
  *line = rest;
  return true;
}

/* ---- The map ---- */

static sim_bootmap *new_map(char *file, const char *format)
{
  sim_bootmap *map = g_new0(sim_bootmap, 1);

  map->file = file;
  map->format = format;
  map->regions = g_array_new(FALSE, FALSE, sizeof(struct fm_region));
  map->lines = g_array_new(FALSE, FALSE, sizeof(guint));
  return map;
}

sim_bootmap *sim_bootmap_free(sim_bootmap *map)
{
  if (map == NULL)
    return NULL;
  g_array_unref(map->lines);
  g_array_unref(map->regions);
  g_free(map->file);
  g_free(map);
  return NULL;
}

static void append_region(sim_bootmap *map, guint line, struct fm_range range,
                          enum fm_region_type type)
{
  struct fm_region region = {
      .base = range.start.raw,
      .size = fm_range_size(range),
      .type = type,
  };

  g_array_append_val(map->regions, region);
  g_array_append_val(map->lines, line);
}

bool sim_bootmap_add(sim_bootmap *map, const struct sim_bootmap_line *line, const char *at,
                     struct fm_range range, enum fm_region_type type, GError **error)
{
  if (range.end.raw < range.start.raw)
    return sim_bootmap_fail(line, at, 1, NULL, error, "this region ends before it starts");
  if (map->regions->len >= FM_REGIONS_MAX)
    return sim_bootmap_fail(line, at, 1, NULL, error,
                            "region %u: the kernel takes at most %u regions", map->regions->len + 1,
                            FM_REGIONS_MAX);
  append_region(map, line->number, range, type);
  return true;
}

/* ---- Formats ---- */

const char *const *sim_bootmap_formats(void)
{
  static const char *names[G_N_ELEMENTS(readers) + 1];
  static gsize done;

  if (g_once_init_enter(&done)) {
    for (gsize i = 0; i < G_N_ELEMENTS(readers); i++)
      names[i] = readers[i]->name;
    g_once_init_leave(&done, 1);
  }
  return names;
}

static const struct sim_bootmap_reader *reader_by_name(const char *name, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
    if (strcmp(readers[i]->name, name) == 0)
      return readers[i];
  }

  const char *near = sim_suggest(name, sim_bootmap_formats());
  g_autofree char *all = g_strjoinv(", ", (char **)sim_bootmap_formats());
  g_autofree char *text = g_strdup_printf("no memory-map format is named '%s'", name);
  g_autofree char *hint = near != NULL ? g_strdup_printf("did you mean '%s'?", near)
                                       : g_strdup_printf("the formats are: %s", all);
  g_autofree char *message = sim_diag_format((struct sim_place){0}, "error", text, hint);
  g_set_error_literal(error, SIM_ERROR, SIM_ERROR_USAGE, message);
  return NULL;
}

/* The first line with anything in it, else the start of the text. */
static struct sim_bootmap_line first_full_line(const sim_source *source)
{
  struct sim_bootmap_line line;

  for (guint i = 1; sim_bootmap_get_line(source, i, &line); i++) {
    sim_bootmap_skip_blanks(&line);
    if (!sim_bootmap_at_end(&line))
      return line;
  }
  return (struct sim_bootmap_line){source, 1, source->text, source->text};
}

static void fail_detection(const sim_source *source, GError **error)
{
  struct sim_bootmap_line line = first_full_line(source);
  g_autoptr(GString) hint = g_string_new("known formats, by example:");

  if (sim_bootmap_at_end(&line)) {
    sim_bootmap_fail(&line, line.at, 1, NULL, error, "there is nothing in this file");
    return;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(readers); i++)
    g_string_append_printf(hint, "\n  %s: %s", readers[i]->name, readers[i]->example);
  sim_bootmap_fail(&line, line.at, 1, hint->str, error,
                   "this does not look like a memory map in any known format");
}

static const struct sim_bootmap_reader *find_reader(const sim_source *source, GError **error)
{
  const struct sim_bootmap_reader *best = NULL;
  guint most = 0;

  for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
    guint likeness = readers[i]->likeness(source);
    if (likeness > most) {
      most = likeness;
      best = readers[i];
    }
  }
  if (best == NULL)
    fail_detection(source, error);
  return best;
}

/* The empty piece behind the final newline is no line of the file. */
static guint count_lines(const sim_source *source)
{
  gsize last = g_array_index(source->lines, gsize, source->lines->len - 1);

  return source->lines->len - (last == source->size ? 1 : 0);
}

sim_bootmap *sim_bootmap_parse(const sim_source *source, const char *format, GError **error)
{
  const struct sim_bootmap_reader *reader =
      format != NULL ? reader_by_name(format, error) : find_reader(source, error);
  if (reader == NULL)
    return NULL;

  const char *name = strcmp(source->name, "-") == 0 ? "<stdin>" : source->name;
  g_autoptr(sim_bootmap) map = new_map(g_strdup(name), reader->name);
  if (!reader->read(source, map, error))
    return NULL;
  if (map->regions->len == 0) {
    struct sim_bootmap_line line = first_full_line(source);
    g_autofree char *hint = g_strdup_printf("for example: %s", reader->example);
    sim_bootmap_fail(&line, line.at, 1, hint, error,
                     "no line of this file holds a region in the format '%s'", reader->name);
    return NULL;
  }
  map->ignored = count_lines(source) - map->lines->len;
  return g_steal_pointer(&map);
}

sim_bootmap *sim_bootmap_load(const char *path, const char *format, GError **error)
{
  /* Before anything is read, because that may be a terminal. */
  if (format != NULL && reader_by_name(format, error) == NULL)
    return NULL;

  g_autoptr(sim_source) source = sim_source_load(path, FILE_LIMIT, error);
  return source != NULL ? sim_bootmap_parse(source, format, error) : NULL;
}

/* ---- The machine without a file ---- */

/* "ram 64M": the largest unit that leaves no remainder. */
static char *ram_name(uint64_t size)
{
  static const char letters[] = "KMGT";
  guint steps = 0;

  while (size != 0 && size % 1024 == 0 && steps < sizeof(letters) - 1) {
    size /= 1024;
    steps++;
  }
  return g_strdup_printf("ram %" G_GUINT64_FORMAT "%.*s", size, steps > 0 ? 1 : 0,
                         &letters[steps > 0 ? steps - 1 : 0]);
}

sim_bootmap *sim_bootmap_new_ram(uint64_t size)
{
  const uint64_t ebda = 0x9fc00, high_memory = 0x100000, pc_least = UINT64_C(2) << 20;
  const uint64_t device_hole = UINT64_C(3) << 30, most = UINT64_MAX - FM_PAGE_MASK;
  sim_bootmap *map = new_map(ram_name(size), "ram");

  if (size < pc_least) {
    append_region(map, 0, fm_range_of(0, size), FM_REGION_USABLE);
    return map;
  }
  append_region(map, 0, fm_range_of(0, ebda), FM_REGION_USABLE);
  append_region(map, 0, fm_range_of(ebda, high_memory), FM_REGION_RESERVED);
  append_region(map, 0, fm_range_of(high_memory, MIN(size, device_hole)), FM_REGION_USABLE);
  if (size > device_hole) {
    uint64_t rest = MIN(size - device_hole, most - FM_4GIB);
    append_region(map, 0, fm_range_of(FM_4GIB, FM_4GIB + rest), FM_REGION_USABLE);
  }
  return map;
}
