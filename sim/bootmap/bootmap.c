/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/bootmap/bootmap.h"

#include <string.h>

#include "sim/bootmap/reader.h"
#include "sim/error.h"

/* Bytes.  A text with nothing in it but newlines takes ten times its size. */
enum { FILE_LIMIT = 16 * 1024 * 1024 };

static const struct sim_bootmap_reader *const readers[] = {
    &sim_bootmap_e820,  &sim_bootmap_efi,       &sim_bootmap_xen,   &sim_bootmap_iomem,
    &sim_bootmap_lsmem, &sim_bootmap_multiboot, &sim_bootmap_crash, &sim_bootmap_sysfs,
    &sim_bootmap_text,  &sim_bootmap_json,
};

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
  g_free(map->others);
  g_free(map->table);
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

void sim_bootmap_set_tables(sim_bootmap *map, char *table, char *others)
{
  g_free(map->table);
  g_free(map->others);
  map->table = table;
  map->others = others;
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
  g_autoptr(GString) hint = g_string_new("none of these was found (an example of each):");

  if (sim_bootmap_at_end(&line)) {
    sim_bootmap_fail(&line, line.at, 1, NULL, error, "there is nothing in this file");
    return;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(readers); i++)
    g_string_append_printf(hint, "\n  %s: %s", readers[i]->name, readers[i]->example);
  sim_bootmap_fail(&line, line.at, 1, hint->str, error,
                   "this does not look like a memory map in any known format");
}

static bool is_of_a_log(enum sim_bootmap_likeness likeness)
{
  return likeness == SIM_BOOTMAP_DERIVED || likeness == SIM_BOOTMAP_IN_LOG;
}

/* The surest reader; *ret_others are those that found a table in the same log, or NULL. */
static const struct sim_bootmap_reader *find_reader(const sim_source *source, char **ret_others,
                                                    GError **error)
{
  enum sim_bootmap_likeness likeness[G_N_ELEMENTS(readers)];
  g_autoptr(GString) others = g_string_new(NULL);
  gsize best = 0;

  for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
    likeness[i] = readers[i]->likeness(source);
    if (likeness[i] > likeness[best])
      best = i;
  }
  if (likeness[best] == SIM_BOOTMAP_NOT) {
    fail_detection(source, error);
    return NULL;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
    if (i != best && is_of_a_log(likeness[best]) && is_of_a_log(likeness[i]))
      g_string_append_printf(others, "%s%s", others->len > 0 ? ", " : "", readers[i]->name);
  }
  *ret_others = others->len > 0 ? g_strdup(others->str) : NULL;
  return readers[best];
}

/* The empty piece behind the final newline is no line of the file.  A line may hold several
 * regions. */
static guint count_ignored(const sim_source *source, const sim_bootmap *map)
{
  gsize last = g_array_index(source->lines, gsize, source->lines->len - 1);
  guint count = source->lines->len - (last == source->size ? 1 : 0), before = 0;

  for (guint i = 0; i < map->lines->len; i++) {
    guint line = g_array_index(map->lines, guint, i);
    count -= line != before ? 1 : 0;
    before = line;
  }
  return count;
}

/* "user" and "efi": what the reader passed over, and what other readers would have read. */
static void add_others(sim_bootmap *map, const char *others)
{
  if (others == NULL)
    return;
  const char *own = map->others;
  char *all = own != NULL ? g_strconcat(own, ", ", others, NULL) : g_strdup(others);
  sim_bootmap_set_tables(map, g_strdup(map->table != NULL ? map->table : map->format), all);
}

sim_bootmap *sim_bootmap_parse(const sim_source *source, const char *format, GError **error)
{
  g_autofree char *others = NULL;
  const struct sim_bootmap_reader *reader =
      format != NULL ? reader_by_name(format, error) : find_reader(source, &others, error);
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
  map->ignored = count_ignored(source, map);
  add_others(map, others);
  return g_steal_pointer(&map);
}

static sim_bootmap *load_folder(const char *path, const char *format, GError **error)
{
  const char *own = sim_bootmap_sysfs.name;

  if (format != NULL && strcmp(format, own) != 0) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                "'%s' is a folder, and a folder has the format '%s', not '%s'", path, own, format);
    return NULL;
  }
  g_autoptr(sim_bootmap) map = new_map(g_strdup(path), own);
  return sim_bootmap_read_folder(path, map, error) ? g_steal_pointer(&map) : NULL;
}

sim_bootmap *sim_bootmap_load(const char *path, const char *format, GError **error)
{
  /* Before anything is read, because that may be a terminal. */
  if (format != NULL && reader_by_name(format, error) == NULL)
    return NULL;
  if (strcmp(path, "-") != 0 && g_file_test(path, G_FILE_TEST_IS_DIR))
    return load_folder(path, format, error);

  g_autoptr(sim_source) source = sim_source_load(path, FILE_LIMIT, error);
  return source != NULL ? sim_bootmap_parse(source, format, error) : NULL;
}

sim_bootmap *sim_bootmap_load_live(const char *root, GError **error)
{
  g_autofree char *folder = g_build_filename(root, "sys/firmware/memmap", NULL);
  g_autofree char *file = g_build_filename(root, "proc/iomem", NULL);
  g_autoptr(GError) no_folder = NULL, no_file = NULL;

  sim_bootmap *map = sim_bootmap_load(folder, sim_bootmap_sysfs.name, &no_folder);
  if (map == NULL)
    map = sim_bootmap_load(file, sim_bootmap_iomem.name, &no_file);
  if (map == NULL)
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
                "the map of this machine cannot be read:\n%s\n%s", g_strchomp(no_folder->message),
                g_strchomp(no_file->message));
  return map;
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
