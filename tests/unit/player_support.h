/* SPDX-License-Identifier: MPL-2.0 */
/* Documents of the player in tests: as JSON, read as a page reads them. */
#ifndef FM_TESTS_UNIT_PLAYER_SUPPORT_H
#define FM_TESTS_UNIT_PLAYER_SUPPORT_H

#include <json-glib/json-glib.h>
#include <string.h>

#include "sim/player/follow.h"
#include "tests/unit/run_support.h"

struct film {
  JsonParser *parser;
  JsonObject *root;
  JsonArray *moments;
};

static inline struct film *film_read(const sim_player *player)
{
  struct film *film = g_new0(struct film, 1);
  g_autofree char *json = sim_player_to_json(player);
  g_autoptr(GError) error = NULL;
  film->parser = json_parser_new();
  ck_assert_msg(json_parser_load_from_data(film->parser, json, -1, &error), "%s",
                error != NULL ? error->message : "");
  film->root = json_node_get_object(json_parser_get_root(film->parser));
  film->moments = json_object_get_array_member(film->root, "moments");
  return film;
}

static inline void film_free(struct film *film)
{
  g_object_unref(film->parser);
  g_free(film);
}

static inline guint film_length(const struct film *film)
{
  return json_array_get_length(film->moments);
}

static inline JsonObject *film_moment(const struct film *film, guint n)
{
  ck_assert_uint_lt(n, film_length(film));
  return json_array_get_object_element(film->moments, n);
}

/* A text member of a moment, or "". */
static inline const char *film_text(const struct film *film, guint n, const char *name)
{
  return json_object_get_string_member_with_default(film_moment(film, n), name, "");
}

/* The row after moment n, as JSON text, or "" if there is none; new. */
static inline char *film_row(const struct film *film, guint n, const char *section, const char *key)
{
  char *row = g_strdup("");
  for (guint i = 0; i <= n; i++) {
    JsonArray *set = json_object_get_array_member(film_moment(film, i), "set");
    for (guint c = 0; c < json_array_get_length(set); c++) {
      JsonArray *change = json_array_get_array_element(set, c);
      if (strcmp(json_array_get_string_element(change, 0), section) != 0 ||
          strcmp(json_array_get_string_element(change, 1), key) != 0)
        continue;
      JsonNode *value = json_array_get_element(change, 2);
      g_free(row);
      row = JSON_NODE_HOLDS_NULL(value) ? g_strdup("") : json_to_string(value, FALSE);
    }
  }
  return row;
}

/* The first moment of that step; `point` NULL: its end. */
static inline guint film_find(const struct film *film, gint64 step, const char *point)
{
  for (guint i = 0; i < film_length(film); i++) {
    JsonObject *moment = film_moment(film, i);
    bool same = point == NULL ? strcmp(film_text(film, i, "kind"), "step") == 0
                              : strcmp(film_text(film, i, "point"), point) == 0;
    if (same && json_object_get_int_member_with_default(moment, "step", 0) == step)
      return i;
  }
  ck_abort_msg("no moment %" G_GINT64_FORMAT ".%s", step, point != NULL ? point : "");
  return 0;
}

static inline guint film_count(const struct film *film, const char *name)
{
  return json_array_get_length(json_object_get_array_member(film->root, name));
}

#endif
