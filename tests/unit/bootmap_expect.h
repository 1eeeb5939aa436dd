/* SPDX-License-Identifier: MPL-2.0 */
/* What the tests of the firmware-map readers say: "this text gives these regions", "this
 * text gives that message". */
#ifndef FM_TESTS_UNIT_BOOTMAP_EXPECT_H
#define FM_TESTS_UNIT_BOOTMAP_EXPECT_H

#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"
#include "tests/suite.h"

#define MARK "BIOS-e820: "

static inline char *to_text(const sim_bootmap *map)
{
  GString *out = g_string_new(NULL);

  ck_assert_uint_eq(map->regions->len, map->lines->len);
  for (guint i = 0; i < map->regions->len; i++) {
    const struct fm_region *region = &g_array_index(map->regions, struct fm_region, i);
    g_string_append_printf(out, "%s%u: 0x%" G_GINT64_MODIFIER "x+0x%" G_GINT64_MODIFIER "x %s",
                           i > 0 ? ", " : "", g_array_index(map->lines, guint, i), region->base,
                           region->size, fm_region_type_name(region->type));
  }
  return g_string_free(out, FALSE);
}

static inline sim_bootmap *parse_bytes(const char *text, gsize size, const char *format,
                                       GError **error)
{
  g_autoptr(sim_source) source = sim_source_new("m", text, size);

  return sim_bootmap_parse(source, format, error);
}

/* "LINE: 0xBASE+0xSIZE type, ..." and how many lines hold nothing. */
static inline void expect(const char *text, const char *format, const char *regions, guint ignored)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_bootmap) map = parse_bytes(text, strlen(text), NULL, &error);

  ck_assert_msg(map != NULL, "%s", error != NULL ? error->message : "no error set");
  g_autofree char *found = to_text(map);
  ck_assert_str_eq(found, regions);
  ck_assert_str_eq(map->format, format);
  ck_assert_uint_eq(map->ignored, ignored);
}

/* The first line of the message, and a piece that it holds (NULL: any). */
static inline void expect_failure_of(enum sim_error code, const char *text, const char *format,
                                     const char *first, const char *piece)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_bootmap) map = parse_bytes(text, strlen(text), format, &error);

  ck_assert_ptr_null(map);
  ck_assert(g_error_matches(error, SIM_ERROR, (gint)code));
  g_auto(GStrv) lines = g_strsplit(error->message, "\n", 2);
  ck_assert_str_eq(lines[0], first);
  ck_assert_msg(piece == NULL || strstr(error->message, piece) != NULL, "%s", error->message);
}

static inline void expect_failure(const char *text, const char *format, const char *first,
                                  const char *piece)
{
  expect_failure_of(SIM_ERROR_INPUT, text, format, first, piece);
}

#endif
