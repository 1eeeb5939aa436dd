/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A document as JSON text.
 *
 * The values of rows are kept as texts, compared as texts, and written as they are, so there is
 * no tree that a library would write out.  And what is quoted here must be safe in two
 * languages at once: no '<', '>' or '&' is left that a reader of HTML could take for its own.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "sim/player/document_internal.h"

void sim_player_quote(GString *json, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_string_append_c(json, '"');
  for (const char *c = valid; *c != '\0'; c++) {
    unsigned char byte = (unsigned char)*c;
    if (byte == '"' || byte == '\\')
      g_string_append_printf(json, "\\%c", byte);
    else if (byte == '\n')
      g_string_append(json, "\\n");
    else if (byte < 0x20 || byte == 0x7f || byte == '<' || byte == '>' || byte == '&')
      g_string_append_printf(json, "\\u%04x", byte);
    else
      g_string_append_c(json, *c);
  }
  g_string_append_c(json, '"');
}

/* Up to 2^53 a number is a number; a reader in JavaScript would round the others. */
static void append_number(GString *json, uint64_t number)
{
  bool exact = number <= UINT64_C(1) << 53;
  g_string_append_printf(json, exact ? "%" PRIu64 : "\"%" PRIu64 "\"", number);
}

char *sim_player_row(const char *format, ...)
{
  GString *json = g_string_new("[");
  va_list arguments;
  va_start(arguments, format);
  for (const char *c = format; *c != '\0'; c++) {
    if (c != format)
      g_string_append_c(json, ',');
    if (*c == 's') {
      const char *text = va_arg(arguments, const char *);
      sim_player_quote(json, text != NULL ? text : "");
      continue;
    }
    uint64_t number = va_arg(arguments, uint64_t);
    if (*c == 'x')
      g_string_append_printf(json, "\"0x%" PRIx64 "\"", number);
    else
      append_number(json, number);
  }
  va_end(arguments);
  g_string_append_c(json, ']');
  return g_string_free(json, FALSE);
}

static int by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *sim_player_sorted_keys(GHashTable *table)
{
  GPtrArray *keys = g_ptr_array_new();
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, table);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    g_ptr_array_add(keys, key);
  g_ptr_array_sort(keys, by_text);
  return keys;
}

/* ---- The document ---- */

static const char *const section_names[SIM_PLAYER_SECTIONS] = {
    [SIM_PLAYER_SLOT] = "slot",   [SIM_PLAYER_HOLDER] = "holder", [SIM_PLAYER_TABLE] = "table",
    [SIM_PLAYER_TLB] = "tlb",     [SIM_PLAYER_CPU] = "cpu",       [SIM_PLAYER_FREE] = "free",
    [SIM_PLAYER_COUNT] = "count", [SIM_PLAYER_PIECE] = "piece",
};

/* `"name":[text,` newline `text]`: one element a line. */
static void append_texts(GString *json, const char *name, const GPtrArray *texts)
{
  g_string_append_printf(json, ",\n\"%s\":[", name);
  for (guint i = 0; i < texts->len; i++)
    g_string_append_printf(json, "%s%s", i == 0 ? "" : ",\n", (const char *)texts->pdata[i]);
  g_string_append_c(json, ']');
}

static void append_strings(GString *json, const char *name, const GPtrArray *strings)
{
  if (strings->len == 0)
    return;
  g_string_append_printf(json, ",\"%s\":[", name);
  for (guint i = 0; i < strings->len; i++) {
    g_string_append(json, i == 0 ? "" : ",");
    sim_player_quote(json, strings->pdata[i]);
  }
  g_string_append_c(json, ']');
}

static void append_moment(GString *json, const struct player_moment *moment)
{
  g_string_append_printf(json, "{%s", moment->head->str);
  append_strings(json, "changes", moment->lines);
  append_strings(json, "said", moment->said);
  append_strings(json, "points", moment->passed);
  if (moment->expected != 0)
    g_string_append_printf(json, ",\"expected\":%" PRIu64, moment->expected);
  if (moment->findings != 0)
    g_string_append_printf(json, ",\"found\":%u", moment->findings);
  if (moment->questions != 0)
    g_string_append_printf(json, ",\"asked\":%u", moment->questions);
  g_string_append(json, ",\"set\":[");
  for (guint i = 0; i < moment->changes->len; i++) {
    const struct player_change *change = moment->changes->pdata[i];
    g_string_append_printf(json, "%s[\"%s\",", i == 0 ? "" : ",", section_names[change->section]);
    sim_player_quote(json, change->key);
    g_string_append_printf(json, ",%s]", change->json != NULL ? change->json : "null");
  }
  g_string_append(json, "]}");
}

/* The rows at the end as they are here, so that a page can be held against them. */
static void append_end(GString *json, const sim_player *player)
{
  g_string_append(json, ",\n\"end\":{");
  for (int section = 0; section < SIM_PLAYER_SECTIONS; section++) {
    g_autoptr(GPtrArray) keys = sim_player_sorted_keys(player->rows[section]);
    g_string_append_printf(json, "%s\"%s\":{", section == 0 ? "" : ",\n", section_names[section]);
    for (guint i = 0; i < keys->len; i++) {
      g_string_append(json, i == 0 ? "" : ",");
      sim_player_quote(json, keys->pdata[i]);
      g_string_append_printf(
          json, ":%s", (const char *)g_hash_table_lookup(player->rows[section], keys->pdata[i]));
    }
    g_string_append_c(json, '}');
  }
  g_string_append_c(json, '}');
}

char *sim_player_to_json(const sim_player *player)
{
  GString *json = g_string_new("{\"framesim\":1,\"kind\":\"player\",\"of\":");
  sim_player_quote(json, player->kind);
  g_string_append(json, ",\"name\":");
  sim_player_quote(json, player->name);
  g_string_append(json, ",\"title\":");
  sim_player_quote(json, player->title != NULL ? player->title : "");
  g_string_append(json, ",\"verdict\":");
  sim_player_quote(json, player->verdict != NULL ? player->verdict : "");
  g_string_append_printf(json, ",\"pace\":%" PRIu32 ",\"moments_left_out\":%" PRIu64, player->pace,
                         player->moments_left_out);
  append_texts(json, "facts", player->facts);
  append_texts(json, "left_out", player->left_out);
  append_texts(json, "sources", player->sources);
  append_texts(json, "commands", player->commands);
  append_texts(json, "regions", player->regions);
  append_texts(json, "strips", player->strips);
  append_texts(json, "findings", player->findings);
  append_texts(json, "questions", player->questions);
  g_string_append(json, ",\n\"moments\":[");
  for (guint i = 0; i < player->moments->len; i++) {
    g_string_append(json, i == 0 ? "\n" : ",\n");
    append_moment(json, player->moments->pdata[i]);
  }
  g_string_append_c(json, ']');
  append_end(json, player);
  g_string_append(json, "}\n");
  return g_string_free(json, FALSE);
}
